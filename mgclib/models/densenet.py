"""DenseNet: every layer of a block reads what all layers before it in the block have found."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from mgclib.errors import ParameterError
from mgclib.models.head import genre_model

__all__ = ["DENSENET121", "densenet", "densenet_features"]

DENSENET121 = (6, 12, 24, 16)
"""Layers in each of the four blocks of DenseNet121."""


def densenet(
    input_shape: tuple[int, int, int],
    n_genres: int,
    *,
    blocks: Sequence[int] = DENSENET121,
    momentum: float = 0.9,
) -> keras.Model:
    """Build the FMA slides' DenseNet: DenseNet121 whose first convolution takes one channel, and one linear layer.

    Parameters
    ----------
    input_shape : (height, width, 1)
        At least 32 × 32; pixels 0 … 255 (scaled to [0, 1] by the first layer).
    n_genres : int >= 2
        8 in the report.
    blocks : sequence of four int >= 1
        Layers in each block; fewer for a quick look.
    momentum : float in [0, 1)
        Of every batch normalisation.

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Raises
    ------
    ParameterError
        For a smaller picture, more channels, or not four blocks.

    Notes
    -----
    6,955,784 weights that learn, as printed; the layers are those of ``keras.applications.DenseNet121``, which takes no
    other blocks. Whether the authors began with ImageNet weights is not said; with one
    channel and exactly these counts, ours are drawn at random. Source: FMA slides, "Architectures (3) - DenseNet".
    """
    inputs = keras.Input(input_shape)
    return genre_model(inputs, densenet_features(inputs, blocks=blocks, momentum=momentum), n_genres, "densenet")


def densenet_features(
    inputs: keras.KerasTensor, *, blocks: Sequence[int] = DENSENET121, momentum: float = 0.9
) -> keras.KerasTensor:
    """Return what `densenet` makes of a picture, without its linear layer.

    Parameters
    ----------
    inputs : KerasTensor [shape=(batch, height, width, 1)]
        Pixels 0 … 255.
    blocks, momentum
        See `densenet`.

    Returns
    -------
    KerasTensor [shape=(batch, 1024 for DenseNet121)]
        The mean over the last maps.

    Raises
    ------
    ParameterError
        For a picture of less than 32 × 32 pixels, more channels than one, or not four blocks.
    """
    shape = inputs.shape[1:]
    if min(shape[:2]) < 32 or shape[2] != 1:
        found = " × ".join(map(str, shape))
        raise ParameterError(f"this DenseNet takes pictures of at least 32 × 32 pixels with 1 channel, not {found}")
    if len(blocks) != 4 or not all(isinstance(size, int) and size >= 1 for size in blocks):
        raise ParameterError(f"blocks={blocks!r} must be four positive integers, e.g. {DENSENET121}")

    def normed(x: keras.KerasTensor) -> keras.KerasTensor:
        return layers.ReLU()(layers.BatchNormalization(momentum=momentum, epsilon=1.001e-5)(x))

    x = layers.ZeroPadding2D(3)(layers.Rescaling(1 / 255)(inputs))
    x = normed(layers.Conv2D(64, 7, strides=2, use_bias=False)(x))
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    for number, size in enumerate(blocks):
        if number:
            x = layers.Conv2D(x.shape[3] // 2, 1, use_bias=False)(normed(x))
            x = layers.AveragePooling2D(2)(x)
        for _ in range(size):
            new = layers.Conv2D(128, 1, use_bias=False)(normed(x))
            new = layers.Conv2D(32, 3, padding="same", use_bias=False)(normed(new))
            x = layers.Concatenate()([x, new])
    return layers.GlobalAveragePooling2D()(normed(x))
