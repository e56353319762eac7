"""The demo city is whole, says that it is invented, and lets each of the cast in."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Q
from django.utils import timezone
from tests.journeys import the_desk

from anju.doors.console.demo.city import book
from anju.duties.cases import rules
from anju.duties.cases.models import Case, Evidence, Report, TermRequest
from anju.duties.cases.tests.conftest import _own_store
from anju.duties.orders.models import Order
from anju.ground.access.models import Account
from anju.ground.foundation.codes import check_uscc
from anju.ground.foundation.models import Clock, Event, Notice
from anju.ground.organisations.models import Organisation, Person, Post
from anju.ground.territory.models import Estate
from anju.ground.territory.queries import boundaries

from .half_year import the_half_year_computes_the_letter_and_opens_every_figure

__all__ = ["_own_store"]


def logins() -> list[dict[str, str]]:
    """Return what the launcher shows."""
    out = StringIO()
    call_command("demo_logins", "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_demo_city_is_whole_and_its_half_year_opens_every_figure(db: None, client):
    call_command("seed_demo", past=40, stdout=StringIO())
    the_city_shows_every_loop_in_every_state_and_calls_itself_a_demo(client)
    the_half_year_computes_the_letter_and_opens_every_figure(client)


def the_city_shows_every_loop_in_every_state_and_calls_itself_a_demo(client) -> None:
    """Check the stories of a demo city that stands."""

    # It says that it is invented, wherever that can be said.
    mark = book("city")["mark"]
    for model in (Organisation, Estate, Person, Case):
        assert not model.objects.filter(is_demo=False).exists()
    assert not Organisation.objects.exclude(name__endswith=mark).exists()
    assert not Estate.objects.exclude(name__endswith=mark).exists()
    generation = book("city")["generation"]
    assert not Person.objects.exclude(name__contains=generation).exists()

    # It is sound: codes, places, roles.
    codes = Organisation.objects.exclude(uscc="").values_list("uscc", flat=True)
    assert len(codes) == len(book("city")["companies"]) and all(check_uscc(code).valid for code in codes)
    polygons = {f["properties"]["code"] for f in boundaries.collection()["features"]}
    placed = Estate.objects.exclude(longitude=None)
    assert placed.count() > 100
    for estate in placed.select_related("area__county__division"):
        county = estate.area.county.division.code
        assert (
            boundaries.county_code_at(estate.longitude, estate.latitude) == county or county not in polygons
        )
    assert not Account.objects.exclude(person__posts__in=Post.objects.all()).exists()

    # Every state, and every detour.
    states = set(Case.objects.values_list("state", flat=True))
    assert states == set(rules.STATE_LABELS)
    assert Case.objects.filter(send_backs=2).exists()
    assert Case.objects.filter(parent__isnull=False).exists()
    assert Case.objects.filter(reopens__gt=0, satisfaction=1).exists()
    assert Case.objects.filter(closing_insisted=True).exists()
    assert Case.objects.filter(paused_at__isnull=False, state__in=rules.OPEN).exists()
    assert set(TermRequest.objects.values_list("granted", flat=True)) == {True, False, None}
    assert {"escalate", "urge", "supervise", "rating", "unseal"} <= set(
        Notice.objects.values_list("kind", flat=True)
    )
    assert Order.objects.filter(kind="timed", visit=None, document_id__isnull=False).count() == 2
    assert Evidence.objects.filter(doubts__contains=[{"code": "same_elsewhere"}]).exists()
    assert Report.objects.filter(code__in=book("city")["follow_codes"].values()).count() >= 3

    # Rows written in bulk left what the verbs leave: a journal from report to closing, and no clock that still runs.
    done = Case.objects.filter(state__in=["closed", "void"])
    assert not Clock.objects.filter(
        subject_type="cases.case", subject_id__in=done, stopped_at__isnull=True
    ).exists()
    for name in ("cases.report", "cases.close"):
        told = Event.objects.filter(name=name).values("subject_id")
        assert not done.filter(Q(state="closed") & ~Q(pk__in=told)).exists()

    assert the_desk.faults(timezone.now()) == []

    # Each of the cast gets in; none is sent to set up a second factor first.
    rows = logins()
    assert {row["login"] for row in rows} == {line["login"] for line in book("city")["people"]}
    for row in rows:
        account = Account.objects.get(username=row["login"])
        assert account.check_password(row["password"]), row["login"]
        client.force_login(account, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert client.get("/access/me/").status_code == 200, row["login"]

    with pytest.raises(CommandError):
        call_command("seed_demo", stdout=StringIO())


def test_there_are_no_demo_logins_where_there_is_no_demo(db: None):
    with pytest.raises(CommandError, match="seed_demo"):
        logins()
