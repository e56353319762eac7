"""Every address that writes, tried with what belongs to another county: in its path, and in what is sent along."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from anju.duties.cases.models import Case, SavedView
from anju.duties.inspections.models import Duty, Unit, Visit
from anju.duties.inspections.services import checking, register
from anju.duties.inspections.services import visits as inspections
from anju.duties.suggestions import services as suggestions
from anju.ground.access.actors import Actor
from anju.ground.organisations import services as organisations
from tests.cast import SINCE, Builder, Member

from . import elsewhere, writing
from .addresses import Address
from .duty_world import World, drafted, fined_person, hire, ordered, registered, step

pytestmark = pytest.mark.django_db

# Whoever has the code has the thing: no post, no reach. test_other_doors guesses codes.
BY_CODE = {"portal:done", "portal:progress", "portal:rate", "portal:deputy_feedback"}
# No record in its path: `kind` names a list.
WITHOUT_RECORD = {"exchange:export_list"}

# Seen by both counties, kept by neither: there the answer is "you may not", not "there is none".
SEEN = {"organisations:edit"}
SAID = {"act": "accept", "note": "无", "reason": "无"}


def clients(people: list[Member], at: Any, signed_in_as: Callable) -> list[tuple[Actor, Client]]:
    """Sign people in, whoever holds most first."""
    signed_in = [(member.actor(at), signed_in_as(member)) for member in people]
    return sorted(signed_in, key=lambda pair: -len(pair[0].powers))


def urls(address: Address, values: dict[str, Any]) -> list[str]:
    """Fill an address in, once for each act that it takes; fails for one that nobody has given an object."""
    filled = values[""] | values.get(address.name, {})
    acts = elsewhere.ACTS.get(address.name, ("",)) if "act" in address.parameters else ("",)
    found = [address.filled(filled | {"act": act} if act else filled) for act in acts]
    assert all(found), (
        f"give {address.name} {address.parameters} an object of another county (elsewhere.belongings)"
    )
    return [url for url in found if url]


def holds(actor: Actor, address: Address) -> bool:
    return address.power in ("", "signed_in", *actor.powers)


def strangers_to(address: Address, foreign: list[tuple[Actor, Client]]) -> list[Client]:
    """Choose whoever holds most, and one more for each further kind of reach by which the power is held."""
    chosen: list[Client] = []
    kinds: set[str] = set()
    for actor, client in foreign:
        named = actor.powers.get(address.power) or [r for held in actor.powers.values() for r in held]
        here = {reach.kind for reach in named}
        if holds(actor, address) and not here <= kinds:
            kinds |= here
            chosen.append(client)
    return chosen


def reaches_everywhere(address: Address) -> bool:
    """Say whether a power is only held over the whole installation, so that nothing is foreign to it."""
    places = elsewhere.roles_reaching_a_place().values()
    held = {p for role in places for part in (role, *role.get("also", ())) for p in part["powers"]}
    return address.power not in {"", "signed_in", *held}


def walked() -> list[Address]:
    return [a for a in writing.table() if a.parameters and a.name not in BY_CODE | WITHOUT_RECORD]


def test_nothing_of_another_county_is_changed_by_its_address(everything: World, filed, walk, signed_in_as):
    world = everything
    values = elsewhere.belongings(world, walk(filed(), "assign", "accept"))
    foreign = clients(elsewhere.strangers(world), world.now, signed_in_as)
    local = clients(list(vars(world.people).values()), world.now, signed_in_as)
    assert len(walked()) > 60
    before, wrong = elsewhere.fingerprint(), []
    for address in walked():
        tried, sent = urls(address, values), SAID | values.get(f"{address.name} sent", {})
        trying = strangers_to(address, foreign)
        if not reaches_everywhere(address):
            assert trying, f"nobody in 西山县 holds {address.power}, so {address.name} was not tried"
        # All acts by whoever holds most, one act by the others.
        for n, client in enumerate(trying):
            for url in tried if n == 0 else tried[:1]:
                told = elsewhere.post(client, url, sent)
                if told.status_code not in ((403,) if address.name in SEEN else (404, 405)):
                    wrong.append(f"{address.name} {url}: {told.status_code}")
        # The same address exists for whoever it is about, or the 404 would prove nothing.
        own = (client for actor, client in local if holds(actor, address))
        if all(elsewhere.undone(client, url, sent, {})[0] == 404 for client in own for url in tried):
            wrong.append(f"{address.name}: exists for nobody of its own county either")
    assert wrong == [], "\n".join(wrong)
    after = elsewhere.fingerprint()
    assert {table for table in after if after[table] != before[table]} == set()


# --- What is sent along ------------------------------------------------------------------------------------------


@dataclass
class Try:
    """One id that an address reads: who sends it, the foreign value and an own one, and what else is sent.

    path   the parameters of the address
    query  the id goes into the address, where a page keeps what was chosen before
    shows  the own value changes nothing either: it is a page that goes on; then its status must differ
    """

    who: str
    address: str
    name: str
    foreign: Any
    own: Any
    path: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    shows: bool = False


# Names of records that an address reads without acting on what they name: {name: (why, addresses, or None for all)}.
CASE_PAGES = {
    "cases:audit", "cases:case", "cases:decide_term", "cases:merge", "cases:split", "cases:unseal", "cases:bulk",
    "api:take_step_with_files", "field:step",
}  # fmt: skip
SUGGESTION_PAGES = {
    "suggestions:suggestion", "suggestions:extend", "suggestions:opinion", "suggestions:publish",
    "suggestions:publication",
}  # fmt: skip
SUGGESTION_ACTS = {
    "suggestions:talk", "suggestions:deliver", "suggestions:feedback", "suggestions:phone",
}  # fmt: skip
VISIT_ACTS = {"inspections:act", "field:visit_act"}
WORDS_ONLY: dict[str, tuple[str, set[str] | None]] = {
    "handler_id": ("drawn anew by the page, or a field of `assign` that the address does not hand on", CASE_PAGES),
    "into_id": ("what `into` was read as, with its number written out", {"cases:merge"}),
    "parts": ("texts and classes of the parts", {"cases:split"}),
    "visit_ids": ("what `ids` was read as", {"orders:batch_new"}),
    "unit_id": (
        "what `unit` was read as",
        {"orders:sealing_new", "field:visit_begin", "inspections:plan", "inspections:plan_together"},
    ),
    "case_id": ("what `case` was read as", {*VISIT_ACTS, "transfers:new", "majors:new"}),
    "finding_id": ("what `finding` was read as", VISIT_ACTS),
    "evidence_ids": ("what `evidence` was read as", {"transfers:new"}),
    "order_id": ("what `order` was read as", {"transfers:new", "objections:new"}),
    "penalty_id": ("what `penalty` was read as", {"objections:new"}),
    "sender_id": ("what `sender` was read as", {"transfers:new"}),
    "lead_id": ("what `lead` was read as", {"suggestions:step"}),
    "officers": ("names and badges as typed", {"orders:sealing_new", "penalties:new"}),
    "receiver_id": ("what `receiver` was read as", {"transfers:new"}),
    "lead": ("the page draws its form anew; only the step `assign` takes it", SUGGESTION_PAGES | SUGGESTION_ACTS),
    "co": ("the page draws its form anew; only the step `assign` takes it", SUGGESTION_PAGES | SUGGESTION_ACTS),
    "signatory": ("the page draws its form anew; the verb takes none", SUGGESTION_PAGES | {"suggestions:step"}),
    "visit": ("the visit that a refusal names", {"field:visit_begin"}),
    "deputy": ("a name typed at registration", None),
    "delegation": ("a name typed at registration", None),
    "number": ("a number printed on paper", None),
    "feedback": ("the word of an answer", None),
    "payment": ("a key of the page's own facts", None),
    "part": ("a text: the part that is sealed", None),
    "sealing": ("a key of the page's own facts", None),
    "community_id": ("a key of the page's own facts", None),
    "buildings": ("names typed into the estate's own form", None),
    "signature": ("a picture", None),
    "file": ("a file that is sent", None),
    "units": ("a key of the page's own facts", None),
    "ids": ("read and printed, nothing is changed", {"documents:print"}),
    "area": ("narrows a list", {"inspections:plan_together", "orders:batch_new"}),
    "estate": ("narrows a list", {"inspections:plan_together"}),
    "agency": ("narrows a list", {"inspections:due"}),
    "agencies": ("those that owe the checks of the site", {"inspections:plan_together"}),
}  # fmt: skip


def excused(address: Address, name: str) -> bool:
    if name not in WORDS_ONLY:
        return False
    _why, only = WORDS_ONLY[name]
    return only is None or address.name in only


def tries(world: World, filed: Callable, hazard: Callable, visited: Callable) -> list[Try]:
    """List an attempt for every id of a record that somebody may send: own things in 东湖区, foreign ones elsewhere."""
    city, ids, people = world.city, world.ids, world.people
    areas, estates, offices = city.areas, city.estates, city.offices
    at, today = world.now, timezone.localdate(world.now).isoformat()
    mine = filed(seed=601, text="3号楼安全出口一直锁着，打不开")
    west = filed(seed=602, estate=estates.shanqian, text="山前家园安全出口被锁，打不开")
    again = filed(seed=603, text="还是3号楼安全出口锁着")
    said = {"class_code": "EG02", "text": "安全出口被铁链锁住了，打不开", "place": "2号楼"}
    case_of = {"case_id": mine.pk}
    own_unit = Unit.objects.get(kind="estate", estate=estates.huaiyin)
    west_unit = Unit.objects.get(kind="estate", estate=estates.shanqian)
    shop = register.add_unit(
        kind="small_shop", name="槐荫商店", area=areas.huaiyin, by=world.actor("police_officer"), at=at
    )
    view = SavedView.objects.create(account_id=people.street_officer.account.pk, name="我的", query="open=1")
    theirs = SavedView.objects.create(account_id=people.outsider.account.pk, name="别人的", query="open=1")
    new_unit = {"kind": "small_shop", "name": "新开的店", "address": "演示路9号"}
    plan = {"kind": "daily", "planned_for": today}
    transferred = {
        "kind": "referral", "receiver": offices.fire.pk, "stopped": "已当场责令立即打开安全出口，拆除铁链",
        "reason": "安全出口锁闭拒不改正，处罚属于消防救援机构职权，请依法查处",
    }  # fmt: skip
    locked = hazard("EG02")
    other = hazard("FA01", estate=estates.hebin, accept=False)
    other_order = ordered(world, other, "fire_officer")
    other_fine = fined_person(world, hazard("EB02", estate=estates.hebin, accept=False))
    objected = {"by_name": "安邻物业服务有限公司", "text": "该处障碍物并非我公司设置，请重新核查认定"}
    sender = step(world, drafted(world, locked), "send", "police_officer")
    step(world, sender, "sign_for", "fire_officer")
    fresh, east, zone = (registered(world, number=number) for number in (301, 302, 303))
    for suggestion, lead in ((east, offices.east_housing), (zone, offices.zone_housing)):
        suggestions.assign(
            suggestion_id=suggestion.pk, lead_id=lead.pk, by=world.actor("city_supervisor"), at=at
        )
    talked = {
        "kind": "visit", "held_on": today, "place": "代表工作室", "attendees": "物业科", "attitude": "agrees",
        "content": "当面汇报办理思路并听取意见",
    }  # fmt: skip
    signed = {"suggestion_id": east.pk}
    # A finished visit of another station, and somebody of two offices.
    elsewhere_visit = visited(unit_id=Unit.objects.get(kind="estate", estate=estates.hebin).pk)
    Visit.objects.filter(pk=elsewhere_visit.pk).update(agency=people.west_officer.post.organisation)
    elsewhere_visit.parts.update(agency=people.west_officer.post.organisation)
    # Two agencies owe a check at both sites, so that each is offered as one visit to whoever reaches it.
    for unit, station in ((own_unit, offices.police), (west_unit, people.west_officer.post.organisation)):
        for agency in (station, offices.fire):
            Duty.objects.update_or_create(
                unit=unit,
                agency=agency,
                checklist="ebike",
                defaults={"due_on": at.date(), "county_id": unit.county_id, "street_id": unit.street_id},
            )
    organisations.hold_post(
        person=people.police_second.person, organisation=offices.fire, role="fire_officer", valid_from=SINCE,
        by=Builder(), at=at,
    )  # fmt: skip
    of_east, of_zone = east.signatories.get().pk, zone.signatories.get().pk
    return [
        Try("street_officer", "api:report_case", "estate_id", estates.shanqian.pk, estates.huaiyin.pk, body=said),
        Try("street_officer", "api:report_case", "area_id", areas.shanqian.pk, areas.huaiyin.pk, body=said),
        Try("street_officer", "api:take_step", "handler_id", offices.west_housing.pk, offices.company.pk, case_of,
            {"act": "assign"}),
        Try("street_officer", "access:delegate", "to_person_id", people.outsider.person.pk, people.colleague.person.pk,
            {"post_id": people.street_officer.post.pk}, {"valid_from": today, "valid_to": today, "reason": "出差"}),
        Try("street_officer", "territory:new", "area", areas.shanqian.pk, areas.liuyuan.pk, query="area",
            body={"name": "新建小区", "management": "none", "system": "wgs84"}),
        Try("county_supervisor", "organisations:new", "area", areas.west.pk, areas.east.pk, query="area",
            body={"kind": "police_station", "name": "新设派出所"}),
        Try("county_supervisor", "organisations:new_contract", "estate", estates.keji.pk, estates.railway.pk,
            {"pk": offices.other_company.pk}, {"valid_from": today, "overlap_reason": "交接"}, query="estate"),
        Try("city_supervisor", "suggestions:step", "lead", offices.company.pk, offices.east_housing.pk,
            {"suggestion_id": fresh.pk, "act": "assign"}),
        Try("city_supervisor", "suggestions:step", "co", offices.company.pk, offices.west_housing.pk,
            {"suggestion_id": fresh.pk, "act": "assign"}, {"lead": offices.east_housing.pk}),
        Try("county_supervisor", "suggestions:talk", "signatory", of_zone, of_east, signed, talked),
        Try("county_supervisor", "suggestions:phone", "signatory", of_zone, of_east, signed, shows=True),
        Try("county_supervisor", "suggestions:deliver", "signatory", of_zone, of_east, signed,
            {"on": today, "how": "visit"}, shows=True),
        Try("county_supervisor", "suggestions:feedback", "signatory", of_zone, of_east, signed,
            {"value": "satisfied"}, shows=True),
        Try("community_manager", "console:hands", "ids", f"cases:{west.pk}", f"cases:{again.pk}",
            body={"person_id": people.grid_worker.person.pk}),
        Try("community_manager", "console:hands", "person_id", people.outsider.person.pk, people.grid_worker.person.pk,
            body={"ids": f"cases:{again.pk}"}),
        Try("street_officer", "cases:bulk", "ids", west.pk, mine.pk, body={"act": "assign"}),
        Try("street_officer", "cases:new", "estate", estates.shanqian.pk, estates.huaiyin.pk,
            body=said | {"kind": "hazard"}),
        Try("street_officer", "cases:new", "area", areas.shanqian.pk, areas.huaiyin.pk,
            body=said | {"kind": "hazard"}),
        Try("street_officer", "cases:save_view", "delete", theirs.pk, view.pk),
        Try("street_officer", "cases:step", "handler_id", offices.west_housing.pk, offices.company.pk,
            case_of | {"act": "assign"}),
        Try("street_officer", "cases:merge", "into", west.pk, again.pk, case_of),
        Try("street_officer", "cases:correct", "estate_id", estates.shanqian.pk, estates.railway.pk, case_of,
            {"reason": "楼号写错"}),
        Try("street_officer", "cases:correct", "area_id", areas.shanqian.pk, areas.huaiyin.pk, case_of,
            {"reason": "不在小区内"}),
        Try("police_officer", "inspections:plan", "unit", west_unit.pk, own_unit.pk, body=plan),
        Try("police_officer", "inspections:plan", "agencies", people.west_officer.post.organisation_id, offices.fire.pk,
            body=plan | {"unit": own_unit.pk, "kind": "joint"}),
        Try("police_officer", "inspections:plan", "follows", ids["visit_id"] + 999, ids["visit_id"],
            query="follows", body=plan | {"unit": own_unit.pk, "kind": "recheck"}),
        Try("police_officer", "inspections:flag_many", "ids", west_unit.pk, shop.pk,
            body={"flag": "focus", "on": "1"}),
        Try("police_officer", "inspections:unit_new", "area", areas.shanqian.pk, areas.huaiyin.pk, query="area",
            body=new_unit),
        Try("police_officer", "inspections:unit_new", "estate", estates.shanqian.pk, estates.huaiyin.pk,
            {"area": areas.huaiyin.pk}, new_unit),
        Try("police_officer", "inspections:unit_new", "agency", people.west_officer.post.organisation_id,
            offices.police.pk, {"area": areas.huaiyin.pk}, new_unit),
        Try("police_officer", "inspections:unit_edit", "area", areas.shanqian.pk, areas.liuyuan.pk,
            {"unit_id": shop.pk}, {"kind": "small_shop", "name": "槐荫商店"}, query="area"),
        Try("police_officer", "inspections:unit_edit", "estate", estates.shanqian.pk, estates.huaiyin.pk,
            {"unit_id": shop.pk}, {"kind": "small_shop", "name": "槐荫商店"}),
        Try("county_supervisor", "inspections:unit_edit", "agency", people.west_officer.post.organisation_id,
            offices.fire.pk, {"unit_id": shop.pk}, {"kind": "small_shop", "name": "槐荫商店"}),
        Try("fire_officer", "majors:new", "case", west.pk, hazard("FF04").pk, query="case", shows=True),
        Try("police_officer", "transfers:new", "case", west.pk, mine.pk, query="case", body=transferred),
        Try("police_officer", "transfers:new", "evidence", west.evidence.get().pk,
            mine.evidence.get().pk, {"case": mine.pk}, transferred),
        Try("police_officer", "transfers:new", "order", other_order.pk, ids["order_id"],
            {"case": ids["case_id"]}, transferred, shows=True),
        Try("police_officer", "transfers:new", "receiver", offices.west_housing.pk, offices.fire.pk,
            {"case": mine.pk}, transferred),
        Try("fire_officer", "transfers:step", "receiver_id", offices.west_housing.pk,
            offices.urban_management.pk, {"transfer_id": sender.pk, "act": "pass_on"},
            {"note": "属于城市管理部门职权，请依法处理"}),
        Try("company_clerk", "objections:new", "order", other_order.pk, ids["order_id"], query="order",
            body=objected, shows=True),
        Try("company_clerk", "objections:new", "penalty", other_fine.pk, ids["penalty_id"], query="penalty",
            body=objected),
        Try("police_officer", "orders:batch_new", "ids", elsewhere_visit.pk, ids["visit_id"]),
        Try("fire_chief", "orders:sealing_new", "unit", west_unit.pk, own_unit.pk, {"case": ids["case_id"]},
            {"ground": "escape_unusable", "part": "一层商铺库房", "reason": "唯一安全出口被砖墙封堵，无法疏散",
             "until": today, "first_name": "赵安", "first_badge": "XF0001", "second_name": "钱防",
             "second_badge": "XF0002"}),
        Try("police_second", "transfers:new", "sender", people.west_officer.post.organisation_id,
            offices.police.pk, {"case": mine.pk}, transferred),
        Try("police_officer", "inspections:plan_together", "site", f"e{estates.shanqian.pk}",
            f"e{estates.huaiyin.pk}", body={"planned_for": today}),
        Try("street_officer", "field:report", "estate", estates.shanqian.pk, estates.huaiyin.pk, body=said),
        Try("police_officer", "field:visit_begin", "unit", west_unit.pk, own_unit.pk,
            body={"kind": "daily", "officers": [people.police_officer.person.pk, people.police_second.person.pk]}),
        Try("police_officer", "field:visit_begin", "officers", [people.west_officer.person.pk],
            [people.police_officer.person.pk, people.police_second.person.pk],
            body={"kind": "daily", "unit": own_unit.pk}),
        *visit_tries(world, visited, west),
    ]  # fmt: skip


def visit_tries(world: World, visited: Callable, west: Case) -> list[Try]:
    """List the attempts with what belongs to a visit, sent from a desk and from a phone."""
    city, people, at = world.city, world.people, world.now
    by, officers = (
        world.actor("police_officer"),
        [people.police_officer.person.pk, people.police_second.person.pk],
    )
    unit_of = {u.estate_id: u.pk for u in Unit.objects.filter(kind="estate")}
    liuyuan, railway, hebin = (
        unit_of[getattr(city.estates, key).pk] for key in ("liuyuan", "railway", "hebin")
    )
    begin = {"officer_ids": officers, "by": by, "at": at}
    seen = {"class_code": "EB02", "place": "1号楼", "text": "一楼门厅给电动车充电", "by": by, "at": at}

    planned = inspections.plan_visit(
        unit_id=hebin, kind="daily", planned_for=timezone.localdate(at), by=by, at=at
    )
    looked = visited(unit_id=liuyuan)
    recheck = inspections.begin_visit(unit_id=liuyuan, kind="recheck", follows_id=looked.pk, **begin)
    known = visited(unit_id=railway)
    later = inspections.begin_visit(unit_id=railway, **begin)
    found = checking.add_finding(visit_id=later.pk, **seen | {"place": "7号楼"})
    second = hire(people.west_officer.post.organisation, "邓二", "deng2", "police_officer", "XC0009")
    away = inspections.begin_visit(
        unit_id=unit_of[city.estates.shanqian.pk],
        officer_ids=[people.west_officer.person.pk, second.person.pk],
        by=world.actor("west_officer"),
        at=at,
    )
    theirs = checking.add_finding(visit_id=away.pk, **seen | {"by": world.actor("west_officer")})

    sent = {"class_code": "EB02", "place": "1号楼", "text": "一楼门厅给电动车充电"}
    look = {"result": "problem", "note": "仍在充电，插座未拆"}
    at_desk = [
        ("begin", planned, "officers", [people.west_officer.person.pk, second.person.pk], officers, {}),
        ("look", recheck, "case", west.pk, looked.findings.get().case_id, look),
        ("find", later, "same", west.pk, known.findings.get().case_id, sent),
        ("drop", later, "finding", theirs.pk, found.pk, {}),
    ]
    return [
        Try("police_officer", address, name, foreign, own, {"visit_id": visit.pk, "act": act}, body)
        for act, visit, name, foreign, own, body in at_desk
        for address in ("inspections:act", "field:visit_act")
    ]


def sent_of(one: Try, values: dict[str, Any], value: Any) -> tuple[str, dict[str, Any]]:
    """Return the address with its parameters and its query, and the body, for one value of a try."""
    address = next(a for a in writing.table() if a.name == one.address)
    url = address.filled(
        values[""] | one.path | ({one.name + "_id": value} if one.name == "signatory" else {})
    )
    assert url, one
    asked = {name: kept for name, kept in one.path.items() if name in ("area", "case")}
    if one.query:
        asked[one.query] = value
    url = f"{url}?{urlencode(asked)}" if asked else url
    return url, one.body | ({} if one.query else {one.name: value})


def test_nothing_of_another_county_is_reached_by_what_is_sent(
    everything: World, filed, walk, hazard, visited, signed_in_as
):
    world = everything
    values = elsewhere.belongings(world, walk(filed(), "assign", "accept"))
    attempts = tries(world, filed, hazard, visited)
    # Signing in writes, too: all of them first.
    who = {one.who: signed_in_as(getattr(world.people, one.who)) for one in attempts}
    before, wrong = elsewhere.fingerprint(), []
    for one in attempts:
        client = who[one.who]
        refused, changed = elsewhere.undone(client, *sent_of(one, values, one.foreign), before)
        if changed:
            wrong.append(f"{one.address} {one.name}: {refused}, changed {sorted(changed)}")
        taken, done = elsewhere.undone(client, *sent_of(one, values, one.own), before)
        if not done and not (one.shows and taken != refused):
            wrong.append(
                f"{one.address} {one.name}: the own one is not taken either ({taken}, foreign {refused})"
            )
    assert wrong == [], "\n".join(wrong)


def test_every_id_that_an_address_reads_is_tried(everything: World, filed, hazard, visited):
    tried = {(one.address, one.name) for one in tries(everything, filed, hazard, visited)}
    read = {
        (address.name, name)
        for address in writing.table()
        if not reaches_everywhere(address) or address.power == "public"
        for name in writing.related(address)
        if not excused(address, name)
    }
    missing = "\n".join(f"{address} {name}" for address, name in sorted(read - tried))
    assert not missing, (
        f"try a foreign one of each (tries), or say why it names none (WORDS_ONLY):\n{missing}"
    )


def test_no_excuse_outlives_what_it_excuses():
    read = {(address.name, name) for address in writing.table() for name in writing.related(address)}
    for name, (why, only) in WORDS_ONLY.items():
        for address in only or {next((a for a, n in read if n == name), "")}:
            assert (address, name) in read, f"{address} no longer reads {name}: {why}"
