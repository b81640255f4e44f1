"""Augmentations of sound: shift it, add noise, play it faster or slower without another pitch."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import librosa
import numpy as np

from mgclib.augment.base import Augmentation
from mgclib.errors import ParameterError
from mgclib.features import check_number

__all__ = ["GaussianNoise", "TimeShift", "TimeStretch", "noisy", "shifted", "stretched"]


def shifted(y: np.ndarray, share: float) -> np.ndarray:
    """Return a clip that begins later by `share` of its length; what leaves at its end comes back at its start.

    Parameters
    ----------
    y : np.ndarray [shape=(n_samples, …)]
    share : float [-1 … 1]
        Below 0: earlier.
    """
    return np.roll(y, round(share * len(y)), axis=0)


def noisy(y: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Return a clip with white Gaussian noise, `snr_db` below the clip's own mean power.

    Parameters
    ----------
    y : np.ndarray [shape=(n_samples, …), float]
    snr_db : float
        Ten times the decimal logarithm of the clip's mean power over the noise's. Silence stays silent.
    rng : np.random.Generator
    """
    power = float(np.mean(np.square(y, dtype=np.float64)))
    noise = rng.standard_normal(np.shape(y), dtype=np.float32)
    return y + np.float32(np.sqrt(power * 10 ** (-snr_db / 10))) * noise


def stretched(y: np.ndarray, rate: float) -> np.ndarray:
    """Return a clip played `rate` times as fast at the same pitch, cut or repeated from its start to its old length.

    Parameters
    ----------
    y : np.ndarray [shape=(n_samples,), float]
    rate : float > 0
        1.25: a quarter faster.

    Notes
    -----
    The phase vocoder of `librosa.effects.time_stretch`.
    """
    if rate == 1:
        return y
    return np.resize(librosa.effects.time_stretch(np.asarray(y, np.float32), rate=rate), len(y))


@dataclasses.dataclass(frozen=True)
class _OfWaveforms(Augmentation):
    takes: ClassVar[str] = "waveforms"


@dataclasses.dataclass(frozen=True)
class TimeShift(_OfWaveforms):
    """Let clips begin elsewhere: a shift drawn evenly, to either side, round the end of the clip.

    Parameters
    ----------
    p : float [0 … 1]
    most : float [0 … 1]
        Greatest shift as a share of the clip.
    """

    kind: ClassVar[str] = "time-shift"

    most: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put("most", check_number("most", self.most, "from 0 to 1", lambda x: 0 <= x <= 1))

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        for clip, share in zip(chosen, rng.uniform(-self.most, self.most, len(chosen)), strict=True):
            x[clip] = shifted(x[clip], share)


@dataclasses.dataclass(frozen=True)
class GaussianNoise(_OfWaveforms):
    """Add white noise at a signal-to-noise ratio drawn evenly in decibels.

    Parameters
    ----------
    p : float [0 … 1]
    snr_db : (float, float) [dB, -20 … 80]
        Least and greatest ratio of the clip's mean power to the noise's.
    """

    kind: ClassVar[str] = "gaussian-noise"

    snr_db: tuple[float, float] = (10.0, 30.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put_range("snr_db", -20, 80)

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        for clip, snr_db in zip(chosen, rng.uniform(*self.snr_db, len(chosen)), strict=True):
            x[clip] = noisy(x[clip], snr_db, rng)


@dataclasses.dataclass(frozen=True)
class TimeStretch(_OfWaveforms):
    """Play clips faster or slower at the same pitch; see `stretched`.

    Parameters
    ----------
    p : float [0 … 1]
    rate : (float, float) [0.25 … 4]
        Least and greatest tempo against the clip's; drawn evenly on a logarithmic scale, so that half as fast is as
        likely as twice.
    """

    kind: ClassVar[str] = "time-stretch"

    rate: tuple[float, float] = (0.8, 1.25)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put_range("rate", 0.25, 4)

    def _check_clips(self, shape: tuple[int, ...]) -> None:
        super()._check_clips(shape)
        if shape[1] < 2048:
            raise ParameterError(f"time-stretch needs clips of at least 2048 samples, not {shape[1]}")

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        for clip, rate in zip(chosen, np.exp(rng.uniform(*np.log(self.rate), len(chosen))), strict=True):
            x[clip] = stretched(x[clip].ravel(), rate).reshape(x[clip].shape)
