"""The shell of the staff's pages: what waits for me, the calendar, the journal, long jobs."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.ground.access.guards import power, signed_in, writes
from anju.ground.foundation import act_forms, acts, calendar, desk, hands, jobs, navigation, notices, story
from anju.ground.foundation.asked import came_from, whole
from anju.ground.foundation.asked import day as asked_day
from anju.ground.foundation.models import CalendarDay, CalendarYear, Event, JobProgress
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, Refusal

from .forms import read_days

MOST_REMINDERS, PAGE = 20, 50
# So many rows are given away at once.
MOST_GIVEN = 200


def on_desk(request: HttpRequest) -> int | None:
    """Return how much waits for the signed-in person, for the navigation."""
    actor = getattr(request, "actor", None)
    return desk.badge(actor, timezone.now()) if actor is not None else None


def has_desk(request: HttpRequest) -> bool:
    """Say whether the signed-in person has a desk: administrators and auditors begin with their own work."""
    actor = getattr(request, "actor", None)
    return actor is not None and desk.has_any(actor, timezone.now())


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what waits for me, of every kind, the most urgent first, with the next act in reach."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    if not has_desk(request) and (entries := navigation.of(request)) and not notices.has_own(actor):
        return redirect(entries[0].url)
    colleagues = hands.colleagues(actor, on=timezone.localdate(at))
    asked = request.GET.get("who", "")
    who: desk.Who = asked if asked == desk.ALL else whole(asked) or desk.MINE
    found = desk.numbers(actor, at, kind=request.GET.get("kind", ""), who=who)
    names = {one.person_id: one.name for one in found.loads} | colleagues
    number = max(1, min(whole(request.GET.get("page")) or 1, 10_000))
    first = (number - 1) * PAGE
    context = {
        "desk": found,
        "rows": desk.page(actor, at, kind=found.kind, who=who, first=first, most=PAGE),
        "who": who,
        "whose": names.get(who, "") if isinstance(who, int) else "",
        "colleagues": sorted(colleagues.items(), key=lambda one: one[1]) if len(colleagues) > 1 else [],
        "loads": _shares(found.loads, colleagues) if len(colleagues) > 1 else [],
        "page": {"number": number, "more": found.count > first + PAGE},
        # One more than is shown, so that the page can say that there are more.
        "reminders": notices.told(notices.one_by_one(actor)[: MOST_REMINDERS + 1]),
        "digest": notices.digest(actor),
        "most": MOST_REMINDERS,
        "nav": navigation.of(request),
        "now": at,
    }
    return render(request, "console/home.html", context)


def _shares(loads: tuple[desk.Load, ...], colleagues: dict[int, str]) -> list[desk.Load]:
    """Add to who has how much those of the office who have nothing."""
    busy = {one.person_id for one in loads}
    return [*loads, *(desk.Load(pk, name, 0, 0) for pk, name in colleagues.items() if pk not in busy)]


@require_POST
@signed_in
@writes("foundation.read_notice")
def read_notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Sign for a notice and open what it is about."""
    signed = act_forms.press(request, notices.LOOP, "read_notice", notice_id)
    (said,) = notices.told([signed]) or (None,)
    return HttpResponseRedirect(said.line.url if said is not None else reverse("console:home"))


@require_POST
@signed_in
@writes("foundation.read_notice")
def read_digest(request: HttpRequest) -> HttpResponse:
    """Sign together for all reminders that only repeat the list, as many as the page had counted."""
    upto = whole(request.POST.get("upto")) or 0
    number = notices.read_digest(request.actor, upto=upto, at=timezone.now())  # type: ignore[attr-defined]
    messages.success(request, _("已签收 %(n)s 条提醒。") % {"n": number})
    return redirect("console:home")


@require_POST
@signed_in
@writes("foundation.assign", "foundation.hand_over", "foundation.release")
def give(request: HttpRequest) -> HttpResponse:
    """Give chosen rows of the desk to a colleague, or back to the office; each by itself, each refusal is told."""
    chosen, kind = request.POST.getlist("rows") or request.POST.getlist("ids"), request.POST.get("kind", "")
    person_id, back = whole(request.POST.get("person_id")), request.POST.get("act") == "release"
    if not chosen:
        raise Refusal(_("请先勾选要办理的事项。"))
    if person_id is None and not back:
        raise Refusal(_("请选择交给谁。"), field="person_id")
    told = {"by": request.actor, "at": timezone.now()}  # type: ignore[attr-defined]
    base, done, refused = act_forms.key_of(request), 0, dict[str, None]()
    for text in chosen[:MOST_GIVEN]:
        named, _colon, number = text.rpartition(":")
        thing, pk, key = named or kind, whole(number) or 0, acts.derived(base, text[:30])
        try:
            if back:
                hands.leave(thing, pk, key=key, **told)
            else:
                hands.give(thing, pk, person_id or 0, key=key, **told)
            done += 1
        except Refusal as refusal:
            refused[str(refusal)] = None
    if done:
        said = _("已退回本单位 %(n)d 件。") if back else _("已交给同事 %(n)d 件。")
        messages.success(request, said % {"n": done})
    for sentence in refused:
        messages.warning(request, sentence)
    return HttpResponseRedirect(came_from(request, reverse("console:home")))


# -------------------------------------------------------------------------------------- calendar, journal and jobs


@require_safe
@power("calendar.edit")
def calendar_page(request: HttpRequest) -> HttpResponse:
    """Show the calendar's years, confirmed or provisional, and their exceptional days."""
    return _calendar(request)


# What the page calls a field of the acts.
_ON_PAGE = {"day": "date", "exceptions": "days"}


def _calendar(request: HttpRequest, *, act: str = "", refusal: Refusal | None = None) -> HttpResponse:
    """Show a year of the calendar; what was just refused stands beside its field, with everything that was typed."""
    sent = request.POST
    day = asked_day(sent.get("date"))
    asked = day.year if day else whole(sent.get("year") or request.GET.get("year")) or 0
    year = asked if 1900 < asked < 2200 else timezone.localdate().year
    field = (refusal.field if refusal else None) or ""
    context = {
        "years": CalendarYear.objects.order_by("year"),
        "year": year,
        "chosen": CalendarYear.objects.filter(year=year).first(),
        "days": CalendarDay.objects.filter(date__year=year).order_by("date"),
        "typed": {act: sent},
        "wrong": {act: {_ON_PAGE.get(field, field): str(refusal)}} if refusal else {},
    }
    return render(request, "console/calendar.html", context, status=refusal.status if refusal else 200)


@require_POST
@power("calendar.edit")
@writes("foundation.confirm_year")
def confirm_year(request: HttpRequest) -> HttpResponse:
    """Confirm a year with the days of the State Council's notice; open deadlines are worked out again."""
    try:
        days = read_days(request.POST.get("days", ""))
        made = act_forms.file(request, calendar.confirm_year, exceptions=days)
    except Refusal as refusal:
        return _calendar(request, act="confirm_year", refusal=refusal)
    messages.success(
        request, _("%(year)d 年日历已确认，未办结事项的期限已重新计算并记录。") % {"year": made.year}
    )
    return redirect(f"{reverse('console:calendar')}?year={made.year}")


# What the page calls the ways of a day.
_WAYS = {"off": False, "work": True, "plain": None}


@require_POST
@power("calendar.edit")
@writes("foundation.edit_day")
def edit_day(request: HttpRequest) -> HttpResponse:
    """Make one day a workday or a day off, or what its weekday says; open deadlines are worked out again."""
    day, way = request.POST.get("date"), request.POST.get("kind")
    try:
        if way not in _WAYS:
            raise Refusal(_("请选择放假、上班或取消安排。"), field="kind")
        made = act_forms.file(request, calendar.edit_day, day=day, is_workday=_WAYS[way])
    except Refusal as refusal:
        return _calendar(request, act="edit_day", refusal=refusal)
    messages.success(request, _("%(day)s 已更改，未办结事项的期限已重新计算并记录。") % {"day": day})
    return redirect(f"{reverse('console:calendar')}?year={made.year}")


@require_safe
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
        "rows": [story.told(event) for event in rows],
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
@writes("foundation.cancel_job")
def cancel_job(request: HttpRequest, job_id: int) -> HttpResponse:
    """Ask a long job to stop; one that has ended meanwhile shows its end."""
    try:
        act_forms.press(request, jobs.JOBS, "cancel_job", job_id)
    except NotAllowedNow as refusal:
        messages.info(request, str(refusal))
    return redirect("console:job", job_id)
