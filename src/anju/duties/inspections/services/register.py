"""The register of units (检查对象): who is inspected, by whom, with which flags, and what each agency owes them.

`settle` is the one place that derives a unit's supervising agency, its derived flags and its duties from the dated
rulebook `units`; it takes one unit or all of them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.foundation import journal, pinyin, rulebooks
from anju.ground.foundation.refusals import NeedsConfirmation, NotFound, NotPermitted, Refusal
from anju.ground.foundation.workdays import months_later
from anju.ground.organisations.models import Jurisdiction, Organisation, ServiceContract
from anju.ground.organisations.queries import in_force
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.queries import root
from anju.ground.territory.rules import is_old, name_key

from ..models import Duty, Finding, Unit, UnitFlag, Visit, VisitPart
from ..queries import checklists, dossier
from ..queries.kinds import among, flag_label, flags_of, kind_label
from . import counting, coverage

POWER = "inspections.register"
# Flags of an estate that are read from its record and its contracts (rulebooks/units: derived).
DERIVED = ("old_community", "high_rise", "managed")
FACTS = (
    "name", "address", "uscc", "responsible", "phone", "longitude", "latitude", "source_number",
)  # fmt: skip


_RUNS = re.compile(r"\d+|[^\d()\uff08\uff09]+")


def initials(name: str) -> str:
    """Return the initials of a name, run by run: many names of a ledger share theirs, and each is read once."""
    return "".join(_initials_of_run(run) for run in _RUNS.findall(name))


@lru_cache(maxsize=16_384)
def _initials_of_run(run: str) -> str:
    return pinyin.initials(run)


# ------------------------------------------------------------------------------------------------------- adding


@transaction.atomic
def add_unit(
    *,
    kind: str,
    name: str,
    area: Area,
    by: Any,
    at: datetime,
    key: str = "",
    address: str = "",
    estate: Estate | None = None,
    organisation: Organisation | None = None,
    uscc: str = "",
    responsible: str = "",
    phone: str = "",
    longitude: float | None = None,
    latitude: float | None = None,
    flags: Iterable[str] = (),
    agency: Organisation | None = None,
    registered_on: date | None = None,
    source_key: str | None = None,
    source_number: str = "",
    is_demo: bool = False,
    insist: bool = False,
) -> Unit:
    """Enter a unit in the register with its places, supervising agency, flags and yearly checks; return it.

    area    where it is, best a community: agencies and visibility follow from it
    agency  the supervising agency, when it is another than the rule finds
    insist  enter it although one of the same kind and name is there already
    Raises Refusal for an unknown kind, flag or an empty name; NeedsConfirmation for a repeat; NotFound for a place
    outside the reach of the actor.
    """
    name = " ".join(name.split())
    flags = sorted(set(flags))
    asked = journal.digest([kind, name, area.pk, address, estate and estate.pk, uscc, flags])
    if known := journal.receipt(by=by, key=key, key_digest=asked):
        return Unit.objects.get(pk=known.subject_id)
    day = registered_on or timezone.localtime(at).date()
    _require_place(by, area)
    _require_words(kind, name, flags, on=timezone.localtime(at).date())
    if not insist and (other := _same_name(kind, name, area)):
        raise NeedsConfirmation(
            _("这里已有同类同名的对象“%(name)s”（%(address)s）。确为两家的，请确认后再提交。")
            % {"name": other.name, "address": other.address or _("未填地址")},
            field="name",
            data={"confirm": "insist", "unit": other.pk},
        )
    unit = Unit(
        kind=kind,
        name=name,
        name_key=name_key(name),
        initials=initials(name)[:120],
        address=address.strip(),
        estate=estate,
        organisation=organisation,
        uscc=uscc.strip().upper(),
        responsible=responsible.strip(),
        phone=phone.strip(),
        longitude=longitude,
        latitude=latitude,
        agency=agency,
        level=agency.area.level if agency and agency.area else 4,
        registered_on=day,
        source_key=source_key,
        source_number=source_number,
        is_demo=is_demo,
    )
    _stamp(unit, area)
    unit.save(force_insert=True)
    UnitFlag.objects.bulk_create(UnitFlag(unit=unit, flag=flag, valid_from=day) for flag in flags)
    settle([unit.pk], on=max(day, timezone.localtime(at).date()))
    if agency is not None:
        Unit.objects.filter(pk=unit.pk).update(agency=agency, level=unit.level)
    journal.record(
        "inspections.unit_added", subject=unit, by=by, at=at, data={"kind": kind, "area": area.pk, "flags": flags},
        key=key, key_digest=asked,
    )  # fmt: skip
    unit.refresh_from_db()
    return unit


def _require_place(by: Any, area: Area) -> None:
    """Refuse somebody signed in who may not keep the register of that place."""
    if by.kind != "account":
        return
    reaches = by.powers.get(POWER, ())
    if not reaches:
        raise NotPermitted(_("您的岗位不能维护检查对象，请联系本单位负责人。"), data={"power": POWER})
    if any(r.kind == "all" or (r.kind == "area" and area.at_level(r.level) == r.id) for r in reaches):
        return
    raise NotFound(_("没有找到这个辖区，请在本辖区内选择。"), field="area")


def _require_words(kind: str, name: str, flags: Iterable[str], *, on: date) -> None:
    book = rulebooks.load("units", on=on)
    if kind not in book["kinds"]:
        raise Refusal(_("没有“%(kind)s”这一类检查对象，请从列表中选择。") % {"kind": kind}, field="kind")
    if not name_key(name):
        raise Refusal(_("请填写名称。"), field="name")
    if len(name) > 120:
        raise Refusal(_("名称最多120个字，请缩短。"), field="name")
    for flag in flags:
        require_flag(book, flag, kind)


def require_flag(book: Mapping[str, Any], flag: str, kind: str) -> None:
    """Refuse a flag that there is not, that is derived, or that a kind of unit does not carry."""
    rule = book["flags"].get(flag)
    if rule is None:
        raise Refusal(_("没有“%(flag)s”这个标记，请从列表中选择。") % {"flag": flag}, field="flag")
    if rule.get("derived"):
        raise Refusal(
            _("“%(flag)s”由小区档案算出，请到小区档案里修改。") % {"flag": flag_label(flag)}, field="flag"
        )
    if kind not in rule.get("kinds", (kind,)):
        raise Refusal(
            _("“%(flag)s”不用于%(kind)s。") % {"flag": flag_label(flag), "kind": kind_label(kind)},
            field="flag",
        )


def _same_name(kind: str, name: str, area: Area) -> Unit | None:
    column = {5: "community", 4: "street", 3: "county"}.get(area.level, "city")
    return Unit.objects.filter(
        **{column: area.pk}, kind=kind, name_key=name_key(name), ended_on__isnull=True
    ).first()


def _stamp(unit: Unit, area: Area) -> None:
    """Write the place on a unit: its four levels and its legal division (the caller saves)."""
    unit.area = area
    unit.city_id, unit.county_id = area.at_level(2), area.at_level(3)
    unit.street_id, unit.community_id = area.at_level(4), area.at_level(5)
    unit.division_id = area.division_id


# ------------------------------------------------------------------------------------------------------ changing


def locked(unit_id: int, *, by: Any) -> Unit:
    """Lock a unit for a change; NotFound when the actor may not see it, NotPermitted when they may not change it."""
    unit = (
        Unit.objects.select_for_update(of=("self",))
        .select_related("area", "estate", "agency")
        .filter(pk=unit_id)
        .first()
    )
    if unit is None:
        raise NotFound(_("没有找到这个检查对象。"))
    if by.kind == "account":
        access.require(by, POWER, on=unit)
    return unit


@transaction.atomic
def edit_unit(
    *,
    unit_id: int,
    changes: Mapping[str, Any],
    by: Any,
    at: datetime,
    key: str = "",
    kind: str | None = None,
    area: Area | None = None,
    estate: Estate | None = None,
    agency: Organisation | None = None,
    note: str = "",
) -> Unit:
    """Change a unit's facts (those of FACTS), its kind, place or supervising agency; before and after are kept.

    A new place or kind brings its agencies and duties with it. Earlier visits keep what they were counted by.
    """
    asked = journal.digest(
        [unit_id, dict(changes), kind, area and area.pk, estate and estate.pk, agency and agency.pk]
    )
    unit = locked(unit_id, by=by)
    if journal.receipt(by=by, key=key, key_digest=asked):
        return unit
    if unit.ended_on is not None:
        raise Refusal(_("这个对象已经注销，不能再修改。"))
    watched = (*FACTS, "kind", "area_id", "estate_id", "agency_id")
    before = {column: getattr(unit, column) for column in watched}
    for column, value in changes.items():
        if column in FACTS:
            setattr(unit, column, value.strip() if isinstance(value, str) else value)
    unit.name = " ".join(unit.name.split())
    unit.uscc = unit.uscc.upper()
    unit.kind = kind or unit.kind
    day = timezone.localtime(at).date()
    _require_words(unit.kind, unit.name, (), on=day)
    unit.name_key, unit.initials = name_key(unit.name), initials(unit.name)[:120]
    if estate is not None:
        unit.estate = estate
    if area is not None and area.pk != unit.area_id:
        _require_place(by, area)
        _stamp(unit, area)
    if agency is not None:
        unit.agency, unit.level = agency, agency.area.level if agency.area else unit.level
    changed = {
        column: [before[column], getattr(unit, column)]
        for column in watched
        if before[column] != getattr(unit, column)
    }
    if not changed:
        return unit
    unit.save()
    if {"kind", "area_id", "estate_id"} & changed.keys():
        settle([unit.pk], on=day, anew=agency is None)
    journal.record(
        "inspections.unit_edited", subject=unit, by=by, at=at, note=note, data={"changed": changed},
        key=key, key_digest=asked,
    )  # fmt: skip
    unit.refresh_from_db()
    return unit


@transaction.atomic
def end_unit(*, unit_id: int, ended_on: date, reason: str, by: Any, at: datetime, key: str = "") -> Unit:
    """Take a unit off the register from the day after `ended_on`: nothing is due any more, its file stays."""
    asked = journal.digest([unit_id, ended_on, reason])
    unit = locked(unit_id, by=by)
    if journal.receipt(by=by, key=key, key_digest=asked):
        return unit
    if unit.ended_on is not None:
        raise Refusal(_("这个对象已经注销。"))
    if not reason.strip():
        raise Refusal(_("请写明注销原因，例如关闭、搬迁。"), field="reason")
    if ended_on > timezone.localtime(at).date():
        raise Refusal(_("注销日期不能在将来。"), field="ended_on")
    if ended_on < unit.registered_on:
        raise Refusal(_("注销日期不能早于登记日期。"), field="ended_on")
    unit.ended_on = ended_on
    unit.save(update_fields=["ended_on"])
    Duty.objects.filter(unit=unit, active=True).update(active=False)
    journal.record(
        "inspections.unit_ended", subject=unit, by=by, at=at, note=reason.strip(), data={"on": ended_on.isoformat()},
        key=key, key_digest=asked,
    )  # fmt: skip
    return unit


@transaction.atomic
def set_flag(
    *,
    unit_id: int,
    flag: str,
    on: bool,
    since: date,
    by: Any,
    at: datetime,
    basis: str = "",
    key: str = "",
) -> Unit:
    """Say from a day on that a unit carries a flag (`on`), or that it no longer does; its duties follow.

    Raises Refusal for a flag that is derived from the estate, or for the end of a flag it does not carry.
    """
    asked = journal.digest([unit_id, flag, on, since])
    unit = locked(unit_id, by=by)
    if journal.receipt(by=by, key=key, key_digest=asked):
        return unit
    day = timezone.localtime(at).date()
    require_flag(rulebooks.load("units", on=day), flag, unit.kind)
    if since > day:
        raise Refusal(_("标记的日期不能在将来。"), field="since")
    if _turn_flag(unit.pk, flag, on, since, basis=basis):
        settle([unit.pk], on=day)
        journal.record(
            "inspections.unit_flagged" if on else "inspections.unit_unflagged",
            subject=unit, by=by, at=at, note=basis, data={"flag": flag, "since": since.isoformat()},
            key=key, key_digest=asked,
        )  # fmt: skip
    return unit


def _turn_flag(unit_id: int, flag: str, on: bool, since: date, *, basis: str = "") -> bool:
    """Begin or end a flag on a day; returns whether anything changed."""
    current = UnitFlag.objects.filter(unit=unit_id, flag=flag, valid_to__isnull=True).first()
    if on == (current is not None):
        return False
    if on:
        UnitFlag.objects.update_or_create(
            unit_id=unit_id, flag=flag, valid_from=since, defaults={"valid_to": None, "basis": basis}
        )
    elif current is not None and current.valid_from >= since:
        # It never held for a whole day before: as if it had not been said.
        current.delete()
    elif current is not None:
        current.valid_to = since - timedelta(days=1)
        current.save(update_fields=["valid_to"])
    return True


# ------------------------------------------------------------------------------------------------------- merging


def _renumber(unit_ids: Sequence[int]) -> None:
    """Let the visits find their preceding visit again; the one place from which the register asks for it."""
    counting.renumber_previous(unit_ids)
    coverage.recompute(unit_ids)


def _moving() -> dict[str, type[Any]]:
    """Return what carries a unit and moves with it, in this room and in those above."""
    return {"visits": Visit, "parts": VisitPart, "findings": Finding, **dossier.followers()}


@transaction.atomic
def merge_units(*, keep_id: int, gone_id: int, reason: str, by: Any, at: datetime, key: str = "") -> Unit:
    """Join two entries of one unit: `gone` ends, its visits, findings and flags go to `keep`; returns `keep`.

    The event keeps the id of every row that moved, also of rooms above (dossier.register), so that `separate_units`
    can put them back.
    """
    asked = journal.digest([keep_id, gone_id])
    if keep_id == gone_id:
        raise Refusal(_("这是同一条记录，不需要合并。"))
    # Always in the order of ids, so that two who merge the same pair do not wait for each other.
    first, second = (locked(pk, by=by) for pk in sorted((keep_id, gone_id)))
    keep, gone = (first, second) if first.pk == keep_id else (second, first)
    if journal.receipt(by=by, key=key, key_digest=asked):
        return keep
    if keep.ended_on is not None or gone.ended_on is not None:
        raise Refusal(_("其中一个对象已经注销或者合并，请刷新后再看。"), code="already_merged")
    if (
        keep.estate_id
        and gone.estate_id
        and keep.kind == gone.kind == "estate"
        and keep.estate_id != gone.estate_id
    ):
        raise Refusal(_("这是两个不同的小区，不能合并。请先核对小区档案。"))
    if not reason.strip():
        raise Refusal(_("请写明依据，例如“现场核对为同一家”。"), field="reason")
    day = timezone.localtime(at).date()
    moved: dict[str, list[int]] = {}
    for name, model in _moving().items():
        rows = model._default_manager
        moved[name] = list(rows.filter(unit=gone).order_by("pk").values_list("pk", flat=True))
        rows.filter(pk__in=moved[name]).update(unit=keep)
    Duty.objects.filter(unit=gone, active=True).update(active=False)
    own = set(UnitFlag.objects.filter(unit=keep).values_list("flag", flat=True))
    given = list(UnitFlag.objects.filter(unit=gone).exclude(flag__in=own))
    made = UnitFlag.objects.bulk_create(
        UnitFlag(unit=keep, flag=f.flag, valid_from=f.valid_from, valid_to=f.valid_to, basis=f.basis)
        for f in given
    )
    gone.ended_on, gone.merged_into = max(day, gone.registered_on), keep
    gone.save(update_fields=["ended_on", "merged_into"])
    settle([keep.pk], on=day)
    journal.record(
        "inspections.units_merged", subject=keep, by=by, at=at, note=reason.strip(),
        data={"keep": keep.pk, "gone": gone.pk, "moved": moved, "flags": [f.pk for f in made]},
        key=key, key_digest=asked,
    )  # fmt: skip
    _renumber([keep.pk, gone.pk])
    keep.refresh_from_db()
    return keep


@transaction.atomic
def separate_units(*, gone_id: int, reason: str, by: Any, at: datetime, key: str = "") -> Unit:
    """Undo a merger: what came from `gone` goes back to it and it is open again; returns it."""
    asked = journal.digest([gone_id, "separate"])
    keep_id = Unit.objects.filter(pk=gone_id).values_list("merged_into", flat=True).first()
    # Both change, so both must be within reach; in the order of ids, as where they are merged.
    units = {pk: locked(pk, by=by) for pk in sorted({gone_id, keep_id or gone_id})}
    gone = units[gone_id]
    if journal.receipt(by=by, key=key, key_digest=asked):
        return gone
    keep = units.get(gone.merged_into_id or 0)
    if keep is None:
        raise Refusal(_("这个对象没有合并到别处。"))
    if not reason.strip():
        raise Refusal(_("请写明为什么要拆开。"), field="reason")
    event = journal.events_named(keep, "inspections.units_merged").filter(data__gone=gone.pk).last()
    moved = event.data["moved"] if event else {}
    for name, model in _moving().items():
        model._default_manager.filter(pk__in=moved.get(name, ()), unit=keep).update(unit=gone)
    UnitFlag.objects.filter(pk__in=event.data["flags"] if event else ()).delete()
    gone.ended_on = gone.merged_into = None
    gone.save(update_fields=["ended_on", "merged_into"])
    day = timezone.localtime(at).date()
    settle([keep.pk, gone.pk], on=day)
    journal.record(
        "inspections.units_separated", subject=gone, by=by, at=at, note=reason.strip(),
        data={"keep": keep.pk, "gone": gone.pk}, key=key, key_digest=asked,
    )  # fmt: skip
    _renumber([keep.pk, gone.pk])
    gone.refresh_from_db()
    return gone


# ------------------------------------------------------------------------------------- following records below


def ensure_unit_for_estate(estate: Estate, *, by: Any, at: datetime) -> Unit:
    """Return the unit of an estate, entered or brought up to date with its record."""
    unit = Unit.objects.filter(kind="estate", estate=estate, ended_on__isnull=True).first()
    return _follow(unit, kind="estate", of=estate, area=estate.area, by=by, at=at, address=estate.address)


def ensure_unit_for_company(company: Organisation, *, by: Any, at: datetime) -> Unit:
    """Return the unit of a property company, entered or brought up to date with its record."""
    return _ensure_of(company, "property_company", by=by, at=at)


def ensure_unit_for_committee(committee: Organisation, *, by: Any, at: datetime) -> Unit:
    """Return the unit of a residents' or villagers' committee, entered or brought up to date with its record."""
    return _ensure_of(committee, "residents_committee", by=by, at=at)


def _ensure_of(organisation: Organisation, kind: str, *, by: Any, at: datetime) -> Unit:
    unit = Unit.objects.filter(kind=kind, organisation=organisation, ended_on__isnull=True).first()
    return _follow(
        unit,
        kind=kind,
        of=organisation,
        area=organisation.area or root(),
        by=by,
        at=at,
        address=organisation.address,
    )


def _follow(
    unit: Unit | None,
    *,
    kind: str,
    of: Estate | Organisation,
    area: Area,
    by: Any,
    at: datetime,
    address: str,
) -> Unit:
    """Enter or update the unit that stands for an estate or an organisation; end it when that is no longer active."""
    day = timezone.localtime(at).date()
    if unit is None:
        more: dict[str, Any] = (
            {"estate": of, "longitude": of.longitude, "latitude": of.latitude}
            if isinstance(of, Estate)
            else {"organisation": of, "uscc": of.uscc, "responsible": of.legal_person, "phone": of.phone}
        )
        return add_unit(
            kind=kind, name=of.name, area=area, address=address, by=by, at=at, is_demo=of.is_demo, insist=True, **more
        )  # fmt: skip
    if not of.active:
        return end_unit(
            unit_id=unit.pk, ended_on=max(day, unit.registered_on), reason=_("档案已停用"), by=by, at=at
        )
    # An officer may have placed a company's unit where it works; only an estate's place follows its record.
    place = area if kind == "estate" and unit.area_id != area.pk else None
    unit = edit_unit(
        unit_id=unit.pk,
        changes={"name": of.name, "address": address or unit.address},
        area=place,
        by=by,
        at=at,
    )
    settle([unit.pk], on=day)
    return unit


# ------------------------------------------------------------------------------------------- agencies and duties


class Cover:
    """Which organisation of each kind covers each area, the closest first; read once for many units."""

    def __init__(self, area_ids: Iterable[int], wanted: Iterable[str]):
        self.areas = {
            pk: (pk, street, county, city)
            for pk, street, county, city in Area.objects.filter(pk__in=set(area_ids)).values_list(
                "pk", "street_id", "county_id", "city_id"
            )
        }
        chain = {a for line in self.areas.values() for a in line if a}
        found = Organisation.objects.filter(kind__in=set(wanted), active=True)
        self.level: dict[int, int] = {}
        self.kind: dict[int, str] = {}
        self.at: dict[tuple[int, str], int] = {}
        own = found.filter(area__in=chain).order_by("pk").values_list("pk", "kind", "area_id", "area__level")
        for pk, kind, area_id, level in own:
            self.level[pk], self.kind[pk] = level, kind
            self.at.setdefault((area_id, kind), pk)
        more = Jurisdiction.objects.filter(
            area__in=chain, organisation__kind__in=set(wanted), organisation__active=True
        ).order_by("organisation_id")
        for pk, kind, area_id, level in more.values_list(
            "organisation_id", "organisation__kind", "area_id", "organisation__area__level"
        ):
            self.level.setdefault(pk, level or 4)
            self.kind[pk] = kind
            self.at.setdefault((area_id, kind), pk)
        self._known: dict[tuple[int, str], int | None] = {}

    def one(self, area_id: int, kind: str) -> int | None:
        """Return the closest organisation of one kind."""
        asked = (area_id, kind)
        if asked not in self._known:
            self._known[asked] = next(
                (self.at[a, kind] for a in self.areas.get(area_id, ()) if a and (a, kind) in self.at), None
            )
        return self._known[asked]

    def first(self, area_id: int, wanted: Iterable[str]) -> int | None:
        """Return the organisation of the first kind that covers an area."""
        return next((o for kind in wanted if (o := self.one(area_id, kind)) is not None), None)


@dataclass(frozen=True, slots=True)
class _Line:
    """What is read of a unit to settle it."""

    id: int
    kind: str
    area_id: int
    county_id: int | None
    street_id: int | None
    agency_id: int | None
    level: int
    registered_on: date
    estate_id: int | None
    last_visited_on: date | None
    agency_kind: str | None


_LINE = (
    "id",
    "kind",
    "area_id",
    "county_id",
    "street_id",
    "agency_id",
    "level",
    "registered_on",
    "estate_id",
    "last_visited_on",
    "agency__kind",
)


def supervisors(book: Mapping[str, Any], kind: str, flags: Iterable[str]) -> list[str]:
    """List the kinds of agency that may supervise a unit, those of its flags first."""
    carried = set(flags)
    named = [k for f, rule in book["flags"].items() if f in carried for k in rule.get("supervisors", ())]
    return [*named, *book["kinds"].get(kind, {}).get("supervisors", ())]


def settle(unit_ids: Iterable[int], *, on: date, anew: bool = False) -> None:
    """Derive agency, derived flags and duties of units from the rulebook of a day; safe to repeat, works on sets.

    anew  choose the supervising agency again (the place or the agencies changed); otherwise one of the right kind that
          a person chose stays
    """
    open_units = Unit.objects.filter(pk__in=among(unit_ids), ended_on__isnull=True)
    lines = [_Line(*row) for row in open_units.values_list(*_LINE)]
    if not lines:
        return
    book = rulebooks.load("units", on=on)
    _derive_flags(lines, on=on)
    flags = flags_of([line.id for line in lines], on=on)
    cover = Cover({line.area_id for line in lines}, checklists.agency_kinds(book))
    rules: dict[tuple[str, frozenset[str]], tuple[list[str], list[Mapping[str, Any]]]] = {}
    moved: dict[tuple[int | None, int], list[int]] = {}
    wanted: dict[tuple[int, int, str], tuple[_Line, Mapping[str, Any]]] = {}
    for line in lines:
        carried = flags.get(line.id, frozenset())
        if (line.kind, carried) not in rules:
            rules[line.kind, carried] = (
                supervisors(book, line.kind, carried),
                checklists.duties_of(line.kind, flags=carried, on=on),
            )
        watching, duties = rules[line.kind, carried]
        agency = cover.first(line.area_id, watching)
        if not anew and line.agency_id and line.agency_kind == cover.kind.get(agency or 0, line.agency_kind):
            agency = line.agency_id
        level = cover.level.get(agency, line.level) if agency is not None else line.level
        if (agency, level) != (line.agency_id, line.level):
            moved.setdefault((agency, level), []).append(line.id)
        for duty in duties:
            owing = cover.first(line.area_id, duty["agencies"])
            if owing is not None:
                wanted.setdefault((line.id, owing, duty["checklist"]), (line, duty))
    for (agency, level), ids in moved.items():
        Unit.objects.filter(pk__in=among(ids)).update(agency_id=agency, level=level)
    if _write_duties([line.id for line in lines], wanted):
        # A new duty of a unit that was visited before may have been done already.
        coverage.recompute([line.id for line in lines if line.last_visited_on is not None])


def _derive_flags(lines: Sequence[_Line], *, on: date) -> None:
    """Bring the derived flags of the estates' units in line with the estates' records and contracts."""
    of_estates = {line.estate_id: line for line in lines if line.kind == "estate" and line.estate_id}
    if not of_estates:
        return
    rule = rulebooks.load("territory", on=on)["old_community"]
    open_flags = {
        (flag.unit_id, flag.flag): flag
        for flag in UnitFlag.objects.filter(
            unit__in=among(line.id for line in of_estates.values()),
            flag__in=DERIVED,
            valid_to__isnull=True,
        )
    }
    known = set(
        UnitFlag.objects.filter(unit__in=among(line.id for line in of_estates.values())).values_list(
            "unit_id", "flag"
        )
    )
    begun: list[UnitFlag] = []
    served = set(
        ServiceContract.objects.filter(in_force(on), estate__in=among(of_estates)).values_list(
            "estate", flat=True
        )
    )
    estates = Estate.objects.filter(pk__in=among(of_estates)).values_list(
        "pk", "year_built", "listed_old", "is_high_rise"
    )
    for estate_id, year, listed, high in estates:
        line = of_estates[estate_id]
        said = {
            "old_community": is_old(year_built=year, listed=listed, rule=rule),
            "high_rise": bool(high),
            "managed": estate_id in served,
        }
        for flag, holds in said.items():
            current = open_flags.get((line.id, flag))
            if holds and current is None:
                # What was never said before held since the unit was entered; a second time, from today.
                since = on if (line.id, flag) in known else line.registered_on
                begun.append(UnitFlag(unit_id=line.id, flag=flag, valid_from=since))
            elif not holds and current is not None:
                _turn_flag(line.id, flag, False, on)
    UnitFlag.objects.bulk_create(
        begun, batch_size=2000, update_conflicts=True, update_fields=["valid_to"],
        unique_fields=["unit", "flag", "valid_from"],
    )  # fmt: skip


def _write_duties(
    unit_ids: Sequence[int],
    wanted: Mapping[tuple[int, int, str], tuple[_Line, Mapping[str, Any]]],
) -> int:
    """Create the duties that are missing, end those no longer owed, open again those that are; returns how many new."""
    existing = {
        (duty.unit_id, duty.agency_id, duty.checklist): duty
        for duty in Duty.objects.filter(unit__in=among(unit_ids)).only(
            "unit", "agency", "checklist", "active", "every_months", "county", "street"
        )
    }
    ended = [duty.pk for key, duty in existing.items() if key not in wanted and duty.active]
    if ended:
        Duty.objects.filter(pk__in=among(ended)).update(active=False)
    missing, stale = [], []
    for key, (line, duty) in wanted.items():
        old = existing.get(key)
        if old is None:
            missing.append(
                Duty(
                    unit_id=line.id, agency_id=key[1], checklist=key[2], every_months=duty["every_months"],
                    due_on=months_later(line.registered_on, duty["every_months"]), basis=duty["basis"],
                    county_id=line.county_id, street_id=line.street_id,
                )
            )  # fmt: skip
        elif not old.active or (old.county_id, old.street_id, old.every_months) != (
            line.county_id,
            line.street_id,
            duty["every_months"],
        ):
            old.active, old.every_months = True, duty["every_months"]
            old.county_id, old.street_id = line.county_id, line.street_id
            stale.append(old)
    Duty.objects.bulk_update(stale, ["active", "every_months", "county", "street"], batch_size=1000)
    write_many(
        Duty,
        (
            "unit_id",
            "agency_id",
            "checklist",
            "every_months",
            "due_on",
            "basis",
            "active",
            "county_id",
            "street_id",
        ),
        missing,
    )
    return len(missing)


def write_many(model: type[Any], columns: Sequence[str], rows: Sequence[Any]) -> None:
    """Write many rows by COPY, a few by INSERT."""
    if len(rows) < 200:
        model.objects.bulk_create(rows)
        return
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([getattr(row, column) for column in columns])


# --------------------------------------------------------------------------------------------- agencies that change


def settle_areas(area_ids: Iterable[int], *, on: date) -> int:
    """Settle every open unit of some areas and below (an agency came, went or moved); returns how many."""
    ids = list(area_ids)
    below = Q(city__in=ids) | Q(county__in=ids) | Q(street__in=ids) | Q(community__in=ids)
    units = list(Unit.objects.filter(below, ended_on__isnull=True).values_list("pk", flat=True))
    settle(units, on=on, anew=True)
    return len(units)


def restamp(area_ids: Iterable[int], *, on: date) -> int:
    """Write the levels of some areas anew on the units that stand in them, and settle them; returns how many."""
    settled: list[int] = []
    for area in Area.objects.filter(pk__in=list(area_ids)):
        here = Unit.objects.filter(area=area)
        here.update(
            city=area.at_level(2),
            county=area.at_level(3),
            street=area.at_level(4),
            community=area.at_level(5),
        )
        settled += here.values_list("pk", flat=True)
    settle(settled, on=on, anew=True)
    return len(settled)
