"""Show claims: under their cells, in the ledger, on the front page; and count them.

What `wganlib.checks.check` printed becomes a list, each claim with its tick and its rule.  The page
`book/claims` gets a section for each chapter, in which every claim leads to its cell.
"""

import itertools
import re
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from .chapter import chapters, is_chapter, read, read_claim
from .falling import answers_of

LEDGER = "book/claims"
# In a line of plain text: an index of one letter, an exponent in brackets or without, and a hyphen
# that stands for a minus: before a number or a name, or between two spaces behind a number.
POWER = re.compile(r"(?<=\b[A-Z])_(\w)\b|\^(?:\(([^()]*)\)|([\w.]*\w))")
MINUS = re.compile(r"(?<![\w-])-(?=[\dλ]|log\b)|(?<=\d )-(?= \w)")


def add(app):
    """Tell Sphinx of the directive."""
    app.add_directive("claim", ShowClaim)


def count_held(chapter):
    """Count the claims of a chapter that held; the others were skipped."""
    return sum(claim.held for claim in chapter.claims)


def write_count(app, docname, source):
    """Put the number of claims in place of |claims|, on any Markdown page."""
    if str(app.env.doc2path(docname)).endswith(".md") and "|claims|" in source[0]:
        total = sum(map(count_held, chapters(app.env)))
        source[0] = source[0].replace("|claims|", str(total))


def set_printed(app, doctree):
    """Set printed claims as lists, number them for the links of the ledger, say what fells them."""
    numbers, claims = itertools.count(1), _claims_of(app.env)
    for block in list(doctree.findall(nodes.literal_block)):
        if "stream" not in block["classes"]:
            continue
        parts = _parts(block)
        lists = [part for part in parts if isinstance(part, nodes.bullet_list)]
        for item in itertools.chain(*lists):
            number = next(numbers)
            item["ids"].append(f"claim-{number}")
            if number <= len(claims):
                item += falls_if(claims[number - 1])
        if lists:
            block.parent.replace(block, parts)  # replace_self would hand on its classes


def _claims_of(env):
    """Return the claims of the chapter that is read; a page that is none has no claims."""
    path = Path(env.doc2path(env.docname))
    if not is_chapter(path):
        return []
    env.note_dependency(str(answers_of(path)))
    return read(path).claims


def falls_if(claim):
    """Return a line that says what makes a claim fall, if that is known."""
    if not claim.falls_if:
        return []
    ways = "; or if ".join(claim.falls_if)
    return [nodes.paragraph("", "", *_words(f"falls if {ways}"), classes=["falls-if"])]


def _parts(block):
    """Cut a block of printed lines into lists of claims and what stands between them."""
    lines = ((read_claim(line), line) for line in block.astext().rstrip("\n").split("\n"))
    parts = []
    for are_claims, group in itertools.groupby(lines, key=lambda pair: pair[0] is not None):
        if are_claims:
            items = [claim_item(claim) for claim, _ in group]
            parts.append(nodes.bullet_list("", *items, classes=["claims"], bullet="*"))
        else:
            text = "\n".join(line for _, line in group)
            parts.append(nodes.literal_block(text, text, **block.attributes))
    return parts


def claim_item(claim):
    """Return a claim as an item of a list: its tick, its sentence, its rule."""
    mark = "✓" if claim.held else "–"
    paragraph = nodes.paragraph("", "", nodes.inline(mark, mark, classes=["tick"]))
    paragraph += nodes.inline("", " ", *_words(claim.text), classes=["claim"])
    if claim.rule:
        paragraph += nodes.inline("", f" [{claim.rule}]", classes=["rule"])
    return nodes.list_item("", paragraph, classes=["held" if claim.held else "skipped"])


def _words(text):
    """Set a text in which every second part stands in ticks, the others with raised exponents."""
    found = []
    for i, part in enumerate(text.split("`")):
        found += [nodes.literal("", part)] if i % 2 else _formulas(part)
    return found


def _formulas(text):
    """Set W_p, n^1.5, e^(-x) and minus signs of a line of plain text as formulas are set."""
    text = MINUS.sub("−", text)
    found, end = [], 0
    for power in POWER.finditer(text):
        below, bracket, above = power.groups()
        kind, inside = (nodes.subscript, below) if below else (nodes.superscript, bracket or above)
        found += [nodes.Text(text[end : power.start()]), kind("", inside)]
        end = power.end()
    return [*found, nodes.Text(text[end:])]


def write_ledger(app, doctree):
    """Append to the ledger a section with the claims of each chapter."""
    if app.env.docname == LEDGER:
        top = next(doctree.findall(nodes.section))
        suffix = getattr(app.builder, "out_suffix", ".html")
        top += [_section(chapter, suffix) for chapter in chapters(app.env)]


def _section(chapter, suffix):
    number, page = chapter.number, f"{chapter.path.stem}{suffix}"
    section = nodes.section(ids=[f"chapter-{number}"], names=[f"chapter-{number}"])
    section += nodes.title("", f"{number} · {chapter.title}")
    numbered = enumerate(chapter.claims, start=1)
    for heading, group in itertools.groupby(numbered, key=lambda pair: pair[1].heading):
        listed = nodes.bullet_list(classes=["claims", "ledger"], bullet="*")
        listed += [_entry(claim, f"{number}.{i}", f"{page}#claim-{i}") for i, claim in group]
        section += [nodes.rubric("", heading), listed]
    return section


def _entry(claim, number, place):
    """Return a claim with its number, which leads to its place."""
    item = claim_item(claim)
    item += falls_if(claim)
    link = nodes.reference("", number, internal=True, refuri=place)
    item[0].insert(0, nodes.inline("", "", link, classes=["place"]))
    return item


class ShowClaim(SphinxDirective):
    """Show one claim of a chapter, found by its sentence: it must be in the ledger."""

    required_arguments = 1  # the chapter's file, without its ending
    has_content = True

    def run(self):
        """Write a list of one claim."""
        text = " ".join(self.content).strip()
        named = (one for one in chapters(self.env) if one.path.stem == self.arguments[0])
        found = [claim for chapter in named for claim in chapter.claims if claim.text == text]
        if len(found) != 1:
            raise ExtensionError(f"{self.env.docname}: expected one claim {text!r} in "
                                 f"{self.arguments[0]}, found {len(found)}")  # fmt: skip
        return [nodes.bullet_list("", claim_item(found[0]), classes=["claims"], bullet="*")]
