"""Errors that a user can act on: each says what was found, what was expected and the next step."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["AudioError", "BookError", "DatasetError", "MgcError", "ParameterError", "RunError", "closest"]


class MgcError(Exception):
    """Base of all errors that `mgc` prints as one line (the traceback only with ``--debug``)."""


class AudioError(MgcError):
    """A sound file that cannot be decoded, or samples that are no sound (NaN, empty)."""


class DatasetError(MgcError):
    """A data set, split list or mel pack that is missing, malformed or too small for the request."""


class ParameterError(MgcError, ValueError):
    """A parameter with an unknown name, a wrong type or a value out of range."""


class RunError(MgcError):
    """An experiment that failed, or a record that does not fit its experiment."""


class BookError(MgcError):
    """A page that the gates refuse to publish."""


def closest(name: object, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """Return the one of `known` that a mistyped `name` most resembles (case does not count), or None."""
    folded = {choice.casefold(): choice for choice in known}
    match = difflib.get_close_matches(str(name).casefold(), folded, n=1, cutoff=cutoff)
    return folded[match[0]] if match else None
