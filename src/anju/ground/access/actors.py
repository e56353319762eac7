"""Who is acting, with which powers, and how far each reaches. Plain values; `services.actor_of` builds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reach:
    """One stretch of visibility.

    kind   area: everything in the area and below; desk: what the organisation holds or handles;
           company: the estates the company has under contract; all: everything (the installation's own staff)
    level  level of the area (2 city … 5 community) when kind is "area"
    id     id of the area or of the organisation
    label  name shown to a supervisor who asks "who can see this case, and why?"
    """

    kind: str
    id: int
    level: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody signed in (or a key), at one moment. `powers` maps each power to the reaches it has.

    held_in  in which organisations each power is held; None: in all of them
    address  the client's address of the request ("" outside of one); the journal keeps it with acts of access
    """

    account_id: int | None
    kind: str
    name: str
    post: str
    powers: Mapping[str, tuple[Reach, ...]] = field(default_factory=dict)
    organisation_ids: frozenset[int] = frozenset()
    person_id: int | None = None
    roles: frozenset[str] = frozenset()
    home_area_id: int | None = None
    is_authenticated: bool = True
    address: str = ""
    held_in: Mapping[str, frozenset[int]] | None = None

    def has(self, power: str) -> bool:
        """Say whether the actor holds a power anywhere at all."""
        return power in self.powers

    def offices(self, power: str) -> frozenset[int]:
        """Return the organisations in which a power is held by a post: one post's power is not another's."""
        if not self.has(power):
            return frozenset()
        return self.organisation_ids if self.held_in is None else self.held_in.get(power, frozenset())


SYSTEM = Actor(account_id=None, kind="system", name="系统", post="", is_authenticated=False)
PUBLIC = Actor(account_id=None, kind="public", name="", post="", is_authenticated=False)
