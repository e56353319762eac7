"""Which reports may be the same matter: class, building, photo, time and wording weighed together."""

from datetime import date, timedelta

import pytest

from anju.duties.cases import queries, rules, services
from anju.duties.cases.models import Case
from anju.ground.foundation import rulebooks
from anju.ground.foundation.tests import samples

BOOK = rulebooks.load("deadlines", on=date(2026, 1, 1))["duplicates"]


@pytest.mark.parametrize(
    ("said", "houses", "entrances"),
    [
        ("3号楼2单元一楼安全出口", {"3"}, {"2"}),
        ("三号楼二单元", {"3"}, {"2"}),
        ("３＃楼东边", {"3"}, set()),
        ("十二栋和门口", {"12"}, set()),
        ("2、3号楼之间", {"2", "3"}, set()),
        ("A座大厅", {"A"}, set()),
        ("二十一幢", {"21"}, set()),
        ("3楼楼道里有电动车", set(), set()),
        ("小区大门口", set(), set()),
    ],
)
def test_a_building_is_known_however_it_is_written(said, houses, entrances):
    assert (rules.houses(said), rules.entrances(said)) == (houses, entrances)


@pytest.mark.parametrize(
    ("shared", "alike"),
    [
        (rules.Shared(text=0.0, photo=True), True),  # one photo, other words, another class
        (rules.Shared(text=1.0, same_class=True, photo=True, house=False), False),  # another building
        (rules.Shared(text=0.3, same_class=True), True),
        (rules.Shared(text=0.05, same_class=True, days=30), False),  # the same class alone
        (rules.Shared(text=0.0, same_class=True, house=True), True),
        (rules.Shared(text=0.1, same_class=True, house=True, entrance=False, days=30), False),
        (rules.Shared(text=0.05, same_group=True, house=True, days=30), False),
    ],
)
def test_what_two_reports_share_is_weighed(shared, alike):
    assert (rules.likeness(shared, BOOK) is not None) is alike


def twins_of(case: Case, actor, at) -> list[Case]:
    found = queries.duplicates(
        actor, kind=case.kind, class_code=case.class_code, text=case.text, place=case.place, street_id=case.street_id,
        estate_id=case.estate_id, photos=[e.file for e in case.evidence.select_related("file")], besides=[case.pk],
        at=at,
    )  # fmt: skip
    return [one.case for one in found]


@pytest.mark.django_db
def test_two_reports_of_one_locked_door_with_the_same_photo_in_other_words_find_each_other(
    reported, wang, friday_9am
):
    scene = samples.courtyard(5, (1600, 1200))
    first = reported(place="3号楼2单元", uploads=[samples.upload(samples.encoded(scene, quality=95))])
    second = reported(
        kind="complaint", class_code=next(iter(queries.catalogue.classes("complaint", on=friday_9am.date()))),
        text="老人晚上下不了楼，保安说没有钥匙", place="三号楼",
        uploads=[samples.upload(samples.encoded(scene.resize((1080, 810)), quality=60))],
        reporter=services.Reporter(phone="13700000001"),
    )  # fmt: skip
    actor = wang.actor(friday_9am)
    assert twins_of(second, actor, friday_9am) == [first]
    assert twins_of(first, actor, friday_9am) == [second]


@pytest.mark.django_db
def test_the_same_words_about_another_building_are_another_matter(reported, wang, friday_9am):
    reported(place="3号楼2单元")
    other = reported(place="5号楼2单元", reporter=services.Reporter(phone="13700000001"))
    assert twins_of(other, wang.actor(friday_9am), friday_9am) == []


@pytest.mark.django_db
def test_an_old_report_of_the_month_before_is_another_matter(reported, wang, friday_9am):
    reported()
    at = friday_9am + timedelta(days=31)
    assert twins_of(reported(at=at), wang.actor(at), at) == []


@pytest.mark.django_db
def test_a_case_is_found_by_number_or_words_to_be_merged_only_where_it_may_be(
    reported, walk, wang, city, friday_9am
):
    case = reported()
    other = reported(text="楼道里堆满纸箱", class_code="EB02")
    reported(estate=city.estates.railway, text="楼道里堆满纸箱")
    walk(reported(text="楼道里堆满纸箱，已清"), "void", at=friday_9am)
    actor = wang.actor(friday_9am)
    assert queries.mergeable(actor, case, other.number) == [other]
    assert queries.mergeable(actor, case, "纸箱") == [other]
    assert queries.mergeable(actor, case, case.number) == []


@pytest.mark.django_db
def test_the_page_of_a_case_finds_its_twin_and_folds_either_way(reported, wang, signed_in_as, friday_9am):
    case, other = reported(place="3号楼"), reported(text="楼道里堆满纸箱", place="5号楼")
    opener = signed_in_as(wang)
    page = opener.get(f"/console/cases/{case.pk}/", {"twin": other.number}).content.decode()
    assert f"/console/cases/{case.pk}/merge" in page and f"/console/cases/{other.pk}/merge" in page
    opener.post(f"/console/cases/{other.pk}/merge", {"into": case.pk, "request_key": "k"})
    assert Case.objects.get(pk=other.pk).merged_into_id == case.pk
