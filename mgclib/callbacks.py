"""Keras callbacks: the epoch log, the best epoch's weights, and the stopping rules."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from mgclib.networks import Training

__all__ = ["EpochLog", "StopAtAccuracy", "training_callbacks"]


class StopAtAccuracy(keras.callbacks.Callback):
    """End the training once the training accuracy is above `threshold` (CS464 report, sections 2.2 to 2.5)."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.threshold = threshold

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if (logs or {}).get("accuracy", 0.0) > self.threshold:
            self.model.stop_training = True


class EpochLog(keras.callbacks.Callback):
    """One line per epoch, and the history as a table.

    Parameters
    ----------
    epochs : int
        The most there can be, for the line.
    monitor : str or None
        ``val_loss`` or ``val_accuracy``; the first of equally good epochs wins. Without it, or without
        validation data, the last epoch is the best.
    verbose : bool
        Print the lines.

    Notes
    -----
    One log may follow several calls of ``fit``: epochs are counted on, and the best epoch is that of all.
    """

    def __init__(self, epochs: int, monitor: str | None, *, verbose: bool = True) -> None:
        super().__init__()
        self.epochs = epochs
        self.monitor = monitor
        self.verbose = verbose
        self.rows: list[dict[str, Any]] = []
        self.phase = 1
        self.best_epoch = 0
        self.best_score = -np.inf

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = logs or {}
        names = ("accuracy", "loss", "val_accuracy", "val_loss")
        row = {name: float(logs.get(name, np.nan)) for name in names}
        number = len(self.rows) + 1
        seconds = time.perf_counter() - self._started
        self.rows.append({"epoch": number, **row, "seconds": seconds, "phase": self.phase})
        if self.monitor not in logs:
            self.best_epoch = number
        else:
            score = row[self.monitor] if self.monitor == "val_accuracy" else -row[self.monitor]
            if score > self.best_score:
                self.best_score, self.best_epoch = score, number
        if self.verbose:
            shown = "  ".join(f"{name} {value:.3f}" for name, value in row.items() if not np.isnan(value))
            mark = "  *" if self.best_epoch == number else ""
            print(f"epoch {number:3d}/{self.epochs}  {shown}  {seconds:.1f} s{mark}", flush=True)

    def frame(self) -> pd.DataFrame:
        """Return the history, one row per epoch; ``best`` marks the epoch whose weights were kept."""
        frame = pd.DataFrame(self.rows)
        return frame.assign(best=frame["epoch"] == self.best_epoch)


def training_callbacks(
    training: Training, weights_path: str | os.PathLike[str], *, validated: bool, best_before: float = -np.inf
) -> list[keras.callbacks.Callback]:
    """Return the callbacks that `training` asks for; those on validation scores only where `validated`.

    The weights of the best epoch (without validation data: of the last) are left at `weights_path`. Where a phase
    before reached `best_before` (higher is better), only those of a still better epoch are.
    """
    mode = "min" if training.monitor == "val_loss" else "max"
    threshold = None if np.isinf(best_before) else (-best_before if mode == "min" else best_before)
    callbacks: list[keras.callbacks.Callback] = [
        keras.callbacks.ModelCheckpoint(
            str(weights_path),
            training.monitor or "loss",
            save_best_only=validated,
            save_weights_only=True,
            mode=mode,
            initial_value_threshold=threshold,
        )
    ]
    if training.stop_accuracy is not None:
        callbacks.append(StopAtAccuracy(training.stop_accuracy))
    if validated and training.patience is not None:
        callbacks.append(keras.callbacks.EarlyStopping(training.monitor, patience=training.patience, mode=mode))
    if validated and training.reduce_patience is not None:
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                training.monitor,
                factor=1 / training.reduce_factor,
                patience=training.reduce_patience,
                mode=mode,
            )
        )
    return callbacks
