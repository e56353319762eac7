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

from .. import rules
from ..rules import facts
from . import rendering

SAMPLES = Path(__file__).parents[1] / "samples.yaml"


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


def drawn(kind: str, suffix: str, *, on: date) -> tuple[bytes, str]:
    """Draw a kind by its template in force and open what comes out: (the file, "") or (b"", why it cannot be used).

    suffix  ".typ" or ".docx"
    """
    try:
        words = printed(kind, on=on)
        if suffix == ".typ":
            return rendering.pdf(words, at=timezone.now()), ""
        made = rendering.docx(words)
        word.Document(io.BytesIO(made))
    except Refusal as refusal:
        return b"", str(refusal)
    return made, ""


def keep(made: bytes, folder: str, kind: str, suffix: str) -> Path:
    """Write a drawn sample into a folder, to be looked at."""
    path = Path(folder) / f"{kind}{'.pdf' if suffix == '.typ' else suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made)
    return path


def own() -> list[Path]:
    """List the city's own forms, with those whose names no kind has."""
    folder = rendering.forms()
    return sorted(p for p in folder.iterdir() if p.suffix in (".typ", ".docx")) if folder.is_dir() else []
