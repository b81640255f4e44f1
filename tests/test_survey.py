"""A first look at a data set: loudness of known signals, copies that were made, and GTZAN's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import soundfile

import mgclib as mgc
from mgclib import survey
from mgclib.datasets.dataset import Dataset
from mgclib.datasets.gtzan import duplicates
from mgclib.errors import ParameterError


def dataset_of(tracks: list[str], genres: list[str], paths: list[str | None] | None = None) -> Dataset:
    clips = pd.DataFrame({"genre": genres, "track_id": tracks, "artist": None, "path": paths or [None] * len(tracks)})
    clips.index = pd.Index([f"clip{k}" for k in range(len(clips))], name="clip_id")
    clips = clips.assign(start_s=0.0, duration_s=[1.0 + 0.1 * k for k in range(len(clips))])
    return Dataset("toy", clips, tuple(dict.fromkeys(genres)), "none", "none", 1.0, synthetic=True)


def noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-80, 0, (n, 64, 150)).astype(np.float32)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.ones(100), 0.0),
        (np.sin(2 * np.pi * np.arange(1000) / 10), -3.0103),
        (0.1 * np.ones(7), -20.0),
        (np.zeros(5), -120.0),
        (np.zeros(0), -120.0),
    ],
)
def test_loudness_of_known_signals(y, expected):
    assert survey.loudness(y) == pytest.approx(expected, abs=1e-3)


def test_copies_stand_first_however_loud_and_those_of_one_track_are_left_out():
    mels = noise(7)
    mels[4] = 0.5 * mels[1] - 10  # fainter and less wide, the same seconds
    mels[6] = mels[5]
    dataset = dataset_of(["a", "b", "c", "d", "e", "f", "f"], ["x", "x", "x", "y", "y", "y", "y"])
    pairs = survey.nearest_pairs(dataset, mels, count=10)
    assert len(pairs) == 10
    assert tuple(pairs.iloc[0][["a", "b", "genre_a", "genre_b"]]) == ("clip1", "clip4", "x", "y")
    assert pairs["likeness"].iloc[0] == pytest.approx(1)
    assert pairs["likeness"].is_monotonic_decreasing
    assert pairs["likeness"].iloc[1] < survey.ALIKE
    assert ("clip5", "clip6") not in set(zip(pairs["a"], pairs["b"], strict=True))


def test_likeness_is_the_correlation_of_what_is_left_of_a_picture():
    mels = noise(2, seed=3)[:, :32, :128]
    (pair,) = survey.nearest_pairs(dataset_of(["a", "b"], ["x", "y"]), mels).itertuples()
    assert pair.likeness == pytest.approx(np.corrcoef(mels[0].ravel(), mels[1].ravel())[0, 1], abs=1e-5)


def test_blocks_do_not_change_the_pairs(monkeypatch):
    mels, tracks = noise(23, seed=1), [f"t{k}" for k in range(23)]
    dataset = dataset_of(tracks, ["x"] * 12 + ["y"] * 11)
    whole = survey.nearest_pairs(dataset, mels, count=30)
    monkeypatch.setattr(survey, "BLOCK", 4)
    pd.testing.assert_frame_equal(survey.nearest_pairs(dataset, mels, count=30), whole)


def test_the_table_has_the_level_of_all_and_the_loudness_of_some(tmp_path):
    paths = []
    for k in range(6):
        soundfile.write(tmp_path / f"{k}.wav", np.full(22050, 0.5 if k < 3 else 0.05), 22050)
        paths.append(str(tmp_path / f"{k}.wav"))
    dataset = dataset_of([f"t{k}" for k in range(6)], ["x"] * 3 + ["y"] * 3, paths)
    mels = noise(6)
    table = survey.survey(dataset, mels, listened=2)
    np.testing.assert_allclose(table["level"], mels.mean(axis=(1, 2)), atol=1e-4)
    assert table["loudness"].notna().tolist() == [True, False, True] * 2
    assert table.loc["clip0", "loudness"] == pytest.approx(-6.02, abs=0.05)
    assert table.loc["clip5", "loudness"] == pytest.approx(-26.02, abs=0.05)
    assert table["seconds"].tolist() == dataset.clips["duration_s"].tolist()
    figure = mgc.plots.survey(table, survey.nearest_pairs(dataset, mels))
    drawn = [axes.get_xlabel() for axes in figure.axes][:3]
    assert drawn == ["clips", "length of a clip (s)", "loudness (dB re full scale)"]
    assert "Loudness of 4 clips" in figure.texts[-1].get_text()


def test_without_sound_the_level_is_drawn():
    dataset, mels = dataset_of(["a", "b"], ["x", "y"]), noise(2)
    table = survey.survey(dataset, mels)
    assert table["loudness"].isna().all()
    figure = mgc.plots.survey(table, survey.nearest_pairs(dataset, mels))
    assert figure.axes[2].get_xlabel().startswith("mean level")


def test_what_does_not_fit_is_one_line():
    dataset = dataset_of(["a", "b"], ["x", "y"])
    for look in (survey.survey, survey.nearest_pairs):
        with pytest.raises(ParameterError, match="3 spectrograms for 2 clips"):
            look(dataset, noise(3))
    with pytest.raises(ParameterError, match="no clip"):
        mgc.plots.survey(pd.DataFrame(), pd.DataFrame())


def test_gtzans_exact_copies_are_found(shared_data):
    """All 14 exact copies of the published list are found; what else counts as a copy is on the list, too."""
    music = mgc.datasets.load("gtzan", shared_data / "gtzan")
    pairs = survey.nearest_pairs(music, mgc.store.mels(music, progress=False))
    listed = duplicates()
    exact = {frozenset(row) for row in listed.loc[listed["kind"] == "mel_exact", ["clip_id_a", "clip_id_b"]].to_numpy()}
    known = {frozenset(row) for row in listed[["clip_id_a", "clip_id_b"]].to_numpy()}
    found = [frozenset((row.a, row.b)) for row in pairs[pairs["likeness"] >= survey.ALIKE].itertuples()]
    assert exact <= set(found)
    assert set(found) <= known
