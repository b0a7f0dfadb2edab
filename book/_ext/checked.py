"""Show what `wganlib.checks.check` printed as a list of claims, each with its tick and its rule."""

import re

from docutils import nodes

LINE = re.compile(r"(?P<mark>[✓–]) (?P<claim>.*?)(?:  \[(?P<rule>.+)\])?$")


def setup(app):
    """Tell Sphinx what to call, and when."""
    app.connect("doctree-read", _set_claims, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _set_claims(app, doctree):
    for block in list(doctree.findall(nodes.literal_block)):
        if "stream" in block["classes"]:
            parts = list(_parts(block))
            if any(isinstance(part, nodes.bullet_list) for part in parts):
                block.parent.replace(block, parts)  # replace_self would hand on its classes
    claims = (item for item in doctree.findall(nodes.list_item) if item["classes"])
    for number, item in enumerate(claims, start=1):
        item["ids"].append(f"claim-{number}")  # the ledger leads here


def _parts(block):
    """Cut a block of printed lines into lists of claims and what stands between them."""
    plain, claims = [], None
    for line in block.astext().rstrip("\n").split("\n"):
        match = LINE.match(line)
        if match is None:
            plain.append(line)
            claims = None
            continue
        if plain:
            yield _printed(block, plain)
            plain = []
        if claims is None:
            claims = nodes.bullet_list(classes=["claims"], bullet="*")
            yield claims
        claims += claim_item(**match.groupdict())
    if plain:
        yield _printed(block, plain)


def _printed(block, lines):
    text = "\n".join(lines)
    return nodes.literal_block(text, text, **block.attributes)


def claim_item(mark, claim, rule):
    """Return one claim as an item of a list: its tick, its sentence, its rule."""
    held = mark == "✓"
    paragraph = nodes.paragraph()
    paragraph += nodes.inline(mark, mark, classes=["tick"])
    words = nodes.inline("", " ", classes=["claim"])
    for i, part in enumerate(re.split(r"`([^`]+)`", claim)):  # every second part stood in ticks
        words += nodes.literal("", part) if i % 2 else nodes.Text(part)
    paragraph += words
    if rule:
        paragraph += nodes.inline("", f" [{rule}]", classes=["rule"])
    return nodes.list_item("", paragraph, classes=["held" if held else "skipped"])
