from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "anju.ground.access"
    label = "access"

    def ready(self) -> None:
        from anju.ground.foundation import desk, story
        from anju.ground.foundation.navigation import Item, register

        from . import guards, reaches, rules  # noqa: F401  (say what comes first, and how far a reach goes)
        from .pages import KIND, granted

        # Posts are an act of access, too, though their table lies a room below.
        details = {"access": granted, "organisations": granted}
        story.register(rules.EVENT_WORDS, subjects=rules.SUBJECTS, details=details)

        group = _("管理")
        register(Item(_("人员和账号"), "access:people", "access.manage", "key", 85, group))
        register(Item(_("授权复核"), "access:grants", "access.confirm", "check", 86, group))
        desk.register(KIND)
