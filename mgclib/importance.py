"""What a model listens to: the gain of its splits, and what is lost when features no longer belong to their clip.

Notebooks: ``feature_ml``, ``feature_ml_table``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mgclib.errors import ParameterError

__all__ = ["family_of", "gains", "permutation"]

ENDINGS = re.compile(r"_(mean|std|var)$")
ROWS = re.compile(r"(_?\d+|_[A-G]#?|_(fifth|minor_third|major_third)_[xy])$")


def family_of(name: str) -> str:
    """Return what a column of the summary features (or of GTZAN's table) is a row of.

    Examples
    --------
    >>> family_of("mfcc12_mean"), family_of("chroma_cqt_F#_std"), family_of("rolloff_var"), family_of("tempo")
    ('mfcc', 'chroma_cqt', 'rolloff', 'tempo')
    """
    return ROWS.sub("", ENDINGS.sub("", name))


def gains(model: Any, names: Sequence[str]) -> pd.Series:
    """Return the share of each feature in what the splits of boosted trees gain on the training clips.

    Parameters
    ----------
    model : XGBoost or LightGBM
        Fitted.
    names : sequence of str [length n_features]

    Returns
    -------
    pd.Series [0 … 1, sums to 1]
        Index feature, greatest first.

    Raises
    ------
    ParameterError
        When the model has no trees, or another number of features.
    """
    shares = getattr(model, "gains_", None)
    if shares is None:
        raise ParameterError(f"{type(model).__name__} has no gain; give a fitted XGBoost or LightGBM")
    if len(shares) != len(names):
        raise ParameterError(f"{len(names)} names for the {len(shares)} features of the model")
    return pd.Series(shares, index=pd.Index(names, name="feature"), name="gain").sort_values(ascending=False)


def permutation(
    model: Any, x: np.ndarray, y: np.ndarray, names: Sequence[str], *, repeats: int = 10, seed: int = 0
) -> pd.DataFrame:
    """Return how many clips a model loses when a family of features is dealt out anew among the clips.

    All columns of a family go together: the loudness of one clip is told with that of another. One by one,
    features that say nearly the same stand in for each other, and none seems to matter.

    Parameters
    ----------
    model : classifier
        Fitted, with ``predict_proba``.
    x : np.ndarray [shape=(n_clips, n_features)]
        Clips that the model was not fitted on.
    y : np.ndarray [shape=(n_clips,), int]
        Their genres.
    names : sequence of str [length n_features]
        Their families are `family_of`.
    repeats : int >= 1
        How often each family is dealt.
    seed : int

    Returns
    -------
    pd.DataFrame
        Index family, columns ``features`` (how many), ``drop`` (mean loss of accuracy, 0 … 1; below 0 by chance),
        ``deviation`` (over the repeats); greatest drop first.

    Raises
    ------
    ParameterError
        For names that do not fit the columns.
    """
    if x.shape[1] != len(names) or len(x) != len(y):
        raise ParameterError(f"{x.shape} features, {len(names)} names and {len(y)} genres do not fit together")
    rng = np.random.default_rng(seed)
    before = (model.predict_proba(x).argmax(axis=1) == y).mean()
    rows = {}
    for family, columns in pd.Series(np.arange(len(names))).groupby([family_of(name) for name in names]):
        drops = []
        for _ in range(repeats):
            dealt = x.copy()
            dealt[:, columns] = x[rng.permutation(len(x))][:, columns]
            drops.append(before - (model.predict_proba(dealt).argmax(axis=1) == y).mean())
        rows[family] = {"features": len(columns), "drop": np.mean(drops), "deviation": np.std(drops)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("family").sort_values("drop", ascending=False)
