# ruff: noqa: PD011 (Item.values are printed values, no pandas object)
"""Genres by method: which are easy and which are hard, and what the accuracy of a single genre is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from mgclib.errors import ParameterError
from mgclib.overview.methods import CS464, FILTERED, RANDOM, REPORTED, Method
from mgclib.reports.loader import item

__all__ = ["called_accuracy", "extremes", "genre_f1", "two_extremes"]


def genre_f1(methods: Sequence[Method] = CS464) -> dict[str, pd.DataFrame]:
    """Return the F1 of each genre by method, as reported and as recorded on all of the report's genres.

    Returns
    -------
    dict of str to pd.DataFrame
        For each of `SOURCES`: rows genres, the easiest in the report's tables first (by mean F1); a column per method,
        NaN where nothing is recorded. Ours are means over seeds.
    """
    reported = pd.DataFrame({m.name: _f1_rows(item(m.table).values["per_class"]) for m in methods})
    order = reported.mean(axis=1).sort_values(ascending=False, kind="stable").index
    tables = {REPORTED: reported.reindex(order)}
    for source in (RANDOM, FILTERED):
        columns = {}
        for method in methods:
            result = method.record(source)
            fits = result is not None and set(result.genres) == set(order)
            columns[method.name] = result.classification_report()["f1"] if fits else pd.Series(dtype=float)
        tables[source] = pd.DataFrame({name: column.reindex(order) for name, column in columns.items()})
    return tables


def _f1_rows(per_class: Mapping[str, Mapping[str, float]]) -> pd.Series:
    return pd.Series({genre: row["f1"] for genre, row in per_class.items()}, dtype=float)


def two_extremes(f1: pd.Series) -> tuple[list[str], list[str]]:
    """Return the genres with the two highest and the two lowest values, best and worst first; ties come along."""
    falling = f1.sort_values(ascending=False, kind="stable")
    rising = f1.sort_values(kind="stable")
    highest, lowest = falling[falling >= falling.iloc[1]], rising[rising <= rising.iloc[1]]
    return list(highest.index), list(lowest.index)


def extremes(tables: Mapping[str, pd.DataFrame], easy: Sequence[str], hard: Sequence[str]) -> pd.DataFrame:
    """Return for each method and source the two easiest and the two hardest genres by F1, beside a report's sentence.

    Parameters
    ----------
    tables : mapping of str to pd.DataFrame
        From `genre_f1`.
    easy, hard : sequence of str
        The genres that the report names as best and as worst for every method.

    Returns
    -------
    pd.DataFrame
        Index ``source, method``; columns ``two highest``, ``two lowest`` (genres with F1 in per cent), ``easy`` (all of
        `easy` are among the highest), ``hard_any`` (one of `hard` is among the lowest), ``hard_all`` (all are).
    """
    rows = {}
    for source, table in tables.items():
        for method, f1 in table.dropna(axis=1).items():
            highest, lowest = two_extremes(f1)
            rows[source, method] = {
                "two highest": ", ".join(f"{genre} {100 * f1[genre]:.0f}" for genre in highest),
                "two lowest": ", ".join(f"{genre} {100 * f1[genre]:.0f}" for genre in lowest),
                "easy": set(easy) <= set(highest),
                "hard_any": bool(set(hard) & set(lowest)),
                "hard_all": set(hard) <= set(lowest),
            }
    index = pd.MultiIndex.from_tuples(rows, names=["source", "method"])
    return pd.DataFrame(list(rows.values()), index=index)


def called_accuracy(table_id: str, list_id: str) -> pd.DataFrame:
    """Return what a report calls the accuracy of a class beside its precision, recall and true one-vs-rest accuracy.

    Parameters
    ----------
    table_id : str
        A classification report whose counts are known, e.g. ``cs464-2020/table-1``.
    list_id : str
        The item that lists the “accuracy” of each class; classes that it leaves out are NaN.

    Returns
    -------
    pd.DataFrame
        Index genre; columns ``clips, found`` (right), ``named`` (predicted), ``reported`` (“accuracy”), ``precision``
        (found / named), ``recall`` (found / clips), ``one_vs_rest`` (clips rightly told to be of the genre or not).

    Raises
    ------
    ParameterError
        When the predictions per genre do not follow from the report (``cs464-2020/table-3``).
    """
    entry = item(table_id)
    if not entry.derived.get("predicted"):
        raise ParameterError(f"{table_id}: how often each genre was predicted does not follow; choose another table")
    counts = {genre: row["support"] for genre, row in entry.values["per_class"].items()}
    table = pd.DataFrame({"clips": counts, "found": entry.derived["hits"], "named": entry.derived["predicted"]})
    total = table["clips"].sum()
    missed, wrongly_named = table["clips"] - table["found"], table["named"] - table["found"]
    return table.assign(
        reported=pd.Series(item(list_id).values["per_class"], dtype=float),
        precision=table["found"] / table["named"],
        recall=table["found"] / table["clips"],
        one_vs_rest=1 - (missed + wrongly_named) / total,
    ).rename_axis("genre")
