from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MajorsConfig(AppConfig):
    """Major fire hazards: judged, listed, removed."""

    name = "anju.duties.majors"
    label = "majors"

    def ready(self) -> None:
        from anju.duties.inspections.queries import dossier
        from anju.ground.foundation import desk, story
        from anju.ground.foundation.navigation import Item, register

        from . import (
            listeners,  # noqa: F401  (subscribes)
            pages,
        )
        from .models import MajorHazard

        story.register({}, subjects={"majors.majorhazard": _("重大火灾隐患")})
        register(Item(_("重大火灾隐患"), "majors:list", "majors.see", "alert", 67, _("检查执法")))
        desk.register(pages.KIND)
        dossier.register(pages.lines, follow=(MajorHazard,))
