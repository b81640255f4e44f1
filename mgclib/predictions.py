"""The two tables of a result: predictions and learning curves, checked and with fixed types."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mgclib.errors import ParameterError, RunError
from mgclib.splits import PARTS, UNUSED

__all__ = [
    "HISTORY_COLUMNS",
    "KEYS",
    "checked_history",
    "checked_predictions",
    "checksum",
    "plain_value",
    "predictions_frame",
    "read_table",
]

KEYS = ("seed", "split", "clip_id", "track_id", "genre")
HISTORY_COLUMNS = {
    "seed": "int64",
    "epoch": "int64",
    "accuracy": "float64",
    "loss": "float64",
    "val_accuracy": "float64",
    "val_loss": "float64",
    "seconds": "float64",
    "best": "bool",
}


def predictions_frame(
    clips: pd.DataFrame,
    split: pd.Series | str,
    probabilities: np.ndarray,
    genres: Sequence[str],
    seed: int,
) -> pd.DataFrame:
    """Tabulate the probabilities of one model.

    Parameters
    ----------
    clips : pd.DataFrame
        Clips as in `Dataset.clips` (index ``clip_id``, columns ``genre``, ``track_id``).
    split : pd.Series or str
        Part of every clip (see `mgclib.splits.split`), or one part for all; ``unused`` clips are left out.
    probabilities : np.ndarray [shape=(n_clips, n_genres), 0 … 1]
        Row *i* belongs to row *i* of `clips`, column *k* to ``genres[k]``.
    genres : sequence of str
    seed : int

    Returns
    -------
    pd.DataFrame
        Columns ``seed, split, clip_id, track_id, genre`` and ``p_<genre>`` for every genre.
    """
    probabilities = np.asarray(probabilities, dtype=np.float32)
    if probabilities.shape != (len(clips), len(genres)):
        raise ParameterError(
            f"probabilities have shape {probabilities.shape}; expected {(len(clips), len(genres))}: a row per clip, "
            "a column per genre"
        )
    parts = pd.Series(split, index=clips.index) if isinstance(split, str) else split.reindex(clips.index)
    keys = {
        "seed": int(seed),
        "split": parts.to_numpy(),
        "clip_id": clips.index,
        "track_id": clips["track_id"].to_numpy(),
        "genre": clips["genre"].to_numpy(),
    }
    table = pd.DataFrame(probabilities, columns=[f"p_{genre}" for genre in genres])
    frame = pd.concat([pd.DataFrame(keys, index=table.index), table], axis=1)
    return frame[frame["split"] != UNUSED].reset_index(drop=True)


def checked_predictions(table: pd.DataFrame, genres: tuple[str, ...]) -> pd.DataFrame:
    """Return the predictions with columns in order and fixed types, or raise `RunError` naming what is wrong."""
    columns = [f"p_{genre}" for genre in genres]
    expected = [*KEYS, *columns]
    wrong = sorted(set(expected) ^ set(table.columns))
    if wrong or len(set(genres)) < len(genres):
        raise RunError(f"predictions have missing or surplus columns {wrong}; expected {', '.join(expected)}")
    if table.empty:
        raise RunError("there are no predictions; expected at least one clip")
    if table[list(KEYS)].isna().to_numpy().any():
        lacking = table[list(KEYS)].columns[table[list(KEYS)].isna().any()][0]
        raise RunError(f"predictions have no {lacking} in some rows; every clip needs one")
    table = table[expected].reset_index(drop=True)
    for column, allowed in (("split", PARTS), ("genre", genres)):
        strange = sorted(set(table[column].astype(str)) - set(allowed))
        if strange:
            raise RunError(f"predictions have {column} {strange[0]!r}; expected one of {', '.join(allowed)}")
    twice = table[table.duplicated(["seed", "split", "clip_id"])]
    if len(twice):
        row = twice.iloc[0]
        raise RunError(f"clip {row['clip_id']!r} is predicted twice for seed {row['seed']}; expected one row per clip")
    try:
        kinds = {"seed": "int64", **dict.fromkeys(KEYS[1:], "str"), **dict.fromkeys(columns, "float32")}
        table = table.astype(kinds)
    except (TypeError, ValueError) as error:
        raise RunError(
            f"predictions have a column of the wrong type ({error}); expected integers and floats"
        ) from error
    values = table[columns].to_numpy(np.float64)
    bad = ~(np.abs(values.sum(axis=1) - 1) < 1e-3) | (values < 0).any(axis=1)
    if bad.any():
        where = table.loc[int(np.argmax(bad)), "clip_id"]
        raise RunError(
            f"probabilities of clip {where!r} sum to {values[bad][0].sum():.4g} or are negative ({bad.sum()} clips); "
            "expected a sum of 1: look at the last layer and for NaN in training"
        )
    return table


def checked_history(table: pd.DataFrame) -> pd.DataFrame:
    """Return the learning curves with all of `HISTORY_COLUMNS`, or raise `RunError` naming what is wrong."""
    surplus = sorted(set(table.columns) - set(HISTORY_COLUMNS))
    if surplus:
        raise RunError(f"history has unknown columns {surplus}; expected {', '.join(HISTORY_COLUMNS)}")
    if len(table) and not {"seed", "epoch"} <= set(table.columns):
        raise RunError("history has no seed or epoch; expected a row per seed and epoch")
    filled = table.reindex(columns=list(HISTORY_COLUMNS)).reset_index(drop=True)
    filled["best"] = filled["best"].eq(True)
    filled = filled.astype(HISTORY_COLUMNS)
    if len(filled) and filled["epoch"].min() < 1:
        raise RunError(f"history has epoch {filled['epoch'].min()}; epochs count from 1")
    return filled


def checksum(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_table(path: Path, expected: str | None) -> pd.DataFrame:
    """Read a parquet file whose checksum must be `expected`, or raise `RunError`."""
    if checksum(path) != expected:
        raise RunError(
            f"{path} does not fit result.json (interrupted or edited); run the experiment again with --force"
        )
    try:
        return pd.read_parquet(path, engine="pyarrow")
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); run the experiment again with --force") from error


def plain_value(value: Any) -> Any:
    """Turn a NumPy value or a path into what JSON can hold (a path into its name: no machine paths)."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return value.name
    raise ParameterError(f"{value!r} ({type(value).__name__}) cannot be stored in result.json; give plain JSON values")
