// A formula inside a line does not break; one that is wider than the line may be scrolled sideways.
// What can be scrolled can be by keyboard too. Parts of the page are measured when they come near:
// to lay out all of it at once keeps a phone busy for seconds.
(() => {
  const SCROLLS =
    "div.math > mjx-container, mjx-container.wide, pre, .cell_output > .output, " +
    ".pst-scrollable-table-container";
  const OVERHANG = 4; // pixels by which a slanted letter of a formula stands out; nothing is hidden
  const near = new Set();

  function measure(part) {
    const formulas = [...part.querySelectorAll("span.math > mjx-container")];
    formulas.forEach(formula => formula.classList.remove("wide"));
    const wide = formulas.filter(formula => {
      const block = formula.closest("p, li, td, dd, figcaption") || formula.parentElement;
      return formula.offsetWidth > block.clientWidth;
    });
    formulas.forEach(formula => formula.removeAttribute("tabindex"));
    wide.forEach(formula => formula.classList.add("wide"));
    const boxes = [...part.querySelectorAll(SCROLLS), ...(part.matches(SCROLLS) ? [part] : [])];
    const over = boxes.map(box => {
      const out = box.matches("mjx-container") ? OVERHANG : 0;
      return box.scrollWidth > box.clientWidth + out || box.scrollHeight > box.clientHeight + out;
    });
    boxes.forEach((box, i) => {
      if (over[i]) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  }
  const all = () => near.forEach(measure);
  const watch = new IntersectionObserver(
    seen => {
      for (const { target, isIntersecting } of seen) {
        if (!isIntersecting) near.delete(target);
        else {
          near.add(target);
          measure(target);
        }
      }
    },
    { rootMargin: "800px 0px" },
  );
  document.querySelectorAll(".bd-article > section > *").forEach(part => watch.observe(part));
  document.fonts.addEventListener("loadingdone", all);
  addEventListener("resize", all);
  addEventListener("toggle", event => measure(event.target), true);
})();

// Far sections are laid out when the reader comes near, the others one by one when there is nothing
// else to do: the page is then whole for those who print, copy or photograph it. A reader who comes
// back finds them as tall as they were, so that the place is the same; see `room` in html.py.
(() => {
  const SOON = 3000; // milliseconds after the page is there; until then the reader's hand comes first
  const late = [...document.querySelectorAll("section.drawn-late")];
  const idle = window.requestIdleCallback ?? (call => setTimeout(call, 200));
  function draw([next, ...others]) {
    if (!next) return;
    next.classList.add("is-drawn");
    idle(() => draw(others));
  }
  addEventListener("load", () => setTimeout(() => idle(() => draw(late)), SOON));
  addEventListener("pagehide", () => {
    const heights = late.map(section => section.getBoundingClientRect().height.toFixed(2));
    const rules = late.map(
      ({ id }, i) => `#${CSS.escape(id)} { contain-intrinsic-height: auto ${heights[i]}px }`,
    );
    sessionStorage.setItem(`room ${location.pathname}`, rules.join("\n"));
  });
})();

// A reader who comes back finds the line that stood at the top. The browser restores a number of pixels,
// which leads elsewhere where sections above are laid out only now, or figures have not started.
(() => {
  const KEY = `line ${location.pathname}`;
  const FRAMES = 30; // in which a page comes to rest, unless the reader moves it
  const lines = () =>
    [...document.querySelectorAll(".bd-article :is(p, h2, h3, li, pre)")].filter(
      line => !line.closest("[data-live]"), // a figure's own words come when it starts
    );
  const top = line => line.getBoundingClientRect().y;

  addEventListener("pagehide", () => {
    const all = lines();
    const at = all.findIndex(l => l.checkVisibility({ contentVisibilityAuto: true }) && top(l) >= 0);
    sessionStorage.setItem(KEY, JSON.stringify(at < 0 || scrollY === 0 ? null : [at, top(all[at])]));
  });

  addEventListener("load", () => {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    const [{ type }] = performance.getEntriesByType("navigation");
    const line = kept && type !== "navigate" && lines()[kept[0]];
    if (!line) return;
    let frames = FRAMES;
    for (const moved of ["wheel", "touchstart", "pointerdown", "keydown"])
      addEventListener(moved, () => (frames = 0), { once: true, passive: true });
    (function hold() {
      if (frames-- <= 0) return;
      const off = top(line) - kept[1];
      if (Math.abs(off) > 1) scrollBy({ top: off, behavior: "instant" });
      requestAnimationFrame(hold);
    })();
  });
})();

// Paper is white whatever the screen is, and has all its pictures.
(() => {
  const root = document.documentElement.dataset;
  let theme;
  addEventListener("beforeprint", () => {
    theme = root.theme;
    root.theme = "light";
    for (const image of document.images) if (image.checkVisibility()) image.loading = "eager";
  });
  addEventListener("afterprint", () => {
    root.theme = theme;
  });
})();
