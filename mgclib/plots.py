"""Figures of the book, from arrays and results.

Every figure stands on a white card, so that it reads the same on a light and on a dark page; colours are those of
Okabe and Ito, which colour-blind readers can tell apart, and never carry a meaning alone. Functions return a
`Figure` that shows itself in a notebook; nothing is displayed on the side and no global state changes. What cannot be
drawn (nothing to show, arrays and names that do not fit together) raises `ParameterError`. `title` and `note`, where
given, stand above and below the figure; the note of a `Result` is its caption.

Notebooks: ``svm_pixels``, ``cnn_2d``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import librosa
import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mgclib import metrics
from mgclib.errors import ParameterError
from mgclib.results import Result
from mgclib.style import COLOURS, CYCLE, Card, finished, styled, use_house_style

__all__ = [
    "COLOURS",
    "Card",
    "accuracy_strip",
    "confusion",
    "image_grid",
    "learning_curves",
    "mel_grid",
    "report_bars",
    "use_house_style",
    "waveform",
]

ROWS = "Pixel rows count from the top: low frequencies are at the bottom."
CURVES = "Thin lines: seeds. Band: their range. Thick lines: their mean, as far as every seed trained."
WATCHED = {"validation": "validation", "test": "test (watched only)"}
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
def learning_curves(history: Result | pd.DataFrame, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw accuracy and loss against epoch, for training and validation data (or the part that the run watched).

    Thin lines are seeds, the band spans them, the thick line is their mean as far as all seeds got; a dot marks
    the epoch of each seed whose weights were kept.

    Parameters
    ----------
    history : Result or pd.DataFrame
        Columns as in `mgclib.results.HISTORY_COLUMNS`.
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
        axes.set(xlabel="epoch", ylabel=label, ylim=(0, 1.06 * axes.dataLim.ymax if quantity == "loss" else 100))
        axes.set_xlim(0.5, max(2, history["epoch"].max()) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _legend_above(panels[0])
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
def mel_grid(
    mels: np.ndarray,
    titles: Sequence[str],
    spec: Any = None,
    seconds: float | None = None,
    *,
    columns: int = 5,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw log-mel spectrograms side by side.

    Parameters
    ----------
    mels : np.ndarray [shape=(n, n_mels, n_frames), dB]
    titles : sequence of n str
    spec : MelSpec or None
        Gives the frequency axis in Hz; without it the axis counts mel bands.
    seconds : float > 0 or None
        Length of a clip; None: from `spec`, else the axis counts frames.
    columns : int > 0
        Pictures per row.
    """
    mels = np.asarray(mels, dtype=float)
    if mels.ndim != 3 or len(mels) != len(titles) or not len(mels):
        raise ParameterError(
            f"mels of shape {mels.shape} do not fit {len(titles)} titles; expected (n, n_mels, n_frames)"
        )
    if seconds is None and spec is not None:
        seconds = mels.shape[2] * spec.hop_length / spec.sample_rate
    figure, panels = _grid(len(mels), columns, 2.0, 1.75)
    width = seconds if seconds is not None else mels.shape[2]
    low = min(-1.0, float(np.nanmin(mels)))
    for axes, mel, name in zip(panels.flat, mels, titles, strict=False):
        extent = (0, width, -0.5, mel.shape[0] - 0.5)
        image = axes.imshow(
            mel, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=0, interpolation="nearest"
        )
        axes.set_title(name)
        axes.grid(False)
        if spec is not None:
            axes.set_yticks(*_frequency_ticks(spec))
    _outer_labels(
        figure,
        panels,
        "time (s)" if seconds is not None else "frame",
        "frequency (Hz, mel scale)" if spec is not None else "mel band",
    )
    figure.colorbar(image, ax=panels.ravel().tolist(), label="level (dB re loudest)", shrink=0.9, aspect=30)
    return finished(figure, title, note)


def _frequency_ticks(spec: Any) -> tuple[np.ndarray, list[str]]:
    top = spec.fmax or spec.sample_rate / 2
    centres = librosa.mel_frequencies(n_mels=spec.n_mels + 2, fmin=spec.fmin, fmax=top)[1:-1]
    wanted = np.array([f for f in (250, 1000, 2000, 4000, 8000, 16000) if centres[0] <= f <= centres[-1]])
    names = [f"{f // 1000}k" if f >= 1000 else str(f) for f in wanted]
    return np.interp(wanted, centres, np.arange(spec.n_mels)), names


@styled
def image_grid(
    images: np.ndarray,
    titles: Sequence[str],
    *,
    columns: int = 5,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw the pictures that a model is given, pixel for pixel.

    Parameters
    ----------
    images : np.ndarray [shape=(n, height, width), (n, height, width, 1) or (n, height, width, 3), uint8]
    titles : sequence of n str
    """
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    fits = images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)
    if not fits or len(images) != len(titles) or not len(images):
        raise ParameterError(
            f"images of shape {images.shape} do not fit {len(titles)} titles; expected (n, height, width[, 3])"
        )
    height, width = images.shape[1:3]
    cell = 1.9
    figure, panels = _grid(len(images), columns, cell, float(np.clip(cell * height / width, 0.8, 2.6)) + 0.25)
    for axes, image, name in zip(panels.flat, images, titles, strict=False):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(name)
        axes.set_xticks([0, width - 1], ["1", str(width)])
        axes.set_yticks([0, height - 1], ["1", str(height)])
        axes.grid(False)
    _outer_labels(figure, panels, "time (pixels)", "frequency (pixels)")
    return finished(figure, title, ROWS if note is None else note)


def _grid(count: int, columns: int, width: float, height: float) -> tuple[Figure, np.ndarray]:
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    figure = Card(figsize=(width * columns + 1.3, height * rows + 0.7), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in panels.flat[count:]:
        axes.set_visible(False)
    for axes in panels[-2][count - (rows - 1) * columns :] if rows > 1 else []:
        axes.tick_params(labelbottom=True)
    return figure, panels


def _outer_labels(figure: Figure, panels: np.ndarray, horizontal: str, vertical: str) -> None:
    for axes in panels[-1]:
        if axes.get_visible():
            axes.set_xlabel(horizontal)
    figure.supylabel(vertical, fontsize=10)


@styled
def report_bars(
    columns: Mapping[str, pd.Series] | pd.DataFrame,
    *,
    label: str = "F1 (%)",
    scale: float = 100,
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
    """
    table = pd.DataFrame(dict(columns)).dropna(axis=1, how="all") * scale
    if table.empty:
        raise ParameterError("there is no value to draw; give at least one column with numbers")
    figure = Card(figsize=(max(5.0, 1.6 + 0.72 * len(table)), 3.6), layout="constrained")
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
    if scale == 100:
        axes.set_ylim(0, 100)
    axes.grid(False, axis="x")
    _legend_above(axes)
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
    _legend_above(axes)
    if note is None:
        lines = [f"{name}: {result.interval(metric, split).label}. {result.caption()}" for name, result in rows.items()]
        note = "\n".join(lines)
    return finished(figure, title, note)


@styled
def waveform(
    y: np.ndarray, sample_rate: int = 22050, *, title: str | None = None, note: str | None = None, bins: int = 1500
) -> Figure:
    """Draw samples against time; a long clip as the least and greatest sample of each of `bins` stretches.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), -1 … 1]
    sample_rate : int > 0 [Hz]
    """
    y = np.asarray(y, dtype=float)
    if y.ndim != 1 or not len(y):
        raise ParameterError(f"a waveform of shape {y.shape} cannot be drawn; expected (n,) with n > 0")
    figure = Card(figsize=(8.0, 2.5), layout="constrained")
    axes = figure.subplots()
    starts = np.unique(np.linspace(0, len(y), min(bins, len(y)), endpoint=False).astype(int))
    if len(starts) == len(y):
        axes.plot(np.arange(len(y)) / sample_rate, y, color=COLOURS["blue"], linewidth=1)
    else:
        low, high = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
        axes.fill_between(starts / sample_rate, low, high, color=COLOURS["blue"], linewidth=0.3)
    axes.set(xlabel="time (s)", ylabel="amplitude (1 = full)", ylim=(-1.02, 1.02), xlim=(0, len(y) / sample_rate))
    return finished(figure, title, note)


def _legend_above(axes: Axes) -> None:
    columns = len(axes.get_legend_handles_labels()[1])
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=columns, borderaxespad=0.2, columnspacing=1.4)
