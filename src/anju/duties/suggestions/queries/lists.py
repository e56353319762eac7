"""Lists of suggestions within an actor's reach: tabs and pages, the desk, the yearly reports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, Q, QuerySet

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import clocks, desk, ladder
from anju.ground.foundation.asked import whole
from anju.ground.organisations.models import Organisation

from .. import rules
from ..models import (
    CoHandling,
    Signatory,
    Suggestion,
    YearlyReport,
)
from ..rules import State

PAGE = 40


YEARLY = (
    "suggestions_assigned",
    "suggestions_answered",
    "suggestions_on_time",
    "suggestions_satisfied",
    "suggestions_unanswered",
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed by.

    tab  lead | co | desk | due | all
    """

    tab: str = "all"
    state: str = ""
    result: str = ""
    text: str = ""


def filters_from(given: Mapping[str, str], *, default: str = "all") -> Filters:
    """Read the filters of an address; what is not understood is left out."""
    tab, state = given.get("tab", default), given.get("state", "")
    return Filters(
        tab=tab if tab in TABS else default,
        state=state if state in rules.STATE_LABELS else "",
        result=given.get("result", "")[:4],
        text=given.get("q", "").strip()[:40],
    )


TABS = ("desk", "lead", "co", "due", "all")


def seen(actor: Actor) -> QuerySet[Suggestion]:
    """Return the suggestions an actor may see."""
    return access.visible(Suggestion, to=actor, power="suggestions.see")


def page(actor: Actor, filters: Filters, *, at: datetime, number: int) -> Page:
    """Return one page of the list, newest first; what is due, the most urgent first."""
    found = _narrowed(seen(actor), filters, actor=actor, at=at)
    order = ("due_at", "id") if filters.tab in ("desk", "due") else ("-received_on", "-id")
    rows = (
        ladder.with_rungs(found, at)
        .select_related("lead", "desk")
        .prefetch_related(
            Prefetch("signatories", Signatory.objects.select_related("deputy")),
            Prefetch(
                "co_handlings",
                CoHandling.objects.filter(organisation__in=actor.organisation_ids, dropped_at__isnull=True),
                to_attr="mine",
            ),
        )
        .defer("text")
        .order_by(*order)
    )
    shown = Paginator(rows, PAGE).get_page(number)
    shown.object_list = list(shown.object_list)
    asked = {row.mine[0].pk: row for row in shown if row.mine and not row.mine[0].submitted_at}
    for clock in clocks.of_all(Suggestion).filter(clocks.RUNNING, part_id__in=asked) if asked else ():
        asked[clock.part_id].asked = clock
    return shown


def _narrowed(
    found: QuerySet[Suggestion], filters: Filters, *, actor: Actor, at: datetime
) -> QuerySet[Suggestion]:
    own = actor.organisation_ids
    if filters.tab == "lead":
        found = found.filter(lead__in=own)
    elif filters.tab == "co":
        found = found.filter(_asked_of(own))
    elif filters.tab == "desk":
        found = found.filter(_on_desk(actor, at))
    elif filters.tab == "due":
        found = found.filter(due_at__lt=at).exclude(state=State.CLOSED)
    if filters.state:
        found = found.filter(state=filters.state)
    if filters.result:
        found = found.filter(result_class=filters.result)
    if filters.text:
        if (n := whole(filters.text)) is not None:
            return found.filter(number=min(n, 2_000_000_000))
        found = found.filter(
            Q(title__contains=filters.text) | Q(signatories__deputy__name=filters.text)
        ).distinct()
    return found


def _asked_of(offices: Iterable[int]) -> Q:
    return Q(co_offices__overlap=list(offices))


def tab_counts(actor: Actor, *, at: datetime) -> dict[str, int]:
    """Count each tab of the list, in one statement."""
    own = actor.organisation_ids
    return seen(actor).aggregate(
        all=Count("pk"),
        lead=Count("pk", filter=Q(lead__in=own)),
        co=Count("pk", filter=_asked_of(own)),
        desk=Count("pk", filter=_on_desk(actor, at)),
        due=Count("pk", filter=~Q(state=State.CLOSED) & Q(due_at__lt=at)),
    )


def _on_desk(actor: Actor, at: datetime) -> Q:
    """Return the condition "it, or an opinion on it, waits for the actor", as the desk says."""
    asked = CoHandling.objects.filter(desk.condition("opinions", actor, at))
    return desk.condition("suggestions", actor, at) | Q(pk__in=asked.values("suggestion"))


def reports_of(actor: Actor) -> list[YearlyReport]:
    """List the yearly reports of the actor's offices and of those within reach, newest first."""
    offices = access.visible(Organisation, to=actor, power="organisations.see")
    mine = Q(organisation__in=actor.organisation_ids) | Q(organisation__in=offices)
    return list(
        YearlyReport.objects.filter(mine)
        .select_related("organisation", "snapshot")
        .order_by("-year", "-id")[:20]
    )
