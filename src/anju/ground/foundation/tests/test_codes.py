"""Numbers that check themselves, what to suggest when they do not, and their masks."""

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anju.ground.foundation import codes
from anju.ground.foundation.code_words import sentence

DATA = Path(__file__).parent / "data"
TODAY = date(2026, 11, 23)
REAL = [
    "91410000170001401D",
    "9144030071526726XG",
    "91110000802100433B",
    "914403001922038216",
    "91350100M000100Y43",
]


@pytest.mark.parametrize("code", REAL)
def test_codes_of_real_companies_hold(code):
    assert codes.check_uscc(code) == codes.CodeCheck(code, True)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("91410000 1700 0140 1d", "91410000170001401D"),
        ("９１４１００００１７０００１４０１Ｄ", "91410000170001401D"),
        ("\u200b914403001922038216\n", "914403001922038216"),
    ],
)
def test_blanks_width_and_case_are_forgiven(typed, value):
    assert codes.check_uscc(typed) == codes.CodeCheck(value, True)


@pytest.mark.parametrize(
    ("typed", "problem", "suggested"),
    [
        ("", "empty", None),
        ("9141000017O001401D", "character", "91410000170001401D"),
        ("9I4I0000I7000I40ID", "character", "91410000170001401D"),
        ("91350100M000100Y4Z", "character", "91350100M000100Y43"),
        ("91410000170001410D", "check_digit", "91410000170001401D"),
        ("19410000170001401D", "check_digit", "91410000170001401D"),
        ("91410000170007401D", "check_digit", "91410000170001401D"),
        ("914100001700011401D", "length", None),
        ("9144030001922038216", "length", "914403001922038216"),
        ("9141000017000140", "length", None),
        ("410700100012345", "old_number", None),
        ("B1410000170001401D", "authority", None),
        ("91990000170001401D", "place", None),
        ("91350211M0000XUF46", "check_digit", None),
    ],
)
def test_a_wrong_code_says_what_is_wrong_and_what_may_have_been_meant(typed, problem, suggested):
    found = codes.check_uscc(typed)
    assert (found.valid, found.problem) == (False, problem)
    assert len(found.suggestions) <= codes.MOST_SUGGESTIONS
    if suggested:
        assert suggested in found.suggestions
    assert sentence(found.problem, suggestions=found.suggestions)


def test_the_inner_check_digit_is_asked_even_when_the_outer_one_holds():
    body = "91410000" + "170001402"
    code = body + codes.uscc_check_digit(body)
    assert codes.check_uscc(code).problem == "organisation_check"


alphabet = st.sampled_from(codes.USCC_ALPHABET)
places = st.sampled_from(["410702", "410783", "410000", "110000", "440300"])


@st.composite
def uscc(draw) -> str:
    eight = "".join(draw(st.lists(alphabet, min_size=8, max_size=8)))
    body = "91" + draw(places) + eight + codes.organisation_check_digit(eight)
    return body + codes.uscc_check_digit(body)


@given(uscc())
def test_every_code_made_by_the_standard_holds(code):
    assert codes.check_uscc(code).valid


@given(uscc(), st.integers(0, 17), alphabet)
def test_every_single_wrong_character_is_noticed(code, position, character):
    wrong = code[:position] + character + code[position + 1 :]
    assert codes.check_uscc(wrong).valid == (wrong == code)


@given(uscc(), st.integers(0, 16))
def test_every_swap_of_neighbours_is_noticed_and_undone(code, i):
    wrong = code[:i] + code[i + 1] + code[i] + code[i + 2 :]
    found = codes.check_uscc(wrong)
    assert found.valid == (wrong == code)
    assert all(codes.check_uscc(s).valid for s in found.suggestions)


def vectors() -> list[tuple[str, str, str]]:
    with (DATA / "idcard_vectors.csv").open(encoding="utf-8", newline="") as file:
        return [(row["id"], row["expected"], row["why"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("number", "expected", "why"), vectors())
def test_identity_numbers_of_the_vectors(number, expected, why):
    found = codes.check_idcard(number, today=TODAY)
    assert found.valid == (expected != "invalid"), why
    if expected == "normalise":
        assert found.value != number
        assert len(found.value) == 18
        assert codes.check_idcard(found.value, today=TODAY).valid
    if not found.valid:
        assert sentence(found.problem)


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("410702190002290011", "date"),
        ("990702190301010019", "place"),
        ("410702190001100000", "check_digit"),
        ("41070219O001100001", "character"),
        ("41070", "length"),
        ("", "empty"),
        ("٤10702190001100001", "character"),
    ],
)
def test_a_wrong_identity_number_says_why(number, problem):
    assert codes.check_idcard(number, today=TODAY).problem == problem


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("138 1234 5678", "13812345678"),
        ("+86 138-1234-5678", "13812345678"),
        ("８６13812345678", "13812345678"),
        ("0373-2831234", "0373-2831234"),
        ("（0373）2831234", "0373-2831234"),
        ("010 6552 1234", "010-65521234"),
        ("119", "119"),
        ("12345", "12345"),
        ("400-123-4567", "4001234567"),
    ],
)
def test_phones_as_people_write_them(typed, value):
    assert codes.check_phone(typed) == codes.CodeCheck(value, True)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "empty"),
        ("1381234567", "length"),
        ("2831234", "area_code"),
        ("99", "character"),
        ("暂无", "empty"),
    ],
)
def test_wrong_phones_say_why(typed, problem):
    found = codes.check_phone(typed)
    assert (found.valid, found.problem) == (False, problem)


@pytest.mark.parametrize(
    ("name", "masked"), [("王某某", "王**"), ("李四", "李**"), (" 欧阳娜娜 ", "欧**"), ("", "")]
)
def test_a_masked_name_shows_one_character_and_not_its_length(name, masked):
    assert codes.mask_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812341234", "138****1234"),
        ("+86 138 1234 1234", "138****1234"),
        ("0373-2831234", "037*******34"),
        ("110", "***"),
    ],
)
def test_a_masked_phone(phone, masked):
    assert codes.mask_phone(phone) == masked


def test_a_masked_identity_number_shows_less_to_the_public():
    assert codes.mask_idcard("410702190001100001") == "4107************01"
    assert codes.mask_idcard("410702190001100001", public=False) == "410702********0001"
    assert codes.mask_idcard("12345") == "*****"


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("红旗区向阳路1号3号楼2单元501室", "红旗区向阳路1号3号楼"),
        ("蓝堡湾5栋1单元", "蓝堡湾5栋"),
        ("幸福小区3幢-502", "幸福小区3幢"),
        ("幸福小区12号楼", "幸福小区12号楼"),
        ("幸福小区12号楼西单元东户", "幸福小区12号楼"),
        ("幸福小区", "幸福小区"),
    ],
)
def test_a_masked_address_ends_at_the_building(address, masked):
    assert codes.mask_address(address) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("王建国先生已拆除门锁", "王**先生已拆除门锁"),
        ("业主李敏同意清理", "业主李**意清理"),  # a person puts right what goes too far
        ("社区专干周小舟到场", "社区专干周**到场"),
        ("现场查看，锁具已拆除", "现场查看，锁具已拆除"),
        ("王师傅到场", "王师傅到场"),
    ],
)
def test_names_in_a_text_are_masked_by_what_stands_beside_them_or_is_known(text, masked):
    said = codes.mask_names(
        text, known=["周小舟"], surnames="王李张", titles=["先生", "师傅"], called=["业主", "住户"]
    )
    assert said == masked
