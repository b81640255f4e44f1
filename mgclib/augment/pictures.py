"""Augmentations of mel pictures: what a picture can do without the sound it was made of.

`PictureShift`, `PictureNoise` and `PictureStretch` are counterparts of `TimeShift`, `GaussianNoise` and `TimeStretch`
of `mgclib.augment.waveforms`: they do to the picture about what those do to the sound before the picture is made, so
that a mel pack, which holds no sound, can be augmented too. How close they come is measured on generated music in
``tests/test_augment.py``.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import ClassVar

import librosa
import numpy as np

from mgclib.augment.base import Augmentation
from mgclib.errors import ParameterError
from mgclib.features import check_integer, check_number

__all__ = [
    "FrequencyMask",
    "PictureEqualizer",
    "PictureNoise",
    "PictureShift",
    "PictureStretch",
    "PictureTranspose",
    "TimeMask",
]

LEVELS = 256
"""Levels of a picture; one stands for ``top_db / 256`` decibels (`mgclib.features.mel_images`)."""


@dataclasses.dataclass(frozen=True)
class _OfPictures(Augmentation):
    takes: ClassVar[str] = "pictures"


@dataclasses.dataclass(frozen=True)
class _Mask(_OfPictures):
    """Blank out neighbouring rows or columns, from one edge of the picture to the other.

    Parameters
    ----------
    p : float [0 … 1]
    most : float [0 … 1]
        Greatest width as a share of the axis. The width is drawn evenly from one row or column to that many (rounded
        down), its place evenly among those where it fits.
    masks : int >= 1
        So many per clip; they may overlap.
    fill : float [0 … 255]
        Level of the blank; 0 is silence.
    """

    axis: ClassVar[int]

    most: float = 0.2
    masks: int = 1
    fill: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put("most", check_number("most", self.most, "from 0 to 1", lambda x: 0 <= x <= 1))
        self._put("masks", check_integer("masks", self.masks, 1))
        self._put("fill", check_number("fill", self.fill, "from 0 to 255", lambda x: 0 <= x <= 255))

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        size = x.shape[self.axis]
        widest = int(self.most * size + 1e-9)
        if widest < 1:
            return
        for clip in np.repeat(chosen, self.masks):
            width = int(rng.integers(1, widest + 1))
            start = int(rng.integers(0, size - width + 1))
            np.moveaxis(x[clip], self.axis - 1, 0)[start : start + width] = self.fill


@dataclasses.dataclass(frozen=True)
class TimeMask(_Mask):
    __doc__ = (
        f"{_Mask.__doc__}\n    Columns: a moment of the clip is not heard. Source: Park et al., SpecAugment, 2019."
    )

    kind: ClassVar[str] = "time-mask"
    axis: ClassVar[int] = 2

    most: float = 0.3


@dataclasses.dataclass(frozen=True)
class FrequencyMask(_Mask):
    __doc__ = f"{_Mask.__doc__}\n    Rows: some bands are not heard. Source: Park et al., SpecAugment, 2019."

    kind: ClassVar[str] = "frequency-mask"
    axis: ClassVar[int] = 1


@dataclasses.dataclass(frozen=True)
class PictureShift(_OfPictures):
    """Roll the columns of a picture: the counterpart of `TimeShift`.

    Parameters
    ----------
    p : float [0 … 1]
    most : float [0 … 1]
        Greatest shift as a share of the clip, to either side.
    """

    kind: ClassVar[str] = "picture-shift"

    most: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put("most", check_number("most", self.most, "from 0 to 1", lambda x: 0 <= x <= 1))

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        for clip, share in zip(chosen, rng.uniform(-self.most, self.most, len(chosen)), strict=True):
            x[clip] = np.roll(x[clip], round(share * x.shape[2]), axis=1)


@dataclasses.dataclass(frozen=True)
class PictureNoise(_OfPictures):
    """Add the power of white noise to every point of a grey picture: the counterpart of `GaussianNoise`.

    White noise has the same power in every mel band, since the bands have the same area (Slaney). So each point, back
    from decibels to power, gets the clip's mean power over all frequencies divided by the signal-to-noise ratio, and
    goes back to decibels. Real noise also wavers; `ripple_db` is what is left of that in a picture whose columns are
    means over several frames.

    Parameters
    ----------
    p : float [0 … 1]
    snr_db : (float, float) [dB, -20 … 80]
        Least and greatest ratio of mean powers, drawn evenly in decibels.
    ripple_db : float >= 0 [dB]
        Standard deviation of the noise's level from point to point.
    top_db : float > 0
        Dynamic range of the pictures.
    fmax : float > 0 [Hz]
        Upper edge of the highest band; the lowest begins at 0 Hz.
    """

    kind: ClassVar[str] = "picture-noise"

    snr_db: tuple[float, float] = (10.0, 30.0)
    ripple_db: float = 0.7
    top_db: float = 80.0
    fmax: float = 11025.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put_range("snr_db", -20, 80)
        self._put("ripple_db", check_number("ripple_db", self.ripple_db, "of at least 0", lambda x: x >= 0))
        for name in ("top_db", "fmax"):
            self._put(name, check_number(name, getattr(self, name), "above 0", lambda x: x > 0))

    def _check_clips(self, shape: tuple[int, ...]) -> None:
        super()._check_clips(shape)
        if shape[3] != 1:
            raise ParameterError(
                f"picture-noise cannot change pictures of {shape[3]} channels: a colour is no level; use channels=1"
            )

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        nats = np.float32(np.log(10) / 10 * self.top_db / LEVELS)  # of power, per level
        snr_db = rng.uniform(*self.snr_db, len(chosen))
        power = np.exp(nats * x[chosen])
        heard = power.mean(axis=(2, 3), dtype=np.float64) @ band_shares(x.shape[1], self.fmax)
        noise = (heard * 10 ** (-snr_db / 10)).astype(np.float32)[:, None, None, None]
        if self.ripple_db:
            ripple = rng.standard_normal(power.shape, dtype=np.float32)
            ripple *= np.float32(np.log(10) / 10 * self.ripple_db)
            noise = noise * np.exp(ripple, out=ripple)
        power += noise
        x[chosen] = np.minimum(np.log(power, out=power) / nats, 255)


@dataclasses.dataclass(frozen=True)
class PictureStretch(_OfPictures):
    """Resample the columns of a picture: the counterpart of `TimeStretch`.

    A faster clip goes on with its own beginning; of a slower one the end is lost. Between two columns levels are
    interpolated, linearly in decibels.

    Parameters
    ----------
    p : float [0 … 1]
    rate : (float, float) [0.25 … 4]
        Least and greatest tempo against the clip's, drawn evenly on a logarithmic scale.
    """

    kind: ClassVar[str] = "picture-stretch"

    rate: tuple[float, float] = (0.8, 1.25)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put_range("rate", 0.25, 4)

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        width = x.shape[2]
        for clip, rate in zip(chosen, np.exp(rng.uniform(*np.log(self.rate), len(chosen))), strict=True):
            place = np.arange(width) * rate % width
            left = place.astype(int)
            weight = (place - left).astype(np.float32)[:, None]
            picture = x[clip]
            x[clip] = picture[:, left] * (1 - weight) + picture[:, (left + 1) % width] * weight


@dataclasses.dataclass(frozen=True)
class PictureEqualizer(_OfPictures):
    """Raise and lower bands for the whole clip, as an equaliser does: another studio, the same music.

    Parameters
    ----------
    p : float [0 … 1]
    most_db : float >= 0 [dB]
        Gains are drawn evenly from minus to plus this at `points` heights of the picture, straight lines between them.
    points : int >= 2
    top_db : float > 0 [dB]
        Dynamic range of the pictures.
    """

    kind: ClassVar[str] = "picture-equalizer"

    most_db: float = 6.0
    points: int = 6
    top_db: float = 80.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put("most_db", check_number("most_db", self.most_db, "of at least 0", lambda x: x >= 0))
        self._put("points", check_integer("points", self.points, 2))
        self._put("top_db", check_number("top_db", self.top_db, "above 0", lambda x: x > 0))

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        heights = np.linspace(0, self.points - 1, x.shape[1])
        for clip in chosen:
            gains = rng.uniform(-self.most_db, self.most_db, self.points) * LEVELS / self.top_db
            curve = np.interp(heights, np.arange(self.points), gains)[:, None, None]
            x[clip] = np.clip(x[clip] + curve, 0, LEVELS - 1)


@dataclasses.dataclass(frozen=True)
class PictureTranspose(_OfPictures):
    """Move all bands up or down by a few: about what another key does to the picture.

    Parameters
    ----------
    p : float [0 … 1]
    most : float >= 0 [bands]
        Greatest move, to either side; between two bands levels are interpolated, edges are repeated.
    """

    kind: ClassVar[str] = "picture-transpose"

    most: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put("most", check_number("most", self.most, "of at least 0", lambda x: x >= 0))

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        rows = np.arange(x.shape[1])
        for clip, move in zip(chosen, rng.uniform(-self.most, self.most, len(chosen)), strict=True):
            place = np.clip(rows + move, 0, x.shape[1] - 1)
            below = np.floor(place).astype(int)
            weight = (place - below).astype(np.float32)[:, None, None]
            picture = x[clip]
            x[clip] = picture[below] * (1 - weight) + picture[np.minimum(below + 1, x.shape[1] - 1)] * weight


@functools.lru_cache(maxsize=8)
def band_shares(height: int, fmax: float) -> np.ndarray:
    """Return each row's share of the hertz up to `fmax`, highest band first : np.ndarray [shape=(height,), sum 1]."""
    edges = librosa.mel_frequencies(n_mels=height + 2, fmin=0.0, fmax=fmax)
    shares = (edges[2:] - edges[:-2])[::-1]
    return shares / shares.sum()
