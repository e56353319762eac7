"""The Jinja2 environment of every page: translation, links, static addresses with a content hash, and words for
dates, amounts of time and numbers.

A macro file is imported without context (`{% import "ui/macros.html" as ui %}`), so Jinja2 keeps it compiled and
built; whatever a macro needs from the request (`csrf_input`, `request.GET`) is handed to it.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, QueryDict
from django.templatetags.static import static as static_url
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from jinja2 import Environment, FileSystemBytecodeCache
from markupsafe import Markup, escape

from . import charts, navigation, workdays
from .citations import cite

ZH = "zh"


# --- addresses -------------------------------------------------------------------------------------------------


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """Return the address of a named URL; raises NoReverseMatch for a name nobody serves."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


def url_if(name: str, *args: Any, **kwargs: Any) -> str:
    """Return the address of a named URL, or "" when no room serves that name."""
    try:
        return url(name, *args, **kwargs)
    except NoReverseMatch:
        return ""


@cache
def _content_hash(path: str) -> str:
    found = finders.find(path)
    if not isinstance(found, str):
        return ""
    return hashlib.sha256(Path(found).read_bytes()).hexdigest()[:10]


def static(path: str) -> str:
    """Return the address of a static file with its content hash, so that a new release is never served stale."""
    if settings.DEBUG:
        _content_hash.cache_clear()
    mark = _content_hash(path)
    return f"{static_url(path)}?v={mark}" if mark else static_url(path)


def _pairs(query: Any) -> list[tuple[str, str]]:
    """Flatten a QueryDict, a mapping or None into (name, value) pairs."""
    if query is None:
        return []
    if isinstance(query, QueryDict):
        return [(name, value) for name, values in query.lists() for value in values]
    if isinstance(query, Mapping):
        return [(name, str(value)) for name, value in query.items()]
    return list(query)


def with_query(query: Any, **changes: Any) -> str:
    """Return "?…": the query with some names set anew (None or "" removes a name); `page` starts again unless given."""
    kept = [(n, v) for n, v in _pairs(query) if n not in changes and (n != "page" or "page" in changes)]
    kept += [(n, str(v)) for n, v in changes.items() if v is not None and v != ""]
    return "?" + urlencode(kept)


def without(query: Any, name: str, value: Any = None) -> str:
    """Return "?…" without a name (or only without one of its values), starting again at the first page."""
    kept = [
        (n, v)
        for n, v in _pairs(query)
        if n != "page" and not (n == name and (value is None or v == str(value)))
    ]
    return "?" + urlencode(kept)


def chips(
    query: Any, labels: Mapping[str, Any], words: Mapping[str, Mapping[str, Any]] | None = None
) -> list[dict]:
    """List the filters in force, for `ui.filters`: [{label, value, url}] with the address that removes each.

    labels  {parameter: what it is called}; other parameters get no chip
    words   {parameter: {value: what the value is called}}
    """
    found = []
    for name, value in _pairs(query):
        if name in labels and value.strip():
            shown = (words or {}).get(name, {}).get(value, value)
            found.append({"label": labels[name], "value": shown, "url": without(query, name, value)})
    return found


# --- words -----------------------------------------------------------------------------------------------------


def now() -> datetime:
    """Return the present moment; pages that are given an `at` pass that instead."""
    return timezone.now()


def _is_chinese() -> bool:
    return (translation.get_language() or settings.LANGUAGE_CODE).startswith(ZH)


def _local(value: date | datetime) -> date | datetime:
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


def date_zh(value: date | datetime | None) -> str:
    """Write a day as documents do: 2024年3月5日 (5 March 2024 in English); "" for None."""
    if not value:
        return ""
    # The format is a message: a language writes the parts of a day in its own order.
    return date_format(_local(value), _("Y年n月j日"))


def date_iso(value: date | datetime | None) -> str:
    """Write a day for a dense table: 2024-03-05; "" for None."""
    return _local(value).strftime("%Y-%m-%d") if value else ""


def datetime_local(value: datetime | None) -> str:
    """Write a moment in the installation's time zone: 2024-03-05 14:20; "" for None."""
    return _local(value).strftime("%Y-%m-%d %H:%M") if value else ""


def month_day(value: date | datetime | None) -> str:
    """Write a near moment shortly: 03-05 14:20, or with the year when it is not this one; "" for None."""
    if not value:
        return ""
    local = _local(value)
    clock = " %H:%M" if isinstance(local, datetime) else ""
    same_year = local.year == timezone.localtime().year
    return local.strftime(("%m-%d" if same_year else "%Y-%m-%d") + clock)


def machine(value: date | datetime | None) -> str:
    """Write a moment for the `datetime` attribute of <time>: ISO 8601."""
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="minutes")
    return str(value or "")


def span(length: timedelta) -> str:
    """Say a length of time in its two largest units: 2 天 3 小时, 3 小时 20 分钟, 不到 1 分钟."""
    minutes = int(abs(length).total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days >= 10 or (days and not hours):
        return ngettext("%(days)s 天", "%(days)s 天", days) % {"days": days}
    if days:
        return _("%(days)s 天 %(hours)s 小时") % {"days": days, "hours": hours}
    if hours and minutes:
        return _("%(hours)s 小时 %(minutes)s 分钟") % {"hours": hours, "minutes": minutes}
    if hours:
        return _("%(hours)s 小时") % {"hours": hours}
    if minutes:
        return _("%(minutes)s 分钟") % {"minutes": minutes}
    return _("不到 1 分钟")


def left_of(due_at: datetime, at: datetime) -> timedelta:
    """Return what is left of a deadline, negative once it has passed.

    One that ends with a day is counted in days, as `workdays.days_to` does for whoever keeps a bare day.
    """
    last = timezone.localtime(due_at)
    days = workdays.days_to(last.date(), today=timezone.localtime(at).date())
    ends_with_day = last.time().replace(microsecond=0) == workdays.END_OF_DAY
    return timedelta(days=days) if days and ends_with_day else due_at - at


def due_in(due_at: datetime | None, at: datetime | None = None) -> str:
    """Say how far a deadline is: 剩 2 天 3 小时, 逾期 1 天; "" without a deadline."""
    if due_at is None:
        return ""
    left = left_of(due_at, at or now())
    if left < timedelta(0):
        return _("逾期 %(span)s") % {"span": span(left)}
    return _("剩 %(span)s") % {"span": span(left)}


def due_tone(due_at: datetime | None, at: datetime | None = None) -> str:
    """Tell how a deadline looks: overdue, soon (within a day), calm, or none."""
    if due_at is None:
        return "none"
    left = due_at - (at or now())
    if left < timedelta(0):
        return "overdue"
    return "soon" if left <= timedelta(days=1) else "calm"


def elapsed(started_at: datetime | None, due_at: datetime | None, at: datetime | None = None) -> int | None:
    """Say which share of a term has passed, 0–100; None when either end is missing."""
    if started_at is None or due_at is None or due_at <= started_at:
        return None
    return max(0, min(100, int(100 * ((at or now()) - started_at) / (due_at - started_at))))


def ago(value: datetime | None, at: datetime | None = None) -> str:
    """Say how long ago something was: 刚刚, 3 小时前, and the day itself after a month."""
    if value is None:
        return ""
    passed = (at or now()) - value
    if passed < timedelta(minutes=1):
        return _("刚刚")
    if passed > timedelta(days=30):
        return date_iso(value)
    largest = (
        timedelta(days=passed.days)
        if passed.days
        else timedelta(hours=passed.seconds // 3600)
        if passed.seconds >= 3600
        else passed
    )
    return _("%(span)s前") % {"span": span(largest)}


def number(value: Any, digits: int | None = None) -> str:
    """Write a number with thousands: 50,564; a dash for None. `digits` fixes the decimal places."""
    if value is None or value == "":
        return "—"
    if digits is not None:
        return f"{value:,.{digits}f}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share (0–1) as a percentage: 0.9382 → 93.8%; a dash for None."""
    return "—" if value is None else f"{value * 100:.{digits}f}%"


def filesize(size: int | None) -> str:
    """Write a size in bytes as people read it: 1.4 MB."""
    if size is None:
        return "—"
    amount = float(size)
    for unit in ("B", "KB", "MB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GB"


def mask_name(value: str | None) -> str:
    """Hide all of a person's name but the family name: 张**."""
    return f"{value[0]}{'*' * (len(value) - 1)}" if value else ""


def mask_phone(value: str | None) -> str:
    """Hide the middle of a telephone number: 138****5678; a short one is hidden whole."""
    text = (value or "").strip()
    return f"{text[:3]}****{text[-4:]}" if len(text) >= 10 else "*" * len(text)


def mask_id(value: str | None) -> str:
    """Hide all of an identity number but its first four and last two characters."""
    text = (value or "").strip()
    return f"{text[:4]}{'*' * (len(text) - 6)}{text[-2:]}" if len(text) >= 12 else "*" * len(text)


def json_attr(value: Any) -> Markup:
    """Write JSON that is safe inside a data-… attribute (the quotes are part of the page, not of the result)."""
    return escape(json.dumps(value, ensure_ascii=False, default=str))


# --- what a page asks of the request ---------------------------------------------------------------------------


def csp_nonce(request: HttpRequest) -> str:
    """Return the nonce of this answer's Content-Security-Policy, or "" where no policy is set."""
    return str(getattr(request, "csp_nonce", "") or "")


def languages() -> Iterable[tuple[str, str]]:
    """List the languages to switch to: (code, its own name)."""
    return [(code, str(name)) for code, name in settings.LANGUAGES]


def html_lang() -> str:
    """Return the `lang` of the page: zh-Hans or en."""
    return "zh-Hans" if _is_chinese() else (translation.get_language() or "en")


def new_key() -> str:
    """Make an idempotency key for a form: a retry of the same page is then the same request."""
    return uuid.uuid4().hex


def part(thing: Any, name: str, default: Any = None) -> Any:
    """Read `name` of an object or a mapping, or the default when it has none."""
    if isinstance(thing, Mapping):
        return thing.get(name, default)
    return getattr(thing, name, default)


def widget_kind(bound: Any) -> str:
    """Tell which control draws a bound form field: text, textarea, select, checkbox, radios, checks, file, hidden …"""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "checks"
    if isinstance(widget, forms.RadioSelect):
        return "radios"
    return str(getattr(widget, "input_type", "") or "textarea")


def described(id: str, hint: Any = "", error: Any = "") -> dict[str, str]:
    """Return the attributes that tie a control to its hint and its error, for `BoundField.as_widget`."""
    ids = [f"{id}-{name}" for name, text in (("hint", hint), ("error", error)) if text]
    return {"aria-describedby": " ".join(ids)} if ids else {}


FILTERS = {
    "date_zh": date_zh,
    "date": date_iso,
    "datetime": datetime_local,
    "month_day": month_day,
    "machine": machine,
    "ago": ago,
    "due_in": due_in,
    "left_of": left_of,
    "due_tone": due_tone,
    "span": span,
    "number": number,
    "percent": percent,
    "filesize": filesize,
    "mask_name": mask_name,
    "mask_phone": mask_phone,
    "mask_id": mask_id,
    "json_attr": json_attr,
}


def _bytecode_cache() -> FileSystemBytecodeCache | None:
    """Keep compiled templates in the data directory (private to its owner), where that is possible."""
    folder = Path(settings.DATA_DIR) / "jinja_cache"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return FileSystemBytecodeCache(str(folder))


def hands_of(request: Any, row: Any) -> list[Any]:
    """Return in whose hand of the reader's office a thing is that waits for it."""
    from . import hands  # the templates are known before the models are

    return hands.of(row, request.actor, at=timezone.now())


def environment(**options: Any) -> Environment:
    """Build the environment for Django's Jinja2 backend."""
    options.setdefault("autoescape", True)
    options.setdefault("trim_blocks", True)
    options.setdefault("lstrip_blocks", True)
    extensions = [
        "jinja2.ext.i18n",
        "jinja2.ext.do",
        "jinja2.ext.loopcontrols",
        *options.pop("extensions", ()),
    ]
    if not settings.DEBUG:
        options.setdefault("bytecode_cache", _bytecode_cache())
    env = Environment(extensions=extensions, **options)  # noqa: S701  (autoescape is set above)
    env.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext,
        translation.ngettext,
        newstyle=True,
        pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )
    env.globals.update(
        url=url,
        url_if=url_if,
        static=static,
        with_query=with_query,
        without=without,
        chips=chips,
        now=now,
        elapsed=elapsed,
        csp_nonce=csp_nonce,
        get_language=lambda: translation.get_language() or settings.LANGUAGE_CODE,
        html_lang=html_lang,
        languages=languages,
        new_key=new_key,
        part=part,
        widget_kind=widget_kind,
        described=described,
        navigation=navigation.of,
        hands_of=hands_of,
        charts=charts,
        cite=cite,
        product_name=lambda: str(settings.PRODUCT_NAME),
        timedelta=timedelta,
    )
    env.filters.update(FILTERS)
    return env
