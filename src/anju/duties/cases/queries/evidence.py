"""Photos and files that prove something about a case, as staff and the reporter see them, and what speaks against them.

Doubts are kept as codes and ids and turned into sentences for the reader, who is told the number of another case only
if they may see it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import coordinates, files
from anju.ground.foundation.jinja import datetime_local, span
from anju.ground.foundation.models import StoredFile

from ..models import Case, Evidence, Report
from ..rules import PURPOSE_LABELS, SHOWS_LABELS, State

# Worth knowing, but no reason to suspect: most messengers strip EXIF from every photo.
_INFORMATION = frozenset({"no_exif"})
Point = tuple[float, float]
Doubt = dict[str, Any]


def place_of(case: Case) -> Point | None:
    """Return where a case is, (longitude, latitude) WGS-84: its own point, else its estate's."""
    if case.longitude is not None and case.latitude is not None:
        return case.longitude, case.latitude
    estate = case.estate
    if estate is None or estate.longitude is None or estate.latitude is None:
        return None
    return estate.longitude, estate.latitude


def metres_from(stored: StoredFile, point: Point | None) -> int | None:
    """Return how far from a point a photo was taken, or None when either is unknown."""
    if point is None or stored.longitude is None or stored.latitude is None:
        return None
    return round(coordinates.metres_between((stored.longitude, stored.latitude), point))


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
    shows: str
    by: str
    added_at: datetime
    taken_at: datetime | None
    place: str
    warning: str
    doubts: tuple[str, ...]
    sha256: str
    answer: str = ""

    @property
    def label(self) -> str:
        """What is written on it: of which step it is, or what has become of it."""
        return self.purpose_label if self.shows in ("before", "other") else str(SHOWS_LABELS[self.shows])


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
    """The evidence of a case: what was found (before), what was done about it (after), and what shows neither.

    after     what a checker has accepted; until then what the handler has handed in
    accepted  whether it is the former
    """

    before: tuple[Photo, ...] = ()
    after: tuple[Photo, ...] = ()
    files: tuple[Attachment, ...] = ()
    rest: tuple[Photo, ...] = ()
    accepted: bool = True

    @property
    def label_after(self) -> str:
        """The heading over `after`."""
        return str(SHOWS_LABELS["after" if self.accepted else "claimed"])

    @property
    def pairs(self) -> list[tuple[Photo | None, Photo | None]]:
        """Set before and after side by side in the order they were added."""
        return list(zip_longest(self.before, self.after))

    @property
    def doubted(self) -> int:
        """Count the photos with a doubt that matters."""
        return sum(1 for photo in (*self.before, *self.after, *self.rest) if photo.warning)

    def __bool__(self) -> bool:
        return bool(self.before or self.after or self.files or self.rest)


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
    point = place_of(case)
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
    by_what = {what: tuple(photo for photo in photos if photo.shows == what) for what in SHOWS_LABELS}
    accepted = bool(by_what["after"])
    aside = ("claimed", "failed", "past", "other") if accepted else ("failed", "past", "other")
    return Gallery(
        before=by_what["before"],
        after=by_what["after"] or by_what["claimed"],
        files=tuple(attachments),
        rest=tuple(photo for what in aside for photo in by_what[what]),
        accepted=accepted or not by_what["claimed"],
    )


def unanswered(case: Case) -> list[Evidence]:
    """List the evidence of a case, and of those merged into it, with a doubt that nobody has said a word on yet."""
    family = Q(case=case) | Q(case__merged_into=case)
    lines = Evidence.objects.filter(family, answer="").exclude(doubts=[]).order_by("added_at", "pk")
    return [line for line in lines if any(doubt["code"] not in _INFORMATION for doubt in line.doubts)]


def doubts_said(lines: Sequence[Evidence], case: Case, actor: Actor) -> list[str]:
    """Say the doubts about some evidence, each sentence once, to somebody who checks."""
    doubts = [d for line in lines for d in line.doubts if d["code"] not in _INFORMATION]
    numbers = _numbers(doubts, actor)
    return list(dict.fromkeys(sentence(doubt, case, numbers) for doubt in doubts))


def _photo(
    line: Evidence, case: Case, point: Point | None, doubts: Sequence[Doubt], numbers: Mapping[int, str]
) -> Photo:
    label = str(PURPOSE_LABELS[line.purpose])
    metres = metres_from(line.file, point)
    parts = [line.caption, _("距现场约 %(metres)s 米") % {"metres": metres} if metres is not None else ""]
    return Photo(
        id=line.pk,
        url=files.url(line.file, "page"),
        thumb_url=files.url(line.file, "thumb"),
        alt=line.caption or _("%(purpose)s照片") % {"purpose": label},
        caption=line.caption,
        purpose=line.purpose,
        purpose_label=label,
        shows=line.shows,
        by=line.added_by,
        added_at=line.added_at,
        taken_at=line.file.taken_at,
        place=" · ".join(part for part in parts if part),
        warning=" ".join(sentence(d, case, numbers) for d in doubts if d["code"] not in _INFORMATION),
        doubts=tuple(sentence(doubt, case, numbers) for doubt in doubts),
        sha256=line.file.sha256,
        answer=line.answer if doubts else "",
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
        wanted |= Q(case=handled, shows="after")
    lines = Evidence.objects.filter(wanted, file__media_type__startswith="image/").select_related("file")
    photos = [_public_photo(line, at=at) for line in lines.order_by("added_at", "pk")]
    return Gallery(
        before=tuple(photo for photo in photos if photo.shows == "before"),
        after=tuple(photo for photo in photos if photo.shows == "after"),
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
        shows=line.shows,
        by="",
        added_at=line.added_at,
        taken_at=None,
        place="",
        warning="",
        doubts=(),
        sha256="",
    )
