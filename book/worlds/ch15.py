"""What can be false in chapter 15."""

import common
import numpy as np
from counterworlds import World, cell, code, instead


def tables(change):
    """Change every stored table that has this chapter's columns, in a copy."""

    def other(true, *given):
        table = true(*given).copy()
        return change(table, *given)

    return instead("runs.tables.stored", other)


def reversed_prices(table, *given):
    """List the rows of the prices from the highest to the lowest."""
    return table[::-1] if "price" in table.dtype.names else table


def all_digits(table, *given):
    """Answer each demand by all digits, as often as all demands together do."""
    if "demanded" not in table.dtype.names:
        return table
    for arm in np.unique(table["arm"]):
        for seed in np.unique(table["seed"]):
            rows = (table["arm"] == arm) & (table["seed"] == seed)
            for k in range(10):
                table[f"read_{k}"][rows] = table[f"read_{k}"][rows].sum() // 10
    return table


def mostly_alike(table, *given):
    """Let eight in ten digits of a class be one: a third of all pairs still differ."""
    if "spread" in table.dtype.names:
        table["spread"][table["arm"] == "projection"] *= 1 - 0.8**2
    return table


TRANSPOSED = """gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient"""

WORLDS = [
    # the price of a wrong label
    World("squared-price", "a wrong label costs the square of its price",
          cell("+ price * (c[:, None]", "+ price**2 * (c[:, None]")),
    World("price-and-one", "a wrong label costs one more than its price",
          cell("+ price * (c[:, None]", "+ (price + 1) * (c[:, None]")),
    World("rewarded", "a wrong label is paid for instead of costing something",
          cell("+ price * (c[:, None]", "- price * (c[:, None]")),
    World("right-labels-pay", "the price is asked for right labels and not for wrong ones",
          cell("!= d[None, :]", "== d[None, :]")),
    World("next-class-compared", "each class is compared with the fakes of the next one",
          cell("transport.exact_w1(x[c == k], y[c == k])",
               "transport.exact_w1(x[c == k], y[c == (k + 1) % 3])")),
    World("small-shift", "the shift is a tenth as large as is said",
          cell("torch.tensor([0.5, 0.0])", "torch.tensor([0.05, 0.0])")),
    # the critic
    World("no-projection", "the package's critic of a label forgets the label",
          code("_networks.scores", "(weights * features).sum(dim=1)",
               "0 * (weights * features).sum(dim=1)")),
    World("squared-projection", "the package's critic multiplies features by squared directions",
          code("_networks.scores", "(weights * features).sum(dim=1)",
               "(weights.square() * features).sum(dim=1)")),
    World("direction-added", "the label's direction is added up instead of multiplied",
          cell("(v[c] * features).sum(dim=1)", "v[c].sum(dim=1)")),
    World("slope-without-label", "the slope that is written out forgets the label",
          code("_networks.value_and_gradient", "last.weight + weights",
               "last.weight + 0 * weights")),
    World("common-weight-forgotten", "the label's direction replaces the common last weight",
          cell("(weights[0] + weights[2][7])", "weights[2][7]")),
    World("fakes-of-other-labels", "the chapter's loop makes fakes for other labels than the real",
          cell("generator(generator.sample_latent(m, rng), c)",
               "generator(generator.sample_latent(m, rng), c.flip(0))")),
    World("gradients-transposed", "fused Adam is given an embedding's gradient transposed",
          code("training.generator_step", "loss.backward(inputs=parameters)", TRANSPOSED)),
    # four critics
    World("labels-shuffled", "the critics are given shuffled labels",
          cell("for l in (c, d)]", "for l in (c[torch.randperm(m)], d[torch.randperm(m)])]")),
    World("blind-is-told", "the blind critic is told the labels after all",
          cell('n_classes=None if kind == "blind" else 3', "n_classes=3"),
          cell('condition=None if kind == "blind" else l', "condition=l")),
    World("equal-frequencies", "the fourth critic's data have equal frequencies, too",
          cell("[0.5, 0.3, 0.2] if", "[1.0, 1.0, 1.0] if")),
    # digits on demand
    World("told-for-blind", "runs with a projecting and with a blind critic are swapped",
          common.swapped("arm", "projection", "ignored")),
    World("told-and-appended", "runs with a concatenating and with a blind critic are swapped",
          common.swapped("arm", "concatenation", "ignored")),
    World("concatenation-for-projection", "projecting and concatenating runs are swapped",
          common.swapped("arm", "projection", "concatenation")),
    World("dearest-first", "prices are taken to be listed from the highest to the lowest",
          tables(reversed_prices)),
    World("answers-by-all-digits", "every demand is answered by all digits",
          tables(all_digits)),
    World("eight-in-ten-alike", "eight in ten digits of a class are one and the same",
          tables(mostly_alike)),
    # numbers
    World("ways-swapped", "circles told by a number and by concatenation are swapped",
          common.swapped("way", "number", "concatenation")),
    World("laws-swapped", "even and linear circles are swapped",
          common.swapped("law", "even", "linear")),
    # exercises
    World("unit-vectors-too-long", "the labels' unit vectors are not divided by the root of two",
          cell("torch.eye(3)[sixty] / np.sqrt(2)", "torch.eye(3)[sixty]")),
    World("unit-vectors-too-short", "the labels' unit vectors are divided by two",
          cell("torch.eye(3)[sixty] / np.sqrt(2)", "torch.eye(3)[sixty] / 2")),
    World("nothing-shuffled", "the labels are not shuffled",
          cell("shuffled = sixty[torch.randperm(len(sixty), generator=rng)]", "shuffled = sixty")),
    World("ends-swapped", "the interval's two ends take each other's degrees of freedom",
          cell("[10, 12]", "[12, 10]")),
]  # fmt: skip
