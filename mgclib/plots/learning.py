"""Figures of training: epoch by epoch, step by step, and by how much there is to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mgclib import metrics
from mgclib.errors import ParameterError
from mgclib.results import Result
from mgclib.style import COLOURS, CYCLE, Card, finished, legend_above, styled

__all__ = ["accuracy_by_clips", "accuracy_by_tracks", "learning_curves", "score_curves", "walks"]

CURVES = "Thin lines: seeds. Band: their range. Thick lines: their mean, as far as every seed trained."
WATCHED = {"validation": "validation", "test": "test (watched only)"}
SMOOTHED = 20
"""Batches whose mean loss is one point of a walk: a single batch says little."""

WALKS = ("-", (0, (4, 1.5)), ":", "-.", (0, (1, 1)), (0, (6, 1, 1, 1)))


@styled
def learning_curves(
    history: Result | pd.DataFrame, *, marked: int | None = None, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw accuracy and loss against epoch, for training and validation data (or the part that the run watched).

    Thin lines are seeds, the band spans them, the thick line is their mean as far as all seeds got; a dot marks
    the epoch of each seed whose weights were kept.

    Parameters
    ----------
    history : Result or pd.DataFrame
        Columns as in `mgclib.results.HISTORY_COLUMNS`.
    marked : int or None
        A dotted line at this epoch, when training went on after it.
    """
    watched = "validation"
    if isinstance(history, Result):
        watched = history.parameters.get("watch", watched)
        note = f"{history.caption()}\n{CURVES}" if note is None else note
        history = history.history
    if history.empty:
        raise ParameterError("there are no epochs to draw; this model has no learning curve")
    figure = Card(figsize=(8.6, 3.5), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, quantity, label, scale in zip(
        panels, ("accuracy", "loss"), ("accuracy (%)", "loss (cross-entropy, nats)"), (100, 1), strict=True
    ):
        for column, name, colour, dashes in (
            (quantity, "training", "blue", (0, (4, 1.5))),
            (f"val_{quantity}", WATCHED[watched], "vermilion", "-"),
        ):
            curves = scale * history.pivot_table(index="epoch", columns="seed", values=column)
            if not curves.empty:
                _curve(axes, curves, name, COLOURS[colour], dashes)
        _best_epochs(axes, history, quantity, scale)
        if marked is not None and history["epoch"].max() > marked:
            axes.axvline(marked, color=COLOURS["ink"], linestyle=":", zorder=1)
        axes.set(xlabel="epoch", ylabel=label, ylim=(0, 1.06 * axes.dataLim.ymax if quantity == "loss" else 100))
        axes.set_xlim(0.5, max(2, history["epoch"].max()) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend_above(panels[0])
    return finished(figure, title, note)


def _curve(axes: Axes, curves: pd.DataFrame, name: str, colour: str, dashes: Any) -> None:
    if len(curves) == 1:
        axes.plot(np.repeat(curves.index, curves.shape[1]), curves.to_numpy().ravel(), "o", color=colour, label=name)
        return
    if curves.shape[1] > 1:
        axes.plot(curves.index, curves, color=colour, linewidth=0.6, alpha=0.45)
        axes.fill_between(curves.index, curves.min(axis=1), curves.max(axis=1), color=colour, alpha=0.13, linewidth=0)
    everyone = curves.dropna()
    axes.plot(everyone.index, everyone.mean(axis=1), color=colour, linestyle=dashes, linewidth=1.9, label=name)


def _best_epochs(axes: Axes, history: pd.DataFrame, quantity: str, scale: float) -> None:
    best = history[history["best"].astype(bool)]
    if best.empty:
        return
    heights = best[f"val_{quantity}"].fillna(best[quantity]) * scale
    look = {"s": 34, "facecolor": "white", "edgecolor": COLOURS["ink"], "linewidth": 1.3, "zorder": 5}
    axes.scatter(best["epoch"], heights, label="the epoch that counts", **look)


@styled
def walks(table: pd.DataFrame, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw the loss of each step of a training, and how far from their start all weights together have come.

    Parameters
    ----------
    table : pd.DataFrame
        From `mgclib.models.descent.walk`: columns ``run, step, loss, distance``.

    Notes
    -----
    Notebook: ``cnn_2d_cs464``. Source: CS464 report, section 2.4 ("Adam converges faster than SGD").
    """
    if not 1 <= table["run"].nunique() <= len(WALKS):
        raise ParameterError(
            f"{table['run'].nunique()} walks cannot be drawn; give 1 to {len(WALKS)} runs of mgclib.models.descent.walk"
        )
    figure = Card(figsize=(8.6, 3.4), layout="constrained")
    loss, distance = figure.subplots(1, 2)
    for (name, run), colour, dashes in zip(table.groupby("run", sort=False), CYCLE, WALKS, strict=False):
        look = {"color": COLOURS[colour], "linestyle": dashes, "linewidth": 1.8, "label": name}
        loss.plot(run["step"], run["loss"].rolling(SMOOTHED, min_periods=1).mean(), **look)
        distance.plot(run["step"], run["distance"], **look)
    loss.set(xlabel="step", ylabel=f"training loss (nats, last {SMOOTHED} batches)")
    distance.set(xlabel="step", ylabel="distance from the start", yscale="log")
    legend_above(loss)
    return finished(figure, title, note)


@styled
def accuracy_by_clips(
    tables: Mapping[str, pd.DataFrame],
    *,
    chance: float | None = None,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw test accuracy against the number of training clips, a panel per build, with Wilson's 95 % intervals.

    Parameters
    ----------
    tables : mapping of str to pd.DataFrame
        For each panel, a row per training: columns ``clips per genre``, ``steps`` (the same for all), ``right`` and
        ``clips`` (test clips named rightly, and all of them).
    chance : float [0 … 1] or None
        What guessing scores; a dotted line.

    Notes
    -----
    Notebook: ``cnn_2d_cs464``. Source: CS464 report, section 4 ("800 data for training and 10 classes").
    """
    if not tables or any(rounds.empty for rounds in tables.values()):
        raise ParameterError("there is no training to draw; give at least one table with a row")
    figure = Card(figsize=(1.6 + 3.4 * len(tables), 3.2), layout="constrained")
    panels = figure.subplots(1, len(tables), squeeze=False, sharey=True)[0]
    for axes, (name, rounds) in zip(panels, tables.items(), strict=True):
        sizes = rounds["clips per genre"]
        ends = [metrics.wilson(*hits) for hits in zip(rounds["right"], rounds["clips"], strict=True)]
        axes.vlines(sizes, *(100 * np.transpose(ends)), color=COLOURS["blue"], linewidth=1.9)
        axes.plot(sizes, 100 * rounds["right"] / rounds["clips"], "o-", color=COLOURS["blue"])
        if chance is not None:
            axes.axhline(100 * chance, color=COLOURS["grey"], linestyle=":")
        axes.set_title(f"{name}, {rounds['steps'].max():,} steps")
        axes.set(xlabel="training clips per genre", ylim=(0, 100))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    figure.supylabel("test accuracy (%)", fontsize=10)
    return finished(figure, title, note)


@styled
def accuracy_by_tracks(
    table: pd.DataFrame, *, chance: float | None = None, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw accuracy against the number of training tracks: how far it is from training to test, and what weights do.

    Left, the even sets: training, validation and test clips. Right, test clips only: even sets, and uneven sets with
    and without class weights. A point is a training, a line joins the means over the seeds.

    Parameters
    ----------
    table : pd.DataFrame
        From `mgclib.learning_curve.learning_curve`.
    chance : float [0 … 1] or None
        What guessing scores; a dotted line.

    Notes
    -----
    Notebook: ``cnn_2d_first_attempts``. Source: techno report, "CNN First Attempts".
    """
    if table.empty:
        raise ParameterError("there is no training to draw; give the table that learning_curve makes")
    even, uneven = table[~table["uneven"]], table[table["uneven"]]
    figure = Card(figsize=(8.6, 3.7), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for part, colour, dashes in (
        ("train", "blue", (0, (4, 1.5))),
        ("validation", "green", (0, (1, 1))),
        ("test", "vermilion", "-"),
    ):
        name = "training" if part == "train" else part
        _by_tracks(left, even, f"{part}_accuracy", COLOURS[colour], dashes, name)
    _by_tracks(right, even, "test_accuracy", COLOURS["vermilion"], "-", "even")
    for weights, name, colour, dashes in ((False, "uneven", "grey", ":"), (True, "uneven, weights", "purple", "--")):
        _by_tracks(right, uneven[uneven["weights"] == weights], "test_accuracy", COLOURS[colour], dashes, name)
    for axes in (left, right):
        if chance is not None:
            axes.axhline(100 * chance, color=COLOURS["grey"], linestyle=":", linewidth=1)
        axes.set_xscale("log", base=2)
        ticks = sorted(even["tracks_per_genre"].unique())
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set(xlabel="training tracks per genre (mean)", ylim=(0, 103))
        legend_above(axes)
    left.set_ylabel("accuracy (%)")
    return finished(figure, title, note)


def _by_tracks(axes: Axes, table: pd.DataFrame, column: str, colour: str, dashes: Any, name: str) -> None:
    if table.empty:
        return
    means = table.groupby("asked")[["tracks_per_genre", column]].mean()
    axes.scatter(table["tracks_per_genre"], 100 * table[column], s=20, facecolor="white", edgecolor=colour, zorder=4)
    look = {"color": colour, "linestyle": dashes, "linewidth": 1.9, "label": name}
    axes.plot(means["tracks_per_genre"], 100 * means[column], **look)


@styled
def score_curves(
    results: Mapping[str, Result], column: str = "val_f1", *, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw a share of the history of several networks against the epoch: thin lines are seeds, thick ones their means.

    Parameters
    ----------
    results : mapping of str to Result
        By the name of the line, at most seven.
    column : str
        Of `Result.history`.

    Raises
    ------
    ParameterError
        When no history has the column.
    """
    drawn = {name: one.history for name, one in results.items() if column in one.history}
    if not drawn:
        raise ParameterError(f"no history has the column {column!r}; train with follow_f1=True to have val_f1")
    figure = Card(figsize=(8.6, 3.9), layout="constrained")
    axes = figure.subplots()
    for (name, history), colour, shape in zip(drawn.items(), CYCLE, "os^DvPX", strict=False):
        curves = 100 * history.pivot_table(index="epoch", columns="seed", values=column)
        if curves.shape[1] > 1:
            axes.plot(curves.index, curves, color=COLOURS[colour], linewidth=0.6, alpha=0.4)
        mean = curves.dropna().mean(axis=1)
        every = max(1, len(mean) // 10)
        look = {"color": COLOURS[colour], "marker": shape, "markersize": 5, "markevery": every, "linewidth": 1.9}
        axes.plot(mean.index, mean, label=name, **look)
    axes.set(xlabel="epoch", ylabel="F1 of validation clips (%)", ylim=(0, 100))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend_above(axes)
    return finished(figure, title, note)
