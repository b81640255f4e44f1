"""The ledger's page: what held, what did not, what could not be known; counts, errata, and every item in one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from statistics import fmean

import pandas as pd

from mgclib import experiments, reports
from mgclib.ledger import summary
from mgclib.ledger.arithmetic import checks
from mgclib.ledger.errata import checks_html, collected, errata_html, kinds
from mgclib.ledger.strips import claims_html, gap_axis, key_html
from mgclib.ledger.summary import Finding
from mgclib.ledger.verdicts import VERDICTS, Evidence, Row, home_profile, rows
from mgclib.reports.loader import APPROACHES, KINDS
from mgclib.reports.myst import doc, raw
from mgclib.reports.typeset import bar, style
from mgclib.tables import sortable

__all__ = ["ledger_page"]

ITEMS = """\
*Recorded* is our number on the report's own dataset and split, with its 95 % interval; *this build* ran at the profile
`{profile}`. What *synthetic* marks was measured on generated music and proves only that the method runs. “5 of 6 the
same” counts the settings that an item would need. The verdicts are explained in
{{doc}}`How to read this book <../how-to-read>`; `mgc ledger --format csv` prints this table.
"""
INTRODUCED = {
    summary.HELD: "The printed number lies inside our interval, or the order of two methods comes out again.\n",
    summary.NOT: "Ours lies clearly above or below, or a difference is not there. *Lower* is no accusation: what a "
    "report leaves out we had to choose. *Higher* means that the report sold its method short.\n",
    summary.UNKNOWN: "The recordings or the pre-trained weights were not at hand, or the clips were too few. Numbers "
    "stand here all the same, with what they were measured on; they settle nothing.\n",
}
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
    judged = summary.findings(everything, evidence)
    axis = gap_axis(judged)
    sheet = files("mgclib.ledger").joinpath("style.css").read_text(encoding="utf-8")
    parts = ["# The ledger\n", raw(f"<style>{style()}{sheet}</style>"), *_in_short(everything, judged, evidence)]
    parts.append(raw(key_html(axis)))
    for outcome in summary.OUTCOMES:
        fell = [one for one in judged if one.outcome == outcome]
        parts += [f"## What {outcome}\n", INTRODUCED[outcome] if fell else "Nothing, so far.\n"]
        parts += [raw(claims_html(fell, axis))] if fell else []
    parts += ["## How far each report got\n", raw(counts_html(everything)), *_errata()]
    parts += ["## Every item\n", ITEMS.format(profile=evidence.profile), raw(items_html(everything))]
    return "\n".join(parts)


def _in_short(everything: Sequence[Row], judged: Sequence[Finding], evidence: Evidence) -> list[str]:
    """The page in a few sentences, each from counted verdicts and measured numbers."""
    fell = Counter(one.outcome for one in judged)
    scores = Counter(row.verdict for row in everything if row.kind != "architecture")
    verdicts = Counter(row.verdict for row in everything)
    known, done = collected(), checks()
    wrong = sum(not check.holds for check in done)
    measured = sum(scores[name] for name in summary.MEASURED)
    return [
        f"Five student reports, {len(everything)} items, one verdict for each. This page is for who reads only one. "
        f"Of {len(judged)} claims that a reader takes away, {fell[summary.HELD]} held, {fell[summary.NOT]} did not, "
        f"and of {fell[summary.UNKNOWN]} it could not be known.\n",
        f"- **Scores.** {measured} printed scores (some are one number, printed again) could be measured on the "
        f"report's own recordings and split: {scores['reproduced']} were reproduced, ours is lower for "
        f"{scores['lower']} and higher for {scores['higher']}.",
        *_apart_line(judged, evidence),
        f"- **Not known.** {verdicts['other data']} items could be tried only on other recordings, or from other "
        f"weights, than the report's. Lost: {verdicts['lost']}. Not run yet: {verdicts['not yet']}.",
        f"- **The reports themselves** hold {len(known)} errata, collected {{ref}}`below <ledger-errata>`. Of "
        f"{len(done)} printed numbers that follow from other printed numbers, {wrong} do not fit.\n",
    ]


def _apart_line(judged: Sequence[Finding], evidence: Evidence) -> list[str]:
    """What keeping artists and copies apart does, over all methods that were trained both ways."""
    pairs = summary.drops(evidence)
    if not pairs:
        return []
    falls = [100 * (before.mean - after.mean) for before, after in pairs.values()]
    name, accuracy = summary.best(evidence)
    highest = max((f.reported.mean for f in judged if f.reported and not f.gap and _on(f, "gtzan")), default=None)
    printed = "" if highest is None else f"; the highest that a report prints for GTZAN is {100 * highest:.0f} %"
    chapter = evidence.plan.experiments[name]
    return [
        f"- **The split decides.** Run twice on GTZAN (on the report's split, and with artists and copies kept apart), "
        f"{sum(fall > 0 for fall in falls)} of {len(pairs)} experiments do worse the second time; on average it costs "
        f"{fmean(falls):.0f} points (from {min(falls):.0f} to {max(falls):.0f}). The best of all "
        f"models then reaches {100 * accuracy:.0f} % (one on the page {doc(chapter.page, chapter.title)}), "
        f"a little flattered by being picked on that test{printed}."
    ]


def _on(finding: Finding, home: str) -> bool:
    return all(home_profile(item) == home for item in finding.items)


def _errata() -> list[str]:
    known, done = collected(), checks()
    wrong = [check for check in done if not check.holds]
    parts = [
        "(ledger-errata)=\n## Errata of the reports\n",
        f"{len(known)} of them, by kind, the weightiest first. Each leads to its place on the report's page.\n",
    ]
    for kind in kinds():
        members = [one for one in known if one.kind == kind]
        parts += [f"### {kind.title} ({len(members)})\n", f"{kind.why}\n", raw(errata_html(members))]
        if kind.name == "sums":
            parts += [
                f"**Done again.** {len(done)} printed numbers follow from other printed numbers: F1 from precision and "
                "recall, averages from rows, totals from parts. A number fits when some value that rounds to it does. "
                f"{len(done) - len(wrong)} fit; these {len(wrong)} do not:\n",
                raw(checks_html(wrong)),
            ]
    return parts


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
    share = f"{settled} of {total} items run again ({settled / total if total else 0:.0%})"
    head = f'<p><b>{name}</b> <span class="mgc-muted">{share}</span></p>'
    return f'<div class="mgc-count">{head}{bar({verdict: counted[verdict] for verdict in VERDICTS})}</div>'


def items_html(found: Sequence[Row]) -> str:
    """Return the table of all items, to sort and to filter : str, HTML."""
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
            }
            for row in found
        ]
    )
    table = sortable(
        frame,
        caption=f"The {len(found)} items of the five reports. An item leads to its place in the report, its "
        "approach to the chapter where it is run again.",
        filters=["report", "verdict", "kind"],
        links={
            "item": [f"report-{row.report}.html#{entries[row.item].anchor}" for row in found],
            "approach": [f"{row.page}.html" if row.page else None for row in found],
        },
        badges={"verdict": BADGES},
    )
    return table.html
