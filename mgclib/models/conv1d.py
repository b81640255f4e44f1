"""One-dimensional convolutional networks, on waveforms and on the rows of mel images."""

from __future__ import annotations

import keras
from keras import layers

from mgclib.errors import ParameterError
from mgclib.models.head import genre_model

__all__ = ["mel_cnn", "waveform_cnn"]


def waveform_cnn(input_shape: tuple[int, int], n_genres: int, *, pooling: bool = True) -> keras.Model:
    """Build the CS464 report's 1D CNN on the raw waveform, as printed.

    Parameters
    ----------
    input_shape : (n_samples, 1)
        551,250 samples (25 s at 22050 Hz) in the report, which gives the printed 119,936 numbers behind the
        last convolution; samples in -1 … 1.
    n_genres : int >= 2
        10 in the report, 16,215,082 parameters.
    pooling : bool
        False: strides of the same length take the place of the pools (exercise of the notebook).

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Raises
    ------
    ParameterError
        When the clip is shorter than what one number behind the last convolution hears.

    Notes
    -----
    The report names a softmax and the negative log likelihood; read together they are the cross entropy.
    Source: CS464 report, section 2.2. Notebooks: ``cnn_waveform``, ``cnn_waveform_watched``.
    """
    plan = ((8, 27, 2, 4), (16, 52, 1, 8), (48, 97, 2, 4), (128, 127, 1, 1))
    shortest = 1
    for _, kernel, stride, pool in reversed(plan):
        shortest = ((shortest - 1) * pool + (pool if pooling else 1) - 1) * stride + kernel
    if input_shape[0] < shortest:
        raise ParameterError(
            f"a waveform of {input_shape[0]} samples is too short for this network: it needs {shortest}; "
            "take longer clips (clip_seconds) or a higher sample_rate"
        )
    inputs = keras.Input(input_shape)
    x = inputs
    for filters, kernel, stride, pool in plan:
        x = layers.Conv1D(filters, kernel, strides=stride if pooling else stride * pool, activation="relu")(x)
        if pooling and pool > 1:
            x = layers.MaxPooling1D(pool)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    return genre_model(inputs, x, n_genres, "waveform_cnn")


def mel_cnn(input_shape: tuple[int, int, int], n_genres: int, *, pooling: bool = True) -> keras.Model:
    """Build the CS464 report's 1D CNN on mel images; its first layer is derived, not printed.

    The picture is read row by row as one sequence of pixels with a channel per colour. The text leaves out
    layer 1; ``Conv1d(3, 8, 64, stride 2)`` and ``AvgPool1d(4)`` give exactly the printed 39,680 numbers in front
    of the first dense layer.

    Parameters
    ----------
    input_shape : (height, width, channels)
        400 × 400 × 3 in the report; pixels 0 … 255 (scaled to [0, 1] by the first layer).
    n_genres : int >= 2
        10 in the report; 3,991,214 parameters, of which 3,989,670 stand in the printed layers.
    pooling : bool
        False: strides of the same length take the place of the pools (exercise of the notebook).

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Notes
    -----
    Source: CS464 report, section 2.3. Notebook: ``cnn_1d``.
    """
    height, width, channels = input_shape
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Reshape((height * width, channels))(x)
    plan = ((8, 64, 2, layers.AveragePooling1D), (16, 32, 2, layers.AveragePooling1D), (64, 16, 1, layers.MaxPooling1D))
    for filters, kernel, stride, pool in plan:
        x = layers.Conv1D(filters, kernel, strides=stride if pooling else 4 * stride)(x)
        if pooling:
            x = pool(4)(x)
        x = layers.Activation("relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(100, activation="relu")(x)
    return genre_model(inputs, x, n_genres, "mel_cnn")
