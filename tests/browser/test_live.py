"""The interactive figures: their numbers are Python's, and every hand can move them.

They are tried in the built book, as a reader has it.  Without it, or without a browser, these
tests are skipped and say why, as the other pages are.
"""

import datetime
import functools
import gzip
import json
import math
import re

import nbformat
import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import expit
from scipy.stats import norm

from tests import ROOT
from tests.browser.site import SITE, settle
from tools import time_live
from wganlib import divergences, models, records, transport
from wganlib.runs import live_boxes, tables

STATIC = ROOT / "book" / "_static" / "live"
FIGURES = {  # what a notebook's cell asks for, by page
    "shift": "book/ch01_js_vs_emd.html",
    "earth": "book/ch02_emd_on_the_line.html",
    "plan": "book/ch03_emd_in_the_plane.html",
    "dirac": "book/ch05_the_gan_game.html",
    "critic": "book/ch07_wgan_gp.html",
    "games": "book/ch07_wgan_gp.html",
    "train": "book/ch07_wgan_gp.html",
    "walk": "book/ch09_wgan_gp_mnist.html",
    "boxes": "book/ch10_which_samples_are_good.html",
    "digits": "book/ch15_with_a_condition.html",
    "opening": "book/intro.html",
}
BELOW = {"train", "opening", "dirac", "digits"}  # their picture stays on the screen too
FIRST = {"train", "opening", "digits", "boxes"}  # of their pages
NO_CELL = {"opening"}  # a directive of a page asks for them
SHARED = {"core", "product", "engine", "stage", "conv"}  # scripts that are no figure
PHONE = {"width": 360, "height": 780}
A_PIXEL = 1  # by less a part stays where it is, when a section above it comes late to its height

built = pytest.mark.skipif(
    not all((SITE / page).is_file() for page in FIGURES.values()),
    reason=f"the chapters with figures are not all in {SITE}: run `make book` first",
)


STARTED = """box => new Promise(done => {
    const look = () => box.drawn === box.clientWidth ? done() : requestAnimationFrame(look);
    look();
})"""


def go_to(page, name):
    """Go to a figure of an open page, wait until it stands, and return its box."""
    box = page.locator(f'[data-live="{name}"]')
    box.evaluate("box => box.closest('figure').scrollIntoView({ behavior: 'instant' })")
    if name in BELOW:
        box.evaluate("box => box.scrollIntoView({ behavior: 'instant' })")
    page.locator(f'.is-live > [data-live="{name}"]').wait_for()
    box.evaluate(STARTED)
    settle(page)
    return box


def still(box):
    """Return the picture that stands where the figure does not: the one of this screen, light."""
    return box.locator("xpath=..").locator("img:not(.only-dark):visible")


@pytest.fixture
def figure(visit):
    """Open a page and go to one of its figures; returns the figure's box."""

    def figure(name, **options):
        return go_to(visit(FIGURES[name], **options), name)

    return figure


@pytest.fixture(scope="module")
def seen(new_page, server):
    """As `figure`, for tests that only look: each page is opened once."""

    @functools.cache
    def seen(name):
        page = new_page()
        page.goto(server + FIGURES[name], wait_until="load")
        box = go_to(page, name)
        page.evaluate("scrollTo(0, document.body.scrollHeight)")  # what is in sight trains on
        return box

    yield seen
    for name in FIGURES if seen.cache_info().currsize else ():
        seen(name).page.context.close()


def exact(box):
    return box.evaluate("box => box.exact")


def shown(box, name):
    return box.locator(f'[data-value="{name}"]').inner_text()


def number(text):
    if "·10" in text:
        mantissa, power = text.split("·10")
        text = f"{mantissa}e{power.translate(str.maketrans('⁻⁰¹²³⁴⁵⁶⁷⁸⁹', '-0123456789'))}"
    return float(text.replace("−", "-").replace("∞", "inf"))


def slide(box, label, value):
    control = box.get_by_label(label, exact=True)
    control.evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }", str(value))


# ---- Numbers ------------------------------------------------------------------------------------


def bells(d, r, f):
    """The three measures of two normal laws, on a grid; KL by logs, as a density may be 0."""
    x = np.linspace(-40, 40, 8001)
    p, q = norm.pdf(x, 0, r), norm.pdf(x, d, f)
    u = (np.arange(200_000) + 0.5) / 200_000
    far = np.abs(norm.ppf(u, d, f) - norm.ppf(u, 0, r)).mean()
    kl = (p * (norm.logpdf(x, 0, r) - norm.logpdf(x, d, f))).sum() * (x[1] - x[0])
    return kl, float(divergences.js_divergence(p / p.sum(), q / q.sum())), far


def boxes(d, r, f):
    """The same of two uniform laws with these standard deviations, by overlaps of a fine grid."""
    a, b = math.sqrt(3) * r, math.sqrt(3) * f
    ends = np.unique([-a, a, d - b, d + b])
    mid, width = (ends[1:] + ends[:-1]) / 2, np.diff(ends)
    p, q = width * (np.abs(mid) < a) / (2 * a), width * (np.abs(mid - d) < b) / (2 * b)
    u = (np.arange(200_000) + 0.5) / 200_000
    far = np.abs(d + (b - a) * (2 * u - 1)).mean()
    return float(divergences.kl_divergence(p, q)), float(divergences.js_divergence(p, q)), far


@built
@pytest.mark.parametrize(("law", "python"), [("bells", bells), ("boxes", boxes)])
def test_the_measures_and_their_slopes_are_those_of_the_package(figure, law, python):
    box = figure("shift")
    box.get_by_label(law).check()
    for d, r, f in [(4, 1, 1), (-1.5, 0.6, 2), (8, 1, 0.6), (0.3, 1.2, 2.5), (5.5, 3, 0.75)]:
        for label, value in [("shift", d), ("width, real", r), ("width, fake", f)]:
            slide(box, label, value)
        h = 1e-4
        after, before = python(d + h, r, f), python(d - h, r, f)
        values = zip(("kl", "js", "w1"), python(d, r, f), after, before, strict=True)
        for key, value, up, down in values:
            there, slope = exact(box)[key]
            if math.isinf(value):
                assert shown(box, key) == "∞"
                continue
            assert there == pytest.approx(value, rel=1e-6, abs=1e-6)
            assert slope == pytest.approx((up - down) / (2 * h), rel=1e-4, abs=1e-4)
            assert number(shown(box, key)) == pytest.approx(value, abs=6e-4)
            assert number(shown(box, f"{key}-slope")) == pytest.approx(slope, abs=6e-4)


@built
def test_a_slope_that_vanishes_is_shown_with_its_power(figure):
    box = figure("shift")
    slide(box, "width, fake", 0.6)
    slide(box, "width, real", 0.6)
    slide(box, "shift", 8)
    d = 8 / 0.6  # in units of the width; half of the saturating gradient at the best discriminator
    x = np.linspace(-40, 40, 400_001)
    best = 1 / (1 + np.exp(d * (x - d / 2)))
    gradient = d * (norm.pdf(x - d) * best).sum() * (x[1] - x[0]) / 2 / 0.6
    assert exact(box)["js"][1] == pytest.approx(gradient, rel=1e-6)
    assert number(shown(box, "js-slope")) == pytest.approx(gradient, rel=0.05)


def drag(page, handle, dx, dy):
    handle.scroll_into_view_if_needed()
    knob = handle.locator(".knob")
    before, box = None, knob.bounding_box()
    while box != before:  # sections above it may still come to their height
        settle(page)
        before, box = box, knob.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    page.mouse.up()


def columns(law):
    return np.array([p["at"] for p in law]), np.array([p["mass"] for p in law])


@built
def test_dragged_earth_costs_what_the_package_says(figure):
    box = figure("earth")
    assert shown(box, "w1") == "1.400"
    moves = [("Pile 1", 90, 0), ("Pit 3", -200, 0), ("Pile 3", -50, -40), ("Pit 2", 0, 60)]
    for name, dx, dy in moves:
        before = exact(box)
        drag(box.page, box.get_by_label(f"{name}: place and mass"), dx, dy)
        state = exact(box)
        assert state != before
        (x, a), (y, b) = columns(state["piles"]), columns(state["pits"])
        assert a.sum() == pytest.approx(1, abs=1e-12)
        assert b.sum() == pytest.approx(1, abs=1e-12)
        assert min(*a, *b) > 0.049
        best = transport.wasserstein_1d(x, y, a / a.sum(), b / b.sum())
        assert state["cost"] == pytest.approx(best, abs=1e-9)
        assert state["area"] == pytest.approx(best, abs=1e-9)
        assert number(shown(box, "w1")) == pytest.approx(best, abs=6e-4)
    box.get_by_role("button", name="Back to the start").click()
    assert shown(box, "w1") == "1.400"


@built
def test_the_plan_in_the_plane_is_the_best_one_wherever_points_are_dragged(figure):
    box = figure("plan")
    rng = np.random.default_rng(0)
    for _ in range(6):
        kind, i = rng.choice(["Real", "Fake"]), rng.integers(1, 17)
        handle = box.get_by_label(re.compile(f"^{kind} point {i} of"))
        before = exact(box)["w1"]
        drag(box.page, handle, *rng.integers(-90, 90, 2))
        assert exact(box)["w1"] != before
        slide(box, "time t", round(rng.uniform(), 2))
        state = {k: np.array(v) for k, v in exact(box).items()}
        best = transport.exact_w1(state["fake"], state["real"])
        assert float(state["w1"]) == pytest.approx(best, abs=1e-9)
        assert float(state["cost"]) == pytest.approx(best, abs=1e-9)
        assert float(state["now"]) == pytest.approx(
            transport.exact_w1(state["fake"], state["here"]), abs=1e-9
        )
        assert number(shown(box, "w1")) == pytest.approx(best, abs=6e-4)
    box.get_by_label("nearest first").check()
    assert exact(box)["cost"] > best + 0.01
    assert exact(box)["w1"] == pytest.approx(best, abs=1e-9)


@built
def test_the_still_picture_of_the_journey_has_the_same_points(figure):
    start = exact(figure("plan"))
    cells = nbformat.read(ROOT / "book/ch03_emd_in_the_plane.ipynb", 4).cells
    cell = next(c for c in cells if c.metadata.get("live") == "plan")
    names = {"np": np, "pi": math.pi}
    exec(cell.source.split("journey =")[0], names)  # the notebook's own lines
    np.testing.assert_allclose(start["fake"], names["heap"], atol=1e-12)
    np.testing.assert_allclose(start["real"], names["pairs"], atol=1e-12)


@built
def test_every_stored_critic_is_shown_with_its_own_numbers(figure):
    from wganlib.runs import live_critics

    box, rows = figure("critic"), live_critics.stored()[0]
    for way in live_critics.WAYS:
        box.get_by_label(way, exact=True).check()
        for i, row in enumerate(rows[rows["way"] == way]):
            slide(box, "strength", i)
            for key in ("estimate", "slope", "steepest"):
                assert number(shown(box, key)) == pytest.approx(row[key], rel=0.06, abs=6e-4)
            assert number(shown(box, "exact")) == pytest.approx(row["exact_w1"], abs=6e-4)


@built
def test_every_look_at_the_games_is_shown_with_its_own_numbers(figure):
    from wganlib.runs import live_games

    box, rows = figure("games"), live_games.stored()[0]
    for at in (0, 17, len(live_games.LOOKS) - 1):
        slide(box, "step", at)
        assert box.locator(".live-foot .live-shown").inner_text() == str(live_games.LOOKS[at])
        for row in rows[rows["step"] == live_games.LOOKS[at]]:
            name = row["game"]
            assert number(shown(box, f"{name}-w1")) == pytest.approx(row["exact_w1"], abs=6e-3)
            said = number(shown(box, f"{name}-estimate"))
            assert said == pytest.approx(row["estimate"], rel=0.06, abs=6e-3)
            assert shown(box, f"{name}-modes") == f"{row['modes']} of 8"


@built
def test_the_digits_drawn_in_the_browser_are_those_of_pytorch(figure):
    box, generator = figure("walk"), records.load_run("mnist-wgan-gp").generator
    ends = generator.sample_latent(2_000, torch.Generator().manual_seed(5)).double()
    for row, t, road in [(0, 0, "great circle"), (1, 0.3, "great circle"), (3, 1, "straight line")]:
        box.get_by_label(road).check()
        box.get_by_role("button", name=f"Walk {row + 1}").press("Enter")
        slide(box, "position t", t)
        state = {k: np.array(v) for k, v in exact(box).items()}
        start, end = ends[row].numpy(), ends[1_000 + row].numpy()
        omega = math.acos(start @ end / np.linalg.norm(start) / np.linalg.norm(end))
        weights = np.sin([(1 - t) * omega, t * omega]) / math.sin(omega)
        z = weights @ [start, end] if road == "great circle" else (1 - t) * start + t * end
        np.testing.assert_allclose(state["z"], z, atol=1e-5)
        assert number(shown(box, "length")) == pytest.approx(np.linalg.norm(z), abs=6e-3)
        with torch.no_grad():
            pixels = generator(torch.tensor(z, dtype=torch.float32)[None]).flatten().numpy()
        off = np.abs(state["pixels"] - pixels)  # pixels run from -1 to 1; 8 bits a weight
        assert off.mean() < 0.01
        assert off.max() < 0.3
        assert pixels.max() > 0.9


# ---- Hands --------------------------------------------------------------------------------------


@built
def test_keys_move_a_handle_and_the_focus_is_seen(figure):
    box = figure("earth")
    pile = box.get_by_label("Pile 2: place and mass")
    pile.focus()
    box.page.keyboard.press("ArrowRight")
    box.page.keyboard.press("Shift+ArrowRight")
    box.page.keyboard.press("ArrowUp")
    assert pile.get_attribute("aria-valuetext") == "at 3.6, mass 0.32"
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect(pile.locator(".ring")).to_have_css("opacity", "1")  # it fades in
    assert exact(box)["piles"][1] == {"at": pytest.approx(3.6), "mass": pytest.approx(0.32)}


@built
def test_keys_make_a_law_wider_and_narrower(figure):
    box = figure("shift")
    law = box.get_by_label("Fake law: shift and width")
    law.focus()
    seen = []
    for key in ("ArrowLeft", "ArrowDown", "ArrowDown", "ArrowUp"):
        box.page.keyboard.press(key)
        seen.append(law.get_attribute("aria-valuetext"))
    assert seen[0] == "shift 6.9, width 1.00"
    widths = [float(text.split("width ")[1]) for text in seen]
    assert widths[0] < widths[1] < widths[2] > widths[3]


@built
def test_a_hand_that_trembles_shifts_a_law_and_does_not_widen_it(figure):
    box = figure("shift")
    law = box.get_by_label("Fake law: shift and width")
    for dy in (3, -5, 40):
        drag(box.page, law, -30, dy)
        width = float(law.get_attribute("aria-valuetext").split("width ")[1])
        assert (width == 1) == (abs(dy) < 8)


@built
def test_a_cloud_is_one_stop_of_the_tab_key(figure):
    box = figure("plan")
    assert box.locator('g.handle[tabindex="0"]').count() == 2
    first = box.get_by_label(re.compile("^Fake point 1 of"))
    first.focus()
    box.page.keyboard.press("PageDown")
    box.page.keyboard.press("ArrowLeft")
    moved = np.array(exact(box)["fake"])
    assert box.page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(
        "Fake point 2 of"
    )
    box.get_by_role("button", name="Back to the start").click()
    step = np.array(exact(box)["fake"]) - moved
    assert np.flatnonzero(np.abs(step).sum(axis=1)).tolist() == [1]
    assert box.locator('g.handle[tabindex="0"]').count() == 2


@built
def test_a_finger_drags_a_pile_and_the_page_stays_where_it_is(figure):
    box = figure("earth", viewport=PHONE, has_touch=True, is_mobile=True)
    page = box.page
    pile = box.get_by_label("Pile 3: place and mass")
    pile.scroll_into_view_if_needed()
    settle(page)
    knob = pile.locator(".knob").bounding_box()
    x, y = knob["x"] + 6, knob["y"] + 6
    before = box.bounding_box()
    mass = exact(box)["piles"][2]["mass"]
    finger = page.context.new_cdp_session(page)
    for dx, dy in [(-50, 4), (0, -40)]:  # along the line, then up, which elsewhere would scroll
        for share in (0, 0.4, 0.7, 1):
            points = [{"x": x + share * dx, "y": y + share * dy}]
            kind = "touchMove" if share else "touchStart"
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            settle(page, 2)
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        settle(page)
        knob = pile.locator(".knob").bounding_box()
        x, y = knob["x"] + 6, knob["y"] + 6
    after = exact(box)["piles"][2]
    assert after["at"] < 5
    assert after["mass"] > mass + 0.05
    assert box.bounding_box() == pytest.approx(before, abs=A_PIXEL)


@built
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_starts_when_the_reader_comes_near_and_fits_phone_and_finger(visit, name):
    page = visit(FIGURES[name], viewport=PHONE)
    settle(page, 20)
    box = page.locator(f'[data-live="{name}"]')
    far = "box => box.closest('figure').getBoundingClientRect().top - innerHeight > 600"
    if name not in FIRST or box.evaluate(far):  # a chapter's first figure may be near at once
        assert box.evaluate("box => box.childElementCount") == 0
        assert "is-live" not in box.locator("xpath=..").get_attribute("class")
    go_to(page, name)
    assert box.locator(":is(svg, canvas):visible").count() >= 1
    stills = {url.split("/")[-1] for url in page.asked if url.endswith(".png")}
    seen = [file for file in stills if file in box.locator("xpath=..").inner_html()]
    assert bool(seen) == (name in BELOW)

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    wide = "box => [...box.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > %d)"
    assert box.evaluate(f"{wide % PHONE['width']}.map(e => e.outerHTML.slice(0, 80))") == []
    controls = box.locator(".reach, input, button").all()
    assert len(controls) >= 2
    for control in controls:
        if control.is_visible():
            size = control.bounding_box()
            assert min(size["width"], size["height"]) >= 23.5, control.evaluate("e => e.outerHTML")
    assert page.complaints == []


@built
@pytest.mark.parametrize("name", FIGURES)
def test_every_control_has_a_name_and_values_are_said_once(seen, name):
    box = seen(name)
    assert len(box.get_attribute("aria-label").split()) >= 6
    nameless = box.evaluate("""box => [...box.querySelectorAll("input, button, [role=slider]")]
        .filter(e => !(e.ariaLabel || e.textContent.trim() || e.labels?.[0]?.textContent.trim()))
        .map(e => e.outerHTML)""")
    assert nameless == []
    assert box.locator('[aria-live="polite"]').count() == 1
    assert box.locator("output").count() == 0  # would be read aloud at every step


# ---- What a figure says at its start, and how it gets back there ---------------------------------


def ends(path):
    """Return the first and the last point of a line that is drawn."""
    points = re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.get_attribute("d"))
    return [tuple(map(float, points[k])) for k in (0, -1)]


@built
def test_the_first_figure_starts_where_jensen_shannon_is_flat_and_draws_what_moves_the_law(figure):
    box = figure("shift")
    assert abs(exact(box)["js"][1]) < 0.01
    assert exact(box)["w1"][1] == 1
    top = box.get_by_role("group", name="The two laws")
    arrow = "path.line.{}[style*='stroke-width: 3']"
    (tail, _), (tip, _) = ends(top.locator(arrow.format("w1")))
    assert tip < tail - 50  # the fake law, on the right, should go left
    assert top.locator(arrow.format("js")).count() == 0  # too flat to move it
    slide(box, "shift", 1)
    (tail, _), (tip, _) = ends(top.locator(arrow.format("js")))
    assert tip < tail
    slide(box, "shift", -4)
    (tail, _), (tip, _) = ends(top.locator(arrow.format("w1")))
    assert tip > tail + 50


@built
def test_the_first_figure_goes_back_to_its_start(figure):
    box = figure("shift")
    start = exact(box)
    for label, value in [("shift", -2), ("width, real", 2), ("width, fake", 0.7)]:
        slide(box, label, value)
    assert exact(box) != start
    box.get_by_role("button", name="Back to the start").click()
    assert exact(box) == start


@built
def test_a_shift_of_a_law_computes_no_curve_anew(figure):
    box = figure("shift")
    counted = """({ box, value }) => {
        const [log, track] = [Math.exp, box.querySelector("input[type=range]")];
        let calls = 0;
        Math.exp = x => { calls++; return log(x); };
        track.value = value;
        track.dispatchEvent(new Event("input"));
        Math.exp = log;
        return calls;
    }"""
    spent = box.evaluate(f"box => ({counted})({{ box, value: 3 }})")
    assert spent < 30_000  # two bells and one point; with the curve of JS it was 1,200,000


@built
def test_the_plan_goes_back_to_its_start_with_all_its_controls(figure):
    box = figure("plan")
    start = exact(box)
    drag(box.page, box.get_by_label(re.compile("^Fake point 3 of")), 60, 30)
    box.get_by_label("nearest first").check()
    slide(box, "time t", 0.9)
    box.get_by_role("button", name="Back to the start").click()
    assert exact(box) == start
    assert box.get_by_label("best", exact=True).is_checked()
    assert box.get_by_label("time t").input_value() == "0.5"


@built
def test_a_point_on_its_way_takes_its_start_along(figure):
    box = figure("plan")
    before = {k: np.array(v) for k, v in exact(box).items()}
    size = box.locator(".under-way").bounding_box()["width"] - 8
    step = np.array([8, 6]) / (size / 5.2) / 0.5  # of its start, in the middle of its way

    def plan(fake):
        return linear_sum_assignment(cdist(fake, before["real"]))[1].tolist()

    whole = before["fake"]
    moved = {i: whole + step * (np.arange(16) == i)[:, None] for i in range(16)}
    one = next(i for i, fake in moved.items() if plan(fake) == plan(whole))  # else it would jump
    dot = box.locator(".traveller").nth(one)
    at = dot.bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    page = box.page
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 8, y - 6)
    page.mouse.up()
    np.testing.assert_allclose(exact(box)["fake"], moved[one], atol=0.02)
    now = dot.bounding_box()
    assert now["x"] - at["x"] == pytest.approx(8, abs=1)  # it stays under the hand
    assert now["y"] - at["y"] == pytest.approx(-6, abs=1)


@built
def test_loads_of_earth_are_named_apart(figure):
    box = figure("earth")
    moves = [("Pile 1", 60), ("Pile 2", -30), ("Pit 1", 40), ("Pit 2", -60), ("Pit 3", -90)]
    for name, dx in moves:
        drag(box.page, box.get_by_label(f"{name}: place and mass"), dx, 0)
        words = box.locator("svg").first.locator("text.halo").all()
        boxes = [word.bounding_box() for word in words]
        assert len(boxes) >= 3
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
                up = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
                assert min(across, up) < 12, (name, a, b)  # words of 13 pixels in lines of 26


@built
def test_the_chart_of_penalties_shows_factors_and_that_of_clipping_powers(figure):
    box = figure("critic")
    chart = box.get_by_role("group", name=re.compile("^Estimate against strength"))
    for way, ticks in [
        ("two-sided", {"0.5", "1", "2", "5"}),
        ("clipping", {"10⁻⁶", "0.01", "100"}),
    ]:
        box.get_by_label(way, exact=True).check()
        assert ticks <= set(chart.locator(".tick").all_text_contents())
        spots = [float(dot.get_attribute("cy")) for dot in chart.locator("circle").all()]
        assert min(spots) >= 10
        assert max(spots) <= 175  # inside the frame
        assert max(spots) - min(spots) > 60  # and not all on one line


@built
@pytest.mark.parametrize("name", ["critic", "games"])
def test_maps_are_painted_and_not_made_of_thousands_of_parts(figure, name):
    box = figure(name)
    assert box.evaluate("box => box.querySelectorAll('svg *').length") < 250
    blue = """box => [...box.querySelectorAll("canvas")].map(canvas => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let seen = 0;
        for (let i = 0; i < data.length; i += 4) seen += data[i + 2] > data[i] + 60;
        return seen;
    })"""
    assert min(box.evaluate(blue)) > 50  # real points


# ---- When a figure starts, and the room it takes -------------------------------------------------


@built
@pytest.mark.parametrize("name", FIGURES)
def test_the_room_that_is_kept_for_a_figure_is_the_room_that_it_takes(visit, name):
    page = visit(FIGURES[name], viewport={"width": 1280, "height": 800})
    box = go_to(page, name)
    for width in (1280, 1024, 820, 430, 390, 360):
        page.set_viewport_size({"width": width, "height": 800})
        settle(page)
        box.evaluate(STARTED)
        kept = box.evaluate("box => parseFloat(getComputedStyle(box).minHeight)")
        takes = box.evaluate("""box => {
            box.style.minHeight = 0;
            const height = box.getBoundingClientRect().height;
            box.style.minHeight = "";
            return height;
        }""")
        assert kept == pytest.approx(takes, abs=16), f"{width}: run tools/measure_live.py"


@built
@pytest.mark.parametrize("name", ["earth", "walk"])
def test_the_room_is_there_before_the_figure_is(visit, name):
    page = visit(FIGURES[name], viewport=PHONE)
    box = page.locator(f'[data-live="{name}"]')
    tall = "box => box.getBoundingClientRect().height"
    settle(page)
    before = box.evaluate(tall)
    assert box.evaluate("box => box.childElementCount") == 0
    go_to(page, name)
    assert before == pytest.approx(box.evaluate(tall), abs=16)


# ---- Where there is no script, no screen, no network --------------------------------------------


@built
@pytest.mark.parametrize("missing", ["core.js", "the figure's script", "its data", "its code"])
@pytest.mark.parametrize("name", ["earth", "walk", "boxes"])
def test_where_something_does_not_arrive_the_still_picture_stands(blank, server, name, missing):
    needs = {"core.js": "live/core.js", "the figure's script": f"live/{name}.js"}
    needs["its code"] = "live/conv.js"
    own = {"earth": [], "walk": ["its data", "its code"], "boxes": ["its data"]}
    page = blank(viewport=PHONE)
    page.route(f"**/{needs.get(missing, 'live/data/')}*", lambda route: route.abort())
    page.goto(server + FIGURES[name], wait_until="load")
    box = page.locator(f'[data-live="{name}"]')
    box.evaluate("box => box.closest('figure').scrollIntoView()")
    if missing.startswith("its") and missing not in own[name]:  # it computes the rest itself
        page.locator(".is-live > .live").wait_for()
    else:
        still(box).wait_for()
        assert not box.is_visible()


@built
def test_a_still_picture_stands_while_data_are_slow_and_leaves_when_they_come(blank, server):
    page, held = blank(viewport=PHONE), []
    page.route("**/live/data/*", lambda route: held.append(route))
    page.clock.install()
    page.goto(server + FIGURES["walk"], wait_until="load")
    now = page.evaluate("Date.now() / 1000")
    page.clock.pause_at(datetime.datetime.fromtimestamp(now + 60, datetime.UTC))
    box = page.locator('[data-live="walk"]')
    with page.expect_request("**/live/data/*"):
        box.evaluate("box => box.closest('figure').scrollIntoView()")
    assert not still(box).is_visible()
    page.clock.fast_forward(5_000)
    still(box).wait_for()
    held[0].continue_()
    box.wait_for()
    assert not still(box).is_visible()


@built
@pytest.mark.parametrize("name", FIGURES)
def test_on_paper_the_still_picture_stands(seen, name):
    box = seen(name)
    assert box.is_visible()
    assert still(box).is_visible() == (name in BELOW)
    box.page.emulate_media(media="print")
    assert not box.is_visible()
    assert still(box).is_visible()
    box.page.emulate_media(media="screen")


@built
def test_without_scripts_the_still_pictures_are_all_there(blank, server):
    page = blank(java_script_enabled=False)
    for address in sorted(set(FIGURES.values())):
        page.goto(server + address)
        for name in (name for name, where in FIGURES.items() if where == address):
            box = page.locator(f'[data-live="{name}"]')
            assert not box.is_visible()
            assert still(box).is_visible()


@built
@pytest.mark.parametrize("name", ["critic", "games", "walk", "boxes", "digits"])
def test_stored_data_arrive_in_a_page_opened_as_a_file(figure, name):
    box = figure(name, base=SITE.as_uri() + "/")
    assert box.page.complaints == []
    assert any(url.endswith(".js") and "/live/data/" in url for url in box.page.asked)


@built
def test_stored_data_wait_until_the_figure_is_near(visit):
    page = visit(FIGURES["walk"])
    settle(page, 20)
    assert not [url for url in page.asked if "/live/data/" in url]


@built
def test_nothing_moves_by_itself_for_who_asks_for_less_motion(figure):
    box = figure("games", reduced_motion="reduce")
    assert box.get_by_role("button", name="Play").count() == 0
    slide(box, "step", 3)


@built
def test_the_player_plays_to_the_end_and_stops(figure):
    box = figure("games")
    slide(box, "step", 43)
    box.get_by_role("button", name="Play").click()
    expect = pytest.importorskip("playwright.sync_api").expect
    expect(box.locator(".live-foot .live-shown")).to_have_text("800")
    expect(box.get_by_role("button", name="Play")).to_be_visible()


@built
def test_pages_load_the_scripts_of_their_own_figures_and_no_other():
    for page in SITE.glob("book/*.html"):
        html = page.read_text(encoding="utf-8")
        wanted = set(re.findall(r'data-live="(\w+)"', html))
        loaded = set(re.findall(r"_static/live/(\w+)\.js", html))
        assert loaded == (wanted | {"core"} if wanted else set()), page.name


def test_a_figure_is_a_few_kilobytes_and_its_data_not_many():
    for script in STATIC.glob("*.js"):
        packed = len(gzip.compress(script.read_bytes()))
        most = 8_500 if script.stem in {*SHARED, "train"} else 4_500
        assert packed <= most, f"{script.name}: {packed}"
    for data in (SITE / "_static/live/data").glob("*.js"):
        assert data.stat().st_size <= 300_000, data.name


def test_every_figure_is_asked_for_by_one_notebook_beside_its_still_picture():
    asked = {}
    for path in sorted((ROOT / "book").glob("ch*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if "live" in cell.metadata:
                asked[cell.metadata["live"]] = f"book/{path.stem}.html"
                assert any("image/png" in o.get("data", {}) for o in cell.outputs)
                assert cell.metadata["mystnb"]["figure"]["name"].startswith("fig-")
    assert asked == {name: page for name, page in FIGURES.items() if name not in NO_CELL}
    assert {script.stem for script in STATIC.glob("*.js")} == {*FIGURES, *SHARED}


# ---- The training -------------------------------------------------------------------------------


OPENING = "document.querySelector('[data-live=opening]')"


def until(box, condition):
    """Wait until a look of the training fulfils a condition; return that look."""
    page, seen = box.page, "document.querySelector('[data-live=train]').looked"
    page.wait_for_function(f"(look => look && {condition})({seen})")
    look = box.evaluate("""({ looked }) => Object.fromEntries(Object.entries(looked).map(
        ([key, value]) => [key, ArrayBuffer.isView(value) ? Array.from(value) : value]))""")
    points = {key: np.array(look[key]).reshape(-1, 2) for key in ("real", "fake")}
    return look | points


def pick(box, label):
    """Choose one of several by its name, as a finger does, wherever the page stands."""
    box.get_by_label(label, exact=True).evaluate("e => e.click()")


@built
def test_a_training_starts_when_it_is_seen_and_nears_its_law_beside_the_exact_distance(figure):
    first = until(figure("train", reduced_motion="reduce"), "look.step === 0")
    box = figure("train")
    look = until(box, "look.step >= 80")
    box.get_by_role("button", name="Pause").click()
    assert look["w1"] < first["w1"] / 2  # from 1.4 to 0.5; two samples of the law are 0.3 apart
    look = until(box, "look.rate === 0")
    settle(box.page)
    assert look["w1"] == pytest.approx(transport.exact_w1(look["real"], look["fake"]), abs=1e-9)
    assert 0.5 < look["estimate"] / look["w1"] < 1.2
    assert number(shown(box, "train-w1")) == pytest.approx(look["w1"], abs=6e-3)
    assert number(shown(box, "train-estimate")) == pytest.approx(look["estimate"], abs=6e-3)
    assert number(shown(box, "train-slope")) == pytest.approx(look["slope"], abs=6e-3)
    assert shown(box, "train-step") == str(look["step"])
    assert box.page.complaints == []


@built
def test_a_training_waits_for_who_asks_for_less_motion_and_goes_step_by_step(figure):
    box = figure("train", reduced_motion="reduce")
    assert until(box, "true")["step"] == 0
    settle(box.page, 40)
    assert until(box, "true")["step"] == 0
    step = box.get_by_role("button", name="Step", exact=True)
    step.focus()
    for k in (1, 2):
        box.page.keyboard.press("Enter")
        assert until(box, f"look.step === {k}")["rate"] == 0
    start = box.get_by_role("button", name="Start", exact=True)
    start.press("Enter")
    until(box, "look.step > 6")


@built
def test_a_training_rests_where_nobody_sees_it(blank, server):
    page = blank()
    page.add_init_script("""{
        const post = Worker.prototype.postMessage;
        Worker.prototype.postMessage = function (message, ...more) {
            if ("run" in message) window.told = message.run;
            post.call(this, message, ...more);
        };
    }""")
    page.goto(server + FIGURES["train"], wait_until="load")
    box = go_to(page, "train")
    until(box, "look.step >= 2")
    assert page.evaluate("told") is True
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    page.wait_for_function("told === false")
    go_to(page, "train")
    page.wait_for_function("told === true")
    until(box, f"look.step > {until(box, 'true')['step']}")


def steps(box, n):
    """Go some steps by hand; return the look after the last."""
    before = until(box, "true")["step"]
    for k in range(n):
        box.get_by_role("button", name="Step", exact=True).click()
        look = until(box, f"look.step === {before + k + 1}")
    return look


@built
def test_each_number_of_a_training_acts_and_a_restart_repeats_it(figure):
    box = figure("train", reduced_motion="reduce")
    start, looks = until(box, "true"), {}
    pick(box, "GP, two-sided")
    changes = {"weight λ": (2, 1), "critic steps": (20, 5), "step size": (-5, -3), "none": (0, 0)}
    for label, (changed, usual) in changes.items():
        box.get_by_role("button", name="Restart").click()
        np.testing.assert_array_equal(until(box, "look.step === 0")["fake"], start["fake"])
        if label != "none":
            slide(box, label, changed)
        looks[label] = steps(box, 2)
        if label != "none":
            slide(box, label, usual)
    box.get_by_role("button", name="Restart").click()
    until(box, "look.step === 0")
    assert steps(box, 2)["estimate"] == looks["none"]["estimate"]
    assert len({look["estimate"] for look in looks.values()}) == 4
    moved = {k: np.abs(look["fake"] - start["fake"]).max() for k, look in looks.items()}
    assert moved["step size"] < moved["none"] / 20  # Adam's steps are as long as their size: 1/100


@built
def test_objective_law_and_seed_of_a_training_act_at_once(figure):
    box = figure("train", reduced_motion="reduce")
    start = until(box, "true")
    first = "first => document.querySelector('[data-live=train]').looked.real[0] %s first"
    pick(box, "WGAN, clipped")
    assert box.get_by_label("weight λ").is_visible() is False
    assert steps(box, 2)["slope"] < 4e-3  # as much as weights of 0.01 can give
    slide(box, "bound c", 0)
    slide(box, "step size", -2)
    slide(box, "critic steps", 20)
    assert steps(box, 2)["slope"] > 1e-2
    pick(box, "GAN")
    until(box, "look.way === 'gan'")
    assert box.get_by_label("weight λ").is_disabled()
    pick(box, "grid")
    box.page.wait_for_function(first % "!==", arg=start["real"][0, 0])
    cells = until(box, "true")["real"] / 0.7072
    assert np.abs(cells - np.rint(cells)).max() < 0.15
    slide(box, "seed", 3)
    assert not np.isin(until(box, "look.step === 0")["fake"], start["fake"]).any()
    slide(box, "seed", 0)
    pick(box, "ring")
    box.page.wait_for_function(first % "===", arg=start["real"][0, 0])
    np.testing.assert_array_equal(until(box, "true")["fake"], start["fake"])


@built
@pytest.mark.parametrize(
    ("mistake", "harm"),
    [
        ("unbounded", "look.slope > 5"),  # the penalty asks for 1
        ("norm", "look.step > 10 && look.slope < 0.4"),  # all slopes share a norm of 1
        ("real", "look.step > 10 && look.steepest > 1.6"),  # between the laws nobody asks for 1
        ("up", "look.step > 10 && look.w1 > 2"),  # scores rise for ever, and fakes run after them
        ("sign", "look.step > 60 && look.w1 > 1.2"),  # honest, it is 0.5 by then
    ],
)
def test_a_mistake_can_be_switched_on_and_harms(figure, mistake, harm):
    box = figure("train")
    box.get_by_label("mistake").select_option(mistake)
    until(box, harm)


@built
def test_a_mistake_is_offered_where_it_is_one(figure):
    box = figure("train", reduced_motion="reduce")
    until(box, "true")
    mistakes = box.get_by_label("mistake")
    mistakes.select_option("norm")
    mistake = "box => [box.settings.mistake, box.querySelector('select').value]"
    assert box.evaluate(mistake) == ["norm", "norm"]
    pick(box, "GAN")  # has no norm
    assert box.evaluate(mistake) == ["none", "none"]
    assert mistakes.locator("[value=norm]").is_disabled()
    pick(box, "GP, two-sided")
    assert mistakes.locator("[value=norm]").is_enabled()


@built
@pytest.mark.parametrize("screen", ["desktop", "phone"])
def test_a_law_can_be_drawn_by_mouse_finger_and_keyboard(figure, screen):
    options = {"viewport": PHONE, "has_touch": True, "is_mobile": True} if screen == "phone" else {}
    box = figure("train", reduced_motion="reduce", **options)
    page, board = box.page, box.locator(".live-board")
    pick(box, "yours")
    box.get_by_role("button", name="Clear the map").evaluate("e => e.click()")
    board.evaluate("e => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
    settle(page)
    at = board.bounding_box()
    x, y, size = at["x"], at["y"], at["width"]
    if screen == "phone":
        finger = page.context.new_cdp_session(page)
        for kind, share in [("touchStart", 0.2), ("touchMove", 0.5), ("touchMove", 0.8)]:
            points = [{"x": x + size / 4, "y": y + share * size}]
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert board.bounding_box() == pytest.approx(at, abs=A_PIXEL)  # the page has not scrolled
    else:
        page.mouse.move(x + size / 4, y + 0.2 * size)
        page.mouse.down()
        for share in (0.5, 0.8):
            page.mouse.move(x + size / 4, y + share * size)
        page.mouse.up()
    page.wait_for_function("document.querySelector('[data-live=train]').settings.points.length > 5")
    above, below = ("look.real.some((v, i) => i % 2 && v " + far + ")" for far in ("> 1", "< -1"))
    real = until(box, f"look.real.every((v, i) => i % 2 || v < -0.7) && {above} && {below}")["real"]
    assert np.abs(real[:, 0] + 1.1).max() < 0.3  # a quarter of a map that reaches from -2.2 to 2.2

    pen = box.get_by_label("Pen: arrow keys move it, Enter sets a point")
    pen.focus()
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    until(box, "look.real.some((v, i) => i % 2 === 0 && v > 1.5)")


@built
@pytest.mark.parametrize(
    ("where", "computes"),
    [("server", "worker"), ("file", "worker"), ("no worker", "page"), ("broken worker", "page")],
)
def test_a_training_runs_in_a_worker_from_a_file_too_and_without_one_in_the_page(
    blank, server, where, computes
):
    page = blank()
    if where == "no worker":
        page.add_init_script("delete window.Worker")
    if where == "broken worker":
        page.add_init_script("URL.createObjectURL = () => 'data:text/javascript,)'")
    base = SITE.as_uri() + "/" if where == "file" else server
    page.goto(base + FIGURES["train"], wait_until="load")
    box = go_to(page, "train")
    until(box, "look.step >= 3")
    assert box.evaluate("box => box.engine") == computes
    assert page.complaints == []


@built
def test_an_input_to_a_training_costs_the_page_a_fraction_of_a_frame(figure):
    box = figure("train")
    until(box, "look.step >= 2")
    spent = box.evaluate("""box => [...box.querySelectorAll("input[type=range]")].flatMap(track =>
        [1, -1, 1, -1, 1].map(way => {
            track.value = +track.value + way * track.step;
            const start = performance.now();
            track.dispatchEvent(new Event("input"));
            return performance.now() - start;
        }))""")
    assert np.median(spent) < 16  # a frame; it is about 0.3 on a slow core


# ---- The opening picture -------------------------------------------------------------------------


@built
def test_the_opening_picture_is_still_until_the_training_paints_over_it(visit):
    page = visit(FIGURES["opening"], viewport={"width": 1280, "height": 800})
    box = page.locator('[data-live="opening"]')
    picture = page.locator("figure.live-first > img.only-light")
    page.wait_for_function("(box => box && box.looked && box.looked.step > 1)(" + OPENING + ")")
    canvas, under = box.locator("canvas").bounding_box(), picture.bounding_box()
    for side in ("x", "y", "width", "height"):
        assert canvas[side] == pytest.approx(under[side], abs=1.5)
    assert under["y"] + under["height"] < 800  # it opens the page: no scrolling
    look = page.evaluate(
        f"(({{ real, fake, w1 }}) => [[...real], [...fake], w1])({OPENING}.looked)"
    )
    real, fake = (np.array(points).reshape(-1, 2) for points in look[:2])
    assert look[2] == pytest.approx(transport.exact_w1(real, fake), abs=1e-9)
    assert page.complaints == []


@built
def test_the_opening_picture_stays_still_for_who_asks_for_less_motion(visit):
    page = visit(FIGURES["opening"], reduced_motion="reduce")
    box = page.locator('[data-live="opening"]')
    page.wait_for_function(f"{OPENING}.looked")
    settle(page, 40)
    assert page.evaluate(f"{OPENING}.looked.step") == 0
    width = box.locator("canvas").evaluate("e => e.style.width")
    assert width == ""  # nothing is painted: the picture shows through
    box.get_by_role("button", name="Start").click()
    page.wait_for_function(f"{OPENING}.looked.step > 1")
    assert box.locator("canvas").evaluate("e => e.style.width") != ""
    box.get_by_role("button", name="Pause").click()


@built
def test_another_seed_begins_the_opening_anew(visit):
    page = visit(FIGURES["opening"])
    page.wait_for_function(f"{OPENING}.looked?.step > 30")
    page.get_by_role("button", name="Another seed").click()
    page.wait_for_function(f"{OPENING}.looked.step < 30")  # on a busy machine its first look is 9
    assert page.evaluate(f"{OPENING}.settings.seed") == 1


# ---- A game of two numbers ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def chapter_5():
    """Return what the chapter's own cells define: fields, steps, moduli and runs."""
    cells = nbformat.read(ROOT / "book/ch05_the_gan_game.ipynb", 4).cells
    names = {"np": np, "expit": expit}
    for cell in cells:
        first = cell.source.split("(")[0].split("\n")[0]
        if first in {"FIELDS = {", "def at_once", "def modulus", "def with_gp"}:
            exec(cell.source, names)
    return names


def set_dirac(box, game, rule, h=0.2, n=1, **strength):
    pick(box, game)
    pick(box, rule)
    slide(box, "step size h", h)
    slide(box, "critic steps n", n)
    for label, value in strength.items():
        slide(box, {"gamma": "R1, γ", "c": "bound c", "weight": "weight λ"}[label], value)


@built
def test_step_moduli_of_the_dirac_gan_are_those_of_the_chapter_and_of_its_matrices(
    figure, chapter_5
):
    box, named = figure("dirac"), chapter_5
    games = {  # the chapter's name, the modulus when both step at once, and in turn
        "minimax": ("minimax", "1.00499", "1.00000"),
        "non-saturating": ("non-saturating", "1.00499", "1.00000"),
        "WGAN": ("wasserstein", "1.01980", "1.00000"),
        "minimax with R1": ("minimax with R1", "0.97468", "0.96954"),
    }
    for game, (field, *known) in games.items():
        steps = {"simultaneous": named["at_once"], "alternating": named["in_turn"]}
        for (rule, step), said in zip(steps.items(), known, strict=True):
            set_dirac(box, game, rule)
            exactly = named["modulus"](step, named["FIELDS"][field])
            assert exact(box)["modulus"] == pytest.approx(exactly, abs=1e-9)
            assert shown(box, "modulus") == said
    for weight, h, n in [(0.5, 0.2, 1), (0.75, 0.2, 5), (1, 0.5, 3)]:
        critic = np.array([[1, 0], [-h, 1 - 2 * weight * h]])  # about (2λ, 0), on the side s > 0
        generator = np.array([[1, h], [0, 1]])
        both = {
            "alternating": generator @ np.linalg.matrix_power(critic, n),
            "simultaneous": [[1, h], n * (critic - np.eye(2))[1] + [0, 1]],
        }
        for rule, matrix in both.items():
            set_dirac(box, "WGAN-GP", rule, h, n, weight=weight)
            best = np.abs(np.linalg.eigvals(matrix)).max()
            assert exact(box)["modulus"] == pytest.approx(best, abs=1e-9)


@built
def test_orbits_of_the_dirac_gan_are_the_six_of_the_chapter(figure, chapter_5):
    box, named = figure("dirac"), chapter_5
    ours = {
        "minimax": ("minimax", {}),
        "non-saturating": ("non-saturating", {}),
        "minimax with R1": ("minimax with R1", {"gamma": 0.3}),
        "WGAN, c = 0.3, n = 5": ("WGAN, clipped", {"c": 0.3, "n": 5}),
        "WGAN-GP, λ = ½, n = 1": ("WGAN-GP", {"weight": 0.5}),
        "WGAN-GP, λ = ¾, n = 5": ("WGAN-GP", {"weight": 0.75, "n": 5}),
    }
    assert ours.keys() == named["RUNS"].keys()
    for name, (field, options) in named["RUNS"].items():
        game, settings = ours[name]
        set_dirac(box, game, "alternating", **settings)
        path = named["play"](field, **options)
        np.testing.assert_allclose(exact(box)["path"], path, atol=1e-9)
        largest = np.abs(path[-100:, 0]).max()
        assert number(shown(box, "late")) == pytest.approx(largest, abs=6e-4, rel=0.06)
    set_dirac(box, "WGAN", "simultaneous")
    at = (1.0, 1.0)
    for k, place in enumerate(exact(box)["path"]):
        assert place == pytest.approx(at, rel=1e-9), k
        at = named["at_once"](named["FIELDS"]["wasserstein"], at)


@built
def test_the_start_of_the_dirac_gan_is_dragged_by_hand_finger_and_keys(figure):
    box = figure("dirac")
    page, start = box.page, box.get_by_label("Start: place of the fakes")
    drag(page, start, -60, 40)
    x, s = exact(box)["path"][0]
    assert x < 0.6
    assert s < 0.8
    start.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert exact(box)["path"][0] == pytest.approx([x + 0.05, s - 0.25])
    drag(page, start, 2_000, 0)  # no farther than the portrait's edge
    assert exact(box)["path"][0][0] == pytest.approx(2.1)
    box.get_by_role("button", name="Back to the start").click()
    assert exact(box)["path"][0] == [1, 1]
    slide(box, "turn", 0)
    assert shown(box, "now") == "1.000"
    for k in range(1, 4):
        slide(box, "turn", k)
        assert number(shown(box, "now")) == pytest.approx(exact(box)["path"][k][0], abs=6e-4)


@built
def test_a_dirac_gan_that_flies_apart_says_so_and_stays_in_its_frame(figure):
    box = figure("dirac")
    set_dirac(box, "WGAN", "simultaneous", h=0.5, n=5)
    assert shown(box, "late") == "over 10⁶"
    sizes = "e => [e.x, e.y, e.width, e.height].map(size => size.baseVal.value)"
    left, top, wide, tall = box.locator("svg svg").evaluate(sizes)
    _, _, width, height = box.locator("svg:has(svg)").evaluate(sizes)
    assert 0 < left < left + wide <= width
    assert 0 < top < top + tall < height
    assert box.locator("svg svg").evaluate("e => getComputedStyle(e).overflow") == "hidden"


# ---- Digits on demand ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_demand():
    generator = models.ConvGenerator(20, n_classes=10)
    weights = records.run_folder("ch15-digits") / "generator.safetensors"
    generator.load_state_dict(safetensors.torch.load_file(weights))
    return generator.eval()


@built
def test_digits_on_demand_are_those_of_pytorch(figure, on_demand):
    box, first = figure("digits"), []
    for digit, noise in [(7, 1), (0, 1), (4, 10), (9, 3)]:
        pick(box, f"Draw a {digit}")
        pick(box, f"Noise {noise}")
        state = exact(box)
        assert state["demand"] == digit
        z = torch.tensor(state["z"], dtype=torch.float32)[None]
        with torch.no_grad():
            pixels = on_demand(z, torch.tensor([digit])).flatten().numpy()
        off = np.abs(state["pixels"] - pixels)  # of two: pixels run from -1 to 1
        assert off.max() < 0.01  # half precision has eleven bits; a sum of 576 roundings is off by
        assert off.mean() < 1e-3  # some 24 of them
        assert pixels.max() > 0.9
        assert number(shown(box, "length")) == pytest.approx(z.norm().item(), abs=6e-3)
        first.append(state["z"])
    assert first[0] == first[1] != first[2]
    drawn = torch.randn(10, 20, generator=torch.Generator().manual_seed(20))
    np.testing.assert_allclose(first[2], drawn[9], atol=1e-6)


@built
def test_each_demand_is_shown_with_how_it_was_obeyed_in_the_chapters_run(figure):
    box = figure("digits")
    rows = tables.chosen(tables.stored("ch15-digits", "confusion"), arm="projection", seed=0)
    for row in rows:
        digit = row["demanded"]
        pick(box, f"Draw a {digit}")
        read = np.array([row[f"read_{k}"] for k in range(10)])
        share, asked = re.fullmatch(r"([\d.]+) % of (\d+)", shown(box, "obeys")).groups()
        assert int(asked) == read.sum()
        assert float(share) == pytest.approx(100 * read[digit] / read.sum(), abs=0.06)
        read[digit] = 0
        if read.max() > 0:
            other, times = re.fullmatch(r"(\d), (\d+) times", shown(box, "else")).groups()
            assert read[int(other)] == read.max() == int(times)
        else:
            assert shown(box, "else") == "nothing else"


@built
def test_noise_is_dragged_and_keys_choose_among_digits_as_among_radios(figure):
    box = figure("digits")
    page, noise = box.page, box.get_by_label("Noise: its first two numbers")
    before = exact(box)
    drag(page, noise, 40, 30)
    after = exact(box)
    assert after["z"][0] > before["z"][0] + 0.5
    assert after["z"][1] < before["z"][1] - 0.5
    assert after["z"][2:] == before["z"][2:]
    assert after["pixels"] != before["pixels"]
    noise.focus()
    page.keyboard.press("ArrowUp")
    assert exact(box)["z"][1] == pytest.approx(after["z"][1] + 0.1)
    box.get_by_label("Draw a 7").focus()
    page.keyboard.press("ArrowRight")
    assert exact(box)["demand"] == 8
    box.get_by_role("button", name="Ten other noises").click()
    other = exact(box)
    assert other["demand"] == 8
    assert not set(other["z"]) & set(after["z"])


# Returns how many digits some inputs drew at once, and how many when all was drawn.
DRAWN = """async ([name, inputs]) => {
    const [tanh, box] = [Math.tanh, document.querySelector(`[data-live=${name}]`)];
    let pixels = 0;
    Math.tanh = x => (pixels += 1, tanh(x));
    for (const [find, what] of inputs) {
        const part = box.querySelector(find);
        if (what === "click") part.click();
        else part.dispatchEvent(new KeyboardEvent("keydown", { key: what, bubbles: true }));
    }
    const drawn = [pixels];
    for (let still = 0, before = -1; still < 5; still = pixels === before ? still + 1 : 0) {
        before = pixels;
        await new Promise(requestAnimationFrame);
    }
    Math.tanh = tanh;
    return [...drawn, pixels].map(n => n / 784);
}"""
MOVE, LINE = (".handle", "ArrowRight"), (".live-choice [value=line]", "click")


@built
@pytest.mark.parametrize(
    ("name", "inputs", "at_once", "in_all"),
    [
        ("digits", [MOVE], 1, 10),  # this noise under ten demands
        ("digits", [MOVE, MOVE, MOVE], 3, 12),  # what an input made old is not drawn
        ("digits", [('[aria-label="Draw a 3"]', "click")], 1, 10),
        ("digits", [('[aria-label="Noise 4"]', "click")], 1, 10),
        ("walk", [(".live-strips button", "click")], 1, 1),
        ("walk", [LINE], 1, 41),  # four walks of ten, and the digit on the way
    ],
)
def test_an_input_draws_one_digit_at_once_and_each_small_one_once(
    figure, name, inputs, at_once, in_all
):
    page = figure(name).page
    assert page.evaluate(DRAWN, [name, inputs]) == [at_once, in_all]  # a digit takes 2 ms


@built
def test_the_small_digits_are_those_that_the_large_one_becomes(figure):
    box = figure("digits")
    page, pixels = box.page, "c => [...c.getContext('2d').getImageData(0, 0, 28, 28).data]"
    page.evaluate(DRAWN, ["digits", [MOVE, MOVE, ('[aria-label="Draw a 5"]', "click")]])
    for name in ("Draw a 0", "Noise 9", "Draw a 8"):
        page.evaluate(DRAWN, ["digits", []])
        small = box.locator(f"label:has([aria-label='{name}']) canvas").evaluate(pixels)
        pick(box, name)
        assert box.locator("canvas.live-digit").evaluate(pixels) == small


@built
@pytest.mark.parametrize("name", ["earth", "games", "walk", "digits"])
def test_an_input_restyles_nothing_but_its_figure(browser, figure, name):
    """A rule that asks from outside what an article holds has half of it styled again."""
    box = figure(name)
    axes = box.locator(".live-panel .axis")
    axes.evaluate_all("all => all.forEach(line => { line.stood = true; })")
    categories = ["devtools.timeline", "disabled-by-default-devtools.timeline.invalidationTracking"]
    browser.start_tracing(page=box.page, categories=categories)
    for key in ("ArrowRight", "ArrowLeft"):
        box.locator("input[type=range], .handle[tabindex='0']").locator("visible=true").first.press(
            key
        )
        settle(box.page)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    styled = [e for e in events if e["name"] == "StyleInvalidatorInvalidationTracking"]
    assert axes.evaluate_all("all => all.every(line => line.stood)")  # those that stood, stand
    # Parts of the figure are ten an input; `p:has(+ details.quick)` alone made them over a hundred.
    assert len(styled) / 2 < 50, {e["args"]["data"]["nodeName"] for e in styled}


# ---- Guess which box ----------------------------------------------------------------------------


ALIKE = {"fresh digits", "no sevens", "unequal classes", "few repeated", "copied"}


def press(box, name):
    """Press a button that says it is off, as a finger can."""
    box.get_by_role("button", name=name, exact=True).evaluate("e => e.click()")


def box_row(name):
    (row,) = tables.chosen(tables.stored("live-boxes"), box=name)
    return row


@built
def test_no_name_is_given_away_before_the_guess_and_then_the_chapters_numbers_stand_there(figure):
    box = figure("boxes")
    seen = set()
    for at in range(10):
        name = exact(box)["order"][at]
        values = box.locator("[data-value]").all_inner_texts()
        assert values == ["–"] * 10
        assert box.locator(".found").count() == 0
        assert name not in box.locator("canvas").get_attribute("aria-label")
        box.get_by_role("button", name=name, exact=True).click()
        assert exact(box)["score"] == at + 1
        row = box_row(name)
        for key in live_boxes.METRICS:
            value, *word = shown(box, key).split(" ")
            assert number(value) == pytest.approx(row[key], abs=0.51 if key == "copies" else 0.06)
            off = row[f"{key}_off"]
            assert word == (["worse"] if off > 4 else ["better"] if off < -4 else [])
        seen.add(name)
        box.get_by_role("button", name="Start again" if at == 9 else "Next box").click()
    assert seen == set(tables.stored("live-boxes")["box"])
    assert exact(box)["at"] == exact(box)["score"] == 0


@built
def test_a_wrong_guess_is_told_counts_nothing_and_the_end_gives_both_scores(figure):
    box = figure("boxes")
    order = exact(box)["order"]
    wrong = order[1]
    box.get_by_role("button", name=wrong, exact=True).click()
    verdict = box.locator(".live-verdict p")
    assert verdict.inner_text() == f"No, this is: {order[0]}."
    press(box, order[0])  # too late
    assert exact(box)["score"] == 0
    for at in range(1, 10):
        box.get_by_role("button", name="Next box").click()
        if at == 2:  # what has been shown is no choice any more
            press(box, order[0])
            assert verdict.inner_text() == "Your guess?"
        box.get_by_role("button", name=order[at], exact=True).click()
    alike = 5 - (order[0] in ALIKE)
    assert verdict.inner_text() == f"Right: {order[9]}."
    text = box.locator(".live-after").inner_text()
    assert text.startswith("9 of ten")
    assert f"{9 - alike} of the five faults that show, {alike} of the five boxes" in text
    assert f"gets {5 + sum(1 / k for k in range(1, 6)):.1f} in the mean" in text


@built
def test_boxes_are_guessed_by_keys_alone_and_the_focus_goes_on(figure):
    box = figure("boxes")
    page = box.page
    focus = "document.activeElement.textContent"
    for at in range(3):
        name = exact(box)["order"][at]
        box.get_by_role("button", name=name, exact=True).focus()
        page.keyboard.press("Enter")
        assert page.evaluate(focus) == "Next box"
        page.keyboard.press("Enter")
        assert page.evaluate(focus) == exact_names(box)[0]
    assert exact(box)["score"] == 3


def exact_names(box):
    return box.locator(".live-names button").all_inner_texts()


@built
def test_the_pictures_of_a_box_are_the_first_of_the_chapters(figure):
    box = figure("boxes")
    pixels = box.evaluate("""box => {
        const canvas = box.querySelector("canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, 28, 28);
        return Array.from({ length: 784 }, (_, i) => data[4 * i]);
    }""")
    with Image.open(records.run_folder("live-boxes") / "pictures.png") as picture:
        stored = np.asarray(picture).astype(float)
    row = tables.stored("live-boxes")["box"].tolist().index(exact(box)["order"][0])
    levels = np.rint(stored[28 * row : 28 * (row + 1), :28].ravel() / 17) / 15  # four bits
    paper, ink = (box.evaluate(f"live.colour('--book-{name}')[0]") for name in ("page", "text"))
    np.testing.assert_allclose(pixels, paper + (ink - paper) * levels, atol=1)


# ---- The weights behind them ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "weights", "size"),
    [("walk", 92_416, 1), ("digits", 67_840, 2)],  # bytes: eight bits, half precision
)
def test_the_browser_gets_every_weight_of_a_generator_once(name, weights, size):
    live_data = pytest.importorskip("measured.live_data")
    text = live_data.scripts()[name]
    stored = json.loads(text[text.index(",") + 1 : text.rindex(")")])
    assert sum(_count(layer["weight"]) for layer in stored["layers"]) == weights * size
    assert stored["channels"] == [64, 32, 16]


def _count(text):
    return len(text) * 3 // 4 - text.count("=")


@built
@pytest.mark.parametrize("name", ["shift", "games"])
def test_an_input_does_not_make_the_browser_work_out_the_styles_of_the_chapter(figure, name):
    """A change has its styles worked out once, and what asks for the article's width once more.

    A third time is of all that stands in the article, as its width changes while it is laid out.
    """
    box = figure(name, reduced_motion="reduce")
    session = box.page.context.new_cdp_session(box.page)
    session.send("Performance.enable")

    def times():
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(m["value"] for m in metrics if m["name"] == "RecalcStyleCount")

    box.page.wait_for_function(time_live.DRAWN)
    box.evaluate(time_live.NUDGE, 2)
    before = times()
    inputs = box.evaluate(time_live.NUDGE, 10)
    assert times() - before <= 2.2 * inputs
