"""Networks that are shown pieces: which ones in training, all of them when asked, kept and asked again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mgclib import ablation, ensemble, fitted
from mgclib.crops import CropClassifier, asked_of_crops
from mgclib.datasets.dataset import Dataset
from mgclib.errors import ParameterError, RunError
from mgclib.features import crops
from mgclib.inputs import MelPictures
from mgclib.networks import Training, asked
from mgclib.results import Result
from mgclib.training import run_seeds

SHORT = Training(epochs=2, batch_size=8, optimizer="adamw", weight_decay=0.01, schedule="cosine", monitor=None)


@pytest.fixture(scope="module")
def toy() -> tuple[Dataset, np.ndarray]:
    names = [f"g{genre}.{track}" for genre in range(2) for track in range(12)]
    clips = pd.DataFrame({"genre": [name[:2] for name in names], "track_id": names, "artist": None, "path": None})
    clips.index = pd.Index(names, name="clip_id")
    dataset = Dataset(
        "toy", clips.assign(start_s=0.0, duration_s=1.0), ("g0", "g1"), "none", "none", 1.0, synthetic=True
    )
    noise = np.random.default_rng(0).integers(0, 60, (24, 16, 40, 1))
    noise[dataset.labels == 1, :8] += 120
    return dataset, noise.astype(np.uint8)


def test_a_network_sees_random_pieces_and_is_asked_about_all(toy, tmp_path):
    dataset, x = toy
    seen = []

    def spy(pieces, y, rng):
        seen.append(pieces.copy())
        return pieces, y

    model = CropClassifier("recipe-cnn", 2, SHORT, 0, {"base": 2}, False, augment=spy, columns=16, count=3, repeats=2)
    model.fit(x, dataset.labels, (x[:4], dataset.labels[:4]))
    assert {pieces.shape[1:] for pieces in seen} == {(16, 16, 1)}
    assert sum(map(len, seen)) >= 2 * 2 * 24  # Keras looks at some batches before it begins
    windows = {x[k, :, start : start + 16].tobytes() for k in range(24) for start in range(25)}
    assert all(piece.tobytes() in windows for pieces in seen for piece in pieces)
    expected = np.mean([asked(model.model, crops(x, 3, 16)[:, number]) for number in range(3)], axis=0)
    np.testing.assert_allclose(model.predict_proba(x), expected, rtol=1e-6)
    assert model.history["epoch"].tolist() == [1, 2]
    assert model.history["best"].tolist() == [False, True]
    kept = fitted.load(fitted.keep(tmp_path / "model", model, MelPictures(16, 40), dataset, {}))
    np.testing.assert_allclose(kept.classifier.predict_proba(x), asked_of_crops(model.model, x, 16, 3), atol=0.02)


def test_the_rate_rises_and_falls_along_a_cosine():
    from mgclib.models.backend import import_keras
    from mgclib.networks import _optimizer

    rate = _optimizer(import_keras(), Training(epochs=10, learning_rate=0.1, schedule="cosine"), 20)._learning_rate
    values = [float(rate(step)) for step in (0, 10, 105, 200)]
    np.testing.assert_allclose(values, [0.005, 0.1, 0.1 * (0.99 * 0.5 + 0.01), 0.001], rtol=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CropClassifier("recipe-cnn", 2, columns=0), "columns=0 must be a positive integer"),
        (lambda: CropClassifier("mobilenet", 2, frozen=True), "leave frozen out"),
        (lambda: Training(schedule="linear"), "schedule is 'cosine' or None"),
        (lambda: Training(schedule="cosine", reduce_patience=3), "one of the two decides"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


class Blurred:
    """Knows the genres, but for noise that its seed decides."""

    asked: list[int] = []  # noqa: RUF012

    def __init__(self, noise: float, seed: int) -> None:
        self.noise, self.seed = noise, seed

    def fit(self, x, y):
        return self

    def predict_proba(self, x):
        type(self).asked.append(len(x))
        right = np.eye(2)[(x.mean(axis=(1, 2, 3)) > 60).astype(int)]
        odds = np.exp(3 * right + np.random.default_rng(self.seed).normal(0, self.noise, right.shape))
        return odds / odds.sum(axis=1, keepdims=True)


def test_what_is_tried_is_not_shown_the_test_clips_and_stays_with_the_result(toy, tmp_path):
    how = {"protocol": "stratified", "sizes": (0.5, 0.25, 0.25), "verbose": False}
    makers = {"worse": lambda seed: Blurred(8.0, seed), "better": lambda seed: Blurred(0.1, seed)}
    Blurred.asked.clear()
    tries = ablation.run_conditions(*toy, makers, main="better", seeds=(0, 1), hide_test=True, **how)
    assert set(Blurred.asked) == {6}
    assert tries.parts == ("validation",)
    tried = ensemble.members(tries)
    final = ensemble.with_others(run_seeds(*toy, makers["better"], seeds=(0, 1), **how), tried)
    final.save(tmp_path)
    read = ensemble.members(Result.load(tmp_path), ensemble.OTHER)
    table = ablation.steps(read, {"better": "worse"})
    for name in makers:
        assert table.loc[name, "mean"] == pytest.approx(tried[name].metric("accuracy", "validation").mean())
    assert table.loc["better", "gain"] == pytest.approx(table.loc["better", "mean"] - table.loc["worse", "mean"])
    assert np.isnan(table.loc["worse", "gain"])
    with pytest.raises(ParameterError, match="builds on 'nothing'"):
        ablation.steps(read, {"better": "nothing"})


def test_seeds_that_were_asked_about_the_same_clips_can_vote_together(toy):
    dataset, x = toy
    listed = pd.Series(["train", "test"] * 12, dataset.clips.index)
    one = Dataset(**{**vars(dataset), "lists": {"fault-filtered": listed}})
    result = run_seeds(one, x, lambda s: Blurred(4.0, s), protocol="fault-filtered", seeds=(0, 1, 2), verbose=False)
    joined = ensemble.across_seeds(result)
    assert f"{len(result.seeds)} seeds voting together ({', '.join(map(str, result.seeds))})" in joined.caption()
    mean = np.mean([result.arrays("test", seed)[1] for seed in (0, 1, 2)], axis=0)
    np.testing.assert_allclose(joined.arrays("test")[1], mean, rtol=1e-5)
    other = run_seeds(dataset, x, lambda s: Blurred(4.0, s), protocol="stratified", seeds=(0, 1), verbose=False)
    with pytest.raises(RunError, match="published list"):
        ensemble.across_seeds(other)
