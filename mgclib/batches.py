"""Training batches that are augmented on their way to the network."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

__all__ = ["AugmentedBatches"]


class AugmentedBatches(keras.utils.PyDataset):
    """The training clips in a new order every epoch, each batch changed by an augmentation.

    Order and augmentation follow from `seed`, the epoch and the number of the batch alone, so that a run can be
    repeated whichever thread makes which batch first.

    Parameters
    ----------
    x : np.ndarray [shape=(n, …)], or what `mgclib.inputs.chosen` returns
        Inputs; never written to.
    y : np.ndarray [shape=(n, n_genres), float32]
        One-hot genres.
    batch_size : int >= 1
        Clips per batch; the last one may be smaller.
    augment : callable
        ``x, y = augment(x, y, rng)`` on a batch (`mgclib.augment`).
    seed : int
    """

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        batch_size: int,
        augment: Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]],
        *,
        seed: int,
    ) -> None:
        super().__init__()
        self.x, self.y, self.batch_size, self.augment, self.seed = x, y, batch_size, augment, seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.x))
        rows = np.sort(order[number * self.batch_size : (number + 1) * self.batch_size])
        rng = np.random.default_rng([self.seed, self.epoch, number])
        return self.augment(self.x[rows], self.y[rows], rng)

    def on_epoch_end(self) -> None:
        """Go on to the next epoch: a new order, new random numbers."""
        self.epoch += 1
