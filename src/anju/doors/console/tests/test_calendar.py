"""The page of the calendar: what is changed there is done once, and what is refused stands beside what was typed."""

from datetime import date

import pytest

from anju.ground.foundation.models import CalendarDay, CalendarYear, Event

DAY = {"date": "2031-03-05", "kind": "off", "name": "停电检修", "source": "演示通知", "request_key": "k"}
YEAR = {
    "year": "2031",
    "source": "演示通知",
    "days": "2031-01-01 放假 元旦\n2031-01-04 上班 元旦",
    "request_key": "k",
}


@pytest.fixture
def keeper(city_supervisor, signed_in_as):
    return signed_in_as(city_supervisor)


def test_a_day_and_a_year_are_changed_and_shown(keeper):
    page = keeper.post("/console/calendar/day", DAY, follow=True).content.decode()
    assert "2031-03-05 已更改" in page and "停电检修" in page
    page = keeper.post("/console/calendar/year", YEAR | {"request_key": "k2"}, follow=True).content.decode()
    assert "2031 年日历已确认" in page and "元旦" in page and "停电检修" not in page
    assert CalendarDay.objects.get(date=date(2031, 1, 4)).is_workday
    assert (
        keeper.post("/console/calendar/day", DAY | {"date": "2031-01-01", "kind": "plain"}).status_code == 409
    )


@pytest.mark.parametrize(("url", "sent", "act"), [("day", DAY, "edit_day"), ("year", YEAR, "confirm_year")])
def test_sent_twice_it_is_done_once_and_answered_alike(keeper, url, sent, act):
    answers = [keeper.post(f"/console/calendar/{url}", sent) for _twice in range(2)]
    assert [(a.status_code, a["location"]) for a in answers] == [(302, "/console/calendar/?year=2031")] * 2
    assert Event.objects.filter(name=f"foundation.{act}").count() == 1
    assert Event.objects.filter(name="foundation.calendar_changed", subject_id=2031).count() == 1
    other = keeper.post(f"/console/calendar/{url}", sent | {"source": "另一个通知"})
    assert other.status_code == 409 and "请重新打开页面再提交" in other.content.decode()


@pytest.mark.parametrize(
    ("url", "sent", "said"),
    [
        ("day", {"source": ""}, "请写明这一天的名称和依据"),
        ("day", {"date": "不是日期"}, "日期请写成"),
        ("day", {"kind": "halb"}, "请选择放假、上班或取消安排"),
        ("year", {"source": " "}, "请写明放假通知的名称或文号"),
        ("year", {"days": "2031-01-01 休息"}, "第 1 行看不懂"),
        ("year", {"days": "2032-01-01 放假 元旦"}, "不在 2031 年"),
        ("year", {"year": "31"}, "年份应在"),
    ],
)
def test_what_is_refused_stands_on_the_page_with_what_was_typed(keeper, url, sent, said):
    whole = (DAY if url == "day" else YEAR) | sent
    answer = keeper.post(f"/console/calendar/{url}", whole)
    page = answer.content.decode()
    assert answer.status_code == 422 and said in page and "field-error" in page
    kept = whole["name"] if url == "day" else whole["days"].splitlines()[0]
    assert kept in page
    assert not CalendarYear.objects.filter(year=2031).exists()
