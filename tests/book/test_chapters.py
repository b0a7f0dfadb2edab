"""Rules that hold for every chapter."""

import re

import nbformat
import pytest
import yaml

from tests import ROOT

BOOK = ROOT / "book"
CHAPTERS = sorted(BOOK.glob("ch*.ipynb"))
TEMPLATE = BOOK / "_template.ipynb"  # what a new chapter begins as
HEADINGS = ["Objectives", "The question", "Exercises", "Summary", "References"]


@pytest.fixture(params=[*CHAPTERS, TEMPLATE], ids=lambda path: path.stem)
def chapter(request):
    return nbformat.read(request.param, as_version=4)


def code(chapter):
    return [c for c in chapter.cells if c.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def prose(chapter):
    return "\n".join(c.source for c in chapter.cells if c.cell_type == "markdown")


# A quick question stands open at the end of a section, its answer is folded.
QUICK = re.compile(
    r"""
    ^\*\*Quick[ ]question\.\*\*[ ](?P<question>(?:.+\n)+)\n
    (?P<fold><details[ ]class="quick"><summary>Answer</summary>\n\n
    (?P<answer>(?:(?!</?details)[\s\S])+?)\n\n</details>)
    (?P<after>\s+\S+)""",
    re.MULTILINE | re.VERBOSE,
)


def read_on_the_way(chapter):
    """Return the prose without the folded answers to quick questions.

    A reader who has the answer goes past it, so it takes no reading time; and if it counted, a
    chapter near its limit would rather go without the question.  The question itself counts.
    """
    return QUICK.sub(lambda m: m[0].replace(m["fold"], ""), prose(chapter))


def lines(cell):
    return [line for line in cell.source.split("\n") if line.strip()]


def words(text):
    """Count words of prose: without formulas, code and markup."""
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|<[^>]+>|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    return len(re.findall(r"[A-Za-zÀ-ž][\w’'-]*", text))


def test_there_are_chapters():
    assert CHAPTERS


def test_it_is_stored_executed_from_top_to_bottom(chapter):
    filled = [c for c in code(chapter) if c.source.strip()]
    assert [c.execution_count for c in filled] == list(range(1, len(filled) + 1))
    assert not [o for c in filled for o in c.outputs if o.output_type == "error"]


def test_nothing_of_the_machine_is_stored(chapter):
    text = nbformat.writes(chapter)
    assert "/work/" not in text
    assert "/root/" not in text
    assert "widget-state" not in text
    assert not [c for c in chapter.cells if "execution" in c.metadata]


def test_it_has_the_house_s_headings_in_order(chapter):
    found = re.findall(r"^## (.+)$", prose(chapter), re.MULTILINE)
    assert [h for h in found if h in HEADINGS] == HEADINGS
    assert found[:2] == HEADINGS[:2]
    assert found[-3:] == HEADINGS[-3:]
    assert 2 <= len(found) - len(HEADINGS) <= 12


def test_every_proof_ends_in_the_same_sign(chapter):
    text = prose(chapter)
    assert not re.findall(r"\\(?:black)?square\b|[□■▪]|Q\.?E\.?D", text), "a proof ends in ∎"
    for part in re.split(r"^(?:> \*\*|## )", text, flags=re.MULTILINE):
        *_, proof = re.split(r"^\*Proof", part, flags=re.MULTILINE)
        assert "∎" in proof or proof == part, proof[:80]  # two halves may share it


def folded(cell):
    """Tell whether a cell's code is closed until a reader opens it."""
    return bool({"hide-input", "hide-cell", "remove-cell"} & {*tags(cell)})


def test_what_is_open_to_the_eye_is_read_in_one_sitting(chapter):
    """Folded cells do not count, so that no figure's code need leave its chapter."""
    cells = [c for c in chapter.cells if not folded(c)]
    shown = [c for c in code(chapter) if not folded(c)]
    assert len(cells) <= 60
    assert len(shown) <= 22
    if chapter.metadata.get("measured", {}).get("number") != 0:  # 0: the template, short on purpose
        assert 1_500 <= words(read_on_the_way(chapter)) <= 3_500
    assert words(read_on_the_way(chapter)) >= 7 * sum(len(lines(c)) for c in shown)


def test_the_code_of_checks_is_folded(chapter):
    """Their ticks are not: outputs of a folded cell are open."""
    checks = [c for c in code(chapter) if "check" in tags(c)]
    assert checks
    assert [c.source[:80] for c in checks if not folded(c)] == []


def test_every_cell_of_code_is_short_also_a_folded_one(chapter):
    for cell in code(chapter):
        limit = 30 if "algorithm" in tags(cell) else 20
        assert len(lines(cell)) <= limit, cell.source[:80]


def test_code_follows_prose_or_is_its_check(chapter):
    for before, after in zip(chapter.cells, chapter.cells[1:], strict=False):
        if before.cell_type == after.cell_type == "code":
            allowed = {"check", "hide-input", "remove-cell", "hide-cell"}
            figure_or_check = allowed & {*tags(before), *tags(after)}
            figure_or_check |= {"figure"} & set(after.metadata.get("mystnb", {}))
            assert figure_or_check, after.source[:80]


def test_it_checks_at_least_five_claims(chapter):
    checks = [c for c in code(chapter) if "check(" in c.source]
    assert sum(c.source.count("check(") for c in checks) >= 5
    for cell in checks:
        printed = "".join(o.get("text", "") for o in cell.outputs)
        assert "✓" in printed, cell.source[:80]


def test_no_claim_is_stored_as_skipped(chapter):
    printed = [o.get("text", "") for c in code(chapter) for o in c.outputs]
    assert not [text for text in printed if "– Skipped" in text]


def test_every_figure_has_caption_name_and_alt_text(chapter):
    figures = [c for c in code(chapter) if any("image/png" in o.get("data", {}) for o in c.outputs)]
    assert 3 <= len(figures) <= 8
    for cell in figures:
        about = cell.metadata.get("mystnb", {})
        assert len(about["figure"]["caption"].split()) >= 8
        assert about["figure"]["name"].startswith("fig-")
        assert len(about["image"]["alt"].split()) >= 12
        assert sum("image/png" in o.get("data", {}) for o in cell.outputs) == 1


def test_it_has_four_exercises_with_computed_solutions(chapter):
    titles = re.findall(r"^### Exercise \d+\.(\d) — \S", prose(chapter), re.MULTILINE)
    assert titles == ["1", "2", "3", "4"]
    assert prose(chapter).count("<details>") >= 4
    assert [c for c in code(chapter) if "hide-cell" in tags(c) and "check(" in c.source]


def test_it_asks_two_to_four_quick_questions_and_folds_their_answers(chapter):
    """Each at the end of a section, so that it is about what was just read."""
    argument = prose(chapter).split("## Exercises")[0] + "## Exercises"
    asked = list(QUICK.finditer(argument))
    assert 2 <= len(asked) <= 4
    assert prose(chapter).count("Quick question") == len(asked)
    assert prose(chapter).count('"quick"') == len(asked)
    sources = [c.source for c in chapter.cells if c.cell_type == "markdown"]
    assert not [text for text in sources if re.search(r"\S\n\*\*Quick", text)]  # own paragraphs
    for quick in asked:
        assert quick["question"].strip().endswith("?")
        assert words(quick["question"]) <= 45
        assert 8 <= words(quick["answer"]) <= 80
        assert quick["after"].strip() in ("##", "###"), quick["question"]


def test_the_setup_cell_is_the_second_and_there_is_one(chapter):
    assert [i for i, c in enumerate(chapter.cells) if "setup" in tags(c)] == [1]


def test_its_prose_keeps_to_the_house_s_manner(chapter):
    text = prose(chapter)
    plain = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|!\[", " ", text, flags=re.DOTALL)
    assert "!" not in plain
    assert not re.search(r"\b(obviously|simply|trivially|of course)\b", plain, re.IGNORECASE)
    assert not re.search(r"\bdiscriminator\b.*\bWasserstein critic\b", plain)


SAID = {1: "one", 2: "two", 30: "thirty", 50: "fifty"}


def amounts(number):
    """Return a number as a chapter may say it."""
    return {str(number), SAID.get(number, str(number))}


def test_its_objectives_say_what_its_metadata_say(chapter):
    facts = chapter.metadata["measured"]
    objectives = prose(chapter).split("## Objectives\n")[1].split("\n## ")[0]
    assert re.search(rf"(\*Needs:\*|You need) {re.escape(facts['needs'])}\.$", objectives, re.M)
    reading = re.search(r"Reading(?: time:\*| takes)(?: about)? (\w+) minutes", objectives)
    assert reading[1] in amounts(facts["minutes"])
    running = re.search(
        r"[Rr]un(?: time:\*|ning)(?: about)? (\w+)(?: (second|minute)s?)?", objectives
    )
    seconds = facts["seconds"] if running[2] == "second" else facts["seconds"] // 60
    assert running[1] in amounts(seconds)
    assert len(facts["short"]) <= 24


def test_chapters_are_listed_and_numbered_in_order_without_gaps():
    toc = yaml.safe_load((BOOK.parent / "_toc.yml").read_text())
    listed = re.findall(r"book/(ch\d\w+)", str(toc))
    assert listed == [path.stem for path in CHAPTERS]
    numbers = [nbformat.read(path, 4).metadata["measured"]["number"] for path in CHAPTERS]
    assert numbers == list(range(1, len(CHAPTERS) + 1))
    assert [int(name[2:4]) for name in listed] == numbers


def test_files_stay_small_enough_to_load():
    for path in CHAPTERS:
        assert path.stat().st_size <= 1_000_000, path.name


def test_a_summary_is_a_numbered_list(chapter):
    summary = prose(chapter).split("## Summary")[1].split("\n## ")[0].strip()
    numbered = summary.split("\n\n")[0].split("\n")
    assert [line for line in numbered if not re.match(r"\d+\. |   ", line)] == []


def test_a_reference_names_authors_title_and_why(chapter):
    """As in `* [Lin (1991)](address), *Title*: why`; what has no address is named alone."""
    listed = re.findall(r"^[-*] .*", prose(chapter).split("## References")[1], re.MULTILINE)
    form = r"\* (?:\[[^\]]+\]\(\S+\)|[A-ZÀ-Þ][^\[]*)(?:, .+)?: \S"
    assert listed
    assert [line for line in listed if not re.match(form, line)] == []
    assert [line for line in listed if re.match(r"\* \[[^\]]*\*[^\]]*\]\(", line)] == []
