"""`./anju manage figures` for people and for machines."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from anju.duties.cases.rules import State
from anju.means.figures.queries import registry

from .making import make_case

PERIOD = ("--from", "2024-01-01", "--to", "2024-07-15")


def run(*words):
    out, err = StringIO(), StringIO()
    code = 0
    try:
        call_command("figures", *PERIOD, *words, stdout=out, stderr=err)
    except SystemExit as stop:
        code = stop.code
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def few(city):
    make_case(city.areas.huaiyin, "2024-03-05", State.CLOSED)
    make_case(city.areas.shanqian, "2024-03-06", State.CLOSED)
    make_case(city.areas.keji, "2024-07-15 23:59", State.CLOSED)
    return city


def test_json_has_exactly_five_keys_and_the_total_first(few):
    code, out, _err = run(
        "--territory", "9901", "--measure", "received", "closed", "--by", "county", "--json"
    )
    lines = json.loads(out)
    assert code == 0
    assert all(list(line) == ["measure", "label", "value", "unit", "slice"] for line in lines)
    received = [(line["slice"], line["value"]) for line in lines if line["measure"] == "received"]
    assert received[0] == (None, 3)
    assert sum(value for name, value in received[1:]) == 3
    assert {line["measure"] for line in lines} == {"received", "closed"}
    assert {line["unit"] for line in lines} == {"count"}


def test_every_measure_is_printed_when_none_is_named(few):
    _code, out, _err = run("--json")
    assert [line["measure"] for line in json.loads(out)] == [m.name for m in registry.measures()]


def test_asked_for_everything_by_class_each_measure_is_sliced_or_answered_whole(few):
    code, out, _err = run("--by", "class", "--json")
    lines = json.loads(out)
    assert code == 0
    totals = {line["measure"]: line["value"] for line in lines if line["slice"] is None}
    assert list(totals) == [measure.name for measure in registry.measures()]
    sliced = {line["measure"] for line in lines if line["slice"] is not None}
    assert "received" in sliced
    assert "suggestions_assigned" not in sliced
    assert sum(line["value"] for line in lines if line["measure"] == "received" and line["slice"]) == 3
    code, out, _err = run("--by", "class")
    assert code == 0
    code, _out, err = run("--measure", "suggestions_assigned", "--by", "class")
    assert code == 2
    assert "class" in err
    code, _out, err = run("--by", "colour")
    assert code == 2
    assert "colour" in err


def test_slices_follow_the_tree_that_is_asked_for(few):
    for tree, zone in (("area", "试点高新区"), ("division", "试点高新技术产业开发区")):
        _code, out, _err = run(
            "--territory", "9901", "--measure", "received", "--by", "county", "--tree", tree, "--json"
        )
        assert zone in [line["slice"] for line in json.loads(out)]


def test_a_person_gets_what_that_person_may_see(few):
    _code, out, _err = run("--measure", "received", "--as", "liu", "--json")
    assert json.loads(out)[0]["value"] == 1
    code, out, err = run("--measure", "received", "--as", "liu", "--territory", "9901", "--json")
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1


def test_without_json_there_is_a_table_to_read(few):
    code, out, _err = run("--territory", "9901", "--measure", "received", "return_rate", "--by", "month")
    assert code == 0
    assert "收件数" in out
    assert "2024年3月" in out
    assert "试点市" in out


@pytest.mark.parametrize(
    "words",
    [
        ("--measure", "nonsense"),
        ("--territory", "123456"),
        ("--territory", "area:0"),
        ("--by", "colour"),
        ("--as", "nobody"),
        ("--from", "2024-13-01"),
    ],
)
def test_what_is_unknown_is_said_in_one_sentence_and_ends_with_two(few, words):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
