"""What waits for an office is given to one of its people, who alone has it among theirs, until they go."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from anju.duties.cases.models import Case
from anju.ground.access import services as access
from anju.ground.foundation import desk, hands, journal
from anju.ground.foundation.models import Holding
from anju.ground.foundation.refusals import Conflict, NotFound, Refusal
from anju.ground.organisations import services as organisations
from tests.journeys import the_desk

from .duty_world import hire

pytestmark = pytest.mark.django_db


def on_desk(actor, at, who=desk.MINE) -> list[int]:
    """List the cases of a part of somebody's desk."""
    return [row.pk for row in desk.page(actor, at, kind="cases", who=who)]


def test_what_is_given_to_one_is_off_the_others_desk_and_stays_on_the_offices(city, case, now):
    li, zhou = city.people.community_manager, city.people.grid_worker
    at = timezone.now()
    manager, worker = li.actor(at), zhou.actor(at)
    assert on_desk(manager, at) == on_desk(worker, at) == [case.pk]
    held = hands.give("cases", case.pk, zhou.person.pk, by=manager, at=at, key="k1")
    assert on_desk(manager, at) == [] and on_desk(worker, at) == [case.pk]
    assert on_desk(manager, at, desk.ALL) == on_desk(manager, at, zhou.person.pk) == [case.pk]
    assert desk.badge(manager, at) == 0 and desk.badge(worker, at) == 1
    assert [(one.name, one.count) for one in desk.numbers(manager, at).loads] == [("周小舟", 1)]
    assert the_desk.faults(at) == []
    # Who has it can be changed, and the story of the case says all of it.
    with pytest.raises(Conflict):
        hands.assign(kind="cases", pk=case.pk, person_id=li.person.pk, by=manager, at=at)
    hands.hand_over(holding_id=held.pk, person_id=li.person.pk, by=worker, at=at)
    assert on_desk(manager, at) == [case.pk] and on_desk(worker, at) == []
    hands.release(holding_id=held.pk, by=manager, at=at)
    assert on_desk(manager, at) == on_desk(worker, at) == [case.pk]
    told = [event.name for event in journal.events_of(case) if event.name.startswith("foundation.")]
    assert told == ["foundation.assign", "foundation.hand_over", "foundation.release"]


def test_only_people_of_the_office_who_can_do_it_may_have_it(city, case, now):
    at = timezone.now()
    manager = city.people.community_manager.actor(at)
    for stranger in (city.people.street_officer, city.people.company_clerk, city.people.outsider):
        with pytest.raises(Refusal) as refused:
            hands.give("cases", case.pk, stranger.person.pk, by=manager, at=at)
        assert refused.value.field == "person_id"
        if stranger is not city.people.street_officer:
            with pytest.raises(NotFound):
                hands.give("cases", case.pk, stranger.person.pk, by=stranger.actor(at), at=at)
    # Of the street, only whose post dispatches.
    assert city.people.colleague.post.organisation_id == city.people.street_officer.post.organisation_id
    with pytest.raises(Refusal):
        hands.give(
            "cases",
            case.pk,
            city.people.colleague.person.pk,
            by=city.people.street_officer.actor(at),
            at=at,
        )
    assert not Holding.objects.exists()


def test_the_next_step_that_takes_another_power_is_everybodys_again(city, case, walk, now):
    """Whoever looked at the place does not have the case when it comes back to the office for something else."""
    at = timezone.now()
    li, zhou = city.people.community_manager, city.people.grid_worker
    hands.give("cases", case.pk, zhou.person.pk, by=li.actor(at), at=at)
    walk(case, "assign", "accept", "submit")
    assert on_desk(zhou.actor(at), at) == [case.pk] and on_desk(li.actor(at), at) == []
    assert Holding.objects.get().power == "cases.check"


@pytest.mark.parametrize("how", ["post", "leave", "login"])
def test_what_somebody_had_is_the_offices_again_when_they_go(city, case, now, how):
    at, today = timezone.now(), timezone.localdate()
    li, feng = city.people.community_manager, city.people.administrator.actor(timezone.now())
    other = hire(city.offices.huaiyin_community, "林网格", "lin", "grid_worker")
    zhou = city.people.grid_worker
    hands.give("cases", case.pk, zhou.person.pk, by=li.actor(at), at=at)
    if how == "post":
        organisations.end_post(post_id=zhou.post.pk, last_day=today, reason="调离", by=feng, at=at)
        assert Holding.objects.count() == 1, "the last day is still theirs"
        assert hands.return_left(at=at + timedelta(days=1)) == 1
    elif how == "leave":
        access.delegate(
            post_id=zhou.post.pk, to_person_id=other.person.pk, valid_from=today, valid_to=today, reason="年休假",
            by=zhou.actor(at), at=at,
        )  # fmt: skip
    else:
        access.close_account(account_id=zhou.account.pk, reason="停用", by=feng, at=at)
    assert not Holding.objects.exists()
    assert on_desk(li.actor(at), at) == [case.pk]
    assert [e.name for e in journal.events_of(case)][-1] == "foundation.return_to_office"


def test_several_rows_are_given_with_one_press_and_the_pages_say_who_has_them(
    city, case, filed, signed_in_as, now
):
    second = filed(seed=72, place="5号楼")
    li, zhou = city.people.community_manager, city.people.grid_worker
    client = signed_in_as(li)
    home = client.get(reverse("console:home")).content.decode()
    assert f'value="cases:{case.pk}"' in home and '<option value="">' in home
    sent = {"ids": [f"cases:{case.pk}", f"cases:{second.pk}"], "act": "give", "request_key": "k"}
    assert client.post(reverse("console:hands"), sent).status_code == 422, "nobody is chosen beforehand"
    answer = client.post(reverse("console:hands"), sent | {"person_id": zhou.person.pk})
    assert answer.status_code == 302 and Holding.objects.filter(person_id=zhou.person.pk).count() == 2
    again = client.post(reverse("console:hands"), sent | {"person_id": zhou.person.pk})
    assert again.status_code == 302 and Holding.objects.count() == 2
    assert "没有待办事项" in client.get(reverse("console:home")).content.decode()
    for address in ("?who=all", f"?who={zhou.person.pk}"):
        assert client.get(reverse("console:home") + address).content.decode().count("周小舟") > 2
    for page in (reverse("cases:case", args=[case.pk]), reverse("cases:list")):
        assert "周小舟" in client.get(page).content.decode()
    back = {"rows": f"cases:{case.pk}", "act": "release"}
    client.post(reverse("console:hands"), back)
    assert Holding.objects.get().subject_id == second.pk


def test_whatever_is_given_in_a_city_with_everything_the_desks_agree(everything):
    at = timezone.now()
    assert the_desk.give_away(at) > 3
    assert the_desk.faults(at) == []


def test_a_question_that_is_kept_serves_only_who_has_the_same_powers_in_the_same_offices(city, case, now):
    at = timezone.now()
    manager = city.people.community_manager.actor(at)
    assert on_desk(manager, at) == [case.pk]
    # What is found is always of the moment, however old the question.
    Case.objects.filter(pk=case.pk).update(state="closed", closed_at=at)
    assert on_desk(manager, at) == []
    Case.objects.filter(pk=case.pk).update(state="reported", closed_at=None)
    for other in (
        replace(manager, held_in={}),
        replace(manager, powers={p: r for p, r in manager.powers.items() if not p.startswith("cases.")}),
        replace(manager, organisation_ids=frozenset(), held_in=None),
    ):
        assert on_desk(other, at) == []
    assert on_desk(manager, at) == [case.pk]
