"""Addresses of estates and of choosing a place."""

from django.urls import path

from . import place_views, views

app_name = "territory"
urlpatterns = [
    path("estates/", views.estates, name="estates"),
    path("estates/new", views.new, name="new"),
    path("estates/<int:pk>/", views.estate, name="estate"),
    path("estates/<int:pk>/edit", views.edit, name="edit"),
    path("places/", place_views.places, name="places"),
    path("places/<int:pk>/", place_views.place, name="place"),
    path("places/<int:pk>/succeed", place_views.succeed, name="succeed"),
    path("areas/<int:pk>/move", place_views.move, name="move"),
    path("pick", views.pick, name="pick"),
]
