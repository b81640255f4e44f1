"""Who beats whom, and how surely: all recorded approaches on the same test clips.

Every approach is asked once for each 30-second clip (snippets vote), so that all tests pair the same clips. A test
takes the clips for independent draws of the music it speaks about. The fault-filtered lists keep copies and artists
apart between the parts, but some artists have many test clips: McNemar's test is a little too confident there. So
artists, with all their clips, are drawn again, too.

Notebook: ``uncertainty``.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mgclib import metrics
from mgclib.datasets import gtzan
from mgclib.ensemble import members
from mgclib.errors import ParameterError
from mgclib.metrics import Interval
from mgclib.overview import approaches as recorded
from mgclib.power import LEVEL, discordant_if_independent
from mgclib.results import Result
from mgclib.splits import PROTOCOLS

__all__ = [
    "Approach",
    "against",
    "approaches",
    "artist_names",
    "artists",
    "flipped",
    "holm",
    "interval_table",
    "intervals",
    "p_told",
    "pairs",
    "points_told",
    "widths",
]

SURE, ONE_RUN, UNSTABLE, OPEN = "sure", "these two runs", "not in other runs", "undecided"
"""Verdicts on a pair, see `pairs`."""


@dataclass(frozen=True, eq=False)
class Approach:
    """An approach under one protocol, one answer per clip.

    Parameters
    ----------
    name, experiment : str
    result : Result
        Snippets have voted; ``clip_id`` is the clip.
    """

    name: str
    experiment: str
    result: Result

    @functools.cached_property
    def repeats(self) -> bool:
        """Whether another seed brings the same again: one model, without epochs, a published list, all seeds alike.

        One recorded seed of such a model is taken to be all that there is to record.
        """
        protocol = PROTOCOLS.get(self.result.parameters.get("protocol"))
        listed = protocol is not None and protocol.published is not None
        single = self.result.history.empty and not members(self.result)
        return listed and single and not metrics.vary(self.right.mean())

    @functools.cached_property
    def right(self) -> pd.DataFrame:
        """Return which test clips were named rightly : 1 or 0 by ``clip_id`` (rows) and seed; NaN: not tested."""
        table = self.result.predicted("test")
        table["right"] = (table["genre"] == table["predicted"]).astype(float)
        return table.pivot_table(index="clip_id", columns="seed", values="right")

    @functools.cached_property
    def hits(self) -> dict[int, pd.Series]:
        """Return the columns of `right` by seed, each with the clips that this seed was tested on."""
        return {seed: column.dropna() for seed, column in self.right.items()}


def approaches(profile: str, most: int | None = None) -> list[Approach]:
    """Return the approaches recorded under a profile, the highest mean accuracy first.

    Parameters
    ----------
    profile : str
    most : int or None
        Only the best so many, for a quick look; None: all.

    Raises
    ------
    ParameterError
        When nothing is recorded under the profile.
    """
    found = [Approach(one.name, one.experiment, one.result) for one in recorded.collect([profile])]
    if not found:
        raise ParameterError(
            f"profile {profile!r} has no record with test clips, expected at least one under book/records: "
            f"mgc run EXPERIMENT --profile {profile} --record"
        )
    return sorted(found, key=lambda one: -one.right.mean().mean())[:most]


def artist_names(clips: Sequence[str]) -> pd.Series:
    """Return the artist of each GTZAN clip : str by clip; NaN where nobody knows."""
    return gtzan.artists().reindex(clips)


def artists(clips: Sequence[str]) -> np.ndarray:
    """Number the artists of GTZAN clips : np.ndarray [shape=(n,), int]; each unknown one counts as another."""
    names = artist_names(clips)
    return pd.factorize(names.where(names.notna(), pd.Series(clips, index=clips)))[0]


@functools.lru_cache(maxsize=8)
def _draws(clips: tuple[str, ...], by: str, n: int, seed: int) -> np.ndarray:
    """Return how often each clip counts in `n` resamples of the clips or of the artists : [shape=(n, n_clips)]."""
    groups = artists(clips) if by == "artists" else np.arange(len(clips))
    return np.concatenate(list(metrics.bootstrap_weights(groups, int(groups.max()) + 1, n, seed)))


def _bootstrap(right: pd.DataFrame, by: str, n: int, seed: int) -> np.ndarray:
    """Return the mean over seeds of the accuracy in resamples of what was tested : np.ndarray [shape=(n,)]."""
    weights = _draws(tuple(right.index), by, n, seed)
    tested = right.notna().to_numpy()
    return (weights @ np.where(tested, right, 0.0) / (weights @ tested)).mean(axis=1)


def intervals(found: Sequence[Approach], n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Return the accuracy of each approach with its 95 % intervals: over seeds, over clips, over artists.

    Parameters
    ----------
    found : sequence of Approach
    n, seed : int
        Resamples of the clips and of the artists, the same for all.

    Returns
    -------
    pd.DataFrame
        Index ``approach``; columns ``clips`` (per seed), ``seeds``, ``repeats``, ``accuracy`` (mean over seeds),
        ``seeds_low``, ``seeds_high`` (Student's t over seeds; NaN for one seed, or where all are alike), ``clips_low``,
        ``clips_high``, ``artists_low`` and ``artists_high`` (percentile bootstrap of the mean over seeds; an artist
        brings all of its clips).
    """
    rows = {}
    for one in found:
        scores = one.right.mean()
        rows[one.name] = {
            "clips": round(one.right.count().mean()),
            "seeds": len(scores),
            "repeats": one.repeats,
            "accuracy": scores.mean(),
            **_ends("seeds", metrics.t_interval(scores, bounds=(0, 1)) if metrics.vary(scores) else None),
        }
        for by in ("clips", "artists"):
            drawn = _bootstrap(one.right, by, n, seed)
            rows[one.name] |= _ends(by, metrics.quantile_interval(scores.mean(), drawn, len(one.right)))
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("approach")


def widths(table: pd.DataFrame) -> float:
    """Return how many times as wide the interval over artists is as that over clips, the median of `intervals`."""
    return float(((table["artists_high"] - table["artists_low"]) / (table["clips_high"] - table["clips_low"])).median())


def interval_table(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Set several `intervals` side by side as a table in words, in per cent; rows in the order of the last."""
    columns = {}
    for split, table in tables.items():
        columns[split, "accuracy"] = table["accuracy"].map(lambda share: f"{100 * share:.1f}")
        for by in ("clips", "artists", "seeds"):
            ends = zip(table[f"{by}_low"], table[f"{by}_high"], strict=True)
            told = [_between(low, high, lambda share: f"{100 * share:.0f}") for low, high in ends]
            columns[split, f"over {by}"] = pd.Series(told, index=table.index)
        columns[split, "seeds"] = table["seeds"].astype(str)
    order = dict.fromkeys(name for table in reversed(tables.values()) for name in table.index)
    return pd.DataFrame(columns).reindex(list(order)).fillna("")


def _ends(kind: str, interval: Interval | None) -> dict[str, float]:
    ends = (np.nan, np.nan) if interval is None else (interval.low, interval.high)
    return dict(zip((f"{kind}_low", f"{kind}_high"), ends, strict=True))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Return p-values corrected for their number by Holm's step-down method : np.ndarray [shape=(n,), 0 … 1].

    Sorted upwards, the smallest is multiplied by n, the next by n - 1, and so on; none may fall below one before it,
    none exceeds 1. Rejecting where the result is at most 5 % keeps the chance of *any* false rejection at 5 %,
    however the tests depend on each other (S. Holm, 1979). As statsmodels' ``multipletests(method="holm")``.
    """
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def pairs(found: Sequence[Approach], n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Compare every two approaches, in the first seed in which both were tested on the same clips.

    The test is McNemar's (exact), for the two models of that seed: further seeds on the same clips are no new clips,
    and a vote of seeds would be another model. All pairs are one family for Holm's correction. Where both have more
    such seeds, the mean difference has a t-interval over them as well; a fit that repeats itself stands for every seed.

    Parameters
    ----------
    found : sequence of Approach
        In the order in which A precedes B; two that were never tested on the same clips are no pair.
    n, seed : int
        Resamples of the clips and of the artists, the same for all pairs.

    Returns
    -------
    pd.DataFrame
        Index ``a, b``; columns ``clips``, ``only_a``, ``only_b``, ``difference`` (accuracy of A minus B, first common
        seed), ``discordant`` (share of clips that only one has right), ``independent`` (what that would be if errors
        had nothing to do with each other), ``clips_low``, ``clips_high``, ``artists_low``, ``artists_high``
        (bootstrap), ``p`` (McNemar), ``seeds`` (in common), ``mean`` (difference over them), ``seeds_low``,
        ``seeds_high`` (NaN for one seed, or where all are alike), ``experiment_a``, ``experiment_b``, ``holm``,
        ``p_artists`` (see `flipped`), ``holm_artists`` and ``verdict``: *sure* (both of Holm's p at most 5 %, and the
        interval over seeds on the same side of 0, or all seeds alike, or two fits that repeat themselves), *these two
        runs* (as sure for the two models, but there is one run only), *not in other runs* (the interval over seeds has
        0 in it), *undecided*.

    Raises
    ------
    ParameterError
        When no two were tested on the same clips.
    """
    drawn = functools.cache(lambda one, s, by: _bootstrap(one.hits[s].to_frame(), by, n, seed))
    rows: dict[tuple[str, str], dict] = {}
    gained: dict[tuple[str, ...], dict[tuple[str, str], np.ndarray]] = {}
    for a, b in itertools.combinations(found, 2):
        for first in _shared(a.hits, b.hits)[:1]:
            gains = a.hits[first] - b.hits[first]
            gained.setdefault(tuple(gains.index), {})[a.name, b.name] = gains.to_numpy()
            rows[a.name, b.name] = _counted(a, b, first) | _over_seeds(a, b)
            for by in ("clips", "artists"):
                apart = drawn(a, first, by) - drawn(b, first, by)
                rows[a.name, b.name] |= _ends(by, metrics.quantile_interval(gains.mean(), apart, len(gains)))
    if not rows:
        raise ParameterError("no two approaches were tested on the same clips; record them under one protocol")
    table = pd.DataFrame(list(rows.values()), index=pd.MultiIndex.from_tuples(rows, names=["a", "b"]))
    for clips, several in gained.items():
        table.loc[list(several), "p_artists"] = flipped(np.stack(list(several.values())), artists(clips))
    table = table.assign(holm=holm(table["p"]), holm_artists=holm(table["p_artists"]))
    return table.assign(verdict=[_verdict(row) for row in table.itertuples()]).drop(columns="repeat")


def _shared(first: Mapping[int, pd.Series], second: Mapping[int, pd.Series]) -> list[int]:
    """Return the seeds in which both were tested on the same clips."""
    return [seed for seed in first if seed in second and first[seed].index.equals(second[seed].index)]


def _counted(a: Approach, b: Approach, seed: int) -> dict[str, object]:
    """Return what the clips of one seed say of two approaches."""
    one, two = a.hits[seed], b.hits[seed]
    wins = int((one > two).sum()), int((one < two).sum())
    return {
        "clips": len(one),
        **dict(zip(("only_a", "only_b"), wins, strict=True)),
        "difference": one.mean() - two.mean(),
        "discordant": sum(wins) / len(one),
        "independent": discordant_if_independent(one.mean(), two.mean()),
        "p": metrics.exact_mcnemar(*wins),
        **{"experiment_a": a.experiment, "experiment_b": b.experiment},
    }


def _over_seeds(a: Approach, b: Approach) -> dict[str, object]:
    """Return the difference over the seeds in which both were tested on the same clips."""
    sides = [a.hits, b.hits]
    for k, one in enumerate((a, b)):
        if one.repeats:
            sides[k] = dict.fromkeys(sides[1 - k], next(iter(one.hits.values()))) | one.hits
    gaps = np.array([sides[0][seed].mean() - sides[1][seed].mean() for seed in _shared(*sides)])
    interval = metrics.t_interval(gaps) if metrics.vary(gaps) else None
    repeat = a.repeats and b.repeats
    return {"seeds": len(gaps), "mean": gaps.mean(), "repeat": repeat, **_ends("seeds", interval)}


def flipped(gains: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the p-values of a two-sided sign-flip test : np.ndarray [shape=(n_pairs,)].

    If two models are equally good, each artist might as well have favoured the other one as strongly. So the sign of
    all gains of an artist is tossed by a coin; p is the chance of a sum as far from 0 as the real one, exact, over all
    ways in which the coins can fall. With a group for every clip this is McNemar's test.

    Parameters
    ----------
    gains : np.ndarray [shape=(n_pairs, n_clips)]
        1 where only A is right, -1 where only B is, else 0.
    groups : np.ndarray [shape=(n_clips,), int]
        From `artists`.
    """
    return np.array([_sign_flip(np.rint(np.bincount(groups, row)).astype(int)) for row in gains])


def _sign_flip(sums: np.ndarray) -> float:
    """Return the chance that ± each of the sums, added up, is as far from 0 as their sum."""
    sizes = np.abs(sums[sums != 0])
    most = sizes.sum()
    chance = np.zeros(2 * most + 1)  # of every total from -most to most
    chance[most] = 1
    for size in sizes:
        chance = (np.roll(chance, size) + np.roll(chance, -size)) / 2
    return float(min(1, chance[np.abs(np.arange(-most, most + 1)) >= abs(sums.sum())].sum()))


def _verdict(row: tuple) -> str:
    if max(row.holm, row.holm_artists) > LEVEL:
        return OPEN
    if row.seeds < 2:
        return SURE if row.repeat else ONE_RUN
    least = np.nanmin(np.sign(row.difference) * np.array([row.mean, row.seeds_low, row.seeds_high]))
    return SURE if least > 0 else UNSTABLE


def against(found: pd.DataFrame, name: str) -> pd.DataFrame:
    """Set what `pairs` says of one approach and all others as a table in words; differences are in points."""
    rows, whole = {}, functools.partial(points_told, digits=0)
    for (a, b), row in zip(found.index, found.itertuples(), strict=True):
        if name not in (a, b):
            continue
        sign = 1 if a == name else -1
        wins = (row.only_a, row.only_b)[::sign]
        ends = {
            by: sorted(sign * getattr(row, f"{by}_{end}") for end in ("low", "high"))
            for by in ("clips", "artists", "seeds")
        }
        rows[b if a == name else a] = {
            "only it right": wins[0],
            "only other right": wins[1],
            "difference": points_told(sign * row.difference),
            **{f"over {by}": _between(*ends[by], whole) for by in ends},
            "p": p_told(row.p),
            "Holm": p_told(row.holm),
            "Holm, artists": p_told(row.holm_artists),
            "verdict": row.verdict,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(f"{name} against")


def _between(low: float, high: float, told: Callable[[float], str]) -> str:
    return "—" if np.isnan(low) else f"{told(low)} … {told(high)}"


def p_told(value: float) -> str:
    """Return a p-value in words, e.g. ``0.031``; what is smaller than a thousandth as ``<0.001``."""
    return "<0.001" if value < 0.001 else f"{value:.2g}"


def points_told(difference: float, digits: int = 1) -> str:
    """Return a difference of shares in points, e.g. ``+1.5`` or ``−8.0``, without a sign where it rounds to zero."""
    word = f"{100 * difference:+.{digits}f}".replace("-", "−")
    return word if word.strip("+−0.") else word[1:]
