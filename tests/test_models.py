"""One test for every architecture of the register, and the support vector machine against scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from mgclib import models, reports
from mgclib.errors import ParameterError
from mgclib.overview import fma
from mgclib.reports.structure import same_structure

NETWORKS = [name for name, entry in models.REGISTRY.items() if entry.family == "network"]


@pytest.fixture(scope="module")
def built():
    """Build each network once, at the report's input shape."""
    cache = {}

    def get(name):
        if name not in cache:
            entry = models.architecture(name)
            cache[name] = models.build(name, entry.input_shape, entry.n_genres)
        return cache[name]

    return get


def keras_layer_output(model, prefix, x):
    """Return what the first layer whose name begins with `prefix` makes of `x`."""
    from mgclib.models.backend import import_keras

    layer = next(layer for layer in model.layers if layer.name.startswith(prefix))
    return import_keras().Model(model.inputs, layer.output).predict(x, verbose=0)


@pytest.mark.parametrize("name", models.REGISTRY)
def test_entry_names_an_existing_report_or_is_ours(name):
    entry = models.architecture(name)
    assert entry.report in reports.slugs() or (entry.report is None and entry.section == "best-recipe")
    assert entry.summary.endswith(".")


@pytest.mark.parametrize("name", NETWORKS)
def test_parameter_count_is_the_reports(name, built):
    assert built(name).count_params() == models.architecture(name).parameters


@pytest.mark.parametrize("name", [name for name in NETWORKS if models.architecture(name).learnt])
def test_weights_that_learn_are_the_reports(name, built):
    learnt = sum(int(np.prod(weight.shape)) for weight in built(name).trainable_weights)
    assert learnt == models.architecture(name).learnt == sum(row.parameters for row in models.structure(name))
    printed = fma.network(name).printed("params")
    nearest = {"baseline-a-1d": 5_398, "fusion": -83_056}  # documented in the register and on the page
    assert learnt - printed == nearest.get(name, 0)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("baseline-a-2d", (128, 24, 1), "needs 25"),
        ("baseline-b", (128, 3, 1), "needs 4"),
        ("densenet", (128, 31, 1), "at least 32"),
        ("densenet", (128, 128, 3), "1 channel"),
        ("baseline-a-1d", (3_531, 1), "needs 3532"),
        ("fusion", ((3_531, 1), (32, 32, 1)), "needs 3532"),
        ("fusion", ((3_532, 1), (32, 16, 1)), "at least 32"),
        ("fusion", (128, 128), "2 inputs of 2 and 3 positive dimensions"),
        ("baseline-a-1d", (3_532,), "2 positive dimensions"),
    ],
)
def test_too_small_a_picture_is_one_line(name, shape, message):
    with pytest.raises(ParameterError, match=message):
        models.build(name, shape, 8)


@pytest.mark.parametrize("options", [{"filters": (8, 8)}, {"filters": (8, 8, 16), "residual": True}])
def test_filters_that_do_not_make_a_baseline(options):
    with pytest.raises(ParameterError, match="must be three numbers"):
        models.build("baseline-a-2d", (16, 32, 1), 3, **options)


def test_the_first_convolution_of_the_baselines_sees_whole_columns():
    model = models.build("baseline-a-2d", (6, 30, 1), 3)
    x = np.random.default_rng(0).integers(0, 256, (1, 6, 30, 1)).astype("float32")
    kernel, bias = next(layer for layer in model.layers if layer.name.startswith("conv1d")).get_weights()
    columns = x[0, :, 7:11, 0] / 255  # height x 4
    expected = np.einsum("hw,whf->f", columns, kernel) + bias
    np.testing.assert_allclose(keras_layer_output(model, "conv1d", x)[0, 7], expected, atol=1e-4)


def test_the_smallest_picture_of_the_baselines_will_do():
    assert models.build("baseline-a-2d", (16, 25, 1), 8).output_shape == (None, 8)
    assert models.build("baseline-b", (16, 4, 1), 8).output_shape == (None, 8)


def test_the_shortest_waveform_of_baseline_a_will_do():
    assert models.build("baseline-a-1d", (3_532, 1), 8).output_shape == (None, 8)


def test_densenet_is_that_of_keras_layer_by_layer():
    from mgclib.models.backend import import_keras

    keras = import_keras()
    ours, shape = models.build("densenet", (48, 64, 1), 8), (48, 64, 1)
    inputs = keras.Input(shape)
    scaled = keras.layers.Rescaling(1 / 255)(inputs)
    body = keras.applications.DenseNet121(include_top=False, weights=None, input_tensor=scaled).output
    pooled = keras.layers.GlobalAveragePooling2D()(body)
    reference = keras.Model(inputs, keras.layers.Dense(8, activation="softmax")(pooled))
    rng = np.random.default_rng(0)
    drawn = [
        rng.uniform(0.8, 1.2, weight.shape)
        if len(weight.shape) == 1
        else rng.normal(0, np.sqrt(2 / np.prod(weight.shape[:-1])), weight.shape)
        for weight in reference.weights
    ]
    for model in (reference, ours):
        model.set_weights(drawn)
    x = rng.integers(0, 256, (2, *shape)).astype("float32")
    answers = ours.predict(x, verbose=0)
    assert np.isfinite(answers).all()
    assert answers.std(axis=1).min() > 1e-3
    np.testing.assert_allclose(answers, reference.predict(x, verbose=0), atol=1e-5)


@pytest.mark.parametrize("blocks", [(6, 12, 24), (6, 12, 24, 0), (1.0, 1, 1, 1)])
def test_blocks_that_make_no_densenet(blocks):
    with pytest.raises(ParameterError, match="four positive integers"):
        models.build("densenet", (32, 32, 1), 3, blocks=blocks)


def test_fusion_has_the_weights_of_both_halves_and_listens_to_both():
    rng = np.random.default_rng(0)
    small = {"blocks": (1, 1, 1, 1)}
    both = models.build("fusion", ((4_000, 1), (32, 32, 1)), 3, **small)
    ear, eye = models.build("baseline-a-1d", (4_000, 1), 3), models.build("densenet", (32, 32, 1), 3, **small)
    halves = [tuple(weight.shape) for weight in (*ear.weights[:-4], *eye.weights[:-2])]  # without their dense layers
    assert sorted(tuple(weight.shape) for weight in both.weights[:-2]) == sorted(halves)
    wave, picture = rng.uniform(-1, 1, (2, 4_000, 1)), rng.integers(0, 256, (2, 32, 32, 1))
    answers = both.predict([wave, picture], verbose=0)
    assert not np.allclose(answers, both.predict([wave[::-1], picture], verbose=0))
    assert not np.allclose(answers, both.predict([wave, picture[::-1]], verbose=0))


def test_counts_are_those_of_the_model():
    counted = models.counts("baseline-a-1d", (4_000, 1), 3)
    model = models.build("baseline-a-1d", (4_000, 1), 3)
    assert counted["weights"] == model.count_params()
    assert counted["learnt"] == model.count_params() - 2 * (32 + 64 + 128 + 256 + 512)
    lengths, first = [], (4_000 - 32) // 4 + 1
    for kernel in (None, 16, 8, 4, 2):
        lengths.append(first if kernel is None else lengths[-1] // 4 - kernel + 1)
    taps = zip(lengths, (32, 16, 8, 4, 2), (1, 32, 64, 128, 256), (32, 64, 128, 256, 512), strict=True)
    assert counted["macs"] == sum(n * k * a * b for n, k, a, b in taps) + 1_024 * 150 + 150 * 3


@pytest.mark.parametrize("name", NETWORKS)
def test_network_is_functional_and_ends_in_probabilities(name, built):
    entry, model = models.architecture(name), built(name)
    assert type(model).__name__ == "Functional"  # Grad-CAM needs its graph
    rng = np.random.default_rng(0)
    several = isinstance(entry.input_shape[0], tuple)
    x = [rng.integers(0, 256, (2, *s)).astype("uint8") for s in (entry.input_shape if several else [entry.input_shape])]
    probabilities = model.predict(x if several else x[0], verbose=0)
    assert probabilities.shape == (2, entry.n_genres)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_techno_cnn_has_the_layers_of_the_listing():
    item = reports.item("techno/listing-cnn")
    table = models.structure("techno-cnn")
    printed = [layer["op"] for layer in item.values["layers"]]
    assert [layer.name for layer in table] == printed
    assert [layer.parameters for layer in table if layer.parameters] == item.derived["params_per_layer"]
    assert sum(layer.parameters for layer in models.structure("techno-cnn", n_genres=10)) == 8_484_106


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ("listing-1d-cnn-raw", "cnn-1d-waveform"),
        ("listing-2d-cnn", "cnn-cs464"),
        ("appendix-c", "cnn-cs464"),
        ("appendix-d", "cnn-cs464-keras"),
    ],
)
def test_networks_have_the_layers_that_the_report_prints(item, name):
    assert same_structure(reports.item(f"cs464-2020/{item}"), models.structure(name))


def test_the_derived_first_layer_leaves_the_printed_ones_as_they_are():
    item = reports.item("cs464-2020/listing-1d-cnn-mel")
    table = models.structure("cnn-1d-mel")
    weights = [layer.parameters for layer in table if layer.parameters]
    assert weights[1:] == item.derived["params_layers_2_to_5"]
    assert same_structure(item, table)
    assert not same_structure(item, [*table[:-1], table[-1]._replace(parameters=1011)])
    assert ("Flatten", (39_680,), 0) in table
    low, high = item.derived["layer_1_out_length_min"], item.derived["layer_1_out_length_max"]
    assert low <= table[1].output_shape[0] <= high


def test_the_lstm_lacks_only_the_second_bias_of_pytorch():
    item = reports.item("cs464-2020/listing-lstm")
    second_biases = 2 * 4 * item.value("hidden_size")
    total = sum(layer.parameters for layer in models.structure("lstm"))
    assert total + second_biases == item.derived["total_params"]


@pytest.mark.parametrize("steps", ["columns", "rows"])
def test_the_lstm_reads_the_picture_step_by_step(steps):
    model = models.build("lstm", (8, 12, 3), 2, steps=steps)
    picture = np.random.default_rng(0).integers(0, 256, (1, 8, 12, 3)).astype("float32")
    sequence = keras_layer_output(model, "reshape", picture)[0]
    expected = picture[0].transpose(1, 0, 2) if steps == "columns" else picture[0]
    np.testing.assert_allclose(sequence, expected.reshape(len(expected), -1) / 255, atol=1e-6)


@pytest.mark.parametrize("n_genres", [2, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_pixel_svm_is_scikit_learns_machine(n_genres, dtype):
    rng = np.random.default_rng(1)
    y = np.repeat(np.arange(n_genres), 12)
    x = rng.integers(0, 256, (len(y), 6, 9, 3)) + 25 * y[:, None, None, None]
    x = x.clip(0, 255).astype(np.uint8)
    flat = x.reshape(len(x), -1) / 255
    reference = SVC(C=100, gamma=2**-6, break_ties=n_genres > 2).fit(flat[::2], y[::2])
    images = x if dtype == np.uint8 else (x / 255).astype(np.float32)
    ours = models.build("svm-pixels", (6, 9, 3), n_genres, C=100, gamma=2**-6).fit(images[::2], y[::2])
    np.testing.assert_allclose(ours.decision_function(images), reference.decision_function(flat), atol=2e-3)
    np.testing.assert_array_equal(ours.predict(images), reference.predict(flat))
    probabilities = ours.predict_proba(images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), ours.predict(images))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_component_neighbours_are_scikit_learns_on_the_training_part_only(dtype):
    rng = np.random.default_rng(2)
    y = np.repeat(np.arange(3), 14)
    x = rng.integers(0, 200, (len(y), 6, 9, 3)) + 20 * y[:, None, None, None]
    images = x.astype(np.uint8) if dtype == np.uint8 else (x / 255).astype(dtype)
    flat = images.reshape(len(images), -1).astype(np.float64)
    voters = KNeighborsClassifier(4, weights="distance")
    reference = make_pipeline(PCA(2, svd_solver="full"), voters).fit(flat[::2], y[::2])
    ours = models.build("pca-neighbours", (6, 9, 3), 3, n_components=2, n_neighbors=4).fit(images[::2], y[::2])
    probabilities = ours.predict_proba(images[1::2])
    np.testing.assert_allclose(probabilities, reference.predict_proba(flat[1::2]), atol=1e-6)
    np.testing.assert_array_equal(ours.predict(images[1::2]), reference.predict(flat[1::2]))


def test_errors_say_what_was_expected():
    with pytest.raises(ParameterError, match=r"n_neighbors=9 must be from 1 to the 4"):
        models.build("pca-neighbours", (2, 2, 1), 2, n_neighbors=9).fit(np.zeros((4, 2, 2, 1)), np.array([0, 0, 1, 1]))
    with pytest.raises(ParameterError, match="show 1 genres, expected 2"):
        models.build("pca-neighbours", (2, 2, 1), 2, n_neighbors=1).fit(np.ones((2, 2, 2, 1)), np.array([0, 0]))
    with pytest.raises(ParameterError, match="did you mean 'techno-cnn'"):
        models.build("tecno-cnn", (128, 128, 1), 5)
    with pytest.raises(ParameterError, match="at least 2"):
        models.build("techno-cnn", (128, 128, 1), 1)
    with pytest.raises(ParameterError, match="3 positive dimensions"):
        models.build("techno-cnn", (128, 128), 5)
    with pytest.raises(ParameterError, match="C=-1"):
        models.build("svm-pixels", (2, 2, 1), 2, C=-1).fit(np.zeros((2, 2, 2, 1)), np.array([0, 1]))
    with pytest.raises(ParameterError, match="show 1 genres, expected 2"):
        models.build("svm-pixels", (2, 2, 1), 2).fit(np.zeros((2, 2, 2, 1)), np.array([0, 0]))
    with pytest.raises(ParameterError, match="do not fit a machine"):
        models.build("svm-pixels", (2, 2, 1), 2).fit(np.zeros((2, 3, 2, 1)), np.array([0, 1]))
    with pytest.raises(ParameterError, match="no network"):
        models.structure("svm-pixels")
