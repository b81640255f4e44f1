"""Networks with scikit-learn's face: how one is trained, epoch by epoch, and which epoch counts.

`Training` says how, `KerasClassifier` does it: in one go, with augmented batches, or in the two phases of transfer
learning (`FineTuning`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.class_weight import compute_class_weight

from mgclib import models
from mgclib.errors import ParameterError, RunError
from mgclib.inputs import Rows, Several, arrays_of, fed, streamed
from mgclib.models.backend import import_keras

__all__ = ["FineTuning", "KerasClassifier", "Training", "class_weights", "precision_policy"]

BATCH_VALUES = 2**25
"""Numbers in a batch of inputs at prediction: 256 pictures of 128 × 128, fewer of larger ones."""

Augmentation = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Parameters
    ----------
    epochs : int >= 1
        At most so many epochs.
    batch_size : int >= 1
        Clips per step.
    optimizer : str
        Name for `keras.optimizers.get`.
    learning_rate : float > 0
        Its first learning rate.
    class_weights : bool
        Weight each genre by the inverse of its share (techno report, "Weighting classes").
    monitor : str or None
        ``val_loss`` or ``val_accuracy``: what chooses the best epoch. None, or no validation data: the last
        epoch counts.
    patience : int or None
        EarlyStopping: end after so many epochs without a better `monitor`.
    reduce_patience : int or None
        ReduceLROnPlateau: divide the learning rate by `reduce_factor` after so many such epochs.
    reduce_factor : float above 1
        See `reduce_patience`.
    weight_decay : float >= 0
        With the optimizer ``adam``: added to the gradient, this many times each weight, as PyTorch's Adam does it. With
        ``adamw``: each step takes this share of the learning rate off every weight (Loshchilov and Hutter, 2019).
    schedule : "cosine" or None
        None: the learning rate stays as it is. ``cosine``: it rises for a twentieth of all steps, then falls along half
        a cosine to a hundredth.
    follow_f1 : bool
        Keep the F1 of macro precision and macro recall of each epoch, too (history: ``f1``, ``val_f1``).
    stop_accuracy : float in (0, 1] or None
        End as soon as the training accuracy is above this (CS464 report: 0.80, 0.87, 0.90).
    precision : str
        ``auto`` (see `precision_policy`), ``float32`` or ``mixed_bfloat16``.
    """

    epochs: int = 60
    batch_size: int = 32
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    class_weights: bool = False
    monitor: str | None = "val_loss"
    patience: int | None = None
    reduce_patience: int | None = None
    reduce_factor: float = 2.0
    stop_accuracy: float | None = None
    precision: str = "auto"
    weight_decay: float = 0.0
    follow_f1: bool = False
    schedule: str | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience", "reduce_patience"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ParameterError(f"{name}={value!r} must be a positive integer")
        if not self.learning_rate > 0:
            raise ParameterError(f"learning_rate={self.learning_rate!r} must be positive")
        if self.weight_decay < 0 or (self.weight_decay and self.optimizer not in ("adam", "adamw")):
            found = f"weight_decay={self.weight_decay!r} with the optimizer {self.optimizer!r}"
            raise ParameterError(f"{found} must be 0, or positive with the optimizer 'adam' or 'adamw'")
        if self.schedule not in ("cosine", None) or (self.schedule and self.reduce_patience):
            told = f"schedule={self.schedule!r} with reduce_patience={self.reduce_patience!r}"
            raise ParameterError(f"{told}: one of the two decides the learning rate; schedule is 'cosine' or None")
        if not self.reduce_factor > 1:
            raise ParameterError(f"reduce_factor={self.reduce_factor!r} must be above 1")
        if self.monitor not in ("val_loss", "val_accuracy", None):
            raise ParameterError(f"monitor={self.monitor!r} must be 'val_loss', 'val_accuracy' or None")
        if self.monitor is None and (self.patience or self.reduce_patience):
            raise ParameterError("patience and reduce_patience wait for a better monitor, but monitor is None")
        if self.stop_accuracy is not None and not 0 < self.stop_accuracy <= 1:
            raise ParameterError(f"stop_accuracy={self.stop_accuracy!r} must be a share above 0 and at most 1")
        if self.precision not in ("auto", "float32", "mixed_bfloat16"):
            raise ParameterError(f"precision={self.precision!r} must be 'auto', 'float32' or 'mixed_bfloat16'")


def precision_policy(precision: str = "auto") -> str:
    """Return the Keras dtype policy for this machine.

    ``auto`` is ``mixed_bfloat16`` on a GPU and where the processor multiplies bfloat16 (AVX512-BF16 or AMX),
    else ``float32``. Measured on two cores with AVX512-BF16: an epoch of the techno network takes 0.45 times
    as long (``tests/benchmarks/bench_training.py``); one-dimensional convolutions gain nothing there.
    """
    if precision != "auto":
        return precision
    if import_keras().distribution.list_devices("gpu"):
        return "mixed_bfloat16"
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return "float32"
    return "mixed_bfloat16" if "avx512_bf16" in flags or "amx_bf16" in flags else "float32"


def class_weights(labels: np.ndarray) -> dict[int, float]:
    """Return weights that let every class count the same: ``n / (n_classes * count)``.

    Parameters
    ----------
    labels : np.ndarray [shape=(n,), int]

    Returns
    -------
    dict of int to float
        Equal to scikit-learn's ``balanced`` weights.
    """
    classes = np.unique(labels)
    weights = compute_class_weight("balanced", classes=classes, y=labels)
    return {int(c): float(w) for c, w in zip(classes, weights, strict=True)}


@dataclass(frozen=True)
class FineTuning:
    """The second phase of transfer learning: after the head has been trained on frozen features.

    Parameters
    ----------
    training : Training
        How this phase is trained; its learning rate is usually a tenth of the first one or less.
    layers : int >= 1 or None
        How many layers of the backbone, counted from its end, learn as well; None: all of them. Batch normalisation
        of pre-trained weights stays as it was learned (`mgclib.transfer.unfreeze`).
    """

    training: Training
    layers: int | None = None

    def __post_init__(self) -> None:
        if self.layers is not None and (not isinstance(self.layers, int) or self.layers < 1):
            raise ParameterError(f"layers={self.layers!r} must be a positive integer, or None for all")


@dataclass
class KerasClassifier:
    """A network of the register with scikit-learn's face.

    Parameters
    ----------
    architecture : str
        Name for `mgclib.models.build`.
    n_genres : int >= 2
        Number of classes.
    training : Training
        How to fit.
    seed : int
        Fixes the weights, the order of the clips, dropout and augmentation.
    options : dict
        Options of the architecture.
    verbose : bool
        Print one line per epoch.
    weights_path : path ending in ``.weights.h5``, optional
        Keep the weights of the best epoch there, e.g. to look at its filters; None: they are not kept on disk.
    augment : callable, optional
        ``x, y = augment(x, y, rng)`` for each training batch: inputs, one-hot genres and a generator that follows
        from seed, epoch and batch (`mgclib.augment`). What is held out is never touched.
    fine_tuning : FineTuning, optional
        For a backbone (`mgclib.models.transfer`): the backbone stays frozen in the epochs of `training`, then learns
        as this says. Without `augment` the frozen phase computes the backbone's features once.
    frozen : bool
        For a backbone: it stays frozen, with `fine_tuning` in the first phase only. False: all layers learn from the
        start.

    Attributes
    ----------
    model : keras.Model or None
        After `fit`: the network with the weights of its best epoch.
    history : pd.DataFrame
        After `fit`: one row per epoch, columns epoch (from 1), accuracy, loss, val_accuracy, val_loss,
        seconds, phase (2 in fine-tuning), best.
    """

    architecture: str
    n_genres: int
    training: Training = field(default_factory=Training)
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    verbose: bool = True
    weights_path: str | os.PathLike[str] | None = None
    augment: Augmentation | None = None
    fine_tuning: FineTuning | None = None
    frozen: bool = False
    model: Any = field(default=None, init=False, repr=False)
    history: pd.DataFrame | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.fine_tuning is not None and not self.frozen:
            raise ParameterError("fine_tuning follows a frozen phase: set frozen=True as well")

    def fit(
        self, x: np.ndarray | Rows | Several, y: np.ndarray, validation: tuple[Any, np.ndarray] | None = None
    ) -> KerasClassifier:
        """Train on inputs `x` [shape=(n, …)] and labels `y` [shape=(n,), int]; keep the best epoch on `validation`.

        Inputs are an array, or what `mgclib.inputs.chosen` returns.
        """
        keras = import_keras()
        from mgclib.callbacks import EpochLog

        keras.utils.clear_session(free_memory=True)
        keras.utils.set_random_seed(self.seed)
        keras.mixed_precision.set_dtype_policy(precision_policy(self.training.precision))
        model = models.build(self.architecture, self._seen(x), self.n_genres, **self.options)
        if self.augment is not None and isinstance(x, Several):
            raise ParameterError(f"{self.architecture} takes several inputs, which cannot be augmented: leave it out")
        more = self.fine_tuning.training.epochs if self.fine_tuning else 0
        log = EpochLog(self.training.epochs + more, self.training.monitor, verbose=self.verbose)
        with tempfile.TemporaryDirectory() as scratch:
            weights = Path(self.weights_path or Path(scratch, "best.weights.h5"))
            weights.parent.mkdir(parents=True, exist_ok=True)
            if self.frozen:
                self._fit_frozen(model, x, y, validation, log, weights)
            else:
                self._fit_phase(model, self.training, x, y, validation, log, weights)
            if self.fine_tuning is not None:
                from mgclib.models import transfer

                transfer.unfreeze(model, self.fine_tuning.layers)
                log.phase = 2
                self._fit_phase(model, self.fine_tuning.training, x, y, validation, log, weights)
            if self.weights_path is not None:
                model.save_weights(weights)
        self.model, self.history = model, log.frame()
        return self

    @property
    def crops(self) -> dict[str, int]:
        """What `mgclib.crops.asked_of_crops` must know to ask the network; empty where it is shown whole inputs."""
        return {}

    def _seen(self, x: np.ndarray | Rows | Several) -> tuple[int, ...]:
        """Return the shape of what the network is shown of an input."""
        return x.shape[1:]

    def _fit_frozen(self, model: Any, x: Any, y: Any, validation: Any, log: Any, weights: Path) -> None:
        """Train the head alone; on features that are computed once, where the pictures do not change."""
        from mgclib.models import transfer

        transfer.unfreeze(model, 0)
        if not model.pretrained:
            transfer.settle(model)
        if self.augment is not None:
            self._fit_phase(model, self.training, x, y, validation, log, weights)
            return
        backbone, head = transfer.halves(model)
        held_out = validation and (self._features(backbone, validation[0]), validation[1])
        self._fit_phase(head, self.training, self._features(backbone, x), y, held_out, log, weights)

    def _features(self, backbone: Any, x: np.ndarray) -> np.ndarray:
        return np.asarray(backbone.predict(x, batch_size=self.training.batch_size, verbose=0), dtype=np.float32)

    def _fit_phase(
        self, model: Any, training: Training, x: Any, y: Any, validation: Any, log: Any, weights: Path
    ) -> None:
        """Train for some epochs; leave `model` at the best epoch of this and all phases before."""
        keras = import_keras()
        from mgclib.callbacks import F1OfMeans, training_callbacks

        optimizer = _optimizer(keras, training, -(-len(x) // training.batch_size))
        augment = unchanged if self.augment is None and streamed(x) else self.augment
        loss = "sparse_categorical_crossentropy" if augment is None else "categorical_crossentropy"
        followed = ["accuracy", F1OfMeans(self.n_genres)] if training.follow_f1 else ["accuracy"]
        model.compile(optimizer, loss, metrics=followed)
        one_hot = np.eye(self.n_genres, dtype=np.float32)
        _complete(model, (y if augment is None else one_hot[y])[:1], one_hot[:1])
        best_before, start = log.best_score, model.get_weights() if log.best_epoch else None
        weights.unlink(missing_ok=True)
        validated = validation is not None and training.monitor is not None
        callbacks = training_callbacks(training, weights, validated=validated, best_before=best_before)
        settings: dict[str, Any] = {
            "epochs": training.epochs,
            "class_weight": class_weights(y) if training.class_weights else None,
            "callbacks": [*callbacks, log],
            "verbose": 0,
        }
        if augment is None:
            held_out = validation and (fed(validation[0]), validation[1])
            model.fit(fed(x), y, batch_size=training.batch_size, validation_data=held_out, **settings)
        else:
            from mgclib.batches import AugmentedBatches

            batches = AugmentedBatches(x, one_hot[y], training.batch_size, augment, seed=self.seed)
            held_out = validation and (fed(validation[0]), one_hot[validation[1]])
            model.fit(batches, shuffle=False, validation_data=held_out, **settings)
        if log.best_epoch == 0:
            raise RunError(
                f"{self.architecture} (seed {self.seed}): no epoch had a finite {training.monitor}; "
                f"try a smaller learning_rate than {training.learning_rate:g}"
            )
        if weights.is_file():
            model.load_weights(weights)
        else:
            model.set_weights(start)

    def predict_proba(self, x: np.ndarray | Rows | Several) -> np.ndarray:
        """Return probabilities : np.ndarray [shape=(n, n_genres), float32, rows sum to 1]."""
        if self.model is None:
            raise ParameterError("this classifier is not fitted yet: call fit first")
        return asked(self.model, x)


def _complete(model: Any, label: np.ndarray, answer: np.ndarray) -> None:
    """Make what the optimizer and the metrics remember now, from a `label` and an `answer` of one clip.

    Keras makes it in the first training step otherwise, and TensorFlow traces a step that makes variables twice: for
    MobileNetV2 ten of the 24 seconds before the first batch (``tests/benchmarks/bench_training.py``).
    """
    model.optimizer.build(model.trainable_variables)
    model.compute_metrics(None, label, answer)
    model.reset_metrics()


def _optimizer(keras: Any, training: Training, steps: int) -> Any:
    """Return the optimizer of a phase with so many `steps` per epoch."""
    rate: Any = training.learning_rate
    if training.schedule == "cosine":
        total = training.epochs * steps
        warm = max(1, total // 20)
        settings = {"alpha": 0.01, "warmup_target": rate, "warmup_steps": warm}
        rate = keras.optimizers.schedules.CosineDecay(rate / 20, max(1, total - warm), **settings)
    if training.optimizer == "adamw":
        return keras.optimizers.AdamW(rate, weight_decay=training.weight_decay)
    if training.weight_decay:
        from mgclib.callbacks import Adam

        optimizer = Adam(training.weight_decay)
    else:
        optimizer = keras.optimizers.get(training.optimizer)
    optimizer.learning_rate = rate
    return optimizer


def unchanged(x: Any, y: np.ndarray, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
    """Return a batch as it is: for inputs that are read from the disk batch by batch."""
    return fed(x), y


def asked(model: Any, x: np.ndarray | Rows | Several) -> np.ndarray:
    """Return what a network answers : np.ndarray [shape=(n, n_genres), float32], batch by batch as memory allows."""
    values = sum(int(np.prod(array.shape[1:])) for array in arrays_of(x))
    batch_size = min(256, max(1, BATCH_VALUES // values))
    if streamed(x):
        parts = [slice(start, start + batch_size) for start in range(0, len(x), batch_size)]
        return np.concatenate([np.asarray(model.predict_on_batch(fed(x[part])), np.float32) for part in parts])
    return np.asarray(model.predict(fed(x), batch_size=batch_size, verbose=0), dtype=np.float32)
