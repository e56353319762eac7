"""The form of a unit's facts, for adding one and for editing it."""

from collections.abc import Sequence

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation.act_forms import ActForm
from anju.ground.territory.models import Area, Estate

from ..models import Unit
from ..queries import kinds
from ..services.register import UNITS, add_unit


class UnitForm(ActForm):
    """What adding a unit asks for, in a place that was chosen before."""

    def __init__(
        self,
        request: HttpRequest,
        *,
        area: Area,
        agencies: Sequence[tuple[int, str]],
        unit: Unit | None = None,
    ):
        said = ("kind", "name", "address", "responsible", "phone", "uscc", "estate_id", "agency_id")
        initial = {name.removesuffix("_id"): getattr(unit, name) for name in said} if unit else {}
        super().__init__(
            UNITS, add_unit.steps[0], unit, by=request.actor, at=timezone.now(), data=request.POST or None,  # type: ignore[attr-defined]
            initial=initial,
        )  # fmt: skip
        estates = Estate.objects.filter(area=area, active=True).order_by("name")
        offered = {
            "kind": [("", _("请选择")), *kinds.kinds_by_group()],
            "estate": [("", _("不在小区内")), *estates.values_list("pk", "name")],
            "agency": [("", _("按规则确定")), *agencies],
            "flags": [(key, kinds.flag_label(key)) for key in kinds.settable_flags()],
        }
        for name, choices in offered.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        if unit is not None:
            del self.fields["flags"]
