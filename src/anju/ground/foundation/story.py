"""The story of a thing: its events in words. An event's word is its step's; news that is no act is told by its room."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from . import acts
from .models import Event

Told = tuple[object, str]
_words: dict[str, Told] = {}


def words(told: dict[str, Told]) -> None:
    """Give words and mood for events that are no step of a Loop: {"cases.noted": (words, mood)}."""
    for name, word in told.items():
        if _words.setdefault(name, word) != word:
            raise RuntimeError(f"{name} has words already")


def word_of(name: str) -> Told | None:
    """Return the words and the mood of an event's name, or None when nobody has given any."""
    if known := acts.step_of(name):
        _loop, step = known
        return step.word, step.feeling
    return _words.get(name)


def told(events: Iterable[Event], *, mark: Callable[[Event], str] | None = None) -> list[dict[str, Any]]:
    """Tell events as `ui.timeline` shows them.

    mark  what is said behind the word of an event (超期 …), "" for nothing
    """
    return [_told(event, mark) for event in events]


def _told(event: Event, mark: Callable[[Event], str] | None) -> dict[str, Any]:
    word, mood = word_of(event.name) or (_("系统记录"), "quiet")
    at: datetime = event.at
    return {
        "at": at,
        "title": f"{word}{mark(event) if mark is not None else ''}",
        "actor": _("系统") if event.actor_kind == "system" else event.actor_name,
        "post": event.actor_post,
        "note": event.note,
        "tone": mood,
        "event": event,
    }
