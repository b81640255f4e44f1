"""The register of architectures: look one up by name, build it, count it."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

from mgclib.errors import ParameterError, closest
from mgclib.models.backend import import_keras
from mgclib.models.catalogue import REGISTRY, Architecture, Shape
from mgclib.models.cost import learnt_weights, macs

__all__ = ["REGISTRY", "Architecture", "Layer", "architecture", "build", "counts", "structure"]


class Layer(NamedTuple):
    """One row of a layer table: the name, the output shape without the batch, the parameters."""

    name: str
    output_shape: tuple[int, ...]
    parameters: int


def architecture(name: str) -> Architecture:
    """Return the register's entry `name`.

    Raises
    ------
    ParameterError
        For an unknown name; names the closest one.
    """
    if name not in REGISTRY:
        match = closest(name, REGISTRY)
        hint = f"; did you mean {match!r}?" if match else ";"
        raise ParameterError(f"unknown architecture {name!r}{hint} known are {', '.join(sorted(REGISTRY))}")
    return REGISTRY[name]


def build(name: str, input_shape: Shape, n_genres: int, **options: Any) -> Any:
    """Build the architecture `name`.

    Parameters
    ----------
    name : str
        A name of the register.
    input_shape : tuple of int, or of such
        Shape of one input without the batch, e.g. ``(height, width, channels)``; one for each, where a network takes
        several.
    n_genres : int >= 2
        Number of classes.
    **options
        Settings of that architecture, e.g. ``C`` and ``gamma`` of ``svm-pixels``.

    Returns
    -------
    keras.Model, or a classifier with scikit-learn's face
        Networks are functional Keras models (uncompiled); `mgclib.training.KerasClassifier` gives them
        the ``fit`` / ``predict_proba`` face.

    Raises
    ------
    ParameterError
        For an unknown name, an impossible shape or fewer than two genres.
    """
    entry = architecture(name)
    if n_genres < 2:
        raise ParameterError(f"n_genres={n_genres} must be at least 2: a classifier needs something to tell apart")
    if not _alike(input_shape, entry.input_shape):
        raise ParameterError(f"{name} takes {_dimensions(entry.input_shape)}, not {tuple(input_shape)}")
    if entry.family == "network":
        import_keras()
    module, _, maker = entry.maker.partition(":")
    return getattr(importlib.import_module(f"mgclib.models.{module}"), maker)(
        tuple(input_shape), n_genres, **{**entry.options, **options}
    )


def _alike(given: Any, known: Any) -> bool:
    """Return whether a shape has as many positive dimensions as another, each input of several for itself."""
    if isinstance(known, int):
        return not isinstance(given, tuple | list) and given >= 1
    return isinstance(given, tuple | list) and len(given) == len(known) and all(map(_alike, given, known))


def _dimensions(shape: Shape) -> str:
    if isinstance(shape[0], int):
        return f"an input of {len(shape)} positive dimensions"
    return f"{len(shape)} inputs of {' and '.join(str(len(one)) for one in shape)} positive dimensions"


def structure(name: str, input_shape: Shape | None = None, n_genres: int | None = None) -> list[Layer]:
    """Return the layer table of a network, as the reports print it.

    Layers without a counterpart in the reports (input, rescaling, reshaping, bare activations) are left out. Where the
    report counts only weights that learn (`Architecture.learnt`), so does the table.

    Parameters
    ----------
    name : str
        A network of the register.
    input_shape, n_genres : optional
        Default: those of the report.

    Returns
    -------
    list of Layer
    """
    entry = architecture(name)
    if entry.family != "network":
        raise ParameterError(f"{name} is no network and has no layers")
    model = build(name, input_shape or entry.input_shape, n_genres or entry.n_genres)
    count = learnt_weights if entry.learnt is not None else lambda layer: layer.count_params()
    return [
        Layer(layer.__class__.__name__, tuple(layer.output.shape[1:]), int(count(layer)))
        for layer in model.layers
        if layer.__class__.__name__ not in ("InputLayer", "Rescaling", "Reshape", "Permute", "Activation")
    ]


def counts(name: str, input_shape: Shape | None = None, n_genres: int | None = None, **options: Any) -> dict[str, int]:
    """Return how large a network of the register is.

    Parameters
    ----------
    name : str
    input_shape, n_genres : optional
        Default: those of the report.
    **options
        Of the architecture.

    Returns
    -------
    dict
        ``weights`` (all), ``learnt`` (those that learn, which PyTorch counts) and ``macs``.

    Notes
    -----
    Notebooks: ``cnn_1d_fma``, ``cnn_2d_fma``, ``densenet``, ``fusion``.
    """
    entry = architecture(name)
    model = build(name, input_shape or entry.input_shape, n_genres or entry.n_genres, **options)
    return {"weights": int(model.count_params()), "learnt": learnt_weights(model), "macs": macs(model)}
