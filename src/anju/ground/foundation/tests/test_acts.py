"""The engine of acts, on a kind of thing made for it: a job's progress row that people hand to each other."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from anju.ground.foundation import act_forms, acts, asks, reach, story, workflow
from anju.ground.foundation.acts import Loop, Turn
from anju.ground.foundation.asks import Field, note, reason
from anju.ground.foundation.models import Event, JobProgress
from anju.ground.foundation.refusals import (
    Conflict,
    NeedsConfirmation,
    NotAllowedNow,
    NotFound,
    NotPermitted,
    Refusal,
)
from anju.ground.foundation.workflow import ANY, GONE, NEW, SYSTEM, WITHIN, Blocked, Step

AT = datetime(2024, 7, 12, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    """Somebody who acts, without the room that knows offices."""

    account_id: int | None = 7
    kind: str = "account"
    name: str = "演示员"
    post: str = "演示岗"
    powers: dict = field(default_factory=lambda: {"t.see": (), "t.do": (), "t.lead": ()})
    organisation_ids: frozenset = frozenset({7})
    address: str = ""

    def has(self, power: str) -> bool:
        return power in self.powers


@dataclass(frozen=True)
class Stretch:
    """One reach of a power."""

    kind: str = "desk"
    id: int = 7
    level: int = 0


MACHINE = Person(
    account_id=None, kind="system", name="系统", post="", powers={}, organisation_ids=frozenset()
)


def not_empty(row: JobProgress, day: date) -> Blocked | None:
    """Say that a thing with nothing to do cannot be begun."""
    if row.kind == "closed":
        return Blocked("这一类不能开始。", never=True)
    return (
        Blocked("没有内容，不能开始。", allowed=("void",), since=date(2024, 8, 1)) if not row.total else None
    )


STEPS = (
    Step("file", "登记", NEW, "waiting", "t.do",
         asks=(Field("title", "标题", "line", required=True, least=2, most=20),)),
    Step("begin", "开始", frozenset({"waiting"}), "running", "t.do", "gb-9704-2012-0", who="owner", when=(not_empty,),
         asks=(note(required=True, least=4), Field("files", "照片", "files")), doubts=("odd",), effects=("touch",)),
    Step("end", "完成", frozenset({"running"}), "done", "t.lead", asks=(reason(least=2),), follows=("archive",)),
    Step("archive", "归档", frozenset({"done"}), "cancelled", "", who=SYSTEM),
    Step("void", "作废", frozenset({"waiting", "running"}), "failed", "t.lead", tone="danger"),
    Step("whisper", "密语", ANY, None, "t.do", asks=(Field("word", "口令", "line", required=True, secret=True),)),
    Step("expire", "过期", frozenset({"running"}), "failed", "", who=SYSTEM),
    Step("discard", "删除", frozenset({"waiting"}), GONE, "t.do"),
    Step("strike", "撤下", frozenset({"waiting", "running"}), "failed", "", who=WITHIN, asks=(reason(least=2),)),
)  # fmt: skip


@pytest.fixture
def loop() -> Iterator[Loop]:
    kept = dict(acts._loops), dict(acts._events)
    acts._loops.pop(JobProgress._meta.label_lower, None)
    loop = Loop(
        JobProgress, STEPS, room="t", see="t.see", labels={"waiting": "待办", "running": "在办", "done": "已完成"},
        roles={"owner": lambda row: {row.owner_id}}, seen=lambda by: Q(owner_id__in=by.organisation_ids),
        news=lambda row: {"title": row.title}, missing="没有找到这件演示事项。", param="thing_id",
    )  # fmt: skip

    @loop.effect("touch")
    def _touch(turn: Turn) -> None:
        turn.row.message = "touched"

    @loop.verb("file")
    def file(turn: Turn, *, title: str) -> JobProgress:
        return JobProgress.objects.create(title=title, owner_id=7, total=3, state=turn.target, kind="t")

    @loop.verb("begin")
    def begin(turn: Turn, *, note: str, files: tuple = (), insist: bool = False) -> None:
        if "奇怪" in note:
            turn.doubt("odd", "内容奇怪，请核对。")
        turn.row.done = len(files)
        turn.facts["files"] = len(files)

    @loop.verb("end")
    def end(turn: Turn, *, reason: str) -> None:
        turn.follow("archive", note="自动归档")

    @loop.verb("void")
    def void(turn: Turn) -> None:
        pass

    @loop.verb("whisper")
    def whisper(turn: Turn, *, word: str) -> None:
        turn.facts["length"] = len(word)

    def numbered(turns: list[Turn]) -> None:
        if any(turn.row.title == "坏模板" for turn in turns):
            raise Refusal("模板坏了")
        for number, turn in enumerate(turns, start=1):
            turn.row.done = number

    @loop.verb("expire", together=numbered)
    def expire(turn: Turn) -> None:
        if turn.row.title == "不动":
            raise Refusal("不动")
        turn.row.message += "过期"

    @loop.verb("discard")
    def discard(turn: Turn) -> None:
        turn.note = turn.row.title

    @loop.verb("strike")
    def strike(turn: Turn, *, reason: str) -> None:
        turn.row.message = reason

    yield loop
    acts._loops.clear(), acts._loops.update(kept[0])
    acts._events.clear(), acts._events.update(kept[1])


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def thing(db) -> JobProgress:
    return JobProgress.objects.create(title="演示", owner_id=7, total=3, kind="t")


def photo(data: bytes = b"one") -> SimpleUploadedFile:
    return SimpleUploadedFile("photo.jpg", data, "image/jpeg")


def test_an_act_changes_the_state_runs_its_effects_and_leaves_one_event(loop, person, thing):
    done = loop.verbs["begin"](
        thing_id=thing.pk, note=" 现场看过了 ", files=(photo(),), by=person, at=AT, key="k"
    )
    assert done.pk == thing.pk
    thing.refresh_from_db()
    assert (thing.state, thing.done, thing.message) == ("running", 1, "touched")
    event = Event.objects.get()
    assert (event.name, event.note, event.basis, event.request_key) == (
        "t.begin",
        "现场看过了",
        "gb-9704-2012-0",
        "k",
    )
    assert event.data == {"title": "演示", "state": "running", "files": 1}


def test_what_is_filed_is_the_subject_of_its_event_and_the_answer_to_its_key(loop, person, db):
    first = loop.verbs["file"](title="新事项", by=person, at=AT, key="k")
    assert loop.verbs["file"](title="新事项", by=person, at=AT, key="k") == first
    assert Event.objects.get().subject_id == first.pk and JobProgress.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"note": "别的说明文字"},
        {"files": (photo(b"two"),)},
        {"files": ()},
        {"note": "现场看过了", "insist": True},
    ],
)
def test_the_same_key_with_other_contents_is_a_conflict_files_included(loop, person, thing, other):
    asked = {"note": "现场看过了", "files": (photo(),)}
    begin = loop.verbs["begin"]
    begin(thing_id=thing.pk, by=person, at=AT, key="k", **asked)
    assert begin(thing_id=thing.pk, by=person, at=AT, key="k", **asked | {"files": (photo(),)}).pk == thing.pk
    with pytest.raises(Conflict):
        begin(thing_id=thing.pk, by=person, at=AT, key="k", **asked | other)
    assert Event.objects.count() == 1


def test_what_the_state_forbids_is_refused_in_words_that_name_the_acts_that_are_the_readers(
    loop, person, thing
):
    with pytest.raises(NotAllowedNow) as told:
        loop.verbs["end"](thing_id=thing.pk, reason="做完了", by=person, at=AT)
    assert str(told.value) == "此件现在是“待办”，不能“完成”。现在可以：开始、作废、密语、删除。"
    assert told.value.data["allowed"] == ["begin", "void", "whisper", "discard"]
    plain = Person(powers={"t.see": (), "t.do": ()})
    with pytest.raises(NotAllowedNow) as told:
        loop.verbs["end"](thing_id=thing.pk, reason="做完了", by=plain, at=AT)
    assert told.value.data["allowed"] == ["begin", "whisper", "discard"]


def test_a_guard_says_why_not_and_from_when(loop, person, thing):
    JobProgress.objects.update(total=0)
    with pytest.raises(NotAllowedNow) as told:
        loop.verbs["begin"](thing_id=thing.pk, note="现场看过了", by=person, at=AT)
    assert told.value.data == {"allowed": ["void"], "since": "2024-08-01"}
    thing.refresh_from_db()
    possible = {p.act: p.blocked for p in loop.possible(thing, by=person, at=AT)}
    assert possible["begin"] is not None and possible["void"] is None
    thing.kind = "closed"
    assert "begin" not in {p.act for p in loop.possible(thing, by=person, at=AT)}


def test_power_turn_and_sight_are_asked_in_this_order_of_words(loop, thing, person):
    stranger = Person(account_id=8, organisation_ids=frozenset({8}))
    with pytest.raises(NotFound, match="没有找到这件演示事项"):
        loop.verbs["void"](thing_id=thing.pk, by=stranger, at=AT)
    with pytest.raises(NotPermitted) as told:
        loop.verbs["void"](thing_id=thing.pk, by=Person(powers={"t.see": ()}), at=AT)
    assert told.value.data == {"power": "t.lead"}
    JobProgress.objects.update(state="running")
    with pytest.raises(NotPermitted, match="系统自动"):
        loop.verbs["expire"](thing_id=thing.pk, by=person, at=AT)


def test_the_server_does_what_people_do_only_where_the_kind_says_so(loop, thing):
    with pytest.raises(NotPermitted):
        loop.verbs["begin"](thing_id=thing.pk, by=MACHINE, at=AT, note="装载数据")
    loop.by_server = True
    assert loop.verbs["begin"](thing_id=thing.pk, by=MACHINE, at=AT, note="装载数据").state == "running"


def test_the_address_somebody_acts_from_is_kept_only_where_the_kind_says_so(loop, person, thing):
    away = replace(person, address="192.0.2.7")
    loop.verbs["whisper"](thing_id=thing.pk, word="一二", by=away, at=AT)
    loop.addressed = True
    loop.verbs["whisper"](thing_id=thing.pk, word="一二", by=away, at=AT)
    loop.verbs["whisper"](thing_id=thing.pk, word="一二", by=person, at=AT)
    assert [event.data.get("address") for event in Event.objects.order_by("id")] == [None, "192.0.2.7", None]


def test_what_an_act_that_files_asks_for_is_a_form_and_becomes_the_act(loop, person, db, rf):
    verb = loop.verbs["file"]
    request = rf.post("/", {"title": " 新事项 ", "request_key": "k", "owner_id": "9"})
    request.actor = person
    assert {act_forms.file(request, verb).title for _twice in range(2)} == {"新事项"}
    assert act_forms.filed(request, verb) == (JobProgress.objects.get(), None)
    made, refusal = act_forms.filed(request, verb, title="短")
    assert made is None and isinstance(refusal, Conflict)
    request.method = "GET"
    assert act_forms.filed(request, verb) == (None, None)
    assert Event.objects.get().request_key == "k"
    assert act_forms.form_of(request, verb, title="某事")["title"].value() == "某事"
    for field_, place in (("title", "title"), ("who", "__all__")):
        form = act_forms.form_of(request, verb, refusal=Refusal("不行", field=field_), title="某事")
        assert form["title"].value() == " 新事项 " and form.errors == {place: ["不行"]}


def test_a_verb_may_answer_with_more_than_the_record(loop, person, monkeypatch, db):
    def file(turn: Turn, *, title: str) -> JobProgress:
        turn.answer = ("kept", title)
        return JobProgress.objects.create(title=title, owner_id=7, state=turn.target, kind="t")

    monkeypatch.setattr(loop.verbs["file"], "body", file)
    assert loop.verbs["file"](title="新事项", by=person, at=AT) == ("kept", "新事项")
    assert Event.objects.get().subject_id == JobProgress.objects.get().pk


def test_a_power_that_reaches_less_far_than_sight_is_asked_for_the_record(loop, person, thing, monkeypatch):
    """Also of somebody with one post, whose powers otherwise reach as far as what is seen."""
    power = replace(person, powers=person.powers | {"t.lead": (Stretch(),)})
    for owner, refused in ((8, True), (7, False)):
        monkeypatch.setitem(reach._conditions, (JobProgress, "t.lead"), lambda _reach, n=owner: Q(owner_id=n))
        told = {"thing_id": thing.pk, "by": power, "at": AT}
        if refused:
            with pytest.raises(NotPermitted):
                loop.verbs["void"](**told)
        else:
            assert loop.verbs["void"](**told).state == "failed"


def test_another_record_that_an_act_names_must_be_within_reach_of_its_power(loop, person, thing, monkeypatch):
    def file(turn: Turn, *, title: str) -> JobProgress:
        turn.require(thing)
        return JobProgress.objects.create(title=title, owner_id=7, state=turn.target, kind="t")

    monkeypatch.setattr(loop.verbs["file"], "body", file)
    monkeypatch.setitem(reach._conditions, (JobProgress, ""), lambda _reach: Q(owner_id=8))
    power = replace(person, powers={"t.do": (Stretch(),)})
    with pytest.raises(NotFound):
        loop.verbs["file"](title="新事项", by=power, at=AT)
    JobProgress.objects.update(owner_id=8)
    assert loop.verbs["file"](title="新事项", by=power, at=AT)
    JobProgress.objects.update(owner_id=7)
    loop.by_server = True
    assert loop.verbs["file"](title="由系统", by=MACHINE, at=AT)


def test_fields_are_read_by_their_declaration(loop, person, thing):
    begin = loop.verbs["begin"]
    for typed, field_ in (("", "note"), ("短", "note"), ("长" * 3000, "note"), ("坏\0字符坏字符", "note")):
        with pytest.raises(Refusal) as told:
            begin(thing_id=thing.pk, note=typed, by=person, at=AT)
        assert told.value.field == field_
    thing.refresh_from_db()
    assert thing.state == "waiting" and not Event.objects.exists()


def test_a_doubt_asks_for_a_word_which_is_kept(loop, person, thing):
    begin = loop.verbs["begin"]
    with pytest.raises(NeedsConfirmation) as told:
        begin(thing_id=thing.pk, note="奇怪的内容", by=person, at=AT)
    assert told.value.data == {"confirm": "insist", "doubts": ["odd"]}
    begin(thing_id=thing.pk, note="奇怪的内容", insist=True, by=person, at=AT)
    assert Event.objects.get().data["doubts"] == ["odd"]


def test_what_follows_has_an_event_of_its_own(loop, person, thing):
    JobProgress.objects.update(state="running")
    loop.verbs["end"](thing_id=thing.pk, reason="做完了", by=person, at=AT, key="k")
    thing.refresh_from_db()
    assert thing.state == "cancelled"
    assert list(Event.objects.order_by("id").values_list("name", "note")) == [
        ("t.end", "做完了"),
        ("t.archive", "自动归档"),
    ]


def test_a_secret_reaches_neither_the_journal_nor_the_digest(loop, person, thing):
    whisper = loop.verbs["whisper"]
    whisper(thing_id=thing.pk, word="芝麻开门", by=person, at=AT, key="k")
    event = Event.objects.get()
    assert "芝麻" not in str(event.data) + event.note
    assert event.request_digest != acts.journal.digest(
        ["t.whisper", {"thing_id": thing.pk, "word": "芝麻开门"}]
    )
    with pytest.raises(Conflict):
        whisper(thing_id=thing.pk, word="芝麻关门", by=person, at=AT, key="k")


def test_many_are_done_at_once_and_the_refused_one_is_left_out(loop, db):
    rows = [
        JobProgress.objects.create(title=f"第{n}", owner_id=7, state="running", kind="t") for n in range(5)
    ]
    JobProgress.objects.filter(pk=rows[2].pk).update(title="不动")
    JobProgress.objects.filter(pk=rows[3].pk).update(state="done")
    found = JobProgress.objects.filter(pk__in=[row.pk for row in rows])
    missed: list[tuple[str, str]] = []
    tell = lambda row, refusal: missed.append((row.title, str(refusal)))  # noqa: E731
    assert loop.many("expire", found, by=MACHINE, at=AT, batch=2, refused=tell) == 3
    assert [title for title, _why in missed] == ["不动", "第3"] and missed[0][1] == "不动"
    assert loop.many("expire", found, by=MACHINE, at=AT) == 0
    assert list(found.order_by("pk").values_list("state", "message")) == [
        ("failed", "过期"), ("failed", "过期"), ("running", ""), ("done", ""), ("failed", "过期"),
    ]  # fmt: skip
    assert Event.objects.filter(name="t.expire").count() == 3


def test_what_many_do_together_is_done_once_and_by_each_alone_when_it_is_refused(loop, db):
    rows = [JobProgress.objects.create(title=f"第{n}", state="running", kind="t") for n in range(4)]
    found = JobProgress.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    assert loop.many("expire", found.filter(pk__lte=rows[1].pk), by=MACHINE, at=AT) == 2
    assert list(found.values_list("done", "message"))[:2] == [(1, "过期"), (2, "过期")]
    found.filter(pk=rows[3].pk).update(title="坏模板")
    missed = []
    tell = lambda row, refusal: missed.append((row.pk, str(refusal)))  # noqa: E731
    left = found.filter(state="running")
    assert loop.many("expire", left, by=MACHINE, at=AT, refused=tell) == 1
    assert missed == [(rows[3].pk, "模板坏了")]
    assert list(found.values_list("state", "done", "message"))[2:] == [
        ("failed", 1, "过期"),
        ("running", 0, ""),
    ]


def test_one_record_goes_the_way_of_many(loop, thing):
    JobProgress.objects.update(state="running")
    assert loop.verbs["expire"](thing_id=thing.pk, by=MACHINE, at=AT).done == 1


def test_a_thing_that_ceases_to_be_leaves_its_story_and_answers_the_same_request(loop, person, thing):
    discard = loop.verbs["discard"]
    for _time in range(2):
        assert discard(thing_id=thing.pk, by=person, at=AT, key="k") is None
    assert not JobProgress.objects.exists()
    assert Event.objects.get().note == "演示" and Event.objects.get().subject_id == thing.pk
    with pytest.raises(NotFound):
        discard(thing_id=thing.pk, by=person, at=AT, key="k2")


def test_a_part_of_another_rooms_act_asks_neither_for_sight_nor_power_but_for_state_and_fields(loop, thing):
    stranger = Person(account_id=8, powers={}, organisation_ids=frozenset({8}))
    strike = loop.verbs["strike"]
    with pytest.raises(Refusal) as told:
        strike(thing_id=thing.pk, reason="", by=stranger, at=AT)
    assert told.value.field == "reason"
    assert strike(thing_id=thing.pk, reason="已撤销", by=stranger, at=AT).state == "failed"
    with pytest.raises(NotAllowedNow):
        strike(thing_id=thing.pk, reason="已撤销", by=stranger, at=AT)
    assert "strike" not in {one.act for one in loop.possible(thing, by=Person(), at=AT)}


def test_an_act_that_changes_nothing_of_its_record_does_not_write_it(loop, person, thing, monkeypatch):
    written: list[bool] = []
    monkeypatch.setattr(JobProgress, "save", lambda row, **how: written.append(True))
    loop.verbs["whisper"](thing_id=thing.pk, word="一二", by=person, at=AT)
    assert written == []
    loop.verbs["void"](thing_id=thing.pk, by=person, at=AT)
    assert written == [True]


def test_an_act_that_finds_all_as_it_would_leave_it_records_nothing(loop, person, thing):
    @loop.verb("archive")
    def archive(turn: Turn, *, note: str) -> None:
        turn.unchanged()

    void = loop.verbs["void"]
    void.body = lambda turn: turn.unchanged("as it was") if turn.row.title == "甲" else None
    JobProgress.objects.update(title="甲")
    answers = [void(thing_id=thing.pk, by=person, at=AT, key="same") for _twice in range(2)]
    assert answers == ["as it was", "as it was"]
    assert loop.many("void", JobProgress.objects.all(), by=person, at=AT) == 0
    thing.refresh_from_db()
    assert thing.state == "waiting" and not Event.objects.exists()
    # What follows and has nothing to do does not undo what it follows.
    JobProgress.objects.update(state="running")
    loop.verbs["end"](thing_id=thing.pk, reason="做完了", by=person, at=AT)
    assert [event.name for event in Event.objects.all()] == ["t.end"]


def test_what_changes_inside_a_column_is_written(loop, person, thing, monkeypatch):
    def mark(turn: Turn, *, word: str) -> None:
        turn.row.result["word"] = len(word)

    monkeypatch.setattr(loop.verbs["whisper"], "body", mark)
    loop.verbs["whisper"](thing_id=thing.pk, word="一二", by=person, at=AT)
    assert JobProgress.objects.get().result == {"word": 2}


def test_a_verb_runs_only_on_a_page_that_declares_it(loop, person, thing):
    with acts.declared(["t.void"]), pytest.raises(RuntimeError, match=r"t\.whisper"):
        loop.verbs["whisper"](thing_id=thing.pk, word="一二", by=person, at=AT)
    with acts.declared(["t.whisper"]):
        loop.verbs["whisper"](thing_id=thing.pk, word="一二", by=person, at=AT)


def test_an_act_without_a_step_and_a_second_verb_for_one_are_refused_when_declared(loop):
    with pytest.raises(RuntimeError):
        loop.verb("no_such_act")(lambda turn: None)
    with pytest.raises(RuntimeError):
        loop.verb("void")(lambda turn: None)


def test_the_story_takes_its_words_from_the_steps(loop, person, thing):
    loop.verbs["void"](thing_id=thing.pk, by=person, at=AT)
    line = story.told(Event.objects.get())
    assert (line["title"], line["tone"], line["actor"]) == ("作废", "danger", "演示员")


def test_the_diagram_shows_how_a_thing_begins():
    assert "[*] --> waiting: file" in workflow.mermaid(STEPS)
    assert "waiting --> [*]: discard" in workflow.mermaid(STEPS)


@pytest.mark.parametrize(
    ("kind", "typed", "read"),
    [
        ("day", "2024-02-29", date(2024, 2, 29)),
        ("day", "2024-02-30", None),
        ("day", "9999-12-31", None),
        ("moment", "2024-02-29T09:30", datetime(2024, 2, 29, 9, 30, tzinfo=UTC)),
        ("moment", "昨天", None),
        ("whole", "12", 12),
        ("whole", "²", None),
        ("whole", "9" * 30, None),
        ("money", "1,500.5", Decimal("1500.50")),
        ("money", "1.005", None),
        ("money", "1e400", None),
        ("tick", "on", True),
        ("tick", None, False),
        ("record", "7", 7),
        ("record", "七", None),
    ],
)
def test_each_kind_of_field_reads_what_people_type(kind, typed, read):
    fields = (Field("x", "某项", kind, most=10**9),)
    reading = asks.Reading(UTC)
    if read is None:
        with pytest.raises(Refusal) as told:
            asks.read(fields, {"x": typed}, reading)
        assert told.value.field == "x"
    else:
        assert asks.read(fields, {"x": typed}, reading) == {"x": read}


def test_only_what_is_offered_can_be_chosen():
    fields = (Field("x", "方式", "choice", choices=(("a", "甲"), ("b", "乙"))),)
    assert asks.read(fields, {"x": "b"}, asks.Reading(UTC)) == {"x": "b"}
    with pytest.raises(Refusal, match="请在列出的方式中选择"):
        asks.read(fields, {"x": "c"}, asks.Reading(UTC))


def test_a_file_read_for_its_digest_can_be_read_again():
    file = BytesIO(b"abc")
    assert acts.plainly(file) == acts.plainly(BytesIO(b"abc")) != acts.plainly(BytesIO(b"abd"))
    assert file.read() == b"abc"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["begin", "whisper", "void", "file"])
def test_three_equal_requests_at_once_leave_one_event_and_three_equal_answers(loop, act):
    person = Person()
    thing = JobProgress.objects.create(title="演示", owner_id=7, total=3, kind="t")
    given = {
        "begin": {"note": "现场看过了"},
        "whisper": {"word": "一二"},
        "void": {},
        "file": {"title": "新的"},
    }[act]
    named = {} if act == "file" else {"thing_id": thing.pk}
    barrier = threading.Barrier(3)

    def press(_n: int) -> object:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            return loop.verbs[act](by=person, at=AT, key="k", **named, **given)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(press, range(3)))
    assert len({answer.pk for answer in answers}) == 1
    assert Event.objects.filter(name=f"t.{act}").count() == 1


def test_a_repeated_request_is_found_behind_the_lock_by_one_question(loop, person, thing):
    begin = loop.verbs["begin"]
    for _time in range(2):
        with CaptureQueriesContext(connection) as asked:
            begin(thing_id=thing.pk, note="现场看过了", by=person, at=AT, key="k")
        assert sum('"request_key" =' in one["sql"] for one in asked) == 1


def test_a_pair_is_locked_in_the_order_of_its_numbers_whichever_is_named_first(
    loop, person, thing, monkeypatch
):
    other = JobProgress.objects.create(title="另一件", owner_id=7, kind="t")
    locked: list[int] = []
    lock = loop.locked
    monkeypatch.setattr(loop, "locked", lambda pk, **how: (locked.append(pk), lock(pk, **how))[1])
    joined = acts.Verb(loop, "void", lambda turn, **given: None, acts._Options(beside="into_id"))
    joined(thing_id=other.pk, into_id=thing.pk, by=person, at=AT)
    assert locked == [thing.pk, other.pk]


def test_what_others_must_do_is_left_out_without_asking_who_they_are(loop, thing, django_assert_num_queries):
    colleague = Person(organisation_ids=frozenset({8}))
    with django_assert_num_queries(0):
        assert "begin" not in {p.act for p in loop.possible(thing, by=colleague, at=AT)}


def test_a_choice_that_is_offered_first_is_found_before_the_rest_is_looked_up():
    def offered(_asked):
        yield 7, "七"
        raise AssertionError("looked further than needed")

    fields = (Field("x", "某项", "choice", choices="named"),)
    assert asks.read(fields, {"x": "7"}, asks.Reading(UTC, offered)) == {"x": 7}
