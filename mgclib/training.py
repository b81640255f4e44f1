"""Fit models so that a seed fixes everything, the best epoch is chosen on validation data, and a stop loses nothing.

`KerasClassifier` gives networks the face of scikit-learn (``fit`` / ``predict_proba``); `run_seeds`
takes any model through the seeds of an experiment and stores each finished one.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import has_fit_parameter

from mgclib import fitted, models
from mgclib.errors import DatasetError, ParameterError, RunError
from mgclib.models.backend import import_keras
from mgclib.predictions import predictions_frame
from mgclib.records import fitting, provenance
from mgclib.results import Result
from mgclib.splits import groups_within, split

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset
    from mgclib.inputs import Inputs

__all__ = ["KerasClassifier", "Training", "class_weights", "precision_policy", "run_seeds"]


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

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience", "reduce_patience"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 1):
                raise ParameterError(f"{name}={value!r} must be a positive integer")
        if not self.learning_rate > 0:
            raise ParameterError(f"learning_rate={self.learning_rate!r} must be positive")
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
        Fixes the weights, the order of the clips and dropout.
    options : dict
        Options of the architecture.
    verbose : bool
        Print one line per epoch.
    weights_path : path ending in ``.weights.h5``, optional
        Keep the weights of the best epoch there, e.g. to look at its filters; None: they are not kept on disk.

    Attributes
    ----------
    model : keras.Model or None
        After `fit`: the network with the weights of its best epoch.
    history : pd.DataFrame
        After `fit`: one row per epoch, columns epoch (from 1), accuracy, loss, val_accuracy, val_loss,
        seconds, best.
    """

    architecture: str
    n_genres: int
    training: Training = field(default_factory=Training)
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    verbose: bool = True
    weights_path: str | os.PathLike[str] | None = None
    model: Any = field(default=None, init=False, repr=False)
    history: pd.DataFrame | None = field(default=None, init=False, repr=False)

    def fit(
        self, x: np.ndarray, y: np.ndarray, validation: tuple[np.ndarray, np.ndarray] | None = None
    ) -> KerasClassifier:
        """Train on inputs `x` [shape=(n, …)] and labels `y` [shape=(n,), int]; keep the best epoch on `validation`."""
        keras = import_keras()
        from mgclib.callbacks import EpochLog, training_callbacks

        keras.utils.clear_session(free_memory=True)
        keras.utils.set_random_seed(self.seed)
        keras.mixed_precision.set_dtype_policy(precision_policy(self.training.precision))
        model = models.build(self.architecture, x.shape[1:], self.n_genres, **self.options)
        optimizer = keras.optimizers.get(self.training.optimizer)
        optimizer.learning_rate = self.training.learning_rate
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        validated = validation is not None and self.training.monitor is not None
        log = EpochLog(self.training.epochs, self.training.monitor, verbose=self.verbose)
        with tempfile.TemporaryDirectory() as scratch:
            weights = Path(self.weights_path or Path(scratch, "best.weights.h5"))
            weights.parent.mkdir(parents=True, exist_ok=True)
            model.fit(
                x,
                y,
                batch_size=self.training.batch_size,
                epochs=self.training.epochs,
                validation_data=validation,
                class_weight=class_weights(y) if self.training.class_weights else None,
                callbacks=[*training_callbacks(self.training, weights, validated=validated), log],
                verbose=0,
            )
            if log.best_epoch == 0:
                raise RunError(
                    f"{self.architecture} (seed {self.seed}): no epoch had a finite {self.training.monitor}; "
                    f"try a smaller learning_rate than {self.training.learning_rate:g}"
                )
            model.load_weights(weights)
        self.model, self.history = model, log.frame()
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return probabilities : np.ndarray [shape=(n, n_genres), float32, rows sum to 1]."""
        if self.model is None:
            raise ParameterError("this classifier is not fitted yet: call fit first")
        return np.asarray(self.model.predict(x, batch_size=256, verbose=0), dtype=np.float32)


def run_seeds(
    dataset: Dataset,
    inputs: np.ndarray,
    make: Callable[[int], Any],
    *,
    protocol: str,
    seeds: Sequence[int],
    sizes: Sequence[float] = (0.7, 0.1, 0.2),
    join_validation: bool = False,
    watch: str = "validation",
    checkpoint_dir: str | os.PathLike[str] | None = None,
    recipe: Inputs | None = None,
    require_model: bool = False,
    parameters: dict[str, Any] | None = None,
    verbose: bool = True,
) -> Result:
    """Split, fit and predict once per seed.

    Parameters
    ----------
    dataset : Dataset
        Gives labels, tracks and splits.
    inputs : np.ndarray [shape=(n_clips, …)]
        Aligned with ``dataset.clips``.
    make : callable
        ``make(seed)`` returns a fresh classifier. One with a ``history`` attribute is given the validation
        data to choose its epoch; others are fitted on the training part alone. A ``fit`` that takes ``groups``
        (`mgclib.tuning.TunedClassifier`) is told what its own folds must keep together. The ``tables`` of a fitted
        classifier (dict of str to pd.DataFrame), if it has any, are kept with the result, with a column ``seed``.
    protocol, sizes
        See `mgclib.splits.split`; the seed of the run is the seed of the split.
    seeds : sequence of int
        One run each.
    join_validation : bool
        Train on the training and the validation part together, for models that choose nothing on
        validation data (CS464 report, section 2.2: "concatenated training set and validation set").
    watch : {"validation", "test"}
        The part whose accuracy and loss the history follows, epoch by epoch. ``test`` only draws the curve, for
        reports that hold no validation data back and draw one all the same (CS464 report, figure 7): it is refused
        for a classifier that chooses its epoch by it.
    checkpoint_dir : path, optional
        Each finished seed is stored here; seeds already there are read back instead of run again.
    recipe : Inputs, optional
        How `inputs` were made of sound (`mgclib.inputs`). With a `checkpoint_dir`, the fitted model of the first
        seed is kept in ``seed-<seed>/model`` for `mgc predict`; a seed that is read back keeps what it has.
    require_model : bool
        Train the first seed again where it is finished but its model is not kept, because the caller asks it.
    parameters : dict, optional
        Settings to keep with the result.
    verbose : bool
        Print a line per seed.

    Returns
    -------
    Result
        Predictions for the validation and test parts of all seeds, and the histories. Its provenance says for
        each seed when, at which commit and how long it was ``fitted``.

    Raises
    ------
    ParameterError
        For inputs that are not aligned with the clips, no seed, or a `watch` that would choose on test clips.
    """
    if len(inputs) != len(dataset):
        raise ParameterError(f"{len(inputs)} inputs for {len(dataset)} clips: they must be aligned")
    if not seeds:
        raise ParameterError("seeds is empty: name at least one, e.g. seeds=[0]")
    if watch not in ("validation", "test"):
        raise ParameterError(f"watch={watch!r} must be 'validation' or 'test'")
    done = []
    for seed in seeds:
        kept = Path(checkpoint_dir) / f"seed-{seed}" if checkpoint_dir else None
        lacks_model = require_model and seed == seeds[0] and kept is not None and not fitted.is_kept(kept / "model")
        if kept is not None and (kept / "result.json").is_file() and not lacks_model:
            result = Result.load(kept)
            source = "read back"
        else:
            parts = split(dataset, protocol, seed, sizes=tuple(sizes)).to_numpy()
            if join_validation:
                parts = np.where(parts == "validation", "train", parts)
            classifier = make(seed)
            result = _one_seed(dataset, inputs, classifier, parts, seed, watch, protocol)
            source = f"{result.provenance['fitted']['seconds']:.0f} s"
            if kept is not None:
                if recipe is not None and seed == seeds[0]:
                    about = _about(result, dataset, seed, {**(parameters or {}), "protocol": protocol})
                    fitted.keep(kept / "model", classifier, recipe, dataset, about)
                result.save(kept)
        done.append(result)
        if verbose:
            scores = [
                f"{part} accuracy {result.metric('accuracy', part).iloc[0]:.3f}"
                for part in ("validation", "test")
                if (result.predictions["split"] == part).any()
            ]
            print(f"seed {seed}: {', '.join(scores)} ({source})", flush=True)
    merged = Result.concat(done)
    settings = {**(parameters or {}), "protocol": protocol, "sizes": list(sizes), "seeds": [int(s) for s in seeds]}
    settings |= {"join_validation": join_validation, "watch": watch}
    times = {str(seed): one.provenance["fitted"] for seed, one in zip(seeds, done, strict=True)}
    return replace(merged, parameters=settings, provenance={**provenance(dataset), "fitted": times})


def _about(result: Result, dataset: Dataset, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what a model that is kept says about itself: where it comes from, and how well it did."""
    named = {name: settings[name] for name in ("experiment", "profile", "protocol") if name in settings}
    accuracy = {part: round(float(result.metric("accuracy", part).iloc[0]), 4) for part in result.parts}
    return {**named, "seed": int(seed), "accuracy": accuracy, "provenance": provenance(dataset)}


def _one_seed(
    dataset: Dataset, inputs: np.ndarray, classifier: Any, parts: np.ndarray, seed: int, watch: str, protocol: str
) -> Result:
    labels = dataset.labels
    if np.unique(labels[parts == "train"]).size < len(dataset.genres):
        raise DatasetError(
            f"{dataset.name}: some genres have no clip in the training part (seed {seed}); "
            "use more clips or another protocol"
        )
    train, watched = parts == "train", parts == watch
    started = time.perf_counter()
    if hasattr(classifier, "history"):
        if watch == "test" and getattr(classifier, "training", Training()).monitor is not None:
            raise ParameterError("watch='test' would choose the epoch on test clips: set monitor=None as well")
        held_out = (inputs[watched], labels[watched]) if watched.any() else None
        classifier.fit(inputs[train], labels[train], validation=held_out)
        history = classifier.history.assign(seed=seed)
    else:
        together = {}
        if has_fit_parameter(classifier, "groups"):
            together = {"groups": groups_within(dataset, protocol).to_numpy()[train]}
        classifier.fit(inputs[train], labels[train], **together)
        history = pd.DataFrame()
    seconds = time.perf_counter() - started
    frames = []
    for part in ("validation", "test"):
        rows = parts == part
        if rows.any():
            probabilities = classifier.predict_proba(inputs[rows])
            frames.append(predictions_frame(dataset.clips[rows], part, probabilities, dataset.genres, seed))
    origin = fitting(seconds)
    if isinstance(classifier, KerasClassifier):
        origin["precision"] = precision_policy(classifier.training.precision)
    tables = {name: table.assign(seed=seed) for name, table in getattr(classifier, "tables", {}).items()}
    predictions = pd.concat(frames, ignore_index=True)
    return Result(predictions, dataset.genres, history, provenance={"fitted": origin}, tables=tables)
