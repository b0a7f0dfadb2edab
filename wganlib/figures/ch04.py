"""Figures of chapter 4: slack and plan."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from wganlib.palette import OTHERS
from wganlib.plotting import MASS


def slack_table(ax: Axes, slack: np.ndarray, plan: np.ndarray) -> None:
    r"""Draw the slack of every pair as a shade and a number, and the mass it carries as a disc.

    Parameters
    ----------
    ax : Axes
        Axes to draw into.
    slack : ndarray
        Slack of real point (row) and fake point (column), shape `(n, m)`, in data units.
    plan : ndarray
        Mass between the points, shape `(n, m)`; a disc's area is proportional to it.
    """
    # A root lets the smallest slack be told from none.
    ax.imshow(slack, cmap=MASS, norm=PowerNorm(0.4, vmin=0, vmax=6 * slack.max(), clip=True))
    for (row, column), value in np.ndenumerate(slack):
        ax.text(column - 0.45, row - 0.26, f"{abs(value):.2f}", fontsize=9)
    row, column = np.nonzero(plan)
    ax.scatter(column, row, s=2000 * plan[row, column], color=OTHERS[0], gid="mass")
    ax.set(xticks=range(slack.shape[1]), xticklabels=range(1, slack.shape[1] + 1))
    ax.set(yticks=range(slack.shape[0]), yticklabels=range(1, slack.shape[0] + 1))
