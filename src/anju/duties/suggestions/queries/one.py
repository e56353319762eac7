"""One suggestion: everything its page shows, and what can be done now."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, clocks, journal, ladder, notices
from anju.ground.foundation.citations import cite
from anju.ground.foundation.models import Clock, Event, Notice
from anju.ground.foundation.refusals import NotFound
from anju.ground.organisations.models import Organisation
from anju.means.documents.models import IssuedDocument

from .. import rules
from ..models import (
    CoHandling,
    Feedback,
    Reply,
    Signatory,
    Suggestion,
)
from ..rules import STEPS
from . import book
from .lists import seen

# Acts with a place of their own on the page: no button among the steps.
_ELSEWHERE = frozenset(
    {"give_opinion", "extend", "hold_talk", "draft_reply", "insert_figure", "deliver", "take_feedback",
     "feedback_by_code", "publish", "choose_publication", "reveal_phone"}
)  # fmt: skip
# Offices that can be asked to handle a suggestion stand at city or county level.
_NOT_ASKED = ("property_company", "community_office", "duty_office")


@dataclass(frozen=True, slots=True)
class Button:
    """One act possible in this state, and for whom."""

    act: str
    label: str
    tone: str
    note_required: bool
    allowed: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """One suggestion with everything its page shows."""

    suggestion: Suggestion
    signatories: list[Signatory]
    clocks: list[Clock]
    derivations: dict[int, list[str]]
    co_handlings: list[CoHandling]
    talks: list[Any]
    replies: list[Reply]
    feedback: list[Feedback]
    events: list[Event]
    buttons: list[Button]
    notices: list[tuple[Notice, str]]  # each with the name of its office
    rung: int  # of the ladder to which it has climbed
    documents: list[IssuedDocument] = field(default_factory=list)


def get(actor: Actor, suggestion_id: int) -> Suggestion:
    """Return a suggestion the actor may see, or raise NotFound."""
    found = seen(actor).filter(pk=suggestion_id).select_related("lead", "registrar__area", "desk", "file")
    suggestion = next(iter(found), None)
    if suggestion is None:
        raise NotFound(_("没有找到这件建议，可能编号有误，或不由您的单位办理。"))
    return suggestion


def dossier(actor: Actor, suggestion_id: int, *, at: datetime) -> Dossier:
    """Return everything the page of one suggestion shows, or raise NotFound."""
    suggestion = get(actor, suggestion_id)
    running, days = list(suggestion.clocks), calendar.current()
    talks = list(suggestion.talks.select_related("signatory__deputy"))
    replies = list(suggestion.replies.select_related("document").order_by("round"))
    return Dossier(
        suggestion=suggestion,
        signatories=list(suggestion.signatories.select_related("deputy")),
        clocks=running,
        derivations={c.pk: clocks.derivation(c, days) for c in running},
        co_handlings=list(
            suggestion.co_handlings.filter(dropped_at__isnull=True).select_related("organisation", "file")
        ),
        talks=talks,
        replies=replies,
        feedback=list(
            Feedback.objects.filter(reply__suggestion=suggestion)
            .select_related("reply", "signatory__deputy")
            .order_by("reply__round", "signatory__place")
        ),
        events=journal.events_of(suggestion, *talks),
        buttons=buttons(actor, suggestion),
        notices=_notices(suggestion),
        rung=ladder.rung_of(suggestion, at),
    )


def _notices(suggestion: Suggestion) -> list[tuple[Notice, str]]:
    found = list(notices.about(suggestion))
    offices = Organisation.objects.in_bulk({one.organisation_id for one in found} - {None})
    return [(one, offices[one.organisation_id].name if one.organisation_id else "") for one in found]


def buttons(actor: Actor, suggestion: Suggestion) -> list[Button]:
    """List the steps of this state that the actor holds the power for, and why one cannot be taken, if so."""
    found = []
    for step in STEPS:
        if (
            not step.possible(suggestion.state)
            or not step.pressed
            or step.act in _ELSEWHERE
            or not actor.has(step.power)
        ):
            continue
        office = suggestion.registrar_id if step.act == "close" else suggestion.desk_id
        why_not = ""
        if office not in actor.organisation_ids:
            why_not = _("由“%(desk)s”办理。") % {
                "desk": suggestion.desk.name if suggestion.desk else _("待定单位")
            }
        found.append(
            Button(
                step.act,
                str(step.label),
                step.tone,
                any(f.name == "note" and f.required for f in step.asks),
                not why_not,
                why_not,
            )
        )
    return found


def offices_for(suggestion: Suggestion) -> list[Organisation]:
    """List the offices that may lead or co-handle: those of the city and its counties where it was registered."""
    area = suggestion.registrar.area
    if area is None:
        return [suggestion.registrar]
    city = area.at_level(2)
    found = (
        Organisation.objects.filter(active=True, area__level__in=(2, 3))
        .filter(Q(area=city) | Q(area__city=city))
        .exclude(kind__in=_NOT_ASKED)
        .select_related("area")
        .order_by("area__level", "area__path", "kind", "name")
    )
    return list(found)


def doubts_before_signature(suggestion: Suggestion) -> list[tuple[str, str]]:
    """List what is usually done before an answer is signed and has not been done here."""
    found = []
    talked = suggestion.talks.values_list("signatory", flat=True)
    silent = suggestion.signatories.exclude(pk__in=talked).select_related("deputy")
    if names := [s.deputy.name for s in silent]:
        said = _("还没有登记与%(names)s代表的走访或面商。") % {"names": _("、").join(names)}
        found.append(("no_talk", said))
    waiting = suggestion.co_handlings.filter(submitted_at__isnull=True, dropped_at__isnull=True)
    if offices := list(waiting.values_list("organisation__name", flat=True)):
        said = _("%(names)s的协办意见还没有提交。") % {"names": _("、").join(offices)}
        found.append(("opinion_out", said))
    return found


def reply_of(suggestion: Suggestion) -> Reply | None:
    """Return the answer of the present round, if it was begun."""
    return suggestion.replies.filter(round=suggestion.round).select_related("document").first()


def feedback_choices() -> list[dict[str, str]]:
    """List the three answers a deputy may give."""
    return [{"value": key, "label": str(label)} for key, label in rules.FEEDBACK_LABELS.items()]


def clock_rules(*, at: datetime) -> list[dict[str, str]]:
    """List the terms in force, for the help beside the list: [{label, article}]."""
    found = []
    for key, label in rules.CLOCK_LABELS.items():
        rule = book.clock(key, at=at)
        found.append({"label": str(label), "term": _term(rule), "basis": cite(rule.term.basis)})
    return found


def _term(rule: clocks.Rule) -> str:
    return calendar.say_term(rule.term)
