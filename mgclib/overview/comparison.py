"""Figures that set all approaches side by side.

As in `mgclib.overview.figures`: white cards, colours that colour-blind readers can tell apart, a shape for every
meaning. What cannot be drawn raises `ParameterError`.

Notebook: ``comparison``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.hovering import POINT, Panels, panels
from mgclib.overview.approaches import costs_told
from mgclib.overview.published import published
from mgclib.style import COLOURS, Card, finished, styled

__all__ = [
    "COSTS",
    "consistency_chart",
    "front",
    "pareto",
    "pareto_chart",
    "published_chart",
    "recall_chart",
    "reliability_chart",
    "told",
]

COSTS = {
    "weights": ("parameters", "numbers that the model stores"),
    "multiplications": ("macs", "multiplications for one clip"),
    "training": ("training", "seconds of training, one seed, two cores"),
    "asking": ("asking", "seconds from waveform to answer, one clip, one core"),
}
"""What an approach can cost: word on a button, column of `mgclib.overview.approaches.summary`, words on the axis."""

KINDS = {
    "pixels": ("orange", "s"),
    "features": ("green", "D"),
    "picture network": ("blue", "o"),
    "waveform network": ("sky", "v"),
    "recurrent": ("purple", "^"),
    "both at once": ("grey", "P"),
    "backbone": ("vermilion", "*"),
}


ROOM = 0.25
"""Share of the width, on a logarithmic axis, that is kept free for the name of the cheapest approach."""


def front(cost: pd.Series, accuracy: pd.Series) -> pd.Series:
    """Return who lies on the front : pd.Series of bool. Nobody else is as accurate and as cheap, or better in one."""
    points = pd.DataFrame({"cost": cost, "accuracy": accuracy})
    beaten = [
        (
            (points["cost"] <= row.cost)
            & (points["accuracy"] >= row.accuracy)
            & ((points["cost"] < row.cost) | (points["accuracy"] > row.accuracy))
        ).any()
        for row in points.itertuples()
    ]
    return points.notna().all(axis=1) & ~np.array(beaten, dtype=bool)


@styled
def pareto_chart(table: pd.DataFrame, cost: str, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw accuracy against one cost; the front is a line, and those on it are named.

    Parameters
    ----------
    table : pd.DataFrame
        From `mgclib.overview.approaches.summary`, of one profile; its index numbers the points.
    cost : str
        A word of `COSTS`.
    """
    column, words = COSTS[cost]
    known = table.dropna(subset=[column, "accuracy"])
    known = known[known[column] > 0]
    if known.empty:
        raise ParameterError(f"no approach of this table has a cost {cost!r}; run tests/benchmarks/bench_inference.py")
    best = front(known[column], known["accuracy"])
    figure = Card(figsize=(8.6, 4.9), layout="constrained")
    axes = figure.subplots()
    line = known[best].sort_values(column)
    axes.step(line[column], 100 * line["accuracy"], where="post", color=COLOURS["ink"], linewidth=1.2, zorder=1)
    for number, row in known.iterrows():
        colour, marker = KINDS.get(row["kind"], ("grey", "o"))
        look = {"color": COLOURS[colour], "marker": marker, "markersize": 12 if marker == "*" else 8}
        face = COLOURS[colour] if best[number] else "white"
        axes.plot(2 * [row[column]], [100 * row["low"], 100 * row["high"]], color="#C9C9C9", linewidth=1.1, zorder=1)
        place = {
            "linestyle": "",
            "markerfacecolor": face,
            "markeredgewidth": 1.6,
            "zorder": 3,
            "gid": f"{POINT}{number}",
        }
        axes.plot(row[column], 100 * row["accuracy"], **look, **place)
    _name_front(axes, line, column)
    axes.set(xscale="log", xlabel=f"{words} (logarithmic)", ylabel="accuracy (%), 95 % interval")
    axes.margins(x=0.07, y=0.08)
    first, last = axes.get_xlim()
    axes.set_xlim(first * (first / last) ** ROOM, last)
    present = [kind for kind in KINDS if kind in set(known["kind"])]
    for kind in present:
        colour, marker = KINDS[kind]
        axes.plot([], [], linestyle="", color=COLOURS[colour], marker=marker, label=kind)
    axes.plot([], [], color=COLOURS["ink"], linewidth=1.2, label="front (filled)")
    figure.legend(loc="outside upper left", ncols=4, borderaxespad=0.2, columnspacing=1.2)
    return finished(figure, title, note)


def _name_front(axes: Axes, line: pd.DataFrame, column: str) -> None:
    """Name those on the front, to the upper left of each: by definition nobody else is there."""
    low, high = axes.get_ylim()
    scale = 250 / (high - low)  # the axes are about 250 typographic points high
    taken = -np.inf
    for row in line.itertuples():
        taken = max(100 * row.accuracy * scale + 5, taken + 11)  # above the name before, in typographic points
        place = {"ha": "right", "xytext": (-6, taken - 100 * row.accuracy * scale), "textcoords": "offset points"}
        axes.annotate(row.name, (getattr(row, column), 100 * row.accuracy), fontsize=8.5, **place)


def told(table: pd.DataFrame) -> dict[str, str]:
    """Return what each point of `pareto_chart` says, by its key."""
    words = {}
    for number, row in table.iterrows():
        costs = [
            (f"{costs_told(row['parameters'])} weights", row["parameters"]),
            (f"{costs_told(row['macs'])} multiplications", row["macs"]),
            (f"{costs_told(row['training'])} s of training", row["training"]),
            (f"{costs_told(row['asking'], 1e-3)} ms per clip", row["asking"]),
        ]
        accuracy = (
            f"{100 * row['accuracy']:.1f} % [{100 * row['low']:.0f}, {100 * row['high']:.0f}] over {row['interval']}"
        )
        kept = ", ".join(text for text, value in costs if value == value)
        words[str(number)] = f"{row['name']}: {accuracy}; {kept}. {row['division']}, learnt from {row['learnt_from']}."
    return words


def pareto(tables: Mapping[str, pd.DataFrame], *, title: str, notes: Mapping[str, str]) -> Panels:
    """Draw `pareto_chart` for every cost and several tables, to choose from.

    Parameters
    ----------
    tables : mapping of str to pd.DataFrame
        A table for each way of dividing the clips, by its name on a button; indices differ.
    title : str
        See `mgclib.hovering.panels`.
    notes : mapping of str to str
        What stands below the figures of each table.
    """
    figures = {
        (name, cost): pareto_chart(table, cost, note=notes[name]) for name, table in tables.items() for cost in COSTS
    }
    words = {key: text for table in tables.values() for key, text in told(table).items()}
    return panels(figures, ("test clips", "cost"), words, title=title)


@styled
def recall_chart(recall: pd.DataFrame, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw the recall of each genre by approach, in the order of the table.

    Parameters
    ----------
    recall : pd.DataFrame [rows approaches, columns genres, 0 … 1]
    """
    figure = Card(figsize=(8.6, 1.3 + 0.29 * len(recall)), layout="constrained")
    axes = figure.subplots()
    look = {"cmap": "Blues", "vmin": 0, "vmax": 100, "annot": True, "fmt": ".0f", "linewidths": 0.6}
    seaborn.heatmap(100 * recall, ax=axes, cbar_kws={"label": "clips found (%)", "shrink": 0.7}, **look)
    axes.set_xticks(np.arange(recall.shape[1]) + 0.5, recall.columns, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(np.arange(len(recall)) + 0.5, recall.index, rotation=0)
    axes.tick_params(length=0)
    axes.set(xlabel="genre, the easiest first", ylabel="")
    axes.grid(False)
    return finished(figure, title, note)


@styled
def consistency_chart(kappa: pd.DataFrame, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw how far every two approaches err on the same clips.

    Parameters
    ----------
    kappa : pd.DataFrame
        From `mgclib.overview.together.consistency`.
    """
    figure = Card(figsize=(8.6, 1.0 + 0.33 * len(kappa)), layout="constrained")
    axes = figure.subplots()
    look = {"cmap": "Purples", "vmin": 0, "vmax": 1, "annot": True, "fmt": ".1f", "linewidths": 0.6, "square": True}
    marks = {"annot_kws": {"fontsize": 7.5}, "cbar_kws": {"label": "error consistency (κ)", "shrink": 0.7}}
    seaborn.heatmap(kappa, ax=axes, **look, **marks)
    axes.set_xticks(np.arange(len(kappa)) + 0.5, kappa.columns, rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(np.arange(len(kappa)) + 0.5, kappa.index, rotation=0)
    axes.tick_params(length=0, labelsize=8)
    axes.set(xlabel="", ylabel="")
    axes.grid(False)
    return finished(figure, title, note)


@styled
def reliability_chart(
    curves: Mapping[str, pd.DataFrame], *, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw how often answers are right against how sure the model was, a panel per model.

    Parameters
    ----------
    curves : mapping of str to pd.DataFrame
        From `mgclib.calibration.reliability`.
    """
    if not curves:
        raise ParameterError("there is no curve to draw; give at least one")
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    figure = Card(figsize=(8.6, 2.75 * rows), layout="constrained")
    panels_ = np.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True)).ravel()
    for axes, (name, curve) in zip(panels_, curves.items(), strict=False):
        axes.plot([0, 100], [0, 100], ":", color=COLOURS["grey"], linewidth=1.2)
        right, low, high = (100 * curve[key] for key in ("right", "right_low", "right_high"))
        axes.vlines(100 * curve["confidence"], low, high, color=COLOURS["blue"], linewidth=1.4)
        sizes = 18 + 170 * curve["clips"] / curve["clips"].sum()
        axes.scatter(100 * curve["confidence"], right, s=sizes, color=COLOURS["blue"], edgecolor="white", zorder=3)
        axes.set_title(name, fontsize=9.5)
        axes.set(xlim=(0, 102), ylim=(0, 102), xticks=range(0, 101, 25), yticks=range(0, 101, 25))
    for axes in panels_[len(curves) :]:
        axes.set_visible(False)
    figure.supylabel("right (%)", fontsize=10)
    for axes in panels_[max(0, len(curves) - columns) : len(curves)]:
        axes.set_xlabel("how sure the model was (%)")
        axes.tick_params(labelbottom=True)
    return finished(figure, title, note)


@styled
def published_chart(ours: pd.DataFrame, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw the published numbers on the fault-filtered lists, with ours among them.

    Parameters
    ----------
    ours : pd.DataFrame
        From `mgclib.overview.approaches.summary`, of the profile ``gtzan-filtered``; with their intervals.
    """
    theirs = published().assign(ours=False, low=np.nan, high=np.nan)
    mine = pd.DataFrame(
        {
            "name": ours["name"],
            "value": 100 * ours["accuracy"],
            "audio": False,
            "photographs": ours["learnt_from"] != "nothing",
            "low": 100 * ours["low"],
            "high": 100 * ours["high"],
            "confirmed": True,
            "ours": True,
        }
    )
    rows = pd.concat([theirs.assign(photographs=False), mine], ignore_index=True).sort_values("value")
    figure = Card(figsize=(8.6, 1.2 + 0.245 * len(rows)), layout="constrained")
    axes = figure.subplots()
    looks = {
        "theirs, has heard outside music or sound": ("vermilion", "D", True),
        "theirs, GTZAN only": ("vermilion", "D", False),
        "ours, has seen photographs": ("blue", "o", True),
        "ours, GTZAN only": ("blue", "o", False),
    }
    for place, row in enumerate(rows.itertuples()):
        name = _look(row)
        colour, marker, filled = looks[name]
        if row.ours:
            axes.hlines(place, row.low, row.high, color=COLOURS[colour], linewidth=1.6)
        face = COLOURS[colour] if filled else "white"
        axes.plot(row.value, place, marker, color=COLOURS[colour], markerfacecolor=face, markeredgewidth=1.5, zorder=3)
    labels = [f"{row.name}{'' if row.confirmed else ' (?)'}" for row in rows.itertuples()]
    axes.set_yticks(range(len(rows)), labels, fontsize=8.5)
    for label, mine_ in zip(axes.get_yticklabels(), rows["ours"], strict=True):
        label.set_color(COLOURS["ink"] if mine_ else COLOURS["vermilion"])
    axes.set(xlabel="accuracy on the fault-filtered test clips (%)", ylim=(-0.7, len(rows) - 0.3))
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    for name, (colour, marker, filled) in looks.items():
        face = COLOURS[colour] if filled else "white"
        axes.plot([], [], marker, color=COLOURS[colour], markerfacecolor=face, markeredgewidth=1.5, label=name)
    figure.legend(loc="outside upper left", ncols=2, borderaxespad=0.2)
    return finished(figure, title, note)


def _look(row: tuple) -> str:
    if row.ours:
        return "ours, has seen photographs" if row.photographs else "ours, GTZAN only"
    return "theirs, has heard outside music or sound" if row.audio else "theirs, GTZAN only"
