"""Set the whole book on paper: LaTeX from Sphinx, pages from XeLaTeX, and a look at its log.

Usage: python tools/pdf.py
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "_build"
NAME = "wasserstein-gans-measured"
PACKAGES = (
    "latexmk texlive-xetex texlive-latex-recommended texlive-latex-extra "
    "texlive-fonts-recommended fonts-texgyre fonts-texgyre-math "
    "fonts-freefont-otf fonts-dejavu-core"
)
NEEDED = {
    "programs": ("latexmk", "xelatex", "kpsewhich"),
    "files": (
        *("tabulary.sty", "titlesec.sty", "newunicodechar.sty", "unicode-math.sty"),
        *("texgyrepagella-regular.otf", "texgyrepagella-math.otf", "texgyreheros-regular.otf"),
    ),
    "fonts": ("FreeSerif", "DejaVu Sans", "DejaVu Sans Mono"),
}


def missing() -> list[str]:
    """Name the programs, TeX files and fonts that are not on this machine."""
    lacking = [program for program in NEEDED["programs"] if not shutil.which(program)]
    if "kpsewhich" not in lacking:
        for file in NEEDED["files"]:
            if subprocess.run(["kpsewhich", file], capture_output=True).returncode:
                lacking.append(file)
    for font in NEEDED["fonts"]:
        if shutil.which("fc-list") and not _output("fc-list", font, "family"):
            lacking.append(f"the font {font}")
    return lacking


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def write_signs(tex: str) -> str:
    """List the signs beyond Latin that a text uses; LaTeX looks for each in several fonts."""
    signs = sorted({c for c in tex if c in "¼½¾" or (c > "\u017f" and not "‐" <= c <= "‧")})
    return "".join(f"\\newunicodechar{{{c}}}{{\\papersign{{{c}}}}}\n" for c in signs)


def draw_cover(target: Path) -> None:
    """Put the digits of the book's own generator on the title page, as ink on paper."""
    samples = sorted(ROOT.glob("book/runs/mnist-wgan-gp/samples-*.png"))
    if samples:
        image = ImageOps.invert(Image.open(samples[-1]).convert("L"))
        image.resize((4 * image.width, 4 * image.height), Image.Resampling.NEAREST).save(target)


def complaints(log: str) -> list[str]:
    """Find in LaTeX's log what a reader would see: lost signs, lost references, errors."""
    log = log.replace("\n", "\n ")
    found = re.findall(r"Missing character: There is no .*? in font", log)
    found += re.findall(r"LaTeX Warning: (?:Reference|Citation) .*? undefined", log)
    found += re.findall(r"\n ! .*", log)
    return sorted({line.strip() for line in found})


def wide_lines(log: str, points: float = 12) -> int:
    """Count the lines that stick out of the column by more than some points."""
    return sum(float(p) > points for p in re.findall(r"Overfull \\hbox \(([\d.]+)pt too", log))


def main() -> None:
    """Build `_build/wasserstein-gans-measured.pdf`."""
    if lacking := missing():
        sys.exit(
            f"The PDF needs {', '.join(lacking)}. On Debian or Ubuntu:\n"
            f"  sudo apt-get install --no-install-recommends {PACKAGES}"
        )
    folder = BUILD / "paper" / "_build" / "latex"
    shutil.rmtree(folder.parent, ignore_errors=True)
    book = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT, "--builder", "latex"]
    options = ["--path-output", BUILD / "paper", "-W", "-n", "--keep-going", "--quiet"]
    if subprocess.run([*book, *options]).returncode:
        sys.exit("The book was not set: Sphinx's warnings stand above, and each is an error here.")
    tex = folder / f"{NAME}.tex"
    (folder / "paper-signs.tex").write_text(write_signs(tex.read_text("utf8")), "utf8")
    draw_cover(folder / "cover.png")
    latexmk = ["latexmk", "-xelatex", "-interaction=nonstopmode", "-silent", "-f", tex.name]
    subprocess.run(latexmk, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = tex.with_suffix(".log").read_text("utf8", errors="replace")
    if found := complaints(log):
        sys.exit(
            "\n".join([*found, f"LaTeX was not content; its log is {tex.with_suffix('.log')}"])
        )
    pdf = shutil.copy(tex.with_suffix(".pdf"), BUILD / tex.with_suffix(".pdf").name)
    pages = re.search(r"\((\d+) pages", log)
    print(f"{pages[1] if pages else '?'} pages, {wide_lines(log)} lines too wide: {pdf}")


if __name__ == "__main__":
    main()
