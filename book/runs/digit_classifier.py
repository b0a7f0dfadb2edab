"""Train the classifier whose features and classes the book's metrics use; a minute on one thread.

Writes digit-classifier/{classifier.safetensors, results.json, provenance.json}.
Usage: python book/runs/digit_classifier.py
"""

from __future__ import annotations

import json
from pathlib import Path

import safetensors.torch
import torch
from provenance import Log
from torch.nn.functional import cross_entropy

from wganlib import data, mnist
from wganlib.classifier import DigitClassifier

FOLDER = Path(__file__).resolve().parent / "digit-classifier"
SEED, EPOCHS, BATCH, PEAK_RATE = 0, 5, 128, 4e-3


def train(digits: data.Digits, *, seed: int = SEED) -> DigitClassifier:
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


def accuracy(classifier: DigitClassifier, digits: data.Digits) -> float:
    """Share of images whose most probable class is their own."""
    found = classifier.probabilities(data.scale_pixels(digits.pixels)).argmax(dim=1)
    return (found == digits.labels).double().mean().item()


def main() -> None:
    """Train, measure on the test images, store."""
    torch.set_num_threads(1)
    log = Log()
    classifier = train(mnist.mnist("train"))
    result = {
        "test_accuracy": accuracy(classifier, mnist.mnist("test")),
        "parameters": sum(p.numel() for p in classifier.parameters()),
    }
    FOLDER.mkdir(exist_ok=True)
    weights = {k: v.contiguous() for k, v in classifier.state_dict().items()}
    safetensors.torch.save_file(weights, FOLDER / "classifier.safetensors")
    text = json.dumps(result, indent=2, sort_keys=True)
    (FOLDER / "results.json").write_text(text + "\n", encoding="utf8")
    log.store(
        FOLDER,
        command="python book/runs/digit_classifier.py",
        seed=SEED,
        data="MNIST train, 60,000 images; accuracy on test, 10,000",
    )
    print(f"test accuracy {result['test_accuracy']:.4f}")


if __name__ == "__main__":
    main()
