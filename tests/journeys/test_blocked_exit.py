"""The journey everything else copies: a blocked fire exit, from a resident's phone to a closed, published answer."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from anju.duties.cases.models import Case, Report
from anju.ground.foundation import numbering
from anju.ground.foundation.tests import samples
from anju.ground.territory.models import Estate
from anju.means.documents.models import IssuedDocument

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world(settings, tmp_path, city):
    settings.FILE_STORE = tmp_path / "files"
    city.offices.huaiyin_office.document_code = "槐街责改字"
    city.offices.huaiyin_office.save()


def text_of(response) -> str:
    return re.sub(r"<[^>]+>", " ", response.content.decode())


def test_a_blocked_exit_is_reported_dispatched_put_right_sent_back_closed_and_published(
    city, wang, li, company_clerk, outsider, county_supervisor, signed_in_as
):
    resident = Client()
    found = resident.get(reverse("portal:report"), {"q": "槐荫"})
    assert "槐荫小区" in text_of(found)
    form = {
        "estate": city.estates.huaiyin.pk,
        "class_code": "EG02",
        "place": "3号楼2单元一层",
        "text": "安全出口被铁链锁住，晚上打不开",
        "name": "韩女士",
        "phone": "13912345678",
        "request_key": "phone-0001",
        "photos": [samples.upload(samples.photo(seed=11))],
    }
    sent = resident.post(reverse("portal:report"), form)
    assert sent.status_code == 302, text_of(sent)
    report = Report.objects.get()
    case = report.case
    assert report.code in text_of(resident.get(sent.url))
    progress = reverse("portal:progress", args=[report.code])
    assert "已收到" in text_of(resident.get(progress))
    # The same form sent again (a bad connection) files nothing twice.
    resident.post(reverse("portal:report"), {**form, "photos": [samples.upload(samples.photo(seed=11))]})
    assert Case.objects.count() == 1

    street, community = signed_in_as(wang), signed_in_as(li)
    company, stranger = signed_in_as(company_clerk), signed_in_as(outsider)
    page = reverse("cases:case", args=[case.pk])

    def act(client: Client, name: str, **data):
        return client.post(reverse("cases:step", args=[case.pk, name]), data, follow=True)

    home = text_of(street.get(reverse("console:home")))
    assert "3号楼2单元一层" in home and "派单" in home
    assert "13912345678" not in street.get(page).content.decode()
    assert company.get(page).status_code == 404
    assert stranger.get(page).status_code == 404
    assert act(stranger, "assign").status_code == 404
    assert act(street, "assign").status_code == 200
    assert act(company, "accept").status_code == 200

    empty = act(company, "submit", note="已整改")
    assert empty.status_code == 409 and "何时、何处" in text_of(empty)
    said = "7月12日上午剪断铁链，拆除门锁，出口恢复常开"
    bare = act(company, "submit", note=said)
    assert bare.status_code == 422 and "照片" in text_of(bare)
    act(company, "submit", note=said, uploads=[samples.upload(samples.photo(seed=12))])
    case.refresh_from_db()
    assert case.state == "checking"

    act(community, "send_back", note="北侧的门仍上着锁，请一并拆除")
    act(
        company,
        "submit",
        note="北侧门锁也已拆除，两个出口都能推开",
        uploads=[samples.upload(samples.photo(seed=13))],
    )
    act(community, "close", note="下午三点现场查看，两个出口均可自由推开，锁具已拆除")
    case.refresh_from_db()
    assert case.state == "closed"

    done = text_of(resident.get(progress))
    assert "锁具已拆除" in done and "满意" in done
    assert "锁具已拆除" not in text_of(resident.get(reverse("portal:notices")))  # until somebody publishes it
    assert act(community, "publish", wording="两个出口均可自由推开，锁具已拆除").status_code == 200
    assert "锁具已拆除" in text_of(resident.get(reverse("portal:notices")))
    estate_page = text_of(resident.get(reverse("portal:estate", args=[city.estates.huaiyin.pk])))
    assert "安邻物业" in estate_page and "王建国" not in estate_page
    resident.post(reverse("portal:rate", args=[report.code]), {"rating": "3", "reason": ""})
    case.refresh_from_db()
    assert case.satisfaction == 3

    figures = signed_in_as(county_supervisor).get(reverse("figures:home"))
    assert figures.status_code == 200


def test_the_order_to_correct_is_previewed_issued_under_the_next_number_and_read_only_where_the_case_is(
    city, wang, outsider, signed_in_as
):
    Client().post(
        reverse("portal:report"),
        {"estate": city.estates.huaiyin.pk, "class_code": "EG02", "text": "安全出口被锁住", "place": "3号楼"},
    )
    case = Case.objects.get()
    street, stranger = signed_in_as(wang), signed_in_as(outsider)
    url = f"{reverse('orders:new')}?case={case.pk}"
    assert "安邻物业服务有限公司" in street.get(url).content.decode()
    draft = street.post(
        url, {"act": "preview", "recipient": "安邻物业服务有限公司", "hazard": "安全出口锁闭"}
    )
    assert draft["Content-Type"] == "application/pdf" and draft.content.startswith(b"%PDF")
    assert not IssuedDocument.objects.exists()
    issued = street.post(url, {"act": "issue", "request_key": "o-1"}, follow=True)
    paper = IssuedDocument.objects.get()
    assert paper.written_number in issued.content.decode()
    assert numbering.gaps(code="槐街责改字", year=paper.issued_at.year) == []
    pdf = reverse("documents:pdf", args=[paper.pk])
    assert street.get(pdf).status_code == 200
    assert stranger.get(pdf).status_code == 404
    assert stranger.get(url).status_code == 404


def test_the_patrol_reports_and_rechecks_on_the_phone(
    city, li, wang, company_clerk, grid_worker, signed_in_as
):
    patrol = signed_in_as(grid_worker)
    sent = patrol.post(
        reverse("field:report"),
        {
            "estate": city.estates.huaiyin.pk,
            "class_code": "EB02",
            "place": "1号楼1单元",
            "photos": [samples.upload(samples.photo(seed=21))],
        },
    )
    assert sent.status_code == 302, text_of(sent)
    case = Case.objects.get()
    signed_in_as(wang).post(reverse("cases:step", args=[case.pk, "assign"]))
    company = signed_in_as(company_clerk)
    company.post(reverse("cases:step", args=[case.pk, "accept"]))
    company.post(
        reverse("cases:step", args=[case.pk, "submit"]),
        {
            "note": "电动车已推到地面车棚，插排已收走并告知住户",
            "uploads": [samples.upload(samples.photo(seed=22))],
        },
    )
    assert "去复查" in text_of(patrol.get(reverse("field:home")))
    patrol.post(
        reverse("field:step", args=[case.pk, "close"]),
        {
            "note": "傍晚到场查看，楼道无车无插排，住户已知晓",
            "photos": [samples.upload(samples.photo(seed=23))],
        },
    )
    case.refresh_from_db()
    assert case.state == "closed"
    assert case.evidence.filter(purpose="recheck").exists()


def test_a_call_is_registered_for_the_caller_and_the_identity_stays_sealed(city, wang, signed_in_as):
    street = signed_in_as(wang)
    form = {
        "estate": city.estates.huaiyin.pk,
        "class_code": "SV01",
        "text": "报修两周没有人来",
        "name": "钱先生",
        "phone": "13700001111",
        "kind": "complaint",
    }
    made = street.post(reverse("cases:new") + f"?estate={city.estates.huaiyin.pk}", form, follow=True)
    case = Case.objects.get()
    assert (case.kind, case.channel) == ("complaint", "staff")
    assert case.reports.get().code in text_of(made)
    assert "钱先生" not in made.content.decode()
    elsewhere = street.post(reverse("cases:new"), {**form, "estate": city.estates.hebin.pk})
    assert elsewhere.status_code in (404, 422)
    assert Case.objects.count() == 1


def test_a_frequent_name_of_the_whole_city_does_not_hide_the_estate_of_ones_own_area(
    city, grid_worker, wang, signed_in_as
):
    Estate.objects.bulk_create(
        Estate(name=f"A{n:03}槐荫", area=city.areas.shanqian, division=city.divisions.shanqian)
        for n in range(210)
    )
    patrol, street = signed_in_as(grid_worker), signed_in_as(wang)
    for page in (
        patrol.get(reverse("field:report"), {"q": "荫小"}),
        patrol.get(reverse("field:estates"), {"q": "槐荫"}),
        street.get(reverse("cases:new"), {"q": "槐荫"}),
    ):
        assert "槐荫小区" in text_of(page) and "A001" not in text_of(page)


def test_whoever_hands_a_case_back_comes_to_the_desk_and_not_to_a_page_that_is_no_longer_theirs(
    city, wang, company_clerk, county_supervisor, signed_in_as
):
    Client().post(
        reverse("portal:report"),
        {"estate": city.estates.huaiyin.pk, "class_code": "EG02", "text": "安全出口被锁住", "place": "3号楼"},
    )
    case = Case.objects.get()
    street, company = signed_in_as(wang), signed_in_as(company_clerk)
    street.post(reverse("cases:step", args=[case.pk, "assign"]))
    back = company.post(
        reverse("cases:step", args=[case.pk, "return_back"]), {"note": "不在本公司服务范围"}, follow=True
    )
    assert back.redirect_chain[-1][0] == reverse("console:home")
    assert back.status_code == 200 and "已转出" in text_of(back)
    # The estate's cases are one point on the map, with the way to their list.
    Case.objects.update(longitude=113.9, latitude=35.3)
    Client().post(
        reverse("portal:report"),
        {"estate": city.estates.huaiyin.pk, "class_code": "FF03", "text": "灭火器过期", "place": "1号楼"},
    )
    Case.objects.update(longitude=113.9, latitude=35.3)
    points = signed_in_as(county_supervisor).get(reverse("cases:map_points")).json()["features"]
    assert len(points) == 1
    assert f"estate={city.estates.huaiyin.pk}" in points[0]["properties"]["url"]


def test_the_parts_of_a_split_take_each_their_own_photos(city, wang, signed_in_as):
    Client().post(
        reverse("portal:report"),
        {
            "estate": city.estates.huaiyin.pk,
            "class_code": "EG02",
            "text": "出口锁着，旁边还堆着纸箱",
            "photos": [samples.upload(samples.photo(seed=31)), samples.upload(samples.photo(seed=32))],
        },
    )
    case = Case.objects.get()
    lock, boxes = case.evidence.order_by("pk")
    street = signed_in_as(wang)
    split = reverse("cases:split", args=[case.pk])
    # A part with a class and no words is asked about, not dropped.
    half = street.post(split, {"class_code": ["EG02", "ST01"], "text": ["安全出口锁着", ""]})
    assert half.status_code == 422 and not case.children.exists()
    street.post(
        split,
        {
            "class_code": ["EG02", "ST01"],
            "text": ["安全出口锁着", "出口旁堆放纸箱"],
            "evidence-1": [lock.pk],
            "evidence-2": [boxes.pk],
        },
    )
    first, second = case.children.order_by("pk")
    assert [e.file for e in first.evidence.all()] == [lock.file]
    assert [e.file for e in second.evidence.all()] == [boxes.file]


def test_a_caller_s_matter_outside_of_estates_is_filed_for_its_community(city, wang, signed_in_as):
    street = signed_in_as(wang)
    found = street.get(reverse("cases:new"), {"q": "柳园社区"})
    assert f"?area={city.areas.liuyuan.pk}" in found.content.decode()
    form = {"kind": "hazard", "area": city.areas.liuyuan.pk, "text": "临街门店的出口被锁住"}
    unchosen = street.post(reverse("cases:new"), form)
    assert unchosen.status_code == 422 and "最接近的类别" in text_of(unchosen)
    street.post(reverse("cases:new"), {**form, "class_code": "EG02"})
    case = Case.objects.get()
    assert (case.estate, case.community) == (None, city.areas.liuyuan)
    # An area out of reach is no place to file for.
    street.post(reverse("cases:new"), {**form, "area": city.areas.shanqian.pk, "class_code": "EG02"})
    assert Case.objects.count() == 1


def test_what_a_machine_fills_in_is_refused_with_a_sentence_that_is_seen(city):
    sent = Client().post(
        reverse("portal:report"),
        {"estate": city.estates.huaiyin.pk, "class_code": "EG02", "text": "安全出口被锁住", "website": "x"},
    )
    assert sent.status_code == 422 and "重新打开页面" in text_of(sent)
    # What was chosen stays chosen where it is seen, not in the folded list of all classes.
    assert re.findall(r'<input[^>]*id="([^"]+)"[^>]*value="EG02"[^>]*checked', sent.content.decode()) == [
        "f-class_code-3"
    ]
    assert not Case.objects.exists()
