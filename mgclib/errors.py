"""Errors that a user can act on: each says what was found, what was expected and the next step."""

from __future__ import annotations

__all__ = ["AudioError", "BookError", "DatasetError", "MgcError", "ParameterError", "RunError"]


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
