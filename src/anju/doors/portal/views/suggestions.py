"""Published answers to deputies' suggestions, and the deputy's own page by a code."""

from datetime import datetime

from csp.decorators import csp_exempt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.duties.suggestions import queries, services
from anju.ground.access.actors import PUBLIC
from anju.ground.access.guards import open_to_all
from anju.ground.foundation import devices
from anju.ground.foundation.asked import origin_of, whole
from anju.ground.foundation.guards import writes
from anju.ground.foundation.middleware import told_when
from anju.ground.foundation.refusals import NotFound, Refusal


@require_safe
@open_to_all
def replies(request: HttpRequest) -> HttpResponse:
    """List the published answers, newest first."""
    number = max(1, min(whole(request.GET.get("page")) or 1, 500))
    rows, count = queries.published(page_number=number)
    context = {"rows": rows, "count": count, "number": number, "more": number * 20 < count}
    return render(request, "portal/replies.html", context)


@require_safe
@open_to_all
def reply(request: HttpRequest, reply_id: int) -> HttpResponse:
    """Show one published answer, masked."""
    return render(request, "portal/reply.html", {"r": queries.published_reply(reply_id)})


def _follow(request: HttpRequest, code: str, at: datetime) -> queries.DeputyView:
    return services.follow(code=code, origin=origin_of(request), device=devices.of(request), at=at)


@open_to_all
def deputy_code(request: HttpRequest) -> HttpResponse:
    """Ask a deputy for the code and go to the page of the own suggestion."""
    code = request.GET.get("code", "").strip().upper()
    if code:
        try:
            _follow(request, code, timezone.now())
        except Refusal as refused:
            context = {"code": code, "error": str(refused)}
            response = render(request, "portal/deputy_code.html", context, status=refused.status)
            return told_when(response, refused)
        return redirect("portal:deputy", code)
    return render(request, "portal/deputy_code.html", {"code": "", "error": ""})


@require_safe
@open_to_all
def deputy(request: HttpRequest, code: str) -> HttpResponse:
    """Show a deputy how the own suggestion stands."""
    return _deputy(request, code)


def _deputy(request: HttpRequest, code: str, *, refusal: Refusal | None = None) -> HttpResponse:
    at = timezone.now()
    found = _follow(request, code, at)
    context = {"d": found, "choices": queries.feedback_choices(), "refusal": refusal, "now": at}
    response = render(request, "portal/deputy.html", context, status=refusal.status if refusal else 200)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@csp_exempt()  # type: ignore[arg-type]
@open_to_all
def letter(request: HttpRequest, code: str) -> HttpResponse:
    """Hand the deputy the issued answer."""
    found = _follow(request, code, timezone.now())
    if found.document_id is None:
        raise NotFound(_("答复还没有印发。"))
    response = HttpResponse(queries.letter_of(code), content_type="application/pdf")
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@open_to_all
@writes("suggestions.feedback_by_code")
def feedback(request: HttpRequest, code: str) -> HttpResponse:
    """Take a deputy's feedback."""
    at = timezone.now()
    _follow(request, code, at)
    try:
        services.feedback_by_code(
            code=code,
            value=request.POST.get("value", ""),
            reason=request.POST.get("reason", ""),
            by=PUBLIC,
            at=at,
            key=request.POST.get("request_key", "")[:64],
        )
    except NotFound:
        raise
    except Refusal as refused:
        return _deputy(request, code, refusal=refused)
    return redirect("portal:deputy", code)
