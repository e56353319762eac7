"""Verbs of penalties: each step beside its refusals."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from anju.duties.orders.queries import matters
from anju.duties.orders.queries.matters import WrongAgency
from anju.duties.penalties.models import Penalty
from anju.duties.penalties.queries.penalties import owed, says
from anju.duties.penalties.services import payments, penalties
from anju.duties.penalties.services.penalties import Accused, Measure
from anju.ground.foundation import clocks, journal
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.means.documents.models import IssuedDocument

from .conftest import ONE, PERSON, TWO, UNIT, hired

pytestmark = pytest.mark.django_db
D = Decimal
REASONS = "占用时间长，影响通行"
EIGHT = Measure(D("8000"), reasons=REASONS)


def on_the_spot(case, by, at, **told):
    values = {
        "offence": "corridor_charging",
        "accused": PERSON,
        "facts": "在一楼公共门厅为电动自行车充电，责令后拒不改正",
        "officers": ONE,
        "measure": Measure(D("200")),
        "refused": True,
        "statement": "无异议",
    }
    matter = matters.of_case(by, case.pk, at=at)
    return penalties.penalise_on_the_spot(matter=matter, by=by, at=at, **values | told)


# --- Who may ----------------------------------------------------------------------------------------------------


def test_a_police_officer_who_would_fine_for_a_blocked_fire_lane_is_told_who_may_and_offered_the_transfer(
    hazard, police, friday_9am
):
    case = hazard("FA01")
    with pytest.raises(WrongAgency, match="消防救援机构决定处罚") as refused:
        on_the_spot(
            case, police, friday_9am, offence="lane_blocked", accused=UNIT, measure=Measure(D("5000"))
        )
    assert refused.value.data["offer"] == "transfer"
    assert refused.value.data["to_kind"] == "fire_brigade"
    assert "第六十条" in str(refused.value) and "槐荫派出所" in str(refused.value)
    assert not Penalty.objects.exists()


def test_corridor_charging_refused_after_an_order_costs_200_on_the_spot(hazard, ordered, police, friday_9am):
    case = hazard("EB02")
    ordered(case, police, immediate=True)
    fine = on_the_spot(case, police, friday_9am, key="f-1")
    assert (fine.state, fine.amount, fine.decided_on) == ("decided", D("200.00"), date(2024, 7, 12))
    assert fine.written_number == "东公当罚字〔2024〕第0001号"
    assert (fine.served_at, fine.pay_by) == (friday_9am, date(2024, 7, 29)), "the 27th is a Saturday"
    assert fine.party_name == "胡**" and "胡小明" not in str(Penalty.objects.values().get(pk=fine.pk))
    assert (fine.top_class, fine.agency_kind, fine.is_old_community) == ("EB", "police_station", True)
    paper = IssuedDocument.objects.get(pk=fine.document_id)
    assert paper.kind == "spot_decision" and "胡小明" in str(paper.data)
    event = journal.events_named(fine, "penalties.decide_simple").get()
    assert event.data["amount"] == "200.00" and event.data["filed_late"] is False
    assert on_the_spot(case, police, friday_9am, key="f-1").pk == fine.pk
    assert Penalty.objects.count() == 1


def test_without_an_order_there_is_no_refusal_to_punish(hazard, ordered, police, friday_9am):
    case = hazard("EB02")
    with pytest.raises(Refusal, match="先责令改正") as refused:
        on_the_spot(case, police, friday_9am)
    assert refused.value.data["offer"] == "order"
    ordered(case, police, immediate=True)
    with pytest.raises(Refusal, match="拒不改正"):
        on_the_spot(case, police, friday_9am, refused=False)


def test_what_is_punished_only_when_overdue_waits_for_the_term(hazard, ordered, filed, fire, friday_9am):
    case = hazard("FF07")
    with pytest.raises(Refusal, match="逾期"):
        filed(case, offence="company_fire_duties")
    ordered(case, fire, due_on=date(2024, 7, 15))
    with pytest.raises(Refusal, match="逾期"):
        filed(case, offence="company_fire_duties")
    later = friday_9am + timedelta(days=5)
    matter = matters.of_case(fire, case.pk, at=later)
    made = penalties.file(
        matter=matter, offence="company_fire_duties", procedure="ordinary", accused=UNIT,
        facts="消防设施年度检测逾期未做", officers=TWO, by=fire, at=later,
    )  # fmt: skip
    assert made.refused_correction and made.company.name == UNIT.name


def test_5000_on_the_spot_is_beyond_every_ceiling(hazard, fire, friday_9am):
    case = hazard("FA01")
    with pytest.raises(Refusal, match="普通程序") as refused:
        on_the_spot(
            case, fire, friday_9am, offence="lane_blocked", accused=UNIT, officers=TWO,
            measure=Measure(D("5000"), reasons=REASONS), refused=False,
        )  # fmt: skip
    assert refused.value.code == "beyond_simple"


def test_a_street_officer_cannot_punish_and_an_article_that_punishes_only_units_spares_persons(
    hazard, wang, filed, friday_9am
):
    case = hazard("FF07")
    with pytest.raises(NotPermitted):
        on_the_spot(case, wang.actor(friday_9am), friday_9am)
    with pytest.raises(Refusal, match="只处罚单位"):
        filed(case, offence="facilities_defective", accused=PERSON)


def test_officers_are_two_where_the_law_asks_and_hold_valid_badges(hazard, filed, fire_officer, friday_9am):
    case = hazard("FA01")
    with pytest.raises(Refusal, match="至少需要 2 名"):
        filed(case, officers=TWO[:1])
    with pytest.raises(Refusal, match="执法证号"):
        filed(case, officers=[("赵安", ""), ("钱防", "XF0002")])
    person = fire_officer.person
    person.badge_number, person.badge_until = "XF0001", date(2024, 7, 11)
    person.save()
    with pytest.raises(Refusal, match="到期"):
        filed(case)
    assert not Penalty.objects.exists()


def test_the_only_head_of_an_agency_is_no_officer_of_an_ordinary_case(
    hazard, filed, fire_chief, offices, friday_9am
):
    case = hazard("FA01")
    with pytest.raises(Refusal, match="留一名负责人审批"):
        filed(case, officers=[("赵安", "XF0001"), ("丁大队", "XF0009")])
    assert not Penalty.objects.exists()
    hired(offices.fire, "第二负责人", "er", "fire_chief")
    assert filed(case, officers=[("赵安", "XF0001"), ("丁大队", "XF0009")]).state == "filed"


# --- The ordinary procedure -------------------------------------------------------------------------------------


def test_an_ordinary_case_goes_by_notice_statement_proposal_and_the_head(decided, friday_9am):
    fine = decided()
    assert (fine.state, fine.amount) == ("decided", D("8000.00"))
    assert fine.decide_by == date(2024, 10, 10)
    assert fine.written_number == "东消罚决字〔2024〕第0001号"
    kinds = set(
        IssuedDocument.objects.filter(subject_type="penalties.penalty").values_list("kind", flat=True)
    )
    assert kinds == {"penalty_notice", "penalty_decision"}
    assert [e.name.removeprefix("penalties.") for e in journal.events_of(fine)] == [
        "file", "give_notice", "take_statement", "propose", "decide", "serve",
    ]  # fmt: skip
    assert fine.approved_by.endswith("丁大队")


@pytest.mark.parametrize("amount", ["4999.99", "50000.01", "0", "-1"])
def test_an_amount_outside_the_article_is_refused(filed, fire, friday_9am, amount):
    fine = filed()
    with pytest.raises(Refusal, match="不在幅度内") as refused:
        penalties.give_notice(
            penalty_id=fine.pk, measure=Measure(D(amount), reasons=REASONS), by=fire, at=friday_9am
        )
    assert refused.value.data == {"least": "5000.00", "most": "50000.00"}


def test_discretion_gives_its_reasons_and_a_unit_is_not_merely_warned(filed, fire, friday_9am):
    fine = filed()
    with pytest.raises(Refusal, match="裁量理由"):
        penalties.give_notice(penalty_id=fine.pk, measure=Measure(D("8000")), by=fire, at=friday_9am)
    with pytest.raises(Refusal, match="必须罚款"):
        penalties.give_notice(penalty_id=fine.pk, measure=Measure(None, warning=True), by=fire, at=friday_9am)


def test_a_person_may_be_warned(hazard, filed, fire, head, friday_9am):
    fine = filed(hazard("EG01"), offence="escape_blocked", accused=PERSON)
    at, later = friday_9am, friday_9am + timedelta(days=1)
    warned = Measure(None, warning=True, reasons="情节轻微")
    penalties.give_notice(penalty_id=fine.pk, measure=warned, by=fire, at=at)
    penalties.take_statement(penalty_id=fine.pk, statement="放弃", answer="确认", by=fire, at=later)
    penalties.propose(penalty_id=fine.pk, measure=warned, by=fire, at=later)
    made = penalties.decide(penalty_id=fine.pk, by=head, at=later)
    assert (made.state, made.amount, made.warning) == ("decided", None, True)
    assert says(made) == "警告"


def test_no_proposal_before_the_party_was_heard_and_never_more_than_it_was_told(filed, fire, friday_9am):
    fine = filed()
    told = Measure(D("8000"), reasons=REASONS)
    penalties.give_notice(penalty_id=fine.pk, measure=told, by=fire, at=friday_9am)
    with pytest.raises(NotAllowedNow, match="陈述申辩期到2024-07-19"):
        penalties.propose(penalty_id=fine.pk, measure=told, by=fire, at=friday_9am)
    later = friday_9am + timedelta(days=10)
    with pytest.raises(Refusal, match="不能加重"):
        penalties.propose(penalty_id=fine.pk, measure=Measure(D("9000"), reasons=REASONS), by=fire, at=later)
    penalties.propose(penalty_id=fine.pk, measure=Measure(D("6000"), reasons=REASONS), by=fire, at=later)


def test_what_becomes_heavier_is_told_anew_and_heard_from_the_beginning(filed, fire, head, friday_9am):
    fine, at = filed(), friday_9am
    penalties.give_notice(penalty_id=fine.pk, measure=EIGHT, by=fire, at=at)
    later = at + timedelta(days=1)
    penalties.take_statement(penalty_id=fine.pk, statement="放弃", answer="确认", by=fire, at=later)
    penalties.propose(penalty_id=fine.pk, measure=EIGHT, by=fire, at=later)
    heavier = Measure(D("12000"), reasons="查明占用已达两个月")
    with pytest.raises(Refusal, match="重新告知"):
        penalties.propose(penalty_id=fine.pk, measure=heavier, by=fire, at=later)
    told = penalties.renotice(
        penalty_id=fine.pk, measure=heavier, by=fire, at=later + timedelta(hours=1), key="again"
    )
    assert (told.proposed_amount, told.statement, told.statement_until) == (D("12000"), "", date(2024, 7, 19))
    # What was proposed before is void with the notice it rested on.
    with pytest.raises(NotAllowedNow, match="还没有提出处罚意见"):
        penalties.decide(penalty_id=fine.pk, by=head, at=later + timedelta(hours=2))
    with pytest.raises(NotAllowedNow, match="陈述申辩期"):
        penalties.propose(penalty_id=fine.pk, measure=heavier, by=fire, at=later + timedelta(hours=2))
    heard = later + timedelta(hours=3)
    penalties.take_statement(penalty_id=fine.pk, statement="无异议", answer="确认", by=fire, at=heard)
    penalties.propose(penalty_id=fine.pk, measure=heavier, by=fire, at=heard)
    decided = penalties.decide(penalty_id=fine.pk, by=head, at=heard)
    assert decided.amount == D("12000.00")


def test_a_hearing_is_asked_for_in_time_held_and_recorded(filed, fire, friday_9am):
    fine = filed()
    penalties.give_notice(
        penalty_id=fine.pk, measure=Measure(D("30000"), reasons=REASONS), by=fire, at=friday_9am
    )
    ask = {"penalty_id": fine.pk, "by": fire}
    with pytest.raises(Refusal, match="最早可定在2024-07-23"):
        penalties.ask_hearing(**ask, hearing_on=date(2024, 7, 22), at=friday_9am)
    with pytest.raises(Refusal, match="届满"):
        penalties.ask_hearing(**ask, hearing_on=date(2024, 8, 30), at=friday_9am + timedelta(days=8))
    held = penalties.ask_hearing(**ask, hearing_on=date(2024, 7, 23), at=friday_9am)
    assert held.state == "hearing"
    with pytest.raises(NotAllowedNow, match="尚未举行"):
        penalties.record_hearing(**ask, record="听证情况记录在案", at=friday_9am)
    back = penalties.record_hearing(
        **ask, record="听证情况记录在案，维持", at=friday_9am + timedelta(days=11)
    )
    assert back.state == "noticed"


def test_what_was_proposed_before_a_hearing_is_proposed_anew_after_it(filed, fire, head, friday_9am):
    fine, later = filed(), friday_9am + timedelta(days=1)
    one, told = {"penalty_id": fine.pk, "by": fire}, Measure(D("30000"), reasons=REASONS)
    penalties.give_notice(**one, measure=told, at=friday_9am)
    penalties.take_statement(**one, statement="有异议，要求听证", answer="待听证", at=later)
    penalties.propose(**one, measure=told, at=later)
    penalties.ask_hearing(**one, hearing_on=date(2024, 7, 24), at=later)
    held = friday_9am + timedelta(days=12)
    penalties.record_hearing(**one, record="听证情况记录在案，维持", at=held)
    with pytest.raises(NotAllowedNow, match="还没有提出处罚意见"):
        penalties.decide(penalty_id=fine.pk, by=head, at=held)
    penalties.propose(**one, measure=told, at=held)
    with pytest.raises(NotAllowedNow, match="等待负责人审批"):
        penalties.propose(**one, measure=told, at=held)
    assert penalties.decide(penalty_id=fine.pk, by=head, at=held).amount == D("30000.00")


def test_below_the_threshold_there_is_no_hearing(filed, fire, friday_9am):
    fine = filed()
    penalties.give_notice(
        penalty_id=fine.pk, measure=Measure(D("8000"), reasons=REASONS), by=fire, at=friday_9am
    )
    with pytest.raises(Refusal, match="没有达到听证标准"):
        penalties.ask_hearing(penalty_id=fine.pk, hearing_on=date(2024, 8, 30), by=fire, at=friday_9am)


def test_who_handled_a_case_does_not_decide_it(filed, fire, fire_chief, head, offices, friday_9am):
    told = Measure(D("8000"), reasons=REASONS)
    later = friday_9am + timedelta(days=10)
    fine = filed()
    penalties.give_notice(penalty_id=fine.pk, measure=told, by=fire, at=friday_9am)
    with pytest.raises(NotAllowedNow, match="还没有提出"):
        penalties.decide(penalty_id=fine.pk, by=head, at=later)
    penalties.propose(penalty_id=fine.pk, measure=told, by=fire, at=later)
    with pytest.raises(NotPermitted, match="没有办理这一步的权限"):
        penalties.decide(penalty_id=fine.pk, by=fire, at=later)
    hired(offices.fire, "第二负责人", "er", "fire_chief")
    own = filed(officers=[("丁大队", "XF0009"), TWO[0]])
    penalties.give_notice(penalty_id=own.pk, measure=told, by=fire, at=friday_9am)
    penalties.propose(penalty_id=own.pk, measure=told, by=fire, at=later)
    with pytest.raises(NotPermitted, match="自己办理的案件"):
        penalties.decide(penalty_id=own.pk, by=head, at=later)


def test_a_head_who_proposed_a_case_does_not_decide_it_and_is_shown_no_button(
    filed, head, offices, friday_9am
):
    second = hired(offices.fire, "第二负责人", "er", "fire_chief").actor(friday_9am)
    later, fine = friday_9am + timedelta(days=10), filed()
    penalties.give_notice(penalty_id=fine.pk, measure=EIGHT, by=second, at=friday_9am)
    penalties.propose(penalty_id=fine.pk, measure=EIGHT, by=second, at=later)
    fine.refresh_from_db()
    shown = {
        who.name: {p.act for p in penalties.LOOP.possible(fine, by=who, at=later)} for who in (head, second)
    }
    assert {"decide", "spare"} <= shown[head.name] and not {"decide", "spare"} & shown[second.name]
    with pytest.raises(NotPermitted, match="自己办理的案件"):
        penalties.decide(penalty_id=fine.pk, by=second, at=later)


def test_another_office_sees_the_case_and_takes_no_step(filed, police, outsider, friday_9am):
    fine = filed()
    with pytest.raises(NotPermitted, match="消防救援大队"):
        penalties.give_notice(penalty_id=fine.pk, measure=Measure(D("8000")), by=police, at=friday_9am)
    with pytest.raises(NotFound):
        penalties.give_notice(
            penalty_id=fine.pk, measure=Measure(D("8000")), by=outsider.actor(friday_9am), at=friday_9am
        )


def test_a_step_out_of_order_names_what_is_possible(filed, fire, friday_9am):
    fine = filed()
    with pytest.raises(NotAllowedNow, match="处罚告知"):
        penalties.propose(penalty_id=fine.pk, measure=Measure(D("8000")), by=fire, at=friday_9am)


# --- No penalty -------------------------------------------------------------------------------------------------


def test_nobody_under_fourteen_is_punished_and_those_under_eighteen_lighter(
    hazard, ordered, filed, fire, head, police, friday_9am
):
    case = hazard("EB02")
    ordered(case, police, immediate=True)
    child = Accused("person", "小演", age=13)
    with pytest.raises(Refusal, match="不满十四周岁"):
        on_the_spot(case, police, friday_9am, accused=child)
    young = on_the_spot(
        case, police, friday_9am, accused=Accused("person", "小示", age=15), measure=Measure(D("50"))
    )
    assert young.amount == D("50.00")
    fine = filed(hazard("EG01"), offence="escape_blocked", accused=child)
    spared = penalties.spare(
        penalty_id=fine.pk, ground="under_age", note="责令监护人管教", by=head, at=friday_9am
    )
    assert spared.state == "spared" and spared.amount is None


def test_sparing_needs_the_facts_of_its_ground(filed, hazard, fire, head, friday_9am):
    fine = filed()
    spare = {"penalty_id": fine.pk, "at": friday_9am}
    with pytest.raises(Refusal, match="列出的不予处罚的情形"):
        penalties.spare(**spare, ground="kindness", note="心情好", by=head)
    with pytest.raises(Refusal, match="已及时改正"):
        penalties.spare(**spare, ground="minor_corrected", note="情节轻微", by=head)
    with pytest.raises(NotPermitted):
        penalties.spare(**spare, ground="minor_corrected", note="情节轻微", by=fire)
    first = filed(hazard("FA01"), corrected=True, first_offence=True)
    with pytest.raises(Refusal, match="理由"):
        penalties.spare(penalty_id=first.pk, ground="first_offence", note="", by=head, at=friday_9am)
    done = penalties.spare(
        penalty_id=first.pk, ground="first_offence", note="初次违法，当场清除", by=head, at=friday_9am
    )
    assert done.state == "spared" and "初次违法" in done.reasons


def test_a_company_punished_before_is_no_first_offender(decided, filed, hazard):
    decided()
    again = filed(hazard("FA01"), corrected=True, first_offence=True)
    assert again.first_offence is False


# --- Money ------------------------------------------------------------------------------------------------------


def pay(fine, by, at, principal, *, surcharge="0", on=None, receipt="P-1", **told):
    return payments.record_payment(
        penalty_id=fine.pk, principal=D(principal), surcharge=D(surcharge), paid_on=on or at.date(),
        receipt=receipt, by=by, at=at, **told,
    )  # fmt: skip


def test_a_fine_is_paid_in_parts_and_late_money_apart(decided, fire, friday_9am):
    fine = decided()
    assert fine.pay_by == date(2024, 7, 29), "15 days from the 13th end on Sunday the 28th"
    first = friday_9am + timedelta(days=10)
    pay(fine, fire, first, "3000.50", key="p-1")
    pay(fine, fire, first, "3000.50", key="p-1")
    fine.refresh_from_db()
    assert (fine.state, fine.paid_amount) == ("decided", D("3000.50"))
    late = friday_9am + timedelta(days=20)
    due = owed(fine, on=late.date())
    assert (due.principal, due.surcharge, due.days) == (D("4999.50"), D("449.96"), 3)
    with pytest.raises(Refusal, match="尚欠罚款 4,999.50 元"):
        pay(fine, fire, late, "5000", receipt="P-2")
    with pytest.raises(Refusal, match="加处罚款 449.96 元"):
        pay(fine, fire, late, "4999.50", surcharge="449.97", receipt="P-2")
    with pytest.raises(Refusal, match="凭证号已经登记"):
        pay(fine, fire, late, "1", receipt="P-1")
    pay(fine, fire, late, "4999.50", receipt="P-2")
    fine.refresh_from_db()
    assert fine.state == "decided", "the surcharge is still owed"
    pay(fine, fire, late, "0", surcharge="449.96", receipt="P-3")
    fine.refresh_from_db()
    assert (fine.state, fine.paid_on) == ("paid", late.date())
    with pytest.raises(NotAllowedNow, match="已缴清"):
        pay(fine, fire, late, "1", receipt="P-4")


def test_cash_on_the_spot_is_for_small_fines_and_handed_in(hazard, ordered, police, friday_9am):
    case = hazard("EB02")
    ordered(case, police, immediate=True)
    fine = on_the_spot(case, police, friday_9am)
    with pytest.raises(Refusal, match="限于 100.00 元以下"):
        pay(fine, police, friday_9am, "200", way="spot")
    made = pay(fine, police, friday_9am, "200", way="spot", ground="hard_to_collect")
    with pytest.raises(Refusal, match="缴存日期"):
        payments.hand_in(payment_id=made.pk, on=date(2024, 7, 11), by=police, at=friday_9am)
    payments.hand_in(payment_id=made.pk, on=date(2024, 7, 12), by=police, at=friday_9am)
    with pytest.raises(NotAllowedNow):
        payments.hand_in(payment_id=made.pk, on=date(2024, 7, 12), by=police, at=friday_9am)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"principal": "0"}, "缴款金额"),
        ({"principal": "-5"}, "缴款金额"),
        ({"principal": "5", "receipt": " "}, "凭证号"),
        ({"principal": "5", "on": date(2024, 7, 11)}, "缴款日期"),
        ({"principal": "5", "way": "barter"}, "缴款方式"),
    ],
)
def test_a_payment_that_cannot_be_is_refused(decided, fire, friday_9am, told, says):
    fine = decided()
    with pytest.raises(Refusal, match=says):
        pay(fine, fire, friday_9am + timedelta(days=2), **told)


def test_who_may_not_take_money_cannot(decided, wang, friday_9am):
    with pytest.raises(NotPermitted):
        pay(decided(), wang.actor(friday_9am), friday_9am + timedelta(days=2), "1")


# --- Cancelled, unsealed ----------------------------------------------------------------------------------------


def test_a_cancelled_penalty_is_news_with_the_company_and_its_paper_is_void(decided, fire, head, friday_9am):
    fine = decided()
    later = friday_9am + timedelta(days=3)
    with pytest.raises(NotPermitted):
        penalties.cancel(penalty_id=fine.pk, reason="事实认定有误", by=fire, at=later)
    with pytest.raises(Refusal, match="理由"):
        penalties.cancel(penalty_id=fine.pk, reason="错", by=head, at=later)
    gone = penalties.cancel(penalty_id=fine.pk, reason="事实认定有误", by=head, at=later)
    assert (gone.state, gone.cancelled_on) == ("cancelled", date(2024, 7, 15))
    news = journal.events_named(gone, "penalties.cancel").get().data
    assert (news["company"], news["name"]) == (gone.company_id, UNIT.name)
    assert news["was_decided"] is True and news["withdraw_by"] == "2024-07-18"
    assert IssuedDocument.objects.get(pk=fine.document_id).state == "voided"
    assert owed(gone, on=later.date()).total == 0


def test_the_name_of_a_person_is_opened_with_a_reason_and_a_trace(
    hazard, ordered, police, wang, city_supervisor, friday_9am
):
    case = hazard("EB02")
    ordered(case, police, immediate=True)
    fine = on_the_spot(case, police, friday_9am)
    with pytest.raises(NotPermitted):
        penalties.unseal(penalty_id=fine.pk, reason="想看看是谁呀", by=wang.actor(friday_9am), at=friday_9am)
    with pytest.raises(Refusal, match="至少六个字"):
        penalties.unseal(penalty_id=fine.pk, reason="看看", by=police, at=friday_9am)
    boss = city_supervisor.actor(friday_9am)
    told = penalties.unseal(penalty_id=fine.pk, reason="复核处罚对象身份", by=boss, at=friday_9am)
    assert told["name"] == "胡小明"
    assert journal.events_named(fine, "penalties.unseal").count() == 1


def test_last_days_follow_the_calendar_and_those_of_a_decided_case_stand(filed, decided, fire, friday_9am):
    noticed, done = filed(), decided()
    penalties.give_notice(
        penalty_id=noticed.pk, measure=Measure(D("30000"), reasons=REASONS), by=fire, at=friday_9am
    )
    wrong, names = date(2024, 7, 1), ("decide_by", "statement_until", "hearing_until", "pay_by")
    right = {fine.pk: Penalty.objects.values(*names).get(pk=fine.pk) for fine in (noticed, done)}
    for fine in (noticed, done):
        held = {name: wrong for name in names if right[fine.pk][name]}
        Penalty.objects.filter(pk=fine.pk).update(**held)
    assert clocks.recompute(at=friday_9am) == 2
    assert Penalty.objects.values(*names).get(pk=noticed.pk) == right[noticed.pk]
    moved = Penalty.objects.values(*names).get(pk=done.pk)
    assert moved["pay_by"] == right[done.pk]["pay_by"] and moved["decide_by"] == wrong
    said = journal.events_named(noticed, "penalties.deadline_moved").get().data["moved"]
    assert {"clock": "hearing_until", "from": "2024-07-01", "to": "2024-07-19"} in said
    assert clocks.recompute(at=friday_9am) == 0
