"""The one shape that every data set has: a table of clips and what is known about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mgclib.errors import DatasetError, ParameterError

if TYPE_CHECKING:
    from mgclib.datasets.melpack import MelPack

__all__ = ["CLIP_COLUMNS", "Dataset", "FaultyClipWarning", "snippet_starts"]

CLIP_COLUMNS = ("genre", "track_id", "artist", "path", "start_s", "duration_s")


class FaultyClipWarning(UserWarning):
    """A clip that cannot be used was found, named and set aside (`Dataset.set_aside`)."""


def snippet_starts(duration_s: float, seconds: float) -> list[float]:
    """Return where non-overlapping snippets of `seconds` begin in `duration_s`.

    A remainder is dropped; a clip that is up to 2 % of a snippet too short still gives its last one
    (GTZAN's clips have 29.9 to 30.7 s), and there is always at least one.
    """
    return [k * seconds for k in range(max(1, int((duration_s + 0.02 * seconds) // seconds)))]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table of labelled clips.

    Parameters
    ----------
    name : str
        ``synthetic``, ``gtzan``, …; shown with every number that comes from it.
    clips : pd.DataFrame
        One row per clip, index ``clip_id`` (unique, sorted), columns `CLIP_COLUMNS`:
        ``genre`` (str), ``track_id`` (str), ``artist`` (str or missing), ``path`` (absolute path as str,
        missing for mel packs), ``start_s`` and ``duration_s`` (seconds inside the file).
    genres : tuple of str
        The classes in their fixed order; column *k* of every probability table is ``genres[k]``.
    licence, citation : str
        What may be done with the clips, and whom to cite.
    clip_seconds : float > 0
        The length that every array in the feature store covers; clips are cut or zero-padded to it.
    content : dict of str to str
        For each file (or mel pack) behind the clips a hash of its bytes.
    set_aside : pd.DataFrame
        Files or clips that were found but are not used; index ``clip_id``, columns ``path``, ``problem``.
    lists : dict of str to pd.Series
        Published splits, e.g. ``{"fault-filtered": Series(clip_id -> train/validation/test)}``.
    pack : MelPack or None
        Log-mel spectrograms where there is no audio.
    synthetic : bool
        True for generated music: its numbers never pose as a reproduction.
    notes : tuple of str
        What a reader of its numbers should know, e.g. that only three genres are there.
    """

    name: str
    clips: pd.DataFrame
    genres: tuple[str, ...]
    licence: str
    citation: str
    clip_seconds: float
    content: dict[str, str] = field(default_factory=dict)
    set_aside: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["path", "problem"], index=pd.Index([], name="clip_id"))
    )
    lists: dict[str, pd.Series] = field(default_factory=dict)
    pack: MelPack | None = None
    synthetic: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        missing = [c for c in CLIP_COLUMNS if c not in self.clips.columns]
        if missing:
            raise DatasetError(f"{self.name}: the clip table lacks the columns {missing}")
        if self.clips.empty:
            raise DatasetError(f"{self.name}: there is no clip; look at the folder and at `mgc data check`")
        if not self.clips.index.is_unique:
            twice = self.clips.index[self.clips.index.duplicated()][0]
            raise DatasetError(f"{self.name}: clip id {twice!r} occurs twice; clip ids must be unique")
        strange = sorted(set(self.clips["genre"]) - set(self.genres))
        if strange:
            raise DatasetError(f"{self.name}: genres {strange} are not among {list(self.genres)}")

    def __len__(self) -> int:
        return len(self.clips)

    def __repr__(self) -> str:
        tracks = self.clips["track_id"].nunique()
        return f"<Dataset {self.name}: {len(self)} clips of {tracks} tracks, {len(self.genres)} genres>"

    @property
    def labels(self) -> np.ndarray:
        """Genre index of every clip : np.ndarray [shape=(n_clips,), int64, 0 … n_genres - 1]."""
        return self.clips["genre"].map({g: k for k, g in enumerate(self.genres)}).to_numpy(np.int64)

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when a clip, its label or its cut changes.

        Paths do not count: the same files elsewhere have the same fingerprint.
        """
        digest = hashlib.blake2b(digest_size=8)
        columns = ["genre", "track_id", "artist", "start_s", "duration_s"]
        table = self.clips[columns].astype("object").where(self.clips[columns].notna(), "")
        paths = self.clips["path"].map(self.content, na_action="ignore").astype("object")
        if self.pack is not None:
            digest.update(self.pack.fingerprint.encode())
        for clip_id, row, content in zip(self.clips.index, table.itertuples(index=False), paths, strict=True):
            digest.update(f"{clip_id}\t{tuple(map(str, row))}\t{content}\n".encode())
        digest.update(f"{self.genres}{self.clip_seconds}".encode())
        return digest.hexdigest()

    def summary(self) -> pd.DataFrame:
        """Return clips, tracks, artists and minutes per genre, with a row for all."""
        groups = {genre: rows for genre, rows in self.clips.groupby("genre") if len(rows)}
        table = {
            name: {
                "tracks": rows["track_id"].nunique(),
                "artists": rows["artist"].nunique(),
                "clips": len(rows),
                "minutes": round(float(rows["duration_s"].sum()) / 60, 1),
            }
            for name, rows in {**{g: groups[g] for g in self.genres if g in groups}, "all": self.clips}.items()
        }
        return pd.DataFrame.from_dict(table, orient="index").rename_axis("genre")

    def first_clips(self) -> np.ndarray:
        """Return the row of the first clip of each genre : np.ndarray [shape=(n_genres,), int], for pictures."""
        return np.array([int((self.clips["genre"] == genre).to_numpy().argmax()) for genre in self.genres])

    def select(self, clip_ids: Any) -> Dataset:
        """Return the data set with only these clips, in the order given (genres stay as they are)."""
        unknown = [c for c in clip_ids if c not in self.clips.index]
        if unknown:
            raise DatasetError(f"{self.name} has no clip {unknown[0]!r} ({len(unknown)} unknown in all)")
        return replace(self, clips=self.clips.loc[list(clip_ids)])

    def limit(self, tracks_per_genre: int | None) -> Dataset:
        """Return the first `tracks_per_genre` tracks of each genre with all their clips (None: everything)."""
        if tracks_per_genre is None:
            return self
        if tracks_per_genre < 1:
            raise ParameterError(f"tracks_per_genre={tracks_per_genre} must be a positive integer or None")
        kept = self.clips.drop_duplicates("track_id").groupby("genre", sort=False)["track_id"].head(tracks_per_genre)
        return replace(self, clips=self.clips[self.clips["track_id"].isin(set(kept))])

    def cut(self, seconds: float) -> Dataset:
        """Cut every clip into non-overlapping snippets of `seconds` that share the clip's ``track_id``.

        A snippet's id is ``<clip_id>@<start>``; a remainder shorter than `seconds` is dropped, but every
        clip keeps at least one snippet. The techno report cuts GTZAN into ten-second snippets ("Transfer
        Learning case"). Published split lists go by the clip a snippet comes from.

        Raises
        ------
        ParameterError
            When `seconds` is not positive or longer than the clips.
        """
        if not 0 < seconds <= self.clip_seconds:
            raise ParameterError(
                f"seconds={seconds!r} must be above 0 and at most the clip length, {self.clip_seconds}"
            )
        seconds = float(seconds)
        pieces = []
        for clip_id, row in self.clips.iterrows():
            length = min(row["duration_s"], self.clip_seconds)
            for start in snippet_starts(length, seconds):
                pieces.append(
                    {
                        **row,
                        "clip_id": f"{clip_id}@{start:g}",
                        "start_s": row["start_s"] + start,
                        "duration_s": min(seconds, length - start),
                        "source_clip": clip_id,
                    }
                )
        clips = pd.DataFrame(pieces).set_index("clip_id")
        source = clips.pop("source_clip")
        lists = {name: source.map(series).dropna() for name, series in self.lists.items()}
        return replace(self, clips=clips, clip_seconds=float(seconds), lists=lists)

    def validate(self) -> pd.DataFrame:
        """Return one row per fault (see `mgclib.datasets.check.faults`); empty when all is well."""
        from mgclib.datasets.check import faults

        return faults(self)

    @property
    def files(self) -> list[Path]:
        """The sound files behind the clips, each once."""
        return [Path(p) for p in pd.unique(self.clips["path"].dropna())]
