"""Tune a classical model inside the training data: a bounded, seeded search that never sees a test clip.

Notebooks: ``feature_ml``, ``feature_ml_table``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import RandomizedSearchCV, StratifiedGroupKFold

from mgclib import fitted, models
from mgclib.ensemble import SoftVote, soft_vote
from mgclib.errors import ParameterError
from mgclib.results import Result
from mgclib.splits import split
from mgclib.training import run_seeds

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset

__all__ = ["MODELS", "SPACES", "VOTERS", "TunedClassifier", "fit_chosen", "run_models", "settings_of"]

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

MODELS = {"svm": "feature-svm", "xgboost": "xgboost", "lightgbm": "lightgbm"}
"""The three models of the techno report by a short name."""

VOTERS = ("xgboost", "lightgbm")
"""Those whose soft vote the report prints."""


@dataclass
class TunedClassifier:
    """A classical model of the register whose settings are chosen by cross-validation on its training clips.

    Settings are drawn at random from `SPACES`; each draw is judged by the mean weighted F1 over folds of the
    training clips, which keep together what the protocol keeps apart; the best draw is fitted on all of them.

    Parameters
    ----------
    name : str
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
    jobs : int >= 1 or None
        Fits at once; None: as many as ``OMP_NUM_THREADS`` allows (``mgc run`` sets it), without it one.

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

    name: str
    input_shape: tuple[int, ...]
    n_genres: int
    draws: int = 12
    folds: int = 3
    seed: int = 0
    jobs: int | None = None
    model: Any = field(default=None, init=False, repr=False)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.name not in SPACES:
            raise ParameterError(f"{self.name!r} has no search space; tunable are {', '.join(SPACES)}")
        for name, least in {"draws": 1, "folds": 2}.items():
            if not isinstance(getattr(self, name), int) or getattr(self, name) < least:
                raise ParameterError(f"{name}={getattr(self, name)!r} must be an integer of at least {least}")

    def fit(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> TunedClassifier:
        """Search and fit on features `x` [shape=(n, n_features)], labels `y` [(n,), int] and `groups` [(n,)]."""
        groups = np.arange(len(y)) if groups is None else np.asarray(groups)
        fewest = pd.DataFrame({"genre": y, "group": groups}).groupby("genre")["group"].nunique().min()
        blank = _blank(self.name, self.input_shape, self.n_genres, self.seed)
        folds = StratifiedGroupKFold(int(np.clip(fewest, 2, self.folds)), shuffle=True, random_state=self.seed)
        search = RandomizedSearchCV(
            blank,
            SPACES[self.name],
            n_iter=self.draws,
            scoring=make_scorer(f1_score, average="weighted", zero_division=0.0),
            cv=folds,
            random_state=self.seed,
            error_score="raise",
            n_jobs=self.jobs or _allowed(),
        )
        search.fit(x, y, groups=groups)
        self.model, self.tables = search.best_estimator_, {"search": _draws(search)}
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return probabilities : np.ndarray [shape=(n, n_genres), rows sum to 1]."""
        if self.model is None:
            raise ParameterError("this classifier is not fitted yet: call fit first")
        return self.model.predict_proba(x)


def run_models(
    dataset: Dataset,
    inputs: np.ndarray,
    *,
    draws: int = 12,
    folds: int = 3,
    checkpoint_dir: str | os.PathLike[str] | None = None,
    **how: Any,
) -> Result:
    """Tune, fit and test each of `MODELS` once per seed, all on the same splits, and let `VOTERS` vote.

    Nothing is chosen on the validation part, so it is trained on as well.

    Parameters
    ----------
    dataset : Dataset
    inputs : np.ndarray [shape=(n_clips, n_features)]
        Aligned with ``dataset.clips``.
    draws, folds
        See `TunedClassifier`.
    checkpoint_dir : path, optional
        Each finished seed is stored in a folder per protocol and model below it; with a ``recipe``, the fitted vote
        of the first seed is kept in ``<protocol>/seed-<seed>/model`` for `mgc predict`.
    **how
        The rest goes to `mgclib.training.run_seeds`: ``protocol``, ``seeds``, ``sizes``, ``recipe`` …

    Returns
    -------
    Result
        The soft vote; `mgclib.ensemble.members` has each model's.

    Notes
    -----
    Source: techno report, "1st Approach". Notebooks: ``feature_ml``, ``feature_ml_table``.
    """

    def tuned(model: str) -> Callable[[int], TunedClassifier]:
        shape, n_genres = inputs.shape[1:], len(dataset.genres)
        return lambda seed: TunedClassifier(model, shape, n_genres, draws=draws, folds=folds, seed=seed)

    results = {}
    for name, model in MODELS.items():
        print(f"{name}, split {how['protocol']}", flush=True)
        kept = None if checkpoint_dir is None else Path(checkpoint_dir, how["protocol"], name)
        results[name] = run_seeds(dataset, inputs, tuned(model), join_validation=True, checkpoint_dir=kept, **how)
    voted = soft_vote(results, VOTERS)
    if checkpoint_dir is not None and how.get("recipe") is not None:
        _keep_vote(Path(checkpoint_dir, how["protocol"]), voted, dataset, how)
    return voted


def _keep_vote(folder: Path, voted: Result, dataset: Dataset, how: dict[str, Any]) -> None:
    """Keep the vote of the first seed's models, where those are kept."""
    seed = how["seeds"][0]
    places = [folder / name / f"seed-{seed}" / "model" for name in VOTERS]
    if all(fitted.is_kept(place) for place in places):
        parts = [fitted.load(place) for place in places]
        first = Result(voted.predictions[voted.predictions["seed"] == seed], voted.genres)
        about = {**parts[0].about, "accuracy": {"test": round(float(first.metric("accuracy").iloc[0]), 4)}}
        vote = SoftVote(tuple(part.classifier for part in parts))
        fitted.keep(folder / f"seed-{seed}" / "model", vote, how["recipe"], dataset, about)


def fit_chosen(voted: Result, name: str, dataset: Dataset, inputs: np.ndarray, seed: int) -> tuple[Any, np.ndarray]:
    """Fit a model of a soft vote once more, with the settings that its search chose.

    Parameters
    ----------
    voted : Result
        The soft vote of `run_models`.
    name : str
        One of `MODELS`.
    dataset : Dataset
    inputs : np.ndarray [shape=(n_clips, n_features)]
        What the models were run on.
    seed : int

    Returns
    -------
    model : classifier
    tested : np.ndarray [shape=(n_test,), int]
        Rows of the clips that it was not fitted on.
    """
    search = voted.tables["search"]
    settings = settings_of(search[search["model"] == name], seed)
    parts = split(dataset, voted.parameters["protocol"], seed, sizes=tuple(voted.parameters["sizes"]))
    learned = parts.isin(["train", "validation"]).to_numpy()
    model = _blank(MODELS[name], inputs.shape[1:], len(dataset.genres), seed).set_params(**settings)
    return model.fit(inputs[learned], dataset.labels[learned]), np.flatnonzero(parts == "test")


def _blank(name: str, shape: tuple[int, ...], n_genres: int, seed: int) -> Any:
    model = models.build(name, shape, n_genres)
    return model.set_params(seed=seed) if "seed" in model.get_params() else model


def _allowed() -> int:
    threads = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(threads)) if threads.isdigit() else 1


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
