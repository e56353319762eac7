"""The side doors to a case: figures and their rows, exports, ledgers of others, false hosts, stolen secrets."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from anju.doors.exchange.models import Export, Import
from anju.duties.cases.models import SavedView
from anju.ground.access.models import ApiKey
from anju.ground.foundation.models import JobProgress

from . import addresses

pytestmark = pytest.mark.django_db

LEADS = ["", "990102", "990102001", "9901", "990102001001"]


def _text(told) -> str:
    body = b"".join(told.streaming_content) if told.streaming else told.content
    return body.decode("utf-8", "replace")


@pytest.mark.parametrize("territory", LEADS)
@pytest.mark.parametrize("who", ["outsider", "other_clerk", "grid_worker"])
def test_the_rows_behind_a_number_are_only_those_within_reach(city, case, signed_in_as, territory, who):
    client = signed_in_as(getattr(city.people, who))
    today = timezone.localdate()
    query = {
        "from": f"{today.year}-01-01",
        "to": today.isoformat(),
        "territory": territory,
        "measure": "received",
    }
    for name in ("figures:home", "figures:rows", "figures:rows_csv"):
        told = client.get(reverse(name), query)
        assert told.status_code < 500
        text = _text(told)
        if told.status_code == 200:
            assert case.number not in text and "铁链" not in text, f"{who} {name} {territory}"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_export_holds_only_what_the_list_would_show(city, case, signed_in_as, form):
    asked = {"format": form, "estate": case.estate_id, "q": "铁链"}
    mine = signed_in_as(city.people.street_officer).get(reverse("exchange:export_cases"), asked)
    if form == "csv":
        assert case.number in _text(mine)
        assert "13912345678" not in _text(
            signed_in_as(city.people.street_officer).get(reverse("exchange:export_cases"))
        )
    for who, status in (("outsider", 200), ("company_clerk", 404), ("grid_worker", 404)):
        told = signed_in_as(getattr(city.people, who)).get(reverse("exchange:export_cases"), asked)
        assert told.status_code in (status, 302, 404)
        assert case.number not in _text(told) and "铁链锁住" not in _text(told)


def test_a_formula_in_a_report_is_exported_as_text(city, filed, signed_in_as):
    for number, start in enumerate("=+-@"):
        filed(seed=81 + number, text=f"{start}HYPERLINK(0)安全出口锁住", place="=1+1")
    told = _text(
        signed_in_as(city.people.street_officer).get(reverse("exchange:export_cases"), {"format": "csv"})
    )
    assert "HYPERLINK" in told
    for cell in told.replace("\n", ",").split(","):
        assert not cell.strip().strip('"').startswith(("=", "@", "+HYP", "-HYP")), cell


def test_ledgers_jobs_views_and_keys_of_somebody_else_do_not_exist(city, case, now, signed_in_as):
    owner = city.people.street_officer
    ledger = Import.objects.create(owner_id=owner.account.pk, kind="hazards", created_at=now)
    job = JobProgress.objects.create(owner_id=owner.account.pk)
    view = SavedView.objects.create(account_id=owner.account.pk, name="我的", query="open=1")
    key = ApiKey.objects.create(account=owner.account, name="对接", digest="0" * 64)
    list_ = Export.objects.create(
        owner_id=owner.account.pk, list="cases", form="xlsx", created_at=now, path="x"
    )
    values = {"import_id": ledger.pk, "export_id": list_.pk, "job_id": job.pk}
    client = signed_in_as(city.people.county_supervisor)
    walked = [a for a in addresses.table() if values.keys() & set(a.parameters)]
    assert len(walked) >= 8
    for address in walked:
        url = address.filled(values)
        for told in (client.get(url), client.post(url)):
            assert told.status_code in (404, 405), f"{url}: {told.status_code}"
    client.post(reverse("cases:save_view"), {"delete": view.pk})
    assert client.post(reverse("access:revoke_key", args=[key.pk])).status_code == 404
    job.refresh_from_db()
    key.refresh_from_db()
    assert not job.cancel_asked and key.revoked_at is None and SavedView.objects.filter(pk=view.pk).exists()


def test_a_false_host_is_not_answered(db):
    for host in ("evil.example", "evil.example:80", "testserver.evil.example", "a b"):
        assert Client(HTTP_HOST=host).get("/").status_code == 400


def test_a_wrong_password_locks_and_says_nothing_about_who_exists(city):
    answers = []
    for login in ("wang", "nobody-at-all"):
        client = Client(REMOTE_ADDR="198.51.100.30")
        for _n in range(6):
            told = client.post(reverse("account_login"), {"login": login, "password": "wrong-wrong-wrong"})
        answers.append(told.status_code)
        right = client.post(reverse("account_login"), {"login": login, "password": "only-for-tests-2024"})
        assert right.status_code == 429
    assert answers == [429, 429]


def test_a_session_does_not_outlive_its_sign_out(city, case, signed_in_as):
    client = Client()
    client.post(reverse("account_login"), {"login": "wang", "password": "only-for-tests-2024"})
    page = reverse("cases:case", args=[case.pk])
    assert client.get(page).status_code == 200
    stolen = Client()
    stolen.cookies["sessionid"] = client.cookies["sessionid"].value
    client.post(reverse("account_logout"))
    assert stolen.get(page).status_code == 302
