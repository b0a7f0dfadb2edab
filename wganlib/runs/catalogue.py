"""What experiments there are, and what each of them needs."""

from __future__ import annotations

from . import (
    ch05_ring,
    ch06_ablation,
    ch06_estimate,
    ch07_critic_steps,
    ch07_sign_trap,
    ch08_averaged,
    ch10_same_bound,
    ch10_scores,
    ch10_settings,
    ch12_mnist,
    ch12_ring,
    ch13_funnels,
    ch13_patches,
    ch13_ring,
    ch14_field,
    ch14_judges,
    ch14_pictures,
    ch14_scale,
    ch14_table,
    ch15_digits,
    ch15_ring,
    ch16_step,
    ch16_terms,
    ch17_codings,
    ch17_mnist,
    ch17_ring,
    digit_classifier,
    live_boxes,
    live_critics,
    live_games,
    time_to_quality,
    trained,
)
from .experiment import Experiment

MODULES = (
    digit_classifier,
    ch05_ring,
    ch06_ablation,
    ch06_estimate,
    ch07_critic_steps,
    ch07_sign_trap,
    ch08_averaged,
    live_critics,
    live_games,
    time_to_quality,
    ch10_settings,
    ch10_scores,
    ch10_same_bound,
    live_boxes,
    ch13_ring,
    ch12_ring,
    ch12_mnist,
    ch13_funnels,
    ch13_patches,
    ch14_pictures,
    ch14_table,
    ch14_field,
    ch14_judges,
    ch14_scale,
    ch15_digits,
    ch15_ring,
    ch16_step,
    ch16_terms,
    ch17_codings,
    ch17_ring,
    ch17_mnist,
)


def experiments() -> dict[str, Experiment]:
    """Return all experiments by name: those of the modules, and the entries of ``runs.toml``."""
    found = [*(module.EXPERIMENT for module in MODULES), *trained.experiments()]
    return {experiment.name: experiment for experiment in found}


def with_needs(names: list[str], known: dict[str, Experiment], stored: set[str]) -> list[str]:
    """Add to some names those that they need, directly or not, and that are not stored.

    Parameters
    ----------
    names : list of str
        What was asked for.
    known : dict
        All experiments.
    stored : set of str
        Names of the experiments that are finished.

    Returns
    -------
    list of str
        Each once, those asked for first.

    Raises
    ------
    KeyError
        If an experiment needs one that is not known.
    """
    wanted = dict.fromkeys(names)
    waiting = list(wanted)
    while waiting:
        for needed in known[waiting.pop()].after:
            if needed not in stored and needed not in wanted:
                wanted[needed] = None
                waiting.append(needed)
    return list(wanted)
