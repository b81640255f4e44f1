"""Pages written from data: every item is there once, every link has a target, the book binds without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from mgclib import experiments, ledger, metrics, records, reports
from mgclib.ledger import page
from mgclib.reports import myst, pages

LABEL = re.compile(r"^\(([\w-]+)\)=$", re.M)
REFERENCE = re.compile(r"\{ref\}`[^`<]*<([\w-]+)>`")
DOCUMENT = re.compile(r"\{doc\}`[^`<]*<([^>]+)>`")
CONFIGURATION = """\
title: Test
execute: {execute_notebooks: "off"}
parse: {myst_enable_extensions: [amsmath, attrs_block, attrs_inline, colon_fence, deflist, dollarmath, substitution]}
launch_buttons: {thebe: false}
"""


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Return every generated page by name."""
    evidence = ledger.Evidence(experiments.matrix(), "demo")
    found = ledger.rows(evidence=evidence)
    texts = {f"report-{slug}": pages.report_page(slug, found=found) for slug in reports.slugs()}
    return {**texts, "ledger": page.ledger_page(evidence=evidence, found=found)}


def test_every_item_has_its_place_and_every_link_a_target(texts: dict[str, str]) -> None:
    labels = Counter(label for text in texts.values() for label in LABEL.findall(text))
    assert set(labels.values()) == {1}
    assert {entry.anchor for entry in reports.items()} <= set(labels)
    assert {target for text in texts.values() for target in REFERENCE.findall(text)} <= set(labels)
    chapters = {entry.page for entry in experiments.matrix().experiments.values()}
    documents = {target for text in texts.values() for target in DOCUMENT.findall(text)}
    assert documents <= {*chapters, "../how-to-read", "ledger"}


def test_every_erratum_stands_on_the_page_and_at_its_items(texts: dict[str, str]) -> None:
    for slug in reports.slugs():
        text = texts[f"report-{slug}"]
        for erratum in reports.load(slug).errata:
            anchor = f"{slug}-erratum-{erratum.id}"
            assert text.count(f"<{anchor}>`") == len(set(erratum.items))


def test_a_claims_note_stands_at_its_own_item_and_nowhere_else(texts: dict[str, str]) -> None:
    noted = {}
    for entry in experiments.matrix().experiments.values():
        noted |= {name: how["note"] for name, how in entry.reproduces.items() if "note" in how}
    assert noted
    for entry in reports.items():
        section = re.split(r"^\(", texts[f"report-{entry.report}"].partition(f"({entry.anchor})=\n")[2], flags=re.M)[0]
        remarks = re.findall(r"^\[Our run:\]\{\.mgc-muted\} (.*)$", section, re.M)
        assert remarks == ([myst.markdown(noted[entry.id])] if entry.id in noted else []), entry.id


def test_headings_go_down_one_step_at_a_time(texts: dict[str, str]) -> None:
    for text in texts.values():
        outside = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
        levels = [len(marks) for marks in re.findall(r"^(#+) ", outside, re.M)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_ledger_lists_all_192_items_and_each_leads_to_its_place(texts: dict[str, str]) -> None:
    soup = BeautifulSoup(texts["ledger"], "html.parser")
    rows = soup.select("table.mgc-sortable tbody tr")
    assert [row.th.get_text() for row in rows] == [entry.short for entry in reports.items()]
    assert [row.th.a["href"] for row in rows] == [
        f"report-{entry.report}.html#{entry.anchor}" for entry in reports.items()
    ]


def test_no_link_of_the_ledger_is_dead(texts: dict[str, str]) -> None:
    labels = {name: set(LABEL.findall(text)) for name, text in texts.items()}
    chapters = {entry.page for entry in experiments.matrix().experiments.values()}
    for link in BeautifulSoup(texts["ledger"], "html.parser").select("a[href]"):
        name, _, label = link["href"].partition("#")
        assert name.removesuffix(".html") in {*texts, *chapters}, link["href"]
        assert not label or label in labels[name.removesuffix(".html")], link["href"]


@pytest.mark.parametrize(
    "text", ["a * b_c $x$ {ref}`y` <b> [z](q) | #1 ~ ^", "- one", "3. three", "+-7 points", "0.64"]
)
def test_text_of_a_report_is_shown_as_it_is(text: str) -> None:
    from markdown_it import MarkdownIt

    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(myst.markdown(text))
    shown = BeautifulSoup(html, "html.parser")
    assert shown.text.strip() == text
    assert [tag.name for tag in shown.find_all()] == ["p"]


def test_the_table_of_results_shows_both_protocols_and_never_synthetic_music(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(records, "read", lambda profile, name: asked.append(profile))
    plain = pages.results_table(links=False)
    assert {"gtzan", "gtzan-filtered"} <= set(asked)
    assert "demo" not in asked
    assert "accuracy 0.64 (cs464-2020)" in plain
    assert "{doc}" not in plain
    assert "{doc}" in pages.results_table()
    assert len({line.count("|") for line in plain.strip().splitlines()}) == 1


def test_an_approach_of_ours_has_a_line_where_it_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(seeds=(0, 1), interval=lambda metric: metrics.Interval(0.7, 0.65, 0.75, 290, "tracks"))
    ours = {("gtzan-filtered", "best-recipe"): found}
    monkeypatch.setattr(records, "read", lambda profile, name: ours.get((profile, name)))
    (line,) = [line for line in pages.results_table(links=False).splitlines() if "ours" in line]
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "The best honest model",
        "accuracy, ours",
        "—",
        r"0.700 \[0.650, 0.750\]",
        "— · 2",
    ]


@pytest.mark.slow
def test_jupyter_book_binds_the_pages_without_a_warning(texts: dict[str, str], tmp_path: Path) -> None:
    pytest.importorskip("jupyter_book")
    book = tmp_path / "book"
    (book / "_generated").mkdir(parents=True)
    chapters = {entry.page: entry.title for entry in experiments.matrix().experiments.values()}
    written = {**texts, **{page: f"# {title}\n\nA chapter.\n" for page, title in chapters.items()}}
    for name, text in written.items():
        (book / "_generated" / f"{name}.md").write_text(text, encoding="utf-8")
    (book / "how-to-read.md").write_text("# How to read\n\nText.\n", encoding="utf-8")
    (book / "index.md").write_text("# Index\n\nText.\n", encoding="utf-8")
    files = ["how-to-read", *(f"_generated/{name}" for name in written)]
    toc = "format: jb-book\nroot: index\nchapters:\n" + "".join(f"- file: {name}\n" for name in files)
    (book / "_toc.yml").write_text(toc, encoding="utf-8")
    (tmp_path / "_config.yml").write_text(CONFIGURATION, encoding="utf-8")
    main = "import sys; from jupyter_book.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", main, "build", "book", "--config", "_config.yml", "--path-output", "book"]
    done = subprocess.run([*command, "-W", "-n", "--keep-going"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, "\n".join(line for line in done.stderr.splitlines() if "WARNING" in line)
    page = (book / "_build/html/_generated/report-cs464-2020.html").read_text(encoding="utf-8")
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find(id="cs464-2020-table-7") is not None
    assert len(soup.select("article table.dataframe")) > 20
