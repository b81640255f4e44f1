from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mgclib import datasets
from mgclib.datasets import FaultyClipWarning
from mgclib.datasets.check import faults, formats
from mgclib.errors import DatasetError, ParameterError

pytestmark = pytest.mark.usefixtures("data_home")


def write(path: Path, seconds: float = 2.0, *, rate: int = 22050, channels: int = 1, level: float = 0.5) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = sum(map(ord, path.name))
    y = np.random.default_rng(seed).uniform(-level, level, (round(seconds * rate), channels))
    soundfile.write(path, y, rate)
    return path


def load(home: Path, **options) -> datasets.Dataset:
    return datasets.load("folder", home, **{"clip_seconds": 2.0, **options})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path / "music/tekno/a.wav")
    write(tmp_path / "music/dub/b.wav")
    return tmp_path / "music"


def test_files_and_folders_of_a_genre_are_tracks(home: Path):
    write(home / "dub/long track/1.flac")
    write(home / "dub/long track/2.flac")
    clips = load(home).clips
    assert list(clips.index) == ["dub/b", "dub/long track/1", "dub/long track/2", "tekno/a"]
    assert list(clips["track_id"]) == ["dub/b", "dub/long track", "dub/long track", "tekno/a"]
    assert clips["artist"].isna().all()


def test_a_long_file_is_cut_into_clips_of_one_track(home: Path):
    write(home / "dub/mix.wav", seconds=7.0)
    clips = load(home).clips
    mix = clips[clips["track_id"] == "dub/mix"]
    assert list(mix.index) == ["dub/mix@0", "dub/mix@2", "dub/mix@4"]
    assert list(mix["start_s"]) == [0.0, 2.0, 4.0]
    assert (mix["duration_s"] == 2.0).all()


def test_names_may_be_anything(home: Path):
    write(home / "ドラムンベース" / f"{'ü' * 120}.wav")
    write(home / "dub" / "[bold]x[/bold] 'quotes', comma.wav")
    dataset = load(home)
    assert len(dataset) == 4
    assert "ドラムンベース" in dataset.genres
    assert dataset.validate().empty


def test_a_name_that_is_no_utf8_is_set_aside(home: Path):
    source = home / "dub/b.wav"
    try:
        (home / "dub" / os.fsdecode(b"caf\xe9.wav")).write_bytes(source.read_bytes())
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.warns(FaultyClipWarning, match="not valid UTF-8"):
        dataset = load(home)
    assert len(dataset) == 2
    assert dataset.set_aside.index[0] == "dub/caf\\xe9"


def test_a_link_that_goes_round_in_a_circle(home: Path):
    (home / "dub" / "again").symlink_to(home / "dub", target_is_directory=True)
    assert len(load(home)) == 2


def test_rates_channels_and_short_files(home: Path):
    write(home / "dub/telephone.wav", rate=8000)
    write(home / "dub/studio.wav", rate=96000, channels=2)
    write(home / "dub/blip.wav", seconds=0.2)
    with pytest.warns(FaultyClipWarning, match="only 0.20 s"):
        dataset = load(home)
    table = formats(dataset)
    assert table.loc[8000, 1] == 1
    assert table.loc[96000, 2] == 1
    assert table.loc[22050, 1] == 2
    assert dataset.clips["duration_s"].to_numpy() == pytest.approx(2.0)


def test_checks_name_silence_clipping_length_duplicates_and_missing_files(home: Path):
    original = home / "dub/b.wav"
    samples, rate = soundfile.read(original)
    soundfile.write(home / "dub/c copy.flac", samples, rate)
    soundfile.write(home / "tekno/silent.wav", np.zeros(44100), 22050)
    soundfile.write(home / "tekno/loud.wav", np.sign(samples), 22050)
    write(home / "tekno/short.wav", seconds=1.2)
    gone = write(home / "tekno/gone.wav")
    dataset = load(home)
    gone.unlink()
    found = faults(dataset).set_index("clip_id")
    assert found["check"].to_dict() == {
        "dub/c copy": "duplicate",
        "tekno/gone": "exists",
        "tekno/loud": "clipped",
        "tekno/short": "length",
        "tekno/silent": "silent",
    }
    assert "dub/b" in found.loc["dub/c copy", "problem"]


def test_unsupported_formats_and_stray_files_do_not_vanish(home: Path):
    (home / "dub/x.m4a").write_bytes(b"something")
    write(home / "stray.wav")
    (home / "cover.jpg").write_bytes(b"no sound")
    (home / "dub/.hidden.wav").write_bytes(b"")
    (home / "empty genre").mkdir()
    with pytest.warns(FaultyClipWarning):
        dataset = load(home)
    assert sorted(dataset.set_aside.index) == ["dub/x", "stray.wav"]
    assert any("empty genre" in note for note in dataset.notes)


def test_two_formats_of_one_name_stay_two_clips_of_one_track(home: Path):
    write(home / "dub/b.flac")
    clips = load(home).clips
    assert {"dub/b.flac", "dub/b.wav"} <= set(clips.index)
    assert clips[clips["genre"] == "dub"]["track_id"].nunique() == 1


def test_manifest_overrides_what_the_folders_say(home: Path):
    write(home / "inbox 1.wav")
    (home / "manifest.csv").write_text(
        "file,genre,track,artist\ninbox 1.wav,dub,,Änne\ndub/b.wav,,same track,\ntekno/a.wav,,,B\n",
        encoding="utf-8-sig",
    )
    clips = load(home).clips
    assert clips.loc["inbox 1", ["genre", "track_id", "artist"]].tolist() == ["dub", "dub/inbox 1", "Änne"]
    assert clips.loc["dub/b", "track_id"] == "same track"
    assert clips.loc["tekno/a", "artist"] == "B"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file,genre\nnowhere.wav,dub\n", "nowhere.wav"),
        ("name,genre\na,b\n", "expected file"),
        ("file,mood\na,b\n", "expected file"),
        ("file,genre\ndub/b.wav,x\ndub/b.wav,y\n", "two rows"),
        ("file,genre\n,x\n", "row 2 names no file"),
        ("", "not a CSV"),
    ],
)
def test_a_faulty_manifest_is_refused(home: Path, text: str, says: str):
    (home / "manifest.csv").write_text(text)
    with pytest.raises(DatasetError, match=says):
        load(home)


def test_a_manifest_in_another_encoding(home: Path):
    (home / "manifest.csv").write_bytes("file,artist\ndub/b.wav,Änne\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="UTF-8"):
        load(home)
    with pytest.raises(DatasetError, match="no manifest at"):
        load(home, manifest=home / "none.csv")


def test_missing_empty_and_lonely(tmp_path: Path):
    with pytest.raises(DatasetError, match="nothing at"):
        load(tmp_path / "none")
    with pytest.raises(DatasetError, match="no sound file below"):
        load(tmp_path)
    write(tmp_path / "dub/a.wav")
    with pytest.raises(DatasetError, match="one genre only"):
        load(tmp_path)
    with pytest.raises(ParameterError, match="clip_seconds"):
        load(tmp_path, clip_seconds=0)


@pytest.mark.filterwarnings("ignore::mgclib.datasets.FaultyClipWarning")
def test_when_nothing_is_left_the_first_faulty_file_is_named(tmp_path: Path):
    for name in ("dub/a.wav", "tekno/b.wav"):
        write(tmp_path / name).write_text("no sound")
    with pytest.raises(DatasetError, match=r"none of the 2 .*dub/a\.wav: cannot be decoded"):
        load(tmp_path)
    write(tmp_path / "dub/a.wav")
    with pytest.raises(DatasetError, match=r"one genre only \(dub\).*tekno/b\.wav: cannot be decoded"):
        load(tmp_path)


def test_an_interrupted_examination_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch):
    from mgclib.datasets import index

    for k in range(6):
        write(home / f"dub/{k}.wav")
    examine_file, seen = index.examine_file, []

    def interrupted(path):
        if len(seen) == 4:
            raise KeyboardInterrupt
        seen.append(path)
        return examine_file(path)

    monkeypatch.setattr(index, "examine_file", interrupted)
    monkeypatch.setattr(index.os, "cpu_count", lambda: 1)
    with pytest.raises(KeyboardInterrupt):
        load(home)
    again = []
    monkeypatch.setattr(index, "examine_file", lambda path: again.append(path) or examine_file(path))
    assert len(load(home)) == 8
    assert len(again) < 8
    assert set(again) | set(seen) == {str(p) for p in home.glob("*/*.wav")}


def test_a_torn_index_line_is_forgiven(home: Path, data_home: Path):
    load(home)
    (index,) = (data_home / "index").glob("*.jsonl")
    index.write_text(index.read_text()[:-40] + "\nnull\n[]\n")
    assert len(load(home)) == 2


def test_an_index_that_cannot_be_written_says_so(home: Path, data_home: Path):
    from mgclib.errors import MgcError

    data_home.write_text("a file stands where the data home should be")
    with pytest.raises(MgcError, match="MGC_DATA"):
        load(home)
