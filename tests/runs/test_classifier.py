"""The stored classifier: it loads, is small, and reads digits."""

from wganlib import data
from wganlib.classifier import digit_classifier
from wganlib.records import run_folder


def test_the_stored_classifier_is_small_and_sleeps_its_dropout():
    weights = run_folder("digit-classifier") / "classifier.safetensors"
    assert weights.stat().st_size < 1e6
    assert not digit_classifier().training


def test_the_stored_classifier_reads_mnist(mnist_test):
    found = digit_classifier().probabilities(data.scale_pixels(mnist_test.pixels)).argmax(1)
    assert (found == mnist_test.labels).double().mean() >= 0.99
