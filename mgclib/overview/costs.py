"""What asking an approach costs, as ``tests/benchmarks/bench_inference.py`` measured and kept it with the records."""

from __future__ import annotations

import json
from functools import cache
from statistics import median
from typing import Any

from mgclib.files import project_root
from mgclib.results import Result

__all__ = ["COSTS", "cost_of", "how_measured", "inputs_per_track", "training_seconds"]

COSTS = project_root() / "book" / "records" / "costs" / "inference" / "costs.json"

OTHERWISE = ("SVM", "crops")
"""What the name of a member says whose cost is not that of the record's own model: another classifier, other inputs."""


@cache
def _kept() -> dict[str, Any]:
    return json.loads(COSTS.read_text(encoding="utf-8")) if COSTS.is_file() else {"measured": {}, "experiments": {}}


def how_measured() -> dict[str, Any]:
    """Return how and where the costs were measured: ``how``, ``hardware``, ``packages``, ``time`` …; may be empty."""
    return _kept()["measured"]


def inputs_per_track(result: Result) -> float:
    """Return how many inputs a model is asked about for one track, e.g. 3 where a track is cut in three snippets."""
    tested = result.select("test", result.seeds[0])
    return len(tested) / tested["track_id"].nunique()


def cost_of(result: Result, experiment: str, member: str | None = None) -> dict[str, float]:
    """Return what it costs to ask a recorded model about one track.

    Parameters
    ----------
    result : Result
    experiment : str
    member : str or None
        A model that the record keeps beside its own; None: the record's own.

    Returns
    -------
    dict
        ``parameters`` (stored numbers: weights; support vectors; splits and leaves), ``macs`` (multiplications for one
        track), ``prepare``, ``single`` and ``batch`` (CPU seconds for one track on one core: from the waveform to the
        input; from the input to the answer, asked one by one, and 32 at once). What is not known is absent. Parameters
        and multiplications of a network that was not measured come from the facts of its record. A member that was not
        measured costs what the record's own model does, unless members were measured one by one.
    """
    kept = _kept()["experiments"].get(experiment, {})
    alike = set(kept) == {""} and not any(word in (member or "") for word in OTHERWISE)
    row = kept.get("" if alike else member or "", {})
    each = round(inputs_per_track(result)) or 1
    per_input = ("macs", "prepare", "single", "batch")
    found = {"parameters": row.get("parameters")}
    found |= {key: None if row.get(key) is None else row[key] * each for key in per_input}
    if member is None:
        facts = result.parameters.get("facts") or {}
        for key, fact in (("parameters", "weights"), ("macs", "macs")):
            if found[key] is None and isinstance(facts.get(fact), int):
                found[key] = facts[fact] * (each if key == "macs" else 1)
    return {key: float(value) for key, value in found.items() if value is not None}


def training_seconds(result: Result, member: str | None = None) -> float | None:
    """Return the seconds of fitting one seed; None where a record does not say, or says it of members together.

    The median over seeds: some were trained while the machine had other work. A network that a record keeps beside its
    own has the seconds of its epochs.
    """
    fitted = [one.get("seconds") for one in result.provenance.get("fitted", {}).values()]
    if len(result.history) and "seconds" in result.history:
        epochs = result.history.groupby("seed")["seconds"].sum(min_count=1).median()
        if member is not None or "histories" in result.tables:
            return None if epochs != epochs else float(epochs)
    if member is not None or not fitted or None in fitted:
        return None
    return float(median(fitted))
