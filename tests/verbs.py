"""One example of every verb there is: what the tests that play each verb (tests/attacks/test_every_verb.py) need.

A room tells its examples in its own `tests/examples.py`:

    @example("orders.serve")
    def serve(world: World) -> Example:
        order = issued_order(world)
        return Example(world.actor("police_officer"), {"order_id": order.pk, "way": "direct", "served_to": "孙悦"},
                       other={"served_to": "别人"})

Each call of such a function makes records of its own: examples are played one after the other in one database.
A verb may have several: for each act that may follow (`follows`), each doubt (`doubt`), each effect (`effect`).
"""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import anju
from tests.cast import City, Member


@dataclass(frozen=True)
class World:
    """The invented city, and now."""

    city: City
    now: datetime

    def member(self, who: str) -> Member:
        """Return one of the cast."""
        return getattr(self.city.people, who)

    def actor(self, who: str) -> Any:
        """Return the actor that one of the cast is now."""
        return self.member(who).actor(self.now)


@dataclass(frozen=True)
class Example:
    """A verb's call that succeeds once.

    by      who acts
    given   the arguments, the record's number included
    other   arguments by which the same key is another request; none when the verb takes nothing but its record
    files   name of an argument that takes files, whose bytes another request changes; "" when none does
    same    what makes two answers equal (default: the number of the record)
    holds   what the effect brings about: true after the act, false before it and without the effect
    """

    by: Any
    given: dict[str, Any]
    other: dict[str, Any] = field(default_factory=dict)
    files: str = ""
    same: Callable[[Any], Any] = lambda answer: (
        [one.pk for one in answer] if isinstance(answer, list) else answer.pk
    )
    holds: Callable[[], bool] | None = None


@dataclass(frozen=True)
class Told:
    """An example as a room tells it: of which verb, and what it shows besides."""

    verb: str
    make: Callable[[World], Example]
    follows: str = ""
    doubt: str = ""
    effect: str = ""

    @property
    def name(self) -> str:
        """How a test report calls it."""
        return "-".join(part for part in (self.verb, self.follows, self.doubt, self.effect) if part)


_told: dict[str, list[Told]] = defaultdict(list)


def example(
    verb: str, *, follows: str = "", doubt: str = "", effect: str = ""
) -> Callable[[Callable[[World], Example]], Callable[[World], Example]]:
    """Tell an example of a verb ("orders.serve"); it may show what follows, what is doubted, what it brings about."""

    def tell(make: Callable[[World], Example]) -> Callable[[World], Example]:
        _told[verb].append(Told(verb, make, follows, doubt, effect))
        return make

    return tell


def examples() -> list[Told]:
    """Load every room's examples and list them, by the verb's name."""
    for found in pkgutil.walk_packages(anju.__path__, "anju."):
        if found.name.endswith(".tests.examples"):
            importlib.import_module(found.name)
    return [told for name in sorted(_told) for told in _told[name]]


def load_rooms() -> None:
    """Import the verbs of every room, wherever it keeps them."""
    for found in pkgutil.walk_packages(anju.__path__, "anju."):
        if ".services" in found.name and ".tests" not in found.name:
            importlib.import_module(found.name)
