"""Splits: every clip in one part, nothing that a protocol keeps apart ever crosses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgclib.allocation import rounded
from mgclib.datasets.dataset import Dataset
from mgclib.errors import DatasetError, MgcError, ParameterError
from mgclib.splits import PARTS, PROTOCOLS, check_groups, group_ids, groups_within, split

DRAWN = [name for name, protocol in PROTOCOLS.items() if not protocol.published]
UNEQUAL_ARTISTS = (1, 7, 2, 12, 3, 3, 17, 1, 5, 4, 2, 8)


def dataset_of(clips_per_track: dict[str, list[int]], artists: dict[str, str | None] | None = None, **extra) -> Dataset:
    """Make a clip table: for every genre the number of clips of each of its tracks."""
    rows = []
    for genre, tracks in clips_per_track.items():
        for t, n_clips in enumerate(tracks):
            track = f"{genre}-{t:03d}"
            artist = (artists or {}).get(track)
            rows += [(f"{track}-{c:02d}", genre, track, artist, None, 0.0, 5.0) for c in range(n_clips)]
    columns = ["clip_id", "genre", "track_id", "artist", "path", "start_s", "duration_s"]
    clips = pd.DataFrame(rows, columns=columns).set_index("clip_id")
    return Dataset("toy", clips, tuple(sorted(clips_per_track)), "none", "nobody", 5.0, **extra)


def gtzan_like() -> Dataset:
    genres = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]
    return dataset_of({genre: [1] * 100 for genre in genres})


def uneven() -> Dataset:
    genres = ("blues", "pop", "rock")
    tracks = {genre: [1] * sum(UNEQUAL_ARTISTS) for genre in genres}
    names = np.repeat(np.arange(len(UNEQUAL_ARTISTS)), UNEQUAL_ARTISTS)
    artists = {f"{genre}-{t:03d}": f"{genre} artist {name}" for genre in genres for t, name in enumerate(names)}
    return dataset_of(tracks, artists)


def crosses(parts: pd.Series, groups: pd.Series) -> bool:
    return bool((pd.crosstab(groups, parts) > 0).sum(axis=1).max() > 1)


datasets = st.dictionaries(
    st.sampled_from(["blues", "jazz", "pop", "rock"]),
    st.lists(st.integers(1, 6), min_size=5, max_size=14),
    min_size=2,
).map(dataset_of)


@settings(max_examples=30, deadline=None)
@given(dataset=datasets, protocol=st.sampled_from(["stratified", "grouped", "artist"]), seed=st.integers(0, 2**31))
def test_a_split_is_a_repeatable_partition_that_no_group_crosses(dataset, protocol, seed):
    parts = split(dataset, protocol, seed, sizes=(0.6, 0.2, 0.2))
    assert parts.index.equals(dataset.clips.index)
    assert set(parts) == set(PARTS)
    pd.testing.assert_series_equal(parts, split(dataset, protocol, seed, sizes=(0.6, 0.2, 0.2)))
    table = pd.crosstab(dataset.clips["genre"], parts)
    assert (table.to_numpy() > 0).all(), "every genre is in every part"
    if PROTOCOLS[protocol].grouped_by:
        assert not crosses(parts, dataset.clips["track_id"])


@settings(max_examples=20, deadline=None)
@given(
    dataset=datasets, protocol=st.sampled_from(DRAWN), seed=st.integers(0, 99), validation=st.sampled_from([0, 0.25])
)
def test_test_folds_are_disjoint_and_cover_everything(dataset, protocol, seed, validation):
    sizes = (1 - validation, validation, 0)
    try:
        folds = [split(dataset, protocol, seed, sizes=sizes, fold=k, n_folds=3) for k in range(3)]
    except DatasetError:
        assert protocol == "random", "only a draw that ignores genres can leave one out"
        return
    tested = sum((parts == "test").astype(int) for parts in folds)
    assert (tested == 1).all()
    for parts in folds:
        assert ((parts == "validation").any()) == (validation > 0)
        if PROTOCOLS[protocol].grouped_by:
            assert not crosses(parts, dataset.clips["track_id"])


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=5), st.integers(5, 2000))
def test_rounding_keeps_the_total_and_is_off_by_less_than_one(weights, total):
    ideal = np.array(weights) / np.sum(weights) * total
    counts = rounded(ideal, total)
    assert counts.sum() == total
    assert np.abs(counts - ideal).max() < 1


@pytest.mark.parametrize("protocol", ["random", "stratified", "grouped", "artist"])
def test_eighty_twenty_of_a_thousand_clips_is_800_and_200(protocol):
    parts = split(gtzan_like(), protocol, 3, sizes=(0.8, 0, 0.2))
    assert parts.value_counts().to_dict() == {"train": 800, "test": 200}


def test_random_ignores_genres_and_stratified_balances_them():
    dataset = gtzan_like()
    per_genre = {p: pd.crosstab(dataset.clips["genre"], split(dataset, p, 0))["test"] for p in ("random", "stratified")}
    assert (per_genre["stratified"] == 20).all()
    assert np.ptp(per_genre["random"]) > 0


@pytest.mark.parametrize("seed", range(8))
def test_unequal_artists_are_dealt_out_near_to_the_request(seed):
    dataset = uneven()
    parts = split(dataset, "artist", seed, sizes=(0.7, 0.1, 0.2))
    shares = pd.crosstab(dataset.clips["genre"], parts, normalize="index")
    assert not crosses(parts, dataset.clips["artist"])
    np.testing.assert_allclose(parts.value_counts(normalize=True)[list(PARTS)], [0.7, 0.1, 0.2], atol=0.03)
    np.testing.assert_allclose(shares[list(PARTS)], [[0.7, 0.1, 0.2]] * 3, atol=0.06)


def test_an_artist_too_large_for_the_test_part_goes_to_training():
    sizes = [45, *[1] * 55]
    artists = {f"{genre}-{t:03d}": f"{genre} {t}" for genre in ("pop", "rock") for t in range(len(sizes))}
    dataset = dataset_of({"pop": sizes, "rock": sizes}, artists)
    for seed in range(5):
        parts = split(dataset, "artist", seed)
        assert pd.crosstab(dataset.clips["genre"], parts)[list(PARTS)].to_numpy().tolist() == [[70, 10, 20]] * 2


@pytest.mark.parametrize("protocol", DRAWN)
def test_other_seeds_and_folds_give_other_splits(protocol):
    dataset = uneven()
    drawn = [tuple(split(dataset, protocol, seed)) for seed in range(5)]
    drawn += [tuple(split(dataset, protocol, seed, n_folds=3, fold=0)) for seed in range(3)]
    assert len(set(drawn)) == len(drawn)


def test_snippets_of_a_clip_stay_together_only_when_grouped():
    snippets = gtzan_like().cut(1.0)
    crossing = {
        protocol: crosses(split(snippets, protocol), snippets.clips["track_id"])
        for protocol in ("random", "stratified", "grouped", "artist")
    }
    assert crossing == {"random": True, "stratified": True, "grouped": False, "artist": False}
    assert all(PROTOCOLS[name].leaky == leaks for name, leaks in crossing.items())


def test_artists_join_tracks_and_unknown_ones_go_by_track():
    artists = {"pop-000": "Ann", "pop-001": " ann ", "pop-002": None, "pop-003": "", "pop-004": "Bob"}
    dataset = dataset_of({"pop": [1, 2, 1, 1, 2], "rock": [1]}, artists)
    dataset.clips.loc["pop-004-01", "artist"] = "Cy"
    dataset.clips.loc["rock-000-00", "artist"] = "Cy"
    groups = group_ids(dataset, "artist")
    first = groups.groupby(dataset.clips["track_id"]).first()
    assert groups.groupby(dataset.clips["track_id"]).nunique().eq(1).all()
    assert first["pop-000"] == first["pop-001"]
    assert first["pop-004"] == first["rock-000"]
    assert first.nunique() == 4


def test_the_published_list_is_followed_whatever_the_seed():
    dataset = gtzan_like()
    ids = dataset.clips.index
    listed = pd.Series({ids[0]: "train", ids[1]: "validation", ids[150]: "test"})
    dataset = dataset_of({g: [1] * 100 for g in dataset.genres}, lists={"fault-filtered": listed})
    parts = split(dataset, "fault-filtered", 0)
    assert parts[listed.index].to_dict() == listed.to_dict()
    assert (parts.drop(listed.index) == "unused").all()
    pd.testing.assert_series_equal(parts, split(dataset, "fault-filtered", 7))
    snippets = dataset.cut(2.5)
    assert (split(snippets, "fault-filtered") == "test").sum() == 2


def test_check_groups_names_what_crosses():
    clips = pd.Index(["a", "b", "c"], name="clip_id")
    groups = pd.Series(["t1", "t1", "t2"], index=clips, name="track_id")
    check_groups(pd.Series(["train", "unused", "test"], index=clips), groups)
    with pytest.raises(DatasetError, match="track_id 't1' is in test and train"):
        check_groups(pd.Series(["train", "test", "test"], index=clips), groups)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocol": "straitified"}, "did you mean 'stratified'"),
        ({"sizes": (0.7, 0.1, 0.1)}, "sum to 1"),
        ({"sizes": (0.0, 0.5, 0.5)}, "train above 0"),
        ({"sizes": (1.2, 0, -0.2)}, "three shares"),
        ({"sizes": (0.8, 0.2)}, "three shares"),
        ({"sizes": "most"}, "three shares"),
        ({"seed": -1}, "seed=-1"),
        ({"fold": 1}, "needs n_folds"),
        ({"n_folds": 5}, "fold=None"),
        ({"n_folds": 5, "fold": 5}, "from 0 to 4"),
        ({"n_folds": 1, "fold": 0}, "at least 2"),
        ({"protocol": "fault-filtered", "n_folds": 2, "fold": 0}, "fixed list"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ParameterError, match=message) as caught:
        split(gtzan_like(), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("dataset", "options", "message"),
    [
        (dataset_of({"pop": [1] * 20}), {}, "at least 2"),
        (dataset_of({"pop": [1] * 20, "jazz": [9]}), {"protocol": "grouped"}, "'jazz' has 1 tracks for 3 parts"),
        (dataset_of({"pop": [1] * 20, "jazz": [1] * 4}), {"n_folds": 5, "fold": 0}, "'jazz' has 4 clips for 5"),
        (dataset_of({"pop": [1], "jazz": [1]}), {"protocol": "random"}, "a part is empty"),
        (dataset_of({"pop": [1] * 9, "jazz": [1] * 9}), {"protocol": "fault-filtered"}, "no list 'fault-filtered'"),
    ],
)
def test_data_sets_too_small_for_the_request_are_refused(dataset, options, message):
    with pytest.raises(DatasetError, match=message) as caught:
        split(dataset, **options)
    assert isinstance(caught.value, MgcError)
    assert "\n" not in str(caught.value)


def test_a_random_split_never_leaves_a_genre_unlearned_silently():
    dataset = dataset_of({"pop": [1] * 30, "jazz": [1]})
    outcomes = set()
    for seed in range(30):
        try:
            parts = split(dataset, "random", seed, sizes=(0.5, 0, 0.5))
            outcomes.add(parts["jazz-000-00"])
        except DatasetError as error:
            outcomes.add("refused" if "no clip of 'jazz'" in str(error) else "wrong reason")
    assert outcomes == {"train", "refused"}


def test_folds_within_the_training_part_keep_apart_what_the_protocol_does():
    dataset = dataset_of({"pop": [2, 2, 1], "rock": [3, 1]}, {"pop-000": "Ann", "pop-001": "Ann"})
    tracks = dataset.clips["track_id"].astype(str)
    assert groups_within(dataset, "random").nunique() == groups_within(dataset, "stratified").nunique() == 9
    assert tracks.nunique() == 5
    pd.testing.assert_series_equal(groups_within(dataset, "grouped"), tracks, check_names=False)
    by_artist = group_ids(dataset, "artist")
    assert by_artist.nunique() == 4
    for protocol in ("artist", "fault-filtered"):
        pd.testing.assert_series_equal(groups_within(dataset, protocol), by_artist, check_names=False)
