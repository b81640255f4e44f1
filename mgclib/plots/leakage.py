"""Figures of the leakage ladder: accuracy rung by rung, and by what a test piece shares with the training pieces.

Notebook: ``leakage``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.ladder import LADDER, RELATIONS
from mgclib.style import COLOURS, CYCLE, Card, finished, legend_above, styled, whiskers

__all__ = ["ladder", "relations"]

TITLES = {rung.name: rung.title for rung in LADDER}
SHAPES = "os^D"


@styled
def ladder(
    found: pd.DataFrame,
    reported: Mapping[str, float] | None = None,
    *,
    chance: float | None = None,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw the accuracy of each model on each rung, with its interval, and what reports print.

    Parameters
    ----------
    found : pd.DataFrame
        Of `mgclib.leakage.accuracies`.
    reported : mapping of str to float [0 … 1], optional
        What reports print, by label: drawn to the left of the rungs.
    chance : float [0 … 1], optional
        A dotted line.
    title, note : str or None

    Raises
    ------
    ParameterError
        When there is nothing to draw.
    """
    if found.empty:
        raise ParameterError("there is no accuracy to draw: climb the ladder first")
    rungs = list(found.index.unique("rung"))
    models = list(found.index.unique("model"))
    figure = Card(figsize=(9.2, 4.6), layout="constrained")
    axes = figure.subplots()
    for number, model in enumerate(models):
        rows = found.loc[model].reindex(rungs)
        x = np.arange(len(rungs)) + 0.09 * (number - (len(models) - 1) / 2)
        colour = COLOURS[CYCLE[number % len(CYCLE)]]
        spread = 100 * whiskers(rows["mean"], rows["low"], rows["high"])
        look = {"color": colour, "marker": SHAPES[number % len(SHAPES)], "markersize": 6, "linewidth": 1.6}
        axes.errorbar(x, 100 * rows["mean"], spread, capsize=2.5, elinewidth=1.2, label=model, **look)
    left = -0.5
    if reported:
        left = -2.3
        lowest = -np.inf
        for label, score in sorted(reported.items(), key=lambda pair: pair[1]):
            lowest = max(100 * score, lowest + 4)  # a line of text has about four points
            axes.plot(-2.1, 100 * score, marker="D", color="white", markeredgecolor=COLOURS["ink"], markersize=6)
            axes.annotate(label, (-2.0, lowest), va="center", fontsize=8.5)
        axes.axvline(-0.5, color=COLOURS["grey"], linewidth=0.8)
    if chance is not None:
        axes.axhline(100 * chance, color=COLOURS["grey"], linestyle=":", linewidth=1)
    places = [*range(len(rungs)), *([-1.4] if reported else [])]
    axes.set_xticks(places, [*(TITLES.get(rung, rung) for rung in rungs), *(["as reported"] if reported else [])])
    axes.set(ylabel="accuracy on test pieces (%)", ylim=(0, 100), xlim=(left, len(rungs) - 0.4))
    axes.grid(axis="x", visible=False)
    legend_above(axes)
    return finished(figure, title, note)


@styled
def relations(groups: pd.DataFrame, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw the accuracy of each model by what a test piece shares with the training pieces.

    Parameters
    ----------
    groups : pd.DataFrame
        Of `mgclib.leakage.by_relation`.
    title, note : str or None

    Raises
    ------
    ParameterError
        When there is nothing to draw.
    """
    if groups.empty:
        raise ParameterError("there is no group of test pieces to draw: climb the ladder first")
    kinds = [kind for kind in RELATIONS if kind in groups.index.unique("relation")]
    models = list(groups.index.unique("model"))
    figure = Card(figsize=(8.6, 3.6), layout="constrained")
    axes = figure.subplots()
    for number, model in enumerate(models):
        rows = groups.loc[model].reindex(kinds)
        x = np.arange(len(kinds)) + 0.8 * ((number + 0.5) / len(models) - 0.5)
        spread = 100 * whiskers(rows["mean"], rows["low"], rows["high"])
        look = {"color": COLOURS[CYCLE[number % len(CYCLE)]], "width": 0.72 / len(models), "label": model}
        axes.bar(x, 100 * rows["mean"], yerr=spread, ecolor=COLOURS["ink"], capsize=2, **look)
    sizes = groups.groupby(level="relation", sort=False)[["pieces", "clips"]].max()
    names = [f"{kind}\n({sizes.loc[kind, 'pieces']:,} pieces of {sizes.loc[kind, 'clips']} clips)" for kind in kinds]
    axes.set_xticks(range(len(kinds)), names)
    axes.set(ylabel="accuracy (%)", ylim=(0, 100), xlim=(-0.5, len(kinds) - 0.5))
    axes.grid(axis="x", visible=False)
    legend_above(axes)
    return finished(figure, title, note)
