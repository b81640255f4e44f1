"""Facts about sound files, found out once: each file is decoded whole when it is first seen.

The index lies below ``data_home()/index``, one text file of JSON lines per data folder (the one above
all files asked for). A line is appended as soon as a file is examined, so that an interrupted
examination goes on where it stopped; it holds as long as the file's size and time of modification stay
the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from tqdm import tqdm

from mgclib.audio import MAX_PEAK
from mgclib.errors import MgcError
from mgclib.files import REMEDIES, data_home

__all__ = ["FileFacts", "examine", "examine_file"]

VERSION = 2
BLOCK_SAMPLES = 1 << 20
FULL_SCALE = 0.9999
STREAMED = 0x7FFFFF00
ENDLESS = 1 << 62
SHORTFALL_SECONDS = 0.05
OGG_HEADER_BYTES = 27
OGG_PAGE_BYTES = OGG_HEADER_BYTES + 255 + 255 * 255
OGG_END_OF_STREAM = 4
DATA_SHORTER = re.compile(r"^\s*(?:data|Data Size|SSND)\s*:\s*(\d+)\s*\(should be (\d+)\)", re.MULTILINE)


@dataclass(frozen=True)
class FileFacts:
    """What decoding a whole file told.

    Parameters
    ----------
    bytes_hash, samples_hash : str
        BLAKE2b of the file's bytes and of its decoded samples (float32, all channels).
    frames : int
        Decoded samples per channel.
    sample_rate : int [Hz]
    channels : int
    peak : float
        Largest absolute sample of any channel.
    rms : float
        Root mean square of the mono mix.
    clipped : float in [0, 1]
        Share of the samples at full scale.
    problem : str
        Why the file cannot be used; empty when it can.
    """

    bytes_hash: str = ""
    samples_hash: str = ""
    frames: int = 0
    sample_rate: int = 0
    channels: int = 0
    peak: float = 0.0
    rms: float = 0.0
    clipped: float = 0.0
    problem: str = ""


def examine_file(path: str | os.PathLike[str]) -> FileFacts:
    """Decode a file from beginning to end and return what was found; never raises for a faulty file."""
    try:
        with Path(path).open("rb") as handle:
            bytes_hash = hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
            if handle.tell() == 0:
                return FileFacts(bytes_hash, problem="the file is empty (0 bytes)")
        return _decode_whole(path, bytes_hash)
    except soundfile.SoundFileError as error:
        reason = " ".join(str(getattr(error, "error_string", error)).split()).rstrip(".")
        if reason.startswith("File does not exist"):  # libsndfile's words for an .mp3 in which there is no MP3
            reason = "there is no sound in it"
        return FileFacts(bytes_hash, problem=f"cannot be decoded ({reason})")
    except OSError as error:
        return FileFacts(problem=f"cannot be read ({error.strerror})")


def _decode_whole(path: str | os.PathLike[str], bytes_hash: str) -> FileFacts:
    digest = hashlib.blake2b(digest_size=16)
    frames, full, peak, energy = 0, 0, 0.0, 0.0
    with soundfile.SoundFile(path) as sound:
        rate, channels, promised = sound.samplerate, sound.channels, sound.frames
        missing_bytes = _missing_bytes(sound.extra_info)
        while np.isfinite(energy) and len(block := sound.read(BLOCK_SAMPLES // channels, "float32", always_2d=True)):
            frames += len(block)
            digest.update(block)
            magnitude = np.abs(block)
            peak = max(peak, float(magnitude.max()))
            full += int((magnitude >= FULL_SCALE).sum())
            mono = block.mean(axis=1)
            energy += float(np.dot(mono, mono)) if np.isfinite(magnitude.sum()) else np.nan
    fault = _sample_fault(frames, peak, energy) or _truncation(path, frames, promised, rate, missing_bytes)
    sound_so_far = frames > 0 and np.isfinite(energy)
    return FileFacts(
        bytes_hash=bytes_hash,
        samples_hash=digest.hexdigest(),
        frames=frames,
        sample_rate=rate,
        channels=channels,
        peak=peak if sound_so_far else 0.0,
        rms=float(np.sqrt(energy / frames)) if sound_so_far else 0.0,
        clipped=full / (frames * channels) if sound_so_far else 0.0,
        problem=fault,
    )


def _sample_fault(frames: int, peak: float, energy: float) -> str:
    if frames == 0:
        return "no samples were decoded"
    if not np.isfinite(energy):
        return "holds samples that are not finite (NaN or infinity)"
    if peak > MAX_PEAK:
        return f"samples reach {peak:g}, expected values in [-1, 1] (integers stored as floats?)"
    return ""


def _truncation(path: str | os.PathLike[str], frames: int, promised: int, rate: int, missing_bytes: int) -> str:
    left = f"truncated: {frames / rate:.2f} s left"
    if rate * SHORTFALL_SECONDS < promised - frames < ENDLESS:
        return f"{left} of the {promised / rate:.2f} s that its header promises"
    if missing_bytes:
        return f"{left}, {missing_bytes} bytes fewer than its header promises"
    if _ogg_without_end(path):
        return f"{left}, the Ogg stream has no end"
    return ""


def _missing_bytes(header_log: str) -> int:
    match = DATA_SHORTER.search(header_log)
    if match is None or int(match[1]) >= STREAMED:
        return 0
    return max(0, int(match[1]) - int(match[2]))


def _ogg_without_end(path: str | os.PathLike[str]) -> bool:
    with Path(path).open("rb") as handle:
        if handle.read(4) != b"OggS":
            return False
        handle.seek(max(0, handle.seek(0, os.SEEK_END) - OGG_PAGE_BYTES))
        tail = handle.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < OGG_HEADER_BYTES or not page[5] & OGG_END_OF_STREAM:
        return True
    segments = page[OGG_HEADER_BYTES : OGG_HEADER_BYTES + page[26]]
    return len(page) < OGG_HEADER_BYTES + page[26] + sum(segments)


def examine(
    paths: Iterable[str | os.PathLike[str]],
    *,
    jobs: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Return the facts of files, decoding only those that are new or have changed.

    Parameters
    ----------
    paths : iterable of path
    jobs : int > 0 or None
        Threads (None: one per core).
    progress : bool
        Show a progress bar on a terminal.

    Returns
    -------
    pd.DataFrame
        Index: the paths as str; columns: the fields of `FileFacts`.

    Raises
    ------
    MgcError
        When the index cannot be written.
    """
    names = [str(p) for p in paths]
    keys = {name: _key(name) for name in dict.fromkeys(names)}
    facts: dict[str, FileFacts] = {}
    if keys:
        index = _index_path(Path(os.path.commonpath([str(Path(name).parent) for name in keys])))
        known = _read(index)
        facts = {name: known[name][1] for name, key in keys.items() if name in known and known[name][0] == key}
        todo = [name for name in keys if name not in facts]
        if todo:
            facts.update(_examine_new(todo, keys, index, jobs or os.cpu_count() or 1, progress))
    columns = list(FileFacts.__dataclass_fields__)
    rows = [asdict(facts[name]) for name in names]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(names, name="path", dtype="str"))


def _key(name: str) -> tuple[int, int]:
    try:
        status = Path(name).stat()
    except OSError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def _index_path(root: Path) -> Path:
    root = root.resolve()
    digest = hashlib.blake2b(os.fsencode(root), digest_size=6).hexdigest()
    return data_home() / "index" / f"{root.name[:40] or 'root'}-{digest}.jsonl"


def _read(index: Path) -> dict[str, tuple[tuple[int, int], FileFacts]]:
    if not index.is_file():
        return {}
    known = {}
    for line in index.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
            if entry["version"] == VERSION:
                known[entry["path"]] = ((entry["size"], entry["mtime_ns"]), FileFacts(**entry["facts"]))
        except (ValueError, KeyError, TypeError):
            continue
    return known


def _examine_new(
    todo: list[str], keys: dict[str, tuple[int, int]], index: Path, jobs: int, progress: bool
) -> dict[str, FileFacts]:
    facts = {}
    try:
        index.parent.mkdir(parents=True, exist_ok=True)
        with index.open("ab", buffering=0) as handle, ThreadPoolExecutor(min(jobs, len(todo))) as pool:
            futures = {pool.submit(examine_file, name): name for name in todo}
            done = as_completed(futures)
            hidden = None if progress else True
            try:
                for future in tqdm(done, "examining", len(todo), unit="file", disable=hidden):
                    name = futures[future]
                    facts[name] = future.result()
                    handle.write(_line(name, keys[name], facts[name]))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        raise MgcError(f"cannot write {index}: {REMEDIES[error.errno]} (set MGC_DATA)") from error
    return facts


def _line(name: str, key: tuple[int, int], facts: FileFacts) -> bytes:
    entry = {"version": VERSION, "path": name, "size": key[0], "mtime_ns": key[1], "facts": asdict(facts)}
    return json.dumps(entry).encode() + b"\n"
