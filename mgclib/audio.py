"""Decode a sound file, mix it to mono, resample it, cut or pad it.

Everything that `mgclib` knows of sound passes through `load_clip`: float32 mono in [-1, 1].
Formats are those of libsndfile (WAV, AU, AIFF, FLAC, Ogg Vorbis, Opus, MP3).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile
import soxr

from mgclib.errors import AudioError, ParameterError

__all__ = ["AUDIO_SUFFIXES", "UNSUPPORTED_SUFFIXES", "decode", "fit_length", "load_clip"]

AUDIO_SUFFIXES = (".wav", ".flac", ".au", ".aif", ".aiff", ".ogg", ".oga", ".opus", ".mp3")
UNSUPPORTED_SUFFIXES = (".m4a", ".aac", ".mp4", ".wma", ".ape", ".alac", ".webm")
MAX_PEAK = 8.0
READ_AGAIN = "look at it with `mgc data check`, fetch it again or leave it out"


def decode(
    path: str | os.PathLike[str], start_s: float = 0.0, duration_s: float | None = None
) -> tuple[np.ndarray, int]:
    """Decode a file, or a part of it, as it is.

    Parameters
    ----------
    path : path
    start_s : float >= 0 [seconds]
    duration_s : float > 0 [seconds] or None
        None: to the end. A file that ends earlier gives fewer samples.

    Returns
    -------
    samples : np.ndarray [shape=(n_samples, n_channels), float32]
    sample_rate : int [Hz]

    Raises
    ------
    AudioError
        When the file is missing, empty, undecodable, ends before `start_s`, or holds non-finite samples.
    """
    path = Path(path)
    if start_s < 0 or (duration_s is not None and duration_s <= 0):
        raise ParameterError(f"start_s={start_s!r} must not be negative and duration_s={duration_s!r} must be above 0")
    if not path.is_file():
        raise AudioError(f"{path}: no such file; check the folder given as home")
    if path.stat().st_size == 0:
        raise AudioError(f"{path}: the file is empty (0 bytes); fetch it again or leave it out")
    try:
        with soundfile.SoundFile(path) as sound:
            sample_rate = sound.samplerate
            first = round(start_s * sample_rate)
            if first >= sound.frames:
                length = sound.frames / sample_rate
                raise AudioError(f"{path}: nothing at {start_s:g} s, the file has {length:g} s; {READ_AGAIN}")
            sound.seek(first)
            frames = -1 if duration_s is None else round(duration_s * sample_rate)
            samples = sound.read(frames, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(f"{path}: cannot be decoded ({_reason(error)}); {READ_AGAIN}") from error
    fault = sample_fault(samples)
    if fault:
        raise AudioError(f"{path}: {fault}; {READ_AGAIN}")
    return samples, sample_rate


def _reason(error: Exception) -> str:
    text = str(getattr(error, "error_string", "") or error)
    return " ".join(text.split()).rstrip(".")


def sample_fault(samples: np.ndarray) -> str | None:
    """Return why these samples are no sound, or None."""
    if samples.size == 0:
        return "no samples were decoded"
    low, high = float(samples.min()), float(samples.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        return "holds samples that are not finite (NaN or infinity)"
    if max(-low, high) > MAX_PEAK:
        return f"samples reach {max(-low, high):g}, expected values in [-1, 1] (integers stored as floats?)"
    return None


def load_clip(
    path: str | os.PathLike[str],
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    sample_rate: int = 22050,
) -> np.ndarray:
    """Load a clip as mono at one sample rate.

    The channels are averaged; resampling is soxr's HQ; overshoots of the resampling or of a lossy
    decoder are clipped to [-1, 1].

    Parameters
    ----------
    path : path
    start_s : float >= 0 [seconds]
    duration_s : float > 0 [seconds] or None
        None: to the end.
    sample_rate : int > 0 [Hz]

    Returns
    -------
    np.ndarray [shape=(n_samples,), float32, in [-1, 1]]
        As long as the file allows; see `fit_length` for a fixed length.

    Raises
    ------
    AudioError
        See `decode`.
    """
    if sample_rate <= 0:
        raise ParameterError(f"sample_rate={sample_rate!r} must be a positive number of Hz")
    samples, native_rate = decode(path, start_s, duration_s)
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    if native_rate != sample_rate:
        mono = soxr.resample(mono, native_rate, sample_rate, quality="HQ")
    return np.clip(mono, -1.0, 1.0).astype(np.float32, copy=False)


def fit_length(y: np.ndarray, n_samples: int) -> np.ndarray:
    """Cut `y` after `n_samples`, or pad it with zeros at the end.

    Parameters
    ----------
    y : np.ndarray [shape=(n,)]
    n_samples : int > 0

    Returns
    -------
    np.ndarray [shape=(n_samples,), same dtype]
    """
    if n_samples <= 0:
        raise ParameterError(f"n_samples={n_samples!r} must be a positive integer")
    return y[:n_samples] if len(y) >= n_samples else np.pad(y, (0, n_samples - len(y)))
