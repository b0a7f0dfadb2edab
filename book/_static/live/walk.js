// The stored generator of handwritten digits, run here: walks between latent vectors.
(() => {
  const { el, num, range, slider, choice, readout, announcer, inTurn } = live;
  const FRAMES = 10;
  const ROWS = 4;
  const ALL = range(ROWS * FRAMES); // the small digits, row after row

  const size = z => Math.hypot(...z);
  const line = (a, b, t) => a.map((v, i) => (1 - t) * v + t * b[i]);
  function circle(a, b, t) {
    const omega = Math.acos(a.reduce((sum, v, i) => sum + v * b[i], 0) / size(a) / size(b));
    return a.map(
      (v, i) => (Math.sin((1 - t) * omega) * v + Math.sin(t * omega) * b[i]) / Math.sin(omega),
    );
  }

  live.define("walk", {
    label: "Walks through the latent space of the trained generator of digits, which runs here",
    needs: "walk",
    code: ["product", "conv"],
    build(box, stored, product, { generator, paint, vectors, normals }) {
      const draw784 = generator(stored, product());
      const given = vectors(stored.ends, stored.latent);
      let ends = range(ROWS).map(i => [given[i], given[ROWS + i]]);
      let row = 1; // a nought that becomes a seven
      let t = 0.5;
      let way = "circle";
      const path = (i, s) => (way === "circle" ? circle : line)(...ends[i], s);
      box.append(
        el(
          "p.live-hint",
          {},
          "Choose a row and walk along it. Every digit is drawn here and now by the generator " +
            "of 10,000 steps, 92,641 weights at eight bits each.",
        ),
      );
      const split = el("div.live-split");
      box.append(split);
      const big = el("canvas.live-digit", { width: 28, height: 28, role: "img" });
      const strips = el("div.live-strips", {
        role: "group",
        "aria-label": "Four walks of ten digits",
      });
      split.append(big, strips);
      const rows = range(ROWS).map(i => {
        const canvas = el("canvas", { width: 28 * FRAMES, height: 28 });
        const press = el("button", { type: "button", "aria-label": `Walk ${i + 1}` }, canvas);
        press.addEventListener("click", event => {
          row = i;
          if (event.detail) {
            const r = canvas.getBoundingClientRect();
            t = Math.min(
              1,
              Math.max(0, (((event.clientX - r.left) / r.width) * FRAMES - 0.5) / (FRAMES - 1)),
            );
          }
          draw(wide, []);
        });
        strips.append(press);
        return { press, canvas };
      });
      const position = slider(box, {
        label: "position t",
        min: 0,
        max: 1,
        step: 0.01,
        value: t,
        input: v => {
          t = v;
          draw(wide, []);
        },
      });
      const foot = el("div.live-row", { style: "margin-top: 0.4rem" });
      box.append(foot);
      choice(foot, {
        label: "Path",
        options: { circle: "great circle", line: "straight line" },
        value: way,
        input: key => {
          way = key;
          draw(wide, ALL);
        },
      });
      live.button(foot, "Other end points", () => {
        ends = range(ROWS).map(() => [0, 1].map(() => normals(stored.latent)));
        draw(wide, ALL);
      });
      const show = readout(box, {
        length: ["length of z", "quiet"],
        shorter: ["shorter of the two ends", "quiet"],
      });
      const say = announcer(box);

      let ink = live.inks();
      function small(k) {
        const [i, f] = [Math.floor(k / FRAMES), k % FRAMES];
        paint(rows[i].canvas, draw784(path(i, f / (FRAMES - 1))), ink, 28 * f);
      }
      const soon = inTurn(ALL.length, small);
      let wide = 0;
      function draw(w, which) {
        ink = live.inks();
        if (which) soon(which);
        else {
          wide = w;
          split.style.gridTemplateColumns = w - 34 < 480 ? "100%" : "11rem 1fr";
          ALL.forEach(small);
        }
        const z = path(row, t);
        const pixels = draw784(z);
        paint(big, pixels, ink);
        box.exact = { z, pixels: Array.from(pixels) };
        big.setAttribute("aria-label", `The digit at ${num(t)} of walk ${row + 1}`);
        rows.forEach(({ press }, i) => {
          press.setAttribute("aria-pressed", i === row);
          press.style.setProperty("--at", (0.5 + t * (FRAMES - 1)) / FRAMES);
        });
        position.set(t);
        const shorter = Math.min(...ends[row].map(size));
        show({ length: num(size(z), 2), shorter: num(shorter, 2) });
        say(`Walk ${row + 1} at ${num(t)}: length ${num(size(z), 1)}.`);
      }
      return draw;
    },
  });
})();
