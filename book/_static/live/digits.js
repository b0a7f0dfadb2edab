// The stored generator of digits on demand, run here: one noise for ten demands, ten noises for one.
(() => {
  const { el, num, range, clamp, button, readout, announcer, inTurn, Panel } = live;
  const FAR = 3; // how far the two numbers may be moved, in standard deviations
  const ACROSS = range(10); // the small digits of this noise
  const ALONG = range(10).map(i => 10 + i); // and those of this demand

  // Ten digits to choose from, one stop of the tab key.
  function tens(parent, legend, names, input) {
    const set = el("fieldset.live-tens", {}, el("legend", {}, legend));
    const name = `live-${legend.replace(/\W+/g, "-")}`;
    parent.append(set);
    return names.map(([says, under], i) => {
      const canvas = el("canvas", { width: 28, height: 28, "aria-hidden": true });
      const radio = el("input", { type: "radio", name, value: i, "aria-label": says });
      radio.addEventListener("change", () => input(i));
      set.append(el("label", {}, radio, el("span", {}, canvas, under)));
      return { radio, canvas };
    });
  }

  live.define("digits", {
    label: "A generator that draws the digit you demand, here in the page, from a noise you can move",
    needs: "digits",
    code: ["product", "conv"],
    build(box, stored, product, { generator, paint, vectors, normals }) {
      const draw784 = generator(stored, product());
      const embed = vectors(stored.embed, stored.noise);
      let noises = vectors(stored.start, stored.noise);
      let demand = 7;
      let at = 0;
      const image = (digit, i) => draw784([...noises[i], ...embed[digit]]);

      box.append(
        el(
          "p.live-hint",
          {},
          "Choose a digit: the generator whose critic is told the demand draws it here and now. " +
            "Drag the point, and two of the twenty numbers of its noise change.",
        ),
      );
      const split = el("div.live-split.live-demand");
      box.append(split);
      const big = el("canvas.live-digit", { width: 28, height: 28, role: "img" });
      split.append(big);
      const pad = new Panel(split, "Two numbers of the noise");
      const beside = el("div");
      split.append(beside);
      const show = readout(beside, {
        obeys: ["this demand obeyed", "quiet"],
        else: ["else most often read as", "quiet"],
        length: ["length of the noise", "quiet"],
      });
      button(beside, "Ten other noises", () => {
        noises = range(10).map(() => normals(stored.noise));
        draw(wide, range(20));
      });
      const digits = tens(
        box,
        "Demand",
        range(10).map(i => [`Draw a ${i}`, String(i)]),
        i => {
          demand = i;
          draw(wide, ALONG);
        },
      );
      const others = tens(
        box,
        "Same demand, other noise",
        range(10).map(i => [`Noise ${i + 1}`, ""]),
        i => {
          at = i;
          draw(wide, ACROSS);
        },
      );
      const say = announcer(box);
      const knob = pad.handle({
        label: "Noise: its first two numbers",
        kind: "fake",
        step: [0.1, 0.1],
        move: (x, y) => {
          noises[at][0] = clamp(x, -FAR, FAR);
          noises[at][1] = clamp(y, -FAR, FAR);
          draw(wide, ACROSS);
        },
      });

      // The small ones: this noise under ten demands, then this demand of ten noises.
      let ink = live.inks();
      function small(i) {
        if (i < 10) paint(digits[i].canvas, image(i, at), ink);
        else paint(others[i - 10].canvas, image(demand, i - 10), ink);
      }
      const soon = inTurn(20, small);
      let wide = 0;
      function draw(w, which) {
        wide = w;
        const inner = w - 34;
        const narrow = inner < 480;
        const size = Math.floor(narrow ? Math.min((inner - 14) / 2, 132) : Math.min(inner * 0.3, 200));
        split.style.gridTemplateColumns = narrow ? `${size}px ${size}px` : `${size}px ${size}px 1fr`;
        beside.style.gridColumn = narrow ? "1 / -1" : "auto";
        for (const set of box.querySelectorAll(".live-tens"))
          set.style.gridTemplateColumns = `repeat(${narrow ? 5 : 10}, 1fr)`;
        drawPad(size);
        ink = live.inks();
        const [z, pixels] = [noises[at], image(demand, at)];
        for (const canvas of [big, digits[demand].canvas, others[at].canvas])
          paint(canvas, pixels, ink);
        if (which) soon(which.filter(i => i !== demand && i !== 10 + at));
        else range(20).forEach(small);
        digits[demand].radio.checked = others[at].radio.checked = true;
        big.setAttribute("aria-label", `What the generator draws for a ${demand}`);
        box.exact = { z: [...z], demand, pixels: Array.from(pixels) };
        tell(z);
      }

      function drawPad(size) {
        const limits = { from: -FAR - 0.3, to: FAR + 0.3 };
        pad.frame({
          width: size,
          height: size,
          left: 22,
          right: 0,
          top: 0,
          bottom: 22,
          x: { ...limits, label: "first number", bare: true },
          y: { ...limits, label: "second number" },
        });
        for (let r = 1; r <= FAR; r++)
          pad.add(
            el("circle.line.quiet.faint", {
              cx: pad.X(0),
              cy: pad.Y(0),
              r: r * pad.kx,
              "stroke-width": 1,
            }),
          );
        const [x, y] = noises[at];
        knob.place(x, y, `first number ${num(x, 1)}, second ${num(y, 1)}`);
      }

      // What the book's classifier read where this digit was demanded, in the stored run.
      function tell(z) {
        const read = stored.read[demand];
        const asked = read.reduce((sum, n) => sum + n, 0);
        const wrong = range(10).filter(i => i !== demand && read[i] > 0);
        const often = wrong.toSorted((i, j) => read[j] - read[i])[0];
        const share = `${num((100 * read[demand]) / asked, 1)} % of ${asked}`;
        const other = often === undefined ? "nothing else" : `${often}, ${read[often]} times`;
        show({ obeys: share, else: other, length: num(Math.hypot(...z)) });
        say(`A ${demand} is demanded; this demand is obeyed in ${share}.`);
      }
      return draw;
    },
  });
})();
