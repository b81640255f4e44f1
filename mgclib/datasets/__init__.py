"""Data sets: one module each, with the same parts in the same order (DESCRIPTION, CITATION, LICENCE, `load`).

>>> import mgclib as mgc
>>> dataset = mgc.datasets.load("synthetic", tracks_per_genre=2)
>>> dataset.clips.head()
"""

from __future__ import annotations

import importlib
import inspect
import math
import numbers
import os
from types import ModuleType
from typing import Any

from mgclib.datasets.dataset import CLIP_COLUMNS, Dataset, FaultyClipWarning
from mgclib.errors import ParameterError, closest

__all__ = ["CLIP_COLUMNS", "Dataset", "FaultyClipWarning", "load", "module", "names", "options"]

NAMES = ("synthetic", "gtzan", "gtzan3", "fma", "folder")


def names() -> tuple[str, ...]:
    """Return the names that `load` knows."""
    return NAMES


def module(name: str) -> ModuleType:
    """Return the module of a data set: ``DESCRIPTION``, ``CITATION``, ``LICENCE``, ``load``.

    Raises
    ------
    ParameterError
        For an unknown name; says which one is close and lists all.
    """
    if name not in NAMES:
        raise ParameterError(f"no data set {name!r}{_hint(name, NAMES)}; there are {', '.join(NAMES)}")
    return importlib.import_module(f"mgclib.datasets.{name}")


def options(name: str) -> dict[str, Any]:
    """Return the options of a data set's loader with their defaults (``home`` is not among them)."""
    parameters = inspect.signature(module(name).load).parameters
    return {key: p.default for key, p in parameters.items() if key != "home"}


def load(name: str, home: str | os.PathLike[str] | None = None, **chosen: Any) -> Dataset:
    """Load a data set by name.

    Parameters
    ----------
    name : str
        One of `names`.
    home : path or None
        The folder of the data set (or a mel pack); None: the data set's own folder below `data_home()`.
    **chosen
        Options of the data set's loader, see `options` and the loader's own text.

    Raises
    ------
    ParameterError
        For an unknown name or option, or a value of the wrong type.
    DatasetError
        When there is nothing usable at `home`.
    """
    known = options(name)
    for key in chosen:
        if key not in known:
            raise ParameterError(f"{name} has no option {key!r}{_hint(key, known)}; it has {', '.join(known)}")
        _check_type(name, key, chosen[key])
    return module(name).load(home, **chosen)


def _check_type(name: str, key: str, value: Any) -> None:
    wanted = str(inspect.signature(module(name).load).parameters[key].annotation)
    if value is None and "None" in wanted:
        return
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    real = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    text = isinstance(value, str) or ("PathLike" in wanted and isinstance(value, os.PathLike))
    fits = {"int": whole, "float": real, "str": text}.get(wanted.split(" ")[0], True)
    if not fits:
        raise ParameterError(f"{name}: {key}={value!r} is a {type(value).__name__}, expected {wanted}")


def _hint(word: str, known: Any) -> str:
    match = closest(word, known)
    return f" (did you mean {match!r}?)" if match else ""
