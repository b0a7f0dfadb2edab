"""The book's one way to claim something: say it, compute it, compare, and stop if it is false."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
from numpy.typing import ArrayLike

from wganlib import _arrays

PLAIN = {"✓": "[holds]", "–": "-", "±": "+-"}  # for an output that knows few signs

_listener: ContextVar[Callable[[str, bool | None], None] | None] = ContextVar(
    "listener", default=None
)


@contextmanager
def listening(listener: Callable[[str, bool | None], None]) -> Iterator[None]:
    """Hand what checks find to a listener, instead of printing it or stopping at what is false.

    Parameters
    ----------
    listener : callable
        Called with each claim and whether it holds: True, False, or None where it was skipped.

    Yields
    ------
    None
        Nothing; the checks inside the block are listened to.

    Examples
    --------
    >>> with listening(print):
    ...     check("Half of one is a third.", 1 / 2, equals=1 / 3)
    Half of one is a third. False
    """
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def check(
    claim: str,
    value: ArrayLike,
    *,
    equals: ArrayLike | None = None,
    within: float | None = None,
    below: float | None = None,
    above: float | None = None,
    needs: str | None = None,
    has: str | None = None,
) -> None:
    r"""Compare a computed value with what the text claims, and print the claim once it holds.

    Exactly one kind of comparison is made:
    :math:`|v - e| \le \text{within}` for every entry (``equals`` with ``within``),
    :math:`v = e` (``equals`` alone; infinities allowed),
    :math:`\text{above} < v < \text{below}` (either bound or both), or ``value`` is itself a truth
    value.

    Parameters
    ----------
    claim : str
        The sentence that is claimed, ending in a full stop.
    value : array_like, shape (...)
        What was computed: a number, an array or a bool, in any unit.
    equals : array_like, shape (...), optional
        The expected value, broadcast against ``value``, same unit.
    within : float, optional
        Largest deviation allowed, same unit. Derive it (machine precision times size, a number of
        standard errors, a theorem), never tune it.
    below, above : float, optional
        Strict bounds, same unit.
    needs, has : str, optional
        The data source that the claim is about and the one at hand. Where they differ, the check
        is skipped, and says so.

    Raises
    ------
    AssertionError
        If the claim does not hold; the message gives the claim, the value and the rule.
    ValueError
        If the arguments cannot be compared, name no comparison that could fail, or more than one.

    Notes
    -----
    The printed line holds the expected value or the bounds and never the value itself, so that it
    is the same on every machine that passes.

    Examples
    --------
    >>> check("Half of one is a half.", 1 / 2, equals=0.5)
    ✓ Half of one is a half.  [= 0.5]
    >>> check("Ten machine epsilons are little.", 10 * 2.2e-16, below=1e-12)
    ✓ Ten machine epsilons are little.  [< 1e-12]
    """
    _arrays.instance(claim, "claim", str, "give the sentence that is claimed")
    rule, holds = _rule(
        value, equals, _bound(within, "within"), _bound(below, "below"), _bound(above, "above")
    )
    listener = _listener.get()
    if listener is not None:
        listener(claim, holds if needs == has else None)
        return
    for name, source in (("needs", needs), ("has", has)):
        if source is not None:
            _arrays.instance(source, name, str, "give the name of a data source")
    if needs != has:
        _say(f"– Skipped, needs {needs} and this is {has}: {claim}")
        return
    if not holds:
        raise AssertionError(f"{claim}  Computed: {_shown(value)}. Required: {rule or 'true'}.")
    _say(f"✓ {claim}" + (f"  [{rule}]" if rule else ""))


def _say(line: str) -> None:
    """Print a line; where the output lacks our signs, with plainer ones."""
    try:
        print(line)
    except UnicodeEncodeError:
        plain = "".join(PLAIN.get(sign, sign) for sign in line)
        encoding = sys.stdout.encoding or "ascii"
        print(plain.encode(encoding, "backslashreplace").decode(encoding))


def _rule(value, equals, within, below, above) -> tuple[str, bool]:
    """Return the comparison in words and whether it holds (NaN never does)."""
    v = _some(value, "value")
    bounded = below is not None or above is not None
    if equals is not None and bounded:
        raise ValueError("give either `equals` or bounds, not both")
    if within is not None and (equals is None or not 0 <= within < np.inf):
        raise ValueError(f"within={within}: needs `equals` and must be finite and not negative")
    if equals is not None:
        return _equality(v, _some(equals, "equals"), within)
    if bounded:
        v = _numbers(v, "value", "biuf")
        bounds = {"> ": (above, v.__gt__), "< ": (below, v.__lt__)}
        given = {sign: pair for sign, pair in bounds.items() if pair[0] is not None}
        rule = " and ".join(f"{sign}{bound:.4g}" for sign, (bound, _) in given.items())
        return rule, all(bool(np.all(compare(bound))) for bound, compare in given.values())
    if v.dtype != bool:
        raise ValueError(f"value={_shown(v)} is no truth value: give `equals` or a bound")
    return "", bool(v.all())


def _equality(v: np.ndarray, e: np.ndarray, within: float | None) -> tuple[str, bool]:
    """Compare with an expected value, exactly or within a deviation."""
    words = _shown(e)
    try:
        v, e = np.broadcast_arrays(v, e)
    except ValueError:
        raise ValueError(f"value has shape {v.shape} and equals {e.shape}: no match") from None
    if within is not None:
        v, e = _numbers(v, "value", "biufc"), _numbers(e, "equals", "biufc")
        return f"{words} ± {within:.1g}", bool(np.all(_deviation(v, e) <= within))
    if v.dtype != e.dtype and {v.dtype.kind, e.dtype.kind} & set("biufc"):
        v, e = _numbers(v, "value", "biufc"), _numbers(e, "equals", "biufc")
    elif "O" in (v.dtype.kind, e.dtype.kind) or v.dtype.kind != e.dtype.kind:
        raise ValueError(f"value has dtype {v.dtype} and equals {e.dtype}: give two of one kind")
    return f"= {words}", bool(np.all(v == e))


def _some(values: ArrayLike, name: str) -> np.ndarray:
    """Return values as an array, or refuse what is hidden or nothing: no check could fail there."""
    _arrays.refuse_masked(values, name)
    try:
        if hasattr(values, "detach"):
            values = values.detach().cpu()
            values = values.float() if "bfloat16" in str(values.dtype) else values
        found = np.asarray(values)
    except Exception as error:  # libraries refuse in a dozen ways
        raise ValueError(f"{name} cannot be made an array: {error}") from None
    if found.size == 0:
        raise ValueError(f"{name} is empty: a check over nothing cannot fail")
    return found


def _numbers(found: np.ndarray, name: str, kinds: str) -> np.ndarray:
    """Return numbers in double precision, in which differences neither wrap round nor vanish."""
    if found.dtype.kind not in kinds:
        raise ValueError(f"{name} has dtype {found.dtype}: give numbers that can be compared")
    if found.dtype.kind in "iu":
        return _arrays.real_array(found, name)  # refuses whole numbers that would be rounded
    return found.astype(complex if found.dtype.kind == "c" else float)


def _bound(value: float | None, name: str) -> float | None:
    """Return a bound as a float; arrays and tensors of one entry will do."""
    if value is None:
        return None
    found = _some(value, name)
    if found.size != 1 or found.dtype.kind not in "iuf" or np.isnan(found).any():
        raise ValueError(f"{name}={_arrays.shown(value)} is no single number")
    return float(found.item())


def _deviation(v: np.ndarray, e: np.ndarray) -> np.ndarray:
    """Return |v − e|, zero where both are the same infinity."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(v == e, 0.0, np.abs(v - e))


def _shown(value: ArrayLike) -> str:
    """Write a number to four digits, and a larger array as its shape and range."""
    v = _some(value, "value")
    if v.size == 1:
        one, kind = v.item(), v.dtype.kind
        return f"{one:.4g}" if kind in "fiu" else _arrays.shown(one) if kind == "O" else str(one)
    if v.size <= 8:
        return np.array2string(v, precision=4, separator=", ").replace("\n", "")
    if v.dtype.kind not in "biuf":
        return f"{v.size} values of dtype {v.dtype}"
    return f"{v.size} values from {float(v.min()):.4g} to {float(v.max()):.4g}"
