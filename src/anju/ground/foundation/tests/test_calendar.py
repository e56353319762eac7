"""The calendar in the database: seeding, confirming a year, a late holiday, and how a deadline is explained."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import translation

from anju.ground.foundation import calendar, journal, workdays
from anju.ground.foundation.calendar import DayException
from anju.ground.foundation.models import CalendarDay, CalendarYear
from anju.ground.foundation.refusals import NotPermitted, Refusal
from anju.ground.foundation.workdays import Term

TZ = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=TZ)  # 周一


@dataclass(frozen=True)
class Trace:
    account_id: int | None = None
    kind: str = "system"
    name: str = "系统"
    post: str = ""

    def has(self, power: str) -> bool:
        return self.kind == "account" and power == "calendar.edit"


SYSTEM = Trace()
OFFICER = Trace(account_id=7, kind="account", name="王敏", post="市住建局 演示数据")


@pytest.fixture
def seeded(db):
    calendar.forget()
    calendar.load_seed(by=SYSTEM, at=NOW)
    yield
    calendar.forget()


def changes() -> list[journal.Event]:
    return list(journal.Event.objects.filter(name=calendar.CHANGED, actor_kind="account").order_by("id"))


# --- The rulebook -------------------------------------------------------------------------------------------------


def test_the_seed_has_the_days_of_every_notice_and_a_provisional_2027():
    years = {y.year: y for y in calendar.read_seed()}
    assert sorted(years) == list(range(2019, 2028))
    assert {y for y in years if not years[y].confirmed} == {2027}
    assert sum(len(y.days) for y in years.values() if y.confirmed) == 290
    for year in years.values():
        assert all(d.date.year == year.year and d.name for d in year.days)
        assert len({d.date for d in year.days}) == len(year.days)
        made_up = [d for d in year.days if d.is_workday]
        assert all(d.date.weekday() >= 5 for d in made_up), "only a weekend day can be made a workday"


@pytest.mark.parametrize(
    ("day", "weekday", "works"),
    [
        (date(2026, 1, 4), "日", True),
        (date(2026, 2, 16), "一", False),
        (date(2026, 2, 28), "六", True),
        (date(2026, 5, 9), "六", True),
        (date(2026, 10, 10), "六", True),
        (date(2026, 11, 23), "一", True),
        (date(2026, 11, 28), "六", False),
        (date(2027, 2, 6), "六", False),
        (date(2027, 10, 5), "二", False),
    ],
)
def test_single_days_of_the_seed(day, weekday, works):
    assert "一二三四五六日"[day.weekday()] == weekday
    assert calendar.from_seed().is_workday(day) is works


# --- Seeding ----------------------------------------------------------------------------------------------------


def test_loading_twice_changes_nothing_the_second_time(seeded):
    before = list(CalendarYear.objects.values_list("year", "revision"))
    result = calendar.load_seed(by=SYSTEM, at=NOW)
    assert result == {"loaded": [], "unchanged": list(range(2019, 2028)), "kept": []}
    assert list(CalendarYear.objects.values_list("year", "revision")) == before


def test_the_database_says_what_the_rulebook_says(seeded):
    known, seed = calendar.current(), calendar.from_seed()
    assert (known.exceptions, known.confirmed) == (seed.exceptions, seed.confirmed)


def test_loading_never_overwrites_what_an_officer_has_edited(seeded):
    calendar.edit_day(
        day=date(2026, 12, 7), is_workday=False, name="暴雪停工", source="市政府通告", by=OFFICER, at=NOW
    )
    result = calendar.load_seed(by=SYSTEM, at=NOW)
    assert result["kept"] == [2026]
    assert not calendar.current().is_workday(date(2026, 12, 7))


def test_a_corrected_seed_reaches_the_years_nobody_has_edited(seeded):
    CalendarDay.objects.filter(date=date(2025, 10, 11)).delete()
    calendar.forget()
    assert calendar.load_seed(by=SYSTEM, at=NOW)["loaded"] == [2025]
    assert calendar.current().is_workday(date(2025, 10, 11))


def test_the_command_loads_the_rulebook_and_says_so(db, capsys):
    calendar.forget()
    call_command("load_calendar")
    assert "calendar loaded: 2019, 2020" in capsys.readouterr().out
    call_command("load_calendar")
    assert "calendar unchanged: 2019, 2020" in capsys.readouterr().out


# --- Confirming a year --------------------------------------------------------------------------------------------

NOTICE = [
    DayException(date(2027, 1, 1), False, "元旦"),
    DayException(date(2027, 1, 2), False, "元旦"),
    DayException(date(2027, 1, 3), True, "元旦调休上班"),
]


def test_confirming_a_year_moves_its_deadlines_and_takes_away_the_doubt(seeded):
    start = datetime(2026, 12, 31, 9, 0, tzinfo=TZ)  # 周四
    before = calendar.due(start, Term(1, "workdays"))
    assert (before.at.date(), before.provisional) == (date(2027, 1, 4), True)
    calendar.confirm_year(
        year=2027, exceptions=NOTICE, source="国务院办公厅通知（演示数据）", by=OFFICER, at=NOW
    )
    after = calendar.due(start, Term(1, "workdays"))
    assert (after.at.date(), after.provisional) == (date(2027, 1, 3), False)


def test_confirming_a_year_is_recorded_with_what_was_and_what_is(seeded):
    calendar.confirm_year(
        year=2027, exceptions=NOTICE, source="国务院办公厅通知（演示数据）", by=OFFICER, at=NOW
    )
    (event,) = changes()
    assert (event.actor_name, event.at, event.subject_id) == ("王敏", NOW, 2027)
    assert (event.data["confirmed_before"], event.data["confirmed"]) == (False, True)
    assert event.data["before"]["2027-02-08"] == [False, "春节"]
    assert event.data["after"]["2027-01-03"] == [True, "元旦调休上班"]
    assert "2027-01-01" not in event.data["days"], "a day that stays as it was is no change"


def test_listeners_hear_of_the_change_in_the_same_transaction(seeded):
    heard = []

    @journal.hears(calendar.CHANGED)
    def listen(event):
        heard.append((event.data["year"], calendar.current().is_workday(date(2027, 1, 3))))

    try:
        calendar.confirm_year(year=2027, exceptions=NOTICE, source="通知（演示数据）", by=OFFICER, at=NOW)
    finally:
        journal._listeners[calendar.CHANGED].remove(listen)
    assert heard == [(2027, True)]


def test_confirming_the_same_again_records_nothing(seeded):
    for _time in range(2):
        calendar.confirm_year(year=2027, exceptions=NOTICE, source="通知（演示数据）", by=OFFICER, at=NOW)
    assert len(changes()) == 1


@pytest.mark.parametrize(
    ("exceptions", "source", "field"),
    [
        (NOTICE, "  ", "source"),
        ([*NOTICE, DayException(date(2026, 12, 31), False, "元旦")], "通知", "exceptions"),
        ([*NOTICE, NOTICE[0]], "通知", "exceptions"),
    ],
)
def test_a_notice_without_source_or_with_wrong_days_is_refused(seeded, exceptions, source, field):
    with pytest.raises(Refusal) as refused:
        calendar.confirm_year(year=2027, exceptions=exceptions, source=source, by=OFFICER, at=NOW)
    assert refused.value.field == field
    assert changes() == []
    assert not CalendarYear.objects.get(year=2027).confirmed


# --- A single day ---------------------------------------------------------------------------------------------------


def test_a_holiday_announced_late_moves_a_running_term(seeded):
    term = Term(3, "workdays")
    assert calendar.due(NOW, term).at.date() == date(2026, 11, 26)
    calendar.edit_day(
        day=date(2026, 11, 25),
        is_workday=False,
        name="临时停工",
        source="市政府通告（演示数据）",
        by=OFFICER,
        at=NOW,
    )
    assert calendar.due(NOW, term).at.date() == date(2026, 11, 27)
    calendar.edit_day(day=date(2026, 11, 25), is_workday=None, name="", source="", by=OFFICER, at=NOW)
    assert calendar.due(NOW, term).at.date() == date(2026, 11, 26)
    assert [e.data["days"] for e in changes()] == [["2026-11-25"], ["2026-11-25"]]


def test_a_day_without_a_reason_is_refused(seeded):
    with pytest.raises(Refusal) as refused:
        calendar.edit_day(
            day=date(2026, 11, 25), is_workday=False, name="停工", source="", by=OFFICER, at=NOW
        )
    assert refused.value.field == "source"


def test_nobody_changes_the_calendar_without_its_power(seeded):
    clerk = Trace(account_id=8, kind="public", name="访客")
    with pytest.raises(NotPermitted):
        calendar.edit_day(day=date(2026, 11, 25), is_workday=False, name="停工", source="x", by=clerk, at=NOW)
    with pytest.raises(NotPermitted):
        calendar.confirm_year(year=2027, exceptions=NOTICE, source="通知", by=clerk, at=NOW)
    with pytest.raises(NotPermitted):
        calendar.load_year(year=2027, exceptions=NOTICE, confirmed=True, source="通知", by=OFFICER, at=NOW)
    assert changes() == []


def test_taking_away_what_is_not_there_records_nothing(seeded):
    calendar.edit_day(day=date(2026, 11, 25), is_workday=None, name="", source="", by=OFFICER, at=NOW)
    assert changes() == []


def test_a_year_nobody_has_loaded_is_provisional_and_counts_weekends_only(seeded):
    result = calendar.due(datetime(2031, 12, 31, 9, tzinfo=TZ), Term(1, "workdays"))  # 周三
    assert (result.at.date(), result.provisional) == (date(2032, 1, 1), True)


# --- The cache ------------------------------------------------------------------------------------------------------


def test_a_fresh_calendar_asks_the_database_nothing(seeded, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(calendar._Cache, "asks_always_until", 0.0)
    calendar.current()
    with django_assert_num_queries(0):
        calendar.due(NOW, Term(3, "workdays"))


def test_an_edit_of_another_process_is_seen_after_five_seconds(seeded, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(calendar.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(calendar._Cache, "asks_always_until", 0.0)
    monkeypatch.setattr(calendar._Cache, "calendar", None)
    day = date(2026, 11, 25)
    assert calendar.current().is_workday(day)
    CalendarDay.objects.create(date=day, is_workday=False, name="停工")
    CalendarYear.objects.filter(year=2026).update(revision=99)
    clock[0] += 4.9
    assert calendar.current().is_workday(day)
    clock[0] += 0.2
    assert not calendar.current().is_workday(day)


# --- Saying it ------------------------------------------------------------------------------------------------------


def explained(start: datetime, amount: int, unit: str) -> list[str]:
    found = workdays.due(calendar.from_seed(), start=start, term=Term(amount, unit), tz=TZ)
    with translation.override("zh-hans"):
        return calendar.explain(found.derivation)


def test_a_deadline_over_national_day_is_explained_day_by_day():
    assert explained(datetime(2026, 9, 30, 17, 0, tzinfo=TZ), 3, "workdays") == [
        "自2026年9月30日（周三）17:00起算，期限3个工作日。开始当日不计入。",
        "2026年10月1日（周四）至2026年10月7日（周三）（国庆节，7天）不计入。",
        "2026年10月10日（周六）（国庆节调休上班）计入。",
        "期限至2026年10月10日（周六）24时届满。",
    ]


def test_a_moved_deadline_is_explained():
    assert explained(datetime(2026, 11, 23, 9, 0, tzinfo=TZ), 5, "days") == [
        "自2026年11月23日（周一）09:00起算，期限5日。开始当日不计入。",
        "最后一日为2026年11月28日（周六），是休息日。",
        "2026年11月28日（周六）至2026年11月29日（周日）（周末，2天）不计入。",
        "顺延至其后第一个工作日2026年11月30日（周一）。",
        "期限至2026年11月30日（周一）24时届满。",
    ]


def test_a_provisional_deadline_says_that_it_will_be_worked_out_again():
    said = explained(datetime(2026, 12, 31, 9, 0, tzinfo=TZ), 1, "workdays")
    assert "2027年放假安排尚未公布或尚未录入，此期限为暂定，录入后将重新计算。" in said


def test_hours_and_on_the_spot():
    assert explained(datetime(2026, 11, 23, 9, 5, tzinfo=TZ), 24, "hours") == [
        "自2026年11月23日（周一）09:05起算，期限24小时。",
        "期限至2026年11月24日（周二）09:05届满。",
    ]
    assert explained(datetime(2026, 11, 23, 9, 5, tzinfo=TZ), 0, "days") == [
        "自2026年11月23日（周一）09:05起算，期限当日。",
        "期限至2026年11月23日（周一）24时届满。",
    ]


def test_extensions_and_pauses_are_explained():
    with translation.override("zh-hans"):
        assert calendar.explain(
            [
                {"step": "extend", "days": 5},
                {"step": "pause", "from": "2026-11-23T01:00:00+00:00", "to": "2026-11-24T02:30:00+00:00"},
            ]
        ) == [
            "经批准延长5个工作日，接续计算。",
            "2026年11月23日（周一）09:00至2026年11月24日（周二）10:30中止，不计入期限；恢复后接续计算。",
        ]
