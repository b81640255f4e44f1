"""What a network costs: weights, and multiplications for one input."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["learnt_weights", "macs"]


def learnt_weights(model: Any) -> int:
    """Return how many weights of a network, or of a layer, learn."""
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


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
