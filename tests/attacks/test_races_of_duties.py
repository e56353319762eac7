"""Two at once in the rooms of visits, orders, fines, transfers and replies: one effect, no gap, no double count."""

from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.utils import timezone

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Finding, Unit, Visit, VisitPart
from anju.duties.inspections.services import visits as inspections
from anju.duties.orders.models import Order
from anju.duties.orders.services import orders
from anju.duties.penalties.models import Payment
from anju.duties.penalties.services import payments, penalties
from anju.duties.suggestions import services as suggestions
from anju.duties.suggestions.models import ReplyFigure, Suggestion
from anju.duties.transfers.models import Transfer
from anju.ground.foundation import journal
from anju.ground.foundation.models import Event, IssuedNumber
from anju.ground.foundation.refusals import Refusal
from anju.means.documents.models import IssuedDocument
from anju.means.figures.services import keeping

from .duty_world import TO_SIGNATURE, carried, decided, drafted, filed_unit, proposed, registered, step
from .test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def only_refusals(given: list[object]) -> int:
    """Say how many were answered; whatever else was raised is a server error and fails the test."""
    errors = [got for got in given if isinstance(got, Exception)]
    assert all(isinstance(error, Refusal) for error in errors), given
    return len(given) - len(errors)


def no_gap() -> None:
    """Every number that was taken is on a paper, and each register counts from one without a hole."""
    for register in set(IssuedNumber.objects.values_list("register_id", flat=True)):
        numbers = sorted(IssuedNumber.objects.filter(register=register).values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
    assert IssuedNumber.objects.count() == IssuedDocument.objects.exclude(number=None).count()


def test_two_officers_of_a_station_begin_one_visit_between_them(world, begun):
    both = ("police_officer", "police_second")
    given = at_once(*[lambda who=who: begun(by=world.actor(who)) for who in both])
    assert only_refusals(given) == 1 and Visit.objects.count() == 1
    again = at_once(*[lambda: begun(by=world.actor("fire_officer"), key="b", officer_ids=[
        world.people.fire_officer.person.pk, world.people.fire_second.person.pk])] * 3)  # fmt: skip
    assert only_refusals(again) >= 1 and Visit.objects.count() == 2


def test_two_officers_finish_one_visit_and_its_hazards_are_counted_once(world, ready):
    visit = ready()
    acts = [
        lambda who=who, key=key: inspections.finish_visit(
            visit_id=visit.pk, by=world.actor(who), at=world.now, key=key
        )
        for who, key in (("police_officer", "f"), ("police_officer", "f"), ("police_second", "g"))
    ]
    assert only_refusals(at_once(*acts)) >= 1
    assert journal.events_named(visit, "inspections.finish").count() == 1
    assert Case.objects.count() == Finding.objects.filter(counted=True).count() == 1
    assert VisitPart.objects.filter(visited_on__isnull=False).count() == 1
    keeping.fold()
    call_command("check_tallies")
    inspections.void_visit(
        visit_id=visit.pk, reason="重复登记", by=world.actor("police_officer"), at=world.now
    )
    call_command("check_tallies")
    keeping.fold()
    call_command("check_tallies")
    assert not Finding.objects.filter(counted=True).exists()
    Unit.objects.filter(pk=visit.unit_id).update(name="改名")
    call_command("check_tallies")


def test_the_same_order_sent_three_times_at_once_is_one_order_with_one_number(world, hazard):
    by, case = world.actor("police_officer"), hazard("EB06")
    draft = orders.of_case(case.pk, by=by, at=world.now)
    given = at_once(*[lambda: orders.order_timed(draft=draft, by=by, at=world.now, key="o")] * 3)
    assert only_refusals(given) == 3 and len({got.pk for got in given}) == 1
    assert Order.objects.count() == IssuedDocument.objects.count() == 1
    no_gap()


def test_a_fine_is_decided_once_and_counted_once(world, hazard):
    fine = proposed(world, filed_unit(world, hazard("FA01")))
    chief = world.actor("fire_chief")
    acts = [
        lambda key=key: penalties.decide(penalty_id=fine.pk, by=chief, at=world.now, key=key) for key in "dde"
    ]
    assert only_refusals(at_once(*acts)) >= 1
    assert journal.events_named(fine, "penalties.decide").count() == 1
    assert IssuedDocument.objects.filter(kind="penalty_decision").count() == 1
    no_gap()
    keeping.fold()
    call_command("check_tallies")
    penalties.cancel(penalty_id=fine.pk, reason="事实认定有误", by=chief, at=world.now)
    call_command("check_tallies")


def test_payments_in_parallel_never_come_to_more_than_the_fine(world, hazard):
    fine = decided(world, filed_unit(world, hazard("FA01")))
    day = timezone.localtime(world.now).date()

    def pay(number: int, key: str = ""):
        return lambda: payments.record_payment(
            penalty_id=fine.pk, principal=Decimal(3000), paid_on=day, receipt=f"P-{number}",
            by=world.actor("fire_officer"), at=world.now, key=key,
        )  # fmt: skip

    same = at_once(*[pay(0, "same")] * 3)
    assert only_refusals(same) == 3 and Payment.objects.count() == 1
    assert only_refusals(at_once(*[pay(n) for n in range(1, 4)])) == 1
    fine.refresh_from_db()
    paid = Payment.objects.aggregate(sum=Sum("principal"))["sum"]
    assert fine.paid_amount == paid == Decimal(6000) <= fine.amount
    call_command("check_tallies")


def test_a_transfer_is_sent_and_accepted_once_however_many_press(world, hazard):
    transfer = drafted(world, hazard("EG02"))
    sent = at_once(
        *[lambda key=key: step(world, transfer, "send", "police_officer", key=key) for key in "sst"]
    )
    assert only_refusals(sent) >= 1
    assert journal.events_named(transfer, "transfers.send").count() == 1
    no_gap()
    step(world, transfer, "sign_for", "fire_officer")
    both = [
        ("fire_officer", "accept", {}),
        ("fire_second", "refuse", {"note": "不属于本机关职权范围，请改送"}),
    ]
    given = at_once(*[lambda w=w, a=a, n=n: step(world, transfer, a, w, **n) for w, a, n in both])
    assert only_refusals(given) == 1
    transfer.refresh_from_db()
    assert transfer.state in ("accepted", "refused") and Transfer.objects.count() == 1


def test_a_reply_is_signed_and_numbered_once(world):
    suggestion = carried(world, registered(world), *TO_SIGNATURE)
    one = {"suggestion_id": suggestion.pk, "at": world.now}
    boss, clerk = world.actor("leader"), world.actor("city_supervisor")
    assert (
        only_refusals(at_once(*[lambda key=key: suggestions.sign(by=boss, key=key, **one) for key in "aab"]))
        >= 1
    )
    assert Event.objects.filter(name="suggestions.sign").count() == 1 and not ReplyFigure.objects.exists()
    assert (
        only_refusals(
            at_once(*[lambda key=key: suggestions.issue(by=clerk, key=key, **one) for key in "ccd"])
        )
        >= 1
    )
    assert IssuedDocument.objects.count() == 1 and Suggestion.objects.get().state == "answered"
    no_gap()
