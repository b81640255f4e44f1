"""Recurrent networks on the columns of mel images."""

from __future__ import annotations

import keras
from keras import layers

from mgclib.models.head import genre_model

__all__ = ["lstm"]


def lstm(
    input_shape: tuple[int, int, int], n_genres: int, *, steps: str = "columns", hidden: int = 400, depth: int = 2
) -> keras.Model:
    """Build the CS464 report's LSTM: the picture is read column by column, the last state names the genre.

    Parameters
    ----------
    input_shape : (height, width, channels)
        400 × 400 × 3 in the report: 400 steps of 1200 values; pixels 0 … 255 (scaled to [0, 1] by the first layer).
    n_genres : int >= 2
        10 in the report.
    steps : {"columns", "rows"}
        What one step is: a moment (report) or a band of pitch; the report "could not find a huge difference".
    hidden, depth : int >= 1
        Size of a layer's state and number of layers: 400 and 2 in the report.

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Notes
    -----
    3,847,210 parameters. PyTorch's LSTM has a second bias per gate that adds to the first: 3,850,410 for the same
    network, the number derived for the report. Source: CS464 report, section 2.5.
    """
    height, width, channels = input_shape
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(inputs)
    if steps == "columns":
        x = layers.Permute((2, 1, 3))(x)
        height, width = width, height
    x = layers.Reshape((height, width * channels))(x)
    for layer in range(depth):
        x = layers.LSTM(hidden, return_sequences=layer < depth - 1)(x)
    return genre_model(inputs, x, n_genres, "lstm")
