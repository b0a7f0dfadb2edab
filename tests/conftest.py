"""Fixtures that tests of several folders share."""

import pytest


def _digits(split):
    from wganlib import mnist  # not above: what shares the tests out needs no torch

    try:
        return mnist.mnist(split)
    except (ConnectionError, OSError) as error:
        pytest.skip(f"MNIST is not here: {str(error)[:90]} ...")


@pytest.fixture(scope="session")
def mnist_train():
    """The 60,000 training digits; the test is skipped where they cannot be had."""
    return _digits("train")


@pytest.fixture(scope="session")
def mnist_test():
    """The 10,000 test digits, likewise."""
    return _digits("test")
