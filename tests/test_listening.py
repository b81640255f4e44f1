"""Players in a page: the sound is inside, and only generated music is copied."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import librosa
import numpy as np
import pytest
import soundfile

from mgclib import datasets, listening
from mgclib.errors import ParameterError


def test_player_holds_the_sound():
    rate, seconds = 22050, 1.0
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    data = re.search(r'base64,([^"]+)"', listening.player(tone, rate)).group(1)
    heard, heard_rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
    assert heard_rate == rate
    assert abs(len(heard) / rate - seconds) < 0.1
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(librosa.fft_frequencies(sr=rate, n_fft=len(heard))[spectrum.argmax()] - 440) < 2


def test_only_generated_music_is_copied(tmp_path):
    music = datasets.load("synthetic", tmp_path, tracks_per_genre=1, clips_per_track=1, clip_seconds=1.0)
    page = listening.players(music).data
    assert page.count("<audio") == len(music.genres)
    assert "http" not in page
    real = listening.players(replace(music, synthetic=False)).data
    assert "<audio" not in real
    assert "not copied" in real


def test_named_sounds_stand_in_a_row_each_with_its_own():
    tones = {f"{f} Hz <b>": np.sin(2 * np.pi * f * np.arange(11025) / 22050) / 2 for f in (440, 880)}
    page = listening.labelled(tones).data
    assert page.index("440 Hz &lt;b&gt;") < page.index("880 Hz &lt;b&gt;")
    for f, data in zip((440, 880), re.findall(r'base64,([^"]+)"', page), strict=True):
        heard, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
        assert abs(np.abs(np.fft.rfft(heard)).argmax() * rate / len(heard) - f) < 4


def test_only_the_marked_seconds_are_heard_without_clicks():
    rate, fade = 8000, 0.1
    profile = np.array([0.1, 0.2, 1.0, 0.6, 0.0, 0.4, 0.9, 0.1])
    gains = listening.gate(profile, 4 * rate, rate, threshold=0.5, fade_s=fade)
    assert gains.shape == (4 * rate,)
    assert (gains >= 0).all()
    assert (gains <= 1).all()
    at = gains[(np.array([0.25, 1.25, 1.75, 2.25, 3.25, 3.8]) * rate).astype(int)]
    np.testing.assert_allclose(at, [0, 1, 1, 0, 1, 0], atol=1e-4)
    np.testing.assert_allclose(gains[rate], 0.5, atol=0.02)  # the middle of a fade lies on the boundary
    steepest = np.pi / 2 / (fade * rate)
    assert np.abs(np.diff(gains)).max() < 1.5 * steepest
    np.testing.assert_allclose(gains[: int(0.9 * rate)], 0, atol=1e-5)


def test_a_gate_has_its_limits():
    assert (listening.gate(np.full(5, 0.3), 100) == 1).all()
    assert (listening.gate(np.zeros(5), 100) == 0).all()
    assert set(listening.gate(np.array([0.0, 1.0]), 100, fade_s=0)) == {0, 1}
    with pytest.raises(ParameterError, match="threshold=0 must be above 0"):
        listening.gate(np.ones(3), 100, threshold=0)
    with pytest.raises(ParameterError, match="row of finite numbers"):
        listening.gate(np.ones((2, 2)), 100)
