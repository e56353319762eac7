"""The pages of orders, penalties and sealings, as each of the cast opens them."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from anju.duties.orders.models import Order, Sealing
from anju.duties.penalties.models import Payment, Penalty
from anju.means.documents.models import IssuedDocument

from .conftest import ONE, TWO, UNIT

pytestmark = pytest.mark.django_db

FACTS = "在一楼公共门厅为电动自行车充电，责令后拒不改正"


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def seen_by(signed_in_as):
    """Return a function that opens a page as somebody and returns the answer."""

    def see(who, name: str, *args, query: str = ""):
        return signed_in_as(who).get(reverse(name, args=args) + query)

    return see


def test_the_journey_from_a_blocked_fire_lane_to_the_offer_of_the_transfer(
    hazard, offices, police_officer, seen_by, signed_in_as
):
    """A police officer who tries to fine a unit for a blocked fire lane is told who may and is offered the transfer."""
    case = hazard("FA01")
    page = signed_in_as(police_officer).get(reverse("cases:case", args=[case.pk]))
    wizard = f"{reverse('penalties:new')}?case={case.pk}"
    assert wizard in page.content.decode()
    choose = seen_by(police_officer, "penalties:new", query=f"?case={case.pk}")
    shown = text(choose)
    assert "占用、堵塞、封闭消防车通道" in shown and "由消防救援机构决定" in shown
    assert shown.index("占用、堵塞、封闭消防车通道") < shown.index(
        "公共门厅、疏散走道、楼梯间为电动自行车充电"
    )
    refused = seen_by(police_officer, "penalties:new", query=f"?case={case.pk}&offence=lane_blocked")
    assert refused.status_code == 422
    assert "槐荫派出所无权处罚" in text(refused)
    offer = f"{reverse('transfers:new')}?case={case.pk}&amp;to=fire_brigade"
    assert offer in refused.content.decode()
    assert signed_in_as(police_officer).get(offer.replace("&amp;", "&")).status_code == 200
    assert not Penalty.objects.exists()


def test_the_journey_of_200_yuan_from_the_order_to_the_receipt(
    hazard, offices, police_officer, company_clerk, signed_in_as
):
    case = hazard("EB02")
    officer = signed_in_as(police_officer)
    order_url = f"{reverse('orders:new')}?case={case.pk}"
    draft = officer.post(order_url, {"act": "preview", "kind": "immediate"})
    assert draft["Content-Type"] == "application/pdf"
    officer.post(order_url, {"act": "issue", "kind": "immediate", "recipient": "胡某", "request_key": "a"})
    order = Order.objects.get()
    assert (order.kind, order.recipient, order.company) == ("immediate", "胡某", None)
    step = reverse("orders:step", args=[order.pk, "serve"])
    wrong = officer.post(step, {"way": "left", "served_to": "胡某"})
    assert wrong.status_code == 422 and "见证人" in text(wrong)
    officer.post(step, {"way": "direct", "served_to": "胡某", "request_key": "b"})
    order.refresh_from_db()
    assert order.state == "served"
    wizard = f"{reverse('penalties:new')}?case={case.pk}&offence=corridor_charging"
    assert "200 元" in text(officer.get(wizard))
    filled = {
        "procedure": "simple", "party_kind": "person", "party_name": "胡小明", "age": "30", "facts": FACTS,
        "refused": "on", "first_badge": "JC0001", "amount": "200", "statement": "无异议", "request_key": "c",
    }  # fmt: skip
    answer = officer.post(wizard, filled, follow=True)
    assert "胡**" in text(answer) and "胡小明" not in answer.content.decode()
    fine = Penalty.objects.get()
    assert (fine.amount, fine.state) == (Decimal("200.00"), "decided")
    assert "每日按罚款数额" not in text(answer), "nothing is late yet"
    assert officer.get(reverse("documents:pdf", args=[fine.document_id])).status_code == 200
    assert (
        signed_in_as(company_clerk).get(reverse("documents:pdf", args=[fine.document_id])).status_code == 404
    )
    pay = reverse("penalties:step", args=[fine.pk, "pay"])
    today = timezone.localdate().isoformat()
    told = {"principal": "200", "surcharge": "0", "paid_on": today, "receipt": "N-1", "request_key": "d"}
    refused = officer.post(pay, told | {"way": "spot", "ground": ""})
    assert refused.status_code == 422 and "100.00 元以下" in text(refused)
    done = officer.post(pay, told | {"way": "bank", "ground": ""}, follow=True)
    assert "已缴清" in text(done)
    assert Payment.objects.get().principal == Decimal("200.00")


def test_a_fine_beyond_the_ceiling_comes_back_with_what_was_typed(
    hazard, offices, fire_officer, signed_in_as
):
    case = hazard("FA01")
    wizard = f"{reverse('penalties:new')}?case={case.pk}&offence=lane_blocked"
    officer = signed_in_as(fire_officer)
    filled = {
        "procedure": "simple", "party_kind": "unit", "party_name": UNIT.name, "facts": "消防车通道被固定障碍物占用",
        "first_badge": "XF0001", "second_name": "钱防", "second_badge": "XF0002", "amount": "5000",
        "reasons": "影响通行", "request_key": "c",
    }  # fmt: skip
    answer = officer.post(wizard, filled)
    assert answer.status_code == 422
    assert "最多 3,000.00 元" in text(answer) and "消防车通道被固定障碍物占用" in answer.content.decode()
    filed = officer.post(wizard, filled | {"procedure": "ordinary"}, follow=True)
    assert "已立案" in text(filed) and "处罚告知" in text(filed) and "作出决定期限" in text(filed)


def test_the_ordinary_procedure_through_its_buttons(filed, fire_officer, fire_chief, signed_in_as):
    fine = filed()
    officer, head = signed_in_as(fire_officer), signed_in_as(fire_chief)

    def step(client, act, **told):
        return client.post(reverse("penalties:step", args=[fine.pk, act]), told, follow=True)

    out = step(officer, "give_notice", amount="500000", reasons="占用时间长")
    assert out.status_code == 422 and "50,000.00 元" in text(out)
    noticed = step(officer, "give_notice", amount="8000", reasons="占用时间长", request_key="1")
    assert "陈述申辩期限" in text(noticed)
    step(officer, "take_statement", statement="放弃", answer="予以确认", request_key="2")
    step(officer, "propose", amount="8000", reasons="占用时间长", request_key="3")
    mine = officer.get(reverse("penalties:penalty", args=[fine.pk]))
    assert "审批决定" not in text(mine)
    boss = head.get(reverse("penalties:penalty", args=[fine.pk]))
    assert "承办意见：罚款 8,000.00 元" in text(boss)
    decided = step(head, "decide", note="同意", request_key="4")
    assert "罚款 8,000.00 元" in text(decided)
    served = step(officer, "serve", way="direct", served_to="孙悦", request_key="5")
    assert "缴款期限" in text(served)
    gone = step(head, "cancel", reason="事实认定有误", request_key="6")
    assert "已撤销" in text(gone)
    assert IssuedDocument.objects.filter(subject_id=fine.pk, state="voided", kind="penalty_decision").exists()


def test_late_money_is_shown_to_the_fen(decided, fire_officer, seen_by):
    fine = decided()
    Penalty.objects.filter(pk=fine.pk).update(pay_by=timezone.localdate() - timedelta(days=10))
    page = text(seen_by(fire_officer, "penalties:penalty", fine.pk))
    assert "2,400.00 元" in page and "逾期 10 天未缴" in page


def test_lists_show_what_is_in_reach(
    decided, ordered, hazard, police, wang, outsider, company_clerk, other_clerk, seen_by
):
    fine, order = decided(), ordered(hazard("EB06"), police)
    for who, rows in ((wang, 1), (company_clerk, 1), (outsider, 0), (other_clerk, 0)):
        penalties = seen_by(who, "penalties:list").content.decode()
        orders = seen_by(who, "orders:list").content.decode()
        assert penalties.count(reverse("penalties:penalty", args=[fine.pk])) == rows, who
        assert orders.count(reverse("orders:order", args=[order.pk])) == rows, who
    assert seen_by(outsider, "penalties:penalty", fine.pk).status_code == 404
    assert seen_by(other_clerk, "orders:order", order.pk).status_code == 404
    assert "没有符合条件" in text(seen_by(wang, "orders:list", query="?state=overdue"))
    assert UNIT.name in text(seen_by(wang, "penalties:list", query="?state=decided&q=安邻&since=2024-07-01"))


def test_the_company_reads_its_own_and_may_only_ask_for_the_recheck(
    decided, ordered, hazard, police, company_clerk, signed_in_as, seen_by
):
    fine, order = decided(), ordered(hazard("EB06"), police)
    page = seen_by(company_clerk, "penalties:penalty", fine.pk)
    assert page.status_code == 200 and "act-panel" not in page.content.decode()
    assert (
        signed_in_as(company_clerk).get(reverse("documents:pdf", args=[fine.document_id])).status_code == 200
    )
    page = seen_by(company_clerk, "orders:order", order.pk).content.decode()
    assert reverse("orders:step", args=[order.pk, "ask_recheck"]) in page
    assert reverse("orders:step", args=[order.pk, "comply"]) not in page
    clerk = signed_in_as(company_clerk)
    assert clerk.post(reverse("orders:step", args=[order.pk, "ask_recheck"]), {}).status_code == 302
    refused = clerk.post(reverse("orders:step", args=[order.pk, "comply"]), {"note": "已经改好了"})
    assert refused.status_code == 403
    assert clerk.post(reverse("penalties:step", args=[fine.pk, "pay"]), {}).status_code == 404


def test_the_identity_is_opened_on_a_page_that_is_not_kept(
    hazard, ordered, police, police_officer, wang, signed_in_as, friday_9am
):
    from .test_penalties import on_the_spot

    case = hazard("EB02")
    ordered(case, police, immediate=True)
    fine = on_the_spot(case, police, friday_9am, officers=ONE)
    url = reverse("penalties:unseal", args=[fine.pk])
    told = signed_in_as(police_officer).post(url, {"reason": "核对缴款人身份"})
    assert "胡小明" in text(told) and told["Cache-Control"] == "no-store"
    assert signed_in_as(wang).post(url, {"reason": "核对缴款人身份"}).status_code == 404


def test_the_fire_chief_seals_and_lifts(hazard, unit, fire_chief, fire_officer, police_officer, signed_in_as):
    case = hazard("EG02")
    new = f"{reverse('orders:sealing_new')}?case={case.pk}"
    assert signed_in_as(fire_officer).get(new).status_code == 404, "only its head"
    head = signed_in_as(fire_chief)
    until = (timezone.localdate() + timedelta(days=29)).isoformat()
    told = {
        "unit": unit.pk, "ground": "escape_unusable", "part": "地下车库", "reason": "唯一出口被封堵无法疏散",
        "until": until,
        "first_name": "赵安", "first_badge": "XF0001", "second_name": "钱防", "second_badge": "XF0002",
    }  # fmt: skip
    assert "最长 30 日" in text(head.post(new, told | {"until": "2099-01-01"}))
    sealed = head.post(new, told | {"request_key": "s"}, follow=True)
    assert "查封中" in text(sealed)
    made = Sealing.objects.get()
    assert "地下车库" in text(head.get(reverse("orders:sealings")))
    lifted = head.post(
        reverse("orders:sealing_step", args=[made.pk, "lift"]), {"reason": "出口已经打通"}, follow=True
    )
    assert "已解除" in text(lifted)
    assert str(TWO[0][0]) in str(IssuedDocument.objects.get(pk=made.document_id).data)


def test_the_case_page_shows_what_enforcement_did(decided, ordered, hazard, fire, police, wang, signed_in_as):
    case = hazard("FA01")
    order = ordered(case, fire, due_on=date(2024, 7, 22))
    page = signed_in_as(wang).get(reverse("cases:case", args=[case.pk])).content.decode()
    assert reverse("orders:order", args=[order.pk]) in page
    assert reverse("documents:pdf", args=[order.document_id]) in page
    assert reverse("orders:new") in page
    assert reverse("penalties:new") not in page, "a street does not punish"


@pytest.mark.parametrize("name", ["orders:list", "penalties:list", "orders:sealings"])
def test_nonsense_in_the_address_is_read_as_nothing(wang, seen_by, name, offices):
    answer = seen_by(wang, name, query="?page=x&state=nope&since=1&until=9999-99-99&kind=%00&offence=q")
    assert answer.status_code == 200


def test_a_wizard_without_a_matter_is_not_found(fire_officer, offices, seen_by):
    assert seen_by(fire_officer, "penalties:new").status_code == 404
    assert seen_by(fire_officer, "orders:new", query="?case=99999999").status_code == 404


def asked(client, name: str, *args) -> int:
    """Count the questions of a page that was opened before."""
    url = reverse(name, args=args)
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_a_list_asks_no_more_for_more_rows(hazard, ordered, police, decided, filed, wang, signed_in_as):
    ordered(hazard("EB06"), police)
    decided()
    client = signed_in_as(wang)
    lists = ("orders:list", "penalties:list", "orders:sealings")
    few = {name: asked(client, name) for name in lists}
    ordered(hazard("FF03"), police)
    filed(hazard("FA01"))
    filed(hazard("FA01"))
    assert {name: asked(client, name) for name in lists} == few
    assert max(few.values()) <= 11


def test_a_page_asks_a_bounded_number_of_questions(
    hazard, ordered, police, decided, fire_officer, signed_in_as
):
    order, fine = ordered(hazard("EB06"), police), decided()
    client = signed_in_as(fire_officer)
    assert asked(client, "orders:order", order.pk) <= 16
    assert asked(client, "penalties:penalty", fine.pk) <= 20
