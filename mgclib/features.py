"""From a waveform to a log-mel spectrogram, and from that to a picture.

Everything here is a pure function of arrays. A `MelSpec` says how a spectrogram is made; `log_mel` makes
it exactly as ``librosa.feature.melspectrogram`` and ``librosa.power_to_db(ref=np.max)`` do; `mel_images`
turns spectrograms into 8-bit images of any size, grey or through a matplotlib colour map, the input of
the reports' SVM on pixels and of their 2D networks.

References: McFee et al., "librosa: Audio and music signal analysis in Python", SciPy 2015; Slaney,
"Auditory Toolbox", 1998 (the mel scale and the area normalisation of the bands).
Notebooks: ``svm_pixels``, ``cnn_2d``.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import numbers
from collections.abc import Callable, Mapping
from typing import Any, Self

import librosa
import numpy as np
from PIL import Image

from mgclib.errors import AudioError, ParameterError, closest

__all__ = ["MelSpec", "crops", "log_mel", "mel_images"]


class Spec:
    """What frozen dataclasses that say how an array is made have in common: a key, and a way to JSON and back."""

    @functools.cached_property
    def key(self) -> str:
        """Twelve hexadecimal digits that name this spec, the same on every machine."""
        return hashlib.blake2b(json.dumps(self.to_dict(), sort_keys=True).encode(), digest_size=6).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict that JSON can hold; `from_dict` is the inverse."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Return the spec with these fields (defaults for those left out).

        Raises
        ------
        ParameterError
            For an unknown field (the message names the closest known one) or an invalid value.
        """
        known = [f.name for f in dataclasses.fields(cls)]
        for name in fields:
            if name not in known:
                match = closest(name, known)
                hint = f"did you mean {match!r}?" if match else f"expected some of {known}"
                raise ParameterError(f"a {cls.__name__} has no field {name!r}: {hint}")
        return cls(**fields)

    def _put(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def kind_of(fields: Mapping[str, Any], kinds: Mapping[str, Any], what: str) -> tuple[Any, dict[str, Any]]:
    """Return what `kinds` has for the ``kind`` among `fields`, and the other fields.

    Raises
    ------
    ParameterError
        For an unknown kind of `what`; the message names the closest known one.
    """
    settings = dict(fields)
    kind = settings.pop("kind", None)
    if kind not in kinds:
        match = closest(kind, kinds) if isinstance(kind, str) else None
        hint = f"did you mean {match!r}?" if match else f"expected one of {', '.join(sorted(kinds))}"
        raise ParameterError(f"{what} of the kind {kind!r} are unknown: {hint}")
    return kinds[kind], settings


@dataclasses.dataclass(frozen=True)
class MelSpec(Spec):
    """How a log-mel spectrogram is made.

    Two specs that make the same spectrogram are equal, hash alike and have the same `key`.

    Parameters
    ----------
    sample_rate : int > 0
        Samples per second of the waveform.
    n_fft : int > 1
        Length of the analysis window and of the Fourier transform, in samples.
    hop_length : int > 0
        Samples between two frames.
    window : str
        Name of a window that `scipy.signal.get_window` knows.
    n_mels : int > 0
        Number of mel bands.
    fmin : float >= 0
        Lower edge of the lowest band, in Hz.
    fmax : float or None
        Upper edge of the highest band, in Hz; None stands for half the sample rate, which is stored as None.
    power : float > 0
        Exponent of the magnitude before the bands are summed: 2 for power, 1 for amplitude.
    top_db : float > 0
        Dynamic range: what lies more than `top_db` below the clip's maximum is raised to ``-top_db``.

    Raises
    ------
    ParameterError
        For a value of the wrong type or out of range.
    """

    sample_rate: int = 22050
    n_fft: int = 2048
    hop_length: int = 512
    window: str = "hann"
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float | None = None
    power: float = 2.0
    top_db: float = 80.0

    def __post_init__(self) -> None:
        for name, least in {"sample_rate": 1, "n_fft": 2, "hop_length": 1, "n_mels": 1}.items():
            self._put(name, check_integer(name, getattr(self, name), least))
        nyquist = self.sample_rate / 2
        self._put("power", check_number("power", self.power, "above 0", lambda x: x > 0))
        self._put("top_db", check_number("top_db", self.top_db, "above 0", lambda x: x > 0))
        fmin = check_number("fmin", self.fmin, f"from 0 to below {nyquist:g} Hz", lambda x: 0 <= x < nyquist)
        self._put("fmin", fmin)
        if self.fmax is not None:
            wanted = f"above fmin={fmin:g} Hz and at most half the sample rate, {nyquist:g} Hz (or None for that)"
            fmax = check_number("fmax", self.fmax, wanted, lambda x: fmin < x <= nyquist)
            self._put("fmax", None if fmax == nyquist else fmax)
        _check_window(self.window)

    def n_frames(self, n_samples: int) -> int:
        """Return the number of frames of a waveform of `n_samples` (frames are centred, the ends zero-padded)."""
        check_integer("n_samples", n_samples, 1)
        return 1 + (n_samples - self.n_fft % 2) // self.hop_length


def check_integer(name: str, value: Any, least: int) -> int:
    """Return `value` as an int, or raise a ParameterError that echoes it when it is none or below `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ParameterError(f"{name}={value!r} must be an integer of at least {least}")
    return int(value)


def check_number(name: str, value: Any, wanted: str, holds: Callable[[float], bool]) -> float:
    """Return `value` as a float, or raise a ParameterError that echoes it when it is none or not as `wanted`."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not holds(value):
        raise ParameterError(f"{name}={value!r} must be a number {wanted}")
    return float(value)


def check_waveform(y: Any) -> np.ndarray:
    """Return `y` as a waveform : np.ndarray [shape=(n_samples,), float32].

    Raises
    ------
    AudioError
        When `y` is empty or holds NaN or infinity.
    ParameterError
        When `y` is not a one-dimensional array of real numbers.
    """
    y = np.asarray(y)
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.floating):
        raise ParameterError(f"y with shape {y.shape} and type {y.dtype} must be a mono waveform of floats")
    if y.size == 0:
        raise AudioError("the waveform is empty: expected at least one sample")
    if not np.isfinite(y).all():
        raise AudioError("the waveform holds NaN or infinity: expected finite samples; see `mgc data check`")
    return y.astype(np.float32, copy=False)


def _check_window(window: Any) -> None:
    try:
        if not isinstance(window, str):
            raise ValueError
        librosa.filters.get_window(window, 16)
    except ValueError as error:
        raise ParameterError(
            f"window={window!r} must be the name of a window of scipy.signal.get_window that needs no parameter, "
            "such as 'hann', 'hamming' or 'blackman'"
        ) from error


@functools.lru_cache(maxsize=8)
def mel_basis(spec: MelSpec) -> np.ndarray:
    """Return the mel filter bank : np.ndarray [shape=(n_mels, 1 + n_fft // 2), float32, read-only].

    It is built once per spec and process; librosa warns when a band is so narrow that it holds no
    frequency bin (many bands, short `n_fft`).
    """
    basis = librosa.filters.mel(
        sr=spec.sample_rate, n_fft=spec.n_fft, n_mels=spec.n_mels, fmin=spec.fmin, fmax=spec.fmax
    )
    basis.flags.writeable = False
    return basis


def log_mel(y: np.ndarray, spec: MelSpec) -> np.ndarray:
    """Return the log-mel spectrogram of one clip in decibels relative to the clip's own maximum.

    Equal to ``power_to_db(melspectrogram(y=y, …), ref=np.max, top_db=spec.top_db)`` of librosa. As there,
    powers below 1e-10 count as 1e-10, so a very quiet clip has a floor above ``-top_db``, and digital
    silence, which has no maximum to refer to, is 0 dB everywhere.

    Parameters
    ----------
    y : np.ndarray [shape=(n_samples,), real]
        Mono waveform at ``spec.sample_rate``.
    spec : MelSpec
        How the spectrogram is made.

    Returns
    -------
    np.ndarray [shape=(n_mels, n_frames), float32, -top_db … 0 dB]
        Row 0 is the lowest band.

    Raises
    ------
    AudioError
        When `y` is empty or holds NaN or infinity.
    ParameterError
        When `y` is not a one-dimensional array of real numbers.

    Examples
    --------
    >>> spec = MelSpec()
    >>> log_mel(np.sin(np.arange(22050, dtype=np.float32)), spec).shape
    (128, 44)
    """
    spectrum = librosa.stft(check_waveform(y), n_fft=spec.n_fft, hop_length=spec.hop_length, window=spec.window)
    energy = spectrum.real**2 + spectrum.imag**2
    if spec.power != 2:
        energy **= np.float32(spec.power / 2)
    return librosa.power_to_db(mel_basis(spec) @ energy, ref=np.max, top_db=spec.top_db).astype(np.float32, copy=False)


@functools.lru_cache(maxsize=8)
def _colour_table(name: str) -> np.ndarray:
    """Return the 256 colours of a matplotlib colour map : np.ndarray [shape=(256, 3), uint8]."""
    import matplotlib

    if name not in matplotlib.colormaps:
        match = closest(name, matplotlib.colormaps)
        hint = f"did you mean {match!r}?" if match else "expected a matplotlib colour map, such as 'magma'"
        raise ParameterError(f"colour_map={name!r} is unknown: {hint}")
    return matplotlib.colormaps[name]((np.arange(256) + 0.5) / 256, bytes=True)[:, :3]


def mel_images(
    mels: np.ndarray,
    height: int,
    width: int,
    *,
    channels: int = 1,
    colour_map: str = "magma",
    top_db: float = 80.0,
) -> np.ndarray:
    """Draw log-mel spectrograms as images, time to the right and pitch upwards.

    Each value becomes one of 256 levels as matplotlib does it, ``min(255, floor((dB + top_db) / top_db * 256))``;
    then the picture is resized with a triangle filter that covers every source pixel (Pillow's antialiased
    ``BILINEAR``). One channel holds the levels themselves, three hold the colours that `colour_map` gives them.
    The CS464 report feeds such images to its SVM ("SVM on pixels"), the techno report to its 2D networks.

    Parameters
    ----------
    mels : np.ndarray or memory map [shape=(n, n_mels, n_frames), dB]
        Read clip by clip, so a memory map larger than the memory is fine.
    height, width : int > 0
        Size of the images in pixels.
    channels : 1 or 3
        Grey levels, or red, green and blue.
    colour_map : str
        Name of a matplotlib colour map, for three channels; it is sampled at 256 levels.
    top_db : float > 0
        ``-top_db`` and below is black (level 0), 0 dB and above the brightest (255).

    Returns
    -------
    np.ndarray [shape=(n, height, width, channels), uint8]
        Row 0 of an image is its top: the highest band.

    Raises
    ------
    ParameterError
        For a value out of range, a wrong shape, or a spectrogram with NaN or infinity.
    """
    if getattr(mels, "ndim", None) != 3 or 0 in mels.shape[1:]:
        shape = getattr(mels, "shape", type(mels).__name__)
        raise ParameterError(f"mels with shape {shape} must be an array of shape (n, n_mels, n_frames)")
    height, width = check_integer("height", height, 1), check_integer("width", width, 1)
    top_db = check_number("top_db", top_db, "above 0", lambda x: x > 0)
    if channels not in (1, 3):
        raise ParameterError(f"channels={channels!r} must be 1 (grey) or 3 (colour)")
    table = _colour_table(colour_map) if channels == 3 else None
    images = np.empty((len(mels), height, width, channels), np.uint8)
    for n in range(len(mels)):
        picture = _levels(np.asarray(mels[n], np.float32), top_db, n)
        picture = picture if table is None else table[picture]
        images[n] = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR)).reshape(
            height, width, channels
        )
    return images


def crops(pictures: np.ndarray, count: int, width: int) -> np.ndarray:
    """Cut pictures into overlapping pieces of the same width, evenly spaced from the first second to the last.

    Parameters
    ----------
    pictures : np.ndarray [shape=(n, height, all, channels)]
    count : int >= 1
        Pieces of each picture.
    width : int [pixels]
        At most the pictures' own.

    Returns
    -------
    np.ndarray [shape=(n, count, height, width, channels)]

    Raises
    ------
    ParameterError
        When a piece would be wider than the picture.
    """
    if not 1 <= width <= pictures.shape[2]:
        raise ParameterError(f"a crop of {width} columns does not fit pictures of {pictures.shape[2]}")
    starts = np.linspace(0, pictures.shape[2] - width, check_integer("count", count, 1)).round().astype(int)
    return np.stack([pictures[:, :, start : start + width] for start in starts], axis=1)


def _levels(mel: np.ndarray, top_db: float, number: int) -> np.ndarray:
    """Return the levels 0 … 255 of one spectrogram, highest band first : np.ndarray [uint8]."""
    if not np.isfinite(mel).all():
        raise ParameterError(f"mels[{number}] holds NaN or infinity: expected finite decibels")
    level = (mel[::-1] + np.float32(top_db)) / np.float32(top_db) * np.float32(256)
    return np.clip(level, 0, 255, out=level).astype(np.uint8)
