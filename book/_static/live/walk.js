// The stored generator of handwritten digits, run here: walks between latent vectors.
(() => {
  const { el, num, range, slider, choice, readout, announcer, colour, mix } = live;
  const FRAMES = 10;
  const ROWS = 4;

  // One layer: int8 weights times a scale and plus a bias for each channel that comes out.
  function unpack({ weight, scale, bias }, per) {
    const numbers = text => new Float32Array(live.bytes(text).buffer);
    const [w, s] = [new Int8Array(live.bytes(weight).buffer), numbers(scale)];
    return { w: Float32Array.from(w, (v, i) => v * s[per(i)]), bias: numbers(bias) };
  }

  function generator(stored) {
    const { latent, channels } = stored;
    const [a, b, c] = channels;
    const first = unpack(stored.layers[0], i => Math.floor(i / (16 * latent)));
    const up = [
      // kernel, channels in and out, side in and out; stride 2, padding 1
      { k: 3, cin: a, cout: b, h: 4, out: 7 },
      { k: 4, cin: b, cout: c, h: 7, out: 14 },
      { k: 4, cin: c, cout: 1, h: 14, out: 28 },
    ].map((shape, n) => ({
      ...shape,
      ...unpack(stored.layers[n + 1], i => Math.floor(i / shape.k ** 2) % shape.cout),
    }));

    return z => {
      let x = new Float32Array(16 * a);
      for (let o = 0; o < x.length; o++) {
        let sum = first.bias[o >> 4];
        for (let i = 0; i < latent; i++) sum += first.w[o * latent + i] * z[i];
        x[o] = Math.max(sum, 0);
      }
      for (const { k, cin, cout, h, out, w, bias } of up) {
        const y = new Float32Array(cout * out * out);
        for (let o = 0; o < cout; o++) y.fill(bias[o], o * out * out, (o + 1) * out * out);
        for (let i = 0; i < cin; i++)
          for (let p = 0; p < h * h; p++) {
            const v = x[i * h * h + p];
            if (v === 0) continue;
            const top = 2 * Math.floor(p / h) - 1;
            const left = 2 * (p % h) - 1;
            for (let o = 0; o < cout; o++)
              for (let r = 0; r < k; r++) {
                const row = top + r;
                if (row < 0 || row >= out) continue;
                for (let s = 0; s < k; s++) {
                  const col = left + s;
                  if (col >= 0 && col < out)
                    y[(o * out + row) * out + col] += v * w[((i * cout + o) * k + r) * k + s];
                }
              }
          }
        x = cout === 1 ? y.map(Math.tanh) : y.map(v => Math.max(v, 0));
      }
      return x; // 784 pixels in [−1, 1], 1 is ink
    };
  }

  const size = z => Math.hypot(...z);
  const line = (a, b, t) => a.map((v, i) => (1 - t) * v + t * b[i]);
  function circle(a, b, t) {
    const omega = Math.acos(a.reduce((sum, v, i) => sum + v * b[i], 0) / size(a) / size(b));
    return a.map(
      (v, i) => (Math.sin((1 - t) * omega) * v + Math.sin(t * omega) * b[i]) / Math.sin(omega),
    );
  }
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

  live.define("walk", {
    label: "Walks through the latent space of the trained generator of digits, which runs here",
    needs: "digits",
    build(box, stored) {
      const draw784 = generator(stored);
      const given = Array.from(new Float32Array(live.bytes(stored.ends).buffer));
      const vector = i => given.slice(i * stored.latent, (i + 1) * stored.latent);
      let ends = range(ROWS).map(i => [vector(i), vector(ROWS + i)]);
      let row = 0;
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
          draw(false);
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
          draw(false);
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
          draw();
        },
      });
      live.button(foot, "Other end points", () => {
        ends = range(ROWS).map(() => [0, 1].map(() => range(stored.latent).map(normal)));
        draw();
      });
      const show = readout(box, {
        length: ["length of z", "quiet"],
        shorter: ["shorter of the two ends", "quiet"],
      });
      const say = announcer(box);

      function paint(canvas, pixels, left = 0) {
        const [paper, ink] = [colour("--book-page"), colour("--book-text")];
        const pen = canvas.getContext("2d");
        const image = pen.createImageData(28, 28);
        pixels.forEach((v, i) => image.data.set([...mix(paper, ink, (v + 1) / 2), 255], 4 * i));
        pen.putImageData(image, left, 0);
      }
      let wide = 0;
      function draw(w = wide) {
        if (w !== false) {
          wide = w;
          split.style.gridTemplateColumns = w - 34 < 480 ? "100%" : "11rem 1fr";
          rows.forEach(({ canvas }, i) =>
            range(FRAMES).forEach(f => paint(canvas, draw784(path(i, f / (FRAMES - 1))), 28 * f)),
          );
        }
        const z = path(row, t);
        const pixels = draw784(z);
        paint(big, pixels);
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
