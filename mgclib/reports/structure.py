# ruff: noqa: PD011 (Item.values are printed values, no pandas object)
"""Layer tables: what a report prints about an architecture, and whether a model of ours is the same one.

Frameworks name, order and count layers differently (PyTorch prints no flatten layer and puts channels
first), so two structures are the same when what can be learned is: the layers that hold parameters, in
order, with equal counts, and equal output sizes where the report prints them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from mgclib.reports.loader import Item, load

__all__ = [
    "Layer",
    "counts_are_derived",
    "input_shape",
    "layer_table",
    "missing_layers",
    "n_genres",
    "parameter_total",
    "reported_layers",
    "same_structure",
]

Layer = tuple[str, Sequence[int | None] | None, int | None]
CHANNELS = (1, 3)
SETTINGS = ("layer", "op", "type", "output_shape", "params")


def reported_layers(item: Item) -> list[Layer]:
    """Return (layer, output shape without the batch, parameters) for each layer that the report prints.

    Parameters of a listing without counts come from the transcription's arithmetic where its rows
    can be matched (one count per layer that has any); else they are None.
    """
    rows = item.values.get("layers")
    if not isinstance(rows, list):
        return []
    counts = iter(item.derived.get("params_per_layer") or ())
    some = _counts_of_some(item)
    layers: list[Layer] = []
    for k, row in enumerate(rows, 1):
        name = str(row.get("op") or row.get("layer") or k)
        shape = row.get("output_shape")
        learns = any(word in name.lower() for word in ("conv", "dense", "linear", "lstm"))
        params = row["params"] if "params" in row else next(counts, some.get(k)) if learns else 0
        layers.append((f"{name}{_settings(row)}", tuple(shape[1:]) if shape else None, params))
    return layers


def _counts_of_some(item: Item) -> dict[int, int]:
    """Return the derived counts of the layers that are in the text, by number, where others are missing from it."""
    for key, counts in item.derived.items():
        if match := re.fullmatch(r"params_layers_(\d+)_to_(\d+)", key):
            return dict(zip(range(int(match[1]), int(match[2]) + 1), counts, strict=True))
    return {}


def missing_layers(item: Item) -> list[int]:
    """Return the numbers of the layers that a listing counts but does not describe."""
    some = _counts_of_some(item)
    return [k for k in range(1, len(item.values["layers"]) + 1) if k not in some] if some else []


def _settings(row: dict[str, Any]) -> str:
    stated = [_setting(key, value) for key, value in row.items() if key not in SETTINGS and value is not None]
    return f" ({', '.join(stated)})" if stated else ""


def _setting(key: str, value: Any) -> str:
    text = "×".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{key.replace('_', ' ')} {text}"


def layer_table(layers: Sequence[Layer], beside: Sequence[Layer] | None = None) -> pd.DataFrame:
    """Return layers as a table: rows ``1``, ``2`` … and ``total``; columns layer, output, params.

    With `beside`, only layers that hold parameters are kept, so that two frameworks line up.
    """
    if beside:
        layers = [layer for layer in layers if layer[2] is None or layer[2] > 0]
    rows = {str(k): (name, _shape(shape), params) for k, (name, shape, params) in enumerate(layers, 1)}
    counts = [params for _, _, params in layers]
    if counts and None not in counts:
        rows["total"] = ("", "", sum(counts))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["layer", "output", "params"], dtype=object)
    return table if beside or table["output"].any() else table.drop(columns="output")


def counts_are_derived(item: Item) -> bool:
    """Whether the parameters of the layers are arithmetic of ours, not printed in the report."""
    layers = item.values.get("layers")
    counted = item.derived.get("params_per_layer") or _counts_of_some(item)
    return bool(isinstance(layers, list) and counted) and "params" not in layers[0]


def _shape(shape: Sequence[int | None] | None) -> str:
    return "" if shape is None else " × ".join("?" if n is None else f"{n}" for n in shape)


def same_structure(item: Item, layers: Sequence[Layer]) -> bool:
    """Return whether a model's layers are the reported ones.

    Equal total of parameters; equal counts layer by layer where the report (or arithmetic on it) gives
    them; equal sizes of every output that holds parameters where the report prints shapes (the order of
    the axes does not count). A report that gives no count at all can never be matched; where it leaves out a
    layer (see `missing_layers`), the others must agree one by one.
    """
    ours = [layer for layer in layers if layer[2]]
    if missing_layers(item):
        theirs = [params for _, _, params in reported_layers(item) if params != 0]
        return len(theirs) == len(ours) and all(p in (None, q) for p, (_, _, q) in zip(theirs, ours, strict=True))
    total = parameter_total(item)
    per_layer = [p for _, _, p in reported_layers(item) if p] or item.derived.get("params_per_layer")
    if total is None or sum(p for _, _, p in ours) != total:
        return False
    if per_layer and sum(per_layer) == total and [p for _, _, p in ours] != list(per_layer):
        return False
    printed = [(shape, p) for _, shape, p in reported_layers(item) if p and shape]
    return not printed or [_sizes(s) for s, _ in printed] == [_sizes(s) for _, s, _ in ours]


def parameter_total(item: Item) -> int | None:
    """Return the number of parameters that a report prints for an architecture, or that follows; None without one."""
    return item.values.get("total_params") or item.derived.get("total_params")


def _sizes(shape: Sequence[int | None] | None) -> list[int]:
    return sorted(n for n in shape or () if n is not None and n > 0)


def input_shape(item: Item) -> tuple[int, ...] | None:
    """Return the input of a reported architecture, channels last : tuple of int, None where not known."""
    known = item.values | item.derived
    shape = known.get("input_shape")
    if shape is not None:
        shape = tuple(shape)
        return (*shape[1:], shape[0]) if shape[0] in CHANNELS and shape[-1] not in CHANNELS else shape
    if "lengths" in known:
        return (known["lengths"][0], 1)
    if "steps" in known and "input_size" in known:
        return (known["steps"], known["input_size"])
    return None


def n_genres(item: Item) -> int:
    """Return the number of classes of a reported architecture: its own, else the genres of the data of its report."""
    known = item.values | item.derived
    stated = (known.get("classes"), known.get("output_size"), load(item.report).corpus.get("genres"))
    return next(count for count in stated if isinstance(count, int))
