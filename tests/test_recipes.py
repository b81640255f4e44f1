"""Recipes: chosen by validation log loss alone, told again from what a result keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mgclib import ensemble, prose, recipes
from mgclib.errors import ParameterError
from mgclib.results import Result

GENRES = ("blues", "rock")
CLIPS = pd.DataFrame(
    {"genre": list(GENRES) * 20, "track_id": [f"t{k}" for k in range(40)]},
    index=pd.Index([f"c{k}" for k in range(40)], name="clip_id"),
)


def asked(right: float, sure: float, seeds=(0,), split="validation", protocol="artist") -> Result:
    """Return a result with a share of right answers, each with the probability `sure`."""
    truth = np.eye(2)[np.tile([0, 1], 20)]
    wrong = np.arange(40) >= right * 40
    one = sure * truth + (1 - sure) * (1 - truth)
    one[wrong] = one[wrong, ::-1]
    parts = [Result.from_arrays(CLIPS, split, one, GENRES, seed, parameters={"protocol": protocol}) for seed in seeds]
    return Result.concat(parts)


LADDERS = [["a", "b"], ["never tried", "c", "d"]]


def tried():
    return {"a": asked(0.7, 0.9), "b": asked(0.7, 0.8), "c": asked(0.5, 0.9), "d": asked(0.6, 0.7)}


def test_the_lowest_log_loss_is_chosen_not_the_highest_accuracy():
    least = {"bold": asked(0.75, 0.999), "careful": asked(0.7, 0.7)}
    assert least["bold"].metric("accuracy", "validation")[0] > least["careful"].metric("accuracy", "validation")[0]
    assert recipes.best_of(least, least) == "careful"


def test_the_vote_of_one_from_each_ladder_wins_only_if_it_is_better():
    winner, parts, known = recipes.chosen(tried(), LADDERS)
    assert (winner, parts) == ("b", ["b"])
    blues = {name: one.predictions.set_index("clip_id")["p_blues"] for name, one in known.items()}
    pd.testing.assert_series_equal(blues[recipes.VOTE], (blues["b"] + blues["d"]) / 2, check_like=True)
    others = asked(0.7, 0.8).predictions.copy()
    others[["p_blues", "p_rock"]] = others[["p_blues", "p_rock"]].to_numpy()[::-1, ::-1]
    apart = {**tried(), "d": Result(others, GENRES, parameters={"protocol": "artist"})}
    winner, parts, _ = recipes.chosen(apart, LADDERS)
    assert (winner, parts) == (recipes.VOTE, ["b", "d"])
    with pytest.raises(ParameterError, match="nothing was tried"):
        recipes.chosen(tried(), [["a"], ["x"]])


def test_a_partner_is_chosen_by_its_vote_not_by_what_it_is_worth_alone():
    first, alike = asked(0.8, 0.8), asked(0.8, 0.8)
    shares = ["p_blues", "p_rock"]
    other = asked(0.75, 0.8).predictions
    other[shares] = other[shares].to_numpy()[::-1, ::-1]
    known = {"a": first, "alike": alike, "other": Result(other, GENRES, parameters={"protocol": "artist"})}
    assert recipes.best_of(known, ["alike", "other"]) == "alike"
    winner, voters, _ = recipes.chosen(known, [["a"], ["alike", "other"]])
    assert (winner, voters) == (recipes.VOTE, ["a", "other"])


def test_a_ladder_is_read_from_a_record_and_skips_what_was_not_tried():
    _, _, known = recipes.chosen(tried(), LADDERS)
    kept = ensemble.with_others(asked(0.6, 0.8, split="test"), known)
    table = recipes.ladder(kept, LADDERS)
    assert table["before"].dropna().to_dict() == {"b": "a", "d": "c", recipes.VOTE: "b"}
    assert table.loc["d", "gain"] == pytest.approx(0.1)
    words = recipes.in_words(kept, LADDERS)
    assert words.loc["a", ["accuracy (%)", "gain (points)", "sure"]].tolist() == ["70.0", "", ""]
    assert words.loc["b", "gain (points)"].startswith("+0.0")


def test_seeds_vote_together_only_on_a_published_list():
    seeds = {"protocol": "fault-filtered", "seeds": (0, 1), "split": "test"}
    assert list(recipes.finals({"listed": asked(0.6, 0.8, **seeds)})) == ["listed", "listed, all together"]
    assert list(recipes.finals({"drawn": asked(0.6, 0.8, (0, 1), "test")})) == ["drawn"]
    assert list(recipes.finals({"one": asked(0.6, 0.8, (0,), "test", "fault-filtered")})) == ["one"]


def test_what_is_told_comes_from_the_result():
    _, _, known = recipes.chosen(tried(), LADDERS)
    test = {"b": asked(0.6, 0.8, split="test")}
    final = ensemble.with_others(ensemble.soft_vote(test), known)
    final.parameters["chosen"] = "b"
    words = recipes.told(final, LADDERS)
    assert (words["chosen"], words["start"], words["joined"]) == ("b", "70 %", prose.MISSING)
    assert words["final"].startswith("60.0 % [")
    assert words["alone"].startswith("*b* 60.0 % [")
    assert set(recipes.told(None, LADDERS).values()) == {prose.MISSING}
    assert set(recipes.told(None, LADDERS)) == set(words)


def test_luck_is_the_gap_between_the_seed_that_was_tried_and_those_of_the_end():
    again = Result.concat([asked(0.5, 0.8), asked(0.6, 0.8, seeds=(1,))])
    final = ensemble.soft_vote({"a": asked(0.7, 0.9, seeds=(0, 1)), "b": again})
    final = ensemble.with_others(final, {"a": asked(0.7, 0.9), "b": asked(0.7, 0.8)})
    assert recipes.luck(final) == "*b* 70.0 % and 55.0 %"
    assert recipes.luck(None) == prose.MISSING
