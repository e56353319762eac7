"""Addresses of organisations and contracts."""

from django.urls import path

from . import views

app_name = "organisations"
urlpatterns = [
    path("", views.organisations, name="organisations"),
    path("new", views.new, name="new"),
    path("<int:pk>/", views.organisation, name="organisation"),
    path("<int:pk>/edit", views.edit, name="edit"),
    path("<int:pk>/contracts/new", views.new_contract, name="new_contract"),
    path("contracts/<int:pk>/end", views.end_contract, name="end_contract"),
]
