from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "anju.ground.access"
    label = "access"

    def ready(self) -> None:
        from anju.ground.foundation.navigation import Item, register

        from . import guards, reaches  # noqa: F401  (say what comes first, and how far a reach goes)

        register(Item(_("人员和账号"), "access:people", "access.manage", "key", 85, _("管理")))
