"""Take any model through the seeds of an experiment: split, fit, predict, and store each finished seed.

What a network needs to be trained, `Training` and `KerasClassifier`, lives in `mgclib.networks` and is found here as
well.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import has_fit_parameter

from mgclib import fitted
from mgclib.errors import DatasetError, ParameterError
from mgclib.inputs import chosen
from mgclib.networks import FineTuning, KerasClassifier, Training, class_weights, precision_policy
from mgclib.predictions import predictions_frame
from mgclib.records import fitting, provenance
from mgclib.results import Result
from mgclib.splits import UNUSED, groups_within, split

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset
    from mgclib.inputs import Inputs, Several

__all__ = [
    "FineTuning",
    "KerasClassifier",
    "Training",
    "class_weights",
    "fit_and_ask",
    "precision_policy",
    "run_seeds",
]


def run_seeds(
    dataset: Dataset,
    inputs: np.ndarray | Several,
    make: Callable[[int], Any],
    *,
    protocol: str,
    seeds: Sequence[int],
    sizes: Sequence[float] = (0.7, 0.1, 0.2),
    join_validation: bool = False,
    watch: str = "validation",
    hide_test: bool = False,
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
    inputs : np.ndarray [shape=(n_clips, …)], or Several for a network with several inputs
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
    hide_test : bool
        Leave the test clips out altogether: for choosing between models on validation data.
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
            if hide_test:
                parts = np.where(parts == "test", UNUSED, parts)
            if join_validation:
                parts = np.where(parts == "validation", "train", parts)
            classifier = make(seed)
            result = fit_and_ask(dataset, inputs, classifier, parts, seed, watch=watch, protocol=protocol)
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
    settings |= {"join_validation": join_validation, "watch": watch, "hide_test": hide_test}
    times = {str(seed): one.provenance["fitted"] for seed, one in zip(seeds, done, strict=True)}
    return replace(merged, parameters=settings, provenance={**provenance(dataset), "fitted": times})


def _about(result: Result, dataset: Dataset, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what a model that is kept says about itself: where it comes from, and how well it did."""
    named = {name: settings[name] for name in ("experiment", "profile", "protocol") if name in settings}
    accuracy = {part: round(float(result.metric("accuracy", part).iloc[0]), 4) for part in result.parts}
    return {**named, "seed": int(seed), "accuracy": accuracy, "provenance": provenance(dataset)}


def fit_and_ask(
    dataset: Dataset,
    inputs: np.ndarray | Several,
    classifier: Any,
    parts: np.ndarray,
    seed: int,
    *,
    protocol: str,
    watch: str = "validation",
) -> Result:
    """Fit a classifier on the training part, and ask it about the validation and the test part.

    Parameters
    ----------
    dataset, inputs, watch
        See `run_seeds`.
    classifier : Any
        Not fitted yet.
    parts : np.ndarray [shape=(n_clips,), str]
        Part of every clip, see `mgclib.splits.PARTS`.
    seed : int
        What the predictions are labelled with.
    protocol : str
        Says what folds inside the training part must keep together.

    Returns
    -------
    Result
        Of one seed; its provenance says how long fitting took.

    Raises
    ------
    DatasetError
        When a genre has no clip to learn from.
    """
    labels = dataset.labels
    if np.unique(labels[parts == "train"]).size < len(dataset.genres):
        raise DatasetError(
            f"{dataset.name}: some genres have no clip in the training part (seed {seed}); "
            "use more clips or another protocol"
        )
    train, watched = parts == "train", parts == watch
    networked = hasattr(classifier, "history")
    started = time.perf_counter()
    if networked:
        if watch == "test" and getattr(classifier, "training", Training()).monitor is not None:
            raise ParameterError("watch='test' would choose the epoch on test clips: set monitor=None as well")
        held_out = (chosen(inputs, watched), labels[watched]) if watched.any() else None
        classifier.fit(chosen(inputs, train), labels[train], validation=held_out)
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
            probabilities = classifier.predict_proba(chosen(inputs, rows) if networked else inputs[rows])
            frames.append(predictions_frame(dataset.clips[rows], part, probabilities, dataset.genres, seed))
    origin = {**fitting(seconds), "clips": int(train.sum())}
    if isinstance(classifier, KerasClassifier):
        origin["precision"] = precision_policy(classifier.training.precision)
    tables = {name: table.assign(seed=seed) for name, table in getattr(classifier, "tables", {}).items()}
    predictions = pd.concat(frames, ignore_index=True)
    return Result(predictions, dataset.genres, history, provenance={"fitted": origin}, tables=tables)
