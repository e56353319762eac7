"""The pages of major fire hazards, as the fire brigade and a stranger open them."""

from django.urls import reverse

from anju.duties.transfers.tests.test_pages import found_today, now  # noqa: F401  (fixtures)


def test_major_hazards_are_proposed_decided_and_shown(
    found_today,  # noqa: F811
    fire_officer,
    outsider,
    signed_in_as,
    offices,
):
    client = signed_in_as(fire_officer)
    address = reverse("majors:new") + f"?case={found_today.pk}"
    page = client.get(address).content.decode()
    assert "GB 35181-2025" in page and "条文尚未录入" in page
    told = {"place": "crowded", "note": "安全出口全部锁闭", "code-1": "5.2", "text-1": "安全出口锁闭"}
    answer = client.post(address, told, follow=True)
    assert "安全出口锁闭" in answer.content.decode()
    shown = answer.redirect_chain[-1][0]
    assert client.get(reverse("majors:list")).status_code == 200
    assert (
        client.post(f"{shown}steps/decide", {"note": "集体讨论决定", "due_on": "2099-01-01"}).status_code
        == 403
    )
    stranger = signed_in_as(outsider)
    assert stranger.get(shown).status_code == 404
    assert stranger.post(f"{shown}steps/decide", {"note": "集体讨论决定"}).status_code == 404
