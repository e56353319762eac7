from django.apps import AppConfig
from django.utils.translation import gettext

from . import wording


class FoundationConfig(AppConfig):
    name = "anju.ground.foundation"
    label = "foundation"

    def ready(self) -> None:
        wording.use(gettext)
