"""What waits for an agency: its own penalties, by the powers of the post; for a company, what it got."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from anju.duties.orders.tests.test_turns import _orders, on_desk
from anju.duties.penalties.services import penalties
from anju.duties.penalties.services.penalties import Measure

pytestmark = pytest.mark.django_db


def _penalties(actor, on: date) -> list[int]:
    return [pk for pk, _label in on_desk("penalties", actor, on)]


def test_a_penalty_waits_for_the_officer_then_for_the_head_then_for_service(
    filed, fire, head, police, friday_9am
):
    on, penalty = friday_9am.date(), filed()
    assert _penalties(fire, on) == [penalty.pk] and _penalties(police, on) == []
    measure = Measure(Decimal(8000), reasons="占用时间长，影响通行")
    penalties.give_notice(penalty_id=penalty.pk, measure=measure, by=fire, at=friday_9am)
    assert _penalties(fire, on) == []  # the party may speak first
    assert _penalties(fire, on + timedelta(days=10)) == [penalty.pk]
    later = friday_9am + timedelta(days=1)
    penalties.take_statement(penalty_id=penalty.pk, statement="放弃", answer="确认", by=fire, at=later)
    assert _penalties(fire, on) == [penalty.pk]
    penalties.propose(penalty_id=penalty.pk, measure=measure, by=fire, at=later)
    assert _penalties(fire, on) == [] and _penalties(head, on) == [penalty.pk]
    penalty = penalties.decide(penalty_id=penalty.pk, by=head, at=later)
    assert _penalties(fire, on) == [penalty.pk]
    assert on_desk("penalties", fire, on) == [(penalty.pk, "送达决定")]
    assert penalty.serve_by == date(2024, 7, 22)  # seven days from Saturday's decision, moved off a Saturday


def test_a_company_finds_the_orders_and_fines_addressed_to_it(
    hazard, ordered, decided, police, company_clerk, outsider, signed_in_as, friday_9am
):
    order, fine, on = ordered(hazard("EB06"), police), decided(), friday_9am.date()
    clerk = company_clerk.actor(friday_9am)
    assert _orders(clerk, on) == [order.pk] and _penalties(clerk, on) == [fine.pk]
    client = signed_in_as(company_clerk)
    home = client.get(reverse("console:home")).content.decode()
    assert "改正，改好后申请复查" in home and "缴纳罚款" in home
    assert "改好后申请复查" in client.get(reverse("orders:list") + "?turn=1").content.decode()
    assert "缴纳罚款" in client.get(reverse("penalties:list") + "?turn=1").content.decode()
    assert _orders(outsider.actor(friday_9am), on) == []
