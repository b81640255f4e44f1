"""The look of the house: colours, type sizes and the white card that every figure stands on."""

from __future__ import annotations

import functools
import io
import textwrap
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["COLOURS", "CYCLE", "STYLE", "Card", "finished", "legend_above", "styled", "use_house_style", "whiskers"]

COLOURS = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "orange": "#E69F00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "ink": "#222222",
    "grey": "#6B6B6B",
}
CYCLE = ("blue", "vermilion", "green", "orange", "purple", "sky")
STYLE: dict[str, Any] = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.transparent": False,
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "axes.facecolor": "white",
    "axes.edgecolor": COLOURS["grey"],
    "axes.labelcolor": COLOURS["ink"],
    "axes.titlecolor": COLOURS["ink"],
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": mpl.cycler(color=[COLOURS[name] for name in CYCLE]),
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.8,
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["ink"],
    "ytick.color": COLOURS["ink"],
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "font.size": 10,
    "image.cmap": "magma",
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "hatch.linewidth": 0.7,
}


class Card(Figure):
    """A figure that a notebook shows as a picture without pyplot."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png")
        return picture.getvalue()


def use_house_style() -> None:
    """Give the figures that a notebook draws by itself the look of the house (sets matplotlib's defaults)."""
    mpl.rcParams.update(STYLE)


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Draw in the house style whatever matplotlib's defaults are."""

    @functools.wraps(draw)
    def drawn(*args: Any, **kwargs: Any) -> Figure:
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawn


def finished(figure: Figure, title: str | None, note: str | None) -> Figure:
    """Set title and note, wrapped to the width of the figure, which grows by their height."""
    width, height = figure.get_size_inches()
    if title:
        title = textwrap.fill(title, int(width * 12))
        figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, weight="bold")
        height += 0.2 * len(title.splitlines())
    if note:
        note = "\n".join(textwrap.fill(line, int(width * 15.5)) for line in note.splitlines())
        figure.supxlabel(note, x=0.01, ha="left", fontsize=8, color=COLOURS["grey"])
        height += 0.14 * len(note.splitlines())
    figure.set_size_inches(width, height)
    return figure


def legend_above(axes: Axes) -> None:
    """Set the legend of untitled `axes` in one line above it; it may be wider than they are without pushing others."""
    columns = len(axes.get_legend_handles_labels()[1])
    place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "borderaxespad": 0.2, "columnspacing": 1.4}
    axes.legend(ncols=columns, **place).set_in_layout(False)
    axes.set_title(" ", pad=8)  # keeps the height of a line for it


def whiskers(mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return how far intervals reach below and above their means : np.ndarray [shape=(2, n)], for matplotlib."""
    mean = np.asarray(mean, float)
    return np.abs([mean - np.asarray(low, float), np.asarray(high, float) - mean])
