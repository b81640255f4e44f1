"""A song: the endless piece of music behind a track, of which any excerpt can be rendered."""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["FAMILIES", "SAMPLE_RATE", "VERSION", "Song"]

VERSION = 0
SAMPLE_RATE = 22050
FAMILIES = {
    "genres": ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"),
    "techno": ("bouncy", "tekno", "warzone", "industrial", "non-techno-drop"),
}


class Song:
    """A placeholder: pulses and a drone whose pitch, tempo and brightness depend on the genre."""

    def __init__(self, genre: str, track: int, seed: int) -> None:
        self.genre = np.random.default_rng([seed, zlib.crc32(genre.encode())])
        self.track = np.random.default_rng([seed, zlib.crc32(genre.encode()), track])
        self.tempo = self.genre.uniform(60, 180) * self.track.uniform(0.85, 1.15)
        self.pitch = self.genre.uniform(80, 300) * self.track.uniform(0.7, 1.4)
        self.partials = int(self.genre.integers(3, 20) * self.track.uniform(0.6, 1.5))

    def excerpt(self, start_s: float, seconds: float) -> np.ndarray:
        """Return samples : np.ndarray [shape=(n,), float32, [-1, 1]]."""
        t = start_s + np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        beat = t * self.tempo / 60 % 1
        tone = sum(np.sin(2 * np.pi * self.pitch * k * t) / k for k in range(1, self.partials))
        noise = np.random.default_rng(int(start_s * 1000)).standard_normal(len(t)) * np.exp(-beat * 12)
        return (0.2 * tone + 0.15 * noise * np.exp(-beat)).clip(-1, 1).astype(np.float32)
