"""How an event of the journal reads on a page: its words, its tone, who did it, its article in full.

An event's words are its step's (`acts.step_of`); only news that is no act of a Loop is registered here:

story.register(rules.EVENT_WORDS, subjects={"cases.case": …})      # in AppConfig.ready of the room
story.told(event)                                                  # a line of ui.timeline, a row of the journal
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from . import acts, clocks
from .citations import cite
from .models import Event

# Given the event and what was said of it so far: what its room says otherwise.
Detail = Callable[[Event, dict[str, Any]], dict[str, Any]]
_words: dict[str, tuple[Any, str]] = {}
_subjects: dict[str, Any] = {}
_details: dict[str, Detail] = {}


def register(
    words: Mapping[str, tuple[Any, str]],
    *,
    subjects: Mapping[str, Any] | None = None,
    details: Mapping[str, Detail] | None = None,
) -> None:
    """Add the words of a room's events (rooms call this in `AppConfig.ready`).

    words     {event name: (lazy words, tone)}; tones: quiet, active, done, warn, danger
    subjects  {label of a model: what such a thing is called}
    details   {first word of the event names: what the room says otherwise, from what the event kept}
    """
    _words.update(words)
    _subjects.update(subjects or {})
    _details.update(details or {})


def words() -> dict[str, tuple[Any, str]]:
    """Return the words and the tone of every event: those of the steps, and those that are registered."""
    steps = {
        loop.event(step.act): (step.word, step.feeling)
        for loop in acts.loops()
        for step in reversed(loop.steps)
    }
    return _words | steps


def word_of(name: str) -> tuple[Any, str]:
    """Return the words and the tone of an event by its name; the bare name for one that nobody has given words."""
    if known := acts.step_of(name):
        _loop, step = known
        return step.word, step.feeling
    return _words.get(name, (name, "quiet"))


def subjects() -> dict[str, Any]:
    """Return what the things are called that events are about, by the label of their model."""
    return dict(_subjects)


def told(event: Event) -> dict[str, Any]:
    """Say one event: {at, title, actor, post, note, basis, tone, name, subject}."""
    title, tone = word_of(event.name)
    thing = _subjects.get(event.subject_type, event.subject_type)
    by = {"public": _("公众"), "system": _("系统")}.get(event.actor_kind, event.actor_name)
    said = {
        "at": event.at,
        "title": str(title),
        "actor": by,
        "post": event.actor_post,
        "note": event.note,
        "basis": cite(event.basis) if event.basis else "",
        "tone": tone,
        "name": event.name,
        "subject": f"{thing} {event.subject_id}" if event.subject_id else "",
    }
    # What the engine does to every kind of thing reads alike in every room.
    if event.name.endswith(".escalate") and "to" in event.data:
        return said | {"title": _("超期升级到 %(to)s") % {"to": event.data["to"] or _("值班员（待指定）")}}
    if event.name.endswith(f".{clocks.ACT}"):
        return said | {"note": clocks.moved_words(event)}
    detail = _details.get(event.name.partition(".")[0])
    return said | detail(event, said) if detail else said
