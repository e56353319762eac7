"""The virtual environment: made with the machine's own tools, from hashed requirements, and only when they changed."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from . import Stop
from .places import LOCAL, ROOT, lock_file

VENV = LOCAL / "venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "anju.json"
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"


def fingerprint(name: str) -> str:
    """Give the hash of a requirements file."""
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def stamped() -> dict[str, str]:
    """Read which requirements the environment was made from; empty when there is no usable environment."""
    try:
        kept = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    same_place = kept.get("place") == str(VENV) and os.access(PYTHON, os.X_OK)
    return kept.get("made_from", {}) if same_place else {}


def is_ready(development: bool) -> bool:
    """Tell whether the environment holds what is needed."""
    made_from = stamped()
    needed = DEVELOPMENT if development else RUNTIME
    return made_from.get(needed) == fingerprint(needed)


def inside() -> bool:
    """Tell whether this very process runs in the environment."""
    return Path(sys.prefix) == VENV


def prepare(development: bool, say: Callable[[str], None]) -> bool:
    """Make or renew the environment if needed; say whether anything was done. Two at once wait for each other."""
    if is_ready(development):
        return False
    LOCAL.mkdir(exist_ok=True)
    with lock_file(LOCAL / "environment.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_ready(development):
            return False
        say("preparing the Python environment (only now and when the requirements change)")
        STAMP.unlink(missing_ok=True)
        uv = shutil.which("uv")
        if not os.access(PYTHON, os.X_OK) or not works(PYTHON):
            shutil.rmtree(VENV, ignore_errors=True)
            make = (
                [uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
            )
            run(
                [*make, str(VENV)],
                "The virtual environment could not be made; is Python's venv module installed?",
            )
        name = DEVELOPMENT if development else RUNTIME
        quiet = ["-qq", "--require-hashes", "--no-deps", "-r", str(ROOT / name)]
        if uv:
            install = [uv, "pip", "install", "--python", str(PYTHON), *quiet]
        else:
            # Compiling every module ahead costs more than the few that are used save.
            pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"]
            install = [*pip, "install", "--no-compile", *quiet]
        run(
            install,
            f"The packages of {name} could not be installed; is a package registry or a wheelhouse reachable?",
        )
        made_from = {RUNTIME: fingerprint(RUNTIME)}
        if development:
            made_from[DEVELOPMENT] = fingerprint(DEVELOPMENT)
        STAMP.write_text(json.dumps({"place": str(VENV), "made_from": made_from}))
    return True


def works(python: Path) -> bool:
    """Tell whether that interpreter runs and has pip's place in it."""
    return subprocess.run([str(python), "-c", "pass"], capture_output=True, check=False).returncode == 0


def run(words: list[str], sorry: str) -> None:
    """Run a set-up program and show what it says; stop with a sentence when it fails."""
    if subprocess.run(words, cwd=ROOT, check=False).returncode != 0:
        raise Stop(sorry)


def enter(arguments: list[str]) -> None:
    """Become the same command inside the environment; does not return."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONHOME", "__PYVENV_LAUNCHER__"}}
    environment["VIRTUAL_ENV"] = str(VENV)
    sys.stdout.flush()
    os.execve(PYTHON, [str(PYTHON), str(ROOT / "anju"), *arguments], environment)  # noqa: S606
