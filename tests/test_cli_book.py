"""``mgc book`` and ``mgc ledger`` as typed at a prompt."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from mgclib import book, reports
from mgclib.cli import app
from mgclib.errors import BookError, MgcError

COLUMNS = ["item", "report", "kind", "approach", "reported", "recorded", "this_build", "verdict", "page"]


@pytest.fixture(scope="module")
def items():
    return [item.id for item in reports.items()]


def printed(*arguments):
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_ledger_has_a_row_for_every_item_in_every_format(items):
    table = pd.read_csv(io.StringIO(printed("ledger", "--format", "csv")))
    assert list(table.columns) == COLUMNS
    assert list(table["item"]) == items
    rows = json.loads(printed("ledger", "--format", "json"))
    assert [row["item"] for row in rows] == items
    assert set(rows[0]) == set(COLUMNS)
    assert f"{len(items)} items" in printed("ledger")


def test_an_unknown_format_lists_the_known_ones():
    done = CliRunner().invoke(app, ["ledger", "--format", "xml"])
    assert done.exit_code == 2
    assert "csv" in done.output


def test_an_unknown_profile_is_one_line_and_exit_code_1():
    command = [sys.executable, "-c", "from mgclib.cli import main; main()", "book", "--profile", "dmo"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "'demo'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_profile_is_refused_though_another_build_is_at_work(monkeypatch):
    def taken(_):
        raise BookError("another `mgc book` is at work")

    monkeypatch.setattr(book, "_one_build_at_a_time", taken)
    with pytest.raises(MgcError, match="there is no profile 'dmo'"):
        book.build("dmo")


def test_options_of_the_book_reach_it(monkeypatch, tmp_path):
    seen = {}
    monkeypatch.setattr(book, "build", lambda profile, **options: seen.update(options, profile=profile))
    printed("book", "--profile", "gtzan", "--home", str(tmp_path), "--jobs", "2", "--open")
    assert seen == {"profile": "gtzan", "home": tmp_path, "jobs": 2, "open_": True}
