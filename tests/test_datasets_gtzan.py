from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from mgclib import datasets
from mgclib.datasets import FaultyClipWarning, gtzan
from mgclib.errors import DatasetError, ParameterError

pytestmark = pytest.mark.usefixtures("data_home")


def write_clips(folder: Path, genres: tuple[str, ...] = ("jazz", "rock"), count: int = 3, suffix: str = "wav") -> None:
    rng = np.random.default_rng(5)
    for genre in genres:
        (folder / genre).mkdir(parents=True, exist_ok=True)
        for k in range(count):
            soundfile.write(folder / genre / f"{genre}.{k:05d}.{suffix}", rng.uniform(-0.5, 0.5, 22050 * 2), 22050)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_clips(tmp_path / "gtzan" / "genres_original")
    return tmp_path / "gtzan"


def load(home: Path, **options) -> datasets.Dataset:
    return datasets.load("gtzan", home, clip_seconds=2.0, **options)


@pytest.mark.parametrize("below", ["genres_original", "Data/genres_original", "audio/genres_original", "genres", "."])
@pytest.mark.parametrize("suffix", ["wav", "au", "flac", "ogg", "mp3"])
def test_every_usual_layout_and_format_is_found(tmp_path: Path, below: str, suffix: str):
    write_clips(tmp_path / "home" / below, count=1, suffix=suffix)
    dataset = load(tmp_path / "home")
    assert list(dataset.clips.index) == ["jazz.00000", "rock.00000"]
    assert (dataset.clips["track_id"] == dataset.clips.index).all()
    assert dataset.clips["duration_s"].to_numpy() == pytest.approx(2.0, abs=0.1)
    assert dataset.genres == ("jazz", "rock")
    assert "only 2 of the ten genres" in dataset.notes[0]


def test_genres_keep_the_order_of_the_ten(tmp_path: Path):
    write_clips(tmp_path, genres=("rock", "blues", "hiphop"), count=1)
    assert load(tmp_path).genres == ("blues", "hiphop", "rock")


def test_jazz_00054_is_left_out_by_name_and_listed(home: Path):
    (home / "genres_original/jazz/jazz.00054.wav").write_bytes(b"\x00\x01" * 500)
    with warnings.catch_warnings():
        warnings.simplefilter("error", FaultyClipWarning)
        dataset = load(home)
    assert "jazz.00054" not in dataset.clips.index
    assert dataset.set_aside.loc["jazz.00054", "problem"].startswith("known fault")
    assert dataset.validate().empty


FAULTS = {
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "text": (lambda path: path.write_text("no sound"), "cannot be decoded"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:30000]), "truncated"),
    "nan": (lambda path: soundfile.write(path, np.full(44100, np.nan, "f4"), 22050, subtype="FLOAT"), "not finite"),
    "short": (lambda path: soundfile.write(path, np.full(4410, 0.1), 22050), "only 0.20 s long"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_new_fault_is_loud_and_stops_nothing(home: Path, fault: str):
    path = home / "genres_original/rock/rock.00001.wav"
    damage, says = FAULTS[fault]
    damage(path)
    with pytest.warns(FaultyClipWarning, match=re.escape(str(path))):
        dataset = load(home)
    assert len(dataset) == 5
    assert says in dataset.set_aside.loc["rock.00001", "problem"]
    assert dataset.set_aside.loc["rock.00001", "path"] == str(path)
    assert dataset.validate()["clip_id"].tolist() == ["rock.00001"]


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "au", "aiff"])
def test_truncation_is_seen_in_every_format(tmp_path: Path, suffix: str):
    write_clips(tmp_path, suffix=suffix)
    path = tmp_path / "jazz" / f"jazz.00000.{suffix}"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.warns(FaultyClipWarning, match="truncated|cannot be decoded"):
        assert len(load(tmp_path)) == 5


def test_many_faults_give_ten_warnings_and_a_count(tmp_path: Path):
    write_clips(tmp_path, count=8)
    for path in [*sorted(tmp_path.glob("jazz/*"))[:7], *sorted(tmp_path.glob("rock/*"))[:6]]:
        path.write_bytes(b"")
    with pytest.warns(FaultyClipWarning) as caught:
        dataset = load(tmp_path)
    assert len(caught) == 11
    assert "3 more" in str(caught[-1].message)
    assert len(dataset.set_aside) == 13


def test_two_files_of_one_clip(home: Path):
    folder = home / "genres_original/jazz"
    samples, rate = soundfile.read(folder / "jazz.00000.wav")
    soundfile.write(folder / "jazz.00000.flac", samples, rate)
    soundfile.write(folder / "my favourite.wav", samples, rate)
    with pytest.warns(FaultyClipWarning):
        dataset = load(home)
    assert dataset.clips.loc["jazz.00000", "path"].endswith(".wav")
    assert len(dataset.set_aside) == 2


def test_the_second_load_decodes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch):
    first = load(home)
    monkeypatch.setattr("mgclib.datasets.index.examine_file", lambda path: pytest.fail(f"examined {path} again"))
    second = load(home)
    pd.testing.assert_frame_equal(first.clips, second.clips)
    assert first.fingerprint == second.fingerprint


def test_fingerprint_goes_by_content_not_by_place(home: Path, tmp_path: Path):
    before = load(home).fingerprint
    moved = home.rename(tmp_path / "elsewhere")
    assert load(moved).fingerprint == before
    soundfile.write(moved / "genres_original/jazz/jazz.00000.wav", np.full(44100, 0.1), 22050)
    assert load(moved).fingerprint != before


def test_tracks_per_genre_and_snippets(home: Path):
    dataset = load(home, tracks_per_genre=2, snippet_seconds=1)
    assert len(dataset) == 8
    assert dataset.clip_seconds == 1.0
    assert list(dataset.clips.index[:2]) == ["jazz.00000@0", "jazz.00000@1"]
    assert dataset.clips["track_id"].nunique() == 4


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        (lambda home: None, "nothing at"),
        (lambda home: home.mkdir(), "no GTZAN at"),
        (lambda home: (home / "genres_original/jazz").mkdir(parents=True), "no GTZAN at"),
        (lambda home: write_clips(home, genres=("jazz",)), "one genre only"),
        (
            lambda home: (home / "x.melpack.npz").parent.mkdir() or (home / "x.melpack.npz").write_text("x"),
            "not a read",
        ),
    ],
)
def test_a_home_without_gtzan(tmp_path: Path, prepare, says: str):
    prepare(tmp_path / "hömé")
    with pytest.raises(DatasetError, match=says) as caught:
        load(tmp_path / "hömé")
    assert "hömé" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_usable_at_all(tmp_path: Path):
    write_clips(tmp_path, count=1)
    for path in tmp_path.glob("*/*.wav"):
        path.write_bytes(b"")
    with (
        pytest.warns(FaultyClipWarning),
        pytest.raises(DatasetError, match=r"none of the 2 .*00000\.wav: the file is empty"),
    ):
        load(tmp_path)


def test_names_and_options_are_checked():
    assert {"synthetic", "gtzan", "folder"} <= set(datasets.names())
    with pytest.raises(ParameterError, match="did you mean 'gtzan'"):
        datasets.load("gtzam")
    with pytest.raises(ParameterError, match="did you mean 'snippet_seconds'"):
        datasets.load("gtzan", snippet_second=3)
    with pytest.raises(ParameterError, match="auto, audio, pack"):
        datasets.load("gtzan", source="tape")
    with pytest.raises(ParameterError, match="expected int"):
        datasets.load("gtzan", tracks_per_genre=1.5)


@pytest.mark.parametrize("name", datasets.names())
def test_every_data_set_has_the_same_parts(name: str):
    module = datasets.module(name)
    assert all(isinstance(getattr(module, part), str) for part in ("DESCRIPTION", "CITATION", "LICENCE"))
    assert "tracks_per_genre" in datasets.options(name)


def test_carried_lists_keep_artists_and_duplicates_apart():
    listed = gtzan._fault_filtered()
    assert listed.value_counts().to_dict() == {"train": 443, "validation": 197, "test": 290}
    artists = gtzan.artists().dropna()
    parts = listed.to_frame("part").join(artists, how="inner").groupby("artist")["part"].nunique()
    assert parts.max() == 1
    pairs = gtzan.duplicates()
    assert pairs["kind"].value_counts()["mel_exact"] == 14
    a, b = (pairs[c].map(listed) for c in ("clip_id_a", "clip_id_b"))
    assert ((a == b) | a.isna() | b.isna()).all()


def test_artists_have_one_spelling_each():
    artists = gtzan.artists().dropna()
    folded = artists.str.casefold().str.replace("&", " and ").str.replace(r"[^a-z0-9]+", " ", regex=True).str.strip()
    assert artists.nunique() == folded.nunique() == 242
    assert len(artists) == 919


def test_feature_table_must_be_the_right_table(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"no features_30_sec\.csv"):
        gtzan.feature_table(tmp_path)
    (tmp_path / "features_30_sec.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match="expected the columns"):
        gtzan.feature_table(tmp_path)


def test_real_pack_is_preferred_to_a_hundred_files(shared_data: Path):
    dataset = datasets.load("gtzan", shared_data / "gtzan")
    assert len(dataset) == 999
    assert dataset.genres == gtzan.GENRES
    assert dataset.clips["genre"].value_counts().to_dict() == {g: 99 if g == "jazz" else 100 for g in gtzan.GENRES}
    assert list(dataset.set_aside.index) == ["jazz.00054"]
    assert dataset.lists["fault-filtered"].value_counts().sum() == 929
    found = dataset.validate()
    assert set(found["check"]) == {"duplicate"}
    assert len(found) == 14


def test_real_pack_agrees_with_real_audio(shared_data: Path):
    librosa = pytest.importorskip("librosa")
    pack = datasets.load("gtzan", shared_data / "gtzan").pack
    path = next(shared_data.glob("gtzan/audio_full/classical/*.wav"))
    y, _ = librosa.load(path, sr=22050)
    power = librosa.feature.melspectrogram(y=y, sr=22050, n_fft=2048, hop_length=512, n_mels=128)
    reference = librosa.power_to_db(power, ref=np.max, top_db=80.0)[:, pack.frame_index]
    assert np.abs(pack.decibels([path.stem])[0] - reference).max() < 0.2


def test_real_audio_and_tables(shared_data: Path):
    dataset = datasets.load("gtzan", shared_data / "gtzan", source="audio", clip_seconds=15.0)
    assert len(dataset) == 100
    assert dataset.validate().empty
    table = gtzan.feature_table(shared_data / "gtzan")
    assert table.shape == (1000, 59)
    assert table.loc["blues.00000", "length"] == 661794


def test_real_broken_jazz_00054(shared_data: Path, home: Path):
    broken = (shared_data / "gtzan/audio_broken/jazz.00054.wav").read_bytes()
    (home / "genres_original/jazz/jazz.00010.wav").write_bytes(broken)
    with pytest.warns(FaultyClipWarning, match=r"jazz\.00010"):
        assert len(load(home)) == 6
