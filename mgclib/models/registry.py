"""The register of architectures: name, source in a report, expected size, and how to build one."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mgclib.errors import ParameterError, closest
from mgclib.models.backend import import_keras

__all__ = ["REGISTRY", "Architecture", "Layer", "architecture", "build", "structure"]


Shape = tuple[int, ...] | tuple[tuple[int, ...], ...]


class Layer(NamedTuple):
    """One row of a layer table: the name, the output shape without the batch, the parameters."""

    name: str
    output_shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class Architecture:
    """An entry of the register.

    Parameters
    ----------
    name : str
        Name for `build`.
    family : str
        ``classical`` (scikit-learn) or ``network`` (Keras).
    maker : str
        ``module:function`` below `mgclib.models`, called as ``maker(input_shape, n_genres, **options)``.
    report, section : str
        Where it is described.
    input_shape : tuple of int, or of such
        Input shape in the report, without the batch; small for backbones, which take any and whose reports name none.
        A shape for each input, where there are several.
    n_genres : int
        Number of classes in the report.
    parameters : int or None
        Trainable and other weights at that shape; None for models without a fixed count.
    summary : str
        One sentence.
    options : dict
        Settings of the maker that this name stands for.
    learnt : int or None
        Of `parameters` those that learn, where the report counts only them, as PyTorch does.
    """

    name: str
    family: str
    maker: str
    report: str
    section: str
    input_shape: Shape
    n_genres: int
    parameters: int | None
    summary: str
    options: dict[str, Any] = field(default_factory=dict)
    learnt: int | None = None


REGISTRY: dict[str, Architecture] = {
    entry.name: entry
    for entry in (
        Architecture(
            name="svm-pixels",
            family="classical",
            maker="classical:PixelSVM",
            report="cs464-2020",
            section="2.6, 3.5",
            input_shape=(120, 360, 3),
            n_genres=10,
            parameters=None,
            summary="Support vector machine with an RBF kernel on the pixels of mel images (C = 100, gamma = 2^-14).",
        ),
        Architecture(
            name="pca-neighbours",
            family="classical",
            maker="classical:ComponentNeighbours",
            report="cs464-2020",
            section="2.1, 3 (figure 1)",
            input_shape=(400, 400, 3),
            n_genres=10,
            parameters=None,
            summary="Five nearest neighbours on the first three principal components of mel images; the vote is ours.",
        ),
        Architecture(
            name="feature-svm",
            family="classical",
            maker="classical:FeatureSVM",
            report="techno",
            section="1st Approach",
            input_shape=(221,),
            n_genres=5,
            parameters=None,
            summary="Support vector machine with an RBF kernel on standardised summary features.",
        ),
        Architecture(
            name="xgboost",
            family="classical",
            maker="boosted:XGBoost",
            report="techno",
            section="1st Approach",
            input_shape=(221,),
            n_genres=5,
            parameters=None,
            summary="Gradient-boosted trees, grown level by level, on summary features.",
        ),
        Architecture(
            name="lightgbm",
            family="classical",
            maker="boosted:LightGBM",
            report="techno",
            section="1st Approach",
            input_shape=(221,),
            n_genres=5,
            parameters=None,
            summary="Gradient-boosted trees, grown leaf by leaf, on summary features.",
        ),
        Architecture(
            name="techno-cnn",
            family="network",
            maker="conv2d:techno_cnn",
            report="techno",
            section="Best Architecture",
            input_shape=(128, 128, 1),
            n_genres=5,
            parameters=8_482_821,
            summary="Three 3×3 convolutions (32, 64, 128) with pooling, one dense layer of 256, dropout 0.5.",
        ),
        Architecture(
            name="cnn-1d-waveform",
            family="network",
            maker="conv1d:waveform_cnn",
            report="cs464-2020",
            section="2.2",
            input_shape=(551250, 1),
            n_genres=10,
            parameters=16_215_082,
            summary="Four convolutions over 25 seconds of samples, two dense layers.",
        ),
        Architecture(
            name="cnn-1d-mel",
            family="network",
            maker="conv1d:mel_cnn",
            report="cs464-2020",
            section="2.3",
            input_shape=(400, 400, 3),
            n_genres=10,
            parameters=3_991_214,
            summary="Three convolutions over the pixels of a mel image in a row; layer 1 is derived.",
        ),
        Architecture(
            name="cnn-cs464",
            family="network",
            maker="conv2d:cs464_cnn",
            report="cs464-2020",
            section="2.4, appendix C",
            input_shape=(400, 400, 3),
            n_genres=10,
            parameters=4_432_418,
            summary="Four 3×3 convolutions of 16 channels with dropout, two dense layers.",
        ),
        Architecture(
            name="cnn-cs464-keras",
            family="network",
            maker="conv2d:cs464_keras_cnn",
            report="cs464-2020",
            section="appendix D",
            input_shape=(400, 1000, 3),
            n_genres=10,
            parameters=43_273_058,
            summary="Four convolutions and a dense layer of 1024; the report prints its summary only.",
        ),
        Architecture(
            name="lstm",
            family="network",
            maker="recurrent:lstm",
            report="cs464-2020",
            section="2.5",
            input_shape=(400, 400, 3),
            n_genres=10,
            parameters=3_847_210,
            summary="Two LSTM layers of 400 over the columns of a mel image.",
        ),
        Architecture(
            name="agh-first",
            family="network",
            maker="conv2d:agh_first_cnn",
            report="agh-2023",
            section="First Results – huge overfitting",
            input_shape=(64, 1024, 1),
            n_genres=10,
            parameters=1_073_290,
            summary="Three 3×3 convolutions and a dense layer of 128; not stated in the report, the network is ours.",
        ),
        Architecture(
            name="gap-cnn",
            family="network",
            maker="conv2d:gap_cnn",
            report="agh-2023",
            section="CAM Visualization",
            input_shape=(64, 1024, 1),
            n_genres=10,
            parameters=99_162,
            summary="Four 3×3 convolutions with batch normalisation, then global average pooling; the network is ours.",
        ),
        Architecture(
            name="choi-cnn",
            family="network",
            maker="conv2d:choi_cnn",
            report="zewail-2022",
            section="3.1, 4.1, 4.2",
            input_shape=(96, 1366, 1),
            n_genres=10,
            parameters=446_154,
            summary="Five 3×3 convolutions with pooling down to one point; widths as in the paper's published code.",
        ),
        Architecture(
            name="baseline-a-1d",
            family="network",
            maker="conv1d:pooled_waveform_cnn",
            report="fma-densenet",
            section="Architectures (2), Backup slides",
            input_shape=(480000, 1),
            n_genres=8,
            parameters=652_462,
            learnt=650_478,
            summary="Five convolutions over the waveform, pooled over time; ours, the report prints 645,080 weights.",
        ),
        Architecture(
            name="baseline-a-2d",
            family="network",
            maker="conv2d:column_cnn",
            report="fma-densenet",
            section="Architectures (2), Backup slides",
            input_shape=(513, 128, 1),
            n_genres=8,
            parameters=662_082,
            learnt=661_058,
            summary="Convolutions over whole columns, then along time, with poolings; derived from the printed count.",
        ),
        Architecture(
            name="baseline-b",
            family="network",
            maker="conv2d:column_cnn",
            report="fma-densenet",
            section="Architectures (2), Backup slides",
            input_shape=(513, 128, 1),
            n_genres=8,
            parameters=1_253_698,
            learnt=1_252_162,
            summary="Convolutions over whole columns, then a residual block; derived from the printed count.",
            options={"filters": (256, 256, 256), "residual": True},
        ),
        Architecture(
            name="densenet",
            family="network",
            maker="conv2d:densenet",
            report="fma-densenet",
            section="Architectures (3) - DenseNet",
            input_shape=(128, 128, 1),
            n_genres=8,
            parameters=7_039_432,
            learnt=6_955_784,
            summary="DenseNet121 from scratch on one channel, with one linear layer.",
        ),
        Architecture(
            name="fusion",
            family="network",
            maker="fusion:fusion_net",
            report="fma-densenet",
            section="Architectures (4) - FusionNet",
            input_shape=((480000, 1), (128, 128, 1)),
            n_genres=8,
            parameters=7_545_128,
            learnt=7_459_496,
            summary="Baseline A (1D) beside DenseNet, one linear layer on both; the report prints 7,542,552 weights.",
        ),
        Architecture(
            name="softmax-head",
            family="network",
            maker="head:softmax_head",
            report="zewail-2022",
            section="3.3",
            input_shape=(1280,),
            n_genres=10,
            parameters=12_810,
            summary="One softmax layer on the features of a frozen backbone.",
        ),
        Architecture(
            name="efficientnetb0",
            family="network",
            maker="transfer:backbone_cnn",
            report="zewail-2022",
            section="3.4, 4.4 to 4.6",
            input_shape=(96, 96, 3),
            n_genres=10,
            parameters=4_062_381,
            summary="EfficientNetB0, the report's best; also the AGH report's first large network.",
            options={"backbone": "EfficientNetB0"},
        ),
        Architecture(
            name="inceptionv3",
            family="network",
            maker="transfer:backbone_cnn",
            report="zewail-2022",
            section="3.4, 4.3",
            input_shape=(96, 96, 3),
            n_genres=10,
            parameters=21_823_274,
            summary="InceptionV3, the report's second.",
            options={"backbone": "InceptionV3"},
        ),
        Architecture(
            name="mobilenetv2",
            family="network",
            maker="transfer:backbone_cnn",
            report="zewail-2022",
            section="3.4",
            input_shape=(96, 96, 3),
            n_genres=10,
            parameters=2_270_794,
            summary="MobileNetV2, a candidate that was dropped for a lower validation accuracy.",
            options={"backbone": "MobileNetV2"},
        ),
        Architecture(
            name="resnet152v2",
            family="network",
            maker="transfer:backbone_cnn",
            report="zewail-2022",
            section="3.4",
            input_shape=(96, 96, 3),
            n_genres=10,
            parameters=58_352_138,
            summary="ResNet152V2, a candidate that was dropped because an epoch took too long.",
            options={"backbone": "ResNet152V2"},
        ),
        Architecture(
            name="resnet50",
            family="network",
            maker="transfer:backbone_cnn",
            report="agh-2023",
            section="ResNet",
            input_shape=(96, 96, 3),
            n_genres=10,
            parameters=23_608_202,
            summary="ResNet with 50 layers; the slides do not say how many theirs has.",
            options={"backbone": "ResNet50"},
        ),
        Architecture(
            name="densenet121",
            family="network",
            maker="transfer:backbone_cnn",
            report="fma-densenet",
            section="Models",
            input_shape=(96, 96, 3),
            n_genres=10,
            parameters=7_047_754,
            summary="DenseNet121 on pictures of three colours.",
            options={"backbone": "DenseNet121"},
        ),
        Architecture(
            name="mobilenet",
            family="network",
            maker="transfer:backbone_cnn",
            report="zewail-2022",
            section="3.4",
            input_shape=(96, 96, 3),
            n_genres=10,
            parameters=3_239_114,
            summary="MobileNet, ours: the smallest backbone, for a machine without a GPU.",
            options={"backbone": "MobileNet"},
        ),
    )
}


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
    return [
        Layer(layer.__class__.__name__, tuple(layer.output.shape[1:]), _weights(layer, learnt=entry.learnt is not None))
        for layer in model.layers
        if layer.__class__.__name__ not in ("InputLayer", "Rescaling", "Reshape", "Permute", "Activation")
    ]


def _weights(layer: Any, *, learnt: bool) -> int:
    return sum(math.prod(weight.shape) for weight in (layer.trainable_weights if learnt else layer.weights))
