from django.urls import path

from .views import cases, visits

app_name = "field"
urlpatterns = [
    path("", cases.home, name="home"),
    path("report/", cases.report, name="report"),
    path("estates/", cases.estates, name="estates"),
    path("estates/<int:estate_id>/", cases.estate, name="estate"),
    path("cases/<int:case_id>/", cases.case, name="case"),
    path("cases/<int:case_id>/<slug:act>", cases.step, name="step"),
    path("visits/", visits.visits, name="visits"),
    path("visits/units", visits.units, name="visit_units"),
    path("visits/begin", visits.begin, name="visit_begin"),
    path("visits/<int:visit_id>/", visits.visit, name="visit"),
    path("visits/<int:visit_id>/finding", visits.finding, name="visit_finding"),
    path("visits/<int:visit_id>/classes", visits.classes, name="visit_classes"),
    path("visits/<int:visit_id>/record", visits.record, name="visit_record"),
    path("visits/<int:visit_id>/<slug:act>", visits.act, name="visit_act"),
]
