"""Major fire hazards: each edition judges by its own rule; proposed, decided by another, noticed, listed, removed."""

from datetime import date, datetime, timedelta

import pytest
from tests.cast import SHANGHAI

from anju.duties.majors import queries
from anju.duties.majors import rules as major_rules
from anju.duties.majors import services as majors
from anju.duties.majors.models import MajorHazard
from anju.duties.majors.rules import MajorState
from anju.ground.foundation import calendar, files, journal, rulebooks
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.means.documents.models import IssuedDocument

from .conftest import hire

OLD = rulebooks.load("major_hazards", on=date(2024, 7, 12))
NEW = rulebooks.load("major_hazards", on=date(2025, 11, 1))


@pytest.mark.parametrize(
    ("place", "criteria", "major_", "counted", "needed"),
    [
        ("other", {"6_5": 1}, True, 0, None),
        ("crowded", {"7_3": 2}, False, 2, 3),
        ("crowded", {"7_3": 2, "7_5": 1}, True, 3, 3),
        ("crowded", {"7_4": 3}, False, 3, 4),
        ("crowded", {"7_4": 3, "7_8": 1}, True, 4, 4),
        ("explosive", {"7_1": 3}, True, 3, 3),
        ("important", {"7_8": 3}, False, 3, 4),
        ("other", {"7_4": 3, "7_7": 2}, False, 5, 6),
        ("other", {"7_4": 3, "7_7": 3}, True, 6, 6),
    ],
)
def test_the_edition_of_2017_counts(place, criteria, major_, counted, needed):
    said = major_rules.judge(
        OLD, place=place, criteria=[{"code": c.replace("_", "."), "met": n} for c, n in criteria.items()]
    )
    assert (said.met, said.counted, said.needed) == (major_, counted, needed)


def test_the_edition_of_2017_has_its_ten_direct_criteria_and_ends_where_the_next_begins():
    assert [entry["code"] for entry in OLD["direct"]] == [f"6.{n}" for n in range(1, 11)]
    assert OLD["effective_to"] + timedelta(days=1) == NEW["effective_from"]


def test_the_edition_of_2025_judges_nothing_by_itself_and_says_that_its_source_is_needed():
    assert NEW["source_needed"] and not NEW["direct"]
    assert {entry["key"] for entry in NEW["places"]} == {"crowded", "explosive", "mixed", "other"}
    assert major_rules.judge(NEW, place="mixed", criteria=[{"code": "5.1", "met": 1}]).met is None


# --- The verbs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def chief(city, friday_9am):
    """熊, head of the fire brigade."""
    return hire(city.offices.fire, name="熊队长", login="xiong", role="fire_chief", at=friday_9am)


@pytest.fixture
def serious(reported, offices):
    """A hazard that may be a major one."""
    return reported(class_code="FF04", text="自动喷水和报警系统全部瘫痪，已停用半年")


@pytest.fixture
def proposed(serious, fire_officer, friday_9am):
    """Return a function by which the fire officer proposes the hazard."""

    def propose(**told) -> MajorHazard:
        values = {
            "case_id": serious.pk, "place": "crowded", 
            "criteria": [{"code": "7.3", "met": 2}, {"code": "7.5", "met": 1}],
            "note": "现场核查三项判定要素属实", "by": fire_officer.actor(friday_9am), "at": friday_9am,
        }  # fmt: skip
        return majors.propose(**values | told)

    return propose


@pytest.fixture
def step(chief, friday_9am):
    def take(made: MajorHazard, act: str, *, who=None, at: datetime = friday_9am, **told) -> MajorHazard:
        values = {"by": (who or chief).actor(at), "at": at}
        if act != "notify":
            values["note"] = "经集体讨论研究决定"
        return majors.LOOP.verbs[act](major_id=made.pk, **values | told)

    return take


def test_a_proposal_is_to_be_decided_in_seven_workdays_by_the_edition_of_its_day(proposed):
    made = proposed()
    assert made.state == MajorState.PROPOSED
    assert made.edition == date(2018, 7, 1)
    assert made.decide_by == date(2024, 7, 23)
    event = journal.events_of(made)[0]
    assert (event.name, event.data["met"], event.data["counted"]) == ("majors.propose", True, 3)


def test_a_proposal_of_today_takes_the_new_edition_and_typed_clauses(serious, fire_officer, friday_9am):
    at = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
    told = {
        "case_id": serious.pk,
        "place": "mixed",
        "note": "多业态混合经营，报警系统瘫痪",
        "by": fire_officer.actor(at),
        "at": at,
    }
    with pytest.raises(Refusal, match="请写明第 A 条"):
        majors.propose(criteria=[{"code": "A", "met": 1}], **told)
    made = majors.propose(criteria=[{"code": "A", "met": 1, "note": "火灾自动报警系统瘫痪"}], **told)
    assert made.edition == date(2025, 11, 1)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"criteria": []}, "criteria"),
        ({"criteria": [{"code": "9.9", "met": 1}]}, "criteria"),
        ({"place": "mixed"}, "place"),
        ({"note": "有"}, "note"),
    ],
)
def test_a_proposal_without_what_it_needs_is_refused(proposed, told, field):
    with pytest.raises(Refusal) as refused:
        proposed(**told)
    assert refused.value.field == field


def test_only_the_fire_agency_proposes_and_once(proposed, police_officer, chief, friday_9am):
    with pytest.raises(NotPermitted, match="移送"):
        proposed(by=police_officer.actor(friday_9am))
    first = proposed(key="a")
    assert proposed(key="a").pk == first.pk
    with pytest.raises(Refusal, match="已经提请过"):
        proposed(key="b")


def test_whoever_proposed_does_not_decide(proposed, step, fire_officer):
    made = proposed()
    with pytest.raises(NotPermitted) as refused:
        step(made, "decide", who=fire_officer, due_on=date(2024, 9, 1))
    assert refused.value.code == "own_work"
    with pytest.raises(Refusal) as wrong:
        step(made, "decide", due_on=date(2024, 7, 12))
    assert wrong.value.field == "due_on"
    decided = step(made, "decide", due_on=date(2024, 9, 1))
    assert (decided.state, decided.notify_by) == (MajorState.DECIDED, date(2024, 7, 17))


def test_a_panel_of_three_gives_ten_workdays_more(proposed, step):
    made = proposed()
    with pytest.raises(Refusal, match="3 名专家"):
        step(made, "panel", panel="钱工")
    heard = step(made, "panel", panel="钱工，高工，同意认定\n孟工,高工,同意认定，建议停用\n廖工")
    assert heard.panel[1] == {"name": "孟工", "title": "高工", "opinion": "同意认定，建议停用"}
    assert heard.state == MajorState.PANEL
    assert heard.decide_by == date(2024, 8, 6)  # ten workdays after Tuesday the 23rd
    assert step(heard, "dismiss").state == MajorState.DISMISSED


def test_the_notice_is_issued_listed_and_the_hazard_removed_only_after_its_recheck(
    proposed, step, serious, county_supervisor, fire_officer, walk, friday_9am
):
    decided = step(proposed(), "decide", due_on=date(2024, 9, 1))
    with pytest.raises(NotAllowedNow):
        step(decided, "remove")
    with pytest.raises(NotPermitted, match="挂牌督办"):
        step(decided, "list")
    listed = step(decided, "list", who=county_supervisor)
    assert listed.listed_by.name == "东湖区住房和城乡建设局"
    noticed = step(listed, "notify", measures="安排专人值守\n")
    assert noticed.written_number.startswith("东消重改字〔2024〕")
    paper = IssuedDocument.objects.get(pk=noticed.document_id)
    assert files.read(paper.pdf_file).startswith(b"%PDF")
    assert "熊队长" in paper.signed_by_name
    assert "7.3 安全疏散设施及灭火救援条件" in str(paper.data)
    with pytest.raises(NotAllowedNow):
        step(noticed, "notify")
    with pytest.raises(NotAllowedNow, match="不能销案") as early:
        step(noticed, "remove")
    assert early.value.code == "not_rechecked"
    serious.refresh_from_db()
    type(serious).objects.filter(pk=serious.pk).update(state="closed", closed_at=friday_9am)
    assert step(noticed, "remove", note="复查合格，设施恢复运行").state == MajorState.REMOVED


def test_others_do_not_see_it_and_do_not_act_on_it(
    proposed, outsider, police_officer, county_supervisor, step, friday_9am
):
    made = proposed()
    with pytest.raises(NotFound):
        queries.get(outsider.actor(friday_9am), made.pk)
    with pytest.raises(NotFound):
        step(made, "decide", who=outsider, due_on=date(2024, 9, 1))
    with pytest.raises(NotPermitted):
        step(made, "decide", who=police_officer, due_on=date(2024, 9, 1))
    assert queries.get(county_supervisor.actor(friday_9am), made.pk) == made


def test_a_new_holiday_moves_the_open_terms(proposed, step, administrator, friday_9am):
    made = proposed()
    told = {
        "is_workday": False,
        "name": "临时放假",
        "source": "演示通知",
        "by": administrator.actor(friday_9am),
    }
    calendar.edit_day(day=date(2024, 7, 22), at=friday_9am, **told)
    made.refresh_from_db()
    assert made.decide_by == date(2024, 7, 24)
    step(made, "decide", due_on=date(2024, 9, 1))
    calendar.edit_day(day=date(2024, 7, 16), at=friday_9am, **told)
    made.refresh_from_db()
    assert made.notify_by == date(2024, 7, 18)
