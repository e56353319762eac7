"""What takes a second person: asked by one administrator, confirmed by another, never about oneself."""

import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from tests.cast import PASSWORD, SINCE, Member

from anju.ground.access import queries, services
from anju.ground.access.actors import SYSTEM
from anju.ground.access.models import Account, Delegation, Grant
from anju.ground.access.rules import Kind, State
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import Conflict, NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Person, Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def hire(city, now):
    """Return a function that gives the city bureau one more person, as the server's keeper would."""

    def make(role: str, login: str, office: str = "city_housing") -> Member:
        person = organisations.create_person(name=f"演{login}", is_demo=True, by=SYSTEM, at=now)
        post = organisations.hold_post(
            person=person, organisation=getattr(city.offices, office), role=role, valid_from=SINCE, by=SYSTEM, at=now
        )  # fmt: skip
        account = services.create_account(username=login, password=PASSWORD, person=person, by=SYSTEM, at=now)
        return Member(person, account, post)

    return make


@pytest.fixture
def security(hire):
    return hire("security_administrator", "anquan")


@pytest.fixture
def system(hire):
    return hire("system_administrator", "xitong")


@pytest.fixture
def ask(city, now, security):
    """Return a function by which the security administrator gives 魏同事 a post."""

    def make(role: str = "auditor", **told):
        given = {
            "person": city.people.colleague.person, "organisation": city.offices.city_housing, "role": role,
            "valid_from": timezone.localdate(), "reason": "局党组任命", "by": security.actor(now), "at": now,
        }  # fmt: skip
        return services.give_post(**given | told)

    return make


def roles_of(person: Person) -> set[str]:
    return set(Post.objects.filter(person=person).values_list("role", flat=True))


# --- Posts -------------------------------------------------------------------------------------------------------


def test_an_ordinary_post_is_given_by_one_and_a_guarded_one_only_asked_for(city, ask):
    person = city.people.colleague.person
    assert isinstance(ask("duty_officer"), Post)
    asked = ask("auditor")
    assert isinstance(asked, Grant) and asked.state == State.ASKED
    assert roles_of(person) == {"grid_worker", "duty_officer"}
    assert not Event.objects.filter(name="organisations.hold_post", data__role="auditor").exists()


@pytest.mark.parametrize("role", ["auditor", "city_supervisor", "administrator", "county_supervisor"])
def test_a_second_person_confirms_and_the_post_is_held_from_that_day(city, now, ask, administrator, role):
    asked = ask(role, valid_from=timezone.localdate() - timedelta(days=30))
    grant = services.confirm(grant_id=asked.pk, by=administrator.actor(now), at=now)
    post = Post.objects.get(person=city.people.colleague.person, role=role)
    assert (grant.state, grant.decided_by, grant.opened) == (State.CONFIRMED, administrator.person, "")
    assert post.valid_from == timezone.localdate()
    with pytest.raises(NotAllowedNow, match="已同意"):
        services.confirm(grant_id=asked.pk, by=administrator.actor(now), at=now)
    assert Post.objects.filter(role=role, person=post.person).count() == 1


def test_neither_who_asked_nor_whom_it_concerns_confirms(city, now, ask, security, system):
    asked = ask("security_administrator")
    # Whom it concerns may have become a confirmer meanwhile.
    organisations.hold_post(
        person=city.people.colleague.person, organisation=city.offices.city_housing, role="administrator",
        valid_from=SINCE, by=SYSTEM, at=now,
    )  # fmt: skip
    for who in (security, city.people.colleague):
        for verb in (services.confirm, services.refuse):
            with pytest.raises(NotPermitted):
                verb(grant_id=asked.pk, by=who.actor(now), at=now, note="x")
    asked.refresh_from_db()
    assert asked.state == State.ASKED
    services.confirm(grant_id=asked.pk, by=system.actor(now), at=now)


def test_to_whoever_may_not_confirm_a_request_does_not_exist(city, now, ask, street_officer, city_supervisor):
    asked = ask()
    for who in (street_officer, city_supervisor):
        with pytest.raises(NotFound):
            services.confirm(grant_id=asked.pk, by=who.actor(now), at=now)


def test_a_request_is_refused_with_a_reason_or_taken_back_by_who_asked(now, ask, security, administrator):
    asked = ask()
    with pytest.raises(Refusal, match="原因"):
        services.refuse(grant_id=asked.pk, by=administrator.actor(now), at=now, note=" ")
    with pytest.raises(Conflict, match="已在等待复核"):
        ask()
    services.refuse(grant_id=asked.pk, by=administrator.actor(now), at=now, note="没有任命文件")
    again = ask()
    with pytest.raises(NotPermitted):
        services.withdraw(grant_id=again.pk, by=administrator.actor(now), at=now)
    assert services.withdraw(grant_id=again.pk, by=security.actor(now), at=now).state == State.WITHDRAWN
    assert [e.name for e in Event.objects.filter(subject_type="access.grant").order_by("pk")] == [
        "access.ask",
        "access.refuse",
        "access.ask",
        "access.withdraw",
    ]


def test_what_could_not_be_done_is_refused_to_who_asks_and_needs_a_reason(city, now, ask, security, hire):
    auditor = hire("auditor", "shenji")
    with pytest.raises(Refusal, match="不能由同一人担任"):
        ask("security_administrator", person=auditor.person)
    with pytest.raises(Refusal, match="原因"):
        ask(reason=" ")
    assert not Grant.objects.exists()


def test_the_verb_of_the_post_itself_takes_no_guarded_role_from_one_hand(city, now, security):
    given = {
        "person": city.people.colleague.person, "organisation": city.offices.city_housing, "role": "auditor",
        "valid_from": SINCE, "by": security.actor(now), "at": now,
    }  # fmt: skip
    with pytest.raises(Refusal, match="另一位管理员复核"):
        organisations.hold_post(**given)


def test_a_login_with_a_password_of_ones_choice_is_opened_by_the_server_alone(city, now, security):
    person = organisations.create_person(name="演新来", is_demo=True, by=SYSTEM, at=now)
    told = {"username": "xinlai", "password": PASSWORD, "person": person, "at": now}
    with pytest.raises(NotPermitted):
        services.create_account(by=security.actor(now), **told)
    with pytest.raises(NotPermitted):
        services.rescue(username="wu", reason="x", factor=False, by=security.actor(now), at=now)
    assert services.create_account(by=SYSTEM, **told).check_password(PASSWORD)


def test_whoever_does_not_manage_logins_enrols_nobody_and_lets_nobody_in(city, now, city_supervisor, li):
    by = {"by": city_supervisor.actor(now), "at": now}
    given = {"name": "演新来", "username": "xinlai", "role": "grid_worker", "valid_from": SINCE}
    with pytest.raises(NotPermitted):
        services.enrol(office=city.offices.huaiyin_office.pk, **given, **by)
    for verb in (services.reset_password, services.close_account, services.remove_second_factor):
        with pytest.raises(NotFound):
            verb(
                account_id=li.account.pk, **({} if verb is services.reset_password else {"reason": "x"}), **by
            )
    with pytest.raises(NotFound):
        services.ask_for_account(kind=Kind.PASSWORD, account_id=li.account.pk, reason="x", **by)
    assert not Person.objects.filter(name="演新来").exists() and li.account.check_password(PASSWORD)


def test_the_database_takes_no_confirmation_by_who_asked_or_whom_it_concerns(ask, security):
    asked = ask()
    for by in (security.person, asked.person):
        with pytest.raises(IntegrityError), transaction.atomic():
            Grant.objects.filter(pk=asked.pk).update(state=State.CONFIRMED, decided_by=by)


# --- Oneself -----------------------------------------------------------------------------------------------------


def test_nobody_changes_their_own_posts_powers_or_account(city, now, security, system):
    me, by = security, security.actor(now)
    told = {"by": by, "at": now}
    for role in ("grid_worker", "city_supervisor", "auditor"):
        with pytest.raises(Refusal, match="自己的岗位"):
            services.give_post(
                person=me.person, organisation=city.offices.city_housing, role=role, valid_from=SINCE,
                reason="x", **told,
            )  # fmt: skip
    with pytest.raises(Refusal, match="自己的岗位"):
        organisations.end_post(post_id=me.post.pk, last_day=timezone.localdate(), **told)
    one = {"account_id": me.account.pk, **told}
    for act in (
        lambda: services.reset_password(**one),
        lambda: services.close_account(reason="x", **one),
        lambda: services.open_account(reason="x", **one),
        lambda: services.remove_second_factor(reason="x", **one),
        lambda: services.ask_for_account(kind=Kind.PASSWORD, reason="x", **one),
    ):
        with pytest.raises(Refusal, match="自己的账号"):
            act()
    assert roles_of(me.person) == {"security_administrator"} and not Grant.objects.exists()


def test_nobody_lends_themselves_a_post_of_somebody_else(city, now, security, city_supervisor):
    today = timezone.localdate()
    with pytest.raises(Refusal, match="委托给自己"):
        services.delegate(
            post_id=city_supervisor.post.pk, to_person_id=security.person.pk, valid_from=today, valid_to=today,
            reason="代班", by=security.actor(now), at=now,
        )  # fmt: skip


def test_no_key_is_made_for_the_account_of_somebody_else(now, security, city_supervisor):
    with pytest.raises(NotFound):
        services.create_key(account=city_supervisor.account, name="对接", by=security.actor(now), at=now)


# --- Roles that exclude each other -------------------------------------------------------------------------------


def test_roles_that_exclude_each_other_are_not_held_on_the_same_day_by_post_or_by_loan(
    city, now, hire, security, system
):
    auditor = hire("auditor", "shenji")
    given = {"organisation": city.offices.city_housing, "by": SYSTEM, "at": now}
    with pytest.raises(Refusal, match="不能由同一人担任"):
        organisations.hold_post(person=auditor.person, role="system_administrator", valid_from=SINCE, **given)
    today = timezone.localdate()
    organisations.end_post(post_id=auditor.post.pk, last_day=today, by=SYSTEM, at=now)
    later = today + timedelta(days=1)
    with pytest.raises(Refusal, match="不能由同一人担任"):
        services.delegate(
            post_id=system.post.pk, to_person_id=auditor.person.pk, valid_from=today, valid_to=later,
            reason="年休假", by=system.actor(now), at=now,
        )  # fmt: skip
    made = organisations.hold_post(
        person=auditor.person, role="system_administrator", valid_from=later, **given
    )
    assert made.valid_from == later
    Delegation.objects.create(
        post=system.post, to_person=city.people.colleague.person, valid_from=today, valid_to=later, reason="x"
    )
    with pytest.raises(Refusal, match="不能由同一人担任"):
        services.give_post(
            person=city.people.colleague.person, role="auditor", valid_from=today, reason="任命",
            organisation=city.offices.city_housing, by=security.actor(now), at=now,
        )  # fmt: skip


# --- Logins and loans --------------------------------------------------------------------------------------------


def test_a_login_that_can_unseal_audit_or_administer_is_reset_by_two(now, security, system, city_supervisor):
    by = {"by": security.actor(now), "at": now}
    one = {"account_id": city_supervisor.account.pk, **by}
    for act in (
        lambda: services.reset_password(**one),
        lambda: services.remove_second_factor(reason="丢失手机", **one),
        lambda: services.open_account(reason="x", **one),
    ):
        with pytest.raises(Refusal, match="另一位管理员复核"):
            act()
    asked = services.ask_for_account(kind=Kind.PASSWORD, reason="忘记密码，已当面核实", **one)
    assert Account.objects.get(pk=city_supervisor.account.pk).check_password(PASSWORD)
    password = services.confirm(grant_id=asked.pk, by=system.actor(now), at=now).opened
    account = Account.objects.get(pk=city_supervisor.account.pk)
    assert account.check_password(password) and account.must_change_password


def test_a_guarded_login_is_closed_by_one_and_opened_by_two(now, security, system, city_supervisor):
    one = {"account_id": city_supervisor.account.pk, "by": security.actor(now), "at": now}
    assert not services.close_account(reason="涉嫌盗用", **one).is_active
    asked = services.ask_for_account(kind=Kind.OPEN, reason="已查清", **one)
    services.confirm(grant_id=asked.pk, by=system.actor(now), at=now)
    assert Account.objects.get(pk=city_supervisor.account.pk).is_active


def test_a_guarded_post_is_lent_by_its_holder_with_a_second_person(city, now, hire, system, city_supervisor):
    today = timezone.localdate()
    other = hire("duty_officer", "zhiban2")
    asked = services.delegate(
        post_id=city_supervisor.post.pk, to_person_id=other.person.pk, valid_from=today, valid_to=today,
        reason="出差", by=city_supervisor.actor(now), at=now,
    )  # fmt: skip
    assert isinstance(asked, Grant) and "cases.unseal" not in other.actor(now).powers
    services.confirm(grant_id=asked.pk, by=system.actor(now), at=now)
    assert "cases.unseal" in other.actor(now).powers


# --- A city of one, and one whose others are gone ----------------------------------------------------------------


def test_the_only_administrator_there_ever_was_appoints_the_second_alone_and_nobody_else(
    city, now, administrator
):
    given = {
        "organisation": city.offices.city_housing, "valid_from": timezone.localdate(), "reason": "筹建",
        "by": administrator.actor(now), "at": now,
    }  # fmt: skip
    person, second = city.people.colleague.person, city.people.grid_worker.person
    with pytest.raises(Refusal, match="请先任命第二位管理员"):
        services.give_post(person=person, role="auditor", **given)
    clicked_twice = [
        services.give_post(person=person, role="security_administrator", key="k", **given)
        for _click in range(2)
    ]
    assert isinstance(clicked_twice[0], Post) and clicked_twice[0] == clicked_twice[1]
    assert Event.objects.filter(name="access.appointed_alone").count() == 1
    third = services.give_post(person=second, role="administrator", **given)
    assert isinstance(third, Grant)
    services.confirm(grant_id=third.pk, by=city.people.colleague.actor(now), at=now)


def test_whoever_ends_the_posts_of_the_others_does_not_stand_alone_by_that(
    city, now, security, administrator
):
    by = administrator.actor(now)
    organisations.end_post(
        post_id=security.post.pk, last_day=timezone.localdate() - timedelta(days=1), by=by, at=now
    )
    given = {
        "person": city.people.colleague.person, "organisation": city.offices.city_housing,
        "valid_from": timezone.localdate(), "reason": "x", "by": by, "at": now,
    }  # fmt: skip
    for role in ("security_administrator", "auditor"):
        with pytest.raises(Refusal, match="rescue_login"):
            services.give_post(role=role, **given)
    assert not queries.never_two(on=timezone.localdate())


def test_the_keepers_of_the_server_let_somebody_in_again_and_the_journal_says_so(city, administrator, capsys):
    call_command("rescue_login", "feng", "--reason", "两位管理员都忘记密码", "--second-factor")
    password = re.findall(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", capsys.readouterr().out)[0]
    assert Account.objects.get(username="feng").check_password(password)
    assert Event.objects.get(name="access.rescue").note == "两位管理员都忘记密码"
    with pytest.raises(CommandError, match="没有找到"):
        call_command("rescue_login", "nobody", "--reason", "x")


# --- Pages -------------------------------------------------------------------------------------------------------


def text_of(answer) -> str:
    return answer.content.decode()


def test_two_administrators_give_a_post_through_their_pages(city, security, system, signed_in_as):
    asking, confirming = signed_in_as(security), signed_in_as(system)
    person, office = city.people.colleague.person, city.offices.city_housing
    given = {"role": "auditor", "valid_from": timezone.localdate().isoformat(), "reason": "局党组任命"}
    page = asking.post(f"/access/people/{person.pk}/posts/new?office={office.pk}", given, follow=True)
    assert "另一位管理员复核后生效" in text_of(page) and "等待复核" in text_of(page)
    assert "没有等您复核的申请" in text_of(asking.get("/access/grants/"))
    waiting = text_of(confirming.get("/access/grants/"))
    assert "任职：魏同事" in waiting and "查看操作记录" in waiting and "局党组任命" in waiting
    assert re.search(r"授权复核.{0,200}?1", waiting, re.DOTALL)
    grant = Grant.objects.get()
    refused = asking.post(f"/access/grants/{grant.pk}/confirm")
    assert refused.status_code == 422 and "申请人和当事人不能复核" in text_of(refused)
    assert confirming.post(f"/access/grants/{grant.pk}/confirm").status_code == 302
    assert "auditor" in roles_of(person)
    # The system administrator has no page of people; the security administrator has.
    assert confirming.get(f"/access/people/{person.pk}/").status_code == 404


def test_a_password_reset_by_two_is_shown_once_to_who_confirms(city, security, system, signed_in_as):
    asking, confirming = signed_in_as(security), signed_in_as(system)
    person = city.people.city_supervisor.person
    page = text_of(asking.get(f"/access/people/{person.pk}/"))
    assert "申请重置密码" in page
    asked = asking.post(f"/access/people/{person.pk}/reset_password", {"reason": "忘记密码"}, follow=True)
    assert 'class="secret"' not in text_of(asked)
    told = confirming.post(f"/access/grants/{Grant.objects.get().pk}/confirm")
    password = re.findall(r'<code class="secret">([^<]+)</code>', text_of(told))[1]
    assert Account.objects.get(person=person).check_password(password)
    assert told["Cache-Control"] == "no-store"
    assert password not in text_of(confirming.get("/access/grants/"))


def test_an_enrolment_with_a_guarded_post_opens_a_login_that_can_do_nothing_yet(
    city, now, security, system, signed_in_as
):
    answer = signed_in_as(security).post(
        f"/access/people/new?office={city.offices.city_housing.pk}",
        {
            "name": "演新来",
            "username": "xinlai",
            "role": "auditor",
            "valid_from": "2024-01-01",
            "reason": "任命",
        },
    )
    assert "等待复核" in text_of(answer)
    account = Account.objects.get(username="xinlai")
    assert services.actor_of(account, at=now).powers == {}


def test_ones_own_page_of_the_administrators_offers_nothing(security, system, signed_in_as):
    page = text_of(signed_in_as(security).get(f"/access/people/{security.person.pk}/"))
    assert "这是您自己的账号" in page
    for offered in ("增加岗位", "重置密码", "停用账号", f"/access/posts/{security.post.pk}/end"):
        assert offered not in page


def test_a_lone_administrator_is_told_what_to_do(administrator, signed_in_as):
    assert "请先在“人员和账号”中任命第二位" in text_of(signed_in_as(administrator).get("/access/grants/"))


def test_the_page_of_what_waits_costs_few_queries(
    city, ask, administrator, signed_in_as, django_assert_max_num_queries
):
    for role in ("auditor", "county_supervisor", "city_supervisor"):
        ask(role)
    client = signed_in_as(administrator)
    client.get("/access/grants/")
    with django_assert_max_num_queries(12):
        client.get("/access/grants/")


@pytest.mark.parametrize("proxies", [0, 1])
def test_the_journals_page_says_what_was_granted_to_whom_and_from_where(
    city, now, security, hire, administrator, signed_in_as, settings, proxies
):
    settings.PROXIES = proxies
    client = signed_in_as(administrator)
    person, office = city.people.colleague.person, city.offices.huaiyin_office
    client.post(
        f"/access/people/{person.pk}/posts/new?office={office.pk}",
        {"role": "street_officer", "valid_from": timezone.localdate().isoformat()},
        REMOTE_ADDR="198.51.100.7",
        headers={"X-Forwarded-For": "192.0.2.66, 203.0.113.9"},
    )
    event = Event.objects.get(name="organisations.hold_post", actor_id=administrator.account.pk)
    address = "203.0.113.9" if proxies else "198.51.100.7"
    assert event.data["address"] == address
    assert event.data["role"] == "street_officer" and "cases.assign" in event.data["powers"]
    page = text_of(
        signed_in_as(hire("auditor", "shenji")).get("/console/journal/?name=organisations.hold_post")
    )
    assert "魏同事 · 槐荫街道办事处 · 街道物业专干" in page
    assert "派单" in page and f"从 {address}" in page
