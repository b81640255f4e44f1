"""Figures of training logs that a report prints, beside ours.

Notebook: ``agh_first_model``.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, CYCLE, Card, finished, styled

__all__ = ["training_logs"]

LINES = (("", "training", (0, (4, 1.5))), ("val_", "validation", "-"))


@styled
def training_logs(logs: Mapping[str, pd.DataFrame], *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw accuracy and loss against epoch for several runs: training dashed, validation solid, a colour per run.

    A dot marks the epoch with the lowest validation loss. Losses are on a logarithmic scale, since first epochs differ
    by much.

    Parameters
    ----------
    logs : mapping of str to pd.DataFrame
        By the name of the run, at most 7: a row per epoch with ``epoch, accuracy, loss, val_accuracy, val_loss``. Of
        several seeds the mean is drawn, as far as all of them got.
    """
    if not logs or any(log.empty for log in logs.values()) or len(logs) > 1 + len(CYCLE):
        raise ParameterError(f"{len(logs)} logs cannot be drawn; give 1 to {1 + len(CYCLE)}, each with an epoch")
    figure = Card(figsize=(9.0, 3.8), layout="constrained")
    panels = figure.subplots(1, 2)
    for (name, log), colour in zip(logs.items(), ("ink", *CYCLE), strict=False):
        seeds = log["seed"].nunique() if "seed" in log else 1
        by_epoch = log.groupby("epoch")
        curves = by_epoch[["accuracy", "loss", "val_accuracy", "val_loss"]].mean()[by_epoch.size() == seeds]
        best = curves["val_loss"].idxmin()
        for axes, quantity, scale in zip(panels, ("accuracy", "loss"), (100, 1), strict=True):
            for before, part, dashes in LINES:
                look = {"color": COLOURS[colour], "linestyle": dashes, "linewidth": 1.8, "label": f"{name}, {part}"}
                axes.plot(curves.index, scale * curves[f"{before}{quantity}"], **look)
            mark = {"s": 36, "facecolor": "white", "edgecolor": COLOURS[colour], "linewidth": 1.4, "zorder": 5}
            axes.scatter([best], [scale * curves.loc[best, f"val_{quantity}"]], **mark)
    panels[0].set(xlabel="epoch", ylabel="accuracy (%)", ylim=(0, 102))
    panels[1].set(xlabel="epoch", ylabel="loss (nats)", yscale="log")
    for axes in panels:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=2 if len(logs) < 3 else 3, frameon=False, fontsize=9)
    return finished(figure, title, note)
