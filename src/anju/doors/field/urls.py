from django.urls import path

from . import views, visits

app_name = "field"
urlpatterns = [
    path("", views.home, name="home"),
    path("report/", views.report, name="report"),
    path("estates/", views.estates, name="estates"),
    path("estates/<int:estate_id>/", views.estate, name="estate"),
    path("cases/<int:case_id>/", views.case, name="case"),
    path("cases/<int:case_id>/<slug:act>", views.step, name="step"),
    path("visits/", visits.visits, name="visits"),
    path("visits/units", visits.units, name="visit_units"),
    path("visits/begin", visits.begin, name="visit_begin"),
    path("visits/<int:visit_id>/", visits.visit, name="visit"),
    path("visits/<int:visit_id>/finding", visits.finding, name="visit_finding"),
    path("visits/<int:visit_id>/classes", visits.classes, name="visit_classes"),
    path("visits/<int:visit_id>/record", visits.record, name="visit_record"),
    path("visits/<int:visit_id>/<slug:act>", visits.act, name="visit_act"),
]
