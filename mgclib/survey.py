"""A first look at a data set: what is in it, how long, how loud, and what is in it twice.

Notebook: ``densenet``. Source: FMA slides, "FMA dataset", "Audio files".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mgclib import audio
from mgclib.errors import ParameterError

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset

__all__ = ["ALIKE", "loudness", "nearest_pairs", "survey"]

ALIKE = 0.99
"""From this likeness on, two spectrograms are taken for the same seconds of the same recording. Checked on GTZAN: its
exact copies have 1.000, most of its near copies (the same seconds, coded anew) are above, no other pair is."""

BANDS, COLUMNS = 32, 128
"""What a spectrogram is reduced to before it is held against others."""

BLOCK = 512


def survey(dataset: Dataset, mels: np.ndarray, *, listened: int = 25) -> pd.DataFrame:
    """Return what can be told of each clip without listening to it.

    Parameters
    ----------
    dataset : Dataset
    mels : np.ndarray [shape=(n_clips, n_mels, n_frames), dB re the clip's loudest point]
        Of `mgclib.store.mels`.
    listened : int >= 0
        Of so many clips of each genre, evenly spaced, the loudness is measured, where there is sound.

    Returns
    -------
    pd.DataFrame
        Index as ``dataset.clips``; columns ``genre``, ``seconds``, ``level`` (mean over the spectrogram, dB below the
        loudest point: dense music is high, sparse music low) and ``loudness`` (dB re full scale, NaN where not
        measured).
    """
    if len(mels) != len(dataset):
        raise ParameterError(f"{len(mels)} spectrograms for {len(dataset)} clips: they must be aligned")
    table = dataset.clips[["genre", "duration_s"]].rename(columns={"duration_s": "seconds"})
    level = [float(np.mean(mel, dtype=np.float64)) for mel in mels]
    table = table.assign(level=level, loudness=np.nan)
    for _, rows in dataset.clips[dataset.clips["path"].notna()].groupby("genre"):
        chosen = rows.index[np.unique(np.linspace(0, len(rows) - 1, min(listened, len(rows))).round().astype(int))]
        for clip_id, row in rows.loc[chosen].iterrows():
            sound = audio.load_clip(row["path"], start_s=row["start_s"], duration_s=row["duration_s"])
            table.loc[clip_id, "loudness"] = loudness(sound)
    return table


def loudness(y: np.ndarray) -> float:
    """Return the root mean square of a waveform in dB re full scale (a sine of amplitude 1 has -3); -120 for silence.

    Parameters
    ----------
    y : np.ndarray [shape=(n_samples,), -1 … 1]
    """
    power = float(np.mean(np.square(y, dtype=np.float64))) if len(y) else 0.0
    return 10 * float(np.log10(max(power, 1e-12)))


def nearest_pairs(dataset: Dataset, mels: np.ndarray, count: int = 50) -> pd.DataFrame:
    """Return the clips that look most alike, pair by pair: copies stand first.

    Each spectrogram is reduced to 32 bands and 128 columns; likeness is the correlation of two of them. Copies of the
    same seconds are found however loud they are; copies that begin elsewhere in a song are not.

    Parameters
    ----------
    dataset : Dataset
    mels : np.ndarray [shape=(n_clips, n_mels, n_frames), dB]
    count : int >= 1
        So many pairs, or all that are `ALIKE` if these are more; pairs of one track are left out.

    Returns
    -------
    pd.DataFrame
        Columns ``a``, ``b`` (clip ids), ``genre_a``, ``genre_b`` and ``likeness`` [-1 … 1], falling.
    """
    if len(mels) != len(dataset):
        raise ParameterError(f"{len(mels)} spectrograms for {len(dataset)} clips: they must be aligned")
    seen = np.stack([_reduced(np.asarray(mel, np.float32)) for mel in mels])
    tracks = pd.factorize(dataset.clips["track_id"])[0]
    found: list[tuple[float, int, int]] = []
    for start in range(0, len(seen), BLOCK):
        likeness = seen[start : start + BLOCK] @ seen.T
        rows = np.arange(start, start + len(likeness))
        likeness[(tracks[rows, None] == tracks) | (np.arange(len(seen)) <= rows[:, None])] = -np.inf
        least = np.partition(likeness, -min(count, likeness.size), axis=None)[-min(count, likeness.size)]
        near = np.isfinite(likeness) & (likeness >= min(least, ALIKE))
        found += [(float(likeness[k, j]), start + int(k), int(j)) for k, j in zip(*np.nonzero(near), strict=True)]
    found.sort(reverse=True)
    found = found[: max(count, sum(like >= ALIKE for like, _, _ in found))]
    ids, genres = dataset.clips.index, dataset.clips["genre"].to_numpy()
    rows = [(ids[a], ids[b], genres[a], genres[b], min(1.0, like)) for like, a, b in found]
    return pd.DataFrame(rows, columns=["a", "b", "genre_a", "genre_b", "likeness"])


def _reduced(mel: np.ndarray) -> np.ndarray:
    """Return block means of a spectrogram as a row of mean 0 and length 1; all 0 for an even one."""
    bands = np.linspace(0, mel.shape[0], min(BANDS, mel.shape[0]) + 1).astype(int)[:-1]
    columns = np.linspace(0, mel.shape[1], min(COLUMNS, mel.shape[1]) + 1).astype(int)[:-1]
    small = np.add.reduceat(np.add.reduceat(mel, bands, axis=0), columns, axis=1)
    sizes = np.diff([*bands, mel.shape[0]])[:, None] * np.diff([*columns, mel.shape[1]])
    row = (small / sizes).ravel()
    row = row - row.mean()
    length = float(np.linalg.norm(row))
    return row / length if length > 1e-6 else np.zeros_like(row)
