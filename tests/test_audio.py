from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from mgclib.audio import decode, fit_length, load_clip
from mgclib.errors import AudioError, ParameterError


def tone(seconds: float, sample_rate: int, hz: float = 440.0, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * sample_rate)) / sample_rate)).astype(np.float32)


@pytest.mark.parametrize("sample_rate", [8000, 22050, 44100, 96000])
def test_any_sample_rate_becomes_the_same_tone(tmp_path: Path, sample_rate: int):
    soundfile.write(tmp_path / "a.wav", tone(1.0, sample_rate), sample_rate, subtype="FLOAT")
    y = load_clip(tmp_path / "a.wav")
    assert y.dtype == np.float32
    assert y.shape == (22050,)
    np.testing.assert_allclose(y[1000:-1000], tone(1.0, 22050)[1000:-1000], atol=2e-3)


def test_agrees_with_librosa(tmp_path: Path):
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.wav", rng.uniform(-0.4, 0.4, (44100, 2)), 44100)
    reference, _ = librosa.load(tmp_path / "a.wav", sr=22050, mono=True, res_type="soxr_hq")
    np.testing.assert_allclose(load_clip(tmp_path / "a.wav"), reference, atol=1e-6)


def test_channels_are_averaged(tmp_path: Path):
    left = tone(0.5, 22050)
    soundfile.write(tmp_path / "a.wav", np.column_stack([left, left / 2]), 22050, subtype="FLOAT")
    np.testing.assert_allclose(load_clip(tmp_path / "a.wav"), 0.75 * left, atol=1e-6)


def test_a_part_is_the_same_part_of_the_whole(tmp_path: Path):
    y = np.random.default_rng(1).uniform(-1, 1, 22050).astype(np.float32)
    soundfile.write(tmp_path / "a.flac", y, 22050)
    whole = load_clip(tmp_path / "a.flac")
    np.testing.assert_array_equal(
        load_clip(tmp_path / "a.flac", start_s=0.2, duration_s=0.3), whole[4410 : 4410 + 6615]
    )
    assert len(load_clip(tmp_path / "a.flac", start_s=0.9, duration_s=5)) == 2205


def test_overshoot_is_clipped(tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", np.full(1000, 1.5, np.float32), 22050, subtype="FLOAT")
    assert load_clip(tmp_path / "a.wav").max() == 1.0


def write_zero_bytes(path: Path) -> None:
    path.write_bytes(b"")


def write_text(path: Path) -> None:
    path.write_text("this is no sound")


def write_nan(path: Path) -> None:
    soundfile.write(path, np.array([0.0, np.nan, 0.5], np.float32), 22050, subtype="FLOAT")


def write_integers_as_floats(path: Path) -> None:
    soundfile.write(path, np.array([0.0, 3000.0], np.float32), 22050, subtype="FLOAT")


def write_header_only(path: Path) -> None:
    soundfile.write(path, np.zeros(0, np.float32), 22050)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (write_zero_bytes, "empty"),
        (write_text, "cannot be decoded"),
        (write_nan, "not finite"),
        (write_integers_as_floats, "expected values in"),
        (write_header_only, "has 0 s"),
        (lambda path: None, "no such file"),
    ],
)
def test_what_is_no_sound_is_named_in_one_line(tmp_path: Path, write, says: str):
    path = tmp_path / "Ünïcödé 音楽.wav"
    write(path)
    with pytest.raises(AudioError, match=says) as caught:
        load_clip(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_start_behind_the_end(tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", tone(0.2, 22050), 22050)
    with pytest.raises(AudioError, match=r"the file has 0\.2 s"):
        decode(tmp_path / "a.wav", start_s=1.0)


@pytest.mark.parametrize("arguments", [{"start_s": -1}, {"duration_s": 0}, {"sample_rate": 0}])
def test_parameters_out_of_range(tmp_path: Path, arguments: dict):
    with pytest.raises(ParameterError):
        load_clip(tmp_path / "a.wav", **arguments)


@given(length=st.integers(0, 50), wanted=st.integers(1, 50))
def test_fit_length_cuts_or_pads_with_zeros(length: int, wanted: int):
    y = np.arange(1, length + 1, dtype=np.float32)
    fitted = fit_length(y, wanted)
    assert fitted.shape == (wanted,)
    assert fitted.dtype == y.dtype
    np.testing.assert_array_equal(fitted[: min(length, wanted)], y[:wanted])
    assert not fitted[length:].any()
