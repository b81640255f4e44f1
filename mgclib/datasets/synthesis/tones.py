"""Pitched notes: scanned wavetables.

A voice is a short series of band-limited single-cycle waves, from its bright attack to its dull decay;
a note reads them at its pitch while it moves along the series. That is a filter envelope, a plucked
string and a singing formant at the price of two table look-ups per sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mgclib.datasets.synthesis.harmony import frequency

__all__ = ["SAMPLE_RATE", "VOICES", "Instrument", "Voice"]

SAMPLE_RATE = 22050
TABLE = 2048
PHASES = np.exp(2j * np.pi * np.random.default_rng(7).random(TABLE // 2 + 1))
VOWELS = (  # first three formants in Hz: a, e, i, o, u
    (750, 1200, 2500),
    (500, 1800, 2500),
    (320, 2250, 2950),
    (480, 880, 2500),
    (340, 800, 2300),
)


@dataclass(frozen=True)
class Voice:
    """The sound of an instrument.

    Parameters
    ----------
    slope : float
        Harmonic *k* has the amplitude ``k ** -slope`` before the filter.
    even : float, 0 … 1
        Gain of the even harmonics (0: a clarinet or a square wave).
    bright, dull : float [Hz]
        Cutoff at the attack and after the brightness has decayed; `resonance` is the peak there.
    darken : float [seconds]
        Time constant of that decay.
    attack, decay, release : float [seconds]
        `decay` is the time constant towards `sustain` (0 … 1).
    vibrato : float [semitones]; bend : float [semitones below the pitch at the start]
    detune : float [cents]
        Distance of a second, equal string or oscillator; 0: there is none.
    breath : float
        Level of noise that follows the note's envelope.
    bars : tuple of float
        Drawbars: amplitudes of the first harmonics instead of `slope`.
    sings : bool
        Spectrum shaped by the formants of a vowel that changes from note to note.
    """

    slope: float = 1.0
    even: float = 1.0
    bright: float = 6000.0
    dull: float = 1500.0
    resonance: float = 0.0
    darken: float = 0.15
    attack: float = 0.005
    decay: float = 1.0
    sustain: float = 0.0
    release: float = 0.06
    vibrato: float = 0.0
    bend: float = 0.0
    detune: float = 0.0
    breath: float = 0.0
    bars: tuple[float, ...] = ()
    sings: bool = False


VOICES = {
    "acoustic guitar": Voice(slope=1.0, bright=5500, dull=1300, darken=0.18, decay=0.8, attack=0.003),
    "steel strings": Voice(slope=0.8, bright=8000, dull=2200, darken=0.25, decay=0.9, attack=0.002, detune=5),
    "electric guitar": Voice(slope=0.9, bright=4500, dull=1800, darken=0.35, decay=1.4, attack=0.003, release=0.04),
    "lead guitar": Voice(slope=0.8, bright=5000, dull=3000, darken=0.5, decay=2.5, sustain=0.3, vibrato=0.18, bend=1.0),
    "slide guitar": Voice(
        slope=0.9, bright=5000, dull=2500, darken=0.6, decay=2, sustain=0.35, vibrato=0.25, bend=2.5, attack=0.02
    ),
    "muted guitar": Voice(slope=0.8, bright=2800, dull=500, darken=0.05, decay=0.09, release=0.02, attack=0.002),
    "piano": Voice(slope=1.15, bright=5000, dull=1200, darken=0.3, decay=1.1, detune=3, release=0.12, attack=0.003),
    "harpsichord": Voice(slope=0.45, bright=9500, dull=5000, darken=0.4, decay=0.7, attack=0.001, detune=4),
    "electric piano": Voice(slope=1.8, bright=3500, dull=700, darken=0.2, decay=1.2, even=0.5, detune=6, release=0.1),
    "organ": Voice(
        bars=(0.8, 1, 0.7, 0.6, 0, 0.4, 0, 0.35),
        bright=9000,
        dull=9000,
        sustain=1,
        attack=0.008,
        vibrato=0.06,
        detune=7,
    ),
    "banjo": Voice(slope=0.5, bright=7500, dull=1500, darken=0.06, decay=0.22, attack=0.001),
    "fiddle": Voice(
        slope=0.9, bright=4500, dull=5500, darken=0.2, sustain=0.9, attack=0.06, vibrato=0.22, breath=0.015, bend=0.4
    ),
    "strings": Voice(
        slope=1.0, bright=2500, dull=4200, darken=0.3, sustain=1, attack=0.12, release=0.25, vibrato=0.1, detune=14
    ),
    "flute": Voice(
        slope=2.0, bright=3000, dull=3000, sustain=0.9, attack=0.05, vibrato=0.15, breath=0.06, release=0.08
    ),
    "clarinet": Voice(slope=1.1, even=0.12, bright=3500, dull=3000, sustain=0.9, attack=0.03, breath=0.01),
    "saxophone": Voice(
        slope=0.75, bright=2200, dull=3300, darken=0.1, sustain=0.85, attack=0.03, vibrato=0.2, breath=0.04, bend=0.6
    ),
    "trumpet": Voice(
        slope=0.55, bright=1800, dull=5200, darken=0.08, sustain=0.85, attack=0.025, vibrato=0.12, breath=0.01
    ),
    "brass": Voice(slope=0.6, bright=1500, dull=5000, darken=0.06, sustain=0.7, decay=0.4, attack=0.02, detune=9),
    "voice": Voice(
        slope=0.9, bright=5500, dull=5500, sustain=0.9, attack=0.05, vibrato=0.3, bend=0.8, breath=0.03, sings=True
    ),
    "choir": Voice(
        slope=1.1, bright=5000, dull=5000, sustain=1, attack=0.15, release=0.3, vibrato=0.2, detune=16, sings=True
    ),
    "rap": Voice(
        slope=0.8, bright=6500, dull=4000, darken=0.1, decay=0.15, attack=0.012, breath=0.1, bend=1.5, sings=True
    ),
    "growl": Voice(slope=0.4, bright=7000, dull=4500, darken=0.2, sustain=0.8, attack=0.02, breath=0.5, sings=True),
    "finger bass": Voice(slope=1.3, bright=1400, dull=450, darken=0.15, decay=0.9, sustain=0.1, attack=0.006),
    "upright bass": Voice(slope=1.5, bright=1100, dull=280, darken=0.1, decay=0.5, attack=0.008, breath=0.01),
    "slap bass": Voice(slope=0.9, bright=4500, dull=600, darken=0.07, decay=0.5, attack=0.002),
    "pick bass": Voice(slope=0.9, bright=2800, dull=900, darken=0.15, decay=1.0, sustain=0.2, attack=0.003),
    "dub bass": Voice(slope=2.2, bright=420, dull=260, darken=0.2, decay=1.5, sustain=0.3, attack=0.012),
    "808": Voice(slope=2.6, bright=500, dull=200, darken=0.1, decay=0.9, sustain=0.1, attack=0.004, bend=-7),
    "synth bass": Voice(slope=0.9, bright=2600, dull=350, darken=0.12, resonance=1.5, decay=0.6, sustain=0.3),
    "saw lead": Voice(slope=0.9, bright=7500, dull=4500, darken=0.3, sustain=0.7, decay=0.5, detune=16),
    "square lead": Voice(slope=1.0, even=0.05, bright=6000, dull=3500, sustain=0.7, decay=0.4, vibrato=0.1),
    "pluck": Voice(slope=0.9, bright=6500, dull=700, darken=0.09, decay=0.25, detune=10),
    "bell": Voice(
        bars=(1, 0, 0.1, 0.5, 0, 0.4, 0, 0, 0.25, 0, 0, 0, 0.2), bright=9000, dull=900, darken=0.4, decay=0.9
    ),
    "pad": Voice(slope=1.1, bright=900, dull=2600, darken=1.0, sustain=1, attack=0.3, release=0.4, detune=18),
    "stab": Voice(slope=0.8, bright=6500, dull=1200, darken=0.08, decay=0.2, detune=20, release=0.1),
    "hoover": Voice(slope=0.6, bright=3500, dull=7500, darken=0.25, sustain=1, attack=0.02, bend=5, detune=35),
    "acid": Voice(slope=0.7, bright=3600, dull=350, resonance=7.0, darken=0.09, decay=0.4, sustain=0.2, release=0.02),
    "donk": Voice(slope=1.6, even=0.2, bright=2200, dull=350, darken=0.05, decay=0.12, attack=0.001, bend=-12),
    "screech": Voice(slope=0.4, bright=9000, dull=3500, resonance=5.0, darken=0.3, sustain=0.8, bend=-4, detune=25),
    "siren": Voice(slope=1.2, even=0.3, bright=5000, dull=5000, sustain=1, attack=0.05, bend=9, release=0.2),
}


class Instrument:
    """A voice as one artist has it: a little brighter, duller or more out of tune than another's.

    Parameters
    ----------
    name : str
        A key of `VOICES`.
    rng : np.random.Generator
        Draws the artist's deviations.
    """

    def __init__(self, name: str, rng: np.random.Generator) -> None:
        colour, decay, attack, detune = np.exp(rng.uniform(-1, 1, 4) * (0.35, 0.3, 0.3, 0.6))
        voice = VOICES[name]
        self.voice = replace(
            voice,
            slope=voice.slope * np.exp(rng.uniform(-0.15, 0.15)),
            bright=voice.bright * colour,
            dull=voice.dull * colour,
            decay=voice.decay * decay,
            attack=voice.attack * attack,
            detune=voice.detune * detune,
        )
        self.tuning = rng.uniform(-0.06, 0.06)
        self.notes: dict[tuple[float, int, int], np.ndarray] = {}
        self.breath = rng.standard_normal(4 * SAMPLE_RATE).astype(np.float32)

    def note(self, pitch: float, seconds: float, vowel: int = 0) -> np.ndarray:
        """Return one note at full velocity : np.ndarray [shape=(n,), float32]; equal notes are made once."""
        step = max(1, round(seconds * 40))
        key = (pitch, step, vowel if self.voice.sings else 0)
        if key not in self.notes:
            self.notes[key] = self._play(frequency(pitch + self.tuning), step / 40, vowel)
        return self.notes[key]

    def _play(self, f: float, seconds: float, vowel: int) -> np.ndarray:
        v = self.voice
        n = int((seconds + v.release) * SAMPLE_RATE)
        t = np.arange(n, dtype=np.float32) / np.float32(SAMPLE_RATE)
        phase = self._phase(f, t)
        tables = self._tables(f, vowel)
        y = _scan(tables, phase, t, v.darken)
        if v.detune:
            y += _scan(tables, phase * 2 ** (v.detune / 1200) + 0.37, t, v.darken)
            y *= np.float32(0.7)
        if v.breath:
            noise = np.resize(self.breath, n)
            y += np.float32(v.breath) * noise
        return y * self._envelope(t, seconds)

    def _phase(self, f: float, t: np.ndarray) -> np.ndarray:
        v = self.voice
        phase = f * t.astype(np.float64)
        if v.bend:
            glide = 0.06 if v.bend < 3 else 0.15
            phase += f * (2 ** (-v.bend / 12) - 1) * glide * (1 - np.exp(t * np.float32(-1 / glide)))
        if v.vibrato:
            depth = f * (2 ** (v.vibrato / 12) - 1) / (2 * np.pi * 5.3)
            phase += depth * np.minimum(t * np.float32(3), 1) * np.sin(np.float32(2 * np.pi * 5.3) * t)
        return phase

    def _tables(self, f: float, vowel: int) -> np.ndarray:
        v = self.voice
        k = np.arange(1, max(2, min(TABLE // 2, int(0.46 * SAMPLE_RATE / f))))
        if v.bars:
            amplitude = np.zeros(len(k))
            amplitude[: len(v.bars)] = v.bars[: len(k)]
        else:
            amplitude = k**-v.slope
        amplitude[1::2] *= v.even
        if v.sings:
            amplitude = amplitude * _formants(k * f, vowel)
        cutoffs = np.geomspace(v.bright, v.dull, 1 if v.bright == v.dull else 4)
        ratio = k * f / cutoffs[:, None]
        gains = 1 / np.sqrt(1 + ratio**6) + v.resonance * np.exp(-(((ratio - 1) / 0.25) ** 2))
        spectra = np.zeros((len(cutoffs), TABLE // 2 + 1), dtype=complex)
        spectra[:, 1 : len(k) + 1] = amplitude * gains * PHASES[1 : len(k) + 1]
        tables = np.fft.irfft(spectra, n=TABLE, axis=1)
        return (tables / np.sqrt(np.mean(tables[0] ** 2) + 1e-20) * 0.3).astype(np.float32)

    def _envelope(self, t: np.ndarray, seconds: float) -> np.ndarray:
        v = self.voice
        rise = np.minimum(t / np.float32(v.attack), 1)
        fall = np.clip((np.float32(seconds + v.release) - t) / np.float32(v.release), 0, 1)
        if v.sustain >= 1:
            return rise * fall
        body = np.float32(v.sustain) + np.float32(1 - v.sustain) * np.exp(t * np.float32(-1 / v.decay))
        return rise * fall * body


def _scan(tables: np.ndarray, phase: np.ndarray, t: np.ndarray, darken: float) -> np.ndarray:
    index = (phase * TABLE).astype(np.int64) & (TABLE - 1)
    if len(tables) == 1:
        return tables[0].take(index)
    place = np.float32(len(tables) - 1.001) * (1 - np.exp(t * np.float32(-1 / darken)))
    row = place.astype(np.int64)
    index += row * TABLE
    flat = tables.reshape(-1)
    y = flat.take(index)
    index += TABLE
    y += (place - row).astype(np.float32) * (flat.take(index) - y)
    return y


def _formants(frequencies: np.ndarray, vowel: int) -> np.ndarray:
    gain = np.full(len(frequencies), 0.04)
    for centre, level, width in zip(VOWELS[vowel % len(VOWELS)], (1.0, 0.7, 0.45), (110, 140, 200), strict=True):
        gain += level / (1 + ((frequencies - centre) / width) ** 2)
    return gain
