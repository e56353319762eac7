"""A city is configuration, and an installation is anywhere: no city's name in code, no machine's name in a file."""

import csv
import re
from collections.abc import Iterator

import pytest

from anju.ground.foundation import rulebooks
from anju.launcher.check import addresses_in

from . import house

TEXT = {
    ".py",
    ".html",
    ".js",
    ".css",
    ".yaml",
    ".toml",
    ".txt",
    ".md",
    ".json",
    ".po",
    ".typ",
    ".csv",
    ".sh",
    "",
}
SUFFIX = re.compile(r"(市|区|县|高新技术产业开发区|经济技术开发区|市?平原城乡一体化示范区)$")
# Where examples, data and laws of a city may be named.
DATA = ("/data/", "/tests/", "/static/vendor/", "/fonts/")
MACHINE = re.compile(
    r"(?<![\w.$\"'{}*-])(/work/|/root/|/home/\w|/farm/)|/tmp/(?!anju)\w|[A-Za-z]:\\\\Users"
    r"|pypi\.org|files\.pythonhosted\.org|/simple/|registry\.npmjs|mirrors?\.\w+\.(com|cn|edu)"
)


def names_of_the_city() -> list[str]:
    """List the names of this installation's city and counties, without their kind, and the city's in Latin letters."""
    book = rulebooks.editions("territory")[-1][2]
    found = set()
    with (house.SOURCE / "ground/territory/data" / book["divisions"]).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["level"] in {"2", "3"}:
                found.add(SUFFIX.sub("", row["name"]))
    found.add(book["divisions"].split("_")[0])
    return sorted(name for name in found if len(name) > 1)


def naming(text: str, names: list[str]) -> list[str]:
    """List the names that a text says."""
    return [name for name in names if name.lower() in text.lower()]


def machines(text: str) -> list[str]:
    """List the paths and hosts of a machine that a text names."""
    return [found.group() for found in MACHINE.finditer(text)]


def texts() -> Iterator[tuple[str, str]]:
    for path in house.tracked():
        name = house.name_of(path)
        if path.suffix in TEXT and "/vendor/" not in name and "/fonts/" not in name:
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_the_city_has_names():
    assert len(names_of_the_city()) > 10


def test_no_city_is_named_in_code():
    names = names_of_the_city()
    found = [
        f"{name}: {', '.join(said)}"
        for name, text in texts()
        if name.startswith("src/") and not any(part in f"/{name}" for part in DATA)
        if (said := naming(text, names))
    ]
    assert found == []


def test_no_file_names_a_machine_or_a_registry():
    me = "tests/structure/test_places.py"
    found = [
        f"{name}: {', '.join(said[:3])}" for name, text in texts() if name != me and (said := machines(text))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_hold_no_address(name: str):
    assert addresses_in(name) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_by_hash(name: str):
    pinned = re.split(r"\n(?=\S)", (house.ROOT / name).read_text(encoding="utf-8"))
    wanted = [line for line in pinned if re.match(r"[A-Za-z0-9]", line)]
    assert wanted
    assert [line.split()[0] for line in wanted if "--hash=sha256:" not in line] == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("open('x') # see /root/notes", ["/root/"]),
        ("cd /work/main", ["/work/"]),
        ("--index-url https://pypi.org/x", ["pypi.org"]),
        ("rules of work/life", []),
        ("api/v1/work/", []),
    ],
)
def test_a_machine_would_be_seen(text: str, seen: list[str]):
    assert machines(text) == seen


def test_a_city_would_be_seen():
    assert naming("红旗区", ["红旗"]) == ["红旗"]
