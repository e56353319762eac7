"""The half-year of the demo city: the six figures come out of its rows, and each opens down to one stairwell."""

import re
from datetime import date
from html import unescape

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.journeys import the_desk

from anju.doors.console.demo.city import book
from anju.duties.cases.models import Case
from anju.duties.inspections.models import Duty, Finding, Unit, UnitMatch, Visit, VisitPart
from anju.duties.inspections.rules import STATE_LABELS
from anju.duties.orders.models import Order
from anju.duties.orders.rules import ORDER_LABELS
from anju.duties.penalties.models import Penalty
from anju.duties.suggestions.models import Suggestion
from anju.duties.transfers.models import Transfer
from anju.ground.access.models import Account
from anju.ground.foundation import ladder
from anju.ground.foundation.models import Event
from anju.means.documents.models import IssuedDocument
from anju.means.figures import queries
from anju.means.figures.queries import INSTALLATION, Query
from anju.means.figures.rules import Period

SIX = {
    "units_inspected": "units",
    "hazards_found": "hazards",
    "fines_decided_yuan": "fines_yuan",
    "old_communities_inspected": "old_communities",
    "ebike_hazards_rectified": "ebike_rectified",
    "ebike_fines_yuan": "ebike_fines_yuan",
}


def the_half_year_computes_the_letter_and_opens_every_figure(client: Client) -> None:
    """Check the half-year of a demo city that stands."""
    told = book("half_year")
    period = Period(told["first"], told["last"])
    assert the_desk.give_away(timezone.now()) > 20
    assert the_desk.faults(timezone.now()) == []

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
    climbed = ladder.climbed(Transfer, timezone.now())
    assert Transfer.objects.filter(state="sent", pk__in=climbed).exists()
    assert Suggestion.objects.count() >= 5
    # A shop that two ledgers spelt otherwise waits for somebody to decide.
    assert UnitMatch.objects.filter(state="open").count() >= 2
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

    _click_down(client, outsider="zou")


def _links(page: str, beginning: str) -> list[str]:
    return [unescape(link) for link in re.findall(r'href="([^"]+)"', page) if link.startswith(beginning)]


def _click_down(client: Client, *, outsider: str) -> None:
    """Read the report page and open one figure down to a stairwell with its photos, order and fine."""
    client.force_login(Account.objects.get(username="wu"))
    told = book("half_year")

    # The report page says the sentence with the six figures.
    page = client.get(reverse("figures:letter"), {"from": told["first"], "to": told["last"]}).content.decode()
    for total in told["totals"].values():
        assert f"{total:,}" in page

    # 5,000 yuan open 25 decisions; one of them opens the case, and the case its photos, its order and its fine.
    rows = next(link for link in _links(page, reverse("figures:rows")) if "ebike_fines_yuan" in link)
    listed = client.get(rows).content.decode()
    fines = set(re.findall(r"/enforcement/penalties/\d+/", listed))
    assert len(fines) == 25
    there = Account.objects.get(username=outsider).person.posts.get().organisation.area.county_id
    penalty = Penalty.objects.filter(is_old_community=True).exclude(county=there).order_by("pk").first()
    address = reverse("penalties:penalty", args=[penalty.pk])
    assert address in fines
    fine = client.get(address).content.decode()
    case_link = reverse("cases:case", args=[penalty.case_id])
    assert case_link in _links(fine, case_link)
    case = client.get(case_link).content.decode()
    assert penalty.case.place in case
    assert _links(case, "/enforcement/orders/") and _links(case, "/enforcement/penalties/")
    assert case.count("/files/") >= 2
    paper = next(link for link in _links(fine, "/documents/") if "pdf" in link)
    assert client.get(paper).content.startswith(b"%PDF")

    # The same from another county: nothing of it is there.
    client.force_login(Account.objects.get(username=outsider))
    for gone in (case_link, address, paper):
        assert client.get(gone).status_code == 404
