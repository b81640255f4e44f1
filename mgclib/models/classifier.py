"""What the classical models share: inputs of one shape, labels 0 … n_genres - 1, and the likeliest genre."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from mgclib.errors import ParameterError

__all__ = ["GenreClassifier"]


class GenreClassifier(ClassifierMixin, BaseEstimator):
    """A classifier for inputs of one shape (``input_shape``) and a fixed number of genres (``n_genres``).

    Subclasses set ``classes_`` in ``fit`` and have ``predict_proba``.
    """

    input_shape: tuple[int, ...]
    n_genres: int

    def _check_shape(self, x: np.ndarray) -> None:
        if x.shape[1:] != tuple(self.input_shape):
            raise ParameterError(f"inputs of shape {x.shape[1:]} do not fit a machine for {tuple(self.input_shape)}")

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the predicted labels : np.ndarray [shape=(n,)]."""
        return self.classes_[self.predict_proba(x).argmax(axis=1)]
