"""A report's item beside our results: the numbers, the shading, and what synthetic music may not do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mgclib import reports
from mgclib.metrics import wilson
from mgclib.reports import compare
from mgclib.reports.claims import METRIC_NAMES, claim, measure
from mgclib.reports.structure import input_shape, n_genres, same_structure
from mgclib.results import METRICS, Result, predictions_frame

GTZAN = tuple(reports.item("cs464-2020/table-7").values["per_class"])  # noqa: PD011


def make_result(*, synthetic: bool = False, seeds: int = 3, genres: tuple[str, ...] = GTZAN) -> Result:
    """Return a result with validation and test clips whose hits are known: every third clip is wrong."""
    frames, history = [], []
    for seed in range(seeds):
        for part, count in (("validation", 60), ("test", 90 + 10 * seed)):
            true = np.arange(count) % len(genres)
            named = np.where(np.arange(count) % 3 == 0, (true + 1) % len(genres), true)
            ids = [f"{part}.{seed}.{k}" for k in range(count)]
            clips = pd.DataFrame(
                {"genre": [genres[k] for k in true], "track_id": ids}, index=pd.Index(ids, name="clip_id")
            )
            probabilities = np.full((count, len(genres)), 0.1 / (len(genres) - 1), dtype=np.float32)
            probabilities[np.arange(count), named] = 0.9
            frames.append(predictions_frame(clips, part, probabilities, genres, seed))
        history += [
            {"seed": seed, "epoch": k, "accuracy": k / 10, "loss": 1 / k, "val_accuracy": k / 20, "val_loss": 2 / k}
            | {"seconds": 1.0, "best": k == 2 + seed}
            for k in range(1, 6)
        ]
    dataset = "synthetic" if synthetic else "gtzan"
    return Result(
        pd.concat(frames, ignore_index=True),
        genres,
        pd.DataFrame(history),
        {"dataset": dataset, "protocol": "random", "C": 100.0},
        {"dataset": {"name": dataset, "synthetic": synthetic, "fingerprint": "0" * 16}},
    )


@pytest.fixture(scope="module")
def real() -> Result:
    return make_result()


@pytest.fixture(scope="module")
def generated() -> Result:
    return make_result(synthetic=True)


@given(total=st.integers(1, 2000), data=st.data())
def test_wilson_agrees_with_scipy(total: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, total))
    expected = stats.binomtest(correct, total).proportion_ci(method="wilson")
    assert wilson(correct, total) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_every_item_can_be_compared_with_nothing_and_with_a_result(real: Result) -> None:
    for entry in reports.items():
        assert compare(entry).html()
        if entry.kind not in ("architecture", "figure"):
            assert compare(entry, recorded=real).html()


def test_reported_recorded_and_this_build_stand_side_by_side(real: Result, generated: Result) -> None:
    table = compare("cs464-2020/table-7", this_build=generated, recorded=real).table
    assert list(dict.fromkeys(table.columns.get_level_values(0))) == ["reported", "recorded", "this build"]
    assert list(table.index) == [*GTZAN, "accuracy", "macro avg", "weighted avg"]
    assert table.loc["metal", ("reported", "recall")] == 0.89
    expected = real.classification_report()
    assert table.loc["metal", ("recorded", "recall")] == expected.loc["metal", "recall"]
    assert table.loc["accuracy", ("recorded", "f1")] == pytest.approx(real.metric("accuracy").mean())


def test_a_reported_accuracy_with_known_counts_has_its_binomial_interval(real: Result) -> None:
    comparison = compare("cs464-2020/table-7", recorded=real)
    assert comparison.intervals["accuracy", "reported"] == pytest.approx(wilson(127, 200))
    ours = real.interval("accuracy")
    assert comparison.intervals["accuracy", "recorded"] == (ours.low, ours.high)
    assert claim(reports.item("cs464-2020/number-headline-svm")).interval is None


def test_differences_are_shaded_for_real_music_only(real: Result, generated: Result) -> None:
    comparison = compare("cs464-2020/table-7", this_build=generated, recorded=real)
    recall = comparison.differences("recorded")["recall"]
    assert recall["metal"] == pytest.approx(real.classification_report().loc["metal", "recall"] - 0.89)
    assert comparison.differences("this build").empty
    page = BeautifulSoup(comparison.html(), "html.parser")
    tinted = page.select("td.mgc-synthetic")
    assert len(tinted) == 13 * 3 - 1, "with two results of ours the clips per genre stand in the captions"
    assert not any(c.startswith(("mgc-up", "mgc-down")) for cell in tinted for c in cell["class"])
    assert page.select("td.mgc-down-2, td.mgc-up-2")
    assert page.select_one("th .mgc-badge").text == "synthetic"


def test_the_caption_says_data_set_protocol_seeds_and_what_is_synthetic(real: Result, generated: Result) -> None:
    html = compare("cs464-2020/table-7", this_build=generated, recorded=real).html()
    caption = BeautifulSoup(html, "html.parser").select_one(".mgc-caption").text
    for words in ("gtzan", "random", "3 seeds", "synthetic music", "Wilson"):
        assert words in caption


def test_an_unknown_origin_is_not_shaded(real: Result) -> None:
    nameless = Result(real.predictions, real.genres, real.history, {}, {})
    assert compare("cs464-2020/table-7", this_build=nameless).differences("this build").empty


def test_several_records_get_a_block_each(real: Result) -> None:
    comparison = compare("cs464-2020/table-7", recorded={"gtzan": real, "gtzan-filtered": real, "absent": None})
    assert [s.name for s in comparison.sources] == ["reported", "recorded: gtzan", "recorded: gtzan-filtered"]


def test_columns_scroll_and_text_is_escaped() -> None:
    odd = make_result(genres=("<b>loud</b>", "quiet"), seeds=2)
    page = BeautifulSoup(compare("cs464-2020/table-7", this_build=odd).html(), "html.parser")
    assert page.select_one(".mgc-scroll > table.dataframe")
    assert page.find("th", string="<b>loud</b>") is not None


def test_a_confusion_matrix_is_held_against_the_known_diagonal(real: Result) -> None:
    table = compare("cs464-2020/table-7-matrix", recorded=real).table
    assert table.loc["all", ("reported", "hits")] == 127
    assert table.loc["all", ("reported", "clips")] == 200
    matrix = real.confusion_matrix() / 3
    assert table.loc["pop", ("recorded", "hits")] == pytest.approx(matrix.loc["pop", "pop"])
    unknown = compare("fma-densenet/figure-8", recorded=real)
    assert [s.name for s in unknown.sources] == ["recorded"]


def test_class_accuracies_are_compared_with_precision(real: Result) -> None:
    table = compare("cs464-2020/number-svm-class-accuracy", recorded=real).table
    assert list(table.index) == ["blues", "classical", "country"]
    assert table.loc["blues", ("recorded", "value")] == real.classification_report().loc["blues", "precision"]


def test_the_mean_over_the_listed_classes_is_compared(real: Result) -> None:
    table = compare("cs464-2020/number-svm-class-accuracy", recorded=real, metric="class_precision").table
    listed = real.classification_report().loc[["blues", "classical", "country"], "precision"]
    assert table.loc["per_class", ("recorded", "value")] == pytest.approx(listed.mean())


def test_what_is_not_defined_is_not_measured(real: Result) -> None:
    only_pop = Result(real.predictions[real.predictions["genre"] == "pop"], real.genres)
    assert measure(only_pop, "auc") is None
    assert measure(only_pop, "accuracy") is not None


def test_an_interval_over_seeds_stays_in_the_range_of_its_metric(real: Result) -> None:
    mine = measure(real, "class_recall", genres=real.genres[:1])
    assert 0 <= mine.low <= mine.mean <= mine.high <= 1


def test_a_report_with_an_f1_of_its_own_is_held_against_that(real: Result) -> None:
    table = compare("fma-densenet/table-2", recorded=real, value="rows.DenseNet").table
    assert table.loc["rows.DenseNet.f1", ("recorded", "value")] == pytest.approx(real.metric("f1_of_means").mean())


def test_a_training_log_is_compared_epoch_by_epoch(real: Result) -> None:
    table = compare("agh-2023/listing-training-log", recorded=real).table
    assert table.loc["epoch 4", ("reported", "val_accuracy")] == 0.4219
    assert table.loc["epoch 4", ("recorded", "val_accuracy")] == pytest.approx(0.2)
    assert np.isnan(table.loc["epoch 12", ("recorded", "loss")])


def test_a_best_epoch_is_compared_but_never_shaded(real: Result) -> None:
    comparison = compare("techno/listing-run-1", recorded=real)
    table = comparison.table
    assert table.loc["best_epoch", ("recorded", "value")] == pytest.approx(3.0)
    assert table.loc["train_accuracy", ("recorded", "value")] == pytest.approx(0.3)
    differences = comparison.differences("recorded")["value"]
    assert np.isnan(differences["best_epoch"])
    assert np.isnan(differences["train_loss"])
    assert not np.isnan(differences["validation_accuracy"])


def test_an_epoch_by_another_name_is_compared_when_the_metric_says_so(real: Result) -> None:
    stopping = {"value": "stop_epoch", "metric": "best_epoch"}
    table = compare("cs464-2020/number-1d-cnn-raw-stopping", recorded=real, **stopping).table
    assert table.loc["stop_epoch"].tolist() == [22, pytest.approx(3.0)]


def test_one_number_or_a_group_of_a_table_can_be_named(real: Result) -> None:
    one = compare("fma-densenet/table-2", recorded=real, value="rows.DenseNet.accuracy")
    assert one.table.loc["rows.DenseNet.accuracy", ("recorded", "value")] == real.interval("ovr_accuracy").mean
    group = compare("fma-densenet/table-2", value="rows.DenseNet")
    assert list(group.table["reported", "value"]) == [0.574, 0.892, 0.578, 0.571]


def test_settings_are_compared_by_name(real: Result) -> None:
    table = compare("cs464-2020/number-svm-hyperparameters", recorded=real).table
    assert table.loc["C", ("reported", "value")] == table.loc["C", ("recorded", "value")] == 100


@pytest.mark.parametrize(
    ("item_id", "metric", "printed", "split"),
    [
        ("cs464-2020/number-svm-resolution", "accuracy", 0.64, "test"),
        ("techno/table-3", None, 93 / 150, "test"),
        ("techno/table-2", "weighted_f1", 0.79, "test"),
        ("zewail-2022/number-efficientnetb0", None, 0.80, "validation"),
        ("agh-2023/table-1", None, 0.869, "test"),
        ("fma-densenet/table-2", "ovr_accuracy", 0.864, "test"),
        ("cs464-2020/number-1d-cnn-mel-range", None, (0.5, 0.66), "test"),
    ],
)
def test_the_claim_behind_an_item(item_id: str, metric: str | None, printed: object, split: str) -> None:
    stated = claim(reports.item(item_id), None, metric)
    assert stated.printed == pytest.approx(printed)
    assert stated.split == split
    assert metric in (None, stated.metric)


def test_every_metric_of_ours_can_be_declared_and_no_other() -> None:
    assert {*METRICS, "best_epoch"} == METRIC_NAMES


def test_a_score_that_is_not_printed_follows_from_the_rows_and_says_so() -> None:
    stated = claim(reports.item("techno/table-3"), None, "weighted_f1")
    assert stated.from_rows
    assert stated.printed == pytest.approx(0.6247, abs=0.003)


def test_training_scores_come_from_the_history_at_the_best_epoch(real: Result) -> None:
    mine = measure(real, "accuracy", "train")
    assert (mine.mean, mine.kind, mine.n) == (pytest.approx(0.3), "history", 3)
    assert measure(real, "auc", "train") is None


TECHNO = [
    ("Conv2D", (128, 128, 32), 320),
    ("MaxPooling2D", (64, 64, 32), 0),
    ("Conv2D", (64, 64, 64), 18496),
    ("Conv2D", (32, 32, 128), 73856),
    ("Dense", (256,), 8388864),
    ("Dense", (5,), 1285),
]


def test_an_architecture_is_compared_layer_by_layer() -> None:
    entry = reports.item("techno/listing-cnn")
    same = compare(entry, this_build=TECHNO)
    assert same.verdict is True
    assert (
        same.table.loc["total", ("reported", "params")] == same.table.loc["total", ("this build", "params")] == 8482821
    )
    assert "same structure" in same.html()
    swapped = [TECHNO[2], TECHNO[1], TECHNO[0], *TECHNO[3:]]
    assert compare(entry, this_build=swapped).verdict is False
    assert "Not the same structure" in compare(entry, this_build=TECHNO[:-1]).html()


def test_printed_output_sizes_must_agree_in_any_order_of_axes() -> None:
    entry = reports.item("cs464-2020/appendix-c")
    printed = entry.values["layers"]  # noqa: PD011
    channels_last = [
        (row["layer"], (*row["output_shape"][2:], row["output_shape"][1]), row["params"]) for row in printed
    ]
    assert same_structure(entry, channels_last)
    name, (height, width, channels), params = channels_last[0]
    assert not same_structure(entry, [(name, (height + 1, width, channels), params), *channels_last[1:]])
    assert not same_structure(reports.item("zewail-2022/number-fcn-architecture"), TECHNO)


@pytest.mark.parametrize(
    ("item_id", "shape", "genres"),
    [
        ("techno/listing-cnn", (128, 128, 1), 5),
        ("cs464-2020/appendix-c", (400, 400, 3), 10),
        ("cs464-2020/appendix-d", (400, 1000, 3), 10),
        ("cs464-2020/listing-1d-cnn-raw", (551250, 1), 10),
        ("cs464-2020/listing-lstm", (400, 1200), 10),
        ("fma-densenet/number-densenet-architecture", None, 8),
    ],
)
def test_the_input_of_a_reported_architecture(item_id: str, shape: tuple[int, ...] | None, genres: int) -> None:
    entry = reports.item(item_id)
    assert (input_shape(entry), n_genres(entry)) == (shape, genres)
