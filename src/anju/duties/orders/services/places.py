"""What stands at a place follows it: the levels stamped on rows, when an area moves."""

from django.db.models import Model, Q

from anju.duties.cases.models import Case
from anju.ground.territory.models import Area

from ..queries.places import LEVELS


def restamp(*models: type[Model], moved: Area) -> None:
    """Stamp the rows that lie in a moved area with its new levels, as their cases were stamped just before."""
    here = Q(street_id=moved.pk) | Q(community_id=moved.pk)
    for model in models:
        held = model._default_manager.filter(here)
        for column in ("street_id", "community_id"):
            for pk in set(held.values_list(column, flat=True)) - {None}:
                area = Area.objects.get(pk=pk)
                held.filter(**{column: pk}).update(city_id=area.at_level(2), county_id=area.at_level(3))
        if moved.level == Area.Level.COMMUNITY:
            held.filter(community_id=moved.pk).update(street_id=moved.at_level(4))


def restamp_by_case(model: type[Model], *, moved: Area) -> None:
    """Stamp the rows of a moved area from their cases, which were stamped just before."""
    here = Q(city_id=moved.pk) | Q(county_id=moved.pk) | Q(street_id=moved.pk) | Q(community_id=moved.pk)
    rows = model._default_manager
    for case in Case.objects.filter(here, pk__in=rows.values("case")):
        rows.filter(case=case).update(**{level: getattr(case, level) for level in LEVELS.values()})
