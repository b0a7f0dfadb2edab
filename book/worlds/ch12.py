"""What can be false in chapter 12."""

import common
import numpy as np
from counterworlds import World, cell, code, named, result


def shuffled(table):
    """Put the rows of a table under other ways."""
    table = table.copy()
    if "way" in (table.dtype.names or ()):
        table["way"] = np.random.default_rng(0).permutation(table["way"])
    return table


def in_half_precision(table):
    """Lose what is beyond the largest number of half precision."""
    table = table.copy()
    if "estimate" in (table.dtype.names or ()):
        table["estimate"][np.abs(table["estimate"]) > 65_504] = np.inf
    return table


WORLDS = [
    # a right step
    World("sum-for-mean", "the step takes the sum of the batch for its mean",
          cell("torch.relu(slope - 1).square().mean()", "torch.relu(slope - 1).square().sum()")),
    *named(common.WORLDS, "penalty-not-squared"),
    World("a-switch-is-on", "a switch of the experiment is on",
          cell("mistakes.critic_step, mistakes.RIGHT",
               'mistakes.critic_step, mistakes.MISTAKES["hinge"]')),
    # what the runs found
    World("rows-shuffled", "the rows of the stored tables are shuffled",
          result("runs.tables.stored", shuffled)),
    World("best-for-worst", "runs are compared with the best right run and not the worst",
          cell('max(found["right"].max(), found["right (other seeds)"].max())',
               'min(found["right"].min(), found["right (other seeds)"].min())')),
    World("chance-with-replacement", "chance is computed as if runs were drawn again and again",
          cell("comb(15 - k, 5 - k) / comb(15, 5)", "(5 / 15) ** k")),
    World("steep-slopes-alone", "only steep slopes count as outside the band, and no flat ones",
          cell('(ring["slope"] >= diagnosis.FLAT) & (ring["slope"] <= diagnosis.STEEP)',
               'ring["slope"] <= diagnosis.STEEP')),
    World("n-critic-as-published", "the runs with five generator steps have one instead",
          common.swapped("way", "five generator steps", "one critic step")),
    World("right-for-unconstrained", "right runs and runs without a constraint are swapped",
          common.swapped("way", "right", "no constraint")),
    World("layer-for-batch-norm", "the runs with layer norm and with batch norm are swapped",
          common.swapped("way", "layer norm", "batch norm")),
    World("momentum-for-none", "the runs with momentum 0.9 and without are swapped",
          common.swapped("way", "momentum 0.9", "right")),
    World("flattened-for-not", "the runs with both wrong norms are swapped",
          common.swapped("way", "norm not flattened", "norm of the batch")),
    World("logged-in-half-precision", "the estimates were logged in half precision",
          result("runs.tables.stored", in_half_precision)),
    # norms
    World("root-of-the-batch-forgotten", "a norm of the batch is divided by the root of its size",
          code("runs.mistakes.of_batch", "torch.linalg.vector_norm(gradient)",
               "torch.linalg.vector_norm(gradient) / len(gradient) ** 0.5")),
    World("flattened-after-all", "the norm that is not flattened is",
          code("runs.mistakes.unflattened", "torch.linalg.vector_norm(gradient, dim=1)",
               "torch.linalg.vector_norm(gradient.flatten(1), dim=1)")),
    World("sum-is-a-mean", "a summed penalty is a mean after all",
          code("runs.mistakes.Penalty.__call__", "square.sum()", "square.mean()")),
    # mixing
    World("half-a-deviation", "normal mixing has half the standard deviation",
          code("runs.mistakes.normal", "generator=rng)\n", "generator=rng) / 2\n")),
    World("one-number-for-all-pixels", "mixing by coordinate draws one number for all of them",
          code("runs.mistakes.by_entry", "torch.rand(real.shape, generator=rng)",
               "torch.rand(len(real), 1, generator=rng)")),
    # numbers that are no distance
    World("both-sides-of-a-held-out-cost", "a held-out cost has the fakes in it, too",
          cell('"held-out cost": -one', '"held-out cost": other - one')),
    World("estimate-adds", "the estimate adds the mean scores of real and fake",
          cell('"estimate": one - other', '"estimate": one + other')),
    World("lengths-not-squared", "lengths are not squared",
          cell("torch.cdist(x, y).double().numpy() ** 2", "torch.cdist(x, y).double().numpy()")),
    World("kept-fakes-are-fresh", "the kept fakes come from the generator of today",
          cell("fakes[50], fakes[10]", "fakes[50], fakes[50]")),
    World("walk-to-itself", "a walk ends at the latent where it starts",
          cell("(1 - t) * start + t * end", "(1 - t) * start + t * start")),
    # NaN
    World("guard-under-the-root", "the bare root has a small number under it",
          code("runs.mistakes.unguarded", ".sum(dim=1).sqrt()", ".sum(dim=1).add(1e-12).sqrt()")),
    World("root-for-vector-norm", "each sample's norm is a bare root, too",
          code("runs.mistakes.of_each", "torch.linalg.vector_norm(gradient.flatten(1), dim=1)",
               "gradient.flatten(1).square().sum(dim=1).sqrt()")),
    # the diagnosis
    World("diagnosed-upside-down", "the test of the sign takes generated samples for real ones",
          code("diagnosis._sign", "(real.mean() - fake.mean()).item()",
               "(fake.mean() - real.mean()).item()")),
    World("scores-in-evaluation-mode", "scores are asked for in evaluation mode",
          code("diagnosis._one_by_one", "copy.deepcopy(pair.critic).train()",
               "copy.deepcopy(pair.critic)")),
    World("any-bound", "a score may lie in any bounds",
          code("diagnosis._score_kind", "name in SQUASHING", "name not in SQUASHING")),
    World("any-slope", "any steep slope is fine",
          code("diagnosis._slope", "top > STEEP", "top > 1e9")),
    World("any-norm", "the norm of the batch is that of each sample",
          code("runs.mistakes.of_batch", "torch.linalg.vector_norm(gradient)",
               "torch.linalg.vector_norm(gradient.flatten(1), dim=1)")),
    World("graph-after-all", "the penalty without its graph has it",
          code("runs.mistakes.Penalty.__call__", "create_graph=self.graph", "create_graph=True")),
    World("real-points-mixed", "the penalty at real points is taken between the samples",
          code("runs.mistakes.at_real", "return real", "return between(real, fake, rng)")),
    # exercises
    World("two-different-batches", "the second backward pass has another weight",
          cell("mistakes.Way(two_backwards=two)",
               "mistakes.Way(two_backwards=two, gp_weight=10.0 - two)")),
    World("five-against-five", "the right way has five runs and not ten",
          cell("sigma * np.sqrt(1 / 5 + 1 / 10)", "sigma * np.sqrt(1 / 5 + 1 / 5)")),
]  # fmt: skip
