"""The plan of the house: a room imports only rooms to its left, also inside its functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import mgclib

PACKAGE = Path(mgclib.__file__).parent
ROOMS = (
    # on the ground
    "errors files documents compiled",
    # dataset -> split -> inputs
    "audio features cepstra projection short_term analysis summary shards store inputs datasets survey example "
    "listening allocation splits ladder",
    # result: predictions are stored, metrics are derived
    "metrics predictions results calibration paired power ensemble prose records style augment plots clouds sliders "
    "tables hovering",
    # model: what trains also splits and makes a result
    "models cam embeddings callbacks batches networks crops fitted training leakage learning_curve ablation recipes "
    "tuning transfer_learning importance filters",
    # page
    "reports overview evidence rankings experiments inference ledger reports/pages ledger/page chapters offline "
    "gates book cli",
)
ORDER = [room for floor in ROOMS for room in floor.split()]
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of(module: Path) -> str:
    name = module.with_suffix("").as_posix()
    return name if name in ORDER else name.partition("/")[0]


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield ``reports/pages`` for an import of ``mgclib.reports.pages``, leaving out those for type checkers only."""
    unseen = [tree]
    while unseen:
        node = unseen.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            unseen.extend(node.orelse)
            continue
        unseen.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("mgclib.") and name != "mgclib.__version__":
                yield "/".join(name.split(".")[1:3])


def test_every_module_has_a_room():
    assert {room_of(module) for module in MODULES if module.name != "__init__.py"} == set(ORDER)


def test_a_room_imports_only_rooms_to_its_left():
    wrong = {}
    for module in MODULES:
        room = room_of(module)
        if room != "__init__":
            names = imported(ast.parse((PACKAGE / module).read_text(encoding="utf-8")))
            used = {name if name in ORDER else name.partition("/")[0] for name in names} - {room}
            wrong |= {str(module): other for other in used if ORDER.index(other) > ORDER.index(room)}
    assert wrong == {}


def test_the_way_through_the_house_is_seen():
    tree = ast.parse("if TYPE_CHECKING:\n    import mgclib.book\ndef f():\n    from mgclib import store, __version__")
    assert list(imported(tree)) == ["store"]
    tree = ast.parse("from mgclib.reports import pages\nfrom mgclib.datasets.dataset import Dataset\nimport os")
    assert sorted(imported(tree)) == ["datasets/dataset", "reports/pages"]
