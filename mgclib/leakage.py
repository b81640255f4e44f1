"""The same models on the same music, divided in different ways: how much of a score is knowing the answers before.

`climb` takes every model up the ladder (`mgclib.ladder`) and keeps, for each test piece, what the model called it and
what the training pieces had in common with it. All accuracies are derived from that table.

Notebook: ``leakage``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mgclib import metrics
from mgclib.errors import ParameterError
from mgclib.ladder import SIZES, Rung, divided, relations, rungs_of, twice
from mgclib.metrics import Interval
from mgclib.records import provenance
from mgclib.results import Result
from mgclib.training import fit_and_ask

if TYPE_CHECKING:
    from mgclib.augment import Augmentation
    from mgclib.datasets.dataset import Dataset

__all__ = ["TABLE", "accuracies", "by_relation", "climb", "steps"]

TABLE = "ladder"
"""Name of the table in `Result.tables` with a row per model, rung, seed and test piece."""


def climb(
    pieces: Dataset,
    pictures: np.ndarray,
    views: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    makers: Mapping[str, Callable[[int], Any]],
    *,
    seeds: Sequence[int],
    pairs: pd.DataFrame,
    augmentation: Augmentation,
    protocol: str = "artist",
    sizes: Sequence[float] = SIZES,
    checkpoint_dir: str | os.PathLike[str] | None = None,
    parameters: dict[str, Any] | None = None,
    verbose: bool = True,
) -> Result:
    """Train every model on every rung, once per seed.

    Parameters
    ----------
    pieces : Dataset
        Of `mgclib.datasets.dataset.Dataset.cut`.
    pictures : np.ndarray [shape=(n_pieces, height, width, 1), uint8]
        What all models are shown, aligned with ``pieces.clips``.
    views : mapping of str to callable
        By the name of the model: ``view(pictures)`` are its inputs.
    makers : mapping of str to callable
        By the name of the model: ``make(seed)`` returns a fresh classifier.
    seeds : sequence of int
    pairs : pd.DataFrame
        Of `mgclib.ladder.copies`.
    augmentation : Augmentation
        Makes the altered copies of the rungs that have them, always the same.
    protocol : str
        Of the rung whose predictions the result has; the others are in its table.
    sizes : sequence of 3 floats
        See `mgclib.ladder.divided`.
    checkpoint_dir : path, optional
        Each finished model, rung and seed is kept there, and read back instead of trained again.
    parameters : dict, optional
        Settings to keep with the result.
    verbose : bool
        Print a line per model, rung and seed.

    Returns
    -------
    Result
        Predictions of the last model on the last rung with `protocol`. Its table ``ladder`` has a row per model, rung,
        seed and test piece: ``model, rung, seed, clip_id, track_id, genre, predicted, relation`` (see
        `mgclib.ladder.RELATIONS`).

    Raises
    ------
    ParameterError
        When pictures and pieces are not aligned, models and views not the same, or no rung has the protocol.
    """
    if len(pictures) != len(pieces):
        raise ParameterError(f"{len(pictures)} pictures for {len(pieces)} pieces: they must be aligned")
    if set(views) != set(makers):
        raise ParameterError(f"views of {sorted(views)} for models {sorted(makers)}: give one view per model")
    ladder = rungs_of(pieces)
    main = next((rung for rung in reversed(ladder) if rung.protocol == protocol), None)
    if main is None:
        known = ", ".join(dict.fromkeys(rung.protocol for rung in ladder))
        raise ParameterError(f"protocol={protocol!r}: no rung of {pieces.name} has it; choose from {known}")
    nothing = np.zeros((len(pictures), 1), np.float32)
    altered, _ = augmentation(pictures, nothing, np.random.default_rng(0))
    inputs = {name: view(np.concatenate([pictures, altered.astype(pictures.dtype)])) for name, view in views.items()}
    place = pd.Series(np.arange(2 * len(pieces)), index=twice(pieces).clips.index)
    rows, last = [], []
    for seed in seeds:
        for rung in ladder:
            chosen, parts = divided(pieces, rung, seed, pairs, sizes)
            shared = relations(chosen, parts, pairs)
            for model, make in makers.items():
                kept = (
                    None if checkpoint_dir is None else Path(checkpoint_dir, f"seed-{seed}", rung.name, _plain(model))
                )
                if kept and (kept / "result.json").is_file():
                    result, source = Result.load(kept), "read back"
                else:
                    x = inputs[model][place[chosen.clips.index].to_numpy()]
                    result = fit_and_ask(chosen, x, make(seed), parts.to_numpy(), seed, protocol=rung.protocol)
                    source = f"{result.provenance['fitted']['seconds']:.0f} s"
                    if kept:
                        result.save(kept)
                rows.append(_test_rows(result, model, rung, shared))
                if (rung, model) == (main, list(makers)[-1]):
                    last.append(result)
                if verbose:
                    accuracy = result.metric("accuracy").iloc[0]
                    print(f"seed {seed}, {rung.name}, {model}: test accuracy {accuracy:.3f} ({source})", flush=True)
    table = pd.concat(rows, ignore_index=True)
    fitted = {str(seed): one.provenance["fitted"] for seed, one in zip(seeds, last, strict=True)}
    settings = {
        **(parameters or {}),
        "protocol": protocol,
        "sizes": list(sizes),
        "seeds": [int(seed) for seed in seeds],
    }
    origin = {**provenance(pieces), "fitted": fitted}
    merged = Result.concat(last)
    return replace(merged, parameters=settings, provenance=origin, tables={TABLE: table})


def _plain(name: str) -> str:
    return name.replace(" ", "-").replace(",", "")


def _test_rows(result: Result, model: str, rung: Rung, shared: pd.Series) -> pd.DataFrame:
    rows = result.predicted("test")[["seed", "clip_id", "track_id", "genre", "predicted"]]
    return rows.assign(model=model, rung=rung.name, relation=shared[rows["clip_id"]].to_numpy())


def accuracies(table: pd.DataFrame, *, voted: bool = False, n: int = 2000, level: float = 0.95) -> pd.DataFrame:
    """Return the accuracy of each model on each rung, with its interval.

    Parameters
    ----------
    table : pd.DataFrame
        ``ladder`` of a result of `climb`.
    voted : bool
        Of clips, each called what most of its test pieces are called (the first genre among equals), instead of pieces.
    n, level
        Resamples and coverage, see `mgclib.paired.paired_difference`.

    Returns
    -------
    pd.DataFrame
        Index ``model, rung``; columns ``mean``, ``low``, ``high``, ``label`` (what the interval is over), ``items``
        (test pieces or clips of a seed, on average) and ``seeds``.
    """
    rows = {}
    for name, part in table.groupby(["model", "rung"], sort=False):
        right = _voted(part) if voted else part.assign(right=part["genre"] == part["predicted"])
        found = _interval(right, n, level)
        seeds = right["seed"].nunique()
        rows[name] = {
            **{key: getattr(found, key) for key in ("mean", "low", "high", "label")},
            "items": len(right) / seeds,
            "seeds": seeds,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["model", "rung"])


def _voted(part: pd.DataFrame) -> pd.DataFrame:
    counted = part.groupby(["seed", "track_id", "genre"], observed=True)["predicted"]
    named = counted.agg(lambda called: called.mode().iloc[0]).reset_index()
    return named.assign(right=named["genre"].astype(str) == named["predicted"].astype(str))


def _interval(right: pd.DataFrame, n: int, level: float) -> Interval:
    """Student's t over the seeds, or resampled tracks where they do not vary (`mgclib.metrics.vary`)."""
    values = right.groupby("seed")["right"].mean().to_numpy()
    if metrics.vary(values):
        return metrics.t_interval(values, level, (0.0, 1.0))
    return metrics.quantile_interval(values.mean(), *_resampled(right, n, 0), level)


def _resampled(right: pd.DataFrame, n: int, seed: int) -> tuple[np.ndarray, int]:
    """Return the share of right items in `n` resamples of the tracks, and how many tracks there are."""
    group, tracks = pd.factorize(right["track_id"])
    hits = right["right"].to_numpy(float)
    drawn = [w @ hits / w.sum(axis=1) for w in metrics.bootstrap_weights(group, len(tracks), n, seed)]
    return np.concatenate(drawn), len(tracks)


def steps(table: pd.DataFrame, pairs: Sequence[tuple[str, str]], *, n: int = 2000, level: float = 0.95) -> pd.DataFrame:
    """Return by how much accuracy changes from one rung to another.

    Two rungs have other test pieces. Over several seeds, Student's t of the changes, a seed at a time; where they do
    not vary, the tracks of both rungs are resampled, each for itself.

    Parameters
    ----------
    table : pd.DataFrame
        ``ladder`` of a result of `climb`.
    pairs : sequence of (rung, rung)
        From the first to the second.
    n, level
        See `accuracies`.

    Returns
    -------
    pd.DataFrame
        Index: model; columns: the pairs; cells: `mgclib.metrics.Interval`.
    """
    right = table.assign(right=table["genre"] == table["predicted"])
    rows: dict[str, dict[tuple[str, str], Interval]] = {}
    for model, own in right.groupby("model", sort=False, observed=True):
        rows[model] = {}
        for pair in pairs:
            before, after = (own[own["rung"] == rung] for rung in pair)
            gains = (after.groupby("seed")["right"].mean() - before.groupby("seed")["right"].mean()).dropna()
            if metrics.vary(gains):
                found = metrics.t_interval(gains.to_numpy(), level)
            else:
                (lower, tracks), (upper, more) = (_resampled(part, n, k) for k, part in enumerate((before, after)))
                found = metrics.quantile_interval(gains.mean(), upper - lower, min(tracks, more), level)
            rows[model][pair] = found
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def by_relation(table: pd.DataFrame, rung: str = "clip") -> pd.DataFrame:
    """Return the accuracy on test pieces of one rung by what they share with the training pieces.

    Parameters
    ----------
    table : pd.DataFrame
        ``ladder`` of a result of `climb`.
    rung : str

    Returns
    -------
    pd.DataFrame
        Index ``model, relation``; columns ``mean``, ``low``, ``high`` (95 %, resampled tracks of all seeds together),
        ``pieces`` and ``clips`` (over all seeds).
    """
    rows = {}
    chosen = table[table["rung"] == rung]
    for (model, relation), part in chosen.groupby(["model", "relation"], sort=False, observed=True):
        right = part.assign(right=part["genre"] == part["predicted"], seed=0)
        found = _interval(right, 2000, 0.95)
        sizes = {"pieces": len(part), "clips": part["track_id"].nunique()}
        rows[model, relation] = {"mean": found.mean, "low": found.low, "high": found.high, **sizes}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["model", "relation"])
