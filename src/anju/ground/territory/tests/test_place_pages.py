"""Pages of the two trees, through HTTP."""

import pytest

from anju.ground.territory.models import Area, Division


def text_of(answer):
    return answer.content.decode()


@pytest.fixture
def township(city):
    """The division of a street of the cast, whatever its code."""
    return Area.objects.get(pk=city.areas.huaiyin.street_id).division


def test_a_place_is_found_by_name_initials_and_code_with_its_path(
    city, township, street_officer, signed_in_as
):
    client = signed_in_as(street_officer)
    for asked in (township.name, township.initials, township.code):
        page = text_of(client.get("/territory/places/", {"q": asked}))
        assert f'/territory/places/{township.pk}/"' in page
        assert township.code in page
    assert "没有找到" in text_of(client.get("/territory/places/", {"q": "没有的地方"}))


def test_a_township_that_becomes_a_town_keeps_what_it_had(city, township, administrator, signed_in_as):
    client = signed_in_as(administrator)
    new_code = township.code[:-1] + ("9" if township.code[-1] != "9" else "8")
    given = {"name": "槐荫新镇", "new_code": new_code, "until": "2024-06-30", "source": "演示批复1号"}
    assert (
        client.post(f"/territory/places/{township.pk}/succeed", {**given, "new_code": "12"}).status_code
        == 422
    )
    assert (
        client.post(f"/territory/places/{township.pk}/succeed", {**given, "until": "2999-01-01"}).status_code
        == 422
    )
    assert client.post(f"/territory/places/{township.pk}/succeed", given).status_code == 302
    new = Division.objects.get(code=new_code)
    assert Area.objects.get(pk=city.areas.huaiyin.street_id).division == new
    page = text_of(client.get(f"/territory/places/{new.pk}/"))
    assert township.code in page and "演示批复1号" in page
    for old in (township.code, township.name):
        assert f'/territory/places/{new.pk}/"' in text_of(client.get("/territory/places/", {"q": old}))
    assert new_code in text_of(client.get(f"/territory/places/{township.pk}/"))


def test_an_area_is_moved_with_a_reason(city, administrator, signed_in_as):
    client = signed_in_as(administrator)
    other = Area.objects.filter(level=Area.Level.COUNTY).exclude(pk=city.areas.huaiyin.county_id).first()
    street = Area.objects.get(pk=city.areas.huaiyin.street_id)
    assert "pick" in client.get(f"/territory/areas/{street.pk}/move").url
    address = f"/territory/areas/{street.pk}/move?parent={other.pk}"
    assert other.name in text_of(client.get(address))
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "演示会议纪要"}).status_code == 302
    assert Area.objects.get(pk=city.areas.huaiyin.pk).county_id == other.pk


def test_only_those_who_manage_places_change_them(city, township, street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    assert client.get(f"/territory/places/{township.pk}/").status_code == 200
    for address in (f"places/{township.pk}/succeed", f"areas/{city.areas.huaiyin.pk}/move"):
        assert client.get(f"/territory/{address}").status_code in (403, 404)
