"""What the tests of reading share: scripts that look at a page, and what they count."""

from tests.browser.site import settle

SHIFTS = """{
    const shifts = [];
    const keep = list => list.forEach(s => shifts.push([s.value, s.sources.map(part =>
        part.node?.nodeName + " " + (part.node?.id || part.node?.className
            || part.node?.textContent?.slice(0, 40)))]));
    const observer = new PerformanceObserver(list => keep(list.getEntries()));
    observer.observe({ type: "layout-shift", buffered: true });
    window.moved = () => { keep(observer.takeRecords()); return shifts; };
}"""
OPEN = "document.querySelectorAll('details').forEach(d => d.open = true)"
STOPS = """() => [...document.querySelectorAll(".math > mjx-container[tabindex]")]
    .filter(e => e.scrollWidth <= e.clientWidth + 4).map(e => e.parentElement.outerHTML)"""
DRAW_ALL = "section, dl { content-visibility: visible !important; }"
# Of each picture whose place is seen: what it is for, and its width over that of its file.
PICTURES = """() => [...document.querySelectorAll(".bd-article figure:not(.has-live) img")]
    .filter(i => i.checkVisibility())
    .map(i => [i.className, i.getBoundingClientRect().width / i.getAttribute("width")])"""
NEVER_IDLE = "window.requestIdleCallback = () => 0;"  # else waiting sections come by and by


def movement(page):
    """Return what moved on the page by itself, and by how much in all."""
    settle(page)
    shifts = page.evaluate("moved()")
    return sum(value for value, _ in shifts), shifts
