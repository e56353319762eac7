"""Questions about places."""

from datetime import date

from django.db.models import Case, IntegerField, Q, QuerySet, When

from anju.ground.foundation import rulebooks

from .models import Area, Division, Estate
from .rules import is_old


def search_divisions(text: str, *, limit: int = 20) -> QuerySet[Division]:
    """Find current divisions by name, pinyin initials or code; exact and shorter names first.

    Names repeat (there are many 东街): show `path` beside each.
    """
    return _search(Division.objects.filter(valid_to__isnull=True), text, code=True)[:limit]


def search_areas(
    text: str, *, within: Area | None = None, level: int | None = None, limit: int = 20
) -> QuerySet[Area]:
    """Find management areas by name, initials or division code, optionally inside one area and at one level."""
    found = Area.objects.filter(active=True)
    if within is not None:
        found = found.filter(area_under(within))
    if level is not None:
        found = found.filter(level=level)
    return _search(found, text, code="division__code")[:limit]


def search_estates(text: str, *, within: Area | None = None, limit: int = 20) -> QuerySet[Estate]:
    """Find estates by name, alias or initials, optionally inside one area."""
    found = Estate.objects.filter(active=True).select_related("area")
    if within is not None:
        found = found.filter(area_under(within, "area__"))
    text = text.strip()
    if text.isascii() and text:
        return found.filter(initials__startswith=text.lower()).order_by("name")[:limit]
    return found.filter(
        Q(name__contains=text) | Q(aliases__contains=[text]) | Q(address__contains=text)
    ).order_by(Case(When(name=text, then=0), When(name__startswith=text, then=1), default=2), "name")[:limit]


def _search(found: QuerySet, text: str, *, code: str | bool = "") -> QuerySet:
    text = text.strip()
    if text.isdigit():
        field = "code" if code is True else code
        return found.filter(**{f"{field}__startswith": text}).order_by(field)
    if text.isascii():
        return found.filter(initials__startswith=text.lower()).order_by("level", "name")
    rank = Case(
        When(name=text, then=0), When(name__startswith=text, then=1), default=2, output_field=IntegerField()
    )
    return found.filter(name__contains=text).order_by(rank, "level", "path")


def area_under(area: Area, prefix: str = "") -> Q:
    """Return the condition "this area or below it" for a model that reaches an Area through `prefix`."""
    column = {2: "city", 3: "county", 4: "street"}.get(area.level)
    here = Q(**{f"{prefix}id" if not prefix else f"{prefix.rstrip('_')}_id": area.pk})
    return here if column is None else here | Q(**{f"{prefix}{column}_id": area.pk})


def estate_is_old(estate: Estate, *, on: date) -> bool:
    """Say whether an estate counts as old on a day, by the rulebook in force that day."""
    rule = rulebooks.load("territory", on=on)["old_community"]
    return is_old(year_built=estate.year_built, listed=estate.listed_old, rule=rule)


def root() -> Area:
    """Return the top area of this installation (the city)."""
    return Area.objects.filter(level=Area.Level.CITY, active=True).order_by("id")[0]
