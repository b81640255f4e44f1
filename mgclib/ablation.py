"""The same network under several conditions, e.g. with and without augmentation: what does each one change?

`run_conditions` takes every condition through the same seeds and splits, so that two conditions differ in nothing but
what they are called after, and keeps all of them in one `Result`; `differences` holds them against one of them, seed by
seed. `ScoredClassifier` also asks the fitted network about its own training clips, clean and augmented.

Notebooks: ``augmentation``, ``agh_networks``, ``best_recipe``, ``best_recipe_imagenet``, ``transfer``,
``transfer_backbone``, ``transfer_baseline``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from mgclib.ensemble import members, side_by_side
from mgclib.errors import ParameterError
from mgclib.networks import KerasClassifier
from mgclib.paired import paired_difference
from mgclib.results import Result
from mgclib.training import run_seeds

if TYPE_CHECKING:
    from mgclib.augment import Augmentation
    from mgclib.datasets.dataset import Dataset

__all__ = [
    "SCORES",
    "TABLE",
    "ScoredClassifier",
    "differences",
    "part_scores",
    "run_conditions",
    "soft_scores",
    "steps",
]

TABLE = "ablation"
"""Name of the table in `Result.tables` with a row per condition and seed."""

TRAINING = "training_scores"
"""Name of the table that a `ScoredClassifier` adds."""

SCORES = ("accuracy", "weighted_f1", "log_loss", "auc")

PARTS = ("train", "train, augmented", "validation", "test")
"""Rows of `part_scores`, in their order."""


def run_conditions(
    dataset: Dataset,
    inputs: np.ndarray | Mapping[str, np.ndarray],
    makers: Mapping[str, Callable[[int], Any]],
    *,
    main: str,
    checkpoint_dir: str | os.PathLike[str] | None = None,
    recipe: Any = None,
    verbose: bool = True,
    **how: Any,
) -> Result:
    """Run every condition once per seed, all on the same splits.

    Parameters
    ----------
    dataset : Dataset
    inputs : np.ndarray [shape=(n_clips, …)], or a mapping of str to such
        Aligned with ``dataset.clips``; by the name of the condition where each has its own.
    makers : mapping of str to callable
        By the name of the condition: ``make(seed)`` returns a fresh classifier.
    main : str
        The condition whose predictions and history the result has; the others are in its tables (see
        `mgclib.ensemble.members`).
    checkpoint_dir : path, optional
        Each finished seed is stored in a folder per condition below it and read back when it is there.
    recipe : Inputs, or a mapping of str to such, optional
        How `inputs` were made; with it the model of the first seed is kept: of the main condition, or of all named.
    verbose : bool
        Print a line per condition and seed.
    **how
        The rest goes to `mgclib.training.run_seeds`: ``protocol``, ``seeds``, ``sizes``, ``parameters`` …

    Returns
    -------
    Result
        Of the main condition. Its table ``ablation`` has a row per condition and seed: ``condition, seed``, the scores
        ``accuracy, weighted_f1, log_loss, auc`` of test clips, the same of validation clips (``validation_accuracy``
        …), ``epoch`` (kept), ``epochs``, ``end_accuracy`` (of the last epoch's training batches) and ``seconds``.

    Raises
    ------
    ParameterError
        When `main` is none of the conditions.
    """
    if main not in makers:
        raise ParameterError(f"main={main!r} is none of the conditions {', '.join(makers) or '(there are none)'}")
    results = {}
    for name, make in makers.items():
        if verbose:
            print(f"condition {name}", flush=True)
        kept = None if checkpoint_dir is None else Path(checkpoint_dir, name.replace(", ", "-").replace(" ", "-"))
        x = inputs[name] if isinstance(inputs, Mapping) else inputs
        own = recipe.get(name) if isinstance(recipe, Mapping) else recipe if name == main else None
        results[name] = run_seeds(dataset, x, make, checkpoint_dir=kept, recipe=own, verbose=verbose, **how)
    joined = side_by_side(results, main)
    table = pd.concat([_scores(name, one) for name, one in results.items()], ignore_index=True)
    return replace(joined, tables={TABLE: table, **joined.tables})


def _scores(name: str, result: Result) -> pd.DataFrame:
    columns: dict[str, Any] = {"condition": name, "seed": list(result.seeds)}
    for part in result.parts:
        before = "" if part == "test" else f"{part}_"
        columns |= {f"{before}{score}": result.metric(score, part).to_numpy() for score in SCORES}
    if len(result.history):
        grouped = result.history.sort_values("epoch").groupby("seed")
        kept = result.history[result.history["best"]].set_index("seed")["epoch"]
        columns |= {"epoch": kept.reindex(result.seeds).to_numpy(), "epochs": grouped["epoch"].max().to_numpy()}
        columns["end_accuracy"] = grouped["accuracy"].last().to_numpy()
    fitted = result.provenance.get("fitted", {})
    columns["seconds"] = [fitted.get(str(seed), {}).get("seconds", np.nan) for seed in result.seeds]
    return pd.DataFrame(columns)


def differences(result: Result, metric: str = "accuracy", base: str = "none") -> pd.DataFrame:
    """Return how much each condition differs from `base`, on the same test clips with the same seeds.

    Parameters
    ----------
    result : Result
        From `run_conditions`.
    metric : str
        A name in `mgclib.metrics.METRICS`.
    base : str
        The condition that the others are held against.

    Returns
    -------
    pd.DataFrame
        Index ``condition``, without `base`; columns ``mean``, ``low``, ``high`` and ``label`` (the interval of
        `mgclib.paired.paired_difference`, and what it is over), ``survives``: whether it leaves out 0, ``gains`` (a
        tuple, by seed).

    Raises
    ------
    ParameterError
        When the result has no such condition, or there is no such metric.
    RunError
        When the conditions were not tested on the same clips.
    """
    found = members(result)
    if base not in found:
        raise ParameterError(f"there is no condition {base!r}; conditions are {', '.join(found) or 'none at all'}")
    rows = {}
    for name, one in found.items():
        if name != base:
            gap = paired_difference(found[base], one, metric)
            row = {"mean": gap.mean, "low": gap.low, "high": gap.high, "label": gap.label}
            gains = tuple((one.metric(metric) - found[base].metric(metric)).tolist())
            rows[name] = {**row, "survives": 0 not in gap, "gains": gains}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("condition")


def steps(
    results: Mapping[str, Result], before: Mapping[str, str], metric: str = "accuracy", split: str = "validation"
) -> pd.DataFrame:
    """Return the score of every condition, and what it gains over the one that it builds on.

    Parameters
    ----------
    results : mapping of str to Result
        By the name of the condition, e.g. of `mgclib.ensemble.members`.
    before : mapping of str to str
        By the name of a condition: the one that it differs from in one thing; the others start a ladder.
    metric : str
        A name in `mgclib.metrics.METRICS`.
    split : {"validation", "test"}

    Returns
    -------
    pd.DataFrame
        Index ``condition``; ``mean, low, high, label`` (`Result.interval`), ``before``, ``gain``, ``gain_low``,
        ``gain_high`` (`mgclib.paired.paired_difference`; NaN at the start of a ladder), ``survives``: whether that
        interval leaves out 0, and ``seeds``.

    Raises
    ------
    ParameterError
        When a condition builds on one that is not there.
    RunError
        When two conditions were not asked about the same clips with the same seeds.
    """
    rows = {}
    for name, one in results.items():
        found = one.interval(metric, split)
        row = {key: getattr(found, key) for key in ("mean", "low", "high", "label")}
        rows[name] = {**row, "before": before.get(name), "seeds": len(one.seeds), "survives": False}
        if name in before:
            if before[name] not in results:
                raise ParameterError(f"{name!r} builds on {before[name]!r}, which is none of {', '.join(results)}")
            gap = paired_difference(results[before[name]], one, metric, split)
            gain = {"gain": gap.mean, "gain_low": gap.low, "gain_high": gap.high}
            rows[name] |= {**gain, "survives": 0 not in gap}
    columns = ["mean", "low", "high", "label", "before", "gain", "gain_low", "gain_high", "survives", "seeds"]
    return pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns).rename_axis("condition")


def part_scores(result: Result) -> pd.DataFrame:
    """Return accuracy, AUC and loss of every condition and part, as Keras would print them, means over the seeds.

    Parameters
    ----------
    result : Result
        From `run_conditions`, with `ScoredClassifier` for the training clips.

    Returns
    -------
    pd.DataFrame
        Index ``condition, part`` (``train``, ``train, augmented``, ``validation``, ``test``, as far as there are);
        columns ``accuracy``, ``auc`` and ``loss`` of `soft_scores`.

    Notes
    -----
    Source: AGH slides "Efficient Net" and "ResNet". Notebook: ``agh_networks``.
    """
    rows = {}
    for name, one in members(result).items():
        if TRAINING in result.tables:
            own = result.tables[TRAINING].query("model == @name")
            for batches, scores in own.groupby("batches", sort=False):
                part = "train" if batches == "clean" else f"train, {batches}"
                rows[name, part] = scores[["accuracy", "auc", "loss"]].mean()
        for part in one.parts:
            found = [one.arrays(part, seed) for seed in one.seeds]
            rows[name, part] = pd.DataFrame([soft_scores(np.eye(p.shape[1])[y], p) for y, p in found]).mean()
    table = pd.DataFrame(rows).T
    return table.rename_axis(["condition", "part"])


@dataclass
class ScoredClassifier(KerasClassifier):
    """A network that is asked about its own training clips once it is fitted.

    Parameters
    ----------
    mixture : Augmentation or None
        What makes the augmented batches that it is asked about, whether it was trained on such or not.

    Attributes
    ----------
    tables : dict of str to pd.DataFrame
        After `fit`: ``training_scores``, a row for the ``clean`` clips and one for ``augmented`` batches, with the
        columns of `soft_scores`. Weights are those of the kept epoch, dropout is off.
    """

    mixture: Augmentation | None = None
    tables: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def fit(
        self, x: np.ndarray, y: np.ndarray, validation: tuple[np.ndarray, np.ndarray] | None = None
    ) -> ScoredClassifier:
        """Train as `KerasClassifier.fit` does, then score the training clips."""
        super().fit(x, y, validation)
        shares = np.eye(self.n_genres, dtype=np.float32)[y]
        rows = {"clean": soft_scores(shares, self.predict_proba(x))}
        if self.mixture is not None:
            rng = np.random.default_rng([self.seed, len(x)])
            size = self.training.batch_size
            order = rng.permutation(len(x))
            batches = [order[start : start + size] for start in range(0, len(x), size)]
            seen = [self.mixture(x[batch], shares[batch], rng) for batch in batches]
            mixed = np.concatenate([labels for _, labels in seen])
            asked = np.concatenate([self.predict_proba(clips) for clips, _ in seen])
            rows["augmented"] = soft_scores(mixed, asked)
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("batches").reset_index()
        self.tables = {TRAINING: table}
        return self


def soft_scores(shares: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return scores against labels that may be mixtures, as Keras computes them while it trains.

    Parameters
    ----------
    shares : np.ndarray [shape=(n, n_genres), rows sum to 1]
        One-hot, or mixed.
    probabilities : np.ndarray [shape=(n, n_genres)]

    Returns
    -------
    dict of str to float
        ``accuracy``: the most likely genre is the one with the largest share. ``auc``: each pair of clip and genre is a
        question of its own, and every genre with a share, however small, is a yes (``keras.metrics.AUC`` with its
        defaults, without its rounding to 200 thresholds). ``loss``: cross-entropy in nats.
    """
    shares, probabilities = np.asarray(shares, np.float64), np.asarray(probabilities, np.float64)
    loss = -(shares * np.log(np.clip(probabilities, 1e-7, 1))).sum(axis=1)
    return {
        "accuracy": float((probabilities.argmax(axis=1) == shares.argmax(axis=1)).mean()),
        "auc": float(roc_auc_score((shares > 0).ravel(), probabilities.ravel())),
        "loss": float(loss.mean()),
    }
