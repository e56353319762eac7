"""The demo's suggestions: the answered one has the form of a city's own letter, and one stands in every other state."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from anju.doors.console.demo import suggestions
from anju.doors.console.demo.city import City
from anju.duties.suggestions.models import Reply, Suggestion
from anju.ground.access import services as access
from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import ladder
from anju.ground.foundation.models import Notice
from anju.ground.organisations import services as organisations
from anju.means.figures.queries import registry

NOW = datetime(2026, 11, 20, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
MEASURES = suggestions.book("suggestions")["measures"]


@pytest.fixture
def small(city, settings, tmp_path) -> City:
    """A demo city made of the cast: the bureau with its leader, and the offices it asks."""
    settings.FILE_STORE = tmp_path / "files"
    offices = {
        "city_housing@9901": city.offices.city_housing,
        "county_housing@410702": city.offices.east_housing,
    }
    for kind, name in (("police_bureau", "试点市公安局"), ("fire_brigade", "试点市消防救援支队")):
        offices[f"{kind}@9901"] = organisations.create_organisation(
            kind=kind, name=name, area=city.areas.city, is_demo=True, by=SYSTEM, at=NOW
        )
    organisations.edit_organisation(
        organisation_id=city.offices.city_housing.pk,
        changes={"document_code": "演示新建物", "phone": "0373-0000000"},
        by=SYSTEM,
        at=NOW,
    )
    made = City(offices=offices)
    posts = [
        ("wu", "city_housing@9901", "city_supervisor"), ("song", "city_housing@9901", "bureau_leader"),
        ("jing", "police_bureau@9901", "police_officer"), ("fang", "fire_brigade@9901", "fire_officer"),
        ("dong", "county_housing@410702", "county_supervisor"),
    ]  # fmt: skip
    for login, office, role in posts:
        person = organisations.create_person(name=f"{login}演", is_demo=True, by=SYSTEM, at=NOW)
        organisations.hold_post(
            person=person, organisation=offices[office], role=role, valid_from=datetime(2024, 1, 1).date(),
            by=SYSTEM, at=NOW,
        )  # fmt: skip
        account = access.create_account(
            username=f"{login}-demo", password="only-for-tests-2024", person=person, by=SYSTEM, at=NOW
        )
        made.logins[login] = access.actor_of(account, at=NOW)
        made.actors.setdefault(offices[office].pk, made.logins[login])
    offices["city_housing@9901"].refresh_from_db()
    return made


def test_one_is_answered_in_the_form_of_a_letter_and_one_stands_in_every_other_state(small):
    done = suggestions.tell(small, at=NOW)

    reply = Reply.objects.get(suggestion=done)
    printed = reply.document.data
    said = str(printed)
    assert (done.state, done.feedback, done.on_time, done.is_demo) == ("closed", "satisfied", True, True)
    assert reply.document.written_number == "演示新建物〔2024〕1号"
    for words in (
        "song演", "办理结果：B", "对市十四届人大二次会议", "第246号建议的答复", "尊敬的郜演民代表",
        "一、", "二、", "三、", "2024年7月15日", "市住建局（演示）", "冯演联", "453000",
        "市人大选工委（2份）", "市委市政府督查办（1份）", "代表所在县（市、区）人大、政府（各1份）",
    ):  # fmt: skip
        assert words in said, words
    # No rows here: six zeros, each frozen from its own measure and printed where its name stands.
    assert [f.measure for f in reply.figures.order_by("id")] == MEASURES
    assert "全市公安派出所共检查单位0家，发现隐患0处，罚款0元，其中检查老旧小区0家" in reply.text
    assert reply.snapshots.get().values[0]["measure"] == "units_inspected"
    assert reply.published_at is not None

    others = {s.number: s for s in Suggestion.objects.exclude(pk=done.pk)}
    assert {n: (s.state, s.round) for n, s in others.items()} == {
        18: ("assigned", 1), 27: ("returned", 1), 33: ("handling", 1), 41: ("handling", 1), 52: ("handling", 2),
    }  # fmt: skip
    assert others[41].is_overdue(NOW) and ladder.rung_of(others[41], NOW) == 2
    assert others[52].due_clock == "second" and not others[52].is_overdue(NOW)
    assert Notice.objects.filter(subject_type="suggestions.suggestion", kind="escalate").count() == 2


def test_without_the_measures_it_says_which_are_missing(small, monkeypatch):
    known = [m for m in registry.measures() if m.name != "units_inspected"]
    monkeypatch.setattr(registry, "measures", lambda: known)
    with pytest.raises(suggestions.MeasuresMissing, match="units_inspected"):
        suggestions.tell(small, at=NOW)
    assert not Suggestion.objects.exists()
