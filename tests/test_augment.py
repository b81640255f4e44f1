"""Augmentation: what is changed and what is not, how often, by how much, and whether the picture follows the sound."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgclib import augment
from mgclib.datasets import synthetic
from mgclib.errors import ParameterError
from mgclib.features import MelSpec, log_mel, mel_images
from mgclib.reports import item

PICTURES = [
    augment.TimeMask(),
    augment.FrequencyMask(masks=2, fill=30),
    augment.Mixup(),
    augment.Cutmix(alpha=1.0),
    augment.Cutout(),
    augment.PictureShift(),
    augment.PictureNoise(),
    augment.PictureStretch(),
    augment.PictureEqualizer(),
    augment.PictureTranspose(),
    augment.agh_mixture(),
]
WAVEFORMS = [
    augment.TimeShift(),
    augment.GaussianNoise(),
    augment.TimeStretch(),
    augment.Mixup(),
    augment.agh_audio(True),
]
EVERY = [*((one, "pictures") for one in PICTURES), *((one, "waveforms") for one in WAVEFORMS)]
NAMES = [f"{one.kind}-{takes}" for one, takes in EVERY]


def batch(takes: str = "pictures", n: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.eye(4, dtype=np.float32)[np.arange(n) % 4]
    if takes == "waveforms":
        return rng.uniform(-0.5, 0.5, (n, 4096, 1)).astype(np.float32), y
    return rng.integers(40, 256, (n, 20, 30, 1)).astype(np.uint8), y


def changed_clips(one: augment.Augmentation, x: np.ndarray, y: np.ndarray, seed: int = 0) -> np.ndarray:
    new, _ = one(x, y, np.random.default_rng(seed))
    return (new != x).reshape(len(x), -1).any(axis=1)


@pytest.mark.parametrize(("one", "takes"), EVERY, ids=NAMES)
def test_every_augmentation_keeps_the_contract(one, takes):
    x, y = batch(takes)
    before = x.tobytes(), y.tobytes()
    x.flags.writeable = y.flags.writeable = False
    new, labels = one(x, y, np.random.default_rng(1))
    again = one(x, y, np.random.default_rng(1))
    assert (x.tobytes(), y.tobytes()) == before
    assert (new.shape, labels.shape, new.dtype, labels.dtype) == (x.shape, y.shape, np.float32, np.float32)
    assert np.array_equal(new, again[0])
    assert np.array_equal(labels, again[1])
    assert (new != x).any()
    assert np.isfinite(new).all()
    assert new.min() >= (0 if takes == "pictures" else -10)
    assert new.max() <= 255
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert not np.array_equal(new, one(x, y, np.random.default_rng(2))[0])
    assert augment.from_dict(json.loads(json.dumps(one.to_dict()))) == one


@pytest.mark.parametrize(("one", "takes"), EVERY, ids=NAMES)
def test_probability_zero_changes_nothing(one, takes):
    x, y = batch(takes)
    never = augment.Chain(0.0, (one,))
    for same, given_ in zip(never(x, y, np.random.default_rng(0)), (x, y), strict=True):
        assert np.array_equal(same, given_)


def test_each_clip_decides_for_itself():
    x, y = batch(n=2000)
    assert abs(changed_clips(augment.Cutout(p=0.35, area=0.5), x, y).mean() - 0.35) < 0.04
    nested = augment.Chain(0.5, (augment.PictureNoise(0.3), augment.Chain(0.5, (augment.TimeMask(0.4),))))
    expected = 0.5 * (1 - (1 - 0.3) * (1 - 0.5 * 0.4))
    assert abs(changed_clips(nested, x, y).mean() - expected) < 0.04


@given(most=st.floats(0, 1), masks=st.integers(1, 3), seed=st.integers(0, 99))
def test_masks_are_whole_bands_no_wider_than_asked(most, masks, seed):
    x, y = batch(seed=seed)
    for mask, axis in (
        (augment.FrequencyMask(1.0, most, masks, fill=7), 1),
        (augment.TimeMask(1.0, most, masks, 7), 2),
    ):
        new, labels = mask(x, y, np.random.default_rng(seed))
        blank = new == 7
        lines = blank.all(axis=3 - axis)[..., 0]
        assert np.array_equal(blank.any(axis=3 - axis)[..., 0], lines)
        assert np.array_equal(new[~blank], x[~blank])
        widest = int(most * x.shape[axis] + 1e-9)
        assert lines.sum(axis=1).max() <= masks * widest
        assert (lines.sum(axis=1) > 0).all() == (widest > 0)
        assert np.array_equal(labels, y)


def test_mask_widths_reach_both_ends():
    x, y = batch(n=500)
    widths = (augment.TimeMask(most=0.3)(x, y, np.random.default_rng(0))[0] == 0).all(axis=1)[..., 0].sum(axis=1)
    assert sorted(set(widths)) == list(range(1, 10))


def test_mixup_is_the_same_mixture_of_picture_and_genre():
    values, y = np.array([10.0, 50.0, 90.0, 250.0]), np.eye(4, dtype=np.float32)
    x = np.broadcast_to(values[:, None, None, None], (4, 5, 6, 1)).astype(np.float32)
    new, labels = augment.Mixup(alpha=1.0)(x, y, np.random.default_rng(3))
    assert (np.ptp(new, axis=(1, 2, 3)) < 1e-3).all()
    np.testing.assert_allclose(new[:, 0, 0, 0], labels @ values, rtol=1e-5)
    assert ((labels > 0).sum(axis=1) == 2).all()  # with another clip, never with itself
    assert (np.diag(labels) > 0).all()


def test_mixup_shares_follow_beta():
    x, y = np.zeros((4000, 1, 1, 1)), np.eye(4000, dtype=np.float32)
    own = np.diag(augment.Mixup(alpha=0.5)(x, y, np.random.default_rng(0))[1])
    edges = (1 - np.cos(np.pi * np.array([0.25, 0.5, 0.75]))) / 2  # quartiles of the arcsine law, Beta(1/2, 1/2)
    np.testing.assert_allclose(np.quantile(own, [0.25, 0.5, 0.75]), edges, atol=0.03)


def test_cutmix_labels_are_areas():
    values, y = np.array([10.0, 50.0, 90.0, 250.0]), np.eye(4, dtype=np.float32)
    x = np.broadcast_to(values[:, None, None, None], (4, 20, 30, 1)).astype(np.float32)
    for seed in range(20):
        new, labels = augment.Cutmix(alpha=1.0)(x, y, np.random.default_rng(seed))
        for k, value in enumerate(values):
            np.testing.assert_allclose((new == value).mean(axis=(1, 2, 3)), labels[:, k], atol=1e-6)
        foreign = (new != x)[..., 0]
        rows, columns = foreign.any(axis=2), foreign.any(axis=1)
        assert np.array_equal(foreign, rows[:, :, None] & columns[:, None, :])  # one rectangle each


def test_nobody_to_mix_with():
    x, y = batch(n=1)
    for one in (augment.Mixup(), augment.Cutmix()):
        assert np.array_equal(one(x, y, np.random.default_rng(0))[0], x)


def test_noise_has_the_ratio_it_was_asked_for():
    rng = np.random.default_rng(0)
    y = (0.1 * np.sin(np.arange(50000) / 7)).astype(np.float32)
    noise = augment.noisy(y, 12.0, rng) - y
    assert abs(10 * np.log10(np.mean(y**2) / np.mean(noise**2)) - 12) < 0.1
    assert not augment.noisy(np.zeros(100, np.float32), 0.0, rng).any()


def test_shift_and_stretch_by_hand():
    y = np.arange(8.0)
    assert augment.shifted(y, 0.25).tolist() == [6, 7, 0, 1, 2, 3, 4, 5]
    picture = np.arange(8.0)[None, None, :, None] * np.ones((1, 3, 1, 1))
    faster, _ = augment.PictureStretch(rate=(2, 2))(picture, np.ones((1, 1)), np.random.default_rng(0))
    assert faster[0, 0, :, 0].tolist() == [0, 2, 4, 6, 0, 2, 4, 6]
    slower, _ = augment.PictureStretch(rate=(0.5, 0.5))(picture, np.ones((1, 1)), np.random.default_rng(0))
    assert slower[0, 2, :, 0].tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]


def test_stretch_keeps_the_pitch():
    tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050).astype(np.float32)
    played = augment.stretched(tone, 1.25)
    assert played.shape == tone.shape
    assert abs(np.abs(np.fft.rfft(played[:16384])).argmax() * 22050 / 16384 - 440) < 3


@pytest.fixture(scope="module")
def music() -> list[np.ndarray]:
    return [synthetic.render(genre, seconds=6.0) for genre in ("blues", "classical", "hiphop", "metal", "jazz")]


def drawn(y: np.ndarray) -> np.ndarray:
    return mel_images(log_mel(y, MelSpec())[None], 128, 128).astype(np.float32)


LABEL = np.ones((1, 1), np.float32)
NOISES = [(("noise", snr_db), 0.45) for snr_db in (10, 20, 30)]
SHIFTS = [(("shift", share), 0.18) for share in (0.25, -0.4)]
STRETCHES = [(("stretch", rate), 0.5) for rate in (0.8, 1.25)]


@pytest.mark.parametrize(("change", "bound"), [*NOISES, *SHIFTS, *STRETCHES])
def test_the_picture_follows_the_sound(music, change, bound):
    """Measured: mean error of the counterpart over the mean change that the sound's augmentation makes.

    Shift 0.04-0.14 (frames that both ends share), noise 0.10-0.40 (most when faint), stretch 0.16-0.45: the phase
    vocoder smears what is sudden, which the picture's stretch does not. Each picture counts from its own loudest
    point; a stretch moves that, so there a common offset is taken off.
    """
    name, value = change
    rng = np.random.default_rng(0)
    for y in music:
        before = drawn(y)
        if name == "noise":
            after, ours = drawn(augment.noisy(y, value, rng)), augment.PictureNoise(snr_db=(value, value))
        elif name == "stretch":
            after, ours = drawn(augment.stretched(y, value)), augment.PictureStretch(rate=(value, value))
        else:
            after, ours = drawn(augment.shifted(y, value)), None
        ours = np.roll(before, round(value * 128), axis=2) if ours is None else ours(before, LABEL, rng)[0]
        error = ours - after
        if name == "stretch":
            error = error - np.median(error)
        assert np.abs(error).mean() < bound * np.abs(after - before).mean()


def test_the_agh_mixture_is_the_printed_one():
    settings = augment.agh_settings(augment.agh_mixture())
    for name in ("number-augmentation-parameters", "listing-augmentation-settings"):
        printed = {key: value for key, value in item(f"agh-2023/{name}").values.items() if key != "printed"}
        assert {key: settings[key] for key in printed} == printed
    x, y = batch(n=4000)
    _, labels = augment.agh_mixture()(x, y, np.random.default_rng(0))
    different = y[np.arange(len(y))] != labels
    assert abs(different.any(axis=1).mean() - 0.8 * 0.65 * 0.75) < 0.03  # a quarter of the partners has the same genre


BAD = [
    (augment.TimeMask, {"p": 1.5}, "p=1.5 must be a number from 0 to 1"),
    (augment.FrequencyMask, {"most": 20}, "most=20 must be"),
    (augment.TimeMask, {"masks": 0}, "masks=0"),
    (augment.TimeMask, {"fill": -1}, "fill=-1"),
    (augment.Mixup, {"alpha": 0}, "alpha=0 must be a number above 0"),
    (augment.GaussianNoise, {"snr_db": 20}, "snr_db=20 must be a pair"),
    (augment.PictureNoise, {"snr_db": (30, 10)}, "least value first"),
    (augment.TimeStretch, {"rate": (0, 1)}, "rate=0"),
    (augment.PictureShift, {"most": float("nan")}, "most=nan"),
    (augment.PictureEqualizer, {"points": 1}, "points=1"),
    (augment.PictureTranspose, {"most": -1.0}, "most=-1"),
    (augment.Chain, {"members": ()}, "at least one augmentation"),
    (augment.Chain, {"members": (3,)}, "3 is no augmentation"),
]


@pytest.mark.parametrize(("make", "fields", "message"), BAD)
def test_a_bad_value_is_named(make, fields, message):
    with pytest.raises(ParameterError, match=re.escape(message)) as caught:
        make(**fields)
    assert "\n" not in str(caught.value)


def test_a_bad_batch_is_named():
    x, y = batch()
    sound, _ = batch("waveforms")
    rng = np.random.default_rng(0)
    with pytest.raises(ParameterError, match="expected one-hot rows"):
        augment.TimeMask()(x, np.arange(8), rng)
    with pytest.raises(ParameterError, match="expected pictures"):
        augment.agh_mixture()(sound, y, rng)
    with pytest.raises(ParameterError, match="expected waveforms"):
        augment.TimeShift()(x, y, rng)
    with pytest.raises(ParameterError, match="use channels=1"):
        augment.agh_mixture()(np.repeat(x, 3, axis=3), y, rng)
    with pytest.raises(ParameterError, match="did you mean 'mixup'"):
        augment.from_dict({"kind": "mixpu"})
    with pytest.raises(ParameterError, match="did you mean 'alpha'"):
        augment.from_dict({"kind": "mixup", "alhpa": 1})


def test_an_equaliser_adds_the_same_to_every_column_and_a_transposition_moves_a_line():
    x = np.full((1, 24, 10, 1), 128, np.float32)
    x[0, :, 5:] += 20
    y = np.ones((1, 1), np.float32)
    new, _ = augment.PictureEqualizer(1.0, most_db=6.0)(x, y, np.random.default_rng(0))
    gain = (new - x)[0, :, :, 0]
    assert np.ptp(gain, axis=1).max() < 1e-4
    assert 0 < np.abs(gain).max() <= 6 * 256 / 80
    line = np.zeros((1, 24, 10, 1), np.float32)
    line[0, 12] = 200
    moved, _ = augment.PictureTranspose(1.0, most=3.0)(line, y, np.random.default_rng(0))
    expected = 12 - np.random.default_rng(0).uniform(-3, 3, 2)[1]  # after the number that decides whether
    heights = np.arange(24)
    assert (moved[0, :, 0, 0] * heights).sum() / moved[0, :, 0, 0].sum() == pytest.approx(expected, abs=0.01)
