"""Lead readers who found an error to the repository's form for issues, with the place filled in.

The button stands at the top of every page once the repository is named.  It names the page;
`report.js` adds the section that is being read and the words that are selected.
"""

from urllib.parse import urlencode


def offer(app, pagename, templatename, context, doctree):
    """Add the button to a page, if there is somewhere to report to."""
    repository = app.config.html_theme_options.get("repository_url")
    if not repository or doctree is None:
        return
    asked = {
        "title": f"{pagename.rpartition('/')[2]}: ",
        "body": f"Page: {app.config.html_baseurl}{pagename}.html\n",
    }
    context["header_buttons"].append({
        "type": "link",
        "url": f"{repository}/issues/new?{urlencode(asked)}",
        "icon": "fas fa-exclamation-circle",
        "tooltip": "Report an error",
        "label": "report-button",
    })  # fmt: skip
    app.add_js_file("report.js", loading_method="defer")
