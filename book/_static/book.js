// A formula inside a line does not break; one that is wider than the line may be scrolled sideways.
(() => {
  const mark = () => {
    for (const formula of document.querySelectorAll(".bd-article span.math > mjx-container")) {
      formula.classList.remove("wide");
      const block = formula.closest("p, li, td, dd, figcaption") || formula.parentElement;
      formula.classList.toggle("wide", formula.getBoundingClientRect().width > block.clientWidth);
    }
  };
  addEventListener("load", () => {
    if (window.MathJax?.startup) MathJax.startup.promise.then(mark);
    addEventListener("resize", mark);
  });

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
