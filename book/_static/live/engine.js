// The mathematics of a Wasserstein GAN on points in the plane, in typed arrays and without a library.
// Everything stands inside one function that uses no name from outside, so that its text can start
// a worker in a page that was opened as a file; the product of matrices is handed in, from product.js.
// tests/browser/test_engine.py holds it against wganlib.
//
// Matrices are Float64Arrays, row by row. A batch of n samples is (n, features). Double precision,
// because a page then agrees with PyTorch to its last digits over many steps, and because in
// JavaScript single precision is no faster: every number is converted when it is read and written.
function wganEngine(product) {
  "use strict";

  // ---- Random numbers ---------------------------------------------------------------------------

  // Its own, since Math.random cannot be given a seed: sfc32 of PractRand, 32 bits at a time.
  function randomNumbers(seed) {
    let [a, b, c, count] = [0x9e3779b9, 0x243f6a88, seed | 0, 1];
    const bits = () => {
      const t = (((a + b) | 0) + count) | 0;
      count = (count + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + t) | 0;
      return t >>> 0;
    };
    for (let i = 0; i < 15; i++) bits(); // until every bit of the seed has reached every word
    const uniform = () => (bits() + 0.5) / 2 ** 32; // never 0, whose logarithm Box-Muller would take
    let spare = null;
    function normal() {
      if (spare !== null) {
        const ready = spare;
        spare = null;
        return ready;
      }
      const radius = Math.sqrt(-2 * Math.log(uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    }
    const below = n => Math.floor(n * uniform());
    return { uniform, normal, below };
  }

  const filled = (n, draw) => Float64Array.from({ length: n }, draw);
  const normals = (n, rng) => filled(n, rng.normal);

  // ---- Products of matrices ---------------------------------------------------------------------

  // A product and those of transposes; all that a training costs is here. See product.js.
  const times = (A, B, n, m, k) => product(A, [k, 1], B, [m, 1], n, m, k); // (n, k) (k, m)
  const timesTransposed = (A, B, n, m, k) => product(A, [k, 1], B, [1, k], n, m, k); // (n, k) (m, k)'
  const transposedTimes = (A, B, n, m, k) => product(A, [1, n], B, [m, 1], n, m, k); // (k, n)' (k, m)

  function joined(A, B) {
    const C = new Float64Array(A.length + B.length);
    C.set(A);
    C.set(B, A.length);
    return C;
  }

  const mean = values => values.reduce((sum, v) => sum + v, 0) / values.length;

  // ---- Networks ---------------------------------------------------------------------------------

  // A layer maps h (n, inputs) to h W' + b, with W (outputs, inputs). Between layers stand leaky
  // ReLUs; `leak` 0 makes them the ReLUs of wganlib's MLPGenerator and MLPCritic.
  function layer(inputs, outputs, weight, bias) {
    return {
      inputs,
      outputs,
      weight: Float64Array.from(weight),
      bias: Float64Array.from(bias),
      dWeight: new Float64Array(weight.length),
      dBias: new Float64Array(bias.length),
    };
  }

  // PyTorch's start of a linear layer: all uniform within 1 / √inputs.
  function network(sizes, rng, leak = 0) {
    const layers = sizes.slice(1).map((outputs, l) => {
      const inputs = sizes[l];
      const uniform = () => (2 * rng.uniform() - 1) / Math.sqrt(inputs);
      return layer(inputs, outputs, filled(inputs * outputs, uniform), filled(outputs, uniform));
    });
    return { layers, leak };
  }

  function parameters(net) {
    return net.layers.flatMap(({ weight, bias, dWeight, dBias }) => [
      { value: weight, gradient: dWeight },
      { value: bias, gradient: dBias },
    ]);
  }

  function forgetGradients(net) {
    for (const { gradient } of parameters(net)) gradient.fill(0);
  }

  // What goes into each layer is kept for the way back: `entered[l]` is (n, layers[l].inputs).
  function forward(net, x, n) {
    const entered = [];
    let h = x;
    net.layers.forEach(({ inputs, outputs, weight, bias }, l) => {
      entered.push(h);
      h = timesTransposed(h, weight, n, outputs, inputs);
      addToRows(h, bias, n);
      if (l < net.layers.length - 1) bend(h, h, net.leak);
    });
    return { outputs: h, entered, n };
  }

  function addToRows(h, bias, n) {
    const m = bias.length;
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) h[i * m + j] += bias[j];
  }

  // Multiplies by the slope of the activation: 1 where `h` is above 0, else `leak`. A leaky ReLU
  // keeps signs, so `h` may be what goes into it or what comes out.
  function bend(values, h, leak) {
    for (let i = 0; i < values.length; i++) if (!(h[i] > 0)) values[i] *= leak;
  }

  // From the gradient at the outputs (n, outputs) to that at the inputs (n, inputs), which is
  // returned; the weights' gradients are added to what is there, if they are wanted.
  function backward(net, trace, gradient, { weights = true, inputs: wanted = false } = {}) {
    const { entered, n } = trace;
    for (let l = net.layers.length - 1; l >= 0; l--) {
      const one = net.layers[l];
      if (weights) {
        addProduct(one.dWeight, gradient, entered[l], one, n);
        addColumns(one.dBias, gradient, n);
      }
      if (l === 0 && !wanted) return null;
      gradient = pullback(one, gradient, n);
      if (l > 0) bend(gradient, entered[l], net.leak);
    }
    return gradient;
  }

  // (n, outputs) -> (n, inputs), by W
  function pullback({ inputs, outputs, weight }, gradient, n) {
    return times(gradient, weight, n, inputs, outputs);
  }

  // Adds left' right, for left (n, outputs) and right (n, inputs).
  function addProduct(sum, left, right, { inputs, outputs }, n) {
    const more = transposedTimes(left, right, outputs, inputs, n);
    for (let i = 0; i < sum.length; i++) sum[i] += more[i];
  }

  function addColumns(sum, values, n) {
    const m = sum.length;
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) sum[j] += values[i * m + j];
  }

  // ---- The critic's slope, written out ----------------------------------------------------------

  // Between its kinks f is linear, and its gradient at x is W_1' D_1 ... D_{L-1} W_L', with D the
  // activations' slopes at x. `chain[l]` (n, layers[l].outputs) is what meets layer l on the way
  // back. See wganlib/slope.py.
  function slopes(net, x, n) {
    const trace = forward(net, x, n);
    const chain = [];
    let gradient = new Float64Array(n).fill(1);
    for (let l = net.layers.length - 1; l >= 0; l--) {
      chain[l] = gradient;
      gradient = pullback(net.layers[l], gradient, n);
      if (l > 0) bend(gradient, trace.entered[l], net.leak);
    }
    return { scores: trace.outputs, gradient, chain, entered: trace.entered, n };
  }

  function lengths(vectors, n) {
    const d = vectors.length / n;
    const squares = new Float64Array(n);
    for (let i = 0; i < vectors.length; i++) squares[Math.floor(i / d)] += vectors[i] ** 2;
    return squares.map(Math.sqrt);
  }

  // The penalty and its gradient at the slopes, (n, d). `perSample: false` is a popular mistake: one
  // norm over the whole batch, which asks for slopes of 1 / √n.
  function penaltyOnSlopes(gradient, n, { oneSided = false, perSample = true } = {}) {
    const norms = perSample ? lengths(gradient, n) : lengths(gradient, 1);
    const d = gradient.length / norms.length;
    const excess = norms.map(s => (oneSided ? Math.max(0, s - 1) : s - 1));
    const direction = gradient.map((g, i) => {
      const k = Math.floor(i / d);
      return norms[k] === 0 ? 0 : (2 * excess[k] * g) / norms[k] / norms.length;
    });
    return { penalty: mean(excess.map(e => e * e)), direction, norms };
  }

  // The chain is made of ordinary products, so one pass through it, from the data's end, gives the
  // weights' gradients; the activations' slopes do not change but at a kink, and biases have no part.
  function backwardThroughSlopes(net, { chain, entered, n }, direction) {
    net.layers.forEach((one, l) => {
      addProduct(one.dWeight, chain[l], direction, one, n);
      if (l === net.layers.length - 1) return;
      direction = timesTransposed(direction, one.weight, n, one.outputs, one.inputs);
      bend(direction, entered[l + 1], net.leak);
    });
  }

  // x̂ = t x + (1 - t) x̃ (n, d), with one t for each pair
  function mixed(real, fake, t) {
    const d = real.length / t.length;
    return real.map((v, i) => {
      const share = t[Math.floor(i / d)];
      return share * v + (1 - share) * fake[i];
    });
  }

  // ---- Losses: of one score, with its derivative; wganlib/losses.py has the formulas --------------

  const softplus = s => Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s)));
  const sigmoid = s => (s > 0 ? 1 / (1 + Math.exp(-s)) : Math.exp(s) / (1 + Math.exp(s)));
  const up = [s => s, () => 1];
  const down = [s => -s, () => -1];
  const discriminator = {
    real: [s => softplus(-s), s => -sigmoid(-s)],
    fake: [softplus, sigmoid],
  };
  const OBJECTIVES = {
    wasserstein: { real: down, fake: up, generator: down },
    "both up": { real: down, fake: down, generator: down }, // a popular mistake: a sign
    "non-saturating": { ...discriminator, generator: [s => softplus(-s), s => -sigmoid(-s)] },
    minimax: { ...discriminator, generator: [s => -softplus(s), s => -sigmoid(s)] },
  };

  function averaged([value, derivative], scores) {
    return {
      loss: mean(scores.map(value)),
      gradient: scores.map(s => derivative(s) / scores.length),
    };
  }

  // ---- Optimisers, with PyTorch's formulas -------------------------------------------------------

  function adam(params, { learningRate, beta1 = 0, beta2 = 0.9, eps = 1e-8 }) {
    const moments = params.map(({ value }) => [
      new Float64Array(value.length),
      new Float64Array(value.length),
    ]);
    let t = 0;
    const step = () => {
      t++;
      const rate = one.learningRate / (1 - beta1 ** t);
      const spread = Math.sqrt(1 - beta2 ** t);
      params.forEach(({ value, gradient }, p) => {
        const [m, v] = moments[p];
        for (let i = 0; i < value.length; i++) {
          const g = gradient[i];
          m[i] = beta1 * m[i] + (1 - beta1) * g;
          v[i] = beta2 * v[i] + (1 - beta2) * g * g;
          value[i] -= (rate * m[i]) / (Math.sqrt(v[i]) / spread + eps);
        }
      });
    };
    const one = { learningRate, step }; // the step size may be changed on the way
    return one;
  }

  function rmsprop(params, { learningRate, alpha = 0.99, eps = 1e-8 }) {
    const squares = params.map(({ value }) => new Float64Array(value.length));
    const step = () =>
      params.forEach(({ value, gradient }, p) => {
        const v = squares[p];
        for (let i = 0; i < value.length; i++) {
          const g = gradient[i];
          v[i] = alpha * v[i] + (1 - alpha) * g * g;
          value[i] -= (one.learningRate * g) / (Math.sqrt(v[i]) + eps);
        }
      });
    const one = { learningRate, step };
    return one;
  }

  function clip(net, bound) {
    for (const { value } of parameters(net))
      for (let i = 0; i < value.length; i++)
        value[i] = Math.min(bound, Math.max(-bound, value[i]));
  }

  // ---- The two steps of a training ----------------------------------------------------------------

  // `penalty` is { weight, t, oneSided, perSample } or null, `clipValue` a number or null. Returns
  // what was so before the step. wganlib/training.py: critic_step
  function criticStep(critic, optimizer, { real, fake, n, objective, penalty, clipValue }) {
    const { real: onReal, fake: onFake } = OBJECTIVES[objective];
    forgetGradients(critic);
    const trace = forward(critic, joined(real, fake), 2 * n);
    const a = averaged(onReal, trace.outputs.subarray(0, n));
    const b = averaged(onFake, trace.outputs.subarray(n));
    backward(critic, trace, joined(a.gradient, b.gradient));
    let paid = 0;
    if (penalty) {
      const slope = slopes(critic, mixed(real, fake, penalty.t), n);
      const asked = penaltyOnSlopes(slope.gradient, n, penalty);
      paid = asked.penalty;
      const weighted = asked.direction.map(v => penalty.weight * v);
      backwardThroughSlopes(critic, slope, weighted);
    }
    optimizer.step();
    if (clipValue !== null) clip(critic, clipValue);
    const estimate = mean(trace.outputs.subarray(0, n)) - mean(trace.outputs.subarray(n));
    return { estimate, loss: a.loss + b.loss, penalty: paid };
  }

  // `sign` -1 is a popular mistake: the generator walks away from high scores.
  function generatorStep(generator, critic, optimizer, { latent, n, objective, sign = 1 }) {
    forgetGradients(generator);
    const made = forward(generator, latent, n);
    const judged = forward(critic, made.outputs, n);
    const { loss, gradient } = averaged(OBJECTIVES[objective].generator, judged.outputs);
    const signed = gradient.map(g => sign * g);
    const atFakes = backward(critic, judged, signed, { weights: false, inputs: true });
    backward(generator, made, atFakes);
    optimizer.step();
    return loss;
  }

  // ---- Exact W₁ between two samples of n points ---------------------------------------------------

  function distances(x, y, n) {
    const d = x.length / n;
    const cost = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = 0; k < d; k++) sum += (x[i * d + k] - y[j * d + k]) ** 2;
        cost[i * n + j] = Math.sqrt(sum);
      }
    return cost;
  }

  // The best plan between equally many points of equal mass pairs them: an assignment, found by
  // shortest augmenting paths in O(n³). `price` (n) are the columns' dual prices; any will do at the
  // start, and those of similar points found before spare most of the work. Changed in place.
  function assignment(cost, n, price = new Float64Array(n)) {
    const columnOf = new Int32Array(n).fill(-1);
    const rowOf = new Int32Array(n).fill(-1);
    const left = []; // rows whose best column is taken
    for (let i = 0; i < n; i++) {
      const j = cheapest(cost, price, i, n);
      if (rowOf[j] < 0) pair(i, j);
      else left.push(i);
    }
    function pair(i, j) {
      rowOf[j] = i;
      columnOf[i] = j;
    }
    for (const row of left) {
      const { end, before } = shortestPath(cost, price, rowOf, columnOf, row, n);
      for (let j = end, i = -1; i !== row; ) {
        i = before[j];
        const next = columnOf[i];
        pair(i, j);
        j = next;
      }
    }
    return columnOf;
  }

  function cheapest(cost, price, i, n) {
    let best = 0;
    for (let j = 1; j < n; j++)
      if (cost[i * n + j] - price[j] < cost[i * n + best] - price[best]) best = j;
    return best;
  }

  // Dijkstra from a row without a column to the nearest column without a row, in reduced costs; then
  // the prices of the columns on the way are lowered, so that all reduced costs stay above 0.
  function shortestPath(cost, price, rowOf, columnOf, row, n) {
    const far = new Float64Array(n).fill(Infinity);
    const before = new Int32Array(n).fill(row);
    const open = Int32Array.from({ length: n }, (_, j) => j); // columns not settled: the first nOpen
    const settled = [];
    let [i, here, nOpen] = [row, 0, n];
    for (;;) {
      const own = columnOf[i];
      const rent = own < 0 ? 0 : cost[i * n + own] - price[own];
      let nearest = 0;
      for (let k = 0; k < nOpen; k++) {
        const j = open[k];
        const way = here + cost[i * n + j] - price[j] - rent;
        if (way < far[j]) {
          far[j] = way;
          before[j] = i;
        }
        if (far[j] < far[open[nearest]]) nearest = k;
      }
      const j = open[nearest];
      here = far[j];
      if (rowOf[j] < 0) {
        for (const k of settled) price[k] += far[k] - here;
        return { end: j, before };
      }
      settled.push(j);
      open[nearest] = open[--nOpen];
      i = rowOf[j];
    }
  }

  function exactW1(x, y, n, price) {
    const cost = distances(x, y, n);
    if (!cost.every(Number.isFinite)) return Number.NaN; // a training has run away: there is no plan
    const most = cost.reduce((a, b) => Math.max(a, b), 0);
    if (price?.some(p => !(Math.abs(p) <= 1e6 * most))) price.fill(0); // of points that were far away
    const columns = assignment(cost, n, price);
    return columns.reduce((sum, j, i) => sum + cost[i * n + j], 0) / n;
  }

  // ---- Laws in the plane ---------------------------------------------------------------------------

  // Ring and grid have the sizes of wganlib/data.py; the spread is larger where it would not be seen.
  const ring = rng => {
    const angle = (Math.PI / 4) * rng.below(8);
    return around(1.4144 * Math.cos(angle), 1.4144 * Math.sin(angle), 0.0141, rng);
  };
  const grid = rng => around(0.7072 * (rng.below(5) - 2), 0.7072 * (rng.below(5) - 2), 0.0177, rng);
  const moons = rng => {
    const [lower, angle] = [rng.below(2), Math.PI * rng.uniform()];
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    return lower
      ? around(0.6 - 1.2 * x, 0.3 - 1.2 * y, 0.07, rng)
      : around(1.2 * x - 0.6, 1.2 * y - 0.3, 0.07, rng);
  };
  const around = (x, y, spread, rng) => [x + spread * rng.normal(), y + spread * rng.normal()];
  const drawn = points => rng => {
    const k = 2 * rng.below(points.length / 2);
    return around(points[k], points[k + 1], 0.03, rng);
  };
  const LAWS = { ring, grid, moons };

  function draws(law, n, rng) {
    const x = new Float64Array(2 * n);
    for (let i = 0; i < n; i++) x.set(law(rng), 2 * i);
    return x;
  }

  // ---- A training that can be looked at and changed on the way ---------------------------------------

  const [LATENT, WIDTH, DEPTH, BATCH] = [2, 64, 3, 64];
  const POINTS = 192; // on which W₁ is exact, and which are drawn
  const WAYS = {
    gan: { objective: "non-saturating", optimizer: adam, betas: { beta1: 0.5, beta2: 0.999 } },
    clip: { objective: "wasserstein", optimizer: rmsprop, clips: true },
    "two-sided": { objective: "wasserstein", optimizer: adam, pays: true },
    "one-sided": { objective: "wasserstein", optimizer: adam, pays: true, oneSided: true },
  };

  function training(settings) {
    const now = { ...settings };
    let [rng, generator, critic, optimizers, watched] = [];
    let [step, turn] = [0, 0];

    function reset() {
      rng = randomNumbers(now.seed);
      const hidden = Array.from({ length: DEPTH }, () => WIDTH);
      generator = network([LATENT, ...hidden, 2], rng);
      critic = network([2, ...hidden, 1], rng);
      [step, turn] = [0, 0];
      prepare();
      watched = null;
    }

    function prepare() {
      const { optimizer, betas } = WAYS[now.way]; // whose memory is of another loss begins again
      const numbers = { learningRate: now.learningRate, ...betas };
      optimizers = [critic, generator].map(net => optimizer(parameters(net), numbers));
    }

    // What is drawn and measured comes from random numbers of its own: to look changes nothing.
    function watch() {
      const eye = randomNumbers(now.seed + 1000);
      const real = draws(law(), POINTS, eye);
      const floor = exactW1(real, draws(law(), POINTS, eye), POINTS);
      const [latent, t] = [normals(LATENT * POINTS, eye), filled(POINTS, eye.uniform)];
      return { real, floor, latent, t, price: new Float64Array(POINTS) };
    }

    const law = () => (now.law === "drawn" ? drawn(now.points) : LAWS[now.law]);

    function set(changes) {
      Object.assign(now, changes);
      if ("seed" in changes) return reset();
      if ("way" in changes) prepare();
      if ("law" in changes || "points" in changes) watched = null;
      for (const one of optimizers) one.learningRate = now.learningRate;
    }

    // λ and the points t of the penalty, or null where there is none.
    function penalty() {
      const { pays, oneSided } = WAYS[now.way];
      if (!pays || now.mistake === "unbounded") return null;
      const t = filled(BATCH, rng.uniform);
      if (now.mistake === "real") t.fill(1);
      return { weight: now.gpWeight, t, oneSided, perSample: now.mistake !== "norm" };
    }

    // One step of the critic or, after every nCritic of them, of the generator: then it returns true.
    function substep() {
      if (turn++ < now.nCritic) return improveCritic();
      turn = 0;
      const [latent, sign] = [normals(LATENT * BATCH, rng), now.mistake === "sign" ? -1 : 1];
      const { objective } = WAYS[now.way];
      generatorStep(generator, critic, optimizers[1], { latent, n: BATCH, objective, sign });
      step++;
      return true;
    }

    function improveCritic() {
      const { objective: named, clips } = WAYS[now.way];
      const objective = now.mistake === "up" ? "both up" : named;
      const clipValue = clips && now.mistake !== "unbounded" ? now.clipValue : null;
      const real = draws(law(), BATCH, rng);
      const fake = forward(generator, normals(LATENT * BATCH, rng), BATCH).outputs;
      const batch = { real, fake, n: BATCH, objective, penalty: penalty(), clipValue };
      criticStep(critic, optimizers[0], batch);
      return false;
    }

    function advance() {
      while (!substep());
    }

    // The estimate is of W₁, or in a GAN of JS in nats: (V + log 4) / 2.
    function look() {
      watched ??= watch();
      const { real, latent, price, floor, t } = watched;
      const fake = forward(generator, latent, POINTS).outputs;
      const scores = forward(critic, joined(real, fake), 2 * POINTS).outputs;
      const [onReal, onFake] = [scores.subarray(0, POINTS), scores.subarray(POINTS)];
      const { real: lossReal, fake: lossFake } = OBJECTIVES[WAYS[now.way].objective];
      const loss = averaged(lossReal, onReal).loss + averaged(lossFake, onFake).loss;
      const steep = lengths(slopes(critic, mixed(real, fake, t), POINTS).gradient, POINTS);
      return {
        step,
        way: now.way,
        real,
        fake,
        floor,
        w1: exactW1(real, fake, POINTS, price),
        estimate: now.way === "gan" ? (Math.log(4) - loss) / 2 : -loss,
        slope: mean(steep),
        steepest: Math.max(...steep),
      };
    }

    // The critic at the points of a square map, row by row from below, and its slope on a coarser one.
    function map(side, arrows, limit) {
      const scores = forward(critic, lattice(side, limit), side * side).outputs;
      const where = lattice(arrows, limit * (1 - 1 / arrows));
      return { scores, where, slopes: slopes(critic, where, arrows * arrows).gradient };
    }

    reset();
    return { set, reset, substep, advance, look, map, networks: () => ({ generator, critic }) };
  }

  function lattice(side, limit) {
    const at = k => limit * ((2 * k) / (side - 1) - 1);
    const points = new Float64Array(2 * side * side);
    for (let k = 0; k < side * side; k++) points.set([at(k % side), at(Math.floor(k / side))], 2 * k);
    return points;
  }

  return {
    randomNumbers,
    layer,
    network,
    parameters,
    forward,
    backward,
    slopes,
    penaltyOnSlopes,
    backwardThroughSlopes,
    adam,
    rmsprop,
    clip,
    criticStep,
    generatorStep,
    exactW1,
    draws,
    LAWS,
    training,
  };
}

if (typeof live !== "undefined") live.take("engine", wganEngine);
else if (typeof module !== "undefined") module.exports = wganEngine;
