"""Two-dimensional convolutional networks on mel images."""

from __future__ import annotations

import keras
from keras import layers

__all__ = ["techno_cnn"]


def techno_cnn(input_shape: tuple[int, int, int], n_genres: int, *, dropout: float = 0.5) -> keras.Model:
    """Build the best network of the techno report, layer by layer as printed.

    Parameters
    ----------
    input_shape : (height, width, channels)
        128 × 128 × 1 in the report; pixels 0 … 255 (scaled to [0, 1] by the first layer).
    n_genres : int >= 2
        5 in the report, 8,482,821 parameters; 10 for GTZAN, 8,484,106.
    dropout : float in [0, 1)
        Share of the dense layer's outputs that is dropped in training.

    Returns
    -------
    keras.Model
        Functional and uncompiled; the softmax is computed in float32 under any precision policy.

    Notes
    -----
    Source: techno report, "Best Architecture". Notebook: ``cnn_2d``.
    """
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(n_genres, activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="techno_cnn")
