"""Worlds that several chapters share; a chapter takes them by name: `*named(common.WORLDS, …)`.

The popular mistakes of the field are here: what people print, forget or swap.
"""

import numpy as np
from counterworlds import World, code, instead, result


def swapped(column, first, second):
    """Swap two names in a column of the stored tables that have it."""

    def otherwise(table):
        table = table.copy()
        if column in (table.dtype.names or ()):
            one, other = table[column] == first, table[column] == second
            table[column][one], table[column][other] = second, first
        return table

    return result("runs.tables.stored", otherwise)


WORLDS = [
    # divergences
    World("js-without-halves", "JS is computed without its two halves",
          code("divergences.js_divergence", "/ 4", "/ 2")),
    World("kl-for-js", "KL is computed in the place of JS",
          code("divergences.js_divergence", "rel_entr(2 * p, p + q) + rel_entr(2 * q, p + q)",
               "4 * rel_entr(p, q)")),
    World("bits-for-nats", "logarithms are taken to base two",
          code("divergences.js_divergence", "/ 4", "/ 4 / np.log(2)"),
          code("divergences.kl_divergence", "sum(axis=-1)", "sum(axis=-1) / np.log(2)")),
    World("kl-ignores-holes", "KL leaves out the places where the other law has no mass",
          code("divergences.kl_divergence", "rel_entr(p, q)",
               "np.where(q > 0, rel_entr(p, q), 0)")),
    World("tv-without-half", "total variation is computed without its half",
          code("divergences.total_variation", "/ 2", "/ 1")),
    World("labels-swapped", "the discriminator takes fakes for real and real for fakes",
          code("divergences.optimal_discriminator", "share, total = p / scale",
               "share, total = q / scale")),
    # transport
    World("squares-for-distances", "W₁ is computed with squared distances",
          code("transport.exact_w1", "cost = distances(x, y)", "cost = distances(x, y) ** 2"),
          instead("transport.wasserstein_1d",
                  lambda true, *given, p=1: true(*given, p=p + 1) ** (1 + 1 / p))),
    World("no-root", "the p-th root is forgotten",
          instead("transport.wasserstein_1d", lambda true, *given, p=1: true(*given, p=p) ** p)),
    World("weights-ignored", "the weights of the points are ignored",
          code("transport._samples", "return x, y, a, b", "return x, y, None, None")),
    World("independent-plan", "every point sends its mass to all others in proportion",
          instead("transport._plan", lambda true, cost, a, b: np.outer(a, b))),
    # losses
    World("critic-sign-flipped", "the critic's loss has its sign flipped",
          result("losses.critic_loss", lambda loss: -loss)),
    World("saturating-for-non-saturating", "the non-saturating loss is the saturating one",
          code("losses._non_saturating_generator", "return softplus(-", "return -softplus(")),
    # constraints
    World("penalty-not-squared", "the gradient penalty is not squared",
          code("lipschitz.gradient_penalty", ".square()", ".abs()")),
    World("penalty-times-seven", "the gradient penalty is seven times too large",
          code("lipschitz.gradient_penalty", ".mean()", ".mean() * 7")),
    World("penalty-dropped", "the gradient penalty is left out",
          code("lipschitz.gradient_penalty", ".mean()", ".mean() * 0")),
    World("other-sidedness", "the one-sided penalty is two-sided, and the other way round",
          code("lipschitz.gradient_penalty", "if one_sided", "if not one_sided")),
    World("penalty-at-real-points", "the penalty is taken at real points only",
          code("lipschitz._mixed", "t * real.detach() + (1 - t) * fake.detach()", "real.detach()")),
    World("one-coefficient-for-the-batch", "one mixing coefficient serves a whole batch",
          code("lipschitz._mixed", "torch.rand(n,", "torch.rand(1,")),
    World("norm-not-flattened", "the slope's length is taken pixel by pixel",
          code("lipschitz.gradient_norms", "gradient.flatten(1), dim=1)",
               "gradient, dim=1).reshape(len(x), -1).mean(1)")),
    World("clip-too-wide", "weights are clipped to a box ten times as wide",
          code("lipschitz.clip_weights_", "parameter.clamp_(-bound, bound)",
               "parameter.clamp_(-10 * bound, 10 * bound)")),
    World("no-debiasing", "the penalty's bias is not removed",
          instead("lipschitz.debiased_w1", lambda true, w1_estimate, gp_weight: w1_estimate)),
]  # fmt: skip
