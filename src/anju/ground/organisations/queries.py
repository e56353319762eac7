"""Questions about organisations and the people in them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import get_language

from anju.ground.foundation import rulebooks
from anju.ground.territory.models import Area, Estate

from .models import Jurisdiction, Organisation, Post, ServiceContract


def in_force(day: date, prefix: str = "") -> Q:
    """Return the condition "valid on this day" for a model with valid_from and valid_to."""
    return Q(**{f"{prefix}valid_from__lte": day}) & (
        Q(**{f"{prefix}valid_to__isnull": True}) | Q(**{f"{prefix}valid_to__gte": day})
    )


def kind_names(*, on: date) -> list[tuple[str, str]]:
    """Return the kinds of organisations there are, (key, name) in the reader's language."""
    return named(rulebooks.load("organisations", on=on)["kinds"])


def named(book: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the (key, name) of a rulebook's entries in the reader's language."""
    field = "name_en" if (get_language() or "").startswith("en") else "name"
    return [(key, entry[field]) for key, entry in book.items()]


def powers_of_role(role: str, *, on: date) -> frozenset[str]:
    """Return the powers that a role of the rulebook has, whatever their reach."""
    entry = rulebooks.load("access", on=on)["roles"].get(role, {"powers": ()})
    return frozenset(power for part in (entry, *entry.get("also", ())) for power in part["powers"])


def contract_of(estate: Estate, *, on: date) -> ServiceContract | None:
    """Return the service contract of an estate in force on a day, the newest if several are."""
    found = ServiceContract.objects.filter(in_force(on), estate=estate).select_related("company")
    return found.order_by("-valid_from").first()


def company_of(estate: Estate, *, on: date) -> Organisation | None:
    """Return the property company whose contract for the estate is in force."""
    contract = contract_of(estate, on=on)
    return contract.company if contract else None


def covering_all(area: Area) -> list[Organisation]:
    """List the organisations that cover an area, the closest level first, in one query."""
    chain = [a for a in (area.pk, area.street_id, area.county_id, area.city_id) if a]
    # A union, each half by its index: an OR over the join would read every organisation there is.
    here = Organisation.objects.filter(area__in=chain).values("pk")
    further = Jurisdiction.objects.filter(area__in=chain).values("organisation")
    found = Organisation.objects.filter(pk__in=here.union(further), active=True).select_related("area")
    return sorted(found, key=lambda o: (-(o.area.level if o.area else 0), o.pk))


def covering(kind: str, area: Area, *, level: int | None = None) -> Organisation | None:
    """Return the organisation of a kind that covers an area, the closest one first.

    level  only organisations whose own area is at this level (2 city … 5 community)
    """
    return closest(covering_all(area), kind, level=level)


def closest(found: list[Organisation], kind: str, *, level: int | None = None) -> Organisation | None:
    """Pick the first organisation of a kind (and level) from `covering_all`."""
    return next(
        (
            o
            for o in found
            if o.kind == kind and (level is None or (o.area is not None and o.area.level == level))
        ),
        None,
    )


def posts_on(day: date, **conditions: object) -> QuerySet[Post]:
    """List the posts held on a day, with their person and organisation."""
    return Post.objects.filter(in_force(day), **conditions).select_related("person", "organisation__area")


def search(
    text: str, *, kinds: list[str] | None = None, limit: int = 20, among: QuerySet[Organisation] | None = None
) -> QuerySet[Organisation]:
    """Find active organisations by name, initials or 统一社会信用代码, among those one may see (all by default)."""
    found = Organisation.objects.all() if among is None else among
    found = found.filter(active=True).select_related("area")
    if kinds:
        found = found.filter(kind__in=kinds)
    text = text.strip()
    if text.isascii() and text:
        return found.filter(Q(initials__startswith=text.lower()) | Q(uscc=text.upper())).order_by("name")[
            :limit
        ]
    return found.filter(Q(name__contains=text) | Q(short_name__contains=text)).order_by("name")[:limit]


def narrow(
    found: QuerySet[Organisation], *, text: str = "", kind: str = "", active: bool = True
) -> QuerySet[Organisation]:
    """Narrow organisations that somebody may see (`visible`) by what a list asks for, in the order of places."""
    found = found.filter(active=active).select_related("area")
    text = text.strip()
    if text.isascii() and text:
        found = found.filter(Q(initials__startswith=text.lower()) | Q(uscc=text.upper()))
    elif text:
        found = found.filter(Q(name__contains=text) | Q(short_name__contains=text))
    if kind:
        found = found.filter(kind=kind)
    return found.order_by("area__level", "area__path", "kind", "name")


def contracts_of(company: Organisation, *, estates: QuerySet[Estate], on: date) -> list[ServiceContract]:
    """List a company's contracts with estates somebody may see: those in force first, then the newest."""
    if company.kind != "property_company":
        return []
    found = ServiceContract.objects.filter(company=company, estate__in=estates).select_related("estate__area")
    return sorted(
        found, key=lambda c: (c.valid_to is not None and c.valid_to < on, -c.valid_from.toordinal())
    )
