// A Wasserstein GAN that trains in the page: `engine.js` computes, in a worker where there can be one.
(() => {
  const { el, num, range, slider, choice, button, readout, announcer, Panel, colour, mix } = live;
  const LIMIT = 2.2; // half the map's width, data units
  const [SIDE, ARROWS] = [29, 11]; // squares and arrows on a side of the map
  const CHART = { from: -0.4, to: 2.6 };
  const KEPT = 500; // looks in the chart; of more, every second is dropped
  const ENOUGH = 3000; // generator steps from a start to a rest: nobody may be watching any more
  const POINTS = 600; // that a reader draws, the last ones
  const LAWS = { ring: "ring", grid: "grid", moons: "two moons", drawn: "yours" };
  const WAYS = {
    gan: "GAN",
    clip: "WGAN, clipped",
    "two-sided": "GP, two-sided",
    "one-sided": "GP, one-sided",
  };
  const MISTAKES = {
    none: "none",
    unbounded: "penalty or clipping forgotten",
    norm: "one norm for the whole batch",
    sign: "the generator's sign turned",
  };
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
  function trainer(engine, map, post) {
    const [EVERY, A_SECOND, SLICE] = [60, 60, 8]; // ms between looks; steps; ms without a pause
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
        due = Math.max(due, now - 100) + 1000 / A_SECOND; // what was lost lately may be made good
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
  function employ(engine, receive, box) {
    const map = [SIDE, ARROWS, LIMIT];
    const text = `const tell = (${trainer})((${engine})(), ${JSON.stringify(map)}, m => postMessage(m));
      onmessage = ({ data }) => tell(data);`;
    const told = []; // what a worker that never came would have to be told again
    let send;
    const here = () => {
      box.engine = "page";
      const tell = trainer(engine(), map, message => setTimeout(receive, 0, message));
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

  // ---- Drawing ------------------------------------------------------------------------------------

  // Asked for once a theme: each question makes the browser work its styles out.
  const colours = () =>
    Object.fromEntries(
      ["page", "panel", "text", "real", "fake", "critic"].map(key => [key, colour(`--book-${key}`)]),
    );

  // The critic's scores as shades, its slopes as arrows, and the points; in pixels of the screen.
  function paint(canvas, size, { map, real, fake }, ink) {
    const sharp = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(size * sharp)) canvas.width = canvas.height = size * sharp;
    canvas.style.width = canvas.style.height = `${size}px`;
    const pen = canvas.getContext("2d");
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    const k = size / (2 * LIMIT);
    const [X, Y] = [x => (x + LIMIT) * k, y => (LIMIT - y) * k];
    const half = size / (SIDE - 1) / 2; // a value sits at the middle of its square
    pen.drawImage(shaded(map.scores, ink), -half, -half, size + 2 * half, size + 2 * half);
    arrows(pen, map, X, Y, size / ARROWS, ink);
    dots(pen, real, X, Y, 2.4, ink.real, ink);
    dots(pen, fake, X, Y, 2.2, ink.fake, ink);
  }

  function shaded(scores, { page, critic }) {
    const canvas = el("canvas", { width: SIDE, height: SIDE });
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(SIDE, SIDE);
    const low = Math.min(...scores);
    const span = Math.max(...scores) - low || 1;
    const top = mix(page, critic, 0.75);
    scores.forEach((v, i) => {
      const at = 4 * ((SIDE - 1 - Math.floor(i / SIDE)) * SIDE + (i % SIDE)); // rows from below
      image.data.set([...mix(page, top, (v - low) / span), 255], at);
    });
    pen.putImageData(image, 0, 0);
    return canvas;
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

  function dots(pen, points, X, Y, r, own, { panel }) {
    pen.fillStyle = `rgb(${own})`;
    pen.strokeStyle = `rgb(${panel})`;
    pen.lineWidth = 1.4;
    pen.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      pen.moveTo(X(points[i]) + r, Y(points[i + 1]));
      pen.arc(X(points[i]), Y(points[i + 1]), r, 0, 2 * Math.PI);
    }
    pen.stroke(); // a halo first, so that points in a heap do not hide each other
    pen.fill();
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

  function drawChart(chart, width, looks, way) {
    const { step: last = 0, rate = 0 } = looks[looks.length - 1] ?? {};
    const end = [100, 200, 400, 800, 1600, 3200].find(n => n >= last) ?? last;
    const x = { from: 0, to: end, ticks: [0, end / 2, end], label: `generator step (${rate || "–"} a second)` };
    const y = { ...CHART, ticks: [0, 1, 2] };
    chart.frame({ width, height: 226, left: 26, right: 14, top: 30, bottom: 40, x, y });
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

  // ---- The figure -----------------------------------------------------------------------------------

  // Something to begin with for who draws: the letter W.
  const letter = range(61).map(i => {
    const t = (4 * i) / 60;
    const fold = Math.abs((t % 2) - 1); // 1 at the three tops, 0 at the two feet
    return [-1.5 + 0.75 * t, (t > 1 && t < 3 ? 1.5 : 2.2) * fold - 1.1];
  });

  live.define("train", {
    label: "A GAN, a WGAN or a WGAN-GP that trains here, beside the exact distance",
    code: "engine",
    build(box, engine) {
      const now = { ...START };
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      let points = letter.flat();
      let looks = [];
      let newest = null;
      let rest = ENOUGH;
      let ink = colours();
      let [wanted, near, drawing, size, wide] = [!still, false, false, 0, 0];

      box.append(
        el(
          "p.live-hint",
          {},
          "Real points are blue, fakes vermilion. The stronger the shade, the higher the critic's " +
            "score; arrows point uphill, the longest where it is steepest. The dotted line is the " +
            "distance of two samples of the real law. All controls act while it trains.",
        ),
      );
      const laws = el("div.live-row");
      box.append(laws);
      choice(laws, { label: "Real law", options: LAWS, value: now.law, input: chooseLaw });
      const clear = button(laws, "Clear the map", () => drawPoints([]));
      const row = el("div.live-grid.live-training");
      const board = el("div.live-board");
      const side = el("div");
      row.append(board, side);
      box.append(row);
      const canvas = el("canvas", { "aria-hidden": "true" });
      board.append(canvas);
      const map = new Panel(board, "Points, the critic's scores and its slopes");
      const chart = new Panel(side, "Exact distance and the critic's estimate");
      const show = readout(side, {
        "train-step": ["step", "quiet"],
        "train-w1": ["exact W₁", "quiet"],
        "train-estimate": ["estimate", "quiet"],
        "train-slope": ["mean slope", "quiet"],
      });
      const foot = el("div.live-row.live-foot");
      side.append(foot);
      const go = button(foot, "Start", () => {
        wanted = !wanted;
        rest = ENOUGH + (looks[looks.length - 1]?.step ?? 0);
        move();
      });
      button(foot, "Step", () => {
        wanted = false;
        move();
        send({ step: true });
      });
      button(foot, "Restart", () => change({ seed: now.seed }));
      const ways = el("div.live-row");
      box.append(ways);
      choice(ways, { label: "Objective", options: WAYS, value: now.way, input: way => change({ way }) });
      const sliders = el("div.live-sliders");
      box.append(sliders);
      const power = (label, key, min, max) =>
        slider(sliders, {
          label,
          min,
          max,
          step: 0.1,
          value: Math.log10(now[key]),
          show: v => num(10 ** v, v >= 1 ? 0 : v >= 0 ? 1 : 3),
          input: v => change({ [key]: 10 ** v }),
        });
      const whole = (label, key, min, max) =>
        slider(sliders, {
          label,
          min,
          max,
          step: 1,
          value: now[key],
          show: String,
          input: v => change({ [key]: v }),
        });
      const weight = power("weight λ", "gpWeight", -1, 3);
      const bound = power("bound c", "clipValue", -3, 0);
      whole("critic steps", "nCritic", 1, 20);
      power("step size", "learningRate", -5, -2);
      whole("seed", "seed", 0, 9);
      pickMistake(sliders, mistake => change({ mistake }));
      const say = announcer(box);
      const pen = map.handle({
        label: "Pen: arrow keys move it, Enter sets a point",
        kind: "real",
        step: [0.1, 0.1],
        move: (x, y) => placePen(x, y),
      });

      const send = employ(engine, look => {
        newest = look;
        requestAnimationFrame(seeNewest);
      }, box);

      function seeNewest() {
        if (!newest) return;
        const look = newest;
        newest = null;
        box.looked = look;
        const before = looks.length ? looks[looks.length - 1].step : -1;
        if (look.step < before) [looks, rest] = [[], ENOUGH];
        if (look.step === before) looks.pop();
        looks.push(look);
        if (looks.length > KEPT) looks = looks.filter((_, i) => i % 2 === 0);
        refresh();
        if (look.step >= rest && wanted) {
          wanted = false;
          move();
        }
        send({ saw: true });
      }

      function refresh() {
        const look = looks[looks.length - 1];
        if (!look || !wide) return;
        const cleared = now.law === "drawn" && !points.length; // the last law holds until a point is set
        paint(canvas, size, cleared ? { ...look, real: [] } : look, ink);
        drawChart(chart, chart.width, looks, now.way);
        show({
          "train-step": String(look.step),
          "train-w1": num(look.w1),
          "train-estimate": num(look.estimate),
          "train-slope": num(look.slope, 2),
        });
        say(`Step ${look.step}: exact distance ${num(look.w1)}, estimate ${num(look.estimate)}.`);
      }

      function change(changes) {
        Object.assign(now, changes);
        box.settings = { ...now };
        if ("way" in changes) offer();
        send({ set: changes });
      }

      // A control that the objective does not ask for keeps its place, so that nothing moves.
      function offer() {
        const clips = now.way === "clip";
        weight.row.hidden = clips;
        bound.row.hidden = !clips;
        weight.track.disabled = now.way === "gan";
        const own = now.law === "drawn";
        clear.disabled = !own;
        board.classList.toggle("drawing", own);
        pen.node.style.display = own ? "" : "none";
      }

      // It runs while it is wanted and can be seen.
      function move() {
        const run = wanted && near && !document.hidden;
        go.textContent = wanted ? "Pause" : "Start";
        send({ run });
      }

      // ---- A law of the reader's own: points set by a finger, a mouse or the keyboard ----
      function chooseLaw(law) {
        now.law = law;
        offer();
        if (law === "drawn") drawPoints(points.length ? points : letter.flat());
        else change({ law });
      }
      function drawPoints(list) {
        points = list;
        if (points.length) change({ law: "drawn", points });
        else refresh();
      }
      const edge = v => Math.min(LIMIT - 0.1, Math.max(0.1 - LIMIT, v));
      function placePen(x, y) {
        pen.place(edge(x), edge(y), `at ${num(edge(x), 1)}, ${num(edge(y), 1)}`);
      }
      function spot(event) {
        const at = board.getBoundingClientRect();
        const k = (2 * LIMIT) / size;
        return [edge((event.clientX - at.left) * k - LIMIT), edge(LIMIT - (event.clientY - at.top) * k)];
      }
      function add([x, y]) {
        const [a, b] = points.slice(-2);
        placePen(x, y);
        if (!(Math.hypot(x - a, y - b) < 0.05)) drawPoints([...points, x, y].slice(-2 * POINTS));
      }
      pen.node.addEventListener("keydown", event => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        add(pen.at);
      });
      board.addEventListener("pointerdown", event => {
        if (now.law !== "drawn") return;
        drawing = true;
        board.setPointerCapture(event.pointerId);
        event.preventDefault();
        add(spot(event));
      });
      board.addEventListener("pointermove", event => drawing && add(spot(event)));
      for (const end of ["pointerup", "pointercancel"])
        board.addEventListener(end, () => {
          drawing = false;
        });

      offer();
      box.settings = { ...now };
      send({ start: { ...now } });
      new IntersectionObserver(
        ([seen]) => {
          near = seen.isIntersecting;
          move();
        },
        { threshold: 0.2 },
      ).observe(row);
      document.addEventListener("visibilitychange", move);

      return w => {
        wide = w;
        ink = colours();
        const inner = w - 34;
        const narrow = inner < 500;
        size = narrow ? Math.min(inner, 380) : Math.floor((inner - 20) / 2);
        row.style.gridTemplateColumns = narrow ? "100%" : `${size}px 1fr`;
        const limits = { from: -LIMIT, to: LIMIT, bare: true };
        const frame = { width: size, height: size, left: 0, right: 0, top: 0, bottom: 0 };
        map.frame({ ...frame, x: limits, y: limits });
        placePen(...pen.at);
        drawChart(chart, narrow ? inner : inner - size - 20, looks, now.way);
        refresh();
      };
    },
  });

  function pickMistake(parent, input) {
    const select = el("select", { id: "live-mistake" });
    for (const [key, text] of Object.entries(MISTAKES)) select.append(el("option", { value: key }, text));
    select.addEventListener("change", () => input(select.value));
    parent.append(el("div.live-pick", {}, el("label", { for: "live-mistake" }, "mistake"), select));
  }
})();
