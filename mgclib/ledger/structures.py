"""The layer tables of our networks, built once and kept: building one costs the import of Keras."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from pathlib import Path

import mgclib
from mgclib.errors import MgcError
from mgclib.files import project_root, write_text

__all__ = ["structure"]


def structure(name: str, shape: tuple[int, ...] | None, genres: int) -> list[tuple] | None:
    """Return the layer table of a network of ours, None where it cannot be built here.

    Building a network costs the import of Keras (seconds), so the table is kept in
    ``runs/structures.json`` under a key that changes with the source of `mgclib.models`.
    """
    path = project_root() / "runs" / "structures.json"
    key = f"{name} {shape} {genres} {_models_digest()}"
    known = _known_structures(path)
    if key not in known:
        layers = _build_structure(name, shape, genres)
        if layers is None:
            return None
        current = {k: v for k, v in known.items() if k.endswith(_models_digest())}
        known = {**current, key: layers}
        write_text(path, json.dumps(known, indent=1) + "\n")
    return [(layer, tuple(output), count) for layer, output, count in known[key]]


def _known_structures(path: Path) -> dict[str, list]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


@functools.cache
def _models_digest() -> str:
    sources = sorted((Path(mgclib.__file__).parent / "models").glob("*.py"))
    return hashlib.blake2b(b"".join(source.read_bytes() for source in sources), digest_size=6).hexdigest()


def _build_structure(name: str, shape: tuple[int, ...] | None, genres: int) -> list[list] | None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        from mgclib import models

        return [[layer, list(output), int(count)] for layer, output, count in models.structure(name, shape, genres)]
    except MgcError:
        return None
