"""Verbs of a penalty case: file, decide on the spot, or notice, statement, hearing, proposal, decision; spare, cancel.

The rulebook (rulebooks/penalties) says who may decide which offence and how much; `rules.STEPS` says which
act follows which. A natural person's name is sealed (access.escrow) and shown masked. Every event names the company
by its id and code, so that other rooms can hear of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.inspections.models import Visit
from anju.duties.orders.models import Order
from anju.duties.orders.queries import matters
from anju.duties.orders.queries.matters import Matter, sentence
from anju.duties.orders.rules import OrderState
from anju.duties.orders.services import orders
from anju.duties.orders.services.papers import issue_paper
from anju.ground.access import escrow
from anju.ground.access import queries as access_queries
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import citations, codes, journal, workflow
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation
from anju.means.documents import services as papers
from anju.means.documents.rules import (
    Inspector,
    Party,
    PenaltyDecisionData,
    PenaltyNoticeData,
    SpotDecisionData,
)

from .. import rules
from ..models import Penalty, PenaltyOfficer
from ..queries.offences import (
    names_a_penalty,
    offence_name,
    offence_of,
    offences,
    require_agency,
    standing_order,
)
from ..queries.penalties import is_proposed, papers_of_kind, says, where
from ..rules import STATE_LABELS, STEPS, Offence, Range

_LEAST_REASON = 4


@dataclass(frozen=True, slots=True)
class Accused:
    """Who is punished, as typed: a person (name and number will be sealed) or a unit."""

    kind: str
    name: str
    id_number: str = ""
    phone: str = ""
    age: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """How much is intended or decided, and why.

    amount   yuan, None for a warning alone
    serious  a serious case, where the article has a higher most for it
    base     the sum the fine is measured by; days: days of an offence fined by the day
    """

    amount: Decimal | None
    warning: bool = False
    reasons: str = ""
    serious: bool = False
    base: Decimal | None = None
    days: int | None = None

    def __post_init__(self) -> None:
        if self.amount is not None:
            object.__setattr__(self, "amount", rules.money(self.amount))


# ----------------------------------------------------------------------------------------------------------- filing


@transaction.atomic
def file(
    *,
    matter: Matter,
    offence: str,
    procedure: str,
    accused: Accused,
    facts: str,
    officers: Sequence[tuple[str, str]],
    by: Actor,
    at: datetime,
    refused: bool = False,
    first_offence: bool = False,
    corrected: bool = False,
    key: str = "",
) -> Penalty:
    """File a penalty case (立案): which offence, on whom, by which procedure, with which officers.

    refused  the party refused to obey the order that stands (拒不改正)
    Raises WrongAgency with the offer of a transfer; Refusal for an order that is missing, too few officers, a party
    that the article does not punish, or a fine that is beyond the procedure on the spot.
    """
    asked = journal.digest(
        [matter.about, offence, procedure, accused.kind, escrow.fingerprint(accused.name), facts]
    )
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Penalty.objects.get(pk=known.subject_id)
    on = matters.day_of(at)
    _may_punish(matter, by=by)
    # Asked again behind the lock on the case: the second of two equal requests waited there for the first.
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Penalty.objects.get(pk=known.subject_id)
    agency = matters.agency_of(by)
    book = matters.book(on)
    chosen = offences(on).get(offence)
    if chosen is None:
        raise Refusal(_("请选择违法行为。"), field="offence")
    require_agency(chosen, agency, on=on)
    if chosen.elsewhere:
        raise Refusal(_("这类行为%(also)s，不在这里决定罚款。") % {"also": chosen.also}, field="offence")
    allowed = _range_for(chosen, accused.kind)
    order = _require_order(chosen, matter, refused=refused, on=on)
    name = accused.name.strip()
    if not name:
        raise Refusal(_("请填写被处罚的单位名称或个人姓名。"), field="party_name")
    if len(facts.strip()) < 6:
        raise Refusal(_("请写明违法事实：何时、何处、做了什么。"), field="facts")
    if procedure not in ("simple", "ordinary"):
        raise Refusal(_("请选择简易程序或者普通程序。"), field="procedure")
    if procedure == "simple" and rules.age_says(book, accused.age) == "none":
        raise Refusal(
            _(
                "不满十四周岁的不予处罚，不能当场处罚。请改选“普通程序”立案，由负责人办理“不予处罚”，责令监护人管教。"
            ),
            field="procedure",
            data={"offer": "ordinary"},
            code="under_age",
        )
    if procedure == "simple":
        _within_ceiling(allowed.least, agency, accused.kind, book=book, on=on)
    least, basis = rules.officers_needed(book, procedure, agency.kind)
    acting = matters.officers(officers, agency=agency, by=by, least=least, basis=basis, at=at)
    if procedure == "ordinary":
        _leave_somebody_to_decide(acting, agency, on=on)
    is_person = accused.kind == "person"
    company = None if is_person else _company_named(name, matter)
    hazard = matter.hazards[0] if matter.hazards else None
    penalty = Penalty.objects.create(
        **matter.place,
        offence=chosen.key,
        edition=book["effective_from"],
        article=chosen.article,
        procedure=procedure,
        agency=agency,
        agency_kind=agency.kind,
        case=matter.case or _case_of(matter),
        finding=matter.finding,
        visit=matter.visit,
        unit=matter.unit,
        company=company,
        party_kind=accused.kind,
        party_name=codes.mask_name(name) if is_person else name[:120],
        party_sealed=escrow.seal(
            {"name": name, "id_number": accused.id_number, "phone": accused.phone, "address": accused.address}
        )
        if is_person
        else None,
        party_age=accused.age if is_person else None,
        facts=facts.strip(),
        class_code=hazard.class_code if hazard else "",
        top_class=hazard.top_class if hazard else "",
        is_old_community=matter.is_old,
        unit_kind=matter.unit.kind if matter.unit else "",
        refused_correction=order is not None,
        first_offence=first_offence and not _punished_before(company, chosen.key, on=on),
        corrected=corrected,
        filed_at=at,
        decide_by=matters.last_day(on, book["ordinary"]["decide_within"])
        if procedure == "ordinary"
        else None,
        is_demo=matter.is_demo,
    )
    PenaltyOfficer.objects.bulk_create(
        PenaltyOfficer(penalty=penalty, person=acting.people.get(o.name), name=o.name, badge=o.badge)
        for o in acting.names
    )
    journal.record(
        "penalties.file",
        subject=penalty,
        by=by,
        at=at,
        basis=chosen.article,
        data=_news(penalty) | {"procedure": procedure, "order": order.pk if order else None},
        key=key,
        key_digest=asked,
    )
    note_on_case(
        penalty, _("立案：%(offence)s") % {"offence": chosen.name}, by=by, at=at, basis=chosen.article
    )
    return penalty


def _leave_somebody_to_decide(acting: matters.Officers, agency: Organisation, *, on: date) -> None:
    """Refuse to name all the heads of an agency as officers of a case: none of them could decide it then."""
    heads = access_queries.holders("penalties.approve", organisation_id=agency.pk, on=on)
    named = {person.pk for person in acting.people.values()}
    if heads and heads <= named:
        raise Refusal(
            _("办案人员不能审批本案。请给本单位留一名负责人审批，改由其他人员办案。"),
            field="officers",
            code="nobody_to_decide",
        )


def _may_punish(matter: Matter, *, by: Actor) -> None:
    sentence = _("您的岗位不能立案处罚。")
    if not by.has("penalties.punish"):
        raise NotPermitted(sentence, data={"power": "penalties.punish"})
    if matter.case is not None:
        cases.require_power_on(
            cases.locked(matter.case.pk, by=by), "penalties.punish", by=by, sentence=sentence
        )
    elif matter.visit is not None:
        seen = access.visible(Visit, to=by, power="penalties.punish").filter(pk=matter.visit.pk)
        if not seen.exists():
            raise NotPermitted(sentence, data={"power": "penalties.punish"})


def _range_for(offence: Offence, party: str) -> Range:
    allowed = offence.parties.get(party)
    if allowed is None:
        other = _("单位") if party == "person" else _("个人")
        raise Refusal(
            _("“%(offence)s”按规定只处罚%(party)s，请重新选择被处罚人或者违法行为。")
            % {"offence": offence_name(offence), "party": other},
            field="party_kind",
        )
    return allowed


def _require_order(offence: Offence, matter: Matter, *, refused: bool, on: date) -> Order | None:
    if offence.needs == "absent":
        return None
    order = standing_order(offence, matter, on=on)
    if order is None:
        raise Refusal(
            _("这一行为须先责令改正，逾期不改才能处罚；目前没有已逾期的责令改正。")
            if offence.needs == "overdue"
            else _("这一行为须先责令改正，拒不改正才能处罚；请先制发责令改正通知书。"),
            field="offence",
            data={"offer": "order"},
            code="needs_order",
        )
    if offence.needs == "order" and not refused:
        raise Refusal(
            _("只有责令后拒不改正的才能处罚。确已拒不改正的，请勾选“责令后拒不改正”。"), field="refused"
        )
    return order


def _within_ceiling(
    amount: Decimal, agency: Organisation, party: str, *, book: Mapping[str, Any], on: date
) -> None:
    ceiling = rules.simple_ceiling(book, agency.kind, party, on)
    if amount > ceiling.most:
        raise Refusal(
            _("当场处罚对%(party)s最多 %(most)s 元（%(basis)s），%(amount)s 元应当适用普通程序。")
            % {
                "party": _("个人") if party == "person" else _("单位"),
                "most": f"{ceiling.most:,.2f}",
                "amount": f"{amount:,.2f}",
                "basis": citations.cite(ceiling.basis),
            },
            field="amount",
            data={"offer": "ordinary", "most": str(ceiling.most)},
            code="beyond_simple",
        )


def _company_named(name: str, matter: Matter) -> Organisation | None:
    known = [
        matter.company,
        matter.unit.organisation if matter.unit else None,
        matter.case.handler if matter.case else None,
    ]
    return next((o for o in known if o is not None and o.name == name), None)


def _case_of(matter: Matter) -> Case | None:
    return Case.objects.filter(pk__in=matter.case_ids).order_by("pk").first() if matter.case_ids else None


def _punished_before(company: Organisation | None, offence: str, *, on: date) -> bool:
    """Say whether a company was already punished for the same, within the limitation's years."""
    if company is None:
        return False
    years = matters.book(on)["limitation"]["years"]
    earlier = Penalty.objects.filter(company=company, offence=offence, decided_on__year__gte=on.year - years)
    return earlier.filter(cancelled_on__isnull=True).exists()


def _news(penalty: Penalty) -> dict[str, Any]:
    """Return what listeners may want to know of a penalty, by name."""
    return matters.party_data(penalty) | {
        "offence": penalty.offence,
        "article": penalty.article,
        "class": penalty.class_code,
        "agency": penalty.agency_id,
        "agency_kind": penalty.agency_kind,
        "party_kind": penalty.party_kind,
        "procedure": penalty.procedure,
        "amount": str(penalty.amount) if penalty.amount is not None else None,
        "warning": penalty.warning,
        "decided_on": penalty.decided_on.isoformat() if penalty.decided_on else None,
    }


def note_on_case(penalty: Penalty, said: str, *, by: Actor, at: datetime, basis: str = "") -> None:
    """Write a line into the story of the case that a penalty is about."""
    if penalty.case is None:
        return
    journal.record(
        "penalties.noted_on_case",
        subject=penalty.case,
        by=by,
        at=at,
        note=said,
        basis=basis,
        data={"penalty": penalty.pk, "number": penalty.written_number},
    )


# ------------------------------------------------------------------------------------------------------ the steps


def locked(penalty_id: int, *, by: Actor) -> Penalty:
    """Lock a penalty that the actor may see, or say that there is none."""
    seen = access.visible_q(Penalty, to=by, power="penalties.see")
    found = Penalty.objects.filter(seen, pk=penalty_id).select_related(
        "agency", "company", "case__estate", "unit"
    )
    penalty = found.select_for_update(of=("self",)).first()
    if penalty is None:
        raise NotFound(_("没有找到这件处罚，可能编号有误，或不在您的管辖范围。"))
    return penalty


class _Act:
    """One step being taken: found by the table, its actor checked, its receipt looked for."""

    def __init__(self, penalty_id: int, act: str, *, by: Actor, at: datetime, key: str, asked: Sequence[Any]):
        self.by, self.at, self.key = by, at, key
        self.digest = journal.digest([penalty_id, act, *asked])
        self.penalty = locked(penalty_id, by=by)
        self.done = journal.receipt(by=by, key=key, key_digest=self.digest) is not None
        self.on = matters.day_of(at)
        self.book = matters.book(self.penalty.edition)
        self.offence = offence_of(self.penalty)
        if self.done:
            return
        try:
            self.step = workflow.find(STEPS, act=act, state=self.penalty.state)
        except NotAllowedNow as refused:
            raise NotAllowedNow(
                _("此案现在是“%(state)s”，不能“%(act)s”。现在可以：%(possible)s。")
                % {
                    "state": STATE_LABELS[self.penalty.state],
                    "act": next(str(s.label) for s in STEPS if s.act == act),
                    "possible": "、".join(str(s.label) for s in STEPS if self.penalty.state in s.source)
                    or _("无"),
                },
                data=refused.data,
            ) from None
        require_turn(self.penalty, self.step.power, by=by)

    def told(self, *, note: str = "", **data: Any) -> dict[str, Any]:
        """Save the penalty in its new state; return what the event says, which is the receipt, too."""
        self.penalty.state = self.step.target or self.penalty.state
        self.penalty.save()
        return {
            "subject": self.penalty,
            "by": self.by,
            "at": self.at,
            "note": note,
            "basis": self.step.basis,
            "data": _news(self.penalty) | data,
            "key": self.key,
            "key_digest": self.digest,
        }


def require_turn(penalty: Penalty, power: str, *, by: Actor) -> None:
    """Refuse whoever lacks the power, or is not of the agency that handles the penalty."""
    if not by.has(power):
        raise NotPermitted(_("您的岗位没有办理这一步的权限，请联系本单位负责人。"), data={"power": power})
    if penalty.agency_id not in by.organisation_ids:
        raise NotPermitted(
            _("此案由“%(name)s”办理，请由该单位操作。") % {"name": penalty.agency.name}, code="not_your_turn"
        )


def _check_measure(act: _Act, measure: Measure) -> None:
    """Refuse an amount outside the article's range, a warning it does not know, or a choice without its reasons."""
    penalty, offence = act.penalty, act.offence
    if rules.age_says(act.book, penalty.party_age) == "none":
        raise Refusal(
            _("不满十四周岁的人有违法行为的，不予处罚，责令监护人管教。请办理“不予处罚”。"),
            data={"offer": "spare"},
            code="under_age",
        )
    allowed = _range_for(offence, penalty.party_kind)
    if measure.warning and not offence.warning:
        raise Refusal(_("这一条款没有规定警告。"), field="warning")
    if measure.amount is None:
        if not (measure.warning and (allowed.least == 0 or offence.warning)):
            raise Refusal(_("请填写罚款金额。"), field="amount")
        if allowed.least > 0 and not (allowed.of or allowed.per_day) and penalty.party_kind == "unit":
            raise Refusal(_("这一条款对单位必须罚款，不能只给警告。"), field="amount")
        return
    try:
        least, most = rules.bounds(allowed, serious=measure.serious, base=measure.base, days=measure.days)
    except ValueError as lacking:
        if str(lacking) == "base":
            raise Refusal(_("请填写%(what)s。") % {"what": allowed.of}, field="base") from None
        raise Refusal(_("请填写违法行为持续的天数。"), field="days") from None
    if rules.age_says(act.book, penalty.party_age) == "lighter":
        least = rules.CENT  # 从轻或者减轻
    if measure.amount <= 0 or not least <= measure.amount <= most:
        raise Refusal(
            _("这一条款规定罚款 %(least)s 元至 %(most)s 元，%(amount)s 元不在幅度内（%(basis)s）。")
            % {
                "least": f"{least:,.2f}",
                "most": f"{most:,.2f}",
                "amount": f"{measure.amount:,.2f}",
                "basis": citations.cite(offence.article),
            },
            field="amount",
            data={"least": str(least), "most": str(most)},
            code="out_of_range",
        )
    if not allowed.fixed and len(measure.reasons.strip()) < _LEAST_REASON:
        raise Refusal(_("请写明裁量理由：为什么是这个数额。"), field="reasons")


@transaction.atomic
def decide_simple(
    *,
    penalty_id: int,
    measure: Measure,
    by: Actor,
    at: datetime,
    statement: str = "",
    pay_on_spot: bool = False,
    acted_at: datetime | None = None,
    key: str = "",
) -> Penalty:
    """Decide on the spot (当场处罚) up to the agency's ceiling, and hand the decision over there and then.

    statement  what the party said, and whether it was accepted
    acted_at   when it was handed over, when that was before now: a decision is filed within 24 hours of it
    """
    act = _Act(
        penalty_id, "decide_simple", by=by, at=at, key=key, asked=[str(measure.amount), measure.warning]
    )
    penalty = act.penalty
    if act.done:
        return penalty
    if penalty.procedure != "simple":
        raise NotAllowedNow(_("此案适用普通程序，应当先告知再决定。"), data={"allowed": ["give_notice"]})
    require_agency(act.offence, penalty.agency, on=act.on)
    _check_measure(act, measure)
    _within_ceiling(
        measure.amount or rules.ZERO, penalty.agency, penalty.party_kind, book=act.book, on=act.on
    )
    when = acted_at or at
    if when > at or (at - when).days > 30:
        raise Refusal(_("当场处罚的时间应在现在之前，请核对。"), field="acted_at")
    _decided(act, measure, when=when)
    penalty.statement = statement.strip()
    penalty.served_at = when
    penalty.pay_by = _pay_by(act, matters.day_of(when)) if measure.amount else None
    people = _inspectors(penalty)
    data = SpotDecisionData(
        organisation=penalty.agency.name,
        party=party_of(penalty),
        happened_at=when,
        place=where(penalty),
        facts=sentence(penalty.facts),
        violated=_violated(act.offence),
        basis=matters.cited(act.offence.basis[-1:]),
        amount=measure.amount or rules.ZERO,
        officers=people,
        warning=measure.warning,
        evidence=evidence_of(penalty),
        statement=sentence(penalty.statement),
        discretion=sentence(measure.reasons, ends=_("，")),
        paid_on_spot=pay_on_spot and rules.cash_allowed(act.book, measure.amount or rules.ZERO),
        phone=penalty.agency.phone,
    )
    _paper(act, "spot_decision", data)
    within = act.book["simple"]["file_within"]
    hours = (at - when).total_seconds() / 3600
    journal.record(
        "penalties.decide_simple",
        **act.told(note=penalty.written_number, filed_late=hours > within["amount"]),
    )
    _tell_case(act)
    return penalty


def _decided(act: _Act, measure: Measure, *, when: datetime) -> None:
    penalty = act.penalty
    penalty.amount, penalty.warning = measure.amount, measure.warning
    penalty.reasons = measure.reasons.strip()
    penalty.decided_at, penalty.decided_on = when, matters.day_of(when)


def _pay_by(act: _Act, served_on: date) -> date:
    return matters.last_day(served_on, act.book["payment"]["pay_within"])


def _paper(act: _Act, kind: str, data: Any) -> None:
    paper = issue_paper(
        kind=kind, data=data, office=act.penalty.agency, subject=act.penalty, by=act.by, at=act.at,
        signed_by=act.by.name,
    )  # fmt: skip
    act.penalty.document_id, act.penalty.written_number = paper.pk, paper.written_number


def _tell_case(act: _Act) -> None:
    penalty = act.penalty
    said = _("处罚决定：%(what)s，%(number)s") % {"what": says(penalty), "number": penalty.written_number}
    note_on_case(penalty, said, by=act.by, at=act.at, basis=penalty.article)


@transaction.atomic
def give_notice(*, penalty_id: int, measure: Measure, by: Actor, at: datetime, key: str = "") -> Penalty:
    """Tell the party the intended penalty and its rights (行政处罚告知书); it may state, and ask for a hearing."""
    asked = [str(measure.amount), measure.warning]
    act = _Act(penalty_id, "give_notice", by=by, at=at, key=key, asked=asked)
    return act.penalty if act.done else _notice(act, measure)


@transaction.atomic
def renotice(*, penalty_id: int, measure: Measure, by: Actor, at: datetime, key: str = "") -> Penalty:
    """Tell the party anew, because it may become more or rests on other facts; it is heard from the beginning."""
    asked = [str(measure.amount), measure.warning, measure.reasons]
    act = _Act(penalty_id, "renotice", by=by, at=at, key=key, asked=asked)
    if act.done:
        return act.penalty
    penalty = act.penalty
    penalty.statement = penalty.statement_answer = penalty.hearing_record = ""
    penalty.hearing_asked_at = penalty.hearing_on = None
    return _notice(act, measure)


def _notice(act: _Act, measure: Measure) -> Penalty:
    penalty, by, at = act.penalty, act.by, act.at
    if penalty.procedure == "simple":
        penalty.procedure = "ordinary"  # the officer found on the way that the matter needs it
        penalty.decide_by = matters.last_day(
            matters.day_of(penalty.filed_at), act.book["ordinary"]["decide_within"]
        )
        _two_officers(act)
    _check_measure(act, measure)
    hearing = _hearing_possible(act, measure.amount)
    within = act.book["ordinary"]["statement_within"]
    penalty.proposed_amount, penalty.warning = measure.amount, measure.warning
    penalty.reasons, penalty.noticed_at = measure.reasons.strip(), at
    penalty.statement_until = matters.last_day(act.on, within)
    data = PenaltyNoticeData(
        organisation=penalty.agency.name,
        party=party_of(penalty),
        facts=sentence(penalty.facts),
        evidence=evidence_of(penalty),
        violated=_violated(act.offence),
        basis=matters.cited(act.offence.basis[-1:]),
        amount=measure.amount or rules.ZERO,
        officers=_inspectors(penalty),
        warning=measure.warning,
        other=act.offence.also if names_a_penalty(act.offence) else "",
        discretion=sentence(penalty.reasons, ends=_("，")),
        hearing=hearing,
        address=penalty.agency.address,
        contact=penalty.officers.order_by("pk").values_list("name", flat=True).first() or "",
        phone=penalty.agency.phone,
    )
    paper = issue_paper(
        kind="penalty_notice", data=data, office=penalty.agency, subject=penalty, by=by, at=at
    )
    told_anew = act.step.act == "renotice"
    journal.record(
        "penalties.renotice" if told_anew else "penalties.give_notice",
        **act.told(
            note=paper.written_number, hearing=hearing, statement_until=penalty.statement_until.isoformat()
        ),
    )
    return penalty


def _two_officers(act: _Act) -> None:
    least, basis = rules.officers_needed(act.book, "ordinary", act.penalty.agency_kind)
    if act.penalty.officers.count() < least:
        raise Refusal(
            _("普通程序至少需要 %(n)d 名执法人员（%(basis)s），请重新立案并补充人员。")
            % {"n": least, "basis": citations.cite(basis)},
            code="too_few_officers",
        )


def _hearing_possible(act: _Act, amount: Decimal | None) -> bool:
    threshold, _basis, _is_default = rules.hearing_threshold(
        act.book, act.penalty.agency_kind, act.penalty.party_kind
    )
    return (amount is not None and amount >= threshold) or names_a_penalty(act.offence)


@transaction.atomic
def take_statement(
    *, penalty_id: int, statement: str, answer: str, by: Actor, at: datetime, key: str = ""
) -> Penalty:
    """Keep what the party stated or that it waived, and what was made of it (陈述申辩)."""
    act = _Act(penalty_id, "take_statement", by=by, at=at, key=key, asked=[statement, answer])
    if act.done:
        return act.penalty
    if len(statement.strip()) < 2 or len(answer.strip()) < 2:
        raise Refusal(_("请写明当事人的陈述申辩（或放弃）和复核意见。"), field="statement")
    act.penalty.statement, act.penalty.statement_answer = statement.strip(), answer.strip()
    journal.record("penalties.take_statement", **act.told(note=statement.strip()))
    return act.penalty


@transaction.atomic
def ask_hearing(
    *, penalty_id: int, hearing_on: date | None, by: Actor, at: datetime, key: str = ""
) -> Penalty:
    """Note that the party asked for a hearing in time, and for which day it is set (seven workdays ahead)."""
    act = _Act(penalty_id, "ask_hearing", by=by, at=at, key=key, asked=[hearing_on])
    penalty = act.penalty
    if act.done:
        return penalty
    if not _hearing_possible(act, penalty.proposed_amount):
        raise Refusal(_("拟罚款数额没有达到听证标准，当事人可以陈述申辩。"))
    if penalty.hearing_record:
        raise NotAllowedNow(_("此案已经听证，不能再次申请。"), data={"allowed": ["propose"]})
    limits = act.book["hearing"]
    assert penalty.noticed_at is not None
    until = matters.last_day(matters.day_of(penalty.noticed_at), limits["ask_within"])
    if act.on > until:
        raise Refusal(
            _("申请听证的期限已于%(day)s届满（告知后五日）。") % {"day": until.isoformat()},
            field="hearing_on",
        )
    earliest = matters.last_day(act.on, limits["notice_before"])
    if hearing_on is None or hearing_on < earliest:
        raise Refusal(
            _("听证七日前通知当事人，最早可定在%(day)s。") % {"day": earliest.isoformat()}, field="hearing_on"
        )
    penalty.hearing_asked_at, penalty.hearing_on = at, hearing_on
    journal.record("penalties.ask_hearing", **act.told(on=hearing_on.isoformat()))
    return penalty


@transaction.atomic
def record_hearing(*, penalty_id: int, record: str, by: Actor, at: datetime, key: str = "") -> Penalty:
    """Keep the record of the hearing; the case goes on to a proposal."""
    act = _Act(penalty_id, "record_hearing", by=by, at=at, key=key, asked=[record])
    penalty = act.penalty
    if act.done:
        return penalty
    if len(record.strip()) < 6:
        raise Refusal(_("请写明听证情况和意见。"), field="record")
    if penalty.hearing_on and act.on < penalty.hearing_on:
        raise NotAllowedNow(
            _("听证定在%(day)s，尚未举行。") % {"day": penalty.hearing_on.isoformat()}, data={"allowed": []}
        )
    penalty.hearing_record = record.strip()
    journal.record("penalties.record_hearing", **act.told(note=record.strip()))
    return penalty


@transaction.atomic
def propose(*, penalty_id: int, measure: Measure, by: Actor, at: datetime, key: str = "") -> Penalty:
    """Propose the decision after the party was heard; never more than it was told."""
    act = _Act(penalty_id, "propose", by=by, at=at, key=key, asked=[str(measure.amount), measure.reasons])
    penalty = act.penalty
    if act.done:
        return penalty
    if not penalty.statement and penalty.statement_until and act.on <= penalty.statement_until:
        raise NotAllowedNow(
            _("陈述申辩期到%(day)s。当事人放弃的，请先记录放弃。")
            % {"day": penalty.statement_until.isoformat()},
            data={"allowed": ["take_statement"]},
        )
    if hearing_until := _may_still_ask(act):
        raise NotAllowedNow(
            _("当事人可以在%(day)s前申请听证，期满后再提出处罚意见。") % {"day": hearing_until.isoformat()},
            data={"allowed": ["ask_hearing"]},
        )
    _check_measure(act, measure)
    _not_heavier(penalty, measure)
    penalty.proposed_amount, penalty.warning = measure.amount, measure.warning
    penalty.reasons = measure.reasons.strip() or penalty.reasons
    journal.record("penalties.propose", **act.told(note=penalty.reasons, proposed=str(measure.amount)))
    return penalty


def _may_still_ask(act: _Act) -> date | None:
    penalty = act.penalty
    if (
        penalty.hearing_record
        or penalty.noticed_at is None
        or not _hearing_possible(act, penalty.proposed_amount)
    ):
        return None
    until = matters.last_day(matters.day_of(penalty.noticed_at), act.book["hearing"]["ask_within"])
    return until if act.on <= until and not penalty.statement else None


def _not_heavier(penalty: Penalty, measure: Measure) -> None:
    told = penalty.proposed_amount or rules.ZERO
    if (measure.amount or rules.ZERO) > told:
        raise Refusal(
            _("告知的是 %(told)s 元，不能加重；确需加重的，请先“重新告知”。") % {"told": f"{told:,.2f}"},
            field="amount",
            data={"allowed": ["renotice"]},
            code="heavier",
        )


@transaction.atomic
def decide(
    *, penalty_id: int, by: Actor, at: datetime, measure: Measure | None = None, note: str = "", key: str = ""
) -> Penalty:
    """Decide a proposed penalty (行政处罚决定书); the head does, never an officer who handled the case.

    measure  another amount than proposed, not a higher one; default: as proposed
    """
    act = _Act(penalty_id, "decide", by=by, at=at, key=key, asked=[str(measure and measure.amount), note])
    penalty = act.penalty
    if act.done:
        return penalty
    _another_person(penalty, by=by)
    if not is_proposed(penalty):
        raise NotAllowedNow(_("承办人还没有提出处罚意见。"), data={"allowed": ["propose"]})
    given = measure or Measure(penalty.proposed_amount, penalty.warning, penalty.reasons)
    if not given.reasons.strip():
        given = Measure(given.amount, given.warning, penalty.reasons, given.serious, given.base, given.days)
    require_agency(act.offence, penalty.agency, on=act.on)
    if measure is not None:
        _check_measure(act, given)
    _not_heavier(penalty, given)
    _decided(act, given, when=at)
    penalty.approved_by = f"{by.post} {by.name}".strip()[:120]
    notice = papers_of_kind(penalty, "penalty_notice")
    data = PenaltyDecisionData(
        organisation=penalty.agency.name,
        party=party_of(penalty),
        facts=sentence(penalty.facts),
        evidence=evidence_of(penalty),
        violated=_violated(act.offence),
        basis=matters.cited(act.offence.basis[-1:]),
        amount=given.amount or rules.ZERO,
        officers=_inspectors(penalty),
        warning=given.warning,
        other=act.offence.also if names_a_penalty(act.offence) else "",
        discretion=sentence(given.reasons, ends=_("，")),
        statement=_heard(penalty),
        notice_number=notice[1] if notice else "",
        noticed_on=matters.day_of(penalty.noticed_at) if penalty.noticed_at else None,
        phone=penalty.agency.phone,
    )
    _paper(act, "penalty_decision", data)
    late = penalty.decide_by is not None and act.on > penalty.decide_by
    journal.record("penalties.decide", **act.told(note=note.strip() or penalty.written_number, late=late))
    _tell_case(act)
    return penalty


def _another_person(penalty: Penalty, *, by: Actor) -> None:
    """Refuse whoever handled the case: an officer of it, or who filed or proposed it."""
    handled = by.person_id in set(penalty.officers.values_list("person", flat=True)) or by.name in set(
        penalty.officers.values_list("name", flat=True)
    )
    acts = ("penalties.file", "penalties.propose")
    if not handled and by.account_id is not None:
        handled = any(
            journal.events_named(penalty, name).filter(actor_id=by.account_id).exists() for name in acts
        )
    if handled:
        raise NotPermitted(
            _("承办人不能审批自己办理的案件，请由本单位负责人审批。"),
            code="own_case",
            data={"power": "penalties.approve"},
        )


@transaction.atomic
def spare(*, penalty_id: int, ground: str, note: str, by: Actor, at: datetime, key: str = "") -> Penalty:
    """Decide to impose no penalty (不予处罚) on a ground of the rulebook that the noted facts support."""
    act = _Act(penalty_id, "spare", by=by, at=at, key=key, asked=[ground, note])
    penalty = act.penalty
    if act.done:
        return penalty
    _another_person(penalty, by=by)
    chosen = next((g for g in act.book["spare"] if g["key"] == ground), None)
    if chosen is None:
        raise Refusal(_("请选择不予处罚的情形。"), field="ground")
    lacking = rules.lacking_for_spare(
        chosen,
        corrected=penalty.corrected or _case_is_closed(penalty),
        first_offence=penalty.first_offence,
        under_age=rules.age_says(act.book, penalty.party_age) == "none",
    )
    if lacking:
        words = {
            "corrected": _("已及时改正"),
            "first_offence": _("初次违法"),
            "under_age": _("不满十四周岁"),
        }
        raise Refusal(
            _("案卷里没有这一情形所需的事实：%(facts)s。") % {"facts": "、".join(words[f] for f in lacking)},
            field="ground",
            data={"lacking": lacking},
        )
    if len(note.strip()) < _LEAST_REASON:
        raise Refusal(_("请写明不予处罚的理由。"), field="note")
    penalty.reasons = _("%(ground)s：%(note)s") % {"ground": chosen["name"], "note": note.strip()}
    penalty.approved_by = f"{by.post} {by.name}".strip()[:120]
    journal.record("penalties.spare", **act.told(note=penalty.reasons, ground=ground))
    note_on_case(
        penalty, _("不予处罚：%(why)s") % {"why": penalty.reasons}, by=by, at=at, basis=chosen["basis"]
    )
    return penalty


def _case_is_closed(penalty: Penalty) -> bool:
    return penalty.case is not None and penalty.case.closed_at is not None


@transaction.atomic
def serve(
    *,
    penalty_id: int,
    way: str,
    served_to: str,
    by: Actor,
    at: datetime,
    served_at: datetime | None = None,
    witness: str = "",
    note: str = "",
    key: str = "",
) -> Penalty:
    """Note that the decision reached the party; the 15 days to pay run from then."""
    act = _Act(penalty_id, "serve", by=by, at=at, key=key, asked=[way, served_to, served_at, witness, note])
    penalty = act.penalty
    if act.done:
        return penalty
    if penalty.served_at is not None:
        raise NotAllowedNow(_("这份决定已经送达。"), data={"allowed": ["pay"]})
    assert penalty.decided_at is not None
    if not served_to.strip():
        raise Refusal(_("请填写签收人；拒收的，填写拒收人。"), field="served_to")
    said, when = orders.read_service(
        way=way,
        witness=witness,
        note=note,
        since=penalty.decided_at,
        served_at=served_at,
        at=at,
    )
    penalty.served_at = when
    penalty.pay_by = _pay_by(act, matters.day_of(when)) if penalty.amount else None
    # Whoever signs for a person is that person or lives with them: the name stays sealed here as well.
    taken_by = codes.mask_name(served_to.strip()) if penalty.party_sealed else served_to.strip()
    journal.record("penalties.serve", **act.told(note=said, way=way, served_to=taken_by))
    return penalty


@transaction.atomic
def cancel(*, penalty_id: int, reason: str, by: Actor, at: datetime, key: str = "") -> Penalty:
    """Cancel a penalty or drop its case, for a reason; its papers are voided and figures follow."""
    act = _Act(penalty_id, "cancel", by=by, at=at, key=key, asked=[reason])
    penalty = act.penalty
    if act.done:
        return penalty
    if len(reason.strip()) < _LEAST_REASON:
        raise Refusal(_("请写明撤销的理由，至少四个字。"), field="reason")
    was_decided = penalty.decided_on is not None
    penalty.cancelled_on, penalty.cancelled_reason = act.on, reason.strip()[:300]
    if penalty.document_id:
        papers.void(document_id=penalty.document_id, reason=reason.strip()[:200], by=by, at=at)
    withdraw = matters.last_day(act.on, act.book["cancel"]["withdraw_within"])
    journal.record(
        "penalties.cancel",
        **act.told(
            note=reason.strip(),
            was_decided=was_decided,
            withdraw_by=withdraw.isoformat(),
            repay=str(penalty.paid_amount),
        ),
    )
    note_on_case(penalty, _("撤销处罚：%(why)s") % {"why": reason.strip()}, by=by, at=at)
    return penalty


# --------------------------------------------------------------------------------------------------- what is printed


def party_of(penalty: Penalty) -> Party:
    """Return the punished as a paper names them; opens the seal of a person, for the paper alone."""
    if penalty.party_sealed is None:
        company = penalty.company
        return Party(
            name=penalty.party_name,
            uscc=company.uscc if company else penalty.unit.uscc if penalty.unit else "",
            legal_person=company.legal_person
            if company
            else penalty.unit.responsible
            if penalty.unit
            else "",
            address=company.address if company else penalty.unit.address if penalty.unit else "",
        )
    told = escrow.unseal(bytes(penalty.party_sealed))
    return Party(
        name=told["name"],
        is_unit=False,
        id_number=told.get("id_number", ""),
        address=told.get("address", ""),
        phone=told.get("phone", ""),
    )


def _heard(penalty: Penalty) -> str:
    """Say for the decision what the party stated and what was made of it."""
    said = sentence(penalty.statement)
    if said and penalty.statement_answer:
        said += _("经复核：%(answer)s") % {"answer": sentence(penalty.statement_answer)}
    return _("当事人陈述：%(said)s") % {"said": said} if said else ""


def _violated(offence: Offence) -> tuple[str, ...]:
    return matters.cited(offence.basis[:-1] or offence.basis)


def _inspectors(penalty: Penalty) -> tuple[Inspector, ...]:
    return tuple(Inspector(o.name, o.badge) for o in penalty.officers.order_by("pk"))


def evidence_of(penalty: Penalty) -> tuple[str, ...]:
    """List in words what proves the offence: photos of the case, orders that stood."""
    found = []
    if penalty.case is not None:
        if photos := penalty.case.evidence.count():
            found.append(_("现场照片 %(n)d 张") % {"n": photos})
        stood = Order.objects.filter(lines__case=penalty.case).exclude(state=OrderState.VOID)
        found += [
            _("责令改正通知书 %(number)s") % {"number": number}
            for number in stood.exclude(written_number="").values_list("written_number", flat=True).distinct()
        ]
    if penalty.visit is not None:
        found.append(_("检查记录 %(number)s") % {"number": penalty.visit.number})
    return tuple(found) or (_("现场检查情况"),)


@transaction.atomic
def unseal(*, penalty_id: int, reason: str, by: Actor, at: datetime) -> dict[str, str]:
    """Open the identity of a punished person: for its own officers and for whoever may unseal; leaves a trace."""
    penalty = locked(penalty_id, by=by)
    own = by.has("penalties.punish") and penalty.agency_id in by.organisation_ids
    if not (own or by.has("cases.unseal")):
        raise NotPermitted(_("当事人身份已封存，您的岗位不能查看。"), data={"power": "cases.unseal"})
    if len(reason.strip()) < 6:
        raise Refusal(_("请写明必须查看身份的理由，至少六个字；此次查看会留下记录。"), field="reason")
    if penalty.party_sealed is None:
        raise Refusal(_("被处罚的是单位，名称没有封存。"))
    journal.record("penalties.unseal", subject=penalty, by=by, at=at, note=reason.strip())
    return escrow.unseal(bytes(penalty.party_sealed))


@transaction.atomic
def penalise_on_the_spot(
    *,
    matter: Matter,
    offence: str,
    accused: Accused,
    facts: str,
    officers: Sequence[tuple[str, str]],
    measure: Measure,
    by: Actor,
    at: datetime,
    refused: bool = False,
    statement: str = "",
    pay_on_spot: bool = False,
    acted_at: datetime | None = None,
    key: str = "",
) -> Penalty:
    """File and decide in one act, as it happens at the scene; all or nothing."""
    penalty = file(
        matter=matter, offence=offence, procedure="simple", accused=accused, facts=facts, officers=officers,
        by=by, at=at, refused=refused, key=key,
    )  # fmt: skip
    return decide_simple(
        penalty_id=penalty.pk, measure=measure, by=by, at=at, statement=statement, pay_on_spot=pay_on_spot,
        acted_at=acted_at, key=f"{key}:d" if key else "",
    )  # fmt: skip


def recompute_terms(*, at: datetime) -> int:
    """Work out again the last days of open cases and of unpaid fines, after a change of the calendar."""
    moved = 0
    for penalty in Penalty.objects.filter(state__in=["filed", "noticed", "hearing", "decided"]).iterator(
        1000
    ):
        book = matters.book(penalty.edition)
        changes: dict[str, date] = {}
        if penalty.decide_by and penalty.decided_on is None:
            filed = matters.day_of(penalty.filed_at)
            changes["decide_by"] = matters.last_day(filed, book["ordinary"]["decide_within"])
        if penalty.pay_by and penalty.served_at:
            served = matters.day_of(penalty.served_at)
            changes["pay_by"] = matters.last_day(served, book["payment"]["pay_within"])
        changes = {name: day for name, day in changes.items() if getattr(penalty, name) != day}
        if changes:
            # Asked again with the old days, so that a step taken meanwhile is not undone.
            same = {name: getattr(penalty, name) for name in changes}
            moved += Penalty.objects.filter(pk=penalty.pk, **same).update(**changes)
    return moved
