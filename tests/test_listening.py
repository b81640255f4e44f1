"""Players in a page: the sound is inside, and only generated music is copied."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import librosa
import numpy as np
import soundfile

from mgclib import datasets, listening


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
