"""The run matrix ``notebooks/experiments.yaml``: which notebook runs with which parameters at which profile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgclib.documents import read_yaml
from mgclib.errors import MgcError, ParameterError, RunError
from mgclib.experiments.documents import check_keys, hint
from mgclib.experiments.signature import REQUIRED, TOLD, Parameter, check_values, signature
from mgclib.files import project_root

if TYPE_CHECKING:
    from mgclib.reports.loader import Item

__all__ = ["Experiment", "Matrix", "Profile", "matrix", "parameters"]

OWN = {
    "experiment": "it is the name of the experiment",
    "profile": "choose one with --profile",
    "dataset": "the profile says which; choose one with --profile",
    "home": "give it with --home",
    "results_dir": "mgc run sets it",
    "checkpoint_dir": "mgc run sets it",
}
"""Parameters that `mgc run` fills in itself."""

CLAIMS = ("metric", "shows", "structure", "parameters", "lost")
FACTS = ("facts.", "dataset.", "dataset_options.")
"""What else can be claimed: what a run finds out about its data (``parameters={..., "facts": {...}}`` of its Result),
what its provenance says of the data set (``dataset.n_genres``), how that was loaded (``dataset_options.clip_seconds``).
"""

CLAIM_DETAILS = ("value", "split", "genre", "member", "requires", "instead", "note")
DEFAULT_TIMEOUT = 3600
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
"""Names of profiles and experiments, which become folders of runs and records."""


@dataclass(frozen=True)
class Profile:
    """A speed at which the notebooks run.

    Parameters
    ----------
    name, description : str
    dataset : str
        Name for `mgclib.datasets.load`.
    synthetic : bool
        Generated music: needs no home and can never become a record.
    parameters : dict
        Values for all experiments of this profile, below the experiment's own.
    """

    name: str
    description: str
    dataset: str
    synthetic: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """A notebook with parameters, and the report items that it reproduces.

    Parameters
    ----------
    name, title : str
    notebook : str
        ``svm_pixels`` for ``notebooks/svm_pixels.ipynb``.
    report : str or None
        Slug of the report it belongs to.
    page : str
        Page of the book.
    timeout : dict of str to int
        Seconds that one cell may take, by profile.
    parameters : dict
        Values at every profile.
    profiles : dict of str to dict
        Values at one profile; at a profile that is not here the experiment cannot run.
    reproduces : dict of str to dict
        Item id to claim: ``{metric: accuracy}``, ``{shows: confusion matrix}``, ``{structure: cnn-cs464}``,
        ``{parameters: {C: C}}`` (setting of the item to parameter of the notebook, or see `FACTS`) or ``{lost: why}``
        (the text keeps nothing of it). A claim may say
        which of several models in the result it is about (``member``), which parameter must have been set for the
        result to count (``requires: weights``), and which experiment's record is shown as other data as long as none
        counts (``instead``).
    trains : bool
        False: the notebook trains nothing and keeps no Result; it draws what others recorded.
    """

    name: str
    title: str
    notebook: str
    report: str | None
    page: str
    timeout: Mapping[str, int]
    parameters: Mapping[str, Any]
    profiles: Mapping[str, Mapping[str, Any]]
    reproduces: Mapping[str, Mapping[str, Any]]
    trains: bool = True

    @property
    def required(self) -> tuple[str, ...]:
        """Parameters that its notebook must have : tuple of str."""
        return REQUIRED if self.trains else TOLD


@dataclass(frozen=True)
class Matrix:
    """All experiments and profiles of a checkout.

    Parameters
    ----------
    path : Path
        The YAML file they were read from.
    profiles : dict of str to Profile
    experiments : dict of str to Experiment
    """

    path: Path
    profiles: Mapping[str, Profile]
    experiments: Mapping[str, Experiment]

    @property
    def root(self) -> Path:
        """The checkout : Path."""
        return self.path.parents[1]

    def notebook(self, experiment: Experiment) -> Path:
        """Return the path of an experiment's notebook."""
        return self.path.parent / f"{experiment.notebook}.ipynb"

    def profile(self, name: str) -> Profile:
        """Return a profile by name; an unknown one raises RunError with the closest match."""
        if name not in self.profiles:
            raise RunError(f"there is no profile {name!r}{hint(name, self.profiles)}")
        return self.profiles[name]

    def experiment(self, name: str) -> Experiment:
        """Return an experiment by name; an unknown one raises RunError with the closest match."""
        if name not in self.experiments:
            raise RunError(f"there is no experiment {name!r}{hint(name, self.experiments)}")
        return self.experiments[name]

    def select(self, names: Iterable[str], profile: str) -> list[Experiment]:
        """Return the experiments `names`, each once (none given: all that `profile` has).

        Raises
        ------
        RunError
            For an unknown name, and for an experiment that the profile does not have (lists those that it has).
        """
        self.profile(profile)
        having = {name: e for name, e in self.experiments.items() if profile in e.profiles}
        chosen = [self.experiment(name) for name in dict.fromkeys(names)] or list(having.values())
        if not chosen:
            raise RunError(f"no experiment runs at profile {profile!r}; `mgc run --list` shows what does")
        for experiment in chosen:
            if experiment.name not in having:
                raise RunError(
                    f"{experiment.name} does not run at profile {profile!r}; it runs at: "
                    f"{', '.join(experiment.profiles)}; at {profile!r} run: {', '.join(having) or 'none'}"
                )
        return chosen


def matrix(path: Path | None = None) -> Matrix:
    """Read and check the run matrix (default: ``notebooks/experiments.yaml`` of this checkout).

    Raises
    ------
    RunError, ParameterError
        One line that names file, experiment, what is wrong, the closest match and the valid choices: for a
        tab or duplicate key, unknown keys, profiles, notebooks, report items, parameter names, wrong types.
    """
    path = Path(path) if path else project_root() / "notebooks" / "experiments.yaml"
    path = path.absolute()
    short = f"{path.parent.name}/{path.name}"
    content = check_keys(short, read_yaml(path, RunError), ("profiles", "experiments"))
    profiles = {
        name: _profile(f"{short}: profile {name!r}", name, entry)
        for name, entry in _entries(f"{short}: profiles", content["profiles"]).items()
    }
    signatures: dict[tuple[str, bool], dict[str, Parameter]] = {}
    experiments = {}
    for name, entry in _entries(f"{short}: experiments", content["experiments"]).items():
        where = f"{short}: experiment {name!r}"
        experiment = _experiment(where, name, entry, profiles)
        notebook = path.parent / f"{experiment.notebook}.ipynb"
        if not notebook.is_file():
            there = [p.stem for p in path.parent.glob("*.ipynb")]
            raise RunError(f"{where}: there is no notebook {experiment.notebook!r}{hint(experiment.notebook, there)}")
        kind = (experiment.notebook, experiment.trains)
        if kind not in signatures:
            signatures[kind] = signature(notebook, experiment.required)
        _check_parameters(where, signatures[kind], experiment, profiles)
        _check_items(where, signatures[kind], experiment)
        experiments[name] = experiment
    for name, experiment in experiments.items():
        for item, claim in experiment.reproduces.items():
            if claim.get("instead", name) not in experiments:
                raise RunError(
                    f"{short}: experiment {name!r}: reproduces {item}: instead: there is no experiment "
                    f"{claim['instead']!r}{hint(claim['instead'], experiments)}"
                )
    return Matrix(path, profiles, experiments)


def _entries(where: str, table: Any) -> dict[str, Any]:
    """Return a mapping whose keys can be names of folders."""
    if not isinstance(table, dict):
        raise RunError(f"{where}: expected a mapping of names to entries")
    for name in table:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise RunError(f"{where}: the name {name!r} must consist of lower-case letters, digits, '-' and '_'")
    return table


def _mapping(where: str, entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    table = entry.get(key) or {}
    if not isinstance(table, dict):
        raise RunError(f"{where}: {key} must be a mapping, found {table!r}")
    return table


def _typed(where: str, entry: Mapping[str, Any], **types: type) -> None:
    for key, expected in types.items():
        if key in entry and not isinstance(entry[key], expected):
            raise RunError(f"{where}: {key}={entry[key]!r} must be of type {expected.__name__}")


def _profile(where: str, name: str, entry: Any) -> Profile:
    check_keys(where, entry, ("description", "dataset"), ("synthetic", "parameters"))
    _typed(where, entry, description=str, dataset=str, synthetic=bool)
    return Profile(
        name,
        entry["description"],
        entry["dataset"],
        entry.get("synthetic", False),
        _mapping(where, entry, "parameters"),
    )


def _experiment(where: str, name: str, entry: Any, profiles: Mapping[str, Profile]) -> Experiment:
    check_keys(
        where,
        entry,
        ("title", "notebook", "profiles"),
        ("report", "page", "timeout", "parameters", "reproduces", "trains"),
    )
    _typed(where, entry, title=str, notebook=str, page=str, report=str, trains=bool)
    at = _mapping(where, entry, "profiles")
    for profile in at:
        if profile not in profiles:
            raise RunError(f"{where}: unknown profile {profile!r}{hint(profile, profiles)}")
    return Experiment(
        name=name,
        title=entry["title"],
        notebook=entry["notebook"],
        report=entry.get("report"),
        page=entry.get("page", name),
        timeout=_timeouts(where, entry.get("timeout", DEFAULT_TIMEOUT), at),
        parameters=_mapping(where, entry, "parameters"),
        profiles={profile: _mapping(where, at, profile) for profile in at},
        reproduces=_mapping(where, entry, "reproduces"),
        trains=entry.get("trains", True),
    )


def _timeouts(where: str, timeout: Any, profiles: Iterable[str]) -> dict[str, int]:
    by_profile = timeout if isinstance(timeout, dict) else dict.fromkeys(profiles, timeout)
    for profile, seconds in by_profile.items():
        if profile not in profiles:
            raise RunError(f"{where}: timeout names {profile!r}, at which it does not run{hint(profile, profiles)}")
        if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 1:
            raise RunError(f"{where}: timeout={seconds!r} must be a positive number of seconds")
    return {profile: by_profile.get(profile, DEFAULT_TIMEOUT) for profile in profiles}


def _check_parameters(
    where: str, known: Mapping[str, Parameter], experiment: Experiment, profiles: Mapping[str, Profile]
) -> None:
    layers = {where: experiment.parameters}
    for name, values in experiment.profiles.items():
        layers[f"{where}, profile {name!r}"] = values
        layers[f"{where}, parameters of the profile {name!r} itself"] = profiles[name].parameters
    for place, values in layers.items():
        for name in values:
            if name in OWN:
                raise ParameterError(f"{place}: {name} cannot be set here: {OWN[name]}")
        check_values(place, known, values)


def _check_items(where: str, known: Mapping[str, Parameter], experiment: Experiment) -> None:
    from mgclib import reports

    if experiment.report is not None and experiment.report not in reports.slugs():
        raise RunError(f"{where}: unknown report {experiment.report!r}{hint(experiment.report, reports.slugs())}")
    for item, claim in experiment.reproduces.items():
        here = f"{where}: reproduces {item}"
        check_keys(here, claim, (), CLAIMS + CLAIM_DETAILS)
        if sum(kind in claim for kind in CLAIMS) != 1:
            raise RunError(f"{here}: {claim} must hold exactly one of {', '.join(CLAIMS)}")
        try:
            _check_claim(reports.item(str(item)), claim, known)
            if claim.get("requires", next(iter(known))) not in known:
                raise RunError(f"requires {claim['requires']!r}{hint(claim['requires'], known)}")
        except MgcError as error:
            raise RunError(f"{where}: {error}") from error


def _check_claim(item: Item, claim: Mapping[str, Any], known: Mapping[str, Parameter]) -> None:
    """Refuse a claim about a number, network or parameter that does not exist: it would never be judged."""
    from mgclib import models
    from mgclib.reports.claims import declared

    if "metric" in claim:
        declared(item, claim)
    if "structure" in claim:
        models.architecture(claim["structure"])
    for path, name in claim.get("parameters", {}).items():
        item.value(path)
        if name not in known and not name.startswith(FACTS):
            raise RunError(f"{item.id}: the notebook has no parameter {name!r}{hint(name, known)}")


def parameters(
    experiment: Experiment, profile: Profile, overrides: Mapping[str, Any] | None = None, *, root: Path | None = None
) -> dict[str, Any]:
    """Return every parameter that the notebook runs with, except the paths that `run` fills in.

    From weak to strong: defaults of the notebook, the profile, the experiment, the experiment at this
    profile, `overrides`.

    Raises
    ------
    ParameterError
        For an unknown name (closest match, list of valid ones), a wrong type, one that `mgc run` sets, or seeds
        that cannot be.
    RunError
        When the experiment does not run at this profile.
    """
    root = root or project_root()
    where = f"{experiment.name} at profile {profile.name}"
    if profile.name not in experiment.profiles:
        raise RunError(
            f"{experiment.name} does not run at {profile.name!r}; it runs at: {', '.join(experiment.profiles)}"
        )
    known = signature(root / "notebooks" / f"{experiment.notebook}.ipynb", experiment.required)
    for name in overrides or {}:
        if name in OWN:
            raise ParameterError(f"{where}: {name} cannot be set with -p: {OWN[name]}")
    values = {
        **profile.parameters,
        **experiment.parameters,
        **experiment.profiles[profile.name],
        **(overrides or {}),
        "experiment": experiment.name,
        "profile": profile.name,
        "dataset": profile.dataset,
        "home": None,
        "results_dir": None,
        "checkpoint_dir": None,
    }
    if not experiment.trains:
        values = {name: value for name, value in values.items() if name in known or name not in OWN}
    defaults = {name: parameter.default for name, parameter in known.items()}
    chosen = {**defaults, **check_values(where, known, values)}
    if experiment.trains:
        _check_seeds(where, chosen["seeds"])
    return chosen


def _check_seeds(where: str, seeds: list[Any]) -> None:
    """Refuse seeds with which every model would be trained before the results cannot be joined."""
    whole = all(isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 for seed in seeds)
    if not seeds or not whole or len(set(seeds)) < len(seeds):
        raise ParameterError(f"{where}: seeds={seeds} must be distinct integers ≥ 0, for example [0, 1, 2]")
