"""What can be false in chapter 16."""

from counterworlds import World, cell, code, result


def swapped(first, second):
    """Swap the names of two ways in the stored tables."""

    def otherwise(table):
        table = table.copy()
        if "way" in (table.dtype.names or ()):
            one, other = table["way"] == first, table["way"] == second
            table["way"][one], table["way"][other] = second, first
        return table

    return result("runs.tables.stored", otherwise)


WORLDS = [
    # a step, taken apart
    World("half-precision-for-a-slope", "bfloat16 and the written slope are swapped in the tables",
          swapped("bfloat16", "slope written out")),
    World("half-precision-for-graphs",
          "bfloat16 and the way without needless graphs are swapped in the tables",
          swapped("bfloat16", "no needless graphs")),
    World("usual-for-no-graphs", "the usual way and the one without needless graphs are swapped",
          swapped("usual", "no needless graphs")),
    World("usual-for-a-slope", "the usual way and the written slope are swapped in the tables",
          swapped("usual", "slope written out")),
    World("usual-for-channels-last", "the usual way and the one with channels last are swapped",
          swapped("usual", "channels last")),
    World("usual-for-lazy", "the usual way and the lazy penalty are swapped in the tables",
          swapped("usual", "penalty every 4th step")),
    World("usual-for-half-precision", "the usual way and bfloat16 are swapped in the tables",
          swapped("usual", "bfloat16")),
    World("usual-for-compiled", "the usual way and the compiled one are swapped in the tables",
          swapped("usual", "compiled")),
    World("compiled-for-uncompiled", "the compiled way and the one with channels last are swapped",
          swapped("compiled", "channels last")),
    World("lazy-for-half-precision", "the lazy penalty and bfloat16 are swapped in the tables",
          swapped("bfloat16", "penalty every 4th step")),
    # shares
    World("sum-for-mean", "the sum over the processes is not divided by their number",
          cell("parameter.grad /= dist.get_world_size()", "pass")),
    World("package-sums", "the package does not divide the sum by the number of processes",
          code("parallel.average_gradients_", "flat /= processes()", "flat /= 1")),
    World("first-rows-for-all", "all processes work on the first rows of the batch",
          code("parallel.rows", "slice(rank() * n // k, (rank() + 1) * n // k)",
               "slice(0, n // k)")),
    World("single-partners", "the average form compares with one sample and not with a mean",
          code("losses._relativistic_average_critic", "fake.mean() - real", "fake - real"),
          code("losses._relativistic_average_critic", "fake - real.mean()", "fake - real")),
    # wrappers
    World("scores-not-touched", "the penalty's pass does not touch the scores",
          code("runs.wrappers.touched", "penalty + 0 * wrapped(real).sum()", "penalty")),
    World("one-pass-for-two", "loss and penalty share a backward pass under DDP",
          code("runs.wrappers.two_backwards",
               "for loss in losses(wrapped, real, fake, penalised=wrapped):\n"
               "        loss.backward()",
               "sum(losses(wrapped, real, fake, penalised=wrapped)).backward()")),
    World("two-passes-for-one", "loss and penalty have a backward pass each under FSDP2",
          code("runs.wrappers.kept_whole",
               "sum(losses(critic, real, fake, penalised=plainly(critic))).backward()",
               "[one.backward() for one in losses(critic, real, fake, penalised=plainly(critic))]"),
          ),
    World("averaged-after-grad", "what autograd.grad returns is averaged by hand",
          code("runs.wrappers.generator_grad", "return gradients(generator)",
               "parallel.average_gradients_(parameters)\n    return gradients(generator)")),
    World("one-group", "FSDP2 takes the network as one group and not layer by layer",
          code("runs.wrappers.by_layer", "fully_shard(layer)", "pass")),
    World("penalty-with-scores", "zero times the scores is added to the penalty",
          cell("penalty = (gradient_norms(lambda x: critic(x), mixed, create_graph=True) - 1)",
               "penalty = 0 * critic(mixed).sum() + "
               "(gradient_norms(lambda x: critic(x), mixed, create_graph=True) - 1)")),
    # the compiler
    World("functional-for-twice", "what is compiled takes its slope by torch.func.grad",
          code("runs.wrappers.compiled", "lambda: through(differentiated_twice)",
               "lambda: through(functional)")),
    World("gradients-not-cleared", "the gradients of the pass before are not cleared",
          code("runs.wrappers.compiled", "whole = gradients(critic)\n        critic.zero_grad()",
               "whole = gradients(critic)")),
    World("half-a-critic-flat", "the penalty under bfloat16 asks for slope 0",
          cell("half = (gradient_norms(critic.float(), mixed.float()) - 1)",
               "half = gradient_norms(critic.float(), mixed.float())")),
    # torchrun
    World("each-its-own", "each process steps by its own gradient",
          code("_run._average_gradients",
               'parallel.average_gradients_(p for group in optimizer.param_groups '
               'for p in group["params"])', "pass")),
    World("first-one-s-log", "the first process logs its own estimates",
          code("_run.TrainingRun._means", "_joint.mean(torch.stack(self.window))",
               "torch.stack(self.window)")),
    # on paper
    World("latency-once", "the formula counts each round's latency once and the time twice",
          cell("np.sqrt(gain / (2 * latency))", "np.sqrt(gain / latency)")),
    World("all-of-a-step-is-shared", "the fixed part of a step is shared by the processes, too",
          cell("return a + b * n / k", "return (a + b * n) / k")),
    # exercises
    World("whole-vector-each-round", "each round of a ring sends the whole vector",
          cell("2 * (k - 1) / k * 4", "2 * (k - 1) * 4")),
    World("weights-swapped", "each share is weighted by the other's size",
          cell("w * one + (1 - w) * other", "(1 - w) * one + w * other")),
    World("equal-shares", "the batch has 62 samples and not 63",
          cell("of_rows(slice(63)), of_rows(slice(32)), of_rows(slice(32, 63))",
               "of_rows(slice(62)), of_rows(slice(31)), of_rows(slice(31, 62))")),
    World("optimisers-swapped", "Adam and plain gradient descent are swapped",
          cell('("Adam", adam), ("SGD", descent)', '("Adam", descent), ("SGD", adam)')),
    World("layer-norm", "the layer normalises each sample and not the batch",
          cell("torch.nn.BatchNorm1d(16)", "torch.nn.LayerNorm(16)")),
    World("largest-batch-first", "the batches are listed from the largest to the smallest",
          cell("for n in (32, 512, 8192):", "for n in (8192, 512, 32):")),
]  # fmt: skip
