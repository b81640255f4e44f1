"""Where things lie on disk, and how a file comes to be there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mgclib.errors import MgcError

__all__ = ["atomic_path", "data_home", "named_file", "project_root", "refusals_told", "write_text"]

REMEDIES = {
    errno.ENOSPC: "the disk is full: free some space and run the same command again",
    errno.EROFS: "the file system is read-only: choose another folder",
    errno.EACCES: "no permission to write there: choose another folder or change its permissions",
    errno.EPERM: "no permission to write there: choose another folder or change its permissions",
    errno.EEXIST: "a file stands where a folder is needed: move it away",
    errno.ENOTDIR: "a file stands where a folder is needed: move it away",
    errno.ENAMETOOLONG: "the name is too long for this file system: choose a shorter one",
}


def project_root() -> Path:
    """Return the checkout that holds ``notebooks/experiments.yaml``.

    The environment variable ``MGC_PROJECT`` wins; then the current folder and its parents; then
    the folder above the installed package (an editable install).

    Raises
    ------
    MgcError
        When none of these is a checkout of the report book.
    """
    named = os.environ.get("MGC_PROJECT")
    here = Path.cwd()
    candidates = [Path(named)] if named else [here, *here.parents, Path(__file__).parents[1]]
    for folder in candidates:
        if (folder / "notebooks" / "experiments.yaml").is_file():
            return folder.resolve()
    raise MgcError(
        f"no checkout of the report book at {candidates[0]}: expected notebooks/experiments.yaml "
        "there or above; change into the checkout or set MGC_PROJECT to it"
    )


def data_home() -> Path:
    """Return the folder for generated data and the feature store: ``MGC_DATA``, else ``<checkout>/data``."""
    named = os.environ.get("MGC_DATA")
    return Path(named).expanduser() if named else project_root() / "data"


@contextlib.contextmanager
def refusals_told(target: Path) -> Iterator[None]:
    """Turn a refusal of the system to write at `target` that has a remedy into an `MgcError` that names both."""
    try:
        yield
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        raise MgcError(f"cannot write {target}: {REMEDIES[error.errno]}") from error


@contextlib.contextmanager
def atomic_path(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on success it takes the place of `target`.

    A reader sees the old file or the new one, never half of one. After an exception the temporary
    file is gone and `target` is as it was.

    Raises
    ------
    MgcError
        When the system refuses to write (full disk, read-only folder, …): names the path and the
        remedy.
    """
    target = Path(target)
    temporary: Path | None = None
    try:
        with refusals_told(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".part-", suffix=target.suffix, dir=target.parent)
            os.close(handle)
            temporary = Path(name)
            yield temporary
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(target)
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(target: str | os.PathLike[str], text: str) -> None:
    """Write `text` to `target` as UTF-8, atomically (see `atomic_path`)."""
    with atomic_path(target) as path:
        path.write_text(text, encoding="utf-8")


def named_file(value: Any) -> Path | None:
    """Return the file that a parameter's value names, e.g. one of weights; None for any other value."""
    path = Path(value).expanduser() if isinstance(value, str) and value else None
    return path if path is not None and path.is_file() else None
