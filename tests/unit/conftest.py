"""Empty axes for tests of figures; no window and no pyplot, so nothing stays open."""

import pytest
from matplotlib.figure import Figure


@pytest.fixture
def ax():
    return Figure(layout="constrained").add_subplot()


@pytest.fixture
def panels():
    """Return a row of axes, as many as asked for."""
    return lambda n=2: Figure(layout="constrained").subplots(1, n)
