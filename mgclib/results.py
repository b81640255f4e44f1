"""What a run leaves behind: predictions are stored, metrics are derived.

A `Result` holds the probability of every genre for every clip, for several seeds at once. The classification
report, the confusion matrix, every metric, interval and paired test come from this one table, so that they can
never contradict each other. The test clips of two seeds differ (each seed has its own split) and overlap:
tables of scores over seeds are means of per-seed tables, never scores of pooled clips, unless you ask for
``"pooled"``. Only a confusion matrix without a seed counts the clips of all seeds together.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mgclib import metrics
from mgclib.errors import ParameterError, RunError
from mgclib.metrics import METRICS, Interval
from mgclib.predictions import (
    HISTORY_COLUMNS,
    KEYS,
    checked_history,
    checked_predictions,
    predictions_frame,
    read_folder,
    write_folder,
)
from mgclib.splits import PARTS, PROTOCOLS

__all__ = ["HISTORY_COLUMNS", "METRICS", "Interval", "Result", "predictions_frame"]

KEPT_SCORES = {
    ("best", "epoch"): "epoch",
    ("train", "accuracy"): "accuracy",
    ("train", "loss"): "loss",
    ("validation", "accuracy"): "val_accuracy",
    ("validation", "loss"): "val_loss",
}
"""Columns of `Result.runs` and where the history has them."""


@dataclass(frozen=True, eq=False)
class Result:
    """Predictions, learning curves and their origin, for one or several seeds.

    Parameters
    ----------
    predictions : pd.DataFrame
        Columns ``seed, split, clip_id, track_id, genre, p_<genre> …`` (see `predictions_frame`); probabilities
        are kept as float32, rows sum to 1.
    genres : tuple of str
        Order of the probability columns.
    history : pd.DataFrame
        Columns `HISTORY_COLUMNS`; epoch counts from 1; NaN where not known; empty without epochs.
    parameters : dict
        What the run was asked to do (``experiment, profile, dataset, protocol, sizes, seeds`` …); JSON values.
    provenance : dict
        Where it ran (see `mgclib.records.provenance`).
    tables : dict of str to pd.DataFrame
        What else the run measured and a page draws again, by name, e.g. the coordinates of a projection. Never
        audio or spectrograms: records travel with the book.

    Raises
    ------
    RunError
        When the tables are malformed: names the column or clip.
    """

    predictions: pd.DataFrame
    genres: tuple[str, ...]
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    parameters: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "genres", tuple(self.genres))
        object.__setattr__(self, "predictions", checked_predictions(self.predictions, self.genres))
        object.__setattr__(self, "history", checked_history(self.history))

    @classmethod
    def from_arrays(
        cls,
        clips: pd.DataFrame,
        split: pd.Series | str,
        probabilities: np.ndarray,
        genres: Sequence[str],
        seed: int = 0,
        *,
        history: pd.DataFrame | None = None,
        parameters: dict[str, Any] | None = None,
        provenance: dict[str, Any] | None = None,
    ) -> Result:
        """Make the result of one seed from arrays (see `predictions_frame`)."""
        frame = predictions_frame(clips, split, probabilities, genres, seed)
        table = pd.DataFrame() if history is None else history.assign(seed=int(seed))
        return cls(frame, tuple(genres), table, dict(parameters or {}), dict(provenance or {}))

    @classmethod
    def concat(cls, results: Iterable[Result]) -> Result:
        """Join results of different seeds, their tables of the same name below each other; the rest is the first's.

        A table without a column ``seed`` is about the data or about one seed: the first's stands.

        Raises
        ------
        RunError
            When the genres or the names of the tables differ, or two results share a seed.
        """
        results = list(results)
        if not results:
            raise RunError("no results to join; expected at least one")
        first = results[0]
        if any(result.genres != first.genres for result in results):
            raise RunError("results about different genres cannot be joined; load them with the same dataset options")
        seeds = [seed for result in results for seed in result.seeds]
        if len(set(seeds)) < len(seeds):
            raise RunError(f"seeds {seeds} occur twice; join results of different seeds")
        differ = set().union(*(first.tables.keys() ^ result.tables.keys() for result in results))
        if differ:
            raise RunError(f"only some of the results have the tables {sorted(differ)}; join those of one notebook")
        histories = [result.history for result in results if len(result.history)]
        return replace(
            first,
            predictions=pd.concat([result.predictions for result in results], ignore_index=True),
            history=pd.concat(histories, ignore_index=True) if histories else pd.DataFrame(),
            parameters={**first.parameters, "seeds": seeds} if "seeds" in first.parameters else first.parameters,
            tables={
                name: pd.concat([r.tables[name] for r in results], ignore_index=True) if "seed" in table else table
                for name, table in first.tables.items()
            },
        )

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(self.select(part))} {part}" for part in self.parts)
        return f"<Result seeds {list(self.seeds)}: {parts} predictions, {len(self.genres)} genres>"

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, in rising order."""
        return tuple(int(seed) for seed in sorted(self.predictions["seed"].unique()))

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the split that have predictions."""
        present = set(self.predictions["split"])
        return tuple(part for part in PARTS if part in present)

    @property
    def untested(self) -> tuple[str, ...]:
        """Genres of which there is no test clip, as a published list may leave them in a part of the data."""
        tested = set(self.select("test")["genre"])
        return tuple(genre for genre in self.genres if genre not in tested)

    @property
    def synthetic(self) -> bool | None:
        """True for generated music, False for recordings, None when the origin was not noted."""
        known = self.provenance.get("dataset")
        if isinstance(known, dict) and "synthetic" in known:
            return bool(known["synthetic"])
        name = self.parameters.get("dataset")
        return None if name is None else name == "synthetic"

    def select(self, split: str = "test", seed: int | None = None) -> pd.DataFrame:
        """Return the predictions of one part of the split (of one seed, or of all).

        Raises
        ------
        ParameterError
            For another part, or a seed that was not run.
        """
        if split not in PARTS:
            raise ParameterError(f"split={split!r} must be one of {', '.join(PARTS)}")
        rows = self.predictions["split"] == split
        if seed is not None:
            if seed not in self.seeds:
                raise ParameterError(f"seed={seed!r} was not run; choose from {list(self.seeds)}")
            rows &= self.predictions["seed"] == seed
        return self.predictions[rows]

    def arrays(self, split: str = "test", seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return true genre numbers [shape=(n,)] and probabilities [shape=(n, n_genres), float32].

        Raises
        ------
        ParameterError
            When there are no predictions for the part; see `select`.
        """
        rows = self.select(split, seed)
        if rows.empty:
            raise ParameterError(f"there are no {split} predictions; this result has {', '.join(self.parts)}")
        return _codes(rows["genre"], self.genres), rows[self._columns].to_numpy(np.float32)

    @property
    def _columns(self) -> list[str]:
        return [f"p_{genre}" for genre in self.genres]

    def predicted(self, split: str = "test", seed: int | None = None) -> pd.DataFrame:
        """Return keys with the ``predicted`` genre and its ``probability``."""
        rows = self.select(split, seed)
        table = rows[self._columns].to_numpy()
        best = table.argmax(axis=1) if len(rows) else np.zeros(0, int)
        names = np.asarray(self.genres, dtype=object)[best]
        return rows[list(KEYS)].assign(predicted=names, probability=table.max(axis=1, initial=0))

    def metric(self, name: str, split: str = "test") -> pd.Series:
        """Return one metric per seed : pd.Series [index=seed, float]."""
        metrics.lookup(name)
        values = {seed: metrics.evaluate(name, *self.arrays(split, seed)) for seed in self.seeds}
        return pd.Series(values, name=name, dtype=float).rename_axis("seed")

    def classification_report(self, split: str = "test", seed: int | str | None = None) -> pd.DataFrame:
        """Return scikit-learn's classification report as a table (see `metrics.classification_report`).

        Parameters
        ----------
        split : str
        seed : int, None or "pooled"
            One seed; None: the mean of the tables of all seeds (support too: clips per seed); ``"pooled"``: one
            table over the clips of all seeds, where a clip counts once for each seed that tested it.
        """
        if seed == "pooled" or seed is not None:
            chosen = None if seed == "pooled" else seed
            return metrics.classification_report(*self.arrays(split, chosen), self.genres)
        tables = [metrics.classification_report(*self.arrays(split, one), self.genres) for one in self.seeds]
        return sum(tables[1:], start=tables[0]) / len(tables)

    def confusion_matrix(
        self, split: str = "test", normalise: str | None = None, seed: int | None = None
    ) -> pd.DataFrame:
        """Count (or share out) clips by true and predicted genre.

        Parameters
        ----------
        split : str
        normalise : {None, "true", "pred", "all"}
            None: clips, summed over seeds; else shares of each row, of each column, or of all clips (0 where
            there are none).
        seed : int or None
            One seed, or all.

        Returns
        -------
        pd.DataFrame
            Rows: true genre; columns: predicted genre.
        """
        if normalise not in (None, "true", "pred", "all"):
            raise ParameterError(f"normalise={normalise!r} must be None, 'true', 'pred' or 'all'")
        counts = metrics.confusion_matrix(*self.arrays(split, seed))
        if normalise is not None:
            axis = {"true": 1, "pred": 0, "all": None}[normalise]
            total = counts.sum(axis=axis, keepdims=True)
            counts = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
        rows, columns = (pd.Index(self.genres, name=name) for name in ("genre", "predicted"))
        return pd.DataFrame(counts, index=rows, columns=columns)

    def interval(self, metric: str = "accuracy", split: str = "test", level: float = 0.95) -> Interval:
        """Return the mean over seeds with its interval.

        Student's t over the seeds. With one seed, or when all seeds give the same value (a deterministic model
        on a published list), the bootstrap over tracks stands in; `Interval.kind` says which it is.
        """
        values = self.metric(metric, split)
        if not metrics.vary(values):
            return self.bootstrap(metric, split, level=level)
        return metrics.t_interval(values.to_numpy(), level, METRICS[metric].bounds)

    def bootstrap(
        self, metric: str = "accuracy", split: str = "test", n: int = 2000, seed: int = 0, level: float = 0.95
    ) -> Interval:
        """Return the mean over seeds with the percentile interval of `n` resamples of the test tracks.

        A resampled track brings all of its clips, in every seed that tested it.

        Raises
        ------
        ParameterError
            For an unknown metric, or `n` or `level` out of range.
        """
        if not 0 < level < 1:
            raise ParameterError(f"level={level} must be between 0 and 1")
        resampled, tracks = self.resampled(metric, split, n, seed)
        return metrics.quantile_interval(self.metric(metric, split).mean(), resampled, tracks, level)

    def resampled(
        self, metric: str = "accuracy", split: str = "test", n: int = 2000, seed: int = 0
    ) -> tuple[np.ndarray, int]:
        """Return the mean over seeds in `n` resamples of the tracks of a part, and how many tracks there are.

        Two results with the same rows get the same resamples from the same seed.

        Returns
        -------
        np.ndarray [shape=(n,), float], int

        Raises
        ------
        ParameterError
            For an unknown metric, or `n` out of range.
        """
        metrics.lookup(metric)
        if n < 1:
            raise ParameterError(f"n={n} must be positive")
        rows = self.select(split)
        groups, names = pd.factorize(rows["track_id"])
        per_seed = [np.flatnonzero(rows["seed"] == one) for one in self.seeds]
        arrays = [self.arrays(split, one) for one in self.seeds]
        resampled = []
        for weights in metrics.bootstrap_weights(groups, len(names), n, seed):
            values = [
                metrics.evaluate(metric, *pair, weights[:, own]) for pair, own in zip(arrays, per_seed, strict=True)
            ]
            resampled.append(np.mean(values, axis=0))
        return np.concatenate(resampled), len(names)

    def runs(self) -> pd.DataFrame:
        """Return one row per seed and their mean: the scores at the epoch that was kept, and on the test data.

        The techno report prints its five runs like this ("Results - Train/Validation").
        """
        table = pd.DataFrame(index=pd.Index([str(seed) for seed in self.seeds], name="seed"))
        if len(self.history):
            kept = self.history[self.history["best"]].sort_values("seed")
            for (part, score), column in KEPT_SCORES.items():
                table[part, score] = kept[column].to_numpy(dtype=float)
        for part in self.parts:
            if part == "test":
                table[part, "accuracy"] = self.metric("accuracy", part).to_numpy()
            table[part, "weighted F1"] = self.metric("weighted_f1", part).to_numpy()
        table = table.dropna(axis=1, how="all")
        table.loc["mean"] = table.mean()
        table.columns = pd.MultiIndex.from_tuples(table.columns)
        return table.round(3)

    def vote(self, by: str = "track_id") -> Result:
        """Return the result per track: the mean probability over a track's clips, in each part of the split.

        In the new result the track stands in ``clip_id``. The reports score snippets only; the vote is ours.

        Raises
        ------
        RunError
            When the clips of a track have several genres.

        Notes
        -----
        Notebook: ``cnn_2d_gtzan``.
        """
        if by not in ("track_id", "clip_id"):
            raise ParameterError(f"by={by!r} must be 'track_id' or 'clip_id'")
        keys = ["seed", "split", by]
        grouped = self.predictions.groupby(keys, sort=False)
        mixed = grouped["genre"].nunique()
        if (mixed > 1).any():
            raise RunError(f"{by} {mixed.idxmax()[2]!r} has clips of several genres; a vote needs one genre per track")
        table = grouped[self._columns].mean().join(grouped["genre"].first()).reset_index()
        table["clip_id"] = table["track_id"] = table[by]
        return replace(self, predictions=table)

    def caption(self) -> str:
        """Say in one sentence where the numbers come from: data, profile, protocol, seeds."""
        given = self.parameters
        origin = {True: "synthetic music, not recordings", False: "recordings", None: "origin not noted"}[
            self.synthetic
        ]
        known = self.provenance.get("dataset")
        name = given.get("dataset") or (known.get("name") if isinstance(known, dict) else None)
        words = [f"dataset {name or 'not noted'} ({origin})"]
        if given.get("profile"):
            words.append(f"profile {given['profile']}")
        protocol = given.get("protocol")
        if protocol:
            sizes = given.get("sizes")
            fixed = protocol in PROTOCOLS and PROTOCOLS[protocol].published
            shares = f" {'/'.join(f'{100 * size:.3g}' for size in sizes)}" if sizes and not fixed else ""
            words.append(f"protocol {protocol}{shares}")
        seeds = self.seeds
        voting = given.get("voting_seeds", ())
        count = f"{len(seeds)} seeds" if len(seeds) > 1 else "1 seed"
        told = f"{len(voting)} seeds voting together" if voting else count
        words.append(f"{told} ({', '.join(map(str, voting or seeds))})")
        if "test" in self.parts:
            words.append(f"{len(self.select('test')) / len(seeds):.0f} test clips each")
            if self.untested:
                words.append(f"none of them {' or '.join(self.untested)}")
        return f"{', '.join(words)}."[:1].upper() + f"{', '.join(words)}."[1:]

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write predictions, history and `tables` as Parquet and, last, ``result.json`` with their checksums."""
        facts = {
            "genres": list(self.genres),
            "seeds": list(self.seeds),
            "parameters": self.parameters,
            "provenance": self.provenance,
        }
        write_folder(Path(folder), {**self.tables, "predictions": self.predictions, "history": self.history}, facts)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Result:
        """Read what `save` wrote.

        Raises
        ------
        RunError
            When a file is missing, unreadable, changed since it was written, or holds no valid predictions.
        """
        tables, facts = read_folder(Path(folder))
        told = (facts["parameters"], facts["provenance"])
        try:
            return cls(tables.pop("predictions"), tuple(facts["genres"]), tables.pop("history"), *told, tables)
        except RunError as error:
            raise RunError(f"{folder}: {error}") from error


def _codes(values: pd.Series, genres: tuple[str, ...]) -> np.ndarray:
    return values.map({genre: k for k, genre in enumerate(genres)}).to_numpy(np.int64)
