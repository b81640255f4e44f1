"""The example of a reader's own folder: what lies in it, and that it stays as it is."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import soundfile

from mgclib import datasets, example
from mgclib.datasets import synthetic
from mgclib.errors import ParameterError


def test_the_example_folder_is_read_like_anyones_own(tmp_path):
    place = example.music_folder(["disco", "blues"], tracks=3, seconds=2.0, place=tmp_path)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        music = datasets.load("folder", place, clip_seconds=1.0)
    assert music.genres == ("blues", "disco")
    assert music.summary()["clips"].to_dict() == {"blues": 6, "disco": 6, "all": 12}
    assert music.clips["artist"].notna().all()
    assert music.clips["artist"].nunique() == 4  # of three tracks the last two share an artist
    assert list(music.set_aside.index) == ["disco/broken download"]
    assert any(example.BROKEN in str(one.message) for one in told)
    y, rate = soundfile.read(music.clips["path"].iloc[0])
    assert (len(y), rate) == (2 * synthetic.SAMPLE_RATE, synthetic.SAMPLE_RATE)


def test_what_is_there_is_not_written_again(tmp_path):
    settings = {"genres": ["disco", "blues"], "seconds": 1.0, "place": tmp_path}
    example.music_folder(tracks=2, **settings)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.flac")}
    example.music_folder(tracks=3, **settings)
    assert len(list(tmp_path.rglob("*.flac"))) == len(before) + 2
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_medley_goes_from_genre_to_genre(tmp_path):
    y, _ = soundfile.read(example.medley(["blues", "metal"], tmp_path / "new.flac", seconds=1.0))
    assert len(y) == 2 * synthetic.SAMPLE_RATE
    alone, _ = soundfile.read(example.medley(["metal"], tmp_path / "metal.flac", seconds=1.0))
    np.testing.assert_array_equal(y[synthetic.SAMPLE_RATE :], alone)


def test_settings_that_cannot_be(tmp_path):
    for wrong in ({"genres": ["disco"]}, {"genres": ["disco", "disco"]}, {"genres": ["disco", "polka"]}, {"tracks": 1}):
        with pytest.raises(ParameterError):
            example.music_folder(**{"genres": ["disco", "blues"], "place": tmp_path, **wrong})
    assert not list(tmp_path.iterdir())
