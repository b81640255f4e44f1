"""The five transcriptions: whole, strict to read, and nothing lost on the way from the originals."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mgclib import reports
from mgclib.reports.loader import FOLDER, ReportError, parse

ITEMS = {"agh-2023": 45, "cs464-2020": 68, "fma-densenet": 30, "techno": 25, "zewail-2022": 24}

MINIMAL = """\
report: tiny
title: Tiny
year: null
numbering: source
figures_total: 0
tables_total: 0
items_total: 1
corpus: {name: gtzan}
errata:
  - {id: odd, items: [tiny/one], text: odd}
not_transcribed: []
items:
  - id: tiny/one
    kind: scalar
    section: "1"
    caption: "[One]"
    approach: lstm
    protocol: {corpus: gtzan, seeds: null}
    values: {accuracy: 0.5}
    quote: ["one"]
    shows: null
    notes: []
"""


@pytest.fixture
def tiny(tmp_path: Path):
    """Return a function that writes a report and reads it back."""

    def write(text: str) -> reports.Report:
        path = tmp_path / "tiny.yaml"
        path.write_text(text, encoding="utf-8")
        return parse(path)

    return write


def test_all_five_reports_are_there_with_all_their_items() -> None:
    assert {slug: len(reports.load(slug).items) for slug in reports.slugs()} == ITEMS
    ids = [entry.id for entry in reports.items()]
    assert len(ids) == len(set(ids)) == sum(ITEMS.values())


def test_totals_of_figures_and_tables_fit_the_items() -> None:
    for slug in reports.slugs():
        report = reports.load(slug)
        short = [entry.short for entry in report.items.values()]
        figures = sum(name.startswith("figure-") for name in short)
        tables = sum(name.startswith("table-") and not name.endswith("-matrix") for name in short)
        appendix = sum(name.startswith("appendix-") and not name.endswith("-matrix") for name in short)
        assert figures <= report.figures_total <= figures + appendix
        assert tables <= report.tables_total <= tables + appendix


@pytest.mark.parametrize("slug", sorted(ITEMS))
def test_nothing_was_lost_against_the_original(shared_data: Path, slug: str) -> None:
    original = shared_data.parent / "reports" / f"{slug}.yaml"
    if not original.is_file():
        pytest.skip(f"no original transcription at {original}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    theirs = yaml.load(original.read_text(encoding="utf-8"), Loader=loader)
    theirs.pop("source")
    ours = yaml.load((FOLDER / f"{slug}.yaml").read_text(encoding="utf-8"), Loader=loader)
    assert ours == theirs


def test_what_is_printed_and_what_is_not_stated_are_kept_apart() -> None:
    entry = reports.item("cs464-2020/table-7")
    assert entry.value("accuracy") == 0.64
    assert entry.derived["correct"] == 127
    assert entry.stated["corpus"] == "gtzan"
    assert "seeds" in entry.not_stated
    assert entry.value("per_class.metal.recall") == 0.89
    assert reports.item("fma-densenet/table-2").value("rows.DenseNet.f1") == 0.574


def test_an_unknown_item_names_its_closest_match() -> None:
    with pytest.raises(ReportError, match=r"'cs464-2020/tabel-7'; the closest match is 'cs464-2020/table-7'"):
        reports.item("cs464-2020/tabel-7")
    with pytest.raises(ReportError, match="closest match is 'cs464-2020/table-7'"):
        reports.item("cs464/table-7")
    with pytest.raises(ReportError, match="closest match is 'techno'"):
        reports.load("tecno")
    with pytest.raises(ReportError, match=r"no value 'f2'.*accuracy"):
        reports.item("cs464-2020/table-7").value("f2")


def test_errata_are_found_from_the_items_they_touch() -> None:
    report = reports.load("cs464-2020")
    assert "class-accuracy-is-precision" in {e.id for e in report.errata_of("cs464-2020/number-svm-class-accuracy")}


def test_a_small_report_is_read(tiny) -> None:
    report = tiny(MINIMAL)
    assert report.year is None
    assert report.items["tiny/one"].not_stated == ("seeds",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    kind: scalar", "\tkind: scalar", r"tiny\.yaml:14: there is a tab"),
        ("title: Tiny", "title: Tiny\ntitle: Twice", r"tiny\.yaml:3: the key 'title' occurs twice"),
        ("values: {accuracy: 0.5}", "values: {accuracy: 0.5, accuracy: 0.6}", ":19: the key 'accuracy' occurs twice"),
        ("kind: scalar", "kind: rumour", r"tiny\.yaml: tiny/one has the unknown kind 'rumour'; known are"),
        ("approach: lstm", "approach: guess", "unknown approach 'guess'"),
        ("items_total: 1", "items_total: 2", "items_total is 2, but there are 1"),
        ("items: [tiny/one]", "items: [tiny/two]", "erratum 'odd' names 'tiny/two'"),
        ("id: tiny/one", "id: other/one", "does not begin with 'tiny/'"),
        ("corpus: {name: gtzan}\n", "corpus: {name: gtzan\n", r"tiny\.yaml:\d+: "),
        ("numbering: source\n", "", "a part is missing or has the wrong shape"),
    ],
)
def test_a_malformed_report_is_refused_in_one_line_that_says_where(tiny, old: str, new: str, message: str) -> None:
    assert old in MINIMAL
    with pytest.raises(ReportError, match=message) as caught:
        tiny(MINIMAL.replace(old, new, 1))
    assert "\n" not in str(caught.value)


def test_two_items_with_one_id_are_refused(tiny) -> None:
    head, _, entry = MINIMAL.partition("items:\n  - id")
    text = f"{head}items:\n  - id{entry}  - id{entry}".replace("items_total: 1", "items_total: 2")
    with pytest.raises(ReportError, match="'tiny/one' stands there twice"):
        tiny(text)
