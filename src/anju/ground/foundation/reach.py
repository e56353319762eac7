"""The one door at which it is decided who reaches which record: the mechanism, without knowing who acts.

`visible(Model, to=actor, power=…)` is the only way a room lists records for somebody; `require` is the only way it
checks one act. A room says how its model meets a reach with `reaches_by(Model, function)`. `access` builds the actors
and hands these functions on under its own name, so that rooms above it need not look here.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from .refusals import NotFound, NotPermitted


class Reaching(Protocol):
    """One stretch of visibility (access.actors.Reach)."""

    kind: str
    id: int
    level: int


class Acting(Protocol):
    """Whoever acts (access.actors.Actor): each power with the reaches it has."""

    @property
    def kind(self) -> str: ...  # account | public | system
    @property
    def account_id(self) -> int | None: ...
    @property
    def name(self) -> str: ...
    @property
    def post(self) -> str: ...
    @property
    def powers(self) -> Mapping[str, tuple[Any, ...]]: ...
    @property
    def organisation_ids(self) -> frozenset[int]: ...
    def has(self, power: str) -> bool: ...


_conditions: dict[tuple[type[Model], str], Callable[[Any], Q]] = {}
_system: list[Any] = []


def system_is(actor: Any) -> None:
    """Let access name the actor as whom the system itself acts."""
    _system[:] = [actor]


def system() -> Any:
    """Return the actor as whom the system itself acts: jobs, sweeps, what follows by itself."""
    return _system[0]


def reaches_by(model: type[Model], condition: Callable[[Any], Q], *, power: str = "") -> None:
    """Let a room say which rows of a model a reach covers (the reach "all" is never asked).

    power  the one power that the condition is for, where changing reaches less far than seeing
    """
    _conditions[model, power] = condition


def is_narrowed(model: type[Model], power: str) -> bool:
    """Say whether a power reaches less far over a model than seeing does."""
    return (model, power) in _conditions


def condition_of(model: type[Model], reach: Any, *, power: str) -> Q:
    """Return the condition under which one reach of a power covers rows of a model."""
    if reach.kind == "all":
        return Q()
    return (_conditions.get((model, power)) or _conditions[model, ""])(reach)


def visible_q(model: type[Model], *, to: Acting, power: str) -> Q:
    """Return the condition under which `power` reaches rows of `model`; matches nothing without the power."""
    reaches = to.powers.get(power, ())
    if any(reach.kind == "all" for reach in reaches):
        return Q()
    found = Q(pk__in=[])
    for reach in reaches:
        found |= condition_of(model, reach, power=power)
    return found


def alternatives(condition: Q) -> list[Q]:
    """Take a condition of OR apart: each part by itself can use an index of its own, in its order."""
    if condition.connector != Q.OR or condition.negated:
        return [condition]
    parts = [part if isinstance(part, Q) else Q(part) for part in condition.children]
    return [alternative for part in parts for alternative in alternatives(part)]


def visible(model: type[Model], *, to: Acting, power: str) -> QuerySet:
    """Return the rows of a model that an actor's power reaches."""
    return model._default_manager.filter(visible_q(model, to=to, power=power))


def require(actor: Acting, power: str, *, on: Model) -> None:
    """Raise NotFound unless the actor sees the record, NotPermitted when it is seen but the power is missing.

    Seen is what the room's own `….see` reaches: a record that may not be seen does not admit existing.
    """
    model = type(on)
    if power in actor.powers and visible(model, to=actor, power=power).filter(pk=on.pk).exists():
        return
    see = f"{power.split('.')[0]}.see"
    if see in actor.powers and visible(model, to=actor, power=see).filter(pk=on.pk).exists():
        raise NotPermitted(_("您的岗位没有办理这一步的权限，请联系本单位负责人。"), data={"power": power})
    raise NotFound(_("没有找到这条记录。"))


def require_power(actor: Acting, power: str) -> None:
    """Raise NotPermitted unless the actor holds the power somewhere."""
    if power not in actor.powers:
        raise NotPermitted(_("您的岗位没有这项权限，请联系本单位负责人。"), data={"power": power})
