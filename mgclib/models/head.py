"""What every network of the reports ends in."""

from __future__ import annotations

import keras
from keras import layers

__all__ = ["genre_model"]


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
