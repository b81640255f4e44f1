"""What all tests share: where real data may lie, and a data home that is not the checkout's."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from mgclib.compiled import compile_librosa


def pytest_configure(config: pytest.Config) -> None:
    """Make what the tests of many processes stand on.

    Two workers of pytest-xdist that fill an empty cache of compiled functions at once spoil it for good: it is filled
    first. And a shell that starts the suite in the background lets all its children ignore Ctrl-C.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if getattr(config.option, "numprocesses", None):
        compile_librosa()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data packs; skip where there is none."""
    root = Path(os.environ.get("MGC_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not (root / "data").is_dir():
        pytest.skip(f"no real data at {root / 'data'} (set MGC_SHARED to the folder that holds data/)")
    return root / "data"


@pytest.fixture(scope="session", autouse=True)
def _data_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let generated data and the feature store of all tests lie in a temporary folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MGC_DATA", str(tmp_path_factory.mktemp("mgc_data")))
        yield


@pytest.fixture(autouse=True)
def _full_precision() -> None:
    """Let no test build networks with the precision that another one trained with: Keras keeps it for the process."""
    if "keras" in sys.modules:
        sys.modules["keras"].mixed_precision.set_dtype_policy("float32")


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data home of the test's own."""
    home = tmp_path / "mgc_data"
    monkeypatch.setenv("MGC_DATA", str(home))
    return home
