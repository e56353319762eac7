"""How long messy ledgers take: 50,564 hazards from a workbook, and a half-year of inspections, against a raw COPY.

    ANJU_DATABASE_URL=… python bench/ledger.py [--rows 50564] [--keep FILE.xlsx]
    ANJU_DATABASE_URL=… python bench/ledger.py --half-year [--visits 61521] [--keep FILE.xlsx]

The half-year is one workbook of 61,521 visits, 50,564 findings, 2,000 orders and 150 fines of forty stations, loaded in
one transaction; the raw COPY writes the very rows that came of it into the same tables, with their keys and triggers.

A database of its own is made beside the one of the address. The workbook is invented (演示数据) and the same at
every run: a merged title, headings in the third row, dates in eight ways, ticks, ditto marks, notes and a total.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[1]
ROWS = 50_564
NAME = "bench_ledger"
HEADINGS = [
    "序号", "检查时间", "所属街道", "所属社区", "小区名称", "具体位置", "隐患类别", "隐患描述", "检查人", "整改期限",
    "是否整改", "整改完成时间", "整改措施", "备注",
]  # fmt: skip
FOUND = [
    ("EB01", "楼道内停放电动自行车{n}辆"),
    ("飞线充电", "住户从{n}楼窗户拉线给电动自行车充电"),
    ("EG01", "疏散通道堆放纸箱、旧家具等杂物{n}处"),
    ("FF03", "灭火器{n}具压力不足"),
    ("FA01", "消防车通道停放私家车{n}辆"),
    ("EL01", "楼道照明线路老化裸露约{n}米"),
    ("EG05", "防火门闭门器损坏{n}处"),
    ("ST01", "门厅堆放可燃杂物{n}处"),
]


def estates() -> list[tuple[str, str]]:
    """Name 600 invented estates and the community of the cast in which each lies."""
    first = ["安", "康", "和", "顺", "福", "祥", "锦", "瑞", "丽", "明", "春", "华", "金", "玉", "翠"]
    last = ["苑", "园", "家园", "花园", "小区", "公寓", "佳苑", "新村", "名邸", "华庭"]
    places = ["huaiyin", "liuyuan", "hebin", "keji"]
    names = [f"{a}{b}{c}" for a in first for b in ("泰", "居", "景", "悦") for c in last]
    return [(name, places[n % len(places)]) for n, name in enumerate(names)]


def written(day: date, how: int) -> Any:
    """Write a day in one of the ways of ledgers."""
    ways = (
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}/{day.month}/{day.day}",
        day.isoformat(),
        f"{day:%Y%m%d}",
        (day - date(1899, 12, 30)).days,
        day,
        f"{day.year}年{day.month}月{day.day}日".translate(
            str.maketrans("0123456789", "０１２３４５６７８９")
        ),
    )
    return ways[how % len(ways)]


def make(path: Path, rows: int) -> None:
    """Write the workbook."""
    import xlsxwriter

    chance = random.Random(2024)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("隐患台账")
    dated = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write(0, 0, "试点市2024年消防安全隐患排查台账（演示数据）")
    sheet.write(1, 0, "填报单位：试点市住房和城乡建设局（演示数据）")
    sheet.write_row(2, 0, HEADINGS)
    communities = {
        "huaiyin": ("槐荫街道", "槐荫社区"),
        "liuyuan": ("槐荫街道", "柳园社区"),
        "hebin": ("河滨街道", "河滨社区"),
        "keji": ("科技街道", "科技社区"),
    }
    there = estates()
    for n in range(rows):
        name, place = there[chance.randrange(len(there))]
        street, community = communities[place]
        day = date(2023, 1, 1) + timedelta(days=chance.randrange(540))
        said, text = FOUND[chance.randrange(len(FOUND))]
        closed = chance.random() < 0.9
        where = f"{chance.randrange(1, 30)}号楼{chance.randrange(1, 5)}单元"
        values: list[Any] = [
            n + 1,
            written(day, n),
            street,
            community,
            name,
            where,
            said if n % 5 else None,
            text.format(n=chance.randrange(1, 90)) + f"，现场已告知，记录{n}",
            "检查人甲、乙（演示数据）",
            "15日内" if n % 3 else None,
            "√" if closed else "整改中",
            written(day + timedelta(days=chance.randrange(9)), n + 3) if closed else None,
            "已当场清理并现场复核" if closed else None,
            "",
        ]
        for column, value in enumerate(values):
            if isinstance(value, date):
                sheet.write_datetime(n + 3, column, value, dated)
            elif value not in (None, ""):
                sheet.write(n + 3, column, value)
    sheet.write_row(rows + 3, 0, ["合计", "", "", "", "", "", "", f"{rows}处"])
    book.close()


def prepare(url: str) -> str:
    """Make a fresh database with the invented city and 600 estates; return its address."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{NAME}"')
    target = urlunsplit(urlsplit(url)._replace(path=f"/{NAME}"))
    os.environ["ANJU_DATABASE_URL"] = target
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.config.settings")
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    call_command("migrate", interactive=False, verbosity=0, run_syncdb=True, skip_checks=True)
    from tests.cast import build_city

    from anju.ground.territory.models import Estate
    from anju.ground.territory.rules import name_key

    with transaction.atomic():
        city = build_city()
        made = [
            Estate(name=name, name_key=name_key(name), area=getattr(city.areas, place), is_demo=True)
            for name, place in estates()
        ]
        Estate.objects.bulk_create(made)
    return target


# What a half-year writes, in an order that keys allow. The journal is left out of the raw COPY.
HALF_YEAR_TABLES = (
    "inspections_unit", "inspections_unitflag", "inspections_duty", "inspections_visit", "inspections_visitpart",
    "inspections_visitofficer", "cases_case", "foundation_clock", "inspections_finding", "orders_order",
    "orders_orderline", "penalties_penalty", "penalties_penaltyofficer", "penalties_payment",
    "inspections_unitmatch",
)  # fmt: skip
STREETS = 40


def grow() -> None:
    """Add forty streets of four communities to the invented city, each with its station and forty estates."""
    from anju.ground.organisations.models import Organisation
    from anju.ground.territory.models import Area, Estate
    from anju.ground.territory.rules import name_key

    city = Area.objects.get(level=2)
    counties = list(Area.objects.filter(level=3).order_by("pk"))
    names = [name for name, _place in estates()]
    for n in range(STREETS):
        county = counties[n % len(counties)]
        street = Area.objects.create(
            name=f"演示{n:02d}街道", level=4, parent=county, city=city, county=county,
            path=f"{county.path}/演示{n:02d}街道",
        )  # fmt: skip
        Organisation.objects.create(
            kind="police_station",
            name=f"演示分局第{n:02d}派出所",
            short_name=f"演{n:02d}所",
            area=street,
            is_demo=True,
        )
        Organisation.objects.create(
            kind="street_office", name=f"演示{n:02d}街道办事处", area=street, is_demo=True
        )
        for m in range(4):
            community = Area.objects.create(
                name=f"演示{n:02d}{m}社区", level=5, parent=street, city=city, county=county, street=street,
                path=f"{street.path}/演示{n:02d}{m}社区",
            )  # fmt: skip
            made = [f"{names[(n * 40 + m * 10 + k) % len(names)]}{n:02d}" for k in range(10)]
            Estate.objects.bulk_create(
                Estate(
                    name=name, name_key=name_key(name), area=community, year_built=1990 + k % 30, is_demo=True
                )
                for k, name in enumerate(made)
            )


def half_year(path: Path, visits: int) -> dict[str, Any]:
    """Make (unless it is there), read, load and copy a half-year of inspections; return seconds, ratio and memory."""
    import python_calamine
    from django.db import connection
    from django.utils import timezone

    from anju.doors.exchange.services import imports as services
    from anju.doors.exchange.services import practice_stations as practice_month
    from anju.ground.access.models import Account
    from anju.ground.access.services import actor_of
    from anju.ground.foundation import rulebooks

    at = timezone.now()
    account = Account.objects.select_related("person").get(username="wu")
    by = actor_of(account, at=at)
    if not path.exists():
        today = timezone.localdate()
        book = rulebooks.load("exchange", on=today)
        practice_month.write(
            path,
            by=by,
            words=book["practice_month"],
            endings=book["place_endings"],
            visits=visits,
            today=today,
        )

    def plain_read() -> int:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        return sum(1 for name in book.sheet_names for _row in book.get_sheet_by_name(name).iter_rows())

    read, _rows = timed(plain_read)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def load(**options: Any) -> Any:
        return services.load_ledger(path=path, kind="inspections", by=by, at=at, is_demo=True, **options)

    seconds, outcome = timed(load)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    again, repeat = timed(load)
    with tempfile.TemporaryDirectory() as folder:
        rows = 0
        with connection.cursor() as cursor:
            for table in HALF_YEAR_TABLES:
                with (Path(folder) / table).open("wb") as kept, cursor.copy(f"COPY {table} TO STDOUT") as out:
                    for block in out:
                        kept.write(block)
                cursor.execute(f"SELECT count(*) FROM {table}")
                rows += cursor.fetchone()[0]
            cursor.execute(f"TRUNCATE {', '.join(HALF_YEAR_TABLES)} CASCADE")

        def copy() -> None:
            for table in HALF_YEAR_TABLES:
                with (
                    connection.cursor() as cursor,
                    (Path(folder) / table).open("rb") as kept,
                    cursor.copy(f"COPY {table} FROM STDIN") as into,
                ):
                    while block := kept.read(1 << 20):
                        into.write(block)

        raw, _none = timed(copy)
    return {
        "rows": outcome.rows,
        "loaded": outcome.loaded,
        "rejected": outcome.rejected,
        "units_made": outcome.units["made"],
        "units_matched": outcome.units["matched"],
        "units_suggested": outcome.units["suggested"],
        "written": rows,
        "plain_read_s": round(read, 2),
        "raw_copy_s": round(raw, 2),
        "total_s": round(seconds, 2),
        "ratio_to_read_and_copy": round(seconds / (read + raw), 2),
        "again_s": round(again, 2),
        "again_loaded": repeat.loaded,
        "peak_mb_before": before // 1024,
        "peak_mb": peak // 1024,
    }


HALF_YEAR_LINES = (
    ("rows in the workbook", "rows"),
    ("loaded", "loaded"),
    ("returned", "rejected"),
    ("units made", "units_made"),
    ("  … of which may be one with another", "units_suggested"),
    ("rows written (without the journal)", "written"),
    ("plain read of the workbook, s", "plain_read_s"),
    ("raw COPY of the same rows, s", "raw_copy_s"),
    ("import, total, s", "total_s"),
    ("total / (read + raw COPY) (at most 4)", "ratio_to_read_and_copy"),
    ("the same file again, s", "again_s"),
    ("peak memory before / after, MB", "peak_mb_before"),
    ("", "peak_mb"),
)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how many seconds a piece of work takes, and what it gives."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def measure(path: Path) -> dict[str, Any]:
    """Read, load and copy; return the seconds of each and the ratio of issue 2, section 7."""
    import python_calamine
    from django.db import connection
    from django.utils import timezone

    from anju.doors.exchange.services import imports as services
    from anju.ground.access.models import Account
    from anju.ground.access.services import actor_of

    def plain_read() -> int:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        return sum(1 for _row in book.get_sheet_by_index(0).iter_rows())

    read, _rows = timed(plain_read)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    at = timezone.now()
    account = Account.objects.select_related("person").get(username="wu")
    by = actor_of(account, at=at)
    load, outcome = timed(lambda: services.load_ledger(path=path, kind="hazards", by=by, at=at, is_demo=True))
    again, repeat = timed(lambda: services.load_ledger(path=path, kind="hazards", by=by, at=at, is_demo=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryFile() as kept:
        with connection.cursor() as cursor:
            with cursor.copy("COPY cases_case TO STDOUT") as out:
                for block in out:
                    kept.write(block)
            cursor.execute("TRUNCATE cases_case CASCADE")
            cursor.execute("CREATE TEMPORARY TABLE bare (LIKE cases_case)")

        def copy(table: str) -> None:
            kept.seek(0)
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as into:
                while block := kept.read(1 << 20):
                    into.write(block)

        bare, _none = timed(lambda: copy("bare"))
        raw, _none = timed(lambda: copy("cases_case"))
    return {
        "rows": outcome.rows,
        "loaded": outcome.loaded,
        "rejected": outcome.rejected,
        "plain_read_s": round(read, 2),
        "raw_copy_s": round(raw, 2),
        "bare_copy_s": round(bare, 2),
        "total_s": round(load, 2),
        "ratio": round((load - read) / raw, 2),
        "ratio_to_read_and_copy": round(load / (read + raw), 2),
        "again_s": round(again, 2),
        "again_loaded": repeat.loaded,
        "peak_mb_before": before // 1024,
        "peak_mb": peak // 1024,
    }


def main() -> int:
    """Make the workbook and the database, measure, print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument(
        "--half-year", action="store_true", help="a half-year of inspections instead of hazards"
    )
    parser.add_argument("--visits", type=int, default=61_521)
    parser.add_argument("--keep", type=Path, help="keep the workbook here, and use it when it is there")
    asked = parser.parse_args()
    url = os.environ.get("ANJU_DATABASE_URL")
    if not url:
        print("Set ANJU_DATABASE_URL (./anju bench does).", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        path = asked.keep or Path(folder) / "ledger.xlsx"
        if asked.half_year:
            prepare(url)
            grow()
            found = half_year(path, asked.visits)
            for label, key in HALF_YEAR_LINES:
                print(f"{label:<50}{found[key]:>10}")
            print(json.dumps(found))
            return 0
        if not path.exists():
            make(path, asked.rows)
        prepare(url)
        found = measure(path)
    for label, key in (
        ("rows in the workbook", "rows"),
        ("loaded", "loaded"),
        ("plain read of the workbook, s", "plain_read_s"),
        ("raw COPY of the same rows, s", "raw_copy_s"),
        ("  … into a table without indexes and keys, s", "bare_copy_s"),
        ("import, total, s", "total_s"),
        ("(total - read) / raw COPY (at most 4)", "ratio"),
        ("total / (read + raw COPY)", "ratio_to_read_and_copy"),
        ("the same file again, s", "again_s"),
        ("peak memory before / after, MB", "peak_mb_before"),
        ("", "peak_mb"),
    ):
        print(f"{label:<50}{found[key]:>10}")
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
