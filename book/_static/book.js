// A formula inside a line does not break; one that is wider than the line may be scrolled sideways.
// What can be scrolled can be by keyboard too. Parts of the page are measured when they come near:
// to lay out all of it at once keeps a phone busy for seconds.
(() => {
  const SCROLLS =
    ".math > mjx-container, pre, .cell_output > .output, .pst-scrollable-table-container";
  const near = new Set();

  function measure(part) {
    const formulas = [...part.querySelectorAll("span.math > mjx-container")];
    formulas.forEach(formula => formula.classList.remove("wide"));
    const wide = formulas.filter(formula => {
      const block = formula.closest("p, li, td, dd, figcaption") || formula.parentElement;
      return formula.offsetWidth > block.clientWidth;
    });
    wide.forEach(formula => formula.classList.add("wide"));
    const boxes = [...part.querySelectorAll(SCROLLS), ...(part.matches(SCROLLS) ? [part] : [])];
    const over = boxes.map(
      box => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight,
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
