"""Figures of augmentation: clips before and after, and what each change is worth.

Notebooks: ``augmentation``, ``best_recipe``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import librosa
import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, Card, finished, styled, whiskers

__all__ = ["ablation_gains", "augmented", "genre_shares_label", "steps"]

HERTZ = (256, 1024, 4096)
COLOURS_SHOWN = 48
"""A gallery has many pictures; with fewer colours its file is half as large."""


def genre_shares_label(shares: np.ndarray, genres: Sequence[str]) -> str:
    """Return the genres of a clip in words: ``jazz``, or ``0.70 jazz + 0.30 rock``, the larger share first.

    Parameters
    ----------
    shares : np.ndarray [shape=(n_genres,), sum 1]
    genres : sequence of n_genres str
    """
    order = [k for k in np.argsort(-np.asarray(shares), kind="stable") if shares[k] >= 0.005]
    if len(order) == 1:
        return str(genres[order[0]])
    return " + ".join(f"{shares[k]:.2f} {genres[k]}" for k in order)


@styled
def augmented(
    columns: Mapping[str, tuple[np.ndarray, np.ndarray]],
    genres: Sequence[str],
    *,
    seconds: float,
    fmax: float = 11025.0,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw the same clips before and after: a row per clip, a column per augmentation.

    Above a picture stand its genres, where they differ from those in the first column.

    Parameters
    ----------
    columns : mapping of str to (pictures, shares)
        By the name of the column: mel pictures [shape=(n, height, width[, 1]), levels 0 … 255, highest band first] and
        genres [shape=(n, n_genres), rows sum to 1].
    genres : sequence of n_genres str
    seconds : float > 0
        Length of a clip.
    fmax : float > 0 [Hz]
        Upper edge of the highest band; the lowest begins at 0 Hz.
    """
    batches = {name: (np.asarray(x, float), np.asarray(y)) for name, (x, y) in columns.items()}
    shapes = {(x.shape[:3], y.shape) for x, y in batches.values()}
    if len(shapes) != 1 or any(x.ndim not in (3, 4) or len(x) != len(y) or not len(x) for x, y in batches.values()):
        raise ParameterError(
            f"the columns have the shapes {sorted(map(str, shapes))}; expected pictures (n, height, width[, 1]) and "
            "genres (n, n_genres) of the same clips in each"
        )
    first = next(iter(batches.values()))
    n, height = first[0].shape[:2]
    cell = min(2.0, 12.0 / len(batches))
    figure = Card(figsize=(cell * len(batches) + 1.2, 1.5 * n + 0.8), layout="constrained")
    colours = colormaps["magma"].resampled(COLOURS_SHOWN)
    panels = figure.subplots(n, len(batches), squeeze=False, sharex=True, sharey=True)
    for column, (name, (x, y)) in enumerate(batches.items()):
        for row in range(n):
            axes = panels[row, column]
            picture = x[row].reshape(x.shape[1:3])
            extent = (0, seconds, -0.5, height - 0.5)
            look = {"vmin": 0, "vmax": 255, "cmap": colours, "interpolation": "nearest"}
            axes.imshow(picture[::-1], origin="lower", aspect="auto", extent=extent, **look)
            changed = column == 0 or not np.allclose(y[row], first[1][row], atol=1e-6)
            words = genre_shares_label(y[row], genres) if changed else ""
            words = words.replace(" + ", "\n+ ")
            axes.set_title("\n".join([*([name] if row == 0 else []), words]).strip("\n") or " ", fontsize=8.5)
            axes.grid(False)
    centres = librosa.mel_frequencies(n_mels=height + 2, fmin=0.0, fmax=fmax)[1:-1]
    shown = [f for f in HERTZ if centres[0] <= f <= centres[-1]]
    panels[0, 0].set_yticks(np.interp(shown, centres, np.arange(height)), [str(f) for f in shown])
    for axes in panels[-1]:
        axes.set_xlabel("time (s)")
    figure.supylabel("frequency (Hz, mel scale)", fontsize=10)
    return finished(figure, title, note)


@styled
def ablation_gains(
    panels: Mapping[str, pd.DataFrame],
    *,
    label: str = "test accuracy against none (points)",
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw how much each condition differs from none: a circle per seed, the mean and its interval.

    Parameters
    ----------
    panels : mapping of str to pd.DataFrame
        By the name of the run: the table of `mgclib.ablation.differences`, in shares. What its intervals are
        over is said below each panel.
    label : str
        Name and unit of the axis.
    """
    if not panels or any(table.empty for table in panels.values()):
        raise ParameterError("there is no condition to draw; give at least one that differs from none")
    rows = max(len(table) for table in panels.values())
    figure = Card(figsize=(1.8 + 3.6 * len(panels), 1.2 + 0.36 * rows), layout="constrained")
    for axes, (name, table) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        for place, row in enumerate(table.itertuples()):
            gains = 100 * np.asarray(row.gains)
            colour = COLOURS["vermilion" if row.survives else "blue"]
            axes.plot([100 * row.low, 100 * row.high], [place, place], color=colour, linewidth=2.4)
            axes.plot(
                100 * row.mean, place, "D" if row.survives else "|", color=colour, markersize=9, markeredgewidth=2
            )
            axes.scatter(gains, np.full(len(gains), place), s=22, facecolor="white", edgecolor=colour, zorder=4)
        axes.axvline(0, color=COLOURS["ink"], linewidth=1)
        reach = 1.15 * max(1.0, *(100 * max(abs(min(g)), abs(max(g))) for g in table["gains"]))
        inside = table[["low", "high"]].abs().max().max() * 100
        reach = min(max(reach, 1.05 * inside if np.isfinite(inside) else 0), 1.6 * reach)
        axes.set(
            xlim=(-reach, reach), ylim=(len(table) - 0.5, -0.5), xlabel="\n".join([label, *table["label"].unique()])
        )
        axes.set_yticks(range(len(table)), list(table.index))
        axes.set_title(name)
        axes.grid(False, axis="y")
    text = "Circles: seeds. Bar: the interval named below, cut at the frame; a diamond where it leaves out 0."
    return finished(figure, title, f"{note}\n{text}" if note else text)


@styled
def steps(table: pd.DataFrame, *, what: str, title: str | None = None, note: str | None = None) -> Figure:
    """Draw a ladder of conditions: the score of each, and what it gains over the one that it builds on.

    Parameters
    ----------
    table : pd.DataFrame
        Of `mgclib.ablation.steps`.
    what : str
        The score, for the axis: ``accuracy on validation clips``.
    title, note : str or None

    Raises
    ------
    ParameterError
        When there is nothing to draw.
    """
    if table.empty:
        raise ParameterError("there is no condition to draw")
    figure = Card(figsize=(9.2, 1.2 + 0.34 * len(table)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    places = np.arange(len(table))
    for axes, columns, colour in (
        (left, ("mean", "low", "high"), "blue"),
        (right, ("gain", "gain_low", "gain_high"), "vermilion"),
    ):
        mean, low, high = (100 * table[column].to_numpy(float) for column in columns)
        look = {"fmt": "o", "color": COLOURS[colour], "markersize": 6, "capsize": 3, "elinewidth": 1.4}
        axes.errorbar(mean, places, xerr=whiskers(mean, low, high), **look)
        axes.grid(axis="y", visible=False)
    starts = places[table["before"].isna().to_numpy()]
    for axes in (left, right):
        for start in starts[1:]:
            axes.axhline(start - 0.5, color=COLOURS["grey"], linewidth=0.8)
    right.axvline(0, color=COLOURS["ink"], linewidth=1)
    low, high = right.get_xlim()
    right.set_xlim(min(low, -1), max(high, 1))
    left.set_yticks(places, table.index)
    left.set(xlabel=f"{what} (%)", ylim=(len(table) - 0.5, -0.5))
    right.set(xlabel="gain over the one it builds on (points)")
    return finished(figure, title, note)
