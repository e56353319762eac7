"""Every term follows the calendar, belongs to an office and has a name, whichever room it is of."""

from datetime import timedelta

import pytest
from django.utils import timezone

from anju.ground.foundation import acts, calendar, clocks, desk
from anju.ground.foundation.models import Clock, Event

pytestmark = pytest.mark.django_db

# Terms that no calendar of workdays gives: {(kind of thing, column): why}.
FIXED = {
    ("visits", "visit__planned_for"): "a day that somebody chose",
    ("orders", "due_on"): "a day that the order names",
    ("penalties", "hearing_on"): "a day that somebody chose",
    ("duties", "due_on"): "whole months after the last check",
    ("sealings", "until"): "whole days that the law gives",
}


def courses() -> list[acts.Loop]:
    return [loop for loop in acts.loops() if isinstance(loop.clocks, clocks.Course)]


def test_every_term_on_a_desk_follows_the_calendar():
    at, lost = timezone.now(), []
    for kind in desk.kinds():
        for wait in kind.waits(at):
            if not wait.by or (kind.name, wait.by) in FIXED:
                continue
            named = clocks.followed(kind.model)
            # What is no column is the end of a clock itself.
            if isinstance(wait.by, str) and wait.by not in named:
                lost.append(f"{kind.name}: {wait.by}")
    assert lost == []


def test_every_clock_that_a_step_starts_has_an_owner_and_a_name(everything):
    at = timezone.now()
    assert len(courses()) >= 3
    for loop in courses():
        labels, row = clocks.labels_of(loop.model), loop.model._default_manager.first()
        for step in loop.steps:
            for kind in (loop.clocks.rule(row, name, at).kind for name in step.starts):
                assert loop.clocks.owners.get(kind), (
                    f"{loop.room}.{step.act} starts {kind}, which is nobody's"
                )
                assert labels.get(kind), f"{loop.room}.{step.act} starts {kind}, which has no name"


def test_a_holiday_moves_the_running_terms_of_every_room_and_each_story_says_so(everything):
    at, by = timezone.now(), everything.city.people.administrator.actor(timezone.now())
    before = dict(Clock.objects.filter(clocks.RUNNING).values_list("pk", "due_at"))
    kinds = set(Clock.objects.filter(clocks.RUNNING).values_list("subject_type", flat=True))
    assert {"cases.case", "suggestions.suggestion", "transfers.transfer"} <= kinds
    day, closed = timezone.localdate(at), 0
    while closed < 8:
        day += timedelta(days=1)
        if calendar.current().is_workday(day):
            calendar.edit_day(day=day, is_workday=False, name="临时放假", source="演示通知", by=by, at=at)
            closed += 1
    moved = {
        clock.subject_type
        for clock in Clock.objects.filter(clocks.RUNNING, unit="workdays", due_at__gt=at)
        if clock.due_at > before[clock.pk]
    }
    assert moved >= {"cases.case", "transfers.transfer"}
    for clock in Clock.objects.filter(clocks.RUNNING):
        assert clock.due_at == clocks.replay(clock).at
    for loop in courses():
        if clocks.label_of(loop.model) not in moved:
            continue  # counted in months
        told = Event.objects.filter(name=loop.event(clocks.ACT))
        assert told and all(one.data["moved"] for one in told)
    # What is worked out again is right by now: nothing moves twice.
    assert clocks.recompute(at=at) == 0


def test_the_columns_that_lists_sort_by_are_those_of_the_clocks(everything):
    for loop in courses():
        for row in loop.model._default_manager.all():
            kept = {
                name: getattr(row, name) for name in ("due_at", "due_clock", "due_step") if hasattr(row, name)
            }
            loop.clocks.stamp(row, sorted(clocks.running_of(row), key=lambda c: c.due_at))
            assert kept == {name: getattr(row, name) for name in kept}, row


def test_a_clock_that_runs_is_the_office_s_that_must_act(everything):
    for loop in courses():
        label = clocks.label_of(loop.model)
        for clock in Clock.objects.filter(clocks.RUNNING, subject_type=label):
            row = loop.model._default_manager.get(pk=clock.subject_id)
            if clock.part_id is None:
                assert clock.owner_id == getattr(row, f"{loop.clocks.owners[clock.kind]}_id"), clock
            else:
                assert clock.owner_id is not None
