"""Records: only real results, with everything that made them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from mgclib import records
from mgclib.datasets.dataset import Dataset
from mgclib.errors import ParameterError, RunError
from mgclib.results import Result

GENRES = ("blues", "jazz")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "experiments.yaml").write_text("")
    monkeypatch.setenv("MGC_PROJECT", str(tmp_path))
    return tmp_path


def result_of(*, synthetic: bool, seeds=(0, 1), provenance: dict | None = None) -> Result:
    ids = pd.Index([f"clip {k}" for k in range(40)], name="clip_id")
    genre = np.repeat(GENRES, 20)
    clips = pd.DataFrame(
        {"genre": genre, "track_id": ids, "artist": None, "path": None, "start_s": 0.0, "duration_s": 5.0}, index=ids
    )
    dataset = Dataset("toy", clips, GENRES, "none", "nobody", 5.0, synthetic=synthetic)
    origin = records.provenance(dataset) if provenance is None else provenance
    p = np.random.default_rng(0).uniform(0.2, 0.8, 40)
    return Result.concat(
        Result.from_arrays(
            clips,
            "test",
            np.stack([p, 1 - p], axis=1),
            GENRES,
            s,
            parameters={"protocol": "grouped"},
            provenance=origin,
        )
        for s in seeds
    )


def test_a_record_is_written_listed_and_read(checkout):
    result = result_of(synthetic=False)
    folder = records.write(result, "gtzan-filtered", "svm-pixels-360x120")
    assert folder == checkout / "book" / "records" / "gtzan-filtered" / "svm-pixels-360x120"
    pd.testing.assert_frame_equal(records.read("gtzan-filtered", "svm-pixels-360x120").predictions, result.predictions)
    row = records.available().iloc[0]
    assert row[["profile", "experiment", "dataset", "protocol", "n_seeds", "n_clips"]].tolist() == [
        "gtzan-filtered", "svm-pixels-360x120", "toy", "grouped", 2, 40,
    ]  # fmt: skip
    assert row["accuracy"] == pytest.approx(result.metric("accuracy").mean())
    assert row["low"] <= row["accuracy"] <= row["high"]


def test_the_records_of_an_experiment_come_by_profile(checkout):
    for profile in ("gtzan-filtered", "gtzan"):
        records.write(result_of(synthetic=False), profile, "cnn2d")
    records.write(result_of(synthetic=False), "gtzan", "svm")
    assert set(records.of("cnn2d")) == {"gtzan", "gtzan-filtered"}


def test_without_records_there_is_an_empty_table_and_none(checkout):
    assert records.available().empty
    assert "accuracy" in records.available()
    assert records.read("gtzan", "cnn2d") is None


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (result_of(synthetic=True), "synthetic music"),
        (result_of(synthetic=False, provenance={}), "does not say which data set"),
        (result_of(synthetic=False, provenance={"dataset": {"name": "x", "synthetic": False}}), "does not say which"),
    ],
)
def test_synthetic_or_unexplained_results_are_refused(checkout, result, message):
    with pytest.raises(RunError, match=message):
        records.write(result, "gtzan", "cnn2d")
    assert not records.path("gtzan", "cnn2d").exists()


def test_a_damaged_record_is_loud(checkout):
    folder = records.write(result_of(synthetic=False), "gtzan", "cnn2d")
    (folder / "predictions.parquet").write_bytes(b"")
    with pytest.raises(RunError, match=r"cnn2d.*does not fit"):
        records.read("gtzan", "cnn2d")


@pytest.mark.parametrize("name", ["../gtzan", "GTZAN", "", "a b"])
def test_names_stay_inside_the_records_folder(checkout, name):
    with pytest.raises(ParameterError, match="must consist of"):
        records.path(name, "cnn2d")
    with pytest.raises(ParameterError, match="must consist of"):
        records.path("gtzan", name)


def test_provenance_is_plain_json_and_names_what_matters():
    facts = json.loads(json.dumps(result_of(synthetic=False).provenance))
    assert facts["dataset"] == {**facts["dataset"], "name": "toy", "n_clips": 40, "n_genres": 2, "synthetic": False}
    assert len(facts["dataset"]["fingerprint"]) == 16
    assert facts["packages"]["numpy"] == np.__version__
    assert facts["hardware"]["cores"] >= 1
    assert pd.Timestamp(facts["time"]).utcoffset() == pd.Timedelta(0)
    assert facts["commit"] is None or len(facts["commit"]) == 40
