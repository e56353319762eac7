"""How far a reach goes over the rooms below: which areas, estates and organisations it covers."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from anju.ground.organisations.models import Jurisdiction, Organisation, Post, ServiceContract
from anju.ground.organisations.queries import in_force
from anju.ground.territory.models import Area, Estate

from .actors import Reach
from .services import reaches_by

_COLUMNS = {2: "city", 3: "county", 4: "street"}


def area_q(reach: Reach, prefix: str = "") -> Q:
    """Return the condition "the area of the reach or below", by ids: never by the beginning of a name or a code."""
    covered = Q(**{prefix or "pk": reach.id})
    if column := _COLUMNS.get(reach.level):
        covered |= Q(**{f"{prefix}__{column}" if prefix else column: reach.id})
    return covered


def _areas(reach: Reach) -> QuerySet[Area]:
    """Return the areas that a reach covers, as a subquery."""
    if reach.kind == "area":
        return Area.objects.filter(area_q(reach))
    if reach.kind == "company":
        return Area.objects.filter(pk__in=_estates_of(reach).values("area"))
    own = Organisation.objects.filter(pk=reach.id, area__isnull=False).values("area")
    more = Jurisdiction.objects.filter(organisation=reach.id).values("area")
    return Area.objects.filter(
        *(
            Q(pk__in=own) | Q(pk__in=more) | Q(street__in=own) | Q(street__in=more) | Q(county__in=own)
            | Q(county__in=more) | Q(city__in=own) | Q(city__in=more),
        )
    )  # fmt: skip


def _estates_of(reach: Reach) -> QuerySet[Estate]:
    """Return the estates that a company has under contract today."""
    contracts = ServiceContract.objects.filter(in_force(timezone.localdate()), company=reach.id)
    return Estate.objects.filter(pk__in=contracts.values("estate"))


def _estate(reach: Reach) -> Q:
    if reach.kind == "area":
        return area_q(reach, "area")
    if reach.kind == "company":
        return Q(pk__in=_estates_of(reach))
    return Q(area__in=_areas(reach))


def _organisation(reach: Reach) -> Q:
    """Cover the organisations of the places reached, and the companies with a contract there."""
    if reach.kind == "company":
        return Q(pk=reach.id)
    contracts = ServiceContract.objects.filter(estate__in=Estate.objects.filter(_estate(reach)))
    return Q(pk=reach.id) | Q(area__in=_areas(reach)) | Q(pk__in=contracts.values("company"))


def _organisation_kept(reach: Reach) -> Q:
    """Cover the organisations of the places reached: a contract there shows a company, and hands no record over."""
    return Q(pk__in=()) if reach.kind == "company" else Q(area__in=_areas(reach))


def _contract(reach: Reach) -> Q:
    """Cover the contracts of the estates reached, and a company's own."""
    if reach.kind == "company":
        return Q(company=reach.id)
    return Q(estate__in=Estate.objects.filter(_estate(reach)))


def _area(reach: Reach) -> Q:
    return area_q(reach) if reach.kind == "area" else Q(pk__in=_areas(reach))


def _post(reach: Reach) -> Q:
    return Q(organisation__in=Organisation.objects.filter(_organisation(reach)))


reaches_by(Area, _area)
reaches_by(Estate, _estate)
reaches_by(Organisation, _organisation)
reaches_by(Organisation, _organisation_kept, power="organisations.edit")
reaches_by(ServiceContract, _contract)
reaches_by(Post, _post)
