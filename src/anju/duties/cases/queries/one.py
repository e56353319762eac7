"""One case: everything its page shows, what can be done now, and what may be the same matter."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, clocks, journal, ladder, pictures, rulebooks
from anju.ground.foundation.asked import whole
from anju.ground.foundation.models import Clock, Event, StoredFile
from anju.ground.foundation.refusals import NotFound
from anju.ground.foundation.workflow import Step
from anju.ground.organisations.models import Organisation
from anju.ground.organisations.queries import covering_all
from anju.ground.territory.models import Area

from .. import rules
from ..models import Case, Evidence, Report
from ..rules import State
from . import catalogue, course
from .lists import text_condition, with_row_parts
from .routing import reason as routing_reason


@dataclass(frozen=True, slots=True)
class Dossier:
    """One case with everything its page shows."""

    case: Case
    chosen: catalogue.CaseClass | None
    clocks: list[Clock]
    failed: list[Clock]  # terms of rectifications that did not hold
    evidence: list[Evidence]
    reports: list[Report]
    events: list[Event]
    rung: int  # of the ladder to which it has climbed
    requests: list[Any]
    merged: list[Case]
    children: list[Case]
    routing_reason: str
    derivations: dict[int, list[str]] = field(default_factory=dict)


def get(actor: Actor, case_id: int) -> Case:
    """Return a case the actor may see, or raise NotFound."""
    seen = access.visible(Case, to=actor, power="cases.see").filter(pk=case_id)
    case = next(iter(seen.select_related("estate").defer("search")), None)
    if case is None:
        raise NotFound(_("没有找到这件事项，可能编号有误，或不在您的管辖范围。"))
    return case


def case_id_of(number: str) -> int | None:
    """Return which case a number as it is printed means; None for what is no number of a case."""
    return whole(number[8:]) if len(number) >= 15 and number.isdecimal() else None


def drawn_from(case: Case) -> str:
    """Return the digest of what a form for correcting was drawn from: two who correct at once undo nothing unseen."""
    shown = [case.class_code, case.severity, case.estate_id, case.community_id, case.place, case.text]
    return journal.digest(shown)[:32]


def _load_parts(case: Case) -> None:
    """Give a case its places and offices: two short statements instead of a join of nine tables."""
    areas = ("community", "street", "county")
    offices = ("handler", "checker", "dispatcher", "desk", "company")
    for model, parts in ((Area, areas), (Organisation, offices)):
        found = model._default_manager.in_bulk({getattr(case, f"{part}_id") for part in parts} - {None})
        for part in parts:
            setattr(case, part, found.get(getattr(case, f"{part}_id")))


def dossier(actor: Actor, case_id: int, *, at: datetime) -> Dossier:
    """Return everything the page of one case shows, or raise NotFound."""
    case = get(actor, case_id)
    _load_parts(case)
    running, days = list(case.clocks), calendar.current()
    chosen = catalogue.classes(case.kind, on=timezone.localtime(case.reported_at).date()).get(case.class_code)
    related = Case.objects.filter(Q(merged_into=case) | Q(parent=case)).order_by("pk")
    shown = ("id", "kind", "reported_at", "text", "state", "class_code", "merged_into_id", "parent_id")
    kin = list(related.only(*shown))
    merged = [c for c in kin if c.merged_into_id == case.pk] if case.state != State.MERGED else []
    reports = Report.objects.filter(case_id__in=[case.pk, *(m.pk for m in merged)]).order_by("reported_at")
    return Dossier(
        case=case,
        chosen=chosen,
        clocks=running,
        failed=course.failed(running),
        evidence=list(case.evidence.select_related("file").order_by("added_at")),
        reports=list(reports),
        events=journal.events_of(case),
        rung=ladder.rung_of(case, at),
        requests=list(case.term_requests.order_by("-asked_at")),
        merged=merged,
        children=[c for c in kin if c.parent_id == case.pk],
        routing_reason=routing_reason(case.routing_rule),
        derivations={c.pk: clocks.derivation(c, days) for c in running},
    )


def next_steps(actor: Actor, case: Case, *, on: date) -> list[Step]:
    """List the steps of the loop that the actor can take now, by state, desk and power, without asking the database.

    For lists and programs. The verb decides; it also asks by which post the power reaches the case.
    """
    return [
        step
        for step in rules.STEPS
        if step.act in rules.ON_THE_WAY
        and step.possible(case.state)
        and actor.has(step.power)
        and (not step.who or case.desk_id in actor.organisation_ids)
        and not any(guard(case, on) for guard in step.when)
    ]


@dataclass(frozen=True, slots=True)
class Row:
    """A case as a list draws it, with the act that the actor can take next."""

    case: Case
    pk: int
    label: str
    tone: str
    state_tone: str
    next: Step | None


def rows_of(cases: Iterable[Case], actor: Actor, *, at: datetime) -> list[Row]:
    """Return cases as a list draws them."""
    return [
        Row(
            case=case,
            pk=case.pk,
            label=catalogue.label(case.kind, case.class_code),
            tone="overdue" if case.is_overdue(at) else "",
            state_tone=rules.STATE_TONES[case.state],
            next=next(
                (step for step in next_steps(actor, case, on=timezone.localdate(at)) if step.who), None
            ),
        )
        for case in cases
    ]


@dataclass(frozen=True, slots=True)
class Likeness:
    """A case that may be about the same matter, and why it looks so."""

    case: Case
    text: float
    metres: float | None
    photo: bool
    score: float


def duplicates(
    actor: Actor, *, kind: str, class_code: str, text: str, street_id: int | None, at: datetime, place: str = "",
    estate_id: int | None = None, longitude: float | None = None, latitude: float | None = None,
    photos: Sequence[StoredFile] = (), besides: Iterable[int] = (),
) -> list[Likeness]:  # fmt: skip
    """Suggest open cases that may be the same matter: class, place, photo, time and wording together. Never merges."""
    if street_id is None:
        return []
    day = timezone.localtime(at).date()
    rule = rulebooks.load("deadlines", on=day)["duplicates"]
    here = Q(estate_id=estate_id) if estate_id is not None else Q(pk__in=[])
    if longitude is not None and latitude is not None:
        up = rule["metres"] / 111_000  # degrees
        wide = up / max(math.cos(math.radians(latitude)), 0.1)
        here |= Q(
            longitude__range=(longitude - wide, longitude + wide),
            latitude__range=(latitude - up, latitude + up),
        )
    near = (
        access.visible(Case, to=actor, power="cases.see")
        .filter(
            here, street_id=street_id, state__in=sorted(rules.OPEN),
            reported_at__gt=at - timedelta(days=rule["days"]),
        )
        .exclude(pk__in=list(besides))
        .annotate(alike=TrigramWordSimilarity(text[:200], "text"))
    )  # fmt: skip
    cases = list(with_row_parts(near).order_by("-alike")[:200])
    most_bits = rulebooks.load("deadlines", on=day)["evidence"]["hash_distance"]
    pictured = _with_the_same_photo(cases, photos, most_bits=most_bits)
    said = f"{place} {text}"
    found = []
    for case in cases:
        metres = distance(longitude, latitude, case.longitude, case.latitude)
        close = metres is not None and metres <= rule["metres"]
        if not (close or case.estate_id == estate_id is not None):
            continue
        other = f"{case.place} {case.text}"
        shared = rules.Shared(
            text=float(case.alike),  # type: ignore[attr-defined]
            same_class=(case.kind, case.class_code) == (kind, class_code),
            same_group=case.kind == kind and case.class_code[:2] == class_code[:2],
            near=close,
            photo=case.pk in pictured,
            house=rules.agree(rules.houses(said), rules.houses(other)),
            entrance=rules.agree(rules.entrances(said), rules.entrances(other)),
            days=abs((at - case.reported_at).total_seconds()) / 86_400,
        )
        if (score := rules.likeness(shared, rule)) is not None:
            found.append(Likeness(case, shared.text, metres, shared.photo, score))
    return sorted(found, key=lambda likeness: -likeness.score)[: rule["show"]]


def _with_the_same_photo(cases: Sequence[Case], photos: Sequence[StoredFile], *, most_bits: int) -> set[int]:
    """Return which of these cases show one of some photos, or nearly the same picture: one question."""
    bands = sorted({band for photo in photos for band in photo.bands})
    ids = {photo.pk for photo in photos}
    if not cases or not ids:
        return set()
    lines = Evidence.objects.filter(
        Q(file_id__in=ids) | Q(file__bands__overlap=bands), case_id__in=[case.pk for case in cases]
    ).values_list("case_id", "file_id", "file__perceptual_hash")
    hashes = [photo.perceptual_hash for photo in photos if photo.perceptual_hash is not None]

    def alike(hash_: int | None) -> bool:
        bits = None if hash_ is None else pictures.nearest(hash_, hashes)
        return bits is not None and bits <= most_bits

    return {case_id for case_id, file_id, hash_ in lines if file_id in ids or alike(hash_)}


def mergeable(actor: Actor, case: Case, text: str, *, limit: int = 10) -> list[Case]:
    """Find the open cases of the same place that a case can be folded into, by number or by words."""
    found = access.visible(Case, to=actor, power="cases.merge").filter(
        text_condition(text),
        state__in=sorted(rules.OPEN),
        estate_id=case.estate_id,
        community_id=case.community_id,
    )
    return list(with_row_parts(found.exclude(pk=case.pk)).order_by("-reported_at")[:limit])


def distance(lon1: float | None, lat1: float | None, lon2: float | None, lat2: float | None) -> float | None:
    """Return the metres between two WGS-84 points, or None when one is missing (haversine, 0.5 % at worst)."""
    if lon1 is None or lat1 is None or lon2 is None or lat2 is None:
        return None
    p1, p2 = math.radians(lat1), math.radians(lat2)
    a = (
        math.sin((p2 - p1) / 2) ** 2
        + math.cos(p1) * math.cos(p2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    )
    return 2 * 6_371_008.8 * math.asin(math.sqrt(a))


def reasons_of(act: str, *, on: date) -> list[str]:
    """List the reasons the rulebook words for a suspension or for returns (退单), in the reader's language."""
    english = (get_language() or "").startswith("en")
    reasons = rulebooks.load("deadlines", on=on)[act]["reasons"]
    return [reason["name_en" if english else "name"] for reason in reasons]


def offices_for(case: Case) -> list[Organisation]:
    """List who can be told to put a case right: the company of the estate, and the offices covering the place.

    Whoever is handed a case sees it, so that a company or an office of elsewhere must not be choosable.
    """
    place = case.community_id or case.street_id or case.county_id or case.city_id
    offices = [o for o in covering_all(Area.objects.get(pk=place)) if o.kind != "property_company"]
    return [case.company, *offices] if case.company else offices
