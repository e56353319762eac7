"""Every address that takes what is sent to it does a verb of a Loop, or stands here with its reason."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from anju.ground.foundation import acts
from tests.verbs import load_rooms

load_rooms()
# Other people's machinery: its own tests guard it.
FOREIGN = ("account", "mfa", "usersessions")
# By what it is known that a view reads what was sent: itself, or by the forms of acts.
_TAKES = ("POST", "request.FILES", "act_forms.file", "act_forms.press")
# What takes something and does no act on a record of ours, and why.
WITHOUT = {
    "documents:print": "puts chosen papers into one file to print; sent because the list of numbers may be long",
    "set_language": "the reader's own language, kept in a cookie",
}
# What does not end in a verb yet: this list may only shrink.
PENDING: set[str] = {
    "exchange:cancel",
    "exchange:check",
    "exchange:export_cases",
    "exchange:export_list",
    "exchange:home",
    "exchange:run",
    "field:visit_record",
    "inspections:decide_match",
    "inspections:flag_many",
    "inspections:record",
    "inspections:unit_edit",
    "inspections:unit_end",
    "inspections:unit_flag",
    "inspections:unit_new",
    "inspections:unit_separate",
    "penalties:hand_in",
    "penalties:new",
    "penalties:penalty",
    "penalties:step",
    "penalties:unseal",
}


def _walk(patterns: Any, space: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    for found in patterns:
        if isinstance(found, URLResolver):
            yield from _walk(found.url_patterns, f"{space}{found.namespace}:" if found.namespace else space)
        elif isinstance(found, URLPattern) and found.name:
            yield f"{space}{found.name}", found.callback


def addresses() -> dict[str, Callable[..., Any]]:
    """List every named address of ours with its view; an operation of the API by `api:<operation>`."""
    found = {}
    for name, view in _walk(get_resolver().url_patterns):
        if not name.startswith((*FOREIGN, "api-")):
            found[name] = view
    return found


def operations() -> dict[str, Callable[..., Any]]:
    """List every operation of the API that is not a reading one, by its name."""
    from anju.doors.api.v1 import api

    return {
        f"api:{operation.view_func.__name__}": operation.view_func
        for _prefix, router in api._routers
        for _path, view in router.path_operations.items()
        for operation in view.operations
        if set(operation.methods) - {"GET", "HEAD", "OPTIONS"}
    }


def _said(function: Callable[..., Any], seen: set[str]) -> Iterator[str]:
    """Give the source of a view and of the functions of its module that it calls."""
    function = inspect.unwrap(function)
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return
    yield source
    module = inspect.getmodule(function)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in seen:
            seen.add(node.func.id)
            called = getattr(module, node.func.id, None)
            if inspect.isfunction(called) and called.__module__ == function.__module__:
                yield from _said(called, seen)


def takes_what_is_sent(view: Callable[..., Any]) -> bool:
    """Say whether a view reads what a form sends."""
    said = list(_said(view, set()))
    if said and ("@require_safe" in said[0] or "@require_GET" in said[0]):
        return False
    return any(mark in source for source in said for mark in _TAKES)


WRITING = {name: view for name, view in addresses().items() if takes_what_is_sent(view)} | operations()


def declared(view: Callable[..., Any]) -> tuple[str, ...]:
    """Return the verbs that a view says it does; decorators hand the word on."""
    return tuple(getattr(view, "anju_writes", ()))


@pytest.mark.parametrize("name", sorted(WRITING))
def test_every_address_that_writes_ends_in_a_verb_or_says_why_not(name):
    assert declared(WRITING[name]) or name in WITHOUT or name in PENDING, "decorate the view with @writes(…)"


def test_what_pages_declare_are_verbs_that_there_are():
    known = acts.verbs().keys()
    assert {n: lost for n, v in WRITING.items() if (lost := sorted(set(declared(v)) - known))} == {}


def test_no_reason_stands_for_an_address_that_is_gone_or_has_a_verb():
    assert sorted(n for n in {*WITHOUT, *PENDING} if n not in WRITING or declared(WRITING[n])) == []


def test_every_step_that_somebody_presses_has_a_verb():
    lost = [
        loop.event(step.act)
        for loop in acts.loops()
        for step in loop.steps
        if step.act not in loop.verbs and step.who != acts.SYSTEM
    ]
    assert lost == []


def test_every_verb_that_somebody_presses_is_reached_by_an_address():
    reached = {verb for view in WRITING.values() for verb in declared(view)}
    nobody = (acts.SYSTEM, acts.WITHIN)
    pressed = {name for name, verb in acts.verbs().items() if verb.steps[0].who not in nobody}
    assert sorted(pressed - reached) == []
