"""What the checker says of a photo that is doubted, and what a photo shows after the checker's word."""

from datetime import datetime

import pytest

from anju.duties.cases import services
from anju.duties.cases.models import Case
from anju.duties.cases.queries import evidence
from anju.ground.foundation import journal, story
from anju.ground.foundation.refusals import NeedsConfirmation
from anju.ground.foundation.tests import samples

pytestmark = pytest.mark.django_db
CLOSING = "下午三点到现场查看，出口可以自由推开，锁具已拆除"


def handed_in(
    reported, walk, company_clerk, friday_9am: datetime, data: bytes, *, before: bytes | None = None
) -> Case:
    """Take a case to its checker with a photo of the hazard and one of the cure."""
    shown = [samples.upload(before)] if before else []
    case = walk(reported(uploads=shown), "assign", "accept", at=friday_9am)
    return services.submit(
        case_id=case.pk, note="当日上午剪断铁链拆除门锁，出口恢复常开", uploads=[samples.upload(data)],
        by=company_clerk.actor(friday_9am), at=friday_9am,
    )  # fmt: skip


def test_the_photo_of_the_hazard_compressed_anew_asks_the_checker_for_a_word_that_stands_in_the_story(
    city, reported, walk, company_clerk, community_manager, friday_9am
):
    scene = samples.courtyard(5, (1600, 1200))
    again = samples.encoded(scene.resize((1080, 810)), quality=60)
    case = handed_in(
        reported, walk, company_clerk, friday_9am, again, before=samples.encoded(scene, quality=95)
    )
    by = community_manager.actor(friday_9am)
    with pytest.raises(NeedsConfirmation) as asked:
        services.close(case_id=case.pk, note=CLOSING, insist=True, by=by, at=friday_9am)
    assert asked.value.field == "about_photos" and "几乎相同" in str(asked.value)
    assert Case.objects.get(pk=case.pk).state == "checking"
    said = "到场看过，门已打开，企业交错了照片"
    services.close(case_id=case.pk, note=CLOSING, about_photos=said, by=by, at=friday_9am)
    told = story.told(journal.events_of(case)[-1])
    assert CLOSING in told["note"] and said in told["note"]
    assert [photo.answer for photo in evidence.gallery(case, by).after] == [said]
    assert evidence.unanswered(case) == []


def test_sending_back_says_itself_what_is_wrong_with_the_photos_and_they_never_show_the_cure(
    city, reported, walk, company_clerk, community_manager, friday_9am
):
    case = handed_in(reported, walk, company_clerk, friday_9am, samples.photo(3, point=(113.80, 35.45)))
    by = community_manager.actor(friday_9am)
    still = samples.upload(samples.photo(71))
    services.send_back(case_id=case.pk, note="门还锁着", uploads=[still], by=by, at=friday_9am)
    shown = evidence.gallery(case, by)
    assert (shown.after, [p.label for p in shown.rest]) == ((), ["复查未通过", "复查未通过"])
    report = case.reports.get()
    walk(case, "submit", "close", at=friday_9am)
    shown = evidence.gallery_of_report(report.pk, at=friday_9am)
    accepted = case.evidence.filter(shows="after")
    assert len(shown.after) == accepted.count() == 1
    assert not accepted.filter(added_at__lt=friday_9am).exists()


def test_what_was_accepted_once_is_no_cure_when_the_matter_is_done_again(
    city, reported, walk, county_supervisor, friday_9am
):
    case = walk(reported(), "assign", "accept", "submit", "close", at=friday_9am)
    assert evidence.gallery(case, county_supervisor.actor(friday_9am)).label_after == "整改后"
    services.reopen(case_id=case.pk, note="又锁上了", by=county_supervisor.actor(friday_9am), at=friday_9am)
    shown = evidence.gallery(case, county_supervisor.actor(friday_9am))
    assert shown.after == () and [photo.label for photo in shown.rest] == ["上次办结时"]
