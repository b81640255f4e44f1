"""YAML read strictly: a tab, a duplicate key or a second document is an error, never a guess."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from mgclib.errors import MgcError

__all__ = ["StrictLoader", "read_yaml"]

# YAML 1.2 numbers: PyYAML follows YAML 1.1, where ``1e-3`` is a text.
FLOAT = re.compile(r"^[-+]?(\d+\.?\d*([eE][-+]?\d+)|\d+\.\d*|\.\d+([eE][-+]?\d+)?|\.(inf|Inf|INF)|\.(nan|NaN|NAN))$")


class StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """PyYAML's safe loader that refuses duplicate keys and reads ``1e-3`` as a number."""

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


def read_yaml(path: Path, error: type[MgcError] = MgcError) -> Any:
    """Return the one YAML document in `path`.

    Parameters
    ----------
    path : Path
    error : subclass of MgcError
        What to raise when the file is missing, not UTF-8 or not strict YAML; it names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise error(f"{path} does not exist") from None
    except (OSError, UnicodeDecodeError) as fault:
        raise error(f"cannot read {path} as UTF-8 text: {fault}") from fault
    if "\t" in text:
        line = text[: text.index("\t")].count("\n") + 1
        raise error(f"{path}:{line}: there is a tab; YAML indents with spaces")
    try:
        return yaml.load(text, Loader=StrictLoader)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise error(f"{where}: {getattr(fault, 'problem', None) or str(fault).splitlines()[0]}") from fault
