"""What the pages of the room show: lists, one suggestion whole, the deputy's own page, what is published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import calendar, files, journal
from anju.ground.foundation.asked import whole
from anju.ground.foundation.citations import cite
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotFound
from anju.ground.organisations.models import Organisation
from anju.means.documents.models import IssuedDocument

from . import book, clocks, rules
from .models import (
    CoHandling,
    Feedback,
    Reply,
    Signatory,
    Suggestion,
    SuggestionClock,
    SuggestionNotice,
    YearlyReport,
)
from .rules import STEPS, State

PAGE = 40
# Offices that can be asked to handle a suggestion stand at city or county level.
_NOT_ASKED = ("property_company", "community_office", "duty_office")
YEARLY = (
    "suggestions_assigned",
    "suggestions_answered",
    "suggestions_on_time",
    "suggestions_satisfied",
    "suggestions_unanswered",
)


# --- lists ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed by.

    tab  lead | co | desk | due | all
    """

    tab: str = "all"
    state: str = ""
    result: str = ""
    text: str = ""


def filters_from(given: Mapping[str, str], *, default: str = "all") -> Filters:
    """Read the filters of an address; what is not understood is left out."""
    tab, state = given.get("tab", default), given.get("state", "")
    return Filters(
        tab=tab if tab in TABS else default,
        state=state if state in rules.STATE_LABELS else "",
        result=given.get("result", "")[:4],
        text=given.get("q", "").strip()[:40],
    )


TABS = ("desk", "lead", "co", "due", "all")


def seen(actor: Actor) -> QuerySet[Suggestion]:
    """Return the suggestions an actor may see."""
    return access.visible(Suggestion, to=actor, power="suggestions.see")


def page(actor: Actor, filters: Filters, *, at: datetime, number: int) -> Page:
    """Return one page of the list, newest first; what is due, the most urgent first."""
    found = _narrowed(seen(actor), filters, actor=actor, at=at)
    order = ("due_at", "id") if filters.tab in ("desk", "due") else ("-received_on", "-id")
    rows = (
        found.select_related("lead", "desk")
        .prefetch_related(
            Prefetch("signatories", Signatory.objects.select_related("deputy")),
            Prefetch(
                "co_handlings",
                CoHandling.objects.filter(
                    organisation__in=actor.organisation_ids, dropped_at__isnull=True
                ).prefetch_related("clocks"),
                to_attr="mine",
            ),
        )
        .defer("text")
        .order_by(*order)
    )
    return Paginator(rows, PAGE).get_page(number)


def _narrowed(
    found: QuerySet[Suggestion], filters: Filters, *, actor: Actor, at: datetime
) -> QuerySet[Suggestion]:
    own = actor.organisation_ids
    if filters.tab == "lead":
        found = found.filter(lead__in=own)
    elif filters.tab == "co":
        found = found.filter(_asked_of(own))
    elif filters.tab == "desk":
        waits = CoHandling.objects.filter(
            suggestion=OuterRef("pk"),
            organisation__in=own,
            submitted_at__isnull=True,
            dropped_at__isnull=True,
        )
        found = found.filter(
            Q(desk__in=own) | Exists(waits) & Q(state__in=[State.ASSIGNED, State.HANDLING])
        ).exclude(state=State.CLOSED)
    elif filters.tab == "due":
        found = found.filter(due_at__lt=at).exclude(state=State.CLOSED)
    if filters.state:
        found = found.filter(state=filters.state)
    if filters.result:
        found = found.filter(result_class=filters.result)
    if filters.text:
        if (n := whole(filters.text)) is not None:
            return found.filter(number=min(n, 2_000_000_000))
        found = found.filter(
            Q(title__contains=filters.text) | Q(signatories__deputy__name=filters.text)
        ).distinct()
    return found


def _asked_of(offices: Iterable[int]) -> Q:
    return Q(co_offices__overlap=list(offices))


def tab_counts(actor: Actor, *, at: datetime) -> dict[str, int]:
    """Count each tab of the list, in one statement."""
    own = actor.organisation_ids
    waits = CoHandling.objects.filter(
        suggestion=OuterRef("pk"), organisation__in=own, submitted_at__isnull=True, dropped_at__isnull=True
    )
    still = ~Q(state=State.CLOSED)
    return (
        seen(actor)
        .annotate(waits=Exists(waits))
        .aggregate(
            all=Count("pk"),
            lead=Count("pk", filter=Q(lead__in=own)),
            co=Count("pk", filter=_asked_of(own)),
            desk=Count(
                "pk",
                filter=still & (Q(desk__in=own) | Q(waits=True, state__in=[State.ASSIGNED, State.HANDLING])),
            ),
            due=Count("pk", filter=still & Q(due_at__lt=at)),
        )
    )


def on_desk(actor: Actor) -> QuerySet:
    """Return the ids of what waits for an actor's offices: their turn, or their opinion. Asked on every page."""
    own = actor.organisation_ids
    writes = actor.has("suggestions.handle") or actor.has("suggestions.register")
    # Who only signs is told of what waits for a signature.
    waiting = rules.OPEN - {State.ANSWERED} if writes else {State.SIGNING}
    turns = Suggestion.objects.filter(desk__in=own, state__in=sorted(waiting))
    if not writes:
        return turns.values_list("pk")
    asked = CoHandling.objects.filter(
        organisation__in=own,
        submitted_at__isnull=True,
        dropped_at__isnull=True,
        suggestion__state__in=[State.ASSIGNED, State.HANDLING],
    )
    return turns.values_list("pk").union(asked.values_list("suggestion"))


def unread_notices(actor: Actor) -> list[SuggestionNotice]:
    """List the notices of the actor's offices, and those that belong to nobody, newest first."""
    mine = Q(organisation__in=actor.organisation_ids) | Q(organisation__isnull=True)
    found = SuggestionNotice.objects.filter(mine, read_at__isnull=True, suggestion__in=seen(actor))
    return list(found.select_related("suggestion", "organisation").order_by("-at")[:20])


# --- one suggestion ---------------------------------------------------------------------------------------------------


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
    clocks: list[SuggestionClock]
    derivations: dict[int, list[str]]
    co_handlings: list[CoHandling]
    talks: list[Any]
    replies: list[Reply]
    feedback: list[Feedback]
    events: list[Event]
    buttons: list[Button]
    notices: list[SuggestionNotice]
    documents: list[IssuedDocument] = field(default_factory=list)


def get(actor: Actor, suggestion_id: int) -> Suggestion:
    """Return a suggestion the actor may see, or raise NotFound."""
    found = seen(actor).filter(pk=suggestion_id).select_related("lead", "registrar__area", "desk", "file")
    suggestion = next(iter(found), None)
    if suggestion is None:
        raise NotFound(_("没有找到这件建议，可能编号有误，或不由您的单位办理。"))
    return suggestion


def dossier(actor: Actor, suggestion_id: int) -> Dossier:
    """Return everything the page of one suggestion shows, or raise NotFound."""
    suggestion = get(actor, suggestion_id)
    running = list(suggestion.clocks.select_related("co_handling__organisation").order_by("started_at", "id"))
    talks = list(suggestion.talks.select_related("signatory__deputy"))
    replies = list(suggestion.replies.select_related("document").order_by("round"))
    return Dossier(
        suggestion=suggestion,
        signatories=list(suggestion.signatories.select_related("deputy")),
        clocks=running,
        derivations={c.pk: clocks.derivation(c) for c in running},
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
        notices=list(suggestion.notices.select_related("organisation").order_by("-at")),
    )


def buttons(actor: Actor, suggestion: Suggestion) -> list[Button]:
    """List the steps of this state that the actor holds the power for, and why one cannot be taken, if so."""
    found = []
    for step in STEPS:
        if suggestion.state not in step.source or step.act in rules.FOLLOWS or not actor.has(step.power):
            continue
        office = suggestion.registrar_id if step.act == "close" else suggestion.desk_id
        why_not = ""
        if office not in actor.organisation_ids:
            why_not = _("由“%(desk)s”办理。") % {
                "desk": suggestion.desk.name if suggestion.desk else _("待定单位")
            }
        found.append(
            Button(step.act, str(step.label), step.tone, step.note == "required", not why_not, why_not)
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


def doubts_before_signature(suggestion: Suggestion) -> list[str]:
    """List what is usually done before an answer is signed and has not been done here."""
    found = []
    talked = suggestion.talks.values_list("signatory", flat=True)
    silent = suggestion.signatories.exclude(pk__in=talked).select_related("deputy")
    if names := [s.deputy.name for s in silent]:
        found.append(_("还没有登记与%(names)s代表的走访或面商。") % {"names": _("、").join(names)})
    waiting = suggestion.co_handlings.filter(submitted_at__isnull=True, dropped_at__isnull=True)
    if offices := list(waiting.values_list("organisation__name", flat=True)):
        found.append(_("%(names)s的协办意见还没有提交。") % {"names": _("、").join(offices)})
    return found


def reply_of(suggestion: Suggestion) -> Reply | None:
    """Return the answer of the present round, if it was begun."""
    return suggestion.replies.filter(round=suggestion.round).select_related("document").first()


# --- the year ---------------------------------------------------------------------------------------------------------


def reports_of(actor: Actor) -> list[YearlyReport]:
    """List the yearly reports of the actor's offices and of those within reach, newest first."""
    offices = access.visible(Organisation, to=actor, power="organisations.see")
    mine = Q(organisation__in=actor.organisation_ids) | Q(organisation__in=offices)
    return list(
        YearlyReport.objects.filter(mine)
        .select_related("organisation", "snapshot")
        .order_by("-year", "-id")[:20]
    )


# --- for the public: frozen values ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublicReply:
    """A published answer, as the public reads it; already masked."""

    reply_id: int
    number: str
    title: str
    subject: str
    office: str
    answered_on: date
    result_class: str
    result_name: str
    published_on: date
    lines: tuple[str, ...] = ()
    salutation: str = ""
    signer: str = ""
    contact: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()
    thanks: str = ""
    copies: str = ""
    is_demo: bool = False


def public_words(reply: Reply, *, names: Sequence[str], at: datetime) -> dict[str, Any]:
    """Return what the public will read of an answer: masked words, and contact as the policy has it."""
    policy = book.of(at)["publication"]
    suggestion, document = reply.suggestion, reply.document
    assert document is not None and suggestion.lead is not None and reply.issued_at is not None
    deputies = [s.deputy.name for s in suggestion.signatories.select_related("deputy")]
    hidden = [*names, *(deputies if policy["mask_deputy"] else ())]
    classes = {c.code: c.name for c in book.result_classes(at=reply.issued_at)}
    contact = [reply.contact_unit or suggestion.lead.name]
    if not policy["drop_phone"]:
        contact.append(rules.masked(reply.phone))
    if not policy["drop_contact"]:
        contact.append(rules.masked(reply.contact, names))
    return {
        "number": document.written_number,
        "title": _("对%(meeting)s第%(number)s号建议的答复")
        % {"meeting": suggestion.meeting, "number": suggestion.number},
        "subject": rules.masked(suggestion.title, hidden),
        "office": suggestion.lead.name,
        "answered_on": timezone.localtime(reply.signed_at).date().isoformat(),
        "result_class": reply.result_class,
        "result_name": classes.get(reply.result_class, ""),
        "salutation": rules.masked(_("、").join(deputies), hidden),
        "opening": [rules.masked(line, hidden) for line in document.data.get("opening", ())],
        "lines": [rules.masked(line, hidden) for line in reply.text.splitlines()],
        "thanks": rules.masked(document.data.get("thanks", ""), hidden),
        "copies": rules.masked(document.data.get("copies", ""), hidden),
        "signer": rules.masked(reply.signer, names),
        "contact": [line for line in contact if line],
    }


def published(*, page_number: int = 1) -> tuple[list[PublicReply], int]:
    """List the published answers, newest first: a page of them, and how many there are."""
    found = Reply.objects.filter(published_at__isnull=False).order_by("-published_at", "-id")
    shown = Paginator(found.values("id", "public", "published_at", "suggestion__is_demo"), 20).get_page(
        page_number
    )
    return [_public(row) for row in shown], shown.paginator.count


def published_reply(reply_id: int) -> PublicReply:
    """Return one published answer, or raise NotFound."""
    row = (
        Reply.objects.filter(pk=reply_id, published_at__isnull=False)
        .values("id", "public", "published_at", "suggestion__is_demo")
        .first()
    )
    if row is None:
        raise NotFound(_("没有找到这份答复，可能尚未公开。"))
    return _public(row)


def _public(row: Mapping[str, Any]) -> PublicReply:
    kept = row["public"]
    return PublicReply(
        reply_id=row["id"],
        number=kept["number"],
        title=kept["title"],
        subject=kept["subject"],
        office=kept["office"],
        answered_on=date.fromisoformat(kept["answered_on"]),
        result_class=kept["result_class"],
        result_name=kept["result_name"],
        published_on=timezone.localtime(row["published_at"]).date(),
        opening=tuple(kept.get("opening", ())),
        lines=tuple(kept["lines"]),
        thanks=kept.get("thanks", ""),
        copies=kept.get("copies", ""),
        salutation=kept["salutation"],
        signer=kept["signer"],
        contact=tuple(kept["contact"]),
        is_demo=row["suggestion__is_demo"],
    )


@dataclass(frozen=True, slots=True)
class DeputyStep:
    """One line of what was done with a suggestion, in plain words."""

    at: datetime
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class DeputyView:
    """What a deputy sees of the own suggestion by the code."""

    code: str
    deputy: str
    meeting: str
    number: int
    title: str
    state: str
    plain: str
    office: str
    due_on: date | None
    due_label: str
    overdue: bool
    steps: tuple[DeputyStep, ...]
    letter: tuple[str, ...]
    letter_number: str
    result: str
    can_rate: bool
    given: str
    document_id: int | None
    is_demo: bool


def deputy_view(code: str, *, at: datetime) -> DeputyView:
    """Return what the holder of a code may know, or raise NotFound."""
    signatory = (
        Signatory.objects.select_related("deputy", "suggestion__lead")
        .filter(code=code.strip().upper())
        .first()
    )
    if signatory is None:
        raise NotFound(_("没有找到这个查询码，请核对后再输入。"), field="code")
    suggestion = signatory.suggestion
    reply = (
        suggestion.replies.filter(issued_at__isnull=False)
        .select_related("document")
        .order_by("-round")
        .first()
    )
    row = Feedback.objects.filter(reply=reply, signatory=signatory).first() if reply else None
    words = {
        "suggestions.register": _("已登记您的建议"),
        "suggestions.assign": _("已交主办单位"),
        "suggestions.reassign": _("已重新交办"),
        "suggestions.accept": _("主办单位已确认办理"),
        "suggestions.refuse_routing": _("主办单位说明不属其职责，正在重新交办"),
        "suggestions.extend": _("办理期限延长"),
        "suggestions.sign": _("答复已签发"),
        "suggestions.issue": _("答复已印发"),
        "suggestions.redo": _("因代表不满意，再次办理"),
        "suggestions.ask_assessment": _("转专家评估"),
        "suggestions.assess": _("专家评估完成"),
        "suggestions.close": _("已办结"),
    }
    told = ("suggestions.extend", "suggestions.assess")
    classes = {c.code: c.name for c in book.result_classes(at=reply.issued_at or at)} if reply else {}
    answering = suggestion.due_clock in ("answer", "second", "feedback")
    return DeputyView(
        code=signatory.code,
        deputy=signatory.deputy.name,
        meeting=suggestion.meeting,
        number=suggestion.number,
        title=suggestion.title,
        state=suggestion.state,
        plain=str(rules.PLAIN_LABELS[suggestion.state]),
        office=suggestion.lead.name if suggestion.lead else "",
        due_on=timezone.localtime(suggestion.due_at).date() if suggestion.due_at and answering else None,
        due_label=str(rules.CLOCK_LABELS.get(suggestion.due_clock, "")),
        overdue=answering and suggestion.is_overdue(at),
        steps=tuple(
            DeputyStep(e.at, words[e.name], e.note if e.name in told else "")
            for e in journal.events_of(suggestion)
            if e.name in words
        ),
        letter=tuple(reply.text.splitlines()) if reply else (),
        letter_number=reply.document.written_number if reply and reply.document else "",
        result=f"{reply.result_class} {classes.get(reply.result_class, '')}".strip() if reply else "",
        can_rate=bool(row and row.given_at is None and suggestion.state == State.ANSWERED),
        given=str(row.label) if row and row.value else "",
        document_id=reply.document_id if reply else None,
        is_demo=suggestion.is_demo,
    )


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


def _term(rule: book.ClockRule) -> str:
    return calendar.say_term(rule.term)


def letter_of(code: str) -> bytes:
    """Return the .pdf of the last issued answer for the holder of a code, or raise NotFound."""
    reply = (
        Reply.objects.filter(suggestion__signatories__code=code.strip().upper(), issued_at__isnull=False)
        .select_related("document__pdf_file")
        .order_by("-round")
        .first()
    )
    if reply is None or reply.document is None or reply.document.pdf_file is None:
        raise NotFound(_("答复还没有印发。"))
    return files.read(reply.document.pdf_file)
