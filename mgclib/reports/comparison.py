# ruff: noqa: PD011 (Item.values are printed values, no pandas object)
"""One item of a report beside our results: reported · recorded on the real data set · this build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mgclib.errors import ParameterError
from mgclib.reports.claims import Claim, Measured, claim, claims, measure
from mgclib.reports.loader import Item, item
from mgclib.reports.structure import (
    Layer,
    counts_are_derived,
    layer_table,
    missing_layers,
    reported_layers,
    same_structure,
)

if TYPE_CHECKING:
    from mgclib.results import Result

__all__ = ["Comparison", "Source", "compare"]

REPORTED, RECORDED, THIS_BUILD = "reported", "recorded", "this build"
AVERAGES = {"macro_avg": "macro avg", "weighted_avg": "weighted avg"}
SCORES = ("precision", "recall", "f1", "support")
DERIVED_COUNTS = "The parameter counts follow from the layers; the report does not print them."
LOG_COLUMNS = ("accuracy", "loss", "val_accuracy", "val_loss")


@dataclass(frozen=True, eq=False)
class Source:
    """One block of columns: who measured it, on what.

    Parameters
    ----------
    name : str
        Head of the columns: ``reported``, ``recorded``, ``this build``.
    origin : str
        Data set, protocol and seeds in words.
    synthetic : bool or None
        True for generated music: shown apart and never shaded as if it were a reproduction; None where the
        origin was not noted: not shaded either.
    """

    name: str
    origin: str = ""
    synthetic: bool | None = False
    result: Result | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Comparison:
    """A report's item and our results side by side.

    Parameters
    ----------
    item : Item
    table : pd.DataFrame
        One row per class (layer, epoch, number …); columns are (source, score).
    sources : tuple of Source
        What stands in each block of columns, in the same order.
    intervals : dict of (row, source) to (low, high)
        95 % intervals: Wilson's for reported shares with known counts; ours as `Result.interval` makes them.
    shaded : tuple of str
        Scores whose difference to the report is shaded.
    unshaded : tuple of str
        Rows that are no shares (a loss, an epoch) and are not shaded.
    verdict : bool or None
        For structures: True when ours is the reported one.
    remarks : tuple of str
        Sentences for the caption.
    """

    item: Item
    table: pd.DataFrame
    sources: tuple[Source, ...]
    intervals: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    shaded: tuple[str, ...] = ()
    unshaded: tuple[str, ...] = ()
    verdict: bool | None = None
    remarks: tuple[str, ...] = ()

    def differences(self, source: str) -> pd.DataFrame:
        """Return ours minus reported for the shaded scores : pd.DataFrame, empty unless the music is real."""
        named = next((s for s in self.sources if s.name == source), None)
        if named is None:
            raise ParameterError(f"source={source!r} is not among {[s.name for s in self.sources]}")
        if named.synthetic is not False or source == REPORTED or REPORTED not in self.table.columns.get_level_values(0):
            return pd.DataFrame(index=self.table.index)
        ours, theirs = self.table[source], self.table[REPORTED]
        common = [c for c in self.shaded if c in ours.columns and c in theirs.columns]
        difference = ours[common].apply(pd.to_numeric) - theirs[common].apply(pd.to_numeric)
        return difference.drop(index=list(self.unshaded)).reindex(self.table.index)

    def html(self) -> str:
        """Return the table as HTML with its own style, readable on light and dark pages."""
        from mgclib.reports.typeset import comparison_html

        return comparison_html(self)

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        return f"<Comparison {self.item.id}: {' · '.join(s.name for s in self.sources)}>"


def _sources(this_build: Any, recorded: Any) -> list[Source]:
    named: list[tuple[str, Any]] = []
    for name, given in ((RECORDED, recorded), (THIS_BUILD, this_build)):
        if isinstance(given, Mapping):
            named += [(f"{name}: {label}", result) for label, result in given.items() if result is not None]
        elif given is not None:
            named.append((name, given))
    found = []
    for name, result in named:
        measured = hasattr(result, "predictions")
        words = result.caption() if measured else "the model that mgclib builds"
        found.append(Source(name, words, result.synthetic if measured else False, result))
    return found


def compare(
    item_id: str | Item,
    this_build: Result | Sequence[Layer] | Mapping[str, Result] | None = None,
    recorded: Result | Mapping[str, Result] | None = None,
    *,
    metric: str | None = None,
    value: str | None = None,
    split: str = "test",
) -> Comparison:
    """Put an item of a report beside our results.

    Parameters
    ----------
    item_id : str or Item
        E.g. ``"cs464-2020/table-7"``.
    this_build : Result, or list of (layer, output shape, parameters) for an architecture, optional
        What this build measured. A dict of name to Result gives one block of columns each.
    recorded : Result or dict of str to Result, optional
        The record on the real data set, e.g. ``{"gtzan": …, "gtzan-filtered": …}``.
    metric : str, optional
        The metric of `mgclib.results.METRICS` that the reported number is, where its name does not
        say so (``ovr_accuracy``).
    value : str, optional
        Path of one number in the item's values, or of a group (``rows.DenseNet``); default: all numbers.
    split : {"test", "validation", "train"}
        The part of the data for reports and matrices.

    Returns
    -------
    Comparison
        `.table` for computing, HTML in a notebook.

    Raises
    ------
    ReportError
        For an unknown item or value; names the closest match.

    Notes
    -----
    Used by every notebook in its section "Report versus ours".
    """
    entry = item(item_id) if isinstance(item_id, str) else item_id
    ours = _sources(this_build, recorded)
    reported = Source(REPORTED, f"{entry.report}, {entry.short}")
    build = {
        "classification_report": _classification,
        "confusion_matrix": _confusion,
        "architecture": _architecture,
        "parameter_set": _settings,
        "training_log": _log,
    }.get(entry.kind)
    if value is None and metric is None and build is not None:
        return build(entry, reported, ours, split)
    return _numbers(entry, reported, ours, split, metric=metric, value=value)


def _assemble(blocks: dict[str, pd.DataFrame], rows: Sequence[str]) -> pd.DataFrame:
    columns = {
        (name, score): block[score].reindex(list(rows)) for name, block in blocks.items() for score in block.columns
    }
    table = pd.DataFrame(columns, index=pd.Index(list(rows)))
    if columns:
        table.columns = pd.MultiIndex.from_tuples(list(columns))
    return table


def _rows(blocks: dict[str, pd.DataFrame], last: Sequence[str] = ()) -> list[str]:
    seen = dict.fromkeys(row for block in blocks.values() for row in block.index)
    return [row for row in seen if row not in last] + [row for row in last if row in seen]


def _reported_scores(entry: Item) -> pd.DataFrame:
    values = entry.values
    rows = {name: dict(scores) for name, scores in values["per_class"].items()}
    rows["accuracy"] = {"f1": values.get("accuracy"), "support": values.get("support_total")}
    rows |= {label: dict(values[key]) for key, label in AVERAGES.items() if values.get(key)}
    return pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(SCORES)).astype(float)


def _our_scores(result: Result, split: str) -> pd.DataFrame:
    return result.classification_report(split=split).reindex(columns=list(SCORES)).astype(float)


def _classification(entry: Item, reported: Source, ours: list[Source], split: str) -> Comparison:
    blocks = {REPORTED: _reported_scores(entry)} | {s.name: _our_scores(s.result, split) for s in ours}
    stated = claim(entry, "accuracy")
    intervals = {("accuracy", REPORTED): stated.interval} if stated and stated.interval else {}
    for source in ours:
        mine = measure(source.result, "accuracy", split)
        if mine and mine.low is not None:
            intervals["accuracy", source.name] = (mine.low, mine.high)
    rows = _rows(blocks, last=("accuracy", *AVERAGES.values()))
    return Comparison(entry, _assemble(blocks, rows), (reported, *ours), intervals, SCORES[:3])


def _hits(diagonal: pd.Series, totals: pd.Series, named: pd.Series) -> pd.DataFrame:
    block = pd.DataFrame({"hits": diagonal, "clips": totals, "predicted": named}).astype(float)
    block.loc["all"] = block.sum(min_count=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        block["share"] = block["hits"] / block["clips"]
    return block


def _confusion(entry: Item, reported: Source, ours: list[Source], split: str) -> Comparison:
    known = {name: pd.Series(entry.derived.get(name) or {}, dtype=float) for name in ("diagonal", "row_totals")}
    named = pd.Series(entry.derived.get("column_totals") or {}, dtype=float)
    blocks, remarks = {}, ["The report prints the matrix as a picture; its diagonal and totals follow from the table."]
    if len(known["diagonal"]):
        blocks[REPORTED] = _hits(known["diagonal"], known["row_totals"], named)
    else:
        remarks = ["The report prints the matrix as a picture; no cell of it is known."]
    for source in ours:
        matrix = source.result.confusion_matrix(split) / max(1, len(source.result.seeds))
        diagonal = pd.Series(np.diag(matrix), index=matrix.index)
        blocks[source.name] = _hits(diagonal, matrix.sum(axis=1), matrix.sum(axis=0))
    table = _assemble(blocks, _rows(blocks, last=("all",)))
    shown = ((reported,) if REPORTED in blocks else ()) + tuple(ours)
    return Comparison(entry, table, shown, shaded=("share",), remarks=tuple(remarks))


def _architecture(entry: Item, reported: Source, ours: list[Source], split: str) -> Comparison:
    theirs = reported_layers(entry)
    remarks = (DERIVED_COUNTS,) if counts_are_derived(entry) else ()
    if missing := missing_layers(entry):
        numbers = ", ".join(map(str, missing))
        remarks += (f"Layer {numbers} is not in the report: ours is derived, and the comparison is of the others.",)
    if not ours:
        block = layer_table(theirs)
        return Comparison(entry, _assemble({REPORTED: block}, list(block.index)), (reported,), remarks=remarks)
    layers = list(ours[-1].result)
    blocks = {REPORTED: layer_table(theirs, beside=layers), ours[-1].name: layer_table(layers, beside=theirs)}
    table = _assemble(blocks, _rows(blocks, last=("total",)))
    verdict = same_structure(entry, layers)
    return Comparison(entry, table, (reported, ours[-1]), verdict=verdict, remarks=remarks)


def _settings(entry: Item, reported: Source, ours: list[Source], split: str) -> Comparison:
    stated = pd.Series(
        {key: value for key, value in entry.values.items() if key != "printed"}, dtype=object, name="value"
    )
    blocks = {REPORTED: stated.to_frame()}
    for source in ours:
        parameters = source.result.parameters
        blocks[source.name] = pd.Series({k: parameters.get(k) for k in stated.index}, dtype=object).to_frame("value")
    return Comparison(entry, _assemble(blocks, list(stated.index)), (reported, *ours))


def _log(entry: Item, reported: Source, ours: list[Source], split: str) -> Comparison:
    if "epochs" not in entry.values:
        return _numbers(entry, reported, ours, split)
    theirs = pd.DataFrame(entry.values["epochs"]).set_index("epoch").reindex(columns=list(LOG_COLUMNS))
    blocks = {REPORTED: theirs}
    for source in ours:
        history = source.result.history
        if not history.empty:
            blocks[source.name] = history.groupby("epoch")[list(LOG_COLUMNS)].mean()
    for block in blocks.values():
        block.index = [f"epoch {k}" for k in block.index]
    shown = (reported, *(s for s in ours if s.name in blocks))
    return Comparison(entry, _assemble(blocks, _rows(blocks)), shown, shaded=("accuracy", "val_accuracy"))


def _numbers(
    entry: Item,
    reported: Source,
    ours: list[Source],
    split: str,
    *,
    metric: str | None = None,
    value: str | None = None,
) -> Comparison:
    whole = value is not None and isinstance(entry.value(value), Mapping)
    asked = (claim(entry, value, metric),) if (value or metric) and not whole else claims(entry, value or "")
    stated = [c for c in asked if c is not None]
    classes = entry.values.get("per_class") if not (value or metric) else None
    theirs = {c.path: float(np.mean(c.printed)) for c in stated} | {name: v for name, v in (classes or {}).items()}
    blocks = {REPORTED: pd.Series(theirs, dtype=float).to_frame("value")}
    intervals = {(c.path, REPORTED): _reported_interval(c) for c in stated if _reported_interval(c)}
    for source in ours:
        found = {c.path: _measured(source.result, c, split) for c in stated if c.metric}
        numbers = {path: m.mean for path, m in found.items() if m is not None}
        intervals |= {(path, source.name): (m.low, m.high) for path, m in found.items() if _has_interval(m)}
        if classes:
            precision = _our_scores(source.result, split)["precision"]
            numbers |= {name: precision.get(name, np.nan) for name in classes}
        blocks[source.name] = pd.Series(numbers, dtype=float).to_frame("value")
    remarks = ("The report calls it accuracy; it is each class's precision (see its errata).",) if classes else ()
    table = _assemble(blocks, list(theirs))
    plain = tuple(c.path for c in stated if not c.share)
    return Comparison(entry, table, (reported, *ours), intervals, ("value",), unshaded=plain, remarks=remarks)


def _measured(result: Result, stated: Claim, split: str) -> Measured | None:
    return measure(result, stated.metric, stated.split or split, genres=stated.genres)


def _reported_interval(stated: Claim) -> tuple[float, float] | None:
    return stated.printed if isinstance(stated.printed, tuple) else stated.interval


def _has_interval(mine: Measured | None) -> bool:
    return mine is not None and mine.low is not None
