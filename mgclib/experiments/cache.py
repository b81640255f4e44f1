"""What has been run: folders below ``runs/``, stamps of finished runs, and the state of every experiment.

``runs/<profile>/<experiment>/<run key>/`` holds ``notebook.ipynb``, ``result/`` and ``stamp.json``, which is written
last: a folder with a stamp is whole. A failed run leaves ``failed.ipynb``. Trained seeds are kept beside it in
``runs/<profile>/<experiment>/seeds-<seeds key>/seed-<seed>/``, the first one's with its fitted model.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgclib.errors import RunError
from mgclib.experiments.keys import PATHS, data_digest, run_key, seeds_key
from mgclib.experiments.plan import Experiment, Matrix, Profile, matrix, parameters
from mgclib.files import REMEDIES, write_text

if TYPE_CHECKING:
    from mgclib.results import Result

__all__ = [
    "State",
    "Task",
    "drop_replaced_models",
    "executed",
    "prepare",
    "read_stamp",
    "result",
    "stamps",
    "states",
    "writable",
    "write_stamp",
]


@dataclass(frozen=True)
class Task:
    """One experiment at one profile, ready to run: its parameters, keys and folders."""

    experiment: Experiment
    profile: Profile
    parameters: Mapping[str, Any]
    root: Path
    home: str | None
    data: str | None
    key: str
    seeds_key: str

    @property
    def name(self) -> str:
        """Name of the experiment : str."""
        return self.experiment.name

    @property
    def notebook(self) -> Path:
        """The notebook as written : Path."""
        return self.root / "notebooks" / f"{self.experiment.notebook}.ipynb"

    @property
    def shelf(self) -> Path:
        """Where all runs of this experiment at this profile lie : Path."""
        return self.root / "runs" / self.profile.name / self.name

    @property
    def folder(self) -> Path:
        """Where this run lies when it is finished : Path."""
        return self.shelf / self.key

    @property
    def part(self) -> Path:
        """Where this run is made : Path."""
        return self.shelf / f".part-{self.key}"

    @property
    def checkpoints(self) -> Path:
        """Where finished seeds are kept : Path."""
        return self.shelf / f"seeds-{self.seeds_key}"

    @property
    def finished(self) -> bool:
        """True when the run is there, whole and current."""
        return read_stamp(self.folder) is not None


@dataclass(frozen=True)
class State:
    """Cache state of an experiment at a profile.

    Parameters
    ----------
    state : str
        ``finished``, ``stale`` (finished, but something changed since), ``failed`` or ``not run``.
    seconds : float or None
        How long the latest finished run took.
    """

    experiment: str
    profile: str
    state: str
    seconds: float | None = None


@contextlib.contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn a refusal of the system to write at `path` into one line with a remedy."""
    try:
        yield
    except OSError as error:
        remedy = REMEDIES.get(error.errno, error.strerror or str(error))
        raise RunError(f"cannot write {error.filename or path}: {remedy}") from error


def prepare(
    plan: Matrix,
    experiment: Experiment,
    profile: Profile,
    *,
    home: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    data: str | None = None,
) -> Task:
    """Check the parameters and work out the keys of a run; starts nothing.

    Parameters
    ----------
    plan, experiment, profile
        What runs at which profile; `experiment` and `profile` are of `plan`.
    home : path, optional
        Where the data set lies; a profile on real music needs it unless `data` is given.
    overrides : dict, optional
        Parameters in place of those of the matrix.
    data : str, optional
        The digest of the data when it is known already (else it is taken from `home`).

    Raises
    ------
    RunError, ParameterError
        For a missing home, or parameters that the notebook does not take.
    """
    values = parameters(experiment, profile, overrides, root=plan.root)
    if not profile.synthetic and data is None:
        if home is None:
            raise RunError(
                f"profile {profile.name!r} needs the data set {profile.dataset!r}: say where it lies with --home DIR"
            )
        data = data_digest(home)
    notebook = plan.notebook(experiment)
    return Task(
        experiment,
        profile,
        values,
        plan.root,
        None if home is None else str(Path(home).absolute()),
        data,
        run_key(plan.root, notebook, values, data, synthetic=profile.synthetic),
        seeds_key(notebook, values, data),
    )


def read_stamp(folder: Path) -> dict[str, Any] | None:
    """Return the stamp of a finished run, None when the folder is not whole."""
    try:
        stamp = json.loads((folder / "stamp.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(stamp, dict) and (folder / "notebook.ipynb").is_file()
    return stamp if whole else None


def write_stamp(folder: Path, stamp: Mapping[str, Any]) -> None:
    """Write the stamp that declares `folder` whole."""
    write_text(folder / "stamp.json", json.dumps(stamp, indent=2, sort_keys=True, default=str) + "\n")


def stamps(shelf: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Return the finished runs of a shelf, the latest first."""
    found = [(folder, read_stamp(folder)) for folder in shelf.glob("*") if not folder.name.startswith((".", "seeds-"))]
    whole = [(folder, stamp) for folder, stamp in found if stamp is not None]
    return sorted(whole, key=lambda pair: pair[1].get("finished", ""), reverse=True)


def drop_replaced_models(task: Task) -> None:
    """Remove the models of runs that `task` has replaced: the same parameters and home, trained by other code or data.

    Models are large, and every change of what trains makes a new one.
    """
    for _, stamp in stamps(task.shelf):
        same = _asked_for(stamp.get("parameters", {})) == _asked_for(task.parameters)
        if same and stamp.get("home") == task.home and stamp.get("seeds_key") != task.seeds_key:
            for model in task.shelf.glob(f"seeds-{stamp.get('seeds_key')}/**/seed-*/model"):
                shutil.rmtree(model, ignore_errors=True)


def _asked_for(parameters: Mapping[str, Any]) -> str:
    values = {name: value for name, value in parameters.items() if name not in (*PATHS, "seeds")}
    return json.dumps(values, sort_keys=True, default=str)


def _current(plan: Matrix, experiment: Experiment, profile: Profile) -> Path | None:
    """Return the finished run with the key of today.

    Which data a run on real music had is known from its stamp: they are looked at where they were then. When
    that folder is not there now (a disk not plugged in) the run still counts.
    """
    shelf = plan.root / "runs" / profile.name / experiment.name
    keys: dict[str | None, str] = {}
    for folder, stamp in stamps(shelf):
        data = None
        if not profile.synthetic:
            home = stamp.get("home")
            data = data_digest(home) if home and Path(home).exists() else stamp.get("data")
        if data not in keys:
            keys[data] = prepare(plan, experiment, profile, data=data).key
        if folder.name == keys[data]:
            return folder
    return None


def executed(profile: str, name: str, *, plan: Matrix | None = None) -> Path | None:
    """Return the executed notebook of an experiment with the matrix' own parameters, None when it is not current."""
    plan = plan or matrix()
    experiment = plan.experiment(name)
    if profile not in experiment.profiles:
        return None
    folder = _current(plan, experiment, plan.profile(profile))
    return folder / "notebook.ipynb" if folder else None


def result(profile: str, name: str, *, plan: Matrix | None = None) -> Result | None:
    """Return the Result of the run that `executed` finds, None when there is none."""
    notebook = executed(profile, name, plan=plan)
    if notebook is None or not (notebook.parent / "result").is_dir():
        return None
    from mgclib.results import Result

    return Result.load(notebook.parent / "result")


def states(plan: Matrix, profiles: tuple[str, ...] | None = None) -> list[State]:
    """Return the cache state of every experiment at each of its profiles."""
    found = []
    for experiment in plan.experiments.values():
        for name in experiment.profiles:
            if profiles is None or name in profiles:
                found.append(_state(plan, experiment, plan.profile(name)))
    return found


def _state(plan: Matrix, experiment: Experiment, profile: Profile) -> State:
    shelf = plan.root / "runs" / profile.name / experiment.name
    folder = _current(plan, experiment, profile)
    if folder is not None:
        return State(experiment.name, profile.name, "finished", read_stamp(folder).get("seconds"))
    if any(shelf.glob("*/failed.ipynb")):
        return State(experiment.name, profile.name, "failed")
    if finished := stamps(shelf):
        return State(experiment.name, profile.name, "stale", finished[0][1].get("seconds"))
    return State(experiment.name, profile.name, "not run")
