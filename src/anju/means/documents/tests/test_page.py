"""docs/rooms/documents.md says what the code says."""

from pathlib import Path

from django.conf import settings
from django.utils import translation

from anju.ground.foundation import rulebooks, workflow
from anju.means.documents import rules
from anju.means.documents.models import IssuedDocument

from .samples import ON

PAGE = Path(settings.BASE_DIR) / "docs" / "rooms" / "documents.md"


def test_the_page_draws_the_steps_as_they_are():
    page = PAGE.read_text(encoding="utf-8")
    assert f"```mermaid\n{workflow.mermaid(rules.STEPS)}\n```" in page
    with translation.override("zh-hans"):
        labels = dict(IssuedDocument.State.choices)
        for step in rules.STEPS:
            sources = "、".join(str(labels[state]) for state in sorted(step.source)) or "–"
            target = labels.get(step.target, "–")
            power = f"`{step.power}`" if step.power else "–"
            row = f"| `{step.act}` | {step.label} | {sources} | {target} | {power} |"
            assert row in page, row


def test_the_page_lists_every_kind_with_its_facts():
    page = PAGE.read_text(encoding="utf-8")
    forms = rulebooks.load("documents", on=ON)["forms"]
    for kind, known in rules.KINDS.items():
        review = "审" if forms[kind]["review"] else "–"
        row = f"| `{kind}` | {forms[kind]['name']} | `{known.facts.__name__}` | {review} | {forms[kind]['retention']} |"
        assert row in page
