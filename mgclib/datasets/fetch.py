"""Download the archives of a data set and unpack them: resumed after a stop, checked, never half there.

An archive is a part (``fma_small.zip.part``) until it is unpacked; a folder is unpacked beside its place and takes it
when every file is out. Whatever stops in between, the same command goes on from there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import requests
from filelock import FileLock
from tqdm import tqdm

from mgclib.errors import DatasetError
from mgclib.files import refusals_told

__all__ = ["Archive", "fetch"]

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 30
ATTEMPTS = 5
SPARE_BYTES = 1 << 28
"""Left free on the disk: a quarter of a gibibyte."""

GONE = "look for the data set's new address"
BUSY = "what was loaded is kept; run the same command again later to go on"


@dataclass(frozen=True)
class Archive:
    """A zip file that unpacks into one folder.

    Parameters
    ----------
    url : str
    sha1 : str
        As published, 40 hexadecimal digits.
    size : int [bytes]
        About; only to see beforehand whether the disk has room.
    unpacked : int [bytes]
        About; of the folder.
    folder : str
        The one folder in it.
    """

    url: str
    sha1: str
    size: int
    unpacked: int
    folder: str

    @property
    def name(self) -> str:
        """File name of the archive."""
        return self.url.rpartition("/")[2]


def fetch(
    archives: Sequence[Archive], home: str | os.PathLike[str], *, keep: bool = False, pause_seconds: float = 1.0
) -> list[Path]:
    """Download and unpack what is not there yet; a second call at the same time waits for the first.

    An archive that lies in `home` already is used and stays there.

    Parameters
    ----------
    archives : sequence of Archive
    home : path
        The folder that gets the unpacked folders; made where it is missing.
    keep : bool
        Keep each archive that was downloaded.
    pause_seconds : float >= 0
        Before a broken connection is tried again; doubled each time. After `ATTEMPTS` in a row that bring nothing it is
        given up.

    Returns
    -------
    list of Path
        The folders.

    Raises
    ------
    DatasetError
        Too little room on the disk (before anything is loaded), a server that refuses or breaks off (what was loaded is
        kept), a checksum that is not the published one, an archive that is damaged or would write elsewhere.
    MgcError
        When the system refuses to write.
    """
    home = Path(home).expanduser().resolve()
    with refusals_told(home):
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / ".fetch.lock"):
            for archive in archives:
                shutil.rmtree(_scratch(home, archive), ignore_errors=True)
            todo = [archive for archive in archives if not (home / archive.folder).is_dir()]
            _check_room(home, todo)
            for archive in archives:
                if archive in todo:
                    _unpack(archive, _checked(archive, home, pause_seconds), home)
                _tidy(archive, home, keep)
    return [home / archive.folder for archive in archives]


def _part(home: Path, archive: Archive) -> Path:
    return home / f"{archive.name}.part"


def _scratch(home: Path, archive: Archive) -> Path:
    return home / f".{archive.folder}.unpacking"


def _check_room(home: Path, todo: Sequence[Archive]) -> None:
    """Raise where the disk cannot hold what is unpacked and the archives."""
    loaded = {a: sum(p.stat().st_size for p in (home / a.name, _part(home, a)) if p.is_file()) for a in todo}
    need = sum(archive.unpacked + max(0, archive.size - loaded[archive]) for archive in todo) + SPARE_BYTES
    free = shutil.disk_usage(home).free
    if todo and free < need:
        names = " and ".join(archive.name for archive in todo)
        raise DatasetError(
            f"{home} has {free / 2**30:.1f} GiB free, {names} need about {need / 2**30:.1f} GiB while they are "
            "unpacked; free some space or choose another folder with --home"
        )


def _tidy(archive: Archive, home: Path, keep: bool) -> None:
    """Remove the part of an archive that is unpacked, or let it have the archive's name."""
    part, file = _part(home, archive), home / archive.name
    if keep and part.is_file() and not file.exists():
        part.replace(file)
    part.unlink(missing_ok=True)


def _checked(archive: Archive, home: Path, pause_seconds: float) -> Path:
    """Return the whole archive with the published checksum: one that is there, or the part once it is loaded."""
    file, part = home / archive.name, _part(home, archive)
    if file.is_file():
        if _sha1(file) != archive.sha1:
            raise DatasetError(
                f"{file} is there already, but does not have the published checksum {archive.sha1}; move it away and "
                "run the same command again"
            )
        return file
    _download(archive, part, pause_seconds)
    if _sha1(part) != archive.sha1:
        part.unlink()
        raise DatasetError(
            f"{archive.name} from {archive.url} does not have the published checksum {archive.sha1} and was deleted; "
            "run the same command again, and if that does not help, the file at this address has changed"
        )
    return part


def _sha1(file: Path) -> str:
    digest = hashlib.sha1(usedforsecurity=False)
    bar = tqdm(total=file.stat().st_size, unit="B", unit_scale=True, desc=f"checking {file.name}", leave=False)
    with bar, file.open("rb") as handle:
        while chunk := handle.read(CHUNK_BYTES):
            digest.update(chunk)
            bar.update(len(chunk))
    return digest.hexdigest()


def _download(archive: Archive, part: Path, pause_seconds: float) -> None:
    """Load the rest of an archive; begin again where the connection breaks."""
    failures, before = 0, _size(part)
    while True:
        try:
            _load(archive, part)
            return
        except requests.RequestException as error:
            code = error.response.status_code if isinstance(error, requests.HTTPError) else None
            if code is not None and code < 500 and code not in (408, 429):
                raise DatasetError(f"{archive.url}: the server answers {error}; {GONE}") from error
            failures = 0 if _size(part) > before else failures + 1
            before = _size(part)
            if failures == ATTEMPTS:
                what = f"the server answers {error}" if code else f"the connection failed ({type(error).__name__})"
                raise DatasetError(f"{archive.url}: {what} {ATTEMPTS} times in a row; {BUSY}") from error
            time.sleep(pause_seconds * 2 ** max(0, failures - 1))


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _load(archive: Archive, part: Path) -> None:
    start = _size(part)
    # identity: of a compressed answer neither the length nor the place to go on would be the file's
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with requests.get(archive.url, stream=True, headers=headers, timeout=TIMEOUT_SECONDS) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            if _sha1(part) == archive.sha1:
                return  # it was whole already
            part.unlink()
            raise requests.ConnectionError("the part is longer than the file")
        answer.raise_for_status()
        if answer.status_code != requests.codes.partial_content:
            start = 0
        length = answer.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        bar = tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=archive.name)
        with bar, part.open("ab" if start else "wb") as target:
            for chunk in answer.iter_content(CHUNK_BYTES):
                target.write(chunk)
                bar.update(len(chunk))
    if total is not None and _size(part) < total:
        raise requests.ConnectionError("the answer ended early")


def _unpack(archive: Archive, file: Path, home: Path) -> None:
    """Unpack beside the place of the folder, then move it there."""
    scratch = _scratch(home, archive)
    try:
        with zipfile.ZipFile(file) as packed:
            members = packed.infolist()
            for member in members:
                _check_member(member, archive)
            for member in tqdm(members, f"unpacking {archive.name}", unit="file"):
                packed.extract(member, scratch)
        if not members:
            raise zipfile.BadZipFile("there is nothing in it")
        (scratch / archive.folder).replace(home / archive.folder)
    except (zipfile.BadZipFile, EOFError, RuntimeError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DatasetError(
            f"{file}: the archive has the published checksum, but cannot be unpacked here ({error}); unpack it by "
            f"hand in {home}, e.g. with 7z x"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_member(member: zipfile.ZipInfo, archive: Archive) -> None:
    """Raise for a member that would be written outside the archive's own folder."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    linked = (member.external_attr >> 16) & 0o170000 == 0o120000
    if path.is_absolute() or ".." in path.parts or path.parts[:1] != (archive.folder,) or linked:
        raise DatasetError(
            f"{archive.name}: its member {member.filename!r} would be written outside {archive.folder}/: nothing was "
            "unpacked; do not use this archive"
        )
