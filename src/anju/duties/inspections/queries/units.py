"""Questions about units: the register, one unit's file, what is due by agency, sites with several due checks, matches.

Everything an actor lists goes through access.visible. Lists are cut by an index in its order, their counts bounded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from anju.duties.cases.queries import routing
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import rulebooks
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NotFound
from anju.ground.organisations.models import Organisation
from anju.ground.organisations.queries import in_force
from anju.ground.territory.models import Area, Estate
from anju.ground.territory.rules import name_key
from anju.means.figures.rules import suppress

from ..models import Duty, Finding, Unit, UnitFlag, UnitMatch, Visit
from ..rules import MatchState, VisitState
from .checklists import agency_kinds

SEE = "inspections.see"
# An exact count beyond this would cost more than it tells; the list then says "more than".
COUNT_LIMIT = 10_000
SOON = 30  # days within which a check is called due soon
_COLUMNS = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}


# ----------------------------------------------------------------------------------------------------- the register


@dataclass(frozen=True, slots=True)
class Filters:
    """What the register is narrowed by; all optional."""

    text: str = ""
    kind: str = ""
    group: str = ""
    agency: int | None = None
    area: int | None = None
    estate: int | None = None
    flag: str = ""
    ended: bool = False


def filters_from(query: Mapping[str, Any], *, on: date) -> Filters:
    """Read filters from a query string; what cannot be read is left out."""
    book = rulebooks.load("units", on=on)

    def known(name: str, among: Iterable[str]) -> str:
        value = str(query.get(name) or "").strip()
        return value if value in among else ""

    return Filters(
        text=str(query.get("q") or "").strip()[:60],
        kind=known("kind", book["kinds"]),
        group=known("group", book["groups"]),
        agency=whole(query.get("agency")),
        area=whole(query.get("area")),
        estate=whole(query.get("estate")),
        flag=known("flag", book["flags"]),
        ended=query.get("ended") == "1",
    )


def condition_of(f: Filters, *, on: date) -> Q:
    """Return what a list of units is narrowed by, as a condition."""
    found = Q(ended_on__isnull=not f.ended)
    if f.kind:
        found &= Q(kind=f.kind)
    elif f.group:
        kinds = [k for k, v in rulebooks.load("units", on=on)["kinds"].items() if v["group"] == f.group]
        found &= Q(kind__in=kinds)
    if f.agency:
        found &= Q(agency_id=f.agency)
    if f.area:
        level = Area.objects.filter(pk=f.area).values_list("level", flat=True).first()
        found &= Q(**{_COLUMNS[level]: f.area}) if level in _COLUMNS else Q(pk__in=[])
    if f.estate:
        found &= Q(estate_id=f.estate)
    if f.flag:
        found &= Q(Exists(UnitFlag.objects.filter(in_force(on), unit=OuterRef("pk"), flag=f.flag)))
    for word in f.text.split():
        found &= _word(word)
    return found


def _word(word: str) -> Q:
    """Find a word exactly in the name, as short as it may be; Latin letters also as initials or as a code."""
    if not word.isascii():
        return Q(name__contains=word) | Q(name_key__contains=name_key(word)) | Q(address__contains=word)
    found = Q(initials__startswith=word.lower()) | Q(name__icontains=word) | Q(source_number=word)
    return found | Q(uscc=word.upper()) if len(word) == 18 else found


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its rows, how many there are in all (up to COUNT_LIMIT), whether there are more."""

    rows: list[Any]
    count: int
    more: bool

    def told(self, number: int, size: int) -> dict[str, Any]:
        """Return what the foot of a list says: which page, which rows of how many."""
        last = (number - 1) * size + len(self.rows)
        return {
            "count": self.count,
            "more": self.more,
            "page": number,
            "first_row": (number - 1) * size + 1 if self.rows else 0,
            "last_row": last,
            "at_end": last >= self.count and not self.more,
        }


def shown(model: Any, keys: Sequence[int], counted: int, *fetched: str) -> Page:
    """Return the page of some keys in their order, with what is fetched beside each row."""
    rows = {row.pk: row for row in model.objects.filter(pk__in=keys).select_related(*fetched)} if keys else {}
    return Page([rows[pk] for pk in keys if pk in rows], min(counted, COUNT_LIMIT), counted > COUNT_LIMIT)


def _cut(
    model: Any, actor: Actor, condition: Q, order: Sequence[str], *, number: int, size: int, power: str = SEE
) -> tuple[list[int], int]:
    """Return the keys of one page and the bounded count: each alternative of the reach cut by its own index."""
    parts = [
        p for p in access.alternatives(access.visible_q(model, to=actor, power=power)) if p != Q(pk__in=[])
    ]
    if not parts:
        return [], 0
    columns = [column.lstrip("-") for column in order]
    branches = [
        model.objects.filter(part, condition).values_list("pk", *[c for c in columns if c != "pk"])
        for part in parts
    ]

    def first(most: int, *ordered: str) -> QuerySet:
        cut = [branch.order_by(*ordered)[:most] for branch in branches]
        return cut[0].union(*cut[1:]) if len(cut) > 1 else cut[0]

    counted = first(COUNT_LIMIT + 1).count()
    start = (number - 1) * size
    chosen = first(start + size, *order)
    if len(branches) > 1:
        chosen = chosen.order_by(*order)
    return [row[0] for row in chosen[start : start + size]] if counted else [], counted


def page(actor: Actor, filters: Filters, *, on: date, number: int = 1, size: int = 50) -> Page:
    """Return one page of the register, by kind and name, or by name within a community or an agency."""
    single = bool(filters.agency) or _is_community(filters.area)
    # The order of the index by which the list is cut; a whole city has none, so it shows the newest first.
    whole_city = not (filters.agency or filters.area or filters.text) and any(
        r.kind == "all" or (r.kind == "area" and r.level == Area.Level.CITY)
        for r in actor.powers.get(SEE, ())
    )
    order = ("name_key", "pk") if single else ("-pk",) if whole_city else ("kind", "name_key", "pk")
    keys, counted = _cut(Unit, actor, condition_of(filters, on=on), order, number=number, size=size)
    return shown(Unit, keys, counted, "agency", "street", "county", "community")


def _is_community(area_id: int | None) -> bool:
    return bool(area_id) and Area.objects.filter(pk=area_id, level=Area.Level.COMMUNITY).exists()


def area_options(actor: Actor, *, power: str = SEE) -> list[tuple[int, str]]:
    """List the areas one level below the actor's own, by which a list can be narrowed."""
    tops = [r.id for r in actor.powers.get(power, ()) if r.kind == "area"]
    found = Area.objects.filter(parent__in=tops, active=True).order_by("level", "id")
    return [(area.pk, area.name) for area in found[:300]]


def agency_options(actor: Actor, *, on: date, power: str = SEE) -> list[tuple[int, str]]:
    """List the agencies of the actor's areas that supervise units."""
    tops = [r for r in actor.powers.get(power, ()) if r.kind == "area"]
    condition = Q(pk__in=actor.organisation_ids)
    for reach in tops:
        below = {2: "area__city", 3: "area__county", 4: "area__street"}.get(reach.level)
        condition |= Q(area=reach.id)
        if below:
            condition |= Q(**{below: reach.id})
    kinds = agency_kinds(rulebooks.load("units", on=on))
    found = Organisation.objects.filter(condition, kind__in=kinds, active=True).order_by(
        "kind", "area__path", "name"
    )
    return list(found.values_list("pk", "name")[:400])


# ------------------------------------------------------------------------------------------------------- one unit


def unit_of(actor: Actor, unit_id: int) -> Unit:
    """Return one unit with its places, or raise NotFound when there is none within reach."""
    seen = access.visible(Unit, to=actor, power=SEE).filter(pk=unit_id)
    unit = seen.select_related("area", "estate__area", "organisation", "agency", "merged_into").first()
    if unit is None:
        raise NotFound(_("没有找到这个检查对象。"))
    return unit


def as_routed(unit: Unit) -> routing.Unit:
    """Return what the routing of cases must know of a unit; an estate's hazards go by the estate itself."""
    return routing.Unit(unit.pk, unit.kind, unit.organisation, unit.agency)


def routed(unit_id: int) -> routing.Unit | None:
    """Return what the routing of cases must know of the unit of a number, or of the one it was merged into."""
    found = Unit.objects.select_related("organisation", "agency", "merged_into").filter(pk=unit_id).first()
    return as_routed(found.merged_into or found) if found else None


def duties_of_unit(unit: Unit) -> list[Duty]:
    """List what each agency owes the unit, what is due first on top."""
    return list(Duty.objects.filter(unit=unit, active=True).select_related("agency").order_by("due_on", "pk"))


def flags_through_time(unit: Unit) -> list[UnitFlag]:
    """List every flag the unit carries or carried, the newest first."""
    return list(UnitFlag.objects.filter(unit=unit).order_by("-valid_from", "flag"))


def waiting_visits(actor: Actor, unit_ids: Sequence[int], *, limit: int = 20) -> list[Visit]:
    """List planned and open visits of units that the actor sees, the nearest first."""
    found = access.visible(Visit, to=actor, power=SEE).filter(
        unit__in=unit_ids, state__in=[VisitState.PLANNED, VisitState.OPEN]
    )
    return list(found.select_related("agency", "unit").order_by("planned_for", "pk")[:limit])


def units_of_estate(actor: Actor, estate: Estate) -> list[Unit]:
    """List the open units of an estate that the actor sees: itself first, then the shops and houses in it."""
    seen = access.visible(Unit, to=actor, power=SEE).filter(estate=estate, ended_on__isnull=True)
    return sorted(seen.order_by("kind", "name_key")[:500], key=lambda unit: unit.kind != "estate")


# ------------------------------------------------------------------------------------------------------- coverage


@dataclass(frozen=True, slots=True)
class Row:
    """What one agency has listed, done this year, overdue and due soon."""

    agency: Organisation
    listed: int
    done: int
    overdue: int
    soon: int

    @property
    def share(self) -> float:
        """The share of what is listed that was done this year, in per cent with one digit."""
        return round(100 * self.done / self.listed, 1) if self.listed else 0.0


def coverage_by_agency(actor: Actor, *, on: date, kind: str = "", area: int | None = None) -> list[Row]:
    """Count what is due by agency within reach, those with the most overdue first.

    kind  only agencies of this kind (police_station …); area: only units there (a county or a street)
    """
    found = access.visible(Duty, to=actor, power=SEE).filter(active=True)
    if kind:
        found = found.filter(agency__kind=kind)
    if area:
        level = Area.objects.filter(pk=area).values_list("level", flat=True).first()
        # A check is stamped with its county and street; a single community is asked of the units.
        place = _COLUMNS.get(level or 0, "community_id")
        column = place if level in (Area.Level.COUNTY, Area.Level.STREET) else f"unit__{place}"
        found = found.filter(**{column: area})
    first = date(on.year, 1, 1)
    counted = found.values("agency").order_by().annotate(
        listed=Count("pk"),
        done=Count("pk", filter=Q(last_on__gte=first)),
        overdue=Count("pk", filter=Q(due_on__lt=on)),
        soon=Count("pk", filter=Q(due_on__gte=on, due_on__lte=on + timedelta(days=SOON))),
    )  # fmt: skip
    rows = list(counted)
    offices = Organisation.objects.select_related("area").in_bulk([row["agency"] for row in rows])
    made = [
        Row(offices[row["agency"]], row["listed"], row["done"], row["overdue"], row["soon"]) for row in rows
    ]
    return sorted(made, key=lambda row: (-row.overdue, -row.listed, row.agency.pk))


def agency_kinds_due(on: date) -> list[str]:
    """List the kinds of agency that owe checks, those with most kinds of unit first."""
    book = rulebooks.load("units", on=on)
    seen: dict[str, int] = {}
    for rule in book["kinds"].values():
        for duty in rule.get("duties", ()):
            for kind in duty["agencies"]:
                seen[kind] = seen.get(kind, 0) + 1
    return sorted(seen, key=lambda kind: -seen[kind])


SCOPES = ("overdue", "soon", "listed", "done")


def due_page(
    actor: Actor,
    *,
    on: date,
    scope: str = "overdue",
    agency: int | None = None,
    number: int = 1,
    size: int = 50,
) -> Page:
    """Return one page of what is due within reach, the longest overdue first.

    scope  overdue, soon (within 30 days), done (this year), listed (all of it)
    """
    condition = Q(active=True)
    if agency:
        condition &= Q(agency_id=agency)
    condition &= {
        "overdue": Q(due_on__lt=on),
        "soon": Q(due_on__gte=on, due_on__lte=on + timedelta(days=SOON)),
        "done": Q(last_on__gte=date(on.year, 1, 1)),
    }.get(scope, Q())
    keys, counted = _cut(Duty, actor, condition, ("due_on", "pk"), number=number, size=size)
    return shown(Duty, keys, counted, "unit__street", "unit__community", "agency")


# ------------------------------------------------------------------------------------- several checks at one site


@dataclass(slots=True)
class Site:
    """A place where several agencies owe a check: an estate, or an address of a community.

    units     its units with something due; duties: what is due there, the earliest first
    """

    key: str
    name: str
    address: str
    units: dict[int, Unit] = field(default_factory=dict)
    duties: list[Duty] = field(default_factory=list)

    @property
    def agencies(self) -> list[Organisation]:
        """The agencies that owe something here, each once."""
        return list({duty.agency_id: duty.agency for duty in self.duties}.values())

    @property
    def due_on(self) -> date:
        return min(duty.due_on for duty in self.duties)


def sites_due(actor: Actor, *, on: date, own: Sequence[int], within: int = 60, most: int = 20) -> list[Site]:
    """List the sites where at least two agencies owe a check by `on` + `within` days, the earliest due first.

    own  ids of the actor's agencies: with them only sites where one of them owes something itself
    Bounded: looks at the 400 checks that are due first, and at what else is due at their sites.
    """
    until = on + timedelta(days=within)
    seen = access.visible(Duty, to=actor, power=SEE).filter(active=True, due_on__lte=until)
    first = seen.filter(agency__in=own) if own else seen
    anchors = list(first.select_related("unit").order_by("due_on", "pk")[:400])
    estates = {d.unit.estate_id for d in anchors if d.unit.estate_id}
    places = {
        (d.unit.community_id, d.unit.address) for d in anchors if d.unit.address and d.unit.community_id
    }
    # Each set of units by its own index; an OR over the join would read every check that is due.
    units = {d.unit_id for d in anchors}
    if estates:
        units |= set(
            Unit.objects.filter(estate__in=estates, ended_on__isnull=True).values_list("pk", flat=True)[:2000]
        )
    if places:
        near = Unit.objects.filter(
            community__in={community for community, _address in places},
            address__in={address for _community, address in places},
            estate__isnull=True,
            ended_on__isnull=True,
        )
        units |= set(near.values_list("pk", flat=True)[:2000])
    duties = seen.filter(unit__in=units).select_related("unit__estate", "agency").order_by("due_on", "pk")
    busy = set(
        Visit.objects.filter(unit__in=units, state__in=[VisitState.PLANNED, VisitState.OPEN]).values_list(
            "unit", flat=True
        )
    )
    sites: dict[str, Site] = {}
    for duty in duties[:3000]:
        unit = duty.unit
        key = site_key(unit)
        if unit.pk in busy or unit.ended_on is not None:
            continue
        site = sites.setdefault(key, Site(key, unit.estate.name if unit.estate else unit.name, unit.address))
        site.units[unit.pk] = unit
        site.duties.append(duty)
    several = [site for site in sites.values() if len(site.agencies) > 1]
    return sorted(several, key=lambda site: site.due_on)[:most]


def site_key(unit: Unit) -> str:
    """Say at which site a unit stands: its estate, else its address in its community, else itself."""
    if unit.estate_id:
        return f"e{unit.estate_id}"
    if unit.address and unit.community_id:
        return f"a{unit.community_id}.{name_key(unit.address)}"
    return f"u{unit.pk}"


# -------------------------------------------------------------------------------------------------------- matches


def matches(actor: Actor, *, power: str, first: int | None = None, limit: int = 50) -> list[UnitMatch]:
    """List the suggested pairs within reach that nobody has decided: `first` the one asked for, then the most alike."""
    found = access.visible(UnitMatch, to=actor, power=power).filter(
        state=MatchState.OPEN, unit__ended_on__isnull=True, other__ended_on__isnull=True
    )
    parts = (
        "unit__street",
        "unit__community",
        "unit__agency",
        "other__street",
        "other__community",
        "other__agency",
    )
    return list(
        found.select_related(*parts).order_by(
            ExpressionWrapper(Q(pk=first or 0), BooleanField()).desc(), "-score", "pk"
        )[:limit]
    )


def open_matches(unit: Unit) -> QuerySet[UnitMatch]:
    """Return the suggested pairs of a unit that nobody has decided."""
    return UnitMatch.objects.filter(Q(unit=unit) | Q(other=unit), state=MatchState.OPEN)


def match_count(actor: Actor, *, power: str) -> int:
    """Count the suggested pairs that wait for a decision, up to 1,000."""
    waiting = access.visible(UnitMatch, to=actor, power=power).filter(state=MatchState.OPEN)
    return waiting.values("pk")[:1000].count()


# --------------------------------------------------------------------------------------------------- for the public


@dataclass(frozen=True, slots=True)
class PublicChecks:
    """What the public may read of the checks of an estate in twelve months; None where a number is too small.

    visits  finished checks; last_on the day of the last one, of any year; found, fixed: hazards of these months
    """

    visits: int
    last_on: date | None
    found: int | None
    fixed: int | None
    threshold: int


def public_checks(estate: Estate, *, on: date) -> PublicChecks:
    """Count an estate's checks and hazards of the last twelve months for the public, small numbers withheld."""
    threshold = rulebooks.load("deadlines", on=on)["publication"]["small_number"]
    since = on - timedelta(days=365)
    own = Unit.objects.filter(kind="estate", estate=estate, ended_on__isnull=True).values("pk")
    visits = Visit.objects.filter(unit__in=own, state=VisitState.FINISHED).aggregate(
        recent=Count("pk", filter=Q(visited_on__gt=since, visited_on__lte=on)), last=Max("visited_on")
    )
    found = Finding.objects.filter(
        unit__in=own, counted=True, found_on__gt=since, found_on__lte=on
    ).aggregate(
        fixed=Count("pk", filter=Q(rectified_on__isnull=False)),
        waiting=Count("pk", filter=Q(rectified_on__isnull=True)),
    )
    # Both parts and their sum: what is withheld must not follow from what is shown.
    withheld = suppress([found["fixed"], found["waiting"]], least=threshold)
    return PublicChecks(
        visits=visits["recent"],
        last_on=visits["last"],
        found=None if withheld.total else found["fixed"] + found["waiting"],
        fixed=None if any(withheld.cells) else found["fixed"],
        threshold=threshold,
    )
