"""The command line of `./anju`: reads the words, enters the environment, calls the command."""

import argparse
import os
import sys
import time
from pathlib import Path

from . import Stop, environment

NEEDS_DEVELOPMENT = {"test", "check", "bench"}
PASSING_ON = {"manage", "test", "bench"}
STARTED = "ANJU_STARTED_AT"


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = argparse.ArgumentParser(prog="./anju", description="Anju 安居: one command for everything.")
    top.add_argument("--data", metavar="DIR", help="the data directory (or ANJU_DATA)")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    start = commands.add_parser("start", help="set everything up and serve")
    start.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS, help="the data directory")
    start.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    start.add_argument("--port", type=int, default=8000, help="the port to listen on (8000)")
    start.add_argument("--empty", action="store_true", help="no demo city; asks for the first administrator")
    start.add_argument(
        "--workers", type=int, default=2, metavar="N", help="web processes of four threads each (2)"
    )
    start.add_argument(
        "--job-workers", type=int, default=1, metavar="N", help="processes for background jobs (1)"
    )
    commands.add_parser("manage", help="run a management command: ./anju manage help", add_help=False)
    commands.add_parser("test", help="run the tests (arguments go to pytest)", add_help=False)
    check = commands.add_parser(
        "check", help="lint, types, contracts, migrations, translations, tests: what CI runs"
    )
    check.add_argument("--no-tests", action="store_true", help="everything but the tests")
    commands.add_parser("bench", help="measure speed (arguments go to bench/run.py)", add_help=False)
    backup = commands.add_parser("backup", help="write database, files and keys into one verified file")
    backup.add_argument("file", type=Path)
    restore = commands.add_parser("restore", help="bring a backup into an empty data directory")
    restore.add_argument("file", type=Path)
    restore.add_argument("--force", action="store_true", help="set existing data aside first")
    for command in (backup, restore):
        command.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS, help="the data directory")
    return top


def read(words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Split the words into ours and those passed on to Django, pytest or the bench."""
    top = parser()
    ours = 0
    if words and words[0].startswith("--data"):
        ours = 1 if "=" in words[0] else 2
    if words[ours : ours + 1] and words[ours] in PASSING_ON:
        return top.parse_args(words[: ours + 1]), words[ours + 1 :]
    return top.parse_args(words), []


def main(words: list[str]) -> int:
    """Run one command; give the exit code."""
    began = float(os.environ.pop(STARTED, 0)) or time.time()
    try:
        asked, rest = read(words)
        development = asked.command in NEEDS_DEVELOPMENT
        renewed = environment.prepare(
            development, lambda text: print(f"anju: {text}", file=sys.stderr, flush=True)
        )
        if not environment.inside():
            os.environ[STARTED] = str(began)
            if renewed:
                os.environ["ANJU_RENEWED"] = "1"
            environment.enter(words)
        from . import commands

        given = asked.data or os.environ.get("ANJU_DATA")
        data = Path(given).expanduser().absolute() if given else None
        return commands.run(asked, rest, data, began)
    except Stop as stop:
        print(f"anju: {stop}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
