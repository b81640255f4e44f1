"""Every notebook: a clean template, and every experiment runs from end to end at the smoke profile."""

from __future__ import annotations

import ast

import nbformat
import pandas as pd
import pytest
from rich.console import Console

from mgclib import experiments
from mgclib.files import project_root
from mgclib.results import Result

NOTEBOOKS = sorted((project_root() / "notebooks").glob("*.ipynb"))
MATRIX = experiments.matrix()
TRAINING = [name for name, entry in MATRIX.experiments.items() if entry.trains]
DRAWING = [name for name, entry in MATRIX.experiments.items() if not entry.trains]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_template_is_clean_and_short(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    for cell in code:
        ast.parse(cell.source)
        longest = 25 if "parameters" in cell.metadata.get("tags", []) else 20
        assert len(cell.source.splitlines()) <= longest, cell.source


def test_every_notebook_belongs_to_an_experiment():
    assert {path.stem for path in NOTEBOOKS} == {entry.notebook for entry in MATRIX.experiments.values()}


@pytest.fixture(scope="module")
def smoke():
    """All experiments at the smoke profile, in the checkout's own cache."""
    outcomes = experiments.run([], "smoke", console=Console(quiet=True))
    return {outcome.experiment: outcome for outcome in outcomes}


@pytest.mark.parametrize("name", TRAINING)
def test_experiment_runs_at_the_smoke_profile(smoke, name):
    assert smoke[name].ok, smoke[name].error
    result = experiments.result("smoke", name)
    assert isinstance(result, Result)
    assert result.synthetic is True
    assert result.parameters["experiment"] == name
    assert result.select("test").shape[0] > 0
    probabilities = result.predictions[[f"p_{genre}" for genre in result.genres]]
    pd.testing.assert_series_equal(probabilities.sum(axis=1), pd.Series(1.0, probabilities.index), check_dtype=False)


@pytest.mark.parametrize("name", DRAWING)
def test_a_page_that_only_draws_runs_at_the_smoke_profile_and_keeps_no_result(smoke, name):
    assert smoke[name].ok, smoke[name].error
    assert experiments.result("smoke", name) is None
    notebook = nbformat.read(experiments.executed("smoke", name), as_version=4)
    data = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("<table" in one.get("text/html", "") for one in data)
    (told,) = (cell.source for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", []))
    assert f'experiment = "{name}"' in told


@pytest.mark.parametrize("name", MATRIX.experiments)
def test_executed_notebook_has_no_noise(smoke, name):
    notebook = nbformat.read(experiments.executed("smoke", name), as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    noise = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert not noise
    assert not any(output.output_type == "error" for output in outputs)
    assert any("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("name", TRAINING)
def test_no_model_of_the_demo_is_perfect(name):
    result = experiments.result("demo", name)
    if result is None:
        pytest.skip(f"{name} has no current run at the demo profile; `make book` makes one")
    for scores in (result.metric("accuracy"), result.vote("track_id").metric("accuracy")):
        assert 1 / len(result.genres) < scores.mean() < 1
