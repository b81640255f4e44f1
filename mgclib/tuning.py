"""Tune a classical model inside the training data: a bounded, seeded search that never sees a test clip.

Notebooks: ``feature_ml``, ``feature_ml_table``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import RandomizedSearchCV, StratifiedGroupKFold

from mgclib import models
from mgclib.errors import ParameterError

__all__ = ["SPACES", "TunedClassifier", "settings_of"]

TREES = {
    "n_estimators": [50, 100, 200, 300],
    "learning_rate": stats.loguniform(0.02, 0.3),
    "size": [2, 3, 4, 5, 6],
    "least_leaf": stats.loguniform(0.05, 5),
    "rows": stats.uniform(0.5, 0.5),
    "columns": stats.uniform(0.1, 0.7),
}
SPACES: dict[str, dict[str, Any]] = {
    "feature-svm": {"C": stats.loguniform(0.3, 300), "gamma": stats.loguniform(3e-4, 0.1)},
    "xgboost": TREES,
    "lightgbm": TREES,
}
"""Where `TunedClassifier` draws the settings of each model from; ours, the techno report only says "tuned"."""


@dataclass
class TunedClassifier:
    """A classical model of the register whose settings are chosen by cross-validation on its training clips.

    Settings are drawn at random from `SPACES`; each draw is judged by the mean weighted F1 over folds of the
    training clips, which keep together what the protocol keeps apart; the best draw is fitted on all of them.

    Parameters
    ----------
    architecture : str
        Name for `mgclib.models.build`, one of `SPACES`.
    input_shape : tuple of int
        ``(n_features,)``.
    n_genres : int >= 2
    draws : int >= 1
        Settings that are tried.
    folds : int >= 2
        At most so many; fewer (never below two) where a genre has fewer groups in the training part.
    seed : int
        Fixes draws, folds and what the model itself leaves to chance.

    Attributes
    ----------
    model : classifier
        After `fit`: the best draw, fitted on all training clips.
    tables : dict
        After `fit`: ``search``, one row per draw: ``draw``, ``score`` (mean weighted F1 over the folds),
        ``deviation`` (over the folds), ``seconds`` (per fit), ``chosen`` and ``settings`` (JSON).

    Notes
    -----
    Source: techno report, "Best ML Results" ("tuned XGBoost & tuned LightGBM").
    """

    architecture: str
    input_shape: tuple[int, ...]
    n_genres: int
    draws: int = 12
    folds: int = 3
    seed: int = 0
    model: Any = field(default=None, init=False, repr=False)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.architecture not in SPACES:
            raise ParameterError(f"{self.architecture!r} has no search space; tunable are {', '.join(SPACES)}")
        for name, least in {"draws": 1, "folds": 2}.items():
            if not isinstance(getattr(self, name), int) or getattr(self, name) < least:
                raise ParameterError(f"{name}={getattr(self, name)!r} must be an integer of at least {least}")

    def fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> TunedClassifier:
        """Search and fit on features `x` [shape=(n, n_features)], labels `y` [(n,), int] and `groups` [(n,)]."""
        groups = np.arange(len(y)) if groups is None else np.asarray(groups)
        fewest = pd.DataFrame({"genre": y, "group": groups}).groupby("genre")["group"].nunique().min()
        options = {} if self.architecture == "feature-svm" else {"seed": self.seed}
        blank = models.build(self.architecture, self.input_shape, self.n_genres, **options)
        folds = StratifiedGroupKFold(int(np.clip(fewest, 2, self.folds)), shuffle=True, random_state=self.seed)
        search = RandomizedSearchCV(
            blank,
            SPACES[self.architecture],
            n_iter=self.draws,
            scoring=make_scorer(f1_score, average="weighted", zero_division=0.0),
            cv=folds,
            random_state=self.seed,
            error_score="raise",
        )
        search.fit(x, y, groups=groups)
        self.model, self.tables = search.best_estimator_, {"search": _draws(search)}
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return probabilities : np.ndarray [shape=(n, n_genres), rows sum to 1]."""
        if self.model is None:
            raise ParameterError("this classifier is not fitted yet: call fit first")
        return self.model.predict_proba(x)


def settings_of(search: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Return the settings that the search of one seed chose, as options of `mgclib.models.build`.

    Parameters
    ----------
    search : pd.DataFrame
        The table ``search`` of a result of `mgclib.training.run_seeds`.
    seed : int

    Raises
    ------
    ParameterError
        When the table does not hold the seed.
    """
    chosen = search.loc[search["chosen"] & (search["seed"] == seed), "settings"]
    if chosen.empty:
        raise ParameterError(f"seed={seed} was not searched; there are {sorted(set(search['seed']))}")
    return json.loads(chosen.iloc[0])


def _draws(search: RandomizedSearchCV) -> pd.DataFrame:
    found = search.cv_results_
    return pd.DataFrame(
        {
            "draw": np.arange(len(found["params"])),
            "score": found["mean_test_score"],
            "deviation": found["std_test_score"],
            "seconds": found["mean_fit_time"],
            "chosen": np.arange(len(found["params"])) == search.best_index_,
            "settings": [json.dumps(one) for one in found["params"]],
        }
    )
