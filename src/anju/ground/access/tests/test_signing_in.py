"""Signing in, through HTTP: lockout, second factor, sessions, first passwords, keys."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from tests.cast import PASSWORD

from anju.ground.access import services
from anju.ground.access.adapter import AccountAdapter
from anju.ground.access.models import Account, ApiKey
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotFound, Refusal

LOGIN = "/account/login/"


@pytest.fixture(autouse=True)
def no_memory():
    """The counter of guesses lives in the cache of the process, not in the transaction of a test."""
    cache.clear()


def sign_in(client, username, password):
    return client.post(LOGIN, {"login": username, "password": password})


def is_signed_in(client):
    return client.get("/access/me/").status_code == 200


def test_a_right_password_lets_in_and_is_noted(city, street_officer):
    client = Client()
    assert sign_in(client, "wang", PASSWORD).status_code == 302
    assert is_signed_in(client)
    assert Event.objects.filter(name="access.signed_in", actor_name="王建国").count() == 1


def test_five_failures_lock_the_login_even_for_the_right_password(city):
    client = Client()
    for _attempt in range(4):
        assert sign_in(client, "wang", "wrong").status_code == 200
    locked = sign_in(client, "wang", "wrong")
    assert locked.status_code == 429
    page = locked.content.decode()
    assert "连续输错 5 次" in page
    assert re.search(r"登录暂停 1[45] 分钟", page)
    assert sign_in(client, "wang", PASSWORD).status_code == 429
    # Neither another spelling of the login nor a new browser gets around it.
    assert sign_in(Client(), "WANG", PASSWORD).status_code == 429
    # Another login from the same office is not locked with it.
    assert sign_in(Client(), "li", PASSWORD).status_code == 302
    assert Event.objects.filter(name="access.sign_in_failed").count() >= 5


def test_a_colleague_cannot_lock_somebody_out_of_the_device_they_use(city):
    own, colleague = Client(), Client()
    assert sign_in(own, "wang", PASSWORD).status_code == 302
    own.post("/account/logout/")
    for _attempt in range(5):
        locked = sign_in(colleague, "wang", "wrong")
    assert locked.status_code == 429
    # One's own slips are few, and do not lock either …
    for _attempt in range(4):
        assert sign_in(own, "WANG", "wrong").status_code == 200
    assert sign_in(own, "wang", PASSWORD).status_code == 302
    own.post("/account/logout/")
    # … but whoever goes on guessing at that device comes under the lock of everybody.
    for _attempt in range(5):
        assert sign_in(own, "wang", "wrong").status_code == 200
    assert sign_in(own, "wang", "wrong").status_code == 429
    assert sign_in(own, "wang", PASSWORD).status_code == 429
    # It is the own device of nobody else.
    for _attempt in range(4):
        assert sign_in(own, "li", "wrong").status_code == 200
    assert sign_in(own, "li", "wrong").status_code == 429


def test_an_office_of_hundreds_signs_in_within_a_minute_through_one_address(city):
    for _n in range(40):
        assert sign_in(Client(), "wang", PASSWORD).status_code == 302


@pytest.mark.parametrize("proxies", [0, 1])
def test_who_signs_in_behind_our_proxy_is_counted_and_noted_under_the_own_address(
    city, settings, proxies, rf
):
    settings.PROXIES = proxies
    request = rf.get(LOGIN, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.5")
    address = "203.0.113.5" if proxies else "10.0.0.1"
    assert AccountAdapter().get_client_ip(request) == address
    client = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.5")
    assert sign_in(client, "wang", PASSWORD).status_code == 302
    assert Event.objects.get(name="access.signed_in").data["address"] == address


def test_a_success_in_between_starts_the_count_anew(city):
    client = Client()
    for _attempt in range(3):
        sign_in(client, "wang", "wrong")
    sign_in(client, "wang", PASSWORD)
    other = Client()
    for _attempt in range(4):
        assert sign_in(other, "wang", "wrong").status_code == 200


def test_an_unknown_login_says_the_same_as_a_wrong_password(city):
    answers = [
        re.sub(r'value="[^"]*"', "", sign_in(Client(), name, "wrong").content.decode())
        for name in ("wang", "nobody")
    ]
    assert re.sub(r"\s+", " ", answers[0]) == re.sub(r"\s+", " ", answers[1])


def test_nobody_signs_up_and_nobody_resets_by_mail(client, db):
    for address in ("signup/", "password/reset/", "email/", "password/set/"):
        assert client.get(f"/account/{address}").status_code == 404


def test_a_foreign_address_is_no_way_out_of_signing_in(city):
    answer = Client().post(LOGIN, {"login": "wang", "password": PASSWORD, "next": "https://evil.example/"})
    assert answer["location"] == "/console/"


def test_pages_ask_a_stranger_to_sign_in(client, db):
    for address in (
        "/access/me/",
        "/access/people/",
        "/territory/estates/",
        "/organisations/",
        "/account/sessions/",
    ):
        answer = client.get(address)
        assert (answer.status_code, answer["location"]) == (302, f"/account/login/?next={address}")


# --- A password that somebody else knows -------------------------------------------------------------------------


def test_a_temporary_password_is_changed_before_anything_else(city, administrator, street_officer):
    at = timezone.now()
    password = services.reset_password(
        account_id=street_officer.account.pk, by=administrator.actor(at), at=at
    ).opened
    client = Client()
    sign_in(client, "wang", password)
    assert client.get("/territory/estates/")["location"] == "/account/password/"
    page = client.get("/account/password/")
    assert "请先设置自己的密码" in page.content.decode()
    chosen = "a-password-of-my-own-7"
    answer = client.post(
        "/account/password/", {"oldpassword": password, "password1": chosen, "password2": chosen}
    )
    assert answer.status_code == 302, answer.content.decode()
    assert client.get("/territory/estates/").status_code == 200


@pytest.mark.parametrize("bad", ["short", "12345678901", "password123"])
def test_weak_passwords_are_refused(city, street_officer, signed_in_as, bad):
    client = signed_in_as(street_officer)
    answer = client.post("/account/password/", {"oldpassword": PASSWORD, "password1": bad, "password2": bad})
    assert answer.status_code == 200
    assert Account.objects.get(username="wang").check_password(PASSWORD)


def test_a_new_password_signs_out_everywhere_else(city, street_officer):
    here, elsewhere = Client(), Client()
    sign_in(here, "wang", PASSWORD)
    sign_in(elsewhere, "wang", PASSWORD)
    chosen = "a-password-of-my-own-7"
    here.post("/account/password/", {"oldpassword": PASSWORD, "password1": chosen, "password2": chosen})
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


# --- Sessions ----------------------------------------------------------------------------------------------------


def test_a_session_that_is_ended_is_signed_out(city, street_officer):
    here, stolen = Client(), Client(headers={"user-agent": "stolen phone"})
    sign_in(here, "wang", PASSWORD)
    sign_in(stolen, "wang", PASSWORD)
    page = here.get("/account/sessions/").content.decode()
    assert "stolen phone" in page
    number = re.search(r"/account/sessions/(\d+)/end/", page).group(1)
    assert here.post(f"/account/sessions/{number}/end/").status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(stolen)


def test_nobody_ends_the_session_of_another(city):
    wang, li = Client(), Client()
    sign_in(wang, "wang", PASSWORD)
    sign_in(li, "li", PASSWORD)
    li.get("/account/sessions/")
    number = Account.objects.get(username="wang").usersession_set.get().pk
    assert li.post(f"/account/sessions/{number}/end/").status_code == 404
    assert is_signed_in(wang)


def test_a_closed_account_is_signed_out_at_once(city, administrator, street_officer):
    client, at = Client(), timezone.now()
    sign_in(client, "wang", PASSWORD)
    services.close_account(
        account_id=street_officer.account.pk, by=administrator.actor(at), at=at, reason="离职"
    )
    assert not is_signed_in(client)
    answer = sign_in(Client(), "wang", PASSWORD)
    assert not (answer.status_code == 302 and answer["location"] == "/console/")


# --- The second factor -------------------------------------------------------------------------------------------


def code_of(secret):
    counter = next(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counter))


def give_factor(account):
    secret = "JBSWY3DPEHPK3PXP"
    Authenticator.objects.create(
        user=account, type=Authenticator.Type.TOTP, data={"secret": get_adapter().encrypt(secret)}
    )
    return secret


def test_with_a_second_factor_the_password_alone_does_not_let_in(city, street_officer):
    secret, client = give_factor(street_officer.account), Client()
    answer = sign_in(client, "wang", PASSWORD)
    assert answer["location"].startswith("/account/2fa/authenticate/")
    assert not is_signed_in(client)
    assert client.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert not is_signed_in(client)
    client.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert is_signed_in(client)


def test_codes_cannot_be_guessed_on_and_on(city, street_officer):
    secret, client = give_factor(street_officer.account), Client()
    sign_in(client, "wang", PASSWORD)
    for guess in range(6):
        client.post("/account/2fa/authenticate/", {"code": f"{guess:06}"})
    client.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert not is_signed_in(client)


def test_an_administrator_sets_up_a_second_factor_before_anything_else(city, administrator, signed_in_as):
    client = signed_in_as(administrator)
    assert client.get("/access/people/").status_code == 200  # invented people are exempt
    administrator.person.is_demo = False
    administrator.person.save()
    assert client.get("/access/people/")["location"] == "/account/2fa/totp/activate/"
    give_factor(administrator.account)
    assert client.get("/access/people/").status_code == 200


def test_setting_up_a_second_factor_by_oneself(city, street_officer):
    client = Client()
    sign_in(client, "wang", PASSWORD)
    asked = client.get("/account/2fa/totp/activate/")
    assert asked["location"].startswith("/account/reauthenticate/")
    assert "确认是您本人" in client.get(asked["location"]).content.decode()
    page = client.post(asked["location"], {"password": PASSWORD}, follow=True)
    secret = re.search(r"<code>([A-Z2-7]+)</code>", page.content.decode()).group(1)
    answer = client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert answer.status_code == 302
    assert Authenticator.objects.filter(user=street_officer.account, type="totp").exists()
    assert len(re.findall(r"<li><code>", client.get("/account/2fa/codes/").content.decode())) == 10


# --- Keys --------------------------------------------------------------------------------------------------------


def test_a_revoked_or_expired_key_is_nobody(city, street_officer):
    at = timezone.now()
    by = street_officer.actor(at)
    secret = services.create_key(
        account=street_officer.account, name="对接平台", by=by, at=at, days=30
    ).secret
    assert services.actor_of_key(secret, at=at) is not None
    assert services.actor_of_key(secret, at=at + timedelta(days=31)) is None
    assert services.actor_of_key(secret + "x", at=at) is None
    key = ApiKey.objects.get()
    assert secret not in (key.digest, key.name)
    services.revoke_key(key_id=key.pk, by=by, at=at)
    assert services.actor_of_key(secret, at=at) is None


def test_a_key_acts_no_wider_than_its_account(city, street_officer, li):
    at = timezone.now()
    secret = services.create_key(
        account=street_officer.account, name="对接平台", by=street_officer.actor(at), at=at
    ).secret
    with pytest.raises(NotFound):
        services.revoke_key(key_id=ApiKey.objects.get().pk, by=li.actor(at), at=at)
    with pytest.raises(NotFound):
        services.create_key(account=street_officer.account, name="冒名", by=li.actor(at), at=at)
    Account.objects.filter(username="wang").update(is_active=False)
    assert services.actor_of_key(secret, at=at) is None


def test_the_secret_of_a_key_is_shown_once(city, street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    answer = client.post("/access/me/keys", {"name": "对接平台", "days": "90"})
    secret = re.search(r'<code class="secret">([^<]+)</code>', answer.content.decode()).group(1)
    assert answer["cache-control"] == "no-store"
    assert services.actor_of_key(secret, at=timezone.now()) is not None
    assert secret not in client.get("/access/me/keys").content.decode()


def test_a_key_without_a_purpose_is_refused(city, street_officer):
    at = timezone.now()
    with pytest.raises(Refusal, match="系统"):
        services.create_key(account=street_officer.account, name=" ", by=street_officer.actor(at), at=at)
