"""Do the printed tables add up? Every sum, mean and share that follows from other printed numbers, done again.

A printed number stands for every value that rounds to it, so a check fails only when no such value fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mgclib import reports
from mgclib.reports.claims import claim
from mgclib.reports.loader import Item

__all__ = ["Check", "checks"]

TOLERANCE = 1e-9
AVERAGES = ("macro_avg", "weighted_avg")
SCORES = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Check:
    """One number done again.

    Parameters
    ----------
    item : Item
    what : str
        The number in words.
    printed, again : str
        As printed, and as it follows from other printed numbers.
    holds : bool
    """

    item: Item
    what: str
    printed: str
    again: str
    holds: bool


def checks() -> list[Check]:
    """Return every number of the five reports that could be done again, report by report."""
    return [check for item in reports.items() for make in CHECKS for check in make(item)]


def _report(item: Item) -> Iterator[Check]:
    """A classification report: clips, F1 of each genre, accuracy, averages."""
    if item.kind != "classification_report":
        return
    rows, half = item.values["per_class"], 0.5 * 10 ** -item.values.get("decimals", 2)
    clips = sum(row["support"] for row in rows.values())
    if item.values.get("support_total"):
        yield Check(item, "clips", f"{item.values['support_total']}", f"{clips}", item.values["support_total"] == clips)
    for genre, row in rows.items():
        low, high = (_f1(*(max(row[name] + sign * half, 0) for name in SCORES[:2])) for sign in (-1, 1))
        fits = low - half - TOLERANCE <= row["f1"] <= high + half + TOLERANCE
        yield Check(item, f"F1 of {genre}", f"{row['f1']:g}", f"{_f1(row['precision'], row['recall']):.3f}", fits)
        hits = round(row["recall"] * row["support"])
        fits = abs(hits / row["support"] - row["recall"]) <= half + TOLERANCE
        yield Check(item, f"recall of {genre}", f"{row['recall']:g}", f"{hits}/{row['support']}", fits)
    hits = sum(round(row["recall"] * row["support"]) for row in rows.values())
    printed = item.values.get("accuracy")
    if printed is not None:
        fits = abs(hits / clips - printed) <= half + TOLERANCE
        yield Check(item, "accuracy", f"{printed:g}", f"{hits}/{clips} = {hits / clips:.3f}", fits)
    yield from _averages(item, clips, half)


def _averages(item: Item, clips: int, half: float) -> Iterator[Check]:
    rows = item.values["per_class"].values()
    for average in AVERAGES:
        weights = [1 / len(rows) if average == AVERAGES[0] else row["support"] / clips for row in rows]
        for name in SCORES:
            printed = (item.values.get(average) or {}).get(name)
            if printed is not None:
                again = sum(weight * row[name] for weight, row in zip(weights, rows, strict=True))
                words = f"{average.removesuffix('_avg')} average of {name.replace('f1', 'F1')}"
                yield Check(item, words, f"{printed:g}", f"{again:.3f}", abs(again - printed) <= 2 * half + TOLERANCE)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _layers(item: Item) -> Iterator[Check]:
    """A network: its parameters are the sum over its layers; a fused one, over its branches."""
    layers, printed = item.values.get("layers"), item.values.get("total_params")
    if item.kind != "architecture" or printed is None:
        return
    if isinstance(layers, list):
        again = sum(layer.get("params") or 0 for layer in layers)
        yield Check(item, "parameters", f"{printed:,}", f"{again:,}", again == printed)
    branches = item.derived.get("sum_of_branches")
    if branches is not None:
        yield Check(item, "parameters of both branches", f"{printed:,}", f"{branches:,}", branches == printed)


def _splits(item: Item) -> Iterator[Check]:
    """Clips of the parts against clips in all; clips stated against clips that the accuracies imply."""
    values, derived = item.values, item.derived
    if {"mel_spectrograms", "train_clips"} <= values.keys():
        parts = [values[f"{part}_clips"] for part in ("train", "validation", "test")]
        printed = values["mel_spectrograms"]
        again = " + ".join(map(str, parts)) + f" = {sum(parts)}"
        yield Check(item, "clips of all parts", f"{printed}", again, sum(parts) == printed)
    elif {"train_clips", "total"} <= derived.keys():
        stated = reports.item(f"{item.report}/number-dataset").values
        printed = stated["genres"] * stated["clips_per_genre"]
        parts = [derived[f"{part}_clips"] for part in ("train", "validation", "test")]
        again = " + ".join(map(str, parts)) + f" = {sum(parts)}"
        yield Check(item, "clips of all parts", f"{printed}", again, sum(parts) == printed)
    elif "sum" in derived and {"train", "validation", "test"} <= values.keys():
        parts = [values[part] for part in ("train", "validation", "test")]
        printed = derived["sum"]
        yield Check(item, "clips of all parts", f"{printed}", " + ".join(map(str, parts)), sum(parts) == printed)


def _means(item: Item) -> Iterator[Check]:
    """Means over runs that stand in full beside them."""
    run = {f"{item.report}/listing-run-{k}" for k in range(1, 6)}
    known = [entry for name, entry in reports.load(item.report).items.items() if name in run]
    if item.short == "listing-run-averages" and known:
        for name, printed in item.values.items():
            again = sum(entry.values[name] for entry in known) / len(known)
            fits = abs(again - printed) <= 0.5 * 10 ** -_decimals(printed) + TOLERANCE
            yield Check(item, f"mean {name.replace('_', ' ')}", f"{printed:g}", f"{again:.4f}", fits)


def _decimals(value: float) -> int:
    return len(f"{value}".partition(".")[2])


def _ratios(item: Item) -> Iterator[Check]:
    """A table of models: F1 as the report defines it; accuracy that its one-vs-rest accuracy implies."""
    rows = item.values.get("rows")
    if item.kind != "table" or not rows or not isinstance(rows[0], dict) or "f1" not in rows[0]:
        return
    genres = reports.load(item.report).items[f"{item.report}/number-dataset"].values["genres"]
    half = 0.5 * 10 ** -item.values.get("decimals", 3)
    for row in rows:
        low, high = (_f1(*(row[name] + sign * half for name in SCORES[:2])) for sign in (-1, 1))
        fits = low - half - TOLERANCE <= row["f1"] <= high + half + TOLERANCE
        again = _f1(row["precision"], row["recall"])
        yield Check(item, f"F1 of {row['model']}", f"{row['f1']:g}", f"{again:.4f}", fits)
        plain = 1 - genres * (1 - row["accuracy"]) / 2
        fits = abs(plain - row["accuracy"]) <= genres * half / 2 + half
        words = f"{plain:.3f} of the clips right"
        yield Check(item, f"accuracy of {row['model']}", f"{row['accuracy']:g}", words, fits)


def _twice(item: Item) -> Iterator[Check]:
    """A headline against the table of the same approach: the same number to its last printed digit."""
    if not item.short.startswith("number-headline-"):
        return
    for entry in reports.load(item.report).items.values():
        if (
            entry is item
            or entry.approach != item.approach
            or entry.kind != "scalar"
            or "top_3_accuracy" not in entry.values
        ):
            continue
        printed, again = item.values.get("top_3_accuracy"), entry.values["top_3_accuracy"]
        if printed is not None:
            yield Check(item, f"top 3 accuracy, in {entry.short}", f"{printed:g}", f"{again:g}", printed == again)


def _shares(item: Item) -> Iterator[Check]:
    """Headlines in whole per cents against the clips behind them, which the table of the approach gives."""
    if not item.short.startswith("number-headline-"):
        return
    stated = claim(item)
    for entry in reports.load(item.report).items.values():
        if entry.kind == "classification_report" and entry.approach == item.approach:
            correct, total = entry.derived.get("correct"), entry.derived.get("total")
            if correct and abs(correct / total - stated.printed) <= 0.0051:
                again = f"{correct}/{total} = {correct / total:.3f}"
                fits = abs(correct / total - stated.printed) <= 0.005 + TOLERANCE
                yield Check(item, f"accuracy, from {entry.short}", f"{stated.printed:g}", again, fits)
                return


def _parts(item: Item) -> Iterator[Check]:
    """Area under the curve and accuracy of one model: where most clips are right, they are ranked well, too."""
    accuracy, area = item.values.get("accuracy"), item.values.get("auc")
    if not isinstance(accuracy, dict) or not isinstance(area, dict):
        return
    for part in ("train", "validation", "test"):
        printed, right = area.get(part), accuracy.get(part)
        if printed is not None and right is not None:
            yield Check(item, f"AUC, {part}", f"{printed:g}", f"beside an accuracy of {right:g}", printed >= right)


CHECKS: tuple[Callable[[Item], Iterator[Check]], ...] = (
    _report,
    _layers,
    _splits,
    _means,
    _ratios,
    _shares,
    _twice,
    _parts,
)
