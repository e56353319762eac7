"""The pages of the room. They read what was asked, call one query or verb, and show the answer; no rules here."""

from base64 import b64encode
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from csp.decorators import csp_exempt
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.ground.access.actors import Actor
from anju.ground.access.guards import power
from anju.ground.foundation import clocks, files, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.guards import writes
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NeedsConfirmation, NotFound, Refusal
from anju.ground.territory.models import Area
from anju.means.documents import services as papers
from anju.means.documents.rules.facts import LetterData
from anju.means.figures import queries as figures
from anju.means.figures.queries import Query, places, registry
from anju.means.figures.rules import Period

from . import forms, queries, rules, services
from .models import Assessment, CoHandling, Reply, Suggestion
from .queries import book, letter
from .rules import State

LEVELS = {3: "\u2003", 4: "\u2003\u2003"}


def _now() -> datetime:
    return timezone.now()


# --- the list ---------------------------------------------------------------------------------------------------------


@require_safe
@power("suggestions.see")
def list_page(request: HttpRequest) -> HttpResponse:
    """List suggestions with their states and clocks; what waits for me first."""
    at, actor = _now(), request.actor  # type: ignore[attr-defined]
    counts = queries.tab_counts(actor, at=at)
    filters = queries.filters_from(request.GET, default="desk" if counts["desk"] else "all")
    number = max(1, min(whole(request.GET.get("page")) or 1, 500))
    labels = {
        "desk": _("轮到本单位"), "lead": _("本单位主办"), "co": _("本单位协办"), "due": _("已超期"), "all": _("全部"),
    }  # fmt: skip
    context = {
        "page": queries.page(actor, filters, at=at, number=number),
        "filters": filters,
        "tabs": [
            {
                "label": labels[tab],
                "url": f"?tab={tab}",
                "current": tab == filters.tab,
                "count": counts[tab],
            }
            for tab in queries.TABS
        ],
        "states": rules.STATE_LABELS,
        "results": book.result_classes(at=at),
        "clock_labels": rules.CLOCK_LABELS,
        "feedback_labels": rules.FEEDBACK_LABELS,
        "may_register": actor.has("suggestions.register"),
        "now": at,
    }
    return render(request, "suggestions/list.html", context)


@power("suggestions.register")
@writes("suggestions.register")
def register(request: HttpRequest) -> HttpResponse:
    """Register a suggestion."""
    at = _now()
    posted = request.POST if request.method == "POST" else None
    form = forms.RegisterForm(
        posted,
        request.FILES if posted is not None else None,
        initial={"received_on": timezone.localdate(), "publication": "full"},
    )
    refusal, status = "", 200
    if posted is not None and form.is_valid():
        given = form.cleaned_data
        try:
            made = services.register(
                deputies=forms.signers(posted),
                by=request.actor,  # type: ignore[attr-defined]
                at=at,
                key=posted.get("request_key", "")[:64],
                **given,
            )
        except Refusal as refused:
            refusal, status = str(refused), refused.status
            if refused.field in form.fields:
                form.add_error(refused.field, refusal)
        else:
            messages.success(request, _("已登记，请选择主办单位交办。"))
            return redirect("suggestions:suggestion", made.pk)
    elif posted is not None:
        status = 422
    context = {"form": form, "rows": forms.signer_rows(posted), "refusal": refusal}
    return render(request, "suggestions/register.html", context, status=status)


# --- one suggestion ---------------------------------------------------------------------------------------------------


@require_safe
@power("suggestions.see")
def suggestion(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Show one suggestion whole: its clocks with their reasons, what may be done now, its letter, its story."""
    return _page(request, suggestion_id)


def _page(
    request: HttpRequest,
    suggestion_id: int,
    *,
    refusal: Refusal | None = None,
    act: str = "",
    phone: tuple[int, str] | None = None,
) -> HttpResponse:
    at, actor = _now(), request.actor  # type: ignore[attr-defined]
    d = queries.dossier(actor, suggestion_id, at=at)
    s = d.suggestion
    begun = bool(d.replies) and d.replies[-1].round == s.round
    # What is not yet written cannot be sent up, and deputies are given their time: other acts are next then.
    running = {c.kind: c.due_at for c in d.clocks if c.stopped_at is None}
    too_early = {"submit_for_signature": not begun, "close": running.get("feedback", at) > at}
    possible = [b for b in d.buttons if b.allowed and not too_early.get(b.act)]
    doubted = isinstance(refusal, NeedsConfirmation) and refusal.data.get("confirm") == "insist"
    offices = queries.offices_for(s) if any(b.act == "assign" for b in possible) else []
    step_forms = {
        b.act: forms.StepForm(
            request.POST if b.act == act and request.method == "POST" else None,
            act=b.act,
            offices=offices,
            lead_id=s.lead_id,
            doubted=doubted and b.act == act,
        )
        for b in possible
    }
    mine = bool({s.lead_id, s.registrar_id} & actor.organisation_ids)
    leading = s.lead_id in actor.organisation_ids and actor.has("suggestions.handle")
    clock = min((c for c in d.clocks if c.stopped_at is None), key=lambda c: c.due_at, default=None)
    reply = d.replies[-1] if d.replies else None
    own_co = next((c for c in d.co_handlings if c.organisation_id in actor.organisation_ids), None)
    talking = leading and s.state in (State.ASSIGNED, State.HANDLING)
    bound = request.POST if act == "talk" and request.method == "POST" else None
    context = {
        "d": d,
        "s": s,
        "steps": [
            {
                "act": b.act,
                "label": b.label,
                "tone": b.tone,
                "note": "required" if b.note_required else "optional",
            }
            for b in possible
        ],
        "urls": {b.act: reverse("suggestions:step", args=[s.pk, b.act]) for b in possible},
        "forms": step_forms,
        "waiting": [b for b in d.buttons if not b.allowed],
        "open_act": act,
        "refusal": str(refusal) if refusal else "",
        "clock": clock,
        "clock_labels": rules.CLOCK_LABELS,
        "offices": {co.pk: co.organisation.name for co in d.co_handlings},
        "others": [c for c in d.clocks if clock is None or c.pk != clock.pk],
        "events": [story.told(e) for e in reversed(d.events)],
        "stages": _stages(s),
        "reply": reply,
        "frozen": letter.frozen(reply, at=at) if reply is not None and reply.signed_at else [],
        "may": {
            "draft": leading and s.state == State.HANDLING,
            "read": actor.has("figures.see"),
            "talk": talking,
            "extend": leading and s.state == State.HANDLING and s.round == 1 and not s.extended,
            "contact": mine and (actor.has("suggestions.handle") or actor.has("suggestions.register")),
            "publish": mine and actor.has("suggestions.register"),
        },
        "own_co": own_co,
        "assessment": Assessment.objects.filter(suggestion=s).first() if s.round == 2 else None,
        "rows": [row for row in d.feedback if row.reply.round == s.round]
        if s.state == State.ANSWERED
        else [],
        "talk_form": forms.TalkForm(
            bound, signatories=d.signatories, initial={"held_on": timezone.localdate()}
        )
        if talking
        else None,
        "phone": phone,
        "live": _live(reply, actor=actor, at=at) if s.state == State.SIGNING and reply and possible else [],
        "unhappy": [row for row in d.feedback if row.value == "dissatisfied" and row.reply.round < s.round],
        "result_names": {c.code: c.name for c in book.result_classes(at=at)},
        "result_source": book.result_variant(at=at)["source"],
        "labels": {
            "talk": rules.TALK_LABELS,
            "attitude": rules.ATTITUDE_LABELS,
            "feedback": rules.FEEDBACK_LABELS,
            "delivery": rules.DELIVERY_LABELS,
            "publication": rules.PUBLICATION_LABELS,
        },
        "feedback_choices": queries.feedback_choices(),
        "delivery_choices": [(k, str(v)) for k, v in rules.DELIVERY_LABELS.items()],
        "publication_choices": [(k, str(v)) for k, v in rules.PUBLICATION_LABELS.items()],
        "now": at,
    }
    status = refusal.status if refusal else 200
    return render(request, "suggestions/suggestion.html", context, status=status)


def _live(reply: Reply, *, actor: Actor, at: datetime) -> list[letter.Figure]:
    """List the figures of an unsigned letter as they are now, for whoever is to sign it."""
    return list(letter.compute(rules.references(reply.body), actor=actor, at=at).values())


def _stages(s: Suggestion) -> list[dict[str, Any]]:
    order = (
        (_("交办"), {State.REGISTERED, State.RETURNED}),
        (_("确认主办"), {State.ASSIGNED}),
        (_("再次办理") if s.round == 2 else _("办理"), {State.HANDLING}),
        (_("签发"), {State.SIGNING, State.SIGNED}),
        (_("代表反馈"), {State.ANSWERED}),
        (_("办结"), {State.ASSESSING, State.CLOSED}),
    )
    here = next(n for n, (_label, states) in enumerate(order) if s.state in states)
    if s.state == State.CLOSED:
        here = len(order)
    return [
        {"label": label, "state": "done" if n < here else "now" if n == here else "later"}
        for n, (label, _states) in enumerate(order)
    ]


def story_detail(event: Event, said: dict[str, Any]) -> dict[str, Any]:
    """Say what the words of a step leave out: to whom it went, the number, what a deputy thinks."""
    data, title, note = event.data, said["title"], said["note"]
    if data.get("lead"):
        title = _("%(act)s：%(lead)s") % {"act": title, "lead": data["lead"]}
    elif event.name == "suggestions.issue":
        title = _("印发：%(number)s") % {"number": data.get("number", "")}
    elif event.name in ("suggestions.take_feedback", "suggestions.feedback_by_code"):
        label = rules.FEEDBACK_LABELS.get(data.get("value", ""), "")
        title = _("%(deputy)s代表反馈：%(value)s") % {"deputy": data.get("deputy", ""), "value": label}
    elif event.name == "suggestions.close" and data.get("dissatisfied"):
        # Nothing has ended: what follows has an event of its own.
        return {"title": _("征询结束，有代表不满意"), "tone": "warn"}
    if data.get("confirmed"):
        note = _("已核对确认：%(doubts)s") % {"doubts": " ".join(data["confirmed"])} + (
            f" {note}" if note else ""
        )
    actor = {"actor": _("代表")} if event.actor_kind == "public" else {}
    return {"title": title, "note": note, **actor}


def _acted(
    request: HttpRequest, suggestion_id: int, done: Callable[[], Any], said: str, *, act: str = ""
) -> HttpResponse:
    """Run a verb for the page of a suggestion and say what happened, or show the refusal beside its button."""
    try:
        done()
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(request, suggestion_id, refusal=refusal, act=act)
    if not queries.seen(request.actor).filter(pk=suggestion_id).exists():  # type: ignore[attr-defined]
        # Returned to the registrar, it has left this office's desk: its page would be "not found".
        messages.success(request, _("%(said)s此件已不在本单位。") % {"said": said})
        return redirect("suggestions:list")
    messages.success(request, said)
    return redirect("suggestions:suggestion", suggestion_id)


def _key(request: HttpRequest) -> str:
    return request.POST.get("request_key", "")[:64]


@require_POST
@power("suggestions.see")
@writes(
    "suggestions.assign",
    "suggestions.accept",
    "suggestions.refuse_routing",
    "suggestions.submit_for_signature",
    "suggestions.send_back",
    "suggestions.sign",
    "suggestions.issue",
    "suggestions.close",
    "suggestions.assess",
)
def step(request: HttpRequest, suggestion_id: int, act: str) -> HttpResponse:
    """Take one step of the table; a refusal comes back beside its button with everything that was typed."""
    given = request.POST
    common: dict[str, Any] = {
        "suggestion_id": suggestion_id, "by": request.actor, "at": _now(), "key": _key(request),  # type: ignore[attr-defined]
    }  # fmt: skip
    note, insist = given.get("note", ""), bool(given.get("insist"))

    def run() -> None:
        match act:
            case "assign":
                co = [pk for text in given.getlist("co") if (pk := whole(text))]
                services.assign(lead_id=given.get("lead"), co_ids=co, note=note, **common)
            case "accept":
                services.accept(note=note, **common)
            case "refuse_routing":
                services.refuse_routing(note=note, **common)
            case "submit_for_signature":
                services.submit_for_signature(note=note, insist=insist, **common)
            case "send_back":
                services.send_back(note=note, **common)
            case "sign":
                services.sign(note=note, insist=insist, **common)
            case "issue":
                services.issue(note=note, **common)
            case "close":
                services.close(note=note, **common)
            case "assess":
                held = forms.read_day(given.get("held_on", ""))
                if held is None:
                    raise Refusal(_("请填写评估日期。"), field="held_on")
                services.assess(held_on=held, experts=given.get("experts", ""), conclusion=note, **common)
            case _:
                raise NotFound(_("没有找到这一步。"))

    return _acted(request, suggestion_id, run, _("已办理。"), act=act)


@require_POST
@power("suggestions.handle")
@writes("suggestions.extend")
def extend(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Lengthen the term of the answer."""
    return _acted(
        request,
        suggestion_id,
        lambda: services.extend(
            suggestion_id=suggestion_id,
            reason=request.POST.get("reason", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=_now(),
            key=_key(request),
        ),
        _("已延长，并通知交办单位。"),
        act="extend",
    )


@require_POST
@power("suggestions.handle")
@writes("suggestions.hold_talk")
def talk(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Record a talk with a deputy."""
    given = request.POST

    def run() -> None:
        held = forms.read_day(given.get("held_on", ""))
        if held is None:
            raise Refusal(_("请填写沟通日期。"), field="held_on")
        services.hold_talk(
            signatory_id=whole(given.get("signatory")) or 0,
            kind=given.get("kind", ""),
            held_on=held,
            place=given.get("place", ""),
            attendees=given.get("attendees", ""),
            content=given.get("content", ""),
            attitude=given.get("attitude", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=_now(),
            key=_key(request),
        )

    return _acted(request, suggestion_id, run, _("已登记沟通情况。"), act="talk")


@require_POST
@power("suggestions.handle", "suggestions.register")
@writes("suggestions.deliver")
def deliver(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Record that a deputy was given the answer."""

    def run() -> None:
        on = forms.read_day(request.POST.get("on", ""))
        if on is None:
            raise Refusal(_("请填写送达日期。"), field="on")
        services.deliver(
            signatory_id=whole(request.POST.get("signatory")) or 0,
            on=on,
            how=request.POST.get("how", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=_now(),
            key=_key(request),
        )

    return _acted(request, suggestion_id, run, _("已登记送达。"), act="deliver")


@require_POST
@power("suggestions.handle", "suggestions.register")
@writes("suggestions.take_feedback")
def feedback(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Enter a deputy's feedback."""
    return _acted(
        request,
        suggestion_id,
        lambda: services.take_feedback(
            signatory_id=whole(request.POST.get("signatory")) or 0,
            value=request.POST.get("value", ""),
            reason=request.POST.get("reason", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=_now(),
            key=_key(request),
        ),
        _("已登记反馈。"),
        act="feedback",
    )


@require_POST
@power("suggestions.register")
@writes("suggestions.publish")
def publish(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Publish the answer, masked."""
    names = (
        request.POST.get("names", "").replace("\uff0c", " ").replace("\u3001", " ").replace(",", " ").split()
    )
    return _acted(
        request,
        suggestion_id,
        lambda: services.publish(
            suggestion_id=suggestion_id,
            names=names[:50],
            by=request.actor,  # type: ignore[attr-defined]
            at=_now(),
            key=_key(request),
        ),
        _("已公开。"),
        act="publish",
    )


@require_POST
@power("suggestions.register")
@writes("suggestions.choose_publication")
def publication(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Decide whether the answer will be published."""
    return _acted(
        request,
        suggestion_id,
        lambda: services.choose_publication(
            suggestion_id=suggestion_id,
            publication=request.POST.get("publication", ""),
            reason=request.POST.get("reason", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=_now(),
            key=_key(request),
        ),
        _("已确定。"),
        act="publication",
    )


@require_POST
@power("suggestions.handle", "suggestions.register")
@writes("suggestions.reveal_phone")
def phone(request: HttpRequest, suggestion_id: int, signatory_id: int) -> HttpResponse:
    """Show a deputy's telephone once; the journal remembers it."""
    try:
        number = services.reveal_phone(
            signatory_id=signatory_id,
            by=request.actor,  # type: ignore[attr-defined]
            at=_now(),
            key=_key(request),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(request, suggestion_id, refusal=refusal)
    response = _page(request, suggestion_id, phone=(signatory_id, number))
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@power("suggestions.see")
def original(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Hand out the scan of the suggestion itself."""
    s = queries.get(request.actor, suggestion_id)  # type: ignore[attr-defined]
    if s.file is None:
        raise NotFound(_("没有登记原件。"))
    return redirect(files.signed_url(s.file))


# --- the co-handler ---------------------------------------------------------------------------------------------------


@power("suggestions.handle")
@writes("suggestions.give_opinion")
def opinion(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Let a co-handler read what is asked and give the own office's opinion."""
    at, actor = _now(), request.actor  # type: ignore[attr-defined]
    s = queries.get(actor, suggestion_id)
    co = (
        CoHandling.objects.filter(
            suggestion=s, organisation__in=actor.organisation_ids, dropped_at__isnull=True
        )
        .select_related("organisation")
        .first()
    )
    if co is None:
        raise NotFound(_("本单位不是这件建议的协办单位。"))
    posted = request.method == "POST"
    form = forms.OpinionForm(request.POST if posted else None, request.FILES if posted else None)
    refusal, status = "", 200
    if posted:
        status = 422
        if form.is_valid():
            try:
                services.give_opinion(
                    co_handling_id=co.pk,
                    opinion=form.cleaned_data["opinion"],
                    upload=form.cleaned_data["upload"],
                    by=actor,
                    at=at,
                    key=_key(request),
                )
            except Refusal as refused:
                refusal, status = str(refused), refused.status
            else:
                messages.success(request, _("协办意见已提交主办单位。"))
                return redirect("suggestions:suggestion", s.pk)
    clock = co.suggestion.clocks.filter(part_id=co.pk).last()
    context = {
        "s": s,
        "co": co,
        "form": form,
        "refusal": refusal,
        "clock": clock,
        "clock_labels": rules.CLOCK_LABELS,
        "derivation": clocks.derivation(clock) if clock else [],
        "signatories": list(s.signatories.select_related("deputy")),
        "may_write": co.submitted_at is None and s.state in (State.ASSIGNED, State.HANDLING),
        "now": at,
    }
    return render(request, "suggestions/opinion.html", context, status=status)


# --- the letter -------------------------------------------------------------------------------------------------------


@power("suggestions.handle")
@writes("suggestions.draft_reply", "suggestions.insert_figure")
def draft(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Write the letter beside its preview; figures are put in from the picker and stay live until it is signed."""
    at, actor = _now(), request.actor  # type: ignore[attr-defined]
    s = queries.get(actor, suggestion_id)
    if s.lead_id not in actor.organisation_ids or s.state != State.HANDLING:
        return redirect("suggestions:suggestion", s.pk)
    refusal: Refusal | None = None
    typed: services.Draft | None = None
    if request.method == "POST":
        act = request.POST.get("act", "save")
        try:
            if act != "figure" or "heading" in request.POST:
                typed = forms.read_draft(request.POST)
                services.draft_reply(
                    suggestion_id=s.pk,
                    draft=typed,
                    version=whole(request.POST.get("version")),
                    by=actor,
                    at=at,
                    key=_key(request),
                )
            if act == "figure":
                typed = None  # it is saved; what follows concerns the figure alone
                _insert(request, s, at=at)
        except NotFound:
            raise
        except Refusal as refused:
            refusal = refused
        else:
            messages.success(request, _("已插入数字。") if act == "figure" else _("草稿已保存。"))
            return redirect("suggestions:draft", s.pk)
    reply = queries.reply_of(s)
    return _draft_page(request, s, reply, typed=typed, refusal=refusal, at=at)


def _insert(request: HttpRequest, s: Suggestion, *, at: datetime) -> None:
    given = request.POST
    start, end = forms.read_day(given.get("start", "")), forms.read_day(given.get("end", ""))
    if start is None or end is None:
        raise Refusal(_("请填写数字的起止日期。"), field="start")
    services.insert_figure(
        suggestion_id=s.pk,
        section=whole(given.get("section")) or 0,
        measure=given.get("measure", ""),
        start=start,
        end=end,
        territory=given.get("territory", ""),
        words=given.get("words", ""),
        by=request.actor,  # type: ignore[attr-defined]
        at=at,
        key=f"{key}-figure" if (key := _key(request)) else "",
    )


def _draft_page(
    request: HttpRequest,
    s: Suggestion,
    reply: Reply | None,
    *,
    typed: services.Draft | None,
    refusal: Refusal | None,
    at: datetime,
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    shown: Any = typed or reply
    sections = [dict(part) for part in shown.sections] if shown is not None else []
    computed: dict[str, letter.Figure] = {}
    problems: list[str] = []
    misses: list[rules.NearMiss] = []
    if reply is not None:
        computed = letter.compute(rules.references(reply.body), actor=actor, at=at)
        problems = letter.problems(reply, computed, at=at)
        misses = letter.near_misses(reply, computed, at=at)
    named = [
        (str(n), _("第%(n)s部分 %(heading)s") % {"n": n + 1, "heading": part.get("heading", "")})
        for n, part in enumerate(sections)
    ]
    today = timezone.localdate()
    picker = forms.FigureForm(
        request.POST if refusal is not None and typed is None else None,
        measures=[
            (letter.REPORT, _("报告中的一句话（六项数字）")),
            *((m.name, str(m.label)) for m in registry.measures()),
        ],
        territories=_territories(actor),
        sections=named or [("0", _("正文"))],
        initial={"start": date(today.year, 1, 1), "end": today, "section": str(max(0, len(sections) - 1))},
    )
    words = book.of(at)["letter"]
    context = {
        "s": s,
        "reply": reply,
        "shown": shown,
        "sections": [*sections, *[{"heading": "", "text": ""}] * (1 if sections else 3)],
        "copies": list(shown.copies) if shown is not None else [dict(line) for line in words["copies"]],
        "figures": list(computed.values()),
        "problems": problems,
        "misses": misses,
        "picker": picker,
        "opinions": list(
            s.co_handlings.filter(submitted_at__isnull=False, dropped_at__isnull=True).select_related(
                "organisation"
            )
        ),
        "result_options": [(c.code, f"{c.code} {c.name}") for c in book.result_classes(at=at)],
        "result_source": book.result_variant(at=at)["source"],
        "postcode": words["postcode"],
        "refusal": str(refusal) if refusal else "",
        "now": at,
    }
    status = refusal.status if refusal else 200
    return render(request, "suggestions/draft.html", context, status=status)


def _territories(actor: Actor) -> list[tuple[str, str]]:
    """List the places a figure may be counted for, written as references write them: by code where there is one."""
    areas = places.choices(actor)
    codes = dict(
        Area.objects.filter(
            pk__in=[a.pk for a in areas], division__valid_to__isnull=True, division__isnull=False
        ).values_list("pk", "division__code")
    )
    top = min((area.level for area in areas), default=0)
    return [
        (codes.get(area.pk) or f"area:{area.pk}", ("\u2003" * (area.level - top)) + area.name)
        for area in areas
    ]


@require_safe
@csp_exempt()  # type: ignore[arg-type]
@power("suggestions.see")
def preview(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Draw the letter as it stands now, with a watermark and without a number."""
    # Without the policy: a browser's own viewer of .pdf is a page with styles and an object, which it forbids.
    at = _now()
    facts, code = _letter_now(request, suggestion_id, at=at)
    response = HttpResponse(
        papers.preview(letter.KIND, facts, at=at, register_code=code), content_type="application/pdf"
    )
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@power("suggestions.see")
def leaves(request: HttpRequest, suggestion_id: int) -> HttpResponse:
    """Draw the letter's pages as pictures, to stand beside the draft."""
    at = _now()
    refusal, pages = "", []
    try:
        facts, code = _letter_now(request, suggestion_id, at=at)
        drawn = papers.preview_leaves(letter.KIND, facts, at=at, register_code=code)
        pages = [b64encode(page).decode("ascii") for page in drawn]
    except NotFound:
        raise
    except Refusal as refused:
        refusal = str(refused)
    response = render(request, "suggestions/leaves.html", {"pages": pages, "refusal": refusal})
    response["Cache-Control"] = "no-store"
    return response


def _letter_now(request: HttpRequest, suggestion_id: int, *, at: datetime) -> tuple[LetterData, str]:
    """Return the facts of the letter as it stands now, and the code its number would begin with."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    s = queries.get(actor, suggestion_id)
    reply = queries.reply_of(s)
    inside = {s.lead_id, s.registrar_id} & actor.organisation_ids
    if reply is None or s.lead is None or not inside:
        raise NotFound(_("还没有答复草稿。"))
    text = reply.text or letter.preview_text(
        reply, letter.compute(rules.references(reply.body), actor=actor, at=at)
    )
    facts = letter.facts_of(
        s, reply, text=text or _("（正文待写）"), signer=reply.signer or "\uff3f" * 3, on=None, at=at
    )
    return facts, s.lead.document_code


# --- the year ---------------------------------------------------------------------------------------------------------


@power("suggestions.see")
@writes("suggestions.yearly_report")
def yearly(request: HttpRequest) -> HttpResponse:
    """Show a year's figures, made by the engine, and give the report on them."""
    at, actor = _now(), request.actor  # type: ignore[attr-defined]
    today = timezone.localdate()
    year = whole(request.GET.get("year") or request.POST.get("year")) or today.year
    year = year if 2000 <= year <= today.year else today.year
    refusal = ""
    if request.method == "POST":
        try:
            services.yearly_report(
                year=year, text=request.POST.get("text", ""), by=actor, at=at, key=_key(request)
            )
        except Refusal as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("年度报告已提交，数字已冻结。"))
            return redirect(f"{reverse('suggestions:yearly')}?year={year}")
    reports = queries.reports_of(actor)
    own = next((r for r in reports if r.year == year and r.organisation_id in actor.organisation_ids), None)
    kept = own or next((r for r in reports if r.year == year), None)
    results: list[figures.Result] = []
    by_feedback: list[figures.Result] = []
    if actor.has("figures.see"):
        period = Period(date(year, 1, 1), date(year, 12, 31))
        results = figures.answer(Query(queries.YEARLY, period, by="result"), actor=actor, at=at)
        by_feedback = figures.answer(
            Query(("suggestions_answered",), period, by="feedback"), actor=actor, at=at
        )
    due = book.report_due(year, at=at)
    context = {
        "year": year,
        "years": [
            {"label": str(y), "url": f"?year={y}", "current": y == year}
            for y in range(today.year, today.year - 4, -1)
        ],
        "results": results,
        "by_result": results[1].slices if results else (),
        "by_feedback": by_feedback[0].slices if by_feedback else (),
        "feedback_result": by_feedback[0] if by_feedback else None,
        "report": kept,
        "may_report": own is None and actor.has("suggestions.register"),
        "due": due,
        "late": kept is None and today > due,
        "written": _written,
        "refusal": refusal,
        "text": request.POST.get("text", ""),
        "now": at,
    }
    return render(request, "suggestions/yearly.html", context, status=422 if refusal else 200)


def _written(result: figures.Result) -> str:
    if result.value is None:
        return "\u2014"
    return f"{result.value:.1f}%" if result.measure.unit == "percent" else f"{result.value}"
