"""A linear model on how the cepstra of a clip move together: no network, no sound, a second of training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from mgclib.cepstra import log_covariances
from mgclib.features import crops
from mgclib.models.classifier import GenreClassifier

__all__ = ["CovarianceClassifier"]


class CovarianceClassifier(GenreClassifier):
    """Logistic regression on the log-Euclidean covariances of a picture's cepstra (`mgclib.cepstra`).

    Parameters
    ----------
    input_shape : (height, width, 1)
        Of a grey mel picture of a whole clip.
    n_genres : int >= 2
    C : float > 0
        Inverse of the strength of the ridge, for rows whose mean square is 1.
    n_mfcc, lags
        See `mgclib.cepstra.log_covariances`.
    pieces : int >= 1
        A clip is cut into so many overlapping pieces of `piece_columns`; each is a training example, and the mean of
        their probabilities decides. 1: the clip as it is.
    piece_columns : int >= 1 or None
        Width of a piece; None with one piece.

    Notes
    -----
    Source: ours. Notebook: ``best_recipe``.
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        n_genres: int,
        C: float = 100.0,
        n_mfcc: int = 30,
        lags: Sequence[int] = (1, 2),
        pieces: int = 1,
        piece_columns: int | None = None,
    ) -> None:
        self.input_shape = input_shape
        self.n_genres = n_genres
        self.C = C
        self.n_mfcc = n_mfcc
        self.lags = lags
        self.pieces = pieces
        self.piece_columns = piece_columns

    def _rows(self, x: np.ndarray) -> np.ndarray:
        """Return descriptions : np.ndarray [shape=(n, pieces, n_features)]."""
        self._check_shape(x)
        pieces = crops(x, self.pieces, self.piece_columns or x.shape[2])
        found = log_covariances(pieces.reshape(-1, *pieces.shape[2:]), self.n_mfcc, tuple(self.lags))
        return found.reshape(len(x), self.pieces, -1)

    def fit(self, x: np.ndarray, y: np.ndarray) -> CovarianceClassifier:
        """Fit on pictures `x` [shape=(n, height, width, 1), 0 … 255] and labels `y` [(n,), int, 0 … n_genres - 1]."""
        rows = self._rows(x)
        flat = rows.reshape(-1, rows.shape[2])
        self.classes_ = np.arange(self.n_genres)
        self.centre_ = flat.mean(axis=0)
        self.scale_ = float(np.sqrt(((flat - self.centre_) ** 2).sum(axis=1).mean())) or 1.0
        self.machine_ = LogisticRegression(C=self.C, max_iter=1000)
        self.machine_.fit((flat - self.centre_) / self.scale_, np.repeat(y, self.pieces))
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return probabilities : np.ndarray [shape=(n, n_genres), rows sum to 1]; 0 for a genre without clips."""
        check_is_fitted(self)
        rows = self._rows(x)
        flat = (rows.reshape(-1, rows.shape[2]) - self.centre_) / self.scale_
        found = np.zeros((len(flat), self.n_genres))
        found[:, self.machine_.classes_] = self.machine_.predict_proba(flat)
        return found.reshape(len(x), self.pieces, self.n_genres).mean(axis=1)
