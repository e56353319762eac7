"""Files kept by the SHA-256 of their bytes: checked by content on the way in, shown only as copies made anew.

    FILE_STORE/aa/bb/<sha256>            the original, 0600, never changed, never served as it is
    FILE_STORE/aa/bb/<sha256>.<size>.jpg what people are shown: pixels only, upright, no EXIF, no place

A file reaches the disk before its row is committed, so a row never points at nothing; a transaction rolled back
leaves bytes that nobody can ask for, and the same upload tried again finds them.
"""

import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.db.models import BigIntegerField, F, Func, IntegerField, QuerySet, Value
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from . import pictures
from .models import StoredFile
from .refusals import NotFound, Refusal

Size = Literal["thumb", "page"]
# The longer side in pixels, and the JPEG quality.
SIZES: dict[str, tuple[int, int]] = {"thumb": (320, 78), "page": (1600, 84)}
ATTACHMENT = "attachment"
NAME_LENGTH = 100


# --- In --------------------------------------------------------------------------------------------------------


def store_bytes(data: bytes, *, name: str, media_type: str) -> StoredFile:
    """Keep bytes that this system made itself (a document, a returned workbook); the same bytes are kept once."""
    return _keep(
        data, name=clean_name(name, Path(name).suffix[:10]), media_type=media_type, at=timezone.now()
    )


def store_many(made: Iterable[tuple[bytes, str, str]]) -> list[StoredFile]:
    """Keep files that this system makes, each (bytes, name, media type); the rows in their order.

    `made` may be a generator: what it has given is written to the disk while it makes the next.
    """
    at, rows, waits = timezone.now(), [], []
    with ThreadPoolExecutor(max_workers=4) as writers:
        for data, name, media_type in made:
            digest = hashlib.sha256(data).hexdigest()
            waits.append(writers.submit(_put, digest, data))
            shown = clean_name(name, Path(name).suffix[:10])
            rows.append(
                StoredFile(sha256=digest, size=len(data), media_type=media_type, name=shown, stored_at=at)
            )
        for wait in waits:
            wait.result()
    StoredFile.objects.bulk_create(rows, ignore_conflicts=True)
    found = {kept.sha256: kept for kept in StoredFile.objects.filter(sha256__in=[row.sha256 for row in rows])}
    return [found[row.sha256] for row in rows]


def store_upload(upload: UploadedFile, *, at: datetime) -> StoredFile:
    """Keep a file that somebody sent, if its bytes prove it a JPEG, PNG, WebP or PDF; raises Refusal otherwise.

    Neither the name nor the declared type is believed. The refusal's `field` is the form field, where known.
    """
    shown = clean_name(upload.name or "", Path(upload.name or "").suffix[:10])
    limit = settings.MAX_UPLOAD_MB * 1024 * 1024
    upload.seek(0)
    data = upload.read(limit + 1)
    field = getattr(upload, "field_name", None)
    if len(data) > limit:
        raise Refusal(
            _("“%(name)s”超过了 %(limit)s MB。请换一张较小的照片，或压缩后再上传。")
            % {"name": shown, "limit": settings.MAX_UPLOAD_MB},
            field=field,
            code="file_too_large",
            data={"limit_mb": settings.MAX_UPLOAD_MB},
        )
    try:
        media_type = pictures.sniff(data)
        facts = (
            pictures.read(
                data, most_pixels=settings.MAX_UPLOAD_PIXELS, local_zone=ZoneInfo(settings.TIME_ZONE)
            )
            if media_type in pictures.PICTURES
            else None
        )
    except pictures.Unreadable as problem:
        raise Refusal(
            _why_not(problem.why)
            % {"name": shown, "limit": (problem.limit or settings.MAX_UPLOAD_PIXELS) // 10_000},
            field=field,
            code=f"file_{problem.why}",
            data={"name": shown, "accepted": sorted(pictures.ENDINGS)},
        ) from None
    told: dict[str, Any] = {}
    if facts is not None:
        told = {
            "width": facts.width,
            "height": facts.height,
            "taken_at": facts.taken_at,
            "longitude": facts.longitude,
            "latitude": facts.latitude,
            "perceptual_hash": facts.hash,
            "bands": pictures.bands(facts.hash),
        }
    name = clean_name(upload.name or "", pictures.ENDINGS[media_type])
    return _keep(data, name=name, media_type=media_type, at=at, **told)


def _why_not(why: str) -> str:
    accepted = _("可以上传照片（JPG、PNG、WebP）和 PDF 文件。")
    sentence = {
        "empty": _("“%(name)s”是空文件，没有内容。请重新选择。"),
        "heic": _(
            "“%(name)s”是 HEIC 格式，很多电脑打不开。请在手机相机设置里选“兼容性最佳”，或转成 JPG 后再上传。"
        ),
        "page": _("“%(name)s”是网页、矢量图或脚本，不是照片，不能作为附件。"),
        "hidden": _("“%(name)s”里夹带了别的文件或网页代码，不能接收。请用手机重新拍摄，或截图后再上传。"),
        "active": _("“%(name)s”这份 PDF 里有会自动运行的内容，不能接收。请打印成一份新的 PDF 后再上传。"),
        "pixels": _("“%(name)s”的像素太多，超过了 %(limit)s 万。请在相机设置里调低分辨率后再上传。"),
        "damaged": _("“%(name)s”不完整或已损坏，打不开。请重新拍摄或重新保存后再上传。"),
    }.get(why, _("“%(name)s”不是照片，也不是 PDF，不能接收。"))
    return f"{sentence}{accepted}" if why in ("empty", "page", "unknown", "damaged") else sentence


def _keep(data: bytes, *, name: str, media_type: str, at: datetime, **told: Any) -> StoredFile:
    digest = hashlib.sha256(data).hexdigest()
    _put(digest, data)
    # `name` and the rest are those of the first time: the same bytes are the same file, whoever sends them.
    stored, _made = StoredFile.objects.get_or_create(
        sha256=digest,
        defaults={"size": len(data), "media_type": media_type, "name": name, "stored_at": at, **told},
    )
    return stored


def _put(digest: str, data: bytes) -> None:
    path = path_of(digest)
    if not path.exists() or path.stat().st_size != len(data):
        _write(path, data)


def _write(path: Path, data: bytes) -> None:
    """Put bytes at a path at once and for good: nobody ever reads half a file, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


_UNWELCOME = re.compile(r"[\x00-\x1f\x7f<>:\"|?*\\/%;\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")


def clean_name(name: str, ending: str) -> str:
    """Return a file name safe to show and to offer: no folders, no control or direction marks, this ending."""
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    stem = Path(_UNWELCOME.sub("_", last).strip(" ._")).stem.strip(" ._")[:NAME_LENGTH]
    return f"{stem or 'file'}{_UNWELCOME.sub('', ending).lower()}"


def path_of(sha256: str) -> Path:
    """Return where the original with this digest is kept."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise NotFound(_("没有找到这个文件。"))
    return Path(settings.FILE_STORE) / sha256[:2] / sha256[2:4] / sha256


def read(stored: StoredFile) -> bytes:
    """Return the original's bytes after checking them against their digest; raises NotFound when they are gone."""
    try:
        data = path_of(stored.sha256).read_bytes()
    except OSError:
        raise NotFound(_("文件“%(name)s”不在存储中，请联系系统管理员。") % {"name": stored.name}) from None
    if hashlib.sha256(data).hexdigest() != stored.sha256:
        raise RuntimeError(f"stored file {stored.sha256} does not match its digest")
    return data


# --- Out -------------------------------------------------------------------------------------------------------


def shown_copy(stored: StoredFile, size: str) -> Path:
    """Return the path of the JPEG people are shown: upright, thumb 320 px or page 1600 px, without any metadata.

    It is made on first use and kept beside the original. Raises NotFound for a file that is no picture.
    """
    if size not in SIZES or stored.media_type not in pictures.PICTURES:
        raise NotFound(_("没有找到这张照片。"))
    original = path_of(stored.sha256)
    copy = original.with_name(f"{original.name}.{size}.jpg")
    if not copy.exists():
        longest, quality = SIZES[size]
        try:
            made = pictures.encode(
                read(stored), longest=longest, quality=quality, most_pixels=settings.MAX_UPLOAD_PIXELS
            )
        except pictures.Unreadable:
            raise NotFound(_("这张照片打不开，请联系系统管理员。")) from None
        _write(copy, made)
    return copy


def url(stored: StoredFile, size: str = "page") -> str:
    """Return the address of a shown copy (or, for other files, of the attachment); who may open it is asked there."""
    if not stored.is_image:
        return reverse("files:attachment", args=[stored.sha256])
    return reverse("files:shown", args=[stored.sha256, size])


_STEP = 900  # seconds to which an expiry is rounded, so that a page shown twice has the same addresses


def signed_url(
    stored: StoredFile, size: str = "page", minutes: int = 60, *, at: datetime | None = None
) -> str:
    """Return an address that by itself opens this one copy until `minutes` from `at` (rounded up to a quarter hour)."""
    until = int(((at or timezone.now()) + timedelta(minutes=minutes)).timestamp())
    until += -until % _STEP
    what = size if stored.is_image else ATTACHMENT
    return f"{url(stored, size)}?until={until}&key={_key(stored.sha256, what, until)}"


def _key(sha256: str, what: str, until: int) -> str:
    signer = signing.Signer(salt="anju.files")
    return signer.signature(f"{sha256}/{what}/{until}")


def key_opens(stored: StoredFile, what: str, *, until: str, key: str, at: datetime) -> bool:
    """Say whether a signed address opens this copy (`what`: a size or "attachment") at a moment."""
    if not (until.isascii() and until.isdigit() and len(until) <= 12) or int(until) < at.timestamp():
        return False
    return constant_time_compare(key, _key(stored.sha256, what, int(until)))


Viewer = Callable[[Any, HttpRequest, StoredFile], bool]
_viewers: list[Viewer] = []


def register_viewer(viewer: Viewer) -> Viewer:
    """Let a room say who may see a file of its own: `viewer(actor, request, stored)`; one yes is enough."""
    if viewer not in _viewers:
        _viewers.append(viewer)
    return viewer


def may_see(actor: Any, request: HttpRequest, stored: StoredFile) -> bool:
    """Say whether any room shows this file to the actor; what no room knows, nobody sees."""
    return any(viewer(actor, request, stored) for viewer in _viewers)


# --- Recognised ------------------------------------------------------------------------------------------------


class _DifferingBits(Func):
    template = "bit_count((%(expressions)s)::bit(64))"
    arg_joiner = " # "
    output_field = IntegerField()


def similar(perceptual_hash: int | None, within_bits: int = 4) -> QuerySet[StoredFile]:
    """Return the stored pictures whose hash differs in at most `within_bits` (0–4) bits, nearest first.

    Each row carries `bits`. The GIN index on `bands` gives the candidates (hashes this close share a band of five,
    so none is missed), the count of differing bits decides. A picture too plain to have a hash resembles nothing.
    """
    if perceptual_hash is None:
        return StoredFile.objects.annotate(bits=Value(0)).none()
    here = Cast(Value(perceptual_hash), BigIntegerField())
    return (
        StoredFile.objects.filter(bands__overlap=pictures.bands(perceptual_hash))
        .annotate(bits=_DifferingBits(F("perceptual_hash"), here))
        .filter(bits__lte=min(within_bits, len(pictures.BAND_WIDTHS) - 1))
        .order_by("bits", "pk")
    )
