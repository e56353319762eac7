"""`./anju start`: environment, database, migrations, demo city, web server and job workers, one line each."""

import argparse
import fcntl
import hashlib
import http.client
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from . import Stop, places, running
from .cluster import Cluster
from .environment import PYTHON
from .processes import Child, Supervisor, die_with_parent
from .running import say

HEALTH = "/healthz"
HEALTH_SECONDS = 60.0
LOADED = ("calendar", "territory")  # rulebooks that the database keeps a copy of, which officers may change
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (compared with, not bound to)


class Steps:
    """Prints what is being done and how long it took."""

    def __init__(self, began: float) -> None:
        self.began = began

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time one step; remarks put into the list are printed with it."""
        since = time.time()
        remarks: list[str] = []
        yield remarks
        self.line(name, time.time() - since, *remarks)

    def line(self, name: str, seconds: float, *remarks: str) -> None:
        """Print one finished step."""
        say(f"  {name:<14}{seconds:6.1f} s  {'; '.join(remarks)}".rstrip())


def only_one(data: Path) -> IO[str]:
    """Take the data directory for this start; refuse when another start has it. Freed when the process ends."""
    lock = places.lock_file(data / "start.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Stop(
            f"Anju is already running with the data in {data}. Stop that one first, or choose --data DIR."
        ) from None
    return lock


def listening(host: str, port: int) -> socket.socket:
    """Bind the port, as the web server will; one clear sentence when that cannot be."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise Stop(f"{host} is not an address of this machine; choose another with --host.") from None
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
        bound.listen(64)
    except OSError as error:
        bound.close()
        if isinstance(error, PermissionError):
            raise Stop(f"Port {port} needs special rights; choose one above 1023 with --port.") from None
        raise Stop(
            f"Port {port} on {host} is in use ({error.strerror}); choose another with --port."
        ) from None
    return bound


def migrations_mark() -> str:
    """Give a hash of every migration, ours and of the packages we use (by the requirements' hash)."""
    digest = hashlib.sha256((places.ROOT / "requirements.txt").read_bytes())
    for path in sorted((places.ROOT / "src").rglob("migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def rulebooks_mark() -> str:
    """Give a hash of the rulebooks that are loaded into the database: calendar and territory."""
    folder = Path(os.environ.get("ANJU_RULEBOOKS", places.ROOT / "rulebooks"))
    digest = hashlib.sha256()
    for path in sorted(path for kind in LOADED for path in (folder / kind).rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class Interrupted(Exception):
    """Somebody asked to stop while the start was still going on."""


class Setting:
    """Runs the management commands of the start, which end when somebody asks to stop."""

    def __init__(self, env: dict[str, str], supervisor: Supervisor) -> None:
        self.env = env
        self.supervisor = supervisor

    def must(self, *words: str) -> str:
        """Run one and give what it printed; show all of it only when it fails."""
        child = subprocess.Popen(
            running.manage_words(*words),
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        while True:
            try:
                out, err = child.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                if self.supervisor.stopping:
                    child.terminate()
        if self.supervisor.stopping:
            raise Interrupted
        if child.returncode != 0:
            raise Stop(f"'manage {' '.join(words)}' failed:\n{(out + err).strip()[-4000:]}")
        return out


def which(url: str, private: bool) -> str:
    """Name a database without its password, to know it again."""
    parts = urlsplit(url)
    return "private" if private else f"{parts.hostname or ''}:{parts.port or ''}{parts.path}?{parts.query}"


def migrate(django: Setting, where: str, state_file: Path, steps: Steps) -> None:
    """Bring the tables up to date; ask Django only when the migrations changed since the last time."""
    with steps.step("migrations") as remarks:
        applied = {"mark": migrations_mark(), "where": where}
        if running.read_json(state_file) == applied:
            remarks.append("nothing to apply")
            return
        django.must("migrate", "--no-input", "--verbosity=0", "--skip-checks")
        state_file.write_text(json.dumps(applied))


def anybody_can_log_in(url: str) -> bool:
    """Tell whether the database has a single account: then it is in use, whoever filled it."""
    import psycopg

    with psycopg.connect(url) as connection:
        try:
            return connection.execute("SELECT 1 FROM access_account LIMIT 1").fetchone() is not None
        except psycopg.errors.UndefinedTable:
            return False


def decide_content(where: str, data: Path, empty: bool, url: str) -> None:
    """Decide once what a database is filled with, and keep it.

    So a demo city never comes into a database that was in use or was begun empty, and one whose making was
    interrupted is made whole.
    """
    kept = data / "filled.json"
    known = running.read_json(kept)
    if known.get("content") is None or known.get("where", where) != where:
        content = "found" if anybody_can_log_in(url) else "empty" if empty else "seeding"
        kept.write_text(json.dumps({"where": where, "content": content}))


def fill(django: Setting, where: str, data: Path, steps: Steps) -> None:
    """Fill a new database: with the demo city, or with the first administrator of an empty one."""
    kept = data / "filled.json"
    content = running.read_json(kept).get("content")
    if content == "seeding":
        if not running.has_command("seed_demo"):
            say("  (no demo city: this version has no command for it)")
            return
        with steps.step("demo city"):
            django.must("seed_demo")
        kept.write_text(json.dumps({"where": where, "content": "demo"}))
    elif content == "empty" and not anybody_can_log_in(django.env["ANJU_DATABASE_URL"]):
        if not sys.stdin.isatty():
            which_data = "" if data == places.default_data() else f" --data {shlex.quote(str(data))}"
            say(f"  (nobody can log in yet: run ./anju{which_data} manage create_first_administrator)")
            return
        say("  The first administrator:")
        if running.call(running.manage_words("create_first_administrator", "--if-none"), django.env) != 0:
            raise Stop("Without a first administrator nobody could log in; start again to name one.")


def set_up_city(django: Setting, where: str, data: Path, steps: Steps) -> None:
    """Load what every city needs from its rulebooks: at the first start, and again when they have changed."""
    kept = data / "set_up.json"
    applied = {"mark": rulebooks_mark(), "where": where}
    if running.read_json(kept) == applied or not running.has_command("set_up_city"):
        return
    with steps.step("city") as remarks:
        try:
            django.must("set_up_city")
        except Stop as stop:
            # A city whose table of divisions is still to come: it can be loaded later (docs/rooms/territory.md).
            remarks.append(f"not all loaded: {str(stop).splitlines()[-1]}")
            return
        kept.write_text(json.dumps(applied))


def hosts(host: str) -> str:
    """Give the names under which the site may be called when the administrator did not say (ANJU_HOSTS)."""
    names = ["127.0.0.1", "localhost", "[::1]"]
    if host in WILDCARDS:
        names.append(socket.gethostname())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # sends nothing: only asks which own address would be used
                names.append(probe.getsockname()[0])
            except OSError:
                pass  # no network at all: the names above must do
    else:
        names.append(f"[{host}]" if ":" in host else host)
    return ",".join(dict.fromkeys(names))


def web_server(bound: socket.socket, env: dict[str, str], workers: int) -> Child:
    """Describe gunicorn on the port we hold: it survives gunicorn, so no other program can slip in between."""
    words = [str(PYTHON), "-m", "gunicorn", "anju.config.wsgi:application", f"--bind=fd://{bound.fileno()}"]
    words += ["--worker-class=gthread", "--preload", f"--workers={workers}", "--threads=4", "--timeout=120"]
    words += ["--graceful-timeout=10", "--keep-alive=5", "--log-level=warning", "--no-control-socket"]
    if os.access("/dev/shm", os.W_OK):  # noqa: S108 (gunicorn makes an unnamed file there)
        words.append("--worker-tmp-dir=/dev/shm")
    return Child("the web server", words, env, fds=[bound.fileno()])


def job_worker(env: dict[str, str], number: int) -> Child:
    """Describe a process that does background jobs."""
    words = running.manage_words("procrastinate", "worker", f"--name=jobs-{number}", "--concurrency=2")
    # It waits for the database before it ends, for ever if that is gone with the launcher: so SIGKILL. A job cut off is
    # rolled back. Its ear for new jobs (LISTEN) does not come back with the database: so it begins anew.
    return Child(
        f"job worker {number}",
        words,
        env,
        out=subprocess.DEVNULL,
        orphan_signal=signal.SIGKILL,
        begins_with_database=True,
    )


def healthy(host: str, port: int) -> bool:
    """Ask the site whether it is well."""
    connection = http.client.HTTPConnection(WILDCARDS.get(host, host), port, timeout=5)
    try:
        connection.request("GET", HEALTH, headers={"Host": f"127.0.0.1:{port}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_until_healthy(host: str, port: int, supervisor: Supervisor) -> bool:
    """Wait for the first good answer; False when asked to stop or when it takes too long."""
    give_up = time.monotonic() + HEALTH_SECONDS
    while time.monotonic() < give_up and not supervisor.stopping:
        if healthy(host, port):
            return True
        supervisor.look()
        time.sleep(0.1)
    return False


def demo_logins(django: Setting, data: Path) -> list[dict[str, str]]:
    """Ask for the demo city's logins, once: they are kept beside the data, for the owner only."""
    if running.read_json(data / "filled.json").get("content") != "demo":
        return []
    kept = data / "demo_logins.json"
    if not kept.exists():
        if not running.has_command("demo_logins"):
            return []
        places.keep_secret(kept, django.must("demo_logins", "--json"))
    found = json.loads(kept.read_text())
    rows = found if isinstance(found, list) else found.get("logins", [])
    return [{str(key): str(value) for key, value in row.items()} for row in rows]


def width(text: str) -> int:
    """Count the columns a text takes on a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def table(rows: list[dict[str, str]]) -> list[str]:
    """Lay rows out in columns under their names."""
    if not rows:
        return []
    names = list(rows[0])
    lines = [dict(zip(names, names, strict=True)), *rows]
    widths = {name: max(width(row.get(name, "")) for row in lines) for name in names}
    return [
        "  ".join(
            row.get(name, "") + " " * (widths[name] - width(row.get(name, ""))) for name in names
        ).rstrip()
        for row in lines
    ]


def start(asked: argparse.Namespace, data: Path | None, began: float) -> int:
    """Set everything up, serve until asked to stop, and stop everything."""
    steps = Steps(began)
    say("Anju 安居")
    renewed = os.environ.pop("ANJU_RENEWED", "") == "1"
    steps.line("environment", time.time() - began, "made" if renewed else "ready")
    data = running.prepared(data)
    supervisor = Supervisor(say)
    with ExitStack() as stack:
        lock = only_one(data)
        stack.callback(lock.close)
        listening(asked.host, asked.port).close()  # complain now, not after a minute of work
        supervisor.listen()
        try:
            cluster, django = set_up(asked, data, supervisor, steps, stack)
            stack.callback(supervisor.stop)
            launch(asked, django, data, supervisor, steps, stack)
            serve(supervisor, cluster)
        except Interrupted:
            pass  # the way out is the same
        say("Stopping …")
    say("Stopped.")
    return 0


def set_up(
    asked: argparse.Namespace, data: Path, supervisor: Supervisor, steps: Steps, stack: ExitStack
) -> tuple[Cluster | None, Setting]:
    """Have the database run, migrated and filled."""
    cluster = None
    with steps.step("database") as remarks:
        url = os.environ.get("ANJU_DATABASE_URL", "")
        if url:
            remarks.append("the one of ANJU_DATABASE_URL")
        else:
            cluster = Cluster(data)
            remarks.append("ready" if cluster.exists() else "made")
            stack.enter_context(cluster)
            remarks.append(f"PostgreSQL {cluster.binaries.version}")
            url = cluster.url()
    if supervisor.stopping:
        raise Interrupted
    where = which(url, private=cluster is not None)
    env = running.django_environment(data, url)
    env.setdefault("ANJU_HOSTS", hosts(asked.host))
    django = Setting(env, supervisor)
    migrate(django, where, data / "migrated.json", steps)
    decide_content(where, data, asked.empty, url)
    set_up_city(django, where, data, steps)
    fill(django, where, data, steps)
    return cluster, django


def launch(
    asked: argparse.Namespace,
    django: Setting,
    data: Path,
    supervisor: Supervisor,
    steps: Steps,
    stack: ExitStack,
) -> None:
    """Start web server and job workers, wait until the site is well, and say where it is."""
    with steps.step("web and jobs") as remarks:
        bound = listening(asked.host, asked.port)
        stack.callback(bound.close)
        supervisor.add(web_server(bound, django.env, asked.workers))
        logins = demo_logins(django, data)
        if not wait_until_healthy(asked.host, asked.port, supervisor):
            if supervisor.stopping:
                raise Interrupted
            remarks.append(f"{HEALTH} does not answer 200 yet")
        # Only now, so that they do not take the processors from the first page.
        for number in range(1, asked.job_workers + 1):
            supervisor.add(job_worker(django.env, number))
    announce(asked, data, logins, time.time() - steps.began)


def announce(asked: argparse.Namespace, data: Path, logins: list[dict[str, str]], seconds: float) -> None:
    """Print the address and who can log in."""
    shown = WILDCARDS.get(asked.host, asked.host)
    shown = f"[{shown}]" if ":" in shown else shown
    say(f"  {'all':<14}{seconds:6.1f} s")
    say(f"\n  http://{shown}:{asked.port}\n")
    for line in table(logins):
        say(f"  {line}")
    say(f"{chr(10) if logins else ''}  Data: {data}\n  Ctrl-C stops everything.")


def serve(supervisor: Supervisor, cluster: Cluster | None) -> None:
    """Watch over everything until asked to stop."""
    looked = time.monotonic()
    while not supervisor.stopping:
        time.sleep(0.2)
        supervisor.look()
        if cluster and time.monotonic() - looked > 1.0:
            looked = time.monotonic()
            if not cluster.alive():
                say("the database server ended; starting it again")
                try:
                    cluster.recover()
                    supervisor.database_came_back()
                except Stop as stop:
                    say(f"{stop}\ntrying again in 5 s")
                    looked += 4.0
