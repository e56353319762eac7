from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    name = "anju.doors.console"
    label = "console"

    def ready(self) -> None:
        from anju.ground.foundation.navigation import Item, register

        from .views import has_desk, on_desk

        work, rules = _("办理"), _("管理")
        register(Item(_("待办"), "console:home", "", "todo", 10, work, badge=on_desk, when=has_desk))
        register(Item(_("日历与期限"), "console:calendar", "calendar.edit", "calendar", 80, rules))
        register(Item(_("操作日志"), "console:journal", "journal.see", "clock", 90, rules))
