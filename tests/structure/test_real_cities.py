"""What a real city needs is never made by the demo alone: a city that is begun empty has it, too."""

import ast
from pathlib import Path

from django.apps import apps

from .house import SOURCE, name_of, python_files, tree_of

DEMO = SOURCE / "doors" / "console" / "demo"
SEED = SOURCE / "doors" / "console" / "management" / "commands" / "seed_demo.py"
SET_UP = SEED.with_name("set_up_city.py")
# Commands that the demo calls because it must not wait for the job that calls them otherwise.
ALSO_JOBS = {"fold_tallies": "figures.fold"}
MAKERS = {"create", "bulk_create", "get_or_create", "update_or_create"}


def is_demo(path: Path) -> bool:
    return DEMO in path.parents or path in (SEED, SEED.with_name("demo_logins.py"))


def made_in(path: Path) -> set[str]:
    """Name the models that a file makes rows of: Model(…), Model.objects.create(…), copy(Model, …)."""
    known = {model.__name__ for model in apps.get_models() if model.__module__.startswith("anju.")}
    found = set()
    for call in (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)):
        match call.func:
            case ast.Name(id=name) if name in known:
                found.add(name)
            case ast.Attribute(attr=maker, value=ast.Attribute(attr="objects", value=ast.Name(id=name))):
                if maker in MAKERS and name in known:
                    found.add(name)
            case ast.Attribute(attr=maker, value=ast.Call(func=ast.Attribute(value=ast.Attribute(
                attr="objects", value=ast.Name(id=name)
            )))):  # fmt: skip
                if maker in MAKERS and name in known:
                    found.add(name)
        # Writers that are handed the model: copy(Model, …), self._bulk(Model, …), _copy(Model, …)
        if call.args and isinstance(call.args[0], ast.Name) and call.args[0].id in known:
            found.add(call.args[0].id)
    return found


def called_in(path: Path) -> set[str]:
    """Name the management commands that a file calls."""
    return {
        call.args[0].value
        for call in ast.walk(tree_of(path))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "call_command"
        and isinstance(call.args[0], ast.Constant)
    }


def test_no_kind_of_row_is_made_by_the_demo_alone():
    demo, elsewhere = set(), set()
    for path in python_files():
        (demo if is_demo(path) else elsewhere).update(made_in(path))
    assert demo, "nothing was found: the test has lost its eyes"
    assert sorted(demo - elsewhere) == []


def test_the_demo_prepares_its_database_as_the_launcher_prepares_an_empty_one():
    assert called_in(SEED) - {SET_UP.stem} == set(ALSO_JOBS), "what every city needs belongs into set_up_city"
    launcher = (SOURCE / "launcher" / "start.py").read_text(encoding="utf-8")
    assert f'must("{SET_UP.stem}")' in launcher


def test_every_command_that_loads_rulebooks_into_the_database_is_part_of_the_set_up():
    loaders = {
        path.stem
        for path in python_files()
        if path.parent.name == "commands" and path.stem.startswith("load_")
    }
    assert loaders == called_in(SET_UP), [name_of(SET_UP)]
