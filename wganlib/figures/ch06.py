"""Figures of chapter 6: mixtures of GAN and WGAN, and what a clipped critic reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from wganlib.palette import CRITIC, OTHERS, TRUTH
from wganlib.plotting import label_at, light_grid, median_and_range

# Which of the sixteen mixtures are named: (clipped, sigmoid, log, Adam) to name, weight and offset.
_NAMED = {
    (False, True, True, True): ("GAN", "bold", 0),
    (True, False, False, False): ("WGAN", "bold", 0),
    (True, True, True, True): ("Adam", "normal", 1),
    (True, True, True, False): ("RMSProp", "normal", 0),
}


def mixture_distances(
    ax: Axes,
    w1: Mapping[tuple[bool, bool, bool, bool], np.ndarray],
    *,
    sampling_floor: float,
    limit: float = 6.0,
) -> None:
    r"""Draw the exact W₁ that sixteen mixtures of GAN and WGAN reach, eight lines of two dots.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    w1 : mapping
        Exact W₁ of each mixture's runs, shape `(runs,)`, in data units.  A mixture is four answers:
        are the weights clipped, is there a sigmoid, is there a log, is the optimiser Adam?
    sampling_floor : float
        Distance between two real samples, in data units; drawn dashed.
    limit : float
        Right end of the axis, in data units; what lies beyond is written there as a number.
    """
    kinds = {"sigmoid, log": (1, 1), "sigmoid": (1, 0), "log": (0, 1), "neither": (0, 0)}
    places = {(c, *kind): 4.8 * c + i for c in (0, 1) for i, kind in enumerate(kinds.values())}
    for kind, y in places.items():
        for adam in (True, False):
            name = _NAMED.get((*kind, adam))
            _draw_mixture(ax, w1[*kind, adam], y, adam=adam, name=name, limit=limit)
    ax.axvline(sampling_floor, color=TRUTH, linestyle="--", linewidth=1, gid="sampling floor")
    ax.set(xscale="log", xlim=(0.13, limit), xticks=[0.2, 0.5, 1, 2, 4], ylim=(8.5, -1))
    ax.set(xticklabels=["0.2", "0.5", "1", "2", "4"], yticks=[*places.values()])
    ax.set_yticklabels([*kinds, *kinds])
    for y, text in [(-0.72, "weights free"), (3.74, "weights clipped")]:
        ax.text(0.2, y, text, fontweight="bold", va="center")
    ax.minorticks_off()
    light_grid(ax, "x")


def _draw_mixture(
    ax: Axes, w1: np.ndarray, y: float, *, adam: bool, name: tuple | None, limit: float
) -> None:
    """Draw one mixture's runs a little above its line (Adam) or below it (RMSProp)."""
    color, y = (OTHERS[1], y - 0.17) if adam else (OTHERS[0], y + 0.17)
    if np.median(w1) > limit:
        ax.plot([w1.min(), limit], [y, y], color=color, linewidth=1.1, gid="range")
        label_at(ax, limit, y, f"{np.median(w1):.0f}", color=color, dx=2, dy=1 if adam else -1)
        return
    median_and_range(ax, w1, y, color=color, filled=not adam)
    if name is not None:
        text, weight, rise = name
        label_at(ax, w1.max(), y, text, color=color, dy=rise).set_fontweight(weight)


def estimate_and_distance(
    axes: Sequence[Axes],
    step: np.ndarray,
    *,
    exact: np.ndarray,
    estimate: np.ndarray,
    share: np.ndarray,
    sharpened: np.ndarray,
) -> None:
    r"""Draw a critic's estimate and the exact W₁, and the estimate as a share of its ceiling.

    Parameters
    ----------
    axes : sequence of Axes
        Two axes; the first run is drawn heavily in both.
    step : ndarray
        Generator steps, shape `(looks,)`.
    exact, estimate : ndarray
        Exact W₁ and the critic's estimate, shape `(runs, looks)`, in data and in score units.
    share, sharpened : ndarray
        The estimate and that of a sharpened critic as shares of the ceiling, shape `(runs, looks)`.
    """
    left, right = axes
    for i in reversed(range(len(exact))):
        weight = {"linewidth": 0.8, "alpha": 0.55} if i else {"linewidth": 2.2}
        left.plot(step, exact[i], "--", color=TRUTH, gid="exact", **weight)
        left.plot(step, 1e3 * estimate[i], color=CRITIC, gid="estimate", **weight)
        right.plot(step, 100 * share[i], color=CRITIC, gid="share", **weight)
        right.plot(step, 100 * sharpened[i], "o", color=OTHERS[0], gid="sharpened")
    left.set(xlabel="generator step", ylabel="data units")
    right.set(xlabel="generator step", ylabel="estimate (% of K·W₁)", ylim=(-1, 10))


def distance_by_memory(ax: Axes, w1: Mapping[tuple[int, float, bool], np.ndarray]) -> None:
    r"""Draw exact W₁ against the critic's memory, for one and for five critic steps.

    Momentum :math:`\beta_1` remembers :math:`1 / (1 - \beta_1)` critic steps.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    w1 : mapping
        Exact W₁ of each setting's runs, shape `(runs,)`, in data units.  A setting is the number of
        critic steps (1 or 5), the momentum of the critic, and whether it is forgotten at the wall;
        if so, the setting is drawn hollow.
    """
    looks = {1: {"color": OTHERS[3], "marker": "o"}, 5: {"color": OTHERS[0], "marker": "s"}}
    for (n_critic, beta1, reset), values in w1.items():
        memory = 1 / (1 - beta1) / n_critic  # generator steps
        apart = 1.06 if reset else 0.94  # so that hollow and filled marks do not overlap
        median_and_range(ax, apart * memory, values, filled=not reset, **looks[n_critic])
    ticks = [0.2, 0.5, 1, 2, 5, 10, 20, 50]
    ax.set(xscale="log", xlabel="critic's memory (generator steps)", ylim=(0.3, 3.2))
    ax.set(xticks=ticks, xticklabels=ticks, ylabel="exact W₁ (data units)")
    ax.minorticks_off()
    light_grid(ax)
