"""References, near misses, masks and the step table, without a database."""

from datetime import date

import pytest

from anju.duties.suggestions import rules
from anju.duties.suggestions.rules import Reference

UNITS = "{{figure:units_inspected|2024-01-01|2024-07-15|4107}}"
FINES = "{{figure:fines_decided_yuan|2024-01-01|2024-07-15|4107}}"


def test_a_reference_is_read_as_it_is_written():
    (found,) = rules.references(f"共检查单位{UNITS}家")
    assert found == Reference("units_inspected", date(2024, 1, 1), date(2024, 7, 15), "4107")
    assert found.written == UNITS


@pytest.mark.parametrize("territory", ["", "4107", "area:12", "division:410702"])
def test_a_reference_names_a_place_in_either_tree_or_none(territory):
    written = Reference("received", date(2024, 1, 1), date(2024, 2, 29), territory).written
    assert rules.references(written)[0].territory == territory


def test_the_same_reference_twice_is_one_figure():
    assert len(rules.references(f"{UNITS}，其中{UNITS}，罚款{FINES}元")) == 2


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        (f"检查{UNITS}家", False),
        ("检查{{figure:units_inspected|2024-01-01}}家", True),
        ("检查{{figure:units_inspected|2024-02-30|2024-07-15|4107}}家", True),
        (f"检查{UNITS[:-1]}家", True),
        ("没有引用", False),
    ],
)
def test_a_broken_reference_is_seen(text, broken):
    assert rules.has_broken_reference(text) is broken


def test_values_take_the_place_of_references():
    assert (
        rules.filled(f"检查{UNITS}家，罚款{FINES}元", {UNITS: "61521", FINES: "75594"})
        == "检查61521家，罚款75594元"
    )


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (61521, "count", "61521"),
        (75594.0, "yuan", "75594"),
        (75594.5, "yuan", "75594.5"),
        (93.75, "percent", "93.75%"),
    ],
)
def test_a_letter_writes_numbers_without_marks(value, unit, said):
    assert rules.printed(value, unit=unit) == said


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("共检查61521家", ["61521"]),
        ("共检查61,521家", ["61,521"]),
        ("共检查62000家", ["62000"]),  # within five percent
        ("共检查65121家", ["65121"]),  # the same digits in another order
        ("共检查30000家", []),
        ("2024年7月15日，新建字〔2024〕14号，第213号建议", []),
        (f"共检查{UNITS}家", []),
        ("3个派出所", []),
    ],
)
def test_a_figure_typed_by_hand_near_a_reference_is_asked_about(text, typed):
    found = rules.near_misses(text, {UNITS: 61521.0}, share=0.05, least=10)
    assert [miss.typed for miss in found] == typed


def test_the_parts_of_a_letter_are_numbered_and_empty_lines_left_out():
    text = rules.letter_text(
        [{"heading": "甲", "text": "一段\n\n二段"}, {"heading": "乙", "text": "三段"}], "下一步"
    )
    assert text.splitlines() == ["一、甲", "一段", "二段", "二、乙", "三段", "下一步"]


@pytest.mark.parametrize(
    ("text", "names", "shown"),
    [
        ("电话13812345678", (), "电话138****5678"),
        ("证号410702199001011234", (), "证号4107************34"),
        ("联系人冯演联", ("冯演联",), "联系人冯**"),
        ("座机3696558", (), "座机3696558"),
    ],
)
def test_the_public_is_not_shown(text, names, shown):
    assert rules.masked(text, names) == shown


def test_the_worst_feedback_of_several_decides():
    assert rules.worst(["satisfied", "dissatisfied", "basically"]) == "dissatisfied"
    assert rules.worst([]) == ""


def test_every_state_but_the_last_has_a_way_on():
    for state in rules.STATE_LABELS:
        onward = [s for s in rules.STEPS if state in s.source and s.target not in (None, state)]
        assert bool(onward) is (state != rules.State.CLOSED), state


def test_every_clock_that_a_step_starts_is_one_that_another_stops():
    started = {kind for step in rules.STEPS for kind in step.starts}
    stopped = {kind for step in rules.STEPS for kind in step.stops}
    assert started and started <= stopped
