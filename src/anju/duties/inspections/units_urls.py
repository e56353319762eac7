"""Addresses of the register, what is due, and suggested pairs; `urls` includes them."""

from django.urls import path

from . import units_views as views

urlpatterns = [
    path("units/", views.units, name="units"),
    path("units/flag", views.flag_many, name="flag_many"),
    path("units/new", views.new, name="unit_new"),
    path("units/<int:unit_id>/", views.unit, name="unit"),
    path("units/<int:unit_id>/edit", views.edit, name="unit_edit"),
    path("units/<int:unit_id>/end", views.end, name="unit_end"),
    path("units/<int:unit_id>/flag", views.flag, name="unit_flag"),
    path("units/<int:unit_id>/separate", views.separate, name="unit_separate"),
    path("units/matches", views.matches, name="matches"),
    path("units/matches/<int:match_id>", views.decide_match, name="decide_match"),
    path("coverage/", views.coverage, name="coverage"),
    path("coverage/due", views.due, name="due"),
    path("coverage/together", views.together, name="together"),
    path("coverage/together/plan", views.plan_together, name="plan_together"),
]
