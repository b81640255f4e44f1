# ruff: noqa: PD011 (Item.values are printed values, no pandas object)
"""The verdict on every item of the five reports: what was run, held against what was claimed."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from mgclib import experiments, records, reports
from mgclib.ensemble import members
from mgclib.ledger.structures import structure
from mgclib.reports.claims import Claim, Measured, claim, declared, measure
from mgclib.reports.loader import Item
from mgclib.reports.structure import input_shape, n_genres, parameter_total, same_structure

if TYPE_CHECKING:
    from mgclib.experiments import Experiment, Matrix
    from mgclib.results import Result

__all__ = [
    "COLUMNS",
    "STRICT",
    "VERDICTS",
    "Evidence",
    "Row",
    "home_profile",
    "judge",
    "ledger",
    "measured",
    "number",
    "other_profiles",
    "reported",
    "rows",
    "same_settings",
]

VERDICTS = ("reproduced", "exact", "shown", "higher", "lower", "other data", "lost", "not yet")
COLUMNS = ("item", "report", "kind", "approach", "reported", "recorded", "this_build", "verdict", "page")
NOT_PUBLIC = ("techno",)
"""Data sets that nobody but their authors has."""

STRICT = ("-filtered", "-artist", "-grouped", "-official")
"""How profiles end that keep apart what the report's split may not: artists and copies, artists, tracks."""

LONG = {
    "log_loss": "loss",
    "macro_f1": "F1 (macro)",
    "weighted_f1": "F1 (weighted)",
    "ovr_accuracy": "one-vs-rest accuracy",
    "f1_of_means": "F1 (of the means)",
    "class_precision": "mean precision of the listed genres",
}


@dataclass(frozen=True)
class Row:
    """One row of the ledger (see `COLUMNS`); empty strings where there is nothing."""

    item: str
    report: str
    kind: str
    approach: str
    reported: str
    recorded: str
    this_build: str
    verdict: str
    page: str


def ledger(profile: str = "demo", *, plan: Matrix | None = None) -> pd.DataFrame:
    """Return one row per item of all five reports.

    Parameters
    ----------
    profile : str
        The profile of this build.
    plan : Matrix, optional
        The run matrix; default: that of this checkout.

    Returns
    -------
    pd.DataFrame
        Columns `COLUMNS`, all text; rows report by report, in the order of the report.
    """
    return pd.DataFrame([astuple(row) for row in rows(profile, plan=plan)], columns=list(COLUMNS), dtype=object)


def rows(
    profile: str = "demo",
    *,
    slugs: Iterable[str] | None = None,
    plan: Matrix | None = None,
    evidence: Evidence | None = None,
) -> list[Row]:
    """Return the rows of some reports (default: all).

    Parameters
    ----------
    profile, plan
        As in `ledger`.
    slugs : iterable of str, optional
    evidence : Evidence, optional
        What has been read already, in place of `profile` and `plan`.

    Raises
    ------
    RunError
        For an unknown profile, or a run matrix that does not hold.
    """
    evidence = evidence or Evidence(plan or experiments.matrix(), profile)
    return [_row(item, evidence) for slug in slugs or reports.slugs() for item in reports.load(slug).items.values()]


class Evidence:
    """What has been run, each record and result read once.

    Parameters
    ----------
    plan : Matrix
    profile : str
        The profile of this build; an unknown one raises `RunError`.
    """

    def __init__(self, plan: Matrix, profile: str) -> None:
        plan.profile(profile)
        self.plan = plan
        self.profile = profile
        self.record = functools.cache(records.read)
        self._measured: dict[tuple, Measured | None] = {}
        self.this_build = functools.cache(lambda name: experiments.result(profile, name, plan=plan))
        self.real = tuple(name for name, entry in plan.profiles.items() if not entry.synthetic)

    def attempts(self, item: Item) -> list[tuple[Experiment, Mapping[str, Any]]]:
        """Experiments that set out to reproduce an item; those with a record on the right data come first."""
        named = [(e, e.reproduces[item.id]) for e in self.plan.experiments.values() if item.id in e.reproduces]
        return sorted(named, key=lambda pair: self.faithful(item, *pair) is None)

    def faithful(self, item: Item, experiment: Experiment, how: Mapping[str, Any]) -> Result | None:
        """The result on the report's own data set and protocol: the record, else this build's.

        Where the claim ``requires`` a parameter (``weights``), a run without it is none.
        """
        home = home_profile(item)
        result = self.record(home, experiment.name)
        if result is None and home == self.profile:
            result = self.this_build(experiment.name)
        if result is None or result.synthetic is not False:
            return None
        return result if "requires" not in how or result.parameters.get(how["requires"]) else None

    def elsewhere(self, item: Item, experiment: Experiment, how: Mapping[str, Any]) -> Result | None:
        """The record on recordings that are not the report's (``gtzan3`` for ``gtzan``), None without one.

        Where the claim names another experiment (``instead``), its record on the report's own: the same code with a
        network whose pre-trained weights were at hand.
        """
        if "instead" in how:
            return self.record(home_profile(item), how["instead"])
        names = other_profiles(self.plan, home_profile(item))
        return next((found for name in names if (found := self.record(name, experiment.name)) is not None), None)

    def kept(self, home: str, name: str, *, strict: bool = False) -> tuple[str | None, Result | None]:
        """Return profile and record of an experiment, on the report's data set or, without one, on other recordings.

        With `strict` under the protocol that keeps artists and copies apart, else under the report's own.
        """
        others = other_profiles(self.plan, home)
        names = [f"{home}{STRICT[0] if strict else ''}", *(n for n in others if n.endswith(STRICT) == strict)]
        found = ((profile, self.record(profile, name)) for profile in names)
        return next((pair for pair in found if pair[1] is not None), (None, None))

    def measured(self, result: Result | None, stated: Claim | None, how: Mapping[str, Any]) -> Measured | None:
        """Return `measured` of a record or of this build, computed once."""
        if result is None or stated is None:
            return None
        key = (result, stated.metric, stated.split, stated.genres, how.get("split"), how.get("member"))
        if key not in self._measured:
            self._measured[key] = measured(result, stated, how)
        return self._measured[key]

    def any(self, experiment: Experiment) -> bool:
        """Whether the experiment ran on anything."""
        if not experiment.trains:
            return experiments.executed(self.profile, experiment.name, plan=self.plan) is not None
        return self.this_build(experiment.name) is not None or any(
            self.record(profile, experiment.name) is not None for profile in self.real
        )


def _origin(result: Result) -> str:
    return result.parameters.get("profile") or result.provenance["dataset"]["name"]


def home_profile(item: Item) -> str:
    """Return the profile that stands for an item's data set and protocol, e.g. ``gtzan``."""
    return item.corpus or reports.load(item.report).corpus["name"]


def other_profiles(plan: Matrix, home: str) -> tuple[str, ...]:
    """Return the profiles on recordings of another data set than `home`, in the order of the run matrix."""
    own = plan.profiles[home].dataset if home in plan.profiles else home
    return tuple(name for name, entry in plan.profiles.items() if not entry.synthetic and entry.dataset != own)


def _row(item: Item, evidence: Evidence) -> Row:
    attempts = evidence.attempts(item)
    experiment, how = attempts[0] if attempts else (None, {})
    stated = declared(item, how) or _main_claim(item)
    recorded = this_build = ""
    verdict = "not yet"
    if experiment is not None:
        faithful = evidence.faithful(item, experiment, how)
        build = evidence.this_build(experiment.name)
        kept = evidence.record(home_profile(item), experiment.name) if "requires" not in how else faithful
        recorded = _ours(item, kept, stated, how, evidence)
        if not recorded and (elsewhere := evidence.elsewhere(item, experiment, how)) is not None:
            recorded = _ours(item, elsewhere, stated, how, evidence, how.get("instead") or _origin(elsewhere))
        this_build = _ours(item, build, stated, how, evidence)
        verdict = _verdict(item, experiment, how, stated, faithful, evidence)
        if "structure" in how and verdict in ("higher", "lower"):
            recorded = f"{_weights(item, how['structure']):,} parameters"
    return Row(
        item.id,
        item.report,
        item.kind,
        item.approach,
        reported(item, stated),
        recorded,
        this_build,
        verdict,
        experiment.page if experiment and verdict != "lost" else "",
    )


def _main_claim(item: Item) -> Claim | None:
    return None if item.kind in ("figure", "architecture", "confusion_matrix", "parameter_set") else claim(item)


def _verdict(
    item: Item,
    experiment: Experiment,
    how: Mapping[str, Any],
    stated: Claim | None,
    faithful: Result | None,
    evidence: Evidence,
) -> str:
    if "lost" in how:
        return "lost"
    if "structure" in how:
        return _built(item, how["structure"])
    elsewhere = evidence.elsewhere(item, experiment, how)
    if "parameters" in how:
        ran = faithful or elsewhere
        if ran is None:
            return "not yet"
        return "exact" if same_settings(item, how["parameters"], ran) else "not yet" if faithful else "other data"
    if "shows" in how:
        return "shown" if evidence.any(experiment) else "not yet"
    mine = evidence.measured(faithful, stated, how)
    if stated is not None and mine is not None:
        return judge(stated, mine)
    if elsewhere is not None or (home_profile(item) in NOT_PUBLIC and evidence.any(experiment)):
        return "other data"
    return "not yet"


def judge(stated: Claim, mine: Measured) -> str:
    """Return ``reproduced``, ``higher`` or ``lower``: where our 95 % interval lies to the reported value.

    A reported range is reproduced when our interval meets it. Without an interval our number alone counts.
    """
    low, high = (mine.mean, mine.mean) if mine.low is None else (mine.low, mine.high)
    if low > stated.high:
        return "higher"
    return "lower" if high < stated.low else "reproduced"


def same_settings(item: Item, names: Mapping[str, str], result: Result) -> bool:
    """Return whether a result was made with the settings that an item states.

    Parameters
    ----------
    names : dict of str to str
        Setting in `Item.values` to parameter of the run, or to ``facts.<name>`` for what the run found out about its
        data, ``dataset.<name>`` for what its provenance says of it, ``dataset_options.<name>``; each must be equal.
    result : Result
        What ran, on the report's own data; the parameters that it was stored with are held against the item.
    """
    values = {**result.provenance.get("parameters", {}), **result.parameters}
    told = {"facts": values.get("facts"), "dataset": result.provenance.get("dataset")}
    told["dataset_options"] = values.get("dataset_options")
    for group, entries in told.items():
        values |= {f"{group}.{name}": value for name, value in (entries or {}).items()}
    return bool(names) and all(name in values and values[name] == item.value(path) for path, name in names.items())


def measured(result: Result | None, stated: Claim | None, how: Mapping[str, Any]) -> Measured | None:
    """Return our number for a claim as an experiment declares it, None where there is none.

    With a ``member``, it is that of one of the models that the result keeps side by side.
    """
    if result is not None and "member" in how:
        result = members(result).get(how["member"])
    if result is None or stated is None or stated.metric is None:
        return None
    return measure(result, stated.metric, how.get("split") or stated.split or "test", genres=stated.genres)


def _ours(
    item: Item,
    result: Result | None,
    stated: Claim | None,
    how: Mapping[str, Any],
    evidence: Evidence,
    other: str | None = None,
) -> str:
    if result is None or "structure" in how or "lost" in how:
        return ""
    if "parameters" in how:
        held = sum(same_settings(item, {path: name}, result) for path, name in how["parameters"].items())
        words = f"{held} of {_stated(item)} the same" + (f" ({other})" if other else "")
        return words if result.synthetic is False else ""
    mine = evidence.measured(result, stated, how)
    words = "figure" if "shows" in how else number(mine)
    if not words:
        return ""
    origin = {True: " (synthetic)", False: "", None: " (origin not noted)"}[result.synthetic]
    return words + (f" ({other})" if other else origin)


def _stated(item: Item) -> int:
    """How many settings an item states."""
    return sum(value is not None for key, value in item.values.items() if key != "printed")


def number(mine: Measured | None) -> str:
    """Return our number with its interval, e.g. ``0.562 [0.531, 0.593]``; empty for None."""
    if mine is None:
        return ""
    interval = "" if mine.low is None else f" [{mine.low:.3f}, {mine.high:.3f}]"
    return f"{mine.mean:.3f}{interval}"


def reported(item: Item, stated: Claim | None = None) -> str:
    """Return in a few words what an item claims, e.g. ``accuracy 0.64``."""
    if item.kind == "architecture":
        total = parameter_total(item)
        return f"{total:,} parameters" if total else "in words"
    if item.kind == "parameter_set":
        return f"{_stated(item)} settings"
    if item.kind == "confusion_matrix":
        hits = item.derived.get("diagonal")
        return f"{sum(hits.values())} of {item.values['total']} on the diagonal" if hits else "picture"
    if item.kind == "figure":
        return "picture"
    if stated is None:
        return "in words"
    name = stated.path.rpartition(".")[2] if stated.metric is None else LONG.get(stated.metric, stated.metric)
    part = f"{stated.split} " if stated.split not in (None, "test") and stated.metric != "best_epoch" else ""
    value = (
        " to ".join(f"{v:g}" for v in stated.printed) if isinstance(stated.printed, tuple) else f"{stated.printed:.4g}"
    )
    model = f"{stated.path.split('.')[1]}: " if stated.path.startswith("rows.") else ""
    return f"{model}{part}{name.replace('_', ' ')} {value}{' (from its rows)' if stated.from_rows else ''}"


def _built(item: Item, name: str) -> str:
    """Return the verdict on a network of ours; where the report has no total, only the same layers count."""
    layers = structure(name, input_shape(item), n_genres(item))
    if layers is None:
        return "not yet"
    if same_structure(item, layers):
        return "exact"
    total, own = parameter_total(item), _weights(item, name)
    return "not yet" if total in (None, own) else "higher" if own > total else "lower"


def _weights(item: Item, name: str) -> int:
    return sum(count for _, _, count in structure(name, input_shape(item), n_genres(item)) or ())
