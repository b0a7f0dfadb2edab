// Twenty-one critics of one pair of laws, trained once and stored: how is the slope limited, and how strongly?
(() => {
  const { el, num, range, slider, choice, readout, announcer, Panel, colour, mix } = live;
  const NAMES = { clipping: "clipping", "one-sided": "one-sided", "two-sided": "two-sided" };
  const SIGN = { clipping: "c", "one-sided": "λ", "two-sided": "λ" };

  live.define("critic", {
    label:
      "Critics under clipping and under two penalties, of any strength: surface, slope and estimate",
    needs: "critics",
    build(box, { side, limit, exact, critics, real, fake }) {
      const ways = Object.fromEntries(
        Object.keys(NAMES).map(way => [way, critics.filter(c => c.way === way)]),
      );
      const points = text => Array.from(live.bytes(text), v => ((v / 255) * 2 - 1) * 3.2);
      const [reals, fakes] = [points(real), points(fake)];
      for (const c of critics) {
        c.scores = live.bytes(c.scores);
        c.slopes = live.bytes(c.slopes);
      }
      let way = "one-sided";
      let at = 4;
      let what = "scores";
      box.append(
        el(
          "p.live-hint",
          {},
          "Choose how the slope is limited (by clipping, or by a one- or two-sided penalty) " +
            "and how strongly. All 21 critics have the same size, data and number of steps.",
        ),
      );
      const head = el("div.live-row");
      box.append(head);
      choice(head, {
        label: "Limit",
        options: NAMES,
        value: way,
        input: key => {
          way = key;
          draw();
        },
      });
      choice(head, {
        label: "Show",
        options: { scores: "score", slopes: "slope" },
        value: what,
        input: key => {
          what = key;
          draw();
        },
      });
      const split = el("div.live-split", { style: "margin-top: 0.7rem" });
      box.append(split);
      const map = new Panel(split, "The critic over the plane");
      const beside = el("div");
      split.append(beside);
      const dial = slider(beside, {
        label: "strength",
        min: 0,
        max: 6,
        step: 1,
        value: at,
        show: i => `${SIGN[way]} = ${ways[way][i].strength}`,
        input: v => {
          at = v;
          draw();
        },
      });
      const chart = new Panel(beside, "Estimate against strength, both axes logarithmic");
      const show = readout(box, {
        estimate: ["critic's estimate", "quiet"],
        exact: ["exact W₁", "quiet"],
        slope: ["mean slope, between", "quiet"],
        steepest: ["steepest slope seen", "quiet"],
      });
      const say = announcer(box);

      let wide = 0;
      function draw(w = wide) {
        wide = w;
        const inner = w - 34;
        const narrow = inner < 520;
        const size = Math.min(narrow ? inner : inner * 0.52, 360);
        split.style.gridTemplateColumns = narrow ? "100%" : `${size}px 1fr`;
        const one = ways[way][at];
        drawMap(one, size);
        drawChart(narrow ? inner : inner - size - 22);
        dial.set(at);
        show({
          estimate: num(one.estimate, 3),
          exact: num(exact, 3),
          slope: num(one.slope, 3),
          steepest: num(one.steepest, 3),
        });
        say(
          `${NAMES[way]}, ${SIGN[way]} ${one.strength}: estimate ${num(one.estimate, 3)}, ` +
            `exact ${num(exact, 3)}, steepest slope ${num(one.steepest, 3)}.`,
        );
      }

      function drawMap(one, size) {
        const limits = { from: -limit, to: limit };
        map.frame({
          width: size,
          height: size,
          left: 0,
          right: 0,
          top: 0,
          bottom: 0,
          x: { ...limits, bare: true },
          y: limits,
        });
        const values = Array.from(one[what], v => v / 255);
        const [page, grey] = [colour("--book-page"), colour("--book-critic")];
        live.shades(map, values, side, [page, mix(page, grey, 0.75)]);
        const edge = one.top > 1 && one.top < 40; // else the line would be a dot
        if (what === "scores")
          live.levels(
            map,
            values,
            side,
            range(14).map(i => (i + 0.5) / 14),
            "truth.faint.solid",
          );
        else if (edge) live.levels(map, values, side, [1 / one.top], "w1");
        for (const [list, kind] of [
          [fakes, "fake"],
          [reals, "real"],
        ])
          for (let i = 0; i < list.length; i += 2)
            if (Math.max(Math.abs(list[i]), Math.abs(list[i + 1])) < limit)
              map.dot(list[i], list[i + 1], kind, 2.6, { "stroke-width": 0.5 });
        const words =
          what === "scores"
            ? `score from ${num(one.low, 3)} to ${num(one.high, 3)}`
            : `slope from 0 to ${num(one.top, 2)}${edge ? "; green: slope 1" : ""}`;
        map.add(el("text.word.truth.halo", { x: 8, y: size - 9 }, words));
      }

      function drawChart(width) {
        const list = ways[way];
        const logs = list.map(c => Math.log10(c.strength));
        const ticks = (
          way === "clipping"
            ? [
                [0.003, "0.003"],
                [0.01, "0.01"],
                [0.03, "0.03"],
                [0.1, "0.1"],
              ]
            : [
                [0.1, "0.1"],
                [1, "1"],
                [10, "10"],
                [100, "100"],
              ]
        ).map(([v, t]) => [Math.log10(v), t]);
        chart.frame({
          width,
          height: 215,
          left: 52,
          right: 10,
          top: 10,
          bottom: 40,
          x: {
            from: logs[0] - 0.12,
            to: logs.at(-1) + 0.12,
            ticks,
            label: way === "clipping" ? "clipping bound c" : "penalty weight λ",
          },
          y: {
            from: -6,
            to: 3,
            ticks: [
              [-6, "10⁻⁶"],
              [-4, "10⁻⁴"],
              [-2, "0.01"],
              [0, "1"],
              [2, "100"],
            ],
            label: "estimate",
          },
        });
        const level = Math.log10(exact);
        chart.line(
          [
            [chart.x0, level],
            [logs.at(-1) + 0.12, level],
          ],
          "truth",
        );
        chart.text(logs.at(-1) + 0.12, level, "exact W₁", "truth.halo", { dy: 17, anchor: "end" });
        chart.line(
          list.map((c, i) => [logs[i], Math.log10(c.estimate)]),
          "critic",
        );
        list.forEach((c, i) =>
          chart.dot(
            logs[i],
            Math.log10(c.estimate),
            i === at ? "truth" : "critic",
            i === at ? 6.5 : 4,
          ),
        );
      }
      return draw;
    },
  });
})();
