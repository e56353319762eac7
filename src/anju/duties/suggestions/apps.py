from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SuggestionsConfig(AppConfig):
    """Deputies' suggestions and the replies to them."""

    name = "anju.duties.suggestions"
    label = "suggestions"

    def ready(self) -> None:
        from anju.ground.foundation import navigation

        from . import (
            figures,
            listeners,  # noqa: F401  (subscribes)
            views,
        )

        figures.register()
        navigation.register(
            navigation.Item(
                label=_("代表建议"),
                url_name="suggestions:list",
                power="suggestions.see",
                icon="chat",
                order=45,
                badge=views.on_desk,
            )
        )
