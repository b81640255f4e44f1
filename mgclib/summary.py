"""Summary features: one row of numbers per clip, for classical machine learning.

A feature of librosa or of pyAudioAnalysis is a curve over time; its mean and its standard deviation over the
clip describe the clip. The techno report trains an SVM, XGBoost and LightGBM on such features of 8-second
clips ("Feature Extraction from the clips with both Librosa & pyAudioAnalysis") without saying which they are:
the choice here is ours, and `summary_names` documents every column.

Each value equals what the named function of the library gives for the waveform on its own; what several of
them need is computed once (`mgclib.analysis`, `mgclib.short_term`).

Notebook: ``feature_ml``.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np

from mgclib.analysis import Analysis
from mgclib.audio import sample_fault
from mgclib.errors import AudioError, ParameterError
from mgclib.features import Spec, check_integer, check_number, check_waveform
from mgclib.short_term import SHORT_TERM_FEATURES, short_term_features

__all__ = ["Feature", "SummarySpec", "summarise", "summary_names"]

PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
TONNETZ = ("fifth_x", "fifth_y", "minor_third_x", "minor_third_y", "major_third_x", "major_third_y")
CONTRAST_EDGES = (0, 200, 400, 800, 1600, 3200, 6400)
LEAST_SAMPLE_RATE = 2 * CONTRAST_EDGES[-1] + 1


@dataclasses.dataclass(frozen=True)
class SummarySpec(Spec):
    """How the summary features of a clip are made; the defaults are librosa's and pyAudioAnalysis' own.

    Two specs that make the same features are equal, hash alike and have the same `key`.

    Parameters
    ----------
    sample_rate : int > 12800
        Samples per second of the waveform; the highest band of the spectral contrast begins at 6400 Hz.
    n_fft : int > 0, even
        Length of librosa's analysis window in samples; two bins must lie below 200 Hz.
    hop_length : int > 0
        Samples between two frames of librosa, at most `n_fft`.
    n_mels : int > 0
        Mel bands below the MFCC and the onset strength.
    n_mfcc : int > 0
        Mel-frequency cepstral coefficients, at most `n_mels`.
    short_term_window_s, short_term_step_s : float > 0 [seconds]
        Length of a frame of pyAudioAnalysis, and the distance between two.
    short_term_deltas : bool
        Also describe the change of pyAudioAnalysis' features from frame to frame: 68 columns more.

    Raises
    ------
    ParameterError
        For a value of the wrong type or out of range.
    """

    sample_rate: int = 22050
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    n_mfcc: int = 20
    short_term_window_s: float = 0.05
    short_term_step_s: float = 0.025
    short_term_deltas: bool = False

    def __post_init__(self) -> None:
        for name, least in {"sample_rate": LEAST_SAMPLE_RATE, "hop_length": 1, "n_mels": 1, "n_mfcc": 1}.items():
            self._put(name, check_integer(name, getattr(self, name), least))
        self._put("n_fft", check_integer("n_fft", self.n_fft, math.ceil(self.sample_rate / 100)))
        if self.n_fft % 2:
            raise ParameterError(f"n_fft={self.n_fft} must be even")
        for name, bound in {"hop_length": "n_fft", "n_mfcc": "n_mels"}.items():
            value, most = getattr(self, name), getattr(self, bound)
            if value > most:
                raise ParameterError(f"{name}={value} must be at most {bound}={most}")
        for name in ("short_term_window_s", "short_term_step_s"):
            self._put(name, check_number(name, getattr(self, name), "above 0", lambda x: x > 0))
        if self.short_term_window < self._least_window:
            raise ParameterError(
                f"short_term_window_s={self.short_term_window_s:g} must be at least "
                f"{self._least_window / self.sample_rate:.3g} s at {self.sample_rate} Hz: "
                "pyAudioAnalysis' chroma needs a bin per pitch"
            )
        if self.short_term_step < 1:
            raise ParameterError(f"short_term_step_s={self.short_term_step_s:g} must be at least one sample")
        if not isinstance(self.short_term_deltas, bool):
            raise ParameterError(f"short_term_deltas={self.short_term_deltas!r} must be true or false")

    @property
    def short_term_window(self) -> int:
        """Length of a frame of pyAudioAnalysis, in samples."""
        return int(self.short_term_window_s * self.sample_rate)

    @property
    def short_term_step(self) -> int:
        """Distance between two frames of pyAudioAnalysis, in samples."""
        return int(self.short_term_step_s * self.sample_rate)

    @property
    def _least_window(self) -> int:
        return 2 * (round(12 * math.log2(self.sample_rate / 2 / 27.5)) + 1)

    @property
    def least_samples(self) -> int:
        """Samples of the shortest clip that can be described: one frame of each library."""
        return max(self.n_fft, self.short_term_window)


@dataclasses.dataclass(frozen=True)
class Feature:
    """A column of the summary features.

    Parameters
    ----------
    name : str
        Unique; a curve's name with its row (``mfcc1``, ``chroma_stft_C``) and what is told of it: ``_mean``,
        ``_std`` (standard deviation over the frames); no ending for a single number. Those of pyAudioAnalysis
        begin with ``short_term_``.
    unit : str
        ``1`` stands for a number without a unit.
    source : str
        The library function.
    meaning : str
        One phrase for the reader.
    """

    name: str
    unit: str
    source: str
    meaning: str


@dataclasses.dataclass(frozen=True)
class _Curve:
    """One of librosa's features over time: what its rows are called, and where `Analysis` keeps it."""

    name: str
    unit: str
    source: str
    meaning: str
    values: Callable[[Analysis, SummarySpec], np.ndarray]
    rows: Callable[[SummarySpec], tuple[tuple[str, str], ...]] = lambda spec: (("", ""),)


def _pitch_classes(spec: SummarySpec) -> tuple[tuple[str, str], ...]:
    return tuple((f"_{pitch}", pitch) for pitch in PITCH_CLASSES)


def _coefficients(spec: SummarySpec) -> tuple[tuple[str, str], ...]:
    return tuple((str(k), f"{k} of {spec.n_mfcc}") for k in range(1, spec.n_mfcc + 1))


def _contrast_bands(spec: SummarySpec) -> tuple[tuple[str, str], ...]:
    edges = (*CONTRAST_EDGES, spec.sample_rate // 2)
    return tuple((str(k + 1), f"{edges[k]} to {edges[k + 1]} Hz") for k in range(len(CONTRAST_EDGES)))


def _tonnetz_axes(spec: SummarySpec) -> tuple[tuple[str, str], ...]:
    return tuple((f"_{axis}", axis.replace("_", " ")) for axis in TONNETZ)


CURVES = (
    _Curve(
        "mfcc",
        "dB",
        "librosa.feature.mfcc",
        "shape of the spectrum, the timbre: mel-frequency cepstral coefficient",
        lambda a, spec: a.mfcc(spec.n_mfcc),
        _coefficients,
    ),
    _Curve(
        "chroma_stft",
        "1",
        "librosa.feature.chroma_stft",
        "energy at pitch class, strongest = 1, from the Fourier transform:",
        lambda a, spec: a.chroma_stft,
        _pitch_classes,
    ),
    _Curve(
        "chroma_cqt",
        "1",
        "librosa.feature.chroma_cqt",
        "energy at pitch class, strongest = 1, from the constant-Q transform:",
        lambda a, spec: a.chroma_cqt,
        _pitch_classes,
    ),
    _Curve(
        "chroma_cens",
        "1",
        "librosa.feature.chroma_cens",
        "pitch class without loudness and timbre, smoothed over about a second:",
        lambda a, spec: a.chroma_cens,
        _pitch_classes,
    ),
    _Curve(
        "tonnetz",
        "1",
        "librosa.feature.tonnetz",
        "harmony as a position on the circles of intervals:",
        lambda a, spec: a.tonnetz,
        _tonnetz_axes,
    ),
    _Curve(
        "spectral_centroid",
        "Hz",
        "librosa.feature.spectral_centroid",
        "centre of gravity of the spectrum: how bright it sounds",
        lambda a, spec: a.centroid,
    ),
    _Curve(
        "spectral_bandwidth",
        "Hz",
        "librosa.feature.spectral_bandwidth",
        "deviation of the spectrum around its centroid",
        lambda a, spec: a.bandwidth,
    ),
    _Curve(
        "spectral_contrast",
        "dB",
        "librosa.feature.spectral_contrast",
        "peaks above valleys, clear tones above noise, at",
        lambda a, spec: a.contrast,
        _contrast_bands,
    ),
    _Curve(
        "spectral_flatness",
        "1",
        "librosa.feature.spectral_flatness",
        "noise (1) or tone (0)",
        lambda a, spec: a.flatness,
    ),
    _Curve(
        "spectral_rolloff",
        "Hz",
        "librosa.feature.spectral_rolloff",
        "frequency below which 85 % of the spectrum lie",
        lambda a, spec: a.rolloff,
    ),
    _Curve(
        "zero_crossing_rate",
        "crossings/sample",
        "librosa.feature.zero_crossing_rate",
        "how often the waveform changes its sign: noise and high tones",
        lambda a, spec: a.zero_crossing_rate,
    ),
    _Curve("rms", "full scale", "librosa.feature.rms", "loudness", lambda a, spec: a.rms),
    _Curve(
        "onset_strength",
        "dB",
        "librosa.onset.onset_strength",
        "how much sets in from one frame to the next",
        lambda a, spec: a.onset_strength,
    ),
)
TEMPO = Feature("tempo", "BPM", "librosa.feature.tempo", "speed of the beat, as a listener would tap near 120")
SHORT_TERM = "pyAudioAnalysis.ShortTermFeatures.feature_extraction"


@functools.lru_cache(maxsize=8)
def summary_names(spec: SummarySpec | None = None) -> tuple[Feature, ...]:
    """Return what the columns of `summarise` are, in order.

    Parameters
    ----------
    spec : SummarySpec or None
        None: ``SummarySpec()``.

    Returns
    -------
    tuple of Feature

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(summary_names()).set_index("name")
    >>> table.loc["tempo", "unit"]
    'BPM'
    """
    spec = SummarySpec() if spec is None else spec
    librosa_rows = [
        (curve.name + ending, curve.unit, curve.source, f"{curve.meaning} {row}".strip())
        for curve in CURVES
        for ending, row in curve.rows(spec)
    ]
    short_term_rows = [(f"short_term_{name}", unit, SHORT_TERM, meaning) for name, unit, meaning in SHORT_TERM_FEATURES]
    if spec.short_term_deltas:
        short_term_rows += [
            (f"{name}_delta", unit, source, f"change per frame: {meaning}")
            for name, unit, source, meaning in short_term_rows
        ]
    return (*_described(librosa_rows), TEMPO, *_described(short_term_rows))


def _described(rows: list[tuple[str, str, str, str]]) -> list[Feature]:
    """Return the means of all rows, then their deviations."""
    return [
        Feature(f"{name}_{ending}", unit, source, f"{of} of: {meaning}")
        for ending, of in (("mean", "mean"), ("std", "deviation"))
        for name, unit, source, meaning in rows
    ]


def summarise(y: np.ndarray, spec: SummarySpec | None = None) -> np.ndarray:
    """Return the summary features of one clip.

    Digital silence and constant signals have finite features: spectra without energy have centroid, bandwidth,
    roll-off and chroma 0 and flatness 1; without an onset the tempo is the most usual one, near 120.

    Parameters
    ----------
    y : np.ndarray [shape=(n_samples,), real]
        Mono waveform at ``spec.sample_rate``, in [-1, 1], at least ``spec.least_samples`` long.
    spec : SummarySpec or None
        None: ``SummarySpec()``.

    Returns
    -------
    np.ndarray [shape=(n_features,), float32]
        Finite; `summary_names` tells the columns.

    Raises
    ------
    AudioError
        When `y` is too short, holds NaN or infinity, or reaches far above 1.
    ParameterError
        When `y` is not a one-dimensional array of real numbers.

    Examples
    --------
    >>> len(summarise(np.sin(np.arange(22050, dtype=np.float32)))) == len(summary_names())
    True
    """
    spec = SummarySpec() if spec is None else spec
    y = check_waveform(y)
    if fault := sample_fault(y):
        raise AudioError(f"the waveform is no sound: {fault}")
    if len(y) < spec.least_samples:
        raise AudioError(
            f"the clip has {len(y)} samples ({len(y) / spec.sample_rate:.3f} s): summary features need at least "
            f"{spec.least_samples} ({spec.least_samples / spec.sample_rate:.3f} s); leave it out"
        )
    analysis = Analysis(
        y, sample_rate=spec.sample_rate, n_fft=spec.n_fft, hop_length=spec.hop_length, n_mels=spec.n_mels
    )
    curves = [np.atleast_2d(curve.values(analysis, spec)) for curve in CURVES]
    short_term = short_term_features(y, spec.sample_rate, spec.short_term_window, spec.short_term_step)
    if spec.short_term_deltas:
        short_term = np.vstack([short_term, np.diff(short_term, axis=1, prepend=short_term[:, :1])])
    return np.concatenate([*_moments(curves), analysis.tempo, *_moments([short_term])]).astype(np.float32)


def _moments(curves: list[np.ndarray]) -> list[np.ndarray]:
    """Return the means of all rows, then their standard deviations, both computed in float64."""
    curves = [curve.astype(np.float64, copy=False) for curve in curves]
    return [curve.mean(axis=1) for curve in curves] + [curve.std(axis=1) for curve in curves]
