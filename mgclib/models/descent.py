"""How fast a network leaves its start: what the first weights are, and how far each step of an optimizer goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mgclib.errors import ParameterError
from mgclib.models.backend import import_keras
from mgclib.models.registry import build

if TYPE_CHECKING:
    import keras

__all__ = ["STARTS", "set_start", "start_ranges", "walk"]

STARTS = ("keras", "pytorch")
"""Whose default first weights: Keras' (Glorot uniform, biases 0) or PyTorch's (±1/√fan-in, biases too)."""


def start_ranges(model: keras.Model) -> pd.DataFrame:
    """Return between which limits the first weights of each layer are drawn, in Keras and in PyTorch.

    Parameters
    ----------
    model : keras.Model
        Its convolutions and dense layers are listed.

    Returns
    -------
    pd.DataFrame
        Index layer (name); columns ``inputs`` (fan-in: numbers that one unit adds up), ``keras`` and ``pytorch``
        (the weights are uniform in ± this), ``ratio`` (keras / pytorch).

    Notes
    -----
    Keras draws kernels uniformly in ±√(6 / (fan-in + fan-out)) (Glorot and Bengio 2010), PyTorch kernels and biases
    in ±1/√fan-in (its documentation of ``Linear`` and ``Conv2d``). Notebook: ``cnn_2d_cs464``.
    """
    rows = {}
    for layer, kernel in _kernels(model):
        inputs, outputs = _fans(kernel.shape)
        glorot, torch = (6 / (inputs + outputs)) ** 0.5, inputs**-0.5
        rows[layer.name] = {"inputs": inputs, "keras": glorot, "pytorch": torch, "ratio": glorot / torch}
    return pd.DataFrame.from_dict(rows, orient="index").astype({"inputs": int}).rename_axis("layer")


def set_start(model: keras.Model, start: str, seed: int) -> None:
    """Give a freshly built model the first weights of `start`; ``keras`` leaves it as it was built.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    start : str
        A name of `STARTS`.
    seed : int
        Fixes the weights that ``pytorch`` draws.

    Raises
    ------
    ParameterError
        For another start.
    """
    if start not in STARTS:
        raise ParameterError(f"start={start!r} must be one of {', '.join(STARTS)}")
    if start == "keras":
        return
    rng = np.random.default_rng(seed)
    for layer, kernel in _kernels(model):
        limit = _fans(kernel.shape)[0] ** -0.5
        layer.set_weights([rng.uniform(-limit, limit, weight.shape) for weight in layer.get_weights()])


def walk(
    architecture: str,
    x: np.ndarray,
    y: np.ndarray,
    runs: Mapping[str, Mapping[str, Any]],
    *,
    steps: int,
    batch_size: int = 20,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Train a network anew for each run and measure every step; all runs see the same batches.

    Parameters
    ----------
    architecture : str
        Name for `mgclib.models.build`.
    x : np.ndarray [shape=(n, …)]
        Training inputs only: nothing here is a score.
    y : np.ndarray [shape=(n,), int]
        Genre numbers, from 0.
    runs : dict of str to dict
        Name of a run to ``optimizer`` (name for `keras.optimizers.get`), ``learning_rate`` and ``start`` (of
        `STARTS`, default ``keras``).
    steps : int >= 1
        Batches per run.
    batch_size : int, 1 … n
        Clips per batch.
    seed : int
        Fixes weights, batches and dropout.
    options : dict, optional
        Options of the architecture.

    Returns
    -------
    pd.DataFrame
        Columns ``run``; ``step`` (from 1); ``loss`` of its batch before the step (cross entropy, nats); ``length``,
        how far the step moved all weights together (Euclidean norm of their change); ``distance`` from the start.

    Raises
    ------
    ParameterError
        For no step, a batch larger than the data, or an unknown start.

    Notes
    -----
    Source: CS464 report, section 2.4 ("Adam converges faster than SGD"). Notebook: ``cnn_2d_cs464``.
    """
    if steps < 1:
        raise ParameterError(f"steps={steps!r} must be a positive integer")
    if not 1 <= batch_size <= len(x):
        raise ParameterError(f"batch_size={batch_size!r} must lie between 1 and the number of clips, {len(x)}")
    batches = _batches(len(x), steps, batch_size, np.random.default_rng(seed))
    tables = [
        _one_walk(_started(architecture, x, y, run, seed, options or {}), x, y, batches).assign(run=name)
        for name, run in runs.items()
    ]
    return pd.concat(tables, ignore_index=True)[["run", "step", "loss", "length", "distance"]]


def _started(
    architecture: str, x: np.ndarray, y: np.ndarray, run: Mapping[str, Any], seed: int, options: Mapping[str, Any]
) -> keras.Model:
    keras = import_keras()
    keras.utils.clear_session(free_memory=True)
    keras.utils.set_random_seed(seed)
    keras.mixed_precision.set_dtype_policy("float32")
    model = build(architecture, x.shape[1:], int(y.max()) + 1, **options)
    set_start(model, run.get("start", "keras"), seed)
    optimizer = keras.optimizers.get(run["optimizer"])
    optimizer.learning_rate = run["learning_rate"]
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def _one_walk(model: keras.Model, x: np.ndarray, y: np.ndarray, batches: list[np.ndarray]) -> pd.DataFrame:
    first = last = _flat(model)
    rows = []
    for step, batch in enumerate(batches, start=1):
        loss = model.train_on_batch(x[batch], y[batch])
        model.reset_metrics()
        here = _flat(model)
        moved, away = np.linalg.norm(here - last), np.linalg.norm(here - first)
        rows.append({"step": step, "loss": float(loss), "length": float(moved), "distance": float(away)})
        last = here
    return pd.DataFrame(rows)


def _batches(n: int, steps: int, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Whole batches of a fresh order of all clips, epoch after epoch; what does not fill a batch is left out."""
    found: list[np.ndarray] = []
    while len(found) < steps:
        order = rng.permutation(n)
        found += [order[k : k + size] for k in range(0, n - size + 1, size)]
    return found[:steps]


def _kernels(model: keras.Model) -> list[tuple[Any, Any]]:
    return [(layer, layer.kernel) for layer in model.layers if getattr(layer, "kernel", None) is not None]


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    field = int(np.prod(shape[:-2]))
    return field * int(shape[-2]), field * int(shape[-1])


def _flat(model: keras.Model) -> np.ndarray:
    return np.concatenate([np.asarray(weight, dtype=np.float64).ravel() for weight in model.get_weights()])
