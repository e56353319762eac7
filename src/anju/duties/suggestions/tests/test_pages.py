"""The pages of the room, of the portal and of the deputies: what they show, to whom, and what they refuse."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from anju.duties.suggestions import services
from anju.duties.suggestions.models import CoHandling, Feedback, Reply, Suggestion, Talk
from anju.duties.suggestions.services import Signer
from anju.ground.access.actors import PUBLIC
from anju.ground.foundation import ladder, rulebooks
from anju.ground.foundation.models import Notice

from .conftest import DRAFT, on

MORNING = on("2024-04-15")


@pytest.fixture
def clerk(signed_in_as, city_supervisor) -> Client:
    return signed_in_as(city_supervisor)


@pytest.fixture
def chief(leader) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="zh-hans")
    client.force_login(leader[0], backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def handling(registered, walk) -> Suggestion:
    return walk(registered(), "assign", "accept", "talk", at=MORNING)


def told(response) -> str:
    return response.content.decode()


def test_the_list_shows_states_clocks_and_whose_turn_it_is(clerk, registered, handling):
    registered(number=214, title="关于另一件事情的建议")
    page = told(clerk.get(reverse("suggestions:list"), {"tab": "all"}))
    assert "第213号" in page and "第214号" in page
    assert "办理中" in page and "待交办" in page and "答复代表" in page
    only = told(clerk.get(reverse("suggestions:list"), {"tab": "all", "state": "registered"}))
    assert "第214号" in only and "第213号" not in only
    assert "第213号" in told(clerk.get(reverse("suggestions:list"), {"tab": "lead", "q": "213"}))
    assert "第213号" in told(clerk.get(reverse("suggestions:list"), {"tab": "all", "q": "郜演一"}))
    assert "没有符合条件" in told(clerk.get(reverse("suggestions:list"), {"tab": "due", "q": "99999999999"}))


def test_a_suggestion_is_registered_from_its_page(clerk, offices):
    form = {
        "meeting": "试点市一届人大二次会议", "number": "300", "received_on": "2024-04-12",
        "title": "关于消防通道的建议",
        "text": "见附件", "publication": "full", "deputy": ["郜演一", "", "秦演二"],
        "delegation": ["东湖区代表团", "", "西山县代表团"], "phone": ["", "", ""],
    }  # fmt: skip
    wrong = clerk.post(reverse("suggestions:register"), form | {"delegation": ["", "", ""]})
    assert wrong.status_code == 422 and "代表团" in told(wrong) and "郜演一" in told(wrong)
    done = clerk.post(reverse("suggestions:register"), form)

    made = Suggestion.objects.get(number=300)
    assert done.url == reverse("suggestions:suggestion", args=[made.pk])
    assert made.signatories.count() == 2
    page = told(clerk.get(done.url))
    assert "交办" in page and "秦演二" in page


def test_steps_are_taken_from_the_page_and_refusals_come_back_beside_the_button(clerk, registered, offices):
    made = registered()
    address = reverse("suggestions:step", args=[made.pk, "assign"])
    refused = clerk.post(address, {"lead": "", "note": ""})
    assert refused.status_code == 422 and "请选择主办单位" in told(refused)
    assert clerk.post(address, {"lead": offices.city_housing.pk, "co": [offices.fire.pk]}).status_code == 302
    assert CoHandling.objects.count() == 1
    assert clerk.post(reverse("suggestions:step", args=[made.pk, "accept"])).status_code == 302
    again = clerk.post(reverse("suggestions:step", args=[made.pk, "accept"]))
    assert again.status_code == 409 and "现在可以" in told(again)
    assert clerk.post(reverse("suggestions:step", args=[made.pk, "no_such"])).status_code == 404


def test_who_returns_a_suggestion_is_led_back_to_the_list_not_to_a_page_that_is_gone(
    signed_in_as, county_supervisor, registered, offices, city_supervisor
):
    now = timezone.now()
    made = registered(at=now, received_on=timezone.localtime(now).date())
    services.assign(
        suggestion_id=made.pk, lead_id=county_supervisor.post.organisation_id, co_ids=[],
        by=city_supervisor.actor(now), at=now,
    )  # fmt: skip
    county = signed_in_as(county_supervisor)
    address = reverse("suggestions:step", args=[made.pk, "refuse_routing"])
    answer = county.post(address, {"note": "属全市事项，建议由市住建局主办。"}, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain == [(reverse("suggestions:list"), 302)]
    assert "此件已不在本单位" in told(answer)


def test_what_one_may_not_see_is_not_found(signed_in_as, outsider, police_officer, handling):
    for member in (outsider, police_officer):
        answer = signed_in_as(member).get(reverse("suggestions:suggestion", args=[handling.pk]))
        assert answer.status_code == 404


def test_a_co_handler_has_a_page_with_the_own_term(
    signed_in_as, fire_officer, registered, offices, city_supervisor
):
    made = registered()
    services.assign(
        suggestion_id=made.pk, lead_id=offices.city_housing.pk, co_ids=[offices.fire.pk],
        by=city_supervisor.actor(MORNING), at=MORNING,
    )  # fmt: skip
    officer = signed_in_as(fire_officer)
    address = reverse("suggestions:opinion", args=[made.pk])
    assert "协办意见" in told(officer.get(reverse("suggestions:list")))
    page = told(officer.get(address))
    assert "2024-06-17" in page and "期限怎么算的" in page
    assert officer.post(address, {"opinion": "短"}).status_code == 422
    assert officer.post(address, {"opinion": "我们检查了全部小区的消防车道"}).status_code == 302
    assert "我们检查了全部小区的消防车道" in told(officer.get(address))
    # A co-handler sees the matter, and neither the deputies' codes nor the draft.
    page = told(officer.get(reverse("suggestions:suggestion", args=[made.pk])))
    assert made.signatories.get().code not in page
    assert officer.get(reverse("suggestions:preview", args=[made.pk])).status_code == 404


def draft_form(**changes) -> dict:
    form = {
        "act": "save", "version": "", "heading": ["工作情况", ""], "text": ["今年以来，", ""],
        "closing": "下一步，继续努力。",
        "thanks": "", "result_class": "B", "contact_unit": "市住建局", "contact": "冯演联", "phone": "0373-0000001",
        "postcode": "453000", "copy_to": ["市人大选工委", ""], "copy_count": ["2", "1"],
    }  # fmt: skip
    return form | changes


def test_the_letter_is_written_beside_its_preview_with_figures_from_the_picker(clerk, handling):
    address = reverse("suggestions:draft", args=[handling.pk])
    assert "指标" in told(clerk.get(address))
    assert clerk.post(address, draft_form()).status_code == 302
    figure = {
        "act": "figure", "measure": "received", "start": "2024-01-01", "end": "2024-06-30", "territory": "9901",
        "section": "0", "words": "共收到",
    }  # fmt: skip
    assert clerk.post(address, figure).status_code == 302
    page = told(clerk.get(address))
    assert "{{figure:received|2024-01-01|2024-06-30|9901}}" in page
    assert "引用的数字" in page and "试点市" in page and "/figures/" in page
    # What was typed meanwhile is saved with it.
    both = draft_form(version=str(Reply.objects.get().version), text=["上半年，", "部门协同。"])
    assert clerk.post(address, both | figure | {"words": "受理"}).status_code == 302
    assert [part["text"][:4] for part in Reply.objects.get().sections] == ["上半年，", "部门协同"]
    assert "受理{{figure:received" in Reply.objects.get().sections[0]["text"]
    wrong = clerk.post(address, figure | {"start": ""})
    assert wrong.status_code == 422 and "起止日期" in told(wrong)
    stale = clerk.post(address, draft_form(version="1", closing="我的修改不能丢"))
    assert stale.status_code == 409 and "我的修改不能丢" in told(stale)
    pdf = clerk.get(reverse("suggestions:preview", args=[handling.pk]))
    assert pdf.content.startswith(b"%PDF")
    pages = told(clerk.get(reverse("suggestions:leaves", args=[handling.pk])))
    assert 1 <= pages.count("data:image/png;base64,") <= 2


def test_a_near_miss_is_shown_and_confirmed_by_ticking(clerk, handling):
    address = reverse("suggestions:draft", args=[handling.pk])
    text = "今年以来发现{{figure:no_such|2024-01-01|2024-06-30|9901}}处"
    clerk.post(address, draft_form(text=[text, ""]))
    assert "无法计算" in told(clerk.get(address))
    submit = reverse("suggestions:step", args=[handling.pk, "submit_for_signature"])
    refused = clerk.post(submit)
    assert refused.status_code == 422 and "无法计算" in told(refused)


def test_the_leader_signs_and_the_page_shows_frozen_and_present_figures(clerk, chief, handling):
    text = "收到{{figure:received|2024-01-01|2024-06-30|9901}}件。"
    clerk.post(reverse("suggestions:draft", args=[handling.pk]), draft_form(text=[text, ""]))
    assert (
        clerk.post(reverse("suggestions:step", args=[handling.pk, "submit_for_signature"])).status_code == 302
    )
    assert clerk.post(reverse("suggestions:step", args=[handling.pk, "sign"])).status_code == 403
    page = told(chief.get(reverse("suggestions:suggestion", args=[handling.pk])))
    assert "签发" in page and "退回修改" in page
    assert chief.post(reverse("suggestions:step", args=[handling.pk, "sign"])).status_code == 302
    page = told(clerk.get(reverse("suggestions:suggestion", args=[handling.pk])))
    assert "冻结的统计" in page and "签发时" in page
    assert clerk.post(reverse("suggestions:step", args=[handling.pk, "issue"])).status_code == 302
    page = told(clerk.get(reverse("suggestions:suggestion", args=[handling.pk])))
    assert Reply.objects.get().document.written_number in page and "登记征询意见表" in page


def test_delivery_feedback_and_publication_are_entered_on_the_page(clerk, answered):
    one = answered.signatories.get()
    page = reverse("suggestions:suggestion", args=[answered.pk])
    day = f"{Reply.objects.get().issued_at:%Y-%m-%d}"
    assert (
        clerk.post(
            reverse("suggestions:deliver", args=[answered.pk]), {"signatory": one.pk, "on": ""}
        ).status_code
        == 422
    )
    done = clerk.post(
        reverse("suggestions:deliver", args=[answered.pk]), {"signatory": one.pk, "on": day, "how": "mail"}
    )
    assert done.url == page and Feedback.objects.get().delivered_how == "mail"
    refused = clerk.post(
        reverse("suggestions:feedback", args=[answered.pk]), {"signatory": one.pk, "value": "dissatisfied"}
    )
    assert refused.status_code == 422 and "哪里没有办好" in told(refused)
    clerk.post(
        reverse("suggestions:feedback", args=[answered.pk]), {"signatory": one.pk, "value": "satisfied"}
    )
    assert Suggestion.objects.get().state == "closed"
    clerk.post(reverse("suggestions:publish", args=[answered.pk]), {"names": "冯演联、别人"})
    shown = told(Client().get(reverse("portal:reply", args=[Reply.objects.get().pk])))
    assert "冯**" in shown and "建立检查制度" in shown
    for words in ("您提出的“关于加强老旧小区安全管理的建议”收悉。现答复如下：", "感谢", "抄送："):
        assert words in shown
    assert "关于加强老旧小区安全管理的建议" in told(Client().get(reverse("portal:replies")))


def test_talks_extension_and_telephone_from_the_page(clerk, registered, walk):
    made = walk(
        registered(at=on("2026-11-02"), received_on=date(2026, 11, 2)),
        "assign",
        "accept",
        at=on("2026-11-02"),
    )
    one = made.signatories.get()
    talk = {
        "signatory": one.pk, "kind": "visit", "held_on": "2026-11-03", "place": "代表工作室", "attendees": "物业科",
        "content": "当面汇报办理思路并听取意见", "attitude": "agrees",
    }  # fmt: skip
    assert clerk.post(reverse("suggestions:talk", args=[made.pk]), talk | {"held_on": "x"}).status_code == 422
    assert clerk.post(reverse("suggestions:talk", args=[made.pk]), talk).status_code == 302
    assert Talk.objects.count() == 1
    shown = clerk.post(reverse("suggestions:phone", args=[made.pk, one.pk]))
    assert "13800001234" in told(shown) and shown["Cache-Control"] == "no-store"
    assert "13800001234" not in told(clerk.get(reverse("suggestions:suggestion", args=[made.pk])))
    extended = clerk.post(
        reverse("suggestions:extend", args=[made.pk]), {"reason": "涉及资金安排，已当面向代表说明并取得理解"}
    )
    assert extended.status_code == 302
    # Six months from 2 November falls into a Labour Day not yet announced.
    assert "2027-05-05" in told(clerk.get(reverse("suggestions:suggestion", args=[made.pk])))


def test_the_yearly_report_opens_its_rows(clerk, answered, signed_in_as, fire_officer):
    address = reverse("suggestions:yearly")
    page = told(clerk.get(address, {"year": 2024}))
    assert "办理结果" in page and "2024年8月31日" in page and "measure=suggestions_answered" in page
    assert "已过期限" in page
    assert clerk.post(address, {"year": 2024, "text": "好"}).status_code == 422
    assert clerk.post(address, {"year": 2024, "text": "今年办理的建议全部按期答复。"}).status_code == 302
    page = told(clerk.get(address, {"year": 2024}))
    assert "今年办理的建议全部按期答复。" in page and "提交并冻结" not in page
    assert signed_in_as(fire_officer).get(address).status_code == 200


def test_the_measures_open_their_rows(clerk, answered):
    for name in (
        "suggestions_assigned",
        "suggestions_on_time",
        "suggestions_satisfied",
        "suggestions_unanswered",
    ):
        rows = clerk.get("/figures/rows", {"measure": name, "from": "2024-01-01", "to": "2024-12-31"})
        assert rows.status_code == 200, name
    assert "213" in told(
        clerk.get(
            "/figures/rows", {"measure": "suggestions_answered", "from": "2024-01-01", "to": "2024-12-31"}
        )
    )


def test_a_deputy_sees_the_own_suggestion_and_answers_by_code(answered):
    public, code = Client(), answered.signatories.get().code
    assert public.get(reverse("portal:deputy_code"), {"code": code.lower()}).url == reverse(
        "portal:deputy", args=[code]
    )
    page = told(public.get(reverse("portal:deputy", args=[code])))
    assert "您对答复满意吗" in page and "第213号建议" in page
    assert "13800001234" not in page
    assert public.get(reverse("portal:deputy_letter", args=[code])).content.startswith(b"%PDF")
    refused = public.post(reverse("portal:deputy_feedback", args=[code]), {"value": "dissatisfied"})
    assert refused.status_code == 422 and "哪里没有办好" in told(refused)
    assert (
        public.post(reverse("portal:deputy_feedback", args=[code]), {"value": "satisfied"}).status_code == 302
    )
    assert "您的评价" in told(public.get(reverse("portal:deputy", args=[code])))
    assert Feedback.objects.get().by_deputy


def test_nobody_guesses_a_deputys_code(answered):
    code, deputy = answered.signatories.get().code, Client()
    assert deputy.get(reverse("portal:deputy", args=[code])).status_code == 200
    public = Client()
    for number in range(rulebooks.load("suggestions", on=timezone.localdate())["abuse"]["device_free"]):
        assert public.get(reverse("portal:deputy", args=[f"WRONG{number:05d}"])).status_code == 404
    assert public.get(reverse("portal:deputy", args=[code])).status_code == 429
    assert (
        public.post(reverse("portal:deputy_feedback", args=[code]), {"value": "satisfied"}).status_code == 429
    )
    refused = public.get(reverse("portal:deputy_letter", args=[code]))
    assert refused.status_code == 429 and 0 < int(refused["Retry-After"]) <= 5
    assert deputy.get(reverse("portal:deputy_letter", args=[code])).status_code == 200, (
        "who has it is not held up"
    )


def test_a_deputy_cannot_open_another_ones_letter_before_it_is_issued(handling):
    code = handling.signatories.get().code
    page = told(Client().get(reverse("portal:deputy", args=[code])))
    assert "主办单位正在办理" in page and "建立检查制度" not in page
    assert Client().get(reverse("portal:deputy_letter", args=[code])).status_code == 404
    assert Client().get(reverse("portal:reply", args=[1])).status_code == 404


def test_pages_ask_no_more_questions_for_more_suggestions(
    clerk, registered, walk, django_assert_max_num_queries, city_supervisor
):
    def make(start: int, n: int) -> Suggestion:
        made = None
        for number in range(start, start + n):
            made = walk(
                registered(
                    number=number,
                    deputies=[Signer(f"郜演{number}", "东湖区代表团"), Signer("秦演二", "西山县代表团")],
                ),
                "assign", "accept", "talk", at=MORNING,
            )  # fmt: skip
            services.draft_reply(
                suggestion_id=made.pk, draft=DRAFT, by=city_supervisor.actor(MORNING), at=MORNING
            )
        return made

    made = make(1, 2)
    clerk.get(reverse("suggestions:list"), {"tab": "all"})
    with django_assert_max_num_queries(14):
        clerk.get(reverse("suggestions:list"), {"tab": "all"})
    with django_assert_max_num_queries(34):
        clerk.get(reverse("suggestions:suggestion", args=[made.pk]))
    with django_assert_max_num_queries(24):
        clerk.get(reverse("suggestions:draft", args=[made.pk]))
    make(10, 6)
    with django_assert_max_num_queries(14):
        clerk.get(reverse("suggestions:list"), {"tab": "all"})
    with django_assert_max_num_queries(34):
        clerk.get(reverse("suggestions:suggestion", args=[made.pk]))
    with django_assert_max_num_queries(24):
        clerk.get(reverse("suggestions:draft", args=[made.pk]))


def test_a_notice_stands_on_the_page_and_is_signed_for(clerk, handling):
    ladder.climb_all(at=on("2024-07-17"))
    notice = Notice.objects.get()
    assert "“办理、起草答复”期限已过" in told(
        clerk.get(reverse("suggestions:suggestion", args=[handling.pk]))
    )
    assert clerk.post(reverse("console:read_notice", args=[notice.pk])).status_code == 302
    assert Notice.objects.get().read_at is not None


def test_the_journal_keeps_a_deputys_own_hand_apart(answered):
    at = on("2024-07-18")
    services.feedback_by_code(
        code=answered.signatories.get().code, value="satisfied", reason="", by=PUBLIC, at=at, key="once"
    )
    again = services.feedback_by_code(
        code=answered.signatories.get().code, value="satisfied", reason="", by=PUBLIC, at=at, key="once"
    )
    assert again.pk == answered.pk
