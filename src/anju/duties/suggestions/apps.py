from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SuggestionsConfig(AppConfig):
    """Deputies' suggestions and the replies to them."""

    name = "anju.duties.suggestions"
    label = "suggestions"

    def ready(self) -> None:
        from anju.ground.foundation import desk, navigation, notices, story

        from . import (
            figures,
            listeners,  # noqa: F401  (subscribes)
            pages,
            views,
        )
        from .models import Suggestion

        figures.register()
        story.register(
            {},
            subjects={
                "suggestions.suggestion": _("代表建议"),
                "suggestions.yearlyreport": _("代表建议年度报告"),
            },
            details={"suggestions": views.story_detail},
        )
        navigation.register(
            navigation.Item(
                label=_("代表建议"),
                url_name="suggestions:list",
                power="suggestions.see",
                icon="chat",
                order=45,
            )
        )
        notices.register(Suggestion, pages.NOTICES)
        for kind in pages.KINDS:
            desk.register(kind)
