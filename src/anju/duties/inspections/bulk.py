"""Set-based writing of units: a ledger, or the demo city, enters thousands at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.foundation import journal, rulebooks
from anju.ground.foundation.refusals import Refusal
from anju.ground.territory.models import Area
from anju.ground.territory.rules import name_key

from .models import Unit, UnitFlag
from .queries import checklists
from .services.register import Cover, initials, require_flag, settle, supervisors, write_many


@dataclass(slots=True)
class Row:
    """One unit of a ledger or of the demo, for `enter`.

    kind, name, area_id    required; area_id best a community
    registered_on          the day from which it is listed; its first check is due a year later
    flags                  flags of rulebooks/units that it carries since then (derived ones come from the estate)
    agency_id              supervising agency when it is another than the rule finds
    source_key             unique key of the ledger row: a known one is not entered twice
    initials               computed when empty
    """

    kind: str
    name: str
    area_id: int
    registered_on: date
    address: str = ""
    estate_id: int | None = None
    organisation_id: int | None = None
    uscc: str = ""
    responsible: str = ""
    phone: str = ""
    longitude: float | None = None
    latitude: float | None = None
    flags: Sequence[str] = field(default_factory=tuple)
    agency_id: int | None = None
    source_key: str | None = None
    source_number: str = ""
    is_demo: bool = False
    initials: str = ""


_COPIED = (
    "id", "kind", "name", "name_key", "initials", "address", "estate_id", "organisation_id", "area_id", "uscc",
    "responsible", "phone", "longitude", "latitude", "agency_id", "level", "registered_on", "source_key",
    "source_number", "is_demo", "city_id", "county_id", "street_id", "community_id", "division_id",
)  # fmt: skip


@transaction.atomic
def enter(rows: Sequence[Row], *, by: Any, at: datetime, chunk: int = 20_000) -> list[int]:
    """Enter many units at once and return their ids in the order of `rows`; one event for all of them.

    A row with a known `source_key`, or of an estate that has its unit already, gives the unit that is there. Place,
    division, agency, derived flags and duties are stamped as `add_unit` does. Memory is bounded by `chunk` rows.
    Raises Refusal for an unknown kind or flag, or an empty name, with the number of the row.
    """
    on = timezone.localtime(at).date()
    book = rulebooks.load("units", on=on)
    areas = {
        a.pk: a for a in Area.objects.filter(pk__in={row.area_id for row in rows}).only(
            "level", "city", "county", "street", "division"
        )
    }  # fmt: skip
    for number, row in enumerate(rows, start=1):
        _require_row(book, row, areas, number)
    ids: list[int] = []
    made = 0
    for start in range(0, len(rows), chunk):
        part = rows[start : start + chunk]
        found, new = _part(part, areas, book)
        ids += found
        made += len(new)
        settle(new, on=on)
    journal.record(
        "inspections.units_imported", subject=None, by=by, at=at, data={"rows": len(rows), "made": made}
    )
    return ids


def _require_row(book: Mapping[str, Any], row: Row, areas: Mapping[int, Area], number: int) -> None:
    try:
        if row.kind not in book["kinds"]:
            raise Refusal(_("没有“%(kind)s”这一类检查对象。") % {"kind": row.kind}, field="kind")
        if not row.name.strip():
            raise Refusal(_("请填写名称。"), field="name")
        if row.area_id not in areas:
            raise Refusal(_("没有这个辖区。"), field="area")
        for flag in row.flags:
            require_flag(book, flag, row.kind)
    except Refusal as refusal:
        raise Refusal(
            _("第%(n)d行：%(reason)s") % {"n": number, "reason": refusal.sentence}, field=refusal.field
        ) from refusal


def _part(
    rows: Sequence[Row], areas: Mapping[int, Area], book: Mapping[str, Any]
) -> tuple[list[int], list[int]]:
    """Write one part; returns (ids in the order of rows, ids of those that are new)."""
    by_key = dict(
        Unit.objects.filter(source_key__in=[r.source_key for r in rows if r.source_key]).values_list(
            "source_key", "pk"
        )
    )
    by_estate = dict(
        Unit.objects.filter(
            kind="estate",
            estate__in=[r.estate_id for r in rows if r.kind == "estate" and r.estate_id],
            ended_on__isnull=True,
        ).values_list("estate_id", "pk")
    )

    def known(row: Row) -> int | None:
        of_estate = by_estate.get(row.estate_id or 0) if row.kind == "estate" else None
        return by_key.get(row.source_key or "") or of_estate

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('inspections_unit', 'id')) FROM generate_series(1, %s)",
            [sum(known(r) is None for r in rows)],
        )
        fresh = iter([row[0] for row in cursor.fetchall()])
    ids: list[int] = []
    new: list[tuple[int, Row]] = []
    for row in rows:
        pk = known(row)
        if pk is None:
            pk = next(fresh)
            new.append((pk, row))
            if row.source_key:
                by_key[row.source_key] = pk
            if row.kind == "estate" and row.estate_id:
                by_estate[row.estate_id] = pk
        ids.append(pk)
    table = ", ".join(connection.ops.quote_name(column) for column in _COPIED)
    cover = Cover({row.area_id for _pk, row in new}, checklists.agency_kinds(book))
    with connection.cursor() as cursor, cursor.copy(f"COPY inspections_unit ({table}) FROM STDIN") as copy:
        for pk, row in new:
            name = " ".join(row.name.split())
            area = areas[row.area_id]
            # Written at once: to find it afterwards would write every row a second time.
            agency = row.agency_id or cover.first(row.area_id, supervisors(book, row.kind, row.flags))
            copy.write_row(
                (
                    pk, row.kind, name, name_key(name), (row.initials or initials(name))[:120], row.address,
                    row.estate_id, row.organisation_id, row.area_id, row.uscc.upper(), row.responsible, row.phone,
                    row.longitude, row.latitude, agency, cover.level.get(agency or 0, 4), row.registered_on,
                    row.source_key, row.source_number, row.is_demo, area.at_level(2), area.at_level(3),
                    area.at_level(4), area.at_level(5), area.division_id,
                )
            )  # fmt: skip
    write_many(
        UnitFlag,
        ("unit_id", "flag", "valid_from", "basis"),
        [
            UnitFlag(unit_id=pk, flag=f, valid_from=r.registered_on)
            for pk, r in new
            for f in dict.fromkeys(r.flags)
        ],
    )
    return ids, [pk for pk, _row in new]
