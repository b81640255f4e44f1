"""FMA, the Free Music Archive data set: clips of 30 s under free licences, with artists and a published split."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from mgclib.datasets.dataset import Dataset
from mgclib.datasets.fetch import Archive, fetch
from mgclib.datasets.listing import Found, SetAside, genres_present, home_folder, list_sounds, usable
from mgclib.errors import DatasetError, ParameterError
from mgclib.files import data_home

__all__ = ["ARCHIVES", "KNOWN_FAULTS", "SUBSETS", "download", "genre_table", "load", "track_table"]

DESCRIPTION = "FMA: 8,000 clips of 30 s, eight genres (small); more in medium, large, full; mgc data fetch fma-small"
CITATION = (
    "M. Defferrard, K. Benzi, P. Vandergheynst and X. Bresson, FMA: A dataset for music analysis, ISMIR 2017, "
    "arXiv:1612.01840."
)
LICENCE = "each track under the Creative Commons licence its artist chose; metadata CC BY 4.0; meant for research"

SUBSETS = ("small", "medium", "large", "full")
"""Each is part of the next; ``full`` has the tracks of ``large`` whole."""

SIZES = {"small": 8000, "medium": 25000, "large": 106574, "full": 106574}
"""Tracks as published."""

PARTS = {"training": "train", "validation": "validation", "test": "test"}
METADATA = "fma_metadata"

AGAIN = f"move {METADATA} away, if it is there, then mgc data fetch fma-small brings it again"

SHORT = "known fault: shorter than two seconds, though the table says 30"
SILENT = "known fault: the file has no sound in it, though its checksum is right"
KNOWN_FAULTS = {
    **dict.fromkeys(("098565", "098567", "098569"), SHORT),
    **dict.fromkeys(("099134", "108925", "133297"), SILENT),
}
"""Of the clips of FMA-small, by track; left out of every run. What else is wrong is found by decoding."""

GIB = 2**30
HOST = "https://os.unil.cloud.switch.ch/fma"
ARCHIVES = {
    METADATA: Archive(
        f"{HOST}/fma_metadata.zip", "f0df49ffe5f2a6008d7dc83c6915b31835dfe733", GIB // 3, 3 * GIB // 2, METADATA
    ),
    **{
        subset: Archive(f"{HOST}/fma_{subset}.zip", sha1, int(size * GIB), int(size * 1.02 * GIB), f"fma_{subset}")
        for subset, size, sha1 in (
            ("small", 7.2, "ade154f733639d52e35e32f5593efe5be76c6d70"),
            ("medium", 22, "c67b69ea232021025fca9231fc1c7c1a063ab50b"),
            ("large", 93, "497109f4dd721066b5ce5e5f250ec604dc78939e"),
            ("full", 879, "0f0ace23fbe9ba30ecb7e95f763e435ea802b8ab"),
        )
    },
}
"""Addresses, checksums and sizes as published with the data set (release of 2017-05-09)."""


def download(subset: str = "small", home: str | os.PathLike[str] | None = None, *, keep: bool = False) -> Path:
    """Download the tables and the sound of a subset, where they are not there yet.

    Parameters
    ----------
    subset : {"small", "medium", "large", "full"}
        7.2, 22, 93 or 879 GiB, and twice that on the disk while they are unpacked.
    home : path or None
        None: ``data_home()/fma``.
    keep : bool
        Keep the archives, too.

    Returns
    -------
    Path
        The home, for `load`.

    Raises
    ------
    ParameterError
        For an unknown subset.
    DatasetError, MgcError
        See `mgclib.datasets.fetch.fetch`.
    """
    home = data_home() / "fma" if home is None else Path(home)
    fetch([ARCHIVES[METADATA], ARCHIVES[_known(subset)]], home, keep=keep)
    return home


def load(
    home: str | os.PathLike[str] | None = None,
    *,
    subset: str = "small",
    clip_seconds: float = 30.0,
    snippet_seconds: float | None = None,
    tracks_per_genre: int | None = None,
) -> Dataset:
    """Load FMA from its published layout: ``fma_small/000/000002.mp3`` beside ``fma_metadata/tracks.csv``.

    The known faults are left out by name and listed in `Dataset.set_aside`; any other fault is set aside with a
    `FaultyClipWarning`. Tracks without a top genre are left out and counted in a note. Of the whole tracks of ``full``
    the middle is taken.

    Parameters
    ----------
    home : path or None
        The folder with ``fma_<subset>`` and ``fma_metadata`` in it, or ``fma_<subset>``. None: ``data_home()/fma``.
    subset : {"small", "medium", "large", "full"}
    clip_seconds : float > 0 [seconds]
        Clips are cut or zero-padded to it.
    snippet_seconds : float > 0 [seconds] or None
        Cut each clip into snippets that share its ``track_id`` (see `Dataset.cut`).
    tracks_per_genre : int > 0 or None
        Only the first so many tracks of each genre.

    Returns
    -------
    Dataset
        ``track_id`` is the clip id, ``artist`` the artist's name with its number. ``lists["fma-official"]`` is the
        published split, which keeps artists apart.

    Raises
    ------
    DatasetError
        When sound or tables are not there, or are not FMA's.
    ParameterError
        For an unknown subset, or a clip length that is not above 0.

    Notes
    -----
    Source: FMA slides, "FMA dataset"; its 80/10/10 is the protocol ``random`` with these sizes.
    """
    subset = _known(subset)
    if not clip_seconds > 0:
        raise ParameterError(f"clip_seconds={clip_seconds!r} must be above 0")
    home = _home(home, subset)
    folder = home / f"fma_{subset}"
    if not folder.is_dir():
        there = ", ".join(sorted(p.name for p in home.iterdir() if p.name.startswith("fma_"))) or "nothing of FMA"
        raise DatasetError(
            f"no fma_{subset} in {home} (there is {there}); get it with mgc data fetch fma-{subset}, or give the "
            "folder that holds it as home"
        )
    table = track_table(home)
    table = table[table["subset"].isin(SUBSETS[: SUBSETS.index(subset) + 1])]
    aside = SetAside()
    sounds, notes = _named(folder, subset, table["genre"].to_dict(), aside)
    facts = usable(sounds, clip_seconds, aside)
    aside.warn("fma")
    if facts.empty:
        raise DatasetError(
            f"none of the files in {folder} can be used: {aside.first() if aside.rows else 'it is empty'}"
        )
    described = table.loc[facts.index]
    seconds = facts["frames"] / facts["sample_rate"]
    start = ((seconds - clip_seconds) / 2).clip(lower=0).round(3) if subset == "full" else 0.0
    clips = pd.DataFrame(
        {
            "genre": described["genre"],
            "track_id": facts.index,
            "artist": described["artist"],
            "path": facts["path"],
            "start_s": start,
            "duration_s": (seconds - start).clip(upper=clip_seconds) if subset == "full" else seconds,
        },
        index=facts.index,
    ).sort_index()
    dataset = Dataset(
        name=f"fma-{subset}",
        clips=clips,
        genres=genres_present("fma", clips["genre"], folder, aside=aside),
        licence=LICENCE,
        citation=CITATION,
        clip_seconds=float(clip_seconds),
        content=dict(zip(facts["path"], facts["bytes_hash"], strict=True)),
        set_aside=aside.table(),
        lists={"fma-official": described["split"].rename("fma-official").sort_index()},
        notes=notes,
    ).limit(tracks_per_genre)
    return dataset if snippet_seconds is None else dataset.cut(snippet_seconds)


def _known(subset: str) -> str:
    if subset not in SUBSETS:
        raise ParameterError(f"subset={subset!r} must be one of {', '.join(SUBSETS)}")
    return subset


def _home(home: str | os.PathLike[str] | None, subset: str = "small") -> Path:
    """Return the folder that holds the tables; the folder of a subset stands for the one above it."""
    home = home_folder("fma", home, f"a folder with fma_{subset} and {METADATA} (mgc data fetch fma-{subset})")
    if home.is_file():
        raise DatasetError(f"{home} is a file, expected FMA's folder; a mel pack is loaded with the data set 'folder'")
    return home.parent if home.name in {f"fma_{one}" for one in SUBSETS} else home


def _named(
    folder: Path, subset: str, genres: dict[str, str], aside: SetAside
) -> tuple[dict[str, Found], tuple[str, ...]]:
    """Return the files by track, and what to know of them; files without a row, and the known faults, go to `aside`."""
    known = {} if subset == "full" else KNOWN_FAULTS  # the faults are those of the clips, not of the whole tracks
    sounds, there, nameless = {}, 0, 0
    for sound in list_sounds(folder, root=folder):
        track = sound.path.stem
        if track in sounds:
            aside.add(sound.name, sound.path, f"a second file of {track}; {sounds[track].name} is used")
        elif track in known:
            there += 1
            aside.add(track, sound.path, known[track], known=True)
        elif track not in genres:
            aside.add(sound.name, sound.path, f"{METADATA}/tracks.csv has no row for it in this subset")
        elif pd.isna(genres[track]):
            there, nameless = there + 1, nameless + 1
        else:
            there += 1
            sounds[track] = sound
    notes = [] if there == SIZES[subset] else [f"{there} of FMA-{subset}'s {SIZES[subset]} tracks are there"]
    if nameless:
        notes.append(f"{nameless} tracks without a top genre are left out")
    return sounds, tuple(notes)


def track_table(home: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Read what is known of every track from ``fma_metadata/tracks.csv``.

    Parameters
    ----------
    home : path or None
        As for `load`.

    Returns
    -------
    pd.DataFrame
        Index ``track_id`` (six digits, as the file is named); columns ``genre`` (the top genre, missing where the table
        has none), ``artist`` (name and number, as two artists may share a name), ``title``, ``split`` (``train``,
        ``validation``, ``test``) and ``subset`` (the smallest that has the track).

    Raises
    ------
    DatasetError
        When there is no such table, or it is not FMA's.
    """
    path = _table_path(home, "tracks.csv")
    wanted = {
        ("track", "genre_top"): "genre",
        ("artist", "name"): "artist",
        ("artist", "id"): "number",
        ("track", "title"): "title",
        ("set", "split"): "split",
        ("set", "subset"): "subset",
    }
    how = {"header": None, "dtype": "str", "encoding": "utf-8", "keep_default_na": False}  # an artist may be called NA
    try:
        heads = pd.read_csv(path, nrows=3, **how)
        pairs = list(zip(heads.iloc[0], heads.iloc[1], strict=True))
        if missing := [" / ".join(pair) for pair in wanted if pair not in pairs]:
            raise DatasetError(
                f"{path} has no column {missing[0]!r}: expected FMA's table with its three header rows; {AGAIN}"
            )
        columns = [0, *(pairs.index(pair) for pair in wanted)]
        table = pd.read_csv(path, skiprows=3, usecols=columns, **how)[columns]
    except (ValueError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: not a readable table; {AGAIN}") from error
    table.columns = ["track_id", *wanted.values()]
    strange = table.index[~table["track_id"].astype("str").str.fullmatch(r"\d{1,6}") | ~table["split"].isin(PARTS)]
    if len(strange):
        row = table.loc[strange[0]]
        raise DatasetError(
            f"{path}: row {strange[0] + 4} says track {row['track_id']!r} and split {row['split']!r}; expected a "
            f"number and one of {', '.join(PARTS)}; {AGAIN}"
        )
    table = table.set_index(table.pop("track_id").str.zfill(6))
    if not table.index.is_unique:
        raise DatasetError(f"{path}: track {table.index[table.index.duplicated()][0]} has two rows; {AGAIN}")
    table["split"] = table["split"].map(PARTS)
    table["artist"] = table["artist"].replace("", "unknown") + " (" + table.pop("number").replace("", "?") + ")"
    table["genre"] = table["genre"].mask(table["genre"] == "")
    return table.sort_index()


def genre_table(home: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Read the tree of genres from ``fma_metadata/genres.csv``.

    Parameters
    ----------
    home : path or None
        As for `load`.

    Returns
    -------
    pd.DataFrame
        Index ``genre_id`` (int); columns ``title``, ``tracks`` (int), ``parent`` and ``top`` (titles; of a top
        genre the parent is missing and ``top`` its own).

    Raises
    ------
    DatasetError
        When there is no such table, or it is not FMA's.
    """
    path = _table_path(home, "genres.csv")
    try:
        table = pd.read_csv(path, index_col="genre_id", encoding="utf-8", keep_default_na=False)
        titles = table["title"]
        return pd.DataFrame(
            {
                "title": titles,
                "tracks": table["#tracks"].astype(int),
                "parent": table["parent"].where(table["parent"] != 0).map(titles),
                "top": table["top_level"].map(titles),
            }
        ).sort_index()
    except (KeyError, ValueError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{path}: expected the columns genre_id, #tracks, parent, title, top_level ({error}); {AGAIN}"
        ) from error


def _table_path(home: str | os.PathLike[str] | None, name: str) -> Path:
    home = _home(home)
    path = home / METADATA / name
    if not path.is_file():
        raise DatasetError(f"no {METADATA}/{name} in {home}: {AGAIN}")
    return path
