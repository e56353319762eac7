"""The whole URL table as an attacker walks it: every address filled in with the ids of one case."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

# Other people's machinery: its own tests guard it.
FOREIGN = ("account", "mfa", "usersessions")


@dataclass(frozen=True, slots=True)
class Address:
    """One address: its name with the namespace, the parameters it takes, the power it names, the view behind it."""

    name: str
    parameters: tuple[str, ...]
    power: str
    view: Callable = field(compare=False, repr=False)

    def filled(self, values: dict[str, Any]) -> str | None:
        """Return the address with these values, or None when one is missing."""
        try:
            return reverse(self.name, kwargs={name: values[name] for name in self.parameters})
        except (KeyError, NoReverseMatch):
            return None


def _walk(patterns: Iterable, space: str = "", outer: tuple[str, ...] = ()) -> Iterator[Address]:
    for found in patterns:
        here = (*outer, *found.pattern.regex.groupindex)
        if isinstance(found, URLResolver):
            within = f"{space}{found.namespace}:" if found.namespace else space
            yield from _walk(found.url_patterns, within, here)
        elif isinstance(found, URLPattern) and found.name:
            power = getattr(found.callback, "anju_power", "")
            yield Address(f"{space}{found.name}", here, power, found.callback)


def table() -> list[Address]:
    """List every named address of ours."""
    return [a for a in _walk(get_resolver().url_patterns) if _ours(a)]


def _ours(address: Address) -> bool:
    return not address.name.startswith(FOREIGN) or inspect.unwrap(address.view).__module__.startswith("anju.")


def about_a_case() -> list[Address]:
    """List the addresses that take something belonging to a case; a new one cannot be forgotten."""
    rooms = ("cases:", "console:", "field:", "api:")
    belonging = {"case_id", "report_id", "request_id", "notice_id"}
    return [a for a in table() if a.name.startswith(rooms) and belonging & set(a.parameters)]
