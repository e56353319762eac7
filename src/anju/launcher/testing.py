"""`./anju test`: a fast throw-away cluster, a migrated template, one database for each run, then pytest."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from . import Stop, places
from .cluster import Cluster
from .environment import PYTHON
from .running import call, django_environment

SLOTS = 12
PROCESSES = 4  # each has a database of its own and a browser
SCHEMA_FILES = ("migrations/*.py", "models.py", "apps.py")


def home() -> Path:
    """Say where the test cluster lies; each given server (ANJU_PG_BIN) has one of its own."""
    given = os.environ.get("ANJU_PG_BIN")
    return places.default_data(f"test-{Path(given).parent.name}" if given else "test")


def schema_mark() -> str:
    """Give a hash that changes whenever the tables may: migrations, models, settings, requirements."""
    source = places.ROOT / "src" / "anju"
    files = [path for pattern in SCHEMA_FILES for path in source.rglob(pattern)]
    files += [source / "config" / "settings.py", places.ROOT / "requirements.txt"]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(str(path.relative_to(places.ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def fresh_cluster(data: Path) -> Cluster:
    """Hold the test cluster; one that cannot be started (the machine went down under it) is made anew."""
    try:
        return Cluster(data, durable=False).hold()
    except Stop as stop:
        print(f"anju: the test database is made anew ({str(stop).splitlines()[0]})", file=sys.stderr)
        broken = Cluster(data, durable=False)
        broken.destroy()
        return Cluster(data, durable=False).hold()


@contextmanager
def slot(data: Path) -> Iterator[int]:
    """Take one of the numbered places, so that several runs at once do not share a database."""
    for number in range(SLOTS):
        with places.lock_file(data / f"slot-{number}") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield number
            return
    raise Stop(f"{SLOTS} test runs are going on already; wait for one to end.")


def clone_template(cluster: Cluster, data: Path, names: list[str], env: dict[str, str]) -> bool:
    """Give each name a freshly migrated database, copied from a template kept for this schema; False if it fails."""
    import psycopg

    template = f"template_{schema_mark()}"
    with (
        places.lock_file(data / "template.lock") as lock,
        psycopg.connect(cluster.url("postgres"), autocommit=True) as connection,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'"
        ).fetchall()
        if (template,) not in rows:
            half = f"half_{template}"
            connection.execute(f'DROP DATABASE IF EXISTS "{half}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{half}"')
            if not migrate_fully(env | {"ANJU_DATABASE_URL": cluster.url(half)}):
                return False
            connection.execute(f'ALTER DATABASE "{half}" RENAME TO "{template}"')
            for (old,) in rows:
                connection.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
        for name in names:
            try:
                connection.execute("SET statement_timeout = '20s'")
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            except psycopg.errors.QueryCanceled:
                # DROP waits for every process of the server, even one that hangs in a COPY in another run.
                raise Stop(
                    "Another test run hangs and holds the test server; end it, then try again."
                ) from None
            connection.execute("RESET statement_timeout")
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return True


def migrate_fully(env: dict[str, str]) -> bool:
    """Make all tables: first those with migrations, which the models of a room still without may point to."""
    for more in ([], ["--run-syncdb"]):
        words = [str(PYTHON), "-m", "django", "migrate", "--verbosity=0", "--skip-checks", *more]
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"anju: migrating a test database failed:\n{done.stderr[-1500:]}", file=sys.stderr)
            return False
        if not rooms_without_migrations():
            break
    return True


def rooms_without_migrations() -> list[str]:
    """Name the rooms that have models but no migration yet."""
    rooms = (path.parent for path in (places.ROOT / "src" / "anju").glob("*/*/models.py"))
    return [room.name for room in rooms if not list(room.glob("migrations/0*.py"))]


def processes_asked(words: list[str]) -> int:
    """Read pytest-xdist's -n from the words; 0 when all runs in one process."""
    for position, word in enumerate(words):
        if word == "-n" and position + 1 < len(words):
            word = f"-n{words[position + 1]}"
        if word.startswith("-n") and word[2:].lstrip("=").isdigit():
            return int(word[2:].lstrip("="))
    return 0


def spread(words: list[str]) -> list[str]:
    """Have all tests share the machine's processors; a few chosen ones are done sooner in one process."""
    processes = min(os.cpu_count() or 1, PROCESSES)
    chosen = any(
        word == "-k" or word.startswith("-n") or (places.ROOT / word.partition("::")[0]).exists()
        for word in words
    )
    return words if chosen or processes < 2 else ["-n", str(processes), *words]


def test(words: list[str]) -> int:
    """Run pytest with these words; give its exit code."""
    words = spread(words)
    if given := os.environ.get("ANJU_TEST_DATABASE_URL"):
        data = places.LOCAL / "test-files"
        data.mkdir(parents=True, exist_ok=True)
        return call(pytest_words(words), django_environment(data, given, ANJU_TESTING="1"), places.ROOT)
    place = home()
    cluster = fresh_cluster(place)
    try:
        with slot(place) as number:
            data = place / f"data-{number}"
            shutil.rmtree(data, ignore_errors=True)
            data.mkdir(mode=0o700)
            # pytest-django puts test_ before the name it finds here.
            url = with_name(cluster.url(), f"run{number}")
            env = django_environment(data, url, ANJU_TESTING="1")
            names = [f"test_run{number}"]
            if processes := processes_asked(words):
                names = [f"test_run{number}_gw{worker}" for worker in range(processes)]
            reuse = clone_template(cluster, place, names, env)
            extra = ["--reuse-db"] if reuse else ["--create-db"]
            return call(pytest_words(extra + words), env, places.ROOT)
    finally:
        cluster.release()


def with_name(url: str, name: str) -> str:
    """Give the same address with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def pytest_words(words: list[str]) -> list[str]:
    """Give pytest's command line, with the plugin that looks for a browser."""
    return [str(PYTHON), "-m", "pytest", "-p", "tests.browser_support", *words]
