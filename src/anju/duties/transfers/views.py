"""Pages of transfers: the desk, one transfer with both sides' story, a new one, the receipt to print."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from anju.duties.cases.queries import catalogue
from anju.duties.cases.rules import PURPOSE_LABELS
from anju.ground.access.actors import Actor
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms, clocks, files, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.citations import cite
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.organisations.models import Organisation
from anju.ground.organisations.queries import closest

from . import queries, rules
from . import services as verbs
from .forms import TransferForm
from .rules import KIND_LABELS
from .services import LOOP


@require_safe
@power("transfers.see")
def transfers(request: HttpRequest) -> HttpResponse:
    """Show the three boxes: what I sent, what was sent to me, what those below me sent or received; the late first."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    closed = request.GET.get("closed") == "1"
    context = {
        "desk": queries.desk(actor, at=at, closed=closed),
        "titles": {"sent": _("我发出的"), "received": _("发给我的"), "below": _("下级的")},
        "empty": {
            "sent": _("没有发出、尚未办结的移送"),
            "received": _("没有等待本单位办理的移送"),
            "below": _("下级没有在办的移送"),
        },
        "tones": LOOP.moods,
        "kinds": KIND_LABELS,
        "closed": closed,
        "now": at,
    }
    return render(request, "transfers/transfers.html", context)


@require_safe
@power("transfers.see")
def transfer(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """Show one transfer whole: who must act by when, the letter, the manifest, both sides' story."""
    return _page(request, transfer_id)


def _page(
    request: HttpRequest,
    transfer_id: int,
    *,
    refusal: Refusal | None = None,
    act: str = "",
    verified: queries.Verified | None = None,
) -> HttpResponse:
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    found = queries.dossier(actor, transfer_id, at=at)
    one = found.transfer
    context = {
        "d": found,
        "derivation": clocks.derivation,
        "t": one,
        "tone": LOOP.moods[one.state],
        "acts": act_forms.buttons(
            request, LOOP, one, "transfers:step", at=at, act=act, refusal=refusal, elsewhere=("verify",)
        ),
        "hints": {"send": _("发出后编号制发通知书，证据清单随即固定，不能再改。")},
        "phrases": _phrases(),
        "events": [story.told(event) for event in reversed(found.events)],
        "stages": _stages(found),
        "sides": _sides(found, at),
        "files": {line.pk: files.url(line.file) for line in found.manifest},
        "answer_files": [
            {"url": files.url(line.file), "name": line.caption or line.file.name, "size": line.file.size}
            for line in found.answer_files
        ],
        "verified": verified,
        "verdicts": {v.line.pk: v for v in verified.lines} if verified else {},
        "now": at,
    }
    return render(request, "transfers/transfer.html", context, status=refusal.status if refusal else 200)


def _phrases() -> dict[str, list[str]]:
    return {
        "refuse": [
            _("不属于本机关法定职权，依据是："),
            _("现场不在本机关管辖区域，应由："),
            _("材料不足，请补充："),
        ],
        "report_back": [_("经现场核查，"), _("已责令当事人改正，"), _("已立案调查，案号：")],
    }


def _stages(found: queries.Dossier) -> list[dict[str, Any]]:
    one = found.transfer
    order = [
        (_("拟稿"), None),
        (_("发出"), one.sent_at),
        (_("签收"), one.signed_at),
        (_("受理"), one.accepted_at),
        (_("反馈结果"), one.reported_at),
        (_("办结"), one.closed_at),
    ]
    here = {
        "draft": 0,
        "sent": 2,
        "signed": 3,
        "accepted": 4,
        "passed_on": 4,
        "reported_back": 5,
        "closed": 6,
    }
    now = here.get(one.state, 3)
    return [
        {"label": label, "at": at, "state": "done" if n < now else "now" if n == now else "later"}
        for n, (label, at) in enumerate(order)
    ]


def _sides(found: queries.Dossier, at: Any) -> list[dict[str, Any]]:
    """List the four desks that see the matter, with who must act, and whether it is late there."""
    one = found.transfer
    party = rules.next_party(one.state, one.due_step)
    rows = []
    for key in rules.PARTIES:
        office = getattr(one, key)
        rows.append(
            {
                "label": str(rules.PARTY_LABELS[key]),
                "name": office.name if office else _("值班员（待指定）"),
                "acts": key == party,
                "late": found.row.late,
            }
        )
    return rows


@require_POST
@power("transfers.see")
@writes(
    "transfers.send", "transfers.discard", "transfers.sign_for", "transfers.accept", "transfers.refuse",
    "transfers.pass_on", "transfers.report_back", "transfers.close", "transfers.insist", "transfers.redirect",
    "transfers.contest", "transfers.take_back", "transfers.order_accept", "transfers.order_return", "transfers.urge",
)  # fmt: skip
def step(request: HttpRequest, transfer_id: int, act: str) -> HttpResponse:
    """Take one step; a refusal comes back beside its button with everything that was typed."""
    if refusal := act_forms.pressed(request, LOOP, act, transfer_id):
        return _page(request, transfer_id, refusal=refusal, act=act)
    messages.success(request, _("已办理。"))
    return redirect("transfers:transfer", transfer_id)


@require_POST
@power("transfers.see")
@writes("transfers.verify")
def verify(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """Hash the files of the manifest anew and show line by line whether anything changed."""
    found = verbs.verify_manifest(
        transfer_id=transfer_id,
        by=request.actor,  # type: ignore[attr-defined]
        at=timezone.now(),
        key=act_forms.key_of(request),
    )
    return _page(request, transfer_id, verified=found)


@require_safe
@power("transfers.see")
def receipt(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """Show the receipt of a transfer to print: who signed what and when, with the manifest's hash."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    found = queries.dossier(actor, transfer_id, at=at)
    if found.transfer.signed_at is None:
        raise NotFound(_("接收机关还没有签收，没有回执。"))
    return render(request, "transfers/receipt.html", {"d": found, "t": found.transfer, "now": at})


@power("transfers.transfer")
@writes("transfers.draft", "transfers.report_serious")
def new(request: HttpRequest) -> HttpResponse:
    """Make a transfer of a case (`?case=`), with the receiver that its class and place suggest (`&to=` another)."""
    at, actor = timezone.now(), request.actor  # type: ignore[attr-defined]
    case = queries.case_to_transfer(actor, whole(request.GET.get("case")) or 0)
    senders = queries.senders(actor)
    kept = [senders[0].pk] if len(senders) == 1 else []
    suggested = queries.suggest(case, at=at, besides=kept)
    lines = queries.evidence_of(case)
    wanted = request.GET.get("kind", "")
    serious_only = wanted == "serious_report" and suggested.serious
    offices = queries.receivers(case, at=at, besides=kept)
    form = TransferForm(
        request.POST or None,
        receivers=offices,
        senders=senders,
        orders=queries.orders_of(case),
        serious=suggested.serious,
        initial={
            "kind": wanted if wanted in KIND_LABELS else suggested.route.kind,
            "receiver": _wanted(request.GET.get("to", ""), offices)
            or (suggested.receiver and suggested.receiver.pk),
            "reason": request.GET.get("reason")
            or _("%(reason)s请依法处理，并反馈结果。") % {"reason": _zh_reason(suggested)},
            "order": whole(request.GET.get("order")),
        },
        only_serious=serious_only,
    )
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            return _made(request, actor, case, form, at)
        except NotFound:
            raise
        except Refusal as found:
            refusal = found
            act_forms.refused(form, found)
    chosen = (
        request.POST.getlist("evidence") if request.method == "POST" else [str(line.pk) for line in lines]
    )
    context = {
        "case": case,
        "label": catalogue.label(case.kind, case.class_code),
        "form": form,
        "suggested": suggested,
        "basis": [cite(key) for key in suggested.route.basis],
        "lines": [
            {"line": line, "url": files.url(line.file, "thumb"), "chosen": str(line.pk) in chosen}
            for line in lines
        ],
        "purposes": PURPOSE_LABELS,
        "refusal": refusal,
        "code": senders[0].document_code if len(senders) == 1 else "",
    }
    return render(request, "transfers/new.html", context, status=422 if request.method == "POST" else 200)


def _wanted(to: str, offices: list[Organisation]) -> int | None:
    """Return the receiver an address asks for: by its id, or the closest of a kind (`to=fire_brigade`)."""
    if (pk := whole(to)) is not None:
        return pk
    found = closest(offices, to)
    return found.pk if found else None


def _zh_reason(suggested: queries.Suggestion) -> str:
    """Return the rulebook's reason as it is printed: in Chinese, whatever the reader's language."""
    return suggested.route.reason


def _made(request: HttpRequest, actor: Actor, case: Any, form: TransferForm, at: Any) -> HttpResponse:
    given = form.cleaned_data
    common = {
        "case_id": case.pk,
        "reason": given["reason"],
        "stopped": given["stopped"],
        "evidence_ids": [pk for text in request.POST.getlist("evidence") if (pk := whole(text))],
        "order_id": given.get("order"),
        "sender_id": given.get("sender"),
        "by": actor,
        "at": at,
        "key": act_forms.key_of(request),
    }
    if given["kind"] == "serious_report":
        both = verbs.report_serious(**common)
        messages.success(request, _("已发出 %(n)d 份书面报告。") % {"n": len(both)})
        return redirect("transfers:list")
    made = verbs.draft_transfer(kind=given["kind"], receiver_id=given["receiver"], **common)
    messages.success(request, _("已拟好，核对后请发出；发出前对方看不到。"))
    return redirect("transfers:transfer", made.pk)
