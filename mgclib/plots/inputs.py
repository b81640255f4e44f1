"""Figures of what a model is given: waveforms, spectrograms, pictures.

Notebooks: ``svm_pixels``, ``pca``, ``cnn_1d``, ``cnn_waveform``, ``cnn_2d``, ``cnn_2d_cs464``, ``cnn_2d_cs464_early``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, Card, finished, styled

__all__ = ["genre_levels", "image_grid", "waveform"]

ROWS = "Pixel rows count from the top: low frequencies are at the bottom."


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
    figure, panels = grid(len(images), columns, cell, float(np.clip(cell * height / width, 0.8, 2.6)) + 0.25)
    for axes, image, name in zip(panels.flat, images, titles, strict=False):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(name)
        axes.set_xticks([0, width - 1], ["1", str(width)])
        axes.set_yticks([0, height - 1], ["1", str(height)])
        axes.grid(False)
    outer_labels(figure, panels, "time (pixels)", "frequency (pixels)")
    return finished(figure, title, ROWS if note is None else note)


def grid(count: int, columns: int, width: float, height: float) -> tuple[Figure, np.ndarray]:
    """Return a figure with `count` panels of `width` × `height` inches in rows of `columns`, axes shared."""
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    figure = Card(figsize=(width * columns + 1.3, height * rows + 0.7), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in panels.flat[count:]:
        axes.set_visible(False)
    for axes in panels[-2][count - (rows - 1) * columns :] if rows > 1 else []:
        axes.tick_params(labelbottom=True)
    return figure, panels


def outer_labels(figure: Figure, panels: np.ndarray, horizontal: str, vertical: str) -> None:
    """Label the last row of panels below, and all of them together on the left."""
    for axes in panels[-1]:
        if axes.get_visible():
            axes.set_xlabel(horizontal)
    figure.supylabel(vertical, fontsize=10)


@styled
def genre_levels(
    mels: np.ndarray, genres: Sequence[str], *, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw how loud the clips of each genre are on the whole: how bright their pictures, darkest at the bottom.

    Parameters
    ----------
    mels : np.ndarray [shape=(n, n_mels, n_frames), dB]
    genres : sequence of n str
        The genre of each clip.

    Notes
    -----
    A dot is the mean over a genre's clips of their mean level, its line one standard deviation to either side.
    Notebook: ``cnn_2d_cs464_early``.
    """
    mels = np.asarray(mels)
    if mels.ndim != 3 or len(mels) != len(genres) or not len(mels):
        raise ParameterError(
            f"mels of shape {mels.shape} do not fit {len(genres)} genres; expected (n, n_mels, n_frames)"
        )
    levels = pd.Series(mels.mean(axis=(1, 2))).groupby(np.asarray(genres)).agg(["mean", "std"]).sort_values("mean")
    figure = Card(figsize=(7.0, 0.9 + 0.24 * len(levels)), layout="constrained")
    axes = figure.subplots()
    axes.errorbar(levels["mean"], levels.index, xerr=levels["std"].fillna(0), fmt="o", color=COLOURS["blue"])
    axes.set(xlabel="mean level of a clip (dB re its loudest point)", ylabel="genre")
    axes.grid(False, axis="y")
    return finished(figure, title, note)
