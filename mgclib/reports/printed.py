"""What a report prints, typeset: one function per kind of item, HTML out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mgclib.reports.comparison import DERIVED_COUNTS, compare
from mgclib.reports.loader import Item
from mgclib.reports.structure import counts_are_derived
from mgclib.reports.typeset import comparison_html, facts, number, table, words

__all__ = ["body", "heading"]

NUMBERED = ("table", "figure", "appendix")


def heading(item: Item) -> str:
    """Return an item's heading : str; a printed caption stands in quotation marks, ours without."""
    first, _, rest = item.short.partition("-")
    name = rest.removesuffix("-matrix")
    name = name.upper() if first == "appendix" else name
    label = f"{first.capitalize()} {name}{' (matrix)' if rest.endswith('-matrix') else ''}"
    if item.caption is None:
        return label
    caption = item.caption[1:-1] if item.caption.startswith("[") else f"“{item.caption.rstrip(':')}”"
    return f"{label}: {caption}" if first in NUMBERED else caption


def body(item: Item) -> str:
    """Return what the report prints for an item, typeset : str, HTML; empty where it is only a picture."""
    typeset = {
        "classification_report": _grid,
        "confusion_matrix": _matrix,
        "training_log": _log,
        "architecture": _architecture,
        "table": _table,
    }.get(item.kind, _facts)
    return typeset(item)


def _grid(item: Item) -> str:
    return comparison_html(compare(item), styled=False, captioned=False)


def _matrix(item: Item) -> str:
    return _grid(item) if item.derived.get("diagonal") else ""


def _log(item: Item) -> str:
    if "epochs" not in item.values:
        return _facts(item)
    head = list(item.values["epochs"][0])
    rows = [[number(epoch.get(name), 4) for name in head] for epoch in item.values["epochs"]]
    return table([name.replace("_", " ") for name in head], rows)


def _architecture(item: Item) -> str:
    rest = {key: value for key, value in item.values.items() if key != "layers"}
    layers = _grid(item) if isinstance(item.values.get("layers"), list) else ""
    remark = f'<p class="mgc-caption">{DERIVED_COUNTS}</p>' if counts_are_derived(item) else ""
    return layers + remark + _pairs(rest if layers else item.values)


def _table(item: Item) -> str:
    rows = item.values.get("rows")
    if rows and isinstance(rows[0], Mapping):
        head = [name for name in rows[0] if name != "approach"]
        decimals = item.values.get("decimals", 2)
        return table(_plain(head), [[number(row.get(name), decimals) for name in head] for row in rows])
    if rows:
        return table(_plain(item.values["columns"]), [[words(cell) for cell in row] for row in rows])
    columns = item.values["columns"]
    scores = {name: row for name, row in item.values.items() if isinstance(row, Mapping) and name != "printed"}
    lines = [[words(name), *(number(row.get(column), 3) for column in columns)] for name, row in scores.items()]
    return table(["", *columns], lines)


def _plain(names: list[str]) -> list[str]:
    return [name.replace("_", " ") for name in names]


def _facts(item: Item) -> str:
    per_class = item.values.get("per_class")
    rest = {key: value for key, value in item.values.items() if key != "per_class"}
    listed = table(["genre", "value"], [[words(k), number(v, 4)] for k, v in per_class.items()]) if per_class else ""
    return listed + _pairs(rest)


def _pairs(values: Mapping[str, Any]) -> str:
    shown = [(name, words(value)) for name, value in values.items() if name not in ("decimals", "printed")]
    printed = values.get("printed")
    if printed is not None:
        shown.append(("as printed", words(printed)))
    return facts(shown) if shown else ""
