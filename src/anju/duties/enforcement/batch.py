"""A thousand orders in one job: which finished visits still wait for an order, and the job that issues and prints them.

Nothing here is another way to issue: each order is `orders.draft` of `matters.of_visit`, issued by `orders.order_timed`
with the key `batch:<job>:<visit>`. A job that is taken up again finds those keys and goes on with what is left.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from anju.duties.cases.models import Case
from anju.duties.cases.queries import catalogue
from anju.duties.cases.rules import OPEN
from anju.duties.inspections.models import Finding, Visit, VisitOfficer
from anju.duties.inspections.rules import VisitState
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.access.models import Account
from anju.ground.foundation import files, jobs, journal
from anju.ground.foundation.jobs import Cancelled
from anju.ground.foundation.models import Event, JobProgress
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area
from anju.means.documents import merging, rendering
from anju.means.documents import services as papers
from anju.means.documents.models import IssuedDocument
from anju.means.documents.rules import Inspector

from . import matters, orders
from .models import Order, OrderLine
from .rules import OrderState

KIND = "enforcement.batch"
ZIP_TYPE = "application/zip"
MOST = 1000  # orders of one job, and rows of the page on which they are chosen
DAYS = 30  # of the period that is offered: up to the agency's last visit
LONGEST = 366
TOGETHER = 10  # orders of one transaction: what a crash repeats, and how long the register is locked


# ---------------------------------------------------------------------------------------------- which visits wait


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed by; the period always has both ends."""

    since: date
    until: date
    area: int | None = None
    campaign: str = ""
    top_class: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visit that waits for its order, and the classes of the hazards that it would name."""

    visit: Visit
    classes: tuple[str, ...] = ()

    @property
    def pk(self) -> int:
        return self.visit.pk


@dataclass(frozen=True, slots=True)
class Choice:
    """The page's list: up to MOST visits, whether there are more, and what it can be narrowed by."""

    office: Organisation
    rows: list[Waiting]
    more: bool
    areas: list[tuple[int, str]] = field(default_factory=list)
    campaigns: list[str] = field(default_factory=list)


def filters_of(
    by: Actor, *, since: date | None, until: date | None, at: datetime, **narrowed: Any
) -> Filters:
    """Make filters with a period: as asked, else the last thirty days in which the agency made visits."""
    if until is None:
        last = _own(matters.agency_of(by)).order_by("-visited_on").values_list("visited_on", flat=True)[:1]
        until = next(iter(last), None) or matters.day_of(at)
    if since is None or since > until:
        since = until - timedelta(days=DAYS)
    return Filters(since=max(since, until - timedelta(days=LONGEST)), until=until, **narrowed)


def _own(office: Organisation) -> QuerySet[Visit]:
    return Visit.objects.filter(agency=office, state=VisitState.FINISHED)


def _unordered() -> QuerySet[Finding]:
    """Return the hazards that are still open and that no order names, of whatever visit."""
    named = OrderLine.objects.exclude(order__state=OrderState.VOID)
    return Finding.objects.filter(
        Q(case__isnull=True) | Q(case__state__in=sorted(OPEN)),
        ~Exists(named.filter(case=OuterRef("case"))),
        ~Exists(named.filter(finding=OuterRef("pk"))),
        at_once=False,
        rectified_on__isnull=True,
    )


def _waiting(by: Actor, office: Organisation, hazards: QuerySet[Finding]) -> QuerySet[Visit]:
    """Return the own finished visits that the actor sees, with hazards to order and without an order."""
    ordered = Order.objects.filter(visit=OuterRef("pk")).exclude(state=OrderState.VOID)
    seen = access.visible_q(Visit, to=by, power="inspections.see")
    return _own(office).filter(seen, Exists(hazards.filter(visit=OuterRef("pk"))), ~Exists(ordered))


def choice(by: Actor, filters: Filters) -> Choice:
    """List the visits of the own agency that wait for an order, the latest first: one range of visit_agency."""
    office = matters.agency_of(by)
    within = Q(visited_on__gte=filters.since, visited_on__lte=filters.until)
    hazards = _unordered()
    narrowed = hazards.filter(top_class=filters.top_class) if filters.top_class else hazards
    found = _waiting(by, office, narrowed).filter(within)
    if filters.campaign:
        found = found.filter(campaign=filters.campaign)
    if filters.area:
        found = found.filter(Q(street=filters.area) | Q(community=filters.area))
    visits = list(
        found.select_related("unit", "street", "community").order_by("-visited_on", "-pk")[: MOST + 1]
    )
    shown = visits[:MOST]
    classes: dict[int, list[str]] = defaultdict(list)
    for pk, code in (
        hazards.filter(visit__in=[v.pk for v in shown]).order_by("pk").values_list("visit", "class_code")
    ):
        classes[pk].append(code)
    own = _own(office).filter(within)
    areas = Area.objects.filter(Q(pk__in=own.values("street")) | Q(pk__in=own.values("community")))
    return Choice(
        office=office,
        rows=[Waiting(visit, tuple(classes[visit.pk])) for visit in shown],
        more=len(visits) > MOST,
        areas=list(areas.order_by("level", "pk").values_list("pk", "name")[:300]),
        campaigns=list(
            own.exclude(campaign="").order_by("campaign").values_list("campaign", flat=True).distinct()[:50]
        ),
    )


def top_classes(*, on: date) -> list[tuple[str, str]]:
    """List the first level of the classes of hazards, to narrow by."""
    return [(group["code"], group["label"]) for group in catalogue.tree("hazard", on=on)]


# ------------------------------------------------------------------------------------------------------ the verb


@transaction.atomic
def start(
    *, visit_ids: Iterable[int], by: Actor, at: datetime, key: str = "", language: str = ""
) -> JobProgress:
    """Start the job that issues one order to correct for each chosen visit, and makes one file to print.

    What is not a visit of the own agency waiting for an order is left out. The job's result, when it ends:
    {"orders": [id], "refused": [{"visit", "number", "unit", "why"}], "left", "url", "pdf", "zip"}.
    """
    asked = sorted(set(visit_ids))
    digest = journal.digest(["batch", asked])
    if known := journal.receipt(by=by, key=key, key_digest=digest):
        return JobProgress.objects.get(pk=known.subject_id)
    if not by.has("enforcement.order"):
        raise NotPermitted(_("您的岗位不能责令改正。"), data={"power": "enforcement.order"})
    office = matters.agency_of(by)
    matters.register_code(office, orders.TIMED, on=matters.day_of(at))
    # By street and community: the papers lie in the order in which they are taken out to be served.
    chosen = list(
        _waiting(by, office, _unordered())
        .filter(pk__in=asked)
        .order_by("street", "community", "unit__name", "pk")
        .values_list("pk", flat=True)[:MOST]
    )
    if not chosen:
        raise Refusal(_("请至少勾选一次检查；已经制发过责令改正的检查不再重复制发。"), field="ids")
    from .jobs import issue_orders  # the task calls `run` below

    progress = jobs.start(
        issue_orders,
        kind=KIND,
        title=_("批量制发责令限期改正通知书"),
        owner_id=by.account_id,
        total=len(chosen),
        visit_ids=chosen,
        language=language,
    )
    journal.record(
        "enforcement.batch_started", subject=progress, by=by, at=at, data={"count": len(chosen)},
        key=key, key_digest=digest,
    )  # fmt: skip
    return progress


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
            "url": reverse("enforcement:batch", args=[progress_id]),
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
        _unordered().filter(visit__in=known).values_list("visit", "pk", "case")
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


# ------------------------------------------------------------------------------------------------ what it has made


def job_of(by: Actor, job_id: int) -> JobProgress:
    """Return one's own batch, or raise NotFound."""
    found = JobProgress.objects.filter(pk=job_id, kind=KIND, owner_id=by.account_id).first()
    if found is None:
        raise NotFound(_("没有找到这个任务。"))
    return found


def orders_of(job_id: int) -> list[int]:
    """Return the orders that a batch has issued; who may see them is the list's to ask."""
    found = JobProgress.objects.filter(pk=job_id, kind=KIND).values_list("result", flat=True).first()
    return list((found or {}).get("orders", ()))
