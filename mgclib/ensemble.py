"""Several models in one result: side by side, or as one by a soft vote of predictions that are already there.

Notebooks: ``best_recipe``, ``feature_ml``, ``feature_ml_table``, ``transfer``, ``transfer_baseline``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mgclib.errors import ParameterError, RunError
from mgclib.predictions import KEYS
from mgclib.results import Result

__all__ = ["OTHER", "SoftVote", "across_seeds", "members", "side_by_side", "soft_vote", "with_others"]

MEMBER = "member-"
"""How the name of a table begins that holds the predictions of a member."""

OTHER = "tried-"
"""How the name of a table begins that holds the predictions of a model that was tried before."""

HISTORIES = "histories"
"""Name of the table with the histories of all members; column ``model``."""


@dataclass(frozen=True)
class SoftVote:
    """Fitted models as one, for asking only: the mean of their probabilities.

    Parameters
    ----------
    voters : tuple of classifiers
        Fitted, with ``predict_proba`` over the same genres.
    """

    voters: tuple[Any, ...]

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return probabilities : np.ndarray [shape=(n, n_genres), rows sum to 1]."""
        return np.mean([voter.predict_proba(x) for voter in self.voters], axis=0)


def soft_vote(results: Mapping[str, Result], voters: Sequence[str] | None = None) -> Result:
    """Return the result of models that vote with their probabilities: the mean decides.

    The same as scikit-learn's ``VotingClassifier(voting="soft")`` on the fitted models, but nothing is fitted again.

    Parameters
    ----------
    results : mapping of str to Result
        Models by name, all on the same splits: the same clips in the same parts for the same seeds.
    voters : sequence of str or None
        Those that vote; None: all. The others are only kept with the result.

    Returns
    -------
    Result
        With the predictions of every model as a table (see `members`), and their other tables, each with a column
        ``model``. Parameters and provenance are those of the first voter, but the seconds of fitting are those of all.

    Raises
    ------
    ParameterError
        For a voter that is not there, or none.
    RunError
        When a model was not tested on the same clips as the others.

    Notes
    -----
    Source: techno report, "Best ML Results" ("Soft Vote Stacking (tuned XGBoost & tuned LightGBM)").
    """
    voters = list(results if voters is None else voters)
    if not voters or not set(voters) <= set(results):
        raise ParameterError(f"voters={voters} must be some of {', '.join(results) or 'no results'}")
    first = side_by_side(results, voters[0])
    rows = {name: results[name].predictions.set_index(list(KEYS)).sort_index() for name in voters}
    shares = [f"p_{genre}" for genre in first.genres]
    voted = rows[voters[0]].copy()
    voted[shares] = sum(rows[name][shares] for name in voters) / len(voters)
    return replace(first, predictions=voted.reset_index())


def side_by_side(results: Mapping[str, Result], main: str) -> Result:
    """Return the result of one model, with those of all kept beside it.

    Parameters
    ----------
    results : mapping of str to Result
        Models by name, all on the same splits: the same clips in the same parts for the same seeds.
    main : str
        The one whose predictions, history and parameters the result has.

    Returns
    -------
    Result
        With the predictions of every model as a table (see `members`), their histories, and their other tables, each
        with a column ``model``. The seconds of fitting are those of all.

    Raises
    ------
    ParameterError
        When there is no result `main`.
    RunError
        When a model was not tested on the same clips as the others.
    """
    if main not in results:
        raise ParameterError(f"main={main!r} must be one of {', '.join(results) or 'no results'}")
    first = results[main]
    keys = {name: result.predictions.set_index(list(KEYS)).sort_index().index for name, result in results.items()}
    for name, index in keys.items():
        if results[name].genres != first.genres or not index.equals(keys[main]):
            raise RunError(f"{name} and {main} were not tested on the same clips: use one protocol, size and seeds")
    tables = {f"{MEMBER}{name}": result.predictions for name, result in results.items()}
    histories = [result.history.assign(model=name) for name, result in results.items() if len(result.history)]
    if histories:
        tables[HISTORIES] = pd.concat(histories, ignore_index=True)
    for kind in {kind: None for result in results.values() for kind in result.tables}:
        parts = [r.tables[kind].assign(model=name) for name, r in results.items() if kind in r.tables]
        tables[kind] = pd.concat(parts, ignore_index=True)
    origin = {**first.provenance, "fitted": _fitted(first, results.values())}
    return replace(first, tables=tables, provenance=origin)


def _fitted(first: Result, results: Iterable[Result]) -> dict[str, Any]:
    """Return what each seed's fitting says of itself, with the seconds of all models."""
    told = [result.provenance.get("fitted", {}) for result in results]
    return {
        seed: {**one, "seconds": round(sum(other.get(seed, {}).get("seconds", 0.0) for other in told), 2)}
        for seed, one in first.provenance.get("fitted", {}).items()
    }


def members(result: Result, group: str = MEMBER) -> dict[str, Result]:
    """Return the models that a result keeps beside its own predictions, by name; empty where it keeps none.

    Parameters
    ----------
    result : Result
    group : str
        What their tables begin with: those of `side_by_side`, or those of `with_others`.
    """
    histories = result.tables.get(HISTORIES, pd.DataFrame({"model": []}))
    return {
        name: replace(
            result,
            predictions=table,
            history=histories[histories["model"] == name].drop(columns="model").reset_index(drop=True),
            tables={},
        )
        for key, table in result.tables.items()
        if key.startswith(group) and (name := key.removeprefix(group))
    }


def with_others(result: Result, others: Mapping[str, Result]) -> Result:
    """Return a result that also keeps predictions of others, whatever clips they are about: ``members(…, OTHER)``.

    Parameters
    ----------
    result : Result
    others : mapping of str to Result
        By name, e.g. what was tried on validation clips before.
    """
    tables = {f"{OTHER}{name}": one.predictions for name, one in others.items()}
    return replace(result, tables={**result.tables, **tables})


def across_seeds(result: Result) -> Result:
    """Return the result of all seeds voting together: the mean of their probabilities, as one seed.

    Parameters
    ----------
    result : Result
        With the same clips in the same parts for every seed, as a published list has them.

    Raises
    ------
    RunError
        When the seeds have other clips.
    """
    keys = ["split", "clip_id", "track_id", "genre"]
    shares = [f"p_{genre}" for genre in result.genres]
    asked = result.predictions.groupby(keys, sort=False, observed=True)
    if (asked.size() != len(result.seeds)).any():
        raise RunError(
            "the seeds were not asked about the same clips: only those of a published list can vote together"
        )
    voted = asked[shares].mean().reset_index().assign(seed=result.seeds[0])
    told = {**result.parameters, "voting_seeds": list(result.seeds)}
    return replace(result, predictions=voted, history=result.history.iloc[:0], parameters=told, tables={})
