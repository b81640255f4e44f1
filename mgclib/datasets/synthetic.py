"""The embedded data set: music made by a seeded generator, so that the book builds anywhere, offline.

Two families: ``genres`` (the ten GTZAN names) and ``techno`` (the five classes of the techno report).
Every genre has a few styles, every style a recipe of tempo, metre, drums, harmony, bass and timbre
(`mgclib.datasets.synthesis`). An artist fixes style, instruments and mix, a track fixes key, tempo,
chords and motifs, and the clips of a track are different excerpts of it: they are alike, so a split by
clip is optimistic here for the reason it is optimistic on GTZAN.

Its numbers show that an approach works; they never pose as a reproduction of a report.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import soundfile
from filelock import FileLock
from tqdm.auto import tqdm

from mgclib.datasets import synthesis
from mgclib.datasets.dataset import CLIP_COLUMNS, Dataset
from mgclib.errors import ParameterError
from mgclib.files import atomic_path, data_home, write_text

__all__ = ["CITATION", "DESCRIPTION", "FAMILIES", "LICENCE", "load", "render"]

DESCRIPTION = (
    "Generated music in ten genres or five kinds of techno: a recipe per style, an artist per one or two "
    "tracks, several excerpts per track; 22050 Hz, mono, 16 bit."
)
CITATION = f"mgclib synthetic music, generator version {synthesis.VERSION}: made by the report book's own code."
LICENCE = "CC0-1.0: made by a program from random numbers, no recording was used."

FAMILIES = synthesis.FAMILIES
SAMPLE_RATE = synthesis.SAMPLE_RATE
MANIFEST = "manifest.json"


def load(
    home: str | Path | None = None,
    *,
    family: str = "genres",
    tracks_per_genre: int = 12,
    clips_per_track: int = 3,
    clip_seconds: float = 5.0,
    seed: int = 0,
    jobs: int | None = None,
) -> Dataset:
    """Return the synthetic data set; what is not on disk yet is generated, in parallel and resumably.

    Track *k* and clip *k* sound the same whatever the number of tracks and clips asked for, so a larger
    set reuses the clips of a smaller one.

    Parameters
    ----------
    home : path or None
        Folder for the sound files; None: ``<data_home()>/synthetic``.
    family : {"genres", "techno"}
        The ten GTZAN genres, or the five classes of the techno report.
    tracks_per_genre : int, 1 … 1000
    clips_per_track : int, 1 … 100
    clip_seconds : float, 0.5 … 120 [seconds]
    seed : int, 0 … 2**32 - 1
        Another seed is other music by other artists with the same recipes.
    jobs : int >= 1 or None
        Worker processes; None: one per core. The music does not depend on it.

    Returns
    -------
    Dataset
        With ``synthetic=True``. One artist in three made two tracks, so the protocols ``artist`` and
        ``grouped`` differ.

    Raises
    ------
    ParameterError
        For an option of the wrong type or out of range.
    MgcError
        When a file cannot be written (full disk, read-only folder); finished clips stay.
    """
    _check_options(family, tracks_per_genre, clips_per_track, clip_seconds, seed, jobs)
    collection = _Collection(family, float(clip_seconds), int(seed))
    folder = Path(home if home is not None else data_home() / "synthetic").expanduser().absolute() / collection.key
    clips = [
        _Clip(genre, track, clip)
        for genre in FAMILIES[family]
        for track in range(tracks_per_genre)
        for clip in range(clips_per_track)
    ]
    _complete(folder, collection, clips, jobs)
    return _dataset(folder, collection, clips)


def render(genre: str, track: int = 0, seed: int = 0, seconds: float = 10.0, start_s: float = 0.0) -> np.ndarray:
    """Return an excerpt of a synthetic track, e.g. to play it on a page.

    Parameters
    ----------
    genre : str
        A genre of either family.
    track : int >= 0
        The track's number, as in the clip id.
    seed : int >= 0
        The seed of the data set.
    seconds : float, 0.5 … 120 [seconds]
    start_s : float >= 0 [seconds]
        Where in the (endless) track the excerpt begins.

    Returns
    -------
    np.ndarray [shape=(round(22050 * seconds),), float32, [-1, 1]]

    Raises
    ------
    ParameterError
        For an unknown genre or a number out of range.
    """
    known = [g for genres in FAMILIES.values() for g in genres]
    if genre not in known:
        raise ParameterError(f"genre={genre!r} has no recipe; choose one of {', '.join(known)}")
    _check_integer("track", track, 0, 999)
    _check_integer("seed", seed, 0, 2**32 - 1)
    _check_seconds("seconds", seconds, 0.5, 120.0)
    _check_seconds("start_s", start_s, 0.0, 36000.0)
    return synthesis.Song(genre, track, seed).excerpt(start_s, seconds)


@dataclass(frozen=True)
class _Collection:
    """What all clips of a folder have in common."""

    family: str
    clip_seconds: float
    seed: int

    @property
    def key(self) -> str:
        options = f"v{synthesis.VERSION} {self.family} {self.clip_seconds!r} {self.seed}"
        return f"{self.family}-{hashlib.blake2b(options.encode(), digest_size=5).hexdigest()}"

    @property
    def n_samples(self) -> int:
        return round(self.clip_seconds * SAMPLE_RATE)

    def start_s(self, clip: int) -> float:
        """Excerpts are half a clip length apart, and the first starts after the first bars."""
        return 4.0 + 1.5 * clip * self.clip_seconds


@dataclass(frozen=True)
class _Clip:
    genre: str
    track: int
    clip: int

    @property
    def track_id(self) -> str:
        return f"{self.genre}.{self.track:03d}"

    @property
    def clip_id(self) -> str:
        return f"{self.track_id}.{self.clip:02d}"

    @property
    def file(self) -> str:
        return f"{self.genre}/{self.track_id}/{self.clip_id}.flac"


def _complete(folder: Path, collection: _Collection, clips: list[_Clip], jobs: int | None) -> None:
    """Generate the clips that are missing; the manifest (clip file -> size in bytes) is written last."""
    if not _missing(folder, clips, _read_manifest(folder)):
        return
    write_text(folder / "README.txt", f"{DESCRIPTION}\n{collection}\n{CITATION}\n{LICENCE}\n")
    with FileLock(folder / ".lock"):
        sizes = _read_manifest(folder)
        missing = _missing(folder, clips, sizes)
        whole = {c.file: size for c in missing if (size := _whole_size(folder / c.file, collection))}
        missing = [c for c in missing if c.file not in whole]
        sizes |= whole
        for made in _generate(folder, collection, missing, jobs):
            sizes |= made
        write_text(folder / MANIFEST, json.dumps(sizes, indent=0, sort_keys=True))


def _generate(folder: Path, collection: _Collection, clips: list[_Clip], jobs: int | None) -> Iterator[dict[str, int]]:
    tracks = [list(group) for _, group in itertools.groupby(clips, key=lambda c: (c.genre, c.track))]
    workers = min(jobs or joblib.cpu_count(), max(1, len(clips) // 8))
    bar = tqdm(total=len(clips), desc=f"synthetic {collection.family}", unit="clip", disable=not clips)
    with bar, joblib.parallel_config("loky", n_jobs=workers, inner_max_num_threads=1):
        tasks = (joblib.delayed(_write_track)(folder, collection, track) for track in tracks)
        for made in joblib.Parallel(return_as="generator_unordered")(tasks):
            bar.update(len(made))
            yield made


def _write_track(folder: Path, collection: _Collection, clips: list[_Clip]) -> dict[str, int]:
    song = synthesis.Song(clips[0].genre, clips[0].track, collection.seed)
    sizes = {}
    for clip in clips:
        y = song.excerpt(collection.start_s(clip.clip), collection.clip_seconds)
        target = folder / clip.file
        sound = io.BytesIO()
        soundfile.write(sound, np.round(y * 32767).astype(np.int16), SAMPLE_RATE, "PCM_16", format="FLAC")
        with atomic_path(target) as path:
            path.write_bytes(sound.getvalue())
        sizes[clip.file] = target.stat().st_size
    return sizes


def _read_manifest(folder: Path) -> dict[str, int]:
    try:
        sizes = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return sizes if isinstance(sizes, dict) else {}


def _missing(folder: Path, clips: Iterable[_Clip], sizes: dict[str, int]) -> list[_Clip]:
    return [c for c in clips if c.file not in sizes or _size(folder / c.file) != sizes[c.file]]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return -1


def _whole_size(path: Path, collection: _Collection) -> int:
    """Size of a finished clip that a killed run left behind, 0 if there is none."""
    try:
        y, sample_rate = soundfile.read(path, dtype="int16")
    except soundfile.LibsndfileError:
        return 0
    return path.stat().st_size if (len(y), sample_rate) == (collection.n_samples, SAMPLE_RATE) else 0


def _dataset(folder: Path, collection: _Collection, clips: list[_Clip]) -> Dataset:
    rows = [(c.genre, c.track_id, synthesis.artist_name(c.genre, c.track), str(folder / c.file), 0.0) for c in clips]
    table = pd.DataFrame(rows, columns=list(CLIP_COLUMNS[:-1]), index=pd.Index([c.clip_id for c in clips]))
    table["duration_s"] = collection.n_samples / SAMPLE_RATE
    table.index.name = "clip_id"
    content = {
        str(folder / c.file): hashlib.blake2b(f"{collection.key}/{c.clip_id}".encode(), digest_size=16).hexdigest()
        for c in clips
    }
    return Dataset(
        name="synthetic",
        clips=table.sort_index(),
        genres=FAMILIES[collection.family],
        licence=LICENCE,
        citation=CITATION,
        clip_seconds=collection.clip_seconds,
        content=content,
        synthetic=True,
    )


def _check_options(family: Any, tracks: Any, clips: Any, seconds: Any, seed: Any, jobs: Any) -> None:
    if family not in FAMILIES:
        raise ParameterError(f"family={family!r} is not known; choose one of {', '.join(FAMILIES)}")
    _check_integer("tracks_per_genre", tracks, 1, 1000)
    _check_integer("clips_per_track", clips, 1, 100)
    _check_seconds("clip_seconds", seconds, 0.5, 120.0)
    _check_integer("seed", seed, 0, 2**32 - 1)
    if jobs is not None:
        _check_integer("jobs", jobs, 1, 1024)


def _check_integer(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
        raise ParameterError(f"{name}={value!r} must be a whole number from {low} to {high}")


def _check_seconds(name: str, value: Any, low: float, high: float) -> None:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        raise ParameterError(f"{name}={value!r} must be a number of seconds from {low:g} to {high:g}")
