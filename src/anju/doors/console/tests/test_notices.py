"""What must be signed for, on the first page and on the phone: one by one, or together what only repeats the list."""

import re
from datetime import timedelta

from django.urls import reverse

from anju.ground.foundation import journal, notices
from anju.ground.foundation.models import Notice


def _digest(page: str) -> str:
    (found,) = re.findall(r'name="upto" value="(\d+)"', page)
    return found


def test_what_repeats_the_list_is_signed_for_together_and_the_rest_one_by_one(
    city, reported, signed_in_as, friday_9am
):
    case, street = reported(), city.offices.huaiyin_office
    late = [notices.tell(case, "escalate", street, f"第{n}次超期", at=friday_9am, level=1) for n in range(3)]
    own = notices.tell(case, "unseal", street, "查看了上报人身份", at=friday_9am)
    officer = signed_in_as(city.people.street_officer)
    page = officer.get(reverse("console:home")).content.decode()
    assert "超期升级 3 条" in page and "查看了上报人身份" in page and "第1次超期" not in page
    assert "4 条提醒等待签收" in page
    upto = _digest(page)
    after = notices.tell(case, "escalate", street, "刚刚超期", at=friday_9am + timedelta(hours=1), level=2)
    for _again in range(2):
        assert officer.post(reverse("console:read_digest"), {"upto": upto}).status_code == 302
    read = set(Notice.objects.filter(read_at__isnull=False).values_list("pk", flat=True))
    # What has come since the page was drawn nobody has seen yet.
    assert read == {one.pk for one in late}
    assert journal.events_named(case, "foundation.read_notice").count() == len(late)
    answer = officer.post(reverse("console:read_notice", args=[own.pk]))
    assert answer["Location"] == reverse("cases:case", args=[case.pk])
    assert set(notices.unread(city.people.street_officer.actor(friday_9am))) == {after}


def test_together_means_only_what_is_ones_own(city, reported, signed_in_as, friday_9am):
    case = reported()
    told = notices.tell(case, "escalate", city.offices.huaiyin_office, "超期", at=friday_9am, level=1)
    for who in ("outsider", "other_clerk", "county_supervisor"):
        client = signed_in_as(getattr(city.people, who))
        client.post(reverse("console:read_digest"), {"upto": told.pk})
        assert client.post(reverse("console:read_notice", args=[told.pk])).status_code == 404
    told.refresh_from_db()
    assert told.read_at is None


def test_what_belongs_to_nobody_is_shown_to_all_who_see_it(city, reported, friday_9am):
    told = notices.tell(reported(), "escalate", None, "超期", at=friday_9am, level=4)
    seen = {
        who
        for who in ("street_officer", "county_supervisor", "city_supervisor", "other_clerk", "outsider")
        if told in notices.unread(getattr(city.people, who).actor(friday_9am))
    }
    assert seen == {"street_officer", "county_supervisor", "city_supervisor"}


def test_the_phone_says_how_many_wait(city, reported, signed_in_as, friday_9am):
    phone = signed_in_as(city.people.street_officer)
    assert "条提醒等待签收" not in phone.get(reverse("field:home")).content.decode()
    notices.tell(reported(), "urge", city.offices.huaiyin_office, "请抓紧", at=friday_9am)
    assert "1 条提醒等待签收" in phone.get(reverse("field:home")).content.decode()
