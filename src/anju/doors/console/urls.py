from django.urls import path

from . import views

app_name = "console"
urlpatterns = [
    path("", views.home, name="home"),
    path("cases/", views.cases, name="cases"),
    path("cases/bulk", views.bulk, name="bulk"),
    path("cases/new", views.new, name="new"),
    path("cases/views", views.save_view, name="save_view"),
    path("cases/<int:case_id>/", views.case, name="case"),
    path("cases/<int:case_id>/steps/<slug:act>", views.step, name="step"),
    path("cases/<int:case_id>/term", views.ask_term, name="ask_term"),
    path("cases/<int:case_id>/resume", views.resume, name="resume"),
    path("cases/<int:case_id>/urge", views.urge, name="urge"),
    path("cases/<int:case_id>/merge", views.merge, name="merge"),
    path("cases/<int:case_id>/unmerge", views.unmerge, name="unmerge"),
    path("cases/<int:case_id>/split", views.split, name="split"),
    path("cases/<int:case_id>/who", views.who, name="who"),
    path("reports/<int:report_id>/unseal", views.unseal, name="unseal"),
    path("requests/<int:request_id>", views.decide_term, name="decide_term"),
    path("notices/<int:notice_id>/read", views.read_notice, name="read_notice"),
    path("escalations/", views.escalations, name="escalations"),
    path("search", views.search, name="search"),
    path("map/", views.city_map, name="map"),
    path("map/areas.json", views.map_areas, name="map_areas"),
    path("map/points.json", views.map_points, name="map_points"),
    path("calendar/", views.calendar_page, name="calendar"),
    path("calendar/year", views.confirm_year, name="confirm_year"),
    path("calendar/day", views.edit_day, name="edit_day"),
    path("journal/", views.journal_page, name="journal"),
    path("jobs/<int:job_id>", views.job, name="job"),
    path("jobs/<int:job_id>/cancel", views.cancel_job, name="cancel_job"),
]
