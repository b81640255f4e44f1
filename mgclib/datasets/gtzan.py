"""GTZAN: 1000 clips of 30 seconds, ten genres; the audio, or a mel pack where there is no audio."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path

import pandas as pd

from mgclib.audio import AUDIO_SUFFIXES
from mgclib.datasets.dataset import Dataset
from mgclib.datasets.listing import (
    Found,
    SetAside,
    genres_present,
    home_folder,
    list_sounds,
    usable,
)
from mgclib.datasets.melpack import MelPack, pack_clips, read_pack
from mgclib.errors import DatasetError, ParameterError

__all__ = ["GENRES", "KNOWN_FAULTS", "artists", "duplicates", "feature_table", "load"]

DESCRIPTION = "GTZAN: 1000 clips of 30 s, ten genres; audio files, or log-mel spectrograms in a mel pack"
CITATION = (
    "G. Tzanetakis and P. Cook, Musical genre classification of audio signals, IEEE Transactions on Speech and "
    "Audio Processing 10(5), 2002. Faults and artists: B. L. Sturm, The GTZAN dataset, arXiv:1306.1461, 2013. "
    "Fault-filtered lists: C. Kereliuk, B. L. Sturm and J. Larsen, Deep learning and music adversaries, IEEE "
    "Transactions on Multimedia 17(11), 2015."
)
LICENCE = "excerpts of commercial recordings: research use only, no redistribution"

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
SIZE = 1000
KNOWN_FAULTS = {"jazz.00054": "known fault: the usual copy of this file cannot be decoded; left out of every GTZAN run"}
SOURCES = ("auto", "audio", "pack")
AUDIO_FOLDERS = (
    "genres_original",
    "audio/genres_original",
    "Data/genres_original",
    "genres",
    "Data/genres",
    ".",
)
NAME = re.compile(rf"(?P<genre>{'|'.join(GENRES)})\.\d{{5}}")

logger = logging.getLogger(__name__)


def load(
    home: str | os.PathLike[str] | None = None,
    *,
    clip_seconds: float = 30.0,
    snippet_seconds: float | None = None,
    tracks_per_genre: int | None = None,
    source: str = "auto",
) -> Dataset:
    """Load GTZAN from audio files or from a mel pack.

    Audio is looked for as ``<genre>/<genre>.NNNNN.{wav,au,flac,ogg,mp3}`` in `home` itself and in
    ``genres_original``, ``audio/genres_original``, ``Data/genres_original`` (Kaggle), ``genres`` and
    ``Data/genres`` below it; a pack as ``*.melpack.npz`` in `home`, or `home` is the pack. With
    ``source="auto"`` the more complete one is taken, audio when both have as many clips, and the log
    says which. ``jazz.00054`` is left out by name and listed in `Dataset.set_aside`; any other fault is
    set aside with a `FaultyClipWarning`.

    Parameters
    ----------
    home : path or None
        None: ``data_home()/gtzan``.
    clip_seconds : float > 0 [seconds]
        Clips are cut or zero-padded to it.
    snippet_seconds : float > 0 [seconds] or None
        Cut each clip into snippets that share its ``track_id`` (see `Dataset.cut`).
    tracks_per_genre : int > 0 or None
        Only the first so many clips of each genre.
    source : {"auto", "audio", "pack"}

    Returns
    -------
    Dataset
        ``track_id`` is the clip id. ``lists["fault-filtered"]`` has train, validation and test of
        Kereliuk, Sturm and Larsen (2015): no artist and no duplicate in two parts.

    Raises
    ------
    DatasetError
        When there is no GTZAN at `home`, or only one genre of it.
    """
    if source not in SOURCES:
        raise ParameterError(f"source={source!r} must be one of {', '.join(SOURCES)}")
    if not clip_seconds > 0:
        raise ParameterError(f"clip_seconds={clip_seconds!r} must be above 0")
    home = home_folder("gtzan", home, "a folder with genres_original/<genre>/<genre>.NNNNN.wav or a .melpack.npz")
    folder, found = _find_audio(home) if source != "pack" else (None, [])
    pack = _find_pack(home) if source != "audio" else None
    if not found and pack is None:
        raise DatasetError(
            f"no GTZAN at {home} (source={source!r}): expected genres_original/<genre>/<genre>.NNNNN.wav "
            "or a .melpack.npz there; give the folder that holds it as home"
        )
    if pack is not None and len(pack) > len(found):
        logger.info("gtzan: mel pack %s (%d clips; audio: %d)", pack.path, len(pack), len(found))
        dataset = _from_pack(pack, clip_seconds)
    else:
        count = 0 if pack is None else len(pack)
        logger.info("gtzan: audio in %s (%d clips; mel pack: %d)", folder, len(found), count)
        dataset = _from_audio(folder, found, clip_seconds)
    if len(dataset) < SIZE - len(KNOWN_FAULTS):
        dataset = replace(dataset, notes=(*dataset.notes, f"{len(dataset)} of GTZAN's {SIZE} clips"))
    dataset = dataset.limit(tracks_per_genre)
    return dataset if snippet_seconds is None else dataset.cut(snippet_seconds)


def _find_audio(home: Path) -> tuple[Path | None, list[Found]]:
    best: tuple[Path | None, list[Found]] = (None, [])
    for name in AUDIO_FOLDERS:
        folder = home / name
        if any((folder / genre).is_dir() for genre in GENRES):
            found = [f for genre in GENRES for f in list_sounds(folder / genre, root=folder)]
            if len(found) > len(best[1]):
                best = (folder, found)
    return best


def _find_pack(home: Path) -> MelPack | None:
    packs = [home] if home.is_file() else sorted(home.glob("*.melpack.npz"))
    if len(packs) > 1:
        packs = [p for p in packs if p.name == "gtzan.melpack.npz"] or packs
    if len(packs) > 1:
        raise DatasetError(f"{len(packs)} mel packs in {home}: give one of them as home, e.g. {packs[0]}")
    return read_pack(packs[0]) if packs else None


def _from_pack(pack: MelPack, clip_seconds: float) -> Dataset:
    if pack.meta.get("corpus", "gtzan") != "gtzan":
        raise DatasetError(
            f"{pack.path} is a pack of {pack.meta['corpus']!r}, not of GTZAN; "
            "load it with datasets.load('folder', home=…)"
        )
    clips = pack_clips(pack)
    strange = [c for c, genre in clips["genre"].items() if _genre_of(c) != genre]
    if strange:
        raise DatasetError(
            f"{pack.path} is no pack of GTZAN: clip {strange[0]!r} with genre {clips['genre'][strange[0]]!r}, "
            "expected ids like 'jazz.00000'; load it with datasets.load('folder', home=…)"
        )
    if clip_seconds > pack.seconds * 1.001:
        raise ParameterError(
            f"clip_seconds={clip_seconds:g} is longer than the clips of {pack.path}: choose at most {pack.seconds:g}"
        )
    aside = SetAside()
    for clip_id, problem in KNOWN_FAULTS.items():
        if _genre_of(clip_id) in set(clips["genre"]):
            aside.add(clip_id, None, problem, known=True)
    clips = clips.drop(index=[c for c in KNOWN_FAULTS if c in clips.index])
    content = {str(pack.path): pack.fingerprint}
    return _dataset(clips, clip_seconds, content, aside, pack.path, pack=pack)


def _from_audio(folder: Path, found: list[Found], clip_seconds: float) -> Dataset:
    aside, chosen = SetAside(), {}
    order = {suffix: k for k, suffix in enumerate(AUDIO_SUFFIXES)}
    for sound in sorted(found, key=lambda f: (order.get(f.path.suffix.lower(), len(order)), f.path.name)):
        clip_id = sound.path.stem
        if clip_id in KNOWN_FAULTS:
            aside.add(clip_id, sound.path, KNOWN_FAULTS[clip_id], known=True)
        elif _genre_of(clip_id) != sound.path.parent.name:
            aside.add(sound.name, sound.path, f"not the name of a clip of {sound.path.parent.name} (genre.NNNNN)")
        elif clip_id in chosen:
            aside.add(sound.name, sound.path, f"a second file of {clip_id}; {chosen[clip_id].path.name} is used")
        else:
            chosen[clip_id] = sound
    facts = usable(chosen, clip_seconds, aside)
    aside.warn("gtzan")
    if facts.empty:
        raise DatasetError(
            f"none of the {len(found)} files in {folder} can be used: mend or replace them, first {aside.first()}"
        )
    clips = pd.DataFrame(
        {
            "genre": [_genre_of(c) for c in facts.index],
            "track_id": facts.index,
            "path": facts["path"],
            "start_s": 0.0,
            "duration_s": facts["frames"] / facts["sample_rate"],
        },
        index=facts.index,
    )
    content = dict(zip(facts["path"], facts["bytes_hash"], strict=True))
    return _dataset(clips, clip_seconds, content, aside, folder)


def _dataset(
    clips: pd.DataFrame,
    clip_seconds: float,
    content: dict[str, str],
    aside: SetAside,
    where: Path,
    pack: MelPack | None = None,
) -> Dataset:
    clips = clips.sort_index()
    clips["artist"] = artists().reindex(clips.index)
    genres = genres_present("gtzan", clips["genre"], where, order=GENRES, aside=aside)
    notes = [] if pack is None else [f"log-mel spectrograms of {pack.path.name}; there is no audio"]
    if genres != GENRES:
        notes.append(f"only {len(genres)} of the ten genres: {', '.join(genres)}")
    listed = _fault_filtered()
    return Dataset(
        name="gtzan",
        clips=clips[["genre", "track_id", "artist", "path", "start_s", "duration_s"]],
        genres=genres,
        licence=LICENCE,
        citation=CITATION,
        clip_seconds=float(clip_seconds),
        content=content,
        set_aside=aside.table(),
        lists={"fault-filtered": listed[listed.index.isin(clips.index)]},
        pack=pack,
        notes=tuple(notes),
    )


def _genre_of(clip_id: str) -> str | None:
    match = NAME.fullmatch(clip_id)
    return match["genre"] if match else None


def _carried(name: str) -> pd.DataFrame:
    with (resources.files("mgclib.datasets") / "gtzan_lists" / name).open(encoding="utf-8") as handle:
        return pd.read_csv(handle, dtype="str")


@cache
def artists() -> pd.Series:
    """Return the artist of each clip that is known : pd.Series [index clip id]."""
    return _carried("artists.csv").set_index("clip_id")["artist"]


@cache
def _fault_filtered() -> pd.Series:
    return _carried("fault_filtered.csv").set_index("clip_id")["split"].rename("fault-filtered")


def duplicates() -> pd.DataFrame:
    """Return the known pairs of equal or related clips.

    Returns
    -------
    pd.DataFrame
        Columns ``clip_id_a``, ``clip_id_b``, ``kind``: ``mel_exact`` (14 pairs with equal spectrograms),
        ``mel_near`` (13, the same excerpt coded again), ``fingerprint_same_track`` (76),
        ``index_same_title`` (92). A pair has one row per kind.
    """
    return _carried("duplicates.csv")


def feature_table(home: str | os.PathLike[str] | None = None) -> pd.DataFrame:
    """Return Kaggle's table of 57 features per clip, ``features_30_sec.csv``.

    Parameters
    ----------
    home : path or None
        The folder with the table, or with ``Data/`` above it (None: ``data_home()/gtzan``).

    Returns
    -------
    pd.DataFrame
        Index ``clip_id``; ``length`` (samples at 22050 Hz), 57 features, ``label`` (the genre).

    Raises
    ------
    DatasetError
        When there is no such table or it has other columns.
    """
    home = home_folder("gtzan", home, "a folder with features_30_sec.csv")
    candidates = [home / "features_30_sec.csv", home / "Data" / "features_30_sec.csv"]
    path = next((p for p in candidates if p.is_file()), None)
    if path is None:
        raise DatasetError(f"no features_30_sec.csv in {home} or {home / 'Data'}: it comes with Kaggle's copy of GTZAN")
    try:
        table = pd.read_csv(path)
    except (ValueError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: not a readable table; fetch it again") from error
    if not {"filename", "length", "label"} <= set(table.columns):
        raise DatasetError(f"{path}: expected the columns filename, length, …, label; found {list(table.columns)[:5]}")
    table.index = pd.Index(table.pop("filename").str.removesuffix(".wav"), name="clip_id")
    if not table.index.is_unique:
        raise DatasetError(f"{path}: clip {table.index[table.index.duplicated()][0]!r} occurs twice; fetch it again")
    return table.sort_index()
