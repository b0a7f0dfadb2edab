r"""Tests of a gradient penalty on critics whose slope is known, so that the answer is known too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

N, SIDE = 512, 8  # samples, and pixels a side
Told = tuple[str, str, str]  # name, verdict, words


class _Linear(nn.Module):
    """A critic with the slope 1 everywhere, whatever the direction: f(x) = sum(x)/√d."""

    def __init__(self, like: Tensor):
        super().__init__()
        self.weight = nn.Parameter(torch.ones_like(like[0]) / like[0].numel() ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Score images."""
        return (x * self.weight).flatten(1).sum(dim=1)


class _Bowl(nn.Module):
    """A critic whose slope at x is ‖x‖, so that a penalty tells where it looks: f = ‖x‖²/2."""

    def __init__(self, like: Tensor):
        super().__init__()
        self.weight = nn.Parameter(torch.ones((), dtype=like.dtype, device=like.device))

    def forward(self, x: Tensor) -> Tensor:
        """Score images."""
        return self.weight * x.square().flatten(1).sum(dim=1) / 2


def findings(
    penalty: Callable[..., Tensor], dtype: torch.dtype, device: torch.device
) -> Iterator[Told]:
    """Test a penalty.

    Parameters
    ----------
    penalty : callable
        ``penalty(critic, real, fake, rng=rng)``.
    dtype : torch.dtype
        Of the samples.
    device : torch.device
        Where they lie.

    Yields
    ------
    tuple of str
        What was tested, a verdict, and words.
    """
    ask = _Ask(penalty, dtype, device)
    for test in (_of_each_sample, _mean_of_batch, _with_graph, _where, _at_zero):
        yield test(ask)


class _Ask:
    """Asks a penalty about known critics."""

    def __init__(self, penalty: Callable[..., Tensor], dtype: torch.dtype, device: torch.device):
        self.penalty, self.rng = penalty, torch.Generator(device).manual_seed(0)
        shape = {"size": (N, 1, SIDE, SIDE), "dtype": dtype, "device": device}
        self.real = torch.randn(**shape, generator=self.rng)
        self.fake = torch.randn(**shape, generator=self.rng)

    def of(self, critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return the penalty."""
        return self.penalty(critic, real, fake, rng=self.rng)


def _of_each_sample(ask: _Ask) -> Told:
    """Ask about a critic of slope 1, which must cost nothing."""
    found = ask.of(_Linear(ask.real), ask.real, ask.fake).item()
    if abs(found) < 1e-6:
        return "penalty: norm", "fine", "a critic whose slope is 1 everywhere costs nothing"
    way = "the norm must be taken over all axes of a sample but the first: gradient.flatten(1)"
    return (
        "penalty: norm",
        "wrong",
        f"a critic whose slope is 1 everywhere costs {found:.3g}: {way}",
    )


def _mean_of_batch(ask: _Ask) -> Told:
    """Ask about twice as many samples, which must cost the same."""
    steep = _Linear(ask.real)
    with torch.no_grad():
        steep.weight.mul_(3)
    half = ask.of(steep, ask.real[: N // 2], ask.fake[: N // 2]).item()
    whole = ask.of(steep, ask.real, ask.fake).item()
    words = (
        f"{N} samples cost {whole / half if half else float('nan'):.3g} times as much as {N // 2}"
    )
    if half and abs(whole / half - 1) < 0.01:
        return "penalty: batch size", "fine", words
    way = "its weight depends on the batch: take the mean over samples, not the sum"
    return "penalty: batch size", "wrong", f"{words}: {way}"


def _with_graph(ask: _Ask) -> Told:
    """Ask about a critic of slope 3, which must be moved."""
    steep = _Linear(ask.real)
    with torch.no_grad():
        steep.weight.mul_(3)
    found = ask.of(steep, ask.real, ask.fake)
    moved = 0.0
    if found.requires_grad:
        (gradient,) = torch.autograd.grad(found, steep.weight, allow_unused=True)
        moved = 0.0 if gradient is None else gradient.abs().sum().item()
    if moved:
        return "penalty: graph", "fine", "it has a gradient in the critic's weights"
    way = "create_graph=True keeps the graph in which it is differentiated"
    return "penalty: graph", "wrong", f"it has no gradient in the critic's weights: {way}"


def _where(ask: _Ask) -> Told:
    """Ask where the slope is measured, with a critic whose slope is the distance from 0."""
    length = 2.0
    real = torch.zeros_like(ask.real)
    fake = torch.full_like(ask.fake, length / SIDE)  # at distance 2 from every real sample
    bowl, name = _Bowl(ask.real), "penalty: where it looks"
    values = torch.stack([ask.of(bowl, real, fake) for _ in range(16)]).detach().double()
    found, moves = values.mean().item(), values.std().item()
    words = f"with slopes from 0 at real to 2 at generated samples it costs {found:.3g}"
    # Uniform points between: E(2t - 1)² = 1/3, of which the one-sided half is 1/6. The standard
    # deviation of (2t - 1)² is .298, so the mean of 512 moves by .013.
    right = [value for value in (1 / 3, 1 / 6) if abs(found - value) < 0.02]
    if moves > 0.05:
        way = "and another time something else: one point on the way for the whole batch"
        return name, "wrong", f"{words}, {way}; draw one for each sample"
    if right:
        return name, "fine", f"{words}, as points do that lie evenly between"
    places = {1.0: "at real or at generated samples alone", 1 / 3 - 0.185: "per pixel"}
    near = min(places, key=lambda value: abs(value - found))
    place = places[near] if abs(near - found) < 0.05 else "elsewhere"
    way = f"points that lie evenly between cost 1/3 (one-sided 1/6): it looks {place}"
    return name, "wrong", f"{words}; {way}"


def _at_zero(ask: _Ask) -> Told:
    """Ask about a slope of exactly 0, where a derivative is needed too."""
    flat, name = _Linear(ask.real), "penalty: slope 0"
    with torch.no_grad():
        flat.weight.zero_()
    found = ask.of(flat, ask.real, ask.fake)
    gradient = None
    if found.requires_grad:
        (gradient,) = torch.autograd.grad(found, flat.weight, allow_unused=True)
    if found.isfinite() and (gradient is None or gradient.isfinite().all()):
        return name, "fine", "a critic that is flat gives no NaN"
    way = "sqrt has no derivative at 0: take torch.linalg.vector_norm, or add 1e-12 under the root"
    return name, "wrong", f"a critic that is flat gives NaN: {way}"
