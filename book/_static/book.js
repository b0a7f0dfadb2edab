// A formula inside a line does not break; one that is wider than the line may be scrolled sideways.
// What can be scrolled can be by keyboard too. Parts of the page are measured when they come near:
// to lay out all of it at once keeps a phone busy for seconds.
(() => {
  const SCROLLS =
    "div.math > mjx-container, mjx-container.wide, pre, .cell_output > .output, " +
    ".pst-scrollable-table-container";
  const OVERHANG = 4; // pixels by which a slanted letter stands out; nothing is hidden there
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
    const over = boxes.map(
      box =>
        box.scrollWidth > box.clientWidth + OVERHANG ||
        box.scrollHeight > box.clientHeight + OVERHANG,
    );
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
