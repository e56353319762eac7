"""Organisations, posts and contracts: each verb beside its refusals."""

from datetime import date

import pytest
from tests.cast import Builder

from anju.ground.foundation import journal
from anju.ground.foundation.refusals import (
    Conflict,
    NeedsConfirmation,
    NotAllowedNow,
    NotFound,
    NotPermitted,
    Refusal,
)
from anju.ground.organisations import queries, services
from anju.ground.organisations.models import Organisation, Post, ServiceContract
from anju.ground.organisations.rules import ContractState
from anju.ground.territory.models import Estate

BY = Builder()
GOOD = "91410000170001401D"


def enter(city, at, **facts):
    given = {
        "kind": "property_company",
        "name": "新来物业有限公司",
        "area": city.areas.city,
        "by": BY,
        "at": at,
    }
    return services.create_organisation(**{**given, **facts})


def test_a_company_with_a_right_code_is_entered(city, friday_9am):
    made = enter(city, friday_9am, uscc=" 91410000 170001401d ")
    assert (made.uscc, made.uscc_override_reason, made.initials) == (GOOD, "", "xlwyyxgs")
    assert [event.name for event in journal.events_of(made)] == ["organisations.create"]


def test_a_wrong_code_asks_did_you_mean(city, friday_9am):
    with pytest.raises(NeedsConfirmation) as refusal:
        enter(city, friday_9am, uscc="9141000017000140ID")
    assert refusal.value.field == "uscc"
    assert refusal.value.data["confirm"] == "uscc_override_reason"
    assert GOOD in refusal.value.data["suggestions"]
    assert GOOD in str(refusal.value)
    assert not Organisation.objects.filter(name="新来物业有限公司").exists()


def test_a_code_that_fails_but_is_real_is_kept_with_a_reason(city, friday_9am):
    made = enter(city, friday_9am, uscc="91350211M0000XUF46", uscc_override_reason="营业执照原件如此")
    assert made.uscc == "91350211M0000XUF46"
    assert made.uscc_override_reason == "营业执照原件如此"
    assert journal.events_of(made)[0].data["override"] == "营业执照原件如此"


def test_a_code_of_wrong_length_is_not_kept_even_with_a_reason(city, friday_9am):
    with pytest.raises(Refusal) as refusal:
        enter(city, friday_9am, uscc="12345", uscc_override_reason="就是这样")
    assert refusal.value.code == "refused"


def test_a_code_belongs_to_one_company(city, friday_9am):
    first = enter(city, friday_9am, uscc=GOOD)
    with pytest.raises(Conflict, match="新来物业有限公司"):
        enter(city, friday_9am, uscc=GOOD, name="冒名物业有限公司")
    other = enter(city, friday_9am, name="另一物业有限公司")
    with pytest.raises(Conflict):
        services.edit_organisation(organisation_id=other.pk, changes={"uscc": GOOD}, by=BY, at=friday_9am)
    assert first.uscc == GOOD


@pytest.mark.parametrize(("facts", "field"), [({"name": "  "}, "name"), ({"kind": "circus"}, "kind")])
def test_an_organisation_needs_a_name_and_a_known_kind(city, friday_9am, facts, field):
    with pytest.raises(Refusal) as refusal:
        enter(city, friday_9am, **facts)
    assert refusal.value.field == field


def test_an_edit_keeps_what_was_before(city, friday_9am):
    company = city.offices.company
    services.edit_organisation(
        organisation_id=company.pk,
        changes={"phone": "0373-2831234", "kind": "police_station"},
        by=BY,
        at=friday_9am,
    )
    company.refresh_from_db()
    assert (company.phone, company.kind) == ("0373-2831234", "property_company")
    assert journal.events_of(company)[-1].data == {
        "before": {"phone": ""},
        "after": {"phone": "0373-2831234"},
    }


def test_the_closest_office_covers_a_place(city):
    assert queries.covering("street_office", city.areas.huaiyin) == city.offices.huaiyin_office
    assert queries.covering("county_housing", city.areas.hebin) == city.offices.east_housing
    assert queries.covering("fire_brigade", city.areas.shanqian) is None
    # One station of two streets.
    assert queries.covering("police_station", city.areas.hebin) == city.offices.police


def test_a_post_is_held_from_a_day_to_a_day(city, friday_9am):
    person = services.create_person(name="新人", by=BY, at=friday_9am)
    office = city.offices.huaiyin_office
    post = services.hold_post(
        person=person,
        organisation=office,
        role="grid_worker",
        valid_from=date(2024, 7, 1),
        by=BY,
        at=friday_9am,
    )
    services.end_post(post_id=post.pk, last_day=date(2024, 7, 12), by=BY, at=friday_9am, reason="调离")
    assert post in queries.posts_on(date(2024, 7, 12))
    assert post not in queries.posts_on(date(2024, 7, 13))
    assert post not in queries.posts_on(date(2024, 6, 30))
    assert [e.name for e in journal.events_of(post)] == [
        "organisations.hold_post",
        "organisations.end_post",
    ]


def test_posts_that_make_no_sense_are_refused(city, street_officer, friday_9am):
    held = {
        "person": street_officer.person,
        "organisation": city.offices.huaiyin_office,
        "by": BY,
        "at": friday_9am,
    }
    with pytest.raises(Conflict, match="已在"):
        services.hold_post(role="street_officer", valid_from=date(2024, 1, 1), **held)
    with pytest.raises(Refusal, match="没有"):
        services.hold_post(role="emperor", valid_from=date(2024, 1, 1), **held)
    with pytest.raises(Refusal, match="早于"):
        services.hold_post(role="grid_worker", valid_from=date(2024, 1, 2), valid_to=date(2024, 1, 1), **held)
    with pytest.raises(Refusal, match="早于"):
        services.end_post(post_id=street_officer.post.pk, last_day=date(2019, 1, 1), by=BY, at=friday_9am)
    assert Post.objects.filter(person=street_officer.person).count() == 1


def sign(city, at, **facts):
    given = {
        "company": city.offices.other_company,
        "estate": city.estates.huaiyin,
        "valid_from": date(2024, 7, 1),
        "by": BY,
        "at": at,
    }
    return services.sign_contract(**{**given, **facts})


def test_a_contract_makes_the_company_the_one_of_the_estate(city, friday_9am):
    railway = city.estates.railway
    contract = sign(city, friday_9am, estate=railway)
    assert queries.company_of(railway, on=friday_9am.date()) == city.offices.other_company
    assert queries.company_of(railway, on=date(2024, 6, 30)) is None
    assert Estate.objects.get(pk=railway.pk).management == Estate.Management.COMPANY
    event = journal.events_of(contract)[0]
    assert event.name == "organisations.sign_contract"
    assert event.data["company_now"] == city.offices.other_company.pk


def test_two_companies_at_once_need_a_word(city, friday_9am):
    with pytest.raises(NeedsConfirmation, match="安邻物业") as refusal:
        sign(city, friday_9am)
    assert refusal.value.data["confirm"] == "overlap_reason"
    sign(city, friday_9am, overlap_reason="7月交接")
    # The newest contract is the one that counts.
    assert queries.company_of(city.estates.huaiyin, on=friday_9am.date()) == city.offices.other_company


def test_the_same_company_twice_is_refused(city, friday_9am):
    with pytest.raises(Conflict, match="已有这个小区的合同"):
        sign(city, friday_9am, company=city.offices.company)


def test_only_companies_sign_and_only_forwards(city, friday_9am):
    with pytest.raises(Refusal, match="不是物业服务企业"):
        sign(city, friday_9am, company=city.offices.fire)
    with pytest.raises(Refusal, match="早于"):
        sign(city, friday_9am, valid_to=date(2024, 6, 1))


def test_a_contract_ends_with_a_reason_and_the_next_begins(city, friday_9am):
    old = ServiceContract.objects.get(estate=city.estates.huaiyin)
    with pytest.raises(Refusal, match="原因"):
        services.end_contract(contract_id=old.pk, last_day=date(2024, 7, 31), reason="", by=BY, at=friday_9am)
    services.end_contract(contract_id=old.pk, last_day=date(2024, 7, 31), reason="期满", by=BY, at=friday_9am)
    sign(city, friday_9am, valid_from=date(2024, 8, 1))
    assert queries.company_of(city.estates.huaiyin, on=date(2024, 7, 31)) == city.offices.company
    assert queries.company_of(city.estates.huaiyin, on=date(2024, 8, 1)) == city.offices.other_company


def test_a_contract_that_begins_today_is_announced_by_the_clock(city, friday_9am):
    sign(city, friday_9am, estate=city.estates.railway, valid_from=date(2024, 8, 1))
    first_of_august = friday_9am.replace(month=8, day=1)
    assert services.announce_contracts(by=BY, at=first_of_august) == 1
    contract = ServiceContract.objects.get(estate=city.estates.railway)
    assert [e.data["company_now"] for e in journal.events_of(contract)] == [
        None,
        city.offices.other_company.pk,
    ]


def test_what_was_told_of_a_contract_is_not_told_again_and_a_missed_day_is_made_up(city, friday_9am):
    sign(
        city, friday_9am, estate=city.estates.railway, valid_from=date(2024, 8, 1), valid_to=date(2024, 8, 3)
    )
    contract, railway = ServiceContract.objects.get(estate=city.estates.railway), city.estates.railway

    def told(day: int) -> tuple[int, str, str]:
        told_of = services.announce_contracts(by=BY, at=friday_9am.replace(month=8, day=day))
        contract.refresh_from_db()
        railway.refresh_from_db()
        return told_of, contract.state, railway.management

    assert (contract.state, railway.management) == (ContractState.AHEAD, Estate.Management.NONE)
    # The clock stood still on the first day.
    assert told(2) == (1, ContractState.RUNNING, Estate.Management.COMPANY)
    assert told(2) == told(3) == (0, ContractState.RUNNING, Estate.Management.COMPANY)
    # Nobody has yet found out who looks after it now.
    assert told(9) == (1, ContractState.OVER, Estate.Management.UNKNOWN)
    assert told(9)[0] == 0
    assert [event.name for event in journal.events_of(contract)] == [
        "organisations.sign_contract", "organisations.begin_contract", "organisations.lapse_contract",
    ]  # fmt: skip


def test_an_estate_keeps_its_company_while_another_contract_is_in_force(city, friday_9am):
    sign(city, friday_9am, overlap_reason="7月交接")
    old = ServiceContract.objects.get(estate=city.estates.huaiyin, company=city.offices.company)
    services.end_contract(contract_id=old.pk, last_day=date(2024, 7, 5), reason="期满", by=BY, at=friday_9am)
    assert Estate.objects.get(pk=city.estates.huaiyin.pk).management == Estate.Management.COMPANY
    assert journal.events_of(old)[-1].data["company_now"] == city.offices.other_company.pk


def test_a_contract_that_is_over_is_not_ended(city, friday_9am):
    old = ServiceContract.objects.get(estate=city.estates.huaiyin)
    given = {"contract_id": old.pk, "reason": "期满", "by": BY, "at": friday_9am}
    services.end_contract(last_day=date(2024, 7, 5), **given)
    with pytest.raises(NotAllowedNow, match="已结束"):
        services.end_contract(last_day=date(2024, 7, 31), **given)


def test_the_verbs_themselves_ask_for_the_place(city, county_supervisor, friday_9am):
    """Also where no page has asked before: an office or a contract of another county is not entered."""
    told = {"by": county_supervisor.actor(friday_9am)}
    enter(city, friday_9am, area=city.areas.east, **told)
    sign(city, friday_9am, estate=city.estates.railway, **told)
    with pytest.raises(NotFound):
        enter(city, friday_9am, name="越界物业有限公司", **told | {"area": city.areas.west})
    with pytest.raises(NotFound):
        sign(city, friday_9am, company=city.offices.company, **told | {"estate": city.estates.shanqian})
    # The company serves both counties: it is seen, and kept by neither.
    with pytest.raises(NotPermitted):
        services.edit_organisation(
            organisation_id=city.offices.company.pk, changes={"phone": "0373-0000000"}, at=friday_9am, **told
        )
