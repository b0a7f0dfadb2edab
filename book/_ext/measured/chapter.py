"""Number each chapter by its file name, and headings inside a chapter not at all.

Sphinx counts the files that it finds, so that chapter 9 would be number 5 while four chapters are
missing.  Figures and equations follow the chapter's number.
"""

import re

from docutils import nodes
from sphinx.environment.collectors.toctree import TocTreeCollector


def setup(app):
    """Tell Sphinx what to call, and when."""
    app.connect("builder-inited", _count_by_file_name)
    app.connect("doctree-read", _mark_macros)
    app.connect("env-get-updated", _leave_headings_without_number, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _count_by_file_name(app):
    """Put the file's number in place of Sphinx's count just before figures are numbered."""
    number_figures = TocTreeCollector.assign_figure_numbers
    if hasattr(number_figures, "by_file_name"):
        return

    def assign_figure_numbers(self, env):
        for doc in env.toc_secnumbers:
            chapter = re.search(r"\bch(\d\d)_", doc)
            _renumber(env, doc, [int(chapter[1])] if chapter else None)
        return number_figures(self, env)

    assign_figure_numbers.by_file_name = True
    TocTreeCollector.assign_figure_numbers = assign_figure_numbers


def _renumber(env, doc, number):
    env.toc_secnumbers[doc] = {"": number and tuple(number)}
    env.titles[doc]["secnumber"] = number
    for link in env.tocs[doc].findall(nodes.reference):
        link["secnumber"] = number if link["anchorname"] == "" else None


def _leave_headings_without_number(app, env):
    """Forget headings only after figures, which fall back on the title's number, have theirs."""
    for doc, numbers in env.toc_secnumbers.items():
        for link in env.tocs[doc].findall(nodes.reference):
            numbers.setdefault(link["anchorname"], None)
    return []


def _mark_macros(app, doctree):
    """Mark paragraphs that only define TeX macros: they are read by MathJax and show nothing."""
    for formula in doctree.findall(nodes.math):
        alone = isinstance(formula.parent, nodes.paragraph) and len(formula.parent) == 1
        if alone and formula.astext().startswith("\\newcommand"):
            formula.parent["classes"].append("macros")
