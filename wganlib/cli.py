"""The package from a shell: ``python -m wganlib train DATA --out RUN``, ``sample``, ``score``.

Exit codes: 0 done; 1 something failed; 2 wrong use; 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import functools
import math
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator

# What `train` trains with: WGAN-GP, and the generator that is kept is the moving average. The
# numbers under "config" are those of wganlib.records.TrainConfig, those under "networks" of the
# stock networks; what is not named is their default. The number of steps follows from the minutes.
# Those of images are the quickest that the experiment `time-to-quality` of wganlib.runs has found.
SCHEDULE = {
    "images": {
        "minutes": 5.0,
        "config": {
            "batch_size": 64, "n_critic": 1, "learning_rate": 4e-3, "learning_rate_end": 0.3,
            "gp_weight": 10.0, "averaging": 0.999, "log_every": 10, "checkpoint_every": 500,
        },
        "networks": {"latent_dim": 64, "width": 16},
    },
    "table": {
        "minutes": 2.0,
        "config": {
            "batch_size": 256, "n_critic": 5, "learning_rate": 1e-3, "learning_rate_end": 0.0,
            "gp_weight": 1.0, "averaging": 0.999, "log_every": 50, "checkpoint_every": 1_000,
        },
        "networks": {"latent_dim": 16, "width": 128, "depth": 3},
    },
}  # fmt: skip

DATA = """\
DATA is one of
  mnist             handwritten digits; downloaded once, 11 MB
  fashion-mnist     pictures of clothes; downloaded once, 31 MB
  a folder          of pictures (PNG, JPEG, ...), also in folders within it
  a file .npz       with images as uint8, or with samples as floats, one a row
  a file .csv       a table of numbers, with or without a line of names
"""
STEPS = """\
try it:
  python -m wganlib train mnist --out first     about five minutes; Ctrl-C whenever you like,
                                                the same command goes on
  open first/samples.png                        what the generator has learnt to draw
  python -m wganlib sample first -n 1000 --out pictures
  python -m wganlib score first                 how good that is

python -m wganlib train --help says what else can be trained on.
"""


def main(arguments: list[str] | None = None) -> int:
    """Do what a command line asks for.

    Parameters
    ----------
    arguments : list of str, optional
        The words after ``python -m wganlib``; else those of this process.

    Returns
    -------
    int
        The exit code: 0 done, 1 something failed, 2 wrong use, 130 stopped by Ctrl-C.

    Raises
    ------
    ValueError
        If ``arguments`` is no list of words.
    """
    begun = time.monotonic()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a notebook's, which takes every sign
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if arguments is None else arguments
    words = arguments if isinstance(arguments, list | tuple) else [None]
    if not all(isinstance(word, str) for word in words):
        raise ValueError("arguments must be a list of words, such as ['train', 'mnist']")
    try:
        asked = _parser().parse_args(arguments)
    except SystemExit as end:  # after --help, or wrong use that argparse has explained
        return int(end.code or 0)
    asked.begun, asked.line = begun, shlex.join(["python", "-m", "wganlib", *arguments])
    asked.say = functools.partial(print, flush=True)
    with _ended_like_ctrl_c():
        return _guarded(asked)


def _guarded(asked: argparse.Namespace) -> int:
    """Run a command; an error becomes a sentence and an exit code."""
    try:
        _command(asked.command)(asked)
        sys.stdout.flush()
        return 0
    except KeyboardInterrupt:
        return _say(f"stopped; {asked.stopped or 'the same command starts again'}", 130)
    except BrokenPipeError:  # whoever reads what we print has seen enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if asked.debug:
            raise
        wrong_use = isinstance(error, ValueError | TypeError | FileNotFoundError)
        return _say(_words(error, asked.stopped), 2 if wrong_use else 1)


def _words(error: Exception, stopped: str) -> str:
    """Say what went wrong, and what can be done about it."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" for {error.filename}" if error.filename else ""
        return f"no space is left on the disk{where}: make room; {stopped or 'then try again'}"
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}; check that it exists and may be written"
    if isinstance(error, MemoryError):
        return f"out of memory: give fewer data, or a smaller --size ({error})"
    if isinstance(error, ArithmeticError):
        return f"{error} Here: another --seed and another --out may do"
    if isinstance(error, ValueError | TypeError | OSError | RuntimeError) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error} (--debug shows where)"


def _say(words: str, code: int) -> int:
    """Say why a command ends, and return its exit code."""
    print(f"wganlib: {words}", file=sys.stderr, flush=True)
    return code


@contextlib.contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Let other polite requests to end, such as a closed terminal, do what Ctrl-C does."""
    changed = []
    for number in (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")):
        # What is ignored stays so, as under nohup; and only the main thread may change anything.
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            with contextlib.suppress(ValueError):
                signal.signal(number, signal.default_int_handler)
                changed.append(number)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)


def _command(name: str) -> Callable[[argparse.Namespace], None]:
    """Import what a command needs, which takes seconds, only now that it is wanted."""
    from wganlib import _commands

    return {"train": _commands.train, "sample": _commands.sample, "score": _commands.score}[name]


# --- the command line -----------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    look = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    parser = argparse.ArgumentParser(
        prog="python -m wganlib",
        description="Train a Wasserstein GAN on your data, draw from it, and see how good it is.",
        epilog=STEPS,
        **look,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="learn to draw what DATA look like", **look)
    sample = commands.add_parser("sample", help="draw from a trained generator", **look)
    score = commands.add_parser("score", help="say how good a trained generator is", **look)
    _describe_train(train)
    _describe_sample(sample)
    _describe_score(score)
    for one in (train, sample, score):
        one.add_argument("--threads", type=_whole(1), metavar="N", help="CPU threads to use")
        one.add_argument("--debug", action="store_true", help="show where an error comes from")
        one.set_defaults(schedule=SCHEDULE, stopped="")
    return parser


def _describe_train(parser: argparse.ArgumentParser) -> None:
    """Describe ``train``."""
    minutes = {kind: f"{one['minutes']:g}" for kind, one in SCHEDULE.items()}
    parser.description = (
        "Learn to draw what DATA look like, and store the generator in the folder RUN, with\n"
        "samples of it. It may be stopped at any moment, by Ctrl-C too: the same command goes\n"
        "on where it was. A tenth of the data is kept aside, for `score`."
    )
    parser.epilog = DATA
    add = parser.add_argument
    add("data", metavar="DATA", help="what to learn from, see below")
    add("--out", required=True, metavar="RUN", help="folder for the result; made if missing")
    long = parser.add_mutually_exclusive_group()
    words = f"train for about so long ({minutes['images']}; tables {minutes['table']})"
    long.add_argument("--minutes", type=_positive, metavar="M", help=words)
    long.add_argument("--steps", type=_whole(1), metavar="N", help="or for so many generator steps")
    add("--size", type=_size, metavar="S", help="scale images to SxS pixels, or to HxW: 32, 32x48")
    add("--channels", type=int, choices=(1, 3), help="make images grey (1) or coloured (3)")
    add("--seed", type=_whole(0), default=0, metavar="N", help="another number, another run (0)")
    add("--device", metavar="D", help="cpu or cuda (the GPU where there is one)")
    words = "keep a grid of samples every N steps, as a film: RUN/film.gif"
    add("--every", type=_whole(1), metavar="N", help=words)
    add("--quiet", action="store_true", help="say nothing while all goes well")


def _describe_sample(parser: argparse.ArgumentParser) -> None:
    """Describe ``sample``."""
    parser.description = "Draw samples from a generator that `train` stored in the folder RUN."
    add = parser.add_argument
    add("run", metavar="RUN", help="the folder that was given to `train` as --out")
    add("-n", type=_whole(1), default=64, metavar="N", help="how many (64)")
    words = (
        "where to: a .png (a grid of all), a folder (one PNG each), an .npz, or for tables a .csv "
        "(RUN/samples.png or RUN/samples.csv)"
    )
    add("--out", metavar="FILE", help=words)
    add("--seed", type=_whole(0), default=0, metavar="N", help="another number, other samples (0)")


def _describe_score(parser: argparse.ArgumentParser) -> None:
    """Describe ``score``."""
    parser.description = (
        "Compare samples of a generator with data that it was not trained on, and say in a line\n"
        "each what the numbers mean and what they are for data in the place of samples."
    )
    add = parser.add_argument
    add("run", metavar="RUN", help="the folder that was given to `train` as --out")
    words = "other data of the same kind; else what `train` kept aside"
    add("data", metavar="DATA", nargs="?", help=words)


def _whole(least: int) -> Callable[[str], int]:
    """Make a reader of whole numbers."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"{text!r} must be a whole number of at least {least}, such as {max(least, 64)}"
            )
        return int(text)

    return read


def _positive(text: str) -> float:
    """Read minutes."""
    with contextlib.suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r} must be a number of minutes above 0, such as 5")


def _size(text: str) -> tuple[int, int]:
    """Read the height and width of images."""
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() for side in sides):
        raise argparse.ArgumentTypeError(f"{text!r} must be one side or HEIGHTxWIDTH: 32, or 32x48")
    height, width = int(sides[0]), int(sides[-1])
    if bad := [side for side in (height, width) if side % 4 or not 8 <= side <= 128]:
        near = min(max(8, round(bad[0] / 4) * 4), 128)
        raise argparse.ArgumentTypeError(
            f"{text!r} holds {bad[0]}; sides are multiples of 4 from 8 to 128, such as {near}"
        )
    return height, width
