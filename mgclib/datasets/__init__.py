"""Data sets: one module each, with the same parts in the same order (DESCRIPTION, CITATION, LICENCE, `load`).

>>> import mgclib as mgc
>>> dataset = mgc.datasets.load("synthetic", tracks_per_genre=2)
>>> dataset.clips.head()
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
from types import ModuleType
from typing import Any

from mgclib.datasets.dataset import CLIP_COLUMNS, Dataset, FaultyClipWarning
from mgclib.errors import ParameterError

__all__ = ["CLIP_COLUMNS", "Dataset", "FaultyClipWarning", "load", "module", "names", "options"]

NAMES = ("synthetic", "gtzan", "folder")


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
        raise ParameterError(f"no data set {name!r}{_closest(name, NAMES)}; there are {', '.join(NAMES)}")
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
        For an unknown name or option.
    DatasetError
        When there is nothing usable at `home`.
    """
    known = options(name)
    for key in chosen:
        if key not in known:
            raise ParameterError(f"{name} has no option {key!r}{_closest(key, known)}; it has {', '.join(known)}")
    return module(name).load(home, **chosen)


def _closest(word: str, known: Any) -> str:
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
