"""GTZAN's three genres: which clips belong to it, and that nothing else does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from mgclib import datasets
from mgclib.datasets import FaultyClipWarning, gtzan
from mgclib.errors import DatasetError

pytestmark = pytest.mark.usefixtures("data_home")
RATE = 22050


def write_clips(folder: Path, numbers: dict[str, range]) -> None:
    rng = np.random.default_rng(8)
    for genre, own in numbers.items():
        (folder / genre).mkdir(parents=True, exist_ok=True)
        for k in own:
            soundfile.write(folder / genre / f"{genre}.{k:05d}.wav", rng.uniform(-0.5, 0.5, RATE // 2), RATE)


def load(home: Path, **options) -> datasets.Dataset:
    return datasets.load("gtzan3", home, clip_seconds=0.5, **options)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More clips than belong to it: rock up to 65, jazz around its broken clip, and a fourth genre."""
    root = tmp_path_factory.mktemp("gtzan")
    numbers = {"classical": range(20, 83), "jazz": range(50, 58), "rock": range(66), "pop": range(2)}
    write_clips(root / "genres_original", numbers)
    return root


def test_snippets_keep_their_track_and_its_place_in_the_lists(home):
    dataset = load(home, snippet_seconds=0.25)
    assert len(dataset) == 2 * len(load(home))
    assert (dataset.clips.groupby("track_id").size() == 2).all()
    listed = dataset.lists["fault-filtered"]
    tracks = dataset.clips["track_id"].reindex(listed.index)
    assert len(set(zip(tracks, listed, strict=True))) == tracks.nunique()
    assert listed.index.isin(dataset.clips.index).all()


def test_the_sixty_lowest_numbers_of_three_genres(home):
    dataset = load(home)
    assert (dataset.name, dataset.genres, dataset.synthetic) == ("gtzan3", ("classical", "jazz", "rock"), False)
    expected = [f"classical.{k:05d}" for k in range(20, 80)]
    expected += [f"jazz.{k:05d}" for k in range(50, 58) if k != 54]
    expected += [f"rock.{k:05d}" for k in range(60)]
    assert list(dataset.clips.index) == expected
    assert list(np.unique(dataset.labels)) == [0, 1, 2]
    assert any("an easier task" in note for note in dataset.notes)


def test_an_unusable_clip_makes_room_for_the_next(home, tmp_path):
    write_clips(tmp_path, {"classical": range(61), "jazz": range(1), "rock": range(1)})
    (tmp_path / "classical" / "classical.00007.wav").write_bytes(b"no sound")
    with pytest.warns(FaultyClipWarning, match=r"classical\.00007"):
        dataset = load(tmp_path)
    mine = dataset.clips.index[dataset.clips["genre"] == "classical"]
    assert len(mine) == 60
    assert "classical.00007" not in mine
    assert mine[-1] == "classical.00060"


def test_its_lists_and_artists_are_gtzans_for_its_clips_alone(home):
    dataset, whole = load(home), gtzan.load(home, clip_seconds=0.5)
    listed = dataset.lists["fault-filtered"]
    assert set(listed.index) <= set(dataset.clips.index)
    pd.testing.assert_series_equal(listed, whole.lists["fault-filtered"].reindex(listed.index))
    left_out = set(whole.lists["fault-filtered"].index) - set(listed.index)
    assert left_out
    assert not left_out & set(dataset.clips.index)
    pd.testing.assert_series_equal(dataset.clips["artist"], whole.clips["artist"].reindex(dataset.clips.index))


def test_fewer_clips_for_a_quick_look(home):
    dataset = load(home, tracks_per_genre=2)
    assert list(dataset.clips.index) == [
        "classical.00020",
        "classical.00021",
        "jazz.00050",
        "jazz.00051",
        "rock.00000",
        "rock.00001",
    ]
    assert dataset.fingerprint != load(home).fingerprint


def test_a_missing_genre_is_named(tmp_path):
    write_clips(tmp_path, {"jazz": range(2), "pop": range(2)})
    with pytest.raises(DatasetError, match="there are none of classical, rock") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_mel_pack_is_no_audio(tmp_path):
    (tmp_path / "gtzan.melpack.npz").write_bytes(b"whatever")
    with pytest.raises(DatasetError, match=r"no GTZAN at .*source='audio'"):
        load(tmp_path)
