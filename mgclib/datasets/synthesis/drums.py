"""Drum kits: every sound is made once per kit from decaying sines and filtered noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import signal

__all__ = ["KITS", "DrumKit", "Kit"]

SAMPLE_RATE = 22050
NYQUIST = 0.49 * SAMPLE_RATE


@dataclass(frozen=True)
class Kit:
    """The character of a kit.

    Parameters
    ----------
    kick, kick_decay, kick_sweep, kick_drive : float
        End frequency [Hz], time constant [s], start frequency over end frequency, overdrive.
    click : float
        Level of the beater.
    snare, snare_decay, wires : float
        Shell frequency [Hz], time constant of the noise [s], level of the noise against the shell.
    hat, hat_decay : float
        Cutoff of the high-pass [Hz] and time constant of the closed hat [s].
    """

    kick: float = 55.0
    kick_decay: float = 0.14
    kick_sweep: float = 3.0
    kick_drive: float = 1.0
    click: float = 0.3
    snare: float = 190.0
    snare_decay: float = 0.12
    wires: float = 0.8
    hat: float = 6500.0
    hat_decay: float = 0.035


KITS = {
    "studio": Kit(),
    "dry": Kit(kick=62, kick_decay=0.08, snare=210, snare_decay=0.08, click=0.4, hat=6000),
    "jazz": Kit(kick=70, kick_decay=0.12, click=0.1, snare=230, snare_decay=0.09, wires=0.7, hat=5500, hat_decay=0.05),
    "brushes": Kit(
        kick=68, kick_decay=0.1, click=0.05, snare=240, snare_decay=0.2, wires=2.5, hat=4500, hat_decay=0.06
    ),
    "arena": Kit(kick=52, kick_decay=0.2, snare=170, snare_decay=0.22, wires=1.1, hat=5500, hat_decay=0.06),
    "clicky": Kit(kick=60, kick_decay=0.08, click=1.6, snare=200, snare_decay=0.13, wires=1.2, hat=6000),
    "808": Kit(
        kick=48, kick_decay=0.35, kick_sweep=2, click=0.1, snare=185, snare_decay=0.1, hat=8000, hat_decay=0.025
    ),
    "909": Kit(kick=50, kick_decay=0.18, kick_sweep=4.5, click=0.5, snare=200, snare_decay=0.13, wires=1.2, hat=7500),
    "sampled": Kit(kick=58, kick_decay=0.12, click=0.5, kick_drive=2, snare=180, snare_decay=0.15, wires=1.4, hat=4500),
    "hard": Kit(kick=48, kick_decay=0.2, kick_sweep=6, kick_drive=6, click=0.6, snare=210, wires=1.4, hat=7000),
    "tribe": Kit(kick=54, kick_decay=0.15, kick_sweep=5, kick_drive=3, click=0.5, snare=220, wires=1.1, hat=7500),
    "gabber": Kit(kick=52, kick_decay=0.26, kick_sweep=7, kick_drive=14, click=0.8, snare=200, wires=1.8, hat=6500),
}
TUNED_NOISE = {  # sound: low and high cutoff [Hz], time constant [s], level
    "clap": (900, 3500, 0.11, 0.8),
    "shaker": (4500, NYQUIST, 0.04, 0.35),
    "tambourine": (5500, NYQUIST, 0.09, 0.4),
    "scrape": (1500, 5000, 0.16, 0.5),
    "sweep": (400, 6000, 0.5, 0.3),
}
BODIES = {  # sound: frequencies [Hz], time constant [s], level
    "rim": ((820, 1730), 0.02, 0.8),
    "tom": ((110, 170), 0.18, 0.9),
    "floor": ((75, 118), 0.22, 1.0),
    "conga": ((260, 410), 0.09, 0.6),
    "bongo": ((420, 655), 0.06, 0.5),
    "cowbell": ((562, 845), 0.12, 0.35),
    "stomp": ((62, 95), 0.07, 1.0),
    "anvil": ((740, 1317, 2113, 3407), 0.2, 0.5),
    "pipe": ((340, 915, 1741, 2802), 0.3, 0.5),
}
METAL = (317.0, 465.0, 589.0, 837.0, 1049.0, 1482.0)


class DrumKit:
    """A kit as one artist has it; ``kit["kick"]`` is a sound : np.ndarray [shape=(n,), float32]."""

    def __init__(self, name: str, rng: np.random.Generator) -> None:
        self.kit = KITS[name]
        self.scale = np.exp(rng.uniform(-1, 1, 6) * (0.12, 0.35, 0.12, 0.35, 0.2, 0.4))
        self.noise = rng.standard_normal(2 * SAMPLE_RATE).astype(np.float32)
        self.sounds: dict[str, np.ndarray] = {}

    def __getitem__(self, sound: str) -> np.ndarray:
        if sound not in self.sounds:
            y = self._make(sound)
            fade = np.minimum(np.arange(len(y), 0, -1) / 200, 1)
            self.sounds[sound] = (y * fade).astype(np.float32)
        return self.sounds[sound]

    def _make(self, sound: str) -> np.ndarray:
        if sound == "kick":
            return self._kick()
        if sound in ("snare", "ghost"):
            return self._snare()
        if sound in ("hat", "open", "ride", "crash", "splash"):
            return self._cymbal(sound)
        if sound in TUNED_NOISE:
            low, high, decay, level = TUNED_NOISE[sound]
            return level * self._band(low * self.scale[2], min(high, NYQUIST), decay * self.scale[3])
        frequencies, decay, level = BODIES[sound]
        t = _time(5 * decay)
        body = sum(np.sin(2 * np.pi * f * self.scale[2] * t) for f in frequencies) / len(frequencies)
        return level * (body * np.exp(-t / decay) + 0.3 * self.noise[: len(t)] * np.exp(-t / 0.004))

    def _kick(self) -> np.ndarray:
        kit, f = self.kit, self.kit.kick * self.scale[0]
        decay = kit.kick_decay * self.scale[1]
        t = _time(4.5 * decay)
        phase = f * (t + (kit.kick_sweep - 1) * 0.022 * (1 - np.exp(-t / 0.022)))
        body = np.sin(2 * np.pi * phase) * np.exp(-t / decay)
        click = kit.click * self.noise[: len(t)] * np.exp(-t / 0.003)
        return np.tanh(kit.kick_drive * (body + click)) / np.tanh(max(1.0, kit.kick_drive))

    def _snare(self) -> np.ndarray:
        kit, f = self.kit, self.kit.snare * self.scale[2]
        noise = self._band(max(600.0, 4 * f), NYQUIST, kit.snare_decay * self.scale[3])
        t = np.arange(len(noise)) / SAMPLE_RATE
        shell = np.sin(2 * np.pi * f * t) + 0.6 * np.sin(2 * np.pi * 1.72 * f * t)
        return 0.6 * shell * np.exp(-t / 0.06) + 0.4 * kit.wires * noise

    def _cymbal(self, sound: str) -> np.ndarray:
        decay = {"hat": 1, "open": 6, "ride": 9, "splash": 8, "crash": 18}[sound] * self.kit.hat_decay * self.scale[5]
        cutoff = self.kit.hat * self.scale[4] * {"ride": 0.75, "crash": 0.5}.get(sound, 1.0)
        noise = self._band(min(cutoff, 9000.0), NYQUIST, min(decay, 0.5))
        t = np.arange(len(noise)) / SAMPLE_RATE
        wash, strike = {"ride": (0.1, 0.3), "crash": (0.3, 0.1)}.get(sound, (0.25, 0.12))
        ring = sum(np.sign(np.sin(2 * np.pi * 5.1 * f * self.scale[4] * t)) for f in METAL) / len(METAL)
        return wash * noise + strike * ring * np.exp(-t / min(decay, 0.06))

    def _band(self, low: float, high: float, decay: float) -> np.ndarray:
        t = _time(5 * decay)
        if high >= NYQUIST:
            sos = signal.butter(2, low, "highpass", fs=SAMPLE_RATE, output="sos")
        else:
            sos = signal.butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos")
        return signal.sosfilt(sos, np.resize(self.noise, len(t))) * np.exp(-t / decay)


def _time(seconds: float) -> np.ndarray:
    return np.arange(int(min(seconds, 2.0) * SAMPLE_RATE)) / SAMPLE_RATE
