"""How a sound file becomes what a model is given: a picture, a waveform or a row of features.

A recipe is a small frozen dataclass. ``recipe.of(dataset)`` makes the inputs of a data set through the feature store;
``recipe.to_dict()`` and `from_dict` carry it to JSON and back, so that a model kept on disk says how to feed it
(`mgclib.fitted`).

Notebooks: all that train.
"""

from __future__ import annotations

import dataclasses
import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mgclib import store
from mgclib.errors import ParameterError
from mgclib.features import MelSpec, Spec, check_integer, kind_of, mel_images
from mgclib.summary import SummarySpec

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset

__all__ = [
    "LARGE",
    "Inputs",
    "MelPictures",
    "Rows",
    "Several",
    "SummaryFeatures",
    "Waveforms",
    "WaveformsAndPictures",
    "arrays_of",
    "chosen",
    "fed",
    "from_dict",
    "streamed",
]

LARGE = 2**30
"""Bytes above which stored inputs stay on the disk while a network is trained: FMA-small's waveforms have 15 GB."""


class Inputs(Spec, ABC):
    """What the recipes have in common: a name of their kind, and `of`."""

    kind: ClassVar[str]

    @abstractmethod
    def of(self, dataset: Dataset, **stored: Any) -> np.ndarray:
        """Return the inputs of all clips : np.ndarray [shape=(n_clips, …)], aligned with ``dataset.clips``.

        Parameters
        ----------
        dataset : Dataset
        **stored
            ``jobs``, ``progress`` and ``root`` of the feature store, see `mgclib.store.mels`.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return kind and fields as a dict that JSON can hold; `mgclib.inputs.from_dict` is the inverse."""
        return {"kind": self.kind, **super().to_dict()}


@dataclasses.dataclass(frozen=True)
class MelPictures(Inputs):
    """Log-mel spectrograms drawn as 8-bit pictures (`mgclib.features.mel_images`).

    Parameters
    ----------
    height, width : int > 0
        Pixels of a picture.
    channels : 1 or 3
        Grey levels, or the colours of `colour_map`.
    colour_map : str
        Name of a matplotlib colour map.
    mel : MelSpec
        How the spectrograms are made.
    """

    kind: ClassVar[str] = "mel-pictures"

    height: int
    width: int
    channels: int = 1
    colour_map: str = "magma"
    mel: MelSpec = dataclasses.field(default_factory=MelSpec)

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            self._put(name, check_integer(name, getattr(self, name), 1))
        if self.channels not in (1, 3):
            raise ParameterError(f"channels={self.channels!r} must be 1 (grey) or 3 (colour)")
        if isinstance(self.mel, Mapping):
            self._put("mel", MelSpec.from_dict(self.mel))

    def of(self, dataset: Dataset, **stored: Any) -> np.ndarray:
        """Return pictures : np.ndarray [shape=(n_clips, height, width, channels), uint8], highest band on top."""
        mels = store.mels(dataset, self.mel, **stored)
        look = {"channels": self.channels, "colour_map": self.colour_map, "top_db": self.mel.top_db}
        return mel_images(mels, self.height, self.width, **look)


@dataclasses.dataclass(frozen=True)
class Waveforms(Inputs):
    """The sound itself.

    Parameters
    ----------
    sample_rate : int > 0 [Hz]
    """

    kind: ClassVar[str] = "waveforms"

    sample_rate: int = 22050

    def __post_init__(self) -> None:
        self._put("sample_rate", check_integer("sample_rate", self.sample_rate, 1))

    def of(self, dataset: Dataset, **stored: Any) -> np.ndarray:
        """Return waveforms : np.ndarray [shape=(n_clips, n_samples, 1), float32, -1 … 1], a memory map."""
        return store.waveforms(dataset, self.sample_rate, **stored)[..., None]


@dataclasses.dataclass(frozen=True)
class SummaryFeatures(Inputs):
    """A row of numbers per clip (`mgclib.summary`).

    Parameters
    ----------
    summary : SummarySpec
        How the features are made.
    """

    kind: ClassVar[str] = "summary-features"

    summary: SummarySpec = dataclasses.field(default_factory=SummarySpec)

    def __post_init__(self) -> None:
        if isinstance(self.summary, Mapping):
            self._put("summary", SummarySpec.from_dict(self.summary))

    def of(self, dataset: Dataset, **stored: Any) -> np.ndarray:
        """Return summary features : np.ndarray [shape=(n_clips, n_features), float32], a memory map."""
        return store.summary_features(dataset, self.summary, **stored)


@dataclasses.dataclass(frozen=True)
class Several:
    """Several inputs of the same clips; chosen from by row all at once, as an array is.

    Parameters
    ----------
    arrays : tuple of np.ndarray [shape=(n_clips, …)]
        In the order in which the network takes them.
    """

    arrays: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        counts = [len(array) for array in self.arrays]
        if len(set(counts)) != 1:
            raise ParameterError(f"inputs of {counts} clips do not belong together: expected the same clips in each")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, rows: Any) -> Several:
        return Several(tuple(array[rows] for array in self.arrays))

    @property
    def shape(self) -> tuple:
        """(n_clips, shape of one clip's first input, of its second, …)."""
        return (len(self), *(tuple(array.shape[1:]) for array in self.arrays))


class Rows:
    """Some rows of an array that stays on the disk; what is asked for is read when it is asked for.

    Parameters
    ----------
    array : np.memmap [shape=(n_clips, …)]
    rows : np.ndarray [int]
        Which of them, in order.
    """

    def __init__(self, array: np.ndarray, rows: np.ndarray) -> None:
        self.array, self.rows = array, rows
        self.shape = (len(rows), *array.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.asarray(self.array[self.rows[rows]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)


def chosen(x: np.ndarray | Several, rows: np.ndarray) -> np.ndarray | Rows | Several:
    """Return the inputs of some clips; a memory map above `LARGE` is not read, a view of its rows takes its place.

    Parameters
    ----------
    x : np.ndarray [shape=(n_clips, …)] or Several
    rows : np.ndarray [shape=(n_clips,), bool]
    """
    if isinstance(x, Several):
        return Several(tuple(chosen(array, rows) for array in x.arrays))
    if isinstance(x, np.memmap) and x.nbytes > LARGE:
        return Rows(x, np.flatnonzero(rows))
    return x[rows]


def streamed(x: np.ndarray | Rows | Several) -> bool:
    """Return whether a part of the inputs is read from the disk batch by batch."""
    return any(isinstance(array, Rows) for array in arrays_of(x))


def arrays_of(x: np.ndarray | Rows | Several) -> tuple[np.ndarray | Rows, ...]:
    """Return the arrays that a network is given : tuple, of one unless there are several."""
    return x.arrays if isinstance(x, Several) else (x,)


def fed(x: np.ndarray | Rows | Several) -> np.ndarray | tuple[np.ndarray, ...]:
    """Return inputs as Keras takes them, in memory: an array, or a tuple of several."""
    found = tuple(np.asarray(array) if isinstance(array, Rows) else array for array in arrays_of(x))
    return found if isinstance(x, Several) else found[0]


@dataclasses.dataclass(frozen=True)
class WaveformsAndPictures(Inputs):
    """The sound itself and its spectrogram, for networks that take both.

    Parameters
    ----------
    waveforms : Waveforms
    pictures : MelPictures
    """

    kind: ClassVar[str] = "waveforms-and-pictures"

    waveforms: Waveforms
    pictures: MelPictures

    def __post_init__(self) -> None:
        for name, recipe in (("waveforms", Waveforms), ("pictures", MelPictures)):
            if isinstance(getattr(self, name), Mapping):
                self._put(name, recipe.from_dict(getattr(self, name)))

    def of(self, dataset: Dataset, **stored: Any) -> Several:
        """Return both for all clips : Several, of ``Waveforms.of`` and ``MelPictures.of``."""
        return Several((self.waveforms.of(dataset, **stored), self.pictures.of(dataset, **stored)))


KINDS: dict[str, str] = {
    recipe.kind: f"inputs:{recipe.__name__}"
    for recipe in (MelPictures, Waveforms, SummaryFeatures, WaveformsAndPictures)
}
KINDS["backbone-features"] = "embeddings:BackboneFeatures"
"""Where each kind of recipe lives: ``module:class`` below mgclib."""


def from_dict(fields: Mapping[str, Any]) -> Inputs:
    """Return the recipe that `Inputs.to_dict` wrote.

    Raises
    ------
    ParameterError
        For an unknown kind or field, or an invalid value.
    """
    place, settings = kind_of(fields, KINDS, "inputs")
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(f"mgclib.{module}"), name).from_dict(settings)
    except TypeError as error:
        raise ParameterError(
            f"inputs of the kind {fields['kind']!r} are not whole ({error}); found {settings}"
        ) from error
