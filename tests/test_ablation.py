"""Conditions side by side: the same splits, paired differences, scores on clean and on mixed-up training clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mgclib import ablation, augment, ensemble
from mgclib.datasets.dataset import Dataset
from mgclib.errors import ParameterError
from mgclib.networks import Training
from mgclib.results import Result


@pytest.fixture(scope="module")
def toy() -> tuple[Dataset, np.ndarray]:
    rows = [
        {"clip_id": f"g{g}.{t}", "genre": f"g{g}", "track_id": f"g{g}.{t}", "artist": None, "path": None}
        for g in range(3)
        for t in range(20)
    ]
    clips = pd.DataFrame(rows).set_index("clip_id").assign(start_s=0.0, duration_s=1.0)
    dataset = Dataset("toy", clips, ("g0", "g1", "g2"), "none", "none", 1.0, synthetic=True)
    return dataset, np.eye(3)[dataset.labels] + np.random.default_rng(0).normal(0, 0.5, (60, 3))


class Guess:
    """A classifier that counts its fits and is blurred on purpose."""

    fits: list[tuple[float, int]] = []  # noqa: RUF012

    def __init__(self, blur: float, seed: int) -> None:
        self.blur, self.seed = blur, seed

    def fit(self, x, y):
        type(self).fits.append((self.blur, self.seed))
        return self

    def predict_proba(self, x):
        noise = np.random.default_rng(self.seed).normal(0, self.blur, x.shape)
        odds = np.exp(2 * (x + noise))
        return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)


def run(toy, folder: Path | None, seeds=(0, 1, 2)) -> Result:
    makers = {name: lambda seed, blur=blur: Guess(blur, seed) for name, blur in (("none", 1.0), ("both ways", 0.1))}
    how = {"protocol": "stratified", "sizes": (0.5, 0.2, 0.3), "seeds": seeds, "verbose": False}
    return ablation.run_conditions(*toy, makers, main="both ways", checkpoint_dir=folder, **how)


def test_all_conditions_are_tested_on_the_same_clips_and_survive_a_record(toy, tmp_path):
    result = run(toy, None)
    result.save(tmp_path / "record")
    read = ensemble.members(Result.load(tmp_path / "record"))
    assert list(read) == ["none", "both ways"]
    keys = [one.predictions[["seed", "split", "clip_id"]].to_numpy().tolist() for one in read.values()]
    assert keys[0] == keys[1]
    table = result.tables["ablation"].set_index(["condition", "seed"])
    for name, one in read.items():
        for metric, column in (("accuracy", "accuracy"), ("log_loss", "log_loss")):
            assert table.loc[name, column].tolist() == one.metric(metric).tolist()
        assert table.loc[name, "validation_accuracy"].tolist() == one.metric("accuracy", "validation").tolist()
    assert read["both ways"].metric("log_loss").mean() < read["none"].metric("log_loss").mean()


def test_scores_by_part_are_means_over_seeds(toy):
    result = run(toy, None)
    table = ablation.part_scores(result)
    assert list(table.index.get_level_values("part")) == ["validation", "test"] * 2
    assert table.loc[("none", "test"), "accuracy"] == pytest.approx(
        ensemble.members(result)["none"].metric("accuracy").mean()
    )
    scored = pd.DataFrame({"model": "none", "batches": ["clean", "augmented"] * 2, "seed": [0, 0, 1, 1]})
    scored = scored.assign(accuracy=[0.5, 0.1, 0.7, 0.3], auc=0.5, loss=1.0)
    more = ablation.part_scores(replace(result, tables={**result.tables, "training_scores": scored}))
    assert more.loc[("none", "train"), "accuracy"] == pytest.approx(0.6)
    assert more.loc[("none", "train, augmented"), "accuracy"] == pytest.approx(0.2)


def test_finished_conditions_are_read_back(toy, tmp_path):
    Guess.fits.clear()
    first = run(toy, tmp_path, seeds=(0, 1))
    assert len(Guess.fits) == 4
    again = run(toy, tmp_path, seeds=(0, 1, 2))
    assert Guess.fits[4:] == [(1.0, 2), (0.1, 2)]
    rows = again.tables["ablation"]
    pd.testing.assert_frame_equal(rows[rows["seed"] < 2].reset_index(drop=True), first.tables["ablation"])


def test_differences_are_paired_by_seed(toy):
    result = run(toy, None)
    row = ablation.differences(result).loc["both ways"]
    found = ensemble.members(result)
    gains = found["both ways"].metric("accuracy") - found["none"].metric("accuracy")
    low, high = stats.t.interval(0.95, 2, gains.mean(), stats.sem(gains))
    assert row[["mean", "low", "high"]].tolist() == pytest.approx([gains.mean(), low, high])
    assert row["survives"] == (low > 0)
    assert row["gains"] == tuple(gains)
    assert row["label"] == "95% t-interval over 3 seeds"


def test_a_difference_of_one_seed_is_over_its_test_tracks(toy):
    row = ablation.differences(run(toy, None, seeds=(0,)), "log_loss").loc["both ways"]
    assert row["low"] < row["mean"] < min(0, row["high"])  # the loss of the calmer one is lower
    assert row["survives"] == (row["high"] < 0)
    assert row["label"] == "95% bootstrap over 18 tracks"


def test_errors_name_what_there_is(toy):
    with pytest.raises(ParameterError, match="none of the conditions a"):
        ablation.run_conditions(*toy, {"a": Guess}, main="all", protocol="random", seeds=[0])
    with pytest.raises(ParameterError, match="conditions are none, both ways"):
        ablation.differences(run(toy, None, seeds=(0,)), base="nothing")


def test_soft_scores_are_those_of_keras():
    from mgclib.models.backend import import_keras

    keras = import_keras()
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), 400).astype(np.float32)
    hard = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 400)]
    soft = 0.7 * hard + 0.3 * np.roll(hard, 1, axis=0)
    for shares in (hard, soft):
        ours = ablation.soft_scores(shares, probabilities)
        for name, metric in (
            ("auc", keras.metrics.AUC()),
            ("accuracy", keras.metrics.CategoricalAccuracy()),
            ("loss", keras.metrics.CategoricalCrossentropy()),
        ):
            metric.update_state(shares, probabilities)
            assert ours[name] == pytest.approx(float(metric.result()), abs=2e-3)


def test_training_clips_are_scored_clean_and_mixed_up():
    rng = np.random.default_rng(0)
    labels = np.arange(48) % 3
    images = rng.integers(0, 90, (48, 16, 16, 1)).astype(np.uint8)
    for row, label in enumerate(labels):
        images[row, 5 * label : 5 * label + 4] += 150
    network = ablation.ScoredClassifier(
        "techno-cnn", 3, Training(epochs=12, batch_size=8), verbose=False, mixture=augment.agh_mixture()
    )
    table = network.fit(images, labels).tables["training_scores"].set_index("batches")
    hits = network.predict_proba(images).argmax(axis=1) == labels
    assert table.loc["clean", "accuracy"] == hits.mean() > 0.95
    assert table.loc["augmented", "auc"] < table.loc["clean", "auc"]
    assert table.loc["augmented", "loss"] > table.loc["clean", "loss"]
