"""Where a figure stops: the territory asked for, in either tree, and the reach of whoever asks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor, Reach
from anju.ground.foundation.refusals import NotFound
from anju.ground.territory.models import Area, Division, DivisionLine
from anju.ground.territory.queries import area_under

from .registry import Facts

LEVELS = {"city": 2, "county": 3, "street": 4, "community": 5}
Territory = tuple[str, str]  # ("area", id) or ("division", code)


@dataclass(frozen=True, slots=True)
class Scope:
    """A territory that somebody may see, resolved.

    condition  what a fact row must meet
    limited    whether the reach cut something off, so that the number is not the territory's whole number
    """

    condition: Q
    label: str
    tree: str
    level: int
    limited: bool
    area: Area | None = None
    division: Division | None = None


def resolve(territory: Territory | None, *, facts: Facts, actor: Actor) -> Scope:
    """Return the scope of a question, or raise NotFound for a place outside the actor's reach.

    A management area inside an area reach needs no further condition. A division may cross the lines of management,
    so its rows are met with the reach and `limited` says so. Without a territory: all that the actor reaches.
    """
    reaches = actor.powers.get(facts.power, ())
    if not reaches:
        raise NotFound(_("没有找到这个地区的数据。"))
    everywhere = any(reach.kind == "all" for reach in reaches)
    areas = [reach for reach in reaches if reach.kind == "area"]
    if territory is None:
        if everywhere:
            return Scope(Q(), str(_("全部地区")), "area", 0, limited=False)
        if len(reaches) == 1 and areas:
            return resolve(("area", str(areas[0].id)), facts=facts, actor=actor)
        label = _("、").join(dict.fromkeys(reach.label for reach in reaches if reach.label)) or str(
            _("本单位")
        )
        return Scope(_reached(facts, actor), label, "area", 0, limited=False)
    kind, code = territory
    if kind == "area":
        area = find_area(code)
        if not everywhere and not any(area.at_level(reach.level) == reach.id for reach in areas):
            raise NotFound(_("没有找到这个地区的数据。"))
        condition = Q(**{f"{facts.areas[area.level]}_id": area.pk})
        if 0 < facts.indexed < area.level and (above := area.at_level(facts.indexed)) is not None:
            condition &= Q(**{f"{facts.areas[facts.indexed]}_id": above})
        return Scope(condition, area.name, "area", area.level, limited=False, area=area)
    division = find_division(code)
    condition = _inside(division, facts.division)
    if everywhere:
        return Scope(condition, division.name, "division", division.level, limited=False, division=division)
    if not _touches(division, areas):
        raise NotFound(_("没有找到这个地区的数据。"))
    met = condition & _reached(facts, actor)
    return Scope(met, division.name, "division", division.level, limited=True, division=division)


def find_area(code: str) -> Area:
    """Return the management area of an id, or raise NotFound."""
    area = Area.objects.filter(pk=int(code)).first() if code.isascii() and code.isdigit() else None
    if area is None:
        raise NotFound(_("没有找到编号为“%(code)s”的管理区域。") % {"code": code}, field="territory")
    return area


def find_division(code: str) -> Division:
    """Return the division that holds a code's place today, or raise NotFound; old codes are understood."""
    found = Division.objects.filter(code=code).order_by("-valid_to")
    division = found.filter(valid_to__isnull=True).first() or found.first()
    if division is None:
        raise NotFound(_("没有找到代码为“%(code)s”的行政区划。") % {"code": code}, field="territory")
    return division.current


def area_of_code(code: str) -> Area | None:
    """Return the active management area whose division has this code today, highest level first."""
    return (
        Area.objects.filter(active=True, division__code=code, division__valid_to__isnull=True)
        .order_by("level", "id")
        .first()
    )


def _reached(facts: Facts, actor: Actor) -> Q:
    met = access.visible_q(facts.guarded, to=actor, power=facts.power)
    if not facts.reach:
        return met
    return Q(**{f"{facts.reach}__in": facts.guarded._default_manager.filter(met)})


def _touches(division: Division, reaches: Iterable[Reach]) -> bool:
    """Say whether a division lies in a division that one of the reached areas stands for."""
    reached = Q(pk__in=[])
    for area in Area.objects.filter(pk__in=[reach.id for reach in reaches]):
        reached |= area_under(area)
    return DivisionLine.objects.filter(
        descendant=division,
        ancestor__in=Area.objects.filter(reached, division__isnull=False).values("division"),
    ).exists()


# --- divisions with their past codes ------------------------------------------------------------------------------


def _successions() -> dict[int, int]:
    """Return {former division: the one that holds its place today}; there are few."""
    steps = dict(Division.objects.filter(successor__isnull=False).values_list("pk", "successor_id"))

    def end(pk: int) -> int:
        while pk in steps:
            pk = steps[pk]
        return pk

    return {pk: end(pk) for pk in steps}


def _inside(division: Division, column: str) -> Q:
    """Return the condition "this division, below it, or a former code of either"."""
    current = _successions()
    same = [division.pk, *(pk for pk, now in current.items() if now == division.pk)]
    inside = DivisionLine.objects.filter(ancestor_id__in=same)
    here = set(inside.filter(descendant_id__in=set(current.values())).values_list("descendant_id", flat=True))
    moved_in = [pk for pk, now in current.items() if now in here]
    moved_out = [pk for pk, now in current.items() if now not in here]
    met = Q(**{f"{column}_id__in": inside.values("descendant_id")})
    if moved_in:
        met |= Q(**{f"{column}_id__in": moved_in})
    if moved_out:
        met &= ~Q(**{f"{column}_id__in": moved_out})
    return met


def fold_divisions(found: Collection[int], *, level: int) -> dict[int, int]:
    """Map division ids to the division of a level that holds their place today; those above the level are left out."""
    current = _successions()
    now = {pk: current.get(pk, pk) for pk in found}
    lines = dict(
        DivisionLine.objects.filter(descendant_id__in=set(now.values()), ancestor__level=level).values_list(
            "descendant_id", "ancestor_id"
        )
    )
    return {pk: current.get(lines[here], lines[here]) for pk, here in now.items() if here in lines}


def division_slice(key: str, *, level: int, column: str) -> Q:
    """Return the condition of one slice by division; "" is the slice of rows not placed at this level."""
    if key:
        return _inside(Division.objects.get(pk=int(key)), column)
    current = _successions()
    placed = DivisionLine.objects.filter(ancestor__level=level)
    kept = set(placed.filter(descendant_id__in=set(current.values())).values_list("descendant_id", flat=True))
    return (
        Q(**{f"{column}__isnull": True})
        | (
            ~Q(**{f"{column}_id__in": placed.values("descendant_id")})
            & ~Q(**{f"{column}_id__in": list(current)})
        )
        | Q(**{f"{column}_id__in": [pk for pk, now in current.items() if now not in kept]})
    )


# --- the names of slices ------------------------------------------------------------------------------------------


def slice_names(scope: Scope, *, tree: str, level: int, found: Collection[int]) -> dict[str, str]:
    """Name the slices of a level, in order: all that belong to the territory, and whatever else was found.

    Names that repeat are written with the name of their parent.
    """
    wanted = Q(pk__in=[pk for pk in found if pk])
    model: type[Area] | type[Division]
    if tree == "area":
        model = Area
        if scope.area is not None and level > scope.area.level and (level < 5 or scope.area.level > 2):
            wanted |= area_under(scope.area) & Q(active=True)
        elif scope.tree == "area" and scope.level == 0 and level <= 3 and not scope.condition:
            wanted |= Q(active=True)
    else:
        model = Division
        if (
            scope.division is not None
            and level > scope.division.level
            and (level < 5 or scope.division.level > 2)
        ):
            inside = DivisionLine.objects.filter(ancestor=scope.division).values("descendant_id")
            wanted |= Q(pk__in=inside, valid_to__isnull=True)
    order = "code" if tree == "division" else "id"
    rows = list(
        model._default_manager.filter(wanted, level=level)
        .order_by(order)
        .values_list("pk", "name", "parent__name")
    )
    return _told_apart(rows)


def _told_apart(rows: Sequence[tuple[int, str, str | None]]) -> dict[str, str]:
    seen: dict[str, int] = {}
    for _pk, name, _parent in rows:
        seen[name] = seen.get(name, 0) + 1
    return {
        str(pk): name if seen[name] == 1 else f"{parent or ''} {name}".strip() for pk, name, parent in rows
    }


def choices(actor: Actor, *, power: str = "figures.see") -> list[Area]:
    """List the areas somebody may choose: those reached, and one and two levels below for a short list."""
    reaches = actor.powers.get(power, ())
    found = Q(pk__in=[])
    for reach in reaches:
        if reach.kind == "all":
            found |= Q(level__lte=3)
        elif reach.kind == "area":
            found |= Q(pk=reach.id)
            column: Mapping[int, str] = {2: "city", 3: "county", 4: "street"}
            if reach.level in column:
                found |= Q(**{f"{column[reach.level]}_id": reach.id}, level=reach.level + 1)
    return list(Area.objects.filter(found, active=True).order_by("level", "id"))
