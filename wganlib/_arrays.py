"""The one door for what a caller hands in: arrays, tensors and numbers, each refused by its name.

Every refusal is a `ValueError` that says which argument, what it was, and the way out.
"""

from __future__ import annotations

import inspect
import math
import os
import reprlib
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Whole numbers beyond this have no float64 of their own: different ones would become equal.
EXACT_INTEGERS = 2**53
LONGEST_NAME = 255  # bytes, on the file systems of Linux, macOS and Windows
# Masses given in double precision may miss a total of one by this; anything more is a mistake.
MASS_TOLERANCE = 1e-6
# Unit round-off of the narrower formats; masses that were rounded to them miss a total by more.
ROUND_OFF = {"float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
REMEDIES = {
    "c": "is complex; give real numbers: its .real, or its abs()",
    "mM": "holds dates or durations; divide by a unit first: x / np.timedelta64(1, 's')",
    "USaT": "holds text; convert it to numbers first: np.array(x, dtype=float)",
    "O": "holds Python objects; convert them to numbers first: np.array(x, dtype=float)",
}


def real_array(
    values: ArrayLike, name: str, *, ndim: int | None = None, shape: str = ""
) -> NDArray[np.float64]:
    """Return finite real numbers as float64: a view where nothing has to change, a copy elsewhere.

    Parameters
    ----------
    values : array_like
        Lists, tuples, arrays or tensors of any device and precision, those with a graph too.
    name : str
        What an error message calls them: the argument's name.
    ndim : int, optional
        The number of axes they must have; any number when left out.
    shape : str
        How an error message writes the shape that is wanted, such as "(n, d)".

    Returns
    -------
    ndarray
        The same numbers.

    Raises
    ------
    ValueError
        If they are no finite real numbers of that many axes, if a mask hides some, or if float64
        cannot hold them.
    """
    try:
        found = _native(values, name)
    except RecursionError:
        raise ValueError(f"{name} is a list within lists, deeper than an array can be") from None
    if found.dtype != np.float64:
        with np.errstate(all="ignore"):  # longer floats become infinite and are refused below
            found = found.astype(np.float64)
    if ndim is not None and found.ndim != ndim:
        raise ValueError(f"{name} has shape {found.shape}; give {shape}")
    finite = np.isfinite(found)
    if not finite.all():
        bad = found[~finite]
        raise ValueError(
            f"{name} holds {bad[0]} ({bad.size} of {found.size} entries are not finite); "
            "remove what is missing or infinite"
        )
    return found


def points(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return one or more points as float64 of shape (n, d); a flat array is n points on the line.

    Parameters
    ----------
    values : array_like, shape (n,) or (n, d)
        Points, in data units.
    name : str
        What an error message calls them.

    Returns
    -------
    ndarray, shape (n, d)
        The same points.

    Raises
    ------
    ValueError
        If `real_array` refuses them, there are none, or they have another number of axes.
    """
    found = real_array(values, name)
    if found.ndim not in (1, 2):
        raise ValueError(f"{name} has shape {found.shape}; give (n,) or (n, d), images flattened")
    if found.size == 0:
        raise ValueError(f"{name} has shape {found.shape}: it is empty; give at least one point")
    return found.reshape(len(found), -1)


def same_dimension(x: NDArray[np.float64], y: NDArray[np.float64], names: str) -> None:
    """Refuse points of different spaces.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
        Points that have passed `points`.
    names : str
        The names of both arguments, separated by a blank.

    Raises
    ------
    ValueError
        If the points have different numbers of coordinates.
    """
    if x.shape[1] != y.shape[1]:
        first, second = names.split()
        raise ValueError(
            f"{first} has dimension {x.shape[1]} and {second} has dimension {y.shape[1]}; "
            "give points of one space"
        )


def non_negative(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return finite numbers that are not negative, as float64.

    Parameters
    ----------
    values : array_like
        Masses or densities.
    name : str
        What an error message calls them.

    Returns
    -------
    ndarray
        The same numbers.

    Raises
    ------
    ValueError
        If `real_array` refuses them or one is negative.
    """
    found = real_array(values, name)
    if found.size and found.min() < 0:
        raise ValueError(f"{name} holds a negative mass, {found.min():.6g}; masses are >= 0")
    return found


def masses(values: ArrayLike, name: str, *, remedy: str = "") -> NDArray[np.float64]:
    """Return masses that sum to one along the last axis, as float64, with rounding made good.

    Parameters
    ----------
    values : array_like, shape (..., n)
        Masses. The total of those in single or half precision may be off by what it loses.
    name : str
        What an error message calls them.
    remedy : str
        A further hint for masses that have another sum.

    Returns
    -------
    ndarray, shape (..., n)
        The masses, divided by their sum.

    Raises
    ------
    ValueError
        If `non_negative` refuses them, there are none, or they do not sum to one.
    """
    found = non_negative(values, name)
    if found.ndim == 0 or found.size == 0:
        raise ValueError(f"{name} has shape {found.shape}; give at least one mass along an axis")
    with np.errstate(over="ignore"):  # an infinite total is refused below
        total = found.sum(axis=-1, keepdims=True)
    worst = total.flat[np.abs(total - 1).argmax()]
    if abs(worst - 1) > mass_tolerance(values, found.shape[-1]):
        raise ValueError(
            f"{name} sums to {worst:.9g} along its last axis, not to 1; in double precision, "
            f"divide it by its sum{remedy}"
        )
    return found / total


def mass_tolerance(values: ArrayLike, n: int) -> float:
    """Return by how much a total of n masses in this format may miss one.

    Rounding the masses of a total of one moves it by the round-off at most. The sum that they were
    divided by has been formed in single precision at best, and its error grows like the root of n.

    Parameters
    ----------
    values : array_like
        The masses, as they were given.
    n : int
        How many make one total.

    Returns
    -------
    float
        The tolerance.
    """
    kind = str(getattr(values, "dtype", "float64")).removeprefix("torch.")
    if kind not in ROUND_OFF:
        return MASS_TOLERANCE
    return max(MASS_TOLERANCE, 2 * ROUND_OFF[kind] + ROUND_OFF["float32"] * math.sqrt(n))


def whole_number(value: int, name: str, *, least: int = 1, below: int = 2**63) -> int:
    """Return a whole number that is large enough, as a plain int.

    Parameters
    ----------
    value : int
        A Python or NumPy integer; no bool and no float, even if it is whole.
    name : str
        What an error message calls it.
    least : int
        The smallest one allowed.
    below : int
        A power of two that is too large; by default what counts no longer in 64 bits with a sign.

    Returns
    -------
    int
        The same number.

    Raises
    ------
    ValueError
        If it is something else, smaller, or too large.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name}={shown(value)} must be a whole number of at least {least}")
    if value >= below:
        raise ValueError(f"{name}={shown(value)} must be below 2**{below.bit_length() - 1}")
    return int(value)


def finite_number(
    value: float, name: str, *, least: float = -math.inf, most: float = math.inf
) -> float:
    """Return a finite number that is neither too small nor too large, as a plain float.

    Parameters
    ----------
    value : float
        A Python or NumPy number; no bool.
    name : str
        What an error message calls it.
    least, most : float
        The smallest one allowed, and the largest.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    ValueError
        If it is something else, NaN, infinite, smaller or larger.
    """
    if not _is_real(value) or not least <= float(value) <= most:
        low = "" if least == -math.inf else f" of at least {least:g}"
        high = "" if most == math.inf else f"{' and' if low else ' of'} at most {most:g}"
        raise ValueError(f"{name}={shown(value)} must be a finite number{low}{high}")
    return float(value)


def positive_number(value: float, name: str) -> float:
    """Return a finite number above zero, as a plain float.

    Parameters
    ----------
    value : float
        A Python or NumPy number; no bool.
    name : str
        What an error message calls it.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    ValueError
        If it is something else, NaN, infinite, zero or negative.
    """
    if not _is_real(value) or value <= 0:
        raise ValueError(f"{name}={shown(value)} must be positive and finite")
    return float(value)


def shown(value: object) -> str:
    """Write what was given so that it fits into a message.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    str
        What ``repr`` says, shortened; the kind alone where that cannot be had.
    """
    try:
        return reprlib.repr(value)
    except Exception:  # a foreign object's own fault, or a number of too many digits
        return f"<{type(value).__name__}>"


def path_of(value: object, name: str) -> Path:
    """Return a path of the file system, a home's sign included.

    Parameters
    ----------
    value : str or os.PathLike
        A path, relative or not.
    name : str
        What an error message calls it.

    Returns
    -------
    Path
        The path; nobody has looked whether anything is there.

    Raises
    ------
    ValueError
        If it is something else, or no file system could hold it.
    """
    try:
        if not isinstance(value, str | os.PathLike):
            raise ValueError("a path is a str or a pathlib.Path")
        if not str(value):
            raise ValueError("it is empty; the folder we are in is '.'")
        path = Path(value).expanduser()
        if "\0" in str(path) or any(len(os.fsencode(part)) > LONGEST_NAME for part in path.parts):
            raise ValueError(f"no name holds a null sign or more than {LONGEST_NAME} bytes")
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{name}={shown(value)} is no path: {error}") from None
    return path


def instance(value: object, name: str, kind: type, remedy: str) -> None:
    """Refuse an object of another kind.

    Parameters
    ----------
    value : object
        What was given.
    name : str
        What an error message calls it.
    kind : type
        What it must be.
    remedy : str
        How to get one.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if not isinstance(value, kind):
        raise ValueError(f"{name} is a {type(value).__name__}, no {kind.__name__}; {remedy}")


def function(value: object, name: str, *given: str, keywords: tuple[str, ...] = ()) -> None:
    """Refuse what cannot be called as it is going to be; a class can, but makes another object.

    Parameters
    ----------
    value : object
        What was given.
    name : str
        What an error message calls it.
    given : str
        What it is going to be given, in words.
    keywords : tuple of str, optional
        What it is going to be given by name.

    Raises
    ------
    ValueError
        If it is no function, or one of other arguments.
    """
    call = f"{name}({', '.join([*given, *(f'{word}={word}' for word in keywords)])})"
    if not callable(value) or isinstance(value, type):
        raise ValueError(f"{name}={shown(value)} is no function; it is called as {call}")
    try:
        signature = inspect.signature(getattr(value, "forward", value))  # a module's is forward's
    except (TypeError, ValueError):  # some functions written in C do not say what they take
        return
    try:
        signature.bind(*given, **dict.fromkeys(keywords))
    except TypeError as error:
        raise ValueError(f"{name}={shown(value)} is called as {call}: {error}") from None


def same_device(x: Any, y: Any, names: str) -> None:
    """Refuse tensors that lie on two devices.

    Parameters
    ----------
    x, y : Tensor
        Tensors of PyTorch.
    names : str
        The names of both arguments, separated by a blank.

    Raises
    ------
    ValueError
        If their devices differ.
    """
    if x.device != y.device:
        first, second = names.split()
        raise ValueError(
            f"{first} lies on {x.device} and {second} on {y.device}; "
            f"move one of them: {second}.to({str(x.device)!r})"
        )


def refuse_other_rng(rng: Any, device: Any, what: str) -> None:
    """Refuse what draws no random numbers of PyTorch, or draws them elsewhere.

    Parameters
    ----------
    rng : torch.Generator
        What was given.
    device : torch.device
        Where the numbers are needed.
    what : str
        What an error message says of it, with a verb: "the weights lie".

    Raises
    ------
    ValueError
        If it is something else, or draws on a device of another kind.
    """
    from torch import Generator  # here, so that arrays can be checked without PyTorch

    remedy = f"torch.Generator({str(device)!r}).manual_seed(0) makes one"
    if not isinstance(rng, Generator):
        kind = type(rng)  # NumPy's has the same name, so its module is told
        name = (
            kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        )
        raise ValueError(f"rng is a {name}, no torch.Generator; {remedy}")
    if rng.device.type != device.type:
        raise ValueError(f"rng draws on {rng.device}, {what} on {device}; {remedy} that fits")


def dense(tensor: Any, name: str) -> None:
    """Refuse a tensor that does not hold its numbers one after another in memory.

    Parameters
    ----------
    tensor : Tensor
        A tensor of PyTorch.
    name : str
        What an error message calls it.

    Raises
    ------
    ValueError
        If it is sparse, nested, quantised, or has no numbers at all.
    """
    if tensor.is_nested or str(tensor.layout) != "torch.strided":
        raise ValueError(f"{name} is sparse or nested; give a dense tensor: x.to_dense()")
    if tensor.is_quantized:
        raise ValueError(f"{name} is quantised; give its numbers: x.dequantize()")
    if tensor.is_meta:
        raise ValueError(f"{name} lies on the device 'meta', where tensors have no numbers")


def refuse_masked(values: ArrayLike, name: str) -> None:
    """Refuse an array whose mask hides something: NumPy would drop the mask without a word.

    Parameters
    ----------
    values : array_like
        What was given.
    name : str
        What an error message calls it.

    Raises
    ------
    ValueError
        If an entry is masked.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        hidden = np.ma.count_masked(values)
        raise ValueError(f"{name} hides {hidden} masked entries; drop them: x.compressed()")


def _is_real(value: object) -> bool:
    """Say whether this is one finite real number, and no bool."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number with more digits than float64 can say
        return False


def _native(values: ArrayLike, name: str) -> np.ndarray:
    """Return an array of real numbers in the format they came in; bfloat16 becomes float64."""
    found = values if type(values) is np.ndarray else _converted(values, name)
    if found.dtype.kind in "iu" and found.size:
        _refuse_large(int(found.min()), int(found.max()), name)
    if found.dtype.kind not in "biuf":
        _refuse_kind(found, name)
    return found


def _converted(values: ArrayLike, name: str) -> np.ndarray:
    """Let NumPy or PyTorch make an array; the entries of a list are looked at one by one."""
    refuse_masked(values, name)
    if isinstance(values, list | tuple):  # in a mixture NumPy would round, or drop masks
        values = [v if type(v) in (float, bool) else _entry(v, name) for v in values]
    try:
        if hasattr(values, "detach"):
            values = values.detach().cpu()
            values = values.double() if values.is_floating_point() else values
        return np.asarray(values)
    except Exception as error:  # libraries refuse in a dozen ways
        raise ValueError(f"{name} cannot be made an array of numbers: {error}") from None


def _entry(value: object, name: str) -> object:
    """Return one entry of a list: a plain number as it is, anything else as an array."""
    if type(value) is int and abs(value) <= EXACT_INTEGERS:
        return value
    return _native(value, name)


def _refuse_large(smallest: int, largest: int, name: str) -> None:
    """Refuse whole numbers that float64 would round."""
    worst = max(smallest, largest, key=abs)
    if abs(worst) > EXACT_INTEGERS:
        raise ValueError(
            f"{name} holds {shown(worst)}, beyond 2**53, where float64 skips whole numbers; "
            "subtract an offset first"
        )


def _refuse_kind(found: np.ndarray, name: str) -> None:
    """Refuse what is no real number, with the way to make it one."""
    if found.dtype.kind == "O" and found.size and all(isinstance(v, int) for v in found.flat):
        _refuse_large(min(found.flat), max(found.flat), name)
    for kinds, remedy in REMEDIES.items():
        if found.dtype.kind in kinds:
            raise ValueError(f"{name} {remedy}")
    raise ValueError(f"{name} has dtype {found.dtype}; give real numbers")
