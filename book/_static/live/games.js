// Three games on the ring of eight, looked at every few steps and played back.
(() => {
  const { el, num, range, slider, choice, readout, announcer, Panel, relief, inks } = live;
  const GROUND = {
    GAN: "D's estimate of JS (nats)",
    WGAN: "1000 × critic's estimate",
    "WGAN-GP": "critic's estimate",
  };
  const SCALE = { GAN: 1, WGAN: 1000, "WGAN-GP": 1 };

  live.define("games", {
    label: "Training of a GAN, a WGAN and a WGAN-GP on the ring of eight Gaussians, played back",
    needs: "games",
    build(box, { side, limit, reach, steps, real, games }) {
      const points = text => Array.from(live.bytes(text), v => ((v / 255) * 2 - 1) * reach);
      const reals = points(real);
      const names = Object.keys(games);
      const last = steps.length - 1;
      for (const g of Object.values(games)) {
        g.fakes = points(g.fake);
        g.maps = live.bytes(g.scores);
      }
      let at = last;
      let seen = "WGAN-GP";
      box.append(
        el(
          "p.live-hint",
          {},
          "Real points are blue, fakes vermilion; the stronger the shade, the higher the critic's score. " +
            "Below each map, over the generator's steps: exact W₁ dashed, what the critic says solid.",
        ),
      );
      const pick = el("div");
      box.append(pick);
      choice(pick, {
        label: "Game",
        options: Object.fromEntries(names.map(n => [n, n])),
        value: seen,
        input: key => {
          seen = key;
          draw();
        },
      });
      const row = el("div.live-grid");
      box.append(row);
      const cells = names.map(name => {
        const cell = el("div.live-game");
        const title = el("p.live-title", {}, name);
        cell.append(title);
        row.append(cell);
        const map = relief(cell, `${name}: samples and critic`);
        const chart = new Panel(cell, `${name}: exact distance and estimate`);
        const show = readout(cell, {
          [`${name}-w1`]: ["exact W₁", "quiet"],
          [`${name}-estimate`]: ["estimate", "quiet"],
          [`${name}-modes`]: ["modes", "quiet"],
        });
        return { name, cell, map, chart, show };
      });
      const foot = el("div.live-foot");
      box.append(foot);
      const player = live.player(foot, {
        from: () => at,
        to: last,
        every: 130,
        step: v => {
          at = v;
          draw();
        },
      });
      const time = slider(foot, {
        label: "step",
        min: 0,
        max: last,
        step: 1,
        value: at,
        show: i => String(steps[i]),
        input: v => {
          player.stop();
          at = v;
          draw();
        },
      });
      const say = announcer(box);

      let [wide, ink] = [0, null];
      function draw(w) {
        if (w) [wide, ink] = [w, inks()]; // a new width or a new theme
        const inner = wide - 34;
        const narrow = inner < 500;
        const size = narrow ? Math.min(inner, 330) : Math.floor((inner - 32) / 3);
        pick.hidden = !narrow;
        row.style.gridTemplateColumns = narrow ? "100%" : "repeat(3, 1fr)";
        const told = [];
        for (const { name, cell, map, chart, show } of cells) {
          cell.hidden = narrow && name !== seen;
          const g = games[name];
          if (!cell.hidden) {
            drawMap(g, map, size);
            drawChart(name, g, chart, narrow ? inner : size);
          }
          show({
            [`${name}-w1`]: num(g.w1[at], 2),
            [`${name}-estimate`]: num(g.estimate[at], name === "WGAN" ? 4 : 2),
            [`${name}-modes`]: `${g.modes[at]} of 8`,
          });
          told.push(`${name}: exact ${num(g.w1[at])}, ${g.modes[at]} modes`);
        }
        time.set(at);
        say(`Step ${steps[at]}. ${told.join("; ")}.`);
      }

      // What lies beyond the map is not drawn; the canvas ends there.
      function drawMap(g, map, size) {
        const each = g.fakes.length / steps.length;
        const scores = g.maps.subarray(at * side * side, (at + 1) * side * side);
        map.paint(size, limit, {
          values: Float32Array.from(scores, v => v / 255),
          side,
          shade: ink.shade,
          lines: [[range(10).map(i => (i + 0.5) / 10), ink.text, 0.45]],
          clouds: [
            [g.fakes.slice(at * each, (at + 1) * each), 2.4, ink.fake, ink.panel],
            [reals, 1.8, ink.real, ink.panel],
          ],
        });
      }

      function drawChart(name, g, chart, width) {
        chart.frame({
          width,
          height: 118,
          left: 26,
          right: 6,
          top: 22,
          bottom: 38,
          x: { from: 0, to: steps[last], ticks: [0, 400, 800], label: "generator step" },
          y: { from: -0.3, to: 2.4, ticks: [0, 1, 2] },
        });
        chart.line(
          [
            [steps[at], -0.3],
            [steps[at], 2.4],
          ],
          "quiet",
          { "stroke-width": 1 },
        );
        chart.line(
          g.estimate.map((v, i) => [steps[i], Math.max(-0.3, Math.min(2.4, v * SCALE[name]))]),
          "critic",
        );
        chart.line(
          g.w1.map((v, i) => [steps[i], v]),
          "truth",
        );
        chart.dot(steps[at], g.w1[at], "truth", 4.5);
        chart.add(el("text.word.critic", { x: 26, y: 12 }, GROUND[name]));
      }
      return draw;
    },
  });
})();
