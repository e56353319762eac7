from django.urls import path

from . import views, views_suggestions

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
    path("replies/", views_suggestions.replies, name="replies"),
    path("replies/<int:reply_id>/", views_suggestions.reply, name="reply"),
    path("deputies/", views_suggestions.deputy_code, name="deputy_code"),
    path("deputies/<str:code>/", views_suggestions.deputy, name="deputy"),
    path("deputies/<str:code>/letter.pdf", views_suggestions.letter, name="deputy_letter"),
    path("deputies/<str:code>/feedback", views_suggestions.feedback, name="deputy_feedback"),
]
