"""What an uploaded file really is, and what a picture tells: told from its bytes, never from its name or its sender.

Only three picture formats and PDF are known. A picture is decoded once at upload, so that a broken one is refused
there and not in front of the officer; what people are shown is always encoded anew from its pixels.

What decoding costs is told from the header, and that much of `memory.heavy` is taken first. There is never a second
picture of full size: colours, transparency and size are changed tile by tile.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from PIL import ExifTags, Image, ImageCms

from . import memory

JPEG, PNG, WEBP, PDF = "image/jpeg", "image/png", "image/webp", "application/pdf"
PICTURES = frozenset({JPEG, PNG, WEBP})
ENDINGS = {JPEG: ".jpg", PNG: ".png", WEBP: ".webp", PDF: ".pdf"}

# Pillow's own guard (it warns above this and refuses above twice this) stands behind `most_pixels`, which is asked
# of the header before anything is decoded.
Image.MAX_IMAGE_PIXELS = 80_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")
# Bytes that one pixel takes while it is decoded (tests measure it). Pillow keeps four for every colour. libwebp keeps
# two canvases, hands over a third, and a lossless picture is a fourth, beside Pillow's own.
_PIXEL, _WEBP_PIXEL = 4, 20
_COEFFICIENT = 2  # libjpeg keeps one for each sample of a picture that comes in several scans
_TILE_SIDE = 1024
_TILES = 32 * memory.MEGABYTE  # one tile in all its forms, and what decoders keep beside the pixels

HASH_BITS = 64
BAND_WIDTHS = (13, 13, 13, 13, 12)
FLAT_SPREAD = 12  # grey levels of 255: below it the picture is a wall, a fog or a black frame
FEW_EDGES = 4  # a hash with fewer bits set (or unset) is shared by many unrelated plain pictures


class Unreadable(Exception):
    """The bytes are not what they begin as, or go wrong on the way; `files` puts the word `why` into a sentence."""

    def __init__(self, why: str, *, limit: int = 0):
        super().__init__(why)
        self.why = why
        self.limit = limit  # pixels, where there were too many


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
    """Decode a picture and return its facts; raises Unreadable: pixels (too many), damaged; memory.Busy.

    local_zone  where a camera without a time offset is taken to be
    """
    # A JPEG decoder can stop at an eighth of the size: the whole stream is read, little memory is used.
    with _opened(data, most_pixels, longest=_HASHED, mode="L") as image:
        width, height = image.width, image.height
        small, exif = _shrunk(_decoded(image), _HASHED)
    found = difference_hash(_upright(small, exif))
    if exif.get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8):
        width, height = height, width
    return Facts(width, height, _taken_at(exif, local_zone), *_place(exif), hash=found)


def shown(data: bytes, *, longest: int, most_pixels: int) -> Image.Image:
    """Return the pixels only, upright, in sRGB on white, no longer than `longest` on the longer side.

    Raises Unreadable: pixels (too many), damaged; memory.Busy.
    """
    with _opened(data, most_pixels, longest=longest, mode="RGB") as image:
        small, exif = _shrunk(_decoded(image), longest)
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return _upright(small, exif)


def encode(data: bytes, *, longest: int, quality: int, most_pixels: int) -> bytes:
    """Return a JPEG of the pixels only, upright, no longer than `longest` on its longer side; no metadata is kept."""
    fresh = shown(data, longest=longest, most_pixels=most_pixels)
    out = io.BytesIO()
    fresh.save(out, "JPEG", quality=quality, optimize=True, progressive=longest > 640)
    return out.getvalue()


_HASHED = 256  # the longer side of what a hash is taken from


@dataclass(slots=True)
class _Opened:
    """A picture whose header is read, and the memory for its pixels taken."""

    image: Image.Image
    width: int
    height: int


@contextmanager
def _opened(data: bytes, most_pixels: int, *, longest: int, mode: str) -> Iterator[_Opened]:
    """Open a picture with the memory that decoding it takes; both are given back at the end."""
    if (size := _webp_size(data)) is not None:
        # libwebp takes its canvases when the file is opened, so the memory is taken before.
        need = _need(size, longest, pixel=_WEBP_PIXEL)
        _refuse_large(size, need, most_pixels)
        with memory.heavy().share(need), _header(data) as image:
            if image.size != size:
                raise Unreadable("damaged")
            yield _Opened(image, *size)
        return
    with _header(data) as image:
        size = image.size
        # Refused by its pixels before anything is worked out from them.
        _refuse_large(size, 0, most_pixels)
        if image.format == "PNG":
            need = _need(size, longest, pixel=_PIXEL)
        else:
            kept = _coefficients(image)
            # By the longer side: `draft` would leave a panorama whole for the sake of its shorter one.
            side = max(size)
            image.draft(mode, tuple(max(1, part * longest // side) for part in size))  # type: ignore[arg-type]
            need = _need(image.size, longest, pixel=_PIXEL) + kept
        _refuse_large(size, need, most_pixels)
        with memory.heavy().share(need):
            yield _Opened(image, *size)


def _header(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise Unreadable("pixels") from None
    except Exception:
        # Decoders raise whatever they like on hostile bytes: struct.error, ValueError, SyntaxError, OSError …
        raise Unreadable("damaged") from None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Read the size from a WebP's header, or return None for another format; raises Unreadable."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None

    def number(at: int, length: int) -> int:
        return int.from_bytes(data[at : at + length], "little")

    match data[12:16]:
        case b"VP8X":
            return number(24, 3) + 1, number(27, 3) + 1
        case b"VP8L":
            return (number(21, 4) & 0x3FFF) + 1, (number(21, 4) >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return number(26, 2) & 0x3FFF, number(28, 2) & 0x3FFF
    raise Unreadable("damaged")


def _coefficients(image: Any) -> int:
    """Count the bytes libjpeg keeps for a JPEG that comes in several scans; any one may."""
    parts = [(horizontal, vertical) for _id, horizontal, vertical, _table in image.layer]
    widest, tallest = max(h for h, _v in parts), max(v for _h, v in parts)
    # Whole blocks of eight: a little more than there are pixels.
    blocks = -(-image.width // (8 * widest)) * -(-image.height // (8 * tallest))
    return blocks * sum(h * v for h, v in parts) * 64 * _COEFFICIENT


def _need(size: tuple[int, int], longest: int, *, pixel: int) -> int:
    """Count the bytes that decoding and shrinking a picture takes at its height."""
    width, height = size
    factor = _factor(size, longest)
    small = -(-width // factor) * -(-height // factor) * _PIXEL
    return width * height * pixel + small + _TILES


def _refuse_large(size: tuple[int, int], need: int, most_pixels: int) -> None:
    """Refuse what has too many pixels, or would need more memory than all have together; says how many it may have."""
    pixels, most = size[0] * size[1], memory.heavy().most
    limit = min(most_pixels, pixels * most // need) if need > most else most_pixels
    if pixels > limit:
        raise Unreadable("pixels", limit=limit)


def _decoded(opened: _Opened) -> Image.Image:
    try:
        opened.image.load()
    except Exception:
        raise Unreadable("damaged") from None
    return opened.image


def _factor(size: tuple[int, int], longest: int) -> int:
    return max(1, max(size) // longest)


def _shrunk(image: Image.Image, longest: int) -> tuple[Image.Image, Image.Exif]:
    """Return a fresh copy in sRGB on white, at most twice `longest` a side, and the EXIF; the original is closed."""
    (width, height), factor = image.size, _factor(image.size, longest)
    exif, as_srgb = _exif(image), _to_srgb(image)
    # A fresh image: nothing of `info` (EXIF, XMP, comments, profiles) can travel along.
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    side = factor * max(1, _TILE_SIDE // factor)
    for top in range(0, height, side):
        for left in range(0, width, side):
            tile = image.crop((left, top, min(left + side, width), min(top + side, height)))
            small.paste(_on_white(as_srgb(tile)).reduce(factor), (left // factor, top // factor))
    image.close()
    return small, exif


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(image: Image.Image, exif: Image.Exif) -> Image.Image:
    turn = _TURNS.get(exif.get(ExifTags.Base.Orientation, 1))
    return image.transpose(turn) if turn is not None else image


def _to_srgb(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Return what brings the colours of a wide-gamut camera to sRGB, since the profile itself is not passed on."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return lambda tile: tile
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        turn = ImageCms.buildTransform(source, target, image.mode, "RGBA" if image.mode == "RGBA" else "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return lambda tile: tile
    return lambda tile: ImageCms.applyTransform(tile, turn) or tile


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
    grey = _on_white(image).convert("L").resize((9, 8), Image.Resampling.BOX)
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
