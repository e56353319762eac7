"""Verbs of temporary sealing (临时查封): a fire agency's head seals, renews, lifts; it ends by itself."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anju.duties.inspections.models import Unit
from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM, Actor
from anju.ground.foundation import citations, journal
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation
from anju.means.documents.rules import Inspector, Party, SealingDecisionData

from ..models import Sealing
from ..queries import matters
from ..queries.matters import Matter
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


@transaction.atomic
def seal(
    *,
    matter: Matter,
    unit_id: int | None,
    ground: str,
    part: str,
    reason: str,
    until: date,
    officers: Sequence[tuple[str, str]],
    by: Actor,
    at: datetime,
    key: str = "",
) -> Sealing:
    """Seal a dangerous part or place for at most 30 days (临时查封决定书)."""
    asked = journal.digest([matter.about, unit_id, ground, part, until])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Sealing.objects.get(pk=known.subject_id)
    on = matters.day_of(at)
    agency = matters.agency_of(by)
    require_agency(agency, on=on)
    if not by.has("orders.seal"):
        raise NotPermitted(_("临时查封由消防救援机构负责人决定。"), data={"power": "orders.seal"})
    book = matters.book(on)
    chosen = next((g for g in book["sealing"]["grounds"] if g["key"] == ground), None)
    if chosen is None:
        raise Refusal(_("请选择临时查封的法定情形。"), field="ground")
    unit = matter.unit if unit_id is None else Unit.objects.filter(pk=unit_id, ended_on__isnull=True).first()
    if unit is None or unit.county_id != matter.place["county_id"]:
        raise Refusal(_("请选择被查封的单位；还没有登记的，请先登记检查对象。"), field="unit")
    if len(part.strip()) < 2:
        raise Refusal(_("请写明查封的部位或者场所。"), field="part")
    if len(reason.strip()) < 6:
        raise Refusal(_("请写明现场危险情况。"), field="reason")
    _within(until, start=on - ONE_DAY, days=book["sealing"]["days"])
    acting = matters.officers(officers, agency=agency, by=by, least=2, basis="cn-penalty-2021-42", at=at)
    sealing = Sealing.objects.create(
        **matter.place,
        case=matter.case,
        unit=unit,
        agency=agency,
        ground=ground,
        part=part.strip()[:200],
        reason=reason.strip(),
        sealed_at=at,
        until=until,
        approved_by=f"{by.post} {by.name}".strip()[:120],
        is_demo=matter.is_demo,
    )
    _paper(sealing, acting.names, since=on, by=by, at=at)
    journal.record(
        "orders.seal",
        **_told(sealing, by=by, at=at, note=sealing.written_number, key=key, digest=asked),
    )
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
    by: Actor,
    at: datetime,
    renewal_of: str = "",
) -> None:
    book = matters.book(matters.day_of(at))["sealing"]
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
        by=by,
        at=at,
        signed_by=by.name,
    )
    sealing.document_id, sealing.written_number = paper.pk, paper.written_number
    sealing.save(update_fields=["document_id", "written_number"])


def _told(
    sealing: Sealing, *, by: Actor, at: datetime, note: str = "", key: str = "", digest: str = ""
) -> dict[str, Any]:
    """Write a line into the story of the case, and return what the event of the sealing says."""
    unit = sealing.unit
    if sealing.case is not None:
        said = _("临时查封：%(part)s，至%(day)s，%(number)s") % {
            "part": sealing.part,
            "day": sealing.until.isoformat(),
            "number": sealing.written_number,
        }
        if sealing.lifted_at is not None:
            said = _("解除查封：%(part)s") % {"part": sealing.part}
        journal.record(
            "orders.noted_on_case",
            subject=sealing.case,
            by=by,
            at=at,
            note=said,
            data={"sealing": sealing.pk, "number": sealing.written_number},
        )
    return {
        "subject": sealing,
        "by": by,
        "at": at,
        "note": note,
        "basis": _BASIS,
        "data": {
            "company": unit.organisation_id,
            "uscc": unit.uscc,
            "name": unit.name,
            "number": sealing.written_number,
            "case": sealing.case_id,
            "county": sealing.county_id,
            "until": sealing.until.isoformat(),
            "is_demo": sealing.is_demo,
        },
        "key": key,
        "key_digest": digest,
    }


def locked(sealing_id: int, *, by: Actor) -> Sealing:
    """Lock a sealing that the actor may see, or say that there is none."""
    seen = access.visible_q(Sealing, to=by, power="orders.see")
    found = Sealing.objects.filter(seen, pk=sealing_id).select_related("agency", "unit", "case")
    sealing = found.select_for_update(of=("self",)).first()
    if sealing is None:
        raise NotFound(_("没有找到这份临时查封，可能编号有误，或不在您的管辖范围。"))
    return sealing


def _open(sealing: Sealing, *, by: Actor) -> None:
    if not by.has("orders.seal") or sealing.agency_id not in by.organisation_ids:
        raise NotPermitted(
            _("这份临时查封由“%(name)s”办理，请由该单位负责人操作。") % {"name": sealing.agency.name}
        )
    if sealing.lifted_at is not None:
        raise NotAllowedNow(_("已经解除查封。"), data={"allowed": []})


@transaction.atomic
def renew(*, sealing_id: int, until: date, reason: str, by: Actor, at: datetime, key: str = "") -> Sealing:
    """Prolong a sealing before it ends, by at most 30 days, with a decision of its own."""
    asked = journal.digest([sealing_id, until, reason])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Sealing.objects.get(pk=known.subject_id)
    sealing = locked(sealing_id, by=by)
    _open(sealing, by=by)
    if len(reason.strip()) < 6:
        raise Refusal(_("请写明隐患尚未消除的情况。"), field="reason")
    days = matters.book(matters.day_of(at))["sealing"]["renew_days"]
    _within(until, start=sealing.until, days=days)
    before, since = sealing.written_number, sealing.until + ONE_DAY
    sealing.until, sealing.renewals, sealing.reason = until, sealing.renewals + 1, reason.strip()
    sealing.save(update_fields=["until", "renewals", "reason"])
    own = matters.officer(by)
    _paper(sealing, (own,) if own else (), since=since, by=by, at=at, renewal_of=before)
    journal.record(
        "orders.renew",
        **_told(sealing, by=by, at=at, note=reason.strip(), key=key, digest=asked),
    )
    return sealing


@transaction.atomic
def lift(*, sealing_id: int, reason: str, by: Actor, at: datetime, key: str = "") -> Sealing:
    """Lift a sealing, because the danger is gone."""
    asked = journal.digest([sealing_id, reason])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Sealing.objects.get(pk=known.subject_id)
    sealing = locked(sealing_id, by=by)
    _open(sealing, by=by)
    if len(reason.strip()) < 4:
        raise Refusal(_("请写明解除查封的理由。"), field="reason")
    sealing.lifted_at, sealing.lifted_reason = at, reason.strip()[:300]
    sealing.save(update_fields=["lifted_at", "lifted_reason"])
    journal.record(
        "orders.lift",
        **_told(sealing, by=by, at=at, note=reason.strip(), key=key, digest=asked),
    )
    return sealing


def end_expired(*, at: datetime) -> int:
    """End each sealing whose last day has passed, once, however many workers run this; returns how many."""
    today = matters.day_of(at)
    expired = Sealing.objects.filter(until__lt=today, lifted_at__isnull=True)
    ended = 0
    for pk in list(expired.order_by("pk").values_list("pk", flat=True)[:500]):
        with transaction.atomic():
            if not expired.filter(pk=pk).update(lifted_at=at, lifted_reason=_("查封期限届满")):
                continue
            sealing = Sealing.objects.select_related("agency", "unit", "case").get(pk=pk)
            journal.record("orders.expire", **_told(sealing, by=SYSTEM, at=at, note=sealing.lifted_reason))
            ended += 1
    return ended
