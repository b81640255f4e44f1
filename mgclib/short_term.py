"""The 34 short-term features of pyAudioAnalysis, of all frames of a clip at once.

``pyAudioAnalysis.ShortTermFeatures.feature_extraction`` walks through a clip frame by frame and sets its
chroma map up anew for each. Here the same formulas run over an array of frames; the mel filter bank and the
map from frequency bins to pitch classes are the library's own, made once per process. The numbers are the
library's, with its habits: frames are not windowed and do not overlap the ends, the clip is freed of its mean
and scaled to a peak of 1, and where several bins share a pitch the chroma vector holds the last of them.

Only ``ShortTermFeatures`` is imported, and only when it is needed: the package's other modules want packages
that it does not declare.

Reference: Giannakopoulos, "pyAudioAnalysis: An open-source Python library for audio signal analysis", PLOS ONE
2015. Notebook: ``feature_ml``.
"""

from __future__ import annotations

import functools
import warnings
from types import ModuleType

import numpy as np
import scipy.fft

__all__ = ["SHORT_TERM_FEATURES", "short_term_features"]

EPS = np.finfo(np.float64).eps
BLOCKS = 10
ROLLOFF = 0.9
N_MFCC = 13
PITCH_CLASSES = ("A", "A#", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#")

SHORT_TERM_FEATURES: tuple[tuple[str, str, str], ...] = (
    ("zcr", "crossings/sample", "how often the waveform changes its sign"),
    ("energy", "1", "mean square of the samples of the frame, peak of the clip = 1"),
    ("energy_entropy", "bit", "how evenly the energy is spread over ten parts of the frame: low where a beat sets in"),
    ("spectral_centroid", "Nyquist", "centre of gravity of the spectrum: how bright it sounds"),
    ("spectral_spread", "Nyquist", "deviation of the spectrum around its centroid"),
    ("spectral_entropy", "bit", "how evenly the energy is spread over ten bands: low for a pitch, high for noise"),
    ("spectral_flux", "1", "squared change of the normalised spectrum since the last frame"),
    ("spectral_rolloff", "Nyquist", "frequency below which 90 % of the energy lie"),
    *((f"mfcc{k}", "log10", f"mel-frequency cepstral coefficient {k} of 13, from 40 bands") for k in range(1, 14)),
    *((f"chroma_{pitch}", "1", f"share of pitch class {pitch} in the energy") for pitch in PITCH_CLASSES),
    ("chroma_std", "1", "deviation among the twelve pitch classes: low for noise, high for one clear chord"),
)
"""Name, unit and meaning of each row of `short_term_features`; Nyquist stands for half the sample rate."""


def short_term_features(y: np.ndarray, sample_rate: int, window: int, step: int) -> np.ndarray:
    """Return the short-term features of a clip, equal to those of pyAudioAnalysis without deltas.

    Parameters
    ----------
    y : np.ndarray [shape=(n_samples,), real, finite]
        Mono waveform of at least `window` samples. pyAudioAnalysis expects 16-bit integers, but as it scales
        every clip to a peak of 1, floats in [-1, 1] give the same features to 1e-5; only of a very quiet clip is the
        energy less exact (8e-5 of it at a peak of 0.01, 8e-4 at 0.001), because a small constant is added to the peak.
    sample_rate : int > 0 [Hz]
    window, step : int > 0 [samples]
        Length of a frame, and the distance between two.

    Returns
    -------
    np.ndarray [shape=(34, n_frames), float64]
        Rows as in `SHORT_TERM_FEATURES`; ``n_frames = 1 + (n_samples - window) // step``.
    """
    signal = _normalised(y)
    frames = np.lib.stride_tricks.sliding_window_view(signal, window)[::step]
    magnitude = np.abs(scipy.fft.rfft(frames, axis=1)[:, : window // 2]) / (window // 2)
    chroma = _chroma(magnitude, sample_rate)
    return np.vstack(
        [
            _crossings(signal, window, step),
            np.mean(frames**2, axis=1),
            _entropy(frames),
            *_centroid_and_spread(magnitude),
            _entropy(magnitude),
            _flux(magnitude),
            _rolloff(magnitude),
            _mfcc(magnitude, sample_rate),
            chroma,
            chroma.std(axis=0),
        ]
    )


def _normalised(y: np.ndarray) -> np.ndarray:
    signal = np.asarray(y, np.float64) / 2.0**15
    signal -= signal.mean()
    return signal / (np.abs(signal).max() + 1e-10)


def _crossings(signal: np.ndarray, window: int, step: int) -> np.ndarray:
    changes = np.abs(np.diff(np.sign(signal)))
    until = np.concatenate([[0.0], np.cumsum(changes)])
    first = np.arange(0, len(signal) - window + 1, step)
    return (until[first + window - 1] - until[first]) / 2 / (window - 1)


def _entropy(rows: np.ndarray) -> np.ndarray:
    """Return the entropy in bits of how the energy of each row is spread over `BLOCKS` equal parts."""
    length = rows.shape[1] // BLOCKS
    parts = (rows[:, : length * BLOCKS].reshape(len(rows), BLOCKS, length) ** 2).sum(axis=2)
    share = parts / (np.sum(rows**2, axis=1, keepdims=True) + EPS)
    return -np.sum(share * np.log2(share + EPS), axis=1)


def _centroid_and_spread(magnitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n_bins = magnitude.shape[1]
    frequency = np.arange(1, n_bins + 1) / n_bins
    peak = magnitude.max(axis=1, keepdims=True)
    weight = magnitude / np.where(peak == 0, EPS, peak)
    total = weight.sum(axis=1) + EPS
    centroid = weight @ frequency / total
    deviation = (frequency - centroid[:, np.newaxis]) ** 2
    return centroid, np.sqrt(np.sum(deviation * weight, axis=1) / total)


def _flux(magnitude: np.ndarray) -> np.ndarray:
    share = magnitude / np.sum(magnitude + EPS, axis=1, keepdims=True)
    return np.sum(np.diff(share, axis=0, prepend=share[:1]) ** 2, axis=1)


def _rolloff(magnitude: np.ndarray) -> np.ndarray:
    energy = magnitude**2
    above = np.cumsum(energy, axis=1) + EPS > ROLLOFF * energy.sum(axis=1, keepdims=True)
    return np.argmax(above, axis=1) / magnitude.shape[1]


def _mfcc(magnitude: np.ndarray, sample_rate: int) -> np.ndarray:
    bands = np.log10(magnitude @ _mel_bank(sample_rate, magnitude.shape[1]) + EPS)
    return scipy.fft.dct(bands, type=2, norm="ortho", axis=1)[:, :N_MFCC].T


def _chroma(magnitude: np.ndarray, sample_rate: int) -> np.ndarray:
    energy = magnitude**2
    total = energy.sum(axis=1)
    return (energy @ _chroma_map(sample_rate, magnitude.shape[1])).T / np.where(total == 0, EPS, total)


def _library() -> ModuleType:
    """Return ``pyAudioAnalysis.ShortTermFeatures``, which imports scipy's dct from where SciPy 2 will not have it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Please import `dct`", category=DeprecationWarning)
        from pyAudioAnalysis import ShortTermFeatures

    return ShortTermFeatures


@functools.lru_cache(maxsize=8)
def _mel_bank(sample_rate: int, n_bins: int) -> np.ndarray:
    """Return pyAudioAnalysis' mel filter bank : np.ndarray [shape=(n_bins, 40)]."""
    return np.ascontiguousarray(_library().mfcc_filter_banks(sample_rate, n_bins)[0].T)


@functools.lru_cache(maxsize=8)
def _chroma_map(sample_rate: int, n_bins: int) -> np.ndarray:
    """Return what pyAudioAnalysis' `chroma_features` does to the energies of a frame : np.ndarray [shape=(n_bins, 12)].

    Bin *k* is written to place ``pitch[k]`` (places below 0 count from the end), over what an earlier bin
    wrote there; each place *p* is divided by the number of bins at the pitch of bin ``pitch[p]``; then every
    twelfth place is summed.
    """
    pitch, n_bins_of_pitch = _library().chroma_features_init(n_bins, sample_rate)
    last = {int(place) % n_bins: k for k, place in enumerate(pitch)}
    mapping = np.zeros((n_bins, 12))
    for place, k in last.items():
        mapping[k, place % 12] += 1 / n_bins_of_pitch[pitch[place]]
    return mapping
