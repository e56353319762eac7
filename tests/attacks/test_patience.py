"""Limits against abuse, from both sides: an office hall of two hundred is served, a guesser and a flood are not."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from anju.duties.cases import services
from anju.duties.cases.models import Case
from anju.ground.access import escrow
from anju.ground.foundation import devices, patience, rulebooks
from anju.ground.foundation.models import Try
from anju.ground.foundation.refusals import NotFound

pytestmark = pytest.mark.django_db

HALL = "198.51.100.7"  # one address for everybody in the hall
ELSEWHERE = "198.51.100.8"


@dataclass
class Clock:
    """The time of day, which the tests move by hand."""

    at: datetime
    begun: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.begun = self.at

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock(timezone.now())
    monkeypatch.setattr(timezone, "now", lambda: made.at)
    return made


def limits(kind: str) -> patience.Limits:
    return patience.Limits.of(rulebooks.load("deadlines", on=timezone.localdate())["abuse"][kind])


def tried(kind: str, count: int, *, origin: str, at: datetime, known: bool = False, device: str = "") -> None:
    """Write tries as they would stand there after many requests."""
    mark = escrow.fingerprint(origin)
    Try.objects.bulk_create(
        Try(kind=kind, device=device, known=known, origin=mark, at=at - timedelta(seconds=n % 60))
        for n in range(count)
    )


@pytest.fixture
def send(city) -> Callable:
    """Return a function that files a report through the form."""

    def report(client: Client, number: int):
        form = {
            "estate": city.estates.huaiyin.pk,
            "class_code": "EB01",
            "text": f"楼道里给电动车充电，第{number}户门口",
            "request_key": f"hall-{number}",
        }
        return client.post(reverse("portal:report"), form)

    return report


# --- The innocent --------------------------------------------------------------------------------------------------


def test_two_hundred_people_in_one_office_hall_report_and_follow_within_the_hour(city, clock, send):
    form = reverse("portal:report") + f"?estate={city.estates.huaiyin.pk}"
    people = [Client(REMOTE_ADDR=HALL) for _n in range(200)]
    for number, client in enumerate(people):
        assert client.get(form).status_code == 200
        clock.later(40)  # to fill it in; the hall is full all the time
        told = send(client, number)
        assert told.status_code == 302, (number, told.status_code)
        clock.later(-24)
        page = client.get(told.url).content.decode()
        code = re.search(r'receipt-code num">(\w+)<', page).group(1)
        if number % 2:
            assert client.get(reverse("portal:follow"), {"code": f"WRNG{number:06}"}).status_code == 404
        assert client.get(reverse("portal:progress", args=[code])).status_code == 200
    assert clock.at - clock.begun < timedelta(hours=1)
    assert Case.objects.count() == 200


def test_who_has_just_reported_sees_the_code_whatever_others_do_at_the_address(
    city, clock, send, monkeypatch
):
    most = limits("follow").address_most
    tried("follow", most + 5, origin=HALL, at=clock.at)
    told = send(Client(REMOTE_ADDR=HALL), 1)
    assert told.status_code == 302
    # Another device without a cookie opens the very page: a browser that keeps none, a copied address.
    page = Client(REMOTE_ADDR=HALL).get(told.url)
    assert page.status_code == 200 and "receipt-code" in page.content.decode()
    assert Client(REMOTE_ADDR=HALL).get(told.url.partition("?")[0]).status_code == 429
    monkeypatch.setattr(devices, "OWN_PAGE_SECONDS", -1)
    assert Client(REMOTE_ADDR=HALL).get(told.url).status_code == 429, (
        "the address with its key is good for an hour"
    )


def test_a_right_code_on_a_device_that_knows_it_works_always(case, clock):
    code, page = case.reports.get().code, Client(REMOTE_ADDR=HALL)
    assert page.get(f"/follow/{code}/").status_code == 200
    tried("follow", limits("follow").address_most + 5, origin=HALL, at=clock.at)
    assert page.get(f"/follow/{code}/").status_code == 200
    assert page.get(reverse("portal:follow"), {"code": code.lower()}).status_code == 302
    # Also at another address, and after its own slips; a wrong code of its own still makes it wait.
    for n in range(limits("follow").device_free):
        assert page.get(f"/follow/WRNG{n}/").status_code == 404
    assert page.get("/follow/WRNGX/").status_code == 429
    assert page.get(f"/follow/{code}/", REMOTE_ADDR=ELSEWHERE).status_code == 200


def test_slips_of_people_who_belong_here_do_not_heat_the_address(case, clock):
    tried("follow", limits("follow").address_most + 5, origin=HALL, at=clock.at, known=True)
    code = case.reports.get().code
    assert Client(REMOTE_ADDR=HALL).get(f"/follow/{code}/").status_code == 200


def test_at_a_busy_address_a_new_device_waits_some_seconds_and_is_then_served(case, clock):
    said = limits("follow")
    tried("follow", said.address_free, origin=HALL, at=clock.at)
    code, client = case.reports.get().code, Client(REMOTE_ADDR=HALL)
    told = client.get(reverse("portal:follow"), {"code": code})
    assert told.status_code == 429 and int(told["Retry-After"]) == said.address_patience
    assert f"{said.address_patience}秒" in told.content.decode()
    clock.later(said.address_patience + 1)
    assert client.get(reverse("portal:follow"), {"code": code}).status_code == 302


# --- The guesser ---------------------------------------------------------------------------------------------------


def test_one_device_waits_twice_as_long_each_time_and_is_told_how_long(case, clock):
    said, client = limits("follow"), Client(REMOTE_ADDR=HALL)
    code = case.reports.get().code
    doors = [reverse("portal:follow") + "?code={}", "/follow/{}/", "/report/done/{}", "/follow/{}/rate"]

    def ask(door: str, tried_code: str):
        url = door.format(tried_code)
        return client.post(url, {"rating": "3"}) if url.endswith("rate") else client.get(url)

    for n in range(said.device_free):
        assert ask(doors[n % 4], f"WRNG{n:06}").status_code == 404
    waits = []
    for n in range(8):
        for (
            door
        ) in doors:  # also a right code is not looked up: the refusal would tell it from the wrong ones
            told = ask(door, code)
            assert told.status_code == 429 and case.text not in told.content.decode(), door
        waits.append(int(told["Retry-After"]))
        assert patience.say_wait(waits[-1]) in told.content.decode()
        clock.later(waits[-1] - 1)
        assert ask(doors[1], f"EARLY{n}").status_code == 429
        clock.later(1)
        assert ask(doors[1], f"LATER{n}").status_code == 404
    assert waits == [min(said.first_wait * 2**n, said.longest_wait) for n in range(8)]


def test_many_devices_at_one_address_are_slowed_down_and_then_stopped(case, clock):
    said, code = limits("follow"), case.reports.get().code
    # A program that throws its cookie away is a new device each time.
    for n in range(said.address_free):
        with pytest.raises(NotFound):
            services.follow(code=f"NONE{n}", origin=HALL, at=clock.at, device=devices.new(at=clock.at))
    with pytest.raises(services.TooManyTries) as slowed:
        services.follow(code=code, origin=HALL, at=clock.at, device=devices.new(at=clock.at))
    assert slowed.value.data["retry_after"] == said.address_patience
    # One that has made itself devices in advance gets on, but no further than the last limit: then none is new enough.
    waited = clock.at - timedelta(hours=2)
    missing = said.address_most - said.address_free
    tried("follow", missing - 1, origin=HALL, at=clock.at)
    with pytest.raises(NotFound):
        services.follow(code="NONE", origin=HALL, at=clock.at, device=devices.new(at=waited))
    with pytest.raises(services.TooManyTries) as stopped:
        services.follow(code=code, origin=HALL, at=clock.at, device=devices.new(at=waited))
    assert stopped.value.data["retry_after"] > said.within - 120
    assert services.follow(code=code, origin=ELSEWHERE, at=clock.at).case_id == case.pk
    later = clock.at + timedelta(seconds=stopped.value.data["retry_after"] + said.within)
    assert services.follow(code=code, origin=HALL, at=later).case_id == case.pk


def test_a_device_cannot_be_forged_and_carries_nobody_elses_codes(case, clock):
    code = case.reports.get().code
    tried("follow", limits("follow").address_most, origin=HALL, at=clock.at)
    mine = devices.new(at=clock.at - timedelta(days=1))
    mine.learn("follow", code)
    told = {"pk": mine.pk, "since": 0, "marks": mine.marks}
    for cookie in (signing.dumps(told, key="guessed", salt=devices.SALT), signing.dumps(told), "nonsense"):
        client = Client(REMOTE_ADDR=HALL)
        client.cookies[devices.COOKIE] = cookie
        assert client.get(f"/follow/{code}/").status_code == 429
    assert mine.knows("follow", code) and not mine.knows("deputy", code)
    assert not devices.Device("0" * 32, mine.since, mine.marks).knows("follow", code)


def test_no_page_but_those_with_limits_sets_a_devices_cookie_and_nothing_can_be_read_from_it(
    city, case, clock
):
    code = case.reports.get().code
    for page in ("/", reverse("portal:notices"), reverse("portal:estate", args=[city.estates.huaiyin.pk])):
        assert devices.COOKIE not in Client().get(page).cookies
    cookie = Client(REMOTE_ADDR=HALL).get(f"/follow/{code}/").cookies[devices.COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    told = str(signing.loads(cookie.value, salt=devices.SALT))
    assert code not in told and HALL not in told


def test_an_invented_forwarding_header_is_no_new_address(case, clock):
    tried("follow", limits("follow").address_most, origin=HALL, at=clock.at)
    for n in range(3):
        assert (
            Client(REMOTE_ADDR=HALL, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}").get("/follow/X/").status_code == 429
        )


def test_all_addresses_of_one_ipv6_network_are_one(case, clock):
    for n in range(limits("follow").address_free):
        Client(REMOTE_ADDR=f"2001:db8:1:2::{n:x}").get(f"/follow/NONE{n}/")
    assert Client(REMOTE_ADDR="2001:db8:1:2:ffff::1").get("/follow/NONEX/").status_code == 429
    assert Client(REMOTE_ADDR="2001:db8:1:3::1").get("/follow/NONEX/").status_code == 404


def test_tries_are_forgotten_with_their_window_and_the_address_is_never_kept(case, clock):
    for n in range(3):
        with pytest.raises(NotFound):
            services.follow(code=f"NONE{n}", origin=HALL, at=clock.at)
    assert Try.objects.filter(kind="follow").count() == 3
    assert not Try.objects.filter(origin__contains="198.51").exists()
    with pytest.raises(NotFound):
        services.follow(
            code="NONE", origin=ELSEWHERE, at=clock.at + timedelta(seconds=limits("follow").within + 1)
        )
    assert Try.objects.filter(kind="follow").count() == 1


# --- The flood -----------------------------------------------------------------------------------------------------


def test_a_program_that_sends_reports_without_reading_the_form_is_asked_for_patience_and_then_stopped(
    city, clock, send
):
    said = limits("report")
    tried("report", said.address_free, origin=HALL, at=clock.at)
    told = send(Client(REMOTE_ADDR=HALL), 1)
    assert told.status_code == 429 and int(told["Retry-After"]) == said.address_patience
    assert (
        "119" in told.content.decode() and "第1户门口" in told.content.decode()
    )  # what was written stays in the form
    patient = Client(REMOTE_ADDR=HALL)
    patient.get(reverse("portal:report") + f"?estate={city.estates.huaiyin.pk}")
    clock.later(said.address_patience + 1)
    assert send(patient, 2).status_code == 302
    tried("report", said.address_most, origin=HALL, at=clock.at)
    stranger = Client(REMOTE_ADDR=HALL)
    stranger.get(reverse("portal:report") + f"?estate={city.estates.huaiyin.pk}")
    clock.later(said.address_patience + 1)
    assert send(stranger, 3).status_code == 429
    assert send(patient, 4).status_code == 302, "who reported before is no stranger"
    assert send(Client(REMOTE_ADDR=ELSEWHERE), 5).status_code == 302
    assert Case.objects.count() == 3
