"""What every test and every notebook's kernel inherits: one thread, no display."""

import os

import matplotlib

os.environ.setdefault("OMP_NUM_THREADS", "1")
matplotlib.use("agg")  # not by the environment: a kernel would inherit it and show no figure
