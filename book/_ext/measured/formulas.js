// Turns TeX into HTML for formulas.py: a line of JSON in, a line of JSON out.
//   {"page": name}            a page begins: macros of the page before are forgotten
//   {"tex": …, "display": …}  answered by {"html": …}, or {"error": …} where TeX is wrong
//   {"css": true}             answered by {"css": …}, the rules for all formulas
const MATHJAX = process.argv[2];

const options = {
  loader: { load: ["input/tex-full", "output/chtml", "adaptors/liteDOM", "a11y/assistive-mml"] },
  tex: { packages: { "[-]": ["noundefined", "noerrors"] } }, // a mistake is an error, not red text
  chtml: { fontURL: "mathjax", adaptiveCSS: false, matchFontHeight: false },
};

async function answer(mathjax, { page, tex, display, css }) {
  const adaptor = mathjax.startup.adaptor;
  if (page) {
    mathjax.startup.getComponents();
    mathjax.startup.makeMethods();
    return {};
  }
  if (css) return { css: adaptor.textContent(mathjax.chtmlStylesheet()) };
  const html = adaptor.outerHTML(await mathjax.tex2chtmlPromise(tex, { display }));
  const error = /data-mjx-error="([^"]*)"/.exec(html);
  return error ? { error: error[1] } : { html };
}

(async () => {
  const warn = console.warn;
  console.warn = console.info = () => {}; // the loader knows no version of the adaptor
  const mathjax = await require(`${MATHJAX}/node-main.js`).init(options);
  console.warn = warn;
  const lines = require("readline").createInterface({ input: process.stdin });
  for await (const line of lines) {
    process.stdout.write(JSON.stringify(await answer(mathjax, JSON.parse(line))) + "\n");
  }
})();
