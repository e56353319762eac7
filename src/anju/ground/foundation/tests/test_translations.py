"""The catalogues: what is collected, what is refused, and that the compiled bytes say what the text says."""

import gettext
import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as say

from anju.ground.foundation import citations, translations
from anju.ground.foundation.management.commands import check_translations


def catalogue(**said: str | tuple[str, ...]) -> Catalog:
    """Make an English catalogue of these messages."""
    made = Catalog(locale="en", fuzzy=False)
    for source, string in said.items():
        made.add(source, string)
    return made


def test_python_and_templates_are_collected(tmp_path: Path):
    room = tmp_path / "room"
    (room / "templates" / "room").mkdir(parents=True)
    (room / "tests").mkdir()
    (room / "views.py").write_text(
        'a = _("待办")\nb = wording.lazy("隐" "患")\n'
        'c = ngettext("%(n)s件", "%(n)s件", n)\nd = pgettext("动词", "上报")\n'
    )
    (room / "tests" / "test_views.py").write_text('a = _("不收")\n')
    (room / "templates" / "room" / "x.html").write_text(
        '<p title="{{ _("小区") }}">{% trans n=1 %}共 {{ n }} 件{% endtrans %}</p>{# _("不收") #}'
    )
    found = {(message.context, message.id) for message in translations.spoken(tmp_path) if message.id}
    assert found == {
        (None, "待办"),
        (None, "隐患"),
        (None, ("%(n)s件", "%(n)s件")),
        ("动词", "上报"),
        (None, "小区"),
        (None, "共 %(n)s 件"),
    }


def test_a_broken_template_is_not_passed_over(tmp_path: Path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "x.html").write_text('{% if %}{{ _("小区") }}')
    with pytest.raises(Exception, match="Expected an expression"):
        translations.spoken(tmp_path)


@pytest.mark.parametrize(
    ("source", "said", "flaw"),
    [
        ("待办", "To-do", None),
        ("待办", "", "untranslated"),
        ("待办", "待办", "left in Chinese"),
        ("共 %(n)s 件", "%(n)s cases", None),
        ("共 %(n)s 件", "Cases", "other placeholders"),
        ("共 %(n)s 件", "%(m)s cases", "other placeholders"),
        ("共 %(n)s 件", "%(n)d cases", "other placeholders"),
        ("期限已用 %(n)s%%", "%(n)s%% used", None),
    ],
)
def test_what_is_wrong_with_a_translation_is_said(source: str, said: str, flaw: str | None):
    found = translations.flaws(catalogue(**{source: said}), chinese_is_a_flaw=True)
    assert [line.split(":")[0] for line in found] == ([flaw] if flaw else [])


def test_a_plural_may_leave_the_number_out_for_one():
    made = Catalog(locale="en", fuzzy=False)
    made.add(("%(n)s日", "%(n)s日"), ("a day", "%(n)s days"))
    assert translations.flaws(made, chinese_is_a_flaw=True) == []


def test_an_unsure_translation_is_refused():
    made = Catalog(locale="en", fuzzy=False)
    made.add("待办", "To-do", flags=["fuzzy"])
    assert [line.split(":")[0] for line in translations.flaws(made, chinese_is_a_flaw=True)] == ["fuzzy"]


def test_updating_keeps_what_is_said_and_drops_what_nobody_says():
    wanted = catalogue(待办="", 小区="")
    made = translations.updated(wanted, catalogue(待办="To-do", 旧="Old"))
    assert {m.id: m.string for m in made if m.id} == {"待办": "To-do", "小区": ""}
    assert [m.id for m in translations.missing(wanted, catalogue(待办="To-do"))] == ["小区"]
    assert [m.id for m in translations.left_over(wanted, catalogue(旧="Old"))] == ["旧"]


def test_the_compiled_catalogue_says_what_the_text_says_in_the_same_bytes():
    made = catalogue(待办="To-do", 小区="")
    made.add(("%(n)s日", "%(n)s日"), ("%(n)s day", "%(n)s days"))
    made.add("上报", "Report", context="动词")
    compiled = translations.mo_bytes(made, "en")
    assert compiled == translations.mo_bytes(made, "en")
    read = gettext.GNUTranslations(io.BytesIO(compiled))
    assert read.gettext("待办") == "To-do"
    assert read.gettext("小区") == "小区", "what is not translated stays as it is"
    assert read.ngettext("%(n)s日", "%(n)s日", 1) == "%(n)s day"
    assert read.ngettext("%(n)s日", "%(n)s日", 2) == "%(n)s days"
    assert read.pgettext("动词", "上报") == "Report"


def test_the_text_names_no_day_and_no_machine():
    text = translations.po_bytes(catalogue(待办="To-do"), "en").decode()
    assert "Date" not in text
    assert "Babel" not in text
    assert not re.search(r"^#: .*:\d+", text, re.MULTILINE)


def test_the_check_stops_at_a_flaw(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(check_translations, "problems", lambda: ["en, missing: 待办"])
    with pytest.raises(CommandError, match="1 flaws"):
        call_command("check_translations", stderr=io.StringIO())


def test_a_stale_compiled_catalogue_is_seen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(translations, "mo_bytes", lambda catalogue, locale: b"other")
    assert "en: django.mo is not what django.po compiles to" in check_translations.problems()


@pytest.mark.parametrize(
    "sentence",
    [
        "This field is required.",
        "Enter a valid date.",
        "Enter a whole number.",
        "Select a valid choice. %(value)s is not one of the available choices.",
        "Incorrect code.",
        "Incorrect password.",
        "The username and/or password you specified are not correct.",
        "You must type the same password each time.",
    ],
)
def test_what_django_and_allauth_say_comes_in_chinese(sentence: str):
    with translation.override("zh-hans"):
        said = say(sentence)
    assert translations.CHINESE.search(said)


def test_a_weak_password_is_refused_in_chinese():
    with translation.override("zh-hans"), pytest.raises(ValidationError) as refused:
        validate_password("12345")
    assert all(translations.CHINESE.search(line) for line in refused.value.messages)
    assert "密码太短，至少要 10 个字符。" in refused.value.messages


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "portal:home",
        "portal:report",
        "portal:follow",
        "portal:estates",
        "portal:notices",
        "account_login",
        "account_forgotten",
    ],
)
def test_a_page_in_english_has_no_chinese_left(name: str):
    page = Client(HTTP_ACCEPT_LANGUAGE="en").get(reverse(name)).content.decode()
    assert 'lang="en"' in page
    # A language is named in itself, so that those who read it find it.
    left = [line.strip() for line in page.splitlines() if translations.CHINESE.search(line)]
    assert [line for line in left if "简体中文" not in line] == []


@pytest.mark.django_db
def test_a_page_in_chinese_stays_chinese_for_a_browser_that_asks_for_it():
    page = Client(HTTP_ACCEPT_LANGUAGE="zh-CN,zh;q=0.9,en;q=0.8").get(reverse("portal:home")).content.decode()
    assert 'lang="zh-Hans"' in page


def test_an_official_paper_cites_in_chinese_whoever_writes_it():
    with translation.override("en"):
        assert citations.cite("xx-fire-2020-37", chinese=True).endswith("第三十七条")
        assert citations.cite("xx-fire-2020-37").endswith("art. 37")
