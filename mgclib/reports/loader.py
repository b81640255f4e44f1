"""Read the transcribed reports: strictly, once, and with the file and line of whatever is wrong.

Each ``<slug>.yaml`` beside this module holds one report. Its header says how to read it: numbers are as
printed, ``null`` means that the report does not say, ``derived`` is arithmetic on printed numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mgclib.documents import read_yaml
from mgclib.errors import MgcError, closest

__all__ = ["APPROACHES", "KINDS", "Erratum", "Item", "Report", "ReportError", "item", "items", "load", "slugs"]

FOLDER = Path(__file__).parent

KINDS = {
    "classification_report": "classification report",
    "confusion_matrix": "confusion matrix",
    "table": "table",
    "scalar": "number",
    "training_log": "training log",
    "architecture": "architecture",
    "parameter_set": "settings",
    "figure": "figure",
}

APPROACHES = {
    "dataset": "Data set",
    "mel-parameters": "Mel spectrograms",
    "pca": "PCA",
    "svm-pixels": "SVM on pixels",
    "feature-ml": "Feature-based machine learning",
    "1d-cnn-raw": "1D CNN on waveforms",
    "1d-cnn-mel": "1D CNN on mel spectrograms",
    "2d-cnn": "2D CNN",
    "lstm": "LSTM",
    "transfer": "Transfer learning",
    "densenet": "DenseNet",
    "fusion": "Fusion",
    "augmentation": "Augmentation",
    "cam": "Class activation maps",
}


class ReportError(MgcError):
    """A transcription that cannot be read, or an item that no report has."""


@dataclass(frozen=True, eq=False)
class Item:
    """One table, figure, number, listing or setting of a report.

    Parameters
    ----------
    id : str
        ``<report>/<item>``, e.g. ``cs464-2020/table-7``.
    kind : str
        One of `KINDS`.
    approach : str
        One of `APPROACHES`.
    protocol : dict
        How the number was made; a value of None means that the report does not state it.
    values : dict
        What is printed. Shares are fractions (51 % is 0.51).
    derived : dict
        Arithmetic on printed numbers, e.g. the hits behind a rounded recall.
    quote : tuple of str
        Verbatim sentences.
    caption : str or None
        As printed; in [brackets] where the words are the transcriber's; None for a picture without any.
    shows : str or None
        What a picture shows, in words.
    """

    id: str
    report: str
    kind: str
    section: str
    caption: str | None
    approach: str
    protocol: dict[str, Any] = field(repr=False)
    values: dict[str, Any] = field(repr=False)
    derived: dict[str, Any] = field(default_factory=dict, repr=False)
    quote: tuple[str, ...] = field(default=(), repr=False)
    shows: str | None = field(default=None, repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def short(self) -> str:
        """The id without the report : str, e.g. ``table-7``."""
        return self.id.partition("/")[2]

    @property
    def anchor(self) -> str:
        """Label of the item in the book : str, e.g. ``cs464-2020-table-7``."""
        return self.id.replace("/", "-")

    @property
    def corpus(self) -> str | None:
        """The data set that the item is about, None where the report does not tie it to one."""
        return self.protocol.get("corpus")

    @property
    def stated(self) -> dict[str, Any]:
        """The part of the protocol that the report states."""
        return {key: value for key, value in self.protocol.items() if value is not None}

    @property
    def not_stated(self) -> tuple[str, ...]:
        """Names of the protocol settings that the report leaves open."""
        return tuple(key for key, value in self.protocol.items() if value is None)

    def value(self, path: str) -> Any:
        """Return the printed value at a dotted `path`.

        A step into a list of rows is an index or the row's model: ``rows.DenseNet.f1``.

        Raises
        ------
        ReportError
            When there is nothing at `path`; lists what there is.
        """
        found: Any = self.values
        for step in path.split("."):
            choices = _children(found)
            if step not in choices:
                raise ReportError(f"{self.id} has no value {path!r}: {step!r} is not among {sorted(choices)}")
            found = choices[step]
        return found


def _children(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {str(key): child for key, child in value.items()}
    if isinstance(value, list):
        by_index = {str(k): child for k, child in enumerate(value)}
        by_model = {child["model"]: child for child in value if isinstance(child, Mapping) and "model" in child}
        return by_index | by_model
    return {}


@dataclass(frozen=True)
class Erratum:
    """Something in a report that does not add up, and the items that it touches."""

    id: str
    items: tuple[str, ...]
    text: str


@dataclass(frozen=True, eq=False)
class Report:
    """One student report as data.

    Parameters
    ----------
    slug, title : str
    year : int or None
        None where the report does not say.
    corpus : dict
        The data set as the report describes it.
    items : dict of str to Item
        By id, in the order of the report.
    errata : tuple of Erratum
    not_transcribed : tuple of str
        Parts of the report that hold no claim.
    """

    slug: str
    title: str
    year: int | None
    numbering: str
    figures_total: int
    tables_total: int
    corpus: dict[str, Any] = field(repr=False)
    items: dict[str, Item] = field(repr=False)
    errata: tuple[Erratum, ...] = field(repr=False)
    not_transcribed: tuple[str, ...] = field(default=(), repr=False)

    def errata_of(self, item_id: str) -> tuple[Erratum, ...]:
        """Return the errata that touch an item."""
        return tuple(erratum for erratum in self.errata if item_id in erratum.items)


def parse(path: Path) -> Report:
    """Read one report file and check its shape.

    Raises
    ------
    ReportError
        For unknown kinds or approaches, foreign or repeated ids, counts that do not fit, errata that
        name no item.
    """
    content = read_yaml(path, ReportError)
    try:
        entries = [Item(**_as_item(raw, content["report"])) for raw in content["items"]]
        errata = tuple(Erratum(raw["id"], tuple(raw["items"]), raw["text"]) for raw in content["errata"])
        report = Report(
            slug=content["report"],
            items={entry.id: entry for entry in entries},
            errata=errata,
            not_transcribed=tuple(content["not_transcribed"]),
            **{key: content[key] for key in ("title", "year", "numbering", "figures_total", "tables_total", "corpus")},
        )
        _check(path, report, entries, content["items_total"])
    except (KeyError, TypeError) as error:
        raise ReportError(f"{path}: a part is missing or has the wrong shape ({error})") from None
    return report


def _as_item(raw: dict[str, Any], slug: str) -> dict[str, Any]:
    lists = {name: tuple(raw.get(name) or ()) for name in ("quote", "notes")}
    return {**raw, **lists, "report": slug, "section": str(raw["section"]), "derived": raw.get("derived") or {}}


def _check(path: Path, report: Report, entries: list[Item], total: int) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen:
            raise ReportError(f"{path}: the item {entry.id!r} stands there twice; item ids must be unique")
        seen.add(entry.id)
        if not entry.id.startswith(f"{report.slug}/"):
            raise ReportError(f"{path}: the item {entry.id!r} does not begin with {report.slug + '/'!r}")
        if entry.kind not in KINDS:
            raise ReportError(f"{path}: {entry.id} has the unknown kind {entry.kind!r}; known are {list(KINDS)}")
        if entry.approach not in APPROACHES:
            known = list(APPROACHES)
            raise ReportError(f"{path}: {entry.id} has the unknown approach {entry.approach!r}; known are {known}")
    if len(entries) != total:
        raise ReportError(f"{path}: items_total is {total}, but there are {len(entries)} items")
    for erratum in report.errata:
        for item_id in erratum.items:
            if item_id not in seen:
                raise ReportError(f"{path}: the erratum {erratum.id!r} names {item_id!r}, which is no item")


def slugs() -> tuple[str, ...]:
    """Return the names of the reports : tuple of str, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def _hint(name: str, choices: list[str]) -> str:
    match = closest(name, choices, cutoff=0.0)
    return f"; the closest match is {match!r}" if match else ""


@functools.cache
def load(slug: str) -> Report:
    """Return one report, e.g. ``load("cs464-2020")``; it is read once per session.

    Raises
    ------
    ReportError
        When there is no such report (names the closest match), or its file is malformed.
    """
    if slug not in slugs():
        raise ReportError(f"no report {slug!r}{_hint(slug, list(slugs()))}; the reports are {list(slugs())}")
    return parse(FOLDER / f"{slug}.yaml")


def items() -> Iterator[Item]:
    """Yield every item of every report, report by report, in the order of the report."""
    for slug in slugs():
        yield from load(slug).items.values()


def item(item_id: str) -> Item:
    """Return one item by its id, e.g. ``item("cs464-2020/table-7")``.

    Only the report that the id names is read.

    Raises
    ------
    ReportError
        When no report has it; names the closest match.
    """
    slug = item_id.partition("/")[0]
    if slug in slugs():
        found = load(slug).items.get(item_id)
        if found is not None:
            return found
        choices = list(load(slug).items)
    else:
        choices = [entry.id for entry in items()]
    raise ReportError(f"no report has the item {item_id!r}{_hint(item_id, choices)}; `mgc ledger` lists them all")
