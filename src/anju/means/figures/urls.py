from django.urls import path

from . import views

app_name = "figures"
urlpatterns = [
    path("", views.home, name="home"),
    path("letter", views.letter, name="letter"),
    path("rows", views.rows, name="rows"),
    path("rows.csv", views.rows_csv, name="rows_csv"),
    path("definitions", views.definitions, name="definitions"),
    path("freeze", views.freeze, name="freeze"),
    path("revisions", views.revisions, name="revisions"),
    path("snapshots/", views.snapshots, name="snapshots"),
    path("snapshots/<int:snapshot_id>/", views.snapshot, name="snapshot"),
    path("snapshots/<int:snapshot_id>/publish", views.publish, name="publish"),
]
