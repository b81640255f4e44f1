"""How a file's genre changes as it plays.

Notebook: ``own_music``.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, Card, finished, styled

__all__ = ["timeline"]

NOTE = "In per cent. A column is a clip, its frame marks the likeliest genre; on the right the mean over the clips."
READABLE = 18


@styled
def timeline(answers: pd.DataFrame, *, title: str | None = None, note: str | None = NOTE) -> Figure:
    """Draw the probabilities of one file clip by clip, and those of the whole file beside them.

    Parameters
    ----------
    answers : pd.DataFrame
        The rows of one file, as `mgclib.predict` gives them.
    title, note : str or None

    Raises
    ------
    ParameterError
        When there are the rows of several files, or of none.
    """
    names = [column for column in answers if str(column).startswith("p_")]
    clips, whole = answers[answers["part"] == "clip"], answers[answers["part"] == "file"]
    files = answers["file"].nunique()
    if files != 1 or len(whole) != 1 or clips.empty:
        raise ParameterError(f"a timeline shows one file, found the rows of {files}; choose with answers['file'] == …")
    shares = 100 * clips[names].to_numpy().T
    edges = [*clips["start_s"], clips["end_s"].iloc[-1]]
    figure = Card(figsize=(8.4, 1.5 + 0.36 * len(names)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(6, 1), sharey=True)
    look = {"cmap": "Blues", "vmin": 0, "vmax": 100, "edgecolor": "white", "linewidth": 0.6}
    left.pcolormesh(edges, np.arange(len(names) + 1) - 0.5, shares, **look)
    right.pcolormesh([0, 1], np.arange(len(names) + 1) - 0.5, 100 * whole[names].to_numpy().T, **look)
    for column, best in enumerate(shares.argmax(axis=0)):
        corner, width = (edges[column], best - 0.5), edges[column + 1] - edges[column]
        left.add_patch(Rectangle(corner, width, 1, fill=False, edgecolor=COLOURS["vermilion"], linewidth=1.6))
    if shares.shape[1] <= READABLE:
        middles = np.convolve(edges, (0.5, 0.5), "valid")
        _percentages(left, middles, shares)
    _percentages(right, [0.5], 100 * whole[names].to_numpy().T)
    left.set(xlabel="time (s)", yticks=range(len(names)), ylim=(len(names) - 0.5, -0.5))
    left.set_yticklabels([name.removeprefix("p_") for name in names])
    right.set(xticks=[0.5], xticklabels=["whole file"])
    for axes in (left, right):
        axes.grid(False)
        axes.tick_params(length=0)
    return finished(figure, title, note)


def _percentages(axes: Axes, middles: Iterable[float], shares: np.ndarray) -> None:
    for row, values in enumerate(shares):
        for middle, value in zip(middles, values, strict=True):
            colour = "white" if value > 60 else COLOURS["ink"]
            if value >= 0.5:
                axes.text(middle, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=9)
