"""Who records and who hears each event, read off the source and off the journal's listeners.

Recording is found by reading the code (`journal.record("cases.close", …)`), since a line that never ran has told
nobody anything; hearing is asked of the journal, since subscribing happens when the rooms are loaded.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from django.conf import settings

from . import acts, journal


def recorded(root: Path | None = None) -> dict[str, list[str]]:
    """Say which file and function records which event: {event name: [place]}.

    A name made at run time keeps its hole: "cases.{act}". The acts of the Loops are those of their steps.
    """
    root = root or settings.SOURCE_DIR
    found: dict[str, list[str]] = defaultdict(list)
    for loop in acts.loops():
        for step in loop.steps:
            verb = loop.verbs.get(step.act)
            module = verb.body.__module__ if verb else loop.model.__module__
            place = f"{module.removeprefix('anju.')}.{verb.body.__name__ if verb else step.act}"
            if place not in found[loop.event(step.act)]:
                found[loop.event(step.act)].append(place)
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if {"tests", "migrations"} & set(inside.parts) or inside.parts[-2:] == ("foundation", "acts.py"):
            continue
        for name, function in _records(ast.parse(path.read_text(encoding="utf-8"))):
            place = ".".join(inside.with_suffix("").parts) + f".{function}"
            if place not in found[name]:
                found[name].append(place)
    return dict(sorted(found.items()))


def heard() -> dict[str, list[str]]:
    """Say which listener hears which event: {event name: [dotted listener]}."""
    return journal.wiring()


def matches(pattern: str, name: str) -> bool:
    """Tell whether a recorded name, holes and all, may be this event."""
    parts = re.split(r"\{[^}]*\}", pattern)
    return re.fullmatch("[a-z_]+".join(map(re.escape, parts)), name) is not None


def _records(tree: ast.Module) -> Iterator[tuple[str, str]]:
    functions = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for scope in functions:
        for call in ast.walk(scope):
            if isinstance(call, ast.Call) and _is_record(call.func) and call.args:
                for name in _names(call.args[0], scope, tree):
                    yield name, scope.name


def _is_record(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and called.attr == "record"
        and isinstance(called.value, ast.Name)
        and called.value.id == "journal"
    )


def _names(value: ast.expr, scope: ast.AST, tree: ast.Module) -> list[str]:
    """Read what an expression may say: a literal, one of two, an f-string, or a name given one of these."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [value.value]
    if isinstance(value, ast.IfExp):
        return [*_names(value.body, scope, tree), *_names(value.orelse, scope, tree)]
    if isinstance(value, ast.JoinedStr):
        parts = []
        for part in value.values:
            if isinstance(part, ast.FormattedValue):
                inner = part.value
                known = _names(inner, scope, tree) if isinstance(inner, ast.IfExp) else []
                parts.append(known or ["{" + ast.unparse(inner) + "}"])
            else:
                parts.append(_names(part, scope, tree))
        return ["".join(chosen) for chosen in product(*parts)]
    if isinstance(value, ast.Name):
        given = _given(value.id, scope) or _given(value.id, tree)
        return [name for one in given for name in _names(one, scope, tree)] or ["{" + value.id + "}"]
    return ["{" + ast.unparse(value) + "}"]


def _given(name: str, inside: ast.AST) -> list[ast.expr]:
    return [
        node.value
        for node in ast.walk(inside)
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        and not (isinstance(node.value, ast.Name) and node.value.id == name)
    ]
