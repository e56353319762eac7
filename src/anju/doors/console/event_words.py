"""The words of the events of rooms that do not register their own: each name as a sentence, and its tone."""

from typing import Any

from django.utils.translation import gettext_lazy as lazy

WORDS: dict[str, tuple[Any, str]] = {
}
# What an event is about, by the label of its model.
SUBJECTS: dict[str, Any] = {
    "documents.issueddocument": lazy("文书"),
    "figures.figuresnapshot": lazy("统计"),
    "foundation.calendaryear": lazy("日历"),
    "foundation.jobprogress": lazy("任务"),
}
