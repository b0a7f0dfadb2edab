r"""Set printed columns as tables.

A program aligns columns with spaces, which a page cannot wrap and a screen reader does not know.
The metadata of a cell say where its columns are cut, `"table": {"cuts": [6, 13]}`, and name them in
`"heads"` where nothing is printed above them, or say how many lines of heads there are (`"head"`,
else 1).  A line that does not fit, with a word across a cut or nothing behind the first one, stays
as it was printed.  A line without a first entry begins another table.

Where each line says again what its numbers are, a pattern tells what is an entry,
`"table": {"row": "d = (\d+): slope (\S+)", "heads": ["d", "slope"]}`; without `heads` the
first line that fits has them.
"""

import itertools
import re

from docutils import nodes
from sphinx.errors import ExtensionError

NUMBER = re.compile(r"[+\-−]?\d[\d.,]*(e[+\-]?\d+)?( ?%)?|inf")


def set_printed(app, doctree):
    """Set what cells print as tables, where their metadata say so."""
    for cell in doctree.findall(nodes.container):
        about = cell.get("cell_metadata", {}).get("table")
        if about:
            blocks = [b for b in cell.findall(nodes.literal_block) if "stream" in b["classes"]]
            parts = [(block, list(_parts(block, about))) for block in blocks]
            if not any(isinstance(part, nodes.table) for _, new in parts for part in new):
                raise ExtensionError(
                    f"{app.env.docname}: no two lines fit the {_words(about)} of cell "
                    f"{cell['cell_index']}: say where its printed columns begin"
                )
            for block, new in parts:
                block.parent.replace(block, new)


def _parts(block, about):
    """Cut a block into tables and the lines that are none."""
    lines = block.astext().rstrip("\n").split("\n")
    rows = [(row_of(line, about), line) for line in lines]
    for fits, group in itertools.groupby(rows, key=lambda row: row[0] is not None):
        found = list(group)
        if fits and len(found) > 1:
            yield from _tables([row for row, _ in found], about)
        elif text := "\n".join(line for _, line in found).strip("\n"):
            yield nodes.literal_block(text, text, **block.attributes)


def _words(about):
    return f"pattern {about['row']!r}" if "row" in about else f"cuts {about['cuts']}"


def row_of(line, about):
    """Return the entries of a line, None if it is no row of the table that is told about."""
    if "row" in about:
        return entries(line, about["row"], len(about.get("heads", [])))
    return fields(line, about["cuts"])


def fields(line, cuts):
    """Cut a line; None if a word stands across a cut, or nothing behind the first one."""
    padded = line.ljust(cuts[-1] + 1)
    if any(" " not in padded[cut - 1 : cut + 1] for cut in cuts):
        return None
    ends = [0, *cuts, len(padded)]
    row = [padded[start:end].strip() for start, end in itertools.pairwise(ends)]
    row = [re.sub(r"(?<=[(\-–]) +(?=\d)", "", text) for text in row]  # ranges padded in print
    return row if any(row[1:]) else None


def entries(line, pattern, number=0):
    """Return what a pattern finds in a line, None where it does not fit it."""
    found = re.fullmatch(pattern, line)
    if found and number and len(found.groups()) != number:
        raise ExtensionError(f"the pattern {pattern!r} has not {number} entries, one for each head")
    return [text.strip() for text in found.groups("")] if found else None


def _tables(rows, about):
    printed = 0 if "heads" in about else about.get("head", 1)
    heads = [about["heads"]] if "heads" in about else []
    starts = [i for i in range(printed + 1, len(rows)) if printed == 1 and not rows[i][0]]
    for start, end in itertools.pairwise([0, *starts, len(rows)]):
        yield _table([*heads, *rows[start : start + printed]], rows[start + printed : end])


def _table(heads, rows):
    table, group = nodes.table(classes=["printed"]), nodes.tgroup(cols=len(heads[0]))
    columns = list(zip(*rows, strict=True))
    for column in columns:
        group += nodes.colspec(colwidth=max(map(len, column)) + 1)
    numbers = [all(NUMBER.fullmatch(text) for text in column if text) for column in columns]
    head, body = nodes.thead(), nodes.tbody()
    head += [_row(row, numbers) for row in heads]
    body += [_row(row, numbers) for row in rows]
    group += [head, body]
    table += group
    return table


def _row(texts, numbers):
    row = nodes.row()
    for text, number in zip(texts, numbers, strict=True):
        content = [nodes.paragraph(text, text)] if text else []
        row += nodes.entry("", *content, classes=["number"] if number else [])
    return row
