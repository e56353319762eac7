"""One order and one sealing with everything their pages show, and what runs on a hazard already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import journal
from anju.ground.foundation.citations import cite
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotFound
from anju.means.documents.models import IssuedDocument
from anju.means.documents.queries import documents_of

from ..models import Order, OrderLine, Sealing
from ..rules import RUNNING, OrderState
from . import matters


def standing(actor: Actor, case_ids: Sequence[int]) -> list[Order]:
    """List the orders within reach that still run on some hazards: nobody is ordered the same twice unawares."""
    if not case_ids:
        return []
    seen = access.visible(Order, to=actor, power="orders.see").filter(state__in=sorted(RUNNING))
    return list(seen.filter(lines__case__in=case_ids).distinct().order_by("-issued_at", "-pk")[:5])


@dataclass(frozen=True, slots=True)
class Clock:
    """One last day on a page: what for, until when, since when, how it was worked out, whether it was kept."""

    label: str
    due_at: datetime
    started_at: datetime | None
    derivation: list[str]
    basis: str
    done_at: datetime | None = None
    is_default: bool = False


def clock_of(
    label: str, start: date | None, entry: Mapping[str, Any], *, done_at: datetime | None = None
) -> list[Clock]:
    """Return the clock of a term of the rulebook that starts on a day, or none without a day."""
    if start is None:
        return []
    due = end_of(matters.last_day(start, dict(entry)))
    return [
        Clock(
            label,
            due,
            matters.noon(start),
            matters.explain(start, dict(entry)),
            cite(entry["basis"]) if entry.get("basis") else "",
            done_at,
            bool(entry.get("default")),
        )
    ]


def end_of(day: date) -> datetime:
    """Return the last moment of a local day."""
    return datetime.combine(day, time(23, 59, 59), timezone.get_default_timezone())


@dataclass(frozen=True, slots=True)
class OrderDossier:
    """One order with everything its page shows."""

    order: Order
    lines: list[OrderLine]
    clocks: list[Clock]
    papers: list[IssuedDocument]
    events: list[Event]


def order(actor: Actor, order_id: int) -> OrderDossier:
    """Return one order for its page, or raise NotFound."""
    seen = access.visible(Order, to=actor, power="orders.see").filter(pk=order_id)
    found = seen.select_related("agency", "company", "unit", "visit", "county", "street", "community").first()
    if found is None:
        raise NotFound(_("没有找到这份责令改正，可能编号有误，或不在您的管辖范围。"))
    lines = list(found.lines.select_related("case").order_by("pk"))
    return OrderDossier(
        order=found,
        lines=lines,
        clocks=_order_clocks(found),
        papers=documents_of(found),
        events=journal.events_of(found),
    )


def _order_clocks(found: Order) -> list[Clock]:
    if found.oral or found.state == OrderState.VOID:
        return []
    service = matters.book(matters.day_of(found.issued_at))["service"]
    complied = end_of(found.complied_on) if found.complied_on else None
    clocks = []
    if found.serve_by:
        start = found.visit.visited_on if found.visit and found.visit.visited_on else None
        clocks.append(
            Clock(
                _("送达期限"), end_of(found.serve_by), matters.noon(start) if start else found.issued_at, [
                    _("自检查之日起三个工作日内送达。")
                ], cite(service["order_within"]["basis"]), found.served_at,
            )
        )  # fmt: skip
    if found.due_on:
        clocks.append(Clock(_("改正期限"), end_of(found.due_on), found.issued_at, [], "", complied))
    if found.recheck_by and found.state in (OrderState.SERVED, OrderState.OVERDUE):
        start = matters.day_of(found.recheck_asked_at) if found.recheck_asked_at else found.due_on
        clocks += clock_of(_("复查期限"), start, service["recheck_within"])
    return clocks


@dataclass(frozen=True, slots=True)
class SealingDossier:
    """One sealing with everything its page shows."""

    sealing: Sealing
    ground: str
    papers: list[IssuedDocument]
    events: list[Event]


def sealing(actor: Actor, sealing_id: int) -> SealingDossier:
    """Return one sealing for its page, or raise NotFound."""
    seen = access.visible(Sealing, to=actor, power="orders.see").filter(pk=sealing_id)
    found = seen.select_related("agency", "unit", "case", "county", "street").first()
    if found is None:
        raise NotFound(_("没有找到这份临时查封，可能编号有误，或不在您的管辖范围。"))
    return SealingDossier(
        sealing=found,
        ground=ground_name(found.ground, on=matters.day_of(found.sealed_at)),
        papers=documents_of(found),
        events=journal.events_of(found),
    )


def ground_name(key: str, *, on: date) -> str:
    """Return the name of a ground for sealing in the reader's language."""
    entry = next((g for g in matters.book(on)["sealing"]["grounds"] if g["key"] == key), None)
    return matters.named([entry])[0][1] if entry else key
