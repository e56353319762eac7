from django.urls import path

from .views import cases, suggestions

app_name = "portal"
urlpatterns = [
    path("", cases.home, name="home"),
    path("report/", cases.report, name="report"),
    path("report/done/<str:code>", cases.done, name="done"),
    path("follow/", cases.follow, name="follow"),
    path("follow/<str:code>/", cases.progress, name="progress"),
    path("follow/<str:code>/rate", cases.rate, name="rate"),
    path("estates/", cases.estates, name="estates"),
    path("estates/<int:estate_id>/", cases.estate, name="estate"),
    path("notices/", cases.notices, name="notices"),
    path("replies/", suggestions.replies, name="replies"),
    path("replies/<int:reply_id>/", suggestions.reply, name="reply"),
    path("deputies/", suggestions.deputy_code, name="deputy_code"),
    path("deputies/<str:code>/", suggestions.deputy, name="deputy"),
    path("deputies/<str:code>/letter.pdf", suggestions.letter, name="deputy_letter"),
    path("deputies/<str:code>/feedback", suggestions.feedback, name="deputy_feedback"),
]
