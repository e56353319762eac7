"""What waits for an agency: its own orders and penalties, by the powers of the post, and nothing of another's."""

from datetime import date, datetime, time, timedelta

import pytest
from django.urls import reverse
from tests.cast import SHANGHAI

from anju.duties.inspections.services import checking, visits
from anju.duties.orders.queries import matters, turns
from anju.duties.orders.services import orders
from anju.ground.foundation import desk

pytestmark = pytest.mark.django_db


def on_desk(kind: str, actor, on: date) -> list[tuple[int, str]]:
    """List what of a kind waits for somebody on a day: (number, what is to be done)."""
    at = datetime.combine(on, time(12), SHANGHAI)
    return [(row.pk, row.label) for row in desk.page(actor, at, kind=kind)]


def _orders(actor, on: date) -> list[int]:
    return [pk for pk, _label in on_desk("orders", actor, on)]


def test_an_order_waits_for_its_own_agency_until_it_is_served_and_again_when_its_term_has_passed(
    hazard, ordered, police, fire, friday_9am
):
    on = friday_9am.date()
    case = hazard("EB06")
    order = orders.order_timed(
        draft=orders.of_case(case.pk, by=police, at=friday_9am), by=police, at=friday_9am
    )
    assert _orders(police, on) == [order.pk] and _orders(fire, on) == []
    at = datetime(2024, 7, 17, 23, 59, 59, tzinfo=SHANGHAI)
    assert desk.next_of("orders", [order.pk], police, at) == {order.pk: desk.Next("登记送达", at, False)}
    (row,) = desk.page(police, at + timedelta(seconds=1), kind="orders")
    assert row.late and row.line.title == order.recipient
    orders.serve(order_id=order.pk, way="direct", served_to="孙悦", by=police, at=friday_9am)
    assert _orders(police, on) == []
    order.refresh_from_db()
    assert _orders(police, order.due_on + timedelta(days=1)) == [order.pk]
    orders.ask_recheck(order_id=order.pk, by=police, at=friday_9am)
    assert _orders(police, on) == [order.pk]


def test_the_desk_says_what_waits_and_leads_to_it(hazard, police, police_officer, signed_in_as, friday_9am):
    case = hazard("EB06")
    order = orders.order_timed(
        draft=orders.of_case(case.pk, by=police, at=friday_9am), by=police, at=friday_9am
    )
    client = signed_in_as(police_officer)
    home = client.get(reverse("console:home")).content.decode()
    assert f'href="{reverse("orders:order", args=[order.pk])}#acts"' in home and "登记送达" in home
    address = reverse("orders:list") + "?turn=1"
    listed = client.get(address).content.decode()
    assert "登记送达" in listed and "超期" in listed  # 2024 lies behind us


def test_an_order_names_the_company_or_the_unit_and_never_the_office_that_handles_the_case(
    hazard, unit, police, friday_9am, offices
):
    case = hazard("EB06")
    type(case).objects.filter(pk=case.pk).update(handler=offices.huaiyin_office, company=None)
    matter = matters.of_case(police, case.pk, at=friday_9am)
    assert matter.recipient == unit.name and matter.company is None


def test_the_colleague_of_the_visit_is_on_the_order_and_what_is_to_be_put_right_at_once_is_ordered_so(
    unit, fire, fire_officer, fire_chief, signed_in_as, friday_9am
):
    for number, member in enumerate((fire_officer, fire_chief), start=1):
        type(member.person).objects.filter(pk=member.person.pk).update(badge_number=f"XF000{number}")
    visit = visits.begin_visit(
        unit_id=unit.pk, officer_ids=[fire_officer.person.pk, fire_chief.person.pk], by=fire, at=friday_9am
    )
    checking.add_finding(visit_id=visit.pk, class_code="EB01", place="一层门厅", by=fire, at=friday_9am)
    checking.check_items(visit_id=visit.pk, answers={}, rest="ok", by=fire, at=friday_9am)
    checking.conclude_part(visit_id=visit.pk, conclusion="problems", by=fire, at=friday_9am)
    checking.sign(visit_id=visit.pk, signed_by="孙悦", by=fire, at=friday_9am)
    visits.finish_visit(visit_id=visit.pk, by=fire, at=friday_9am)
    matter = matters.of_visit(fire, visit.pk, at=friday_9am)
    assert [o.name for o in matter.others] == ["丁大队"] and matter.on_spot
    draft = orders.draft(matter, by=fire, at=friday_9am)
    assert [o.name for o in draft.data.inspectors] == [fire_officer.person.name, "丁大队"]
    page = signed_in_as(fire_officer).get(f"{reverse('orders:new')}?visit={visit.pk}")
    shown = page.content.decode()
    assert 'value="immediate" checked' in shown.replace(" required", "") and 'value="丁大队"' in shown


def test_an_order_whose_term_has_passed_stands_on_the_phone_for_its_recheck(
    hazard, unit, police, police_officer, ordered, signed_in_as, friday_9am
):
    order = ordered(hazard("EB06"), police)
    assert turns.rechecks(police, on=order.due_on) == []
    assert turns.rechecks(police, on=order.due_on + timedelta(days=1)) == [order]
    page = signed_in_as(police_officer).get(reverse("field:visits")).content.decode()
    assert f"unit={unit.pk}&amp;kind=recheck" in page and order.written_number in page


def test_an_order_is_obeyed_when_the_recheck_by_its_own_agency_says_so(
    unit, police, police_officer, ordered, friday_9am
):
    person = police_officer.person
    type(person).objects.filter(pk=person.pk).update(badge_number="JC0001")

    def visit(at, *, result: str = "", **told):
        made = visits.begin_visit(unit_id=unit.pk, officer_ids=[person.pk], by=police, at=at, **told)
        if result:
            case_id = order.lines.get().case_id
            note = "现场查看：充电设施情况"
            checking.look_at(visit_id=made.pk, case_id=case_id, result=result, note=note, by=police, at=at)
        else:
            checking.add_finding(visit_id=made.pk, class_code="EB06", place="南区车棚", by=police, at=at)
            checking.check_items(visit_id=made.pk, answers={}, rest="ok", by=police, at=at)
        conclusion = "clean" if result == "ok" else "problems"
        checking.conclude_part(visit_id=made.pk, conclusion=conclusion, by=police, at=at)
        checking.sign(visit_id=made.pk, signed_by="孙悦", by=police, at=at)
        return visits.finish_visit(visit_id=made.pk, by=police, at=at)

    first = visit(friday_9am)
    draft = orders.draft(matters.of_visit(police, first.pk, at=friday_9am), by=police, at=friday_9am)
    order = orders.order_timed(draft=draft, by=police, at=friday_9am)
    orders.serve(order_id=order.pk, way="direct", served_to="孙悦", by=police, at=friday_9am)
    visit(friday_9am + timedelta(days=3), kind="recheck", result="problem")
    order.refresh_from_db()
    assert order.state == "served"
    visit(friday_9am + timedelta(days=5), kind="recheck", result="ok")
    order.refresh_from_db()
    assert (order.state, order.complied_on) == ("complied", date(2024, 7, 17))
