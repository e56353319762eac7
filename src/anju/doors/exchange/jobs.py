"""What the exchange does in the background: dry runs, imports and workbooks of long lists, each with its progress."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from anju.ground.access.actors import SYSTEM
from anju.ground.access.models import Account
from anju.ground.access.services import actor_of
from anju.ground.foundation import jobs
from anju.ground.foundation.acts import Verb
from anju.ground.foundation.jobs import Cancelled
from anju.ground.foundation.refusals import NotAllowedNow, Refusal

from .models import Export, Import
from .queries import export, lists
from .rules import ExportState, ImportState
from .services import exports, imports, loop


@contextmanager
def told_beside(report: Callable[..., None]) -> Iterator[Callable[..., None]]:
    """Give a `report` that writes through a connection of its own, so that progress shows before the commit."""
    if settings.TESTING and connection.in_atomic_block:
        yield report
        return
    with ThreadPoolExecutor(max_workers=1) as helper:

        def beside(*args: Any, **kwargs: Any) -> None:
            helper.submit(report, *args, **kwargs).result()

        try:
            yield beside
        finally:
            # Through a function of its own: the proxy must be asked inside of the helper's thread.
            helper.submit(_close_connection).result()


def _close_connection() -> None:
    connection.close()


@contextmanager
def told_to(failed: Verb, stopped: Verb, **named: Any) -> Iterator[None]:
    """Have what fails or is stopped inside say so on the thing that it is for."""

    def end(verb: Verb, **given: Any) -> None:
        # Another worker, who took this one for dead, may have brought it to its end.
        with suppress(NotAllowedNow):
            verb(by=SYSTEM, at=timezone.now(), **named, **given)

    try:
        yield
    except Cancelled:
        end(stopped)
        raise
    except Refusal as refusal:
        end(failed, message=str(refusal))
        raise
    except Exception:
        end(failed, message=_("系统出错，什么也没有留下。请稍后重试，或联系系统管理员。"))
        raise


@jobs.task(name="exchange.run_import", queue="long")
def run_import(progress_id: int, import_id: int, language: str = "") -> None:
    """Load an uploaded ledger, or say what loading it would do, and keep the result with the import."""
    record = Import.objects.get(pk=import_id)
    at = timezone.now()
    with (
        jobs.running(progress_id) as report,
        told_beside(report) as tell,
        override(language or None),
        told_to(loop.failed, loop.stopped, import_id=import_id),
    ):
        # Taken up again after it had ended, since a worker was killed before it could say so.
        if record.job_id != progress_id or record.state not in (ImportState.CHECKING, ImportState.RUNNING):
            return
        dry_run = record.state == ImportState.CHECKING
        account = Account.objects.select_related("person").get(pk=record.owner_id)
        outcome = imports.load_ledger(
            path=settings.DATA_DIR / record.path,
            kind=record.kind,
            by=actor_of(account, at=at),
            at=at,
            dry_run=dry_run,
            mapping=record.mapping,
            name=record.name,
            record=record,
            progress=lambda done, total, message: tell(done, total, message),
        )
        if dry_run:
            loop.checked(import_id=import_id, outcome=outcome, by=SYSTEM, at=timezone.now())
        # What is committed stays: a wish to cancel that comes now comes too late.
        with suppress(Cancelled):
            url = reverse("exchange:import", args=[import_id])
            tell(outcome.rows, outcome.rows, _("已完成"), {"url": url})


@jobs.task(name="exchange.export_workbook", queue="long")
def export_workbook(progress_id: int, export_id: int, language: str = "") -> None:
    """Write the rows of a list into a workbook that its owner can fetch."""
    made = Export.objects.get(pk=export_id)
    at = timezone.now()
    with (
        jobs.running(progress_id) as report,
        override(language or None),
        told_to(exports.export_failed, exports.export_stopped, export_id=export_id),
    ):
        if made.state != ExportState.WRITING:
            return
        by = actor_of(Account.objects.select_related("person").get(pk=made.owner_id), at=at)
        chosen = lists.listing(made.list)
        assert chosen is not None
        found, columns = chosen.rows(by, QueryDict(made.query), at), chosen.columns(at)
        total = found.count()
        path = export.exports_folder() / f"{secrets.token_hex(16)}.xlsx"
        report(0, total, _("正在写入"))
        done = export.write_xlsx(
            path,
            title=chosen.title,
            headings=[column.heading for column in columns],
            widths=[column.width for column in columns],
            rows=export.rows_of(columns, found),
            report=report,
        )
        exports.exported(export_id=export_id, path=path, rows=done, by=by, at=timezone.now())
        with suppress(Cancelled):
            report(done, total, _("已完成"), {"url": reverse("exchange:exported", args=[export_id])})


@jobs.periodic("20 3 * * *", name="exchange.tidy", queue="long")
def tidy(timestamp: int) -> None:
    """Remove uploads, returned workbooks and exports that nobody has needed for long."""
    imports.remove_old_files(at=datetime.fromtimestamp(timestamp, tz=UTC))
