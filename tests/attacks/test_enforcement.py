"""Enforcement and its neighbours as a stranger, a company and a careless officer meet them."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from anju.duties.objections import services as objections
from anju.duties.objections.models import Objection
from anju.duties.orders.models import Order, Sealing
from anju.duties.orders.queries import matters
from anju.duties.orders.services import sealings
from anju.duties.penalties.models import Payment, Penalty
from anju.duties.penalties.services import penalties
from anju.duties.penalties.services.penalties import Accused, Measure
from anju.duties.suggestions.models import Suggestion
from anju.duties.transfers import services as transfers
from anju.duties.transfers.models import Transfer
from anju.ground.access.models import ApiKey
from anju.ground.foundation.models import Event, IssuedNumber
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.ground.foundation.tests import samples
from anju.means.documents.models import IssuedDocument

from . import addresses
from .duty_world import (
    PERSON,
    PUNISHED,
    REASONS,
    TWO,
    decided,
    drafted,
    filed_unit,
    fined_person,
    ordered,
    proposed,
    sealed,
    step,
)

pytestmark = pytest.mark.django_db

ROOMS = (
    "inspections:",
    "orders:",
    "penalties:",
    "transfers:",
    "majors:",
    "objections:",
    "suggestions:",
    "documents:",
    "figures:",
    "field:",
    "files:",
)
# One act of each table is enough: who may not see the thing never comes as far as the act.
ACTS = {
    "inspections:act": "void",
    "field:visit_act": "finish",
    "orders:step": "withdraw",
    "penalties:step": "cancel",
    "orders:sealing_step": "lift",
    "transfers:step": "accept",
    "majors:step": "dismiss",
    "suggestions:step": "sign",
    "documents:take_step": "void_own",
}
FILLED = {"note": "经研究决定予以办理", "reason": "经研究决定予以办理", "receiver": "1", "amount": "200"}


def _text(told) -> str:
    body = b"".join(told.streaming_content) if told.streaming else told.content
    return body.decode("utf-8", "replace")


def _belonging(ids) -> list[str]:
    """Every address that takes the id of something of these rooms, filled in."""
    found = []
    for address in addresses.table():
        if address.name.startswith(ROOMS) and set(address.parameters) & (set(ids) - {"case_id", "act"}):
            url = address.filled(ids | {"act": ACTS.get(address.name, "x")})
            assert url, f"give {address} a value in duty_world.everything"
            found.append(url)
    return found


def _questions(ids) -> list[str]:
    """Addresses that are told by a query what they are about."""
    case, visit = f"case={ids['case_id']}", f"visit={ids['visit_id']}"
    asked = {
        "orders:new": (case, visit),
        "penalties:new": (case, visit, f"{case}&offence=lane_blocked"),
        "orders:sealing_new": (case, visit),
        "transfers:new": (case,),
        "majors:new": (case,),
        "objections:new": (f"order={ids['order_id']}", f"penalty={ids['penalty_id']}"),
        "inspections:plan": (f"unit={ids['unit_id']}",),
        "field:visit_begin": (f"unit={ids['unit_id']}",),
    }
    return [f"{reverse(name)}?{query}" for name, queries in asked.items() for query in queries]


def _state() -> list[object]:
    models = (Order, Penalty, Payment, Sealing, Transfer, Objection, Suggestion, IssuedDocument)
    return [list(model.objects.order_by("pk").values()) for model in models] + [IssuedNumber.objects.count()]


@pytest.mark.parametrize("who", ["west_officer", "west_county", "outsider", "other_clerk"])
def test_to_an_officer_of_another_county_nothing_of_these_rooms_exists(everything, signed_in_as, who):
    client, ids, before = signed_in_as(getattr(everything.people, who)), everything.ids, _state()
    walked = _belonging(ids) + _questions(ids)
    assert len(walked) > 60
    papers = IssuedDocument.objects.values_list("pk", flat=True)
    walked += [
        reverse(f"documents:{name}", args=[pk]) for pk in papers for name in ("one", "pdf", "docx", "edit")
    ]
    for url in walked:
        assert client.get(url).status_code in (404, 405), f"{who} GET {url}"
        # field:visit_begin takes its unit from the form as well as from the address.
        sent = FILLED | ({"unit": ids["unit_id"]} if "begin" in url or "plan" in url else {})
        assert client.post(url, sent).status_code in (404, 405), f"{who} POST {url}"
    assert _state() == before


def test_without_signing_in_there_is_only_the_door(everything):
    client, before = Client(), _state()
    for url in _belonging(everything.ids) + _questions(everything.ids):
        for told in (client.get(url), client.post(url, FILLED)):
            assert told.status_code in (302, 404, 405), url
            if told.status_code == 302:
                assert told.url.startswith("/account/login/"), url
    assert _state() == before


@pytest.mark.parametrize("who", ["west_officer", "west_county", "outsider", "other_clerk"])
def test_no_list_no_export_and_no_figure_tells_of_another_county(everything, signed_in_as, who):
    client, ids = signed_in_as(getattr(everything.people, who)), everything.ids
    order, penalty = Order.objects.get(pk=ids["order_id"]), Penalty.objects.get(pk=ids["penalty_id"])
    transfer = Transfer.objects.get(pk=ids["transfer_id"])
    secrets = [
        order.written_number,
        penalty.written_number,
        transfer.written_number,
        "槐荫小区",
        "加强老旧小区安全",
    ]
    day = timezone.localdate()
    asked = [
        {}, {"q": "槐荫"}, {"state": "all", "tab": "all"}, {"area": everything.city.areas.huaiyin.pk},
        {"scope": "below"}, {"estate": everything.city.estates.huaiyin.pk}, {"closed": "1", "answered": "1"},
    ]  # fmt: skip
    lists = [
        "inspections:visits", "inspections:units", "inspections:due", "inspections:coverage", "inspections:matches",
        "inspections:together", "inspections:plan", "orders:list", "penalties:list",
        "orders:sealings", "transfers:list", "majors:list", "objections:list",
        "suggestions:list", "suggestions:yearly", "documents:list", "documents:waiting", "field:visits",
        "field:visit_units", "figures:snapshots", "figures:revisions", "console:journal", "console:home",
    ]  # fmt: skip
    for name in lists:
        for query in asked:
            told = client.get(reverse(name), query)
            assert told.status_code in (200, 302, 404), f"{who} {name}"
            for secret in secrets:
                assert secret not in _text(told), f"{who} {name} {query} tells {secret}"
    for kind in ("visits", "findings", "orders", "fines", "cases"):
        told = client.get(reverse("exchange:export_list", args=[kind]), {"format": "csv", "q": "槐荫"})
        assert told.status_code in (200, 404)
        assert not any(secret in _text(told) for secret in secrets), f"{who} export {kind}"
    period = {"from": f"{day.year}-01-01", "to": day.isoformat()}
    for measure in (
        "units_inspected",
        "visits",
        "hazards_found",
        "fines_decided_yuan",
        "received",
        "fines_decided",
    ):
        for territory in ("", "990102", f"area:{everything.city.areas.huaiyin.pk}", "9901"):
            for name in ("figures:rows", "figures:rows_csv", "figures:letter", "figures:home"):
                told = client.get(reverse(name), period | {"measure": measure, "territory": territory})
                assert told.status_code < 500
                if told.status_code == 200:
                    text = _text(told)
                    assert not any(secret in text for secret in secrets), (
                        f"{who} {name} {measure} {territory}"
                    )
    together = client.post(
        reverse("documents:print"), {"ids": list(IssuedDocument.objects.values_list("pk", flat=True))}
    )
    assert together.status_code in (302, 404)
    assert not ApiKey.objects.exists()


@pytest.fixture
def person_fined(world, hazard):
    """A person fined on the spot by the station, and another one by the fire brigade who was served and objected."""
    first = fined_person(world, hazard("EB02"))
    second = filed_unit(world, hazard("EG01"), PERSON, offence="escape_blocked")
    proposed(world, second, "300")
    penalties.decide(penalty_id=second.pk, by=world.actor("fire_chief"), at=world.now)
    penalties.serve(
        penalty_id=second.pk, way="left", served_to=PUNISHED, witness="李见证", by=world.actor("fire_officer"),
        at=world.now,
    )  # fmt: skip
    told = objections.object_to(
        penalty_id=second.pk, by_name=PUNISHED, text="本人当时并不在场，请重新核实", by=world.actor("fire_officer"),
        at=world.now,
    )  # fmt: skip
    return first, second, told


def test_who_may_not_unseal_reads_a_mask_everywhere(world, person_fined, signed_in_as):
    first, second, objection = person_fined
    papers = IssuedDocument.objects.filter(subject_type="penalties.penalty")
    assert papers.count() >= 3
    everybody = [
        "county_supervisor", "street_officer", "company_clerk", "outsider", "city_supervisor", "fire_officer",
        "police_officer",
    ]  # fmt: skip
    officials = {"city_supervisor"}
    for who in everybody:
        client = signed_in_as(getattr(world.people, who))
        for penalty in (first, second):
            ids = {
                "penalty_id": penalty.pk, "case_id": penalty.case_id, "objection_id": objection.pk,
                "estate_id": penalty.case.estate_id, "pk": penalty.case.estate_id, "measure": "fines_decided_yuan",
                "unit_id": penalty.unit_id, "act": "x", "kind": "fines",
            }  # fmt: skip
            for address in addresses.table():
                if (url := address.filled(ids)) is None:
                    continue
                if penalty is second and not set(address.parameters) & {
                    "penalty_id",
                    "case_id",
                    "objection_id",
                }:
                    continue
                query = {"penalty": penalty.pk, "case": penalty.case_id, "tab": "fines"}
                text = _text(client.get(url, query))
                assert PUNISHED not in text, f"{who} {url} {query} tells the name"
                assert "11010519491231002X" not in text and "13900001111" not in text, f"{who} {url}"
            own = {"police_officer": first, "fire_officer": second}.get(who)
            for paper in papers.filter(subject_id=penalty.pk):
                may = penalty == own or who in officials
                for name in ("one", "pdf", "docx"):
                    told = client.get(reverse(f"documents:{name}", args=[paper.pk]))
                    assert told.status_code == (200 if may else 404), f"{who} {name}"
            told = client.post(
                reverse("penalties:unseal", args=[penalty.pk]), {"reason": "需要核对当事人身份"}
            )
            assert (PUNISHED in _text(told)) is (penalty == own or who in officials), (
                f"{who} unseals {penalty.pk}"
            )
    kept = json.dumps(list(Event.objects.values()), default=str, ensure_ascii=False)
    kept += json.dumps(
        [*Penalty.objects.values(), *Objection.objects.values()], default=str, ensure_ascii=False
    )
    assert PUNISHED not in kept and "13900001111" not in kept


def test_a_superior_office_that_may_not_unseal_does_not_read_the_name_on_the_paper(
    world, hazard, signed_in_as
):
    world.city.offices.police.parent = world.city.offices.huaiyin_office
    world.city.offices.police.save(update_fields=["parent"])
    paper = IssuedDocument.objects.get(
        subject_type="penalties.penalty", subject_id=fined_person(world, hazard("EB02")).pk
    )
    assert paper.superior_id == world.city.offices.huaiyin_office.pk
    client = signed_in_as(world.people.street_officer)
    for name in ("one", "pdf", "docx"):
        assert client.get(reverse(f"documents:{name}", args=[paper.pk])).status_code == 404
    assert client.post(reverse("documents:print"), {"ids": [paper.pk]}).status_code == 302
    page = client.get(reverse("documents:list"), {"scope": "below"})
    assert PUNISHED not in page.content.decode()


def test_a_company_reads_its_own_decisions_and_nobody_elses(everything, signed_in_as, hazard):
    person = fined_person(everything, hazard("EB02", text="二楼门厅充电，责令后不改"))
    ids = everything.ids
    own = signed_in_as(everything.people.company_clerk)
    for name, key in (
        ("orders:order", "order_id"),
        ("penalties:penalty", "penalty_id"),
        ("objections:objection", "objection_id"),
    ):
        assert own.get(reverse(name, args=[ids[key]])).status_code == 200
    assert own.get(reverse("penalties:penalty", args=[person.pk])).status_code == 404
    assert person.written_number not in own.get(reverse("penalties:list")).content.decode()
    assert own.get(reverse("transfers:transfer", args=[ids["transfer_id"]])).status_code == 404
    for name, key, act in (
        ("penalties:step", "penalty_id", "cancel"),
        ("penalties:step", "penalty_id", "pay"),
        ("orders:step", "order_id", "withdraw"),
        ("orders:step", "order_id", "comply"),
        ("orders:sealing_step", "sealing_id", "lift"),
        ("majors:step", "major_id", "remove"),
    ):
        before = _state()
        told = own.post(reverse(name, args=[ids[key], act]), FILLED)
        assert told.status_code in (403, 404, 405, 422), f"{act}: {told.status_code}"
        assert _state() == before
    answer = own.post(
        reverse("objections:step", args=[ids["objection_id"], "answer"]),
        {"upheld": "True", "text": "异议成立，予以撤销"},
    )
    assert answer.status_code == 403 and Objection.objects.get().answered_at is None


# --- Forged fields ------------------------------------------------------------------------------------------------


def test_a_police_officer_who_posts_a_fire_offence_straight_to_the_form_is_refused(
    world, hazard, signed_in_as
):
    case = hazard("FA01")
    client = signed_in_as(world.people.police_officer)
    for procedure, party in (("simple", "unit"), ("ordinary", "unit"), ("simple", "person")):
        told = client.post(
            f"{reverse('penalties:new')}?case={case.pk}&offence=lane_blocked",
            {"procedure": procedure, "party_kind": party, "party_name": "安邻物业服务有限公司",
             "facts": "堵塞消防车通道多日",
             "first_badge": "JC0001", "second_name": "高远", "second_badge": "JC0002", "amount": "200",
             "agency": world.city.offices.fire.pk, "agency_id": world.city.offices.fire.pk,
             "offence": "corridor_charging"},
        )  # fmt: skip
        assert told.status_code == 422 and "无权处罚" in told.content.decode()
    theirs = filed_unit(world, case)
    for act in ("give_notice", "propose", "decide", "decide_simple", "spare", "serve", "pay", "cancel"):
        told = client.post(
            reverse("penalties:step", args=[theirs.pk, act]),
            {"amount": "8000", "reasons": REASONS, "reason": "撤销此案件", "note": "决定", "ground": "corrected",
             "principal": "100", "paid_on": timezone.localdate().isoformat(), "receipt": "X", "way": "direct",
             "served_to": "孙悦"},
        )  # fmt: skip
        assert told.status_code in (403, 409, 422), f"{act}: {told.status_code}"
    theirs.refresh_from_db()
    assert theirs.state == "filed" and Penalty.objects.count() == 1


AMOUNTS = ["-1", "0", "NaN", "Infinity", "1e9", "1E400", "4999.99", "50000.01", "8,000,000", "8000.001", "八千",
           "", "0x10", "９９９９９９", "--5", "8000;DROP", "\x00"]  # fmt: skip


@pytest.mark.parametrize("act", ["give_notice", "propose", "decide_simple"])
def test_an_absurd_amount_never_becomes_a_fine(world, hazard, signed_in_as, act):
    fine = filed_unit(world, hazard("FA01"))
    if act == "propose":
        proposed(world, fine)
        Penalty.objects.filter(pk=fine.pk).update(with_head_since=None)  # told and heard, not proposed yet
    before = Penalty.objects.values("state", "amount", "proposed_amount").get(pk=fine.pk)
    client = signed_in_as(world.people.fire_officer)
    for amount in AMOUNTS:
        sent = {"amount": amount, "reasons": REASONS, "base": "-1"}
        for more in ({}, {"days": "99999999999"}):
            told = client.post(reverse("penalties:step", args=[fine.pk, act]), sent | more)
            assert told.status_code in (409, 422), f"{amount!r}: {told.status_code}"
    assert Penalty.objects.values("state", "amount", "proposed_amount").get(pk=fine.pk) == before
    assert not Penalty.objects.exclude(amount=None).exists()


def test_full_width_digits_are_read_as_the_number_they_are(world, hazard, signed_in_as):
    fine = filed_unit(world, hazard("FA01"))
    sent = {"amount": "８０００", "reasons": REASONS}
    told = signed_in_as(world.people.fire_officer).post(
        reverse("penalties:step", args=[fine.pk, "give_notice"]), sent
    )
    fine.refresh_from_db()
    assert (told.status_code, fine.proposed_amount) == (302, Decimal("8000.00"))


@pytest.mark.parametrize("amount", ["-100", "0", "NaN", "9999999999", "1e9", "8000.01", "8,000.5", ""])
def test_an_absurd_payment_is_refused(world, hazard, signed_in_as, amount):
    fine = decided(world, filed_unit(world, hazard("FA01")))
    day = timezone.localdate()
    client = signed_in_as(world.people.fire_officer)
    url = reverse("penalties:step", args=[fine.pk, "pay"])
    for sent in (
        {"principal": amount, "paid_on": day.isoformat(), "receipt": "P"},
        {"principal": "0", "surcharge": amount, "paid_on": day.isoformat(), "receipt": "P"},
        {"principal": "100", "paid_on": (day + timedelta(days=1)).isoformat(), "receipt": "P"},
        {"principal": "100", "paid_on": "0001-01-01", "receipt": "P"},
        {"principal": "100", "paid_on": "9999-12-31", "receipt": "P"},
    ):
        assert client.post(url, sent).status_code == 422, sent
    assert not Payment.objects.exists()


def test_nothing_is_dated_in_the_future(world, hazard, signed_in_as):
    case = hazard("FA01")
    tomorrow = timezone.localtime(world.now) + timedelta(days=1)
    typed = f"{tomorrow:%Y-%m-%dT%H:%M}"
    order = ordered(world, hazard("FF03"), "fire_officer")
    client = signed_in_as(world.people.fire_officer)
    fine = filed_unit(world, case)
    proposed(world, fine)
    penalties.decide(penalty_id=fine.pk, by=world.actor("fire_chief"), at=world.now)
    serve = {"way": "direct", "served_to": "孙悦", "served_at": typed}
    assert client.post(reverse("penalties:step", args=[fine.pk, "serve"]), serve).status_code == 422
    comply = {"on": f"{tomorrow:%Y-%m-%d}", "note": "现场已经整改完毕"}
    assert client.post(reverse("orders:step", args=[order.pk, "comply"]), comply).status_code == 422
    chief = signed_in_as(world.people.fire_chief)
    seal = {"unit": "1", "ground": "escape_unusable", "part": "地下室", "reason": "安全出口被封堵无法疏散",
            "first_name": "赵安", "first_badge": "1", "second_name": "钱防", "second_badge": "2"}  # fmt: skip
    for until in (
        "9999-12-31",
        "0001-01-01",
        f"{tomorrow + timedelta(days=40):%Y-%m-%d}",
        f"{tomorrow - timedelta(days=3):%Y-%m-%d}",
    ):
        told = chief.post(f"{reverse('orders:sealing_new')}?case={case.pk}", seal | {"until": until})
        assert told.status_code == 422, until
    fine.refresh_from_db()
    order.refresh_from_db()
    assert fine.served_at is None and order.state == "served" and not Sealing.objects.exists()


def test_a_unit_of_another_place_cannot_be_sealed_under_this_case(world, hazard, signed_in_as):
    from anju.duties.inspections.models import Unit

    case = hazard("FA01")
    elsewhere = Unit.objects.get(estate=world.city.estates.shanqian, kind="estate")
    with pytest.raises(Refusal, match="被查封的单位"):
        sealed(world, case, unit_id=elsewhere.pk)
    with pytest.raises(Refusal, match="只能由"):
        sealings.seal(
            matter=matters.of_case(world.actor("police_chief"), case.pk, at=world.now), unit_id=None,
            ground="escape_unusable", part="地下室", reason="唯一安全出口被封堵", until=timezone.localdate(),
            officers=TWO, by=world.actor("police_chief"), at=world.now,
        )  # fmt: skip
    assert not Sealing.objects.exists()


def test_one_officer_is_not_two_by_writing_the_badge_differently(world, hazard):
    case = hazard("FA01")
    for twice in (
        [("赵安", "XF0001"), ("赵安", "XF0002")],
        [("赵安", "XF0001"), (" 赵安 ", "")],
        [("赵安", "XF0001")] * 2,
    ):
        with pytest.raises(Refusal, match="至少需要 2 名"):
            filed_unit(world, case, officers=twice)
    assert not Penalty.objects.exists()


def test_nobody_decides_their_own_case_however_the_officers_are_written(world, hazard, signed_in_as):
    chief = world.people.fire_chief
    own = penalties.file(
        matter=matters.of_case(chief.actor(world.now), (case := hazard("FA01")).pk, at=world.now),
        offence="lane_blocked",
        procedure="ordinary", accused=Accused("unit", "安邻物业服务有限公司"), facts="消防车通道被占用", officers=TWO,
        by=chief.actor(world.now), at=world.now,
    )  # fmt: skip
    proposed(world, own)
    told = signed_in_as(chief).post(reverse("penalties:step", args=[own.pk, "decide"]), {"note": "同意"})
    assert told.status_code == 403 and "自己办理的案件" in told.content.decode()
    told = signed_in_as(chief).post(
        reverse("penalties:step", args=[own.pk, "spare"]),
        {"ground": "corrected", "note": "已经改正完毕"},
    )
    assert told.status_code in (403, 422)
    noticed = filed_unit(world, hazard("FA02"))
    measure = Measure(Decimal(8000), reasons=REASONS)
    penalties.give_notice(penalty_id=noticed.pk, measure=measure, by=chief.actor(world.now), at=world.now)
    own.refresh_from_db()
    assert own.state == "noticed" and case.pk == own.case_id


def test_a_person_is_not_fined_before_an_order_and_never_by_who_may_not_punish(world, hazard, signed_in_as):
    case = hazard("EB02")
    url = f"{reverse('penalties:new')}?case={case.pk}&offence=corridor_charging"
    sent = {"procedure": "simple", "party_kind": "person", "party_name": PUNISHED, "facts": "在门厅为电动自行车充电",
            "first_badge": "JC0001", "amount": "200", "refused": "1"}  # fmt: skip
    assert signed_in_as(world.people.police_officer).post(url, sent).status_code == 422
    for who in (
        "street_officer",
        "community_manager",
        "grid_worker",
        "company_clerk",
        "city_supervisor",
        "leader",
    ):
        assert signed_in_as(getattr(world.people, who)).post(url, sent).status_code == 404
    assert not Penalty.objects.exists()


def test_a_large_fine_is_not_taken_in_cash_without_its_ground(world, hazard, signed_in_as):
    fine = fined_person(world, hazard("EB02"))
    day = timezone.localdate()
    client = signed_in_as(world.people.police_officer)
    url = reverse("penalties:step", args=[fine.pk, "pay"])
    told = client.post(url, {"principal": "200", "paid_on": day.isoformat(), "receipt": "S-1", "way": "spot"})
    assert told.status_code == 422 and "当场收缴" in told.content.decode()
    assert not Payment.objects.exists()


# --- Transfers ----------------------------------------------------------------------------------------------------


def test_a_transfer_is_closed_by_nobody_but_its_sides_and_not_in_silence(world, hazard, signed_in_as):
    transfer = step(world, drafted(world, hazard("EG02")), "send", "police_officer")
    acts = ("send", "sign_for", "accept", "refuse", "pass_on", "report_back", "close", "insist", "redirect", "contest",
            "take_back", "order_accept", "order_return", "discard", "vanish")  # fmt: skip
    strangers = (
        "street_officer",
        "county_supervisor",
        "city_supervisor",
        "duty_officer",
        "leader",
        "grid_worker",
    )
    sent = {
        "note": "经研究决定予以办理完毕",
        "outcome": "punished",
        "receiver_id": world.city.offices.urban_management.pk,
    }
    for who in strangers:
        client = signed_in_as(getattr(world.people, who))
        for act in acts:
            told = client.post(reverse("transfers:step", args=[transfer.pk, act]), sent)
            assert told.status_code in (403, 404, 409), f"{who} {act}: {told.status_code}"
    for act in ("close", "report_back", "sign_for", "accept", "take_back", "discard", "order_return"):
        told = signed_in_as(world.people.police_officer).post(
            reverse("transfers:step", args=[transfer.pk, act]), sent
        )
        assert told.status_code in (403, 409), f"sender {act}: {told.status_code}"
    for act in ("close", "insist", "redirect", "report_back", "order_accept"):
        told = signed_in_as(world.people.fire_officer).post(
            reverse("transfers:step", args=[transfer.pk, act]), sent
        )
        assert told.status_code in (403, 409), f"receiver {act}: {told.status_code}"
    transfer.refresh_from_db()
    assert (transfer.state, transfer.outcome) == ("sent", "")
    step(world, transfer, "sign_for", "fire_officer")
    step(world, transfer, "accept", "fire_officer")
    for outcome in ("", "redirected", "taken_back", "not_sent", "x" * 200):
        with pytest.raises(Refusal):
            step(world, transfer, "report_back", "fire_officer", note="已处理完毕并归档", outcome=outcome)


def test_the_sender_and_the_receiver_of_a_transfer_are_not_what_a_form_says(world, hazard, signed_in_as):
    case = hazard("EG02")
    offices = world.city.offices
    client = signed_in_as(world.people.police_officer)
    sent = {
        "kind": "referral",
        "reason": "处罚属于消防救援机构职权，请依法查处",
        "stopped": "已当场责令打开安全出口",
    }
    url = f"{reverse('transfers:new')}?case={case.pk}"
    for receiver in (offices.police.pk, offices.west_housing.pk, offices.company.pk, 999999999, -1, "x", ""):
        assert client.post(url, sent | {"receiver": receiver}).status_code == 422, receiver
    with pytest.raises(Refusal, match="以哪个单位的名义"):
        drafted(world, case, sender_id=offices.fire.pk)
    other = hazard("EB02")
    with pytest.raises(Refusal, match="不属于本件"):
        drafted(world, case, evidence_ids=list(other.evidence.values_list("pk", flat=True)))
    theirs = ordered(world, other, "fire_officer")
    with pytest.raises(Refusal, match="与本件无关"):
        drafted(world, case, order_id=theirs.pk)
    told = client.post(url, sent | {"receiver": offices.fire.pk, "sender": offices.fire.pk, "kind": "secret"})
    assert told.status_code == 422
    assert not Transfer.objects.exists()


def test_only_the_fire_agency_judges_and_the_proposer_does_not_decide(everything, signed_in_as):
    from anju.duties.majors.models import MajorHazard

    major_id = everything.ids["major_id"]
    url = reverse("majors:step", args=[major_id, "decide"])
    sent = {"note": "经集体讨论研究决定", "due_on": f"{timezone.localdate() + timedelta(days=30)}"}
    for who, status in (
        ("police_chief", 404),
        ("street_officer", 404),
        ("fire_officer", 403),
        ("county_supervisor", 403),
    ):
        told = signed_in_as(getattr(everything.people, who)).post(url, sent)
        assert told.status_code == status, f"{who}: {told.status_code}"
    chief = signed_in_as(everything.people.fire_chief)
    for day in ("2020-01-01", "0001-01-01", "x"):
        assert chief.post(url, sent | {"due_on": day}).status_code == 422, day
    assert MajorHazard.objects.get(pk=major_id).state == "proposed"


# --- Long keys, long texts, files ---------------------------------------------------------------------------------


def test_a_key_as_long_as_a_novel_is_no_server_error(everything, signed_in_as):
    ids, key = everything.ids, "k" * 5000
    sent = FILLED | {"request_key": key, "outcome": "punished", "upheld": "0", "answer": "经核查异议不成立，维持",
                     "way": "direct", "served_to": "孙悦", "signed_by": "钱经理",
                     "text": "对认定事实有异议请复核"}  # fmt: skip
    case = everything.ids["case_id"]
    for who in (
        "police_officer",
        "fire_officer",
        "fire_chief",
        "county_supervisor",
        "city_supervisor",
        "leader",
    ):
        client = signed_in_as(getattr(everything.people, who))
        for address in addresses.table():
            if not address.name.startswith(ROOMS):
                continue
            acts = {
                "transfers:step": ("accept", "refuse"), "orders:step": ("withdraw",),
                "documents:take_step": ("void_own",), "suggestions:step": ("sign", "send_back"),
            }.get(address.name, ("cancel",))  # fmt: skip
            for act in acts:
                url = address.filled(ids | {"act": act})
                if url:
                    told = client.post(
                        f"{url}?case={case}&order={ids['order_id']}&unit={ids['unit_id']}", sent
                    )
                    assert told.status_code < 500, f"{who} {url}"


def test_evidence_that_is_no_picture_is_refused_at_a_transfer(world, hazard, signed_in_as):
    transfer = step(world, drafted(world, hazard("EG02")), "send", "police_officer")
    step(world, transfer, "sign_for", "fire_officer")
    step(world, transfer, "accept", "fire_officer")
    url = reverse("transfers:step", args=[transfer.pk, "report_back"])
    client = signed_in_as(world.people.fire_officer)
    for data in (
        b"<html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"MZ\x90",
    ):
        told = client.post(
            url,
            {
                "note": "已处理完毕，见附件",
                "outcome": "rectified",
                "uploads": samples.upload(data, name="a.jpg"),
            },
        )
        assert told.status_code == 422, data
    transfer.refresh_from_db()
    assert transfer.state == "accepted"


# --- What is typed is words, never markup, never a formula ---------------------------------------------------------

NASTY = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> {{ 7*7 }} {% debug %} #sys.inputs #panic(1) $x^2$ *b* "
    "_i_ `c` "
    "\\ \\u{41} @label <label> //c /* c */ = h [x](y) “q” \"'"
)


def test_markup_in_what_is_typed_stays_words_in_pages_papers_and_lists(world, hazard, signed_in_as):
    import io
    import zipfile

    from anju.duties.orders.services import orders
    from anju.means.documents import services as papers

    case = hazard("FA01", text="通道堵塞" + NASTY, place="=1+1 <b>门</b>")
    by, at = world.actor("fire_officer"), world.now
    typed = {"recipient": "=cmd|'/c calc'!A1 " + NASTY[:60], "hazard": NASTY, "place": "#place [x]"}
    draft = orders.of_case(case.pk, by=by, at=at, typed=typed)
    order = orders.order_timed(draft=draft, by=by, at=at)
    fine = filed_unit(world, case, Accused("unit", "+HYPERLINK(0) <i>"), facts=NASTY)
    measure = Measure(Decimal(8000), reasons=NASTY)
    penalties.give_notice(penalty_id=fine.pk, measure=measure, by=by, at=at)
    transfer = step(world, drafted(world, case, receiver_id=world.city.offices.huaiyin_office.pk,
                                   by=by, reason=NASTY, stopped=NASTY), "send", "fire_officer")  # fmt: skip
    for paper in IssuedDocument.objects.all():
        pdf, docx = papers.files_of(paper)
        assert pdf[:5] == b"%PDF-"
        with zipfile.ZipFile(io.BytesIO(docx)) as kept:
            body = kept.read("word/document.xml").decode()
        for typed_as in (
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "{{ 7*7 }}",
            "{% debug %}",
            "#sys.inputs",
            "$x^2$",
        ):
            assert typed_as in body, f"{paper.kind}: {typed_as}"
        assert "<script>" not in body
    client = signed_in_as(world.people.fire_officer)
    pages = [
        reverse("orders:order", args=[order.pk]), reverse("penalties:penalty", args=[fine.pk]),
        reverse("transfers:transfer", args=[transfer.pk]), reverse("orders:list"),
        reverse("penalties:list"), reverse("transfers:list"), reverse("cases:case", args=[case.pk]),
        *[reverse("documents:one", args=[paper.pk]) for paper in IssuedDocument.objects.all()],
    ]  # fmt: skip
    for url in pages:
        text = _text(client.get(url))
        assert "<script>alert" not in text and "<img src=x" not in text and "<i> " not in text, url
    for kind in ("orders", "fines", "cases", "findings", "visits"):
        told = client.get(reverse("exchange:export_list", args=[kind]), {"format": "csv"})
        for line in _text(told).splitlines():
            for cell in line.split(","):
                assert not cell.strip('"\ufeff').startswith(("=", "@", "+H", "-H")), f"{kind}: {cell[:40]}"


def test_a_stranger_and_a_wrong_number_are_told_the_same(everything, signed_in_as):
    client = signed_in_as(everything.people.west_county)
    for name, key in (
        ("orders:order", "order_id"),
        ("penalties:penalty", "penalty_id"),
        ("transfers:transfer", "transfer_id"),
        ("majors:major", "major_id"),
        ("orders:sealing", "sealing_id"),
        ("objections:objection", "objection_id"),
    ):
        there = client.get(reverse(name, args=[everything.ids[key]]))
        nowhere = client.get(reverse(name, args=[987654321]))
        assert there.status_code == nowhere.status_code == 404
        same = [
            told.content.decode().replace(str(n), "")
            for told, n in ((there, everything.ids[key]), (nowhere, 987654321))
        ]
        assert len(same[0]) == pytest.approx(len(same[1]), abs=60)
    for verb in (penalties.unseal,):
        with pytest.raises(NotFound):
            verb(
                penalty_id=everything.ids["penalty_id"],
                reason="需要核对当事人身份",
                by=everything.actor("west_county"),
                at=everything.now,
            )
    with pytest.raises(NotFound):
        transfers.verify_manifest(
            transfer_id=everything.ids["transfer_id"], by=everything.actor("west_officer"), at=everything.now
        )
