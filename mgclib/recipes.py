"""A recipe that is chosen on validation clips and tested once: the ladders it climbed, the choice, what came out.

A ladder is a list of conditions, each of which changes one thing of the condition before it. The best of the first
ladder, its partners of the others and their vote compete; what a recipe tried is kept with its result
(`mgclib.ensemble.with_others`), so that a record can be told again without training.

Notebooks: ``best_recipe``, ``best_recipe_imagenet``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from mgclib import prose
from mgclib.ablation import steps
from mgclib.ensemble import OTHER, across_seeds, members, soft_vote
from mgclib.errors import ParameterError
from mgclib.metrics import SAME
from mgclib.results import Result
from mgclib.splits import PROTOCOLS

__all__ = ["VOTE", "best_of", "chosen", "finals", "in_words", "ladder", "luck", "told"]

VOTE = "vote of both"
"""Name of the condition in which one of every ladder votes."""


def best_of(tried: Mapping[str, Result], names: Iterable[str]) -> str:
    """Return the condition with the lowest log loss on validation clips, the mean over its seeds.

    Log loss tells more than accuracy when there are few clips: it counts how sure a model is, not only whether it is
    right.
    """
    return min(names, key=lambda name: tried[name].metric("log_loss", "validation").mean())


def chosen(tried: Mapping[str, Result], ladders: Sequence[Sequence[str]]) -> tuple[str, list[str], dict[str, Result]]:
    """Choose among the best of the first ladder, its partners of the other ladders, and their vote.

    A partner is the condition that votes best with those before it, whatever it is worth alone: the greedy selection of
    Caruana et al. (ICML 2004), with one step per ladder. All by `best_of`.

    Parameters
    ----------
    tried : mapping of str to Result
        With predictions for validation clips of the same seeds, by the name of the condition.
    ladders : sequence of sequences of str
        Names of conditions; those that were not tried are left out.

    Returns
    -------
    str
        The condition that wins, `VOTE` perhaps.
    list of str
        What it consists of: itself, or the voters, one of every ladder.
    dict of str to Result
        `tried`, and the vote.

    Raises
    ------
    ParameterError
        When nothing of a ladder was tried.
    """
    climbed = [[name for name in names if name in tried] for names in ladders]
    if not all(climbed):
        raise ParameterError(f"of one of the ladders {ladders} nothing was tried; tried was {', '.join(tried)}")
    voters: list[str] = []
    votes: dict[str, Result] = {}
    for names in climbed:
        votes = {name: soft_vote({one: tried[one] for one in (*voters, name)}) for name in names}
        voters.append(best_of(votes, names))
    known = {**tried, VOTE: votes[voters[-1]]}
    winner = best_of(known, [*voters, VOTE])
    return winner, voters if winner == VOTE else [winner], known


def ladder(result: Result, ladders: Sequence[Sequence[str]], metric: str = "accuracy") -> pd.DataFrame:
    """Return how each condition that a recipe tried did on validation clips, and what it brought.

    Parameters
    ----------
    result : Result
        That keeps what was tried (`mgclib.ensemble.with_others`).
    ladders : sequence of sequences of str
        As for `chosen`. The vote is held against the best of the first ladder.
    metric : str
        A name in `mgclib.metrics.METRICS`.

    Returns
    -------
    pd.DataFrame
        See `mgclib.ablation.steps`.
    """
    found = members(result, OTHER)
    climbed = [[name for name in names if name in found] for names in ladders]
    before = {later: one for names in climbed for one, later in itertools.pairwise(names)}
    if VOTE in found:
        before[VOTE] = best_of(found, climbed[0])
    return steps(found, before, metric)


def in_words(result: Result, ladders: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Return `ladder` as text : pd.DataFrame [index=condition]; a gain is *sure* when its interval leaves out 0."""
    table, loss = ladder(result, ladders), ladder(result, ladders, "log_loss")
    gains = 100 * table[["gain", "gain_low", "gain_high"]]
    columns = {
        "accuracy (%)": [f"{100 * mean:.1f}" for mean in table["mean"]],
        "gain (points)": [
            "" if np.isnan(mean) else f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"
            for mean, low, high in gains.itertuples(index=False)
        ],
        "sure": ["yes" if sure else "" for sure in table["survives"]],
        "log loss": loss["mean"].map("{:.3f}".format).tolist(),
    }
    return pd.DataFrame(columns, index=table.index)


def finals(runs: Mapping[str, Result]) -> dict[str, Result]:
    """Return results and, where all seeds had the same clips, all seeds of each voting together."""
    found = {}
    for name, one in runs.items():
        found[name] = one
        if PROTOCOLS[one.parameters["protocol"]].published and len(one.seeds) > 1:
            found[f"{name}, all together"] = across_seeds(one)
    return found


def told(result: Result | None, ladders: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return what the text of a recipe's page says of a run, in words (`mgclib.prose.tell`).

    Parameters
    ----------
    result : Result or None
        None: `mgclib.prose.MISSING` for everything.
    ladders : sequence of sequences of str
        As for `chosen`.

    Returns
    -------
    dict of str to str
        ``final`` test accuracy, ``chosen``, ``joined`` (all seeds together), ``surely`` and ``sunk`` (steps up whose
        interval leaves out 0, steps down), ``start`` (of the first ladder), ``alone`` (test accuracy of each member).
    """
    names = ("final", "chosen", "joined", "surely", "sunk", "start", "alone")
    if result is None:
        return dict.fromkeys(names, prose.MISSING)
    table = ladder(result, ladders)
    together = list(finals({"": result}).values())[1:]
    own = {name: prose.interval(one.interval("accuracy")) for name, one in members(result).items()}
    words = (
        prose.interval(result.interval("accuracy")),
        result.parameters["chosen"],
        prose.interval(together[0].interval("accuracy") if together else None),
        prose.listed([f"*{name}*" for name in table.index[table["survives"] & (table["gain"] > 0)]]),
        prose.listed([f"*{name}*" for name in table.index[table["gain"] < 0]]),
        prose.percent(table["mean"].iloc[0]),
        prose.listed([f"*{name}* {said}" for name, said in own.items()]),
    )
    return dict(zip(names, words, strict=True))


def luck(result: Result | None) -> str:
    """Return how the members of a recipe did on validation clips when they were tried, and over the seeds of the end.

    What is chosen for its score in one seed scores lower in others. A member that does not change is left out; None:
    `mgclib.prose.MISSING`.
    """
    if result is None:
        return prose.MISSING
    before, words = members(result, OTHER), []
    for name, one in members(result).items():
        shares = [each.metric("accuracy", "validation").mean() for each in (before[name], one)]
        if abs(shares[0] - shares[1]) > SAME:
            words.append(f"*{name}* {100 * shares[0]:.1f} % and {100 * shares[1]:.1f} %")
    return prose.listed(words)
