"""What can be false in chapter 12."""

import numpy as np
from counterworlds import World, cell, code, result


def named_otherwise(first, second):
    """Swap two ways' names in the stored tables."""

    def swapped(table):
        table = table.copy()
        if "way" in (table.dtype.names or ()):
            one, other = table["way"] == first, table["way"] == second
            table["way"][one], table["way"][other] = second, first
        return table

    return swapped


def shuffled(table):
    """Put the rows of a table under other ways."""
    table = table.copy()
    if "way" in (table.dtype.names or ()):
        table["way"] = np.random.default_rng(0).permutation(table["way"])
    return table


WORLDS = [
    # a right step
    World("sum-for-mean", "the step takes the sum of the batch for its mean",
          cell("torch.relu(slope - 1).square().mean()", "torch.relu(slope - 1).square().sum()")),
    World("package-two-sided", "the package's penalty is two-sided",
          cell("partial(gradient_penalty, one_sided=True)", "gradient_penalty")),
    World("a-switch-is-on", "a switch of the experiment is on",
          cell("mistakes.critic_step(mistakes.RIGHT,",
               'mistakes.critic_step(mistakes.MISTAKES["hinge"],')),
    # what the runs found
    World("rows-shuffled", "the rows of the stored tables are shuffled",
          result("runs.tables.stored", shuffled)),
    World("right-for-unconstrained", "the right run and the one without a constraint are swapped",
          result("runs.tables.stored", named_otherwise("right", "no constraint"))),
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
    # NaN
    World("guard-under-the-root", "the bare root has a small number under it",
          code("runs.mistakes.unguarded", ".sum(dim=1).sqrt()", ".sum(dim=1).add(1e-12).sqrt()")),
    World("root-for-vector-norm", "each sample's norm is a bare root, too",
          code("runs.mistakes.of_each", "torch.linalg.vector_norm(gradient.flatten(1), dim=1)",
               "gradient.flatten(1).square().sum(dim=1).sqrt()")),
    # the diagnosis
    World("sign-not-asked", "the test of the sign looks at its size only",
          code("diagnosis._sign", "gap < -2 * error", "gap < -1e9")),
    World("scores-in-evaluation-mode", "scores are asked for in evaluation mode",
          code("diagnosis._one_by_one", "copy.deepcopy(pair.critic).train()",
               "copy.deepcopy(pair.critic)")),
    World("any-bound", "a score may lie in any bounds",
          code("diagnosis._score_kind", "and squash", "and not squash")),
    World("any-slope", "a slope of a thousand is fine",
          code("diagnosis._slope", "top > STEEP", "top > 1e3")),
    World("any-norm", "a penalty may cost anything at slope 1",
          code("runs.mistakes.of_batch", "torch.linalg.vector_norm(gradient)",
               "torch.linalg.vector_norm(gradient.flatten(1), dim=1)")),
    # exercises
    World("two-different-batches", "the second backward pass looks at another penalty",
          cell("mistakes.Way(two_backwards=two)",
               "mistakes.Way(two_backwards=two, gp_weight=10.0 - two)")),
    World("five-against-five", "the right way has five runs and not ten",
          cell("sigma * np.sqrt(1 / 5 + 1 / 10)", "sigma * np.sqrt(1 / 5 + 1 / 5)")),
]  # fmt: skip
