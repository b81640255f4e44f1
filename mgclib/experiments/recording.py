"""The way of a finished run's Result into the records of the book."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from mgclib.errors import RunError
from mgclib.experiments.cache import Task, read_stamp
from mgclib.files import named_file

__all__ = ["record_result"]

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

    Its provenance gains experiment, profile, seeds, wall time and every parameter of the run: with its Result a
    notebook stores only those that it names, not the snippet length, say. ``seeds_read_back`` names the seeds that
    were trained in an earlier run, which ``wall_seconds`` does not include.

    Raises
    ------
    RunError
        When the notebook saved no Result, or one of generated music, or when the present record holds seeds that
        this run lacks.
    """
    from mgclib import records
    from mgclib.results import Result

    saved = task.folder / "result"
    if not (saved / "result.json").is_file():
        raise RunError(f"{task.notebook.name} saved no Result; it must call Result.save(results_dir)")
    result = Result.load(saved)
    stamp = read_stamp(task.folder) or {}
    kept = records.read(task.profile.name, task.name)
    lost = sorted(set(kept.seeds) - set(result.seeds)) if kept else []
    if lost:
        raise RunError(
            f"the record of {task.profile.name}/{task.name} holds seeds {lost} that this run does not; "
            f"name them too (--seeds {','.join(map(str, sorted({*kept.seeds, *result.seeds})))}) or delete the record"
        )
    told = {name: stamp[key] for key, name in CARRIED.items() if key in stamp}
    told["parameters"] = {name: _public(value) for name, value in told.get("parameters", {}).items()}
    told |= {"experiment": task.name, "profile": task.profile.name, "seeds": [int(seed) for seed in result.seeds]}
    whole = dataclasses.replace(result, provenance={**result.provenance, **told})
    return records.write(whole, task.profile.name, task.name)


def _public(value: Any) -> Any:
    """Return a parameter as it may be published: of a file its name, not where it lies on this machine."""
    file = named_file(value)
    return value if file is None else file.name
