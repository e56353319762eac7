"""Every visible sentence can be said in another language, and is said in English."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from anju.ground.foundation import jinja
from anju.ground.foundation.management.commands.check_translations import problems
from anju.ground.foundation.translations import CHINESE, KEYWORDS, sources

from . import house

# Chinese that is data, not a sentence: "file::NAME" of a module-level table or a function, and why.
DATA_IN_PYTHON = {
    "config/settings.py::LANGUAGES": "each language is named in itself",
    "launcher/main.py::parser": "the product's name; the launcher runs before Django",
    "launcher/start.py::start": "the product's name; the launcher runs before Django",
    "ground/access/actors.py::SYSTEM": "kept in the journal; pages name the system by its kind",
    "ground/foundation/models.py::IssuedNumber": "a number as it stands on an official paper",
    "ground/foundation/numbering.py::written": "a number as it stands on an official paper",
    "ground/territory/rules.py::_DIGITS": "numerals as clerks type them",
    "ground/territory/rules.py::_PLACES": "numerals as clerks type them",
    "ground/territory/rules.py::_WAN": "numerals as clerks type them",
    "ground/territory/rules.py::_YES": "yes as clerks type it",
    "ground/territory/rules.py::_NO": "no as clerks type it",
    "doors/console/forms.py::_DAY_KINDS": "words of a holiday notice, read in either language",
    "doors/exchange/rules.py::Y, M, D": "dates as clerks type them",
    "doors/exchange/rules.py::_NUMERALS": "dates as clerks type them",
    "doors/exchange/rules.py::_CHINESE_DIGITS": "dates as clerks type them",
    "doors/exchange/rules.py::_small_number": "numerals as clerks type them",
    "doors/exchange/rules.py::_FINE_NUMERALS": "numerals of receipts",
    "doors/exchange/rules.py::_MONEY_PLACES": "numerals of receipts",
    "doors/exchange/rules.py::_TEN_THOUSAND": "numerals of receipts",
    "doors/exchange/rules.py::read_term": "terms as clerks type them",
    "doors/exchange/services/practice.py::written": "dates as clerks type them, for the ledger to practise on",
    "duties/cases/rules.py::_EMPTY_PHRASES": "phrases that say nothing, looked for in closing texts",
    "duties/cases/rules.py::_ONE": "numbers of buildings as people write them",
    "duties/cases/rules.py::_HOUSE": "numbers of buildings as people write them",
    "duties/cases/rules.py::_ENTRANCE": "numbers of buildings as people write them",
    "duties/cases/rules.py::_DIGITS": "numbers of buildings as people write them",
    "duties/cases/rules.py::_numeral": "numbers of buildings as people write them",
    "duties/cases/rules.py::_named": "numbers of buildings as people write them",
}


# Full-width marks between things that are said; a page in English has its own.
MARKS = re.compile(r"[\u3400-\u9fff、。，；：！？（）《》]")


def unwrapped(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """List the Chinese literals outside gettext and docstrings: (line, module-level name around it, text)."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    said = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _called(node.func) in KEYWORDS
        for argument in node.args
    }
    for top in tree.body:
        for node in ast.walk(top):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and CHINESE.search(node.value)
                and id(node) not in documentation
                and id(node) not in said
            ):
                yield node.lineno, _named(top), node.value


def _called(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _named(top: ast.stmt) -> str:
    if isinstance(top, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return top.name
    target = top.targets[0] if isinstance(top, ast.Assign) else getattr(top, "target", None)
    return ast.unparse(target).strip("()") if target else "?"


def unwrapped_in_template(source: str, env: jinja2.Environment) -> Iterator[tuple[int, str]]:
    """List the Chinese of a template that no gettext says: (line, text); attributes and expressions included."""
    tree = env.parse(source)
    said = {
        id(argument)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in KEYWORDS
        for argument in call.args
    }
    for data in tree.find_all(nodes.TemplateData):
        if MARKS.search(data.data):
            yield data.lineno, data.data.strip()
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, str) and MARKS.search(constant.value) and id(constant) not in said:
            yield constant.lineno, constant.value


def test_no_python_speaks_chinese_past_the_translation():
    found = [
        f"{house.name_of(path)}:{line} {name}: {text[:40]}"
        for path in house.python_files()
        for line, name, text in unwrapped(house.tree_of(path))
        if f"{path.relative_to(house.SOURCE).as_posix()}::{name}" not in DATA_IN_PYTHON
    ]
    assert found == []


def test_no_template_speaks_chinese_past_the_translation():
    env = jinja.environment()
    found = [
        f"{house.name_of(path)}:{line} {text[:40]}"
        for path, method in sources()
        if method == "jinja2"
        for line, text in unwrapped_in_template(path.read_text(encoding="utf-8"), env)
    ]
    assert found == []


def test_no_script_speaks_chinese():
    """Scripts are served as they are: what they say comes from the page, in the reader's language."""
    scripts = [path for path in house.SOURCE.rglob("static/**/*.js") if "vendor" not in path.parts]
    assert scripts
    assert [house.name_of(path) for path in scripts if CHINESE.search(_without_comments(path))] == []


def _without_comments(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("//", "*", "/*")))


def test_each_exception_is_still_needed():
    needed = {
        f"{path.relative_to(house.SOURCE).as_posix()}::{name}"
        for path in house.python_files()
        for _line, name, _text in unwrapped(house.tree_of(path))
    }
    assert set(DATA_IN_PYTHON) - needed == set()


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ('x = "整改"', ["整改"]),
        ('x = _("整改")', []),
        ('x = _("已整改" "，待复查")', []),
        ('x = _(f"整改{n}")', ["整改"]),
        ('x = str("整改")', ["整改"]),
        ('def f():\n    """整改"""\n    return "复查"', ["复查"]),
        ('x = wording.lazy("整改")', []),
        ("x = 1  # 整改", []),
    ],
)
def test_what_python_says_is_seen(source: str, seen: list[str]):
    assert [text for _line, _name, text in unwrapped(ast.parse(source))] == seen


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("<p>整改</p>", ["<p>整改</p>"]),
        ('<p title="整改"></p>', ['<p title="整改"></p>']),
        ('<p>{{ _("整改") }}</p>', []),
        ('<p>{{ x or "整改" }}</p>', ["整改"]),
        ("{% trans n=1 %}整改 {{ n }}{% endtrans %}", []),
        ("{# 整改 #}", []),
        ("{{ a }}、{{ b }}", ["、"]),
        ('{{ _("共 %(n)s 件", n="三") }}', ["三"]),
    ],
)
def test_what_a_template_says_is_seen(source: str, seen: list[str]):
    assert [text for _line, text in unwrapped_in_template(source, jinja.environment())] == seen


def test_the_english_catalogue_is_complete_and_compiled():
    assert problems()[:10] == []
