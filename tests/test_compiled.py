"""What librosa compiles when it is imported is compiled before several processes need it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import librosa
import pytest

from mgclib import shards
from mgclib.compiled import MODULES

COMPILED_AT_IMPORT = re.compile(r"@(?:numba\.)?(?:gu)?vectorize\([^@]*?cache=True")


def test_every_module_of_librosa_that_compiles_at_import_is_named():
    root = Path(librosa.__file__).parent
    found = {
        ".".join(("librosa", *path.relative_to(root).with_suffix("").parts))
        for path in root.rglob("*.py")
        if COMPILED_AT_IMPORT.search(path.read_text())
    }
    assert found == set(MODULES)


def test_it_is_compiled_where_it_was_not_yet():
    code = (
        "import sys; from mgclib.compiled import MODULES, compile_librosa;"
        "before = [m for m in MODULES if m in sys.modules]; compile_librosa();"
        "print(before, all(m in sys.modules for m in MODULES))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[] True"


def test_it_is_compiled_before_processes_share_the_work(monkeypatch):
    class Compiled(Exception):
        pass

    def compile_librosa():
        raise Compiled

    monkeypatch.setattr(shards, "compile_librosa", compile_librosa)
    with pytest.raises(Compiled):
        next(shards._run([("task",)], jobs=2))
