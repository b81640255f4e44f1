"""Cache keys: what has to change for an experiment to run again, or for a seed to be trained again.

*Run key* (`run_key`): the executed notebook is still right. Covers the notebook's cells (not its outputs),
all parameters, every source file of mgclib, the data, ``requirements.lock`` and what is really installed, and the
records (a page may draw those of a sister experiment too). Paths are left out: the same data elsewhere is the same
run as long as its files keep their time stamps. Whatever changes a seeds key changes the run key as well.

*Seeds key* (`seeds_key`): a trained seed is still right. Hours of training must survive an edit of a caption, so
it covers less: all parameters except the list of seeds; the modules that can change a training result
(`training_sources`); the versions of the libraries that compute; the data; and of the notebook only the code
cells up to the last one that uses ``checkpoint_dir``, without comments and layout. What stands below that cell
draws, and cannot change what was trained.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mgclib
from mgclib.audio import AUDIO_SUFFIXES, UNSUPPORTED_SUFFIXES
from mgclib.errors import RunError
from mgclib.experiments.signature import code_cells, read_notebook
from mgclib.files import data_home, named_file

__all__ = ["data_digest", "existing_home", "run_key", "seeds_key", "training_sources", "versions"]

TRAINING = (
    "audio",
    "augment",
    "datasets",
    "embeddings",
    "example",
    "features",
    "inputs",
    "learning_curve",
    "models",
    "networks",
    "splits",
    "store",
    "training",
    "transfer_learning",
    "tuning",
)
"""Modules of mgclib on the way from sound files to a fitted model; what they import from mgclib counts too."""

NOT_TRAINING = ("documents", "ensemble", "errors", "files", "fitted", "paired", "predictions", "records", "results")
"""Imported there, but without a say in what is learned: ``fitted`` writes models down, ``ensemble`` and ``paired``
look at answers."""

SYNTHESIS = ("datasets/synthesis", "datasets/synthetic", "example")
"""What makes synthetic music."""

SOURCE_SUFFIXES = (".py", ".yaml", ".csv", ".css")
DATA_SUFFIXES = (*AUDIO_SUFFIXES, *UNSUPPORTED_SUFFIXES, ".npz", ".csv")
COMPUTING = (
    "numpy",
    "scipy",
    "scikit-learn",
    "xgboost-cpu",
    "lightgbm",
    "pyAudioAnalysis",
    "keras",
    "tensorflow",
    "librosa",
    "soundfile",
    "soxr",
)
DRAWING = ("pillow", "matplotlib")
"""They make the pictures that a model learns from: one resizes them, one has the colour map."""

AROUND = ("pandas", "seaborn", "papermill", "mgclib")
PATHS = ("home", "results_dir", "checkpoint_dir")


def versions() -> dict[str, str]:
    """Return the versions of the installed packages that compute or draw; ``not installed`` where one is missing."""
    return {name: _version(name) for name in (*COMPUTING, *DRAWING, *AROUND)}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _digest(parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _file_hash(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()


def _sources() -> dict[str, str]:
    """Return the hash of every source file of mgclib by its name in the package."""
    package = Path(mgclib.__file__).parent
    files = {
        path.relative_to(package).as_posix(): path for path in package.rglob("*") if path.suffix in SOURCE_SUFFIXES
    }
    return {name: _source_hash(path, *_facts(path)) for name, path in sorted(files.items())}


def _facts(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_mtime_ns, facts.st_size


@functools.lru_cache(maxsize=4096)
def _source_hash(path: Path, modified: int, size: int) -> str:
    return _file_hash(path)


def training_sources(*, synthetic: bool = True) -> dict[str, str]:
    """Return the hashes of the source files that can change what is learned: `TRAINING` and its imports.

    What makes synthetic music is left out where none is heard: an edit there costs no training on recordings.
    """
    package = Path(mgclib.__file__).parent
    wanted, found = list(TRAINING), set()
    while wanted:
        room = wanted.pop()
        if room in found or room in NOT_TRAINING:
            continue
        found.add(room)
        for path in [package / f"{room}.py", *(package / room).rglob("*.py")]:
            if path.is_file():
                wanted.extend(_imported(path, *_facts(path)))
    return {
        name: value
        for name, value in _sources().items()
        if name.partition("/")[0].removesuffix(".py") in found and (synthetic or not name.startswith(SYNTHESIS))
    }


@functools.lru_cache(maxsize=4096)
def _imported(path: Path, modified: int, size: int) -> frozenset[str]:
    """Return the top-level rooms of mgclib that a module imports anywhere."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            rooms |= {alias.name for alias in node.names if alias.name.startswith("mgclib.")}
        elif isinstance(node, ast.ImportFrom) and node.module == "mgclib":
            rooms |= {f"mgclib.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mgclib."):
            rooms.add(node.module)
    return frozenset(room.split(".")[1] for room in rooms)


def _without_paths(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out where things lie; a file that a parameter names (``weights``) counts by its content."""
    return {name: _content(value) for name, value in parameters.items() if name not in PATHS}


def _content(value: Any) -> Any:
    file = named_file(value)
    return value if file is None else {"file": _file_hash(file)}


def _backend() -> str:
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def data_digest(home: str | os.PathLike[str]) -> str:
    """Return a hash that changes when a sound file, mel pack or table below `home` does; `home` may be a mel pack.

    It holds name, size and modification time of each: no file is opened, 10,000 clips take well under a
    second. Where the feature store or generated data lie below `home` they do not count.

    Raises
    ------
    RunError
        When there is nothing at `home`.
    """
    home = existing_home(home)
    if home.is_file():
        return _digest([_file_facts(home, home.parent)])
    generated = {(data_home() / name).resolve() for name in ("index", "store", "synthetic")}
    return _digest(sorted(_file_facts(path, home) for path in _walk(home, generated)))


def existing_home(home: str | os.PathLike[str]) -> Path:
    """Return `home` as a path, or raise `RunError` when there is neither a folder nor a file."""
    path = Path(home)
    if not path.exists():
        raise RunError(f"--home {path}: there is no such folder; name the folder (or the mel pack) of the data set")
    return path


def _file_facts(path: Path, home: Path) -> str:
    facts = path.stat()
    return f"{path.relative_to(home).as_posix()}\t{facts.st_size}\t{facts.st_mtime_ns}"


def _walk(home: Path, left_out: set[Path]) -> Iterator[Path]:
    visited: set[Path] = set()
    for folder, subfolders, names in os.walk(home, followlinks=True):
        real = Path(folder).resolve()
        if real in visited or real in left_out:
            subfolders.clear()
            continue
        visited.add(real)
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            if path.suffix.lower() in DATA_SUFFIXES and not name.startswith(".") and path.is_file():
                yield path


def _records(root: Path, own: str | None) -> dict[str, str]:
    """Return the hashes of the recorded files, except those of the profile `own`."""
    folder = root / "book" / "records"
    return {
        path.relative_to(folder).as_posix(): _file_hash(path)
        for path in sorted(folder.glob("*/*/*"))
        if path.is_file() and path.relative_to(folder).parts[0] != own
    }


def run_key(root: Path, notebook: Path, parameters: Mapping[str, Any], data: str | None, *, synthetic: bool) -> str:
    """Return the key of an executed notebook (see the module's text).

    A run on real data does not depend on the records of its own profile, one of which it writes itself.

    Parameters
    ----------
    root, notebook : Path
        The checkout, and the notebook as written.
    parameters : dict
        All that the notebook runs with.
    data : str or None
        From `data_digest`; None for generated music, which follows from parameters and source.
    synthetic : bool
        Whether the profile runs on generated music, which is never recorded.
    """
    lock = root / "requirements.lock"
    own = None if synthetic else parameters["profile"]
    return _digest(
        {
            "cells": [[cell["cell_type"], "".join(cell["source"])] for cell in read_notebook(notebook)["cells"]],
            "parameters": _without_paths(parameters),
            "sources": _sources(),
            "data": data,
            "lock": _file_hash(lock) if lock.is_file() else None,
            "versions": versions(),
            "records": _records(root, own),
            "backend": _backend(),
        }
    )


def seeds_key(notebook: Path, parameters: Mapping[str, Any], data: str | None) -> str:
    """Return the key of trained seeds (see the module's text)."""
    values = _without_paths(parameters)
    values.pop("seeds", None)
    return _digest(
        {
            "parameters": values,
            "code": _training_code(notebook),
            "sources": training_sources(synthetic=data is None),
            "versions": [_version(name) for name in (*COMPUTING, *DRAWING)],
            "data": data,
            "backend": _backend(),
        }
    )


def _training_code(notebook: Path) -> list[str]:
    cells = code_cells(read_notebook(notebook), without="parameters")
    using = [k for k, source in enumerate(cells) if "checkpoint_dir" in source]
    return [_normal(source) for source in cells[: using[-1] + 1]] if using else []


def _normal(source: str) -> str:
    """Return the source without comments and layout; as it is when it holds IPython magic."""
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return source
