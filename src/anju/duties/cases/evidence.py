"""Photos and files that prove something about a case, and what speaks against them.

A doubt never refuses: it is written down when the photo comes and read to whoever re-checks. One thing is asked back
at once: the very photo that showed the hazard, handed in as proof that it is gone. Doubts are kept as codes and ids
and turned into sentences for the reader, who is told the number of another case only if they may see it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import coordinates, files, rulebooks
from anju.ground.foundation.jinja import datetime_local, span
from anju.ground.foundation.models import StoredFile
from anju.ground.foundation.refusals import NeedsConfirmation, Refusal
from anju.ground.foundation.wording import lazy

from .models import Case, Evidence, Report
from .rules import State

PURPOSE_LABELS = {
    "report": lazy("上报"),
    "verify": lazy("现场核实"),
    "rectify": lazy("整改"),
    "recheck": lazy("复查"),
}
BEFORE = frozenset({"report", "verify"})
AFTER = frozenset({"rectify", "recheck"})
# Worth knowing, but no reason to suspect: most messengers strip EXIF from every photo.
_INFORMATION = frozenset({"no_exif"})
_MOST_CASES = 10  # named in one doubt; a blank form may have been used thousands of times
_MOST_ALIKE = 200
Point = tuple[float, float]
Doubt = dict[str, Any]


# --- Adding ----------------------------------------------------------------------------------------------------


def add(
    case: Case,
    upload: UploadedFile | StoredFile,
    purpose: str,
    by: Actor,
    at: datetime,
    caption: str = "",
    claim_point: Point | None = None,
    claim_time: datetime | None = None,
    *,
    insist: bool = False,
) -> Evidence:
    """Attach a photo or file to a case in the caller's transaction; the calling verb writes the journal.

    purpose      report | verify | rectify | recheck
    claim_point  where it is said to be taken, (longitude, latitude) WGS-84; default the case's point, else the estate's
    claim_time   when it is said to be taken; default `at`
    insist       hand in the photo that showed the hazard as proof of its rectification all the same
    The same file for the same purpose is attached once. Raises Refusal for a file that cannot be accepted or too
    many of the public's, NeedsConfirmation for the same photo before and after.
    """
    if purpose not in PURPOSE_LABELS:
        raise ValueError(f"unknown purpose of evidence: {purpose}")
    limits = rulebooks.load("deadlines", on=timezone.localtime(at).date())
    stored = upload if isinstance(upload, StoredFile) else files.store_upload(upload, at=at)
    family = _family(case)
    own = list(Evidence.objects.filter(case_id__in=family).select_related("file"))
    here = [line for line in own if line.case_id == case.pk and line.purpose == purpose]
    if known := next((line for line in here if line.file_id == stored.pk), None):
        return known
    if by.kind == "public" and len(here) >= limits["abuse"]["photos_most"]:
        raise Refusal(
            _("每次最多上传 %(most)s 张照片。请选最能说明问题的几张。")
            % {"most": limits["abuse"]["photos_most"]},
            field="uploads",
            code="too_many_files",
        )
    same_before = [line for line in own if line.file_id == stored.pk and line.purpose in BEFORE]
    if purpose in AFTER and same_before and not insist:
        raise NeedsConfirmation(
            _(
                "“%(name)s”就是整改前的那张照片，不能说明已经整改。请上传整改后拍的照片；确需使用的，请再次确认。"
            )
            % {"name": stored.name},
            field="uploads",
            data={"confirm": "insist", "name": stored.name, "sha256": stored.sha256},
            code="same_photo",
        )
    point = claim_point or _point(case) or _estate_point(case)
    doubts = [
        *_own_word(case, stored, purpose, limits["evidence"], claimed=claim_time or at, point=point),
        *_used_before(stored, purpose, own, family, limits["evidence"]["hash_distance"]),
    ]
    return Evidence.objects.create(
        case=case,
        file=stored,
        purpose=purpose,
        caption=caption.strip()[:200],
        added_by=f"{by.post} {by.name}".strip()[:120],
        added_at=at,
        doubts=doubts,
    )


def _family(case: Case) -> set[int]:
    """Return the ids of the case and of all it was merged with or split from or into: they may share photos."""
    heads = {pk for pk in (case.pk, case.parent_id, case.merged_into_id) if pk is not None}
    kin = Case.objects.filter(Q(merged_into__in=heads) | Q(parent__in=heads)).values_list("pk", flat=True)
    return heads.union(kin)


def _point(case: Case) -> Point | None:
    if case.longitude is None or case.latitude is None:
        return None
    return case.longitude, case.latitude


def _estate_point(case: Case) -> Point | None:
    estate = case.estate
    if estate is None or estate.longitude is None or estate.latitude is None:
        return None
    return estate.longitude, estate.latitude


def _metres(stored: StoredFile, point: Point | None) -> int | None:
    if point is None or stored.longitude is None or stored.latitude is None:
        return None
    return round(coordinates.metres_between((stored.longitude, stored.latitude), point))


def _own_word(
    case: Case,
    stored: StoredFile,
    purpose: str,
    limits: Mapping[str, Any],
    *,
    claimed: datetime,
    point: Point | None,
) -> list[Doubt]:
    """Compare the photo's own time and place with what is claimed."""
    if not stored.is_image:
        return []
    if stored.taken_at is None and stored.longitude is None:
        return [{"code": "no_exif"}]
    found: list[Doubt] = []
    if (taken := stored.taken_at) is not None:
        if purpose != "report" and taken < case.reported_at:
            found.append({"code": "before_report", "taken_at": taken.isoformat()})
        elif claimed - taken > timedelta(hours=limits["hours_before"]):
            hours = int((claimed - taken).total_seconds() // 3600)
            found.append({"code": "old", "taken_at": taken.isoformat(), "hours": hours})
        elif taken - claimed > timedelta(hours=limits["hours_after"]):
            found.append({"code": "future", "taken_at": taken.isoformat()})
    metres = _metres(stored, point)
    if metres is not None and metres > limits["metres"]:
        found.append({"code": "far", "metres": metres})
    return found


def _used_before(
    stored: StoredFile, purpose: str, own: Sequence[Evidence], family: set[int], most_bits: int
) -> list[Doubt]:
    """Recognise the same file, or nearly the same picture, used before in this case or in another."""
    near = files.similar(stored.perceptual_hash, within_bits=most_bits).exclude(pk=stored.pk)
    alike = set(near.values_list("pk", flat=True)[:_MOST_ALIKE])
    found: list[Doubt] = []
    for code, ids in (("same", {stored.pk}), ("alike", alike)):
        mine = {line.purpose for line in own if line.file_id in ids and line.purpose != purpose}
        if purpose in AFTER and mine & BEFORE:
            found.append({"code": f"{code}_before"})
        elif mine:
            found.append({"code": f"{code}_here", "purposes": sorted(mine)})
    used = (
        Evidence.objects.filter(file_id__in=[stored.pk, *alike])
        .exclude(case_id__in=family)
        .order_by("-added_at")
    )
    elsewhere = list(used.values_list("file_id", "case_id")[:_MOST_ALIKE])
    for code, ids in (("same_elsewhere", {stored.pk}), ("alike_elsewhere", alike)):
        cases = list(dict.fromkeys(case_id for file_id, case_id in elsewhere if file_id in ids))
        if code == "alike_elsewhere":
            cases = [pk for pk in cases if (stored.pk, pk) not in elsewhere]
        if cases:
            found.append({"code": code, "cases": cases[:_MOST_CASES], "total": len(cases)})
    return found


# --- Showing to staff ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Photo:
    """One picture as `ui.evidence_gallery` draws it; `warning` joins the doubts that matter, `doubts` holds all."""

    id: int
    url: str
    thumb_url: str
    alt: str
    caption: str
    purpose: str
    purpose_label: str
    by: str
    added_at: datetime
    taken_at: datetime | None
    place: str
    warning: str
    doubts: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that is no picture, to be saved."""

    id: int
    url: str
    name: str
    size: int
    purpose_label: str
    by: str
    added_at: datetime
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gallery:
    """The evidence of a case: what was found (before) and what was done about it (after)."""

    before: tuple[Photo, ...] = ()
    after: tuple[Photo, ...] = ()
    files: tuple[Attachment, ...] = ()

    @property
    def pairs(self) -> list[tuple[Photo | None, Photo | None]]:
        """Set before and after side by side in the order they were added."""
        return list(zip_longest(self.before, self.after))

    @property
    def doubted(self) -> int:
        """Count the photos with a doubt that matters."""
        return sum(1 for photo in (*self.before, *self.after) if photo.warning)

    def __bool__(self) -> bool:
        return bool(self.before or self.after or self.files)


def gallery(case: Case, actor: Actor) -> Gallery:
    """Return a case's evidence (with that of cases merged into it) for somebody who may see the case.

    Doubts are told to those who check or dispatch, not to the company whose photos they are about.
    """
    folded = list(Case.objects.filter(merged_into=case).values_list("pk", flat=True))
    lines = list(
        Evidence.objects.filter(case_id__in=[case.pk, *folded])
        .select_related("file")
        .order_by("added_at", "pk")
    )
    tells = actor.has("cases.check") or actor.has("cases.assign")
    numbers = _numbers((doubt for line in lines for doubt in line.doubts), actor) if tells else {}
    point = _point(case) or _estate_point(case)
    photos: list[Photo] = []
    attachments: list[Attachment] = []
    for line in lines:
        doubts = line.doubts if tells else []
        if line.file.is_image:
            photos.append(_photo(line, case, point, doubts, numbers))
        else:
            attachments.append(
                Attachment(
                    id=line.pk,
                    url=files.url(line.file),
                    name=line.caption or line.file.name,
                    size=line.file.size,
                    purpose_label=str(PURPOSE_LABELS[line.purpose]),
                    by=line.added_by,
                    added_at=line.added_at,
                    doubts=tuple(sentence(doubt, case, numbers) for doubt in doubts),
                )
            )
    return Gallery(
        before=tuple(photo for photo in photos if photo.purpose in BEFORE),
        after=tuple(photo for photo in photos if photo.purpose in AFTER),
        files=tuple(attachments),
    )


def _photo(
    line: Evidence, case: Case, point: Point | None, doubts: Sequence[Doubt], numbers: Mapping[int, str]
) -> Photo:
    label = str(PURPOSE_LABELS[line.purpose])
    metres = _metres(line.file, point)
    parts = [line.caption, _("距现场约 %(metres)s 米") % {"metres": metres} if metres is not None else ""]
    return Photo(
        id=line.pk,
        url=files.url(line.file, "page"),
        thumb_url=files.url(line.file, "thumb"),
        alt=line.caption or _("%(purpose)s照片") % {"purpose": label},
        caption=line.caption,
        purpose=line.purpose,
        purpose_label=label,
        by=line.added_by,
        added_at=line.added_at,
        taken_at=line.file.taken_at,
        place=" · ".join(part for part in parts if part),
        warning=" ".join(sentence(d, case, numbers) for d in doubts if d["code"] not in _INFORMATION),
        doubts=tuple(sentence(doubt, case, numbers) for doubt in doubts),
        sha256=line.file.sha256,
    )


def _numbers(doubts: Iterable[Doubt], actor: Actor) -> dict[int, str]:
    """Return the numbers of those cases named in doubts that the actor may see."""
    named = {pk for doubt in doubts for pk in doubt.get("cases", ())}
    if not named:
        return {}
    seen = access.visible(Case, to=actor, power="cases.see").filter(pk__in=named)
    return {case.pk: case.number for case in seen.only("pk", "reported_at")}


def sentence(doubt: Doubt, case: Case, numbers: Mapping[int, str] | None = None) -> str:
    """Say a doubt in one sentence; `numbers` are the case numbers the reader may know, by id."""
    code = doubt["code"]
    taken = doubt.get("taken_at")
    purposes = _("、").join(str(PURPOSE_LABELS[purpose]) for purpose in doubt.get("purposes", ()))
    words = {
        "taken": datetime_local(datetime.fromisoformat(taken)) if taken else "",
        "reported": datetime_local(case.reported_at),
        "ago": span(timedelta(hours=doubt.get("hours", 0))),
        "metres": f"{doubt.get('metres', 0):,}",
        "purposes": purposes,
        "cases": _cases_named(doubt, numbers or {}),
    }
    return _SENTENCES[code]() % words


_SENTENCES = {
    "no_exif": lambda: _("照片里没有拍摄时间和位置，无法核对。"),
    "before_report": lambda: _("拍摄于 %(taken)s，早于接报时间 %(reported)s。"),
    "old": lambda: _("拍摄于 %(taken)s，比所称时间早 %(ago)s。"),
    "future": lambda: _("拍摄时间 %(taken)s 晚于所称时间，相机的时钟可能不准。"),
    "far": lambda: _("拍摄位置距现场约 %(metres)s 米。"),
    "same_before": lambda: _("与整改前的照片是同一个文件。"),
    "alike_before": lambda: _("与整改前的照片几乎相同，请核对是否确已整改。"),
    "same_here": lambda: _("同一张照片在本件的“%(purposes)s”中用过。"),
    "alike_here": lambda: _("与本件“%(purposes)s”的照片几乎相同。"),
    "same_elsewhere": lambda: _("同一张照片已用于%(cases)s。"),
    "alike_elsewhere": lambda: _("与其他事项的照片几乎相同：%(cases)s。"),
}


def _cases_named(doubt: Doubt, numbers: Mapping[int, str]) -> str:
    known = [numbers[pk] for pk in doubt.get("cases", ()) if pk in numbers]
    others = doubt.get("total", 0) - len(known)
    if not known:
        return _("管辖范围外的 %(n)s 件事项") % {"n": others}
    listed = _("、").join(known)
    return _("%(numbers)s 等 %(n)s 件") % {"numbers": listed, "n": doubt["total"]} if others else listed


# --- Showing to the reporter -----------------------------------------------------------------------------------


def gallery_of_report(report_id: int, *, at: datetime) -> Gallery:
    """Return what the holder of a follow code may see: the photos of this report, and after closing those of the cure.

    The addresses are signed and expire; no names, places, times of the camera, doubts or files are told.
    """
    made = Report.objects.select_related("case__merged_into").filter(pk=report_id).first()
    if made is None:
        return Gallery()
    handled = made.case.merged_into or made.case
    wanted = Q(case=made.case, purpose="report", added_at=made.reported_at)
    if handled.state == State.CLOSED:
        wanted |= Q(case=handled, purpose__in=sorted(AFTER))
    lines = Evidence.objects.filter(wanted, file__media_type__startswith="image/").select_related("file")
    photos = [_public_photo(line, at=at) for line in lines.order_by("added_at", "pk")]
    return Gallery(
        before=tuple(photo for photo in photos if photo.purpose in BEFORE),
        after=tuple(photo for photo in photos if photo.purpose in AFTER),
    )


def _public_photo(line: Evidence, *, at: datetime) -> Photo:
    label = str(PURPOSE_LABELS[line.purpose])
    return Photo(
        id=0,
        url=files.signed_url(line.file, "page", at=at),
        thumb_url=files.signed_url(line.file, "thumb", at=at),
        alt=_("%(purpose)s照片") % {"purpose": label},
        caption="",
        purpose=line.purpose,
        purpose_label=label,
        by="",
        added_at=line.added_at,
        taken_at=None,
        place="",
        warning="",
        doubts=(),
        sha256="",
    )


@files.register_viewer
def sees_a_case_with_it(actor: Actor, request: HttpRequest, stored: StoredFile) -> bool:
    """Say whether a member of staff sees a case (or the one it was merged into) that has this file as evidence."""
    if not actor.has("cases.see"):
        return False
    # Fetched first: as a subquery the planner would walk all cases within reach.
    holding = Evidence.objects.filter(file=stored).values_list("case_id", "case__merged_into_id")
    cases = {pk for pair in holding[:_MOST_ALIKE] for pk in pair if pk is not None}
    return access.visible(Case, to=actor, power="cases.see").filter(pk__in=cases).exists()
