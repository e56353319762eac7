"""Visits, findings and fines made directly, with everything stamped, for counting them."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.utils import timezone

from anju.duties.inspections.models import Finding, Unit, Visit, VisitPart
from anju.duties.penalties.models import Payment, Penalty
from anju.ground.territory.models import Area

FIRST, LAST = date(2023, 5, 3), date(2024, 7, 20)
KINDS = ("police_station", "police_station", "police_station", "fire_brigade", "street_office")
TOPS = (("EB", "EB01"), ("FA", "FA01"), ("EG", "EG01"))
COMMUNITIES = ("huaiyin", "liuyuan", "hebin", "shanqian", "keji")
SLOTS = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}


def stamped(area: Area | None) -> dict[str, Any]:
    """Return the place columns of a row in an area; none for a row without a place."""
    if area is None:
        return {}
    return {slot: area.at_level(level) for level, slot in SLOTS.items()} | {"division_id": area.division_id}


def make_unit(city: Any, number: int, community: str = "huaiyin") -> Unit:
    """Register an invented unit."""
    area = getattr(city.areas, community)
    name = f"演示单位{number}"
    return Unit.objects.create(
        kind="small_shop", name=name, name_key=name, area=area, registered_on=date(2020, 1, 1), is_demo=True,
        **stamped(area),
    )  # fmt: skip


def visit_unit(city: Any, unit: Unit, day: date, **more: Any) -> VisitPart:
    """Let an agency finish a visit of a unit; its preceding day is found among the parts there are."""
    kind = more.pop("agency_kind", "police_station")
    place = more.pop("place", stamped(unit.area))
    office = city.offices.police
    made_at = timezone.make_aware(timezone.datetime(day.year, day.month, day.day, 10))
    visit = Visit.objects.create(
        unit=unit, kind="daily", state="finished", agency=office, visited_on=day, finished_at=made_at,
        is_demo=True, **place,
    )  # fmt: skip
    part = VisitPart.objects.create(
        visit=visit, unit=unit, unit_kind=unit.kind, kind="daily", agency=office, agency_kind=kind,
        checklist="unit", edition=date(2020, 9, 1), visited_on=day, is_demo=True, **place, **more,
    )  # fmt: skip
    chain(unit)
    return part


def chain(unit: Unit) -> None:
    """Write the preceding day of each counted part of a unit, by kind of agency."""
    last: dict[str, date] = {}
    for part in VisitPart.objects.filter(unit=unit, visited_on__isnull=False).order_by("visited_on", "id"):
        if part.previous_on != last.get(part.agency_kind):
            VisitPart.objects.filter(pk=part.pk).update(previous_on=last.get(part.agency_kind))
        last[part.agency_kind] = part.visited_on


def find(part: VisitPart, **more: Any) -> Finding:
    """Let a visit find a hazard."""
    fields = {
        "visit_id": part.visit_id, "part": part, "unit_id": part.unit_id, "unit_kind": part.unit_kind,
        "class_code": "EB01", "top_class": "EB", "severity": "general", "agency_id": part.agency_id,
        "agency_kind": part.agency_kind, "found_on": part.visited_on, "counted": True, "is_demo": True,
        "is_old_community": part.is_old_community,
        **{name: getattr(part, name) for name in (*SLOTS.values(), "division_id")},
    }  # fmt: skip
    return Finding.objects.create(**(fields | more))


def fine(finding: Finding, day: date, amount: str, **more: Any) -> Penalty:
    """Decide a fine for a hazard."""
    at = timezone.make_aware(timezone.datetime(day.year, day.month, day.day, 15))
    fields = {
        "offence": "ebike", "edition": date(2020, 1, 1), "article": "演示", "state": "decided",
        "procedure": "simple", "agency_id": finding.agency_id, "agency_kind": finding.agency_kind,
        "finding": finding, "unit_id": finding.unit_id, "party_kind": "unit", "party_name": "演示单位",
        "class_code": finding.class_code, "top_class": finding.top_class, "filed_at": at, "decided_at": at,
        "decided_on": day, "amount": Decimal(amount), "is_old_community": finding.is_old_community,
        "is_demo": True, **{name: getattr(finding, name) for name in (*SLOTS.values(), "division_id")},
    }  # fmt: skip
    return Penalty.objects.create(**(fields | more))


def pay(penalty: Penalty, day: date, amount: str) -> Payment:
    """Let a fine be paid, or a part of it."""
    return Payment.objects.create(
        penalty=penalty, principal=Decimal(amount), paid_on=day, way="bank", receipt=f"R{penalty.pk}-{day}",
        recorded_by="演示", recorded_at=timezone.now(),
    )  # fmt: skip


def life(city: Any, seed: int, *, visits: int = 60, units: int = 14) -> None:
    """Let a year of random visits, findings, corrections, fines and payments happen."""
    dice = Random(seed)
    places = [getattr(city.areas, dice.choice(COMMUNITIES)) for _ in range(units)]
    # A unit has one place; one of them has none that is known.
    made = []
    for number, area in enumerate(places):
        name = f"演示单位{seed}-{number}"
        made.append(
            Unit.objects.create(
                kind=dice.choice(("small_shop", "estate_like", "rental")), name=name, name_key=name, area=area,
                registered_on=date(2020, 1, 1), is_demo=True, **stamped(area),
            )
        )  # fmt: skip
    old = {unit.pk: dice.random() < 0.5 for unit in made}
    parts = defaultdict(list)
    for _number in range(visits):
        unit = dice.choice(made)
        day = FIRST + timedelta(days=dice.randrange((LAST - FIRST).days))
        place = {} if unit is made[0] else stamped(unit.area)
        part = visit_unit(
            city, unit, day, agency_kind=dice.choice(KINDS), is_old_community=old[unit.pk], place=place
        )
        parts[unit.pk].append(part)
        for _finding in range(dice.randrange(3)):
            top, code = dice.choice(TOPS)
            fixed = day + timedelta(days=dice.choice((0, 1, 5, 33, 90))) if dice.random() < 0.7 else None
            counted = dice.random() < 0.85
            finding = find(
                part, top_class=top, class_code=code, rectified_on=fixed, counted=counted, is_new=counted
            )
            if dice.random() < 0.4:
                decided = day + timedelta(days=dice.randrange(20))
                penalty = fine(finding, decided, dice.choice(("200", "500.50", "33.33")))
                if dice.random() < 0.2:
                    penalty.cancelled_on = decided + timedelta(days=3)
                    penalty.save()
                if dice.random() < 0.6:
                    pay(penalty, decided + timedelta(days=dice.randrange(30)), "10.01")
