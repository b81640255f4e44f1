"""Which pictures a kernel finds alike.

Notebook: ``svm_pixels``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, Card, finished, styled

__all__ = ["nearest", "neighbours"]

BLOCK = 64
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
        raise ParameterError(
            f"count={count} neighbours of {len(asked)} pictures cannot be found among {len(among)}; ask for fewer"
        )
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
            f"{len(asked)} pictures, neighbours {rows.shape} and distances {distances.shape} do not fit; "
            "give what nearest returns"
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
