"""How far a network gets with few training tracks, even and uneven sets of them, with and without class weights.

The techno report tells it as a story in three slides ("CNN First Attempts", "Finally enough data", "Weighting
classes") without numbers. Here it is an experiment: the test part of a seed is the same for all sizes, a smaller set
of training tracks lies within the larger ones, all clips of a track come together, and the epoch is chosen on
validation clips. Notebook: ``cnn_2d_first_attempts``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mgclib.errors import DatasetError, ParameterError
from mgclib.predictions import predictions_frame
from mgclib.records import fitting, provenance
from mgclib.results import Result
from mgclib.splits import split

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset
    from mgclib.networks import KerasClassifier

__all__ = ["TABLE", "genre_shares", "learning_curve", "nested_tracks"]

TABLE = "learning_curve"
"""Name of the table in `Result.tables`."""

HALVINGS = 3
WAYS = ((False, False), (True, False), (True, True))
"""(uneven, class weights): even sets need no weights."""


@dataclass(frozen=True)
class _Set:
    """One training to do: `most` tracks of the most frequent genre."""

    most: int
    uneven: bool
    weights: bool

    @property
    def name(self) -> str:
        return f"{'uneven' if self.uneven else 'even'}-{self.most}{'-weights' if self.weights else ''}"


def genre_shares(n_genres: int, rarest: float = 0.25, seed: int = 0) -> np.ndarray:
    """Return how frequent each genre of an uneven set is, against the most frequent one.

    The shares fall by equal factors from 1 to `rarest`; the seed decides which genre has which.

    Parameters
    ----------
    n_genres : int >= 2
    rarest : float in (0, 1]
    seed : int >= 0

    Returns
    -------
    np.ndarray [shape=(n_genres,), float, rarest … 1]

    Raises
    ------
    ParameterError
        For a share out of range.
    """
    if not 0 < rarest <= 1:
        raise ParameterError(f"rarest={rarest!r} must be a share above 0 and at most 1")
    return np.random.default_rng([seed, n_genres]).permutation(np.geomspace(1, rarest, n_genres))


def nested_tracks(dataset: Dataset, train: np.ndarray, counts: Sequence[int], seed: int = 0) -> np.ndarray:
    """Draw so many training tracks of each genre, with all of their training clips.

    The tracks that a smaller number draws are among those that a larger number draws with the same seed.

    Parameters
    ----------
    dataset : Dataset
    train : np.ndarray [shape=(n_clips,), bool]
        The training clips.
    counts : sequence of int >= 1
        Tracks of each genre, in the order of ``dataset.genres``.
    seed : int >= 0

    Returns
    -------
    np.ndarray [shape=(n_clips,), bool]
        The training clips of the tracks drawn.

    Raises
    ------
    ParameterError
        When a number is no positive integer.
    DatasetError
        When a genre has fewer training tracks: names it, and how many there are.
    """
    tracks = dataset.clips["track_id"].astype("str").to_numpy()
    drawn = np.zeros(len(tracks), dtype=bool)
    for number, (genre, count) in enumerate(zip(dataset.genres, counts, strict=True)):
        if count < 1:
            raise ParameterError(f"{count} tracks of {genre!r} cannot be drawn; ask for at least one")
        own = train & (dataset.labels == number)
        there = np.random.default_rng([seed, number]).permutation(np.unique(tracks[own]))
        if count > len(there):
            raise DatasetError(
                f"{dataset.name}: {count} training tracks of {genre!r} are wanted and seed {seed} has {len(there)}; "
                "ask for fewer tracks_per_genre, or for a larger training part in sizes"
            )
        drawn |= own & np.isin(tracks, there[:count])
    return drawn


def learning_curve(
    dataset: Dataset,
    inputs: np.ndarray,
    make: Callable[[int, bool], KerasClassifier],
    *,
    protocol: str,
    seeds: Sequence[int],
    tracks_per_genre: Sequence[int] | None = None,
    rarest: float = 0.25,
    sizes: Sequence[float] = (0.7, 0.15, 0.15),
    checkpoint_dir: str | os.PathLike[str] | None = None,
    parameters: dict[str, Any] | None = None,
    verbose: bool = True,
) -> Result:
    """Train on more and more tracks: even sets, uneven sets, and uneven sets with class weights.

    So that a small set is not simply trained shorter, it is repeated within an epoch: an epoch has about as many steps
    for every set of a seed as for its whole training part.

    Parameters
    ----------
    dataset : Dataset
    inputs : np.ndarray [shape=(n_clips, …)]
        Aligned with ``dataset.clips``.
    make : callable
        ``make(seed, class_weights)`` returns a fresh network that keeps its best epoch on validation clips.
    protocol, sizes
        See `mgclib.splits.split`; the seed of the run is the seed of the split. A validation part is needed.
    seeds : sequence of int
    tracks_per_genre : sequence of int >= 1, or None
        Training tracks of each genre in an even set, of the most frequent genre in an uneven one. None: all that the
        smallest genre has, a half, a quarter and an eighth of them.
    rarest : float in (0, 1]
        Tracks of the rarest genre of an uneven set against the most frequent (see `genre_shares`).
    checkpoint_dir : path, optional
        Each finished training is stored here; those already there are read back instead of run again.
    parameters : dict, optional
        Settings to keep with the result.
    verbose : bool
        Print a line per training.

    Returns
    -------
    Result
        Predictions and history of the largest even set. Its table ``learning_curve`` has a row per training: ``seed,
        uneven, weights, asked, tracks, clips`` (of the training set), ``tracks_per_genre`` (mean), ``epoch`` (kept) and
        ``epochs``, ``train_accuracy, validation_accuracy, test_accuracy`` (of the kept network, dropout off),
        ``end_train_accuracy, end_validation_accuracy`` (after the last epoch, as Keras logs them), ``common, rare``
        (the most frequent and the rarest genre of the seed's uneven sets), ``common_recall, rare_recall`` (test clips).

    Raises
    ------
    ParameterError
        For no seed, inputs that are not aligned, or numbers out of range.
    DatasetError
        When there are fewer training tracks than asked for, or no validation or test part.

    Notes
    -----
    Source: techno report, "CNN First Attempts" and "Finally enough data (?) — Weighting classes (?)".
    """
    if len(inputs) != len(dataset):
        raise ParameterError(f"{len(inputs)} inputs for {len(dataset)} clips: they must be aligned")
    if not seeds:
        raise ParameterError("seeds is empty: name at least one, e.g. seeds=[0]")
    splits = {seed: split(dataset, protocol, seed, sizes=tuple(sizes)).to_numpy() for seed in seeds}
    asked = _sizes(dataset, splits, tracks_per_genre)
    plan = [_Set(most, *way) for most in asked for way in WAYS]
    clips = {(seed, one): _clips(dataset, splits[seed], one, rarest, seed) for seed in seeds for one in plan}
    done: dict[tuple[int, _Set], Result] = {}
    for number, ((seed, one), mask) in enumerate(clips.items(), start=1):
        kept = Path(checkpoint_dir) / f"seed-{seed}" / one.name if checkpoint_dir else None
        if kept is not None and (kept / "result.json").is_file():
            done[seed, one], source = Result.load(kept), "read back"
        else:
            rounds = max(1, round((splits[seed] == "train").sum() / mask.sum()))
            network = make(seed, one.weights)
            result = _train(dataset, inputs, network, mask, splits[seed], one, seed, rarest, rounds)
            done[seed, one], source = result, f"{result.provenance['fitted']['seconds']:.0f} s"
            if kept is not None:
                result.save(kept)
        if verbose:
            row = done[seed, one].tables[TABLE].iloc[0]
            scores = ", ".join(f"{part} {row[f'{part}_accuracy']:.3f}" for part in ("train", "validation", "test"))
            print(f"{number}/{len(clips)}  seed {seed}, {one.name}: {scores} ({source})", flush=True)
    whole = Result.concat([done[seed, _Set(max(asked), uneven=False, weights=False)] for seed in seeds])
    settings = {**(parameters or {}), "protocol": protocol, "sizes": list(sizes), "seeds": [int(s) for s in seeds]}
    settings |= {"tracks_per_genre": asked, "rarest": rarest}
    table = pd.concat([result.tables[TABLE] for result in done.values()], ignore_index=True)
    facts = {**provenance(dataset), "fitted": _fitted(done)}
    return replace(whole, parameters=settings, provenance=facts, tables={TABLE: table})


def _sizes(dataset: Dataset, splits: dict[int, np.ndarray], asked: Sequence[int] | None) -> list[int]:
    for seed, parts in splits.items():
        for part in ("validation", "test"):
            if not (parts == part).any():
                raise DatasetError(f"{dataset.name}: seed {seed} has no {part} clips; give that part a share in sizes")
    if asked is None:
        tracks = [dataset.clips[parts == "train"].groupby("genre")["track_id"].nunique() for parts in splits.values()]
        most = int(min(counts.reindex(list(dataset.genres), fill_value=0).min() for counts in tracks))
        asked = [max(1, most // 2**k) for k in range(HALVINGS + 1)]
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 1 for n in asked)
    if not len(asked) or not whole:
        raise ParameterError(f"tracks_per_genre={list(asked)!r} must be positive integers, e.g. [5, 10, 20]")
    return sorted({int(n) for n in asked})


def _counts(dataset: Dataset, one: _Set, rarest: float, seed: int) -> list[int]:
    shares = genre_shares(len(dataset.genres), rarest if one.uneven else 1.0, seed)
    return [max(1, round(one.most * share)) for share in shares]


def _clips(dataset: Dataset, parts: np.ndarray, one: _Set, rarest: float, seed: int) -> np.ndarray:
    return nested_tracks(dataset, parts == "train", _counts(dataset, one, rarest, seed), seed)


def _train(
    dataset: Dataset,
    inputs: np.ndarray,
    classifier: KerasClassifier,
    mask: np.ndarray,
    parts: np.ndarray,
    one: _Set,
    seed: int,
    rarest: float,
    rounds: int,
) -> Result:
    labels, started = dataset.labels, time.perf_counter()
    watched, learned = parts == "validation", np.tile(np.flatnonzero(mask), rounds)
    classifier.fit(inputs[learned], labels[learned], validation=(inputs[watched], labels[watched]))
    seconds = time.perf_counter() - started
    rows_of = {"train": mask, **{part: parts == part for part in ("validation", "test")}}
    found = {part: (classifier.predict_proba(inputs[rows]), labels[rows]) for part, rows in rows_of.items()}
    frames = [
        predictions_frame(dataset.clips[rows_of[part]], part, found[part][0], dataset.genres, seed)
        for part in ("validation", "test")
    ]
    history = classifier.history
    shares = genre_shares(len(dataset.genres), rarest, seed)
    tracks = int(dataset.clips[mask]["track_id"].nunique())
    row = {
        "seed": seed,
        "uneven": one.uneven,
        "weights": one.weights,
        "asked": one.most,
        "tracks": tracks,
        "tracks_per_genre": tracks / len(dataset.genres),
        "clips": int(mask.sum()),
        "epoch": int(history.loc[history["best"], "epoch"].iloc[0]),
        "epochs": int(history["epoch"].max()),
        **{f"{part}_accuracy": _hits(*pair) for part, pair in found.items()},
        "end_train_accuracy": float(history["accuracy"].iloc[-1]),
        "end_validation_accuracy": float(history["val_accuracy"].iloc[-1]),
    }
    for name, genre in (("common", int(shares.argmax())), ("rare", int(shares.argmin()))):
        own = found["test"][1] == genre
        row |= {name: dataset.genres[genre], f"{name}_recall": _hits(found["test"][0][own], found["test"][1][own])}
    return Result(
        pd.concat(frames, ignore_index=True),
        dataset.genres,
        history.assign(seed=seed),
        provenance={"fitted": fitting(seconds)},
        tables={TABLE: pd.DataFrame([row])},
    )


def _hits(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float((probabilities.argmax(axis=1) == labels).mean())


def _fitted(done: dict[tuple[int, _Set], Result]) -> dict[str, dict[str, Any]]:
    """What `mgclib.training.run_seeds` notes per seed: the last training's commit and time, the seconds of all."""
    fitted: dict[str, dict[str, Any]] = {}
    for (seed, _), result in done.items():
        one = result.provenance["fitted"]
        before = fitted.get(str(seed), {"seconds": 0.0})["seconds"]
        fitted[str(seed)] = {**one, "seconds": round(before + one["seconds"], 2)}
    return fitted
