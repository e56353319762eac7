"""Pages of logins, people and posts, delegations and keys."""

from datetime import timedelta
from math import ceil
from typing import Any

from allauth.usersessions.models import UserSession
from axes.helpers import get_cool_off, get_failure_limit
from axes.models import AccessAttempt
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST, require_safe

from anju.ground.foundation import act_forms
from anju.ground.foundation.acts import Loop
from anju.ground.foundation.asked import whole
from anju.ground.foundation.reach import visible
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, Refusal, show
from anju.ground.organisations import services as organisations
from anju.ground.organisations.forms import EndForm
from anju.ground.organisations.models import Organisation, Person, Post
from anju.ground.organisations.queries import in_force, search

from . import queries, rules, services
from .forms import PostForm
from .guards import open_to_all, power, signed_in, writes
from .models import Account, Grant

PAGE = 50
DECIDED = 20


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict | None = None
) -> HttpResponse:
    """Say that a login is locked after too many failures, and until when (axes calls this)."""
    username = services.tried_username(request, credentials)
    now = timezone.now()
    last = AccessAttempt.objects.filter(username=username).order_by("-attempt_time").first()
    until = (last.attempt_time if last else now) + (get_cool_off(request) or timedelta(0))
    context = {
        "username": username,
        "limit": get_failure_limit(request, credentials),
        "minutes": max(1, ceil((until - now).total_seconds() / 60)),
        "until": until,
    }
    return render(request, "access/locked_out.html", context, status=429)


@open_to_all
def forgotten(request: HttpRequest) -> HttpResponse:
    """Say what to do without a password."""
    return render(request, "access/forgotten.html")


@require_POST
@signed_in
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out one of one's own sessions elsewhere."""
    session = UserSession.objects.filter(pk=pk, user=request.user).first()
    if session is None:
        raise NotFound(_("没有找到这次登录，可能已经退出。"))
    session.end()
    messages.success(request, _("已让那台设备退出登录。"))
    return redirect("usersessions_list")


# --- One's own ---------------------------------------------------------------------------------------------------


@require_safe
@signed_in
def me(request: HttpRequest) -> HttpResponse:
    """Show one's own posts and powers, posts lent and borrowed, and how the login is kept safe."""
    account: Account = request.user  # type: ignore[assignment]
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    today = timezone.localdate()
    given, received = queries.delegations_of(account.person, on=today) if account.person else ([], [])
    posts = list(Post.objects.filter(in_force(today), person=account.person).select_related("organisation"))
    context = {
        "account": account,
        "posts": posts,
        "role_names": queries.role_names(on=today),
        "powers": queries.powers_of(actor, on=today),
        "given": given,
        "received": received,
        "asked": list(queries.grants_asked_by(actor)),
        "kind_labels": rules.KIND_LABELS,
        **queries.security_of(account, at=at),
    }
    return render(request, "access/me.html", context)


@signed_in
@writes("access.delegate")
def delegate(request: HttpRequest, post_id: int) -> HttpResponse:
    """Lend one of one's own posts to a colleague for the days of a leave."""
    actor, today = request.actor, timezone.localdate()  # type: ignore[attr-defined]
    post = Post.objects.filter(in_force(today), pk=post_id).select_related("organisation", "person").first()
    if post is None or (post.person_id != actor.person_id and not actor.has("access.manage")):
        raise NotFound(_("没有找到这个岗位。"))
    done, refusal = act_forms.filed(request, services.delegate, post_id=post.pk)
    if done is not None:
        _say(request, done, _("已委托。到期自动收回，也可以随时提前收回。"))
        return redirect("access:me")
    form = act_forms.form_of(request, services.delegate, refusal=refusal, valid_from=today, valid_to=today)
    colleagues = queries.colleagues_of(post, on=today)
    form.fields["to_person_id"].choices = colleagues  # type: ignore[attr-defined]
    context = {"form": form, "post": post, "colleagues": colleagues}
    return render(request, "access/delegate.html", context, status=refusal.status if refusal else 200)


def _say(request: HttpRequest, done: object, sentence: str) -> None:
    """Say that something was done, or that it waits for a second person."""
    if isinstance(done, Grant):
        messages.success(request, _("已提交，另一位管理员复核后生效。"))
    else:
        messages.success(request, sentence)


@require_POST
@signed_in
@writes("access.end_delegation")
def end_delegation(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a lent post back before its last day."""
    return _pressed(request, services.DELEGATIONS, "end_delegation", pk, _("已收回，即时生效。"), "access:me")


def _pressed(request: HttpRequest, loop: Loop, act: str, pk: int, sentence: str, back: str) -> HttpResponse:
    """Do an act that asks for nothing, and say on the page it was pressed on what became of it."""
    try:
        act_forms.press(request, loop, act, pk)
    except NotAllowedNow as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, sentence)
    return redirect(back)


@signed_in
@writes("access.create_key")
def keys(request: HttpRequest) -> HttpResponse:
    """List one's keys for other systems, and make one, whose secret is shown this once."""
    account: Account = request.user  # type: ignore[assignment]
    made, refusal = act_forms.filed(request, services.create_key, account=account)
    form = act_forms.form_of(request, services.create_key, refusal=refusal)
    context = {"form": form, "made": made, **queries.security_of(account, at=timezone.now())}
    response = render(request, "access/keys.html", context, status=refusal.status if refusal else 200)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@signed_in
@writes("access.revoke_key")
def revoke_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a key."""
    return _pressed(request, services.KEYS, "revoke_key", pk, _("密钥已吊销，即时生效。"), "access:keys")


# --- The administrator's -----------------------------------------------------------------------------------------


@require_safe
@power("access.manage")
def people(request: HttpRequest) -> HttpResponse:
    """List people, their logins and posts."""
    asked, today = request.GET, timezone.localdate()
    found = queries.people(
        text=asked.get("q", ""), role=asked.get("role", ""), closed=asked.get("closed") == "1", on=today
    )
    page = Paginator(found, PAGE).get_page(asked.get("page"))
    return render(request, "access/people.html", {"page": page, "role_names": queries.role_names(on=today)})


@require_safe
@power("access.manage")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a person: posts now and before, the login and its safety, with the acts of an administrator."""
    return _person_page(request, pk)


def _person_page(
    request: HttpRequest, pk: int, *, act: str = "", refusal: Refusal | None = None, password: str = ""
) -> HttpResponse:
    shown = Person.objects.select_related("account").filter(pk=pk).first()
    if shown is None:
        raise NotFound(_("没有找到这个人。"))
    account, today = getattr(shown, "account", None), timezone.localdate()
    safety = queries.security_of(account, at=timezone.now()) if account else {}
    context = {
        "person": shown,
        "account": account,
        "posts": list(shown.posts.select_related("organisation").order_by("-valid_from", "-pk")),
        "today": today,
        "role_names": queries.role_names(on=today),
        "delegations": queries.delegations_of(shown, on=today),
        "password": password,
        "own": shown.pk == request.actor.person_id,  # type: ignore[attr-defined]
        "guarded": queries.guarded_by(shown, on=today),
        "waiting": list(queries.grants_about(shown)),
        "kind_labels": rules.KIND_LABELS,
        **safety,
    }
    if account:
        context["acts"] = act_forms.buttons(
            request,
            services.ACCOUNTS,
            account,
            lambda name: reverse("access:account_act", args=[pk, name]),
            at=timezone.now(),
            act=act,
            refusal=refusal,
            elsewhere=() if context["second_factor"] else ("remove_second_factor",),
            besides=rules.asked_for(account, today) if context["guarded"] and not context["own"] else (),
        )
    response = render(request, "access/person.html", context, status=refusal.status if refusal else 200)
    if password:
        response["Cache-Control"] = "no-store"
    return response


@power("access.manage")
@writes("access.enrol")
def enrol(request: HttpRequest) -> HttpResponse:
    """Enter a person with a login and a first post in an organisation, which is chosen first."""
    office = _office(request)
    if office is None:
        return _choose_office(request)
    made, refusal = act_forms.filed(request, services.enrol, office=office.pk)
    if made is not None:
        for grant in queries.grants_about(made.person):
            _say(request, grant, "")
        return _given(request, made)
    form = act_forms.form_of(request, services.enrol, refusal=refusal, valid_from=timezone.localdate())
    form.fields["role"].choices = list(_roles_for(office).items())  # type: ignore[attr-defined]
    context = {"form": form, "office": office}
    return render(request, "access/enrol.html", context, status=refusal.status if refusal else 200)


def _given(request: HttpRequest, account: Account) -> HttpResponse:
    """Show the temporary password that was just given; whoever asks again later is told how to come by another."""
    if not account.opened:
        messages.info(request, _("已经办理过了。临时密码只显示一次，没有记下的，请再重置一次密码。"))
    return _person_page(request, account.person_id, password=account.opened)  # type: ignore[arg-type]


@power("access.manage")
@writes("organisations.hold_post", "access.ask")
def hold_post(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a person a further post in an organisation, which is chosen first."""
    shown = Person.objects.filter(pk=pk).first()
    if shown is None:
        raise NotFound(_("没有找到这个人。"))
    office = _office(request)
    if office is None:
        return _choose_office(request)
    form = PostForm(
        request.POST or None, roles=_roles_for(office), initial={"valid_from": timezone.localdate()}
    )
    if request.method == "POST" and form.is_valid():
        try:
            done = services.give_post(
                person=shown,
                organisation=office,
                by=request.actor,  # type: ignore[attr-defined]
                at=timezone.now(),
                key=act_forms.key_of(request),
                **form.cleaned_data,
            )
        except Refusal as refusal:
            show(form, refusal)
        else:
            _say(request, done, _("已任职。"))
            return redirect("access:person", pk=shown.pk)
    context = {"form": form, "office": office, "person": shown}
    return render(request, "access/enrol.html", context, status=422 if form.is_bound else 200)


def _office(request: HttpRequest) -> Organisation | None:
    """Return the organisation chosen in the address, when the administrator reaches it."""
    wanted = request.GET.get("office", "")
    seen = visible(Organisation, to=request.actor, power="access.manage")  # type: ignore[attr-defined]
    return seen.filter(pk=whole(wanted), active=True).first() if wanted else None


def _choose_office(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    seen = visible(Organisation, to=request.actor, power="access.manage")  # type: ignore[attr-defined]
    found = search(text, among=seen) if text.strip() else []
    return render(request, "access/choose_office.html", {"found": found, "text": text})


def _roles_for(office: Organisation) -> dict[str, str]:
    """Return the roles with those usual in this kind of organisation first."""
    today = timezone.localdate()
    usual = queries.usual_roles(office.kind, on=today)
    names = queries.role_names(on=today)
    return {key: names[key] for key in sorted(names, key=lambda key: key not in usual)}


@power("access.manage")
@writes("organisations.end_post")
def end_post(request: HttpRequest, pk: int) -> HttpResponse:
    """End a post with a last day."""
    post = Post.objects.select_related("person", "organisation").filter(pk=pk).first()
    if post is None:
        raise NotFound(_("没有找到这个岗位。"))
    form = EndForm(request.POST or None, initial={"last_day": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            organisations.end_post(
                post_id=pk,
                by=request.actor,  # type: ignore[attr-defined]
                at=timezone.now(),
                key=act_forms.key_of(request),
                **form.cleaned_data,
            )
        except Refusal as refusal:
            show(form, refusal)
        else:
            messages.success(request, _("岗位已结束。"))
            return redirect("access:person", pk=post.person_id)
    context = {"form": form, "post": post, "role_names": queries.role_names(on=timezone.localdate())}
    return render(request, "access/end_post.html", context, status=422 if form.is_bound else 200)


@require_POST
@power("access.manage")
@writes(
    "access.reset_password",
    "access.remove_second_factor",
    "access.open_account",
    "access.close_account",
    "access.ask",
)
def account_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Reset a password, close or reopen a login, or take its second factor off; asked for where it takes a second."""
    account, at = _account_of(pk), timezone.now()
    try:
        if act in rules.ASKED_FOR and queries.guarded_by(account.person, on=timezone.localdate(at)):
            kind, reason = rules.ASKED_FOR[act][0], request.POST.get("reason", "")
            told: dict[str, Any] = {"by": request.actor, "at": at, "key": act_forms.key_of(request)}  # type: ignore[attr-defined]
            done: Any = services.ask_for_account(kind=kind, account_id=account.pk, reason=reason, **told)
        else:
            done = act_forms.press(request, services.ACCOUNTS, act, account.pk)
    except NotFound:
        raise
    except Refusal as refusal:
        return _person_page(request, pk, act=act, refusal=refusal)
    if act == "reset_password" and isinstance(done, Account):
        return _given(request, done)
    _say(request, done, _("已办理，即时生效。"))
    return redirect("access:person", pk=pk)


def _account_of(person_id: int) -> Account:
    account = Account.objects.filter(person=person_id).first()
    if account is None:
        raise NotFound(_("这个人没有账号。"))
    return account


# --- What takes a second person ----------------------------------------------------------------------------------


@require_safe
@power("access.confirm", "access.manage")
def grants(request: HttpRequest) -> HttpResponse:
    """Show what waits for my confirmation, what I have asked myself, and what was decided last."""
    return _grants_page(request)


def _grants_page(request: HttpRequest, **more: Any) -> HttpResponse:
    actor, today = request.actor, timezone.localdate()  # type: ignore[attr-defined]
    labels = queries.role_names(on=today)
    context = {
        "waiting": [_shown_grant(grant, labels) for grant in queries.grants_to_decide(actor)],
        "mine": [_shown_grant(grant, labels) for grant in queries.grants_asked_by(actor)],
        "decided": [_shown_grant(grant, labels) for grant in queries.grants_decided()[:DECIDED]],
        "may_confirm": actor.has("access.confirm"),
        "alone": queries.never_two(on=today),
        "state_labels": rules.STATE_LABELS,
        "state_tones": rules.STATE_TONES,
        "refusal": "",
        "password": "",
        "confirmed": None,
        **more,
    }
    response = render(request, "access/grants.html", context, status=422 if context["refusal"] else 200)
    if context["password"]:
        response["Cache-Control"] = "no-store"
    return response


def _shown_grant(grant: Grant, labels: dict[str, str]) -> dict[str, Any]:
    """Say one request: what, for whom, which role where, with which powers, and what it can do that others cannot."""
    today = timezone.localdate()
    role = grant.role or (grant.post.role if grant.post else "")
    office = grant.organisation or (grant.post.organisation if grant.post else None)
    roles = [role] if role else queries.guarded_by(grant.person, on=today)
    return {
        "grant": grant,
        "pk": grant.pk,
        "kind": rules.KIND_LABELS[grant.kind],
        "role": labels.get(role, role),
        "office": office.name if office else "",
        "held": [labels.get(key, key) for key in roles],
        "powers": queries.power_labels(queries.guarded_powers(roles, on=today), on=today),
        "lender": grant.post.person.name if grant.post else "",
    }


_SAID = {
    "confirm": lazy("已同意，即时生效。"),
    "refuse": lazy("已答复不同意。"),
    "withdraw": lazy("已撤回。"),
}


@require_POST
@signed_in
@writes("access.confirm", "access.refuse", "access.withdraw")
def grant_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Confirm or refuse what another administrator asked, or take back what one asked oneself."""
    back = "access:grants" if request.actor.has("access.confirm") else "access:me"  # type: ignore[attr-defined]
    try:
        grant = act_forms.press(request, services.GRANTS, act, pk)
    except NotFound:
        raise
    except Refusal as refusal:
        if back == "access:me":
            messages.error(request, str(refusal))
            return redirect(back)
        return _grants_page(request, refusal=str(refusal))
    if grant.opened:
        return _grants_page(request, password=grant.opened, confirmed=grant)
    messages.success(request, _SAID[act])
    return redirect(back)


def waiting(request: HttpRequest) -> Any:
    """Return the rows that wait for the reader's confirmation, for the count beside the entry of the navigation."""
    return queries.grants_to_decide(request.actor)  # type: ignore[attr-defined]
