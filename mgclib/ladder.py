"""A ladder of ways to divide the same music: from rung to rung a test piece shares less with the training pieces.

Every clip is cut into pieces of a few seconds. A `Rung` says how the pieces are divided; `divided` does it, with the
same number of clips on every rung; `relations` says what each test piece has in common with some training piece.

Notebook: ``leakage``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mgclib import survey
from mgclib.splits import UNUSED, group_ids, split

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset

__all__ = ["COPY", "LADDER", "RELATIONS", "SIZES", "Rung", "copies", "divided", "relations", "rungs_of", "twice"]

RELATIONS = ("same clip", "copy of the clip", "same artist", "nothing known")
"""What a test piece shares with some training piece: the first that holds."""

COPY = "~"
"""What the track of an altered copy ends with."""

SIZES = (0.5, 0.2, 0.3)


@dataclass(frozen=True)
class Rung:
    """A way to divide the pieces.

    Parameters
    ----------
    name : str
    title : str
        For an axis.
    how : str
        One sentence: what is drawn, and what a test piece may share with the training data.
    protocol : str
        A name of `mgclib.splits.PROTOCOLS`: what decides.
    altered : bool
        Every piece is there twice: as it is, and altered by an augmentation.
    apart : bool
        An altered copy goes where chance puts it, not where its original went.
    without_copies : bool
        Of clips that are copies of each other only the first is used.
    """

    name: str
    title: str
    how: str
    protocol: str
    altered: bool = False
    apart: bool = False
    without_copies: bool = False


LADDER = (
    Rung(
        "piece",
        "pieces\nat random",
        "Pieces are drawn one by one: the other pieces of a test clip are training data.",
        "random",
    ),
    Rung(
        "augmented-before",
        "augmented,\nthen split",
        "Every clip is altered once, then originals and altered ones are drawn alike: the other version of a test "
        "clip may be training data.",
        "grouped",
        altered=True,
        apart=True,
    ),
    Rung(
        "augmented-after",
        "split, then\naugmented",
        "The same pieces, but both versions of a clip stay in one part.",
        "grouped",
        altered=True,
    ),
    Rung(
        "clip",
        "clips\nat random",
        "Whole clips are drawn: copies of a test clip, and songs of its artist, are training data.",
        "grouped",
    ),
    Rung(
        "no-copies",
        "without\ncopies",
        "As before, after one clip of each pair of copies was left out.",
        "grouped",
        without_copies=True,
    ),
    Rung(
        "artist",
        "artists\napart",
        "All clips of an artist stay in one part.",
        "artist",
        without_copies=True,
    ),
    Rung(
        "fault-filtered",
        "fault-\nfiltered",
        "The published lists: no copies, no distorted clips, artists apart.",
        "fault-filtered",
    ),
)


def rungs_of(dataset: Dataset) -> tuple[Rung, ...]:
    """Return the rungs that a data set allows: artists must be known, a published list must be there.

    Parameters
    ----------
    dataset : Dataset
        Of whole clips.
    """

    def possible(rung: Rung) -> bool:
        if rung.protocol == "artist":
            return bool(dataset.clips["artist"].notna().any())
        return rung.protocol != "fault-filtered" or rung.protocol in dataset.lists

    return tuple(rung for rung in LADDER if possible(rung))


def copies(dataset: Dataset, mels: np.ndarray) -> pd.DataFrame:
    """Return the pairs of clips that hold the same seconds of the same recording (`mgclib.survey.nearest_pairs`).

    Parameters
    ----------
    dataset : Dataset
        Of whole clips.
    mels : np.ndarray [shape=(n_clips, n_mels, n_frames), dB]

    Returns
    -------
    pd.DataFrame
        Columns ``a``, ``b``: their tracks.
    """
    pairs = survey.nearest_pairs(dataset, mels)
    alike = pairs[pairs["likeness"] >= survey.ALIKE]
    track = dataset.clips["track_id"].astype("str")
    return pd.DataFrame({"a": track[alike["a"]].to_numpy(), "b": track[alike["b"]].to_numpy()})


def divided(
    pieces: Dataset, rung: Rung, seed: int, pairs: pd.DataFrame, sizes: Sequence[float] = SIZES
) -> tuple[Dataset, pd.Series]:
    """Return the pieces that a rung uses, and the part of each.

    Every rung uses the same number of clips, so that no model is better for having learned from more: as many as the
    published lists, or as there are without copies. Which ones is drawn anew for every seed, except where a published
    list says it.

    Parameters
    ----------
    pieces : Dataset
        Of `mgclib.datasets.dataset.Dataset.cut`.
    rung : Rung
    seed : int >= 0
    pairs : pd.DataFrame
        Of `copies`.
    sizes : sequence of 3 floats
        Shares of training, validation and test; a published list gives its own to all rungs.

    Returns
    -------
    pieces : Dataset
        With altered copies at the end, where the rung has them; their clip id and track end with ``~``.
    parts : pd.Series
        ``train``, ``validation`` or ``test``; index as ``pieces.clips``.
    """
    track = pieces.clips["track_id"].astype("str")
    listed = _listed(pieces)
    surplus = set(pairs["b"])
    count = track[listed != UNUSED].nunique() if listed is not None else track[~track.isin(surplus)].nunique()
    if listed is not None:
        sizes = [track[listed == part].nunique() / count for part in ("train", "validation", "test")]
    if rung.protocol == "fault-filtered":
        chosen = pieces.select(track.index[listed != UNUSED])
        return chosen, split(chosen, rung.protocol)
    tracks = track[~track.isin(surplus)].unique() if rung.without_copies else track.unique()
    drawn = np.random.default_rng([seed, 7]).permutation(np.sort(tracks))[:count]
    chosen = pieces.select(track.index[track.isin(set(drawn))])
    if not rung.altered:
        return chosen, split(chosen, rung.protocol, seed, sizes=sizes)
    both = twice(chosen)
    if rung.apart:
        return both, split(both, rung.protocol, seed, sizes=sizes)
    parts = split(chosen, rung.protocol, seed, sizes=sizes)
    return both, pd.Series([*parts, *parts], index=both.clips.index, name="split", dtype="str")


def _listed(pieces: Dataset) -> pd.Series | None:
    return split(pieces, "fault-filtered") if "fault-filtered" in pieces.lists else None


def twice(pieces: Dataset) -> Dataset:
    """Return the pieces, and after them their altered copies, as clips of tracks of their own (both end with ``~``)."""
    other = pieces.clips.assign(track_id=pieces.clips["track_id"].astype("str") + COPY)
    other.index = pd.Index([f"{clip_id}{COPY}" for clip_id in other.index], name=pieces.clips.index.name)
    return replace(pieces, clips=pd.concat([pieces.clips, other]))


def relations(pieces: Dataset, parts: pd.Series, pairs: pd.DataFrame) -> pd.Series:
    """Return what each piece has in common with the training pieces (a word of `RELATIONS`), index as the pieces.

    Parameters
    ----------
    pieces : Dataset
    parts : pd.Series
        Of `divided`.
    pairs : pd.DataFrame
        Of `copies`.
    """
    track = pieces.clips["track_id"].astype("str").str.removesuffix(COPY)
    artist = group_ids(pieces, "artist").where(pieces.clips["artist"].notna())
    train = (parts == "train").to_numpy()
    known = set(track[train])
    twins = {b for a, b in pairs[["a", "b"]].to_numpy() if a in known}
    twins |= {a for a, b in pairs[["a", "b"]].to_numpy() if b in known}
    holds = [track.isin(known), track.isin(twins), artist.isin(set(artist[train].dropna()))]
    return pd.Series(np.select(holds, RELATIONS[:-1], RELATIONS[-1]), index=pieces.clips.index, name="relation")
