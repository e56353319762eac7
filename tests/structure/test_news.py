"""News goes up by name: every listener hears something that is recorded, and every recorded event has words."""

import ast
import re

from django.apps import apps
from django.core.management import call_command

from anju.duties.suggestions import rules as suggestion_rules
from anju.ground.foundation import story, wiring
from tests.verbs import load_rooms

load_rooms()
# What stands for the holes of names that are made at run time.
HOLES = {
    "suggestion_act": [step.act for step in suggestion_rules.STEPS],
}
# Written by SQL for thousands of rows at once (doors.exchange.services.loading), past journal.record.
IN_BULK = {
    "cases.imported",
    "inspections.imported",
    "orders.imported",
    "penalties.imported",
}


def spelled_out(name: str) -> list[str]:
    """Fill the hole of a recorded name with all that it may be."""
    hole = re.search(r"\{([^}]*)\}", name)
    if not hole:
        return [name]
    assert hole[1] in HOLES, f"say in HOLES what {hole[1]!r} of {name!r} may be"
    return [name[: hole.start()] + filled + name[hole.end() :] for filled in HOLES[hole[1]]]


def unheard_of(heard: dict[str, list[str]], recorded: dict[str, list[str]]) -> list[str]:
    """List the events somebody listens for and nobody records."""
    return [name for name in heard if not any(wiring.matches(pattern, name) for pattern in recorded)]


def test_every_listener_waits_for_something_that_is_recorded():
    assert wiring.heard(), "the rooms have listeners"
    assert unheard_of(wiring.heard(), wiring.recorded()) == []


def test_a_listener_that_waits_for_nothing_would_be_seen():
    assert unheard_of({"cases.clsoe": ["x"], "cases.close": ["y"]}, {"cases.close": ["z"]}) == ["cases.clsoe"]


def test_a_name_is_read_off_the_source_in_each_form_it_is_written():
    source = """
CHANGED = "calendar.changed"
def f(yes, act):
    journal.record("a.b", subject=None)
    journal.record(CHANGED, subject=None)
    journal.record(f"a.{act}", subject=None)
    journal.record(f"a.{'on' if yes else 'off'}_{act}", subject=None)
    name = "a.open" if yes else "a.shut"
    journal.record(name, subject=None)
"""
    names = [name for name, _function in wiring._records(ast.parse(source))]
    assert names == [
        "a.b", "calendar.changed", "a.{act}", "a.on_{act}", "a.off_{act}", "a.open", "a.shut",
    ]  # fmt: skip


def test_every_event_is_named_for_its_room():
    wrong = {
        name: places
        for name, places in wiring.recorded().items()
        if not re.fullmatch(r"[a-z]+\.[a-z_{}.]+", name)
        or name.split(".")[0] not in {place.split(".")[1] for place in places}
    }
    assert wrong == {}


def test_every_event_has_words_for_the_timeline_and_the_journal():
    recorded = {e for name in wiring.recorded() for e in spelled_out(name)}
    assert len(recorded) > 50
    assert recorded - set(story.words()) == set()


def test_there_are_words_only_for_what_happens():
    recorded = {e for name in wiring.recorded() for e in spelled_out(name)}
    assert set(story.words()) - recorded == IN_BULK


def test_what_events_are_about_are_models():
    assert set(story.subjects()) - {model._meta.label_lower for model in apps.get_models()} == set()


def test_the_wiring_can_be_printed(capsys):
    call_command("wiring")
    printed = capsys.readouterr().out
    block = printed.split("foundation.calendar_changed\n")[1].split("\n")[:2]
    assert block == [
        "    recorded by  ground.foundation.models.calendar_changed",
        "    heard by     anju.ground.foundation.clocks.calendar_changed",
    ]
