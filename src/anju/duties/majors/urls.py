"""Addresses of major fire hazards."""

from django.urls import path

from . import views

app_name = "majors"
urlpatterns = [
    path("major/", views.majors, name="list"),
    path("major/new", views.major_new, name="new"),
    path("major/<int:major_id>/", views.major_page, name="major"),
    path("major/<int:major_id>/steps/<slug:act>", views.major_step, name="step"),
]
