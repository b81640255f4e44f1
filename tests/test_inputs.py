"""Inputs of several kinds for one network: chosen from together, made from one data set, asked again from disk."""

from __future__ import annotations

import numpy as np
import pytest

import mgclib as mgc
from mgclib import fitted, inputs
from mgclib.errors import ParameterError
from mgclib.features import MelSpec
from mgclib.inputs import Several
from mgclib.training import KerasClassifier, Training, run_seeds

SMALL = {"blocks": (1, 1, 1, 1)}


@pytest.fixture(scope="module")
def music():
    return mgc.datasets.load("synthetic", tracks_per_genre=3, clips_per_track=1, clip_seconds=0.5)


@pytest.fixture(scope="module")
def recipe():
    mel = MelSpec(sample_rate=16000, n_fft=512, hop_length=256, n_mels=32)
    return inputs.WaveformsAndPictures(inputs.Waveforms(16000), inputs.MelPictures(32, 32, mel=mel))


def test_several_are_chosen_from_as_one():
    several = Several((np.arange(12).reshape(4, 3), np.arange(4) * 10))
    assert len(several) == 4
    assert several.shape == (4, (3,), ())
    part = several[np.array([True, False, True, False])]
    np.testing.assert_array_equal(part.arrays[0], [[0, 1, 2], [6, 7, 8]])
    np.testing.assert_array_equal(part.arrays[1], [0, 20])
    with pytest.raises(ParameterError, match=r"\[4, 3\] clips do not belong together"):
        Several((np.zeros(4), np.zeros(3)))


def test_both_recipes_of_one_data_set_and_back_from_json(music, recipe):
    both = recipe.of(music, progress=False)
    np.testing.assert_array_equal(both.arrays[0], recipe.waveforms.of(music, progress=False))
    np.testing.assert_array_equal(both.arrays[1], recipe.pictures.of(music, progress=False))
    assert both.shape == (len(music), (8000, 1), (32, 32, 1))
    assert inputs.from_dict(recipe.to_dict()) == recipe


def test_a_network_of_two_inputs_is_trained_kept_and_asked_again(music, recipe, tmp_path):
    both = recipe.of(music, progress=False)
    training = Training(epochs=2, batch_size=8, precision="float32", follow_f1=True)

    def network(seed: int) -> KerasClassifier:
        return KerasClassifier("fusion", len(music.genres), training, seed, options=SMALL, verbose=False)

    result = run_seeds(
        music, both, network, protocol="random", sizes=(0.7, 0.1, 0.2), seeds=[1], checkpoint_dir=tmp_path,
        recipe=recipe, verbose=False,
    )  # fmt: skip
    kept = fitted.load(tmp_path / "seed-1" / "model")
    tested = result.select("test")
    own = music.select(tested["clip_id"])
    expected = tested[[f"p_{genre}" for genre in music.genres]].to_numpy()
    np.testing.assert_allclose(kept.predict_proba(own, progress=False), expected, atol=2e-4)


def test_several_inputs_are_not_augmented(music, recipe):
    both = recipe.of(music, progress=False)
    network = KerasClassifier("fusion", 10, Training(epochs=1), options=SMALL, augment=lambda x, y, rng: (x, y))
    with pytest.raises(ParameterError, match="several inputs, which cannot be augmented"):
        network.fit(both, music.labels)


@pytest.fixture
def on_disk(tmp_path, monkeypatch):
    """Return a memory map of pictures that counts as large, and what is read of it at once."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 60, (40, 16, 16, 1)).astype(np.uint8)
    labels = np.arange(40) % 3
    for row, label in enumerate(labels):
        pictures[row, 5 * label : 5 * label + 4] += 150
    np.save(tmp_path / "x.npy", pictures)
    monkeypatch.setattr(inputs, "LARGE", 1000)
    read, get = [], inputs.Rows.__getitem__

    def counted(self, rows):
        found = get(self, rows)
        read.append(len(found))
        return found

    monkeypatch.setattr(inputs.Rows, "__getitem__", counted)
    return np.load(tmp_path / "x.npy", mmap_mode="r"), labels, read


def test_a_large_memory_map_is_read_batch_by_batch(on_disk):
    x, y, read = on_disk
    train = np.arange(40) < 32
    view = inputs.chosen(x, train)
    assert inputs.streamed(view)
    assert (len(view), view.shape) == (32, (32, 16, 16, 1))
    np.testing.assert_array_equal(view[[3, 1]], x[[3, 1]])
    read.clear()
    training = Training(epochs=8, batch_size=8, precision="float32")
    network = KerasClassifier("techno-cnn", 3, training, verbose=False)
    network.fit(view, y[train], validation=(inputs.chosen(x, ~train), y[~train]))
    assert set(read) == {8}
    assert network.history["accuracy"].iloc[-1] > 0.9
    answers = network.predict_proba(inputs.chosen(x, ~train))
    np.testing.assert_allclose(answers, network.predict_proba(np.asarray(x[~train])), atol=1e-5)


def test_several_inputs_may_be_partly_on_the_disk(on_disk):
    x, _, read = on_disk
    both = Several((x, np.arange(40.0)))
    part = inputs.chosen(both, np.arange(40) % 2 == 1)
    assert inputs.streamed(part)
    assert not inputs.streamed(Several((np.zeros(3), np.zeros(3))))
    batch = part[[0, 2]]
    np.testing.assert_array_equal(batch.arrays[0], x[[1, 5]])
    np.testing.assert_array_equal(batch.arrays[1], [1.0, 5.0])
    whole = inputs.fed(part)
    assert isinstance(whole, tuple)
    np.testing.assert_array_equal(whole[0], x[1::2])
    assert read == [2, 20]


def test_what_fits_into_memory_is_read_as_ever(on_disk, monkeypatch):
    x, _, _ = on_disk
    monkeypatch.setattr(inputs, "LARGE", 2**30)
    assert isinstance(inputs.chosen(x, np.arange(40) < 3), np.ndarray)
    monkeypatch.setattr(inputs, "LARGE", 1000)
    assert isinstance(inputs.chosen(np.asarray(x), np.arange(40) < 3), np.ndarray)
