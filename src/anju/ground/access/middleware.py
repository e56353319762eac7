"""Put the actor on the request, once, lazily: pages that need none ask the database nothing."""

from collections.abc import Callable
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from anju.ground.foundation.asked import address_of

from .actors import PUBLIC, Actor
from .services import actor_of


class ActorMiddleware:
    """Give every request `request.actor`: the signed-in account's Actor, or PUBLIC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _resolve(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _resolve(request: HttpRequest) -> Actor:
    user = request.user
    if not user.is_authenticated:
        return PUBLIC
    return replace(actor_of(user, at=timezone.now()), address=address_of(request))  # type: ignore[arg-type]
