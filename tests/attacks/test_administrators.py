"""An administrator who would read a sealed identity tries, alone, everything that her pages offer."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from anju.ground.access import queries
from anju.ground.access import services as access
from anju.ground.access.models import Account, Delegation, Grant
from anju.ground.foundation import rulebooks
from anju.ground.organisations.models import Person

from . import elsewhere
from .duty_world import hire

pytestmark = pytest.mark.django_db


def holders(power: str) -> set[str]:
    """Return the logins that hold a power now."""
    accounts = Account.objects.filter(is_active=True, person__isnull=False)
    return {
        account.username
        for actor, account in access.actors_of(accounts, at=timezone.now())
        if actor.has(power)
    }


@pytest.mark.parametrize("role", ["security_administrator", "administrator"])
def test_no_administrator_opens_a_way_to_a_sealed_identity_alone(city, case, signed_in_as, role):
    me = hire(city.offices.city_housing, "韩安全", "anquan", role)
    client, people, office = signed_in_as(me), city.people, city.offices.city_housing
    guarded = rulebooks.load("access", on=timezone.localdate())["guarded"]
    before = {power: holders(power) for power in guarded}
    passwords = dict(Account.objects.values_list("username", "password"))
    today = timezone.localdate().isoformat()
    given = {"valid_from": today, "reason": "工作需要"}
    # A puppet with each role that could help, and the same for herself and for a colleague.
    roles = rulebooks.load("access", on=timezone.localdate())["roles"]
    helpful = [key for key in roles if queries.is_guarded(key, on=timezone.localdate())]
    assert {"city_supervisor", "auditor", "administrator"} <= set(helpful)
    for number, wanted in enumerate([*helpful, "grid_worker"]):
        puppet = {"name": f"傀{number}", "username": f"kui{number}", "role": wanted, **given}
        client.post(f"/access/people/new?office={office.pk}", puppet)
        for person in (me.person, people.colleague.person):
            url = reverse("access:hold_post", args=[person.pk])
            client.post(f"{url}?office={office.pk}", given | {"role": wanted})
    # The logins and the posts of whoever holds what she wants, and of herself.
    for member in (people.city_supervisor, people.administrator, people.county_supervisor, me):
        for act in ("reset_password", "remove_second_factor", "open_account"):
            client.post(reverse("access:account_act", args=[member.person.pk, act]), {"reason": "忘记"})
        for to in (me.person, *Person.objects.filter(name__startswith="傀")[:3], people.duty_officer.person):
            client.post(
                reverse("access:delegate", args=[member.post.pk]),
                {"to_person_id": to.pk, "valid_from": today, "valid_to": today, "reason": "代班"},
            )
    # What waits now, she confirms herself, and by every puppet whose password she was shown.
    hands = [client, *(_signed_in(account) for account in Account.objects.filter(username__startswith="kui"))]
    assert Grant.objects.count() > 5
    for grant in Grant.objects.all():
        for hand in hands:
            hand.post(reverse("access:grant_act", args=[grant.pk, "confirm"]))

    assert {power: holders(power) for power in guarded} == before
    assert not Grant.objects.filter(state="confirmed").exists() and not Delegation.objects.exists()
    for member in (people.city_supervisor, people.administrator, people.county_supervisor, me):
        login = member.account.username
        assert Account.objects.get(username=login).password == passwords[login]
    for hand in hands:
        told = elsewhere.post(hand, reverse("cases:unseal", args=[case.reports.get().pk]), {"reason": "看看"})
        assert told.status_code in (302, 404)
        assert "13912345678" not in told.content.decode()


def _signed_in(account: Account) -> Client:
    """Sign a puppet in past its first password, which she has changed herself."""
    Account.objects.filter(pk=account.pk).update(must_change_password=False)
    client = Client()
    client.force_login(account, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client
