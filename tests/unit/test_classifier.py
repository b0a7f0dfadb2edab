"""The classifier of digits: shapes, ranges and refusals."""

import math

import pytest
import torch

from wganlib.classifier import DigitClassifier


@pytest.fixture(scope="module")
def classifier():
    return DigitClassifier().eval()


def pictures(n, seed=0):
    return 2 * torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed)) - 1


def test_features_and_probabilities_have_their_shapes_and_ranges(classifier):
    images = pictures(1_203)
    features, probabilities = classifier.features(images), classifier.probabilities(images)
    assert features.shape == (1_203, 64)
    assert features.min() >= 0
    assert probabilities.shape == (1_203, 10)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(1_203))


def test_parts_do_not_show_and_dropout_sleeps(classifier):
    images = pictures(501)
    classifier.train()
    features, probabilities = classifier.features(images), classifier.probabilities(images)
    assert classifier.training
    classifier.eval()
    torch.testing.assert_close(features[-1:], classifier.features(images[-1:]))
    torch.testing.assert_close(probabilities, classifier(images).softmax(1))
    assert not features.requires_grad


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(3, 28, 28), r"shape \(3, 28, 28\)"),
        (torch.zeros(0, 1, 28, 28), r"shape \(0, 1, 28, 28\)"),
        (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), "uint8.*scale_pixels"),
        (torch.full((2, 1, 28, 28), 255.0), "values up to 255"),
        (torch.full((2, 1, 28, 28), math.nan), "values up to nan"),
    ],
)
def test_images_it_was_not_trained_on_are_refused(classifier, images, message):
    with pytest.raises(ValueError, match=message):
        classifier.features(images)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (None, "images is a NoneType"),
        (torch.zeros(2, 1, 28, 29), r"shape \(2, 1, 28, 29\)"),
        (torch.zeros(2, 1, 28, 28, dtype=torch.complex64), "complex64"),
        (torch.zeros(2, 1, 28, 28, dtype=torch.float64), "float64, the weights torch.float32"),
        (torch.zeros(2, 1, 28, 28).to_sparse(), "images is sparse"),
        (torch.zeros(2, 1, 28, 28, device="meta"), "meta"),
    ],
)
def test_what_the_network_cannot_look_at_is_refused_in_training_too(classifier, images, message):
    with pytest.raises(ValueError, match=message):
        classifier(images)


def test_features_take_every_precision_and_leave_every_mode_alone():
    classifier, images = DigitClassifier().train(), pictures(3)
    classifier.head.eval()  # frozen by its owner
    found = classifier.features(images.double())
    assert (classifier.body.training, classifier.head.training) == (True, False)
    torch.testing.assert_close(found, classifier.features(images))


@pytest.mark.parametrize(
    ("sizes", "message"), [({"width": 0}, "width=0"), ({"n_features": 2.0}, "n_features=2.0")]
)
def test_sizes_that_build_no_classifier_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        DigitClassifier(**sizes)
