"""Verbs of orders: issued, served, obeyed or overdue, each with its refusals."""

from datetime import date, timedelta

import pytest

from anju.duties.cases.models import Case
from anju.duties.orders.models import Order
from anju.duties.orders.services import orders
from anju.ground.foundation import journal, notices
from anju.ground.foundation.refusals import Conflict, NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.means.documents.models import IssuedDocument

pytestmark = pytest.mark.django_db


def test_an_order_with_a_term_is_numbered_printed_and_due_for_service_in_three_workdays(
    hazard, police, friday_9am
):
    case = hazard("EB06")
    draft = orders.of_case(case.pk, by=police, at=friday_9am)
    order = orders.order_timed(draft=draft, by=police, at=friday_9am, key="k-1")
    assert order.written_number == "东公责改字〔2024〕第0001号"
    assert order.serve_by == date(2024, 7, 17)
    assert order.company is not None and order.company.name == order.recipient == "安邻物业服务有限公司"
    paper = IssuedDocument.objects.get(pk=order.document_id)
    assert paper.kind == "order_timed" and paper.subject_id == order.pk
    line = order.lines.get()
    assert (line.case_id, line.class_code, line.due_on) == (case.pk, "EB06", order.due_on)
    event = next(e for e in journal.events_of(order) if e.name == "orders.issue")
    assert event.data["uscc"] == order.company.uscc
    assert [e.note for e in journal.events_of(case) if e.name == "cases.noted"]
    again = orders.order_timed(draft=draft, by=police, at=friday_9am, key="k-1")
    assert again.pk == order.pk and Order.objects.count() == 1


def test_the_same_key_with_another_order_is_refused(hazard, police, friday_9am):
    one, other = hazard("EB06"), hazard("FF03")
    orders.order_timed(
        draft=orders.of_case(one.pk, by=police, at=friday_9am), by=police, at=friday_9am, key="k"
    )
    with pytest.raises(Conflict):
        orders.order_timed(
            draft=orders.of_case(other.pk, by=police, at=friday_9am), by=police, at=friday_9am, key="k"
        )


def test_an_order_at_once_is_on_paper_and_by_word_only_when_it_is_minor(hazard, police, friday_9am):
    serious, minor = hazard("EB02"), hazard("EB01")
    order = orders.order_immediate(
        draft=orders.of_case(serious.pk, by=police, at=friday_9am), by=police, at=friday_9am
    )
    assert order.written_number == "东公责立字〔2024〕第0001号"
    assert order.due_on == date(2024, 7, 12)
    with pytest.raises(Refusal, match="情节轻微"):
        orders.order_immediate(
            draft=orders.of_case(serious.pk, by=police, at=friday_9am), oral=True, by=police, at=friday_9am
        )
    said = orders.order_immediate(
        draft=orders.of_case(minor.pk, by=police, at=friday_9am), oral=True, by=police, at=friday_9am
    )
    assert (said.state, said.document_id, said.complied_on) == ("complied", None, date(2024, 7, 12))


def test_who_may_not_order_cannot(hazard, city, grid_worker, outsider, friday_9am):
    case = hazard("EB06")
    patrol = grid_worker.actor(friday_9am)
    with pytest.raises(NotPermitted):
        orders.order_timed(draft=orders.of_case(case.pk, by=patrol, at=friday_9am), by=patrol, at=friday_9am)
    with pytest.raises(NotFound):
        orders.of_case(case.pk, by=outsider.actor(friday_9am), at=friday_9am)


def test_an_office_without_a_code_is_told_what_to_do(hazard, police_officer, friday_9am):
    case = hazard("EB06")
    by = police_officer.actor(friday_9am)
    with pytest.raises(Refusal, match="机关代字"):
        orders.order_timed(draft=orders.of_case(case.pk, by=by, at=friday_9am), by=by, at=friday_9am)
    assert not Order.objects.exists()


def test_a_term_in_the_past_and_a_closed_case_are_refused(hazard, walk, police, friday_9am):
    case = hazard("EB06")
    draft = orders.of_case(case.pk, by=police, at=friday_9am, typed={"due_on": "2024-07-11"})
    with pytest.raises(Refusal, match="不能早于今天"):
        orders.order_timed(draft=draft, by=police, at=friday_9am)
    with pytest.raises(Refusal, match="2024-03-05"):
        orders.of_case(case.pk, by=police, at=friday_9am, typed={"due_on": "明天"})
    walk(case, "submit", "close", at=friday_9am)
    with pytest.raises(NotAllowedNow, match="已办结"):
        orders.order_timed(draft=orders.of_case(case.pk, by=police, at=friday_9am), by=police, at=friday_9am)


def test_service_says_how_when_to_whom_and_before_which_witness(hazard, police, friday_9am):
    case = hazard("EB06")
    order = orders.order_timed(
        draft=orders.of_case(case.pk, by=police, at=friday_9am), by=police, at=friday_9am
    )
    told = {"order_id": order.pk, "by": police, "at": friday_9am}
    with pytest.raises(Refusal, match="送达方式"):
        orders.serve(**told, way="pigeon", served_to="孙悦")
    with pytest.raises(Refusal, match="签收人"):
        orders.serve(**told, way="direct", served_to=" ")
    with pytest.raises(Refusal, match="见证人"):
        orders.serve(**told, way="left", served_to="孙悦")
    with pytest.raises(Refusal, match="送达时间"):
        orders.serve(**told, way="direct", served_to="孙悦", served_at=friday_9am + timedelta(hours=1))
    served = orders.serve(**told, way="left", served_to="孙悦", witness="李敏", note="当面拒收")
    assert served.state == "served" and "见证人：李敏" in served.service_note
    with pytest.raises(NotAllowedNow, match="整改中"):
        orders.serve(**told, way="direct", served_to="孙悦")


def test_another_office_cannot_serve_it(hazard, police, fire, friday_9am):
    case = hazard("EB06")
    order = orders.order_timed(
        draft=orders.of_case(case.pk, by=police, at=friday_9am), by=police, at=friday_9am
    )
    with pytest.raises(NotPermitted, match="槐荫派出所"):
        orders.serve(order_id=order.pk, way="direct", served_to="孙悦", by=fire, at=friday_9am)


def test_the_company_asks_for_the_recheck_and_it_is_due_three_workdays_later(
    hazard, ordered, police, company_clerk, other_clerk, friday_9am
):
    order = ordered(hazard("EB06"), police)
    assert order.recheck_by == date(2024, 7, 25)
    clerk = company_clerk.actor(friday_9am)
    asked = orders.ask_recheck(order_id=order.pk, by=clerk, at=friday_9am)
    assert asked.recheck_by == date(2024, 7, 17)
    with pytest.raises(NotAllowedNow, match="已经申请"):
        orders.ask_recheck(order_id=order.pk, by=clerk, at=friday_9am)
    with pytest.raises(NotFound):
        orders.ask_recheck(order_id=order.pk, by=other_clerk.actor(friday_9am), at=friday_9am)
    with pytest.raises(NotPermitted):
        orders.comply(order_id=order.pk, note="自己说改好了", by=clerk, at=friday_9am)


def test_an_order_past_its_term_is_called_overdue_once_and_its_agency_is_told(
    hazard, ordered, police, friday_9am
):
    case = hazard("EB06")
    order = ordered(case, police, due_on=date(2024, 7, 15))
    monday = friday_9am + timedelta(days=3)
    assert orders.mark_overdue(at=monday) == 0, "the last day is still within the term"
    tuesday = monday + timedelta(days=1)
    assert orders.mark_overdue(at=tuesday) == 1
    assert orders.mark_overdue(at=tuesday) == 0
    order.refresh_from_db()
    assert order.state == "overdue"
    event = journal.events_named(order, "orders.overdue").get()
    assert event.data["name"] == "安邻物业服务有限公司" and event.data["company"] == order.company_id
    notice = notices.about(order).get(kind="overdue")
    assert notice.organisation_id == order.agency_id


def test_an_unserved_order_binds_nobody(hazard, police, friday_9am):
    draft = orders.of_case(hazard("EB06").pk, by=police, at=friday_9am, typed={"due_on": "2024-07-15"})
    order = orders.order_timed(draft=draft, by=police, at=friday_9am)
    assert orders.mark_overdue(at=friday_9am + timedelta(days=30)) == 0
    order.refresh_from_db()
    assert order.state == "issued"


def test_it_is_obeyed_when_the_recheck_says_so_or_when_its_last_hazard_is_closed(
    hazard, ordered, walk, police, friday_9am
):
    first = ordered(hazard("EB06"), police)
    with pytest.raises(Refusal, match="至少四个字"):
        orders.comply(order_id=first.pk, note="好", by=police, at=friday_9am)
    with pytest.raises(Refusal, match="改正日期"):
        orders.comply(order_id=first.pk, note="现场已经改正", on=date(2024, 7, 11), by=police, at=friday_9am)
    done = orders.comply(order_id=first.pk, note="现场已经改正", by=police, at=friday_9am)
    assert (done.state, done.complied_on) == ("complied", date(2024, 7, 12))
    with pytest.raises(NotAllowedNow):
        orders.withdraw(order_id=first.pk, reason="写错了单位", by=police, at=friday_9am)
    case = hazard("FF03")
    second = ordered(case, police)
    walk(case, "submit", "close", at=friday_9am + timedelta(days=3))
    second.refresh_from_db()
    assert (second.state, second.complied_on) == ("complied", date(2024, 7, 15))


def test_a_withdrawn_order_keeps_its_number_and_its_paper_is_void(hazard, ordered, police, friday_9am):
    order = ordered(hazard("EB06"), police)
    with pytest.raises(Refusal, match="理由"):
        orders.withdraw(order_id=order.pk, reason="", by=police, at=friday_9am)
    gone = orders.withdraw(order_id=order.pk, reason="对象写错，另行制发", by=police, at=friday_9am)
    assert gone.state == "void"
    assert IssuedDocument.objects.get(pk=order.document_id).state == "voided"


def test_the_calendar_moves_the_recheck(hazard, ordered, police, friday_9am):
    from anju.ground.access.actors import SYSTEM
    from anju.ground.foundation import calendar, journal

    order = ordered(hazard("EB06"), police)
    calendar.edit_day(
        day=date(2024, 7, 23), is_workday=False, name="停电检修", source="演示通知", by=SYSTEM, at=friday_9am
    )
    order.refresh_from_db()
    assert order.recheck_by == date(2024, 7, 26)
    (moved,) = journal.events_named(order, "orders.deadline_moved").get().data["moved"]
    assert (moved["clock"], moved["to"]) == ("recheck_by", "2024-07-26")


def test_closing_by_somebody_else_does_not_touch_an_order_with_open_hazards(
    hazard, ordered, police, friday_9am
):
    order = ordered(hazard("EB06"), police)
    orders.case_closed(Case.objects.create(
        kind="hazard", class_code="EB06", severity="general", channel="staff", text="另一件", reported_at=friday_9am
    ).pk, at=friday_9am)  # fmt: skip
    order.refresh_from_db()
    assert order.state == "served"
