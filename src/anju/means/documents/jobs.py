"""Long work of documents: a batch of papers issued one by one, and put together to be printed in one go."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access.models import Account
from anju.ground.access.services import actor_of
from anju.ground.foundation import files, jobs
from anju.ground.foundation.models import JobProgress

from . import services
from .models import IssuedDocument
from .services import merging, rendering

ZIP_TYPE = "application/zip"
TOGETHER = 10  # papers of one transaction: what a crash repeats, and how long the register is locked (0.2 s)


@jobs.task(name="documents.issue_batch", queue="long")
def issue_batch(progress_id: int) -> None:
    """Issue the drafts of a batch, ten in a transaction, then make one .pdf to print and a .zip of the .docx.

    Taken up again after a crash it goes on with the drafts that are left: what is issued is issued.
    """
    progress = JobProgress.objects.get(pk=progress_id)
    account = Account.objects.select_related("person").get(pk=progress.owner_id)
    with jobs.running(progress_id) as report:
        batch = IssuedDocument.objects.filter(batch=progress_id)
        total = batch.count()
        left = list(
            batch.filter(state=IssuedDocument.State.DRAFT).order_by("id").values_list("pk", flat=True)
        )
        refused: list[dict[str, Any]] = []
        done = total - len(left)
        by = actor_of(account, at=timezone.now())
        for start in range(0, len(left), TOGETHER):
            some = left[start : start + TOGETHER]
            misses = services.issue_some(some, by=by, at=timezone.now())
            refused += ({"document": document_id, "why": why} for document_id, why in misses)
            done += len(some)
            report(done, total, _("正在印发"))
        report(done, total, _("正在合成打印文件"))
        found = list(services.issued_of_batch(progress_id))
        result: dict[str, Any] = {
            "issued": len(found),
            "refused": refused,
            "url": reverse("documents:batch", args=[progress_id]),
        }
        if found:
            # Read one by one: a thousand papers together would be a fifth of a gigabyte.
            name = progress.title
            result["pdf"] = files.store_bytes(
                merging.merged(services.files_of(paper)[0] for paper in found),
                name=f"{name}.pdf",
                media_type=services.PDF_TYPE,
            ).sha256
            result["zip"] = files.store_bytes(
                rendering.zipped(
                    (f"{files.clean_name(str(paper), '')}.docx", services.files_of(paper)[1])
                    for paper in found
                ),
                name=f"{name}.zip",
                media_type=ZIP_TYPE,
            ).sha256
        report(total, total, _("已完成"), result)
