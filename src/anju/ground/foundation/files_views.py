"""Hand out shown copies and attachments to those a room lets see them; to anybody else they do not exist."""

from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from . import files
from .models import StoredFile
from .refusals import NotFound

# A shared computer must not keep showing what its last user saw: short, and never in a proxy.
KEPT_SECONDS = 600


@require_safe
def shown(request: HttpRequest, sha256: str, size: str) -> HttpResponseBase:
    """Show the re-encoded copy of a picture."""
    stored = _allowed(request, sha256, size)
    path = files.shown_copy(stored, size)
    return _served(request, path, f'"{sha256}.{size}"', content_type="image/jpeg")


@require_safe
def attachment(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """Offer a file that is no picture for saving; a picture is only ever shown as a copy made anew."""
    stored = _allowed(request, sha256, files.ATTACHMENT)
    path = files.path_of(sha256)
    if stored.is_image or not path.exists():
        raise NotFound(_("没有找到这个文件。"))
    return _served(request, path, f'"{sha256}"', content_type=stored.media_type, name=stored.name)


# The guards of `access` stand a storey above. Nobody is let in by this mark: `_allowed` asks the rooms that
# registered a viewer, or a signed address, about every single file.
shown.anju_power = attachment.anju_power = "public"  # type: ignore[attr-defined]


def _allowed(request: HttpRequest, sha256: str, what: str) -> StoredFile:
    stored = StoredFile.objects.filter(sha256=sha256).first()
    if stored is not None:
        key = request.GET.get("key", "")
        signed = key and files.key_opens(
            stored, what, until=request.GET.get("until", ""), key=key, at=timezone.now()
        )
        if signed or files.may_see(getattr(request, "actor", None), request, stored):
            return stored
    raise NotFound(_("没有找到这个文件。"))


def _served(
    request: HttpRequest, path: Path, mark: str, *, content_type: str, name: str = ""
) -> HttpResponseBase:
    response: HttpResponseBase
    if request.headers.get("If-None-Match") == mark:
        response = HttpResponseNotModified()
    elif request.method == "HEAD":
        response = HttpResponse(content_type=content_type)
    else:
        response = FileResponse(
            path.open("rb"), as_attachment=bool(name), filename=name, content_type=content_type
        )
    response["ETag"] = mark
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    patch_cache_control(response, private=True, max_age=KEPT_SECONDS)
    return response
