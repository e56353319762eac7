"""Acts upon places: successions of divisions, re-organisations of areas, and the record of each estate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.foundation import journal, rulebooks
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.coordinates import System, to_wgs84
from anju.ground.foundation.models import Event
from anju.ground.foundation.pinyin import initials
from anju.ground.foundation.refusals import NotFound, Refusal

from ..models import Area, Building, Division, Estate
from ..queries import boundaries
from ..rules import (
    ANY_DAY,
    AREA_STEPS,
    DIVISION_STEPS,
    ESTATE_STEPS,
    in_house_order,
    name_key,
    short_name,
    straighten,
)
from .loading import last_day, rebuild_lines

DIVISIONS = Loop(
    Division, DIVISION_STEPS, room="territory", see="territory.see", state="", by_server=True,
    missing=lazy("没有找到这个地方。"),
)  # fmt: skip
AREAS = Loop(
    Area, AREA_STEPS, room="territory", see="territory.see", state="", by_server=True,
    missing=lazy("没有找到这个辖区。"),
)  # fmt: skip
ESTATES = Loop(
    Estate, ESTATE_STEPS, room="territory", see="territory.see", state="", by_server=True,
    missing=lazy("没有找到这个小区。"), related=("area",),
)  # fmt: skip
# A page shows six decimals of a degree: what comes back so is the point that stood.
_SAME_POINT = 1e-6


# --- Divisions ---------------------------------------------------------------------------------------------------


@DIVISIONS.verb("succeed_division")
def succeed_division(
    turn: Turn,
    *,
    code: str,
    new_code: str,
    name: str,
    until: date,
    old_name: str,
    parent_code: str,
    source: str,
) -> Division:
    """Let a new code take the place of an old one from the day after `until`; everything keeps standing.

    The old row stays with its end and its successor, its children move to the new row, areas and estates follow by
    `current`. Done twice, nothing happens the second time.
    code         the old code; unknown to us, it is written down as already past, so that old papers are understood
    parent_code  where the new division belongs; as the old one, when empty
    """
    new = Division.objects.select_for_update().filter(code=new_code, valid_to__isnull=True).first()
    old = Division.objects.select_for_update().filter(code=code).order_by("-valid_to", "-pk").first()
    turn.asked_again()
    if old and old.successor_id:
        turn.unchanged(old.current)
    _refuse_successor(turn, old, new, code=code, new_code=new_code, until=until, source=source)
    parent = _current(parent_code) if parent_code else (old.parent if old else new.parent if new else None)
    if parent is None:
        raise Refusal(
            _("不知道 %(code)s 属于哪里，请给出上级代码。") % {"code": new_code}, field="parent_code"
        )
    if new is None:
        level = old.level if old else parent.level + 1
        new = _division(new_code, name, level, parent, source, valid_from=until + timedelta(days=1))
    elif new.valid_from is None:
        new.valid_from = until + timedelta(days=1)
        new.save(update_fields=["valid_from"])
    if old is None:
        _division(code, old_name or name, new.level, parent, source, valid_to=until, successor=new)
    else:
        old.valid_to, old.successor = until, new
        old.save(update_fields=["valid_to", "successor"])
        _adopt(old, new)
    rebuild_lines()
    turn.note, turn.facts = source, {"old": code, "new": new_code, "last_day": until.isoformat()}
    return new


def _refuse_successor(
    turn: Turn,
    old: Division | None,
    new: Division | None,
    *,
    code: str,
    new_code: str,
    until: date,
    source: str,
) -> None:
    """Refuse what cannot take an old code's place; whoever enters it names the document and waits for the day."""
    if code == new_code:
        raise Refusal(_("新旧代码相同，请核对。"), field="new_code")
    if old and (not new_code.isdecimal() or len(new_code) != len(old.code)):
        raise Refusal(_("新代码应当和旧代码一样是 %(n)s 位数字。") % {"n": len(old.code)}, field="new_code")
    if old and new and new.level != old.level:
        raise Refusal(
            _("代码 %(code)s 已是“%(name)s”，级别不同，不能接替。") % {"code": new_code, "name": new.name},
            field="new_code",
        )
    if turn.by.kind == "system":
        return
    if until > turn.today:
        raise Refusal(_("旧代码的最后一天还没有到，请到那时再登记。"), field="until")
    if not source:
        raise Refusal(_("请写明依据（批复的文号）。"), field="source")


def _division(code: str, name: str, level: int, parent: Division, source: str, **days: Any) -> Division:
    return Division.objects.create(
        code=code, name=name, initials=initials(name), level=level, parent=parent,
        path=f"{parent.path} {name}".strip(), source=source, **days,
    )  # fmt: skip


@transaction.atomic
def apply_changes(*, changes: list[dict[str, str]], by: journal.Trace, at: datetime) -> int:
    """Apply a list of successions (read_changes) and return how many were new.

    The new code's parent is the longest known code that it begins with: 410725110 belongs to 410725.
    """
    made = 0
    for change in changes:
        new_code = change["new_code"].strip()
        known = Division.objects.filter(code=change["old_code"].strip(), successor__isnull=False).exists()
        if known:
            continue
        heads = [new_code[:n] for n in (9, 6, 4, 2) if n < len(new_code)]
        parent = Division.objects.filter(code__in=heads, valid_to__isnull=True).order_by("-level").first()
        succeed_division(
            code=change["old_code"].strip(),
            new_code=new_code,
            name=change["new_name"].strip(),
            old_name=change["old_name"].strip(),
            until=last_day(change["when"]),
            parent_code=parent.code if parent else "",
            source=change.get("note", "")[:200],
            by=by,
            at=at,
        )
        made += 1
    return made


def _adopt(old: Division, new: Division) -> None:
    """Hang what stood below the old division, and the areas that were it, to the new one."""
    Division.objects.filter(parent=old, valid_to__isnull=True).update(parent=new)
    _rewrite_paths(new)
    for area in Area.objects.filter(division=old):
        area.division = new
        # A county-level zone keeps the name it is led under; a street or community takes the new legal name.
        if area.name == short_name(old.name, _short_names()) or area.name == old.name:
            area.name = short_name(new.name, _short_names())
            area.initials = initials(area.name)
        area.save(update_fields=["division", "name", "initials"])
        _rewrite_area_paths(area)


def _short_names() -> list[list[str]]:
    rules = rulebooks.load("territory", on=ANY_DAY)["areas"]
    return sorted(rules.get("short_names", ()), key=lambda pair: -len(pair[0]))


def _current(code: str) -> Division:
    division = Division.objects.filter(code=code).order_by("-valid_to", "-pk").first()
    if division is None:
        raise NotFound(_("没有代码为 %(code)s 的区划。") % {"code": code})
    return division.current


def _rewrite_paths(top: Division) -> None:
    """Write the paths below a division anew, level by level."""
    waiting = [top]
    while waiting:
        children = list(
            Division.objects.filter(parent__in=waiting, valid_to__isnull=True).select_related("parent")
        )
        for child in children:
            child.path = f"{child.parent.path if child.parent else ''} {child.name}".strip()
        Division.objects.bulk_update(children, ["path"], batch_size=1000)
        waiting = children


# --- Areas -------------------------------------------------------------------------------------------------------


@AREAS.verb("move_area")
def move_area(turn: Turn, *, parent_id: int, reason: str) -> None:
    """Hang an area (and all below it) under another parent: a re-organisation.

    The event has the ids of all areas whose chain changed, so that rooms which stamp a chain on their records can stamp
    it again.
    """
    area, parent = turn.row, Area.objects.filter(pk=parent_id).first()
    if parent is None:
        raise NotFound(_("没有找到这个辖区。"))
    turn.require(parent)
    if parent.level != area.level - 1:
        raise Refusal(
            _("“%(area)s”的上级应当是%(level)s，“%(parent)s”不是。")
            % {"area": area.name, "level": Area.Level(area.level - 1).label, "parent": parent.name},
            field="parent_id",
        )
    if area.parent_id == parent.pk:
        turn.unchanged()
    turn.facts = {"from": area.parent_id, "to": parent.pk}
    area.parent = parent
    _take_chain(area, parent)
    area.save(update_fields=["parent", "city", "county", "street", "path"])
    turn.facts["areas"] = [area.pk, *_rewrite_area_paths(area)]


def _take_chain(area: Area, parent: Area | None) -> None:
    """Copy the chain of ancestors and the path from the parent."""
    area.city_id = area.county_id = area.street_id = None
    area.path = area.name
    if parent is None:
        return
    area.city_id, area.county_id, area.street_id = parent.at_level(2), parent.at_level(3), parent.at_level(4)
    area.path = f"{parent.path} {area.name}"


def _rewrite_area_paths(top: Area) -> list[int]:
    """Write chain and path anew for all below an area; returns their ids. The top's own path too."""
    top.path = f"{top.parent.path} {top.name}" if top.parent else top.name
    top.save(update_fields=["path"])
    ids: list[int] = []
    waiting = [top]
    while waiting:
        children = list(Area.objects.filter(parent__in=waiting).select_related("parent"))
        for child in children:
            _take_chain(child, child.parent)
        Area.objects.bulk_update(children, ["city", "county", "street", "path"], batch_size=1000)
        ids += [child.pk for child in children]
        waiting = children
    return ids


@AREAS.verb("create_area")
def create_area(
    turn: Turn, *, name: str, level: int, parent: Area | None, division: Division | None = None
) -> Area:
    """Create a management area by hand: a zone without a code, an invented territory of a test."""
    if parent is not None and parent.level != level - 1:
        raise Refusal(_("上级辖区的层级不对，请重新选择。"), field="parent")
    area = Area(name=name, initials=initials(name), level=level, parent=parent, division=division)
    _take_chain(area, parent)
    area.save()
    return area


# --- Estates -----------------------------------------------------------------------------------------------------

FACTS = (
    "name", "aliases", "address", "year_built", "listed_old", "households", "building_count", "management",
    "floor_area", "is_high_rise", "hydrants", "extinguishers", "has_micro_station", "has_control_room",
    "fire_lane_marked", "charging_places", "ebikes", "active",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one estate: the row, what was done, and what somebody should look at (words of cell_words)."""

    estate: Estate
    done: str  # added | changed | unchanged
    warnings: list[str] = field(default_factory=list)


def _kept(event: Event) -> Kept:
    """Return what an equal request was answered with."""
    done = "added" if event.name == ESTATES.event("create_estate") else "changed"
    return Kept(Estate.objects.get(pk=event.subject_id), done, event.data.get("warnings", []))


@ESTATES.verb("create_estate", answers=_kept)
def create_estate(
    turn: Turn,
    *,
    name: str,
    area: Area,
    point: tuple[float, float] | None = None,
    system: System = System.WGS84,
    buildings: Sequence[str | tuple[str, int | None]] = (),
    is_demo: bool = False,
    **facts: Any,
) -> Estate:
    """Enter an estate in a community; refused when the community has one of that name already.

    point   (longitude, latitude) in `system`; stored as WGS-84. Swapped values are put right and warned of, a point
            outside the county is kept and warned of.
    buildings  their names, or (name, floors)
    facts   any of FACTS
    """
    turn.require(area)
    _refuse_level(area)
    if Estate.objects.filter(area=area, name_key=_key_of(name)).exists():
        raise Refusal(
            _("%(area)s已有小区“%(name)s”，请直接修改它。") % {"area": area.name, "name": name}, field="name"
        )
    known = {k: v for k, v in facts.items() if k in FACTS and v is not None}
    estate = Estate(name=name, area=area, division=area.division, is_demo=is_demo, **known)
    _name(estate, name)
    warnings = _place(estate, point, system)
    estate.save()
    _build(estate, dict((b, None) if isinstance(b, str) else b for b in buildings))
    turn.facts = {"name": name, "area": area.pk} | ({"warnings": warnings} if warnings else {})
    turn.answer = Kept(estate, "added", warnings)
    return estate


@ESTATES.verb("edit_estate", answers=_kept)
def edit_estate(
    turn: Turn,
    *,
    changes: Mapping[str, Any],
    point: tuple[float, float] | None = None,
    system: System = System.WGS84,
    area: Area | None = None,
    buildings: Sequence[tuple[str, int | None]] | None = None,
    note: str,
) -> None:
    """Change the facts of an estate; the journal keeps each value before and after. Unknown facts are not taken.

    buildings  (name, floors) of all its buildings; those left out are taken off, None leaves them as they are
    """
    estate = turn.row
    before = {name: getattr(estate, name) for name in (*FACTS, "area_id", "longitude", "latitude")}
    for name, value in changes.items():
        if name in FACTS:
            setattr(estate, name, value)
    _name(estate, estate.name)
    if area is not None:
        turn.require(area)
        _refuse_level(area)
        estate.area, estate.division = area, area.division
    if Estate.objects.filter(area=estate.area, name_key=estate.name_key).exclude(pk=estate.pk).exists():
        raise Refusal(_("%(area)s已有同名的小区。") % {"area": estate.area.name}, field="name")
    warnings = _place(estate, point, system)
    after = {name: getattr(estate, name) for name in before}
    changed = {n: [_plain(before[n]), _plain(after[n])] for n in before if before[n] != after[n]}
    stood = None if buildings is None else {b.name: b.floors for b in estate.buildings.all()}
    if stood is not None and stood != (wanted := dict(buildings or ())):
        _build(estate, wanted)
        changed["buildings"] = [_listed(stood), _listed(wanted)]
    if not changed:
        turn.unchanged(Kept(estate, "unchanged", warnings))
    turn.facts = {"changed": changed} | ({"warnings": warnings} if warnings else {})
    turn.answer = Kept(estate, "changed", warnings)


def _key_of(name: str) -> str:
    """Return the key by which repeats of a name are known, or refuse a name without letters."""
    if key := name_key(name):
        return key
    raise Refusal(_("请填写小区名称。"), field="name")


def _name(estate: Estate, name: str) -> None:
    """Give an estate a name, with what is derived from it."""
    estate.name = " ".join(name.split())
    estate.name_key, estate.initials = _key_of(estate.name), initials(estate.name)


def _refuse_level(area: Area) -> None:
    if area.level != Area.Level.COMMUNITY:
        raise Refusal(_("小区要放在一个社区（村）之下，请选到社区一级。"), field="area")


def upsert_estate(
    *,
    name: str,
    area: Area,
    by: journal.Trace,
    at: datetime,
    point: tuple[float, float] | None = None,
    system: System = System.WGS84,
    is_demo: bool = False,
    **facts: Any,
) -> Kept:
    """Enter an estate from a ledger, or bring the one of the same community and name up to date.

    Two spellings of a name (full-width, spaces, marks) are one estate. What the ledger leaves empty stays as it is.
    """
    given = {k: v for k, v in facts.items() if k in FACTS and v is not None}
    here = Estate.objects.filter(area=area, name_key=name_key(name)).first()
    if here is None:
        return create_estate(
            name=name, area=area, by=by, at=at, point=point, system=system, is_demo=is_demo, **given
        )
    return edit_estate(estate_id=here.pk, changes=given, by=by, at=at, point=point, system=system)


@ESTATES.verb("list_old")
def list_old(turn: Turn, *, listed: bool, basis: str) -> None:
    """Put an estate on the city's list of old communities, or take it off, on a document's authority."""
    if turn.row.listed_old == listed:
        turn.unchanged()
    turn.row.listed_old = listed
    turn.note, turn.facts = basis, {"listed": listed}


def _build(estate: Estate, wanted: Mapping[str, int | None]) -> None:
    """Let these buildings stand and no others; what else is known of those that stay is kept."""
    estate.buildings.exclude(name__in=wanted).delete()
    Building.objects.bulk_create(
        [Building(estate=estate, name=name, floors=floors) for name, floors in wanted.items()],
        update_conflicts=True,
        unique_fields=["estate", "name"],
        update_fields=["floors"],
    )


def _listed(buildings: Mapping[str, int | None]) -> list[str]:
    return [
        f"{name}({buildings[name]})" if buildings[name] else name
        for name in sorted(buildings, key=in_house_order)
    ]


def _place(estate: Estate, point: tuple[float, float] | None, system: System) -> list[str]:
    """Store a point on the estate and return what is doubtful about it; the one that it has is left as it stands."""
    if point is None:
        return []
    straight, problem = straighten(*point)
    if straight is None:
        return [problem] if problem else []
    warnings = [] if straight == tuple(point) else ["swapped"]
    longitude, latitude = to_wgs84(straight, system)
    stood = (estate.longitude, estate.latitude)
    if all(
        was is not None and abs(was - now) < _SAME_POINT
        for was, now in zip(stood, (longitude, latitude), strict=True)
    ):
        return []
    estate.longitude, estate.latitude = longitude, latitude
    estate.coordinate_source = system.value
    if boundaries.lies_near(estate.longitude, estate.latitude, code=county_code(estate.area)) is False:
        warnings.append("outside_county")
    return warnings


def county_code(area: Area) -> str | None:
    """Return the division code of the county that an area lies in, None for one without a division."""
    county = area if area.level == Area.Level.COUNTY else area.county
    return county.division.code if county and county.division else None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
