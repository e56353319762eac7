"""Cases made directly, in every state and at any time, for counting them."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from anju.duties.cases.models import Case, Report
from anju.duties.cases.rules import OPEN, State
from anju.ground.access.actors import Actor, Reach
from anju.ground.foundation.models import Clock
from anju.ground.territory.models import Area

_codes = count(1)


def moment(text: str) -> datetime:
    """Read "2024-03-05" or "2024-03-05 14:20" as local time; a bare day is its first moment."""
    return timezone.make_aware(datetime.fromisoformat(text))


def make_case(area: Area | None, reported: str, state: str = State.FIXING, **more: Any) -> Case:
    """Make a case as it would stand: closed cases have their time, open ones a deadline fifteen days on."""
    reported_at = moment(reported)
    fields: dict[str, Any] = {
        "kind": "hazard",
        "class_code": "EB01",
        "severity": "general",
        "channel": "portal",
        "text": "演示数据",
        "state": state,
        "reported_at": reported_at,
    }
    if area is not None:
        levels = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}
        fields |= {name: area.at_level(level) for level, name in levels.items()}
        fields["division_id"] = area.division_id
    for name in ("closed_at", "due_at", "paused_at"):
        if isinstance(more.get(name), str):
            more[name] = moment(more[name])
    if state in OPEN:
        fields["due_at"] = reported_at + timedelta(days=15)
    if state == State.CLOSED:
        fields |= {"closed_at": reported_at + timedelta(days=5), "on_time": True}
    if state == State.VOID:
        fields["closed_at"] = reported_at + timedelta(days=1)
    case = Case.objects.create(**(fields | more))
    due = case.due_at or reported_at + timedelta(days=15)
    Clock.objects.create(
        subject_type="cases.case",
        subject_id=case.pk,
        kind="rectify",
        amount=15,
        unit="days",
        started_at=reported_at,
        due_at=due,
        stopped_at=case.closed_at,
        paused_at=case.paused_at,
    )
    return case


def rate(case: Case, rating: int, at: str) -> Report:
    """Let a reporter of a case rate it."""
    return Report.objects.create(
        case=case,
        code=f"T{next(_codes):07d}",
        text="演示数据",
        reported_at=case.reported_at,
        rating=rating,
        rated_at=moment(at),
    )


def officer(*areas: Area, publish: bool = False) -> Actor:
    """Return somebody who sees the figures of these areas."""
    reaches = tuple(Reach("area", area.pk, area.level, area.name) for area in areas)
    powers = {"figures.see": reaches, "cases.see": reaches, "cases.export": reaches}
    if publish:
        powers["figures.publish"] = reaches
    return Actor(account_id=1, kind="account", name="演示员", post="演示岗位", powers=powers)
