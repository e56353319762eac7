"""What is done at the place: items looked at, hazards found and looked at again, conclusion, signature.

Each verb acts for the part of the actor's agency, is one transaction, and leaves its record; like those of `services`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from anju.duties.cases.models import Case, Evidence
from anju.duties.cases.queries import catalogue
from anju.ground.access.actors import Actor
from anju.ground.foundation import files
from anju.ground.foundation.acts import Turn
from anju.ground.foundation.models import StoredFile
from anju.ground.foundation.refusals import NotFound, Refusal

from .. import rules
from ..models import CheckedItem, Finding, Visit, VisitOfficer, VisitPart, VisitPhoto
from ..queries import checklists, counted
from .visits import LOOP, PLACED, book, concluded, own_part, part_at_work


@dataclass(frozen=True, slots=True)
class Upload:
    """A photo that comes with an act."""

    file: UploadedFile | StoredFile
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was seen at one item: a result of rules.RESULT_LABELS, and a note."""

    result: str
    note: str = ""


# ------------------------------------------------------------------------------------------ items and what is found


@LOOP.verb("check")
def check_items(
    turn: Turn, *, answers: Mapping[str, Answer], rest: str = "", agency_id: int | None = None
) -> None:
    """Write down what was seen at items of the part's checklist; only what differs from before is written.

    answers  {item code: Answer}
    rest     a result for all items that have none yet ("ok": 其余全部合格)
    """
    turn.made = part = part_at_work(turn, agency_id)
    if part.checklist == rules.RECHECK:
        turn.refuse(_("复查请逐件查看原来的隐患。"), "look")
    known = {item.code for item in checklists.at_edition(part.checklist, part.edition).items}
    if strange := [code for code in answers if code not in known]:
        raise Refusal(_("检查表里没有“%(code)s”这一项。") % {"code": strange[0]}, field="items")
    if any(a.result not in rules.RESULT_LABELS for a in answers.values()) or rest not in (
        "",
        *rules.RESULT_LABELS,
    ):
        raise Refusal(_("检查结果请选合格、有问题或不涉及。"), field="items")
    before = {i.item: (i.result, i.note) for i in part.items.all()}
    written = {code: (a.result, a.note.strip()[:300]) for code, a in answers.items()}
    if rest:
        written |= {code: (rest, "") for code in known if code not in before and code not in written}
    changed = {code: said for code, said in written.items() if before.get(code) != said}
    if not changed:
        turn.unchanged(part)
    _write_items(part, changed)
    turn.facts = {"part": part.pk, "items": {code: result for code, (result, _note) in changed.items()}}


def _write_items(part: VisitPart, said: Mapping[str, tuple[str, str]]) -> None:
    CheckedItem.objects.bulk_create(
        [
            CheckedItem(part=part, item=code, result=result, note=note)
            for code, (result, note) in said.items()
        ],
        update_conflicts=True,
        unique_fields=["part", "item"],
        update_fields=["result", "note"],
    )


def same_hazards(visit: Visit, class_code: str, place: str) -> list[Finding]:
    """List the open hazards of a visit's unit that are of this class at this place, oldest first."""
    found = counted.open_hazards(visit.unit_id, class_code=class_code)
    return [finding for finding in found if rules.same_place(finding.place, place)]


@LOOP.verb("find")
def add_finding(
    turn: Turn,
    *,
    class_code: str,
    place: str,
    text: str,
    item: str,
    at_once: bool,
    uploads: Sequence[Upload],
    same_case_id: int | None,
    separate: bool,
    agency_id: int | None = None,
) -> None:
    """Write down a hazard that is seen, with its photos; it becomes a case when the visit is finished.

    at_once       put right before the officers leave (当场改正)
    same_case_id  it is this open hazard of the unit seen again, not a new one
    separate      it is a new one, although an open hazard of the same class at the same place is known
    Raises NeedsConfirmation when such a hazard is known and neither was said; a re-check takes it for the same.
    """
    visit, part = turn.row, part_at_work(turn, agency_id)
    chosen = catalogue.find("hazard", class_code, on=turn.today)
    if at_once and chosen.severity == "major_suspected":
        raise Refusal(_("重大火灾隐患嫌疑不能按当场改正处理，请去掉“当场改正”。"), field="at_once")
    case = _same(turn, class_code, place, same_case_id)
    twice = visit.findings.filter(part=part, class_code=class_code)
    if any(rules.same_place(f.place, place) for f in twice):
        raise Refusal(
            _("这次检查已经登记了同一位置的同类问题。确有两处的，请把位置写得更具体。"),
            field="place",
            code="twice",
        )
    finding = Finding.objects.create(
        visit=visit,
        part=part,
        unit_id=part.unit_id,
        unit_kind=part.unit_kind,
        case=case,
        item=item,
        class_code=class_code,
        top_class=chosen.groups[0][0],
        severity=chosen.severity,
        place=place,
        text=text,
        agency_id=part.agency_id,
        agency_kind=part.agency_kind,
        at_once=at_once,
        is_new=case is None,
        is_demo=visit.is_demo,
        **{column: getattr(visit, column) for column in PLACED},
    )
    add_photos(turn, uploads, finding=finding)
    if item:
        _mark_problem(part, item)
    turn.made = finding
    turn.note = " ".join(x for x in (chosen.name, place) if x)
    turn.facts |= {
        "finding": finding.pk,
        "class": class_code,
        "place": place,
        "at_once": at_once,
        "case": case.number if case else "",
    }


def _same(turn: Turn, class_code: str, place: str, case_id: int | None) -> Case | None:
    """Return the open hazard that is seen again, None for a new one; ask back when it may be either."""
    visit = turn.row
    if case_id is not None:
        hazards = [f for f in counted.open_hazards(visit.unit_id) if f.case_id == case_id]
        if not hazards:
            raise Refusal(_("所选的原有隐患已经销号，或不属于这个对象。请按新问题登记。"), field="same")
        return hazards[0].case
    alike = same_hazards(visit, class_code, place)
    if not alike:
        return None
    if visit.kind == rules.RECHECK and not turn.given["separate"]:
        return alike[0].case
    known = alike[0]
    turn.doubt(
        "known_hazard",
        _("这里有一处同类隐患还没有整改好（%(number)s，%(day)s发现）。是同一处，还是又有新的？")
        % {"number": known.case.number if known.case else "", "day": known.found_on},
        asked="same",
        confirm="separate",
        cases=[f.case_id for f in alike],
    )
    return None


def _mark_problem(part: VisitPart, item: str) -> None:
    """Say of the item that a finding belongs to that there is a problem."""
    if (
        part.checklist == rules.RECHECK
        or checklists.at_edition(part.checklist, part.edition).item(item) is None
    ):
        return
    CheckedItem.objects.update_or_create(part=part, item=item, defaults={"result": "problem"})


def _kept(file: UploadedFile | StoredFile, *, at: datetime) -> StoredFile:
    return file if isinstance(file, StoredFile) else files.store_upload(file, at=at)


def add_photos(
    turn: Turn, uploads: Sequence[Upload], *, finding: Finding | None = None, item: str = ""
) -> list[VisitPhoto]:
    """Keep photos of a finding or of a re-checked hazard."""
    made = []
    for upload in uploads:
        stored = _kept(upload.file, at=turn.at)
        photo, _created = VisitPhoto.objects.get_or_create(
            visit=turn.row,
            finding=finding,
            item=item,
            file=stored,
            defaults={
                "caption": upload.caption.strip()[:200],
                "added_by": f"{turn.by.post} {turn.by.name}".strip()[:120],
                "added_at": turn.at,
            },
        )
        made.append(photo)
    return made


@LOOP.verb("drop")
def _drop(turn: Turn, *, finding_id: int, reason: str) -> None:
    finding = turn.row.findings.filter(pk=finding_id).first()
    if finding is None:
        raise NotFound(_("没有找到这条问题，可能已经删除。"))
    own_part(turn, finding.agency_id)
    turn.facts = {"class": finding.class_code, "place": finding.place}
    finding.delete()


def drop_finding(
    *, finding_id: int, by: Actor, at: datetime, visit_id: int | None = None, reason: str = "", key: str = ""
) -> Visit:
    """Take a finding away that was written down wrongly, while the visit is open and unsigned."""
    if visit_id is None:
        visit_id = Finding.objects.filter(pk=finding_id).values_list("visit", flat=True).first() or 0
    done: Visit = _drop(visit_id=visit_id, finding_id=finding_id, reason=reason, by=by, at=at, key=key)
    return done


@LOOP.verb("look")
def look_at(
    turn: Turn,
    *,
    case_id: int,
    result: str,
    note: str,
    uploads: Sequence[Upload],
    insist: bool = False,
    agency_id: int | None = None,
) -> None:
    """Write down at a re-check what became of a hazard: ok put right, problem not put right.

    note    what is seen there now; required, because it is what the case is closed or sent back with
    Raises NeedsConfirmation for the photo that showed the hazard, handed in as proof that it is gone.
    """
    visit, part = turn.row, part_at_work(turn, agency_id)
    if visit.kind != rules.RECHECK:
        turn.refuse(_("只有复查才逐件查看原来的隐患。"))
    hazard = next((f for f in counted.open_hazards(visit.unit_id) if f.case_id == case_id), None)
    if hazard is None:
        raise NotFound(_("没有找到这处隐患，可能已经销号。"))
    if result != "not_applicable" and len(note) < 4:
        raise Refusal(_("请写明现场看到的情况，至少四个字。"), field="note")
    item = rules.recheck_item(case_id)
    photos = add_photos(turn, uploads, item=item)
    if result == "ok":
        shown = Evidence.objects.filter(case_id=case_id, file__in=[p.file_id for p in photos], shows="before")
        if shown.exists():
            turn.doubt(
                "same_photo",
                _("这是整改前的那张照片，不能说明已经整改。请重新拍摄；确需使用的，请再次确认。"),
                asked="photos",
            )
    _write_items(part, {item: (result, note)})
    turn.made = part
    turn.facts |= {"case": case_id, "result": result}


# -------------------------------------------------------------------------------------------- conclusion and signature


@LOOP.verb("conclude")
def conclude_part(turn: Turn, *, conclusion: str, note: str, agency_id: int | None = None) -> None:
    """Conclude the part of the actor's agency: nothing found, problems, corrected at once, refused, closed down.

    Raises Refusal while items are open, while a problem has neither a finding nor a note, and for a conclusion that
    does not fit what was found.
    """
    turn.made = part = part_at_work(turn, agency_id)
    if conclusion in rules.NEEDS_NO_ITEMS:
        if not note:
            raise Refusal(_("请写明拒绝检查或关闭停业的情况。"), field="note")
    else:
        _complete(turn.row, part, conclusion)
    part.conclusion, part.note, part.concluded_at = conclusion, note, turn.at
    part.save(update_fields=["conclusion", "note", "concluded_at"])
    turn.facts = {"agency": part.agency.name, "conclusion": conclusion}


def _complete(visit: Visit, part: VisitPart, conclusion: str) -> None:
    """Refuse a conclusion while something is missing, or when it says other than what was found."""
    items = {i.item: i for i in part.items.all()}
    findings = list(part.findings.all())
    if part.checklist == rules.RECHECK:
        hazards = counted.open_hazards(visit.unit_id)
        left = [f for f in hazards if rules.recheck_item(f.case_id or 0) not in items]
        problems = sum(i.result == "problem" for i in items.values())
        found, at_once = len(findings) + problems, sum(f.at_once for f in findings)
        unexplained = []
    else:
        form = checklists.at_edition(part.checklist, part.edition)
        left = [item for item in form.items if item.code not in items]
        explained = {f.item for f in findings} | {i.item for i in items.values() if i.note}
        unexplained = [
            item for item in form.items
            if items.get(item.code) and items[item.code].result == "problem" and item.code not in explained
        ]  # fmt: skip
        # A problem that is no hazard (a conduct item) is found as well.
        noted = {i.item for i in items.values() if i.result == "problem"} - {f.item for f in findings}
        found, at_once = len(findings) + len(noted), sum(f.at_once for f in findings)
    if left:
        raise Refusal(
            _("还有 %(n)d 项没有填写结果，请填完再下结论。") % {"n": len(left)},
            field="items",
            code="items_left",
        )
    if unexplained:
        raise Refusal(
            _("“%(item)s”记为有问题，请登记问题，或写明是什么情况。") % {"item": unexplained[0].label},
            field="items",
            code="unexplained",
        )
    sentences = {
        "found": _("已经登记了问题，结论不能是“未发现问题”。"),
        "not_found": _("没有登记任何问题，结论应是“未发现问题”。"),
        "not_corrected": _("还有没当场改正的问题，结论应是“发现问题”。"),
    }
    if why := rules.conclusion_conflict(conclusion, found=found, at_once=at_once):
        raise Refusal(sentences[why], field="conclusion", code=why)


@LOOP.verb("sign")
def sign(
    turn: Turn, *, signed_by: str, picture: UploadedFile | StoredFile | None, typed: bool | None, met: str
) -> None:
    """Take the signature of the inspected: the name, and the picture drawn on the phone when there is one.

    typed  where it could have been drawn: whether the name alone is to sign, an empty box is asked about first
    """
    visit = turn.row
    concluded(visit)
    if picture is None and typed is not None:
        turn.doubt(
            "not_drawn",
            _("框里还没有签字，请当事人手写。确实不便手写的，勾选只登记姓名；拒签的，在下面注明。"),
            asked="signature",
            confirm="typed",
        )
    stored = _kept(picture, at=turn.at) if picture is not None else None
    if stored is not None and not stored.is_image:
        raise Refusal(_("签字应是一张图片，请重新签字。"), field="signature")
    visit.signed_by, visit.signature, visit.ended_at = signed_by, stored, turn.at
    visit.met = met or visit.met or signed_by
    turn.facts |= {"signed_by": signed_by, "picture": stored.sha256 if stored else ""}


@LOOP.verb("refuse_signature")
def refuse_signature(turn: Turn, *, reason: str, witness: str, met: str) -> None:
    """Note that the inspected refused to sign, and why; a witness or two officers must have seen it."""
    visit = turn.row
    concluded(visit)
    least = book(turn.today)["refusal"]["officers"]
    if not witness and VisitOfficer.objects.filter(part__visit=visit).count() < least:
        raise Refusal(_("只有一名检查人员时，拒绝签字要有见证人，请填写见证人姓名。"), field="witness")
    visit.refusal, visit.witness, visit.ended_at = reason, witness, turn.at
    visit.met = met or visit.met
    turn.facts = {"witness": witness}


@LOOP.verb("withdraw_signature")
def withdraw_signature(turn: Turn, *, reason: str) -> None:
    """Open a signed record again, because something in it is wrong; it must be signed anew."""
    visit = turn.row
    turn.facts = {"was": visit.signed_by or visit.refusal}
    visit.signed_by, visit.signature, visit.refusal, visit.witness = "", None, "", ""
