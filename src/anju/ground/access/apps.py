from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "anju.ground.access"
    label = "access"

    def ready(self) -> None:
        from anju.ground.foundation import desk, hands, story
        from anju.ground.foundation.navigation import Item, register

        # They say what comes first, how far a reach goes, and hear who goes.
        from . import guards, listeners, queries, reaches, rules, services  # noqa: F401
        from .pages import KIND, granted

        # Posts are an act of access, too, though their table lies a room below.
        details = {"access": granted, "organisations": granted}
        story.register(rules.EVENT_WORDS, subjects=rules.SUBJECTS, details=details)

        group = _("管理")
        register(Item(_("人员和账号"), "access:people", "access.manage", "key", 85, group))
        register(Item(_("授权复核"), "access:grants", "access.confirm", "check", 86, group))
        desk.register(KIND)
        hands.people_are(queries.people_of, services.actor_of_person)
