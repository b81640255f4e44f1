"""The ledger's page: what held, what did not, what could not be known; counts, errata, and every item in one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from mgclib import experiments, reports
from mgclib.ledger.verdicts import VERDICTS, Evidence, Row, rows
from mgclib.reports.loader import APPROACHES, KINDS
from mgclib.reports.myst import raw
from mgclib.reports.typeset import badge, style
from mgclib.tables import sortable

__all__ = ["ledger_page"]

ITEMS = """\
*Recorded* is our number on the report's own dataset and split, with its 95 % interval; *this build* ran at the profile
`{profile}`. What *synthetic* marks was measured on generated music and proves only that the method runs. “5 of 6 the
same” counts the settings that an item would need. The verdicts are explained in
{{doc}}`How to read this book <../how-to-read>`; `mgc ledger --format csv` prints this table.
"""
UNSETTLED = ("lost", "not yet")
BADGES = {verdict: f"mgc-{verdict.replace(' ', '-')}" for verdict in VERDICTS}


def ledger_page(profile: str = "demo", *, evidence: Evidence | None = None, found: Sequence[Row] | None = None) -> str:
    """Return the ledger as a page: a summary for who reads nothing else, counts, errata, and a table to filter.

    Parameters
    ----------
    profile : str
        The profile of this build; its numbers stand under *this build*.
    evidence : Evidence, optional
        What has been read already.
    found : sequence of Row, optional
        The rows of the ledger, where they are known already.

    Returns
    -------
    str
        MyST Markdown.
    """
    evidence = evidence or Evidence(experiments.matrix(), profile)
    everything = list(found or rows(evidence=evidence))
    parts = [
        "# The ledger\n",
        raw(f"<style>{style()}</style>"),
        f"Five student reports, {len(everything)} items (tables, figures, numbers, networks, settings), one verdict "
        "for each. This page is for who reads only one: what held, what did not, what could not be known.\n",
        "## How far each report got\n",
        raw(counts_html(everything)),
        "## Every item\n",
        ITEMS.format(profile=evidence.profile),
        raw(items_html(everything, evidence)),
    ]
    return "\n".join(parts)


def counts_html(found: Iterable[Row]) -> str:
    """Return the number of items of each report by verdict, as bars with their numbers : str, HTML."""
    groups: dict[str, Counter] = {slug: Counter() for slug in reports.slugs()}
    for row in found:
        groups[row.report][row.verdict] += 1
    lines = [_count_line(slug, counted) for slug, counted in groups.items()]
    total = sum(groups.values(), Counter())
    return f'<div class="mgc mgc-counts">{_count_line("", total)}{"".join(lines)}</div>'


def _count_line(slug: str, counted: Mapping[str, int]) -> str:
    total = sum(counted.values())
    settled = total - sum(counted[name] for name in UNSETTLED)
    name = f'<a href="report-{slug}.html">{slug}</a>' if slug else "All five reports"
    shares = [(verdict, counted[verdict]) for verdict in VERDICTS if counted[verdict]]
    spoken = ", ".join(f"{n} {verdict}" for verdict, n in shares)
    segments = "".join(
        f'<span class="{BADGES[verdict]}" style="flex: {n}" title="{verdict}: {n} of {total}"></span>'
        for verdict, n in shares
    )
    legend = "".join(f"<span>{badge(verdict)} {n}</span>" for verdict, n in shares)
    share = f"{settled} of {total} items run again ({settled / total if total else 0:.0%})"
    return (
        f'<div class="mgc-count"><p><b>{name}</b> <span class="mgc-muted">{share}</span></p>'
        f'<div class="mgc-bar" role="img" aria-label="{spoken}">{segments}</div>'
        f'<div class="mgc-legend">{legend}</div></div>'
    )


def items_html(found: Sequence[Row], evidence: Evidence) -> str:
    """Return the table of all items, to sort and to filter : str, HTML."""
    titles = {entry.page: entry.title for entry in evidence.plan.experiments.values()}
    entries = {row.item: reports.item(row.item) for row in found}
    frame = pd.DataFrame(
        [
            {
                "item": entries[row.item].short,
                "report": row.report,
                "kind": KINDS[row.kind],
                "approach": APPROACHES[row.approach],
                "verdict": row.verdict,
                "reported": row.reported,
                "recorded": row.recorded or None,
                "this build": row.this_build or None,
                "chapter": titles.get(row.page),
            }
            for row in found
        ]
    )
    table = sortable(
        frame,
        caption=f"The {len(found)} items of the five reports. An item leads to its place in the report, a chapter to "
        "where it is run again.",
        filters=["report", "verdict", "kind"],
        links={
            "item": [f"report-{row.report}.html#{entries[row.item].anchor}" for row in found],
            "chapter": [f"{row.page}.html" if row.page else None for row in found],
        },
        badges={"verdict": BADGES},
    )
    return table.html
