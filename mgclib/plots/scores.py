"""Figures of results: who is taken for whom, values per genre, one value per seed.

Notebooks: all that train; ``report_bars`` also in ``cnn_2d_cs464_early``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure

from mgclib import metrics
from mgclib.errors import ParameterError
from mgclib.results import Result
from mgclib.style import COLOURS, CYCLE, Card, finished, legend_above, styled

__all__ = ["accuracy_strip", "confusion", "report_bars"]

COLUMN_LOOKS = {"reported": ("grey", ""), "recorded": ("blue", ""), "this build": ("orange", "////")}


@styled
def confusion(
    matrix: Result | pd.DataFrame | np.ndarray,
    *,
    genres: Sequence[str] | None = None,
    split: str = "test",
    seed: int | None = None,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw a confusion matrix: the colour is the share of the true genre's clips, as is the number (per cent).

    Parameters
    ----------
    matrix : Result, pd.DataFrame or np.ndarray [shape=(k, k)]
        A result (all seeds together, or one), or clip counts or shares: rows true, columns predicted.
    genres : sequence of str or None
        Names for an array.
    split, seed
        Part and seed of a result.
    title, note : str or None
        Above and below the figure; the note of a result is its caption.
    """
    if isinstance(matrix, Result):
        note = matrix.caption() if note is None else note
        matrix = matrix.confusion_matrix(split, seed=seed)
    names = list(matrix.index) if isinstance(matrix, pd.DataFrame) else list(genres or [])
    counts = np.asarray(matrix, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(names) != len(counts):
        raise ParameterError(f"a confusion matrix of shape {counts.shape} needs as many rows, columns and genre names")
    totals = counts.sum(axis=1, keepdims=True)
    shares = 100 * np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    side = max(3.4, 1.9 + 0.46 * len(names))
    figure = Card(figsize=(side + 1.1, side), layout="constrained")
    axes = figure.subplots()
    written = np.where(shares >= 0.5, np.char.mod("%.0f", shares), np.where(counts > 0, "·", ""))
    seaborn.heatmap(
        shares,
        ax=axes,
        cmap="Blues",
        vmin=0,
        vmax=100,
        annot=written,
        fmt="",
        square=True,
        xticklabels=names,
        yticklabels=names,
        cbar_kws={"shrink": 0.8, "label": "share of the true genre's clips (%)"},
    )
    axes.set_xticks(axes.get_xticks(), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(axes.get_yticks(), names, rotation=0)
    axes.set(xlabel="predicted genre", ylabel="true genre")
    axes.tick_params(length=0)
    return finished(figure, title, note)


@styled
def report_bars(
    columns: Mapping[str, pd.Series] | pd.DataFrame,
    *,
    label: str = "F1 (%)",
    scale: float = 100,
    top: float | None = None,
    chance: float | None = None,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw one value per genre as reported, as recorded on the real data set, and as in this build.

    Parameters
    ----------
    columns : mapping of str to pd.Series, or pd.DataFrame
        Columns such as ``reported``, ``recorded``, ``this build``; index genre; NaN where there is no value.
    label : str
        Name and unit of the axis.
    scale : float
        Factor from stored values (0 … 1) to the unit.
    top : float or None
        Where the axis ends, in the unit; None: at 100 when `scale` is 100, else where the bars do.
    chance : float or None
        Stored value that guessing would have; a dotted line.
    """
    table = pd.DataFrame(dict(columns)).dropna(axis=1, how="all") * scale
    if table.empty:
        raise ParameterError("there is no value to draw; give at least one column with numbers")
    figure = Card(figsize=(max(6.0, 1.6 + 0.72 * len(table)), 3.6), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / table.shape[1]
    spare = iter(name for name in CYCLE if name not in ("blue", "orange"))
    for number, name in enumerate(table):
        colour, hatch = COLUMN_LOOKS.get(name) or (next(spare, "sky"), "")
        places = np.arange(len(table)) + (number - (table.shape[1] - 1) / 2) * width
        look = {"color": COLOURS[colour], "hatch": hatch, "edgecolor": "white", "linewidth": 0.8}
        axes.bar(places, table[name].to_numpy(), width, label=name, **look)
        for place in places[table[name].isna()]:
            axes.text(place, 0, " no value", rotation=90, ha="center", va="bottom", color=COLOURS["grey"], fontsize=8)
    axes.set_xticks(range(len(table)), table.index, rotation=30, ha="right", rotation_mode="anchor")
    axes.set(xlabel="genre", ylabel=label)
    if top is not None or scale == 100:
        axes.set_ylim(0, 100 if top is None else top)
    if chance is not None:
        axes.axhline(scale * chance, color=COLOURS["grey"], linestyle=":", label="chance")
    axes.grid(False, axis="x")
    legend_above(axes)
    return finished(figure, title, note)


@styled
def accuracy_strip(
    rows: Mapping[str, Result],
    *,
    metric: str = "accuracy",
    split: str = "test",
    reported: float | Mapping[str, float | None] | None = None,
    chance: float | None = None,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw one metric per seed with its mean and 95 % interval, a row per result, against the reported value.

    Parameters
    ----------
    rows : mapping of str to Result
        Name of each row, from top to bottom.
    metric, split : str
    reported : float, mapping or None
        Reported value in the metric's own unit (0 … 1), for all rows or by row name.
    chance : float or None
        What guessing scores; a dotted line.
    """
    if not rows:
        raise ParameterError("there is no result to draw; give at least one row")
    chosen = metrics.lookup(metric)
    scale = 100 if chosen.bounds[1] == 1 else 1
    figure = Card(figsize=(8.0, 1.3 + 0.5 * len(rows) + 0.4), layout="constrained")
    axes = figure.subplots()
    for place, (name, result) in enumerate(rows.items()):
        interval = result.interval(metric, split)
        values = scale * result.metric(metric, split).to_numpy()
        axes.plot([scale * interval.low, scale * interval.high], [place, place], color=COLOURS["blue"], linewidth=2.4)
        axes.plot(scale * interval.mean, place, "|", color=COLOURS["blue"], markersize=17, markeredgewidth=2.4)
        spread = place + np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else [place]
        look = {"s": 26, "facecolor": "white", "edgecolor": COLOURS["blue"], "zorder": 4}
        axes.scatter(values, spread, label="a seed" if place == 0 else None, **look)
        value = reported.get(name) if isinstance(reported, Mapping) else reported
        if value is not None:
            look = {"marker": "D", "s": 46, "color": COLOURS["vermilion"], "zorder": 5}
            shown = any(text.get_label() == "reported" for text in axes.collections)
            axes.scatter(scale * value, place, label=None if shown else "reported", **look)
    if chance is not None:
        axes.axvline(scale * chance, color=COLOURS["grey"], linestyle=":", label="chance")
    axes.plot([], [], color=COLOURS["blue"], linewidth=2.4, label="mean and 95 % interval")
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(f"{split} {chosen.label}{' (%)' if scale == 100 else ''}")
    axes.grid(False, axis="y")
    legend_above(axes)
    if note is None:
        lines = [f"{name}: {result.interval(metric, split).label}. {result.caption()}" for name, result in rows.items()]
        note = "\n".join(lines)
    return finished(figure, title, note)
