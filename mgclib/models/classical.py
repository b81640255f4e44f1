"""Classical models with scikit-learn's face."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, softmax
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

from mgclib.errors import ParameterError
from mgclib.models.classifier import GenreClassifier
from mgclib.projection import principal_components

__all__ = ["ComponentNeighbours", "FeatureSVM", "PixelSVM"]


class _ImageClassifier(GenreClassifier):
    """A classifier of images that must meet every genre in training."""

    def _learn_classes(self, y: np.ndarray) -> None:
        self.classes_ = np.unique(y)
        if len(self.classes_) != self.n_genres:
            raise ParameterError(f"the training data show {len(self.classes_)} genres, expected {self.n_genres}")


class PixelSVM(_ImageClassifier):
    """Support vector machine with an RBF kernel on the pixels of images.

    The kernel matrix is computed once with matrix products instead of libsvm's loops over half a
    million pixels, which gives the same machine about ten times sooner.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of one image.
    n_genres : int >= 2
        Number of classes that training must show.
    C : float > 0
        Penalty of the soft margin.
    gamma : float > 0
        Kernel width, for pixels scaled to [0, 1]: ``exp(-gamma * squared distance)``.

    Notes
    -----
    `predict_proba` is the softmax of the one-versus-rest decision values: a ranking whose first place
    is the machine's prediction (``break_ties=True``), not a calibrated probability.

    Source: CS464 report, sections 2.6 and 3.5, appendix B. Notebook: ``svm_pixels``.
    """

    def __init__(self, input_shape: tuple[int, ...], n_genres: int, C: float = 100.0, gamma: float = 2.0**-14) -> None:
        self.input_shape = input_shape
        self.n_genres = n_genres
        self.C = C
        self.gamma = gamma

    def _pixels(self, images: np.ndarray) -> np.ndarray:
        self._check_shape(images)
        scale = 255 if images.dtype == np.uint8 else 1
        return images.reshape(len(images), -1).astype(np.float32) / np.float32(scale)

    def fit(self, x: np.ndarray, y: np.ndarray) -> PixelSVM:
        """Fit on images `x` [shape=(n, height, width, channels), uint8 or float in 0 … 1] and labels `y` [(n,)].

        Raises
        ------
        ParameterError
            When a setting is out of range, the images have another shape or a genre is absent.
        """
        for setting in ("C", "gamma"):
            if not getattr(self, setting) > 0:
                raise ParameterError(f"{setting}={getattr(self, setting)!r} must be a positive number")
        self._learn_classes(y)
        pixels = self._pixels(x)
        self.svc_ = SVC(kernel="precomputed", C=self.C, decision_function_shape="ovr", break_ties=self.n_genres > 2)
        self.svc_.fit(rbf_kernel(pixels, gamma=self.gamma), y)
        self.train_images_ = np.array(x)  # as they came: 8 bits a pixel, where float32 would take 32
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        """Return decision values : np.ndarray [shape=(n, n_genres); shape=(n,) for two genres]."""
        check_is_fitted(self)
        return self.svc_.decision_function(
            rbf_kernel(self._pixels(x), self._pixels(self.train_images_), gamma=self.gamma)
        )

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return scores that sum to 1 : np.ndarray [shape=(n, n_genres), 0 … 1] (see Notes of the class)."""
        return _scores(self.decision_function(x))


class FeatureSVM(GenreClassifier):
    """Support vector machine with an RBF kernel on standardised features.

    Parameters
    ----------
    input_shape : tuple of int
        ``(n_features,)``.
    n_genres : int >= 2
    C : float > 0
        Penalty of the soft margin.
    gamma : float > 0
        Kernel width, for features of mean 0 and deviation 1: ``exp(-gamma * squared distance)``.

    Notes
    -----
    `predict_proba` as in `PixelSVM`; a genre without a training clip has score 0.

    Source: techno report, "1st Approach". Notebooks: ``feature_ml``, ``feature_ml_table``.
    """

    def __init__(self, input_shape: tuple[int, ...], n_genres: int, C: float = 10.0, gamma: float = 0.005) -> None:
        self.input_shape = input_shape
        self.n_genres = n_genres
        self.C = C
        self.gamma = gamma

    def fit(self, x: np.ndarray, y: np.ndarray) -> FeatureSVM:
        """Fit on features `x` [shape=(n, n_features)] and labels `y` [(n,), int, 0 … n_genres - 1].

        Raises
        ------
        ParameterError
            When the features are of another number than announced.
        """
        self._check_shape(x)
        self.classes_ = np.arange(self.n_genres)
        svc = SVC(C=self.C, gamma=self.gamma, decision_function_shape="ovr", break_ties=len(np.unique(y)) > 2)
        self.machine_ = make_pipeline(StandardScaler(), svc).fit(x, y)
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return scores that sum to 1 : np.ndarray [shape=(n, n_genres), 0 … 1]."""
        check_is_fitted(self)
        scores = np.zeros((len(x), self.n_genres))
        scores[:, self.machine_.classes_] = _scores(self.machine_.decision_function(x))
        return scores


def _scores(decision: np.ndarray) -> np.ndarray:
    """Return scores that sum to 1 and rank as the one-versus-rest decision values do."""
    if decision.ndim == 1:
        second = expit(decision)
        return np.column_stack([1 - second, second])
    return softmax(decision, axis=1)


class ComponentNeighbours(_ImageClassifier):
    """Nearest neighbours among pictures that are told by their first principal components only.

    The components are those of the training pictures; the pictures to be classified have no part in them.

    Parameters
    ----------
    input_shape : tuple of int
        ``(height, width, channels)`` of one image.
    n_genres : int >= 2
        Number of classes that training must show.
    n_components : int > 0
        How many numbers are left of a picture.
    n_neighbors : int > 0
        How many training pictures vote; a vote weighs the inverse of the distance.

    Notes
    -----
    `predict_proba` is the share of the votes. The report draws its pictures on such components (section 3,
    figure 1) and classifies nothing with them; this machine is ours. Notebook: ``pca``.
    """

    def __init__(
        self, input_shape: tuple[int, ...], n_genres: int, n_components: int = 3, n_neighbors: int = 5
    ) -> None:
        self.input_shape = input_shape
        self.n_genres = n_genres
        self.n_components = n_components
        self.n_neighbors = n_neighbors

    def fit(self, x: np.ndarray, y: np.ndarray) -> ComponentNeighbours:
        """Fit on images `x` [shape=(n, height, width, channels), uint8 or float] and labels `y` [(n,)].

        Raises
        ------
        ParameterError
            When a setting is out of range, the images have another shape or a genre is absent.
        """
        self._check_shape(x)
        if not 1 <= self.n_neighbors <= len(x):
            raise ParameterError(f"n_neighbors={self.n_neighbors!r} must be from 1 to the {len(x)} training pictures")
        self._learn_classes(y)
        self.projection_ = principal_components(x, self.n_components)
        self.neighbours_ = KNeighborsClassifier(self.n_neighbors, weights="distance")
        self.neighbours_.fit(self.projection_.coordinates, y)
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Return the share of the votes for each genre : np.ndarray [shape=(n, n_genres), rows sum to 1]."""
        check_is_fitted(self)
        return self.neighbours_.predict_proba(self.projection_.transform(x))
