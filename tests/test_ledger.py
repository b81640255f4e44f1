"""The ledger: every item has a row, and a verdict says no more than what was run."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mgclib import experiments, ledger, records, reports
from mgclib.ensemble import side_by_side
from mgclib.errors import ParameterError
from mgclib.ledger import structures
from mgclib.reports.claims import Claim, Measured
from mgclib.results import Result, predictions_frame

GTZAN = tuple(reports.item("cs464-2020/table-7").values["per_class"])  # noqa: PD011
CNN = [["Conv2D", [128, 128, 32], 320], ["Conv2D", [64, 64, 64], 18496], ["Conv2D", [32, 32, 128], 73856]]
CNN += [["Dense", [256], 8388864], ["Dense", [5], 1285]]


def make_result(
    accuracies: tuple[float, ...], *, synthetic: bool = False, name: str = "gtzan", **parameters: object
) -> Result:
    """Return a result with 200 test clips per seed and these test accuracies, on the data set `name`."""
    frames = []
    for seed, accuracy in enumerate(accuracies):
        true = np.arange(200) % 10
        named = np.where(np.arange(200) < round(200 * accuracy), true, (true + 1) % 10)
        ids = [f"{seed}.{k}" for k in range(200)]
        clips = pd.DataFrame({"genre": [GTZAN[k] for k in true], "track_id": ids}, index=pd.Index(ids, name="clip_id"))
        probabilities = np.full((200, 10), 0.01, dtype=np.float32)
        probabilities[np.arange(200), named] = 0.91
        frames.append(predictions_frame(clips, "test", probabilities, GTZAN, seed))
    dataset = {"name": "synthetic" if synthetic else name, "synthetic": synthetic, "fingerprint": "0" * 16}
    return Result(pd.concat(frames, ignore_index=True), GTZAN, pd.DataFrame(), parameters, {"dataset": dataset})


def make_plan(**reproduces: dict) -> experiments.Matrix:
    """Return a run matrix with one experiment per keyword, on synthetic music and on GTZAN."""
    profiles = {
        name: experiments.Profile(name, name, dataset, synthetic)
        for name, dataset, synthetic in (
            ("demo", "synthetic", True),
            ("gtzan", "gtzan", False),
            ("gtzan-filtered", "gtzan", False),
            ("gtzan3", "gtzan3", False),
        )
    }
    entries = {
        name: experiments.Experiment(
            name, name.title(), "svm_pixels", None, f"page-{name}", {}, {"C": 100.0}, {"demo": {}, "gtzan": {}}, items
        )
        for name, items in reproduces.items()
    }
    return experiments.Matrix(Path("notebooks/experiments.yaml"), profiles, entries)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch):
    """Return a function that says which records and which results of this build exist."""

    def set_up(recorded: dict | None = None, this_build: dict | None = None) -> None:
        monkeypatch.setattr(records, "read", lambda profile, name: (recorded or {}).get((profile, name)))
        monkeypatch.setattr(experiments, "result", lambda profile, name, plan=None: (this_build or {}).get(name))

    return set_up


def row_of(frame: pd.DataFrame, item_id: str) -> pd.Series:
    return frame.set_index("item").loc[item_id]


def test_every_item_has_a_row_from_day_one(ran) -> None:
    ran()
    frame = ledger.ledger(plan=make_plan())
    assert list(frame.columns) == list(ledger.COLUMNS)
    assert list(frame["item"]) == [entry.id for entry in reports.items()]
    assert set(frame["verdict"]) == {"not yet"}
    assert (frame["reported"] != "").all()
    assert (frame[["recorded", "this_build", "page"]] == "").all(axis=None)


@pytest.mark.parametrize(
    ("accuracies", "verdict"),
    [
        ((0.62, 0.64, 0.65), "reproduced"),
        ((0.50, 0.51, 0.52), "lower"),
        ((0.80, 0.81, 0.82), "higher"),
    ],
)
def test_the_interval_on_the_reports_own_data_decides(ran, accuracies: tuple[float, ...], verdict: str) -> None:
    mine = make_result(accuracies)
    ran({("gtzan", "svm"): mine})
    row = row_of(
        ledger.ledger(plan=make_plan(svm={"cs464-2020/table-7": {"metric": "accuracy"}})), "cs464-2020/table-7"
    )
    interval = mine.interval("accuracy")
    assert row["verdict"] == verdict
    assert row["recorded"] == f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
    assert row["page"] == "page-svm"


def test_a_number_belongs_to_its_result_and_not_to_the_next_at_its_place(ran) -> None:
    ran()
    evidence = ledger.Evidence(make_plan(), "demo")
    stated = Claim("accuracy", 0.5, "accuracy", "test")
    made = {accuracy: make_result((accuracy,)) for accuracy in (0.2, 0.4, 0.6, 0.8)}
    for accuracy, result in made.items():
        gone = dataclasses.replace(result)  # the next one takes its place in memory
        assert evidence.measured(gone, stated, {}).mean == pytest.approx(accuracy)
        del gone


def test_synthetic_music_decides_nothing_and_is_marked(ran) -> None:
    ran(this_build={"svm": make_result((0.635, 0.635, 0.64), synthetic=True)})
    row = row_of(
        ledger.ledger(plan=make_plan(svm={"cs464-2020/table-7": {"metric": "accuracy"}})), "cs464-2020/table-7"
    )
    assert row["verdict"] == "not yet"
    assert row["recorded"] == ""
    assert row["this_build"].endswith("(synthetic)")


def test_another_protocol_is_no_reproduction(ran) -> None:
    ran({("gtzan-filtered", "svm"): make_result((0.63, 0.64, 0.65))})
    row = row_of(
        ledger.ledger(plan=make_plan(svm={"cs464-2020/table-7": {"metric": "accuracy"}})), "cs464-2020/table-7"
    )
    assert (row["verdict"], row["recorded"]) == ("not yet", "")


def test_a_run_on_real_music_in_this_build_counts_like_a_record(ran) -> None:
    ran(this_build={"svm": make_result((0.63, 0.64, 0.65))})
    frame = ledger.ledger("gtzan", plan=make_plan(svm={"cs464-2020/table-7": {"metric": "accuracy"}}))
    assert row_of(frame, "cs464-2020/table-7")["verdict"] == "reproduced"


def test_data_that_cannot_be_had_is_other_data_once_the_method_ran(ran) -> None:
    plan = make_plan(cnn={"techno/table-2": {"metric": "accuracy"}, "techno/table-3": {"metric": "weighted_f1"}})
    ran()
    assert row_of(ledger.ledger(plan=plan), "techno/table-2")["verdict"] == "not yet"
    ran(this_build={"cnn": make_result((0.7, 0.8), synthetic=True)})
    frame = ledger.ledger(plan=plan)
    assert row_of(frame, "techno/table-2")["verdict"] == "other data"
    assert row_of(frame, "techno/table-3")["verdict"] == "not yet"


def test_a_record_on_other_recordings_is_other_data_under_its_name(ran) -> None:
    items = {"cs464-2020/table-1": {"metric": "accuracy"}}
    few = make_result((0.90, 0.91, 0.92), name="gtzan3")
    ran({("gtzan3", "waveform"): few})
    row = row_of(ledger.ledger(plan=make_plan(waveform=items)), "cs464-2020/table-1")
    interval = few.interval("accuracy")
    assert row["verdict"] == "other data"
    assert row["recorded"] == f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}] (gtzan3)"
    ran({("gtzan3", "waveform"): few, ("gtzan", "waveform"): make_result((0.50, 0.51, 0.52))})
    row = row_of(ledger.ledger(plan=make_plan(waveform=items)), "cs464-2020/table-1")
    assert row["verdict"] == "reproduced", "the report's own data speak where they are at hand"
    assert row["recorded"].startswith("0.510 [")
    assert "gtzan3" not in row["recorded"]


def test_another_protocol_on_the_reports_data_is_not_other_data(ran) -> None:
    ran({("gtzan-filtered", "waveform"): make_result((0.50, 0.51, 0.52))})
    plan = make_plan(waveform={"cs464-2020/table-1": {"metric": "accuracy"}})
    row = row_of(ledger.ledger(plan=plan), "cs464-2020/table-1")
    assert (row["verdict"], row["recorded"]) == ("not yet", "")


SPLIT = "cs464-2020/number-1d-cnn-mel-split"
"""700 clips to train on, 100 to validate, 200 to test, shuffled."""


@pytest.mark.parametrize(
    ("facts", "verdict", "same"),
    [
        ({"train": 700, "test": 200, "shuffled": True}, "exact", "3 of 4 the same"),
        ({"train": 699, "test": 200, "shuffled": True}, "not yet", "2 of 4 the same"),
        ({"train": 700, "shuffled": True}, "not yet", "2 of 4 the same"),
        ({}, "not yet", "0 of 4 the same"),
    ],
)
def test_what_a_run_found_out_about_its_data_is_held_against_the_report(ran, facts, verdict, same) -> None:
    names = {"train": "facts.train", "test": "facts.test", "shuffled": "facts.shuffled"}
    plan = make_plan(cnn={SPLIT: {"parameters": names}})
    ran({("gtzan", "cnn"): make_result((0.6, 0.62), facts=facts)})
    row = row_of(ledger.ledger(plan=plan), SPLIT)
    assert (row["verdict"], row["recorded"], row["reported"]) == (verdict, same, "4 settings")
    ran({("gtzan", "cnn"): make_result((0.6, 0.62), **facts)})
    assert row_of(ledger.ledger(plan=plan), SPLIT)["verdict"] == "not yet", "a parameter of that name is no fact"


@pytest.mark.parametrize(("seconds", "verdict"), [(10.0, "exact"), (8.0, "not yet"), (None, "not yet")])
def test_the_data_set_and_how_it_was_loaded_are_held_against_the_report(ran, seconds, verdict) -> None:
    item = "techno/number-gtzan-dataset"
    names = {"genres": "dataset.n_genres", "snippet_seconds": "dataset_options.snippet_seconds"}
    result = make_result((0.6, 0.62))
    result.provenance["dataset"]["n_genres"] = 10
    result.provenance["parameters"] = {"dataset_options": {} if seconds is None else {"snippet_seconds": seconds}}
    ran({("gtzan", "cnn"): result})
    assert row_of(ledger.ledger(plan=make_plan(cnn={item: {"parameters": names}})), item)["verdict"] == verdict


def test_settings_on_other_recordings_count_and_the_others_are_other_data(ran) -> None:
    plan = make_plan(cnn={SPLIT: {"parameters": {"train": "facts.train", "shuffled": "facts.shuffled"}}})
    ran({("gtzan3", "cnn"): make_result((0.6, 0.62), name="gtzan3", facts={"train": 126, "shuffled": True})})
    row = row_of(ledger.ledger(plan=plan), SPLIT)
    assert (row["verdict"], row["recorded"]) == ("other data", "1 of 4 the same (gtzan3)")
    ran(this_build={"cnn": make_result((0.6, 0.62), synthetic=True, facts={"train": 700, "shuffled": True})})
    row = row_of(ledger.ledger(plan=plan), SPLIT)
    assert (row["verdict"], row["recorded"], row["this_build"]) == ("not yet", "", ""), (
        "generated music settles nothing"
    )


def test_the_stop_is_judged_by_the_validation_accuracy_that_the_report_found(ran) -> None:
    item = "cs464-2020/number-1d-cnn-mel-stopping"
    plan = make_plan(cnn={item: {"metric": "accuracy", "value": "validation_accuracy_range"}})
    for heights, verdict in (((0.58, 0.60, 0.62), "reproduced"), ((0.30, 0.31, 0.32), "lower")):
        tested = make_result((0.9, 0.9, 0.9))
        history = pd.DataFrame({"seed": range(3), "epoch": 9, "accuracy": 0.81, "val_accuracy": heights, "best": True})
        ran({("gtzan", "cnn"): Result(tested.predictions, GTZAN, history, {}, tested.provenance)})
        row = row_of(ledger.ledger(plan=plan), item)
        assert row["reported"] == "validation accuracy 0.55 to 0.65"
        assert row["recorded"].startswith(f"{np.mean(heights):.3f} [")
        assert row["verdict"] == verdict


def test_a_page_that_only_draws_shows_a_figure_once_it_was_executed(ran, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(drawing={"cs464-2020/table-7-matrix": {"shows": "confusion matrix"}})
    drawing = dataclasses.replace(plan.experiments["drawing"], trains=False)
    plan = dataclasses.replace(plan, experiments={"drawing": drawing})
    ran()
    for executed, verdict in ((None, "not yet"), (Path("notebook.ipynb"), "shown")):
        monkeypatch.setattr(experiments, "executed", lambda profile, name, plan=None, found=executed: found)
        assert row_of(ledger.ledger(plan=plan), "cs464-2020/table-7-matrix")["verdict"] == verdict


def test_a_figure_is_shown_once_something_drew_it(ran) -> None:
    plan = make_plan(svm={"cs464-2020/table-7-matrix": {"shows": "confusion matrix"}})
    ran()
    assert row_of(ledger.ledger(plan=plan), "cs464-2020/table-7-matrix")["verdict"] == "not yet"
    ran(this_build={"svm": make_result((0.7, 0.8), synthetic=True)})
    row = row_of(ledger.ledger(plan=plan), "cs464-2020/table-7-matrix")
    assert (row["verdict"], row["this_build"]) == ("shown", "figure (synthetic)")


def test_of_two_experiments_the_one_with_a_record_speaks(ran) -> None:
    claim = {"cs464-2020/table-7": {"metric": "accuracy"}}
    ran({("gtzan", "second"): make_result((0.63, 0.64, 0.65))})
    row = row_of(ledger.ledger(plan=make_plan(first=claim, second=claim)), "cs464-2020/table-7")
    assert (row["verdict"], row["page"]) == ("reproduced", "page-second")


def test_one_genre_and_the_mean_of_listed_genres_can_be_judged(ran) -> None:
    mine = make_result((0.6, 0.65, 0.7))
    ran({("gtzan", "svm"): mine})
    items = {
        "cs464-2020/table-7": {"metric": "recall", "genre": "metal"},
        "cs464-2020/number-svm-class-accuracy": {"metric": "class_precision"},
    }
    frame = ledger.ledger(plan=make_plan(svm=items))
    expected = np.mean([mine.classification_report(seed=s).loc["metal", "recall"] for s in mine.seeds])
    assert row_of(frame, "cs464-2020/table-7")["recorded"].startswith(f"{expected:.3f} [")
    listed = mine.classification_report().loc[["blues", "classical", "country"], "precision"].mean()
    assert row_of(frame, "cs464-2020/number-svm-class-accuracy")["recorded"].startswith(f"{listed:.3f} [")


def test_one_of_several_models_in_a_result_is_judged(ran) -> None:
    kept = side_by_side({"good": make_result((0.62, 0.64, 0.65)), "bad": make_result((0.2, 0.21, 0.22))}, "bad")
    ran({("gtzan", "svm"): kept})
    found = {}
    for member in ("good", "bad", "absent"):
        claim = {"cs464-2020/table-7": {"metric": "accuracy", "member": member}}
        found[member] = row_of(ledger.ledger(plan=make_plan(svm=claim)), "cs464-2020/table-7")["verdict"]
    assert found == {"good": "reproduced", "bad": "lower", "absent": "not yet"}


def test_weights_that_are_missing_make_it_other_data_until_someone_has_them(ran) -> None:
    item = "cs464-2020/table-7"
    claim = {item: {"metric": "accuracy", "requires": "weights", "instead": "small"}}
    plan = make_plan(large=claim, small={})
    ran()
    assert row_of(ledger.ledger(plan=plan), item)["verdict"] == "not yet"
    without = make_result((0.62, 0.64, 0.65), weights=None)
    small = make_result((0.5, 0.51, 0.52), weights="small.h5")
    ran({("gtzan", "large"): without, ("gtzan", "small"): small})
    row = row_of(ledger.ledger(plan=plan), item)
    assert row["verdict"] == "other data"
    assert row["recorded"].startswith("0.510 [")
    assert row["recorded"].endswith("(small)")
    ran({("gtzan", "large"): make_result((0.62, 0.64, 0.65), weights="large.h5"), ("gtzan", "small"): small})
    row = row_of(ledger.ledger(plan=plan), item)
    assert row["verdict"] == "reproduced"
    assert "(small)" not in row["recorded"]


def test_the_exact_share_is_judged_not_the_rounded_one() -> None:
    stated = Claim("accuracy", 0.64, "accuracy", "test", 127, 200)
    assert ledger.judge(stated, Measured(0.62, 0.60, 0.636)) == "reproduced"
    assert ledger.judge(stated, Measured(0.62, 0.60, 0.634)) == "lower"
    assert ledger.judge(Claim("accuracy_range", (0.5, 0.66), "accuracy"), Measured(0.68, 0.65, 0.71)) == "reproduced"
    assert ledger.judge(Claim("accuracy", 0.5, "accuracy"), Measured(0.51)) == "higher"


def test_the_same_structure_is_exact_and_built_only_once(ran, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    built = []

    def structure(name: str, shape: tuple[int, ...], genres: int) -> list:
        built.append((name, shape, genres))
        return CNN

    monkeypatch.setattr(structures, "project_root", lambda: tmp_path)
    monkeypatch.setattr("mgclib.models.structure", structure)
    ran()
    plan = make_plan(cnn={"techno/listing-cnn": {"structure": "techno-cnn"}})
    for _ in range(2):
        assert row_of(ledger.ledger(plan=plan), "techno/listing-cnn")["verdict"] == "exact"
    assert built == [("techno-cnn", (128, 128, 1), 5)]
    (tmp_path / "runs" / "structures.json").write_text("half of a fi", encoding="utf-8")
    assert row_of(ledger.ledger(plan=plan), "techno/listing-cnn")["verdict"] == "exact"
    assert len(built) == 2


@pytest.mark.parametrize(("last", "verdict"), [(1285, "exact"), (1280, "lower"), (1290, "higher")])
def test_a_network_of_another_size_is_higher_or_lower(
    ran, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, last: int, verdict: str
) -> None:
    monkeypatch.setattr(structures, "project_root", lambda: tmp_path)
    monkeypatch.setattr("mgclib.models.structure", lambda *_: [*CNN[:-1], ["Dense", [5], last]])
    ran()
    plan = make_plan(cnn={"techno/listing-cnn": {"structure": "techno-cnn"}})
    assert row_of(ledger.ledger(plan=plan), "techno/listing-cnn")["verdict"] == verdict


def test_what_the_text_does_not_keep_is_lost_whatever_ran(ran) -> None:
    ran()
    plan = make_plan(cnn={"fma-densenet/figure-14": {"lost": "a picture without a caption"}})
    row = row_of(ledger.ledger(plan=plan), "fma-densenet/figure-14")
    assert (row["verdict"], row["recorded"], row["this_build"]) == ("lost", "", "")


def test_the_home_profile_of_a_data_set_is_never_other_data() -> None:
    plan = experiments.matrix()
    others = ledger.other_profiles(plan, "fma-small")
    assert not {"fma-small", "fma-small-official"} & set(others)
    assert {"gtzan", "gtzan3"} <= set(others)
    assert not {"gtzan", "gtzan-filtered"} & set(ledger.other_profiles(plan, "gtzan"))


def test_a_network_that_does_not_exist_is_not_exact(ran, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(structures, "project_root", lambda: tmp_path)
    ran()
    plan = make_plan(cnn={"techno/listing-cnn": {"structure": "no-such-network"}})
    assert row_of(ledger.ledger(plan=plan), "techno/listing-cnn")["verdict"] == "not yet"


@pytest.mark.parametrize(
    ("names", "recorded", "verdict"),
    [
        ({"C": "C", "gamma": "gamma"}, {"C": 100.0, "gamma": 2**-14}, "exact"),
        ({"C": "C", "gamma": "gamma"}, {"C": 10.0, "gamma": 2**-14}, "not yet"),
        ({"C": "C", "gamma": "gamma"}, {"C": 100.0}, "not yet"),
        ({"C": "C", "gamma": "gamma"}, None, "not yet"),
        ({"C": "gamma"}, {"C": 100.0, "gamma": 2**-14}, "not yet"),
        ({}, {"C": 100.0, "gamma": 2**-14}, "not yet"),
    ],
)
def test_settings_are_exact_when_what_was_recorded_has_them(ran, names: dict, recorded: dict, verdict: str) -> None:
    ran(recorded={("gtzan", "svm"): make_result((0.6, 0.62), **recorded)} if recorded else None)
    plan = make_plan(svm={"cs464-2020/number-svm-hyperparameters": {"parameters": names}})
    assert row_of(ledger.ledger(plan=plan), "cs464-2020/number-svm-hyperparameters")["verdict"] == verdict


def test_a_public_data_set_that_was_not_run_is_not_other_data(ran) -> None:
    ran(this_build={"cnn": make_result((0.7, 0.8), synthetic=True)})
    plan = make_plan(cnn={"fma-densenet/table-2": {"metric": "ovr_accuracy"}})
    assert row_of(ledger.ledger(plan=plan), "fma-densenet/table-2")["verdict"] == "not yet"


def test_what_an_item_claims_is_said_in_a_few_words() -> None:
    from mgclib.reports.claims import claim

    def said(item_id: str) -> str:
        entry = reports.item(item_id)
        kinds = ("figure", "architecture", "confusion_matrix", "parameter_set")
        return ledger.reported(entry, None if entry.kind in kinds else claim(entry))

    assert said("cs464-2020/table-7") == "accuracy 0.64"
    assert said("cs464-2020/appendix-c") == "4,432,418 parameters"
    assert said("cs464-2020/table-7-matrix") == "127 of 200 on the diagonal"
    assert said("techno/table-3") == "accuracy 0.62 (from its rows)"
    assert said("zewail-2022/number-efficientnetb0") == "validation accuracy 0.8"
    assert said("cs464-2020/number-1d-cnn-mel-range") == "accuracy 0.5 to 0.66"
    assert said("agh-2023/figure-1") == "picture"


def test_an_unknown_profile_is_refused(ran) -> None:
    ran()
    with pytest.raises(Exception, match="no profile 'dmeo'"):
        ledger.ledger("dmeo", plan=make_plan())


def test_the_ledger_of_this_checkout_holds() -> None:
    frame = ledger.ledger()
    assert len(frame) == 192
    assert set(frame["verdict"]) <= set(ledger.VERDICTS)
    named = {item for entry in experiments.matrix().experiments.values() for item in entry.reproduces}
    rows = row_of(frame, sorted(named))
    assert ((rows["page"] == "") == (rows["verdict"] == "lost")).all()


def test_rendering_as_table_csv_and_json(ran) -> None:
    ran()
    frame = ledger.ledger(plan=make_plan())
    shown = ledger.render(frame)
    assert all(entry.id in shown for entry in reports.items())
    assert "192 items: 192 not yet" in shown
    assert ledger.render(frame, "csv").count("\n") == 193
    assert json.loads(ledger.render(frame, "json"))[0].keys() == set(ledger.COLUMNS)
    with pytest.raises(ParameterError, match="format='xml' must be one of table, csv, json"):
        ledger.render(frame, "xml")
