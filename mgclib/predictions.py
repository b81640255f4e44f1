"""The two tables of a result, predictions and learning curves: checked, with fixed types, and their folder on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mgclib.errors import ParameterError, RunError
from mgclib.files import atomic_path, write_text
from mgclib.splits import PARTS, UNUSED

__all__ = [
    "HISTORY_COLUMNS",
    "KEYS",
    "checked_history",
    "checked_predictions",
    "predictions_frame",
    "read_folder",
    "write_folder",
]

FILES = ("predictions.parquet", "history.parquet")
FORMAT = 1
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
    "phase": "int64",
}
"""The phase is 2 in fine-tuning (`mgclib.networks.FineTuning`), else 1."""

FOLLOWED_COLUMNS = {"f1": "float64", "val_f1": "float64"}
"""Columns of a history that only trainings with `mgclib.networks.Training.follow_f1` have."""


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

    Raises
    ------
    ParameterError
        When the probabilities have another shape.
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
    columns = HISTORY_COLUMNS | {name: kind for name, kind in FOLLOWED_COLUMNS.items() if name in table}
    surplus = sorted(set(table.columns) - set(columns))
    if surplus:
        raise RunError(f"history has unknown columns {surplus}; expected {', '.join(columns)}")
    if len(table) and not {"seed", "epoch"} <= set(table.columns):
        raise RunError("history has no seed or epoch; expected a row per seed and epoch")
    filled = table.reindex(columns=list(columns)).reset_index(drop=True)
    filled["best"] = filled["best"].eq(True)
    filled["phase"] = filled["phase"].fillna(1)
    filled = filled.astype(columns)
    if len(filled) and filled["epoch"].min() < 1:
        raise RunError(f"history has epoch {filled['epoch'].min()}; epochs count from 1")
    return filled


def write_folder(folder: Path, tables: Mapping[str, pd.DataFrame], facts: dict[str, Any]) -> None:
    """Write every table and, last, ``result.json`` with `facts` and the checksums of the tables; each file atomically.

    Raises
    ------
    ParameterError
        When `facts` hold something that JSON cannot.
    MgcError
        When the folder cannot be written.
    """
    sums = {}
    for name, table in tables.items():
        with atomic_path(folder / f"{name}.parquet") as path:
            table.to_parquet(path, engine="pyarrow", compression="zstd", index=False)
            sums[f"{name}.parquet"] = _checksum(path)
    whole = {"format": FORMAT, **facts, "files": sums}
    write_text(folder / "result.json", json.dumps(whole, indent=2, ensure_ascii=False, default=_plain_value) + "\n")


def read_folder(folder: Path) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Return the tables by name, and the facts, as `write_folder` wrote them.

    Raises
    ------
    RunError
        When a file is missing, unreadable or changed since it was written.
    """
    missing = [name for name in ("result.json", *FILES) if not (folder / name).is_file()]
    if missing:
        raise RunError(f"{folder} lacks {', '.join(missing)}; run the experiment again with --force")
    try:
        facts = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        lacking = {"format", "genres", "parameters", "provenance", "files"} - facts.keys()
    except (ValueError, AttributeError) as error:
        raise RunError(f"{folder / 'result.json'} is no result ({error}); run the experiment again") from error
    if lacking or facts["format"] != FORMAT:
        what = f"lacks {', '.join(sorted(lacking))}" if lacking else f"has format {facts['format']}, not {FORMAT}"
        raise RunError(f"{folder / 'result.json'} {what}; run the experiment again with --force")
    named = {name: facts["files"].get(name) for name in (*FILES, *facts["files"])}
    return {
        name.removesuffix(".parquet"): _read_table(folder / name, checksum) for name, checksum in named.items()
    }, facts


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_table(path: Path, expected: str | None) -> pd.DataFrame:
    try:
        if _checksum(path) != expected:
            raise RunError(
                f"{path} does not fit result.json (interrupted or edited); run the experiment again with --force"
            )
        return pd.read_parquet(path, engine="pyarrow")
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({error}); run the experiment again with --force") from error


def _plain_value(value: Any) -> Any:
    """Turn a NumPy value or a path into what JSON can hold (a path into its name: no machine paths)."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return value.name
    raise ParameterError(f"{value!r} ({type(value).__name__}) cannot be stored in result.json; give plain JSON values")
