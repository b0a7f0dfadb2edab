"""What a figure shows: numbers read back from axes, by the role (`gid`) of the artists.

Neither the order in which artists were added nor their style plays a part.
"""

import numpy as np


def artists(ax, role):
    found = ax.findobj(lambda artist: artist.get_gid() == role)
    assert found, f"nothing is drawn as {role!r}"
    return found


def curves(ax, role):
    """Return the points of each line of that role, a list of arrays (n, 2)."""
    return [np.asarray(line.get_xydata(), float) for line in artists(ax, role)]


def points(ax, role):
    """Return the points of all lines of that role together, sorted, (n, 2)."""
    together = np.concatenate(curves(ax, role))
    return together[np.lexsort(together.T[::-1])]


def discs(ax, role):
    """Return place and area of each disc of that role."""
    (dots,) = artists(ax, role)
    sizes = np.broadcast_to(dots.get_sizes(), len(dots.get_offsets()))
    return {
        tuple(map(float, place)): size
        for place, size in zip(dots.get_offsets(), sizes, strict=True)
    }


def labels(ax):
    """Return each text on the axes and the place it belongs to, in data units."""
    return [
        (t.get_text(), tuple(getattr(t, "xy", t.get_position()))) for t in ax.texts if t.get_text()
    ]


def ticks(axis):
    """Return the labels of an axis and their places."""
    return {
        t.get_text(): float(p)
        for t, p in zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=True)
    }
