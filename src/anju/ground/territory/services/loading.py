"""Load whole territories: a city in a moment, a province in seconds, the same file twice without a trace.

Divisions are read from a CSV of the national codes; the management tree is derived from them by the rulebook. Both
are written with COPY, their ids taken from the sequence beforehand so that parents are known without asking back.
"""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from anju.ground.foundation import journal
from anju.ground.foundation.pinyin import initials
from anju.ground.foundation.refusals import Refusal

from ..models import Area, Division, DivisionLine
from ..rules import short_name


@dataclass
class Loaded:
    """What a load did, in numbers of rows."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    succeeded: int = 0
    areas_added: int = 0
    areas_changed: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a divisions file."""

    code: str
    name: str
    level: int
    parent: str


def read_divisions(path: Path) -> list[Row]:
    """Read a CSV (optionally gzipped) with the columns code, name, level, parent_code; raises Refusal."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as lines:
            rows = [
                Row(
                    line["code"].strip(),
                    line["name"].strip(),
                    int(line["level"]),
                    line["parent_code"].strip(),
                )
                for line in csv.DictReader(lines)
            ]
    except FileNotFoundError:
        raise Refusal(_("找不到文件 %(path)s。") % {"path": path}) from None
    except (KeyError, ValueError, UnicodeDecodeError, OSError) as error:
        raise Refusal(
            _("%(path)s 不是区划表：需要 UTF-8 的 CSV，列为 code,name,level,parent_code（%(error)s）。")
            % {"path": path.name, "error": error}
        ) from None
    return rows


def below(rows: Iterable[Row], root: str) -> list[Row]:
    """Return the ancestors of a root, the root and all below it, upper levels first.

    By the chain of parents, never by the beginning of a code: a statistical zone's code proves nothing.
    """
    by_code = {row.code: row for row in rows}
    if root not in by_code:
        raise Refusal(_("区划表里没有代码 %(code)s。") % {"code": root})
    children: dict[str, list[Row]] = {}
    for row in by_code.values():
        children.setdefault(row.parent, []).append(row)
    chosen: list[Row] = []
    up = by_code[root].parent
    while up in by_code:
        chosen.append(by_code[up])
        up = by_code[up].parent
    waiting = [by_code[root]]
    while waiting:
        chosen += waiting
        waiting = [child for row in waiting for child in children.get(row.code, ())]
    return sorted(chosen, key=lambda row: (row.level, row.code))


@transaction.atomic
def load_divisions(
    *, rows: list[Row], zones: Mapping[str, str], source: str, by: journal.Trace, at: datetime
) -> Loaded:
    """Add or correct the divisions of a file; what already stands so is not touched.

    zones  codes that are statistical zones only, no legal division
    A code that has been succeeded meanwhile stands for its successor: an older file brings nothing old back.
    """
    done = Loaded()
    existing = {d.code: d for d in Division.objects.filter(valid_to__isnull=True)}
    retired = {
        d.code: d.current
        for d in Division.objects.filter(valid_to__isnull=False, successor__isnull=False).select_related(
            "successor"
        )
    }
    known: dict[str, tuple[int, str]] = {}  # code -> id, path
    new: list[tuple[Any, ...]] = []
    ids = _ids(Division, len(rows))
    for row in rows:
        if row.code in retired and row.code not in existing:
            known[row.code] = (retired[row.code].pk, retired[row.code].path)
            done.unchanged += 1
            continue
        parent_id, above = known.get(row.parent, (None, ""))
        if row.parent and parent_id is None and row.level > 1:
            done.problems.append(
                _("%(code)s %(name)s：上级 %(parent)s 不在表中，未载入。")
                % {"code": row.code, "name": row.name, "parent": row.parent}
            )
            continue
        path = f"{above} {row.name}".strip()
        values = (row.name, initials(row.name), row.level, parent_id, path, row.code in zones)
        if here := existing.get(row.code):
            known[row.code] = (here.pk, path)
            stands = (here.name, here.initials, here.level, here.parent_id, here.path, here.statistical_zone)
            if stands == values:
                done.unchanged += 1
                continue
            columns = ("name", "initials", "level", "parent_id", "path", "statistical_zone")
            Division.objects.filter(pk=here.pk).update(**dict(zip(columns, values, strict=True)))
            done.changed += 1
            continue
        key = next(ids)
        known[row.code] = (key, path)
        new.append((key, row.code, *values, source))
        done.added += 1
    _copy(
        Division,
        ("id", "code", "name", "initials", "level", "parent_id", "path", "statistical_zone", "source"),
        new,
    )
    if done.added or done.changed:
        rebuild_lines()
        data = {"added": done.added, "changed": done.changed}
        journal.record("territory.loaded", subject=None, by=by, at=at, data=data)
    return done


def rebuild_lines() -> None:
    """Make the closure table equal to the tree: one statement adds what lacks, one removes what is no more.

    A succeeded division's line goes on through its successor, so what still points to it counts where it now is.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TEMPORARY TABLE lines_wanted ON COMMIT DROP AS
            WITH RECURSIVE up(descendant_id, ancestor_id, next_id) AS (
                SELECT id, id, COALESCE(successor_id, parent_id) FROM territory_division
                UNION ALL
                SELECT up.descendant_id, d.id, COALESCE(d.successor_id, d.parent_id)
                FROM up JOIN territory_division d ON d.id = up.next_id
            )
            SELECT ancestor_id, descendant_id FROM up;
            DELETE FROM territory_divisionline l WHERE NOT EXISTS (
                SELECT 1 FROM lines_wanted w
                WHERE w.ancestor_id = l.ancestor_id AND w.descendant_id = l.descendant_id);
            INSERT INTO territory_divisionline (ancestor_id, descendant_id)
            SELECT ancestor_id, descendant_id FROM lines_wanted ON CONFLICT DO NOTHING;
            DROP TABLE lines_wanted;
            """
        )


@transaction.atomic
def build_areas(
    *, cities: Iterable[str], rules: Mapping[str, Any], by: journal.Trace, at: datetime
) -> Loaded:
    """Derive the management tree of whole cities from their divisions; an area that was moved by hand stays there.

    rules  rulebooks/territory `areas`: statistical_zones {code: name}, province_administered [code], short_names
    """
    done = Loaded()
    zones, alone = rules.get("statistical_zones", {}), set(rules.get("province_administered", ()))
    endings = sorted(rules.get("short_names", ()), key=lambda pair: -len(pair[0]))
    roots = list(Division.objects.filter(code__in=list(cities), valid_to__isnull=True))
    places = list(
        Division.objects.filter(
            valid_to__isnull=True,
            level__gte=Area.Level.CITY,
            pk__in=DivisionLine.objects.filter(ancestor__in=roots).values("descendant"),
        ).order_by("level", "code")
    )
    standing = {area.division_id: area for area in Area.objects.exclude(division=None)}
    by_id = {area.pk: area for area in standing.values()}
    above: dict[int, dict[int, Area]] = {}
    new: list[tuple[Any, ...]] = []
    ids = _ids(Area, len(places))
    for place in places:
        name = zones.get(place.code) or short_name(place.name, endings)
        chain = {} if place.code in alone else above.get(place.parent_id or 0, {})
        parent = chain.get(place.level - 1)
        if area := standing.get(place.pk):
            if area.name != name:
                Area.objects.filter(pk=area.pk).update(name=name, initials=initials(name))
                area.name = name
                done.areas_changed += 1
            above[place.pk] = {**_chain_of(area, by_id), place.level: area}
            continue
        area = Area(
            pk=next(ids),
            name=name,
            initials=initials(name),
            level=place.level,
            parent_id=parent.pk if parent else None,
            division_id=place.pk,
            path=" ".join([*(chain[level].name for level in sorted(chain)), name]),
        )
        for level, column in ((2, "city_id"), (3, "county_id"), (4, "street_id")):
            if level < place.level and level in chain:
                setattr(area, column, chain[level].pk)
        above[place.pk] = {**chain, place.level: area}
        new.append(
            (
                *(area.pk, name, area.initials, area.level, area.parent_id, place.pk),
                *(area.city_id, area.county_id, area.street_id, area.path, True),
            )
        )
        done.areas_added += 1
    columns = (
        "id", "name", "initials", "level", "parent_id", "division_id", "city_id", "county_id", "street_id", "path",
        "active",
    )  # fmt: skip
    _copy(Area, columns, new)
    if done.areas_added or done.areas_changed:
        data = {"added": done.areas_added, "changed": done.areas_changed}
        journal.record("territory.areas_built", subject=None, by=by, at=at, data=data)
    return done


def _chain_of(area: Area, by_id: Mapping[int, Area]) -> dict[int, Area]:
    ids = {2: area.city_id, 3: area.county_id, 4: area.street_id}
    return {level: by_id[pk] for level, pk in ids.items() if pk is not None and pk in by_id}


def read_changes(path: Path) -> list[dict[str, str]]:
    """Read a CSV of successions: old_code, new_code, old_name, new_name, when, note."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def last_day(when: str) -> date:
    """Return the last day of an old code from what a source says: a day, or the end of the year that it names."""
    if found := re.match(r"(\d{4})-(\d{2})-(\d{2})", when):
        return date(*map(int, found.groups()))
    years = re.findall(r"\d{4}", when)
    if not years:
        raise Refusal(_("区划变更缺少时间：%(when)s。") % {"when": when})
    return date(int(years[0]), 12, 31)


def _ids(model: type[models.Model], most: int) -> Iterator[int]:
    """Take ids from a model's sequence ahead of its rows, a thousand at a time and no more than needed."""
    table = model._meta.db_table
    while most > 0:
        some = min(most, 1000)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, some]
            )
            yield from [row[0] for row in cursor.fetchall()]
        most -= some


def _copy(model: type[models.Model], columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows with COPY."""
    names = ", ".join(columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
