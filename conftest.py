"""What every test and every notebook's kernel inherits: one thread, no progress bars."""

import os

import matplotlib

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TQDM_DISABLE", "1")
matplotlib.use("agg")  # not by the environment: a kernel would inherit it and show no figure
