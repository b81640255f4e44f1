"""Calibration: bins counted by hand, a temperature that is found again, luck that shrinks with the number of clips."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mgclib import calibration
from mgclib.errors import ParameterError
from mgclib.results import Result

Y = np.array([0, 0, 1, 1, 0])
P = np.array([[0.95, 0.05], [0.92, 0.08], [0.93, 0.07], [0.35, 0.65], [0.38, 0.62]])
# confident: 0.95 right, 0.92 right, 0.93 wrong | 0.65 right, 0.62 wrong


def drawn(n, sharpness=1.0, seed=0):
    """Return labels that are drawn from probabilities, and these probabilities made sharper."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.ones(4), n)
    y = np.array([rng.choice(4, p=row) for row in true])
    return y, calibration.cooled(true, 1 / sharpness)


def test_bins_and_their_error_by_hand():
    table = calibration.reliability(Y, P)
    assert table[["low", "high", "clips"]].to_numpy().tolist() == [[0.6, 0.7, 2], [0.9, 1.0, 3]]
    np.testing.assert_allclose(table["confidence"], [0.635, 2.8 / 3])
    np.testing.assert_allclose(table["right"], [0.5, 2 / 3])
    assert (table["right_low"] < table["right"]).all()
    assert (table["right"] < table["right_high"]).all()
    by_hand = (2 * abs(0.635 - 0.5) + 3 * abs(2.8 / 3 - 2 / 3)) / 5
    assert calibration.calibration_error(Y, P) == pytest.approx(by_hand)
    weights = np.array([[1, 1, 1, 1, 1], [0, 0, 2, 0, 0]])
    np.testing.assert_allclose(calibration.calibration_error(Y, P, weights=weights), [by_hand, 0.93])


def test_certain_answers_belong_to_the_last_bin():
    table = calibration.reliability(np.array([0, 1]), np.eye(2))
    assert table["high"].tolist() == [1.0]
    assert calibration.calibration_error(np.array([0, 1]), np.eye(2)) == 0


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_finds_by_how_much_probabilities_were_sharpened(sharpness):
    y, p = drawn(6000, sharpness)
    found = calibration.temperature(y, p)
    assert found == pytest.approx(sharpness, rel=0.1)
    other, q = drawn(6000, sharpness, seed=1)
    cool = calibration.cooled(q, found)
    assert (cool.argmax(axis=1) == q.argmax(axis=1)).all()
    np.testing.assert_allclose(cool.sum(axis=1), 1)
    assert calibration.calibration_error(other, cool) < 0.03


def test_luck_is_what_a_calibrated_model_has_and_shrinks_with_the_clips():
    few, many = drawn(100), drawn(6400)
    luck = [calibration.error_by_luck(*one, n=300) for one in (few, many)]
    assert luck[0] == pytest.approx(8 * luck[1], rel=0.25)  # as the square root of 64
    measured = np.mean([calibration.calibration_error(*drawn(100, seed=k)) for k in range(40)])
    assert measured == pytest.approx(luck[0], rel=0.15)


def test_the_interval_says_what_it_is_over():
    y, p = drawn(120)
    clips = pd.DataFrame({"genre": np.array(list("abcd"))[y], "track_id": [f"t{k}" for k in range(120)]})
    clips.index = clips["track_id"].rename("clip_id")
    one = Result.from_arrays(clips, "test", p, tuple("abcd"))
    found = calibration.interval(one)
    assert (found.kind, found.n) == ("tracks", 120)
    assert found.mean == pytest.approx(calibration.calibration_error(*one.arrays()))
    assert 0 <= found.low <= found.mean <= found.high
    other = Result.from_arrays(clips, "test", calibration.cooled(p, 2.0), tuple("abcd"), seed=1)
    both = calibration.interval(Result.concat([one, other]))
    assert (both.kind, both.n) == ("seeds", 2)
    assert both.mean == pytest.approx((found.mean + calibration.calibration_error(*other.arrays())) / 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: calibration.reliability(Y, P, bins=1), "bins=1 must be at least 2"),
        (lambda: calibration.calibration_error(Y[:3], P), "do not fit"),
        (lambda: calibration.cooled(P, 0), "temperature=0 must be above 0"),
    ],
)
def test_what_cannot_be_calibrated_is_said_in_one_line(call, message):
    with pytest.raises(ParameterError, match=message) as refusal:
        call()
    assert "\n" not in str(refusal.value)
