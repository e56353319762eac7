"""One case: its page, its steps, and what comes from above and beside it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST, require_safe

from anju.ground.access import services as access
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms, beside, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.territory import queries as places
from anju.ground.territory.models import Area, Estate

from .. import pages, queries, rules, services
from ..models import Case, Report, TermRequest
from ..queries import catalogue, public
from ..queries import evidence as evidence_room
from ..services import LOOP


@require_safe
@power("cases.see")
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case whole: what it is, what is due and why, what may be done now, and its story."""
    return _case_page(request, case_id)


def _case_page(
    request: HttpRequest, case_id: int, *, refusal: Refusal | None = None, act: str = ""
) -> HttpResponse:
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    found = queries.dossier(actor, case_id, at=at)
    opened = found.case
    mine = opened.desk_id in actor.organisation_ids
    # Whoever is to put it right does not look at the place in somebody else's stead.
    elsewhere = rules.ELSEWHERE | ({"verify"} if opened.handler_id in actor.organisation_ids else set())
    acts = act_forms.buttons(request, LOOP, opened, "cases:step", at=at, act=act, refusal=refusal)
    possible = {one.act for one in acts.steps}
    beside_photos = [one for one in acts.steps if one.act == "annotate"]
    acts.steps[:] = [one for one in acts.steps if one.act not in elsewhere]
    if (handing := acts.forms.get("assign")) is not None:
        handing.fields["handler_id"].initial = opened.handler_id
    if (publishing := acts.forms.get("publish")) is not None:
        publishing.fields["wording"].initial = opened.public_text or public.masked(
            opened.closing_text, opened, on=timezone.localdate()
        )
    if act in acts.forms and request.FILES and "uploads" in acts.forms[act].fields:
        acts.forms[act].fields["uploads"].help_text = _("刚才没有提交成功，照片要重新选一次。")
    if (closing := acts.forms.get("close")) is not None:
        waiting = evidence_room.unanswered(opened)
        said = evidence_room.doubts_said(waiting, opened, actor)
        closing.fields["about_photos"].help_text = "".join(said)
        closing.fields["about_photos"].required = True
        # The photos that the checker brings may be doubted, too: then the refusal asks.
        if (
            not waiting
            and not request.POST.get("about_photos")
            and getattr(refusal, "field", "") != "about_photos"
        ):
            del closing.fields["about_photos"]
    gallery = evidence_room.gallery(opened, actor)
    clock = next((c for c in found.clocks if c.stopped_at is None and c.kind == opened.due_clock), None)
    context = {
        "d": found,
        "case": opened,
        "label": catalogue.label(opened.kind, opened.class_code),
        "tone": LOOP.moods[opened.state],
        "acts": acts,
        "additions": act_forms.Buttons(beside_photos, acts.forms, acts.urls, act),
        "possible": possible,
        "hints": pages.hints(found),
        "phrases": pages.phrases(timezone.localdate(at)),
        "clock": clock,
        "clock_labels": rules.CLOCK_LABELS,
        "gallery": gallery,
        "pictures": {photo.id: photo.thumb_url for photo in (*gallery.before, *gallery.after)},
        "events": [story.told(event) for event in reversed(found.events)],
        "stages": pages.stages(opened),
        "likely": []
        if "merge" not in possible
        else queries.duplicates(
            actor,
            kind=opened.kind,
            class_code=opened.class_code,
            text=opened.text,
            place=opened.place,
            photos=[e.file for e in found.evidence if e.shows == "before" and e.file.is_image],
            street_id=opened.street_id,
            estate_id=opened.estate_id,
            longitude=opened.longitude,
            latitude=opened.latitude,
            besides=[opened.pk, opened.parent_id or 0, *(child.pk for child in found.children)],
            at=at,
        ),
        "twin": (twin := request.GET.get("twin", "").strip()[:60]),
        "twins": queries.mergeable(actor, opened, twin) if twin and "merge" in possible else [],
        "beside": beside.of(request, opened),
        "may_audit": actor.has("access.audit"),
        "mine": mine,
        "classes": pages.class_options() if "split" in possible else [],
        "satisfaction": rules.SATISFACTION_LABELS,
        "states": rules.STATE_LABELS,
        "now": at,
    }
    return render(request, "cases/case.html", context, status=refusal.status if refusal else 200)


_DONE = {
    **{act: lazy("已办理。") for act in rules.ON_THE_WAY},
    "ask_term": lazy("申请已提交，等待审批。"),
    "resume": lazy("已恢复办理，期限按剩余时间顺延。"),
    "urge": lazy("已催办。"),
    "supervise": lazy("已发出督办。"),
    "unmerge": lazy("已取消并案，恢复单独办理。"),
    "annotate": lazy("已补充。"),
    "recall": lazy("已撤回派单，请重新派单。"),
    "publish": lazy("已公开，居民可以在“办结公示”里看到。"),
    "withdraw": lazy("已从公示中撤下。"),
    "undo": lazy("已撤销，此件回到上一步之前。"),
}


@require_POST
@power("cases.see")
@writes(*(f"cases.{act}" for act in _DONE))
def step(request: HttpRequest, case_id: int, act: str) -> HttpResponse:
    """Do the act whose button was pressed; a refusal comes back beside it with everything that was typed."""
    if act not in _DONE:
        raise NotFound(_("没有找到这个页面。"))
    return _acted(
        request, case_id, lambda: act_forms.press(request, LOOP, act, case_id), str(_DONE[act]), act=act
    )


def _acted(
    request: HttpRequest, case_id: int, do: Callable[[], Any], said: str, *, act: str = ""
) -> HttpResponse:
    """Do an act and go back to the case, or to the desk when the act has taken the case out of sight (退单)."""
    try:
        do()
    except NotFound:
        raise
    except Refusal as refusal:
        return _case_page(request, case_id, refusal=refusal, act=act)
    messages.success(request, said)
    try:
        queries.get(request.actor, case_id)  # type: ignore[attr-defined]
    except NotFound:
        messages.info(request, _("此件已转出本单位，不在您的可见范围内了。"))
        return redirect("console:home")
    return redirect("cases:case", case_id)


@power("cases.see")
@writes("cases.correct")
def correct(request: HttpRequest, case_id: int) -> HttpResponse:
    """Correct what was filed; another estate or community is searched first."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    opened = queries.get(actor, case_id)
    if all(one.act != "correct" for one in LOOP.possible(opened, by=actor, at=at)):
        raise NotFound(_("没有找到这个页面。"))
    refusal = None
    if request.method == "POST":
        try:
            act_forms.press(request, LOOP, "correct", case_id)
        except Refusal as refused:
            refusal = refused
        else:
            messages.success(request, _("已更正，原来的内容留在办理经过里。"))
            try:
                queries.get(actor, case_id)
            except NotFound:
                messages.info(request, _("此件已转出本单位，不在您的可见范围内了。"))
                return redirect("console:home")
            return redirect("cases:case", case_id)
    asked = request.POST or request.GET
    text = request.GET.get("q", "").strip()[:40]
    estates = access.visible(Estate, to=actor, power="cases.see").select_related("area")
    areas = access.visible(Area, to=actor, power="cases.see").filter(level__gte=Area.Level.STREET)
    context = {
        "case": opened,
        "label": catalogue.label(opened.kind, opened.class_code),
        "classes": pages.leaf_options(timezone.localdate(opened.reported_at)),
        "severities": [(key, str(words)) for key, words in rules.SEVERITY_LABELS.items()],
        "estate": estates.filter(pk=whole(asked.get("estate_id"))).first(),
        "area": areas.filter(pk=whole(asked.get("area_id"))).first(),
        "found": list(places.search_estates(text, among=estates, limit=20)) if text else None,
        "found_areas": list(places.search_areas(text, among=areas, limit=8)) if text else None,
        "text": text,
        "typed": asked,
        "drawn_from": request.POST.get("drawn_from") or queries.drawn_from(opened),
        "refusal": refusal,
        "closed": not opened.is_open,
    }
    return render(request, "cases/correct.html", context, status=refusal.status if refusal else 200)


@require_POST
@power("cases.approve")
@writes("cases.decide_term")
def decide_term(request: HttpRequest, request_id: int) -> HttpResponse:
    """Grant or refuse a request for more time."""
    asked = TermRequest.objects.filter(pk=request_id).first()
    if asked is None:
        raise NotFound(_("没有找到这份申请。"))
    granted = request.POST.get("decide") == "grant"
    return _acted(
        request,
        asked.case_id,
        lambda: act_forms.press(request, LOOP, "decide_term", request_id, granted=granted),
        _("已审批。"),
    )


@require_POST
@power("cases.merge")
@writes("cases.merge")
def merge(request: HttpRequest, case_id: int) -> HttpResponse:
    """Fold this case into another, named by its number or its key."""
    into = request.POST.get("into", "")
    into_id = whole(into[8:] if len(into) >= 15 and into.isdecimal() else into) or 0
    return _acted(
        request,
        case_id,
        lambda: act_forms.press(request, LOOP, "merge", case_id, into_id=into_id),
        _("已并案；发现不是同一件事的，可以在本页取消。"),
    )


@require_POST
@power("cases.merge")
@writes("cases.split")
def split(request: HttpRequest, case_id: int) -> HttpResponse:
    """Split off child cases with chosen evidence."""
    filled = zip(request.POST.getlist("class_code"), request.POST.getlist("text"), strict=False)
    parts = [
        services.Part(
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
        lambda: act_forms.press(request, LOOP, "split", case_id, parts=parts),
        _("已拆分，子件分别派单办理。"),
    )


@require_safe
@power("access.audit", "cases.unseal")
def who(request: HttpRequest, case_id: int) -> HttpResponse:
    """Answer "who can see this case, and why?"."""
    actor = request.actor  # type: ignore[attr-defined]
    # Whoever audits asks of any case within reach, also of those that they may not read.
    asked = [access.visible_q(Case, to=actor, power=one) for one in ("cases.see", "access.audit")]
    found = Case.objects.filter(asked[0] | asked[1], pk=case_id).defer("search").first()
    if found is None:
        raise NotFound(_("没有找到这件事项，可能编号有误，或不在您的管辖范围。"))
    answers = access.who_can_see(found, power="cases.see", at=timezone.now())
    may_read = access.visible(Case, to=actor, power="cases.see").filter(pk=found.pk).exists()
    return render(request, "cases/who.html", {"case": found, "answers": answers, "may_read": may_read})


@require_safe
@power("access.audit", "cases.unseal")
def audit(request: HttpRequest) -> HttpResponse:
    """Ask for a case's number, and go to who can see it."""
    text = "".join(request.GET.get("q", "").split())
    if case_id := queries.case_id_of(text):
        return redirect("cases:who", case_id)
    return render(request, "cases/audit.html", {"text": text})


@require_POST
@power("cases.unseal")
@writes("cases.unseal")
def unseal(request: HttpRequest, report_id: int) -> HttpResponse:
    """Open a reporter's identity, once, with a reason; the page is not kept by the browser."""
    case_id = Report.objects.filter(pk=report_id).values_list("case_id", flat=True).first() or 0
    try:
        made = act_forms.press(request, LOOP, "unseal", report_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return _case_page(request, case_id, refusal=refusal)
    context = {"identity": made.opened, "case": queries.get(request.actor, case_id)}  # type: ignore[attr-defined]
    response = render(request, "cases/unsealed.html", context)
    response["Cache-Control"] = "no-store"
    return response
