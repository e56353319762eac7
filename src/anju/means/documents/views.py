"""Pages of official papers: the list, what waits, one paper with its next steps, its files; and a batch to print."""

from typing import Any

from csp.decorators import csp_exempt
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from anju.ground.access.guards import power, signed_in, writes
from anju.ground.foundation import act_forms, files, journal, story
from anju.ground.foundation.asked import whole
from anju.ground.foundation.models import JobProgress, StoredFile
from anju.ground.foundation.refusals import NotFound, Refusal

from . import queries, services
from .forms import DraftForm
from .models import IssuedDocument
from .services import DOCX_TYPE, LOOP, PDF_TYPE, merging

PAGE = 50


@require_GET
@power("documents.issue", "documents.sign")
def listing(request: HttpRequest) -> HttpResponse:
    """List the papers of one's organisation, or of those below it: by number, kind and day."""
    actor = request.actor  # type: ignore[attr-defined]
    filters = queries.filters_from(request.GET)
    page = max(1, min(whole(request.GET.get("page")) or 1, 200))
    found = queries.listing(actor, filters, number=page, size=PAGE)
    names = _kind_names()
    context = {
        "rows": [_row(paper, names) for paper in found.rows],
        "filters": filters,
        "count": found.count,
        "more": found.more,
        "page": page,
        "last": (page - 1) * PAGE + len(found.rows) >= found.count and not found.more,
        "first_row": (page - 1) * PAGE + 1 if found.rows else 0,
        "last_row": (page - 1) * PAGE + len(found.rows),
        "names": names,
        "kinds": list(names.items()),
        "waiting": queries.waiting_count(actor),
    }
    return render(request, "documents/list.html", context)


@require_GET
@power("documents.issue", "documents.sign")
def waiting(request: HttpRequest) -> HttpResponse:
    """List the papers to sign and one's own drafts."""
    to_sign, drafts = queries.waiting(request.actor)  # type: ignore[attr-defined]
    names = _kind_names()
    context = {"to_sign": [_row(p, names) for p in to_sign], "drafts": [_row(p, names) for p in drafts]}
    return render(request, "documents/waiting.html", context)


def _kind_names() -> dict[str, str]:
    return queries.kind_names(on=timezone.localdate(), english=(get_language() or "").startswith("en"))


def _row(paper: IssuedDocument, names: dict[str, str]) -> dict[str, Any]:
    return {
        "pk": paper.pk,
        "paper": paper,
        "kind": names.get(paper.kind, paper.title),
        "state": paper.state,
        "state_label": paper.get_state_display(),
        "state_tone": LOOP.moods[paper.state],
    }


@require_GET
@signed_in
def one(request: HttpRequest, document_id: int) -> HttpResponse:
    """Show one paper: its words, its files, who stood for it, and its next steps."""
    paper = queries.paper_for(request.actor, document_id)  # type: ignore[attr-defined]
    return _page(request, paper)


def _page(
    request: HttpRequest, paper: IssuedDocument, *, act: str = "", refusal: Refusal | None = None
) -> HttpResponse:
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    own = queries.of_own_office(actor, paper)
    review = paper.needs_review(timezone.localdate(at))
    acts = act_forms.buttons(
        request, LOOP, paper, "documents:take_step", at=at, act=act, refusal=refusal, elsewhere=("redraft",)
    )
    reached = {"draft": 0, "review": 1, "issued": 3, "voided": 3}[paper.state]
    stages = [_("拟稿"), *([_("送审"), _("签发")] if review else []), _("印发")]
    place = reached if review else (0 if paper.is_open else 1)
    context = {
        "paper": paper,
        "state_tone": LOOP.moods[paper.state],
        "words": paper.data,
        "marks": _marks(paper),
        "acts": acts,
        "stages": [
            {
                "label": label,
                "state": "done" if n < place or not paper.is_open else "now" if n == place else "later",
            }
            for n, label in enumerate(stages)
        ],
        "pairs": [(label, value or "—") for row in paper.data.get("fields", ()) for label, value in row],
        "events": [story.told(event) for event in journal.events_of(paper)] if own else [],
        "may_edit": own and paper.state == IssuedDocument.State.DRAFT and actor.has("documents.issue"),
    }
    return render(request, "documents/one.html", context, status=422 if refusal else 200)


def _marks(paper: IssuedDocument) -> list[tuple[str, str]]:
    """List what a paper's files and forms are known by: their SHA-256, and the edition of the words."""
    if paper.pdf_file is None or paper.docx_file is None:
        return []
    words, _slash, forms = paper.template_edition.partition("/")
    layouts = zip((".typ", ".docx"), forms.split("/"), strict=False)
    return [
        ("PDF", paper.pdf_file.sha256),
        ("Word", paper.docx_file.sha256),
        (_("文字"), words),
        *((f"{_('版式')} {suffix}", mark) for suffix, mark in layouts),
    ]


@power("documents.issue")
@writes("documents.redraft")
def edit(request: HttpRequest, document_id: int) -> HttpResponse:
    """Change the plain facts of a draft, with a look at the paper before they are kept."""
    actor, at = request.actor, timezone.now()  # type: ignore[attr-defined]
    paper = queries.paper_for(actor, document_id)
    given = services.facts_of(paper)
    form = DraftForm(paper.kind, given, request.POST or None)
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("act") == "preview":
                drawn = services.preview(paper.kind, form.changed(), at=at, register_code=paper.register_code)
                shown = _handed(drawn, f"{paper.title}.pdf", PDF_TYPE)
                # Without the policy: a browser's own viewer of .pdf is a page that it forbids.
                shown._csp_exempt = True  # type: ignore[attr-defined]
                return shown
            key = act_forms.key_of(request)
            services.redraft(document_id=document_id, data=form.changed(), by=actor, at=at, key=key)
        except NotFound:
            raise
        except Refusal as refused:
            refusal = str(refused)
            if refused.field in form.fields:
                form.add_error(refused.field, refusal)
        else:
            messages.success(request, _("草稿已修改。"))
            return redirect("documents:one", document_id)
    status = 422 if refusal or form.errors else 200
    context = {"paper": paper, "form": form, "refusal": refusal}
    return render(request, "documents/edit.html", context, status=status)


_DONE = {
    "submit": lazy("已送审，等待负责人签发。"),
    "send_back": lazy("已退回拟稿人修改。"),
    "sign": lazy("已签发，文号 %(number)s。"),
    "issue_draft": lazy("已印发，文号 %(number)s。"),
    "void_own": lazy("已作废，文号保留。"),
    "discard": lazy("草稿已删除。"),
}


@require_POST
@power("documents.issue", "documents.sign")
@writes(*(f"documents.{act}" for act in _DONE))
def take_step(request: HttpRequest, document_id: int, act: str) -> HttpResponse:
    """Move a paper one step on: send it for review, back, sign it, issue it, void it, delete the draft."""
    paper = queries.paper_for(request.actor, document_id)  # type: ignore[attr-defined]
    if act not in _DONE:
        raise NotFound(_("没有找到这一步。"))
    try:
        done = act_forms.press(request, LOOP, act, document_id)
    except NotFound:
        raise
    except Refusal as refusal:
        return _page(request, paper, act=act, refusal=refusal)
    messages.success(request, _DONE[act] % {"number": done.written_number if done else ""})
    return redirect("documents:one", document_id) if done else redirect("documents:waiting")


@require_GET
@signed_in  # type: ignore[arg-type]
@csp_exempt()  # type: ignore[arg-type]
def pdf(request: HttpRequest, document_id: int) -> HttpResponse:
    """Show the .pdf, for printing from the browser; `?save` offers it for saving instead. A draft is drawn anew."""
    # Without the policy: a browser's own viewer of .pdf is a page with styles and an object, which it forbids.
    paper = queries.paper_for(request.actor, document_id)  # type: ignore[attr-defined]
    if paper.is_open:
        return _handed(services.preview_of(paper, at=timezone.now()), f"{paper.title}.pdf", PDF_TYPE)
    return _handed_out(paper, "pdf", PDF_TYPE, as_attachment="save" in request.GET)


@require_GET
@signed_in
def docx(request: HttpRequest, document_id: int) -> HttpResponse:
    """Offer the .docx for saving."""
    document = queries.document_for(request.actor, document_id)  # type: ignore[attr-defined]
    return _handed_out(document, "docx", DOCX_TYPE, as_attachment=True)


@require_POST
@csp_exempt()  # type: ignore[arg-type]
@power("documents.issue", "documents.sign")
def print_together(request: HttpRequest) -> HttpResponse:
    """Put the chosen papers of one's own office, or of those below it, into one .pdf to print."""
    chosen = [number for given in request.POST.getlist("ids")[:PAGE] if (number := whole(given))]
    papers = queries.chosen(request.actor, chosen)  # type: ignore[attr-defined]
    if not papers:
        messages.warning(request, _("请先勾选要打印的文书。"))
        return redirect("documents:list")
    name = _("文书%(n)s份.pdf") % {"n": len(papers)}
    return _handed(merging.merged(services.files_of(paper)[0] for paper in papers), name, PDF_TYPE)


@require_GET
@signed_in
def batch(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show what a batch has issued and refused, with the files to print and to keep."""
    job = _own_job(request, job_id)
    papers = queries.batch(job.pk)[:PAGE]
    names = _kind_names()
    context = {"job": job, "rows": [_row(paper, names) for paper in papers]}
    return render(request, "documents/batch.html", context)


@require_GET
@signed_in  # type: ignore[arg-type]
@csp_exempt()  # type: ignore[arg-type]
def batch_file(request: HttpRequest, job_id: int, form: str) -> HttpResponse:
    """Hand out the .pdf to print, or the .zip of the .docx, of one's own batch."""
    job = _own_job(request, job_id)
    stored = StoredFile.objects.filter(sha256=job.result.get(form) or "-").first()
    if stored is None:
        raise NotFound(_("没有找到这个文件。"))
    return _handed(files.read(stored), f"{job.title}.{form}", stored.media_type, as_attachment=form == "zip")


def _own_job(request: HttpRequest, job_id: int) -> JobProgress:
    actor = request.actor  # type: ignore[attr-defined]
    job = JobProgress.objects.filter(pk=job_id, kind="documents.batch", owner_id=actor.account_id).first()
    if job is None:
        raise NotFound(_("没有找到这个任务。"))
    return job


def _handed_out(
    document: IssuedDocument, suffix: str, media_type: str, *, as_attachment: bool
) -> HttpResponse:
    """Answer with one stored file under the document's name, never as HTML and never from a shared cache."""
    stored = document.pdf_file if suffix == "pdf" else document.docx_file
    assert stored is not None  # the database refuses an issued document without files
    name = str(document)
    if document.state == IssuedDocument.State.VOIDED:
        name = f"{name} {document.get_state_display()}"
    response = _handed(files.read(stored), f"{name}.{suffix}", media_type, as_attachment=as_attachment)
    response["ETag"] = f'"{stored.sha256}"'
    return response


def _handed(data: bytes, name: str, media_type: str, *, as_attachment: bool = False) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-cache"
    return response
