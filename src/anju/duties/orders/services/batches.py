"""A thousand orders in one job: the verb that starts it, and what the job does: it issues and prints them.

Nothing here is another way to issue: each order is `orders.draft` of `matters.of_visit`, issued by `orders.order_timed`
with the key `batch:<job>:<visit>`. A job that is taken up again finds those keys and goes on with what is left.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from anju.duties.cases.models import Case
from anju.duties.inspections.models import Finding, Visit, VisitOfficer
from anju.duties.inspections.rules import VisitState
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.access.models import Account
from anju.ground.foundation import files, jobs, journal
from anju.ground.foundation.acts import Turn
from anju.ground.foundation.jobs import Cancelled
from anju.ground.foundation.models import Event, JobProgress
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, Refusal
from anju.means.documents import services as papers
from anju.means.documents.models import IssuedDocument
from anju.means.documents.rules import Inspector
from anju.means.documents.services import merging, rendering

from ..models import Order
from ..queries import batches, matters
from ..rules import OrderState
from . import orders

ZIP_TYPE = "application/zip"
TOGETHER = 10  # orders of one transaction: what a crash repeats, and how long the register is locked


# ------------------------------------------------------------------------------------------------------ the verb


@orders.LOOP.verb("batch", asked=lambda given: sorted(set(given["visit_ids"])))
def start(turn: Turn, *, visit_ids: Sequence[int], language: str = "") -> JobProgress:
    """Start the job that issues one order to correct for each chosen visit, and makes one file to print.

    What is not a visit of the own agency waiting for an order is left out. The job's result, when it ends:
    {"orders": [id], "refused": [{"visit", "number", "unit", "why"}], "left", "url", "pdf", "zip"}.
    """
    office = matters.agency_of(turn.by)
    matters.register_code(office, orders.TIMED, on=turn.today)
    # By street and community: the papers lie in the order in which they are taken out to be served.
    chosen = list(
        batches.waiting(turn.by, office, batches.unordered())
        .filter(pk__in=visit_ids)
        .order_by("street", "community", "unit__name", "pk")
        .values_list("pk", flat=True)[: batches.MOST]
    )
    if not chosen:
        raise Refusal(_("请至少勾选一次检查；已经制发过责令改正的检查不再重复制发。"), field="visit_ids")
    turn.facts = {"count": len(chosen)}
    turn.subject = jobs.start(
        "orders.issue_batch",
        kind=batches.KIND,
        title=_("批量制发责令限期改正通知书"),
        owner_id=turn.by.account_id,
        total=len(chosen),
        visit_ids=chosen,
        language=language,
    )
    return turn.subject


# ------------------------------------------------------------------------------------------------------- the job


def run(*, progress_id: int, visit_ids: Sequence[int], language: str = "") -> None:
    """Issue the orders of a job, ten in a transaction, then make one .pdf to print on both sides and one .zip.

    Taken up again after a crash it goes on with the visits that are left. Asked to stop, it issues no more, and still
    makes the files of what it has issued.
    """
    progress = JobProgress.objects.get(pk=progress_id)
    account = Account.objects.select_related("person").get(pk=progress.owner_id)
    with jobs.running(progress_id) as tell, override(language or None):
        by = access.actor_of(account, at=timezone.now())
        refused: list[dict[str, Any]] = []
        before = _issued(progress_id, visit_ids, by=by)
        left = [pk for pk in visit_ids if pk not in before]
        done = len(before)
        stopped = False
        for begin in range(0, len(left), TOGETHER):
            try:
                tell(done, len(visit_ids), _("正在制发"))
            except Cancelled:
                stopped = True
                break
            some = left[begin : begin + TOGETHER]
            refused += issue_some(progress_id, some, by=by, at=timezone.now())
            done += len(some)
        made = sorted(_issued(progress_id, visit_ids, by=by).values())
        result: dict[str, Any] = {
            "orders": made,
            "refused": refused,
            "left": len(visit_ids) - done,
            "url": reverse("orders:batch", args=[progress_id]),
        }
        _tell(tell, done, _("正在合成打印文件"), result)
        result |= _printed(made, name=progress.title)
        said = _("已停止，已制发的 %(n)d 份可以打印") if stopped else _("已制发 %(n)d 份")
        _tell(tell, done, said % {"n": len(made)}, result)


def _tell(tell: Any, done: int, message: str, result: dict[str, Any] | None = None) -> None:
    """Report what comes after the issuing: a wish to stop that comes now comes too late."""
    try:
        tell(done, None, message, result)
    except Cancelled:
        return


def _key(job: int, visit_id: int) -> str:
    return f"batch:{job}:{visit_id}"


def _issued(job: int, visit_ids: Sequence[int], *, by: Actor) -> dict[int, int]:
    """Return what a job has issued, by the receipts in the journal: {visit id: order id}."""
    keys = {_key(job, pk): pk for pk in visit_ids}
    found = Event.objects.filter(actor_scope=journal.actor_scope(by), request_key__in=list(keys))
    return {
        keys[key]: order for key, order in found.values_list("request_key", "subject_id") if key and order
    }


@transaction.atomic
def issue_some(job: int, visit_ids: Sequence[int], *, by: Actor, at: datetime) -> list[dict[str, Any]]:
    """Issue the orders of some visits in one transaction; return what was refused and why, each by itself.

    Visits and cases are locked first, in the order of their keys: whoever orders on one of them at the same moment
    waits, and then finds the order.
    """
    visits = Visit.objects.filter(pk__in=visit_ids).select_related("unit").order_by("pk")
    known = {visit.pk: visit for visit in visits.select_for_update(of=("self",))}
    cases = set(Finding.objects.filter(visit__in=known, case__isnull=False).values_list("case", flat=True))
    list(Case.objects.filter(pk__in=cases).order_by("pk").select_for_update().values_list("pk"))
    hazards: dict[int, dict[int, int | None]] = defaultdict(dict)  # of each visit: finding → case
    for visit_id, finding_id, case_id in (
        batches.unordered().filter(visit__in=known).values_list("visit", "pk", "case")
    ):
        hazards[visit_id][finding_id] = case_id
    ordered = set(
        Order.objects.filter(visit__in=known).exclude(state=OrderState.VOID).values_list("visit", flat=True)
    )
    office = matters.agency_of(by)
    officers: dict[int, list[Inspector]] = defaultdict(list)
    for pk, name, badge in (
        VisitOfficer.objects.filter(part__visit__in=known, part__agency=office)
        .order_by("pk")
        .values_list("part__visit", "name", "badge")
    ):
        officers[pk].append(Inspector(name, badge))
    done = _issued(job, visit_ids, by=by)
    named: set[int] = set()
    misses = []
    for pk in visit_ids:
        if pk in done:
            continue
        visit = known.get(pk)
        try:
            if visit is None or visit.agency_id != office.pk:
                raise NotFound(_("没有找到这次检查，可能编号有误，或不在您的管辖范围。"))
            if visit.state != VisitState.FINISHED:
                raise NotAllowedNow(_("这次检查已作废，不能据以责令改正。"), data={"allowed": []})
            if pk in ordered:
                raise NotAllowedNow(_("这次检查已经制发过责令改正，没有重复制发。"), data={"allowed": []})
            # Two visits may have seen the same open hazard: the second names it no more.
            own = {finding for finding, case in hazards[pk].items() if case not in named}
            if not own:
                raise NotAllowedNow(
                    _("这次检查的隐患都已改正，或者已在另一份责令改正中。"), data={"allowed": []}
                )
            draft = _draft(visit, own, officers[pk], by=by, at=at)
            # What is refused leaves nothing behind: the verb is a savepoint of its own.
            orders.order_timed(draft=draft, by=by, at=at, key=_key(job, pk))
        except Refusal as refusal:
            misses.append(
                {
                    "visit": pk,
                    "number": visit.number if visit else "",
                    "unit": visit.unit.name if visit else "",
                    "why": str(refusal),
                }
            )
        else:
            named.update(draft.matter.case_ids)
    return misses


def _draft(
    visit: Visit, hazards: set[int], officers: Sequence[Inspector], *, by: Actor, at: datetime
) -> orders.Draft:
    """Draft the order of a visit on its hazards that no order names yet, signed by those who made the visit."""
    whole = matters.of_visit(by, visit.pk, at=at)
    matter = replace(whole, hazards=tuple(h for h in whole.hazards if h.finding_id in hazards))
    made = orders.draft(matter, by=by, at=at)
    return replace(made, data=replace(made.data, inspectors=tuple(officers))) if officers else made


def _printed(order_ids: Sequence[int], *, name: str) -> dict[str, str]:
    """Make one .pdf to print on both sides and one .zip of the .docx; return their SHA-256."""
    if not order_ids:
        return {}
    kept = Order.objects.filter(pk__in=order_ids, document_id__isnull=False).order_by("pk")
    found = IssuedDocument.objects.filter(pk__in=list(kept.values_list("document_id", flat=True)))
    issued = list(
        found.defer("facts", "data").select_related("pdf_file", "docx_file", "number").order_by("pk")
    )
    # Read one by one: a thousand papers together would be a fifth of a gigabyte.
    pdf = files.store_bytes(
        merging.merged((papers.files_of(paper)[0] for paper in issued), duplex=True),
        name=f"{name}.pdf",
        media_type=papers.PDF_TYPE,
    )
    packed = files.store_bytes(
        rendering.zipped(
            (f"{files.clean_name(str(paper), '')}.docx", papers.files_of(paper)[1]) for paper in issued
        ),
        name=f"{name}.zip",
        media_type=ZIP_TYPE,
    )
    return {"pdf": pdf.sha256, "zip": packed.sha256}
