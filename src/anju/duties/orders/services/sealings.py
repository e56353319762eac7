"""Verbs of temporary sealing (临时查封): a fire agency's head seals, renews, lifts; it ends by itself."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.cases.services import notes
from anju.duties.inspections.models import Unit
from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import citations
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import Refusal
from anju.ground.organisations.models import Organisation
from anju.means.documents.rules import Inspector, Party, SealingDecisionData

from ..models import Sealing
from ..queries import matters
from ..queries.matters import Matter
from ..rules import SEALING_LABELS, SEALING_MOODS, SEALING_STEPS, SealingState
from .papers import issue_paper

_BASIS = "cn-fire-2021-54"
ONE_DAY = timedelta(days=1)


def require_agency(agency: Organisation, *, on: date) -> None:
    """Refuse an agency that may not seal; offer the transfer to one that may."""
    may = matters.book(on)["sealing"]["agencies"]
    if agency.kind not in may:
        raise matters.WrongAgency(
            _("临时查封只能由%(who)s决定（%(basis)s）。请固定证据后移送。")
            % {
                "who": _("或").join(matters.kind_name(kind, on=on) for kind in may),
                "basis": citations.cite(_BASIS),
            },
            data={"offer": "transfer", "to_kind": may[0], "agencies": list(may)},
        )


def _news(sealing: Sealing) -> dict[str, Any]:
    """Return what every event of a sealing says: whom it concerns, where, until when."""
    unit = sealing.unit
    return {
        "company": unit.organisation_id,
        "uscc": unit.uscc,
        "name": unit.name,
        "number": sealing.written_number,
        "case": sealing.case_id,
        "county": sealing.county_id,
        "until": sealing.until.isoformat(),
        "is_demo": sealing.is_demo,
    }


def _whose(turn: Turn) -> None:
    """Say first to another kind of agency who may seal, before it is told of powers."""
    if turn.step.act == "seal":
        require_agency(matters.agency_of(turn.by), on=turn.today)


LOOP = Loop(
    Sealing, SEALING_STEPS, room="orders", see="orders.see", labels=SEALING_LABELS, moods=SEALING_MOODS,
    roles={"agency": "agency"}, related=("agency", "unit", "case"), news=_news, turns=_whose, noun=lazy("这份临时查封"),
    no_power=lazy("临时查封由消防救援机构负责人决定。"),
    not_yours=lazy("这份临时查封由“%(name)s”办理，请由该单位负责人操作。"),
    missing=lazy("没有找到这份临时查封，可能编号有误，或不在您的管辖范围。"),
    choices={"grounds": lambda sealing, day, by: matters.named(matters.book(day)["sealing"]["grounds"])},
)  # fmt: skip


def _asked(given: Mapping[str, Any]) -> list[Any]:
    """Say what makes two sealings the same: about what, which unit and part, on which ground, until when."""
    names = ("unit_id", "ground", "part", "reason", "until", "officers")
    return [given["matter"].about, *(given.get(name) for name in names)]


@LOOP.verb("seal", asked=_asked)
def seal(
    turn: Turn,
    *,
    matter: Matter,
    ground: str,
    unit_id: int | None,
    part: str,
    reason: str,
    until: date,
    officers: Sequence[tuple[str, str]],
) -> Sealing:
    """Seal a dangerous part or place for at most 30 days (临时查封决定书)."""
    agency = matters.agency_of(turn.by)
    unit = matter.unit if unit_id is None else Unit.objects.filter(pk=unit_id, ended_on__isnull=True).first()
    if unit is None or unit.county_id != matter.place["county_id"]:
        raise Refusal(_("请选择被查封的单位；还没有登记的，请先登记检查对象。"), field="unit")
    _within(until, start=turn.today - ONE_DAY, days=matters.book(turn.today)["sealing"]["days"])
    acting = matters.officers(
        officers, agency=agency, by=turn.by, least=2, basis="cn-penalty-2021-42", at=turn.at
    )
    sealing = Sealing.objects.create(
        **matter.place,
        case=matter.case,
        unit=unit,
        agency=agency,
        ground=ground,
        part=part,
        reason=reason,
        sealed_at=turn.at,
        until=until,
        approved_by=f"{turn.by.post} {turn.by.name}".strip()[:120],
        is_demo=matter.is_demo,
    )
    _paper(sealing, acting.names, since=turn.today, turn=turn)
    turn.note = sealing.written_number
    return sealing


def _within(until: date, *, start: date, days: int) -> None:
    """Refuse a last day beyond so many days after the day before the sealing (or its renewal) begins."""
    last = start + timedelta(days=days)
    if not start < until <= last:
        raise Refusal(
            _("查封期限最长 %(n)d 日（当日算起），截止日期应在%(first)s至%(last)s之间。")
            % {"n": days, "first": (start + ONE_DAY).isoformat(), "last": last.isoformat()},
            field="until",
        )


def _paper(
    sealing: Sealing,
    people: Sequence[Inspector],
    *,
    since: date,
    turn: Turn,
    renewal_of: str = "",
) -> None:
    book = matters.book(turn.today)["sealing"]
    unit = sealing.unit
    ground = next(g for g in book["grounds"] if g["key"] == sealing.ground)
    paper = issue_paper(
        kind="sealing_decision",
        data=SealingDecisionData(
            organisation=sealing.agency.name,
            party=Party(name=unit.name, uscc=unit.uscc, legal_person=unit.responsible, address=unit.address),
            place=unit.address or unit.name,
            parts=(sealing.part,),
            facts=matters.sentence(
                _("%(reason)s，%(ground)s")
                % {"reason": matters.sentence(sealing.reason, ends=" ").strip(), "ground": ground["name"]},
                ends=_("，"),
            ),
            basis=matters.cited(book["basis"]),
            sealed_from=since,
            sealed_until=sealing.until,
            inspectors=tuple(people),
            renewal_of=renewal_of,
            phone=sealing.agency.phone,
        ),
        office=sealing.agency,
        subject=sealing,
        by=turn.by,
        at=turn.at,
        signed_by=turn.by.name,
    )
    sealing.document_id, sealing.written_number = paper.pk, paper.written_number
    sealing.save(update_fields=["document_id", "written_number"])


@LOOP.effect("tell_case")
def _tell_case(turn: Turn) -> None:
    """Write a line into the story of the case that the sealing is about."""
    sealing = turn.row
    said = (
        _("解除查封：%(part)s")
        if turn.step.target == SealingState.LIFTED
        else _("临时查封：%(part)s，至%(day)s，%(number)s")
    )
    words = {"part": sealing.part, "day": sealing.until.isoformat(), "number": sealing.written_number}
    notes.note(
        Case.objects.filter(pk=sealing.case_id), said % words, by=turn.by, at=turn.at,
        sealing=sealing.pk, number=sealing.written_number,
    )  # fmt: skip


@LOOP.effect("take_over")
def _take_over(turn: Turn) -> None:
    """Let the sealing agency have the case that waits to be dispatched or accepted: the sealing is its handling."""
    sealing = turn.row
    cases.take_over_from_others(
        Case.objects.filter(pk=sealing.case_id), agency=sealing.agency, by=turn.by, at=turn.at,
        note=_("已临时查封（%(number)s），由查封机关跟踪整改。") % {"number": sealing.written_number},
    )  # fmt: skip


@cases.acting_agencies
def _acting(case_ids: Collection[int]) -> set[tuple[int, int]]:
    """Say who has sealed something about cases."""
    sealed = Sealing.objects.filter(case__in=case_ids, state=SealingState.SEALED)
    return set(sealed.values_list("case_id", "agency_id"))


@LOOP.verb("renew")
def renew(turn: Turn, *, until: date, reason: str) -> None:
    """Prolong a sealing before it ends, by at most 30 days, with a decision of its own."""
    sealing = turn.row
    _within(until, start=sealing.until, days=matters.book(turn.today)["sealing"]["renew_days"])
    before, since = sealing.written_number, sealing.until + ONE_DAY
    sealing.until, sealing.renewals, sealing.reason = until, sealing.renewals + 1, reason
    own = matters.officer(turn.by)
    _paper(sealing, (own,) if own else (), since=since, turn=turn, renewal_of=before)


@LOOP.verb("lift")
def lift(turn: Turn, *, reason: str) -> None:
    """Lift a sealing, because the danger is gone."""
    turn.row.lifted_at, turn.row.lifted_reason = turn.at, reason


@LOOP.verb("expire")
def expire(turn: Turn) -> None:
    """End a sealing whose last day has passed."""
    turn.note = _("查封期限届满")
    turn.row.lifted_at, turn.row.lifted_reason = turn.at, turn.note


def end_expired(*, at: datetime) -> int:
    """End each sealing whose last day has passed, once, however many workers run this; returns how many."""
    expired = Sealing.objects.filter(until__lt=matters.day_of(at), state=SealingState.SEALED)
    return LOOP.many("expire", expired, by=SYSTEM, at=at)
