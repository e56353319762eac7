"""Addresses of objections."""

from django.urls import path

from . import views

app_name = "objections"
urlpatterns = [
    path("objections/", views.objection_list, name="list"),
    path("objections/new", views.objection_new, name="new"),
    path("objections/<int:objection_id>/", views.objection, name="objection"),
    path("objections/<int:objection_id>/steps/<slug:act>", views.step, name="step"),
]
