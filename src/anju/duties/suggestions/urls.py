"""Addresses of the room, mounted at /suggestions/."""

from django.urls import path

from . import views

app_name = "suggestions"
urlpatterns = [
    path("", views.list_page, name="list"),
    path("new", views.register, name="register"),
    path("yearly", views.yearly, name="yearly"),
    path("<int:suggestion_id>/", views.suggestion, name="suggestion"),
    path("<int:suggestion_id>/step/<str:act>", views.step, name="step"),
    path("<int:suggestion_id>/extend", views.extend, name="extend"),
    path("<int:suggestion_id>/talk", views.talk, name="talk"),
    path("<int:suggestion_id>/deliver", views.deliver, name="deliver"),
    path("<int:suggestion_id>/feedback", views.feedback, name="feedback"),
    path("<int:suggestion_id>/publish", views.publish, name="publish"),
    path("<int:suggestion_id>/publication", views.publication, name="publication"),
    path("<int:suggestion_id>/original", views.original, name="original"),
    path("<int:suggestion_id>/phone/<int:signatory_id>", views.phone, name="phone"),
    path("<int:suggestion_id>/opinion", views.opinion, name="opinion"),
    path("<int:suggestion_id>/draft", views.draft, name="draft"),
    path("<int:suggestion_id>/leaves", views.leaves, name="leaves"),
    path("<int:suggestion_id>/preview.pdf", views.preview, name="preview"),
]
