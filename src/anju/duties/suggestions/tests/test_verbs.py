"""The verbs: each beside what it refuses."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from anju.duties.cases import services as cases
from anju.duties.suggestions import queries, rules, services
from anju.duties.suggestions.models import CoHandling, Reply, Suggestion, YearlyReport
from anju.duties.suggestions.queries import letter
from anju.duties.suggestions.services import Draft, Signer
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation import calendar, clocks, journal, ladder, notices
from anju.ground.foundation.models import Notice
from anju.ground.foundation.refusals import (
    Conflict,
    NeedsConfirmation,
    NotAllowedNow,
    NotFound,
    NotPermitted,
    Refusal,
)
from anju.means.figures.models import FigureSnapshot
from anju.means.figures.queries import letter as report

from .conftest import DRAFT, on

MORNING = on("2024-04-15")


def days(suggestion: Suggestion) -> dict[str, str]:
    """Return the running terms of a suggestion: {clock: last day}."""
    found = suggestion.clocks.filter(stopped_at__isnull=True)
    return {c.kind: f"{c.due_at.astimezone(MORNING.tzinfo):%Y-%m-%d}" for c in found}


# --- registering ------------------------------------------------------------------------------------------------------


def test_a_suggestion_is_registered_with_its_signatories_and_lies_with_who_registered_it(registered, offices):
    made = registered(
        deputies=[Signer("郜演一", "东湖区代表团", "13800001234"), Signer("秦演二", "西山县代表团")]
    )
    assert (made.state, made.desk_id) == (rules.State.REGISTERED, offices.city_housing.pk)
    first, second = made.signatories.all()
    assert (first.deputy.name, first.place, second.place) == ("郜演一", 1, 2)
    assert first.code != second.code and len(first.code) == 10
    assert b"13800001234" not in bytes(first.deputy.phone_sealed)
    assert first.deputy.phone_tail == "1234"


def test_the_same_key_registers_once(registered):
    assert registered(key="k1").pk == registered(key="k1").pk
    assert Suggestion.objects.count() == 1


def test_a_number_is_registered_once_a_meeting(registered):
    registered()
    with pytest.raises(Conflict, match="已经登记"):
        registered()


def test_the_reports_sentence_is_put_in_at_once_with_its_six_figures(walk, handling, city_supervisor):
    at = on("2024-07-01")
    clerk = city_supervisor.actor(at)
    walk(handling, "draft", at=at)
    before = handling.replies.get().sections[0]["text"]
    reply = services.insert_figure(
        suggestion_id=handling.pk, section=0, measure="report", start=date(2024, 1, 1), end=date(2024, 7, 15),
        territory="9901", by=clerk, at=at,
    )  # fmt: skip
    kept, put_in = reply.sections[0]["text"].rsplit("\n", 1)
    assert kept == before
    assert put_in.startswith(
        "2024年1月1日至2024年7月15日，试点市公安派出所共检查单位{{figure:units_inspected|"
    )
    assert [line.measure for line in rules.references(put_in)] == list(report.SIX)
    computed = letter.compute(rules.references(reply.body), actor=clerk, at=at)
    assert "罚款0元。" in letter.preview_text(reply, computed)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"title": "短"}, "标题"),
        ({"meeting": " "}, "会议"),
        ({"text": ""}, "内容"),
        ({"number": 0}, "编号"),
        ({"received_on": date(2024, 4, 16)}, "收到日期"),
        ({"deputies": []}, "至少填写一位代表"),
        ({"deputies": [Signer("郜演一", "")]}, "代表团"),
        ({"deputies": [Signer("郜演一", "甲"), Signer("郜演一", "甲")]}, "两次"),
        ({"publication": "withheld"}, "理由"),
        ({"publication": "maybe"}, "是否公开"),
    ],
)
def test_what_cannot_be_registered_is_said(registered, told, sentence):
    with pytest.raises(Refusal, match=sentence):
        registered(**told)


def test_somebody_without_the_power_registers_nothing(registered, police_officer):
    with pytest.raises(NotPermitted):
        registered(by=police_officer.actor(MORNING))


# --- handing out ------------------------------------------------------------------------------------------------------


def test_handing_out_starts_every_term(registered, offices, city_supervisor):
    made = registered()
    services.assign(
        suggestion_id=made.pk, lead_id=offices.east_housing.pk, co_ids=[offices.fire.pk],
        by=city_supervisor.actor(MORNING), at=MORNING,
    )  # fmt: skip
    made.refresh_from_db()
    assert (made.state, made.desk_id) == (rules.State.ASSIGNED, offices.east_housing.pk)
    # 15 April is a Monday; Labour Day takes 1 to 5 May, 28 April is worked.
    assert days(made) == {"routing": "2024-04-28", "answer": "2024-07-15", "opinion": "2024-06-17"}
    assert made.due_clock == "routing"


@pytest.mark.parametrize(
    ("lead", "co", "sentence"),
    [
        ("company", (), "列出的主办单位"),
        ("east_housing", ("east_housing",), "不能同时"),
        ("fire", ("company",), "协办单位"),
    ],
)
def test_only_offices_of_the_place_are_asked(registered, offices, city_supervisor, lead, co, sentence):
    made = registered()
    with pytest.raises(Refusal, match=sentence):
        services.assign(
            suggestion_id=made.pk, lead_id=getattr(offices, lead).pk,
            co_ids=[getattr(offices, name).pk for name in co],
            by=city_supervisor.actor(MORNING), at=MORNING,
        )  # fmt: skip


def test_wrongly_sent_it_goes_back_within_ten_workdays_and_is_handed_out_again(
    registered, offices, city_supervisor, county_supervisor
):
    made = registered()
    clerk, east = city_supervisor.actor(MORNING), county_supervisor.actor(MORNING)
    services.assign(suggestion_id=made.pk, lead_id=offices.east_housing.pk, by=clerk, at=MORNING)
    later = on("2024-04-28", 17)
    services.refuse_routing(suggestion_id=made.pk, note="属城市管理部门职责", by=east, at=later)
    made.refresh_from_db()
    assert (made.state, made.desk_id, made.lead_id) == (rules.State.RETURNED, offices.city_housing.pk, None)
    assert days(made) == {"reassign": "2024-05-14"}
    with pytest.raises(NotFound):
        queries.get(east, made.pk)
    again = on("2024-05-06")
    clerk = city_supervisor.actor(again)
    with pytest.raises(NeedsConfirmation, match="不属其职责"):
        services.assign(suggestion_id=made.pk, lead_id=offices.east_housing.pk, by=clerk, at=again)
    services.assign(suggestion_id=made.pk, lead_id=offices.urban_management.pk, by=clerk, at=again)
    made.refresh_from_db()
    assert days(made) == {"routing": "2024-05-17", "answer": "2024-08-06"}
    assert [e.name for e in journal.events_of(made)][-1] == "suggestions.assign"


def test_after_ten_workdays_it_cannot_be_sent_back(registered, offices, city_supervisor, county_supervisor):
    made = registered()
    services.assign(
        suggestion_id=made.pk, lead_id=offices.east_housing.pk, by=city_supervisor.actor(MORNING), at=MORNING
    )
    late = on("2024-04-29")
    with pytest.raises(NotAllowedNow, match="期限"):
        services.refuse_routing(
            suggestion_id=made.pk, note="属城市管理部门职责", by=county_supervisor.actor(late), at=late
        )


def test_only_the_office_whose_turn_it_is_acts(registered, offices, city_supervisor, county_supervisor):
    made = registered()
    services.assign(
        suggestion_id=made.pk, lead_id=offices.east_housing.pk, by=city_supervisor.actor(MORNING), at=MORNING
    )
    with pytest.raises(NotPermitted, match="东湖区"):
        services.accept(suggestion_id=made.pk, by=city_supervisor.actor(MORNING), at=MORNING)
    services.accept(suggestion_id=made.pk, by=county_supervisor.actor(MORNING), at=MORNING)
    with pytest.raises(NotAllowedNow, match="办理中"):
        services.accept(suggestion_id=made.pk, by=county_supervisor.actor(MORNING), at=MORNING)


def test_an_outsider_finds_nothing(registered, outsider):
    made = registered()
    with pytest.raises(NotFound):
        services.accept(suggestion_id=made.pk, by=outsider.actor(MORNING), at=MORNING)


# --- opinions, extension, talks ---------------------------------------------------------------------------------------


@pytest.fixture
def shared(registered, offices, city_supervisor) -> Suggestion:
    """A suggestion led by the city bureau with the fire brigade asked for its opinion."""
    made = registered()
    clerk = city_supervisor.actor(MORNING)
    services.assign(
        suggestion_id=made.pk, lead_id=offices.city_housing.pk, co_ids=[offices.fire.pk], by=clerk, at=MORNING
    )
    services.accept(suggestion_id=made.pk, by=clerk, at=MORNING)
    return Suggestion.objects.get(pk=made.pk)


def test_a_co_handler_gives_its_opinion_once(shared, fire_officer, police_officer):
    co = CoHandling.objects.get()
    officer = fire_officer.actor(MORNING)
    with pytest.raises(Refusal, match="十个字"):
        services.give_opinion(co_handling_id=co.pk, opinion="同意", by=officer, at=MORNING)
    with pytest.raises(NotFound):
        services.give_opinion(
            co_handling_id=co.pk,
            opinion="我们检查了全部小区的消防车道",
            by=police_officer.actor(MORNING),
            at=MORNING,
        )
    services.give_opinion(
        co_handling_id=co.pk, opinion="我们检查了全部小区的消防车道", by=officer, at=MORNING
    )
    assert "opinion" not in days(shared)
    with pytest.raises(NotAllowedNow, match="已经提交"):
        services.give_opinion(co_handling_id=co.pk, opinion="再补充一些检查情况说明", by=officer, at=MORNING)


def test_the_lead_does_not_speak_for_a_co_handler(shared, city_supervisor):
    with pytest.raises(NotPermitted, match="协办单位自己"):
        services.give_opinion(
            co_handling_id=CoHandling.objects.get().pk, opinion="代其填写一份协办意见",
            by=city_supervisor.actor(MORNING), at=MORNING,
        )  # fmt: skip


def test_a_hard_one_is_extended_once_to_six_months_from_the_assignment(shared, city_supervisor):
    at = on("2024-07-10")
    clerk = city_supervisor.actor(at)
    with pytest.raises(Refusal, match="至少10个字"):
        services.extend(suggestion_id=shared.pk, reason="难办", by=clerk, at=at)
    services.extend(
        suggestion_id=shared.pk, reason="涉及资金安排，已当面向代表说明并取得理解", by=clerk, at=at
    )
    shared.refresh_from_db()
    assert days(shared)["answer"] == "2024-10-15"
    clock = shared.clocks.get(kind="answer")
    assert any("6个月" in line for line in letter.in_chinese(lambda: clocks.derivation(clock)))
    assert Notice.objects.filter(kind="extend").count() == 1
    with pytest.raises(NotAllowedNow, match="一次"):
        services.extend(suggestion_id=shared.pk, reason="涉及资金安排，已当面向代表说明", by=clerk, at=at)


def test_after_its_term_nothing_is_extended(shared, city_supervisor):
    at = on("2024-07-16")
    with pytest.raises(NotAllowedNow, match="已过"):
        services.extend(
            suggestion_id=shared.pk,
            reason="涉及资金安排，已当面向代表说明",
            by=city_supervisor.actor(at),
            at=at,
        )


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"kind": "letter"}, "kind"),
        ({"attitude": "?"}, "attitude"),
        ({"held_on": date(2024, 4, 1)}, "held_on"),
        ({"held_on": date(2024, 4, 16)}, "held_on"),
        ({"content": "谈了"}, "content"),
        ({"place": ""}, "place"),
    ],
)
def test_a_talk_says_when_where_who_and_what(shared, city_supervisor, told, field):
    values = {
        "signatory_id": shared.signatories.get().pk, "kind": "visit", "held_on": date(2024, 4, 15),
        "place": "代表工作室", "attendees": "物业科", "content": "当面汇报办理思路并听取意见", "attitude": "agrees",
        "by": city_supervisor.actor(MORNING), "at": MORNING,
    }  # fmt: skip
    with pytest.raises(Refusal) as refused:
        services.hold_talk(**values | told)
    assert refused.value.field == field
    assert services.hold_talk(**values).attitude == "agrees"


def test_a_telephone_is_opened_with_a_trace(shared, city_supervisor, fire_officer):
    signatory = shared.signatories.get()
    number = services.reveal_phone(signatory_id=signatory.pk, by=city_supervisor.actor(MORNING), at=MORNING)
    assert number == "13800001234"
    assert journal.events_named(shared, "suggestions.reveal_phone").count() == 1
    with pytest.raises(NotPermitted, match="主办单位"):
        services.reveal_phone(signatory_id=signatory.pk, by=fire_officer.actor(MORNING), at=MORNING)


# --- the letter -------------------------------------------------------------------------------------------------------


def hazards(city, n: int, at) -> None:
    """Report so many hazards, so that there is something to count."""
    for number in range(n):
        cases.report(
            kind="hazard", class_code="EG02", text=f"二单元{number}楼安全出口被铁链锁住", by=PUBLIC, at=at,
            channel="portal", estate=city.estates.huaiyin,
            reporter=cases.Reporter(phone=f"1390000{number:04d}", origin=f"203.0.113.{number}"),
        )  # fmt: skip


def reference(measure: str = "received", start: str = "2024-01-01", end: str = "2024-07-15") -> str:
    return f"{{{{figure:{measure}|{start}|{end}|9901}}}}"


def with_text(text: str, **told) -> Draft:
    values = {"sections": [{"heading": "工作情况", "text": text}], "result_class": "B"}
    values |= {"contact": "冯演联", "phone": "0373-0000001"}
    return Draft(**values | told)


@pytest.fixture
def handling(registered, walk) -> Suggestion:
    """A suggestion that the city bureau is handling, its deputy spoken with."""
    return walk(registered(), "assign", "accept", "talk", at=MORNING)


def test_two_people_do_not_overwrite_each_other(handling, city_supervisor):
    clerk = city_supervisor.actor(MORNING)
    first = services.draft_reply(suggestion_id=handling.pk, draft=DRAFT, by=clerk, at=MORNING)
    services.draft_reply(suggestion_id=handling.pk, draft=DRAFT, by=clerk, at=MORNING, version=first.version)
    with pytest.raises(Conflict, match="保存过草稿"):
        services.draft_reply(
            suggestion_id=handling.pk, draft=DRAFT, by=clerk, at=MORNING, version=first.version
        )


def test_a_figure_is_put_in_by_reference_and_computed_live(city, handling, city_supervisor):
    at = on("2024-07-01")
    clerk = city_supervisor.actor(at)
    hazards(city, 2, on("2024-05-05"))
    services.draft_reply(suggestion_id=handling.pk, draft=with_text("今年以来，"), by=clerk, at=at)
    reply = services.insert_figure(
        suggestion_id=handling.pk, section=0, measure="received", start=date(2024, 1, 1), end=date(2024, 7, 15),
        territory="9901", by=clerk, at=at,
    )  # fmt: skip
    assert reference() in reply.sections[0]["text"]
    (figure,) = letter.compute(rules.references(reply.body), actor=clerk, at=at).values()
    assert (figure.printed, figure.scope) == ("2", "试点市")
    hazards(city, 3, on("2024-06-06"))
    (figure,) = letter.compute(rules.references(reply.body), actor=clerk, at=at).values()
    assert figure.printed == "5"


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"measure": "no_such"}, "算不出来"),
        ({"territory": "4107"}, "算不出来"),
        ({"measure": "on_time_rate"}, "没有可以计算"),
        ({"section": 7}, "哪一部分"),
        ({"start": date(2024, 8, 1), "end": date(2024, 7, 1)}, "晚于"),
        ({"measure": "a|b"}, "请选择"),
    ],
)
def test_a_figure_that_cannot_be_computed_is_not_put_in(handling, city_supervisor, told, sentence):
    at = on("2024-07-01")
    values = {
        "suggestion_id": handling.pk, "section": 0, "measure": "received", "start": date(2024, 1, 1),
        "end": date(2024, 6, 30), "territory": "9901", "by": city_supervisor.actor(at), "at": at,
    }  # fmt: skip
    with pytest.raises(Refusal, match=sentence):
        services.insert_figure(**values | told)


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        (with_text(""), "还没有正文"),
        (with_text("正文", result_class=""), "办理结果"),
        (with_text("正文", contact=""), "联系人"),
        (with_text("检查{{figure:received}}家"), "不完整"),
        (with_text(f"检查{reference('no_such')}家"), "无法计算"),
        (with_text(f"检查{reference('received', '2024-09-01', '2024-09-30')}家"), "还没有开始"),
    ],
)
def test_an_unsound_letter_is_not_sent_up(handling, city_supervisor, draft, sentence):
    at = on("2024-07-01")
    clerk = city_supervisor.actor(at)
    services.draft_reply(suggestion_id=handling.pk, draft=draft, by=clerk, at=at)
    with pytest.raises(Refusal, match=sentence):
        services.submit_for_signature(suggestion_id=handling.pk, by=clerk, at=at)


def test_a_figure_typed_by_hand_near_a_reference_must_be_confirmed(city, handling, city_supervisor, leader):
    at = on("2024-07-01")
    clerk = city_supervisor.actor(at)
    hazards(city, 12, on("2024-05-05"))
    draft = with_text(f"今年以来收到隐患{reference()}处，其中12处已整改。")
    services.draft_reply(suggestion_id=handling.pk, draft=draft, by=clerk, at=at)
    with pytest.raises(NeedsConfirmation, match="手写的“12”与引用的数字12相近"):
        services.submit_for_signature(suggestion_id=handling.pk, by=clerk, at=at)
    services.submit_for_signature(suggestion_id=handling.pk, by=clerk, at=at, insist=True)
    # What was confirmed is not asked again of the leader, and stands in the journal.
    services.sign(suggestion_id=handling.pk, by=leader[1](at), at=at)
    assert journal.events_named(handling, "suggestions.submit_for_signature")[0].data["confirmed"]


def test_a_talk_not_held_and_an_opinion_still_out_are_asked_about(shared, city_supervisor):
    at = on("2024-07-01")
    clerk = city_supervisor.actor(at)
    services.draft_reply(suggestion_id=shared.pk, draft=DRAFT, by=clerk, at=at)
    with pytest.raises(NeedsConfirmation, match="走访或面商.*协办意见还没有提交"):
        services.submit_for_signature(suggestion_id=shared.pk, by=clerk, at=at)


def test_only_the_main_leader_signs(handling, walk, city_supervisor, hire, offices):
    at = on("2024-07-01")
    walk(handling, "draft", "submit", at=at)
    with pytest.raises(NotPermitted, match="主要负责人"):
        services.sign(suggestion_id=handling.pk, by=city_supervisor.actor(at), at=at)
    _login, other = hire("别局长", "bie", offices.east_housing, "bureau_leader")
    with pytest.raises(NotFound):
        services.sign(suggestion_id=handling.pk, by=other(at), at=at)


def test_the_leader_may_send_it_back(handling, walk, leader):
    at = on("2024-07-01")
    walk(handling, "draft", "submit", at=at)
    with pytest.raises(Refusal, match="要改什么"):
        services.send_back(suggestion_id=handling.pk, note="", by=leader[1](at), at=at)
    services.send_back(suggestion_id=handling.pk, note="第三部分写具体些", by=leader[1](at), at=at)
    handling.refresh_from_db()
    assert handling.state == rules.State.HANDLING


def test_signing_freezes_every_figure_in_one_snapshot_and_keeps_the_words(city, handling, walk, leader):
    at = on("2024-07-15")
    hazards(city, 7, on("2024-05-05"))
    draft = with_text(f"今年以来收到{reference()}件，其中办结{reference('closed')}件，共{reference()}件。")
    walk(handling, "draft", "submit", "sign", at=at, draft=draft)
    reply = Reply.objects.get()
    assert "收到7件，其中办结0件，共7件" in reply.text
    assert FigureSnapshot.objects.count() == 1
    assert {f.printed for f in reply.figures.all()} == {"7", "0"}
    hazards(city, 2, on("2024-06-06"))
    shown = {f.reference.measure: f for f in letter.frozen(reply, at=at)}
    assert (shown["received"].printed, shown["received"].now, shown["received"].differs) == ("7", "9", True)
    assert shown["closed"].differs is False
    for change in ({"text": "改过的正文"}, {"signer": "别人"}):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            Reply.objects.update(**change)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        reply.figures.update(printed="8")


def test_the_letter_is_issued_under_a_number_with_the_figures_it_was_signed_with(answered):
    reply = Reply.objects.get()
    assert answered.state == rules.State.ANSWERED
    assert (answered.on_time, answered.result_class) == (True, "B")
    assert "〔2024〕" in reply.document.written_number
    assert reply.document.kind == "suggestion_reply"
    assert days(answered) == {"feedback": "2024-07-29"}


def test_a_late_answer_is_not_on_time(registered, walk):
    suggestion = walk(registered(), "assign", "accept", "talk", at=MORNING)
    late = walk(suggestion, "draft", "submit", "sign", "issue", at=on("2024-07-16"))
    assert late.on_time is False
    assert late.clocks.get(kind="answer").is_late


# --- the deputies -----------------------------------------------------------------------------------------------------


def give(suggestion, value, by, at, *, place=1, reason="还要再具体一些"):
    signatory = suggestion.signatories.get(place=place)
    services.take_feedback(signatory_id=signatory.pk, value=value, reason=reason, by=by, at=at)
    suggestion.refresh_from_db()
    return suggestion


def test_a_satisfied_deputy_ends_it(answered, city_supervisor):
    at = on("2024-07-18")
    give(answered, "satisfied", city_supervisor.actor(at), at)
    assert (answered.state, answered.feedback, answered.due_at) == (rules.State.CLOSED, "satisfied", None)
    with pytest.raises(NotAllowedNow):
        give(answered, "satisfied", city_supervisor.actor(at), at)


def test_dissatisfaction_needs_its_reason_and_starts_a_month_for_the_second_answer(answered, city_supervisor):
    at = on("2024-07-18")
    clerk = city_supervisor.actor(at)
    with pytest.raises(Refusal, match="哪里没有办好"):
        give(answered, "dissatisfied", clerk, at, reason="")
    give(answered, "dissatisfied", clerk, at)
    assert (answered.state, answered.round) == (rules.State.HANDLING, 2)
    assert days(answered) == {"second": "2024-08-19"}
    with pytest.raises(NotAllowedNow, match="首次答复之前"):
        services.extend(suggestion_id=answered.pk, reason="涉及资金安排，已当面向代表说明", by=clerk, at=at)


def test_a_second_dissatisfaction_goes_to_experts(answered, walk, city_supervisor):
    at = on("2024-07-18")
    give(answered, "dissatisfied", city_supervisor.actor(at), at)
    again = on("2024-08-12")
    walk(answered, "draft", "submit", "sign", "issue", at=again)
    clerk = city_supervisor.actor(again)
    give(answered, "dissatisfied", clerk, again)
    assert answered.state == rules.State.ASSESSING
    with pytest.raises(Refusal, match="评估意见"):
        services.assess(
            suggestion_id=answered.pk,
            held_on=date(2024, 8, 12),
            experts="专家甲",
            conclusion="好",
            by=clerk,
            at=again,
        )
    services.assess(
        suggestion_id=answered.pk, held_on=date(2024, 8, 12), experts="专家甲、专家乙",
        conclusion="办理程序合规，建议列入明年计划", by=clerk, at=again,
    )  # fmt: skip
    answered.refresh_from_db()
    assert (answered.state, answered.feedback) == (rules.State.CLOSED, "dissatisfied")
    assert answered.replies.count() == 2


def test_of_joint_signatories_each_is_asked_and_the_worst_decides(registered, walk, city_supervisor):
    made = registered(deputies=[Signer("郜演一", "东湖区代表团"), Signer("秦演二", "西山县代表团")])
    walk(made, "assign", "accept", at=MORNING)
    at = on("2024-07-15")
    made = walk(made, "draft", "talk", "submit", "sign", "issue", at=at)
    clerk = city_supervisor.actor(at)
    for place in (1, 2):
        services.deliver(
            signatory_id=made.signatories.get(place=place).pk,
            on=date(2024, 7, 15),
            how="in_person",
            by=clerk,
            at=at,
        )
    with pytest.raises(NotAllowedNow, match="已经登记"):
        services.deliver(
            signatory_id=made.signatories.get(place=1).pk, on=date(2024, 7, 15), how="mail", by=clerk, at=at
        )
    give(made, "satisfied", clerk, at)
    assert made.state == rules.State.ANSWERED
    give(made, "dissatisfied", clerk, at, place=2)
    assert (made.state, made.round, made.feedback) == (rules.State.HANDLING, 2, "dissatisfied")


def test_silence_ends_it_only_after_the_term_and_is_not_satisfaction(answered, city_supervisor):
    early = on("2024-07-29", 20)
    with pytest.raises(NotAllowedNow, match="还没有届满"):
        services.close(
            suggestion_id=answered.pk, note="三次致电未接", by=city_supervisor.actor(early), at=early
        )
    late = on("2024-07-30")
    services.close(suggestion_id=answered.pk, note="三次致电未接", by=city_supervisor.actor(late), at=late)
    answered.refresh_from_db()
    assert (answered.state, answered.feedback) == (rules.State.CLOSED, "")


def test_a_deputy_answers_by_the_own_code(answered):
    at = on("2024-07-18")
    code = answered.signatories.get().code
    seen = queries.deputy_view(code.lower(), at=at)
    assert seen.can_rate and seen.letter_number
    services.feedback_by_code(code=code, value="basically", reason="", by=PUBLIC, at=at)
    assert queries.deputy_view(code, at=at).given == "基本满意"
    with pytest.raises(NotAllowedNow):
        services.feedback_by_code(code=code, value="satisfied", reason="", by=PUBLIC, at=at)
    with pytest.raises(NotFound):
        services.feedback_by_code(code="NOSUCHCODE", value="satisfied", reason="", by=PUBLIC, at=at)


# --- publishing, the year, the ladder ---------------------------------------------------------------------------------


def test_a_published_answer_is_masked(registered, walk, city_supervisor):
    made = walk(registered(), "assign", "accept", "talk", at=MORNING)
    at = on("2024-07-15")
    draft = with_text("请联系王演维，手机13812345678。")
    walk(made, "draft", "submit", "sign", at=at, draft=draft)
    clerk = city_supervisor.actor(at)
    with pytest.raises(NotAllowedNow, match="印发以后"):
        services.publish(suggestion_id=made.pk, by=clerk, at=at)
    walk(made, "issue", at=at)
    reply = services.publish(suggestion_id=made.pk, names=["王演维"], by=clerk, at=at)
    shown = queries.published_reply(reply.pk)
    assert "请联系王**，手机138****5678。" in shown.lines
    assert "0373-0000001" in shown.contact
    assert [p.reply_id for p in queries.published()[0]] == [reply.pk]
    with pytest.raises(NotAllowedNow, match="已经公开"):
        services.publish(suggestion_id=made.pk, by=clerk, at=at)
    with pytest.raises(NotAllowedNow, match="不能再改"):
        services.choose_publication(
            suggestion_id=made.pk, publication="withheld", reason="涉及个人隐私", by=clerk, at=at
        )


def test_what_is_withheld_is_not_published(answered, city_supervisor):
    at = on("2024-07-18")
    clerk = city_supervisor.actor(at)
    services.choose_publication(
        suggestion_id=answered.pk, publication="withheld", reason="涉及个人隐私", by=clerk, at=at
    )
    with pytest.raises(NotAllowedNow, match="涉及个人隐私"):
        services.publish(suggestion_id=answered.pk, by=clerk, at=at)
    with pytest.raises(NotFound):
        queries.published_reply(Reply.objects.get().pk)


def test_the_yearly_report_freezes_its_figures_once(answered, city_supervisor):
    at = on("2024-08-20")
    clerk = city_supervisor.actor(at)
    with pytest.raises(Refusal, match="十个字"):
        services.yearly_report(year=2024, text="好", by=clerk, at=at)
    services.yearly_report(year=2024, text="今年共办理代表建议，全部按期答复。", by=clerk, at=at)
    values = {v["measure"]: v["value"] for v in YearlyReport.objects.get().snapshot.values}
    assert values["suggestions_assigned"] == values["suggestions_answered"] == 1
    assert values["suggestions_on_time"] == 100
    with pytest.raises(NotAllowedNow, match="已经提交"):
        services.yearly_report(year=2024, text="再报一次，内容大致相同。", by=clerk, at=at)


def test_an_overdue_one_climbs_to_the_registrar_and_at_last_to_the_duty_officer(shared, offices):
    first = on("2024-06-18")  # the co-handler's two months ended on the 17th
    assert ladder.climb_all(at=first) == 1
    assert ladder.climb_all(at=first) == 0
    notice = Notice.objects.get()
    assert (notice.organisation_id, notice.level) == (offices.city_housing.pk, 1)
    assert "协办意见" in notice.text
    assert ladder.climb_all(at=on("2024-06-28")) == 1
    last = Notice.objects.order_by("-id")[0]
    # This city has no duty office: the notice belongs to nobody and is shown to all who see the suggestion.
    assert (last.organisation_id, last.level) == (None, 2)
    assert ladder.climb_all(at=on("2024-07-10")) == 0


def test_the_notice_is_signed_for(shared, city_supervisor, outsider):
    at = on("2024-06-18")
    ladder.climb_all(at=at)
    notice = Notice.objects.get()
    with pytest.raises(NotFound):
        notices.read_notice(notice_id=notice.pk, by=outsider.actor(at), at=at)
    assert list(notices.unread(city_supervisor.actor(at))) == [notice]
    notices.read_notice(notice_id=notice.pk, by=city_supervisor.actor(at), at=at)
    assert not notices.unread(city_supervisor.actor(at))


def test_a_calendar_that_changes_moves_the_open_terms(shared, administrator):
    at = on("2024-06-03")
    calendar.edit_day(
        day=date(2024, 7, 15),
        is_workday=False,
        name="放假",
        source="临时通知",
        by=administrator.actor(at),
        at=at,
    )
    shared.refresh_from_db()
    assert days(shared)["answer"] == "2024-07-16"
    assert journal.events_named(shared, "suggestions.deadline_moved").count() == 1
