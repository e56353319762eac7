"""Addresses of people, posts, delegations and keys."""

from django.urls import path

from . import views

app_name = "access"
urlpatterns = [
    path("me/", views.me, name="me"),
]
