"""What must hold of everybody's desk in any city: it agrees with itself, with the pages, and with the terms."""

from datetime import datetime

from django.db.models import Q

from anju.duties.cases import rules as case_rules
from anju.duties.cases.models import Case
from anju.duties.orders.models import Order
from anju.duties.suggestions.models import Suggestion
from anju.duties.transfers.models import Transfer
from anju.ground.access import services as access
from anju.ground.access.models import Account
from anju.ground.foundation import acts, desk

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
}


def faults(at: datetime) -> list[str]:
    """List what is wrong with the desks of all accounts at a moment."""
    found: list[str] = []
    lying: dict[str, set[int]] = {}
    for actor, account in access.actors_of(Account.objects.all(), at=at):
        rows = desk.page(actor, at, most=ALL)
        told = desk.numbers(actor, at)
        badge = desk.badge(actor, at)
        counts = (len(rows), sum(row.late for row in rows))
        if (told.count, told.late) != counts or (badge.count() if badge is not None else 0) != len(rows):
            found.append(f"{account.username}: the numbers {told.count}, {told.late} and the rows {counts}")
        if len({(row.kind.name, row.pk) for row in rows}) != len(rows):
            found.append(f"{account.username}: something stands there twice")
        terms = [row.due_at.timestamp() if row.due_at else float("inf") for row in rows]
        if terms != sorted(terms):
            found.append(f"{account.username}: not in the order of the terms")
        found += [f"{account.username}: {fault}" for row in rows if (fault := _impossible(row, actor, at))]
        for row in rows:
            lying.setdefault(row.kind.name, set()).add(row.pk)
    for name, (model, running, term) in LATE.items():
        late = model._default_manager.filter(running, **{f"{term}__lt": at})
        lost = set(late.values_list("pk", flat=True)) - lying.get(name, set())
        found += [f"{name} {pk}: late, and on nobody's desk" for pk in sorted(lost)[:5]]
    return found


def _impossible(row: desk.Waiting, actor: object, at: datetime) -> str:
    """Say why what the desk asks for cannot be done by whom it asks; "" when it can."""
    loop = acts.loop_of(row.kind.model)
    if loop is None or not row.act:
        return ""  # a part of another record, or what is done elsewhere (a fine is paid at the bank)
    record = loop.manager.get(pk=row.pk)
    possible = {one.act: one.blocked for one in loop.possible(record, by=actor, at=at)}
    if row.act not in possible:
        return f"{row.kind.name} {row.pk} ({loop.state_of(record)}): {row.act} is not theirs; {sorted(possible)} are"
    if (blocked := possible[row.act]) is not None:
        return f"{row.kind.name} {row.pk}: {row.act} is blocked: {blocked.sentence}"
    if not loop.manager.filter(loop.condition(actor), pk=row.pk).exists():
        return f"{row.kind.name} {row.pk} lies there unseen"
    return ""
