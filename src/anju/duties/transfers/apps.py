from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TransfersConfig(AppConfig):
    """Matters that one agency hands to another, to their end."""

    name = "anju.duties.transfers"
    label = "transfers"

    def ready(self) -> None:
        from anju.duties.cases.models import Case
        from anju.duties.inspections.queries import dossier
        from anju.ground.foundation import beside, desk, ladder, story
        from anju.ground.foundation.navigation import Item, register

        from . import (
            listeners,  # noqa: F401  (subscribes)
            pages,
            queries,
        )
        from .models import Transfer

        story.register(
            {},
            subjects={"transfers.transfer": _("移送")},
            details={"transfers": pages.story_detail},
        )
        law = _("检查执法")
        register(Item(_("移送和抄告"), "transfers:list", "transfers.see", "out", 66, law))
        desk.register(pages.KIND)
        ladder.rungs_by(queries.rungs_above)
        dossier.register(pages.lines, follow=(Transfer,))
        beside.register(Case, pages.of_case, order=40)
