"""The feature store: one array per (data set, kind of feature) on disk, computed once, read as a memory map.

``<data home>/store/<dataset fingerprint>/<kind>-<key>/`` holds

===================  ==========================================================================================
``array.npy``        float32, one row per clip in the order of ``Dataset.clips``; there only when it is complete
``meta.json``        what the array is: kind, spec, shape, unit, clip ids, versions of the libraries behind it
``unfinished.npy``   the same array while it is being filled, row by row
``done/<first>``     an empty file for every finished shard (a run of clips), made after its rows are on disk
===================  ==========================================================================================

Workers write their rows into the file and return only what failed, so memory does not grow with the data
set. After a crash, ``kill -9`` or Ctrl-C the next call goes on with the shards that are not done. A lock
keeps two processes from computing the same array; the second one waits and reads. Any version of mgclib,
librosa, soundfile or soxr other than the one in ``meta.json`` computes anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.metadata
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from mgclib.audio import fit_length, load_clip
from mgclib.errors import AudioError, DatasetError, MgcError, ParameterError
from mgclib.features import MelSpec, check_integer, log_mel, mel_basis
from mgclib.files import REMEDIES, data_home, write_text

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset
    from mgclib.datasets.melpack import MelPack

__all__ = ["mels", "waveforms"]

STORE_VERSION = 1
SHARD_SECONDS = 240.0
SECONDS_WORTH_WORKERS = 900.0
NAMED_FAILURES = 3


def mels(
    dataset: Dataset,
    spec: MelSpec | None = None,
    *,
    jobs: int | None = None,
    progress: bool = True,
    root: str | os.PathLike[str] | None = None,
) -> np.ndarray:
    """Return the log-mel spectrograms of all clips, computing what is not in the store yet.

    Every clip is cut or zero-padded to ``dataset.clip_seconds`` and analysed by `mgclib.features.log_mel`.
    Where there is no audio but a mel pack, its rows are taken (`MelPack.decibels`), with the pack's own
    number of columns: a pack may keep only every third frame.

    Parameters
    ----------
    dataset : Dataset
        The clips.
    spec : MelSpec or None
        How the spectrograms are made; None: the pack's spec for a mel pack, else ``MelSpec()``.
    jobs : int > 0 or None
        Processes; None: one per core, or no extra process when there is little to do.
    progress : bool
        Show a progress bar while computing.
    root : path or None
        Folder of the store; None: ``store`` in `mgclib.files.data_home`.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_mels, n_frames), float32, -top_db … 0 dB]
        Read-only memory map, row *k* belongs to ``dataset.clips.index[k]``; row 0 of a spectrogram is the
        lowest band.

    Raises
    ------
    AudioError
        When clips cannot be read: after all the others are done, naming the first of them.
    ParameterError
        When `spec` differs from that of the mel pack.
    MgcError
        When the store cannot be written (full disk, read-only folder).
    """
    if _is_pack(dataset):
        spec = _pack_spec(dataset.pack, spec)
        seconds = dataset.clip_seconds if dataset.clip_seconds < dataset.pack.seconds else None
        row_shape = (spec.n_mels, dataset.pack.columns(seconds))
        row, jobs = functools.partial(_pack_mel, pack=dataset.pack, seconds=seconds), 1
    else:
        spec = MelSpec() if spec is None else spec
        n_samples = _n_samples(dataset, spec.sample_rate)
        mel_basis(spec)
        row_shape = (spec.n_mels, spec.n_frames(n_samples))
        row = functools.partial(_mel, spec=spec, n_samples=n_samples)
    what = {"kind": "mels", "key": spec.key, "spec": spec.to_dict(), "unit": "dB relative to the clip's maximum"}
    return _stored(dataset, what, row_shape, row, jobs=jobs, progress=progress, root=root)


def waveforms(
    dataset: Dataset,
    sample_rate: int = 22050,
    *,
    jobs: int | None = None,
    progress: bool = True,
    root: str | os.PathLike[str] | None = None,
) -> np.ndarray:
    """Return the waveforms of all clips, cut or zero-padded to ``dataset.clip_seconds``.

    Parameters
    ----------
    dataset : Dataset
        Clips with audio.
    sample_rate : int > 0
        Samples per second of the result.
    jobs, progress, root
        As in `mels`.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_samples), float32, -1 … 1]
        Read-only memory map, row *k* belongs to ``dataset.clips.index[k]``; mono.

    Raises
    ------
    DatasetError
        When the data set is a mel pack, from which no sound can be made.
    AudioError, MgcError
        As in `mels`.
    """
    sample_rate = check_integer("sample_rate", sample_rate, 1)
    if _is_pack(dataset):
        raise DatasetError(
            f"{dataset.name} comes from a mel pack, which holds no sound, and waveforms need audio: "
            f"put the sound files below {dataset.pack.path.parent}/genres_original/<genre>/ and load it again"
        )
    n_samples = _n_samples(dataset, sample_rate)
    row = functools.partial(_waveform, sample_rate=sample_rate, n_samples=n_samples)
    what = {"kind": "waveforms", "key": str(sample_rate), "sample_rate": sample_rate, "unit": "full scale = 1"}
    return _stored(dataset, what, (n_samples,), row, jobs=jobs, progress=progress, root=root)


def _is_pack(dataset: Dataset) -> bool:
    """Return whether rows come from a mel pack; raise where a clip has neither sound nor pack."""
    paths = dataset.clips["path"]
    if dataset.pack is not None and paths.isna().all():
        return True
    if paths.isna().any():
        raise DatasetError(f"{dataset.name}: clip {paths.index[paths.isna()][0]!r} has no sound file; load it again")
    unknown = next((path for path in paths if path not in dataset.content), None)
    if unknown is not None:
        raise DatasetError(
            f"{dataset.name}: no content hash for {unknown}, so a change of the file would go unseen; "
            "load the data set with mgclib.datasets.load, or fill Dataset.content"
        )
    return False


def _n_samples(dataset: Dataset, sample_rate: int) -> int:
    return max(1, round(dataset.clip_seconds * sample_rate))


def _pack_spec(pack: MelPack, spec: MelSpec | None) -> MelSpec:
    given = pack.spec
    if spec is None or spec == given:
        return given
    wanted, there = spec.to_dict(), given.to_dict()
    differing = ", ".join(
        f"{name}={wanted[name]!r} (pack: {there[name]!r})" for name in there if wanted[name] != there[name]
    )
    raise ParameterError(
        f"the mel pack {pack.path.name} was made with another spec than asked for: {differing}; "
        "leave the spec out to take the pack's, or load a data set with audio"
    )


Row = Callable[[str, str, float, float], np.ndarray]


def _waveform(
    clip_id: str, path: str, start_s: float, duration_s: float, *, sample_rate: int, n_samples: int
) -> np.ndarray:
    length = n_samples / sample_rate
    duration_s = duration_s if duration_s < length else length
    return fit_length(load_clip(path, start_s=start_s, duration_s=duration_s, sample_rate=sample_rate), n_samples)


def _mel(clip_id: str, path: str, start_s: float, duration_s: float, *, spec: MelSpec, n_samples: int) -> np.ndarray:
    y = _waveform(clip_id, path, start_s, duration_s, sample_rate=spec.sample_rate, n_samples=n_samples)
    return log_mel(y, spec)


def _pack_mel(
    clip_id: str, path: str, start_s: float, duration_s: float, *, pack: MelPack, seconds: float | None
) -> np.ndarray:
    return pack.decibels([clip_id], start_s, seconds)[0]


@dataclasses.dataclass(frozen=True)
class _Place:
    """The folder of one array, and what must be true of the array in it."""

    folder: Path
    identity: dict[str, Any]

    @property
    def array(self) -> Path:
        return self.folder / "array.npy"

    @property
    def unfinished(self) -> Path:
        return self.folder / "unfinished.npy"

    @property
    def done(self) -> Path:
        return self.folder / "done"

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.identity["shape"])

    def open(self, path: Path) -> np.memmap | None:
        """Return the array at `path` when it is the one wanted, else None."""
        try:
            meta = json.loads((self.folder / "meta.json").read_text(encoding="utf-8"))
            array = np.load(path, mmap_mode="r")
        except (OSError, ValueError):
            return None
        same = all(meta.get(name) == value for name, value in self.identity.items())
        return array if same and array.shape == self.shape and array.dtype == np.float32 else None

    def prepare(self, description: dict[str, Any]) -> int:
        """Make `unfinished` ready to be filled, keeping finished shards; return where its first row begins."""
        resumed = self.open(self.unfinished)
        if resumed is None:
            for file in ("meta.json", "array.npy", "unfinished.npy"):
                (self.folder / file).unlink(missing_ok=True)
            shutil.rmtree(self.done, ignore_errors=True)
            np.lib.format.open_memmap(self.unfinished, mode="w+", dtype=np.float32, shape=self.shape)
            write_text(self.folder / "meta.json", json.dumps({**self.identity, **description}, indent=1))
            resumed = self.open(self.unfinished)
        self.done.mkdir(exist_ok=True)
        missing = resumed.nbytes - 512 * getattr(self.unfinished.stat(), "st_blocks", 0)
        free = shutil.disk_usage(self.folder).free
        if missing > free:
            raise MgcError(
                f"{self.folder} needs {missing / 1e9:.1f} GB more and the disk has {free / 1e9:.1f} GB free: "
                "free some space, or set MGC_DATA to a folder on another disk"
            )
        return resumed.offset

    def finish(self) -> None:
        self.unfinished.replace(self.array)
        shutil.rmtree(self.done, ignore_errors=True)


def _stored(
    dataset: Dataset,
    what: dict[str, Any],
    row_shape: tuple[int, ...],
    row: Row,
    *,
    jobs: int | None,
    progress: bool,
    root: str | os.PathLike[str] | None,
) -> np.ndarray:
    """Return the array of the store that `what` names, filled by `row` where it is not there yet."""
    if jobs is not None:
        check_integer("jobs", jobs, 1)
    fingerprint = dataset.fingerprint
    store = data_home() / "store" if root is None else Path(root).expanduser()
    shard = max(1, min(256, round(SHARD_SECONDS / dataset.clip_seconds), len(dataset) // 16))
    identity = {
        **what,
        "fingerprint": fingerprint,
        "shape": [len(dataset), *row_shape],
        "dtype": "float32",
        "clips_per_shard": shard,
        "made_with": {"store": STORE_VERSION}
        | {name: importlib.metadata.version(name) for name in ("librosa", "soundfile", "soxr")},
    }
    place = _Place(store / fingerprint / f"{what['kind']}-{what['key']}", identity)
    array = place.open(place.array)
    if array is None:
        with _plain_errors(place.folder), _alone(place.folder, progress):
            if place.open(place.array) is None:
                _fill(place, dataset, row, shard, jobs, progress)
        array = place.open(place.array)
    return array


@contextlib.contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        raise MgcError(f"cannot write {folder}: {REMEDIES[error.errno]}") from error


@contextlib.contextmanager
def _alone(folder: Path, progress: bool) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when its process dies, however it dies."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0.5)
    except Timeout:
        if progress:
            tqdm.write(f"another process is computing {folder}: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _fill(place: _Place, dataset: Dataset, row: Row, shard: int, jobs: int | None, progress: bool) -> None:
    """Compute the shards that are not done, then put the array in its place."""
    offset = place.prepare({"dataset": dataset.name, "licence": dataset.licence, "clip_ids": list(dataset.clips.index)})
    clips = list(dataset.clips[["path", "start_s", "duration_s"]].itertuples(name=None))
    row_shape = place.shape[1:]
    row_bytes = 4 * int(np.prod(row_shape))
    tasks = [
        (row, clips[first : first + shard], row_shape, place.unfinished, offset + first * row_bytes, marker)
        for first in range(0, len(clips), shard)
        if not (marker := place.done / f"{first:07d}").exists()
    ]
    n_todo = sum(len(task[1]) for task in tasks)
    if jobs is None:
        jobs = 1 if n_todo * dataset.clip_seconds < SECONDS_WORTH_WORKERS else joblib.cpu_count()
    switch = {} if progress else {"disable": True}
    bar = tqdm(
        total=len(clips),
        initial=len(clips) - n_todo,
        desc=f"{place.identity['kind']} of {dataset.name}",
        unit="clip",
        **switch,
    )
    failures: list[tuple[str, str]] = []
    with bar:
        for n_clips, failed in _run(tasks, min(jobs, max(1, len(tasks)))):
            failures += failed
            bar.update(n_clips)
    if failures:
        raise _failure(dataset, sorted(failures))
    place.finish()


def _run(tasks: list[tuple], jobs: int) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Yield the outcome of every shard as it is finished, in any order."""
    if jobs == 1:
        with threadpool_limits(1):
            yield from itertools.starmap(_fill_shard, tasks)
        return
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1, idle_worker_timeout=30):
        yield from joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(
            joblib.delayed(_fill_shard)(*task) for task in tasks
        )


def _fill_shard(
    row: Row, clips: list[tuple], row_shape: tuple[int, ...], path: Path, offset: int, marker: Path
) -> tuple[int, list[tuple[str, str]]]:
    """Write the rows of some clips into the file at `offset`, then the marker; return their number and the failures."""
    failures = []
    with path.open("r+b") as file:
        for number, clip in enumerate(clips):
            try:
                values = np.ascontiguousarray(row(*clip), np.float32)
            except AudioError as error:
                failures.append((clip[0], str(error)))
                continue
            if values.shape != row_shape:
                raise MgcError(f"clip {clip[0]!r} gave an array of shape {values.shape}, expected {row_shape}")
            file.seek(offset + number * values.nbytes)
            file.write(values)
        file.flush()
        os.fsync(file.fileno())
    if not failures:
        marker.touch()
    return len(clips), failures


def _failure(dataset: Dataset, failures: list[tuple[str, str]]) -> AudioError:
    named = "; ".join(f"{clip_id} ({problem})" for clip_id, problem in failures[:NAMED_FAILURES])
    more = f"; and {len(failures) - NAMED_FAILURES} more" if len(failures) > NAMED_FAILURES else ""
    return AudioError(
        f"{len(failures)} of {len(dataset)} clips of {dataset.name} cannot be read: {named}{more}; look with "
        "`mgc data check`, then repair the files or leave the clips out with dataset.select(...)"
    )
