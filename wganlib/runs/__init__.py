"""What the book computed once and stored, and the code that computes it.

An experiment fills one folder of ``book/runs`` with tables, weights or pictures. Its code is a
module of this package, with the folder's name; the networks that are trained on MNIST are entries
of ``runs.toml`` instead. ``python -m wganlib.runs --list`` shows all of them and
``python -m wganlib.runs NAME`` makes one; `run_folder` finds what is stored and `tables` reads it.
"""

from wganlib.records import run_folder
from wganlib.runs import tables

__all__ = ["run_folder", "tables"]
