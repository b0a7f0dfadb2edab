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
    makers = {
        "boxes": boxes,
        "critics": critics,
        "digits": digits,
        "games": games,
        "walk": walk,
    }
    return {name: _script(name, make()) for name, make in makers.items() if _finished(name)}


def _finished(name):
    folders = {"walk": "mnist-wgan-gp", "digits": "ch15-digits"}
    folder = folders.get(name, f"live-{name}")
    return (RUNS / folder / "provenance.json").is_file()


def _script(name, content):
    return f'live.take("{name}",{json.dumps(content, separators=(",", ":"))});\n'


def boxes():
    """Describe the boxes of `live_boxes.py`: pictures of four bits a pixel, and their scores."""
    from PIL import Image  # here, as the other figures do without

    rows, side = _rows("live-boxes"), 28
    with Image.open(RUNS / "live-boxes/pictures.png") as picture:
        grey = np.asarray(picture)  # (boxes * side, shown * side)
    shown = grey.shape[1] // side
    pixels = grey.reshape(len(rows), side, shown, side).swapaxes(1, 2).ravel()
    levels = np.rint(pixels / 17).astype(np.uint8)  # 0 to 15
    metrics = [key for key in rows[0] if f"{key}_off" in rows[0]]
    described = [
        {
            "name": row["box"],
            "values": {key: _short(float(row[key])) for key in metrics},
            "off": {key: _short(float(row[f"{key}_off"])) for key in metrics},
        }
        for row in rows
    ]
    packed = levels[::2] + 16 * levels[1::2]
    return {"shown": shown, "boxes": described, "pixels": _base64(packed)}


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


def walk():
    """Describe the generator of `mnist-wgan-gp`, 8 bits a weight, and four walks."""
    weights = load_file(RUNS / "mnist-wgan-gp/generator.safetensors")
    described = _generator(weights, _eight_bits)
    return described | {"ends": _floats(_walk_endpoints(described["latent"]))}


def digits():
    """Describe the generator of `ch15-digits` in half precision, and how each demand was read."""
    weights = load_file(RUNS / "ch15-digits/generator.safetensors")
    weights = {name: weight.astype(float) for name, weight in weights.items()}
    rows = [row for row in _rows("ch15-digits", "confusion") if _kept(row)]
    latent = len(weights["embed.weight"])
    return _generator(weights, _half) | {
        "noise": latent,
        "embed": _floats(weights["embed.weight"].T),  # (classes, latent)
        "read": [[int(row[f"read_{digit}"]) for digit in range(10)] for row in rows],
        "start": _floats(_normals(20, 10, latent)),
    }


def _kept(row):
    """Return whether a row is about the run whose generator `ch15-digits` stores."""
    return (row["arm"], row["seed"]) == ("projection", "0")


def _generator(weights, layer):
    """Describe a `ConvGenerator` of 28×28 images, its batch norm folded into its weights."""
    (width,) = weights["layers.6.weight"].shape
    inputs = weights["project.weight"].shape[1]
    project = weights["project.weight"].reshape(4 * width, 16, inputs)
    layers = [layer(project, *_norm(weights, 0), axis=0)]
    for number in (2, 5):
        norm = _norm(weights, number + 1)
        layers.append(layer(weights[f"layers.{number}.weight"], *norm, axis=1))
    last = weights["layers.8.weight"]
    layers.append(layer(last, np.ones(1), weights["layers.8.bias"], axis=1))
    return {"latent": inputs, "channels": [4 * width, 2 * width, width], "layers": layers}


def _norm(weights, number):
    """Return what batch norm multiplies by and adds, for each channel."""
    part = {k: weights[f"layers.{number}.{k}"] for k in ("weight", "bias", "running_mean")}
    factor = part["weight"] / np.sqrt(weights[f"layers.{number}.running_var"] + EPS)
    return factor, part["bias"] - part["running_mean"] * factor


def _eight_bits(weight, factor, bias, *, axis):
    """Round a layer's weights to 8 bits, with a scale for each channel that comes out."""
    weight, shape = _folded(weight, factor, axis)
    scale = np.abs(weight).max(tuple(k for k in range(weight.ndim) if k != axis)) / 127
    whole = np.rint(weight / scale.reshape(shape)).astype(np.int8)
    return {"weight": _base64(whole), "scale": _floats(scale), "bias": _floats(bias)}


def _half(weight, factor, bias, *, axis):
    """Round a layer's weights to half precision."""
    weight, _ = _folded(weight, factor, axis)
    return {"weight": _base64(weight.astype("<f2")), "bias": _floats(bias)}


def _folded(weight, factor, axis):
    """Multiply each channel that comes out by its factor; return the shape of a factor too."""
    shape = [-1 if k == axis else 1 for k in range(weight.ndim)]
    return weight * factor.reshape(shape), shape


def _walk_endpoints(latent):
    """Draw the ends of the walks that the live figure starts with: four starts, then four ends."""
    drawn = _normals(5, 2_000, latent)
    return np.concatenate([drawn[:4], drawn[1_000:1_004]])


def _normals(seed, *shape):
    """Draw normal numbers as `wganlib` does from this seed."""
    import torch  # here, because it is slow to load and nothing else needs it

    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).numpy()


def _rows(name, table="results"):
    with (RUNS / name / f"{table}.csv").open(encoding="utf8", newline="") as file:
        return list(csv.DictReader(file))


def _short(number):
    return float(f"{number:.6g}")


def _bytes(values, low, high):
    return _base64(np.rint(255 * np.clip((values - low) / (high - low), 0, 1)).astype(np.uint8))


def _floats(values):
    return _base64(np.asarray(values).astype("<f4"))


def _base64(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
