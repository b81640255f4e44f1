"""Records: results on real data that travel with the book.

``book/records/<profile>/<experiment>/`` holds a saved `Result` whose provenance says which commit, packages,
machine and data made it. Every table and figure is drawn again from it without training. Results on generated
music are refused: they never pose as a reproduction.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from mgclib.datasets.dataset import Dataset
from mgclib.errors import ParameterError, RunError
from mgclib.files import project_root
from mgclib.results import Result

__all__ = ["available", "fitting", "of", "path", "provenance", "read", "records_root", "write"]

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
ALWAYS = ("mgclib", "numpy", "scipy", "pandas", "scikit-learn", "xgboost-cpu", "lightgbm", "librosa", "pyAudioAnalysis")
ALWAYS += ("soundfile", "soxr", "pillow", "matplotlib")
CODE = ("mgclib", "notebooks", "pyproject.toml", "requirements.lock")
BACKENDS = ("tensorflow", "torch", "jax")


def records_root() -> Path:
    """Return ``<checkout>/book/records``."""
    return project_root() / "book" / "records"


def path(profile: str, experiment: str) -> Path:
    """Return the folder of a record, whether it exists or not; a name that would leave it raises `ParameterError`."""
    for kind, name in (("profile", profile), ("experiment", experiment)):
        if not NAME.fullmatch(name):
            raise ParameterError(f"{kind} {name!r} must consist of lower-case letters, digits, '-', '_' and '.'")
    return records_root() / profile / experiment


def write(result: Result, profile: str, experiment: str) -> Path:
    """Keep a result on real data as the record of an experiment; an older record is replaced.

    Parameters
    ----------
    result : Result
        Its provenance must say that the data set is not synthetic (see `provenance`).
    profile : str
        Names data set and protocol: ``gtzan``, ``gtzan-filtered``, …
    experiment : str

    Returns
    -------
    Path
        The folder written.

    Raises
    ------
    RunError
        When the result comes from synthetic music, or does not say what it comes from.
    """
    if result.synthetic:
        raise RunError(f"{profile}/{experiment} comes from synthetic music; only results on recordings become records")
    origin = result.provenance.get("dataset")
    if result.synthetic is None or not isinstance(origin, dict) or not origin.get("fingerprint"):
        raise RunError(
            f"{profile}/{experiment} does not say which data set it comes from; "
            "make the result with provenance=records.provenance(dataset)"
        )
    folder = path(profile, experiment)
    result.save(folder)
    return folder


def read(profile: str, experiment: str) -> Result | None:
    """Return the record of an experiment, or None when there is none; a damaged record raises `RunError`."""
    folder = path(profile, experiment)
    return Result.load(folder) if folder.is_dir() else None


def of(experiment: str) -> dict[str, Result]:
    """Return all records of an experiment by profile, e.g. ``{"gtzan": …, "gtzan-filtered": …}``.

    Notebooks draw them beside their own result; without records the dict is empty.
    """
    folders = sorted(records_root().glob(f"*/{experiment}/result.json"))
    return {folder.parent.parent.name: Result.load(folder.parent) for folder in folders}


def available() -> pd.DataFrame:
    """List all records.

    Returns
    -------
    pd.DataFrame
        Columns ``profile, experiment, dataset, protocol, n_seeds, accuracy, low, high, interval, n_clips, commit,
        recorded``; accuracy is the mean over seeds of the test part (NaN without one), ``low`` and ``high`` its
        95 % interval of the kind ``interval``, ``n_clips`` test clips per seed, ``recorded`` an ISO 8601 time.
    """
    columns = ["profile", "experiment", "dataset", "protocol", "n_seeds", "accuracy", "low", "high", "interval"]
    columns += ["n_clips", "commit", "recorded"]
    folders = sorted(records_root().glob("*/*/result.json"))
    return pd.DataFrame([_row(folder.parent) for folder in folders], columns=columns)


def _row(folder: Path) -> dict[str, Any]:
    result = Result.load(folder)
    tested = "test" in result.parts
    interval = result.interval("accuracy") if tested else None
    return {
        "profile": folder.parent.name,
        "experiment": folder.name,
        "dataset": result.provenance["dataset"]["name"],
        "protocol": result.parameters.get("protocol"),
        "n_seeds": len(result.seeds),
        "accuracy": interval.mean if interval else float("nan"),
        "low": interval.low if interval else float("nan"),
        "high": interval.high if interval else float("nan"),
        "interval": interval.kind if interval else None,
        "n_clips": len(result.select("test")) / len(result.seeds),
        "commit": result.provenance.get("commit"),
        "recorded": result.provenance.get("time"),
    }


def provenance(dataset: Dataset | None = None) -> dict[str, Any]:
    """Describe the code, packages, machine and data of a run; plain JSON values.

    Returns
    -------
    dict
        ``commit`` (40 digits or None outside git), ``dirty`` (library or notebooks differ from the commit, or None),
        ``python``, ``platform``, ``packages`` (versions; Keras and its backend only when loaded), ``backend``,
        ``hardware`` (``cpu``, ``cores`` usable by this process, ``memory_gib``), ``time`` (UTC, ISO 8601) and,
        with a data set, ``dataset`` (``name, fingerprint, n_clips, n_genres, synthetic``).
    """
    facts: dict[str, Any] = {
        **_version_control(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in ALWAYS},
        "backend": None,
        "hardware": {"cpu": _cpu(), "cores": _cores(), "memory_gib": _memory_gib()},
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if "keras" in sys.modules:
        facts["backend"] = sys.modules["keras"].config.backend()
        facts["packages"]["keras"] = _version("keras")
        facts["packages"] |= {name: _version(name) for name in BACKENDS if name == facts["backend"]}
    if dataset is not None:
        facts["dataset"] = {
            "name": dataset.name,
            "fingerprint": dataset.fingerprint,
            "n_clips": len(dataset),
            "n_genres": len(dataset.genres),
            "synthetic": dataset.synthetic,
        }
    return facts


def fitting(seconds: float) -> dict[str, Any]:
    """Return what a result says of one fit: its ``seconds``, and at which ``commit`` (``dirty``?) and ``time``."""
    now = provenance()
    return {"seconds": round(seconds, 2), "commit": now["commit"], "dirty": now["dirty"], "time": now["time"]}


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _version_control() -> dict[str, Any]:
    checkout = Path(__file__).parents[1]
    if not (checkout / ".git").exists():
        return {"commit": None, "dirty": None}
    try:
        commit = _git(checkout, "rev-parse", "HEAD").strip()
        dirty = bool(_git(checkout, "status", "--porcelain", "--", *CODE).strip())
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}
    return {"commit": commit, "dirty": dirty}


def _git(checkout: Path, *arguments: str) -> str:
    command = ["git", "-C", str(checkout), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _cores() -> int:
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None
