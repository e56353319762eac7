"""Every view says who may enter. A structure test walks the URL table and refuses a view that says nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from . import acts
from .refusals import NotFound

View = Callable[..., HttpResponse]
# Asked before every page of somebody signed in: the URL name of a page to go to first, or None.
_first: list[Callable[[HttpRequest], str | None]] = []


def ask_first(question: Callable[[HttpRequest], str | None]) -> None:
    """Let access name the page to which somebody must go before all others (a password of one's own …)."""
    if question not in _first:
        _first.append(question)


def open_to_all(view: View) -> View:
    """Mark a page that anybody may open."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs)

    opened.anju_power = "public"  # type: ignore[attr-defined]
    return opened


def signed_in(view: View, *, always: bool = False) -> View:
    """Let in anybody who is signed in; others are asked to sign in first.

    always  the page is one by which a first password is changed or a second factor set up: those who must do so
            first are let in, too
    """
    return _guard(view, "signed_in", lambda actor: True, always)


def power(name: str, *alternatives: str) -> Callable[[View], View]:
    """Let in holders of a power (or of one of the alternatives); to other staff the page does not exist."""

    def decorate(view: View) -> View:
        powers = (name, *alternatives)
        guarded = _guard(view, name, lambda actor: any(actor.has(one) for one in powers))
        guarded.anju_powers = powers  # type: ignore[attr-defined]
        return guarded

    return decorate


def admits(actor: Any, address: str) -> bool:
    """Say whether the page of an address lets an actor in; what stands on it is the page's own to judge."""
    try:
        powers = getattr(resolve(address.split("?")[0].split("#")[0]).func, "anju_powers", ())
    except Resolver404:
        return False
    return not powers or any(actor.has(one) for one in powers)


def writes(*verbs: str) -> Callable[[View], View]:
    """Say which verbs a page runs when something is sent to it ("orders.serve" …); it can run no other.

    Put it nearest to the function. A structure test refuses an address that takes what is sent and says nothing.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def writing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            with acts.declared(verbs):
                return view(request, *args, **kwargs)

        writing.anju_writes = verbs  # type: ignore[attr-defined]
        return writing

    return decorate


def _guard(view: View, name: str, admits: Callable[[Any], bool], always: bool = False) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not always:
            for question in _first:
                if page := question(request):
                    return redirect(page)
        if not admits(request.actor):  # type: ignore[attr-defined]
            raise NotFound(_("没有找到这个页面。"))
        return view(request, *args, **kwargs)

    guarded.anju_power = name  # type: ignore[attr-defined]
    return guarded
