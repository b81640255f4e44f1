"""The feature store: one array per (data set, kind of feature) on disk, computed once, read as a memory map.

The array lies in ``<data home>/store/<dataset fingerprint>/<kind>-<key>/``, filled and described as
`mgclib.shards` says: in parallel, in bounded memory, going on after a crash where it was. It is computed
anew when the data set, the spec, the code of mgclib that makes the rows, or the version of librosa,
soundfile or soxr is another one. Values are float32.

Notebooks: all of them.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from mgclib.audio import fit_length, load_clip
from mgclib.errors import AudioError, DatasetError, ParameterError
from mgclib.features import MelSpec, check_integer, log_mel, mel_basis
from mgclib.files import data_home
from mgclib.shards import Failures, Row, ShardedArray
from mgclib.summary import SummarySpec, summarise, summary_names

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset
    from mgclib.datasets.melpack import MelPack

__all__ = ["mels", "row_code", "stored", "summary_features", "waveforms"]

SHARD_SECONDS = 240.0
SECONDS_WORTH_WORKERS = 3600.0
NAMED_FAILURES = 3


def row_code(*modules: str) -> str:
    """Return a hash of the source files that decide the values of a row."""
    sources = (Path(__file__).parent / f"{module}.py" for module in modules)
    return hashlib.blake2b(b"".join(path.read_bytes() for path in sources), digest_size=8).hexdigest()


MADE_WITH = {"mgclib": row_code("audio", "features", "datasets/melpack", "store")} | {
    package: importlib.metadata.version(package) for package in ("librosa", "soundfile", "soxr")
}


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
        Processes; None: one per core (about 0.3 GB each), or no extra process for less than an hour of audio.
    progress : bool
        Show a progress bar while computing (the environment variable ``TQDM_DISABLE=1`` hides it everywhere).
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
    return stored(dataset, what, row_shape, row, jobs=jobs, progress=progress, root=root)


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
    _need_sound(dataset, "waveforms")
    n_samples = _n_samples(dataset, sample_rate)
    row = functools.partial(_waveform, sample_rate=sample_rate, n_samples=n_samples)
    what = {"kind": "waveforms", "key": str(sample_rate), "sample_rate": sample_rate, "unit": "full scale = 1"}
    return stored(dataset, what, (n_samples,), row, jobs=jobs, progress=progress, root=root)


def summary_features(
    dataset: Dataset,
    spec: SummarySpec | None = None,
    *,
    jobs: int | None = None,
    progress: bool = True,
    root: str | os.PathLike[str] | None = None,
) -> np.ndarray:
    """Return the summary features of all clips, computing what is not in the store yet.

    Every clip is cut to ``dataset.clip_seconds``. A shorter one is described as it is: padding it with
    silence would change its means.

    Parameters
    ----------
    dataset : Dataset
        Clips with audio.
    spec : SummarySpec or None
        How the features are made; None: ``SummarySpec()``.
    jobs, progress, root
        As in `mels`.

    Returns
    -------
    np.ndarray [shape=(n_clips, n_features), float32]
        Read-only memory map, row *k* belongs to ``dataset.clips.index[k]``, column *j* to
        ``mgclib.summary.summary_names(spec)[j]``.

    Raises
    ------
    DatasetError
        When the data set is a mel pack, from which no sound can be made.
    AudioError, MgcError
        As in `mels`; a clip shorter than ``spec.least_samples`` counts as one that cannot be read.
    """
    spec = SummarySpec() if spec is None else spec
    _need_sound(dataset, "summary features")
    what = {
        "kind": "summary",
        "key": spec.key,
        "spec": spec.to_dict(),
        "features": [feature.name for feature in summary_names(spec)],
        "described_with": {
            "mgclib": row_code("analysis", "short_term", "summary"),
            "pyAudioAnalysis": importlib.metadata.version("pyAudioAnalysis"),
        },
    }
    row = functools.partial(_summary, spec=spec, clip_seconds=dataset.clip_seconds)
    return stored(dataset, what, (len(what["features"]),), row, jobs=jobs, progress=progress, root=root)


def _need_sound(dataset: Dataset, what: str) -> None:
    if _is_pack(dataset):
        raise DatasetError(
            f"{dataset.name} comes from a mel pack, which holds no sound, and {what} need audio: "
            f"put the sound files below {dataset.pack.path.parent}/genres_original/<genre>/ and load it again"
        )


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


def _waveform(
    clip_id: str, path: str, start_s: float, duration_s: float, *, sample_rate: int, n_samples: int
) -> np.ndarray:
    length = n_samples / sample_rate
    duration_s = duration_s if duration_s < length else length
    return fit_length(load_clip(path, start_s=start_s, duration_s=duration_s, sample_rate=sample_rate), n_samples)


def _mel(clip_id: str, path: str, start_s: float, duration_s: float, *, spec: MelSpec, n_samples: int) -> np.ndarray:
    y = _waveform(clip_id, path, start_s, duration_s, sample_rate=spec.sample_rate, n_samples=n_samples)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Empty filters")
        return log_mel(y, spec)


def _summary(
    clip_id: str, path: str, start_s: float, duration_s: float, *, spec: SummarySpec, clip_seconds: float
) -> np.ndarray:
    duration_s = duration_s if duration_s < clip_seconds else clip_seconds
    return summarise(load_clip(path, start_s=start_s, duration_s=duration_s, sample_rate=spec.sample_rate), spec)


def _pack_mel(
    clip_id: str, path: str, start_s: float, duration_s: float, *, pack: MelPack, seconds: float | None
) -> np.ndarray:
    return pack.decibels([clip_id], start_s, seconds)[0]


def stored(
    dataset: Dataset,
    what: dict[str, Any],
    row_shape: tuple[int, ...],
    row: Row,
    *,
    jobs: int | None = None,
    progress: bool = True,
    root: str | os.PathLike[str] | None = None,
) -> np.ndarray:
    """Return the array of the store that `what` names, filled by `row` where it is not there yet.

    Parameters
    ----------
    dataset : Dataset
    what : dict that JSON can hold
        ``kind`` and ``key`` name the folder; all of it, data set and versions together decide the values.
    row_shape : tuple of int
        Shape of one clip's row.
    row : callable (clip_id, path, start_s, duration_s) -> np.ndarray [shape=row_shape, float32]
    jobs, progress, root
        As in `mels`.

    Returns
    -------
    np.ndarray [shape=(n_clips, *row_shape), float32]
        Read-only memory map, aligned with ``dataset.clips``.
    """
    if jobs is None:
        jobs = 1 if len(dataset) * dataset.clip_seconds < SECONDS_WORTH_WORKERS else joblib.cpu_count()
    check_integer("jobs", jobs, 1)
    fingerprint = dataset.fingerprint
    store = data_home() / "store" if root is None else Path(root).expanduser()
    array = ShardedArray(
        folder=store / fingerprint / f"{what['kind']}-{what['key']}",
        shape=(len(dataset), *row_shape),
        identity={**what, "fingerprint": fingerprint, "made_with": MADE_WITH},
        clips_per_shard=max(1, min(256, round(SHARD_SECONDS / dataset.clip_seconds), len(dataset) // 16)),
    )
    if array.open() is None:
        failures = array.fill(
            row,
            list(dataset.clips[["path", "start_s", "duration_s"]].itertuples(name=None)),
            jobs=jobs,
            label=f"{what['kind']} of {dataset.name}",
            progress=progress,
            about={"dataset": dataset.name, "licence": dataset.licence, "clip_ids": list(dataset.clips.index)},
        )
        if failures:
            raise _failure(dataset, failures)
    return array.open()


def _failure(dataset: Dataset, failures: Failures) -> AudioError:
    named = "; ".join(f"{clip_id} ({problem})" for clip_id, problem in failures[:NAMED_FAILURES])
    more = f"; and {len(failures) - NAMED_FAILURES} more" if len(failures) > NAMED_FAILURES else ""
    return AudioError(
        f"{len(failures)} of {len(dataset)} clips of {dataset.name} cannot be read: {named}{more}; look with "
        "`mgc data check`, then repair the files or leave the clips out with dataset.select(...)"
    )
