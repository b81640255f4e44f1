"""A folder of generated music that looks like anyone's own: to try on it what the book says about yours.

Notebook: ``own_music``.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import joblib
import numpy as np
import soundfile

from mgclib.datasets import synthetic
from mgclib.datasets.synthesis import artist_name
from mgclib.errors import ParameterError
from mgclib.files import atomic_path, data_home, write_text

__all__ = ["BROKEN", "medley", "music_folder"]

BROKEN = "broken download.flac"
FIRST_BAR_S = 4.0
UNHEARD = 900
"""Number of the track in a medley: one that no folder holds."""


def music_folder(
    genres: Sequence[str], tracks: int = 10, seconds: float = 20.0, *, place: str | os.PathLike[str] | None = None
) -> Path:
    """Write generated tracks as ``<place>/<genre>/<artist> - <number>.flac`` and return the folder.

    Beside them lie a ``manifest.csv`` that names the artists, and in the first genre a file of which the second half
    is missing (`BROKEN`), as after a download that broke off. What is there already is not written again.

    Parameters
    ----------
    genres : sequence of str
        Genres of `mgclib.datasets.synthetic`, two or more.
    tracks : int, 2 … 500
        Of each genre.
    seconds : float, 0.5 … 120 [seconds]
        Length of a track.
    place : path or None
        None: a folder for these settings below `mgclib.files.data_home`.

    Raises
    ------
    ParameterError
        For an unknown genre, or a number out of range.
    MgcError
        When the folder cannot be written.
    """
    if len(set(genres)) < 2 or len(set(genres)) < len(genres):
        raise ParameterError(f"genres={list(genres)} must be two or more different ones")
    if not 2 <= tracks <= 500:
        raise ParameterError(f"tracks={tracks!r} must be from 2 to 500")
    known = [genre for family in synthetic.FAMILIES.values() for genre in family]
    if strange := sorted(set(genres) - set(known)):
        raise ParameterError(f"genres={list(genres)}: {strange[0]!r} has no recipe; choose from {', '.join(known)}")
    synthetic.render(genres[0], seconds=seconds)
    name = f"own-music-{'-'.join(genres)}-{tracks}x{seconds:g}s"
    folder = data_home() / "synthetic" / name if place is None else Path(place)
    files = {(genre, track): _file(genre, track) for genre in genres for track in range(tracks)}
    missing = [(*song, folder / file) for song, file in files.items() if not (folder / file).is_file()]
    with joblib.parallel_config("loky", n_jobs=min(joblib.cpu_count(), max(1, len(missing) // 16))):
        joblib.Parallel()(joblib.delayed(_write)(*one, seconds) for one in missing)
    broken = folder / genres[0] / BROKEN
    if not broken.is_file():
        whole = (folder / files[genres[0], 0]).read_bytes()
        with atomic_path(broken) as path:
            path.write_bytes(whole[: len(whole) // 2])
    rows = [f'"{file}",{artist_name(*song)}' for song, file in files.items()]
    write_text(folder / "manifest.csv", "\n".join(["file,artist", *rows]) + "\n")
    return folder


def medley(genres: Sequence[str], path: str | os.PathLike[str], seconds: float = 20.0) -> Path:
    """Write a sound file that goes from genre to genre, `seconds` of each, and return its path.

    No folder of `music_folder` holds these tracks.
    """
    parts = [synthetic.render(genre, UNHEARD, seconds=seconds, start_s=FIRST_BAR_S) for genre in genres]
    return _encode(np.concatenate(parts), Path(path))


def _file(genre: str, track: int) -> str:
    return f"{genre}/{artist_name(genre, track)} - {track + 1:02d}.flac"


def _write(genre: str, track: int, path: Path, seconds: float) -> None:
    _encode(synthetic.render(genre, track, seconds=seconds, start_s=FIRST_BAR_S), path)


def _encode(y: np.ndarray, path: Path) -> Path:
    sound = io.BytesIO()
    soundfile.write(sound, np.round(y * 32767).astype(np.int16), synthetic.SAMPLE_RATE, "PCM_16", format="FLAC")
    with atomic_path(path) as part:
        part.write_bytes(sound.getvalue())
    return path
