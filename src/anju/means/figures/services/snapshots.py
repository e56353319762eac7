"""Acts upon figures: freeze an answer, publish it, and say later what has changed since."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.access.actors import SYSTEM, Actor, Reach
from anju.ground.foundation import journal, rulebooks
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import NotAllowedNow, NotPermitted, Refusal
from anju.ground.territory.models import Area

from .. import queries, rules
from ..models import FigureRevision, FigureSnapshot
from ..queries import Query, Result

log = logging.getLogger(__name__)


def least_published(*, at: datetime) -> int:
    """Return the smallest count that may be published (rulebooks/deadlines `publication.small_number`)."""
    return int(_publication(at)["publication"]["small_number"])


def _publication(at: datetime) -> dict[str, Any]:
    return rulebooks.load("deadlines", on=timezone.localtime(at).date())


def _within(turn: Turn) -> None:
    """Refuse to publish what another post of the same person sees: the power reaches as far as its own post."""
    row = turn.row
    if (
        row is not None
        and not LOOP.manager.filter(queries.reached(turn.by, power=turn.step.power), pk=row.pk).exists()
    ):
        raise NotPermitted(
            _("您的岗位没有办理这一步的权限，请联系本单位负责人。"), data={"power": turn.step.power}
        )


LOOP = Loop(
    FigureSnapshot, rules.STEPS, room="figures", state="", param="snapshot_id", noun=lazy("这份统计"),
    missing=lazy("没有找到这份统计。"), seen=queries.seen, turns=_within,
)  # fmt: skip


@LOOP.verb("freeze")
def freeze(turn: Turn, *, query: Query, title: str) -> FigureSnapshot:
    """Freeze the answer to a question: its numbers, definitions, cut-off, and a hash of the rows of each number."""
    by, at = turn.by, turn.at
    results = queries.answer(query, actor=by, at=at)
    first = results[0]
    snapshot = FigureSnapshot.objects.create(
        title=title,
        query=[list(pair) for pair in query.parameters()],
        reaches=[[r.kind, r.id, r.level] for r in by.powers.get("figures.see", ())],
        area=first.scope.area or _home(by),
        territory_name=first.scope.label,
        tree=query.slicing_tree,
        values=[_kept(result, by=by, at=at) for result in results],
        starts_on=query.period.start,
        ends_on=query.period.end,
        cut_off=first.cut_off,
        edition=_publication(at)["edition"],
        frozen_at=at,
        frozen_by=f"{by.post} {by.name}".strip(),
    )
    turn.note, turn.facts = title, _seal(snapshot)
    return snapshot


def _seal(snapshot: FigureSnapshot) -> dict[str, Any]:
    """What the journal remembers of a snapshot, so that a changed or vanished one would be noticed."""
    return {"cut_off": snapshot.cut_off.isoformat(), "values": journal.digest(snapshot.values)}


def _home(by: Actor) -> Area | None:
    return Area.objects.filter(pk=by.home_area_id).first() if by.home_area_id else None


def _kept(result: Result, *, by: Actor, at: datetime) -> dict[str, Any]:
    rows = {"numerator": _digest(result, "numerator", by=by, at=at)}
    if result.measure.among is not None:
        rows["denominator"] = _digest(result, "denominator", by=by, at=at)
    return {
        "measure": result.measure.name,
        "label": str(result.measure.label),
        "unit": result.measure.unit,
        "definition": str(result.measure.definition),
        "value": rules.plain(result.value),
        "numerator": rules.plain(result.number.numerator),
        "denominator": result.number.denominator,
        "slices": [
            {
                "key": part.key,
                "name": part.name,
                "value": rules.plain(part.number.value),
                "numerator": rules.plain(part.number.numerator),
                "denominator": part.number.denominator,
            }
            for part in result.slices
        ],
        "rows": rows,
    }


def _digest(result: Result, part: str, *, by: Actor, at: datetime) -> dict[str, Any]:
    """Count the rows of a number and hash their ids in order, so that the same rows are known again."""
    asked = replace(result.query, measures=(result.measure.name,))
    hashed, count = hashlib.sha256(), 0
    found = queries.rows(asked, actor=by, at=at, part=part).order_by("pk").values_list("pk", flat=True)
    for pk in found.iterator(chunk_size=10_000):
        hashed.update(b"%d," % pk)
        count += 1
    return {"count": count, "sha256": hashed.hexdigest()}


@LOOP.verb("publish")
def publish(turn: Turn) -> None:
    """Publish a frozen answer: from now on everybody with figures may open it, and it cannot be taken back."""
    turn.row.published_at, turn.row.published_by = turn.at, f"{turn.by.post} {turn.by.name}".strip()
    turn.note = turn.row.title


@dataclass(frozen=True, slots=True)
class Revision:
    """What a frozen number would be today.

    difference    today's value less the frozen one; None when either has no value
    rows          count and hash of the rows today's total is made of; None for a slice
    same_rows     whether it is made of the very same rows (a number may stay while its rows change)
    """

    measure: str
    label: str
    unit: str
    slice_key: str | None
    slice_name: str
    frozen: rules.Amount | None
    today: rules.Amount | None
    difference: rules.Amount | None
    same_rows: bool | None
    rows: dict[str, Any] | None = None


def revisions(snapshot: FigureSnapshot, *, at: datetime) -> list[Revision]:
    """Ask the question of a snapshot again, with the reach it was frozen with, and list every number beside today's."""
    who = Actor(
        account_id=None,
        kind="system",
        name="",
        post="",
        powers={"figures.see": tuple(Reach(kind, pk, level) for kind, pk, level in snapshot.reaches)},
    )
    asked: dict[str, list[str]] = {}
    for name, value in snapshot.query:
        asked.setdefault(name, []).append(value)
    query = queries.read(asked, today=timezone.localtime(at).date())
    found = []
    for kept, result in zip(snapshot.values, queries.answer(query, actor=who, at=at), strict=True):
        today = _kept(result, by=who, at=at)
        same = kept["rows"] == today["rows"]
        found.append(
            replace(_revision(kept, None, snapshot.territory_name, kept, today, same), rows=today["rows"])
        )
        now = {part["key"]: part for part in today["slices"]}
        then = {part["key"]: part for part in kept["slices"]}
        for key in dict.fromkeys([*then, *now]):
            name = (then.get(key) or now[key])["name"]
            found.append(_revision(kept, key, name, then.get(key, {}), now.get(key, {}), None))
    return found


def _revision(
    kept: dict[str, Any],
    key: str | None,
    name: str,
    then: dict[str, Any],
    now: dict[str, Any],
    same: bool | None,
) -> Revision:
    nothing = 0 if kept["unit"] in ("count", "yuan") else None
    before, today = (rules.exact(side.get("value", nothing), kept["unit"]) for side in (then, now))
    difference = round(today - before, 2) if before is not None and today is not None else None  # type: ignore[operator]
    return Revision(kept["measure"], kept["label"], kept["unit"], key, name, before, today, difference, same)


class NothingChanged(NotAllowedNow):
    """Every number of a published snapshot is what it was last known to be."""

    code = "nothing_changed"


@LOOP.verb("revise")
def revise(turn: Turn) -> None:
    """Ask a published snapshot's question again and record each number that is no longer what it was last known to be.

    The snapshot stays as it was published. What was noticed before is compared with, so nothing is recorded twice.
    """
    snapshot = turn.row
    known: dict[tuple[str, str | None], FigureRevision] = {}
    for revision in FigureRevision.objects.filter(snapshot=snapshot).order_by("id"):
        known[revision.measure, revision.slice_key] = revision
    frozen_rows = {kept["measure"]: kept["rows"] for kept in snapshot.values}
    found = []
    for line in revisions(snapshot, at=turn.at):
        last = known.get((line.measure, line.slice_key))
        before = rules.plain(line.frozen) if last is None else last.new
        today = rules.plain(line.today)
        rows_before = frozen_rows[line.measure] if last is None else last.rows
        other_rows = line.rows is not None and line.rows != rows_before
        if before == today and not other_rows:
            continue
        found.append(
            FigureRevision(
                snapshot=snapshot,
                noticed_at=turn.at,
                measure=line.measure,
                label=line.label,
                unit=line.unit,
                slice_key=line.slice_key,
                slice_name=line.slice_name,
                old=before,
                new=today,
                rows_changed=other_rows,
                rows=line.rows,
            )
        )
    if not found:
        raise NothingChanged(_("全部数字与今天一致，所含记录也相同。"))
    FigureRevision.objects.bulk_create(found)
    turn.note = _("%(count)s个数字与发布时不同") % {"count": len(found)}
    turn.facts = {"changed": [[r.measure, r.slice_key, r.old, r.new] for r in found[:50]]}


def note_revisions(*, snapshot_id: int, at: datetime) -> list[FigureRevision]:
    """Record what has become another number since a snapshot was published, and return it."""
    try:
        snapshot = revise(snapshot_id=snapshot_id, by=SYSTEM, at=at)
    except NotAllowedNow:
        return []
    return list(FigureRevision.objects.filter(snapshot=snapshot, noticed_at=at).order_by("id"))


def note_all_revisions(*, at: datetime) -> int:
    """Record the revisions of every published snapshot; return how many numbers had changed.

    A snapshot that cannot be asked again (a measure that is gone) is logged and does not keep the others from it.
    """
    changed = 0
    for pk in (
        FigureSnapshot.objects.filter(published_at__isnull=False).order_by("id").values_list("pk", flat=True)
    ):
        try:
            changed += len(note_revisions(snapshot_id=pk, at=at))
        except (Refusal, rules.FiguresDoNotAddUp):
            log.exception("snapshot %s cannot be asked again", pk)
    return changed
