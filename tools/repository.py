"""The repository's address: read from `_config.yml`, the one place, and written where it is shown.

`notebooks.py setup` calls this, and writes the notebooks' first cells.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
LINKS = """\
Read it at <https://{owner}.github.io/{name}/>, or run it on
[Colab](https://colab.research.google.com/github/{owner}/{name}/blob/{branch}/book/ch01_js_vs_emd.ipynb)
or [Binder](https://mybinder.org/v2/gh/{owner}/{name}/{branch}?urlpath=lab/tree/book).
"""
CODE = 'repository-code: "{url}"\n'
# What stands between two marks of a file is written from the address; nothing while there is none.
SHOWN = {
    "README.md": ("<!-- repository -->\n", "<!-- /repository -->\n", LINKS),
    "CITATION.cff": ("# repository\n", "# /repository\n", CODE),
}


def address(root: Path = ROOT) -> dict[str, str]:
    """Read the repository's URL and branch; the URL is an empty string while it has none."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))
    about = config.get("repository") or {}
    return {"url": about.get("url") or "", "branch": about.get("branch") or "main"}


def name(url: str, branch: str = "main", *, root: Path = ROOT) -> None:
    """Write the address into `_config.yml`; an empty URL takes it out."""
    url = url.strip().removesuffix("/").removesuffix(".git")
    if url and not re.fullmatch(r"https://[\w.-]+/[\w.-]+/[\w.-]+", url):
        sys.exit(f"{url} is no repository: write URL=https://github.com/OWNER/NAME")
    if not re.fullmatch(r"[\w./-]+", branch):
        sys.exit(f"{branch} is no branch")
    config = root / "_config.yml"
    text = config.read_text(encoding="utf8")
    for key, value in (("url", f'"{url}"'), ("branch", branch)):
        line = re.compile(rf"^(repository:\n(?: .*\n)*?  {key}:) .*$", re.MULTILINE)
        text, found = line.subn(lambda m, value=value: f"{m[1]} {value}", text)
        if not found:
            sys.exit(f"{config} has no repository.{key}")
    config.write_text(text, encoding="utf8")


def show(*, root: Path = ROOT, check: bool = False) -> None:
    """Write the address between the marks of README and citation, or only look whether it is."""
    about = address(root)
    owner, project = about["url"].split("/")[-2:] if about["url"] else ("", "")
    for file, (begin, end, form) in SHOWN.items():
        path = root / file
        text = path.read_text(encoding="utf8") if path.is_file() else ""
        before, _, rest = text.partition(begin)
        _, mark, after = rest.partition(end)
        wanted = form.format(owner=owner, name=project, **about) if about["url"] else ""
        if mark and text != (new := before + begin + wanted + end + after):
            if check:
                sys.exit(f"{file} does not name the repository of _config.yml; run `make setup`")
            path.write_text(new, encoding="utf8")
