"""Addresses of penalties and their payments."""

from django.urls import path

from . import views

app_name = "penalties"
urlpatterns = [
    path("penalties/", views.penalty_list, name="list"),
    path("penalties/new", views.penalty_new, name="new"),
    path("penalties/<int:penalty_id>/", views.penalty, name="penalty"),
    path("penalties/<int:penalty_id>/steps/<slug:act>", views.penalty_step, name="step"),
    path("penalties/<int:penalty_id>/unseal", views.unseal, name="unseal"),
    path("payments/<int:payment_id>/hand-in", views.hand_in, name="hand_in"),
]
