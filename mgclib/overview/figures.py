"""Figures of an overview: dots with intervals, genres as a heat map, the fall between two protocols.

As in `mgclib.plots`: white cards, colours that colour-blind readers can tell apart, and a shape for every meaning, so
that a print without colour says the same. What cannot be drawn raises `ParameterError`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.metrics import wilson
from mgclib.overview.methods import FILTERED, RANDOM, REPORTED, SOURCES
from mgclib.prose import listed
from mgclib.style import COLOURS, Card, finished, styled

__all__ = ["clips_to_part", "fall_chart", "genre_heat", "separation", "top_k_chart"]

LOOKS = {
    REPORTED: {"marker": "D", "color": COLOURS["vermilion"], "markersize": 6.5},
    RANDOM: {"marker": "o", "color": COLOURS["blue"], "markersize": 6.5},
    FILTERED: {"marker": "s", "color": COLOURS["green"], "markersize": 6.5, "markerfacecolor": "white"},
}
HOME = "gtzan"
APART = "{}\n(3 genres only)"
GAP = 0.5
"""Space between the rows on the report's data set and those on another."""


def _places(table: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return the height of each (method, data) : float, from the top; other data below a gap, where any is recorded."""
    home = table[table["data"] == HOME]["method"].drop_duplicates()
    apart = table[table["data"] != HOME].dropna(subset=["share"])[["method", "data"]].drop_duplicates()
    places = {(method, HOME): float(k) for k, method in enumerate(home)}
    start = len(places) + GAP
    return places | {(row.method, row.data): start + k for k, row in enumerate(apart.itertuples())}


def _name_rows(axes: Axes, places: Mapping[tuple[str, str], float]) -> None:
    names = [method if data == HOME else APART.format(method) for method, data in places]
    axes.set_yticks(list(places.values()), names)
    axes.set_ylim(max(places.values()) + 0.6, -0.6)
    for each in axes.figure.axes:
        each.grid(False, axis="y")
        each.tick_params(axis="y", length=0)
    if any(data != HOME for _, data in places):
        edge = sum(data == HOME for _, data in places) - 0.5 + GAP / 2
        for each in axes.figure.axes:
            each.axhline(edge, color=COLOURS["grey"], linewidth=0.8)


def _not_recorded(table: pd.DataFrame) -> str:
    """Say which methods lack a record, as a line for a note."""
    ours = table[(table["source"] != REPORTED) & (table["k"] == 1)]
    missing = ours[ours["share"].isna()].groupby("source", sort=False)["method"].agg(list)
    if len(missing) == 2 and missing.iloc[0] == missing.iloc[1]:
        return f"Not recorded yet: {listed(missing.iloc[0])}."
    lines = [f"Not recorded yet ({source.partition(', ')[2]}): {listed(names)}." for source, names in missing.items()]
    return " ".join(lines)


@styled
def top_k_chart(table: pd.DataFrame, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw top-1, top-2 and top-3 accuracy of each method as dots with 95 % intervals, a panel each.

    Parameters
    ----------
    table : pd.DataFrame
        From `scores`. Results on other data than GTZAN stand below a line, with their own chance.
    """
    if table["share"].isna().all():
        raise ParameterError("there is no score to draw; give `scores` of at least one reported or recorded method")
    places = _places(table)
    figure = Card(figsize=(9.2, 1.5 + 0.62 * len(places)), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, (k, part) in zip(panels, table.dropna(subset=["share"]).groupby("k"), strict=True):
        for row in part.itertuples():
            height = places[row.method, row.data]
            place = height + 0.25 * (list(SOURCES).index(row.source) - 1)
            look = LOOKS[row.source]
            axes.plot(100 * np.array([row.low, row.high]), [place, place], color=look["color"], linewidth=1.9, zorder=2)
            axes.plot(100 * row.share, place, linestyle="", markeredgewidth=1.5, zorder=3, **look)
            axes.plot(2 * [100 * row.chance], [height - 0.5, height + 0.5], ":", color=COLOURS["grey"], zorder=1)
        axes.set(xlabel=f"top-{k} accuracy (%)", xlim=(0, 103), xticks=range(0, 101, 20))
    _name_rows(panels[0], places)
    _legend(figure, {source: {**look, "linewidth": 1.9} for source, look in LOOKS.items()})
    if note is None:
        note = (
            "Bars: 95 % intervals; of the report Wilson's for one run with 200 test clips, of ours over seeds (over "
            f"tracks for a single seed). {_not_recorded(table)}"
        )
    return finished(figure, title, note)


def _legend(figure: Figure, looks: Mapping[str, Mapping]) -> None:
    axes = figure.axes[0]
    handles = [axes.plot([], [], label=name, **look)[0] for name, look in looks.items()]
    handles += axes.plot([], [], ":", color=COLOURS["grey"], label="guessing")
    figure.legend(handles=handles, loc="outside upper left", ncols=4, borderaxespad=0.2, columnspacing=1.4)


@styled
def genre_heat(tables: Mapping[str, pd.DataFrame], *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw F1 by genre and method, a panel per source; methods without a value are hatched.

    Parameters
    ----------
    tables : mapping of str to pd.DataFrame [rows genres, columns methods, 0 … 1]
        From `genre_f1`.
    """
    if not tables:
        raise ParameterError("there is no table to draw; give at least one")
    genres, methods = next(iter(tables.values())).axes
    width = 1.5 + len(tables) * (0.3 + 0.5 * len(methods))
    figure = Card(figsize=(width, 1.9 + 0.31 * len(genres)), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(tables), sharey=True))
    for axes, (source, table) in zip(panels, tables.items(), strict=True):
        shares = 100 * table.to_numpy(dtype=float)
        axes.set_facecolor("#F2F2F2")
        for column in np.flatnonzero(np.isnan(shares).all(axis=0)):
            axes.fill_betweenx([0, len(genres)], column, column + 1, facecolor="none", edgecolor="#BDBDBD", hatch="///")
        seaborn.heatmap(
            shares, ax=axes, cmap="Blues", vmin=0, vmax=100, annot=True, fmt=".0f", cbar=False, linewidths=0.6
        )
        axes.set_xticks(np.arange(len(methods)) + 0.5, methods, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(np.arange(len(genres)) + 0.5, genres, rotation=0)
        axes.set_title(source)
        axes.tick_params(length=0)
        axes.grid(False)
    panels[0].set_ylabel("genre")
    panels[len(panels) // 2].set_xlabel("method")
    if note is None:
        hatched = any(table.isna().all().any() for table in tables.values())
        note = f"F1 in per cent.{' Hatched: not recorded on all genres.' if hatched else ''}"
    return finished(figure, title, note)


@styled
def fall_chart(table: pd.DataFrame, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw the top-1 accuracy of each method on the report's split and on the fault-filtered lists, joined by an arrow.

    Parameters
    ----------
    table : pd.DataFrame
        From `scores`. The number at the arrow is the fall in percentage points.
    """
    top = table[table["k"] == 1]
    places = _places(top)
    figure = Card(figsize=(8.0, 1.3 + 0.52 * len(places)), layout="constrained")
    axes = figure.subplots()
    for (method, data), place in places.items():
        rows = top[(top["method"] == method) & (top["data"] == data)].set_index("source")
        shares = 100 * rows["share"].reindex(list(SOURCES))
        for source, share in shares.dropna().items():
            axes.plot(share, place, linestyle="", markeredgewidth=1.5, zorder=3, **LOOKS[source])
        if shares[[RANDOM, FILTERED]].notna().all():
            _arrow(axes, shares[RANDOM], shares[FILTERED], place)
        chance = 100 * rows["chance"].max()
        axes.plot([chance, chance], [place - 0.5, place + 0.5], ":", color=COLOURS["grey"], zorder=1)
    axes.set(xlabel="top-1 accuracy (%)", xlim=(0, 101))
    _name_rows(axes, places)
    _legend(figure, LOOKS)
    return finished(figure, title, _not_recorded(top) if note is None else note)


def _arrow(axes: Axes, start: float, end: float, place: float) -> None:
    style = {"arrowstyle": "-|>", "color": COLOURS["ink"], "linewidth": 1.4, "shrinkA": 5, "shrinkB": 5}
    axes.annotate("", (end, place), (start, place), arrowprops=style, zorder=2)
    points = round(end - start)
    words = f"{points:+d} points".replace("-", "−") if points else "0 points"
    axes.text((start + end) / 2, place - 0.13, words, ha="center", va="bottom", fontsize=8.5)


def clips_to_part(high: float, low: float) -> int:
    """Return from how many test clips on Wilson's 95 % intervals of two shares no longer overlap.

    Parameters
    ----------
    high, low : float in (0, 1)
        ``high > low``: the nearer, the more clips it takes.

    Raises
    ------
    ParameterError
        When they are no such shares: intervals of equal ones overlap for ever.
    """
    if not 0 < low < high < 1:
        raise ParameterError(f"high={high} and low={low} must be two different shares between 0 and 1, high first")
    few, many = 1, 2
    while wilson(high * many, many)[0] <= wilson(low * many, many)[1]:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        overlap = wilson(high * middle, middle)[0] <= wilson(low * middle, middle)[1]
        few, many = (middle, many) if overlap else (few, middle)
    return many


@styled
def separation(first: float, second: float, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw Wilson's 95 % interval of two accuracies against the number of test clips, and where they part.

    Parameters
    ----------
    first, second : float in (0, 1)
        Two different shares of right clips.

    Raises
    ------
    ParameterError
        When they are equal or no shares.
    """
    high, low = max(first, second), min(first, second)
    number = clips_to_part(high, low)
    clips = np.unique(np.round(np.geomspace(20, 200_000, 400)).astype(int))
    bands = {share: np.array([wilson(share * n, n) for n in clips]) for share in (high, low)}
    figure = Card(figsize=(8.0, 3.3), layout="constrained")
    axes = figure.subplots()
    for share, colour, hatch in ((high, "blue", "///"), (low, "orange", "\\\\\\")):
        look = {"facecolor": COLOURS[colour], "edgecolor": COLOURS[colour], "alpha": 0.3, "hatch": hatch}
        axes.fill_between(clips, *(100 * bands[share].T), label=f"95 % interval around {100 * share:g} %", **look)
        axes.plot(clips[[0, -1]], [100 * share] * 2, color=COLOURS[colour])
    axes.axvline(200, color=COLOURS["vermilion"], linewidth=1.6, label="the report: 200 test clips")
    axes.axvline(number, color=COLOURS["ink"], linestyle="--", label=f"they part at {number:,} clips")
    axes.set(xscale="log", xlabel="test clips of each method", ylabel="accuracy (%)", xlim=clips[[0, -1]])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    figure.legend(loc="outside upper left", ncols=2, borderaxespad=0.2, columnspacing=1.4)
    return finished(figure, title, note)
