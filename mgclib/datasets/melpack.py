"""Mel packs: log-mel spectrograms that travel without the audio.

One ``.npz`` file, never a pickle:

================  ==================================  ==================================================
array             type                                meaning
================  ==================================  ==================================================
``mel``           uint8 (n_clips, n_mels, n_frames)   quantised decibels, row 0 = lowest band
``clip_id``       unicode (n_clips,)                  unique
``genre``         unicode (n_clips,)
``frame_index``   int (n_frames,)                     which STFT frame a column is (some packs keep one in 3)
``meta``          unicode, 0-d                        JSON: the `MelSpec`, the decibel range, provenance
``floor_db``      float32 (n_clips,), optional        the quietest value of each clip, in dB
``track_id``      unicode (n_clips,), optional        without it every clip is its own track
``artist``        unicode (n_clips,), optional        empty where unknown
================  ==================================  ==================================================

Decibels are relative to the clip's maximum. Three inverses, chosen by what the pack says of itself
(`MelPack.scale`):

``floor``
    There is a ``floor_db``, as in every pack written here: ``db = floor_db * (1 - mel / 255)``. The error is
    at most ``-floor_db / 510``, that is 0.157 dB for a floor of -80 dB.
``image``
    ``meta["quantization"]`` calls its formula *nominal*: the values were read back from images, whose
    floor was each clip's own and is lost. The closest inverse is
    ``db = -top_db * (1 - (mel + 0.5) / 256)``: within 0.157 dB where the floor was -80 dB (about four
    GTZAN clips in five), too low at the quiet end for the others (by up to 22 dB).
``linear``
    Otherwise: ``db = -top_db + mel / 255 * top_db``.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mgclib.errors import DatasetError, ParameterError
from mgclib.files import atomic_path

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset
    from mgclib.features import MelSpec

__all__ = ["MelPack", "pack_clips", "quantise", "read_pack", "write_pack"]

REQUIRED = ("mel", "clip_id", "genre", "frame_index", "meta")
OPTIONAL = ("floor_db", "track_id", "artist")
SPEC_FIELDS = ("sample_rate", "n_fft", "hop_length", "window", "n_mels", "fmin", "fmax", "power", "top_db")
SPEC_NEEDED = ("sample_rate", "n_fft", "hop_length", "n_mels", "top_db")
ASK_AGAIN = "fetch the pack again or write it with `mgc data pack`"


@dataclass(frozen=True, eq=False)
class MelPack:
    """The arrays of one mel pack (see the module's text for the format).

    Parameters
    ----------
    mel : np.ndarray [shape=(n_clips, n_mels, n_frames), uint8]
    clip_id, genre : np.ndarray [shape=(n_clips,), str]
    frame_index : np.ndarray [shape=(n_frames,), int, increasing]
    meta : dict
    path : Path
    floor_db : np.ndarray [shape=(n_clips,), float32, dB] or None
    track_id, artist : np.ndarray [shape=(n_clips,), str] or None
    """

    mel: np.ndarray
    clip_id: np.ndarray
    genre: np.ndarray
    frame_index: np.ndarray
    meta: dict[str, Any] = field(repr=False)
    path: Path
    floor_db: np.ndarray | None = None
    track_id: np.ndarray | None = None
    artist: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.clip_id)

    def __repr__(self) -> str:
        return f"<MelPack {self.path.name}: {len(self)} clips, {self.mel.shape[1]} bands, {self.mel.shape[2]} columns>"

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the arrays and the metadata (32 hexadecimal digits); the zip around them does not count."""
        digest = hashlib.blake2b(digest_size=16)
        for name in ("mel", "clip_id", "genre", "frame_index", *OPTIONAL):
            array = getattr(self, name)
            if array is not None:
                digest.update(f"{name}{array.dtype}{array.shape}".encode())
                digest.update(np.ascontiguousarray(array).view(np.uint8))
        digest.update(json.dumps(self.meta, sort_keys=True).encode())
        return digest.hexdigest()

    @property
    def spec(self) -> MelSpec:
        """The `mgclib.features.MelSpec` of the analysis; an ``fmax`` at half the sample rate is written as None."""
        from mgclib.features import MelSpec

        values = {name: self.meta[name] for name in SPEC_FIELDS if name in self.meta}
        if values.get("fmax") == values["sample_rate"] / 2:
            values["fmax"] = None
        return MelSpec(**values)

    @property
    def top_db(self) -> float:
        """Range below a clip's maximum, in dB."""
        return float(self.meta["top_db"])

    @property
    def seconds(self) -> float:
        """Length of every clip, in seconds."""
        if "duration_s" in self.meta:
            return float(self.meta["duration_s"])
        return float(self.frame_index[-1] * self.meta["hop_length"] / self.meta["sample_rate"])

    @property
    def scale(self) -> str:
        """Which inverse applies: ``floor``, ``image`` or ``linear`` (see the module's text)."""
        if self.floor_db is not None:
            return "floor"
        return "image" if "nominal" in str(self.meta.get("quantization", "")) else "linear"

    def columns(self, seconds: float | None = None) -> int:
        """Return how many columns `seconds` are; the same for every snippet of that length.

        Three ten-second snippets of a 30 s clip with 387 columns have 129 columns each.
        """
        if seconds is None:
            return self.mel.shape[2]
        if not 0 < seconds <= self.seconds * 1.001:
            raise ParameterError(f"seconds={seconds!r} must be above 0 and at most the pack's {self.seconds:g} s")
        return max(1, min(self.mel.shape[2], round(self.mel.shape[2] * seconds / self.seconds)))

    def rows(self, clip_ids: Any) -> np.ndarray:
        """Return the row of each clip; a snippet id ``<clip_id>@<start>`` (`Dataset.cut`) finds its clip."""
        wanted = [str(c) for c in clip_ids]
        found = np.array([self._row_of.get(c, self._row_of.get(c.rpartition("@")[0], -1)) for c in wanted], dtype=int)
        if (found < 0).any():
            first = wanted[int(np.argmax(found < 0))]
            raise DatasetError(
                f"{self.path.name} has no clip {first!r} ({int((found < 0).sum())} unknown in all): "
                f"its ids look like {self.clip_id[0]!r}"
            )
        return found

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {str(c): k for k, c in enumerate(self.clip_id)}

    def decibels(
        self, clip_ids: Any = None, start_s: float | Any = 0.0, seconds: float | None = None
    ) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Return log-mel spectrograms in decibels.

        Parameters
        ----------
        clip_ids : sequence of str or None
            Clips in the order wanted, with repetitions if need be (None: all); snippet ids as made by
            `Dataset.cut` are understood.
        start_s : float or sequence of float [seconds]
            Where each snippet begins inside its clip.
        seconds : float or None
            Length of every snippet (None: the whole clip).

        Returns
        -------
        np.ndarray [shape=(n, n_mels, n_columns), float32, dB in [-top_db, 0]]
            Whole clips are relative to the clip's maximum as analysed, snippets to the maximum among
            their own columns, as if each snippet had been analysed by itself.

        Raises
        ------
        DatasetError
            For a clip that is not in the pack.
        ParameterError
            For a snippet that does not lie inside the clip.
        """
        rows = np.arange(len(self)) if clip_ids is None else self.rows(clip_ids)
        count, n_frames = self.columns(seconds), self.mel.shape[2]
        starts = np.broadcast_to(np.asarray(start_s, dtype=float), rows.shape)
        length = self.seconds if seconds is None else seconds
        tolerance = 0.02 * length
        outside = (starts < 0) | (starts + length > self.seconds + tolerance)
        if outside.any():
            raise ParameterError(
                f"start_s={starts[int(np.argmax(outside))]:g} with seconds={length:g} must lie inside "
                f"the clip of {self.seconds:g} s"
            )
        first = np.clip(np.rint(starts / self.seconds * n_frames).astype(int), 0, n_frames - count)
        out = np.empty((len(rows), self.mel.shape[1], count), dtype=np.float32)
        for k, (row, column) in enumerate(zip(rows, first, strict=True)):
            out[k] = self._table(row)[self.mel[row, :, column : column + count]]
        if count < n_frames:
            out -= out.max(axis=(1, 2), keepdims=True)
        return out

    def _table(self, row: int) -> np.ndarray:
        level = np.arange(256, dtype=np.float64)
        if self.scale == "floor":
            db = float(self.floor_db[row]) * (1 - level / 255)
        elif self.scale == "image":
            db = -self.top_db * (1 - (level + 0.5) / 256)
        else:
            db = self.top_db * (level / 255 - 1)
        return db.astype(np.float32)


def read_pack(path: str | os.PathLike[str]) -> MelPack:
    """Read and check a mel pack; pickled objects are refused.

    Raises
    ------
    DatasetError
        When the file is missing, is no ``.npz``, lacks an array, or an array has the wrong type or shape.
    """
    path = Path(path)
    if not path.is_file():
        raise DatasetError(f"no mel pack at {path}: expected a .melpack.npz file; {ASK_AGAIN}")
    if not zipfile.is_zipfile(path):
        raise DatasetError(f"{path}: not a readable .npz file (no zip archive, or cut short); {ASK_AGAIN}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in REQUIRED if name not in archive.files]
            if missing:
                raise DatasetError(f"{path} lacks the array(s) {missing}; a mel pack has {list(REQUIRED)}; {ASK_AGAIN}")
            arrays = {name: archive[name] for name in (*REQUIRED, *OPTIONAL) if name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        reason = "pickled objects are not allowed" if "pickle" in str(error) else "not a readable .npz file"
        raise DatasetError(f"{path}: {reason}; {ASK_AGAIN}") from error
    fault = _array_fault(arrays)
    if fault:
        raise DatasetError(f"{path}: {fault}; {ASK_AGAIN}")
    meta = _read_meta(arrays.pop("meta"), path)
    if meta["n_mels"] != arrays["mel"].shape[1]:
        raise DatasetError(
            f"{path}: `mel` has {arrays['mel'].shape[1]} bands but meta says n_mels={meta['n_mels']}; {ASK_AGAIN}"
        )
    return MelPack(meta=meta, path=path.resolve(), **arrays)


def _array_fault(arrays: dict[str, np.ndarray]) -> str | None:
    mel = arrays["mel"]
    if mel.dtype != np.uint8 or mel.ndim != 3 or 0 in mel.shape:
        return f"`mel` is {mel.dtype} {mel.shape}, expected uint8 (n_clips, n_mels, n_frames), none of them 0"
    n_clips, _, n_frames = mel.shape
    for name in ("clip_id", "genre", "track_id", "artist"):
        array = arrays.get(name)
        if array is not None and (array.dtype.kind != "U" or array.shape != (n_clips,)):
            return f"`{name}` is {array.dtype} {array.shape}, expected unicode ({n_clips},)"
    frames = arrays["frame_index"]
    if frames.dtype.kind not in "iu" or frames.shape != (n_frames,):
        return f"`frame_index` is {frames.dtype} {frames.shape}, expected integers ({n_frames},)"
    if frames[0] < 0 or (np.diff(frames.astype(np.int64)) <= 0).any():
        return "`frame_index` must be increasing and not negative"
    floor = arrays.get("floor_db")
    if floor is not None and (floor.dtype.kind != "f" or floor.shape != (n_clips,)):
        return f"`floor_db` is {floor.dtype} {floor.shape}, expected float ({n_clips},)"
    if floor is not None and not (np.isfinite(floor).all() and (floor <= 0).all()):
        return "`floor_db` must be finite and at most 0 dB"
    ids, counts = np.unique(arrays["clip_id"], return_counts=True)
    if len(ids) < n_clips:
        return f"clip id {str(ids[counts > 1][0])!r} occurs twice"
    if (arrays["clip_id"] == "").any() or (arrays["genre"] == "").any():
        return "an empty clip id or genre"
    if arrays["meta"].shape != () or arrays["meta"].dtype.kind != "U":
        return f"`meta` is {arrays['meta'].dtype} {arrays['meta'].shape}, expected one unicode string (JSON)"
    return None


def _read_meta(array: np.ndarray, path: Path) -> dict[str, Any]:
    try:
        meta = json.loads(array.item())
    except ValueError as error:
        raise DatasetError(f"{path}: `meta` is not JSON; {ASK_AGAIN}") from error
    if not isinstance(meta, dict):
        raise DatasetError(f"{path}: `meta` must be a JSON object, not {type(meta).__name__}; {ASK_AGAIN}")
    for name in (*SPEC_NEEDED, "duration_s"):
        if name == "duration_s" and name not in meta:
            continue
        value = meta.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise DatasetError(f"{path}: meta has {name}={value!r}, expected a positive number; {ASK_AGAIN}")
    return meta


def pack_clips(pack: MelPack) -> pd.DataFrame:
    """Return the clip table of a pack (columns as in `Dataset.clips`; ``path`` is missing), sorted by clip id."""
    track = pack.clip_id if pack.track_id is None else pack.track_id
    artist = pd.Series(pack.artist if pack.artist is not None else [""] * len(pack), dtype="str")
    clips = pd.DataFrame(
        {
            "genre": pack.genre,
            "track_id": track,
            "artist": artist.where(artist != "").to_numpy(),
            "path": pd.Series([None] * len(pack), dtype="str").to_numpy(),
            "start_s": 0.0,
            "duration_s": pack.seconds,
        },
        index=pd.Index(pack.clip_id.astype(str), name="clip_id"),
    )
    return clips.astype({"artist": "str", "path": "str"}).sort_index()


def quantise(db: np.ndarray) -> tuple[np.ndarray, float]:
    """Quantise one clip to 8 bits from its own floor: ``mel = rint(255 * (1 - db / floor_db))``.

    Parameters
    ----------
    db : np.ndarray [shape=(n_mels, n_frames), dB at most 0]

    Returns
    -------
    mel : np.ndarray [same shape, uint8]
    floor_db : float [dB]
        The clip's minimum, as float32; a constant clip at 0 dB has the floor 0 and all values 255.
    """
    floor = np.float32(min(0.0, float(np.min(db))))
    if floor == 0:
        return np.full(db.shape, 255, dtype=np.uint8), 0.0
    return np.clip(np.rint(255 * (1 - db / floor)), 0, 255).astype(np.uint8), float(floor)


def write_pack(
    path: str | os.PathLike[str],
    dataset: Dataset,
    spec: MelSpec | None = None,
    *,
    frame_step: int = 1,
    jobs: int | None = None,
    progress: bool = True,
) -> MelPack:
    """Write the log-mel spectrograms of a data set as a mel pack, atomically, and return it.

    Each clip is quantised from its own floor (see `quantise`).

    Parameters
    ----------
    path : path ending in ``.npz``
        ``<name>.melpack.npz`` is found again by the loaders.
    dataset : Dataset
        One with audio.
    spec : MelSpec or None
        None: the default `mgclib.features.MelSpec`.
    frame_step : int > 0
        Keep every `frame_step`-th STFT frame; 3 makes a pack of GTZAN of about 40 MB.
    jobs, progress
        As in `mgclib.store.mels`.

    Raises
    ------
    ParameterError
        For a wrong suffix, a step below 1, or a data set that is a mel pack itself.
    MgcError
        When the file cannot be written (full disk, read-only folder).
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise ParameterError(f"{path}: a mel pack's name must end in .npz, best in .melpack.npz")
    if not isinstance(frame_step, int) or frame_step < 1:
        raise ParameterError(f"frame_step={frame_step!r} must be a positive integer")
    if dataset.pack is not None:
        raise ParameterError(f"{dataset.name} comes from a mel pack already: copy {dataset.pack.path}")
    from mgclib import store
    from mgclib.features import MelSpec

    spec = MelSpec() if spec is None else spec
    mels = store.mels(dataset, spec, jobs=jobs, progress=progress)
    frame_index = np.arange(0, mels.shape[2], frame_step, dtype=np.int32)
    quantised = np.empty((*mels.shape[:2], len(frame_index)), dtype=np.uint8)
    floors = np.empty(len(mels), dtype=np.float32)
    for k in range(len(mels)):
        quantised[k], floors[k] = quantise(np.asarray(mels[k][:, ::frame_step]))
    arrays = {
        "mel": quantised,
        "floor_db": floors,
        "frame_index": frame_index,
        "clip_id": dataset.clips.index.to_numpy(dtype=np.str_),
        "genre": dataset.clips["genre"].to_numpy(dtype=np.str_),
        "track_id": dataset.clips["track_id"].to_numpy(dtype=np.str_),
        "artist": dataset.clips["artist"].fillna("").to_numpy(dtype=np.str_),
        "meta": np.array(json.dumps(_describe(dataset, spec, mels.shape[2]))),
    }
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        np.savez_compressed(handle, **arrays)
    return read_pack(path)


def _describe(dataset: Dataset, spec: MelSpec, source_frames: int) -> dict[str, Any]:
    from mgclib import __version__

    return {
        "corpus": dataset.name,
        **{name: getattr(spec, name) for name in SPEC_FIELDS},
        "scale": "power_db",
        "ref": "max",
        "quantization": "db = floor_db * (1 - mel / 255), floor_db per clip",
        "source_frames": source_frames,
        "duration_s": dataset.clip_seconds,
        "genres": list(dataset.genres),
        "synthetic": dataset.synthetic,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "dataset_fingerprint": dataset.fingerprint,
        "written_by": f"mgclib {__version__}",
    }
