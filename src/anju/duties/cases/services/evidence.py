"""Adding a photo or a file to a case, and noting what speaks against it.

A doubt never refuses: it is written down when the photo comes and read to whoever re-checks. One thing is asked back
at once: the very photo that showed the hazard, handed in as proof that it is gone.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access.actors import Actor
from anju.ground.foundation import files, rulebooks
from anju.ground.foundation.models import StoredFile
from anju.ground.foundation.refusals import NeedsConfirmation, Refusal

from ..models import Case, Evidence
from ..queries.evidence import Doubt, Point, metres_from, place_of
from ..rules import AFTER, BEFORE, PURPOSE_LABELS, SHOWN_FIRST, State

_MOST_CASES = 10  # named in one doubt; a blank form may have been used thousands of times
_MOST_ALIKE = 200


def _ask_back(code: str, sentence: str, *, asked: str, **more: Any) -> None:
    raise NeedsConfirmation(sentence, field=asked, data={"confirm": "insist", **more}, code=code)


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
    shows: str = "",
    doubt: Callable[..., None] = _ask_back,
) -> Evidence:
    """Attach a photo or file to a case in the caller's transaction; the calling verb writes the journal.

    purpose      report | verify | rectify | recheck | note
    claim_point  where it is said to be taken, (longitude, latitude) WGS-84; default the case's point, else the estate's
    claim_time   when it is said to be taken; default `at`
    shows        what it shows (`rules.SHOWS_LABELS`), where its step does not say it
    doubt        how the calling verb asks back for the photo that showed the hazard, handed in as proof that it is
                 gone: default NeedsConfirmation; `Turn.doubt` lets insist
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
    shown = shows or _first_shown(case, purpose)
    if known := next((line for line in here if line.file_id == stored.pk), None):
        if known.shows != shown:
            known.shows = shown
            known.save(update_fields=["shows"])
        return known
    if by.kind == "public" and len(here) >= limits["abuse"]["photos_most"]:
        raise Refusal(
            _("每次最多上传 %(most)s 张照片。请选最能说明问题的几张。")
            % {"most": limits["abuse"]["photos_most"]},
            field="uploads",
            code="too_many_files",
        )
    same_before = [line for line in own if line.file_id == stored.pk and line.purpose in BEFORE]
    if purpose in AFTER and same_before:
        doubt(
            "same_photo",
            _(
                "“%(name)s”就是整改前的那张照片，不能说明已经整改。请上传整改后拍的照片；确需使用的，请再次确认。"
            )
            % {"name": stored.name},
            asked="uploads",
            name=stored.name,
            sha256=stored.sha256,
        )
    point = claim_point or place_of(case)
    doubts = [
        *_own_word(case, stored, purpose, limits["evidence"], claimed=claim_time or at, point=point),
        *_used_before(stored, purpose, own, family, limits["evidence"]["hash_distance"]),
    ]
    return Evidence.objects.create(
        case=case,
        file=stored,
        purpose=purpose,
        shows=shown,
        caption=caption.strip()[:200],
        added_by=f"{by.post} {by.name}".strip()[:120],
        added_at=at,
        doubts=doubts,
    )


def _first_shown(case: Case, purpose: str) -> str:
    """Say what a photo of a step shows: what is handed in shows a cure only when a checker has accepted it."""
    return "after" if purpose == "rectify" and case.state == State.CLOSED else SHOWN_FIRST[purpose]


def _family(case: Case) -> set[int]:
    """Return the ids of the case and of all it was merged with or split from or into: they may share photos."""
    heads = {pk for pk in (case.pk, case.parent_id, case.merged_into_id) if pk is not None}
    kin = Case.objects.filter(Q(merged_into__in=heads) | Q(parent__in=heads)).values_list("pk", flat=True)
    return heads.union(kin)


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
    metres = metres_from(stored, point)
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
