// Twenty-one critics of one pair of laws, trained once and stored: how is the slope limited, and how strongly?
(() => {
  const { el, num, range, slider, choice, readout, announcer, Panel, relief, inks } = live;
  const NAMES = { clipping: "clipping", "one-sided": "one-sided", "two-sided": "two-sided" };
  const SIGN = { clipping: "c", "one-sided": "λ", "two-sided": "λ" };

  // Clipped critics are wrong by powers of ten, penalised ones by factors: each sees its own.
  const logs = pairs => pairs.map(([v, text]) => [Math.log10(v), text]);
  const ESTIMATES = {
    clipping: {
      from: -6,
      to: 3,
      ticks: logs([[1e-6, "10⁻⁶"], [1e-4, "10⁻⁴"], [0.01, "0.01"], [1, "1"], [100, "100"]]),
    },
    penalty: {
      from: Math.log10(0.3),
      to: Math.log10(8),
      ticks: logs([[0.3, "0.3"], [0.5, "0.5"], [1, "1"], [2, "2"], [5, "5"]]),
    },
  };

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
      const map = relief(split, "The critic over the plane");
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

      let [wide, ink] = [0, null];
      function draw(w) {
        if (w) [wide, ink] = [w, inks()]; // a new width or a new theme
        const inner = wide - 34;
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
        const edge = one.top > 1 && one.top < 40; // else the line would be a dot
        const heights = range(14).map(i => (i + 0.5) / 14);
        const levels = what === "scores" ? [heights, ink.text, 0.45] : [[1 / one.top], ink.w1, 1];
        map.paint(size, limit, {
          values: Float32Array.from(one[what], v => v / 255),
          side,
          shade: ink.shade,
          lines: what === "scores" || edge ? [levels] : [],
          clouds: [
            [fakes, 2.6, ink.fake, ink.panel],
            [reals, 2.6, ink.real, ink.panel],
          ],
        });
        const words =
          what === "scores"
            ? `score from ${num(one.low, 3)} to ${num(one.high, 3)}`
            : `slope from 0 to ${num(one.top, 2)}${edge ? "; green: slope 1" : ""}`;
        map.panel.add(el("text.word.truth.halo", { x: 8, y: size - 9 }, words));
      }

      function drawChart(width) {
        const list = ways[way];
        const places = list.map(c => Math.log10(c.strength));
        const strengths =
          way === "clipping"
            ? [[0.003, "0.003"], [0.01, "0.01"], [0.03, "0.03"], [0.1, "0.1"]]
            : [[0.1, "0.1"], [1, "1"], [10, "10"], [100, "100"]];
        chart.frame({
          width,
          height: 215,
          left: 52,
          right: 10,
          top: 10,
          bottom: 40,
          x: {
            from: places[0] - 0.12,
            to: places.at(-1) + 0.12,
            ticks: logs(strengths),
            label: way === "clipping" ? "clipping bound c" : "penalty weight λ",
          },
          y: { ...ESTIMATES[way === "clipping" ? "clipping" : "penalty"], label: "estimate" },
        });
        const level = Math.log10(exact);
        chart.line(
          [
            [chart.x0, level],
            [places.at(-1) + 0.12, level],
          ],
          "truth",
        );
        const dy = way === "clipping" ? 17 : -7; // where no critic's estimate is
        chart.text(places.at(-1) + 0.12, level, "exact W₁", "truth.halo", { dy, anchor: "end" });
        chart.line(
          list.map((c, i) => [places[i], Math.log10(c.estimate)]),
          "critic",
        );
        list.forEach((c, i) =>
          chart.dot(
            places[i],
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
