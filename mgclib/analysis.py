"""What the features of one clip share: one Fourier transform, one set of spectral peaks, one chroma, one onset curve.

Each function of librosa starts from the waveform if it is given one, so calling a dozen of them transforms
the clip a dozen times, estimates its tuning four times and its constant-Q spectrum three times. `Analysis`
makes each of these once, when it is first asked for, with librosa's own arithmetic.

Notebook: ``feature_ml``.
"""

from __future__ import annotations

import functools
import warnings

import librosa
import numpy as np

from mgclib.features import MelSpec, mel_basis

__all__ = ["Analysis"]

BINS_PER_OCTAVE, N_OCTAVES = 36, 7
PEAK_FMIN, PEAK_FMAX, PEAK_THRESHOLD = 150.0, 4000.0, 0.1
ROLL_PERCENT = 0.85


class Analysis:
    """The time curves of one clip; every one is an np.ndarray [shape=(rows, n_frames)] or [shape=(n_frames,)].

    Parameters
    ----------
    y : np.ndarray [shape=(n_samples,), float32, finite]
        Mono waveform.
    sample_rate : int > 0 [Hz]
    n_fft : int > 0, even
    hop_length : int > 0
    n_mels : int > 0
    """

    def __init__(self, y: np.ndarray, *, sample_rate: int, n_fft: int, hop_length: int, n_mels: int) -> None:
        self.y, self.sample_rate, self.n_fft, self.hop_length, self.n_mels = y, sample_rate, n_fft, hop_length, n_mels

    @functools.cached_property
    def frequencies(self) -> np.ndarray:
        """Centre of each bin, in Hz : np.ndarray [shape=(1 + n_fft // 2,)]."""
        return librosa.fft_frequencies(sr=self.sample_rate, n_fft=self.n_fft)

    @functools.cached_property
    def magnitude(self) -> np.ndarray:
        """Magnitude of the short-time Fourier transform, Hann window."""
        return np.abs(librosa.stft(self.y, n_fft=self.n_fft, hop_length=self.hop_length))

    @functools.cached_property
    def power(self) -> np.ndarray:
        """Square of the magnitude."""
        return self.magnitude**2

    @functools.cached_property
    def mel_db(self) -> np.ndarray:
        """Power in mel bands, in decibels relative to 1, at most 80 dB below the clip's maximum."""
        spec = MelSpec(self.sample_rate, self.n_fft, self.hop_length, n_mels=self.n_mels)
        return librosa.power_to_db(np.einsum("ft,mf->mt", self.power, mel_basis(spec), optimize=True))

    @functools.cached_property
    def _moments(self) -> np.ndarray:
        """Moments 0, 1 and 2 of the magnitude over frequency : np.ndarray [shape=(3, n_frames), float64]."""
        scaled = self.frequencies / self.frequencies[-1]
        moments = np.stack([np.ones_like(scaled), scaled, scaled**2]) @ self.magnitude.astype(np.float64)
        moments[0, moments[0] == 0] = 1
        return moments

    @functools.cached_property
    def centroid(self) -> np.ndarray:
        """Mean frequency of the magnitude spectrum, in Hz; 0 in digital silence."""
        total, first, _ = self._moments
        return self.frequencies[-1] * first / total

    @functools.cached_property
    def bandwidth(self) -> np.ndarray:
        """Deviation of frequency around the centroid, in Hz; 0 in digital silence."""
        total, first, second = self._moments
        return self.frequencies[-1] * np.sqrt(np.maximum(second / total - (first / total) ** 2, 0))

    @functools.cached_property
    def rolloff(self) -> np.ndarray:
        """Frequency below which 85 % of the magnitude lie, in Hz."""
        until = np.cumsum(self.magnitude, axis=0)
        return self.frequencies[np.argmax(until >= ROLL_PERCENT * until[-1], axis=0)]

    @functools.cached_property
    def contrast(self) -> np.ndarray:
        """Distance between peaks and valleys in seven bands, in dB."""
        return librosa.feature.spectral_contrast(S=self.magnitude, sr=self.sample_rate, n_fft=self.n_fft)

    @functools.cached_property
    def flatness(self) -> np.ndarray:
        """Geometric over arithmetic mean of the power spectrum; 1 for white noise and for digital silence."""
        return librosa.feature.spectral_flatness(S=self.magnitude)

    @functools.cached_property
    def zero_crossing_rate(self) -> np.ndarray:
        """Share of samples where the waveform changes its sign."""
        return librosa.feature.zero_crossing_rate(self.y, frame_length=self.n_fft, hop_length=self.hop_length)

    @functools.cached_property
    def rms(self) -> np.ndarray:
        """Root mean square of the samples of each frame, full scale = 1."""
        return librosa.feature.rms(y=self.y, frame_length=self.n_fft, hop_length=self.hop_length)

    @functools.cached_property
    def chroma_stft(self) -> np.ndarray:
        """Energy of the twelve pitch classes from C on, relative to the strongest in the frame.

        librosa tunes this one on peaks of the *power* spectrum, in fractions of a semitone.
        """
        tuning = _tuning(self.power, self.sample_rate, self.n_fft, bins_per_octave=12)
        return librosa.feature.chroma_stft(S=self.power, sr=self.sample_rate, n_fft=self.n_fft, tuning=tuning)

    @functools.cached_property
    def constant_q(self) -> np.ndarray:
        """Magnitude of the constant-Q transform : seven octaves above C1, tuned, three bins per semitone."""
        tuning = _tuning(self.magnitude, self.sample_rate, self.n_fft, bins_per_octave=BINS_PER_OCTAVE)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="n_fft=.* is too large for input signal")
            transform = librosa.cqt(
                self.y,
                sr=self.sample_rate,
                hop_length=self.hop_length,
                n_bins=N_OCTAVES * BINS_PER_OCTAVE,
                bins_per_octave=BINS_PER_OCTAVE,
                tuning=tuning,
            )
        return np.abs(transform)

    @functools.cached_property
    def chroma_cqt(self) -> np.ndarray:
        """Constant-Q energy of the twelve pitch classes from C on, relative to the strongest in the frame."""
        return librosa.feature.chroma_cqt(C=self.constant_q, sr=self.sample_rate, bins_per_octave=BINS_PER_OCTAVE)

    @functools.cached_property
    def chroma_cens(self) -> np.ndarray:
        """Chroma that is quantised, smoothed over 41 frames and of length 1: what loudness and timbre leave."""
        return librosa.feature.chroma_cens(C=self.constant_q, sr=self.sample_rate, bins_per_octave=BINS_PER_OCTAVE)

    @functools.cached_property
    def tonnetz(self) -> np.ndarray:
        """Position on the circles of fifths, minor thirds and major thirds, of the constant-Q chroma."""
        return librosa.feature.tonnetz(chroma=self.chroma_cqt, sr=self.sample_rate)

    @functools.cached_property
    def onset_strength(self) -> np.ndarray:
        """Mean rise of the mel bands since the last frame, in dB."""
        return librosa.onset.onset_strength(
            S=self.mel_db, sr=self.sample_rate, n_fft=self.n_fft, hop_length=self.hop_length
        )

    @functools.cached_property
    def tempo(self) -> np.ndarray:
        """Most likely beats per minute : np.ndarray [shape=(1,)]; the prior's, near 120, where there is no onset."""
        return librosa.feature.tempo(
            onset_envelope=self.onset_strength, sr=self.sample_rate, hop_length=self.hop_length
        )

    def mfcc(self, n_mfcc: int) -> np.ndarray:
        """Return the first cepstral coefficients of the mel bands, in dB."""
        return librosa.feature.mfcc(S=self.mel_db, n_mfcc=n_mfcc)


def _tuning(spectrogram: np.ndarray, sample_rate: int, n_fft: int, *, bins_per_octave: int) -> float:
    """Return the deviation from 440 Hz in fractions of a bin, equal to ``librosa.estimate_tuning(S=spectrogram)``.

    librosa interpolates between all bins and then keeps the peaks; here only the peaks are interpolated,
    in the same precision, since one peak more or less can move the estimate by a step. 0 where there is no peak.
    """
    frequencies = librosa.fft_frequencies(sr=sample_rate, n_fft=n_fft)
    low, high = np.searchsorted(frequencies, [PEAK_FMIN, min(PEAK_FMAX, sample_rate / 2)])
    middle, below, above = spectrogram[low:high], spectrogram[low - 1 : high - 1], spectrogram[low + 1 : high + 1]
    loud = middle > PEAK_THRESHOLD * spectrogram.max(axis=0)
    where = np.nonzero(loud & (middle > below) & (middle >= above))
    if not where[0].size:
        return 0.0
    middle, below, above = middle[where], below[where], above[where]
    curvature = (above + below).astype(np.float64) - 2.0 * middle
    slope = (above - below).astype(np.float64) / 2
    inside = np.abs(slope) < np.abs(curvature)
    shift = np.where(inside, -slope / np.where(inside, curvature, 1), 0).astype(np.float32)
    height = middle + np.float32(0.5) * ((above - below) / np.float32(2)) * shift
    pitch = ((low + where[0] + shift) * float(sample_rate) / n_fft).astype(np.float32)
    return float(librosa.pitch_tuning(pitch[height >= np.median(height)], bins_per_octave=bins_per_octave))
