"""What the tests of the stored results share."""

import functools

import pytest
import torch

from wganlib import records


@pytest.fixture(autouse=True)
def one_thread():
    """Compute as the stored results were computed."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def stored_run():
    """Load a stored run by its name, each once."""
    return functools.cache(records.load_run)
