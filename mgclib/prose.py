"""Numbers for the sentences of a page: read from results, put into words, glued; never typed.

Notebooks: all of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from mgclib.results import Result

__all__ = ["MISSING", "epochs", "percent", "span", "tell"]

MISSING = "(not recorded)"


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


def span(values: Iterable[float] | None, unit: str = "") -> str:
    """Return whole numbers from the least to the greatest, e.g. ``18 to 23`` (``18`` if equal); None: `MISSING`."""
    if values is None:
        return MISSING
    values = [round(value) for value in values]
    low, high = min(values), max(values)
    return (f"{low}" if low == high else f"{low} to {high}") + unit


def epochs(result: Result | None) -> str:
    """Return after how many epochs the seeds of a network stopped, e.g. ``18 to 23``; None: `MISSING`."""
    return span(None if result is None else result.history.groupby("seed")["epoch"].max())


def tell(**words: str) -> None:
    """Make words known to the page: ``recorded_random="57 %"`` is told with ``{glue:text}`recorded-random```."""
    from myst_nb import glue

    for name, text in words.items():
        glue(name.replace("_", "-"), str(text), display=False)
