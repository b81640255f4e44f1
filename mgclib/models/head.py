"""What every network of the reports ends in."""

from __future__ import annotations

import keras
from keras import layers

__all__ = ["genre_model", "maximum_and_mean", "softmax_head"]


def genre_model(inputs: keras.KerasTensor, features: keras.KerasTensor, n_genres: int, name: str) -> keras.Model:
    """Close a network with one softmax over the genres, computed in float32 under any precision policy.

    Parameters
    ----------
    inputs : KerasTensor
        The network's input.
    features : KerasTensor [shape=(batch, n)]
        What the genres are told from.
    n_genres : int >= 2
        Number of classes.
    name : str
        Name of the model.

    Returns
    -------
    keras.Model
        Functional and uncompiled.
    """
    outputs = layers.Dense(n_genres, activation="softmax", dtype="float32")(features)
    return keras.Model(inputs, outputs, name=name)


def maximum_and_mean(x: keras.KerasTensor) -> keras.KerasTensor:
    """Return the maximum and the mean over time of each channel, side by side (the baselines of the FMA slides).

    Parameters
    ----------
    x : KerasTensor [shape=(batch, steps, n)]

    Returns
    -------
    KerasTensor [shape=(batch, 2 n)]
    """
    return layers.Concatenate()([layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)])


def softmax_head(input_shape: tuple[int], n_genres: int, *, dropout: float = 0.2) -> keras.Model:
    """Build a softmax over features that are already there: the classifier on a frozen backbone.

    Parameters
    ----------
    input_shape : (n_features,)
    n_genres : int >= 2
    dropout : float in [0, 1)
        Share of the features that is dropped in training.

    Returns
    -------
    keras.Model
        Functional and uncompiled.

    Notes
    -----
    Source: Zewail report, section 3.3 ("a classifier like SVM or Softmax"). Notebook: ``transfer``.
    """
    inputs = keras.Input(input_shape)
    return genre_model(inputs, layers.Dropout(dropout)(inputs), n_genres, "softmax_head")
