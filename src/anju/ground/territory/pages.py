"""What an event of the journal says of places: each value of an estate before and after, the codes of a succession."""

from typing import Any

from django.utils.translation import gettext as _

from anju.ground.foundation.models import Event

from .models import Area, Estate


def detail(event: Event, said: dict[str, Any]) -> dict[str, Any]:
    """Say what an event changed (`changed`: label, before, after), and which list or code it is about."""
    data = event.data
    if event.name == "territory.succeed_division":
        return {"title": _("%(old)s 改为 %(new)s") % {"old": data.get("old", ""), "new": data.get("new", "")}}
    if event.name == "territory.list_old":
        return {"title": _("列入老旧小区名单") if data.get("listed") else _("移出老旧小区名单")}
    if event.name != "territory.edit_estate":
        return {}
    pairs = data.get("changed", {}).items()
    return {
        "changed": [
            {"label": _label(name), "before": _shown(name, before), "after": _shown(name, after)}
            for name, (before, after) in pairs
        ]
    }


def _label(column: str) -> str:
    """Return what a column of an estate is called."""
    names = {field.attname: field.verbose_name for field in Estate._meta.concrete_fields}
    return str(names.get(column, _("楼栋") if column == "buildings" else column))


def _shown(column: str, value: Any) -> str:
    """Return a value of an estate's history in words, "" when there was none."""
    if value is None or value in ("", []):
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if column == "management":
        return str(dict(Estate.Management.choices).get(value, value))
    if column == "area_id":
        area = Area.objects.filter(pk=value).first()
        return area.path if area else str(value)
    return _("、").join(map(str, value)) if isinstance(value, list) else str(value)
