"""Acts upon organisations: their record, the people and posts in them, and contracts with estates."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from anju.ground.foundation import asks, code_words, journal, rulebooks
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.codes import check_uscc
from anju.ground.foundation.pinyin import initials
from anju.ground.foundation.refusals import Conflict, Refusal
from anju.ground.territory.models import Area, Estate

from . import rules
from .models import Jurisdiction, Organisation, Person, Post, ServiceContract
from .queries import company_of, in_force, kind_names, powers_of_role
from .rules import ContractState, Held, excluded

ORGANISATIONS = Loop(
    Organisation, rules.ORGANISATION_STEPS, room="organisations", see="organisations.see", state="", by_server=True,
    missing=lazy("没有找到这个单位。"), choices={"kinds": lambda row, day, by: kind_names(on=day)},
)  # fmt: skip
PERSONS = Loop(Person, rules.PERSON_STEPS, room="organisations", state="", by_server=True)
POSTS = Loop(
    Post, rules.POST_STEPS, room="organisations", see="access.manage", state="", by_server=True, addressed=True,
    missing=lazy("没有找到这个岗位。"), related=("person", "organisation"),
)  # fmt: skip
CONTRACTS = Loop(
    ServiceContract, rules.CONTRACT_STEPS, room="organisations", see="organisations.see", by_server=True,
    labels=rules.CONTRACT_LABELS, moods=rules.CONTRACT_MOODS, noun=lazy("这份合同"),
    missing=lazy("没有找到这份合同。"), param="contract_id", related=("estate",),
    news=lambda row: {
        "estate": row.estate_id, "company": row.company_id, "from": row.valid_from.isoformat(),
        "to": row.valid_to.isoformat() if row.valid_to else None,
    },
)  # fmt: skip


# --- Organisations -----------------------------------------------------------------------------------------------


@ORGANISATIONS.verb("create")
def create_organisation(
    turn: Turn,
    *,
    name: str,
    area: Area | None,
    parent: Organisation | None = None,
    also_areas: tuple[Area, ...] = (),
    **facts: Any,
) -> Organisation:
    """Enter an organisation: a department, a station, a committee or a company.

    uscc        checked by both its check digits; a wrong one is doubted with what may have been meant, and is kept only
                with `uscc_override_reason` (some real codes fail)
    also_areas  further areas it covers
    """
    if area is not None:
        turn.require(area)
    facts["uscc"], facts["uscc_override_reason"] = _checked_uscc(turn, **facts)
    made = Organisation(name=name, initials=initials(name), area=area, parent=parent, **facts)
    made.save()
    for more in also_areas:
        Jurisdiction.objects.create(organisation=made, area=more)
    return made


@ORGANISATIONS.verb("edit")
def edit_organisation(turn: Turn, *, changes: Mapping[str, Any], uscc_override_reason: str = "") -> None:
    """Change the facts of an organisation (rules.EDITABLE, others are not taken); the journal keeps what was before.

    uscc_override_reason  the word for a doubted code, unless it is among the changes
    """
    if uscc_override_reason:
        changes = {**changes, "uscc_override_reason": uscc_override_reason}
    row, known = turn.row, [field for field in rules.EDITABLE if field.name in changes]
    reading = asks.Reading(timezone.get_default_timezone())
    wanted = asks.read(known, {field.name: changes[field.name] for field in known}, reading)
    if wanted.get("uscc", row.uscc) != row.uscc:
        turn.given |= wanted
        wanted["uscc"], wanted["uscc_override_reason"] = _checked_uscc(turn, **wanted)
    else:
        wanted.pop("uscc_override_reason", None)
    before = {n: getattr(row, n) for n, v in wanted.items() if getattr(row, n) != v}
    if not before:
        turn.unchanged()
    for name, value in wanted.items():
        setattr(row, name, value)
    row.initials = initials(row.name)
    turn.facts |= {"before": before, "after": {n: wanted[n] for n in before}}


def _checked_uscc(turn: Turn, *, uscc: str, uscc_override_reason: str = "", **_facts: Any) -> tuple[str, str]:
    """Return the code as stored and the reason that it needs, or doubt it with what may have been meant."""
    if not uscc:
        return "", ""
    check, reason = check_uscc(uscc), ""
    if not check.valid:
        reason = uscc_override_reason
        problem = code_words.sentence(check.problem, suggestions=check.suggestions)
        suggested = {"suggestions": list(check.suggestions)}
        if len(check.value) > 18 or (reason and len(check.value) != 18):
            raise Refusal(problem, field="uscc", data=suggested)
        turn.doubt(
            "uscc",
            _("统一社会信用代码有误：%(problem)s如果证照上确实如此，请写明理由后再保存。")
            % {"problem": problem},
            asked="uscc",
            confirm="uscc_override_reason",
            problem=check.problem,
            **suggested,
        )
        turn.note = reason
        turn.facts |= {"uscc": check.value, "override": reason}
    others = Organisation.objects.exclude(pk=turn.row.pk) if turn.row else Organisation.objects.all()
    if other := others.filter(uscc=check.value).first():
        raise Conflict(
            _("统一社会信用代码 %(code)s 已登记在“%(name)s”名下，请核对；是同一单位的请直接使用它。")
            % {"code": check.value, "name": other.name},
            field="uscc",
            data={"organisation": other.pk},
        )
    return check.value, reason


# --- People and posts --------------------------------------------------------------------------------------------


@PERSONS.verb("create_person")
def create_person(turn: Turn, **facts: Any) -> Person:
    """Enter a person who works for some organisation: name, phone, badge_number, badge_until, is_demo."""
    return Person.objects.create(**facts)


@POSTS.verb("hold_post")
def hold_post(
    turn: Turn,
    *,
    person: Person,
    organisation: Organisation,
    role: str,
    valid_from: date,
    valid_to: date | None,
    title: str,
    agreed: bool = False,
) -> Post:
    """Let a person hold a role in an organisation from a day (to a day, when it is known).

    agreed  a second person confirmed it (access asks one); without, a signed-in person gives no post that can unseal,
            audit or administer
    """
    by = turn.by
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
    turn.lock(Person.objects.all(), [person.pk])
    posts = list(Post.objects.filter(person=person))
    held = [Held(post.role, post.valid_from, post.valid_to) for post in posts]
    refuse_excluded(person, Held(role, valid_from, valid_to), held, field="role")
    given: dict[str, Any] = {"person": person, "organisation": organisation, "role": role}
    if same := Post.objects.filter(in_force(valid_from), **given).first():
        raise Conflict(
            _("%(name)s 从 %(day)s 起已在%(organisation)s任这一岗位。")
            % {"name": person.name, "day": same.valid_from, "organisation": organisation.name},
            field="role",
        )
    post = Post.objects.create(**given, title=title, valid_from=valid_from, valid_to=valid_to)
    turn.facts |= _about(post, on=valid_from) | {
        "organisation": organisation.pk,
        "from": valid_from.isoformat(),
        "to": valid_to.isoformat() if valid_to else None,
        "powers": sorted(powers),
    }
    return post


@POSTS.verb("end_post")
def end_post(turn: Turn, *, last_day: date, reason: str) -> None:
    """End a post with a last day; the day after, its powers are gone, whoever is signed in."""
    post = turn.row
    refuse_own(turn.by, post.person)
    if post.valid_to is not None and post.valid_to <= last_day:
        raise Conflict(_("这个岗位已于 %(day)s 结束。") % {"day": post.valid_to}, field="last_day")
    if last_day < post.valid_from:
        # Entered by mistake: it never began. One day before it starts cannot be stored, so it ends where it starts.
        raise Refusal(
            _("结束日期早于任职开始的 %(day)s，请改正。") % {"day": post.valid_from}, field="last_day"
        )
    post.valid_to = last_day
    turn.facts |= _about(post, on=last_day) | {"last_day": last_day.isoformat()}


def _about(post: Post, *, on: date) -> dict[str, Any]:
    """Return whose post an event is about, as all were called that day: the journal is read years later."""
    role = rulebooks.load("access", on=on)["roles"].get(post.role) or {}
    names = [post.person.name, post.organisation.name, role.get("name", post.role)]
    return {"person": post.person_id, "role": post.role, "names": names}


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


# --- Contracts ---------------------------------------------------------------------------------------------------


@CONTRACTS.verb("sign_contract")
def sign_contract(
    turn: Turn,
    *,
    company: Organisation,
    estate: Estate,
    valid_from: date,
    valid_to: date | None,
    overlap_reason: str,
    **facts: Any,
) -> ServiceContract:
    """Enter a property-service contract: early_service, filed_on, project_manager are its further facts.

    Another company's contract for the same estate and days is doubted: during a handover both may be there, so it can
    be kept with `overlap_reason`. The same company twice is refused.
    """
    turn.require(estate)
    if company.kind != "property_company":
        raise Refusal(_("“%(name)s”不是物业服务企业。") % {"name": company.name}, field="company")
    if valid_to is not None and valid_to < valid_from:
        raise Refusal(_("合同止期早于起期，请改正。"), field="valid_to")
    (estate,) = turn.lock(Estate.objects.all(), [estate.pk])
    meets = Q(valid_to__isnull=True) | Q(valid_to__gte=valid_from)
    if valid_to is not None:
        meets &= Q(valid_from__lte=valid_to)
    for other in ServiceContract.objects.filter(meets, estate=estate).select_related("company"):
        if other.company_id == company.pk:
            raise Conflict(
                _("这家企业从 %(day)s 起已有这个小区的合同，请直接修改那份合同。")
                % {"day": other.valid_from},
                field="valid_from",
                data={"contract": other.pk},
            )
        turn.doubt(
            "overlap",
            _("“%(name)s”与这个小区的合同在同一时期有效（%(from)s 起）。如果是交接期，请写明情况后再保存。")
            % {"name": other.company.name, "from": other.valid_from},
            asked="valid_from",
            confirm="overlap_reason",
            contract=other.pk,
        )
    turn.note = overlap_reason
    state = rules.state_on(turn.today, valid_from=valid_from, valid_to=valid_to)
    made = ServiceContract.objects.create(
        company=company, estate=estate, valid_from=valid_from, valid_to=valid_to, state=state, **facts
    )
    _tell_who_serves(turn, made)
    return made


@CONTRACTS.verb("end_contract")
def end_contract(turn: Turn, *, last_day: date, reason: str) -> None:
    """End a contract with a last day (退出项目)."""
    contract = turn.row
    if last_day < contract.valid_from:
        raise Refusal(_("结束日期早于合同起期，请改正。"), field="last_day")
    contract.valid_to = last_day
    contract.save(update_fields=["valid_to"])
    turn.target = rules.state_on(turn.today, valid_from=contract.valid_from, valid_to=last_day)
    _tell_who_serves(turn, contract)


@CONTRACTS.verb("begin_contract")
def begin_contract(turn: Turn) -> None:
    """Tell the rooms above of a contract entered ahead, whose first day has come."""
    _tell_who_serves(turn, turn.row)


@CONTRACTS.verb("lapse_contract")
def lapse_contract(turn: Turn) -> None:
    """Tell the rooms above of a contract whose last day is over."""
    _tell_who_serves(turn, turn.row)


def announce_contracts(*, by: journal.Trace, at: datetime) -> int:
    """Tell the rooms above of contracts that have begun or are over since the last time; returns how many.

    What a contract entered earlier brings about comes by itself with its day: nobody edits anything on that day.
    """
    today = timezone.localtime(at).date()
    ahead = ServiceContract.objects.filter(state=ContractState.AHEAD, valid_from__lte=today)
    begun = CONTRACTS.many("begin_contract", ahead, by=by, at=at)
    past = ServiceContract.objects.filter(state=ContractState.RUNNING, valid_to__lt=today)
    return begun + CONTRACTS.many("lapse_contract", past, by=by, at=at)


def _tell_who_serves(turn: Turn, contract: ServiceContract) -> None:
    """Keep which company the estate has today (`company_now`, an id or None) for the rooms that hear of it."""
    company = company_of(contract.estate, on=turn.today)
    turn.facts["company_now"] = company.pk if company else None


@CONTRACTS.effect("company_manages")
def _company_manages(turn: Turn) -> None:
    """Let an estate with a contract in force be managed by a company."""
    estate, company = turn.row.estate, Estate.Management.COMPANY
    if turn.row.state == ContractState.RUNNING and estate.management != company:
        Estate.objects.filter(pk=estate.pk).update(management=company)


@CONTRACTS.effect("company_left")
def _company_left(turn: Turn) -> None:
    """Let it be looked into who manages an estate whose last contract is over."""
    if turn.row.state == ContractState.OVER and turn.facts["company_now"] is None:
        Estate.objects.filter(pk=turn.row.estate_id, management=Estate.Management.COMPANY).update(
            management=Estate.Management.UNKNOWN
        )
