"""What is wrong with the clips of a data set, found before a model learns it.

The checks, in this order (a clip that fails one is not asked the next):

1. ``exists``: the file is there;
2. ``decodes``: it was decoded whole, to finite samples;
3. ``length``: it has at least 95 % of the clip length;
4. ``silent``: the mono mix of the file is above -80 dB of full scale (RMS);
5. ``clipped``: fewer than 1 % of the samples are at full scale;

and over all files ``duplicate``: no two decode to the same samples. Of a mel pack only ``silent`` (a
constant spectrogram) and ``duplicate`` (equal spectrograms) can be asked.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from mgclib.datasets.dataset import Dataset
from mgclib.datasets.listing import SILENCE

__all__ = ["FAULT_COLUMNS", "faults", "formats", "known_faults"]

FAULT_COLUMNS = ("clip_id", "file", "check", "problem")
LENGTH_SHARE = 0.95
CLIPPED_SHARE = 0.01


def faults(dataset: Dataset) -> pd.DataFrame:
    """Return one row per fault of the clips, and of the files that were set aside.

    Known faults (`known_faults`) are not among them.

    Returns
    -------
    pd.DataFrame
        Columns ``clip_id``, ``file``, ``check``, ``problem``; empty when all is well. Of several files with
        the same samples the first one is taken for the original.
    """
    aside = dataset.set_aside[~_known(dataset.set_aside)]
    rows = [
        (clip_id, path, "silent" if problem.startswith(SILENCE) else "decodes", problem)
        for clip_id, path, problem in aside.itertuples()
    ]
    rows += _file_faults(dataset) if dataset.pack is None else []
    rows += _pack_faults(dataset) if dataset.pack is not None else []
    table = pd.DataFrame(rows, columns=list(FAULT_COLUMNS), dtype="str")
    return table.sort_values(["clip_id", "check"], kind="stable").reset_index(drop=True)


def known_faults(dataset: Dataset) -> pd.DataFrame:
    """Return the rows of `Dataset.set_aside` that are published faults of the data set, e.g. GTZAN's jazz.00054."""
    return dataset.set_aside[_known(dataset.set_aside)]


def _known(aside: pd.DataFrame) -> pd.Series:
    return aside["problem"].astype("str").str.startswith("known fault")


def formats(dataset: Dataset) -> pd.DataFrame:
    """Return how many files have which sample rate and number of channels.

    Returns
    -------
    pd.DataFrame
        Index ``sample_rate`` (Hz), columns ``channels``, values: number of files. Empty for a mel pack.
    """
    from mgclib.datasets.index import examine

    facts = examine([p for p in dataset.files if p.exists()])
    return pd.crosstab(facts["sample_rate"], facts["channels"])


def _file_faults(dataset: Dataset) -> list[tuple[str, str, str, str]]:
    from mgclib.datasets.index import examine

    present = [p for p in dataset.files if p.exists()]
    facts = examine(present)
    rows = []
    for clip_id, clip in dataset.clips.iterrows():
        path = clip["path"]
        fact = facts.loc[path] if path in facts.index else None
        fault = _clip_fault(fact, clip["duration_s"], dataset.clip_seconds)
        if fault:
            rows.append((clip_id, path, *fault))
    sound = facts[facts["problem"] == ""]
    first_clip = dataset.clips.reset_index().drop_duplicates("path").set_index("path")["clip_id"]
    names = first_clip.reindex(sound.index)
    return rows + _repeats(names.to_numpy(), sound.index.to_numpy(), sound["samples_hash"].to_numpy(), "samples")


def _clip_fault(fact: pd.Series | None, duration_s: float, clip_seconds: float) -> tuple[str, str] | None:
    if fact is None:
        return "exists", "the file is gone"
    if fact["problem"]:
        return "decodes", fact["problem"]
    if duration_s < LENGTH_SHARE * clip_seconds:
        return "length", f"{duration_s:.2f} s long, expected {clip_seconds:g} s (padded, unless clip_seconds is less)"
    if fact["clipped"] > CLIPPED_SHARE:
        return "clipped", f"{fact['clipped']:.1%} of the samples are at full scale"
    return None


def _pack_faults(dataset: Dataset) -> list[tuple[str, str, str, str]]:
    pack = dataset.pack
    rows = pack.rows(dataset.clips.index)
    first = dict(zip(rows[::-1], dataset.clips.index[::-1], strict=True))
    kept = sorted(first)
    constant = [k for k in kept if np.ptp(pack.mel[k]) == 0]
    hashes = [hashlib.blake2b(np.ascontiguousarray(pack.mel[k]), digest_size=16).hexdigest() for k in kept]
    sound = [k not in set(constant) for k in kept]
    names = np.array([first[k] for k in kept], dtype=object)
    found = [(first[k], str(pack.path), "silent", "constant spectrogram") for k in constant]
    files = np.full(len(kept), str(pack.path), dtype=object)
    return found + _repeats(names[sound], files[sound], np.array(hashes)[sound], "spectrogram")


def _repeats(clip_ids: np.ndarray, files: np.ndarray, hashes: np.ndarray, what: str) -> list[tuple[str, str, str, str]]:
    order = np.argsort(clip_ids.astype(str), kind="stable")
    original: dict[str, str] = {}
    rows = []
    for clip_id, file, digest in zip(clip_ids[order], files[order], hashes[order], strict=True):
        if digest in original:
            rows.append((clip_id, str(Path(file)), "duplicate", f"the same {what} as {original[digest]}"))
        else:
            original[digest] = clip_id
    return rows
