from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class FieldConfig(AppConfig):
    name = "anju.doors.field"
    label = "field"

    def ready(self) -> None:
        from anju.duties.inspections.pages import visits_waiting
        from anju.ground.foundation.navigation import Item, register

        register(Item(_("今日"), "field:home", "cases.check", "todo", 10, shell="field"))
        checks = pgettext_lazy("navigation", "检查")
        register(
            Item(
                checks, "field:visits", "inspections.record", "stamp", 15, shell="field", badge=visits_waiting
            )
        )
        register(Item(_("上报"), "field:report", "cases.report", "camera", 20, shell="field"))
        estates = pgettext_lazy("navigation", "小区")
        register(Item(estates, "field:estates", "cases.see", "building", 30, shell="field"))
        register(Item(_("电脑版"), "console:home", "cases.see", "table", 40, shell="field"))
        register(Item(_("手机巡查"), "field:home", "cases.check", "camera", 60, _("办理")))
