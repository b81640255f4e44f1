"""Evaluation protocols: which clips a model may learn from, and which it is judged on.

A protocol decides what may not be shared between training and test data. Splitting by clip (``random``,
``stratified``) lets a model recognise a recording instead of a genre; ``grouped`` keeps a track together,
``artist`` an artist, and ``fault-filtered`` follows the published GTZAN list without duplicates and
repeated artists (Kereliuk, Sturm and Larsen, 2015), ``fma-official`` the split that FMA comes with. A seed fixes every
other split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mgclib.allocation import allocate, rounded, stratify
from mgclib.datasets.dataset import Dataset
from mgclib.errors import DatasetError, ParameterError, closest

__all__ = ["PARTS", "PROTOCOLS", "UNUSED", "Protocol", "check_groups", "group_ids", "groups_within", "split"]

PARTS = ("train", "validation", "test")
UNUSED = "unused"


@dataclass(frozen=True)
class Protocol:
    """What a split keeps apart.

    Parameters
    ----------
    name : str
        The name that `split` takes.
    description : str
        One sentence for captions.
    grouped_by : str or None
        ``track_id`` or ``artist``: what never crosses from one part to another; None for clips.
    leaky : bool
        True when test clips can share their recording with training clips.
    why : str
        One sentence: how it leaks, or why it does not.
    published : str or None
        The data set that a fixed list comes with.
    """

    name: str
    description: str
    grouped_by: str | None
    leaky: bool
    why: str
    published: str | None = None


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "random",
            "Clips are drawn at random, whatever track or artist they come from.",
            None,
            True,
            "Clips of one track (and duplicates, and songs of one artist) land on both sides, so a model is "
            "rewarded for recognising a recording.",
        ),
        Protocol(
            "stratified",
            "Clips are drawn at random with the same share of every genre in each part.",
            None,
            True,
            "Equal genres do not keep clips of one track apart: it leaks exactly as a random split does.",
        ),
        Protocol(
            "grouped",
            "All clips of a track stay in one part, with genres as balanced as the tracks allow.",
            "track_id",
            False,
            "No track is on both sides; songs of one artist or album still can be.",
        ),
        Protocol(
            "artist",
            "All clips of an artist stay in one part, with genres as balanced as the artists allow.",
            "artist",
            False,
            "No known artist is on both sides; a clip of unknown artist goes by its track.",
        ),
        Protocol(
            "fault-filtered",
            "The published GTZAN list without duplicates, distortions and artists that repeat between parts.",
            None,
            False,
            "Artists are kept apart and faulty clips left out by the authors of the list; the seed does not change it.",
            published="gtzan",
        ),
        Protocol(
            "fma-official",
            "The split published with FMA: 80/10/10 of every genre, no artist in two parts.",
            None,
            False,
            "Artists are kept apart by the authors of the data set; the seed does not change it.",
            published="fma",
        ),
    )
}


def split(
    dataset: Dataset,
    protocol: str = "stratified",
    seed: int = 0,
    *,
    sizes: Sequence[float] = (0.7, 0.1, 0.2),
    fold: int | None = None,
    n_folds: int | None = None,
) -> pd.Series:
    """Assign every clip to training, validation or test data.

    Parameters
    ----------
    dataset : Dataset
        The clips.
    protocol : str
        A name in `PROTOCOLS`.
    seed : int >= 0
        Fixes the split; another seed gives another split (a published list is always the same).
    sizes : sequence of 3 floats
        Shares of train, validation and test; their sum is 1, validation and test may be 0. Ignored by
        published lists. With `n_folds`, ``sizes[1]`` is the share of the clips outside the test fold that
        validates and the rest is ignored.
    fold, n_folds : int or None
        k-fold: fold number `fold` (0 … n_folds - 1) is the test part. The folds of one seed are disjoint
        and cover all clips.

    Returns
    -------
    pd.Series
        ``train``, ``validation``, ``test`` or ``unused`` (not on a published list), index as `dataset.clips`.

    Raises
    ------
    ParameterError
        Unknown protocol, sizes that are no shares, a fold that does not exist.
    DatasetError
        One genre only, too few clips, tracks or artists of a genre for the parts asked for, no such list.

    Examples
    --------
    >>> parts = split(dataset, "grouped", seed=3, sizes=(0.8, 0.0, 0.2))  # doctest: +SKIP
    >>> dataset.clips[parts == "test"]  # doctest: +SKIP
    """
    chosen = _protocol(protocol)
    present = dataset.clips["genre"].unique()
    if len(present) < 2:
        raise DatasetError(
            f"{dataset.name}: the only genre is {present[0]!r}, a classifier needs at least 2; add another"
        )
    if chosen.published:
        if n_folds is not None or fold is not None:
            raise ParameterError(f"protocol {protocol!r} is a fixed list and has no folds; leave fold and n_folds out")
        return _published(dataset, protocol)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ParameterError(f"seed={seed!r} must be an integer of at least 0")
    groups = group_ids(dataset, chosen.grouped_by) if chosen.grouped_by else None
    shares = _shares(sizes)
    rng = np.random.default_rng(seed)
    everything = np.arange(len(dataset))
    parts = np.full(len(dataset), PARTS[0], dtype=object)
    if n_folds is None:
        if fold is not None:
            raise ParameterError(f"fold={fold} needs n_folds, the number of folds")
        drawn = _draw(dataset, chosen, groups, everything, shares, rng)
        parts[:] = np.asarray(PARTS, dtype=object)[drawn]
    else:
        _check_folds(fold, n_folds)
        folds = _draw(dataset, chosen, groups, everything, np.full(n_folds, 1 / n_folds), rng)
        parts[folds == fold] = "test"
        if shares[1] > 0:
            rest = np.flatnonzero(folds != fold)
            inner = np.random.default_rng([seed, n_folds, fold])
            drawn = _draw(dataset, chosen, groups, rest, np.array([1 - shares[1], shares[1]]), inner)
            parts[rest[drawn == 1]] = "validation"
    assigned = pd.Series(parts, index=dataset.clips.index, name="split", dtype="str")
    if groups is not None:
        check_groups(assigned, groups)
    return assigned


def check_groups(split: pd.Series, groups: pd.Series) -> None:
    """Raise unless every group lies in one part.

    Parameters
    ----------
    split : pd.Series
        Part of every clip; ``unused`` clips do not count.
    groups : pd.Series
        Track, artist or other group of every clip; same index.

    Raises
    ------
    DatasetError
        Names the first group that crosses, and where it is.
    """
    if not split.index.equals(groups.index):
        raise DatasetError("split and groups are about different clips; give both the index of dataset.clips")
    used = split != UNUSED
    parts = split[used].groupby(groups[used], sort=True).nunique()
    crossing = parts.index[parts > 1]
    if len(crossing):
        where = sorted(split[used & (groups == crossing[0])].unique())
        raise DatasetError(
            f"{groups.name or 'group'} {crossing[0]!r} is in {' and '.join(where)} ({len(crossing)} cross in all); "
            "a grouped protocol keeps each in one part"
        )


def group_ids(dataset: Dataset, by: str) -> pd.Series:
    """Return what must stay together: the track of every clip, or its artist.

    Artists are compared without regard to case. A track without a known artist is a group of its own, and
    a track whose clips name several artists joins them into one group, so that neither can cross.

    Parameters
    ----------
    by : {"track_id", "artist"}

    Returns
    -------
    pd.Series
        Group name (str) per clip, index as `dataset.clips`.
    """
    clips = dataset.clips
    tracks = clips["track_id"].astype("str")
    if by == "track_id":
        return tracks.rename("track_id")
    artists = clips["artist"].astype("object").where(clips["artist"].notna(), "").map(lambda name: str(name).strip())
    known = (artists != "").to_numpy()
    track_codes, track_names = pd.factorize(tracks)
    artist_codes, _ = pd.factorize(artists.str.casefold())
    n_nodes = len(track_names) + artist_codes.max() + 1
    links = (np.ones(known.sum()), (track_codes[known], len(track_names) + artist_codes[known]))
    _, component = connected_components(coo_array(links, shape=(n_nodes, n_nodes)), directed=False)
    group = pd.Series(component[track_codes], index=clips.index)
    names = artists.where(known, tracks).groupby(group).first()
    twins = names[names.duplicated(keep=False)]
    names.loc[twins.index] = [f"{name} ({code})" for code, name in twins.items()]
    return group.map(names).rename("artist")


def groups_within(dataset: Dataset, protocol: str) -> pd.Series:
    """Return what folds *inside* the training part must keep together, so that they judge as the protocol does.

    The track or the artist of every clip where the protocol keeps those apart; a published list keeps artists
    apart. Where a protocol draws single clips, every clip is its own group.

    Returns
    -------
    pd.Series
        Group name (str) per clip, index as `dataset.clips`.

    Raises
    ------
    ParameterError
        For an unknown protocol.
    """
    chosen = _protocol(protocol)
    by = "artist" if chosen.published else chosen.grouped_by
    return group_ids(dataset, by) if by else dataset.clips.index.to_series().astype("str")


def _protocol(name: str) -> Protocol:
    if name in PROTOCOLS:
        return PROTOCOLS[name]
    match = closest(name, PROTOCOLS)
    hint = f"did you mean {match!r}? " if match else ""
    raise ParameterError(f"protocol {name!r} is unknown: {hint}choose from {', '.join(PROTOCOLS)}")


def _shares(sizes: Sequence[float]) -> np.ndarray:
    try:
        shares = np.asarray(sizes, dtype=float)
    except (TypeError, ValueError):
        shares = np.array([np.nan])
    valid = shares.shape == (3,) and np.isfinite(shares).all() and (shares >= 0).all()
    if not valid or abs(shares.sum() - 1) > 1e-6 or shares[0] == 0:
        raise ParameterError(
            f"sizes={sizes!r} must be three shares (train, validation, test) that sum to 1, train above 0"
        )
    return shares


def _check_folds(fold: int | None, n_folds: int) -> None:
    if n_folds < 2:
        raise ParameterError(f"n_folds={n_folds} must be at least 2")
    if fold is None or not 0 <= fold < n_folds:
        raise ParameterError(f"fold={fold} must be a number from 0 to {n_folds - 1} (n_folds={n_folds})")


def _published(dataset: Dataset, protocol: str) -> pd.Series:
    if protocol not in dataset.lists:
        known = ", ".join(sorted(dataset.lists)) or "none"
        raise DatasetError(
            f"{dataset.name} has no list {protocol!r} (its lists: {known}); choose another protocol or "
            f"load {PROTOCOLS[protocol].published}"
        )
    listed = dataset.lists[protocol].reindex(dataset.clips.index)
    assigned = listed.where(listed.notna(), UNUSED).astype("str").rename("split")
    strange = sorted(set(assigned) - {*PARTS, UNUSED})
    if strange:
        raise DatasetError(f"{dataset.name}: list {protocol!r} says {strange[0]!r}; expected one of {', '.join(PARTS)}")
    for part in ("train", "test"):
        if not (assigned == part).any():
            raise DatasetError(
                f"{dataset.name}: none of its {len(dataset)} clips is in the {part} part of {protocol!r}; use more"
            )
    return assigned


def _draw(
    dataset: Dataset,
    protocol: Protocol,
    groups: pd.Series | None,
    rows: np.ndarray,
    shares: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Part number of each of `rows` (positions in the clip table)."""
    clips = dataset.clips.iloc[rows]
    genre_codes, genres = pd.factorize(clips["genre"], sort=True)
    used = np.flatnonzero(shares > 0)
    if protocol.name == "random":
        drawn = np.repeat(used, rounded(shares[used] * len(rows), len(rows)))[rng.permutation(len(rows))]
        _check_random(dataset, drawn, used, genre_codes, genres)
        return drawn
    units = np.arange(len(rows)) if groups is None else pd.factorize(groups.iloc[rows], sort=True)[0]
    counts = np.zeros((units.max() + 1, len(genres)))
    np.add.at(counts, (units, genre_codes), 1)
    what = {None: "clips", "track_id": "tracks", "artist": "artists"}[protocol.grouped_by]
    available = (counts > 0).sum(axis=0)
    if (available < len(used)).any():
        short = int(np.argmin(available))
        raise DatasetError(
            f"{dataset.name}: genre {genres[short]!r} has {available[short]} {what} for {len(used)} parts or folds; "
            "add more, or ask for fewer"
        )
    if groups is None:
        return used[stratify(genre_codes, shares[used], rng)]
    return used[allocate(counts, shares[used], rng, dataset.name, what)][units]


def _check_random(dataset: Dataset, drawn: np.ndarray, used: np.ndarray, codes: np.ndarray, genres: pd.Index) -> None:
    for part in used:
        if not (drawn == part).any():
            raise DatasetError(
                f"{dataset.name}: {len(drawn)} clips are too few for the sizes asked for; a part is empty"
            )
        elsewhere = np.setdiff1d(codes, codes[drawn != part])
        if part != used[0] and len(elsewhere):
            raise DatasetError(
                f"{dataset.name}: a random split leaves no clip of {genres[elsewhere[0]]!r} to learn from; "
                "use protocol 'stratified'"
            )
