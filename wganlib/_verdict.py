"""How good a run's samples are, in lines that say what each number means."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from wganlib import _datasets, metrics, mnist
from wganlib.callbacks import drawn
from wganlib.classifier import digit_classifier
from wganlib.data import Images, scale_pixels
from wganlib.records import Run

SEED = 1  # of the samples that are scored; those that are shown have 0
N_DIGITS, N_SAMPLES = 10_000, 2_000
_BATCH, _N_BATCHES = 256, 20  # of the exact distances
_N_LOOKED_UP = 1_000
_CLEAR, _FOUND = 0.9, 0.01  # probability of a clear digit; share of the samples of a digit found


def lines(run: Run, given: str | None) -> Iterator[str]:
    """Compare a run's samples with data that it was not trained on.

    Parameters
    ----------
    run : Run
        A finished run.
    given : str, optional
        Other data of the same kind; else those that were kept aside when it was trained.

    Yields
    ------
    str
        A line for a person.

    Raises
    ------
    ValueError
        If the data are not those it was trained on, or of another kind or shape.
    """
    about = _datasets.about_run(run)
    trained, held_out, words = _data(about, given)
    fake = drawn(run.generator, N_SAMPLES, seed=SEED)
    if fake.shape[1:] != held_out.shape[1:]:
        raise ValueError(
            f"the samples have shape {tuple(fake.shape[1:])}, the data "
            f"{tuple(held_out.shape[1:])}: give data of the kind that the run was trained on"
        )
    name = about.get("given", "data without a name")
    yield f"{run.config.n_steps:,} steps on {name}; {words}"
    if about.get("given") == "mnist" and given in (None, "mnist") and fake[0].shape == (1, 28, 28):
        yield from _of_digits(run, trained)
    else:
        yield from _distance(fake, trained, held_out, about["kind"])
    if trained is not None:
        yield from _copies(fake, trained, held_out)


def _data(about: dict, given: str | None) -> tuple[Tensor | None, Tensor, str]:
    """Return what was trained on, if that is known, what was not, and a word about the latter."""
    if given is None and "given" not in about:
        raise ValueError("this run does not say what it was trained on: give DATA to compare with")
    own = given is None or _datasets.full_name(given) == about.get("given")
    split = _datasets.load(
        about["given"] if own else given,
        size=tuple(about["shape"][1:]) if "shape" in about else None,
        channels=about["shape"][0] if "shape" in about else None,
        seed=about.get("seed", 0),
        scale={k: about[k] for k in ("columns", "mean", "scale")} if "mean" in about else None,
    )
    if split.about["kind"] != about["kind"]:
        raise ValueError(f"{given} holds no {about['kind']}, on which the run was trained")
    if split.about["checksum"] == about.get("checksum"):
        kept = about.get("held_out", f"{about.get('share_held_out', 0):.0%} of the data")
        return _floats(split.real), split.held_out, f"held out: {kept}, {len(split.held_out):,}"
    if own:
        raise ValueError(
            f"{about['given']} has changed since the run was trained on it, so nobody knows what "
            "was kept aside: name other data to compare with"
        )
    everything = torch.cat([_floats(split.real), split.held_out])
    return None, everything, f"compared with {given}, {len(everything):,}"


def _floats(real: Tensor | Images) -> Tensor:
    """Return what was trained on as the generator makes it."""
    return scale_pixels(real.pixels) if isinstance(real, Images) else real


def _of_digits(run: Run, trained: Tensor) -> Iterator[str]:
    """Look at digits with the eyes of a classifier of digits."""
    rng = torch.Generator().manual_seed(SEED)
    test, fake = scale_pixels(mnist.mnist("test").pixels), drawn(run.generator, N_DIGITS, seed=SEED)
    classifier = digit_classifier()
    real, seen = (classifier.features(images) for images in (test, fake))
    others = trained[torch.randperm(len(trained), generator=rng)[: len(test)]]
    noise = 2 * torch.rand(test.shape, generator=rng) - 1
    value = metrics.frechet_distance(real, seen)
    best, worst = (metrics.frechet_distance(real, classifier.features(x)) for x in (others, noise))
    words = "from the test digits, in a classifier's features; lower is better"
    yield _line("Fréchet distance", _short(value), words)
    yield _line("  real digits", _short(best), "the same for training digits: the best there is")
    words = f"the same for noise; the samples have {value / worst:.3f} of it"
    yield _line("  noise", _short(worst), words)
    probabilities = classifier.probabilities(fake)
    clear = probabilities.max(dim=1).values > _CLEAR
    share = probabilities[clear].argmax(dim=1).bincount(minlength=10) / len(fake)
    rarest = int(share.argmin())
    words = f"have over {_FOUND:.0%} of the samples, drawn clearly; rarest: {rarest}"
    yield _line("digits found", f"{(share > _FOUND).sum()} of 10", f"{words} ({share[rarest]:.1%})")
    usual = (classifier.probabilities(test).max(dim=1).values > _CLEAR).double().mean()
    words = f"one digit with probability above {_CLEAR} (test digits: {usual:.0%})"
    yield _line("clear digits", f"{clear.double().mean():.0%}", words)


def _distance(fake: Tensor, trained: Tensor | None, held_out: Tensor, kind: str) -> Iterator[str]:
    """Measure the exact distance between batches."""
    rng = torch.Generator().manual_seed(SEED)
    size = min(_BATCH, len(held_out) // 2)
    if size < 1:
        raise ValueError(f"{len(held_out)} samples are too few to compare with: give at least 2")
    how = {"batch_size": size, "n_batches": _N_BATCHES}
    noise, words = _worst(held_out, kind, rng)
    found = metrics.minibatch_w1(held_out, fake, **how, rng=rng)
    worst = metrics.minibatch_w1(held_out, noise, **how, rng=rng)
    unit = "columns' standard deviations" if kind == "table" else "pixels from -1 to 1"
    text = f"+- {2 * found.standard_error:.2g}, in {unit}, between batches of {size}"
    yield _line("exact W1", _short(found.value), text)
    text = "the same for two held-out batches: the best to be expected"
    yield _line("  sampling floor", _short(found.sampling_floor), text)
    yield _line(f"  {words[0]}", _short(worst.value), words[1])


def _worst(held_out: Tensor, kind: str, rng: torch.Generator) -> tuple[Tensor, tuple[str, str]]:
    """Make samples that have learnt nothing, with a word for them."""
    if kind == "table":
        columns = [c[torch.randperm(len(c), generator=rng)] for c in held_out.T]
        words = "the same for held-out columns shuffled one by one"
        return torch.stack(columns, dim=1), ("shuffled columns", words)
    noise = 2 * torch.rand(held_out.shape, generator=rng) - 1
    return noise, ("noise", "the same for noise: nothing learnt")


def _copies(fake: Tensor, trained: Tensor, held_out: Tensor) -> Iterator[str]:
    """Look for training samples that were learnt by heart."""
    near = {}
    for name, side in (("fake", fake), ("real", held_out)):
        first, second = metrics.nearest_neighbours(side[:_N_LOOKED_UP], trained, n=2).distance.T
        near[name] = first.median().item(), (first < second / 2).double().mean().item()
    (distance, copies), (usual, by_chance) = near["fake"], near["real"]
    words = f"median distance to the training data (held out: {_short(usual)}, copies: 0)"
    yield _line("nearest", _short(distance), words)
    words = "twice as near to one training sample as to others"
    yield _line("copies", f"{copies:.1%}", f"{words} (held out: {by_chance:.1%})")


def _short(value: float) -> str:
    """Write a number in three digits, without an exponent."""
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _line(name: str, value: str, words: str) -> str:
    """Set a number in a line."""
    return f"{name:18} {value:>8}   {words}"
