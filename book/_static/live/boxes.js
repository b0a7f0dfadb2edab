// Ten boxes of digits in an order of chance: what is in each? Then what the chapter's metrics say.
(() => {
  const { el, num, range, readout, announcer, button, inks, tint } = live;
  const SIDE = 28;
  const GAP = 2; // pixels between two pictures
  const METRICS = {
    frechet: ["Fréchet distance", 1],
    precision: ["precision", 2],
    recall: ["recall", 2],
    density: ["density", 2],
    coverage: ["coverage", 2],
    entropy: ["class entropy", 2],
    nearest: ["nearest training", 1],
    copies: ["copies (%)", 0],
    w1: ["batch W₁ − floor", 1],
    critic: ["critic", 2],
  };
  const SEEN = 4; // standard deviations of honest pairs; what lies nearer a metric does not tell apart
  const ALIKE = ["fresh digits", "no sevens", "unequal classes", "few repeated", "copied"];

  function shuffled(n) {
    const order = range(n);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  live.define("boxes", {
    label: "Guess which box is which: ten boxes of digits whose names are shown afterwards",
    needs: "boxes",
    build(box, { shown, boxes, pixels }) {
      const packed = live.bytes(pixels); // two grey levels a byte
      const level = i => ((packed[i >> 1] >> (i & 1 ? 4 : 0)) & 15) / 15;
      const last = boxes.length - 1;
      let order = shuffled(boxes.length);
      let at = 0;
      let guesses = []; // names, of the boxes so far

      box.append(
        el(
          "p.live-hint",
          {},
          "Ten boxes stand here in an order of chance. What is in this one? Choose a name; then " +
            "its own is shown, with what the ten metrics of this chapter say of 2,500 of its pictures.",
        ),
      );
      const title = el("p.live-title");
      const canvas = el("canvas.live-box", { role: "img" });
      const names = el("div.live-names", { role: "group", "aria-label": "What is in this box?" });
      box.append(title, canvas, names);
      const buttons = boxes.map(({ name }) => button(names, name, event => guess(name, event)));
      const foot = el("div.live-row.live-verdict");
      box.append(foot);
      const verdict = el("p.live-sum");
      foot.append(verdict);
      const next = button(foot, "Next box", event => go(event));
      const show = readout(
        box,
        Object.fromEntries(Object.entries(METRICS).map(([key, [label]]) => [key, [label, "quiet"]])),
      );
      const numbers = box.querySelector(".live-values");
      numbers.classList.add("live-ten");
      const after = el("p.live-hint.live-after");
      box.append(after);
      const say = announcer(box);

      const answered = () => guesses.length > at;
      const right = list => list.filter(([i, name]) => boxes[order[i]].name === name).length;
      const score = () => right([...guesses.entries()]);

      function guess(name, event) {
        const taken = order.slice(0, at).some(i => boxes[i].name === name);
        if (answered() || taken) return;
        guesses.push(name);
        draw();
        if (event.detail === 0) next.focus(); // by a key, which goes on from there
      }

      function go(event) {
        if (!answered()) return;
        at += 1;
        if (at > last) [order, at, guesses] = [shuffled(boxes.length), 0, []];
        draw();
        if (event.detail === 0) buttons[0].focus();
      }

      function words() {
        if (!answered()) return "Your guess?";
        const { name } = boxes[order[at]];
        return name === guesses[at] ? `Right: ${name}.` : `No, this is: ${name}.`;
      }

      function summary() {
        if (at < last || !answered())
          return "Worse or better: than fresh digits, by over four standard deviations of honest pairs.";
        const alike = right(
          [...guesses.entries()].filter(([i]) => ALIKE.includes(boxes[order[i]].name)),
        );
        const luck = ALIKE.length + ALIKE.reduce((sum, _, i) => sum + 1 / (i + 1), 0);
        return (
          `${score()} of ten: ${score() - alike} of the five faults that show, ${alike} of the five ` +
          "boxes that look alike. Who sees the first and guesses the others, without the names " +
          `shown before, gets ${num(luck, 1)} in the mean.`
        );
      }

      let wide = 0;
      function draw(w = wide) {
        wide = w;
        const here = boxes[order[at]];
        title.textContent = `Box ${at + 1} of ten; ${score()} right so far`;
        paint(w - 34 < 480 ? 6 : 9);
        canvas.setAttribute("aria-label", `The first ${shown} pictures of box ${at + 1}`);
        boxes.forEach(({ name }, i) => {
          const gone = order.slice(0, at + answered()).includes(i);
          buttons[i].setAttribute("aria-disabled", gone || answered());
          buttons[i].setAttribute("aria-pressed", answered() && guesses[at] === name);
          buttons[i].classList.toggle("gone", gone);
          buttons[i].classList.toggle("found", answered() && order[at] === i);
        });
        verdict.textContent = words();
        after.textContent = summary();
        next.textContent = at === last ? "Start again" : "Next box";
        next.setAttribute("aria-disabled", !answered());
        box.exact = { order: order.map(i => boxes[i].name), at, score: score() };
        tell(here);
        if (answered()) say(`${verdict.textContent} ${at === last ? after.textContent : ""}`);
      }

      function tell({ values, off }) {
        const told = {};
        for (const [key, [, digits]] of Object.entries(METRICS)) {
          const far = answered() ? off[key] : 0;
          const word = far > SEEN ? "worse" : far < -SEEN ? "better" : "";
          told[key] = answered() ? `${num(values[key], digits)} ${word}`.trim() : "–";
          const cell = numbers.querySelector(`[data-value="${key}"]`);
          cell.classList.toggle("worse", word === "worse");
          cell.classList.toggle("better", word === "better");
        }
        show(told);
      }

      function paint(columns) {
        const rows = Math.ceil(shown / columns);
        const step = SIDE + GAP;
        canvas.width = columns * step - GAP;
        canvas.height = rows * step - GAP;
        const { page, text } = inks();
        const pen = canvas.getContext("2d");
        for (let n = 0; n < shown; n++) {
          const image = pen.createImageData(SIDE, SIDE);
          const from = (order[at] * shown + n) * SIDE * SIDE;
          for (let i = 0; i < SIDE * SIDE; i++) tint(image, i, [page, text], level(from + i));
          pen.putImageData(image, (n % columns) * step, Math.floor(n / columns) * step);
        }
      }
      return draw;
    },
  });
})();
