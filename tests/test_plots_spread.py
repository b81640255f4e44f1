"""Spread, votes and learning curves by tracks: the right numbers in the right rows."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats

from mgclib import plots, reports
from mgclib.errors import ParameterError
from mgclib.results import Result

GENRES = ("a", "b", "c")


def voted() -> Result:
    ids = pd.Index([f"s{k}" for k in range(5)], name="clip_id")
    clips = pd.DataFrame({"genre": list("aaabb"), "track_id": list("xxxyy")}, index=ids)
    rows = [[0.4, 0.6, 0.0], [0.9, 0.1, 0.0], [0.3, 0.7, 0.0], [0.0, 0.4, 0.6], [0.1, 0.6, 0.3]]
    return Result.from_arrays(clips, "test", np.array(rows), GENRES, 4)


def curve() -> pd.DataFrame:
    table = pd.DataFrame(
        [(seed, uneven, weights, asked) for seed in (0, 1) for asked in (2, 8) for uneven, weights in WAYS],
        columns=["seed", "uneven", "weights", "asked"],
    )
    table["tracks_per_genre"] = table["asked"] * np.where(table["uneven"], 0.5, 1.0)
    for k, part in enumerate(("train", "validation", "test")):
        table[f"{part}_accuracy"] = 0.9 - 0.1 * k + 0.04 * table["seed"] - 0.2 * table["uneven"] * ~table["weights"]
    return table


WAYS = ((False, False), (True, False), (True, True))
FIGURES = {
    "spread": lambda: plots.spread({"report": [0.7, 0.8], "one": [0.5]}, reported=["report"], marks={"report": 0.76}),
    "votes": lambda: plots.snippet_votes(voted(), ["x", "y"], seed=4),
    "by tracks": lambda: plots.accuracy_by_tracks(curve(), chance=0.1, note="a note"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_a_white_card_and_nothing_is_cut_off(name):
    picture = np.asarray(Image.open(io.BytesIO(FIGURES[name]()._repr_png_())).convert("RGBA"))
    assert (picture[..., 3] == 255).all()
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])[:, :3]
    assert (edge == 255).all()


def test_the_bar_is_the_t_interval_of_the_runs():
    runs = [reports.item(f"techno/number-test-f1-run-{k}").value("test_weighted_f1") for k in range(1, 6)]
    axes = plots.spread({"report": runs, "single": [0.5]}, reported=["report"]).axes[0]
    bars = [line.get_xdata() for line in axes.lines if len(set(line.get_ydata())) == 1 and len(line.get_xdata()) == 2]
    assert len(bars) == 1, "a single run has no interval"
    expected = stats.t.interval(0.95, 4, np.mean(runs), stats.sem(runs))
    np.testing.assert_allclose(bars[0], 100 * np.array(expected), rtol=1e-9)
    np.testing.assert_allclose(axes.collections[0].get_offsets()[:, 0], 100 * np.array(runs))


@pytest.mark.parametrize(
    "options", [{"rows": {}}, {"rows": {"a": []}}, {"rows": {"a": [1]}, "marks": {"b": 1}}, {"reported": ["b"]}]
)
def test_a_spread_of_nothing_or_a_mark_in_no_row_is_refused(options):
    with pytest.raises(ParameterError, match=r"no run|no row"):
        plots.spread(**{"rows": {"a": [0.5]}, **options})


def test_a_vote_is_the_mean_of_its_snippets_and_says_who_is_right():
    axes = plots.snippet_votes(voted(), ["x", "y"], seed=4).axes
    labels = [[text.get_text() for text in one.get_yticklabels()] for one in axes]
    assert labels[0] == ["snippet 1 ✗", "snippet 2 ✓", "snippet 3 ✗", "vote ✓"]  # 0.53 against 0.47
    assert labels[1] == ["snippet 1 ✗", "snippet 2 ✓", "vote ✓"]
    last = [text.get_text() for text in axes[0].texts][-3:]
    assert last == ["53", "47", ""]


@pytest.mark.parametrize("tracks", [[], ["z"]])
def test_a_track_that_was_not_tested_has_no_vote(tracks):
    with pytest.raises(ParameterError, match="2 test tracks of seed 4"):
        plots.snippet_votes(voted(), tracks, seed=4)


def test_lines_by_tracks_join_the_means_and_circles_are_trainings():
    left, right = plots.accuracy_by_tracks(curve()).axes
    lines = {line.get_label(): line for axes in (left, right) for line in axes.lines}
    np.testing.assert_allclose(lines["training"].get_ydata(), [92, 92])
    np.testing.assert_allclose(lines["uneven"].get_xdata(), [1, 4])
    np.testing.assert_allclose(lines["uneven"].get_ydata(), [52, 52])
    np.testing.assert_allclose(lines["uneven, weights"].get_ydata(), [72, 72])
    assert [len(dots.get_offsets()) for dots in left.collections] == [4, 4, 4]
    with pytest.raises(ParameterError, match="no training to draw"):
        plots.accuracy_by_tracks(curve().iloc[:0])
