"""Addresses of the room, mounted at /console/ beside those of the shell."""

from django.urls import path

from .views import lists, maps, one

app_name = "cases"
urlpatterns = [
    path("cases/", lists.list_page, name="list"),
    path("cases/bulk", lists.bulk, name="bulk"),
    path("cases/new", lists.new, name="new"),
    path("cases/who", one.audit, name="audit"),
    path("cases/views", lists.save_view, name="save_view"),
    path("cases/<int:case_id>/", one.case, name="case"),
    path("cases/<int:case_id>/steps/<slug:act>", one.step, name="step"),
    path("cases/<int:case_id>/correct", one.correct, name="correct"),
    path("cases/<int:case_id>/merge", one.merge, name="merge"),
    path("cases/<int:case_id>/split", one.split, name="split"),
    path("cases/<int:case_id>/who", one.who, name="who"),
    path("reports/<int:report_id>/unseal", one.unseal, name="unseal"),
    path("requests/<int:request_id>", one.decide_term, name="decide_term"),
    path("escalations/", lists.escalations, name="escalations"),
    path("search", lists.search, name="search"),
    path("map/", maps.city_map, name="map"),
    path("map/areas.json", maps.map_areas, name="map_areas"),
    path("map/points.json", maps.map_points, name="map_points"),
]
