"""Words for dates, amounts of time and numbers, and addresses with a query."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone, translation

from anju.ground.foundation import charts, jinja, workdays

AT = datetime(2024, 6, 18, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai


@pytest.fixture(autouse=True)
def _chinese():
    with translation.override("zh-hans"):
        yield


@pytest.mark.parametrize(
    ("minutes", "word", "tone"),
    [
        (2 * 1440 + 180, "剩 2 天 3 小时", "calm"),
        (1440, "剩 1 天", "soon"),
        (1441, "剩 1 天", "calm"),
        (80, "剩 1 小时 20 分钟", "soon"),
        (0, "剩 不到 1 分钟", "soon"),
        (-1, "逾期 1 分钟", "overdue"),
        (-1440, "逾期 1 天", "overdue"),
        (-30 * 1440 - 60, "逾期 30 天", "overdue"),
    ],
)
def test_a_deadline_says_how_far_it_is(minutes: int, word: str, tone: str):
    due = AT + timedelta(minutes=minutes)
    assert (jinja.due_in(due, AT), jinja.due_tone(due, AT)) == (word, tone)


def test_a_term_that_ends_with_a_day_is_counted_in_days_at_every_hour():
    """A list that keeps the moment says as many days as a page that keeps the bare day."""
    last = date(2024, 6, 20)
    due = datetime(2024, 6, 20, 15, 59, 59, tzinfo=UTC)  # the end of that day in Shanghai
    for hours in range(-24 * 5, 24 * 5):
        at = AT + timedelta(hours=hours)
        days = workdays.days_to(last, today=timezone.localtime(at).date())
        if days:
            assert jinja.due_in(due, at) == (f"剩 {days} 天" if days > 0 else f"逾期 {-days} 天")
        assert (jinja.due_tone(due, at) == "overdue") is (days < 0)


def test_a_day_is_written_in_the_installations_time_zone():
    late = datetime(2024, 3, 5, 16, 30, tzinfo=UTC)  # past midnight in Shanghai
    assert jinja.date_zh(late) == "2024年3月6日"
    assert jinja.date_zh(date(2024, 3, 5)) == "2024年3月5日"
    assert jinja.datetime_local(late) == "2024-03-06 00:30"
    assert jinja.date_zh(None) == jinja.date_iso(None) == jinja.datetime_local(None) == ""


def test_the_past_is_told_in_words_until_it_is_a_month_old():
    assert jinja.ago(AT - timedelta(seconds=20), AT) == "刚刚"
    assert jinja.ago(AT - timedelta(minutes=5), AT) == "5 分钟前"
    assert jinja.ago(AT - timedelta(hours=3, minutes=40), AT) == "3 小时前"
    assert jinja.ago(AT - timedelta(days=2, hours=5), AT) == "2 天前"
    assert jinja.ago(AT - timedelta(days=40), AT) == "2024-05-09"


def test_numbers_are_written_with_thousands_and_a_dash_for_nothing():
    assert [jinja.number(v) for v in (50564, 0, 1234.5, None)] == ["50,564", "0", "1,234.5", "—"]
    assert (jinja.percent(0.9382), jinja.percent(None), jinja.filesize(1536)) == ("93.8%", "—", "1.5 KB")


def test_personal_data_is_masked():
    assert jinja.mask_name("张三丰") == "张**"
    assert jinja.mask_phone("13812345678") == "138****5678"
    assert jinja.mask_phone("12345") == "*****"
    assert jinja.mask_id("410711199001011234") == "4107************34"


def test_a_filter_can_be_taken_away_without_losing_the_others():
    query = QueryDict("q=出口&state=a&state=b&page=3")
    assert jinja.with_query(query, order="-due_at") == "?q=%E5%87%BA%E5%8F%A3&state=a&state=b&order=-due_at"
    assert jinja.with_query(query, page=4).endswith("&page=4")
    assert jinja.without(query, "state", "a") == "?q=%E5%87%BA%E5%8F%A3&state=b"
    shown = jinja.chips(query, {"state": "状态"}, {"state": {"a": "甲"}})
    assert [chip["value"] for chip in shown] == ["甲", "b"]


@pytest.mark.parametrize(("largest", "top"), [(0, 4), (7, 8), (1502, 2000), (93.8, 100), (40, 40)])
def test_the_axis_ends_on_a_round_number(largest: float, top: float):
    assert charts.nice_top(largest)[0] == top


def test_a_missing_month_breaks_the_line():
    area = charts.plot([[1, None, 3]])
    assert charts.path(area, [1, None, 3]).count("M") == 2
