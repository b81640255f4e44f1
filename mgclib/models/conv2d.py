"""Two-dimensional convolutional networks on mel images."""

from __future__ import annotations

import keras
from keras import layers

from mgclib.errors import ParameterError
from mgclib.models.head import genre_model, maximum_and_mean

__all__ = [
    "agh_first_cnn",
    "choi_cnn",
    "column_cnn",
    "cs464_cnn",
    "cs464_keras_cnn",
    "gap_cnn",
    "recipe_cnn",
    "techno_cnn",
]


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
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

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
    return genre_model(inputs, x, n_genres, "techno_cnn")


def cs464_cnn(input_shape: tuple[int, int, int], n_genres: int) -> keras.Model:
    """Build the CS464 report's 2D CNN, the one written in PyTorch.

    Parameters
    ----------
    input_shape : (height, width, channels)
        400 × 400 × 3 in the report; pixels 0 … 255 (scaled to [0, 1] by the first layer).
    n_genres : int >= 2
        10 in the report, 4,432,418 parameters.

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Notes
    -----
    Source: CS464 report, section 2.4 and appendix C.
    """
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(16, 3, activation="relu")(x)
    for _ in range(3):
        x = layers.Conv2D(16, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(120, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    return genre_model(inputs, x, n_genres, "cs464_cnn")


def cs464_keras_cnn(input_shape: tuple[int, int, int], n_genres: int) -> keras.Model:
    """Build the CS464 report's second 2D CNN, the one written in Keras, for which it gives no result.

    Parameters
    ----------
    input_shape : (height, width, channels)
        400 × 1000 × 3 follows from the printed summary; pixels 0 … 255 (scaled to [0, 1] by the first layer).
    n_genres : int >= 2
        10 in the report, 43,273,058 parameters.

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Notes
    -----
    The summary prints neither kernel sizes (5, 5, 3, 3 follow from the parameters) nor dropout rates (taken as in
    the PyTorch model). Source: CS464 report, appendix D.
    """
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(inputs)
    for filters, kernel, drop in ((8, 5, True), (8, 5, True), (16, 3, False), (32, 3, False)):
        x = layers.Conv2D(filters, kernel, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
        if drop:
            x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(1024, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    return genre_model(inputs, x, n_genres, "cs464_keras_cnn")


def gap_cnn(
    input_shape: tuple[int, int, int],
    n_genres: int,
    *,
    filters: tuple[int, ...] = (16, 32, 64, 128),
    dropout: float = 0.3,
    momentum: float = 0.9,
) -> keras.Model:
    """Build a small network whose class activation maps can be read off: it ends in global average pooling.

    Each block is a 3 × 3 convolution, batch normalisation and ReLU; all but the last halve height and width. A
    picture of 64 × 256 leaves the last block as 128 maps of 8 × 32, whose means are all that the genres are told
    from. The output of a block is that of its layer ``maps_<number>``.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Any size from 8 × 8 on; pixels 0 … 255 (scaled to [0, 1] by the first layer).
    n_genres : int >= 2
        10 in the report; 99,162 parameters for one channel, whatever height and width.
    filters : sequence of int > 0
        Maps of each block.
    dropout : float in [0, 1)
        Share of the pooled maps that is dropped in training.
    momentum : float in (0, 1)
        Of batch normalisation. Keras' 0.99 lags behind when an epoch has some twenty steps: what evaluates the
        network would not be what was trained.

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Notes
    -----
    The report does not say which network its maps are of; this one is ours. Source: AGH report, "CAM Visualization";
    Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016. Notebook: ``cam``.
    """
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(inputs)
    for block, maps in enumerate(filters, 1):
        if block > 1:
            x = layers.MaxPooling2D(2)(x)
        x = layers.Conv2D(maps, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=momentum)(x)
        x = layers.ReLU(name=f"maps_{block}")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    return genre_model(inputs, x, n_genres, "gap_cnn")


def choi_cnn(input_shape: tuple[int, int, int], n_genres: int, *, dropout: float = 0.0) -> keras.Model:
    """Build the fully convolutional network of Choi et al., with which the Zewail report begins.

    Five 3×3 convolutions with batch normalisation, ELU and max pooling. What four poolings leave of the picture the
    fifth takes whole, so that each feature covers all of it, as long as the music lasts.

    Parameters
    ----------
    input_shape : (height, width, channels)
        96 × 1366 × 1 in the paper; pixels 0 … 255 (scaled to [0, 1] by the first layer). In a smaller picture a pooling
        takes what there is.
    n_genres : int >= 2
    dropout : float in [0, 1)
        Share of the outputs dropped after each of the last three poolings ("three drop-out layers"); 0: none.

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Notes
    -----
    Source: Zewail report, sections 3.1, 4.1 and 4.2, which give neither filters nor poolings nor the share that is
    dropped. Ours are those of the authors' published code (64, 128, 128, 128, 64) for Choi, Fazekas and Sandler,
    "Automatic tagging using deep convolutional neural networks", ISMIR 2016. Notebook: ``transfer_baseline``.
    """
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(inputs)
    poolings = ((2, 4), (2, 4), (2, 4), (3, 5), None)
    for number, (filters, pooling) in enumerate(zip((64, 128, 128, 128, 64), poolings, strict=True)):
        x = layers.Conv2D(filters, 3, padding="same")(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ELU()(x)
        whole = x.shape[1:3]
        x = layers.MaxPooling2D(tuple(min(pair) for pair in zip(pooling or whole, whole, strict=True)))(x)
        if dropout and number >= 2:
            x = layers.Dropout(dropout)(x)
    return genre_model(inputs, layers.Flatten()(x), n_genres, "choi_cnn")


def agh_first_cnn(input_shape: tuple[int, int, int], n_genres: int, *, momentum: float | None = None) -> keras.Model:
    """Build a plain network for the first model of the AGH slides, which they do not describe.

    Three 3×3 convolutions (16, 32, 64) with poolings of 2 bands by 4 columns, a dense layer of 128. Nothing in it keeps
    it from learning its clips by heart: no dropout, no normalisation.

    Parameters
    ----------
    input_shape : (height, width, channels)
        64 × 1024 × 1 in the report; pixels 0 … 255 (scaled to [0, 1] by the first layer).
    n_genres : int >= 2
        10 in the report.
    momentum : float in [0, 1) or None
        Batch normalisation with this momentum after each convolution; None: none.

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Notes
    -----
    The report has the training log and the test accuracy of its first model and nothing else; the network is ours.
    Source: AGH report, "First Results – huge overfitting". Notebook: ``agh_first_model``.
    """
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(inputs)
    for filters in (16, 32, 64):
        x = layers.Conv2D(filters, 3, padding="same")(x)
        if momentum is not None:
            x = layers.BatchNormalization(momentum=momentum)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D((2, 4), padding="same")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    return genre_model(inputs, x, n_genres, "agh_first_cnn")


def column_cnn(
    input_shape: tuple[int, int, int],
    n_genres: int,
    *,
    filters: tuple[int, int, int] = (128, 128, 256),
    residual: bool = False,
    momentum: float = 0.9,
) -> keras.Model:
    """Build Baseline A (2D) or B of the FMA slides: convolutions over whole columns, then along time.

    The first convolution sees four columns from the lowest to the highest frequency, so that nothing is left of the
    picture's height; the others go along time. Baseline A pools between them; in Baseline B the second and third are a
    residual block. Maximum and mean over time end in dense layers of 300 and 150.

    Parameters
    ----------
    input_shape : (height, width, channels)
        513 × 128 × 1 with the slides' numbers of parameters (the width does not count); pixels 0 … 255 (scaled to
        [0, 1] by the first layer).
    n_genres : int >= 2
        8 in the report.
    filters : three int
        (128, 128, 256) is Baseline A, three times 256 Baseline B.
    residual : bool
        Baseline B: what comes out of the first convolution is added to what comes out of the third.
    momentum : float in [0, 1)
        Of the batch normalisation behind each convolution.

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Raises
    ------
    ParameterError
        When the picture has fewer columns than the convolutions need, there are not three of them, or a residual block
        would add other shapes.

    Notes
    -----
    The slides show both networks in pictures only. 661,058 and 1,252,162 parameters are met exactly by these layers,
    which are the two networks of Zhang, Lei, Xu and Xing, "Improved music genre classification with convolutional
    neural networks", Interspeech 2016, in the slides' references. A convolution of 513 × 4 over 513 rows is one along
    time with the rows as channels, and is written so: the other way TensorFlow 2.21 aborts on a CPU. Source: FMA
    slides, "Architectures (2)", "Backup slides".
    """
    if len(filters) != 3 or (residual and len(set(filters)) > 1):
        raise ParameterError(
            f"filters={filters} must be three numbers, and equal ones where residual adds their outputs"
        )
    height, width, channels = input_shape
    shortest = 4 if residual else 4 + 2 * (3 + 2 * 3) + 3
    if width < shortest:
        raise ParameterError(f"a picture of {width} columns is too narrow for this network: it needs {shortest}")
    inputs = keras.Input(input_shape)
    x = layers.Permute((2, 1, 3))(layers.Rescaling(1 / 255)(inputs))
    x = layers.Reshape((width, height * channels))(x)
    x = layers.Conv1D(filters[0], 4)(x)
    x = columns = layers.ReLU()(layers.BatchNormalization(momentum=momentum)(x))
    for number, maps in enumerate(filters[1:]):
        if not residual:
            x = layers.MaxPooling1D(2)(x)
        x = layers.Conv1D(maps, 4, padding="same" if residual else "valid")(x)
        x = layers.BatchNormalization(momentum=momentum)(x)
        if residual and number == 1:
            x = layers.Add()([x, columns])
        x = layers.ReLU()(x)
    x = maximum_and_mean(x)
    for units in (300, 150):
        x = layers.Dense(units, activation="relu")(x)
    return genre_model(inputs, x, n_genres, "baseline_b" if residual else "baseline_a_2d")


def recipe_cnn(
    input_shape: tuple[int, int, int], n_genres: int, *, base: int = 16, dropout: float = 0.3
) -> keras.Model:
    """Build the network of our own recipe: four stages of small filters, then mean and maximum over time.

    Parameters
    ----------
    input_shape : (height, width, channels)
        Pixels 0 … 255.
    n_genres : int >= 2
    base : int >= 1
        Channels of the first stage; each stage has twice as many as the one before.
    dropout : float in [0, 1)
        Share of the pooled features that is dropped in training.

    Returns
    -------
    keras.Model
        Functional and uncompiled, see `mgclib.models.head.genre_model`.

    Notes
    -----
    Source: ours, after Simonyan and Zisserman, 2015 (VGG), with batch normalisation of a short memory (momentum 0.9),
    because there are few steps in an epoch. Notebook: ``best_recipe``.
    """
    inputs = keras.Input(input_shape)
    x = layers.Rescaling(1 / 64, -2)(inputs)
    for stage, convolutions in enumerate((1, 2, 2, 2)):
        for _ in range(convolutions):
            x = layers.Conv2D(base * 2**stage, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D(2)(x)
    x = layers.AveragePooling2D((x.shape[1], 1))(x)
    x = layers.Reshape(x.shape[2:])(x)
    x = layers.Dropout(dropout)(maximum_and_mean(x))
    return genre_model(inputs, x, n_genres, "recipe_cnn")
