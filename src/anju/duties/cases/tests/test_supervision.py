"""From above and beside: more time, urging, escalation, merging, splitting, unsealing, a changed calendar."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from anju.duties.cases import queries, services
from anju.duties.cases.models import Case
from anju.duties.cases.rules import State
from anju.ground.access.actors import SYSTEM
from anju.ground.foundation import calendar, clocks, journal, ladder, notices
from anju.ground.foundation.calendar import DayException
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.foundation.workdays import Term

pytestmark = pytest.mark.django_db
TZ = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def fixing(reported, walk, friday_9am) -> Case:
    """A case that the company is putting right: 15 days for missing marks."""
    return walk(
        reported(class_code="FA04", text="消防车道没有划线，车停得到处都是"),
        "assign",
        "accept",
        at=friday_9am,
    )


def test_an_extension_is_asked_by_the_handler_and_granted_by_the_dispatcher(
    fixing, company_clerk, wang, friday_9am
):
    before = {clock.kind: clock.due_at for clock in fixing.clocks.filter(stopped_at__isnull=True)}
    asked = services.ask_term(
        case_id=fixing.pk,
        kind="extend",
        days=5,
        reason="划线施工队排期",
        by=company_clerk.actor(friday_9am),
        at=friday_9am,
    )
    with pytest.raises(NotPermitted):
        services.decide_term(
            request_id=asked.pk, granted=True, by=company_clerk.actor(friday_9am), at=friday_9am
        )
    services.decide_term(request_id=asked.pk, granted=True, by=wang.actor(friday_9am), at=friday_9am)
    after = {clock.kind: clock.due_at for clock in fixing.clocks.filter(stopped_at__isnull=True)}
    # The company's own term grows by five workdays; the verification that runs beside it is not the company's to move.
    assert after["rectify"] == calendar.due(before["rectify"], Term(5, "workdays")).at
    assert after["verify"] == before["verify"] < before["rectify"]
    lines = calendar.explain(clocks.replay(fixing.clocks.get(kind="rectify")).derivation)
    assert any("延长5个工作日" in line for line in lines), lines


def test_an_extension_asked_after_the_term_or_twice_is_refused(fixing, company_clerk, wang, friday_9am):
    # A verification that is overdue is no reason to refuse the company.
    rectify = fixing.clocks.get(kind="rectify")
    assert fixing.verify_by < fixing.due_at == rectify.due_at
    late = rectify.due_at + timedelta(hours=1)
    with pytest.raises(Refusal, match="届满前"):
        services.ask_term(
            case_id=fixing.pk, kind="extend", days=5, reason="排期", by=company_clerk.actor(late), at=late
        )
    actor = company_clerk.actor(friday_9am)
    asked = services.ask_term(
        case_id=fixing.pk, kind="extend", days=5, reason="排期", by=actor, at=friday_9am
    )
    services.decide_term(request_id=asked.pk, granted=True, by=wang.actor(friday_9am), at=friday_9am)
    with pytest.raises(Refusal, match="不能再延"):
        services.ask_term(case_id=fixing.pk, kind="extend", days=5, reason="再延", by=actor, at=friday_9am)


def test_a_suspended_case_keeps_what_was_left_of_its_term(fixing, company_clerk, wang, friday_9am):
    before = fixing.verify_by, fixing.due_at
    asked = services.ask_term(
        case_id=fixing.pk,
        kind="suspend",
        reason="等待维修资金审批",
        by=company_clerk.actor(friday_9am),
        at=friday_9am,
    )
    services.decide_term(request_id=asked.pk, granted=True, by=wang.actor(friday_9am), at=friday_9am)
    fixing.refresh_from_db()
    assert fixing.paused_at == friday_9am
    assert fixing.due_at is None
    with pytest.raises(NotAllowedNow, match="中止"):
        services.take_step(
            case_id=fixing.pk,
            act="submit",
            by=company_clerk.actor(friday_9am),
            at=friday_9am,
            note="划线完成，共两百米，通道畅通",
        )
    later = friday_9am + timedelta(days=10)
    services.resume(case_id=fixing.pk, by=company_clerk.actor(later), at=later)
    fixing.refresh_from_db()
    # Verification was due on Wednesday 17: three workdays were left on Friday 12, so it is Thursday 25 from Monday 22;
    # of the rectification seventeen days were left.
    assert [term.astimezone(TZ).date() for term in before] == [date(2024, 7, 17), date(2024, 7, 29)]
    after = fixing.verify_by, fixing.due_at
    assert [term.astimezone(TZ).date() for term in after] == [date(2024, 7, 25), date(2024, 8, 8)]


def test_a_passed_deadline_climbs_the_ladder_and_ends_with_the_duty_officer_or_a_visible_notice(
    reported, city, friday_9am, county_supervisor, city_supervisor
):
    case = reported()
    at = friday_9am
    seen = []
    for _n in range(40):
        at += timedelta(days=1)
        ladder.climb_all(at=at)
        case.refresh_from_db()
        if (rung := ladder.rung_of(case, at)) not in seen:
            seen.append(rung)
    assert seen[0] == 0 or seen[0] == 1
    assert seen[-1] == 4
    assert sorted(seen) == seen
    told = notices.about(case).filter(kind="escalate").order_by("at")
    above = (city.offices.huaiyin_office, city.offices.east_housing, city.offices.city_housing)
    assert [n.organisation_id for n in told][:3] == [office.pk for office in above]
    assert case in queries.escalations(county_supervisor.actor(at), at=at)
    # There is no duty office in this city: the last notice belongs to nobody and stands on the page of all above.
    assert told.last().organisation_id is None
    assert notices.nobodys(city_supervisor.actor(at))


def test_a_sweep_run_twice_escalates_once(reported, friday_9am):
    reported()
    at = friday_9am + timedelta(days=4)
    assert ladder.climb_all(at=at) == 1
    assert ladder.climb_all(at=at) == 0


def test_a_step_starts_again_at_the_bottom_of_the_ladder(reported, walk, friday_9am):
    case = reported(class_code="FF03", text="灭火器压力不足，指针在红区")
    at = friday_9am + timedelta(days=4)
    ladder.climb_all(at=at)
    case = walk(case, "assign", at=at)
    assert ladder.rung_of(case, at) == 0


def test_urging_and_supervising_reach_the_desk_and_are_signed_for(
    fixing, county_supervisor, company_clerk, friday_9am
):
    boss = county_supervisor.actor(friday_9am)
    services.urge(case_id=fixing.pk, by=boss, at=friday_9am, note="请尽快")
    with pytest.raises(Refusal, match="要求"):
        services.supervise(case_id=fixing.pk, by=boss, at=friday_9am)
    made = services.supervise(case_id=fixing.pk, by=boss, at=friday_9am, note="三日内完成")
    fixing.refresh_from_db()
    assert (fixing.urges, fixing.supervised) == (2, True)
    clerk = company_clerk.actor(friday_9am)
    assert len(notices.unread(clerk)) == 2
    notices.read_notice(notice_id=made.pk, by=clerk, at=friday_9am)
    assert len(notices.unread(clerk)) == 1
    with pytest.raises(NotPermitted):
        services.urge(case_id=fixing.pk, by=clerk, at=friday_9am)


def test_the_third_urging_puts_a_case_under_supervision(fixing, wang, county_supervisor, friday_9am):
    # The street may urge; to supervise is not its to ask for, but the rule's to bring about.
    for day in range(2):
        at = friday_9am + timedelta(days=day)
        assert services.urge(case_id=fixing.pk, by=wang.actor(at), at=at, note="请尽快").kind == "urge"
    fixing.refresh_from_db()
    assert not fixing.supervised
    at = friday_9am + timedelta(days=2)
    made = services.urge(case_id=fixing.pk, by=wang.actor(at), at=at)
    fixing.refresh_from_db()
    assert (made.kind, fixing.urges, fixing.supervised) == ("urge", 3, True)
    assert "3" in notices.about(fixing).get(kind="supervise").text
    assert journal.events_of(fixing)[-1].name == "cases.supervise"
    again = friday_9am + timedelta(days=3)
    assert services.urge(case_id=fixing.pk, by=wang.actor(again), at=again).kind == "urge"


def test_two_reports_of_one_matter_are_suggested_merged_and_unmerged(reported, wang, friday_9am, monday_9am):
    first = reported(text="三号楼二单元楼道里停着电动车在充电", class_code="EB02")
    second = reported(
        text="3号楼2单元楼道电动车充电，很危险",
        class_code="EB02",
        reporter=services.Reporter(phone="13700000001"),
    )
    actor = wang.actor(friday_9am)
    likely = queries.duplicates(
        actor, kind="hazard", class_code="EB02", text=second.text, street_id=second.street_id,
        estate_id=second.estate_id, besides=[second.pk], at=friday_9am,
    )  # fmt: skip
    assert [like.case for like in likely] == [first]
    services.merge(into_id=first.pk, case_id=second.pk, by=actor, at=friday_9am)
    second.refresh_from_db()
    assert (second.state, second.merged_into, second.due_at) == (State.MERGED, first, None)
    progress = queries.progress(second.reports.get().code, at=friday_9am)
    assert progress.merged and progress.case_id == first.pk
    assert second.reports.get().reply_due_at is not None
    services.unmerge(case_id=second.pk, by=wang.actor(monday_9am), at=monday_9am, reason="不是同一个单元")
    second.refresh_from_db()
    assert (second.state, second.merged_into) == (State.REPORTED, None)
    assert second.desk == second.dispatcher and second.due_at is not None
    # The case it had been folded into tells it too.
    assert journal.events_of(first)[-1].name == "cases.give_back"


def test_closing_a_case_replies_to_everyone_merged_into_it(reported, walk, wang, friday_9am):
    first = reported()
    second = reported(reporter=services.Reporter(phone="13700000001"))
    services.merge(into_id=first.pk, case_id=second.pk, by=wang.actor(friday_9am), at=friday_9am)
    walk(first, "assign", "accept", "submit", "close", at=friday_9am)
    assert second.reports.get().replied_at is not None


def test_a_split_case_waits_for_its_children(reported, walk, wang, li, photo, friday_9am):
    case = reported(text="楼道充电，而且出口也锁了", uploads=[photo(3), photo(4)])
    chosen = case.evidence.first()
    children = services.split(
        case_id=case.pk,
        parts=[services.Part("EB02", "楼道里给电动车充电", [chosen.pk])],
        by=wang.actor(friday_9am),
        at=friday_9am,
    )
    assert [c.parent for c in children] == [case]
    assert [e.file_id for e in children[0].evidence.all()] == [chosen.file_id]
    case = walk(case, "assign", "accept", "submit", at=friday_9am)
    with pytest.raises(NotAllowedNow, match="子件"):
        walk(case, "close", at=friday_9am)
    walk(children[0], "assign", "accept", "submit", "close", at=friday_9am)
    assert walk(case, "close", at=friday_9am).state == State.CLOSED


def test_a_reporter_stays_sealed_until_a_reason_is_given_and_the_supervisor_is_told(
    reported, li, city_supervisor, company_clerk, friday_9am
):
    case = reported()
    made = case.reports.get()
    sealed = bytes(made.identity.sealed)
    assert "韩梅".encode() not in sealed and b"13912345678" not in sealed
    boss = city_supervisor.actor(friday_9am)
    with pytest.raises(Refusal, match="理由"):
        services.unseal(report_id=made.pk, reason="看看", by=boss, at=friday_9am)
    with pytest.raises(NotPermitted):
        services.unseal(
            report_id=made.pk, reason="需要联系本人核实位置", by=li.actor(friday_9am), at=friday_9am
        )
    with pytest.raises(NotFound):
        services.unseal(
            report_id=made.pk,
            reason="需要联系本人核实位置",
            by=company_clerk.actor(friday_9am),
            at=friday_9am,
        )
    opened = services.unseal(report_id=made.pk, reason="需要联系本人核实位置", by=boss, at=friday_9am)
    assert opened.opened == {"name": "韩梅", "phone": "13912345678"}
    assert journal.events_named(case, "cases.unseal").get().note == "需要联系本人核实位置"
    assert notices.about(case).filter(kind="unseal").exists()


def test_confirming_a_year_moves_open_deadlines_and_journals_each(reported, friday_9am):
    at = datetime(2026, 12, 30, 10, 0, tzinfo=TZ)
    case = reported(at=at, class_code="FF03", text="灭火器过期，瓶身生锈")
    verify = case.clocks.get(kind="verify")
    assert verify.provisional
    before = verify.due_at
    calendar.confirm_year(
        year=2027,
        exceptions=[DayException(date(2027, 1, d), False, "元旦") for d in (1, 4, 5, 6)],
        source="国办发明电〔2026〕某号（演示）",
        by=SYSTEM,
        at=at,
    )
    verify.refresh_from_db()
    assert verify.due_at > before
    assert not verify.provisional
    moved = journal.events_named(case, "cases.deadline_moved")
    assert {one["clock"] for e in moved for one in e.data["moved"]} >= {"verify"}


def test_a_moved_street_takes_its_cases_along(reported, city, friday_9am, county_supervisor):
    from anju.ground.territory import services as territory

    case = reported()
    territory.move_area(
        area_id=city.areas.huaiyin_street.pk,
        parent_id=city.areas.west.pk,
        by=SYSTEM,
        at=friday_9am,
        reason="区划调整",
    )
    case.refresh_from_db()
    assert case.county_id == city.areas.west.pk
    with pytest.raises(NotFound):
        queries.get(county_supervisor.actor(friday_9am), case.pk)


def test_an_administrator_of_the_same_office_sees_and_signs_no_notice_of_a_case(
    reported, city, administrator, city_supervisor, friday_9am
):
    notice = notices.tell(reported(), "escalate", city.offices.city_housing, "超期", at=friday_9am)
    assert list(notices.unread(city_supervisor.actor(friday_9am))) == [notice]
    admin = administrator.actor(friday_9am)
    assert not notices.unread(admin)
    with pytest.raises(NotFound):
        notices.read_notice(notice_id=notice.pk, by=admin, at=friday_9am)


def test_a_supervised_case_stands_beside_the_escalated_ones(reported, county_supervisor, friday_9am):
    case, quiet = reported(), reported(text="灭火器压力不足，指针在红区", class_code="FF03")
    actor = county_supervisor.actor(friday_9am)
    services.supervise(case_id=case.pk, note="今日内查清", by=actor, at=friday_9am)
    listed = queries.escalations(actor, at=friday_9am)
    assert case in listed and quiet not in listed


def test_the_map_counts_a_community_that_has_nothing_below_it(reported, county_supervisor, city, friday_9am):
    reported()
    rows = queries.map_rows(county_supervisor.actor(friday_9am), city.areas.huaiyin, at=friday_9am)
    assert [(row["id"], row["open"]) for row in rows] == [(city.areas.huaiyin.pk, 1)]
