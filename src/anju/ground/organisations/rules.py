"""Which roles one person does not hold together, as pure rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds from a day to a day (None = no end is known), by a post of their own or a lent one."""

    role: str
    since: date
    until: date | None

    def meets(self, other: "Held") -> bool:
        """Say whether there is a day on which both are held."""
        return (other.until is None or self.since <= other.until) and (
            self.until is None or other.since <= self.until
        )


def excluded(wanted: Held, held: Iterable[Held], exclusive: Iterable[Mapping[str, Any]]) -> Held | None:
    """Return the first of the held roles that excludes the wanted one on some day, or None.

    exclusive  the list of rulebooks/access: each entry names the two `roles` that are kept in two hands
    """
    apart = {other for entry in exclusive if wanted.role in entry["roles"] for other in entry["roles"]}
    apart.discard(wanted.role)
    return next((one for one in held if one.role in apart and one.meets(wanted)), None)
