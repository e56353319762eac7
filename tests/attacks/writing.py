"""The addresses that write, and the names of related records that each reads, found in the source of their views."""

import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from django import forms
from django.apps import apps
from ninja import Schema

from anju.ground.foundation import acts
from tests.structure.test_writing import WRITING, declared

from . import addresses

# The modules that read what was sent.
_PAGES = re.compile(r"anju\..*\.(\w*views\w*|\w*forms|pages)(\.\w+)*$|anju\.doors\.(field\.visits|api\.v1)$")
# What is asked of a form, an address or a body by its name.
_ASKED = re.compile(r"""\.(?:get|getlist|pop|number|text)\(\s*"(\w+)"|\[\s*"(\w+)"\s*\]""")
# Words by which a record is meant without being called by its model or its column.
_OTHER_WORDS = {
    "ids",
    "officers",
    "office",
    "into",
    "lead",
    "co",
    "site",
    "agencies",
    "follows",
    "same",
    "delete",
}


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _ours(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).startswith("anju.")


def _used(part: FunctionType) -> Iterator[Any]:
    """List what a function names: functions, tables of functions and classes, also by the module that holds them."""
    names = set(_names(part.__code__))
    for name in names & set(part.__globals__):
        used = part.__globals__[name]
        if isinstance(used, ModuleType):
            yield from (getattr(used, inner) for inner in names if hasattr(used, inner))
        elif isinstance(used, dict):
            yield from used.values()
        else:
            yield used


@cache
def parts(view: Callable) -> tuple[Any, ...]:
    """List a view with the functions, forms and schemas of the modules of pages that it uses."""
    waiting, found = [inspect.unwrap(view)], []
    while waiting:
        part = waiting.pop()
        if part in found:
            continue
        found.append(part)
        if not isinstance(part, FunctionType):
            continue
        for used in [*_used(part), *part.__annotations__.values()]:
            used = inspect.unwrap(used) if isinstance(used, FunctionType) else used
            module = getattr(used, "__module__", "") or ""
            if not (isinstance(used, type | FunctionType) and _PAGES.match(module)):
                continue
            if isinstance(used, FunctionType) or issubclass(used, forms.BaseForm | Schema):
                waiting.append(used)
    return tuple(found)


@cache
def source_of(view: Callable) -> str:
    """Return the source of a view and of what it uses."""
    return "\n".join(inspect.getsource(part) for part in parts(view))


def writes(address: addresses.Address) -> bool:
    """Say whether an address takes what is sent: it has to end in a verb, or something its view uses reads it."""
    return address.name in WRITING or (
        not address.name.startswith("api:") and "POST" in source_of(address.view)
    )


@cache
def table() -> tuple[addresses.Address, ...]:
    """List the addresses of ours that write."""
    return tuple(a for a in addresses.table() if writes(a))


@cache
def words() -> frozenset[str]:
    """List the names by which a form or a body means a record: models and foreign keys, with _id, s and _ids."""
    told = {model._meta.model_name for model in apps.get_models() if _ours(model)}
    told |= {
        field.name
        for model in apps.get_models()
        if _ours(model)
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created
    }
    return frozenset(f"{word}{end}" for word in told for end in ("", "s", "_id", "_ids")) | _OTHER_WORDS


@cache
def related(address: addresses.Address) -> frozenset[str]:
    """List the names of related records that an address may take from the body or the query."""
    views = [WRITING[address.name] if address.name.startswith("api:") else address.view]
    names: set[str] = set()
    for view in views:
        for part in parts(view):
            if isinstance(part, type):
                names |= set(getattr(part, "base_fields", None) or getattr(part, "model_fields", {}))
        names |= {first or second for first, second in _ASKED.findall(source_of(view))}
        steps = (acts.verbs()[verb].steps[0] for verb in declared(view))
        names |= {asked.name for step in steps for asked in step.asks}
    return frozenset(names & words())
