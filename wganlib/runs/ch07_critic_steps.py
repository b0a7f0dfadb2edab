"""Ask whether more critic steps mend what the two-sided penalty at weight 10 breaks.

Fills `results.csv`, with the columns of `ch07_sign_trap`: the same games, with 25 critic steps
instead of 5 and three quarters as long. One thread, about eight minutes.
"""

from __future__ import annotations

import logging
from itertools import product
from pathlib import Path

from .experiment import Experiment
from .provenance import Log
from .ring_games import Arm, watch
from .tables import write_table

SEEDS, N_STEPS = range(3), 600  # the first three of the eight that play with five critic steps
ARMS = {
    "two-sided λ=10 n_critic=25": Arm(n_critic=25),
    "one-sided λ=10 n_critic=25": Arm(n_critic=25, one_sided=True),
}


def fill(folder: Path, log: Log) -> None:
    """Play all games and store what was seen."""
    rows = []
    for (name, arm), seed in product(ARMS.items(), SEEDS):
        seen, _ = watch(seed, arm, n_steps=N_STEPS)
        rows += [{"arm": name, **row} for row in seen]
        logging.getLogger(__name__).info("%s, seed %d: %s", name, seed, seen[-1])
        write_table(folder / "results.csv", rows)


EXPERIMENT = Experiment(
    name="ch07-critic-steps",
    about="chapter 7: two penalties on the ring with more critic steps",
    fill=fill,
    files=("results.csv",),
    seed=list(SEEDS),
    data="gaussian_ring, 8,192 points a seed",
)
