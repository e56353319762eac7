from django.apps import AppConfig
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import wording


class FoundationConfig(AppConfig):
    name = "anju.ground.foundation"
    label = "foundation"

    def ready(self) -> None:
        from . import hands, story

        wording.use(gettext)
        story.register(
            {},
            subjects={"foundation.calendaryear": _("日历"), "foundation.jobprogress": _("任务")},
            details={"foundation": hands.story_detail},
        )
