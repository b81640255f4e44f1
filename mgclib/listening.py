"""Sound to hear in a page: small players that travel inside the HTML."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from scipy.signal import fftconvolve

from mgclib.audio import load_clip
from mgclib.errors import ParameterError

if TYPE_CHECKING:
    from IPython.display import HTML

    from mgclib.datasets.dataset import Dataset

__all__ = ["gate", "labelled", "player", "players"]


def player(y: np.ndarray, sample_rate: int = 22050) -> str:
    """Return an HTML audio element that holds `y` as MP3, which every browser plays without a network.

    Parameters
    ----------
    y : np.ndarray [shape=(n,), float, -1 … 1]
        Mono waveform.
    sample_rate : int
        Hz; a rate that MP3 knows (22050, 44100, …).
    """
    buffer = io.BytesIO()
    soundfile.write(buffer, y, sample_rate, format="MP3", subtype="MPEG_LAYER_III")
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<audio controls preload="none" src="data:audio/mpeg;base64,{data}"></audio>'


def labelled(sounds: Mapping[str, np.ndarray], sample_rate: int = 22050) -> HTML:
    """Return a row of players, each with its name before it.

    Parameters
    ----------
    sounds : mapping of str to np.ndarray [shape=(n,), float, -1 … 1]
        Mono waveforms that may be copied into a page: made here, or the reader's own.
    sample_rate : int
        Hz; a rate that MP3 knows (22050, 44100, …).

    Notes
    -----
    Notebook: ``mel_spectrograms``.
    """
    from IPython.display import HTML

    cells = [
        f'<div class="mgc-player"><span>{html.escape(name)}</span>{player(y, sample_rate)}</div>'
        for name, y in sounds.items()
    ]
    return HTML(f'<div class="mgc-players">{"".join(cells)}</div>')


def players(dataset: Dataset, clips_per_genre: int = 1) -> HTML:
    """Return one row of players per genre of generated music; a sentence instead for real recordings.

    Parameters
    ----------
    dataset : Dataset
        Only a synthetic one may be copied into a page.
    clips_per_genre : int
        The first clips of so many tracks of each genre.

    Notes
    -----
    Notebooks: ``svm_pixels``, ``cnn_2d``.
    """
    from IPython.display import HTML

    if not dataset.synthetic:
        return HTML(
            f"<p>The clips of {html.escape(dataset.name)} are other people's recordings: they are not copied here.</p>"
        )
    tracks = dataset.clips.drop_duplicates("track_id").groupby("genre", sort=False).head(clips_per_genre)
    cells = []
    for genre in dataset.genres:
        sounds = "".join(
            player(load_clip(row.path, start_s=row.start_s, duration_s=row.duration_s))
            for row in tracks[tracks["genre"] == genre].itertuples()
        )
        cells.append(f'<div class="mgc-player"><span>{html.escape(genre)}</span>{sounds}</div>')
    return HTML(f'<div class="mgc-players">{"".join(cells)}</div>')


def gate(
    profile: np.ndarray, n_samples: int, sample_rate: int = 22050, *, threshold: float = 0.5, fade_s: float = 0.05
) -> np.ndarray:
    """Return a gain for each sample that lets only some seconds of a clip be heard, without clicks.

    Parameters
    ----------
    profile : np.ndarray [shape=(n_columns,), 0 … 1]
        How much each stretch of the clip counts, e.g. the mean of a class activation map over its rows; the columns
        are of equal length and cover the clip.
    n_samples : int > 0
        Length of the clip.
    sample_rate : int > 0 [Hz]
    threshold : float in (0, 1]
        Share of the profile's maximum from which on a stretch is heard.
    fade_s : float >= 0 [seconds]
        Length of the fades (half a cosine), half of it on either side of a boundary.

    Returns
    -------
    np.ndarray [shape=(n_samples,), float32, 0 … 1]
        0 everywhere for a profile without a positive value.

    Raises
    ------
    ParameterError
        For a profile that is no row of numbers, or a threshold out of range.

    Notes
    -----
    Notebook: ``cam``.
    """
    profile = np.asarray(profile, dtype=float)
    if profile.ndim != 1 or not profile.size or not np.isfinite(profile).all():
        raise ParameterError(f"a profile of shape {profile.shape} must be a row of finite numbers")
    if not 0 < threshold <= 1:
        raise ParameterError(f"threshold={threshold!r} must be above 0 and at most 1")
    top = profile.max()
    heard = (profile >= threshold * top) & (top > 0)
    columns = (np.arange(n_samples) * profile.size // n_samples).clip(max=profile.size - 1)
    gains = heard[columns].astype(np.float32)
    width = round(fade_s * sample_rate)
    if width < 2 or heard.all():
        return gains
    window = np.hanning(width + 2)[1:-1]
    padded = np.pad(gains, (width // 2, width - 1 - width // 2), mode="edge")
    return fftconvolve(padded, window / window.sum(), mode="valid").clip(0, 1).astype(np.float32)
