from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from typer.testing import CliRunner

from mgclib import datasets
from mgclib.cli.data import app
from mgclib.errors import ParameterError

pytestmark = pytest.mark.usefixtures("data_home")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("dub/[red]a.wav", "dub/b.wav", "tekno/c.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, rng.uniform(-0.5, 0.5, 22050), 22050)
    return tmp_path


def run(*arguments: object):
    return CliRunner(env={"COLUMNS": "250"}).invoke(app, [str(a) for a in arguments])


def test_list_names_every_data_set_and_its_options():
    shown = run("list")
    assert shown.exit_code == 0
    assert all(name in shown.stdout for name in datasets.names())
    assert "snippet_seconds" in shown.stdout


def test_check_of_sound_music(home: Path):
    shown = run("check", "folder", "--home", home, "-o", "clip_seconds=1")
    assert shown.exit_code == 0
    assert "3 clips, no fault" in shown.stdout
    assert "22050 Hz" in shown.stdout


def test_check_names_faults_and_fails(home: Path):
    (home / "dub/[red]a.wav").write_bytes(b"")
    shown = run("check", "folder", "--home", home, "-o", "clip_seconds=1")
    assert shown.exit_code == 1
    assert "dub/[red]a" in shown.stdout
    assert "0 bytes" in shown.stdout


def test_csv_is_alone_on_stdout(home: Path):
    (home / "dub/b.wav").write_text("no sound")
    shown = run("check", "folder", "--home", home, "-o", "clip_seconds=1", "--format", "csv")
    assert shown.exit_code == 1
    table = pd.read_csv(io.StringIO(shown.stdout))
    assert list(table.columns) == ["clip_id", "file", "check", "problem"]
    assert table["clip_id"].tolist() == ["dub/b"]
    (home / "dub/b.wav").unlink()
    shown = run("check", "folder", "--home", home, "-o", "clip_seconds=1", "--format", "csv")
    assert shown.exit_code == 0
    assert pd.read_csv(io.StringIO(shown.stdout)).empty


def test_pack_can_be_checked_again(home: Path, tmp_path: Path):
    target = tmp_path / "out.melpack.npz"
    shown = run("pack", "folder", target, "--home", home, "-o", "clip_seconds=1", "--frame-step", "3")
    assert shown.exit_code == 0, shown.output
    assert run("check", "folder", "--home", target).exit_code == 0


@pytest.mark.parametrize(
    "option",
    [
        "clip_seconds",
        "=1",
        "clip_seconds=[",
        "clip_seconds={a: 1, a: 2}",
        "colour=red",
        "home=x",
        "clip_seconds=long",
        "clip_seconds=.inf",
    ],
)
def test_options_that_cannot_be(home: Path, option: str):
    shown = run("check", "folder", "--home", home, "-o", option)
    assert shown.exit_code == 1
    assert isinstance(shown.exception, ParameterError)
    assert "\n" not in str(shown.exception)


def test_known_faults_are_shown_but_do_not_fail(tmp_path: Path):
    rng = np.random.default_rng(0)
    for genre in ("jazz", "rock"):
        (tmp_path / genre).mkdir()
        soundfile.write(tmp_path / genre / f"{genre}.00000.wav", rng.uniform(-0.5, 0.5, 22050), 22050)
    (tmp_path / "jazz/jazz.00054.wav").write_bytes(b"broken")
    shown = run("check", "gtzan", "--home", tmp_path, "-o", "clip_seconds=1")
    assert shown.exit_code == 0
    assert "jazz.00054: known fault" in shown.stdout
