"""From a printed number to a claim that can be measured: which metric, on which part, out of how many clips."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mgclib.reports.loader import Item

if TYPE_CHECKING:
    from mgclib.results import Result

__all__ = ["Claim", "Measured", "claim", "claims", "measure", "wilson"]

SHARES = {
    "accuracy": ("accuracy", "test"),
    "test_accuracy": ("accuracy", "test"),
    "top_1_accuracy": ("accuracy", "test"),
    "top_2_accuracy": ("top_2_accuracy", "test"),
    "top_3_accuracy": ("top_3_accuracy", "test"),
    "accuracy_range": ("accuracy", "test"),
    "test_weighted_f1": ("weighted_f1", "test"),
    "test_weighted_f1_mean": ("weighted_f1", "test"),
    "test_f1_mean": ("weighted_f1", "test"),
    "validation_accuracy": ("accuracy", "validation"),
    "best_validation_accuracy": ("accuracy", "validation"),
    "max_validation_accuracy": ("accuracy", "validation"),
    "validation_accuracy_later": ("accuracy", "validation"),
    "validation_accuracy_range": ("accuracy", "validation"),
    "validation_weighted_f1": ("weighted_f1", "validation"),
    "train_accuracy": ("accuracy", "train"),
    "training_accuracy": ("accuracy", "train"),
    "auc": ("auc", "test"),
    "f1": ("macro_f1", "test"),
    "precision": ("macro_precision", "test"),
    "recall": ("macro_recall", "test"),
}
MEASURABLE = SHARES | {
    "test_loss": ("log_loss", "test"),
    "loss": ("log_loss", "test"),
    "validation_loss": ("log_loss", "validation"),
    "best_validation_loss": ("log_loss", "validation"),
    "train_loss": ("log_loss", "train"),
    "best_epoch": ("best_epoch", "validation"),
}
PREFERRED = ("accuracy.test", "test.accuracy", "test_accuracy", "validation_accuracy")
PARTS = ("train", "validation", "test")
DEFINITIONS = {"fma-densenet": {"accuracy": "ovr_accuracy"}}
"""Names that a report defines in its own way."""
HISTORY_COLUMNS = {
    ("accuracy", "train"): "accuracy",
    ("log_loss", "train"): "loss",
    ("accuracy", "validation"): "val_accuracy",
    ("log_loss", "validation"): "val_loss",
    ("best_epoch", "validation"): "epoch",
}


@dataclass(frozen=True)
class Claim:
    """A printed number that our results can be held against.

    Parameters
    ----------
    path : str
        Where it stands in `Item.values`.
    printed : float or tuple of two floats
        As printed; a tuple is a range.
    metric, split : str or None
        The metric of `mgclib.results.METRICS` (or ``best_epoch``) and the part of the data; None where
        it is not one of ours.
    correct, total : int or None
        Clips behind a share, where they are known or follow from the printed rows.
    """

    path: str
    printed: float | tuple[float, float]
    metric: str | None = None
    split: str | None = None
    correct: int | None = None
    total: int | None = None

    @property
    def low(self) -> float:
        """The number, or the lower end of the range; exact (127/200) where the counts are known."""
        return self.printed[0] if isinstance(self.printed, tuple) else self.exact

    @property
    def high(self) -> float:
        """The number, or the upper end of the range; exact (127/200) where the counts are known."""
        return self.printed[1] if isinstance(self.printed, tuple) else self.exact

    @property
    def share(self) -> bool:
        """Whether the number is a share between 0 and 1 that ours can be held against."""
        return self.path in SHARES or (self.metric is not None and self.metric not in ("log_loss", "best_epoch"))

    @property
    def exact(self) -> float:
        """The share from its counts, else the printed number (the middle of a range)."""
        if self.correct is not None and self.total:
            return self.correct / self.total
        return float(np.mean(self.printed))

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of a share with known counts, else None."""
        if self.correct is None or not self.total:
            return None
        return wilson(self.correct, self.total)


@dataclass(frozen=True)
class Measured:
    """Our number for a claim: the mean over seeds and its 95 % interval (None where there is none)."""

    mean: float
    low: float | None = None
    high: float | None = None
    n: int = 1
    kind: str = ""


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


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if key not in ("printed", "decimals", "support_total", "run", "epochs"):
                yield from _leaves(child, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        for k, row in enumerate(value):
            yield from _leaves(row, f"{path}.{row.get('model', k)}")
    elif isinstance(value, list) and len(value) == 2 and path.endswith(("_range", "_above")):
        yield path, tuple(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def claims(item: Item, below: str = "") -> tuple[Claim, ...]:
    """Return every number of an item (below a path) as a claim, in the order of the report.

    Numbers that are none of our metrics (an epoch at which training stopped, say) have no metric.
    """
    found = item.value(below) if below else item.values
    return tuple(claim(item, path) for path, _ in _leaves(found, below) if "per_class" not in path)


def claim(item: Item, path: str | None = None, metric: str | None = None) -> Claim | None:
    """Return the claim at `path`, or the item's main claim: its first number that is one of our metrics.

    Parameters
    ----------
    item : Item
    path : str or None
        Dotted path in `Item.values`, e.g. ``rows.DenseNet.f1``.
    metric : str or None
        Overrides the metric that the name suggests (``ovr_accuracy`` for the FMA report's accuracy).

    Raises
    ------
    ReportError
        When there is nothing at `path`.
    """
    if path is None:
        measurable = [path for path, _ in _leaves(item.values) if _metric_at(path) and "per_class" not in path]
        preferred = [p for p in measurable if p == "accuracy" or p.endswith(PREFERRED)]
        if not measurable:
            return None
        path = (preferred or measurable)[0]
    printed = item.value(path)
    if isinstance(printed, list):
        printed = tuple(printed)
    if printed is None:
        return None
    named, split = _metric_at(path) or (None, "test")
    named = DEFINITIONS.get(item.report, {}).get(named, named)
    correct, total = _counts(item, path, printed, named)
    return Claim(path, printed, metric or named, split, correct, total)


def _metric_at(path: str) -> tuple[str, str] | None:
    *before, last = path.split(".")
    if last in PARTS and before and before[-1] in MEASURABLE:
        return MEASURABLE[before[-1]][0], last
    named = MEASURABLE.get(last)
    return (named[0], before[-1]) if named and before and before[-1] in PARTS else named


def _counts(item: Item, path: str, printed: Any, metric: str | None) -> tuple[int | None, int | None]:
    """Clips behind an accuracy: given by the report, or reconstructed in the transcription."""
    known = item.values | item.derived
    name = path.rpartition(".")[2]
    split = (_metric_at(path) or (None, ""))[1]
    pairs = [
        (f"correct_{name.removeprefix('accuracy_')}", "total"),
        (f"{split}_correct", f"{split}_total"),
        ("top_1_correct", "top_1_total"),
        ("correct", "total"),
    ]
    if metric != "accuracy" and not name.startswith("accuracy_"):
        return None, None
    for correct, total in pairs:
        if correct in known and total in known and abs(known[correct] / known[total] - np.mean(printed)) < 0.0051:
            return known[correct], known[total]
    return None, None


def measure(result: Result, metric: str, split: str = "test", *, genre: str | None = None) -> Measured | None:
    """Return our number for a metric on one part, None where the result does not hold it.

    Predictions come first; where a part has none stored (the training clips), the history at the best
    epoch answers.

    Parameters
    ----------
    result : Result
    metric : str
        A metric of `mgclib.results.METRICS`, or ``best_epoch``; with `genre`: precision, recall or f1.
    split : {"train", "validation", "test"}
    genre : str, optional
        One genre instead of all.
    """
    if genre is not None:
        if split not in result.parts or genre not in result.genres:
            return None
        per_seed = [result.classification_report(split, seed).loc[genre, metric] for seed in result.seeds]
        return _over_seeds(np.array(per_seed), "seeds")
    if metric != "best_epoch" and split in result.parts:
        interval = result.interval(metric, split=split)
        return Measured(interval.mean, interval.low, interval.high, interval.n, interval.kind)
    column = HISTORY_COLUMNS.get((metric, split))
    history = result.history
    if column is None or history.empty or not history["best"].any():
        return None
    best = history.loc[history["best"].astype(bool)].groupby("seed")[column].first().dropna()
    return _over_seeds(best.to_numpy(float), "history")


def _over_seeds(values: np.ndarray, kind: str) -> Measured | None:
    from mgclib.metrics import t_interval

    if len(values) < 2:
        return Measured(float(values[0]), n=1, kind=kind) if len(values) else None
    interval = t_interval(values)
    return Measured(interval.mean, interval.low, interval.high, interval.n, kind)
