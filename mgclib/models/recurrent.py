"""Recurrent networks on the columns of mel images."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from mgclib.errors import ParameterError
from mgclib.models.head import genre_model

__all__ = ["STEPS", "lstm"]

STEPS = ("columns", "rows", "shuffled columns")
"""What one step of the sequence can be."""


def lstm(
    input_shape: tuple[int, int, int],
    n_genres: int,
    *,
    steps: str = "columns",
    hidden: int = 400,
    depth: int = 2,
    every_step: bool = False,
) -> keras.Model:
    """Build the CS464 report's LSTM: the picture is read column by column, the last state names the genre.

    Parameters
    ----------
    input_shape : (height, width, channels)
        400 × 400 × 3 in the report: 400 steps of 1200 values; pixels 0 … 255 (scaled to [0, 1] by the first layer).
    n_genres : int >= 2
        10 in the report.
    steps : {"columns", "rows", "shuffled columns"}
        What one step is: a moment (report) or a band of pitch; the report "could not find a huge difference".
        Shuffled columns are the same moments in one scrambled order, the same for every picture (ours, an exercise).
    hidden, depth : int >= 1
        Size of a layer's state and number of layers: 400 and 2 in the report.
    every_step : bool
        Name the genre after each step instead of after the last: output (batch, steps, n_genres). The weights are
        those of the trained network; the chapter uses it to watch the state (ours).

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Raises
    ------
    ParameterError
        For unknown `steps`, or a size below 1.

    Notes
    -----
    3,847,210 parameters. PyTorch's LSTM has a second bias per gate that adds to the first: 3,850,410 for the same
    network, the number derived for the report. Source: CS464 report, section 2.5. Notebook: ``lstm``.
    """
    if steps not in STEPS:
        raise ParameterError(f"steps={steps!r} must be one of {', '.join(map(repr, STEPS))}")
    for name, value in {"hidden": hidden, "depth": depth}.items():
        if not isinstance(value, int) or value < 1:
            raise ParameterError(f"{name}={value!r} must be a positive integer")
    height, width, channels = input_shape
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(inputs)
    if steps != "rows":
        x = layers.Permute((2, 1, 3))(x)
        height, width = width, height
    x = layers.Reshape((height, width * channels))(x)
    if steps == "shuffled columns":
        x = keras.ops.take(x, np.random.default_rng(0).permutation(height), axis=1)
    for layer in range(depth):
        x = layers.LSTM(hidden, return_sequences=every_step or layer < depth - 1)(x)
    return genre_model(inputs, x, n_genres, "lstm")
