"""The classes of hazards and complaints, read from their dated rulebooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.ground.foundation import rulebooks
from anju.ground.foundation.refusals import Refusal
from anju.ground.foundation.workdays import Term

from .. import rules


@dataclass(frozen=True, slots=True)
class CaseClass:
    """One leaf of the three-level classes of a kind.

    term         the days for putting it right, counted from acceptance
    verify       key of the verify clock (verify_exit within 24 hours, else verify)
    handling     on_spot, order, refer_fire, copy_other, report_up
    is_default   the law says "reasonable time" only: the figure is the city's
    """

    kind: str
    code: str
    name: str
    name_en: str
    groups: tuple[tuple[str, str, str], ...]  # (code, name, name_en) of levels 1 and 2
    severity: str
    term: Term
    is_default: bool
    verify: str
    handling: tuple[str, ...]
    basis: tuple[str, ...]
    standard_text: str

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return self.name_en if (get_language() or "").startswith("en") and self.name_en else self.name

    @property
    def path(self) -> str:
        """Both upper levels and the name, in the reader's language."""
        english = (get_language() or "").startswith("en")
        return " › ".join([*(g[2] if english and g[2] else g[1] for g in self.groups), self.label])


_BOOKS = {"hazard": "hazards", "complaint": "complaints"}


def classes(kind: str, *, on: date) -> Mapping[str, CaseClass]:
    """Return the classes of a kind in force on a day, by code."""
    book = rulebooks.load(_BOOKS[kind], on=on)
    return _read(kind, book["edition"])


@cache
def _read(kind: str, edition: str) -> Mapping[str, CaseClass]:
    book = rulebooks.edition(_BOOKS[kind], edition)
    first = {g["code"]: g for g in book["level1"]}
    second = {g["code"]: g for g in book["level2"]}
    found = {}
    for entry in book["classes"]:
        code = entry["code"]
        upper = second[entry["level2"]]
        top = first[entry.get("level1") or upper["level1"]]
        found[code] = CaseClass(
            kind=kind,
            code=code,
            name=entry["name"],
            name_en=entry.get("name_en", ""),
            groups=tuple((g["code"], g["name"], g.get("name_en", "")) for g in (top, upper)),
            severity=entry.get("severity", "general"),
            term=_term(entry["term"], entry),
            is_default=bool(entry.get("default", entry["term"].get("default", True))),
            verify=entry.get("verify", "verify"),
            handling=tuple(entry.get("handling", ())),
            basis=tuple(entry.get("basis", ())),
            standard_text=entry.get("default_text", ""),
        )
    return found


def _term(term: Mapping[str, Any], entry: Mapping[str, Any]) -> Term:
    basis = entry.get("basis") or [""]
    return Term(term["amount"], term["unit"], basis[0])


def find(kind: str, code: str, *, on: date) -> CaseClass:
    """Return one class, or raise Refusal naming the unknown code."""
    found = classes(kind, on=on).get(code) if kind in _BOOKS else None
    if found is None:
        raise Refusal(
            _("没有编号为“%(code)s”的类别，请从列表中选择。") % {"code": code},
            field="class_code",
            code="unknown_class",
        )
    return found


def label(kind: str, code: str) -> str:
    """Return the name of a class of any edition, for showing an old case."""
    for _start, _end, book in reversed(rulebooks.editions(_BOOKS[kind])):
        if (found := _read(kind, book["edition"]).get(code)) is not None:
            return found.label
    return code


def tree(kind: str, *, on: date) -> list[dict[str, Any]]:
    """Return the classes as level 1 → level 2 → leaves, for a chooser."""
    result: dict[str, dict[str, Any]] = {}
    for leaf in classes(kind, on=on).values():
        (c1, n1, e1), (c2, n2, e2) = leaf.groups
        english = (get_language() or "").startswith("en")
        one = result.setdefault(c1, {"code": c1, "label": e1 if english and e1 else n1, "groups": {}})
        two = one["groups"].setdefault(c2, {"code": c2, "label": e2 if english and e2 else n2, "leaves": []})
        two["leaves"].append(leaf)
    return [{**one, "groups": list(one["groups"].values())} for one in result.values()]


def common_classes(*, on: date) -> list[dict[str, str]]:
    """List the classes offered first on the public form, as the rulebook orders them, in the reader's language."""
    chosen = rulebooks.load("portal", on=on)["common_classes"]
    english = (get_language() or "").startswith("en")
    return [
        {
            "value": entry["code"],
            "label": entry["name_en"] if english else entry["name"],
            "icon": entry.get("icon", ""),
            "hint": entry.get("hint_en" if english else "hint", ""),
        }
        for entry in chosen
    ]


def class_tree(*, on: date) -> list[dict[str, Any]]:
    """List all classes of both kinds in groups, for a chooser: {label, leaves}."""
    return [
        {
            "label": f"{label} · {one['label']}",
            "leaves": [leaf for two in one["groups"] for leaf in two["leaves"]],
        }
        for kind, label in rules.KIND_LABELS.items()
        for one in tree(kind, on=on)
    ]


def kind_and_label(code: str, *, on: date) -> tuple[str, str]:
    """Return which kind a class code belongs to and its name, or raise Refusal for an unknown one."""
    for kind in rules.KIND_LABELS:
        if code in classes(kind, on=on):
            return kind, find(kind, code, on=on).name
    return "hazard", find("hazard", code, on=on).name
