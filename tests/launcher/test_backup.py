"""A backup is proved by restoring it, refuses what is damaged, and never replaces data."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from anju.launcher import Stop, backup, places
from anju.launcher.cluster import Cluster


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder that PostgreSQL's account can enter, and no database but the private ones in it."""
    monkeypatch.delenv("ANJU_DATABASE_URL", raising=False)
    folder = Path(tempfile.mkdtemp(prefix="anju-backup-"))
    folder.chmod(0o711)
    yield folder
    for cluster in folder.glob("*/cluster"):
        Cluster(cluster.parent).destroy()
    shutil.rmtree(folder)


def installation(data: Path) -> None:
    """Make an installation with two cases and one photo."""
    with Cluster(data, durable=False) as cluster:
        places.prepare_keys(data)
        with psycopg.connect(cluster.url()) as connection:
            connection.execute("CREATE TABLE cases (number text, title text)")
            connection.execute("INSERT INTO cases VALUES ('1', '消防通道堵塞'), ('2', '电动自行车上楼')")
    (data / "files" / "ab").mkdir()
    (data / "files" / "ab" / "abcd").write_bytes(os.urandom(3000))


def titles(data: Path) -> list[str]:
    with Cluster(data) as cluster, psycopg.connect(cluster.url()) as connection:
        return [title for (title,) in connection.execute("SELECT title FROM cases ORDER BY number")]


def test_what_was_backed_up_comes_back_whole_elsewhere(home: Path, capsys: pytest.CaptureFixture[str]):
    first, second, file = home / "first", home / "second", home / "b.anju"
    installation(first)
    assert backup.backup(file, first) == 0
    assert "1 tables with 2 rows, 1 files by SHA-256" in capsys.readouterr().out
    assert file.stat().st_mode & 0o777 == 0o600
    assert [
        path.name for path in first.iterdir() if path.name.startswith(("scratch", "verify", "backup-"))
    ] == []

    assert backup.restore(file, second, force=False) == 0
    assert titles(second) == ["消防通道堵塞", "电动自行车上楼"]
    for name in ("files/ab/abcd", "secret_key", "escrow_key"):
        assert (second / name).read_bytes() == (first / name).read_bytes()

    with pytest.raises(Stop, match="holds data already"):
        backup.restore(file, second, force=False)
    assert backup.restore(file, second, force=True) == 0
    (aside,) = second.glob("before-restore-*")
    assert (aside / "files" / "ab" / "abcd").exists()
    with pytest.raises(Stop, match="exists already"):
        backup.backup(file, first)


def test_a_damaged_backup_is_refused_and_nothing_is_changed(home: Path):
    first, second, file = home / "first", home / "second", home / "b.anju"
    installation(first)
    backup.backup(file, first)
    with open(file, "r+b") as damaged:
        damaged.seek(700)
        damaged.write(b"\0\1\2")
    with pytest.raises(Stop, match="damaged: 1 parts differ"):
        backup.restore(file, second, force=False)
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(Stop, match="not a whole backup"):
        backup.restore(file, second, force=False)
    assert not (second / "cluster").exists()
    assert not list(second.glob("scratch-*"))


@pytest.mark.parametrize(
    "name", ["../x", "files/../../x", "/etc/passwd", "keys/other", "files//x", "database.dump/x"]
)
def test_a_name_that_leads_out_of_the_folder_is_not_ours(name: str):
    assert not backup.is_ours(name)
