"""The learning curve: nested training tracks, one test part for all sizes, and a stop that loses nothing."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from mgclib.datasets.dataset import Dataset
from mgclib.errors import DatasetError, ParameterError
from mgclib.learning_curve import TABLE, genre_shares, learning_curve, nested_tracks
from mgclib.splits import split

GENRES = ("a", "b", "c")
SPLIT = {"protocol": "grouped", "sizes": (0.6, 0.2, 0.2)}


def make_dataset(tracks: int = 20, clips_per_track: int = 2) -> Dataset:
    rows = [
        {"clip_id": f"{g}.{t}.{c}", "genre": g, "track_id": f"{g}.{t}", "artist": None, "path": None}
        for g in GENRES
        for t in range(tracks)
        for c in range(clips_per_track)
    ]
    clips = pd.DataFrame(rows).set_index("clip_id").assign(start_s=0.0, duration_s=1.0)
    return Dataset("toy", clips, GENRES, "none", "none", 1.0, synthetic=True)


class Prototypes:
    """The nearest mean of each genre; keeps what it was fitted and validated on."""

    fits: list[tuple[int, bool, np.ndarray, np.ndarray]] = []  # noqa: RUF012

    def __init__(self, seed: int, weights: bool) -> None:
        self.seed, self.weights = seed, weights

    def fit(self, x, y, validation):
        type(self).fits.append((self.seed, self.weights, x[:, 1].copy(), validation[0][:, 1].copy()))
        self.means = np.array([x[y == k, 0].mean() if (y == k).any() else np.inf for k in range(len(GENRES))])
        values = {"accuracy": 0.5, "loss": 1.0, "val_accuracy": 0.4, "val_loss": 1.1, "seconds": 0.1}
        self.history = pd.DataFrame({"epoch": [1, 2, 3], **values, "best": [False, True, False]})
        return self

    def predict_proba(self, x):
        near = np.exp(-np.abs(x[:, :1] - self.means))
        return near / near.sum(axis=1, keepdims=True)


@pytest.fixture
def toy():
    """Clips whose first number hints at the genre and whose second is the row."""
    Prototypes.fits = []
    dataset = make_dataset()
    noise = np.random.default_rng(0).normal(0, 0.5, len(dataset))
    return dataset, np.column_stack([dataset.labels + noise, np.arange(len(dataset))])


def run(toy, **options):
    return learning_curve(*toy, Prototypes, **{**SPLIT, "seeds": [0, 1], "tracks_per_genre": [2, 8], **options})


def test_a_smaller_draw_lies_within_the_larger_and_brings_all_clips_of_a_track(toy):
    dataset, _ = toy
    train = (split(dataset, "grouped", 3, sizes=SPLIT["sizes"]) == "train").to_numpy()
    few, many = (nested_tracks(dataset, train, counts, seed=3) for counts in ((1, 2, 3), (4, 4, 4)))
    assert (few <= many).all()
    assert (many <= train).all()
    drawn = dataset.clips[few]
    assert list(drawn.groupby("genre")["track_id"].nunique()) == [1, 2, 3]
    assert (drawn.groupby("track_id").size() == 2).all()
    other = nested_tracks(dataset, train, (4, 4, 4), seed=4)
    assert (other != many).any(), "another seed draws other tracks"


def test_shares_fall_by_equal_factors_and_the_seed_says_for_whom():
    shares = genre_shares(3, 0.25, seed=0)
    assert sorted(shares) == pytest.approx([0.25, 0.5, 1.0])
    assert len({tuple(genre_shares(3, 0.25, seed)) for seed in range(20)}) > 2
    assert list(genre_shares(4, 1.0)) == [1, 1, 1, 1]


def test_every_size_of_a_seed_is_validated_and_tested_on_the_same_clips(toy):
    dataset, _ = toy
    result = run(toy)
    table = result.tables[TABLE]
    assert Counter(table["seed"]) == {0: 6, 1: 6}
    assert Counter(zip(table["uneven"], table["weights"], strict=True)) == dict.fromkeys(
        [(False, False), (True, False), (True, True)], 4
    )
    for seed in (0, 1):
        parts = split(dataset, "grouped", seed, sizes=SPLIT["sizes"])
        for own, _, learned, watched in Prototypes.fits:
            if own == seed:
                assert set(parts.iloc[learned.astype(int)]) == {"train"}
                assert sorted(watched) == list(np.flatnonzero(parts == "validation"))
        assert sorted(result.select("test", seed)["clip_id"]) == sorted(parts.index[parts == "test"])


def test_uneven_sets_are_the_same_with_and_without_weights_and_small_sets_take_as_many_steps(toy):
    table = run(toy, seeds=[0]).tables[TABLE]
    whole = (split(toy[0], SPLIT["protocol"], 0, sizes=SPLIT["sizes"]) == "train").sum()
    sets = {}
    for (_, weights, learned, _), row in zip(Prototypes.fits, table.itertuples(), strict=True):
        assert row.weights == weights
        assert len(set(learned)) == row.clips
        assert set(Counter(learned).values()) == {len(learned) // row.clips}
        assert 2 / 3 <= len(learned) / whole <= 1.5
        sets[row.asked, row.uneven, row.weights] = set(learned)
    assert sets[8, True, True] == sets[8, True, False] < sets[8, False, False]
    assert sets[2, True, False] < sets[8, True, False]
    assert list(table["tracks"]) == [6, 4, 4, 24, 14, 14]  # uneven: 2 + 1 + 1, and 8 + 4 + 2


def test_the_table_holds_what_the_network_scored(toy):
    result = run(toy, seeds=[1])
    row = result.tables[TABLE].set_index(["asked", "uneven"]).loc[(8, False)]
    assert row["test_accuracy"] == pytest.approx(result.metric("accuracy").loc[1])
    assert row["validation_accuracy"] == pytest.approx(result.metric("accuracy", "validation").loc[1])
    report = result.classification_report(seed=1)
    assert row["rare_recall"] == pytest.approx(report.loc[row["rare"], "recall"])
    assert row["common_recall"] == pytest.approx(report.loc[row["common"], "recall"])
    shares = dict(zip(GENRES, genre_shares(3, 0.25, 1), strict=True))
    assert (shares[row["common"]], shares[row["rare"]]) == (1.0, pytest.approx(0.25))
    assert (row["epoch"], row["epochs"], row["end_train_accuracy"]) == (2, 3, 0.5)
    assert result.history["seed"].unique() == [1]


def test_finished_trainings_are_read_back(toy, tmp_path):
    first = run(toy, checkpoint_dir=tmp_path)
    assert len(Prototypes.fits) == 12
    (tmp_path / "seed-1" / "uneven-8-weights" / "result.json").unlink()
    again = run(toy, checkpoint_dir=tmp_path)
    assert [fit[:2] for fit in Prototypes.fits[12:]] == [(1, True)]
    pd.testing.assert_frame_equal(first.tables[TABLE], again.tables[TABLE])
    again.save(tmp_path / "kept")
    kept = type(again).load(tmp_path / "kept")
    pd.testing.assert_frame_equal(kept.tables[TABLE], first.tables[TABLE])


def test_without_sizes_all_tracks_a_half_a_quarter_and_an_eighth(toy):
    table = run(toy, seeds=[0], tracks_per_genre=None).tables[TABLE]
    assert sorted(table["asked"].unique()) == [1, 3, 6, 12]


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"tracks_per_genre": [13]}, DatasetError, "13 training tracks of 'a'.*has 12"),
        ({"tracks_per_genre": [0]}, ParameterError, "positive integers"),
        ({"tracks_per_genre": []}, ParameterError, "positive integers"),
        ({"rarest": 0}, ParameterError, "rarest=0"),
        ({"seeds": []}, ParameterError, "seeds is empty"),
        ({"sizes": (0.8, 0.0, 0.2)}, DatasetError, "no validation clips"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_any_training(toy, options, error, told):
    with pytest.raises(error, match=told) as caught:
        run(toy, **options)
    assert "\n" not in str(caught.value)
    assert Prototypes.fits == []
