"""Who reaches what: each test plays somebody who wants to see more than they may."""

from datetime import date, timedelta

import pytest
from tests.cast import Builder

from anju.ground.access import services
from anju.ground.foundation.refusals import Conflict, NotFound, NotPermitted, Refusal
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Organisation, ServiceContract
from anju.ground.territory import services as territory
from anju.ground.territory.models import Area, Estate

BY = Builder()


def seen(member, at, power="territory.see"):
    found = services.visible(Estate, to=member.actor(at), power=power)
    return set(found.values_list("name", flat=True))


def test_each_post_reaches_its_own(city, friday_9am):
    people = city.people
    assert seen(people.grid_worker, friday_9am) == {"槐荫小区", "铁路家属院"}
    assert seen(people.street_officer, friday_9am) == {"槐荫小区", "铁路家属院", "柳园新村"}
    assert seen(people.police_officer, friday_9am) == {"槐荫小区", "铁路家属院", "柳园新村", "河滨花园"}
    assert seen(people.county_supervisor, friday_9am) == {"槐荫小区", "铁路家属院", "柳园新村", "河滨花园"}
    assert seen(people.company_clerk, friday_9am) == {"槐荫小区", "柳园新村"}
    assert seen(people.outsider, friday_9am) == {"山前家园"}
    assert len(seen(people.city_supervisor, friday_9am)) == 6


def test_a_county_officer_sees_nothing_of_another_county(city, outsider, friday_9am):
    actor = outsider.actor(friday_9am)
    with pytest.raises(NotFound):
        services.require(actor, "territory.edit", on=city.estates.huaiyin)
    with pytest.raises(NotFound):
        services.require(actor, "territory.see", on=city.estates.huaiyin)


def test_what_is_seen_but_not_allowed_is_said_so(city, grid_worker, friday_9am):
    with pytest.raises(NotPermitted):
        services.require(grid_worker.actor(friday_9am), "territory.edit", on=city.estates.huaiyin)


def test_an_area_whose_name_or_code_begins_alike_is_not_below(city, street_officer, friday_9am):
    """WARD_3 must not see WARD_30: reach goes by ids, not by the beginning of anything."""
    twin = territory.create_area(name="槐荫街道东", level=4, parent=city.areas.west, by=BY, at=friday_9am)
    community = territory.create_area(name="槐荫社区", level=5, parent=twin, by=BY, at=friday_9am)
    territory.create_estate(name="别处小区", area=community, by=BY, at=friday_9am)
    assert "别处小区" not in seen(street_officer, friday_9am)
    areas = services.visible(Area, to=street_officer.actor(friday_9am), power="territory.see")
    assert twin.pk not in set(areas.values_list("pk", flat=True))


def test_a_moved_area_moves_out_of_sight_at_once(city, county_supervisor, friday_9am):
    territory.move_area(
        area_id=city.areas.hebin_street.pk, parent_id=city.areas.zone.pk, reason="批复", by=BY, at=friday_9am
    )
    assert "河滨花园" not in seen(county_supervisor, friday_9am)


def test_an_ended_post_sees_nothing_the_day_after(city, street_officer, friday_9am):
    organisations.end_post(post_id=street_officer.post.pk, last_day=friday_9am.date(), by=BY, at=friday_9am)
    assert seen(street_officer, friday_9am.replace(hour=23, minute=59))
    tomorrow = (friday_9am + timedelta(days=1)).replace(hour=0, minute=0)
    actor = street_officer.actor(tomorrow)
    assert (dict(actor.powers), actor.post) == ({}, "")
    with pytest.raises(NotFound):
        services.require(actor, "territory.see", on=city.estates.huaiyin)


def test_a_post_counts_from_midnight_of_the_city_not_of_greenwich(city, friday_9am):
    person = organisations.create_person(name="新人", by=BY, at=friday_9am)
    organisations.hold_post(
        person=person, organisation=city.offices.huaiyin_office, role="grid_worker", valid_from=date(2024, 7, 13),
        by=BY, at=friday_9am,
    )  # fmt: skip
    account = services.create_account(username="xin", password="x" * 12, person=person, by=BY, at=friday_9am)
    midnight = friday_9am.replace(hour=0) + timedelta(days=1)
    assert services.actor_of(account, at=midnight - timedelta(seconds=1)).powers == {}
    assert services.actor_of(account, at=midnight).powers


def test_a_closed_account_is_nobody(city, street_officer, friday_9am):
    street_officer.account.is_active = False
    street_officer.account.save()
    assert street_officer.actor(friday_9am).powers == {}


def test_a_company_sees_an_estate_only_under_contract(city, company_clerk, friday_9am):
    ServiceContract.objects.filter(estate=city.estates.huaiyin).update(valid_to=date(2024, 1, 1))
    assert seen(company_clerk, friday_9am) == {"柳园新村"}


def test_offices_and_companies_of_another_county_are_not_seen(city, outsider, friday_9am):
    found = services.visible(Organisation, to=outsider.actor(friday_9am), power="organisations.see")
    names = set(found.values_list("name", flat=True))
    assert "和畅物业服务有限公司" in names  # has a contract there
    assert "安邻物业服务有限公司" not in names
    assert "槐荫街道办事处" not in names


# --- Posts lent for a leave --------------------------------------------------------------------------------------


def lend(street_officer, colleague, at, **changed):
    facts = {
        "post_id": street_officer.post.pk,
        "to_person_id": colleague.person.pk,
        "valid_from": date(2024, 7, 15),
        "valid_to": date(2024, 7, 19),
        "reason": "年休假",
        "by": street_officer.actor(at),
        "at": at,
    }
    return services.delegate(**{**facts, **changed})


def test_a_lent_post_is_held_only_during_the_leave(city, street_officer, colleague, friday_9am):
    lend(street_officer, colleague, friday_9am)
    days = {
        day: "cases.assign" in colleague.actor(friday_9am + timedelta(days=day)).powers
        for day in (2, 3, 7, 8)
    }
    assert days == {2: False, 3: True, 7: True, 8: False}
    # The owner keeps the post, and the borrower is still named by the own one.
    assert "cases.assign" in street_officer.actor(friday_9am + timedelta(days=4)).powers
    assert colleague.actor(friday_9am + timedelta(days=4)).post == "槐荫街道办事处 协管员"


def test_a_post_taken_back_is_gone_at_once(city, street_officer, colleague, friday_9am):
    made = lend(street_officer, colleague, friday_9am, valid_from=friday_9am.date())
    assert "cases.assign" in colleague.actor(friday_9am).powers
    services.end_delegation(delegation_id=made.pk, by=street_officer.actor(friday_9am), at=friday_9am)
    assert "cases.assign" not in colleague.actor(friday_9am).powers


def test_a_lent_post_ends_with_the_post_itself(city, street_officer, colleague, friday_9am):
    lend(street_officer, colleague, friday_9am)
    organisations.end_post(post_id=street_officer.post.pk, last_day=date(2024, 7, 16), by=BY, at=friday_9am)
    assert "cases.assign" not in colleague.actor(friday_9am + timedelta(days=5)).powers


def test_only_ones_own_post_and_only_to_a_colleague(city, street_officer, colleague, outsider, friday_9am):
    with pytest.raises(NotFound):
        lend(street_officer, colleague, friday_9am, by=colleague.actor(friday_9am))
    with pytest.raises(Refusal, match="本单位"):
        lend(street_officer, outsider, friday_9am)
    with pytest.raises(Refusal, match="本人"):
        lend(street_officer, street_officer, friday_9am)
    with pytest.raises(Refusal, match="早于"):
        lend(street_officer, colleague, friday_9am, valid_to=date(2024, 7, 14))
    with pytest.raises(Refusal, match="原因"):
        lend(street_officer, colleague, friday_9am, reason=" ")
    made = lend(street_officer, colleague, friday_9am)
    with pytest.raises(NotFound):
        services.end_delegation(delegation_id=made.pk, by=colleague.actor(friday_9am), at=friday_9am)


# --- Cost and explanation ----------------------------------------------------------------------------------------


def test_an_actor_costs_three_queries_at_most(
    city, street_officer, friday_9am, django_assert_max_num_queries
):
    with django_assert_max_num_queries(3):
        street_officer.actor(friday_9am)


def test_a_key_costs_four_queries_at_most(city, street_officer, friday_9am, django_assert_max_num_queries):
    secret = services.create_key(
        account=street_officer.account, name="对接", by=street_officer.actor(friday_9am), at=friday_9am
    ).secret
    with django_assert_max_num_queries(4):
        actor, _account = services.actor_of_key(secret, at=friday_9am)
    assert actor.powers == street_officer.actor(friday_9am).powers


def test_who_can_see_an_estate_and_why(city, friday_9am):
    answers = services.who_can_see(city.estates.huaiyin, power="territory.see", at=friday_9am)
    reasons = {a["person"]: [(r.kind, r.label) for r in a["reaches"]] for a in answers}
    assert reasons["王建国"] == [("area", "槐荫街道")]
    assert reasons["孙悦"] == [("company", "安邻物业服务有限公司")]
    assert "邹外县" not in reasons
    # The answer is that of the door itself.
    for name, member in vars(city.people).items():
        there = services.visible(Estate, to=member.actor(friday_9am), power="territory.see")
        assert there.filter(pk=city.estates.huaiyin.pk).exists() == (member.person.name in reasons), name


def test_who_can_see_does_not_cost_more_with_more_people(city, friday_9am, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        services.who_can_see(city.estates.huaiyin, power="territory.see", at=friday_9am)


def test_the_same_login_twice_is_refused(city, street_officer, friday_9am):
    person = organisations.create_person(name="新人", by=BY, at=friday_9am)
    facts = {"password": "x" * 12, "by": BY, "at": friday_9am}
    with pytest.raises(Refusal, match="已被使用"):
        services.create_account(username="WANG", person=person, **facts)
    with pytest.raises(Refusal, match="已有账号"):
        services.create_account(username="wang2", person=street_officer.person, **facts)
    with pytest.raises(Refusal, match="登录名"):
        services.create_account(username="王", person=person, **facts)
    with pytest.raises(Conflict):
        organisations.hold_post(
            person=street_officer.person, organisation=city.offices.huaiyin_office, role="street_officer",
            valid_from=date(2024, 1, 1), by=BY, at=friday_9am,
        )  # fmt: skip
