"""Train the classifier whose features and classes the book's metrics use; a minute on one thread.

Fills `classifier.safetensors` (weights) and `results.json` (accuracy, number of weights).
"""

from __future__ import annotations

import json
from pathlib import Path

import safetensors.torch
import torch
from torch.nn.functional import cross_entropy

from wganlib import data, mnist
from wganlib._files import atomic_write
from wganlib.classifier import DigitClassifier

from .experiment import Experiment
from .provenance import Log

SEED, EPOCHS, BATCH, PEAK_RATE = 0, 5, 128, 4e-3


def train(digits: data.Images, *, seed: int = SEED) -> DigitClassifier:
    """Train a classifier with Adam, the step size going up and down once."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # initial weights, dropout and the order of the images
        classifier = DigitClassifier()
        adam = torch.optim.Adam(classifier.parameters(), fused=True)
        total = EPOCHS * (len(digits) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(adam, PEAK_RATE, total_steps=total)
        for _ in range(EPOCHS):
            order = torch.randperm(len(digits))[: total // EPOCHS * BATCH]
            for rows in order.split(BATCH):
                images = data.scale_pixels(digits.pixels[rows])
                loss = cross_entropy(classifier(images), digits.labels[rows])
                adam.zero_grad()
                loss.backward()
                adam.step()
                schedule.step()
    return classifier.eval()


def accuracy(classifier: DigitClassifier, digits: data.Images) -> float:
    """Share of images whose most probable class is their own."""
    found = classifier.probabilities(data.scale_pixels(digits.pixels)).argmax(dim=1)
    return (found == digits.labels).double().mean().item()


def fill(folder: Path, log: Log) -> None:
    """Train, measure on the test images, store."""
    classifier = train(mnist.mnist("train"))
    result = {
        "test_accuracy": accuracy(classifier, mnist.mnist("test")),
        "parameters": sum(p.numel() for p in classifier.parameters()),
    }
    weights = {k: v.contiguous() for k, v in classifier.state_dict().items()}
    atomic_write(folder / "classifier.safetensors", safetensors.torch.save(weights))
    text = json.dumps(result, indent=2, sort_keys=True) + "\n"
    atomic_write(folder / "results.json", text.encode())


EXPERIMENT = Experiment(
    name="digit-classifier",
    about="the classifier that the metrics of chapters 8 to 10 use",
    fill=fill,
    files=("classifier.safetensors", "results.json"),
    seed=SEED,
    data="MNIST train, 60,000 images; accuracy on test, 10,000",
)
