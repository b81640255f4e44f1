"""The LSTM's own options: in which order it reads, and what it says on the way."""

from __future__ import annotations

import numpy as np
import pytest

from mgclib import models
from mgclib.errors import ParameterError
from mgclib.models.backend import import_keras


def test_shuffled_columns_are_all_moments_in_one_other_order():
    model = models.build("lstm", (8, 12, 3), 2, steps="shuffled columns")
    pictures = np.random.default_rng(0).integers(0, 256, (2, 8, 12, 3)).astype("float32")
    first = next(layer for layer in model.layers if layer.name.startswith("lstm"))
    sequences = import_keras().Model(model.inputs, first.input).predict(pictures, verbose=0)
    columns = pictures.transpose(0, 2, 1, 3).reshape(2, 12, 24) / 255
    orders = [
        [int(abs(own - step).sum(axis=1).argmin()) for step in seq] for own, seq in zip(columns, sequences, strict=True)
    ]
    assert sorted(orders[0]) == list(range(12)) != orders[0]
    assert orders[0] == orders[1]
    np.testing.assert_allclose(sequences, columns[:, orders[0]], atol=1e-6)


def test_the_lstm_asked_at_every_step_ends_where_the_trained_one_does():
    options = {"hidden": 5, "depth": 2}
    model = models.build("lstm", (8, 12, 3), 4, **options)
    watched = models.build("lstm", (8, 12, 3), 4, **options, every_step=True)
    watched.set_weights(model.get_weights())
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 12, 3)).astype("float32")
    opinions = watched.predict(pictures, verbose=0)
    assert opinions.shape == (3, 12, 4)
    np.testing.assert_allclose(opinions[:, -1], model.predict(pictures, verbose=0), atol=1e-6)
    later = pictures.copy()
    later[:, :, 7:] = 0  # what comes after the seventh moment cannot change what was said up to it
    np.testing.assert_allclose(watched.predict(later, verbose=0)[:, :7], opinions[:, :7], atol=1e-6)
    assert abs(watched.predict(later, verbose=0)[:, 7:] - opinions[:, 7:]).max() > 1e-4


def test_impossible_options_are_named():
    with pytest.raises(ParameterError, match="steps='colums' must be one of 'columns'"):
        models.build("lstm", (8, 8, 3), 2, steps="colums")
    with pytest.raises(ParameterError, match="depth=0 must be a positive integer"):
        models.build("lstm", (8, 8, 3), 2, depth=0)
