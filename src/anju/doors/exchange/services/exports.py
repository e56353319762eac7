"""The acts of an export: a list is taken away at once, or a job writes it; either leaves a trace of who took what."""

from pathlib import Path
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.foundation import jobs
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.refusals import NotFound

from ..models import Export, relative
from ..queries import lists
from ..rules import EXPORT_LABELS, EXPORT_STEPS, ExportState


def _told(made: Export) -> dict[str, Any]:
    said: dict[str, Any] = {"list": made.list, "form": made.form, "query": made.query[:500]}
    return said if made.rows is None else said | {"rows": made.rows}


EXPORTS = Loop(
    Export, EXPORT_STEPS, room="exchange", seen=lambda by: Q(owner_id__in=[by.account_id]), labels=EXPORT_LABELS,
    noun=lazy("这次导出"), missing=lazy("没有找到这次导出。"), news=_told,
)  # fmt: skip


@EXPORTS.verb("export")
def export(turn: Turn, *, of: str, form: str, query: str, rows: int | None = None) -> Export:
    """Leave a trace of who takes which list away, as csv or xlsx, at once."""
    return _made(turn, of=of, form=form, query=query, rows=rows, finished_at=turn.at)


@EXPORTS.verb("export_later")
def export_later(turn: Turn, *, of: str, query: str) -> Export:
    """Have a job write a long list into a workbook that its owner can fetch."""
    return _made(turn, of=of, form="xlsx", query=query, state=ExportState.WRITING)


@EXPORTS.effect("start_job")
def start_job(turn: Turn) -> None:
    """Start the job that writes the workbook."""
    job = jobs.start(
        "exchange.export_workbook",
        kind="exchange.export",
        title=_("导出 Excel"),
        owner_id=turn.by.account_id,
        export_id=turn.row.pk,
        language=get_language() or "",
    )
    turn.row.job_id = job.pk
    turn.row.save(update_fields=["job_id"])


def _made(turn: Turn, *, of: str, **columns: Any) -> Export:
    chosen = lists.listing(of)
    if chosen is None or not turn.by.has(chosen.power):
        raise NotFound(_("没有找到这个列表。"))
    return Export.objects.create(owner_id=turn.by.account_id, list=of, created_at=turn.at, **columns)


@EXPORTS.verb("exported")
def exported(turn: Turn, *, path: Path, rows: int) -> None:
    """Hand over the workbook that a job has written."""
    turn.row.path, turn.row.rows, turn.row.finished_at = relative(path), rows, turn.at


@EXPORTS.verb("export_failed")
def export_failed(turn: Turn, *, message: str) -> None:
    """Say why no workbook was written."""
    turn.row.finished_at, turn.note = turn.at, message


@EXPORTS.verb("export_stopped")
def export_stopped(turn: Turn) -> None:
    """Note that the job has stopped as it was asked to."""
    turn.row.finished_at = turn.at
