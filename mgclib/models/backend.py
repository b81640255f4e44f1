"""The one door to Keras: imported late, and without TensorFlow's start-up messages."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["import_keras"]


@contextmanager
def _native_stderr_held() -> Iterator[None]:
    """Hold back what compiled code writes to standard error; show it when the block fails.

    TensorFlow's libraries log before they read any setting (absl, "before InitializeLog() is called").
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        keep = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(keep, 2)
            held.seek(0)
            sys.stderr.write(held.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(keep, 2)
            os.close(keep)


def import_keras() -> ModuleType:
    """Import Keras under the backend that ``KERAS_BACKEND`` names (default TensorFlow) and return it.

    The first call takes seconds. Scikit-learn notebooks never make it.
    """
    if "keras" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with _native_stderr_held():
            import keras  # noqa: F401
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # a fresh network per seed is no retracing mistake
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning)
    return sys.modules["keras"]
