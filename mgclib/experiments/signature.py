"""The parameters of a notebook, read from its cell tagged ``parameters`` without starting a kernel."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgclib.errors import ParameterError, RunError
from mgclib.experiments.documents import hint

__all__ = ["REQUIRED", "TOLD", "Parameter", "code_cells", "read_notebook", "signature"]

REQUIRED = (
    "experiment",
    "profile",
    "dataset",
    "home",
    "dataset_options",
    "protocol",
    "sizes",
    "seeds",
    "results_dir",
    "checkpoint_dir",
)
"""Parameters that every notebook has which trains, so that `mgc run` can tell it what to run and where to save."""

TOLD = ("experiment", "profile")
"""Parameters that a notebook has which only draws records (``trains: false``)."""

LITERAL = (
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.UnaryOp,
    ast.USub,
    ast.UAdd,
    ast.BinOp,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.Pow,
    ast.Load,
)


@dataclass(frozen=True)
class Parameter:
    """One annotated default of a parameters cell, for example ``gamma: float = 2**-14``."""

    name: str
    annotation: str
    default: Any

    def check(self, value: Any) -> Any:
        """Return `value` as this parameter takes it (an int becomes a float where a float is expected).

        Raises
        ------
        TypeError
            When the type is wrong; the message names value and expected type.
        """
        try:
            return _as(ast.parse(self.annotation, mode="eval").body, value)
        except TypeError:
            shown = f"{value!r} ({type(value).__name__})"
            raise TypeError(f"{self.name}={shown} must be of type {self.annotation}") from None


def _as(annotation: ast.expr, value: Any) -> Any:
    """Return `value` converted to the annotation, or raise TypeError."""
    match annotation:
        case ast.Constant(value=None):
            return _require(value is None, value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _as_plain(name, value)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _first((left, right), value)
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            inside = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return _as_generic(name, inside, value)
    raise TypeError


def _as_plain(name: str, value: Any) -> Any:
    if name == "Any":
        return value
    if name == "float":
        _require(isinstance(value, int | float) and not isinstance(value, bool), value)
        return float(value)
    if name == "int":
        return _require(isinstance(value, int) and not isinstance(value, bool), value)
    plain = {"str": str, "bool": bool, "list": list, "dict": dict, "tuple": (list, tuple)}
    return _require(name in plain and isinstance(value, plain[name]), value)


def _as_generic(name: str, inside: list[ast.expr], value: Any) -> Any:
    match name:
        case "Optional":
            return None if value is None else _as(inside[0], value)
        case "Union":
            return _first(inside, value)
        case "Literal":
            return _require(any(type(value) is type(c.value) and value == c.value for c in inside), value)
        case "list":
            return [_as(inside[0], v) for v in _require(isinstance(value, list), value)]
        case "tuple":
            _require(isinstance(value, list | tuple), value)
            if len(inside) == 2 and isinstance(inside[1], ast.Constant) and inside[1].value is Ellipsis:
                inside = [inside[0]] * len(value)
            _require(len(value) == len(inside), value)
            return [_as(a, v) for a, v in zip(inside, value, strict=True)]
        case "dict":
            _require(isinstance(value, dict), value)
            return {_as(inside[0], k): _as(inside[1], v) for k, v in value.items()}
    raise TypeError


def _first(annotations: Any, value: Any) -> Any:
    exact = []
    for annotation in annotations:
        try:
            exact.append(_as(annotation, value))
        except TypeError:
            continue
    _require(bool(exact), value)
    return next((v for v in exact if type(v) is type(value)), exact[0])


def _require(condition: bool, value: Any) -> Any:
    if not condition:
        raise TypeError
    return value


def read_notebook(path: Path) -> dict[str, Any]:
    """Return a notebook (nbformat 4) as plain JSON.

    Raises
    ------
    RunError
        When the file is no notebook.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if notebook["nbformat"] != 4 or not isinstance(notebook["cells"], list):
            raise ValueError("not version 4 of the format")
    except FileNotFoundError:
        raise RunError(f"there is no notebook {path}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is not a Jupyter notebook (nbformat 4): {error}; save it again from Jupyter") from error
    return notebook


def code_cells(notebook: Mapping[str, Any], *, without: str | None = None) -> list[str]:
    """Return the sources of the code cells in order, leaving out those tagged `without`."""
    return [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and without not in cell.get("metadata", {}).get("tags", [])
    ]


def signature(path: Path, required: tuple[str, ...] = REQUIRED) -> dict[str, Parameter]:
    """Return the parameters of the notebook at `path`, by name, in the order of its parameters cell.

    Raises
    ------
    RunError
        When there is not exactly one such cell, when it holds anything but annotated literal defaults (and
        imports from typing), when a default contradicts its own annotation or a `required` name is missing.
    """
    tagged = [
        "".join(cell["source"])
        for cell in read_notebook(path)["cells"]
        if cell["cell_type"] == "code" and "parameters" in cell.get("metadata", {}).get("tags", [])
    ]
    if len(tagged) != 1:
        raise RunError(f"{path}: {len(tagged)} code cells are tagged 'parameters', expected exactly one; tag one")
    try:
        body = ast.parse(tagged[0]).body
    except SyntaxError as error:
        raise RunError(f"{path}: line {error.lineno} of the parameters cell is not Python: {error.msg}") from error
    found: dict[str, Parameter] = {}
    for statement in body:
        if _is_text(statement) or (isinstance(statement, ast.ImportFrom) and statement.module == "typing"):
            continue
        parameter = _parameter(path, statement)
        found[parameter.name] = parameter
    missing = [name for name in required if name not in found]
    if missing:
        raise RunError(f"{path}: the parameters cell lacks {', '.join(missing)}; add them with annotated defaults")
    return found


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _parameter(path: Path, statement: ast.stmt) -> Parameter:
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        raise RunError(
            f"{path}: line {statement.lineno} of the parameters cell, {ast.unparse(statement)!r}, must be an annotated "
            "default such as `C: float = 100.0`"
        )
    value = statement.value
    if value is None or not all(isinstance(node, LITERAL) for node in ast.walk(value)):
        raise RunError(
            f"{path}: the default of {statement.target.id} must be a literal or an arithmetic expression of literals"
        )
    default = eval(compile(ast.Expression(value), str(path), "eval"), {"__builtins__": {}})
    parameter = Parameter(statement.target.id, ast.unparse(statement.annotation), default)
    try:
        return Parameter(parameter.name, parameter.annotation, parameter.check(default))
    except TypeError as error:
        raise RunError(f"{path}: in the parameters cell, {error}") from None


def check_values(where: str, known: Mapping[str, Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` in the types that the notebook declares.

    Raises
    ------
    ParameterError
        On an unknown name (with the closest match and the list of valid ones) or a wrong type.
    """
    checked = {}
    for name, value in values.items():
        if name not in known:
            raise ParameterError(f"{where}: unknown parameter {name!r}{hint(name, known)}")
        if isinstance(value, float) and math.isnan(value):
            raise ParameterError(f"{where}: {name} is not a number; give a finite one")
        try:
            checked[name] = known[name].check(value)
        except TypeError as error:
            raise ParameterError(f"{where}: {error}; valid: {_table(known)}") from None
    return checked


def _table(known: Mapping[str, Parameter]) -> str:
    return ", ".join(f"{p.name}: {p.annotation}" for p in known.values())
