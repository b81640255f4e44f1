"""Bring your own music: a folder per genre, or a mel pack."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from mgclib.datasets.dataset import Dataset, snippet_starts
from mgclib.datasets.listing import Found, SetAside, genres_present, home_folder, list_sounds, printable, usable
from mgclib.datasets.melpack import pack_clips, read_pack
from mgclib.errors import DatasetError, ParameterError

__all__ = ["load", "read_manifest"]

DESCRIPTION = "your own music: <home>/<genre>/<file> or <home>/<genre>/<track>/<clip>, or a .melpack.npz"
CITATION = "own collection"
LICENCE = "that of your own files"

MANIFEST_COLUMNS = ("file", "genre", "track", "artist")


def load(
    home: str | os.PathLike[str] | None = None,
    *,
    clip_seconds: float = 30.0,
    manifest: str | os.PathLike[str] | None = None,
    tracks_per_genre: int | None = None,
) -> Dataset:
    """Load a folder of music.

    ``<home>/<genre>/<file>`` makes each file a track; ``<home>/<genre>/<track>/<clip>`` makes the folder
    the track. A file longer than `clip_seconds` is cut into clips that share its ``track_id`` (a remainder
    is dropped, a shorter file is zero-padded). Clip ids are paths below `home` without the suffix, and
    ``@<start>`` where a file gives several clips. A file that cannot be used is set aside with a
    `FaultyClipWarning`.

    Parameters
    ----------
    home : path or None
        A folder, or a mel pack written by `mgclib.datasets.melpack.write_pack`. None: ``data_home()/folder``.
    clip_seconds : float > 0 [seconds]
    manifest : path or None
        A CSV file that overrides what the folders say, see `read_manifest` (None: ``<home>/manifest.csv``
        where there is one).
    tracks_per_genre : int > 0 or None
        Only the first so many tracks of each genre.

    Raises
    ------
    DatasetError
        For a missing or empty folder, one genre only, or a faulty manifest.
    """
    if not clip_seconds > 0:
        raise ParameterError(f"clip_seconds={clip_seconds!r} must be above 0")
    home = home_folder("folder", home, "a folder with one folder per genre")
    if home.is_file():
        return _from_pack(home, clip_seconds).limit(tracks_per_genre)
    found = list_sounds(home, root=home)
    if not found:
        raise DatasetError(
            f"no sound file below {home}: expected {home.name}/<genre>/<file>.wav (or flac, ogg, mp3, au)"
        )
    overrides = read_manifest(home / "manifest.csv" if manifest is None else manifest, required=manifest is not None)
    unknown = sorted(set(overrides.index) - {f.name for f in found})
    if unknown:
        raise DatasetError(
            f"the manifest names {unknown[0]!r}, which is not below {home} ({len(unknown)} such rows); "
            "write paths relative to home, with forward slashes"
        )
    aside = SetAside()
    labels = _labels(found, overrides, aside)
    sounds = {clip_id: f for clip_id, f in _clip_ids(found).items() if f.name in labels.index}
    facts = usable(sounds, clip_seconds, aside)
    aside.warn("folder")
    if facts.empty:
        raise DatasetError(
            f"none of the {len(found)} files below {home} can be used: mend or replace them, first {aside.first()}"
        )
    labels = labels.loc[[sounds[c].name for c in facts.index]].set_index(facts.index)
    silent_folders = sorted(set(_genre_folders(home)) - set(labels["genre"]))
    clips = _cut(facts, labels, clip_seconds)
    return Dataset(
        name="folder",
        clips=clips,
        genres=genres_present("folder", clips["genre"], home, aside=aside),
        licence=LICENCE,
        citation=CITATION,
        clip_seconds=float(clip_seconds),
        content=dict(zip(facts["path"], facts["bytes_hash"], strict=True)),
        set_aside=aside.table(),
        notes=(f"own music: {home.name}", *(f"no usable sound in the folder {name}" for name in silent_folders)),
    ).limit(tracks_per_genre)


def _from_pack(path: Path, clip_seconds: float) -> Dataset:
    pack = read_pack(path)
    clips = pack_clips(pack)
    return Dataset(
        name=str(pack.meta.get("corpus", "folder")),
        clips=clips,
        genres=genres_present("folder", clips["genre"], path, order=_stored_order(pack.meta, clips["genre"])),
        licence=str(pack.meta.get("licence", LICENCE)),
        citation=str(pack.meta.get("citation", CITATION)),
        clip_seconds=min(float(clip_seconds), pack.seconds),
        content={str(pack.path): pack.fingerprint},
        pack=pack,
        synthetic=bool(pack.meta.get("synthetic", False)),
        notes=(f"log-mel spectrograms of {path.name}; there is no audio",),
    )


def _stored_order(meta: dict, labels: pd.Series) -> tuple[str, ...] | None:
    order = meta.get("genres")
    return tuple(order) if isinstance(order, list) and set(labels) <= set(map(str, order)) else None


def read_manifest(path: str | os.PathLike[str], *, required: bool = True) -> pd.DataFrame:
    """Read a manifest: which file belongs to which genre, track and artist.

    Parameters
    ----------
    path : path
        A CSV file in UTF-8 with the column ``file`` (path below the data folder) and one or more of
        ``genre``, ``track``, ``artist``; an empty cell overrides nothing.
    required : bool
        False: a missing file is an empty manifest.

    Returns
    -------
    pd.DataFrame
        Index ``file``; columns ``genre``, ``track``, ``artist`` (missing where not given).

    Raises
    ------
    DatasetError
        When it is missing, no CSV, has unknown columns, or names a file twice.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        if required:
            raise DatasetError(f"no manifest at {path}: expected a CSV file with the columns {list(MANIFEST_COLUMNS)}")
        return pd.DataFrame(
            columns=list(MANIFEST_COLUMNS[1:]), index=pd.Index([], name="file", dtype="str"), dtype="str"
        )
    try:
        table = pd.read_csv(path, dtype="str", encoding="utf-8-sig", skipinitialspace=True)
    except (ValueError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: not a CSV table in UTF-8 ({str(error).splitlines()[0]})") from error
    if "file" not in table.columns or not set(table.columns) <= set(MANIFEST_COLUMNS):
        raise DatasetError(
            f"{path}: its columns are {list(table.columns)}; expected file and some of {list(MANIFEST_COLUMNS[1:])}"
        )
    if table["file"].isna().any():
        raise DatasetError(f"{path}: row {int(table['file'].isna().argmax()) + 2} names no file")
    if table["file"].duplicated().any():
        raise DatasetError(f"{path}: {table['file'][table['file'].duplicated()].iloc[0]!r} has two rows; keep one")
    return table.set_index("file").reindex(columns=list(MANIFEST_COLUMNS[1:]))


def _labels(found: list[Found], overrides: pd.DataFrame, aside: SetAside) -> pd.DataFrame:
    rows = {}
    for sound in found:
        parts = sound.name.split("/")
        given = overrides.loc[sound.name] if sound.name in overrides.index else overrides.iloc[:0].max()
        given = {key: value for key, value in given.items() if isinstance(value, str)}
        if len(parts) == 1 and "genre" not in given:
            aside.add(
                sound.name, sound.path, "lies beside the genre folders; move it into one or list it in manifest.csv"
            )
            continue
        genre = given.get("genre", parts[0])
        within = Path(parts[-1]).stem if len(parts) <= 2 else parts[1]
        rows[sound.name] = (genre, given.get("track", f"{genre}/{within}"), given.get("artist"))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["genre", "track_id", "artist"], dtype="str")


def _clip_ids(found: list[Found]) -> dict[str, Found]:
    stems = pd.Series([f.name.removesuffix(f.path.suffix) for f in found])
    names = [f.name for f in found]
    return dict(zip(stems.where(~stems.duplicated(keep=False), names), found, strict=True))


def _genre_folders(home: Path) -> list[str]:
    return [printable(p.name) for p in home.iterdir() if p.is_dir() and not p.name.startswith(".")]


def _cut(facts: pd.DataFrame, labels: pd.DataFrame, clip_seconds: float) -> pd.DataFrame:
    rows = []
    for clip_id, frames, rate, path in zip(
        facts.index, facts["frames"], facts["sample_rate"], facts["path"], strict=True
    ):
        duration = frames / rate
        starts = snippet_starts(duration, clip_seconds)
        for start in starts:
            alone = len(starts) == 1
            name = clip_id if alone else f"{clip_id}@{start:g}"
            rows.append((name, clip_id, path, start, duration if alone else min(clip_seconds, duration - start)))
    clips = pd.DataFrame(rows, columns=["clip_id", "file", "path", "start_s", "duration_s"])
    described = labels.loc[clips.pop("file")].set_axis(clips.index)
    clips = pd.concat([clips, described], axis=1).set_index("clip_id").sort_index()
    return clips[["genre", "track_id", "artist", "path", "start_s", "duration_s"]]
