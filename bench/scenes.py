"""What is measured: each scene is a piece of work that eight connections do again and again for some seconds."""

import argparse
import itertools
import json
import os
import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from anju.duties.cases import queries
from anju.duties.cases.models import Case
from anju.ground.access.models import Account
from anju.ground.access.services import actor_of
from anju.ground.foundation import desk
from anju.launcher.start import healthy, listening, web_server
from anju.means.figures import queries as figures
from bench import city, machine
from bench.client import Session, Tally, closed_loop, open_loop

PEER = 50_564
BURSTS = [1, 15, 1, 25, 2, 35, 10]
# A complaint goes the whole loop without a photo; a hazard's rectification needs one and is measured apart.
COMPLAINT, HAZARD = "EN01", "EB01"
NOTES = {
    "submit": "当日上午已将垃圾清运完毕并冲洗地面，安排专人每日两次巡查",
    "close": "下午三点到现场查看，垃圾已经清运，地面干净，住户表示认可",
}


class Stage:
    """A running server on a filled database, with the cast's keys."""

    def __init__(self, asked: argparse.Namespace, say: Callable[[str], None]) -> None:
        self.asked, self.say = asked, say
        self.cast = city.cast()
        self.run = secrets.token_hex(4)
        self.counter = itertools.count()
        self.created: list[int] = []
        self.ids = list(
            Case.objects.filter(county_id=self.cast.county, id__lte=asked.measure)
            .order_by("id")
            .values_list("id", flat=True)[: asked.measure // 10]
        )
        random.Random(3).shuffle(self.ids)
        self.dice = random.Random(5)
        self.results: dict[str, Any] = {}

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Start the web server as ./anju start does, and stop it afterwards."""
        bound = listening("127.0.0.1", 0)
        self.port = bound.getsockname()[1]
        env = dict(os.environ)
        self.server = web_server(bound, env, self.asked.workers)
        since = time.monotonic()
        self.server.start()
        try:
            while not healthy("127.0.0.1", self.port):
                time.sleep(0.02)
            self.results["server_start_s"] = round(time.monotonic() - since, 2)
            yield
        finally:
            assert self.server.process is not None
            self.server.signal_all(15)
            self.server.process.wait(20)
            bound.close()

    def processes(self) -> dict[str, list[int]]:
        """List the processes of the server, of the database, and this one, which is the load."""
        assert self.server.process is not None
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            row = cursor.fetchone()
            assert row is not None
        fields = Path(f"/proc/{row[0]}/stat").read_text().rsplit(")", 1)[1].split()
        return {
            "server": machine.tree(self.server.process.pid),
            "database": machine.tree(int(fields[1])),
            "load": [os.getpid()],
        }

    def play(self, name: str, load: Callable[[], Tally]) -> Tally:
        """Run one load, and note beside it what it cost and how busy the machine was."""
        busy = machine.load()
        before = {who: machine.cpu_of(found) for who, found in self.processes().items()}
        tally = load()
        after = {who: machine.cpu_of(found) for who, found in self.processes().items()}
        tally.cpu = {who: after[who] - before[who] for who in after}
        found = tally.as_dict() | {"loadavg": busy}
        cpu = sum(tally.cpu.values())
        found["per_core_second"] = round(len(tally.seconds) / cpu, 2) if cpu else None
        self.results[name] = found
        errors = sum(tally.errors.values())
        self.say(
            f"  {name:<16}{tally.rate:8.1f}/s  p50 {tally.at(0.5):7.1f}  p95 {tally.at(0.95):7.1f}"
            f"  max {tally.at(1.0):7.1f} ms  {found['per_core_second']}/core-s  errors {errors}  load {busy}"
        )
        for error, times in list(tally.errors.items())[:3]:
            self.say(f"      {times} × {error}")
        return tally

    def loop(self, name: str, work: Callable[[Session], object], connections: int = 0) -> Tally:
        """Play a closed loop of this work."""
        number = connections or self.asked.connections
        return self.play(
            name, lambda: closed_loop(name, self.port, work, connections=number, seconds=self.asked.seconds)
        )

    # --- the pieces of work ---------------------------------------------------------------------------------------

    def bare(self, s: Session) -> None:
        """A page that does nothing but ask the database for 1."""
        s.ask("GET", "/healthz")

    def report(self, s: Session, class_code: str = COMPLAINT, kind: str = "complaint") -> int:
        """Report a case through the API and return its id."""
        n = next(self.counter)
        payload = {
            "kind": kind,
            "class_code": class_code,
            "text": f"东门垃圾桶旁垃圾堆积第{n}次反映，已有两天没有清运，请尽快处理",
            "estate_id": self.cast.estates[n % len(self.cast.estates)],
            "place": f"{n % 30 + 1}号楼东侧",
        }
        made = s.json(
            "/api/v1/cases", self.cast.officer.key, payload, f"{self.run}-{n}", expect=201, step="report"
        )
        return made["id"]

    def create(self, s: Session) -> None:
        """Report, and keep the case for the state changes."""
        self.created.append(self.report(s))

    def step(self, s: Session, case_id: int, act: str, key: str) -> None:
        """Take one step through the API."""
        payload = {"act": act, "note": NOTES.get(act, "")}
        s.json(f"/api/v1/cases/{case_id}/steps", key, payload, f"{self.run}-{case_id}-{act}", step=act)

    def assign(self, s: Session) -> None:
        """Dispatch one of the cases created before."""
        if not self.created:
            raise StopIteration
        self.step(s, self.created.pop(), "assign", self.cast.officer.key)

    def lifecycle(self, s: Session) -> None:
        """Report, dispatch, accept, submit and close: five writes, three people."""
        case_id = self.report(s)
        self.step(s, case_id, "assign", self.cast.officer.key)
        self.step(s, case_id, "accept", self.cast.clerk.key)
        self.step(s, case_id, "submit", self.cast.clerk.key)
        self.step(s, case_id, "close", self.cast.manager.key)

    def lifecycle_photo(self, s: Session) -> None:
        """The same for a hazard, whose rectification carries a new photo each time."""
        case_id = self.report(s, HAZARD, "hazard")
        self.step(s, case_id, "assign", self.cast.officer.key)
        self.step(s, case_id, "accept", self.cast.clerk.key)
        mark = "anju-bench"
        body = (
            (
                f'--{mark}\r\nContent-Disposition: form-data; name="note"\r\n\r\n{NOTES["submit"]}\r\n'
                f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="after.jpg"\r\n'
                "Content-Type: image/jpeg\r\n\r\n"
            ).encode()
            + self.photo(case_id)
            + f"\r\n--{mark}--\r\n".encode()
        )
        headers = (
            f"Authorization: Bearer {self.cast.clerk.key}\r\nIdempotency-Key: {self.run}-{case_id}-submit\r\n"
            f"Content-Type: multipart/form-data; boundary={mark}\r\n"
        )
        s.ask("POST", f"/api/v1/cases/{case_id}/steps/submit", headers, body, step="submit")
        self.step(s, case_id, "close", self.cast.manager.key)

    def photo(self, number: int) -> bytes:
        """Draw a JPEG of 1280 × 960 that no other number has."""
        import io

        from PIL import Image

        dice = random.Random(number)
        small = Image.frombytes("RGB", (32, 24), dice.randbytes(32 * 24 * 3))
        out = io.BytesIO()
        small.resize((1280, 960), Image.Resampling.BICUBIC).save(out, "JPEG", quality=85)
        return out.getvalue()

    def one_api(self, s: Session) -> None:
        """Read one case of the county."""
        s.ask("GET", f"/api/v1/cases/{self.dice.choice(self.ids)}", self.bearer)

    def one_page(self, s: Session) -> None:
        """Open the page of one case of the county."""
        s.ask("GET", f"/console/cases/{self.dice.choice(self.ids)}/", self.cookie)

    def list_api(self, s: Session) -> None:
        """List 50 with two filters, and count."""
        s.ask("GET", f"/api/v1/cases?{self.filters()}&size=50", self.bearer)

    def list_page(self, s: Session) -> None:
        """Open the page of the same list."""
        s.ask("GET", f"/console/cases/?{self.filters()}", self.cookie)

    def filters(self) -> str:
        """Choose a state and a class, sometimes a whole group of classes, sometimes a severity."""
        state = self.dice.choice(("closed", "closed", "fixing", "reported,returned", "checking"))
        other = self.dice.choice(
            ("class=EB01", "class=EG", "class=FF", "severity=serious", "kind=complaint", "channel=field")
        )
        return f"state={state}&{other}"

    def todo(self, s: Session) -> None:
        """Open the to-do page of the county's supervisor."""
        s.ask("GET", "/console/", self.cookie)

    def todo_full(self, s: Session) -> None:
        """Open the to-do page of the city's supervisor, whose desk fills the page at any size from 100,000 on."""
        s.ask("GET", "/console/", self.export_cookie)

    def statistics(self, s: Session) -> None:
        """Open the page of figures for this year."""
        s.ask("GET", "/figures/?period=year", self.cookie)

    def export(self, s: Session) -> None:
        """Export the list of a whole county as CSV."""
        answer = s.ask("GET", f"/exchange/cases?format=csv&{self.exported}", self.export_cookie)
        self.results["export_rows"] = answer.count(b"\n") - 1

    @property
    def export_cookie(self) -> str:
        """The city's supervisor, who alone sees fifty thousand cases in a city that has no more."""
        return f"Cookie: sessionid={self.cast.city.session}\r\n"

    @cached_property
    def exported(self) -> str:
        """A filter that lets the newest 50,000 cases through, or all when there are fewer."""
        newest = Case.objects.order_by("-reported_at").values_list("reported_at", flat=True)[PEER : PEER + 1]
        day = timezone.localtime(newest[0]).date() if newest else "2000-01-01"
        return f"since={day}"

    @property
    def bearer(self) -> str:
        """The supervisor's key as a header."""
        return f"Authorization: Bearer {self.cast.supervisor.key}\r\n"

    @property
    def cookie(self) -> str:
        """The supervisor's session as a header."""
        return f"Cookie: sessionid={self.cast.supervisor.session}\r\n"


def statements(stage: Stage) -> dict[str, int]:
    """Count the statements of each piece of work, asked through the whole stack in this process."""
    from django.test import Client

    counts = {}
    supervisor = {"HTTP_AUTHORIZATION": f"Bearer {stage.cast.supervisor.key}"}
    browser = Client()
    browser.cookies["sessionid"] = stage.cast.supervisor.session

    def count(name: str, ask: Callable[[], Any]) -> Any:
        answer = None
        for _turn in range(2):  # the first also warms what a process reads once
            with CaptureQueriesContext(connection) as found:
                answer = ask()
        counts[name] = len([q for q in found if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))])
        if os.environ.get("ANJU_BENCH_SQL") == name:
            for q in found:
                stage.say(f"      {q['time']} {q['sql'][:700]}")
        return answer

    client = Client()
    number = itertools.count()

    def post(path: str, key: str, payload: dict[str, Any]) -> Any:
        headers = {
            "HTTP_AUTHORIZATION": f"Bearer {key}",
            "HTTP_IDEMPOTENCY_KEY": f"{stage.run}-q{next(number)}",
        }
        answer = client.post(path, json.dumps(payload), content_type="application/json", **headers)
        if answer.status_code >= 400:
            raise RuntimeError(answer.content.decode())
        return answer.json()

    made: list[int] = []
    told = {
        "kind": "complaint",
        "class_code": COMPLAINT,
        "text": "东门垃圾桶旁垃圾堆积，请尽快处理",
        "estate_id": stage.cast.estates[0],
    }
    count("create", lambda: made.append(post("/api/v1/cases", stage.cast.officer.key, told)["id"]))

    def step(act: str, who: str) -> None:
        turn, key = iter(list(made)), getattr(stage.cast, who).key
        payload = {"act": act, "note": NOTES.get(act, "")}
        count(act, lambda: post(f"/api/v1/cases/{next(turn)}/steps", key, payload))

    for act, who in (("assign", "officer"), ("accept", "clerk"), ("submit", "clerk"), ("close", "manager")):
        step(act, who)
    count("list_api", lambda: client.get("/api/v1/cases?state=closed&class=EB01&size=50", **supervisor))
    count("one_api", lambda: client.get(f"/api/v1/cases/{stage.ids[0]}", **supervisor))
    count("list_page", lambda: browser.get("/console/cases/?state=closed&class=EB01"))
    count("one_page", lambda: browser.get(f"/console/cases/{stage.ids[0]}/"))
    count("todo", lambda: browser.get("/console/"))
    count("statistics", lambda: browser.get("/figures/?period=year"))
    return counts


def figures_ms(stage: Stage) -> dict[str, float]:
    """Time the engine itself, in this process: each measure of the page for this year, for the county."""
    account = Account.objects.get(pk=stage.cast.supervisor.account_id)
    at = timezone.now()
    actor = actor_of(account, at=at)
    found = {}
    today = timezone.localdate()
    for name, period, by in (
        ("month", "month", None),
        ("year", "year", None),
        ("year by class", "year", "class1"),
    ):
        query = figures.Query(
            measures=("received", "open", "overdue", "closed"),
            period=figures.read_period(period, "", "", today=today),
            by=by,
        )
        times = []
        for _turn in range(7):
            since = time.perf_counter()
            figures.answer(query, actor=actor, at=at)
            times.append(time.perf_counter() - since)
        found[name] = round(1000 * sorted(times)[3], 1)
    stage.say(f"  engine of figures  {found} ms")
    return found


def plans(stage: Stage) -> dict[str, list[str]]:
    """Ask the database how it finds the list and the desk, as the supervisor."""
    account = Account.objects.get(pk=stage.cast.supervisor.account_id)
    at = timezone.now()
    actor = actor_of(account, at=at)
    filters = queries.filters_from({"state": "closed", "class": "EB01"})
    asked: dict[str, Callable[[], Any]] = {
        "list": lambda: queries.page(actor, filters, at=at),
        "todo": lambda: desk.page(actor, at),
    }
    found: dict[str, list[str]] = {}
    for name, ask in asked.items():
        with CaptureQueriesContext(connection) as captured:
            ask()
        for number, statement in enumerate((q["sql"] for q in list(captured)), 1):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement}")
                found[f"{name} {number}"] = [line for (line,) in cursor.fetchall()]
    return found


def measure(asked: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Play every scene asked for on the database at hand; return the results."""
    stage = Stage(asked, say)
    only = {name for name in asked.only.split(",") if name}

    def wanted(name: str) -> bool:
        return not only or name in only

    say(f"{asked.measure:,} cases")
    if wanted("statements"):
        stage.results["statements"] = statements(stage)
        say(f"  statements         {stage.results['statements']}")
    if wanted("engine"):
        stage.results["engine_ms"] = figures_ms(stage)
    if asked.profile:
        from bench.breakdown import profile

        stage.results["profile"] = found = profile(stage.cast, stage.run)
        say("\n".join(found["top"]))
        say(
            f"  one lifecycle      { {name: found[name] for name in found if name not in ('top', 'vendor')} }"
        )
    if wanted("plans"):
        stage.results["plans"] = plans(stage)
    with stage.serving():
        warm = closed_loop("warm", stage.port, stage.bare, connections=8, seconds=0.5)
        for work in (
            stage.create,
            stage.one_api,
            stage.list_api,
            stage.list_page,
            stage.todo,
            stage.one_page,
            stage.statistics,
        ):
            closed_loop("warm", stage.port, work, connections=8, seconds=0.5)
        assert warm
        scenes: list[tuple[str, Callable[[Session], object], int]] = [
            ("bare", stage.bare, 0),
            ("create", stage.create, 0),
            ("change", stage.assign, 0),
            ("one_api", stage.one_api, 0),
            ("one_page", stage.one_page, 0),
            ("list_api", stage.list_api, 0),
            ("list_page", stage.list_page, 0),
            ("todo", stage.todo, 0),
            ("todo_full", stage.todo_full, 0),
            ("statistics", stage.statistics, 1),
            ("export", stage.export, 1),
            ("lifecycle", stage.lifecycle, 0),
            ("lifecycle_photo", stage.lifecycle_photo, 0),
        ]
        for name, work, connections in scenes:
            if wanted(name):
                stage.loop(name, work, connections)
        if wanted("lifecycle") and wanted("growth"):
            for connections in (1, 16):
                stage.loop(f"lifecycle_{connections}", stage.lifecycle, connections)
        if wanted("bursts"):
            stage.play(
                "bursts",
                lambda: open_loop("bursts", stage.port, stage.lifecycle, rates=BURSTS, seconds_each=2.5),
            )
        memory = {who: round(machine.memory_of(found) / 1e6) for who, found in stage.processes().items()}
        stage.results["memory_mb"] = memory
        say(f"  memory             {memory} MB (PSS)")
        if wanted("bare"):
            stage.loop("bare_again", stage.bare)
    stage.results["connections"], stage.results["workers"] = asked.connections, asked.workers
    stage.results["processors"] = os.cpu_count()
    return stage.results
