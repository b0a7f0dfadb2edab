"""Small networks, data and runs that several tests of training share."""

import torch

from wganlib import models
from wganlib.data import Images
from wganlib.lipschitz import gradient_penalty, spectral_norm_
from wganlib.records import TrainConfig
from wganlib.training import train

SMALL = TrainConfig(
    n_steps=12, batch_size=16, n_critic=2, learning_rate=1e-3, log_every=2, checkpoint_every=4
)


def pair(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return models.MLPGenerator(width=16, depth=1), models.MLPCritic(width=16, depth=1)


def cloud(n=200):
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(1)) + 3


def weights(*networks):
    return torch.cat([p.detach().flatten() for net in networks for p in net.parameters()])


def trained(config=SMALL, **options):
    networks = pair()
    history = train(*networks, cloud(), config, penalty=gradient_penalty, progress=False, **options)
    return weights(*networks), history


def digits(n=40):
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (n, 1, 28, 28), generator=rng, dtype=torch.uint8)
    return Images(pixels=pixels, labels=torch.zeros(n, dtype=torch.int64), source="noise")


def _seeded(make_generator, make_critic):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make_generator(), make_critic()


STOCK = {  # name: generator and critic, real samples
    "MLP": (pair, cloud),
    "convolutional": (
        lambda: _seeded(lambda: models.ConvGenerator(8, 4), lambda: models.ConvCritic(4)),
        digits,
    ),
    "batch norm in both": (
        lambda: _seeded(
            lambda: models.ConvGenerator(8, 4), lambda: models.ConvCritic(4, batch_norm=True)
        ),
        digits,
    ),
    "spectral norm": (
        lambda: _seeded(
            lambda: models.ConvGenerator(8, 4), lambda: spectral_norm_(models.ConvCritic(4))
        ),
        digits,
    ),
}
