"""Transfer learning: one backbone in several settings, from frozen features to fine-tuning, side by side.

Source: Zewail report, sections 3.3 to 4.6. Notebook: ``transfer``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from mgclib import models
from mgclib.ablation import run_conditions
from mgclib.embeddings import BackboneFeatures, weights_named
from mgclib.ensemble import members
from mgclib.errors import ParameterError
from mgclib.inputs import MelPictures
from mgclib.models.backend import import_keras
from mgclib.networks import FineTuning, KerasClassifier, Training
from mgclib.results import Result
from mgclib.tuning import TunedClassifier

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset

__all__ = ["SETTINGS", "Transfer", "by_setting", "cost"]

SETTINGS = {
    "frozen, SVM": "features of the frozen backbone, then a support vector machine tuned inside the training part",
    "frozen, softmax": "features of the frozen backbone, then one softmax layer",
    "crops, SVM": "the same from square pieces of a taller picture, averaged over the pieces, then the SVM",
    "crops, softmax": "the same from square pieces of a taller picture, averaged over the pieces, then softmax",
    "unfreeze 100": "the head first, then the last 100 layers as well",
    "unfreeze all": "the head first, then all layers",
    "all at once": "all layers from the first step, batch normalisation too",
    "no transfer": "the same network, from random weights",
}
"""Settings by name: what learns from what."""

FROZEN = ("frozen, SVM", "frozen, softmax", "crops, SVM", "crops, softmax")
TRAINED = {"unfreeze 100": 100, "unfreeze all": None}


@dataclass(frozen=True)
class Transfer:
    """A backbone, and how its settings are trained.

    Parameters
    ----------
    backbone : str
        A name of `mgclib.models.transfer.BACKBONES`.
    weights : str or None
        ``imagenet``, a file, or None for random ones.
    pictures : MelPictures
        What the backbone is shown.
    crop_pictures : MelPictures
        The taller picture that square pieces are cut from.
    head, fine : Training
        For the head (and for settings that train everything at once), and for fine-tuning.
    alpha : float or None
        Width of MobileNet and MobileNetV2.
    crops : int >= 2
        Pieces of the taller picture.
    draws : int >= 1
        Settings that the search for the SVM tries.
    dropout : float in [0, 1)
        On the features.
    """

    backbone: str
    weights: str | None
    pictures: MelPictures
    crop_pictures: MelPictures
    head: Training
    fine: Training
    alpha: float | None = None
    crops: int = 5
    draws: int = 12
    dropout: float = 0.2

    @property
    def picture(self) -> tuple[int, int, int]:
        """Shape of a picture : (height, width, channels)."""
        return (self.pictures.height, self.pictures.width, self.pictures.channels)

    @property
    def told(self) -> dict[str, Any]:
        """What a result should say of its training : dict that JSON can hold."""
        phases = {"head": asdict(self.head), "fine": asdict(self.fine)}
        return {**phases, "crops": self.crops, "dropout": self.dropout, "facts": {"optimizer": self.head.optimizer}}

    def features(self, setting: str) -> BackboneFeatures:
        """Return the recipe of the features of a frozen setting."""
        cut = setting.startswith("crops")
        pictures = self.crop_pictures if cut else self.pictures
        return BackboneFeatures(pictures, self.backbone, self.weights, self.alpha, self.crops if cut else 1)

    def classifier(self, setting: str, n_genres: int, seed: int) -> Any:
        """Return a fresh classifier of a setting, one with ``fit`` and ``predict_proba``.

        Raises
        ------
        ParameterError
            For an unknown setting.
        """
        if setting not in SETTINGS:
            raise ParameterError(f"setting={setting!r} must be one of {', '.join(SETTINGS)}")
        if setting.endswith("SVM"):
            shape = (self.features(setting).n_features,)
            return TunedClassifier("feature-svm", shape, n_genres, draws=self.draws, seed=seed)
        if setting in FROZEN:
            return KerasClassifier("softmax-head", n_genres, self.head, seed, {"dropout": self.dropout})
        options = {"weights": None if setting == "no transfer" else self.weights, "dropout": self.dropout}
        if self.alpha is not None:
            options["alpha"] = self.alpha
        if setting not in TRAINED:
            return KerasClassifier(self.backbone.lower(), n_genres, self.head, seed, options)
        tuning = FineTuning(self.fine, TRAINED[setting])
        return KerasClassifier(
            self.backbone.lower(), n_genres, self.head, seed, options, fine_tuning=tuning, frozen=True
        )

    def run(
        self,
        dataset: Dataset,
        settings: Sequence[str],
        *,
        main: str,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        **how: Any,
    ) -> Result:
        """Train and test every setting once per seed, all on the same splits.

        Parameters
        ----------
        dataset : Dataset
        settings : sequence of str
            Names of `SETTINGS`.
        main : str
            The one that the result itself is about; all are kept beside it (`mgclib.ensemble.members`).
        checkpoint_dir : path, optional
            Each finished seed is stored in a folder per setting below it.
        parameters : dict, optional
            Kept with the result.
        **how
            The rest goes to `mgclib.ablation.run_conditions`: ``protocol``, ``sizes``, ``seeds``.

        Returns
        -------
        Result
            Its parameters name the weights by file and hash, never by a path.
        """
        told = {**(parameters or {}), "weights": weights_named(self.weights), "settings": list(settings)}
        recipes = {one: self.features(one) if one in FROZEN else self.pictures for one in settings}
        return run_conditions(
            dataset,
            {one: recipe.of(dataset) for one, recipe in recipes.items()},
            {one: self._make(one, len(dataset.genres)) for one in settings},
            main=main,
            recipe=recipes,
            checkpoint_dir=checkpoint_dir,
            parameters=told,
            **how,
        )

    def _make(self, setting: str, n_genres: int) -> Callable[[int], Any]:
        return lambda seed: self.classifier(setting, n_genres, seed)


def cost(
    backbones: Sequence[str], picture: tuple[int, int, int], n_genres: int = 10, alpha: float | None = None
) -> pd.DataFrame:
    """Return what backbones cost.

    Parameters
    ----------
    backbones : sequence of str
        Names of `mgclib.models.transfer.BACKBONES`.
    picture : (height, width, channels)
        Enlarged for all where one of them takes no picture so small.
    n_genres : int >= 2
    alpha : float, optional
        For those that have several widths.

    Returns
    -------
    pd.DataFrame
        Index backbone; columns layers (of the backbone), parameters, unfreeze 0, unfreeze 100, unfreeze all (weights
        that learn with pre-trained weights) and macs (`mgclib.models.cost.macs`); ``attrs["picture"]`` is what they
        were shown.
    """
    import_keras()
    from mgclib.models import cost as costs
    from mgclib.models import transfer

    least = max(transfer.known(name).smallest for name in backbones)
    picture = (max(picture[0], least), max(picture[1], least), picture[2])
    rows = {}
    for name in backbones:
        width = {"alpha": alpha} if alpha is not None and transfer.known(name).alpha else {}
        model = models.build(name.lower(), picture, n_genres, **width)
        model.pretrained = True
        row = {"layers": len(model.backbone_layers), "parameters": model.count_params()}
        for count in (0, 100, None):
            transfer.unfreeze(model, count)
            row[f"unfreeze {'all' if count is None else count}"] = costs.learnt_weights(model)
        rows[name] = {**row, "macs": costs.macs(model)}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("backbone")
    table.attrs["picture"] = picture
    return table


def by_setting(result: Result) -> pd.DataFrame:
    """Return how each setting of a result did.

    Parameters
    ----------
    result : Result
        From `Transfer.run`.

    Returns
    -------
    pd.DataFrame
        Index setting; columns validation (accuracy in per cent, mean over seeds), test (with its 95 % interval), epochs
        (of the best epoch, mean over seeds), seconds per epoch (median); text, empty where a setting has no epochs.
    """
    rows = {}
    for name, one in members(result).items():
        test, history = one.interval("accuracy"), one.history
        best = history.loc[history["best"], "epoch"].mean() if len(history) else None
        rows[name] = {
            "validation": f"{100 * one.metric('accuracy', 'validation').mean():.1f} %",
            "test": f"{100 * test.mean:.1f} % [{100 * test.low:.0f}, {100 * test.high:.0f}]",
            "best epoch": "" if best is None else f"{best:.0f}",
            "seconds per epoch": "" if best is None else f"{_seconds(history):.3g}",
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("setting")


def _seconds(history: pd.DataFrame) -> float:
    """Return the median time of an epoch in the last phase; the first epoch also builds the graph."""
    last = history[history["phase"] == history["phase"].max()]
    return float(last["seconds"].median())
