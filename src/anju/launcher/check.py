"""`./anju check`: everything CI asks for, each with its time; the tests come last so that their line closes the run."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from . import places, running, testing
from .cluster import Cluster
from .environment import DEVELOPMENT, RUNTIME

BIN = places.LOCAL / "venv" / "bin"
OURS = ["anju", "src", "tests", "bench"]
ADDRESS = re.compile(r"\S*://\S*")


def addresses_in(name: str) -> list[str]:
    """Find addresses in a requirements file: they would tie every installation to one registry."""
    return ADDRESS.findall((places.ROOT / name).read_text())


def requirements() -> int:
    """Refuse addresses in the requirements."""
    found = {name: addresses for name in (RUNTIME, DEVELOPMENT) if (addresses := addresses_in(name))}
    for name, addresses in found.items():
        running.say(f"{name} names {', '.join(addresses[:3])}: export it without addresses")
    return 1 if found else 0


def tool(*words: str) -> Callable[[], int]:
    """Give a check that runs a tool of the environment over the checkout."""

    def check() -> int:
        env = running.django_environment(places.LOCAL / "check", "", ANJU_TESTING="1")
        del env["ANJU_DATABASE_URL"]
        return running.call([str(BIN / words[0]), *words[1:]], env, places.ROOT)

    return check


def managed(data: Path, *words: str) -> Callable[[], int]:
    """Give a check that is a management command on the test cluster."""

    def check() -> int:
        if words[0] == "check_translations" and not running.has_command(words[0]):
            running.say("this version has no such command")
            return 0
        with Cluster(data, durable=False) as cluster:
            env = running.django_environment(data, cluster.url(), ANJU_TESTING="1")
            return running.call(running.manage_words(*words), env, places.ROOT)

    return check


def check(*, with_tests: bool) -> int:
    """Run every check even when one fails, then say which failed; 0 when all are well."""
    present = [name for name in OURS if (places.ROOT / name).exists()]
    data = testing.home()
    checks: dict[str, Callable[[], int]] = {
        "requirements": requirements,
        "lint": tool("ruff", "check", "--quiet", *present),
        "format": tool("ruff", "format", "--check", "--quiet", *present),
        "types": tool("mypy", "src"),
        "import contracts": tool("lint-imports", "--no-cache", "--no-logo"),
        "system check": managed(data, "check", "--fail-level=WARNING"),
        "migrations": managed(data, "makemigrations", "--check", "--dry-run"),
        "translations": managed(data, "check_translations"),
    }
    if with_tests:
        checks["tests"] = lambda: testing.test([])
    failed = []
    for name, run in checks.items():
        running.say(f"== {name}")
        since = time.monotonic()
        code = run()
        running.say(f"== {name}: {'well' if code == 0 else 'FAILED'}, {time.monotonic() - since:.1f} s")
        if code != 0:
            failed.append(name)
    running.say(f"Failed: {', '.join(failed)}." if failed else "All is well.")
    return 1 if failed else 0
