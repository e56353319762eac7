"""What each word of `./anju` does."""

import argparse
from pathlib import Path

from . import Stop, places, testing
from .environment import PYTHON
from .running import call, database, django_environment, manage_words, prepared


def run(asked: argparse.Namespace, rest: list[str], data: Path | None, began: float) -> int:
    """Carry out the command asked for."""
    match asked.command:
        case "start":
            from . import start

            return start.start(asked, data, began)
        case "manage":
            return manage(rest, data)
        case "test":
            return testing.test(rest)
        case "check":
            from . import check

            return check.check(with_tests=not asked.no_tests)
        case "bench":
            return bench(rest, data)
        case "backup":
            from . import backup

            return backup.backup(asked.file, prepared(data))
        case "restore":
            from . import backup

            return backup.restore(asked.file, data or places.default_data(), force=asked.force)
    raise Stop(f"There is no command {asked.command}.")


def manage(words: list[str], data: Path | None) -> int:
    """Run a management command with a database; stop the database afterwards if nobody else uses it."""
    data = prepared(data)
    if words[:1] in (["migrate"], ["flush"]):
        (data / "migrated.json").unlink(missing_ok=True)
    with database(data) as url:
        return call(manage_words(*words), django_environment(data, url))


def bench(words: list[str], data: Path | None) -> int:
    """Run the measurements against a database of their own."""
    script = places.ROOT / "bench" / "run.py"
    if not script.exists():
        raise Stop("There is no bench/run.py in this checkout.")
    data = prepared(data or places.default_data("bench"))
    with database(data) as url:
        return call([str(PYTHON), str(script), *words], django_environment(data, url), places.ROOT)
