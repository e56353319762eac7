"""The rulebook keeps apart what no one hand may hold, and names what takes a second person."""

from itertools import combinations

import pytest
from tests.structure import house

from anju.ground.access import rules
from anju.ground.foundation import law, rulebooks

EDITIONS = [content for _since, _until, content in rulebooks.editions("access")]
# A small installation begins with one administrator: the one role that holds more than one hand.
UNDIVIDED = {"administrator"}
# Whoever gives powers neither audits nor unseals; whoever keeps the machines, or audits, does not unseal.
APART = [
    ("access.manage", "journal.see"),
    ("access.manage", "cases.unseal"),
    ("territory.manage", "cases.unseal"),
]
THREE_HANDS = ("system_administrator", "security_administrator", "auditor")


def powers(book: dict, role: str) -> set[str]:
    entry = book["roles"][role]
    return {power for part in (entry, *entry.get("also", ())) for power in part["powers"]}


def joined(book: dict, first: str, second: str) -> list[str]:
    """List what two roles in one hand would join that has to be apart."""
    both = powers(book, first) | powers(book, second)
    return [f"{first} + {second}: {a}, {b}" for a, b in APART if {a, b} <= both]


@pytest.fixture(params=EDITIONS, ids=lambda book: book["edition"])
def book(request) -> dict:
    return request.param


def test_no_two_roles_that_one_may_hold_together_join_what_has_to_be_apart(book):
    apart = {frozenset(entry["roles"]) for entry in book["exclusive"]}
    found = [
        why
        for first, second in combinations(book["roles"], 2)
        if frozenset((first, second)) not in apart and UNDIVIDED.isdisjoint((first, second))
        for why in joined(book, first, second)
    ]
    assert found == []
    # The undivided one joins two hands by itself; a third is never added to it.
    for role in UNDIVIDED:
        for other in set(book["roles"]) - {role}:
            if {"cases.unseal"} & powers(book, other) or other == "auditor":
                assert frozenset((role, other)) in apart, other


def test_no_single_role_joins_what_has_to_be_apart(book):
    assert [why for role in book["roles"] if role not in UNDIVIDED for why in joined(book, role, role)] == []
    assert all("cases.unseal" not in powers(book, role) for role in UNDIVIDED)


def test_the_three_hands_exclude_each_other_two_by_two(book):
    apart = {frozenset(entry["roles"]) for entry in book["exclusive"]}
    assert {frozenset(pair) for pair in combinations(THREE_HANDS, 2)} <= apart


def test_each_pair_names_two_roles_and_rests_on_an_article(book):
    known = law.read(house.ROOT / "docs" / "law")
    for entry in book["exclusive"]:
        assert len(set(entry["roles"])) == 2 and set(entry["roles"]) <= set(book["roles"]), entry
        assert entry["basis"] in known and entry["source"], entry


def test_what_is_guarded_are_powers_of_the_rulebook_and_the_power_to_confirm_is_one_of_them(book):
    assert set(book["guarded"]) <= set(book["powers"])
    assert {"access.manage", "access.confirm", "journal.see", "cases.unseal"} <= set(book["guarded"])
    # Whoever audits does not decide about what is audited.
    assert "access.confirm" not in powers(book, "auditor")


def test_who_asked_withdraws_and_a_third_one_decides():
    asked, concerned, third = 1, 2, 3
    for act in ("confirm", "refuse"):
        stands = {n: rules.may(act, person=n, asked_by=asked, concerned=concerned) for n in (1, 2, 3, None)}
        assert stands == {asked: False, concerned: False, third: True, None: False}
    assert [rules.may("withdraw", person=n, asked_by=asked, concerned=concerned) for n in (1, 2, 3)] == [
        True,
        False,
        False,
    ]


def test_every_step_ends_what_is_asked_and_has_its_word():
    pressed = [step for step in rules.STEPS if step.pressed and step.act != "ask"]
    assert {step.act for step in pressed} == {"confirm", "refuse", "withdraw"}
    assert all(step.source == {rules.State.ASKED} for step in pressed)
    ends = {str(step.target) for step in pressed}
    assert ends | {rules.State.ASKED} == set(rules.STATE_LABELS) == set(rules.STATE_TONES)
