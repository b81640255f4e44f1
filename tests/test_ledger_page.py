"""The ledger's page: counts, a summary that follows the records, errata by kind, sums done again."""

from __future__ import annotations

import copy
import dataclasses
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from sklearn.metrics import classification_report

from mgclib import experiments, ledger, records, reports
from mgclib.ensemble import side_by_side
from mgclib.errors import MgcError
from mgclib.ledger import arithmetic, errata, page, strips, summary
from mgclib.ledger.summary import HELD, NOT, UNKNOWN, Finding, Number

spec = importlib.util.spec_from_file_location("made_results", Path(__file__).with_name("test_ledger.py"))
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)
make_result = made.make_result


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch):
    """Return a function: the evidence, the rows and the findings when exactly these records exist."""

    def look(recorded: dict) -> tuple[ledger.Evidence, list[ledger.Row], dict[str, Finding]]:
        monkeypatch.setattr(records, "read", lambda profile, name: recorded.get((profile, name)))
        monkeypatch.setattr(experiments, "result", lambda profile, name, plan=None: None)
        monkeypatch.setattr(experiments, "executed", lambda profile, name, plan=None: None)
        evidence = ledger.Evidence(experiments.matrix(), "demo")
        found = ledger.rows(evidence=evidence)
        return evidence, found, {one.text: one for one in summary.findings(found, evidence)}

    return look


def finding(found: dict[str, Finding], word: str) -> Finding:
    return next(one for text, one in found.items() if word in text)


SVM = ("gtzan", "svm-pixels-360x120")
STRICTER = ("gtzan-filtered", "svm-pixels-360x120")


@pytest.mark.parametrize(
    ("accuracies", "outcome"),
    [((0.62, 0.64, 0.65), HELD), ((0.50, 0.51, 0.52), NOT), ((0.80, 0.81, 0.82), NOT), (None, UNKNOWN)],
)
def test_a_score_falls_as_its_verdict_and_shows_its_three_numbers(told, accuracies, outcome) -> None:
    stricter = make_result((0.30, 0.31, 0.32))
    mine = None if accuracies is None else make_result(accuracies)
    found = told({SVM: mine, STRICTER: stricter})[2]
    one = finding(found, "SVM on the pixels")
    assert one.outcome == outcome
    assert one.reported.mean == pytest.approx(127 / 200)
    assert "64 %" in one.text
    assert one.honest.mean == pytest.approx(0.31, abs=0.003)
    assert (one.recorded is None) == (accuracies is None)
    if accuracies:
        assert one.recorded.mean == pytest.approx(np.mean(accuracies), abs=0.003)
        assert f"{100 * (one.recorded.mean - one.honest.mean):.0f} points lower" in one.reading


def test_the_stricter_number_is_of_test_clips_even_where_the_report_prints_validation(told) -> None:
    kept = side_by_side({"baseline": make_result((0.5, 0.52, 0.54)), "other": make_result((0.2, 0.2, 0.3))}, "other")
    one = finding(told({("gtzan-filtered", "transfer-baseline"): kept})[2], "A baseline CNN")
    assert (one.reported.what, one.honest.what) == ("validation accuracy", "")
    assert one.honest.mean == pytest.approx(0.52, abs=0.003)


def test_generated_music_is_nowhere_in_the_summary(told, monkeypatch) -> None:
    evidence = told({})[0]
    fake = make_result((0.62, 0.64, 0.65), synthetic=True)
    monkeypatch.setattr(evidence, "this_build", lambda name: fake)
    again = ledger.rows(evidence=evidence)
    for one in summary.findings(again, evidence):
        assert one.recorded is None, one.text
        assert one.honest is None, one.text


def test_the_best_model_may_be_one_of_several_in_a_record(told) -> None:
    kept = side_by_side({"good": make_result((0.62, 0.64, 0.66)), "main": make_result((0.2, 0.2, 0.3))}, "main")
    evidence = told({("gtzan-filtered", "augmentation"): kept, STRICTER: make_result((0.5, 0.5, 0.5))})[0]
    name, accuracy = summary.best(evidence)
    assert (name, accuracy) == ("augmentation", pytest.approx(0.64, abs=0.003))
    assert summary.best(told({})[0]) is None


def near(mean: float, low: float, high: float, seeds: int = 5) -> Number:
    return Number(mean, low, high, seeds=seeds)


@pytest.mark.parametrize(
    ("recorded", "honest", "outcome"),
    [
        (near(0.10, 0.05, 0.15), None, HELD),
        (near(0.10, 0.05, 0.15), near(0.08, 0.01, 0.15), HELD),
        (near(-0.10, -0.15, -0.05), None, NOT),
        (near(-0.10, -0.15, -0.05), near(0.10, 0.05, 0.15), UNKNOWN),
        (near(0.02, -0.03, 0.07), None, NOT),
        (near(0.02, -0.03, 0.20), None, UNKNOWN),
        (near(0.02, -0.03, 0.07), near(0.02, -0.03, 0.20), UNKNOWN),
        (near(0.10, 0.05, 0.15, seeds=1), None, UNKNOWN),
        (near(0.10, 0.05, 0.15, seeds=1), near(0.08, 0.01, 0.15, seeds=1), HELD),
        (near(0.02, -0.03, 0.07), near(0.10, 0.05, 0.15, seeds=1), UNKNOWN),
        (near(0.02, -0.03, 0.07), near(0.10, 0.05, 0.15), HELD),
        (Number(0.1), None, UNKNOWN),
        (None, None, UNKNOWN),
    ],
)
def test_an_order_counts_where_its_interval_leaves_out_zero(recorded, honest, outcome) -> None:
    assert summary.order(0.10, recorded, honest)[0] == outcome


def test_a_difference_is_that_of_the_two_records_on_the_same_clips(told) -> None:
    large, small = make_result((0.70, 0.72, 0.74)), make_result((0.50, 0.53, 0.54))
    _, _, found = told({("gtzan", "cnn-cs464-100"): large, ("gtzan", "cnn-cs464-25"): small})
    one = finding(found, "100 clips of a genre")
    assert one.recorded.mean == pytest.approx(np.mean([0.20, 0.19, 0.20]), abs=0.003)
    assert one.reported.mean == pytest.approx((81 - 39) / 200)
    assert one.outcome == HELD
    assert (one.recorded.seeds, one.honest) == (3, None)


def test_a_stand_in_settles_nothing_and_is_named(told) -> None:
    result = make_result((0.70, 0.72, 0.74), name="gtzan3")
    _, _, found = told({("gtzan3", "techno-cnn"): result, ("gtzan3", "feature-ml"): make_result((0.50, 0.53, 0.54))})
    level, gap = finding(found, "five styles of techno"), finding(found, "hand-made features")
    for one in (level, gap):
        assert one.outcome == UNKNOWN
        assert one.recorded.where == "gtzan3"
        assert "not public" in one.reading


def test_every_claim_is_told_once_with_its_reported_number_and_its_place(told) -> None:
    entries = [entry for group in summary.declarations() for entry in group["claims"]]
    found = told({})[2]
    assert len(found) == len(entries)
    for entry in entries:
        assert ("of" in entry) == ("{reported}" in entry["claim"]), entry["claim"]
    for one in found.values():
        assert "{" not in one.text
        assert one.items or one.counted
    assert {one.outcome for one in found.values()} <= set(summary.OUTCOMES)


def test_the_page_holds_without_a_single_record(told) -> None:
    evidence, rows, _ = told({})
    text = page.ledger_page(evidence=evidence, found=rows)
    soup = BeautifulSoup(text, "html.parser")
    assert [one.b.get_text() for one in soup.select(".mgc-said")]
    assert "nan %" not in soup.get_text()
    assert "The split decides" not in text


@pytest.fixture
def real(told):
    """Return the evidence, the rows and the page of a checkout with two records."""
    evidence, found, _ = told({SVM: make_result((0.62, 0.64, 0.65)), STRICTER: make_result((0.30, 0.31, 0.32))})
    return evidence, found, page.ledger_page(evidence=evidence, found=found)


def test_what_a_strict_split_costs_is_told_from_the_records(real) -> None:
    told = real[2].partition("**The split decides.**")[2].partition("\n")[0]
    assert "1 of 1 experiments do worse" in told
    assert "costs 33 points" in told
    assert "reaches 31 %" in told
    assert "SVM on pixels <svm-pixels-360x120>" in told


def test_the_page_shows_every_claim_under_its_outcome(real) -> None:
    evidence, found, text = real
    for outcome in summary.OUTCOMES:
        part = text.partition(f"## What {outcome}\n")[2].partition("\n## ")[0]
        shown = [one.get_text() for one in BeautifulSoup(part, "html.parser").select(".mgc-said b")]
        assert shown == [one.text for one in summary.findings(found, evidence) if one.outcome == outcome]


def test_the_counts_of_each_report_are_those_of_its_rows(real) -> None:
    _, found, text = real
    lines = BeautifulSoup(text, "html.parser").select(".mgc-count")
    assert len(lines) == 1 + len(reports.slugs())
    for line, slug in zip(lines, (None, *reports.slugs()), strict=True):
        rows = [row for row in found if slug in (None, row.report)]
        label = line.select_one("[role=img]")["aria-label"]
        spoken = {name: int(n) for n, name in re.findall(r"(\d+) ([a-z ]+)", label)}
        assert spoken == {v: n for v in ledger.VERDICTS if (n := sum(row.verdict == v for row in rows))}
        assert f"of {len(rows)} items run again" in line.get_text()
        assert sum(spoken.values()) == len(rows)


def test_the_page_is_light_and_tells_every_erratum_with_what_it_means(real) -> None:
    soup = BeautifulSoup(real[2], "html.parser")
    assert len(real[2].encode()) < 600_000
    cells = [row.get_text(" ", strip=True) for row in soup.select(".mgc-errata-table tbody tr")]
    for one in errata.collected():
        told = [cell for cell in cells if one.means in cell]
        assert told, one.erratum.id
        assert any(one.erratum.text.replace("+-", "±")[:60] in cell and one.report.slug in cell for cell in told)


def test_errata_are_sorted_by_kind_and_none_is_forgotten(monkeypatch) -> None:
    known = errata.collected()
    assert len(known) == sum(len(reports.load(slug).errata) for slug in reports.slugs())
    by_kind = {kind.name: [one for one in known if one.kind == kind] for kind in errata.kinds()}
    assert all(by_kind.values())
    assert {one.report.slug for one in by_kind["validation-result"]} >= {"zewail-2022"}
    assert "validation-of-2d-cnn" in {one.erratum.id for one in by_kind["validation-twice"]}
    assert [one.kind.name for one in known] == sorted(
        (one.kind.name for one in known), key=[kind.name for kind in errata.kinds()].index
    )
    sorting = copy.deepcopy(errata._sorting())
    del sorting["errata"]["zewail-2022/validation-only"]
    monkeypatch.setattr(errata, "_sorting", lambda: sorting)
    with pytest.raises(MgcError, match="'zewail-2022/validation-only' stands in a report or here, not in both"):
        errata.collected()


def printed(rng: np.random.Generator) -> reports.Item:
    """Return an item with a classification report as scikit-learn prints it, rounded to two digits."""
    true, named = rng.integers(0, 4, 97), rng.integers(0, 4, 97)
    named = np.where(rng.random(97) < 0.6, true, named)
    names = ["blues", "disco", "jazz", "rock"]
    made = classification_report(true, named, target_names=names, output_dict=True, zero_division=0)
    rounded = {
        name: {
            key.replace("-score", ""): round(value, 2) if key != "support" else int(value) for key, value in row.items()
        }
        for name, row in made.items()
        if name != "accuracy"
    }
    values = {
        "decimals": 2,
        "per_class": {name: rounded[name] for name in names},
        "accuracy": round(made["accuracy"], 2),
        "macro_avg": rounded["macro avg"],
        "weighted_avg": rounded["weighted avg"],
        "support_total": 97,
    }
    return dataclasses.replace(reports.item("cs464-2020/table-7"), values=values, derived={})


@pytest.mark.parametrize("seed", range(5))
def test_a_true_report_adds_up_and_a_wrong_number_in_it_is_found(seed: int) -> None:
    item = printed(np.random.default_rng(seed))
    done = list(arithmetic._report(item))
    assert len(done) == 1 + 4 * 2 + 1 + 6
    assert [check.what for check in done if not check.holds] == []
    for path, what in (
        (("accuracy",), "accuracy"),
        (("support_total",), "clips"),
        (("macro_avg", "f1"), "macro average of F1"),
        (("weighted_avg", "recall"), "weighted average of recall"),
        (("per_class", "disco", "f1"), "F1 of disco"),
    ):
        values = copy.deepcopy(item.values)
        place = values
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] += 1 if path == ("support_total",) else 0.05
        wrong = {
            check.what for check in arithmetic._report(dataclasses.replace(item, values=values)) if not check.holds
        }
        assert what in wrong


def test_what_does_not_add_up_in_the_reports_is_found() -> None:
    wrong = {(check.item.id, check.what): check for check in arithmetic.checks() if not check.holds}
    assert wrong["techno/number-splits", "clips of all parts"].again.endswith(f"= {872 + 207 + 226}")
    assert wrong["agh-2023/number-split", "clips of all parts"].printed == "1000"
    fused = wrong["fma-densenet/number-fusion-architecture", "parameters of both branches"]
    assert fused.again == f"{645080 + 6955784:,}"
    assert wrong["fma-densenet/table-2", "accuracy of DenseNet"].again.startswith(f"{1 - 8 * (1 - 0.892) / 2:.3f}")
    assert not any(item.startswith("cs464") for item, _ in wrong)


@pytest.mark.parametrize("gap", [False, True])
def test_a_strip_stays_in_its_frame_and_a_minus_is_a_minus(gap: bool) -> None:
    one = Finding("text", HELD, "", gap=gap, reported=Number(0.4), recorded=near(-0.9 if gap else 0.0, -1.2, 1.3))
    axis = (-40, 60)
    soup = BeautifulSoup(strips.claims_html([one], axis), "html.parser")
    assert 0 <= float(soup.circle["cx"]) <= strips.WIDTH
    whisker = [float(v) for v in re.findall(r"[MH](-?[\d.]+)", soup.select_one(".mgc-whisker")["d"])]
    assert 0 <= min(whisker) <= max(whisker) <= strips.WIDTH
    assert "-" not in soup.select(".mgc-numbers td")[2].get_text()
    low, high = strips.gap_axis([one])
    assert (low <= -120 and high >= 130) if gap else (low, high) == (-10, 10)
