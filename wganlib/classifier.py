"""The classifier of digits in whose features the book measures distances between images."""

from __future__ import annotations

import safetensors.torch
import torch
from torch import Tensor, nn

from wganlib import _arrays
from wganlib._memory import refuse_large
from wganlib.records import run_folder


class DigitClassifier(nn.Module):
    r"""Small convolutional classifier of digits, whose last hidden layer serves as features.

    .. math:: x \in [-1, 1]^{28 \times 28} \;\mapsto\; \phi(x) \in \mathbb R_{\ge 0}^{64}
        \;\mapsto\; p(y \mid x) = \mathrm{softmax}(A\phi(x) + b)

    Parameters
    ----------
    width : int, optional
        Channels of the first layer; the later ones have 2 and 4 times as many.
    n_features : int, optional
        Size of the last hidden layer.

    Raises
    ------
    ValueError
        If a size is no whole number of at least 1.

    Notes
    -----
    *Differs from the literature:* the Fréchet Inception distance uses a network trained on colour
    photographs, to which all digits look much alike. Distances in these features compare with
    nothing but distances in these features.
    """

    def __init__(self, width: int = 16, n_features: int = 64):
        super().__init__()
        width = _arrays.whole_number(width, "width")
        n_features = _arrays.whole_number(n_features, "n_features")
        weights = 2 * 9 * 4 * width**2 + 36 * width * n_features  # the largest parts of it
        refuse_large(4 * weights, f"width={width} with n_features={n_features}", "give less")
        self.arguments = {"width": width, "n_features": n_features}
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 5, stride=2, padding=2),  # 28 -> 14
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),  # 14 -> 7
            nn.Conv2d(2 * width, 4 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),  # 7 -> 3
            nn.Flatten(),  # (batch, 4 width, 3, 3) -> (batch, 36 width)
            nn.Linear(36 * width, n_features),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(n_features, 10))
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Map images to the logits of the ten classes, with the graph that training needs.

        Parameters
        ----------
        images : Tensor, shape (batch, 1, 28, 28)
            Images with pixels in [−1, 1].

        Returns
        -------
        Tensor, shape (batch, 10)
            Logits, no unit.

        Raises
        ------
        ValueError
            If there is no image, or the images have another shape or dtype.
        """
        _refuse_no_images(images)
        if images.dtype != (dtype := self.head[1].weight.dtype):
            raise ValueError(
                f"images have dtype {images.dtype}, the weights {dtype}: give x.to(dtype)"
            )
        return self.head(self.body(images))

    def features(self, images: Tensor) -> Tensor:
        """Map any number of images to their features.

        Parameters
        ----------
        images : Tensor, shape (n, 1, 28, 28)
            Images with pixels in [−1, 1].

        Returns
        -------
        Tensor, shape (n, n_features)
            Features, not negative, in feature units.

        Raises
        ------
        ValueError
            If there is no image, or the images have another shape or range.
        """
        return self._in_parts(self.body, images)

    def probabilities(self, images: Tensor) -> Tensor:
        """Map any number of images to the probabilities of the ten classes.

        Parameters
        ----------
        images : Tensor, shape (n, 1, 28, 28)
            Images with pixels in [−1, 1].

        Returns
        -------
        Tensor, shape (n, 10)
            Probabilities, no unit; rows sum to 1.

        Raises
        ------
        ValueError
            If there is no image, or the images have another shape or range.
        """
        return self._in_parts(self, images).softmax(dim=1)

    @torch.no_grad()
    def _in_parts(self, network: nn.Module, images: Tensor) -> Tensor:
        """Apply in evaluation mode, 500 images at a time, so that memory stays small."""
        _refuse_images(images)
        modes = {module: module.training for module in self.modules()}
        like = self.head[1].weight
        self.eval()
        try:
            return torch.cat([network(part.to(like)) for part in images.split(500)])
        finally:
            for module, mode in modes.items():  # what its owner has frozen stays frozen
                module.training = mode


def digit_classifier() -> DigitClassifier:
    """Load the book's classifier, trained on MNIST's 60,000 training images.

    Returns
    -------
    DigitClassifier
        On the CPU, in evaluation mode.

    Raises
    ------
    FileNotFoundError
        If its weights are missing; ``make runs N=digit-classifier`` makes them.
    """
    weights = safetensors.torch.load_file(run_folder("digit-classifier") / "classifier.safetensors")
    classifier = DigitClassifier()
    classifier.load_state_dict(weights)
    return classifier.eval()


def _refuse_no_images(images: Tensor) -> None:
    """Refuse what the network cannot look at."""
    _arrays.instance(images, "images", Tensor, "torch.as_tensor(x) makes one")
    _arrays.dense(images, "images")
    if images.ndim != 4 or images.shape[1:] != (1, 28, 28) or not len(images):
        raise ValueError(f"images have shape {tuple(images.shape)}, expected (n, 1, 28, 28)")
    if not images.is_floating_point():
        raise ValueError(
            f"images have dtype {images.dtype}, expected floats in [-1, 1]: use "
            "wganlib.data.scale_pixels"
        )


def _refuse_images(images: Tensor) -> None:
    """Refuse what the classifier was not trained on."""
    _refuse_no_images(images)
    if not images.abs().max() <= 1:
        raise ValueError(
            f"images have values up to {images.abs().max().item():.4g}, expected floats in "
            "[-1, 1]: use wganlib.data.scale_pixels"
        )
