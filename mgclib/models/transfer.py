"""Networks that were made for photographs, with weights learned there or none, as genre classifiers.

A backbone of `keras.applications` without its top, then global average pooling, dropout and a softmax over the genres,
in one flat functional graph (Grad-CAM needs it). Each backbone is fed pixels 0 … 255 and scales them in its own way
inside the graph. `unfreeze` says which layers learn, `halves` parts the network where features are cached.

Sources: Zewail report, sections 3.3 and 3.4; AGH report, slides "Efficient Net" and "ResNet". Notebooks: ``transfer``,
``agh_networks``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from mgclib.errors import ParameterError, closest
from mgclib.models.head import genre_model

__all__ = ["BACKBONES", "POOLED", "Backbone", "backbone_cnn", "halves", "known", "settle", "unfreeze"]

POOLED = "pooled"
"""Name of the layer where the backbone ends: its output are the features."""

MOMENTUM = 0.9
"""Of batch normalisation where it learns: Keras' own (0.99, in MobileNetV2 0.999) lags behind for hundreds of steps."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Red, green and blue of ImageNet's photographs, from 0 to 1."""

CAFFE_MEAN = (103.939, 116.779, 123.68)
"""Blue, green and red of ImageNet's photographs, from 0 to 255."""


@dataclass(frozen=True)
class Backbone:
    """A network of `keras.applications`.

    Parameters
    ----------
    name : str
        Its name there.
    scale : str
        How it wants its pixels: ``tf`` (-1 … 1), ``caffe`` (blue first, mean taken off), ``torch`` (mean and deviation
        of ImageNet) or ``inside`` (0 … 255; the network scales).
    features : int
        Numbers that it makes of a picture, pooled, in its usual width.
    smallest : int [pixels]
        Height and width must not be less.
    alpha : bool
        Whether it comes in several widths.
    """

    name: str
    scale: str
    features: int
    smallest: int = 32
    alpha: bool = False


BACKBONES: dict[str, Backbone] = {
    one.name: one
    for one in (
        Backbone("EfficientNetB0", "inside", 1280),
        Backbone("InceptionV3", "tf", 2048, smallest=75),
        Backbone("MobileNetV2", "tf", 1280, alpha=True),
        Backbone("ResNet152V2", "tf", 2048),
        Backbone("ResNet50", "caffe", 2048),
        Backbone("DenseNet121", "torch", 1024),
        Backbone("MobileNet", "tf", 1024, alpha=True),
    )
}


def backbone_cnn(
    input_shape: tuple[int, int, int],
    n_genres: int,
    *,
    backbone: str,
    weights: str | os.PathLike[str] | None = None,
    alpha: float | None = None,
    dropout: float = 0.2,
) -> keras.Model:
    """Build a backbone with global average pooling, dropout and a softmax over the genres.

    Parameters
    ----------
    input_shape : (height, width, 1 or 3)
        Pixels 0 … 255; a grey picture is repeated in red, green and blue.
    n_genres : int >= 2
    backbone : str
        A name of `BACKBONES`.
    weights : str, path or None
        ``imagenet``: Keras downloads them, or takes them from its folder; a path: a file of weights without top, as
        ``keras.Model.save_weights`` or Keras' own downloads have it; None: drawn at random.
    alpha : float > 0, optional
        Width of MobileNet and MobileNetV2, default 1.
    dropout : float in [0, 1)
        Share of the features that is dropped in training.

    Returns
    -------
    keras.Model
        Functional, flat and uncompiled; the layer `POOLED` has the features, all layers are trainable.

    Raises
    ------
    ParameterError
        For an unknown backbone, too small a picture, or weights that are not there or do not fit; says which file to
        put where.
    """
    entry = known(backbone, alpha)
    if min(input_shape[:2]) < entry.smallest or input_shape[2] not in (1, 3):
        raise ParameterError(
            f"{backbone} takes pictures of at least {entry.smallest} × {entry.smallest} pixels with 1 or 3 channels, "
            f"not {input_shape[0]} × {input_shape[1]} × {input_shape[2]}"
        )
    application, width = getattr(keras.applications, backbone), {"alpha": alpha or 1.0} if entry.alpha else {}
    inputs = keras.Input(input_shape)
    x = layers.Concatenate()([inputs] * 3) if input_shape[2] == 1 else inputs
    x = _scaled(x, entry.scale, pretrained=weights is not None)
    before = {id(layer) for layer in keras.Model(inputs, x).layers}
    body = application(include_top=False, weights=None, input_tensor=x, **width)
    grown = [layer for layer in body.layers if id(layer) not in before]
    for layer in grown:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = MOMENTUM
    if weights is not None:
        _give_weights(body, _pretrained(application, backbone, weights, (*input_shape[:2], 3), width))
    x = layers.GlobalAveragePooling2D(name=POOLED)(body.output)
    x = layers.Dropout(dropout, name="head_dropout")(x)
    model = genre_model(inputs, x, n_genres, backbone.lower())
    model.backbone_layers, model.pretrained = tuple(layer.name for layer in grown), weights is not None
    return model


def known(backbone: str, alpha: float | None = None) -> Backbone:
    """Return the backbone of that name; raise `ParameterError` for an unknown one, or an `alpha` that it has not."""
    if backbone not in BACKBONES:
        match = closest(backbone, BACKBONES)
        hint = f"; did you mean {match!r}?" if match else ";"
        raise ParameterError(f"unknown backbone {backbone!r}{hint} known are {', '.join(BACKBONES)}")
    if alpha is not None and not BACKBONES[backbone].alpha:
        several = ", ".join(name for name, one in BACKBONES.items() if one.alpha)
        raise ParameterError(f"alpha={alpha!r}: {backbone} has one width only; alpha is for {several}")
    return BACKBONES[backbone]


def _scaled(x: keras.KerasTensor, scale: str, *, pretrained: bool) -> keras.KerasTensor:
    """Scale pixels 0 … 255 as a backbone wants them.

    EfficientNet scales by itself. With its own download of weights Keras adds one layer after that, which divides by
    the root of the deviation (keras-team/keras, tensorflow issue 49930); a network that is built without weights and
    given them later lacks it, so that the same is done here, before.
    """
    if scale == "tf":
        return layers.Rescaling(1 / 127.5, offset=-1.0)(x)
    if scale == "torch":
        return layers.Rescaling(
            [1 / (255 * one) for one in DEVIATION], offset=[-m / d for m, d in zip(MEAN, DEVIATION, strict=True)]
        )(x)
    if scale == "caffe":
        return layers.Rescaling(1.0, offset=[-one for one in CAFFE_MEAN])(x[..., ::-1])
    if pretrained:
        stretch = [one**-0.5 for one in DEVIATION]
        return layers.Rescaling(stretch, offset=[255 * m * (1 - s) for m, s in zip(MEAN, stretch, strict=True)])(x)
    return x


def _pretrained(
    application: Any,
    backbone: str,
    weights: str | os.PathLike[str],
    shape: tuple[int, int, int],
    width: dict[str, float],
) -> keras.Model:
    """Return the backbone with its weights, as `keras.applications` builds it."""
    if str(weights) != "imagenet":
        file = Path(weights).expanduser()
        if not file.is_file():
            raise ParameterError(
                f"weights={str(weights)!r}: there is no such file; give the weights of {backbone} without top "
                "(.weights.h5 or .h5), 'imagenet' for Keras' download, or leave them out for none"
            )
        try:
            reference = application(include_top=False, weights=None, input_shape=shape, **width)
            reference.load_weights(file)
        except (ValueError, OSError, KeyError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ParameterError(
                f"weights={str(weights)!r} do not fit {backbone}{_width(width)} without top ({reason})"
            ) from error
        return reference
    try:
        return application(include_top=False, weights="imagenet", input_shape=shape, **width)
    except Exception as error:  # what keras.utils.get_file raises without a network is a bare Exception
        address = next((word for word in str(error).split() if word.endswith((".h5", ".h5:"))), "").rstrip(":")
        folder = Path(os.environ.get("KERAS_HOME", "~/.keras"), "models")
        name = address.rpartition("/")[2] or f"the file of {backbone} without top"
        raise ParameterError(
            f"weights='imagenet': {backbone}{_width(width)} could not be had ({_first_line(error)}); with a network "
            f"Keras downloads it; without one put {name} into {folder}, or name a file with -p weights=FILE"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _width(width: dict[str, float]) -> str:
    return f" (alpha {width['alpha']:g})" if width else ""


def _give_weights(body: keras.Model, reference: keras.Model) -> None:
    body.set_weights(reference.get_weights())
    for layer in body.layers:
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()  # else it goes on with the values it was built with


def _backbone(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of the backbone, first to last."""
    names = getattr(model, "backbone_layers", None)
    if names is None:
        raise ParameterError(f"{model.name} has no backbone: only networks of mgclib.models.transfer can be frozen")
    return [model.get_layer(name) for name in names]


def unfreeze(model: keras.Model, count: int | None = None) -> keras.Model:
    """Say which layers of a backbone learn; head layers always do.

    Parameters
    ----------
    model : keras.Model
        From `backbone_cnn`; changed in place. Compile it afterwards.
    count : int >= 0 or None
        So many layers, counted from the end as Keras lists them (those without weights count, too); 0: none; None: all.

    Returns
    -------
    keras.Model
        The same.

    Raises
    ------
    ParameterError
        For a network without a backbone, or a negative count.

    Notes
    -----
    A frozen batch normalisation also keeps its mean and variance (Keras runs it in inference mode). That of
    pre-trained weights stays frozen whatever `count`: small batches of other pictures would spoil its statistics.
    Zewail report, sections 4.5 and 4.6, which do not say which hundred layers were meant; ours are the last.
    """
    body = _backbone(model)
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
        raise ParameterError(f"unfreeze={count!r} must be a number of layers from 0 on, or None for all")
    first = 0 if count is None else max(0, len(body) - count)
    for number, layer in enumerate(body):
        kept = model.pretrained and isinstance(layer, layers.BatchNormalization)
        layer.trainable = number >= first and not kept
    return model


def settle(model: keras.Model, pictures: int = 16) -> keras.Model:
    """Let the batch normalisation of random weights see something, so that the backbone can be used as it is.

    A fresh batch normalisation takes every mean for 0 and every variance for 1. In a random network both shrink from
    layer to layer, and in inference mode nothing arrives at its end. One look at pictures of noise sets both.

    Parameters
    ----------
    model : keras.Model
        From `backbone_cnn` without weights; changed in place.
    pictures : int >= 2
        Of noise, always the same.

    Returns
    -------
    keras.Model
        The same.
    """
    normal = [layer for layer in _backbone(model) if isinstance(layer, layers.BatchNormalization)]
    noise = np.random.default_rng(0).integers(0, 256, (pictures, *model.input_shape[1:])).astype(np.float32)
    before = [layer.trainable for layer in normal]
    for layer in normal:
        layer.momentum, layer.trainable = 0.0, True  # a frozen one would learn nothing
    model(noise, training=True)
    for layer, trainable in zip(normal, before, strict=True):
        layer.momentum, layer.trainable = MOMENTUM, trainable
    return model


def halves(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Part a network where its features are: backbone (pictures to features) and head (features to genres).

    Both share their layers with `model`: what the head learns, the whole network knows.

    Returns
    -------
    backbone, head : keras.Model
    """
    pooled = model.get_layer(POOLED)
    features = keras.Input(pooled.output.shape[1:], dtype="float32")
    x = features
    for layer in model.layers[model.layers.index(pooled) + 1 :]:
        x = layer(x)
    return keras.Model(model.input, pooled.output), keras.Model(features, x)
