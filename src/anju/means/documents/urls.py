"""Addresses of issued documents, mounted at /documents/."""

from django.urls import path

from . import views

app_name = "documents"
urlpatterns = [
    path("<int:document_id>.pdf", views.pdf, name="pdf"),
    path("<int:document_id>.docx", views.docx, name="docx"),
]
