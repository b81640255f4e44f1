"""Prose: numbers in words, as worked out by hand; a value that is missing leaves a gap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mgclib import prose
from mgclib.metrics import Interval
from mgclib.results import Result, predictions_frame

GENRES = ("blues", "rock")


def make_result(hits: tuple[int, ...], epochs: tuple[int, ...] = ()) -> Result:
    """Return a result with four test clips per seed, so many of them right, and so many epochs for each seed."""
    frames, history = [], []
    for seed, right in enumerate(hits):
        ids = pd.Index([f"c{k}" for k in range(4)], name="clip_id")
        clips = pd.DataFrame({"genre": ["blues", "rock"] * 2, "track_id": ids}, index=ids)
        true = np.array([0, 1, 0, 1])
        named = np.where(np.arange(4) < right, true, 1 - true)
        frames.append(predictions_frame(clips, "test", np.eye(2)[named], GENRES, seed))
        frames.append(predictions_frame(clips, "validation", np.eye(2)[1 - true], GENRES, seed))
    for seed, last in enumerate(epochs):
        history += [{"seed": seed, "epoch": epoch, "best": epoch == 1} for epoch in range(1, last + 1)]
    return Result(pd.concat(frames, ignore_index=True), GENRES, pd.DataFrame(history))


@pytest.mark.parametrize(("share", "words"), [(0.567, "57 %"), (0.0, "0 %"), (1.0, "100 %"), (0.004, "0 %")])
def test_a_share_is_told_in_whole_per_cent(share, words):
    assert prose.percent(share) == words


def test_of_a_result_the_mean_over_its_seeds_is_told():
    result = make_result((1, 2, 2))  # 1/4, 2/4 and 2/4: a mean of 5/12
    assert prose.percent(result) == "42 %"
    assert prose.percent(result, split="validation") == "0 %"
    # the last of two genres is always "among the first two"
    assert prose.percent(result, "top_2_accuracy") == "100 %"


def test_what_was_not_recorded_leaves_a_gap_in_the_sentence():
    assert prose.percent(None) == prose.span(None) == prose.span([]) == prose.epochs(None) == "…"


def test_a_gap_is_told_in_points_with_its_interval():
    assert prose.points(Interval(0.02, -0.0601, 0.1, 100, "tracks")) == "+2.0 points [-6.0, +10.0]"
    assert prose.points(None) == prose.MISSING


def test_a_span_goes_from_the_least_to_the_greatest():
    assert prose.span([23, 18, 20]) == "18 to 23"
    assert prose.span([20.4, 19.6]) == "20"
    assert prose.span([7.6], " points") == "8 points"
    assert prose.span(pd.Series([3.0, 5.0])) == "3 to 5"


def test_epochs_are_the_last_of_each_seed_not_the_best():
    assert prose.epochs(make_result((2, 2), epochs=(4, 7))) == "4 to 7"
    assert prose.epochs(make_result((2, 2), epochs=(3, 3))) == "3"


def test_kept_epochs_are_the_best_of_each_seed():
    result = make_result((2, 2), epochs=(4, 7))
    assert prose.kept_epochs(result) == "1"
    result.history["best"] = result.history["epoch"] == result.history.groupby("seed")["epoch"].transform("max")
    assert prose.kept_epochs(result) == "4 to 7"
    assert prose.kept_epochs(None) == prose.MISSING


def test_a_curve_ends_at_the_last_epoch_whatever_the_order_of_its_rows():
    result = make_result((2, 2), epochs=(3, 4))
    history = result.history.assign(accuracy=result.history["epoch"] / 10, val_accuracy=0.5)
    backwards = Result(result.predictions, GENRES, history[::-1])
    assert prose.ends(backwards) == "30 to 40 %"
    assert prose.ends(backwards, "val_accuracy") == "50 %"
    assert prose.ends(None) == prose.MISSING


def test_words_are_listed_as_in_a_sentence():
    assert [prose.listed(list(words)) for words in ("", "a", "ab", "abc")] == ["none", "a", "a and b", "a, b and c"]


def test_settings_that_differ_from_the_report_are_named_with_both_values():
    reported = {"learning_rate": 0.001, "epochs": 100}
    assert prose.settings_apart({"learning_rate": 0.03, "epochs": 100}, reported) == (
        "This run differs from the report: learning rate 0.03 (report: 0.001)."
    )
    assert "all of these settings" in prose.settings_apart({"learning_rate": 1e-3, "epochs": 100}, reported)


def test_words_are_told_to_the_page_as_text_under_their_name(monkeypatch):
    glued = {}
    monkeypatch.setattr("myst_nb.glue", lambda name, value, display: glued.update({name: (value, display)}))
    prose.tell(recorded_random="57 %", clips=24)
    assert glued == {"recorded-random": ("57 %", False), "clips": ("24", False)}
