"""Addresses of estates and of choosing a place."""

from django.urls import path

from . import views

app_name = "territory"
urlpatterns = [
    path("estates/", views.estates, name="estates"),
    path("estates/new", views.new, name="new"),
    path("estates/<int:pk>/", views.estate, name="estate"),
    path("estates/<int:pk>/edit", views.edit, name="edit"),
    path("pick", views.pick, name="pick"),
]
