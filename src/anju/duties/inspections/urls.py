"""Addresses of visits and of the register, mounted at /inspections/."""

from django.urls import path

from . import units_urls, views

app_name = "inspections"
urlpatterns = [
    path("", views.visits, name="visits"),
    path("plan", views.plan, name="plan"),
    path("<int:visit_id>/", views.visit, name="visit"),
    path("<int:visit_id>/record", views.record, name="record"),
    path("<int:visit_id>/<slug:act>", views.act, name="act"),
    *units_urls.urlpatterns,
]
