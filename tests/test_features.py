"""Log-mel spectrograms against librosa's own functions, images against matplotlib and by looking."""

from __future__ import annotations

import dataclasses
import json
import warnings

import librosa
import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgclib.errors import AudioError, MgcError, ParameterError
from mgclib.features import MelSpec, log_mel, mel_images

SPECS = [
    MelSpec(),
    MelSpec(n_fft=1024, hop_length=256, n_mels=64),
    MelSpec(sample_rate=16000, n_fft=800, hop_length=160, window="hamming", n_mels=40, fmin=50.0, fmax=7000.0),
    MelSpec(sample_rate=44100, n_fft=4096, hop_length=1024, n_mels=96, power=1.0, top_db=60.0),
    MelSpec(n_fft=1023, hop_length=400, n_mels=32, power=1.5, top_db=100.0),
]


def reference(y: np.ndarray, spec: MelSpec) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=y,
        sr=spec.sample_rate,
        n_fft=spec.n_fft,
        hop_length=spec.hop_length,
        window=spec.window,
        n_mels=spec.n_mels,
        fmin=spec.fmin,
        fmax=spec.fmax,
        power=spec.power,
    )
    return librosa.power_to_db(power, ref=np.max, top_db=spec.top_db)


def tone(frequency: float, seconds: float = 1.0, sample_rate: int = 22050) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * sample_rate)) / sample_rate)).astype(
        np.float32
    )


def sounds() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    noise = rng.uniform(-0.5, 0.5, 30000).astype(np.float32)
    click = np.zeros(30000, np.float32)
    click[12345] = 1.0
    return {
        "tone": tone(440.0),
        "noise": noise,
        "click": click,
        "silence": np.zeros(30000, np.float32),
        "whisper": noise * np.float32(1e-5),
        "half silent": np.concatenate([noise[:15000], np.zeros(15000, np.float32)]),
        "one sample more than a window": noise[:4097],
    }


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key)
@pytest.mark.parametrize("sound", sounds())
def test_log_mel_equals_librosa(sound, spec):
    y = sounds()[sound]
    ours = log_mel(y, spec)
    theirs = reference(y, spec)
    assert ours.shape == theirs.shape == (spec.n_mels, spec.n_frames(len(y)))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)
    assert ours.max() <= 0
    assert ours.min() >= -spec.top_db


@settings(max_examples=40, deadline=None)
@given(
    n_fft=st.integers(64, 2048),
    hop_length=st.integers(32, 1024),
    n_mels=st.integers(1, 20),
    n_samples=st.integers(1, 9000),
    seed=st.integers(0, 9),
)
def test_log_mel_equals_librosa_for_any_size(n_fft, hop_length, n_mels, n_samples, seed):
    y = np.random.default_rng(seed).uniform(-1, 1, n_samples).astype(np.float32)
    spec = MelSpec(n_fft=n_fft, hop_length=hop_length, n_mels=n_mels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = log_mel(y, spec), reference(y, spec)
    assert ours.shape == (n_mels, spec.n_frames(n_samples))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)


def test_silence_is_zero_db_everywhere():
    assert (log_mel(np.zeros(22050, np.float32), MelSpec()) == 0).all()


@pytest.mark.parametrize("y", [np.zeros(0, np.float32), np.array([0.0, np.nan]), np.array([0.0, np.inf])])
def test_samples_that_are_no_sound_are_refused(y):
    with pytest.raises(AudioError, match=r"empty|NaN"):
        log_mel(y, MelSpec())


@pytest.mark.parametrize("y", [np.zeros((2, 100), np.float32), np.zeros(100, np.int16)])
def test_stereo_and_integers_are_refused(y):
    with pytest.raises(ParameterError, match="mono waveform of floats"):
        log_mel(y, MelSpec())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", 0),
        ("sample_rate", 22050.5),
        ("n_fft", 1),
        ("n_fft", True),
        ("hop_length", -3),
        ("n_mels", "128"),
        ("n_mels", 0),
        ("window", "hannn"),
        ("window", 3),
        ("fmin", -1.0),
        ("fmin", 11025),
        ("fmax", 0.0),
        ("fmax", 11026),
        ("power", 0),
        ("top_db", float("nan")),
        ("top_db", None),
    ],
)
def test_a_wrong_field_is_echoed_in_one_line(field, value):
    with pytest.raises(ParameterError) as caught:
        MelSpec(**{field: value})
    assert f"{field}={value!r}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_specs_that_make_the_same_spectrogram_are_one():
    same = [MelSpec(), MelSpec(fmin=0, fmax=11025, power=2, top_db=np.float32(80), n_fft=np.int64(2048))]
    assert len(set(same)) == 1
    assert same[0].key == same[1].key
    assert json.dumps(same[1].to_dict()) == json.dumps(same[0].to_dict())


def test_every_field_changes_the_key():
    other = dict(sample_rate=44100, n_fft=1024, hop_length=256, window="hamming", n_mels=64, fmin=20.0)
    other |= dict(fmax=8000.0, power=1.0, top_db=60.0)
    keys = {MelSpec(**{field: value}).key for field, value in other.items()} | {MelSpec().key}
    assert set(other) == {field.name for field in dataclasses.fields(MelSpec)}
    assert len(keys) == len(other) + 1


def test_the_key_is_the_same_on_every_machine():
    assert MelSpec().key == "de55ea74be2a"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key)
def test_a_spec_survives_json(spec):
    assert MelSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_an_unknown_field_names_the_closest():
    with pytest.raises(ParameterError, match="did you mean 'hop_length'"):
        MelSpec.from_dict({"hop_lenght": 512})


def test_a_low_tone_lights_the_bottom_and_a_high_one_the_top():
    spec = MelSpec()
    low, high = mel_images(np.stack([log_mel(tone(f), spec) for f in (110.0, 8000.0)]), 60, 80)[..., 0].astype(float)
    assert low.mean(axis=1).argmax() >= 50
    assert high.mean(axis=1).argmax() <= 10


def test_time_runs_to_the_right():
    mel = np.full((1, 16, 40), -80.0, np.float32)
    mel[:, :, 30:] = 0.0
    image = mel_images(mel, 16, 20)[0, ..., 0]
    assert (image[:, :14] == 0).all()
    assert (image[:, 16:] == 255).all()


@pytest.mark.parametrize("colour_map", ["magma", "viridis", "gray"])
def test_colours_are_those_of_matplotlib(colour_map):
    rng = np.random.default_rng(1)
    mel = rng.uniform(-85, 2, (2, 128, 130)).astype(np.float32)
    scaled = matplotlib.colors.Normalize(-80, 0, clip=True)(mel[:, ::-1])
    expected = matplotlib.colormaps[colour_map](np.ma.getdata(scaled), bytes=True)[..., :3]
    np.testing.assert_array_equal(mel_images(mel, 128, 130, channels=3, colour_map=colour_map), expected)


def test_grey_levels_are_those_of_matplotlibs_grey():
    mel = np.random.default_rng(2).uniform(-80, 0, (1, 32, 32)).astype(np.float32)
    colour = mel_images(mel, 20, 24, channels=3, colour_map="gray").astype(int)
    assert np.abs(mel_images(mel, 20, 24) - colour).max() <= 1


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    channels=st.sampled_from([1, 3]),
    db=st.floats(-200, 50, width=32),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 60)),
)
def test_any_size_and_a_constant_stays_constant(height, width, channels, db, shape):
    images = mel_images(np.full((2, *shape), db, np.float32), height, width, channels=channels)
    assert images.shape == (2, height, width, channels)
    assert images.dtype == np.uint8
    assert (images == images[:1, :1, :1]).all()


def test_shrinking_averages_instead_of_dropping_columns():
    mel = np.full((1, 8, 1000), -80.0, np.float32)
    mel[:, :, ::2] = 0.0
    image = mel_images(mel, 8, 20)
    assert np.abs(image.astype(int) - 127).max() <= 2


def test_a_memory_map_is_read_clip_by_clip(tmp_path):
    mel = np.random.default_rng(3).uniform(-80, 0, (5, 16, 20))
    np.save(tmp_path / "mel.npy", mel)
    mapped = np.load(tmp_path / "mel.npy", mmap_mode="r")
    np.testing.assert_array_equal(mel_images(mapped, 12, 18), mel_images(mel.astype(np.float32), 12, 18))
    assert mel_images(mapped[:0], 12, 18).shape == (0, 12, 18, 1)


def test_top_db_sets_what_is_black():
    mel = np.full((1, 4, 4), -30.0, np.float32)
    assert (mel_images(mel, 4, 4, top_db=60.0) == 128).all()
    assert (mel_images(mel, 4, 4, top_db=30.0) == 0).all()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"height": 0}, "height=0"),
        ({"width": 2.5}, "width=2.5"),
        ({"channels": 2}, "channels=2"),
        ({"channels": 3, "colour_map": "magmma"}, "did you mean 'magma'"),
        ({"top_db": -80}, "top_db=-80"),
        ({"mels": np.zeros((4, 4))}, r"shape \(4, 4\)"),
        ({"mels": np.zeros((1, 4, 0))}, r"shape \(1, 4, 0\)"),
        ({"mels": np.full((2, 4, 4), np.nan)}, r"mels\[0\] holds NaN"),
    ],
)
def test_wrong_images_are_refused(change, named):
    arguments = {"mels": np.zeros((1, 4, 4)), "height": 4, "width": 4} | change
    with pytest.raises(MgcError, match=named):
        mel_images(**arguments)
