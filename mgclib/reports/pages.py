"""Pages of the book that are written from data: one per report, the table of results.

All are MyST Markdown for ``book/_generated/``; links go by labels (``cs464-2020-table-7``) and by the names
of pages beside them, so that the book's own checks find a dead one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby

from mgclib import experiments, ledger
from mgclib.experiments import Experiment
from mgclib.reports.claims import claim, declared
from mgclib.reports.loader import APPROACHES, KINDS, Erratum, Item, Report, item, load
from mgclib.reports.myst import NONE, doc, markdown, pipes, raw, ref, signs, verdict
from mgclib.reports.printed import body, heading
from mgclib.reports.typeset import bar, facts, spaced, style, words

__all__ = ["report_page", "results_table"]

NUMBERED_SECTION = re.compile(r"[\d.]+$")
TOC_DEPTH = "---\ntocdepth: 2\n---\n"
SMALL_HEADINGS = ".bd-article h3 { font-size: 1.15rem; margin-top: 2rem; }\n"
WRITTEN = {
    "1d": "1D",
    "2d": "2D",
    "cnn": "CNN",
    "lstm": "LSTM",
    "svm": "SVM",
    "nll": "NLL",
    "gtzan": "GTZAN",
    "auc": "AUC",
}
HOW = "Protocol, wording and notes"


def report_page(slug: str, profile: str = "demo", *, found: Iterable[ledger.Row] | None = None) -> str:
    """Return the page of one report: what it claims, what does not add up, and where each item is run again.

    Parameters
    ----------
    slug : str
    profile : str
        The profile of this build.
    found : iterable of Row, optional
        The rows of the ledger, where they are known already.

    Returns
    -------
    str
        MyST Markdown; every item has the label ``<slug>-<item>``.
    """
    report = load(slug)
    known = found or ledger.rows(profile, slugs=[slug])
    rows = {row.item: row for row in known if row.report == slug}
    declared_by = experiments.matrix().experiments.values()
    titles = {entry.page: entry.title for entry in declared_by}
    remarks = {name: how["note"] for entry in declared_by for name, how in entry.reproduces.items() if "note" in how}
    parts = [
        TOC_DEPTH,
        f"(report-{slug})=\n# {slug}: {markdown(report.title)}\n",
        raw(f"<style>{style()}{SMALL_HEADINGS}</style>"),
        _lead(report),
    ]
    counts = f'<div class="mgc">{bar(_counts(rows.values()))}</div>'
    parts += ["## How far we got\n", raw(counts), _claims(report, rows)]
    parts += ["## The dataset, as the report describes it\n", raw(_corpus(report))]
    cards = [_erratum(erratum, report) for erratum in report.errata]
    parts += [
        "## What does not add up\n",
        "::::{grid} 1 1 2 2\n:gutter: 2\n:class-container: mgc-errata\n",
        *cards,
        "::::\n",
    ]
    ordered = sorted(report.items.values(), key=lambda entry: _order(report).index(entry.approach))
    for approach, members in groupby(ordered, key=lambda entry: entry.approach):
        parts.append(f"## {APPROACHES[approach]}\n")
        parts += [_item(entry, rows[entry.id], report, titles, remarks.get(entry.id, "")) for entry in members]
    left_out = "; ".join(markdown(part) for part in report.not_transcribed)
    parts.append(f"## What was left out\n\nThese parts hold no claim and were not transcribed: {left_out}.\n")
    return "\n".join(parts)


def _order(report: Report) -> list[str]:
    return list(dict.fromkeys(entry.approach for entry in report.items.values()))


def _lead(report: Report) -> str:
    year = f"from {report.year}" if report.year else "without a date"
    numbered = "the report's own" if report.numbering == "source" else "ours, in the order of the report"
    return (
        f"A student report {year}, as data: {len(report.items)} items, among them {report.tables_total} tables and "
        f"{report.figures_total} figures. “Quoted” captions are printed in the report, the others are ours; the "
        f"numbering is {numbered}. A dash means that the report does not say. Pictures survive only as words. "
        f"Verdicts are explained in {{doc}}`How to read this book <../how-to-read>`; all reports together stand in "
        f"the {{doc}}`ledger <ledger>`.\n"
    )


def _counts(rows: Iterable[ledger.Row]) -> dict[str, int]:
    counted = Counter(row.verdict for row in rows)
    return {verdict: counted[verdict] for verdict in ledger.VERDICTS}


def _claims(report: Report, rows: Mapping[str, ledger.Row]) -> str:
    """The measured scores at a glance: classification reports and tables with their intervals."""
    lines = []
    for entry in report.items.values():
        stated = claim(entry) if entry.kind in ("classification_report", "table") else None
        if stated is None:
            continue
        low, high = stated.interval or (None, None)
        clips = f"{low:.2f} – {high:.2f} ({stated.correct} of {stated.total})" if low is not None else NONE
        row = rows[entry.id]
        lines.append([APPROACHES[entry.approach], ref(entry), row.reported, clips, row.recorded or NONE])
    if not lines:
        return ""
    head = ["approach", "item", "reported", "its 95 % interval (hits)", "recorded [95 % interval]"]
    return f":::{{div}} mgc-ledger\n{pipes(head, lines)}:::\n"


def _corpus(report: Report) -> str:
    return facts((name, words(value)) for name, value in report.corpus.items() if name != "derived")


def _erratum(erratum: Erratum, report: Report) -> str:
    touched = " · ".join(ref(report.items[item_id]) for item_id in erratum.items)
    return (
        f":::{{grid-item-card}}\n({_erratum_anchor(erratum, report)})=\n"
        f"**{_erratum_name(erratum)}.** {markdown(signs(erratum.text))}\n\n[Concerns]{{.mgc-muted}} {touched}\n:::\n"
    )


def _erratum_name(erratum: Erratum) -> str:
    first, *rest = [WRITTEN.get(word, word) for word in erratum.id.split("-")]
    return " ".join([first if first in WRITTEN.values() else first.capitalize(), *rest])


def _erratum_anchor(erratum: Erratum, report: Report) -> str:
    return f"{report.slug}-erratum-{erratum.id}"


def _item(entry: Item, row: ledger.Row, report: Report, titles: Mapping[str, str], remark: str) -> str:
    where = f"section {entry.section}" if NUMBERED_SECTION.match(entry.section) else entry.section
    line = [f"[{KINDS[entry.kind]}]{{.mgc-kind}}", verdict(row.verdict), f"[{markdown(where)}]{{.mgc-muted}}"]
    if row.page:
        line.append(f"run again in {doc(row.page, titles[row.page])}")
    if row.recorded:
        line.append(f"recorded {row.recorded}")
    parts = [f"({entry.anchor})=\n### {markdown(heading(entry))}\n", " ".join(line) + "\n"]
    if remark:
        parts.append(f"[Our run:]{{.mgc-muted}} {markdown(remark)}\n")
    if entry.shows:
        parts.append(f"{markdown(entry.shows)}\n")
    typeset = body(entry)
    if typeset:
        parts.append(raw(typeset))
    errata = [
        f"{{ref}}`{_erratum_name(erratum)} <{_erratum_anchor(erratum, report)}>`"
        for erratum in report.errata_of(entry.id)
    ]
    if errata:
        parts.append(f"[Does not add up:]{{.mgc-muted}} {', '.join(errata)}\n")
    return "\n".join([*parts, _details(entry)])


def _details(entry: Item) -> str:
    parts = []
    if entry.stated:
        parts.append(raw(facts((name, words(value)) for name, value in entry.stated.items())))
    if entry.not_stated:
        names = ", ".join(spaced(name) for name in entry.not_stated)
        parts.append(f"**Not stated:** {markdown(names)}.\n")
    parts += [f"> {markdown(sentence)}\n" for sentence in entry.quote]
    if entry.notes:
        parts.append("\n".join(f"- {markdown(signs(note))}" for note in entry.notes) + "\n")
    if not parts:
        return ""
    return "\n".join([f"::::{{dropdown}} {HOW}\n:class-container: mgc-details\n", *parts, "::::\n"])


def results_table(*, links: bool = True) -> str:
    """Return the main results as a Markdown table: reported, recorded under both protocols, seeds; none synthetic.

    A number from other recordings than the report's bears the name of their profile.

    Parameters
    ----------
    links : bool
        Link each approach to its chapter (in the book); False for the README.
    """
    plan = experiments.matrix()
    evidence = ledger.Evidence(plan, next(iter(plan.profiles)))
    declared_by = sorted(plan.experiments.values(), key=lambda entry: entry.report or "")
    lines = [line for entry in declared_by for line in _result_line(entry, evidence, links)]
    lines += [line for entry in declared_by for line in _own_line(entry, evidence, links)]
    head = ["approach", "reported", "recorded, report's split", "recorded, stricter split", "seeds of each"]
    return pipes(head, lines) if lines else "No experiment declares a measured item yet.\n"


def _own_line(experiment: Experiment, evidence: ledger.Evidence, links: bool) -> list[list[str]]:
    """Return the line of an approach that no report has, where it is recorded on the published GTZAN lists."""
    strict = f"gtzan{ledger.STRICT[0]}"
    result = evidence.record(strict, experiment.name) if strict in experiment.profiles else None
    if experiment.report is not None or result is None:
        return []
    found = result.interval("accuracy")
    title = doc(experiment.page, experiment.title) if links else markdown(experiment.title)
    number = markdown(f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]")
    return [[title, "accuracy, ours", NONE, number, f"{NONE} · {len(result.seeds)}"]]


def _result_line(experiment: Experiment, evidence: ledger.Evidence, links: bool) -> list[list[str]]:
    scores = {name: how for name, how in experiment.reproduces.items() if how.get("metric") not in (None, "best_epoch")}
    measured = [(item(name), how) for name, how in scores.items()]
    if not measured:
        return []
    entry, how = measured[0]
    stated = declared(entry, how)
    home = ledger.home_profile(entry)
    found = [evidence.kept(home, experiment.name, strict=strict) for strict in (False, True)]
    numbers = []
    for profile, result in found:
        number = markdown(ledger.number(ledger.measured(result, stated, how)))
        named = "" if profile in (None, home, f"{home}{ledger.STRICT[0]}") else f" ({profile})"
        numbers.append((number or NONE) + named)
    seeds = " · ".join(str(len(result.seeds)) if result else NONE for _, result in found)
    title = doc(experiment.page, experiment.title) if links else markdown(experiment.title)
    source = doc(f"report-{entry.report}", entry.report) if links else markdown(entry.report)
    reported = f"{markdown(ledger.reported(entry, stated))} ({source})"
    return [[title, reported, *numbers, seeds]]
