"""A checkout in miniature: a notebook that takes a second, a matrix, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

import mgclib

PARAMETERS = '''"""Every notebook begins like this."""
from typing import Literal
experiment: str = "tiny"
profile: str = "smoke"
dataset: str = "synthetic"
home: str | None = None
dataset_options: dict = {}
protocol: str = "grouped"
sizes: list[float] = [0.7, 0.1, 0.2]
seeds: list[int] = [0]
results_dir: str | None = None
checkpoint_dir: str | None = None
C: float = 2**-2
width: int = 8
colours: bool = False
kernel: Literal["rbf", "linear"] = "rbf"
patience: int | None = None
weights: str | None = None
'''

MATRIX = """
profiles:
  smoke: {description: a handful, dataset: synthetic, synthetic: true}
  demo: {description: minutes, dataset: synthetic, synthetic: true, parameters: {protocol: random}}
  real: {description: recordings, dataset: folder}
experiments:
  tiny:
    title: Tiny
    notebook: tiny
    report: cs464-2020
    timeout: {smoke: 60}
    parameters: {C: 3}
    profiles: {smoke: {width: 16}, demo: , real: }
    reproduces: {cs464-2020/table-7: {metric: accuracy}}
  other:
    title: Other
    notebook: tiny
    profiles: {smoke: }
"""


class Project:
    """Writes the files of the checkout in `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.matrix = root / "notebooks" / "experiments.yaml"
        self.notebook("tiny", "print(C, width)")
        self.write(MATRIX)

    def write(self, text: str) -> None:
        self.matrix.write_text(text, encoding="utf-8")

    def replace(self, old: str, new: str) -> None:
        text = self.matrix.read_text(encoding="utf-8")
        assert old in text
        self.write(text.replace(old, new))

    def notebook(self, name: str, *cells: str, parameters: str = PARAMETERS, prose: str = "# Tiny") -> Path:
        first = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}, id="p")
        code = [nbformat.v4.new_code_cell(source, id=f"c{k}") for k, source in enumerate(cells)]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(prose, id="m"), first, *code])
        path = self.root / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        return path


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of mgclib's sources for the keys and the kernels, so that an edit during a test is no change."""
    copy = tmp_path / "library" / "mgclib"
    shutil.copytree(Path(mgclib.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__", ".part-*"))
    monkeypatch.setattr(mgclib, "__file__", str(copy / "__init__.py"))
    monkeypatch.setenv("PYTHONPATH", str(copy.parent))
    return copy


@pytest.fixture
def project(tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    root = tmp_path / "checkout"
    root.mkdir()
    monkeypatch.setenv("MGC_PROJECT", str(root))
    monkeypatch.delenv("MGC_DATA", raising=False)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    return Project(root)
