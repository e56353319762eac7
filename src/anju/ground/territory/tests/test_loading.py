"""Whole territories from national codes: twice without a trace, successions, and the two trees."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from tests.cast import BUILT_AT, Builder

from anju.ground.foundation import journal
from anju.ground.foundation.refusals import Refusal
from anju.ground.territory import queries, services
from anju.ground.territory.models import Area, Division, DivisionLine
from anju.ground.territory.services import loading

pytestmark = pytest.mark.django_db


@pytest.fixture
def real_city(db):
    """The real territory of the repository's own data."""
    call_command("load_territory", "--areas", stdout=StringIO())


def test_the_whole_city_is_loaded_with_both_trees(real_city):
    counts = {level: Division.objects.filter(level=level, valid_to=None).count() for level in (1, 2, 3, 4, 5)}
    assert counts == {1: 1, 2: 1, 3: 15, 4: 170, 5: 3825}
    assert Area.objects.filter(level=3).count() == 15
    assert (
        Division.objects.get(code="410702001016").path == "河南省 新乡市 红旗区 西街街道 曙光社区居民委员会"
    )
    assert Area.objects.get(division__code="410702001016").path == "新乡市 红旗区 西街街道 曙光社区"


def test_a_second_load_changes_nothing(real_city):
    before = Division.objects.count(), Area.objects.count(), DivisionLine.objects.count()
    out = StringIO()
    call_command("load_territory", "--areas", stdout=out)
    assert "新增 0，更正 0，不变 4012" in out.getvalue()
    assert (Division.objects.count(), Area.objects.count(), DivisionLine.objects.count()) == before


def test_a_development_zone_is_an_area_but_no_legal_division(real_city):
    zone = Area.objects.get(name="高新区")
    assert zone.level == Area.Level.COUNTY
    assert zone.parent.name == "新乡市"
    assert zone.division.statistical_zone


def test_a_province_administered_county_is_in_one_tree_only(real_city):
    division = Division.objects.get(code="410783", valid_to=None)
    assert division.parent.code == "4107"
    area = Area.objects.get(division=division)
    assert area.parent is None
    assert area.city is None
    assert not Area.objects.filter(queries.area_under(queries.root()), county=area).exists()


def test_a_former_code_is_understood(real_city):
    assert queries.division_by_code("410728").code == "410783"
    assert [d.code for d in queries.search_divisions("410728")] == ["410783"]
    assert queries.division_by_code("999999") is None


def test_what_hung_below_a_former_township_stands_below_its_successor(real_city):
    old, new = Division.objects.get(code="410725215"), Division.objects.get(code="410725110")
    assert old.current == new
    assert not old.children.filter(valid_to=None).exists()
    village = new.children.first()
    assert village.path.startswith("河南省 新乡市 原阳县 路寨镇 ")
    assert Area.objects.get(division=new).name == "路寨镇"
    below_county = DivisionLine.objects.filter(ancestor__code="410725", ancestor__valid_to=None)
    # Records that still point to the former row count in the county through its successor.
    assert below_county.filter(descendant=old).exists()
    assert DivisionLine.objects.filter(ancestor=new, descendant=old).exists()


def test_places_are_found_by_name_initials_and_code(real_city):
    assert queries.search_divisions("红旗区")[0].code == "410702"
    assert "410702" in [d.code for d in queries.search_divisions("hqq")]
    assert queries.search_divisions("410702001")[0].name == "西街街道"
    doubles = list(queries.search_areas("东关"))
    assert len({area.path for area in doubles}) == len(doubles) > 1


def test_a_succession_twice_happens_once(city):
    facts = {"code": "990121100", "new_code": "990121001", "name": "山前街道", "until": date(2024, 6, 30)}
    first = services.succeed_division(**facts, by=Builder(), at=BUILT_AT)
    again = services.succeed_division(**facts, by=Builder(), at=BUILT_AT)
    assert first == again
    assert first.valid_from == date(2024, 7, 1)
    assert [event.name for event in journal.events_of(first)] == ["territory.succeed_division"]


def test_an_estate_that_pointed_to_the_old_code_stands(city):
    services.succeed_division(
        code="990121100200", new_code="990121100001", name="山前社区居民委员会", until=date(2024, 6, 30),
        by=Builder(), at=BUILT_AT,
    )  # fmt: skip
    estate = city.estates.shanqian
    estate.refresh_from_db()
    assert estate.division.code == "990121100200"
    assert estate.division.current.name == "山前社区居民委员会"
    assert estate.area.division.code == "990121100001"
    assert DivisionLine.objects.filter(ancestor=city.divisions.west, descendant=estate.division).exists()


def test_a_succession_without_a_place_is_refused(db):
    with pytest.raises(Refusal, match="上级代码"):
        services.succeed_division(
            code="123456", new_code="123457", name="某区", until=date(2024, 1, 1), by=Builder(), at=BUILT_AT
        )


def test_a_moved_street_takes_its_communities_along(city, friday_9am):
    area = services.move_area(
        area_id=city.areas.hebin_street.pk, parent_id=city.areas.zone.pk, reason="批复〔2024〕1号",
        by=Builder(), at=friday_9am,
    )  # fmt: skip
    community = Area.objects.get(pk=city.areas.hebin.pk)
    assert (community.county_id, community.path) == (
        city.areas.zone.pk,
        "试点市 试点高新区 河滨街道 河滨社区",
    )
    event = journal.events_of(area)[-1]
    assert event.name == "territory.move_area"
    assert set(event.data["areas"]) == {area.pk, community.pk}
    # The legal tree is another: a re-organisation of management moves no division.
    assert city.divisions.hebin_street.parent == city.divisions.east


@pytest.mark.parametrize(
    ("parent", "reason", "says"), [("city", "批复", "上级应当是"), ("zone", " ", "依据")]
)
def test_a_move_to_a_wrong_level_or_without_authority_is_refused(city, friday_9am, parent, reason, says):
    with pytest.raises(Refusal, match=says):
        services.move_area(
            area_id=city.areas.hebin_street.pk, parent_id=getattr(city.areas, parent).pk, reason=reason,
            by=Builder(), at=friday_9am,
        )  # fmt: skip


def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(CommandError, match="找不到文件"):
        call_command("load_territory", "--divisions", str(tmp_path / "no.csv"), "--root", "41")
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="不是区划表"):
        call_command("load_territory", "--divisions", str(bad), "--root", "41")


def test_belonging_is_by_the_chain_of_parents_never_by_the_beginning_of_a_code():
    rows = [
        loading.Row("41", "省", 1, ""),
        loading.Row("4107", "市", 2, "41"),
        loading.Row("410702", "区", 3, "4107"),
        loading.Row("410799", "别处", 3, "4108"),
        loading.Row("4108", "邻市", 2, "41"),
    ]
    assert [row.code for row in loading.below(rows, "4107")] == ["41", "4107", "410702"]
