"""Every address says who may enter, and means a power that the rulebook knows."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path
from ninja import NinjaAPI

from anju.doors.api.v1 import api
from anju.ground.foundation import rulebooks
from anju.ground.foundation.guards import open_to_all

WITHOUT = {
    "api:openapi-json": "the description of the API; it opens no data",
    "api:api-root": "ninja's name for the prefix; it answers that nothing is there",
}
FOR_ANYBODY = {"public", "signed_in"}


def addresses(patterns: Iterable, before: str = "", space: str = "") -> Iterator[tuple[str, str, Callable]]:
    """Walk a URL table: (address, name with its namespace, view)."""
    for found in patterns:
        address = before + str(found.pattern)
        if isinstance(found, URLResolver):
            within = f"{space}{found.namespace}:" if found.namespace else space
            yield from addresses(found.url_patterns, address, within)
        else:
            assert isinstance(found, URLPattern)
            yield address, f"{space}{found.name}", found.callback


def silent(patterns: Iterable) -> list[str]:
    """List the addresses whose view says nothing about who may enter; the API's doors are asked one by one below."""
    return [
        f"{address} ({name})"
        for address, name, view in addresses(patterns)
        if not getattr(view, "anju_power", None) and not name.startswith("api:")
    ]


def open_operations(asked: NinjaAPI) -> list[str]:
    """List the API's operations that ask for no key and no session."""
    return [
        f"{method} {place}"
        for _prefix, router in asked._routers
        for place, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
        if not operation.auth_callbacks
    ]


def test_every_address_says_who_may_enter():
    assert silent(get_resolver().url_patterns) == []


def test_every_operation_of_the_api_asks_for_a_key_or_a_session():
    assert open_operations(api) == []


def test_the_api_has_no_other_addresses_than_its_operations():
    served = {name for _a, name, _v in addresses(get_resolver().url_patterns) if name.startswith("api:")}
    operations = {
        f"api:{operation.view_func.__name__}"
        for _prefix, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
    }
    assert served - operations == set(WITHOUT)


def test_every_power_asked_for_is_one_of_the_rulebook():
    known = set(rulebooks.load("access", on=date(2026, 1, 1))["powers"]) | FOR_ANYBODY
    asked = {
        view.anju_power: address
        for address, _name, view in addresses(get_resolver().url_patterns)
        if getattr(view, "anju_power", None)
    }
    assert {power: address for power, address in asked.items() if power not in known} == {}


def test_a_view_that_says_nothing_would_be_seen():
    def quiet(request):
        return HttpResponse("")

    table = [path("a", open_to_all(quiet), name="a"), path("b", quiet, name="b")]
    assert silent(table) == ["b (b)"]


def test_an_operation_without_a_key_would_be_seen():
    unlocked = NinjaAPI(urls_namespace="a test of the structure")

    @unlocked.get("/x")
    def x(request):
        return {}

    assert open_operations(unlocked) == ["GET /x"]
