"""Every architecture of the reports: where it is described, how large it must be, and what makes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["REGISTRY", "Architecture", "Shape"]

Shape = tuple[int, ...] | tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Architecture:
    """An entry of the register.

    Parameters
    ----------
    name : str
        Name for `build`.
    maker : str
        ``module:function`` below `mgclib.models`, called as ``maker(input_shape, n_genres, **options)``.
    report : str or None
        The report that describes it; None: ours.
    section : str
        Where in the report, or which of our pages.
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
    family : str
        ``classical`` (scikit-learn) or ``network`` (Keras).
    """

    name: str
    maker: str
    report: str | None
    section: str
    input_shape: Shape
    n_genres: int
    parameters: int | None
    summary: str
    options: dict[str, Any] = field(default_factory=dict)
    learnt: int | None = None
    family: str = "network"


def _backbone(
    name: str, parameters: int, summary: str, *, report: str = "zewail-2022", section: str = "3.4"
) -> Architecture:
    """Return the entry of a backbone of `mgclib.models.transfer` at 96 × 96 pixels."""
    return Architecture(
        name=name.lower(),
        maker="transfer:backbone_cnn",
        report=report,
        section=section,
        input_shape=(96, 96, 3),
        n_genres=10,
        parameters=parameters,
        summary=summary,
        options={"backbone": name},
    )


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
            maker="densenet:densenet",
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
            maker="head:softmax_head",
            report="zewail-2022",
            section="3.3",
            input_shape=(1280,),
            n_genres=10,
            parameters=12_810,
            summary="One softmax layer on the features of a frozen backbone.",
        ),
        _backbone(
            "EfficientNetB0",
            4_062_381,
            "EfficientNetB0, the report's best; also the AGH report's first large network.",
            report="zewail-2022",
            section="3.4, 4.4 to 4.6",
        ),
        _backbone(
            "InceptionV3",
            21_823_274,
            "InceptionV3, the report's second.",
            report="zewail-2022",
            section="3.4, 4.3",
        ),
        _backbone(
            "MobileNetV2",
            2_270_794,
            "MobileNetV2, a candidate that was dropped for a lower validation accuracy.",
            report="zewail-2022",
            section="3.4",
        ),
        _backbone(
            "ResNet152V2",
            58_352_138,
            "ResNet152V2, a candidate that was dropped because an epoch took too long.",
            report="zewail-2022",
            section="3.4",
        ),
        _backbone(
            "ResNet50",
            23_608_202,
            "ResNet with 50 layers; the slides do not say how many theirs has.",
            report="agh-2023",
            section="ResNet",
        ),
        _backbone(
            "DenseNet121",
            7_047_754,
            "DenseNet121 on pictures of three colours.",
            report="fma-densenet",
            section="Models",
        ),
        _backbone(
            "MobileNet",
            3_239_114,
            "MobileNet, ours: the smallest backbone, for a machine without a GPU.",
            report="zewail-2022",
            section="3.4",
        ),
        Architecture(
            name="covariances",
            family="classical",
            maker="covariance:CovarianceClassifier",
            report=None,
            section="best-recipe",
            input_shape=(128, 387, 1),
            n_genres=10,
            parameters=None,
            summary="Logistic regression on the log-Euclidean covariances of cepstra and their changes.",
        ),
        Architecture(
            name="recipe-cnn",
            maker="conv2d:recipe_cnn",
            report=None,
            section="best-recipe",
            input_shape=(128, 128, 1),
            n_genres=10,
            parameters=294_874,
            summary="Seven small convolutions in four stages, then mean and maximum over time.",
        ),
    )
}
