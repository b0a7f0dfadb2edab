// A Wasserstein GAN that trains in the page, with all that can be changed on the way.
(() => {
  const { el, num, range, slider, choice, button, readout, announcer, Panel, inks } = live;
  const ENOUGH = 3000; // generator steps from a start to a rest: nobody may be watching any more
  const POINTS = 600; // that a reader draws, the last ones
  const LAWS = { ring: "ring", grid: "grid", moons: "two moons", drawn: "yours" };
  const WAYS = {
    gan: "GAN",
    clip: "WGAN, clipped",
    "two-sided": "GP, two-sided",
    "one-sided": "GP, one-sided",
  };
  // What the list says, and for which objectives it is a mistake.
  const GP = ["two-sided", "one-sided"];
  const MISTAKES = {
    none: ["none"],
    unbounded: ["penalty or clipping forgotten", ["clip", ...GP]],
    norm: ["one norm for the whole batch", GP],
    real: ["penalty at the real points only", GP],
    up: ["both scores pushed up", ["clip", ...GP]],
    sign: ["the generator's sign turned"],
  };

  // ---- The figure -----------------------------------------------------------------------------------

  // Something to begin with for who draws: the letter W.
  const letter = range(61).map(i => {
    const t = (4 * i) / 60;
    const fold = Math.abs((t % 2) - 1); // 1 at the three tops, 0 at the two feet
    return [-1.5 + 0.75 * t, (t > 1 && t < 3 ? 1.5 : 2.2) * fold - 1.1];
  });

  live.define("train", {
    label: "A GAN, a WGAN or a WGAN-GP that trains here, beside the exact distance",
    code: ["product", "engine", "stage"],
    build(box, product, engine, { LIMIT, START, follow, paint, drawChart, words }) {
      const now = { ...START };
      let points = letter.flat();
      let ink = inks();
      let [drawing, size, wide] = [false, 0, 0];

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
      const row = el("div.live-grid.live-training");
      const board = el("div.live-board");
      const side = el("div");
      row.append(board, side);
      box.append(row);
      const canvas = el("canvas", { "aria-hidden": "true" });
      board.append(canvas);
      const clear = button(board, "Clear the map", () => drawPoints([]));
      const map = new Panel(board, "Points, the critic's scores and its slopes");
      const chart = new Panel(side, "Exact distance and the critic's estimate");
      chart.height = 226;
      const show = readout(side, {
        "train-step": ["step", "quiet"],
        "train-w1": ["exact W₁", "quiet"],
        "train-estimate": ["estimate", "quiet"],
        "train-slope": ["mean slope", "quiet"],
      });
      const foot = el("div.live-row.live-foot");
      side.append(foot);
      const go = button(foot, "Start", () => training.toggle());
      button(foot, "Step", () => training.step());
      button(foot, "Restart", () => change({ seed: now.seed }));
      const kinds = el("div.live-row.live-ways");
      box.append(kinds);
      choice(kinds, { label: "Objective", options: WAYS, value: now.way, input: way => change({ way }) });
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
      const mistakes = pickMistake(sliders, mistake => change({ mistake }));
      const say = announcer(box);
      const pen = map.handle({
        label: "Pen: arrow keys move it, Enter sets a point",
        kind: "real",
        step: [0.1, 0.1],
        move: (x, y) => placePen(x, y),
      });

      const training = follow(box, { product, engine }, {
        settings: now,
        place: row,
        enough: ENOUGH,
        see: refresh,
        go,
      });

      function refresh() {
        const looks = training.looks();
        const look = looks[looks.length - 1];
        if (!look || !wide) return;
        const cleared = now.law === "drawn" && !points.length; // the last law holds until a point is set
        paint(canvas, size, cleared ? { ...look, real: [] } : look, ink);
        drawChart(chart, chart, looks, now.way);
        show({
          "train-step": String(look.step),
          "train-w1": num(look.w1),
          "train-estimate": num(look.estimate),
          "train-slope": num(look.slope, 2),
        });
        say(words(look));
      }

      function change(changes) {
        Object.assign(now, changes);
        if ("way" in changes) offer();
        if (mistakes.selectedOptions[0].disabled) {
          mistakes.value = "none";
          Object.assign(changes, { mistake: "none" });
        }
        training.change(changes);
      }

      // A control that the objective does not ask for keeps its place, so that nothing moves.
      function offer() {
        const clips = now.way === "clip";
        weight.row.hidden = clips;
        bound.row.hidden = !clips;
        weight.enable(now.way !== "gan");
        for (const option of mistakes.options) {
          const [, ways = [now.way]] = MISTAKES[option.value];
          option.disabled = !ways.includes(now.way);
        }
        const own = now.law === "drawn";
        clear.hidden = !own;
        board.classList.toggle("drawing", own);
        pen.node.style.display = own ? "" : "none";
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
        if (now.law !== "drawn" || event.target === clear) return;
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

      return w => {
        wide = w;
        ink = inks();
        const inner = w - 34;
        const narrow = inner < 500;
        size = narrow ? Math.min(inner, 380) : Math.floor((inner - 20) / 2);
        row.style.gridTemplateColumns = narrow ? "100%" : `${size}px 1fr`;
        const limits = { from: -LIMIT, to: LIMIT, bare: true };
        const frame = { width: size, height: size, left: 0, right: 0, top: 0, bottom: 0 };
        map.frame({ ...frame, x: limits, y: limits });
        placePen(...pen.at);
        chart.width = narrow ? inner : inner - size - 20;
        drawChart(chart, chart, training.looks(), now.way);
        refresh();
      };
    },
  });

  function pickMistake(parent, input) {
    const select = el("select", { id: "live-mistake" });
    for (const [key, [text]] of Object.entries(MISTAKES)) select.append(el("option", { value: key }, text));
    select.addEventListener("change", () => input(select.value));
    parent.append(el("div.live-pick", {}, el("label", { for: "live-mistake" }, "mistake"), select));
    return select;
  }
})();
