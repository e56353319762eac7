"""The letter: its references computed live, what was frozen when it was signed, and its facts for the official form."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from anju.ground.access.actors import Actor, Reach
from anju.ground.foundation.refusals import NotFound, Refusal
from anju.means.documents.rules import facts as forms
from anju.means.figures import queries as figures
from anju.means.figures.models import FigureSnapshot
from anju.means.figures.queries import Query, Result
from anju.means.figures.queries import letter as report
from anju.means.figures.queries.places import Territory
from anju.means.figures.rules import Amount, FiguresDoNotAddUp, Period

from .. import rules
from ..models import Reply, Suggestion
from ..rules import Reference
from . import book

KIND = "suggestion_reply"
REPORT = "report"  # in the picker: not one measure, but the report's sentence with its six


@dataclass(frozen=True, slots=True)
class Figure:
    """A reference with what it is now, or with the sentence that says why it cannot be computed.

    url    the page that lists its rows
    scope  the place it was counted for
    word   what is counted, to stand behind the number; "" when the measure has none of its own
    """

    reference: Reference
    label: str
    definition: str
    value: Amount | None
    printed: str
    scope: str
    url: str
    problem: str = ""
    word: str = ""


def territory_of(text: str) -> Territory | None:
    """Return the territory a reference names: the area that looks after a division's place, else the division."""
    if ":" in text or not text:
        return figures.read_territory(text)
    try:
        return figures.territory_of_code(text, tree="area")
    except NotFound:
        return figures.territory_of_code(text)


def compute(references: Iterable[Reference], *, actor: Actor, at: datetime) -> dict[str, Figure]:
    """Compute references now: {reference as written: figure}; those of one period and place in one question.

    What cannot be computed (no such measure, a place out of reach, nothing to divide by) carries its `problem`.
    """
    groups: dict[tuple[date, date, str], list[Reference]] = {}
    for reference in references:
        groups.setdefault((reference.start, reference.end, reference.territory), []).append(reference)
    found: dict[str, Figure] = {}
    for group in groups.values():
        try:
            found |= _asked(group, actor=actor, at=at)
        except (Refusal, FiguresDoNotAddUp):
            for reference in group:  # one that cannot be computed must not hide the others
                try:
                    found |= _asked([reference], actor=actor, at=at)
                except Refusal as refusal:
                    found[reference.written] = _lacking(reference, str(refusal))
                except FiguresDoNotAddUp:
                    found[reference.written] = _lacking(reference, _("核对不平，已记录，请联系系统管理员。"))
    return found


def _lacking(reference: Reference, problem: str) -> Figure:
    return Figure(reference, reference.measure, "", None, "", "", "", problem)


def question(group: list[Reference]) -> Query:
    """Return the question that references of one period and place ask together."""
    first = group[0]
    if first.end < first.start:
        raise Refusal(_("数字的起始日期晚于结束日期，请改正。"), field="start")
    return Query(
        measures=tuple(dict.fromkeys(reference.measure for reference in group)),
        period=Period(first.start, first.end),
        territory=territory_of(first.territory),
    )


def _asked(group: list[Reference], *, actor: Actor, at: datetime) -> dict[str, Figure]:
    results = {r.measure.name: r for r in figures.answer(question(group), actor=actor, at=at)}
    return {reference.written: _figure(reference, results[reference.measure]) for reference in group}


def _figure(reference: Reference, result: Result) -> Figure:
    problem = ""
    if result.value is None:
        problem = _("这一时期没有可以计算的数据。")
    elif timezone.localtime(result.at).date() <= reference.start:
        problem = _("这一时期还没有开始。")
    return Figure(
        reference=reference,
        label=str(result.measure.label),
        definition=str(result.measure.definition),
        value=result.value,
        printed="" if result.value is None else rules.printed(result.value, unit=result.measure.unit),
        scope=result.scope.label,
        url=result.rows_url(),
        problem=problem,
        word=str(result.measure.word),
    )


def offered(measure: str, start: date, end: date, territory: str) -> list[Reference]:
    """Return the references that a choice of the picker puts in: one, or the six of the report's sentence."""
    return [
        Reference(name, start, end, territory) for name in (report.SIX if measure == REPORT else (measure,))
    ]


def put_in(figures_found: list[Figure], *, words: str) -> str:
    """Write what is put into a draft: a figure behind its name (or `words`), or the report's sentence after `words`."""
    first = figures_found[0]
    if len(figures_found) == 1:
        return f"{words or first.label}{first.reference.written}{first.word}"
    numbers = {figure.reference.measure: figure.reference.written for figure in figures_found}
    start, end = report.day(first.reference.start), report.day(first.reference.end)
    return words + report.template().format(start=start, end=end, place=first.scope, **numbers)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A figure of a signed letter beside what the same question says now.

    now  the present value as printed, "" when it cannot be computed any more
    """

    reference: Reference
    label: str
    printed: str
    now: str
    snapshot: FigureSnapshot
    url: str

    @property
    def differs(self) -> bool:
        """Whether the present value is another one."""
        return bool(self.now) and self.now != self.printed


def frozen(reply: Reply, *, at: datetime) -> list[Frozen]:
    """List the frozen figures of a signed letter, each asked again with the reach it was frozen with."""
    found = []
    kept = list(reply.figures.select_related("snapshot").order_by("id"))
    by_snapshot: dict[int, list[Reference]] = {}
    snapshots = {line.snapshot_id: line.snapshot for line in kept}
    read = {line.pk: rules.references(line.reference)[0] for line in kept}
    for line in kept:
        by_snapshot.setdefault(line.snapshot_id, []).append(read[line.pk])
    now: dict[str, Figure] = {}
    for pk, group in by_snapshot.items():
        reaches = tuple(Reach(kind, one, level) for kind, one, level in snapshots[pk].reaches)
        who = Actor(account_id=None, kind="system", name="", post="", powers={"figures.see": reaches})
        now |= compute(group, actor=who, at=at)
    for line in kept:
        today = now[line.reference]
        label = next((v["label"] for v in line.snapshot.values if v["measure"] == line.measure), line.measure)
        found.append(Frozen(read[line.pk], label, line.printed, today.printed, line.snapshot, today.url))
    return found


# --- what stands in the way of a signature ----------------------------------------------------------------------------


def problems(reply: Reply, computed: dict[str, Figure], *, at: datetime) -> list[str]:
    """List what must be put right before a letter can be signed, each in one sentence."""
    found = []
    if not any(part.get("text", "").strip() for part in reply.sections):
        found.append(_("答复还没有正文。"))
    if reply.result_class not in {line.code for line in book.result_classes(at=at)}:
        found.append(_("请选择办理结果。"))
    if rules.has_broken_reference(reply.body):
        found.append(_("正文里有不完整的数字引用（多出的花括号），请改正或重新插入。"))
    found += [
        _("数字“%(label)s”无法计算：%(why)s") % {"label": figure.label, "why": figure.problem}
        for figure in computed.values()
        if figure.problem
    ]
    if not reply.phone.strip() or not reply.contact.strip():
        found.append(_("请填写联系人和联系电话。"))
    return found


def near_misses(reply: Reply, computed: dict[str, Figure], *, at: datetime) -> list[rules.NearMiss]:
    """List figures typed by hand that look like one the letter refers to and were not confirmed before."""
    limits = book.of(at)["bare_figures"]
    values = {written: float(f.value) for written, f in computed.items() if f.value is not None}
    found = rules.near_misses(reply.body, values, share=limits["share"], least=limits["least"])
    known = {(line["typed"], line["value"]) for line in reply.confirmed}
    return [miss for miss in found if (miss.typed, miss.value) not in known]


# --- the official form ------------------------------------------------------------------------------------------------


def facts_of(
    suggestion: Suggestion, reply: Reply, *, text: str, signer: str, on: date | None, at: datetime
) -> forms.LetterData:
    """Return the facts of the letter for the form of a suggestion's answer.

    text  the body with its figures printed
    on    the day under the seal; None for the day of issue
    """
    assert suggestion.lead is not None
    return forms.LetterData(
        organisation=suggestion.lead.name,
        signer=signer,
        meeting=suggestion.meeting,
        suggestion=str(suggestion.number),
        deputies=tuple(s.deputy.name for s in suggestion.signatories.select_related("deputy")),
        subject=suggestion.title,
        body=text,
        result_class=reply.result_class,
        thanks=reply.thanks,
        contact_unit=reply.contact_unit or suggestion.lead.short_name or suggestion.lead.name,
        contact=reply.contact,
        phone=reply.phone,
        postcode=reply.postcode,
        copies=copies(reply, at=at),
        signed_on=on,
    )


def copies(reply: Reply, *, at: datetime) -> tuple[str, ...]:
    """Write out who gets copies of a letter, and how many."""
    words = book.of(at)["letter"]
    return tuple(
        words["copy_each" if line.get("each") else "copy"].format(to=line["to"], count=line.get("count", 1))
        for line in reply.copy_lines
    )


def preview_text(reply: Reply, computed: dict[str, Figure]) -> str:
    """Return the draft's words with the figures of this moment; one that cannot be computed shows as blank squares."""
    values = {written: figure.printed or "\u25a1\u25a1" for written, figure in computed.items()}
    return rules.filled(reply.body, values)


def in_chinese(written: Any) -> Any:
    """Run a composition in the language of official documents, whatever the reader's."""
    with override("zh-hans"):
        return written()
