"""Questions about visits. Everything an actor lists goes through access.visible."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.duties.cases import rules as case_rules
from anju.duties.cases.models import Case, Evidence
from anju.duties.cases.queries import catalogue
from anju.ground.access import services as access
from anju.ground.access.actors import Actor
from anju.ground.foundation import desk, files, journal, pinyin, rulebooks
from anju.ground.foundation.asked import day, whole
from anju.ground.foundation.models import Event
from anju.ground.foundation.refusals import NotFound
from anju.ground.organisations.models import Organisation, Post
from anju.ground.organisations.queries import in_force
from anju.ground.territory.models import Area

from .. import rules
from ..models import CheckedItem, Duty, Finding, Unit, Visit, VisitOfficer, VisitPart, VisitPhoto
from ..rules import STEPS, VisitState
from . import checklists, counted, kinds
from .units import COUNT_LIMIT, Page, shown

_SHOWN = ("unit", "agency", "street", "county")


# ------------------------------------------------------------------------------------------------------- the list


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list of visits is narrowed by; all optional."""

    since: date | None = None
    until: date | None = None
    kind: str = ""
    state: str = ""
    agency: int | None = None
    area: int | None = None
    unit: int | None = None
    mine: bool = False


def filters_from(query: Mapping[str, Any]) -> Filters:
    """Read filters from a QueryDict or dict; anything unreadable is left out rather than refused."""

    def one(name: str) -> str:
        return str(query.get(name) or "").strip()

    return Filters(
        since=day(one("since")),
        until=day(one("until")),
        kind=one("kind") if one("kind") in rules.KIND_LABELS else "",
        state=one("state") if one("state") in rules.STATE_LABELS else "",
        agency=whole(one("agency")),
        area=whole(one("area")),
        unit=whole(one("unit")),
        mine="mine" in query and one("mine") not in ("0", "false"),
    )


def page(actor: Actor, filters: Filters, *, number: int = 1, size: int = 50) -> Page:
    """Return one page of the visits an actor sees, newest first and what is planned before them, with its count.

    Each part of the reach gives its first rows by its own index; the union of these few is put in order.
    """
    condition = _condition(filters, actor)
    branches = [Visit.objects.filter(part, condition) for part in _parts(actor, filters)]

    def first(most: int, *ordered: Any) -> QuerySet:
        cut = [b.order_by(*ordered).values_list("pk", "visited_on")[:most] for b in branches]
        return cut[0].union(*cut[1:]) if len(cut) > 1 else cut[0]

    if not branches:
        return Page([], 0, False)
    counted = first(COUNT_LIMIT + 1).count()
    start = (number - 1) * size
    chosen = first(start + size, F("visited_on").desc(), "-pk")
    if len(branches) > 1:
        chosen = chosen.order_by(F("visited_on").desc(), "-pk")
    keys = [pk for pk, _day in chosen[start : start + size]] if counted else []
    return shown(Visit, keys, counted, *_SHOWN)


def _parts(actor: Actor, filters: Filters) -> list[Q]:
    """Take the actor's reach apart into conditions that each have an index in the order of the list."""
    if filters.agency or filters.unit or filters.mine:
        # The filter has the index; the reach is only asked.
        return [access.visible_q(Visit, to=actor, power="inspections.see")]
    seen = access.alternatives(access.visible_q(Visit, to=actor, power="inspections.see"))
    cities = {value for part in seen for column, value in _leaf(part) if column == "city_id"}
    parts = [
        part for part in seen if part != Q(pk__in=[]) and not any(c == "city_id" for c, _v in _leaf(part))
    ]
    if cities or Q() in seen:
        # A whole city has no order of its own: its counties have.
        counties = Area.objects.filter(level=Area.Level.COUNTY)
        if Q() not in seen:
            counties = counties.filter(city__in=cities)
        parts = [Q(county_id=pk) for pk in counties.values_list("pk", flat=True)]
        parts += [Q(city_id=pk, county__isnull=True) for pk in cities]
    return parts


def _leaf(part: Q) -> list[tuple[str, Any]]:
    return [child for child in part.children if isinstance(child, tuple)]


def _condition(f: Filters, actor: Actor) -> Q:
    found = Q(state=f.state) if f.state else ~Q(state=VisitState.VOID)
    if f.kind:
        found &= Q(kind=f.kind)
    if f.agency:
        found &= Q(agency_id=f.agency)
    if f.unit:
        found &= Q(unit_id=f.unit)
    if f.mine:
        found &= Q(agency_id__in=actor.organisation_ids)
    if f.area:
        level = Area.objects.filter(pk=f.area).values_list("level", flat=True).first()
        column = {2: "city_id", 3: "county_id", 4: "street_id", 5: "community_id"}.get(level or 0)
        found &= Q(**{column: f.area}) if column else Q(pk__in=[])
    if f.since:
        found &= Q(visited_on__gte=f.since)
    if f.until:
        found &= Q(visited_on__lte=f.until)
    return found


# ------------------------------------------------------------------------------------------------ today's tasks


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do today: a visit that goes on or is planned, a re-check, a unit whose check is due.

    kind  going, planned, recheck, due
    day   until when; None when it is open
    """

    kind: str
    unit: Unit
    day: date | None = None
    visit: Visit | None = None
    hazards: int = 0
    checklist: str = ""
    at: datetime | None = None

    def is_late(self, on: date) -> bool:
        return self.day is not None and self.day < on


def _waiting(actor: Actor) -> QuerySet[VisitPart]:
    return VisitPart.objects.filter(
        agency_id__in=actor.organisation_ids,
        visited_on__isnull=True,
        visit__state__in=[VisitState.PLANNED, VisitState.OPEN],
    )


def visits_today(actor: Actor, *, at: datetime, limit: int = 60) -> list[Task]:
    """List the visits that wait for the actor, as the desk says: those going on, then the planned ones by day."""
    parts = VisitPart.objects.filter(desk.condition("visits", actor, at)).select_related("visit__unit")
    parts = parts.order_by(F("visit__began_at").desc(nulls_last=True), "visit__planned_for", "pk")
    return [
        Task(
            "going" if p.visit.state == VisitState.OPEN else "planned",
            p.visit.unit,
            p.visit.planned_for,
            p.visit,
            checklist=p.checklist,
        )
        for p in parts[:limit]
    ]


def recheck_due(actor: Actor, *, at: datetime, limit: int = 30) -> list[Task]:
    """List the units whose hazards, found by the actor's agencies, must be looked at again, the most urgent first.

    A hazard waits for a re-check when its rectification was submitted (its own clock of three workdays runs), or when
    its term has passed without one. Units with a re-check planned or going on are left out: they are in the list above.
    """
    if not actor.organisation_ids:
        return []
    ours = Finding.objects.filter(case=OuterRef("pk"), is_new=True, agency_id__in=actor.organisation_ids)
    waits = Q(state=case_rules.State.CHECKING) | Q(
        state=case_rules.State.FIXING, due_clock="rectify", due_at__lt=at
    )
    seen = access.visible(Case, to=actor, power="cases.see").filter(waits).filter(Exists(ours))
    due = dict(seen.order_by("due_at", "pk").values_list("pk", "due_at")[: limit * 4])
    rows = Finding.objects.filter(case__in=due, is_new=True).values_list("unit_id", "case_id")
    by_unit: dict[int, list[int]] = {}
    for unit_id, case_id in rows:
        by_unit.setdefault(unit_id, []).append(case_id)
    planned = set(
        _waiting(actor).filter(unit__in=by_unit, kind=rules.RECHECK).values_list("unit_id", flat=True)
    )
    units = Unit.objects.in_bulk([pk for pk in by_unit if pk not in planned])
    tasks = []
    for pk, unit in units.items():
        earliest = min((due[c] for c in by_unit[pk] if due.get(c)), default=None)
        day = timezone.localtime(earliest).date() if earliest else None
        tasks.append(Task("recheck", unit, day, hazards=len(set(by_unit[pk])), at=earliest))
    return sorted(tasks, key=lambda t: (t.day or date.max, t.unit.pk))[:limit]


def due_units(actor: Actor, *, at: datetime, limit: int = 30) -> list[Task]:
    """List the units whose recurring check waits for the actor, as the desk says, the latest first."""
    duties = Duty.objects.filter(desk.condition("duties", actor, at)).select_related("unit")
    found: dict[int, Task] = {}
    for duty in duties.order_by("due_on", "pk")[: limit * 2]:
        found.setdefault(duty.unit_id, Task("due", duty.unit, duty.due_on, checklist=duty.checklist))
    return list(found.values())[:limit]


# ------------------------------------------------------------------------------------------------------ one visit


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a part as its page and its record show it. `result` is empty while it is open.

    key     the item's code, or case-<id> at a re-check
    classes hazards that a problem here may be
    """

    key: str
    label: str
    hint: str
    basis: str
    result: str = ""
    result_label: Any = ""
    note: str = ""
    classes: tuple[str, ...] = ()
    case: Case | None = None
    photos: tuple["Shown", ...] = ()
    findings: tuple["Found", ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A photo as `ui.evidence_gallery` draws it."""

    url: str
    thumb_url: str
    alt: str
    taken_at: datetime | None = None
    place: str = ""
    by: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with its words and photos."""

    finding: Finding
    label: str
    photos: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class PartView:
    """One agency's part with its items as they were."""

    part: VisitPart
    form: str
    officers: list[VisitOfficer]
    lines: list[Line]
    findings: list[Found]
    mine: bool
    conclusion: Any
    suggested: str

    @property
    def open_lines(self) -> int:
        return sum(not line.result for line in self.lines)

    @property
    def problems(self) -> list[Line]:
        return [line for line in self.lines if line.result == "problem"]


@dataclass(frozen=True, slots=True)
class Dossier:
    """One visit with everything its pages show."""

    visit: Visit
    unit: Unit
    parts: list[PartView]
    findings: list[Found]
    events: list[Event]
    rechecks: list[Visit]
    signature: str = ""
    acts: list[str] = field(default_factory=list)

    @property
    def mine(self) -> PartView | None:
        """The part of the reader's agency, when it takes part."""
        return next((p for p in self.parts if p.mine), None)

    @property
    def signed(self) -> bool:
        return bool(self.visit.signed_by or self.visit.refusal)


def get(actor: Actor, visit_id: int) -> Visit:
    """Return a visit the actor may see, or raise NotFound."""
    seen = access.visible(Visit, to=actor, power="inspections.see").filter(pk=visit_id)
    visit = next(
        iter(seen.select_related(*_SHOWN, "unit__estate", "community", "signature", "follows", "case")), None
    )
    if visit is None:
        raise NotFound(_("没有找到这次检查，可能编号有误，或不在您的管辖范围。"))
    return visit


def dossier(actor: Actor, visit_id: int, *, events: bool = True) -> Dossier:
    """Return everything the page of one visit shows, or raise NotFound."""
    visit = get(actor, visit_id)
    parts = list(visit.parts.select_related("agency").prefetch_related("officers", "items").order_by("pk"))
    photos: dict[tuple[int | None, str], list[Shown]] = {}
    for photo in visit.photos.select_related("file").order_by("pk"):
        photos.setdefault((photo.finding_id, photo.item), []).append(_shown(photo))
        if photo.finding_id and photo.item:
            photos.setdefault((photo.finding_id, ""), []).append(_shown(photo))
    rows = list(visit.findings.select_related("case").order_by("pk"))
    evidence = _of_cases(f for f in rows if (f.pk, "") not in photos)
    findings = [
        Found(
            f,
            catalogue.label("hazard", f.class_code),
            tuple(photos.get((f.pk, ""), ()) or evidence.get(f.case_id or 0, ())),
        )
        for f in rows
    ]
    hazards = _hazards(visit, parts)
    views = [
        _part_view(p, actor, [f for f in findings if f.finding.part_id == p.pk], hazards, photos)
        for p in parts
    ]
    happened = []
    if events:
        happened = journal.events_of(visit)
    return Dossier(
        visit=visit,
        unit=visit.unit,
        parts=views,
        findings=findings,
        events=happened,
        rechecks=list(visit.rechecks.order_by("pk")),
        signature=files.url(visit.signature, "page") if visit.signature else "",
        acts=allowed_acts(actor, visit, parts),
    )


def _of_cases(findings: Iterable[Finding]) -> dict[int, list[Shown]]:
    """Return the photos with which the cases of findings were reported, where the visit has none of its own."""
    wanted = [f.case_id for f in findings if f.case_id and f.is_new]
    if not wanted:
        return {}
    found: dict[int, list[Shown]] = {}
    lines = Evidence.objects.filter(case__in=wanted, purpose="report", file__media_type__startswith="image/")
    for line in lines.select_related("file").order_by("pk"):
        found.setdefault(line.case_id, []).append(
            Shown(
                url=files.url(line.file, "page"),
                thumb_url=files.url(line.file, "thumb"),
                alt=line.caption or _("检查照片"),
                taken_at=line.file.taken_at,
            )
        )
    return found


def _hazards(visit: Visit, parts: Sequence[VisitPart]) -> list[tuple[Case, str]]:
    """List the hazards a re-check is about, with their places: open ones; once it is finished, those looked at."""
    if visit.kind != rules.RECHECK:
        return []
    if visit.state in (VisitState.PLANNED, VisitState.OPEN):
        return [(f.case, f.place) for f in counted.open_hazards(visit.unit_id) if f.case is not None]
    seen = {pk for p in parts for i in p.items.all() if (pk := rules.case_of_item(i.item))}
    return [(case, case.place) for case in Case.objects.filter(pk__in=seen).order_by("pk")]


def _shown(photo: VisitPhoto) -> Shown:
    return Shown(
        url=files.url(photo.file, "page"),
        thumb_url=files.url(photo.file, "thumb"),
        alt=photo.caption or _("检查照片"),
        taken_at=photo.file.taken_at,
    )


def _part_view(
    part: VisitPart,
    actor: Actor,
    findings: list[Found],
    hazards: Sequence[tuple[Case, str]],
    photos: Mapping[tuple[int | None, str], list[Shown]],
) -> PartView:
    items = {item.item: item for item in part.items.all()}
    if part.checklist == rules.RECHECK:
        form, lines = str(rules.KIND_LABELS[rules.RECHECK]), _recheck_lines(items, hazards, photos, findings)
    elif part.visited_on is not None and not items:
        # A ledger says that there was a check, and not what was looked at.
        form, lines = checklists.label(part.checklist), []
    else:
        checklist = checklists.at_edition(part.checklist, part.edition)
        form = checklist.label
        lines = [_line(item, items.get(item.code), findings) for item in checklist.items]
    extra = sum(line.result == "problem" and not line.findings for line in lines)
    found = len(findings) + (
        extra if part.checklist != rules.RECHECK else sum(x.result == "problem" for x in lines)
    )
    at_once = sum(f.finding.at_once for f in findings)
    return PartView(
        part=part,
        form=form,
        officers=list(part.officers.all()),
        lines=lines,
        findings=findings,
        mine=part.agency_id in actor.organisation_ids,
        conclusion=rules.conclusion_labels(part.checklist).get(part.conclusion, ""),
        suggested=rules.suggested_conclusion(found, at_once),
    )


def _line(item: checklists.Item, seen: CheckedItem | None, findings: Sequence[Found]) -> Line:
    return Line(
        key=item.code,
        label=item.label,
        hint=item.hint,
        basis="；".join(item.articles),
        result=seen.result if seen else "",
        result_label=rules.RESULT_LABELS[seen.result] if seen else "",
        note=seen.note if seen else "",
        classes=item.classes,
        findings=tuple(f for f in findings if f.finding.item == item.code),
    )


def _recheck_lines(
    items: Mapping[str, CheckedItem],
    hazards: Sequence[tuple[Case, str]],
    photos: Mapping[tuple[int | None, str], list[Shown]],
    findings: Sequence[Found],
) -> list[Line]:
    lines = []
    for case, place in hazards:
        key = rules.recheck_item(case.pk)
        seen = items.get(key)
        again = [f for f in findings if f.finding.item == key]
        taken = photos.get((None, key), []) or [p for f in again for p in f.photos]
        lines.append(
            Line(
                key=key,
                label=catalogue.label("hazard", case.class_code),
                hint=place,
                basis="",
                result=seen.result if seen else "",
                result_label=rules.RECHECK_LABELS[seen.result] if seen else "",
                note=seen.note if seen else "",
                case=case,
                photos=tuple(taken),
            )
        )
    return lines


def allowed_acts(actor: Actor, visit: Visit, parts: Sequence[VisitPart]) -> list[str]:
    """List the acts that the actor may take on a visit now, in the order of the table of steps."""
    mine = next((p for p in parts if p.agency_id in actor.organisation_ids), None)
    if mine is None:
        return []
    lead = visit.agency_id in actor.organisation_ids
    acts = [
        step.act for step in STEPS
        if step.pressed and step.possible(visit.state) and actor.has(step.power)
        and (lead or step.who != "lead") and not any(guard(visit, date.min) for guard in step.when)
    ]  # fmt: skip
    if visit.state == VisitState.OPEN:
        ready = all(p.conclusion for p in parts if p.officers.all())
        if not mine.officers.all() and actor.has("inspections.record"):
            return ["begin", *(act for act in acts if act == "cancel")]
        if not (visit.signed_by or visit.refusal):
            acts = [a for a in acts if a != "finish" and (ready or a not in ("sign", "refuse_signature"))]
        acts = [a for a in acts if a != "begin"]
    return acts


def next_act(found: Dossier) -> str:
    """Say which act comes next for the reader: begin, check, conclude, sign, finish; "" when it is not their turn."""
    part = found.mine
    if part is None:
        return ""
    if "begin" in found.acts or "finish" in found.acts:
        return "begin" if "begin" in found.acts else "finish"
    if "check" not in found.acts:
        return ""
    if not part.part.conclusion:
        return "check" if part.open_lines else "conclude"
    return "sign" if "sign" in found.acts else "conclude"


def visits_of_unit(actor: Actor, unit_id: int, *, most: int = 8) -> list[Visit]:
    """List the latest visits of a unit that the actor may see."""
    seen = access.visible(Visit, to=actor, power="inspections.see").filter(unit_id=unit_id)
    return list(
        seen.exclude(state=VisitState.VOID)
        .select_related("agency")
        .order_by(F("visited_on").desc(), "-pk")[:most]
    )


# ------------------------------------------------------------------------------------------------ to choose from


@dataclass(frozen=True, slots=True)
class OfficerChoice:
    """Somebody of the agency who may come along: `why_not` says why the badge does not hold today.

    least  how many must come at least
    usual  ticked at first: the reader, and everybody where the law asks for as many as there are
    """

    pk: int
    name: str
    title: str
    badge: str
    why_not: str
    me: bool
    least: int = 1
    usual: bool = False


def posts_of(agency_id: int, *, on: date) -> list[Post]:
    """List who works for an agency on a day: one post for each person."""
    posts = Post.objects.filter(in_force(on), organisation_id=agency_id).select_related("person")
    return list({post.person_id: post for post in posts.order_by("person__name")}.values())


def officers_for(agency: Organisation, actor: Actor, *, on: date) -> list[OfficerChoice]:
    """List the people of an agency that day with their badges, whoever asks first."""
    rule = rulebooks.load("inspections", on=on)["officers"][agency.kind]
    wants_badge, least = rule["badge"], rule["least"]
    found = []
    for post in posts_of(agency.pk, on=on):
        person = post.person
        holds = rules.Badge(person.name, person.badge_number, person.badge_until).holds_on(on)
        why_not = ""
        if wants_badge and not holds:
            why_not = _("执法证已过期") if person.badge_number else _("没有执法证")
        found.append(
            OfficerChoice(
                person.pk, person.name, post.title, person.badge_number, why_not, person.pk == actor.person_id
            )
        )
    everybody = sum(not choice.why_not for choice in found) == least
    found = [
        replace(choice, least=least, usual=not choice.why_not and (choice.me or everybody))
        for choice in found
    ]
    return sorted(found, key=lambda choice: (not choice.me, bool(choice.why_not)))


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """A class of hazard for the picker: `path` its groups, `initials` the first letters of its name (ddc…)."""

    code: str
    label: str
    path: str
    initials: str


def class_choices(*, on: date) -> dict[str, ClassChoice]:
    """Return the classes of hazards in force on a day, by code."""
    return {
        code: ClassChoice(code, found.label, found.path.rsplit(" › ", 1)[0], pinyin.initials(found.name))
        for code, found in catalogue.classes("hazard", on=on).items()
    }


def frequent_classes(
    part: VisitPart, *, on: date, first: Iterable[str] = (), most: int = 8
) -> list[ClassChoice]:
    """List the classes offered first: those of the item, what this kind of agency found here lately, the campaign's."""
    recent = Finding.objects.filter(
        county_id=part.county_id, agency_kind=part.agency_kind, found_on__isnull=False
    )
    lately = Counter(recent.order_by("-found_on").values_list("class_code", flat=True)[:200])
    wanted = [*first, *(code for code, _n in lately.most_common(most)), *_campaign(on)]
    known = class_choices(on=on)
    return [known[code] for code in dict.fromkeys(wanted) if code in known][:most]


def _campaign(on: date) -> list[str]:
    return list(rulebooks.load("inspections", on=on)["frequent"])


def find_classes(text: str, *, on: date, most: int = 12) -> list[ClassChoice]:
    """Find classes by a piece of the name, the beginning or a piece of the initials, or the code."""
    text = text.strip().lower()[:20]
    if not text:
        return []
    found = []
    for choice in class_choices(on=on).values():
        if text in choice.label.lower() or choice.code.lower().startswith(text):
            found.append((0, choice))
        elif choice.initials.startswith(text):
            found.append((1, choice))
        elif text in choice.initials:
            found.append((2, choice))
    return [choice for _rank, choice in sorted(found, key=lambda pair: pair[0])[:most]]


def class_tree(*, on: date) -> list[dict[str, Any]]:
    """List all classes of hazards in their first-level groups: {label, leaves}."""
    known = class_choices(on=on)
    return [
        {"label": one["label"], "leaves": [known[x.code] for two in one["groups"] for x in two["leaves"]]}
        for one in catalogue.tree("hazard", on=on)
    ]


def find_units(actor: Actor, text: str, *, limit: int = 30) -> list[Unit]:
    """Find units that the actor may inspect, by name, initials or code; without a text those of its agency."""
    seen = access.visible(Unit, to=actor, power="inspections.record").filter(ended_on__isnull=True)
    text = text.strip()[:40]
    if not text:
        return list(seen.filter(agency_id__in=actor.organisation_ids).order_by("name_key")[:limit])
    if text.isascii():
        return list(
            seen.filter(Q(initials__startswith=text.lower()) | Q(uscc=text.upper())).order_by("name")[:limit]
        )
    return list(seen.filter(name__contains=text).order_by("name")[:limit])


def agency_options(actor: Actor, *, on: date) -> list[tuple[int, str]]:
    """List the agencies by which the list of visits can be narrowed: those that inspect within the actor's areas."""
    reaches = [r.id for r in actor.powers.get("inspections.see", ()) if r.kind == "area"]
    kinds = list(rulebooks.load("inspections", on=on)["officers"])
    here = (
        Q(area__in=reaches)
        | Q(area__county__in=reaches)
        | Q(area__city__in=reaches)
        | Q(area__street__in=reaches)
    )
    found = Organisation.objects.filter(here | Q(pk__in=actor.organisation_ids), kind__in=kinds, active=True)
    return list(found.order_by("area__level", "name").values_list("pk", "name")[:300])


def told(event: Event, said: dict[str, Any]) -> dict[str, Any]:
    """Say of an event what its act alone does not: who came, what was concluded, how much was checked, which flag."""
    title, data = said["title"], event.data
    act = event.name.partition(".")[2]
    if act in ("begin", "start"):
        title = _("参加联合检查") if data.get("joined") else title
        who = "、".join(f"{o['name']} {o['badge']}".strip() for o in data.get("officers", ()))
        title = f"{title}：{who}" if who else title
    elif act == "conclude":
        title = f"{title}：{rules.CONCLUSION_LABELS.get(data.get('conclusion', ''), '')}"
    elif act == "sign":
        title = f"{title}：{data.get('signed_by', '')}"
    elif act == "check":
        title = _("记录检查项 %(n)d 项") % {"n": len(data.get("items", {}))}
    elif flag := data.get("flag"):
        title = f"{title} · {kinds.flag_label(flag)}"
    return {"title": title, "gone": data.get("gone") if act == "merge_units" else None}
