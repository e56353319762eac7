"""Addresses of visits, and of the register, what is due and suggested pairs, mounted at /inspections/."""

from django.urls import path

from .views import units, visits

app_name = "inspections"
urlpatterns = [
    path("", visits.visits, name="visits"),
    path("plan", visits.plan, name="plan"),
    path("<int:visit_id>/", visits.visit, name="visit"),
    path("<int:visit_id>/record", visits.record, name="record"),
    path("<int:visit_id>/<slug:act>", visits.act, name="act"),
    path("units/", units.units, name="units"),
    path("units/flag", units.flag_many, name="flag_many"),
    path("units/new", units.new, name="unit_new"),
    path("units/<int:unit_id>/", units.unit, name="unit"),
    path("units/<int:unit_id>/edit", units.edit, name="unit_edit"),
    path("units/matches", units.matches, name="matches"),
    path("units/matches/<int:match_id>", units.decide_match, name="decide_match"),
    path("units/<int:unit_id>/<slug:act>", units.unit_act, name="unit_act"),
    path("coverage/", units.coverage, name="coverage"),
    path("coverage/due", units.due, name="due"),
    path("coverage/together", units.together, name="together"),
    path("coverage/together/plan", units.plan_together, name="plan_together"),
]
