"""Which sound files lie in a folder, which of them can be used, and what becomes of the others."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from mgclib.audio import AUDIO_SUFFIXES, UNSUPPORTED_SUFFIXES
from mgclib.datasets.dataset import FaultyClipWarning
from mgclib.errors import DatasetError
from mgclib.files import data_home

__all__ = ["Found", "SetAside", "genres_present", "home_folder", "list_sounds", "printable", "usable"]

SILENT_RMS = 1e-4
"""-80 dB of full scale: what is quieter throughout holds no music."""

SILENCE = "silence"
SHORTEST_SECONDS = 1.0
WARNINGS_SHOWN = 10


@dataclass(frozen=True)
class Found:
    """A file that looks like sound: where it is, and its name relative to the folder searched."""

    path: Path
    name: str


@dataclass
class SetAside:
    """Files that are there but not used, each with the reason."""

    rows: list[tuple[str, str | None, str]] = field(default_factory=list)
    loud: list[int] = field(default_factory=list)

    def add(self, clip_id: str, path: Path | None, problem: str, *, known: bool = False) -> None:
        """Note a file; a fault that is not `known` is announced by `warn`."""
        if not known:
            self.loud.append(len(self.rows))
        self.rows.append((printable(clip_id), None if path is None else printable(str(path)), problem))

    def warn(self, name: str) -> None:
        """Give one `FaultyClipWarning` per new fault; after ten, one that counts the rest."""
        for k in self.loud[:WARNINGS_SHOWN]:
            clip_id, path, problem = self.rows[k]
            warnings.warn(f"{name}: {path or clip_id} is set aside: {problem}", FaultyClipWarning, stacklevel=4)
        if len(self.loud) > WARNINGS_SHOWN:
            more = len(self.loud) - WARNINGS_SHOWN
            warnings.warn(
                f"{name}: {more} more files are set aside; see Dataset.set_aside or `mgc data check`",
                FaultyClipWarning,
                stacklevel=4,
            )

    def first(self) -> str:
        """Return the first fault as ``file: problem``; one that is not known before one that is."""
        clip_id, path, problem = self.rows[self.loud[0] if self.loud else 0]
        return f"{path or clip_id}: {problem}"

    def table(self) -> pd.DataFrame:
        """Return the table for `Dataset.set_aside`."""
        table = pd.DataFrame(self.rows, columns=["clip_id", "path", "problem"], dtype="str")
        return table.set_index("clip_id").sort_index()


def printable(text: str) -> str:
    """Return `text` with bytes that are no UTF-8 (in a file name) written as ``\\xNN``."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def home_folder(name: str, home: str | os.PathLike[str] | None, expected: str) -> Path:
    """Return the absolute home of a data set, or say that it is missing.

    Raises
    ------
    DatasetError
        When it does not exist; says what was `expected` there.
    """
    path = data_home() / name if home is None else Path(home).expanduser()
    if not path.exists():
        how = "give it with home=…" if home is None else "check the path given as home"
        raise DatasetError(f"{name}: nothing at {path}; expected {expected}; {how}")
    return path.resolve()


def list_sounds(folder: Path, root: Path) -> list[Found]:
    """Return the sound files below `folder`, sorted by name; hidden files and other types are passed over.

    Links are followed; a folder that is linked twice counts once.
    """
    wanted = {*AUDIO_SUFFIXES, *UNSUPPORTED_SUFFIXES}
    found, visited = [], set()
    for parent, folders, files in os.walk(folder, followlinks=True):
        if (place := Path(parent).resolve()) in visited:
            folders.clear()
            continue
        visited.add(place)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for file in sorted(files):
            path = Path(parent) / file
            if not file.startswith(".") and path.suffix.lower() in wanted:
                found.append(Found(path, printable(path.relative_to(root).as_posix())))
    return found


def usable(sounds: Mapping[str, Found], clip_seconds: float, aside: SetAside) -> pd.DataFrame:
    """Examine files and return the facts of those that can be used, by clip id; the others go to `aside`.

    A file is set aside when its name is no UTF-8, its format is not supported, it does not decode whole, it is
    shorter than a second (or half a clip, when clips are shorter than two seconds), or it is silent throughout.
    """
    from mgclib.datasets.index import examine

    candidates = {}
    for clip_id, sound in sounds.items():
        if printable(str(sound.path)) != str(sound.path):
            aside.add(clip_id, sound.path, "the file name is not valid UTF-8; rename it")
        elif sound.path.suffix.lower() in UNSUPPORTED_SUFFIXES:
            aside.add(clip_id, sound.path, f"{sound.path.suffix} is not supported; convert it to FLAC or WAV")
        else:
            candidates[clip_id] = str(sound.path)
    facts = examine(candidates.values()).loc[list(candidates.values())]
    facts = facts.reset_index(names="path").set_index(pd.Index(candidates, name="clip_id", dtype="str"))
    shortest = min(SHORTEST_SECONDS, clip_seconds / 2)
    seconds = facts["frames"] / facts["sample_rate"].where(facts["sample_rate"] > 0)
    short = (facts["problem"] == "") & (seconds < shortest)
    silent = (facts["problem"] == "") & ~short & (facts["rms"] < SILENT_RMS)
    problems = facts["problem"].mask(short, seconds.map("only {:.2f} s long".format) + f", expected {clip_seconds:g} s")
    level = facts["rms"].map("the RMS of the mono mix is {:.1e} of full scale".format)
    problems = problems.mask(silent, f"{SILENCE}: " + level)
    for clip_id, problem in problems[problems != ""].items():
        aside.add(clip_id, Path(facts["path"][clip_id]), problem)
    return facts[problems == ""]


def genres_present(
    name: str,
    labels: Iterable[str],
    where: Path,
    order: tuple[str, ...] | None = None,
    aside: SetAside | None = None,
) -> tuple[str, ...]:
    """Return the genres that have clips, in `order` (None: alphabetical).

    Raises
    ------
    DatasetError
        When there is one genre only; names the first of the files that are set `aside`.
    """
    found = set(labels)
    genres = tuple(sorted(found) if order is None else [g for g in order if g in found])
    if len(genres) < 2:
        raise DatasetError(
            f"{name}: {where} has one genre only ({', '.join(genres)}); classification needs two or more, "
            "each in a folder of its own" + (f" (set aside: {aside.first()})" if aside and aside.loud else "")
        )
    return genres
