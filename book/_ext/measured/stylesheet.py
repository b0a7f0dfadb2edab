"""Make one style sheet of all that pages wait for, without the rules that no page uses."""

import posixpath
import re
from fnmatch import fnmatch
from itertools import pairwise

import tinycss2
from sphinx.errors import ExtensionError

# In the order in which they overrule each other.
SHEETS = (
    "styles/theme.css",
    "styles/pydata-sphinx-theme.css",
    "pygments.css",
    "styles/sphinx-book-theme.css",
    "copybutton.css",
    "mystnb.*.css",
    "mathjax.css",
    "palette.css",
    "live/core.css",
    "live/heights.css",
    "book.css",
    "pages.css",
)
# Rules of MyST-NB for corners between code and output. They ask for any second child of a cell, and
# a browser would then work out the styles of a whole cell at each change of a live figure in it.
# book.css says the same without `:has`.
LEFT_OUT = "div.cell:has(> *:nth-child(2))"
NESTING = {"media", "supports", "layer", "container"}
ELSEWHERE = ("data:", "http:", "https:", "/", "#")


def contains(name):
    """Say whether a style sheet is one of those that are joined."""
    return any(fnmatch(name, pattern) for pattern in SHEETS)


def words(texts):
    """Collect what could be the name of a class or an id in some texts."""
    return {word for text in texts for word in re.findall(r"[\w-]+", text)}


def bundle(static, used):
    """Join the style sheets in a folder, keeping the rules whose classes and ids are all used."""
    files = [file for name in SHEETS for file in sorted(static.glob(name))]
    rules = [rule for file in files for rule in _read(file, static)]
    for file in files:
        if file.name.startswith("mystnb") and LEFT_OUT not in file.read_text(encoding="utf-8"):
            raise ExtensionError(f"{file.name} has no {LEFT_OUT!r} any more: see stylesheet.py")
    return tinycss2.serialize(_kept(rules, used))


def _read(file, static):
    """Parse a sheet and what it imports; what it points at is found from the static folder."""
    folder = file.parent.relative_to(static).as_posix()
    for rule in _parse(file.read_text(encoding="utf-8"), file):
        keyword = getattr(rule, "lower_at_keyword", None)
        if keyword == "import":
            path = next(token.value for token in rule.prelude if token.type == "string")
            yield from _read((file.parent / path).resolve(), static.resolve())
        elif keyword != "charset":
            _repoint(rule.content or [], folder)
            yield rule


def _parse(css, file="a style sheet"):
    rules = tinycss2.parse_rule_list(css, skip_comments=True, skip_whitespace=True)
    for rule in rules:
        if rule.type == "error":
            raise ExtensionError(f"{file}, line {rule.source_line}: {rule.message}")
    return rules


def _repoint(tokens, folder):
    """Change addresses relative to a folder into ones relative to the static folder."""
    for token in tokens:
        is_url = token.type == "function" and token.lower_name == "url"
        targets = token.arguments if is_url else [token] if token.type == "url" else []
        for target in targets:
            if target.type in ("string", "url") and not target.value.startswith(ELSEWHERE):
                target.value = posixpath.normpath(posixpath.join(folder, target.value))
                plain = f'"{target.value}"'
                target.representation = plain if target.type == "string" else f"url({plain})"
        _repoint(getattr(token, "content", None) or getattr(token, "arguments", None) or [], folder)


def _kept(rules, used):
    for rule in rules:
        if rule.type == "qualified-rule":
            rule.prelude = _selectors(rule.prelude, used)
            if rule.prelude:
                yield rule
        elif rule.lower_at_keyword in NESTING and rule.content is not None:
            rule.content = list(_kept(_parse(rule.content), used))
            if rule.content:
                yield rule
        else:
            yield rule


def _selectors(prelude, used):
    """Return the selectors of a rule that can apply and are wanted, with commas between."""
    groups = [[]]
    for token in prelude:
        if token == ",":
            groups.append([])
        else:
            groups[-1].append(token)
    wanted = [group for group in groups if LEFT_OUT not in tinycss2.serialize(group)]
    kept = [group for group in wanted if words(_named(group)) <= used]
    comma = tinycss2.parse_one_component_value(",")
    return [token for i, group in enumerate(kept) for token in ([comma] if i else []) + group]


def _named(selector):
    """Return the classes and ids that an element must have; what stands in brackets may lack."""
    for before, token in pairwise([None, *selector]):
        if token.type == "hash" or (token.type == "ident" and before == "."):
            yield token.value
