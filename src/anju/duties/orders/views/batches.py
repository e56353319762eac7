"""Pages of a batch of orders: choose the visits, start the job, fetch what it has made."""

from collections.abc import Mapping
from typing import Any

from csp.decorators import csp_exempt
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anju.duties.cases.queries import catalogue
from anju.ground.access.actors import Actor
from anju.ground.access.guards import power, writes
from anju.ground.foundation import act_forms, files
from anju.ground.foundation.asked import day, whole
from anju.ground.foundation.models import StoredFile
from anju.ground.foundation.refusals import NotFound, Refusal

from ..queries import batches
from ..services import batches as verbs


def _filters(actor: Actor, query: Mapping[str, Any]) -> batches.Filters:
    top = str(query.get("class") or "").strip()
    today = timezone.localdate()
    return batches.filters_of(
        actor,
        since=day(query.get("since")),
        until=day(query.get("until")),
        at=timezone.now(),
        area=whole(query.get("area")),
        campaign=str(query.get("campaign") or "").strip()[:60],
        top_class=top if top in dict(batches.top_classes(on=today)) else "",
    )


@power("orders.order")
@writes("orders.batch")
def batch_new(request: HttpRequest) -> HttpResponse:
    """List the own visits that wait for an order, all ticked; start the job for those that stay ticked."""
    actor = request.actor  # type: ignore[attr-defined]
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            chosen = [pk for text in request.POST.getlist("ids")[: batches.MOST] if (pk := whole(text))]
            job = verbs.start(
                visit_ids=chosen,
                by=actor,
                at=timezone.now(),
                key=act_forms.key_of(request),
                language=get_language() or "",
            )
            return redirect("console:job", job.pk)
        except NotFound:
            raise
        except Refusal as refused:
            refusal = refused
    filters = _filters(actor, request.GET)
    found = batches.choice(actor, filters)
    classes = batches.top_classes(on=timezone.localdate())
    context = {
        "rows": [
            {
                "pk": row.pk,
                "visit": row.visit,
                "count": len(row.classes),
                "hazards": [catalogue.label("hazard", code) for code in dict.fromkeys(row.classes)][:3],
            }
            for row in found.rows
        ],
        "office": found.office,
        "more": found.more,
        "most": batches.MOST,
        "filters": filters,
        "areas": found.areas,
        "campaigns": [(name, name) for name in found.campaigns],
        "classes": classes,
        "words": {"area": {str(pk): name for pk, name in found.areas}, "class": dict(classes)},
        "refusal": refusal,
    }
    return render(request, "orders/batch_new.html", context, status=refusal.status if refusal else 200)


@require_GET
@power("orders.order")
def batch_result(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show what one's own batch has issued and refused, with the file to print and the files to keep."""
    job = batches.job_of(request.actor, job_id)  # type: ignore[attr-defined]
    return render(request, "orders/batch.html", {"job": job})


@require_GET
@power("orders.order")  # type: ignore[arg-type]
@csp_exempt()  # type: ignore[arg-type]
def batch_file(request: HttpRequest, job_id: int, form: str) -> FileResponse:
    """Hand out the .pdf to print, or the .zip of the .docx, of one's own batches."""
    # Without the policy: a browser's own viewer of .pdf is a page with styles and an object, which it forbids.
    job = batches.job_of(request.actor, job_id)  # type: ignore[attr-defined]
    stored = StoredFile.objects.filter(sha256=job.result.get(form) or "-").first()
    if form not in ("pdf", "zip") or stored is None:
        raise NotFound(_("没有找到这个文件。"))
    # Streamed: a thousand orders are some eighty megabytes.
    try:
        opened = files.path_of(stored.sha256).open("rb")
    except OSError:
        raise NotFound(_("没有找到这个文件。")) from None
    answer = FileResponse(
        opened,
        as_attachment=form == "zip",
        filename=f"{job.title}.{form}",
        content_type=stored.media_type,
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-cache"
    return answer
