"""What an uploaded file really is, and what a picture tells: told from its bytes, never from its name or its sender.

Only three picture formats and PDF are known. A picture is decoded once at upload, so that a broken one is refused
there and not in front of the officer; what people are shown is always encoded anew from its pixels.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from PIL import ExifTags, Image, ImageCms, ImageOps

JPEG, PNG, WEBP, PDF = "image/jpeg", "image/png", "image/webp", "application/pdf"
PICTURES = frozenset({JPEG, PNG, WEBP})
ENDINGS = {JPEG: ".jpg", PNG: ".png", WEBP: ".webp", PDF: ".pdf"}

# Pillow's own guard (it warns above this and refuses above twice this) stands behind `most_pixels`, which is asked
# of the header before anything is decoded.
Image.MAX_IMAGE_PIXELS = 80_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")

HASH_BITS = 64
BAND_WIDTHS = (13, 13, 13, 13, 12)
FLAT_SPREAD = 12  # grey levels of 255: below it the picture is a wall, a fog or a black frame
FEW_EDGES = 4  # a hash with fewer bits set (or unset) is shared by many unrelated plain pictures


class Unreadable(Exception):
    """The bytes are not what they begin as, or go wrong on the way; `files` puts the word `why` into a sentence."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Facts:
    """What a picture tells about itself.

    width, height    pixels as it is looked at (orientation applied)
    taken_at         EXIF time of the exposure, aware, or None
    longitude, latitude  EXIF place, WGS-84 degrees, or None
    hash             64-bit difference hash as a signed integer, or None for a picture too plain to recognise
    """

    width: int
    height: int
    taken_at: datetime | None
    longitude: float | None
    latitude: float | None
    hash: int | None


# --- What it is ------------------------------------------------------------------------------------------------

# Found anywhere in a picture these are another file hidden in it; seven bytes in a row do not happen by chance.
_HIDDEN_PAGE = re.compile(rb"<(?:script|html|\?php|!doctype|iframe)[\s>]", re.IGNORECASE)
_PAGE_BEGINS = re.compile(rb"<(?:!doctype|html|head|body|script|svg|\?xml|\?php|!--)|#!", re.IGNORECASE)
_ACTIVE_PDF = re.compile(rb"/(?:JavaScript|JS|Launch)[\s/(<\[]")
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_TAIL = 1024


def sniff(data: bytes) -> str:
    """Return the media type that the bytes prove; raises Unreadable: empty, heic, page, hidden, active, unknown."""
    if not data:
        raise Unreadable("empty")
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        raise Unreadable("heic")
    media_type = _by_signature(data)
    if media_type is None:
        raise Unreadable(
            "page" if _PAGE_BEGINS.match(data[:_TAIL].lstrip(b"\xef\xbb\xbf \t\r\n")) else "unknown"
        )
    if zipfile.is_zipfile(io.BytesIO(data)):
        raise Unreadable("hidden")
    if media_type == PDF:
        if _HIDDEN_PAGE.search(data[:_TAIL]):
            raise Unreadable("hidden")
        if _ACTIVE_PDF.search(data):
            raise Unreadable("active")
    elif _HIDDEN_PAGE.search(data) or b"%PDF-" in data[:_TAIL]:
        raise Unreadable("hidden")
    return media_type


def _by_signature(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    # Readers accept a PDF that begins somewhere in the first kilobyte; that latitude is what polyglots live on.
    if re.match(rb"%PDF-[12]\.\d", data) and b"%%EOF" in data[-_TAIL:]:
        return PDF
    return None


# --- What a picture tells --------------------------------------------------------------------------------------


def read(data: bytes, *, most_pixels: int, local_zone: ZoneInfo) -> Facts:
    """Decode a picture and return its facts; raises Unreadable: pixels (too many), damaged.

    local_zone  where a camera without a time offset is taken to be
    """
    with _opened(data, most_pixels) as image:
        width, height = image.size
        exif = _exif(image)
        if exif.get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8):
            width, height = height, width
        facts = Facts(width, height, _taken_at(exif, local_zone), *_place(exif), hash=None)
        # A JPEG decoder can stop at an eighth of the size: the whole stream is read, little memory is used.
        image.draft("L", (64, 64))
        found = difference_hash(_decoded(image))
    return Facts(facts.width, facts.height, facts.taken_at, facts.longitude, facts.latitude, found)


def encode(data: bytes, *, longest: int, quality: int, most_pixels: int) -> bytes:
    """Return a JPEG of the pixels only, upright, no longer than `longest` on its longer side; no metadata is kept."""
    with _opened(data, most_pixels) as image:
        image.draft("RGB", (longest, longest))
        upright = ImageOps.exif_transpose(_decoded(image))
        upright.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
        plain = _on_white(_as_srgb(upright))
        # A fresh image: nothing of `info` (EXIF, XMP, comments, profiles) can travel along.
        fresh = Image.new("RGB", plain.size)
        fresh.paste(plain)
        out = io.BytesIO()
        fresh.save(out, "JPEG", quality=quality, optimize=True, progressive=longest > 640)
    return out.getvalue()


def _opened(data: bytes, most_pixels: int) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise Unreadable("pixels") from None
    except Exception:
        # Decoders raise whatever they like on hostile bytes: struct.error, ValueError, SyntaxError, OSError …
        raise Unreadable("damaged") from None
    if image.width * image.height > most_pixels:
        image.close()
        raise Unreadable("pixels")
    return image


def _decoded(image: Image.Image) -> Image.Image:
    try:
        image.load()
    except Exception:
        raise Unreadable("damaged") from None
    return image


def _as_srgb(image: Image.Image) -> Image.Image:
    """Bring the colours of a wide-gamut camera to sRGB, since the profile itself is not passed on."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(image, source, target, outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        ground = Image.new("RGBA", layered.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, layered).convert("RGB")
    return image.convert("RGB")


def _exif(image: Image.Image) -> Image.Exif:
    try:
        return image.getexif()
    except Exception:
        return Image.Exif()


def _part(exif: Image.Exif, which: int) -> Mapping[int, Any]:
    try:
        return exif.get_ifd(which)
    except Exception:
        return {}


_WHEN = re.compile(r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_TIMES = (
    # The time of the last change (DateTime) is not among them: any editor sets it.
    (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal),
    (ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized),
)


def _taken_at(exif: Image.Exif, local_zone: ZoneInfo) -> datetime | None:
    lines = _part(exif, ExifTags.IFD.Exif)
    for time_tag, offset_tag in _TIMES:
        written = _WHEN.search(str(lines.get(time_tag, "")))
        if written is None:
            continue
        try:
            local = datetime(*(int(part) for part in written.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
        except ValueError:
            continue
        if local.year < 1990:
            continue
        offset = _OFFSET.fullmatch(
            str(lines.get(offset_tag) or lines.get(ExifTags.Base.OffsetTime) or "").strip("\0 ")
        )
        if offset is None:
            return local.replace(tzinfo=local_zone).astimezone(UTC)
        sign, hours, minutes = offset.groups()
        shift = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
        if abs(shift) <= timedelta(hours=14):
            return local.replace(tzinfo=timezone(shift)).astimezone(UTC)
    return None


def _place(exif: Image.Exif) -> tuple[float | None, float | None]:
    """Return EXIF (longitude, latitude) in degrees, or (None, None); the null island means no fix."""
    lines = _part(exif, ExifTags.IFD.GPSInfo)
    latitude = _degrees(lines.get(ExifTags.GPS.GPSLatitude), lines.get(ExifTags.GPS.GPSLatitudeRef), "S")
    longitude = _degrees(lines.get(ExifTags.GPS.GPSLongitude), lines.get(ExifTags.GPS.GPSLongitudeRef), "W")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None, None
    if abs(latitude) < 0.001 and abs(longitude) < 0.001:
        return None, None
    return round(longitude, 6), round(latitude, 6)


def _degrees(parts: Any, reference: Any, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not isfinite(value):
        return None
    word = reference.decode("ascii", "replace") if isinstance(reference, bytes) else str(reference or "")
    return -value if word.strip("\0 ").upper() == negative else value


# --- Recognising the same picture ------------------------------------------------------------------------------


def difference_hash(image: Image.Image) -> int | None:
    """Return the 64-bit difference hash (each bit: darker than the right-hand neighbour on a 9×8 grid), signed.

    None for a picture too plain to be told from others (a wall, fog, a dark frame, a smooth gradient).
    """
    upright = ImageOps.exif_transpose(image)
    grey = _on_white(upright).convert("L").resize((9, 8), Image.Resampling.BOX)
    cells = grey.tobytes()
    if max(cells) - min(cells) < FLAT_SPREAD:
        return None
    value = 0
    for row in range(8):
        for column in range(8):
            place = row * 9 + column
            value = value << 1 | (cells[place] < cells[place + 1])
    edges = value.bit_count()
    if edges < FEW_EDGES or edges > HASH_BITS - FEW_EDGES:
        return None
    return value - (1 << HASH_BITS) if value >> (HASH_BITS - 1) else value


def bands(hash_: int | None) -> list[int]:
    """Cut a hash into five numbered pieces: two hashes that differ in at most four bits share at least one of them."""
    if hash_ is None:
        return []
    rest = hash_ & ((1 << HASH_BITS) - 1)
    pieces = []
    for position, width in enumerate(BAND_WIDTHS):
        pieces.append(position << 13 | rest & ((1 << width) - 1))
        rest >>= width
    return pieces


def distance(one: int, other: int) -> int:
    """Return in how many of the 64 bits two hashes differ."""
    return ((one ^ other) & ((1 << HASH_BITS) - 1)).bit_count()


def nearest(hash_: int, others: Iterable[int]) -> int | None:
    """Return the least distance from one hash to others, or None without any."""
    return min((distance(hash_, other) for other in others), default=None)
