"""Questions about places."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, IntegerField, Q, QuerySet, When
from django.db.models.functions import Length
from django.urls import reverse

from anju.ground.foundation import rulebooks

from ..models import Area, Division, Estate
from ..rules import ANY_DAY, is_old


def search_divisions(text: str, *, limit: int = 20) -> QuerySet[Division]:
    """Find current divisions by name, pinyin initials or code; exact and shorter names first.

    Names repeat (there are many 东街): show `path` beside each. A code of former days finds what it has become.
    """
    current = Division.objects.filter(valid_to__isnull=True)
    text = text.strip()
    if text.isdecimal():
        now = _become(Division.objects.filter(code__startswith=text), limit=limit)
        return current.filter(Q(code__startswith=text) | Q(pk__in=now)).order_by("code")[:limit]
    found = _search(current, text)
    if text and not text.isascii():
        # 路寨乡 is asked for by those who have old papers in hand; it is 路寨镇 today.
        rank = found.query.order_by
        now = _become(Division.objects.filter(name__contains=text), limit=limit)
        found = current.filter(Q(name__contains=text) | Q(pk__in=now)).order_by(*rank)
    return found[:limit]


def _become(former: QuerySet[Division], *, limit: int) -> list[int]:
    """Return the ids of what the divisions of former days among these have become."""
    return [division.current.pk for division in former.filter(valid_to__isnull=False)[:limit]]


@dataclass(frozen=True, slots=True)
class Place:
    """A division for its page: what it was called before, who looks after it, and what stands below it."""

    division: Division
    former: list[Division]
    areas: list[Area]
    above: list[Division]
    children: list[Division]


def place(division: Division) -> Place:
    """Return a division with its former codes, its areas, its line upwards and the divisions right below."""
    above: list[Division] = []
    up = division.parent
    while up is not None:
        above.insert(0, up)
        up = up.parent
    return Place(
        division,
        _former_of(division),
        list(division.areas.filter(active=True)),
        above,
        list(division.children.filter(valid_to__isnull=True).order_by("code")),
    )


def _former_of(division: Division) -> list[Division]:
    """Return the divisions whose place this one took, the latest first, through the whole chain."""
    found: list[Division] = []
    waiting = [division.pk]
    while waiting:
        before = list(Division.objects.filter(successor__in=waiting).order_by("-valid_to", "code"))
        found += before
        waiting = [old.pk for old in before]
    return found


def city_division() -> Division | None:
    """Return the division that this installation's rulebook is for (else the first city), None before any is loaded."""
    cities = Division.objects.filter(level=Division.Level.CITY, valid_to__isnull=True).order_by("code")
    return cities.filter(code=str(rulebooks.load("territory", on=ANY_DAY)["city"])).first() or cities.first()


def division_by_code(code: str) -> Division | None:
    """Return the division that a code stands for today, also when it has been succeeded since."""
    found = Division.objects.filter(code=code).order_by("-valid_to", "-pk")
    here = found.filter(valid_to__isnull=True).first() or found.first()
    return here.current if here else None


def search_areas(
    text: str,
    *,
    within: Area | None = None,
    level: int | None = None,
    limit: int = 20,
    among: QuerySet[Area] | None = None,
) -> QuerySet[Area]:
    """Find management areas by name, initials or division code, optionally inside one area and at one level.

    among  the areas that somebody may see (`visible`); all when not given
    """
    found = (Area.objects.all() if among is None else among).filter(active=True)
    if within is not None:
        found = found.filter(area_under(within))
    if level is not None:
        found = found.filter(level=level)
    return _search(found, text, code="division__code")[:limit]


def search_estates(
    text: str, *, within: Area | None = None, limit: int = 20, among: QuerySet[Estate] | None = None
) -> QuerySet[Estate]:
    """Find estates by name, alias, address or initials, optionally inside one area and among those one may see.

    Several words must all fit; each may also be in the path of the place (槐荫 东湖区), because names repeat.
    """
    return _estates_named(text, within=within, among=among)[:limit]


def _estates_named(
    text: str, *, within: Area | None = None, among: QuerySet[Estate] | None = None
) -> QuerySet[Estate]:
    found = (Estate.objects.all() if among is None else among).filter(active=True).select_related("area")
    if within is not None:
        found = found.filter(area_under(within, "area__"))
    words = text.split() or [""]
    if len(words) == 1 and text.isascii() and text:
        return found.filter(initials__startswith=words[0].lower()).order_by("name", "area__path")
    for word in words:
        fits = Q(name__contains=word) | Q(aliases__contains=[word]) | Q(address__contains=word)
        if word.isascii() and word:
            fits |= Q(initials__startswith=word.lower())
        found = found.filter(fits | Q(area__path__contains=word) if len(words) > 1 else fits)
    rank = Case(When(name=words[0], then=0), When(name__startswith=words[0], then=1), default=2)
    return found.order_by(rank, "name", "area__path")


def _search(found: QuerySet, text: str, *, code: str = "") -> QuerySet:
    text = text.strip()
    if not text:
        return found.none()
    if code and text.isdecimal():
        return found.filter(**{f"{code}__startswith": text}).order_by(code)
    if text.isascii():
        return found.filter(initials__startswith=text.lower()).order_by("level", "name")
    rank = Case(
        When(name=text, then=0), When(name__startswith=text, then=1), default=2, output_field=IntegerField()
    )
    return found.filter(name__contains=text).order_by(rank, Length("name"), "level", "path")


def area_under(area: Area, prefix: str = "") -> Q:
    """Return the condition "this area or below it" for a model that reaches an Area through `prefix`."""
    column = {2: "city", 3: "county", 4: "street"}.get(area.level)
    here = Q(**{f"{prefix}id" if not prefix else f"{prefix.rstrip('_')}_id": area.pk})
    return here if column is None else here | Q(**{f"{prefix}{column}_id": area.pk})


def estate_is_old(estate: Estate, *, on: date) -> bool:
    """Say whether an estate counts as old on a day, by the rulebook in force that day."""
    rule = rulebooks.load("territory", on=on)["old_community"]
    return is_old(year_built=estate.year_built, listed=estate.listed_old, rule=rule)


def old_year(*, on: date) -> int:
    """Return the last year of completion that makes an estate old on a day."""
    completed_by: date = rulebooks.load("territory", on=on)["old_community"]["completed_by"]
    return completed_by.year


def pick_url(kind: str, field: str, back: str, **asked: Any) -> str:
    """Return the address of the page that chooses a place and comes back to `back` with ?field=id."""
    return f"{reverse('territory:pick')}?{urlencode({'kind': kind, 'field': field, 'next': back, **asked})}"


def old_q(*, on: date, prefix: str = "") -> Q:
    """Return the condition "old on this day" for estates, the same rule as `estate_is_old`."""
    return Q(**{f"{prefix}listed_old": True}) | Q(**{f"{prefix}year_built__lte": old_year(on=on)})


def filter_estates(
    found: QuerySet[Estate],
    *,
    on: date,
    text: str = "",
    area: Area | None = None,
    management: str = "",
    old: str = "",
    lacking: str = "",
) -> QuerySet[Estate]:
    """Narrow estates that somebody may see (`visible`) by what a list asks for.

    old      "yes" or "no"; lacking  "point", "year" or "households": what is still missing in the record
    """
    text = text.strip()
    if text.isascii() and text:
        found = found.filter(Q(initials__contains=text.lower()) | Q(name__icontains=text))
    elif text:
        found = found.filter(Q(name__contains=text) | Q(address__contains=text) | Q(aliases__contains=[text]))
    if area is not None:
        found = found.filter(area_under(area, "area__"))
    if management:
        found = found.filter(management=management)
    if old:
        found = found.filter(old_q(on=on)) if old == "yes" else found.exclude(old_q(on=on))
    column = {"point": "longitude", "year": "year_built", "households": "households"}.get(lacking)
    if column:
        found = found.filter(**{f"{column}__isnull": True})
    return found


def root() -> Area:
    """Return the top area of this installation (the city)."""
    return Area.objects.filter(level=Area.Level.CITY, active=True).order_by("id")[0]


@dataclass(frozen=True, slots=True)
class PublicPlace:
    """A place as the public may choose it: an estate, or a community where there is none."""

    name: str
    path: str
    estate_id: int | None
    area_id: int
    estate: Estate | None = None
    area: Area | None = None


@dataclass(frozen=True, slots=True)
class PublicHits:
    """What the public found: the first places, and when there are more, in which counties how many estates are."""

    places: list[PublicPlace]
    more: bool = False
    counties: tuple[tuple[str, int], ...] = ()


def public_search(text: str, *, limit: int = 12) -> PublicHits:
    """Find estates first, then communities and streets, by name or initials.

    A frequent name (槐荫 stands on 85 estates) would hide the wanted one: then the counties are offered to narrow it.
    """
    named = _estates_named(text)
    found = [_public_estate(e) for e in named[: limit + 1]]
    if len(found) > limit:
        counted = named.order_by().values_list("area__county__name").annotate(n=Count("pk"))
        counties = tuple((name, n) for name, n in counted.order_by("-n", "area__county__name") if name)
        return PublicHits(found[:limit], True, counties if len(counties) > 1 else ())
    areas = [a for a in search_areas(text, limit=3 * limit) if a.level >= Area.Level.STREET]
    return PublicHits(found + [_public_area(a) for a in areas[: limit - len(found)]])


def public_estate(estate_id: int) -> PublicPlace | None:
    """Return an estate for the public, or None."""
    estate = Estate.objects.filter(pk=estate_id, active=True).select_related("area").first()
    return _public_estate(estate) if estate else None


def public_area(area_id: int) -> PublicPlace | None:
    """Return a community or street for the public, or None."""
    area = Area.objects.filter(pk=area_id, active=True, level__gte=Area.Level.STREET).first()
    return _public_area(area) if area else None


def _public_estate(estate: Estate) -> PublicPlace:
    return PublicPlace(estate.name, estate.area.path, estate.pk, estate.area_id, estate, estate.area)


def _public_area(area: Area) -> PublicPlace:
    return PublicPlace(area.name, area.path, None, area.pk, None, area)
