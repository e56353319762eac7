"""A room's page cannot grow stale: its picture and its table are those of the code."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from anju.duties.cases import rules as cases
from anju.duties.inspections import rules as inspections
from anju.duties.majors import rules as majors
from anju.duties.objections import rules as objections
from anju.duties.orders import rules as orders
from anju.duties.penalties import rules as penalties
from anju.duties.suggestions import rules as suggestions
from anju.duties.transfers import rules as transfers
from anju.ground.foundation import workflow
from anju.ground.foundation.workflow import Step
from anju.ground.organisations import rules as organisations
from anju.ground.territory import rules as territory

from . import house

TABLES: dict[str, tuple[Sequence[Step], Mapping[str, Any]]] = {
    "cases": (cases.STEPS, cases.STATE_LABELS),
    "inspections": (inspections.STEPS, inspections.STATE_LABELS),
    "orders": (orders.ORDER_STEPS, orders.ORDER_LABELS),
    "penalties": (penalties.STEPS, penalties.STATE_LABELS),
    "transfers": (transfers.STEPS, transfers.STATE_LABELS),
    "majors": (majors.STEPS, majors.STATE_LABELS),
    "objections": (objections.STEPS, objections.STATE_LABELS),
    "suggestions": (suggestions.STEPS, suggestions.STATE_LABELS),
}
# Rooms of several kinds of things, most of them without states: their pages list the acts.
LISTS: dict[str, tuple[Step, ...]] = {
    "organisations": (
        *organisations.ORGANISATION_STEPS, *organisations.PERSON_STEPS, *organisations.POST_STEPS,
        *organisations.CONTRACT_STEPS,
    ),
    "territory": (*territory.DIVISION_STEPS, *territory.AREA_STEPS, *territory.ESTATE_STEPS),
}  # fmt: skip


@pytest.mark.parametrize("room", LISTS)
def test_the_page_of_a_room_of_the_ground_lists_its_acts(room: str):
    page = (house.ROOT / "docs" / "rooms" / f"{room}.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| ([^|]+) \|[^|]*\|", page, re.MULTILINE)
    assert listed == [(step.act, str(step.label)) for step in LISTS[room]]
    for step in LISTS[room]:
        assert not step.power or f"`{step.power}`" in page


@pytest.mark.parametrize("room", TABLES)
def test_the_page_of_a_room_draws_the_steps_as_they_are(room: str):
    page = (house.ROOT / "docs" / "rooms" / f"{room}.md").read_text(encoding="utf-8")
    steps, labels = TABLES[room]
    assert f"```mermaid\n{workflow.mermaid(steps)}\n```" in page
    for step in steps:
        sources = ", ".join(str(label) for state, label in labels.items() if state in step.source)
        target = labels[step.target] if step.target else "—"
        row = f"| `{step.act}` | {step.label} | {sources} | {target} | `{step.power}` |"
        assert row in page, row
        assert f"`{step.basis}` |" in page.split(row)[1].split("\n")[0], step.act


def test_every_room_with_steps_draws_them():
    with_steps = {
        path.parent.name
        for path in house.SOURCE.glob("duties/*/rules.py")
        if "STEPS = (" in path.read_text("utf-8")
    }
    assert with_steps == set(TABLES)


def test_every_room_has_its_page():
    pages = {path.stem for path in (house.ROOT / "docs" / "rooms").glob("*.md")}
    missing = {room.rsplit(".", 1)[1] for room in house.rooms()} - pages
    assert not missing, f"docs/rooms/ lacks {sorted(missing)}"
