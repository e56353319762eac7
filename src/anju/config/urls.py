"""The URL table: each room's pages under its own name."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.i18n import set_language

from anju.doors.api.v1 import api
from anju.ground.access.guards import open_to_all
from anju.ground.foundation.views_style import style_page


@open_to_all
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the server and its database are there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("language", open_to_all(set_language), name="set_language"),
    path("api/v1/", api.urls),
    path("account/", include("anju.ground.access.account_urls")),
    path("access/", include("anju.ground.access.urls")),
    path("territory/", include("anju.ground.territory.urls")),
    path("organisations/", include("anju.ground.organisations.urls")),
    path("files/", include("anju.ground.foundation.files_urls")),
    path("documents/", include("anju.means.documents.urls")),
    path("figures/", include("anju.means.figures.urls")),
    path("suggestions/", include("anju.duties.suggestions.urls")),
    path("console/", include("anju.duties.cases.urls")),
    path("console/", include("anju.doors.console.urls")),
    path("inspections/", include("anju.duties.inspections.urls")),
    path("enforcement/", include("anju.duties.orders.urls")),
    path("enforcement/", include("anju.duties.penalties.urls")),
    path("enforcement/", include("anju.duties.transfers.urls")),
    path("enforcement/", include("anju.duties.majors.urls")),
    path("enforcement/", include("anju.duties.objections.urls")),
    path("field/", include("anju.doors.field.urls")),
    path("exchange/", include("anju.doors.exchange.urls")),
    path("style", open_to_all(style_page), name="style"),
    path("", include("anju.doors.portal.urls")),
]

handler500 = "anju.ground.foundation.middleware.server_error"
handler404 = "anju.ground.foundation.middleware.not_found"
