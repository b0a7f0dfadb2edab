"""The lines that the page about the package starts with are run as they stand."""

import functools
import re

import pytest
from PIL import Image

from tests import ROOT
from wganlib import data, mnist, records, training


def first_lines():
    page = (ROOT / "book" / "api.md").read_text(encoding="utf8")
    return re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]


def run_lines(folder, monkeypatch):
    monkeypatch.chdir(folder)
    namespace = {}
    exec(compile(first_lines(), "api.md", "exec"), namespace)
    return namespace


def test_the_first_lines_are_some_ten():
    lines = [line for line in first_lines().splitlines() if line.strip()]
    assert len([line for line in lines if not re.match("import|from", line)]) == 10
    assert max(map(len, lines)) <= 92  # they fit the page without a scroll bar


def test_the_first_lines_train_store_load_and_draw(tmp_path, monkeypatch, mnist_test):
    """Two steps on a few digits, so that it takes a second; the lines themselves are untouched."""
    few = data.Images(pixels=mnist_test.pixels[:200], source="MNIST")
    monkeypatch.setattr(mnist, "mnist", lambda: few)
    monkeypatch.setattr(training, "train", functools.partial(training.train, until=2))
    run_lines(tmp_path, monkeypatch)
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.size == (242, 242)  # 8 images of 28 pixels, 9 borders of 2
    assert records.load_run(tmp_path / "first").history.step == [2]
    run_lines(tmp_path, monkeypatch)  # once more: it goes on, and replaces what it has written


@pytest.mark.slow
def test_the_first_lines_as_they_stand_draw_digits(tmp_path, monkeypatch, mnist_train):
    from wganlib import metrics
    from wganlib.classifier import digit_classifier

    generator = run_lines(tmp_path, monkeypatch)["again"]
    classifier = digit_classifier()
    fake, real = generator.sample(2_000), data.scale_pixels(mnist_train.pixels[:2_000])
    distance = metrics.frechet_distance(classifier.features(real), classifier.features(fake))
    assert distance < 100  # noise is 1,100 away; the goal of the search for settings is .04 of that
    share = metrics.class_coverage(classifier.probabilities(fake)).histogram
    assert share.min() > 0.01  # every digit
