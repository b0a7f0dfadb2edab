r"""Set the whole book on paper: what the LaTeX builder needs to know, and only then.

On the page the reader unfolds and clicks; on paper solutions stand open, links have footnotes,
claims keep their tick, and cells whose input is folded show their output alone.  `tools/pdf.py`
runs it.
"""

import re

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx import addnodes
from sphinx.builders.latex.nodes import thebibliography
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_jupyterbook_latex.nodes import RootHeader

from wganlib import palette

INK, QUIET, LINK, PANEL = (
    f"{{HTML}}{{{palette.LIGHT[role][1:].upper()}}}" for role in ("text", "quiet", "link", "panel")
)

PREAMBLE = r"""
\makeatletter
\usepackage{newunicodechar}
\setcounter{secnumdepth}{0}
\setcounter{tocdepth}{0}
\renewcommand{\thepart}{}
\hypersetup{pdfencoding=auto, psdextra, bookmarksdepth=2}
\AtBeginDocument{\hypersetup{pdftitle={\@title}, pdfauthor={\@author}}}

% Sphinx numbers within chapters only where sections are numbered too.
\AtBeginDocument{\counterwithin{figure}{chapter}\counterwithin{table}{chapter}%
  \counterwithin{equation}{chapter}}
\addto\captionsenglish{\renewcommand{\contentsname}{Contents}}

% Headings: a chapter's number stands small above its question.
\titleformat{\part}[display]{\thispagestyle{empty}\raggedright\Huge}{}{0pt}{}
\titlespacing*{\part}{0pt}{.3\textheight}{0pt}
\titleformat{\chapter}[display]{\raggedright}{\large\color{quiet}\@chapapp\ \thechapter}{4pt}
  {\huge\bfseries}
\titlespacing*{\chapter}{0pt}{0pt}{24pt}
\titleformat*{\section}{\Large\bfseries\raggedright}
\titleformat*{\subsection}{\large\bfseries\raggedright}
\titleformat*{\subsubsection}{\bfseries\raggedright}

\widowpenalty=10000 \clubpenalty=10000 \raggedbottom
\renewcommand{\topfraction}{.85} \renewcommand{\bottomfraction}{.7}
\renewcommand{\textfraction}{.12} \renewcommand{\floatpagefraction}{.7}
\setlength{\emergencystretch}{3em}
\AtBeginDocument{\setlength{\tymin}{72pt}} % no column narrower than a name in code
\usepackage{etoolbox}
\AtBeginEnvironment{longtable}{\small\setlength{\tabcolsep}{4pt}} % a cell's numbers, seven in a row
\renewcommand{\sphinxstyletheadfamily}{\bfseries}
\usepackage[font=small, labelfont=bf, width=.94\linewidth]{caption}

% Code has a grey ground, what it prints has none.
\newenvironment{sphinxVerbatimInput}{}{}
\newenvironment{sphinxVerbatimOutput}{\colorlet{VerbatimColor}{white}%
  \colorlet{VerbatimBorderColor}{white}}{}
\renewenvironment{sphinxthebibliography}[1]{\begin{list}{\@biblabel{\arabic{enumiv}}}%
  {\small\settowidth\labelwidth{\@biblabel{#1}}\leftmargin=\labelwidth
  \advance\leftmargin\labelsep\usecounter{enumiv}}}{\end{list}} % its heading is the page's title
\newenvironment{claims}{\begin{list}{}{\small\leftmargin=1.6em\labelwidth=1.1em\labelsep=.5em
  \itemsep=1pt\parsep=0pt\topsep=4pt}\raggedright}{\end{list}}
\newcommand{\claimrule}[1]{\ {\color{quiet}#1}}
\newenvironment{solution}[1]{\par\smallskip\begin{list}{}{\leftmargin=1.6em\rightmargin=0pt
  \parsep=4pt\topsep=4pt}\small\item[]\textbf{#1.}\ }{\end{list}\par}

% A sign that the font at hand lacks is taken from one that has it; pdf.py lists the signs.
\newfontfamily\signsone{texgyrepagella-math.otf}
\newfontfamily\signstwo{FreeSerif}
\newfontfamily\signsthree{DejaVu Sans}
\DeclareRobustCommand{\papersign}[1]{\ifmmode#1\else{\iffontchar\font`#1\else
  \signsone\iffontchar\font`#1\else\signstwo\iffontchar\font`#1\else\signsthree\fi\fi\fi#1}\fi}
\pdfstringdefDisableCommands{\let\papersign\@firstofone}
\AtBeginDocument{\InputIfFileExists{paper-signs.tex}{}{}} % after unicode-math's own
\makeatother
"""

FONTS = r"""
\usepackage{unicode-math}
\setmainfont{texgyrepagella}[Extension=.otf, UprightFont=*-regular, ItalicFont=*-italic,
  BoldFont=*-bold, BoldItalicFont=*-bolditalic]
\setsansfont{texgyreheros}[Extension=.otf, UprightFont=*-regular, ItalicFont=*-italic,
  BoldFont=*-bold, BoldItalicFont=*-bolditalic, Scale=.92]
\setmonofont{DejaVu Sans Mono}[Scale=.8]
\setmathfont{texgyrepagella-math.otf}
"""

TITLE = r"""
\begin{titlepage}
\raggedright\makeatletter
\vspace*{.12\textheight}
{\fontsize{34}{40}\selectfont\bfseries\@title\par}
\vspace{14pt}
{\Large\color{quiet}An executable book in which every claim\\is computed by a cell and checked\par}
\vfill
\IfFileExists{cover.png}{\includegraphics[width=.46\textwidth]{cover.png}\par}{}
\vfill
{\large\@author\par}
\vspace{4pt}
{\color{quiet}\@date\par}
\makeatother
\end{titlepage}
"""

ELEMENTS = {
    "papersize": "a4paper",
    "pointsize": "11pt",
    "extraclassoptions": "openany,oneside",
    "sphinxsetup": "hmargin={29mm,29mm}, vmargin={26mm,30mm}, "
    f"TitleColor={INK}, InnerLinkColor={LINK}, OuterLinkColor={LINK}, "
    f"VerbatimColor={PANEL}, VerbatimBorderColor={PANEL}, verbatimborder=0pt, verbatimsep=5pt",
    "fontpkg": FONTS,
    "fncychap": "",
    "fvset": r"\fvset{fontsize=\small}",
    "maketitle": TITLE,
    "makeindex": "",
    "printindex": "",
    "figure_align": "!htbp",
    "preamble": rf"\definecolor{{quiet}}{QUIET}" + PREAMBLE,
}


def add(app):
    """Tell Sphinx what changes the assembled book."""
    app.add_post_transform(OnPaper)
    app.add_post_transform(OnPaperLate)


def configure(app, config):
    """Set what the LaTeX builder asks for; Jupyter Book's own extension has set some before."""
    config.latex_theme = "manual"
    config.latex_engine = "xelatex"
    config.latex_elements = ELEMENTS
    config.latex_show_urls = "footnote"
    config.latex_domain_indices = False
    config.jblatex_show_tocs = False
    config.today_fmt = "%B %Y"


def number_by_chapter(app):
    """Set back how deep figures are numbered: by chapters, as on the page."""
    if app.builder.format == "latex":
        app.config.numfig_secnum_depth = 1


class OnPaper(SphinxPostTransform):
    """Rewrite for paper what only works on a screen."""

    default_priority = 300  # Jupyter Book's extension drops folded cells at 400
    formats = ("latex",)

    def run(self, **kwargs):
        """Change the assembled book in place."""
        cells = (_folded_cells, _whole_cells, _claims)
        for rewrite in (_drawings, _macros, _html, *cells, _letter_appendices, _mark):
            rewrite(self.document)


class OnPaperLate(SphinxPostTransform):
    """Put right what Jupyter Book's extension (700) and Sphinx (750) did to the assembled book."""

    default_priority = 800
    formats = ("latex",)

    def run(self, **kwargs):
        """Change the assembled book in place."""
        for header in list(self.document.findall(RootHeader)):
            header.replace_self([_latex("\n\\section*{"), *header.children, _latex("}\n")])
        for entries in list(self.document.findall(thebibliography)):
            place = next((n for n in self.document.findall(nodes.comment) if "entries" in n), None)
            if place is not None and place.parent is not None:
                entries.parent.remove(entries)
                place.replace_self(entries)


def _latex(text):
    return nodes.raw("", text, format="latex")


def _drawings(document):
    """Leave out what a page draws in its own markup, with the words below it."""
    for box in list(document.findall(nodes.container)):
        if "picture" in box["classes"]:
            box.parent.remove(box)


def _macros(document):
    """Define a chapter's TeX macros for the rest of the book instead of for one formula."""
    for formula in list(document.findall(nodes.math)):
        if formula.astext().startswith("\\newcommand"):
            define = re.sub(
                r"\\newcommand\{(\\\w+)\}",
                lambda m: f"\\providecommand{{{m[1]}}}{{}}\\renewcommand{{{m[1]}}}",
                formula.astext(),
            )
            formula.parent.replace_self(_latex(define))


def _html(document):
    """Open what is folded in `<details>`."""
    for raw in list(document.findall(nodes.raw)):
        if raw.get("format") != "html":
            continue
        soup = BeautifulSoup(raw.astext(), "html.parser")
        if soup.summary:
            title = soup.summary.get_text().strip()
            raw.replace_self(_latex(f"\\begin{{solution}}{{{title}}}"))
        elif "</details>" in raw.astext():
            raw.replace_self(_latex("\\end{solution}"))


def _folded_cells(document):
    """Show cells that the page folds whole: they are the computed part of a solution."""
    for cell in document.findall(nodes.container):
        if "tag_hide-cell" in cell["classes"]:
            cell["classes"].remove("tag_hide-cell")


def _whole_cells(document):
    """Start a new page rather than cut what fits on one."""
    for block in list(document.findall(nodes.literal_block)):
        cell = {"cell_input", "cell_output"} & set(block.parent.get("classes", []))
        lines = 0.95 * (block.astext().rstrip("\n").count("\n") + 1) + 1.5
        if cell and lines < 40:
            place = block.parent.index(block)
            block.parent.insert(place, _latex(f"\\Needspace{{{lines:.1f}\\baselineskip}}\n"))


def _mark(document):
    """Remember where the bibliography's entries belong, and open the book with a heading."""
    first = next(document.findall(nodes.citation), None)
    if first is not None:
        first.parent.insert(first.parent.index(first), nodes.comment("", "", entries=True))
    about = "About this book"
    opening = f"\\chapter*{{{about}}}\\markboth{{{about}}}{{{about}}}"
    toc = f"\\addcontentsline{{toc}}{{chapter}}{{{about}}}"
    title = next(document.findall(nodes.title), None)
    if title is not None:
        title.parent.insert(1, _latex(opening + toc))


def _claims(document):
    """Set what checks printed as a list of ticks."""
    for claims in list(document.findall(nodes.bullet_list)):
        if "claims" not in claims["classes"]:
            continue
        parts = [_latex("\\begin{claims}\n")]
        for item in claims.children:
            tick, *words = item[0].children
            paragraph = nodes.paragraph()
            for part in words:
                is_rule = "rule" in part["classes"]
                paragraph += [_latex("\\claimrule{"), part, _latex("}")] if is_rule else part
            parts += [_latex(f"\\item[{tick.astext()}]"), paragraph]
        claims.parent.replace(claims, [*parts, _latex("\\end{claims}\n")])


def _letter_appendices(document):
    """Give letters to what follows the chapters."""
    files = list(document.findall(addnodes.start_of_file))
    others = [file for file in files if not file["docname"].startswith("book/ch")]
    if others:
        others[0].insert(0, _latex("\\appendix"))
