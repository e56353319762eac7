from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    name = "anju.doors.console"
    label = "console"

    def ready(self) -> None:
        from anju.ground.foundation.navigation import Item, register

        from .views import on_desk

        work, rules = _("办理"), _("管理")
        register(Item(_("待办"), "console:home", "cases.see", "todo", 10, work, badge=on_desk))
        register(Item(_("全部事项"), "console:cases", "cases.see", "list", 20, work))
        register(Item(_("代为登记"), "console:new", "cases.report", "plus", 30, work))
        register(Item(_("升级与督办"), "console:escalations", "cases.urge", "alert", 40, work))
        register(Item(_("地图"), "console:map", "cases.see", "map", 50, work))
        register(Item(_("日历与期限"), "console:calendar", "calendar.edit", "calendar", 80, rules))
        register(Item(_("操作日志"), "console:journal", "journal.see", "clock", 90, rules))
