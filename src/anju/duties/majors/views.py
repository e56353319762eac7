"""Pages of major fire hazards."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.duties.cases import queries as case_queries
from anju.duties.cases.queries import catalogue
from anju.ground.access.guards import power
from anju.ground.foundation import journal
from anju.ground.foundation.asked import whole
from anju.ground.foundation.citations import cite
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.means.documents.queries import documents_of

from . import queries, rules, services
from .forms import TYPED, ProposeForm, StepForm, experts

PAGE = 50
TONES = {
    "proposed": "warn",
    "panel": "wait",
    "decided": "danger",
    "dismissed": "quiet",
    "listed": "danger",
    "removed": "done",
}


@power("majors.see")
def majors(request: HttpRequest) -> HttpResponse:
    """List the major hazards in reach, open ones first asked for."""
    actor, today = request.actor, timezone.localdate()  # type: ignore[attr-defined]
    state = request.GET.get("state", "open")
    page = Paginator(queries.listing(actor, state=state), PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "major": one,
            "pk": one.pk,
            "label": catalogue.label(one.case.kind, one.case.class_code),
            "due": (due := queries.due_of(one)),
            "late": due is not None and due < today,
            "tone": "overdue" if due is not None and due < today else "",
        }
        for one in page
    ]
    context = {"page": page, "rows": rows, "state": state, "labels": rules.STATE_LABELS, "tones": TONES}
    return render(request, "majors/majors.html", context)


@power("majors.see")
def major_page(request: HttpRequest, major_id: int) -> HttpResponse:
    """Show one major hazard: by which edition and criteria, who decided, what is due."""
    return _major(request, major_id)


def _major(
    request: HttpRequest, major_id: int, *, refusal: Refusal | None = None, act: str = "", status: int = 200
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get(actor, major_id)
    book = queries.book_of(found)
    steps = queries.buttons(actor, found)
    events = journal.events_of(found)
    proposed = next((e for e in events if e.name == "majors.propose"), None)
    place = str(proposed.data.get("place", "")) if proposed else ""
    context = {
        "m": found,
        "label": catalogue.label(found.case.kind, found.case.class_code),
        "state_label": rules.STATE_LABELS[found.state],
        "tone": TONES[found.state],
        "book": book,
        "judged": rules.judge(book, place=place, criteria=found.criteria),
        "criteria": rules.names(book, found.criteria),
        "place": next((_named(e) for e in book["places"] if e["key"] == place), ""),
        "steps": [
            {
                "act": s.act,
                "label": str(s.label),
                "tone": s.tone,
                "note": s.note if s.act != "notify" else "none",
            }
            for s in steps
        ],
        "urls": {s.act: reverse("majors:step", args=[major_id, s.act]) for s in steps},
        "forms": {
            s.act: StepForm(
                request.POST if s.act == act and request.method == "POST" else None,
                act=s.act,
                note_required=s.note == "required",
            )
            for s in steps
        },
        "open_act": act,
        "refusal": str(refusal) if refusal else "",
        "due": queries.due_of(found),
        "today": timezone.localdate(),
        "papers": documents_of(found),
        "sees_case": actor.has("cases.see") and _sees_case(actor, found.case_id),
        "basis": cite(book["basis"]),
        "events": [_told(e) for e in reversed(events)],
    }
    return render(request, "majors/major.html", context, status=status)


def _sees_case(actor: Any, case_id: int) -> bool:
    try:
        case_queries.get(actor, case_id)
    except NotFound:
        return False
    return True


def _named(entry: dict[str, Any]) -> str:
    return str(entry["name_en"] if (get_language() or "").startswith("en") else entry["name"])


def _told(event: Any) -> dict[str, Any]:
    words = {
        "propose": (_("提请认定"), "active"),
        "panel": (_("专家论证"), "active"),
        "decide": (_("认定为重大火灾隐患"), "danger"),
        "dismiss": (_("不予认定"), "quiet"),
        "notify": (_("制发整改通知书"), "active"),
        "list": (_("挂牌督办"), "danger"),
        "remove": (_("销案"), "done"),
        "moved": (_("工作日历变更，期限重算"), "warn"),
    }
    title, tone = words.get(event.name.removeprefix("majors."), (event.name, "quiet"))
    return {
        "at": event.at,
        "title": title,
        "tone": tone,
        "actor": event.actor_name,
        "post": event.actor_post,
        "note": event.note,
        "basis": cite(event.basis) if event.basis else "",
    }


@power("majors.judge")
def major_new(request: HttpRequest) -> HttpResponse:
    """Propose a hazard (`?case=`) by the edition in force today."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    case = case_queries.get(actor, whole(request.GET.get("case")) or 0)
    book = queries.book_on(timezone.localdate())
    form = ProposeForm(request.POST or None, book=book)
    refusal: Refusal | None = None
    given = request.POST
    if request.method == "POST" and form.is_valid():
        try:
            made = services.propose(
                case_id=case.pk,
                place=form.cleaned_data["place"],
                criteria=_criteria(given, book),
                note=form.cleaned_data["note"],
                by=actor,
                at=at,
                key=given.get("request_key", ""),
            )
        except NotFound:
            raise
        except Refusal as found:
            refusal = found
        else:
            messages.success(request, _("已提请认定，请在期限内集体讨论决定。"))
            return redirect("majors:major", made.pk)
    english = (get_language() or "").startswith("en")
    context = {
        "case": case,
        "label": catalogue.label(case.kind, case.class_code),
        "book": book,
        "form": form,
        "refusal": refusal,
        "direct": [
            {"code": e["code"], "label": f"{e['code']} {e['name_en'] if english else e['name']}",
             "chosen": e["code"] in given.getlist("direct")}
            for e in book["direct"]
        ],
        "groups": [
            {"code": e["code"], "label": f"{e['code']} {e['name_en'] if english else e['name']}",
             "value": given.get(f"group-{e['code']}", "")}
            for e in book["composite"]
        ],
        "typed": [
            {"n": n, "code": given.get(f"code-{n}", ""), "text": given.get(f"text-{n}", "")}
            for n in range(1, TYPED + 1)
        ] if book.get("typed") else [],
    }  # fmt: skip
    return render(request, "majors/new.html", context, status=422 if request.method == "POST" else 200)


def _criteria(given: Any, book: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the ticked criteria, the counted groups and the typed clauses of a form."""
    read: list[dict[str, Any]] = [{"code": code, "met": 1} for code in given.getlist("direct")]
    read += [
        {"code": entry["code"], "met": whole(given.get(f"group-{entry['code']}", "")) or 0}
        for entry in book["composite"]
    ]
    read += [
        {"code": given.get(f"code-{n}", ""), "met": 1, "note": given.get(f"text-{n}", "")}
        for n in range(1, TYPED + 1)
        if given.get(f"code-{n}", "").strip()
    ]
    return read


@require_POST
@power("majors.judge", "majors.list")
def major_step(request: HttpRequest, major_id: int, act: str) -> HttpResponse:
    """Take one step of a major hazard."""
    given = request.POST
    actor = request.actor  # type: ignore[attr-defined]
    note_required = next((s.note == "required" for s in rules.STEPS if s.act == act), False)
    form = StepForm(given, act=act, note_required=note_required)
    if not form.is_valid():
        return _major(request, major_id, act=act, status=422)
    try:
        services.take_step(
            major_id=major_id,
            act=act,
            by=actor,
            at=timezone.now(),
            note=form.cleaned_data.get("note", ""),
            panel=experts(form.cleaned_data.get("panel", "")),
            due_on=form.cleaned_data.get("due_on"),
            measures=form.cleaned_data.get("measures", "").splitlines(),
            key=given.get("request_key", ""),
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return _major(request, major_id, refusal=refusal, act=act, status=refusal.status)
    messages.success(request, _("已办理。"))
    return redirect("majors:major", major_id)
