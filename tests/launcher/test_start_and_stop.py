"""One real journey: an empty Anju is started, loses its processes to kill -9, recovers, and stops without a trace."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from anju.launcher import places
from anju.launcher.cluster import Cluster

PATIENCE = 900.0  # seconds; it ends a wait for what never comes, however slow the machine is
OF_THE_TEST_RUN = ("ANJU_DATABASE_URL", "ANJU_TESTING", "ANJU_DATA", "ANJU_HOSTS", "DJANGO_SETTINGS_MODULE")


@pytest.fixture
def data() -> Iterator[Path]:
    """Give a data directory that PostgreSQL's account can reach; pytest's own is closed to others when root runs it."""
    home = Path(tempfile.mkdtemp(prefix="anju-journey-"))
    home.chmod(0o711)
    yield home / "data"
    if (home / "data" / "cluster").exists():
        Cluster(home / "data").destroy()
    shutil.rmtree(home)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launcher(data: Path, *words: str) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if name not in OF_THE_TEST_RUN}
    return subprocess.Popen(
        [sys.executable, str(places.ROOT / "anju"), "--data", str(data), *words],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False


def eventually(truth: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        if truth():
            return True
        time.sleep(0.2)
    return False


def processes_of(data: Path) -> dict[int, str]:
    """Give the command line of every process that was started for this data directory."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if f"ANJU_DATA={data}\0".encode() in (entry / "environ").read_bytes() or f" -D {data}/" in line:
                found[int(entry.name)] = line
        except OSError:
            continue
    return found


def kill(data: Path, what: str) -> int:
    """Kill -9 the oldest process whose command line holds `what`."""
    pid = min(pid for pid, line in processes_of(data).items() if what in line)
    os.kill(pid, signal.SIGKILL)
    return pid


def in_database(data: Path, statement: str) -> list[tuple]:
    with psycopg.connect(Cluster(data).url(), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_anju_starts_survives_the_loss_of_its_processes_and_stops_without_a_trace(data: Path):
    port = free_port()
    running = launcher(data, "start", "--empty", "--workers", "1", "--port", str(port))
    try:
        assert eventually(lambda: answers(port) or running.poll() is not None)
        assert running.poll() is None, running.stdout.read()
        assert in_database(data, "SELECT count(*) FROM territory_area WHERE level = 3")[0][0] > 10
        # Without its calendar an empty city would count every public holiday as a working day.
        assert in_database(data, "SELECT count(*) FROM foundation_calendarday")[0][0] > 100
        in_database(data, "CREATE TABLE kept AS SELECT 42 AS answer")

        kill(data, "gunicorn")
        kill(data, "cluster/data")
        # An orphaned worker and backend may answer for a moment more: wait for the database itself first.
        assert eventually(lambda: Cluster(data).alive() and Cluster(data).answers()), (
            "the database did not come back"
        )
        assert eventually(lambda: answers(port)), "the site did not come back"
        assert in_database(data, "SELECT answer FROM kept") == [(42,)]

        second = launcher(data, "start", "--empty", "--port", str(free_port()))
        assert "already running" in second.communicate(timeout=PATIENCE)[0]
        assert second.returncode == 2

        running.kill()
        running.wait()
        assert eventually(lambda: all("cluster/data" in line for line in processes_of(data).values()))
        running = launcher(data, "start", "--empty", "--workers", "1", "--port", str(port))
        assert eventually(lambda: answers(port))
        assert in_database(data, "SELECT answer FROM kept") == [(42,)]

        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=PATIENCE)[0]
        assert running.returncode == 0
        assert "Stopped." in said
        assert "starting it again" not in said
        assert "nothing to apply" in said
        assert processes_of(data) == {}
    finally:
        if running.poll() is None:
            running.terminate()
            running.communicate(timeout=PATIENCE)


def test_a_port_in_use_is_refused_in_one_sentence_before_anything_is_started(data: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = launcher(data, "start", "--empty", "--workers", "1", "--port", str(port))
        said = refused.communicate(timeout=PATIENCE)[0]
    assert refused.returncode == 2
    assert f"Port {port} on 127.0.0.1 is in use" in said
    assert not (data / "cluster").exists()
