from django.urls import path

from . import views

app_name = "console"
urlpatterns = [
    path("", views.home, name="home"),
    path("notices/read", views.read_digest, name="read_digest"),
    path("notices/<int:notice_id>/read", views.read_notice, name="read_notice"),
    path("hands", views.give, name="hands"),
    path("calendar/", views.calendar_page, name="calendar"),
    path("calendar/year", views.confirm_year, name="confirm_year"),
    path("calendar/day", views.edit_day, name="edit_day"),
    path("journal/", views.journal_page, name="journal"),
    path("jobs/<int:job_id>", views.job, name="job"),
    path("jobs/<int:job_id>/cancel", views.cancel_job, name="cancel_job"),
]
