"""An array on disk that is filled shard by shard, by several processes, and survives ``kill -9``.

The folder of a `ShardedArray` holds

===================  ==========================================================================================
``array.npy``        float32, one row per clip; there only when it is complete
``meta.json``        what the array is, from which one can tell whether it is the one wanted
``unfinished.npy``   the same array while it is being filled
``done/<first>``     an empty file for every finished shard (a run of clips), made after its rows are on disk
===================  ==========================================================================================

Workers write their rows straight into the file and return only what failed, so memory does not grow with
the number of clips. Rows are written, not memory-mapped: on a full disk a write gives an error, a memory
map kills the process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from mgclib.compiled import compile_librosa
from mgclib.errors import AudioError, MgcError
from mgclib.files import REMEDIES, write_text

__all__ = ["Clip", "Row", "ShardedArray"]

Clip = tuple[str, str, float, float]
Row = Callable[[str, str, float, float], np.ndarray]
Failures = list[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class ShardedArray:
    """A float32 array in `folder`.

    Parameters
    ----------
    folder : Path
        Its own folder.
    shape : tuple of int
        Clips first.
    identity : dict that JSON can hold
        What decides the values; an array found with another identity is computed anew.
    clips_per_shard : int > 0
        What a crash can lose, per process.
    """

    folder: Path
    shape: tuple[int, ...]
    identity: dict[str, Any]
    clips_per_shard: int

    @property
    def _wanted(self) -> dict[str, Any]:
        layout = {"shape": list(self.shape), "dtype": "float32", "clips_per_shard": self.clips_per_shard}
        return {**self.identity, **layout}

    def open(self) -> np.memmap | None:
        """Return the complete array as a read-only memory map; None when there is none."""
        return self._open("array.npy")

    def _open(self, name: str) -> np.memmap | None:
        try:
            meta = json.loads((self.folder / "meta.json").read_text(encoding="utf-8"))
            array = np.load(self.folder / name, mmap_mode="r")
        except (OSError, ValueError):
            return None
        same = all(meta.get(field) == value for field, value in self._wanted.items())
        return array if same and array.shape == self.shape and array.dtype == np.float32 else None

    def fill(
        self,
        row: Row,
        clips: Sequence[Clip],
        *,
        jobs: int,
        label: str,
        progress: bool,
        about: dict[str, Any],
    ) -> Failures:
        """Compute the shards that are not done; return the clips that failed, with the reason.

        One process at a time: another one that asks for the same array waits, then finds it complete.

        Parameters
        ----------
        row : callable (clip_id, path, start_s, duration_s) -> np.ndarray [shape=self.shape[1:]]
            May raise AudioError: the other clips are computed all the same.
        clips : sequence of (clip_id, path, start_s, duration_s)
        jobs : int > 0
            Processes, each with one BLAS thread; 1: this process.
        label, progress
            Text of the progress bar, and whether there is one.
        about : dict that JSON can hold
            Goes into ``meta.json`` beside the identity.

        Raises
        ------
        MgcError
            When the folder cannot be written (full disk, no permission).
        """
        with _plain_errors(self.folder), _alone(self.folder, progress):
            if self.open() is not None:
                return []
            tasks = self._tasks(row, clips, self._prepare(about))
            n_todo = sum(len(task[1]) for task in tasks)
            switch = {} if progress else {"disable": True}
            failures: Failures = []
            with tqdm(total=len(clips), initial=len(clips) - n_todo, desc=label, unit="clip", **switch) as bar:
                for n_clips, failed in _run(tasks, min(jobs, max(1, len(tasks)))):
                    failures += failed
                    bar.update(n_clips)
            if not failures:
                (self.folder / "unfinished.npy").replace(self.folder / "array.npy")
                shutil.rmtree(self.folder / "done", ignore_errors=True)
            return sorted(failures)

    def _prepare(self, about: dict[str, Any]) -> int:
        """Make the unfinished file, or keep the one that fits; return where its first row begins."""
        path, done = self.folder / "unfinished.npy", self.folder / "done"
        array = self._open(path.name)
        if array is None:
            for name in ("meta.json", "array.npy", "unfinished.npy"):
                (self.folder / name).unlink(missing_ok=True)
            shutil.rmtree(done, ignore_errors=True)
            np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=self.shape)
            write_text(self.folder / "meta.json", json.dumps({**self._wanted, **about}, indent=1, ensure_ascii=False))
            array = self._open(path.name)
        done.mkdir(exist_ok=True)
        missing = array.nbytes - 512 * getattr(path.stat(), "st_blocks", 0)
        free = shutil.disk_usage(self.folder).free
        if missing > free:
            raise MgcError(
                f"{self.folder} needs {missing / 1e9:.1f} GB more but the disk has {free / 1e9:.1f} GB free: "
                "free some space, or set MGC_DATA to a folder on another disk"
            )
        return array.offset

    def _tasks(self, row: Row, clips: Sequence[Clip], offset: int) -> list[tuple]:
        row_shape, path = self.shape[1:], self.folder / "unfinished.npy"
        row_bytes = 4 * int(np.prod(row_shape))
        return [
            (row, clips[first : first + self.clips_per_shard], row_shape, path, offset + first * row_bytes, marker)
            for first in range(0, len(clips), self.clips_per_shard)
            if not (marker := self.folder / "done" / f"{first:07d}").exists()
        ]


def _run(tasks: list[tuple], jobs: int) -> Iterator[tuple[int, Failures]]:
    """Yield the outcome of every shard as it is finished, in any order."""
    if jobs == 1:
        with threadpool_limits(1):
            yield from itertools.starmap(_fill_shard, tasks)
        return
    compile_librosa()
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1, idle_worker_timeout=30):
        yield from joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(
            joblib.delayed(_fill_shard)(*task) for task in tasks
        )


def _fill_shard(
    row: Row, clips: Sequence[Clip], row_shape: tuple[int, ...], path: Path, offset: int, marker: Path
) -> tuple[int, Failures]:
    """Write the rows of some clips into the file from `offset` on, then make the marker."""
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


@contextlib.contextmanager
def _alone(folder: Path, progress: bool) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when the process dies, however it dies."""
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


@contextlib.contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        raise MgcError(f"cannot write {folder}: {REMEDIES[error.errno]}") from error
