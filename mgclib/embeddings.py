"""Features from a network that was trained on something else: what it makes of a picture, pooled to one row.

Source: Zewail report, section 3.3 ("Using the network to extract features"). Notebook: ``transfer``.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mgclib import store
from mgclib.errors import ParameterError
from mgclib.features import check_integer, crops
from mgclib.inputs import Inputs, MelPictures
from mgclib.models.backend import import_keras

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset

__all__ = ["BackboneFeatures", "weights_named"]


def weights_named(weights: str | os.PathLike[str] | None) -> str | None:
    """Return what tells weights apart: ``imagenet``, or name and hash of a file; None for none.

    Notes
    -----
    A path says where a file lies on one machine; this says which it is on all of them.
    """
    if weights is None or str(weights) == "imagenet":
        return weights and str(weights)
    file = Path(weights).expanduser()
    if not file.is_file():
        raise ParameterError(
            f"weights={str(weights)!r}: there is no such file; name one, or 'imagenet', or leave them out for none"
        )
    return f"{file.name} (sha256 {hashlib.sha256(file.read_bytes()).hexdigest()[:12]})"


@dataclasses.dataclass(frozen=True)
class BackboneFeatures(Inputs):
    """A clip's picture through a backbone with fixed weights: the mean over place and crops of its last maps.

    Computed once per clip and kept in the feature store: a classifier on them trains in seconds.

    Parameters
    ----------
    pictures : MelPictures
        The picture of a whole clip.
    backbone : str
        A name of `mgclib.models.transfer.BACKBONES`.
    weights : str or None
        ``imagenet``, a file, or None: drawn at random with the seed 0, always the same.
    alpha : float or None
        Width of MobileNet and MobileNetV2.
    crops : int >= 1
        Pieces that a picture is cut into, square where there are several; 1: the picture as it is.
    """

    kind: ClassVar[str] = "backbone-features"

    pictures: MelPictures
    backbone: str
    weights: str | None = None
    alpha: float | None = None
    crops: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.pictures, Mapping):
            self._put("pictures", MelPictures.from_dict({k: v for k, v in self.pictures.items() if k != "kind"}))
        self._put("crops", check_integer("crops", self.crops, 1))

    @property
    def picture(self) -> tuple[int, int, int]:
        """Shape of what the backbone is shown : (height, width, channels)."""
        side = self.pictures.height if self.crops > 1 else self.pictures.width
        return (self.pictures.height, side, self.pictures.channels)

    def network(self) -> Any:
        """Return the backbone, pictures to features : keras.Model."""
        keras = import_keras()
        from mgclib.models import transfer

        keras.utils.set_random_seed(0)
        keras.mixed_precision.set_dtype_policy("float32")
        options = {"backbone": self.backbone, "weights": self.weights, "alpha": self.alpha}
        model = transfer.backbone_cnn(self.picture, 2, **options)
        return transfer.halves(model if model.pretrained else transfer.settle(model))[0]

    def of(self, dataset: Dataset, **kept: Any) -> np.ndarray:
        """Return features : np.ndarray [shape=(n_clips, n_features), float32], a memory map.

        Raises
        ------
        ParameterError
            For an unknown backbone, or weights that are not there or do not fit.
        """
        rows = {clip_id: number for number, clip_id in enumerate(dataset.clips.index)}
        shown = functools.cache(lambda: (self.network(), self.pictures.of(dataset, **kept)))

        def row(clip_id: str, *_: Any) -> np.ndarray:
            network, pictures = shown()
            picture = pictures[[rows[clip_id]]]
            pieces = crops(picture, self.crops, self.picture[1])[0] if self.crops > 1 else picture
            return np.asarray(network.predict_on_batch(pieces), np.float32).mean(axis=0)

        named = dataclasses.replace(self, weights=weights_named(self.weights))
        code = store.row_code("embeddings", "models/transfer")
        versions = {"keras": importlib.metadata.version("keras"), "code": code}
        what = {"kind": self.kind, "key": named.key, "spec": named.to_dict(), "extracted_with": versions}
        return store.stored(dataset, what, (self.n_features,), row, **{**kept, "jobs": 1})

    @property
    def n_features(self) -> int:
        """Numbers per clip."""
        import_keras()
        from mgclib.models import transfer

        full = transfer.known(self.backbone, self.alpha).features
        return int(full * (self.alpha or 1.0)) if self.backbone == "MobileNet" else full
