# ruff: noqa: PD011 (Item.values are printed values, no pandas object)
"""The methods of a report, their accuracy from each source, and what can be said about their order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from mgclib import metrics, records
from mgclib.metrics import wilson
from mgclib.paired import mcnemar
from mgclib.reports.loader import item
from mgclib.results import Result

__all__ = [
    "CS464",
    "SHORT",
    "SOURCES",
    "Method",
    "falls",
    "newcombe",
    "one_line",
    "paired",
    "paired_table",
    "reported_pairs",
    "same_order",
    "scores",
    "told_apart",
    "top_table",
]

REPORTED, RANDOM, FILTERED = "reported", "recorded, report's split", "recorded, fault-filtered"
SOURCES = {REPORTED: None, RANDOM: "", FILTERED: "-filtered"}
"""Whose number it is, and the end of the name of the profile that recorded it."""

SHORT = {REPORTED: "reported", RANDOM: "report's split", FILTERED: "fault-filtered"}
"""The sources of `SOURCES` in a table, where room is short."""

NOTHING = "—"

TOP = {1: "accuracy", 2: "top_2_accuracy", 3: "top_3_accuracy"}
ALPHA = 0.05
PAIR_COLUMNS = ["seeds", "only A right", "only B right", "A − B (points)", "p of the seeds", "verdict"]
TOLD_APART = "told apart"


@dataclass(frozen=True)
class Method:
    """A method of a report: its name on an axis, the experiment that records it, the items that report it.

    Parameters
    ----------
    name, experiment : str
    table : str
        Item with precision, recall and F1 of each genre, and the counts behind its accuracy.
    top : str or None
        Item with top-2 and top-3 accuracy; None where the report gives none.
    data : str
        Profile of its records on the report's split; ``<data>-filtered`` is that on the fault-filtered lists.
    """

    name: str
    experiment: str
    table: str
    top: str | None = None
    data: str = "gtzan"

    def record(self, source: str) -> Result | None:
        """Return what was recorded for a name in `SOURCES`, None when nothing was."""
        return records.read(f"{self.data}{SOURCES[source]}", self.experiment)


CS464 = (
    Method("SVM on pixels", "svm-pixels-360x120", "cs464-2020/table-7"),
    Method("1D CNN on mel images", "cnn-1d-mel", "cs464-2020/table-2", "cs464-2020/number-1d-cnn-mel-top-k"),
    Method("LSTM", "lstm-80", "cs464-2020/table-6", "cs464-2020/number-lstm-top-k"),
    Method(
        "1D CNN on waveforms", "cnn-1d-waveform", "cs464-2020/table-1", "cs464-2020/number-1d-cnn-raw-top-k", "gtzan3"
    ),
    Method("2D CNN", "cnn-cs464-100", "cs464-2020/table-4", "cs464-2020/number-2d-cnn-top-k"),
)
"""The five methods of the CS464 report, in the order of their reported accuracy."""


def scores(methods: Sequence[Method] = CS464) -> pd.DataFrame:
    """Return top-1, top-2 and top-3 accuracy of each method from each source; NaN where there is none.

    Returns
    -------
    pd.DataFrame
        Columns ``method, source`` (of `SOURCES`), ``data`` (``gtzan``, ``gtzan3``), ``k, share, low, high`` [0 … 1],
        ``over`` (what the interval is over: ``200 clips``, ``5 seeds``, ``290 tracks``), ``chance``. Reported
        intervals are Wilson's; behind a top-2 or top-3 accuracy stands the number of clips nearest to what is printed.
    """
    rows = []
    for method in methods:
        for source in SOURCES:
            data = "gtzan" if source == REPORTED else method.data
            found = _reported(method) if source == REPORTED else _recorded(method.record(source))
            for k in TOP:
                values = found.get(k, (np.nan, np.nan, np.nan, "", np.nan))
                rows.append((method.name, source, data, k, *values))
    columns = ["method", "source", "data", "k", "share", "low", "high", "over", "chance"]
    return pd.DataFrame(rows, columns=columns)


def _reported(method: Method) -> dict[int, tuple]:
    table = item(method.table)
    total = table.derived["total"]
    correct = {1: table.derived["correct"]}
    printed = item(method.top).values if method.top else {}
    correct |= {k: round(printed[name] * total) for k, name in TOP.items() if k > 1 and name in printed}
    chance = 1 / len(table.values["per_class"])
    return {k: (hits / total, *wilson(hits, total), f"{total} clips", k * chance) for k, hits in correct.items()}


def _recorded(result: Result | None) -> dict[int, tuple]:
    if result is None:
        return {}
    found = {}
    for k, name in TOP.items():
        interval = result.interval(name)
        chance = min(1.0, k / len(result.genres))
        found[k] = (interval.mean, interval.low, interval.high, f"{interval.n} {interval.kind}", chance)
    return found


def top_table(table: pd.DataFrame, data: str = "gtzan") -> pd.DataFrame:
    """Set `scores` on one data set as a table: a row per method and source, per cent with 95 % intervals in words.

    What is not in the report, or not recorded, is a dash.
    """
    part = table[table["data"] == data]
    rows = {}
    for (method, source), three in part.groupby(["method", "source"], sort=False):
        cells = {f"top-{row.k} (%)": _cell(row) for row in three.itertuples()}
        over = next((over for over in three["over"] if over), NOTHING)
        rows[method, SHORT[source]] = {**cells, "interval over": over}
    index = pd.MultiIndex.from_tuples(rows, names=["method", "source"])
    return pd.DataFrame(list(rows.values()), index=index)


def _cell(row: tuple) -> str:
    if np.isnan(row.share):
        return NOTHING
    digits = f"{100 * row.share:g}" if row.source == REPORTED else f"{100 * row.share:.1f}"
    return f"{digits} [{100 * row.low:.0f}, {100 * row.high:.0f}]"


def one_line(table: pd.DataFrame) -> Styler:
    """Return a table for a page whose values stay on one line each, set close so that five columns fit a page."""
    close = "padding-inline: 0.35em"
    cells = {"selector": "td", "props": f"white-space: nowrap; {close}"}
    styles = [cells, {"selector": "th.col_heading", "props": close}]
    return table.style.set_table_attributes('class="dataframe"').set_table_styles(styles)


def same_order(table: pd.DataFrame, source: str) -> bool | None:
    """Return whether the methods stand in the same order by top-1, top-2 and top-3; None for fewer than two.

    Methods on other data, and those without all three numbers, are left out.
    """
    part = table[(table["source"] == source) & (table["data"] == "gtzan")]
    wide = part.pivot_table(index="method", columns="k", values="share").reindex(columns=list(TOP)).dropna()
    if len(wide) < 2:
        return None
    orders = {tuple(wide[k].sort_values(ascending=False, kind="stable").index) for k in TOP}
    return len(orders) == 1


def falls(table: pd.DataFrame) -> pd.DataFrame:
    """Return top-1 accuracy under both protocols, for methods with both records.

    Returns
    -------
    pd.DataFrame
        Index method; columns ``data, random, filtered`` [0 … 1] and ``fall`` [percentage points].
    """
    top = table[(table["k"] == 1) & (table["source"] != REPORTED)].dropna(subset=["share"])
    wide = top.pivot_table(index=["method", "data"], columns="source", values="share", sort=False)
    wide = wide.reindex(columns=[RANDOM, FILTERED]).dropna().reset_index("data")
    wide.columns = ["data", "random", "filtered"]
    return wide.assign(fall=100 * (wide["random"] - wide["filtered"]))


def paired(methods: Sequence[Method] = CS464, source: str = RANDOM) -> pd.DataFrame:
    """Compare every two recorded methods clip by clip, where they were tested on the same clips.

    A method with a single seed on lists that no seed changes is held against every seed of the other.

    Returns
    -------
    pd.DataFrame
        Index ``methods`` (“A – B”); columns ``seeds``, ``shared`` (share of each seed's test clips that both have:
        clips in both by clips in either), ``only_a``, ``only_b`` (clips that only one has right, mean over seeds),
        ``difference``, ``low`` and ``high`` (accuracy of A minus B in points; t-interval over seeds), ``p_least``,
        ``p_greatest`` (exact McNemar) and ``significant`` (seeds with p < 0.05). All but the first two are NaN unless
        every clip is shared.
    """
    found = {method: result for method in methods if (result := method.record(source)) is not None}
    rows = {}
    for a, b in itertools.combinations(found, 2):
        if a.data == b.data:
            rows[f"{a.name} – {b.name}"] = _pair(*_with_equal_seeds(found[a], found[b]))
    columns = [
        "seeds",
        "shared",
        "only_a",
        "only_b",
        "difference",
        "low",
        "high",
        "p_least",
        "p_greatest",
        "significant",
    ]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("methods")


def _with_equal_seeds(a: Result, b: Result) -> tuple[Result, Result]:
    if len(a.seeds) == 1 < len(b.seeds) and _same_lists(b):
        return _repeated(a, b.seeds), b
    if len(b.seeds) == 1 < len(a.seeds) and _same_lists(a):
        return a, _repeated(b, a.seeds)
    return a, b


def _same_lists(result: Result) -> bool:
    """Whether every seed was tested on the same clips."""
    tested = {frozenset(clips) for _, clips in result.select("test").groupby("seed")["clip_id"]}
    return len(tested) == 1


def _repeated(result: Result, seeds: Iterable[int]) -> Result:
    copies = [result.predictions.assign(seed=seed) for seed in seeds]
    return replace(result, predictions=pd.concat(copies, ignore_index=True))


def _pair(a: Result, b: Result) -> list[float]:
    clips = [{s: set(one.select("test", s)["clip_id"]) for s in one.seeds} for one in (a, b)]
    seeds = [seed for seed in a.seeds if seed in b.seeds]
    shared = [len(clips[0][s] & clips[1][s]) / len(clips[0][s] | clips[1][s]) for s in seeds]
    nothing = [np.nan] * 8
    if not seeds or min(shared) < 1:
        return [len(seeds), float(np.mean(shared)) if seeds else np.nan, *nothing]
    tests = mcnemar(a, b)
    points = 100 * (tests["only_a"] - tests["only_b"]) / tests["n"]
    low = high = np.nan
    if metrics.vary(points):
        interval = metrics.t_interval(points.to_numpy())
        low, high = interval.low, interval.high
    p = tests["p_value"]
    counts = [tests["only_a"].mean(), tests["only_b"].mean()]
    return [len(seeds), 1.0, *counts, points.mean(), low, high, p.min(), p.max(), int((p < ALPHA).sum())]


def newcombe(hits: tuple[int, int], total: tuple[int, int]) -> tuple[float, float]:
    """Return Newcombe's 95 % interval of the difference of two shares [-1 … 1], made from Wilson's of each.

    Parameters
    ----------
    hits, total : tuple of two ints
        Right clips and test clips of the first and of the second; the tests must be independent.
    """
    (p, p_low, p_high), (q, q_low, q_high) = ((h / n, *wilson(h, n)) for h, n in zip(hits, total, strict=True))
    return p - q - float(np.hypot(p - p_low, q_high - q)), p - q + float(np.hypot(p_high - p, q - q_low))


def reported_pairs(methods: Sequence[Method] = CS464) -> pd.DataFrame:
    """Return how far the reported accuracies of every two methods lie apart; each was tested on clips of its own.

    Returns
    -------
    pd.DataFrame
        Index ``methods`` (“A – B”); columns ``difference``, ``low``, ``high`` (A minus B in percentage points with
        Newcombe's 95 % interval, made from Wilson's of the two) and ``apart`` (the interval leaves out zero).
    """
    rows = {}
    for a, b in itertools.combinations(methods, 2):
        counts = [item(method.table).derived for method in (a, b)]
        hits, total = (tuple(count[key] for count in counts) for key in ("correct", "total"))
        low, high = newcombe(hits, total)
        difference = hits[0] / total[0] - hits[1] / total[1]
        rows[f"{a.name} – {b.name}"] = [100 * difference, 100 * low, 100 * high, low > 0 or high < 0]
    columns = ["difference", "low", "high", "apart"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("methods")


def paired_table(methods: Sequence[Method] = CS464) -> pd.DataFrame:
    """Set `paired` for both protocols as a table, with a verdict in words.

    Two methods count as *told apart* when the interval of their difference leaves out zero and the test of more than
    half of the seeds is significant.
    """
    rows = {}
    for source in (RANDOM, FILTERED):
        for pair, row in paired(methods, source).iterrows():
            rows[SHORT[source], pair] = _pair_cells(row)
    index = pd.MultiIndex.from_tuples(rows or [("", "")], names=["source", "A – B"])[: len(rows)]
    return pd.DataFrame(list(rows.values()), index=index, columns=PAIR_COLUMNS)


def _pair_cells(row: pd.Series) -> list[str]:
    seeds = f"{row['seeds']:.0f}"
    if np.isnan(row["difference"]):
        shared = "no seed in common" if np.isnan(row["shared"]) else f"other test clips ({row['shared']:.0%} shared)"
        return [seeds, "", "", "", "", shared]
    interval = "" if np.isnan(row["low"]) else f" [{row['low']:.1f}, {row['high']:.1f}]"
    difference = f"{row['difference']:+.1f}{interval}".replace("-", "−")
    span = f"{row['p_least']:.2f} … {row['p_greatest']:.2f}" if row["seeds"] > 1 else f"{row['p_least']:.2f}"
    verdict = TOLD_APART if told_apart(row) else "not told apart"
    return [seeds, f"{row['only_a']:.0f}", f"{row['only_b']:.0f}", difference, span, verdict]


def told_apart(row: pd.Series) -> bool:
    """Return whether a row of `paired` tells its two methods apart (see `paired_table`)."""
    clear = row["low"] > 0 or row["high"] < 0
    return bool(clear and row["significant"] > row["seeds"] / 2)
