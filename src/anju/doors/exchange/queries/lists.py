"""The lists that can be taken away: cases, visits, findings, orders, fines, each with the filters of its page.

A room links to `exchange:export_list` with the kind of the list, the query of its own page, and `format=csv` or `xlsx`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import CharField, DateField, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, LPad
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.cases import rules as case_rules
from anju.duties.cases.queries import catalogue
from anju.duties.inspections import rules as inspection_rules
from anju.duties.inspections.models import Finding, Visit, VisitOfficer, VisitPart
from anju.duties.inspections.queries import kinds
from anju.duties.inspections.queries import visits as inspections
from anju.duties.orders.models import Order
from anju.duties.orders.rules import ORDER_KINDS, ORDER_LABELS
from anju.duties.penalties import rules as penalty_rules
from anju.duties.penalties.models import Penalty
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import rulebooks
from anju.ground.foundation.asked import day, whole

from . import export
from .export import Column, LocalTime, labels

Filters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that can be taken away.

    power  the power by which the rows are seen (taking them away takes `cases.export` besides)
    page   route of the list's page, to go back to
    """

    key: str
    title: Any
    power: str
    page: str
    rows: Callable[[Actor, Filters, datetime], QuerySet]
    columns: Callable[[datetime], list[Column]]


class Day(Func):
    """A day as 20240305, for numbers."""

    template = "to_char(%(expressions)s, 'YYYYMMDD')"
    output_field = CharField()


def _visit_number(prefix: str = "") -> Concat:
    day = Coalesce(F(f"{prefix}visited_on"), F(f"{prefix}planned_for"), output_field=DateField())
    pk = LPad(Cast(F(f"{prefix}pk"), CharField()), 7, Value("0"))
    return Concat(Value("J"), Day(day), pk, output_field=CharField())


def _case_number() -> Concat:
    pk = LPad(Cast(F("case__pk"), CharField()), 7, Value("0"))
    return Concat(LocalTime(F("case__reported_at"), "YYYYMMDD"), pk, output_field=CharField())


def _yes(column: str) -> Any:
    return labels(column, {True: _("是"), False: ""})


def _between(column: str, filters: Filters, *, moments: bool = False) -> Q:
    """Narrow by the first and last day of a list's page.

    moments  the column holds moments; then the days end at midnight of this city
    """
    found = Q()
    if since := day(filters.get("since")):
        found &= Q(**{f"{column}__gte": _midnight(since) if moments else since})
    if until := day(filters.get("until")):
        after = until + timedelta(days=1)
        found &= Q(**{f"{column}__lt": _midnight(after) if moments else after})
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _place(filters: Filters) -> Q:
    area = whole(str(filters.get("area") or ""))
    if not area:
        return Q()
    return Q(city=area) | Q(county=area) | Q(street=area) | Q(community=area)


def _visits(actor: Actor, filters: Filters, at: datetime) -> QuerySet:
    asked = inspections.filters_from(filters)
    found = access.visible(Visit, to=actor, power="inspections.see").filter(_between("visited_on", filters))
    found = (
        found.filter(state=asked.state)
        if asked.state
        else found.exclude(state=inspection_rules.VisitState.VOID)
    )
    for column, value in (("kind", asked.kind), ("agency", asked.agency), ("unit", asked.unit)):
        if value:
            found = found.filter(**{column: value})
    if asked.mine:
        found = found.filter(agency__in=list(actor.organisation_ids))
    lead = VisitPart.objects.filter(visit=OuterRef("pk"), agency=OuterRef("agency"))
    people = VisitOfficer.objects.filter(part__visit=OuterRef("pk")).values("part__visit")
    return (
        found.filter(_place(filters))
        .annotate(
            led_conclusion=Subquery(lead.values("conclusion")[:1]),
            led_count=Subquery(lead.values("findings_count")[:1]),
            officers=Subquery(people.annotate(all=StringAgg("name", _("、"))).values("all")[:1]),
        )
        .order_by(F("visited_on").desc(nulls_first=True), "-pk")
    )


def _visit_columns(at: datetime) -> list[Column]:
    return [
        Column(_("检查编号"), _visit_number(), 18),
        Column(_("检查类型"), labels("kind", inspection_rules.KIND_LABELS), 12),
        Column(_("状态"), labels("state", inspection_rules.STATE_LABELS), 10),
        Column(_("被检查单位"), F("unit__name"), 26),
        Column(_("场所类型"), labels("unit__kind", _unit_kinds()), 16),
        *_levels(),
        Column(_("检查单位"), F("agency__name"), 24),
        Column(_("检查日期"), F("visited_on"), 12),
        Column(_("检查人员"), F("officers"), 20),
        Column(_("结论"), labels("led_conclusion", inspection_rules.CONCLUSION_LABELS), 18),
        Column(_("隐患数"), F("led_count"), 8),
        Column(_("在场人"), F("met"), 14),
        Column(_("专项行动"), F("campaign"), 18),
        Column(_("原编号"), F("source_number"), 22),
    ]


def _findings(actor: Actor, filters: Filters, at: datetime) -> QuerySet:
    seen = access.visible(Visit, to=actor, power="inspections.see").values("pk")
    found = Finding.objects.filter(_between("found_on", filters), _place(filters), visit__in=seen)
    for column in ("agency", "unit", "visit"):
        if value := whole(str(filters.get(column) or "")):
            found = found.filter(**{column: value})
    asked = inspections.filters_from(filters)
    if asked.kind:
        found = found.filter(visit__kind=asked.kind)
    if asked.mine:
        found = found.filter(agency__in=list(actor.organisation_ids))
    if code := str(filters.get("class") or "")[:12]:
        found = found.filter(Q(class_code=code) | Q(top_class=code))
    if filters.get("open"):
        found = found.filter(rectified_on__isnull=True, counted=True)
    return found.order_by(F("found_on").desc(nulls_last=True), "-pk")


def _finding_columns(at: datetime) -> list[Column]:
    classes = {c: k.label for c, k in catalogue.classes("hazard", on=timezone.localdate(at)).items()}
    return [
        Column(_("检查编号"), _visit_number("visit__"), 18),
        Column(_("被检查单位"), F("unit__name"), 26),
        Column(_("场所类型"), labels("unit_kind", _unit_kinds()), 16),
        *_levels(),
        Column(_("类别代码"), F("class_code"), 10),
        Column(_("类别"), labels("class_code", classes), 28),
        Column(_("等级"), labels("severity", case_rules.SEVERITY_LABELS), 10),
        Column(_("位置"), F("place"), 18),
        Column(_("内容"), F("text"), 40),
        Column(_("检查单位"), F("agency__name"), 24),
        Column(_("发现日期"), F("found_on"), 12),
        Column(_("当场改正"), _yes("at_once"), 10),
        Column(_("整改日期"), F("rectified_on"), 12),
        Column(_("新发现"), _yes("is_new"), 8),
        Column(_("老旧小区"), _yes("is_old_community"), 10),
        Column(_("事项编号"), _case_number(), 18),
        Column(_("原编号"), F("source_number"), 22),
    ]


def _orders(actor: Actor, filters: Filters, at: datetime) -> QuerySet:
    found = access.visible(Order, to=actor, power="orders.see")
    found = found.filter(_between("issued_at", filters, moments=True), _place(filters))
    if (state := filters.get("state")) in ORDER_LABELS:
        found = found.filter(state=state)
    if (kind := filters.get("kind")) in ORDER_KINDS:
        found = found.filter(kind=kind)
    if text := str(filters.get("q") or "").strip()[:60]:
        found = found.filter(Q(recipient__icontains=text) | Q(written_number__icontains=text))
    return found.order_by("-issued_at", "-pk")


def _order_columns(at: datetime) -> list[Column]:
    ways = {
        w["key"]: w["name"] for w in rulebooks.load("penalties", on=timezone.localdate(at))["service"]["ways"]
    }
    return [
        Column(_("文书编号"), F("written_number"), 24),
        Column(_("文书种类"), labels("kind", ORDER_KINDS), 14),
        Column(_("状态"), labels("state", ORDER_LABELS), 12),
        Column(_("被责令单位"), F("recipient"), 26),
        *_levels(),
        Column(_("检查单位"), F("agency__name"), 24),
        Column(_("开具日期"), LocalTime(F("issued_at"), "YYYY-MM-DD"), 12),
        Column(_("改正期限"), F("due_on"), 12),
        Column(_("送达时间"), LocalTime(F("served_at"), "YYYY-MM-DD"), 12),
        Column(_("送达方式"), labels("served_how", ways), 14),
        Column(_("受送达人"), F("served_to"), 14),
        Column(_("复查期限"), F("recheck_by"), 12),
        Column(_("改正日期"), F("complied_on"), 12),
        Column(_("检查编号"), _visit_number("visit__"), 18),
        Column(_("原编号"), F("source_number"), 22),
    ]


def _fines(actor: Actor, filters: Filters, at: datetime) -> QuerySet:
    found = access.visible(Penalty, to=actor, power="penalties.see")
    found = found.filter(_between("filed_at", filters, moments=True), _place(filters))
    if (state := filters.get("state")) in penalty_rules.STATE_LABELS:
        found = found.filter(state=state)
    if offence := str(filters.get("offence") or ""):
        found = found.filter(offence=offence)
    if text := str(filters.get("q") or "").strip()[:60]:
        found = found.filter(Q(party_name__icontains=text) | Q(written_number__icontains=text))
    return found.order_by("-filed_at", "-pk")


def _fine_columns(at: datetime) -> list[Column]:
    offences = {
        key: offence.name
        for _start, _end, content in rulebooks.editions("penalties")
        for key, offence in penalty_rules.read(content).items()
    }
    return [
        Column(_("决定书文号"), F("written_number"), 24),
        Column(_("状态"), labels("state", penalty_rules.STATE_LABELS), 12),
        # A person's name is kept masked; the sealed one is in no list.
        Column(_("被处罚人"), F("party_name"), 20),
        Column(_("当事人类型"), labels("party_kind", penalty_rules.PARTIES), 10),
        Column(_("案由"), labels("offence", offences), 36),
        Column(_("依据"), F("article"), 24),
        Column(_("程序"), labels("procedure", penalty_rules.PROCEDURES), 10),
        Column(_("警告"), _yes("warning"), 8),
        Column(_("罚款（元）"), F("amount"), 12),
        Column(_("决定日期"), F("decided_on"), 12),
        Column(_("已缴（元）"), F("paid_amount"), 12),
        Column(_("缴清日期"), F("paid_on"), 12),
        Column(_("处罚机关"), F("agency__name"), 24),
        Column(_("涉案单位"), F("unit__name"), 26),
        *_levels(),
        Column(_("类别代码"), F("class_code"), 10),
        Column(_("老旧小区"), _yes("is_old_community"), 10),
        Column(_("撤销日期"), F("cancelled_on"), 12),
        Column(_("原编号"), F("source_number"), 22),
    ]


def _levels() -> list[Column]:
    return [
        Column(_("县（市、区）"), F("county__name"), 14),
        Column(_("街道（乡镇）"), F("street__name"), 14),
        Column(_("社区（村）"), F("community__name"), 14),
    ]


def _unit_kinds() -> dict[str, str]:
    return {key: kinds.kind_label(key) for key in kinds.kinds(on=date.max)}


def listing(key: str) -> Listing | None:
    """Return a list by its key, named in the reader's language, or None."""
    found = {
        "cases": Listing(
            "cases", _("投诉和隐患"), "cases.see", "cases:list", _cases, export.case_columns
        ),
        "visits": Listing(
            "visits", _("检查记录"), "inspections.see", "inspections:visits", _visits, _visit_columns
        ),
        "findings": Listing(
            "findings", _("检查发现的隐患"), "inspections.see", "inspections:visits", _findings, _finding_columns
        ),
        "orders": Listing(
            "orders", _("责令改正文书"), "orders.see", "orders:list", _orders, _order_columns
        ),
        "fines": Listing(
            "fines", _("行政处罚"), "penalties.see", "penalties:list", _fines, _fine_columns
        ),
    }  # fmt: skip
    return found.get(key)


def _cases(actor: Actor, filters: Filters, at: datetime) -> QuerySet:
    return export.cases_to_export(actor, filters, at=at)
