"""Every article that a rulebook or a step table cites has its sentence in docs/law/ and its name in rulebooks/laws."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from anju.ground.foundation import citations, law, rulebooks

ROOT = Path(__file__).parents[5]
PAGES = ROOT / "docs" / "law"
ARTICLES = law.read(PAGES)


def cited_by_rulebooks() -> dict[str, str]:
    """Return {article key: file} for every value under `basis` in a rulebook."""
    found: dict[str, str] = {}

    def walk(node: object, file: str, under_basis: bool) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(value, file, key == "basis")
        elif isinstance(node, list):
            for value in node:
                walk(value, file, under_basis)
        elif under_basis and node:
            found[str(node)] = file

    for path in (ROOT / "rulebooks").rglob("*.yaml"):
        walk(yaml.safe_load(path.read_text(encoding="utf-8")), str(path.relative_to(ROOT)), False)
    return found


def cited_by_code() -> dict[str, str]:
    """Return {article key: file} for every string in the source that is written as an article key."""
    slugs = "|".join(sorted({key.rpartition("-")[0] for key in ARTICLES}, key=len, reverse=True))
    key = re.compile(rf"(?<![\w-])(?:{slugs})-\d+(?![\w-])")
    found: dict[str, str] = {}
    for path in (ROOT / "src").rglob("*.py"):
        if "tests" in path.parts:
            continue
        for match in key.findall(path.read_text(encoding="utf-8")):
            found[match] = str(path.relative_to(ROOT))
    return found


def test_every_basis_of_a_rulebook_has_its_place_in_docs_law():
    cited = cited_by_rulebooks()
    assert len(cited) > 60
    assert {key: file for key, file in cited.items() if key not in ARTICLES} == {}


def test_every_article_named_in_the_source_has_its_place_in_docs_law():
    cited = cited_by_code()
    assert cited
    assert {key: file for key, file in cited.items() if key not in ARTICLES} == {}


def test_every_law_that_is_cited_has_a_name_to_print():
    names = rulebooks.load("laws", on=date.max)["laws"]
    cited = {key.rpartition("-")[0] for key in cited_by_rulebooks()}
    assert cited - names.keys() == set()
    for key in cited_by_rulebooks():
        assert citations.cite(key, chinese=True) != key


def test_every_sentence_says_something_and_every_page_is_listed():
    assert all(len(article.sentence) > 10 for article in ARTICLES.values())
    listed = (PAGES / "README.md").read_text(encoding="utf-8")
    assert [p.stem for p in PAGES.glob("*.md") if p.stem != "README" and f"({p.name})" not in listed] == []


def test_what_was_not_verified_says_so():
    assert ARTICLES["mps-fire-inspection-2012-26"].unsure
    assert not ARTICLES["cn-penalty-2021-85"].unsure
    assert "[?]" not in ARTICLES["mps-fire-inspection-2012-26"].sentence


def test_an_article_on_the_wrong_page_is_refused(tmp_path):
    (tmp_path / "cn-fire-2021.md").write_text(
        "# 消防法\n\n### cn-civil-2020-1\n\nNot here.\n", encoding="utf-8"
    )
    with pytest.raises(ValueError, match="does not belong here"):
        law.read(tmp_path)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (37, "三十七"),
        (100, "一百"),
        (101, "一百零一"),
        (110, "一百一十"),
        (201, "二百零一"),
        (1010, "一千零一十"),
        (1254, "一千二百五十四"),
    ],
)
def test_numbers_of_articles_in_chinese(number, written):
    assert law.numeral(number) == written
