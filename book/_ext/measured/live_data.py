"""Write what the interactive figures cannot compute themselves, from the frozen results.

Numbers are stored as bytes in base64 between the smallest and the largest that can be drawn; what a
reader sees as a number is stored as one.
"""

import base64
import csv
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

RUNS = Path(__file__).resolve().parents[2] / "runs"
REACH = 3.2  # points farther out than this, in data units, are drawn at the edge: out of sight
EPS = 1e-5  # of nn.BatchNorm2d


def scripts():
    """Return the scripts by name, as text, without those whose run is still being made."""
    makers = {"critics": critics, "games": games, "digits": digits}
    return {name: _script(name, make()) for name, make in makers.items() if _finished(name)}


def _finished(name):
    folder = {"digits": "mnist-wgan-gp"}.get(name, f"live-{name}")
    return (RUNS / folder / "provenance.json").is_file()


def _script(name, content):
    return f'live.take("{name}",{json.dumps(content, separators=(",", ":"))});\n'


def critics():
    """Describe every critic of `live_critics.py`: numbers, and maps of a byte a square."""
    rows, maps = _rows("live-critics"), load_file(RUNS / "live-critics/maps.safetensors")
    described = []
    for row, scores, slopes in zip(rows, maps["scores"], maps["slopes"], strict=True):
        low, high, top = scores.min(), scores.max(), slopes.max()
        described.append(
            {"way": row["way"], "strength": float(row["strength"])}
            | {key: float(row[key]) for key in ("estimate", "slope", "steepest")}
            | {"low": _short(low), "high": _short(high), "top": _short(top)}
            | {"scores": _bytes(scores, low, high), "slopes": _bytes(slopes, 0, top)}
        )
    return {
        "side": maps["scores"].shape[1],
        "limit": 2.6,
        "exact": float(rows[0]["exact_w1"]),
        "critics": described,
        "real": _bytes(maps["real"], -REACH, REACH),
        "fake": _bytes(maps["fake"], -REACH, REACH),
    }


def games():
    """Describe every look of `live_games.py`: numbers, points and maps."""
    rows, frames = _rows("live-games"), load_file(RUNS / "live-games/frames.safetensors")
    described = {}
    for name in dict.fromkeys(row["game"] for row in rows):
        table = [row for row in rows if row["game"] == name]
        scores = frames[f"{name} scores"].astype(float)
        low, high = scores.min((1, 2), keepdims=True), scores.max((1, 2), keepdims=True)
        described[name] = {
            "w1": [float(row["exact_w1"]) for row in table],
            "estimate": [float(row["estimate"]) for row in table],
            "modes": [int(row["modes"]) for row in table],
            "fake": _bytes(frames[f"{name} fake"].astype(float), -REACH, REACH),
            "scores": _bytes(scores, low, high),
        }
    return {
        "side": frames[f"{name} scores"].shape[1],
        "limit": 2.2,
        "reach": REACH,
        "steps": [int(row["step"]) for row in table],
        "real": _bytes(frames["real"], -REACH, REACH),
        "games": described,
    }


def digits():
    """Describe the generator of `mnist-wgan-gp`: batch norm folded in, 8 bits a weight."""
    weights = load_file(RUNS / "mnist-wgan-gp/generator.safetensors")
    config = json.loads((RUNS / "mnist-wgan-gp/config.json").read_text())["generator"]
    latent, width = config["latent_dim"], config["width"]
    project = weights["project.weight"].reshape(4 * width, 16, latent)
    layers = [_layer(project, *_norm(weights, 0), axis=0)]
    for number in (2, 5):
        layers.append(
            _layer(weights[f"layers.{number}.weight"], *_norm(weights, number + 1), axis=1)
        )
    last = weights["layers.8.weight"]
    layers.append(_layer(last, np.ones(1), weights["layers.8.bias"], axis=1))
    return {
        "latent": latent,
        "channels": [4 * width, 2 * width, width],
        "layers": layers,
        "ends": _floats(_walk_endpoints(latent)),
    }


def _norm(weights, number):
    """Return what batch norm multiplies by and adds, for each channel."""
    part = {k: weights[f"layers.{number}.{k}"] for k in ("weight", "bias", "running_mean")}
    factor = part["weight"] / np.sqrt(weights[f"layers.{number}.running_var"] + EPS)
    return factor, part["bias"] - part["running_mean"] * factor


def _layer(weight, factor, bias, *, axis):
    """Round a layer's weights to 8 bits, with a scale for each channel that comes out."""
    shape = [-1 if k == axis else 1 for k in range(weight.ndim)]
    weight = weight * factor.reshape(shape)
    scale = np.abs(weight).max(tuple(k for k in range(weight.ndim) if k != axis)) / 127
    whole = np.rint(weight / scale.reshape(shape)).astype(np.int8)
    return {"weight": _base64(whole), "scale": _floats(scale), "bias": _floats(bias)}


def _walk_endpoints(latent):
    """Draw the ends of the walks that the live figure starts with: four starts, then four ends."""
    import torch  # here, because it is slow to load and nothing else needs it

    drawn = torch.randn(2_000, latent, generator=torch.Generator().manual_seed(5)).numpy()
    return np.concatenate([drawn[:4], drawn[1_000:1_004]])


def _rows(name):
    with (RUNS / name / "results.csv").open(encoding="utf8", newline="") as file:
        return list(csv.DictReader(file))


def _short(number):
    return float(f"{number:.6g}")


def _bytes(values, low, high):
    return _base64(np.rint(255 * np.clip((values - low) / (high - low), 0, 1)).astype(np.uint8))


def _floats(values):
    return _base64(np.asarray(values).astype("<f4"))


def _base64(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
