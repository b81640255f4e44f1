"""Harmony: scales, chords written as Roman numerals, progressions and voicings.

Pitches are MIDI note numbers (60 = middle C, 69 = 440 Hz); pitch classes are 0 … 11 above C.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

__all__ = ["SCALES", "Chord", "frequency", "parse_progression", "scale_walk", "voicing"]

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "bebop": (0, 2, 4, 5, 7, 9, 10, 11),
}
DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "mmaj7": (0, 3, 7, 11),
    "9": (0, 4, 7, 10, 14),
    "m9": (0, 3, 7, 10, 14),
    "5": (0, 7),
    "m5": (0, 7),
    "dim": (0, 3, 6),
    "mdim": (0, 3, 6),
    "sus": (0, 5, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
}
NUMERAL = re.compile(r"(b?)(VII|VI|IV|V|III|II|I)(.*)", re.IGNORECASE)


@dataclass(frozen=True)
class Chord:
    """A chord: pitch class of its root and the intervals above it, in semitones."""

    root: int
    intervals: tuple[int, ...]

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        return tuple((self.root + i) % 12 for i in self.intervals)


def frequency(pitch: float) -> float:
    """Return the frequency of a MIDI pitch in Hz."""
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


def _parse_chord(symbol: str, key: int) -> Chord:
    flat, numeral, quality = NUMERAL.fullmatch(symbol).groups()
    root = (key + DEGREES[numeral.upper()] - bool(flat)) % 12
    return Chord(root, QUALITIES[("m" if numeral.islower() else "") + quality])


def parse_progression(text: str, key: int) -> tuple[tuple[Chord, ...], ...]:
    """Return the chords of every bar of a progression such as ``"I vi ii7/V7 I"`` in `key` (a pitch class).

    Bars are separated by spaces, chords that share a bar by ``/``; small numerals are minor.
    """
    return tuple(tuple(_parse_chord(symbol, key) for symbol in bar.split("/")) for bar in text.split())


def voicing(chord: Chord, centre: int) -> tuple[int, ...]:
    """Return the chord's pitches within half an octave of `centre`, so that voices move little."""
    low = centre - 6
    return tuple(sorted({low + (pc - low) % 12 for pc in chord.pitch_classes}))


def scale_walk(scale: tuple[int, ...], key: int, centre: int, steps: np.ndarray) -> list[int]:
    """Return pitches that lie `steps` scale degrees above the tonic nearest to `centre`."""
    tonic = centre - 6 + (key - centre + 6) % 12
    octaves, degrees = np.divmod(np.asarray(steps, dtype=int), len(scale))
    return [int(tonic + 12 * o + scale[d]) for o, d in zip(octaves, degrees, strict=True)]
