"""The book's claims stop the book when they are false."""

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
