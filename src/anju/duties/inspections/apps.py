from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InspectionsConfig(AppConfig):
    name = "anju.duties.inspections"
    label = "inspections"

    def ready(self) -> None:
        from anju.duties.cases.models import Case
        from anju.duties.cases.queries import routing
        from anju.ground.foundation import beside, desk, story
        from anju.ground.foundation.navigation import Item, register
        from anju.ground.territory.models import Estate

        from . import (
            figures,
            listeners,  # noqa: F401  (subscribes)
            pages,
            rules,
        )
        from .queries import dossier, units, visits
        from .services import checking, matching, records  # noqa: F401  (their verbs)

        story.register(
            rules.NEWS,
            subjects={
                "inspections.visit": _("检查"),
                "inspections.finding": _("检查发现的隐患"),
                "inspections.unit": _("检查对象"),
                "inspections.unitmatch": _("疑似同一单位"),
            },
            details={"inspections": visits.told},
        )

        figures.register()
        for kind in pages.KINDS:
            desk.register(kind)
        law, waits = _("检查执法"), pages.visits_waiting
        register(Item(_("检查"), "inspections:visits", "inspections.see", "stamp", 34, law, badge=waits))
        register(Item(_("检查对象"), "inspections:units", "inspections.see", "building", 35, law))
        register(Item(_("检查覆盖"), "inspections:coverage", "inspections.see", "chart", 36, law))
        register(Item(_("综合查一次"), "inspections:together", "inspections.plan", "merge", 37, law))
        routing.units_by(units.routed)
        beside.register(Case, pages.of_case, order=5)
        beside.register(Estate, pages.of_estate, order=20)
        dossier.register(pages.of_units, counter=pages.counts)
