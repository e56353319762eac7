"""Questions about transfers: the three boxes of a desk, one transfer with both sides' story, who may receive it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases.models import Case, Evidence
from anju.duties.cases.queries import after_terms, catalogue
from anju.duties.orders.models import Order
from anju.duties.orders.queries.matters import place_of
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import clocks, journal, rulebooks, workdays
from anju.ground.foundation import desk as desk_of
from anju.ground.foundation.desk import Wait
from anju.ground.foundation.ladder import Rung
from anju.ground.foundation.models import Clock, Event
from anju.ground.foundation.refusals import NotFound
from anju.ground.organisations.models import Organisation
from anju.ground.organisations.queries import closest, covering_all, posts_on
from anju.ground.territory.models import Area
from anju.means.documents.models import IssuedDocument

from . import rules
from .models import Transfer, TransferEvidence
from .rules import KIND_LABELS, STATE_LABELS, TransferState

BOOK = "transfers"
_PARTS = ("sender", "receiver", "sender_superior", "receiver_superior", "case__estate", "unit")


def book(at: date) -> dict[str, Any]:
    """Return the rulebook of transfers in force at a moment, or on a day."""
    return rulebooks.load(BOOK, on=day_of(at) if isinstance(at, datetime) else at)


# --- Offices -----------------------------------------------------------------------------------------------------


def superior_of(office: Organisation, *, at: datetime) -> Organisation | None:
    """Return the organisation one level up that watches an office's transfers; at the top, the duty officer's."""
    if office.parent is not None and office.parent.active:
        return office.parent
    if office.area is None:
        return None
    level = office.area.level
    above = [o for o in covering_all(office.area) if o.area is not None and o.area.level < level]
    for kind in book(at)["superiors"].get(office.kind, ()):
        if (found := closest(above, kind)) is not None:
            return found
    return duty_office(office.area, besides=office, at=at)


def rungs_above(office_id: int | None, at: datetime) -> list[Rung]:
    """List who is told when an office has let a term pass: those above it, one by one; at last the duty officer."""
    office = Organisation.objects.filter(pk=office_id).select_related("area", "parent__area").first()
    after, found = after_terms(at), list[Organisation]()
    above = superior_of(office, at=at) if office is not None else None
    while above is not None and above.pk != office_id and above not in found and len(found) < len(after):
        found.append(above)
        above = superior_of(above, at=at)
    levels = {2: "city", 3: "county", 4: "street"}
    return [
        Rung(n, levels.get(one.area.level if one.area else 0, ""), one, after[n - 1])
        for n, one in enumerate(found, 1)
    ] or [Rung(1, "duty", None, after[0])]


def duty_office(area: Area, *, at: datetime, besides: Organisation | None = None) -> Organisation | None:
    """Return who is on duty for an area when nobody stands above: the duty office, else where a duty officer is."""
    kept = [o for o in covering_all(area) if besides is None or o.pk != besides.pk]
    if (found := closest(kept, book(at)["last_superior"])) is not None:
        return found
    held = posts_on(timezone.localtime(at).date(), role=book(at)["last_role"], organisation__in=kept)
    ids = set(held.values_list("organisation", flat=True))
    return next((o for o in kept if o.pk in ids), None)


def settler_of(transfer: Transfer, *, at: datetime) -> Organisation | None:
    """Return the common superior of both sides: an office of the rulebook's kinds that covers both and stands above.

    Where no office stands above both, one of the level of the higher side that is neither of them; at last the duty
    officer.
    """
    sides = [o for o in (transfer.sender, transfer.receiver) if o.area is not None]
    covering = [covering_all(o.area) for o in sides if o.area is not None]
    if not covering:
        return None
    common = set.intersection(*({o.pk for o in offices} for offices in covering)) - {o.pk for o in sides}
    highest = min(o.area.level for o in sides if o.area is not None)
    for level in (highest - 1, highest):
        for kind in book(at)["settlers"]:
            for office in covering[0]:
                if office.pk in common and office.kind == kind and office.area and office.area.level <= level:
                    return office
    assert sides[0].area is not None
    return duty_office(sides[0].area, at=at)


def receivers(case: Case, *, at: date, besides: Iterable[int] = ()) -> list[Organisation]:
    """List the agencies that may receive a transfer of a case: those covering its place, of the rulebook's kinds."""
    kinds = book(at)["receivers"]
    kept = set(besides)
    return [o for o in covering_all(place_of(case)) if o.kind in kinds and o.pk not in kept]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Whom the rulebook suggests for a case, with which kind of transfer, on which ground."""

    receiver: Organisation | None
    route: rules.Route
    reason: str
    serious: bool


def suggest(case: Case, *, at: datetime, besides: Iterable[int] = ()) -> Suggestion:
    """Suggest the receiver of a case by its class and its place, and say whether it is to be reported as serious."""
    rules_ = book(at)
    handling = handling_of(case)
    route = rules.route(rules_["routes"], class_code=case.class_code, handling=handling)
    offices = receivers(case, at=at, besides=besides)
    found = next((o for kind in route.to if (o := closest(offices, kind)) is not None), None)
    english = (get_language() or "").startswith("en")
    return Suggestion(
        receiver=found,
        route=route,
        reason=route.reason_en if english else route.reason,
        serious=is_serious(case, handling, rules_),
    )


def handling_of(case: Case) -> tuple[str, ...]:
    """Return how the class of a case is handled by default, by the edition of the day it was reported."""
    found = catalogue.classes(case.kind, on=timezone.localtime(case.reported_at).date()).get(case.class_code)
    return found.handling if found else ()


def is_serious(case: Case, handling: Sequence[str], rules_: dict[str, Any]) -> bool:
    """Say whether a hazard must be reported in writing to the street and to the fire agency."""
    wanted = rules_["serious"]
    return bool(set(handling) & set(wanted["handling"])) or case.severity in wanted["severities"]


# --- Terms and outcomes ------------------------------------------------------------------------------------------


def term_of(key: str, *, at: datetime) -> workdays.Term:
    """Return the term of a clock of rulebooks/transfers on a day."""
    return clocks.Rule.of(key, book(at)["clocks"][key]).term


def outcomes(*, at: date) -> list[dict[str, Any]]:
    """List the outcomes that a receiver may report, as the rulebook of the day has them."""
    return [entry for entry in book(at)["outcomes"] if entry["chosen"]]


def outcome_of(key: str) -> dict[str, Any]:
    """Return an outcome of any edition by its key ({} when none was reported)."""
    for _start, _end, content in reversed(rulebooks.editions(BOOK)):
        for entry in content["outcomes"]:
            if entry["key"] == key:
                return dict(entry)
    return {}


def outcome_label(key: str) -> str:
    """Return the name of an outcome in the reader's language."""
    found = outcome_of(key)
    english = (get_language() or "").startswith("en")
    return str(found.get("name_en" if english else "name", key))


# --- Lists -------------------------------------------------------------------------------------------------------


_LATE = lazy("对方超期，请催办")


def waiting(actor: Actor, *, at: datetime) -> QuerySet[Transfer]:
    """Return the transfers that wait for somebody, as the desk says."""
    return Transfer.objects.filter(desk_of.condition("transfers", actor, at))


def waits(at: datetime) -> list[Wait]:
    """Say what is awaited on transfers, by whose turn it is; whoever only watches is told of what is late."""
    s, words = TransferState, rules.STEP_LABELS
    free = ~Q(due_step__in=list(rules.SETTLING))
    sends, receives = ("sender", rules.SEND), ("receiver", rules.RECEIVE)
    with_receiver = Q(state__in=[s.SENT, s.SIGNED, s.ACCEPTED, s.PASSED_ON])
    with_sender = Q(state__in=[s.REFUSED, s.REPORTED_BACK]) & free
    late = Q(due_at__lt=at) & (Q(urged_at__isnull=True) | Q(urged_at__lt=F("due_at")))
    above = "sender_superior|receiver_superior"

    def not_own(side: str) -> Callable[[Actor], Q]:
        """Leave out what the reader's own office has to do: nobody urges itself."""
        return lambda actor: ~Q(**{f"{side}_id__in": actor.organisation_ids})

    return [
        Wait("send", Q(state=s.DRAFT), *sends, "due_at"),
        Wait("sign_for", Q(state=s.SENT), *receives, "due_at"),
        Wait("accept", Q(state=s.SIGNED), *receives, "due_at", words["accept"]),
        Wait("report_back", Q(state=s.ACCEPTED), *receives, "due_at", words["outcome"]),
        Wait("redirect", Q(state=s.REFUSED) & free, *sends, "due_at", words["redirect"]),
        Wait("close", Q(state=s.REPORTED_BACK), *sends, "due_at", words["close"]),
        *(
            Wait(
                "order_accept", Q(state=s.REFUSED, due_step=step), party, rules.SETTLE, "due_at", words[step]
            )
            for step, party in rules.SETTLING.items()
        ),
        Wait("urge", late & with_receiver, f"sender|{above}", rules.SEE, "", _LATE, not_own("receiver")),
        Wait("urge", late & with_sender, above, rules.SEE, "", _LATE, not_own("sender")),
    ]


def _open(found: QuerySet[Transfer]) -> QuerySet[Transfer]:
    return found.exclude(state=TransferState.CLOSED)


@dataclass(frozen=True, slots=True)
class Row:
    """One transfer in a list."""

    transfer: Transfer
    state_label: str
    class_label: str
    late: bool
    mine: bool
    waits_for: str
    step: str
    tone: str

    @property
    def pk(self) -> int:
        return self.transfer.pk


@dataclass(frozen=True, slots=True)
class Box:
    """One of the three boxes of the desk."""

    key: str
    rows: tuple[Row, ...]
    count: int
    late: int


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk: what I sent, what was sent to me, and what those below me sent or received."""

    boxes: tuple[Box, ...]
    waiting: int
    late: int


def desk(actor: Actor, *, at: datetime, closed: bool = False, limit: int = 50) -> Desk:
    """Return the three boxes of an actor's offices, the late first; closed ones instead when asked for."""
    offices = actor.offices("transfers.see")
    conditions = (
        ("sent", Q(sender_id__in=offices)),
        ("received", Q(receiver_id__in=offices) & ~Q(state=TransferState.DRAFT)),
        (
            "below",
            (Q(sender_superior_id__in=offices) | Q(receiver_superior_id__in=offices))
            & ~Q(sender_id__in=offices)
            & ~Q(receiver_id__in=offices)
            & ~Q(state=TransferState.DRAFT),
        ),
    )
    boxes = []
    for key, condition in conditions:
        found = Transfer.objects.filter(condition)
        found = found.filter(state=TransferState.CLOSED) if closed else _open(found)
        rows = found.select_related(*_PARTS).order_by(*(("-closed_at",) if closed else ("due_at", "pk")))
        counts = [0, 0] if closed else [found.count(), found.filter(due_at__lt=at).count()]
        listed = tuple(row_of(one, offices, at=at) for one in rows[:limit])
        boxes.append(Box(key, listed, counts[0] or len(listed), counts[1]))
    return Desk(tuple(boxes), waiting(actor, at=at).count(), sum(box.late for box in boxes))


def is_late(transfer: Transfer, at: datetime) -> bool:
    """Say whether the running clock has passed."""
    return transfer.state != TransferState.CLOSED and transfer.due_at is not None and transfer.due_at < at


def row_of(transfer: Transfer, offices: Iterable[int], *, at: datetime) -> Row:
    """Make a list's row of a transfer."""
    party = rules.next_party(transfer.state, transfer.due_step)
    office = getattr(transfer, party) if party else None
    late = is_late(transfer, at)
    return Row(
        transfer=transfer,
        state_label=str(STATE_LABELS[transfer.state]),
        class_label=catalogue.label(transfer.case.kind, transfer.case.class_code),
        late=late,
        mine=office is not None and office.pk in offices,
        waits_for=office.name if office else "",
        step=str(rules.STEP_LABELS.get(transfer.due_step, "")),
        tone="overdue" if late else "",
    )


def of_case(actor: Actor, case_id: int) -> list[Transfer]:
    """List the transfers of a case that an actor may see, newest first."""
    found = Transfer.objects.filter(seen_q(actor), case_id=case_id)
    return list(found.select_related("sender", "receiver").order_by("-pk"))


def under_way(case_ids: Iterable[int]) -> set[int]:
    """Return those cases whose rectification lies with another agency now (移送办理)."""
    found = Transfer.objects.filter(
        case_id__in=list(case_ids), kind__in=["referral", "copy_notice"], state__in=sorted(rules.UNDER_WAY)
    )
    return set(found.values_list("case_id", flat=True))


# --- One transfer ------------------------------------------------------------------------------------------------


def seen_q(actor: Actor) -> Q:
    """Return the condition under which an actor sees a transfer: as a party of it; a draft is its sender's alone."""
    theirs = ~Q(state=TransferState.DRAFT) | Q(sender_id__in=actor.offices("transfers.see"))
    return access.visible_q(Transfer, to=actor, power="transfers.see") & theirs


def get(actor: Actor, transfer_id: int) -> Transfer:
    """Return a transfer that the actor may see, or say that there is none."""
    found = Transfer.objects.filter(seen_q(actor), pk=transfer_id).select_related(
        *_PARTS, "passed_from__sender", "county", "street", "community"
    )
    try:
        return found.get()
    except Transfer.DoesNotExist:
        raise NotFound(_("没有找到这件移送，可能编号有误，或与您的单位无关。")) from None


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything a transfer's page shows."""

    transfer: Transfer
    row: Row
    class_label: str
    kind_label: str
    clock: Clock | None
    manifest: tuple[TransferEvidence, ...]
    events: tuple[Event, ...]
    chain: tuple[Transfer, ...]
    papers: tuple[IssuedDocument, ...]
    answer_files: tuple[Evidence, ...]
    outcome_label: str
    outcome: dict[str, Any]
    sees_case: bool
    recheck: bool
    side: str


def dossier(actor: Actor, transfer_id: int, *, at: datetime) -> Dossier:
    """Return one transfer whole, for somebody who may see it."""
    found = get(actor, transfer_id)
    offices = actor.offices("transfers.see")
    events = journal.events_of(found)
    outcome = outcome_of(found.outcome)
    sees_case = (
        actor.has("cases.see")
        and access.visible(Case, to=actor, power="cases.see").filter(pk=found.case_id).exists()
    )
    return Dossier(
        transfer=found,
        row=row_of(found, offices, at=at),
        class_label=catalogue.label(found.case.kind, found.case.class_code),
        kind_label=str(KIND_LABELS[found.kind]),
        clock=next(iter(clocks.running_of(found)), None),
        manifest=tuple(found.evidence.select_related("file").order_by("pk")),
        events=tuple(events),
        chain=tuple(_chain(found)),
        papers=tuple(
            IssuedDocument.objects.filter(
                subject_type=Transfer._meta.label_lower, subject_id=found.pk
            ).order_by("pk")
        ),
        answer_files=tuple(_answer_files(events)),
        outcome_label=outcome_label(found.outcome) if found.outcome else "",
        outcome=outcome,
        sees_case=sees_case,
        recheck=bool(
            outcome.get("rectified")
            and found.case.is_open
            and sees_case
            and actor.has("cases.check")
            and found.state in (TransferState.REPORTED_BACK, TransferState.CLOSED)
        ),
        side=side_of(actor, found),
    )


def _answer_files(events: Iterable[Event]) -> list[Evidence]:
    ids = [pk for event in events for pk in event.data.get("evidence", ())]
    return list(Evidence.objects.filter(pk__in=ids).select_related("file").order_by("pk")) if ids else []


def chain_before(transfer: Transfer) -> list[Transfer]:
    """List what a transfer was handed on from, the first one last."""
    found: list[Transfer] = []
    step = transfer
    while step.passed_from_id is not None and len(found) < 20:
        step = Transfer.objects.select_related("sender", "receiver").get(pk=step.passed_from_id)
        found.append(step)
    return found


def _chain(transfer: Transfer) -> list[Transfer]:
    """List the whole way of a matter from its first sender to whoever has it now."""
    before = chain_before(transfer)[::-1]
    after: list[Transfer] = []
    last = transfer
    while len(after) < 20:
        child = (
            Transfer.objects.filter(passed_from=last)
            .select_related("sender", "receiver")
            .order_by("-pk")
            .first()
        )
        if child is None:
            break
        after.append(child)
        last = child
    return [*before, transfer, *after] if before or after else []


def side_of(actor: Actor, transfer: Transfer) -> str:
    """Say on which side of a transfer an actor's offices stand, the acting side first."""
    offices = actor.offices("transfers.see")
    return next((p for p in rules.PARTIES if getattr(transfer, f"{p}_id") in offices), "")


# --- Before there is one -----------------------------------------------------------------------------------------


def case_to_transfer(actor: Actor, case_id: int) -> Case:
    """Return an open case that the actor sees and might transfer, or say that there is none."""
    found = (
        access.visible(Case, to=actor, power="cases.see")
        .filter(pk=case_id)
        .select_related("estate", "county", "street", "community")
        .first()
    )
    if found is None:
        raise NotFound(_("没有找到这件事项，可能编号有误，或不在您的管辖范围。"))
    return found


def evidence_of(case: Case) -> list[Evidence]:
    """List the evidence of a case (with that of cases merged into it) that a manifest may name."""
    folded = list(Case.objects.filter(merged_into=case).values_list("pk", flat=True))
    found = Evidence.objects.filter(case_id__in=[case.pk, *folded]).select_related("file")
    return list(found.order_by("added_at", "pk"))


def orders_of(case: Case) -> list[Order]:
    """List the orders that name a case, newest first."""
    return list(Order.objects.filter(lines__case=case).order_by("-issued_at").distinct()[:20])


def senders(actor: Actor) -> list[Organisation]:
    """List the offices in whose name an actor may transfer."""
    return list(
        Organisation.objects.filter(pk__in=actor.offices("transfers.transfer"), active=True).order_by("pk")
    )


# --- The manifest ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What re-hashing the files of one line says: ok, changed or missing."""

    line: TransferEvidence
    state: str
    found: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying a manifest says."""

    at: datetime
    lines: tuple[Verdict, ...] = field(default=())
    manifest_same: bool = True
    sent_same: bool = True

    @property
    def intact(self) -> bool:
        return self.manifest_same and self.sent_same and all(v.state == "ok" for v in self.lines)


def day_of(at: datetime) -> date:
    """Return the local day of a moment."""
    return timezone.localtime(at).date()
