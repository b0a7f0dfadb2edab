// What figures that train share: a worker for `engine.js` and `product.js`, the map that it paints,
// and the chart.
(() => {
  const { el, num, range, inks, ground, dots } = live;
  const LIMIT = 2.2; // half the map's width, data units
  const [SIDE, ARROWS] = [29, 11]; // squares and arrows on a side of the map
  const CHART = { from: -0.4, to: 2.6 };

  const KEPT = 500; // looks in the chart; of more, every second is dropped
  const A_SECOND = 60; // generator steps, at most
  const START = {
    law: "ring",
    way: "one-sided",
    gpWeight: 10,
    clipValue: 0.01,
    nCritic: 5,
    learningRate: 1e-3,
    seed: 0,
    mistake: "none",
  };

  // Trains and reports. Like the engine it uses no name from outside, since its text goes to the worker.
  // It posts a look and waits until that has been seen, so that a slow page is never flooded.
  function trainer(engine, { map, aSecond }, post) {
    const [EVERY, SLICE] = [60, 8]; // ms between looks; ms without a pause
    let one = null;
    let [running, seen, stale, next, due] = [false, true, false, 0, 0];
    const ends = []; // of the generator steps of the last second
    const again = new MessageChannel(); // a timer would wait for 4 ms each time
    again.port1.addEventListener("message", work);
    again.port1.start();

    function work() {
      if (!running) return;
      const start = performance.now();
      if (start < due) return void setTimeout(work, due - start);
      do {
        if (!one.substep()) continue;
        const now = performance.now();
        due = Math.max(due, now - 100) + 1000 / aSecond; // what was lost lately may be made good
        ends.push(now);
        while (ends[0] < now - 1000) ends.shift();
        break;
      } while (performance.now() < start + SLICE);
      if (seen && performance.now() > next) look();
      again.port2.postMessage(null);
    }

    function look() {
      const start = performance.now();
      [seen, stale] = [false, false];
      post({ ...one.look(), map: one.map(...map), rate: ends.length });
      const spent = performance.now() - start;
      next = start + Math.max(EVERY, 6 * spent); // a sixth of the time, on a slow machine too
    }

    return ({ start, set, run, step, saw }) => {
      if (start) one = engine.training(start);
      if (set) one.set(set);
      if (step) one.advance();
      if (saw) seen = true;
      else stale = true;
      if (run !== undefined) {
        const begin = run && !running;
        running = run;
        ends.length = 0;
        if (begin) again.port2.postMessage(null);
      }
      if (stale && seen) look();
    };
  }

  // Returns where messages go. A worker is made of text, because one may not be loaded from a file.
  function employ({ product, engine }, receive, box) {
    const how = { map: [SIDE, ARROWS, LIMIT], aSecond: A_SECOND };
    const made = `(${engine})((${product})())`;
    const text = `const tell = (${trainer})(${made}, ${JSON.stringify(how)}, m => postMessage(m));
      onmessage = ({ data }) => tell(data);`;
    const told = []; // what a worker that never came would have to be told again
    let send;
    const here = () => {
      box.engine = "page";
      const tell = trainer(engine(product()), how, message => setTimeout(receive, 0, message));
      send = message => setTimeout(tell, 0, message);
      told.splice(0).forEach(send);
    };
    try {
      const worker = new Worker(URL.createObjectURL(new Blob([text])));
      worker.addEventListener("message", ({ data }) => {
        told.length = 0;
        box.engine = "worker";
        send = message => worker.postMessage(message, []);
        receive(data);
      });
      worker.addEventListener("error", event => told.length && (event.preventDefault(), here()));
      send = message => {
        told.push(message);
        worker.postMessage(message, []);
      };
    } catch {
      here();
    }
    return message => send(message);
  }

  // A training that is looked at. It runs while it is wanted and its `place` can be seen, and rests
  // after `enough` steps more: nobody may be watching any longer. It begins to be wanted at once, but
  // for who asks for less motion. `see(look)` is called for each look; `go` is the button that turns it.
  function follow(box, code, { settings, place, enough, see, go }) {
    let [looks, newest, rest, near] = [[], null, enough, false];
    let wanted = !live.still();
    const last = () => looks[looks.length - 1];
    const begun = performance.now();
    const send = employ(code, receive, box);

    function receive(look) {
      newest = look;
      requestAnimationFrame(seeNewest);
    }
    function seeNewest() {
      if (!newest) return;
      const look = newest;
      newest = null;
      box.looked = look; // for those who test it and time it
      box.startedIn ??= performance.now() - begun;
      const before = last()?.step ?? -1;
      if (look.step < before) [looks, rest] = [[], enough];
      if (look.step === before) looks.pop();
      looks.push(look);
      if (looks.length > KEPT) looks = looks.filter((_, i) => i % 2 === 0);
      see(look);
      if (look.step >= rest) want(false);
      send({ saw: true });
    }
    function want(yes) {
      if (yes && !wanted) rest = enough + (last()?.step ?? 0);
      wanted = yes;
      move();
    }
    function move() {
      send({ run: wanted && near && !document.hidden });
      go.textContent = wanted ? "Pause" : "Start";
    }

    box.settings = { ...settings };
    send({ start: box.settings });
    const seen = ([{ isIntersecting }]) => {
      near = isIntersecting;
      move();
    };
    new IntersectionObserver(seen, { threshold: 0.2 }).observe(place);
    document.addEventListener("visibilitychange", move);
    return {
      looks: () => looks,
      toggle: () => want(!wanted),
      step() {
        want(false);
        send({ step: true });
      },
      change(changes) {
        Object.assign(box.settings, changes);
        send({ set: changes });
      },
    };
  }

  // ---- Drawing ------------------------------------------------------------------------------------

  // The critic's scores as shades, its slopes as arrows, and the points; in pixels of the screen.
  function paint(canvas, size, { map, real, fake }, ink = inks()) {
    const pen = ground(canvas, size, heights(map.scores), SIDE, ink.shade);
    const k = size / (2 * LIMIT);
    const [X, Y] = [x => (x + LIMIT) * k, y => (LIMIT - y) * k];
    arrows(pen, map, X, Y, size / ARROWS, ink);
    const place = { x0: -LIMIT, y0: LIMIT, kx: k, ky: k };
    dots(pen, real, place, 2.4, ink.real, ink.panel, 1.4);
    dots(pen, fake, place, 2.2, ink.fake, ink.panel, 1.4);
  }

  function heights(scores) {
    const low = Math.min(...scores);
    const span = Math.max(...scores) - low || 1;
    return scores.map(v => (v - low) / span);
  }

  // The longest arrow fills its square, whatever the slope: how steep it is stands beside the map.
  function arrows(pen, { where, slopes }, X, Y, cell, { text }) {
    const norms = range(ARROWS * ARROWS).map(i => Math.hypot(slopes[2 * i], slopes[2 * i + 1]));
    const k = (0.85 * cell) / (Math.max(...norms) || 1);
    pen.strokeStyle = `rgba(${text}, 0.5)`;
    pen.lineWidth = 1;
    pen.beginPath();
    norms.forEach((norm, i) => {
      const [dx, dy] = [slopes[2 * i] * k, -slopes[2 * i + 1] * k];
      const [x, y] = [X(where[2 * i]) + dx / 2, Y(where[2 * i + 1]) + dy / 2];
      if (!(norm * k > 1)) return;
      pen.moveTo(x - dx, y - dy);
      pen.lineTo(x, y);
      const [ax, ay] = [(3.5 * dx) / (norm * k), (3.5 * dy) / (norm * k)];
      pen.moveTo(x - ax + 0.6 * ay, y - ay - 0.6 * ax);
      pen.lineTo(x, y);
      pen.lineTo(x - ax - 0.6 * ay, y - ay + 0.6 * ax);
    });
    pen.stroke();
  }

  // A clipped critic may be a million times too flat: its estimate is then shown times a power of ten
  // that brings it next to the distance, both as medians of the last looks.
  function magnifier(way, looks) {
    if (way !== "clip") return 1;
    const last = looks.filter(l => l.way === way).slice(-20);
    const typical = key => last.map(l => Math.abs(l[key])).toSorted((a, b) => a - b)[last.length >> 1];
    const power = Math.round(Math.log10(typical("w1") / typical("estimate")));
    return Number.isFinite(power) ? 10 ** power : 1;
  }

  function times(k) {
    const power = String(Math.round(Math.log10(k)));
    return k === 1 ? "" : `10${power.replace(/./g, c => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)])} × `;
  }

  function drawChart(chart, { width, height }, looks, way) {
    const { step: last = 0, rate = 0 } = looks[looks.length - 1] ?? {};
    const end = [100, 200, 400, 800, 1600, 3200].find(n => n >= last) ?? last;
    const label = `generator step (${rate || "–"} a second)`;
    const x = { from: 0, to: end, ticks: [0, end / 2, end], label };
    const y = { ...CHART, ticks: [0, 1, 2] };
    chart.frame({ width, height, left: 26, right: 14, top: 30, bottom: 40, x, y });
    if (!looks.length) return;
    const inside = v => Math.min(CHART.to, Math.max(CHART.from, v));
    const { floor } = looks[looks.length - 1];
    const k = magnifier(way, looks);
    const curve = f => looks.filter(l => Number.isFinite(f(l))).map(l => [l.step, inside(f(l))]);
    const said = l => (l.way === way ? l.estimate * k : Number.NaN); // of other objectives: not to compare
    const level = v => [0, end].map(step => [step, v]);
    chart.line(level(0), "quiet.faint", { "stroke-width": 1 });
    chart.line(level(floor), "truth.faint", { "stroke-dasharray": "1 4" });
    chart.line(curve(said), "critic");
    chart.line(curve(l => l.w1), "truth");
    const named = { gan: "its estimate of JS, nats" }[way] ?? `${times(k)}critic's estimate`;
    chart.add(el("text.word.truth", { x: 26, y: 14 }, "exact W₁ (dashed)"));
    chart.add(el("text.word.critic", { x: width - 14, y: 14, "text-anchor": "end" }, named));
  }

  const words = ({ step, w1, estimate }) =>
    `Step ${step}: exact distance ${num(w1)}, estimate ${num(estimate)}.`;

  const MAP = [SIDE, ARROWS, LIMIT];
  live.take("stage", { LIMIT, MAP, START, follow, paint, drawChart, words });
})();
