"""Turn a Refusal into an answer a person can act on: a sentence on the page, or JSON for a machine."""

from collections.abc import Callable

from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from . import devices
from .memory import MEGABYTE
from .refusals import NotFound, Refusal


class BodyLimitMiddleware:
    """Refuse a request whose body is larger than any form of ours, before anything reads it to the disk."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = request.META.get("CONTENT_LENGTH") or "0"
        # Files go to the disk as they come; everything else is taken into memory whole, and unfolds there.
        with_files = request.META.get("CONTENT_TYPE", "").startswith("multipart/form-data")
        most = settings.MAX_BODY_MB * MEGABYTE
        if not with_files:
            most = min(most, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if not told.isdecimal() or len(told) > 12 or int(told) > most:
            sentence = (
                _("提交的内容超过了 %(n)s MB，请减少或压缩照片、文件后再提交。")
                if with_files
                else _("提交的内容超过了 %(n)s MB，请分几次提交。")
            )
            return HttpResponse(
                sentence % {"n": most // MEGABYTE}, status=413, content_type="text/plain; charset=utf-8"
            )
        return self.get_response(request)


class DeviceMiddleware:
    """Give a visitor's device its cookie where a page has asked which device it is; no other page sets one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        devices.keep(request, response)
        return response


class RefusalMiddleware:
    """Show a Refusal that no view has caught; the transaction it left has already been rolled back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        refusal = exception if isinstance(exception, Refusal) else refusal_of(exception)
        return refusal_response(request, refusal) if refusal else None


def refusal_of(exception: Exception) -> Refusal | None:
    """Say in a sentence what the database or the encoding would not take of a person's words, else None."""
    if isinstance(exception, UnicodeEncodeError) or (
        isinstance(exception, DataError) and "NUL" in str(exception)
    ):
        # A zero byte or half a character in an address or a form: no browser types one.
        return Refusal(_("内容里有无法保存的字符，请删除后再试。"), code="zero_byte")
    if isinstance(exception, DataError) and "too long" in str(exception):
        return Refusal(_("有一处文字太长，请缩短后再提交。"), code="too_long")
    return None


def refusal_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Answer with the refusal's sentence: JSON when asked for, an htmx fragment, or a whole page."""
    return told_when(_shown(request, refusal), refusal)


def told_when(response: HttpResponse, refusal: Refusal) -> HttpResponse:
    """Say in the answer's head, too, after how many seconds it is worth coming again, where the refusal knows it."""
    if (seconds := refusal.data.get("retry_after")) is not None:
        response["Retry-After"] = str(seconds)
    return response


def _shown(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if "application/json" in request.headers.get("accept", ""):
        return JsonResponse(
            {"code": refusal.code, "message": str(refusal), "field": refusal.field, "data": refusal.data},
            status=refusal.status,
            json_dumps_params={"ensure_ascii": False},
        )
    if isinstance(refusal, NotFound):
        return render(request, "ui/not_found.html", {"refusal": refusal}, status=404)
    template = "ui/refusal_fragment.html" if request.headers.get("hx-request") else "ui/refusal.html"
    return render(request, template, {"refusal": refusal}, status=refusal.status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a page that does not exist, in the same words as for one that may not be seen."""
    return render(request, "ui/not_found.html", {"refusal": None}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a bug: say that nothing was saved and how to go on."""
    return render(request, "ui/error.html", status=500)
