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
})();
