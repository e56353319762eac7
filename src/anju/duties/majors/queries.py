"""Questions about major fire hazards: the list, one of them, its edition of the criteria, who may act."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.duties.orders.queries import matters
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import rulebooks, workdays
from anju.ground.foundation.refusals import NotFound
from anju.ground.organisations.models import Organisation
from anju.ground.organisations.queries import covering_all

from . import rules
from .models import MajorHazard
from .rules import STATE_LABELS, MajorState

BOOK = "major_hazards"


def book_on(day: date) -> dict[str, Any]:
    """Return the edition of the criteria in force on a day."""
    return rulebooks.load(BOOK, on=day)


def places_on(day: date) -> list[tuple[str, str]]:
    """List the kinds of place that the edition of a day tells apart."""
    return [(entry["key"], in_language(entry)) for entry in book_on(day)["places"]]


def in_language(entry: Mapping[str, Any]) -> str:
    """Return the name of an entry in the reader's language."""
    return str(entry["name_en"] if (get_language() or "").startswith("en") else entry["name"])


def book_of(major: MajorHazard) -> dict[str, Any]:
    """Return the edition by which a hazard was judged, whatever the day."""
    return next(content for start, _end, content in rulebooks.editions(BOOK) if start == major.edition)


def get(actor: Actor, major_id: int) -> MajorHazard:
    """Return a major hazard that the actor may see, or say that there is none."""
    found = (
        access.visible(MajorHazard, to=actor, power="majors.see")
        .filter(pk=major_id)
        .select_related("case__estate", "case__company", "unit", "agency", "listed_by", "county", "street")
        .first()
    )
    if found is None:
        raise NotFound(_("没有找到这件重大火灾隐患，可能编号有误，或不在您的管辖范围。"))
    return found


def listing(actor: Actor, *, state: str = "") -> QuerySet[MajorHazard]:
    """List the major hazards in an actor's reach, the newest first; `open` = all that are not over."""
    found = access.visible(MajorHazard, to=actor, power="majors.see")
    if state == "open":
        found = found.filter(state__in=sorted(rules.OPEN))
    elif state in STATE_LABELS:
        found = found.filter(state=state)
    return found.select_related("case__estate", "unit", "agency", "listed_by", "street").order_by(
        "-proposed_at", "-pk"
    )


def due_of(major: MajorHazard) -> date | None:
    """Return the day by which the next act is due: the decision, then the notice, then the cure."""
    if major.state in (MajorState.PROPOSED, MajorState.PANEL):
        return major.decide_by
    if major.state in (MajorState.DECIDED, MajorState.LISTED):
        return major.due_on if major.written_number else major.notify_by
    return None


def supervisors(actor: Actor, major: MajorHazard) -> list[Organisation]:
    """List the actor's offices that may list a hazard for supervision: of the county or the city, over its place."""
    place = matters.place_of(major.case)
    offices = actor.offices("majors.list")
    return [o for o in covering_all(place) if o.pk in offices and o.area is not None and o.area.level <= 3]


def term(key: str, book: Mapping[str, Any]) -> workdays.Term:
    """Return a term of the rulebook."""
    entry = book["terms"][key]
    return workdays.Term(entry["amount"], entry["unit"], entry["basis"])
