"""What the public reads of a closed case: only what somebody has published, without names and numbers."""

import pytest

from anju.duties.cases import queries, services
from anju.duties.cases.models import Case
from anju.ground.foundation import journal
from anju.ground.foundation.refusals import NeedsConfirmation, NotAllowedNow, NotPermitted

pytestmark = pytest.mark.django_db
SAID = "业主韩小梅（13812345678）和社区李敏到场，锁具已拆除，出口可以推开"


@pytest.fixture
def closed(reported, walk, li, friday_9am) -> Case:
    case = walk(reported(), "assign", "accept", "submit", at=friday_9am)
    return services.close(case_id=case.pk, note=SAID, by=li.actor(friday_9am), at=friday_9am)


def shown(at) -> list[str]:
    return [one.closing_text for one in queries.public_notices(at=at)]


def test_nothing_is_public_before_somebody_has_read_it_over(closed, li, friday_9am):
    assert shown(friday_9am) == []
    proposed = queries.public.masked(closed.closing_text, closed, on=closed.closed_at.date())
    assert proposed == "业主韩**（138****5678）和社区李**到场，锁具已拆除，出口可以推开"
    services.publish(case_id=closed.pk, wording=proposed, by=li.actor(friday_9am), at=friday_9am)
    assert shown(friday_9am) == [proposed]


def test_the_page_proposes_the_masked_text(closed, li, signed_in_as):
    page = signed_in_as(li).get(f"/console/cases/{closed.pk}/").content.decode()
    form = page[page.index('id="publish-wording"') :][:400]
    assert "韩**" in form and "138****5678" in form and "韩小梅" not in form


def test_a_name_is_asked_about_and_a_number_is_masked_whatever_is_typed(closed, li, friday_9am):
    by = li.actor(friday_9am)
    with pytest.raises(NeedsConfirmation) as asked:
        services.publish(case_id=closed.pk, wording=SAID, by=by, at=friday_9am)
    assert asked.value.field == "wording" and "韩**" in str(asked.value)
    services.publish(case_id=closed.pk, wording=SAID, insist=True, by=by, at=friday_9am)
    assert "13812345678" not in shown(friday_9am)[0]
    assert journal.events_of(closed)[-1].data["doubts"] == ["names_somebody"]


def test_the_reporter_reads_no_name_either(closed, friday_9am):
    told = queries.progress(closed.reports.get().code, at=friday_9am)
    assert "韩小梅" not in repr(told) and "李敏" not in repr(told) and "锁具已拆除" in told.reply_text


def test_what_was_published_is_replaced_withdrawn_and_gone_when_the_matter_is_reopened(
    closed, li, county_supervisor, walk, friday_9am
):
    by = li.actor(friday_9am)
    for wording in ("锁具已拆除", "锁具已拆除，两个出口都能推开"):
        services.publish(case_id=closed.pk, wording=wording, by=by, at=friday_9am)
    assert shown(friday_9am) == ["锁具已拆除，两个出口都能推开"]
    services.withdraw(case_id=closed.pk, note="楼号有误", by=by, at=friday_9am)
    assert shown(friday_9am) == []
    with pytest.raises(NotAllowedNow):
        services.withdraw(case_id=closed.pk, note="楼号有误", by=by, at=friday_9am)
    services.publish(case_id=closed.pk, wording="锁具已拆除", by=by, at=friday_9am)
    services.reopen(case_id=closed.pk, note="又锁上了", by=county_supervisor.actor(friday_9am), at=friday_9am)
    case = Case.objects.get(pk=closed.pk)
    assert (case.public_text, case.published_at, shown(friday_9am)) == ("", None, [])


def test_whoever_put_it_right_does_not_publish_it(closed, company_clerk, friday_9am):
    with pytest.raises(NotPermitted):
        services.publish(
            case_id=closed.pk, wording="已经办好", by=company_clerk.actor(friday_9am), at=friday_9am
        )
