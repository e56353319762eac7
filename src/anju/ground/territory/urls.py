"""Addresses of estates and of choosing a place."""

from django.urls import path

from .views import estates, places

app_name = "territory"
urlpatterns = [
    path("estates/", estates.estates, name="estates"),
    path("estates/new", estates.new, name="new"),
    path("estates/<int:pk>/", estates.estate, name="estate"),
    path("estates/<int:pk>/edit", estates.edit, name="edit"),
    path("places/", places.places, name="places"),
    path("places/<int:pk>/", places.place, name="place"),
    path("places/<int:pk>/succeed", places.succeed, name="succeed"),
    path("areas/<int:pk>/move", places.move, name="move"),
    path("pick", estates.pick, name="pick"),
]
