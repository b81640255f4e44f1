"""The store against librosa computed directly, and against kills, crashes, broken clips and full disks."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile

from mgclib import shards, store
from mgclib.datasets.dataset import Dataset
from mgclib.errors import AudioError, DatasetError, MgcError, ParameterError
from mgclib.features import MelSpec
from mgclib.summary import SummarySpec, summarise, summary_names

SPEC = MelSpec(n_mels=32)
SECONDS = 0.5


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("MGC_DATA", str(tmp_path / "data"))


def make_dataset(folder: Path, n_clips: int, seconds: float = SECONDS, sample_rate: int = 22050) -> Dataset:
    rng = np.random.default_rng(n_clips)
    folder.mkdir(exist_ok=True)
    clips = []
    for number in range(n_clips):
        path = folder / f"{number:04d}.wav"
        if not path.exists():
            soundfile.write(path, rng.uniform(-0.5, 0.5, int(seconds * sample_rate)).astype(np.float32), sample_rate)
        genre = ("blues", "jazz")[number % 2]
        clips.append((f"{genre}.{number:04d}", genre, f"track {number}", None, str(path), 0.0, seconds))
    return dataset_of(clips, seconds)


def dataset_of(clips: list[tuple], seconds: float) -> Dataset:
    columns = ["clip_id", "genre", "track_id", "artist", "path", "start_s", "duration_s"]
    table = pd.DataFrame(clips, columns=columns).set_index("clip_id")
    content = {path: f"hash of {Path(path).name}" for path in table["path"]}
    return Dataset("noise", table, ("blues", "jazz"), "CC0", "none", seconds, content=content)


@pytest.fixture
def dataset(tmp_path):
    return make_dataset(tmp_path / "sound", 24)


def log_mel_by_librosa(path: str, spec: MelSpec) -> np.ndarray:
    y, _ = librosa.load(path, sr=spec.sample_rate)
    power = librosa.feature.melspectrogram(y=y, sr=spec.sample_rate, n_mels=spec.n_mels)
    return librosa.power_to_db(power, ref=np.max)


def folder_of(root: Path) -> Path:
    (meta,) = root.rglob("meta.json")
    return meta.parent


def quiet(dataset: Dataset, **options) -> np.ndarray:
    return store.mels(dataset, SPEC, progress=False, **options)


@pytest.mark.parametrize("jobs", [1, 2])
def test_mels_equal_librosa(dataset, jobs):
    mels = quiet(dataset, jobs=jobs)
    assert mels.shape == (24, 32, SPEC.n_frames(round(SECONDS * 22050)))
    assert mels.dtype == np.float32
    for row, path in zip(mels, dataset.clips["path"], strict=True):
        np.testing.assert_allclose(row, log_mel_by_librosa(path, SPEC), rtol=0, atol=1e-4)


def test_other_rate_and_stereo_equal_librosa(tmp_path):
    path = tmp_path / "stereo.wav"
    y = np.random.default_rng(0).uniform(-0.3, 0.3, (48000, 2)).astype(np.float32)
    soundfile.write(path, y, 48000, subtype="FLOAT")
    dataset = dataset_of([("a", "blues", "t", None, str(path), 0.0, 1.0)], 1.0)
    expected = librosa.resample(y.mean(axis=1), orig_sr=48000, target_sr=22050, res_type="soxr_hq")
    np.testing.assert_allclose(store.waveforms(dataset, progress=False)[0], expected, atol=1e-6)
    np.testing.assert_allclose(
        quiet(dataset)[0],
        librosa.power_to_db(librosa.feature.melspectrogram(y=expected, sr=22050, n_mels=32), ref=np.max),
        rtol=0,
        atol=1e-4,
    )


def test_the_array_is_a_read_only_memory_map(dataset):
    mels = quiet(dataset)
    assert isinstance(mels, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        mels[0] = 0


def test_waveforms_are_cut_and_padded(tmp_path):
    path = tmp_path / "ramp.wav"
    ramp = np.linspace(-0.9, 0.9, 22050).astype(np.float32)
    soundfile.write(path, ramp, 22050, subtype="FLOAT")
    clips = [
        ("a", "blues", "t", None, str(path), 0.0, 1.0),
        ("b", "jazz", "t", None, str(path), 0.75, 0.25),
        ("c", "jazz", "t", None, str(path), 0.25, float("nan")),
    ]
    y = store.waveforms(dataset_of(clips, 0.5), progress=False)
    np.testing.assert_array_equal(y[0], ramp[:11025])
    n_left = 22050 - round(0.75 * 22050)
    np.testing.assert_array_equal(y[1, :n_left], ramp[-n_left:])
    assert (y[1, n_left:] == 0).all()
    np.testing.assert_array_equal(y[2], ramp[round(0.25 * 22050) :][:11025])


def test_rows_follow_the_clip_table(dataset):
    backwards = dataset.select(dataset.clips.index[::-1])
    np.testing.assert_array_equal(quiet(backwards), quiet(dataset)[::-1])


def test_computed_once_and_again_only_for_another_spec_or_content(dataset, monkeypatch):
    calls = []
    load_clip = store.load_clip
    monkeypatch.setattr(store, "load_clip", lambda *a, **k: calls.append(a) or load_clip(*a, **k))
    quiet(dataset, jobs=1)
    quiet(dataset, jobs=1)
    assert len(calls) == 24
    store.mels(dataset, MelSpec(n_mels=16), jobs=1, progress=False)
    assert len(calls) == 48
    dataset.content[dataset.clips["path"].iloc[0]] = "another hash"
    quiet(dataset, jobs=1)
    assert len(calls) == 72


def test_other_code_or_library_versions_compute_anew(dataset, tmp_path, monkeypatch):
    quiet(dataset)
    spoil(folder_of(tmp_path / "data") / "array.npy", range(24))
    assert (quiet(dataset) == 7).all()
    monkeypatch.setitem(store.MADE_WITH, "librosa", "99")
    assert (quiet(dataset) <= 0).all()


def test_a_damaged_array_is_computed_anew(dataset, tmp_path):
    good = np.array(quiet(dataset))
    path = folder_of(tmp_path / "data") / "array.npy"
    path.write_bytes(path.read_bytes()[:1000])
    np.testing.assert_array_equal(quiet(dataset), good)


def test_meta_tells_what_the_folder_holds(dataset, tmp_path):
    quiet(dataset)
    folder = folder_of(tmp_path / "data")
    meta = json.loads((folder / "meta.json").read_text())
    assert MelSpec.from_dict(meta["spec"]) == SPEC
    assert meta["clip_ids"] == list(dataset.clips.index)
    assert meta["fingerprint"] == dataset.fingerprint
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == ["array.npy", "meta.json"]


def test_the_progress_bar_counts_clips_and_can_be_silenced(dataset, capsys):
    store.mels(dataset, SPEC, jobs=1)
    assert "24/24" in capsys.readouterr().err
    store.mels(dataset, SPEC)
    store.waveforms(dataset, progress=False)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("jobs", [1, 2])
def test_empty_bands_are_warned_of_once(dataset, capfd, jobs):
    spec = MelSpec(n_fft=512, n_mels=256, fmin=1.0 + jobs)
    with pytest.warns(UserWarning, match="Empty filters") as caught:
        store.mels(dataset, spec, jobs=jobs, progress=False)
    assert len(caught) == 1
    assert capfd.readouterr().err == ""


def spoil(path: Path, rows: range | list[int], value: float = 7.0) -> None:
    array = np.load(path, mmap_mode="r+")
    array[list(rows)] = value
    array.flush()


SLOW = """
    import sys, time
    from pathlib import Path
    from mgclib import store
    sys.path.insert(0, {here!r})
    from test_store import SPEC, make_dataset

    mel = store._mel

    def slow(clip_id, *clip, **options):
        with Path({log!r}).open("a") as log:
            log.write(clip_id + chr(10))
        time.sleep(0.04)
        return mel(clip_id, *clip, **options)

    store._mel = slow
    store.mels(make_dataset(Path({sound!r}), {n_clips}), SPEC, jobs={jobs}, progress=False)
"""


def start(tmp_path: Path, n_clips: int, jobs: int = 1) -> subprocess.Popen:
    code = SLOW.format(
        here=str(Path(__file__).parent),
        log=str(tmp_path / "log"),
        sound=str(tmp_path / "sound"),
        n_clips=n_clips,
        jobs=jobs,
    )
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for_shards(tmp_path: Path, process: subprocess.Popen, least: int) -> list[Path]:
    for _ in range(12000):
        if len(done := list((tmp_path / "data").rglob("done/*"))) >= least or process.poll() is not None:
            return done
        time.sleep(0.01)
    raise AssertionError("no shard was finished in two minutes")


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_kill_9_finished_shards_are_kept(tmp_path, jobs):
    n_clips = 96
    process = start(tmp_path, n_clips, jobs)
    wait_for_shards(tmp_path, process, 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    dataset = make_dataset(tmp_path / "sound", n_clips)
    folder = folder_of(tmp_path / "data")
    assert not (folder / "array.npy").exists()
    per_shard = json.loads((folder / "meta.json").read_text())["clips_per_shard"]
    kept = [int(marker.name) + k for marker in (folder / "done").iterdir() for k in range(per_shard)]
    assert 0 < len(kept) < n_clips
    spoil(folder / "unfinished.npy", kept)
    mels = quiet(dataset)
    assert (mels[kept] == 7).all()
    others = np.setdiff1d(np.arange(n_clips), kept)
    for row in others:
        np.testing.assert_allclose(mels[row], log_mel_by_librosa(dataset.clips["path"].iloc[row], SPEC), atol=1e-4)


def test_ctrl_c_keeps_finished_shards(tmp_path):
    n_clips = 96
    process = start(tmp_path, n_clips, jobs=2)
    wait_for_shards(tmp_path, process, 2)
    os.killpg(process.pid, signal.SIGINT)
    _, complaint = process.communicate(timeout=240)
    assert complaint.decode().strip().endswith("KeyboardInterrupt")
    assert len(list((tmp_path / "data").rglob("done/*"))) >= 2
    assert len(quiet(make_dataset(tmp_path / "sound", n_clips))) == n_clips


def test_two_processes_compute_once(tmp_path):
    make_dataset(tmp_path / "sound", 32)
    first, second = start(tmp_path, 32), start(tmp_path, 32)
    for process in (first, second):
        assert process.wait(timeout=240) == 0
        process.communicate()
    assert len((tmp_path / "log").read_text().splitlines()) == 32


@pytest.mark.parametrize("jobs", [1, 2])
def test_broken_clips_are_named_after_all_others_are_done(dataset, tmp_path, jobs):
    paths = dataset.clips["path"]
    for number in (3, 7, 8, 20):
        Path(paths.iloc[number]).write_bytes(b"no sound")
    with pytest.raises(AudioError) as caught:
        quiet(dataset, jobs=jobs)
    message = str(caught.value)
    assert "4 of 24 clips of noise" in message
    assert "jazz.0003" in message
    assert "and 1 more" in message
    assert "mgc data check" in message
    assert "select" in message
    assert "\n" not in message
    assert len(list((tmp_path / "data").rglob("done/*"))) == 20
    soundfile.write(paths.iloc[3], np.zeros(11025), 22050)
    with pytest.raises(AudioError, match=r"3 of 24"):
        quiet(dataset, jobs=jobs)
    healthy = dataset.select([clip for k, clip in enumerate(dataset.clips.index) if k not in (3, 7, 8, 20)])
    assert len(quiet(healthy, jobs=jobs)) == 20


def test_a_full_disk_is_one_line_and_keeps_finished_shards(dataset, tmp_path, monkeypatch):
    fsync, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(shards.os, "fsync", full)
    with pytest.raises(MgcError, match=r"cannot write .*: the disk is full"):
        quiet(dataset, jobs=1)
    monkeypatch.undo()
    monkeypatch.setenv("MGC_DATA", str(tmp_path / "data"))
    assert len(list((tmp_path / "data").rglob("done/*"))) == 5
    assert len(quiet(dataset)) == 24


def test_too_small_a_disk_is_said_before_computing(dataset, monkeypatch):
    monkeypatch.setattr(shards.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(MgcError, match="free some space, or set MGC_DATA"):
        quiet(dataset)


def test_a_file_where_the_store_should_be(dataset, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MgcError, match="a file stands where a folder is needed"):
        quiet(dataset, root=tmp_path / "file" / "store")


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True])
def test_wrong_jobs(dataset, jobs):
    with pytest.raises(ParameterError, match="jobs="):
        quiet(dataset, jobs=jobs)


def test_a_file_without_content_hash_is_refused(dataset):
    dataset.content.clear()
    with pytest.raises(DatasetError, match="no content hash"):
        quiet(dataset)


class Pack:
    """As much of a mel pack as the store needs: half the columns of two clips."""

    spec = SPEC
    seconds = 30.0
    fingerprint = "pack"
    path = Path("gtzan.melpack.npz")

    def columns(self, seconds):
        return 40 if seconds is None else round(40 * seconds / 30)

    def decibels(self, clip_ids, start_s, seconds):
        assert list(clip_ids) in (["blues.0"], ["jazz.1"])
        return np.full((1, 32, self.columns(seconds)), -1.0 if clip_ids[0] == "blues.0" else -2.0, np.float32)


@pytest.fixture
def packed():
    clips = [("blues.0", "blues", "b", None, None, 0.0, 30.0), ("jazz.1", "jazz", "j", None, None, 0.0, 30.0)]
    dataset = dataset_of([(*clip[:4], "", *clip[5:]) for clip in clips], 30.0)
    dataset.clips["path"] = None
    object.__setattr__(dataset, "pack", Pack())
    return dataset


@pytest.mark.parametrize("spec", [None, SPEC])
def test_a_mel_pack_gives_its_rows(packed, spec):
    mels = store.mels(packed, spec, progress=False)
    assert mels.shape == (2, 32, 40)
    assert (mels[0] == -1).all()
    assert (mels[1] == -2).all()


def test_a_mel_pack_with_another_spec_names_the_fields(packed):
    with pytest.raises(ParameterError) as caught:
        store.mels(packed, MelSpec(n_mels=64, hop_length=256), progress=False)
    assert "n_mels=64 (pack: 32)" in str(caught.value)
    assert "hop_length=256 (pack: 512)" in str(caught.value)
    assert "n_fft" not in str(caught.value)


def test_a_mel_pack_has_no_waveforms(packed):
    with pytest.raises(DatasetError, match=r"waveforms need audio: put the sound files below"):
        store.waveforms(packed)


def test_a_mel_pack_has_no_summary_features(packed):
    with pytest.raises(DatasetError, match="summary features need audio"):
        store.summary_features(packed)


@pytest.mark.parametrize("jobs", [1, 2])
def test_summary_features_describe_each_clip_as_long_as_it_is(tmp_path, jobs):
    rng = np.random.default_rng(0)
    paths = [tmp_path / "long.wav", tmp_path / "short.wav"]
    for path, seconds in zip(paths, (1.5, 0.4), strict=True):
        soundfile.write(path, rng.uniform(-0.5, 0.5, int(seconds * 22050)).astype(np.float32), 22050, subtype="FLOAT")
    clips = [
        ("a", "blues", "t", None, str(paths[0]), 0.0, 1.5),
        ("b", "blues", "t", None, str(paths[0]), 0.5, 0.8),
        ("c", "jazz", "u", None, str(paths[1]), 0.0, 0.4),
    ]
    found = store.summary_features(dataset_of(clips, 0.6), jobs=jobs, progress=False)
    sounds = [librosa.load(paths[0], sr=22050)[0][:13230], librosa.load(paths[0], sr=22050)[0][11025 : 11025 + 13230]]
    sounds.append(librosa.load(paths[1], sr=22050)[0])
    assert found.shape == (3, len(summary_names()))
    np.testing.assert_allclose(found, [summarise(y) for y in sounds], rtol=1e-5, atol=1e-5)
    column = [feature.name for feature in summary_names()].index("spectral_centroid_mean")
    assert found[2, column] == pytest.approx(librosa.feature.spectral_centroid(y=sounds[2]).mean(), rel=1e-5)


def test_summary_features_are_kept_until_the_spec_or_their_code_changes(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(store, "summarise", lambda y, spec: calls.append(spec) or np.ones(len(summary_names(spec))))
    dataset = make_dataset(tmp_path / "sound", 2)
    for n_mfcc, n_calls in ((20, 2), (20, 2), (13, 4), (20, 4)):
        found = store.summary_features(dataset, SummarySpec(n_mfcc=n_mfcc), jobs=1, progress=False)
        assert len(calls) == n_calls
        assert found.shape == (2, len(summary_names(SummarySpec(n_mfcc=n_mfcc))))
    monkeypatch.setattr(store, "row_code", lambda *modules: "other code of " + ", ".join(modules))
    store.summary_features(dataset, jobs=1, progress=False)
    assert len(calls) == 6


def test_a_clip_too_short_for_summary_features_is_named(tmp_path):
    dataset = make_dataset(tmp_path / "sound", 3)
    soundfile.write(dataset.clips["path"].iloc[1], np.ones(500, np.float32) / 2, 22050)
    with pytest.raises(AudioError, match=r"1 of 3 clips .*jazz.0001 .*500 samples .* at least 2048"):
        store.summary_features(dataset, jobs=1, progress=False)


def test_a_real_mel_pack_and_its_snippets(tmp_path, dataset):
    from mgclib.datasets.melpack import pack_clips, write_pack

    pack = write_pack(tmp_path / "noise.melpack.npz", dataset, SPEC, progress=False)
    packed = Dataset("noise", pack_clips(pack), dataset.genres, "CC0", "none", pack.seconds, pack=pack)
    audible = dataset.select(packed.clips.index)
    np.testing.assert_allclose(store.mels(packed, progress=False), quiet(audible), atol=80 / 500)
    snippets = store.mels(packed.cut(SECONDS / 2), progress=False)
    assert snippets.shape == (48, 32, pack.columns(SECONDS / 2))
    assert (snippets.max(axis=(1, 2)) == 0).all()
