"""Pages of major fire hazards."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.duties.cases import queries as case_queries
from anju.duties.cases.queries import catalogue
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms, journal, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.citations import cite
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.means.documents.queries import documents_of

from . import queries, rules
from .services import LOOP, propose

PAGE = 50
TYPED = 6


@require_safe
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
    context = {
        "page": page,
        "rows": rows,
        "state": state,
        "labels": rules.STATE_LABELS,
        "tones": rules.STATE_MOODS,
    }
    return render(request, "majors/majors.html", context)


@require_safe
@power("majors.see")
def major_page(request: HttpRequest, major_id: int) -> HttpResponse:
    """Show one major hazard: by which edition and criteria, who decided, what is due."""
    return _major(request, major_id)


def _major(
    request: HttpRequest, major_id: int, *, act: str = "", refusal: Refusal | None = None
) -> HttpResponse:
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    found = queries.get(actor, major_id)
    book = queries.book_of(found)
    place = next((entry for entry in book["places"] if entry["key"] == found.place_kind), None)
    context = {
        "m": found,
        "label": catalogue.label(found.case.kind, found.case.class_code),
        "state_label": rules.STATE_LABELS[found.state],
        "tone": rules.STATE_MOODS[found.state],
        "book": book,
        "judged": rules.judge(book, place=found.place_kind, criteria=found.criteria),
        "criteria": rules.names(book, found.criteria),
        "place": queries.in_language(place) if place else "",
        "acts": act_forms.buttons(request, LOOP, found, "majors:step", at=at, act=act, refusal=refusal),
        "due": queries.due_of(found),
        "today": timezone.localdate(at),
        "papers": documents_of(found),
        "sees_case": actor.has("cases.see") and _sees_case(actor, found.case_id),
        "basis": cite(book["basis"]),
        "events": [story.told(event) for event in reversed(journal.events_of(found))],
    }
    return render(request, "majors/major.html", context, status=refusal.status if refusal else 200)


def _sees_case(actor: Any, case_id: int) -> bool:
    try:
        case_queries.get(actor, case_id)
    except NotFound:
        return False
    return True


@power("majors.judge")
@writes("majors.propose")
def major_new(request: HttpRequest) -> HttpResponse:
    """Propose a hazard (`?case=`) by the edition in force today."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    case = case_queries.get(actor, whole(request.GET.get("case")) or 0)
    book, given = queries.book_on(timezone.localdate(at)), request.POST
    made, refusal = act_forms.filed(request, propose, case_id=case.pk, criteria=_criteria(given, book))
    if made is not None:
        messages.success(request, _("已提请认定，请在期限内集体讨论决定。"))
        return redirect("majors:major", made.pk)
    form = act_forms.ActForm(LOOP, propose.steps[0], None, by=actor, at=at, data=given if refusal else None)
    beside = refusal is not None and act_forms.refused(form, refusal)
    context = {
        "case": case,
        "label": catalogue.label(case.kind, case.class_code),
        "book": book,
        "form": form,
        "refusal": None if beside else refusal,
        "direct": [
            {"code": entry["code"], "label": f"{entry['code']} {queries.in_language(entry)}",
             "chosen": entry["code"] in given.getlist("direct")}
            for entry in book["direct"]
        ],
        "groups": [
            {"code": entry["code"], "label": f"{entry['code']} {queries.in_language(entry)}",
             "value": given.get(f"group-{entry['code']}", "")}
            for entry in book["composite"]
        ],
        "typed": [
            {"n": n, "code": given.get(f"code-{n}", ""), "text": given.get(f"text-{n}", "")}
            for n in range(1, TYPED + 1)
        ] if book.get("typed") else [],
    }  # fmt: skip
    return render(request, "majors/new.html", context, status=refusal.status if refusal else 200)


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
@writes(*(f"majors.{step.act}" for step in rules.STEPS if step.pressed))
def major_step(request: HttpRequest, major_id: int, act: str) -> HttpResponse:
    """Take one step of a major hazard."""
    if refusal := act_forms.pressed(request, LOOP, act, major_id):
        return _major(request, major_id, act=act, refusal=refusal)
    messages.success(request, _("已办理。"))
    return redirect("majors:major", major_id)
