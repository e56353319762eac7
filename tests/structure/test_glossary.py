"""The glossary and the code use the same words: none is missing, none is left over."""

import re
from datetime import date

from django.apps import apps

from anju.duties.cases import rules
from anju.ground.foundation import rulebooks

from . import house

_IN_CODE = re.compile(r"`([A-Za-z_]+)`")


def words() -> set[str]:
    """Return what stands in the last column of the glossary's tables."""
    text = (house.ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    assert all(len(row) == 5 for row in rows), "each row has a Chinese word, an English one, and the code's"
    return {word for row in rows for word in _IN_CODE.findall(row[3])}


def test_every_model_state_act_role_and_kind_of_office_is_in_the_glossary():
    ours = {model.__name__ for model in apps.get_models() if model.__module__.startswith("anju.")}
    loop = set(rules.STATE_LABELS) | {step.act for step in rules.STEPS} | set(rules.KIND_LABELS)
    loop |= set(rules.SEVERITY_LABELS) | {"verify", "recheck", "rectify", "reply"}
    roles = set(rulebooks.load("access", on=date.max)["roles"])
    kinds = set(rulebooks.load("organisations", on=date.max)["kinds"])
    missing = (ours | loop | roles | kinds) - words()
    assert not missing, f"docs/glossary.md lacks {sorted(missing)}"


def test_every_word_of_the_glossary_is_spoken_by_the_code():
    spoken = " ".join(path.read_text(encoding="utf-8") for path in house.python_files())
    spoken += " ".join(
        path.read_text(encoding="utf-8") for path in (house.ROOT / "rulebooks").rglob("*.yaml")
    )
    known = set(re.findall(r"[A-Za-z_]+", spoken))
    unspoken = words() - known
    assert not unspoken, f"nothing in the code is called {sorted(unspoken)}"
