"""Acts upon organisations: their record, the posts people hold in them, and contracts with estates."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation import code_words, journal, rulebooks
from anju.ground.foundation.codes import check_uscc
from anju.ground.foundation.pinyin import initials
from anju.ground.foundation.refusals import Conflict, NeedsConfirmation, NotFound, Refusal
from anju.ground.territory.models import Area, Estate

from .models import Jurisdiction, Organisation, Person, Post, ServiceContract
from .queries import company_of, in_force, powers_of_role
from .rules import Held, excluded

EDITABLE = (
    "name",
    "short_name",
    "uscc",
    "uscc_override_reason",
    "document_code",
    "phone",
    "address",
    "legal_person",
    "active",
)


# --- Organisations -----------------------------------------------------------------------------------------------


@transaction.atomic
def create_organisation(
    *,
    kind: str,
    name: str,
    area: Area | None,
    by: journal.Trace,
    at: datetime,
    parent: Organisation | None = None,
    uscc: str = "",
    uscc_override_reason: str = "",
    also_areas: tuple[Area, ...] = (),
    **facts: Any,
) -> Organisation:
    """Enter an organisation: a department, a station, a committee or a company.

    uscc                  checked by both its check digits; a wrong one raises NeedsConfirmation with what may have
                          been meant, and is kept only with `uscc_override_reason` (some real codes fail)
    also_areas            further areas it covers
    facts                 short_name, document_code, phone, address, legal_person, is_demo
    """
    name = " ".join(name.split())
    if not name:
        raise Refusal(_("请填写单位名称。"), field="name")
    if kind not in rulebooks.load("organisations", on=timezone.localtime(at).date())["kinds"]:
        raise Refusal(_("没有“%(kind)s”这一类单位。") % {"kind": kind}, field="kind")
    code, reason = _checked_uscc(uscc, uscc_override_reason)
    if code and (other := Organisation.objects.filter(uscc=code).first()):
        raise Conflict(
            _("统一社会信用代码 %(code)s 已登记在“%(name)s”名下，请直接使用这个单位。")
            % {"code": code, "name": other.name},
            field="uscc",
            data={"organisation": other.pk},
        )
    made = Organisation(
        kind=kind,
        name=name,
        initials=initials(name),
        area=area,
        parent=parent,
        uscc=code,
        uscc_override_reason=reason,
        **facts,
    )
    made.save()
    for more in also_areas:
        Jurisdiction.objects.create(organisation=made, area=more)
    data = {"uscc": code, "override": reason} if reason else {}
    journal.record("organisations.created", subject=made, by=by, at=at, data=data)
    return made


@transaction.atomic
def edit_organisation(
    *, organisation_id: int, changes: Mapping[str, Any], by: journal.Trace, at: datetime
) -> Organisation:
    """Change the facts of an organisation; the journal keeps what was before."""
    organisation = Organisation.objects.select_for_update().filter(pk=organisation_id).first()
    if organisation is None:
        raise NotFound(_("没有找到这个单位。"))
    wanted = {name: value for name, value in changes.items() if name in EDITABLE}
    if "name" in wanted:
        wanted["name"] = " ".join(str(wanted["name"]).split())
        if not wanted["name"]:
            raise Refusal(_("请填写单位名称。"), field="name")
        organisation.initials = initials(wanted["name"])
    if "uscc" in wanted and wanted["uscc"] != organisation.uscc:
        wanted["uscc"], wanted["uscc_override_reason"] = _checked_uscc(
            wanted["uscc"], wanted.get("uscc_override_reason", "")
        )
        taken = (
            Organisation.objects.filter(~Q(uscc=""), uscc=wanted["uscc"]).exclude(pk=organisation.pk).first()
        )
        if taken:
            raise Conflict(
                _("统一社会信用代码已登记在“%(name)s”名下，请核对。") % {"name": taken.name}, field="uscc"
            )
    else:
        wanted.pop("uscc_override_reason", None)
    before = {n: getattr(organisation, n) for n, v in wanted.items() if getattr(organisation, n) != v}
    if not before:
        return organisation
    for field, value in wanted.items():
        setattr(organisation, field, value)
    organisation.save()
    journal.record(
        "organisations.edited",
        subject=organisation,
        by=by,
        at=at,
        data={"before": before, "after": {n: wanted[n] for n in before}},
    )
    return organisation


def _checked_uscc(text: str, reason: str) -> tuple[str, str]:
    """Return the code as stored and the reason it needs, or raise NeedsConfirmation with a "did you mean"."""
    if not text.strip():
        return "", ""
    check = check_uscc(text)
    if check.valid:
        return check.value, ""
    if reason.strip() and len(check.value) == 18:
        return check.value, reason.strip()
    if len(check.value) > 18 or reason.strip():
        raise Refusal(
            code_words.sentence(check.problem, suggestions=check.suggestions),
            field="uscc",
            data={"suggestions": list(check.suggestions)},
        )
    raise NeedsConfirmation(
        _("统一社会信用代码有误：%(problem)s如果证照上确实如此，请写明理由后再保存。")
        % {"problem": code_words.sentence(check.problem, suggestions=check.suggestions)},
        field="uscc",
        data={
            "confirm": "uscc_override_reason",
            "suggestions": list(check.suggestions),
            "problem": check.problem,
        },
    )


# --- People and posts --------------------------------------------------------------------------------------------


@transaction.atomic
def create_person(
    *,
    name: str,
    by: journal.Trace,
    at: datetime,
    phone: str = "",
    badge_number: str = "",
    badge_until: date | None = None,
    is_demo: bool = False,
) -> Person:
    """Enter a person who works for some organisation."""
    name = " ".join(name.split())
    if not name:
        raise Refusal(_("请填写姓名。"), field="name")
    person = Person.objects.create(
        name=name, phone=phone, badge_number=badge_number, badge_until=badge_until, is_demo=is_demo
    )
    journal.record("organisations.person_created", subject=person, by=by, at=at)
    return person


@transaction.atomic
def hold_post(
    *,
    person: Person,
    organisation: Organisation,
    role: str,
    valid_from: date,
    by: journal.Trace,
    at: datetime,
    title: str = "",
    valid_to: date | None = None,
    agreed: bool = False,
) -> Post:
    """Let a person hold a role in an organisation from a day (to a day, when it is known).

    agreed  a second person confirmed it (access asks one); without, a signed-in person gives no post that can unseal,
            audit or administer
    """
    refuse_own(by, person)
    book = rulebooks.load("access", on=valid_from)
    roles = book["roles"]
    if role not in roles:
        raise Refusal(_("没有“%(role)s”这个岗位，请从列表中选择。") % {"role": role}, field="role")
    if valid_to is not None and valid_to < valid_from:
        raise Refusal(_("结束日期早于开始日期，请改正。"), field="valid_to")
    powers = powers_of_role(role, on=valid_from)
    if by.kind == "account" and not agreed and not powers.isdisjoint(book["guarded"]):
        raise Refusal(
            _("“%(role)s”要由另一位管理员复核后才能任职。") % {"role": roles[role]["name"]}, field="role"
        )
    # Two posts entered at once would not see each other.
    Person.objects.select_for_update().get(pk=person.pk)
    refuse_excluded(
        person,
        Held(role, valid_from, valid_to),
        [Held(post.role, post.valid_from, post.valid_to) for post in Post.objects.filter(person=person)],
        field="role",
    )
    same = Post.objects.filter(
        in_force(valid_from), person=person, organisation=organisation, role=role
    ).first()
    if same is not None:
        raise Conflict(
            _("%(name)s 从 %(day)s 起已在%(organisation)s任这一岗位。")
            % {"name": person.name, "day": same.valid_from, "organisation": organisation.name},
            field="role",
        )
    post = Post.objects.create(
        person=person,
        organisation=organisation,
        role=role,
        title=title,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    journal.record(
        "organisations.post_held",
        subject=post,
        by=by,
        at=at,
        data={
            "person": person.pk,
            "organisation": organisation.pk,
            "role": role,
            "from": valid_from.isoformat(),
            "to": valid_to.isoformat() if valid_to else None,
            # As they were called and what they held that day: the journal is read years later.
            "names": [person.name, organisation.name, roles[role]["name"]],
            "powers": sorted(powers),
            **journal.origin(by),
        },
    )
    return post


def refuse_own(by: journal.Trace, person: Person) -> None:
    """Refuse whoever would change their own posts or powers."""
    if getattr(by, "person_id", None) == person.pk:
        raise Refusal(_("不能办理自己的岗位和权限，请由另一位管理员办理。"))


def refuse_excluded(person: Person, wanted: Held, held: Iterable[Held], *, field: str) -> None:
    """Refuse a role that the rulebook keeps in other hands than one that the person holds on some of the same days."""
    book = rulebooks.load("access", on=wanted.since)
    if other := excluded(wanted, held, book.get("exclusive", ())):
        names = {key: role["name"] for key, role in book["roles"].items()}
        raise Refusal(
            _("%(name)s已任“%(other)s”，与“%(role)s”不能由同一人担任；请另选人员，或先结束原岗位。")
            % {"name": person.name, "other": names.get(other.role, other.role), "role": names[wanted.role]},
            field=field,
        )


@transaction.atomic
def end_post(*, post_id: int, last_day: date, by: journal.Trace, at: datetime, reason: str = "") -> Post:
    """End a post with a last day; the day after, its powers are gone, whoever is signed in."""
    post = (
        Post.objects.select_for_update(of=("self",))
        .select_related("person", "organisation")
        .filter(pk=post_id)
        .first()
    )
    if post is None:
        raise NotFound(_("没有找到这个岗位。"))
    refuse_own(by, post.person)
    if post.valid_to is not None and post.valid_to <= last_day:
        raise Conflict(_("这个岗位已于 %(day)s 结束。") % {"day": post.valid_to}, field="last_day")
    if last_day < post.valid_from:
        # Entered by mistake: it never began. One day before it starts cannot be stored, so it ends where it starts.
        raise Refusal(
            _("结束日期早于任职开始的 %(day)s，请改正。") % {"day": post.valid_from}, field="last_day"
        )
    post.valid_to = last_day
    post.save(update_fields=["valid_to"])
    journal.record(
        "organisations.post_ended",
        subject=post,
        by=by,
        at=at,
        note=reason,
        data={
            "person": post.person_id,
            "role": post.role,
            "last_day": last_day.isoformat(),
            "names": [
                post.person.name,
                post.organisation.name,
                (rulebooks.load("access", on=last_day)["roles"].get(post.role) or {}).get("name", post.role),
            ],
            **journal.origin(by),
        },
    )
    return post


# --- Contracts ---------------------------------------------------------------------------------------------------


@transaction.atomic
def sign_contract(
    *,
    company: Organisation,
    estate: Estate,
    valid_from: date,
    by: journal.Trace,
    at: datetime,
    valid_to: date | None = None,
    early_service: bool = False,
    filed_on: date | None = None,
    project_manager: str = "",
    overlap_reason: str = "",
) -> ServiceContract:
    """Enter a property-service contract.

    Another company's contract for the same estate and days raises NeedsConfirmation: during a handover both may be
    there, so it can be kept with `overlap_reason`. The same company twice is refused.
    """
    if company.kind != "property_company":
        raise Refusal(_("“%(name)s”不是物业服务企业。") % {"name": company.name}, field="company")
    if valid_to is not None and valid_to < valid_from:
        raise Refusal(_("合同止期早于起期，请改正。"), field="valid_to")
    Estate.objects.select_for_update().get(pk=estate.pk)
    overlapping = ServiceContract.objects.filter(estate=estate).filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=valid_from)
    )
    if valid_to is not None:
        overlapping = overlapping.filter(valid_from__lte=valid_to)
    for other in overlapping.select_related("company"):
        if other.company_id == company.pk:
            raise Conflict(
                _("这家企业从 %(day)s 起已有这个小区的合同，请直接修改那份合同。")
                % {"day": other.valid_from},
                field="valid_from",
                data={"contract": other.pk},
            )
        if not overlap_reason.strip():
            raise NeedsConfirmation(
                _(
                    "“%(name)s”与这个小区的合同在同一时期有效（%(from)s 起）。如果是交接期，请写明情况后再保存。"
                )
                % {"name": other.company.name, "from": other.valid_from},
                field="valid_from",
                data={"confirm": "overlap_reason", "contract": other.pk},
            )
    contract = ServiceContract.objects.create(
        company=company,
        estate=estate,
        valid_from=valid_from,
        valid_to=valid_to,
        early_service=early_service,
        filed_on=filed_on,
        project_manager=project_manager,
    )
    if valid_from <= timezone.localtime(at).date() and estate.management != Estate.Management.COMPANY:
        Estate.objects.filter(pk=estate.pk).update(management=Estate.Management.COMPANY)
    _record_change(contract, "signed", note=overlap_reason, by=by, at=at)
    return contract


@transaction.atomic
def end_contract(
    *, contract_id: int, last_day: date, by: journal.Trace, at: datetime, reason: str
) -> ServiceContract:
    """End a contract with a last day (退出项目)."""
    contract = ServiceContract.objects.select_for_update().filter(pk=contract_id).first()
    if contract is None:
        raise NotFound(_("没有找到这份合同。"))
    if last_day < contract.valid_from:
        raise Refusal(_("结束日期早于合同起期，请改正。"), field="last_day")
    if not reason.strip():
        raise Refusal(_("请写明合同结束的原因（到期、解除、更换企业等）。"), field="reason")
    contract.valid_to = last_day
    contract.save(update_fields=["valid_to"])
    _record_change(contract, "ended", note=reason, by=by, at=at)
    return contract


def announce_contracts(*, by: journal.Trace, at: datetime) -> int:
    """Tell the rooms above of contracts that begin today or ended yesterday; returns how many.

    What a contract entered earlier brings about comes by itself with its day: nobody edits anything on that day.
    """
    today = timezone.localtime(at).date()
    turning = ServiceContract.objects.filter(
        Q(valid_from=today) | Q(valid_to=today - timedelta(days=1))
    ).select_related("company", "estate")
    for contract in turning:
        with transaction.atomic():
            _record_change(
                contract, "begun" if contract.valid_from == today else "over", note="", by=by, at=at
            )
    return len(turning)


def _record_change(
    contract: ServiceContract, what: str, *, note: str, by: journal.Trace, at: datetime
) -> None:
    """Record that the contracts of an estate changed, and which company it has today (`company_now`, an id or None)."""
    company = company_of(contract.estate, on=timezone.localtime(at).date())
    journal.record(
        "organisations.contract_changed",
        subject=contract,
        by=by,
        at=at,
        note=note,
        data={
            "what": what,
            "estate": contract.estate_id,
            "company": contract.company_id,
            "company_now": company.pk if company else None,
            "from": contract.valid_from.isoformat(),
            "to": contract.valid_to.isoformat() if contract.valid_to else None,
        },
    )
