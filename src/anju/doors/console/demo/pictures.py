"""Drawn photos of hazards for the demo city: a scene before and after, stamped 演示, with the EXIF of a phone."""

import io
import math
import random
from datetime import datetime
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from anju.means import documents

from .city import book

WIDTH, HEIGHT = 800, 600  # what the scenes are drawn on
SIZE = (720, 540)  # what the photo has
Colour = tuple[int, int, int]
_WALLS: tuple[Colour, ...] = (
    (214, 208, 192),
    (196, 205, 208),
    (221, 214, 205),
    (188, 196, 184),
    (205, 190, 176),
)
_FLOORS: tuple[Colour, ...] = ((132, 128, 120), (118, 122, 128), (142, 130, 112), (104, 108, 104))
_METAL: Colour = (92, 96, 102)
_RED: Colour = (186, 44, 38)
_GREEN: Colour = (38, 132, 86)
_CARTON: Colour = (176, 136, 88)


def photo(
    scene: str, *, fixed: bool, seed: int, taken_at: datetime, point: tuple[float, float] | None
) -> bytes:
    """Draw a scene with its hazard, or (fixed) without it, and return a JPEG.

    seed      pictures of one place share it: the same walls before and after
    taken_at  local time, written as EXIF; point: (longitude, latitude) WGS-84
    """
    place = random.Random(seed)  # noqa: S311 (draws a picture)
    angle = random.Random(f"{seed}{fixed}")  # noqa: S311
    mirrored, light = place.random() < 0.5, place.choice((0, 90, 180, 270))
    image = Image.new("RGB", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(image)
    outdoors = scene in ("lane", "wire", "shed", "hydrant")
    (_street if outdoors else _hall)(pen, place)
    _DRAW[scene](pen, place, fixed)
    if mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = _as_seen(image, light, angle)
    _stamp(image, taken_at)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=82, exif=_exif(taken_at, point))
    return out.getvalue()


def _shade(colour: Colour, by: float) -> Colour:
    red, green, blue = (max(0, min(255, round(part * by))) for part in colour)
    return red, green, blue


# --- Backgrounds -----------------------------------------------------------------------------------------------


def _hall(pen: ImageDraw.ImageDraw, place: random.Random) -> None:
    """A stairwell: two walls, a floor in perspective, a flight of steps, a window or a door."""
    wall, floor = place.choice(_WALLS), place.choice(_FLOORS)
    corner, horizon = place.randint(260, 540), place.randint(330, 400)
    pen.rectangle((0, 0, WIDTH, HEIGHT), fill=wall)
    pen.polygon([(0, 0), (corner, 60), (corner, horizon), (0, HEIGHT)], fill=_shade(wall, 0.82))
    pen.polygon([(0, HEIGHT), (corner, horizon), (WIDTH, HEIGHT - 110), (WIDTH, HEIGHT)], fill=floor)
    for line in range(1, 7):  # tiles
        pen.line([(corner, horizon), (line * 150 - 100, HEIGHT)], fill=_shade(floor, 0.9), width=2)
    skirting = place.randint(90, 150)
    pen.polygon(
        [
            (corner, horizon - skirting),
            (WIDTH, HEIGHT - 110 - skirting),
            (WIDTH, HEIGHT - 110),
            (corner, horizon),
        ],
        fill=_shade(place.choice(((150, 176, 158), (158, 150, 132), (140, 156, 176))), 1.0),
    )
    left = place.randint(30, 90)
    for step in range(8):  # the flight of steps going up on the left
        x, y = left + step * 26, HEIGHT - 120 - step * 34
        pen.polygon(
            [(0, y), (x + 90, y - 18), (x + 90, y + 14), (0, y + 34)], fill=_shade(floor, 1.2 - step * 0.06)
        )
    pen.line([(left + 110, HEIGHT - 250), (left + 300, 90)], fill=_METAL, width=9)
    for rail in range(5):
        x = left + 120 + rail * 40
        pen.line([(x, HEIGHT - 264 - rail * 72), (x, HEIGHT - 180 - rail * 62)], fill=_METAL, width=5)
    x, y = place.randint(corner + 40, corner + 110), place.randint(70, 120)
    pen.rectangle((x, y, x + 120, y + 110), fill=(206, 224, 236), outline=_METAL, width=6)
    pen.line([(x + 60, y), (x + 60, y + 110)], fill=_METAL, width=4)


def _street(pen: ImageDraw.ImageDraw, place: random.Random) -> None:
    """A yard: sky, a block of flats with its windows, a road."""
    horizon = place.randint(300, 380)
    sky = place.choice(((186, 208, 226), (208, 214, 218), (226, 206, 186), (92, 104, 132)))
    for y in range(horizon):
        pen.line([(0, y), (WIDTH, y)], fill=_shade(sky, 0.86 + 0.2 * y / horizon))
    pen.rectangle((0, horizon, WIDTH, HEIGHT), fill=place.choice(_FLOORS))
    left = place.randint(-60, 60)
    while left < WIDTH:
        broad, tall = place.randint(200, 330), place.randint(180, horizon - 20)
        wall = place.choice(_WALLS)
        pen.rectangle((left, horizon - tall, left + broad, horizon + 14), fill=wall)
        for row in range(tall // 56):
            for column in range(broad // 52):
                x, y = left + 16 + column * 52, horizon - tall + 18 + row * 56
                lit = place.random() < 0.2
                pen.rectangle((x, y, x + 28, y + 34), fill=(236, 220, 160) if lit else (96, 116, 136))
        left += broad + place.randint(14, 90)
    for _n in range(place.randint(1, 3)):
        x = place.randint(20, WIDTH - 60)
        pen.rectangle((x, horizon - 50, x + 10, horizon + 20), fill=(96, 74, 58))
        pen.ellipse(
            (x - 46, horizon - 130, x + 56, horizon - 30), fill=_shade((76, 124, 78), place.uniform(0.7, 1.1))
        )
    pen.polygon([(180, HEIGHT), (360, horizon + 16), (470, horizon + 16), (760, HEIGHT)], fill=(86, 88, 92))


# --- Hazards ---------------------------------------------------------------------------------------------------


def _bike(pen: ImageDraw.ImageDraw, x: int, y: int, size: float, colour: Colour) -> None:
    def at(*points: float) -> list[tuple[float, float]]:
        return [(x + px * size, y + py * size) for px, py in zip(points[::2], points[1::2], strict=True)]

    for wheel in (0, 150):
        pen.ellipse([*at(wheel, 0)[0], *at(wheel + 70, 70)[0]], outline=(34, 34, 36), width=round(11 * size))
    pen.line(at(35, 35, 70, 48, 120, 48, 172, -42, 184, 34), fill=colour, width=round(15 * size))
    pen.polygon(at(20, 2, 96, 2, 104, 40, 40, 30), fill=colour)
    pen.polygon(at(150, -40, 190, -20, 182, 30, 158, 20), fill=_shade(colour, 0.8))
    pen.rounded_rectangle([*at(28, -16)[0], *at(98, 2)[0]], radius=round(6 * size), fill=(40, 40, 42))
    pen.line(at(172, -42, 150, -62, 138, -60), fill=(50, 50, 54), width=round(8 * size))
    pen.ellipse([*at(176, -34)[0], *at(196, -12)[0]], fill=(240, 236, 206))


def _ebike(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    colours: tuple[Colour, ...] = ((178, 52, 48), (52, 92, 152), (228, 226, 220), (62, 118, 92), (44, 46, 52))
    spots = [
        (place.randint(300, 380), 400, 1.15),
        (place.randint(500, 560), 430, 1.25),
        (place.randint(180, 240), 470, 1.3),
    ]
    bikes = [(spot, place.choice(colours)) for spot in spots[: place.randint(1, 3)]]
    socket = place.randint(520, 640)
    if fixed:
        _notice(pen, socket, 170, _RED)
        return
    for (x, y, size), colour in bikes:
        _bike(pen, x, y, size, colour)
    pen.rounded_rectangle(
        (socket, 470, socket + 96, 492), radius=6, fill=(238, 238, 232), outline=(120, 120, 120)
    )
    pen.line([(socket + 96, 480), (socket + 150, 420), (WIDTH, 380)], fill=(34, 34, 34), width=5)


def _wire(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    starts = [(place.randint(80, 720), place.randint(60, 200)) for _n in range(place.randint(3, 5))]
    foot = place.randint(300, 520)
    if fixed:
        pen.rounded_rectangle(
            (foot, 360, foot + 120, 520), radius=10, fill=(238, 240, 240), outline=_METAL, width=5
        )
        for socket in range(3):
            pen.ellipse((foot + 20, 380 + socket * 44, foot + 52, 412 + socket * 44), fill=_GREEN)
        _notice(pen, foot + 150, 360, _GREEN)
        return
    for x, y in starts:
        sag = [
            (x + (foot - x) * t / 12, y + (470 - y) * t / 12 + 46 * math.sin(math.pi * t / 12))
            for t in range(13)
        ]
        pen.line(sag, fill=(30, 30, 32), width=6, joint="curve")
    _bike(pen, foot - 60, 450, 1.3, (178, 52, 48))
    pen.rounded_rectangle((foot - 10, 420, foot + 90, 444), radius=6, fill=(238, 238, 232))


def _boxes(pen: ImageDraw.ImageDraw, place: random.Random, count: int, left: int) -> None:
    for number in range(count):
        broad, tall = place.randint(70, 150), place.randint(60, 120)
        x, y = left + place.randint(0, 300), HEIGHT - 70 - (number % 4) * 74
        colour = _shade(
            place.choice((_CARTON, (150, 112, 74), (120, 132, 150), (186, 176, 150))), place.uniform(0.8, 1.1)
        )
        pen.polygon(
            [(x, y - tall), (x + 26, y - tall - 20), (x + broad + 26, y - tall - 20), (x + broad, y - tall)],
            fill=_shade(colour, 1.15),
        )
        pen.rectangle((x, y - tall, x + broad, y), fill=colour)
        pen.polygon(
            [
                (x + broad, y - tall),
                (x + broad + 26, y - tall - 20),
                (x + broad + 26, y - 20),
                (x + broad, y),
            ],
            fill=_shade(colour, 0.75),
        )
        pen.line([(x + broad // 2, y - tall), (x + broad // 2, y)], fill=_shade(colour, 0.86), width=9)


def _clutter(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    left, count = place.randint(260, 380), place.randint(8, 14)
    if fixed:
        _notice(pen, left + 240, 180, _GREEN)
        return
    _boxes(pen, place, count, left)


def _exit(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    x, broad = place.randint(300, 440), place.randint(210, 260)
    pen.rectangle((x, 150, x + broad, 540), fill=(70, 74, 78))
    if fixed:
        pen.rectangle((x + 18, 166, x + broad - 16, 540), fill=(214, 226, 228))
        pen.polygon([(x + 18, 166), (x - 90, 190), (x - 90, 580), (x + 18, 540)], fill=(134, 142, 138))
        pen.rectangle((x - 80, 360, x + 8, 378), fill=_RED)
    else:
        pen.rectangle((x + 14, 164, x + broad // 2 - 3, 540), fill=(134, 142, 138))
        pen.rectangle((x + broad // 2 + 3, 164, x + broad - 14, 540), fill=(126, 134, 130))
        for link in range(8):
            lx = x + broad // 2 - 56 + link * 14
            pen.ellipse(
                (lx, 356 + (link % 2) * 5, lx + 22, 374 + (link % 2) * 5), outline=(206, 178, 74), width=5
            )
        pen.rounded_rectangle(
            (x + broad // 2 - 18, 374, x + broad // 2 + 20, 416), radius=6, fill=(206, 178, 74)
        )
        if place.random() < 0.5:
            _boxes(pen, place, 4, x - 80)
    pen.rounded_rectangle((x + 40, 96, x + broad - 40, 138), radius=4, fill=_GREEN if fixed else (60, 84, 72))
    pen.polygon([(x + broad - 96, 108), (x + broad - 62, 117), (x + broad - 96, 127)], fill=(240, 246, 242))
    pen.rectangle((x + 60, 114, x + broad - 96, 120), fill=(240, 246, 242))


def _lane(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    for stripe in range(7):
        y = 400 + stripe * 30
        pen.polygon(
            [
                (330 - stripe * 22, y),
                (346 - stripe * 22, y),
                (330 - stripe * 26, y + 20),
                (310 - stripe * 26, y + 20),
            ],
            fill=(228, 190, 60),
        )
    colours: tuple[Colour, ...] = (
        (228, 228, 226),
        (60, 64, 70),
        (150, 40, 42),
        (70, 96, 140),
        (170, 172, 168),
    )
    cars = [
        (place.randint(220, 460), 380 + row * 62, 0.7 + row * 0.24, place.choice(colours)) for row in range(3)
    ]
    if fixed:
        _notice(pen, place.randint(560, 660), 330, _RED)
        return
    for x, y, size, colour in cars[place.randint(0, 1) :]:
        _car(pen, x, y, size, colour)


def _car(pen: ImageDraw.ImageDraw, x: int, y: int, size: float, colour: Colour) -> None:
    def at(px: float, py: float) -> tuple[float, float]:
        return x + px * size, y + py * size

    pen.polygon([at(40, 0), at(70, -46), at(170, -46), at(206, 0)], fill=_shade(colour, 0.86))
    pen.polygon([at(56, -2), at(78, -38), at(116, -38), at(116, -2)], fill=(60, 76, 92))
    pen.polygon([at(122, -2), at(122, -38), at(164, -38), at(190, -2)], fill=(60, 76, 92))
    pen.rounded_rectangle([*at(0, -4), *at(240, 56)], radius=round(14 * size), fill=colour)
    for wheel in (34, 172):
        pen.ellipse([*at(wheel, 32), *at(wheel + 48, 80)], fill=(28, 28, 30))
        pen.ellipse([*at(wheel + 14, 46), *at(wheel + 34, 66)], fill=(150, 150, 154))
    pen.ellipse([*at(222, 10), *at(238, 26)], fill=(242, 232, 190))


def _shed(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    left = place.randint(120, 200)
    for number in range(4):
        _bike(
            pen,
            left + 20 + number * 118,
            430,
            0.72,
            place.choice(((178, 52, 48), (52, 92, 152), (44, 46, 52))),
        )
    for post in range(4):
        pen.rectangle((left + post * 160, 300, left + post * 160 + 12, 520), fill=_METAL)
    roof = place.choice(((72, 112, 160), (160, 78, 62)))
    pen.polygon([(left - 40, 300), (left + 20, 252), (left + 540, 252), (left + 520, 300)], fill=roof)
    if fixed:
        for number in range(2):
            _bottle(pen, left + 500 + number * 44, 430)
        _notice(pen, left + 200, 320, _RED)


def _bottle(pen: ImageDraw.ImageDraw, x: int, y: int) -> None:
    pen.rounded_rectangle((x, y, x + 36, y + 96), radius=14, fill=_RED)
    pen.rectangle((x + 12, y - 16, x + 24, y + 4), fill=(40, 40, 42))
    pen.line([(x + 22, y - 10), (x + 42, y + 6), (x + 42, y + 52)], fill=(30, 30, 32), width=5)
    pen.rectangle((x + 5, y + 30, x + 31, y + 62), fill=(240, 238, 230))


def _extinguisher(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    x = place.randint(380, 520)
    pen.rectangle((x, 380, x + 170, 540), fill=_RED)
    pen.rectangle((x + 12, 392, x + 158, 528), fill=(64, 22, 20))
    if fixed:
        for number in range(3):
            _bottle(pen, x + 18 + number * 46, 422)
    elif place.random() < 0.5:
        _bottle(pen, x + 20, 422)
        pen.ellipse((x + 26, 412, x + 48, 434), fill=(236, 236, 230), outline=_METAL, width=3)
        pen.line([(x + 37, 423), (x + 29, 427)], fill=_RED, width=3)
    _notice(pen, x + 20, 270, _RED)


def _hydrant(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    x = place.randint(330, 480)
    pen.rounded_rectangle((x, 390, x + 60, 540), radius=18, fill=_RED)
    pen.rectangle((x - 22, 430, x + 82, 458), fill=_shade(_RED, 0.85))
    pen.ellipse((x + 6, 366, x + 54, 406), fill=_shade(_RED, 1.15))
    if fixed:
        pen.rectangle((x - 110, 552, x + 180, 562), fill=(228, 190, 60))
        return
    _car(pen, x - 190, 470, 1.2, place.choice(((228, 228, 226), (60, 64, 70), (70, 96, 140))))
    _boxes(pen, place, 4, x + 20)


def _light(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    x = place.randint(430, 560)
    pen.rounded_rectangle((x, 160, x + 150, 214), radius=6, fill=(232, 232, 226), outline=_METAL, width=4)
    for lamp in (20, 94):
        pen.ellipse(
            (x + lamp, 146, x + lamp + 40, 186),
            fill=(255, 244, 190) if fixed else (84, 84, 84),
            outline=_METAL,
            width=4,
        )
    pen.rectangle((x - 140, 470, x + 40, 516), fill=_GREEN if fixed else (74, 88, 80))
    if not fixed:
        pen.line([(x + 70, 214), (x + 64, 300), (x + 92, 332)], fill=(30, 30, 32), width=5)
        pen.rectangle((0, 0, WIDTH, 60), fill=(58, 56, 54))


def _door(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    x = place.randint(330, 460)
    pen.rectangle((x, 130, x + 230, 540), fill=(58, 60, 62))
    if fixed:
        pen.rectangle((x + 12, 142, x + 218, 540), fill=(150, 72, 58))
        pen.rectangle((x + 40, 200, x + 190, 280), fill=(182, 196, 200))
        pen.rectangle((x + 30, 150, x + 110, 166), fill=_METAL)
    else:
        pen.polygon([(x + 12, 142), (x - 110, 176), (x - 110, 590), (x + 12, 540)], fill=(150, 72, 58))
        pen.line([(x + 20, 150), (x + 70, 190)], fill=_METAL, width=10)
        pen.rectangle((x - 100, 560, x - 40, 592), fill=(164, 84, 62))


def _panel(pen: ImageDraw.ImageDraw, place: random.Random, fixed: bool) -> None:
    x = place.randint(320, 440)
    pen.rectangle((x, 120, x + 280, 520), fill=(196, 198, 196), outline=_METAL, width=6)
    pen.rectangle((x + 30, 150, x + 250, 250), fill=(24, 64, 52) if fixed else (30, 30, 34))
    for row in range(4):
        for column in range(7):
            right = fixed or place.random() < 0.4
            x0, y0 = x + 32 + column * 32, 280 + row * 36
            pen.ellipse((x0, y0, x0 + 18, y0 + 18), fill=_GREEN if right else _RED)
    if fixed:
        pen.rectangle((x + 40, 440, x + 240, 500), fill=(240, 240, 236))
        for line in range(3):
            pen.line([(x + 52, 454 + line * 16), (x + 226, 454 + line * 16)], fill=(90, 90, 96), width=3)


def _notice(pen: ImageDraw.ImageDraw, x: int, y: int, colour: Colour) -> None:
    """A sign on the wall: a coloured head and lines of writing."""
    pen.rectangle((x, y, x + 110, y + 78), fill=(244, 242, 236), outline=colour, width=5)
    pen.rectangle((x, y, x + 110, y + 22), fill=colour)
    for line in range(3):
        pen.line([(x + 14, y + 36 + line * 14), (x + 94, y + 36 + line * 14)], fill=(110, 110, 112), width=4)


_DRAW = {
    "ebike": _ebike,
    "wire": _wire,
    "clutter": _clutter,
    "exit": _exit,
    "lane": _lane,
    "shed": _shed,
    "extinguisher": _extinguisher,
    "hydrant": _hydrant,
    "light": _light,
    "door": _door,
    "panel": _panel,
}


# --- As a phone sees it ------------------------------------------------------------------------------------------


def _as_seen(image: Image.Image, side: int, angle: random.Random) -> Image.Image:
    """Tilt and frame a little as a hand does, scale to SIZE, and let the light come from one side."""
    turn, zoom = math.radians(angle.uniform(-2.6, 2.6)), angle.uniform(0.87, 0.93)
    right, up = math.cos(turn) * zoom * WIDTH / SIZE[0], math.sin(turn) * zoom * WIDTH / SIZE[0]
    x, y = (WIDTH * (1 - zoom) / 2, HEIGHT * (1 - zoom) / 2 + angle.randint(-14, 14))
    sway = (-up * SIZE[1] / 2, up * SIZE[0] / 2)
    affine = (right, up, x + sway[0], -up, right, y + sway[1])
    framed = image.transform(SIZE, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    light = Image.linear_gradient("L").rotate(side).resize(SIZE)
    return Image.composite(framed, framed.point(_dimmer(angle.choice((0.9, 0.8, 0.7)))), light)


@cache
def _dimmer(by: float) -> list[int]:
    return [int(value * by) for value in range(256)] * 3


def _stamp(image: Image.Image, taken_at: datetime) -> None:
    """Write 演示 and the time in a corner, as phones do, and 演示 across."""
    pen = ImageDraw.Draw(image, "RGBA")
    word = book("texts")["stamp"]
    broad, tall = SIZE
    pen.rectangle((0, tall - 46, 330, tall), fill=(0, 0, 0, 110))
    line = f"{word}  {taken_at:%Y-%m-%d %H:%M}"
    pen.text((14, tall - 40), line, font=_face(26), fill=(255, 255, 255, 235))
    pen.text((broad - 150, 64), word, font=_face(60), fill=(255, 255, 255, 120))


@cache
def _face(size: int) -> ImageFont.FreeTypeFont:
    folder = Path(documents.__path__[0]) / "fonts"
    return ImageFont.truetype(str(folder / "FandolHei-Regular.otf"), size)


def _exif(taken_at: datetime, point: tuple[float, float] | None) -> Image.Exif:
    exif = Image.Exif()
    stamp = f"{taken_at:%Y:%m:%d %H:%M:%S}"
    exif[0x0110] = "Demo"  # Model
    exif[0x0132] = stamp
    exif.get_ifd(0x8769)[0x9003] = stamp  # DateTimeOriginal
    if point is not None:
        gps = exif.get_ifd(0x8825)
        gps[1], gps[2] = "N", _degrees(point[1])
        gps[3], gps[4] = "E", _degrees(point[0])
    return exif


def _degrees(value: float) -> tuple[float, float, float]:
    whole, minutes = int(value), (value - int(value)) * 60
    return float(whole), float(int(minutes)), round((minutes - int(minutes)) * 60, 4)
