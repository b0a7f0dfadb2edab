"""What the book adds to Sphinx: one extension, and one list of what is called when.

Sphinx calls functions at the events of a build.  `BEFORE` and `AFTER` list ours in the order in
which they run: before and after what Sphinx, the theme and other extensions do at the same event.
What is `on_site` runs for the pages on the screen alone, not for paper and e-books, and where it
comes last, only after a build without an error.
"""

import functools

from . import (
    accessibility,
    api,
    citing,
    claims,
    epub,
    exercises,
    figures,
    formulas,
    front_page,
    gallery,
    html,
    late,
    latex,
    links,
    live,
    reports,
    search,
    sharing,
    student,
    tables,
)


def on_site(function):
    """Return a function that does its work where the site is built, and nothing elsewhere."""

    @functools.wraps(function)
    def run(app, *about):
        if app.builder.name == "html" and not isinstance(about[0], BaseException):
            function(app, *about)

    return run


BEFORE = [
    ("source-read", claims.write_count),
    ("doctree-read", figures.add_twins),  # before Sphinx collects images
    ("doctree-read", claims.set_printed),
    ("doctree-read", tables.set_printed),  # of what is left between the claims
    ("doctree-read", claims.write_ledger),  # before Sphinx collects the table of contents
    ("doctree-read", gallery.write_sections),  # likewise
    ("doctree-read", formulas.mark_macros),
    ("doctree-read", links.name_statements),
    ("doctree-read", live.place),
]
AFTER = [
    ("config-inited", formulas.choose_renderer),
    ("config-inited", latex.configure),
    ("config-inited", epub.name_version),
    ("config-inited", sharing.take_address),
    ("config-inited", front_page.hide_launch_buttons),
    ("config-inited", search.take_ranking),
    ("autodoc-skip-member", api.leave_out_fields),
    ("builder-inited", latex.number_by_chapter),
    ("builder-inited", epub.choose_files),
    ("doctree-resolved", html.drop_live_kernels),
    ("doctree-resolved", figures.drop_twins_on_paper),
    ("doctree-resolved", links.link),
    ("doctree-resolved", late.mark_sections),
    ("doctree-resolved", accessibility.head_rows),
    ("doctree-resolved", accessibility.free_lists),
    ("html-page-context", on_site(html.rewrite_body)),
    ("html-page-context", formulas.load_style),
    ("html-page-context", live.load),
    ("html-page-context", front_page.say_what_is_next),
    ("html-page-context", on_site(sharing.describe)),
    ("html-page-context", epub.rewrite),
    ("html-page-context", on_site(student.offer)),
    ("html-page-context", on_site(reports.offer)),
    ("build-finished", formulas.store),
    ("build-finished", on_site(live.write_data)),
    ("build-finished", on_site(student.write_all)),
    ("build-finished", on_site(html.finish)),  # reads all pages, scripts and style sheets
    ("build-finished", on_site(html.write_moved)),
    ("build-finished", on_site(html.write_root)),
]


def setup(app):
    """Tell Sphinx what the book has, and what to call when."""
    app.add_config_value("moved_pages", {}, "html", types=[dict])
    front_page.add(app)
    claims.add(app)
    formulas.add(app)
    accessibility.add(app)
    live.add(app)
    exercises.add(app)
    latex.add(app)
    search.add(app)
    gallery.add(app)
    epub.add(app)
    citing.add(app)
    for priority, hooks in ((400, BEFORE), (900, AFTER)):  # the default is 500
        for event, function in hooks:
            app.connect(event, function, priority=priority)
    return {
        "version": "2",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": False,
    }
