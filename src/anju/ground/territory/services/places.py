"""Acts upon places: successions of divisions, re-organisations of areas, and the record of each estate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from anju.ground.foundation import journal, rulebooks
from anju.ground.foundation.coordinates import System, to_wgs84
from anju.ground.foundation.pinyin import initials
from anju.ground.foundation.refusals import NotFound, Refusal

from ..models import Area, Building, Division, Estate
from ..queries import boundaries
from ..rules import ANY_DAY, in_house_order, name_key, short_name, straighten
from .loading import last_day, rebuild_lines

# --- Divisions ---------------------------------------------------------------------------------------------------


@transaction.atomic
def succeed_division(
    *,
    code: str,
    new_code: str,
    name: str,
    until: date,
    by: journal.Trace,
    at: datetime,
    old_name: str = "",
    parent_code: str = "",
    source: str = "",
) -> Division:
    """Let a new code take the place of an old one from the day after `until`; everything keeps standing.

    The old row stays with its end and its successor, its children move to the new row, areas and estates follow by
    `current`. Done twice, nothing happens the second time.
    code         the old code; unknown to us, it is written down as already past, so that old papers are understood
    parent_code  where the new division belongs; as the old one, when empty
    """
    new = Division.objects.select_for_update().filter(code=new_code, valid_to__isnull=True).first()
    old = Division.objects.select_for_update().filter(code=code).order_by("-valid_to", "-pk").first()
    if old and old.successor_id:
        return old.current
    if code == new_code:
        raise Refusal(_("新旧代码相同，请核对。"), field="new_code")
    if old and (not new_code.isdecimal() or len(new_code) != len(old.code)):
        raise Refusal(_("新代码应当和旧代码一样是 %(n)s 位数字。") % {"n": len(old.code)}, field="new_code")
    if old and new and new.level != old.level:
        raise Refusal(
            _("代码 %(code)s 已是“%(name)s”，级别不同，不能接替。") % {"code": new_code, "name": new.name},
            field="new_code",
        )
    parent = _current(parent_code) if parent_code else (old.parent if old else new.parent if new else None)
    if parent is None:
        raise Refusal(
            _("不知道 %(code)s 属于哪里，请给出上级代码。") % {"code": new_code}, field="parent_code"
        )
    if new is None:
        new = Division.objects.create(
            code=new_code,
            name=name,
            initials=initials(name),
            level=old.level if old else parent.level + 1,
            parent=parent,
            path=f"{parent.path} {name}".strip(),
            valid_from=until + timedelta(days=1),
            source=source[:200],
        )
    elif new.valid_from is None:
        new.valid_from = until + timedelta(days=1)
        new.save(update_fields=["valid_from"])
    if old is None:
        Division.objects.create(
            code=code,
            name=old_name or name,
            initials=initials(old_name or name),
            level=new.level,
            parent=parent,
            path=f"{parent.path} {old_name or name}".strip(),
            valid_to=until,
            successor=new,
            source=source[:200],
        )
    else:
        old.valid_to, old.successor = until, new
        old.save(update_fields=["valid_to", "successor"])
        _adopt(old, new)
    rebuild_lines()
    journal.record(
        "territory.division_succeeded",
        subject=new,
        by=by,
        at=at,
        note=source,
        data={"old": code, "new": new_code, "last_day": until.isoformat()},
    )
    return new


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
            source=change.get("note", ""),
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


@transaction.atomic
def move_area(*, area_id: int, parent_id: int, by: journal.Trace, at: datetime, reason: str) -> Area:
    """Hang an area (and all below it) under another parent: a re-organisation.

    Records `territory.area_moved` with the ids of all areas whose chain changed, so that rooms which stamp a chain on
    their records can stamp it again.
    """
    area = Area.objects.select_for_update().filter(pk=area_id).first()
    parent = Area.objects.filter(pk=parent_id).first()
    if area is None or parent is None:
        raise NotFound(_("没有找到这个辖区。"))
    if not reason.strip():
        raise Refusal(_("请写明调整依据（批复文号或会议纪要）。"), field="reason")
    if parent.level != area.level - 1:
        raise Refusal(
            _("“%(area)s”的上级应当是%(level)s，“%(parent)s”不是。")
            % {"area": area.name, "level": Area.Level(area.level - 1).label, "parent": parent.name},
            field="parent_id",
        )
    old = area.parent
    if old and old.pk == parent.pk:
        return area
    area.parent = parent
    _take_chain(area, parent)
    area.save(update_fields=["parent", "city", "county", "street", "path"])
    moved = [area.pk, *_rewrite_area_paths(area)]
    journal.record(
        "territory.area_moved",
        subject=area,
        by=by,
        at=at,
        note=reason,
        data={"from": old.pk if old else None, "to": parent.pk, "areas": moved},
    )
    return area


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


@transaction.atomic
def create_area(
    *,
    name: str,
    level: int,
    parent: Area | None,
    by: journal.Trace,
    at: datetime,
    division: Division | None = None,
) -> Area:
    """Create a management area by hand: a zone without a code, an invented territory of a test."""
    if parent is not None and parent.level != level - 1:
        raise Refusal(_("上级辖区的层级不对，请重新选择。"), field="parent")
    area = Area(name=name, initials=initials(name), level=level, parent=parent, division=division)
    _take_chain(area, parent)
    area.save()
    journal.record("territory.area_created", subject=area, by=by, at=at)
    return area


# --- Estates -----------------------------------------------------------------------------------------------------

FACTS = (
    "name",
    "aliases",
    "address",
    "year_built",
    "listed_old",
    "households",
    "building_count",
    "management",
    "floor_area",
    "is_high_rise",
    "hydrants",
    "extinguishers",
    "has_micro_station",
    "has_control_room",
    "fire_lane_marked",
    "charging_places",
    "ebikes",
    "active",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one estate: the row, what was done, and what somebody should look at (words of cell_words)."""

    estate: Estate
    done: str  # added | changed | unchanged
    warnings: list[str] = field(default_factory=list)


@transaction.atomic
def create_estate(
    *,
    name: str,
    area: Area,
    by: journal.Trace,
    at: datetime,
    point: tuple[float, float] | None = None,
    system: System = System.WGS84,
    buildings: Sequence[str | tuple[str, int | None]] = (),
    is_demo: bool = False,
    **facts: Any,
) -> Kept:
    """Enter an estate in a community; refused when the community has one of that name already.

    point   (longitude, latitude) in `system`; stored as WGS-84. Swapped values are put right and warned of, a point
            outside the county is kept and warned of.
    buildings  their names, or (name, floors)
    facts   any of FACTS
    """
    name = " ".join(name.split())
    key = name_key(name)
    if not key:
        raise Refusal(_("请填写小区名称。"), field="name")
    if area.level != Area.Level.COMMUNITY:
        raise Refusal(_("小区要放在一个社区（村）之下，请选到社区一级。"), field="area")
    if Estate.objects.filter(area=area, name_key=key).exists():
        raise Refusal(
            _("%(area)s已有小区“%(name)s”，请直接修改它。") % {"area": area.name, "name": name}, field="name"
        )
    estate = Estate(
        name=name,
        name_key=key,
        initials=initials(name),
        area=area,
        division=area.division,
        is_demo=is_demo,
        **{k: v for k, v in facts.items() if k in FACTS and v is not None},
    )
    warnings = _place(estate, point, system)
    estate.save()
    _build(estate, dict((b, None) if isinstance(b, str) else b for b in buildings))
    journal.record(
        "territory.estate_created", subject=estate, by=by, at=at, data={"name": name, "area": area.pk}
    )
    return Kept(estate, "added", warnings)


@transaction.atomic
def edit_estate(
    *,
    estate_id: int,
    changes: Mapping[str, Any],
    by: journal.Trace,
    at: datetime,
    point: tuple[float, float] | None = None,
    system: System = System.WGS84,
    area: Area | None = None,
    buildings: Sequence[tuple[str, int | None]] | None = None,
    note: str = "",
) -> Kept:
    """Change the facts of an estate; the journal keeps each value before and after. Unknown facts are not taken.

    buildings  (name, floors) of all its buildings; those left out are taken off, None leaves them as they are
    """
    estate = (
        Estate.objects.select_for_update(of=("self",)).select_related("area").filter(pk=estate_id).first()
    )
    if estate is None:
        raise NotFound(_("没有找到这个小区。"))
    before = {name: getattr(estate, name) for name in (*FACTS, "area_id", "longitude", "latitude")}
    for name, value in changes.items():
        if name in FACTS:
            setattr(estate, name, value)
    estate.name = " ".join(estate.name.split())
    estate.name_key = name_key(estate.name)
    if not estate.name_key:
        raise Refusal(_("请填写小区名称。"), field="name")
    if area is not None:
        if area.level != Area.Level.COMMUNITY:
            raise Refusal(_("小区要放在一个社区（村）之下，请选到社区一级。"), field="area")
        estate.area, estate.division = area, area.division
    if Estate.objects.filter(area=estate.area, name_key=estate.name_key).exclude(pk=estate.pk).exists():
        raise Refusal(_("%(area)s已有同名的小区。") % {"area": estate.area.name}, field="name")
    estate.initials = initials(estate.name)
    warnings = _place(estate, point, system) if point else []
    after = {name: getattr(estate, name) for name in before}
    changed = {
        name: [_plain(before[name]), _plain(after[name])] for name in before if before[name] != after[name]
    }
    if buildings is not None:
        stood = {b.name: b.floors for b in estate.buildings.all()}
        if stood != dict(buildings):
            _build(estate, dict(buildings))
            changed["buildings"] = [_listed(stood), _listed(dict(buildings))]
    if not changed:
        return Kept(estate, "unchanged", warnings)
    estate.save()
    journal.record(
        "territory.estate_edited", subject=estate, by=by, at=at, note=note, data={"changed": changed}
    )
    return Kept(estate, "changed", warnings)


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
    if point and here.longitude is not None:
        stored = to_wgs84(point, system)
        point = None if stored == (here.longitude, here.latitude) else point
    return edit_estate(estate_id=here.pk, changes=given, by=by, at=at, point=point, system=system)


@transaction.atomic
def list_old(*, estate_id: int, listed: bool, by: journal.Trace, at: datetime, basis: str) -> Estate:
    """Put an estate on the city's list of old communities, or take it off, on a document's authority."""
    estate = Estate.objects.select_for_update().filter(pk=estate_id).first()
    if estate is None:
        raise NotFound(_("没有找到这个小区。"))
    if not basis.strip():
        raise Refusal(_("请写明依据（认定文件的文号）。"), field="basis")
    if estate.listed_old == listed:
        return estate
    estate.listed_old = listed
    estate.save(update_fields=["listed_old"])
    journal.record(
        "territory.estate_listed_old", subject=estate, by=by, at=at, note=basis, data={"listed": listed}
    )
    return estate


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
    """Store a point on the estate and return what is doubtful about it."""
    if point is None:
        return []
    straight, problem = straighten(*point)
    if straight is None:
        return [problem] if problem else []
    warnings = [] if straight == tuple(point) else ["swapped"]
    estate.longitude, estate.latitude = to_wgs84(straight, system)
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
