"""The ladder of leaks: the same number of clips on every rung, nothing shared that a rung forbids, scores by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mgclib import augment, ladder, leakage
from mgclib.datasets.dataset import Dataset
from mgclib.errors import ParameterError
from mgclib.results import Result

GENRES = ("jazz", "pop", "rock")
PAIRS = pd.DataFrame({"a": ["jazz00"], "b": ["jazz01"]})
RUNGS = {rung.name: rung for rung in ladder.LADDER}


@pytest.fixture(scope="module")
def pieces() -> Dataset:
    """Twenty-four clips of each genre by twelve artists, cut into four pieces; two clips are not on the list."""
    rows = {}
    for genre in GENRES:
        for track in range(24):
            name = f"{genre}{track:02d}"
            rows[name] = {"genre": genre, "track_id": name, "artist": f"{genre} artist {track // 2}", "path": None}
    clips = pd.DataFrame.from_dict(rows, orient="index").rename_axis("clip_id").assign(start_s=0.0, duration_s=12.0)
    listed = pd.Series([("train", "validation", "test", "train")[k // 2 % 4] for k in range(72)], clips.index)
    lists = {"fault-filtered": listed.drop(["jazz01", "rock23"])}
    whole = Dataset("toy", clips, GENRES, "none", "nobody", 12.0, lists=lists, synthetic=True)
    return whole.cut(3.0)


@pytest.mark.parametrize("name", RUNGS)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_rung_uses_as_many_clips_and_shares_no_more_than_it_says(pieces, name, seed):
    rung = RUNGS[name]
    used, parts = ladder.divided(pieces, rung, seed, PAIRS)
    shared = ladder.relations(used, parts, PAIRS)[parts == "test"]
    tracks = used.clips["track_id"].str.removesuffix(ladder.COPY)
    assert tracks.nunique() == 70
    assert len(used) == 70 * 4 * (2 if rung.altered else 1)
    listed = pieces.lists["fault-filtered"].value_counts(normalize=True)
    assert parts.value_counts(normalize=True)["train"] == pytest.approx(listed["train"], abs=0.05)
    if rung.without_copies or name == "fault-filtered":
        assert not set(PAIRS["b"]) & set(tracks)
    forbidden = {
        "piece": set(),
        "augmented-before": set(),
        "augmented-after": {"same clip"},
        "clip": {"same clip"},
        "no-copies": {"same clip", "copy of the clip"},
        "artist": {"same clip", "copy of the clip", "same artist"},
        "fault-filtered": {"same clip", "copy of the clip", "same artist"},
    }[name]
    assert not forbidden & set(shared)
    assert name not in ("piece", "augmented-before") or (shared == "same clip").mean() > 0.3


def test_a_seed_fixes_the_division_and_another_divides_otherwise(pieces):
    first, again, other = (ladder.divided(pieces, RUNGS["clip"], seed, PAIRS)[1] for seed in (0, 0, 1))
    pd.testing.assert_series_equal(first, again)
    assert set(first.index) != set(other.index) or (first != other.reindex(first.index)).any()


def test_relations_name_the_nearest_thing_that_is_shared(pieces):
    chosen = pieces.select([f"{name}@0" for name in ("jazz00", "jazz01", "jazz02", "jazz03", "jazz04", "pop00")])
    parts = pd.Series(["train", "test", "train", "test", "test", "test"], chosen.clips.index)
    found = ladder.relations(chosen, parts, PAIRS)
    assert found.tolist() == [
        "same clip",
        "copy of the clip",
        "same clip",
        "same artist",
        "nothing known",
        "nothing known",
    ]


def test_a_data_set_without_artists_or_lists_has_fewer_rungs(pieces):
    plain = Dataset("plain", pieces.clips.assign(artist=None), GENRES, "none", "nobody", 3.0)
    assert [rung.name for rung in ladder.rungs_of(plain)] == [
        "piece",
        "augmented-before",
        "augmented-after",
        "clip",
        "no-copies",
    ]


class Remembers:
    """Calls a picture what the nearest training picture is called: a machine for leaks."""

    def fit(self, x, y):
        self.x, self.y = x.reshape(len(x), -1).astype(float), y
        return self

    def predict_proba(self, x):
        gaps = ((x.reshape(len(x), -1).astype(float)[:, None] - self.x) ** 2).sum(axis=2)
        return np.eye(len(GENRES))[self.y[gaps.argmin(axis=1)]]


@pytest.fixture(scope="module")
def climbed(pieces, tmp_path_factory):
    """Every clip has a colour of its own and nothing of its genre: who is right has seen the clip."""
    rng = np.random.default_rng(0)
    tracks, _ = pd.factorize(pieces.clips["track_id"])
    colours = rng.integers(40, 216, (72, 4, 6, 1))
    pictures = (colours[tracks] + rng.integers(-3, 4, (len(pieces), 4, 6, 1))).astype(np.uint8)
    how = {
        "seeds": [0, 1],
        "pairs": PAIRS,
        "augmentation": augment.PictureNoise(1.0, snr_db=(40, 60)),
        "verbose": False,
    }
    views, makers = {"nearest": lambda x: x}, {"nearest": lambda seed: Remembers()}
    folder = tmp_path_factory.mktemp("climb")
    result = leakage.climb(pieces, pictures, views, makers, checkpoint_dir=folder, **how)
    forbidden = {"nearest": lambda seed: pytest.fail("this was finished before")}
    again = leakage.climb(pieces, pictures, views, forbidden, checkpoint_dir=folder, **how)
    pd.testing.assert_frame_equal(result.tables["ladder"], again.tables["ladder"])
    return result


def test_a_machine_that_only_remembers_falls_to_chance_where_nothing_leaks(climbed):
    score = leakage.accuracies(climbed.tables["ladder"])["mean"]["nearest"]
    assert score["piece"] > 0.8
    assert score["augmented-before"] > score["augmented-after"] + 0.05
    for rung in ("augmented-after", "clip", "no-copies", "artist", "fault-filtered"):
        assert score[rung] < 0.6
    for rung in ("piece", "augmented-before"):
        by = leakage.by_relation(climbed.tables["ladder"], rung)["mean"]["nearest"]
        assert by["same clip"] > 0.95 > by["nothing known"]


def test_scores_are_those_of_the_table(climbed, tmp_path):
    climbed.save(tmp_path)
    table = Result.load(tmp_path).tables["ladder"]
    right = table.assign(right=table["genre"] == table["predicted"])
    by_seed = right.groupby(["rung", "seed"])["right"].mean()
    found = leakage.accuracies(table)
    for rung in RUNGS:
        row = found.loc["nearest", rung]
        assert row["mean"] == pytest.approx(by_seed[rung].mean())
        assert row["low"] <= row["mean"] <= row["high"]
    voted = leakage.accuracies(table, voted=True).loc["nearest"]
    assert voted.loc["clip", "items"] == pytest.approx(found.loc["nearest", "clip"]["items"] / 4)
    (gap,) = leakage.steps(table, [("piece", "clip")]).iloc[0]
    assert gap.mean == pytest.approx((by_seed["clip"] - by_seed["piece"]).mean())
    assert gap.low <= gap.mean <= gap.high


def test_a_change_of_one_seed_has_an_interval_over_the_tracks_of_both_rungs(climbed):
    table = climbed.tables["ladder"].query("seed == 0")
    right = table.assign(right=table["genre"] == table["predicted"]).groupby("rung")["right"].mean()
    (gap,) = leakage.steps(table, [("piece", "clip")]).iloc[0]
    assert gap.kind == "tracks"
    assert gap.mean == pytest.approx(right["clip"] - right["piece"])
    assert gap.low < gap.mean < gap.high < 0
    (nothing,) = leakage.steps(table, [("clip", "clip")]).iloc[0]
    assert nothing.low < 0 < nothing.high


def test_what_cannot_be_climbed_is_refused(pieces):
    pictures = np.zeros((len(pieces), 4, 6, 1), np.uint8)
    how = {"seeds": [0], "pairs": PAIRS, "augmentation": augment.PictureNoise()}
    view, make = {"a": lambda x: x}, {"a": lambda seed: Remembers()}
    with pytest.raises(ParameterError, match="must be aligned"):
        leakage.climb(pieces, pictures[1:], view, make, **how)
    with pytest.raises(ParameterError, match="one view per model"):
        leakage.climb(pieces, pictures, view, {"b": make["a"]}, **how)
    with pytest.raises(ParameterError, match="no rung of toy has it"):
        leakage.climb(pieces, pictures, view, make, protocol="stratified", **how)
