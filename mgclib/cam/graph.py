"""What a network is made of: the layer whose output is the last map, how far it sees, copies with other weights."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mgclib.errors import ParameterError, closest
from mgclib.models.backend import import_keras

__all__ = ["in_float32", "last_map", "randomised", "receptive_field", "weighted_layers"]

CONVOLUTIONS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose")
NO_MAPS = ("InputLayer", "Rescaling", "Normalization", "Permute", "Reshape", "ZeroPadding2D", "Cropping2D")
"""Layers that only pass on or rearrange what a convolution said."""
PASSED_ON = ("Dropout", "Pooling")
"""Parts of the names of others that do."""


def last_map(model: Any) -> Any:
    """Return the last layer of a network whose output is a picture of features: after it, place is lost.

    Poolings and dropout do not count, nor do outputs of one place only.

    Raises
    ------
    ParameterError
        When the network has no two-dimensional convolution.
    """
    layers = functional(model).layers
    found, seen = None, False
    for layer in layers:
        kind = type(layer).__name__
        seen = seen or kind in CONVOLUTIONS
        shape = layer.output.shape
        passed = kind in NO_MAPS or any(part in kind for part in PASSED_ON)
        if seen and len(shape) == 4 and not passed and shape[1:3] != (1, 1):
            found = layer
    if found is None:
        raise ParameterError(
            f"{model.name} has no two-dimensional convolution, so there is no map of time and frequency to look at; "
            "take a network such as gap-cnn or techno-cnn"
        )
    return found


def receptive_field(model: Any, layer: str | None = None) -> tuple[int, int]:
    """Return how many pixels (high, wide) one place of a layer's output can see, far from the edges.

    Parameters
    ----------
    model : keras.Model
    layer : str or None
        None: `last_map`. Of several paths to it the widest counts.
    """
    seen = mapped_layer(functional(model), layer) if layer else last_map(model)

    @functools.cache  # a network with shortcuts has very many paths
    def reach(origin: Any) -> tuple[np.ndarray, np.ndarray]:
        if type(origin).__name__ == "InputLayer":
            return np.ones(2, int), np.ones(2, int)
        sources = origin.input if isinstance(origin.input, list) else [origin.input]
        below = [reach(source._keras_history.operation) for source in sources]
        field, step = (np.maximum.reduce(each) for each in zip(*below, strict=True))
        size = np.array(getattr(origin, "kernel_size", None) or getattr(origin, "pool_size", (1, 1)))
        size = (size - 1) * np.array(getattr(origin, "dilation_rate", (1, 1))) + 1
        return field + (size - 1) * step, step * np.array(getattr(origin, "strides", (1, 1)))

    height, width = reach(seen)[0]
    return int(height), int(width)


def weighted_layers(model: Any) -> list[str]:
    """Return the names of the layers that have weights, from the input to the output."""
    return [layer.name for layer in functional(model).layers if layer.weights]


def randomised(model: Any, last: int | None = None, seed: int = 0) -> Any:
    """Return a copy of a network whose last layers have fresh random weights; the original stays as it is.

    Parameters
    ----------
    model : keras.Model
    last : int >= 0 or None
        How many of `weighted_layers`, counted from the output; None: all.
    seed : int
        Fixes the new weights; no global generator is touched.

    Returns
    -------
    keras.Model
        Computes in float32.

    Raises
    ------
    ParameterError
        When `last` is not from 0 to the number of layers with weights.
    """
    names = weighted_layers(model)
    last = len(names) if last is None else last
    if not 0 <= last <= len(names):
        raise ParameterError(f"last={last!r} must be from 0 to {len(names)}, the layers of {model.name} with weights")
    fresh = set(names[len(names) - last :])
    seeds = {name: 1000 * seed + 10 * k for k, name in enumerate(names)}
    copy = _cloned(model, seeds)
    for one in names:
        if one not in fresh:
            copy.get_layer(one).set_weights(model.get_layer(one).get_weights())
    return copy


def in_float32(model: Any) -> Any:
    """Return a network with the same weights that computes in float32: itself, if it does already."""
    if all(layer.compute_dtype == "float32" for layer in model.layers):
        return model
    copy = _cloned(model, {})
    copy.set_weights(model.get_weights())
    return copy


def _cloned(model: Any, seeds: dict[str, int]) -> Any:
    """Build a network anew in float32, its initialisers seeded by layer."""

    def built(layer: Any) -> Any:
        config = {**layer.get_config(), "dtype": "float32"}
        start = [name for name in config if name.endswith("_initializer") and "config" in (config[name] or ())]
        for k, name in enumerate(start if layer.name in seeds else []):
            if "seed" in config[name]["config"]:
                settings = {**config[name]["config"], "seed": seeds[layer.name] + k}
                config[name] = {**config[name], "config": settings}
        return type(layer).from_config(config)

    return import_keras().models.clone_model(model, clone_function=built)


def functional(model: Any) -> Any:
    """Return `model`, or raise a ParameterError when it has no graph that can be cut."""
    if type(model).__name__ != "Functional" or len(model.inputs) != 1:
        raise ParameterError(
            f"a {type(model).__name__} has no graph to look into; expected a functional network with one input, "
            "as mgclib.models.build makes them"
        )
    return model


def scoring_layer(model: Any) -> Any:
    """Return the dense layer that a network ends in."""
    dense = model.layers[-1]
    if type(dense).__name__ != "Dense" or not dense.use_bias:
        raise ParameterError(f"{model.name} ends in a {type(dense).__name__}, expected a Dense layer with a bias")
    return dense


def mapped_layer(model: Any, name: str) -> Any:
    """Return the layer `name`, whose output must be a map."""
    known = {layer.name: layer for layer in model.layers}
    if name not in known:
        match = closest(name, known) or last_map(model).name
        raise ParameterError(f"{model.name} has no layer {name!r}; did you mean {match!r}?")
    if len(known[name].output.shape) != 4:
        raise ParameterError(
            f"layer {name!r} gives {known[name].output.shape[1:]}, expected (rows, columns, maps); "
            f"take e.g. {last_map(model).name!r}"
        )
    return known[name]
