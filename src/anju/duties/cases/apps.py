from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "anju.duties.cases"
    label = "cases"

    def ready(self) -> None:
        from anju.ground.foundation import desk, notices, story
        from anju.ground.foundation.navigation import Item, register

        from . import (
            figures,
            listeners,  # noqa: F401  (subscribes)
            pages,
            rules,
        )
        from .models import Case

        figures.register()
        story.register(
            rules.EVENT_WORDS,
            subjects={"cases.case": _("事项"), "cases.savedview": _("视图")},
            details={"cases": pages.story_detail},
        )
        notices.register(Case, pages.NOTICES)
        for kind in pages.KINDS:
            desk.register(kind)
        work = _("办理")
        register(Item(_("全部事项"), "cases:list", "cases.see", "list", 20, work))
        register(Item(_("代为登记"), "cases:new", "cases.report", "plus", 30, work))
        register(Item(_("升级与督办"), "cases:escalations", "cases.urge", "alert", 40, work))
        register(Item(_("地图"), "cases:map", "cases.see", "map", 50, work))
        register(Item(_("谁能看到"), "cases:audit", "access.audit", "lock", 88, _("管理")))
