"""Which model answers: those that finished runs have kept (`mgclib.fitted`), by name, by folder, or the newest."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mgclib.errors import ParameterError, RunError
from mgclib.experiments.cache import read_stamp, stamps
from mgclib.experiments.documents import hint
from mgclib.experiments.plan import NAME
from mgclib.files import project_root
from mgclib.fitted import is_kept

__all__ = ["kept_model"]

EXAMPLE = "svm-pixels-360x120"


def kept_model(run: str | os.PathLike[str] | None = None, profile: str | None = None) -> Path:
    """Return the folder of a kept model.

    Parameters
    ----------
    run : str or path, optional
        The name of an experiment: the newest finished run of it; or a folder: that of a run, of its seeds, of a
        seed or of a model. None: the newest finished run that kept a model.
    profile : str, optional
        Only runs at this profile.

    Raises
    ------
    RunError
        When there is no such run, or it kept no model: says how to make one.
    ParameterError
        For a `profile` beside a folder, which has one already.
    """
    shelves = _shelves(project_root() / "runs")
    at = f" --profile {profile}" if profile else ""
    if run is None:
        return _newest(shelves, "finished run", f"make one with `mgc run {EXAMPLE}{at}`", profile)
    named = [shelf for shelf in shelves if shelf.name == str(run)]
    if named:
        return _newest(named, f"finished run of {run}", f"make one with `mgc run {run}{at} --force`", profile)
    folder = Path(run).expanduser()
    if not folder.is_dir():
        names = sorted({shelf.name for shelf in shelves})
        kind = "experiment that has run" if NAME.fullmatch(str(run)) else "folder of a run"
        raise RunError(f"--run {run}: there is no such {kind}{hint(str(run), names)}")
    if profile is not None:
        raise ParameterError(f"--profile {profile} goes with the name of an experiment, not with the folder {run}")
    return _in_folder(folder)


def _shelves(runs: Path) -> list[Path]:
    return sorted(shelf for shelf in runs.glob("*/*") if shelf.is_dir())


def _newest(shelves: list[Path], what: str, make: str, profile: str | None) -> Path:
    at = [shelf for shelf in shelves if profile in (None, shelf.parent.name)]
    found = sorted((pair for shelf in at for pair in stamps(shelf)), key=_finished, reverse=True)
    for folder, stamp in found:
        if model := _model(folder, stamp):
            return model
    where = f" at profile {profile!r}" if profile else ""
    raise RunError(
        f"no {what}{where} has kept a model ({f'{len(found)} without one' if found else 'none is finished'}); {make}"
    )


def _finished(pair: tuple[Path, Mapping[str, Any]]) -> str:
    return pair[1].get("finished", "")


def _model(folder: Path, stamp: Mapping[str, Any]) -> Path | None:
    """Return where the run in `folder` keeps the model of its first seed, None when it kept none.

    A run of several models keeps each in a folder of its own. Those of the run's own protocol come first, of these
    the one nearest to the top, which answers for all (`mgclib.tuning.run_models`), and then the one fitted last.
    """
    asked = stamp.get("parameters", {})
    if not asked.get("seeds"):
        return None
    seeds = folder.parent / f"seeds-{stamp.get('seeds_key')}"
    found = [model for model in seeds.rglob(f"seed-{asked['seeds'][0]}/model") if is_kept(model)]
    return max(
        found, key=lambda model: (asked.get("protocol") in model.parts, -len(model.parts), _age(model)), default=None
    )


def _age(model: Path) -> int:
    return model.stat().st_mtime_ns


def _in_folder(folder: Path) -> Path:
    stamp = read_stamp(folder)
    if stamp is not None:
        model = _model(folder.absolute(), stamp)
        if model is None:
            name, profile = stamp.get("experiment", "EXPERIMENT"), stamp.get("profile", "PROFILE")
            raise RunError(
                f"{folder} kept no model, or a later run in its place has one: ask with --run {name}, or make one "
                f"with `mgc run {name} --profile {profile} --force`"
            )
        return model
    for place in _places(folder):
        if is_kept(place):
            return place
    if found := stamps(folder):
        return _in_folder(found[0][0])
    raise RunError(f"{folder} holds no finished run and no model; name a folder below runs/, or an experiment")


def _places(folder: Path) -> Iterator[Path]:
    yield from (folder, folder / "model")
    yield from sorted((seed / "model" for seed in folder.glob("seed-*") if is_kept(seed / "model")), key=_age)
