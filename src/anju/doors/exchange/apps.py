from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    name = "anju.doors.exchange"
    label = "exchange"

    def ready(self) -> None:
        from anju.ground.foundation import story
        from anju.ground.foundation.navigation import Item, register

        register(Item(_("台账导入"), "exchange:home", "exchange.import", "upload", 60, _("办理")))
        story.register({}, subjects={"exchange.import": _("台账导入"), "exchange.export": _("导出数据")})
