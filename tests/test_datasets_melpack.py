from __future__ import annotations

import errno
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mgclib import datasets, store
from mgclib.datasets.melpack import quantise, read_pack, write_pack
from mgclib.errors import DatasetError, MgcError, ParameterError
from mgclib.features import MelSpec

pytestmark = pytest.mark.usefixtures("data_home")

META = {"sample_rate": 22050, "n_fft": 2048, "hop_length": 512, "n_mels": 4, "top_db": 80.0, "duration_s": 30.0}


def arrays(**changes) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    made = {
        "mel": rng.integers(0, 256, (3, 4, 9), dtype=np.uint8),
        "clip_id": np.array(["jazz.00000", "jazz.00001", "rock.00000"]),
        "genre": np.array(["jazz", "jazz", "rock"]),
        "frame_index": np.arange(9, dtype=np.int32) * 144,
        "meta": np.array(json.dumps(META)),
    }
    made.update(changes)
    return {name: array for name, array in made.items() if array is not None}


def save(folder: Path, **changes) -> Path:
    path = folder / "x.melpack.npz"
    np.savez_compressed(path, **arrays(**changes))
    return path


@pytest.fixture
def music(tmp_path: Path) -> datasets.Dataset:
    rng = np.random.default_rng(3)
    for genre in ("dub", "tekno"):
        for k in range(2):
            (tmp_path / "music" / genre).mkdir(parents=True, exist_ok=True)
            y = rng.normal(0, 0.1, 22050) * np.linspace(0, 1, 22050)
            soundfile.write(tmp_path / "music" / genre / f"{k}.wav", y, 22050)
    late = np.concatenate([np.zeros(22050), rng.normal(0, 0.1, 22050)])
    soundfile.write(tmp_path / "music/dub/late.wav", late, 22050)
    return datasets.load("folder", tmp_path / "music", clip_seconds=1.0)


def test_round_trip_within_a_quantisation_step(music: datasets.Dataset, tmp_path: Path):
    path = tmp_path / "out" / "music.melpack.npz"
    written = write_pack(path, music, progress=False)
    again = datasets.load("folder", path)
    original = store.mels(music, MelSpec(), progress=False)
    step = np.maximum(-original.min(axis=(1, 2), keepdims=True), 1e-6) / 255
    assert (np.abs(again.pack.decibels(again.clips.index) - original) <= step / 2 + 1e-4).all()
    assert again.pack.spec == MelSpec()
    assert again.clips[["genre", "track_id"]].equals(music.clips[["genre", "track_id"]])
    assert again.genres == music.genres
    assert not again.synthetic
    assert again.fingerprint == datasets.load("folder", path).fingerprint
    assert written.fingerprint == again.pack.fingerprint
    assert set(again.validate()["clip_id"]) == {"dub/late@0"}, "silent in its first second"
    np.testing.assert_array_equal(store.mels(again, progress=False), again.pack.decibels())


def test_every_third_frame(music: datasets.Dataset, tmp_path: Path):
    whole = write_pack(tmp_path / "a.npz", music, progress=False)
    third = write_pack(tmp_path / "b.npz", music, frame_step=3, progress=False)
    np.testing.assert_array_equal(third.frame_index, whole.frame_index[::3])
    assert third.mel.shape[2] == -(-whole.mel.shape[2] // 3)


@given(hnp.arrays(np.float32, (4, 5), elements=st.floats(-80, 0, width=32)))
def test_quantise_is_within_half_a_step(db: np.ndarray):
    mel, floor = quantise(db)
    assert floor == db.min()
    assert np.abs(floor * (1 - mel / 255) - db).max() <= -floor / 510 + 1e-4


@pytest.mark.parametrize(
    ("quantization", "low", "high"),
    [("db = -top_db + mel/255*top_db", -80.0, 0.0), ("… (nominal: floors differ)", -79.84375, -0.15625)],
)
def test_the_inverse_is_chosen_by_meta(tmp_path: Path, quantization: str, low: float, high: float):
    mel = np.zeros((3, 4, 9), np.uint8)
    mel[:, 0] = 255
    meta = np.array(json.dumps({**META, "quantization": quantization}))
    db = read_pack(save(tmp_path, mel=mel, meta=meta)).decibels()
    assert (db.min(), db.max()) == (low, high)


def test_snippets_have_equal_columns_and_cover_the_clip_once(tmp_path: Path):
    dataset = datasets.load("gtzan", save(tmp_path), snippet_seconds=10)
    assert len(dataset) == 9
    snippets = dataset.pack.decibels(dataset.clips.index, dataset.clips["start_s"], dataset.clip_seconds)
    assert snippets.shape == (9, 4, 3)
    assert (snippets.max(axis=(1, 2)) == 0).all()
    whole = dataset.pack.decibels(["jazz.00001"])[0]
    part = snippets[list(dataset.clips.index).index("jazz.00001@10")]
    np.testing.assert_allclose(part, whole[:, 3:6] - whole[:, 3:6].max(), atol=1e-5)


def test_snippets_of_the_real_pack(shared_data: Path):
    dataset = datasets.load("gtzan", shared_data / "gtzan", snippet_seconds=10)
    assert len(dataset) == 2997
    few = dataset.clips.iloc[:30]
    db = dataset.pack.decibels(few.index, few["start_s"], 10.0)
    assert db.shape == (30, 128, 129)
    assert db.dtype == np.float32
    assert dataset.pack.spec == MelSpec()
    assert len(dataset.lists["fault-filtered"]) == 3 * 929


def test_what_is_not_in_the_pack_is_named(tmp_path: Path):
    pack = read_pack(save(tmp_path))
    with pytest.raises(DatasetError, match=r"pop\.00000"):
        pack.decibels(["jazz.00000", "pop.00000"])
    with pytest.raises(ParameterError, match="inside"):
        pack.decibels(["jazz.00000"], 25.0, 10.0)
    with pytest.raises(ParameterError, match="at most"):
        pack.decibels(["jazz.00000"], 0.0, 40.0)
    with pytest.raises(ParameterError, match="longer than the clips"):
        datasets.load("gtzan", save(tmp_path), clip_seconds=60)


BAD = {
    "missing array": ({"frame_index": None}, "lacks the array"),
    "mel floats": ({"mel": np.zeros((3, 4, 9), np.float32)}, "float32"),
    "mel flat": ({"mel": np.zeros((3, 36), np.uint8)}, "expected uint8"),
    "no clips": ({"mel": np.zeros((0, 4, 9), np.uint8)}, "expected uint8"),
    "too few ids": ({"clip_id": np.array(["a", "b"])}, "`clip_id`"),
    "bytes ids": ({"clip_id": np.array([b"a", b"b", b"c"])}, "`clip_id`"),
    "ids twice": ({"clip_id": np.array(["a", "a", "b"])}, "'a' occurs twice"),
    "empty genre": ({"genre": np.array(["a", "", "b"])}, "empty"),
    "object genre": ({"genre": np.array(["a", "b", None], dtype=object)}, "pickled"),
    "frames": ({"frame_index": np.arange(8)}, "`frame_index`"),
    "frames go back": ({"frame_index": np.arange(9)[::-1]}, "increasing"),
    "floor": ({"floor_db": np.array([-80.0, np.nan, -80.0])}, "`floor_db`"),
    "positive floor": ({"floor_db": np.array([-80.0, 3.0, -80.0])}, "`floor_db`"),
    "meta text": ({"meta": np.array("hello")}, "not JSON"),
    "meta list": ({"meta": np.array("[1]")}, "object"),
    "meta lacks": ({"meta": np.array(json.dumps({**META, "hop_length": None}))}, "hop_length=None"),
    "meta bands": ({"meta": np.array(json.dumps({**META, "n_mels": 128}))}, "n_mels=128"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_malformed_pack_is_refused_in_one_line(tmp_path: Path, fault: str):
    changes, says = BAD[fault]
    path = save(tmp_path, **changes)
    with pytest.raises(DatasetError, match=says) as caught:
        read_pack(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.98])
def test_a_truncated_pack_is_refused(tmp_path: Path, keep: float):
    path = save(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: keep if isinstance(keep, int) else int(keep * len(data))])
    with pytest.raises(DatasetError, match="not a readable"):
        read_pack(path)


def test_a_damaged_byte_is_seen(tmp_path: Path):
    path = save(tmp_path)
    data = bytearray(path.read_bytes())
    data[120] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="not a readable"):
        read_pack(path)


def test_a_single_array_or_no_file(tmp_path: Path):
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(DatasetError, match="not a readable"):
        read_pack(tmp_path / "x.npy")
    with pytest.raises(DatasetError, match="no mel pack at"):
        read_pack(tmp_path / "none.npz")


def test_other_packs_are_not_gtzan(tmp_path: Path):
    ids = np.array(["dub/1", "dub/2", "tekno/1"])
    with pytest.raises(DatasetError, match="no pack of GTZAN"):
        datasets.load("gtzan", save(tmp_path, clip_id=ids))
    meta = np.array(json.dumps({**META, "corpus": "synthetic"}))
    with pytest.raises(DatasetError, match="a pack of 'synthetic'"):
        datasets.load("gtzan", save(tmp_path, meta=meta))
    with pytest.raises(DatasetError, match="a pack of 'synthetic'"):
        datasets.load("gtzan", save(tmp_path, meta=meta), clip_seconds=1e6)


def test_a_full_disk_leaves_nothing_behind(music: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(handle, **_):
        handle.write(b"half a pack")
        raise OSError(errno.ENOSPC, "No space left on device")

    target = tmp_path / "out" / "x.melpack.npz"
    target.parent.mkdir()
    target.write_bytes(b"the old one")
    store.mels(music, MelSpec(), progress=False)
    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(MgcError, match="the disk is full"):
        write_pack(target, music, progress=False)
    assert target.read_bytes() == b"the old one"
    assert list(target.parent.iterdir()) == [target]


def test_a_read_only_folder(music: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    store.mels(music, MelSpec(), progress=False)
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(MgcError, match="read-only"):
        write_pack(tmp_path / "x.npz", music, progress=False)


def test_a_file_where_the_folder_should_be(music: datasets.Dataset, tmp_path: Path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(MgcError, match="a file stands where a folder is needed"):
        write_pack(tmp_path / "taken" / "x.npz", music, progress=False)


def test_requests_that_make_no_sense(music: datasets.Dataset, tmp_path: Path):
    with pytest.raises(ParameterError, match=r"end in \.npz"):
        write_pack(tmp_path / "x.zip", music)
    with pytest.raises(ParameterError, match="frame_step"):
        write_pack(tmp_path / "x.npz", music, frame_step=0)
    with pytest.raises(ParameterError, match="copy"):
        write_pack(tmp_path / "y.npz", datasets.load("gtzan", save(tmp_path)))
