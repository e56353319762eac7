"""Every form: what it says, what it lacks, and both of its drawings."""

import io
import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import docx
import pytest
from PIL import Image

from anju.ground.foundation import rulebooks
from anju.ground.foundation.refusals import Refusal
from anju.means.documents import rules
from anju.means.documents.rules import amounts, facts
from anju.means.documents.services import faces, rendering

from .samples import AT, ON, docx_text, pdf_lines, pdf_text, place_names, printed, sample, squeezed

MM = 72 / 25.4
KINDS = sorted(rules.KINDS)
RED_HEAD = [kind for kind in KINDS if kind not in ("check_record", "recheck_record")]


def picture(size=(300, 120), colour="black") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def without(words):
    """Leave out what is never printed: the kind, the digest of the signature, heads of tables without rows."""
    hidden = (
        {"kind", "signature", "title"} if words["title_lines"] != [words["title"]] else {"kind", "signature"}
    )
    tables = {name: table for name, table in words["tables"].items() if table["rows"]}
    checked = [{**part, "heads": part["heads"] if part["rows"] else []} for part in words["checked"]]
    return {**{k: v for k, v in words.items() if k not in hidden}, "tables": tables, "checked": checked}


@pytest.mark.parametrize("kind", KINDS)
def test_both_files_of_every_kind_say_all_of_its_words_in_one_order(kind):
    words = printed(kind=kind)
    shown = pdf_text(rendering.pdf(words, at=AT))
    assert shown == docx_text(rendering.docx(words))
    for text in rules.texts(without(words)):
        assert squeezed(text) in shown, text


@pytest.mark.parametrize("kind", KINDS)
def test_the_word_file_of_every_kind_opens_and_holds_no_statement(kind):
    paper = docx.Document(io.BytesIO(rendering.docx(printed(kind=kind))))
    text = "".join(t.text or "" for t in paper.element.iter() if t.tag.endswith("}t"))
    assert "{%" not in text and "{{" not in text
    assert paper.sections[0].page_width.mm == pytest.approx(210, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_numbers_of_every_kind_stand_right_on_odd_and_left_on_even_pages(kind):
    data = rendering.pdf(printed(kind=kind), at=AT)
    for index in range(rendering.pages(data)):
        [number] = pdf_lines(data, index, low_mm=15, high_mm=34)
        assert "".join(char[0] for char in number) == f"—{index + 1}—"
        assert (min(char[1] for char in number) > 105 * MM) is (index % 2 == 0)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_any_kind_leaves_the_text_block(kind):
    data = rendering.pdf(printed(kind=kind), at=AT)
    for index in range(rendering.pages(data)):
        for line in pdf_lines(data, index, low_mm=34, high_mm=262):
            inked = [
                char for char in line if char[0] not in "，。：；、（）《》“”〔〕"
            ]  # their half of white may stand out
            assert min((char[1] for char in inked), default=100) > 28 * MM - 2, line
            assert max((char[2] for char in inked), default=100) < (210 - 26) * MM + 2, line


@pytest.mark.parametrize("kind", KINDS)
def test_facts_survive_being_kept_as_json(kind):
    given = sample(kind)
    assert facts.read(rules.KINDS[kind].facts, facts.plain(given)) == given


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_of_any_form_keeps_a_blank_or_a_brace(kind):
    for text in rules.texts(printed(kind=kind)):
        assert "{" not in text and "}" not in text


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in KINDS for name in rules.KINDS[kind].needs]
)
def test_each_fact_that_a_kind_needs_is_asked_for_by_name(kind, name):
    value = getattr(sample(kind), name)
    empty = replace(sample(kind), **{name: " " if isinstance(value, str) else ()})
    assert rules.missing(kind, empty) == name


@pytest.mark.parametrize(
    ("kind", "changed", "wrong"),
    [
        ("check_record", {"ended": datetime(2024, 3, 5, 0, 0, tzinfo=UTC)}, "ended"),
        ("spot_decision", {"amount": Decimal(0)}, "amount"),
        ("spot_decision", {"amount": Decimal(0), "warning": True}, ""),
        ("penalty_decision", {"amount": Decimal(0), "other": "责令停产停业"}, ""),
        ("penalty_decision", {"amount": Decimal("-1")}, "amount"),
        ("penalty_decision", {"amount": Decimal("1.005")}, "amount"),
        ("penalty_decision", {"party": rules.Party(" ")}, "party"),
        ("transfer_letter", {"manner": "lost"}, "manner"),
        ("transfer_letter", {"evidence": (rules.EvidenceLine("照片", "abc"),)}, "evidence"),
        ("sealing_decision", {"sealed_until": date(2024, 4, 3)}, ""),
        ("sealing_decision", {"sealed_until": date(2024, 4, 4)}, "sealed_until"),
        ("sealing_decision", {"sealed_until": date(2024, 3, 4)}, "sealed_until"),
        ("major_hazard_notice", {"due_on": date(2024, 3, 4)}, "due_on"),
    ],
)
def test_what_cannot_be_is_named(kind, changed, wrong):
    assert rules.missing(kind, replace(sample(kind), **changed)) == wrong


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角"),
        ("1", "壹元整"),
        ("10", "壹拾元整"),
        ("100", "壹佰元整"),
        ("200", "贰佰元整"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("1001", "壹仟零壹元整"),
        ("1010", "壹仟零壹拾元整"),
        ("1409.50", "壹仟肆佰零玖元伍角"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("5000", "伍仟元整"),
        ("10000", "壹万元整"),
        ("10500.50", "壹万零伍佰元伍角"),
        ("50000", "伍万元整"),
        ("61521", "陆万壹仟伍佰贰拾壹元整"),
        ("75594", "柒万伍仟伍佰玖拾肆元整"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("300000", "叁拾万元整"),
        ("1000500", "壹佰万零伍佰元整"),
        ("10000000", "壹仟万元整"),
        ("100000005", "壹亿零伍元整"),
        ("1000000000.01", "壹拾亿元零壹分"),
        ("999999999999.99", "玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    ],
)
def test_an_amount_is_written_as_banks_want_it(amount, words):
    written = rulebooks.load("documents", on=ON)["written"]
    assert amounts.in_words(Decimal(amount), written) == words


@pytest.mark.parametrize("amount", ["-0.01", "1000000000000", "0.001"])
def test_an_amount_that_cannot_be_written_is_refused(amount):
    with pytest.raises(ValueError, match="cannot be written|two decimals"):
        amounts.figures(Decimal(amount))


def test_a_fine_stands_in_figures_and_in_words():
    body = "".join(part["text"] for part in printed(kind="spot_decision")["parts"])
    assert "罚款200元（大写：贰佰元整）" in body
    assert "百分之三" in body and "十五日内" in body
    warned = printed(sample("spot_decision", amount=Decimal(0), warning=True), kind="spot_decision")
    body = "".join(part["text"] for part in warned["parts"])
    assert "给予警告的行政处罚" in body
    assert "罚款" not in body


def test_a_fine_taken_on_the_spot_names_the_receipt_instead_of_the_bank():
    given = sample("spot_decision", paid_on_spot=True, amount=Decimal(50))
    body = "".join(part["text"] for part in printed(given, kind="spot_decision")["parts"])
    assert "专用票据" in body and "十五日内" not in body


def test_a_penalty_on_a_unit_and_on_a_person_show_their_own_particulars():
    unit = dict(pair for row in printed(kind="penalty_decision")["fields"] for pair in row)
    assert unit["被处罚单位"] == "演示物业服务有限公司"
    assert "公民身份号码" not in unit
    person = dict(pair for row in printed(kind="spot_decision")["fields"] for pair in row)
    assert person["公民身份号码"] == "410700198506010000"
    assert "统一社会信用代码" not in person


def test_parts_are_counted_as_they_are_printed():
    heads = [p["head"][:2] for p in printed(kind="penalty_notice")["parts"]]
    assert heads == ["一、", "二、", "三、", "四、", "五、"]
    quiet = printed(sample("penalty_notice", hearing=False, evidence=()), kind="penalty_notice")["parts"]
    assert [p["head"][:2] for p in quiet] == ["一、", "二、", "三、"]
    assert not any("听证" in p["head"] for p in quiet)


def test_a_check_of_one_agency_is_a_daily_record_and_of_several_a_joint_one():
    words = printed(kind="check_record")
    assert words["title"] == "联合检查记录"
    assert words["checked"][0]["title"] == "演示市演示区演示派出所：物业服务企业消防安全检查表"
    alone = printed(sample("check_record", parts=sample("check_record").parts[:1]), kind="check_record")
    assert alone["title"] == "日常消防监督检查记录"
    assert alone["checked"][0]["title"] == "物业服务企业消防安全检查表"
    clean = printed(sample("check_record", findings=()), kind="check_record")
    assert clean["notes"]["no_findings"] == "本次检查未发现火灾隐患。"
    assert pdf_text(rendering.pdf(clean, at=AT)) == docx_text(rendering.docx(clean))


def test_moments_are_written_in_local_time():
    given = sample("check_record", began=datetime(2024, 3, 5, 16, 30, tzinfo=UTC), ended=None)
    fields = dict(pair for row in printed(given, kind="check_record")["fields"] for pair in row)
    assert fields["检查时间"] == "2024年3月6日0时30分起"


def test_a_refused_signature_says_why_and_a_drawn_one_is_drawn():
    refused = sample("check_record", signature=rules.Signature(refusal="对检查结果有异议"))
    words = printed(refused, kind="check_record")
    assert words["confirm"][0] == "被检查单位拒绝在本记录上签名，理由：对检查结果有异议"
    signed = sample("check_record", signature=rules.Signature(name="王演示", picture=picture()))
    words = printed(signed, kind="check_record")
    pictures = {"signature": signed.signature.picture}
    assert len(words["signature"]) == 64
    assert len(rendering.pdf(words, at=AT, pictures=pictures)) > len(
        rendering.pdf({**words, "signature": ""}, at=AT)
    )
    paper = docx.Document(io.BytesIO(rendering.docx(words, pictures=pictures)))
    [shown] = [part for part in paper.part.package.iter_parts() if part.partname.endswith(".png")]
    assert shown.blob == rendering.fitted(signed.signature.picture)


def test_a_signature_that_is_no_picture_is_refused():
    with pytest.raises(Refusal):
        rendering.fitted(b"<svg onload=alert(1)>")


def test_a_recheck_counts_what_is_put_right():
    words = printed(kind="recheck_record")
    assert words["notes"]["conclusion"].startswith(
        "复查意见：责令改正的隐患共2处，经复查已改正1处，未改正1处"
    )
    done = tuple(replace(row, corrected=True) for row in sample("recheck_record").rows)
    assert (
        "已全部改正"
        in printed(sample("recheck_record", rows=done), kind="recheck_record")["notes"]["conclusion"]
    )


@pytest.mark.parametrize(
    ("manner", "title"),
    [("referral", "移送通知书"), ("copy_notice", "抄告函"), ("serious_report", "重大火灾隐患情况报告")],
)
def test_a_transfer_is_named_by_its_manner_and_carries_each_digest_whole(manner, title):
    given = sample("transfer_letter", manner=manner)
    words = printed(given, kind="transfer_letter")
    assert words["title"] == title
    assert len(words["opening"]) == 1
    shown = pdf_text(rendering.pdf(words, at=AT))
    assert all(line.sha256 in shown for line in given.evidence)
    assert "回执" in shown
    assert shown == docx_text(rendering.docx(words))


def test_a_transfer_without_evidence_has_no_manifest():
    words = printed(sample("transfer_letter", evidence=(), hazards=(), copies=()), kind="transfer_letter")
    shown = pdf_text(rendering.pdf(words, at=AT))
    assert "证据清单" not in shown
    assert shown == docx_text(rendering.docx(words))


def test_the_letter_is_laid_out_as_the_city_writes_it():
    words = printed(kind="suggestion_reply")
    shown = pdf_text(rendering.pdf(words, at=AT))
    order_ = [
        "演示市演示住房和城乡建设局", "签发人：吴演示", "办理结果：B", "对市十四届人大二次会议", "第213号建议的答复",
        "尊敬的郑演示代表：", "您提出的", "一、完善", "（一）健全制度。", "61521家", "50564处", "75594元", "2150家",
        "6280处", "5000元", "三、强化", "感谢您", "（印章）", "2024年3月6日", "联系单位及电话：市住建局", "联系人：",
        "邮政编码：453000", "抄送：市人大选工委（2份）", "印发",
    ]  # fmt: skip
    places = [shown.index(text) for text in order_]
    assert places == sorted(places)
    assert [part["level"] for part in words["body"]][:4] == [1, 0, 2, 2]
    assert words["body"][2]["head"] == "（一）健全制度。"


def test_a_letter_to_a_member_of_the_consultative_conference_speaks_of_a_proposal():
    words = printed(sample("suggestion_reply", matter="提案"), kind="suggestion_reply")
    assert words["title_lines"][1] == "第213号提案的答复"
    assert words["addressee"] == "尊敬的郑演示委员："


@pytest.mark.parametrize("kind", RED_HEAD)
def test_a_long_name_of_an_organ_stays_on_the_sheet_in_every_red_head(kind):
    name = "河南省新乡市平原城乡一体化示范区演示街道办事处安全生产和消防工作委员会办公室"
    words = printed(sample(kind, organisation=name), kind=kind)
    data = rendering.pdf(words, at=AT)
    head = pdf_lines(data, 0, low_mm=205)
    assert all(char[1] > 28 * MM - 1 and char[2] < (210 - 26) * MM + 1 for line in head for char in line)
    assert pdf_text(data).startswith(squeezed(name))


def test_every_division_of_xinxiang_can_head_a_paper():
    names = place_names("4107")
    assert faces.missing(f"{name}人民政府" for name in names) == []
    longest = max(names, key=len)
    data = rendering.pdf(printed(sample("order_timed", organisation=f"{longest}"), kind="order_timed"), at=AT)
    assert longest in pdf_text(data)


def test_what_somebody_typed_ends_as_a_sentence():
    for facts_ in ("出口被锁闭", "出口被锁闭。"):
        words = printed(sample("sealing_decision", facts=facts_), kind="sealing_decision")
        assert words["opening"][0].endswith("存在下列情形：出口被锁闭。")


def test_a_blank_to_be_written_in_does_not_tear_the_line_before_it_apart():
    data = rendering.pdf(printed(sample("spot_decision", pay_at=""), kind="spot_decision"), at=AT)
    asked = [
        line
        for index in (0, 1)
        for line in pdf_lines(data, index)
        if "罚款缴纳" in "".join(c[0] for c in line)
    ]
    [line] = asked
    gaps = [after[1] - before[2] for before, after in itertools.pairwise(line)]
    assert max(gaps) < 8


@pytest.mark.parametrize("characters", [13, 21, 30, 36])
def test_a_red_head_keeps_one_line_by_shrinking_then_narrowing_and_else_has_two_of_equal_length(characters):
    name = ("新乡市平原城乡一体化示范区住房和城乡建设局" * 2)[:characters]
    words = printed(sample("order_timed", organisation=name), kind="order_timed")
    written = [
        "".join(char[0] for char in line) for line in pdf_lines(rendering.pdf(words, at=AT), 0, low_mm=205)
    ]
    [first, *_] = written
    assert first == (name if characters <= 30 else name[:18])
    assert written[1].startswith("红演办" if characters <= 30 else name[18:])
    head = docx.Document(io.BytesIO(rendering.docx(words))).paragraphs[0]
    assert head.text == (name if characters <= 30 else f"{name[:18]}\n{name[18:]}")
    assert ("<w:w " in head._element.xml) == (20 < characters <= 30)


def test_name_and_seal_are_centred_over_a_date_four_characters_from_the_edge():
    data = rendering.pdf(printed(sample("penalty_notice"), kind="penalty_notice"), at=AT)
    lines = [line for index in (0, 1) for line in pdf_lines(data, index)]
    texts = ["".join(char[0] for char in line) for line in lines]
    place = texts.index("演示市演示消防救援支队", 1)
    middles = [(line[0][1] + line[-1][2]) / 2 for line in lines[place : place + 3]]
    assert texts[place + 2] == "2024年3月6日"
    assert max(middles) - min(middles) < 1.5
    assert 60 < (210 - 26) * MM - lines[place + 2][-1][2] < 66


def test_a_heading_that_stands_alone_is_never_the_last_line_of_a_page():
    heading = "二、部门协同"
    for before in range(9):
        body = "\n".join(["一、监管机制"] + ["甲" * 20] * before + [heading, "乙" * 20] + ["丙" * 20] * 9)
        data = rendering.pdf(printed(sample("suggestion_reply", body=body), kind="suggestion_reply"), at=AT)
        last = "".join(char[0] for char in pdf_lines(data, 0)[-1])
        assert last != heading
    word = docx.Document(
        io.BytesIO(rendering.docx(printed(sample("suggestion_reply", body=body), kind="suggestion_reply")))
    )
    [alone] = [paragraph for paragraph in word.paragraphs if paragraph.text == heading]
    assert alone.paragraph_format.keep_with_next


@pytest.mark.parametrize("lines", range(18, 30))
def test_the_imprint_lies_at_the_foot_of_the_last_page(lines):
    body = "\n".join(["甲" * 20] * lines)
    data = rendering.pdf(printed(sample("suggestion_reply", body=body), kind="suggestion_reply"), at=AT)
    last = pdf_lines(data, rendering.pages(data) - 1, low_mm=30)[-1]
    assert "".join(char[0] for char in last).endswith("印发")
    assert last[0][3] / MM < 35 + 5
    word = docx.Document(io.BytesIO(rendering.docx(printed(kind="suggestion_reply"))))
    assert 'w:tblpYSpec="bottom"' in word.tables[-1]._element.xml
