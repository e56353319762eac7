"""Issuing, voiding and handing out papers."""

import threading

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from anju.ground.access.actors import Actor
from anju.ground.access.models import Account
from anju.ground.foundation import files, journal, numbering, workflow
from anju.ground.foundation.models import IssuedNumber, JobProgress, StoredFile
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, Refusal
from anju.means.documents import queries, rules, services, views
from anju.means.documents.models import IssuedDocument
from anju.means.documents.queries import registry
from anju.means.documents.services import faces

from .samples import AT, ON, docx_text, order, pdf_text

CODE = "红演办责改字"


def issue_one(subject, by, **changed):
    facts = {"kind": "order_timed", "data": order(), "register_code": CODE, **changed}
    return services.issue(subject=subject, by=by, at=AT, **facts)


def test_an_order_gets_the_next_number_two_files_and_a_line_in_the_journal(issued, subject, li):
    assert issued.state == "issued"
    assert issued.written_number == "红演办责改字〔2024〕第0001号"
    assert str(issued) == "责令限期改正通知书 红演办责改字〔2024〕第0001号"
    assert issued.issued_by_name == "李演示"
    assert issued.number.subject_type == "documents.issueddocument"
    assert issued.number.subject_id == issued.pk
    pdf, docx = files.read(issued.pdf_file), files.read(issued.docx_file)
    assert pdf.startswith(b"%PDF") and "第0001号" in pdf_text(pdf)
    assert pdf_text(pdf) == docx_text(docx)
    [event] = journal.events_of(issued)
    assert (event.name, event.actor_name, event.data["pdf"]) == (
        "documents.issue",
        "李演示",
        issued.pdf_file.sha256,
    )
    assert queries.documents_of(subject) == [issued]


def test_everything_printed_is_kept_with_the_paper(issued):
    kept = IssuedDocument.objects.get(pk=issued.pk)
    assert kept.data["addressee"] == "演示物业服务有限公司："
    shown = pdf_text(files.read(kept.pdf_file))
    assert all(row[2] in shown for row in kept.data["tables"]["hazards"]["rows"])
    assert kept.template_edition.startswith("2020-01-01/")
    assert kept.retention_class == "10年"
    assert kept.facts["recipient"] == "演示物业服务有限公司"


def test_numbers_run_on_within_a_register_and_year_and_each_organ_has_its_own(issued, subject, li):
    assert issue_one(subject, li).written_number == "红演办责改字〔2024〕第0002号"
    assert (
        issue_one(subject, li, register_code="卫演办责改字").written_number == "卫演办责改字〔2024〕第0001号"
    )
    late = AT.replace(year=2025, month=1, day=1, hour=15, minute=59)
    after_midnight = services.issue(
        kind="order_timed", data=order(), register_code=CODE, subject=subject, by=li, at=late
    )
    assert after_midnight.written_number == "红演办责改字〔2025〕第0001号"


def test_the_year_of_a_number_is_that_of_the_local_calendar(subject, li):
    new_years_eve_in_london = AT.replace(year=2024, month=12, day=31, hour=16, minute=30)
    paper = services.issue(
        kind="order_timed",
        data=order(),
        register_code=CODE,
        subject=subject,
        by=li,
        at=new_years_eve_in_london,
    )
    assert paper.written_number == "红演办责改字〔2025〕第0001号"
    assert paper.data["date"] == "2025年1月1日"


def test_a_number_comes_back_when_the_act_around_it_fails(issued, subject, li):
    with pytest.raises(RuntimeError, match="later"), transaction.atomic():
        issue_one(subject, li)
        raise RuntimeError("later")
    assert issue_one(subject, li).written_number.endswith("第0002号")
    assert numbering.gaps(code=CODE, year=ON.year) == []
    assert IssuedDocument.objects.count() == 2


@pytest.mark.parametrize(
    ("changed", "refusal", "field"),
    [
        ({"data": order(recipient="")}, services.DataIncomplete, "recipient"),
        ({"data": order(hazards=())}, services.DataIncomplete, "hazards"),
        ({"register_code": " "}, Refusal, "register_code"),
        ({"data": order(recipient="演示😀公司")}, faces.CharacterMissing, None),
    ],
)
def test_what_cannot_be_printed_is_refused_before_a_number_is_taken(subject, li, changed, refusal, field):
    with pytest.raises(refusal) as refused:
        issue_one(subject, li, **changed)
    assert refused.value.field == field
    assert not IssuedNumber.objects.exists()
    assert not IssuedDocument.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_officers_who_issue_at_the_same_moment_get_one_number_each(li):
    subject = JobProgress.objects.create(kind="demo", title="演示")
    together = threading.Barrier(4)
    failures: list[BaseException] = []

    def issue_some(number: int) -> None:
        try:
            together.wait()
            for _ in range(3):
                issue_one(subject, li, register_code="并演办责改字")
        except BaseException as problem:
            failures.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=issue_some, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    given = IssuedDocument.objects.filter(subject_id=subject.pk).values_list("number__number", flat=True)
    assert sorted(given) == list(range(1, 13))
    assert numbering.gaps(code="并演办责改字", year=ON.year) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE documents_issueddocument SET title = 'x'",
        "UPDATE documents_issueddocument SET data = '{}'",
        "UPDATE documents_issueddocument SET state = 'draft'",
        "UPDATE documents_issueddocument SET state = 'voided'",
        "UPDATE documents_issueddocument SET state = 'voided', voided_reason = 'x', title = 'y'",
        "DELETE FROM documents_issueddocument",
        "TRUNCATE documents_issueddocument",
    ],
)
def test_the_database_itself_refuses_to_change_an_issued_paper(issued, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert IssuedDocument.objects.get(pk=issued.pk).title == "责令限期改正通知书"


def test_a_voided_paper_keeps_its_number_and_says_why(issued, li):
    paper = services.void(document_id=issued.pk, reason="被通知单位名称有误", by=li, at=AT)
    paper.refresh_from_db()
    assert (paper.state, paper.voided_reason) == ("voided", "被通知单位名称有误")
    assert paper.number.voided_reason == "被通知单位名称有误"
    assert numbering.gaps(code=CODE, year=ON.year) == []
    assert [event.name for event in journal.events_of(paper)] == ["documents.issue", "documents.void"]
    with pytest.raises(NotAllowedNow):
        services.void(document_id=issued.pk, reason="再作废一次", by=li, at=AT)


def test_voiding_needs_a_reason(issued, li):
    with pytest.raises(Refusal) as refused:
        services.void(document_id=issued.pk, reason="  ", by=li, at=AT)
    assert refused.value.field == "reason"


def test_a_draft_is_marked_carries_no_number_and_leaves_nothing(db):
    shown = pdf_text(services.preview("order_timed", order(), at=AT, register_code=CODE))
    assert "草稿" in shown
    assert "红演办责改字〔2024〕第号" in shown
    assert not IssuedDocument.objects.exists()
    assert not StoredFile.objects.exists()
    assert not IssuedNumber.objects.exists()


def ask(view, document, actor):
    request = RequestFactory().get("/")
    request.user = Account(must_change_password=False)
    request.actor = actor
    return view(request, document_id=document.pk)


def test_those_whom_the_room_of_the_subject_lets_in_get_the_files(issued, subject, li):
    registry.register("foundation.jobprogress", lambda actor, pk: actor is li and pk == subject.pk)
    pdf = ask(views.pdf, issued, li)
    assert pdf.content == files.read(issued.pdf_file)
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf["X-Content-Type-Options"] == "nosniff"
    assert pdf["Content-Disposition"].startswith("inline")
    docx = ask(views.docx, issued, li)
    assert docx.content == files.read(issued.docx_file)
    assert docx["Content-Disposition"].startswith("attachment")


def test_for_everybody_else_the_paper_does_not_exist(issued, li):
    outsider = Actor(account_id=9, kind="account", name="演示外人", post="")
    with pytest.raises(NotFound):  # nobody registered: nobody sees
        ask(views.pdf, issued, li)
    registry.register("foundation.jobprogress", lambda actor, pk: actor is li)
    for view in (views.pdf, views.docx):
        with pytest.raises(NotFound):
            ask(view, issued, outsider)
    with pytest.raises(NotFound):
        queries.document_for(li, issued.pk + 1)


def test_a_stranger_is_asked_to_sign_in(issued, settings):
    settings.LOGIN_URL = "/sign-in/"
    request = RequestFactory().get("/documents/1.pdf")
    request.user = AnonymousUser()
    assert views.pdf(request, document_id=issued.pk).status_code == 302


def test_states_in_the_rules_are_those_of_the_model():
    assert set(rules.STATE_TONES) == set(IssuedDocument.State.values)
    named = {state for step in rules.STEPS for state in (*step.source, step.target) if state}
    assert named - {workflow.GONE} == set(IssuedDocument.State.values)
