"""How long a thousand papers take, beside what the engines themselves need for the same pages in the same run.

    .anju/venv/bin/python -m bench.documents                 1,000 orders: drawn, then issued in one job
    .anju/venv/bin/python -m bench.documents --papers 200 --kind transfer_letter

floor .pdf    the same Typst source and words, already composed and written as JSON, compiled; nothing else
floor .docx   the same compiled Word template rendered with words already composed, and zipped; nothing else
ours          facts composed into words, every glyph looked up, drawn, the .docx parsed again to prove it whole
issued        the verb: number, both drawings, both files on disk (fsync), row, journal; one transaction each

Ours and the floors take turns, paper by paper, so that a busy machine hurts them alike.
"""

import argparse
import io
import json
import os
import resource
import statistics
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
AT = datetime(2024, 3, 6, 1, 30, tzinfo=UTC)
DATABASE = "bench_documents"


def timed(work: Callable[[], object], into: list[float]) -> None:
    """Do a piece of work and note its milliseconds."""
    began = time.perf_counter()
    work()
    into.append((time.perf_counter() - began) * 1000)


def facts_of(kind: str, papers: int) -> list:
    """Give the invented facts of that many papers, no two alike (演示数据)."""
    from anju.means.documents.services import trial

    return [replace(trial.sample(kind), organisation=f"演示第{number}街道办事处") for number in range(papers)]


def drawing(kind: str, papers: int) -> dict[str, float]:
    """Draw papers by turns with us and with the bare engines; return the median milliseconds of each."""
    from docxtpl import RichText

    from anju.ground.foundation import rulebooks
    from anju.means.documents import rules
    from anju.means.documents.services import faces, rendering

    book = rulebooks.load("documents", on=AT.date())
    issue = rules.Issue(number="演示改字〔2024〕第0001号", on=AT.date(), zone=ZoneInfo("Asia/Shanghai"))
    source = rendering.template_of(kind, ".typ").read_bytes()
    path = rendering.template_of(kind, ".docx")
    rendering.docx(rules.compose(kind, facts_of(kind, 1)[0], book, issue))
    parts, body = rendering._compiled(path, path.stat().st_mtime_ns, path.stat().st_size)
    compiler = rendering._compiler(faces.folders())
    spent: dict[str, list[float]] = {
        name: [] for name in ("floor_pdf", "pdf", "floor_docx", "docx", "compose")
    }

    def floor_pdf() -> None:
        compiler.compile(
            source, format="pdf", sys_inputs={"given": given}, pdf_standards=["a-2b"], timestamp=AT
        )

    def floor_docx() -> None:
        document = body.render(context)
        with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as package:
            for name, content, _blank in parts:
                package.writestr(name, document if name == rendering.BODY else content)

    for number, facts in enumerate(facts_of(kind, papers + 20)):
        words = rules.compose(kind, facts, book, issue)
        given = json.dumps({**words, "faces": faces.chains(), "pictures": {}}, ensure_ascii=False)
        context = {**words, "head": RichText(words["organisation"], size=44, color="D40000")}
        into = spent if number >= 20 else {name: [] for name in spent}  # the first ones warm both up
        # Whoever draws the same words second finds them laid out already: the floor gets other words.
        timed(lambda: rules.compose(kind, facts, book, issue), into["compose"])  # noqa: B023
        timed(lambda: rendering.pdf(rules.compose(kind, facts, book, issue), at=AT), into["pdf"])  # noqa: B023
        given = given.replace(words["organisation"], words["organisation"].replace("街道", "街办"))
        timed(floor_pdf, into["floor_pdf"])
        timed(lambda: rendering.docx(rules.compose(kind, facts, book, issue)), into["docx"])  # noqa: B023
        timed(floor_docx, into["floor_docx"])
    return {name: statistics.median(values) for name, values in spent.items()}


def issuing(kind: str, papers: int) -> dict[str, float]:
    """Issue papers in one job, as an officer would, and print them into one file; return seconds and sizes."""
    from anju.ground.access.models import Account
    from anju.ground.access.services import actor_of
    from anju.ground.foundation.models import JobProgress, StoredFile
    from anju.ground.organisations.models import Organisation, Person, Post
    from anju.means.documents import jobs, services
    from anju.means.documents.models import IssuedDocument

    stamp = datetime.now(UTC).strftime("%H%M%S")
    office = Organisation.objects.create(
        kind="fire_brigade", name="演示大队", document_code=f"演{stamp}改字", is_demo=True
    )
    person = Person.objects.create(name="李演示", is_demo=True)
    Post.objects.create(person=person, organisation=office, role="fire_officer", valid_from="2020-01-01")
    account = Account.objects.create(username=f"bench-{stamp}", person=person)
    by = actor_of(account, at=datetime.now(UTC))
    subject = JobProgress.objects.create(kind="demo", title="演示")
    items = [services.Item(facts, subject) for facts in facts_of(kind, papers)]
    began = time.perf_counter()
    job = services.issue_many(
        kind=kind, items=items, register_code=office.document_code, by=by, at=datetime.now(UTC)
    )
    kept = time.perf_counter()
    jobs.issue_batch(progress_id=job.pk)
    ended = time.perf_counter()
    job.refresh_from_db()
    last = IssuedDocument.objects.filter(batch=job.pk).latest("issued_at").issued_at
    assert job.result["issued"] == papers, job.result
    printed = StoredFile.objects.get(sha256=job.result["pdf"])
    merging = (datetime.now(UTC) - last).total_seconds()  # type: ignore[operator]
    return {
        "kept_s": kept - began,
        "issued_s": ended - kept - merging,
        "merged_s": merging,
        "print_mb": printed.size / 1e6,
    }


def report(kind: str, papers: int) -> None:
    """Measure and print."""
    drawn = drawing(kind, min(papers, 300))
    floor = drawn["floor_pdf"] + drawn["floor_docx"]
    print(f"{kind}, median of {min(papers, 300)} papers, by turns")
    for name in ("pdf", "docx"):
        ours, bare = drawn[name], drawn[f"floor_{name}"]
        print(f"  .{name:5} ours {ours:6.1f} ms   floor {bare:6.1f} ms   ratio {ours / bare:.2f}")
    both = drawn["pdf"] + drawn["docx"]
    print(f"  both   ours {both:6.1f} ms   floor {floor:6.1f} ms   ratio {both / floor:.2f}")
    print(f"  words composed in {drawn['compose']:.2f} ms")
    whole = issuing(kind, papers)
    each = whole["issued_s"] * 1000 / papers
    print(
        f"{papers:,} papers in one job: drafts kept in {whole['kept_s']:.1f} s, issued in {whole['issued_s']:.1f} s"
    )
    print(
        f"  {each:.1f} ms a paper with number, two files on disk, row and journal: {each / floor:.2f} of the floor"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  put together to print in {whole['merged_s']:.1f} s, {whole['print_mb']:.1f} MB")
    print(f"  the process reached {peak:.0f} MB of memory")


def main() -> int:
    """Make the database of the measurement, then measure in a process bound to it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--papers", type=int, default=1000)
    parser.add_argument("--kind", default="order_timed")
    asked = parser.parse_args()
    from anju.launcher import places, running

    data = running.prepared(places.default_data("bench"))
    with running.database(data) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{DATABASE}"')
        base, _slash, _name = url.partition("?")[0].rpartition("/")
        target = f"{base}/{DATABASE}" + (f"?{url.partition('?')[2]}" if "?" in url else "")
        os.environ.update(running.django_environment(data, target))
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        report(asked.kind, asked.papers)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
