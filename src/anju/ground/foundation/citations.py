"""How an article key is written: "xx-fire-2020-37" is 《…条例》第三十七条."""

from django.conf import settings
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from . import rulebooks
from .law import numeral


def cite(key: str, *, chinese: bool = False) -> str:
    """Write an article key in full in the reader's language, or in Chinese for an official document.

    An unknown key is returned as it is: a citation must never hide what it rests on.
    """
    if chinese and get_language() != settings.LANGUAGE_CODE:
        with override(settings.LANGUAGE_CODE):
            return cite(key)
    slug, dash, number = key.rpartition("-")
    law = next(
        (book["laws"][slug] for _s, _e, book in rulebooks.editions("laws") if slug in book["laws"]), None
    )
    if not dash or law is None:
        return key
    if (get_language() or "").startswith("en"):
        return f"{law['name_en']}, art. {number}" if law.get("unit", " ") else law["name_en"]
    if law.get("local"):
        return _("%(name)s第%(n)s项") % {"name": law["name"], "n": number}
    if not number.isdigit() or number == "0" or law.get("unit") == "":
        return f"《{law['name']}》"
    return _("《%(name)s》第%(n)s条") % {"name": law["name"], "n": numeral(int(number))}
