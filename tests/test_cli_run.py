from __future__ import annotations

import errno
import re
import subprocess
import sys

import nbformat
import pytest
import typer
from typer.testing import CliRunner

from mgclib import cli
from mgclib.cli.run import run
from mgclib.errors import ParameterError
from mgclib.experiments.signature import REQUIRED

MATRIX = """
profiles: {smoke: {description: d, dataset: synthetic, synthetic: true}}
experiments:
  tiny: {title: Tiny, notebook: tiny, profiles: {smoke: }}
"""
TYPES = {"dataset_options": "dict = {}", "sizes": "list = []", "seeds": "list = [0]"}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    lines = [f"{name}: {TYPES.get(name, 'str | None = None')}" for name in REQUIRED]
    cells = [
        nbformat.v4.new_code_cell("\n".join([*lines, "C: float = 1.0"]), metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("assert C < 10, 'C is too large'\nprint(seeds)"),
    ]
    folder = tmp_path / "notebooks"
    folder.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "tiny.ipynb")
    (folder / "experiments.yaml").write_text(MATRIX, encoding="utf-8")
    monkeypatch.setenv("MGC_PROJECT", str(tmp_path))
    return tmp_path


def mgc(*arguments):
    app = typer.Typer()
    app.command()(run)
    return CliRunner().invoke(app, list(arguments))


def test_run_cached_list_and_failure(checkout):
    first = mgc("tiny", "--profile", "smoke", "--seeds", "0,1", "-p", "C=2")
    assert first.exit_code == 0, first.output
    assert "1 finished" in first.output
    assert "1 cached" in mgc("tiny", "--profile", "smoke", "--seeds", "0,1", "-p", "C=2").output
    assert "stale" in mgc("--list").output
    failed = mgc("tiny", "--profile", "smoke", "-p", "C=10")
    assert failed.exit_code == 1
    assert "AssertionError: C is too large" in failed.output


def test_list_shows_every_experiment(checkout):
    listed = mgc("--list")
    assert listed.exit_code == 0
    assert re.search(r"tiny\s+smoke", listed.output)


def test_a_wrong_parameter_is_told_with_the_valid_ones(checkout):
    wrong = mgc("tiny", "--profile", "smoke", "-p", "c=2")
    assert isinstance(wrong.exception, ParameterError)
    assert "closest: 'C'" in str(wrong.exception)
    assert "dataset_options" in str(wrong.exception)
    assert isinstance(mgc("tiny", "--seeds", "x").exception, ParameterError)


@pytest.mark.parametrize("seeds", ["[]", "[0, 0]", "[-1]", "[a]"])
def test_seeds_that_cannot_be_are_refused_before_anything_is_trained(checkout, seeds):
    wrong = mgc("tiny", "--profile", "smoke", "-p", f"seeds={seeds}")
    assert isinstance(wrong.exception, ParameterError)
    assert "distinct integers" in str(wrong.exception)


def test_debug_may_stand_at_the_end(checkout):
    command = [sys.executable, "-c", "from mgclib.cli import main; main()", "run", "tinny", "--profile", "smoke"]
    plain = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (plain.returncode, len(plain.stderr.splitlines())) == (1, 1)
    debug = subprocess.run([*command, "--debug"], capture_output=True, text=True, check=False)
    assert debug.returncode == 1
    assert debug.stderr.startswith("Traceback")


def test_a_full_disk_anywhere_is_one_line(monkeypatch, capsys):
    def full():
        raise OSError(errno.ENOSPC, "No space left on device", "book/_build/x")

    monkeypatch.setattr(cli, "app", lambda _: full())
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    assert capsys.readouterr().err.startswith("error: book/_build/x: the disk is full")


def test_ctrl_c_is_exit_code_130(checkout, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("mgclib.experiments.run", interrupted)
    assert mgc("tiny").exit_code == 130


def test_help_teaches():
    page = mgc("--help").output
    for example in ("--list", "--profile gtzan", "-p C=10", "--record", "--seeds"):
        assert example in page


def test_a_wrong_parameter_costs_no_heavy_import():
    code = "import sys, mgclib.experiments; print({'tensorflow', 'keras', 'librosa', 'papermill'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
