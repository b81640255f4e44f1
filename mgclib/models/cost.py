"""What a network costs: weights, and multiplications for one input."""

from __future__ import annotations

from typing import Any

import numpy as np

from mgclib.models.registry import Shape, architecture, build

__all__ = ["counts", "macs"]


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
    learnt = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    return {"weights": int(model.count_params()), "learnt": learnt, "macs": macs(model)}


def macs(model: Any) -> int:
    """Return the multiply–accumulate operations of one forward pass with one input.

    Counted are convolutions, dense layers and LSTMs, where nearly all the work is; activations, pooling and
    normalisation are left out, as papers do.

    Parameters
    ----------
    model : keras.Model
        Functional, with a fixed input shape.

    Returns
    -------
    int

    Notes
    -----
    A convolution costs output points × kernel points × input channels (of its group) × output channels; an LSTM steps ×
    4 × units × (inputs + units). Notebook: ``transfer``.
    """
    return sum(_of_layer(layer) for layer in model.layers)


def _of_layer(layer: Any) -> int:
    name = type(layer).__name__
    if name == "LSTM":
        steps, inputs = layer.input.shape[1:]
        return int(steps * 4 * layer.units * (inputs + layer.units))
    if getattr(layer, "kernel", None) is None:
        return 0
    kernel, output = tuple(layer.kernel.shape), tuple(layer.output.shape[1:])
    if name == "Dense":
        return int(np.prod(output[:-1]) * np.prod(kernel))
    if name.startswith("DepthwiseConv"):
        return int(np.prod(output) * np.prod(kernel[:-2]))
    return int(np.prod(output[:-1]) * np.prod(kernel))
