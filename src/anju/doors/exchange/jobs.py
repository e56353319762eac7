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

from anju.ground.access.models import Account
from anju.ground.access.services import actor_of
from anju.ground.foundation import jobs
from anju.ground.foundation.jobs import Cancelled
from anju.ground.foundation.refusals import Refusal

from .models import Import
from .queries import export, lists
from .services import imports as services


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


@jobs.task(name="exchange.run_import", queue="long")
def run_import(progress_id: int, import_id: int, dry_run: bool, language: str = "") -> None:
    """Load an uploaded ledger, or say what loading it would do, and keep the result with the import."""
    record = Import.objects.get(pk=import_id)
    account = Account.objects.select_related("person").get(pk=record.owner_id)
    at = timezone.now()
    with jobs.running(progress_id) as report, told_beside(report) as tell, override(language or None):
        try:
            outcome = services.load_ledger(
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
        except Cancelled:
            state = Import.State.UPLOADED if dry_run else Import.State.CANCELLED
            Import.objects.filter(pk=import_id).update(state=state, finished_at=timezone.now())
            raise
        except Refusal as refusal:
            Import.objects.filter(pk=import_id).update(
                state=Import.State.FAILED, message=str(refusal)[:500], finished_at=timezone.now()
            )
            raise
        except Exception:
            Import.objects.filter(pk=import_id).update(
                state=Import.State.FAILED,
                message=_("系统出错，一行也没有导入。请稍后重试，或联系系统管理员。"),
                finished_at=timezone.now(),
            )
            raise
        if dry_run:
            services.write_outcome(record, outcome, state=Import.State.CHECKED, at=at)
        # What is committed stays: a wish to cancel that comes now comes too late.
        with suppress(Cancelled):
            tell(
                outcome.rows, outcome.rows, _("已完成"), {"url": reverse("exchange:import", args=[import_id])}
            )


@jobs.task(name="exchange.export_workbook", queue="long")
def export_workbook(
    progress_id: int, account_id: int, query: str, language: str = "", of: str = "cases"
) -> None:
    """Write the rows of a list into a workbook that its owner can fetch."""
    account = Account.objects.select_related("person").get(pk=account_id)
    at = timezone.now()
    by = actor_of(account, at=at)
    with jobs.running(progress_id) as report, override(language or None):
        chosen = lists.listing(of)
        assert chosen is not None
        found, columns = chosen.rows(by, QueryDict(query), at), chosen.columns()
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
        services.record_export(by=by, at=at, rows=done, form="xlsx", query=query, of=of)
        report(
            done,
            total,
            _("已完成"),
            {
                "url": reverse("exchange:exported", args=[progress_id]),
                "path": services.relative(path),
                "list": of,
            },
        )


@jobs.periodic("20 3 * * *", name="exchange.tidy", queue="long")
def tidy(timestamp: int) -> None:
    """Remove uploads, returned workbooks and exports that nobody has needed for long."""
    services.remove_old_files(at=datetime.fromtimestamp(timestamp, tz=UTC))
