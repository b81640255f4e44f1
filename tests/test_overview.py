"""The methods side by side: against hand arithmetic, published examples and the report's own transcription."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats

from mgclib import overview, records, reports
from mgclib.errors import ParameterError
from mgclib.results import Result

TEN = tuple(reports.item("cs464-2020/table-1").value("per_class"))
SVM, MEL, LSTM, WAVE, CNN = overview.CS464
REPORTED, RANDOM, FILTERED = overview.SOURCES
SPLIT = overview.SHORT[RANDOM]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No records at first."""
    monkeypatch.setattr(records, "records_root", lambda: tmp_path)
    return tmp_path


def keep(shelf: Path, profile: str, method: overview.Method, right: dict[int, str], genres=TEN, first: int = 0) -> None:
    """Record a method: per seed a word such as ``110``, one letter per clip, 1 where the method is right.

    A wrong clip has its own genre in the third place. Clip k is of genre k (modulo the number of genres).
    """
    parts = []
    for seed, word in right.items():
        numbers = [first + k for k in range(len(word))]
        ids = pd.Index([f"c{n}" for n in numbers], name="clip_id")
        clips = pd.DataFrame({"genre": [genres[n % len(genres)] for n in numbers], "track_id": ids}, index=ids)
        scores = np.full((len(word), len(genres)), 0.01)
        for row, (n, letter) in enumerate(zip(numbers, word, strict=True)):
            own = n % len(genres)
            places = [own, own + 1, own + 2] if letter == "1" else [own + 1, own + 2, own]
            for score, place in zip((0.6, 0.3, 0.2), places, strict=True):
                scores[row, place % len(genres)] = score
        scores /= scores.sum(axis=1, keepdims=True)
        parts.append(Result.from_arrays(clips, "test", scores, genres, seed))
    Result.concat(parts).save(shelf / profile / method.experiment)


def row(table: pd.DataFrame, method: overview.Method, source: str, k: int) -> pd.Series:
    (found,) = (
        one for _, one in table[table["k"] == k].iterrows() if (one.method, one.source) == (method.name, source)
    )
    return found


@pytest.mark.parametrize(
    ("method", "k", "hits"),
    [(SVM, 1, 127), (MEL, 1, 127), (LSTM, 1, 124), (WAVE, 1, 102), (CNN, 1, 81), (LSTM, 2, 156)],
)
def test_a_reported_share_stands_with_the_interval_of_its_200_clips(shelf, method, k, hits):
    found = row(overview.scores(), method, REPORTED, k)
    interval = stats.binomtest(hits, 200).proportion_ci(method="wilson")
    assert (found.share, found.over) == (hits / 200, "200 clips")
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_what_is_missing_is_a_dash_and_never_a_number(shelf):
    scores = overview.scores()
    assert scores[scores["source"] != REPORTED]["share"].isna().all()
    table = overview.top_table(scores)
    assert list(table.loc[(SVM.name, REPORTED), ["top-2 (%)", "top-3 (%)"]]) == ["—"] * 2
    assert set(table.loc[(LSTM.name, SPLIT)]) == {"—"}
    assert overview.paired_table().empty
    assert overview.falls(scores).empty
    assert overview.same_order(scores, REPORTED) is True
    assert overview.same_order(scores, RANDOM) is None


def test_a_value_of_a_table_stays_on_one_line_with_its_rows_and_columns(shelf):
    table = overview.top_table(overview.scores())
    page = overview.one_line(table).to_html()
    assert "td {\n  white-space: nowrap;" in page
    assert all(word in page for word in (*table.columns, SVM.name, "63.5 [57, 70]"))


def test_a_record_gives_mean_and_interval_over_its_seeds(shelf):
    keep(shelf, "gtzan", SVM, {0: "11101110", 1: "11001100"})
    scores = overview.scores()
    one = row(scores, SVM, RANDOM, 1)
    half = 12.7062 * np.std([0.75, 0.5], ddof=1) / np.sqrt(2)
    assert (one.share, one.over, one.chance) == (0.625, "2 seeds", 0.1)
    assert (one.low, one.high) == pytest.approx((max(0, 0.625 - half), min(1, 0.625 + half)), abs=1e-4)
    assert row(scores, SVM, RANDOM, 2).share == 0.625
    assert row(scores, SVM, RANDOM, 3).share == 1
    assert overview.top_table(scores).loc[(SVM.name, SPLIT), "top-1 (%)"] == "62.5 [0, 100]"


def test_three_genres_never_stand_with_ten(shelf):
    keep(shelf, "gtzan", SVM, {0: "1110"})
    keep(shelf, "gtzan3", WAVE, {0: "1110"}, genres=("classical", "jazz", "rock"))
    keep(shelf, "gtzan3-filtered", WAVE, {0: "1100"}, genres=("classical", "jazz", "rock"))
    scores = overview.scores()
    assert (WAVE.name, SPLIT) not in overview.top_table(scores).index
    assert overview.top_table(scores, "gtzan3").loc[(WAVE.name, SPLIT), "top-1 (%)"].startswith("75.0 ")
    assert list(scores[scores["data"] == "gtzan3"]["chance"].round(3)) == [0.333, 0.667, 1.0] * 2
    assert overview.paired(source=RANDOM).empty
    assert overview.genre_f1()[RANDOM][WAVE.name].isna().all()
    fall = overview.falls(scores)
    assert list(fall.index) == [WAVE.name]
    assert tuple(fall.iloc[0]) == ("gtzan3", 0.75, 0.5, 25.0)


def test_methods_in_another_order_by_top_2_are_seen(shelf):
    scores = overview.scores()
    changed = (scores["method"] == LSTM.name) & (scores["source"] == REPORTED) & (scores["k"] == 2)
    scores.loc[changed, "share"] = 0.8
    assert overview.same_order(scores, REPORTED) is False


def test_pairs_count_the_clips_that_one_method_alone_has_right(shelf):
    keep(shelf, "gtzan", SVM, {0: "1110000000", 1: "1110000000"})
    keep(shelf, "gtzan", MEL, {0: "0011000000", 1: "1111111111"})
    keep(shelf, "gtzan", CNN, {0: "1111100000", 1: "1110000000"}, first=5)
    found = overview.paired(source=RANDOM)
    pair = found.loc[f"{SVM.name} – {MEL.name}"]
    assert (pair.seeds, pair.shared, pair.only_a, pair.only_b) == (2, 1.0, 1.0, 4.0)
    assert pair.difference == pytest.approx((10 - 70) / 2)
    assert (pair.p_least, pair.p_greatest) == pytest.approx((2 / 2**7, 1.0))
    assert pair.significant == 1
    half = 12.7062 * np.std([10, -70], ddof=1) / np.sqrt(2)
    assert (pair.low, pair.high) == pytest.approx((-30 - half, -30 + half), rel=1e-4)
    other = found.loc[f"{SVM.name} – {CNN.name}"]
    assert other.shared == pytest.approx(5 / 15)
    assert np.isnan(other.difference)
    assert (
        overview.paired_table().loc[(SPLIT, f"{SVM.name} – {CNN.name}"), "verdict"] == "other test clips (33% shared)"
    )


def test_one_seed_on_lists_that_never_change_meets_every_seed_of_the_other(shelf):
    keep(shelf, "gtzan-filtered", SVM, {0: "1100"})
    keep(shelf, "gtzan-filtered", MEL, {0: "1100", 1: "0110", 2: "0000"})
    pair = overview.paired(source=FILTERED).iloc[0]
    assert (pair.seeds, pair.only_a, pair.only_b) == (3, 1.0, pytest.approx(1 / 3))


@pytest.mark.parametrize(
    ("low", "high", "significant", "expected"),
    [(1, 5, 3, True), (-5, -1, 3, True), (-1, 5, 5, False), (1, 5, 2, False), (np.nan, np.nan, 5, False)],
)
def test_told_apart_needs_both_the_interval_and_most_seeds(low, high, significant, expected):
    pair = pd.Series({"low": low, "high": high, "significant": significant, "seeds": 5})
    assert overview.told_apart(pair) is expected


def test_newcombe_gives_the_example_of_its_paper():
    """Newcombe (1998), Statistics in Medicine 17, 873-890, table II, example (a), method 10."""
    assert overview.newcombe((56, 48), (70, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_reports_best_three_cannot_be_ranked_and_its_others_are_behind():
    pairs = overview.reported_pairs()
    best = [m.name for m in (SVM, MEL, LSTM)]
    for pair, found in pairs.iterrows():
        assert found.apart == (not set(pair.split(" – ")) <= set(best)), pair


def test_clips_to_part_is_the_first_number_whose_intervals_do_not_overlap():
    def parted(n: int) -> bool:
        z = stats.norm.ppf(0.975)
        ends = []
        for p, sign in ((0.64, -1), (0.62, 1)):
            ends.append((p + z * z / 2 / n + sign * z * np.sqrt(p * (1 - p) / n + (z / 2 / n) ** 2)) / (1 + z * z / n))
        return ends[0] > ends[1]

    number = overview.clips_to_part(0.64, 0.62)
    assert parted(number)
    assert not parted(number - 1)


def test_the_extremes_are_those_of_the_transcription_ties_too():
    stated = reports.item("cs464-2020/number-discussion-genres").derived
    tables = overview.genre_f1()
    for method in overview.CS464:
        short = method.table.partition("/")[2]
        highest, lowest = overview.two_extremes(tables[REPORTED][method.name])
        assert highest == stated["two_highest"][short]
        assert sorted(lowest) == sorted(stated["two_lowest"][short])


def test_a_sentence_about_genres_is_held_against_each_method():
    f1 = pd.DataFrame({"a": [0.9, 0.8, 0.2, 0.1], "b": [0.9, 0.1, 0.8, 0.2], "none": np.nan}, index=list("wxyz"))
    found = overview.extremes({"reported": f1}, ["w", "x"], ["y", "z"])
    assert found.loc[("reported", "a"), ["easy", "hard_any", "hard_all"]].tolist() == [True, True, True]
    assert found.loc[("reported", "b"), ["easy", "hard_any", "hard_all"]].tolist() == [False, True, False]
    assert found.loc[("reported", "b"), "two lowest"] == "x 10, z 20"
    assert ("reported", "none") not in found.index


def test_recorded_f1_is_sorted_like_the_reported(shelf):
    keep(shelf, "gtzan", SVM, {0: "1111111110"})
    tables = overview.genre_f1()
    assert list(tables[RANDOM].index) == list(tables[REPORTED].index)
    named_by_mistake = TEN[0]
    expected = {genre: 1.0 for genre in TEN} | {TEN[9]: 0.0, named_by_mistake: 2 / 3}
    assert tables[RANDOM][SVM.name].to_dict() == pytest.approx(expected)


def test_the_accuracy_of_a_class_is_its_precision():
    listing = reports.item("cs464-2020/number-1d-cnn-raw-class-accuracy")
    found = overview.called_accuracy("cs464-2020/table-1", listing.id)
    disco = found.loc["disco"]
    assert (disco.reported, disco.precision, disco.recall) == (1.0, 1.0, 11 / 24)
    assert disco.one_vs_rest == pytest.approx((11 + 176) / 200)
    assert np.allclose(found["reported"], found["precision"])
    wrong = 200 - found["found"].sum()
    assert found["one_vs_rest"].mean() == pytest.approx(1 - 2 * wrong / (10 * 200))


def test_a_table_whose_predictions_are_unknown_is_refused():
    with pytest.raises(ParameterError, match="table-3: how often each genre was predicted"):
        overview.called_accuracy("cs464-2020/table-3", "cs464-2020/number-2d-cnn-class-accuracy-25")


FIGURES = {
    "top-k": lambda: overview.top_k_chart(overview.scores()),
    "fall": lambda: overview.fall_chart(overview.scores()),
    "genres": lambda: overview.genre_heat(overview.genre_f1()),
    "separation": lambda: overview.separation(0.62, 0.64),
    "far apart": lambda: overview.separation(0.95, 0.05),
}


@pytest.mark.parametrize("recorded", [False, True], ids=["no record", "records"])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_a_white_card_with_nothing_cut_off(shelf, name, recorded):
    if recorded:
        for method in (SVM, CNN):
            keep(shelf, "gtzan", method, {0: "1110110101", 1: "1111001111"})
            keep(shelf, "gtzan-filtered", method, {0: "1110010100"})
        for profile in ("gtzan3", "gtzan3-filtered"):
            keep(shelf, profile, WAVE, {0: "110111"}, genres=("classical", "jazz", "rock"))
    figure = FIGURES[name]()
    picture = np.asarray(Image.open(io.BytesIO(figure._repr_png_())).convert("RGBA"))
    assert (picture[..., 3] == 255).all()
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])[:, :3]
    assert (edge == 255).all(), "text or axes run over the edge"
    assert any(axes.get_xlabel() for axes in figure.axes)


def test_the_fall_is_written_at_its_arrow_and_what_is_missing_below(shelf):
    keep(shelf, "gtzan", SVM, {0: "1111100000"})
    keep(shelf, "gtzan-filtered", SVM, {0: "1110000000"})
    figure = overview.fall_chart(overview.scores())
    assert "−20 points" in [text.get_text() for text in figure.axes[0].texts]
    assert figure.get_supxlabel().replace("\n", " ") == (
        f"Not recorded yet: {MEL.name}, {LSTM.name}, {WAVE.name} and {CNN.name}."
    )


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.0, 0.5), (0.5, 64)])
def test_shares_that_cannot_part_are_refused(shares):
    with pytest.raises(ParameterError, match="two different shares"):
        overview.separation(*shares)
    with pytest.raises(ParameterError, match="high first"):
        overview.clips_to_part(*sorted(shares))


def test_nothing_to_draw_is_refused(shelf):
    with pytest.raises(ParameterError, match="no score to draw"):
        overview.top_k_chart(overview.scores().assign(share=np.nan))
    with pytest.raises(ParameterError, match="no table to draw"):
        overview.genre_heat({})
