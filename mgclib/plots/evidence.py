"""Figures of how sure a comparison is: accuracies with their intervals, who beats whom, and how many clips it takes.

Notebook: ``uncertainty``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from mgclib.errors import ParameterError
from mgclib.power import POWER, clips_needed
from mgclib.style import COLOURS, CYCLE, Card, finished, styled, whiskers

__all__ = ["accuracy_intervals", "power_curves", "who_beats_whom"]

VERDICTS = {
    "sure": {"facecolor": COLOURS["blue"], "ink": "white", "weight": "bold"},
    "these two runs": {"facecolor": "#A9D3EC", "ink": COLOURS["ink"], "weight": "bold"},
    "not in other runs": {"facecolor": "#F6DFA6", "ink": COLOURS["ink"], "weight": "normal"},
    "undecided": {"facecolor": "white", "ink": "#8A8A8A", "weight": "normal"},
}
WORDS = {
    "sure": "sure",
    "these two runs": "sure for these two trained models",
    "not in other runs": "sure for the first run, not over runs",
    "undecided": "undecided",
}
MARKERS = "osD^vPX*"
CLIPS = {"fmt": "o", "markersize": 5.5, "ecolor": COLOURS["ink"], "elinewidth": 1.1, "capsize": 3.5, "zorder": 3}
ARTISTS = {"linestyle": ":", "color": COLOURS["ink"], "linewidth": 1.1}
SEEDS = {"linewidth": 5, "alpha": 0.55}


@styled
def accuracy_intervals(
    tables: Mapping[str, pd.DataFrame], *, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw the accuracy of each approach with its intervals over clips, artists and seeds, a panel for each protocol.

    Parameters
    ----------
    tables : mapping of str to pd.DataFrame
        From `mgclib.evidence.intervals`. Rows are in the order of the last table.
    """
    if not tables or all(table.empty for table in tables.values()):
        raise ParameterError("there is no accuracy to draw; give at least one table with a row")
    order = list(dict.fromkeys(name for table in reversed(tables.values()) for name in table.index))
    figure = Card(figsize=(9.2, 1.2 + 0.27 * len(order)), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(tables), sharey=True))
    for axes, (name, table), colour in zip(panels, tables.items(), CYCLE, strict=False):
        places = [order.index(name) for name in table.index]
        share = 100 * table.select_dtypes(float)
        reach = whiskers(share["accuracy"], share["clips_low"], share["clips_high"])
        axes.hlines(places, share["artists_low"], share["artists_high"], **ARTISTS)
        axes.hlines(places, share["seeds_low"], share["seeds_high"], color=COLOURS[colour], **SEEDS)
        axes.errorbar(share["accuracy"], places, xerr=reach, color=COLOURS[colour], **CLIPS)
        for place, row in zip(places, table.itertuples(), strict=True):
            axes.text(101, place, f"{row.seeds}{', repeats' if row.repeats else ''}", va="center", fontsize=8)
        axes.set(xlabel="accuracy (%)", xlim=(0, 100), title=name)
        axes.text(101, -1.0, "seeds", va="bottom", fontsize=8, color=COLOURS["grey"])
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(range(len(order)), order)
    panels[0].set_ylim(len(order) - 0.4, -0.8)
    nowhere, grey = {"y": [], "xmin": [], "xmax": []}, COLOURS["grey"]
    handles = [
        axes.errorbar([], [], xerr=[], color=grey, label="mean over seeds; 95 %, bootstrap over test clips", **CLIPS),
        axes.hlines(**nowhere, label="95 %, bootstrap over artists", **ARTISTS),
        axes.hlines(**nowhere, color=grey, label="95 %, Student's t over seeds", **SEEDS),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=2, borderaxespad=0.2)
    return finished(figure, title, note)


@styled
def who_beats_whom(
    pairs: pd.DataFrame, order: Sequence[str], *, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw by how many points the approach of a row is above that of a column, and how sure that is.

    Parameters
    ----------
    pairs : pd.DataFrame
        From `mgclib.evidence.pairs`.
    order : sequence of str
        Approaches from the best to the worst.
    """
    if pairs.empty or len(order) < 2:
        raise ParameterError("there is no pair to draw; give at least two approaches on the same clips")
    size = len(order)
    figure = Card(figsize=(3.2 + 0.36 * size, 2.4 + 0.31 * size), layout="constrained")
    axes = figure.subplots()
    cells = {(a, b): row for (a, b), row in zip(pairs.index, pairs.itertuples(), strict=True)}
    apart = False
    for y, a in enumerate(order):
        for x, b in enumerate(order[y + 1 :], start=y + 1):
            row = cells.get((a, b))
            if row is None:
                apart = True
                look = {"facecolor": "none", "edgecolor": "#C8C8C8", "hatch": "////", "linewidth": 0}
                axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **look))
                continue
            look = VERDICTS[row.verdict]
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=look["facecolor"], edgecolor="#D5D5D5"))
            words = f"{round(100 * row.difference):d}".replace("-", "−")
            axes.text(x, y, words, ha="center", va="center", fontsize=8, color=look["ink"], weight=look["weight"])
    axes.set_xticks(range(1, size), order[1:], rotation=55, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(size - 1), order[:-1])
    axes.xaxis.tick_top()
    axes.set(xlim=(0.5, size - 0.5), ylim=(size - 1.5, -0.5))
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    handles = [
        Patch(facecolor=look["facecolor"], edgecolor="#8A8A8A", label=WORDS[name])
        for name, look in VERDICTS.items()
        if name in set(pairs["verdict"])
    ]
    if apart:
        handles.append(Patch(facecolor="none", edgecolor="#C8C8C8", hatch="////", label="other test clips"))
    axes.legend(handles=handles, loc="lower left", title="row beats column by … points", alignment="left")
    return finished(figure, title, note)


@styled
def power_curves(
    points: pd.DataFrame,
    shares: Sequence[float] = (0.05, 0.1, 0.2, 0.3, 0.45),
    *,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw how many test clips a difference needs, a curve for each share of discordant clips, and what tests had.

    Parameters
    ----------
    points : pd.DataFrame
        Columns ``group``, ``difference`` (0 … 1, above 0), ``clips``.
    shares : sequence of float
        As `discordant` of `mgclib.power.clips_needed`.
    """
    if points.empty or (points["difference"] <= 0).any():
        raise ParameterError("power_curves needs at least one point, and differences above 0")
    figure = Card(figsize=(8.6, 4.6), layout="constrained")
    axes = figure.subplots()
    for share, style in zip(shares, ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))), strict=False):
        gaps = np.geomspace(0.003, share, 200)
        needed = [clips_needed(gap, share) for gap in gaps]
        axes.plot(100 * gaps, needed, linestyle=style, color=COLOURS["ink"], linewidth=1.2, label=f"{100 * share:g} %")
    first = axes.legend(title="only one of the two is right", loc="upper right", alignment="left")
    axes.add_artist(first)
    drawn = []
    for number, (name, part) in enumerate(points.groupby("group", sort=False)):
        look = {"marker": MARKERS[number % len(MARKERS)], "color": COLOURS[CYCLE[number % len(CYCLE)]]}
        drawn += axes.plot(
            100 * part["difference"], part["clips"], linestyle="", markersize=7, alpha=0.85, label=name, **look
        )
    axes.legend(handles=drawn, title="pairs, with the clips they had", loc="center right", alignment="left")
    axes.set(xscale="log", yscale="log", xlabel="difference (points)", ylabel="test clips, the same for both")
    axes.set(xlim=(0.3, 70), ylim=(10, 200_000))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
        axis.set_minor_formatter("")
    words = f"right of a curve the power is over {100 * POWER:.0f} %, left of it the test is a lottery"
    axes.set_title(words, fontsize=9.5)
    return finished(figure, title, note)
