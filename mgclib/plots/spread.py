"""Figures of how far runs scatter, and of what a vote over the snippets of a track makes of them.

Notebooks: ``cnn_2d``, ``cnn_2d_gtzan``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mgclib import metrics
from mgclib.errors import ParameterError
from mgclib.results import Result
from mgclib.style import COLOURS, Card, finished, legend_above, styled

__all__ = ["snippet_votes", "spread"]

SAMPLE = "Circles: single runs. Bar and tick: their mean with its 95 % t-interval, as if runs were independent draws."


@styled
def spread(
    rows: Mapping[str, Sequence[float]],
    *,
    reported: Sequence[str] = (),
    marks: Mapping[str, float] | None = None,
    mark_label: str = "",
    label: str = "weighted F1 (%)",
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw a score of several runs, a row for each set of them, with its mean and 95 % t-interval.

    Unlike `accuracy_strip` it needs only the numbers, so a report's printed runs can be drawn like ours.

    Parameters
    ----------
    rows : mapping of str to sequence of float [0 … 1]
        Name of each row and its runs, from top to bottom; a single run has no interval.
    reported : sequence of str
        Rows that a report prints: drawn in another colour, with filled circles.
    marks : mapping of str to float [0 … 1], optional
        A short dashed line in a row, for something that those runs are compared with.
    mark_label : str
        What the dashed lines are.
    label : str
        Name and unit of the axis.

    Raises
    ------
    ParameterError
        When there is nothing to draw, or a mark is in no row.

    Notes
    -----
    Notebook: ``cnn_2d``.
    """
    marks = dict(marks or {})
    if not rows or any(len(values) == 0 for values in rows.values()):
        raise ParameterError("there is no run to draw; give at least one row with a number")
    if strange := [name for name in (*marks, *reported) if name not in rows]:
        raise ParameterError(f"there is no row {strange[0]!r}; the rows are {', '.join(rows)}")
    figure = Card(figsize=(8.0, 1.7 + 0.5 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, (name, runs) in enumerate(rows.items()):
        values = 100 * np.asarray(runs, dtype=float)
        colour = COLOURS["vermilion" if name in reported else "blue"]
        if len(values) > 1:
            interval = metrics.t_interval(values / 100)
            axes.plot([100 * interval.low, 100 * interval.high], [place, place], color=colour, linewidth=2.4)
            axes.plot(100 * interval.mean, place, "|", color=colour, markersize=17, markeredgewidth=2.4)
        heights = place + np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else [place]
        face = colour if name in reported else "white"
        axes.scatter(values, heights, s=28, facecolor=face, edgecolor=colour, zorder=4)
        if name in marks:
            axes.plot([100 * marks[name]] * 2, [place - 0.42, place + 0.42], **_dashes(mark_label))
            mark_label = ""
    axes.plot([], [], "o-", color=COLOURS["vermilion"], label="the report's runs")
    axes.plot([], [], "o-", color=COLOURS["blue"], markerfacecolor="white", label="ours")
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(label)
    axes.grid(False, axis="y")
    legend_above(axes)
    return finished(figure, title, SAMPLE if note is None else note)


def _dashes(label: str) -> dict[str, object]:
    return {"color": COLOURS["ink"], "linestyle": (0, (3, 2)), "linewidth": 1.8, "label": label or None, "zorder": 5}


@styled
def snippet_votes(
    result: Result, tracks: Sequence[str], *, seed: int, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw what a network says to each snippet of some test tracks, and what their mean says.

    Parameters
    ----------
    result : Result
    tracks : sequence of str
        Track ids; a panel each.
    seed : int
        Whose test part they are from.

    Raises
    ------
    ParameterError
        When a track is not among the test tracks of the seed.

    Notes
    -----
    Notebook: ``cnn_2d_gtzan``. The report scores snippets only; the vote is ours.
    """
    table = result.select("test", seed)
    known = set(table["track_id"])
    if not len(tracks) or any(track not in known for track in tracks):
        raise ParameterError(f"tracks={list(tracks)!r} must be among the {len(known)} test tracks of seed {seed}")
    groups = [table[table["track_id"] == track] for track in tracks]
    lines = [len(group) + 1 for group in groups]
    side = 2.3 + 0.62 * len(result.genres)
    figure = Card(figsize=(max(6.0, side), 0.9 + 0.36 * sum(lines) + 0.55 * len(groups)), layout="constrained")
    panels = figure.subplots(len(groups), 1, squeeze=False, height_ratios=lines)[:, 0]
    for axes, track, group in zip(panels, tracks, groups, strict=True):
        _votes(axes, track, group, result.genres, last=axes is panels[-1])
    if note is None:
        note = "Probabilities in per cent; framed: the largest of each row. The vote is the mean of the rows above it."
        note = f"{note}\n{result.caption()}"
    return finished(figure, title, note)


def _votes(axes: Axes, track: str, group: pd.DataFrame, genres: tuple[str, ...], *, last: bool) -> None:
    values = 100 * group[[f"p_{genre}" for genre in genres]].to_numpy(dtype=float)
    values = np.vstack([values, values.mean(axis=0)])
    genre = group["genre"].iloc[0]
    names = [f"snippet {k}" for k in range(1, len(group) + 1)] + ["vote"]
    right = [genres[row.argmax()] == genre for row in values]
    written = np.where(values >= 0.5, np.char.mod("%.0f", values), "")
    seaborn.heatmap(values, ax=axes, cmap="Blues", vmin=0, vmax=100, annot=written, fmt="", cbar=False)
    for place, (row, ok) in enumerate(zip(values, right, strict=True)):
        look = {
            "fill": False,
            "edgecolor": COLOURS["green" if ok else "vermilion"],
            "linewidth": 2.4,
            "clip_on": False,
            "zorder": 5,
        }
        axes.add_patch(Rectangle((row.argmax(), place), 1, 1, **look))
    axes.axhline(len(group), color="white", linewidth=5)
    words = [f"{name} {'✓' if ok else '✗'}" for name, ok in zip(names, right, strict=True)]
    axes.set_yticks(np.arange(len(values)) + 0.5, words, rotation=0)
    labels = list(genres) if last else []
    axes.set_xticks(np.arange(len(labels)) + 0.5, labels, rotation=35, ha="right", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.set_title(f"{track}, {genre}")
