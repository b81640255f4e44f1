"""The walk of an optimizer against its own arithmetic, and the two starts against the variance of what they draw."""

from __future__ import annotations

import numpy as np
import pytest

from mgclib import models
from mgclib.errors import ParameterError
from mgclib.models import descent

RUNS = {
    "sgd": {"optimizer": "sgd", "learning_rate": 0.001},
    "faster": {"optimizer": "sgd", "learning_rate": 0.002},
    "adam": {"optimizer": "adam", "learning_rate": 0.001},
}


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (9, 32, 32, 3)).astype("uint8"), np.arange(9) % 3


@pytest.fixture(scope="module")
def table(pictures):
    return descent.walk("cnn-cs464", *pictures, RUNS, steps=3, batch_size=4)


def test_steps_have_the_lengths_that_the_optimizers_define(table, pictures):
    first = table[table["step"] == 1].set_index("run")
    assert first["loss"].nunique() == 1  # same weights, same batch, same dropout
    assert first.loc["faster", "length"] == pytest.approx(2 * first.loc["sgd", "length"], rel=1e-3)
    # Adam's first step moves every weight that has a gradient by the learning rate, whatever the gradient's size
    weights = models.build("cnn-cs464", pictures[0].shape[1:], 3).count_params()
    assert 0.3 * 0.001 * weights**0.5 < first.loc["adam", "length"] <= 1.001 * 0.001 * weights**0.5
    np.testing.assert_allclose(first["length"], first["distance"])


def test_a_walk_is_never_longer_than_its_steps(table):
    for _, run in table.groupby("run"):
        assert run["step"].tolist() == [1, 2, 3]
        assert (run["distance"] <= run["length"].cumsum() * (1 + 1e-6)).all()
        assert (run["length"] > 0).all()


def test_the_same_seed_walks_the_same_way(table, pictures):
    again = descent.walk("cnn-cs464", *pictures, {"sgd": RUNS["sgd"]}, steps=3, batch_size=4)
    np.testing.assert_allclose(again["distance"], table.loc[table["run"] == "sgd", "distance"], rtol=1e-4)


def test_ranges_are_those_that_the_weights_are_drawn_from():
    model = models.build("cnn-cs464", (32, 32, 3), 10)
    ranges = descent.start_ranges(model)
    assert len(ranges) == 6
    assert ranges["inputs"].tolist()[:2] == [27, 144]
    for start in descent.STARTS:
        descent.set_start(model, start, seed=0)
        for layer, row in ranges.iterrows():
            kernel, bias = model.get_layer(layer).get_weights()
            assert 0.9 * row[start] < np.abs(kernel).max() <= row[start] * (1 + 1e-6)
            assert kernel.std() == pytest.approx(row[start] / 3**0.5, rel=0.1)
            assert bool(bias.any()) is (start == "pytorch")
            assert np.abs(bias).max() <= row[start]


def test_errors_name_the_value(pictures):
    model = models.build("cnn-cs464", (32, 32, 3), 3)
    with pytest.raises(ParameterError, match="start='torch' must be one of keras, pytorch"):
        descent.set_start(model, "torch", 0)
    with pytest.raises(ParameterError, match="steps=0"):
        descent.walk("cnn-cs464", *pictures, RUNS, steps=0)
    with pytest.raises(ParameterError, match="batch_size=20 must lie between 1 and the number of clips, 9"):
        descent.walk("cnn-cs464", *pictures, RUNS, steps=1, batch_size=20)
