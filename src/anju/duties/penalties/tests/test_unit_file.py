"""Orders and fines in the file of a unit and of its estate; they follow when units are joined, and go back."""

from datetime import date
from decimal import Decimal

import pytest

from anju.duties.inspections.models import Unit
from anju.duties.inspections.services import register
from anju.duties.orders.models import Order
from anju.duties.penalties.models import Penalty
from anju.ground.access.actors import SYSTEM


@pytest.fixture
def fined(city, friday_9am):
    """The estate 槐荫小区 with an order and a fine of 200 yuan."""
    unit = Unit.objects.get(kind="estate", estate=city.estates.huaiyin)
    place = {c: getattr(unit, c) for c in ("city_id", "county_id", "street_id", "community_id")}
    police = city.offices.police
    Order.objects.create(
        unit=unit,
        kind="timed",
        agency=police,
        recipient="某人",
        issued_at=friday_9am,
        due_on=date(2024, 7, 19),
        **place,
    )
    Penalty.objects.create(
        unit=unit, offence="ebike_charging", edition=date(2020, 9, 1), article="xx-fire-2020-37", state="paid",
        procedure="simple", agency=police, agency_kind="police_station", party_kind="person", party_name="某人",
        filed_at=friday_9am, decided_on=friday_9am.date(), amount=Decimal("200.00"), **place,
    )  # fmt: skip
    return unit


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_orders_and_fines_stand_in_the_files_of_unit_and_estate(city, fined, street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    for address in (f"/inspections/units/{fined.pk}/", f"/territory/estates/{city.estates.huaiyin.pk}/"):
        shown = page(client, address)
        assert "责令限期改正" in shown and "限期到 2024-07-19" in shown and "罚款 200 元" in shown, address
    assert "责令限期改正</a>" not in page(client, f"/inspections/units/{fined.pk}/?tab=penalty")


def test_who_sees_no_enforcement_sees_no_fine(fined, grid_worker, signed_in_as):
    shown = page(signed_in_as(grid_worker), f"/inspections/units/{fined.pk}/")
    assert "罚款 200 元" not in shown and "罚款（元）" not in shown


def test_papers_follow_a_joined_unit_and_go_back(city, fined, friday_9am):
    shop, other = (
        register.add_unit(
            kind="small_shop", name=name, area=city.areas.huaiyin, by=SYSTEM, at=friday_9am, insist=True
        )
        for name in ("小店（演示）", "小 店（演示）")
    )
    Order.objects.update(unit=other)
    register.merge_units(keep_id=shop.pk, gone_id=other.pk, reason="同一家", by=SYSTEM, at=friday_9am)
    assert Order.objects.get().unit == shop
    register.separate_units(gone_id=other.pk, reason="两家", by=SYSTEM, at=friday_9am)
    assert Order.objects.get().unit == other
