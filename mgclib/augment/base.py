"""What all augmentations have in common: a probability, a seeded call on a whole batch, a way to JSON and back."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from mgclib.errors import ParameterError
from mgclib.features import Spec, check_number, kind_of

__all__ = ["KINDS", "Augmentation", "Chain", "from_dict"]

KINDS: dict[str, type[Augmentation]] = {}
"""Augmentations by the name of their kind; a new class enters itself."""


@dataclasses.dataclass(frozen=True)
class Augmentation(Spec, ABC):
    """A random change of training clips.

    ``x, y = augmentation(x, y, rng)`` changes every clip of a batch with probability `p`, each for itself, and leaves
    the others as they are. The arrays that are given stay as they were; the same state of `rng` gives the same result.

    Parameters
    ----------
    p : float [0 … 1]
        Probability that a clip is changed.
    """

    kind: ClassVar[str]
    takes: ClassVar[str] = "either"
    """``waveforms``, ``pictures`` or ``either``."""

    p: float = 1.0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "kind" in cls.__dict__:
            KINDS[cls.kind] = cls

    def __post_init__(self) -> None:
        self._put("p", check_number("p", self.p, "from 0 to 1", lambda p: 0 <= p <= 1))

    def __call__(self, x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return a changed batch.

        Parameters
        ----------
        x : np.ndarray
            Pictures [shape=(n, height, width, channels), uint8 or float32, levels 0 … 255, row 0 the highest band] or
            waveforms [shape=(n, n_samples) or (n, n_samples, 1), float, -1 … 1].
        y : np.ndarray [shape=(n, n_genres), float, rows sum to 1]
            The genre of each clip as shares: a 1 among zeros, or already a mixture.
        rng : np.random.Generator
            Where all chance comes from.

        Returns
        -------
        tuple of np.ndarray
            New arrays of the same shapes, float32.

        Raises
        ------
        ParameterError
            For arrays that do not fit together, or not this augmentation.
        """
        self._check(x, y)
        x, y = np.array(x, np.float32), np.array(y, np.float32)
        self.apply(x, y, np.arange(len(x)), rng)
        return x, y

    def apply(self, x: np.ndarray, y: np.ndarray, among: np.ndarray, rng: np.random.Generator) -> None:
        """Change clips of the float32 arrays `x` and `y` in place: each of the numbers `among` with probability `p`."""
        chosen = among[rng.random(len(among)) < self.p]
        if len(chosen):
            self._change(x, y, chosen, rng)

    def to_dict(self) -> dict[str, Any]:
        """Return kind and fields as a dict that JSON can hold; `mgclib.augment.from_dict` is the inverse."""
        return {"kind": self.kind, **super().to_dict()}

    @abstractmethod
    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        """Change the clips of the numbers `chosen` in place."""

    def _check(self, x: np.ndarray, y: np.ndarray) -> None:
        if np.ndim(y) != 2 or np.shape(x)[:1] != np.shape(y)[:1]:
            raise ParameterError(
                f"labels of shape {np.shape(y)} do not fit a batch of shape {np.shape(x)}; expected one-hot rows "
                "(n, n_genres), e.g. np.eye(n_genres, dtype=np.float32)[labels]"
            )
        self._check_clips(np.shape(x))

    def _check_clips(self, shape: tuple[int, ...]) -> None:
        pictures, waveforms = len(shape) == 4, len(shape) == 2 or (len(shape) == 3 and shape[2] == 1)
        if not {"pictures": pictures, "waveforms": waveforms, "either": pictures or waveforms}[self.takes]:
            wanted = {"pictures": "pictures (n, height, width, channels)", "waveforms": "waveforms (n, n_samples[, 1])"}
            raise ParameterError(
                f"{self.kind} cannot change a batch of shape {shape}; "
                f"expected {wanted.get(self.takes) or ' or '.join(wanted.values())}"
            )

    def _put_range(self, name: str, low: float, high: float) -> None:
        """Keep the field `name` as a pair of floats in rising order within [low, high]."""
        value = getattr(self, name)
        fits = isinstance(value, tuple | list) and len(value) == 2
        if not fits:
            raise ParameterError(f"{name}={value!r} must be a pair of numbers, the least and the greatest")
        ends = [check_number(name, end, f"from {low:g} to {high:g}", lambda x: low <= x <= high) for end in value]
        if ends[0] > ends[1]:
            raise ParameterError(f"{name}={value!r} must name the least value first: {ends[::-1]}")
        self._put(name, tuple(ends))


@dataclasses.dataclass(frozen=True)
class Chain(Augmentation):
    """Augmentations one after the other, as a group that a clip enters with probability `p`.

    A clip that enters meets every member, and each member decides by its own probability. Chains nest.

    Parameters
    ----------
    p : float [0 … 1]
        Probability that a clip enters.
    members : tuple of Augmentation
        In their order.

    Raises
    ------
    ParameterError
        For an empty chain or a member that is no augmentation.
    """

    kind: ClassVar[str] = "chain"

    members: tuple[Augmentation, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.members, tuple | list) or not self.members:
            raise ParameterError(f"members={self.members!r} must be a tuple of at least one augmentation")
        members = tuple(from_dict(one) if isinstance(one, Mapping) else one for one in self.members)
        for one in members:
            if not isinstance(one, Augmentation):
                raise ParameterError(f"{one!r} is no augmentation; a chain is made of mgclib.augment classes")
        self._put("members", members)

    def to_dict(self) -> dict[str, Any]:
        """Return kind, probability and members, nested, as a dict that JSON can hold."""
        return {"kind": self.kind, "p": self.p, "members": [one.to_dict() for one in self.members]}

    def _check_clips(self, shape: tuple[int, ...]) -> None:
        for one in self.members:
            one._check_clips(shape)

    def _change(self, x: np.ndarray, y: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> None:
        for one in self.members:
            one.apply(x, y, chosen, rng)


def from_dict(fields: Mapping[str, Any]) -> Augmentation:
    """Return the augmentation that `Augmentation.to_dict` wrote.

    Raises
    ------
    ParameterError
        For an unknown kind or field, or an invalid value.
    """
    cls, settings = kind_of(fields, KINDS, "augmentations")
    return cls.from_dict(settings)
