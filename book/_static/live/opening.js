// The book's opening picture: a small WGAN-GP that trains in the page, over its own still picture.
(() => {
  const { el, num, button, readout, announcer, Panel, inks } = live;
  const ENOUGH = 1500; // generator steps; by then the fakes have found the ring
  const NARROW = 520; // pixels; then the chart stands below

  live.define("opening", {
    label: "A Wasserstein GAN with gradient penalty that trains here, beside the exact distance",
    code: ["product", "engine", "stage"],
    build(box, product, engine, { START, follow, paint, drawChart, words }) {
      const still = live.still();
      const board = el("div.live-board");
      const side = el("div.live-beside");
      const canvas = el("canvas", { "aria-hidden": "true" });
      board.append(canvas);
      const chart = new Panel(side, "Exact distance and the critic's estimate, step by step");
      const foot = el("div.live-told");
      const show = readout(foot, {
        "opening-step": ["step", "quiet"],
        "opening-w1": ["exact W₁", "quiet"],
        "opening-estimate": ["estimate", "quiet"],
      });
      show({ "opening-step": "–", "opening-w1": "–", "opening-estimate": "–" }); // their room
      const row = el("div.live-row");
      foot.append(row);
      const go = button(row, "Start", () => training.toggle());
      button(row, "Another seed", () => training.change({ seed: box.settings.seed + 1 }));
      box.append(board, side, foot);
      const say = announcer(box);
      let [ink, wide] = [inks(), 0];

      const training = follow(box, { product, engine }, {
        settings: START,
        place: board,
        enough: ENOUGH,
        see: refresh,
        go,
      });

      // For who asks for less motion the still picture of a trained pair shows through until it runs.
      function shown() {
        const looks = training.looks();
        return still && !looks[looks.length - 1]?.step ? [] : looks;
      }
      function refresh() {
        const looks = shown();
        const look = looks[looks.length - 1];
        if (!look || !wide) return;
        paint(canvas, board.clientWidth, look, ink);
        drawChart(chart, chart, looks, START.way);
        show({
          "opening-step": String(look.step),
          "opening-w1": num(look.w1),
          "opening-estimate": num(look.estimate),
        });
        say(words(look));
      }

      return w => {
        wide = w;
        ink = inks();
        chart.width = side.clientWidth;
        chart.height = w < NARROW ? 150 : board.clientWidth - foot.clientHeight - 4;
        drawChart(chart, chart, shown(), START.way);
        refresh();
      };
    },
  });
})();
