"""One-dimensional convolutional networks, on waveforms and on the rows of mel images."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from mgclib.errors import ParameterError
from mgclib.models.head import genre_model, maximum_and_mean

__all__ = ["check_length", "mel_cnn", "pooled_waveform_cnn", "waveform_cnn", "waveform_features"]

POOLED = ((32, 32, 4, 4), (64, 16, 1, 4), (128, 8, 1, 4), (256, 4, 1, 4), (512, 2, 1, 1))
"""Filters, kernel, stride and pool of each convolution of Baseline A (1D)."""

POOLED_DENSE = 150
"""Units of its dense layer."""


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
    if not pooling:
        plan = tuple((filters, kernel, stride * pool, 1) for filters, kernel, stride, pool in plan)
    check_length(input_shape[0], plan)
    inputs = keras.Input(input_shape)
    x = inputs
    for filters, kernel, stride, pool in plan:
        x = layers.Conv1D(filters, kernel, strides=stride, activation="relu")(x)
        if pool > 1:
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


def pooled_waveform_cnn(input_shape: tuple[int, int], n_genres: int, *, momentum: float = 0.9) -> keras.Model:
    """Build our guess at Baseline A (1D) of the FMA slides: five convolutions over the waveform, pooled over all time.

    Parameters
    ----------
    input_shape : (n_samples, 1)
        480,000 samples (30 s at 16 kHz) in the report, where the length does not count; samples in -1 … 1.
    n_genres : int >= 2
        8 in the report.
    momentum : float in [0, 1)
        Of the batch normalisation behind each convolution.

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
    The slides show the network in a picture only. Theirs has 645,080 weights that learn, ours 650,478, 0.8 % more:
    the nearest with kernels that halve and widths that double (`mgclib.models.derivation`). Strides and poolings do not
    show in a count and are ours. Source: FMA slides, "Architectures (2)", "Backup slides". Notebook: ``cnn_1d_fma``.
    """
    inputs = keras.Input(input_shape)
    x = layers.Dense(POOLED_DENSE, activation="relu")(waveform_features(inputs, momentum=momentum))
    return genre_model(inputs, x, n_genres, "baseline_a_1d")


def waveform_features(inputs: keras.KerasTensor, *, momentum: float = 0.9) -> keras.KerasTensor:
    """Return what Baseline A (1D) makes of a waveform, without its dense layers.

    Parameters
    ----------
    inputs : KerasTensor [shape=(batch, n_samples, 1)]
    momentum : float in [0, 1)

    Returns
    -------
    KerasTensor [shape=(batch, 1024)]
        Maximum and mean over time of the last convolution.

    Raises
    ------
    ParameterError
        When the waveform is too short.
    """
    check_length(inputs.shape[1], POOLED)
    x = inputs
    for filters, kernel, stride, pool in POOLED:
        x = layers.Conv1D(filters, kernel, strides=stride)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=momentum)(x))
        if pool > 1:
            x = layers.MaxPooling1D(pool)(x)
    return maximum_and_mean(x)


def check_length(n_samples: int, plan: Sequence[tuple[int, int, int, int]]) -> None:
    """Refuse a waveform that is too short for convolutions with poolings.

    Parameters
    ----------
    n_samples : int
    plan : sequence of (filters, kernel, stride, pool)
        Each convolution, without padding, with the pooling behind it.

    Raises
    ------
    ParameterError
        When it is shorter than what one number behind the last pooling hears; names that length.
    """
    shortest = 1
    for _, kernel, stride, pool in reversed(plan):
        shortest = (shortest * pool - 1) * stride + kernel
    if n_samples < shortest:
        raise ParameterError(
            f"a waveform of {n_samples} samples is too short for this network: it needs {shortest}; "
            "take longer clips (clip_seconds) or a higher sample_rate"
        )
