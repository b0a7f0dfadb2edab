"""Each claim falls in a world that is false, and what is stored about it is true today."""

import datetime
import importlib.util
import json
import os
import subprocess
import sys

import nbformat
import pytest

from tests import ROOT

pytest.importorskip("IPython", reason="IPython is not installed (extra `book`)")
from counterworlds import World, answers, cells, code, hashes, instead, slices, world

WORLDS = ROOT / "book" / "worlds"
CHAPTERS = sorted(ROOT.glob("book/ch*.ipynb"))
CELLS = [
    "from wganlib.checks import check\nfrom wganlib.lipschitz import debiased_w1",
    "half = 1 / 2\nprint('a line that nobody sees')",
    'check("Half is half.", half, equals=0.5)\ncheck("One is one.", 1, equals=1)',
    'fair = debiased_w1(2.2, 10.0)\ncheck("The bias is 0.2.", fair, equals=2, within=1e-9)',
    'double = 2 * half\ncheck("Twice half is one.", double, equals=1)',
]
LIST = """\
from counterworlds import World, cell, code, instead, result

WORLDS = [
    World("third", "half is a third", cell("half = 1 / 2", "half = 1 / 3")),
    World("biased", "the bias stays", code("lipschitz.debiased_w1", "given / (", "given * (")),
    World("broken", "there is no half", cell("half = 1 / 2", "half = 1 / 0")),
    World("harmless", "nothing is false", result("lipschitz.debiased_w1", float)),
    World("elsewhere", "what is not called is false", result("lipschitz.clip_weights_", float)),
    World("lost", "an old text is false", cell("half = 2 / 4", "half = 1")),
    World("tenfold", "it is ten times as large",
          instead("lipschitz.debiased_w1", lambda true, *given: 10 * true(*given))),
]
"""


# Takes commands, one a line, so that the package is imported once.
SERVER = """
import contextlib, io, json, pathlib, sys
import falsify
for line in sys.stdin:
    book, *arguments = json.loads(line)
    falsify.BOOK, sys.argv, said = pathlib.Path(book), ["falsify", *arguments], io.StringIO()
    with contextlib.redirect_stdout(said):
        status = falsify.main()
    print(json.dumps([status, said.getvalue()]), flush=True)
"""


@pytest.fixture(scope="module")
def server():
    """Return a process that runs the command on any book."""
    path = {"PYTHONPATH": f"{ROOT / 'tools'}:{ROOT}"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], **pipes, env=os.environ | path
    ) as process:
        yield process
        process.stdin.close()


class SmallBook:
    """A book of one chapter with a few cells."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        (folder / "worlds").mkdir(parents=True)
        self.write(CELLS)
        self.list(LIST)

    def write(self, cells):
        """Write the chapter."""
        v4 = nbformat.v4
        notebook = v4.new_notebook(cells=[v4.new_code_cell(text) for text in cells])
        nbformat.write(notebook, self.path)

    def list(self, text):
        """Write its worlds."""
        (self.folder / "worlds/ch01.py").write_text(text)

    @property
    def path(self):
        return self.folder / "ch01_x.ipynb"

    @property
    def stored(self):
        return answers.load(self.folder / "worlds/answers/ch01.json")

    def falsify(self, *arguments):
        """Run the command; returns what it says."""
        self.server.stdin.write(json.dumps([str(self.folder), *arguments]) + "\n")
        self.server.stdin.flush()
        self.status, said = json.loads(self.server.stdout.readline())
        return said

    def stale(self):
        """Return the names of worlds that must be run; all if the claims are stale."""
        this, worlds, stored = cells.read(self.path), self.worlds(), self.stored
        fresh = stored.fresh_claims(this)
        return stored.stale_worlds(worlds) if fresh else list(worlds.definitions)

    def worlds(self):
        return world.catalogue(self.folder / "worlds", "ch01")


@pytest.fixture(scope="module")
def falsified(tmp_path_factory, server):
    """Return a small book after a first run, and what it said."""
    book = SmallBook(tmp_path_factory.mktemp("book"), server)
    book.said = book.falsify()
    return book


def falls_in(book):
    return {claim.label: claim.falls_in for claim in book.stored.claims}


def test_a_claim_falls_in_the_worlds_that_make_it_false_and_no_other(falsified):
    assert falls_in(falsified) == {
        "Half is half.": ["third"],
        "One is one.": [],
        "The bias is 0.2.": ["biased", "tenfold"],
        "Twice half is one.": ["third"],
    }


def test_what_breaks_a_cell_fells_nothing_there_and_later_cells_do_not_see_old_values(falsified):
    stored = falsified.stored
    stopped = {c.label: c.did_not_run_in for c in stored.claims if c.did_not_run_in}
    assert list(stopped) == ["Half is half.", "One is one.", "Twice half is one."]
    assert all(names == ["broken"] for names in stopped.values())
    assert stored.worlds["broken"].errors["2"] == "ZeroDivisionError: division by zero"


def test_a_world_begins_at_the_first_cell_that_it_touches(falsified):
    cells = {name: told.cell for name, told in falsified.stored.worlds.items()}
    assert cells == {"third": 2, "biased": 4, "broken": 2, "harmless": 4, "elsewhere": 0,
                     "lost": 0, "tenfold": 4}  # fmt: skip


def test_the_end_says_what_stands_and_what_fells_nothing(falsified):
    said = falsified.said
    assert "ch01: 4 claims, 3 fall in 7 worlds" in said
    assert "nothing fells 'One is one.', cell 3" in said
    assert "harmless fells nothing\n" in said
    assert "elsewhere fells nothing: nothing false reaches a claim" in said
    first = falsified.said.index("lost cannot be run")
    assert first < said.index("claims hold")  # said before anything is waited for
    assert "lost fells nothing: 'half = 2 / 4' occurs 0 times in the chapter" in said


def test_a_second_run_runs_nothing(falsified):
    assert falsified.stale() == []
    assert "nothing has changed" in falsified.falsify()


def test_other_words_for_a_world_make_nothing_stale_and_are_taken(falsified):
    falsified.list(LIST.replace("half is a third", "half is too small"))
    assert falsified.stale() == []
    falsified.falsify()
    assert falsified.stored.worlds["third"].falls_if == "half is too small"
    falsified.list(LIST)


def test_a_changed_world_is_stale_alone(falsified):
    falsified.list(LIST.replace("half = 1 / 3", "half = 1 / 4"))
    assert falsified.stale() == ["third"]
    falsified.list(LIST.replace("10 * true", "11 * true"))
    assert falsified.stale() == ["tenfold"]
    falsified.list(LIST)


def test_a_changed_cell_makes_the_claims_after_it_stale_and_a_comment_does_not(falsified):
    falsified.write([CELLS[0], CELLS[1] + "  # a comment", *CELLS[2:]])
    assert falsified.stale() == []
    falsified.write([*CELLS[:3], "other = 1\n" + CELLS[3], CELLS[4]])
    assert len(falsified.stale()) == 7
    now = cells.read(falsified.path).hashes(falsified.stored.called())
    same = [c.label for c in falsified.stored.claims if c.hash == now[c.cell - 1]]
    assert same == ["Half is half.", "One is one."]
    falsified.write(CELLS)


def test_a_false_claim_of_the_unchanged_chapter_stops_it(tmp_path, server):
    book = SmallBook(tmp_path, server)
    book.write([*CELLS[:3], 'check("Half is a third.", half, equals=1 / 3)'])
    assert "code cell 4 of the unchanged chapter: Half is a third." in book.falsify()
    assert not book.stored.claims


def test_one_world_can_be_run_again(falsified):
    said = falsified.falsify("--world", "third")
    assert "the chapter unchanged, then worlds: 1" in said
    assert "third: 2 fell" in said
    assert falls_in(falsified)["The bias is 0.2."] == ["biased", "tenfold"]


def test_a_world_whose_name_is_no_text_or_not_its_own_is_refused(tmp_path, server):
    book = SmallBook(tmp_path, server)
    book.list(LIST.replace('"biased"', '"third"'))
    with pytest.raises(ValueError, match="two worlds are called third"):
        book.worlds()


def test_worlds_that_are_run_again_must_fell_what_is_stored(falsified):
    said = falsified.falsify("--again", "today")
    assert said.count("ch01, ") == 3
    assert falsified.status == 0
    file = falsified.folder / "worlds/answers/ch01.json"
    true = file.read_text()
    file.write_text(true.replace('"falls_in": ["third"]', '"falls_in": []', 1))
    falsified.falsify("--again", "today")
    assert falsified.status == 1
    file.write_text(true)


def test_three_worlds_of_today_fell_what_is_stored():
    command = [
        sys.executable,
        ROOT / "tools/falsify.py",
        "--again",
        datetime.date.today().isoformat(),
    ]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


MAKER = """
def maker(step):
    def walk(x):
        return x + step
    return walk


TWO = maker(2)  # made when the module is imported, as the package makes its losses
"""


def test_a_change_reaches_what_a_function_has_made_before(tmp_path, monkeypatch):
    file = tmp_path / "made.py"
    file.write_text(MAKER)
    spec = importlib.util.spec_from_file_location("wganlib.made", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    times = World("times", "steps are factors", code("made.maker", "x + step", "x * step"))
    assert not times.mismatch([])
    times.changes[0].install()
    assert (module.TWO(5), module.maker(3)(5)) == (10, 15)
    for unfit in (code("made.maker", "x * step", "x"), instead("made.maker", max)):
        assert "made.maker has made maker.<locals>.walk" in World("w", "", unfit).mismatch([])
        with pytest.raises(ValueError, match="does not reach"):
            unfit.install()
    assert module.TWO(5) == 10


OTHER = {0: "a = 5"}  # the first cell binds another value in these


def path_of(sources, changed, mutable=(), random=()):
    return slices.Slices(sources, mutable, random).needed([], changed)


def test_a_cell_is_run_if_what_is_false_reaches_it_or_if_one_that_is_run_needs_it():
    sources = ["a = 1", "b = 2", "check(b)", "c = 3", "check(a + c)", "d = a", "check(c)"]
    assert path_of(sources, OTHER) == [0, 3, 4]


def test_a_name_that_is_bound_again_is_true_again():
    assert path_of(["a = 1", "check(a)", "a = 2", "check(a)"], OTHER) == [0, 1]
    assert path_of(["a = 1", "if c:\n    a = 2", "check(a)"], OTHER) == [0, 1, 2]


def test_what_a_loop_binds_is_not_read_from_before():
    assert path_of(["a = 1", "for a in b:\n    print(a)\n    c = a", "check(c)"], OTHER) == []
    inner = "for k in b:\n    for a in k:\n        c = a"
    assert path_of(["a = 1", inner, "check(c)"], OTHER) == []
    before = "for k in b:\n    c = a\n    for a in k:\n        print(a)"
    assert path_of(["a = 1", before, "check(c)"], OTHER) == [0, 1, 2]


def test_what_a_function_of_the_chapter_reads_counts_where_it_is_called():
    sources = ["a = 1", "def f():\n    b = a\n    return b", "b = 3", "check(b)", "check(f())"]
    assert path_of(sources, OTHER) == [0, 1, 4]


def test_what_may_be_changed_in_place_is_run():
    sources = ["a = 1", "net = Net()", "train(net)", "x[0] = 1", "check(net, a)", "check(x, a)"]
    assert path_of(sources, OTHER, mutable={"net"}) == [0, 1, 2, 3, 4, 5]
    assert path_of(sources, OTHER) == [0, 1, 3, 4, 5]


def test_a_plan_is_not_changed_in_place_and_a_list_of_plans_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the shell goes to its chapter's folder
    monkeypatch.setattr(sys, "path", [*sys.path])
    text = (
        "from wganlib.transport import optimal_plan\nplan = optimal_plan([0], [1])\nmany = [plan]"
    )
    shell = cells.Shell(cells.Chapter("ch01", tmp_path, []))
    assert not shell.run(text).error
    shell.look()
    assert shell.mutable >= {"many"}
    assert "plan" not in shell.mutable


def test_only_the_statements_that_differ_are_false():
    sources = ["a = 1\nb = 2\nc = a", "check(b)", "check(c)"]
    assert path_of(sources, {0: "a = 3\nb = 2\nc = a"}) == [0, 2]
    assert path_of(sources, {0: "a = 3\nb = 2\nextra = 1\nc = a"}) == [0, 1, 2]
    calls = slices.Slices(sources, [], []).needed([(0, 1)], {})
    assert calls == [0, 1]


def test_what_the_other_text_reads_is_there():
    sources = ["a = 1", "b = 2", "check(a)"]
    assert path_of(sources, {0: "a = 3", 2: "check(a + b)"}) == [0, 1, 2]


def test_random_numbers_are_drawn_as_before_and_carry_nothing_on():
    sources = ["a = rng.random()", "b = rng.random()", "check(b)", "check(a, rng.random())"]
    changed = {0: "a = 2 * rng.random()"}
    assert path_of(sources, changed, random={"rng"}) == [0, 1, 3]
    sources = ["a = 2", "b = torch.rand(1)", "check(a + torch.rand(1))"]
    assert path_of(sources, OTHER) == [0, 1, 2]
    sources[2] = "torch.manual_seed(0)\n" + sources[2]
    assert path_of(sources, OTHER) == [0, 2]
    sources[2:] = ["torch.manual_seed(0)", "b = torch.rand(1)", "check(a + torch.rand(1))"]
    assert path_of(sources, OTHER) == [0, 2, 3, 4]


def stored_of(path):
    return answers.load(WORLDS / "answers" / f"{path.name[:4]}.json")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem[:4])
def test_every_claim_has_a_world_that_fells_it(path):
    printed = json.loads(path.read_text(encoding="utf8"))["cells"]
    texts = ["".join(o.get("text", "")) for c in printed for o in c.get("outputs", [])]
    claims = sum(line.startswith(("✓ ", "– ")) for text in texts for line in text.splitlines())
    stored = stored_of(path)
    assert [claim.label for claim in stored.standing] == []
    assert len(stored.claims) == claims > 0


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem[:4])
def test_no_answer_is_stale(path):
    stored, name = stored_of(path), path.name[:4]
    worlds = world.catalogue(WORLDS, name)
    assert stored.fresh_claims(cells.read(path)), f"make falsify N={name}"
    assert stored.stale_worlds(worlds) == [], f"make falsify N={name}"
    said = {one.name: one.falls_if for one in worlds.worlds}
    assert {one: told.falls_if for one, told in stored.worlds.items()} == said


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem[:4])
def test_every_world_fells_something(path):
    assert stored_of(path).idle == []


SHOWN = {
    "a label": "plotting.label_at(ax, 1, 2, 'here', dy=3)",
    "a curve": "axes[0].plot(x, 2 * y, color=plotting.REAL)",
    "the end": "plt.show()",
    "what a figure says of itself": "ax.set(ylim=axes[1].get_ylim())",
    "a line": "print('worst:', ', '.join(f'{k} {max(v):.2f}' for k, v in worst.items()))",
    "a loop of labels": "for x, text in ((1, 'a'), (2, 'b')):\n    ax.text(x, 0, text)",
}
COMPUTED = {
    "a number that is drawn": "ax.axhline(torch.randn(1))",
    "a name": "line = ax.plot(x, y)",
    "a loop over what trains": "for x in trained(net):\n    ax.plot(x)",
    "a loop that sums": "for x in (1, 2):\n    ax.plot(x)\n    y += x",
    "a name on the way": "ax.plot(z := 2)",
    "something else": "net.plot(1)",
    "a number that is printed": "print(rng.normal())",
}


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_what_only_shows_may_change_without_a_new_answer(shown):
    assert hashes.of_source(f"y = f(x)\n{shown}") == hashes.of_source("y = f(x)")


@pytest.mark.parametrize("computed", COMPUTED.values(), ids=COMPUTED)
def test_what_computes_while_it_shows_asks_for_a_new_answer(computed):
    assert hashes.of_source(f"y = f(x)\n{computed}") != hashes.of_source("y = f(x)")
