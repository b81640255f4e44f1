"""From a printed number to a claim that can be measured: which metric, on which part, out of how many clips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mgclib.errors import closest
from mgclib.reports.loader import Item, ReportError

if TYPE_CHECKING:
    from mgclib.results import Result

__all__ = ["Claim", "Measured", "claim", "claims", "declared", "measure"]

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
AVERAGES = {
    "weighted_avg.f1": ("weighted_f1", "test"),
    "macro_avg.f1": ("macro_f1", "test"),
    "macro_avg.precision": ("macro_precision", "test"),
    "macro_avg.recall": ("macro_recall", "test"),
}
PREFERRED = ("accuracy.test", "test.accuracy", "test_accuracy", "validation_accuracy")
PARTS = ("train", "validation", "test")
DEFINITIONS = {"fma-densenet": {"accuracy": "ovr_accuracy", "macro_f1": "f1_of_means"}}
"""Scores that a report defines in its own way (its errata say how)."""
METRIC_NAMES = {metric for metric, _ in MEASURABLE.values()} | {m for own in DEFINITIONS.values() for m in own.values()}
PER_CLASS = ("precision", "recall", "f1")
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
    genres : tuple of str
        The genres that the number is about (the mean over them); empty: all of the result.
    from_rows : bool
        The report prints the rows of its table but not this score: it follows from them.
    """

    path: str
    printed: float | tuple[float, float]
    metric: str | None = None
    split: str | None = None
    correct: int | None = None
    total: int | None = None
    genres: tuple[str, ...] = ()
    from_rows: bool = False

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
        from mgclib.metrics import wilson

        return wilson(self.correct, self.total)


@dataclass(frozen=True)
class Measured:
    """Our number for a claim: the mean over seeds and its 95 % interval (None where there is none)."""

    mean: float
    low: float | None = None
    high: float | None = None
    n: int = 1
    kind: str = ""


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
        Without a path: the first number of this metric. With one: overrides the metric that the name of the
        number suggests. ``class_precision``: the mean over the genres listed one by one.

    Raises
    ------
    ReportError
        When there is nothing at `path`.
    """
    if metric is not None and metric.startswith("class_"):
        return _class_claim(item, metric)
    path = path or _main_path(item, metric)
    if path is None:
        return _row_claim(item, metric)
    printed = item.value(path)
    if isinstance(printed, list):
        printed = tuple(printed)
    if printed is None:
        return None
    named, split = _metric_at(path) or (None, "validation" if metric == "best_epoch" else "test")
    named = DEFINITIONS.get(item.report, {}).get(named, named)
    correct, total = _counts(item, path, printed, named)
    return Claim(path, printed, metric or named, split, correct, total)


def declared(item: Item, how: Mapping[str, Any]) -> Claim | None:
    """Return the claim of an item that an experiment sets out to reproduce; None for a picture, structure or settings.

    Parameters
    ----------
    how : dict
        An entry of ``reproduces`` in the run matrix, e.g. ``{"metric": "recall", "genre": "metal"}``.

    Raises
    ------
    ReportError
        When the item has no such number, or the metric is none of ours.
    """
    if "metric" not in how:
        return None
    metric, genre = how["metric"], how.get("genre")
    known = PER_CLASS if genre else {*METRIC_NAMES, *(f"class_{name}" for name in PER_CLASS)}
    if metric not in known:
        match = closest(metric, known)
        hint = f"; closest: {match!r}" if match else ""
        raise ReportError(f"{item.id}: the metric {metric!r} is unknown{hint}; valid: {', '.join(sorted(known))}")
    if genre:
        path = f"per_class.{genre}"
        path = path if isinstance(item.value(path), float) else f"{path}.{metric}"
        return replace(claim(item, path), metric=metric, genres=(genre,))
    found = claim(item, how.get("value"), metric)
    if found is None:
        raise ReportError(f"{item.id} states no {metric}; name the number with `value: …`")
    return found


def _class_claim(item: Item, metric: str) -> Claim | None:
    """The mean over the genres whose score a report lists one by one (``class_precision``)."""
    scores = item.values.get("per_class") or {}
    name = metric.removeprefix("class_")
    listed = {genre: score[name] if isinstance(score, Mapping) else score for genre, score in scores.items()}
    return (
        Claim("per_class", float(np.mean(list(listed.values()))), metric, "test", genres=tuple(listed))
        if listed
        else None
    )


def _row_claim(item: Item, metric: str | None) -> Claim | None:
    """A score that a classification report leaves out, from its rows (``techno/table-3``)."""
    if item.kind != "classification_report":
        return None
    rows = item.values["per_class"].values()
    f1, support = (np.array([row[name] for row in rows], float) for name in ("f1", "support"))
    correct, total = item.derived.get("correct"), item.derived.get("total")
    if metric in (None, "accuracy") and total:
        return Claim("per_class", correct / total, "accuracy", "test", correct, total, from_rows=True)
    scores = {"macro_f1": f1.mean(), "weighted_f1": f1 @ support / support.sum()}
    return Claim("per_class", float(scores[metric]), metric, "test", from_rows=True) if metric in scores else None


def _main_path(item: Item, metric: str | None) -> str | None:
    """Where the item's main number stands: of `metric` if that is given, else its first score."""
    paths = [path for path, _ in _leaves(item.values) if "per_class" not in path]
    if metric is not None:
        own = DEFINITIONS.get(item.report, {})
        exact = [p for p in paths if (m := _metric_at(p)) and own.get(m[0], m[0]) == metric]
        return next(iter(exact or [p for p in paths if p.startswith(metric)]), None)
    measurable = [path for path in paths if _metric_at(path)]
    preferred = [p for p in measurable if p == "accuracy" or p.endswith(PREFERRED)]
    return next(iter(preferred or measurable), None)


def _metric_at(path: str) -> tuple[str, str] | None:
    if path in AVERAGES:
        return AVERAGES[path]
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


def measure(result: Result, metric: str, split: str = "test", *, genres: tuple[str, ...] = ()) -> Measured | None:
    """Return our number for a metric on one part, None where the result does not hold it.

    Predictions come first; where a part has none stored (the training clips), the history at the best
    epoch answers.

    Parameters
    ----------
    result : Result
    metric : str
        A metric of `mgclib.results.METRICS`, or ``best_epoch``; with `genres`: precision, recall or f1.
    split : {"train", "validation", "test"}
    genres : tuple of str, optional
        The mean over these genres instead of all.

    Returns
    -------
    Measured or None
        None also where the metric is not defined (NaN). The interval is Student's t over seeds; of one seed it is
        the bootstrap over tracks, and there is none for single genres and for scores of the history.
    """
    if genres:
        if split not in result.parts or not set(genres) <= set(result.genres):
            return None
        column = metric.removeprefix("class_")
        tables = [result.classification_report(split, seed) for seed in result.seeds]
        values = np.array([table.loc[list(genres), column].mean() for table in tables])
        return _over_seeds(values, "seeds", (0.0, 1.0))
    if metric != "best_epoch" and split in result.parts:
        interval = result.interval(metric, split=split)
        defined = Measured(interval.mean, interval.low, interval.high, interval.n, interval.kind)
        return defined if np.isfinite(interval.mean) else None
    column = HISTORY_COLUMNS.get((metric, split))
    history = result.history
    if column is None or history.empty or not history["best"].any():
        return None
    best = history.loc[history["best"].astype(bool)].groupby("seed")[column].first().dropna()
    return _over_seeds(best.to_numpy(float), "history", (0.0, 1.0 if metric == "accuracy" else np.inf))


def _over_seeds(values: np.ndarray, kind: str, bounds: tuple[float, float]) -> Measured | None:
    from mgclib.metrics import t_interval

    if len(values) < 2:
        return Measured(float(values[0]), n=1, kind=kind) if len(values) else None
    interval = t_interval(values, bounds=bounds)
    return Measured(interval.mean, interval.low, interval.high, interval.n, kind)
