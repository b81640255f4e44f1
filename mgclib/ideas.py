"""Pictures that explain an idea: which pictures a kernel finds alike, and in which order a network reads one.

They know arrays and names, no data sets. Notebooks: ``svm_pixels``, ``cnn_1d``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, Card, finished, styled

__all__ = ["nearest", "neighbours", "unrolled"]

BLOCK = 64
LABEL: dict[str, Any] = {"color": "white", "ha": "center", "va": "center", "fontsize": 9}
LABEL["bbox"] = {"facecolor": COLOURS["ink"], "edgecolor": "none", "pad": 1.8}
NEIGHBOURS = "d: distance over all pixel values (0 … 1). Likeness: exp(-γ d²), 1 for equal pictures."


def nearest(
    images: np.ndarray, asked: Sequence[int], among: Sequence[int], count: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Find the pictures that lie nearest to some others, as an RBF kernel measures it.

    Parameters
    ----------
    images : np.ndarray [shape=(n, …), uint8 or float in 0 … 1]
    asked : sequence of int
        Rows whose neighbours are wanted.
    among : sequence of int
        Rows that may be neighbours, e.g. the training pictures; at least `count`.
    count : int > 0
        Neighbours of each.

    Returns
    -------
    rows : np.ndarray [shape=(len(asked), count), int]
        Rows of `images`, the nearest first.
    distances : np.ndarray [shape=(len(asked), count), float32]
        Euclidean, of pixel values in 0 … 1.

    Raises
    ------
    ParameterError
        When nothing is asked or there are fewer than `count` candidates.
    """
    asked, among = np.asarray(asked, dtype=int), np.asarray(among, dtype=int)
    if not len(asked) or not 1 <= count <= len(among):
        raise ParameterError(f"count={count} neighbours of {len(asked)} pictures cannot be found among {len(among)}")
    points = _values(images, asked)
    lengths = np.einsum("ij,ij->i", points, points)
    squares = np.empty((len(asked), len(among)), dtype=np.float32)
    for start in range(0, len(among), BLOCK):
        block = _values(images, among[start : start + BLOCK])
        own = np.einsum("ij,ij->i", block, block)
        squares[:, start : start + BLOCK] = lengths[:, None] + own - 2 * points @ block.T
    order = np.argsort(squares, axis=1, kind="stable")[:, :count]
    rows = among[order]
    apart = [np.linalg.norm(_values(images, own) - point, axis=1) for point, own in zip(points, rows, strict=True)]
    return rows, np.array(apart, dtype=np.float32)


def _values(images: np.ndarray, rows: Sequence[int]) -> np.ndarray:
    scale = 255 if images.dtype == np.uint8 else 1
    return images[rows].reshape(len(rows), -1).astype(np.float32) / np.float32(scale)


@styled
def neighbours(
    images: np.ndarray,
    genres: Sequence[str],
    asked: Sequence[int],
    rows: np.ndarray,
    distances: np.ndarray,
    *,
    gamma: float,
    tracks: Sequence[str] | None = None,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw pictures beside their nearest ones: which genres they have, how far and how alike they are.

    Parameters
    ----------
    images : np.ndarray [shape=(n, height, width) or (n, height, width, 3), uint8]
    genres : sequence of n str
        Genre of every picture; ✓ and ✗ say whether a neighbour's is that of the picture asked about.
    asked, rows, distances
        As given to and by `nearest`: one row of the figure for each picture asked about.
    gamma : float > 0
        Of the kernel ``exp(-gamma * distance²)``.
    tracks : sequence of n str, optional
        Track of every picture: a neighbour from the same track is named.
    """
    rows, distances = np.atleast_2d(rows), np.atleast_2d(distances)
    if rows.shape != distances.shape or len(rows) != len(asked) or not len(rows):
        raise ParameterError(
            f"{len(asked)} pictures, neighbours {rows.shape} and distances {distances.shape} do not fit"
        )
    height, width = images.shape[1:3]
    tall = float(np.clip(2.1 * height / width, 0.75, 2.2)) + 0.55
    figure = Card(figsize=(2.25 * (1 + rows.shape[1]), tall * len(rows) + 0.3), layout="constrained")
    panels = figure.subplots(len(rows), 1 + rows.shape[1], squeeze=False)
    for line, number, own, far in zip(panels, asked, rows, distances, strict=True):
        _framed(line[0], images[number], f"test clip:\n{genres[number]}", COLOURS["ink"])
        for axes, row, d in zip(line[1:], own, far, strict=True):
            right = genres[row] == genres[number]
            same = ", same track" if tracks is not None and tracks[row] == tracks[number] else ""
            words = f"{'✓' if right else '✗'} {genres[row]}{same}\nd = {d:.3g}, likeness {np.exp(-gamma * d**2):.2f}"
            _framed(axes, images[row], words, COLOURS["green" if right else "vermilion"])
    return finished(figure, title, NEIGHBOURS if note is None else note)


def _framed(axes: Axes, image: np.ndarray, words: str, colour: str) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="auto")
    axes.set_title(words, fontsize=9)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=2.4)


@styled
def unrolled(
    image: np.ndarray, *, window: int = 64, bands: int = 12, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw a picture as a one-dimensional network reads it: row after row, with two windows of one filter.

    One window lies inside a row, the other at its end, where it holds pixels of two bands of pitch.

    Parameters
    ----------
    image : np.ndarray [shape=(height, width) or (height, width, 3), uint8]
        The highest band first.
    window : int > 0 [pixels]
        Length of the filter.
    bands : int >= 2
        So many rows are drawn, spread evenly: single rows of the whole picture would be too thin to see.
    """
    image = np.asarray(image)
    if image.ndim not in (2, 3) or image.shape[0] < 2 or bands < 2 or window < 1:
        raise ParameterError(f"a picture of shape {image.shape} with bands={bands} and window={window} has no two rows")
    height, width = image.shape[:2]
    drawn = image[np.unique(np.linspace(0, height - 1, min(bands, height)).round().astype(int))]
    upper = len(drawn) // 2 - 1
    figure = Card(figsize=(8.2, 4.0), layout="constrained")
    top, bottom = figure.subplots(2, 1, height_ratios=(3.2, 1))
    for axes, picture in ((top, drawn), (bottom, np.concatenate([drawn[upper], drawn[upper + 1]])[None])):
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255, aspect="auto", interpolation="nearest")
        axes.grid(False)
    half = window / 2
    for name, middle, colour in (("A", max(half, width / 3), "sky"), ("B", width, "green")):
        pieces = _pieces(middle - half, middle + half, width)
        bottom.add_patch(_outline(pieces[0][1] + pieces[0][0] * width, 0, sum(p[2] for p in pieces), colour))
        bottom.annotate(name, (middle, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom")
        for row, start, length in pieces:
            top.add_patch(_outline(start, upper + row, length, colour))
            top.text(start + length / 2 - 0.5, upper + row, name, **LABEL)
    bottom.axvline(width - 0.5, color="white", linestyle=":", linewidth=1.6)
    top.set(xlabel="time (pixels)", ylabel="pitch", yticks=[])
    bottom.set(xlabel="place in the long row (pixels); dotted: the next band of pitch begins", yticks=[])
    if note is None:
        note = (
            f"Drawn with {len(drawn)} of its {height} rows. A window of {window} pixels: A sees neighbours in "
            "time at one pitch, B the end of one band and the beginning of the next."
        )
    return finished(figure, title, note)


def _pieces(start: float, end: float, width: int) -> list[tuple[int, float, float]]:
    """Cut a stretch of two rows in a line into its part of each: (row, first pixel, length)."""
    start, end = max(0.0, start), min(2.0 * width, end)
    cut = [(row, max(start, row * width), min(end, (row + 1) * width)) for row in (0, 1)]
    return [(row, low - row * width, high - low) for row, low, high in cut if high > low]


def _outline(x: float, row: float, length: float, colour: str) -> Rectangle:
    look = {"edgecolor": COLOURS[colour], "facecolor": "none", "linewidth": 2.2, "clip_on": False, "zorder": 5}
    return Rectangle((x - 0.5, row - 0.5), length, 1, **look)
