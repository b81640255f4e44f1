"""What Keras is told of a training: epoch log, best epoch's weights, stopping rules, a score and an optimizer."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pandas as pd
from keras import ops

if TYPE_CHECKING:
    from mgclib.networks import Training

__all__ = ["Adam", "EpochLog", "F1OfMeans", "StopAtAccuracy", "training_callbacks"]


class Adam(keras.optimizers.Adam):
    """Adam whose weight decay is that of PyTorch's Adam: it is added to the gradient, for every weight.

    Keras' own ``weight_decay`` shrinks the weights beside the step (AdamW), which is another method (Loshchilov and
    Hutter, 2019).

    Parameters
    ----------
    decay : float >= 0
    **settings
        Of `keras.optimizers.Adam`.
    """

    def __init__(self, decay: float, **settings: Any) -> None:
        super().__init__(**settings)
        self.decay = decay

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        pulled = ops.cast(gradient, variable.dtype) + self.decay * ops.convert_to_tensor(variable)
        super().update_step(pulled, variable, learning_rate)


class F1OfMeans(keras.metrics.Metric):
    """The harmonic mean of macro precision and macro recall (``f1_of_means`` of `mgclib.metrics`), epoch by epoch.

    Parameters
    ----------
    n_genres : int >= 2
    """

    def __init__(self, n_genres: int) -> None:
        super().__init__(name="f1", dtype="float32")
        self.confusion = self.add_variable((n_genres, n_genres), "zeros", name="confusion")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        n_genres = self.confusion.shape[0]
        y_true = ops.convert_to_tensor(y_true)
        if len(y_true.shape) > 1 and y_true.shape[-1] == n_genres:
            y_true = ops.argmax(y_true, axis=-1)
        rows = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), n_genres, dtype="float32")
        columns = ops.one_hot(ops.argmax(y_pred, axis=-1), n_genres, dtype="float32")
        self.confusion.assign_add(ops.matmul(ops.transpose(rows), columns))

    def result(self) -> Any:
        hits = ops.diagonal(self.confusion)
        precision, recall = (ops.mean(hits / ops.maximum(ops.sum(self.confusion, axis), 1.0)) for axis in (0, 1))
        return 2 * precision * recall / ops.maximum(precision + recall, 1e-12)

    def reset_state(self) -> None:
        self.confusion.assign(ops.zeros_like(self.confusion))


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
        names = ["accuracy", "loss", "val_accuracy", "val_loss", *(name for name in ("f1", "val_f1") if name in logs)]
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
