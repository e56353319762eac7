"""What the pages of the room are made of besides the rows themselves: choices, words, stages, the story."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import acts, desk
from anju.ground.foundation.models import Event
from anju.ground.foundation.notices import Word
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area, Estate

from . import queries, rules
from .models import Case, TermRequest
from .queries import catalogue


def class_options() -> list[tuple[str, str]]:
    """List the classes of today by which a list is narrowed, in the reader's language: (code, what it is called)."""
    return _options_of(timezone.localdate(), get_language() or "")


@lru_cache(maxsize=4)
def _options_of(day: date, language: str) -> list[tuple[str, str]]:
    """List the classes of a day in a language: a hundred sentences that every list page needs."""
    options = []
    for kind, name in rules.KIND_LABELS.items():
        for one in catalogue.tree(kind, on=day):
            options.append((one["code"], f"{name} · {one['label']}"))
            options += [
                (leaf.code, f"　{leaf.code} {leaf.label}") for two in one["groups"] for leaf in two["leaves"]
            ]
    return options


def leaf_options(day: date) -> list[tuple[str, str]]:
    """List the classes of a day that a case can have, each with what it belongs to."""
    return [
        (leaf.code, f"{rules.KIND_LABELS[kind]} · {leaf.path}（{leaf.code}）")
        for kind in rules.KIND_LABELS
        for leaf in catalogue.classes(kind, on=day).values()
    ]


def area_options(actor: Any) -> list[tuple[int, str]]:
    """List the areas below the actor's own, one level down, by which the list can be narrowed."""
    reaches = [r for r in actor.powers.get("cases.see", ()) if r.kind == "area"]
    found = Area.objects.filter(parent__in=[r.id for r in reaches], active=True).order_by("level", "id")
    return [(area.pk, area.name) for area in found[:300]]


def chip_words(filters: queries.Filters) -> dict[str, dict[str, str]]:
    """Return what the values of the filters in force are called: {parameter: {value: words}}."""
    words: dict[str, dict[str, str]] = {
        "state": {k: str(v) for k, v in rules.STATE_LABELS.items()},
        "kind": {k: str(v) for k, v in rules.KIND_LABELS.items()},
        "severity": {k: str(v) for k, v in rules.SEVERITY_LABELS.items()},
        "channel": {k: str(v) for k, v in rules.CHANNEL_LABELS.items()},
        "class": dict(class_options()),
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


def hints(found: queries.Dossier) -> dict[str, str]:
    """Return what helps to take a step, by act."""
    hints = {
        "close": _("写明何时到场、看到什么、与整改前有何不同。"),
        "submit": _("写明何时、何处、做了什么，并附整改后的照片。"),
    }
    if found.routing_reason:
        hints["assign"] = _("系统建议：%(why)s") % {"why": found.routing_reason}
    return hints


def phrases(on: date) -> dict[str, list[str]]:
    """Return the sentences that are often written with a step, by act."""
    return {
        "return_back": queries.reasons_of("returns", on=on),
        "send_back": [_("现场仍有杂物未清理，位置在："), _("照片不是同一位置，请重新拍摄。")],
    }


def stages(opened: Case) -> list[dict[str, Any]]:
    """Return where a case stands on its way, for ui.stages."""
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


# --- the story --------------------------------------------------------------------------------------------------


def _other_cases(event: Event) -> str:
    """Name the cases that a merge or a split is about; whoever sees the one case sees those of the same place."""
    data = event.data
    numbers = {
        "cases.merge": [data.get("into")],
        "cases.unmerge": [data.get("into")],
        "cases.take_in": [data.get("case")],
        "cases.give_back": [data.get("case")],
        "cases.split": data.get("numbers") or [],
    }.get(event.name, [])
    return _("、").join(number for number in numbers if number)


def _term_title(data: dict[str, Any]) -> str:
    words = {
        ("extend", None): _("申请延期"), ("extend", True): _("同意延期"), ("extend", False): _("不同意延期"),
        ("suspend", None): _("申请中止"), ("suspend", True): _("同意中止"), ("suspend", False): _("不同意中止"),
    }  # fmt: skip
    title = words[data["kind"], data.get("granted")]
    return _("%(what)s：%(n)s 个工作日") % {"what": title, "n": data["days"]} if data.get("days") else title


def _corrected(data: dict[str, Any]) -> str:
    """Say what was corrected: the former and what holds now."""
    labels = {
        "class_code": _("类别"), "severity": _("程度"), "estate": _("小区"), "area": _("属地"),
        "place": _("具体位置"), "text": _("情况说明"),
    }  # fmt: skip
    said = []
    for what in labels:
        if what not in data or (what == "area" and "estate" in data):
            continue
        was, now = (_value_said(what, end) for end in data[what])
        said.append(_("%(what)s由“%(was)s”改为“%(now)s”") % {"what": labels[what], "was": was, "now": now})
    return _("；").join(said) + _("。")


def _value_said(what: str, value: str) -> str:
    if what == "class_code":
        kind = next((k for k in rules.KIND_LABELS if catalogue.label(k, value) != value), "")
        return catalogue.label(kind, value) if kind else value
    return str(rules.SEVERITY_LABELS.get(value, value)) if what == "severity" else value or _("（空）")


def story_detail(event: Event, said: dict[str, Any]) -> dict[str, Any]:
    """Say what an event of a case kept: to whom, until when, which other case."""
    data, title, changed = event.data, said["title"], {}
    if event.name == "cases.assign" and data.get("handler"):
        title = _("派单给 %(name)s") % {"name": data["handler"]}
    elif event.name == "cases.take_over":
        title = _("由 %(name)s 执法接办") % {"name": data["handler"]}
    elif event.name == "cases.let_go":
        title = _("%(name)s 不再办理，退回待派单") % {"name": data["handler"]}
    elif event.name == "cases.report" and data.get("seen"):
        title = _("上报（现场发现，无需另行核实）")
    elif event.name == "cases.rate" and data.get("rating") in rules.SATISFACTION_LABELS:
        title = _("上报人评价：%(said)s") % {"said": rules.SATISFACTION_LABELS[data["rating"]]}
    elif event.name in ("cases.ask_term", "cases.decide_term"):
        title = _term_title(data)
    elif event.name == "cases.correct":
        changed["note"] = f"{_corrected(data.get('changed', {}))}{_('理由：')}{event.note}"
        if data.get("relieved"):
            title = _("更正上报内容，重新派单")
    elif event.name == "cases.undo" and (undone := acts.step_of(f"cases.{data.get('undone')}")):
        title = _("撤销：%(act)s") % {"act": undone[1].label}
    elif named := _other_cases(event):
        title = f"{title} {named}"
    if data.get("about_photos"):
        words = _("对照片疑点的核对：%(said)s") % {"said": data["about_photos"]}
        changed["note"] = f"{event.note} {words}".strip()
    if "says_nothing" in data.get("doubts", ()):
        title += _("（文字曾被提示过于简单，仍坚持提交）")
    if event.actor_kind == "public":
        changed["actor"] = _("上报人")
    return {"title": title, **changed}


# ------------------------------------------------------------------------------------------------------ on the desk


def waits(at: datetime) -> list[desk.Wait]:
    """Say what is awaited on cases: the step of whose turn it is; of the checker, the look at the place beside it."""
    state, running = rules.State, Q(paused_at__isnull=True)
    waiting, handling = Q(state__in=sorted(rules.AWAITING_DISPATCH)), "cases.handle"
    unseen = Q(state__in=sorted(rules.UNSEEN), verified_at__isnull=True, verify_by__isnull=False)
    paused = Q(paused_at__isnull=False, state__in=sorted(rules.OPEN))
    return [
        desk.Wait("assign", running & waiting, "desk", "cases.assign", "due_at"),
        desk.Wait("accept", running & Q(state=state.ASSIGNED), "desk", handling, "due_at"),
        desk.Wait("submit", running & Q(state=state.FIXING), "desk", handling, "due_at"),
        desk.Wait(
            "close", running & Q(state=state.CHECKING), "desk", "cases.check", "due_at", lazy("去复查")
        ),
        desk.Wait("verify", running & unseen, "checker", "cases.check", "verify_by", of=_not_handled),
        desk.Wait("resume", paused, "desk", "cases.see", "", lazy("中止中，恢复后再办")),
    ]


def _not_handled(actor: Actor) -> Q:
    """Leave out what the reader's office is to put right: it does not look at the place in somebody else's stead."""
    return ~Q(handler_id__in=actor.organisation_ids)


def _line(case: Case) -> desk.Line:
    """Say how cases read on the desk."""
    return desk.Line(
        f"{case.estate or ''} {case.place}".strip() or case.number,
        reverse("cases:case", args=[case.pk]),
        catalogue.label(case.kind, case.class_code),
        case.street.name if case.street else "",
        phone=reverse("field:case", args=[case.pk]),
        marks=_marks(case),
        is_demo=case.is_demo,
    )


def _marks(case: Case) -> tuple[tuple[str, str], ...]:
    found = []
    if case.supervised:
        found.append((_("督办"), "danger"))
    elif case.urges:
        found.append((_("已催 %(n)s 次") % {"n": case.urges}, "warn"))
    if case.returns:
        found.append((_("退单 %(n)s 次") % {"n": case.returns}, "quiet"))
    return tuple(found)


def terms(at: datetime) -> list[desk.Wait]:
    """Say which requests for more time wait for whoever approves over the place."""
    still = Q(granted__isnull=True, case__desk_id=F("asked_organisation_id"))
    return [desk.Wait("decide_term", still, "", "cases.approve", of=_may_approve)]


def _may_approve(actor: Actor) -> Q:
    seen = access.visible(Case, to=actor, power="cases.approve").filter(state__in=sorted(rules.OPEN))
    return Q(case__in=seen) & ~Q(asked_organisation_id__in=actor.organisation_ids)


def _term_line(asked: TermRequest) -> desk.Line:
    """Say how requests for more time read on the desk."""
    return desk.Line(
        f"{asked.case.estate or asked.case.place} · {rules.TERM_KINDS[asked.kind]}",
        f"{reverse('cases:case', args=[asked.case_id])}#term",
        f"{asked.asked_organisation or asked.asked_by}: {asked.reason}"[:120],
        asked.case.street.name if asked.case.street else "",
        is_demo=asked.case.is_demo,
    )


NOTICES = {
    "urge": Word(lazy("催办")),
    "supervise": Word(lazy("督办"), "danger"),
    "unseal": Word(lazy("身份查看"), "danger"),
    "rating": Word(lazy("不满意")),
    "returned": Word(lazy("多次退单")),
}
KINDS = (
    desk.Kind("cases", lazy("事项"), Case, waits, _line, 10, queries.rungs_of, fetch=queries.with_row_parts),
    desk.Kind(
        "terms",
        lazy("延期、中止申请"),
        TermRequest,
        terms,
        _term_line,
        15,
        related=("case__estate", "case__street", "asked_organisation"),
    ),
)
