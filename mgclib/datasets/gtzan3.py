"""GTZAN's classical, jazz and rock, sixty clips of each: real audio where the whole of GTZAN is not at hand."""

from __future__ import annotations

import os
from dataclasses import replace

from mgclib.datasets import gtzan
from mgclib.datasets.dataset import Dataset
from mgclib.errors import DatasetError

__all__ = ["GENRES", "TRACKS_PER_GENRE", "load"]

DESCRIPTION = "GTZAN's classical, jazz and rock, 60 clips of each: three genres of real audio, a data set of its own"
CITATION = gtzan.CITATION
LICENCE = gtzan.LICENCE

GENRES = ("classical", "jazz", "rock")
TRACKS_PER_GENRE = 60


def load(
    home: str | os.PathLike[str] | None = None,
    *,
    clip_seconds: float = 30.0,
    snippet_seconds: float | None = None,
    tracks_per_genre: int | None = None,
) -> Dataset:
    """Load the sixty lowest-numbered usable clips of three genres from a folder of GTZAN audio.

    The whole of GTZAN will do as well as a copy of these clips alone. Telling three genres apart is a far easier
    task than ten: the name ``gtzan3`` stands with every number that comes from it.

    Parameters
    ----------
    home : path or None
        As for `mgclib.datasets.gtzan.load`; None: ``data_home()/gtzan``.
    clip_seconds : float > 0 [seconds]
        Clips are cut or zero-padded to it.
    snippet_seconds : float > 0 [seconds] or None
        Cut every clip into snippets of this length (see `mgclib.datasets.Dataset.cut`).
    tracks_per_genre : int > 0 or None
        Fewer than sixty clips of each genre.

    Returns
    -------
    Dataset
        With GTZAN's artists and its fault-filtered lists. Notebooks: ``cnn_waveform``, ``cnn_2d``, ``feature_ml``.

    Raises
    ------
    DatasetError
        When there is no GTZAN audio at `home`, or one of the three genres is missing.
    """
    whole = gtzan.load(home, clip_seconds=clip_seconds, source="audio")
    missing = [genre for genre in GENRES if genre not in whole.genres]
    if missing:
        raise DatasetError(f"gtzan3 needs clips of {', '.join(GENRES)}; there are none of {', '.join(missing)}")
    clips = whole.clips[whole.clips["genre"].isin(GENRES)]
    notes = ("three of GTZAN's ten genres, an easier task than the report's",)
    mine = replace(whole, name="gtzan3", clips=clips, genres=GENRES, notes=notes).limit(TRACKS_PER_GENRE)
    lists = {name: series[series.index.isin(mine.clips.index)] for name, series in whole.lists.items()}
    dataset = replace(mine, lists=lists).limit(tracks_per_genre)
    return dataset if snippet_seconds is None else dataset.cut(snippet_seconds)
