"""Measure a generator step of WGAN-GP on a GPU: as `wganlib` takes it, and as one CUDA graph.

Usage: python benchmarks/gpu.py [FILE]
Writes every time into FILE (gpu.json, next to this script), with the GPU's name.

A small step keeps a GPU waiting for the processor, which starts its kernels one by one. A CUDA
graph holds the kernels of a whole step, five critic steps and the generator's, and starts them
together; for that each of them must find its numbers at the same place every time, and none may ask
the processor for anything.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from bench import alternate
from torch import Tensor, nn

from wganlib import data, mnist, models
from wganlib.lipschitz import gradient_penalty
from wganlib.records import TrainConfig
from wganlib.training import critic_step, generator_step

FILE = Path(__file__).resolve().parent / "gpu.json"
WARM_UP, ROUNDS, BLOCK = 5, 30, 20  # steps before a graph is captured; rounds; steps in a round


class Step:
    """One generator step with its critic steps, as a CUDA graph can hold it; moves a pair in place.

    Parameters
    ----------
    generator, critic : nn.Module
        The pair, on the GPU, or on a CPU to test this.
    images : Images
        The data, on the same device.
    config : TrainConfig
        The numbers of the run.
    rng : torch.Generator
        Draws batches, latents and points between, on the same device.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        images: data.Images,
        config: TrainConfig,
        rng: torch.Generator,
    ):
        self.generator, self.critic, self.images = generator, critic, images
        self.config, self.rng = config, rng
        device = images.pixels.device
        # `capturable`: its count of steps lies on the GPU too.
        adam = partial(
            torch.optim.Adam, lr=config.learning_rate, betas=(config.beta1, config.beta2),
            fused=True, capturable=device.type == "cuda",
        )  # fmt: skip
        self.adams = [adam(network.parameters()) for network in (generator, critic)]
        self.losses = torch.zeros(2, device=device)  # the critic's last one, the generator's

    def __call__(self) -> None:
        """Take the step; the losses are in ``losses``."""
        moves_generator, moves_critic = self.adams
        how = {"penalty": gradient_penalty, "gp_weight": self.config.gp_weight, "rng": self.rng}
        for _ in range(self.config.n_critic):
            real = self.images.batch(self.config.batch_size, self.rng)
            with torch.no_grad():
                fake = self.generator(self._latent())
            found = critic_step(self.critic, real, fake, moves_critic, **how)
        loss = generator_step(self.generator, self.critic, self._latent(), moves_generator)
        self.losses.copy_(torch.stack([found[1], loss]))

    def _latent(self) -> Tensor:
        return self.generator.sample_latent(self.config.batch_size, self.rng)


def graphed(step: Step) -> Callable[[], None]:
    """Return the same step as one CUDA graph, after a few ordinary ones.

    As "Whole-network capture" in PyTorch's notes on CUDA semantics says; not yet run on a GPU.
    """
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(step.rng)  # else each replay would draw the same numbers
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def ways(device: str) -> dict[str, Callable[[], None]]:
    """Return the step as it is, and as one graph, each with a pair of its own."""
    digits = mnist.mnist("train").to(device)

    def step() -> Step:
        torch.manual_seed(0)
        pair = models.ConvGenerator(), models.ConvCritic()
        pair = (network.to(device, memory_format=torch.channels_last) for network in pair)
        rng = torch.Generator(device).manual_seed(0)
        return Step(*pair, digits, TrainConfig(learning_rate=1e-3), rng)

    return {"wganlib's steps": step(), "one CUDA graph": graphed(step())}


def measure() -> dict[str, dict]:
    """Time both in turn; milliseconds a generator step, one entry a round."""

    def block(take: Callable[[], None]) -> None:
        for _ in range(BLOCK):
            take()
        torch.cuda.synchronize()

    both = {name: partial(block, take) for name, take in ways("cuda").items()}
    return alternate(both, rounds=ROUNDS, per=BLOCK)


def main(path: Path) -> None:
    """Measure, store and say what came out; or say that there is no GPU."""
    if not torch.cuda.is_available():
        sys.exit(
            "There is no NVIDIA GPU here (torch.cuda.is_available() is False), and nothing else "
            "can hold a CUDA graph: run this where there is one, such as a Colab GPU"
        )
    gpu = torch.cuda.get_device_name()
    about = {"gpu": gpu, "torch": torch.__version__, "cuda": torch.version.cuda}
    found = measure()
    path.write_text(json.dumps({"measured on": about, "times": found}, indent=1) + "\n", "utf8")
    for name, times in found.items():
        middle = statistics.median(times["wall"])
        print(f"{gpu}, {name}: median {middle:.2f} ms a generator step")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else FILE)
