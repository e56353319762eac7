"""Every room has its page, and every article it rests on is one that docs/law knows."""

import ast
import re

import pytest

from anju.ground.foundation import law

from . import house

KEY = re.compile(r"[a-z]{2,3}-[a-z0-9]+(?:-[a-z0-9]+)*-\d{4}-\d+")


@pytest.mark.parametrize("room", house.rooms())
def test_every_room_has_its_page(room: str):
    page = house.ROOT / "docs" / "rooms" / f"{room.split('.')[-1]}.md"
    assert page.exists(), (
        f"write docs/rooms/{page.name}: purpose, words, step table, articles, who may do what"
    )
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert len(text.splitlines()) > 8, "a page says more than its title"


def cited(tree: ast.Module) -> list[tuple[int, str]]:
    """List the literals that look like the key of an article: (line, key)."""
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEY.fullmatch(node.value)
    ]


def test_every_article_in_code_is_known():
    known = law.read(house.ROOT / "docs" / "law")
    found = [
        (house.name_of(path), line, key)
        for path in house.python_files()
        for line, key in cited(house.tree_of(path))
    ]
    assert len(found) > 5
    assert [f"{name}:{line} {key}" for name, line, key in found if key not in known] == []


def test_an_article_is_seen():
    assert cited(ast.parse('x = Step("assign", "xx-fire-2020-37", "plain")')) == [(1, "xx-fire-2020-37")]


WALL = re.compile(r"timezone\.now\(\)|\bNow\(\)|\blocal(date|time)\(\)|\bdate\.today\(\)|\bdatetime\.now\(")


def test_no_query_and_no_figure_asks_the_wall_clock():
    """The moment is passed in: one page, one export, one figure are of one moment."""
    asking = [
        path
        for path in (house.ROOT / "src").rglob("*.py")
        if {"queries", "figures"} & {*path.parts, path.stem}
    ]
    read = [
        path
        for path in asking
        if not {"views", "jobs", "management", "tests", "services"} & {*path.parts, path.stem}
    ]
    assert len(read) > 60
    assert [str(path) for path in read if WALL.search(path.read_text(encoding="utf-8"))] == []


def test_the_wall_clock_is_seen():
    assert all(WALL.search(asked) for asked in ("timezone.now()", "Now()", "localdate()", "date.today()"))
    assert not WALL.search("timezone.localdate(at)")
