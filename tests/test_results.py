"""Results: one table of predictions, and everything derived from it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as reference
from scipy import stats

from mgclib.errors import MgcError, ParameterError, RunError
from mgclib.paired import mcnemar, paired_difference
from mgclib.results import METRICS, Result, predictions_frame

GENRES = ("blues", "jazz", "pop")
N_TRACKS, CLIPS_PER_TRACK = 20, 3


@pytest.fixture(scope="module")
def clips() -> pd.DataFrame:
    rows = [
        (f"{genre}-{t:02d}-{c}", genre, f"{genre}-{t:02d}")
        for genre in GENRES
        for t in range(N_TRACKS)
        for c in range(CLIPS_PER_TRACK)
    ]
    return pd.DataFrame(rows, columns=["clip_id", "genre", "track_id"]).set_index("clip_id")


def probabilities_of(clips: pd.DataFrame, seed: int, skill: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(len(clips), len(GENRES)))
    scores[np.arange(len(clips)), clips["genre"].map(GENRES.index)] += skill
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def parts_of(clips: pd.DataFrame, seed: int) -> pd.Series:
    drawn = np.random.default_rng([seed, 1]).permutation(len(clips))
    names = np.array(["train", "validation", "test"])[np.searchsorted([0.6, 0.75], drawn / len(clips), side="right")]
    return pd.Series(names, index=clips.index)


@pytest.fixture(scope="module")
def result(clips) -> Result:
    history = pd.DataFrame(
        {"epoch": [1, 2], "accuracy": [0.4, 0.6], "val_accuracy": [0.3, np.nan], "best": [False, True]}
    )
    parameters = {
        "dataset": "gtzan",
        "profile": "gtzan",
        "protocol": "random",
        "sizes": [0.6, 0.15, 0.25],
        "seeds": [0],
    }
    return Result.concat(
        Result.from_arrays(
            clips,
            parts_of(clips, seed),
            probabilities_of(clips, seed),
            GENRES,
            seed,
            history=history,
            parameters=parameters,
        )
        for seed in (0, 1, 2)
    )


def truth_and_guess(result: Result, seed: int | None = None) -> tuple[pd.Series, pd.Series]:
    table = result.predicted("test", seed)
    return table["genre"], table["predicted"]


def test_seeds_have_their_own_test_clips(result):
    tested = [set(result.select("test", seed)["clip_id"]) for seed in result.seeds]
    assert result.seeds == (0, 1, 2)
    assert tested[0] != tested[1]
    assert result.parts == ("train", "validation", "test")


def test_report_of_one_seed_is_scikit_learns(result):
    expected = reference.classification_report(*truth_and_guess(result, 1), output_dict=True)
    report = result.classification_report(seed=1)
    for genre in (*GENRES, "macro avg", "weighted avg"):
        assert report.loc[genre, ["precision", "recall", "f1"]].tolist() == pytest.approx(
            list(expected[genre].values())[:3]
        )
        assert report.loc[genre, "support"] == expected[genre]["support"]
    assert report.loc["accuracy", "f1"] == pytest.approx(expected["accuracy"])


def test_report_over_seeds_is_the_mean_and_pooled_is_not(result):
    tables = [result.classification_report(seed=seed) for seed in result.seeds]
    pd.testing.assert_frame_equal(result.classification_report(), sum(tables) / 3)
    pooled = reference.classification_report(*truth_and_guess(result), output_dict=True)
    assert result.classification_report(seed="pooled").loc["jazz", "f1"] == pytest.approx(pooled["jazz"]["f1-score"])
    assert result.classification_report(seed="pooled").loc["macro avg", "support"] == len(result.select("test"))


@pytest.mark.parametrize("normalise", [None, "true", "pred", "all"])
def test_confusion_matrix_is_scikit_learns(result, normalise):
    expected = reference.confusion_matrix(*truth_and_guess(result), labels=GENRES, normalize=normalise)
    matrix = result.confusion_matrix(normalise=normalise)
    np.testing.assert_allclose(matrix, expected)
    assert list(matrix.index) == list(matrix.columns) == list(GENRES)


def test_metric_is_one_value_per_seed(result):
    values = result.metric("accuracy")
    for seed in result.seeds:
        truth, guess = truth_and_guess(result, seed)
        assert values[seed] == (truth == guess).mean()


def test_interval_over_seeds_is_students(result):
    values = result.metric("macro_f1")
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    interval = result.interval("macro_f1")
    assert (interval.mean, interval.low, interval.high) == pytest.approx((values.mean(), max(low, 0), min(high, 1)))
    assert (interval.n, interval.kind) == (3, "seeds")


def test_interval_of_one_seed_or_of_equal_seeds_is_over_tracks(clips):
    one = Result.from_arrays(clips, "test", probabilities_of(clips, 0), GENRES, 0)
    assert one.interval().kind == "tracks"
    assert one.interval().n == len(GENRES) * N_TRACKS
    same = [Result.from_arrays(clips, "test", probabilities_of(clips, 0), GENRES, seed) for seed in (0, 1)]
    both = Result.concat(same).interval()
    assert both.kind == "tracks"
    assert both.low < both.mean < both.high, "a deterministic model is not known without error"


def test_bootstrap_of_independent_clips_agrees_with_the_binomial(clips):
    lone = clips.assign(track_id=clips.index)
    one = Result.from_arrays(lone, "test", probabilities_of(lone, 0), GENRES, 0)
    interval = one.bootstrap("accuracy")
    half = 1.96 * np.sqrt(interval.mean * (1 - interval.mean) / len(lone))
    assert interval.mean == one.metric("accuracy")[0]
    assert (interval.high - interval.low) / 2 == pytest.approx(half, rel=0.1)
    assert interval == one.bootstrap("accuracy"), "a seed fixes it"
    assert interval != one.bootstrap("accuracy", seed=1)


def test_bootstrap_by_tracks_is_wider_when_clips_of_a_track_agree(clips):
    by_track = probabilities_of(clips, 3)[::CLIPS_PER_TRACK].repeat(CLIPS_PER_TRACK, axis=0)
    grouped = Result.from_arrays(clips, "test", by_track, GENRES, 0).bootstrap()
    lone = Result.from_arrays(clips.assign(track_id=clips.index), "test", by_track, GENRES, 0).bootstrap()
    assert (grouped.high - grouped.low) / (lone.high - lone.low) == pytest.approx(np.sqrt(CLIPS_PER_TRACK), rel=0.2)


@pytest.mark.parametrize("metric", METRICS)
def test_bootstrap_covers_every_metric(result, metric):
    interval = result.bootstrap(metric, n=200)
    assert interval.low <= interval.mean <= interval.high
    assert interval.mean == pytest.approx(result.metric(metric).mean())


def test_mcnemar_pairs_clips_within_a_seed(clips):
    eye = np.eye(3, dtype=float)
    truth = clips["genre"].map(GENRES.index).to_numpy()
    wrong_a, wrong_b = truth.copy(), truth.copy()
    wrong_a[:10] = (truth[:10] + 1) % 3
    wrong_b[8:11] = (truth[8:11] + 1) % 3
    a = Result.from_arrays(clips, "test", eye[wrong_a], GENRES, 0)
    b = Result.from_arrays(clips.iloc[::-1], "test", eye[wrong_b][::-1], GENRES, 0)
    table = mcnemar(a, b).loc[0]
    assert table[["n", "both", "only_a", "only_b", "neither", "unpaired"]].tolist() == [180, 169, 1, 8, 2, 0]
    assert table["p_value"] == pytest.approx(2 * (1 + 9) / 2**9)
    part = Result.from_arrays(clips.iloc[:100], "test", eye[wrong_b][:100], GENRES, 0)
    assert mcnemar(a, part).loc[0, ["n", "unpaired"]].tolist() == [100, 80]
    other_seed = Result.from_arrays(clips, "test", eye[wrong_b], GENRES, 1)
    with pytest.raises(RunError, match="share no test clip"):
        mcnemar(a, other_seed)


def test_a_difference_of_one_seed_is_drawn_from_the_same_tracks_for_both(clips):
    alone = clips.assign(track_id=clips.index)
    truth = clips["genre"].map(GENRES.index).to_numpy()
    wrong_a, wrong_b = truth.copy(), truth.copy()
    wrong_a[:40] = (truth[:40] + 1) % 3
    wrong_b[30:50] = (truth[30:50] + 1) % 3
    a = Result.from_arrays(alone, "test", np.eye(3)[wrong_a], GENRES, 0)
    b = Result.from_arrays(alone.iloc[::-1], "test", np.eye(3)[wrong_b][::-1], GENRES, 0)
    gap = paired_difference(a, b)
    each = (wrong_b == truth).astype(float) - (wrong_a == truth)
    assert gap.mean == pytest.approx(20 / 180)
    assert (gap.high - gap.low) / 2 == pytest.approx(1.96 * each.std() / np.sqrt(180), rel=0.1)
    assert (gap.kind, gap.n) == ("tracks", 180)
    turned = paired_difference(b, a)
    assert (turned.low, turned.high) == pytest.approx((-gap.high, -gap.low))
    nothing = paired_difference(a, a)
    assert (nothing.low, nothing.high) == (0, 0)


def test_the_same_difference_in_every_seed_is_no_interval_of_width_0(clips):
    truth = clips["genre"].map(GENRES.index).to_numpy()
    results = []
    for more in (0, 1):  # the second has one clip more right, in every seed
        parts = []
        for seed, right in enumerate((70, 40, 45)):
            said = np.where(np.arange(len(truth)) < right + more, truth, (truth + 1) % 3)
            parts.append(Result.from_arrays(clips, "test", np.eye(3)[said], GENRES, seed))
        results.append(Result.concat(parts))
    gap = paired_difference(*results)
    assert gap.kind == "tracks"
    assert gap.low <= 0 < gap.mean < gap.high


def test_a_difference_of_nothing_is_refused(clips):
    one = Result.from_arrays(clips, "test", probabilities_of(clips, 1), GENRES, 0)
    with pytest.raises(RunError, match="has validation clips; there are test"):
        paired_difference(one, one, split="validation")
    with pytest.raises(ParameterError, match=r"level=1\.5"):
        paired_difference(one, one, level=1.5)


def test_a_difference_over_seeds_is_a_paired_t_interval(clips):
    a, b = (
        Result.concat(
            [Result.from_arrays(clips, "test", probabilities_of(clips, 10 * k + s), GENRES, s) for s in range(3)]
        )
        for k in (1, 2)
    )
    gains = b.metric("log_loss") - a.metric("log_loss")
    gap = paired_difference(a, b, "log_loss")
    reference = stats.ttest_rel(b.metric("log_loss"), a.metric("log_loss")).confidence_interval(0.95)
    assert (gap.mean, gap.low, gap.high) == pytest.approx((gains.mean(), *reference))
    with pytest.raises(RunError, match="not the same"):
        paired_difference(a, Result.from_arrays(clips, "test", probabilities_of(clips, 1), GENRES, 0))


def test_runs_show_each_seed_at_its_kept_epoch_and_their_mean(result):
    table = result.runs()
    assert table.loc["0", [("best", "epoch"), ("train", "accuracy")]].tolist() == [2, 0.6]
    assert table["test", "accuracy"].tolist()[:3] == result.metric("accuracy").round(3).tolist()
    assert table.loc["mean", ("test", "accuracy")] == pytest.approx(result.metric("accuracy").mean(), abs=6e-4)
    assert ("validation", "loss") not in table, "what was not noted is left out"


def test_vote_is_the_mean_probability_of_a_track(clips):
    probabilities = probabilities_of(clips, 0)
    voted = Result.from_arrays(clips, "test", probabilities, GENRES, 0).vote()
    table = voted.select("test").set_index("clip_id")
    assert len(table) == len(GENRES) * N_TRACKS
    expected = probabilities[clips["track_id"] == "jazz-07"].mean(axis=0)
    np.testing.assert_allclose(table.loc["jazz-07", [f"p_{g}" for g in GENRES]].to_numpy(float), expected, rtol=1e-6)


def test_a_track_on_both_sides_of_a_leaky_split_votes_in_each(clips, result):
    voted = result.vote()
    assert voted.predictions.duplicated(["seed", "clip_id"]).any()
    assert len(voted.select("test", 0)) == result.select("test", 0)["track_id"].nunique()


def test_a_saved_result_comes_back_equal(result, tmp_path):
    result.save(tmp_path / "deep" / "folder")
    loaded = Result.load(tmp_path / "deep" / "folder")
    pd.testing.assert_frame_equal(loaded.predictions, result.predictions)
    pd.testing.assert_frame_equal(loaded.history, result.history)
    assert (loaded.genres, loaded.parameters, loaded.seeds) == (result.genres, result.parameters, result.seeds)
    assert loaded.predictions["p_pop"].dtype == np.float32
    assert loaded.parameters["seeds"] == [0, 1, 2]


def test_further_tables_are_kept_with_the_result(result, tmp_path):
    points = pd.DataFrame({"clip_id": ["a", "b"], "x": [0.5, -1.0], "n": [1, 2]})
    sizes = pd.DataFrame({"share": np.array([0.25, 0.75], dtype=np.float32)})
    replace(result, tables={"projection": points, "sizes": sizes}).save(tmp_path)
    loaded = Result.load(tmp_path)
    assert list(loaded.tables) == ["projection", "sizes"]
    pd.testing.assert_frame_equal(loaded.tables["projection"], points, check_dtype=False)
    pd.testing.assert_frame_equal(loaded.tables["sizes"], sizes)
    pd.testing.assert_frame_equal(loaded.predictions, result.predictions)
    assert Result.concat([loaded]).tables.keys() == loaded.tables.keys()


def test_a_result_without_further_tables_has_none(result, tmp_path):
    result.save(tmp_path)
    assert Result.load(tmp_path).tables == {}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["history.parquet", "predictions.parquet", "result.json"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:-50]), "does not fit result.json"),
        (lambda path: pd.DataFrame({"x": [0.0]}).to_parquet(path), "does not fit result.json"),
    ],
    ids=["missing", "truncated", "edited"],
)
def test_a_damaged_further_table_is_named(result, tmp_path, spoil, message):
    replace(result, tables={"projection": pd.DataFrame({"x": [1.0, 2.0]})}).save(tmp_path)
    spoil(tmp_path / "projection.parquet")
    with pytest.raises(RunError, match=message) as caught:
        Result.load(tmp_path)
    assert "projection.parquet" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_without_epochs_has_an_empty_history(clips, tmp_path):
    Result.from_arrays(clips, "test", probabilities_of(clips, 0), GENRES, 0, parameters={"C": np.float64(100)}).save(
        tmp_path
    )
    loaded = Result.load(tmp_path)
    assert loaded.history.empty
    assert "val_loss" in loaded.history
    assert loaded.parameters == {"C": 100.0}


def spoil_json(folder):
    (folder / "result.json").write_text("{")


def spoil_format(folder):
    facts = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps({**facts, "format": 99}))


def spoil_genres(folder):
    facts = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps({**facts, "genres": ["blues", "jazz"]}))


def spoil_bytes(folder):
    path = folder / "predictions.parquet"
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "result.json").unlink(), "lacks result.json"),
        (lambda folder: (folder / "history.parquet").unlink(), "lacks history.parquet"),
        (spoil_json, "is no result"),
        (spoil_format, "format 99"),
        (spoil_genres, "p_pop"),
        (spoil_bytes, "does not fit result.json"),
    ],
)
def test_a_damaged_folder_is_named(result, tmp_path, spoil, message):
    result.save(tmp_path)
    spoil(tmp_path)
    with pytest.raises(RunError, match=message) as caught:
        Result.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="track_id"), "track_id"),
        (lambda t: t.assign(p_rock=0.0), "p_rock"),
        (lambda t: t.assign(p_pop=np.nan), "sum to nan"),
        (lambda t: t.assign(p_pop=t["p_pop"] + 0.1), "sum to 1.1"),
        (lambda t: t.assign(p_pop=t["p_pop"] - 2, p_jazz=t["p_jazz"] + 2), "negative"),
        (lambda t: t.assign(genre="techno"), "genre 'techno'"),
        (lambda t: t.assign(split="dev"), "split 'dev'"),
        (lambda t: t.assign(clip_id=None), "no clip_id"),
        (lambda t: pd.concat([t, t]), "predicted twice"),
        (lambda t: t.iloc[:0], "no predictions"),
        (lambda t: t.assign(p_pop="much"), "wrong type"),
    ],
)
def test_malformed_predictions_are_refused(clips, change, message):
    table = predictions_frame(clips, "test", probabilities_of(clips, 0), GENRES, 0)
    with pytest.raises(RunError, match=message) as caught:
        Result(change(table), GENRES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (pd.DataFrame({"seed": [0], "epoch": [1], "lr": [0.1]}), "lr"),
        (pd.DataFrame({"seed": [0], "accuracy": [0.5]}), "no seed or epoch"),
        (pd.DataFrame({"seed": [0], "epoch": [0]}), "count from 1"),
    ],
)
def test_malformed_histories_are_refused(clips, history, message):
    table = predictions_frame(clips, "test", probabilities_of(clips, 0), GENRES, 0)
    with pytest.raises(RunError, match=message):
        Result(table, GENRES, history)


def test_unused_clips_are_left_out(clips):
    parts = parts_of(clips, 0)
    parts.iloc[:7] = "unused"
    frame = predictions_frame(clips, parts, probabilities_of(clips, 0), GENRES, 0)
    assert len(frame) == len(clips) - 7
    assert not set(frame["clip_id"]) & set(clips.index[:7])


def test_questions_without_an_answer_are_refused(result, clips):
    only_test = Result.from_arrays(clips, "test", probabilities_of(clips, 0), GENRES, 0)
    refused = [
        (lambda: only_test.metric("accuracy", "validation"), "no validation predictions"),
        (lambda: result.metric("acuracy"), "accuracy"),
        (lambda: result.select("dev"), "split='dev'"),
        (lambda: result.classification_report(seed=9), "seed=9"),
        (lambda: result.confusion_matrix(normalise="row"), "normalise='row'"),
        (lambda: result.vote("artist"), "by='artist'"),
        (lambda: result.bootstrap(n=0), "n=0"),
        (lambda: predictions_frame(clips, "test", np.ones((2, 3)), GENRES, 0), "row per clip"),
        (lambda: Result.concat([result, result]), "occur twice"),
        (lambda: Result.concat([]), "no results"),
    ]
    for ask, message in refused:
        with pytest.raises(MgcError, match=message):
            ask()


def test_values_that_json_cannot_hold_are_refused(clips, tmp_path):
    one = Result.from_arrays(clips, "test", probabilities_of(clips, 0), GENRES, 0, parameters={"model": object()})
    with pytest.raises(ParameterError, match="cannot be stored"):
        one.save(tmp_path)


def test_caption_says_where_numbers_come_from(result, clips):
    assert result.caption() == (
        "Dataset gtzan (recordings), profile gtzan, protocol random 60/15/25, 3 seeds (0, 1, 2), 45 test clips each."
    )
    parameters = {"dataset": "synthetic", "protocol": "fault-filtered", "sizes": [0.8, 0, 0.2]}
    made = Result.from_arrays(clips, "test", probabilities_of(clips, 0), GENRES, 4, parameters=parameters)
    assert made.synthetic
    caption = made.caption()
    assert caption.startswith(
        "Dataset synthetic (synthetic music, not recordings), protocol fault-filtered, 1 seed (4)"
    )
    unknown = Result.from_arrays(clips, "test", probabilities_of(clips, 0), GENRES, 4)
    assert unknown.synthetic is None
    assert "origin not noted" in unknown.caption()


def test_caption_names_genres_that_no_test_clip_has(clips):
    genres = tuple(sorted(clips["genre"].unique()))
    shares = np.full((len(clips), len(genres)), 1 / len(genres))
    parts = pd.Series(np.where(clips["genre"] == genres[0], "validation", "test"), index=clips.index)
    assert f"none of them {genres[0]}." in Result.from_arrays(clips, parts, shares, genres).caption()
    assert "none of them" not in Result.from_arrays(clips, "test", shares, genres).caption()
