"""Trying forms out before an officer needs them: invented facts of every kind, drawn by the templates in force."""

import io
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import docx as word
import yaml
from django.utils import timezone

from anju.ground.foundation import rulebooks
from anju.ground.foundation.refusals import Refusal

from . import facts, rendering, rules

SAMPLES = Path(__file__).parent / "samples.yaml"


@cache
def _samples() -> dict[str, Any]:
    return yaml.safe_load(SAMPLES.read_text(encoding="utf-8"))


def sample(kind: str) -> Any:
    """Return invented facts of a kind (演示数据)."""
    return facts.read(rules.KINDS[kind].facts, _samples()[kind])


def printed(kind: str, *, on: date) -> rules.Printed:
    """Compose the invented facts of a kind by the forms in force on a day, marked as a draft."""
    book = rulebooks.load("documents", on=on)
    words = book["written"]
    number = words["draft_number"].format(code=words["draft_code"], year=on.year)
    issue = rules.Issue(number=number, on=on, zone=timezone.get_default_timezone())
    return {**rules.compose(kind, sample(kind), book, issue), "watermark": words["draft"]}


def problems(kind: str, suffix: str, *, on: date) -> str:
    """Draw a kind by its template in force and open what comes out; return the sentence that says why not, or "".

    suffix  ".typ" or ".docx"
    """
    at = timezone.now()
    try:
        words = printed(kind, on=on)
        if suffix == ".typ":
            rendering.pdf(words, at=at)
        else:
            word.Document(io.BytesIO(rendering.docx(words)))
    except Refusal as refusal:
        return str(refusal)
    return ""


def own() -> list[Path]:
    """List the city's own forms, with those whose names no kind has."""
    folder = rendering.forms()
    return sorted(p for p in folder.iterdir() if p.suffix in (".typ", ".docx")) if folder.is_dir() else []
