"""What librosa compiles on first use, compiled once before several processes need it.

Some functions of librosa are made into machine code by numba when their module is first imported, and kept in a cache
beside it. Where two processes fill an empty cache at once, in a different order, what they keep does not fit together,
and from then on every process that reads it dies of a segmentation fault (numba issue 10128). So whoever starts several
processes fills the cache first.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path

from filelock import FileLock

__all__ = ["MODULES", "compile_librosa"]

MODULES = ("librosa.util.utils", "librosa.core.audio", "librosa.core.pitch", "librosa.beat")
"""The modules of librosa with functions that are compiled when they are imported, in the order in which they are."""


def compile_librosa() -> None:
    """Fill the cache of librosa's compiled functions: half a minute in a fresh environment, seconds in any other."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    with FileLock(Path(tempfile.gettempdir()) / f"mgclib-compiles-librosa-{user}.lock"):
        for module in MODULES:
            importlib.import_module(module)
