"""API v1: mounts the verbs, authenticates, shapes errors. No rules here.

Authentication: `Authorization: Bearer KEY` (a key acts as its account) or the browser's session with CSRF.
Every write takes an `Idempotency-Key` header of up to 64 characters; the same key again returns the same answer.
Errors: {"code", "message", "field", "data"}.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, File, Header, NinjaAPI, Query, Schema, Status, UploadedFile
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyCookie, HttpBearer

from anju.duties.cases import queries, rules, services
from anju.duties.cases.models import Case
from anju.duties.cases.queries import catalogue
from anju.ground.access.actors import Actor
from anju.ground.access.guards import writes
from anju.ground.access.services import actor_of_key, require_power, to_do_first
from anju.ground.foundation.asked import address_of
from anju.ground.foundation.middleware import refusal_of, told_when
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.territory.models import Area, Estate


class KeyAuth(HttpBearer):
    """A machine's key."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        found = actor_of_key(token, at=timezone.now())
        if found is None:
            return None
        actor = replace(found[0], address=address_of(request))
        request.actor = actor  # type: ignore[attr-defined]
        return actor


class SessionAuth(APIKeyCookie):
    """The browser's session, with its CSRF token."""

    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        # Who must first change a password or set up a second factor gets no further here than on the pages.
        if not request.user.is_authenticated or to_do_first(request):
            return None
        return request.actor  # type: ignore[attr-defined]


api = NinjaAPI(
    title="Anju", version="1", auth=[KeyAuth(), SessionAuth()], urls_namespace="api", docs_url=None
)
api.anju_power = "api"  # type: ignore[attr-defined]


@api.exception_handler(Refusal)
def refused(request: HttpRequest, error: Refusal) -> HttpResponse:
    body = {"code": error.code, "message": str(error), "field": error.field, "data": error.data}
    response = JsonResponse(body, status=error.status, json_dumps_params={"ensure_ascii": False})
    return told_when(response, error)


@api.exception_handler(DataError)
@api.exception_handler(UnicodeEncodeError)
def unsavable(request: HttpRequest, error: Exception) -> HttpResponse:
    if refusal := refusal_of(error):
        return refused(request, refusal)
    raise error


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    body: dict[str, Any] = {
        "code": "unreadable",
        "message": _("请求的内容读不懂，请核对格式。"),
        "field": None,
        "data": {},
    }
    return JsonResponse(body, status=error.status_code, json_dumps_params={"ensure_ascii": False})


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0] if error.errors else {}
    where = ".".join(str(part) for part in first.get("loc", ())[1:])
    body: dict[str, Any] = {
        "code": "invalid",
        "message": _("“%(field)s”不符合要求：%(why)s") % {"field": where, "why": first.get("msg", "")},
        "field": where,
        "data": {},
    }
    return JsonResponse(body, status=422, json_dumps_params={"ensure_ascii": False})


@api.exception_handler(AuthenticationError)
def unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    body: dict[str, Any] = {
        "code": "unauthenticated",
        "message": _("请先登录，或提供有效的密钥。"),
        "field": None,
        "data": {},
    }
    return JsonResponse(body, status=401, json_dumps_params={"ensure_ascii": False})


_STEPS = tuple(f"cases.{act}" for act in sorted(rules.OFFERED))


class ReportIn(Schema):
    kind: str = "hazard"
    class_code: str
    text: str
    estate_id: int | None = None
    area_id: int | None = None
    place: str = ""
    longitude: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False)
    latitude: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    reporter_name: str = ""
    reporter_phone: str = ""
    on_behalf: bool = False


class StepIn(Schema):
    act: str
    note: str = ""
    handler_id: int | None = None
    about_photos: str = ""
    insist: bool = False


class CaseOut(Schema):
    id: int
    number: str
    kind: str
    class_code: str
    severity: str
    state: str
    text: str
    place: str
    estate_id: int | None
    handler_id: int | None
    desk_id: int | None
    reported_at: datetime
    due_at: datetime | None
    due_clock: str
    closed_at: datetime | None
    allowed: list[str]


class CasePage(Schema):
    count: int
    more: bool
    cases: list[CaseOut]


def _out(case: Case, actor: Actor) -> dict[str, Any]:
    return {
        "id": case.pk,
        "number": case.number,
        "kind": case.kind,
        "class_code": case.class_code,
        "severity": case.severity,
        "state": case.state,
        "text": case.text,
        "place": case.place,
        "estate_id": case.estate_id,
        "handler_id": case.handler_id,
        "desk_id": case.desk_id,
        "reported_at": case.reported_at,
        "due_at": case.due_at,
        "due_clock": case.due_clock,
        "closed_at": case.closed_at,
        "allowed": [step.act for step in queries.next_steps(actor, case, on=timezone.localdate())],
    }


def _key(value: str) -> str:
    value = value.strip()
    if not value or len(value) > 64:
        raise Refusal(
            _("请在 Idempotency-Key 请求头中提供 1 至 64 个字符的请求编号。"),
            field="Idempotency-Key",
            code="no_key",
        )
    return value


@api.post("/cases", response={201: CaseOut}, summary="Report a hazard or a complaint")
@writes("cases.report")
def report_case(request: HttpRequest, body: ReportIn, idempotency_key: str = Header("")) -> Any:
    actor: Actor = request.auth  # type: ignore[attr-defined]
    require_power(actor, "cases.report")
    estate = (
        Estate.objects.select_related("area").filter(pk=body.estate_id).first() if body.estate_id else None
    )
    area = Area.objects.filter(pk=body.area_id).first() if body.area_id else None
    if (body.estate_id and estate is None) or (body.area_id and area is None):
        raise NotFound(_("没有找到这个小区，请在本辖区内选择。"), field="estate_id")
    reporter = None
    if body.on_behalf or body.reporter_phone or body.reporter_name:
        reporter = services.Reporter(name=body.reporter_name, phone=body.reporter_phone)
    case = services.report(
        kind=body.kind,
        class_code=body.class_code,
        text=body.text,
        by=actor,
        at=timezone.now(),
        channel="api",
        estate=estate,
        area=area,
        place=body.place,
        longitude=body.longitude,
        latitude=body.latitude,
        reporter=reporter,
        key=_key(idempotency_key),
    )
    return Status(201, _out(case, actor))


@api.post("/cases/{case_id}/steps", response=CaseOut, summary="Take one step on a case")
@writes(*_STEPS)
def take_step(request: HttpRequest, case_id: int, body: StepIn, idempotency_key: str = Header("")) -> Any:
    return _step(request, case_id, body, idempotency_key, [])


@api.post("/cases/{case_id}/steps/{act}", response=CaseOut, summary="Take one step with photos (multipart)")
@writes(*_STEPS)
def take_step_with_files(
    request: HttpRequest,
    case_id: int,
    act: str,
    note: str = "",
    insist: bool = False,
    files: list[UploadedFile] = File([]),  # noqa: B008
    idempotency_key: str = Header(""),
) -> Any:
    about = request.POST.get("about_photos", "")
    body = StepIn(act=act, note=note or request.POST.get("note", ""), about_photos=about, insist=insist)
    return _step(request, case_id, body, idempotency_key, files)


def _step(
    request: HttpRequest, case_id: int, body: StepIn, key: str, files: list[UploadedFile]
) -> dict[str, Any]:
    actor: Actor = request.auth  # type: ignore[attr-defined]
    case = services.take_step(
        case_id=case_id,
        act=body.act,
        by=actor,
        at=timezone.now(),
        note=body.note,
        handler_id=body.handler_id,
        insist=body.insist,
        about_photos=body.about_photos,
        uploads=[services.Upload(f) for f in files],
        key=_key(key),
    )
    return _out(case, actor)


@api.get("/cases", response=CasePage, summary="List cases with filters")
def list_cases(
    request: HttpRequest, page: int = Query(1, ge=1, le=200), size: int = Query(50, ge=1, le=200)
) -> Any:
    at = timezone.now()
    filters = queries.filters_from(request.GET)
    found = queries.page(request.auth, filters, at=at, number=page, size=size, with_parts=False)  # type: ignore[attr-defined]
    return {
        "count": found.count,
        "more": found.more,
        "cases": [_out(case, request.auth) for case in found.rows],  # type: ignore[attr-defined]
    }


@api.get("/cases/{case_id}", response=CaseOut, summary="One case")
def one_case(request: HttpRequest, case_id: int) -> Any:
    return _out(queries.get(request.auth, case_id), request.auth)  # type: ignore[attr-defined]


@api.get("/classes/{kind}", summary="The classes of a kind in force today")
def list_classes(request: HttpRequest, kind: str) -> Any:
    if kind not in rules.KIND_LABELS:
        raise NotFound(_("没有这一类事项。"))
    today: date = timezone.localdate()
    return [
        {"code": c.code, "name": c.name, "name_en": c.name_en, "severity": c.severity, "path": c.path}
        for c in catalogue.classes(kind, on=today).values()
    ]
