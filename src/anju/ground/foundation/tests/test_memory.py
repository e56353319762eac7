"""Pictures and workbooks from strangers take a bounded share of a process's memory, however many come at once."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from PIL import Image, ImageCms

from anju.ground.foundation import memory, pictures
from anju.ground.foundation.middleware import BodyLimitMiddleware, refusal_response

from . import samples

SIDE = 4_000  # 16 million pixels
# A process of its own, so that nothing but the pictures is measured: VmHWM is the most it ever held.
MEASURE = """
import json, sys, threading
from django.conf import settings
from anju.ground.foundation import memory, pictures
from anju.ground.foundation.refusals import Refusal
settings.USE_I18N = False   # no room's words are needed
names, times, longest = json.loads(sys.argv[1])
most = lambda: next(int(l.split()[1]) * 1024 for l in open("/proc/self/status") if l.startswith("VmHWM"))
datas = [open(name, "rb").read() for name in names]
small = open(sys.argv[2], "rb").read()
pictures.encode(small, longest=64, quality=80, most_pixels=10**9)   # code and tables are loaded
before, said = most(), []
def one(data):
    try:
        pictures.encode(data, longest=longest, quality=80, most_pixels=40_000_000)
        said.append("done")
    except Refusal as refusal:
        said.append(refusal.code)
threads = [threading.Thread(target=one, args=(data,)) for data in datas for _ in range(times)]
[t.start() for t in threads]
[t.join() for t in threads]
print(json.dumps({"grown": most() - before, "said": said, "taken": memory.heavy().peak, "most": memory.heavy().most}))
"""


def measured(folder: Path, *pictures_of: bytes, times: int = 1, longest: int = 1600) -> dict:
    """Encode pictures, each in so many threads at once, in a fresh process; say how far its memory grew."""
    names = []
    for number, data in enumerate(pictures_of):
        (folder / f"{number}").write_bytes(data)
        names.append(str(folder / f"{number}"))
    (folder / "small").write_bytes(samples.photo())
    command = [sys.executable, "-c", MEASURE, json.dumps([names, times, longest]), str(folder / "small")]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def large(form: str, mode: str = "RGB", side: int = SIDE, **options) -> bytes:
    return samples.encoded(Image.linear_gradient("L").resize((side, side)).convert(mode), form, **options)


def wide_gamut() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


KINDS = {
    "png": lambda: large("PNG", compress_level=1),
    "png with colours of its own": lambda: large("PNG", compress_level=1, icc_profile=wide_gamut()),
    "png that one sees through": lambda: large("PNG", "RGBA", compress_level=1),
    "png of a palette that one sees through": lambda: large("PNG", "P", compress_level=1, transparency=0),
    "png of grey that one sees through": lambda: large("PNG", "LA", compress_level=1),
    "jpeg": lambda: large("JPEG"),
    "jpeg in several scans": lambda: large("JPEG", progressive=True, subsampling=0),
    "jpeg of four inks in several scans": lambda: large("JPEG", "CMYK", progressive=True),
    "webp": lambda: large("WEBP", side=2_500),
    "webp without loss": lambda: large("WEBP", "RGBA", side=2_500, lossless=True, quality=0, method=0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_takes_no_more_than_its_header_says_it_will(kind, tmp_path):
    found = measured(tmp_path, KINDS[kind]())
    assert found["said"] == ["done"]
    assert found["grown"] <= found["taken"] < found["most"]


def test_eight_of_the_largest_at_once_stay_within_the_budget(tmp_path):
    png = large("PNG", "RGBA", side=6_300, compress_level=1)
    found = measured(tmp_path, png, times=8)
    assert len(found["said"]) == 8 and set(found["said"]) <= {"done", "busy"}
    assert "done" in found["said"]
    # Without the budget it was 3.9 GB.
    assert found["taken"] <= found["most"]
    assert (
        found["grown"] <= found["most"] + 64 * memory.MEGABYTE
    )  # what the allocator keeps of what was given back


def test_a_picture_that_can_never_fit_is_refused_by_its_header_with_the_number_that_can(monkeypatch):
    datas = (large("PNG", side=4_000, compress_level=1), large("WEBP", side=2_000))
    monkeypatch.setattr(memory, "heavy", lambda: memory.Budget(64 * memory.MEGABYTE, patience=0))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    for data in datas:
        with pytest.raises(pictures.Unreadable) as caught:
            pictures.encode(data, longest=1600, quality=80, most_pixels=40_000_000)
        assert caught.value.why == "pixels" and 500_000 < caught.value.limit < 16_000_000


def test_shares_are_never_more_than_the_budget_and_all_get_their_turn():
    budget = memory.Budget(100, patience=30)
    done: list[int] = []

    def work(size: int) -> None:
        with budget.share(size):
            assert budget.taken <= budget.most
            done.append(size)

    # One that needs everything is not passed over for ever by many that need little.
    threads = [threading.Thread(target=work, args=(size,)) for size in (60, 100, 60, 10, 10, 250, 40) * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 35 and budget.peak <= 100 and budget.taken == 0


def test_who_finds_no_room_in_time_is_told_when_to_come_again_and_holds_up_nobody():
    budget = memory.Budget(100, patience=0.05)
    with budget.share(80):
        with pytest.raises(memory.Busy, match="半分钟") as caught, budget.share(40):
            pytest.fail("there was no room")
        with budget.share(20):
            pass
    with pytest.raises(ZeroDivisionError), budget.share(100):
        raise ZeroDivisionError
    assert budget.taken == 0
    answer = refusal_response(RequestFactory().get("/", headers={"accept": "application/json"}), caught.value)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


@pytest.mark.parametrize(
    ("content_type", "size", "status"),
    [
        ("application/json", 3 * memory.MEGABYTE, 413),
        ("application/x-www-form-urlencoded", 3 * memory.MEGABYTE, 413),
        ("text/plain", 3 * memory.MEGABYTE, 413),
        ("application/json", memory.MEGABYTE, 200),
        ("multipart/form-data; boundary=x", 3 * memory.MEGABYTE, 200),
        ("multipart/form-data; boundary=x", 500 * memory.MEGABYTE, 413),
        ("multipart/form-data; boundary=x", int("9" * 30), 413),
    ],
)
def test_words_and_numbers_come_in_small_bodies_files_in_larger_ones(content_type, size, status):
    request = RequestFactory().post("/", CONTENT_LENGTH=str(size), CONTENT_TYPE=content_type)
    assert BodyLimitMiddleware(lambda _request: HttpResponse())(request).status_code == status
