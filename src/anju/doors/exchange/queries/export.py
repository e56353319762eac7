"""Lists out: CSV streamed from the database, .xlsx written row by row. Nothing in them is ever a formula.

`stream_csv` lets PostgreSQL write the CSV itself (COPY … TO STDOUT), so that memory stays flat and fifty thousand
rows leave in a second or two. Who reported a case is in neither: reports and sealed identities are not joined.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from django.conf import settings
from django.db import connection
from django.db.models import (
    Case,
    CharField,
    Expression,
    F,
    Func,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, LPad
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.cases import queries
from anju.duties.cases import rules as case_rules
from anju.duties.cases.models import Case as CaseRow
from anju.duties.cases.queries import catalogue
from anju.ground.access.actors import Actor

from .. import rules

BOM = "\ufeff".encode()
# Rows of a sheet; the heading is one more.
MOST_XLSX_ROWS = 1_048_575


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export: its heading, what is shown, and how wide it is in a workbook."""

    heading: str
    shown: Expression | F
    width: int = 14


class Harmless(Func):
    """A text with an apostrophe before it where a spreadsheet would take it for a formula."""

    template = (
        "CASE WHEN left(%(expressions)s, 1) IN ('=', '+', '-', '@', E'\\t', E'\\r')"
        " THEN '''' || %(expressions)s ELSE %(expressions)s END"
    )
    output_field = TextField()

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:  # type: ignore[override]
        sql, params = super().as_sql(compiler, connection, **context)
        # The expression stands three times in the template.
        return sql, tuple(params) * 3


class LocalTime(Func):
    """A moment as people of this city read it: 2024-03-05 14:20."""

    function = "to_char"
    output_field = CharField()

    def __init__(self, expression: Any, form: str = "YYYY-MM-DD HH24:MI"):
        super().__init__(expression)
        self.form = form
        self.zone = timezone.get_default_timezone_name()

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:  # type: ignore[override]
        inner, params = compiler.compile(self.source_expressions[0])
        return f"to_char({inner} AT TIME ZONE %s, %s)", [*params, self.zone, self.form]


def labels(column: str, names: Mapping[Any, Any]) -> Case:
    """Return an expression that shows the label of a coded column, and the code itself where none is known."""
    return Case(
        *(When(**{column: key}, then=Value(str(label))) for key, label in names.items()),
        default=Cast(F(column), CharField()),
        output_field=CharField(),
    )


def case_columns(at: datetime) -> list[Column]:
    """List the columns of an export of cases, with headings in the reader's language.

    No text is shown as it was typed: `stream_csv` and `write_xlsx` make each harmless.
    """
    classes = {
        code: found.label
        for kind in ("hazard", "complaint")
        for code, found in catalogue.classes(kind, on=timezone.localdate(at)).items()
    }
    number = Concat(
        LocalTime(F("reported_at"), "YYYYMMDD"),
        LPad(Cast(F("pk"), CharField()), 7, Value("0")),
        output_field=CharField(),
    )
    overdue = Q(state__in=sorted(case_rules.OPEN), due_at__lt=at, paused_at__isnull=True)
    return [
        Column(_("编号"), number, 18),
        Column(_("类型"), labels("kind", case_rules.KIND_LABELS), 8),
        Column(_("类别代码"), F("class_code"), 10),
        Column(_("类别"), labels("class_code", classes), 26),
        Column(_("等级"), labels("severity", case_rules.SEVERITY_LABELS), 10),
        Column(_("状态"), labels("state", case_rules.STATE_LABELS), 12),
        Column(_("县（市、区）"), F("county__name"), 14),
        Column(_("街道（乡镇）"), F("street__name"), 14),
        Column(_("社区（村）"), F("community__name"), 14),
        Column(_("小区"), F("estate__name"), 18),
        Column(_("位置"), F("place"), 18),
        Column(_("内容"), F("text"), 48),
        Column(_("来源"), labels("channel", case_rules.CHANNEL_LABELS), 12),
        Column(_("上报时间"), LocalTime(F("reported_at")), 17),
        Column(_("当前单位"), F("desk__name"), 22),
        Column(_("办理单位"), F("handler__name"), 22),
        Column(_("物业企业"), F("company__name"), 22),
        Column(_("期限"), LocalTime(F("due_at")), 17),
        Column(
            _("是否超期"),
            Case(When(overdue, then=Value(_("是"))), default=Value(""), output_field=CharField()),
            9,
        ),
        Column(_("办结时间"), LocalTime(F("closed_at")), 17),
        Column(
            _("是否按期"),
            Case(
                When(on_time=True, then=Value(_("是"))),
                When(on_time=False, then=Value(_("否"))),
                default=Value(""),
                output_field=CharField(),
            ),
            9,
        ),
        Column(_("办理结果"), F("closing_text"), 36),
        Column(_("原编号"), F("source_number"), 18),
    ]


def cases_to_export(actor: Actor, filters: Mapping[str, Any], *, at: datetime) -> QuerySet[CaseRow]:
    """Return the cases that an actor sees and that fit a list's filters, in the list's order."""
    return queries.listing(actor, queries.filters_from(filters), at=at)


def _selected(columns: Sequence[Column], found: QuerySet, *, safe: bool) -> QuerySet:
    shown = {}
    for number, column in enumerate(columns):
        text = Coalesce(Cast(column.shown, TextField()), Value(""), output_field=TextField())
        shown[f"c{number}"] = Harmless(text) if safe else text
    return found.annotate(**shown).values_list(*shown)


def stream_csv(columns: Sequence[Column], found: QuerySet) -> Iterator[bytes]:
    """Give the bytes of a CSV (UTF-8 with a mark, so that spreadsheets know it) block by block.

    found  an ordered queryset; nothing of it is held in memory
    """
    yield BOM + _csv_line([rules.harmless(column.heading) for column in columns]).encode()
    sql, params = _selected(columns, found, safe=True).query.sql_with_params()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(sql, params)
        statement = statement.decode() if isinstance(statement, bytes) else statement
        kept: list[bytes] = []
        size = 0
        with cursor.copy(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)") as copy:
            for block in copy:
                kept.append(bytes(block))
                size += len(block)
                if size > 64_000:
                    yield b"".join(kept)
                    kept, size = [], 0
        yield b"".join(kept)


def _csv_line(cells: Iterable[str]) -> str:
    quoted = ('"' + cell.replace('"', '""') + '"' if set(cell) & set('",\r\n') else cell for cell in cells)
    return ",".join(quoted) + "\r\n"


def rows_of(columns: Sequence[Column], found: QuerySet, *, chunk: int = 2000) -> Iterator[tuple[str, ...]]:
    """Give the rows of an export one by one through a server-side cursor."""
    return _selected(columns, found, safe=False).iterator(chunk_size=chunk)


def write_xlsx(
    path: Path,
    *,
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    widths: Sequence[int] = (),
    report: Callable[[int], None] | None = None,
) -> int:
    """Write a workbook row by row and return the number of rows; texts that look like formulas stay texts.

    report  called with the number of rows done, every thousand; may raise to stop, and then no file is left
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    book = xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "tmpdir": str(path.parent),
        },
    )
    head = book.add_format({"bold": True, "bottom": 1, "valign": "vcenter"})
    quoted = book.add_format({"quote_prefix": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("".join("_" if c in "[]:*?/\\" else c for c in title)[:31])
    for position, width in enumerate(widths):
        sheet.set_column(position, position, width)
    for position, heading in enumerate(headings):
        sheet.write_string(0, position, heading, head)
    sheet.freeze_panes(1, 0)
    done = 0
    try:
        for row in rows:
            done += 1
            if done > MOST_XLSX_ROWS:
                break
            for position, value in enumerate(row):
                if value is None or value == "":
                    continue
                if isinstance(value, str):
                    style = quoted if rules.is_formula_like(value) else None
                    sheet.write_string(done, position, value[:32_767], style)
                elif isinstance(value, bool):
                    sheet.write_boolean(done, position, value)
                elif isinstance(value, int | float):
                    sheet.write_number(done, position, value)
                elif isinstance(value, date):
                    sheet.write_datetime(done, position, value, day)
                else:
                    sheet.write_string(done, position, str(value)[:32_767])
            if report is not None and done % 1000 == 0:
                report(done)
        if done:
            sheet.autofilter(0, 0, done, len(headings) - 1)
    except BaseException:
        book.close()
        path.unlink(missing_ok=True)
        raise
    book.close()
    path.chmod(0o600)
    return done


def exports_folder() -> Path:
    """Return where finished workbooks wait for their owner."""
    return settings.DATA_DIR / "exports"
