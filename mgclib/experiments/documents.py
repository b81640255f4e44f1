"""YAML read strictly: a tab, a duplicate key or a second document is an error, never a guess."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from mgclib.errors import ParameterError, RunError

__all__ = ["check_keys", "closest", "parse_assignments", "parse_seeds", "read_yaml"]

# YAML 1.2 numbers: PyYAML follows YAML 1.1, where ``1e-3`` is a text.
FLOAT = re.compile(r"^[-+]?(\d+\.?\d*([eE][-+]?\d+)|\d+\.\d*|\.\d+([eE][-+]?\d+)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN))$")


class StrictLoader(yaml.SafeLoader):
    """`yaml.SafeLoader` that refuses duplicate keys and reads ``1e-3`` as a number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool | type(None)):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a name", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} occurs twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


StrictLoader.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+.0123456789"))


def read_yaml(path: Path) -> Any:
    """Return the one YAML document in `path`.

    Raises
    ------
    RunError
        When the file is missing, not UTF-8 or not strict YAML: names file, line and column.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RunError(f"{path} does not exist: expected the matrix of experiments there") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path} as UTF-8 text: {error}") from error
    try:
        return yaml.load(text, Loader=StrictLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        if "'\\t'" in problem:
            problem = "there is a tab; YAML indents with spaces"
        raise RunError(f"{where}: {problem}") from error


def closest(name: str, valid: Iterable[str]) -> str:
    """Return ``"; closest: 'x'; valid: a, b, x"`` for an error message about an unknown `name`."""
    valid = sorted(valid)
    folded = {choice.casefold(): choice for choice in valid}
    match = difflib.get_close_matches(str(name).casefold(), folded, n=1, cutoff=0.4)
    hint = f"; closest: {folded[match[0]]!r}" if match else ""
    return f"{hint}; valid: {', '.join(valid) or 'none'}"


def check_keys(where: str, table: Any, required: Iterable[str], optional: Iterable[str] = ()) -> Mapping[str, Any]:
    """Return `table` when it is a mapping with all `required` keys and no others than `optional`."""
    required, optional = tuple(required), tuple(optional)
    if not isinstance(table, dict):
        raise RunError(f"{where}: {table!r} must be a mapping of names to values")
    for key in table:
        if key not in required + optional:
            raise RunError(f"{where}: unknown key {key!r}{closest(key, required + optional)}")
    for key in required:
        if key not in table:
            raise RunError(f"{where}: the key {key!r} is missing")
    return table


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Return the values of ``name=value`` texts, the values read as YAML (``C=100``, ``sizes=[0.8, 0, 0.2]``)."""
    values: dict[str, Any] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise ParameterError(f"-p {text!r} must have the form name=value, for example -p C=100")
        if name in values:
            raise ParameterError(f"-p {name} is given twice; give it once")
        try:
            values[name] = yaml.load(value, Loader=StrictLoader)
        except yaml.YAMLError as error:
            problem = getattr(error, "problem", None) or "malformed"
            raise ParameterError(f"-p {text!r}: the value is not YAML ({problem}); quote it as a text") from error
    return values


def parse_seeds(text: str) -> list[int]:
    """Return the seeds in ``"0,1,2"``: distinct integers ≥ 0."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts) or len(set(map(int, filter(str.isdigit, parts)))) != len(parts):
        raise ParameterError(f"--seeds {text!r} must be distinct integers ≥ 0 with commas between, for example 0,1,2")
    return [int(part) for part in parts]
