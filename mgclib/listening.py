"""Sound to hear in a page: small players that travel inside the HTML."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from mgclib.audio import load_clip

if TYPE_CHECKING:
    from IPython.display import HTML

    from mgclib.datasets.dataset import Dataset

__all__ = ["labelled", "player", "players"]


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
