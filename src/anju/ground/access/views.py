"""Pages of logins, people and posts, delegations and keys."""

from datetime import timedelta
from math import ceil
from typing import Any

from allauth.usersessions.models import UserSession
from axes.helpers import get_cool_off, get_failure_limit
from axes.models import AccessAttempt
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.ground.foundation.refusals import NotFound

from . import services
from .guards import open_to_all, signed_in


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict | None = None
) -> HttpResponse:
    """Say that a login is locked after too many failures, and until when (axes calls this)."""
    username = services.tried_username(request, credentials)
    now = timezone.now()
    last = AccessAttempt.objects.filter(username=username).order_by("-attempt_time").first()
    until = (last.attempt_time if last else now) + (get_cool_off(request) or timedelta(0))
    context = {
        "username": username,
        "limit": get_failure_limit(request, credentials),
        "minutes": max(1, ceil((until - now).total_seconds() / 60)),
        "until": until,
    }
    return render(request, "access/locked_out.html", context, status=429)


@open_to_all
def forgotten(request: HttpRequest) -> HttpResponse:
    """Say what to do without a password."""
    return render(request, "access/forgotten.html")


@require_POST
@signed_in
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out one of one's own sessions elsewhere."""
    session = UserSession.objects.filter(pk=pk, user=request.user).first()
    if session is None:
        raise NotFound(_("没有找到这次登录，可能已经退出。"))
    session.end()
    messages.success(request, _("已让那台设备退出登录。"))
    return redirect("usersessions_list")


@signed_in
def me(request: HttpRequest) -> HttpResponse:
    """Show one's own posts and powers, and the ways to keep the login safe."""
    return render(request, "access/me.html", _mine(request))


def _mine(request: HttpRequest) -> dict[str, Any]:
    return {"account": request.user}
