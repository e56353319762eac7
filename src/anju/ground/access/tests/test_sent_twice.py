"""What is sent twice is done once; of a secret there is no trace besides the hand that has just got it."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.cast import Builder

from anju.ground.access import escrow, services
from anju.ground.access.models import Account, ApiKey, Delegation, Grant
from anju.ground.access.rules import Kind
from anju.ground.foundation.models import Event
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Person

pytestmark = pytest.mark.django_db
KEY = {"request_key": "one-form"}


@pytest.fixture
def keeper(administrator, signed_in_as):
    return signed_in_as(administrator)


def passwords(answer) -> list[str]:
    return re.findall(r'<code class="secret">([a-z2-9-]{14})</code>', answer.content.decode())


def journal() -> str:
    return str(list(Event.objects.values()))


def test_a_second_click_shows_the_same_temporary_password_which_is_kept_nowhere(keeper, street_officer):
    url = f"/access/people/{street_officer.person.pk}/reset_password"
    first, second = (keeper.post(url, KEY) for _twice in range(2))
    [password] = passwords(first)
    assert passwords(second) == [password] and second["Cache-Control"] == "no-store"
    account = Account.objects.get(username="wang")
    assert account.check_password(password) and password not in account.password
    assert Event.objects.filter(name="access.reset_password").count() == 1
    assert password not in journal()
    # Another form is another reset.
    [other] = passwords(keeper.post(url, {"request_key": "another-form"}))
    assert other != password and passwords(keeper.post(url, KEY)) == []


def test_an_enrolment_sent_twice_is_one_person_with_one_password(city, keeper):
    url = f"/access/people/new?office={city.offices.huaiyin_office.pk}"
    sent = {"name": "新来", "username": "xinlai", "role": "grid_worker", "valid_from": "2024-01-01", **KEY}
    first, second = (keeper.post(url, sent) for _twice in range(2))
    [password] = passwords(first)
    assert passwords(second) == [password] and Person.objects.filter(name="新来").count() == 1
    assert Account.objects.get(username="xinlai").check_password(password)
    assert password not in journal()
    answer = keeper.post(url, sent | {"name": "别人"})
    assert answer.status_code == 409 and not Person.objects.filter(name="别人").exists()


@pytest.fixture
def second(city):
    """Another administrator, besides the one of the cast."""
    told = {"by": Builder(), "at": timezone.now()}
    person = organisations.create_person(name="演第二", is_demo=True, **told)
    post = {"role": "security_administrator", "valid_from": timezone.localdate() - timedelta(days=9)}
    organisations.hold_post(person=person, organisation=city.offices.city_housing, **post, **told)
    return services.create_account(username="dier", password="x" * 12, person=person, **told)


def test_a_reset_confirmed_twice_shows_its_password_to_who_confirmed(city, keeper, second):
    asked = services.ask_for_account(
        kind=Kind.PASSWORD, account_id=city.people.city_supervisor.account.pk, reason="忘记密码",
        by=services.actor_of(second, at=timezone.now()), at=timezone.now(),
    )  # fmt: skip
    url = f"/access/grants/{asked.pk}/confirm"
    first, again = (keeper.post(url, KEY) for _twice in range(2))
    [password] = passwords(first)
    assert passwords(again) == [password] and password not in journal()
    assert Event.objects.filter(name__in=["access.confirm", "access.let_in"]).count() == 2


def test_it_is_told_again_only_while_it_holds(keeper, street_officer):
    url = f"/access/people/{street_officer.person.pk}/reset_password"
    keeper.post(url, KEY)
    account = Account.objects.get(username="wang")
    account.set_password("a-password-of-my-own-7")
    account.must_change_password = False
    account.save()
    answer = keeper.post(url, KEY)
    assert passwords(answer) == [] and "没有记下的，请再重置一次密码" in answer.content.decode()
    assert Account.objects.get(username="wang").check_password("a-password-of-my-own-7")


def test_it_is_told_again_only_for_a_moment(administrator, street_officer):
    begun = timezone.now() - services.TOLD_AGAIN
    for at, again in ((begun, False), (timezone.now(), True)):
        told = {"by": administrator.actor(at), "at": at, "key": f"at {at}"}
        first, second = (
            services.reset_password(account_id=street_officer.account.pk, **told) for _twice in range(2)
        )
        assert first.opened and second.opened == (first.opened if again else "")


def test_nobody_without_the_key_of_the_seals_can_make_the_password_of_a_request(monkeypatch):
    asked = "access.reset_password 7 one-form"
    password = services.temporary_password(asked)
    assert services.temporary_password(asked) == password
    assert re.fullmatch(r"([a-hj-km-np-z2-9]{4}-){2}[a-hj-km-np-z2-9]{4}", password)
    monkeypatch.setattr(escrow, "_master", lambda: b"another key")
    assert services.temporary_password(asked) != password
    assert services.temporary_password() != services.temporary_password()


def test_a_key_made_twice_is_one_and_its_text_is_told_once(street_officer, signed_in_as):
    client = signed_in_as(street_officer)
    sent = {"name": "对接平台", "days": "90", **KEY}
    first, again = (client.post("/access/me/keys", sent).content.decode() for _twice in range(2))
    [secret] = re.findall(r'<code class="secret">([^<]+)</code>', first)
    assert 'class="secret"' not in again and "请吊销后重新生成" in again
    assert ApiKey.objects.get().digest not in journal() and secret not in journal()
    url = f"/access/me/keys/{ApiKey.objects.get().pk}/revoke"
    pages = [client.post(url, KEY | {"request_key": key}, follow=True) for key in ("r", "r", "r2")]
    said = [page.content.decode() for page in pages]
    assert "密钥已吊销" in said[0] and "密钥已吊销" in said[1] and "已经吊销" in said[2]
    assert Event.objects.filter(name="access.revoke_key").count() == 1


def test_a_loan_and_its_end_sent_twice_are_one(street_officer, colleague, signed_in_as):
    client, today = signed_in_as(street_officer), timezone.localdate().isoformat()
    sent = {"to_person_id": colleague.person.pk, "valid_from": today, "valid_to": today, "reason": "年休假"}
    url = f"/access/me/posts/{street_officer.post.pk}/lend"
    for _twice in range(2):
        assert client.post(url, sent | KEY).status_code == 302
    made = Delegation.objects.get()
    names = ["access.lend", "access.delegate", "access.end_delegation"]
    for _twice in range(2):
        assert client.post(f"/access/me/lent/{made.pk}/end", {"request_key": "end"}).status_code == 302
    told = Event.objects.filter(name__in=names).order_by("pk").values_list("name", flat=True)
    assert list(told) == names
    page = client.post(url, sent | {"valid_to": "2020-01-01", "request_key": "k2"})
    assert page.status_code == 422 and "最后一天已经过去" in page.content.decode()


def test_a_guarded_loan_sent_twice_is_one_request(city_supervisor, second, signed_in_as, city):
    client, today = signed_in_as(city_supervisor), timezone.localdate().isoformat()
    to = city.people.duty_officer.person.pk
    sent = {"to_person_id": to, "valid_from": today, "valid_to": today, "reason": "出差", **KEY}
    for _twice in range(2):
        page = client.post(f"/access/me/posts/{city_supervisor.post.pk}/lend", sent, follow=True)
        assert "另一位管理员复核后生效" in page.content.decode()
    assert Grant.objects.get().kind == Kind.LEND and not Delegation.objects.exists()


def test_the_journals_page_says_what_became_of_a_login(keeper, street_officer):
    person = street_officer.person.pk
    keeper.post(
        f"/access/people/{person}/close_account", {"reason": "账号被盗用"}, REMOTE_ADDR="198.51.100.7"
    )
    page = keeper.get("/console/journal/?name=access.close").content.decode()
    for said in ("停用账号", "王建国 · wang", "账号被盗用", "从 198.51.100.7"):
        assert said in page
