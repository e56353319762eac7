"""The shell of the staff's pages: what waits for me, the calendar, the journal, long jobs."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anju.duties.cases import queries, rules
from anju.ground.access.guards import power, signed_in, writes
from anju.ground.foundation import act_forms, calendar, jobs, navigation, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.models import CalendarDay, CalendarYear, Event, JobProgress
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, Refusal

from .forms import read_days

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
        "rows": queries.rows_of(rows, actor, at=at),
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
