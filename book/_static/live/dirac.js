// The Dirac-GAN of chapter 5: a game of two numbers, with its start, its rule and its steps to choose.
(() => {
  const { el, num, range, clamp, slider, choice, button, readout, announcer, Panel } = live;
  const LIMIT = 2.2; // half the width of the portrait, in data units and in slopes
  const STEPS = 500;
  const LOST = 1e6; // farther out than this nothing comes back
  const far = v => num(v, v < 100 ? 3 : 0);
  const sigma = x => 1 / (1 + Math.exp(-x));

  // The velocities of the place θ and of the slope s, the strength of what holds the critic, `pull`
  // of each player on the other at rest, and what damps the slope there.
  const GAMES = {
    minimax: {
      name: "minimax",
      pull: 0.5,
      field: (x, s) => [s * sigma(s * x), -x * sigma(s * x)],
    },
    "non-saturating": {
      name: "non-saturating",
      pull: 0.5,
      field: (x, s) => [s * sigma(-s * x), -x * sigma(s * x)],
    },
    r1: {
      name: "minimax with R1",
      pull: 0.5,
      strength: "γ",
      damping: gamma => gamma,
      field: (x, s, gamma) => [s * sigma(s * x), -x * sigma(s * x) - gamma * s],
    },
    wgan: { name: "WGAN", pull: 1, field: (x, s) => [s, -x] },
    clipped: { name: "WGAN, clipped", pull: 1, strength: "c", field: (x, s) => [s, -x] },
    gp: {
      name: "WGAN-GP",
      pull: 1,
      strength: "λ",
      damping: weight => 2 * weight,
      field: (x, s, weight) => [s, -x - 2 * weight * (Math.abs(s) - 1) * Math.sign(s)],
    },
  };
  const RULES = { turns: "alternating", once: "simultaneous" };
  const STRENGTHS = {
    γ: { label: "R1, γ", min: 0, max: 1, step: 0.05, value: 0.3 },
    c: { label: "bound c", min: 0.05, max: 1, step: 0.05, value: 0.3 },
    λ: { label: "weight λ", min: 0.05, max: 1, step: 0.05, value: 0.5 },
  };

  // One generator step with its n critic steps.
  function move({ game, rule, h, n, strength }, [x, s]) {
    const { field } = GAMES[game];
    const bound = game === "clipped" ? strength.c : Infinity;
    const power = strength[GAMES[game].strength];
    const critic = by => clamp(s + by * field(x, s, power)[1], -bound, bound);
    const before = x + h * field(x, s, power)[0];
    if (rule === "once") return [before, critic(n * h)];
    for (let k = 0; k < n; k++) s = critic(h);
    return [x + h * field(x, s, power)[0], s];
  }

  function orbit(now) {
    const path = [now.start];
    while (path.length <= STEPS && Math.hypot(...path.at(-1)) < LOST)
      path.push(move(now, path.at(-1)));
    return path;
  }

  // The largest absolute eigenvalue of such a step near the rest point, by trace and determinant,
  // and whether the eigenvalues are complex, so that the step turns.
  function modulus({ game, rule, h, n, strength }) {
    const { pull, damping = () => 0, strength: which } = GAMES[game];
    const [a, g] = [h * pull, h * damping(strength[which])];
    let [c, d] = [-n * a, 1 - n * g]; // the critic's row of the matrix; the generator's is (1, a)
    if (rule === "turns") {
      [c, d] = [0, 1];
      for (let k = 0; k < n; k++) [c, d] = [c * (1 - g) - a, d * (1 - g)];
    }
    const [trace, det] = rule === "turns" ? [1 + a * c + d, d] : [1 + d, d - a * c];
    const root = trace ** 2 / 4 - det;
    return root < 0 ? [Math.sqrt(det), true] : [Math.abs(trace / 2) + Math.sqrt(root), false];
  }

  // What the modulus says here, in less than a line of a phone.
  function meaning({ game }, m, turns) {
    const [below, above] = [m < 1 - 1e-9, m > 1 + 1e-9];
    if (game === "clipped" && !below)
      return above ? "Above 1: it grows to its bounds." : "Within its bounds it goes round.";
    if (game === "gp" && below)
      return turns ? "It turns across s = 0 and circles." : "Below 1: it can rest at θ = ±2λ.";
    if (below) return "Below 1: it settles at its rest.";
    return above ? "Above 1: it leaves its rest point." : "1 by itself decides nothing.";
  }

  live.define("dirac", {
    label: "A GAN of two numbers to drag: its orbit, and the modulus of its steps",
    build(box) {
      const now = {
        game: "minimax",
        rule: "turns",
        h: 0.2,
        n: 1,
        start: [1, 1],
        strength: Object.fromEntries(Object.entries(STRENGTHS).map(([k, v]) => [k, v.value])),
      };
      let at = STEPS;
      box.append(
        el(
          "p.live-hint",
          {},
          "Drag the hollow point: where the fakes start, and with which slope of the score. " +
            "Arrows are the directions of one turn of both players.",
        ),
      );
      choice(box, {
        label: "Game",
        options: Object.fromEntries(Object.entries(GAMES).map(([key, { name }]) => [key, name])),
        value: now.game,
        input: game => change({ game }),
      });
      const rules = el("div.live-row", { style: "margin-top: 0.5rem" });
      box.append(rules);
      choice(rules, {
        label: "Steps",
        options: RULES,
        value: now.rule,
        input: rule => change({ rule }),
      });
      button(rules, "Back to the start", () => change({ start: [1, 1] }));
      const split = el("div.live-split", { style: "margin-top: 0.6rem" });
      box.append(split);
      const map = new Panel(split, "Place of the fakes and slope of the score");
      const beside = el("div");
      split.append(beside);
      const show = readout(beside, {
        modulus: ["step modulus", "quiet"],
        now: ["exact W₁ now", "quiet"],
        late: ["largest, last 100 turns", "quiet"],
      });
      const sum = el("p.live-sum");
      beside.append(sum);
      const chart = new Panel(beside, "Distance r of the orbit from the centre against turns");
      const sliders = el("div.live-sliders");
      box.append(sliders);
      slider(sliders, {
        label: "step size h",
        min: 0.02,
        max: 0.5,
        step: 0.02,
        value: now.h,
        input: h => change({ h }),
      });
      slider(sliders, {
        label: "critic steps n",
        min: 1,
        max: 5,
        step: 1,
        value: now.n,
        show: n => num(n, 0),
        input: n => change({ n }),
      });
      const strengths = Object.entries(STRENGTHS).map(([key, about]) => {
        const input = v => change({ strength: { ...now.strength, [key]: v } });
        return [key, slider(sliders, { ...about, input })];
      });
      const foot = el("div.live-foot");
      box.append(foot);
      const player = live.player(foot, {
        from: () => at,
        to: STEPS,
        every: 40,
        step: v => {
          at = v;
          draw();
        },
      });
      const time = slider(foot, {
        label: "turn",
        min: 0,
        max: STEPS,
        step: 1,
        value: at,
        show: k => num(k, 0),
        input: k => {
          player.stop();
          at = k;
          draw();
        },
      });
      const say = announcer(box);
      const knob = map.handle({
        label: "Start: place of the fakes and slope of the score",
        kind: "fake.hollow",
        step: [0.05, 0.05],
        move: (x, s) => change({ start: [x, s].map(v => clamp(v, 0.1 - LIMIT, LIMIT - 0.1)) }),
      });

      let path = orbit(now);
      function change(what) {
        Object.assign(now, what);
        path = orbit(now);
        draw();
      }

      let wide = 0;
      function draw(w = wide) {
        wide = w;
        const inner = w - 34;
        const narrow = inner < 520;
        const size = Math.floor(narrow ? Math.min(inner, 360) : Math.min(inner * 0.5, 350));
        split.style.gridTemplateColumns = narrow ? "100%" : `${size}px 1fr`;
        const [m, turns] = modulus(now);
        drawMap(size);
        drawChart(narrow ? inner : inner - size - 22, m, narrow);
        for (const [key, { row, enable }] of strengths) {
          const mine = GAMES[now.game].strength;
          row.hidden = key !== (mine ?? "γ"); // one stands there in every game, so that none moves
          enable(key === mine);
        }
        time.set(at);
        const here = path[Math.min(at, path.length - 1)];
        const late = Math.max(...path.slice(-100).map(([x]) => Math.abs(x)));
        box.exact = { path, modulus: m, late };
        const gone = path.length <= STEPS;
        show({
          modulus: num(m, 5),
          now: far(Math.abs(here[0])),
          late: gone ? "over 10⁶" : far(late),
        });
        sum.textContent = meaning(now, m, turns);
        const words = `${GAMES[now.game].name}, ${RULES[now.rule]}: step modulus ${num(m, 5)}.`;
        say(`${words} ${sum.textContent}`);
      }

      function drawMap(size) {
        const limits = { from: -LIMIT, to: LIMIT, ticks: [-2, -1, 0, 1, 2] };
        map.frame({
          width: size,
          height: size,
          left: 40,
          right: 2,
          top: 2,
          bottom: 40,
          x: { ...limits, label: "place θ of the fakes" },
          y: { ...limits, label: "slope s of the score" },
        });
        arrows(size);
        const half = [-LIMIT, LIMIT];
        map.line(half.map(s => [0, s]), "truth"); // the data
        map.text(0, LIMIT, "data", "truth.halo", { dx: 5, dy: 14 });
        const { c, λ } = now.strength;
        if (now.game === "clipped")
          for (const s of [-c, c]) map.line(half.map(x => [x, s]), "quiet", { "stroke-width": 1 });
        // What leaves the portrait is cut off: a drawing in the drawing hides what is outside of it.
        const frame = [map.left, 2, size - map.left - 2, size - 42];
        const [x, y, width, height] = frame;
        const inside = map.add(el("svg", { x, y, width, height, viewBox: frame.join(" ") }));
        const seen = path.slice(0, at + 1).filter(p => Math.hypot(...p) < 20);
        const spot = (p, kind, r) =>
          inside.append(el(`circle.dot.${kind}`, { cx: map.X(p[0]), cy: map.Y(p[1]), r }));
        inside.append(
          el("path.line.fake.thin.faint", { d: map.trace(path.filter(p => Math.hypot(...p) < 20)) }),
          el("path.line.fake.thin", { d: map.trace(seen) }),
        );
        if (now.game === "gp") for (const way of [-1, 1]) spot([2 * way * λ, 0], "truth", 4);
        if (at < path.length) spot(path[at], "fake", 6);
        knob.place(...now.start, `θ ${num(now.start[0])}, s ${num(now.start[1])}`);
      }

      // Where a turn of both players would go, the critic's n steps counted n-fold.
      function arrows(size) {
        const { field, strength } = GAMES[now.game];
        const long = size / 42;
        const parts = [];
        for (const i of range(11))
          for (const j of range(11)) {
            const [x, s] = [i, j].map(k => 0.92 * LIMIT * (k / 5 - 1));
            const [dx, ds] = field(x, s, now.strength[strength]);
            const speed = Math.max(Math.hypot(dx, now.n * ds), 1e-9);
            const [a, b] = [(long * dx) / speed, (-long * now.n * ds) / speed];
            const [px, py] = [map.X(x), map.Y(s)];
            const to = (u, v) => `${(px + u).toFixed(1)} ${(py + v).toFixed(1)}`;
            if (a || b)
              parts.push(
                `M${to(-a, -b)}L${to(a, b)}M${to(0.1 * a + 0.5 * b, 0.1 * b - 0.5 * a)}` +
                  `L${to(a, b)}L${to(0.1 * a - 0.5 * b, 0.1 * b + 0.5 * a)}`,
              );
          }
        map.add(el("path.line.quiet.faint", { d: parts.join(""), "stroke-width": 1 }));
      }

      function drawChart(width, m, narrow) {
        const [low, high] = [-4, 1];
        chart.frame({
          width,
          height: narrow ? 160 : 190,
          left: 56,
          right: 12,
          top: 10,
          bottom: 40,
          x: { from: 0, to: STEPS, ticks: [0, 250, 500], label: "turns of both players" },
          y: {
            from: low,
            to: high,
            ticks: [
              [-4, "10⁻⁴"],
              [-2, "0.01"],
              [0, "1"],
            ],
            label: "distance r",
          },
        });
        const r = path.map(p => Math.hypot(...p));
        const seen = r.map((v, k) => [k, Math.max(Math.log10(v), low)]).filter(([, v]) => v <= high);
        chart.line(seen, "fake", { "stroke-width": 1.4 });
        const here = seen.find(([k]) => k === at);
        if (here) chart.dot(...here, "fake", 5);
        if (["clipped", "gp"].includes(now.game)) return; // bounds and other rest points act there
        const straight = range(STEPS + 1).map(k => [k, Math.log10(r[0] || 1e-9) + k * Math.log10(m)]);
        chart.line(straight.filter(([, v]) => v >= low && v <= high), "truth");
        const words = "dashed: a power of the modulus";
        chart.text(STEPS, high, words, "truth.halo", { dy: 12, anchor: "end" });
      }
      return draw;
    },
  });
})();
