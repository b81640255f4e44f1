"""What a user types, read strictly: the keys of the run matrix, ``-p name=value`` (``-o`` too) and ``--seeds``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from mgclib.documents import StrictLoader
from mgclib.errors import ParameterError, RunError, closest

__all__ = ["check_keys", "hint", "parse_assignments", "parse_seeds"]


def hint(name: str, valid: Iterable[str]) -> str:
    """Return ``"; closest: 'x'; valid: a, b, x"`` for an error message about an unknown `name`."""
    match = closest(name, valid)
    return f"{f'; closest: {match!r}' if match else ''}; valid: {', '.join(sorted(valid)) or 'none'}"


def check_keys(where: str, table: Any, required: Iterable[str], optional: Iterable[str] = ()) -> Mapping[str, Any]:
    """Return `table` when it is a mapping with all `required` keys and only `optional` others, else raise RunError."""
    required, optional = tuple(required), tuple(optional)
    if not isinstance(table, dict):
        raise RunError(f"{where}: {table!r} must be a mapping of names to values")
    for key in table:
        if key not in required + optional:
            raise RunError(f"{where}: unknown key {key!r}{hint(key, required + optional)}")
    for key in required:
        if key not in table:
            raise RunError(f"{where}: the key {key!r} is missing")
    return table


def parse_assignments(assignments: Iterable[str], option: str = "-p") -> dict[str, Any]:
    """Return the values of ``name=value`` texts, the values read as YAML (``C=100``, ``sizes=[0.8, 0, 0.2]``).

    Raises
    ------
    ParameterError
        For a text of another form, a name given twice or a value that is not YAML; names the `option`.
    """
    values: dict[str, Any] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise ParameterError(f"{option} {text!r} must have the form name=value, for example {option} seed=1")
        if name in values:
            raise ParameterError(f"{option} {name} is given twice; give it once")
        try:
            values[name] = yaml.load(value, Loader=StrictLoader)
        except yaml.YAMLError as error:
            problem = getattr(error, "problem", None) or "malformed"
            raise ParameterError(f"{option} {text!r}: the value is not YAML ({problem}); quote it as a text") from error
    return values


def parse_seeds(text: str) -> list[int]:
    """Return the seeds in ``"0,1,2"``: distinct integers ≥ 0; anything else raises ParameterError."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts) or len(set(map(int, filter(str.isdigit, parts)))) != len(parts):
        raise ParameterError(f"--seeds {text!r} must be distinct integers ≥ 0 with commas between, for example 0,1,2")
    return [int(part) for part in parts]
