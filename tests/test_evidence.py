"""Who beats whom, what printed totals decide, and the power of McNemar's test: by hand arithmetic and simulation."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgclib import evidence, metrics, paired, plots, power, rankings
from mgclib.datasets import gtzan
from mgclib.ensemble import MEMBER
from mgclib.errors import ParameterError
from mgclib.results import Result


def result(
    right: dict[int, np.ndarray], clips: list[str], *, epochs: bool = True, protocol: str = "fault-filtered"
) -> Result:
    """A result of two genres with these clips named rightly, by seed."""
    frames = []
    for seed, hits in right.items():
        share = np.where(hits, 0.8, 0.2)
        frame = pd.DataFrame({"seed": seed, "split": "test", "clip_id": clips, "track_id": clips, "genre": "blues"})
        frames.append(frame.assign(p_blues=share, p_rock=1 - share))
    history = pd.DataFrame(
        {"seed": list(right), "epoch": 1, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
    ).assign(seconds=1.0, best=True)
    kept = history if epochs else pd.DataFrame()
    return Result(pd.concat(frames, ignore_index=True), ("blues", "rock"), kept, {"protocol": protocol})


def approach(name: str, right: dict[int, np.ndarray], clips: list[str], **how) -> evidence.Approach:
    return evidence.Approach(name, name.lower(), result(right, clips, **how))


@pytest.fixture(scope="module")
def clips() -> list[str]:
    """Sixty clips without a known artist, so each counts as another's."""
    return [f"nobody.{k:05d}" for k in range(60)]


def hits(count: int, size: int = 60) -> np.ndarray:
    return np.arange(size) < count


def test_holm_by_hand():
    # sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 = 0.02, 0.03, 0.06, 0.04 -> the last may not fall below 0.06
    assert evidence.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert evidence.holm([0.6, 0.9]) == pytest.approx([1, 1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values):
    corrected = evidence.holm(p_values)
    rejected, left = set(), sorted(range(len(p_values)), key=lambda k: p_values[k])
    while left and p_values[left[0]] * len(left) <= 0.05:
        rejected.add(left.pop(0))
    assert {k for k, p in enumerate(corrected) if p <= 0.05} == rejected


def test_a_flip_for_each_clip_is_mcnemars_test():
    gains = np.array([[1] * 12 + [-1] * 3 + [0] * 20, [1] * 8 + [-1] * 7 + [0] * 20])
    found = evidence.flipped(gains, np.arange(35))
    assert found == pytest.approx([metrics.exact_mcnemar(12, 3), metrics.exact_mcnemar(8, 7)])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 1)), min_size=1, max_size=25))
def test_all_ways_in_which_the_coins_can_fall_are_counted(clips):
    groups, gains = (np.array(values) for values in zip(*clips, strict=True))
    sums = np.bincount(groups, gains, minlength=6)
    totals = [abs(np.dot(signs, sums)) for signs in itertools.product((-1, 1), repeat=6)]
    assert evidence.flipped(gains[None], groups) == pytest.approx(np.mean(np.array(totals) >= abs(sums.sum())))


def test_clips_of_one_artist_are_one_coin():
    gains = np.array([[1] * 12 + [0] * 20])
    together = np.r_[np.zeros(6, int), np.ones(6, int), np.arange(2, 22)]
    # two artists: both signs alike, up or down, in half of the cases
    assert evidence.flipped(gains, together)[0] == pytest.approx(0.5)
    assert evidence.flipped(gains, np.arange(32))[0] < 0.002


def test_artists_are_numbered_as_listed():
    listed = gtzan.artists()
    same = listed[listed == listed.value_counts().index[0]].index[:2]
    other = listed[listed != listed[same[0]]].index[0]
    first, second, third, nobody, somebody = evidence.artists([*same, other, "nobody.00001", "nobody.00002"])
    assert first == second
    assert len({first, third, nobody, somebody}) == 4


def test_pairs_count_test_and_agree_with_the_room_of_pairs(clips):
    a = {0: hits(45), 1: hits(44), 2: hits(46)}
    b = {0: np.roll(hits(30), 25), 1: np.roll(hits(28), 3), 2: np.roll(hits(31), 4)}
    one, two = approach("A", a, clips), approach("B", b, clips)
    row = evidence.pairs([one, two]).loc[("A", "B")]
    assert (row["only_a"], row["only_b"], row["clips"]) == (25, 10, 60)
    first = [Result.concat([result({0: right[0]}, clips)]) for right in (a, b)]
    assert (row["discordant"], row["independent"]) == pytest.approx((35 / 60, 0.75 * 0.5 + 0.25 * 0.5))
    table = paired.mcnemar(*first)
    assert (row["only_a"], row["only_b"], row["p"]) == tuple(table.loc[0, ["only_a", "only_b", "p_value"]])
    boot = paired.paired_difference(first[1], first[0])
    assert row["difference"] == pytest.approx(boot.mean)
    assert (row["clips_low"], row["clips_high"]) == pytest.approx((boot.low, boot.high), abs=0.03)
    over = paired.paired_difference(two.result, one.result)
    assert (row["mean"], row["seeds_low"], row["seeds_high"]) == pytest.approx((over.mean, over.low, over.high))
    assert row["verdict"] == evidence.SURE


def test_verdicts(clips):
    strong, weak = hits(50), hits(20)
    several = approach("several", {0: strong, 1: strong, 2: hits(49)}, clips)
    alone = approach("alone", {0: weak}, clips)
    lucky = approach("lucky", {0: weak, 1: hits(58), 2: hits(59)}, clips)
    same = approach("same", {0: hits(49)}, clips)
    fixed = approach("fixed", {0: weak}, clips, epochs=False)
    found = evidence.pairs([several, same, lucky, alone, fixed])["verdict"]
    assert found["several", "alone"] == evidence.ONE_RUN
    assert found["several", "lucky"] == evidence.UNSTABLE
    assert found["several", "same"] == evidence.OPEN
    assert found["several", "fixed"] == evidence.SURE  # a fit that repeats itself stands for every seed
    assert found["same", "fixed"] == evidence.ONE_RUN


def test_a_vote_of_models_is_not_taken_to_repeat_itself(clips):
    alone = result({0: hits(50)}, clips, epochs=False)
    vote = replace(alone, tables={f"{MEMBER}one": alone.predictions})
    assert [evidence.Approach("x", "x", one).repeats for one in (alone, vote)] == [True, False]


def test_what_repeats_itself_has_no_interval_over_seeds(clips):
    strong, weak = hits(50), hits(20)
    often = approach("often", dict.fromkeys(range(3), strong), clips, epochs=False)
    once = approach("once", {0: weak}, clips, epochs=False)
    drawn = approach("drawn", {0: weak}, clips, epochs=False, protocol="clip")
    network = approach("network", dict.fromkeys(range(3), weak), clips)
    assert [one.repeats for one in (often, once, drawn, network)] == [True, True, False, False]
    assert evidence.intervals([often])["seeds_low"].isna().all()
    found = evidence.pairs([often, once, network])
    assert found["seeds_low"].isna().all()
    assert found.loc[("often", "once"), ["seeds", "verdict"]].to_list() == [3, evidence.SURE]
    assert found.loc[("once", "network"), ["seeds", "verdict"]].to_list() == [3, evidence.OPEN]
    assert found.loc[("often", "network"), ["seeds", "verdict"]].to_list() == [3, evidence.SURE]
    assert evidence.against(found, "once").loc["often", "over seeds"] == "—"


def test_a_profile_without_records_is_named():
    with pytest.raises(ParameterError, match="'nothing-here' has no record"):
        evidence.approaches("nothing-here")


def test_points_are_told_with_a_sign_or_none():
    assert [evidence.points_told(x) for x in (0.015, -0.08, 0.0, -0.0004)] == ["+1.5", "−8.0", "0.0", "0.0"]
    assert evidence.points_told(-0.004, digits=0) == "0"


def test_only_equal_clips_are_compared(clips):
    one, two = approach("A", {0: hits(40)}, clips), approach("B", {0: hits(20)}, clips)
    other = approach("C", {0: hits(30)}, [f"other.{k:05d}" for k in range(60)])
    unlike = approach("D", {1: hits(30)}, clips)
    assert list(evidence.pairs([one, two, other, unlike]).index) == [("A", "B")]
    with pytest.raises(ParameterError, match="same clips"):
        evidence.pairs([one, other])


def test_intervals_say_what_they_are_over(clips):
    listed = gtzan.artists()
    mozart = list(listed[listed == "Mozart"].index)
    names = mozart + clips[: 60 - len(mozart)]
    block = np.arange(60) >= len(mozart)
    found = evidence.intervals([approach("A", {0: block}, names), approach("B", {0: hits(30), 1: hits(32)}, clips)])
    assert list(found["seeds"]) == [1, 2]
    assert np.isnan(found.loc["A", "seeds_low"])
    assert found.loc["B", "accuracy"] == pytest.approx(31 / 60)
    low, high = metrics.wilson(int(block.sum()), 60)
    assert (found.loc["A", "clips_low"], found.loc["A", "clips_high"]) == pytest.approx((low, high), abs=0.04)
    assert evidence.widths(found.loc[["A"]]) > 1.5  # all of Mozart wrong: one witness
    assert evidence.widths(found.loc[["B"]]) == pytest.approx(1, abs=0.15)
    told = evidence.interval_table({"x": found})
    assert told.loc["A", ("x", "over seeds")] == "—"


def test_power_against_simulation():
    rng = np.random.default_rng(1)
    for n, gap, share in ((200, 0.1, 0.3), (60, 0.2, 0.5), (200, 0.0, 0.2)):
        drawn = rng.multinomial(n, [(share + gap) / 2, (share - gap) / 2, 1 - share], 4000)
        rejected = [metrics.exact_mcnemar(*counts[:2]) <= 0.05 for counts in np.unique(drawn, axis=0)]
        often = np.unique(drawn, axis=0, return_counts=True)[1] @ rejected / 4000
        assert power.power(n, gap, share) == pytest.approx(often, abs=0.025)


@pytest.mark.parametrize(("gap", "share"), [(0.02, 0.3), (0.05, 0.15), (0.1, 0.3), (0.05, 0.4)])
def test_clips_needed_have_the_power_that_they_promise(gap, share):
    n = power.clips_needed(gap, share)
    assert 0.74 < power.power(n, gap, share) < 0.81
    assert power.power(round(1.15 * n), gap, share) > 0.8
    assert power.visible(n, share) == pytest.approx(gap, abs=0.0015)


def test_clips_needed_by_hand():
    # psi = 0.3, delta = 0.1: ((1.96 * 0.54772 + 0.84162 * sqrt(0.29)) / 0.1) ** 2 = 233.3
    assert power.clips_needed(0.1, 0.3) == 234
    # 0.64 and 0.41, pooled: ((1.96 * 0.70622 + 0.84162 * 0.68680) / 0.23) ** 2 = 72.8
    assert power.apart_needed(0.64, 0.41) == 73
    assert power.discordant_if_independent(0.6, 0.5) == pytest.approx(0.5)
    for wrong in ((0, 0.3), (0.4, 0.3), (0.1, 1.2)):
        with pytest.raises(ParameterError):
            power.clips_needed(*wrong)


@given(st.integers(1, 7), st.data())
def test_possible_p_values_are_those_of_all_tables(total, data):
    first, second = (data.draw(st.integers(0, total)) for _ in range(2))
    values = [
        metrics.exact_mcnemar(first - both, second - both)
        for both in range(min(first, second) + 1)
        if first + second - both <= total
    ]
    found = power.p_range(first, second, total)
    assert (found.least, found.most) == pytest.approx((min(values), max(values)))
    assert found.least <= found.independent <= found.most


def test_sixty_four_against_sixty_two_with_two_hundred_clips():
    found = power.p_range(128, 124, 200)
    assert found.least == pytest.approx(2 * 0.5**4)
    assert found.verdict == "not decided"
    assert power.p_range(130, 124, 200).least == pytest.approx(2 * 0.5**6)
    assert power.p_range(130, 124, 200).verdict == "cannot be known"
    assert power.p_range(128, 82, 200).verdict == "decided"
    # independent errors: 93.3 clips, but with a lead of 4 the number is even
    assert list(power.p_range(128, 124, 200).table()["clips that only one has right"]) == [4, 94, 148]


def test_the_reports_are_read_as_printed():
    by_title = {one.title: one.printed for one in rankings.rankings()}
    assert [(one.share, one.total) for one in by_title["AGH"]] == [(86 / 99, 99), (83 / 99, 99), (30 / 99, 99)]
    assert [one.share for one in by_title["CS464, methods"]] == [0.635, 0.635, 0.62, 0.51, 0.405]
    assert {one.total for one in by_title["FMA"]} == {800}
    assert {one.total for one in by_title["Zewail"]} == {None}
    for printed in by_title.values():
        assert all(one.share >= two.share for one, two in itertools.pairwise(printed))


def test_neighbours_are_judged_by_what_is_printed():
    judged = rankings.neighbours(0.6)
    cs464 = judged.loc["CS464, methods"]
    assert cs464["others"].all()  # the genres of their test clips differ
    assert list(cs464["verdict"]) == ["not decided", "not decided", "decided", "decided"]
    agh = judged.loc["AGH", "EfficientNet", "ResNet"]
    assert agh["p_least"] == pytest.approx(0.25)  # three clips, none the other way
    assert agh["verdict"] == "not decided"
    assert set(judged.loc["Zewail"]["verdict"]) == {"cannot be known"}
    decided = judged[(judged["verdict"] == "decided") & ~judged["others"]]
    assert (decided["p_most"] <= 0.05).all()
    gap = rankings.Ranking("x", (rankings.Printed("a", 0.9, 100), rankings.Printed("b", 0.3, 100)))
    one = rankings.neighbours(0.2, [gap]).iloc[0]
    assert one["needed_same"] == power.clips_needed(0.6, 0.6)  # at least as many discordant as the difference
    small = rankings.neighbours(0.5, [rankings.Ranking("x", (rankings.Printed("a", 0.6), rankings.Printed("b", 0.5)))])
    assert small["needed_same"].item() == power.clips_needed(0.1, 0.25)  # independent errors: 0.5
    same = judged.dropna(subset=["needed_same"])
    assert (same["needed_same"] <= same["needed_apart"]).all()


def test_our_verdict_stands_beside_the_reports_with_its_own_sign(clips):
    found = [evidence.Approach("M", "agh-resnet", result({0: hits(50)}, clips))]
    found.append(evidence.Approach("N", "agh-efficientnet", result({0: hits(20)}, clips)))
    pairs = evidence.pairs(found)
    judged = rankings.neighbours(0.6)
    table = rankings.ranking_table(judged, pairs)
    told = table.loc[("AGH", "EfficientNet – ResNet"), "ours, fault-filtered"]
    assert told.startswith("−50.0, p\N{NO-BREAK SPACE}<0.001")
    assert told.endswith(evidence.ONE_RUN)
    assert set(table["ours, fault-filtered"]) == {told, "not recorded"}
    assert "the same order in 0; 0 of these are decided, and 1 of the others" in rankings.agreement(judged, pairs)


def test_a_difference_of_nothing_is_not_the_same_order(clips):
    found = [evidence.Approach(n, n, result({0: hits(30)}, clips)) for n in ("agh-resnet", "agh-efficientnet")]
    assert "1 pairs" in rankings.agreement(rankings.neighbours(0.6), evidence.pairs(found))
    assert "the same order in 0; 0 of these" in rankings.agreement(rankings.neighbours(0.6), evidence.pairs(found))


def test_figures_draw_what_is_undecided_in_words(clips):
    found = [approach(n, {0: hits(k), 1: hits(k + 1)}, clips) for n, k in (("A", 50), ("B", 48), ("C", 10))]
    pairs, table = evidence.pairs(found), evidence.intervals(found)
    figure = plots.who_beats_whom(pairs, list(table.index))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["3", "67", "63"]
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["sure", "undecided"]
    assert len(plots.accuracy_intervals({"one": table, "two": table}).axes) == 2
    judged = rankings.neighbours(0.6)
    shown = judged[judged["difference"] > 0].reset_index().rename(columns={"ranking": "group"})
    assert plots.power_curves(shown).axes[0].get_xscale() == "log"
    with pytest.raises(ParameterError):
        plots.who_beats_whom(pairs.head(0), [])
    with pytest.raises(ParameterError):
        plots.power_curves(shown.head(0))


def test_the_asker_is_a_table_without_a_script():
    page = power.Asker((0.02, 0.4), (0.3,)).page()
    assert f"<td>{power.clips_needed(0.02, 0.3):,}</td><td>—</td>" in page
    assert "<form hidden>" in page
    assert "http" not in page


def test_recorded_approaches_share_the_fault_filtered_clips():
    found = evidence.approaches("gtzan-filtered", most=4)
    assert len(found) == 4
    assert {one.right.dropna().index.size for one in found} == {290}
    means = [one.right.mean().mean() for one in found]
    assert means == sorted(means, reverse=True)
