"""The soft vote against scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from mgclib.ensemble import members, soft_vote
from mgclib.errors import ParameterError, RunError
from mgclib.results import Result

GENRES = ("a", "b", "c")


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(3)
    y = np.repeat(np.arange(3), 30)
    x = rng.normal(size=(90, 4)) + y[:, None]
    machines = {"bayes": GaussianNB(), "line": LogisticRegression(), "other": LogisticRegression(C=1e-3)}
    clips = pd.DataFrame({"genre": np.array(GENRES)[y], "track_id": "t"}, index=[f"c{k:02d}" for k in range(90)])
    test = np.arange(90) % 3 == 0
    results = {}
    for name, machine in machines.items():
        machine.fit(x[~test], y[~test])
        one = Result.from_arrays(clips[test], "test", machine.predict_proba(x[test]), GENRES, seed=4)
        object.__setattr__(one, "tables", {"search": pd.DataFrame({"seed": [4], "score": [0.5]})})
        results[name] = one
    shuffled = results["line"].predictions.sample(frac=1, random_state=0)
    object.__setattr__(results["line"], "predictions", shuffled.reset_index(drop=True))
    chosen = [(name, machines[name]) for name in ("bayes", "line")]
    reference = VotingClassifier(chosen, voting="soft").fit(x[~test], y[~test]).predict_proba(x[test])
    return results, reference


def test_the_vote_is_scikit_learns(fitted):
    results, reference = fitted
    voted = soft_vote(results, ["bayes", "line"])
    rows = voted.select("test").sort_values("clip_id")
    shares = rows[[f"p_{genre}" for genre in GENRES]].to_numpy()
    np.testing.assert_allclose(shares, reference, atol=1e-6)


def test_every_model_stays_with_the_vote_also_on_disk(fitted, tmp_path):
    results, _ = fitted
    soft_vote(results, ["bayes", "line"]).save(tmp_path)
    kept = members(Result.load(tmp_path))
    assert list(kept) == list(results)
    for name, result in results.items():
        assert kept[name].metric("accuracy").tolist() == result.metric("accuracy").tolist()
    assert Result.load(tmp_path).tables["search"]["model"].tolist() == list(results)
    assert members(results["line"]) == {}


def test_models_that_cannot_vote_together_are_named(fitted):
    results, _ = fitted
    fewer = results["line"].predictions.iloc[1:]
    short = Result(fewer, GENRES)
    with pytest.raises(RunError, match="line and bayes"):
        soft_vote({"bayes": results["bayes"], "line": short})
    with pytest.raises(ParameterError, match="nobody"):
        soft_vote(results, ["nobody"])
    with pytest.raises(ParameterError, match=r"voters=\[\]"):
        soft_vote(results, [])
