"""Whether a model's confidence can be believed: of the clips it is 70 % sure about, are 70 % right?

Conventions as in `mgclib.metrics`: ``y_true [shape=(n,), int]``, ``probabilities [shape=(n, k), rows sum to 1]``. The
confidence of an answer is its highest probability.

Source: Guo et al., On Calibration of Modern Neural Networks (2017). Notebook: ``comparison``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from mgclib import metrics
from mgclib.errors import ParameterError
from mgclib.metrics import Interval
from mgclib.results import Result

__all__ = ["BINS", "calibration_error", "cooled", "error_by_luck", "interval", "reliability", "temperature"]

BINS = 10
COLDEST, HOTTEST = 0.05, 20.0
TINY = 1e-7


def reliability(y_true: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """Return how often answers are right, by how confident they are.

    Returns
    -------
    pd.DataFrame
        One row per bin of equal width that holds an answer; columns ``low, high`` (of the bin), ``clips``,
        ``confidence`` (mean), ``right`` (share), ``right_low, right_high`` (its 95 % interval after Wilson).

    Raises
    ------
    ParameterError
        For fewer than two bins, or arrays that do not fit together.
    """
    confidence, right = _answers(y_true, probabilities, bins)
    number = _bins(confidence, bins)
    rows = []
    for one in np.unique(number):
        inside = number == one
        low, high = metrics.wilson(int(right[inside].sum()), int(inside.sum()))
        rows.append(
            (one / bins, (one + 1) / bins, inside.sum(), confidence[inside].mean(), right[inside].mean(), low, high)
        )
    columns = ["low", "high", "clips", "confidence", "right", "right_low", "right_high"]
    return pd.DataFrame(rows, columns=columns)


def calibration_error(
    y_true: np.ndarray, probabilities: np.ndarray, bins: int = BINS, weights: np.ndarray | None = None
) -> float | np.ndarray:
    """Return the expected calibration error: by how much confidence and share of right answers differ, over all bins.

    Parameters
    ----------
    y_true, probabilities, bins
        See `reliability`.
    weights : np.ndarray [shape=(b, n)] or None
        How often each clip counts in b resamples; None: each once.

    Returns
    -------
    float, or np.ndarray [shape=(b,)] with `weights`
        Mean over clips of ``|confidence − right|`` of their bin [0 … 1].
    """
    confidence, right = _answers(y_true, probabilities, bins)
    return _error(confidence, right, bins, weights)


def _error(
    confidence: np.ndarray, right: np.ndarray, bins: int, weights: np.ndarray | None = None
) -> float | np.ndarray:
    inside = np.eye(bins)[_bins(confidence, bins)]
    gaps = (confidence - right)[:, None] * inside
    if weights is None:
        return float(np.abs(gaps.sum(axis=0)).sum() / len(right))
    return np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1)


def error_by_luck(
    y_true: np.ndarray, probabilities: np.ndarray, bins: int = BINS, n: int = 1000, seed: int = 0
) -> float:
    """Return the expected calibration error of a model that is perfectly calibrated, with as many clips.

    It is not zero: with few clips in a bin, their share of right answers scatters. Drawn from the model's own
    confidence, which is taken at its word.

    Parameters
    ----------
    y_true, probabilities, bins
        See `reliability`.
    n, seed : int
        Number of draws, and their seed.
    """
    confidence, _ = _answers(y_true, probabilities, bins)
    rng = np.random.default_rng(seed)
    draws = rng.random((n, len(confidence))) < confidence
    inside = np.eye(bins)[_bins(confidence, bins)]
    return float(np.abs((confidence - draws) @ inside).sum(axis=1).mean() / len(confidence))


def interval(result: Result, bins: int = BINS, n: int = 2000, seed: int = 0) -> Interval:
    """Return the expected calibration error on test clips: t over seeds, or the bootstrap over tracks for one seed.

    As `Result.interval`. The error of a resample is larger than that of the sample, for a resample scatters twice: the
    interval is shifted back by that much (basic bootstrap) and cut at 0.
    """
    pairs = [result.arrays("test", one) for one in result.seeds]
    values = np.array([calibration_error(*pair, bins) for pair in pairs])
    if metrics.vary(values):
        return metrics.t_interval(values, bounds=(0.0, 1.0))
    rows = result.select("test", result.seeds[0])
    groups, names = pd.factorize(rows["track_id"])
    drawn = [calibration_error(*pairs[0], bins, w) for w in metrics.bootstrap_weights(groups, len(names), n, seed)]
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    mean = float(values.mean())
    bounds = np.clip([2 * mean - high, 2 * mean - low], 0.0, 1.0)
    return Interval(mean, float(bounds[0]), float(bounds[1]), len(names), "tracks")


def temperature(y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature at which probabilities fit best (least log loss); fitted on validation clips, not on test.

    Above 1 the model was too sure, below 1 not sure enough.
    """
    _answers(y_true, probabilities, BINS)
    own = np.arange(len(y_true)), np.asarray(y_true)

    def loss(log_t: float) -> float:
        return -float(np.log(np.maximum(cooled(probabilities, np.exp(log_t))[own], TINY)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=tuple(np.log([COLDEST, HOTTEST])), method="bounded").x))


def cooled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities at a temperature > 0: the order stays, the confidence changes; 1 leaves them as they are."""
    if not temperature > 0:
        raise ParameterError(f"temperature={temperature!r} must be above 0; 1 changes nothing")
    logits = np.log(np.maximum(np.asarray(probabilities, dtype=float), TINY)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    shares = np.exp(logits)
    return shares / shares.sum(axis=1, keepdims=True)


def _answers(y_true: np.ndarray, probabilities: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    if bins < 2:
        raise ParameterError(f"bins={bins} must be at least 2: one bin tells the mean only")
    y_true, probabilities = np.asarray(y_true), np.asarray(probabilities, dtype=float)
    if probabilities.ndim != 2 or y_true.shape != probabilities.shape[:1] or not len(y_true):
        shapes = f"labels {y_true.shape} and probabilities {probabilities.shape}"
        raise ParameterError(f"{shapes} do not fit; expected (n,) and (n, n_genres) with at least one clip")
    return probabilities.max(axis=1), (probabilities.argmax(axis=1) == y_true).astype(float)


def _bins(confidence: np.ndarray, bins: int) -> np.ndarray:
    return np.minimum((confidence * bins).astype(int), bins - 1)
