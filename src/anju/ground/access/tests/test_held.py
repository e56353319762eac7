"""A key, a session and the supervisor's page must come to the same actor, by whichever way it is built."""

from datetime import date, timedelta

from anju.ground.access import services
from anju.ground.access.models import Account
from anju.ground.organisations.models import Jurisdiction


def test_every_way_builds_the_same_actor(
    city, street_officer, community_manager, friday_9am, django_assert_num_queries
):
    Jurisdiction.objects.create(organisation=street_officer.post.organisation, area=city.areas.hebin_street)
    Jurisdiction.objects.create(organisation=street_officer.post.organisation, area=city.areas.keji_street)
    services.Delegation.objects.create(
        post=street_officer.post,
        to_person=community_manager.person,
        valid_from=date(2024, 1, 1),
        valid_to=date(2030, 1, 1),
        reason="休假",
    )
    together = {
        actor.account_id: actor for actor, _a in services.actors_of(Account.objects.all(), at=friday_9am)
    }
    lent = 0
    for member in vars(city.people).values():
        secret = services.create_key(
            account=member.account, name="对接", by=services.named(member.account), at=friday_9am, days=30
        ).secret
        with django_assert_num_queries(1):
            found = services.actor_of_key(secret, at=friday_9am)
        assert found is not None
        assert found[0] == member.actor(friday_9am)
        powers, others = found[0].powers, together[member.account.pk].powers
        assert {p: set(r) for p, r in powers.items()} == {p: set(r) for p, r in others.items()}
        assert found[0].organisation_ids == together[member.account.pk].organisation_ids
        assert services.actor_of_key(secret, at=friday_9am + timedelta(days=31)) is None
        lent += len(found[0].organisation_ids) > 1
    assert lent == 1


def test_a_closed_account_and_a_revoked_key_open_nothing(city, street_officer, friday_9am):
    by = services.named(street_officer.account)
    secret = services.create_key(account=street_officer.account, name="对接", by=by, at=friday_9am).secret
    Account.objects.filter(pk=street_officer.account.pk).update(is_active=False)
    assert services.actor_of_key(secret, at=friday_9am) is None
    Account.objects.filter(pk=street_officer.account.pk).update(is_active=True)
    key = services.ApiKey.objects.get(account=street_officer.account)
    services.revoke_key(key_id=key.pk, by=by, at=friday_9am)
    assert services.actor_of_key(secret, at=friday_9am) is None


def test_an_account_without_a_person_has_no_powers(city, friday_9am):
    account = Account.objects.create(username="bare")
    secret = services.create_key(
        account=account, name="对接", by=services.named(account), at=friday_9am
    ).secret
    found = services.actor_of_key(secret, at=friday_9am)
    assert found is not None and not found[0].powers and found[0].name == "bare"
