"""A fitted model on disk, and all that is needed to ask it about a new sound file.

A model's folder holds ``model.json`` (genres, clip length, how a sound becomes an input, where the model comes from)
and either ``model.weights.h5`` (a network of the register, built anew by name) or ``model.joblib`` (anything else
with ``predict_proba``). It is made beside its place and moved there whole.

**A joblib file is a program**: reading one runs what it says. `load` is for models of your own runs, or from people
whose programs you would run as well; never for a file from a stranger.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import pickle
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from mgclib import inputs, models
from mgclib.crops import asked_of_crops
from mgclib.errors import MgcError, ParameterError, RunError
from mgclib.files import refusals_told
from mgclib.models.backend import import_keras
from mgclib.networks import asked

if TYPE_CHECKING:
    from mgclib.datasets.dataset import Dataset

__all__ = ["FORMAT", "FittedModel", "is_kept", "keep", "load"]

FORMAT = 1
FACTS, WEIGHTS, DUMP = "model.json", "model.weights.h5", "model.joblib"
DUMPED_BY = {"scikit-learn": "sklearn", "xgboost-cpu": "xgboost", "lightgbm": "lightgbm"}
"""Packages that a joblib file may hold objects of, and what is imported where it does."""

PART = ".part-model-"
AGAIN = "train it again with `mgc run EXPERIMENT --force`"


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A model that can be asked.

    Parameters
    ----------
    genres : tuple of str
        Column *k* of its probabilities is ``genres[k]``.
    clip_seconds : float > 0 [seconds]
        Length of the clips that it learned.
    inputs : Inputs
        How a clip becomes what it is given.
    classifier : object with ``predict_proba``
    about : dict
        ``experiment, profile, seed, protocol, accuracy`` (by part of the split), ``provenance``; what is not known
        is missing.
    made_with : dict of str to str
        Versions of the packages that its file depends on.
    """

    genres: tuple[str, ...]
    clip_seconds: float
    inputs: inputs.Inputs
    classifier: Any
    about: dict[str, Any] = field(default_factory=dict)
    made_with: dict[str, str] = field(default_factory=dict)

    @property
    def synthetic(self) -> bool:
        """True when it learned from generated music."""
        return bool(self.about.get("provenance", {}).get("dataset", {}).get("synthetic", False))

    @property
    def caveats(self) -> list[str]:
        """What someone who reads its answers should know : list of str, one line each."""
        told = []
        if self.synthetic:
            told.append("trained on generated music: for recordings its answers show how this works, and no more")
        for package, version in self.made_with.items():
            here = _version(package)
            if here != version:
                told.append(f"made with {package} {version}, read with {here}: if an answer looks odd, {AGAIN}")
        return told

    def predict_proba(self, dataset: Dataset, **stored: Any) -> np.ndarray:
        """Return the probability of each genre for each clip : np.ndarray [shape=(n_clips, n_genres), float32].

        Parameters
        ----------
        dataset : Dataset
            Clips as long as the model's (``dataset.clip_seconds``).
        **stored
            ``jobs``, ``progress`` and ``root`` of the feature store, see `mgclib.store.mels`.

        Raises
        ------
        ParameterError
            When the clips have another length.
        """
        if dataset.clip_seconds != self.clip_seconds:
            raise ParameterError(
                f"clips of {dataset.clip_seconds:g} s for a model that learned {self.clip_seconds:g} s: cut them alike"
            )
        return np.asarray(self.classifier.predict_proba(self.inputs.of(dataset, **stored)), dtype=np.float32)


@dataclass(frozen=True)
class _Network:
    """A Keras network with scikit-learn's face, for asking only."""

    model: Any
    crops: Mapping[str, int] = field(default_factory=dict)

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return asked_of_crops(self.model, x, **self.crops) if self.crops else asked(self.model, x)


def is_kept(folder: str | os.PathLike[str]) -> bool:
    """Return whether a model lies in `folder`."""
    return Path(folder, FACTS).is_file()


def keep(
    folder: str | os.PathLike[str], classifier: Any, recipe: inputs.Inputs, dataset: Dataset, about: Mapping[str, Any]
) -> Path:
    """Write a fitted model to `folder`, whole or not at all; one that is there is replaced.

    Parameters
    ----------
    folder : path
    classifier : `mgclib.training.KerasClassifier`, or any object with ``predict_proba`` that pickle can hold
        Fitted.
    recipe : Inputs
        How the inputs it was fitted on were made.
    dataset : Dataset
        Gives genres and clip length.
    about : dict
        See `FittedModel`; JSON values.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ParameterError
        For a classifier that cannot be stored.
    MgcError
        When the folder cannot be written.
    """
    folder = Path(folder)
    facts = {
        "format": FORMAT,
        "genres": list(dataset.genres),
        "clip_seconds": float(dataset.clip_seconds),
        "inputs": recipe.to_dict(),
        "classifier": _described(classifier),
        "about": dict(about),
        "made_with": {} if hasattr(classifier, "architecture") else _dumped_with(),
    }
    with _made_beside(folder) as part:
        if facts["classifier"]["kind"] == "network":
            classifier.model.save_weights(part / WEIGHTS)
        else:
            try:
                joblib.dump(classifier, part / DUMP)
            except (pickle.PicklingError, AttributeError, TypeError) as error:
                raise ParameterError(
                    f"a {type(classifier).__name__} cannot be kept ({error}): define its class in a module, "
                    "or leave out recipe=…, then no model is kept"
                ) from error
        (part / FACTS).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder


def _dumped_with() -> dict[str, str]:
    return {package: _version(package) for package, module in DUMPED_BY.items() if module in sys.modules}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _described(classifier: Any) -> dict[str, Any]:
    if not hasattr(classifier, "architecture"):
        return {"kind": "classical", "class": type(classifier).__name__}
    return {
        "kind": "network",
        "architecture": classifier.architecture,
        "input_shape": _without_batch(classifier.model.input_shape),
        "options": {name: value for name, value in classifier.options.items() if name != "weights"},
        "crops": classifier.crops,
    }


def _without_batch(shape: tuple | list) -> list:
    """Return the shape of one input as JSON has it, or of each of several."""
    return [_without_batch(one) for one in shape] if isinstance(shape, list) else list(shape[1:])


@contextlib.contextmanager
def _made_beside(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `folder` at the end; remains of killed runs are cleared."""
    try:
        with refusals_told(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            for left in folder.parent.glob(f"{PART}*"):
                shutil.rmtree(left, ignore_errors=True)
            part = Path(tempfile.mkdtemp(prefix=PART, dir=folder.parent))
            yield part
            if folder.exists():
                folder.rename(Path(tempfile.mkdtemp(prefix=PART, dir=folder.parent)) / "old")
            part.chmod(0o755)
            part.rename(folder)
    finally:
        for left in folder.parent.glob(f"{PART}*"):
            shutil.rmtree(left, ignore_errors=True)


def load(folder: str | os.PathLike[str]) -> FittedModel:
    """Return the model in `folder`.

    Only for folders that your own runs wrote, or whose author you trust: a ``model.joblib`` is a program, and
    reading it runs it. A network predicts in float32, whatever it was trained in: what a machine without bfloat16
    answers differs by a few thousandths.

    Raises
    ------
    RunError
        When there is no model, or it cannot be read: says why and how to make it anew.
    """
    folder = Path(folder)
    if not is_kept(folder):
        raise RunError(f"{folder} holds no model: expected {FACTS} there; {AGAIN}")
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise RunError(f"{folder} has a model of format {facts['format']}, expected {FORMAT}; {AGAIN}")
        recipe = inputs.from_dict(facts["inputs"])
        genres = tuple(facts["genres"])
        known = facts["classifier"]
        classifier = _network(folder, known, len(genres)) if known["kind"] == "network" else _dumped(folder)
        seconds, about, made_with = float(facts["clip_seconds"]), dict(facts["about"]), dict(facts["made_with"])
        return FittedModel(genres, seconds, recipe, classifier, about, made_with)
    except MgcError:
        raise
    except Exception as error:  # whatever a damaged file or another version of a library brings about
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RunError(f"the model in {folder} cannot be read ({reason}); {AGAIN}") from error


def _network(folder: Path, known: Mapping[str, Any], n_genres: int) -> _Network:
    keras = import_keras()
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("float32")
    try:
        shape = tuple(tuple(one) if isinstance(one, list) else one for one in known["input_shape"])
        model = models.build(known["architecture"], shape, n_genres, **known["options"])
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    model.load_weights(folder / WEIGHTS)
    return _Network(model, known.get("crops", {}))


def _dumped(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Trying to unpickle estimator")  # told by `FittedModel.caveats`
        return joblib.load(folder / DUMP)
