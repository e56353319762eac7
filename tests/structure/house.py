"""The ground plan as the tests read it: rooms, storeys, files. One source: the import contracts of pyproject.toml."""

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "anju"


@cache
def contracts() -> dict[str, dict]:
    """Return the import contracts of pyproject.toml by id."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    return {contract["id"]: contract for contract in tool["contracts"]}


@cache
def storeys() -> dict[str, int]:
    """Return how high each room lies, the ground at 0: {"anju.duties.cases": 5}."""
    lines = list(reversed(contracts()["stairs"]["layers"]))
    return {room.strip(): height for height, line in enumerate(lines) for room in line.split("|")}


def room_of(dotted: str) -> str:
    """Return the room of a module or an app: the first three words of its dotted name."""
    return ".".join(dotted.split(".")[:3])


@cache
def rooms() -> tuple[str, ...]:
    """List the rooms that there are: folders below a storey that hold Python."""
    folders = (f for storey in ("ground", "means", "duties", "doors") for f in (SOURCE / storey).iterdir())
    found = [f for f in folders if (f / "__init__.py").exists()]
    return tuple(sorted(".".join(("anju", f.parent.name, f.name)) for f in found))


def python_files(*, tests: bool = False, migrations: bool = False) -> Iterator[Path]:
    """List the Python files of the source."""
    for path in sorted(SOURCE.rglob("*.py")):
        parts = set(path.parts)
        if ("tests" in parts and not tests) or ("migrations" in parts and not migrations):
            continue
        yield path


def name_of(path: Path) -> str:
    """Name a file as the reports do: its path inside the checkout."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def tracked() -> tuple[Path, ...]:
    """List the files of the repository; outside a repository, all files but those made by running."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout:
        found = (ROOT / name for name in done.stdout.split("\0") if name)
    else:
        skipped = {".git", ".anju", "__pycache__", ".venv", "node_modules"}
        found = (p for p in ROOT.rglob("*") if not skipped & set(p.parts))
    return tuple(sorted(p for p in found if p.is_file()))
