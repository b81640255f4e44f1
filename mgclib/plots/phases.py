"""How several models learned, panel by panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, Card, finished, styled

if TYPE_CHECKING:
    from mgclib.results import Result

__all__ = ["phases"]


@styled
def phases(
    results: Mapping[str, Result], *, columns: int = 3, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw accuracy against epoch, one panel per model; a dotted line where a second phase began.

    Parameters
    ----------
    results : mapping of str to Result
        Models by name; those without epochs are left out.
    columns : int >= 1
        Panels side by side.

    Raises
    ------
    ParameterError
        When no model has epochs.

    Notes
    -----
    The mean over seeds as far as every seed trained; an open dot marks each seed's epoch whose weights were kept.
    Notebooks: ``transfer``, ``transfer_backbone``, ``transfer_baseline``.
    """
    shown = {name: one.history for name, one in results.items() if len(one.history)}
    if not shown:
        raise ParameterError("none of these models has epochs to draw; give at least one network")
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    figure = Card(figsize=(2.75 * columns + 0.4, 2.35 * rows + 0.8), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in panels.flat[len(shown) :]:
        axes.set_visible(False)
    for axes, (name, history) in zip(panels.flat, shown.items(), strict=False):
        for column, label, colour, dashes in (
            ("accuracy", "training", "blue", (0, (4, 1.5))),
            ("val_accuracy", "validation", "vermilion", "-"),
        ):
            curves = 100 * history.pivot_table(index="epoch", columns="seed", values=column).dropna()
            axes.plot(curves.index, curves.mean(axis=1), color=COLOURS[colour], linestyle=dashes, label=label)
        best = history[history["best"]]
        kept = 100 * best["val_accuracy"].fillna(best["accuracy"])
        axes.scatter(best["epoch"], kept, s=26, facecolor="white", edgecolor=COLOURS["ink"], zorder=5, label="kept")
        later = history[history["phase"] > 1]
        if len(later):
            axes.axvline(later.groupby("seed")["epoch"].min().mean() - 0.5, color=COLOURS["ink"], linestyle=":")
        axes.set_xlim(0.5, max(2, np.ceil(history["epoch"].max())) + 0.5)
        axes.set_ylim(0, 103)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axes.set_xlabel("epoch")
        axes.set_title(name)
    for axes in panels[:, 0]:
        axes.set_ylabel("accuracy (%)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
    return finished(figure, title, note)
