"""Figures about features: how the search for settings went, and what the model listens to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, CYCLE, Card, finished, legend_above, styled

__all__ = ["covariances", "feature_plane", "importances", "search"]

MARKERS = "osD^vPX*<>"


@styled
def feature_plane(
    table: pd.DataFrame,
    genres: pd.Series,
    *,
    x: str,
    y: str,
    labels: tuple[str, str],
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw every clip as a dot on two of its features.

    Parameters
    ----------
    table : pd.DataFrame
        A row per clip, a column per feature.
    genres : pd.Series
        The genre of each clip.
    x, y : str
        Columns.
    labels : tuple of str
        Name and unit of the two axes.
    """
    missing = [name for name in (x, y) if name not in table]
    if missing:
        raise ParameterError(f"there is no feature {missing[0]!r}; there are {', '.join(table.columns[:5])}, …")
    figure = Card(figsize=(7.5, 4.4), layout="constrained")
    axes = figure.subplots()
    for number, (genre, rows) in enumerate(table.groupby(genres.to_numpy())):
        look = {"marker": MARKERS[number % len(MARKERS)], "color": COLOURS[CYCLE[number % len(CYCLE)]], "s": 24}
        axes.scatter(rows[x], rows[y], label=genre, alpha=0.75, linewidth=0, **look)
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return finished(figure, title, note)


@styled
def search(table: pd.DataFrame, *, title: str | None = None, note: str | None = None) -> Figure:
    """Draw what every drawn setting scored inside the training data, a row per model.

    Parameters
    ----------
    table : pd.DataFrame
        ``search`` of a soft vote: columns ``model``, ``seed``, ``score`` (0 … 1), ``chosen``.
    """
    if table.empty:
        raise ParameterError("there is no draw to show; give the table of a search")
    names = list(dict.fromkeys(table["model"]))
    figure = Card(figsize=(7.5, 1.4 + 0.55 * len(names)), layout="constrained")
    axes = figure.subplots()
    rng = np.random.default_rng(0)
    for place, name in enumerate(names):
        mine = table[table["model"] == name]
        heights = place + rng.uniform(-0.25, 0.25, len(mine))
        axes.scatter(100 * mine["score"], heights, s=12, color=COLOURS["grey"], alpha=0.5, linewidth=0)
        best, at = mine["chosen"].to_numpy(bool), {"s": 34, "facecolor": "white", "edgecolor": COLOURS["blue"]}
        axes.scatter(100 * mine["score"][best], heights[best], linewidth=1.6, zorder=3, **at)
    axes.scatter([], [], s=12, color=COLOURS["grey"], label="a draw")
    axes.scatter([], [], linewidth=1.6, label="the best of its seed", **at)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("weighted F1 over folds of the training clips (%)")
    axes.grid(False, axis="y")
    legend_above(axes)
    return finished(figure, title, note)


@styled
def importances(
    gain: pd.Series, families: pd.DataFrame, *, top: int = 14, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw the features with the greatest gain beside the families whose loss costs most.

    Parameters
    ----------
    gain : pd.Series [0 … 1]
        From `mgclib.importance.gains`.
    families : pd.DataFrame
        From `mgclib.importance.permutation`.
    top : int > 0
        How many of each are drawn.
    """
    if top < 1:
        raise ParameterError(f"top={top} must be a positive integer")
    gain, families = gain.iloc[:top], families.iloc[:top]
    figure = Card(figsize=(9.5, 1.2 + 0.27 * max(len(gain), len(families))), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.barh(range(len(gain)), 100 * gain, color=COLOURS["blue"])
    left.set_yticks(range(len(gain)), gain.index)
    left.set_xlabel("share of the gain (%)")
    left.set_title("single features (training clips)")
    spread = {"xerr": 100 * families["deviation"], "ecolor": COLOURS["ink"], "error_kw": {"linewidth": 1}}
    right.barh(range(len(families)), 100 * families["drop"], color=COLOURS["orange"], hatch="//", **spread)
    labels = [f"{name} ({count:.0f})" for name, count in families["features"].items()]
    right.set_yticks(range(len(families)), labels)
    right.set_xlabel("accuracy lost (points)")
    right.set_title("families (test clips)")
    right.axvline(0, color=COLOURS["grey"], linewidth=0.8)
    for axes, rows in ((left, gain), (right, families)):
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(False, axis="y")
    return finished(figure, title, note)


@styled
def covariances(
    matrices: np.ndarray, names: Sequence[str], n_mfcc: int, *, title: str | None = None, note: str | None = None
) -> Figure:
    """Draw symmetric matrices side by side on one scale; lines part the coefficients from their changes.

    Parameters
    ----------
    matrices : np.ndarray [shape=(n, k, k)]
        Of `mgclib.cepstra.matrices`.
    names : sequence of n str
    n_mfcc : int
        Rows of a block.
    title, note : str or None

    Raises
    ------
    ParameterError
        When there is not a name for every matrix.
    """
    if len(matrices) != len(names) or not len(names):
        raise ParameterError(f"{len(names)} names for {len(matrices)} matrices: give one each")
    size = matrices.shape[1]
    most = float(np.quantile(np.abs(matrices), 0.995))
    figure = Card(figsize=(9.2, 9.2 / len(names) + 0.7), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(names)))
    for axes, matrix, name in zip(panels, matrices, names, strict=True):
        picture = axes.imshow(matrix, cmap="RdBu_r", vmin=-most, vmax=most, interpolation="nearest")
        for edge in range(n_mfcc, size, n_mfcc):
            axes.axhline(edge - 0.5, color=COLOURS["ink"], linewidth=0.6)
            axes.axvline(edge - 0.5, color=COLOURS["ink"], linewidth=0.6)
        axes.set_title(name)
        axes.grid(visible=False)
        blocks = np.arange(n_mfcc / 2, size, n_mfcc) - 0.5
        words = ["coefficients", *(f"changes {k}" for k in range(1, len(blocks)))]
        axes.set_xticks(blocks, words)
        axes.set_yticks(blocks, words if axes is panels[0] else [""] * len(blocks), rotation=90, va="center")
        axes.tick_params(length=0, labelsize=8)
    bar = figure.colorbar(picture, ax=list(panels), shrink=0.75, pad=0.01)
    bar.set_label("logarithm (of dB²)", fontsize=8)
    return finished(figure, title, note)
