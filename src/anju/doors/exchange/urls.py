"""Pages of the exchange: ledgers in, lists out."""

from django.urls import path

from . import views

app_name = "exchange"
urlpatterns = [
    path("", views.home, name="home"),
    path("<int:import_id>/", views.one, name="import"),
    path("<int:import_id>/bar", views.bar, name="bar"),
    path("<int:import_id>/check", views.check, name="check"),
    path("<int:import_id>/run", views.run, name="run"),
    path("<int:import_id>/cancel", views.cancel, name="cancel"),
    path("<int:import_id>/returned", views.returned, name="returned"),
    path("cases", views.export_cases, name="export_cases"),
    path("lists/<slug:kind>", views.export_list, name="export_list"),
    path("exports/<int:export_id>", views.exported, name="exported"),
]
