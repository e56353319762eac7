from django.urls import path

from . import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("report/", views.report, name="report"),
    path("report/done/<str:code>", views.done, name="done"),
    path("follow/", views.follow, name="follow"),
    path("follow/<str:code>/", views.progress, name="progress"),
    path("follow/<str:code>/rate", views.rate, name="rate"),
    path("estates/", views.estates, name="estates"),
    path("estates/<int:estate_id>/", views.estate, name="estate"),
    path("notices/", views.notices, name="notices"),
]
