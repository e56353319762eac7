"""`./anju backup` and `./anju restore`: one file with database, uploaded files and keys, proved by restoring it.

The file is a tar of `database.dump` (pg_dump's own format), `files/…`, `keys/…` and, last, `manifest.json` with the
SHA-256 of each part and the number of rows of each table, counted in the very snapshot that was dumped.
"""

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from . import Stop, places, running
from .cluster import KEPT_ABOUT_CONTENT, Cluster, choose_binaries

FORMAT = 1
DUMP, MANIFEST = "database.dump", "manifest.json"
KEYS = ("secret_key", "escrow_key")
BLOCK = 1024 * 1024
TABLES = """SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
            WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"""


def client(url: str) -> dict[str, str]:
    """Turn a database address into libpq's environment, so that no password stands in a command line."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    found = {
        "PGHOST": query.get("host") or parts.hostname or "",
        "PGPORT": str(parts.port or query.get("port", "")),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        "PGSSLMODE": query.get("sslmode", ""),
        "PGTARGETSESSIONATTRS": query.get("target_session_attrs", ""),
    }
    return os.environ | {name: value for name, value in found.items() if value}


def programs(data: Path) -> Any:
    """Find pg_dump and pg_restore."""
    return choose_binaries(places.account_for(data), data)


def must(words: list[str], env: dict[str, str], sorry: str) -> None:
    """Run one of PostgreSQL's programs; stop with its words when it fails."""
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Stop(f"{sorry}\n{done.stderr.strip()[-2000:]}")


def count_rows(connection: Any) -> dict[str, int]:
    """Count the rows of every table the connection sees."""
    tables = [name for (name,) in connection.execute(TABLES).fetchall()]
    return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608


def dump(url: str, data: Path, target: Path) -> dict[str, int]:
    """Write the dump, and count the rows in the same snapshot, so that the two agree while people work on."""
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()[0]  # type: ignore[index]
        words = [
            programs(data)["pg_dump"],
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            "--compress=6",
        ]
        must(
            [*words, f"--snapshot={snapshot}", f"--file={target}"],
            client(url),
            "The database could not be dumped.",
        )
        return count_rows(connection)


def load(url: str, data: Path, source: Path) -> None:
    """Load a dump into an empty database."""
    words = [
        programs(data)["pg_restore"],
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
    ]
    words += [
        f"--dbname={urlsplit(url).path.lstrip('/')}",
        f"--use-list={readable(source, data)}",
        str(source),
    ]
    must(words, client(url), "The database of the backup could not be loaded.")


def readable(source: Path, data: Path) -> Path:
    """Write the dump's table of contents without the extensions, which an ordinary role finds there already."""
    listed = subprocess.run(
        [programs(data)["pg_restore"], "--list", str(source)], capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        raise Stop(f"The dump in the backup cannot be read: {listed.stderr.strip()}")
    kept = [line for line in listed.stdout.splitlines() if not re.search(r" (COMMENT - )?EXTENSION ", line)]
    contents = source.with_suffix(".list")
    contents.write_text("\n".join(kept) + "\n")
    return contents


class Hashing:
    """A file read through a hash."""

    def __init__(self, inner: IO[bytes]) -> None:
        self.inner = inner
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read, and remember what was read."""
        block = self.inner.read(size)
        self.digest.update(block)
        return block


def add(tar: tarfile.TarFile, path: Path, name: str) -> str:
    """Put a file into the tar; give the hash of exactly what was put in."""
    entry = tarfile.TarInfo(name)
    with open(path, "rb") as source:
        found = os.fstat(source.fileno())
        entry.size, entry.mtime, entry.mode = found.st_size, int(found.st_mtime), 0o600
        hashing = Hashing(source)
        tar.addfile(entry, hashing)  # type: ignore[arg-type]
    return hashing.digest.hexdigest()


def pack(out: IO[bytes], staged: Path, data: Path, rows: dict[str, int]) -> dict[str, Any]:
    """Write the tar; give its manifest."""
    hashes: dict[str, str] = {}
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        hashes[DUMP] = add(tar, staged, DUMP)
        # Files are never changed once stored, and were stored before the row naming them: those dumped are all here.
        for path in sorted((data / "files").rglob("*")):
            if path.is_file() and not path.is_symlink():
                name = f"files/{path.relative_to(data / 'files').as_posix()}"
                hashes[name] = add(tar, path, name)
        for key in KEYS:
            if (data / key).exists():
                hashes[f"keys/{key}"] = add(tar, data / key, f"keys/{key}")
        manifest = {
            "format": FORMAT,
            "made_at": datetime.now(UTC).isoformat(),
            "rows": rows,
            "sha256": hashes,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode, entry.mtime = len(text), 0o600, int(time.time())
        tar.addfile(entry, io.BytesIO(text))
    return manifest


def is_ours(name: str) -> bool:
    """Tell whether a name in a tar is one that a backup has, and stays inside the folder it is unpacked to."""
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return False
    return name in {DUMP, MANIFEST} or parts[0] == "files" or name in {f"keys/{key}" for key in KEYS}


def unpack(file: Path, target: Path) -> dict[str, Any]:
    """Unpack a backup and compare every part with its hash; give the manifest."""
    found: dict[str, str] = {}
    try:
        with tarfile.open(file, mode="r:") as tar:
            for entry in tar:
                source = tar.extractfile(entry) if entry.isreg() else None
                if source is None or not is_ours(entry.name):
                    raise Stop(
                        f"{file} holds '{entry.name}', which no backup of Anju has; it was not touched further."
                    )
                path = target / entry.name
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                hashing = Hashing(source)
                with open(path, "xb") as out:
                    shutil.copyfileobj(hashing, out, BLOCK)
                path.chmod(0o600)
                found[entry.name] = hashing.digest.hexdigest()
        manifest = json.loads((target / MANIFEST).read_text())
    except (OSError, tarfile.TarError, ValueError) as error:
        raise Stop(f"{file} is not a whole backup ({error}).") from None
    found.pop(MANIFEST)
    if manifest.get("format") != FORMAT:
        raise Stop(f"{file} was written by another version of Anju (format {manifest.get('format')}).")
    if wrong := sorted(
        name for name in found.keys() | manifest["sha256"] if found.get(name) != manifest["sha256"].get(name)
    ):
        raise Stop(f"{file} is damaged: {len(wrong)} parts differ from what was written, first {wrong[0]}.")
    return manifest


def compare(url: str, expected: dict[str, int]) -> None:
    """Compare the number of rows of every table with the manifest."""
    import psycopg

    with psycopg.connect(url) as connection:
        found = count_rows(connection)
    if wrong := sorted(name for name in found.keys() | expected if found.get(name) != expected.get(name)):
        first = wrong[0]
        raise Stop(
            f"After loading, {len(wrong)} tables differ from the backup, first {first}: "
            f"{found.get(first)} rows instead of {expected.get(first)}."
        )


@contextmanager
def scratch(data: Path) -> Iterator[Cluster]:
    """Give an empty cluster beside the data, and remove it afterwards."""
    folder = data / f"scratch-{os.getpid()}"
    cluster = Cluster(folder, durable=False)
    try:
        yield cluster.hold()
    finally:
        cluster.destroy()
        cluster.release()
        shutil.rmtree(folder, ignore_errors=True)


def alone(data: Path) -> IO[str]:
    """Take the right to back up; refuse when another backup of the same data is being made."""
    lock = places.lock_file(data / "backup.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Stop(f"Another backup of {data} is being made; wait for it to end.") from None
    return lock


def backup(file: Path, data: Path) -> int:
    """Write the backup, read it back, restore it into a scratch cluster, and say what was compared."""
    file = file.expanduser().absolute()
    if file.exists():
        raise Stop(f"{file} exists already; a backup never replaces another. Choose a new name.")
    if not file.parent.is_dir():
        raise Stop(f"There is no directory {file.parent}.")
    part = file.with_name(f"{file.name}.part")
    lock = alone(data)
    sweep(data)
    since = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="backup-", dir=data) as folder,
            running.database(data) as url,
        ):
            staged = Path(folder) / DUMP
            rows = dump(url, data, staged)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                manifest = pack(out, staged, data, rows)
                out.flush()
                os.fsync(out.fileno())
        running.say(f"written in {time.monotonic() - since:.1f} s: {part.stat().st_size / 1e6:.1f} MB")
        since = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="verify-", dir=data) as folder:
            unpack(part, Path(folder))
            with scratch(data) as cluster:
                load(cluster.url(), data, Path(folder) / DUMP)
                compare(cluster.url(), manifest["rows"])
        files = sum(name.startswith("files/") for name in manifest["sha256"])
        running.say(
            f"verified in {time.monotonic() - since:.1f} s by restoring into a scratch cluster: "
            f"{len(rows)} tables with {sum(rows.values()):,} rows, {files:,} files by SHA-256, the keys"
        )
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
        lock.close()
    running.say(f"{file}\nIt holds the keys that open reporters' identities: keep it as you keep them.")
    return 0


def restore(file: Path, data: Path, *, force: bool) -> int:
    """Bring a backup into an empty data directory; with `force`, set what is there aside first."""
    from .start import only_one

    file = file.expanduser().absolute()
    if not file.is_file():
        raise Stop(f"There is no file {file}.")
    if os.environ.get("ANJU_DATABASE_URL"):
        raise Stop(
            "restore writes a private cluster; for a database of yours (ANJU_DATABASE_URL) see docs/deploy.md."
        )
    places.prepare_data(data, places.account_for(data))
    lock = only_one(data)
    second_lock = alone(data)
    sweep(data)
    if something_in(data) and not force:
        raise Stop(
            f"{data} holds data already. Choose an empty --data DIR, or --force to set them aside first."
        )
    # All is made and compared in a folder beside, so that a restore that fails leaves everything as it was.
    stage = data / f"scratch-{os.getpid()}"
    places.prepare_data(stage, places.account_for(data))
    try:
        unpacked = stage / "unpacked"
        unpacked.mkdir(mode=0o700)
        manifest = unpack(file, unpacked)
        with Cluster(stage) as cluster:
            load(cluster.url(), data, unpacked / DUMP)
            compare(cluster.url(), manifest["rows"])
        cluster.forget_socket()
        set_aside(data)
        for key in KEYS:
            if (unpacked / "keys" / key).exists():
                (unpacked / "keys" / key).rename(data / key)
        if (unpacked / "files").exists():
            (unpacked / "files").rename(data / "files")
        (data / "filled.json").write_text(json.dumps({"content": "restored"}))
        (stage / "database.json").rename(data / "database.json")
        (stage / "cluster").rename(data / "cluster")
        places.prepare_keys(data)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        second_lock.close()
        lock.close()
    running.say(
        f"restored into {data}: {len(manifest['rows'])} tables with {sum(manifest['rows'].values()):,} rows, "
        f"{len(manifest['sha256']):,} parts, all as they were on {manifest['made_at']}"
    )
    return 0


def sweep(data: Path) -> None:
    """Remove what a backup or a restore that was killed left behind."""
    for folder in [*data.glob("scratch-*"), *data.glob("backup-*"), *data.glob("verify-*")]:
        maker = folder.name.rsplit("-", 1)[1]
        if folder.name.startswith("scratch-"):
            if Path(f"/proc/{maker}").exists():
                continue
            if (folder / "cluster").exists():
                Cluster(folder, durable=False).destroy()
        shutil.rmtree(folder, ignore_errors=True)


def something_in(data: Path) -> bool:
    """Tell whether the directory holds a database or files; fresh keys alone do not count."""
    return (data / "cluster").exists() or any((data / "files").glob("*"))


def set_aside(data: Path) -> None:
    """Move what is there into a folder named by the time; nothing is ever deleted."""
    names = ["cluster", "files", "database.json", *KEYS, *KEPT_ABOUT_CONTENT]
    existing = [data / name for name in names if (data / name).exists()]
    if not something_in(data):
        if (data / "files").is_dir():
            (data / "files").rmdir()
            existing.remove(data / "files")
        if not existing:
            return
    elif (data / "cluster").exists() and Cluster(data).alive():
        raise Stop(f"The database in {data} is running; stop what uses it first.")
    aside = data / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    aside.mkdir(mode=0o700)
    for path in existing:
        path.rename(aside / path.name)
    running.say(f"what was there is now in {aside}")
