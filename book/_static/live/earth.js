// Piles and pits on a line. Sorting gives the cheapest plan; its cost is the area between two stairs.
(() => {
  const { el, clamp, num, readout, announcer, Panel } = live;
  const LINE = [-1, 10];
  const LEAST = 0.05;

  const sorted = law => law.toSorted((a, b) => a.at - b.at);

  // Fill pits from the left with piles from the left: [{from, to, mass}], no loads of no mass.
  function plan(piles, pits) {
    const x = sorted(piles).map(p => ({ ...p }));
    const y = sorted(pits).map(p => ({ ...p }));
    const loads = [];
    for (let i = 0, j = 0; i < x.length && j < y.length;) {
      const mass = Math.min(x[i].mass, y[j].mass);
      if (mass > 1e-9) loads.push({ from: x[i].at, to: y[j].at, mass });
      x[i].mass -= mass;
      y[j].mass -= mass;
      if (x[i].mass <= 1e-9) i++;
      else j++;
    }
    return loads;
  }

  // The distribution function as corners [place, mass at or left of it].
  function stairs(law) {
    let sum = 0;
    const corners = [[LINE[0], 0]];
    for (const { at, mass } of sorted(law)) corners.push([at, sum], [at, (sum += mass)]);
    return [...corners, [LINE[1], 1]];
  }

  // Words at [x, y] that would lie on each other: the lower of two stays, the other goes up.
  function apart(words, [wide, high] = [34, 15]) {
    const placed = [];
    for (const word of words.toSorted((a, b) => b.y - a.y)) {
      const meets = ({ x, y }) => Math.abs(x - word.x) < wide && Math.abs(y - word.y) < high;
      for (let other; (other = placed.find(meets));) word.y = other.y - high - 1;
      placed.push(word);
    }
    return placed;
  }

  function start() {
    const law = (...pairs) => pairs.map(([at, mass]) => ({ at, mass }));
    return { piles: law([0, 0.4], [3, 0.3], [6, 0.3]), pits: law([1, 0.3], [2, 0.4], [8, 0.3]) };
  }

  live.define("earth", {
    label: "Piles and pits to be moved, with the cheapest plan and its cost",
    build(box) {
      let state = start();
      box.append(
        el(
          "p.live-hint",
          {},
          "Drag the piles and the pits along the line, or up and down to change their mass; " +
            "the others of their kind make up for it.",
        ),
      );
      const scene = new Panel(box, "Piles, pits and the cheapest plan");
      const total = el("p.live-sum");
      box.append(total);
      const two = el("div.live-grid", {
        style:
          "grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); margin-top: 0.6rem",
      });
      box.append(two);
      const left = new Panel(two, "The two distribution functions and the area between them");
      const right = new Panel(two, "The two quantile functions and the area between them");
      const show = readout(box, {
        w1: ["W₁, cost of the plan", "truth"],
        area: ["area between the stairs", "truth"],
        far: ["longest journey", "truth"],
      });
      const row = el("div.live-row", { style: "margin-top: 0.6rem" });
      box.append(row);
      live.button(row, "Back to the start", () => {
        state = start();
        draw();
      });
      const say = announcer(box);

      // One mass is what its handle says; the others share the rest as they did before.
      function weigh(law, one, mass) {
        const others = law.filter(p => p !== one);
        const rest = others.reduce((sum, p) => sum + p.mass, 0);
        const most = 1 - LEAST * others.length;
        one.mass = clamp(Math.round(mass * 100) / 100, LEAST, most);
        others.forEach(p => {
          p.mass *= (1 - one.mass) / rest;
        });
        const poor = others.filter(p => p.mass < LEAST);
        poor.forEach(p => {
          p.mass = LEAST;
        });
        const rich = others.filter(p => !poor.includes(p));
        const share = 1 - one.mass - LEAST * poor.length;
        const sum = rich.reduce((s, p) => s + p.mass, 0);
        rich.forEach(p => {
          p.mass *= share / sum;
        });
      }
      const handles = [];
      for (const [side, kind, sign, word] of [
        ["piles", "fake", 1, "Pile"],
        ["pits", "real", -1, "Pit"],
      ])
        for (let i = 0; i < 3; i++)
          handles.push({
            side,
            i,
            sign,
            grip: scene.handle({
              label: `${word} ${i + 1}: place and mass`,
              kind,
              step: [0.1, 0.02],
              slack: 8,
              move(x, y) {
                const one = state[side][i];
                one.at = clamp(Math.round(10 * x) / 10, LINE[0] + 0.5, LINE[1] - 0.5);
                if (Math.abs(y - sign * one.mass) > 1e-9) weigh(state[side], one, sign * y);
                draw();
              },
            }),
          });

      let wide = 0;
      function draw(w = wide) {
        wide = w;
        const inner = w - 34;
        const loads = plan(state.piles, state.pits);
        const narrow = inner < 420;
        scene.frame({
          width: inner,
          height: narrow ? 250 : 280,
          left: 6,
          right: 6,
          top: 6,
          bottom: 36,
          x: { from: LINE[0], to: LINE[1], ticks: [0, 2, 4, 6, 8], label: "place (data units)" },
          y: { from: -0.62, to: 1.28 },
        });
        scene.line(
          [
            [LINE[0], 0],
            [LINE[1], 0],
          ],
          "quiet",
          { "stroke-width": 1 },
        );
        const bar = narrow ? 0.2 : 0.16;
        for (const [law, kind, sign] of [
          [state.piles, "fake", 1],
          [state.pits, "real", -1],
        ])
          for (const { at, mass } of law)
            scene.area(
              [
                [at - bar, 0],
                [at - bar, sign * mass],
                [at + bar, sign * mass],
                [at + bar, 0],
              ],
              kind,
              { "fill-opacity": 0.9 },
            );
        const top = at =>
          Math.max(0, ...state.piles.filter(p => Math.abs(p.at - at) < 1e-9).map(p => p.mass));
        const names = [];
        for (const { from, to, mass } of loads) {
          const bow = top(from) / 2 + 0.22 + (1 - Math.exp(-Math.abs(to - from) / 3));
          const [x1, x2] = [scene.X(from), scene.X(to)];
          const high = scene.Y(bow);
          scene.add(
            el("path.line.critic", {
              d: `M${x1} ${scene.Y(top(from))}C${x1} ${high} ${x2} ${high} ${x2} ${scene.Y(0) - 5}`,
              "stroke-width": 1.5 + 16 * mass,
              opacity: 0.55,
              "stroke-linecap": "butt",
            }),
          );
          scene.add(
            el("path.truth", { d: `M${x2} ${scene.Y(0)}l-5 -9h10z`, fill: "currentColor" }),
          );
          const y = (scene.Y(top(from)) + 6 * high + scene.Y(0)) / 8 - 5 - 8 * mass;
          names.push({ x: (x1 + x2) / 2, y, text: num(mass) });
        }
        for (const { x, y, text } of apart(names))
          scene.add(el("text.word.truth.halo", { x, y, "text-anchor": "middle" }, text));
        for (const { side, i, sign, grip } of handles) {
          const { at, mass } = state[side][i];
          grip.place(at, sign * mass, `at ${num(at, 1)}, mass ${num(mass)}`);
        }
        const cost = loads.reduce((sum, l) => sum + l.mass * Math.abs(l.to - l.from), 0);
        const terms = loads.map(l => `${num(l.mass)} · ${num(Math.abs(l.to - l.from), 1)}`);
        total.textContent = `${terms.join(" + ")} = ${num(cost, 3)}`;

        const [F, G] = [stairs(state.piles), stairs(state.pits)];
        const each = inner < 496 ? inner : (inner - 16) / 2;
        left.frame({
          width: each,
          height: 210,
          left: 46,
          top: 10,
          x: { from: LINE[0], to: LINE[1], ticks: [0, 2, 4, 6, 8], label: "place t (data units)" },
          y: {
            from: 0,
            to: 1.02,
            ticks: [
              [0, "0"],
              [0.5, "½"],
              [1, "1"],
            ],
            label: "mass at or left of t",
          },
        });
        right.frame({
          width: each,
          height: 210,
          left: 46,
          top: 10,
          x: {
            from: 0,
            to: 1.02,
            ticks: [
              [0, "0"],
              [0.5, "½"],
              [1, "1"],
            ],
            label: "rank q (mass)",
          },
          y: { from: LINE[0], to: LINE[1], ticks: [0, 2, 4, 6, 8], label: "place of rank q" },
        });
        const turned = corners => corners.map(([t, q]) => [q, t]).slice(1, -1);
        const area = between(F, G);
        left.area([...F, ...G.toReversed()], "critic", {
          "fill-opacity": 0.35,
          "fill-rule": "evenodd",
        });
        right.area([...turned(F), ...turned(G).toReversed()], "critic", {
          "fill-opacity": 0.35,
          "fill-rule": "evenodd",
        });
        for (const [corners, kind] of [
          [F, "fake"],
          [G, "real"],
        ]) {
          left.line(corners, kind);
          right.line(turned(corners), kind);
        }
        show({
          w1: num(cost, 3),
          area: num(area, 3),
          far: num(Math.max(...loads.map(l => Math.abs(l.to - l.from))), 1),
        });
        box.exact = { piles: state.piles, pits: state.pits, cost, area };
        say(`The cheapest plan costs ${num(cost, 3)}.`);
      }

      // Between two neighbouring corners both stairs are flat.
      function between(F, G) {
        const height = (stair, t) => stair.filter(([at]) => at <= t).at(-1)[1];
        const places = [...new Set([...F, ...G].map(([at]) => at))].toSorted((a, b) => a - b);
        return places
          .slice(1)
          .reduce(
            (sum, t, i) =>
              sum + (t - places[i]) * Math.abs(height(F, places[i]) - height(G, places[i])),
            0,
          );
      }
      return draw;
    },
  });
})();
