"""Verbs of a penalty case: file, decide on the spot, or notice, statement, hearing, proposal, decision; spare, cancel.

The rulebook (rulebooks/penalties) says who may decide which offence and how much; `rules.STEPS` says which
act follows which. A natural person's name is sealed (access.escrow) and shown masked. Every event names the company
by its id and code, so that other rooms can hear of it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.duties.cases import services as cases
from anju.duties.cases.models import Case
from anju.duties.cases.services import notes
from anju.duties.inspections.models import Visit
from anju.duties.orders.models import Order
from anju.duties.orders.queries import matters
from anju.duties.orders.queries.matters import Matter, sentence
from anju.duties.orders.services import orders
from anju.duties.orders.services.papers import issue_paper
from anju.ground.access import escrow
from anju.ground.access import queries as access_queries
from anju.ground.access import services as access
from anju.ground.foundation import citations, clocks, codes, ladder
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import NotPermitted, Refusal
from anju.ground.organisations.models import Organisation
from anju.means.documents import services as papers
from anju.means.documents.models import IssuedDocument
from anju.means.documents.rules import PenaltyDecisionData, PenaltyNoticeData, SpotDecisionData

from .. import rules
from ..models import Penalty, PenaltyOfficer
from ..queries.offences import (
    names_a_penalty,
    offence_name,
    offence_of,
    offences,
    punished_before,
    require_agency,
    standing_order,
)
from ..queries.penalties import last_day, papers_of_kind, says, where
from ..rules import STATE_LABELS, STATE_MOODS, STEPS, TERMS, Offence, PenaltyState, Range
from . import printed


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
            exact = None if self.warning and not self.amount else rules.money(self.amount)
            object.__setattr__(self, "amount", exact)
        object.__setattr__(self, "reasons", self.reasons.strip())


# ------------------------------------------------------------------------------------------------------- the Loop


class _Clocks:
    """A case keeps its last days itself."""

    def move(self, turn: Turn) -> None:
        for column in turn.starts:
            day = last_day(turn.row, column)
            setattr(turn.row, column, day)
            turn.facts[column] = day.isoformat()


def _whose(turn: Turn) -> None:
    """Let nobody decide a case that they handled; let the own officers open a seal, and who may unseal anywhere."""
    step, penalty, by = turn.step, turn.row, turn.by
    if step.act in ("decide", "spare") and by.has(step.power) and _handled(penalty, by):
        raise NotPermitted(
            _("承办人不能审批自己办理的案件，请由本单位负责人审批。"),
            code="own_case",
            data={"power": step.power},
        )
    own = by.has("penalties.punish") and penalty is not None and penalty.agency_id in by.organisation_ids
    if step.act == "unseal" and not (own or LOOP.holds(by, "cases.unseal", penalty)):
        raise NotPermitted(_("当事人身份已封存，您的岗位不能查看。"), data={"power": "cases.unseal"})
    if step.act == "hand_in" and turn.child is None:
        # Cash is handed in payment by payment: never an act on the case as a whole.
        raise NotPermitted(str(LOOP.no_power))


def _handled(penalty: Penalty, by: Any) -> bool:
    """Say whether somebody is an officer of a case, or filed or proposed it."""
    officers = list(penalty.officers.values_list("person", "name"))
    named = any(by.person_id == person is not None or by.name == name for person, name in officers)
    return named or by.account_id in penalty.handlers


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


def _book(penalty: Penalty) -> dict[str, Any]:
    return matters.book(penalty.edition)


LOOP = Loop(
    Penalty, STEPS, room="penalties", see="penalties.see", labels=STATE_LABELS, moods=STATE_MOODS,
    roles={"agency": "agency"}, related=("agency", "company", "case__estate", "unit"), news=_news, turns=_whose,
    clocks=_Clocks(), noun=lazy("此案"), no_power=lazy("您的岗位没有办理这一步的权限，请联系本单位负责人。"),
    not_yours=lazy("此案由“%(name)s”办理，请由该单位操作。"),
    missing=lazy("没有找到这件处罚，可能编号有误，或不在您的管辖范围。"),
    choices={
        "ways": lambda penalty, day, by: matters.named(matters.book(day)["service"]["ways"]),
        "grounds": lambda penalty, day, by: matters.named(_book(penalty)["spare"]),
        "cash_grounds": lambda penalty, day, by: matters.named(_book(penalty)["payment"]["cash_grounds"]),
    },
)  # fmt: skip


@LOOP.effect("tell_case")
def _tell_case(turn: Turn) -> None:
    """Write a line into the story of the case that a penalty is about."""
    penalty = turn.row
    said = {
        "file": _("立案：%(offence)s"),
        "spare": _("不予处罚：%(why)s"),
        "cancel": _("撤销处罚：%(why)s"),
    }.get(turn.step.act, _("处罚决定：%(what)s，%(number)s"))
    words = {
        "offence": offence_of(penalty).name,
        "why": turn.note,
        "what": says(penalty),
        "number": penalty.written_number,
    }
    notes.note(
        Case.objects.filter(pk=penalty.case_id), said % words, by=turn.by, at=turn.at,
        basis=penalty.article if turn.target == PenaltyState.DECIDED else turn.basis,
        penalty=penalty.pk, number=penalty.written_number,
    )  # fmt: skip


@LOOP.effect("take_over")
def _take_over(turn: Turn) -> None:
    """Let the agency have the case that waits to be dispatched or accepted: what it files is the handling."""
    penalty = turn.row
    cases.take_over_from_others(
        Case.objects.filter(pk=penalty.case_id), agency=penalty.agency, by=turn.by, at=turn.at,
        note=_("已立案：%(offence)s，由办案机关跟踪整改。") % {"offence": offence_of(penalty).name},
    )  # fmt: skip


@LOOP.effect("let_go")
def _let_go(turn: Turn) -> None:
    """Give the case back on which nothing else of the agency goes on."""
    penalty = turn.row
    penalty.save(update_fields=["state"])  # what goes on is asked of the table
    cases.let_go_of(
        Case.objects.filter(pk=penalty.case_id), agency=penalty.agency, by=turn.by, at=turn.at,
        note=_("%(act)s：%(why)s") % {"act": turn.step.word, "why": turn.note},
    )  # fmt: skip


@cases.acting_agencies
def _acting(case_ids: Collection[int]) -> set[tuple[int, int]]:
    """Say whose proceedings about cases go on, or have ended in a decision that stands."""
    ended = [PenaltyState.CANCELLED, PenaltyState.SPARED]
    found = Penalty.objects.filter(case__in=case_ids).exclude(state__in=ended)
    return set(found.values_list("case_id", "agency_id"))


@LOOP.effect("lay_before_head")
def _lay_before_head(turn: Turn) -> None:
    """Lay before the head what was proposed, and a case on somebody too young, which only the head can end."""
    penalty = turn.row
    if turn.step.act == "propose" or penalty.spare_only:
        penalty.with_head_since = turn.at
        penalty.save(update_fields=["with_head_since"])


@LOOP.effect("stop_counting")
def _stop_counting(turn: Turn) -> None:
    """Let a cancelled decision count no more: in no figure, and not as a first offence used up."""
    turn.row.cancelled_on, turn.row.cancelled_reason = turn.today, turn.note[:300]


@LOOP.effect("void_paper")
def _void_paper(turn: Turn) -> None:
    """Void the paper of a cancelled decision; it keeps its number."""
    if turn.row.document_id:
        turn.do(papers.void, document_id=turn.row.document_id, reason=turn.note[:200])


# ----------------------------------------------------------------------------------------------------------- filing


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Say what makes two cases the same: what the matter is called, and who is accused, by a keyed fingerprint."""
    hidden = {asked.name: given.get(asked.name) for asked in rules.PARTY}
    plain = {name: value for name, value in given.items() if name not in hidden}
    return plain | {"matter": given["matter"].about, "accused": escrow.fingerprint(repr(hidden))}


@LOOP.verb("file", asked=_asked)
def file(
    turn: Turn,
    *,
    matter: Matter,
    offence: str,
    procedure: str,
    accused: Accused | None,
    facts: str,
    officers: Sequence[tuple[str, str]] | None,
    refused: bool,
    first_offence: bool,
    corrected: bool,
    **typed: Any,
) -> Penalty:
    """File a penalty case (立案): which offence, on whom, by which procedure, with which officers.

    officers  names and badges; default: the actor and the second one that was typed
    refused   the party refused to obey the order that stands (拒不改正)
    Raises WrongAgency with the offer of a transfer; Refusal for an order that is missing, too few officers, a party
    that the article does not punish, or a fine that is beyond the procedure on the spot.
    """
    _may_punish(turn, matter)
    accused = accused or Accused(
        typed["party_kind"],
        typed["party_name"],
        typed["id_number"],
        typed["phone"],
        typed["age"],
        typed["address"],
    )
    on, agency, book = turn.today, matters.agency_of(turn.by), matters.book(turn.today)
    chosen = offences(on).get(offence)
    if chosen is None:
        raise Refusal(_("请选择违法行为。"), field="offence")
    require_agency(chosen, agency, on=on)
    if chosen.elsewhere:
        raise Refusal(_("这类行为%(also)s，不在这里决定罚款。") % {"also": chosen.also}, field="offence")
    allowed = _range_for(chosen, accused.kind)
    order = _require_order(chosen, matter, refused=refused, on=on)
    name, is_person = accused.name.strip(), accused.kind == "person"
    if not name:
        raise Refusal(_("请填写被处罚的单位名称或个人姓名。"), field="party_name")
    spare_only = is_person and rules.age_says(book, accused.age) == "none"
    if procedure == "simple":
        _fits_the_spot(allowed, agency, accused.kind, spare_only=spare_only, book=book, on=on)
    least, basis = rules.officers_needed(book, procedure, agency.kind)
    if officers is None:
        own = matters.officer(turn.by)
        first = (own.name if own else turn.by.name, typed["first_badge"])
        officers = [first, (typed["second_name"], typed["second_badge"])]
    acting = matters.officers(officers, agency=agency, by=turn.by, least=least, basis=basis, at=turn.at)
    if procedure == "ordinary":
        _leave_somebody_to_decide(acting, agency, on=on)
    company = None if is_person else _company_named(name, matter)
    hazard = matter.hazards[0] if matter.hazards else None
    sealed = {"name": name} | {part: getattr(accused, part) for part in ("id_number", "phone", "address")}
    penalty = Penalty.objects.create(
        **matter.place,
        offence=chosen.key,
        edition=book["effective_from"],
        article=chosen.article,
        procedure=procedure,
        agency=agency,
        agency_kind=agency.kind,
        case=matter.case or Case.objects.filter(pk__in=matter.case_ids).order_by("pk").first(),
        finding=matter.finding,
        visit=matter.visit,
        unit=matter.unit,
        company=company,
        party_kind=accused.kind,
        party_name=codes.mask_name(name) if is_person else name[:120],
        party_sealed=escrow.seal(sealed) if is_person else None,
        party_age=accused.age if is_person else None,
        spare_only=spare_only,
        handlers=[turn.by.account_id] if turn.by.account_id is not None else [],
        facts=facts,
        class_code=hazard.class_code if hazard else "",
        top_class=hazard.top_class if hazard else "",
        is_old_community=matter.is_old,
        unit_kind=matter.unit.kind if matter.unit else "",
        refused_correction=order is not None,
        first_offence=first_offence and not punished_before(company, chosen.key, on=on),
        corrected=corrected,
        filed_at=turn.at,
        is_demo=matter.is_demo,
    )
    PenaltyOfficer.objects.bulk_create(
        PenaltyOfficer(penalty=penalty, person=acting.people.get(o.name), name=o.name, badge=o.badge)
        for o in acting.names
    )
    turn.basis, turn.facts = chosen.article, {"order": order.pk if order else None}
    turn.starts = turn.starts if procedure == "ordinary" else ()
    return penalty


def _may_punish(turn: Turn, matter: Matter) -> None:
    """Lock the case of a matter; refuse whoever holds the power only where the matter is not."""
    by, power, no_power = turn.by, turn.step.power, _("您的岗位不能立案处罚。")
    if matter.case is not None:
        cases.require_power_on(cases.locked(matter.case.pk, by=by), power, by=by, sentence=no_power)
        turn.asked_again()
    elif matter.visit and not access.visible(Visit, to=by, power=power).filter(pk=matter.visit.pk).exists():
        raise NotPermitted(no_power, data={"power": power})


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


def _fits_the_spot(
    allowed: Range, agency: Organisation, party: str, *, spare_only: bool, book: Mapping[str, Any], on: date
) -> None:
    """Refuse to decide on the spot about somebody too young, or what costs more than the ceiling at least."""
    if spare_only:
        raise Refusal(
            _(
                "不满十四周岁的不予处罚，不能当场处罚。请改选“普通程序”立案，由负责人办理“不予处罚”，责令监护人管教。"
            ),
            field="procedure",
            data={"offer": "ordinary"},
            code="under_age",
        )
    _within_ceiling(allowed.least, agency, party, book=book, on=on)


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


# ------------------------------------------------------------------------------------------------------ on the spot


@LOOP.verb("penalise_on_the_spot", asked=_asked)
def penalise_on_the_spot(turn: Turn, **given: Any) -> Penalty:
    """File and decide in one act, as it happens at the scene; all or nothing."""
    spot = {asked.name: given.pop(asked.name) for asked in rules.SPOT}
    made = turn.do(file, procedure="simple", **given)
    turn.subject = turn.do(decide_simple, penalty_id=made.pk, **spot)
    return turn.subject


@LOOP.verb("decide_simple")
def decide_simple(
    turn: Turn,
    *,
    measure: Measure | None,
    statement: str,
    acted_at: datetime | None,
    pay_on_spot: bool,
    **typed: Any,
) -> None:
    """Decide on the spot (当场处罚) up to the agency's ceiling, and hand the decision over there and then.

    statement  what the party said, and whether it was accepted
    acted_at   when it was handed over, when that was before now: a decision is filed within 24 hours of it
    """
    penalty, book, offence = turn.row, _book(turn.row), offence_of(turn.row)
    measure = measure or Measure(**typed)
    require_agency(offence, penalty.agency, on=turn.today)
    _check_measure(turn, measure)
    fine = measure.amount or rules.ZERO
    _within_ceiling(fine, penalty.agency, penalty.party_kind, book=book, on=turn.today)
    when = acted_at or turn.at
    if when > turn.at or (turn.at - when).days > 30:
        raise Refusal(_("当场处罚的时间应在现在之前，请核对。"), field="acted_at")
    _decided(turn, measure, when=when)
    penalty.statement, penalty.served_at = statement, when
    data = SpotDecisionData(
        **printed.common(penalty, offence, measure),
        happened_at=when,
        place=where(penalty),
        statement=sentence(statement),
        paid_on_spot=pay_on_spot and rules.cash_allowed(book, fine),
    )
    _paper(turn, "spot_decision", data)
    turn.note = penalty.written_number
    hours = (turn.at - when).total_seconds() / 3600
    turn.facts["filed_late"] = hours > book["simple"]["file_within"]["amount"]


def _decided(turn: Turn, measure: Measure, *, when: datetime) -> None:
    """Keep what is decided; money is owed only where there is a fine."""
    penalty = turn.row
    penalty.amount, penalty.warning, penalty.reasons = measure.amount, measure.warning, measure.reasons
    penalty.decided_at, penalty.decided_on = when, matters.day_of(when)
    turn.starts = turn.starts if measure.amount else ()


def _paper(turn: Turn, kind: str, data: Any) -> None:
    """Issue the decision, signed by whoever decides."""
    paper = _issued(turn, kind, data, signed_by=turn.by.name)
    turn.row.document_id, turn.row.written_number = paper.pk, paper.written_number


def _issued(turn: Turn, kind: str, data: Any, *, signed_by: str = "") -> IssuedDocument:
    return issue_paper(
        kind=kind, data=data, office=turn.row.agency, subject=turn.row, by=turn.by, at=turn.at,
        signed_by=signed_by,
    )  # fmt: skip


def _check_measure(turn: Turn, measure: Measure) -> None:
    """Refuse an amount outside the article's range, a warning it does not know, or a choice without its reasons."""
    penalty, offence = turn.row, offence_of(turn.row)
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
    if rules.age_says(_book(penalty), penalty.party_age) == "lighter":
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
    if not allowed.fixed and len(measure.reasons) < 4:
        raise Refusal(_("请写明裁量理由：为什么是这个数额。"), field="reasons")


# ------------------------------------------------------------------------------------------- the ordinary procedure


@LOOP.verb("give_notice")
def give_notice(turn: Turn, *, measure: Measure | None, **typed: Any) -> None:
    """Tell the party the intended penalty and its rights (行政处罚告知书); it may state, and ask for a hearing."""
    if turn.row.procedure == "simple":
        turn.row.procedure = "ordinary"  # the officer found on the way that the matter needs it
        least, basis = rules.officers_needed(_book(turn.row), "ordinary", turn.row.agency_kind)
        if turn.row.officers.count() < least:
            raise Refusal(
                _("普通程序至少需要 %(n)d 名执法人员（%(basis)s），请重新立案并补充人员。")
                % {"n": least, "basis": citations.cite(basis)},
                code="too_few_officers",
            )
    _notice(turn, measure or Measure(**typed))


@LOOP.verb("renotice")
def renotice(turn: Turn, *, measure: Measure | None, **typed: Any) -> None:
    """Tell the party anew, because it may become more or rests on other facts; it is heard from the beginning."""
    penalty = turn.row
    penalty.statement = penalty.statement_answer = penalty.hearing_record = ""
    penalty.hearing_asked_at = penalty.hearing_on = penalty.hearing_until = penalty.with_head_since = None
    _notice(turn, measure or Measure(**typed))


def _notice(turn: Turn, measure: Measure) -> None:
    penalty, offence = turn.row, offence_of(turn.row)
    _check_measure(turn, measure)
    threshold = rules.hearing_threshold(_book(penalty), penalty.agency_kind, penalty.party_kind)[0]
    hearing = (measure.amount is not None and measure.amount >= threshold) or names_a_penalty(offence)
    if not hearing:
        turn.starts = tuple(column for column in turn.starts if column != "hearing_until")
    penalty.proposed_amount, penalty.warning = measure.amount, measure.warning
    penalty.reasons, penalty.noticed_at = measure.reasons, turn.at
    data = PenaltyNoticeData(
        **printed.common(penalty, offence, measure),
        other=printed.other(offence),
        hearing=hearing,
        address=penalty.agency.address,
        contact=penalty.officers.order_by("pk").values_list("name", flat=True).first() or "",
    )
    turn.note = _issued(turn, "penalty_notice", data).written_number
    turn.facts["hearing"] = hearing


@LOOP.verb("take_statement")
def take_statement(turn: Turn, *, statement: str, answer: str) -> None:
    """Keep what the party stated or that it waived, and what was made of it (陈述申辩)."""
    turn.row.statement, turn.row.statement_answer, turn.note = statement, answer, statement


@LOOP.verb("ask_hearing")
def ask_hearing(turn: Turn, *, hearing_on: date) -> None:
    """Note that the party asked for a hearing in time, and for which day it is set (seven workdays ahead).

    What was proposed before is void: the proposal rests on the hearing's record.
    """
    earliest = matters.last_day(turn.today, _book(turn.row)["hearing"]["notice_before"])
    if hearing_on < earliest:
        raise Refusal(
            _("听证七日前通知当事人，最早可定在%(day)s。") % {"day": earliest.isoformat()}, field="hearing_on"
        )
    turn.row.hearing_asked_at, turn.row.hearing_on, turn.row.with_head_since = turn.at, hearing_on, None
    turn.facts["on"] = hearing_on.isoformat()


@LOOP.verb("record_hearing")
def record_hearing(turn: Turn, *, record: str) -> None:
    """Keep the record of the hearing; the case goes on to a proposal."""
    turn.row.hearing_record = turn.note = record


@LOOP.verb("propose")
def propose(turn: Turn, *, measure: Measure | None, **typed: Any) -> None:
    """Propose the decision after the party was heard; never more than it was told."""
    penalty, measure = turn.row, measure or Measure(**typed)
    _check_measure(turn, measure)
    _not_heavier(penalty, measure)
    penalty.proposed_amount, penalty.warning = measure.amount, measure.warning
    penalty.reasons = turn.note = measure.reasons or penalty.reasons
    if turn.by.account_id is not None:
        penalty.handlers = sorted({*penalty.handlers, turn.by.account_id})
    turn.facts["proposed"] = str(measure.amount)


def _not_heavier(penalty: Penalty, measure: Measure) -> None:
    told = penalty.proposed_amount or rules.ZERO
    if (measure.amount or rules.ZERO) > told:
        raise Refusal(
            _("告知的是 %(told)s 元，不能加重；确需加重的，请先“重新告知”。") % {"told": f"{told:,.2f}"},
            field="amount",
            data={"allowed": ["renotice"]},
            code="heavier",
        )


@LOOP.verb("decide")
def decide(turn: Turn, *, measure: Measure | None, note: str) -> None:
    """Decide a proposed penalty (行政处罚决定书); the head does, never an officer who handled the case.

    measure  another amount than proposed, not a higher one; default: as proposed
    """
    penalty, offence = turn.row, offence_of(turn.row)
    require_agency(offence, penalty.agency, on=turn.today)
    given = measure or Measure(penalty.proposed_amount, penalty.warning)
    given = replace(given, reasons=given.reasons or penalty.reasons)
    if measure is not None:
        _check_measure(turn, given)
    _not_heavier(penalty, given)
    _decided(turn, given, when=turn.at)
    penalty.approved_by = _signed(turn)
    notice = papers_of_kind(penalty, "penalty_notice")
    data = PenaltyDecisionData(
        **printed.common(penalty, offence, given),
        other=printed.other(offence),
        statement=printed.heard(penalty),
        notice_number=notice[1] if notice else "",
        noticed_on=matters.day_of(penalty.noticed_at) if penalty.noticed_at else None,
    )
    _paper(turn, "penalty_decision", data)
    turn.note = note or penalty.written_number
    turn.facts["late"] = penalty.decide_by is not None and turn.today > penalty.decide_by


def _signed(turn: Turn) -> str:
    return f"{turn.by.post} {turn.by.name}".strip()[:120]


@LOOP.verb("spare")
def spare(turn: Turn, *, ground: str, note: str) -> None:
    """Decide to impose no penalty (不予处罚) on a ground of the rulebook that the noted facts support."""
    penalty = turn.row
    chosen = next(g for g in _book(penalty)["spare"] if g["key"] == ground)
    lacking = rules.lacking_for_spare(
        chosen,
        corrected=penalty.corrected or (penalty.case is not None and penalty.case.closed_at is not None),
        first_offence=penalty.first_offence,
        under_age=penalty.spare_only,
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
    penalty.reasons = turn.note = _("%(ground)s：%(note)s") % {"ground": chosen["name"], "note": note}
    penalty.approved_by, turn.basis, turn.facts = _signed(turn), chosen["basis"], {"ground": ground}


# ------------------------------------------------------------------------------------------------------ what follows


@LOOP.verb("serve")
def serve(
    turn: Turn,
    *,
    way: str,
    served_to: str,
    served_at: datetime | None,
    witness: str,
    note: str,
) -> None:
    """Note that the decision reached the party; the 15 days to pay run from then."""
    penalty = turn.row
    turn.note, penalty.served_at = orders.read_service(
        way=way, witness=witness, note=note, since=penalty.decided_at, served_at=served_at, at=turn.at
    )
    turn.starts = turn.starts if penalty.amount else ()
    # Whoever signs for a person is that person or lives with them: the name stays sealed here as well.
    taken_by = codes.mask_name(served_to) if penalty.party_sealed else served_to
    turn.facts = {"way": way, "served_to": taken_by}


@LOOP.verb("cancel")
def cancel(turn: Turn, *, reason: str) -> None:
    """Cancel a penalty or drop its case, for a reason; its papers are voided and figures follow."""
    withdraw = matters.last_day(turn.today, _book(turn.row)["cancel"]["withdraw_within"])
    turn.facts = {
        "was_decided": turn.row.decided_on is not None,
        "withdraw_by": withdraw.isoformat(),
        "repay": str(turn.row.paid_amount),
    }


@LOOP.verb("unseal")
def open_identity(turn: Turn, *, reason: str) -> None:
    """Open the identity of a punished person: for its own officers and for whoever may unseal; leaves a trace."""


def unseal(**given: Any) -> dict[str, str]:
    """Open the identity of a punished person and return it; takes what `open_identity` takes."""
    return escrow.unseal(bytes(open_identity(**given).party_sealed))


escalate = ladder.climbs(LOOP)


def _days(penalty: Penalty) -> dict[str, date]:
    """Return the last days that still run, by the calendar of today; those of an act that is done stay."""
    decided = (
        ("serve_by", "pay_by") if penalty.decided_on else ("decide_by", "statement_until", "hearing_until")
    )
    running = [column for column in TERMS if column in decided and getattr(penalty, column)]
    return {column: last_day(penalty, column) for column in running if getattr(penalty, TERMS[column][2])}


deadline_moved = clocks.follow_the_calendar(
    LOOP,
    clocks.Days(
        lambda: Penalty.objects.filter(
            state__in=next(step.source for step in STEPS if step.act == clocks.ACT)
        ),
        _days,
    ),
    labels={
        "decide_by": lazy("办案期限"),
        "statement_until": lazy("陈述申辩期限"),
        "hearing_until": lazy("申请听证期限"),
        "serve_by": lazy("送达期限"),
        "pay_by": lazy("缴款期限"),
    },
)
