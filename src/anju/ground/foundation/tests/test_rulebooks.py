"""The rulebooks of this city hold together: every name in one is known to the other."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from anju.ground.foundation import patience, rulebooks
from anju.ground.foundation.refusals import Refusal
from anju.ground.foundation.workdays import UNITS, Term

ROOT = Path(__file__).parents[5] / "rulebooks"
FILES = sorted(ROOT.rglob("*.yaml"))
DAY = date(2026, 11, 23)
HAZARDS = rulebooks.load("hazards", on=DAY)
COMPLAINTS = rulebooks.load("complaints", on=DAY)
DEADLINES = rulebooks.load("deadlines", on=DAY)
ROUTING = rulebooks.load("routing", on=DAY)
ACCESS = rulebooks.load("access", on=DAY)
KINDS = rulebooks.load("organisations", on=DAY)["kinds"]
CLASSES = [*HAZARDS["classes"], *COMPLAINTS["classes"]]
# The dossier's table of 56 codes, by group, and the three of building safety.
GROUPS = {"EB": 8, "EG": 7, "FA": 4, "FF": 10, "EL": 4, "GA": 3, "FI": 2, "ST": 3, "MU": 5, "MG": 7, "CO": 3}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_rulebook_says_from_when_it_holds_and_where_it_comes_from(path):
    book = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(book["effective_from"], date)
    assert book["source"]


def test_a_day_before_any_edition_is_refused():
    with pytest.raises(Refusal, match="no edition"):
        rulebooks.load("hazards", on=date(2020, 8, 31))
    assert rulebooks.load("hazards", on=date(2020, 9, 1))["edition"] == "2020-09-01"


# --- Classes ------------------------------------------------------------------------------------------------------


def test_the_fifty_six_hazards_and_the_three_of_building_safety_are_there():
    codes = {c["code"] for c in HAZARDS["classes"]}
    expected = {f"{group}{n:02d}" for group, count in GROUPS.items() for n in range(1, count + 1)}
    assert len(expected) == 56
    assert codes == expected | {"PS01", "PS02", "PS03"}


def test_codes_are_used_once_over_hazards_and_complaints():
    codes = [c["code"] for c in CLASSES]
    assert len(codes) == len(set(codes))
    assert max(map(len, codes)) <= 12


@pytest.mark.parametrize("book", [HAZARDS, COMPLAINTS], ids=["hazards", "complaints"])
def test_classes_stand_in_three_levels(book):
    first = {g["code"]: g for g in book["level1"]}
    second = {g["code"]: g for g in book["level2"]}
    assert all(g["level1"] in first for g in second.values())
    for leaf in book["classes"]:
        assert second[leaf["level2"]]["level1"] == leaf["level1"]
    assert {c["level2"] for c in book["classes"]} == set(second), "a group without a class helps nobody"
    assert {g["level1"] for g in second.values()} == set(first)


@pytest.mark.parametrize("leaf", CLASSES, ids=lambda c: c["code"])
def test_every_class_says_all_that_a_case_needs(leaf):
    assert leaf["name"] and leaf["name_en"].isascii()
    assert leaf["severity"] in ("general", "serious", "major_suspected")
    assert set(leaf["handling"]) <= {"on_spot", "order", "refer_fire", "copy_other", "report_up"}
    assert leaf["handling"]
    assert Term(leaf["term"]["amount"], leaf["term"]["unit"])
    assert isinstance(leaf["term"]["default"], bool)
    assert leaf["verify"] in ("verify", "verify_exit")
    assert set(leaf["handlers"]) <= KINDS.keys()
    assert set(leaf.get("fined_by", ())) <= KINDS.keys()
    assert not leaf.get("fineable") or leaf["fined_by"], "a fine needs somebody who may impose it"
    assert leaf["basis"]
    assert leaf["synonyms"]
    assert len(leaf["default_text"]) > 4


def test_groups_have_english_names():
    for book in (HAZARDS, COMPLAINTS):
        assert all(g["name_en"].isascii() for g in (*book["level1"], *book["level2"]))


def test_one_way_of_writing_it_never_means_two_classes():
    for book in (HAZARDS, COMPLAINTS):
        words = [word for c in book["classes"] for word in {c["name"], *c["synonyms"]}]
        assert sorted(w for w in set(words) if words.count(w) > 1) == []


@pytest.mark.parametrize(
    ("code", "severity", "amount", "unit", "verify"),
    [
        ("EB02", "serious", 0, "days", "verify"),
        ("EG01", "serious", 0, "days", "verify_exit"),
        ("EG02", "serious", 0, "days", "verify_exit"),
        ("EG07", "major_suspected", 3, "days", "verify"),
        ("FF05", "serious", 0, "days", "verify_exit"),
        ("FF04", "major_suspected", 15, "days", "verify"),
        ("FA01", "serious", 0, "days", "verify"),
        ("MU03", "general", 30, "days", "verify"),
        ("CO01", "major_suspected", 5, "workdays", "verify"),
    ],
)
def test_some_rows_of_the_table(code, severity, amount, unit, verify):
    leaf = next(c for c in CLASSES if c["code"] == code)
    assert (leaf["severity"], leaf["verify"]) == (severity, verify)
    assert (leaf["term"]["amount"], leaf["term"]["unit"]) == (amount, unit)


# --- Clocks -------------------------------------------------------------------------------------------------------


def test_every_clock_is_a_possible_term_with_a_basis():
    for key, clock in DEADLINES["clocks"].items():
        assert clock["unit"] in UNITS
        assert Term(clock["amount"], clock["unit"])
        assert clock["basis"], key
        assert clock.get("clock", key) in DEADLINES["clocks"]
        assert clock["name"] and clock["name_en"]


@pytest.mark.parametrize(
    ("key", "amount", "unit"),
    [
        ("verify_exit", 24, "hours"),
        ("verify", 3, "workdays"),
        ("recheck", 3, "workdays"),
        ("reply", 20, "days"),
    ],
)
def test_the_clocks_the_law_gives(key, amount, unit):
    clock = DEADLINES["clocks"][key]
    assert (clock["amount"], clock["unit"], clock.get("default", False)) == (amount, unit, False)


def test_a_figure_of_the_citys_own_is_marked_as_default():
    def walk(node: object) -> None:
        if isinstance(node, dict):
            basis = node.get("basis")
            if isinstance(basis, str) and basis.startswith("xx-defaults") and "name" not in node:
                assert node.get("default") is True, node
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(DEADLINES)
    for key, clock in DEADLINES["clocks"].items():
        assert bool(clock.get("default")) == clock["basis"].startswith("xx-defaults"), key


def test_the_ladder_climbs_and_ends_with_the_duty_officer():
    ladder = DEADLINES["escalation"]["ladder"]
    assert [rung["level"] for rung in ladder] == ["street", "county", "city", "duty"]
    after = [rung["after"]["amount"] for rung in ladder]
    assert after == sorted(set(after))
    assert all(rung["kind"] in KINDS for rung in ladder)


# --- Routing ------------------------------------------------------------------------------------------------------

CONDITIONS = {
    "kind": {"hazard", "complaint"},
    "severity": {"general", "serious", "major_suspected"},
    "management": {"company", "self", "street", "work_unit", "none", "unknown"},
    "has_company": {True, False},
    "old_community": {True, False},
    "channel": {"portal", "staff", "field", "import", "api"},
    "unit_kind": set(rulebooks.load("units", on=DAY)["kinds"]) - {"estate"},
    "unit_known": {True, False},
}


@pytest.mark.parametrize("rule", ROUTING["rules"], ids=lambda r: r["id"])
def test_every_routing_rule_is_understood(rule):
    for name, wanted in rule["when"].items():
        options = wanted if isinstance(wanted, list) else [wanted]
        if name == "class_prefix":
            for prefix in options:
                assert any(c["code"].startswith(prefix) for c in CLASSES), prefix
        else:
            assert set(options) <= CONDITIONS[name]
    for duty in ("dispatcher", "handler", "checker"):
        assert rule[duty]
        assert {target["kind"] for target in rule[duty]} <= KINDS.keys() | {
            "unit_organisation",
            "unit_agency",
        }
        assert all(
            target.get("level") in (None, "city", "county", "street", "community") for target in rule[duty]
        )
    assert rule["handler"][0]["kind"] != rule["checker"][0]["kind"], (
        "nobody checks the work of their own office"
    )
    assert rule["reason"] and rule["reason_en"].isascii()
    assert len(rule["id"]) <= 60


def test_the_last_rule_fits_everything_and_ids_are_used_once():
    rules = ROUTING["rules"]
    assert rules[-1]["when"] == {}
    assert [r["id"] for r in rules if r["when"] == {}] == [rules[-1]["id"]]
    assert len({r["id"] for r in rules}) == len(rules)


def test_only_the_company_may_be_alone_because_a_contract_makes_it_certain():
    for rule in ROUTING["rules"]:
        last = rule["handler"][-1]["kind"]
        assert last != "property_company" or rule["when"].get("has_company") is True, rule["id"]


def test_every_kind_of_unit_but_an_estate_has_somebody_of_its_own():
    """A hazard of a shop is not the residents' committee's; that of an estate goes as the estate is managed."""
    found = {kind: first_rule(code="EG02", kind="hazard", severity="serious", management="none", has_company=False,
                              old_community=True, channel="field", unit_kind=kind, unit_known=False)
             for kind in rulebooks.load("units", on=DAY)["kinds"]}  # fmt: skip
    assert found.pop("estate") == "hazard-old-unmanaged"
    assert set(found.values()) == {"unit-responsible"}


def first_rule(**facts: object) -> str:
    """Return the id of the rule that fires, by the words at the top of the rulebook."""
    facts = {"unit_kind": "", "unit_known": False} | facts

    def fits(when: dict) -> bool:
        for name, wanted in when.items():
            options = wanted if isinstance(wanted, list) else [wanted]
            if name == "class_prefix":
                if not any(str(facts["code"]).startswith(prefix) for prefix in options):
                    return False
            elif facts[name] not in options:
                return False
        return True

    return next(rule["id"] for rule in ROUTING["rules"] if fits(rule["when"]))


# code, severity, how the estate is managed, whether it is old -> the rule that fires
SITUATIONS = [
    ("EG02", "serious", "company", False, "hazard-company"),
    ("EB02", "serious", "company", True, "hazard-company"),
    ("EB02", "serious", "none", True, "hazard-old-unmanaged"),
    ("EB02", "serious", "self", False, "hazard-unmanaged"),
    ("FF01", "serious", "work_unit", True, "hazard-work-unit"),
    ("FF04", "major_suspected", "company", False, "major-fire"),
    ("ST03", "major_suspected", "none", True, "major-fire"),
    ("CO01", "major_suspected", "company", False, "unapproved-building"),
    ("CO02", "serious", "company", False, "illegal-building"),
    ("GA02", "serious", "company", False, "gas"),
    ("EB08", "serious", "company", False, "battery"),
    ("MU03", "general", "company", False, "home-to-shop"),
    ("MU04", "serious", "none", True, "group-rental"),
    ("MG07", "general", "none", True, "community-duties"),
    ("FF09", "serious", "company", False, "fire-products"),
    ("PS01", "serious", "company", False, "lift"),
    ("PS02", "serious", "none", True, "structure"),
    ("EN01", "general", "company", False, "complaint-company"),
    ("EN01", "general", "none", True, "anything-else"),
    ("FS02", "serious", "company", False, "complaint-fire"),
    ("FS02", "serious", "none", False, "anything-else"),
    ("CR02", "general", "company", False, "complaint-money"),
    ("FE01", "general", "company", False, "complaint-price"),
    ("OC01", "general", "none", True, "complaint-committee"),
    ("NB01", "general", "company", False, "complaint-neighbours"),
    ("DE02", "general", "company", False, "complaint-decoration"),
    ("DE01", "general", "company", False, "complaint-company"),
]


@pytest.mark.parametrize(("code", "severity", "management", "old", "rule"), SITUATIONS)
def test_where_a_case_is_sent(code, severity, management, old, rule):
    kind = "hazard" if any(c["code"] == code for c in HAZARDS["classes"]) else "complaint"
    fired = first_rule(
        code=code,
        kind=kind,
        severity=severity,
        management=management,
        has_company=management == "company",
        old_community=old,
        channel="portal",
    )
    assert fired == rule


# code, severity, at whose premises, whether who answers for them is known here -> the rule that fires
AT_UNITS = [
    ("EG02", "serious", "small_shop", False, "unit-responsible"),
    ("FF09", "serious", "rental_house", False, "unit-responsible"),
    ("EG02", "serious", "property_company", True, "unit-itself"),
    ("EG02", "serious", "residents_committee", True, "unit-itself"),
    ("FF04", "major_suspected", "small_hotel", False, "unit-major-fire"),
    ("EG02", "serious", "estate", False, "hazard-old-unmanaged"),
    ("GA02", "serious", "small_eatery", False, "gas"),
]


@pytest.mark.parametrize(("code", "severity", "unit_kind", "known", "rule"), AT_UNITS)
def test_where_a_hazard_of_a_unit_is_sent(code, severity, unit_kind, known, rule):
    fired = first_rule(
        code=code,
        kind="hazard",
        severity=severity,
        management="none",
        has_company=False,
        old_community=True,
        channel="field",
        unit_kind=unit_kind,
        unit_known=known,
    )
    assert fired == rule


def test_every_rule_fires_in_some_situation():
    assert {row[-1] for row in [*SITUATIONS, *AT_UNITS]} == {rule["id"] for rule in ROUTING["rules"]}


# --- Access -------------------------------------------------------------------------------------------------------


def parts(role: dict) -> list[dict]:
    return [role, *role.get("also", ())]


def test_every_role_uses_known_powers_reaches_and_kinds():
    for key, role in ACCESS["roles"].items():
        assert role["name"] and role["name_en"].isascii(), key
        assert set(role["in"]) <= KINDS.keys(), key
        for part in parts(role):
            assert part["reach"] in ("area", "desk", "company", "all"), key
            assert set(part["powers"]) <= ACCESS["powers"].keys(), key


def test_every_power_is_somebodys_and_has_names():
    held = {power for role in ACCESS["roles"].values() for part in parts(role) for power in part["powers"]}
    assert held == set(ACCESS["powers"])
    assert all(p["name"] and p["name_en"].isascii() for p in ACCESS["powers"].values())


def test_where_duties_are_separated_no_role_manages_both_the_system_and_the_accounts_or_the_audit():
    separated = {
        "system_administrator": {"access.manage", "journal.see"},
        "security_administrator": {"territory.manage", "journal.see"},
        "auditor": {"access.manage", "territory.manage"},
    }
    for key, never in separated.items():
        assert never.isdisjoint(p for part in parts(ACCESS["roles"][key]) for p in part["powers"]), key


def test_a_company_reaches_no_further_than_its_contracts():
    clerk = ACCESS["roles"]["company_clerk"]
    assert {part["reach"] for part in parts(clerk)} == {"company"}
    assert set(clerk["powers"]) == {
        "cases.see",
        "cases.handle",
        "territory.see",
        "inspections.see",  # visits to its own estates, …
        "orders.see",  # … orders and decisions that were handed to it, …
        "orders.obey",
        "penalties.see",
        "majors.see",
        "objections.see",
        "objections.object",  # … and objections to these
    }


def test_kinds_have_both_names():
    assert all(kind["name"] and kind["name_en"].isascii() for kind in KINDS.values())


def test_no_figure_of_the_deadlines_stands_there_unread():
    """A limit that no code reads would be printed, confirmed by a city, and hold nowhere."""
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT.parent / "src" / "anju").rglob("*.py")
        if "tests" not in path.parts
    )
    said = {"basis", "default", "effective_from", "source", "clocks"}
    limits = {
        f"{name}.{key}"
        for name, section in DEADLINES.items()
        if isinstance(section, dict) and name not in said
        for key in section
        if key not in said
    }
    unread = {limit for limit in limits if f'"{limit.partition(".")[2]}"' not in source}
    assert unread == set()
    for guarded in ("report", "follow"):
        assert set(DEADLINES["abuse"][guarded]) == set(patience.NAMES)
