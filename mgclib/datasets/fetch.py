"""Download the archives of a data set and unpack them: resumed after a stop, checked, never half there.

An archive is a part (``fma_small.zip.part``) until it is whole and has the published checksum; a folder is unpacked
beside its place and takes it when every file is out. Whatever stops in between, the same command goes on from there.
"""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pooch
import requests
from tqdm import tqdm

from mgclib.errors import DatasetError
from mgclib.files import refusals_told

__all__ = ["Archive", "fetch"]

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 30
ATTEMPTS = 5
SPARE_BYTES = 1 << 28
"""Left free on the disk: a quarter of a gibibyte."""


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
    """Download and unpack what is not there yet.

    Parameters
    ----------
    archives : sequence of Archive
    home : path
        The folder that gets the unpacked folders; made where it is missing.
    keep : bool
        Keep each archive once it is unpacked.
    pause_seconds : float >= 0
        Before a broken connection is tried again; doubled each time, `ATTEMPTS` in all.

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
    todo = [archive for archive in archives if not (home / archive.folder).is_dir()]
    with refusals_told(home):
        home.mkdir(parents=True, exist_ok=True)
        _check_room(home, todo, keep)
        for archive in todo:
            file = _download(archive, home, pause_seconds)
            _unpack(archive, file, home)
            if not keep:
                file.unlink()
    return [home / archive.folder for archive in archives]


def _check_room(home: Path, todo: Sequence[Archive], keep: bool) -> None:
    """Raise where the disk cannot hold what is unpacked and the archives, one at a time unless all are kept."""
    if not todo:
        return
    loaded = {a: sum(p.stat().st_size for p in (home / a.name, _part(home, a)) if p.is_file()) for a in todo}
    missing = [max(0, archive.size - loaded[archive]) for archive in todo]
    need = sum(archive.unpacked for archive in todo) + (sum(missing) if keep else max(missing)) + SPARE_BYTES
    free = shutil.disk_usage(home).free
    if free < need:
        names = " and ".join(archive.name for archive in todo)
        raise DatasetError(
            f"{home} has {free / 2**30:.1f} GiB free, {names} need about {need / 2**30:.1f} GiB while they are "
            "unpacked; free some space or choose another folder with --home"
        )


def _part(home: Path, archive: Archive) -> Path:
    return home / f"{archive.name}.part"


def _download(archive: Archive, home: Path, pause_seconds: float) -> Path:
    """Return the whole archive with the published checksum; one that is there already is checked again."""
    pooch.get_logger().setLevel("WARNING")
    try:
        file = pooch.retrieve(
            archive.url,
            known_hash=f"sha1:{archive.sha1}",
            fname=archive.name,
            path=home,
            downloader=_Resuming(_part(home, archive), pause_seconds),
        )
    except ValueError as error:
        raise DatasetError(
            f"{archive.name} from {archive.url} does not have the published checksum {archive.sha1} and was deleted; "
            "run the same command again, and if that does not help, the file at this address has changed"
        ) from error
    return Path(file)


class _Resuming:
    """Downloads for pooch into a part that outlives a stop, and goes on where it ends."""

    def __init__(self, part: Path, pause_seconds: float) -> None:
        self.part, self.pause_seconds = part, pause_seconds

    def __call__(self, url: str, output_file: Any, pooch: Any, check_only: bool = False) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._load(url)
                break
            except requests.HTTPError as error:
                raise DatasetError(f"{url}: the server answers {error}; look for the data set's new address") from error
            except requests.RequestException as error:
                if attempt == ATTEMPTS:
                    raise DatasetError(
                        f"{url}: the connection failed {ATTEMPTS} times ({type(error).__name__}); what was loaded is "
                        f"kept in {self.part}; run the same command again to go on"
                    ) from error
                time.sleep(self.pause_seconds * 2 ** (attempt - 1))
        self.part.replace(output_file)

    def _load(self, url: str) -> None:
        start = self.part.stat().st_size if self.part.exists() else 0
        # identity: of a compressed answer neither the length nor the place to go on would be the file's
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with requests.get(url, stream=True, headers=headers, timeout=TIMEOUT_SECONDS) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                if answer.headers.get("Content-Range") == f"bytes */{start}":
                    return  # it was whole already
                self.part.unlink()
                raise requests.ConnectionError("the part is longer than the file")
            answer.raise_for_status()
            if answer.status_code != requests.codes.partial_content:
                start = 0
            length = answer.headers.get("Content-Length")
            total = None if length is None else start + int(length)
            bar = tqdm(total=total, initial=start, unit="B", unit_scale=True, desc=self.part.stem)
            with bar, self.part.open("ab" if start else "wb") as target:
                for chunk in answer.iter_content(CHUNK_BYTES):
                    target.write(chunk)
                    bar.update(len(chunk))
        if total is not None and self.part.stat().st_size < total:
            raise requests.ConnectionError("the answer ended early")


def _unpack(archive: Archive, file: Path, home: Path) -> None:
    """Unpack beside the place of the folder, then move it there."""
    scratch = home / f".{archive.folder}.unpacking"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        with zipfile.ZipFile(file) as packed:
            members = packed.infolist()
            for member in members:
                _check_member(member, archive)
            for member in tqdm(members, f"unpacking {file.name}", unit="file"):
                packed.extract(member, scratch)
        if not members:
            raise zipfile.BadZipFile("there is nothing in it")
        (scratch / archive.folder).replace(home / archive.folder)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
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
