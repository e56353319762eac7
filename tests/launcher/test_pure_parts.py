"""The launcher's parts that need neither a database nor a network."""

from pathlib import Path

from anju.launcher import main, places, testing


def test_words_after_manage_belong_to_django_even_if_they_look_like_ours():
    asked, rest = main.read(["manage", "import_ledger", "x.xlsx", "--data", "elsewhere", "--json"])
    assert (asked.command, asked.data) == ("manage", None)
    assert rest == ["import_ledger", "x.xlsx", "--data", "elsewhere", "--json"]


def test_the_data_directory_may_be_named_before_any_command_and_after_start():
    assert main.read(["--data", "/d", "manage", "check"])[0].data == "/d"
    assert main.read(["--data=/d", "test", "-x"])[1] == ["-x"]
    assert main.read(["--data", "/d", "start"])[0].data == "/d"
    assert main.read(["start", "--data", "/d"])[0].data == "/d"
    assert main.read(["--data", "test", "start"])[0].data == "test"


def test_a_socket_path_longer_than_the_system_allows_is_put_elsewhere():
    assert places.fits_a_socket(Path("/" + "a" * 92))
    assert not places.fits_a_socket(Path("/" + "a" * 93))


def test_the_number_of_test_processes_is_read_as_pytest_reads_it():
    assert testing.processes_asked(["-n", "2", "src"]) == 2
    assert testing.processes_asked(["-n3"]) == 3
    assert testing.processes_asked(["-n0", "--nf"]) == 0


def test_all_tests_share_the_processors_and_chosen_ones_do_not(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert testing.spread(["-m", "not browser"]) == ["-n", "2", "-m", "not browser"]
    for chosen in (
        ["-k", "word"],
        ["tests/launcher"],
        ["tests/launcher/test_pure_parts.py::test_a"],
        ["-n0"],
    ):
        assert testing.spread(chosen) == chosen
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert testing.spread([]) == []


def test_the_database_name_of_an_address_is_replaced_and_nothing_else():
    url = "postgresql://anju:p%40w@/anju?host=/run/x&port=5432"
    assert testing.with_name(url, "run1") == "postgresql://anju:p%40w@/run1?host=/run/x&port=5432"


def test_a_secret_is_written_once_and_for_the_owner_only(tmp_path: Path):
    path = tmp_path / "key"
    assert places.keep_secret(path, "first") == "first"
    assert places.keep_secret(path, "second") == "first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["key"]
