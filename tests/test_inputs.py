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
