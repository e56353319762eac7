"""Objections: made by a company or for somebody, answered by the agency, never cancelling by themselves."""

from datetime import date
from decimal import Decimal

import pytest

from anju.duties.objections import queries
from anju.duties.objections import services as objections
from anju.duties.objections.models import Objection
from anju.duties.orders.models import Order
from anju.duties.penalties.models import Penalty
from anju.ground.foundation import calendar, journal
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal

from .conftest import hire


@pytest.fixture
def penalty(hazard, offices, friday_9am) -> Penalty:
    """A decision of the police against the company of the estate."""
    return Penalty.objects.create(
        offence="ebike_charging", edition=date(2020, 9, 1), article="xx-fire-2020-37", state="decided",
        procedure="simple", agency=offices.police, agency_kind="police_station", case=hazard, company=offices.company,
        party_kind="unit", party_name=offices.company.name, amount=Decimal(200), decided_on=date(2024, 7, 11),
        filed_at=friday_9am, written_number="东公罚〔2024〕第0001号",
        county_id=hazard.county_id, street_id=hazard.street_id,
        city_id=hazard.city_id,
    )  # fmt: skip


@pytest.fixture
def chief(city, friday_9am):
    return hire(city.offices.police, name="康所长", login="kang", role="police_chief", at=friday_9am)


@pytest.fixture
def objected(penalty, company_clerk, friday_9am):
    def object_to(**told) -> Objection:
        values = {
            "penalty_id": penalty.pk, "by_name": "安邻物业服务有限公司",
            "text": "充电设施属于业主私拉，我公司已多次劝阻",
            "by": company_clerk.actor(friday_9am), "at": friday_9am,
        }  # fmt: skip
        return objections.object_to(**values | told)

    return object_to


def test_a_company_objects_and_the_answer_is_due_in_seven_workdays(objected):
    made = objected()
    assert made.answer_by == date(2024, 7, 23)
    assert [e.name for e in journal.events_of(made)] == ["objections.object"]
    with pytest.raises(Refusal, match="正在审查"):
        objected()


@pytest.mark.parametrize(
    ("told", "field"),
    [({"text": "不服"}, "text"), ({"by_name": " "}, "by_name"), ({"text": "长" * 3000}, "text")],
)
def test_an_objection_without_what_it_needs_is_refused(objected, told, field):
    with pytest.raises(Refusal) as refused:
        objected(**told)
    assert refused.value.field == field


def test_another_company_and_another_county_find_nothing(objected, other_clerk, outsider, friday_9am):
    made = objected()
    for stranger in (other_clerk, outsider):
        with pytest.raises(NotFound):
            objected(by=stranger.actor(friday_9am), by_name="他人")
        with pytest.raises(NotFound):
            queries.get(stranger.actor(friday_9am), made.pk)


def test_staff_register_on_behalf_of_a_person(objected, police_officer, friday_9am):
    assert objected(by=police_officer.actor(friday_9am), by_name="白某").by_name == "白某"


def test_what_is_not_decided_yet_is_not_objected_to(objected, penalty):
    Penalty.objects.filter(pk=penalty.pk).update(state="noticed", amount=None, decided_on=None)
    with pytest.raises(NotAllowedNow, match="陈述"):
        objected()


def test_the_agencys_leader_answers_once_and_nothing_is_cancelled(
    objected, chief, police_officer, penalty, friday_9am
):
    made = objected()
    told = {"objection_id": made.pk, "upheld": True, "text": "经复核，充电人另有其人", "at": friday_9am}
    with pytest.raises(NotPermitted):
        objections.answer(by=police_officer.actor(friday_9am), **told)
    with pytest.raises(Refusal) as refused:
        objections.answer(by=chief.actor(friday_9am), **told | {"text": "是"})
    assert refused.value.field == "text"
    answered = objections.answer(by=chief.actor(friday_9am), **told)
    assert answered.upheld and answered.answered_by.endswith("康所长")
    penalty.refresh_from_db()
    assert penalty.state == "decided", "cancelling is an act of its own"
    with pytest.raises(NotAllowedNow):
        objections.answer(by=chief.actor(friday_9am), **told)


def test_an_order_is_objected_to_as_well(hazard, offices, company_clerk, police_officer, friday_9am):
    order = Order.objects.create(
        kind="immediate", state="served", agency=offices.police,
        recipient=offices.company.name, company=offices.company,
        issued_at=friday_9am, written_number="东公责改〔2024〕第0001号",
        county_id=hazard.county_id, street_id=hazard.street_id,
    )  # fmt: skip
    made = objections.object_to(
        order_id=order.pk,
        by_name="安邻物业",
        text="现场不属于我公司服务范围",
        by=company_clerk.actor(friday_9am),
        at=friday_9am,
    )
    done = objections.answer(
        objection_id=made.pk,
        upheld=False,
        text="经核查在服务合同范围内",
        by=police_officer.actor(friday_9am),
        at=friday_9am,
    )
    assert done.upheld is False


def test_a_new_holiday_moves_the_day_of_the_answer(objected, administrator, friday_9am):
    made = objected()
    calendar.edit_day(
        day=made.answer_by, is_workday=False, name="临时放假", source="演示通知",
        by=administrator.actor(friday_9am), at=friday_9am,
    )  # fmt: skip
    made.refresh_from_db()
    assert made.answer_by == date(2024, 7, 24)
