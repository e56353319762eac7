"""Pages of people and of one's own login, through HTTP."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from anju.ground.access import services
from anju.ground.access.models import Account, Delegation
from anju.ground.organisations.models import Person, Post


def text_of(answer):
    return answer.content.decode()


def test_the_administrator_enrols_a_person_who_gets_a_temporary_password(city, administrator, signed_in_as):
    client = signed_in_as(administrator)
    assert "选择单位" in text_of(client.get("/access/people/new"))
    assert "槐荫街道办事处" in text_of(client.get("/access/people/new?q=hyjd"))
    office = city.offices.huaiyin_office
    answer = client.post(
        f"/access/people/new?office={office.pk}",
        {
            "name": "新来",
            "username": "xinlai",
            "role": "grid_worker",
            "valid_from": "2024-01-01",
            "phone": "",
        },
    )
    password = re.findall(r'<code class="secret">([^<]+)</code>', text_of(answer))[1]
    account = Account.objects.get(username="xinlai")
    assert account.check_password(password)
    assert account.must_change_password
    assert Post.objects.get(person=account.person).organisation == office


def test_a_login_that_is_taken_leaves_no_half_person(city, administrator, signed_in_as):
    before = Person.objects.count()
    answer = signed_in_as(administrator).post(
        f"/access/people/new?office={city.offices.huaiyin_office.pk}",
        {"name": "新来", "username": "wang", "role": "grid_worker", "valid_from": "2024-01-01"},
    )
    assert answer.status_code == 422
    assert "登录名已被使用" in text_of(answer)
    assert Person.objects.count() == before


@pytest.mark.parametrize("page", ["", "new", "1/", "1/posts/new"])
def test_the_pages_of_people_do_not_exist_for_others(city, street_officer, signed_in_as, page):
    assert signed_in_as(street_officer).get(f"/access/people/{page}").status_code == 404


def test_acts_upon_others_do_not_exist_for_others(city, street_officer, li, signed_in_as):
    client = signed_in_as(street_officer)
    for act in ("reset_password", "close_account", "open_account", "remove_second_factor"):
        assert client.post(f"/access/people/{li.person.pk}/{act}", {"reason": "恶作剧"}).status_code == 404
    assert (
        client.post(f"/access/posts/{li.post.pk}/end", {"last_day": "2024-01-01", "reason": "x"}).status_code
        == 404
    )
    assert Account.objects.get(username="li").is_active


def test_a_person_page_shows_posts_and_ends_them(city, administrator, street_officer, signed_in_as):
    client = signed_in_as(administrator)
    assert "槐荫街道办事处" in text_of(client.get(f"/access/people/{street_officer.person.pk}/"))
    today = timezone.localdate().isoformat()
    answer = client.post(f"/access/posts/{street_officer.post.pk}/end", {"last_day": today, "reason": "调离"})
    assert answer.status_code == 302
    street_officer.post.refresh_from_db()
    assert street_officer.post.valid_to.isoformat() == today


def test_an_account_is_closed_with_a_reason_but_never_ones_own(
    city, administrator, street_officer, signed_in_as
):
    client = signed_in_as(administrator)
    address = f"/access/people/{street_officer.person.pk}/close_account"
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "离职"}).status_code == 302
    assert not Account.objects.get(username="wang").is_active
    own = client.post(f"/access/people/{administrator.person.pk}/close_account", {"reason": "离职"})
    assert "不能在这里办理自己的账号" in text_of(own)


def test_a_post_is_lent_from_ones_own_page_and_taken_back(city, street_officer, colleague, signed_in_as):
    client = signed_in_as(street_officer)
    today = timezone.localdate().isoformat()
    answer = client.post(
        f"/access/me/posts/{street_officer.post.pk}/lend",
        {"to_person_id": colleague.person.pk, "valid_from": today, "valid_to": today, "reason": "年休假"},
    )
    assert answer.status_code == 302
    made = Delegation.objects.get()
    assert "魏同事" in text_of(client.get("/access/me/"))
    assert "cases.assign" in colleague.actor(timezone.now()).powers
    assert client.post(f"/access/me/lent/{made.pk}/end").status_code == 302
    assert "cases.assign" not in colleague.actor(timezone.now()).powers


def test_ones_own_page_says_what_one_may_do_and_where(city, street_officer, signed_in_as):
    page = text_of(signed_in_as(street_officer).get("/access/me/"))
    assert "派单" in page
    assert "槐荫街道及下辖" in page


def test_pages_cost_few_queries(
    city, administrator, street_officer, signed_in_as, django_assert_max_num_queries
):
    client = signed_in_as(administrator)
    client.get("/access/people/")
    with django_assert_max_num_queries(8):
        client.get("/access/people/")
    client = signed_in_as(street_officer)
    with django_assert_max_num_queries(12):
        client.get("/access/me/")


def test_the_first_administrator_is_created_by_a_command(db, monkeypatch):
    monkeypatch.setenv("FIRST", "a-good-password-1")
    out = StringIO()
    call_command("create_first_administrator", "--username", "root1", "--password-env", "FIRST", stdout=out)
    actor = services.actor_of(Account.objects.get(username="root1"), at=timezone.now())
    assert "access.manage" in actor.powers
    call_command("create_first_administrator", "--if-none", "--username", "root2", stdout=out)
    assert Account.objects.count() == 1


def test_the_first_administrator_needs_a_real_password(db, monkeypatch):
    monkeypatch.setenv("FIRST", "12345")
    with pytest.raises(CommandError):
        call_command("create_first_administrator", "--username", "root1", "--password-env", "FIRST")
    with pytest.raises(CommandError, match="MISSING"):
        call_command("create_first_administrator", "--username", "root1", "--password-env", "MISSING")
    assert not Account.objects.exists()
