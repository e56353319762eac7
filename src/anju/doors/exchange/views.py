"""Pages for ledgers: bring one, say what its columns mean, see what would happen, load it; and lists to take away."""

import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms
from anju.ground.foundation.models import JobProgress
from anju.ground.foundation.refusals import NotFound, Refusal

from .models import Export, Import
from .queries import export, lists, recognising
from .rules import ExportState, ImportState
from .services import exports, imports, loop

PAGE = 20
SHOWN_ERRORS = 50
# So many rows are written while one waits; more are written in the background.
XLSX_AT_ONCE = 2_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@power("exchange.import")
@writes("exchange.file")
def home(request: HttpRequest) -> HttpResponse:
    """Show one's imports and take another file."""
    actor = request.actor  # type: ignore[attr-defined]
    kind, error = "inspections" if loop.may_import(actor, "inspections") else "hazards", ""
    if request.method == "POST":
        kind, file, key = request.POST.get("kind", ""), request.FILES.get("file"), act_forms.key_of(request)
        try:
            record = imports.upload(file=file, kind=kind, by=actor, at=timezone.now(), key=key)
            return redirect("exchange:import", record.pk)
        except Refusal as refusal:
            error = str(refusal)
    mine = Import.objects.filter(owner_id=actor.account_id).order_by("-created_at", "-pk")
    page = Paginator(mine.defer("errors", "mapping", "notes"), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "kinds": _kinds(actor),
        "kind": kind,
        "error": error,
        "tones": loop.IMPORTS.moods,
    }
    return render(request, "exchange/home.html", context, status=422 if error else 200)


def _kinds(actor: Any) -> list[dict[str, str]]:
    hints = {
        "inspections": _("派出所每月的工作簿：单位、检查、隐患、文书、处罚，几张表都行"),
        "units": _("被检查单位、九小场所底册"),
        "visits": _("日常检查、联合检查登记表"),
        "findings": _("检查发现的隐患，按检查编号对应"),
        "orders": _("责令立即改正、限期改正通知书登记表"),
        "fines": _("行政处罚决定、罚款缴纳登记表"),
        "hazards": _("派出所、街道的隐患排查表"),
        "complaints": _("12345、来电来访登记表"),
        "estates": _("小区基本情况表"),
        "companies": _("物业企业名录"),
    }
    return [
        {"value": k.value, "label": str(k.label), "hint": hints[k.value]}
        for k in Import.Kind
        if loop.may_import(actor, k.value)
    ]


@require_GET
@power("exchange.import")
def one(request: HttpRequest, import_id: int) -> HttpResponse:
    """Show an import at whatever stage it is."""
    record = loop.own(import_id, by=request.actor)  # type: ignore[attr-defined]
    return _page(request, record)


def _page(
    request: HttpRequest,
    record: Import,
    *,
    refusal: Refusal | None = None,
    mapping: dict[str, str] | None = None,
) -> HttpResponse:
    at, counts = timezone.now(), record.counts.get("kinds", {})
    context: dict[str, Any] = {
        "record": record,
        "refusal": str(refusal or ""),
        "tone": loop.IMPORTS.moods[record.state],
        "acts": {one.act: one for one in loop.IMPORTS.possible(record, by=request.actor, at=at)},  # type: ignore[attr-defined]
        "job": JobProgress.objects.filter(pk=record.job_id).first() if record.job_id else None,
        "errors": record.errors[:SHOWN_ERRORS],
        "more": max(0, len(record.errors) - SHOWN_ERRORS),
        "stages": _stages(record),
        "parts": [
            {"label": str(kind.label), **counts[kind.value]} for kind in Import.Kind if kind.value in counts
        ],
        "units": record.counts.get("units"),
    }
    if record.state in (ImportState.UPLOADED, ImportState.FAILED) and record.path:
        try:
            looks = _looked(record, record.mapping if mapping is None else mapping)
            context["sheets"] = _sheets(looks, by_sheet=record.kind == "inspections")
        except Refusal as unreadable:
            context["refusal"] = str(refusal or unreadable)
    return render(request, "exchange/import.html", context, status=refusal.status if refusal else 200)


def _looked(record: Import, mapping: dict[str, str]) -> list[recognising.Look]:
    path, today = settings.DATA_DIR / record.path, timezone.localdate()
    return recognising.look(path, kind=record.kind, on=today, mapping=mapping)


def _stages(record: Import) -> list[dict[str, str]]:
    at = {
        ImportState.CHECKING: 2,
        ImportState.CHECKED: 2,
        ImportState.RUNNING: 3,
        ImportState.DONE: 4,
    }.get(record.state, 1)
    labels = [_("选择文件"), _("核对列"), _("试运行"), _("导入")]
    return [
        {"label": label, "state": "done" if n < at else "now" if n == at else "later", "at": ""}
        for n, label in enumerate(labels)
    ]


def _options(kind: Any) -> list[tuple[str, str]]:
    return [(c.field, recognising.shown(c)) for c in kind.columns.values()]


def _sheets(looks: list[recognising.Look], *, by_sheet: bool) -> list[dict[str, Any]]:
    """Return what the page draws: for each sheet its columns with the meaning found and some values.

    by_sheet  one heading may mean different things on different sheets (检查编号), so each is asked with its sheet
    """
    drawn = []
    for seen in looks:
        meanings = {position: field for field, position in seen.header.fields.items()}
        drawn.append(
            {
                "name": seen.name,
                "kind": recognising.shown(seen.kind),
                "row": seen.header.last + 1,
                "options": _options(seen.kind),
                "lacking": [
                    _("或").join(recognising.shown(seen.kind.columns[f]) for f in group)
                    for group in seen.lacking
                ],
                "columns": [
                    {
                        "heading": heading,
                        "key": f"{seen.name}!{heading}" if by_sheet else heading,
                        "field": meanings.get(position, ""),
                        "asked": position in seen.header.asked,
                        "samples": seen.samples.get(position, []),
                    }
                    for position, heading in sorted(seen.header.labels.items())
                    if position not in seen.header.passed_over
                ],
            }
        )
    return drawn


@require_GET
@power("exchange.import")
def bar(request: HttpRequest, import_id: int) -> HttpResponse:
    """Give the progress bar alone; when the job has ended, the page is asked for anew."""
    record = loop.own(import_id, by=request.actor)  # type: ignore[attr-defined]
    job = JobProgress.objects.filter(pk=record.job_id).first()
    if job is None:
        raise NotFound(_("没有找到这个任务。"))
    response = render(request, "exchange/bar.html", {"record": record, "job": job})
    if job.state not in (JobProgress.State.WAITING, JobProgress.State.RUNNING):
        response["HX-Refresh"] = "true"
    return response


@require_POST
@power("exchange.import")
@writes("exchange.check")
def check(request: HttpRequest, import_id: int) -> HttpResponse:
    """Take the meanings of the columns and begin a dry run."""
    record = loop.own(import_id, by=request.actor)  # type: ignore[attr-defined]
    mapping = {
        key.removeprefix("m:"): str(value) for key, value in request.POST.items() if key.startswith("m:")
    }
    try:
        if all(seen.lacking for seen in _looked(record, mapping)):
            raise Refusal(_("还缺少必需的列，请为它选择对应的列。"))
    except Refusal as refusal:
        return _page(request, record, refusal=refusal, mapping=mapping)
    return _pressed(request, "check", import_id, mapping=mapping)


@require_POST
@power("exchange.import")
@writes("exchange.run")
def run(request: HttpRequest, import_id: int) -> HttpResponse:
    """Begin the import itself, after a dry run."""
    return _pressed(request, "run", import_id)


@require_POST
@power("exchange.import")
@writes("exchange.cancel")
def cancel(request: HttpRequest, import_id: int) -> HttpResponse:
    """Stop an import; nothing of it is loaded."""
    return _pressed(request, "cancel", import_id)


def _pressed(request: HttpRequest, act: str, import_id: int, **given: Any) -> HttpResponse:
    """Do an act on an import; what is refused stands above the import as it is, with what was chosen."""
    try:
        act_forms.press(request, loop.IMPORTS, act, import_id, **given)
    except NotFound:
        raise
    except Refusal as refusal:
        record = loop.own(import_id, by=request.actor)  # type: ignore[attr-defined]
        return _page(request, record, refusal=refusal, mapping=given.get("mapping"))
    return redirect("exchange:import", import_id)


@require_GET
@power("exchange.import")
def returned(request: HttpRequest, import_id: int) -> HttpResponse:
    """Hand out the workbook of returned rows to its owner."""
    record = loop.own(import_id, by=request.actor)  # type: ignore[attr-defined]
    path = settings.DATA_DIR / record.returned if record.returned else None
    if path is None or not path.exists():
        raise NotFound(_("没有退回的工作簿。"))
    return _download(path, _("退回-%(name)s.xlsx") % {"name": Path(record.name).stem})


def _download(path: Path, name: str) -> HttpResponse:
    response: Any = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type=XLSX)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


# --- Out --------------------------------------------------------------------------------------------------------


@power("cases.export")
@writes("exchange.export", "exchange.export_later")
def export_cases(request: HttpRequest) -> HttpResponse:
    """Take away the list of cases with its filters: CSV at once, a workbook at once when short, else by a job."""
    return export_list(request, "cases")


@power("cases.export")
@writes("exchange.export", "exchange.export_later")
def export_list(request: HttpRequest, kind: str) -> HttpResponse:
    """Take away a list (visits, findings, orders, fines, cases) with the filters of its page."""
    actor = request.actor  # type: ignore[attr-defined]
    chosen = lists.listing(kind)
    if chosen is None or not actor.has(chosen.power):
        raise NotFound(_("没有找到这个列表。"))
    at, query, key = timezone.now(), request.GET.copy(), act_forms.key_of(request)
    form = query.pop("format", ["csv"])[-1]
    asked: dict[str, Any] = {"of": chosen.key, "query": query.urlencode(), "by": actor, "at": at}
    found, columns = chosen.rows(actor, query, at), chosen.columns(at)
    stamp = f"{timezone.localtime(at):%Y%m%d-%H%M}"
    if form != "xlsx":
        exports.export(form="csv", **asked)
        response: Any = StreamingHttpResponse(
            export.stream_csv(columns, found), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="{chosen.key}-{stamp}.csv"'
        response["Cache-Control"] = "private, no-store"
        return response
    if request.method == "POST":
        return redirect("console:job", exports.export_later(**asked, key=key).job_id)
    total = found[: XLSX_AT_ONCE + 1].count()
    if total > XLSX_AT_ONCE:
        total = found.count()
        minutes = max(1, round(total / 2500 / 60))
        context = {"total": total, "minutes": minutes, "query": asked["query"], "list": chosen}
        return render(request, "exchange/export.html", context)
    path = export.exports_folder() / f"{secrets.token_hex(16)}.xlsx"
    done = export.write_xlsx(
        path,
        title=chosen.title,
        headings=[column.heading for column in columns],
        widths=[column.width for column in columns],
        rows=export.rows_of(columns, found),
    )
    exports.export(form="xlsx", rows=done, **asked)
    response = _download(path, f"{chosen.key}-{stamp}.xlsx")
    # The open file goes on until it is sent; its name is needed no longer.
    path.unlink()
    return response


@require_GET
@power("cases.export")
def exported(request: HttpRequest, export_id: int) -> HttpResponse:
    """Hand out a workbook that a job has written, to whoever asked for it."""
    mine = Export.objects.filter(exports.EXPORTS.condition(request.actor))  # type: ignore[attr-defined]
    made = mine.filter(pk=export_id, state=ExportState.DONE).exclude(path="").first()
    path = settings.DATA_DIR / made.path if made else None
    if path is None or not path.exists():
        raise NotFound(_("没有找到这个文件，可能已过期。请重新导出。"))
    assert made is not None
    return _download(path, f"{made.list}-{timezone.localtime(made.created_at):%Y%m%d-%H%M}.xlsx")
