"""The half-year of the demo city: the six figures come out of its rows, and each opens down to one stairwell."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from anju.doors.console.demo.city import book
from anju.duties.cases.models import Case
from anju.duties.cases.tests.conftest import _own_store
from anju.duties.enforcement.models import Order, Penalty, Transfer
from anju.duties.enforcement.rules import ORDER_LABELS
from anju.duties.inspections.models import Duty, Finding, Unit, Visit, VisitPart
from anju.duties.inspections.rules import STATE_LABELS
from anju.duties.suggestions.models import Suggestion
from anju.ground.foundation.models import Event
from anju.means.documents.models import IssuedDocument
from anju.means.figures import queries
from anju.means.figures.queries import INSTALLATION, Query
from anju.means.figures.rules import Period

__all__ = ["_own_store"]

SIX = {
    "units_inspected": "units",
    "hazards_found": "hazards",
    "fines_decided_yuan": "fines_yuan",
    "old_communities_inspected": "old_communities",
    "ebike_hazards_rectified": "ebike_rectified",
    "ebike_fines_yuan": "ebike_fines_yuan",
}


@pytest.fixture(name="city")
def _city(db: None) -> None:
    call_command("seed_demo", past=5, stdout=StringIO())


def test_the_demo_half_year_computes_the_letter_and_opens_every_figure(city: None):
    told = book("half_year")
    period = Period(told["first"], told["last"])

    # The six figures, each with a county table that adds up.
    asked = Query(tuple(SIX), period, territory=queries.territory_of_code("4107"), by="county")
    found = {r.measure.name: r for r in queries.answer(asked, actor=INSTALLATION, at=timezone.now())}
    for name, total in SIX.items():
        assert found[name].value == told["totals"][total], name
        assert sum(s.number.value or 0 for s in found[name].slices) == found[name].value, name
        assert len([s for s in found[name].slices if s.number.value]) > 5, name

    # A fine of the letter opens down to one stairwell on one day, with its photo, its order and its decision.
    fines = Penalty.objects.filter(
        is_old_community=True, decided_on__lte=period.end, decided_on__gte=period.start
    )
    assert fines.count() == 25
    for fine in fines.select_related("case", "finding", "visit"):
        assert fine.case.evidence.count() == 2
        order = Order.objects.get(lines__case=fine.case)
        for paper in (fine.document_id, order.document_id):
            assert IssuedDocument.objects.get(pk=paper).pdf_file is not None
        assert fine.finding.found_on == fine.visit.visited_on <= fine.decided_on
        assert fine.visit.parts.get().items.exists()

    # Every state of every loop stands somewhere.
    assert set(Visit.objects.values_list("state", flat=True)) >= set(STATE_LABELS) - {"void"}
    assert set(Order.objects.values_list("state", flat=True)) >= set(ORDER_LABELS) - {"void"}
    assert {"noticed", "decided", "paid"} <= set(Penalty.objects.values_list("state", flat=True))
    assert {"sent", "accepted", "refused", "closed"} <= set(Transfer.objects.values_list("state", flat=True))
    assert Transfer.objects.filter(state="sent", escalated_at__isnull=False).exists()
    assert Suggestion.objects.count() >= 5
    letter = IssuedDocument.objects.get(kind="suggestion_reply", issued_at__year=2024)
    for total in told["totals"].values():
        assert str(total) in str(letter.data)

    # All of it says that it is a demo, and nothing is half done.
    for model in (Unit, Visit, VisitPart, Finding, Case, Order, Penalty):
        assert not model.objects.filter(is_demo=False).exists(), model
    mark = book("city")["mark"]
    assert not Unit.objects.exclude(name__endswith=mark).exists()
    closed = Case.objects.filter(state="closed", reported_at__year=2024)
    for name in ("cases.report", "cases.close"):
        recorded = Event.objects.filter(name=name).values("subject_id")
        assert not closed.exclude(pk__in=recorded).exists()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    # Today's stations go on: most of their list is done, the rest is due.
    today = timezone.localdate()
    listed = Duty.objects.filter(active=True, agency__kind="police_station")
    if today > date(today.year, 3, 1):
        assert 0 < listed.filter(last_on__year=today.year).count() < listed.count()
