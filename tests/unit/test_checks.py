"""The book's claims stop the book when they are false."""

import io
import sys

import numpy as np
import pytest
import torch

from wganlib.checks import check, listening


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (1.0, {"equals": 1.1, "within": 0.05}),
        (1.0, {"equals": 2.0}),
        (1.0, {"below": 1.0}),
        (1.0, {"above": 1.0}),
        (3.0, {"above": 1.0, "below": 2.0}),
        (np.nan, {"below": 1.0}),
        (np.nan, {"equals": np.nan}),
        (np.inf, {"equals": 1.0, "within": 5.0}),
        (False, {}),
        ([True, False], {}),
        ([1.0, 2.0], {"equals": 1.0, "within": 0.5}),
    ],
)
def test_a_false_claim_is_refused(value, rule):
    with pytest.raises(AssertionError, match=r"Never so\.  Computed: .* Required: "):
        check("Never so.", value, **rule)


@pytest.mark.parametrize(
    ("value", "rule", "line"),
    [
        (np.inf, {"equals": np.inf}, "✓ So.  [= inf]"),
        (0.5, {"equals": 0.5, "within": 1e-12}, "✓ So.  [0.5 ± 1e-12]"),
        (0.1, {"above": 0, "below": 1}, "✓ So.  [> 0 and < 1]"),
        (np.ones(3), {"equals": np.ones(3), "within": 0.0}, "✓ So.  [[1., 1., 1.] ± 0]"),
        (np.bool_(True), {}, "✓ So."),
    ],
)
def test_a_true_claim_is_printed_with_its_rule(capsys, value, rule, line):
    check("So.", value, **rule)
    assert capsys.readouterr().out == line + "\n"


@pytest.mark.parametrize(
    "rule",
    [{"equals": 1.0, "below": 2.0}, {"within": 0.1}, {"equals": 1.0, "within": np.inf}, {}],
)
def test_a_check_that_compares_nothing_is_refused(rule):
    with pytest.raises(ValueError, match=r"equals|within|truth"):
        check("So.", 1.0, **rule)


@pytest.mark.parametrize(
    ("value", "rule", "message"),
    [
        (np.array([]), {"below": 1.0}, "value is empty"),
        ([1.0], {"equals": []}, "equals is empty"),
        ([1.0, 2.0], {"equals": [1.0, 2.0, 3.0]}, r"value has shape \(2,\) and equals \(3,\)"),
        (np.ma.array([1.0, 9.0], mask=[0, 1]), {"below": 2.0}, "value hides 1 masked"),
        (1.0, {"equals": np.ma.array([1.0, 9.0], mask=[0, 1])}, "equals hides 1 masked"),
        (1j, {"below": 2.0}, "value has dtype complex128"),
        ("1", {"below": 2.0}, "value has dtype <U1"),
        (1.0, {"equals": "1", "within": 1.0}, "equals has dtype <U1"),
        (1.0, {"below": "two"}, "below='two' is no single number"),
        (1.0, {"below": "2"}, "below='2' is no single number"),
        (1.0, {"above": np.nan}, "above=nan is no single number"),
        (1.0, {"above": 10**400}, "above=1000.* is no single number"),
        (1.0, {"below": True}, "below=True is no single number"),
        ([[1.0], [1.0, 2.0]], {"below": 3.0}, "value cannot be made an array"),
        (2**53 + 1, {"equals": float(2**53)}, r"value holds 9007199254740993, beyond 2\*\*53"),
        (np.int64(2**53 + 1), {"below": 2.0**53}, r"value holds .*, beyond 2\*\*53"),
        ("1", {"equals": 1.0}, "value has dtype <U1"),
        ([1.0, None], {"equals": [1.0, None]}, "value has dtype object"),
    ],
)
def test_what_cannot_be_compared_is_refused(value, rule, message):
    with pytest.raises(ValueError, match=message):
        check("So.", value, **rule)


def test_tensors_are_compared_like_arrays(capsys):
    check("So.", torch.ones(2, requires_grad=True), equals=torch.ones(2), within=0.0)
    assert capsys.readouterr().out == "✓ So.  [[1., 1.] ± 0]\n"


def test_a_claim_about_other_data_is_skipped_visibly(capsys):
    check("Sevens are thin.", False, needs="MNIST", has="scikit-learn digits")
    assert "Skipped, needs MNIST" in capsys.readouterr().out


def test_a_listener_hears_what_holds_and_nothing_is_printed_or_raised(capsys):
    heard = []
    with listening(lambda claim, held: heard.append((claim, held))):
        check("So.", 1.0, equals=1.0)
        check("Never so.", 1.0, equals=2.0)
        check("Elsewhere.", 1.0, equals=2.0, needs="MNIST", has="other digits")
        with pytest.raises(ValueError, match="no truth value"):
            check("Nothing.", 1.0)
    assert heard == [("So.", True), ("Never so.", False), ("Elsewhere.", None)]
    assert capsys.readouterr().out == ""


def test_a_listener_hears_nothing_after_its_block(capsys):
    with listening(lambda claim, held: None):
        pass
    check("So.", 1.0, equals=1.0)
    with pytest.raises(AssertionError, match="Never so"):
        check("Never so.", 1.0, equals=2.0)
    assert capsys.readouterr().out == "✓ So.  [= 1]\n"


def test_small_whole_numbers_do_not_wrap_round():
    check("So.", np.uint8(3), equals=np.uint8(5), within=2)
    with pytest.raises(AssertionError):
        check("Never so.", np.uint8(0), equals=np.uint8(255), within=1)
    with pytest.raises(AssertionError):
        check("Never so.", np.array([-(2**53)]), equals=np.array([2**53]), within=1)


def test_narrow_formats_are_taken_and_truth_values_compared(capsys):
    check("So.", torch.ones(2, dtype=torch.bfloat16), equals=1.0)
    check("So.", np.float16(0.1), equals=0.1, within=1e-4)
    check("So.", [True] * 9, equals=True)
    with pytest.raises(AssertionError, match="9 values from 0 to 1"):
        check("Never so.", [True] * 8 + [False])
    with pytest.raises(AssertionError, match="9 values of dtype complex128"):
        check("Never so.", np.full(9, 1j), equals=1.0)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_claim_is_printed_on_every_output(monkeypatch, encoding):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding=encoding))
    check("W₁ of Peyré’s is 2.", 2.0, equals=2.0, within=1e-9)
    check("Sevens are thin.", False, needs="MNIST", has="others")
    sys.stdout.flush()
    text = written.getvalue().decode(encoding)
    sign = "✓" if encoding == "utf-8" else "[holds]"
    assert text.startswith(f"{sign} W")
    assert "Skipped, needs MNIST" in text
    assert ("± 1e-09]" in text) or ("+- 1e-09]" in text)


@pytest.mark.parametrize(
    ("changed", "name"), [({"claim": None}, "claim"), ({"needs": 3}, "needs"), ({"has": []}, "has")]
)
def test_words_that_are_none_are_refused(changed, name):
    with pytest.raises(ValueError, match=f"{name} is a"):
        check(**{"claim": "So.", "value": True, **changed})
