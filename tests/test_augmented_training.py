"""Training with augmentation: only training clips are changed, and the seed fixes everything."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from mgclib import augment
from mgclib.datasets.dataset import Dataset
from mgclib.networks import KerasClassifier, Training
from mgclib.splits import split
from mgclib.training import run_seeds

SIZES = (0.5, 0.25, 0.25)


def marked(x, y, rng):
    """An augmentation that nobody could overlook."""
    return np.float32(255) - x, y[:, ::-1].copy()


@pytest.fixture(scope="module")
def toy() -> tuple[Dataset, np.ndarray]:
    rows = [
        {"clip_id": f"g{g}.{t}", "genre": f"g{g}", "track_id": f"g{g}.{t}", "artist": None, "path": None}
        for g in range(3)
        for t in range(12)
    ]
    clips = pd.DataFrame(rows).set_index("clip_id").assign(start_s=0.0, duration_s=1.0)
    dataset = Dataset("toy", clips, ("g0", "g1", "g2"), "none", "none", 1.0, synthetic=True)
    images = np.random.default_rng(0).integers(0, 120, (len(rows), 16, 16, 1)).astype(np.uint8)
    for row, label in enumerate(dataset.labels):
        images[row, 5 * label : 5 * label + 4] += 130
    return dataset, images


def network(seed: int = 0, change=None, epochs: int = 2) -> KerasClassifier:
    return KerasClassifier("techno-cnn", 3, Training(epochs=epochs, batch_size=8), seed, verbose=False, augment=change)


def held_out(toy, monkeypatch, change) -> list[bytes]:
    """Run one seed; return the bytes of all that Keras was given to validate on and to predict."""
    import keras

    seen = []
    fit, predict = keras.Model.fit, keras.Model.predict

    def watched_fit(model, *args, **kwargs):
        x, y = kwargs["validation_data"]
        seen.append(x.tobytes() + (y if y.ndim == 1 else y.argmax(axis=1)).astype(int).tobytes())
        return fit(model, *args, **kwargs)

    def watched_predict(model, x, **kwargs):
        seen.append(np.asarray(x).tobytes())
        return predict(model, x, **kwargs)

    dataset, images = toy
    before = images.tobytes()
    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "fit", watched_fit)
        patch.setattr(keras.Model, "predict", watched_predict)
        run_seeds(
            dataset, images, lambda s: network(s, change), protocol="random", sizes=SIZES, seeds=[0], verbose=False
        )
    assert images.tobytes() == before
    return seen


def test_validation_and_test_clips_are_byte_identical_with_and_without(toy, monkeypatch):
    without = held_out(toy, monkeypatch, None)
    assert len(without) == 3  # validated, then predicted: validation and test part
    for change in (augment.agh_mixture(), marked):
        assert held_out(toy, monkeypatch, change) == without


def test_the_augmentation_is_shown_every_training_clip_in_every_epoch_and_no_other(toy):
    dataset, images = toy
    seen = []

    def spy(x, y, rng):
        seen.extend(zip((picture.tobytes() for picture in x), y.argmax(axis=1), strict=True))
        return x, y

    run_seeds(dataset, images, lambda s: network(s, spy), protocol="random", sizes=SIZES, seeds=[1], verbose=False)
    train = (split(dataset, "random", 1, sizes=SIZES) == "train").to_numpy()
    own = {(picture.tobytes(), label) for picture, label in zip(images[train], dataset.labels[train], strict=True)}
    assert set(seen) == own
    assert min(Counter(seen).values()) >= 2  # Keras looks at a first batch once more, to learn its shape
    assert len(seen) <= 2 * len(own) + 2 * 8


def test_what_the_augmentation_returns_is_what_is_trained_on(toy):
    dataset, images = toy
    fitted = network(change=marked, epochs=25).fit(images, dataset.labels)
    reversed_hits = fitted.predict_proba(255 - images).argmax(axis=1) == 2 - dataset.labels
    assert reversed_hits.mean() > 0.9


def test_a_run_is_fixed_by_its_seed(toy):
    dataset, images = toy

    def probabilities(seed):
        model = network(seed, augment.agh_mixture()).fit(images, dataset.labels)
        return model.predict_proba(images)

    first = probabilities(3)
    assert np.array_equal(first, probabilities(3))
    assert not np.array_equal(first, probabilities(4))
