"""Pages of estates and of choosing a place, through HTTP."""

import pytest

from anju.ground.territory.models import Estate


def text_of(answer):
    return answer.content.decode()


def test_the_list_shows_ones_own_estates_and_no_others(city, street_officer, outsider, signed_in_as):
    page = text_of(signed_in_as(street_officer).get("/territory/estates/"))
    assert "槐荫小区" in page
    assert "山前家园" not in page
    assert "山前家园" in text_of(signed_in_as(outsider).get("/territory/estates/"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=hyxq", {"槐荫小区"}),
        ("q=槐荫", {"槐荫小区"}),
        ("old=yes", {"槐荫小区", "铁路家属院"}),
        ("old=no", {"柳园新村"}),
        ("management=none", {"铁路家属院"}),
        ("lacking=point", set()),
        ("lacking=nonsense&page=99&order=drop", {"槐荫小区", "铁路家属院", "柳园新村"}),
    ],
)
def test_the_list_is_narrowed(city, street_officer, signed_in_as, query, found):
    page = text_of(signed_in_as(street_officer).get(f"/territory/estates/?{query}"))
    listed = {name for name in ("槐荫小区", "铁路家属院", "柳园新村", "河滨花园") if f">{name}</a>" in page}
    assert listed == found


def test_an_area_of_another_county_narrows_nothing_and_shows_nothing(city, street_officer, signed_in_as):
    page = text_of(signed_in_as(street_officer).get(f"/territory/estates/?area={city.areas.shanqian.pk}"))
    assert "山前" not in page


def test_an_estate_of_another_county_does_not_exist(city, outsider, signed_in_as):
    client = signed_in_as(outsider)
    for address in ("", "edit"):
        assert client.get(f"/territory/estates/{city.estates.huaiyin.pk}/{address}").status_code == 404
    assert client.get("/territory/estates/999999/").status_code == 404
    assert client.post(f"/territory/estates/{city.estates.huaiyin.pk}/edit", {"name": "x"}).status_code == 404


def test_an_estate_page_shows_company_and_history(city, li, signed_in_as):
    page = text_of(signed_in_as(li).get(f"/territory/estates/{city.estates.huaiyin.pk}/"))
    assert "安邻物业服务有限公司" in page
    assert "老旧小区" in page
    assert "&lt;section" not in page
    assert "建立小区档案" in page


FORM = {"name": "槐荫小区", "management": "company", "system": "wgs84"}


def test_an_edit_reads_numbers_as_people_write_them(city, li, signed_in_as):
    client = signed_in_as(li)
    address = f"/territory/estates/{city.estates.huaiyin.pk}/edit"
    assert "槐荫小区" in text_of(client.get(address))
    given = {
        **FORM,
        "households": "约640户",
        "year_built": "1996年建成",
        "point": "35.3034 113.9012",
        "ebikes": "暂无资料",
    }
    assert client.post(address, given).status_code == 302
    estate = Estate.objects.get(pk=city.estates.huaiyin.pk)
    assert (estate.households, estate.year_built, estate.ebikes) == (640, 1996, None)
    assert (estate.longitude, estate.latitude) == (113.9012, 35.3034)


def test_buildings_are_entered_and_changed_and_the_history_says_so_in_words(city, li, signed_in_as):
    client = signed_in_as(li)
    here = f"/territory/estates/{city.estates.huaiyin.pk}/"
    assert client.post(f"{here}edit", {**FORM, "buildings": "1-11号楼（6层）"}).status_code == 302
    page = text_of(client.get(here))
    assert page.index("2号楼 · 6 层") < page.index("10号楼 · 6 层")
    assert "1号楼（6层）、2号楼（6层）" in text_of(client.get(f"{here}edit"))
    client.post(f"{here}edit", {**FORM, "management": "self", "buildings": "1号楼（6层）、2号楼（7层）"})
    stand = {b.name: b.floors for b in Estate.objects.get(pk=city.estates.huaiyin.pk).buildings.all()}
    assert stand == {"1号楼": 6, "2号楼": 7}
    page = text_of(client.get(here))
    assert "管理方式: 物业企业管理 → 业主自管" in page
    assert "1号楼(6)、2号楼(7)" in page
    client.post(f"{here}edit", FORM)
    assert Estate.objects.get(pk=city.estates.huaiyin.pk).buildings.count() == 2


def test_an_edit_that_cannot_be_read_says_where(city, li, signed_in_as):
    answer = signed_in_as(li).post(
        f"/territory/estates/{city.estates.huaiyin.pk}/edit",
        {**FORM, "households": "很多", "year_built": "2999"},
    )
    assert answer.status_code == 422
    assert "没有认出数字" in text_of(answer)
    assert "不合常理" in text_of(answer)
    assert "很多" in text_of(answer)


def test_a_refused_listing_leaves_the_other_changes_undone(city, li, signed_in_as):
    answer = signed_in_as(li).post(
        f"/territory/estates/{city.estates.huaiyin.pk}/edit",
        {**FORM, "households": "700", "listed_old": "on"},
    )
    assert "文号" in text_of(answer)
    assert Estate.objects.get(pk=city.estates.huaiyin.pk).households == 620


def test_a_grid_worker_sees_but_does_not_edit(city, grid_worker, signed_in_as):
    client = signed_in_as(grid_worker)
    page = text_of(client.get(f"/territory/estates/{city.estates.huaiyin.pk}/"))
    assert "修改档案" not in page
    assert client.get(f"/territory/estates/{city.estates.huaiyin.pk}/edit").status_code == 404


def test_a_new_estate_goes_into_the_community_that_was_chosen(city, street_officer, li, signed_in_as):
    client = signed_in_as(street_officer)
    assert client.get("/territory/estates/new")["location"].startswith("/territory/pick?")
    answer = client.post(f"/territory/estates/new?area={city.areas.liuyuan.pk}", {**FORM, "name": "新苑"})
    assert answer.status_code == 302
    assert Estate.objects.get(name="新苑").area == city.areas.liuyuan
    foreign = client.post(f"/territory/estates/new?area={city.areas.shanqian.pk}", {**FORM, "name": "越界"})
    assert foreign["location"].startswith("/territory/pick?")
    assert not Estate.objects.filter(name="越界").exists()
    # Whoever has one community only is not asked.
    assert "槐荫社区" in text_of(signed_in_as(li).get("/territory/estates/new"))


def test_choosing_goes_back_with_the_choice_but_never_to_another_site(city, street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    page = text_of(
        client.get("/territory/pick?kind=area&q=lysq&field=area&next=/territory/estates/new&level=5")
    )
    assert f'href="/territory/estates/new?area={city.areas.liuyuan.pk}"' in page
    assert (
        "evil"
        not in text_of(client.get("/territory/pick?kind=estate&q=hyxq&next=https://evil.example/")).split(
            "<table"
        )[1]
    )
    assert "没有找到" in text_of(client.get("/territory/pick?kind=area&q=山前"))
    options = text_of(client.get("/territory/pick?kind=estate&q=槐荫", headers={"hx-request": "true"}))
    assert options.startswith(f'<option value="{city.estates.huaiyin.pk}">槐荫小区')


def test_a_text_with_wildcards_and_quotes_is_only_a_text(city, street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    for text in ("%25", "_", "'%20or%201=1", "\\"):
        page = client.get(f"/territory/estates/?q={text}")
        assert page.status_code == 200
        assert "没有符合条件的小区" in text_of(page)


def test_a_zero_byte_is_refused_in_a_sentence(city, street_officer, signed_in_as):
    answer = signed_in_as(street_officer).get("/territory/estates/?q=%00x")
    assert answer.status_code == 422
    assert "无法保存的字符" in text_of(answer)


def test_the_pages_cost_few_queries(city, street_officer, signed_in_as, django_assert_max_num_queries):
    client = signed_in_as(street_officer)
    client.get("/territory/estates/")
    with django_assert_max_num_queries(11):
        client.get("/territory/estates/?old=yes&order=name")
    with django_assert_max_num_queries(26):
        client.get(f"/territory/estates/{city.estates.huaiyin.pk}/")
