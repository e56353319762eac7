"""The closed loop, verb by verb: state, deadline, trace; each refusal beside its success."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from anju.duties.cases import queries, rules, services
from anju.duties.cases.models import Case, Report
from anju.duties.cases.queries import catalogue
from anju.duties.cases.rules import State
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation import devices, journal, ladder
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import (
    Conflict,
    NeedsConfirmation,
    NotAllowedNow,
    NotFound,
    NotPermitted,
    Refusal,
)

pytestmark = pytest.mark.django_db
TZ = ZoneInfo("Asia/Shanghai")


def names(case: Case) -> list[str]:
    return [event.name.removeprefix("cases.") for event in journal.events_of(case)]


def test_a_report_finds_its_offices_by_the_routing_rules_and_says_which_rule(reported, city):
    case = reported()
    assert case.state == State.REPORTED
    assert case.desk == case.dispatcher == city.offices.huaiyin_office
    assert case.handler == city.offices.company
    assert case.checker == city.offices.huaiyin_community
    assert case.routing_rule
    assert queries.routing_reason(case.routing_rule)


def test_a_blocked_exit_must_be_verified_within_24_hours_and_a_worn_extinguisher_within_3_workdays(reported):
    exit_ = reported().clocks.get(kind="verify")
    assert exit_.due_at == datetime(2024, 7, 13, 9, 0, tzinfo=TZ)
    other = reported(class_code="FF03", text="灭火器压力不足，指针在红区").clocks.get(kind="verify")
    assert other.due_at.astimezone(TZ) == datetime(2024, 7, 17, 23, 59, 59, tzinfo=TZ)


def test_a_hazard_goes_from_report_to_closing_with_a_trace_of_every_act(reported, walk, friday_9am):
    case = walk(reported(), "assign", "accept", "submit", "close", at=friday_9am + timedelta(hours=2))
    assert case.state == State.CLOSED
    assert case.on_time is True
    assert case.due_at is None
    assert names(case) == ["report", "assign", "accept", "submit", "close"]
    assert not case.clocks.filter(stopped_at__isnull=True).exists()


def test_the_reporter_gets_the_closing_text_as_the_reply(reported, walk, friday_9am):
    case = walk(reported(), "assign", "accept", "submit", "close", at=friday_9am + timedelta(hours=2))
    told = queries.progress(case.reports.get().code, at=friday_9am + timedelta(days=1))
    assert "锁具已拆除" in told.reply_text
    assert told.can_rate


def test_a_case_cannot_be_closed_before_anyone_has_checked_it(reported, walk, li, friday_9am):
    case = walk(reported(), "assign", "accept", at=friday_9am)
    before = names(case)
    with pytest.raises(NotAllowedNow, match="整改中") as refused:
        services.take_step(
            case_id=case.pk,
            act="close",
            by=li.actor(friday_9am),
            at=friday_9am,
            note="看过了，没有问题，通道畅通",
        )
    # What is hers; the rest is the company's.
    assert refused.value.data["allowed"] == ["verify", "correct", "annotate"]
    assert names(case) == before


def test_a_failed_recheck_sends_it_back_with_a_new_term(reported, walk, friday_9am, monday_9am):
    case = walk(reported(), "assign", "accept", "submit", "send_back", at=friday_9am)
    assert case.state == State.FIXING
    assert case.send_backs == 1
    assert case.due_clock == "rectify"
    case = walk(case, "submit", "close", at=monday_9am)
    assert case.state == State.CLOSED


@pytest.mark.parametrize(("late", "on_time"), [(timedelta(hours=-1), True), (timedelta(hours=1), False)])
def test_a_rectification_that_did_not_hold_was_not_in_time(reported, walk, li, friday_9am, late, on_time):
    """Its term is measured by when the one that held was handed in; a new term does not make up for it."""
    case = walk(reported(), "assign", "accept", at=friday_9am)
    first = case.clocks.get(kind="rectify")
    sent_back = first.due_at - timedelta(hours=3)
    case = walk(case, "submit", "send_back", at=sent_back)
    again = case.clocks.get(kind="rectify", stopped_at=None)
    handed_in = first.due_at + late
    assert handed_in < again.due_at
    case = walk(case, "submit", "close", at=handed_in)
    assert case.on_time is on_time
    shown = queries.dossier(li.actor(handed_in), case.pk, at=handed_in)
    assert shown.failed == [first]


def test_finders_who_close_what_was_put_right_late_do_not_make_it_punctual(reported, walk, li, friday_9am):
    case = walk(reported(), "assign", "accept", at=friday_9am)
    late = case.clocks.get(kind="rectify").due_at + timedelta(hours=1)
    walk(case, "submit", at=late)
    closed = services.close_at_recheck(case_id=case.pk, by=li.actor(late), at=late, note="复查已改正")
    assert closed.on_time is False


def test_a_returned_case_goes_to_the_dispatcher_and_not_back_to_who_returned_it(
    reported, walk, wang, city, friday_9am
):
    case = walk(reported(), "assign", "return_back", at=friday_9am)
    assert (case.state, case.desk) == (State.RETURNED, city.offices.huaiyin_office)
    with pytest.raises(NeedsConfirmation, match="安邻物业"):
        services.take_step(case_id=case.pk, act="assign", by=wang.actor(friday_9am), at=friday_9am)
    case = services.take_step(
        case_id=case.pk,
        act="assign",
        by=wang.actor(friday_9am),
        at=friday_9am,
        handler_id=city.offices.urban_management.pk,
    )
    assert case.desk == city.offices.urban_management


def test_only_the_office_in_turn_may_act(reported, walk, li, wang, friday_9am):
    case = walk(reported(), "assign", at=friday_9am)
    with pytest.raises(NotPermitted, match="安邻物业"):
        services.take_step(case_id=case.pk, act="accept", by=wang.actor(friday_9am), at=friday_9am)
    with pytest.raises(NotPermitted):
        services.take_step(case_id=case.pk, act="accept", by=li.actor(friday_9am), at=friday_9am)


def test_an_officer_of_another_county_finds_nothing(reported, outsider, friday_9am):
    case = reported()
    actor = outsider.actor(friday_9am)
    with pytest.raises(NotFound):
        queries.get(actor, case.pk)
    with pytest.raises(NotFound):
        services.take_step(case_id=case.pk, act="assign", by=actor, at=friday_9am)
    assert not queries.listing(actor, queries.Filters(), at=friday_9am).exists()


def test_a_company_sees_a_hazard_only_once_it_was_handed_out(
    reported, walk, company_clerk, other_clerk, friday_9am
):
    case = reported()
    with pytest.raises(NotFound):
        queries.get(company_clerk.actor(friday_9am), case.pk)
    walk(case, "assign", at=friday_9am)
    assert queries.get(company_clerk.actor(friday_9am), case.pk) == case
    with pytest.raises(NotFound):
        queries.get(other_clerk.actor(friday_9am), case.pk)


def test_a_rectification_without_a_photo_is_asked_for_one(reported, walk, company_clerk, friday_9am):
    case = walk(reported(), "assign", "accept", at=friday_9am)
    with pytest.raises(Refusal, match="照片"):
        services.take_step(
            case_id=case.pk,
            act="submit",
            by=company_clerk.actor(friday_9am),
            at=friday_9am,
            note="当日上午剪断铁链拆除门锁，出口恢复常开",
        )
    case.refresh_from_db()
    assert case.state == State.FIXING


@pytest.mark.parametrize("said", ["已整改", "已整改完毕。", "好", "安全出口锁闭、封堵", "情况属实"])
def test_a_text_that_says_nothing_is_challenged_and_insisting_leaves_a_mark(
    reported, walk, li, friday_9am, said
):
    case = walk(reported(), "assign", "accept", "submit", at=friday_9am)
    with pytest.raises(NeedsConfirmation) as asked:
        services.take_step(case_id=case.pk, act="close", by=li.actor(friday_9am), at=friday_9am, note=said)
    assert asked.value.data["confirm"] == "insist"
    case = services.take_step(
        case_id=case.pk, act="close", by=li.actor(friday_9am), at=friday_9am, note=said, insist=True
    )
    assert case.closing_insisted
    assert journal.events_named(case, "cases.close").get().data["doubts"] == ["says_nothing"]


def test_the_same_request_key_acts_once(reported, wang, friday_9am):
    first = reported(key="resident-1")
    again = reported(key="resident-1")
    assert first == again
    assert Case.objects.count() == Report.objects.count() == 1
    for _n in range(2):
        services.take_step(
            case_id=first.pk, act="assign", by=wang.actor(friday_9am), at=friday_9am, key="a-1"
        )
    assert names(first) == ["report", "assign"]
    with pytest.raises(Conflict):
        services.take_step(
            case_id=first.pk, act="void", by=wang.actor(friday_9am), at=friday_9am, note="x", key="a-1"
        )


def test_the_journal_refuses_change_and_removal(reported):
    from django.db import DatabaseError, transaction

    reported()
    for change in (lambda: Event.objects.update(note="x"), lambda: Event.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_bad_rating_reopens_the_case_at_the_level_above(reported, walk, city, friday_9am, monday_9am):
    case = walk(reported(), "assign", "accept", "submit", "close", at=friday_9am)
    code = case.reports.get().code
    with pytest.raises(Refusal, match="哪里"):
        services.rate(code=code, rating=1, reason="", by=PUBLIC, at=monday_9am)
    services.rate(code=code, rating=1, reason="锁又装回去了，根本没解决", by=PUBLIC, at=monday_9am)
    case.refresh_from_db()
    assert (case.state, case.desk) == (State.REPORTED, city.offices.east_housing)
    assert case.satisfaction == 1
    with pytest.raises(NotAllowedNow):
        services.rate(code=code, rating=3, reason="", by=PUBLIC, at=monday_9am)


def test_a_good_rating_is_kept_and_closes_the_matter(reported, walk, friday_9am, monday_9am):
    case = walk(reported(), "assign", "accept", "submit", "close", at=friday_9am)
    services.rate(code=case.reports.get().code, rating=3, reason="", by=PUBLIC, at=monday_9am)
    case.refresh_from_db()
    assert (case.state, case.satisfaction) == (State.CLOSED, 3)


def test_a_device_that_reports_too_often_is_slowed_down_and_no_telephone_is_locked_for_its_owner(
    reported, friday_9am
):
    device = devices.new(at=friday_9am - timedelta(minutes=5))

    def again(minutes: float, **told) -> Case:
        by = {"phone": "13912345678", "origin": "203.0.113.9", "device": device} | told
        return reported(
            text="楼道堆放杂物很多",
            reporter=services.Reporter(**by),
            at=friday_9am + timedelta(minutes=minutes),
        )

    for n in range(5):
        again(n / 10)
    with pytest.raises(services.TooSoon, match="119") as refused:
        again(0.5)
    assert 0 < refused.value.data["retry_after"] <= 60
    again(1.5)
    with pytest.raises(services.TooSoon, match="2分钟"):
        again(1.6)
    again(2, device=devices.new(at=friday_9am))


def test_words_of_two_characters_and_more_are_found_exactly(reported, wang, friday_9am):
    case = reported(text="路灯坏了，中山路12号门口很暗", place="中山路12号")
    other = reported(text="楼道里有人给电动车充电", class_code="EB02")
    actor = wang.actor(friday_9am)

    def found(text: str) -> set[Case]:
        return set(queries.listing(actor, queries.filters_from({"q": text}), at=friday_9am))

    assert found("路灯") == {case}
    assert found("中山路12号") == {case}
    assert found("电动车") == {other}
    assert found("槐荫小区") == {case, other}
    assert found("路灯 12号") == {case}
    assert found("灯路") == set()
    assert found(case.number) == {case}


def test_every_case_shows_its_steps_in_plain_words_to_the_reporter_without_names(reported, walk, friday_9am):
    case = walk(reported(), "assign", "accept", "submit", "close", at=friday_9am)
    told = queries.progress(case.reports.get().code.lower(), at=friday_9am)
    said = " ".join(str(step) for step in told.steps)
    assert len(told.steps) == 5
    assert "王建国" not in said and "孙悦" not in said


def test_a_repeat_by_the_same_person_is_marked(reported, friday_9am):
    assert reported().repeat is False
    assert reported(at=friday_9am + timedelta(days=2)).repeat is True


def test_each_class_code_of_the_rulebook_can_be_reported(reported, friday_9am):
    for kind in rules.KIND_LABELS:
        for n, code in enumerate(catalogue.classes(kind, on=friday_9am.date())):
            case = reported(
                kind=kind, class_code=code, text=f"情况说明之{code}", reporter=None, key=f"{kind}{n}"
            )
            assert case.desk is not None
            assert case.handler is not None, code
            assert case.checker is not None, code


def test_an_unknown_class_and_an_empty_text_are_refused_with_a_sentence(reported):
    with pytest.raises(Refusal, match="XX99"):
        reported(class_code="XX99")
    with pytest.raises(Refusal, match="至少四个字"):
        reported(text="  ")


def test_small_numbers_of_an_estate_are_withheld_from_the_public(reported, city, friday_9am):
    for n in range(6):
        reported(text=f"第{n}处楼道堆放纸箱", class_code="ST01", reporter=None)
    reported(text="一处灭火器过期，瓶身生锈", class_code="FF03", reporter=None)
    counts = queries.estate_counts(city.estates.huaiyin, at=friday_9am)
    assert counts.open == 7
    # One extinguisher is withheld, and with it the six, or the total would betray it.
    assert {n for _label, n in counts.by_class} == {None}


def test_a_matter_done_again_is_answered_again_and_can_be_rated_again(
    reported, walk, county_supervisor, friday_9am, monday_9am
):
    case = walk(reported(), "assign", "accept", "submit", "close", at=friday_9am)
    code = case.reports.get().code
    services.rate(code=code, rating=1, reason="锁又装回去了，根本没解决", by=PUBLIC, at=monday_9am)
    waiting = queries.progress(code, at=monday_9am)
    assert not waiting.can_rate and waiting.rating == 1
    assert case.reports.get().replied_at is None
    # Twenty days end on a Sunday.
    assert waiting.reply_due_at == datetime(2024, 8, 5, 23, 59, 59, tzinfo=TZ)

    actor, later = county_supervisor.actor(monday_9am), monday_9am + timedelta(hours=3)
    services.take_step(case_id=case.pk, act="assign", by=actor, at=monday_9am)
    case = walk(case, "accept", at=monday_9am)
    case.refresh_from_db()
    case = walk(case, "submit", "close", at=later)
    again = queries.progress(code, at=later)
    assert again.can_rate and "锁具已拆除" in again.reply_text
    services.rate(code=code, rating=3, reason="", by=PUBLIC, at=later, key="again")
    services.rate(code=code, rating=3, reason="", by=PUBLIC, at=later, key="again")
    told = case.reports.get()
    # The figures count what was said first; what was said last is told to the reporter, with its own reason only.
    assert (told.rating, told.last_rating, told.rating_reason) == (1, 3, "")
    assert not queries.progress(code, at=later).can_rate
    with pytest.raises(NotAllowedNow, match="评价过"):
        services.rate(code=code, rating=2, reason="", by=PUBLIC, at=later)
    assert names(case).count("rate") == 2


def test_everybody_whose_report_was_merged_is_answered_anew_when_the_matter_is_reopened(
    reported, walk, wang, city, friday_9am, monday_9am
):
    case, other = reported(), reported(text="三号楼二单元的出口锁着，出不去")
    services.merge(into_id=case.pk, case_id=other.pk, by=wang.actor(friday_9am), at=friday_9am)
    walk(case, "assign", "accept", "submit", "close", at=friday_9am)
    second = other.reports.get()
    assert second.replied_at is not None
    services.rate(code=second.code, rating=1, reason="锁又装回去了，根本没解决", by=PUBLIC, at=monday_9am)
    assert not Report.objects.filter(replied_at__isnull=False).exists()
    told = queries.progress(second.code, at=monday_9am)
    assert [step.label for step in told.steps].count("已收到您反映的问题") == 1


def test_the_reporter_reads_that_a_late_matter_went_up_and_who_looks_after_it_now(
    reported, county_supervisor, friday_9am
):
    case, at = reported(), friday_9am
    for _n in range(12):
        at += timedelta(days=1)
        ladder.climb_all(at=at)
    services.supervise(case_id=case.pk, note="三日内办结", by=county_supervisor.actor(at), at=at)
    told = [step.label for step in queries.progress(case.reports.get().code, at=at).steps]
    assert told == ["已收到您反映的问题", "超过期限，已报上级单位督促", "上级单位已挂牌督办"]
