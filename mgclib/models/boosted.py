"""Gradient-boosted trees with one face, and fit for folds in which a genre is absent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from mgclib.errors import ParameterError
from mgclib.models.classifier import GenreClassifier

__all__ = ["LightGBM", "XGBoost"]


class _BoostedTrees(GenreClassifier, ABC):
    """What both libraries' trees share: labels of absent genres, threads, and the gain of each feature.

    The seed decides the rows and columns that each tree sees. A genre without a training clip has probability 0.
    One thread: on some hundred clips more only wait for each other; a search runs its fits side by side instead.
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        n_genres: int,
        n_estimators: int = 200,
        learning_rate: float = 0.1,
        size: int = 4,
        least_leaf: float = 2.0,
        rows: float = 0.8,
        columns: float = 0.5,
        seed: int = 0,
    ) -> None:
        self.input_shape = input_shape
        self.n_genres = n_genres
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.size = size
        self.least_leaf = least_leaf
        self.rows = rows
        self.columns = columns
        self.seed = seed

    @abstractmethod
    def _trees(self) -> Any:
        """Return the library's classifier with these settings, not fitted."""

    def fit(self, x: np.ndarray, y: np.ndarray) -> _BoostedTrees:
        """Fit on features `x` [shape=(n, n_features)] and labels `y` [(n,), int, 0 … n_genres - 1].

        Raises
        ------
        ParameterError
            When the features are of another number than announced, or the labels show one genre only.
        """
        self._check_shape(x)
        self.classes_ = np.arange(self.n_genres)
        self.present_, codes = np.unique(y, return_inverse=True)
        if len(self.present_) < 2:
            raise ParameterError("the training data show one genre only: there is nothing to tell apart")
        self.trees_ = self._trees().fit(np.asarray(x), codes)
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return probabilities : np.ndarray [shape=(n, n_genres), 0 … 1, rows sum to 1]."""
        check_is_fitted(self)
        probabilities = np.zeros((len(x), self.n_genres))
        probabilities[:, self.present_] = self.trees_.predict_proba(np.asarray(x))
        return probabilities

    @property
    def gains_(self) -> np.ndarray:
        """Share of each feature in what the splits of all trees gain : np.ndarray [shape=(n_features,), sums to 1]."""
        check_is_fitted(self)
        gains = np.asarray(self.trees_.feature_importances_, dtype=float)
        return gains / gains.sum() if gains.sum() else gains


class XGBoost(_BoostedTrees):
    """XGBoost's trees: grown level by level to a greatest depth.

    Parameters
    ----------
    input_shape : tuple of int
        ``(n_features,)``.
    n_genres : int >= 2
    n_estimators : int > 0
        Rounds; each adds one tree per genre.
    learning_rate : float above 0
        How much of a new tree is added.
    size : int > 0
        Greatest depth of a tree (``max_depth``).
    least_leaf : float >= 0
        Least sum of instance weights in a leaf (``min_child_weight``).
    rows, columns : float in (0, 1]
        Share of the clips and of the features that a tree sees.
    seed : int

    Notes
    -----
    Source: techno report, "1st Approach". The gain of a feature is the total over all splits that use it.
    Notebooks: ``feature_ml``, ``feature_ml_table``.
    """

    def _trees(self) -> Any:
        from xgboost import XGBClassifier

        return XGBClassifier(
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            max_depth=self.size,
            min_child_weight=self.least_leaf,
            subsample=self.rows,
            colsample_bytree=self.columns,
            importance_type="total_gain",
            random_state=self.seed,
            n_jobs=1,
        )


class LightGBM(_BoostedTrees):
    """LightGBM's trees: grown leaf by leaf, the best leaf first.

    Parameters
    ----------
    size : int > 0
        A tree has at most 2 ** size leaves (``num_leaves``), as many as one of XGBoost of that depth, but in any
        shape; at most 128.
    least_leaf : float >= 0
        Least sum of Hessians in a leaf (``min_sum_hessian_in_leaf``), beside at least five clips.
    input_shape, n_genres, n_estimators, learning_rate, rows, columns, seed
        As in `XGBoost`.

    Notes
    -----
    Source: techno report, "1st Approach".
    Notebooks: ``feature_ml``, ``feature_ml_table``.
    """

    def _trees(self) -> Any:
        from lightgbm import LGBMClassifier

        return LGBMClassifier(
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            num_leaves=2 ** min(self.size, 7),
            min_child_weight=self.least_leaf,
            min_child_samples=5,
            subsample=self.rows,
            subsample_freq=1,
            colsample_bytree=self.columns,
            importance_type="gain",
            random_state=self.seed,
            n_jobs=1,
            deterministic=True,
            force_row_wise=True,
            verbose=-1,
        )
