"""What a photo proves, what speaks against it, and who gets to see it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import RequestFactory

from anju.duties.cases.models import Case, Evidence, Report
from anju.duties.cases.queries import evidence
from anju.duties.cases.services.evidence import add as add_evidence
from anju.ground.access.actors import PUBLIC, Actor, Reach
from anju.ground.foundation import files_views
from anju.ground.foundation.refusals import NeedsConfirmation, NotFound, Refusal
from anju.ground.foundation.tests import samples
from anju.ground.territory.models import Area, Estate

AT = datetime(2024, 7, 5, 2, 0, tzinfo=UTC)  # 10:00 in the city
GATE = (113.8700, 35.3000)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.FILE_STORE = tmp_path / "files"


@pytest.fixture
def county() -> Area:
    return Area.objects.create(name="演示县", level=3, path="演示市 演示县")


@pytest.fixture
def other_county() -> Area:
    return Area.objects.create(name="邻县", level=3, path="演示市 邻县")


@pytest.fixture
def estate(county) -> Estate:
    return Estate.objects.create(
        name="演示小区", area=county, longitude=GATE[0], latitude=GATE[1], is_demo=True
    )


def make_case(estate: Estate, county: Area, **told) -> Case:
    values = {
        "kind": "hazard", "class_code": "0101", "severity": "general", "channel": "portal", "text": "楼道堵塞",
        "state": "fixing", "estate": estate, "county": county, "reported_at": AT - timedelta(days=3), "is_demo": True,
    }  # fmt: skip
    return Case.objects.create(**values | told)


@pytest.fixture
def case(estate, county) -> Case:
    return make_case(estate, county)


def officer(area: Area, *powers: str, name: str = "李明") -> Actor:
    reach = (Reach("area", area.pk, area.level, area.name),)
    return Actor(
        account_id=1,
        kind="account",
        name=name,
        post="演示街道办事处 网格员",
        powers=dict.fromkeys(powers or ("cases.see", "cases.check"), reach),
    )


@pytest.fixture
def li(county) -> Actor:
    return officer(county)


@pytest.fixture
def clerk(county) -> Actor:
    return officer(county, "cases.see", "cases.handle", name="王芳")


@pytest.fixture
def outsider(other_county) -> Actor:
    return officer(other_county)


def shot(seed: int = 1, *, hours: float = 1, point=GATE, **told) -> bytes:
    """Take a photo so many hours before AT, with the camera's clock in the city's time."""
    taken = (AT + timedelta(hours=8) - timedelta(hours=hours)).strftime("%Y:%m:%d %H:%M:%S")
    return samples.photo(seed, taken=taken, offset="+08:00", point=point, **told)


def put(case: Case, data: bytes, purpose: str, by: Actor, **more) -> Evidence:
    return add_evidence(case, samples.upload(data), purpose, by, more.pop("at", AT), **more)


def codes(line: Evidence) -> list[str]:
    return [doubt["code"] for doubt in line.doubts]


# --- What speaks against it ------------------------------------------------------------------------------------


def test_a_fresh_photo_from_the_place_raises_no_doubt(case, li):
    line = put(case, shot(), "rectify", li, caption=" 东门通道 ")
    assert line.doubts == []
    assert (line.caption, line.added_by, line.added_at) == ("东门通道", "演示街道办事处 网格员 李明", AT)


def test_a_photo_older_than_the_report_cannot_show_the_cure(case, li):
    assert codes(put(case, shot(hours=100), "rectify", li)) == ["before_report"]


def test_a_report_with_an_old_photo_is_doubted_not_refused(estate, county, li):
    case = make_case(estate, county, reported_at=AT)
    assert codes(put(case, shot(hours=71), "report", li)) == []
    line = put(case, shot(2, hours=24 * 10), "report", li)
    assert line.doubts == [{"code": "old", "taken_at": "2024-06-25T02:00:00+00:00", "hours": 240}]
    assert "10 天" in evidence.sentence(line.doubts[0], case)


def test_a_photo_is_measured_against_the_time_that_is_claimed(case, li):
    claimed = AT - timedelta(days=2)
    assert codes(put(case, shot(hours=50), "verify", li, claim_time=claimed)) == []
    assert codes(put(case, shot(2, hours=40), "verify", li, claim_time=claimed)) == ["future"]


def test_a_photo_from_far_away_is_doubted(case, li):
    line = put(case, shot(point=(113.90, 35.30)), "rectify", li)
    assert codes(line) == ["far"]
    assert 2_700 < line.doubts[0]["metres"] < 2_740
    assert "米" in evidence.sentence(line.doubts[0], case)


def test_the_point_that_was_claimed_counts_before_the_estate_s(case, li):
    assert codes(put(case, shot(point=(113.90, 35.30)), "verify", li, claim_point=(113.9001, 35.3))) == []
    case.longitude, case.latitude = 113.90, 35.30
    assert codes(put(case, shot(2, point=(113.90, 35.30)), "verify", li)) == []


def test_a_photo_that_tells_nothing_is_information_not_suspicion(case, li):
    line = put(case, samples.photo(), "rectify", li)
    assert codes(line) == ["no_exif"]
    shown = evidence.gallery(case, li).after[0]
    assert shown.warning == ""
    assert len(shown.doubts) == 1


def test_the_photo_of_the_hazard_is_no_proof_of_its_cure(case, clerk):
    before = shot(hours=70)
    put(case, before, "report", PUBLIC)
    with pytest.raises(NeedsConfirmation) as caught:
        put(case, before, "rectify", clerk)
    assert caught.value.data["confirm"] == "insist"
    assert case.evidence.count() == 1
    assert codes(put(case, before, "rectify", clerk, doubt=lambda *_said, **_more: None)) == ["same_before"]


def test_the_same_photo_once_more_through_a_messenger_is_recognised(case, clerk):
    scene = samples.courtyard(5, (1600, 1200))
    put(case, samples.encoded(scene, quality=95), "report", PUBLIC)
    line = put(case, samples.encoded(scene.resize((1080, 810)), quality=60), "rectify", clerk)
    assert codes(line) == ["no_exif", "alike_before"]


def test_a_photo_used_in_another_case_is_recognised_and_named_to_those_who_may_know(
    case, estate, county, other_county, li, outsider
):
    mine = make_case(estate, county)
    theirs = make_case(estate, other_county)
    data = shot()
    put(mine, data, "rectify", li)
    put(theirs, data, "rectify", outsider)
    line = put(case, data, "rectify", li)
    assert codes(line) == ["same_elsewhere"]
    assert set(line.doubts[0]["cases"]) == {mine.pk, theirs.pk}
    said = evidence.gallery(case, li).after[0].warning
    assert mine.number in said and theirs.number not in said
    assert "2 件" in said


def test_nearly_the_same_picture_in_another_case_is_recognised(case, estate, county, li):
    scene = samples.courtyard(9, (1600, 1200))
    other = make_case(estate, county)
    put(other, samples.encoded(scene, quality=95), "rectify", li)
    line = put(case, samples.encoded(scene.resize((800, 600)), "WEBP"), "rectify", li)
    assert codes(line) == ["no_exif", "alike_elsewhere"]
    assert other.number in evidence.gallery(case, li).after[0].warning


def test_a_case_split_or_merged_may_share_its_photos(case, estate, county, li):
    data = shot()
    put(case, data, "verify", li)
    child = make_case(estate, county, parent=case)
    folded = make_case(estate, county, merged_into=case, state="merged")
    assert codes(put(child, data, "verify", li)) == []
    assert codes(put(folded, data, "verify", li)) == []


def test_the_same_photo_for_the_same_purpose_is_attached_once(case, li):
    data = shot()
    assert put(case, data, "rectify", li).pk == put(case, data, "rectify", li, at=AT + timedelta(hours=1)).pk


def test_the_public_may_send_a_handful_of_photos(case):
    for seed in range(9):
        put(case, samples.photo(seed, size=(200, 150)), "report", PUBLIC)
    with pytest.raises(Refusal, match="9"):
        put(case, samples.photo(99, size=(200, 150)), "report", PUBLIC)


def test_a_web_page_called_a_photo_leaves_no_evidence(case):
    with pytest.raises(Refusal):
        put(case, b"<html><script>alert(1)</script>", "report", PUBLIC)
    assert not case.evidence.exists()


# --- Who sees it -----------------------------------------------------------------------------------------------


def test_the_gallery_sets_before_beside_after(case, li, clerk):
    put(case, shot(1), "report", PUBLIC)
    put(case, shot(2), "rectify", clerk)
    put(case, shot(3), "recheck", li)
    put(case, samples.pdf(), "rectify", clerk, caption="检测报告")
    assert [photo.shows for photo in evidence.gallery(case, li).rest] == [
        "claimed"
    ]  # nobody has accepted it yet
    case.evidence.filter(shows="claimed").update(shows="after")  # as closing does
    shown = evidence.gallery(case, li)
    assert [photo.purpose for photo in shown.before] == ["report"]
    assert [photo.purpose for photo in shown.after] == ["rectify", "recheck"]
    assert [file.name for file in shown.files] == ["检测报告"]
    assert len(shown.pairs) == 2 and shown.pairs[1][0] is None
    assert shown.before[0].thumb_url.endswith("/thumb.jpg") and "key=" not in shown.before[0].thumb_url
    assert "0 米" in shown.before[0].place


def test_the_company_is_not_told_what_is_held_against_its_photos(case, li, clerk):
    put(case, shot(hours=100), "rectify", clerk)
    assert evidence.gallery(case, li).doubted == 1
    assert evidence.gallery(case, clerk).doubted == 0
    assert evidence.gallery(case, clerk).after[0].doubts == ()


def test_a_case_shows_the_photos_of_those_merged_into_it(case, estate, county, li):
    folded = make_case(estate, county, merged_into=case, state="merged")
    put(folded, shot(), "report", PUBLIC)
    assert len(evidence.gallery(case, li).before) == 1


def test_a_gallery_costs_the_same_for_two_photos_and_for_nine(
    case, estate, county, li, django_assert_max_num_queries
):
    other = make_case(estate, county)
    for seed in range(9):
        put(other, shot(seed, size=(200, 150)), "rectify", li)
        put(case, shot(seed, size=(200, 150)), "rectify", li)
    with django_assert_max_num_queries(3):
        assert evidence.gallery(case, li).doubted == 9


def open_file(line: Evidence, actor: Actor, size: str = "page", query: str = ""):
    request = RequestFactory().get(f"/files/x{query}")
    request.actor = actor
    return files_views.shown(request, sha256=line.file.sha256, size=size)


def test_staff_open_the_photos_of_cases_they_see_and_an_outsider_finds_nothing(case, li, outsider):
    line = put(case, shot(), "report", PUBLIC)
    assert open_file(line, li).status_code == 200
    for stranger in (outsider, PUBLIC, officer(case.county, "figures.see")):
        with pytest.raises(NotFound):
            open_file(line, stranger)


def test_a_photo_is_opened_through_the_case_its_own_was_merged_into(estate, county, other_county, outsider):
    into = make_case(estate, other_county)
    folded = make_case(estate, county, merged_into=into, state="merged")
    line = put(folded, shot(), "report", PUBLIC)
    assert open_file(line, outsider).status_code == 200


@pytest.fixture
def followed(case) -> Report:
    return Report.objects.create(case=case, code="ABCDEFGHJK", text="楼道堵塞", reported_at=case.reported_at)


def test_a_reporter_sees_own_photos_and_the_cure_only_after_closing(case, followed, li, clerk):
    put(case, shot(1, hours=73), "report", PUBLIC, at=case.reported_at)
    put(case, shot(2), "verify", li)
    put(case, shot(3), "rectify", clerk, caption="王芳拍摄")
    put(case, samples.pdf(), "rectify", clerk)
    shown = evidence.gallery_of_report(followed.pk, at=AT)
    assert (len(shown.before), len(shown.after)) == (1, 0)
    assert evidence.gallery_of_report(followed.pk, at=AT).after == ()  # handed in is not accepted
    case.state, case.closed_at = "closed", AT
    case.save()
    case.evidence.filter(shows="claimed").update(shows="after")
    shown = evidence.gallery_of_report(followed.pk, at=AT)
    assert (len(shown.before), len(shown.after), shown.files) == (1, 1, ())
    told = repr(shown)
    assert "王芳" not in told and "李明" not in told and "113.8" not in told


def test_a_reporter_s_addresses_open_without_a_login_and_only_those(case, followed):
    line = put(case, shot(1, hours=73), "report", PUBLIC, at=case.reported_at)
    now = datetime.now(UTC)
    address = evidence.gallery_of_report(followed.pk, at=now).before[0].url
    query = address[address.index("?") :]
    assert open_file(line, PUBLIC, "page", query).status_code == 200
    with pytest.raises(NotFound):
        open_file(line, PUBLIC, "thumb", query)
    stale = evidence.gallery_of_report(followed.pk, at=now - timedelta(hours=3)).before[0].url
    with pytest.raises(NotFound):
        open_file(line, PUBLIC, "page", stale[stale.index("?") :])


def test_a_reporter_of_a_merged_case_sees_the_cure_but_not_the_other_reporter_s_photos(
    case, followed, estate, county, clerk
):
    folded = make_case(estate, county, merged_into=case, state="merged")
    second = Report.objects.create(
        case=folded, code="BCDEFGHJKM", text="也堵了", reported_at=folded.reported_at
    )
    put(case, shot(1, hours=73), "report", PUBLIC, at=case.reported_at)
    put(case, shot(3), "rectify", clerk)
    assert evidence.gallery_of_report(followed.pk, at=AT).after == ()  # handed in is not accepted
    case.state, case.closed_at = "closed", AT
    case.save()
    case.evidence.filter(shows="claimed").update(shows="after")
    shown = evidence.gallery_of_report(second.pk, at=AT)
    assert (len(shown.before), len(shown.after)) == (0, 1)


def test_every_doubt_has_its_sentence(case):
    for code in evidence._SENTENCES:
        doubt = {
            "code": code,
            "taken_at": AT.isoformat(),
            "hours": 5,
            "metres": 1234,
            "total": 1,
            "cases": [1],
        }
        said = evidence.sentence(doubt | {"purposes": ["report"]}, case, {1: "202407050000001"})
        assert said.endswith("。") and "%(" not in said
