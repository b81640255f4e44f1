"""The maps themselves, computed in float32 under any backend of Keras; see `mgclib.cam`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from mgclib.cam.graph import functional, in_float32, last_map, mapped_layer, scoring_layer
from mgclib.errors import ParameterError
from mgclib.models.backend import import_keras

__all__ = ["ClassMaps", "activation_maps", "contributions", "grad_cam", "gradient", "relative", "upsampled"]

BATCH = 32
"""Pictures per step: a gradient keeps the feature maps of a whole step."""


@dataclass(frozen=True)
class ClassMaps:
    """Maps of a batch of pictures, at the size of the layer they are read from.

    Parameters
    ----------
    raw : np.ndarray [shape=(n, rows, columns), float32]
        The maps themselves: positive speaks for the genre, negative against it.
    classes : np.ndarray [shape=(n,), int]
        The genre that each map is about.
    scores : np.ndarray [shape=(n, n_genres), float32]
        What the network says before the softmax.
    layer : str
        Name of the layer.
    """

    raw: np.ndarray
    classes: np.ndarray
    scores: np.ndarray
    layer: str

    @property
    def relative(self) -> np.ndarray:
        """Maps in shares of each one's own maximum, see `relative`."""
        return relative(self.raw)

    @property
    def scale(self) -> np.ndarray:
        """What the share 1 stands for : np.ndarray [shape=(n,)], the maximum of each raw map, at least 0."""
        return self.raw.max(axis=(1, 2)).clip(0)


def relative(values: np.ndarray) -> np.ndarray:
    """Return maps in shares of their own maximum : np.ndarray [shape of `values`, 0 … 1].

    0 is "nothing here speaks for the genre" (or speaks against it), 1 the place that speaks for it most. A map
    without a positive place is 0 everywhere.

    Parameters
    ----------
    values : np.ndarray [shape=(..., rows, columns)]
    """
    positive = np.clip(np.asarray(values, np.float32), 0, None)
    top = positive.max(axis=(-2, -1), keepdims=True)
    return np.divide(positive, top, out=np.zeros_like(positive), where=top > 0)


def upsampled(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return maps at the size of the picture (bilinear): np.ndarray [shape=(n, height, width), float32].

    It adds no detail: what the map says about a place it says about the whole cell that the place lies in.

    Parameters
    ----------
    values : np.ndarray [shape=(n, rows, columns)]
    height, width : int > 0
    """
    size = (width, height)
    pictures = [Image.fromarray(np.ascontiguousarray(one, np.float32)) for one in values]
    return np.stack([np.asarray(one.resize(size, Image.Resampling.BILINEAR)) for one in pictures])


def activation_maps(model: Any, pictures: np.ndarray, classes: Sequence[int] | None = None) -> ClassMaps:
    """Return the class activation maps of Zhou et al.: ``map = sum_k w[k, class] * A[k]``.

    The mean of a map plus the genre's bias *is* the genre's score: the map is the score, spread over the picture.

    Parameters
    ----------
    model : keras.Model
        Functional; ends in global average pooling and one dense layer, with dropout between them or none.
    pictures : np.ndarray [shape=(n, height, width, channels)]
        As the network was trained on.
    classes : sequence of n int, or None
        The genre that each map is to explain; None: the one that the network names.

    Returns
    -------
    ClassMaps

    Raises
    ------
    ParameterError
        For a network of another kind (take `grad_cam`), or pictures and classes that do not fit.
    """
    maps, kernel, bias, layer = _pooled_maps(model, pictures)
    scores = maps.mean(axis=(1, 2)) @ kernel + bias
    classes = _classes(classes, scores)
    return ClassMaps(np.einsum("nrck,kn->nrc", maps, kernel[:, classes]), classes, scores, layer)


def contributions(model: Any, picture: np.ndarray, genre: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return what a class activation map is made of, for one picture.

    Parameters
    ----------
    model : keras.Model
        As for `activation_maps`.
    picture : np.ndarray [shape=(height, width, channels)]
    genre : int
        The genre that is explained.

    Returns
    -------
    maps : np.ndarray [shape=(k, rows, columns)]
        The last feature maps.
    weights : np.ndarray [shape=(k,)]
        The genre's weight of each: ``sum(weights * maps)`` is its map, and the mean of that plus `bias` its score.
    bias : float
    """
    maps, kernel, bias, _ = _pooled_maps(model, np.asarray(picture)[None])
    genre = int(_classes([genre], bias[None])[0])
    return maps[0].transpose(2, 0, 1), kernel[:, genre], float(bias[genre])


def grad_cam(
    model: Any,
    pictures: np.ndarray,
    classes: Sequence[int] | None = None,
    *,
    layer: str | None = None,
    relu: bool = True,
) -> ClassMaps:
    """Return the maps of Grad-CAM: ``relu(sum_k mean(d score / d A[k]) * A[k])``.

    For a network with global average pooling and a dense layer the mean gradient is the weight of the dense layer over
    the number of places, so that without the ReLU this is the map of `activation_maps` divided by rows × columns.

    Parameters
    ----------
    model : keras.Model
        A flat functional network with a two-dimensional convolution, ending in a dense layer.
    pictures, classes
        See `activation_maps`.
    layer : str or None
        Name of the layer whose output is looked at; None: `last_map`. Everything after it must go through it.
    relu : bool
        Drop what speaks against the genre, as the paper does.

    Returns
    -------
    ClassMaps

    Raises
    ------
    ParameterError
        For a network without such a layer, or a layer that a shortcut goes around.
    """
    model = in_float32(functional(model))
    ops, keras = import_keras().ops, import_keras()
    seen = mapped_layer(model, layer) if layer else last_map(model)
    dense = scoring_layer(model)
    seer = keras.Model(model.inputs[0], seen.output)
    try:
        head = keras.Model(seen.output, dense.input)
    except ValueError as error:
        raise ParameterError(
            f"layer {seen.name!r} of {model.name}: a shortcut goes around it, so its maps are not all that the score "
            f"is made of; take a layer where the paths have joined, e.g. {last_map(model).name!r}"
        ) from error
    kernel, bias = (ops.convert_to_numpy(one) for one in (dense.kernel, dense.bias))

    def score(maps: Any, wanted: np.ndarray) -> Any:
        scores = ops.matmul(head(maps, training=False), dense.kernel)
        return ops.sum(scores * ops.convert_to_tensor(wanted))

    values, scores = [], []
    pictures = _fitting(model, pictures)
    chosen = None if classes is None else _classes(classes, np.zeros((len(pictures), len(bias))))
    for start in range(0, len(pictures), BATCH):
        maps = ops.convert_to_numpy(seer(pictures[start : start + BATCH], training=False))
        said = ops.convert_to_numpy(head(maps, training=False)) @ kernel + bias
        own = said.argmax(axis=1) if chosen is None else chosen[start : start + BATCH]
        slopes = gradient(functools.partial(score, wanted=np.eye(len(bias), dtype=np.float32)[own]), maps)
        values.append(np.einsum("nrck,nk->nrc", maps, slopes.mean(axis=(1, 2))))
        scores.append(said)
    values, scores = np.concatenate(values), np.concatenate(scores)
    return ClassMaps(values.clip(0) if relu else values, _classes(classes, scores), scores, seen.name)


def gradient(function: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Return the gradient of a scalar function at `x` : np.ndarray [shape of `x`, float32], under any backend.

    Parameters
    ----------
    function : callable
        Takes a tensor of the backend, returns one number; made of Keras layers and `keras.ops`.
    x : np.ndarray [float32]
    """
    keras = import_keras()
    return np.asarray(_GRADIENTS[keras.backend.backend()](function, keras.ops.convert_to_tensor(x, "float32")))


def _tensorflow(function: Callable[[Any], Any], x: Any) -> np.ndarray:
    import tensorflow

    with tensorflow.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return tape.gradient(value, x).numpy()


def _torch(function: Callable[[Any], Any], x: Any) -> np.ndarray:
    import torch

    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(function(x), x)[0].cpu().numpy()


def _jax(function: Callable[[Any], Any], x: Any) -> np.ndarray:
    import jax

    return np.asarray(jax.grad(function)(x))


_GRADIENTS = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}


def _pooled_maps(model: Any, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """Return the maps that enter the pooling, kernel and bias of the dense layer, and the name of the maps' layer."""
    model = in_float32(functional(model))
    dense = scoring_layer(model)
    below = dense.input._keras_history.operation
    while type(below).__name__ == "Dropout":
        below = below.input._keras_history.operation
    if type(below).__name__ != "GlobalAveragePooling2D":
        raise ParameterError(
            f"{model.name} has a {type(below).__name__} below its last dense layer, expected GlobalAveragePooling2D: "
            "it has no class activation map of its own; take grad_cam"
        )
    keras = import_keras()
    network = keras.Model(model.inputs[0], below.input)
    pictures = _fitting(model, pictures)
    steps = [network(pictures[k : k + BATCH], training=False) for k in range(0, len(pictures), BATCH)]
    maps = np.concatenate([keras.ops.convert_to_numpy(step) for step in steps])
    kernel, bias = (keras.ops.convert_to_numpy(one) for one in (dense.kernel, dense.bias))
    return maps, kernel, bias, below.input._keras_history.operation.name


def _fitting(model: Any, pictures: np.ndarray) -> np.ndarray:
    pictures = np.asarray(pictures)
    wanted = tuple(model.input_shape[1:])
    if pictures.shape[1:] != wanted or not len(pictures):
        raise ParameterError(f"pictures of shape {pictures.shape} do not fit {model.name}; expected (n > 0, *{wanted})")
    return pictures.astype(np.float32)


def _classes(classes: Sequence[int] | None, scores: np.ndarray) -> np.ndarray:
    if classes is None:
        return scores.argmax(axis=1)
    chosen = np.asarray(classes)
    count, n_genres = scores.shape
    if chosen.shape != (count,) or chosen.dtype.kind not in "iu" or not ((chosen >= 0) & (chosen < n_genres)).all():
        raise ParameterError(f"classes={classes!r} must be {count} whole numbers from 0 to {n_genres - 1}")
    return chosen
