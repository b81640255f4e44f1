"""Training: the best epoch, the stopping rules, seeds that fix everything, and stops that lose nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgclib import metrics
from mgclib.datasets.dataset import Dataset
from mgclib.errors import DatasetError, ParameterError, RunError
from mgclib.results import Result
from mgclib.splits import split
from mgclib.training import KerasClassifier, Training, class_weights, precision_policy, run_seeds


def make_dataset(n_genres=3, tracks=8, clips_per_track=2) -> Dataset:
    rows = [
        {"clip_id": f"g{g}.{t}.{c}", "genre": f"g{g}", "track_id": f"g{g}.{t}", "artist": None, "path": None}
        for g in range(n_genres)
        for t in range(tracks)
        for c in range(clips_per_track)
    ]
    clips = pd.DataFrame(rows).set_index("clip_id").assign(start_s=0.0, duration_s=1.0)
    return Dataset("toy", clips, tuple(f"g{g}" for g in range(n_genres)), "none", "none", 1.0, synthetic=True)


def make_images(dataset: Dataset, size=16, seed=0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 60, (len(dataset), size, size, 1))
    for row, label in enumerate(dataset.labels):
        noise[row, 5 * label : 5 * label + 4] += 150
    return noise.astype(np.uint8)


@pytest.fixture(scope="module")
def toy():
    dataset = make_dataset()
    return dataset, make_images(dataset)


class CountingMachine:
    """A classifier without epochs that counts how often it was fitted."""

    fitted: list[int] = []  # noqa: RUF012

    def __init__(self, seed: int, n_genres: int = 3) -> None:
        self.seed, self.n_genres = seed, n_genres

    def fit(self, x, y):
        type(self).fitted.append(self.seed)
        self.means = np.stack([x[y == k].mean(axis=0) for k in range(self.n_genres)])
        return self

    def predict_proba(self, x):
        distance = np.square(x[:, None].astype(float) - self.means).mean(axis=(2, 3, 4))
        scores = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / 50)
        return scores / scores.sum(axis=1, keepdims=True)


def classifier(seed=0, **training):
    settings = {"epochs": 3, "batch_size": 8, "precision": "float32", **training}
    return KerasClassifier("techno-cnn", 3, Training(**settings), seed, verbose=False)


def test_network_learns_and_keeps_the_best_epoch(toy):
    dataset, x = toy
    y = dataset.labels
    model = classifier(epochs=6, class_weights=True).fit(x[::2], y[::2], validation=(x[1::2], y[1::2]))
    history = model.history
    assert list(history["epoch"]) == list(range(1, len(history) + 1))
    assert history["best"].sum() == 1
    best = history.loc[history["best"]].iloc[0]
    assert best["val_loss"] == history["val_loss"].min()
    probabilities = model.predict_proba(x[1::2])
    loss = -np.log(probabilities[np.arange(len(y[1::2])), y[1::2]]).mean()
    assert loss == pytest.approx(best["val_loss"], rel=1e-3)  # the kept weights are those of the best epoch
    assert (probabilities.argmax(axis=1) == y[1::2]).mean() > 0.9


@pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow", reason="only TensorFlow traces steps"
)
@pytest.mark.parametrize(
    ("augment", "more"),
    [
        (None, {}),
        (None, {"follow_f1": True, "optimizer": "adamw", "schedule": "cosine"}),
        (lambda x, y, rng: (x, y), {"weight_decay": 0.01}),
    ],
    ids=["plain", "f1-adamw-cosine", "augmented-decay"],
)
def test_a_step_is_traced_once(toy, monkeypatch, augment, more):
    """TensorFlow traces a step twice that makes variables: those of optimizer and metrics are there before it."""
    import keras

    traced, train_step = [], keras.Model.train_step
    monkeypatch.setattr(keras.Model, "train_step", lambda model, data: traced.append(1) or train_step(model, data))
    dataset, images = toy
    training = Training(epochs=2, batch_size=24, **more)
    KerasClassifier("choi-cnn", 3, training, verbose=False, augment=augment).fit(images, dataset.labels)
    assert len(traced) == 1


def test_same_seed_same_network(toy):
    dataset, x = toy
    first, again, other = (classifier(seed, epochs=2).fit(x, dataset.labels).predict_proba(x[:5]) for seed in (3, 3, 4))
    np.testing.assert_allclose(first, again, atol=1e-6)
    assert np.abs(first - other).max() > 1e-4


def test_without_validation_the_last_epoch_counts(toy):
    dataset, x = toy
    history = classifier(epochs=2).fit(x, dataset.labels).history
    assert history["val_loss"].isna().all()
    assert history.loc[history["best"], "epoch"].item() == 2


def test_without_a_monitor_validation_is_watched_but_chooses_nothing(toy):
    dataset, x = toy
    y = dataset.labels
    history = classifier(epochs=4, monitor=None).fit(x[::2], y[::2], validation=(x[1::2], y[1::2])).history
    assert history["val_loss"].notna().all()
    assert history.loc[history["best"], "epoch"].item() == 4
    with pytest.raises(ParameterError, match="monitor is None"):
        Training(monitor=None, patience=3)


def test_stop_rules(toy):
    dataset, x = toy
    y = dataset.labels
    stopped = classifier(epochs=30, stop_accuracy=0.6).fit(x, y).history
    assert len(stopped) < 30
    assert stopped["accuracy"].iloc[-1] > 0.6
    assert (stopped["accuracy"].iloc[:-1] <= 0.6).all()
    hopeless = (y[1::2] + 1) % 3
    early = classifier(epochs=30, patience=2).fit(x[::2], y[::2], validation=(x[1::2], hopeless)).history
    best = early.loc[early["best"], "epoch"].item()
    assert len(early) == best + 2


def test_reduce_learning_rate_on_plateau(toy):
    dataset, x = toy
    y = dataset.labels
    wrong = (x[1::2], (y[1::2] + 1) % 3)

    def last_steps(**rules):
        history = classifier(epochs=10, learning_rate=0.01, **rules).fit(x[::2], y[::2], validation=wrong).history
        return history["val_loss"].diff().abs().iloc[-3:].max()

    assert last_steps(reduce_patience=1, reduce_factor=10.0) < 1e-3 < last_steps()


def test_a_diverged_training_says_what_to_do(toy):
    dataset, x = toy
    broken = classifier(epochs=2, learning_rate=1e38)
    with pytest.raises(RunError, match=r"finite val_loss; try a smaller learning_rate than 1e\+38"):
        broken.fit(x[::2], dataset.labels[::2], validation=(x[1::2], dataset.labels[1::2]))


def test_class_weights_by_hand():
    weights = class_weights(np.array([0, 0, 0, 1]))
    assert weights == {0: pytest.approx(4 / 6), 1: pytest.approx(2.0)}


def test_precision_policy_can_be_fixed():
    assert precision_policy("float32") == "float32"
    assert precision_policy("auto") in ("float32", "mixed_bfloat16")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("epochs", 0),
        ("batch_size", 1.5),
        ("learning_rate", 0.0),
        ("monitor", "test_accuracy"),
        ("stop_accuracy", 80),
        ("precision", "float8"),
        ("reduce_factor", 1.0),
        ("patience", 0),
    ],
)
def test_bad_setting_is_named(setting, value):
    with pytest.raises(ParameterError, match=re.escape(f"{setting}={value!r}")):
        Training(**{setting: value})


def test_run_seeds_predicts_validation_and_test_only(toy, capsys):
    dataset, x = toy
    result = run_seeds(dataset, x, CountingMachine, protocol="grouped", seeds=[0, 1], sizes=(0.5, 0.25, 0.25))
    assert set(result.predictions["split"]) == {"validation", "test"}
    assert list(result.seeds) == [0, 1]
    assert result.metric("accuracy", "test").min() > 0.9
    assert result.provenance["dataset"]["fingerprint"] == dataset.fingerprint
    assert result.synthetic is True
    assert set(result.provenance["fitted"]) == {"0", "1"}
    assert all(fitted["seconds"] >= 0 and fitted["time"] for fitted in result.provenance["fitted"].values())
    assert capsys.readouterr().out.count("seed ") == 2


def test_finished_seeds_are_read_back(toy, tmp_path, capsys):
    dataset, x = toy
    CountingMachine.fitted.clear()
    settings = {"protocol": "grouped", "sizes": (0.5, 0.25, 0.25), "checkpoint_dir": tmp_path}
    first = run_seeds(dataset, x, CountingMachine, seeds=[0, 1], **settings)
    second = run_seeds(dataset, x, CountingMachine, seeds=[0, 1, 2], **settings)
    assert CountingMachine.fitted == [0, 1, 2]
    assert capsys.readouterr().out.count("read back") == 2
    merged = second.predictions[second.predictions["seed"] < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(merged, first.predictions.reset_index(drop=True), check_dtype=False, atol=1e-6)


class RecordingMachine(CountingMachine):
    """Remembers which pictures it was fitted on."""

    trained_on: list[np.ndarray] = []  # noqa: RUF012

    def fit(self, x, y):
        type(self).trained_on.append(x)
        return super().fit(x, y)


def clips_of(x: np.ndarray, among: np.ndarray) -> set[int]:
    """Return the rows of `among` that `x` consists of (all pictures of the toy data set differ)."""
    rows = {picture.tobytes(): k for k, picture in enumerate(among)}
    assert len(rows) == len(among)
    return {rows[picture.tobytes()] for picture in x}


def test_joined_validation_clips_are_trained_on_and_not_judged(toy):
    dataset, x = toy
    RecordingMachine.trained_on.clear()
    settings = {"protocol": "grouped", "seeds": [5], "sizes": (0.5, 0.25, 0.25)}
    apart = run_seeds(dataset, x, RecordingMachine, **settings)
    joined = run_seeds(dataset, x, RecordingMachine, join_validation=True, **settings)
    parts = split(dataset, "grouped", 5, sizes=(0.5, 0.25, 0.25)).to_numpy()
    alone, together = (clips_of(pictures, x) for pictures in RecordingMachine.trained_on)
    assert alone == set(np.flatnonzero(parts == "train"))
    assert together == set(np.flatnonzero(parts != "test"))
    assert (apart.parts, joined.parts) == (("validation", "test"), ("test",))
    assert set(joined.select("test")["clip_id"]) == set(apart.select("test")["clip_id"])
    assert (apart.parameters["join_validation"], joined.parameters["join_validation"]) == (False, True)


@pytest.mark.parametrize("watch", ["test", "validation"])
def test_the_history_follows_the_part_that_is_watched(toy, watch):
    dataset, x = toy
    settings = {"protocol": "grouped", "seeds": [1], "sizes": (0.5, 0.25, 0.25)}
    silent = x.copy()
    silent[split(dataset, "grouped", 1, sizes=(0.5, 0.25, 0.25)).to_numpy() == "test"] = 0

    def make(seed):
        return classifier(seed, epochs=2, monitor=None)

    result = run_seeds(dataset, silent, make, watch=watch, **settings)
    kept = result.history.loc[result.history["best"]].iloc[0]
    assert kept["epoch"] == 2, "the last epoch: nothing is chosen on what is watched"
    losses = {part: result.metric("log_loss", part).iloc[0] for part in ("test", "validation")}
    assert kept["val_loss"] == pytest.approx(losses[watch], rel=1e-3)
    assert abs(losses["test"] - losses["validation"]) > 0.05, "the two parts can be told apart"
    assert kept["val_accuracy"] == pytest.approx(result.metric("accuracy", watch).iloc[0])
    assert result.parameters["watch"] == watch


def test_no_epoch_is_chosen_on_test_clips(toy):
    dataset, x = toy
    settings = {"protocol": "grouped", "seeds": [0], "sizes": (0.5, 0.25, 0.25)}
    for monitor in ("val_loss", "val_accuracy"):
        with pytest.raises(ParameterError, match="would choose the epoch on test clips: set monitor=None") as caught:
            run_seeds(dataset, x, lambda seed: classifier(seed, monitor=monitor), watch="test", **settings)  # noqa: B023
        assert "\n" not in str(caught.value)
    with pytest.raises(ParameterError, match="watch='train' must be 'validation' or 'test'"):
        run_seeds(dataset, x, CountingMachine, watch="train", **settings)


def test_run_seeds_errors(toy):
    dataset, x = toy
    with pytest.raises(ParameterError, match="aligned"):
        run_seeds(dataset, x[:-1], CountingMachine, protocol="random", seeds=[0])
    with pytest.raises(ParameterError, match="seeds is empty"):
        run_seeds(dataset, x, CountingMachine, protocol="random", seeds=[])
    one_genre = dataset.select(dataset.clips.index[dataset.clips["genre"] == "g0"])
    with pytest.raises(DatasetError):
        run_seeds(one_genre, x[: len(one_genre)], CountingMachine, protocol="random", seeds=[0])


def test_ctrl_c_in_the_middle_of_training_keeps_the_finished_seed(tmp_path):
    script = textwrap.dedent(
        f"""
        import sys
        sys.path.insert(0, {os.fspath(Path(__file__).parent)!r})
        import test_training as t
        from mgclib.training import run_seeds
        dataset = t.make_dataset()
        x = t.make_images(dataset)
        def make(seed):
            model = t.classifier(seed, epochs=2 if seed == 0 else 100_000)
            model.verbose = True
            return model
        run_seeds(dataset, x, make, protocol="grouped", seeds=[0, 1], sizes=(0.5, 0.25, 0.25),
                  checkpoint_dir={os.fspath(tmp_path)!r})
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        line = process.stdout.readline().decode()
        if "/100000" in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert list(Result.load(tmp_path / "seed-0").seeds) == [0]
    assert not (tmp_path / "seed-1").exists()


def test_weight_decay_is_that_of_pytorchs_adam():
    """Three steps by hand: the decay joins the gradient and goes through both means (torch.optim.Adam)."""
    from mgclib.callbacks import Adam
    from mgclib.models.backend import import_keras

    keras = import_keras()
    rate, decay, beta_1, beta_2, tiny = 0.01, 0.3, 0.9, 0.999, 1e-7
    weights = np.array([0.5, -1.5, 2.0])
    variable = keras.Variable(weights.astype("float32"))
    optimizer = Adam(decay, learning_rate=rate)
    m = v = np.zeros(3)
    for step, gradient in enumerate(([0.1, 0.2, -0.4], [0.0, 0.0, 0.0], [-1.0, 0.5, 0.3]), 1):
        pulled = np.array(gradient) + decay * weights
        m, v = beta_1 * m + (1 - beta_1) * pulled, beta_2 * v + (1 - beta_2) * pulled**2
        weights = weights - rate * (m / (1 - beta_1**step)) / (np.sqrt(v / (1 - beta_2**step)) + tiny)
        optimizer.apply([keras.ops.convert_to_tensor(np.array(gradient, "float32"))], [variable])
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), weights, atol=1e-5)
    plain = keras.Variable(np.array([0.5, -1.5, 2.0], "float32"))
    keras.optimizers.Adam(rate, weight_decay=decay).apply([keras.ops.zeros(3)], [plain])
    assert not np.allclose(keras.ops.convert_to_numpy(plain), [0.5 - rate, -1.5 + rate, 2.0 - rate], atol=1e-3)


def test_weight_decay_shrinks_what_nothing_else_moves(toy):
    dataset, x = toy
    sizes = {}
    for decay in (0.0, 5.0):
        model = classifier(epochs=2, weight_decay=decay).fit(x, dataset.labels).model
        sizes[decay] = float(np.linalg.norm(np.concatenate([w.ravel() for w in model.get_weights()])))
    assert sizes[5.0] < sizes[0.0]
    for wrong in ({"weight_decay": -1.0}, {"weight_decay": 0.1, "optimizer": "sgd"}):
        with pytest.raises(ParameterError, match="weight_decay"):
            Training(**wrong)


@pytest.mark.parametrize("augmented", [False, True])
def test_followed_f1_is_that_of_the_predictions(toy, augmented):
    dataset, x = toy
    y = dataset.labels
    model = classifier(epochs=3, follow_f1=True)
    model.augment = (lambda x, y, rng: (x, y)) if augmented else None
    model.fit(x[::2], y[::2], validation=(x[1::2], y[1::2]))
    best = model.history.loc[model.history["best"]].iloc[0]
    expected = metrics.evaluate("f1_of_means", y[1::2], model.predict_proba(x[1::2]))
    assert best["val_f1"] == pytest.approx(expected, abs=1e-4)
    assert model.history["f1"].between(0, 1).all()
    assert "val_f1" not in classifier(epochs=1).fit(x, y).history


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40),
    st.integers(1, 5),
)
@settings(max_examples=15, deadline=None)
def test_f1_of_means_gathers_batches(pairs, batches):
    from mgclib.callbacks import F1OfMeans

    y, named = np.array(pairs).T
    scores = np.eye(4, dtype="float32")[named]
    metric = F1OfMeans(4)
    for part in np.array_split(np.arange(len(y)), batches):
        if len(part):
            metric.update_state(y[part], scores[part])
    assert float(metric.result()) == pytest.approx(metrics.evaluate("f1_of_means", y, scores), abs=1e-5)
    metric.reset_state()
    assert float(metric.result()) == 0


def test_a_history_with_f1_comes_back_from_disk(toy, tmp_path):
    dataset, x = toy
    result = run_seeds(
        dataset,
        x,
        lambda seed: classifier(seed, epochs=2, follow_f1=True),
        protocol="grouped",
        seeds=[0],
        verbose=False,
    )
    result.save(tmp_path / "kept")
    again = Result.load(tmp_path / "kept")
    pd.testing.assert_frame_equal(again.history, result.history)
    assert again.history["val_f1"].notna().all()


@pytest.mark.parametrize(("name", "options"), [("baseline-a-2d", {}), ("densenet", {"blocks": (1, 1, 1, 1)})])
def test_batch_normalisation_of_the_fma_networks_keeps_up(name, options):
    """What they know in training they know when asked: a momentum of 0.99 would still remember the first weights."""
    dataset = make_dataset()
    x, y = make_images(dataset, size=32), dataset.labels
    training = Training(epochs=12, batch_size=8, precision="float32", monitor=None)
    model = KerasClassifier(name, 3, training, options=options, verbose=False).fit(x, y)
    right = float((model.predict_proba(x).argmax(axis=1) == y).mean())
    assert right >= model.history["accuracy"].iloc[-1] - 0.1
    assert right > 0.8
