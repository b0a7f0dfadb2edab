"""Imported by a fork server: trains each stock pair for a moment, so that no child has to load what
PyTorch loads late, a second for each."""

import copy

import torch

from tests.unit.small import SMALL, STOCK
from wganlib import training
from wganlib.lipschitz import clip_weights_

torch.set_num_threads(1)
for make, data in STOCK.values():
    for optimizer in (training.adam, training.rmsprop):
        generator, critic = make()
        training.train(
            generator, critic, data(), SMALL, optimizer=optimizer, until=1, progress=False,
            project=clip_weights_, average=copy.deepcopy(generator),
        )  # fmt: skip
