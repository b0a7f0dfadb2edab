// Two clouds in the plane. The best plan is solved here, and the fake cloud travels along it.
(() => {
  const { el, clamp, num, range, slider, choice, readout, announcer, Panel } = live;
  const N = 16;
  const LIMIT = 2.6;
  const GOLDEN = Math.PI * (3 - Math.sqrt(5));

  const at = (r, angle) => [r * Math.cos(angle), r * Math.sin(angle)];
  const start = () => ({
    // chapter 3 draws the same points
    fake: range(N)
      .map(k => at(1.2 * Math.sqrt((k + 0.5) / N), GOLDEN * k))
      .map(([x, y]) => [x - 0.5, y - 0.2]),
    real: range(N).map(k => at(1.8 + 0.4 * (k % 2), (Math.PI / 4) * Math.floor(k / 2))),
  });
  const length = ([a, b], [c, d]) => Math.hypot(a - c, b - d);

  // The assignment problem by shortest augmenting paths (Kuhn and Munkres), exact, O(n³).
  function best(x, y) {
    const n = x.length;
    const u = Array(n + 1).fill(0);
    const v = Array(n + 1).fill(0);
    const row = Array(n + 1).fill(0);
    for (let i = 1; i <= n; i++) {
      const least = Array(n + 1).fill(Infinity);
      const from = Array(n + 1).fill(0);
      const done = Array(n + 1).fill(false);
      let j = 0;
      row[0] = i;
      do {
        done[j] = true;
        let step = Infinity;
        let next = 0;
        for (let k = 1; k <= n; k++) {
          if (done[k]) continue;
          const slack = length(x[row[j] - 1], y[k - 1]) - u[row[j]] - v[k];
          if (slack < least[k]) {
            least[k] = slack;
            from[k] = j;
          }
          if (least[k] < step) {
            step = least[k];
            next = k;
          }
        }
        for (let k = 0; k <= n; k++) {
          if (done[k]) {
            u[row[k]] += step;
            v[k] -= step;
          } else least[k] -= step;
        }
        j = next;
      } while (row[j]);
      for (; j; j = from[j]) row[j] = row[from[j]];
    }
    const to = Array(n);
    for (let k = 1; k <= n; k++) to[row[k] - 1] = k - 1;
    return to;
  }

  function nearest(x, y) {
    const pairs = x
      .flatMap((p, i) => y.map((q, j) => [length(p, q), i, j]))
      .toSorted((a, b) => a[0] - b[0]);
    const to = Array(x.length);
    const taken = new Set();
    for (const [, i, j] of pairs)
      if (to[i] === undefined && !taken.has(j)) {
        to[i] = j;
        taken.add(j);
      }
    return to;
  }
  const price = (x, y, to) => x.reduce((sum, p, i) => sum + length(p, y[to[i]]), 0) / x.length;

  live.define("plan", {
    label: "Two clouds of points to be moved, the plan between them, and the journey along it",
    build(box) {
      const START = { way: "best", t: 0.5 };
      let clouds = start();
      let { way, t } = START;
      box.append(
        el(
          "p.live-hint",
          {},
          "Drag any point; the plan is solved again. The slider moves the fake cloud along the arrows. " +
            "A point on its way takes its start along.",
        ),
      );
      const split = el("div.live-split");
      box.append(split);
      const map = new Panel(split, "The two clouds and the plan");
      const side = el("div");
      split.append(side);
      const plans = choice(side, {
        label: "Plan",
        options: { best: "best", nearest: "nearest first" },
        value: way,
        input: key => {
          way = key;
          draw();
        },
      });
      const time = slider(side, {
        label: "time t",
        min: 0,
        max: 1,
        step: 0.01,
        value: t,
        input: v => {
          t = v;
          draw();
        },
      });
      const show = readout(side, {
        cost: ["cost of this plan", "quiet"],
        w1: ["W₁, the least cost", "quiet"],
        paid: ["paid so far, t · cost", "quiet"],
        now: ["W₁ from the start to here", "quiet"],
      });
      const row = el("div.live-row", { style: "margin-top: 0.8rem" });
      side.append(row);
      live.button(row, "Back to the start", () => {
        clouds = start();
        ({ way, t } = START);
        plans.querySelector(`[value="${way}"]`).checked = true;
        draw();
      });
      const say = announcer(box);
      const handles = [];
      for (const [cloud, word] of [
        ["real", "Real"],
        ["fake", "Fake"],
      ])
        for (const i of range(N))
          handles.push([
            cloud,
            i,
            map.handle({
              label: `${word} point ${i + 1} of ${N}; Page Up and Page Down choose another`,
              kind: cloud,
              group: cloud,
              step: [0.05, 0.05],
              move(x, y) {
                clouds[cloud][i] = [clamp(x, -LIMIT, LIMIT), clamp(y, -LIMIT, LIMIT)];
                draw();
              },
            }),
          ]);

      // A point on its way is dragged as its start is: that moves by as much as makes the point follow.
      // It is made after the handles, and so lies above them.
      const travellers = range(N).map(i => {
        const dot = el("circle.dot.fake.traveller", { r: 5.5 });
        map.front.append(dot);
        let from = null;
        const spot = ({ clientX, clientY }) => [clientX / map.kx, -clientY / map.ky];
        dot.addEventListener("touchstart", event => event.preventDefault(), { passive: false });
        dot.addEventListener("pointerdown", event => {
          from = { grip: spot(event), start: clouds.fake[i], share: Math.max(1 - t, 0.25) };
          dot.setPointerCapture(event.pointerId);
          event.preventDefault();
        });
        dot.addEventListener("pointermove", event => {
          if (!from) return;
          const to = spot(event);
          const move = k => from.start[k] + (to[k] - from.grip[k]) / from.share;
          clouds.fake[i] = [0, 1].map(k => clamp(move(k), -LIMIT, LIMIT));
          draw();
        });
        for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
          dot.addEventListener(end, () => {
            from = null;
          });
        return dot;
      });

      let wide = 0;
      function draw(w = wide) {
        wide = w;
        const { fake, real } = clouds;
        const inner = w - 34;
        const size = Math.min(inner < 520 ? inner : inner * 0.58, 400);
        split.style.gridTemplateColumns = inner < 520 ? "100%" : `${size}px 1fr`;
        const limits = { from: -LIMIT, to: LIMIT };
        map.frame({
          width: size,
          height: size,
          left: 4,
          right: 4,
          top: 4,
          bottom: 4,
          x: { ...limits, bare: true },
          y: limits,
        });
        const to = (way === "best" ? best : nearest)(fake, real);
        const here = fake.map((p, i) => p.map((c, k) => (1 - t) * c + t * real[to[i]][k]));
        fake.forEach((p, i) => arrow(p, real[to[i]]));
        here.forEach(([x, y], i) => {
          travellers[i].setAttribute("cx", map.X(x));
          travellers[i].setAttribute("cy", map.Y(y));
          const near = length([x, y], real[to[i]]) * map.kx < 12; // then the real point is meant
          travellers[i].style.pointerEvents = near ? "none" : "";
        });
        for (const [cloud, i, handle] of handles) {
          const [x, y] = clouds[cloud][i];
          handle.place(x, y, `${num(x)}, ${num(y)}`);
        }
        map.svg.classList.toggle("under-way", t > 0);
        const cost = price(fake, real, to);
        const w1 = price(fake, real, best(fake, real));
        const now = price(fake, here, best(fake, here));
        show({ cost: num(cost, 3), w1: num(w1, 3), paid: num(t * cost, 3), now: num(now, 3) });
        time.set(t);
        box.exact = { fake, real, here, cost, w1, now };
        say(
          `This plan costs ${num(cost, 3)}, the best one ${num(w1, 3)}; ` +
            `at time ${num(t)} the distance from the start is ${num(now, 3)}.`,
        );
      }

      function arrow(p, q) {
        const [x1, y1, x2, y2] = [map.X(p[0]), map.Y(p[1]), map.X(q[0]), map.Y(q[1])];
        const far = Math.hypot(x2 - x1, y2 - y1);
        if (far < 12) return;
        const [a, b] = [(x2 - x1) / far, (y2 - y1) / far];
        const [ex, ey] = [x2 - 9 * a, y2 - 9 * b];
        const left = `${ex - 6 * a - 3.5 * b} ${ey - 6 * b + 3.5 * a}`;
        const right = `${ex - 6 * a + 3.5 * b} ${ey - 6 * b - 3.5 * a}`;
        map.add(
          el("path.line.critic", {
            d: `M${x1} ${y1}L${ex} ${ey}M${left}L${ex} ${ey}L${right}`,
            "stroke-width": 1.4,
            opacity: 0.8,
          }),
        );
      }
      return draw;
    },
  });
})();
