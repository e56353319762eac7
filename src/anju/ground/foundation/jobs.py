"""Background work: enqueued in the business transaction, run after it, its progress shown.

A room declares `@jobs.task(...)` functions in its own `jobs.py`; `defer(name, ...)` writes the job row in the
caller's transaction (procrastinate on the same connection), so work is never started for an act rolled back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from procrastinate.contrib.django import app

from . import acts, ladder, reach
from .models import JobProgress
from .refusals import Refusal
from .wording import lazy as _
from .workflow import Blocked, Step

State = JobProgress.State


def asked_already(job: Any, day: date) -> Blocked | None:
    """Say that a job was asked to stop before: it ends with what it is doing."""
    return Blocked(_("这个任务已经要求停止，做完手上的一步就停。")) if job.cancel_asked else None


# The rest of a job's life is its worker's (`running`): rows a second, no acts.
STEPS = (
    Step("cancel_job", _("取消任务"), frozenset({State.WAITING, State.RUNNING}), None, "", when=(asked_already,),
         tone="danger", mood="quiet"),
)  # fmt: skip
JOBS = acts.Loop(
    JobProgress, STEPS, room="foundation", seen=lambda by: Q(owner_id__in=[by.account_id]), param="job_id",
    labels={State.WAITING: _("排队等候"), State.RUNNING: _("正在处理"), State.DONE: _("已完成"),
            State.FAILED: _("未完成"), State.CANCELLED: _("已取消")},
    noun=_("这个任务"), missing=_("没有找到这个任务。"), news=lambda job: {"title": job.title},
)  # fmt: skip


@JOBS.verb("cancel_job")
def cancel_job(turn: acts.Turn) -> None:
    """Ask one's own long job to stop; what it has not committed is rolled back."""
    turn.row.cancel_asked = True


def task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Register a background task; options are procrastinate's (name, queue, retry, pass_context …)."""
    return app.task(**options)


def periodic(cron: str, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Register a task that a worker runs by the clock; the function receives `timestamp` (seconds)."""

    def register(function: Callable[..., Any]) -> Any:
        return app.periodic(cron=cron)(app.task(**options)(function))

    return register


class Cancelled(Exception):
    """The owner asked the job to stop; whatever it had not committed is rolled back."""


def defer(name: str, **arguments: Any) -> None:
    """Enqueue the task of a name in this transaction.

    By its name, because a job calls the verbs of its room: a verb that imported its job would close a circle.
    """
    app.configure_task(name).defer(**arguments)


def start(
    name: str, *, kind: str, title: str, owner_id: int | None, total: int = 0, **arguments: Any
) -> JobProgress:
    """Create the progress row and enqueue the task of a name with `progress_id`, both in this transaction."""
    with transaction.atomic():
        progress = JobProgress.objects.create(kind=kind, title=title, owner_id=owner_id, total=total)
        defer(name, progress_id=progress.pk, **arguments)
    return progress


@contextmanager
def running(progress_id: int) -> Iterator[Callable[..., None]]:
    """Mark the job running, give `report(done, total=None, message="")`, and mark how it ended.

    A Refusal ends the job as failed with its sentence; any other error is re-raised after being marked.
    `report` raises Cancelled when the owner asked to stop. It must be called outside of the data transaction,
    or it will be seen only at commit.
    """
    row = JobProgress.objects.filter(pk=progress_id)
    row.update(state=JobProgress.State.RUNNING, updated_at=timezone.now())

    def report(done: int, total: int | None = None, message: str = "", result: dict | None = None) -> None:
        changes: dict[str, Any] = {"done": done, "updated_at": timezone.now()}
        if total is not None:
            changes["total"] = total
        if message:
            changes["message"] = message[:500]
        if result is not None:
            changes["result"] = result
        row.update(**changes)
        if row.values_list("cancel_asked", flat=True).first():
            raise Cancelled

    try:
        yield report
    except Cancelled:
        row.update(state=JobProgress.State.CANCELLED, updated_at=timezone.now())
    except Refusal as refusal:
        row.update(state=JobProgress.State.FAILED, message=str(refusal)[:500], updated_at=timezone.now())
    except Exception as error:
        row.update(state=JobProgress.State.FAILED, message=type(error).__name__, updated_at=timezone.now())
        raise
    else:
        row.update(state=JobProgress.State.DONE, updated_at=timezone.now())


@app.periodic(cron="*/10 * * * *")
@app.task(name="foundation.retry_stalled", queue="clocks", queueing_lock="foundation.retry_stalled")
async def retry_stalled(timestamp: int) -> int:
    """Take up again the jobs whose worker was killed; every job is one transaction, so nothing is done twice."""
    stalled = list(await app.job_manager.get_stalled_jobs())
    for job in stalled:
        await app.job_manager.retry_job(job)
    return len(stalled)


@periodic("*/5 * * * *", name="foundation.climb", queue="clocks", pass_context=False)
def climb(timestamp: int) -> int:
    """Tell those above of every term that has passed, of every kind of thing; safe to run in many workers."""
    return ladder.climb_all(at=timezone.now())


@app.task(name="foundation.end_long_act", queue="long", retry=3)
def end_long_act(verb: str, pk: int, key: str) -> None:
    """End what a long act began: the system's act that its step names, once, whoever runs it how often."""
    ending = acts.verbs()[verb]
    ending(by=reach.system(), at=timezone.now(), key=key, **{ending.param: pk})
