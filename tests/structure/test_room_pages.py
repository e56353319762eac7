"""A room's page cannot grow stale: its picture and its table are those of the code."""

from anju.duties.cases import rules
from anju.duties.inspections import rules as visit_rules
from anju.duties.suggestions import rules as suggestion_rules
from anju.ground.foundation import workflow

from . import house


def test_the_page_of_the_cases_room_draws_the_steps_as_they_are():
    page = (house.ROOT / "docs" / "rooms" / "cases.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{workflow.mermaid(rules.STEPS)}\n```" in page
    for step in rules.STEPS:
        sources = ", ".join(str(label) for state, label in rules.STATE_LABELS.items() if state in step.source)
        row = f"| `{step.act}` | {step.label} | {sources} | {rules.STATE_LABELS[step.target]} | `{step.power}` |"
        assert row in page, row
        assert f"`{step.basis}` |" in page.split(row)[1].split("\n")[0], step.act


def test_the_page_of_the_inspections_room_draws_the_steps_as_they_are():
    page = (house.ROOT / "docs" / "rooms" / "inspections.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{workflow.mermaid(visit_rules.STEPS)}\n```" in page
    for step in visit_rules.STEPS:
        sources = ", ".join(str(x) for state, x in visit_rules.STATE_LABELS.items() if state in step.source)
        target = visit_rules.STATE_LABELS[step.target] if step.target else "–"
        assert (
            f"| `{step.act}` | {step.label} | {sources} | {target} | `{step.power}` | `{step.basis}` |"
            in page
        )


def test_the_page_of_the_suggestions_room_draws_the_steps_as_they_are():
    page = (house.ROOT / "docs" / "rooms" / "suggestions.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{workflow.mermaid(suggestion_rules.STEPS)}\n```" in page
    labels = suggestion_rules.STATE_LABELS
    for step in suggestion_rules.STEPS:
        sources = ", ".join(str(label) for state, label in labels.items() if state in step.source)
        row = f"| `{step.act}` | {step.label} | {sources} | {labels[step.target]} | `{step.power}` |"
        assert row in page, row
        assert f"`{step.basis}` |" in page.split(row)[1].split("\n")[0], step.act


def test_every_room_has_its_page():
    pages = {path.stem for path in (house.ROOT / "docs" / "rooms").glob("*.md")}
    missing = {room.rsplit(".", 1)[1] for room in house.rooms()} - pages
    assert not missing, f"docs/rooms/ lacks {sorted(missing)}"
