"""Figures of a first look at a data set."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mgclib.errors import ParameterError
from mgclib.style import COLOURS, Card, finished, styled
from mgclib.survey import ALIKE

__all__ = ["survey"]

WAYS = {"loudness": "loudness (dB re full scale)", "level": "mean level (dB re the loudest point)"}


@styled
def survey(
    table: pd.DataFrame,
    pairs: pd.DataFrame,
    *,
    title: str | None = None,
    note: str | None = None,
) -> Figure:
    """Draw clips per genre, their lengths, how loud they are, and how alike the most alike are.

    Parameters
    ----------
    table : pd.DataFrame
        From `mgclib.survey.survey`. Where no loudness was measured, the level of the spectrograms is drawn.
    pairs : pd.DataFrame
        From `mgclib.survey.nearest_pairs`.

    Notes
    -----
    Notebook: ``densenet``.
    """
    if table.empty:
        raise ParameterError("there is no clip to look at; give the table of mgclib.survey.survey with a row")
    figure = Card(figsize=(9.2, 6.4), layout="constrained")
    (counts, lengths), (loud, alike) = figure.subplots(2, 2)
    genres = list(dict.fromkeys(table["genre"]))
    height = np.arange(len(genres))
    clips = table["genre"].value_counts().reindex(genres)
    counts.barh(height, clips, color=COLOURS["blue"], height=0.7)
    counts.set(xlabel="clips", xlim=(0, 1.15 * clips.max()))
    for y, number in zip(height, clips, strict=True):
        counts.text(number, y, f" {number}", va="center", fontsize=9)
    seconds = table["seconds"].to_numpy()
    lengths.hist(seconds, bins=30, range=(0, 1.1 * seconds.max()), color=COLOURS["blue"])
    lengths.set(xlabel="length of a clip (s)", ylabel="clips", yscale="symlog", ylim=(0, None))
    way = "loudness" if table["loudness"].notna().any() else "level"
    known = [table.loc[table["genre"] == genre, way].dropna() for genre in genres]
    look = {"medianprops": {"color": COLOURS["vermilion"], "linewidth": 1.9}, "flierprops": {"markersize": 3}}
    loud.boxplot(known, positions=height, orientation="horizontal", widths=0.6, **look)
    loud.set(xlabel=WAYS[way])
    for axes in (counts, loud):
        axes.set_yticks(height, genres)
        axes.invert_yaxis()
        axes.grid(False, axis="y")
    alike.plot(np.arange(1, len(pairs) + 1), pairs["likeness"], "o", color=COLOURS["blue"], markersize=4)
    alike.axhline(ALIKE, linestyle=":", color=COLOURS["grey"])
    least = float(pairs["likeness"].min()) if len(pairs) else 0.9
    alike.set(xlabel="pair of clips, the most alike first", ylabel="likeness", ylim=(min(0.9, least) - 0.005, 1.005))
    if note is None:
        listened = int(table["loudness"].notna().sum())
        heard = f"Loudness of {listened} clips. " if listened else "No sound here: the level is that of the pictures. "
        note = f"{heard}Above the dotted line two clips are probably the same seconds of a recording."
    return finished(figure, title, note)
