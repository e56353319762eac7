"""A way back: correcting what was filed, adding to it, recalling a dispatch, undoing the last own step."""

from datetime import timedelta

import pytest

from anju.duties.cases import queries, services
from anju.duties.cases.models import Case
from anju.duties.cases.rules import State
from anju.ground.access.actors import SYSTEM, Actor, Reach
from anju.ground.foundation import calendar, clocks, journal, story
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.foundation.tests import samples

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def last_told(case: Case) -> dict:
    return story.told(journal.events_of(case)[-1])


def clock_of(case: Case, kind: str):
    return case.clocks.get(kind=kind, stopped_at__isnull=True)


# --- correcting ---------------------------------------------------------------------------------------------------


def test_a_wrong_class_is_corrected_with_its_severity_and_terms_and_the_former_stays_in_the_story(
    reported, walk, wang, friday_9am
):
    case = walk(reported(), "assign", "accept", at=friday_9am)  # EG02, a locked exit: 24 hours to verify
    verify_before = clock_of(case, "verify").due_at
    at = friday_9am + HOUR
    case = services.correct(
        case_id=case.pk, class_code="FA04", reason="门没有锁，是消防车道没有划线", by=wang.actor(at), at=at
    )
    found = queries.catalogue.find("hazard", "FA04", on=friday_9am.date())
    assert (case.class_code, case.severity, case.state) == ("FA04", found.severity, State.FIXING)
    verify, rectify = clock_of(case, "verify"), clock_of(case, "rectify")
    assert verify.due_at > verify_before and verify.unit == "workdays"
    assert (rectify.amount, rectify.unit) == (found.term.amount, found.term.unit)
    assert rectify.due_at == calendar.due(friday_9am, found.term).at
    assert (case.due_at, case.verify_by) == (rectify.due_at, verify.due_at)
    told = last_told(case)
    assert "安全出口" in told["note"] and found.name in told["note"] and "没有划线" in told["note"]


def test_an_extension_survives_the_correction_of_a_class(reported, walk, wang, company_clerk, friday_9am):
    case = walk(reported(), "assign", "accept", at=friday_9am)
    asked = services.ask_term(
        case_id=case.pk,
        kind="extend",
        days=5,
        reason="排期",
        by=company_clerk.actor(friday_9am),
        at=friday_9am,
    )
    services.decide_term(request_id=asked.pk, granted=True, by=wang.actor(friday_9am), at=friday_9am)
    case = services.correct(
        case_id=case.pk, class_code="FA04", reason="类别选错了", by=wang.actor(friday_9am), at=friday_9am
    )
    clock = clock_of(case, "rectify")
    assert clock.adjustments == [{"kind": "extend", "days": 5}] and clock.due_at == clocks.replay(clock).at


def test_a_term_that_would_be_over_already_begins_with_the_correction(
    reported, walk, wang, friday_9am, monday_9am
):
    case = reported(class_code="FA04", text="消防车道没有划线，车停得到处都是")
    case = services.correct(
        case_id=case.pk,
        class_code="EG02",
        reason="到场看是出口被锁",
        by=wang.actor(monday_9am),
        at=monday_9am,
    )
    clock = clock_of(case, "verify")
    assert (clock.amount, clock.unit, clock.started_at) == (24, "hours", monday_9am)


def test_the_figures_count_what_was_corrected(reported, wang, city, friday_9am):
    case = reported()
    services.correct(
        case_id=case.pk,
        class_code="FF03",
        reason="是灭火器压力不足",
        by=wang.actor(friday_9am),
        at=friday_9am,
    )
    assert queries.estate_counts(city.estates.huaiyin, at=friday_9am + HOUR).by_class[0][0] == (
        queries.catalogue.label("hazard", "FF03")
    )
    found = queries.listing(wang.actor(friday_9am), queries.filters_from({"class": "FF03"}), at=friday_9am)
    assert [one.pk for one in found] == [case.pk]


def test_a_closed_case_is_corrected_for_the_figures_and_keeps_its_offices_and_terms(
    reported, walk, county_supervisor, friday_9am
):
    case = walk(reported(), "assign", "accept", "submit", "close", at=friday_9am)
    handler = case.handler_id
    case = services.correct(
        case_id=case.pk,
        class_code="GA01",
        reason="实为燃气",
        by=county_supervisor.actor(friday_9am),
        at=friday_9am,
    )
    assert (case.state, case.class_code, case.handler_id) == (State.CLOSED, "GA01", handler)
    assert case.desk_id is None and not case.clocks.filter(stopped_at__isnull=True).exists()


def test_a_class_that_another_office_puts_right_takes_the_case_from_its_handler_and_is_dispatched_anew(
    reported, walk, wang, company_clerk, photo, city, friday_9am
):
    case = walk(reported(), "assign", "accept", at=friday_9am)
    services.ask_term(
        case_id=case.pk,
        kind="extend",
        days=5,
        reason="排期",
        by=company_clerk.actor(friday_9am),
        at=friday_9am,
    )
    at = friday_9am + HOUR
    case = services.correct(
        case_id=case.pk, class_code="EB08", reason="是改装电池，归市场监管", by=wang.actor(at), at=at
    )
    assert (case.state, case.desk_id) == (State.REPORTED, case.dispatcher_id)
    assert case.handler_id != city.offices.company.pk and case.accepted_at is None
    assert {c.kind for c in case.clocks.filter(stopped_at__isnull=True)} == {"dispatch", "verify"}
    assert clock_of(case, "dispatch").started_at == at
    assert not case.term_requests.filter(granted__isnull=True).exists()
    assert last_told(case)["title"] == "更正上报内容，重新派单"


def test_a_handler_chosen_by_hand_stays_where_the_correction_asks_for_nobody_else(
    reported, wang, city, friday_9am
):
    case = reported()
    by = wang.actor(friday_9am)
    case = services.assign(case_id=case.pk, handler_id=city.offices.urban_management.pk, by=by, at=friday_9am)
    case = services.correct(case_id=case.pk, place="5号楼", reason="楼号写错", by=by, at=friday_9am)
    assert (case.state, case.handler_id) == (State.ASSIGNED, city.offices.urban_management.pk)


def test_a_case_filed_for_the_wrong_estate_goes_to_the_offices_of_the_right_one(
    reported, county_supervisor, wang, city, friday_9am
):
    case = reported()
    by = county_supervisor.actor(friday_9am)
    case = services.correct(
        case_id=case.pk, estate_id=city.estates.hebin.pk, reason="实为河滨花园", by=by, at=friday_9am
    )
    case = Case.objects.get(pk=case.pk)
    assert (case.estate_id, case.street_id) == (city.estates.hebin.pk, city.areas.hebin_street.pk)
    assert case.community_id == city.areas.hebin.pk and case.division_id == city.estates.hebin.division_id
    assert case.dispatcher.area_id == city.areas.hebin_street.pk == case.desk.area_id
    with pytest.raises(NotFound):
        queries.get(wang.actor(friday_9am), case.pk)
    assert "河滨花园" in last_told(case)["note"]
    found = queries.listing(by, queries.filters_from({"q": "河滨花园"}), at=friday_9am)
    assert case.pk in {one.pk for one in found}


def test_nobody_moves_a_case_where_they_see_nothing(reported, wang, city, friday_9am):
    case = reported()
    with pytest.raises(NotFound):
        services.correct(
            case_id=case.pk,
            estate_id=city.estates.shanqian.pk,
            reason="搬走",
            by=wang.actor(friday_9am),
            at=friday_9am,
        )


def test_the_handler_and_a_stranger_to_the_matter_may_not_choose_class_and_term(
    reported, walk, company_clerk, friday_9am
):
    case = walk(reported(), "assign", "accept", at=friday_9am)
    with pytest.raises(NotPermitted):
        services.correct(
            case_id=case.pk,
            severity="general",
            reason="不严重",
            by=company_clerk.actor(friday_9am),
            at=friday_9am,
        )
    acts = {
        one.act for one in services.LOOP.possible(case, by=company_clerk.actor(friday_9am), at=friday_9am)
    }
    assert "correct" not in acts and "annotate" in acts


def test_a_correction_that_changes_nothing_or_comes_after_another_is_refused(reported, wang, li, friday_9am):
    case = reported()
    by = wang.actor(friday_9am)
    with pytest.raises(Refusal) as none:
        services.correct(case_id=case.pk, text=case.text, reason="没有改", by=by, at=friday_9am)
    assert none.value.field == "class_code"
    drawn = queries.one.drawn_from(case)
    services.correct(case_id=case.pk, place="6号楼", reason="楼号", by=li.actor(friday_9am), at=friday_9am)
    with pytest.raises(NotAllowedNow):
        services.correct(
            case_id=case.pk, place="7号楼", drawn_from=drawn, reason="楼号", by=by, at=friday_9am
        )


def test_a_repeat_is_judged_by_the_corrected_class(reported, wang, friday_9am, monday_9am):
    reported()
    again = reported(class_code="FF03", text="楼道里又打不开门了", at=monday_9am)
    assert not again.repeat
    again = services.correct(
        case_id=again.pk, class_code="EG02", reason="还是那扇门", by=wang.actor(monday_9am), at=monday_9am
    )
    assert again.repeat


# --- adding to it -------------------------------------------------------------------------------------------------


def test_whoever_is_concerned_adds_a_note_or_a_photo_outside_of_any_step(
    reported, walk, company_clerk, photo, friday_9am
):
    case = walk(reported(), "assign", "accept", "submit", "close", at=friday_9am)
    by = company_clerk.actor(friday_9am)
    services.annotate(case_id=case.pk, note="钥匙已交门卫", uploads=[photo(77)], by=by, at=friday_9am)
    kept = case.evidence.get(purpose="note")
    assert (kept.shows, last_told(case)["note"]) == ("other", "钥匙已交门卫")
    with pytest.raises(Refusal):
        services.annotate(case_id=case.pk, by=by, at=friday_9am)


def test_who_only_reads_a_case_adds_nothing_to_it(reported, city, friday_9am):
    case, county = reported(), city.areas.east
    reader = Actor(
        account_id=1, kind="account", name="局领导", post="",
        powers={"cases.see": (Reach("area", county.pk, county.level, county.name),)},
    )  # fmt: skip
    with pytest.raises(NotPermitted):
        services.annotate(case_id=case.pk, note="看看", by=reader, at=friday_9am)


# --- recalling ----------------------------------------------------------------------------------------------------


def test_a_dispatch_is_recalled_until_it_is_accepted_and_the_term_to_dispatch_goes_on(
    reported, walk, wang, friday_9am, monday_9am
):
    case = reported()
    due = clock_of(case, "dispatch").due_at
    case = walk(case, "assign", at=friday_9am)
    case = services.recall(case_id=case.pk, note="派错了单位", by=wang.actor(monday_9am), at=monday_9am)
    assert (case.state, case.desk_id, case.assigned_at) == (State.REPORTED, case.dispatcher_id, None)
    assert clock_of(case, "dispatch").due_at == due and not case.clocks.filter(
        kind="accept", stopped_at__isnull=True
    )
    case = walk(case, "assign", "accept", at=monday_9am)
    with pytest.raises(NotAllowedNow):
        services.recall(case_id=case.pk, note="再撤", by=wang.actor(monday_9am), at=monday_9am)


def test_only_the_dispatching_office_recalls(reported, walk, county_supervisor, friday_9am):
    case = walk(reported(), "assign", at=friday_9am)
    with pytest.raises(NotPermitted):
        services.recall(case_id=case.pk, note="撤", by=county_supervisor.actor(friday_9am), at=friday_9am)


# --- undoing ------------------------------------------------------------------------------------------------------


def standing(case: Case) -> dict:
    """Return how a case stands: its columns and its running clocks."""
    case = Case.objects.get(pk=case.pk)
    columns = {f.attname: getattr(case, f.attname) for f in case._meta.concrete_fields if f.name != "undo"}
    clocks = case.clocks.filter(stopped_at__isnull=True).values_list("kind", "due_at").order_by("kind")
    return columns | {"clocks": list(clocks)}


@pytest.mark.parametrize(
    ("walked", "act", "who"),
    [
        ([], "assign", "wang"),
        (["assign"], "accept", "company_clerk"),
        (["assign", "accept"], "submit", "company_clerk"),
        (["assign", "accept", "submit"], "send_back", "li"),
    ],
)
def test_the_last_own_step_is_undone_and_the_case_stands_as_before(
    walked, act, who, reported, walk, request, friday_9am
):
    case = walk(reported(), *walked, at=friday_9am)
    before = standing(case)
    at = friday_9am + HOUR
    case = walk(case, act, at=at)
    assert standing(case) != before
    by = request.getfixturevalue(who).actor(at)
    assert "undo" in {one.act for one in services.LOOP.possible(case, by=by, at=at)}
    case = services.undo(case_id=case.pk, by=by, at=at + timedelta(minutes=9))
    assert standing(case) == before and case.undo is None
    assert last_told(case)["title"].startswith("撤销：")
    assert [e.name for e in journal.events_of(case)][-2:] == [f"cases.{act}", "cases.undo"]
    walk(case, act, at=at + HOUR)  # and is done again


def test_photos_say_after_an_undone_step_what_they_said_before(reported, walk, company_clerk, li, friday_9am):
    case = walk(reported(), "assign", "accept", "submit", "send_back", at=friday_9am)
    assert set(case.evidence.filter(purpose="rectify").values_list("shows", flat=True)) == {"failed"}
    services.undo(case_id=case.pk, by=li.actor(friday_9am), at=friday_9am)
    assert set(case.evidence.filter(purpose="rectify").values_list("shows", flat=True)) == {"claimed"}


def test_nothing_is_undone_too_late_by_another_or_when_something_rests_on_it(
    reported, walk, wang, li, company_clerk, county_supervisor, friday_9am
):
    case = walk(reported(), "assign", at=friday_9am)
    late = friday_9am + timedelta(minutes=11)
    with pytest.raises(NotPermitted):
        services.undo(case_id=case.pk, by=wang.actor(late), at=late)
    with pytest.raises(NotPermitted):
        services.undo(case_id=case.pk, by=county_supervisor.actor(friday_9am), at=friday_9am)
    services.annotate(case_id=case.pk, note="已电话告知", by=li.actor(friday_9am), at=friday_9am)
    with pytest.raises(NotAllowedNow):
        services.undo(case_id=case.pk, by=wang.actor(friday_9am), at=friday_9am)


def test_what_another_room_does_on_a_case_rests_on_its_last_step(reported, walk, wang, friday_9am):
    from anju.duties.cases.services.notes import note

    case = walk(reported(), "assign", at=friday_9am)
    note(Case.objects.filter(pk=case.pk), "已责令改正", by=SYSTEM, at=friday_9am)
    with pytest.raises(NotAllowedNow):
        services.undo(case_id=case.pk, by=wang.actor(friday_9am), at=friday_9am)


def test_a_closing_that_has_answered_its_reporters_is_not_undone(reported, walk, li, friday_9am):
    case = walk(reported(), "assign", "accept", "submit", "close", at=friday_9am)
    with pytest.raises(NotAllowedNow):
        services.undo(case_id=case.pk, by=li.actor(friday_9am), at=friday_9am)


# --- on the pages -------------------------------------------------------------------------------------------------


def test_a_correction_is_typed_on_its_page_the_right_estate_searched_there(
    reported, wang, city, signed_in_as
):
    case, opener = reported(), signed_in_as(wang)
    address = f"/console/cases/{case.pk}/correct"
    assert f"estate_id={city.estates.railway.pk}" in opener.get(address, {"q": "铁路"}).content.decode()
    page = opener.get(address, {"estate_id": city.estates.railway.pk})
    sent = {
        "drawn_from": page.context["drawn_from"] if page.context else queries.drawn_from(case),
        "estate_id": city.estates.railway.pk, "class_code": "FF03", "text": case.text, "place": case.place,
        "request_key": "k",
    }  # fmt: skip
    refused = opener.post(address, sent)
    assert refused.status_code == 422 and "为什么更正" in refused.content.decode()
    assert opener.post(address, sent | {"reason": "打电话核实过"}).status_code == 302
    case.refresh_from_db()
    assert (case.class_code, case.estate_id) == ("FF03", city.estates.railway.pk)


def test_whoever_may_not_correct_finds_no_such_page(reported, walk, company_clerk, signed_in_as, friday_9am):
    case = walk(reported(), "assign", at=friday_9am)
    opener = signed_in_as(company_clerk)
    assert "/correct" not in opener.get(f"/console/cases/{case.pk}/").content.decode()
    assert opener.get(f"/console/cases/{case.pk}/correct").status_code == 404


def test_a_patrol_adds_a_photo_from_the_phone(reported, li, signed_in_as):
    case, opener = reported(), signed_in_as(li)
    assert "补充说明或照片" in opener.get(f"/field/cases/{case.pk}/").content.decode()
    sent = {"note": "路过看到仍锁着", "photos": samples.upload(samples.photo(88)), "request_key": "k"}
    assert opener.post(f"/field/cases/{case.pk}/annotate", sent).status_code == 302
    assert case.evidence.get().shows == "other"


def test_a_case_turns_out_to_lie_outside_of_its_estate(reported, wang, city, friday_9am):
    case = reported()
    case = services.correct(
        case_id=case.pk,
        area_id=city.areas.huaiyin.pk,
        reason="在临街店铺",
        by=wang.actor(friday_9am),
        at=friday_9am,
    )
    assert (case.estate_id, case.community_id, case.company_id) == (None, city.areas.huaiyin.pk, None)
    assert "槐荫小区" in last_told(case)["note"]
