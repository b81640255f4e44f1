"""Cepstra read off mel pictures: what a clip sounds like, and how that moves, as one row of numbers.

Where there is no sound but a mel pack, mel-frequency cepstral coefficients can still be had: they are the cosine
transform of a picture's columns. `mfcc_statistics` describes each coefficient on its own; `log_covariances` describes
how they move together. A covariance does not know the mean: a fixed filter over the whole clip (an equaliser, a
microphone, a studio's sound) adds a constant to every column and leaves it as it is.

References: Davis and Mermelstein, IEEE TASSP 28(4), 1980 (the coefficients); Arsigny et al., "Log-Euclidean metrics
for fast and simple calculus on diffusion tensors", Magnetic Resonance in Medicine 56, 2006 (why the logarithm).
Notebooks: ``leakage``, ``best_recipe``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.fft import dct

from mgclib.errors import ParameterError

__all__ = ["cepstrum", "log_covariances", "matrices", "mfcc_statistics"]

BLOCK = 64


def cepstrum(pictures: np.ndarray, n_mfcc: int = 20, top_db: float = 80.0) -> np.ndarray:
    """Return the cepstral coefficients of every column: the orthonormal cosine transform of its decibels.

    Parameters
    ----------
    pictures : np.ndarray [shape=(n, height, width, 1), 0 … 255]
        Of `mgclib.features.mel_images`, highest band on top.
    n_mfcc : int >= 1
        Coefficients, at most `height`; the first is the loudness.
    top_db : float > 0 [dB]
        Dynamic range of the pictures.

    Returns
    -------
    np.ndarray [shape=(n, n_mfcc, width), float32, dB]

    Raises
    ------
    ParameterError
        For pictures of another shape, or too many coefficients.
    """
    if pictures.ndim != 4 or pictures.shape[3] != 1:
        raise ParameterError(f"pictures of shape {pictures.shape}: expected grey ones, (n, height, width, 1)")
    if not 1 <= n_mfcc <= pictures.shape[1]:
        raise ParameterError(f"n_mfcc={n_mfcc!r} must be from 1 to the {pictures.shape[1]} rows of the pictures")
    decibels = pictures[:, ::-1, :, 0].astype(np.float32) * np.float32(top_db / 256)
    return dct(decibels, axis=1, norm="ortho")[:, :n_mfcc]


def mfcc_statistics(pictures: np.ndarray, n_mfcc: int = 20) -> np.ndarray:
    """Describe each coefficient on its own.

    Parameters
    ----------
    pictures, n_mfcc
        See `cepstrum`.

    Returns
    -------
    np.ndarray [shape=(n, 4 * n_mfcc), float32]
        Mean, standard deviation, standard deviation of the change from column to column, and of the change over four
        columns, of each coefficient.

    Raises
    ------
    ParameterError
        As `cepstrum`, and for fewer than five columns.
    """
    found = cepstrum(pictures, n_mfcc)
    _check_width(found, 4)
    changes = [np.diff(found, axis=2), found[:, :, 4:] - found[:, :, :-4]]
    return np.concatenate([found.mean(axis=2), *(part.std(axis=2) for part in (found, *changes))], axis=1)


def log_covariances(
    pictures: np.ndarray, n_mfcc: int = 30, lags: Sequence[int] = (1, 2), floor: float = 1.0
) -> np.ndarray:
    """Describe how the coefficients and their changes move together over a clip.

    The covariance matrix of coefficients and changes is a point on a curved space; its matrix logarithm lies in a flat
    one, where straight-line distances and linear classifiers make sense (log-Euclidean metric).

    Parameters
    ----------
    pictures, n_mfcc
        See `cepstrum`.
    lags : sequence of int >= 1
        Changes over so many columns stand beside the coefficients.
    floor : float > 0 [dB²]
        Added to every variance, so that a silent clip has a logarithm, too.

    Returns
    -------
    np.ndarray [shape=(n, k (k + 1) / 2), float32], k = n_mfcc * (1 + len(lags))
        Upper triangle of the logarithm, row by row; off the diagonal times the square root of 2, so that the distance
        of two rows is the distance of the two matrices.

    Raises
    ------
    ParameterError
        As `cepstrum`, for a lag or a floor out of range, or for fewer columns than the longest lag and one more.
    """
    if any(isinstance(lag, bool) or not isinstance(lag, int) or lag < 1 for lag in lags):
        raise ParameterError(f"lags={lags!r} must be positive integers, e.g. (1, 2)")
    if not floor > 0:
        raise ParameterError(f"floor={floor!r} must be above 0")
    longest = max(lags, default=0)
    rows = []
    for start in range(0, len(pictures), BLOCK):
        found = cepstrum(pictures[start : start + BLOCK], n_mfcc)
        _check_width(found, longest + 1)
        width = found.shape[2]
        changes = [found[:, :, longest:] - found[:, :, longest - lag : width - lag] for lag in lags]
        moving = np.concatenate([found[:, :, longest:], *changes], axis=1).astype(np.float64)
        moving -= moving.mean(axis=2, keepdims=True)
        covariance = moving @ moving.transpose(0, 2, 1) / moving.shape[2]
        values, vectors = np.linalg.eigh(covariance)
        logarithm = (vectors * np.log(np.maximum(values, 0) + floor)[:, None]) @ vectors.transpose(0, 2, 1)
        above = np.triu_indices(logarithm.shape[1])
        weight = np.where(above[0] == above[1], 1.0, np.sqrt(2.0))
        rows.append((logarithm[:, above[0], above[1]] * weight).astype(np.float32))
    return np.concatenate(rows)


def matrices(rows: np.ndarray) -> np.ndarray:
    """Return the matrices that rows of `log_covariances` stand for : np.ndarray [shape=(n, k, k), symmetric]."""
    size = round((np.sqrt(8 * rows.shape[1] + 1) - 1) / 2)
    above = np.triu_indices(size)
    found = np.zeros((len(rows), size, size), rows.dtype)
    found[:, above[0], above[1]] = rows / np.where(above[0] == above[1], 1.0, np.sqrt(2.0))
    return found + np.triu(found, 1).transpose(0, 2, 1)


def _check_width(found: np.ndarray, least: int) -> None:
    if found.shape[2] <= least:
        raise ParameterError(f"{found.shape[2]} columns are too few: more than {least} are needed; take longer clips")
