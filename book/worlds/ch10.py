"""What can be false in chapter 10."""

from counterworlds import World, cell, result

WORLDS = [
    # the Fréchet distance
    World("root-of-the-product-forgotten", "no root is taken of the product of the covariances",
          cell("root = linalg.sqrtm(cov_a @ cov_b)", "root = cov_a @ cov_b")),
    World("distance-not-squared", "the curves show the distance, not its square",
          cell("metrics.frechet_distance(real_features[:size], side[:size]) for",
               "metrics.frechet_distance(real_features[:size], side[:size]) ** 0.5 for")),
    World("bias-by-the-root", "the bias falls like one over the root of n",
          cell("add.outer(x, x)).sum()) / size", "add.outer(x, x)).sum()) / size**0.5")),
    World("copies-for-noise", "the curve of the copies is taken for that of noise",
          cell('np.array(distance["pure noise"])', 'np.array(distance["copied"])')),
    # what is in the boxes
    World("copies-in-0-1", "the copied digits keep their pixels in [0, 1]",
          cell('"copied": data.scale_pixels(train.pixels[torch.randperm(len(train) // 3, '
               'generator=rng)[:n]])',
               '"copied": train.pixels[torch.randperm(len(train) // 3, '
               'generator=rng)[:n]].float() / 255')),
    World("copies-from-all", "copies are made of all training digits, not of the first third",
          cell("torch.randperm(len(train) // 3, generator=rng)",
               "torch.randperm(len(train), generator=rng)")),
    World("generator-learnt-by-heart", "the generator hands out training digits",
          cell("run.generator(run.generator.sample_latent(n, rng)).detach()",
               "data.scale_pixels(train.pixels[:n])")),
    # neighbours
    World("sides-swapped", "precision and recall are swapped",
          result("metrics.precision_recall", lambda pair: type(pair)(*pair[::-1]))),
    World("fourth-neighbour", "the theory takes the fourth neighbour and the metric the fifth",
          cell("for l in range(1, 6)", "for l in range(1, 5)")),
    World("two-clouds-on-the-line", "both normal clouds lie on the line",
          cell("for d in (1, 64)", "for d in (1, 1)")),
    World("balls-filled-with-digits", "the balls are searched for fresh digits, not for noise",
          cell('torch.cdist(real_features, features["pure noise"])',
               'torch.cdist(real_features, features["fresh digits"])')),
    # the table of the boxes
    World("names-of-the-row-above", "each row of the table bears the name of the row above",
          cell("dict(zip(boxes, deviation, strict=True))",
               "dict(zip(boxes, np.roll(deviation, -1, axis=0), strict=True))")),
    World("entropy-for-critic", "the column of the class entropy is read for the critic's",
          cell("blind = [row[name][9]", "blind = [row[name][5]"),
          cell("seen = [row[name][9]", "seen = [row[name][5]")),
    # the offset
    World("offset-in-the-first-layer", "the offset is added in the critic's first layer",
          cell("critic.layers[-1].bias += offset", "critic.layers[0].bias += offset")),
    World("fakes-scored-before", "the fakes were scored before the offset",
          cell("np.array([objective.critic_loss(*scores).item(), loss.item()])",
               "np.array([objective.critic_loss(scores[0], scores[1] - offset).item(), "
               "loss.item()])")),
    World("scores-centred", "scores are centred before they enter a loss",
          cell("loss = objective.generator_loss(*scores)",
               "scores = [side - scores[0].mean() for side in scores]\n"
               "    loss = objective.generator_loss(*scores)")),
    # the losses of the runs
    World("loss-for-gain", "the critic's loss is taken for its gain",
          cell('np.array([kept["frechet"], -critics, generators',
               'np.array([kept["frechet"], critics, generators')),
    World("score-for-loss", "the mean score of the fakes is taken for the generator's loss",
          cell("-critics, generators, -np.log", "-critics, -generators, -np.log")),
    World("clock-forwards", "the clock counts forwards",
          cell('generators, -np.log(kept["step"])', 'generators, np.log(kept["step"])')),
    World("trend-left-in", "the common trend is not removed",
          cell("return known - np.outer(slope, seen[3]) - height[:, None]", "return known")),
    World("seeds-one-less", "the first two minimax runs are looked at, not the last two",
          cell("for run in won[1:]]", "for run in won[:-1]]"),
          cell('looks("compare-minimax-2")[0]', 'looks("compare-minimax-1")[0]')),
    World("game-that-came-back", "the game that came back is taken for the lost one",
          cell("lost = won[1]", "lost = won[2]")),
    World("lost-game-non-saturating", "the lost game's loss is the non-saturating one",
          cell('OBJECTIVES["minimax"].generator_loss(last, last)',
               'OBJECTIVES["non-saturating"].generator_loss(last, last)')),
    # the table of the methods
    World("bias-of-2500", "the bias is that of 2,500 samples",
          cell("bias(everything, 10_000)", "bias(everything, 2_500)")),
    World("yardsticks-swapped", "the rows of test digits and noise are swapped",
          cell("ideal, noise_row, runs = table[0], table[1]",
               "ideal, noise_row, runs = table[1], table[0]")),
    World("clipping-and-penalty-swapped", "the labels of clipping and WGAN-GP are swapped",
          cell("rows = {m: table[np",
               'a, b = "wgan", "wgan-gp"\n'
               "seeds_of[a], seeds_of[b] = seeds_of[b], seeds_of[a]\n"
               "rows = {m: table[np")),
    World("hinge-and-minimax-swapped", "the labels of hinge and minimax are swapped",
          cell("rows = {m: table[np",
               'a, b = "hinge", "minimax"\n'
               "seeds_of[a], seeds_of[b] = seeds_of[b], seeds_of[a]\n"
               "rows = {m: table[np")),
    World("clipping-and-minimax-swapped", "the labels of clipping and minimax are swapped",
          cell("rows = {m: table[np",
               'a, b = "wgan", "minimax"\n'
               "seeds_of[a], seeds_of[b] = seeds_of[b], seeds_of[a]\n"
               "rows = {m: table[np")),
    World("games-swapped", "the labels of two games are swapped",
          cell("rows = {m: table[np",
               'a, b = "relativistic", "non-saturating"\n'
               "seeds_of[a], seeds_of[b] = seeds_of[b], seeds_of[a]\n"
               "rows = {m: table[np")),
    World("worst-trial", "the trial with the largest distance is taken for the best",
          cell('tried["frechet"].argmin()', 'tried["frechet"].argmax()')),
    # tests
    World("ranks-across-seeds", "the runs of a method are ranked, not those of a seed",
          cell("stats.rankdata(values, axis=0)", "stats.rankdata(values, axis=1)")),
    World("no-correction", "28 tests are read as if each stood alone",
          cell("chance < 0.05 / len(tests)", "chance < 0.05")),
    World("one-sided", "only one of two orders is counted",
          cell("if 2 / orders(s) < level", "if 1 / orders(s) < level")),
    World("trials-for-runs", "the short trials are read for the runs with the hinge's bound",
          cell('tables.stored("ch10-same-bound")', 'tables.stored("ch10-same-bound", "trials")')),
    # exercises
    World("coin-of-0-and-1", "the coin shows 0 and 1",
          cell("coin = np.sign(normal)", "coin = 1.0 * (normal > 0)")),
    World("scaled-back", "the pixels are scaled back before they are judged",
          cell("classifier.features(halved)", "classifier.features(2 * halved - 1)")),
]  # fmt: skip
