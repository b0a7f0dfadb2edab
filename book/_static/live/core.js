// What the interactive figures share. Only pages that have one load it; see book/_ext/measured/live.py.
// A figure is `live.define(name, build)`: `build(box)` fills the box and returns `draw(width)`,
// which is called again when the width or the theme changes. Until then, without scripts and on
// paper, the still picture of the notebook stands in its place.
const live = (() => {
  const home = document.currentScript.src.replace(/core\.js.*$/, "");
  const known = {};
  const arrived = {};
  const DRAWN = new Set("svg g path line rect circle text tspan image".split(" "));

  function el(name, attributes = {}, ...children) {
    const [tag, ...classes] = name.split(".");
    const node = DRAWN.has(tag)
      ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag);
    if (classes.length) node.setAttribute("class", classes.join(" "));
    for (const [key, value] of Object.entries(attributes)) {
      if (/^(stroke|fill|opacity)/.test(key))
        node.style.setProperty(key, value); // above the style sheet's
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  }

  // ---- Numbers -------------------------------------------------------------------------------
  const clamp = (v, low, high) => Math.min(high, Math.max(low, v));
  const range = n => Array.from({ length: n }, (_, i) => i);
  const space = (a, b, n) => range(n).map(i => a + ((b - a) * i) / (n - 1));

  function num(v, digits = 2) {
    if (Number.isNaN(v)) return "–";
    if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
    const size = Math.abs(v);
    if (size !== 0 && (size < 0.5 * 10 ** -digits || size >= 1e5)) {
      const [m, e] = v.toExponential(1).split("e");
      const power = e.replace("+", "").replace(/./g, c => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
      return `${m.replace("-", "−")}·10${power}`;
    }
    return v
      .toFixed(digits)
      .replace(/^-(0\.?0*)$/, "$1")
      .replace("-", "−");
  }

  // ---- Parts made of HTML ----------------------------------------------------------------------
  let count = 0;

  function slider(parent, { label, min, max, step, value, show = num, kind = "", input }) {
    const id = `live-${++count}`;
    const track = el("input", { type: "range", id, min, max, step });
    const shown = el("span.live-shown");
    const row = el(
      `div.live-slider${kind && "." + kind}`,
      {},
      el("label", { for: id }, label),
      track,
      shown,
    );
    const set = v => {
      track.value = v;
      shown.textContent = show(+track.value);
      track.setAttribute("aria-valuetext", shown.textContent);
      track.style.setProperty("--done", `${(100 * (track.value - min)) / (max - min)}%`);
    };
    track.addEventListener("input", () => {
      set(track.value);
      input(+track.value);
    });
    const enable = on => {
      track.disabled = !on;
      row.classList.toggle("is-off", !on);
    };
    set(value);
    parent.append(row);
    return { set, row, enable };
  }

  function choice(parent, { label, options, value, input }) {
    const name = `live-${++count}`;
    const many = Object.keys(options).length > 2 ? ".of-many" : "";
    const set = el(`fieldset.live-choice${many}`, {}, el("legend", {}, label));
    for (const [key, text] of Object.entries(options)) {
      const radio = el("input", { type: "radio", name, value: key });
      radio.checked = key === value;
      radio.addEventListener("change", () => input(key));
      set.append(el("label", {}, radio, el("span", {}, text)));
    }
    parent.append(set);
    return set;
  }

  function button(parent, label, press) {
    const node = el("button.live-button", { type: "button" }, label);
    node.addEventListener("click", press);
    parent.append(node);
    return node;
  }

  // Values in words and numbers: `set({key: text})`. One sentence is said aloud once all is still.
  function readout(parent, entries) {
    const cells = {};
    const list = el("dl.live-values");
    for (const [key, [label, kind]] of Object.entries(entries)) {
      cells[key] = el("dd", { "data-value": key });
      list.append(el(`div${kind ? "." + kind : ""}`, {}, el("dt", {}, label), cells[key]));
    }
    parent.append(list);
    return values => {
      for (const key in values) cells[key].textContent = values[key];
    };
  }

  function announcer(parent) {
    const aloud = el("p.live-aloud", { "aria-live": "polite" });
    parent.append(aloud);
    let timer;
    let first = true;
    return sentence => {
      clearTimeout(timer);
      if (!first)
        timer = setTimeout(() => {
          aloud.textContent = sentence;
        }, 900);
      first = false;
    };
  }

  // ---- Parts that are drawn ----------------------------------------------------------------------
  class Panel {
    constructor(parent, label) {
      this.back = el("g");
      this.marks = el("g");
      this.front = el("g");
      this.svg = el(
        "svg.live-panel",
        { role: "group", "aria-label": label },
        this.back,
        this.marks,
        this.front,
      );
      parent.append(this.svg);
      this.handles = [];
    }

    // Sizes in pixels, ranges in data units; `x.ticks` are numbers or [number, text].
    // Axes that are asked for once more are left as they stand.
    frame({ width, height, x, y, left = 44, right = 8, top = 10, bottom = 40 }) {
      this.marks.replaceChildren();
      const asked = JSON.stringify([width, height, x, y, left, right, top, bottom]);
      if (asked === this.asked) return this;
      this.asked = asked;
      Object.assign(this, { width, height, left, top });
      this.x0 = x.from;
      this.kx = (width - left - right) / (x.to - x.from);
      this.y0 = y.to;
      this.ky = (height - top - bottom) / (y.to - y.from);
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.svg.setAttribute("width", width);
      this.svg.setAttribute("height", height);
      const base = height - bottom;
      const end = width - right;
      const mid = (left + end) / 2;
      const axis = [];
      const line = (x1, y1, x2, y2) => axis.push(el("line.axis", { x1, y1, x2, y2 }));
      const word = (px, py, text, anchor, extra = {}) =>
        axis.push(el("text.tick", { x: px, y: py, "text-anchor": anchor, ...extra }, text));
      const pairs = ticks => (ticks || []).map(t => (Array.isArray(t) ? t : [t, num(t, 0)]));
      if (!x.bare) line(left, base, end, base);
      for (const [v, text] of pairs(x.ticks)) {
        line(this.X(v), base, this.X(v), base + 4);
        word(this.X(v), base + 18, text, "middle");
      }
      if (y.ticks) line(left, top, left, base);
      for (const [v, text] of pairs(y.ticks)) {
        line(left - 4, this.Y(v), left, this.Y(v));
        word(left - 7, this.Y(v) + 4.5, text, "end");
      }
      if (x.label) word(mid, height - 4, x.label, "middle", { class: "name" });
      if (y.label)
        word(0, 0, y.label, "middle", {
          class: "name",
          transform: `translate(12 ${(top + base) / 2}) rotate(-90)`,
        });
      this.back.replaceChildren(...axis);
      return this;
    }

    X(v) {
      return this.left + (v - this.x0) * this.kx;
    }
    Y(v) {
      return this.top + (this.y0 - v) * this.ky;
    }
    add(node) {
      this.marks.append(node);
      return node;
    }
    trace(points) {
      return points
        .map(([x, y], i) => `${i ? "L" : "M"}${this.X(x).toFixed(2)} ${this.Y(y).toFixed(2)}`)
        .join("");
    }
    line(points, kind, more = {}) {
      return this.add(el(`path.line.${kind}`, { d: this.trace(points), ...more }));
    }
    area(points, kind, more = {}) {
      return this.add(el(`path.area.${kind}`, { d: this.trace(points) + "Z", ...more }));
    }
    dot(x, y, kind, r = 4, more = {}) {
      return this.add(el(`circle.dot.${kind}`, { cx: this.X(x), cy: this.Y(y), r, ...more }));
    }
    text(x, y, words, kind, { dx = 0, dy = 0, anchor = "start" } = {}) {
      return this.add(
        el(
          `text.word.${kind}`,
          { x: this.X(x) + dx, y: this.Y(y) + dy, "text-anchor": anchor },
          words,
        ),
      );
    }

    // A point to drag or to move with the arrow keys. `move(x, y, key)` gets where it should go, in
    // data units, and by a key also the way. A drag leaves the height alone for `slack` pixels.
    // Handles of one group share a tab stop; Page Up and Page Down go from one to the next.
    handle({ label, kind, move, step, group = null, shape = "both", slack = 0 }) {
      const node = el(
        `g.handle.${kind}.${shape}`,
        {
          tabindex: group && this.handles.some(h => h.group === group) ? -1 : 0,
          role: "slider",
          "aria-label": label,
          "aria-valuenow": 0,
        },
        el("circle.reach", { r: 14 }),
        el("circle.ring", { r: 11 }),
        el("circle.knob", { r: 6.5 }),
      );
      const one = {
        node,
        group,
        at: [0, 0],
        place: (x, y, says) => {
          one.at = [x, y];
          node.setAttribute(
            "transform",
            `translate(${this.X(x).toFixed(2)} ${this.Y(y).toFixed(2)})`,
          );
          node.setAttribute("aria-valuenow", (shape === "tall" ? y : x).toFixed(2));
          node.setAttribute("aria-valuetext", says);
        },
      };
      let grip = null;
      const spot = event => {
        const box = this.svg.getBoundingClientRect();
        return [(event.clientX - box.left) / this.kx, -(event.clientY - box.top) / this.ky];
      };
      // `touch-action` alone is not heeded on parts of an SVG: an upward drag would scroll the page.
      node.addEventListener("touchstart", event => event.preventDefault(), { passive: false });
      node.addEventListener("pointerdown", event => {
        const [x, y] = spot(event);
        grip = { x: one.at[0] - x, y: one.at[1] - y, from: one.at[1], loose: slack / this.ky };
        node.setPointerCapture(event.pointerId);
        node.classList.add("held");
        node.focus({ preventScroll: true });
        event.preventDefault();
      });
      node.addEventListener("pointermove", event => {
        if (!grip) return;
        const [x, y] = spot(event);
        if (Math.abs(y + grip.y - grip.from) > grip.loose) grip.loose = 0;
        move(x + grip.x, grip.loose ? grip.from : y + grip.y, null);
      });
      for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
        node.addEventListener(end, () => {
          grip = null;
          node.classList.remove("held");
        });
      node.addEventListener("keydown", event => {
        const far = event.shiftKey ? 5 : 1;
        const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[
          event.key
        ];
        const turn = { PageUp: -1, PageDown: 1 }[event.key];
        if (way) move(one.at[0] + way[0] * far * step[0], one.at[1] + way[1] * far * step[1], way);
        else if (turn && group) this.next(one, turn);
        else return;
        event.preventDefault();
      });
      this.front.append(node);
      this.handles.push(one);
      return one;
    }

    next(one, turn) {
      const group = this.handles.filter(h => h.group === one.group);
      const other = group[(group.indexOf(one) + turn + group.length) % group.length];
      one.node.setAttribute("tabindex", -1);
      other.node.setAttribute("tabindex", 0);
      other.node.focus();
    }
  }

  // ---- Colours for what is drawn pixel by pixel ---------------------------------------------------
  function colour(name) {
    const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return [1, 3, 5].map(i => parseInt(text.slice(i, i + 2), 16));
  }
  // All of a theme at once, and once: each question makes the browser work its styles out.
  const inksOf = {};
  const inks = () => (inksOf[document.documentElement.dataset.theme] ??= mixed());
  function mixed() {
    const names = ["page", "panel", "text", "real", "fake", "critic", "w1"];
    const ink = Object.fromEntries(names.map(name => [name, colour(`--book-${name}`)]));
    return { ...ink, shade: [ink.page, mix(ink.page, ink.critic, 0.75)] }; // of a critic's scores
  }
  const mix = (a, b, t) => a.map((v, i) => v + (b[i] - v) * t);
  // One of an image's pixels, as `mix`, without a list for each of thousands.
  function tint(image, pixel, [low, high], t) {
    for (let k = 0; k < 3; k++) image.data[4 * pixel + k] = low[k] + (high[k] - low[k]) * t;
    image.data[4 * pixel + 3] = 255;
  }

  // Shades of a square grid of values in [0, 1], row by row from below: a canvas of a pixel a value.
  function shaded(values, side, shade) {
    const canvas = el("canvas", { width: side, height: side });
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(side, side);
    for (let i = 0; i < values.length; i++) {
      const row = side - 1 - Math.floor(i / side);
      tint(image, row * side + (i % side), shade, clamp(values[i], 0, 1));
    }
    pen.putImageData(image, 0, 0);
    return canvas;
  }

  // Level lines of such a grid, by marching squares, from its upper left in squares.
  function levels(values, side, heights) {
    const path = new Path2D();
    for (const height of heights)
      for (let r = 0; r < side - 1; r++)
        for (let c = 0; c < side - 1; c++) {
          const i = r * side + c;
          const corner = [values[i], values[i + 1], values[i + side + 1], values[i + side]];
          const spots = [];
          for (let e = 0; e < 4; e++) {
            const [a, b] = [corner[e], corner[(e + 1) % 4]];
            if (a < height === b < height) continue;
            const t = (height - a) / (b - a);
            spots.push([[t, 0], [1, t], [1 - t, 1], [0, 1 - t]][e]);
          }
          spots.forEach(([x, y], s) => path[s % 2 ? "lineTo" : "moveTo"](c + x, side - 1 - r - y));
        }
    return path;
  }

  // Covers a square canvas, sharp on every screen, with such shades; returns its pen, in pixels of the page.
  function ground(canvas, size, values, side, shade) {
    const sharp = window.devicePixelRatio || 1;
    const pixels = Math.round(size * sharp);
    if (canvas.width !== pixels) canvas.width = canvas.height = pixels;
    canvas.style.width = canvas.style.height = `${size}px`;
    const pen = canvas.getContext("2d");
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    const cell = size / (side - 1); // a value sits at the middle of its square
    pen.drawImage(shaded(values, side, shade), -cell / 2, -cell / 2, size + cell, size + cell);
    return pen;
  }

  // A square map that is painted, since thousands of drawn parts would be slow. `panel` lies over it.
  function relief(parent, label) {
    const board = el("div.live-board");
    const canvas = el("canvas", { "aria-hidden": "true" });
    board.append(canvas);
    const panel = new Panel(board, label);
    parent.append(board);

    // `lines` are [heights, colour, opacity]; `clouds` are [points, radius, colour], later ones on top.
    function paint(size, limit, { values, side, shade, lines = [], clouds = [] }) {
      const x = { from: -limit, to: limit, bare: true };
      panel.frame({ width: size, height: size, left: 0, right: 0, top: 0, bottom: 0, x, y: x });
      const pen = ground(canvas, size, values, side, shade);
      const cell = size / (side - 1);
      pen.save();
      pen.scale(cell, cell);
      for (const [heights, ink, alpha] of lines) {
        pen.strokeStyle = `rgba(${ink}, ${alpha})`;
        pen.lineWidth = 1 / cell;
        pen.stroke(levels(values, side, heights));
      }
      pen.restore();
      for (const [points, r, ink, halo] of clouds) dots(pen, points, panel, r, ink, halo);
    }
    return { board, panel, paint };
  }

  // Points [x, y, x, y, …], with a halo below them all so that those in a heap do not hide each other.
  function dots(pen, points, { x0, y0, kx, ky }, r, ink, halo, edge = 0.8) {
    pen.fillStyle = `rgb(${ink})`;
    pen.strokeStyle = `rgb(${halo})`;
    pen.lineWidth = edge;
    pen.beginPath();
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = [(points[i] - x0) * kx, (y0 - points[i + 1]) * ky];
      pen.moveTo(x + r, y);
      pen.arc(x, y, r, 0, 2 * Math.PI);
    }
    pen.stroke();
    pen.fill();
  }

  // Does the jobs 0 … n − 1 again when they are due, each in its turn and a few a frame, so that what
  // is many does not hold up the next input. The list says which are due; none are done at once.
  function inTurn(n, job, milliseconds = 4) {
    const due = new Set();
    let next = 0;
    let asked = false;
    function some() {
      const end = performance.now() + milliseconds;
      do {
        while (!due.has(next)) next = (next + 1) % n;
        due.delete(next);
        job(next);
      } while (due.size && performance.now() < end);
      asked = due.size > 0;
      if (asked) requestAnimationFrame(some);
    }
    return list => {
      for (const i of list) due.add(i);
      if (due.size && !asked) requestAnimationFrame(some);
      asked = due.size > 0;
    };
  }

  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  // Moves a slider on by itself; whoever asks for less motion moves it by hand.
  function player(parent, { from, to, every, step }) {
    if (still()) return { stop() {} };
    let timer = null;
    const node = button(parent, "Play", () => (timer ? stop() : go()));
    function stop() {
      clearInterval(timer);
      timer = null;
      node.textContent = "Play";
    }
    function go() {
      let at = from();
      if (at >= to) step((at = 0));
      node.textContent = "Pause";
      timer = setInterval(() => {
        step(++at);
        if (at >= to) stop();
      }, every);
    }
    return { stop };
  }

  // ---- Data that come as scripts, because a page opened as a file may not fetch anything else ------
  // Each is asked for once; `take(name, content)` stands in the script and hands its content over.
  function data(name, folder = "data/") {
    const one = awaited(name);
    if (!one.asked) {
      const script = el("script", { src: `${home}${folder}${name}.js` });
      script.addEventListener("error", () => one.reject(new Error(`no data for ${name}`)));
      document.head.append(script);
      one.asked = true;
    }
    return one.promise;
  }
  function take(name, content) {
    awaited(name).asked = true;
    awaited(name).resolve(content);
  }
  function awaited(name) {
    if (!arrived[name]) {
      const one = { asked: false };
      one.promise = new Promise((resolve, reject) => Object.assign(one, { resolve, reject }));
      arrived[name] = one;
    }
    return arrived[name];
  }
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));

  // ---- Start ----------------------------------------------------------------------------------------
  function start(box, { build, label }, contents) {
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", label);
    const draw = build(box, ...contents);
    let width = 0;
    const again = () => {
      width = box.clientWidth;
      if (width > 150) draw(width);
      box.drawn = width; // for those who measure it
    };
    box.closest("figure").classList.add("has-live", "is-live");
    again();
    new ResizeObserver(() => {
      if (box.clientWidth !== width) again();
    }).observe(box);
    new MutationObserver(again).observe(document.documentElement, {
      attributeFilter: ["data-theme"],
    });
  }

  // What `build` gets after its box: the data that the figure `needs`, then what is in the scripts of
  // `code`, one name or several.
  const contents = ({ needs, code = [] }) =>
    Promise.all([...(needs ? [data(needs)] : []), ...[code].flat().map(name => data(name, ""))]);

  // Figures are built when they come near. One that cannot be gives its place back to the picture.
  const PATIENCE = 4000; // milliseconds that a reader looks at an empty box
  document.addEventListener("DOMContentLoaded", () => {
    for (const box of document.querySelectorAll("[data-live]")) {
      const figure = box.closest("figure");
      const one = known[box.dataset.live];
      const give = () => figure.classList.remove("has-live", "is-live");
      if (!one) {
        give();
        continue;
      }
      const watch = new IntersectionObserver(
        seen => {
          if (!seen.some(s => s.isIntersecting)) return;
          watch.disconnect();
          const late = setTimeout(give, PATIENCE);
          contents(one)
            .then(given => start(box, one, given))
            .catch(error => {
              give();
              console.warn(error.message);
            })
            .finally(() => clearTimeout(late));
        },
        { rootMargin: "600px" },
      );
      watch.observe(figure);
      addEventListener("beforeprint", () => {
        for (const image of figure.querySelectorAll("img")) image.loading = "eager";
      });
    }
  });

  return {
    define: (name, about) => {
      known[name] = about;
    },
    take,
    data,
    el,
    clamp,
    range,
    space,
    num,
    slider,
    choice,
    button,
    readout,
    announcer,
    Panel,
    colour,
    inks,
    tint,
    ground,
    relief,
    dots,
    inTurn,
    player,
    still,
    bytes,
  };
})();
