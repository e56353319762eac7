"""Lists of orders and sealings. Everything an actor lists goes through access.visible."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import desk
from anju.ground.foundation.asked import day, whole

from ..models import Order, Sealing
from ..rules import ORDER_LABELS
from . import batches

COUNT_LIMIT = 10_000
PAGE = 50
PARTS = ("agency", "street", "county", "unit")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its rows, how many there are in all (up to COUNT_LIMIT), whether there are more."""

    rows: list[Any]
    count: int
    more: bool
    number: int

    @property
    def last(self) -> bool:
        return not self.more and self.number * PAGE >= self.count


def page_of(
    model: type[Model],
    actor: Actor,
    condition: Q,
    *,
    power: str,
    order: str,
    number: int,
    parts: Sequence[str],
) -> Page:
    """Return one page of what the actor sees: each part of a reach by its own index, and their union in order."""
    seen = access.visible_q(model, to=actor, power=power)
    branches = [
        model._default_manager.filter(part, condition).values_list("pk", order.lstrip("-"))
        for part in access.alternatives(seen)
        if part != Q(pk__in=[])
    ]
    if not branches:
        return Page([], 0, False, number)

    def first(most: int, *ordered: str) -> QuerySet:
        cut = [branch.order_by(*ordered)[:most] for branch in branches]
        return cut[0].union(*cut[1:]) if len(cut) > 1 else cut[0]

    counted = first(COUNT_LIMIT + 1).count()
    start = (number - 1) * PAGE
    chosen = first(start + PAGE, order, "-pk")
    if len(branches) > 1:
        chosen = chosen.order_by(order, "-pk")
    keys = [pk for pk, _by in chosen[start : start + PAGE]] if counted else []
    found = model._default_manager.filter(pk__in=keys).select_related(*parts).in_bulk() if keys else {}
    rows = [found[pk] for pk in keys if pk in found]
    return Page(rows, min(counted, COUNT_LIMIT), counted > COUNT_LIMIT, number)


def between(column: str, query: Mapping[str, Any]) -> Q:
    """Return the condition of the first and the last day that an address names, on a column of moments."""
    found = Q()
    tz = timezone.get_default_timezone()
    for name, lookup in (("since", "gte"), ("until", "lte")):
        if asked := day(query.get(name)):
            moment = datetime.combine(asked, time() if name == "since" else time(23, 59, 59, 999999), tz)
            found &= Q(**{f"{column}__{lookup}": moment})
    return found


def order_page(actor: Actor, query: Mapping[str, Any], *, number: int, at: datetime) -> Page:
    """List orders, newest first: narrowed by state, kind, days, batch, and words of the recipient or the number."""
    found = between("issued_at", query)
    if (state := query.get("state")) in ORDER_LABELS:
        found &= Q(state=state)
    if (kind := query.get("kind")) in ("immediate", "timed"):
        found &= Q(kind=kind)
    if query.get("turn") == "1":
        found &= desk.condition("orders", actor, at)
    if (job := whole(query.get("batch"))) is not None:
        found &= Q(pk__in=batches.orders_of(job))
    if text := str(query.get("q") or "").strip()[:60]:
        found &= Q(recipient__icontains=text) | Q(written_number__icontains=text)
    return page_of(Order, actor, found, power="orders.see", order="-issued_at", number=number, parts=PARTS)


def sealing_page(actor: Actor, query: Mapping[str, Any], *, number: int) -> Page:
    """List sealings, those in force first by default."""
    found = Q() if query.get("state") == "all" else Q(lifted_at__isnull=query.get("state") != "lifted")
    order = "until" if query.get("state") in (None, "") else "-until"
    return page_of(Sealing, actor, found, power="orders.see", order=order, number=number, parts=PARTS)


def number_of(query: Mapping[str, Any]) -> int:
    """Return the number of the page that an address names."""
    return max(1, min(whole(query.get("page")) or 1, 200))


def kept(query: Mapping[str, Any]) -> dict[str, str]:
    """Return what a list's address names besides its filters: whose turn, which batch."""
    return {name: value for name in ("turn", "batch") if (value := query.get(name, ""))}
