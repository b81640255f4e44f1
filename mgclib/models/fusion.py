"""Networks that hear and see a clip: two inputs, one answer."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from mgclib.models.conv1d import waveform_features
from mgclib.models.densenet import DENSENET121, densenet_features
from mgclib.models.head import genre_model

__all__ = ["fusion_net"]

NAMES = ("waveform", "picture")
"""Of the inputs, in the order of their shapes."""


def fusion_net(
    input_shape: tuple[tuple[int, int], tuple[int, int, int]],
    n_genres: int,
    *,
    blocks: Sequence[int] = DENSENET121,
    momentum: float = 0.9,
) -> keras.Model:
    """Build the FMA slides' FusionNet: Baseline A (1D) beside DenseNet, joined in front of one linear layer.

    Parameters
    ----------
    input_shape : ((n_samples, 1), (height, width, 1))
        The waveform, samples in -1 … 1, and the picture, pixels 0 … 255.
    n_genres : int >= 2
        8 in the report.
    blocks : sequence of four int >= 1
        Layers in each block of the DenseNet; fewer for a quick look.
    momentum : float in [0, 1)
        Of every batch normalisation.

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`; inputs ``waveform`` and ``picture``.

    Raises
    ------
    ParameterError
        When the waveform or the picture is too small.

    Notes
    -----
    "Late fusion technique, concatenating the output of the Baseline A architecture for 1D data together with the one of
    the DenseNet": twice 1,024 numbers, which the linear layer reads. The report counts 7,542,552 weights that learn,
    ours has 7,459,496, 1.1 % fewer (`mgclib.models.derivation`). Source: FMA slides, "Architectures (4) - FusionNet".
    Notebook: ``fusion``.
    """
    waveform, picture = (keras.Input(shape, name=name) for shape, name in zip(input_shape, NAMES, strict=True))
    both = [
        waveform_features(waveform, momentum=momentum),
        densenet_features(picture, blocks=blocks, momentum=momentum),
    ]
    return genre_model([waveform, picture], layers.Concatenate()(both), n_genres, "fusion_net")
