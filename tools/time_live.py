"""Time the live figures of the built book: their weight, their start, and what an input costs.

`python tools/time_live.py` prints a table, with names of figures only theirs.  An input is one step
of a slider or of a handle, or a choice; its cost is the time that the page's own thread computes
until the next frame, at no throttling and at four times, so that other processes do not count.  Of
a training it says how soon the first step is seen, how many steps and frames there are in a second,
and what the machine could have given: these are times of a clock, so leave the machine alone
meanwhile.
"""

from __future__ import annotations

import gzip
import os
import sys
from typing import TYPE_CHECKING, Any

from chromium import chromium
from measure_live import TARGET, places

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Locator, Page

TRAININGS = {"opening", "train"}
SHARED = {name: ["core", "product", "engine", "stage", name] for name in TRAININGS}
SHARED |= {name: ["core", "product", "conv", name] for name in ("digits", "walk")}
WIDTH, HEIGHT = 1280, 800
ROUNDS = 10  # steps of each control
SECONDS = 5  # that a training is watched
# The page is laid out to its end, which it does when there is nothing else to do: see book.js.
DRAWN = "() => !document.querySelector('.drawn-late:not(.is-drawn)')"
# Each control goes to and fro, a step a frame; returns how many steps were made.
NUDGE = """async (box, rounds) => {
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
  const tracks = [...box.querySelectorAll("input[type=range]:not(:disabled)")];
  const handles = [...box.querySelectorAll(".handle[tabindex='0']")];
  const seen = e => e.checkVisibility();
  const choices = [...box.querySelectorAll("input[type=radio]:not(:disabled)")].filter(seen);
  let made = 0;
  for (const track of tracks.filter(seen)) {
    const start = +track.value, step = +track.step;
    const way = start + step > +track.max ? -1 : 1;
    for (let k = 0; k < rounds; k++, made++) {
      track.value = start + (k % 2 ? 0 : way * step);
      track.dispatchEvent(new Event("input", { bubbles: true }));
      await frame();
    }
  }
  for (const handle of handles.filter(seen))
    for (let k = 0; k < rounds; k++, made++) {
      const key = k % 2 ? "ArrowLeft" : "ArrowRight";
      handle.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      await frame();
    }
  for (let k = 0; choices.length && k < rounds; k++, made++) {
    choices[k % choices.length].click();
    await frame();
  }
  return made;
}"""
WATCH = """(box, seconds) => new Promise(done => {
  const start = performance.now(), first = box.looked.step;
  let frames = 0;
  const look = now => {
    frames++;
    const spent = (now - start) / 1000;
    if (spent < seconds) return requestAnimationFrame(look);
    done([(box.looked.step - first) / spent, frames / spent]);
  };
  requestAnimationFrame(look);
})"""


def computing(session: CDPSession) -> float:
    """Return how long the page's own thread has computed so far, in milliseconds."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def an_input(page: Page, box: Locator, throttling: int) -> float | None:
    """Return what one step of a control costs on average, in milliseconds, if it has any."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    session.send("Emulation.setCPUThrottlingRate", {"rate": throttling})
    box.evaluate(NUDGE, 2)  # the compiler's first rounds
    before = computing(session)
    made = box.evaluate(NUDGE, ROUNDS)
    spent = computing(session) - before
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return spent / made if made else None


def weight(names: list[str]) -> float:
    """Return what some scripts weigh when compressed, in kilobytes."""
    files = [TARGET.parent / f"{name}.js" for name in names]
    return sum(len(gzip.compress(file.read_bytes())) for file in files) / 1000


def training(page: Page, box: Locator, name: str) -> dict[str, Any]:
    """Time a training; its start is from the building of the figure to its first look."""
    box.evaluate("box => box.scrollIntoView({ behavior: 'instant', block: 'center' })")
    page.wait_for_function(
        "name => document.querySelector(`[data-live=${name}]`).startedIn", arg=name
    )
    first = box.evaluate("box => box.startedIn")
    page.wait_for_timeout(3000)  # the compiler's first rounds
    steps, frames = box.evaluate(WATCH, SECONDS)
    return {"first look, ms": first, "steps a second": steps, "frames a second": frames}


def main(wanted: list[str]) -> None:
    """Time every figure, or those whose names are given."""
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
    with chromium() as browser:
        for name, file in places().items():
            if wanted and name not in wanted:
                continue
            said: dict[str, Any] = {"kB": weight(SHARED.get(name, ["core", name]))}
            for still in (True, False) if name in TRAININGS else (True,):
                motion = "reduce" if still else "no-preference"
                screen = {"width": WIDTH, "height": HEIGHT}
                page = browser.new_page(viewport=screen, reduced_motion=motion)
                page.goto(file.as_uri(), wait_until="load")
                box = page.locator(f'[data-live="{name}"]')
                if still:
                    box.evaluate("box => box.closest('figure').scrollIntoView()")
                    page.locator(f'.is-live > [data-live="{name}"]').wait_for()
                    page.wait_for_function(DRAWN)
                    for rate in (1, 4):
                        said[f"ms an input at {rate}×"] = an_input(page, box, rate)
                else:
                    said |= training(page, box, name)
                page.close()
            known = [f"{k} {v:.1f}" for k, v in said.items() if v is not None]
            print(f"{name}: {', '.join(known)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
