"""The verbs of transfers: each step with its clock, event and refusals; nothing ends in silence."""

from datetime import timedelta

import pytest
from tests.cast import Builder

from anju.duties.orders.services import orders
from anju.duties.transfers import queries
from anju.duties.transfers import rules as transfer_rules
from anju.duties.transfers import services as transfers
from anju.duties.transfers.models import Transfer
from anju.duties.transfers.rules import TransferState
from anju.ground.foundation import calendar, clocks, files, journal, ladder, notices
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted, Refusal
from anju.ground.organisations import services as organisations
from anju.means.documents.models import IssuedDocument


def names(transfer) -> list[str]:
    return [e.name.removeprefix("transfers.") for e in journal.events_of(transfer)]


# --- Drafting -----------------------------------------------------------------------------------------------------


def test_a_draft_fixes_the_evidence_and_starts_the_clock_of_the_police(drafted, hazard, offices, friday_9am):
    made = drafted()
    assert made.state == TransferState.DRAFT
    assert (made.sender, made.receiver) == (offices.police, offices.fire)
    assert made.county_id == hazard.county_id and made.street_id == hazard.street_id
    assert {line.sha256 for line in made.evidence.all()} == {e.file.sha256 for e in hazard.evidence.all()}
    assert len(made.manifest_hash) == 64
    assert made.due_at == friday_9am + timedelta(hours=24)
    assert made.due_step == "send"
    assert names(made) == ["draft"]


def test_both_superiors_are_stamped(drafted, offices):
    made = drafted()
    assert made.sender_superior == offices.east_housing
    assert made.receiver_superior == offices.city_housing


def test_an_office_without_a_superior_falls_to_the_duty_officer(offices, friday_9am):
    # Nobody stands above the city's bureau, and no duty office is registered: the duty officer sits in it.
    assert queries.superior_of(offices.city_housing, at=friday_9am) is None
    found = queries.duty_office(offices.fire.area, at=friday_9am)
    assert found == offices.city_housing, "where somebody holds the post of duty officer"
    assert queries.superior_of(offices.east_housing, at=friday_9am) == offices.city_housing
    assert queries.superior_of(offices.huaiyin_office, at=friday_9am) == offices.east_housing


def test_at_the_top_the_duty_office_watches(offices, city, friday_9am):
    duty = organisations.create_organisation(
        kind="duty_office",
        name="试点市值班室",
        area=city.areas.city,
        is_demo=True,
        by=Builder(),
        at=friday_9am,
    )
    assert queries.superior_of(offices.city_housing, at=friday_9am) == duty
    offices.fire.parent = offices.zone_housing
    assert queries.superior_of(offices.fire, at=friday_9am) == offices.zone_housing, "a parent comes first"


def test_the_order_that_was_given_stands_in_the_letter(drafted, hazard):
    made = drafted(stopped="已当场责令拆除铁链")
    assert made.stopped == "已当场责令拆除铁链"
    with pytest.raises(Refusal, match="无关") as refused:
        drafted(order_id=999_999)
    assert refused.value.field == "order"


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"stopped": ""}, "stopped"),
        ({"reason": "长" * 5000}, "reason"),
        ({"kind": "serious_report"}, "kind"),
        ({"kind": "gift"}, "kind"),
        ({"receiver_id": None}, "receiver"),
        ({"evidence_ids": [999_999]}, "evidence"),
    ],
)
def test_a_draft_without_what_it_needs_is_refused(drafted, told, field):
    with pytest.raises(Refusal) as refused:
        drafted(**told)
    assert refused.value.field == field
    assert not Transfer.objects.exists()


def test_a_matter_is_not_transferred_to_oneself_nor_to_an_office_of_elsewhere(drafted, offices, city):
    for office in (offices.police, offices.west_housing, offices.company, offices.shanqian_office):
        with pytest.raises(Refusal) as refused:
            drafted(receiver_id=office.pk)
        assert refused.value.field == "receiver"


def test_the_same_matter_does_not_go_twice_to_one_agency(drafted, go):
    go("send")
    with pytest.raises(Refusal, match="不能重复移送"):
        drafted()


def test_who_does_not_see_the_case_cannot_transfer_it(drafted, west_police, outsider, friday_9am):
    for stranger in (west_police, outsider):
        with pytest.raises(NotFound):
            drafted(by=stranger.actor(friday_9am))


def test_who_lacks_the_power_is_told_so(drafted, li, friday_9am):
    with pytest.raises(NotPermitted):
        drafted(by=li.actor(friday_9am))


def test_a_closed_case_is_not_transferred(drafted, hazard, walk, friday_9am):
    walk(hazard, "assign", "accept", "submit", "close", at=friday_9am)
    with pytest.raises(NotAllowedNow, match="已办结"):
        drafted()


def test_the_same_request_again_changes_nothing(drafted, police_officer, friday_9am):
    first = drafted(key="k1")
    assert drafted(key="k1").pk == first.pk
    for _again in range(2):
        transfers.send(transfer_id=first.pk, by=police_officer.actor(friday_9am), at=friday_9am, key="k2")
    assert names(first) == ["draft", "send"]
    assert IssuedDocument.objects.count() == 1


# --- The way of a matter ------------------------------------------------------------------------------------------


def test_sending_issues_a_numbered_letter_with_the_manifest_and_tells_the_case(go, hazard, friday_9am):
    sent = go("send")
    assert (sent.state, sent.sent_at, sent.due_step) == (TransferState.SENT, friday_9am, "sign")
    assert sent.written_number.startswith("东公移字〔2024〕")
    paper = IssuedDocument.objects.get(pk=sent.document_id)
    printed = str(paper.data)
    for line in sent.evidence.all():
        assert line.sha256[:8] in printed
    assert "已当场责令立即打开安全出口" in printed
    assert files.read(paper.pdf_file).startswith(b"%PDF")
    told = [e for e in journal.events_of(hazard) if e.name == "cases.noted"]
    assert len(told) == 1 and sent.written_number in told[0].note
    hazard.refresh_from_db()
    assert hazard.is_open
    assert queries.under_way([hazard.pk]) == {hazard.pk}


def test_the_receivers_clock_is_its_own(go, monday_9am):
    signed = go("send", "sign_for")
    assert signed.signed_by == "东湖区消防救援大队 消防监督员 赵安"
    assert signed.due_step == "accept"
    assert signed.due_at.date().isoformat() == "2024-07-17"  # three workdays after Friday the 12th
    taken = go("accept", transfer=signed, at=monday_9am)
    assert (taken.state, taken.due_step) == (TransferState.ACCEPTED, "outcome")
    assert taken.due_at.date().isoformat() == "2024-08-12"  # twenty workdays after Monday the 15th


def test_the_clock_can_be_derived_line_by_line(go, fire_officer, friday_9am):
    signed = go("send", "sign_for")
    clock = queries.dossier(fire_officer.actor(friday_9am), signed.pk, at=friday_9am).clock
    assert clock.due_at == signed.due_at
    assert clock.is_default
    assert any("3个工作日" in line for line in clocks.derivation(clock))
    assert any("不计入" in line for line in clocks.derivation(clock))


def test_the_outcome_comes_back_and_the_sender_closes_it(go, hazard, monday_9am):
    answered = go("send", "sign_for", "accept", "report_back")
    assert (answered.state, answered.outcome) == (TransferState.REPORTED_BACK, "punished")
    assert answered.due_step == "close"
    closed = go("close", transfer=answered, at=monday_9am)
    assert (closed.state, closed.closed_at, closed.due_at, closed.due_step) == (
        "closed",
        monday_9am,
        None,
        "",
    )
    assert names(closed) == ["draft", "send", "sign_for", "accept", "report_back", "close"]
    told = [e.note for e in journal.events_of(hazard) if e.name == "cases.noted"]
    assert len(told) == 2 and "移送有了结果" in told[1]
    hazard.refresh_from_db()
    assert hazard.is_open, "the case is closed by its own re-check, never by a transfer"
    assert queries.under_way([hazard.pk]) == set()


def test_an_outcome_that_does_not_hold_goes_back(go):
    again = go("send", "sign_for", "accept", "report_back", "insist")
    assert (again.state, again.due_step, again.outcome) == (TransferState.ACCEPTED, "again", "")
    assert go("report_back", "close", transfer=again).state == TransferState.CLOSED


def test_an_outcome_is_one_of_the_table_and_a_cure_needs_proof(go, photo):
    accepted = go("send", "sign_for", "accept")
    for outcome in ("", "fined_a_lot", "redirected"):
        with pytest.raises(Refusal) as refused:
            go("report_back", transfer=accepted, outcome=outcome)
        assert refused.value.field == "outcome"
    with pytest.raises(Refusal, match="证明") as refused:
        go("report_back", transfer=accepted, outcome="rectified")
    assert refused.value.field == "uploads"
    done = go("report_back", transfer=accepted, outcome="rectified", uploads=[photo(9).file])
    assert done.outcome == "rectified"
    event = journal.events_named(done, "transfers.report_back").get()
    assert len(event.data["evidence"]) == 1


def test_a_cure_offers_the_recheck_and_does_not_close_the_case(go, photo, police_officer, friday_9am, hazard):
    accepted = go("send", "sign_for", "accept")
    done = go("report_back", transfer=accepted, outcome="rectified", uploads=[photo(9).file])
    assert queries.dossier(police_officer.actor(friday_9am), done.pk, at=friday_9am).recheck
    hazard.refresh_from_db()
    assert hazard.is_open


@pytest.mark.parametrize(
    ("before", "act"),
    [
        ((), "sign_for"),
        ((), "close"),
        (("send",), "accept"),
        (("send",), "refuse"),
        (("send", "sign_for"), "report_back"),
        (("send", "sign_for", "accept"), "refuse"),
        (("send", "sign_for", "accept"), "close"),
        (("send", "sign_for", "accept", "report_back"), "report_back"),
        (("send", "sign_for", "refuse"), "accept"),
    ],
)
def test_a_step_out_of_turn_names_what_is_possible(go, drafted, fire_officer, before, act, friday_9am):
    made = go(*before, transfer=drafted())
    # A draft is not yet there for the receiver; everything else is refused with the state it is in.
    refused = NotFound if made.state == TransferState.DRAFT and act == "sign_for" else NotAllowedNow
    with pytest.raises(refused):
        go(act, transfer=made)
    assert names(made) == ["draft", *before], "nothing was written"


@pytest.mark.parametrize("act", ["refuse", "report_back", "pass_on"])
def test_what_takes_a_reason_is_refused_without_one(go, offices, act):
    made = go("send", "sign_for", *(("accept",) if act == "report_back" else ()))
    told = {"receiver_id": offices.urban_management.pk} if act == "pass_on" else {}
    with pytest.raises(Refusal) as refused:
        go(act, transfer=made, note=" ", **told)
    assert refused.value.field == "note"


def test_each_side_takes_its_own_steps_only(go, police_officer, fire_officer, county_supervisor, friday_9am):
    sent = go("send")
    for person, act in ((police_officer, "sign_for"), (county_supervisor, "sign_for")):
        with pytest.raises(NotPermitted):
            getattr(transfers, act)(transfer_id=sent.pk, by=person.actor(friday_9am), at=friday_9am)
    answered = go("sign_for", "accept", "report_back", transfer=sent)
    with pytest.raises(NotPermitted, match="槐荫派出所"):
        transfers.close(transfer_id=answered.pk, by=fire_officer.actor(friday_9am), at=friday_9am)


# --- Refused, redirected, contested, passed on --------------------------------------------------------------------


def test_a_refusal_lies_on_the_senders_desk_with_a_clock_of_its_own(go, police_officer, friday_9am):
    refused = go("send", "sign_for", "refuse")
    assert (refused.state, refused.due_step) == (TransferState.REFUSED, "redirect")
    assert refused.refusal
    row = queries.row_of(refused, {refused.sender_id}, at=friday_9am)
    assert row.mine
    assert queries.waiting(police_officer.actor(friday_9am), at=friday_9am).count() == 1


def test_a_refused_matter_is_redirected_by_a_new_letter(go, offices, friday_9am):
    refused = go("send", "sign_for", "refuse")
    closed = go("redirect", transfer=refused, receiver_id=offices.urban_management.pk)
    assert (closed.state, closed.outcome) == (TransferState.CLOSED, "redirected")
    child = closed.passed_to.get()
    assert (child.sender, child.receiver, child.state) == (offices.police, offices.urban_management, "sent")
    assert child.written_number != closed.written_number
    assert child.manifest_hash == closed.manifest_hash
    assert names(child) == ["dispatch"]


def test_a_matter_never_goes_in_circles(go, offices, urban_officer, friday_9am):
    passed = go("send", "sign_for", "pass_on", receiver_id=offices.urban_management.pk)
    child = passed.passed_to.get()
    actor = urban_officer.actor(friday_9am)
    transfers.sign_for(transfer_id=child.pk, by=actor, at=friday_9am)
    for office in (offices.police, offices.fire):
        with pytest.raises(Refusal) as refused:
            transfers.pass_on(
                transfer_id=child.pk,
                by=actor,
                at=friday_9am,
                note="应由其他机关办理",
                receiver_id=office.pk,
            )
        assert refused.value.field == "receiver_id"


def test_a_matter_is_not_handed_on_for_ever(go, offices, urban_officer, street_officer, friday_9am):
    passed = go("send", "sign_for", "pass_on", receiver_id=offices.urban_management.pk)
    made, people = passed.passed_to.get(), [urban_officer, street_officer]
    for who, to in zip(people, (offices.huaiyin_office, offices.east_housing), strict=True):
        actor = who.actor(friday_9am)
        transfers.sign_for(transfer_id=made.pk, by=actor, at=friday_9am)
        told = {"by": actor, "at": friday_9am, "note": "应由其他机关办理", "receiver_id": to.pk}
        transfers.pass_on(transfer_id=made.pk, **told)
        made = made.passed_to.get()
    hops = Transfer.objects.count()
    assert hops == 4


def test_the_outcome_of_a_passed_on_matter_comes_back_up_the_chain(
    go, offices, urban_officer, police_officer, fire_officer, friday_9am
):
    passed = go("send", "sign_for", "accept", "pass_on", receiver_id=offices.urban_management.pk)
    assert (passed.state, passed.due_step) == (TransferState.PASSED_ON, "outcome")
    child = passed.passed_to.get()
    assert child.passed_from == passed
    assert queries.get(police_officer.actor(friday_9am), child.pk), "the first sender keeps seeing it"
    actor = urban_officer.actor(friday_9am)
    for act, told in (
        ("sign_for", {}),
        ("accept", {}),
        ("report_back", {"outcome": "ordered", "note": "已责令限期拆除"}),
    ):
        getattr(transfers, act)(transfer_id=child.pk, by=actor, at=friday_9am, **told)
    passed.refresh_from_db()
    assert passed.state == TransferState.PASSED_ON, "its sender, the fire brigade, looks at it first"
    transfers.close(transfer_id=child.pk, by=fire_officer.actor(friday_9am), at=friday_9am)
    passed.refresh_from_db()
    assert (passed.state, passed.outcome, passed.due_step) == (
        TransferState.REPORTED_BACK,
        "ordered",
        "close",
    )
    assert go("close", transfer=passed).state == TransferState.CLOSED


def test_a_passed_on_matter_that_nobody_takes_returns_to_whoever_passed_it_on(
    go, offices, urban_officer, fire_officer, friday_9am
):
    passed = go("send", "sign_for", "pass_on", receiver_id=offices.urban_management.pk)
    child = passed.passed_to.get()
    told = {"transfer_id": child.pk, "at": friday_9am}
    transfers.sign_for(by=urban_officer.actor(friday_9am), **told)
    told["note"] = "不属于城市管理部门职权"
    transfers.refuse(by=urban_officer.actor(friday_9am), **told)
    transfers.take_back(by=fire_officer.actor(friday_9am), **told)
    passed.refresh_from_db()
    assert (passed.state, passed.due_step) == (TransferState.ACCEPTED, "outcome")


def test_a_dispute_is_settled_by_the_common_superior(
    go, offices, county_supervisor, city_supervisor, police_officer, friday_9am
):
    refused = go("send", "sign_for", "refuse")
    contested = go("contest", transfer=refused)
    assert (contested.state, contested.due_step) == (TransferState.REFUSED, "settle_recv")
    assert contested.receiver_superior == offices.city_housing
    with pytest.raises(NotAllowedNow, match="等待裁定"):
        go("redirect", transfer=contested, receiver_id=offices.urban_management.pk)
    told = {"at": friday_9am, "note": "锁闭安全出口的处罚属于消防救援机构"}
    with pytest.raises(NotPermitted):
        transfers.order_accept(transfer_id=contested.pk, by=county_supervisor.actor(friday_9am), **told)
    settled = transfers.order_accept(transfer_id=contested.pk, by=city_supervisor.actor(friday_9am), **told)
    assert (settled.state, settled.due_step) == (TransferState.ACCEPTED, "outcome")
    assert go("report_back", "close", transfer=settled).state == TransferState.CLOSED


def test_a_dispute_sent_back_is_not_contested_twice(go, city_supervisor, friday_9am):
    contested = go("send", "sign_for", "refuse", "contest")
    back = transfers.order_return(
        transfer_id=contested.pk,
        by=city_supervisor.actor(friday_9am),
        at=friday_9am,
        note="应由派出所先行处理",
    )
    assert (back.state, back.due_step) == (TransferState.REFUSED, "redirect")
    with pytest.raises(NotAllowedNow, match="已经裁定过"):
        go("contest", transfer=back)
    taken = go("take_back", transfer=back)
    assert (taken.state, taken.outcome) == (TransferState.CLOSED, "taken_back")


def test_a_draft_never_sent_ends_with_its_reason(go, drafted):
    gone = go("discard", transfer=drafted())
    assert (gone.state, gone.outcome, gone.outcome_text) == ("closed", "not_sent", "当事人已当场改正")


# --- Serious hazards ----------------------------------------------------------------------------------------------


def test_a_serious_hazard_is_reported_to_the_street_and_the_fire_agency_in_one_act(
    reported, photo, police_officer, offices, friday_9am
):
    case = reported(class_code="FF04", text="自动喷水和报警系统全部瘫痪，已停用半年", uploads=[photo(3)])
    told = {
        "case_id": case.pk,
        "reason": "报警和喷淋系统瘫痪，严重威胁公共安全",
        "stopped": "已责令立即恢复，恢复前派人值守",
        "evidence_ids": list(case.evidence.values_list("pk", flat=True)),
        "by": police_officer.actor(friday_9am),
        "at": friday_9am,
        "key": "serious-1",
    }
    both = transfers.report_serious(**told)
    assert {t.receiver for t in both} == {offices.huaiyin_office, offices.fire}
    assert {t.kind for t in both} == {"serious_report"}
    assert {t.state for t in both} == {TransferState.SENT}
    assert len({t.written_number for t in both}) == 2
    assert {t.pk for t in transfers.report_serious(**told)} == {t.pk for t in both}
    assert Transfer.objects.count() == 2


def test_an_ordinary_hazard_is_not_reported_as_serious(hazard, police_officer, friday_9am):
    with pytest.raises(Refusal, match="不需要"):
        transfers.report_serious(
            case_id=hazard.pk,
            reason="安全出口锁闭",
            stopped="已责令打开",
            by=police_officer.actor(friday_9am),
            at=friday_9am,
        )


def test_half_a_report_is_none(reported, offices, police_officer, friday_9am):
    offices.fire.active = False
    offices.fire.save(update_fields=["active"])
    case = reported(class_code="FF04", text="自动喷水和报警系统全部瘫痪，已停用半年")
    with pytest.raises(Refusal, match="没有登记"):
        transfers.report_serious(
            case_id=case.pk,
            reason="报警和喷淋瘫痪",
            stopped="已责令恢复",
            by=police_officer.actor(friday_9am),
            at=friday_9am,
        )
    assert not Transfer.objects.exists()


# --- The manifest -------------------------------------------------------------------------------------------------


def test_verifying_says_that_nothing_changed(go, fire_officer, friday_9am):
    sent = go("send")
    verified = transfers.verify_manifest(
        transfer_id=sent.pk, by=fire_officer.actor(friday_9am), at=friday_9am
    )
    assert verified.intact
    assert [v.state for v in verified.lines] == ["ok", "ok"]
    assert names(sent)[-1] == "verify"


def test_one_changed_byte_is_found(go, fire_officer, friday_9am):
    sent = go("send")
    line = sent.evidence.order_by("pk").first()
    path = files.path_of(line.sha256)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(data))
    verified = transfers.verify_manifest(
        transfer_id=sent.pk, by=fire_officer.actor(friday_9am), at=friday_9am
    )
    assert not verified.intact
    assert [v.state for v in verified.lines] == ["changed", "ok"]
    event = journal.events_named(sent, "transfers.verify").get()
    assert event.data["wrong"] == [line.sha256]


def test_a_lost_file_is_found(go, fire_officer, friday_9am):
    sent = go("send")
    files.path_of(sent.evidence.order_by("pk").last().sha256).unlink()
    verified = transfers.verify_manifest(
        transfer_id=sent.pk, by=fire_officer.actor(friday_9am), at=friday_9am
    )
    assert [v.state for v in verified.lines] == ["ok", "missing"]


def test_a_line_taken_out_or_renamed_in_the_database_is_found(go, fire_officer, friday_9am):
    sent = go("send")
    line = sent.evidence.order_by("pk").first()
    type(line).objects.filter(pk=line.pk).update(name="别的照片.jpg")
    actor = fire_officer.actor(friday_9am)
    assert not transfers.verify_manifest(transfer_id=sent.pk, by=actor, at=friday_9am).manifest_same
    # Whoever writes a fitting hash beside it is told apart by what the journal kept when the letter went out.
    fitting = transfer_rules.manifest_hash(
        transfer_rules.Line(e.sha256, e.name, e.taken_at, e.note) for e in sent.evidence.all()
    )
    Transfer.objects.filter(pk=sent.pk).update(manifest_hash=fitting)
    verified = transfers.verify_manifest(transfer_id=sent.pk, by=actor, at=friday_9am)
    assert verified.manifest_same
    assert not verified.sent_same
    assert not verified.intact


def test_evidence_that_changed_since_it_was_stored_is_not_sent(drafted, offices, go):
    made = drafted()
    path = files.path_of(made.evidence.order_by("pk").first().sha256)
    path.chmod(0o600)
    path.write_bytes(b"something else")
    with pytest.raises(Refusal) as refused:
        go("send", transfer=made)
    assert refused.value.code == "evidence_changed"
    made.refresh_from_db()
    assert made.state == TransferState.DRAFT
    with pytest.raises(Refusal) as refused:
        drafted(receiver_id=offices.urban_management.pk)
    assert refused.value.code == "evidence_changed"


# --- Late ---------------------------------------------------------------------------------------------------------


def late(at):
    return ladder.climb_all(at=at, kinds=("transfers",))


def test_a_transfer_left_unanswered_is_late_on_three_desks(
    go,
    police_officer,
    fire_officer,
    county_supervisor,
    city_supervisor,
    duty_officer,
    urban_officer,
    monday_9am,
):
    sent = go("send")
    later = monday_9am + timedelta(days=1)
    assert late(at=monday_9am) == 0
    assert late(at=later) == 1
    assert late(at=later) == 0, "once for each clock"
    sent.refresh_from_db()
    event = journal.events_named(sent, "transfers.escalate").get()
    assert (event.data["rung"], event.data["to"]) == (1, sent.receiver_superior.name)
    assert notices.about(sent).get().organisation_id == sent.receiver_superior_id
    boxes = {
        who: {box.key: box.late for box in queries.desk(person.actor(later), at=later).boxes}
        for who, person in {
            "police": police_officer, "fire": fire_officer, "county": county_supervisor, "city": city_supervisor,
            "duty": duty_officer, "urban": urban_officer,
        }.items()
    }  # fmt: skip
    assert boxes["police"] == {"sent": 1, "received": 0, "below": 0}
    assert boxes["fire"] == {"sent": 0, "received": 1, "below": 0}
    assert boxes["county"] == {"sent": 0, "received": 0, "below": 1}
    assert boxes["city"] == {"sent": 0, "received": 0, "below": 1}
    assert boxes["duty"] == boxes["city"], "the duty officer of the same office"
    assert boxes["urban"] == {"sent": 0, "received": 0, "below": 0}


def test_a_step_taken_late_starts_a_new_clock_that_is_not_late(go, monday_9am):
    sent = go("send")
    later = monday_9am + timedelta(days=1)
    late(at=later)
    signed = go("sign_for", transfer=sent, at=later)
    assert ladder.rung_of(signed, later) == 0
    assert not queries.is_late(signed, later)
    assert late(at=later + timedelta(days=30)) == 1


def test_the_late_stand_first(drafted, go, hazard, offices, police_officer, friday_9am, reported, photo):
    late = go("send")
    fresh = go(
        "send",
        transfer=drafted(
            case_id=reported(text="三单元安全出口也被锁住打不开").pk,
            evidence_ids=[],
            at=friday_9am + timedelta(days=5),
        ),
        at=friday_9am + timedelta(days=5),
    )
    at = friday_9am + timedelta(days=5, hours=1)
    rows = queries.desk(police_officer.actor(at), at=at).boxes[0].rows
    assert [(r.pk, r.late) for r in rows] == [(late.pk, True), (fresh.pk, False)]


def test_only_who_watches_may_urge_and_not_every_hour(
    go, police_officer, fire_officer, county_supervisor, friday_9am
):
    sent = go("send")
    told = {"transfer_id": sent.pk, "note": "请尽快签收办理", "at": friday_9am}
    with pytest.raises(NotPermitted):
        transfers.urge(by=fire_officer.actor(friday_9am), **told)
    transfers.urge(by=county_supervisor.actor(friday_9am), **told)
    with pytest.raises(Refusal, match="已经催办过"):
        transfers.urge(by=police_officer.actor(friday_9am), **told)
    later = friday_9am + timedelta(hours=25)
    transfers.urge(by=police_officer.actor(later), **told | {"at": later})


def test_a_new_holiday_moves_the_running_clock(go, friday_9am, administrator):
    signed = go("send", "sign_for")
    before = signed.due_at
    calendar.edit_day(
        day=before.date(),
        is_workday=False,
        name="临时放假",
        source="演示通知",
        by=administrator.actor(friday_9am),
        at=friday_9am,
    )
    signed.refresh_from_db()
    assert signed.due_at > before
    assert names(signed)[-1] == "deadline_moved"


@pytest.mark.parametrize(("acts", "stays"), [((), False), (("discard",), False), (("send",), True)])
def test_a_case_stays_with_whoever_refers_it_and_not_for_a_draft(
    reported, police_officer, drafted, go, friday_9am, acts, stays
):
    case, police = reported(class_code="EB06"), police_officer.actor(friday_9am)
    order = orders.order_timed(
        draft=orders.of_case(case.pk, by=police, at=friday_9am), by=police, at=friday_9am
    )
    made = drafted(case_id=case.pk, evidence_ids=[])
    if acts:
        go(*acts, transfer=made)
    orders.withdraw(order_id=order.pk, reason="对象写错了", by=police, at=friday_9am)
    case.refresh_from_db()
    assert case.state == ("fixing" if stays else "returned")
