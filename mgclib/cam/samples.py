"""Which clips a page shows, and their maps as a table that travels with a record.

A map of 8 × 48 numbers says where a network looked and nothing that could be heard or seen of the music, so it may
be kept with the results on real recordings, where a spectrogram may not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import librosa
import numpy as np
import pandas as pd

from mgclib.cam.maps import relative
from mgclib.errors import ParameterError
from mgclib.features import MelSpec

__all__ = ["emphasis", "kept", "mean_maps", "most_certain", "read"]

SAMPLE = ["kind", "clip_id", "genre", "predicted", "probability", "right", "clips"]
PLACE = ["row", "column", "value"]


def most_certain(predicted: pd.DataFrame, wanted: Mapping[str, int], *, right: bool) -> pd.DataFrame:
    """Return the clips of each genre that a network named most certainly, and rightly (or wrongly).

    A rule instead of a choice: of each genre in `wanted` the clips with the highest probability, at most one per
    track, in the order of `wanted`. There are fewer where a network made fewer such answers.

    Parameters
    ----------
    predicted : pd.DataFrame
        ``result.predicted("test", seed)``: columns ``clip_id, track_id, genre, predicted, probability``.
    wanted : dict of str to int
        How many clips of which true genre.
    right : bool
        Clips that were named rightly, or wrongly.

    Returns
    -------
    pd.DataFrame
        Rows of `predicted`, with a column ``right``.
    """
    table = predicted.assign(right=predicted["genre"] == predicted["predicted"])
    table = table[table["right"] == right].sort_values(["probability", "clip_id"], ascending=[False, True])
    table = table.drop_duplicates("track_id")
    chosen = [table[table["genre"] == genre].head(count) for genre, count in wanted.items()]
    return pd.concat(chosen, ignore_index=True) if chosen else table.head(0)


def mean_maps(values: np.ndarray, genres: Sequence[str], order: Sequence[str]) -> pd.DataFrame:
    """Return the mean map of each genre; every clip counts alike, in shares of its own maximum.

    Parameters
    ----------
    values : np.ndarray [shape=(n, rows, columns)]
        Raw map of each clip for its **true** genre.
    genres : sequence of n str
        The true genre of each clip.
    order : sequence of str
        The genres to tell about, in order; those without a clip are left out.

    Returns
    -------
    pd.DataFrame
        Columns ``genre``, ``clips`` (how many) and ``map`` (np.ndarray [shape=(rows, columns), 0 … 1]).
    """
    shares, genres = relative(values), np.asarray(genres)
    rows = [(one, int((genres == one).sum()), shares[genres == one].mean(axis=0)) for one in order if one in genres]
    return pd.DataFrame(rows, columns=["genre", "clips", "map"])


def emphasis(means: pd.DataFrame, spec: MelSpec) -> pd.DataFrame:
    """Return in words of numbers which bands and when the mean map of each genre stresses.

    Parameters
    ----------
    means : pd.DataFrame
        From `mean_maps`; at least three columns in a map.
    spec : MelSpec
        Of the pictures.

    Returns
    -------
    pd.DataFrame
        Index ``genre``; ``clips``; ``centre (Hz)``: the centre of gravity of the map on the mel scale; ``lower half``:
        the share of the map in the lower half of the bands; ``edges : inside``: mean of the first and the last column
        over that of the others, 1 where the clip's ends count like its middle.
    """
    low, high = librosa.hz_to_mel([spec.fmin, spec.fmax or spec.sample_rate / 2])
    rows = {}
    for one in means.itertuples():
        bands, time = one.map.mean(axis=1)[::-1], one.map.mean(axis=0)
        shares = bands / bands.sum() if bands.any() else np.full(len(bands), 1 / len(bands))
        height = (np.arange(len(bands)) + 0.5) / len(bands)
        inside = time[1:-1].mean()
        rows[one.genre] = {
            "clips": one.clips,
            "centre (Hz)": float(librosa.mel_to_hz(low + (shares * height).sum() * (high - low))),
            "lower half": float(shares[: len(bands) // 2].sum()),
            "edges : inside": float((time[0] + time[-1]) / 2 / inside) if inside > 0 else np.nan,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("genre")


def kept(samples: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """Return maps as one long table for `Result.tables`; `read` is the inverse.

    Parameters
    ----------
    samples : pd.DataFrame
        Columns ``clip_id, genre, predicted, probability, right`` and ``map`` (raw).
    means : pd.DataFrame
        From `mean_maps`.

    Returns
    -------
    pd.DataFrame
        A row per place: ``kind`` ("sample" or "mean"), the columns above, ``clips`` (how many the map is the mean
        of), ``row`` (from the top: the highest band), ``column``, ``value`` (float32).
    """
    nothing = {"clip_id": "", "predicted": "", "probability": np.nan, "right": False}
    parts = [samples.assign(kind="sample", clips=1), means.assign(kind="mean", **nothing)]
    table = pd.concat([part[[*SAMPLE, "map"]] for part in parts], ignore_index=True)
    places = []
    for name in table.itertuples():
        rows, columns = np.indices(name.map.shape)
        values = {"row": rows.ravel(), "column": columns.ravel(), "value": name.map.ravel().astype(np.float32)}
        places.append(pd.DataFrame(values, index=np.full(name.map.size, name.Index)))
    return table[SAMPLE].join(pd.concat(places)).astype({"row": "int16", "column": "int16"}).reset_index(drop=True)


def read(table: pd.DataFrame, kind: str = "sample") -> pd.DataFrame:
    """Return what `kept` was given: one row per map, in the order they were kept.

    Parameters
    ----------
    table : pd.DataFrame
        ``result.tables["cam"]``.
    kind : {"sample", "mean"}

    Raises
    ------
    ParameterError
        For a table that lacks a column or a place of a map.
    """
    missing = [name for name in [*SAMPLE, *PLACE] if name not in table]
    if missing:
        raise ParameterError(f"the table of maps lacks {', '.join(missing)}; expected what mgclib.cam.kept makes")
    found = []
    for names, places in table[table["kind"] == kind].groupby(SAMPLE[:-1], sort=False, dropna=False):
        shape = (int(places["row"].max()) + 1, int(places["column"].max()) + 1)
        if len(places) != shape[0] * shape[1]:
            raise ParameterError(f"the map of {names[1] or names[2]} has {len(places)} places, expected {shape}")
        values = np.zeros(shape, np.float32)
        values[places["row"], places["column"]] = places["value"]
        found.append((*names, int(places["clips"].iloc[0]), values))
    return pd.DataFrame(found, columns=[*SAMPLE, "map"]).drop(columns="kind")
