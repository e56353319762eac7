"""Who may fine what, how much, and what is owed when it is late: no database."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from anju.duties.penalties import rules
from anju.duties.penalties.rules import STATE_LABELS
from anju.ground.foundation import law, rulebooks
from anju.ground.foundation.workflow import ANY

DAY = date(2024, 7, 12)
BOOK = rulebooks.load("penalties", on=DAY)
OFFENCES = rules.read(BOOK)
SITUATIONS = yaml.safe_load((Path(__file__).parent / "who_may_fine.yaml").read_text(encoding="utf-8"))
ROOT = Path(__file__).parents[5]
D = Decimal


@pytest.mark.parametrize("told", SITUATIONS, ids=lambda told: told["told"])
def test_who_may_fine_what(told):
    offence = OFFENCES[told["offence"]]
    assert offence.follows_from(told["hazard"])
    answer = rules.who_may(offence, told["agency"], told["day"])
    assert answer.may is told["may"]
    if not told["may"]:
        assert answer.to_kind == told["to"]
    for party in ("person", "unit"):
        if party in told:
            assert rules.bounds(offence.parties[party]) == tuple(D(n) for n in told[party])
    if "warning" in told:
        assert offence.warning is told["warning"]
    if "simple" in told:
        assert rules.simple_ceiling(BOOK, told["agency"], "person", told["day"]).most == D(told["simple"])


# --- The rulebook -----------------------------------------------------------------------------------------------


def test_every_offence_names_its_article_its_agencies_and_its_source():
    known = law.read(ROOT / "docs" / "law")
    kinds = rulebooks.load("organisations", on=DAY)["kinds"]
    hazards = {
        c["code"] for name in ("hazards", "complaints") for c in rulebooks.load(name, on=DAY)["classes"]
    }
    for offence in OFFENCES.values():
        assert len(offence.key) <= 30 and offence.name and offence.name_en.isascii() and offence.source
        assert offence.basis and set(offence.basis) <= set(known), offence.key
        assert offence.agencies and set(offence.agencies) <= set(kinds), offence.key
        assert set(offence.hazards) <= hazards, offence.key
        assert offence.needs in ("absent", "order", "overdue")
        assert offence.parties or offence.elsewhere
        for allowed in offence.parties.values():
            assert allowed.most >= allowed.least


def test_every_article_of_the_procedure_is_known():
    known = set(law.read(ROOT / "docs" / "law"))

    def keys(value):
        if isinstance(value, dict):
            for name, part in value.items():
                if name in ("basis", "officers_basis"):
                    yield from (
                        part
                        if isinstance(part, list)
                        else part.values()
                        if isinstance(part, dict)
                        else [part]
                    )
                else:
                    yield from keys(part)
        elif isinstance(value, list):
            for part in value:
                yield from keys(part)

    found = [key for key in keys({k: v for k, v in BOOK.items() if k != "offences"}) if isinstance(key, str)]
    assert len(found) > 20
    assert set(found) <= known
    assert {line["default"] for line in BOOK["ceilings"] if line.get("default")} <= known


def test_a_class_that_may_be_fined_agrees_with_the_offences():
    """What rulebooks/hazards says about fines and agencies is what the offences say."""
    for entry in rulebooks.load("hazards", on=DAY)["classes"]:
        if entry.get("fineable"):
            offences = [o for o in OFFENCES.values() if o.follows_from(entry["code"])]
            assert offences, entry["code"]


def test_the_offences_that_fit_come_first():
    listed = rules.choices(OFFENCES.values(), "FA01", DAY)
    assert listed[0].key == "lane_blocked"
    assert {o.key for o in listed[1:3]} <= {"hazard_not_removed", "negligent_fire"}
    assert len(listed) == len(OFFENCES)
    assert len(rules.choices(OFFENCES.values(), "FA01", date(2021, 7, 31))) == len(OFFENCES) - 2


# --- How much ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agency", "party", "on", "most"),
    [
        ("police_station", "person", date(2021, 7, 14), "50"),
        ("police_station", "person", date(2021, 7, 15), "200"),
        ("police_station", "unit", DAY, "3000"),
        ("fire_brigade", "person", DAY, "200"),
        ("fire_brigade", "unit", date(2021, 7, 14), "1000"),
        ("county_housing", "unit", DAY, "3000"),
    ],
)
def test_the_ceiling_on_the_spot_is_dated(agency, party, on, most):
    assert rules.simple_ceiling(BOOK, agency, party, on).most == D(most)


def test_the_other_rule_stands_beside_the_one_applied_to_the_police():
    ceiling = rules.simple_ceiling(BOOK, "police_station", "person", DAY)
    assert ceiling.is_default and ceiling.conflict is not None
    assert (ceiling.conflict["person"], ceiling.conflict["unit"]) == (50, 1000)
    assert rules.simple_ceiling(BOOK, "fire_brigade", "person", DAY).conflict is None


def test_serious_cases_shares_multiples_and_days():
    signs = OFFENCES["company_fire_signs"].parties["unit"]
    assert rules.bounds(signs) == (D(5000), D(20000))
    assert rules.bounds(signs, serious=True) == (D(5000), D(50000))
    whole = OFFENCES["whole_subcontracted"].parties["unit"]
    assert rules.bounds(whole, base=D("333333.33")) == (D("100000.00"), D("166666.67"))
    assert rules.bounds(OFFENCES["fund_diverted"].parties["unit"], base=D(1000)) == (D(0), D(2000))
    assert rules.bounds(OFFENCES["will_not_leave"].parties["unit"], days=29) == (D(290000), D(290000))
    with pytest.raises(ValueError, match="base"):
        rules.bounds(whole)
    with pytest.raises(ValueError, match="days"):
        rules.bounds(OFFENCES["will_not_leave"].parties["unit"])
    assert OFFENCES["corridor_charging"].parties["person"].fixed
    assert not signs.fixed


@pytest.mark.parametrize(
    ("text", "yuan"), [("200", "200.00"), ("1,234.50", "1234.50"), (" 0.01 ", "0.01"), (5000, "5000.00")]
)
def test_money_is_exact(text, yuan):
    assert str(rules.money(text)) == yuan


@pytest.mark.parametrize("text", ["", "abc", "0.001", "NaN", "Infinity", "1e400", "一百"])
def test_what_is_no_sum_of_fen_is_no_money(text):
    with pytest.raises(ValueError):
        rules.money(text)


# --- Officers, ages, sparing ------------------------------------------------------------------------------------


def test_one_police_officer_suffices_on_the_spot_and_two_everywhere_else():
    assert rules.officers_needed(BOOK, "simple", "police_station") == (1, "mps-police-cases-2020-39")
    assert rules.officers_needed(BOOK, "simple", "fire_brigade")[0] == 2
    assert rules.officers_needed(BOOK, "ordinary", "police_station")[0] == 2


@pytest.mark.parametrize(
    ("age", "says"), [(None, ""), (13, "none"), (14, "lighter"), (17, "lighter"), (18, "")]
)
def test_ages(age, says):
    assert rules.age_says(BOOK, age) == says


def test_what_a_ground_for_sparing_asks_for():
    ground = {g["key"]: g for g in BOOK["spare"]}
    facts = {"corrected": True, "first_offence": False, "under_age": False}
    assert rules.lacking_for_spare(ground["minor_corrected"], **facts) == []
    assert rules.lacking_for_spare(ground["first_offence"], **facts) == ["first_offence"]
    assert rules.lacking_for_spare(ground["under_age"], **facts) == ["under_age"]


def test_hearings_and_cash():
    assert rules.hearing_threshold(BOOK, "police_station", "person")[0] == D(2000)
    assert rules.hearing_threshold(BOOK, "fire_brigade", "unit") == (D(30000), "xx-defaults-2026-82", True)
    assert rules.cash_allowed(BOOK, D(100))
    assert not rules.cash_allowed(BOOK, D("100.01"))
    assert rules.cash_allowed(BOOK, D(200), "remote")
    assert not rules.cash_allowed(BOOK, D(200), "because")


# --- Late -------------------------------------------------------------------------------------------------------

PAY_BY = date(2024, 2, 20)


def late(fine: str, on: date, *paid: tuple[date, str], pay_by: date = PAY_BY) -> rules.Late:
    return rules.surcharge(fine=D(fine), pay_by=pay_by, on=on, paid=[(day, D(sum_)) for day, sum_ in paid])


@pytest.mark.parametrize(
    ("on", "days", "owed"),
    [
        (date(2024, 2, 19), 0, "0.00"),
        (date(2024, 2, 20), 0, "0.00"),
        (date(2024, 2, 21), 1, "6.00"),
        # 29 February is a day like any other.
        (date(2024, 2, 28), 8, "48.00"),
        (date(2024, 2, 29), 9, "54.00"),
        (date(2024, 3, 1), 10, "60.00"),
    ],
)
def test_three_per_cent_a_day_from_the_day_after_the_last(on, days, owed):
    assert late("200", on) == rules.Late(days, D(owed), False)


def test_a_year_without_a_leap_day_is_one_day_shorter():
    assert late("200", date(2023, 3, 1), pay_by=date(2023, 2, 20)).days == 9


def test_the_surcharge_never_exceeds_the_fine():
    on_33 = late("200", PAY_BY + timedelta(days=33))
    on_34 = late("200", PAY_BY + timedelta(days=34))
    assert (on_33.surcharge, on_33.capped) == (D("198.00"), False)
    assert (on_34.surcharge, on_34.capped) == (D("200.00"), True)
    assert late("200", date(2034, 1, 1)).surcharge == D("200.00")


def test_what_was_paid_no_longer_runs():
    half = (PAY_BY + timedelta(days=10), "100")
    assert late("200", PAY_BY + timedelta(days=20), half).surcharge == D("90.00")
    assert late("200", PAY_BY + timedelta(days=20), (PAY_BY, "100")).surcharge == D("60.00")
    whole = (PAY_BY + timedelta(days=2), "200")
    assert late("200", date(2030, 1, 1), whole).surcharge == D("12.00")
    assert late("200", date(2030, 1, 1), (PAY_BY - timedelta(days=1), "200")) == rules.Late(
        0, D("0.00"), False
    )


def test_fen_are_rounded_once():
    assert late("33.33", PAY_BY + timedelta(days=1)).surcharge == D("1.00")
    assert late("33.33", PAY_BY + timedelta(days=7)).surcharge == D("7.00")
    assert late("0.01", PAY_BY + timedelta(days=16)).surcharge == D("0.00")
    assert late("0.01", PAY_BY + timedelta(days=17)).surcharge == D("0.01")


# --- Steps ------------------------------------------------------------------------------------------------------


def test_every_step_leads_between_states_that_have_names():
    for step in rules.STEPS:
        assert step.source - ANY <= set(STATE_LABELS)
        assert step.target is None or step.target in STATE_LABELS
    assert {step.target for step in rules.STEPS if step.target} == set(STATE_LABELS) == set(rules.STATE_MOODS)
