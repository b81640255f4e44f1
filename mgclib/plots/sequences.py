"""How a network reads a picture as a sequence: row after row, step by step, and what it thinks on the way.

Notebooks: ``cnn_1d``, ``lstm``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, FancyBboxPatch, Rectangle

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, CYCLE, Card, finished, styled

__all__ = ["long_row", "opinions", "unrolled"]

LABEL: dict[str, Any] = {"color": "white", "ha": "center", "va": "center", "fontsize": 9}
LABEL["bbox"] = {"facecolor": COLOURS["ink"], "edgecolor": "none", "pad": 1.8}
NAMED = 4
OPINIONS = "The trained network is asked for the genre after each step, though only its last answer was ever trained."
CHOSEN = "The clip shown is the one that it names rightly and most surely."


@styled
def long_row(
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
        raise ParameterError(
            f"a picture of shape {image.shape} with bands={bands} and window={window} has no two rows; "
            "expected (height, width[, 3]), two bands and a window of a pixel at least"
        )
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


@styled
def unrolled(
    picture: np.ndarray, genre: str, *, steps: str = "columns", shown: int = 6, title: str | None = None
) -> Figure:
    """Draw how a recurrent network reads a picture: a few steps lifted out, a state for each, one answer at the end.

    Parameters
    ----------
    picture : np.ndarray [shape=(height, width, 3), uint8]
        A mel image, highest pitch on top.
    genre : str
        What the network should answer.
    steps : {"columns", "rows"}
        A step is a moment, or a band of pitch. Anything else is drawn as columns.
    shown : int in [2, number of steps]
        How many steps to lift out, evenly spaced from the first to the last.
    title : str or None

    Raises
    ------
    ParameterError
        For another shape, or a number of steps that the picture does not have.

    Notes
    -----
    Notebook: ``lstm``. Source: CS464 report, section 2.5.
    """
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise ParameterError(f"a picture of shape {picture.shape} cannot be unrolled; expected (height, width, 3)")
    rows = steps == "rows"
    count = picture.shape[0 if rows else 1]
    if not 2 <= shown <= count:
        raise ParameterError(f"shown={shown} must be from 2 to the picture's {count} steps")
    chosen = np.linspace(0, count - 1, shown).round().astype(int)
    figure = Card(figsize=(8.4, 5.2), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(1, 1.25))
    above.imshow(picture, aspect="auto", interpolation="nearest")
    above.set(xticks=[], yticks=[], xlabel="time", ylabel="pitch")
    above.grid(False)
    _states(below, shown, genre)
    for place, step in enumerate(chosen):
        size = (picture.shape[1], 1) if rows else (1, picture.shape[0])
        corner = (-0.5, step - 0.5) if rows else (step - 0.5, -0.5)
        above.add_patch(Rectangle(corner, *size, fill=False, edgecolor="white", linewidth=1.3))
        strip = picture[step][:, None] if rows else picture[:, step][:, None]
        below.imshow(strip, extent=(place - 0.12, place + 0.12, 1.7, 3.3), aspect="auto", interpolation="nearest")
        below.text(place, 1.62, f"step {step + 1}", ha="center", va="top", fontsize=9)
        if not rows:
            ends = ((step, picture.shape[0] - 0.5), (place, 3.3), "data", "data")
            look = {"color": COLOURS["grey"], "linewidth": 0.8, "linestyle": (0, (3, 2)), "arrowstyle": "-"}
            figure.add_artist(ConnectionPatch(*ends, axesA=above, axesB=below, **look))
    below.set(xlim=(-0.55, shown + 0.35), ylim=(-0.35, 3.4))
    below.axis("off")
    values = picture.shape[1 if rows else 0] * 3
    kind = "a band of pitch" if rows else "a moment"
    note = f"{count} steps of {values:,} values each: every step is {kind}; {shown} of them are lifted out here."
    return finished(figure, title, note)


def _states(axes: Axes, shown: int, genre: str) -> None:
    """Draw the boxes below the steps, the arrows between them and the answer after the last."""
    arrow = {"arrowstyle": "-|>", "color": COLOURS["blue"], "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
    for place in range(shown):
        box = FancyBboxPatch((place - 0.24, 0.1), 0.48, 0.7, boxstyle="round,pad=0.03,rounding_size=0.08")
        box.set(facecolor="#DCEBF5", edgecolor=COLOURS["blue"], linewidth=1.3)
        axes.add_patch(box)
        axes.text(place, 0.45, "state", ha="center", va="center", fontsize=9.5)
        axes.annotate("", (place, 0.86), (place, 1.28), arrowprops={**arrow, "color": COLOURS["grey"]})
        if place:
            axes.annotate("", (place - 0.28, 0.45), (place - 0.72, 0.45), arrowprops=arrow)
            axes.text(place - 0.5, 0.58, "…", ha="center", color=COLOURS["blue"], fontsize=12)
    axes.annotate("", (shown - 0.42, 0.45), (shown - 0.72, 0.45), arrowprops={**arrow, "color": COLOURS["vermilion"]})
    answer = {"color": COLOURS["vermilion"], "weight": "bold", "fontsize": 11}
    axes.text(shown - 0.38, 0.45, f"{genre}?", ha="left", va="center", **answer)
    axes.text(-0.24, -0.12, "remembers what it has read so far", ha="left", va="top", color=COLOURS["blue"], fontsize=9)


@styled
def opinions(
    probabilities: np.ndarray,
    labels: Sequence[int],
    pictures: np.ndarray,
    genres: Sequence[str],
    *,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw what a recurrent network would answer after each step: for one clip, and how often it is right over all.

    The clip shown is, of those named rightly at the end, the one whose last answer is the surest.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, n_steps, n_genres), rows sum to 1]
        Of the network built with ``every_step=True``, for `n` clips.
    labels : sequence of n int
        True genre numbers.
    pictures : np.ndarray [shape=(n, height, width, 3), uint8]
        What it reads.
    genres : sequence of str
    title, note : str or None

    Raises
    ------
    ParameterError
        When the arrays do not fit together.

    Notes
    -----
    Notebook: ``lstm``. The reports show nothing like it: it is ours.
    """
    probabilities, labels, pictures = (np.asarray(array) for array in (probabilities, labels, pictures))
    fits = probabilities.ndim == 3 and probabilities.shape[2] == len(genres) and probabilities.size
    if not fits or not len(probabilities) == len(labels) == len(pictures):
        raise ParameterError(
            f"opinions of shape {probabilities.shape} do not fit {len(labels)} labels, {len(pictures)} pictures and "
            f"{len(genres)} genres; expected (n, n_steps, n_genres)"
        )
    right = probabilities.argmax(axis=2) == labels[:, None]
    sure = np.where(right[:, -1], probabilities[:, -1].max(axis=1), -1.0)
    clip = int(sure.argmax())
    if note is None:
        note = f"{OPINIONS} {CHOSEN}" if right[clip, -1] else OPINIONS
    steps = np.arange(1, probabilities.shape[1] + 1)
    figure = Card(figsize=(8.6, 4.0), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 2.2))
    heard, one, everyone = (figure.add_subplot(cell) for cell in (grid[0, 0], grid[1, 0], grid[:, 1]))
    heard.imshow(pictures[clip], aspect="auto", interpolation="nearest")
    heard.set(xticks=[], yticks=[])
    heard.grid(False)
    heard.set_title(f"a clip of {genres[labels[clip]]}")
    _courses(one, steps, probabilities[clip], genres)
    everyone.plot(steps, 100 * right.mean(axis=0), color=COLOURS["blue"], linewidth=1.9)
    everyone.axhline(100 / len(genres), color=COLOURS["grey"], linestyle=":")
    everyone.text(steps[-1], 100 / len(genres) + 1.5, "chance", ha="right", color=COLOURS["grey"], fontsize=9)
    everyone.set(xlabel="steps read", ylabel="clips named rightly (%)", ylim=(0, 100), xlim=(1, steps[-1]))
    everyone.set_title(f"all {len(labels)} test clips")
    return finished(figure, title, note)


def _courses(axes: Axes, steps: np.ndarray, course: np.ndarray, genres: Sequence[str]) -> None:
    """Draw one clip's probabilities; genres that ever get far are named, the others stay grey."""
    named = np.argsort(-course.max(axis=0), kind="stable")[:NAMED]
    others = np.setdiff1d(np.arange(len(genres)), named)
    axes.plot(steps, 100 * course[:, others], color="#BBBBBB", linewidth=0.8)
    for number, colour in zip(named, CYCLE, strict=False):
        axes.plot(steps, 100 * course[:, number], color=COLOURS[colour], linewidth=1.8, label=genres[number])
    axes.set(xlabel="steps read", ylabel="probability (%)", ylim=(0, 100), xlim=(1, steps[-1]))
    axes.legend(loc="upper left", fontsize=8)
