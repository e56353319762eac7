"""Where things are: the checkout, the data directory, and the account that runs PostgreSQL."""

import hashlib
import os
import pwd
import secrets
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from . import Stop

ROOT = Path(__file__).resolve().parents[3]
LOCAL = ROOT / ".anju"
SYSTEM_DATA = Path("/var/lib/anju")
# sun_path holds 108 bytes with the closing zero; PostgreSQL appends this name to the directory.
SOCKET_NAME = "/.s.PGSQL.5432"
SOCKET_LIMIT = 107
REACH = 'd="$0"; while [ ! -e "$d" ]; do d=$(dirname "$d"); done; cd "$d"'


@dataclass(frozen=True)
class Account:
    """The operating-system account that runs PostgreSQL; `drop` says whether we must become it first."""

    name: str
    uid: int
    gid: int
    drop: bool

    @property
    def becoming(self) -> dict[str, Any]:
        """Give the keyword arguments with which `subprocess` runs a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drop else {}

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this account can enter the folder (or, if it is still to be made, its nearest parent)."""
        done = subprocess.run(
            ["/bin/sh", "-c", REACH, str(folder)], cwd="/", capture_output=True, check=False, **self.becoming
        )
        return done.returncode == 0


def account_for(data: Path) -> Account:
    """Choose who runs PostgreSQL: ourselves; for root the owner of the existing cluster, `anju` or `nobody`."""
    if os.geteuid() != 0:
        return Account(pwd.getpwuid(os.geteuid()).pw_name, os.geteuid(), os.getegid(), drop=False)
    cluster = data / "cluster"
    if cluster.is_dir() and (owner := cluster.stat().st_uid) != 0:
        try:
            found = pwd.getpwuid(owner)
        except KeyError:
            raise Stop(
                f"{cluster} belongs to user number {owner}, who has no account on this machine."
            ) from None
        return Account(found.pw_name, found.pw_uid, found.pw_gid, drop=True)
    for name in ("anju", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid and found.pw_gid:
            return Account(name, found.pw_uid, found.pw_gid, drop=True)
    raise Stop(
        "PostgreSQL never runs as root: create an account for it (useradd --system anju) and start again."
    )


def checkout_mark() -> str:
    """Give eight letters that tell this checkout from another on the same machine."""
    return hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]


def default_data(purpose: str = "data") -> Path:
    """Say where data lies when nobody says: in the checkout, or for root where the database account can go."""
    if os.geteuid() == 0:
        suffix = "" if purpose == "data" else f"-{purpose}"
        return SYSTEM_DATA / f"{checkout_mark()}{suffix}"
    return LOCAL / purpose


def prepare_data(data: Path, account: Account) -> None:
    """Create the data directory so that the account can pass through it; never touch a mode that was there before."""
    missing = []
    folder = data
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        made.mkdir()
        private = made == data and not account.drop
        made.chmod(0o700 if private else 0o711 if made == data else 0o755)
    if not data.is_dir():
        raise Stop(f"{data} is not a directory; choose another with --data DIR.")
    if not os.access(data, os.W_OK | os.X_OK):
        raise Stop(f"You may not write to {data}; choose another directory with --data DIR.")
    if not account.can_enter(data):
        raise Stop(
            f"PostgreSQL runs as the account '{account.name}', which cannot reach {data}: "
            f"leave out --data to use {default_data()}, or choose a directory whose parents it may enter."
        )


def private_folder(folder: Path, account: Account) -> Path:
    """Create a 0700 folder of the account; refuse one that somebody else prepared."""
    try:
        folder.mkdir(mode=0o700)
        if account.drop:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid:
            raise Stop(
                f"{folder} should be a directory of '{account.name}'; remove it or choose --data DIR."
            ) from None
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    return folder


def fits_a_socket(folder: Path) -> bool:
    """Tell whether PostgreSQL's socket in this folder keeps within the system's limit."""
    return len(os.fsencode(str(folder) + SOCKET_NAME)) <= SOCKET_LIMIT


def socket_folder(cluster: Path, account: Account) -> Path:
    """Choose a 0700 folder for the socket: beside the data, or a short stable one when that path is too long."""
    beside = cluster / "run"
    if fits_a_socket(beside):
        return private_folder(beside, account)
    mark = hashlib.sha256(str(cluster).encode()).hexdigest()[:12]
    if account.drop:
        return private_folder(Path("/run") / f"anju-{mark}", account)
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.access(runtime, os.W_OK) and fits_a_socket(Path(runtime) / f"anju-{mark}"):
        return private_folder(Path(runtime) / f"anju-{mark}", account)
    return private_folder(Path("/tmp") / f"anju-{account.uid}-{mark}", account)  # noqa: S108 (0700, owner checked)


def keep_secret(path: Path, value: str) -> str:
    """Read a 0600 file, or create it with this value; two who create at once end with the same value."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    if not path.exists():
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(value)
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another start was quicker; its value counts
        finally:
            fresh.unlink()
    return path.read_text().strip()


def lock_file(path: Path) -> IO[str]:
    """Open a lock file that nobody else on the machine can open, and so nobody else can lock."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")


def prepare_keys(data: Path) -> None:
    """Create what only this installation knows: the signing key and the key that seals reporters' identities."""
    keep_secret(data / "secret_key", secrets.token_urlsafe(50))
    keep_secret(data / "escrow_key", secrets.token_hex(32))
    files = data / "files"
    if not files.exists():
        files.mkdir(mode=0o700)
