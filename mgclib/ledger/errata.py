"""The errata of the five reports, sorted by kind, and what each means for a reader.

What is wrong stands with the transcriptions; ``errata.yaml`` beside this module says of which kind it is and what
follows from it. The numbers that do not add up are found by `mgclib.ledger.arithmetic`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from mgclib import reports
from mgclib.documents import read_yaml
from mgclib.errors import MgcError
from mgclib.ledger.arithmetic import Check
from mgclib.reports.loader import Erratum, Item, Report
from mgclib.reports.myst import signs

__all__ = ["Kind", "Known", "checks_html", "collected", "errata_html", "kinds"]

FILE = Path(__file__).parent / "errata.yaml"


@dataclass(frozen=True)
class Kind:
    """A kind of erratum : its name, its title, and why a reader should care."""

    name: str
    title: str
    why: str


@dataclass(frozen=True)
class Known:
    """An erratum with its report, its kind and what it means for a reader."""

    erratum: Erratum
    report: Report
    kind: Kind
    means: str

    @property
    def items(self) -> tuple[Item, ...]:
        """The items that it touches."""
        return tuple(self.report.items[name] for name in self.erratum.items)

    @property
    def anchor(self) -> str:
        """Label of the erratum in the book : str."""
        return f"{self.report.slug}-erratum-{self.erratum.id}"


def kinds() -> tuple[Kind, ...]:
    """Return the kinds of errata, the weightiest first."""
    return tuple(Kind(name, **entry) for name, entry in _sorting()["kinds"].items())


@functools.cache
def _sorting() -> Mapping[str, Any]:
    return read_yaml(FILE, MgcError)


def collected() -> list[Known]:
    """Return all errata of the five reports, sorted by kind.

    Raises
    ------
    MgcError
        When an erratum of a report is not sorted, or a sorted one is in no report.
    """
    by_name = {kind.name: kind for kind in kinds()}
    sorting = _sorting()["errata"]
    told = {
        f"{slug}/{one.id}": (one, reports.load(slug)) for slug in reports.slugs() for one in reports.load(slug).errata
    }
    astray = sorted(told.keys() ^ sorting.keys())
    if astray:
        raise MgcError(f"{FILE}: {astray[0]!r} stands in a report or here, not in both; name the same errata in both")
    known = [Known(*told[name], by_name[entry["kind"]], entry["means"]) for name, entry in sorting.items()]
    order = list(by_name)
    return sorted(known, key=lambda one: (order.index(one.kind.name), one.report.slug))


def errata_html(known: Sequence[Known]) -> str:
    """Return errata as a table: where, what is wrong, what it means : str, HTML."""
    rows = []
    for one in known:
        places = ", ".join(_link(one.report, item.anchor, item.short) for item in one.items)
        wrong = escape(signs(one.erratum.text))
        rows.append(
            f'<tr><th scope="row">{_link(one.report, one.anchor, one.report.slug)}<br>'
            f'<span class="mgc-muted">{_sections(one.items)}<br>{places}</span></th>'
            f"<td>{wrong}</td><td>{escape(one.means)}</td></tr>"
        )
    return _table(("report and place", "what is wrong", "what it means for you"), rows)


def checks_html(wrong: Sequence[Check]) -> str:
    """Return the printed numbers that do not fit, beside what follows from other printed numbers : str, HTML."""
    rows = []
    for one in wrong:
        place = _link(reports.load(one.item.report), one.item.anchor, one.item.id.replace("/", ": "))
        rows.append(
            f'<tr><th scope="row">{place}</th><td>{escape(one.what)}</td>'
            f"<td>{escape(one.printed)}</td><td>{escape(one.again)}</td></tr>"
        )
    return _table(("item", "number", "printed", "done again"), rows)


def _table(head: Sequence[str], rows: Sequence[str]) -> str:
    heads = "".join(f'<th scope="col">{name}</th>' for name in head)
    return (
        f'<div class="mgc mgc-scroll mgc-errata-table" tabindex="0" role="region" aria-label="{head[1]}"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _sections(items: Sequence[Item]) -> str:
    names = dict.fromkeys(item.section for item in items)
    return "; ".join(escape(f"section {name}" if name[0].isdigit() else name) for name in names)


def _link(report: Report, anchor: str, text: str) -> str:
    return f'<a href="report-{report.slug}.html#{anchor}">{escape(text)}</a>'
