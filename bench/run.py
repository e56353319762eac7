"""The measurements of docs: a city of 1,000 to 1,000,000 cases with full history, and eight connections asking it.

    ./anju bench                                  50,564 cases, everything
    ./anju bench --sizes 1000,100000,1000000      the growth
    ./anju bench --only create,list --seconds 5   some measurements
    ./anju bench --profile                        where the time of a lifecycle goes
    ./anju bench visits                           visits recorded by officers, at 100,000
    ./anju bench tallies                          the report's figures at 1, 10 and 100 times the city's volume

Every size is a database of its own beside the demo's, filled once and kept (--refill makes it anew). The server is
the one of ./anju start: gunicorn with four workers of four threads. Load, server and database share the machine.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[1]
PEER = 50_564  # the size at which others were measured


def with_name(url: str, name: str) -> str:
    """Give the same address with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


def prepare(url: str, size: int, *, refill: bool) -> str:
    """Make the database of a size unless it is there with these migrations; return its address."""
    from anju.launcher.start import migrations_mark

    name, mark = f"bench_{size}", f"bench {size} {migrations_mark()}"
    target = with_name(url, name)
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if found and found[0] == mark and not refill:
            return target
        if found and found[0] and found[0].startswith(f"bench {size}") and not refill:
            say(f"{size:,} cases: bringing the tables up to date")
            django("migrate", target)
        else:
            say(f"{size:,} cases: filling")
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
            django("migrate", target)
            child(["--fill", str(size)], target)
        connection.execute(f"COMMENT ON DATABASE \"{name}\" IS '{mark}'")
    return target


def django(command: str, url: str) -> None:
    """Run a management command on a database."""
    words = [sys.executable, "-m", "django", command, "--no-input", "--verbosity=0", "--skip-checks"]
    subprocess.run(words, env=os.environ | {"ANJU_DATABASE_URL": url}, check=True)


def child(words: list[str], url: str) -> None:
    """Run this script again on a database: Django is bound to one for the life of a process."""
    subprocess.run(
        [sys.executable, __file__, *words], env=os.environ | {"ANJU_DATABASE_URL": url}, check=True, cwd=ROOT
    )


def main() -> int:
    """Read the words; fill, measure, write."""
    if sys.argv[1:2] == ["tallies"]:
        from bench import tallies

        return tallies.main(sys.argv[2:])
    if sys.argv[1:2] == ["visits"]:
        from bench import visits

        return visits.main(sys.argv[2:])
    parser = argparse.ArgumentParser(
        prog="./anju bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", default=str(PEER), help="numbers of cases, with commas between")
    parser.add_argument("--only", default="", help="names of measurements, with commas between")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each load (8)")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--refill", action="store_true", help="make the databases anew")
    parser.add_argument("--profile", action="store_true", help="where the time of a lifecycle goes")
    parser.add_argument("--out", type=Path, help="write the results there as JSON")
    parser.add_argument("--fill", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.fill or asked.measure:
        import django as framework

        framework.setup()
        if asked.fill:
            from bench import city, history

            city.build()
            history.fill(asked.fill, say)
        else:
            from bench import scenes

            found = scenes.measure(asked, say)
            asked.out.write_text(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    url = os.environ["ANJU_DATABASE_URL"]
    results = {}
    for size in [int(text) for text in asked.sizes.split(",")]:
        target = prepare(url, size, refill=asked.refill)
        kept = Path(os.environ["ANJU_DATA"]) / f"bench_{size}.json"
        words = [
            "--measure",
            str(size),
            "--out",
            str(kept),
            "--seconds",
            str(asked.seconds),
            "--only",
            asked.only,
        ]
        words += ["--connections", str(asked.connections), "--workers", str(asked.workers)]
        began = time.monotonic()
        child(words + (["--profile"] if asked.profile else []), target)
        say(f"{size:,} cases measured in {time.monotonic() - began:.0f} s")
        results[str(size)] = json.loads(kept.read_text())
    if asked.out:
        asked.out.write_text(json.dumps(results, ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
