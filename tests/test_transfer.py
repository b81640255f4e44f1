"""Backbones: fed as Keras feeds them, frozen as told, and side by side in their settings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mgclib as mgc
from mgclib import models
from mgclib.embeddings import BackboneFeatures, weights_named
from mgclib.ensemble import members, side_by_side
from mgclib.errors import ParameterError
from mgclib.features import crops
from mgclib.models.backend import import_keras
from mgclib.networks import FineTuning, KerasClassifier, Training

BACKBONES = ("EfficientNetB0", "InceptionV3", "MobileNetV2", "ResNet152V2", "ResNet50", "DenseNet121", "MobileNet")
PREPROCESS = {
    "EfficientNetB0": "efficientnet",
    "InceptionV3": "inception_v3",
    "MobileNetV2": "mobilenet_v2",
    "ResNet152V2": "resnet_v2",
    "ResNet50": "resnet",
    "DenseNet121": "densenet",
    "MobileNet": "mobilenet",
}

SHAPE = (75, 76, 3)


@pytest.fixture(scope="module")
def keras():
    found = import_keras()
    found.mixed_precision.set_dtype_policy("float32")
    return found


@pytest.fixture
def downloaded(monkeypatch, tmp_path):
    """Let Keras' downloads find a file of ours, with random weights; return where it lies."""
    from keras.src.applications import efficientnet, imagenet_utils  # noqa: F401

    def give(reference):
        path = tmp_path / "download.weights.h5"
        reference.save_weights(path)
        monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(path))
        return path

    return give


def features(model, x):
    from mgclib.models import transfer

    return np.asarray(transfer.halves(model)[0](x, training=False))


def stirred(model, seed=0):
    """Give a network weights that are not its first ones, batch normalisation too."""
    rng = np.random.default_rng(seed)
    model.set_weights([w + 0.02 * rng.random(w.shape).astype(w.dtype) for w in model.get_weights()])
    for layer in model.layers:
        if type(layer).__name__ == "Normalization":  # as in Keras' download of EfficientNet: deviation as variance
            layer.set_weights([np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]), np.array(1)])
            layer.finalize_state()
    return model


@pytest.mark.parametrize("name", BACKBONES)
def test_a_backbone_is_fed_as_keras_feeds_it(name, keras, downloaded):
    application = getattr(keras.applications, name)
    path = downloaded(stirred(application(include_top=False, weights=None, input_shape=SHAPE)))
    reference = application(include_top=False, weights="imagenet", input_shape=SHAPE)
    x = np.random.default_rng(1).integers(0, 256, (1, *SHAPE)).astype(np.float32)
    prepared = getattr(keras.applications, PREPROCESS[name]).preprocess_input(x.copy())
    expected = np.asarray(reference(prepared, training=False)).mean(axis=(1, 2))
    for weights in (str(path), "imagenet"):
        ours = models.build(name.lower(), SHAPE, 4, weights=weights)
        found = features(ours, x)
        assert found.shape[1] == mgc.models.transfer.known(name).features
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max())


def test_a_grey_picture_is_the_same_picture_in_three_colours(keras):
    keras.utils.set_random_seed(0)
    grey = models.build("mobilenet", (32, 40, 1), 3, alpha=0.25)
    colour = models.build("mobilenet", (32, 40, 3), 3, alpha=0.25)
    colour.set_weights(grey.get_weights())
    x = np.random.default_rng(0).integers(0, 256, (2, 32, 40, 1)).astype(np.float32)
    np.testing.assert_allclose(features(grey, x), features(colour, np.repeat(x, 3, axis=3)), rtol=1e-5)


def test_unfreezing_counts_from_the_end_and_leaves_learned_batch_normalisation_alone(keras, tmp_path):
    from mgclib.models import transfer

    body = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.25)
    path = tmp_path / "mobilenet.weights.h5"
    body.save_weights(path)
    model = models.build("mobilenet", (32, 32, 3), 3, alpha=0.25, weights=path)
    names = [layer.name for layer in body.layers[1:]]
    assert list(model.backbone_layers) == names
    transfer.unfreeze(model, 0)
    assert len(model.trainable_weights) == 2  # kernel and bias of the head
    transfer.unfreeze(model, 6)
    learning = {layer.name for layer in model.layers if layer.trainable_weights}
    normal = {layer.name for layer in model.layers if type(layer).__name__ == "BatchNormalization"}
    weighty = {layer.name for layer in body.layers if layer.weights}
    assert learning - {model.layers[-1].name} == (set(names[-6:]) & weighty) - normal
    transfer.unfreeze(model, None)
    assert {layer.name for layer in model.layers if layer.trainable_weights} & normal == set()
    scratch = models.build("mobilenet", (32, 32, 3), 3, alpha=0.25)
    transfer.unfreeze(scratch, None)
    assert {layer.name for layer in scratch.layers if layer.trainable_weights} & normal == normal


def test_a_random_backbone_lets_pictures_through_once_it_is_settled(keras):
    from mgclib.models import transfer

    keras.utils.set_random_seed(0)
    model = models.build("mobilenet", (64, 64, 3), 3, alpha=0.25)
    x = np.random.default_rng(1).integers(0, 256, (4, 64, 64, 3)).astype(np.float32)
    before = features(model, x).std(axis=0).mean()
    weights = {layer.name: [np.asarray(w) for w in layer.trainable_weights] for layer in model.layers}
    found = features(transfer.settle(transfer.unfreeze(model, 0)), x)
    transfer.unfreeze(model)
    assert found.std(axis=0).mean() > 100 * before
    for layer in model.layers:
        for old, new in zip(weights[layer.name], layer.trainable_weights, strict=True):
            np.testing.assert_array_equal(old, np.asarray(new))
    again = models.build("mobilenet", (64, 64, 3), 3, alpha=0.25)
    again.set_weights(model.get_weights())
    transfer.unfreeze(again, 0)
    np.testing.assert_allclose(features(transfer.settle(again), x), found, rtol=1e-4, atol=1e-5)


def test_both_halves_together_are_the_network(keras):
    from mgclib.models import transfer

    model = models.build("mobilenet", (32, 32, 3), 3, alpha=0.25)
    x = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.float32)
    backbone, head = transfer.halves(model)
    together = np.asarray(head(backbone(x, training=False), training=False))
    np.testing.assert_allclose(together, np.asarray(model(x, training=False)), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"weights": "nowhere/weights.h5"}, "there is no such file.*MobileNet without top"),
        ({"alpha": 0.25, "dropout": 0.1, "weights": __file__}, "do not fit MobileNet .alpha 0.25. without top"),
    ],
)
def test_weights_that_cannot_be_used_are_told(options, said, keras):
    with pytest.raises(ParameterError, match=said) as told:
        models.build("mobilenet", (32, 32, 3), 3, **options)
    assert "\n" not in str(told.value)


def test_without_a_network_the_error_says_which_file_to_put_where(keras, monkeypatch, tmp_path):
    def refuse(fname, origin, **_):
        raise Exception(f"URL fetch failure on {origin}: None -- no network")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", refuse)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(ParameterError, match=r"put mobilenet_7_5_224_tf_no_top\.h5 into .*models.*weights=FILE"):
        models.build("mobilenet", (32, 32, 3), 3, alpha=0.75, weights="imagenet")


def test_wrong_names_and_shapes_are_refused():
    with pytest.raises(ParameterError, match="at least 75"):
        models.build("inceptionv3", (64, 64, 3), 3)
    with pytest.raises(ParameterError, match="did you mean 'MobileNet'"):
        mgc.models.transfer.known("Mobilenet")
    with pytest.raises(ParameterError, match="alpha is for MobileNetV2, MobileNet"):
        mgc.models.transfer.known("ResNet50", 0.5)


def test_multiplications_by_hand_and_as_published(keras):
    from mgclib.models.cost import macs

    layers = keras.layers
    inputs = keras.Input((10, 8, 3))
    x = layers.Conv2D(4, (3, 2), strides=2, padding="same")(inputs)  # 5*4 points * 3*2*3*4
    x = layers.DepthwiseConv2D(3, padding="same")(x)  # 5*4*4 points * 9
    x = layers.Dense(5)(layers.Flatten()(x))  # 80 * 5
    assert macs(keras.Model(inputs, x)) == 20 * 72 + 80 * 9 + 400
    steps = keras.Input((7, 3))
    assert macs(keras.Model(steps, layers.LSTM(5)(steps))) == 7 * 4 * 5 * (3 + 5)
    mobilenet = models.build("mobilenet", (224, 224, 3), 1000)
    assert macs(mobilenet) / 1e6 == pytest.approx(569, abs=1)  # Howard et al. 2017, table 4


@pytest.fixture(scope="module")
def striped():
    """Pictures with a stripe at a height that tells the class."""
    rng = np.random.default_rng(0)
    y = np.tile(np.arange(3), 16)
    x = rng.integers(0, 60, (48, 32, 32, 3))
    for row, label in enumerate(y):
        x[row, 10 * label : 10 * label + 6] += 150
    return x.astype(np.uint8), y


@pytest.fixture(scope="module")
def pretrained(keras, tmp_path_factory):
    """A file of weights with which something comes out of the backbone; random ones die away in inference mode."""
    body = keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.25)
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    stirred(body).save_weights(path)
    return {"alpha": 0.25, "weights": str(path)}


def test_a_frozen_backbone_stays_as_it_was_while_the_head_learns(striped, pretrained, keras):
    head = Training(3, batch_size=16, precision="float32")
    keras.utils.set_random_seed(0)
    fresh = models.build("mobilenet", (32, 32, 3), 3, **pretrained)
    frozen = KerasClassifier("mobilenet", 3, head, 0, pretrained, False, frozen=True).fit(*striped)
    for name in fresh.backbone_layers:
        for before, after in zip(fresh.get_layer(name).weights, frozen.model.get_layer(name).weights, strict=True):
            np.testing.assert_array_equal(np.asarray(before), np.asarray(after))
    assert not np.allclose(fresh.layers[-1].get_weights()[0], frozen.model.layers[-1].get_weights()[0])


def test_fine_tuning_counts_epochs_on_and_a_phase_that_only_spoils_does_not_count(striped, pretrained):
    x, y = striped
    held_out = (x[36:], y[36:])
    head = Training(2, batch_size=16, precision="float32")
    wild = FineTuning(Training(1, optimizer="sgd", learning_rate=100.0, precision="float32"))
    one = KerasClassifier("mobilenet", 3, head, 0, pretrained, False, frozen=True)
    two = KerasClassifier("mobilenet", 3, head, 0, pretrained, False, fine_tuning=wild, frozen=True)
    one.fit(x[:36], y[:36], validation=held_out)
    two.fit(x[:36], y[:36], validation=held_out)
    assert two.history["epoch"].tolist() == [1, 2, 3]
    assert two.history["phase"].tolist() == [1, 1, 2]
    assert two.history["best"].tolist() == [*one.history["best"], False]
    np.testing.assert_allclose(two.predict_proba(x[36:]), one.predict_proba(x[36:]), atol=1e-6)


def test_fine_tuning_without_a_frozen_phase_or_a_backbone_is_refused(striped):
    with pytest.raises(ParameterError, match="frozen=True"):
        KerasClassifier("mobilenet", 3, fine_tuning=FineTuning(Training()))
    with pytest.raises(ParameterError, match="no backbone"):
        KerasClassifier("techno-cnn", 3, Training(1), 0, verbose=False, frozen=True).fit(*striped)


def test_train_mode_and_inference_mode_agree_after_training_from_scratch(striped, keras):
    x, y = striped
    training = Training(20, batch_size=8, monitor=None, precision="float32")
    classifier = KerasClassifier("mobilenet", 3, training, 0, {"alpha": 0.25, "dropout": 0.0}, False).fit(x, y)
    said = np.asarray(classifier.model(x.astype(np.float32), training=True)).argmax(axis=1)
    assert (said == y).mean() > 0.6
    assert abs((classifier.predict_proba(x).argmax(axis=1) == y).mean() - (said == y).mean()) < 0.1


def test_crops_cover_the_picture_from_end_to_end():
    pictures = np.arange(20).reshape(1, 1, 20, 1)
    found = crops(pictures, 3, 8)
    assert found[0, :, 0, :, 0].tolist() == [list(range(8)), list(range(6, 14)), list(range(12, 20))]
    with pytest.raises(ParameterError, match="21 columns does not fit pictures of 20"):
        crops(pictures, 2, 21)


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    options = {"family": "techno", "tracks_per_genre": 4, "clips_per_track": 1, "clip_seconds": 2.0}
    return mgc.datasets.load("synthetic", tmp_path_factory.mktemp("music"), **options)


def test_stored_features_are_the_backbones(music, tmp_path, keras):
    pictures = mgc.inputs.MelPictures(32, 64, channels=3)
    recipe = BackboneFeatures(pictures, "MobileNet", alpha=0.25, crops=3)
    stored = recipe.of(music, root=tmp_path, progress=False)
    assert stored.shape == (len(music), 256)
    pieces = crops(pictures.of(music, root=tmp_path, progress=False)[[5]], 3, 32)[0]
    np.testing.assert_allclose(stored[5], np.asarray(recipe.network()(pieces)).mean(axis=0), rtol=1e-3, atol=1e-5)
    assert mgc.inputs.from_dict(recipe.to_dict()) == recipe
    before = sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("array.npy"))
    recipe.of(music, root=tmp_path, progress=False)
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("array.npy")) == before


def test_weights_are_named_by_content_not_by_place(tmp_path):
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "w.h5").write_bytes(b"weights")
    named = {weights_named(tmp_path / folder / "w.h5") for folder in ("here", "there")}
    assert len(named) == 1
    assert str(tmp_path) not in named.pop()
    assert weights_named("imagenet") == "imagenet"
    assert weights_named(None) is None


def test_settings_are_run_on_the_same_clips_and_kept_apart(music, tmp_path, monkeypatch):
    monkeypatch.setenv("MGC_DATA", str(tmp_path / "data"))
    pictures = mgc.inputs.MelPictures(32, 32, channels=3)
    one = Training(1, batch_size=8, precision="float32")
    transfer = mgc.transfer_learning.Transfer("MobileNet", None, pictures, pictures, one, one, alpha=0.25, draws=1)
    names = ["frozen, SVM", "frozen, softmax", "unfreeze all"]
    how = {"protocol": "stratified", "sizes": (0.5, 0.25, 0.25), "seeds": [0], "checkpoint_dir": tmp_path / "seeds"}
    result = transfer.run(music, names, main="unfreeze all", **how)
    found = members(result)
    assert list(found) == names
    assert found["unfreeze all"].history["phase"].tolist() == [1, 2]
    assert found["frozen, SVM"].history.empty
    pd.testing.assert_frame_equal(found["unfreeze all"].predictions, result.predictions)
    result.save(tmp_path / "kept")
    again = mgc.results.Result.load(tmp_path / "kept")
    assert members(again)["frozen, softmax"].history["phase"].tolist() == [1]
    table = mgc.transfer_learning.by_setting(again)
    assert table.loc["frozen, SVM", "best epoch"] == ""
    stamp = (tmp_path / "seeds" / "unfreeze-all" / "seed-0" / "result.json").stat().st_mtime_ns
    transfer.run(music, names, main="unfreeze all", **how)
    assert (tmp_path / "seeds" / "unfreeze-all" / "seed-0" / "result.json").stat().st_mtime_ns == stamp
    with pytest.raises(ParameterError, match="main='no'"):
        side_by_side({"a": result}, "no")


def test_cost_tells_what_learns(keras):
    table = mgc.transfer_learning.cost(["MobileNet"], (16, 64, 3), alpha=0.25)
    row = table.loc["MobileNet"]
    assert table.attrs["picture"] == (32, 64, 3)
    assert row["unfreeze 0"] == 256 * 10 + 10
    assert row["unfreeze 0"] < row["unfreeze 100"] == row["unfreeze all"] < row["parameters"]
