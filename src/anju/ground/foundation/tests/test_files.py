"""Storing, showing and recognising files: what people may send, and what nobody gets out again."""

import io
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import RequestFactory
from django.urls import Resolver404, include, path, resolve
from django.utils import timezone
from PIL import Image

from anju.ground.foundation import files, files_views, pictures
from anju.ground.foundation.models import StoredFile
from anju.ground.foundation.refusals import NotFound, Refusal

from . import samples

AT = datetime(2024, 7, 1, 2, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.FILE_STORE = tmp_path / "files"
    settings.MAX_UPLOAD_MB = 2


@pytest.fixture
def viewers(monkeypatch):
    kept: list = []
    monkeypatch.setattr(files, "_viewers", kept)
    return kept


def kept_files(settings) -> list[Path]:
    return [path for path in Path(settings.FILE_STORE).rglob("*") if path.is_file()]


def send(data: bytes, name: str = "IMG_0001.jpg", declared: str = "image/jpeg") -> StoredFile:
    return files.store_upload(samples.upload(data, name, declared), at=AT)


def test_a_photo_is_kept_as_it_came_with_what_it_tells():
    data = samples.photo(taken="2024:07:01 09:30:00", offset="+08:00", point=(113.87, 35.3))
    stored = send(data)
    path = files.path_of(stored.sha256)
    assert path.read_bytes() == data == files.read(stored)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.parent.relative_to(path.parents[2]) == Path(stored.sha256[:2]) / stored.sha256[2:4]
    assert (stored.media_type, stored.size, stored.width, stored.height) == (
        "image/jpeg",
        len(data),
        800,
        600,
    )
    assert stored.taken_at == datetime(2024, 7, 1, 1, 30, tzinfo=UTC)
    assert stored.longitude == pytest.approx(113.87)
    assert stored.stored_at == AT
    assert stored.perceptual_hash is not None


def test_the_same_bytes_are_kept_once_whoever_sends_them(settings):
    data = samples.photo()
    first, second = send(data, "a.jpg"), send(data, "b.png", "text/html")
    assert first.pk == second.pk
    assert len(kept_files(settings)) == 1


def test_bytes_that_a_lost_disk_took_are_put_back_by_sending_them_again():
    data = samples.photo()
    stored = send(data)
    files.path_of(stored.sha256).unlink()
    assert files.read(send(data)) == data


def test_a_file_that_changed_on_disk_is_never_handed_out_as_the_original():
    stored = send(samples.photo())
    files.path_of(stored.sha256).write_bytes(samples.photo(2))
    with pytest.raises(RuntimeError, match="digest"):
        files.read(stored)


def test_nothing_half_written_is_left_when_the_disk_fails(settings, monkeypatch):
    def full(*_arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="space"):
        send(samples.photo())
    assert kept_files(settings) == []
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("data", "name", "code", "says"),
    [
        (b"<html><script>alert(1)</script>", "现场.jpg", "file_page", "现场.jpg.*JPG、PNG、WebP"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "图.svg", "file_page", "图.svg"),
        (samples.photo() + samples.zipped(), "photo.jpg", "file_hidden", "夹带"),
        (samples.bomb(), "炸弹.png", "file_pixels", "炸弹.png.*4000 万"),
        (samples.photo()[:9000], "半张.jpg", "file_damaged", "半张.jpg"),
        (b"", "空.jpg", "file_empty", "空.jpg"),
        (b"\x00" * (2 * 1024 * 1024 + 1), "大.jpg", "file_too_large", "2 MB"),
        (b"PK\x03\x04", "台账.xlsx", "file_unknown", "台账.xlsx.*PDF"),
    ],
)
def test_what_cannot_be_accepted_is_refused_by_name_and_leaves_nothing(settings, data, name, code, says):
    with pytest.raises(Refusal, match=says) as caught:
        send(data, name)
    assert caught.value.code == code
    assert kept_files(settings) == []
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("../../../etc/passwd", "passwd.jpg"),
        ("..\\..\\windows\\win.ini", "win.jpg"),
        ("照片.html", "照片.jpg"),
        ("a\x00b\r\nSet-Cookie: x.jpg", "a_b_Set-Cookie_ x.jpg"),
        ("\u202egpj.exe", "gpj.jpg"),
        ("....", "file.jpg"),
        ('"><img src=x>.jpg', "img src=x.jpg"),
        ("长" * 300 + ".jpg", "长" * 100 + ".jpg"),
    ],
)
def test_a_name_is_only_ever_a_name(name, becomes):
    assert files.clean_name(name, ".jpg") == becomes


def test_a_name_cannot_lead_out_of_the_store():
    for name in ("../" * 32 + "etc/passwd", "/etc/passwd", "A" * 64, ""):
        with pytest.raises(NotFound):
            files.path_of(name)


def test_a_document_of_our_own_is_kept_under_its_name():
    stored = files.store_bytes(
        b"PK\x03\x04 docx", name="责令限期改正通知书.docx", media_type="application/msword"
    )
    assert stored.name == "责令限期改正通知书.docx"
    assert files.read(stored) == b"PK\x03\x04 docx"


def test_the_shown_copy_has_no_place_and_no_time_in_it():
    stored = send(samples.photo(size=(2400, 1800), taken="2024:07:01 09:30:00", point=(113.87, 35.3)))
    for size, longest in (("thumb", 320), ("page", 1600)):
        path = files.shown_copy(stored, size)
        shown = Image.open(io.BytesIO(path.read_bytes()))
        assert max(shown.size) == longest
        assert dict(shown.getexif()) == {}
        assert b"Exif" not in path.read_bytes()
        assert files.shown_copy(stored, size) == path


def test_only_pictures_have_shown_copies():
    stored = send(samples.pdf(), "说明.pdf", "application/pdf")
    with pytest.raises(NotFound):
        files.shown_copy(stored, "page")


# --- Recognised ------------------------------------------------------------------------------------------------


def test_a_photo_sent_again_smaller_is_found_among_others():
    scene = samples.courtyard(7, (1600, 1200))
    first = send(samples.encoded(scene, quality=95))
    for seed in range(20, 30):
        send(samples.photo(seed))
    again = send(samples.encoded(scene.resize((1000, 750)), quality=60))
    assert again.pk != first.pk
    assert set(files.similar(again.perceptual_hash)) == {first, again}
    assert files.similar(again.perceptual_hash)[0].bits == 0


def test_each_hash_within_four_bits_is_found_and_none_beyond():
    own = -(1 << 63) | 0x0F0F_1234_5678_9ABC
    for bits in range(8):
        other = own
        for place in range(bits):
            other ^= 1 << (place * 13) if place < 5 else 1 << (place * 7 + 1)
        StoredFile.objects.create(
            sha256=f"{bits:064x}", size=1, media_type="image/jpeg", name=str(bits),
            perceptual_hash=other, bands=pictures.bands(other),
        )  # fmt: skip
    assert [found.bits for found in files.similar(own)] == [0, 1, 2, 3, 4]
    assert [found.bits for found in files.similar(own, within_bits=1)] == [0, 1]


def test_two_grey_walls_are_not_the_same_photo():
    walls = [send(samples.encoded(Image.new("RGB", (400, 300), (shade, shade, shade)))) for shade in (90, 91)]
    assert walls[0].perceptual_hash is None
    assert list(files.similar(walls[0].perceptual_hash)) == []


# --- Shown to whom ---------------------------------------------------------------------------------------------


def ask(stored: StoredFile, size: str = "page", query: str = "", **headers: str):
    request = RequestFactory().get(f"/files/x{query}", headers=headers)
    request.actor = "somebody"
    if size == "attachment":
        return files_views.attachment(request, sha256=stored.sha256)
    return files_views.shown(request, sha256=stored.sha256, size=size)


def test_a_file_nobody_vouches_for_does_not_exist(viewers):
    stored = send(samples.photo())
    with pytest.raises(NotFound):
        ask(stored)
    viewers.append(lambda actor, request, stored: False)
    with pytest.raises(NotFound):
        ask(stored)


def test_a_room_lets_its_people_see_the_copy_and_nothing_active_can_come_of_it(viewers):
    stored = send(samples.photo())
    viewers.append(lambda actor, request, asked: actor == "somebody" and asked == stored)
    answer = ask(stored)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "private" in answer.headers["Cache-Control"]
    body = b"".join(answer)
    assert body != files.read(stored)
    assert dict(Image.open(io.BytesIO(body)).getexif()) == {}
    assert ask(stored, **{"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_pdf_is_only_offered_for_saving_and_a_photo_s_original_never(viewers):
    viewers.append(lambda *_anything: True)
    answer = ask(send(samples.pdf(), "说明.pdf"), "attachment")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert b"".join(answer).startswith(b"%PDF-")
    with pytest.raises(NotFound):
        ask(send(samples.photo()), "attachment")


def test_a_signed_address_opens_one_copy_for_a_while(viewers, monkeypatch):
    stored, other = send(samples.photo()), send(samples.photo(2))
    monkeypatch.setattr(files, "url", lambda *_anything: "")
    query = files.signed_url(stored, "thumb", minutes=30)
    assert ask(stored, "thumb", query).status_code == 200
    for refused, size, key in (
        (other, "thumb", query),
        (stored, "page", query),
        (stored, "thumb", query.replace("until=", "until=9")),
        (stored, "thumb", query[:-1] + ("A" if query[-1] != "A" else "B")),
        (stored, "thumb", "?key=x"),
        (stored, "thumb", files.signed_url(stored, "thumb", at=timezone.now() - timedelta(hours=3))),
    ):
        with pytest.raises(NotFound):
            ask(refused, size, key)


def test_a_page_shown_twice_has_the_same_addresses(monkeypatch):
    stored = send(samples.photo())
    monkeypatch.setattr(files, "url", lambda *_anything: "")
    first, second = (files.signed_url(stored, at=AT + timedelta(minutes=minutes)) for minutes in (1, 14))
    assert first == second


# --- Through HTTP ----------------------------------------------------------------------------------------------

urlpatterns = [path("files/", include("anju.ground.foundation.files_urls"))]


@pytest.mark.urls(__name__)
def test_over_http_a_stranger_finds_nothing_and_the_holder_of_an_address_gets_a_harmless_copy(
    client, viewers
):
    stored = send(samples.photo(taken="2024:07:01 09:30:00", point=(113.87, 35.3)))
    as_json = {"accept": "application/json"}
    for address in (files.url(stored), files.url(stored, "thumb"), f"/files/{stored.sha256}/attachment"):
        assert client.get(address, headers=as_json).status_code == 404
    answer = client.get(files.signed_url(stored, "page"))
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert not answer.cookies
    assert b"Exif" not in b"".join(answer.streaming_content)
    head = client.head(files.signed_url(stored, "page"))
    assert (head.status_code, head.content) == (200, b"")
    assert client.post(files.signed_url(stored, "page")).status_code == 405


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    "address",
    [
        "../../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd/page.jpg",
        "a" * 64 + "/original",
        "A" * 64 + "/page.jpg",
    ],
)
def test_over_http_no_address_leads_to_anything_else(address):
    with pytest.raises(Resolver404):
        resolve(f"/files/{address}")
