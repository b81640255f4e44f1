"""Downloads from a server on this machine: resumed, checked, unpacked whole or not at all."""

from __future__ import annotations

import dataclasses
import importlib.util
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from mgclib import datasets
from mgclib.cli.data import app
from mgclib.datasets import fetch as fetching
from mgclib.datasets import fma as ours
from mgclib.datasets.fetch import ATTEMPTS, fetch
from mgclib.errors import DatasetError, ParameterError

spec = importlib.util.spec_from_file_location("tiny_fma", Path(__file__).with_name("fma.py"))
tiny = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tiny)

pytestmark = pytest.mark.usefixtures("data_home")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The archives of a tiny FMA-small."""
    made = tiny.make(tmp_path_factory.mktemp("made"))
    folder = tmp_path_factory.mktemp("published")
    for name in ("fma_metadata", "fma_small"):
        tiny.pack(made, name, folder / f"{name}.zip")
    return folder


@pytest.fixture
def server(published, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "CHUNK_BYTES", 100)
    (tmp_path / "server").mkdir()
    for file in published.iterdir():
        (tmp_path / "server" / file.name).write_bytes(file.read_bytes())
    server = tiny.Server(tmp_path / "server")
    yield server
    server.close()


def archives(server, *names):
    names = names or ("fma_metadata", "fma_small")
    return [tiny.archive(server.url, server.folder / f"{name}.zip", name) for name in names]


def get(server, home, **options):
    return fetch(archives(server), home, pause_seconds=0, **options)


def left(home: Path) -> set[str]:
    return {path.name for path in home.iterdir()} - {".fetch.lock"}


def test_a_data_set_arrives_whole_and_only_once(server, tmp_path, published):
    folders = get(server, tmp_path / "home")
    assert folders == [tmp_path / "home/fma_metadata", tmp_path / "home/fma_small"]
    with zipfile.ZipFile(published / "fma_small.zip") as packed:
        for name in packed.namelist():
            if not name.endswith("/"):
                assert (tmp_path / "home" / name).read_bytes() == packed.read(name)
    assert left(tmp_path / "home") == {"fma_metadata", "fma_small"}
    asked = len(server.asked)
    get(server, tmp_path / "home")
    assert len(server.asked) == asked


def test_an_interrupted_download_goes_on_where_it_stopped(server, tmp_path):
    server.stops = [300, 200]
    get(server, tmp_path / "home")
    assert server.asked[:3] == [None, "bytes=300-", "bytes=500-"]
    assert left(tmp_path / "home") == {"fma_metadata", "fma_small"}


def test_what_was_loaded_outlives_a_failure(server, tmp_path):
    server.stops = [100, *[0] * ATTEMPTS]
    with pytest.raises(
        DatasetError, match=r"failed \(.*\) 5 times in a row; what was loaded is kept; run the same"
    ) as told:
        get(server, tmp_path)
    assert "\n" not in str(told.value)
    assert (tmp_path / "fma_metadata.zip.part").stat().st_size == 100
    get(server, tmp_path)
    assert server.asked[ATTEMPTS + 1] == "bytes=100-"
    assert {"fma_metadata", "fma_small"} <= left(tmp_path)


def test_as_long_as_something_arrives_it_goes_on(server, tmp_path):
    server.stops = [100] * (ATTEMPTS + 3)
    get(server, tmp_path)
    assert {"fma_metadata", "fma_small"} <= left(tmp_path)


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.busy = ATTEMPTS - 1
    get(server, tmp_path / "home")
    server.busy = ATTEMPTS
    with pytest.raises(DatasetError, match=r"the server answers 503 .* 5 times in a row; what was loaded is kept"):
        get(server, tmp_path / "again")


def test_a_stop_while_the_checksum_is_computed_loses_nothing(server, tmp_path, monkeypatch):
    def stopped(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_sha1", stopped)
        with pytest.raises(KeyboardInterrupt):
            get(server, tmp_path)
    body = (server.folder / "fma_metadata.zip").read_bytes()
    assert (tmp_path / "fma_metadata.zip.part").read_bytes() == body
    get(server, tmp_path)
    assert server.asked[1] == f"bytes={len(body)}-"


def test_a_stop_after_unpacking_leaves_no_part_for_good(server, tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_tidy", stopped)
        with pytest.raises(KeyboardInterrupt):
            get(server, tmp_path / "home")
    get(server, tmp_path / "home")
    assert left(tmp_path / "home") == {"fma_metadata", "fma_small"}


def test_two_fetches_at_once_load_each_byte_once(server, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(lambda _: get(server, tmp_path / "home"), range(2)))
    assert folders[0] == folders[1]
    assert len(server.asked) == 2
    assert left(tmp_path / "home") == {"fma_metadata", "fma_small"}


def test_what_an_unpacking_left_that_was_killed_is_removed_before_room_is_asked_for(server, tmp_path, monkeypatch):
    scratch = tmp_path / "home/.fma_small.unpacking"
    scratch.mkdir(parents=True)
    (scratch / "half").write_bytes(b"half")
    seen = []
    monkeypatch.setattr(fetching, "_check_room", lambda *_: seen.append(scratch.exists()))
    get(server, tmp_path / "home")
    assert seen == [False]


def test_an_archive_that_was_there_is_used_and_stays(server, tmp_path):
    for name in ("fma_metadata.zip", "fma_small.zip"):
        (tmp_path / name).write_bytes((server.folder / name).read_bytes())
    get(server, tmp_path)
    assert server.asked == []
    assert {"fma_metadata", "fma_small", "fma_metadata.zip", "fma_small.zip"} <= left(tmp_path)


def test_another_archive_of_that_name_is_left_alone(server, tmp_path):
    (tmp_path / "fma_metadata.zip").write_bytes(b"mine")
    with pytest.raises(DatasetError, match=r"fma_metadata.zip is there already, but does not have .*; move it away"):
        get(server, tmp_path)
    assert (tmp_path / "fma_metadata.zip").read_bytes() == b"mine"


def test_a_part_that_is_whole_already_is_used(server, tmp_path):
    body = (server.folder / "fma_metadata.zip").read_bytes()
    (tmp_path / "fma_metadata.zip.part").write_bytes(body)
    get(server, tmp_path)
    assert server.asked[0] == f"bytes={len(body)}-"
    (tmp_path / "again").mkdir()
    (tmp_path / "again/fma_metadata.zip.part").write_bytes(body + b"more")
    get(server, tmp_path / "again")
    assert (tmp_path / "again/fma_metadata/tracks.csv").is_file()


def test_a_server_without_ranges_starts_from_the_beginning(server, tmp_path):
    server.ranges = False
    server.stops = [400]
    get(server, tmp_path / "home")
    assert left(tmp_path / "home") == {"fma_metadata", "fma_small"}


def test_a_wrong_checksum_leaves_nothing(server, tmp_path):
    expected = archives(server)
    (server.folder / "fma_metadata.zip").write_bytes(b"something else")
    with pytest.raises(DatasetError, match="does not have the published checksum"):
        fetch(expected, tmp_path / "home", pause_seconds=0)
    assert left(tmp_path / "home") == set()


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_corrupt_archive_is_named_and_nothing_is_half_unpacked(server, tmp_path, how):
    file = server.folder / "fma_small.zip"
    with zipfile.ZipFile(file, "w", how) as packed:
        packed.writestr("fma_small/000/000002.mp3", b"sound" * 1000 + bytes(range(256)) * 40)
    body = bytearray(file.read_bytes())
    body[60:90] = b"\xff" * 30
    file.write_bytes(body)
    with pytest.raises(
        DatasetError, match=r"fma_small\.zip\.part: the archive has the published checksum, but cannot be"
    ):
        get(server, tmp_path / "home")
    assert left(tmp_path / "home") == {"fma_metadata", "fma_small.zip.part"}


@pytest.mark.parametrize(("place", "value"), [(0, 1), (2, 97)])  # a password; a compression that nobody has
def test_an_archive_that_python_cannot_unpack_is_named(server, tmp_path, place, value):
    file = server.folder / "fma_small.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("fma_small/000/000002.mp3", b"sound")
    body = bytearray(file.read_bytes())
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(header) + offset + place] = value
    file.write_bytes(body)
    with pytest.raises(DatasetError, match=r"cannot be unpacked here \(.*\); unpack it by hand"):
        get(server, tmp_path / "home")


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/evil.txt", "fma_small/../../evil.txt", "other/file.mp3", "a\\..\\..\\b"]
)
def test_an_archive_that_would_write_elsewhere_is_refused(server, tmp_path, name):
    with zipfile.ZipFile(server.folder / "fma_small.zip", "w") as packed:
        packed.writestr("fma_small/000/000002.mp3", b"sound")
        packed.writestr(name, b"evil")
    with pytest.raises(DatasetError, match="would be written outside fma_small/"):
        get(server, tmp_path / "home")
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "home/fma_small").exists()


def test_a_link_in_an_archive_is_refused(server, tmp_path):
    with zipfile.ZipFile(server.folder / "fma_small.zip", "w") as packed:
        link = zipfile.ZipInfo("fma_small/000")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc")
    with pytest.raises(DatasetError, match="would be written outside"):
        get(server, tmp_path / "home")


def test_too_little_room_is_said_before_anything_is_loaded(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(DatasetError, match=r"0\.0 GiB free, fma_metadata.zip and fma_small.zip need about 0\.\d GiB"):
        get(server, tmp_path / "home")
    assert server.asked == []


def test_room_is_for_the_archives_less_what_is_loaded_and_for_what_they_unpack_to(server, tmp_path, monkeypatch):
    small, large = (
        dataclasses.replace(a, size=s, unpacked=s) for a, s in zip(archives(server), (10, 100), strict=True)
    )
    (tmp_path / "fma_small.zip.part").write_bytes(b"x" * 40)
    free = [fetching.SPARE_BYTES + 110 + 70]
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: SimpleNamespace(free=free[0]))
    fetching._check_room(tmp_path, [small, large])
    free[0] -= 1
    with pytest.raises(DatasetError, match="--home"):
        fetching._check_room(tmp_path, [small, large])


def test_a_dead_address_is_one_line(server, tmp_path):
    (gone,) = archives(server, "fma_small")
    (server.folder / "fma_small.zip").unlink()
    with pytest.raises(DatasetError, match=r"the server answers 404 .*; look for the data set's new address"):
        fetch([gone], tmp_path / "home", pause_seconds=0)


def test_the_command_fetches_and_the_loader_finds_it(server, tmp_path, monkeypatch):
    made = dict(zip(("fma_metadata", "small"), archives(server), strict=True))
    monkeypatch.setattr(ours, "ARCHIVES", made)
    shown = CliRunner().invoke(app, ["fetch", "fma-small", "--home", str(tmp_path / "home"), "--keep"])
    assert shown.exit_code == 0, shown.output
    assert f"mgc data check fma --home {tmp_path / 'home'}" in shown.stderr.replace("\n", "")
    assert len(datasets.load("fma", tmp_path / "home", clip_seconds=2.0)) == 12
    assert {"fma_small.zip", "fma_metadata.zip"} <= left(tmp_path / "home")


def test_what_has_no_address_is_told():
    shown = CliRunner().invoke(app, ["fetch", "gtzan"])
    assert isinstance(shown.exception, ParameterError)
    assert "only fma-small, fma-medium, fma-large, fma-full can" in str(shown.exception)


def test_the_published_archives():
    assert {a.name for a in ours.ARCHIVES.values()} == {f"fma_{n}.zip" for n in ("metadata", *ours.SUBSETS)}
    assert all(len(a.sha1) == 40 and a.url.startswith("https://") for a in ours.ARCHIVES.values())
