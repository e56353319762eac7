"""Addresses of official papers, mounted at /documents/."""

from django.urls import path

from . import views

app_name = "documents"
urlpatterns = [
    path("", views.listing, name="list"),
    path("waiting/", views.waiting, name="waiting"),
    path("print", views.print_together, name="print"),
    path("batches/<int:job_id>/", views.batch, name="batch"),
    path("batches/<int:job_id>.<str:form>", views.batch_file, name="batch_file"),
    path("<int:document_id>/", views.one, name="one"),
    path("<int:document_id>/edit", views.edit, name="edit"),
    path("<int:document_id>/<slug:act>", views.take_step, name="take_step"),
    path("<int:document_id>.pdf", views.pdf, name="pdf"),
    path("<int:document_id>.docx", views.docx, name="docx"),
]
