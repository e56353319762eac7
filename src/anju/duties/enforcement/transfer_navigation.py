"""Where transfers, major hazards and objections stand in the staff's navigation."""

from django.utils.translation import gettext_lazy as _

from anju.ground.foundation import navigation
from anju.ground.foundation.navigation import Item

from .transfer_views import waiting


def register() -> None:
    """Add the entries of this part of the room."""
    law = _("检查执法")
    navigation.register(
        Item(_("移送和抄告"), "enforcement:transfers", "enforcement.watch", "out", 66, law, badge=waiting)
    )
    navigation.register(Item(_("重大火灾隐患"), "enforcement:majors", "enforcement.see", "alert", 67, law))
    navigation.register(Item(_("执法异议"), "enforcement:objections", "enforcement.see", "info", 68, law))
