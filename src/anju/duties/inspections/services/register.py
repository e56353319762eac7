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

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.access import services as access
from anju.ground.foundation import asks, code_words, codes, pinyin, rulebooks
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.foundation.workdays import months_later
from anju.ground.organisations.models import Jurisdiction, Organisation, ServiceContract
from anju.ground.organisations.queries import in_force
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.queries import root
from anju.ground.territory.rules import is_old, name_key

from .. import rules
from ..models import Duty, Finding, Unit, UnitFlag, Visit, VisitPart
from ..queries import checklists, dossier
from ..queries import units as queries
from ..queries.kinds import among, flag_label, flags_of, kind_label
from . import counting, coverage

POWER = "inspections.register"
# Flags of an estate that are read from its record and its contracts (rulebooks/units: derived).
DERIVED = ("old_community", "high_rise", "managed")
# What an edit may write besides kind, place, estate and agency.
WRITTEN = (*(one.name for one in rules.FACTS), "longitude", "latitude", "source_number")


_RUNS = re.compile(r"\d+|[^\d()\uff08\uff09]+")


def initials(name: str) -> str:
    """Return the initials of a name, run by run: many names of a ledger share theirs, and each is read once."""
    return "".join(_initials_of_run(run) for run in _RUNS.findall(name))


@lru_cache(maxsize=16_384)
def _initials_of_run(run: str) -> str:
    return pinyin.initials(run)


# ------------------------------------------------------------------------------------------------------ the acts


def agencies(unit: Unit | None, day: date, by: Any) -> list[tuple[int, str]] | None:
    """Offer the agencies of the actor's places, and the present one; the server may name any."""
    if by.kind != "account":
        return None
    offered = queries.agency_options(by, on=day, power=POWER)
    if unit is not None and unit.agency is not None and unit.agency_id not in dict(offered):
        offered.append((unit.agency.pk, unit.agency.name))
    return offered


def _flags(unit: Unit, day: date, by: Any) -> list[tuple[str, str]]:
    """Offer the flags that a person may set on a unit of this kind."""
    flags = rulebooks.load("units", on=day)["flags"].items()
    fit = [k for k, rule in flags if not rule.get("derived") and unit.kind in rule.get("kinds", (unit.kind,))]
    return [(key, flag_label(key)) for key in fit]


UNITS = Loop(
    Unit, rules.UNIT_STEPS, room="inspections", see="inspections.see", labels=rules.UNIT_LABELS,
    related=("area", "estate", "agency"), choices={"agencies": agencies, "flags": _flags}, by_server=True,
    noun=lazy("这个检查对象"), no_power=lazy("您的岗位不能维护检查对象，请联系本单位负责人。"),
)  # fmt: skip


@UNITS.verb("add_unit")
def add_unit(
    turn: Turn,
    *,
    kind: str,
    name: str,
    area: Area,
    address: str,
    estate: int | None,
    uscc: str,
    responsible: str,
    phone: str,
    flags: Sequence[str],
    agency: int | None,
    organisation: Organisation | None = None,
    longitude: float | None = None,
    latitude: float | None = None,
    registered_on: date | None = None,
    source_key: str | None = None,
    source_number: str = "",
    is_demo: bool = False,
    insist: bool = False,
) -> Unit:
    """Enter a unit in the register with its places, supervising agency, flags and yearly checks.

    area    where it is, best a community: agencies and visibility follow from it
    agency  the supervising agency, when it is another than the rule finds
    insist  enter it although one of the same kind and name is there already, or its code does not check
    Raises Refusal for an unknown kind or flag; NotFound for a place outside the reach of the actor.
    """
    _require_place(turn.by, area)
    flags = sorted(set(flags))
    _require_words(kind, name, flags, on=turn.today)
    unit = Unit(
        kind=kind,
        name=name,
        address=address,
        estate=_estate(turn, estate, area),
        organisation=organisation,
        uscc=_code(turn, uscc),
        responsible=responsible,
        phone=phone,
        longitude=longitude,
        latitude=latitude,
        agency=_agency(agency),
        registered_on=registered_on or turn.today,
        source_key=source_key,
        source_number=source_number,
        is_demo=is_demo,
    )
    if other := _same_name(kind, name, area):
        turn.doubt(
            "same_name",
            _("这里已有同类同名的对象“%(name)s”（%(address)s）。确为两家的，请确认后再提交。")
            % {"name": other.name, "address": other.address or _("未填地址")},
            asked="insist",
            unit=other.pk,
        )
    _require_alone(unit)
    _stamp(unit, area)
    _name(unit)
    unit.save(force_insert=True)
    UnitFlag.objects.bulk_create(
        UnitFlag(unit=unit, flag=flag, valid_from=unit.registered_on) for flag in flags
    )
    turn.facts |= {"kind": kind, "area": area.pk, "flags": flags}
    return unit


@UNITS.effect("settle")
def _settled(turn: Turn) -> None:
    """Let agency, derived flags and duties follow; an agency that was chosen now stays, whatever the rule says."""
    unit, chosen = turn.row, turn.given.get("agency")
    moved = any(turn.kept.get(name) != getattr(unit, name) for name in ("kind", "area_id", "estate_id"))
    if turn.step.act == "edit_unit" and not moved:
        return
    unit.save()
    settle(
        [unit.pk],
        on=max(unit.registered_on, turn.today),
        anew=turn.step.act == "edit_unit" and chosen is None,
    )
    if chosen:
        Unit.objects.filter(pk=unit.pk).update(agency=unit.agency, level=unit.level)
    unit.refresh_from_db()


def _require_place(by: Any, area: Area) -> None:
    """Refuse somebody signed in who may not keep the register of that place."""
    reaches = by.powers.get(POWER, ()) if by.kind == "account" else None
    if reaches is not None and not any(
        r.kind == "all" or (r.kind == "area" and area.at_level(r.level) == r.id) for r in reaches
    ):
        raise NotFound(_("没有找到这个辖区，请在本辖区内选择。"), field="area")


def _require_words(kind: str, name: str, flags: Iterable[str], *, on: date) -> None:
    book = rulebooks.load("units", on=on)
    if kind not in book["kinds"]:
        raise Refusal(_("没有“%(kind)s”这一类检查对象，请从列表中选择。") % {"kind": kind}, field="kind")
    if not name_key(name):
        raise Refusal(_("请填写名称。"), field="name")
    for flag in flags:
        require_flag(book, flag, kind)


def require_flag(book: Mapping[str, Any], flag: str, kind: str) -> None:
    """Refuse a flag that there is not, that is derived, or that a kind of unit does not carry."""
    rule = book["flags"].get(flag)
    if rule is None:
        raise Refusal(_("没有“%(flag)s”这个标记，请从列表中选择。") % {"flag": flag}, field="flags")
    if rule.get("derived"):
        raise Refusal(
            _("“%(flag)s”由小区档案算出，请到小区档案里修改。") % {"flag": flag_label(flag)}, field="flags"
        )
    if kind not in rule.get("kinds", (kind,)):
        raise Refusal(
            _("“%(flag)s”不用于%(kind)s。") % {"flag": flag_label(flag), "kind": kind_label(kind)},
            field="flags",
        )


def _estate(turn: Turn, pk: int | None, area: Area) -> Estate | None:
    """Return the estate in which a unit stands; a person names one of the unit's own place."""
    if pk is None:
        return None
    found = Estate.objects.filter(pk=pk).first()
    if found is None or (turn.by.kind == "account" and (found.area_id != area.pk or not found.active)):
        raise Refusal(_("请在这个辖区的小区中选择。"), field="estate")
    return found


def _require_alone(unit: Unit) -> None:
    """Refuse a second unit that stands for one estate."""
    others = Unit.objects.filter(kind="estate", estate=unit.estate_id, ended_on__isnull=True)
    if unit.kind == "estate" and unit.estate_id and others.exclude(pk=unit.pk).exists():
        raise Refusal(_("这个小区已经登记为检查对象，请在那一个上修改。"), field="estate")


def _agency(pk: int | None) -> Organisation | None:
    return Organisation.objects.select_related("area").get(pk=pk) if pk else None


def _code(turn: Turn, text: str) -> str:
    """Return a code as it is kept; ask back for one that does not check, since some issued early do not."""
    checked = codes.check_uscc(text)
    if not checked.value or checked.valid or turn.by.kind != "account":
        return checked.value[:18]
    if len(checked.value) > 18:
        raise Refusal(code_words.sentence(checked.problem), field="uscc")
    turn.doubt(
        "odd_code",
        code_words.sentence(checked.problem, suggestions=checked.suggestions),
        asked="uscc",
    )
    return checked.value


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


def _name(unit: Unit) -> None:
    """Write on a unit by what its name is found, and how high its agency stands (the caller saves)."""
    unit.name_key, unit.initials = name_key(unit.name), initials(unit.name)[:120]
    if unit.agency is not None and unit.agency.area is not None:
        unit.level = unit.agency.area.level


@UNITS.verb("edit_unit")
def edit_unit(
    turn: Turn,
    *,
    changes: Mapping[str, Any],
    kind: str,
    estate: int | None,
    agency: int | None,
    note: str,
    area: Area | None = None,
    insist: bool = False,
) -> None:
    """Change a unit's facts (those of rules.FACTS), its kind, place or supervising agency; before and after are kept.

    A new place or kind brings its agencies and duties with it. Earlier visits keep what they were counted by.
    """
    unit = turn.row
    zone = timezone.get_default_timezone()
    asked = [one for one in rules.FACTS if one.name in changes]
    read = asks.read(asked, changes, asks.Reading(zone))
    if changes.get("uscc", unit.uscc) != unit.uscc:
        read["uscc"] = _code(turn, read["uscc"])
    for name, value in read.items():
        if name in WRITTEN:
            setattr(unit, name, value)
    unit.kind = kind or unit.kind
    _require_words(unit.kind, unit.name, (), on=turn.today)
    if area is not None and area.pk != unit.area_id:
        _require_place(turn.by, area)
        _stamp(unit, area)
    unit.estate = _estate(turn, estate, unit.area) if estate not in (None, unit.estate_id) else unit.estate
    _require_alone(unit)
    # Only another than the present agency is a choice; the present one follows the place and the kind.
    turn.given["agency"] = agency if agency != unit.agency_id else None
    unit.agency = _agency(turn.given["agency"]) or unit.agency
    _name(unit)
    told = (*WRITTEN, "kind", "area_id", "estate_id", "agency_id")
    was = turn.kept
    turn.facts["changed"] = {n: [was[n], getattr(unit, n)] for n in told if was[n] != getattr(unit, n)}
    if not turn.facts["changed"]:
        turn.unchanged()


@UNITS.verb("end_unit")
def end_unit(turn: Turn, *, ended_on: date | None, reason: str) -> None:
    """Take a unit off the register from the day after `ended_on`: nothing is due any more, its file stays."""
    unit, day = turn.row, ended_on or turn.today
    if day > max(turn.today, unit.registered_on):
        raise Refusal(_("注销日期不能在将来。"), field="ended_on")
    if day < unit.registered_on:
        raise Refusal(_("注销日期不能早于登记日期。"), field="ended_on")
    unit.ended_on, turn.facts["on"] = day, day.isoformat()


@UNITS.effect("owe_nothing")
def _owed_nothing(turn: Turn) -> None:
    """Let nobody owe a check of a unit that is gone."""
    Duty.objects.filter(unit=turn.row, active=True).update(active=False)


@UNITS.verb("flag_unit")
def flag_unit(turn: Turn, *, flag: str, since: date | None, basis: str) -> None:
    """Say that a unit carries a flag from a day on; its duties follow."""
    _flagged(turn, flag, True, since or turn.today, basis)


@UNITS.verb("unflag_unit")
def unflag_unit(turn: Turn, *, flag: str, since: date | None, basis: str) -> None:
    """Say that a unit no longer carries a flag from a day on; its duties follow."""
    _flagged(turn, flag, False, since or turn.today, basis)


def set_flag(*, unit_id: int, flag: str, on: bool, by: Any, at: datetime, key: str = "", **more: Any) -> Unit:
    """Say from a day on that a unit carries a flag (`on`), or that it no longer does."""
    done: Unit = (flag_unit if on else unflag_unit)(unit_id=unit_id, flag=flag, by=by, at=at, key=key, **more)
    return done


def _flagged(turn: Turn, flag: str, on: bool, since: date, basis: str) -> None:
    if since > turn.today:
        raise Refusal(_("标记的日期不能在将来。"), field="since")
    if not _turn_flag(turn.row.pk, flag, on, since, basis=basis):
        turn.unchanged()
    turn.note, turn.facts = basis, {"flag": flag, "since": since.isoformat()}


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


def _moving() -> dict[str, type[Any]]:
    """Return what carries a unit and moves with it, in this room and in those above."""
    return {"visits": Visit, "parts": VisitPart, "findings": Finding, **dossier.followers()}


def _counted_anew(*units: Unit) -> None:
    """Let the visits of units find their preceding visit again, and what is due follow."""
    ids = [unit.pk for unit in units]
    counting.renumber_previous(ids)
    coverage.recompute(ids)


def _other(turn: Turn, pk: int) -> Unit:
    """Lock the other unit of a pair: both change, so both must be within reach."""
    (other,) = turn.lock(UNITS, [pk])
    if turn.by.kind == "account":
        access.require(turn.by, POWER, on=other)
    return other


@UNITS.verb("merge_units", param="gone_id", beside="keep_id")
def merge_units(turn: Turn, *, keep_id: int, reason: str) -> None:
    """Join two entries of one unit: `gone` ends, its visits, findings and flags go to `keep`; the answer is `keep`."""
    gone = turn.row
    if keep_id == gone.pk:
        raise Refusal(_("这是同一条记录，不需要合并。"))
    keep = _other(turn, keep_id)
    if keep.state != rules.UnitState.LISTED:
        raise Refusal(_("其中一个对象已经注销或者合并，请刷新后再看。"), code="already_merged")
    if keep.kind == gone.kind == "estate" and keep.estate_id and gone.estate_id not in (None, keep.estate_id):
        raise Refusal(_("这是两个不同的小区，不能合并。请先核对小区档案。"))
    gone.ended_on, gone.merged_into = max(turn.today, gone.registered_on), keep
    turn.subject = turn.made = keep
    turn.facts = {"keep": keep.pk, "gone": gone.pk}


@UNITS.effect("move_rows")
def _rows_moved(turn: Turn) -> None:
    """Let all that is a unit's go to the one it is merged into, also what rooms above keep (dossier.register)."""
    gone, keep = turn.row, turn.row.merged_into
    moved: dict[str, list[int]] = {}
    for name, model in _moving().items():
        rows = model._default_manager
        moved[name] = list(rows.filter(unit=gone).order_by("pk").values_list("pk", flat=True))
        rows.filter(pk__in=moved[name]).update(unit=keep)
    own = UnitFlag.objects.filter(unit=keep).values("flag")
    made = UnitFlag.objects.bulk_create(
        UnitFlag(unit=keep, flag=f.flag, valid_from=f.valid_from, valid_to=f.valid_to, basis=f.basis)
        for f in UnitFlag.objects.filter(unit=gone).exclude(flag__in=own)
    )
    gone.moved = moved | {"flags": [flag.pk for flag in made]}
    settle([keep.pk], on=turn.today)
    _counted_anew(keep, gone)
    keep.refresh_from_db()


@UNITS.verb("separate_units", param="gone_id")
def separate_units(turn: Turn, *, reason: str) -> None:
    """Undo a merger: what came from `gone` goes back to it and it is listed again."""
    gone = turn.row
    keep = _other(turn, gone.merged_into_id)
    _require_alone(gone)
    gone.ended_on = gone.merged_into = None
    turn.facts = {"keep": keep.pk, "gone": gone.pk}


@UNITS.effect("move_back")
def _moved_back(turn: Turn) -> None:
    """Put back what went with a unit when it was merged; let what is due follow for both."""
    gone, keep = turn.row, Unit.objects.get(pk=turn.facts["keep"])
    moved, gone.moved = gone.moved or {}, None
    UnitFlag.objects.filter(pk__in=moved.pop("flags", ())).delete()
    for name, model in _moving().items():
        model._default_manager.filter(pk__in=moved.get(name, ()), unit=keep).update(unit=gone)
    gone.save()
    settle([keep.pk, gone.pk], on=turn.today)
    _counted_anew(keep, gone)
    gone.refresh_from_db()


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
    ruled: dict[tuple[str, frozenset[str]], tuple[list[str], list[Mapping[str, Any]]]] = {}
    moved: dict[tuple[int | None, int], list[int]] = {}
    wanted: dict[tuple[int, int, str], tuple[_Line, Mapping[str, Any]]] = {}
    for line in lines:
        carried = flags.get(line.id, frozenset())
        if (line.kind, carried) not in ruled:
            ruled[line.kind, carried] = (
                supervisors(book, line.kind, carried),
                checklists.duties_of(line.kind, flags=carried, on=on),
            )
        watching, duties = ruled[line.kind, carried]
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
