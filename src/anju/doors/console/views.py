"""The staff's pages. They read what was asked, call one query or verb, and show the answer; no rules here."""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.duties.cases import catalogue, queries, rules, services, supervision
from anju.duties.cases import evidence as evidence_room
from anju.duties.cases.models import Case, Report, SavedView, TermRequest
from anju.ground.access import services as access
from anju.ground.access.guards import power, signed_in
from anju.ground.foundation import beside, calendar, navigation
from anju.ground.foundation.asked import whole
from anju.ground.foundation.models import CalendarDay, CalendarYear, Event, JobProgress
from anju.ground.foundation.refusals import NeedsConfirmation, NotFound, Refusal
from anju.ground.organisations.models import Organisation
from anju.ground.territory import boundaries
from anju.ground.territory import queries as places
from anju.ground.territory.models import Area, Estate

from .event_words import told
from .forms import ReportForm, StepForm, TermForm, read_days

PAGE = 50
MOST_REMINDERS = 20


def on_desk(request: HttpRequest) -> QuerySet:
    """Return what lies on the signed-in person's desks, for the navigation."""
    return queries.on_desk(request.actor).values("pk")  # type: ignore[attr-defined]


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Show what lies on my desk, the most urgent first, with the next act in reach."""
    at = timezone.now()
    actor = request.actor  # type: ignore[attr-defined]
    rows = queries.todo(actor, at=at)
    nav, waits = navigation.of(request), navigation.waits(request)
    listed = {wait.url.partition("?")[0] for wait in waits}
    context = {
        "rows": [_row(case, actor, at) for case in rows],
        "counts": queries.todo_counts(actor, at=at),
        # One more than is shown, so that the page can say that there are more.
        "reminders": queries.unread_notices(actor, limit=MOST_REMINDERS + 1),
        "requests": queries.term_requests(actor, limit=MOST_REMINDERS + 1),
        "most": MOST_REMINDERS,
        "nav": nav,
        "waits": waits,
        "elsewhere": [e for e in nav if e.badge and not e.current and e.url not in listed],
        "clock_labels": rules.CLOCK_LABELS,
        "now": at,
    }
    return render(request, "console/home.html", context)


def _row(case: Case, actor: Any, at: Any) -> dict[str, Any]:
    next_step = next((b for b in queries.buttons(actor, case) if b.allowed), None)
    return {
        "case": case,
        "pk": case.pk,
        "label": catalogue.label(case.kind, case.class_code),
        "tone": "overdue" if case.is_overdue(at) else "",
        "next": next_step,
        "state_tone": STATE_TONES[case.state],
    }


STATE_TONES = {
    "reported": "warn",
    "assigned": "active",
    "returned": "warn",
    "fixing": "active",
    "checking": "wait",
    "closed": "done",
    "merged": "quiet",
    "void": "quiet",
}


@power("cases.see")
def cases(request: HttpRequest) -> HttpResponse:
    """List cases with filters, search, saved views and acts on several rows."""
    at = timezone.now()
    actor = request.actor  # type: ignore[attr-defined]
    filters = queries.filters_from(request.GET)
    page = max(1, min(whole(request.GET.get("page")) or 1, 200))
    found = queries.page(actor, filters, at=at, number=page, size=PAGE)
    rows, count, more = found.rows, found.count, found.more
    context = {
        "rows": [_row(case, actor, at) for case in rows],
        "filters": filters,
        "count": count,
        "more": more,
        "page": page,
        "last": (page - 1) * PAGE + len(rows) >= count and not more,
        "first_row": (page - 1) * PAGE + 1 if rows else 0,
        "last_row": (page - 1) * PAGE + len(rows),
        "states": rules.STATE_LABELS,
        "kinds": rules.KIND_LABELS,
        "severities": rules.SEVERITY_LABELS,
        "channels": rules.CHANNEL_LABELS,
        "classes": _class_options(),
        "areas": _area_options(actor),
        "views": SavedView.objects.filter(account_id=actor.account_id).order_by("name"),
        "words": _chip_words(filters),
        "clock_labels": rules.CLOCK_LABELS,
        "now": at,
    }
    return render(request, "console/cases.html", context)


def _class_options() -> list[tuple[str, str]]:
    return _class_options_of(timezone.localdate(), get_language() or "")


@lru_cache(maxsize=4)
def _class_options_of(day: date, language: str) -> list[tuple[str, str]]:
    """List the classes of a day in a language: a hundred sentences that every list page needs."""
    options = []
    for kind, name in rules.KIND_LABELS.items():
        for one in catalogue.tree(kind, on=day):
            options.append((one["code"], f"{name} · {one['label']}"))
            options += [
                (leaf.code, f"　{leaf.code} {leaf.label}") for two in one["groups"] for leaf in two["leaves"]
            ]
    return options


def _area_options(actor: Any) -> list[tuple[int, str]]:
    """List the areas below the actor's own, one level down, by which the list can be narrowed."""
    reaches = [r for r in actor.powers.get("cases.see", ()) if r.kind == "area"]
    found = Area.objects.filter(parent__in=[r.id for r in reaches], active=True).order_by("level", "id")
    return [(area.pk, area.name) for area in found[:300]]


def _chip_words(filters: queries.Filters) -> dict[str, dict[str, str]]:
    words: dict[str, dict[str, str]] = {
        "state": {k: str(v) for k, v in rules.STATE_LABELS.items()},
        "kind": {k: str(v) for k, v in rules.KIND_LABELS.items()},
        "severity": {k: str(v) for k, v in rules.SEVERITY_LABELS.items()},
        "channel": {k: str(v) for k, v in rules.CHANNEL_LABELS.items()},
        "class": dict(_class_options()),
        "overdue": {"1": _("是")},
        "escalated": {"1": _("是")},
        "open": {"1": _("是")},
        "order": {"due": _("期限"), "closed": _("办结时间"), "reported": _("上报时间")},
    }
    if filters.area:
        words["area"] = {
            str(filters.area): Area.objects.filter(pk=filters.area).values_list("name", flat=True).first()
            or ""
        }
    if filters.estate:
        words["estate"] = {
            str(filters.estate): Estate.objects.filter(pk=filters.estate)
            .values_list("name", flat=True)
            .first()
            or ""
        }
    for name in ("handler", "desk"):
        if pk := getattr(filters, name):
            words[name] = {
                str(pk): Organisation.objects.filter(pk=pk).values_list("name", flat=True).first() or ""
            }
    return words


@power("cases.see")
def search(request: HttpRequest) -> HttpResponse:
    """Go to the one case whose number was typed, else to the list of what was found."""
    text = request.GET.get("q", "").strip()
    if len(text) >= 15 and text.isdecimal() and (pk := whole(text[8:])):
        return redirect("console:case", pk)
    return redirect(f"{reverse('console:cases')}?{_encode(q=text)}")


def _encode(**values: str) -> str:
    return urlencode(values)


@power("cases.see")
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the present filters under a name, or delete a kept view."""
    actor = request.actor  # type: ignore[attr-defined]
    if request.method != "POST":
        return redirect("console:cases")
    if drop := request.POST.get("delete"):
        SavedView.objects.filter(account_id=actor.account_id, pk=whole(drop)).delete()
        return redirect("console:cases")
    name, query = request.POST.get("name", "").strip()[:40], request.POST.get("query", "")[:600].lstrip("?")
    if not name:
        raise Refusal(_("请给这个视图起个名字。"), field="name")
    SavedView.objects.update_or_create(account_id=actor.account_id, name=name, defaults={"query": query})
    messages.success(request, _("已保存视图“%(name)s”。") % {"name": name})
    return redirect(f"{reverse('console:cases')}?{query}")


@require_POST
@power("cases.assign", "cases.urge")
def bulk(request: HttpRequest) -> HttpResponse:
    """Take one act on several chosen cases; each is its own transaction, and each refusal is told."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    ids = [pk for text in request.POST.getlist("ids") if (pk := whole(text))][:200]
    act, note = request.POST.get("act", ""), request.POST.get("note", "")
    base = request.POST.get("request_key", "")[:40]
    if not ids:
        raise Refusal(_("请先勾选要办理的事项。"))
    done, refused = 0, list[tuple[int, str]]()
    for pk in ids:
        try:
            key = f"{base}:{pk}" if base else ""
            if act == "urge":
                supervision.urge(case_id=pk, by=actor, at=at, note=note, key=key)
            elif act in ("assign", "accept"):
                services.take_step(case_id=pk, act=act, by=actor, at=at, note=note, key=key)
            else:
                raise Refusal(_("这一步不能批量办理，请逐件办理。"))
            done += 1
        except Refusal as refusal:
            refused.append((pk, str(refusal)))
    if done:
        messages.success(request, _("已办理 %(n)d 件。") % {"n": done})
    shown = Case.objects.filter(pk__in=[pk for pk, _sentence in refused[:5]])
    seen = access.visible(Case, to=actor, power="cases.see") & shown
    numbers = {case.pk: case.number for case in seen.only("pk", "reported_at")}
    for pk, sentence in refused[:5]:
        messages.warning(request, f"{numbers[pk]}: {sentence}" if pk in numbers else sentence)
    if len(refused) > 5:
        messages.warning(request, _("另有 %(n)d 件没有办成，原因相同或类似。") % {"n": len(refused) - 5})
    # Not `redirect`: it would take an address without a slash for the name of a view.
    return HttpResponseRedirect(_back(request, reverse("console:home")))


def _back(request: HttpRequest, default: str) -> str:
    wanted = request.POST.get("next") or request.headers.get("referer", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if safe else default


@power("cases.see")
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case whole: what it is, what is due and why, what may be done now, and its story."""
    return _case_page(request, case_id)


def _case_page(
    request: HttpRequest, case_id: int, *, refusal: Refusal | None = None, act: str = "", status: int = 200
) -> HttpResponse:
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    found = queries.dossier(actor, case_id, at=at)
    opened = found.case
    possible = [b for b in found.buttons if b.allowed]
    if queries.may_verify(actor, opened):
        possible.append(queries.StepButton("verify", str(rules.VERIFY.label), "plain", False, True))
    doubted = isinstance(refusal, NeedsConfirmation) and refusal.data.get("confirm") == "insist"
    # Whoever insisted and forgot the photo is not asked the same question twice.
    doubted = doubted or bool(request.POST.get("insist"))
    offices = services.offices_for(opened) if any(b.act == "assign" for b in possible) else []
    forms = {
        b.act: StepForm(
            request.POST if b.act == act and request.method == "POST" else None,
            act=b.act,
            offices=offices,
            handler_id=opened.handler_id,
            doubted=doubted and b.act == act,
        )
        for b in possible
    }
    gallery = evidence_room.gallery(opened, actor)
    if act in forms and request.FILES and "uploads" in forms[act].fields:
        forms[act].fields["uploads"].help_text = _("刚才没有提交成功，照片要重新选一次。")
    mine = opened.desk_id in actor.organisation_ids
    # Whoever is in turn reads the own term first; everybody else the one that ends first.
    wanted = [rules.OWN_CLOCK.get(opened.state), opened.due_clock] if mine else [opened.due_clock]
    running = {c.kind: c for c in found.clocks if c.stopped_at is None and c.paused_at is None}
    clock = next((running[kind] for kind in wanted if kind in running), None)
    context = {
        "d": found,
        "case": opened,
        "label": catalogue.label(opened.kind, opened.class_code),
        "tone": STATE_TONES[opened.state],
        "steps": [
            {
                "act": b.act,
                "label": b.label,
                "tone": b.tone,
                "note": "required" if b.note_required else "optional",
            }
            for b in possible
        ],
        "waiting": [b for b in found.buttons if not b.allowed],
        "urls": {b.act: reverse("console:step", args=[case_id, b.act]) for b in possible},
        "forms": forms,
        "hints": _hints(found),
        "phrases": _phrases(timezone.localdate(at)),
        "open_act": act,
        "refusal": str(refusal) if refusal else "",
        "clock": clock,
        "gallery": gallery,
        "pictures": {photo.id: photo.thumb_url for photo in (*gallery.before, *gallery.after)},
        "events": [told(e) for e in reversed(found.events)],
        "stages": _stages(opened),
        "likely": []
        if not opened.is_open or not actor.has("cases.merge")
        else queries.duplicates(
            actor,
            kind=opened.kind,
            class_code=opened.class_code,
            text=opened.text,
            street_id=opened.street_id,
            estate_id=opened.estate_id,
            longitude=opened.longitude,
            latitude=opened.latitude,
            besides=[opened.pk, opened.parent_id or 0, *(child.pk for child in found.children)],
            at=at,
        ),
        "beside": beside.of(request, opened),
        "may": {
            p: actor.has(p)
            for p in (
                "cases.urge",
                "cases.supervise",
                "cases.merge",
                "cases.approve",
                "cases.unseal",
                "access.audit",
            )
        },
        "mine": mine,
        "term_form": TermForm(),
        "waiting_for": queries.reasons_of("suspension", on=timezone.localdate(at)),
        "classes": _class_options() if actor.has("cases.merge") and opened.is_open else [],
        "satisfaction": rules.SATISFACTION_LABELS,
        "clock_labels": rules.CLOCK_LABELS,
        "states": rules.STATE_LABELS,
        "now": at,
    }
    return render(request, "console/case.html", context, status=status)


def _hints(found: queries.Dossier) -> dict[str, str]:
    hints = {
        "close": _("写明何时到场、看到什么、与整改前有何不同。"),
        "submit": _("写明何时、何处、做了什么，并附整改后的照片。"),
    }
    if found.routing_reason:
        hints["assign"] = _("系统建议：%(why)s") % {"why": found.routing_reason}
    return hints


def _phrases(on: date) -> dict[str, list[str]]:
    return {
        "return_back": queries.reasons_of("returns", on=on),
        "send_back": [_("现场仍有杂物未清理，位置在："), _("照片不是同一位置，请重新拍摄。")],
    }


def _stages(opened: Case) -> list[dict[str, Any]]:
    order = [
        (rules.State.REPORTED, _("上报"), opened.reported_at),
        (rules.State.ASSIGNED, _("派单"), opened.assigned_at),
        (rules.State.FIXING, _("受理整改"), opened.accepted_at),
        (rules.State.CHECKING, _("复查"), opened.submitted_at),
        (rules.State.CLOSED, _("办结"), opened.closed_at),
    ]
    if opened.state in ("merged", "void"):
        # It ended on the way: only what was really done is ticked.
        return [{"label": label, "at": at, "state": "done" if at else "later"} for _state, label, at in order]
    here = {"reported": 1, "returned": 1, "assigned": 2, "fixing": 2, "checking": 3, "closed": 5}[
        opened.state
    ]
    return [
        {
            "label": label,
            "at": at if n < here or n == 0 else None,
            "state": "done" if n < here else "now" if n == here else "later",
        }
        for n, (_state, label, at) in enumerate(order)
    ]


@require_POST
@power("cases.see")
def step(request: HttpRequest, case_id: int, act: str) -> HttpResponse:
    """Take one step; a refusal comes back beside its button with everything that was typed."""
    handler = request.POST.get("handler", "")
    try:
        services.take_step(
            case_id=case_id,
            act=act,
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            note=request.POST.get("note", ""),
            handler_id=whole(handler),
            uploads=[services.Upload(f) for f in request.FILES.getlist("uploads")],
            insist=bool(request.POST.get("insist")),
            key=request.POST.get("request_key", ""),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _case_page(request, case_id, refusal=refusal, act=act, status=refusal.status)
    return _done(request, case_id, _("已办理。"))


def _done(request: HttpRequest, case_id: int, said: str) -> HttpResponse:
    """Go back to the case, or to the desk when the act has taken the case out of the actor's sight (退单)."""
    messages.success(request, said)
    try:
        queries.get(request.actor, case_id)  # type: ignore[attr-defined]
    except NotFound:
        messages.info(request, _("此件已转出本单位，不在您的可见范围内了。"))
        return redirect("console:home")
    return redirect("console:case", case_id)


def _acted(request: HttpRequest, case_id: int, done: Callable[[], Any], said: str) -> HttpResponse:
    """Run a verb for a case page and say what happened, or show the refusal on the same page."""
    try:
        done()
    except NotFound:
        raise
    except Refusal as refusal:
        return _case_page(request, case_id, refusal=refusal, status=refusal.status)
    return _done(request, case_id, said)


@require_POST
@power("cases.see")
def ask_term(request: HttpRequest, case_id: int) -> HttpResponse:
    """Ask for an extension or a suspension."""
    kind = "suspend" if request.POST.get("kind") == "suspend" else "extend"
    days = request.POST.get("days", "")
    return _acted(
        request,
        case_id,
        lambda: supervision.ask_term(
            case_id=case_id,
            kind=kind,
            days=whole(days),
            reason=request.POST.get("reason", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("申请已提交，等待审批。"),
    )


@require_POST
@power("cases.approve")
def decide_term(request: HttpRequest, request_id: int) -> HttpResponse:
    """Grant or refuse a request for more time."""
    asked = TermRequest.objects.filter(pk=request_id).first()
    if asked is None:
        raise NotFound(_("没有找到这份申请。"))
    return _acted(
        request,
        asked.case_id,
        lambda: supervision.decide_term(
            request_id=request_id,
            granted=request.POST.get("decide") == "grant",
            decision=request.POST.get("decision", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("已审批。"),
    )


@require_POST
@power("cases.see")
def resume(request: HttpRequest, case_id: int) -> HttpResponse:
    """Let a suspended case go on."""
    return _acted(
        request,
        case_id,
        lambda: supervision.resume(
            case_id=case_id,
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            note=request.POST.get("note", ""),
            key=request.POST.get("request_key", ""),
        ),
        _("已恢复办理，期限按剩余时间顺延。"),
    )


@require_POST
@power("cases.urge")
def urge(request: HttpRequest, case_id: int) -> HttpResponse:
    """Urge the office whose turn it is, or put the case under supervision."""
    supervise = request.POST.get("act") == "supervise"
    return _acted(
        request,
        case_id,
        lambda: supervision.urge(
            case_id=case_id,
            supervise=supervise,
            note=request.POST.get("note", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("已发出督办。") if supervise else _("已催办。"),
    )


@require_POST
@power("cases.merge")
def merge(request: HttpRequest, case_id: int) -> HttpResponse:
    """Fold this case into another."""
    into = request.POST.get("into", "")
    into_id = whole(into[8:] if len(into) >= 15 and into.isdecimal() else into) or 0
    return _acted(
        request,
        case_id,
        lambda: supervision.merge(
            into_id=into_id,
            case_id=case_id,
            reason=request.POST.get("note", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("已并案；发现不是同一件事的，可以在本页取消。"),
    )


@require_POST
@power("cases.merge")
def unmerge(request: HttpRequest, case_id: int) -> HttpResponse:
    """Undo a merge."""
    return _acted(
        request,
        case_id,
        lambda: supervision.unmerge(
            case_id=case_id,
            reason=request.POST.get("note", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("已取消并案，恢复单独办理。"),
    )


@require_POST
@power("cases.merge")
def split(request: HttpRequest, case_id: int) -> HttpResponse:
    """Split off child cases with chosen evidence."""
    filled = zip(request.POST.getlist("class_code"), request.POST.getlist("text"), strict=False)
    parts = [
        supervision.Part(
            code,
            text.strip(),
            [pk for chosen in request.POST.getlist(f"evidence-{n}") if (pk := whole(chosen))],
        )
        for n, (code, text) in enumerate(filled, start=1)
        if code or text.strip()
    ]
    return _acted(
        request,
        case_id,
        lambda: supervision.split(
            case_id=case_id,
            parts=parts,
            by=request.actor,  # type: ignore[attr-defined]
            at=timezone.now(),
            key=request.POST.get("request_key", ""),
        ),
        _("已拆分，子件分别派单办理。"),
    )


@power("access.audit", "cases.unseal")
def who(request: HttpRequest, case_id: int) -> HttpResponse:
    """Answer "who can see this case, and why?"."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    opened = queries.get(actor, case_id)
    answers = access.who_can_see(opened, power="cases.see", at=at)
    return render(request, "console/who.html", {"case": opened, "answers": answers})


@require_POST
@power("cases.unseal")
def unseal(request: HttpRequest, report_id: int) -> HttpResponse:
    """Open a reporter's identity, once, with a reason; the page is not kept by the browser."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    case_id = Report.objects.filter(pk=report_id).values_list("case_id", flat=True).first() or 0
    try:
        identity = supervision.unseal(
            report_id=report_id, reason=request.POST.get("reason", ""), by=actor, at=at
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _case_page(request, case_id, refusal=refusal, status=refusal.status)
    context = {"identity": identity, "case": queries.get(actor, case_id)}
    response = render(request, "console/unsealed.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@power("cases.see")
def read_notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Sign for a notice."""
    made = supervision.read_notice(notice_id=notice_id, by=request.actor, at=timezone.now())  # type: ignore[attr-defined]
    return redirect("console:case", made.case_id)


@power("cases.urge", "cases.supervise")
def escalations(request: HttpRequest) -> HttpResponse:
    """Show what has climbed the ladder, the highest rung first."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    rows = queries.escalations(actor, at=at)
    context = {
        "rows": [_row(c, actor, at) for c in rows],
        "rungs": _rungs(),
        "clock_labels": rules.CLOCK_LABELS,
        "now": at,
        "orphans": queries.ownerless_notices(actor),
    }
    return render(request, "console/escalations.html", context)


def _rungs() -> dict[int, str]:
    return {1: _("街道"), 2: _("县区"), 3: _("市级"), 4: _("值班员")}


@power("cases.report")
def new(request: HttpRequest) -> HttpResponse:
    """File a complaint or hazard for somebody who called or came to the counter."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    day = timezone.localdate(at)
    data = request.POST if request.method == "POST" else None
    form = ReportForm(data, request.FILES or None, day=day)
    reach = access.visible(Estate, to=actor, power="cases.report").select_related("area")
    areas = access.visible(Area, to=actor, power="cases.report").filter(level__gte=Area.Level.STREET)
    asked = request.POST if request.method == "POST" else request.GET
    estate = reach.filter(pk=whole(asked.get("estate"))).first()
    area = None if estate else areas.filter(pk=whole(asked.get("area"))).first()
    found, found_areas = None, None
    text = request.GET.get("q", "").strip()
    if text:
        found = list(places.search_estates(text, among=reach, limit=20))
        # A street shop or a village lane lies in no estate; its community is place enough.
        found_areas = list(places.search_areas(text, among=areas, limit=8))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.report(
                kind="hazard"
                if form.cleaned_data["class_code"] in catalogue.classes("hazard", on=day)
                else "complaint",
                class_code=form.cleaned_data["class_code"],
                text=form.cleaned_data["text"],
                place=form.cleaned_data["place"],
                estate=estate,
                area=area,
                reporter=services.Reporter(name=form.cleaned_data["name"], phone=form.cleaned_data["phone"]),
                uploads=[services.Upload(f) for f in request.FILES.getlist("uploads")],
                channel="staff",
                by=actor,
                at=at,
                key=request.POST.get("request_key", ""),
            )
        except NotFound:
            raise
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            code = made.reports.values_list("code", flat=True).first()
            messages.success(
                request,
                _("已登记 %(number)s，请告诉来电人查询码：%(code)s。")
                % {"number": made.number, "code": code},
            )
            return redirect("console:case", made.pk)
    context = {
        "form": form,
        "estate": estate,
        "area": area,
        "found": found,
        "found_areas": found_areas,
        "text": text,
    }
    return render(request, "console/new.html", context, status=422 if form.is_bound and form.errors else 200)


# ------------------------------------------------------------------------------------------------------- the map


@power("cases.see")
def city_map(request: HttpRequest) -> HttpResponse:
    """Show open cases on the city's counties, with the same figures as a list; choosing one goes down a level."""
    actor = request.actor  # type: ignore[attr-defined]
    area = Area.objects.filter(pk=whole(request.GET.get("area"))).first()
    above = [area.county, area.street] if area is not None else []
    context = {
        "rows": queries.map_rows(actor, area, at=timezone.now()),
        "area": area,
        "above": [one for one in above if one is not None and one != area],
    }
    return render(request, "console/map.html", context)


@power("cases.see")
def map_areas(request: HttpRequest) -> HttpResponse:
    """Answer the county polygons with the number of open cases in the actor's reach (GeoJSON, CGCS2000)."""
    actor = request.actor  # type: ignore[attr-defined]
    area = Area.objects.filter(pk=whole(request.GET.get("area"))).first()
    rows = {row["division_code"]: row for row in queries.map_rows(actor, None, at=timezone.now())}
    most = max((row["open"] for row in rows.values()), default=0) or 1
    features = []
    for feature in boundaries.collection()["features"]:
        row = rows.get(feature["properties"]["code"])
        if area is not None and (row is None or row["id"] != (area.county_id or area.pk)):
            continue
        properties: dict[str, Any] = {
            "id": feature["properties"]["code"],
            "name": feature["properties"]["name"],
        }
        if row is not None:
            tone = 1 + min(4, 5 * row["open"] // (most + 1)) if row["open"] else 0
            tone = 0 if area is not None else tone  # pale below the points
            properties |= {
                "id": row["id"],
                "value": row["open"],
                "text": _("未办结 %(n)d 件，超期 %(late)d 件") % {"n": row["open"], "late": row["overdue"]},
                "url": f"{reverse('console:map')}?area={row['id']}",
                "tone": str(tone) if tone else "",
            }
        features.append({**feature, "properties": properties})
    return JsonResponse(
        {"type": "FeatureCollection", "features": features}, json_dumps_params={"ensure_ascii": False}
    )


def _point_of(cases: list[Case], at: datetime) -> dict[str, Any]:
    """Draw the open cases of one estate as one point: points upon each other could not be told apart or chosen."""
    first, late = cases[0], sum(case.is_overdue(at) for case in cases)
    if len(cases) == 1:
        told = {
            "name": f"{first.estate or ''} {catalogue.label(first.kind, first.class_code)}",
            "text": str(first.state_label),
            "url": reverse("console:case", args=[first.pk]),
        }
    else:
        told = {
            "name": str(first.estate),
            "text": _("未办结 %(n)d 件，超期 %(late)d 件") % {"n": len(cases), "late": late},
            "url": f"{reverse('console:cases')}?{_encode(open='1', order='due', estate=str(first.estate_id))}",
        }
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [first.longitude, first.latitude]},
        "properties": {**told, "tone": "danger" if late else "active"},
    }


@power("cases.see")
def map_points(request: HttpRequest) -> HttpResponse:
    """Answer the open cases with a point inside one area, one point for an estate, as GeoJSON; at most 2,000 cases."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    area = Area.objects.filter(pk=whole(request.GET.get("area"))).first()
    together: dict[Any, list[Case]] = {}
    for found in queries.points(actor, area, at=at):
        together.setdefault(found.estate_id or f"case {found.pk}", []).append(found)
    # The overdue ones last: what is drawn last lies on top.
    features = sorted(
        (_point_of(cases, at) for cases in together.values()),
        key=lambda feature: feature["properties"]["tone"] == "danger",
    )
    return JsonResponse(
        {"type": "FeatureCollection", "features": features}, json_dumps_params={"ensure_ascii": False}
    )


# -------------------------------------------------------------------------------------- calendar, journal and jobs


@power("calendar.edit")
def calendar_page(request: HttpRequest) -> HttpResponse:
    """Show the calendar's years, confirmed or provisional, and their exceptional days."""
    asked = whole(request.GET.get("year")) or 0
    year = asked if 1900 < asked < 2200 else timezone.localdate().year
    context = {
        "years": CalendarYear.objects.order_by("year"),
        "year": year,
        "chosen": CalendarYear.objects.filter(year=year).first(),
        "days": CalendarDay.objects.filter(date__year=year).order_by("date"),
    }
    return render(request, "console/calendar.html", context)


@require_POST
@power("calendar.edit")
def confirm_year(request: HttpRequest) -> HttpResponse:
    """Confirm a year with the days of the State Council's notice; open deadlines are worked out again."""
    year = whole(request.POST.get("year")) or 0
    if not 2000 <= year < 2200:
        raise Refusal(_("请填写四位数的年份，如 2027。"), field="year")
    calendar.confirm_year(
        year=year,
        exceptions=read_days(request.POST.get("days", "")),
        source=request.POST.get("source", ""),
        by=request.actor,  # type: ignore[attr-defined]
        at=timezone.now(),
    )
    messages.success(request, _("%(year)d 年日历已确认，未办结事项的期限已重新计算并记录。") % {"year": year})
    return redirect(f"{reverse('console:calendar')}?year={year}")


@require_POST
@power("calendar.edit")
def edit_day(request: HttpRequest) -> HttpResponse:
    """Make one day a workday or a day off, or what its weekday says; open deadlines are worked out again."""
    found = read_days(f"{request.POST.get('date', '')} {request.POST.get('kind', '')}", plain=True)
    if len(found) != 1:
        raise Refusal(_("请选择一个日期。"), field="date")
    day = found[0]
    calendar.edit_day(
        day=day.date,
        is_workday=None if request.POST.get("kind") == "plain" else day.is_workday,
        name=request.POST.get("name", ""),
        source=request.POST.get("source", ""),
        by=request.actor,  # type: ignore[attr-defined]
        at=timezone.now(),
    )
    messages.success(
        request, _("%(day)s 已更改，未办结事项的期限已重新计算并记录。") % {"day": day.date.isoformat()}
    )
    return redirect(f"{reverse('console:calendar')}?year={day.date.year}")


@power("journal.see")
def journal_page(request: HttpRequest) -> HttpResponse:
    """Show the newest events of the journal, narrowed by name or person."""
    found = Event.objects.order_by("-id")
    if name := request.GET.get("name", "").strip():
        found = found.filter(name__startswith=name)
    if text := request.GET.get("q", "").strip():
        found = found.filter(actor_name=text)
    before = whole(request.GET.get("before"))
    if before:
        found = found.filter(pk__lt=before)
    rows = list(found[:100])
    context = {
        "rows": [told(e) for e in rows],
        "next": rows[-1].pk if len(rows) == 100 else None,
        "name": name,
        "text": text,
    }
    return render(request, "console/journal.html", context)


@signed_in
def job(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show how far one's own long job is (an htmx poll gets the bar alone)."""
    found = JobProgress.objects.filter(pk=job_id, owner_id=request.actor.account_id).first()  # type: ignore[attr-defined]
    if found is None:
        raise NotFound(_("没有找到这个任务。"))
    template = "console/job_bar.html" if request.headers.get("hx-request") else "console/job.html"
    return render(request, template, {"job": found})


@require_POST
@signed_in
def cancel_job(request: HttpRequest, job_id: int) -> HttpResponse:
    """Ask a long job to stop."""
    mine = JobProgress.objects.filter(pk=job_id, owner_id=request.actor.account_id)  # type: ignore[attr-defined]
    if not mine.update(cancel_asked=True):
        raise NotFound(_("没有找到这个任务。"))
    return redirect("console:job", job_id)
