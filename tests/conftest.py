"""What all tests share: where real data may lie, and a data home that is not the checkout's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


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


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data home of the test's own."""
    home = tmp_path / "mgc_data"
    monkeypatch.setenv("MGC_DATA", str(home))
    return home
