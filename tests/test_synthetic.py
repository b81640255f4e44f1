"""The synthetic data set: reproducible, resumable, musical, and neither trivial nor hopeless."""

from __future__ import annotations

import errno
import json
from itertools import pairwise
from pathlib import Path

import joblib
import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score
from sklearn.svm import SVC

from mgclib.datasets import synthetic
from mgclib.datasets.dataset import CLIP_COLUMNS
from mgclib.datasets.synthesis import Song, artist_name
from mgclib.datasets.synthesis.drums import BODIES, KITS, TUNED_NOISE
from mgclib.datasets.synthesis.figures import FIGURES, Bar
from mgclib.datasets.synthesis.harmony import SCALES, parse_progression, voicing
from mgclib.datasets.synthesis.recipes import FAMILIES, RECIPES
from mgclib.datasets.synthesis.style import MEDIA
from mgclib.datasets.synthesis.tones import VOICES
from mgclib.errors import MgcError, ParameterError

STATISTICS = json.loads((Path(__file__).with_name("synthetic_statistics.json")).read_text())
BAND_EDGES_HZ = (40, 160, 400, 1000, 2500, 6000, 11000)
SMALL = {"tracks_per_genre": 2, "clips_per_track": 2, "clip_seconds": 0.5, "jobs": 1}


def statistics(y: np.ndarray) -> list[float]:
    """Return level and band energies in dB, rounded to 0.01."""
    power = np.abs(np.fft.rfft(y.astype(float))) ** 2
    hertz = np.fft.rfftfreq(len(y), 1 / synthetic.SAMPLE_RATE)
    bands = [power[(hertz >= a) & (hertz < b)].sum() for a, b in pairwise(BAND_EDGES_HZ)]
    return [round(10 * float(np.log10(v)), 2) for v in (np.mean(y**2), *(np.array(bands) / power.sum()))]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, synthetic.Dataset]:
    home = tmp_path_factory.mktemp("synthetic")
    return home, synthetic.load(home, **SMALL)


def test_data_set_has_the_common_shape(small):
    _, dataset = small
    assert len(dataset) == 40
    assert dataset.genres == FAMILIES["genres"]
    assert dataset.synthetic
    assert tuple(dataset.clips.columns) == CLIP_COLUMNS
    assert dataset.clips.index.is_monotonic_increasing
    assert set(dataset.content) == set(dataset.clips["path"])
    info = soundfile.info(dataset.clips["path"].iloc[0])
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (22050, 1, 11025, "PCM_16")


def test_fingerprint_is_of_the_music_not_of_the_place(small, tmp_path):
    _, dataset = small
    assert synthetic.load(tmp_path / "elsewhere", **SMALL).fingerprint == dataset.fingerprint
    assert synthetic.load(tmp_path / "elsewhere", **SMALL, seed=1).fingerprint != dataset.fingerprint


def test_samples_do_not_depend_on_workers_order_or_global_state(small, tmp_path):
    _, dataset = small
    np.random.seed(123)  # noqa: NPY002
    parallel = synthetic.load(tmp_path, **SMALL | {"jobs": 2})
    for ours, theirs in zip(dataset.clips["path"], parallel.clips["path"], strict=True):
        np.testing.assert_array_equal(soundfile.read(ours)[0], soundfile.read(theirs)[0])
    song = Song("disco", 1, 0)
    late, early = song.excerpt(11.5, 2.0), song.excerpt(4.0, 2.0)
    np.testing.assert_array_equal(Song("disco", 1, 0).excerpt(4.0, 2.0), early)
    np.testing.assert_array_equal(Song("disco", 1, 0).excerpt(11.5, 2.0), late)


def test_second_load_writes_nothing_and_survives_a_lost_manifest(small, monkeypatch):
    home, dataset = small
    folder = next(p for p in home.iterdir() if p.is_dir())

    def refuse(*_):
        raise AssertionError("a finished clip was generated again")

    monkeypatch.setattr(synthetic.synthesis.Song, "excerpt", refuse)
    before = (folder / synthetic.MANIFEST).stat().st_mtime_ns
    assert synthetic.load(home, **SMALL).fingerprint == dataset.fingerprint
    assert (folder / synthetic.MANIFEST).stat().st_mtime_ns == before
    for damage in ("", "{", "[]", '{"x":'):
        (folder / synthetic.MANIFEST).write_text(damage)
        assert len(synthetic.load(home, **SMALL)) == 40


def test_missing_and_damaged_clips_are_made_again(tmp_path):
    dataset = synthetic.load(tmp_path, **SMALL)
    paths = [Path(p) for p in dataset.clips["path"]]
    whole = [soundfile.read(p)[0] for p in paths]
    paths[0].unlink()
    paths[1].write_bytes(b"")
    paths[2].write_bytes(paths[2].read_bytes()[:700])
    synthetic.load(tmp_path, **SMALL)
    for path, y in zip(paths, whole, strict=True):
        np.testing.assert_array_equal(soundfile.read(path)[0], y)


def test_a_larger_set_contains_the_smaller_one(tmp_path):
    smaller = synthetic.load(tmp_path, **SMALL)
    larger = synthetic.load(tmp_path, **SMALL | {"tracks_per_genre": 3})
    assert larger.select(list(smaller.clips.index)).fingerprint == smaller.fingerprint


def test_artists_sometimes_share_tracks_but_never_names():
    for family in FAMILIES.values():
        names = {(genre, track): artist_name(genre, track) for genre in family for track in range(80)}
        tracks_of = {n: [key for key, name in names.items() if name == n] for n in names.values()}
        assert {len(t) for t in tracks_of.values()} == {1, 2}
        assert all(len({genre for genre, _ in t}) == 1 for t in tracks_of.values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "opera"}, "family='opera'.*genres, techno"),
        ({"tracks_per_genre": 0}, "tracks_per_genre=0 .*1 to 1000"),
        ({"clips_per_track": 2.5}, "clips_per_track=2.5 "),
        ({"clips_per_track": True}, "clips_per_track=True "),
        ({"clip_seconds": 0.1}, "clip_seconds=0.1 .*0.5 to 120"),
        ({"clip_seconds": float("nan")}, "clip_seconds=nan "),
        ({"clip_seconds": "5"}, "clip_seconds='5' "),
        ({"seed": -1}, "seed=-1 "),
        ({"jobs": 0}, "jobs=0 "),
    ],
)
def test_options_out_of_range_are_refused(tmp_path, options, message):
    with pytest.raises(ParameterError, match=message):
        synthetic.load(tmp_path, **options)
    assert not list(tmp_path.iterdir())


def test_a_home_that_cannot_be_written_is_one_line(tmp_path):
    home = tmp_path / "a file"
    home.write_text("")
    with pytest.raises(MgcError, match="a file stands where a folder is needed") as caught:
        synthetic.load(home, **SMALL)
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(MgcError, match="the disk is full"):
        synthetic.load(tmp_path, tracks_per_genre=1, clips_per_track=1, clip_seconds=1.0, jobs=1)
    assert not list(tmp_path.rglob("*.flac"))


def test_render_names_the_genres_and_fits_the_clips(tmp_path):
    with pytest.raises(ParameterError, match=r"genre='polka'.*blues"):
        synthetic.render("polka")
    dataset = synthetic.load(tmp_path, tracks_per_genre=1, clips_per_track=1, clip_seconds=1.0, jobs=1)
    clip, _ = soundfile.read(dataset.clips.loc["jazz.000.00", "path"])
    np.testing.assert_allclose(synthetic.render("jazz", seconds=1.0, start_s=4.0), clip, atol=3 / 32767)


@pytest.mark.parametrize("genre", list(RECIPES))
def test_music_is_the_same_as_when_it_was_measured(genre):
    """A change beyond 0.5 dB means other music: raise `synthesis.song.VERSION` and measure again."""
    y = synthetic.render(genre, track=1, seconds=4.0, start_s=4.0)
    assert y.dtype == np.float32
    assert np.abs(y).max() <= 1
    np.testing.assert_allclose(statistics(y), STATISTICS[genre], atol=0.5)


@pytest.mark.parametrize("genre", list(RECIPES))
def test_recipes_use_words_that_exist(genre):
    for style in RECIPES[genre]:
        assert 40 <= style.tempo[0] < style.tempo[1] <= 240
        assert set(style.kits) <= set(KITS)
        assert set(style.media) <= set(MEDIA)
        assert set(style.scales) <= set(SCALES)
        assert all(parse_progression(text, 3) for text in style.progressions)
        for part in style.parts:
            assert set(part.instruments) <= set(VOICES)
            assert set(part.figures) <= set(FIGURES)
        sounds = {"kick", "snare", "hat", "open", "ride", "crash", *TUNED_NOISE, *BODIES}
        for groove in style.grooves:
            assert set(groove) <= sounds
            assert all(set(pattern) <= set("Xxog?.") for pattern in groove.values())
            assert all(len(pattern) % style.beats == 0 for pattern in groove.values())


@settings(max_examples=60, deadline=None)
@given(
    figure=st.sampled_from(sorted(FIGURES)),
    scale=st.sampled_from(sorted(SCALES)),
    bar_chords=st.sampled_from(["I V", "i7 bVII5", "ii7/V7 Imaj7", "vi IV"]),
    key=st.integers(0, 11),
    beats=st.sampled_from([3, 4]),
    number=st.integers(0, 40),
    seed=st.integers(0, 99),
)
@example(figure="skank", scale="bebop", bar_chords="I V", key=0, beats=3, number=0, seed=20)
def test_figures_stay_in_their_bar_and_near_their_register(figure, scale, bar_chords, key, beats, number, seed):
    chords = parse_progression(bar_chords, key)
    bar = Bar(
        number=number,
        beats=beats,
        chords=chords[0],
        following=chords[1][0],
        key=key,
        scale=SCALES[scale],
        register=55,
        rng=np.random.default_rng(seed),
        motif=lambda k: np.random.default_rng([seed, k]),
    )
    for beat, pitch, length, velocity in FIGURES[figure](bar):
        assert 0 <= beat < beats
        assert 31 <= pitch <= 85
        assert 0 < length <= beats
        assert 0 < velocity <= 1


def test_harmony_is_spelled_right():
    (c,), (am, d7), (bb,) = parse_progression("I vi/II7 bVII", 0)
    assert c.pitch_classes == (0, 4, 7)
    assert am.pitch_classes == (9, 0, 4)
    assert d7.pitch_classes == (2, 6, 9, 0)
    assert bb.pitch_classes == (10, 2, 5)
    assert voicing(c, 60) == (55, 60, 64)


@pytest.mark.parametrize("genre", ["disco", "pop", "reggae", "country", "bouncy", "industrial"])
def test_a_beat_tracker_hears_the_tempo(genre):
    heard = 0
    for track in (0, 2, 4):
        song = Song(genre, track, 0)
        tempo, _ = librosa.beat.beat_track(y=song.excerpt(4.0, 10.0), sr=synthetic.SAMPLE_RATE)
        ratios = float(np.atleast_1d(tempo)[0]) / song.tempo / np.array([0.5, 2 / 3, 1, 2])
        heard += bool(np.any(np.abs(ratios - 1) < 0.05))
    assert heard >= 2


def _pictures(genre: str, track: int) -> list[np.ndarray]:
    song = Song(genre, track, 0)
    pictures = []
    for start in (4.0, 11.5, 19.0):
        mel = librosa.feature.melspectrogram(y=song.excerpt(start, 5.0), sr=synthetic.SAMPLE_RATE)
        grey = ((librosa.power_to_db(mel, ref=np.max) + 80) * 255 / 80).clip(0, 255).astype(np.uint8)
        pictures.append(np.asarray(Image.fromarray(grey).resize((96, 32), Image.Resampling.BILINEAR)) / 255)
    return pictures


@pytest.mark.slow
def test_difficulty_is_between_trivial_and_hopeless_and_a_split_by_clip_is_optimistic():
    tracks = [(genre, track) for genre in FAMILIES["genres"] for track in range(12)]
    pictures = np.array(joblib.Parallel(n_jobs=2)(joblib.delayed(_pictures)(*t) for t in tracks))
    x = pictures.reshape(len(tracks) * 3, -1)
    genres = np.repeat([genre for genre, _ in tracks], 3)
    groups = np.repeat(np.arange(len(tracks)), 3)
    model = SVC(C=100, gamma="scale")
    by_track = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    by_clip = StratifiedKFold(5, shuffle=True, random_state=0)
    grouped = cross_val_score(model, x, genres, groups=groups, cv=by_track).mean()
    random = cross_val_score(model, x, genres, cv=by_clip).mean()
    assert 0.50 <= grouped <= 0.85
    assert grouped + 0.08 <= random < 1.0
