"""Pages of offices, companies and contracts, through HTTP."""

from datetime import date

from anju.ground.organisations.models import Organisation, ServiceContract


def text_of(answer):
    return answer.content.decode()


def test_the_list_shows_the_offices_and_companies_of_ones_places(city, street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    page = text_of(client.get("/organisations/"))
    assert "槐荫街道办事处" in page
    assert "安邻物业服务有限公司" in page
    assert "山前镇人民政府" not in page
    assert "安邻物业服务有限公司" in text_of(client.get("/organisations/?q=alwyfwyxgs&kind=property_company"))


def test_an_office_of_another_county_does_not_exist(city, outsider, signed_in_as):
    client = signed_in_as(outsider)
    assert client.get(f"/organisations/{city.offices.huaiyin_office.pk}/").status_code == 404
    assert client.get("/organisations/999999/").status_code == 404


def test_a_company_shows_only_the_estates_one_may_see(city, outsider, county_supervisor, signed_in_as):
    address = f"/organisations/{city.offices.other_company.pk}/"
    page = text_of(signed_in_as(outsider).get(address))
    assert "山前家园" in page
    assert "河滨花园" not in page
    assert "河滨花园" in text_of(signed_in_as(county_supervisor).get(address))


def test_a_street_reads_but_does_not_edit(city, street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    company = city.offices.company.pk
    assert client.get(f"/organisations/{company}/").status_code == 200
    for address in (f"{company}/edit", f"{company}/contracts/new", "new", "contracts/1/end"):
        assert client.get(f"/organisations/{address}").status_code == 404


def test_a_wrong_code_is_asked_about_and_kept_with_a_reason(city, county_supervisor, signed_in_as):
    client = signed_in_as(county_supervisor)
    address = f"/organisations/new?area={city.areas.east.pk}"
    given = {"kind": "property_company", "name": "新来物业有限公司", "uscc": "9141000017000140ID"}
    asked = client.post(address, given)
    assert asked.status_code == 422
    assert "91410000170001401D" in text_of(asked)
    kept = client.post(address, {**given, "uscc": "91350211M0000XUF46", "uscc_override_reason": "执照如此"})
    assert kept.status_code == 302
    page = text_of(client.get(kept["location"]))
    assert "执照如此" in page


def test_an_area_outside_of_ones_reach_is_not_taken(city, county_supervisor, signed_in_as):
    answer = signed_in_as(county_supervisor).post(
        f"/organisations/new?area={city.areas.west.pk}", {"kind": "police_station", "name": "越界派出所"}
    )
    assert answer["location"].startswith("/territory/pick?")
    assert not Organisation.objects.filter(name="越界派出所").exists()


def test_a_contract_is_signed_and_ended(city, county_supervisor, signed_in_as):
    client = signed_in_as(county_supervisor)
    company, estate = city.offices.company.pk, city.estates.railway.pk
    assert client.get(f"/organisations/{company}/contracts/new")["location"].startswith("/territory/pick?")
    address = f"/organisations/{company}/contracts/new?estate={estate}"
    assert "铁路家属院" in text_of(client.get(address))
    assert client.post(address, {"valid_from": "2024-01-01"}).status_code == 302
    contract = ServiceContract.objects.get(estate=estate)
    refused = client.post(
        f"/organisations/contracts/{contract.pk}/end", {"last_day": "2023-01-01", "reason": "期满"}
    )
    assert "早于合同起期" in text_of(refused)
    client.post(f"/organisations/contracts/{contract.pk}/end", {"last_day": "2024-06-30", "reason": "期满"})
    contract.refresh_from_db()
    assert contract.valid_to == date(2024, 6, 30)


def test_a_contract_with_an_estate_of_another_county_is_not_signed(city, county_supervisor, signed_in_as):
    answer = signed_in_as(county_supervisor).post(
        f"/organisations/{city.offices.company.pk}/contracts/new?estate={city.estates.shanqian.pk}",
        {"valid_from": "2024-01-01"},
    )
    assert answer["location"].startswith("/territory/pick?")
    assert ServiceContract.objects.filter(estate=city.estates.shanqian).count() == 1


def test_the_contract_of_another_countys_estate_is_neither_signed_nor_ended_nor_offered(
    city, county_supervisor, signed_in_as
):
    """The company serves both counties: that it is seen says nothing about the estate that changes hands."""
    client, company = signed_in_as(county_supervisor), city.offices.other_company
    mine, theirs = (
        ServiceContract.objects.get(estate=e) for e in (city.estates.hebin, city.estates.shanqian)
    )
    given = {"last_day": "2024-06-30", "reason": "期满"}
    for contract, status in ((theirs, 404), (mine, 302)):
        assert client.post(f"/organisations/contracts/{contract.pk}/end", given).status_code == status
    assert client.get(f"/organisations/contracts/{theirs.pk}/end").status_code == 404
    for contract, last_day in ((theirs, None), (mine, date(2024, 6, 30))):
        contract.refresh_from_db()
        assert contract.valid_to == last_day
    assert f"contracts/{theirs.pk}/end" not in text_of(client.get(f"/organisations/{company.pk}/"))


def test_a_company_of_the_whole_city_is_not_rewritten_by_a_county_that_it_serves(
    city, county_supervisor, city_supervisor, signed_in_as
):
    address = f"/organisations/{city.offices.company.pk}/"
    given = {"name": city.offices.company.name, "phone": "0373-0000000"}
    county = signed_in_as(county_supervisor)
    assert county.post(f"{address}edit", given).status_code == 403
    page = text_of(county.get(address))
    assert "修改资料" not in page and "登记合同" in page
    assert Organisation.objects.get(pk=city.offices.company.pk).active
    assert signed_in_as(city_supervisor).post(f"{address}edit", given).status_code == 302


def test_the_pages_cost_few_queries(city, county_supervisor, signed_in_as, django_assert_max_num_queries):
    client = signed_in_as(county_supervisor)
    client.get("/organisations/")
    with django_assert_max_num_queries(10):
        client.get("/organisations/?kind=property_company")
    with django_assert_max_num_queries(14):
        client.get(f"/organisations/{city.offices.company.pk}/")
