"""Runs are stored whole or not at all, and come back as they were."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from tests.unit.small import SMALL, digits, pair
from wganlib import lipschitz, models
from wganlib.lipschitz import gradient_penalty
from wganlib.records import History, Run, TrainConfig, load_run, save_run
from wganlib.training import train


def test_a_stored_run_comes_back_whole(tmp_path):
    generator, critic = models.ConvGenerator(8, 4), models.ConvCritic(4)
    config = dataclasses.replace(SMALL, n_steps=4)
    history = train(generator, critic, digits(), config, penalty=gradient_penalty, progress=False)
    run = Run(
        generator=generator, critic=critic, config=config, history=history,
        provenance={"command": "none", "seed": 0},
    )  # fmt: skip
    save_run(tmp_path / "run", run)
    back = load_run(tmp_path / "run")
    assert (back.config, back.provenance) == (config, run.provenance)
    assert back.history.step == history.step
    assert back.history.w1_estimate == pytest.approx(history.w1_estimate, rel=1e-5)
    latent = generator.sample_latent(3, torch.Generator().manual_seed(0))
    assert torch.equal(back.generator(latent), generator.eval()(latent))
    images = digits().batch(3, torch.Generator().manual_seed(0))
    assert torch.equal(back.critic(images), critic(images))
    assert {p.suffix for p in (tmp_path / "run").iterdir()} == {".json", ".csv", ".safetensors"}


def test_a_run_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match="no run 'mnist-wgan-xl'; looked in"):
        load_run("mnist-wgan-xl")


def test_a_run_cannot_name_code_to_run(tmp_path):
    generator, critic = pair()
    run = Run(
        generator=generator, critic=critic, config=SMALL, history=History(), provenance={}
    )  # fmt: skip
    save_run(tmp_path, run)
    about = json.loads((tmp_path / "config.json").read_text())
    about["generator"]["class"] = "pairwise"
    (tmp_path / "config.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="'pairwise' is not a network"):
        load_run(tmp_path)


def test_a_network_of_one_s_own_cannot_be_stored(tmp_path):
    run = Run(
        generator=torch.nn.Linear(2, 2), critic=pair()[1], config=SMALL, history=History(),
        provenance={},
    )  # fmt: skip
    with pytest.raises(ValueError, match="Linear is not a network of wganlib"):
        save_run(tmp_path, run)


def test_numbers_of_numpy_are_taken_as_python_s(tmp_path):
    config = TrainConfig(learning_rate=np.float32(1e-4), n_steps=np.int64(4), gp_weight=3)
    assert json.loads(json.dumps(dataclasses.asdict(config)))["n_steps"] == 4
    assert type(config.learning_rate) is type(config.gp_weight) is float
    assert config == TrainConfig(learning_rate=float(np.float32(1e-4)), n_steps=4, gp_weight=3.0)


def small_run(critic):
    return Run(generator=pair()[0], critic=critic, config=SMALL, history=History())


def test_a_run_that_cannot_be_loaded_back_is_not_stored(tmp_path):
    save_run(tmp_path / "run", small_run(pair()[1]))
    before = sorted((p.name, p.read_bytes()) for p in (tmp_path / "run").iterdir())
    normalised = lipschitz.spectral_norm_(models.MLPCritic(width=16, depth=1))
    tied = models.MLPCritic(width=2, depth=2)
    tied.layers[2].weight = tied.layers[0].weight
    for critic in (normalised, tied):
        with pytest.raises((ValueError, RuntimeError)):
            save_run(tmp_path / "run", small_run(critic))
    assert sorted((p.name, p.read_bytes()) for p in (tmp_path / "run").iterdir()) == before
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_stored_run_replaces_the_one_that_stood_there(tmp_path):
    save_run(tmp_path / "run", small_run(pair()[1]))
    (tmp_path / "run" / "left-over").write_text("of the first")
    second = small_run(pair(seed=1)[1])
    save_run(tmp_path / "run", second)
    assert not (tmp_path / "run" / "left-over").exists()
    for name, tensor in load_run(tmp_path / "run").critic.state_dict().items():
        assert torch.equal(tensor, second.critic.state_dict()[name])
