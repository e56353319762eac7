from django.urls import path

from . import views

app_name = "field"
urlpatterns = [
    path("", views.home, name="home"),
    path("report/", views.report, name="report"),
    path("estates/", views.estates, name="estates"),
    path("estates/<int:estate_id>/", views.estate, name="estate"),
    path("cases/<int:case_id>/", views.case, name="case"),
    path("cases/<int:case_id>/<slug:act>", views.step, name="step"),
]
