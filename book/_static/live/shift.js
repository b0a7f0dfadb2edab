// Two laws on the line. KL, JS and W₁ of real and fake, and their slopes in the fake's shift.
(() => {
  const { el, clamp, num, space, slider, choice, readout, announcer, Panel } = live;
  const LOG2 = Math.log(2);
  const FAR = 8;
  const X = [-11, 11];
  const WIDTHS = [0.6, 3];

  // ∫ over the line by the midpoint rule, which for smooth bells is exact to rounding.
  function integral(f, low, high, n) {
    const h = (high - low) / n;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += f(low + (i + 0.5) * h);
    return sum * h;
  }
  const softplus = s => Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s)));
  function erf(x) {
    // series near zero, continued fraction (Lentz) far out
    const a = Math.abs(x);
    if (a < 2.5) {
      let term = a;
      let sum = a;
      for (let k = 1; Math.abs(term) > 1e-17 * sum; k++)
        sum += (term *= (-a * a) / k) / (2 * k + 1);
      return ((Math.sign(x) * 2) / Math.sqrt(Math.PI)) * sum;
    }
    let tail = 0;
    for (let k = 60; k > 0; k--) tail = k / 2 / (a + tail);
    return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + tail));
  }

  const bells = {
    density: (x, m, s) => Math.exp(-(((x - m) / s) ** 2) / 2) / (s * Math.sqrt(2 * Math.PI)),
    kl: (d, r, f) => [Math.log(f / r) + (r * r + d * d) / (2 * f * f) - 0.5, d / (f * f)],
    js(d, r, f, n = 1200) {
      const low = Math.min(-8 * r, d - 8 * f);
      const high = Math.max(8 * r, d + 8 * f);
      const logit = x => Math.log(f / r) + ((x - d) / f) ** 2 / 2 - (x / r) ** 2 / 2; // log p/q
      const p = x => this.density(x, 0, r);
      const q = x => this.density(x, d, f);
      const value = integral(
        x => p(x) * softplus(-logit(x)) + q(x) * softplus(logit(x)),
        low,
        high,
        n,
      );
      const slope =
        -integral(x => ((q(x) * (x - d)) / (f * f)) * softplus(logit(x)), low, high, n) / 2;
      return [LOG2 - value / 2, slope];
    },
    w1(d, r, f) {
      const a = Math.abs(f - r);
      if (a < 1e-9) return [Math.abs(d), d === 0 ? NaN : Math.sign(d)];
      const z = d / (a * Math.SQRT2);
      const e = erf(z);
      return [a * Math.sqrt(2 / Math.PI) * Math.exp(-z * z) + d * e, e];
    },
  };

  const half = s => Math.sqrt(3) * s; // half the width of a box whose standard deviation is s
  const boxes = {
    density: (x, m, s) => (Math.abs(x - m) <= half(s) ? 1 / (2 * half(s)) : 0),
    kl(d, r, f) {
      const room = half(f) - half(r) - Math.abs(d);
      return room < -1e-12 ? [Infinity, NaN] : [Math.log(f / r), room > 1e-12 ? 0 : NaN];
    },
    js(d, r, f) {
      const [a, b] = [half(r), half(f)];
      const p = 1 / (2 * a);
      const q = 1 / (2 * b);
      const lap = Math.max(0, Math.min(a, d + b) - Math.max(-a, d - b));
      const gain =
        p * Math.log((2 * p) / (p + q)) + q * Math.log((2 * q) / (p + q)) - (p + q) * LOG2;
      const sliding = Math.abs(d) > Math.abs(a - b) && Math.abs(d) < a + b;
      const corner = [Math.abs(a - b), a + b].some(at => Math.abs(Math.abs(d) - at) < 1e-9);
      return [LOG2 + (lap * gain) / 2, corner ? NaN : sliding ? (-Math.sign(d) * gain) / 2 : 0];
    },
    w1(d, r, f) {
      const a = Math.abs(half(f) - half(r));
      if (a < 1e-9) return [Math.abs(d), d === 0 ? NaN : Math.sign(d)];
      return Math.abs(d) >= a ? [Math.abs(d), Math.sign(d)] : [(d * d + a * a) / (2 * a), d / a];
    },
  };

  // A measure's curve over the shifts. The real law is even about 0, so a shift to the left is as far
  // as one to the right; 160 points an integral draw it to a thousandth of a pixel.
  function curveOf(law, key, real, fake) {
    const right = space(0, FAR, key === "js" && law === bells ? 49 : 161).map(d => [
      d,
      law[key](d, real, fake, 160)[0],
    ]);
    return [...right.slice(1).map(([d, v]) => [-d, v]).toReversed(), ...right];
  }

  const START = { d: 7, real: 1, fake: 1 };
  const TALL = 0.98; // of the upper panel, in units of density: bells below, arrows above
  const ROWS = { kl: 0.92, js: 0.83, w1: 0.74 }; // where a measure's arrow is
  const ARROW = 2.4; // data units for a slope of 1

  const MEASURES = [
    { key: "kl", name: "KL(real‖fake)", unit: "nats", top: 12, ticks: [0, 5, 10] },
    {
      key: "js",
      name: "JS",
      unit: "nats",
      top: 0.8,
      ticks: [
        [0, "0"],
        [LOG2, "log 2"],
      ],
    },
    { key: "w1", name: "W₁", unit: "data units", top: 9, ticks: [0, 4, 8] },
  ];

  live.define("shift", {
    label: "Two laws on the line to shift and to widen, with three measures of their unlikeness",
    build(box) {
      const state = { law: bells, ...START };
      box.append(
        el(
          "p.live-hint",
          {},
          "Drag the dots: sideways shifts the fake law, up and down makes a law narrow or wide. " +
            "Each arrow above it is how a measure would move it: downhill, as long as the slope " +
            "that is the heavy line in its curve.",
        ),
      );
      const head = el("div.live-row");
      box.append(head);
      choice(head, {
        label: "Laws",
        options: { bells: "bells", boxes: "boxes" },
        value: "bells",
        input: key => {
          state.law = key === "bells" ? bells : boxes;
          draw();
        },
      });
      live.button(head, "Back to the start", () => {
        Object.assign(state, START);
        draw();
      });
      const top = new Panel(box, "The two laws");
      const sliders = el("div.live-sliders");
      box.append(sliders);
      const set = (name, value) => {
        state[name] = value;
        draw();
      };
      const knobs = {
        d: slider(sliders, {
          label: "shift",
          kind: "fake",
          min: -FAR,
          max: FAR,
          step: 0.1,
          value: state.d,
          show: v => num(v, 1),
          input: v => set("d", v),
        }),
        fake: slider(sliders, {
          label: "width, fake",
          kind: "fake",
          min: WIDTHS[0],
          max: WIDTHS[1],
          step: 0.05,
          value: 1,
          input: v => set("fake", v),
        }),
        real: slider(sliders, {
          label: "width, real",
          kind: "real",
          min: WIDTHS[0],
          max: WIDTHS[1],
          step: 0.05,
          value: 1,
          input: v => set("real", v),
        }),
      };
      const three = el("div.live-three");
      box.append(three);
      const small = MEASURES.map(m => {
        const cell = el("div");
        three.append(cell);
        const show = readout(cell, {
          [m.key]: [m.name, m.key],
          [`${m.key}-slope`]: ["slope", m.key],
        });
        return { ...m, show, panel: new Panel(cell, `${m.name} against the shift`) };
      });
      const say = announcer(box);
      const peak = s => state.law.density(0, 0, s);
      const step = s => clamp(Math.round(20 * s) / 20, ...WIDTHS);
      const handles = {
        real: top.handle({
          label: "Real law: width",
          kind: "real",
          shape: "tall",
          step: [0, 0],
          move: (x, y, key) => resize("real", y, key),
        }),
        fake: top.handle({
          label: "Fake law: shift and width",
          kind: "fake",
          step: [0.1, 0],
          slack: 8,
          move(x, y, key) {
            state.d = clamp(Math.round(10 * x) / 10, -FAR, FAR);
            resize("fake", y, key);
          },
        }),
      };
      function resize(name, y, key) {
        // the peak of a law of width s is as high as that of width 1, over s
        const now = state[name];
        if (key) state[name] = step(now - 0.05 * key[1]);
        else if (Math.abs(y - peak(now)) > 1e-9) state[name] = step(peak(1) / Math.max(y, 0.01));
        draw();
      }

      // The curves do not change while the fake law is shifted.
      let [curves, curvesOf] = [{}, ""];
      function kept(key) {
        const { law, real, fake } = state;
        const of = [law === bells, real, fake].join();
        if (of !== curvesOf) [curves, curvesOf] = [{}, of];
        return (curves[key] ??= curveOf(law, key, real, fake));
      }

      // An arrow above the fake law: where a generator would move it, or that it would not.
      function pull(key, name, slope) {
        const [x, y] = [state.d, ROWS[key]];
        const end = clamp(x - ARROW * slope, X[0] + 0.3, X[1] - 0.3);
        const word = name.replace("(real‖fake)", "");
        const tail = state.d > 0 ? 1 : -1;
        top.text(x, y, word, `${key} halo`, {
          dx: 9 * tail,
          dy: 4.5,
          anchor: tail > 0 ? "start" : "end",
        });
        if (Number.isNaN(slope) || Math.abs(end - x) * top.kx < 3) top.dot(x, y, key, 3);
        else {
          const tip = Math.sign(x - end) * Math.min(7 / top.kx, Math.abs(x - end));
          const barb = 4.5 / top.ky;
          top.line([[x, y], [end, y]], key, { "stroke-width": 3 });
          top.line([[end + tip, y + barb], [end, y], [end + tip, y - barb]], key);
        }
      }

      let wide = 0;
      function draw(w = wide) {
        wide = w;
        const { law, d, real, fake } = state;
        const inner = w - 34;
        top.frame({
          width: inner,
          height: inner < 420 ? 185 : 215,
          left: 4,
          right: 4,
          top: 14,
          bottom: 36,
          x: { from: X[0], to: X[1], ticks: [-8, -4, 0, 4, 8], label: "x (data units)" },
          y: { from: 0, to: TALL },
        });
        for (const [m, s, kind] of [
          [0, real, "real"],
          [d, fake, "fake"],
        ]) {
          const curve =
            law === bells
              ? space(X[0], X[1], 221).map(x => [x, law.density(x, m, s)])
              : [
                  [X[0], 0],
                  [m - half(s), 0],
                  [m - half(s), peak(s)],
                  [m + half(s), peak(s)],
                  [m + half(s), 0],
                  [X[1], 0],
                ];
          top.area([[X[0], 0], ...curve, [X[1], 0]], kind);
          top.line(curve, kind);
        }
        handles.real.place(0, peak(real), `width ${num(real)}`);
        handles.fake.place(d, peak(fake), `shift ${num(d, 1)}, width ${num(fake)}`);
        box.exact = {}; // in full, for the tests
        const told = [];
        const narrow = inner < 480;
        three.classList.toggle("narrow", narrow);
        const cell = narrow ? inner - 103 : (inner - 32) / 3;
        for (const { key, name, unit, top: high, ticks, show, panel } of small) {
          panel.frame({
            width: cell,
            height: narrow ? 112 : 138,
            left: 42,
            right: 7,
            top: 8,
            bottom: 38,
            x: { from: -FAR, to: FAR, ticks: [-8, 0, 8], label: "shift" },
            y: { from: 0, to: high, ticks, label: unit },
          });
          const curve = kept(key);
          if (key === "js")
            panel.line(
              [
                [-FAR, LOG2],
                [FAR, LOG2],
              ],
              "truth",
            );
          let run = []; // pieces of the curve that are inside the frame
          for (const [x, y] of [...curve, [NaN, Infinity]]) {
            if (y <= high) {
              run.push([x, y]);
              continue;
            }
            if (run.length > 1) panel.line(run, key, { opacity: 0.55 });
            else if (run.length) panel.dot(...run[0], key, 3);
            run = [];
          }
          const [value, slope] = law[key](d, real, fake);
          pull(key, name, slope);
          if (value <= high) {
            if (!Number.isNaN(slope)) {
              const reach = 26 / Math.hypot(panel.kx, slope * panel.ky); // 26 pixels each way
              panel.line(
                [
                  [d - reach, value - slope * reach],
                  [d + reach, value + slope * reach],
                ],
                key,
                { "stroke-width": 4 },
              );
            }
            panel.dot(d, value, key, 5.5);
          } else
            panel.text(d, high, value === Infinity ? "∞" : "↑", `${key} halo`, {
              dy: 10,
              anchor: "middle",
            });
          const kink = Number.isNaN(slope) ? (value === Infinity ? "none" : "kink") : num(slope, 3);
          show({ [key]: num(value, 3), [`${key}-slope`]: kink });
          told.push(`${name} ${num(value, 2)}, slope ${kink}`);
          box.exact[key] = [value, slope];
        }
        for (const name in knobs) knobs[name].set(state[name]);
        say(`Shift ${num(d, 1)}: ${told.join("; ")}.`);
      }
      return draw;
    },
  });
})();
