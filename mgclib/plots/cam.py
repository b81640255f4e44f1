"""Figures of class activation maps: over their spectrogram, alone, as a sum, after randomising, on average.

A map is drawn as a tint (none: nothing speaks for the genre; full: the strongest place of this picture) with a line
around what is above half of the maximum. Right and wrong answers carry a mark, not a colour alone.

Source: AGH report, "CAM Visualization". Notebook: ``cam``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import librosa
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.features import MelSpec
from mgclib.plots.mel import mel_axis
from mgclib.style import COLOURS, Card, finished, styled

__all__ = ["cam_means", "cam_overlay", "cam_samples", "cam_stages", "cam_sum"]

TINT = LinearSegmentedColormap.from_list("tint", ["#FFFFFF", "#FBC98E", COLOURS["vermilion"], "#7A3200"])
SIGNED = LinearSegmentedColormap.from_list("signed", [COLOURS["blue"], "#FFFFFF", COLOURS["vermilion"]])
SHARE = "share of the map's maximum"
FREQUENCY = "frequency (Hz, mel scale)"
HALF = 0.5
FEW = (500, 2000, 8000)
"""Frequencies in Hz that are written on the axis of a small picture."""
MARKS = {True: "✓", False: "✗"}


@styled
def cam_overlay(
    picture: np.ndarray,
    values: np.ndarray,
    spec: MelSpec,
    seconds: float,
    *,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw one picture as the network is given it, and its map over it.

    Parameters
    ----------
    picture : np.ndarray [shape=(height, width), (height, width, 1) or (height, width, 3), uint8]
        Row 0 is the highest band.
    values : np.ndarray [shape=(rows, columns)]
        The map; drawn in shares of its maximum, what is negative as 0.
    spec : MelSpec
        Gives the frequency axis in Hz.
    seconds : float > 0
        Length of the clip.
    """
    figure = Card(figsize=(8.0, 4.4), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    for axes in panels:
        _picture(axes, picture, spec, seconds)
    _map(panels[1], values, spec, seconds, over=True)
    panels[1].set_xlabel("time (s)")
    return _with_bar(figure, panels, title, note)


@styled
def cam_samples(
    samples: pd.DataFrame,
    spec: MelSpec,
    seconds: float,
    pictures: np.ndarray | None = None,
    *,
    columns: int = 3,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw the maps of several clips: below their spectrograms, or alone where those may not be shown.

    Parameters
    ----------
    samples : pd.DataFrame
        Columns ``genre, predicted, probability [0 … 1], right`` and ``map`` (np.ndarray [shape=(rows, columns)]).
    spec, seconds
        See `cam_overlay`.
    pictures : np.ndarray [shape=(n, height, width[, channels]), uint8] or None
        Of each sample; None: maps alone.
    columns : int > 0
        Clips beside each other.
    """
    if samples.empty or (pictures is not None and len(pictures) != len(samples)):
        given = "no pictures" if pictures is None else f"{len(pictures)} pictures"
        raise ParameterError(f"{len(samples)} samples with {given} cannot be drawn; expected at least one, aligned")
    columns = max(1, min(columns, len(samples)))
    rows, deep = -(-len(samples) // columns), 1 if pictures is None else 2
    figure = Card(figsize=(2.7 * columns + 1.3, rows * (0.45 + 1.05 * deep) + 0.5), layout="constrained")
    panels = figure.subplots(rows * deep, columns, squeeze=False, sharex=True, sharey=True)
    for number, one in enumerate(samples.itertuples()):
        row, column = divmod(number, columns)
        own = panels[row * deep : (row + 1) * deep, column]
        if pictures is not None:
            for axes in own:
                _picture(axes, pictures[number], spec, seconds)
        _map(own[-1], one.map, spec, seconds, over=pictures is not None)
        own[0].set_title(_told(one), fontsize=9.5, color=COLOURS["ink" if one.right else "vermilion"])
        if number + columns >= len(samples):
            own[-1].set_xlabel("time (s)")
            own[-1].tick_params(labelbottom=True)
    for number in range(len(samples), rows * columns):
        row, column = divmod(number, columns)
        for axes in panels[row * deep : (row + 1) * deep, column]:
            axes.set_visible(False)
    return _with_bar(figure, panels, title, note)


@styled
def cam_means(
    means: pd.DataFrame,
    spec: MelSpec,
    seconds: float,
    *,
    columns: int = 4,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw the mean map of each genre with its means over frequency (above it) and over time (to its right).

    Parameters
    ----------
    means : pd.DataFrame
        From `mgclib.cam.mean_maps`: columns ``genre, clips, map``.
    spec, seconds
        See `cam_overlay`.
    """
    if means.empty:
        raise ParameterError("there is no mean map to draw; expected at least one genre")
    columns = max(1, min(columns, len(means)))
    rows = -(-len(means) // columns)
    figure = Card(figsize=(max(5.0, 2.35 * columns + 1.2), max(3.2, 1.95 * rows + 0.5)), layout="constrained")
    outer = figure.add_gridspec(2 * rows, 2 * columns, width_ratios=(4, 1) * columns, height_ratios=(1, 3) * rows)
    top = max(float(one.max()) for one in means["map"])
    over_time = max(float(one.mean(axis=0).max()) for one in means["map"])
    over_bands = max(float(one.mean(axis=1).max()) for one in means["map"])
    for number, one in enumerate(means.itertuples()):
        row, column = divmod(number, columns)
        above, axes, beside = (
            figure.add_subplot(outer[2 * row + down, 2 * column + right]) for down, right in ((0, 0), (1, 0), (1, 1))
        )
        low, high = _extent(spec)
        axes.imshow(one.map, cmap=TINT, vmin=0, vmax=top, aspect="auto", extent=(0, seconds, low, high))
        _bands(axes, spec)
        _profile(above, one.map.mean(axis=0), (0, seconds), over_time)
        _profile(beside, one.map.mean(axis=1), (high, low), over_bands, upright=True)
        beside.set_ylim(axes.get_ylim())
        above.set_title(f"{one.genre} (n = {one.clips})", fontsize=9.5)
        axes.tick_params(labelleft=column == 0, labelbottom=number + columns >= len(means), labelsize=8)
        if number + columns >= len(means):
            axes.set_xlabel("time (s)")
    figure.supylabel(FREQUENCY, fontsize=10)
    label = "mean of the clips' maps,\neach in shares of its maximum"
    figure.colorbar(ScalarMappable(Normalize(0, top), TINT), ax=figure.axes, label=label, shrink=0.9, aspect=35)
    return finished(figure, title, note)


@styled
def cam_sum(
    maps: np.ndarray,
    weights: np.ndarray,
    spec: MelSpec,
    seconds: float,
    *,
    count: int = 4,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw how a class activation map is added up: the feature maps that matter most, times their weights.

    Parameters
    ----------
    maps : np.ndarray [shape=(k, rows, columns)]
        The last feature maps.
    weights : np.ndarray [shape=(k,)]
        The genre's weight of each (`mgclib.cam.contributions`).
    spec, seconds
        See `cam_overlay`.
    count : int, 1 … k
        How many to draw: those whose share of the score, weight times mean, is farthest from zero. The sums have a
        colour scale of their own.
    """
    maps, weights = np.asarray(maps), np.asarray(weights)
    if maps.ndim != 3 or weights.shape != (len(maps),) or not 1 <= count <= len(maps):
        raise ParameterError(f"{count} of maps of shape {maps.shape} with {weights.shape} weights cannot be drawn")
    weighted = maps * weights[:, None, None]
    order = np.abs(weighted.mean(axis=(1, 2))).argsort()[::-1]
    shown, rest = order[:count], order[count:]
    figure = Card(figsize=(1.75 * (count + 2) + 1.0, 3.7), layout="constrained")
    panels = figure.subplots(2, count + 2, sharex=True, sharey=True)
    single = float(np.abs(weighted[shown]).max()) or 1.0
    sums = [weighted[rest].sum(axis=0), weighted.sum(axis=0)]
    whole = max(float(np.abs(one).max()) for one in sums) or 1.0
    bright = float(maps[shown].max()) or 1.0
    for column, number in enumerate(shown):
        _cells(panels[0, column], maps[number], spec, seconds, TINT, (0, bright))
        _cells(panels[1, column], weighted[number], spec, seconds, SIGNED, (-single, single))
        sign = "−" if weights[number] < 0 else "+"
        panels[0, column].set_title(f"feature map {number}", fontsize=9.5)
        panels[1, column].set_title(f"{sign} {abs(weights[number]):.2f} × map {number}", fontsize=9.5)
    for axes, one in zip(panels[1, count:], sums, strict=True):
        _cells(axes, one, spec, seconds, SIGNED, (-whole, whole))
    panels[1, count].set_title(f"+ the other {len(rest)}", fontsize=9.5)
    panels[1, count + 1].set_title("= the map", fontsize=10.5, weight="bold")
    for axes in panels[1]:
        axes.set_xlabel("time (s)")
    for axes in panels[0, count:]:
        axes.set_visible(False)
    figure.supylabel(FREQUENCY, fontsize=10)
    bars = (
        (panels[0, :count], TINT, (0, bright), "activity"),
        (panels[1, :count], SIGNED, (-single, single), "against · for"),
        (panels[1, count:], SIGNED, (-whole, whole), "against · for"),
    )
    for row, colours, limits, label in bars:
        figure.colorbar(ScalarMappable(Normalize(*limits), colours), ax=list(row), label=label, shrink=0.9)
    return finished(figure, title, note)


@styled
def cam_stages(
    maps: np.ndarray,
    rows: Sequence[str],
    stages: Sequence[str],
    spec: MelSpec,
    seconds: float,
    *,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw the maps of some clips (rows) by several networks (columns), the first of which is the trained one.

    Below each of the others stands its rank correlation with the first of its row: 1 for the same order of places,
    0 for none in common.

    Parameters
    ----------
    maps : np.ndarray [shape=(n_clips, n_stages, rows, columns)]
        Raw maps; each is drawn in shares of its own greatest absolute value.
    rows : sequence of n_clips str
    stages : sequence of n_stages str
    spec, seconds
        See `cam_overlay`.
    """
    maps = np.asarray(maps)
    if maps.ndim != 4 or maps.shape[:2] != (len(rows), len(stages)) or not maps.size:
        raise ParameterError(f"maps of shape {maps.shape} do not fit {len(rows)} clips and {len(stages)} stages")
    figure = Card(figsize=(1.9 * len(stages) + 1.6, 1.5 * len(rows) + 0.6), layout="constrained")
    panels = figure.subplots(len(rows), len(stages), squeeze=False, sharex=True, sharey=True)
    for row, clip in enumerate(maps):
        for column, one in enumerate(clip):
            axes = panels[row, column]
            _cells(axes, one / (np.abs(one).max() or 1.0), spec, seconds, SIGNED, (-1, 1))
            heading = stages[column] + "\n" if row == 0 else ""
            alike = pd.Series(clip[0].ravel()).corr(pd.Series(one.ravel()), method="spearman")
            axes.set_title(heading + (rows[row] if column == 0 else f"ρ = {alike:.2f}"), fontsize=9)
    for axes in panels[-1]:
        axes.set_xlabel("time (s)")
    figure.supylabel(FREQUENCY, fontsize=10)
    label = "share of the map's\ngreatest value"
    figure.colorbar(ScalarMappable(Normalize(-1, 1), SIGNED), ax=panels, label=label, shrink=0.9, aspect=30)
    return finished(figure, title, note)


def _told(one: Any) -> str:
    """Return the title of a sample: a mark, the genre, and what the network said."""
    said = "" if one.right else f", taken for {one.predicted}"
    return f"{MARKS[bool(one.right)]} {one.genre}{said}, {100 * one.probability:.0f} %"


def _ends(spec: MelSpec) -> tuple[float, float]:
    return spec.fmin, spec.fmax or spec.sample_rate / 2


def _bands(axes: Axes, spec: MelSpec) -> None:
    """Give an axis in mels few enough ticks in Hz for a small picture."""
    mel_axis(axes, *_ends(spec))
    marks = [f for f in FEW if _ends(spec)[0] <= f <= _ends(spec)[1]]
    axes.set_yticks(librosa.hz_to_mel(marks), [f"{f // 1000}k" if f >= 1000 else str(f) for f in marks])


def _extent(spec: MelSpec) -> tuple[float, float]:
    """Return the lower and upper end, in mels, of what the rows of a picture cover."""
    low, high = librosa.hz_to_mel(_ends(spec))
    half = (high - low) / (spec.n_mels + 1) / 2
    return float(low + half), float(high - half)


def _picture(axes: Axes, picture: np.ndarray, spec: MelSpec, seconds: float) -> None:
    picture = np.asarray(picture)
    grey = picture[..., 0] if picture.ndim == 3 and picture.shape[-1] == 1 else picture
    axes.imshow(grey, cmap="gray", vmin=0, vmax=255, aspect="auto", extent=(0, seconds, *_extent(spec)))
    _bands(axes, spec)


def _map(axes: Axes, values: np.ndarray, spec: MelSpec, seconds: float, *, over: bool) -> None:
    """Draw a map in shares of its maximum, over a picture or alone, with a line at half of it."""
    values = np.clip(np.asarray(values, float), 0, None)
    share = values / (values.max() or 1.0)
    low, high = _extent(spec)
    place = {"aspect": "auto", "extent": (0, seconds, low, high), "vmin": 0, "vmax": 1, "cmap": TINT}
    if over:
        axes.imshow(share, alpha=np.minimum(1, 1.5 * share) * 0.6, interpolation="nearest", **place)
    else:
        axes.imshow(share, interpolation="nearest", **place)
        _bands(axes, spec)
    rows, columns = share.shape
    if share.max() > 0:
        x = np.r_[0, np.arange(columns) + 0.5, columns] * seconds / columns
        y = high - np.r_[0, np.arange(rows) + 0.5, rows] * (high - low) / rows
        axes.contour(x, y, np.pad(share, 1), levels=[HALF], colors=COLOURS["sky" if over else "ink"], linewidths=1.2)


def _cells(
    axes: Axes, values: np.ndarray, spec: MelSpec, seconds: float, colours: Any, limits: tuple[float, float]
) -> None:
    axes.imshow(
        values, cmap=colours, vmin=limits[0], vmax=limits[1], aspect="auto", extent=(0, seconds, *_extent(spec))
    )
    _bands(axes, spec)


def _profile(axes: Axes, values: np.ndarray, ends: tuple[float, float], top: float, upright: bool = False) -> None:
    """Draw a row of means as steps along a side of its map."""
    places = np.linspace(*ends, len(values) + 1)
    look = {"fill": True, "color": COLOURS["orange"], "edgecolor": COLOURS["vermilion"], "linewidth": 0.8}
    if upright:
        axes.stairs(values[::-1], places[::-1], orientation="horizontal", **look)
        axes.set_xlim(0, 1.05 * top)
    else:
        axes.stairs(values, places, **look)
        axes.set_ylim(0, 1.05 * top)
        axes.set_xlim(*ends)
    axes.axis("off")


def _with_bar(figure: Figure, panels: np.ndarray, title: str | None, note: str | None) -> Figure:
    figure.supylabel(FREQUENCY, fontsize=10)
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), TINT), ax=panels, label=SHARE, shrink=0.9, aspect=30)
    bar.ax.axhline(HALF, color=COLOURS["ink"], linewidth=1.2)
    return finished(figure, title, note)
