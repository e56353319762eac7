"""docs/rooms/figures.md says what the code says."""

from pathlib import Path

from django.conf import settings
from django.utils import translation

from anju.means.figures import rules
from anju.means.figures.queries import registry

BEGIN, END = (
    "<!-- definitions: begin (a test keeps this table equal to the code) -->",
    "<!-- definitions: end -->",
)
PAGE = Path(settings.BASE_DIR) / "docs" / "rooms" / "figures.md"


def table() -> str:
    """Write the table of definitions as the page must hold it."""
    with translation.override("zh-hans"):
        lines = ["| name | 指标 | unit | 定义 |", "|---|---|---|---|"]
        lines += [f"| `{m.name}` | {m.label} | {m.unit} | {m.definition} |" for m in registry.measures()]
    return "\n".join(lines)


def test_the_page_holds_every_definition_word_for_word():
    text = PAGE.read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0].strip() == table()


def test_the_page_lists_the_acts():
    text = PAGE.read_text(encoding="utf-8")
    with translation.override("zh-hans"):
        for step in rules.STEPS:
            power = f"`{step.power}`" if step.power else "–"
            assert f"| `{step.act}` | {step.label} | {power} |" in text
