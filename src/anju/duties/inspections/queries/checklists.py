"""Checklists read from their dated rulebooks: what an agency looks at, article by article, in the form of its day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from anju.ground.foundation import rulebooks
from anju.ground.foundation.citations import cite
from anju.ground.foundation.refusals import Refusal

KEYS = ("unit", "property_company", "residents_committee", "old_community", "ebike", "conduct")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is looked at.

    code     kept by the visit; never changes its meaning within a checklist
    text     what is looked at, in Chinese (for a document); `label` is the same in the reader's language
    basis    article keys
    classes  hazards that a problem here may be; empty: the problem is noted, and is no hazard
    ask      how it is looked at, in Chinese; `hint` in the reader's language
    """

    code: str
    text: str
    basis: tuple[str, ...]
    classes: tuple[str, ...]
    ask: str
    text_en: str = ""
    ask_en: str = ""

    @property
    def label(self) -> str:
        return _in_language(self.text, self.text_en)

    @property
    def hint(self) -> str:
        return _in_language(self.ask, self.ask_en)

    @property
    def articles(self) -> list[str]:
        """The articles written out, in the reader's language."""
        return [cite(key) for key in self.basis]


@dataclass(frozen=True, slots=True)
class Checklist:
    """A form in one edition.

    edition       effective_from of the file: a visit keeps it, and shows its form by it for ever
    agency_kinds  kinds of organisation that use it; unit_kinds: kinds of unit it is for
    """

    key: str
    name: str
    edition: date
    agency_kinds: tuple[str, ...]
    unit_kinds: tuple[str, ...]
    items: tuple[Item, ...]
    name_en: str = ""

    @property
    def label(self) -> str:
        return _in_language(self.name, self.name_en)

    def item(self, code: str) -> Item | None:
        """Return one item by its code, or None when this edition has none of it."""
        return next((item for item in self.items if item.code == code), None)


def _in_language(chinese: str, english: str) -> str:
    return english if english and (get_language() or "").startswith("en") else chinese


@cache
def _editions(key: str) -> tuple[tuple[date, date | None, Checklist], ...]:
    return tuple(
        (start, end, _read(key, content)) for start, end, content in rulebooks.editions(f"checklists/{key}")
    )


def _read(key: str, content: Mapping[str, Any]) -> Checklist:
    return Checklist(
        key=key,
        name=content["name"],
        name_en=content.get("name_en", ""),
        edition=content["effective_from"],
        agency_kinds=tuple(content["agency_kinds"]),
        unit_kinds=tuple(content["unit_kinds"]),
        items=tuple(
            Item(
                code=item["code"],
                text=item["text"],
                basis=tuple(item["basis"]),
                classes=tuple(item.get("classes") or ()),
                ask=item.get("ask", ""),
                text_en=item.get("text_en", ""),
                ask_en=item.get("ask_en", ""),
            )
            for item in content["items"]
        ),
    )


def _unknown(key: str) -> Refusal:
    return Refusal(
        _("没有“%(key)s”这份检查表，请从列表中选择。") % {"key": key},
        field="checklist",
        code="unknown_checklist",
    )


def find(key: str, *, on: date) -> Checklist:
    """Return a checklist in the edition in force on a day; raises Refusal for an unknown one or a day before any."""
    in_force = [c for start, end, c in _known(key) if start <= on and (end is None or on <= end)]
    if not in_force:
        raise Refusal(
            _("检查表“%(name)s”在%(day)s还没有生效的版本。") % {"name": key, "day": on.isoformat()},
            field="checklist",
        )
    return in_force[-1]


def at_edition(key: str, edition: date) -> Checklist:
    """Return a checklist as it was in the edition a visit kept; raises Refusal when there is no such edition."""
    for start, _end, checklist in _known(key):
        if start == edition:
            return checklist
    raise _unknown(f"{key} {edition.isoformat()}")


def label(key: str) -> str:
    """Return the newest name of a checklist in the reader's language, or the key of an unknown one."""
    return _editions(key)[-1][2].label if key in KEYS else key


def all_on(on: date) -> list[Checklist]:
    """List every checklist in force on a day, for a chooser."""
    return [find(key, on=on) for key in KEYS if any(start <= on for start, _end, _c in _editions(key))]


def for_unit(unit_kind: str, agency_kind: str, *, flags: Iterable[str] = (), on: date) -> Checklist:
    """Return the checklist an agency takes to a unit: the one it owes, else the first it may use there.

    flags  what the unit carries that day (kinds.flags_on)
    Raises Refusal when no checklist fits.
    """
    book = rulebooks.load("units", on=on)
    for duty in duties_of(unit_kind, flags=flags, on=on):
        if agency_kind in duty["agencies"]:
            return find(duty["checklist"], on=on)
    offered = book["offer"].get(agency_kind, book["offer"]["otherwise"])
    fitting = [c for c in (find(key, on=on) for key in offered) if unit_kind in c.unit_kinds]
    if fitting:
        return fitting[0]
    if offered:
        return find(offered[0], on=on)
    raise Refusal(_("没有适用于这类对象的检查表，请联系市级管理员维护检查表。"), field="checklist")


def duties_of(unit_kind: str, *, flags: Iterable[str] = (), on: date) -> list[Mapping[str, Any]]:
    """List the checks a unit is owed by rule, those of its flags first; an unknown kind is owed none."""
    book = rulebooks.load("units", on=on)
    carried = frozenset(flags)
    found = [d for f, rule in book["flags"].items() if f in carried for d in rule.get("duties", ())]
    for duty in book["kinds"].get(unit_kind, {}).get("duties", ()):
        if ("flag" not in duty or duty["flag"] in carried) and duty.get("without") not in carried:
            found.append(duty)
    return found


def _known(key: str) -> tuple[tuple[date, date | None, Checklist], ...]:
    if key not in KEYS:
        raise _unknown(key)
    return _editions(key)


def agency_kinds(book: Mapping[str, Any]) -> set[str]:
    """Return the kinds of organisation that supervise units or owe them a check."""
    rules = [*book["kinds"].values(), *book["flags"].values()]
    wanted = {kind for rule in rules for kind in rule.get("supervisors", ())}
    return wanted | {kind for rule in rules for duty in rule.get("duties", ()) for kind in duty["agencies"]}
