"""How long a messy ledger takes: 50,564 hazards from a workbook, against a raw COPY of the very same rows.

    ANJU_DATABASE_URL=… python bench/ledger.py [--rows 50564] [--keep FILE.xlsx]

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

    from anju.doors.exchange import services
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
    parser.add_argument("--keep", type=Path, help="keep the workbook here, and use it when it is there")
    asked = parser.parse_args()
    url = os.environ.get("ANJU_DATABASE_URL")
    if not url:
        print("Set ANJU_DATABASE_URL (./anju bench does).", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        path = asked.keep or Path(folder) / "ledger.xlsx"
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
