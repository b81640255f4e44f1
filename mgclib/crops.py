"""A network that is shown pieces of a clip: random ones in training, several in a row when it is asked.

A clip of thirty seconds has many pieces of ten. A network that is shown another one every time sees more music than
there are clips, and each step costs a third. Asked about a clip, it is asked about several pieces, and the mean of its
probabilities decides.

Notebook: ``best_recipe``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mgclib.errors import ParameterError
from mgclib.features import crops
from mgclib.networks import KerasClassifier, asked

__all__ = ["CropClassifier", "asked_of_crops"]


@dataclass
class CropClassifier(KerasClassifier):
    """A network of the register that is shown pieces of pictures.

    Parameters
    ----------
    columns : int >= 1
        Width of a piece, at most that of the pictures.
    count : int >= 1
        So many evenly spaced pieces of a clip are asked about.
    repeats : int >= 1
        So many random pieces of every training clip are shown in an epoch.
    """

    columns: int = 128
    count: int = 5
    repeats: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frozen:
            raise ParameterError("a frozen backbone is not trained on pieces: leave frozen out")
        for name in ("columns", "count", "repeats"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise ParameterError(f"{name}={getattr(self, name)!r} must be a positive integer")
        self._inner, self.augment = self.augment, self._piece

    @property
    def crops(self) -> dict[str, int]:
        """Width and number of the pieces that are asked about."""
        return {"columns": self.columns, "count": self.count}

    def _seen(self, x: np.ndarray) -> tuple[int, ...]:
        if self.columns > x.shape[2]:
            raise ParameterError(f"columns={self.columns} is more than the {x.shape[2]} of the pictures")
        return (x.shape[1], self.columns, x.shape[3])

    def _piece(self, x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return a random piece of every picture of a batch, augmented as asked."""
        starts = rng.integers(0, x.shape[2] - self.columns + 1, len(x))
        pieces = np.stack([clip[:, start : start + self.columns] for clip, start in zip(x, starts, strict=True)])
        return (pieces, y) if self._inner is None else self._inner(pieces, y, rng)

    def fit(
        self, x: np.ndarray, y: np.ndarray, validation: tuple[np.ndarray, np.ndarray] | None = None
    ) -> CropClassifier:
        """Train on random pieces of pictures `x`; the history follows pieces of the validation clips.

        Where they choose no epoch (``monitor=None``), it follows the first piece of each, which is cheaper.
        """
        if validation is not None:
            count = self.count if self.training.monitor else 1
            pieces = crops(validation[0], count, self.columns)
            validation = (pieces.reshape(-1, *pieces.shape[2:]), np.repeat(validation[1], count))
        rows = np.repeat(np.arange(len(x)), self.repeats)
        super().fit(x[rows], y[rows], validation)
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return probabilities : np.ndarray [shape=(n, n_genres), rows sum to 1], means over the pieces."""
        if self.model is None:
            raise ParameterError("this classifier is not fitted yet: call fit first")
        return asked_of_crops(self.model, x, **self.crops)


def asked_of_crops(model: Any, x: np.ndarray, columns: int, count: int) -> np.ndarray:
    """Return the mean of a network's answers to `count` pieces of each picture : np.ndarray [shape=(n, n_genres)]."""
    pieces = crops(x, count, columns)
    return np.mean([asked(model, pieces[:, number]) for number in range(count)], axis=0)
