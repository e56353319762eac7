"""What an order says."""

from dataclasses import replace
from datetime import date

import pytest

from anju.ground.foundation import rulebooks
from anju.means.documents import rules

from .samples import NUMBER, ON, order, printed


def test_an_order_names_its_number_its_reader_and_every_hazard_with_its_term():
    words = printed()
    assert words["number"] == NUMBER
    assert words["addressee"] == "演示物业服务有限公司："
    assert words["date"] == "2024年3月6日"
    rows = words["tables"]["hazards"]["rows"]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert [row[4] for row in rows] == ["立即", "2024年3月20日前", "2024年3月20日前"]


def test_an_order_says_what_follows_and_where_to_appeal():
    body = "".join(rules.texts(printed(order(court="新乡市演示区人民法院"))))
    assert "最迟于2024年3月20日前" in body
    assert "行政处罚" in body
    assert "六十日内向本级人民政府申请行政复议" in body
    assert "六个月内依法向新乡市演示区人民法院提起行政诉讼" in body
    assert "一式两份" in body


def test_inspectors_stand_with_their_badges_and_a_missing_phone_leaves_room_to_write():
    lines = printed(
        order(phone="", inspectors=(rules.Inspector("张演示", "豫G0001"), rules.Inspector("李喆")))
    )["receipt"]
    assert lines[0] == "检查人员：张演示（证号 豫G0001）、李喆"
    assert lines[1].endswith("联系电话：＿＿＿＿＿＿＿＿")


def test_no_word_of_the_form_keeps_a_blank_or_a_brace():
    for text in rules.texts(printed()):
        assert "{" not in text and "}" not in text
        assert "\n" not in text


def test_braces_in_a_name_are_printed_and_not_read_as_a_pattern():
    assert printed(order(recipient="演示{phone}公司"))["addressee"] == "演示{phone}公司："


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({}, ""),
        ({"organisation": " "}, "organisation"),
        ({"recipient": ""}, "recipient"),
        ({"place": ""}, "place"),
        ({"basis": ()}, "basis"),
        ({"hazards": ()}, "hazards"),
        ({"hazards": (rules.HazardLine("1号楼", " ", "第六十条", None),)}, "hazards"),
        ({"inspectors": ()}, "inspectors"),
        ({"due_on": date(2024, 3, 4)}, "due_on"),
        ({"due_on": date(2024, 3, 5)}, ""),
    ],
)
def test_the_first_missing_fact_is_named(changed, missing):
    assert rules.missing("order_timed", replace(order(), **changed)) == missing


def test_every_kind_has_its_words_in_the_rulebook():
    forms = rulebooks.load("documents", on=ON)["forms"]
    assert set(forms) == set(rules.KINDS)
    assert all(form["name"] and form["name_en"] and form["retention"] for form in forms.values())
