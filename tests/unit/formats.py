"""Small files in the official formats of public data sets, and the sums that go with them."""

import gzip
import hashlib
import pickle
import struct

import numpy as np
from torchvision.datasets import CIFAR10


def idx(array):
    """Write an array in the IDX format of MNIST's and Fashion-MNIST's files."""
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


def idx_files(folder, resources, seed=0):
    """Fill a folder with 20 images to train on and 10 to test; return names and MD5 sums."""
    folder.mkdir()
    rng, found = np.random.default_rng(seed), []
    for name, _ in resources:
        n = 20 if name.startswith("train") else 10
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        content = idx(images if "images" in name else (np.arange(n) % 10).astype(np.uint8))
        packed = gzip.compress(content, mtime=0)
        (folder / name).write_bytes(packed)
        found.append((name, hashlib.md5(packed).hexdigest()))
    return found


def cifar10(root, monkeypatch, n=4):
    """Fill a folder as the unpacked archive of CIFAR-10 does; return all pixels and labels."""
    folder, rng = root / CIFAR10.base_folder, np.random.default_rng(0)
    folder.mkdir(parents=True)
    pixels = rng.integers(0, 256, (6 * n, 3, 32, 32), dtype=np.uint8)
    labels = rng.integers(0, 10, 6 * n).tolist()

    def write(name, content):
        data = pickle.dumps(content)
        (folder / name).write_bytes(data)
        return hashlib.md5(data).hexdigest()

    parts = []
    for number, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        part = slice(n * number, n * (number + 1))
        content = {"data": pixels[part].reshape(n, -1), "labels": labels[part]}
        parts.append([name, write(name, content)])
    names = [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ]
    meta = CIFAR10.meta | {"md5": write("batches.meta", {"label_names": names})}
    monkeypatch.setattr(CIFAR10, "train_list", parts[:5])
    monkeypatch.setattr(CIFAR10, "test_list", parts[5:])
    monkeypatch.setattr(CIFAR10, "meta", meta)
    return pixels, labels
