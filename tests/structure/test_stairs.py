"""Calls go down the stairs by import, and so do keys; rules are pure; every room stands in the contracts."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

from . import house


def upward_keys(found: Iterable[type[models.Model]], height: dict[str, int]) -> list[str]:
    """List the keys of models that point to a room not below their own."""
    wrong = []
    for model in found:
        here = house.room_of(model.__module__)
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            owned = getattr(field, "remote_field", None) is not None and not field.auto_created
            if not owned or target is None or not target.__module__.startswith("anju."):
                continue
            there = house.room_of(target.__module__)
            if there != here and height[there] >= height[here]:
                wrong.append(f"{model._meta.label}.{field.name} → {target._meta.label}")
    return wrong


def ours() -> list[type[models.Model]]:
    return [m for m in apps.get_models() if m.__module__.startswith("anju.")]


def test_the_import_contracts_are_kept(capsys, monkeypatch):
    from importlinter.cli import lint_imports

    # As a program it sets up logging for itself, which silences every logger of the tests that come after.
    monkeypatch.setattr("logging.config.dictConfig", lambda _config: None)
    code = lint_imports(config_filename=str(house.ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


def test_every_room_stands_on_the_stairs():
    assert set(house.storeys()) - {"anju.config"} == set(house.rooms())


def test_no_module_of_a_room_stands_outside_its_shelves():
    """The contract is exhaustive: a module beside the shelves it names breaks it. Foundation has mechanisms."""
    contract = house.contracts()["shelves"]
    assert contract["exhaustive"]
    assert sorted(contract["containers"]) == sorted(set(house.rooms()) - {"anju.ground.foundation"})


# Shelves that the contract names for the sake of one room.
OWN_SHELVES = {
    "anju.ground.access": {
        "account_urls", "actors", "adapter", "escrow", "guards", "held", "middleware", "reaches",
    },
    "anju.doors.console": {"demo"},
    "anju.doors.api": {"v1"},
}  # fmt: skip


def test_a_shelf_of_one_room_stands_in_no_other_and_is_needed_there():
    shelves = {
        room: {
            path.stem
            for path in (house.SOURCE.parent / room.replace(".", "/")).iterdir()
            if path.stem != "__init__"
        }
        for room in house.rooms()
        if room != "anju.ground.foundation"
    }
    special = set().union(*OWN_SHELVES.values())
    assert {room: found for room, modules in shelves.items() if (found := modules & special)} == OWN_SHELVES


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """List the groups of modules that import each other round about, however far (Tarjan's components)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(module: str) -> None:
        number[module] = low[module] = len(number)
        stack.append(module)
        for below in imports.get(module, ()):
            if below not in number:
                visit(below)
            if below in stack:
                low[module] = min(low[module], low[below])
        if low[module] == number[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in imports:
        if module not in number:
            visit(module)
    return found


def test_no_file_imports_itself_round_about():
    """An import inside a function counts, too: it hides a circle and does not open it."""
    import grimp

    graph = grimp.build_graph("anju", cache_dir=None)
    modules = {m for m in graph.modules if ".tests" not in m and ".migrations" not in m}
    assert circles({m: graph.find_modules_directly_imported_by(m) & modules for m in sorted(modules)}) == []


def test_a_circle_would_be_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_no_key_points_up_the_stairs():
    assert ours()
    assert upward_keys(ours(), house.storeys()) == []


def test_a_key_that_points_up_would_be_seen():
    upside_down = {room: -height for room, height in house.storeys().items()}
    assert upward_keys(ours(), upside_down)


ALLOWED_ROOTS = {"anju.ground.foundation"}


def impure_imports(tree: ast.Module) -> list[str]:
    """List what a rules.py imports beyond the standard library, the pure parts of foundation and other pure rules."""
    import sys

    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if not node.level else []
        else:
            continue
        for name in names:
            standard = name.split(".")[0] in sys.stdlib_module_names
            pure = name.endswith(".rules") or any(name.startswith(root) for root in ALLOWED_ROOTS)
            if not standard and not pure:
                found.append(name)
    return found


def rules_files() -> list[Path]:
    """List the files of the shelf `rules` of every room."""
    return [path for path in house.python_files() if path.name == "rules.py" or path.parent.name == "rules"]


@pytest.mark.parametrize("path", rules_files(), ids=house.name_of)
def test_rules_import_the_standard_library_foundation_and_other_rules_only(path: Path):
    assert impure_imports(house.tree_of(path)) == []


@pytest.mark.parametrize("path", rules_files(), ids=house.name_of)
def test_rules_do_not_ask_the_clock(path: Path):
    asked = [
        ast.unparse(node)
        for node in ast.walk(house.tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "today", "utcnow"}
    ]
    assert asked == []


def test_an_impure_import_would_be_seen():
    assert impure_imports(ast.parse("import re\nfrom django.db import models")) == ["django.db"]


def test_rules_load_without_django():
    """Import every rules.py in a fresh interpreter that has no Django."""
    import subprocess
    import sys

    modules = [
        ".".join(("anju", *p.relative_to(house.SOURCE).with_suffix("").parts)).removesuffix(".__init__")
        for p in rules_files()
    ]
    script = "import sys; sys.modules['django'] = None\n" + "".join(f"import {name}\n" for name in modules)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": "src"},
        cwd=house.ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-800:]


@pytest.mark.django_db
def test_no_migration_is_missing(capsys):
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=1)
    except SystemExit:
        pytest.fail(capsys.readouterr().out)
