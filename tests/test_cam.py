"""Class activation maps: against arithmetic by hand, finite differences, and networks that know nothing."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from mgclib import cam, models
from mgclib.errors import ParameterError
from mgclib.features import MelSpec
from mgclib.models.backend import import_keras

RNG = np.random.default_rng(0)
SHAPE = (24, 40, 1)
PICTURES = RNG.integers(0, 256, (5, *SHAPE)).astype(np.uint8)


@pytest.fixture(scope="module")
def keras():
    return import_keras()


@pytest.fixture(scope="module")
def net(keras):
    keras.utils.set_random_seed(0)
    keras.mixed_precision.set_dtype_policy("float32")
    model = models.build("gap-cnn", SHAPE, 4)
    for layer in model.layers:  # normalisation that does something
        if type(layer).__name__ == "BatchNormalization":
            layer.set_weights([RNG.uniform(0.5, 1.5, one.shape) for one in layer.get_weights()])
    return model


def last_maps(keras, model, x):
    layer = next(one for one in model.layers if type(one).__name__ == "GlobalAveragePooling2D")
    return keras.Model(model.inputs, layer.input).predict(x, verbose=0)


def test_a_map_is_the_weighted_sum_of_the_last_feature_maps_and_its_mean_the_score(keras, net):
    classes = np.array([3, 0, 1, 1, 2])
    found = cam.activation_maps(net, PICTURES, classes)
    maps, (kernel, bias) = last_maps(keras, net, PICTURES), net.layers[-1].get_weights()
    expected = np.stack([(maps[n] * kernel[:, k]).sum(axis=-1) for n, k in enumerate(classes)])
    np.testing.assert_allclose(found.raw, expected, atol=1e-4)
    own = found.scores[np.arange(5), classes]
    np.testing.assert_allclose(found.raw.mean(axis=(1, 2)) + bias[classes], own, atol=1e-4)
    powers = np.exp(found.scores - found.scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), net.predict(PICTURES, verbose=0), atol=1e-5)
    parts, weights, _ = cam.contributions(net, PICTURES[0], 3)
    np.testing.assert_allclose(np.tensordot(weights, parts, 1), expected[0], atol=1e-4)


def test_grad_cam_is_the_class_activation_map_over_the_number_of_places(net):
    classes = [3, 0, 1, 1, 2]
    maps = cam.activation_maps(net, PICTURES, classes)
    signed = cam.grad_cam(net, PICTURES, classes, relu=False)
    rows, columns = maps.raw.shape[1:]
    assert (rows, columns) == (3, 5)
    assert signed.layer == maps.layer == "maps_4"
    np.testing.assert_allclose(signed.raw * rows * columns, maps.raw, atol=1e-4)
    np.testing.assert_allclose(signed.scores, maps.scores, atol=1e-4)
    rectified = cam.grad_cam(net, PICTURES, classes)
    np.testing.assert_allclose(rectified.raw, signed.raw.clip(0), atol=1e-6)
    assert (signed.raw < 0).any()


def test_grad_cam_is_that_of_the_score_and_not_of_the_probability(keras):
    """By hand for a network that keeps places apart: one feature map, flattened, with known weights."""
    inputs = keras.Input((2, 3, 1))
    x = keras.layers.Conv2D(1, 1, use_bias=False)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(x)))
    kernel = RNG.normal(size=(6, 2))
    model.set_weights([np.full((1, 1, 1, 1), 2.0), kernel, np.array([50.0, 0.0])])  # sure of genre 0
    picture = RNG.uniform(1, 2, (1, 2, 3, 1))
    for genre in (0, 1):
        found = cam.grad_cam(model, picture, [genre], relu=False)
        np.testing.assert_allclose(found.raw[0], kernel[:, genre].mean() * 2 * picture[0, ..., 0], rtol=1e-5)


def test_every_picture_of_a_long_batch_has_its_own_map(net):
    many = np.concatenate([PICTURES] * 8)
    for method in (cam.activation_maps, cam.grad_cam):
        found = method(net, many)
        np.testing.assert_array_equal(found.classes, found.scores.argmax(axis=1))
        np.testing.assert_allclose(found.raw[35:], method(net, PICTURES).raw, atol=1e-5)


def test_a_network_in_half_precision_has_the_maps_of_the_same_weights_in_full(keras, net):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        half = models.build("gap-cnn", SHAPE, 4)
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    half.set_weights(net.get_weights())
    assert half.get_layer("maps_4").compute_dtype == "bfloat16"
    for method in (cam.activation_maps, cam.grad_cam):
        np.testing.assert_allclose(method(half, PICTURES, [1] * 5).raw, method(net, PICTURES, [1] * 5).raw)


def test_the_gradient_is_that_of_finite_differences(keras):
    ops = keras.ops

    def function(x):
        return ops.sum(ops.sin(x) * ops.square(x[::-1]))

    x = RNG.normal(size=6).astype(np.float32)

    def by_hand(y):
        return float((np.sin(y) * y[::-1] ** 2).sum())

    steps = np.eye(6) * 1e-5
    expected = [(by_hand(x + step) - by_hand(x - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(cam.gradient(function, x), expected, rtol=1e-3, atol=1e-4)


def corner_network(keras):
    """Two genres told apart by one corner, where only pictures of the first are bright; trained for a second."""
    keras.utils.set_random_seed(1)
    y = np.arange(120) % 2
    x = RNG.integers(60, 120, (120, *SHAPE)).astype(np.uint8)
    x[y == 0, :8, 32:] += 100
    model = models.build("gap-cnn", SHAPE, 2, filters=(4, 8, 8), dropout=0.0)
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=20, epochs=12, verbose=0)
    return model, x[:20:2]


def test_the_one_place_that_tells_lights_up_and_only_in_a_trained_network(keras):
    model, pictures = corner_network(keras)
    assert (model.predict(pictures, verbose=0).argmax(axis=1) == 0).all()
    maps = cam.activation_maps(model, pictures, [0] * len(pictures))
    large = cam.upsampled(maps.relative, *SHAPE[:2])
    corner = large[:, :8, 32:].mean(axis=(1, 2))
    away = large[:, 12:, :24].mean(axis=(1, 2))
    assert (corner > 0.5).all()
    assert (corner > 3 * away).all()

    def alike(last, seed):
        other = cam.activation_maps(cam.randomised(model, last, seed), pictures, [0] * len(pictures)).raw
        return [spearmanr(a.ravel(), b.ravel())[0] for a, b in zip(maps.raw, other, strict=True)]

    assert min(alike(0, 0)) > 0.999
    for last in (1, None):
        assert abs(np.mean([alike(last, seed) for seed in range(6)])) < 0.5


def test_randomising_changes_the_last_layers_only_is_seeded_and_leaves_the_original_alone(net):
    before = [one.copy() for one in net.get_weights()]
    names = cam.weighted_layers(net)
    assert len(names) == 9
    copy = cam.randomised(net, 3, seed=1)
    same = [
        all(map(np.array_equal, net.get_layer(name).get_weights(), copy.get_layer(name).get_weights()))
        for name in names
    ]
    assert same == [True] * 6 + [False] * 3
    again, other = cam.randomised(net, 3, seed=1), cam.randomised(net, 3, seed=2)
    assert all(map(np.array_equal, copy.get_weights(), again.get_weights()))
    assert not np.array_equal(copy.layers[-1].kernel, other.layers[-1].kernel)
    assert all(map(np.array_equal, before, net.get_weights()))
    with pytest.raises(ParameterError, match="last=10 must be from 0 to 9"):
        cam.randomised(net, 10)


def test_the_receptive_field_is_what_can_change_a_place(keras):
    """Measured: which pixels of a picture change one place of the map."""
    inputs = keras.Input((64, 64, 1))
    x = keras.layers.Conv2D(2, (3, 5), padding="same", strides=2)(inputs)
    left = keras.layers.Conv2D(2, 3, padding="same", dilation_rate=2)(x)
    x = keras.layers.Add(name="joined")([x, left])
    x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.Conv2D(2, (1, 3), padding="same", name="top")(x)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x)))
    seer = keras.Model(inputs, x)
    place = np.zeros((1, 16, 16, 2), np.float32)
    place[0, 8, 8] = 1
    seen = cam.gradient(lambda y: keras.ops.sum(seer(y) * place), RNG.normal(size=(1, 64, 64, 1)).astype(np.float32))
    rows, columns = (np.flatnonzero(np.abs(seen[0, ..., 0]).max(axis=axis) > 0) for axis in (1, 0))
    assert cam.receptive_field(model) == (np.ptp(rows) + 1, np.ptp(columns) + 1)
    assert cam.receptive_field(model, "joined") == (11, 13)


@pytest.mark.parametrize(
    ("name", "shape", "layer"), [("techno-cnn", (32, 32, 1), "conv2d"), ("cnn-cs464", (64, 64, 3), "conv2d")]
)
def test_networks_without_global_pooling_have_grad_cam(name, shape, layer):
    model = models.build(name, shape, 3)
    pictures = RNG.integers(0, 256, (2, *shape))
    found = cam.grad_cam(model, pictures)
    assert found.layer.startswith(layer)
    assert found.raw.shape[0] == 2
    assert found.raw.min() >= 0
    with pytest.raises(ParameterError, match="expected GlobalAveragePooling2D"):
        cam.activation_maps(model, pictures)


@pytest.mark.parametrize(
    ("name", "shape"), [("cnn-1d-mel", (120, 120, 3)), ("lstm", (8, 8, 3)), ("cnn-1d-waveform", (80000, 1))]
)
def test_networks_without_two_dimensional_convolutions_are_refused(name, shape):
    with pytest.raises(ParameterError, match="no two-dimensional convolution"):
        cam.grad_cam(models.build(name, shape, 3), np.zeros((1, *shape)))


def test_errors_say_what_was_expected(keras, net):
    layers = keras.layers
    row = keras.Sequential([keras.Input(SHAPE), layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)])
    inputs = keras.Input(SHAPE)
    x = layers.Conv2D(2, 3, padding="same", name="stem")(inputs)
    joined = layers.Add(name="joined")([x, layers.Conv2D(2, 3, padding="same", name="branch")(x)])
    bypass = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(joined)))
    for words, wrong in {
        "a Sequential has no graph": lambda: cam.grad_cam(row, PICTURES),
        r"has no layer 'maps_5'; did you mean 'maps_": lambda: cam.grad_cam(net, PICTURES, layer="maps_5"),
        r"layer 'dense.*' gives \(4,\), expected": lambda: cam.grad_cam(net, PICTURES, layer=net.layers[-1].name),
        "'branch' .* a shortcut goes around it.* 'joined'": lambda: cam.grad_cam(bypass, PICTURES, layer="branch"),
        "do not fit": lambda: cam.grad_cam(net, PICTURES[:, :10]),
        "classes=.* 5 whole numbers from 0 to 3": lambda: cam.grad_cam(net, PICTURES, [0, 1, 2, 3, 4]),
        "whole numbers": lambda: cam.activation_maps(net, PICTURES, [0]),
    }.items():
        with pytest.raises(ParameterError, match=words) as error:
            wrong()
        assert "\n" not in str(error.value)
    assert cam.grad_cam(bypass, PICTURES).layer == "joined"


def test_shares_and_their_scale(net):
    values = np.array([[[2.0, -4.0], [1.0, 0.0]], [[-1.0, -2.0], [-3.0, -1.0]]])
    np.testing.assert_array_equal(cam.relative(values), [[[1, 0], [0.5, 0]], np.zeros((2, 2))])
    assert cam.ClassMaps(values, np.zeros(2, int), np.zeros((2, 2)), "a").scale.tolist() == [2, 0]


def test_upsampling_is_that_of_keras(keras):
    values = RNG.normal(size=(3, 4, 6)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(keras.ops.image.resize(values[..., None], (20, 33), "bilinear"))[..., 0]
    np.testing.assert_allclose(cam.upsampled(values, 20, 33), expected, atol=1e-5)


PREDICTED = pd.DataFrame(
    {
        "clip_id": list("abcdefg"),
        "track_id": ["1", "1", "2", "3", "4", "5", "6"],
        "genre": ["jazz", "jazz", "jazz", "jazz", "pop", "pop", "rock"],
        "predicted": ["jazz", "jazz", "jazz", "pop", "pop", "rock", "rock"],
        "probability": [0.9, 0.8, 0.7, 0.99, 0.5, 0.6, 1.0],
    }
)


def test_the_most_certain_clips_are_taken_one_per_track():
    right = cam.most_certain(PREDICTED, {"pop": 2, "jazz": 2}, right=True)
    assert right["clip_id"].tolist() == ["e", "a", "c"]
    wrong = cam.most_certain(PREDICTED, {"pop": 2, "jazz": 2}, right=False)
    assert wrong["clip_id"].tolist() == ["f", "d"]
    assert not wrong["right"].any()


def test_maps_survive_the_way_through_a_table(tmp_path):
    samples = PREDICTED.drop(columns="track_id").assign(right=PREDICTED["genre"] == PREDICTED["predicted"])
    samples["map"] = list(RNG.normal(size=(7, 3, 5)).astype(np.float32))
    means = cam.mean_maps(RNG.normal(size=(7, 3, 5)), PREDICTED["genre"], ["rock", "jazz", "pop", "metal"])
    assert means["genre"].tolist() == ["rock", "jazz", "pop"]
    assert means["clips"].tolist() == [1, 4, 2]
    cam.kept(samples, means).to_parquet(tmp_path / "cam.parquet")
    table = pd.read_parquet(tmp_path / "cam.parquet")
    back = cam.read(table)
    assert back["clip_id"].tolist() == samples["clip_id"].tolist()
    assert back["right"].tolist() == samples["right"].tolist()
    np.testing.assert_allclose(back["probability"], samples["probability"])
    np.testing.assert_array_equal(np.stack(back["map"]), np.stack(samples["map"]))
    again = cam.read(table, "mean")
    assert again["clips"].tolist() == [1, 4, 2]
    np.testing.assert_allclose(np.stack(again["map"]), np.stack(means["map"]), atol=1e-6)
    with pytest.raises(ParameterError, match="has 14 places"):
        cam.read(table.iloc[1:])
    with pytest.raises(ParameterError, match="lacks row"):
        cam.read(table.drop(columns="row"))


def test_mean_maps_count_every_clip_alike():
    values = np.array([[[1.0, 0.0]], [[0.0, 100.0]], [[5.0, 5.0]]])
    means = cam.mean_maps(values, ["a", "a", "b"], ["a", "b"])
    np.testing.assert_allclose(means["map"][0], [[0.5, 0.5]])
    np.testing.assert_allclose(means["map"][1], [[1, 1]])


def test_emphasis_tells_bands_and_edges():
    low = np.zeros((4, 6), np.float32)
    low[3, 1:5] = 1  # the last row is the lowest band
    even = np.ones((4, 6), np.float32)
    means = pd.DataFrame({"genre": ["low", "even"], "clips": 2, "map": [low, even]})
    told = cam.emphasis(means, MelSpec())
    assert told.loc["low", "lower half"] == 1
    assert told.loc["low", "edges : inside"] == 0
    assert told.loc["even", "lower half"] == 0.5
    assert told.loc["even", "edges : inside"] == 1
    assert told.loc["low", "centre (Hz)"] < 500 < told.loc["even", "centre (Hz)"]


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_other_backends_make_the_same_maps(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    program = """
import numpy as np
from mgclib import cam, models
net = models.build("gap-cnn", (16, 24, 1), 3)
x = np.random.default_rng(0).integers(0, 256, (3, 16, 24, 1))
maps, slopes = cam.activation_maps(net, x), cam.grad_cam(net, x, relu=False)
np.testing.assert_allclose(slopes.raw * 6, maps.raw, atol=1e-5)
"""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True)
