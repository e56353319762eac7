"""A paper's life: draft, review, signature, number; many at once; and the pages."""

import io
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import docx
import pypdfium2
import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from anju.ground.access.actors import Actor, Reach
from anju.ground.foundation import files, journal, numbering
from anju.ground.foundation.models import IssuedNumber, JobProgress, StoredFile
from anju.ground.foundation.refusals import NotAllowedNow, NotFound, NotPermitted
from anju.ground.organisations.models import Organisation
from anju.means.documents import jobs, queries, rules, services
from anju.means.documents.models import IssuedDocument
from anju.means.documents.queries import registry
from anju.means.documents.services import rendering

from .samples import AT, order, pdf_text, sample

CODE = "演消罚决字"


@pytest.fixture
def office(db):
    above = Organisation.objects.create(kind="fire_brigade", name="演示消防救援支队", is_demo=True)
    return Organisation.objects.create(
        kind="fire_brigade", name="演示消防救援大队", parent=above, document_code=CODE, is_demo=True
    )


def actor(number, name, office, *powers):
    return Actor(
        account_id=number, kind="account", name=name, post="", organisation_ids=frozenset({office.pk}),
        powers={power: (Reach("desk", office.pk),) for power in powers},
    )  # fmt: skip


@pytest.fixture
def sun(office):
    return actor(9001, "孙演示", office, "documents.issue")


@pytest.fixture
def chief(office):
    return actor(9002, "周演示", office, "documents.issue", "documents.sign")


@pytest.fixture
def drafted(subject, sun):
    return services.draft(
        kind="penalty_decision",
        data=sample("penalty_decision"),
        register_code=CODE,
        subject=subject,
        by=sun,
        at=AT,
    )


def test_a_draft_has_words_but_neither_number_nor_files(drafted, office):
    assert drafted.state == "draft"
    assert (drafted.number, drafted.pdf_file, drafted.issued_at) == (None, None, None)
    assert drafted.organisation == office and drafted.superior == office.parent
    assert "第　　号" in drafted.data["number"]
    assert not IssuedNumber.objects.exists() and not StoredFile.objects.exists()
    assert "草稿" in pdf_text(services.preview_of(drafted, at=AT))


def test_a_penalty_is_drafted_reviewed_signed_and_then_never_changes(drafted, sun, chief):
    services.submit_for_review(document_id=drafted.pk, by=sun, at=AT)
    paper = services.sign_and_issue(document_id=drafted.pk, by=chief, at=AT)
    paper.refresh_from_db()
    assert (paper.state, paper.written_number) == ("issued", f"{CODE}〔2024〕第0001号")
    assert (paper.drafted_by_name, paper.signed_by_name, paper.retention_class) == (
        "孙演示",
        "周演示",
        "30年",
    )
    assert "第0001号" in pdf_text(services.files_of(paper)[0])
    names = [event.name for event in journal.events_of(paper)]
    assert names == ["documents.draft", "documents.submit", "documents.sign"]
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE documents_issueddocument SET facts = '{}' WHERE id = %s", [paper.pk])
    with pytest.raises(NotAllowedNow):
        services.redraft(document_id=paper.pk, data=sample("penalty_decision"), by=sun, at=AT)


def test_a_paper_sent_back_is_changed_and_submitted_again(drafted, sun, chief):
    services.submit_for_review(document_id=drafted.pk, by=sun, at=AT)
    with pytest.raises(NotAllowedNow):
        services.redraft(document_id=drafted.pk, data=sample("penalty_decision"), by=sun, at=AT)
    back = services.send_back(document_id=drafted.pk, reason="裁量理由写得不够", by=chief, at=AT)
    assert (back.state, back.sent_back_reason) == ("draft", "裁量理由写得不够")
    changed = replace(sample("penalty_decision"), discretion="参照裁量基准，属较轻情形，")
    again = services.redraft(document_id=drafted.pk, data=changed, by=sun, at=AT)
    assert any("较轻情形" in part["text"] for part in again.data["parts"])
    services.submit_for_review(document_id=drafted.pk, by=sun, at=AT)
    assert services.sign_and_issue(document_id=drafted.pk, by=chief, at=AT).sent_back_reason == ""


def test_nobody_signs_what_they_wrote_and_nobody_without_the_power(subject, drafted, sun, chief):
    own = services.draft(
        kind="penalty_decision",
        data=sample("penalty_decision"),
        register_code=CODE,
        subject=subject,
        by=chief,
        at=AT,
    )
    services.submit_for_review(document_id=own.pk, by=chief, at=AT)
    with pytest.raises(NotPermitted):
        services.sign_and_issue(document_id=own.pk, by=chief, at=AT)
    services.submit_for_review(document_id=drafted.pk, by=sun, at=AT)
    with pytest.raises(NotPermitted):
        services.sign_and_issue(document_id=drafted.pk, by=sun, at=AT)
    assert not IssuedNumber.objects.exists()


def test_a_form_with_review_cannot_be_issued_by_an_officer_alone(subject, drafted, sun):
    facts = {"kind": "penalty_decision", "data": sample("penalty_decision"), "register_code": CODE}
    with pytest.raises(services.NeedsReview):
        services.issue(**facts, subject=subject, by=sun, at=AT)
    with pytest.raises(NotAllowedNow) as told:
        services.issue_draft(document_id=drafted.pk, by=sun, at=AT)
    assert (told.value.code, told.value.data["allowed"]) == ("needs_review", ["redraft", "submit", "discard"])
    with pytest.raises(services.NeedsReview):
        services.issue_many(
            kind="penalty_decision",
            items=[services.Item(sample("penalty_decision"), subject)],
            register_code=CODE,
            by=sun,
            at=AT,
        )
    paper = services.issue(**facts, subject=subject, by=sun, at=AT, signed_by="周演示")
    assert (paper.state, paper.signed_by_name) == ("issued", "周演示")


def test_an_order_may_go_by_a_draft_and_be_issued_alone(subject, sun):
    paper = services.draft(
        kind="order_timed", data=order(), register_code=CODE, subject=subject, by=sun, at=AT
    )
    with pytest.raises(NotAllowedNow):
        services.submit_for_review(document_id=paper.pk, by=sun, at=AT)
    assert services.issue_draft(document_id=paper.pk, by=sun, at=AT).state == "issued"


def test_for_another_office_a_draft_does_not_exist(drafted, db):
    elsewhere = Organisation.objects.create(kind="fire_brigade", name="演示外大队", is_demo=True)
    stranger = actor(9003, "演示外人", elsewhere, "documents.issue", "documents.sign")
    for verb in (services.submit_for_review, services.sign_and_issue, services.issue_draft, services.discard):
        with pytest.raises(NotFound):
            verb(document_id=drafted.pk, by=stranger, at=AT)
    with pytest.raises(NotFound):
        queries.paper_for(stranger, drafted.pk)
    with pytest.raises(NotFound):
        queries.document_for(stranger, drafted.pk)


def test_the_same_request_twice_acts_once(subject, sun, chief):
    asked = {"kind": "penalty_decision", "data": sample("penalty_decision"), "register_code": CODE}
    one = services.draft(**asked, subject=subject, by=sun, at=AT, key="k1")
    assert services.draft(**asked, subject=subject, by=sun, at=AT, key="k1") == one
    for _time in range(2):
        services.submit_for_review(document_id=one.pk, by=sun, at=AT, key="k2")
    for _time in range(2):
        services.sign_and_issue(document_id=one.pk, by=chief, at=AT, key="k3")
    assert IssuedNumber.objects.count() == 1


def test_a_discarded_draft_leaves_a_line_in_the_journal(drafted, sun):
    services.discard(document_id=drafted.pk, by=sun, at=AT)
    assert not IssuedDocument.objects.exists()
    assert journal.Event.objects.filter(name="documents.discard").count() == 1


def test_what_waits_is_shown_to_who_may_sign_and_to_who_wrote_it(drafted, sun, chief):
    assert queries.waiting(sun) == ([], [drafted])
    assert queries.waiting_count(chief) == 0
    services.submit_for_review(document_id=drafted.pk, by=sun, at=AT)
    assert queries.waiting(chief) == ([drafted], [])
    assert queries.waiting_count(chief) == 1


# --- many ------------------------------------------------------------------------------------------------------


@pytest.fixture
def account(office, db):
    from anju.ground.access.models import Account
    from anju.ground.organisations.models import Person, Post

    person = Person.objects.create(name="孙演示", is_demo=True)
    Post.objects.create(person=person, organisation=office, role="fire_officer", valid_from="2020-01-01")
    return Account.objects.create(username="sun-demo", person=person)


def many(subject, count, account, **changed):
    items = [
        services.Item(order(recipient=f"演示{n}号物业服务有限公司", **changed), subject)
        for n in range(1, count + 1)
    ]
    by = Actor(account_id=account.pk, kind="account", name="孙演示", post="", powers={"documents.issue": ()})
    return services.issue_many(kind="order_timed", items=items, register_code=CODE, by=by, at=AT, key="batch")


def test_many_orders_are_issued_in_one_job_with_one_file_to_print(subject, account):
    progress = many(subject, 5, account)
    assert IssuedDocument.objects.filter(batch=progress.pk, state="draft").count() == 5
    assert many(subject, 5, account) == progress
    jobs.issue_batch(progress_id=progress.pk)
    progress.refresh_from_db()
    assert (progress.state, progress.done, progress.total) == ("done", 5, 5)
    papers = list(queries.batch(progress.pk))
    assert [paper.state for paper in papers] == ["issued"] * 5
    numbers = [p.written_number[-5:] for p in papers]
    assert numbers == [f"000{n}号" for n in range(1, 6)]
    merged = files.read(StoredFile.objects.get(sha256=progress.result["pdf"]))
    with pypdfium2.PdfDocument(merged) as shown:
        texts = [page.get_textpage().get_text_range() for page in shown]
    assert len(texts) == 5 * rendering.pages(services.files_of(papers[0])[0])
    assert [n for n in range(1, 6) if f"演示{n}号物业" in "".join(texts).replace("\r\n", "")] == [
        1,
        2,
        3,
        4,
        5,
    ]
    packed = zipfile.ZipFile(io.BytesIO(files.read(StoredFile.objects.get(sha256=progress.result["zip"]))))
    assert len(packed.namelist()) == 5
    assert docx.Document(io.BytesIO(packed.read(packed.namelist()[0]))).paragraphs


def test_a_batch_taken_up_again_goes_on_where_it_stopped(subject, account, monkeypatch):
    monkeypatch.setattr(jobs, "TOGETHER", 2)
    progress = many(subject, 5, account)
    issue_some = services.issue_some
    calls = []

    def killed(document_ids, **given):
        if len(calls) == 1:
            raise KeyboardInterrupt
        calls.append(document_ids)
        return issue_some(document_ids, **given)

    monkeypatch.setattr(services, "issue_some", killed)
    with pytest.raises(KeyboardInterrupt):
        jobs.issue_batch(progress_id=progress.pk)
    assert IssuedDocument.objects.filter(state="issued").count() == 2
    monkeypatch.setattr(services, "issue_some", issue_some)
    jobs.issue_batch(progress_id=progress.pk)
    progress.refresh_from_db()
    assert (progress.state, progress.result["issued"]) == ("done", 5)
    assert IssuedNumber.objects.count() == 5
    assert numbering.gaps(code=CODE, year=2024) == []


def test_one_bad_paper_does_not_stop_a_batch(subject, account):
    items = [
        services.Item(order(recipient=name), subject) for name in ("演示甲公司", "演示😀公司", "演示乙公司")
    ]
    by = Actor(account_id=account.pk, kind="account", name="孙演示", post="", powers={"documents.issue": ()})
    progress = services.issue_many(kind="order_timed", items=items, register_code=CODE, by=by, at=AT)
    jobs.issue_batch(progress_id=progress.pk)
    progress.refresh_from_db()
    assert progress.result["issued"] == 2
    [miss] = progress.result["refused"]
    assert "😀" in miss["why"]
    assert numbering.gaps(code=CODE, year=2024) == []


def test_a_batch_with_a_missing_fact_names_the_paper_and_starts_nothing(subject, account):
    items = [services.Item(order(), subject), services.Item(order(recipient=""), subject)]
    by = Actor(account_id=account.pk, kind="account", name="孙演示", post="", powers={"documents.issue": ()})
    with pytest.raises(services.DataIncomplete, match="第2份"):
        services.issue_many(kind="order_timed", items=items, register_code=CODE, by=by, at=AT)
    assert (
        not IssuedDocument.objects.exists()
        and not JobProgress.objects.filter(kind="documents.batch").exists()
    )


# --- pages -----------------------------------------------------------------------------------------------------


@pytest.fixture
def housing(city):
    """Give the county's housing office a register code."""
    office = city.offices.east_housing
    Organisation.objects.filter(pk=office.pk).update(document_code="东住建罚决字")
    return office


def test_the_list_shows_papers_of_the_own_office_by_number_and_kind(
    city, housing, subject, county_supervisor, outsider, signed_in_as, friday_9am
):
    by = county_supervisor.actor(friday_9am)
    for kind in ("order_timed", "check_record"):
        services.issue(
            kind=kind, data=sample(kind), register_code="东住建责改字", subject=subject, by=by, at=AT
        )
    client = signed_in_as(county_supervisor)
    page = client.get(reverse("documents:list")).content.decode()
    assert "东住建责改字〔2024〕第0001号" in page and "第0002号" in page
    only = client.get(reverse("documents:list"), {"kind": "check_record", "q": "0002"}).content.decode()
    assert "第0002号" in only and "第0001号" not in only
    assert "第0001号" not in client.get(reverse("documents:list"), {"until": "2024-03-05"}).content.decode()
    elsewhere = signed_in_as(outsider).get(reverse("documents:list"))
    assert "第0001号" not in elsewhere.content.decode()


def test_chosen_papers_are_printed_as_one_file_and_only_those_of_the_own_office(
    city, housing, subject, county_supervisor, outsider, signed_in_as, friday_9am
):
    by = county_supervisor.actor(friday_9am)
    papers = [
        services.issue(
            kind="order_timed", data=order(), register_code="东住建责改字", subject=subject, by=by, at=AT
        )
        for _time in range(2)
    ]
    asked = {"ids": [paper.pk for paper in papers]}
    printed = signed_in_as(county_supervisor).post(reverse("documents:print"), asked)
    assert rendering.pages(printed.content) == 2 * rendering.pages(services.files_of(papers[0])[0])
    assert signed_in_as(outsider).post(reverse("documents:print"), asked).status_code == 302


def test_a_paper_goes_from_draft_to_number_on_its_page(
    city, housing, subject, county_supervisor, street_officer, signed_in_as, friday_9am
):
    by = replace(street_officer.actor(friday_9am), organisation_ids=frozenset({housing.pk}), held_in=None)
    paper = services.draft(
        kind="penalty_decision", data=sample("penalty_decision"), register_code="东住建罚决字", subject=subject, by=by,
        at=friday_9am,
    )  # fmt: skip
    services.submit_for_review(document_id=paper.pk, by=by, at=friday_9am)
    client = signed_in_as(county_supervisor)
    assert "行政处罚决定书" in client.get(reverse("documents:waiting")).content.decode()
    page = client.get(reverse("documents:one", args=[paper.pk])).content.decode()
    assert "签发" in page and "退回修改" in page and "贰佰" not in page
    assert client.get(reverse("documents:pdf", args=[paper.pk])).content.startswith(b"%PDF")
    refused = client.post(reverse("documents:take_step", args=[paper.pk, "send_back"]), {"reason": ""})
    assert refused.status_code == 422
    form = refused.content.decode().split('data-act-open="send_back"')[1].split("</form>")[0]
    assert "请写明退回修改的意见。" in form and "拟稿人会看到" in form
    done = client.post(reverse("documents:take_step", args=[paper.pk, "sign"]), follow=True)
    assert "已签发，文号 东住建罚决字" in done.content.decode()
    paper.refresh_from_db()
    assert paper.state == "issued"
    client.post(reverse("documents:take_step", args=[paper.pk, "void_own"]), {"reason": "当事人名称有误"})
    paper.refresh_from_db()
    assert paper.state == "voided"
    assert client.get(reverse("documents:pdf", args=[paper.pk])).status_code == 200


def test_a_draft_sent_back_is_changed_on_its_page(
    city, housing, subject, county_supervisor, street_officer, signed_in_as, friday_9am
):
    by = replace(street_officer.actor(friday_9am), organisation_ids=frozenset({housing.pk}), held_in=None)
    given = {"kind": "penalty_decision", "data": sample("penalty_decision"), "register_code": "东住建罚决字"}
    paper = services.draft(**given, subject=subject, by=by, at=friday_9am)
    client = signed_in_as(county_supervisor)
    address = reverse("documents:edit", args=[paper.pk])
    page = client.get(address)
    html = page.content.decode()
    assert "裁量理由" in html and "10500.50" in html
    typed = {
        "organisation": "东湖区住房和城乡建设局", "facts": "演示事实。", "evidence": "照片\n笔录\n",
        "violated": "《消防法》第十六条",
        "basis": "《消防法》第六十条", "amount": "8000", "discretion": "属较轻情形，", "noticed_on": "2024-03-28",
    }  # fmt: skip
    drawn = client.post(address, {**typed, "act": "preview"})
    assert drawn.content.startswith(b"%PDF")
    paper.refresh_from_db()
    assert paper.facts["amount"] == "10500.50"
    assert client.post(address, {**typed, "amount": "-1"}).status_code == 422
    assert client.post(address, {**typed, "facts": ""}).status_code == 422
    client.post(address, typed)
    paper.refresh_from_db()
    assert (paper.facts["amount"], paper.facts["evidence"]) == ("8000", ["照片", "笔录"])
    assert paper.facts["party"]["name"] == "演示物业服务有限公司"
    assert any("捌仟元整" in part["text"] for part in paper.data["parts"])


@pytest.mark.parametrize("kind", sorted(rules.KINDS))
def test_every_plain_fact_of_every_kind_has_a_label(kind):
    from anju.means.documents.forms import LABELS, DraftForm

    form = DraftForm(kind, sample(kind))
    assert {"organisation"} <= set(form.fields) <= set(LABELS)
    bound = DraftForm(kind, sample(kind), {name: form[name].initial for name in form.fields})
    assert bound.is_valid(), bound.errors
    again = bound.changed()
    assert again == (
        replace(sample(kind), body=sample(kind).body.strip()) if kind == "suggestion_reply" else sample(kind)
    )


def test_for_somebody_elsewhere_the_page_of_a_paper_does_not_exist(
    city, housing, subject, county_supervisor, outsider, signed_in_as, friday_9am
):
    paper = services.issue(
        kind="order_timed", data=order(), register_code="东住建责改字", subject=subject,
        by=county_supervisor.actor(friday_9am), at=AT,
    )  # fmt: skip
    client = signed_in_as(outsider)
    for name in ("documents:one", "documents:pdf", "documents:docx"):
        assert client.get(reverse(name, args=[paper.pk])).status_code == 404
    assert (
        client.post(reverse("documents:take_step", args=[paper.pk, "void_own"]), {"reason": "x"}).status_code
        == 404
    )
    paper.refresh_from_db()
    assert paper.state == "issued"


def test_a_paper_with_an_act_behind_it_is_voided_by_its_room_alone(
    city, housing, subject, county_supervisor, signed_in_as, friday_9am
):
    by = county_supervisor.actor(friday_9am)
    paper = services.issue(
        kind="order_timed", data=order(), register_code=CODE, subject=subject, by=by, at=AT
    )
    registry.register("foundation.jobprogress", lambda _actor, _pk: True)
    client = signed_in_as(county_supervisor)
    assert "作废后文号保留" not in client.get(reverse("documents:one", args=[paper.pk])).content.decode()
    refused = client.post(reverse("documents:take_step", args=[paper.pk, "void_own"]), {"reason": "有误"})
    assert refused.status_code == 422 and "办理页面" in refused.content.decode()
    paper.refresh_from_db()
    assert paper.state == "issued"
    assert services.void(document_id=paper.pk, reason="处罚已撤销", by=by, at=AT).state == "voided"


def test_the_owner_of_a_batch_fetches_its_files_and_nobody_else(
    city, subject, county_supervisor, outsider, signed_in_as, friday_9am
):
    by = county_supervisor.actor(friday_9am)
    progress = services.issue_many(
        kind="order_timed",
        items=[services.Item(order(), subject)],
        register_code="东住建责改字",
        by=by,
        at=AT,
    )
    jobs.issue_batch(progress_id=progress.pk)
    client = signed_in_as(county_supervisor)
    assert "合并的 PDF" in client.get(reverse("documents:batch", args=[progress.pk])).content.decode()
    printed = client.get(reverse("documents:batch_file", args=[progress.pk, "pdf"]))
    assert printed.content.startswith(b"%PDF")
    assert client.get(reverse("documents:batch_file", args=[progress.pk, "zip"])).status_code == 200
    assert client.get(reverse("documents:batch_file", args=[progress.pk, "url"])).status_code == 404
    assert signed_in_as(outsider).get(reverse("documents:batch", args=[progress.pk])).status_code == 404


def test_the_steps_and_the_rulebook_agree():
    from anju.ground.foundation import rulebooks

    forms = rulebooks.load("documents", on=AT.date())["forms"]
    assert {kind for kind, form in forms.items() if form["review"]} == {
        "penalty_decision", "sealing_decision", "major_hazard_notice", "suggestion_reply",
    }  # fmt: skip
    penalty, simple = IssuedDocument(kind="penalty_decision"), IssuedDocument(kind="order_timed")
    assert rules.needs_no_leader(penalty, AT.date()) and not rules.needs_a_leader(penalty, AT.date())
    assert rules.needs_a_leader(simple, AT.date()) and not rules.needs_no_leader(simple, AT.date())


def test_a_list_asks_as_often_for_many_papers_as_for_one(
    city, housing, subject, county_supervisor, signed_in_as, friday_9am
):
    by = county_supervisor.actor(friday_9am)
    client = signed_in_as(county_supervisor)
    counts = []
    for number in range(4):
        services.issue(
            kind="order_timed", data=order(), register_code="东住建责改字", subject=subject, by=by, at=AT
        )
        services.draft(
            kind="penalty_decision",
            data=sample("penalty_decision"),
            register_code="东住建罚决字",
            subject=subject,
            by=by,
            at=AT,
        )
        if number in (0, 3):
            for page in ("documents:list", "documents:waiting"):
                client.get(reverse(page))
                with CaptureQueriesContext(connection) as asked:
                    assert client.get(reverse(page)).status_code == 200
                counts.append(len(asked))
    assert counts[:2] == counts[2:], counts


@contextmanager
def filled(offices, count, at):
    """Put that many issued papers of each office into the table, of all kinds in turn, and take them out again.

    Each office is the one above the next. The papers stand without the numbers and files that they point to, which no
    commit would allow.
    """
    kinds = sorted(rules.KINDS)
    with transaction.atomic():
        IssuedDocument.objects.bulk_create(
            IssuedDocument(
                kind=kinds[n % len(kinds)],
                state="issued",
                number_id=-(n * 10 + which),
                written_number=f"东住建罚决字〔2024〕第{n:04}号",
                template_edition="1",
                title="演示文书",
                subject_type="演示",
                subject_id=n,
                organisation_name=office.name,
                organisation_id=office.pk,
                superior_id=offices[which - 1].pk,
                docx_file_id=-n,
                pdf_file_id=-n,
                issued_at=at - timedelta(hours=n),
            )
            for n in range(1, count + 1)
            for which, office in enumerate(offices)
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE documents_issueddocument")
        yield
        transaction.set_rollback(True)


def test_the_list_reads_a_range_of_an_index(city, housing, county_supervisor, friday_9am):
    actor_ = replace(
        county_supervisor.actor(friday_9am), organisation_ids=frozenset({housing.pk}), held_in=None
    )
    asked_for = {
        "document_organisation": queries.Filters(),
        "document_superior": queries.Filters(scope="below"),
        "document_organisation_kind": queries.Filters(kind="order_timed"),
    }
    # Of a table without rows every index costs the same, and the planner takes any.
    offices = [
        housing,
        *(getattr(city.offices, key) for key in ("fire", "police", "company", "west_housing")),
    ]
    with filled(offices, 400, friday_9am), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        for index, filters in asked_for.items():
            with CaptureQueriesContext(connection) as asked:
                queries.listing(actor_, filters)
            [counted] = [q["sql"] for q in asked if "COUNT" in q["sql"]]
            cursor.execute(f"EXPLAIN {counted}")
            plan = " ".join(row[0] for row in cursor.fetchall())
            assert f"using {index} " in plan, plan
