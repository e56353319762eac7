"""Nothing with a term is forgotten: every awaited act of every kind of thing climbs when its term has passed."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from anju.duties.suggestions.models import CoHandling, Suggestion
from anju.ground.foundation import acts, calendar, clocks, desk, journal, ladder, notices, story

PAST, DAY, NOW, GONE = "past", "day", "now", None
# What has a term and does not climb, by kind and act, and why.
STANDING = {
    (
        "orders",
        "ask_recheck",
    ): "the term is the company's; once it has passed, the re-check by the agency climbs",
    ("penalties", "pay"): "the term is the party's",
    ("penalties", ""): "the term is the party's, and paid at the bank",
    ("sealings", "lift"): "it ends by itself on its last day",
    ("visits", "begin"): "visits have no step `escalate` yet",
    ("visits", "conclude"): "visits have no step `escalate` yet",
    ("visits", "sign"): "visits have no step `escalate` yet",
    ("visits", "finish"): "visits have no step `escalate` yet",
    ("duties", ""): "a place due for its round has no acts of its own: no step `escalate` yet",
    ("opinions", "give_opinion"): "the suggestion that it belongs to climbs for it",
}
# How the record of `everything` is put into each wait, in the order in which the kind declares them.
FORCED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "cases": [
        ("assign", {"state": "reported", "due_at": PAST}),
        ("accept", {"state": "assigned", "due_at": PAST}),
        ("submit", {"state": "fixing", "due_at": PAST}),
        ("close", {"state": "checking", "due_at": PAST}),
        ("verify", {"state": "assigned", "due_at": GONE, "verified_at": GONE, "verify_by": PAST}),
    ],
    "suggestions": [
        ("assign", {"state": "registered", "due_at": PAST}),
        ("accept", {"state": "assigned", "due_at": PAST}),
        ("submit_for_signature", {"state": "handling", "due_at": PAST}),
        ("sign", {"state": "signing", "due_at": PAST}),
        ("issue", {"state": "signed", "due_at": PAST}),
        ("assess", {"state": "assessing", "due_at": PAST}),
        ("give_opinion", {"state": "assigned", "opinion_by": PAST}),
    ],
    "orders": [
        ("serve", {"state": "issued", "serve_by": DAY}),
        ("comply", {"state": "overdue", "recheck_by": DAY}),
        ("comply", {"state": "served", "due_on": DAY, "recheck_by": DAY}),
    ],
    "penalties": [
        ("spare", {"state": "filed", "with_head_since": NOW, "decide_by": DAY}),
        ("decide", {"state": "noticed", "with_head_since": NOW, "decide_by": DAY}),
        ("decide_simple", {"state": "filed", "procedure": "simple", "with_head_since": GONE, "decide_by": DAY}),
        ("give_notice", {"state": "filed", "procedure": "ordinary", "with_head_since": GONE, "decide_by": DAY}),
        ("propose", {"state": "noticed", "statement": "无异议", "with_head_since": GONE, "decide_by": DAY}),
        ("record_hearing", {"state": "hearing", "hearing_on": DAY}),
        ("serve", {"state": "decided", "served_at": GONE, "serve_by": DAY}),
    ],
    "transfers": [
        ("send", {"state": "draft", "due_at": PAST}),
        ("sign_for", {"state": "sent", "due_at": PAST}),
        ("accept", {"state": "signed", "due_at": PAST}),
        ("report_back", {"state": "accepted", "due_at": PAST}),
        ("redirect", {"state": "refused", "refusal": "不归我管", "due_step": "redirect", "due_at": PAST}),
        ("close", {"state": "reported_back", "due_at": PAST}),
        ("order_accept", {"state": "refused", "refusal": "不归我管", "due_step": "settle_sender", "due_at": PAST}),
        ("order_accept", {"state": "refused", "refusal": "不归我管", "due_step": "settle_recv", "due_at": PAST}),
    ],
    "majors": [
        ("decide", {"state": "proposed", "decide_by": PAST}),
        ("notify", {"state": "decided", "written_number": "", "notify_by": PAST}),
    ],
    "objections": [
        ("answer", {"answer_by": DAY, "penalty_id": "penalty_id", "order_id": GONE}),
        ("answer", {"answer_by": DAY}),
    ],
}  # fmt: skip
SUBJECTS = {
    "cases": "case_id", "suggestions": "suggestion_id", "orders": "order_id", "penalties": "penalty_id",
    "transfers": "transfer_id", "majors": "major_id", "objections": "objection_id",
}  # fmt: skip


def _climbs(kind: desk.Kind, wait: desk.Wait) -> bool:
    loop = acts.loop_of(kind.model)
    return wait.climbs and loop is not None and ladder.ACT in loop.verbs


def test_every_wait_with_a_term_climbs_or_is_known_to_stand(db):
    at = timezone.now()
    timed = [(kind, wait) for kind in desk.kinds() for wait in kind.waits(at) if wait.by]
    climbing = [(kind.name, wait.act) for kind, wait in timed if _climbs(kind, wait)]
    assert sorted(climbing) == sorted((name, act) for name, forced in FORCED.items() for act, _told in forced)
    assert {(kind.name, wait.act) for kind, wait in timed if not _climbs(kind, wait)} == STANDING.keys()


def test_every_kind_climbs_as_an_act_of_its_room_wherever_it_may_wait():
    for name in FORCED:
        kind = next(kind for kind in desk.kinds() if kind.name == name)
        loop = acts.loop_of(kind.model)
        assert loop is not None and ladder.ACT in loop.verbs, name


class _Back(Exception):
    """Everything as it was."""


def test_each_climbs_when_its_term_has_passed_once_and_tells_somebody(everything):
    at, faults = timezone.now() + timedelta(minutes=1), []
    for name, forced in FORCED.items():
        kind = next(kind for kind in desk.kinds() if kind.name == name)
        pk = everything.ids[SUBJECTS[name]]
        for act, told in forced:
            try:
                with transaction.atomic():
                    _force(kind, pk, told, at, everything)
                    faults += [f"{name} {act} {told}: {fault}" for fault in _faults(kind, pk, act, at)]
                    raise _Back
            except _Back:
                pass
    assert faults == []


def _force(kind: desk.Kind, pk: int, told: dict[str, Any], at: datetime, everything: Any) -> None:
    past = at - timedelta(days=3)
    meant = {PAST: past, DAY: timezone.localdate(past), NOW: past, "penalty_id": everything.ids["penalty_id"]}
    row = kind.model._default_manager.filter(pk=pk)
    row.update(**{column: meant.get(value, value) if value else value for column, value in told.items()})
    if kind.name == "suggestions":
        # Its columns follow its clocks with each act: they end now, too.
        running = Suggestion.objects.get(pk=pk).clocks.filter(stopped_at__isnull=True)
        if "opinion_by" in told:
            asked = CoHandling.objects.create(
                suggestion_id=pk, organisation_id=everything.city.offices.east_housing.pk, asked_at=past
            )
            first = running.order_by("pk")[0]
            first.pk, first.part_id, first.kind, first.due_at = None, asked.pk, "opinion", past
            first.save()
        else:
            running.update(due_at=past)


def _faults(kind: desk.Kind, pk: int, act: str, at: datetime) -> list[str]:
    row = kind.model._default_manager.get(pk=pk)
    loop = acts.loop_of(kind.model)
    assert loop is not None
    name = loop.event(ladder.ACT)
    before = journal.events_named(row, name).count()
    ladder.climb_all(at=at, kinds=(kind.name,))
    ladder.climb_all(at=at, kinds=(kind.name,))
    made = list(journal.events_named(row, name).order_by("id"))[before:]
    if len(made) != 1:
        return [f"climbed {len(made)} times"]
    found = []
    if made[0].data["awaited"] != act or made[0].data["rung"] != 1:
        found.append(f"climbed as {made[0].data}")
    to = made[0].data["to"] or "值班员"
    if story.told(made[0])["title"].count(to) != 1:
        found.append(f"its story says {story.told(made[0])['title']}")
    if notices.about(row).filter(kind="escalate", read_at__isnull=True).count() != 1:
        found.append("nobody was told")
    if ladder.rung_of(row, at) != 1:
        found.append("it is not seen that it has climbed")
    column = next(wait.by for wait in ladder.climbing(kind, at) if wait.act == act)
    loop.manager.filter(pk=pk).update(**{column: at + timedelta(days=2)})
    if ladder.rung_of(row, at) != 0:
        found.append("another term does not begin at the bottom")
    return found


def test_whatever_climbs_follows_the_calendar_too_by_the_one_recomputation():
    climbing = {loop.room for loop in acts.loops() if ladder.ACT in loop.verbs}
    assert {loop.room for loop in clocks.following()} == climbing
    assert journal.wiring()[calendar.CHANGED] == ["anju.ground.foundation.clocks.calendar_changed"]
