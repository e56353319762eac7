"""What must hold of everybody's desk in any city: it agrees with itself, with the pages, and with the terms."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import cycle
from typing import Any

from django.db.models import DateTimeField, Model, Q
from django.utils import timezone

from anju.duties.cases import rules as case_rules
from anju.duties.cases.models import Case
from anju.duties.inspections.models import Duty, VisitPart
from anju.duties.orders.models import Order
from anju.duties.suggestions.models import Suggestion
from anju.duties.transfers.models import Transfer
from anju.ground.access import services as access
from anju.ground.access.models import Account
from anju.ground.foundation import acts, desk, hands
from anju.ground.foundation.models import Holding
from anju.ground.foundation.refusals import Refusal

ALL = 100_000
# What has a term and somebody's turn: when the term has passed, it lies on a desk.
LATE = {
    "cases": (
        Case,
        Q(state__in=sorted(case_rules.OPEN), paused_at__isnull=True, desk__isnull=False),
        "due_at",
    ),
    "orders": (Order, Q(state="issued"), "serve_by"),
    "transfers": (Transfer, ~Q(state__in=["closed", "passed_on"]), "due_at"),
    "suggestions": (
        Suggestion,
        Q(state__in=["registered", "assigned", "handling", "signing", "signed"]),
        "due_at",
    ),
    "visits": (VisitPart, Q(visited_on__isnull=True, visit__state="planned"), "visit__planned_for"),
    # A unit that somebody is on the way to lies there as a visit.
    "duties": (
        Duty,
        Q(active=True, unit__ended_on__isnull=True) & ~Q(unit__visits__state__in=["planned", "open"]),
        "due_on",
    ),
}


def faults(at: datetime) -> list[str]:
    """List what is wrong with the desks of all accounts at a moment."""
    found: list[str] = []
    lying: dict[str, set[int]] = {}
    inspecting: set[int] = set()
    for actor, account in _one_of_each(at):
        rows = desk.page(actor, at, who=desk.ALL, most=ALL)
        found += [f"{account.username}: {fault}" for fault in _shared(rows, actor, at)]
        if len({(row.kind.name, row.pk) for row in rows}) != len(rows):
            found.append(f"{account.username}: something stands there twice")
        terms = [row.due_at.timestamp() if row.due_at else float("inf") for row in rows]
        if terms != sorted(terms):
            found.append(f"{account.username}: not in the order of the terms")
        found += [f"{account.username}: {fault}" for row in rows if (fault := _impossible(row, actor, at))]
        inspecting |= set(actor.offices("inspections.record"))
        for row in rows:
            lying.setdefault(row.kind.name, set()).add(row.pk)
    # Each has to be somewhere on a desk of its own: who has it sees it among theirs.
    found += _lost(at)
    for name, (model, running, term) in LATE.items():
        passed = at if _is_moment(model, term) else timezone.localdate(at)
        late = model._default_manager.filter(running, **{f"{term}__lt": passed})
        if model is Duty:  # the office without anybody who inspects has no desk for it to lie on
            late = late.filter(agency__in=inspecting)
        lost = set(late.values_list("pk", flat=True)) - lying.get(name, set())
        found += [f"{name} {pk}: late, and on nobody's desk" for pk in sorted(lost)[:5]]
    return found


def _one_of_each(at: datetime) -> Iterator[tuple[Any, Account]]:
    """Let one stand for all who hold the same powers in the same offices: but for what is given, theirs is one desk."""
    seen = set()
    for actor, account in access.actors_of(Account.objects.all(), at=at):
        held = {power: tuple(sorted(map(repr, reaches))) for power, reaches in actor.powers.items()}
        of = tuple(sorted(actor.organisation_ids)), tuple(sorted(held.items()))
        if of not in seen:
            seen.add(of)
            yield actor, account


def _is_moment(model: type[Model], term: str) -> bool:
    column = term.rpartition("__")[2]
    of = model if column == term else model._meta.get_field(term.partition("__")[0]).related_model
    return isinstance(of._meta.get_field(column), DateTimeField)


def _lost(at: datetime) -> Iterator[str]:
    """Say what somebody has that waits for their office, and does not stand on their own desk."""
    waiting: dict[tuple[str, int, int], str] = {}
    own: set[tuple[str, int, int]] = set()
    holding = set(Holding.objects.values_list("person_id", flat=True))
    active = Account.objects.filter(is_active=True)
    for actor, account in access.actors_of(active, at=at) if holding else ():
        if actor.person_id not in holding:
            continue
        for row in desk.page(actor, at, who=desk.ALL, most=ALL):
            if row.person_id is not None:
                waiting[row.kind.name, row.pk, row.person_id] = account.username
                if row.person_id == actor.person_id:
                    own.add((row.kind.name, row.pk, row.person_id))
    for kind, pk, person in waiting.keys() - own:
        yield f"{kind} {pk}: given to {person}, as {waiting[kind, pk, person]} sees, and not on that desk"


def _shared(rows: list[desk.Waiting], actor: Any, at: datetime) -> Iterator[str]:
    """Say where a part of somebody's desk, or its numbers, are not what the rows of the office say."""
    parts: dict[desk.Who, list[desk.Waiting]] = {desk.ALL: rows, desk.MINE: []}
    for row in rows:
        if row.person_id in (None, actor.person_id):
            parts[desk.MINE].append(row)
        if row.person_id is not None:
            parts.setdefault(row.person_id, []).append(row)
    for who, expected in parts.items():
        shown = desk.page(actor, at, who=who, most=ALL)
        if [(row.kind.name, row.pk, row.act) for row in shown] != [
            (row.kind.name, row.pk, row.act) for row in expected
        ]:
            yield f"the part {who} has {len(shown)} rows, not {len(expected)}"
        told = desk.numbers(actor, at, who=who)
        if (told.count, told.late) != (len(expected), sum(row.late for row in expected)):
            yield f"the numbers of {who}, {told.count} and {told.late}, are not those of its {len(expected)} rows"
    badge = desk.badge(actor, at)
    if badge != len(parts[desk.MINE]):
        yield "the badge is not the number of the rows"
    loads = {one.person_id: (one.count, one.late) for one in told.loads}
    counted = Counter(row.person_id for row in rows)
    late = Counter(row.person_id for row in rows if row.late)
    if loads != {who: (counted[who], late[who]) for who in counted}:
        yield f"the shares {loads} are not those of the rows {dict(counted)}"


def give_away(at: datetime) -> int:
    """Let everybody give some of what is nobody's to each of their colleagues in turn; returns how much was given."""
    given = 0
    for actor, _account in access.actors_of(Account.objects.all(), at=at):
        colleagues = sorted(hands.colleagues(actor, on=timezone.localdate(at)))
        free = [row for row in desk.page(actor, at, most=12) if row.may_give and row.person_id is None]
        for row, whom in zip(free[::2], cycle(colleagues or [0]), strict=False):
            with suppress(Refusal):  # not everybody can do everything
                hands.give(row.kind.name, row.pk, whom, by=actor, at=at)
                given += 1
    return given


def _impossible(row: desk.Waiting, actor: object, at: datetime) -> str:
    """Say why what the desk asks for cannot be done by whom it asks; "" when it can."""
    model, pk = _whole(row)
    loop = acts.loop_of(model)
    if loop is None or not row.act:
        return ""
    record = loop.manager.get(pk=pk)
    possible = {one.act: one.blocked for one in loop.possible(record, by=actor, at=at)}
    if row.act not in possible:
        return f"{row.kind.name} {row.pk} ({loop.state_of(record)}): {row.act} is not theirs; {sorted(possible)} are"
    if (blocked := possible[row.act]) is not None:
        return f"{row.kind.name} {row.pk}: {row.act} is blocked: {blocked.sentence}"
    if not loop.manager.filter(loop.condition(actor), pk=pk).exists():
        return f"{row.kind.name} {row.pk} lies there unseen"
    return ""


def _whole(row: desk.Waiting) -> tuple[type[Model], int | None]:
    """Name the record whose act is awaited: the row's own, or the one of which it is a part."""
    model = row.kind.model
    if acts.loop_of(model) is None:
        for column in model._meta.concrete_fields:
            loop = acts.loop_of(column.related_model) if column.related_model else None
            if loop is not None and any(step.act == row.act for step in loop.steps):
                return loop.model, model._default_manager.values_list(column.attname, flat=True).get(
                    pk=row.pk
                )
    # What is done elsewhere (a fine is paid at the bank) is no act of ours.
    return model, row.pk
