"""Transfers as pure rules: every state has a way on, whoever must act is known, a manifest's hash tells a change."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from anju.duties.transfers import rules
from anju.duties.transfers.rules import STATE_LABELS, TransferState
from anju.ground.foundation import law, rulebooks, workdays
from anju.ground.foundation.workflow import Step

DAY = date(2024, 7, 12)
AT = datetime(2024, 7, 12, 1, 0, tzinfo=UTC)
BOOK = rulebooks.load("transfers", on=DAY)
HAZARDS = {c["code"]: c for c in rulebooks.load("hazards", on=DAY)["classes"]}
KINDS = rulebooks.load("organisations", on=DAY)["kinds"]
POWERS, ROLES = (rulebooks.load("access", on=DAY)[part] for part in ("powers", "roles"))
KNOWN = law.read(Path(__file__).parents[5] / "docs" / "law")


def possible(state: str, due_step: str, *, contested_at: datetime | None = None) -> list[Step]:
    """List the steps that one of the parties may take now."""
    row = SimpleNamespace(due_step=due_step, contested_at=contested_at)
    return [
        step
        for step in rules.STEPS
        if step.pressed and step.possible(state) and step.who in ("sender", "receiver", "settler")
        if (step.who != "settler" or due_step in rules.SETTLING) and not any(no(row, DAY) for no in step.when)
    ]


def test_no_state_but_the_last_is_a_dead_end():
    for state in set(STATE_LABELS) - {TransferState.CLOSED, TransferState.PASSED_ON}:
        assert possible(state, "outcome"), state
        assert rules.next_party(state, "outcome"), state
    assert possible(TransferState.CLOSED, "") == []
    assert rules.next_party(TransferState.CLOSED, "") == ""
    # What was passed on ends with the outcome of the one it was passed to; until then its receiver answers for it.
    assert rules.next_party(TransferState.PASSED_ON, "outcome") == rules.RECEIVER


def test_every_step_that_leaves_a_matter_open_starts_somebodys_clock():
    for step in rules.STEPS:
        assert bool(step.stops) == (step.target == TransferState.CLOSED), step.act
        assert not step.target or bool(step.starts) != bool(step.stops), step.act


def test_a_refusal_and_a_return_need_a_reason():
    required = {step.act for step in rules.STEPS if any(a.name == "note" and a.required for a in step.asks)}
    assert {
        "refuse",
        "insist",
        "pass_on",
        "redirect",
        "contest",
        "take_back",
        "discard",
        "report_back",
    } <= required


@pytest.mark.parametrize(
    ("state", "due_step", "party"),
    [
        ("draft", "send", "sender"),
        ("sent", "sign", "receiver"),
        ("signed", "accept", "receiver"),
        ("accepted", "outcome", "receiver"),
        ("refused", "redirect", "sender"),
        ("refused", "settle_recv", "receiver_superior"),
        ("refused", "settle_sender", "sender_superior"),
        ("reported_back", "close", "sender"),
    ],
)
def test_who_must_act_next(state: str, due_step: str, party: str):
    assert rules.next_party(state, due_step) == party
    acts = possible(state, due_step)
    assert acts
    assert {rules.SETTLING.get(due_step, step.who) for step in acts} == {party}


def test_while_a_dispute_is_open_only_the_common_superior_acts():
    assert [s.act for s in possible("refused", "settle_recv")] == ["order_accept", "order_return"]
    assert [s.act for s in possible("refused", "redirect")] == ["redirect", "contest", "take_back"]
    assert "contest" not in [s.act for s in possible("refused", "redirect", contested_at=AT)]


# --- The rulebook -------------------------------------------------------------------------------------------------


def test_every_clock_of_the_steps_is_in_the_rulebook_with_a_known_article():
    for step in rules.STEPS:
        for clock in step.starts:
            for kind in ("referral", "copy_notice", "serious_report"):
                assert rules.clock_key(clock, kind=kind) in BOOK["clocks"]
    for key, entry in BOOK["clocks"].items():
        assert workdays.Term(entry["amount"], entry["unit"]), key
        assert entry["basis"] in KNOWN, key
        assert entry.get("default", False) == entry["basis"].startswith("xx-defaults"), key


@pytest.mark.parametrize(
    ("class_code", "sender", "key", "amount", "unit"),
    [
        ("EG02", "police_station", "send_police", 24, "hours"),
        ("EG02", "street_office", "send", 1, "workdays"),
        ("CO01", "police_station", "send_unapproved", 5, "workdays"),
    ],
)
def test_how_soon_a_transfer_is_sent(class_code: str, sender: str, key: str, amount: int, unit: str):
    assert rules.send_clock(BOOK, class_code=class_code, sender_kind=sender) == key
    assert (BOOK["clocks"][key]["amount"], BOOK["clocks"][key]["unit"]) == (amount, unit)


@pytest.mark.parametrize(
    ("class_code", "to", "kind"),
    [
        ("EG02", "fire_brigade", "referral"),
        ("FA01", "fire_brigade", "referral"),
        ("EB01", "fire_brigade", "referral"),
        ("EB08", "market_regulator", "copy_notice"),
        ("GA01", "gas_regulator", "copy_notice"),
        ("CO01", "county_housing", "referral"),
        ("CO02", "urban_management", "copy_notice"),
        ("MG06", "street_office", "copy_notice"),
        ("PS01", "market_regulator", "copy_notice"),
    ],
)
def test_which_agency_a_hazard_goes_to(class_code: str, to: str, kind: str):
    found = rules.route(BOOK["routes"], class_code=class_code, handling=HAZARDS[class_code]["handling"])
    assert (found.to[0], found.kind) == (to, kind)


def test_every_hazard_has_a_route_of_known_offices_and_articles():
    for code, entry in HAZARDS.items():
        found = rules.route(BOOK["routes"], class_code=code, handling=entry["handling"])
        assert set(found.to) <= set(BOOK["receivers"]) <= set(KINDS)
        assert set(found.basis) <= set(KNOWN), found.id
        if "copy_other" in entry["handling"] and "refer_fire" not in entry["handling"]:
            assert found.to[0] != "fire_brigade", code
    assert set(BOOK["superiors"]) <= set(KINDS)
    assert BOOK["last_role"] in ROLES
    assert set(BOOK["settlers"]) | {BOOK["last_superior"]} <= set(KINDS)
    assert {step.power for step in rules.STEPS if step.power} <= set(POWERS)


# --- The manifest -------------------------------------------------------------------------------------------------


def test_a_manifest_is_the_same_in_any_order_and_another_when_anything_changes():
    taken = datetime(2024, 7, 12, 1, 0, tzinfo=UTC)
    one, two = rules.Line("a" * 64, "出口.jpg", taken), rules.Line("b" * 64, "铁链.jpg", None, "上报")
    known = rules.manifest_hash([one, two])
    assert rules.manifest_hash([two, one]) == known
    for other in (
        replace(one, sha256="c" * 64),
        replace(one, name="x.jpg"),
        replace(one, note="y"),
        replace(one, taken_at=None),
    ):
        assert rules.manifest_hash([other, two]) != known
    assert rules.manifest_hash([one]) != known
