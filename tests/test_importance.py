"""What a model listens to: families by name, and the drop against scikit-learn's permutation importance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression

from mgclib import models, plots, summary
from mgclib.errors import ParameterError
from mgclib.importance import family_of, gains, permutation

NAMES = ["tempo", "mfcc1_mean", "mfcc1_std", "rms_mean"]


@pytest.fixture(scope="module")
def music():
    """Two genres told by tempo, and once more by two copies of the same number."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    x = rng.normal(size=(400, 4))
    x[:, 0] += 2 * y
    x[:, 1] += 2 * y
    x[:, 2] = x[:, 1]
    return x, y


def test_every_summary_feature_belongs_to_one_of_the_curves():
    families = {family_of(feature.name) for feature in summary.summary_names()}
    curves = {curve.name for curve in summary.CURVES}
    assert curves | {"tempo"} == {name for name in families if not name.startswith("short_term_")}
    assert {"short_term_mfcc", "short_term_chroma", "short_term_energy"} <= families
    assert not any(name.endswith(("_mean", "_C")) or name[-1].isdigit() for name in families)


@pytest.mark.parametrize(
    ("name", "family"), [("mfcc20_var", "mfcc"), ("harmony_mean", "harmony"), ("chroma_stft_var", "chroma_stft")]
)
def test_the_columns_of_gtzans_table_have_families_too(name, family):
    assert family_of(name) == family


def test_a_family_of_one_column_loses_what_scikit_learn_says(music):
    x, y = music
    model = LogisticRegression().fit(x[:200], y[:200])
    ours = permutation(model, x[200:], y[200:], NAMES, repeats=60)
    reference = permutation_importance(model, x[200:], y[200:], n_repeats=60, random_state=1)
    assert ours.loc["tempo", "drop"] == pytest.approx(reference.importances_mean[0], abs=0.01)
    assert ours.loc["tempo", "deviation"] == pytest.approx(reference.importances_std[0], abs=0.01)
    assert abs(ours.loc["rms", "drop"]) < 0.02
    assert ours.loc["mfcc", "features"] == 2


def test_columns_that_stand_in_for_each_other_are_dealt_together(music):
    x, y = music
    model = LogisticRegression().fit(x[:200], y[:200])
    together = permutation(model, x[200:], y[200:], NAMES, repeats=40).loc["mfcc", "drop"]
    single = permutation_importance(model, x[200:], y[200:], n_repeats=40, random_state=0).importances_mean[1]
    assert together > 1.5 * single > 0
    again = permutation(model, x[200:], y[200:], NAMES, repeats=40).loc["mfcc", "drop"]
    assert together == again


def test_gains_are_sorted_and_named(music):
    x, y = music
    model = models.build("xgboost", (4,), 2).fit(x, y)
    found = gains(model, NAMES)
    assert found.is_monotonic_decreasing
    assert found.sum() == pytest.approx(1)
    assert found.idxmin() == "rms_mean"
    with pytest.raises(ParameterError, match="LogisticRegression has no gain"):
        gains(LogisticRegression().fit(x, y), NAMES)
    with pytest.raises(ParameterError, match="3 names for the 4 features"):
        gains(model, NAMES[:3])
    with pytest.raises(ParameterError, match="do not fit"):
        permutation(model, x, y, NAMES[:3])


def test_figures_show_the_greatest_first_and_refuse_nothing_to_show(music):
    x, y = music
    model = models.build("xgboost", (4,), 2).fit(x, y)
    families = permutation(model, x, y, NAMES)
    figure = plots.importances(gains(model, NAMES), families, top=3)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == list(gains(model, NAMES).index[:3])
    assert right.get_yticklabels()[0].get_text().startswith(families.index[0])
    assert all("(%)" in axes.get_xlabel() or "points" in axes.get_xlabel() for axes in figure.axes)
    searched = pd.DataFrame({"model": "m", "seed": 0, "score": [0.2, 0.4], "chosen": [False, True]})
    assert plots.search(searched).axes[0].get_yticklabels()[0].get_text() == "m"
    with pytest.raises(ParameterError, match="no draw"):
        plots.search(searched.iloc[:0])
    with pytest.raises(ParameterError, match="top=0"):
        plots.importances(gains(model, NAMES), families, top=0)


def test_the_plane_has_a_mark_and_a_colour_for_each_genre_and_names_what_is_missing():
    table = pd.DataFrame({"tempo": [120.0, 140.0, 100.0], "rms_mean": [0.1, 0.2, 0.3]})
    genres = pd.Series(["a", "b", "a"])
    axes = plots.feature_plane(table, genres, x="tempo", y="rms_mean", labels=("tempo (BPM)", "loudness")).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    assert [len(dots.get_offsets()) for dots in axes.collections] == [2, 1]
    assert len({dots.get_paths()[0].vertices.tobytes() for dots in axes.collections}) == 2
    with pytest.raises(ParameterError, match="no feature 'pitch'"):
        plots.feature_plane(table, genres, x="pitch", y="tempo", labels=("", ""))
