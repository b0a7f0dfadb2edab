// Keys go from slide to slide; what does not fit is set smaller. Without this file a deck scrolls.
{
  const slides = [...document.querySelectorAll(".slide")];
  const here = () => Math.round(scrollY / innerHeight);
  const ways = {
    ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, Enter: 1,
    ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Backspace: -1,
    Home: -Infinity, End: Infinity,
  };
  addEventListener("keydown", event => {
    if (!(event.key in ways) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const to = here() + (event.shiftKey ? -1 : 1) * ways[event.key];
    slides[Math.min(Math.max(to, 0), slides.length - 1)].scrollIntoView();
  });
  const fit = () => {
    for (const slide of slides) {
      slide.style.fontSize = "";
      for (let share = 95; share > 40 && slide.scrollHeight > slide.clientHeight; share -= 5)
        slide.style.fontSize = `${share}%`;
    }
  };
  document.fonts.ready.then(fit);
  addEventListener("resize", fit);
}
