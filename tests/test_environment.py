"""One environment, said three times: pyproject.toml, requirements.lock, environment.yml; and the two commands."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[A-Za-z0-9.!+_-]+)")


def pins(lines):
    found = {}
    for line in lines:
        match = PIN.fullmatch(line)
        assert match, f"{line!r} is not of the form name==version"
        found[canonicalize_name(match["name"])] = match["version"]
    return found


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def direct(project):
    extras = [line for extra in ("book", "test") for line in project["optional-dependencies"][extra]]
    return {canonicalize_name(r.name): r for r in map(Requirement, [*project["dependencies"], *extras])}


@pytest.fixture(scope="module")
def locked():
    lines = [line.strip() for line in (ROOT / "requirements.lock").read_text().splitlines()]
    return pins([line for line in lines if line and not line.startswith("#")])


@pytest.fixture(scope="module")
def conda():
    return yaml.safe_load((ROOT / "environment.yml").read_text())


@pytest.fixture(scope="module")
def conda_pip(conda):
    return next(entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))


def test_the_lock_has_every_direct_dependency_at_an_allowed_version(direct, locked):
    missing = sorted(set(direct) - set(locked))
    assert not missing, f"add to requirements.lock with `make lock`: {missing}"
    for name, requirement in direct.items():
        assert requirement.specifier.contains(locked[name]), f"{requirement}, but {name}=={locked[name]} is locked"


def test_the_lock_names_no_index_and_no_folder():
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"://|--index|--find-links|--extra|\s@\s|^-e|^/", text, re.M)


def test_conda_pins_exactly_the_direct_dependencies_of_the_lock(direct, locked, conda_pip):
    pinned = pins([line for line in conda_pip if not line.startswith("--")])
    wanted = {name: locked[name] for name in direct}
    lines = "\n".join(f"      - {name}=={version}" for name, version in sorted(wanted.items()))
    assert pinned == wanted, f"environment.yml needs these lines below pip:\n{lines}"


def test_conda_takes_everything_else_from_the_lock_and_installs_this_package(conda_pip):
    assert "--constraint requirements.lock" in conda_pip
    assert "--editable ." in conda_pip


def test_python_is_the_same_everywhere(project, conda):
    version = next(str(entry) for entry in conda["dependencies"] if str(entry).startswith("python")).split("=")[-1]
    allowed = SpecifierSet(project["requires-python"])
    assert allowed.contains(f"{version}.0")
    assert f"on Python {version}." in (ROOT / "requirements.lock").read_text().splitlines()[0]
    bounds = re.search(r"\((\d+), (\d+)\) <= v\[:2\] <= \((\d+), (\d+)\)", (ROOT / "Makefile").read_text())
    low, high = (Version(f"{bounds[k]}.{bounds[k + 1]}") for k in (1, 3))
    assert allowed.contains(f"{low}.0")
    assert allowed.contains(f"{high}.0")
    assert not allowed.contains(f"{low.major}.{low.minor - 1}.0")
    assert not allowed.contains(f"{high.major}.{high.minor + 1}.0")


def test_what_is_installed_is_what_is_locked(direct, locked):
    installed = {name: importlib.metadata.version(name) for name in direct}
    assert installed == {name: locked[name] for name in direct}, "install it: make -B .venv/.installed"


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
class TestMake:
    def make(self, *arguments):
        return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)

    @pytest.mark.parametrize("target", ["book", "test"])
    def test_a_command_sets_up_before_it_starts(self, target):
        lines = self.make("--dry-run", "--always-make", target).stdout.splitlines()
        order = [
            next((k for k, line in enumerate(lines) if part in line), -1)
            for part in (
                "-m venv",
                "-r requirements.lock",
                "--no-deps -e .",
                {"book": "mgc book", "test": "pytest"}[target],
            )
        ]
        assert -1 not in order
        assert order == sorted(order)

    def test_an_old_python_is_named(self, tmp_path):
        old = tmp_path / "python"
        old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 9, 1); $2"\n')
        old.chmod(0o755)
        done = self.make("--always-make", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}", "test")
        assert done.returncode != 0
        assert "found Python 3.9, this needs 3.11 to 3.13" in done.stderr
        assert not (tmp_path / "venv").exists()


def test_continuous_integration_runs_the_two_commands():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make")] == ["make book", "make test"]
    assert "set -euo pipefail" in lines
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
