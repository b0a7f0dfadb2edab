"""The book's claims stop the book when they are false."""

import numpy as np
import pytest

from wganlib.checks import check


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


def test_a_check_over_nothing_is_refused():
    with pytest.raises(ValueError, match="empty"):
        check("So.", np.array([]), below=1.0)


def test_a_claim_about_other_data_is_skipped_visibly(capsys):
    check("Sevens are thin.", False, needs="MNIST", has="scikit-learn digits")
    assert "Skipped, needs MNIST" in capsys.readouterr().out
