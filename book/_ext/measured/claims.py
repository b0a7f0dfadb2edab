"""Write the ledger: every claim that a stored notebook printed, with its rule and a link to it.

The page `book/claims` gets a section for each chapter. A stored notebook that holds an error, or a
check that printed no claim, stops the build: its claims are not proved.
"""

import itertools
import json
import re
from pathlib import Path

import checked
from docutils import nodes
from sphinx.errors import ExtensionError

PAGE = "book/claims"


def setup(app):
    """Tell Sphinx what to call, and when."""
    app.connect("source-read", _count)
    app.connect("doctree-read", _write, priority=450)  # before the table of contents is collected
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def ledger(path):
    """List the claims of a notebook in order: dictionaries with heading, mark, claim and rule."""
    found, heading = [], ""
    for number, cell in enumerate(json.loads(Path(path).read_text(encoding="utf8"))["cells"]):
        if cell["cell_type"] != "code":
            heading = (re.findall(r"^##+ (.+)$", "".join(cell["source"]), re.M) or [heading])[-1]
            continue
        before = len(found)
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                raise ExtensionError(f"{path}, cell {number}: stored with an error: "
                                     f"{output['ename']}: {output['evalue']}")  # fmt: skip
            lines = "".join(output.get("text", "")).splitlines()
            matches = (checked.LINE.match(line) for line in lines)
            found += [match.groupdict() | {"heading": heading} for match in matches if match]
        if "check(" in "".join(cell["source"]) and len(found) == before:
            raise ExtensionError(f"{path}, cell {number}: its check has printed no claim; "
                                 "execute the notebook (make notebooks)")  # fmt: skip
    return found


def held(path):
    """Count the claims of a notebook that held; the others were skipped."""
    return sum(claim["mark"] == "✓" for claim in ledger(path))


def _chapters(env):
    """Return the notebooks of the book, name to path, in the order of their numbers."""
    docs = sorted(doc for doc in env.found_docs if doc.startswith("book/ch"))
    return {doc: env.doc2path(doc) for doc in docs}


def _count(app, docname, source):
    """Put the number of claims in place of |claims|, on any Markdown page."""
    if docname.startswith("book/ch") or "|claims|" not in source[0]:
        return
    chapters = _chapters(app.env)
    for path in chapters.values():
        app.env.note_dependency(path)
    source[0] = source[0].replace("|claims|", str(sum(map(held, chapters.values()))))


def _write(app, doctree):
    """Append a section with the claims of each chapter."""
    if app.env.docname != PAGE:
        return
    top = next(doctree.findall(nodes.section))
    for doc, path in _chapters(app.env).items():
        app.env.note_dependency(path)
        top += _section(Path(doc).name, path)


def _section(name, path):
    """Return one chapter's claims as a section."""
    cells = json.loads(Path(path).read_text(encoding="utf8"))["cells"]
    title = "".join(cells[0]["source"]).splitlines()[0].removeprefix("# ")
    number = int(name[2:4])
    section = nodes.section(ids=[f"chapter-{number}"], names=[f"chapter-{number}"])
    section += nodes.title("", f"{number} · {title}")
    numbered = enumerate(ledger(path), start=1)
    for heading, group in itertools.groupby(numbered, key=lambda pair: pair[1].pop("heading")):
        claims = nodes.bullet_list(classes=["claims", "ledger"], bullet="*")
        claims += [_entry(f"{number}.{i}", f"{name}.html#claim-{i}", claim) for i, claim in group]
        section += [nodes.rubric("", heading), claims]
    return section


def _entry(number, place, claim):
    """Return a claim with its number, which leads to its place."""
    item = checked.claim_item(**claim)
    link = nodes.reference("", number, internal=True, refuri=place)
    item.children[0].insert(0, nodes.inline("", "", link, classes=["place"]))
    return item
