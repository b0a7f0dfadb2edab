r"""What is wrong with a generator and its critic: cheap tests of anybody's pair, in words.

Each test asks one question that a known mistake answers wrongly: is the sign of the critic right,
is its slope near 1, does a score depend on the rest of the batch, do the data lie in the
generator's range, does the penalty look between the samples? None trains anything, and none moves a
weight, a buffer, a mode or a random number of the caller's: they work on copies.

Examples
--------
>>> from wganlib import data, models
>>> rng = torch.Generator().manual_seed(0)
>>> pair = models.MLPGenerator(width=8, depth=1), models.MLPCritic(width=8, depth=1)
>>> found = diagnose(*pair, data.gaussian_ring(500, rng=rng), rng=rng)
>>> found["finite numbers"].verdict
'fine'
"""

from __future__ import annotations

import copy
import math
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from wganlib import _arrays, _networks, _penalties
from wganlib._ends import ENDLESS, end, last_function
from wganlib.data import Source, source
from wganlib.lipschitz import gradient_norms
from wganlib.metrics import density_coverage, minibatch_w1
from wganlib.models import sample

VERDICTS = ("fine", "look", "wrong")
WIDTH = 88  # of the printed lines
FEWEST = 32  # below this a standard error says little
LARGEST_BATCH = 512  # for exact distances, which take seconds at 512 and minutes at 5,000


@dataclass(frozen=True)
class Finding:
    """What one test found.

    Parameters
    ----------
    name : str
        What was tested.
    verdict : {"fine", "look", "wrong"}
        ``wrong`` is a mistake; ``look`` is one or a stage of training, which the words tell apart.
    words : str
        What was measured, what it is compared with, and the way out.
    """

    name: str
    verdict: str
    words: str

    def __str__(self) -> str:
        """Write the finding in a few lines."""
        head = f"{self.verdict:5}  {self.name}: "
        return textwrap.fill(head + self.words, WIDTH, subsequent_indent=" " * 7)


@dataclass(frozen=True)
class Diagnosis:
    """All findings about a pair, those that are wrong first.

    Parameters
    ----------
    findings : tuple of Finding
        In the order of their verdicts, and of the tests.
    """

    findings: tuple[Finding, ...]

    def __getitem__(self, name: str) -> Finding:
        """Return the finding of one test."""
        known = {finding.name: finding for finding in self.findings}
        if name not in known:
            raise KeyError(f"no test is called {_arrays.shown(name)}; there are {', '.join(known)}")
        return known[name]

    def __str__(self) -> str:
        """Write all findings, a paragraph each."""
        return "\n".join(map(str, self.findings))

    @property
    def wrong(self) -> list[str]:
        """Names of the tests that found a mistake."""
        return [finding.name for finding in self.findings if finding.verdict == "wrong"]


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """What the tests look at: copies of the networks in evaluation mode, and as many of each."""

    generator: nn.Module
    critic: nn.Module
    real: Tensor
    fake: Tensor
    condition: Tensor | None
    data: Source
    rng: torch.Generator
    scores: dict[str, Tensor] = field(default_factory=dict)

    def scored(self, x: Tensor) -> Tensor:
        """Score samples under the condition of the real ones."""
        return _networks.scored(self.conditioned, x)

    @property
    def conditioned(self) -> Callable[[Tensor], Tensor]:
        """The critic as a function of the samples alone."""
        if self.condition is None:
            return self.critic
        return lambda x: self.critic(x, self.condition[: len(x)])


def diagnose(
    generator: nn.Module,
    critic: nn.Module,
    real: object,
    *,
    penalty: Callable[..., Tensor] | None = None,
    n: int = 256,
    rng: torch.Generator | None = None,
) -> Diagnosis:
    r"""Test a generator, its critic and its data for the mistakes that are made most often.

    Parameters
    ----------
    generator : nn.Module
        As `wganlib.training.train` takes one, at any stage of training.
    critic : nn.Module
        Maps samples to scores, shape ``(batch,)``.
    real : object
        Real samples, of whatever kind `wganlib.data.source` takes.
    penalty : callable, optional
        ``penalty(critic, real, fake, rng=rng)``; tested too where it is given, on critics whose
        slope is known.
    n : int, optional
        How many samples of each kind are looked at, from 32 to 512.
    rng : torch.Generator, optional
        Draws samples, latents and points between; else one seeded by 0.

    Returns
    -------
    Diagnosis
        What each test found. ``print(diagnose(...))`` reads as a report.

    Raises
    ------
    ValueError
        If the networks or the data are of another kind, or do not fit one another.

    Notes
    -----
    A verdict compares a number with a yardstick that is measured on the same data or known from
    theory: the exact distance of the same batches, the slope 1, the spread of real samples. The
    words say both. A pair that passes may still be bad: what needs a run to be seen, such as too
    large a step, is not tested.

    References
    ----------
    Arjovsky, Chintala and Bottou (2017); Gulrajani et al. (2017), sections 3 and 4. The tests are
    the book's own.
    """
    if penalty is not None:
        _arrays.function(penalty, "penalty", "critic", "real", "fake", keywords=("rng",))
    pair = _pair(generator, critic, real, n, rng)
    findings = [finding for test in TESTS for finding in test(pair)]
    if penalty is not None:
        like = pair.real.dtype, pair.real.device
        findings += [Finding(*told) for told in _penalties.findings(penalty, *like)]
    return Diagnosis(tuple(sorted(findings, key=lambda f: -VERDICTS.index(f.verdict))))


def _pair(
    generator: nn.Module, critic: nn.Module, real: object, n: int, rng: torch.Generator | None
) -> _Pair:
    """Copy the networks, draw as many samples of each kind, or refuse what does not fit."""
    _networks.refuse_other_generator(generator)
    _arrays.instance(critic, "critic", nn.Module, "give the network itself")
    n = _arrays.whole_number(n, "n", least=FEWEST, below=LARGEST_BATCH + 1)
    like = next(generator.parameters(), None)
    _arrays.instance(like, "the generator's first weight", Tensor, "give a network with weights")
    how = {"device": like.device, "dtype": like.dtype, "progress": False}
    data = source(real, batch_size=FEWEST, reach=ENDLESS, **how)  # the range is tested below
    n = min(n, data.n or n)
    rng = torch.Generator(like.device).manual_seed(0) if rng is None else rng
    _arrays.refuse_other_rng(rng, like.device, "the weights lie")
    samples, condition = data.batch(n, rng=rng)
    if all(getattr(generator, kind, None) is None for kind in ("n_classes", "condition_dim")):
        condition = None
    fake = sample(generator, n, condition=condition, rng=rng)
    copies = {"generator": copy.deepcopy(generator).eval(), "critic": copy.deepcopy(critic).eval()}
    pair = _Pair(**copies, real=samples, fake=fake, condition=condition, data=data, rng=rng)
    if fake.shape != samples.shape:
        shapes = tuple(samples.shape[1:]), tuple(fake.shape[1:])
        raise ValueError(f"real samples have shape {shapes[0]}, generated ones {shapes[1]}")
    with torch.no_grad():
        pair.scores.update(real=pair.scored(samples), fake=pair.scored(fake))
    return pair


# --- the tests, each a function of the pair -------------------------------------------------------


def _finite(pair: _Pair) -> Iterator[Finding]:
    """Look for NaN and infinity in weights, samples and scores."""
    networks = {"generator": pair.generator, "critic": pair.critic}
    places = {f"the {side}'s {name}": tensor for side, network in networks.items()
              for name, tensor in network.state_dict().items()}  # fmt: skip
    places |= {"real samples": pair.real, "generated samples": pair.fake}
    places |= {f"scores of {side} samples": s for side, s in pair.scores.items()}
    bad = [name for name, tensor in places.items() if not tensor.isfinite().all()]
    if bad:
        words = f"{', '.join(bad[:3])} hold NaN or infinity"
        words += f", and {len(bad) - 3} more" if len(bad) > 3 else ""
        way = "go back to the last checkpoint before it. A penalty that takes sqrt of a sum has no "
        way += "derivative where a slope is 0: torch.linalg.vector_norm has one"
        yield Finding("finite numbers", "wrong", f"{words}; {way}")
    else:
        yield Finding("finite numbers", "fine", f"{len(places)} tensors hold finite numbers")


def _range(pair: _Pair) -> Iterator[Finding]:
    """Compare the range of the data with that of the generator's last layer."""
    low, high = pair.real.min().item(), pair.real.max().item()
    words = f"real samples go from {low:.3g} to {high:.3g}"
    name, (least, most) = end(pair.generator)
    if (least, most) == ENDLESS:
        ends = pair.fake.min().item(), pair.fake.max().item()
        words += f", generated ones from {ends[0]:.3g} to {ends[1]:.3g}; the generator ends in no "
        words += "function that is known to bound the latter"
        yield Finding("range of the data", "fine", words)
        return
    words += f", the generator ends in {name}, from {least:g} to {most:g}"
    if low < least - 1e-3 or high > most + 1e-3:
        way = "it can never make them: scale the data, as wganlib.data.scale_pixels does"
        yield Finding("range of the data", "wrong", f"{words}: {way}")
    elif math.isfinite(most - least) and low > (3 * least + most) / 4:
        way = "they leave a quarter of it or more unused. Images in [0, 1] go to [-1, 1] by 2x - 1"
        yield Finding("range of the data", "look", f"{words}: {way}")
    else:
        yield Finding("range of the data", "fine", words)


def _score_kind(pair: _Pair) -> Iterator[Finding]:
    """Look for a critic whose scores have bounds, such as probabilities."""
    scores = torch.cat(list(pair.scores.values()))
    words = f"scores go from {scores.min():.3g} to {scores.max():.3g}"
    with torch.enable_grad():
        name, (least, most) = last_function(pair.scored(pair.real[:2].requires_grad_()))
    if name in SQUASHING:
        words += f" and the critic ends in {name}, which keeps them from {least:g} to {most:g}: a "
        words += "score of a Wasserstein critic is no probability. Leave the last activation out"
        yield Finding("scores without bound", "wrong", words)
    else:
        yield Finding("scores without bound", "fine", words)


def _one_by_one(pair: _Pair) -> Iterator[Finding]:
    """Score the same samples in two batches, as training does: in training mode."""
    critic, half = copy.deepcopy(pair.critic).train(), len(pair.real) // 2
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        probe = _Pair(**vars(pair) | {"critic": critic})
        alone = [probe.scored(pair.real[: 2 * half])[:half] for _ in range(2)]
        mixed = probe.scored(torch.cat([pair.real[:half], pair.fake[:half]]))[:half]
    spread = alone[0].std().item() or 1.0
    noise, moved = ((alone[0] - other).abs().max().item() / spread for other in (alone[1], mixed))
    norms = [type(m).__name__ for m in critic.modules() if isinstance(m, BATCH_NORMS)]
    if noise > ROUNDING:
        words = f"the same batch scored twice differs by {noise:.2g} of the scores' spread: "
        words += "something draws in the critic, such as dropout, or moves on, such as batch norm"
        yield Finding("a score of its own", "look", words)
    elif moved > ROUNDING:
        who = f" ({norms[0]})" if norms else ""
        words = f"a sample's score moves by {moved:.2g} of the scores' spread when the rest of its "
        words += f"batch is generated{who}: a gradient penalty is then no penalty on the slope at "
        words += "a sample. Layer or instance norm, or none, keeps scores apart"
        yield Finding("a score of its own", "wrong", words)
    else:
        yield Finding("a score of its own", "fine", "it does not depend on the rest of its batch")


def _sign(pair: _Pair) -> Iterator[Finding]:
    """Ask whether the critic scores real samples higher."""
    real, fake = pair.scores["real"].double(), pair.scores["fake"].double()
    gap = (real.mean() - fake.mean()).item()
    error = math.sqrt(((real.var() + fake.var()) / len(real)).item())
    higher = "real" if gap >= 0 else "generated"
    words = f"{higher} samples score {abs(gap):.3g} higher on average (standard error {error:.2g})"
    if gap < -2 * error:
        way = "a sign is turned round, or the critic sits in the wrong optimum of a two-sided "
        way += "penalty, from which one_sided=True leads out; untrained critics do it by chance"
        yield Finding("sign of the critic", "wrong", f"{words}: {way}")
    elif gap <= 2 * error:
        way = "it does not tell them apart: untrained, vanished, or the generator has arrived, "
        way += "which the exact distance below tells"
        yield Finding("sign of the critic", "look", f"{words}: {way}")
    else:
        yield Finding("sign of the critic", "fine", words)


def _slope(pair: _Pair) -> Iterator[Finding]:
    """Measure how steep the critic is."""
    t = torch.rand(len(pair.real), generator=pair.rng, device=pair.rng.device)
    t = t.to(pair.real.dtype).view(-1, *[1] * (pair.real.ndim - 1))
    points = t * pair.real + (1 - t) * pair.fake, pair.real, pair.fake
    norms = [gradient_norms(pair.conditioned, x) for x in points]
    middle, top = norms[0].median().item(), torch.cat(norms).max().item()
    words = f"the median between real and generated samples is {middle:.3g}, the largest seen "
    words += f"{top:.3g}; a 1-Lipschitz critic has at most 1{_clipped(pair.critic)}"
    if top > STEEP:
        way = "its estimate is no distance. Give a penalty or clip, raise gp_weight, or divide the "
        yield Finding("slope of the critic", "look", f"{words}: {way}estimate by the slope")
    elif middle < FLAT:
        way = "the generator gets hardly any gradient. With clipping, raise the bound or take "
        yield Finding("slope of the critic", "look", f"{words}: {way}fewer layers")
    else:
        yield Finding("slope of the critic", "fine", words)


def _gradient(pair: _Pair) -> Iterator[Finding]:
    """Ask whether the critic tells every generated sample where to go."""
    flat = (gradient_norms(pair.conditioned, pair.fake) == 0).double().mean().item()
    words = f"at {flat:.0%} of the generated samples the critic's gradient is exactly 0"
    verdict = "fine"
    if flat:
        verdict = "look"
        words += ": nothing is learnt from those, and a penalty with sqrt turns NaN there"
    yield Finding("gradient for the generator", verdict, words)


def _distance(pair: _Pair) -> Iterator[Finding]:
    """Compare the critic's estimate with the exact distance of the same batches."""
    size = len(pair.real) // 2
    other, _ = pair.data.batch(len(pair.real), rng=pair.rng)
    x, y, z = (t.flatten(1).double().cpu() for t in (pair.real, pair.fake, other))
    rng = torch.Generator().manual_seed(0)
    real = torch.cat([x, z])
    found = minibatch_w1(real, y, batch_size=size, n_batches=4, rng=rng)
    gap = (pair.scores["real"].mean() - pair.scores["fake"].mean()).item()
    floor, error = found.sampling_floor, 2 * found.standard_error
    words = f"W1 of batches of {size} is {found.value:.3g}, of two real batches {floor:.3g}; "
    words += f"the critic's estimate is {gap:.3g}"
    if found.value <= floor + error:
        way = "batches of this size cannot tell the generator from the data"
        yield Finding("exact distance", "fine", f"{words}: {way}")
    else:
        way = f"the generator is {found.value / floor:.2g} times as far as real batches are"
        yield Finding("exact distance", "look", f"{words}: {way}")


def _variety(pair: _Pair) -> Iterator[Finding]:
    """Ask whether the samples differ from one another, and cover the data."""
    latent = pair.generator.sample_latent(2, pair.rng)
    spread = [t.flatten(1).double().std(dim=0).norm().item() for t in (pair.real, pair.fake)]
    if spread[1] <= ROUNDING * spread[0]:
        words = f"{len(pair.fake)} latents of shape {tuple(latent.shape[1:])} give one sample"
        yield Finding("variety", "wrong", f"{words}: the generator ignores its latents")
        return
    other, _ = pair.data.batch(len(pair.real), rng=pair.rng)
    real, fake, again = (t.flatten(1).double().cpu() for t in (pair.real, pair.fake, other))
    found, usual = (density_coverage(real, side).coverage for side in (fake, again))
    words = f"{found:.0%} of real samples have a generated one as near as real neighbours are; "
    words += (
        f"for other real samples it is {usual:.0%}; spread {spread[1] / spread[0]:.2g} of theirs"
    )
    if found < usual / 2:
        way = "less than half: parts of the data are missing, or samples are off them"
        yield Finding("variety", "look", f"{words}: {way}")
    else:
        yield Finding("variety", "fine", words)


def _obedience(pair: _Pair) -> Iterator[Finding]:
    """Ask whether a condition changes what a latent becomes."""
    if pair.condition is None:
        return
    latent = pair.generator.sample_latent(len(pair.real), pair.rng)
    turned = pair.condition.roll(1, dims=0)
    changed = (turned != pair.condition).flatten(1).any(dim=1) if turned.ndim > 1 else (
        turned != pair.condition)  # fmt: skip
    if not changed.any():
        return
    with torch.no_grad():
        first, other = (pair.generator(latent, c).flatten(1) for c in (pair.condition, turned))
    moved = (first - other)[changed].norm(dim=1).mean().item()
    usual = (first - first.roll(1, dims=0)).norm(dim=1).mean().item()
    words = f"another condition moves a sample by {moved:.3g}, another latent and condition by "
    words += f"{usual:.3g}"
    if moved < usual / 10:
        way = "less than a tenth: the condition is ignored. Is it given to the critic too?"
        yield Finding("condition", "look", f"{words}: {way}")
    else:
        yield Finding("condition", "fine", words)


def _clipped(critic: nn.Module) -> str:
    """Say whether most weights sit at one bound, as clipping leaves them."""
    weights = torch.cat([p.detach().flatten().abs() for p in critic.parameters()])
    share = (weights >= weights.max() * (1 - 1e-6)).double().mean().item()
    if share < 0.05:
        return ""
    return f"; {share:.0%} of the weights sit at ±{weights.max():.3g}, so they are clipped"


# A slope is called steep or flat where the estimate would be wrong by a factor of two or of ten.
STEEP, FLAT = 2.0, 0.1
ROUNDING = 1e-3  # of the scores' spread: what single precision and another order of sums may do
SQUASHING = ("Sigmoid", "Softmax", "LogSoftmax", "LogSigmoid", "Hardsigmoid", "Tanh")
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
TESTS = (
    _finite,
    _range,
    _score_kind,
    _one_by_one,
    _sign,
    _slope,
    _gradient,
    _distance,
    _variety,
    _obedience,
)
