// A formula inside a line does not break; one that is wider than the line may be scrolled sideways.
(() => {
  const mark = () => {
    const all = [...document.querySelectorAll(".bd-article span.math > mjx-container")];
    all.forEach(formula => formula.classList.remove("wide"));
    const wide = all.filter(formula => {
      const block = formula.closest("p, li, td, dd, figcaption") || formula.parentElement;
      return formula.offsetWidth > block.clientWidth;
    });
    wide.forEach(formula => formula.classList.add("wide"));
    for (const formula of document.querySelectorAll(".bd-article .math > mjx-container")) {
      if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0; // by keyboard too
      else formula.removeAttribute("tabindex");
    }
  };
  if (document.querySelector("mjx-container")) {
    addEventListener("load", () => document.fonts.ready.then(mark));
    addEventListener("resize", mark);
  }

  // Paper is white whatever the screen is, and has all its pictures.
  const root = document.documentElement.dataset;
  let theme;
  addEventListener("beforeprint", () => {
    theme = root.theme;
    root.theme = "light";
    for (const image of document.images) if (image.checkVisibility()) image.loading = "eager";
  });
  addEventListener("afterprint", () => { root.theme = theme; });
})();
