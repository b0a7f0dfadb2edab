"""MNIST from mirrors of every kind, good and bad; a small stand-in for the four files."""

import contextlib
import hashlib
import multiprocessing
import os
import socket
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from torchvision.datasets import MNIST, FashionMNIST

from tests.unit.formats import idx_files
from wganlib import mnist

NAMES = [name for name, _ in MNIST.resources]


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A folder with four small files in MNIST's format, whose MD5 sums torchvision is told."""
    monkeypatch.setattr(MNIST, "resources", idx_files(tmp_path / "mirror", MNIST.resources))
    monkeypatch.setenv("WGANLIB_DATA", str(tmp_path / "cache"))
    for name in ("MNIST_MIRROR", "FASHION_MNIST_MIRROR", "WGANLIB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "mirror"


@pytest.fixture
def fashion(tmp_path, monkeypatch, mirror):
    """The same for Fashion-MNIST."""
    found = idx_files(tmp_path / "fashion", FashionMNIST.resources, seed=1)
    monkeypatch.setattr(FashionMNIST, "resources", found)
    return tmp_path / "fashion"


@pytest.fixture
def serve():
    """Serve with a handler on this machine; yields a function that returns the URL."""
    servers = []

    def start(handler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class WebPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Please log in</title>")

    def log_message(self, *args):
        pass


def unreachable(monkeypatch, data_set=MNIST):
    monkeypatch.setattr(data_set, "mirrors", ["http://127.0.0.1:9/"])  # the discard port: closed


def test_digits_have_the_promised_shapes(mirror):
    digits = mnist.mnist("train", mirror=mirror)
    assert digits.pixels.shape == (20, 1, 28, 28)
    assert digits.pixels.dtype == torch.uint8
    assert digits.labels.tolist() == [*range(10), *range(10)]
    assert digits.labels.dtype == torch.int64
    assert (digits.source, len(digits)) == ("MNIST", 20)
    assert len(mnist.mnist("test", mirror=mirror)) == 10


def test_a_mirror_may_be_a_folder_a_file_url_or_a_web_server(mirror, serve, tmp_path):
    url = serve(partial(Quiet, directory=str(mirror)))
    for number, place in enumerate([mirror, mirror.as_uri(), url, url.rstrip("/")]):
        assert len(mnist.mnist(mirror=place, root=tmp_path / str(number))) == 20


def test_the_public_mirrors_are_tried_in_turn(mirror, serve, monkeypatch):
    url = serve(partial(Quiet, directory=str(mirror)))
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/", url])
    assert mnist.mnist().source == "MNIST"


def test_the_cache_is_enough_once_it_is_filled(mirror, monkeypatch):
    first = mnist.mnist(mirror=mirror)
    unreachable(monkeypatch)
    assert torch.equal(mnist.mnist().pixels, first.pixels)


def test_no_network_and_no_mirror_names_three_remedies(mirror, monkeypatch):
    unreachable(monkeypatch)
    with pytest.raises(ConnectionError) as error:
        mnist.mnist()
    for remedy in ("internet", "MNIST_MIRROR", "handwritten_digits"):
        assert remedy in str(error.value)


def test_without_mnist_the_bundled_digits_come_with_a_banner(mirror, monkeypatch):
    unreachable(monkeypatch)
    with pytest.warns(UserWarning, match="THIS IS NOT MNIST"):
        digits = mnist.handwritten_digits()
    assert digits.source == "scikit-learn digits"
    assert digits.pixels.shape == (1500, 1, 28, 28)
    assert sorted(set(digits.labels.tolist())) == list(range(10))
    assert digits.pixels.max() == 255


def test_with_mnist_there_is_no_banner(mirror):
    assert mnist.handwritten_digits(mirror=mirror).source == "MNIST"  # a warning would be an error


def test_a_mirror_that_answers_a_web_page_is_named(mirror, serve):
    with pytest.raises(ConnectionError, match="web page"):
        mnist.mnist(mirror=serve(WebPage))


def test_an_altered_download_is_tried_twice_and_its_md5_named(mirror, serve, tmp_path):
    asked = []

    class Counting(Quiet):
        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

    damaged = mirror / NAMES[0]
    damaged.write_bytes(damaged.read_bytes()[:-20])
    found = hashlib.md5(damaged.read_bytes()).hexdigest()
    with pytest.raises(OSError, match=f"MD5 {found}, should be"):
        mnist.mnist(mirror=serve(partial(Counting, directory=str(mirror))))
    assert asked == [f"/{NAMES[0]}"] * 2
    assert not list((tmp_path / "cache").rglob("*.gz"))


@pytest.mark.parametrize("name", NAMES[:2])
@pytest.mark.parametrize("damage", [lambda b: b[:-7], lambda b: b[:100] + b"\1" + b[101:]])
def test_a_damaged_file_in_the_cache_is_mended(mirror, tmp_path, name, damage):
    first = mnist.mnist(mirror=mirror)
    file = tmp_path / "cache" / "MNIST" / "raw" / name
    file.write_bytes(damage(file.read_bytes()))
    assert torch.equal(mnist.mnist(mirror=mirror).pixels, first.pixels)


def test_a_cache_that_cannot_be_written_is_named(mirror, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    with pytest.raises(OSError, match=r"cannot be written.*WGANLIB_DATA"):
        mnist.mnist(mirror=mirror, root=blocked)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_is_named(mirror, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(PermissionError, match="WGANLIB_DATA"):
        mnist.mnist(mirror=mirror, root=locked)


@pytest.mark.parametrize("name", ["split", "root", "mirror"])
@pytest.mark.parametrize("value", [3, ["train"], b"x", torch.zeros(2)])
def test_an_argument_of_another_kind_is_refused_by_name(mirror, name, value):
    for load in (mnist.mnist, mnist.fashion_mnist, mnist.handwritten_digits):
        with pytest.raises(ValueError, match=rf"^{name}="):
            load(**{name: value})


def test_an_unknown_split_is_refused(mirror):
    with pytest.raises(ValueError, match="'val'"):
        mnist.mnist("val", mirror=mirror)


def test_a_batch_is_scaled_and_repeatable(mirror):
    digits = mnist.mnist(mirror=mirror)
    batches = [digits.batch(50, rng=torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(*batches)
    assert batches[0].dtype == torch.float32
    assert batches[0].shape == (50, 1, 28, 28)
    assert (batches[0].min().item(), batches[0].max().item()) == (-1.0, 1.0)


def test_digits_move_as_a_whole(mirror):
    moved = mnist.mnist(mirror=mirror).to("meta")
    assert {moved.pixels.device.type, moved.labels.device.type} == {"meta"}


def test_the_official_files_hold_what_the_literature_says(mnist_test):
    assert len(mnist_test) == 10_000
    assert torch.bincount(mnist_test.labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


def test_a_mirror_that_does_not_answer_is_asked_once_and_not_for_long(mirror, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", ["http://192.0.2.1/", "http://no-such-host.invalid/"])
    over = threading.Event()

    def hang(*_, **__):
        over.wait(120)
        raise TimeoutError("at last")

    monkeypatch.setattr(socket, "create_connection", hang)
    monkeypatch.setattr(mnist, "_CONNECT", 0.2)
    start = time.monotonic()
    for _ in range(3):
        with pytest.raises(ConnectionError, match=r"192\.0\.2\.1 did not answer"):
            mnist.mnist()
    assert time.monotonic() - start < 60  # a busy machine is slow, an answer waited for is slower
    over.set()  # a thread that ended later in an error would be laid at another test's door


def test_offline_no_host_is_asked(mirror, monkeypatch):
    monkeypatch.setenv("WGANLIB_OFFLINE", "1")
    monkeypatch.setattr(socket, "create_connection", None)
    with pytest.raises(ConnectionError, match="WGANLIB_OFFLINE"):
        mnist.mnist()


@pytest.mark.parametrize(
    "place", ["nonsense://x", "http://[::1", "http://", "https://xn--\x00/", "http://a..b/"]
)
def test_an_address_that_is_none_is_no_reason_to_crash(mirror, place):
    with pytest.raises(ConnectionError, match="MNIST"):
        mnist.mnist(mirror=place)


class Garbled(BaseHTTPRequestHandler):
    def do_GET(self):
        self.wfile.write(b"\x00\x01 no status line at all\r\n\r\n")

    def log_message(self, *args):
        pass


class Trickle(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            while True:
                self.wfile.write(b"0")
                time.sleep(0.05)

    def log_message(self, *args):
        pass


def test_a_mirror_that_talks_nonsense_or_trickles_is_left_for_the_next(mirror, serve, monkeypatch):
    good = serve(partial(Quiet, directory=str(mirror)))
    monkeypatch.setattr(mnist, "_SLOW", (0.3, 10_000))
    monkeypatch.setattr(MNIST, "mirrors", [serve(Garbled), serve(Trickle), good])
    assert len(mnist.mnist("test")) == 10


def test_a_tilde_is_the_home(mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(mnist.mnist("test", root="~/data", mirror="~/mirror")) == 10
    assert (tmp_path / "data" / "MNIST" / "raw").is_dir()


def test_processes_that_meet_in_a_damaged_cache_all_load(mirror, tmp_path):
    mnist.mnist("test", mirror=mirror)
    for file in (tmp_path / "cache").rglob("*.gz"):
        file.write_bytes(b"damaged")
    with multiprocessing.get_context("fork").Pool(3) as pool:
        sizes = pool.map(_load, [str(mirror)] * 6)
    assert sizes == [10] * 6


def _load(mirror):
    return len(mnist.mnist("test", mirror=mirror))


def test_fashion_mnist_is_loaded_in_the_same_way_next_to_mnist(fashion, mirror, tmp_path):
    clothes = mnist.fashion_mnist("test", mirror=fashion)
    assert (clothes.source, clothes.pixels.shape) == ("Fashion-MNIST", (10, 1, 28, 28))
    assert clothes.labels.tolist() == [*range(10)]
    assert clothes.classes[9] == "Ankle boot"
    assert len(mnist.fashion_mnist(mirror=fashion)) == 20
    digits = mnist.mnist("test", mirror=mirror)
    assert digits.classes == tuple("0123456789")
    assert not torch.equal(digits.pixels, clothes.pixels)
    again = FashionMNIST(tmp_path / "cache", train=False, download=True)  # as torchvision keeps it
    assert torch.equal(again.data[:, None], clothes.pixels)


def test_fashion_mnist_has_a_mirror_of_its_own(fashion, mirror, monkeypatch):
    monkeypatch.setenv("MNIST_MIRROR", str(mirror))
    unreachable(monkeypatch, FashionMNIST)
    with pytest.raises(ConnectionError, match=r"Fashion-MNIST's .*FASHION_MNIST_MIRROR") as error:
        mnist.fashion_mnist()
    assert "handwritten_digits" not in str(error.value)
    monkeypatch.setenv("FASHION_MNIST_MIRROR", str(fashion))
    assert len(mnist.fashion_mnist()) == 20


def test_fashion_mnist_comes_from_torchvision_s_mirror_of_it(fashion, monkeypatch):
    unreachable(monkeypatch)
    monkeypatch.setattr(FashionMNIST, "mirrors", [fashion.as_uri()])
    assert len(mnist.fashion_mnist()) == 20


def test_mnist_s_files_are_not_taken_for_fashion_mnist_s(fashion, mirror):
    with pytest.raises(OSError, match=r"Fashion-MNIST's train-images.*MD5"):
        mnist.fashion_mnist(mirror=mirror)


def test_a_damaged_file_of_fashion_mnist_is_mended(fashion, tmp_path):
    first = mnist.fashion_mnist(mirror=fashion)
    for file in (tmp_path / "cache").rglob("*.gz"):
        file.write_bytes(file.read_bytes()[:-7])
    assert torch.equal(mnist.fashion_mnist(mirror=fashion).pixels, first.pixels)


def test_an_unknown_split_of_fashion_mnist_is_refused(fashion):
    with pytest.raises(ValueError, match="'val'"):
        mnist.fashion_mnist("val", mirror=fashion)
