"""Two models on the same clips: which of them is right where the other is wrong, and by how much it is better."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from mgclib import metrics
from mgclib.errors import ParameterError, RunError
from mgclib.metrics import Interval
from mgclib.predictions import KEYS
from mgclib.results import Result

__all__ = ["common_seeds", "mcnemar", "paired_difference"]


def mcnemar(a: Result, b: Result, split: str = "test") -> pd.DataFrame:
    """Compare two results clip by clip with the exact McNemar test, each seed on its own.

    Clips are paired by id within a seed; clips that only one result has are counted and left out. The test
    clips of different seeds overlap, so p-values are not pooled. The test takes clips for independent: where a track
    has several, its p-values are too small; compare ``a.vote()`` with ``b.vote()`` instead.

    Parameters
    ----------
    a, b : Result
        Two models, run on the same seeds and split.
    split : {"test", "validation", "train"}

    Returns
    -------
    pd.DataFrame
        Index ``seed``; columns ``n`` (pairs), ``both``, ``only_a``, ``only_b``, ``neither`` (clips with the right
        genre), ``p_value``, ``unpaired``.

    Raises
    ------
    RunError
        When no seed and clip is in both results.
    """
    right = [
        table.assign(right=table["genre"] == table["predicted"])[["seed", "clip_id", "right"]]
        for table in (a.predicted(split), b.predicted(split))
    ]
    joined = right[0].merge(right[1], on=["seed", "clip_id"], how="outer", suffixes=("_a", "_b"), indicator=True)
    rows = {}
    for seed, table in joined.groupby("seed"):
        pairs = table[table["_merge"] == "both"]
        if pairs.empty:
            continue
        in_a, in_b = (pairs[column].astype(bool) for column in ("right_a", "right_b"))
        only_a, only_b = int((in_a & ~in_b).sum()), int((in_b & ~in_a).sum())
        rows[int(seed)] = {
            "n": len(pairs),
            "both": int((in_a & in_b).sum()),
            "only_a": only_a,
            "only_b": only_b,
            "neither": int((~in_a & ~in_b).sum()),
            "p_value": metrics.exact_mcnemar(only_a, only_b),
            "unpaired": len(table) - len(pairs),
        }
    if not rows:
        raise RunError(
            f"seeds {list(a.seeds)} and {list(b.seeds)} share no {split} clip; "
            "run both models with the same dataset, protocol and seeds"
        )
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("seed")


def common_seeds(a: Result, b: Result) -> tuple[Result, Result]:
    """Return both results with those seeds only that both have.

    Parameters
    ----------
    a, b : Result
        Run with the same protocol, so that a seed is the same split.

    Raises
    ------
    RunError
        When they share no seed.
    """
    shared = sorted(set(a.seeds) & set(b.seeds))
    if not shared:
        raise RunError(f"seeds {list(a.seeds)} and {list(b.seeds)} have none in common; run both with the same")
    return _with_seeds(a, shared), _with_seeds(b, shared)


def _with_seeds(result: Result, seeds: list[int]) -> Result:
    def limited(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["seed"].isin(seeds)].reset_index(drop=True) if "seed" in table else table

    return replace(
        result,
        predictions=limited(result.predictions),
        history=limited(result.history),
        tables={name: limited(table) for name, table in result.tables.items()},
        parameters={**result.parameters, "seeds": seeds},
    )


def paired_difference(
    a: Result,
    b: Result,
    metric: str = "accuracy",
    split: str = "test",
    n: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Return by how much `b` is above `a`, with the interval of this difference.

    Student's t over the seeds, each of them paired. With one seed, or when all seeds differ by the same, `n` resamples
    of the tracks stand in, the same tracks for both; `Interval.kind` says which it is.

    Parameters
    ----------
    a, b : Result
        Two models, run on the same seeds and splits.
    metric : str
        A name in `METRICS`.
    split : {"test", "validation", "train"}
    n, seed, level
        As in `Result.bootstrap`.

    Raises
    ------
    RunError
        When the two were not asked about the same clips with the same seeds, or about none of this part.
    ParameterError
        For an unknown metric, or `n` or `level` out of range.

    Notes
    -----
    Notebooks: ``augmentation``, ``transfer_baseline``.
    """
    if n < 1 or not 0 < level < 1:
        raise ParameterError(f"n={n} must be positive and level={level} between 0 and 1")
    keys = [result.select(split).set_index(list(KEYS)).index for result in (a, b)]
    if keys[0].empty and keys[1].empty:
        raise RunError(f"neither of the two results has {split} clips; there are {', '.join(a.parts)}")
    if not keys[0].sort_values().equals(keys[1].sort_values()):
        raise RunError(
            f"the {split} clips of the two results, or their seeds {list(a.seeds)} and {list(b.seeds)}, are not the "
            "same: run both models with the same dataset, protocol and seeds"
        )
    first, second = (replace(one, predictions=one.select(split).sort_values(list(KEYS))) for one in (a, b))
    gains = second.metric(metric, split) - first.metric(metric, split)
    if metrics.vary(gains):
        return metrics.t_interval(gains.to_numpy(), level)
    (before, tracks), (after, _) = (one.resampled(metric, split, n, seed) for one in (first, second))
    return metrics.quantile_interval(gains.mean(), after - before, tracks, level)
