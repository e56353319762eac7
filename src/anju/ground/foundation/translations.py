"""The catalogues of translations: what the source says, what a catalogue holds, what is wrong with it.

A message is its Chinese sentence; `locale/en` says each in English. `locale/zh_Hans` says in Chinese only what Django
and allauth left in English. Babel reads the source, so these functions belong to the desk of a developer; the running
site reads nothing but the compiled .mo files.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings

CHINESE = re.compile(r"[\u3400-\u9fff]")
PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[#0\- +]*\d*(?:\.\d+)?([diouxXeEfFgGcrs%])")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# As foundation.jinja builds its environment: whitespace inside a {% trans %} must be the same here and there.
TEMPLATE_OPTIONS = {
    "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "newstyle_gettext": "true",
    "silent": "false",
}
PLURALS = {"en": ("nplurals=2; plural=(n != 1);", 2), "zh_Hans": ("nplurals=1; plural=0;", 1)}


def sources(root: Path | None = None) -> Iterator[tuple[Path, str]]:
    """List what may speak: (file, Babel's method), tests and migrations left out, in a fixed order."""
    for path in sorted((root or settings.SOURCE_DIR).rglob("*")):
        parts = set(path.parts)
        if parts & {"tests", "migrations", "static", "locale"}:
            continue
        if path.suffix == ".py":
            yield path, "python"
        elif path.suffix in {".html", ".txt"} and "templates" in parts:
            yield path, "jinja2"


def spoken(root: Path | None = None) -> Any:
    """Collect every message of the source in a Babel Catalog without translations."""
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract_from_file

    root = root or settings.SOURCE_DIR
    catalogue = Catalog(fuzzy=False)
    for path, method in sources(root):
        options = TEMPLATE_OPTIONS if method == "jinja2" else {"encoding": "utf-8"}
        for line, message, _comments, context in extract_from_file(
            method, path, keywords=KEYWORDS, options=options
        ):
            if message:
                catalogue.add(message, locations=[(path.relative_to(root).as_posix(), line)], context=context)
    return catalogue


def catalogue_path(locale: str) -> Path:
    """Say where the catalogue of a locale lies: locale/<locale>/LC_MESSAGES/django.po."""
    return settings.SOURCE_DIR / "locale" / locale / "LC_MESSAGES" / "django.po"


def read(locale: str) -> Any:
    """Read the catalogue of a locale, or give an empty one when there is none yet."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    path = catalogue_path(locale)
    if not path.exists():
        return Catalog(locale=locale, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def updated(wanted: Any, held: Any) -> Any:
    """Give a catalogue of exactly the wanted messages, with the translations that are held."""
    from babel.messages.catalog import Catalog

    made = Catalog(locale=held.locale, fuzzy=False)
    for message in wanted:
        if not message.id:
            continue
        known = held.get(message.id, message.context)
        string = known.string if known and not known.fuzzy else ""
        if message.pluralizable and not isinstance(string, tuple):
            string = (string, "")
        made.add(
            message.id,
            string,
            locations=message.locations,
            flags=sorted(message.flags - {"fuzzy"}),
            context=message.context,
        )
    return made


def header(locale: str) -> str:
    """Give the header of a catalogue: what a reader needs, no date, no machine."""
    return "".join(
        f"{line}\n"
        for line in (
            "Project-Id-Version: Anju",
            f"Language: {locale}",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=UTF-8",
            "Content-Transfer-Encoding: 8bit",
            f"Plural-Forms: {PLURALS[locale][0]}",
        )
    )


def po_bytes(catalogue: Any, locale: str) -> bytes:
    """Write a catalogue as .po: sorted by file, without line numbers, so that a change is a small difference."""
    from babel.messages.pofile import write_po

    body = BytesIO()
    write_po(body, catalogue, sort_by_file=True, include_lineno=False, omit_header=True, width=0)
    lines = "".join(f'"{line}\\n"\n' for line in header(locale).splitlines())
    return f'msgid ""\nmsgstr ""\n{lines}\n'.encode() + body.getvalue().strip() + b"\n"


def mo_bytes(catalogue: Any, locale: str) -> bytes:
    """Compile a catalogue: the same bytes for the same messages, whatever the day and the version of the tools."""
    pairs = [("", header(locale))]
    for message in catalogue:
        if not message.id or message.fuzzy or not _complete(message):
            continue
        source = "\0".join(message.id) if message.pluralizable else message.id
        if message.context:
            source = f"{message.context}\4{source}"
        pairs.append((source, "\0".join(message.string) if message.pluralizable else message.string))
    texts = [(source.encode(), said.encode()) for source, said in sorted(pairs)]
    # The GNU format: magic, revision, count, two tables of (length, offset), no hash table, then the texts.
    start = 28 + 16 * len(texts)
    tables: list[bytes] = []
    blob = b""
    for column in (0, 1):
        for pair in texts:
            tables.append(struct.pack("<2I", len(pair[column]), start + len(blob)))
            blob += pair[column] + b"\0"
    top = struct.pack("<7I", 0x950412DE, 0, len(texts), 28, 28 + 8 * len(texts), 0, start)
    return top + b"".join(tables) + blob


def _strings(message: Any) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string or "",)


def _complete(message: Any) -> bool:
    return all(string.strip() for string in _strings(message))


def placeholders(text: str) -> list[str]:
    """List the placeholders of a sentence in a fixed order: %(name)s, %s; a written-out %% is none."""
    return sorted(found.group() for found in PLACEHOLDER.finditer(text) if found.group(2) != "%")


def missing(wanted: Any, held: Any) -> list[Any]:
    """List the wanted messages that the catalogue does not hold."""
    return [m for m in wanted if m.id and held.get(m.id, m.context) is None]


def left_over(wanted: Any, held: Any) -> list[Any]:
    """List the messages that the catalogue holds although nobody says them any more."""
    return [m for m in held if m.id and wanted.get(m.id, m.context) is None]


def flaws(held: Any, *, chinese_is_a_flaw: bool) -> list[str]:
    """Say what is wrong with the translations themselves: none, unsure, other placeholders, left in Chinese."""
    found = []
    for message in held:
        if not message.id:
            continue
        sources_ = tuple(message.id) if message.pluralizable else (message.id,)
        if message.fuzzy:
            found.append(f"fuzzy: {sources_[0]}")
        if not _complete(message):
            found.append(f"untranslated: {sources_[0]}")
            continue
        # A plural's form for one may leave the number out.
        asked = {tuple(placeholders(source)) for source in sources_}
        strings = _strings(message)
        if tuple(placeholders(strings[-1])) not in asked or (
            not message.pluralizable and tuple(placeholders(strings[0])) not in asked
        ):
            found.append(f"other placeholders: {sources_[0]} → {strings[-1]}")
        if chinese_is_a_flaw and any(CHINESE.search(string) for string in strings):
            found.append(f"left in Chinese: {sources_[0]} → {strings[-1]}")
    return found


def named(messages: Iterable[Any]) -> list[str]:
    """Name messages for a report: the sentence and the files that say it."""
    return [
        f"{m.id[0] if m.pluralizable else m.id}  ({', '.join(sorted({file for file, _line in m.locations}))})"
        for m in messages
    ]
