"""Numbers for the sentences of a page: read from results, put into words, glued; never typed.

Notebooks: all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mgclib.metrics import Interval
from mgclib.results import Result

__all__ = ["MISSING", "ends", "epochs", "interval", "listed", "percent", "points", "settings_apart", "span", "tell"]

MISSING = "…"
"""A gap in a sentence, for what is not recorded yet; how-to-read.md says so."""


def percent(value: Result | float | None, metric: str = "accuracy", split: str = "test") -> str:
    """Return a share in words, e.g. ``57 %``.

    Parameters
    ----------
    value : Result, float [0 … 1] or None
        A share, or the result whose mean over seeds is told; None: `MISSING`.
    metric, split : str
        Of a result.
    """
    if value is None:
        return MISSING
    share = value.interval(metric, split).mean if isinstance(value, Result) else value
    return f"{100 * share:.0f} %"


def points(gap: Interval | None) -> str:
    """Return a difference of two shares with its interval, e.g. ``+2.0 points [-6.0, +10.0]``; None: `MISSING`.

    Parameters
    ----------
    gap : Interval or None
        From `mgclib.paired.paired_difference`.
    """
    if gap is None:
        return MISSING
    mean, low, high = (100 * value for value in (gap.mean, gap.low, gap.high))
    return f"{mean:+.1f} points [{low:+.1f}, {high:+.1f}]"


def interval(found: Interval | None) -> str:
    """Return a share with its interval and what that is over, e.g. ``70.3 % [65.2, 75.5], 95 % …``; None: `MISSING`."""
    if found is None:
        return MISSING
    mean, low, high = (100 * value for value in (found.mean, found.low, found.high))
    return f"{mean:.1f} % [{low:.1f}, {high:.1f}] ({found.label})"


def span(values: Iterable[float] | None, unit: str = "") -> str:
    """Return whole numbers from the least to the greatest, e.g. ``18 to 23`` (``18`` if equal); `MISSING` for none."""
    values = [round(value) for value in values] if values is not None else []
    if not values:
        return MISSING
    low, high = min(values), max(values)
    return (f"{low}" if low == high else f"{low} to {high}") + unit


def epochs(result: Result | None) -> str:
    """Return after how many epochs the seeds of a network stopped, e.g. ``18 to 23``; None: `MISSING`."""
    return span(None if result is None else result.history.groupby("seed")["epoch"].max())


def kept_epochs(result: Result | None) -> str:
    """Return the epochs whose weights count, over the seeds of a network, e.g. ``5 to 9``; None: `MISSING`."""
    return span(None if result is None else result.history.loc[result.history["best"].astype(bool), "epoch"])


def ends(result: Result | None, column: str = "accuracy") -> str:
    """Return a share of the history at the last epoch of each seed, e.g. ``86 to 88 %``; None: `MISSING`.

    Parameters
    ----------
    result : Result or None
    column : str
        ``accuracy`` or ``val_accuracy``.
    """
    if result is None:
        return MISSING
    return span(100 * result.history.sort_values("epoch").groupby("seed")[column].last(), " %")


def listed(words: Sequence[str], none: str = "none") -> str:
    """Return words as a list in a sentence: ``a, b and c``; `none` for no word."""
    if len(words) < 2:
        return words[0] if words else none
    return f"{', '.join(words[:-1])} and {words[-1]}"


def settings_apart(ours: Mapping[str, Any], reported: Mapping[str, Any]) -> str:
    """Return a sentence on which settings of a run are not those that a report prints.

    Parameters
    ----------
    ours, reported : dict of str to value
        The same settings, e.g. ``learning_rate``; equal by ``==``.

    Notes
    -----
    Notebooks: ``cnn_2d_cs464``, ``cnn_2d_cs464_early``.
    """
    changed = [
        f"{name.replace('_', ' ')} {ours[name]} (report: {value})"
        for name, value in reported.items()
        if ours[name] != value
    ]
    if changed:
        return f"This run differs from the report: {'; '.join(changed)}."
    return "This run has all of these settings as the report prints them."


def tell(**words: str) -> None:
    """Make words known to the page: ``recorded_random="57 %"`` is told with ``{glue:text}`recorded-random```."""
    from myst_nb import glue

    for name, text in words.items():
        glue(name.replace("_", "-"), str(text), display=False)
