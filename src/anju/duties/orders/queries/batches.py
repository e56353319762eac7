"""Which finished visits still wait for an order, and what a batch of orders has made."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from anju.duties.cases.queries import catalogue
from anju.duties.cases.rules import OPEN
from anju.duties.inspections.models import Finding, Visit
from anju.duties.inspections.rules import VisitState
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation.models import JobProgress
from anju.ground.foundation.refusals import NotFound
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area

from ..models import Order, OrderLine
from ..rules import OrderState
from . import matters

KIND = "orders.batch"
MOST = 1000  # orders of one job, and rows of the page on which they are chosen
DAYS = 30  # of the period that is offered: up to the agency's last visit
LONGEST = 366


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed by; the period always has both ends."""

    since: date
    until: date
    area: int | None = None
    campaign: str = ""
    top_class: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visit that waits for its order, and the classes of the hazards that it would name."""

    visit: Visit
    classes: tuple[str, ...] = ()

    @property
    def pk(self) -> int:
        return self.visit.pk


@dataclass(frozen=True, slots=True)
class Choice:
    """The page's list: up to MOST visits, whether there are more, and what it can be narrowed by."""

    office: Organisation
    rows: list[Waiting]
    more: bool
    areas: list[tuple[int, str]] = field(default_factory=list)
    campaigns: list[str] = field(default_factory=list)


def filters_of(
    by: Actor, *, since: date | None, until: date | None, at: datetime, **narrowed: Any
) -> Filters:
    """Make filters with a period: as asked, else the last thirty days in which the agency made visits."""
    if until is None:
        last = _own(matters.agency_of(by)).order_by("-visited_on").values_list("visited_on", flat=True)[:1]
        until = next(iter(last), None) or matters.day_of(at)
    if since is None or since > until:
        since = until - timedelta(days=DAYS)
    return Filters(since=max(since, until - timedelta(days=LONGEST)), until=until, **narrowed)


def _own(office: Organisation) -> QuerySet[Visit]:
    return Visit.objects.filter(agency=office, state=VisitState.FINISHED)


def unordered() -> QuerySet[Finding]:
    """Return the hazards that are still open and that no order names, of whatever visit."""
    named = OrderLine.objects.exclude(order__state=OrderState.VOID)
    return Finding.objects.filter(
        Q(case__isnull=True) | Q(case__state__in=sorted(OPEN)),
        ~Exists(named.filter(case=OuterRef("case"))),
        ~Exists(named.filter(finding=OuterRef("pk"))),
        at_once=False,
        rectified_on__isnull=True,
    )


def waiting(by: Actor, office: Organisation, hazards: QuerySet[Finding]) -> QuerySet[Visit]:
    """Return the own finished visits that the actor sees, with hazards to order and without an order."""
    ordered = Order.objects.filter(visit=OuterRef("pk")).exclude(state=OrderState.VOID)
    seen = access.visible_q(Visit, to=by, power="inspections.see")
    return _own(office).filter(seen, Exists(hazards.filter(visit=OuterRef("pk"))), ~Exists(ordered))


def choice(by: Actor, filters: Filters) -> Choice:
    """List the visits of the own agency that wait for an order, the latest first: one range of visit_agency."""
    office = matters.agency_of(by)
    within = Q(visited_on__gte=filters.since, visited_on__lte=filters.until)
    hazards = unordered()
    narrowed = hazards.filter(top_class=filters.top_class) if filters.top_class else hazards
    found = waiting(by, office, narrowed).filter(within)
    if filters.campaign:
        found = found.filter(campaign=filters.campaign)
    if filters.area:
        found = found.filter(Q(street=filters.area) | Q(community=filters.area))
    visits = list(
        found.select_related("unit", "street", "community").order_by("-visited_on", "-pk")[: MOST + 1]
    )
    shown = visits[:MOST]
    classes: dict[int, list[str]] = defaultdict(list)
    for pk, code in (
        hazards.filter(visit__in=[v.pk for v in shown]).order_by("pk").values_list("visit", "class_code")
    ):
        classes[pk].append(code)
    own = _own(office).filter(within)
    areas = Area.objects.filter(Q(pk__in=own.values("street")) | Q(pk__in=own.values("community")))
    return Choice(
        office=office,
        rows=[Waiting(visit, tuple(classes[visit.pk])) for visit in shown],
        more=len(visits) > MOST,
        areas=list(areas.order_by("level", "pk").values_list("pk", "name")[:300]),
        campaigns=list(
            own.exclude(campaign="").order_by("campaign").values_list("campaign", flat=True).distinct()[:50]
        ),
    )


def top_classes(*, on: date) -> list[tuple[str, str]]:
    """List the first level of the classes of hazards, to narrow by."""
    return [(group["code"], group["label"]) for group in catalogue.tree("hazard", on=on)]


def job_of(by: Actor, job_id: int) -> JobProgress:
    """Return one's own batch, or raise NotFound."""
    found = JobProgress.objects.filter(pk=job_id, kind=KIND, owner_id=by.account_id).first()
    if found is None:
        raise NotFound(_("没有找到这个任务。"))
    return found


def orders_of(job_id: int) -> list[int]:
    """Return the orders that a batch has issued; who may see them is the list's to ask."""
    found = JobProgress.objects.filter(pk=job_id, kind=KIND).values_list("result", flat=True).first()
    return list((found or {}).get("orders", ()))
