"""What a file is, what a photo tells, and when two photos are the same picture: no database."""

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageEnhance

from anju.ground.foundation import pictures

from . import samples

HERE = ZoneInfo("Asia/Shanghai")


def read(data: bytes) -> pictures.Facts:
    return pictures.read(data, most_pixels=40_000_000, local_zone=HERE)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (samples.photo(), "image/jpeg"),
        (samples.encoded(samples.courtyard(), "PNG"), "image/png"),
        (samples.encoded(samples.courtyard(), "WEBP"), "image/webp"),
        (samples.pdf(), "application/pdf"),
    ],
)
def test_a_file_is_known_by_its_bytes(data, media_type):
    assert pictures.sniff(data) == media_type


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"<html><script>alert(1)</script></html>", "page"),
        (b"\xef\xbb\xbf \n<!DOCTYPE html><p>", "page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "page"),
        (b"#!/bin/sh\nrm -rf /", "page"),
        (b"GIF89a\x01\x00\x01\x00", "unknown"),
        (b"MZ\x90\x00", "unknown"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "heic"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "unknown"),
        (b"<html>" + samples.pdf(), "page"),
        (b"GIF89a;" + samples.pdf(), "unknown"),
        (samples.pdf()[:-8], "unknown"),
        (samples.pdf(b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >> "), "active"),
        (samples.photo() + samples.zipped(), "hidden"),
        (samples.pdf() + samples.zipped() + b"%%EOF", "hidden"),
        (samples.photo() + b"<script>alert(1)</script>", "hidden"),
        (samples.encoded(samples.courtyard(), comment=b"<?php system($_GET[0]); ?>"), "hidden"),
    ],
)
def test_what_is_not_plainly_a_photo_or_a_pdf_is_refused(data, why):
    with pytest.raises(pictures.Unreadable) as caught:
        pictures.sniff(data)
    assert caught.value.why == why


def test_a_small_file_that_unpacks_to_900_megapixels_is_refused_before_it_is_unpacked():
    with pytest.raises(pictures.Unreadable, match="pixels"):
        read(samples.bomb())
    with pytest.raises(pictures.Unreadable, match="pixels"):
        read(samples.bomb(7_000, 7_000))


def test_half_a_photo_is_refused():
    whole = samples.photo()
    with pytest.raises(pictures.Unreadable, match="damaged"):
        read(whole[: len(whole) // 2])
    with pytest.raises(pictures.Unreadable, match="damaged"):
        read(b"\xff\xd8\xff" + b"\x00" * 500)


def test_the_camera_s_clock_and_place_are_read():
    told = read(samples.photo(taken="2024:07:01 09:30:00", offset="+08:00", point=(113.8701, 35.3012)))
    assert told.taken_at == datetime(2024, 7, 1, 1, 30, tzinfo=UTC)
    assert told.longitude == pytest.approx(113.8701, abs=1e-5)
    assert told.latitude == pytest.approx(35.3012, abs=1e-5)


def test_a_camera_without_an_offset_is_taken_to_be_in_the_city():
    assert read(samples.photo(taken="2024:07:01 09:30:00")).taken_at == datetime(
        2024, 7, 1, 1, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "taken", ["0000:00:00 00:00:00", "2024:13:41 99:99:99", "", "1970:01:01 00:00:00", "昨天"]
)
def test_a_camera_that_knows_no_time_tells_none(taken):
    assert read(samples.photo(taken=taken)).taken_at is None


@pytest.mark.parametrize("point", [(0.0, 0.0), (200.0, 35.0), (113.0, 95.0)])
def test_a_place_that_cannot_be_is_no_place(point):
    told = read(samples.photo(point=point))
    assert (told.longitude, told.latitude) == (None, None)


def test_a_photo_taken_upright_has_the_size_it_is_looked_at():
    told = read(samples.photo(orientation=6))
    assert (told.width, told.height) == (600, 800)


def test_the_shown_copy_is_upright_and_has_lost_all_that_the_camera_wrote():
    original = samples.photo(
        size=(2400, 1800),
        taken="2024:07:01 09:30:00",
        point=(113.87, 35.3),
        orientation=6,
        owner="张三的手机",
    )
    copy = pictures.encode(original, longest=1600, quality=84, most_pixels=40_000_000)
    shown = Image.open(io.BytesIO(copy))
    assert shown.size == (1200, 1600)
    assert dict(shown.getexif()) == {}
    assert not {"exif", "comment", "icc_profile", "xmp", "photoshop"} & set(shown.info)
    assert b"Exif" not in copy and "张三".encode() not in copy


def test_whatever_hid_behind_a_photo_is_gone_from_its_copy():
    copy = pictures.encode(
        samples.photo() + samples.zipped(), longest=320, quality=80, most_pixels=40_000_000
    )
    assert pictures.sniff(copy) == "image/jpeg"
    assert b"PK\x03\x04" not in copy and b"Attack" not in copy


def test_a_see_through_picture_is_shown_on_white():
    clear = samples.encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG")
    copy = pictures.encode(clear, longest=320, quality=80, most_pixels=40_000_000)
    assert Image.open(io.BytesIO(copy)).getpixel((25, 25)) == (255, 255, 255)


def test_the_same_scene_sent_through_a_messenger_is_recognised():
    scene = samples.courtyard(3, (1600, 1200))
    first = read(samples.encoded(scene, quality=95)).hash
    smaller = read(samples.encoded(scene.resize((900, 675)), quality=55)).hash
    brighter = read(samples.encoded(ImageEnhance.Brightness(scene).enhance(1.08), "WEBP", quality=60)).hash
    assert first is not None
    assert pictures.distance(first, smaller) <= 4
    assert pictures.distance(first, brighter) <= 6


def test_different_scenes_are_told_apart():
    hashes = [read(samples.photo(seed)).hash for seed in range(1, 9)]
    assert min(pictures.nearest(one, [other for other in hashes if other != one]) for one in hashes) > 8


@pytest.mark.parametrize(
    "image", [Image.new("RGB", (300, 200), "grey"), Image.linear_gradient("L").rotate(90)]
)
def test_a_wall_or_a_smooth_shade_resembles_nothing(image):
    assert pictures.difference_hash(image) is None


def test_hashes_within_four_bits_always_share_a_band():
    import random

    chance = random.Random(5)
    for _turn in range(2_000):
        one = chance.getrandbits(64) - (1 << 63)
        other = one
        for bit in chance.sample(range(64), 4):
            other ^= 1 << bit
        assert set(pictures.bands(one)) & set(pictures.bands(other))
