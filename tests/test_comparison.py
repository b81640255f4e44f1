"""All approaches side by side: the records' own numbers, fronts, shared errors, and what others have printed."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from mgclib import ensemble, models, records
from mgclib.errors import ParameterError
from mgclib.overview import approaches, comparison, confidence, costs, published, together
from mgclib.results import Result

ROOT = Path(__file__).parents[1]
SOME = ("svm-pixels-360x120", "cnn-gtzan", "transfer-mobilenetv2", "feature-ml-gtzan")


@pytest.fixture(scope="module")
def found():
    profile = approaches.FILTERED
    kept = {name: records.read(profile, name) for name in SOME}
    return [one for name, result in kept.items() for one in approaches.of_record(profile, name, result, variants=True)]


@pytest.fixture(scope="module")
def table(found):
    return approaches.summary(found)


def made(right, probability=0.9, seeds=(0,), genres=("blues", "rock"), name="x"):
    """Return an approach that is right about some clips: a row per seed of one bool per clip."""
    parts = []
    for seed, row in zip(seeds, np.atleast_2d(right), strict=True):
        names = [f"{genres[k % 2]}.{k:05d}" for k in range(len(row))]
        clips = pd.DataFrame(
            {"genre": [n[:-6] for n in names], "track_id": names}, index=pd.Index(names, name="clip_id")
        )
        truth = np.arange(len(row)) % 2
        said = np.where(row, truth, 1 - truth)
        p = np.where(np.arange(2) == said[:, None], probability, 1 - probability)
        parts.append(Result.from_arrays(clips, "test", p, genres, seed))
    return approaches.Approach(name, "pixels", "nothing", approaches.FILTERED, name, None, "", Result.concat(parts))


def test_a_row_says_what_its_record_says(found, table):
    for one, row in zip(found, table.itertuples(), strict=True):
        if one.member is None and one.experiment != "cnn-gtzan":
            interval = records.read(one.profile, one.experiment).interval()
            assert (row.accuracy, row.low, row.high) == (interval.mean, interval.low, interval.high)
            assert row.interval == f"{interval.n} {interval.kind}"
            assert row.macro_f1 == pytest.approx(one.recorded.metric("macro_f1").mean())
            assert row.top_3 == pytest.approx(one.recorded.metric("top_3_accuracy").mean())


def test_snippets_vote_so_that_all_are_judged_on_the_same_clips(found, table):
    assert set(table["clips"]) == {290}
    cnn = next(one for one in found if one.experiment == "cnn-gtzan")
    assert len(cnn.recorded.select("test", 0)) == 3 * 290
    assert table.set_index("experiment").loc["cnn-gtzan", "accuracy"] == cnn.recorded.vote().metric("accuracy").mean()


def test_a_record_with_several_models_has_a_row_for_each_but_its_own_twice(table):
    rows = table[table["experiment"] == "transfer-mobilenetv2"]
    own = rows[rows["member"].isna()]
    assert len(own) == 1
    assert own["setting"].item()
    assert own["setting"].item() not in set(rows["member"].dropna())
    assert rows.set_index("member").loc["no transfer", "learnt_from"] == "nothing"
    assert own["learnt_from"].item() == "photographs"
    assert rows["name"].is_unique


def test_every_record_has_a_name_or_is_left_out_for_a_reason():
    recorded = {place.parent.name for place in records.records_root().glob("*/*/result.json")}
    assert recorded <= {*approaches.NAMES, *approaches.LEFT_OUT}
    known = yaml.safe_load((ROOT / "notebooks" / "experiments.yaml").read_text(encoding="utf-8"))["experiments"]
    assert {*approaches.NAMES, *approaches.LEFT_OUT} <= set(known)


@pytest.fixture(scope="module", params=sorted(approaches.VOTES))
def vote(request):
    """Return a recorded vote: its experiment, its record, and the approaches that are made of it."""
    name, profile = request.param, approaches.FILTERED
    result = records.read(profile, name)
    return name, result, approaches.of_record(profile, name, result, variants=True)


def test_a_vote_stands_with_its_voters_and_never_with_what_was_only_tried(vote):
    name, result, rows = vote
    assert any(key.startswith(ensemble.OTHER) for key in result.tables)
    voters = approaches.VOTES[name]
    assert {one.member for one in rows} == {None, *voters}
    title = approaches.NAMES[name][0]
    assert {one.name for one in rows} == {title, *(f"{title}: {called}" for called in voters.values())}
    assert set(voters.values()) <= set(models.REGISTRY)
    seen = {one.name.rpartition(": ")[2]: one.learnt_from for one in rows}
    assert seen["covariances"] == "nothing"


def test_a_vote_costs_what_its_voters_cost_together(vote):
    name, result, rows = vote
    own, *voters = (costs.cost_of(result, name, one.member) for one in rows)
    for key in ("parameters", "macs", "single", "batch"):
        assert own[key] == pytest.approx(sum(voter[key] for voter in voters))
        assert all(0 < voter[key] < own[key] for voter in voters)
    assert {own["prepare"]} == {voter["prepare"] for voter in voters}
    assert costs.cost_of(result, name, "another") == {}


def test_the_table_leads_to_pages_and_sorts_by_number(table):
    page = approaches.shown(table, caption="c").html
    assert 'href="transfer-mobilenetv2.html"' in page
    best = table["accuracy"].max()
    assert f'data-sort="{100 * best}"' in page
    assert len(re.findall(r"<tr>", page)) == len(table) + 1


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [(8_484_106, 1, "8.5 M"), (1.799e9, 1, "1.8 G"), (34_094, 1, "34 k"), (0.0288, 1e-3, "29"), (0.0055, 1e-3, "5.5")],
)
def test_a_cost_has_two_digits(value, unit, told):
    assert approaches.costs_told(value, unit) == told
    assert approaches.costs_told(float("nan")) == "—"


def test_measured_costs_agree_with_the_records_own_counts():
    kept = json.loads(costs.COSTS.read_text(encoding="utf-8"))
    assert kept["measured"]["threads"] == 1
    assert kept["measured"]["hardware"]["cpu"]
    for name in ("baseline-a-2d", "baseline-b", "densenet"):
        result = records.read(approaches.FILTERED, name)
        facts, cost = result.parameters["facts"], costs.cost_of(result, name)
        assert (cost["parameters"], cost["macs"]) == (facts["weights"], facts["macs"])
        assert kept["experiments"][name][""]["parameters"] == facts["weights"]


def test_a_seed_that_shared_the_machine_does_not_make_a_training_long():
    one = made([[True, False]] * 3, seeds=(0, 1, 2)).recorded
    fitted = {str(seed): {"seconds": seconds} for seed, seconds in enumerate((10.0, 11.0, 900.0))}
    told = dataclasses.replace(one, provenance={**one.provenance, "fitted": fitted})
    assert costs.training_seconds(told) == 11.0
    assert costs.training_seconds(dataclasses.replace(told, provenance={"fitted": {**fitted, "3": {}}})) is None


def test_a_track_in_snippets_costs_as_often_as_it_is_asked_about(found):
    cnn = next(one for one in found if one.experiment == "cnn-gtzan")
    kept = json.loads(costs.COSTS.read_text(encoding="utf-8"))["experiments"]["cnn-gtzan"][""]
    cost = costs.cost_of(cnn.recorded, "cnn-gtzan")
    assert cost["macs"] == 3 * kept["macs"]
    assert cost["single"] == pytest.approx(3 * kept["single"])
    assert cost["parameters"] == kept["parameters"]
    assert costs.cost_of(cnn.recorded, "never-measured") == {}


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=8))
def test_nobody_on_the_front_has_a_better_neighbour(points):
    cost, accuracy = (pd.Series(one, dtype=float) for one in zip(*points, strict=True))
    on = comparison.front(cost, accuracy)
    for k, (c, a) in enumerate(points):
        better = any(d <= c and b >= a and (d, b) != (c, a) for d, b in points)
        assert on[k] == (not better)


def test_a_point_tells_the_numbers_of_its_row(table):
    some = table[table["member"].isna()]
    told = comparison.told(some)
    number = some.index[some["experiment"] == "svm-pixels-360x120"][0]
    row = some.loc[number]
    assert told[str(number)].startswith(f"SVM on pixels, 360 × 120: {100 * row['accuracy']:.1f} % [")
    assert "56 M weights" in told[str(number)]
    assert "290 tracks" in told[str(number)]
    unknown = some.assign(parameters=np.nan)
    assert "weights" not in comparison.told(unknown)[str(number)]
    drawn = comparison.pareto_chart(some, "weights")
    gids = {line.get_gid() for line in drawn.axes[0].lines} - {None}
    assert gids == {f"mgc-point-{key}" for key in told}
    with pytest.raises(ParameterError, match="no approach of this table has a cost 'weights'"):
        comparison.pareto_chart(unknown, "weights")


@pytest.mark.parametrize("cost", comparison.COSTS)
def test_names_on_the_front_cover_neither_each_other_nor_the_axis(table, cost):
    drawn = comparison.pareto_chart(table[table["member"].isna()], cost)
    drawn.draw_without_rendering()
    axes = drawn.axes[0]
    places = [text.get_window_extent() for text in axes.texts]
    assert places
    assert all(axes.bbox.x0 < place.x0 for place in places)
    for k, place in enumerate(places):
        assert not any(place.overlaps(other) for other in places[:k])


def test_clips_that_nobody_gets_right_and_what_they_are_called():
    judges = [
        made([True, False, False, True], name="a"),
        made([[True, False, False, False], [False, False, True, False]], seeds=(0, 1), name="b"),
    ]
    shares = together.right_shares(together.common(judges))
    assert shares["b"].to_dict() == {"blues.00000": 0.5, "blues.00002": 0.5, "rock.00001": 0.0, "rock.00003": 0.0}
    missed = together.nobody_right(judges)
    assert list(missed.index) == ["rock.00001"]
    row = missed.loc["rock.00001"]
    assert (row["genre"], row["instead"], row["called"], row["agreed"]) == ("rock", "blues", "blues 100 %", 1.0)
    page = together.shown_missed(missed, clips=4, judges=2).html
    assert "rock.00001" in page
    assert "1 of 4" in page
    assert "every one is named rightly" in together.shown_missed(missed.iloc[:0], clips=4, judges=2).html


def test_those_tested_on_other_clips_do_not_judge():
    same = [made([True, False, True], name="a"), made([False, False, True], name="b")]
    other = made([True, False], name="c")
    assert [one.name for one in together.common([other, *same])] == ["a", "b"]
    moving = made([[True, False, True], [True, False, True]], seeds=(0, 1), name="moving")
    elsewhere = moving.recorded.predictions["seed"].eq(1) & moving.recorded.predictions["track_id"].eq("blues.00002")
    moving.recorded.predictions.loc[elsewhere, "track_id"] = "blues.00004"
    assert [one.name for one in together.common([moving, moving, *same, moving])] == ["a", "b"]
    for nobody in ([], [moving]):
        with pytest.raises(ParameterError, match="no approach to look at"):
            together.common(nobody)


def test_expected_by_the_product_of_errors():
    rng = np.random.default_rng(0)
    shares = pd.DataFrame((rng.random((60, 3)) < 0.5).astype(float), columns=list("abc"))
    genres = pd.Series(["blues"] * 30 + ["rock"] * 30)
    wrong = 1 - shares.mean()
    everywhere = together.expected(shares, genres, within=False, n=500)
    assert everywhere.mean == pytest.approx(60 * wrong.prod())
    within = together.expected(shares, genres, within=True, n=500)
    by_hand = sum(30 * (1 - part.mean()).prod() for _, part in shares.groupby(genres))
    assert within.mean == pytest.approx(by_hand)
    assert within.low <= within.mean <= within.high
    one_hard_genre = pd.DataFrame({k: [0.0] * 30 + [1.0] * 30 for k in "abc"})
    assert together.expected(one_hard_genre, genres, within=True, n=20) == (30.0, 30.0, 30.0)
    assert together.expected(one_hard_genre, genres, within=False, n=20).mean == pytest.approx(7.5)


@pytest.mark.parametrize(
    ("mean", "told"), [(2e-6, "less than 0.01"), (0.123, "0.1"), (0.99, "1"), (12.4, "12"), (136.0, "136")]
)
def test_an_expected_number_is_told_without_powers_of_ten(mean, told):
    assert together.Expected(mean, 0, 0).told == told


def test_error_consistency_is_cohens_kappa():
    rng = np.random.default_rng(1)
    shares = pd.DataFrame((rng.random((80, 3)) < 0.6).astype(float), columns=list("abc"))
    shares["copy"] = shares["a"]
    shares["always"] = 1.0
    kappa = together.consistency(shares)
    assert kappa.loc["a", "b"] == pytest.approx(cohen_kappa_score(shares["a"], shares["b"]))
    assert kappa.loc["a", "copy"] == pytest.approx(1)
    assert np.isnan(np.diag(kappa)).all()
    assert kappa.loc["always", "a"] == pytest.approx(0)


def test_recall_is_ordered_by_accuracy_and_ease(found):
    judged = together.common([one for one in found if one.member is None])
    recall = together.recalls(judged)
    assert list(recall.mean()) == sorted(recall.mean(), reverse=True)
    accuracy = {one.name: one.result.metric("accuracy").mean() for one in judged}
    assert list(recall.index) == sorted(accuracy, key=accuracy.get, reverse=True)
    svm = next(one for one in judged if one.experiment == "svm-pixels-360x120")
    report = svm.result.classification_report()
    np.testing.assert_allclose(recall.loc[svm.name].sort_index(), report["recall"].iloc[:10].sort_index())


def test_confidence_leaves_the_temperature_out_where_there_was_no_validation(found):
    judged = [one for one in found if one.member is None]
    trust = confidence.confidences(judged)
    for one in judged:
        assert np.isnan(trust.loc[one.name, "temperature"]) == ("validation" not in one.recorded.parts)
    assert ((trust["low"] <= trust["error"]) & (trust["error"] <= trust["high"])).all()
    assert confidence.shown_confidences(trust, caption="c").html.count("<tr>") == len(trust) + 1


def test_published_numbers_have_sources_that_the_page_cites():
    bib = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    entries = {m[1]: m[2] for m in re.finditer(r"@\w+\{(\w+),(.*?)\n\}", bib, flags=re.DOTALL)}
    page = (ROOT / "notebooks" / "comparison.ipynb").read_text(encoding="utf-8")
    cited = {key for group in re.findall(r"cite:[tp]\}`([^`]+)`", page) for key in group.split(",")}
    for one in published.published().itertuples():
        assert {one.source, *filter(None, [one.seen_in])} <= cited <= set(entries)
        year = one.by.split()[-1]
        assert re.search(rf"year\s*= \{{{year}\}}", entries[one.source])
        assert one.by.split()[0] in entries[one.source]
        assert bool(one.note)
        assert all(f"{value} %" in one.note for value in one.instead)
        assert not (one.confirmed and one.instead)
        assert one.audio == (one.learnt_from != "nothing")


def test_published_numbers_are_those_of_the_issue():
    given_ = [53.4, 54.1, 65.2, 73.5, 74.8, 77.2, 77.6, 77.9, 82.1, 83.5]
    assert published.published()["value"].tolist() == given_
    assert "not found" in published.published_table().html


def test_figures_are_drawn(found, table):
    judged = [one for one in found if one.member is None]
    drawn = [
        comparison.published_chart(table[table["member"].isna()]),
        comparison.recall_chart(together.recalls(judged)),
        comparison.consistency_chart(together.consistency(together.right_shares(judged))),
        comparison.reliability_chart(confidence.curves(judged, [judged[0].name, judged[-1].name])),
    ]
    names = [text.get_text() for text in drawn[0].axes[0].get_yticklabels()]
    assert len(names) == 10 + len(judged)
    assert names[-1] == "MULE (?)"
    assert [len(one.axes) for one in drawn] == [1, 2, 2, 2]
    with pytest.raises(ParameterError, match="no curve"):
        comparison.reliability_chart({})
