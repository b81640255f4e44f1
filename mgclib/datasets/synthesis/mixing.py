"""From layers to a finished excerpt: distortion, echo, room, equaliser, noise and level."""

from __future__ import annotations

import numpy as np
from scipy import signal

from mgclib.datasets.synthesis.style import Medium

__all__ = ["Desk", "add", "amplify"]

SAMPLE_RATE = 22050


def amplify(y: np.ndarray, drive_db: float) -> np.ndarray:
    """Return a guitar amplifier's view of `y`: gain, soft clipping, a loudspeaker without treble."""
    if drive_db <= 0:
        return y
    hot = np.tanh(y * np.float32(10 ** (drive_db / 20)))
    speaker = signal.butter(2, (90, 4800), "bandpass", fs=SAMPLE_RATE, output="sos")
    return signal.sosfilt(speaker.astype(np.float32), hot) * np.float32(0.5)


def add(buffer: np.ndarray, sound: np.ndarray, at: int, gain: float) -> None:
    """Add `sound` to `buffer` from sample `at`; what lies outside is left away."""
    first, last = max(at, 0), min(at + len(sound), len(buffer))
    if last > first:
        buffer[first:last] += np.float32(gain) * sound[first - at : last - at]


def _shelf(frequency: float, gain_db: float, kind: str) -> np.ndarray:
    """Second-order section of a shelving filter (Bristow-Johnson's cookbook, slope 1)."""
    a = 10 ** (gain_db / 40)
    w = 2 * np.pi * frequency / SAMPLE_RATE
    c, beta = np.cos(w), np.sin(w) * np.sqrt(2 * a)
    s = 1 if kind == "low" else -1
    b = [a * (a + 1 - s * (a - 1) * c + beta), s * 2 * a * (a - 1 - s * (a + 1) * c)]
    b.append(a * (a + 1 - s * (a - 1) * c - beta))
    d = [a + 1 + s * (a - 1) * c + beta, -s * 2 * (a - 1 + s * (a + 1) * c), a + 1 + s * (a - 1) * c - beta]
    return np.array([*b, *d]) / d[0]


class Desk:
    """The mixing desk of an artist: one medium, one room, one equaliser.

    Parameters
    ----------
    medium : Medium
    tone : three floats [dB]
        The genre's equaliser, see `Style`.
    rng : np.random.Generator
        Draws the artist's settings.
    """

    def __init__(self, medium: Medium, tone: tuple[float, float, float], rng: np.random.Generator) -> None:
        bandwidth, self.noise, self.crackle, bass, treble, self.drive, room = (
            rng.uniform(*span)
            for span in (
                medium.bandwidth,
                medium.noise,
                medium.crackle,
                medium.bass,
                medium.treble,
                medium.drive,
                medium.room,
            )
        )
        self.equaliser = np.vstack(
            [
                _shelf(200, bass + tone[0], "low"),
                _shelf(500, -tone[1], "low"),
                _shelf(1600, -tone[1], "high"),
                _shelf(2500, treble + tone[2], "high"),
                signal.butter(2, min(bandwidth, 10500), fs=SAMPLE_RATE, output="sos"),
                signal.butter(1, 30, "highpass", fs=SAMPLE_RATE, output="sos"),
            ]
        ).astype(np.float32)
        t = np.arange(int(0.5 * room * SAMPLE_RATE)) / SAMPLE_RATE
        tail = rng.standard_normal(len(t)) * np.exp(-6.9 * t / room) * np.minimum(t / 0.012, 1)
        tail = signal.sosfilt(signal.butter(1, (250, 4500), "bandpass", fs=SAMPLE_RATE, output="sos"), tail)
        self.room = (tail / np.sqrt(np.sum(tail**2))).astype(np.float32)

    def mix(self, dry: np.ndarray, to_room: np.ndarray, to_echo: np.ndarray | None, echo_s: float) -> np.ndarray:
        """Return the sum of the dry sound, the room and (where there is one) a fading echo."""
        if to_echo is not None:
            repeats = np.zeros_like(to_echo)
            for k in range(1, 6):
                add(repeats, to_echo, int(k * echo_s * SAMPLE_RATE), 0.55**k)
            dry = dry + repeats
            to_room = to_room + repeats * np.float32(0.3)
        return dry + signal.oaconvolve(to_room, self.room)[: len(dry)]

    def master(self, y: np.ndarray, rng: np.random.Generator, level: float) -> np.ndarray:
        """Return the finished excerpt : np.ndarray [shape=(n,), float32, [-1, 1]]; `rng` makes its noise."""
        y = y * np.float32(0.35 / (np.sqrt(np.mean(y**2)) * 2.5 + 1e-9))
        gain = 10 ** (self.drive / 20)
        y = np.tanh(y * np.float32(gain)) * np.float32(1 / np.tanh(gain))
        hiss = rng.standard_normal(len(y), dtype=np.float32) * np.float32(10 ** (self.noise / 20))
        y = y + hiss
        for at in rng.integers(0, len(y), int(self.crackle * len(y) / SAMPLE_RATE)):
            add(y, np.float32([1, -0.7, 0.4]), int(at), 0.35 * rng.random() ** 3)
        y = signal.sosfilt(self.equaliser, y)
        return (y * np.float32(level / (np.max(np.abs(y)) + 1e-9))).astype(np.float32)
