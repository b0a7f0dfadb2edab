"""Score a generator while it trains: what the history of the losses cannot say."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from wganlib import data, metrics, mnist
from wganlib.classifier import digit_classifier

from .tables import read_rows, write_table

N_SAMPLES = 2_500  # so that scoring takes two seconds; the Fréchet distance is biased upwards by it
ESTIMATES = ("w1_train", "w1_held_out")


class Scores:
    """One row every so many steps, in a file; a resumed run writes the same rows again.

    ``frechet`` and ``class_entropy`` (nats) are of 2,500 samples of the averaged generator, against
    the 10,000 test images. With ``estimates``, ``w1_train`` and ``w1_held_out`` are the critic's
    mean score of training and of test images, above its mean score of the same samples, all in
    evaluation mode; the images are 2,500 drawn at random, the same for all runs, since MNIST is not
    in random order.
    """

    about = f"{N_SAMPLES:,} samples of the averaged generator, fixed latents; MNIST test"

    def __init__(self, path: Path, digits: data.Images, *, estimates: bool = False) -> None:
        self.path = path
        self.rows = {row["step"]: row for row in read_rows(path)}
        self.classifier = digit_classifier()
        shown = (digits, mnist.mnist("test")) if estimates else ()
        self.images = dict(zip(ESTIMATES, map(some_images, shown), strict=False))

    def add(self, step: int, generator: nn.Module, critic: nn.Module) -> None:
        """Score and write the file; generator and critic stay as they are."""
        fake = draw(generator, N_SAMPLES)
        classes = self.classifier.probabilities(fake).argmax(dim=1)
        entropy = torch.special.entr(classes.bincount(minlength=10).double() / len(fake)).sum()
        frechet = metrics.frechet_distance(real_features(), self.classifier.features(fake))
        critic = copy.deepcopy(critic).eval()  # in training mode a look moves a spectral norm
        with torch.no_grad():
            mean = critic(fake).mean()
            above = {name: critic(images).mean() - mean for name, images in self.images.items()}
        row = {"step": step, "frechet": frechet, "class_entropy": entropy.item()}
        self.rows[step] = row | {name: value.item() for name, value in above.items()}
        write_table(self.path, [self.rows[step] for step in sorted(self.rows)])


@cache
def real_features() -> Tensor:
    """Return the features of the test images, which all samples are compared with; (10,000, 64)."""
    return digit_classifier().features(data.scale_pixels(mnist.mnist("test").pixels))


def some_images(digits: data.Images) -> Tensor:
    """Pick 2,500 of the digits, or all where there are fewer, always the same; scaled."""
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))
    return data.scale_pixels(digits.pixels[order[:N_SAMPLES]])


def draw(generator: nn.Module, n: int, *, seed: int = 1) -> Tensor:
    """Draw n samples in evaluation mode from latents fixed by the seed; ``(n, 1, 28, 28)``."""
    latent = generator.sample_latent(n, torch.Generator().manual_seed(seed))
    was_training = generator.training
    with torch.no_grad():
        images = torch.cat([generator.eval()(part) for part in latent.split(500)])
    generator.train(was_training)
    return images
