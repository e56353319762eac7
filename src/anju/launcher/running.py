"""What the words of `./anju` share: the environment of Django, a database, a program in the foreground, a line said."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import places
from .cluster import Cluster
from .environment import PYTHON

SOURCE = places.ROOT / "src"


def django_environment(data: Path, url: str, **more: str) -> dict[str, str]:
    """Give the environment in which Django, gunicorn and the job workers run."""
    paths = [str(SOURCE), str(places.ROOT)]
    if kept := os.environ.get("PYTHONPATH"):
        paths.append(kept)
    return os.environ | {
        "ANJU_DATA": str(data),
        "ANJU_DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "anju.config.settings",
        "PYTHONPATH": os.pathsep.join(paths),
        **more,
    }


@contextmanager
def database(data: Path) -> Iterator[str]:
    """Give a database address: the one of ANJU_DATABASE_URL, else of the private cluster, kept running meanwhile."""
    if given := os.environ.get("ANJU_DATABASE_URL"):
        yield given
        return
    with Cluster(data) as cluster:
        yield cluster.url()


def prepared(data: Path | None) -> Path:
    """Make the data directory with its keys."""
    data = data or places.default_data()
    places.prepare_data(data, places.account_for(data))
    places.prepare_keys(data)
    return data


def call(words: list[str], env: dict[str, str], cwd: Path | None = None) -> int:
    """Run a program in the foreground: it shares the terminal, and signals sent to us are passed to it."""
    child = subprocess.Popen(words, env=env, cwd=cwd)
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}
    # On Ctrl-C a terminal signals the child itself; we only wait, so as to stop the database after it.
    signal.signal(signal.SIGINT, lambda *_: None if sys.stdin.isatty() else child.send_signal(signal.SIGINT))
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        code = child.wait()
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
    return code if code >= 0 else 128 - code


def manage_words(*words: str) -> list[str]:
    """Give the command line of a Django management command."""
    return [str(PYTHON), "-m", "django", *words]


def has_command(name: str) -> bool:
    """Tell whether some room offers this management command, without starting Django."""
    return any(SOURCE.glob(f"anju/**/management/commands/{name}.py"))


def read_json(path: Path) -> dict:
    """Read a small file of ours; empty when it is missing or broken."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def say(text: str) -> None:
    """Print one line at once, so that it stands before what a child prints next."""
    print(text, flush=True)
