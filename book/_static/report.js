// The link that reports an error says which section is being read, and quotes what is selected.
document.querySelector(".btn-report-button")?.addEventListener("click", event => {
  const link = event.currentTarget;
  link.dataset.plain ??= link.href;
  const url = new URL(link.dataset.plain);
  const { searchParams: asked } = url;
  const begun = [...document.querySelectorAll(".bd-article section[id]")].filter(
    section => section.getBoundingClientRect().top < innerHeight / 2,
  );
  const section = begun.at(-1);
  const quoted = getSelection().toString().trim().slice(0, 500);
  const heading = section?.querySelector("h1, h2, h3")?.textContent.replace(/#$/, "") ?? "";
  asked.set("title", asked.get("title") + heading);
  const place = asked.get("body").replace("\n", section ? `#${section.id}\n` : "\n");
  asked.set("body", place + (quoted && `\n> ${quoted.replaceAll("\n", "\n> ")}\n`) + "\n");
  link.href = url;
});
