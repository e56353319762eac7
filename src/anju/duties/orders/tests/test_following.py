"""A case follows what is done about it: it does not wait, late, for a dispatch after an agency has acted."""

from datetime import timedelta

import pytest

from anju.duties.orders.services import orders
from anju.ground.foundation import desk, journal, story

pytestmark = pytest.mark.django_db


def _on_desk(actor, case, at):
    return [row.act for row in desk.page(actor, at, kind="cases") if row.pk == case.pk]


def test_a_case_that_waited_for_dispatch_is_the_ordering_agencys_in_its_own_term(
    reported, police, city, friday_9am
):
    case, later = reported(class_code="EB06"), friday_9am + timedelta(days=11)
    street = city.people.street_officer.actor(later)
    assert case.is_overdue(later) and _on_desk(street, case, later) == ["assign"]
    order = orders.order_timed(draft=orders.of_case(case.pk, by=police, at=later), by=police, at=later)
    case.refresh_from_db()
    assert (case.state, case.handler, case.desk) == ("fixing", order.agency, order.agency)
    assert case.checker not in (None, order.agency), "nobody re-checks what is their own to see to"
    assert case.due_clock == "rectify" and not case.is_overdue(later) and case.verify_by is None
    assert _on_desk(street, case, later) == [] and _on_desk(police, case, later) == ["submit"]
    (event,) = [e for e in journal.events_of(case) if e.name == "cases.take_over"]
    assert order.agency.name in story.told(event)["title"] and order.written_number in event.note


def test_what_its_handler_has_accepted_stays_with_its_handler(hazard, police, friday_9am):
    case = hazard("EB06")
    assert case.state == "fixing"
    orders.order_timed(draft=orders.of_case(case.pk, by=police, at=friday_9am), by=police, at=friday_9am)
    handler = case.handler
    case.refresh_from_db()
    assert (case.handler, case.desk) == (handler, handler)


def test_a_withdrawn_order_gives_the_case_back_to_be_dispatched(reported, police, city, friday_9am):
    case = reported(class_code="EB06")
    handler, street = case.handler, city.people.street_officer.actor(friday_9am)
    order = orders.order_timed(
        draft=orders.of_case(case.pk, by=police, at=friday_9am), by=police, at=friday_9am
    )
    assert _on_desk(street, case, friday_9am) == []
    orders.withdraw(order_id=order.pk, reason="对象写错了", by=police, at=friday_9am)
    case.refresh_from_db()
    assert (case.state, case.handler, case.due_clock) == ("returned", handler, "dispatch")
    assert _on_desk(street, case, friday_9am) == ["assign"] and _on_desk(police, case, friday_9am) == []
    (event,) = [e for e in journal.events_of(case) if e.name == "cases.let_go"]
    assert order.agency.name in story.told(event)["title"] and "对象写错了" in event.note


def test_a_case_stays_with_the_agency_while_another_order_of_it_stands(reported, police, friday_9am):
    case = reported(class_code="EB06")
    first, second = (
        orders.order_timed(draft=orders.of_case(case.pk, by=police, at=friday_9am), by=police, at=friday_9am)
        for _n in range(2)
    )
    orders.withdraw(order_id=first.pk, reason="两份写重了", by=police, at=friday_9am)
    case.refresh_from_db()
    assert (case.state, case.handler) == ("fixing", second.agency)


def test_what_was_dispatched_to_the_agency_stays_with_it(hazard, police, friday_9am):
    case = hazard("EB06")
    order = orders.order_timed(
        draft=orders.of_case(case.pk, by=police, at=friday_9am), by=police, at=friday_9am
    )
    handler = case.handler
    orders.withdraw(order_id=order.pk, reason="对象写错了", by=police, at=friday_9am)
    case.refresh_from_db()
    assert (case.state, case.handler) == ("fixing", handler)
