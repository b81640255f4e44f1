"""Metrics of genre classifiers, all derived from stored probabilities.

Conventions
-----------
- ``y_true``: true genre index, ``np.ndarray [shape=(n,), int, 0 … k - 1]``; ``probabilities``:
  ``np.ndarray [shape=(n, k), 0 … 1]``, rows sum to 1. The predicted genre is the first of the largest.
- ``weights``: how often each clip counts, ``[shape=(n,)]`` or ``[shape=(b, n)]`` for b resamples at once;
  None counts each clip once. A metric returns one value per row of weights.
- Averages run over all k genres; a genre without clips or predictions has precision, recall and F1 0
  (scikit-learn's ``labels=range(k), zero_division=0``), but no AUC.
- Each function validates, then computes. All are checked against scikit-learn in the tests.

The fma-densenet report calls ``ovr_accuracy`` "accuracy" and `f1_of_means` "F1"; CS464 and the others use the
names of scikit-learn's classification report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from mgclib.errors import ParameterError, closest

__all__ = [
    "METRICS",
    "Interval",
    "Metric",
    "bootstrap_weights",
    "classification_report",
    "confusion_matrix",
    "evaluate",
    "exact_mcnemar",
    "lookup",
    "quantile_interval",
    "ranks",
    "t_interval",
    "vary",
    "wilson",
]

BLOCK = 4_000_000

SAME = 1e-9
"""Values that differ by less are the same: what rounding leaves."""


@dataclass(frozen=True)
class Metric:
    """A named function of labels, probabilities and weights.

    Parameters
    ----------
    name, label : str
        As in code, and as on an axis.
    function : callable
        ``function(y_true, probabilities, weights [shape=(b, n)]) -> [shape=(b,)]``.
    bounds : tuple of 2 floats
        Least and greatest possible value.
    higher_is_better : bool
    """

    name: str
    label: str
    function: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
    bounds: tuple[float, float] = (0.0, 1.0)
    higher_is_better: bool = True


@dataclass(frozen=True)
class Interval:
    """A mean with its interval, and what the interval is over.

    Parameters
    ----------
    mean, low, high : float
    n : int
        Number of seeds or of tracks.
    kind : {"seeds", "tracks"}
        ``seeds``: Student's t over the values of n seeds (training varies, and the split unless it is a published
        list); ``tracks``: percentile bootstrap over n test tracks (only the choice of test tracks varies).
    level : float
        Coverage, 0 … 1.
    """

    mean: float
    low: float
    high: float
    n: int
    kind: str = "seeds"
    level: float = 0.95

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def label(self) -> str:
        """What the interval is, for captions."""
        how = {"seeds": "t-interval over", "tracks": "bootstrap over"}[self.kind]
        return f"{self.level:.0%} {how} {self.n} {self.kind}"

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}], {self.label}"


def evaluate(
    name: str, y_true: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None
) -> float | np.ndarray:
    """Compute one metric.

    Parameters
    ----------
    name : str
        A name in `METRICS`.
    y_true : np.ndarray [shape=(n,), int]
    probabilities : np.ndarray [shape=(n, k)]
    weights : np.ndarray [shape=(n,) or (b, n)] or None

    Returns
    -------
    float or np.ndarray [shape=(b,)]
        NaN where the metric is not defined (no clips, or an AUC of one genre only).

    Raises
    ------
    ParameterError
        Unknown metric, or arrays that do not fit together.
    """
    metric = lookup(name)
    y_true, probabilities = _checked(y_true, probabilities)
    table = np.ones((1, len(y_true))) if weights is None else np.atleast_2d(np.asarray(weights, float))
    if table.shape[1] != len(y_true):
        raise ParameterError(f"weights have {table.shape[1]} columns for {len(y_true)} clips; give one per clip")
    with np.errstate(invalid="ignore", divide="ignore"):
        values = metric.function(y_true, probabilities, table)
    return values if weights is not None and np.ndim(weights) == 2 else float(values[0])


def lookup(name: str) -> Metric:
    """Return the metric of this name, or raise with the closest match."""
    if name in METRICS:
        return METRICS[name]
    match = closest(name, METRICS)
    hint = f"did you mean {match!r}? " if match else ""
    raise ParameterError(f"metric {name!r} is unknown: {hint}choose from {', '.join(METRICS)}")


def ranks(y_true: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Rank of the true genre : np.ndarray [shape=(n,), int, 1 … k]; among equals the first genre comes first."""
    own = np.take_along_axis(probabilities, y_true[:, None], axis=1)
    before = np.arange(probabilities.shape[1]) < y_true[:, None]
    return 1 + ((probabilities > own) | ((probabilities == own) & before)).sum(axis=1)


def confusion_matrix(y_true: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Count clips by true (row) and predicted (column) genre : np.ndarray [shape=(k, k), int]."""
    y_true, probabilities = _checked(y_true, probabilities)
    return _confusions(y_true, probabilities, np.ones((1, len(y_true))))[0].astype(np.int64)


def classification_report(y_true: np.ndarray, probabilities: np.ndarray, genres: tuple[str, ...]) -> pd.DataFrame:
    """Precision, recall, F1 and support per genre, with accuracy and both averages.

    Returns
    -------
    pd.DataFrame
        Rows: the genres, ``accuracy``, ``macro avg``, ``weighted avg``; columns ``precision``, ``recall``,
        ``f1``, ``support`` (clips). As in the printed report of scikit-learn, accuracy stands in the F1 column.
    """
    y_true, probabilities = _checked(y_true, probabilities)
    confusion = _confusions(y_true, probabilities, np.ones((1, len(y_true))))
    per_genre = np.stack([scores[0] for scores in _per_class(confusion)], axis=1)
    support = confusion[0].sum(axis=1)
    total = support.sum()
    averages = [
        [np.nan, np.nan, np.trace(confusion[0]) / total, total],
        [*per_genre.mean(axis=0), total],
        [*(support @ per_genre / total), total],
    ]
    rows = np.vstack([np.column_stack([per_genre, support]), averages])
    index = pd.Index([*genres, "accuracy", "macro avg", "weighted avg"], name="genre")
    return pd.DataFrame(rows, index=index, columns=["precision", "recall", "f1", "support"])


def bootstrap_weights(group: np.ndarray, n_groups: int, n: int, seed: int) -> Iterator[np.ndarray]:
    """Yield blocks of resampling weights: groups (tracks) are drawn with replacement.

    Parameters
    ----------
    group : np.ndarray [shape=(n_clips,), int]
        Group number of each clip; a clip counts as often as its group was drawn.
    n_groups, n, seed : int
        Number of groups, of resamples, and the seed.

    Yields
    ------
    np.ndarray [shape=(block, n_clips), float]
    """
    rng = np.random.default_rng(seed)
    block = max(1, min(n, BLOCK // max(n_groups, len(group))))
    for start in range(0, n, block):
        size = min(block, n - start)
        drawn = rng.integers(0, n_groups, size=(size, n_groups)) + np.arange(size)[:, None] * n_groups
        counts = np.bincount(drawn.ravel(), minlength=size * n_groups).reshape(size, n_groups)
        yield counts[:, group].astype(float)


def vary(values: np.ndarray) -> bool:
    """Return whether values of several seeds differ, so that an interval over the seeds means something.

    They do not where there is one seed, or where nothing depends on it: a deterministic model on a published list. An
    interval over the test tracks stands in there.
    """
    return len(values) > 1 and bool(np.ptp(values) > SAME)


def t_interval(values: np.ndarray, level: float = 0.95, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
    """Student's t-interval of the mean of at least two values (one per seed), cut to the metric's bounds.

    Raises
    ------
    ParameterError
        For fewer than two values.
    """
    values = np.asarray(values, float)
    if len(values) < 2:
        raise ParameterError(f"{len(values)} value(s): an interval over seeds needs at least 2; run more seeds")
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    low, high = np.clip([values.mean() - half, values.mean() + half], *bounds)
    return Interval(float(values.mean()), float(low), float(high), len(values), "seeds", level)


def quantile_interval(estimate: float, resampled: np.ndarray, n: int, level: float = 0.95) -> Interval:
    """Percentile interval of bootstrap values around an estimate over `n` tracks."""
    low, high = np.nanquantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(estimate), float(low), float(high), n, "tracks", level)


def wilson(correct: int, total: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return Wilson's score interval of a share : tuple of two floats in [0, 1].

    Parameters
    ----------
    correct, total : int
        Hits and trials, ``0 <= correct <= total``, ``total > 0``.
    z : float > 0
        Quantile of the normal distribution; the default gives 95 %.
    """
    share = correct / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def exact_mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided exact McNemar p-value from the counts of clips that only one of two models has right."""
    if only_a + only_b == 0:
        return 1.0
    return float(stats.binomtest(int(only_a), int(only_a + only_b), 0.5).pvalue)


def _checked(y_true: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y_true, probabilities = np.asarray(y_true), np.asarray(probabilities)
    if probabilities.ndim != 2 or y_true.shape != probabilities.shape[:1]:
        raise ParameterError(
            f"labels {y_true.shape} and probabilities {probabilities.shape} do not fit; expected (n,) and (n, n_genres)"
        )
    if not len(y_true):
        raise ParameterError("there are no clips to evaluate; choose a part of the split that has some")
    if y_true.min() < 0 or y_true.max() >= probabilities.shape[1]:
        raise ParameterError(f"labels must be genre numbers from 0 to {probabilities.shape[1] - 1}")
    if not np.isfinite(probabilities).all():
        raise ParameterError("probabilities hold NaN or infinity; look at the training run")
    return y_true.astype(np.int64), probabilities


def _confusions(y_true: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    k = probabilities.shape[1]
    cells = np.zeros((len(y_true), k * k))
    cells[np.arange(len(y_true)), y_true * k + probabilities.argmax(axis=1)] = 1
    return (weights @ cells).reshape(-1, k, k)


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _per_class(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    hits = np.diagonal(confusion, axis1=1, axis2=2).copy()
    predicted, support = confusion.sum(axis=1), confusion.sum(axis=2)
    return _ratio(hits, predicted), _ratio(hits, support), _ratio(2 * hits, predicted + support)


def _from_confusion(score: Callable[[np.ndarray], np.ndarray]) -> Callable:
    def function(y_true: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
        confusion = _confusions(y_true, probabilities, weights)
        return np.where(confusion.sum(axis=(1, 2)) > 0, score(confusion), np.nan)

    return function


def _from_clips(score: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable:
    def function(y_true: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return weights @ score(y_true, probabilities).astype(float) / weights.sum(axis=1)

    return function


def _top(k: int) -> Callable:
    return _from_clips(lambda y_true, probabilities: ranks(y_true, probabilities) <= k)


def _log_loss(y_true: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    own = np.take_along_axis(probabilities, y_true[:, None], axis=1)[:, 0].astype(float)
    total = probabilities.sum(axis=1, dtype=float)
    tiny = np.finfo(np.float32).eps
    return -np.log(np.clip(own / total, tiny, 1 - tiny))


def _ovr_accuracy(confusion: np.ndarray) -> np.ndarray:
    total = confusion.sum(axis=(1, 2))
    wrong = total - np.trace(confusion, axis1=1, axis2=2)
    return 1 - 2 * wrong / (confusion.shape[1] * total)


def _weighted_f1(confusion: np.ndarray) -> np.ndarray:
    support = confusion.sum(axis=2)
    return (support * _per_class(confusion)[2]).sum(axis=1) / support.sum(axis=1)


def _f1_of_means(confusion: np.ndarray) -> np.ndarray:
    precision, recall = (score.mean(axis=1) for score in _per_class(confusion)[:2])
    return _ratio(2 * precision * recall, precision + recall)


def _auc(y_true: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean over genres of the area under the one-vs-rest ROC curve (equal scores count half)."""
    areas = np.full((probabilities.shape[1], len(weights)), np.nan)
    for genre in range(len(areas)):
        order = np.argsort(probabilities[:, genre], kind="stable")
        scores = probabilities[order, genre]
        starts = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])
        sorted_weights = weights[:, order]
        positive = y_true[order] == genre
        pos = np.add.reduceat(sorted_weights * positive, starts, axis=1)
        neg = np.add.reduceat(sorted_weights * ~positive, starts, axis=1)
        below = np.cumsum(neg, axis=1) - neg / 2
        pairs = pos.sum(axis=1) * neg.sum(axis=1)
        areas[genre] = np.where(pairs > 0, (pos * below).sum(axis=1) / pairs, np.nan)
    defined = np.isfinite(areas)
    return np.where(defined.any(axis=0), np.nansum(areas, axis=0) / defined.sum(axis=0), np.nan)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", _top(1)),
        Metric("top_2_accuracy", "top-2 accuracy", _top(2)),
        Metric("top_3_accuracy", "top-3 accuracy", _top(3)),
        Metric("macro_precision", "macro precision", _from_confusion(lambda c: _per_class(c)[0].mean(axis=1))),
        Metric("macro_recall", "macro recall", _from_confusion(lambda c: _per_class(c)[1].mean(axis=1))),
        Metric("macro_f1", "macro F1", _from_confusion(lambda c: _per_class(c)[2].mean(axis=1))),
        Metric("weighted_f1", "weighted F1", _from_confusion(_weighted_f1)),
        Metric("f1_of_means", "F1 of macro precision and recall", _from_confusion(_f1_of_means)),
        Metric("ovr_accuracy", "mean one-vs-rest accuracy", _from_confusion(_ovr_accuracy)),
        Metric("auc", "mean one-vs-rest AUC", _auc),
        Metric("log_loss", "log loss (nats)", _from_clips(_log_loss), (0.0, np.inf), higher_is_better=False),
    )
}
