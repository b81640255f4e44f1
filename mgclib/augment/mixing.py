"""Augmentations that mix two clips of a batch, and their genres with them."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from mgclib.augment.base import Augmentation
from mgclib.features import check_number

__all__ = ["Cutmix", "Cutout", "Mixup"]


def partners(chosen: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return for each of the clips `chosen` the number of another clip of the batch of `n`, drawn evenly."""
    return (chosen + rng.integers(1, n, len(chosen))) % n


def boxes(height: int, width: int, area: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a rectangle for each picture.

    It has the picture's proportions and the share `area` of its pixels; its middle is drawn evenly, and what would
    stick out is cut off (Yun et al., CutMix, 2019).

    Returns
    -------
    np.ndarray [shape=(n, height, width), bool]
    """
    inside = []
    for size in (height, width):
        length = np.round(np.sqrt(area) * size)
        start = rng.integers(0, size, len(area)) - length // 2
        place = np.arange(size)
        inside.append((place >= start[:, None]) & (place < (start + length)[:, None]))
    rows, columns = inside
    return rows[:, :, None] & columns[:, None, :]


@dataclasses.dataclass(frozen=True)
class _Mixing(Augmentation):
    """What both have: the shape of the distribution that the clip's own share is drawn from.

    Parameters
    ----------
    p : float [0 … 1]
    alpha : float > 0
        The share follows Beta(alpha, alpha): at 0.5 most often nearly all or nearly nothing, at 1 anything, above 1
        about a half.
    """

    alpha: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put("alpha", check_number("alpha", self.alpha, "above 0", lambda x: x > 0))


@dataclasses.dataclass(frozen=True)
class Mixup(_Mixing):
    """Lay another clip of the batch over a clip, and mix their genres in the same shares.

    Of pictures the levels (decibels) are mixed, of waveforms the samples. Source: Zhang et al., mixup, 2018.

    Parameters
    ----------
    p : float [0 … 1]
    alpha : float > 0
        The clip's own share follows Beta(alpha, alpha).
    """

    kind: ClassVar[str] = "mixup"

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        if len(x) < 2:
            return
        others = partners(chosen, len(x), rng)
        share = rng.beta(self.alpha, self.alpha, len(chosen)).astype(np.float32)
        new = []
        for array in (x, y):
            own = share.reshape(-1, *[1] * (array.ndim - 1))
            mixed = array[chosen]
            mixed *= own
            mixed += (1 - own) * array[others]
            new.append(mixed)
        x[chosen], y[chosen] = new


@dataclasses.dataclass(frozen=True)
class Cutmix(_Mixing):
    """Put a rectangle of another picture of the batch into a picture, and mix their genres by area.

    Source: Yun et al., CutMix, 2019.

    Parameters
    ----------
    p : float [0 … 1]
    alpha : float > 0
        The share of the picture that stays follows Beta(alpha, alpha), before the rectangle is cut at the edges.
    """

    kind: ClassVar[str] = "cutmix"
    takes: ClassVar[str] = "pictures"

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        if len(x) < 2:
            return
        others = partners(chosen, len(x), rng)
        area = 1 - rng.beta(self.alpha, self.alpha, len(chosen))
        inside = boxes(*x.shape[1:3], area, rng)
        own = 1 - inside.mean(axis=(1, 2), dtype=np.float32)[:, None]
        new_y = own * y[chosen] + (1 - own) * y[others]
        x[chosen] = np.where(inside[..., None], x[others], x[chosen])
        y[chosen] = new_y


@dataclasses.dataclass(frozen=True)
class Cutout(Augmentation):
    """Blank out a rectangle of a picture; the genre stays. On the AGH slides in a borrowed panel only.

    Source: DeVries and Taylor, Cutout, 2017.

    Parameters
    ----------
    p : float [0 … 1]
    area : float [0 … 1]
        Share of the picture, before the rectangle is cut at the edges.
    fill : float [0 … 255]
        Level of the blank; 0 is silence.
    """

    kind: ClassVar[str] = "cutout"
    takes: ClassVar[str] = "pictures"

    area: float = 0.25
    fill: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put("area", check_number("area", self.area, "from 0 to 1", lambda x: 0 <= x <= 1))
        self._put("fill", check_number("fill", self.fill, "from 0 to 255", lambda x: 0 <= x <= 255))

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        inside = boxes(*x.shape[1:3], np.full(len(chosen), self.area), rng)
        x[chosen] = np.where(inside[..., None], np.float32(self.fill), x[chosen])
