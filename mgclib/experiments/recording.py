"""The way of a finished run's Result into the records of the book."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgclib.errors import RunError
from mgclib.experiments.cache import Task, read_stamp
from mgclib.experiments.keys import PATHS
from mgclib.files import named_file

if TYPE_CHECKING:
    from mgclib.results import Result

__all__ = ["check_record", "record_result"]

CARRIED = {
    "parameters": "parameters",
    "seconds": "wall_seconds",
    "started": "started",
    "finished": "finished",
    "threads": "threads",
    "seeds_read_back": "seeds_read_back",
}
"""What the stamp of a run adds to the provenance that the notebook stored, and under which name."""


def record_result(task: Task) -> Path:
    """Write the Result of a finished run to ``book/records/<profile>/<experiment>/``; return that folder.

    Seeds that the present record lacks are added to it, when data and parameters are the same; a run that has all of
    its seeds replaces it. The provenance gains experiment, profile, seeds, wall time and every parameter of the run:
    with its Result a notebook stores only those that it names, not the snippet length, say. ``seeds_read_back`` names
    the seeds that were trained in an earlier run, which ``wall_seconds`` does not include.

    Raises
    ------
    RunError
        When the notebook saved no Result, or one of generated music, or when the present record holds seeds that
        this run lacks and cannot be joined with.
    """
    from mgclib import records
    from mgclib.results import Result

    saved = task.folder / "result"
    if not (saved / "result.json").is_file():
        raise RunError(f"{task.notebook.name} saved no Result; it must call Result.save(results_dir)")
    result = Result.load(saved)
    stamp = read_stamp(task.folder) or {}
    told = {name: stamp[key] for key, name in CARRIED.items() if key in stamp}
    told["parameters"] = {name: _public(value) for name, value in told.get("parameters", {}).items()}
    told |= {"experiment": task.name, "profile": task.profile.name}
    whole = dataclasses.replace(result, provenance={**result.provenance, **told})
    kept = records.read(task.profile.name, task.name)
    if kept is not None and not set(kept.seeds) <= set(result.seeds):
        if _holds(kept, whole):
            return records.path(task.profile.name, task.name)
        whole = _joined(kept, whole)
    whole.provenance["seeds"] = list(whole.seeds)
    return records.write(whole, task.profile.name, task.name)


def _holds(kept: Result, new: Result) -> bool:
    """Return whether a record already has the seeds of a run, from the very same fits."""
    before, now = (one.provenance.get("fitted", {}) for one in (kept, new))
    return set(new.seeds) <= set(kept.seeds) and bool(now) and now.items() <= before.items()


def _joined(kept: Result, new: Result) -> Result:
    """Return a record with the seeds of a new run added; provenance is the new run's, ``fitted`` tells all seeds."""
    from mgclib.results import Result

    before, now = kept.provenance, new.provenance
    differ = _differing(_asked(kept), _asked(new))
    differ += ["the data"] if before["dataset"]["fingerprint"] != now["dataset"]["fingerprint"] else []
    differ += ["seeds that both hold"] if set(kept.seeds) & set(new.seeds) else []
    if differ:
        raise _refusal(f"{now['profile']}/{now['experiment']}", kept.seeds, new.seeds, differ)
    read_back = [*kept.seeds, *now.get("seeds_read_back", [])]
    fitted = {**before.get("fitted", {}), **now.get("fitted", {})}
    told = {**now, "fitted": fitted, "seeds_read_back": read_back}
    return dataclasses.replace(Result.concat([kept, new]), provenance=told)


def check_record(task: Task) -> None:
    """Refuse a run whose seeds could not be added to its record: before they are trained, not after.

    Raises
    ------
    RunError
        When the record holds seeds that `task` lacks, and other parameters.
    """
    from mgclib import records

    kept, seeds = records.read(task.profile.name, task.name), task.parameters.get("seeds", ())
    if kept is None or set(kept.seeds) <= set(seeds):
        return
    asked = {name: _public(value) for name, value in task.parameters.items() if _trains(name)}
    differ = [name for name in _differing(_asked(kept), asked) if name != "weights"]
    if differ:
        raise _refusal(f"{task.profile.name}/{task.name}", kept.seeds, seeds, differ)


def _refusal(name: str, kept: Iterable[int], new: Iterable[int], differ: list[str]) -> RunError:
    return RunError(
        f"the record of {name} holds seeds {sorted(set(kept) - set(new))} that this run does not, and "
        f"they cannot be joined ({', '.join(differ)}); name them too "
        f"(--seeds {','.join(map(str, sorted({*kept, *new})))}) or delete the record"
    )


def _differing(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    return [name for name in before | now if before.get(name, ...) != now.get(name, ...)]


def _asked(result: Result) -> dict[str, Any]:
    """Return the parameters that two runs must share; weights by their hash, where the result tells it."""
    told = {**result.provenance.get("parameters", {}), **{k: v for k, v in result.parameters.items() if k == "weights"}}
    return {name: value for name, value in told.items() if _trains(name)}


def _trains(name: str) -> bool:
    """Return whether a parameter has a part in what is trained; an item of a report is only put beside it."""
    return name not in (*PATHS, "seeds") and not name.endswith("_item")


def _public(value: Any) -> Any:
    """Return a parameter as it may be published: of a file its name, not where it lies on this machine."""
    file = named_file(value)
    return value if file is None else file.name
