"""Pictures and files made for tests: an invented courtyard with what a phone writes into its photos, and attacks."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import ExifTags, Image, ImageDraw


def courtyard(seed: int = 1, size: tuple[int, int] = (800, 600)) -> Image.Image:
    """Draw a picture with shapes that differ from seed to seed."""
    chance = random.Random(seed)
    image = Image.new("RGB", size, (200, 210, 220))
    pen = ImageDraw.Draw(image)
    for _turn in range(40):
        x, y = chance.randrange(size[0]), chance.randrange(size[1])
        width, height = chance.randrange(30, size[0] // 3), chance.randrange(30, size[1] // 3)
        pen.rectangle(
            [x, y, x + width, y + height], fill=tuple(chance.randrange(256) for _colour in range(3))
        )
    return image


def exif(
    *,
    taken: str = "",
    offset: str = "",
    point: tuple[float, float] | None = None,
    orientation: int = 1,
    owner: str = "",
) -> Image.Exif:
    """Write EXIF as a phone does: taken "2024:07:01 09:30:00", offset "+08:00", point (longitude, latitude)."""
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = orientation
    if owner:
        made[ExifTags.Base.Artist] = owner
    lines: dict[int, Any] = {}
    if taken:
        lines[ExifTags.Base.DateTimeOriginal] = taken
    if offset:
        lines[ExifTags.Base.OffsetTimeOriginal] = offset
    if lines:
        made.get_ifd(ExifTags.IFD.Exif).update(lines)
    if point:
        longitude, latitude = point
        made.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: "N" if latitude >= 0 else "S",
                ExifTags.GPS.GPSLatitude: _sixtieths(abs(latitude)),
                ExifTags.GPS.GPSLongitudeRef: "E" if longitude >= 0 else "W",
                ExifTags.GPS.GPSLongitude: _sixtieths(abs(longitude)),
            }
        )
    return made


def _sixtieths(degrees: float) -> tuple[float, float, float]:
    whole, rest = divmod(degrees * 3600, 3600)
    minutes, seconds = divmod(rest, 60)
    return whole, minutes, round(seconds, 4)


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """Return a picture's bytes."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def photo(seed: int = 1, *, size: tuple[int, int] = (800, 600), quality: int = 88, **told: Any) -> bytes:
    """Return a JPEG of an invented courtyard; `told` goes to `exif`."""
    options: Mapping[str, Any] = {"exif": exif(**told)} if told else {}
    return encoded(courtyard(seed, size), quality=quality, **options)


def upload(data: bytes, name: str = "IMG_0001.jpg", declared: str = "image/jpeg") -> SimpleUploadedFile:
    """Wrap bytes as a form hands them over."""
    return SimpleUploadedFile(name, data, content_type=declared)


def pdf(body: bytes = b"") -> bytes:
    """Return the smallest PDF that calls itself one."""
    return b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog " + body + b">>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def zipped() -> bytes:
    """Return a small archive, as a JAR hidden behind a picture is."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("Attack.class", b"\xca\xfe\xba\xbe")
    return out.getvalue()


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """Return a PNG of a few hundred bytes that claims to be 900 megapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
