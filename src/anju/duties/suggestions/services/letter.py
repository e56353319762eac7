"""Freezing the figures of a letter when it is signed."""

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation.refusals import Refusal
from anju.means.figures import services as figure_acts
from anju.means.figures.models import FigureSnapshot

from .. import rules
from ..models import Reply
from ..queries.letter import question
from ..rules import Reference


def freeze(
    reply: Reply, references: list[Reference], *, by: Actor, at: datetime
) -> list[tuple[Reference, Any, str, FigureSnapshot]]:
    """Freeze a letter's figures: [(reference, value, printed, snapshot)], one snapshot for each period and place."""
    groups: dict[tuple[date, date, str], list[Reference]] = {}
    for reference in references:
        groups.setdefault((reference.start, reference.end, reference.territory), []).append(reference)
    found = []
    for group in groups.values():
        title = _("%(meeting)s第%(number)s号建议的答复所引数字") % {
            "meeting": reply.suggestion.meeting,
            "number": reply.suggestion.number,
        }
        snapshot = figure_acts.freeze(query=question(group), title=title[:120], by=by, at=at)
        kept = {line["measure"]: line for line in snapshot.values}
        for reference in group:
            line = kept[reference.measure]
            if line["value"] is None:
                raise Refusal(_("“%(label)s”没有可以计算的数据，不能签发。") % {"label": line["label"]})
            value = line["value"]
            found.append((reference, value, rules.printed(value, unit=line["unit"]), snapshot))
    return found
